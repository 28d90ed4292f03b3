"""How long the book takes to build: cold, warm, and after an edit in one chapter.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_book.py``. The book is built in a copy
of the files git tracks, with the installed packages; the copy has no cache. The edited
chapter's own time is measured in the same run, with nothing beside it.
"""

import re
import shutil
import subprocess
import sys
import time

import pytest

from tools.chapters import ROOT, execute

EDITED = "01_linear_rnn_sum.md"


def seconds(root):
    """Build the book and return how long it took."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "tools.book"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return time.perf_counter() - start


@pytest.mark.bench
def test_cold_warm_and_edited(tmp_path, row):
    root = tmp_path / "book"
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in tracked.stdout.splitlines():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    cold, warm = seconds(root), seconds(root)
    chapter = root / "notebooks" / EDITED
    text = chapter.read_text(encoding="utf-8")
    first = r"```\{code-cell\} ipython3\n(?!---)"  # without options, which have to come first
    chapter.write_text(re.sub(first, r"\g<0># edited\n", text, count=1), encoding="utf-8")
    edited = seconds(root)
    start = time.perf_counter()
    execute(chapter)
    own = time.perf_counter() - start
    row("book, cold build", f"{cold:.0f} s", "goal 480 s")
    row("book, warm build", f"{warm:.0f} s", "goal 20 s")
    row("book, one chapter edited", f"{edited:.0f} s", f"goal {own + 20:.0f} s: its own + 20")
