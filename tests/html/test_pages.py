"""Every page in two themes and two widths: offline, no errors, accessible, no wider than it.

A file of its own, because this is half of the page tests' time and one worker's work.
"""

import pytest

from tests.html.visit import PAGES, Visit, serious

WIDTHS = {"phone": 390, "desktop": 1280}

# The theme hides what an inline formula has beyond the line; a display formula scrolls.
CUT_OFF = """() => {
    document.querySelectorAll("details").forEach(part => part.open = true);
    const right = part => part.getBoundingClientRect().right;
    return [...document.querySelectorAll("span.math mjx-math")]
        .filter(formula => right(formula) > right(formula.closest("span.math")) + 1)
        .map(formula => formula.closest("span.math").textContent);
}"""

# A display formula may scroll on a phone, but not in a window.
WIDE = """() => [...document.querySelectorAll("div.math")]
    .filter(box => box.scrollWidth > box.clientWidth + 1)
    .map(box => box.textContent)"""

# Words in a table that go on in the next line.
SPLIT = """() => [...document.querySelectorAll("td, th")].flatMap(cell => {
    const found = [], texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        for (const word of texts.currentNode.data.matchAll(/\\w+/g)) {
            const range = document.createRange();
            range.setStart(texts.currentNode, word.index);
            range.setEnd(texts.currentNode, word.index + word[0].length);
            if (range.getClientRects().length > 1) found.push(word[0]);
        }
    }
    return found;
})"""

# Punctuation on another line than the formula it stands at.
APART = """() => [...document.querySelectorAll("span.math")].filter(formula => {
    const box = formula.getBoundingClientRect();
    const apart = (text, start, punctuation) => {
        if (text?.nodeType !== 3 || !punctuation.includes(text.data.at(start))) return false;
        const range = document.createRange(), place = start < 0 ? text.length - 1 : 0;
        range.setStart(text, place);
        range.setEnd(text, place + 1);
        const {width, left, right} = range.getBoundingClientRect();
        return width > 0 && (start < 0 ? right > box.left + 1 : left < box.right - 1);
    };
    return apart(formula.nextSibling, 0, ",.;:!?)]’”")
        || apart(formula.previousSibling, -1, "([“‘");
}).map(formula => formula.parentElement.textContent)"""

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_offline_quiet_accessible_and_fits(browser, address, name, width, theme):
    with Visit(browser, f"{address}/{name}", WIDTHS[width], theme) as visit:
        assert visit.page.locator("html").get_attribute("data-theme") == theme
        assert [url for url in visit.requests if not url.startswith((address, "data:"))] == []
        assert visit.complaints == []
        desktop, light = width == "desktop", theme == "light"
        if desktop or light:
            assert serious(visit.page, contrast=desktop, structure=light) == []
        overflow = visit.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"the page scrolls sideways by {overflow} px"
        if light:
            assert visit.page.evaluate(APART) == [], "a line begins with punctuation"
        if light and desktop:
            assert visit.page.evaluate(WIDE) == [], "formulas are wider than the column"
        elif light:
            assert visit.page.evaluate(CUT_OFF) == [], "formulas are wider than the line"
            assert visit.page.evaluate(SPLIT) == [], "words go on in the next line"
