"""nbgrader takes the assignments, hands out no solution, and gives the marks it should.

`make desk` marks chapter 1; `make sweep` marks every chapter, one hand-in of each as a
learner would send it, with all its cells.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode

from tests.book.visit import open_browser
from tests.chapters import setup_of
from tools import assignments
from tools.chapters import ROOT, chapters
from tools.editions import make_editions

pytestmark = pytest.mark.desk
CHAPTERS = [path.stem for path in chapters()]
GIVEN_AWAY = ("BEGIN SOLUTION", "END SOLUTION")


@pytest.fixture(scope="module")
def editions():
    return {edition.slug: edition for edition in make_editions(ROOT)}


@pytest.fixture(scope="module")
def course(editions, tmp_path_factory):
    """An nbgrader course of this repository, in a folder whose name has a space."""
    folder = tmp_path_factory.mktemp("a course") / "course"
    assignments.write([*editions.values()], folder)
    return folder


def grading(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})


# --- what is written


@pytest.mark.parametrize("slug", CHAPTERS)
def test_the_teachers_notebook_is_the_learners_with_solutions_between_marks(slug, editions):
    edition = editions[slug]
    learner = edition.notebook
    assert len(edition.source.cells) == len(learner.cells)
    for mine, theirs in zip(edition.source.cells, learner.cells, strict=True):
        assert grading(theirs) == {}
        assert not any(word in theirs.source for word in GIVEN_AWAY)
        if not grading(mine).get("solution"):
            assert mine.source == theirs.source
            continue
        marks = [line.strip() for line in mine.source.split("\n") if "SOLUTION" in line]
        assert marks[:2] == ["### BEGIN SOLUTION", "### END SOLUTION"]
        model = mine.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
        assert model.strip(), "an open exercise has one answer, for the teacher"


@pytest.mark.parametrize("slug", CHAPTERS)
def test_the_metadata_are_complete_and_checks_are_locked(slug, editions):
    kinds = []
    for cell in editions[slug].source.cells:
        given = grading(cell)
        if not given:
            continue
        assert given["schema_version"] == 3
        assert given["cell_type"] == cell.cell_type
        assert given["task"] is False
        assert given["locked"] is not given["solution"]
        assert ("points" in given) is given["grade"]
        kinds.append((cell.cell_type, given["solution"], given["grade"]))
    assert set(kinds) == {
        ("code", True, False),
        ("code", False, True),
        ("markdown", True, True),
    }


def test_every_notebook_says_whose_it_is_and_under_which_licences(editions):
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    copyright = re.search(
        r"Copyright \(c\) (\d+), (the authors)", (ROOT / "LICENSE").read_text()
    )
    for edition in editions.values():
        for notebook in (edition.source, edition.notebook):
            credit = notebook.cells[-1].source
            assert cited["title"] in credit
            assert "Copyright {}, {}".format(*copyright.groups()) in credit
            assert "BSD 3-Clause" in credit
            assert "CC BY 4.0" in credit


@pytest.mark.parametrize("slug", CHAPTERS)
def test_links_between_chapters_find_the_folder_beside(slug, course):
    path = course / "source" / slug / f"{slug}.ipynb"
    for cell in nbformat.read(path, as_version=4).cells:
        for link in cell.source.split("](")[1:] if cell.cell_type == "markdown" else ():
            target = link.split(")")[0]
            if target.endswith(".ipynb"):
                assert (path.parent / target).exists(), target


def test_marks_submissions_and_a_changed_configuration_stay(editions, tmp_path):
    course = tmp_path / "course"
    assignments.write([*editions.values()], course)
    kept = {
        course / "gradebook.db": "marks",
        course / "submitted/ada/01_x/01_x.ipynb": "work",
        course / "nbgrader_config.py": "c = get_config()",
    }
    for path, text in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    stale = course / "source" / CHAPTERS[0] / f"{CHAPTERS[0]}.ipynb"
    stale.write_text("{}")
    assignments.write([*editions.values()], course)
    assert {path: path.read_text() for path in kept} == kept
    assert stale.read_text() != "{}"


def test_make_lab_stays_without_nbgrader():
    installed = Path(sys.prefix) / "etc/jupyter/jupyter_server_config.d/nbgrader.json"
    if not installed.exists():
        pytest.skip("nbgrader is not installed")
    ours = ROOT / "book/lab/jupyter_server_config.d/nbgrader.json"
    switched = json.loads(ours.read_text())["ServerApp"]["jpserver_extensions"]
    theirs = json.loads(installed.read_text())["ServerApp"]["jpserver_extensions"]
    assert switched == dict.fromkeys(theirs, False)


# --- what nbgrader makes of it


@dataclass
class Marked:
    """An assignment with the hand-ins of some students, after nbgrader's autograde."""

    slug: str
    course: Path
    release: NotebookNode

    @property
    def database(self) -> str:
        return f"sqlite:///{self.course / 'gradebook.db'}"

    def grades(self, student: str) -> dict[str, tuple[float | None, float, bool]]:
        """Return points given, points possible, and whether a teacher has to read it."""
        from nbgrader.api import Gradebook

        with Gradebook(self.database) as book:
            notebook = book.find_submission_notebook(self.slug, self.slug, student)
            return {
                grade.name: (grade.auto_score, grade.max_score, grade.needs_manual_grade)
                for grade in notebook.grades
            }


def nbgrader(course: Path, *command: str, expect: int = 0) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    environment["PATH"] = os.defpath  # the environment need not be activated
    # It writes there, and a home may be read-only; nor do settings of this machine matter.
    environment["JUPYTER_CONFIG_DIR"] = str(course.parent / "settings")
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == expect, run.stdout + run.stderr


def solutions(course: Path, slug: str) -> dict[str, str]:
    source = nbformat.read(course / "source" / slug / f"{slug}.ipynb", as_version=4)
    return {
        grading(cell)["grade_id"]: cell.source
        for cell in source.cells
        if grading(cell).get("solution")
    }


def hand_in(marked: Marked, student: str, notebook: NotebookNode) -> None:
    folder = marked.course / "submitted" / student / marked.slug
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{marked.slug}.ipynb")


def answered(
    marked: Marked, names: list[str] | None = None, whole: bool = False
) -> NotebookNode:
    """Return the release with the exercises of these names (all, if None) solved.

    Unless the whole notebook is wanted, cells that no exercise uses are gone, so that marking
    it takes a few seconds.
    """
    notebook = nbformat.from_dict(marked.release)
    right = solutions(marked.course, marked.slug)
    for cell in notebook.cells:
        name = grading(cell).get("grade_id")
        if name in right and (names is None or name in names):
            cell.source = right[name] if cell.cell_type == "code" else "My own words."
    if not whole:
        setup = nbformat.v4.new_code_cell(setup_of(marked.slug))
        notebook.cells = [setup, *(cell for cell in notebook.cells if grading(cell))]
    return notebook


def names_of(marked: Marked, kind: str, **wanted: bool) -> list[str]:
    return [
        grading(cell)["grade_id"]
        for cell in marked.release.cells
        if cell.cell_type == kind
        and grading(cell)
        and all(grading(cell)[key] is value for key, value in wanted.items())
    ]


def cheating(marked: Marked) -> NotebookNode:
    """Return the stubs, with checks that a learner emptied, raised in points, or deleted."""
    notebook = answered(marked, [])
    checks = names_of(marked, "code", grade=True)
    for cell in notebook.cells:
        if grading(cell).get("grade_id") in checks:
            cell.source = "pass"
            grading(cell)["points"] = 100
    notebook.cells = [c for c in notebook.cells if grading(c).get("grade_id") != checks[0]]
    return notebook


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((CHAPTERS[0], False), id=CHAPTERS[0]),
        *(
            pytest.param((slug, True), id=f"{slug}, whole", marks=pytest.mark.sweep)
            for slug in CHAPTERS
        ),
    ],
)
def marked(request, editions, tmp_path_factory):
    """An assignment generated, handed in by six students, and autograded."""
    pytest.importorskip("nbgrader", reason="pip install -r requirements-teach.txt")
    slug, whole = request.param
    course = tmp_path_factory.mktemp("a course") / "course"
    assignments.write([*editions.values()], course)
    # nbgrader hands out every other file of the folder unless it is told not to.
    shutil.copy(ROOT / "notebooks" / f"{slug}.md", course / "source" / slug)
    nbgrader(course, "generate_assignment", slug)
    release = nbformat.read(course / "release" / slug / f"{slug}.ipynb", as_version=4)
    marked = Marked(slug, course, release)
    exercises = names_of(marked, "code", solution=True)
    checks = names_of(marked, "code", grade=True)

    hand_in(marked, "solved", answered(marked, whole=whole))
    hand_in(marked, "blank", answered(marked, []))
    hand_in(marked, "half", answered(marked, exercises[::2]))
    hand_in(marked, "cheat", cheating(marked))
    careless = answered(marked)
    careless.cells = [c for c in careless.cells if grading(c).get("grade_id") not in checks]
    hand_in(marked, "careless", careless)
    nbgrader(course, "autograde", slug)
    return marked


def test_the_release_is_the_class_edition_and_nothing_lies_beside_it(marked, editions):
    folder = marked.course / "release" / marked.slug
    assert [path.name for path in folder.iterdir()] == [f"{marked.slug}.ipynb"]
    slugs = list(editions)
    learner = assignments.with_folders(editions[marked.slug].notebook, slugs)
    released = [(cell.cell_type, cell.source.rstrip()) for cell in marked.release.cells]
    assert released == [(cell.cell_type, cell.source.rstrip()) for cell in learner.cells]


def test_all_solutions_get_full_marks(marked):
    for name, (score, most, by_hand) in marked.grades("solved").items():
        if name.endswith("-check"):
            assert (score, by_hand) == (most, False), name


def test_blank_stubs_get_none_and_need_no_reader(marked):
    for name, (score, most, by_hand) in marked.grades("blank").items():
        assert (score, by_hand) == (0, False), name
        assert most > 0


def test_half_done_gets_the_points_of_what_is_done(marked, editions):
    done = {f"{name}-check" for name in names_of(marked, "code", solution=True)[::2]}
    grades = marked.grades("half")
    assert {name for name, (score, _, _) in grades.items() if score} == done
    worth = {
        grading(cell)["grade_id"]: grading(cell)["points"]
        for cell in editions[marked.slug].source.cells
        if grading(cell).get("grade")
    }
    earned = sum(score for score, _, _ in grades.values())
    assert earned == sum(worth[name] for name in done)
    assert 0 < earned < sum(worth.values())


def test_a_check_that_was_emptied_or_deleted_gives_no_marks(marked, editions):
    grades = marked.grades("cheat")
    assert grades.keys() == marked.grades("solved").keys()
    assert {name: score for name, (score, _, _) in grades.items() if score} == {}
    checked, by_hand = assignments.points(editions[marked.slug])
    assert sum(most for _, most, _ in grades.values()) == checked + by_hand


def test_deleted_checks_come_back_for_a_learner_who_solved_it(marked):
    assert marked.grades("careless") == marked.grades("solved")


def test_feedback_shows_its_formulas_without_a_network(marked):
    autograded = marked.course / "autograded" / "solved" / marked.slug / f"{marked.slug}.ipynb"
    notebook = nbformat.read(autograded, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Here $h_t$ and $$h_0 = 0.$$"))
    autograded.chmod(0o644)
    nbformat.write(notebook, autograded)
    student = "--student=solved"
    nbgrader(marked.course, "generate_feedback", marked.slug, student, "--force")
    page = marked.course / "feedback" / "solved" / marked.slug / f"{marked.slug}.html"
    with open_browser() as browser:
        tab = browser.new_page()
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page.as_uri())
        tab.locator("mjx-container svg").first.wait_for(timeout=60_000)
        assert tab.locator("mjx-container").count() >= 2
        assert "h_t$" not in tab.locator("body").inner_text()
    assert asked == [page.as_uri()]


def test_answers_in_words_wait_for_the_teacher(marked):
    from nbgrader.api import Gradebook

    slug, written = marked.slug, names_of(marked, "markdown", grade=True)
    grades = marked.grades("solved")
    assert written
    assert all(grades[name][0] is None and grades[name][2] for name in written)
    with Gradebook(marked.database) as book:
        submission = book.find_submission(slug, "solved")
        assert submission.needs_manual_grade
        assert submission.score < submission.max_score
        for name in written:
            grade = book.find_grade(name, slug, slug, "solved")
            grade.manual_score, grade.needs_manual_grade = grade.max_score, False
        book.db.commit()
    with Gradebook(marked.database) as book:
        submission = book.find_submission(slug, "solved")
        assert not submission.needs_manual_grade
        assert submission.score == submission.max_score
