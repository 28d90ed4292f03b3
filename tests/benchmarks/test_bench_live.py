"""Live figures: how soon the first interaction is answered, and what a page weighs with one.

Run with ``pytest -m bench tests/benchmarks/test_bench_live.py``; needs Chromium. The time is
that of the browser: from the event to the end of the layout it causes, on a page just painted.
"""

import statistics

import pytest

from tests.book.visit import open_browser
from tests.package.live_examples import EXAMPLES

OPENED = 5
FIRST = """label => {
  const host = document.querySelector('.course-live');
  const inputs = [...host.shadowRoot.querySelectorAll('input[type=range]')];
  const input = inputs.find(one => one.labels[0].textContent === label) ?? inputs[0];
  const start = performance.now();
  if (input) {
    input.value = Number(input.min) + 0.3 * (input.max - input.min);
    input.dispatchEvent(new Event('input'));
  } else host.shadowRoot.querySelector('button').click();
  host.getBoundingClientRect();
  return performance.now() - start;
}"""

PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


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
        tab.evaluate(PAINTED)  # nobody moves what has not been drawn yet
        waits.append(tab.evaluate(FIRST, "start of W"))
        tab.close()
    row(f"{name}, first interaction", f"{statistics.median(waits):.0f} ms", "goal 50 ms")
    row(f"{name}, with its script and data", f"{len(html) / 1e6:.2f} MB", "goal 1 MB")


OTHERS = {
    ("GateMicroscope", "a string of 80 typed"): """root => {
      const input = root.querySelector('input[type=text]');
      input.value = 'a'.repeat(40) + 'b'.repeat(40);
      input.dispatchEvent(new Event('input'));
    }""",
    ("GateMicroscope", "a gate clamped"): """root => {
      const all = [...root.querySelectorAll('select')];
      const gate = all.find(one => one.labels[0].textContent === 'clamp a gate');
      gate.value = 'forget';
      gate.dispatchEvent(new Event('change'));
    }""",
    ("DrawTheTop", "a dot drawn"): """root => {
      root.querySelector('.pad').dispatchEvent(new KeyboardEvent('keydown', { key: ' ' }));
    }""",
    ("DrawTheTop", "a unit chosen"): """root => {
      root.querySelectorAll('[role=gridcell]')[84].click();
    }""",
}
TIMED = """act => {
  const host = document.querySelector('.course-live');
  const start = performance.now();
  act(host.shadowRoot);
  host.getBoundingClientRect();
  return performance.now() - start;
}"""


@pytest.mark.bench
@pytest.mark.parametrize(("name", "what"), OTHERS, ids=map(" ".join, OTHERS))
def test_other_first_interactions(browser, tmp_path, row, name, what):
    page = tmp_path / "page.html"
    html = EXAMPLES[name].html()
    page.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    waits, works = [], []
    for _ in range(OPENED):
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        clock = tab.context.new_cdp_session(tab)
        clock.send("Performance.enable", {"timeDomain": "threadTicks"})
        tab.goto(page.as_uri())
        tab.locator(".figure").wait_for()
        before = busy(clock)
        waits.append(tab.evaluate(f"() => ({TIMED})({OTHERS[name, what]})"))
        works.append(1000 * (busy(clock) - before))
        tab.close()
    row(f"{name}, {what}", f"{statistics.median(waits):.0f} ms", "goal 50 ms")
    row(f"{name}, {what}, processor", f"{statistics.median(works):.0f} ms", "of its thread")


def busy(clock):
    """Return the seconds that the page's thread has computed; waiting does not count."""
    metrics = clock.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
