"""The accessibility statement answers every criterion, and each test it names is there."""

import re

import pytest

from tests.book.visit import SITE
from tools.chapters import ROOT

TEXT = (ROOT / "book" / "accessibility.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d\.\d\.\d+)(?: to \d\.\d\.(\d+))? .*\| (.+) \|$", TEXT, re.MULTILINE)

# Levels A and AA of WCAG 2.1, by guideline: https://www.w3.org/TR/WCAG21/
CRITERIA = {
    "1.1": [1],
    "1.2": [1, 2, 3, 4, 5],
    "1.3": [1, 2, 3, 4, 5],
    "1.4": [1, 2, 3, 4, 5, 10, 11, 12, 13],
    "2.1": [1, 2, 4],
    "2.2": [1, 2],
    "2.3": [1],
    "2.4": [1, 2, 3, 4, 5, 6, 7],
    "2.5": [1, 2, 3, 4],
    "3.1": [1, 2],
    "3.2": [1, 2, 3, 4],
    "3.3": [1, 2, 3, 4],
    "4.1": [1, 2, 3],
}


def test_every_criterion_is_answered_once():
    answered = []
    for first, last, _ in ROWS:
        guideline, _, number = first.rpartition(".")
        answered += [f"{guideline}.{k}" for k in range(int(number), int(last or number) + 1)]
    assert answered == [f"{g}.{k}" for g, numbers in CRITERIA.items() for k in numbers]
    assert len(answered) == 50


def test_the_tests_that_it_names_are_there():
    tests = [path.read_text("utf-8") for path in (ROOT / "tests" / "book").glob("test_*.py")]
    known = set(re.findall(r"^def (test_\w+)", "\n".join(tests), re.MULTILINE))
    for criterion, _, answer in ROWS:
        named = set(re.findall(r"`(test_\w+)`", answer))
        assert named or answer in ("looked at", "nothing to know"), criterion
        assert named <= known, criterion


@pytest.mark.browser
def test_no_single_key_is_a_shortcut(visit):
    script = (SITE / "_static" / "documentation_options.js").read_text("utf-8")
    assert "NAVIGATION_WITH_KEYS: false" in script
    assert "ENABLE_SEARCH_SHORTCUTS: false" in script
    page = visit("book/index.html")
    for key in ("/", "s", "c", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert page.url.endswith("book/index.html")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
