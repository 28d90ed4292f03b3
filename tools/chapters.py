"""Chapters and appendix pages as files: the MyST original, its pair, its executed reference.

    python -m tools.chapters sync                  put chapters into form, write their pairs
    python -m tools.chapters reference [SLUG ...]  execute and store the text outputs

Data flows one way, from ``notebooks/NN_slug.md`` and ``A1_slug.md``. They are stored as
JupyterLab writes them (``saved``): opening, running and saving a chapter changes nothing.
"""

import argparse
import difflib
import os
import re
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import load_jupytext_config
from nbclient import NotebookClient
from nbformat import NotebookNode, from_dict

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
REFERENCES = ROOT / "tests" / "reference"
CONFIG = load_jupytext_config(str(NOTEBOOKS))  # notebooks/jupytext.toml, as JupyterLab reads it
HEADER = {  # the kernel as ipykernel names it
    "jupytext": {"formats": "md:myst,py:percent", "default_lexer": "ipython3"},
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
}
FOLDED = {"hide-cell", "hide-input"}  # tags: the book folds the code of such a cell

NOT_COMPARED = ("image/png", "image/jpeg", "image/svg+xml", "text/html")
"""What a reference does not hold: pictures and pages differ in a pixel or a digit between
machines. Every output that has one of them has text/plain too, and that is compared."""


def chapters() -> list[Path]:
    """Return the MyST files of all chapters, in order."""
    return sorted(NOTEBOOKS.glob("[0-9][0-9]_*.md"))


def pages(notebooks: Path = NOTEBOOKS) -> list[Path]:
    """Return the MyST files of all chapters, then those of the appendix pages."""
    chapters, appendix = notebooks.glob("[0-9][0-9]_*.md"), notebooks.glob("A[0-9]_*.md")
    return [*sorted(chapters), *sorted(appendix)]


def read(chapter: Path) -> NotebookNode:
    """Read a chapter as a notebook whose cell ids depend on nothing but their place."""
    notebook = jupytext.read(chapter)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def saved(text: str) -> str:
    """Return a chapter's text as JupyterLab writes it: the form in which it is stored.

    Every chapter gets the same header, and what the book folds is folded in JupyterLab too.
    """
    notebook = jupytext.reads(text, fmt="md:myst", config=CONFIG)
    notebook.metadata = from_dict(HEADER)
    for cell in notebook.cells:
        cell.metadata.pop("jupyter", None)
        if FOLDED & set(cell.metadata.get("tags", [])):
            cell.metadata["jupyter"] = {"source_hidden": True}
    return jupytext.writes(notebook, fmt="md:myst", config=CONFIG)


def pair_text(text: str) -> str:
    """Return what the .py pair of a chapter with this text must hold."""
    notebook = jupytext.reads(saved(text), fmt="md:myst", config=CONFIG)
    return jupytext.writes(notebook, fmt="py:percent", config=CONFIG)


def pair_problem(chapter: Path, pair: str) -> str:
    """Say where a chapter is not as JupyterLab saves it, or its pair is another; else empty."""
    text = chapter.read_text("utf-8")
    for name, is_now, should_be in (
        (chapter.name, text, saved(text)),
        (f"{chapter.name}'s pair", pair, pair_text(text)),
    ):
        diff = difflib.unified_diff(
            is_now.splitlines(), should_be.splitlines(), "stored", "as it should be", n=1
        )
        if lines := list(diff):
            return "\n".join([f"{name} is out of form; run `make sync`", *lines[:20]])
    return ""


def sync() -> None:
    """Put every chapter into form, write its .py pair, delete pairs whose chapter is gone."""
    texts = {page: saved(page.read_text("utf-8")) for page in pages()}
    pairs = {page.with_suffix(".py"): pair_text(text) for page, text in texts.items()}
    for path, text in (texts | pairs).items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for stray in set(NOTEBOOKS.glob("*.py")) - set(pairs):
        stray.unlink()


def execute(chapter: Path) -> NotebookNode:
    """Execute a chapter in a fresh kernel and keep the text outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises; the message holds the cell and the traceback.
    """
    notebook = read(chapter)
    os.environ["TQDM_DISABLE"] = "1"
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False, coalesce_streams=True
    ).execute()
    notebook.metadata.pop("language_info", None)  # names the Python patch release
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in NOT_COMPARED:
                data.pop(kind, None)
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = {}
    return notebook


def reference_problems(chapter: NotebookNode, reference: NotebookNode) -> list[str]:
    """Say where a reference is stale, unrun, or has a figure without caption or alt text.

    Parameters
    ----------
    chapter
        The chapter, from :func:`read`.
    reference
        The executed notebook stored for it.

    Returns
    -------
    list of str
        One line a problem, empty if there is none.
    """
    written, stored = len(chapter.cells), len(reference.cells)
    if written != stored:
        return [f"the chapter has {written} cells, the reference {stored}"]
    problems = []
    for written, stored in zip(chapter.cells, reference.cells, strict=True):
        name = written["id"]
        if (written.cell_type, written.source) != (stored.cell_type, stored.source):
            problems.append(f"{name}: the source has changed since the reference was made")
        elif written.metadata != stored.metadata:
            problems.append(f"{name}: the metadata has changed since the reference was made")
        if stored.cell_type != "code":
            continue
        if stored.source.strip() and stored.execution_count is None:
            problems.append(f"{name}: never executed, so nothing would be compared")
        mystnb = stored.metadata.get("mystnb", {})
        shown = "".join(o.get("data", {}).get("text/plain", "") for o in stored.outputs)
        if re.search("<(Live)?Figure ", shown):
            # a live figure brings its alternative text itself
            if "<Figure" in shown and not mystnb.get("image", {}).get("alt"):
                problems.append(f"{name}: a figure without alt text (mystnb: image: alt)")
            if not mystnb.get("figure", {}).get("caption"):
                problems.append(f"{name}: a figure without caption (mystnb: figure: caption)")
    return problems


def make_references(slugs: list[str]) -> None:
    """Execute the named chapters (all, if none is named) and store their references."""
    known = {page.stem: page for page in pages()}
    if unknown := set(slugs) - set(known):
        raise SystemExit(f"no chapter {sorted(unknown)}; there are {sorted(known)}")
    REFERENCES.mkdir(parents=True, exist_ok=True)
    for slug in slugs or known:
        nbformat.write(execute(known[slug]), REFERENCES / f"{slug}.ipynb")
        print(f"tests/reference/{slug}.ipynb")


def main() -> None:
    """Run the verb given on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.chapters", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("sync", help="put chapters into form, write their pairs")
    reference = verbs.add_parser("reference", help="execute and store the text outputs")
    reference.add_argument("slugs", nargs="*", metavar="SLUG")
    arguments = parser.parse_args()
    if arguments.verb == "sync":
        sync()
    else:
        make_references(arguments.slugs)


if __name__ == "__main__":
    main()
