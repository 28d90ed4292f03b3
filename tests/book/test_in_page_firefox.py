"""Exercises in Firefox, from disk and served: a sample of what Chromium is asked in full."""

import pytest

from tests.book.firefox import Firefox
from tests.book.test_in_page import LONG_CLOCK, SHORT_CLOCK
from tests.book.visit import SITE
from tools.chapters import NOTEBOOKS, read
from tools.in_page import cells_of, exercises_of
from tools.in_page.marking import mark

pytestmark = pytest.mark.browser

SLUG = "06_lstm_gates_at_work"
FORM = "document.querySelector('form.workplace')"
DONE = f"{FORM}.querySelector('.step').hidden"
ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"


@pytest.fixture(scope="module")
def firefox(site, tmp_path_factory):
    browser = Firefox(tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()


@pytest.fixture(params=["disk", "served"])
def page(request, firefox, address):
    base = {"disk": SITE.as_uri() + "/", "served": address}[request.param]
    firefox.open(f"{base}notebooks/{SLUG}.html")
    firefox.run("localStorage.clear()")
    firefox.open(f"{base}notebooks/{SLUG}.html")
    return firefox


def check(page, code):
    page.run(
        f"""const form = {FORM}, code = form.querySelector("textarea");
        code.value = arguments[0];
        code.dispatchEvent(new Event("input"));
        form.querySelector(".check").click();""",
        code,
    )
    page.wait(DONE)
    return page.run(f"return {FORM}.querySelector('.verdict').textContent")


def test_verdicts_are_those_of_a_notebook_and_an_endless_loop_is_stopped(page):
    notebook = read(NOTEBOOKS / f"{SLUG}.md")
    exercise = exercises_of(notebook)[0]
    assert page.run("return window.courseFiles === undefined")
    for code in (exercise.stub, exercise.solution, "def bias_for(n):\n    return 1 / 0\n"):
        said = mark(cells_of(notebook), exercise.name, {exercise.name: code})["says"]
        assert check(page, code) == said
    assert page.run(f"return {FORM}.querySelector('label').textContent").endswith("(solved)")
    page.run(f"({SHORT_CLOCK})()")
    assert check(page, "while True:\n    pass\n").startswith("Stopped after 20 seconds.")
    page.run(f"({LONG_CLOCK})()")
    assert "still the stub" in check(page, exercise.stub)


def test_the_keyboard_indents_and_leaves_and_work_is_kept(page):
    code = f"{FORM}.querySelector('textarea')"
    page.run(f"{code}.value = ''; {code}.focus()")
    page.type("form.workplace textarea", "if n:" + ENTER + "x" + TAB + "y")
    assert page.run(f"return {code}.value") == "if n:\n    x    y"
    page.type("form.workplace textarea", ESCAPE + TAB)
    assert page.run("return document.activeElement.textContent") == "Check"
    page.open(page.run("return location.href"), 390)
    assert page.run(f"return {code}.value") == "if n:\n    x    y"
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_no_other_host_is_asked(page):
    page.run(
        "window.blocked = []; document.addEventListener('securitypolicyviolation',"
        "event => blocked.push(event.blockedURI)); fetch('https://example.org/').catch(() => 0)"
    )
    page.wait("window.blocked.length > 0")
