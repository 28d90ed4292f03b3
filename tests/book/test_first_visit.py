"""What a first visit costs, what it shows before scripts run, what comes out of a printer."""

import gzip

import pytest

from tests.book.looks import CODE_CUT
from tests.book.visit import PAGES, SITE

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]

CHAPTER = "notebooks/04_two_valleys.html"
PACKED = (".png", ".woff", ".woff2")


def weight(paths):
    """Bytes on the way to a reader: compressed, but for files that are so already."""
    contents = [(SITE / path).read_bytes() for path in paths]
    return sum(
        len(content) if path.endswith(PACKED) else len(gzip.compress(content))
        for path, content in zip(paths, contents, strict=True)
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_and_takes_only_the_icons_it_shows(visit, address, tab, name):
    asked = []

    def note(request):
        if request.url.startswith(address):
            asked.append(request.url.removeprefix(address).partition("?")[0])

    tab.page.on("request", note)
    visit(name)
    tab.page.wait_for_load_state("networkidle")
    tab.page.remove_listener("request", note)
    assert "_static/icons.woff" in asked
    assert not [path for path in asked if "fontawesome" in path]
    limit = 1_300_000 if name.startswith("notebooks/") else 600_000
    assert weight(sorted(set(asked))) < limit


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
