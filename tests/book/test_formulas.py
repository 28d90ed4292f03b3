"""Formulas: set without a script, with the gaps of TeX, in a font that has all their signs."""

import base64
import io
import re
import sys
from html import unescape

import pytest
from fontTools.ttLib import TTFont

from tests.book.visit import SITE
from tools.chapters import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from formulas import mathml

FORMULA = re.compile("<math.*?</math>")


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"f_t \tanh(c_t)", '</msub><mo lspace="0.167em" rspace="0">tanh</mo>'),
        (r"\ln s", '<mo lspace="0" rspace="0.167em">ln</mo>'),
        (r"b = -25", '<mo form="prefix">−</mo>'),
        (r"(a) - 1", "<mo>−</mo>"),
        (r"h_{t-1}", '<mo lspace="0" rspace="0">−</mo>'),
        (r"1/9", '<mo lspace="0" rspace="0">/</mo>'),
        (r"w \bmod m", "<mo>mod</mo>"),
        (r"A^{\mathsf T} y", "<mi>\U0001d5b3</mi></mrow></msup><mi>y</mi>"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", '<mtd columnalign="right">'),
        (r"a < b", "&lt;"),
    ],
)
def test_a_formula_has_the_gaps_of_tex(tex, part):
    assert part in mathml(tex)


@pytest.mark.parametrize("tex", [r"\fooo x", r"\begin{fooo} a & b \end{fooo}"])
def test_what_would_show_as_tex_is_an_error(tex):
    with pytest.raises(ValueError, match="does not know"):
        mathml(tex)


def test_a_root_of_a_fraction_is_an_error():
    with pytest.raises(ValueError, match="roots of one line only"):
        mathml(r"x + \sqrt{\tfrac{a}{2} + b}")


def font():
    script = (SITE / "_static" / "formulas.js").read_text("utf-8")
    return TTFont(io.BytesIO(base64.b64decode(re.search(r'atob\("([^"]+)"', script)[1])))


def missing(signs, there):
    """Return the signs that no font brings; of a single letter a browser takes the italic."""
    return {sign for sign in signs if ord(sign) not in there and not sign.isspace()}


@pytest.mark.browser
@pytest.mark.usefixtures("site")
def test_the_font_has_every_sign_and_no_other_page_brings_it():
    there = set(font().getBestCmap())
    assert missing({"∮"}, there) == {"∮"}, "a font with all signs would be heavy"
    for page in [*SITE.glob("book/*.html"), *SITE.glob("notebooks/*.html")]:
        text = page.read_text("utf-8")
        article = re.search("<article.*</article>", text, re.DOTALL)[0]
        signs = unescape(re.sub("<[^>]*>", "", "".join(FORMULA.findall(article))))
        assert missing(signs, there) == set(), page.name
        assert ("formulas.js" in text) == ("<math" in article), page.name
        assert "mathjax/" not in text


@pytest.mark.browser
@pytest.mark.usefixtures("site")
def test_formulas_are_there_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "notebooks/05_lstm_gate_slicing.html")
    assert page.locator(".math > math").count() == page.locator(".math").count() > 50
    box = page.locator("div.math mtable").first.bounding_box()
    assert box["height"] > 6 * 16, "six equations below each other"
    context.close()


@pytest.mark.browser
def test_a_root_ends_where_its_bar_ends(visit):
    page = visit("notebooks/04_two_valleys.html")
    gap = """root => root.getBoundingClientRect().right
      - root.lastElementChild.getBoundingClientRect().right"""
    roots = page.locator("p > .math msqrt").all()
    assert len(roots) > 2
    assert max(root.evaluate(gap) for root in roots) < 1


@pytest.mark.browser
def test_a_wide_formula_says_that_it_goes_on(visit):
    page = visit("notebooks/05_lstm_gate_slicing.html", 320)
    for formula in page.locator("div.math").all():
        assert formula.get_attribute("tabindex") == "0"
        assert "radial-gradient" in formula.evaluate("f => getComputedStyle(f).backgroundImage")
