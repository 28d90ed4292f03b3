"""What is looked for on a page of the built book, in a window and on a phone."""

import functools
import gzip
import re

from tests.book.visit import SITE, serious

PACKED = (".png", ".woff", ".woff2")

# The kinds of text that were looked at on a page before, and how often.
SEEN: dict[str, int] = {}

# As far as one can see in one look: folds open, the contents not scrolled out of their bar.
OPEN = """() => {
    document.querySelectorAll("details").forEach(part => part.open = true);
    document.querySelectorAll(".bd-sidebar-primary").forEach(bar => bar.scrollTop = 0);
}"""

# Of texts alike, down to the classes of all they stand in, a few are enough to see their
# colours: `seen` counts them, from page to page. What has no text of its own has no contrast.
# Further tokens of code become plain text. Axe needs a third of the time.
FEWER = """([seen, enough]) => {
    const says = node => node.nodeType === 3 && node.data.trim().length > 1;
    const mark = (node, kind) => {
        kind += `>${node.tagName}.${node.getAttribute("class")}.${node.getAttribute("style")}`;
        const text = [...node.childNodes].some(says) || node.matches("input, select, textarea");
        const shown = node.checkVisibility() && text;
        seen[kind] = (seen[kind] ?? 0) + shown;
        node.toggleAttribute("data-alike", !shown || seen[kind] > enough);
        for (const child of node.children) mark(child, kind);
    };
    mark(document.body, "");
    for (const token of document.querySelectorAll("pre [data-alike]"))
        token.replaceWith(...token.childNodes);
    return seen;
}"""

# Markup that Sphinx left in the prose.
RAW = """() => {
    const prose = document.querySelector("main").cloneNode(true);
    prose.querySelectorAll("pre, code, script").forEach(code => code.remove());
    return prose.innerText.match(/^:::.*|\\{(term|cite:?\\w*|doc|ref)\\}`.*|\\$\\$/gm) ?? [];
}"""

TEX = """() => [...document.querySelectorAll(".math")]
    .filter(part => !part.querySelector(":scope > math:not(:has(merror))"))
    .map(part => part.textContent)"""

# A picture that is not there, or whose alternative text is none, short or the file's name.
PICTURES = """() => [...document.querySelectorAll("main img")].filter(image => {
    const name = image.getAttribute("src").split("/").at(-1).split(".")[0];
    return !image.naturalWidth || image.alt.length <= 20 || image.alt.includes(name);
}).map(image => image.outerHTML.slice(0, 160))"""

SIDEWAYS = """() => {
    const {scrollWidth, clientWidth} = document.documentElement;
    return scrollWidth > clientWidth ? [`${scrollWidth} px`] : [];
}"""

# The theme hides what an inline formula has beyond the line; a display formula scrolls.
CUT_OFF = """() => {
    const right = part => part.getBoundingClientRect().right;
    return [...document.querySelectorAll("span.math math")]
        .filter(formula => right(formula) > right(formula.closest("span.math")) + 1)
        .map(formula => formula.closest("span.math").textContent.trim());
}"""

# A display formula may scroll on a phone, but not in a window.
WIDE = """() => [...document.querySelectorAll("div.math")]
    .filter(box => box.scrollWidth > box.clientWidth + 1)
    .map(box => box.textContent.trim())"""

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

CODE_CUT = """() => [...document.querySelectorAll(".cell_input pre")]
    .filter(code => code.scrollWidth > code.clientWidth + 1).map(code => code.textContent)"""

LAYOUT = {
    "scrolls sideways": SIDEWAYS,
    "punctuation apart from its formula": APART,
    "code cut": CODE_CUT,
}
IN_A_WINDOW = LAYOUT | {
    "raw markup": RAW,
    "raw TeX": TEX,
    "picture": PICTURES,
    "formula wider than the column": WIDE,
}
ON_A_PHONE = LAYOUT | {
    "formula wider than the line": CUT_OFF,
    "word goes on in the next line": SPLIT,
}


def found(page, looks):
    return [f"{words}: {what}" for words, look in looks.items() for what in page.evaluate(look)]


@functools.cache
def ids(file):
    return set(re.findall(r'id="([^"]+)"', file.read_text(encoding="utf-8")))


def lost_links(page, address):
    for url in page.evaluate("[...document.links].map(link => link.href)"):
        if url.startswith(address):
            name, _, anchor = url.removeprefix(address).partition("#")
            file = SITE / name.partition("?")[0]
            if not file.is_file() or (anchor and anchor not in ids(file)):
                yield f"link leads nowhere: {name}#{anchor}"


def dead_figures(page, theme):
    for host in page.locator(".course-live").all():
        if host.get_attribute("data-theme") != theme:
            yield "live figure in another theme"
        before = host.evaluate("host => host.liveState()")
        dials, lines = (host.locator(f"input[type={kind}]") for kind in ("range", "text"))
        dial = dials.first if dials.count() else lines.first
        # One step may be less than the figure shows. A line of text takes a large network a
        # moment.
        for key in ("ArrowRight", "ArrowRight") if dials.count() else ("End", "x"):
            dial.press(key)
        patience = 1 if dials.count() else 40
        while before == host.evaluate("host => host.liveState()") and patience:
            page.wait_for_timeout(500)
            patience -= 1
        if not patience or not dial.is_visible():
            yield "live figure stands still"


def at_rest(page):
    """Wait until nothing moves: halfway through a fade, colours are not those a reader sees.

    Chromium may keep a fade that is over in its list.
    """
    page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")


def theme_of(page, theme):
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        "theme => document.documentElement.dataset.theme === theme", arg=theme
    )
    at_rest(page)


def open_folds(page):
    page.evaluate(OPEN)
    at_rest(page)


def weight(files):
    """Bytes on the way to a reader: compressed, but for files that are so already."""
    contents = [(file.suffix, file.read_bytes()) for file in files]
    return sum(
        len(content) if suffix in PACKED else len(gzip.compress(content))
        for suffix, content in contents
    )


def heavy(page, asked):
    """Yield what a first visit asked for and a reader does not need."""
    asked = {path.partition("?")[0] for path in asked}
    limit = 900_000 if "/notebooks/" in page.url else 400_000
    if weight(file for file in map(SITE.joinpath, asked) if file.is_file()) > limit:
        yield f"heavier than {limit} bytes"
    if "_static/icons.woff" not in asked:
        yield "without its icons"
    yield from (f"all icons: {path}" for path in asked if "fontawesome" in path)


def wrong_in_a_window(tab):
    """Return what is wrong with a page that was opened light and wide."""
    page = tab.page
    wrong = [*heavy(page, tab.asked())]
    theme_of(page, "light")
    open_folds(page)
    wrong += [*found(page, IN_A_WINDOW), *lost_links(page, tab.home)]
    SEEN.update(page.evaluate(FEWER, [SEEN, 3]))
    wrong += serious(page)
    theme_of(page, "dark")
    dark = found(page, {"scrolls sideways": SIDEWAYS}) + serious(page, structure=False)
    return wrong + [f"dark: {words}" for words in dark]


def wrong_on_a_phone(page):
    """Return what is wrong with a page that was opened dark and narrow."""
    theme_of(page, "dark")
    open_folds(page)
    wrong = [*found(page, ON_A_PHONE), *dead_figures(page, "dark")]
    page.evaluate(FEWER, [{}, 0])
    wrong += serious(page, contrast=False)
    theme_of(page, "light")
    wrong += [f"light: {words}" for words in found(page, {"scrolls sideways": SIDEWAYS})]
    page.set_viewport_size({"width": 320, "height": 900})
    return wrong + [f"320 px: {words}" for words in found(page, {"scrolls sideways": SIDEWAYS})]
