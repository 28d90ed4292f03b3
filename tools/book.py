"""Execute every chapter and build the book: ``python -m tools.book``.

This is ``jupyter-book build . --all -W -n --keep-going`` with a readable end when a chapter
fails: the chapter, the cell and its traceback, below the tool chain's own.
"""

import os
import sys
from collections.abc import Iterator

from jupyter_book.cli.main import main as jupyter_book
from myst_nb.core.execute.base import ExecutionError
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from tools.chapters import ROOT


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
    try:
        jupyter_book(
            ["build", ".", "--all", "-W", "-n", "--keep-going", "-q"], standalone_mode=False
        )
    except BaseException as error:
        report = failed_cell(error)
        if not report:
            raise
        sys.exit(f"\n{report}")


if __name__ == "__main__":
    main()
