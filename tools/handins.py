"""Look after hand-ins before and after nbgrader marks them, in the folder of the course.

    python handins.py check 01_linear_rnn_sum    before `nbgrader autograde`
    python handins.py grades                     in place of `nbgrader export`

`check` names what would cost a learner marks for a right answer, or leave a hand-in without a
grade: a file with another name, cells that were copied, deleted or have lost nbgrader's marks.
What can be put right without touching a learner's words or code, it puts right; the file as
it was handed in then lies in ``handed_in/``. `grades` lists the hand-ins without a final grade
and writes ``marks.csv``, one row a learner, blank where there is none. `nbgrader export` would
write 0.0 there.

`make assignments` puts this file into the course. It needs nothing but nbgrader.
"""

import argparse
import copy
import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode


def check(course: Path, slug: str) -> Iterator[str]:
    """Look through the hand-ins of an assignment and put right what is safe.

    Parameters
    ----------
    course
        The folder of the course; ``nbgrader generate_assignment`` has been run.
    slug
        The assignment.

    Yields
    ------
    str
        ``learner: what was found``.
    """
    release = nbformat.read(course / "release" / slug / f"{slug}.ipynb", as_version=4)
    for learner in sorted(course.glob("submitted/[!.]*/")):
        notebooks = sorted((learner / slug).glob("*.ipynb"))
        wanted = learner / slug / f"{slug}.ipynb"
        others = [path.name for path in notebooks if path != wanted]
        if not notebooks:
            yield f"{learner.name}: no notebook in submitted/{learner.name}/{slug}"
            continue
        if wanted in notebooks and others:
            yield f"{learner.name}: only {wanted.name} is marked, not {', '.join(others)}"
        if wanted not in notebooks and len(notebooks) > 1:
            yield f"{learner.name}: which one? {', '.join(others)}; call it {wanted.name}"
            continue
        path = wanted if wanted in notebooks else notebooks[0]
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as error:  # what is no notebook can go wrong in many ways
            yield f"{learner.name}: {path.name} cannot be read: {error!r:.100}"
            continue
        before = copy.deepcopy(notebook)
        found = mend(notebook, release)
        yield from (f"{learner.name}: {line}" for line in found or ())
        if found is None:
            yield f"{learner.name}: {path.name} has no cell that is known to be of {slug}"
        elif path != wanted or notebook != before:
            kept = course / "handed_in" / learner.name / slug
            kept.mkdir(parents=True, exist_ok=True)
            path.rename(kept / f"{datetime.now():%Y-%m-%d %H%M%S} {path.name}")
            nbformat.write(notebook, wanted)
            if path != wanted:
                yield f"{learner.name}: {path.name} is now {wanted.name}"


def mend(notebook: NotebookNode, release: NotebookNode) -> list[str] | None:
    """Give a hand-in the cells and marks that nbgrader needs, and say what was wrong.

    A learner's text and code stay as they are. Cells are known by nbgrader's name for them, or
    by their id, which the class edition has too.

    Parameters
    ----------
    notebook
        The hand-in; changed in place.
    release
        What was handed out.

    Returns
    -------
    list of str or None
        What was found; None, and nothing is changed, if no exercise of the release is in it.
    """
    wanted = {_name(cell): cell for cell in release.cells if "nbgrader" in cell.metadata}
    ids = {cell.get("id"): cell for cell in notebook.cells}
    found: dict[str, list[NotebookNode]] = {}
    for cell in notebook.cells:
        found.setdefault(_name(cell), []).append(cell)
    stripped = [name for name in wanted if name not in found and name in ids]
    found |= {name: [ids[name]] for name in stripped}
    if not found.keys() & wanted.keys():
        return None
    copied = [name for name in wanted if len(found.get(name, [])) > 1]
    deleted = [name for name in wanted if name not in found]
    code = [c for c in release.cells if c.cell_type == "code" and _name(c) not in wanted]
    gone = [cell.source.partition("\n")[0] for cell in code if cell.id not in ids]

    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    for name in wanted.keys() & found.keys():
        cells = found[name]
        if wanted[name].metadata.nbgrader.solution:  # an empty copy is not the answer
            cells = [c for c in cells if c.source.strip() != wanted[name].source.strip()]
        (cells or found[name])[-1].metadata["nbgrader"] = wanted[name].metadata.nbgrader
    for position, cell in enumerate(release.cells):
        # A stub does not come back: it would undo what the learner wrote into a new cell.
        if _name(cell) in deleted and cell.metadata.nbgrader.grade:
            later = {other.id for other in release.cells[position + 1 :]}  # also their names
            places = [
                place
                for place, other in enumerate(notebook.cells)
                if other.get("id") in later or _name(other) in later
            ]
            back = copy.deepcopy(cell)
            if notebook.nbformat_minor < 5:  # the older format has no ids
                del back["id"]
            notebook.cells.insert(min(places, default=len(notebook.cells)), back)

    said = {
        "nbgrader's marks were gone (the class edition?) and are back": stripped,
        "copied; the last one counts, read the others": copied,
        "deleted": deleted,
        # Where all are gone, the cells have lost their ids, and nothing is known.
        "code of the chapter deleted": gone if len(gone) < len(code) else [],
    }
    return [f"{what}: {', '.join(which)}" for what, which in said.items() if which]


def _name(cell: NotebookNode) -> str:
    """Return nbgrader's name for a cell; empty if it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def grades(course: Path) -> list[dict[str, str | float]]:
    """Return a row for each learner of the gradebook and of ``submitted/``.

    Parameters
    ----------
    course
        The folder of the course.

    Returns
    -------
    list of dict
        Id, names and address of the learner; for each assignment that somebody handed in, the
        score, or in words why there is none that is final.
    """
    from nbgrader.api import Gradebook

    folders = [path.relative_to(course).parts for path in course.glob("submitted/[!.]*/[!.]*/")]
    slugs = sorted({slug for _, _, slug in folders})
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        known = {student.id: student for student in book.students}
        rows: list[dict[str, str | float]] = []
        for learner in sorted(known.keys() | {name for _, name, _ in folders}):
            row: dict[str, str | float] = {"id": learner}
            for about in ("last_name", "first_name", "email"):
                row[about] = getattr(known.get(learner), about, None) or ""
            rows.append(row | {slug: _grade(course, book, slug, learner) for slug in slugs})
    return rows


def _grade(course: Path, book: Any, slug: str, learner: str) -> str | float:
    handed_in = list((course / "submitted" / learner / slug).glob("[!.]*"))
    marked = course / "autograded" / learner / slug / f"{slug}.ipynb"
    if not handed_in:
        return "nothing handed in"
    if not marked.exists():
        return "handed in, but nbgrader gave no grade"
    if max(path.stat().st_mtime for path in handed_in) > marked.stat().st_mtime:
        return "changed since it was marked"
    submission = book.find_submission(slug, learner)
    if submission.needs_manual_grade:
        return "answers in words wait to be read"
    return max(0.0, submission.score - (submission.late_submission_penalty or 0.0))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="before marking").add_argument("assignment")
    verbs.add_parser("grades", help="after marking: write marks.csv")
    arguments = parser.parse_args()
    course = Path.cwd()
    if arguments.verb == "check":
        if not (course / "release" / arguments.assignment).is_dir():
            raise SystemExit(f"no release/{arguments.assignment} in {course}")
        found = list(check(course, arguments.assignment))
        print(*found or ["nothing to put right"], sep="\n")
        return
    if not (course / "gradebook.db").exists():
        raise SystemExit(f"no gradebook.db in {course}")
    rows = grades(course)
    for row in rows:
        for slug, grade in list(row.items())[4:]:
            if isinstance(grade, str):
                print(f"{slug}, {row['id']}: {grade}")
                row[slug] = ""
    with open("marks.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]) if rows else ["id"])
        table.writeheader()
        table.writerows(rows)
    print("marks.csv: a blank for each of these" if rows else "marks.csv: no learners yet")


if __name__ == "__main__":
    main()
