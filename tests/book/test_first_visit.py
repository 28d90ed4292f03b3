"""What a first visit shows before scripts run, what comes out of a printer."""

from statistics import median

import pytest

from tests.book.looks import CODE_CUT

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]

CHAPTER = "notebooks/04_two_valleys.html"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scripts", [True, False])
def test_the_theme_is_known_before_scripts_arrive(browser, address, theme, scripts):
    context = browser.new_context(color_scheme=theme, java_script_enabled=scripts)
    page = context.new_page()
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(address + CHAPTER)
    shown = page.locator("html").get_attribute("data-theme")
    assert shown == (theme if scripts else "light")
    context.close()


MOVING = ["04_two_valleys", "14_modulo_weights"]  # a live figure and many formulas
NAMES = [f"notebooks/{name}.html" for name in MOVING]
NAMES += ["book/notation.html", "book/progress.html"]

SHIFT = """() => new Promise(known => {
    let shift = 0;
    const seen = list => list.getEntries().forEach(entry => shift += entry.value);
    new PerformanceObserver(seen).observe({type: "layout-shift", buffered: true});
    setTimeout(() => known(shift), 500);
})"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_while_a_page_loads(browser, address, name, width):
    def shift():
        context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
        page = context.new_page()
        page.goto(address + name)
        page.wait_for_load_state("networkidle")
        moved = page.evaluate(SHIFT)
        context.close()
        return moved

    first = shift()
    # A busy machine may paint a page of which half has arrived, but seldom twice.
    assert first < 0.02 or median([first, shift(), shift()]) < 0.02


@pytest.mark.parametrize("name", [CHAPTER, "notebooks/05_lstm_gate_slicing.html"])
def test_paper_is_light_and_cuts_no_code(visit, name):
    page = visit(name, 680, "dark")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.emulate_media(media="print")
    assert page.evaluate(CODE_CUT.replace(".cell_input pre", ".bd-article pre")) == []
    theme = "document.documentElement.dataset.theme"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
