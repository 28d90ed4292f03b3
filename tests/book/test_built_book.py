"""The built book from disk on a phone, its folds and its search; the guards of all pages."""

import pytest

from tests.book.looks import wrong_in_a_window, wrong_on_a_phone
from tests.book.visit import PAGES, SITE

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_from_disk_on_a_phone(visit, name):
    assert wrong_on_a_phone(visit((SITE / name).as_uri(), 390, "dark")) == []


def test_the_folded_code_and_answer_open(visit):
    page = visit("notebooks/01_linear_rnn_sum.html")
    fold = page.locator("details:has-text('Show the code')").first
    code = fold.locator("pre").first
    assert not code.is_visible()
    fold.locator("summary").click()
    assert code.is_visible()
    answer = page.locator("details.sd-dropdown").first
    body = answer.locator(".sd-summary-content")
    assert not body.is_visible()
    answer.locator("summary").press("Enter")
    assert body.is_visible()


def test_the_search_finds_a_chapter(visit):
    page = visit("search.html?q=recurrent")
    page.locator("#search-results ul.search li a").first.wait_for(timeout=20_000)
    excerpts = page.locator("#search-results p.context")
    excerpts.first.wait_for(timeout=20_000)
    assert not [text for text in excerpts.all_inner_texts() if "Color mode" in text]


@pytest.mark.parametrize(
    ("words", "page"), [("two valleys", "04_two_valleys"), ("modulo", "14_modulo_weights")]
)
def test_the_search_puts_first_the_page_that_is_named_after_the_words(visit, words, page):
    tab = visit(f"search.html?q={words}")
    first = tab.locator("#search-results ul.search li a").first
    first.wait_for(timeout=20_000)
    tab.wait_for_function(
        "document.querySelector('#search-results p.search-summary')?.innerText"
    )
    assert page in first.get_attribute("href")


def test_the_search_knows_short_names(visit):
    page = visit("search.html?q=BPTT")
    page.locator("#search-results a").first.wait_for(timeout=20_000)


# One break of a page a line, and what is said of it: anywhere, in a window, on a phone.
BROKEN = r"""
<script src="http://127.0.0.1:9/far.js"></script>
<script src="gone.js"></script>
<link rel="prefetch" href="../_static/scripts/fontawesome.js">
<script>null.boom</script>
<script>console.error("bang")</script>
<button></button>
<p><span class="math" style="display: block"><math><mi>x</mi></math></span>, so</p>
<p style="color: #444">Dim</p>
<pre><i style="color: #ccc">for</i></pre>
<div class="math" tabindex="0" style="overflow: auto"><math><mi>y</mi><mspace width="2000px" />
    </math></div>
<div class="cell_input"><pre tabindex="0" style="white-space: pre; overflow: auto; width: 9em">
a line of code that goes on</pre></div>
<p>{term}`state`</p>
:::{note}
$$
<span class="math">\(z\)</span>
<img src="../_static/logo.svg" alt="">
<img src="data:," alt="A long description of nothing">
<a href="#gone">There</a> <a href="gone.html">and there</a>
<div style="width: 600px">Wide</div>
<span class="math" style="display: inline-block; width: 9px"><math><mi>w</mi>
    <mspace width="99px" /></math></span>
<table tabindex="0"><td style="display: block; width: 1px; word-break: break-all">split</td>
</table>
<div class="course-live"><input type="range" aria-label="stuck"></div>
<script>document.querySelector(".course-live").liveState = () => 0</script>
"""
ANYWHERE = [
    "another host: http://127.0.0.1:9/far.js",
    "failed: http://127.0.0.1:9/far.js",
    "/gone.js",
    "console error: Failed to load resource",
    "error: Cannot read properties of null (reading 'boom')",
    "console error: bang",
    "button-name (critical): <button",
    "punctuation apart from its formula: x, so",
    "code cut: a line of code that goes on",
]
IN_A_WINDOW = [
    "heavier than 400000 bytes",
    "all icons: _static/scripts/fontawesome.js",
    'dark: color-contrast (serious): <p style="color: #444"',
    'color-contrast (serious): <i style="color: #ccc"',
    "formula wider than the column: y",
    "raw markup: {term}`state`",
    "raw markup: :::{note}",
    "raw markup: $$",
    r"raw TeX: \(z\)",
    'picture: <img src="../_static/logo.svg"',
    'picture: <img src="data:,"',
    "link leads nowhere: book/how_to_use.html#gone",
    "link leads nowhere: book/gone.html",
]
ON_A_PHONE = [
    "scrolls sideways",
    "formula wider than the line: w",
    "word goes on in the next line: split",
    "live figure in another theme",
    "live figure stands still",
]
INSERT = """html => document.querySelector(".bd-article").append(
    document.createRange().createContextualFragment(html))"""


@pytest.mark.parametrize("phone", [False, True])
def test_each_break_is_seen_and_nothing_else(visit, tab, phone):
    name = "book/how_to_use.html"
    page = visit((SITE / name).as_uri(), 390, "dark") if phone else visit(name)
    page.evaluate(INSERT, BROKEN)
    wrong = wrong_on_a_phone(page) if phone else wrong_in_a_window(tab)
    wrong += tab.complaints()
    expected = ANYWHERE + (ON_A_PHONE if phone else IN_A_WINDOW)
    assert [words for words in expected if not any(words in line for line in wrong)] == []
    assert [line for line in wrong if not any(words in line for words in expected)] == []
