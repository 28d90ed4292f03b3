"""Write the assignments for nbgrader: ``python -m tools.assignments [FOLDER]``.

``_build/assignments`` (or FOLDER) becomes an nbgrader course: ``nbgrader_config.py`` and, a
chapter each, ``source/NN_slug/NN_slug.ipynb`` with solutions and points. From there nbgrader
makes what learners get and marks what they hand in; ``handins.py``, a copy of
:mod:`tools.handins`, looks after hand-ins before and after; ``templates`` lets the feedback
show formulas. Only these files are written: submissions, marks and a configuration that is
already there stay as they are.
"""

import argparse
import copy
import shutil
from collections.abc import Iterable, Sequence
from importlib.metadata import files
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.chapters import ROOT
from tools.editions import BEGIN, END, STUB, Edition, make_editions

CONFIG = f'''\
"""What nbgrader needs to know about this course. Yours to change: it is not written again."""

import os
import sys

import nbgrader

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "what_recurrent_networks_learn"

# The learner gets what the class edition has in place of a solution.
c.ClearSolutions.begin_solution_delimeter = {BEGIN!r}
c.ClearSolutions.end_solution_delimeter = {END!r}
c.ClearSolutions.code_stub = {{"python": {chr(10).join(STUB)!r}}}
c.ClearSolutions.text_stub = ""

# Everything beside the notebook would be handed out as well.
c.CourseDirectory.ignore = [
    "*.md", "*.py", "*.db", ".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store",
]

# A check that a learner deleted comes back before the marking, like one that was changed.
c.OverwriteCells.add_missing_cells = True

# nbgrader takes anything on stderr in a check for a failure, a warning too. A check that fails
# raises, so what it says on stderr is left out before the marking.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"[\\s\\S]"

# In seconds, for one cell. The longest chapter takes a minute in all; a loop without an end
# costs this for each cell that runs into it.
c.Execute.timeout = 120

# One thread per process, as the course was tested, and no progress bars.
os.environ["TQDM_DISABLE"] = "1"
for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")

# A page of feedback holds MathJax, so that its formulas show without a network.
c.HTMLExporter.extra_template_basedirs = [
    os.path.join(os.path.dirname(__file__), "templates"),
    os.path.join(os.path.dirname(nbgrader.__file__), "server_extensions/formgrader/templates"),
]

# nbgrader starts the program alembic, which lies beside Python, also where that is not on the
# path.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
'''

# Takes the place of a macro of nbconvert, which loads MathJax from the network.
FORMULAS = r"""{%- macro mathjax(url="") -%}{% raw %}
<script>MathJax = {tex: {inlineMath: [["$", "$"], ["\\(", "\\)"]]}};</script>
<script>SCRIPT</script>
{% endraw %}{%- endmacro %}
"""


def write(editions: Sequence[Edition], target: Path) -> None:
    """Write assignments into an nbgrader course.

    Parameters
    ----------
    editions
        The chapters, from :func:`tools.editions.make_editions`.
    target
        The folder of the course. It may hold submissions and marks: they are left alone.
    """
    for edition in editions:
        notebook = with_folders(edition.source, [other.slug for other in editions])
        nbformat.validate(notebook)
        folder = target / "source" / edition.slug
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, folder / f"{edition.slug}.ipynb")
    shutil.copy(ROOT / "tools" / "handins.py", target)
    mathjax = next(
        file for file in files("sphinx-mathjax-offline") or [] if file.name == "tex-svg.js"
    )
    template = target / "templates" / "feedback" / "mathjax.html.j2"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text(FORMULAS.replace("SCRIPT", mathjax.read_text("utf-8")), "utf-8")
    config = target / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG, "utf-8")


def with_folders(notebook: NotebookNode, slugs: Iterable[str]) -> NotebookNode:
    """Return a notebook whose links find other chapters in folders beside its own.

    Parameters
    ----------
    notebook
        ``Edition.source``; its links expect the other notebooks in its own folder.
    slugs
        The chapters.

    Returns
    -------
    NotebookNode
        A copy.
    """
    made = copy.deepcopy(notebook)
    for cell in made.cells:
        for slug in slugs if cell.cell_type == "markdown" else ():
            cell.source = cell.source.replace(f"]({slug}.ipynb", f"](../{slug}/{slug}.ipynb")
    return made


def points(edition: Edition) -> tuple[float, float]:
    """Return the points of an assignment: for its checks, and for answers a teacher reads."""
    cells = [cell.metadata.get("nbgrader", {}) for cell in edition.source.cells]
    graded = [(cell["points"], cell["solution"]) for cell in cells if cell.get("grade")]
    return (
        float(sum(worth for worth, read in graded if not read)),
        float(sum(worth for worth, read in graded if read)),
    )


def main() -> None:
    """Write the assignments of this repository."""
    parser = argparse.ArgumentParser(prog="python -m tools.assignments", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "_build/assignments")
    folder = parser.parse_args().folder.resolve()
    try:
        editions = make_editions(ROOT)
        write(editions, folder)
    except (OSError, ValueError) as error:
        raise SystemExit(f"make assignments: {error}") from None
    print(f"{folder}: {len(editions)} assignments")
    for edition in editions:
        checked, by_hand = points(edition)
        worth = f"{checked:g} points checked, {by_hand:g} read by you"
        print(f"  {edition.slug}: {worth if checked + by_hand else 'an appendix, no points'}")


if __name__ == "__main__":
    main()
