"""Formulas as MathML, made when the book is built.

A browser sets MathML itself: with the text, without a script, and a screen reader reads it.
Pages with a formula bring a font of the signs that the book uses.
"""

import base64
import io
import re
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

from docutils import nodes
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from latex2mathml.converter import convert_to_element
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

# Italic letters, which a browser takes for a variable of one letter.
ITALICS = {0x210E, *range(0x1D434, 0x1D468), *range(0x1D6FC, 0x1D71C)}

SCRIPTS = {"msub", "msup", "msubsup"}
OPENING, CLOSING = set("([{|⌊"), set(")]}|⌋")

# A font given so is there before the first paint: no line breaks anew when it comes.
SCRIPT = """\
document.fonts.add(new FontFace("Formulas", Uint8Array.from(atob("{}"), c => c.charCodeAt(0))));
"""


def mathml(tex: str, display: bool = False) -> str:
    """Return TeX as MathML, with the gaps of TeX.

    Raises
    ------
    ValueError
        If the converter does not know what is in it, and would show that as it stands, or if a
        root is too tall for the font.
    """
    # Of a letter without serifs, as in a transpose, browsers have a sign and no style.
    known = re.sub(r"\\mathsf(?:\{T\}|\s+T)", "\U0001d5b3", tex).replace("{aligned}", "{split}")
    root = convert_to_element(known.strip(), display="block" if display else "inline")
    del root.attrib["xmlns"]
    for element in root.iter():
        element.text = unescape(element.text or "")
        if "\\" in element.text or element.text == "&":
            raise ValueError(f"a formula that latex2mathml does not know: {tex}")
    if any(sign.find(".//mfrac") is not None for sign in root.iter("msqrt")):
        raise ValueError(f"the font has roots of one line only; write (...)^{{1/2}}: {tex}")
    for parent in root.iter():
        space(list(parent))
        if parent.tag in SCRIPTS:
            for sign in (sign for script in parent[1:] for sign in script.iter("mo")):
                sign.attrib |= {"lspace": "0", "rspace": "0"}
    return tostring(root, encoding="unicode")


def space(row: list[Element]) -> None:
    """Set the gaps in a row where a browser leaves others than TeX.

    TeX leaves none at a slash, a bar and the sign of a derivative, none after a sign that is no
    operation, and a small one at the name of a function, but for one before a bracket.
    """
    for before, element, after in zip([None, *row], row, [*row[1:], None], strict=False):
        ends = before is not None and (before.tag != "mo" or before.text in CLOSING)
        if element.tag == "mo" and element.text in ("/", "|", "∂"):
            element.attrib |= {"lspace": "0", "rspace": "0"}
        elif element.tag == "mo" and element.text in ("−", "+", "±") and not ends:
            element.set("form", "prefix")
        name = element[0] if element.tag in SCRIPTS else element
        if name.tag in ("mi", "mo") and len(name.text or "") > 1 and name.text != "mod":
            bracket = after is not None and after.text in OPENING
            name.tag = "mo"
            name.attrib |= {
                "lspace": "0.167em" if ends else "0",
                "rspace": "0" if bracket else "0.167em",
            }


def write(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula; a wide one scrolls, and so takes the focus."""
    display = isinstance(node, nodes.math_block)
    tag, more = ("div", {"tabindex": "0"}) if display else ("span", {})
    try:
        formula = mathml(node.astext(), display)
    except ValueError as error:
        logging.getLogger(__name__).warning(str(error), location=node)
        formula = ""
    start = translator.starttag(node, tag, "", CLASS="math notranslate nohighlight", **more)
    translator.body.append(f"{start}{formula}</{tag}>")
    raise nodes.SkipNode


def add_font(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the font on pages that have a formula."""
    if "<math" in context.get("body", ""):
        app.add_js_file("formulas.js")


def write_font(app: Sphinx, exception: Exception | None) -> None:
    """Take the signs of all formulas out of the font STIX Two Math: 26 kB of its 1,500."""
    if exception is not None or app.builder.format != "html":
        return
    signs = {ord("√"), *ITALICS}
    for page in Path(app.outdir).glob("*/*.html"):
        for formula in re.findall("<math.*?</math>", page.read_text(encoding="utf-8")):
            signs.update(map(ord, unescape(re.sub("<[^>]*>", "", formula))))
    font = TTFont(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf")
    # Where there are larger roots Chromium leaves their width, whatever root it takes.
    variants = font["MATH"].table.MathVariants
    place = variants.VertGlyphCoverage.glyphs.index(font.getBestCmap()[ord("√")])
    larger = variants.VertGlyphConstruction[place]
    larger.GlyphAssembly, larger.MathGlyphVariantRecord[1:] = None, []
    choice = Subsetter(Options(layout_features=[], hinting=False, name_IDs=["*"]))
    choice.populate(unicodes=signs)
    choice.subset(font)
    # Else the subscript of a letter that reaches below the line stands lower than others.
    font["MATH"].table.MathConstants.SubscriptBaselineDropMin.Value = -1000
    font.flavor = "woff"
    content = io.BytesIO()
    font.save(content)
    script = SCRIPT.format(base64.b64encode(content.getvalue()).decode())
    (Path(app.outdir) / "_static" / "formulas.js").write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above; called by Sphinx."""
    app.add_html_math_renderer("mathml", (write, None), (write, None))
    app.connect("html-page-context", add_font)
    app.connect("build-finished", write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
