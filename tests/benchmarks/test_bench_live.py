"""Live figures: how soon the first interaction is answered, and what a page weighs with one.

Run with ``pytest -m bench tests/benchmarks/test_bench_live.py``; needs Chromium. The time is
that of the browser: from the event to the end of the layout it causes, on a page just opened.
"""

import statistics

import pytest

from tests.html.visit import open_browser
from tests.live_examples import EXAMPLES

OPENED = 5
FIRST = """label => {
  const host = document.querySelector('.course-live');
  const inputs = [...host.shadowRoot.querySelectorAll('input[type=range]')];
  const input = inputs.find(one => one.labels[0].textContent === label) ?? inputs[0];
  const start = performance.now();
  input.value = Number(input.min) + 0.3 * (input.max - input.min);
  input.dispatchEvent(new Event('input'));
  host.getBoundingClientRect();
  return performance.now() - start;
}"""


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.mark.bench
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_first_interaction(browser, tmp_path, row, name):
    page = tmp_path / f"{name}.html"
    html = EXAMPLES[name].html()
    page.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    waits = []
    for _ in range(OPENED):
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.as_uri())
        tab.locator(".figure").wait_for()
        waits.append(tab.evaluate(FIRST, "start of W"))
        tab.close()
    row(f"{name}, first interaction", f"{statistics.median(waits):.0f} ms", "goal 50 ms")
    row(f"{name}, with its script and data", f"{len(html) / 1e6:.2f} MB", "goal 1 MB")
