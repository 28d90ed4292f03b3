"""No right answer gets zero for how a hand-in looks: proved by nbgrader's own marking."""

import copy
import csv
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass

import nbformat
import pytest
from nbformat import NotebookNode

from tests.tools.test_assignments import (
    CHAPTERS,
    Marked,
    answered,
    grading,
    hand_in,
    nbgrader,
    solutions,
)
from tools import assignments
from tools.chapters import ROOT
from tools.editions import make_editions
from tools.handins import grades, mend

pytestmark = pytest.mark.desk
SLUG = CHAPTERS[0]
WORDS = "fair_price"

# Answers that are right and write something on stderr, in every way we know of.
DIVIDES = """\
def first_wrong_length(W: float, U: float, b: float) -> int:
    n = np.arange(1, 10_001)
    power_sum = np.where(U == 1, n, (U**n - 1) / (U - 1))
    wrong = np.abs((4.5 * W + b) * power_sum - 4.5 * n) > 0.5
    return int(n[wrong][0]) if wrong.any() else 0
"""
TALKS = """\
import logging, os, warnings
from tqdm.auto import tqdm
logging.basicConfig(force=True)

def number_weights(base: int) -> tuple[float, float, float]:
    for _ in tqdm(range(3), disable=False):
        warnings.warn("slow")
        logging.error("through a handler that was made in another cell")
        os.write(2, b"as a library in C does")
    return 1.0, float(base), 0.0
"""
ENDLESS = "def number_weights(base):\n    while True:\n        pass"


@dataclass
class Course:
    """A course in which odd hand-ins were checked, marked and listed."""

    marked: Marked
    said: dict[str, list[str]]  # by `check`, for each learner
    again: str  # by `check`, run a second time
    listed: str  # by `grades`
    rows: dict[str, dict[str, str]]  # of marks.csv

    def lost(self, learner: str) -> dict[str, float]:
        """Return the points that a learner did not get, check by check."""
        grades = self.marked.grades(learner)
        return {n: most - got for n, (got, most, by_hand) in grades.items() if not by_hand}


def handins(marked: Marked, *arguments: str) -> str:
    """Run the script as a teacher does who has the course folder and no repository."""
    run = subprocess.run(
        [sys.executable, "handins.py", *arguments],
        cwd=marked.course,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if grading(c).get("grade_id") == name)


def without(notebook: NotebookNode, *names: str) -> NotebookNode:
    notebook.cells = [c for c in notebook.cells if grading(c).get("grade_id") not in names]
    return notebook


def noisy(marked: Marked) -> NotebookNode:
    notebook = answered(marked)
    cell_of(notebook, "first_wrong_length").source = DIVIDES
    cell_of(notebook, "number_weights").source = TALKS
    return notebook


def deleted(marked: Marked) -> NotebookNode:
    """Return a hand-in without two exercises; one of them is solved in a cell of its own."""
    notebook = answered(marked)
    place = notebook.cells.index(cell_of(notebook, "number_weights"))
    own = nbformat.v4.new_code_cell(cell_of(notebook, "number_weights").source)
    notebook.cells.insert(place, own)
    gone = ("number_weights", "first_wrong_length")
    return without(notebook, *gone, *(f"{name}-check" for name in gone))


def copied(marked: Marked) -> NotebookNode:
    """Return a hand-in with copies of a solution, a check and an answer, and an old cell."""
    notebook = answered(marked)
    for name in ("forward", "forward-check", WORDS):
        cell = cell_of(notebook, name)
        twin = copy.deepcopy(cell)
        twin.id = f"{name}-twin"
        notebook.cells.insert(notebook.cells.index(cell) + 1, twin)
    twin.source = cell_of(marked.release, WORDS).source  # emptied again
    old = nbformat.v4.new_code_cell("1")
    old.metadata["nbgrader"] = dict(grading(cell), grade_id="of-another-year")
    notebook.cells.append(old)
    return notebook


def class_edition(marked: Marked) -> NotebookNode:
    """Return a solved notebook of the class edition: nbgrader's marks are not in it."""
    notebook = answered(marked)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebook


def endless(marked: Marked) -> NotebookNode:
    notebook = answered(marked)
    cell_of(notebook, "number_weights").source = ENDLESS
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    pytest.importorskip("nbgrader", reason="pip install -r requirements-teach.txt")
    folder = tmp_path_factory.mktemp("odd hand-ins") / "course"
    assignments.write(make_editions(ROOT), folder)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write("c.Execute.timeout = 10\n")
    nbgrader(folder, "generate_assignment", SLUG)
    release = nbformat.read(folder / "release" / SLUG / f"{SLUG}.ipynb", as_version=4)
    marked = Marked(SLUG, folder, release)
    (folder / "roster.csv").write_text(
        "id,first_name,last_name,email\nnoisy,Ada,Noisy,ada@example.org\nabsent,Al,Absent,\n"
    )
    nbgrader(folder, "db", "student", "import", "roster.csv")

    for make in (noisy, deleted, copied, class_edition, endless):
        hand_in(marked, make.__name__, make(marked))
    submitted = folder / "submitted"
    download = submitted / "class_edition" / SLUG / f"{SLUG}.ipynb"
    download.rename(download.with_stem(f"{SLUG} (1)"))
    (submitted / "endless" / SLUG / "draft.ipynb").write_text("{}")
    (submitted / "unreadable" / SLUG).mkdir(parents=True)
    (submitted / "unreadable" / SLUG / f"{SLUG}.ipynb").write_text("<html>")
    (submitted / "elsewhere").mkdir()
    other = folder / "source" / CHAPTERS[1] / f"{CHAPTERS[1]}.ipynb"
    hand_in(marked, "other_chapter", nbformat.read(other, as_version=4))

    said = {}
    for line in handins(marked, "check", SLUG).splitlines():
        learner, _, what = line.partition(": ")
        said.setdefault(learner, []).append(what)
    again = handins(marked, "check", SLUG)
    # As they are handed in, without `check`: nbgrader gives no grade.
    hand_in(marked, "deleted_unchecked", deleted(marked))
    hand_in(marked, "copied_unchecked", copied(marked))
    nbgrader(folder, "autograde", SLUG, expect=1)
    listed = handins(marked, "grades")
    with open(folder / "marks.csv", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    return Course(marked, said, again, listed, rows)


def test_what_is_written_to_stderr_costs_nothing(course):
    assert "noisy" not in course.said, "nothing is wrong with it"
    assert set(course.lost("noisy").values()) == {0}


def test_what_was_deleted_is_named_and_costs_no_more_than_itself(course):
    gone = "number_weights, number_weights-check, first_wrong_length, first_wrong_length-check"
    assert course.said["deleted"] == [f"deleted: {gone}"]
    lost = course.lost("deleted")
    assert lost.pop("first_wrong_length-check") > 0
    assert set(lost.values()) == {0}, "number_weights is solved, in a cell of the learner's own"


def test_copies_are_named_and_cost_nothing(course):
    twice = "forward, forward-check, fair_price"
    assert course.said["copied"] == [f"copied; the last one counts, read the others: {twice}"]
    assert set(course.lost("copied").values()) == {0}
    assert course.marked.grades("copied")[WORDS][2], "the full answer is read, not the blank"


def test_the_class_edition_and_a_second_download_are_put_right(course):
    marks, name = course.said["class_edition"]
    assert marks.startswith("nbgrader's marks were gone")
    assert all(exercise in marks for exercise in solutions(course.marked.course, SLUG))
    assert name == f"{SLUG} (1).ipynb is now {SLUG}.ipynb"
    assert course.lost("class_edition") == dict.fromkeys(course.lost("noisy"), 0)


def test_a_loop_without_an_end_costs_its_own_points(course):
    lost = course.lost("endless")
    assert lost.pop("number_weights-check") > 0
    assert set(lost.values()) == {0}


def test_what_only_a_teacher_can_decide_is_named(course):
    assert course.said["endless"] == [f"only {SLUG}.ipynb is marked, not draft.ipynb"]
    assert "cannot be read" in course.said["unreadable"][0]
    assert "no cell that is known to be of" in course.said["other_chapter"][0]
    assert course.said["elsewhere"] == [f"no notebook in submitted/elsewhere/{SLUG}"]


def test_the_file_as_it_was_handed_in_is_kept_and_a_second_check_changes_nothing(course):
    kept = {path.parts[-3]: path for path in course.marked.course.glob("handed_in/*/*/*")}
    assert sorted(kept) == ["class_edition", "copied", "deleted"]
    assert kept["class_edition"].name.endswith(f" {SLUG} (1).ipynb")
    as_handed_in = nbformat.read(kept["copied"], as_version=4).cells
    assert [c.source for c in as_handed_in] == [c.source for c in copied(course.marked).cells]
    assert sum(grading(cell).get("grade_id") == "forward" for cell in as_handed_in) == 2
    learners = {line.partition(": ")[0] for line in course.again.splitlines()}
    assert learners == {"deleted", "elsewhere", "endless", "other_chapter", "unreadable"}


def test_a_hand_in_without_a_final_grade_is_listed_and_blank_in_the_table(course):
    no_grade = "handed in, but nbgrader gave no grade"
    for learner in ("deleted_unchecked", "copied_unchecked", "unreadable", "other_chapter"):
        assert f"{SLUG}, {learner}: {no_grade}" in course.listed
    assert f"{SLUG}, absent: nothing handed in" in course.listed
    assert f"{SLUG}, noisy: answers in words wait to be read" in course.listed
    assert {row[SLUG] for row in course.rows.values()} == {""}
    # What a teacher would have sent to the office instead:
    nbgrader(course.marked.course, "export")
    with open(course.marked.course / "grades.csv", newline="") as file:
        exported = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    assert exported["copied_unchecked"] == exported["absent"] == "0.0"


def test_a_grade_that_is_final_stands_in_the_table_with_the_learners_name(course):
    from nbgrader.api import Gradebook

    with Gradebook(course.marked.database) as book:
        grade = book.find_grade(WORDS, SLUG, SLUG, "noisy")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.db.commit()
        most = book.find_submission(SLUG, "noisy").max_score
    final = {"id": "noisy", "first_name": "Ada", "last_name": "Noisy"}
    row = next(row for row in grades(course.marked.course) if row["id"] == "noisy")
    assert row == final | {"email": "ada@example.org", SLUG: most - 1}
    path = course.marked.course / "submitted" / "noisy" / SLUG / f"{SLUG}.ipynb"
    later = time.time() + 10
    os.utime(path, (later, later))
    row = next(row for row in grades(course.marked.course) if row["id"] == "noisy")
    assert row[SLUG] == "changed since it was marked"


def test_deleted_code_of_the_chapter_is_named_where_cells_have_their_ids(course):
    release = course.marked.release
    first = release.cells[1].source.partition("\n")[0]
    for edit, expected in (
        (lambda cells: cells, []),
        (lambda cells: cells[:1] + cells[2:], [f"code of the chapter deleted: {first}"]),
        (lambda cells: [c for c in cells if grading(c)], []),
    ):
        notebook = copy.deepcopy(release)
        notebook.cells = edit(notebook.cells)
        assert mend(notebook, release) == expected


def test_without_ids_a_check_comes_back_before_the_next_marked_cell(course):
    release = course.marked.release
    notebook = without(copy.deepcopy(release), "gradients", "gradients-check")
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    mend(notebook, release)
    nbformat.validate(notebook)
    names = [grading(cell)["grade_id"] for cell in notebook.cells if grading(cell)]
    wanted = [grading(cell)["grade_id"] for cell in release.cells if grading(cell)]
    assert names == [name for name in wanted if name != "gradients"]


def spoilt(release: NotebookNode, rng: random.Random) -> NotebookNode:
    """Return the release after accidents: cells copied, deleted, moved, of another kind."""
    notebook = copy.deepcopy(release)
    for _ in range(rng.randint(1, 12)):
        cell = rng.choice(notebook.cells)
        accident = rng.choice(["copy", "delete", "move", "kind", "strip", "rename"])
        if accident == "copy":
            twin = copy.deepcopy(cell) | {"id": f"twin-{rng.getrandbits(32):08x}"}
            notebook.cells.insert(rng.randrange(len(notebook.cells)), NotebookNode(twin))
        elif accident == "delete":
            notebook.cells.remove(cell)
        elif accident == "move":
            notebook.cells.remove(cell)
            notebook.cells.insert(rng.randrange(len(notebook.cells)), cell)
        elif accident == "kind" and cell.cell_type == "code":
            cell.cell_type = "markdown"
            del cell["outputs"], cell["execution_count"]
        elif accident == "strip":
            cell.metadata.pop("nbgrader", None)
        elif accident == "rename" and grading(cell):
            grading(cell)["grade_id"] = "of-another-year"
    return notebook


def test_nbgrader_takes_whatever_check_has_been_over(course):
    from nbgrader.preprocessors import CheckCellMetadata, DeduplicateIds, OverwriteCells
    from traitlets.config import Config

    release = course.marked.release
    names = [grading(cell)["grade_id"] for cell in release.cells if grading(cell).get("grade")]
    config = Config({"OverwriteCells": {"add_missing_cells": True}})
    about = {"assignment": SLUG, "notebook": SLUG, "db_url": course.marked.database}

    def taken(notebook: NotebookNode) -> bool:
        """Say whether nbgrader prepares it for marking, with all that gets points."""
        try:
            for step in (DeduplicateIds, OverwriteCells, CheckCellMetadata):
                notebook, _ = step(config=config).preprocess(notebook, {"nbgrader": about})
        except Exception:
            return False
        found = [
            grading(cell)["grade_id"] for cell in notebook.cells if grading(cell).get("grade")
        ]
        return sorted(found) == sorted(names)

    notebooks = {seed: spoilt(release, random.Random(seed)) for seed in range(40)}
    refused = [nb for nb in notebooks.values() if not taken(copy.deepcopy(nb))]
    assert len(refused) > 10, "otherwise the accidents are too small to show anything"
    mended = {seed: mend(notebook, release) for seed, notebook in notebooks.items()}
    assert [said for said in mended.values() if said is None] == []
    assert [seed for seed, notebook in notebooks.items() if not taken(notebook)] == []
