"""What a first visit shows before scripts run, what comes out of a printer."""

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
