"""What each chapter takes: wall time with the start of its kernel, and its largest memory.

Run with ``pytest -m bench -s tests/benchmarks/test_bench_chapters.py``.
"""

import time

import pytest

from tools.chapters import chapters
from tools.measure import measure


@pytest.mark.bench
@pytest.mark.parametrize("chapter", chapters(), ids=lambda path: path.stem)
def test_a_chapter(chapter, row):
    start = time.perf_counter()
    needs = measure(chapter)
    wall = time.perf_counter() - start
    figures = f"{wall:.0f} s wall, {needs['CPU s']} s CPU, {needs['MB']} MB"
    row(chapter.stem, figures, "goal 60 s, 1500 MB")
