"""Exercises in the page: how long the first verdict takes, the later ones, and what is loaded.

Run with ``pytest -m bench tests/benchmarks/test_bench_in_page.py`` on idle cores, after
``make book``; needs Chromium. The page is opened from disk. The time goes from the press on
*Check* to the verdict in the page, with nothing of Python loaded before.
"""

import statistics
import zlib

import pytest

from tests.book.visit import SITE, open_browser

CHAPTER = "notebooks/06_lstm_gates_at_work.html"
OPENED = 3
AGAIN = 5
PRESS = """() => new Promise(done => {
  const form = document.querySelector('form.workplace'), start = performance.now();
  const step = form.querySelector('.step');
  new MutationObserver((_, observer) => {
    if (!step.hidden) return;
    observer.disconnect();
    done((performance.now() - start) / 1000);
  }).observe(step, {attributes: true});
  form.querySelector('.check').click();
})"""


@pytest.mark.bench
def test_the_first_verdict_and_later_ones(row):
    first, later = [], []
    with open_browser() as browser:
        for _ in range(OPENED):
            page = browser.new_context().new_page()
            page.goto((SITE / CHAPTER).as_uri())
            first.append(page.evaluate(PRESS))
            later += [page.evaluate(PRESS) for _ in range(AGAIN)]
            assert "still the stub" in page.locator(".verdict").first.text_content()
            page.context.close()
    row(
        "an exercise in the page, first verdict",
        f"{statistics.median(first):.1f} s",
        "goal 6 s",
    )
    row("later verdicts", f"{statistics.median(later):.2f} s", "goal 0.1 s")
    scripts = [path.read_bytes() for path in (SITE / "_static" / "in_page").iterdir()]
    packed = sum(len(zlib.compress(script)) for script in scripts) / 1e6
    row("Python, NumPy and the checks, zipped", f"{packed:.1f} MB", "goal 12 MB")
    script = (SITE / "_static" / "in_page.js").stat().st_size / 1e3
    row("a page's own script for exercises", f"{script:.0f} kB", "goal 100 kB")
