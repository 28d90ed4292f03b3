"""Execute every chapter and build the book: ``python -m tools.book``.

This is ``jupyter-book build . --all -W -n --keep-going`` with a readable end when a chapter
fails: the chapter, the cell and its traceback, below the tool chain's own. Where the book is
as the last build left it, and so is all it is made of, there is nothing to do.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from myst_nb.core.execute.base import ExecutionError
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from tools.chapters import ROOT

SOURCES = ("book", "course_utils", "notebooks", "tools", "*.yml", "*.txt", "*.toml")


def jupyter_book(words: list[str]) -> None:
    """Run the command line of Jupyter Book."""
    from jupyter_book.cli.main import main  # takes seconds, and often there is nothing to do

    main(words, standalone_mode=False)


def state(root: Path) -> str:
    """Hash what the book is made of, and of each file built from it its size and time."""
    digest = hashlib.sha256(sys.version.encode())
    for top in sorted(path for pattern in SOURCES for path in root.glob(pattern)):
        for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    for file in sorted((root / "_build" / "html").rglob("*")):
        found = file.stat()
        digest.update(f"{file.relative_to(root)} {found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what led to it, the latest first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def failed_cell(error: BaseException) -> str:
    """Return the chapter, the cell and its traceback; empty if no cell failed."""
    chapter, cell = "", ""
    for cause in causes(error):
        if isinstance(cause, ExecutionError):
            chapter = os.path.relpath(str(cause), ROOT)
        if isinstance(cause, CellExecutionError | CellTimeoutError):
            cell = str(cause)
    return f"{chapter} failed. The cell and its traceback:\n\n{cell}" if cell else ""


def main() -> None:
    """Build, and say plainly which cell failed if one did."""
    os.chdir(ROOT)
    built = ROOT / "_build" / "built"
    if built.exists() and built.read_text() == state(ROOT):
        print("The book is built, and nothing has changed since: see _build/html/index.html")
        return
    try:
        jupyter_book(["build", ".", "--all", "-W", "-n", "--keep-going", "-q"])
    except BaseException as error:
        report = failed_cell(error)
        if not report:
            raise
        sys.exit(f"\n{report}")
    built.write_text(state(ROOT))


if __name__ == "__main__":
    main()
