"""The print edition: every page of the book on paper, readable, linked and tagged."""

import functools
import re

import pytest
import yaml
from pypdf import PdfReader

from tests.book.visit import SITE, chromium
from tools import built, pdf
from tools.chapters import ROOT, chapters

TOC = ROOT / "_toc.yml"

pytestmark = [pytest.mark.browser, pytest.mark.desk]


def plain(text):
    """Return text without what line breaks and ligatures do to it on paper."""
    for joined, letters in (("ﬁ", "fi"), ("ﬂ", "fl"), ("ﬀ", "ff"), ("ﬃ", "ffi"), ("ﬄ", "ffl")):
        text = text.replace(joined, letters)
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def editions(site, tmp_path_factory):
    chromium()
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    made = pdf.build(SITE, TOC, tmp_path_factory.mktemp("pdf"), config)
    return [PdfReader(path) for path in made]


@pytest.fixture(scope="module")
def texts(editions):
    return [page.extract_text() for page in editions[0].pages]


@functools.cache
def titles():
    found = []
    for page in built.pages(SITE, TOC):
        heading = built.read(page.file).select_one("article h1")
        heading.select_one(".headerlink").decompose()
        found.append(heading.get_text().strip())
    return found


def test_every_page_of_the_book_is_in_it_in_order_and_bookmarked(editions, texts):
    reader = editions[0]
    assert len(reader.pages) > 7 * len(chapters())
    starts = {
        plain(mark.title): reader.get_destination_page_number(mark)
        for mark in reader.outline
        if not isinstance(mark, list)
    }
    places = []
    for title in titles():
        assert plain(title) in starts, title
        places.append(starts[plain(title)])
        assert plain(title) in plain(texts[places[-1]])
    assert places == sorted(places)
    contents = plain("".join(texts[: places[0]]))
    for title, place in zip(titles(), places, strict=True):
        assert f"{plain(title)}{place + 1}" in contents, "a wrong page number in the contents"


def test_no_page_is_blank(texts):
    # a page holds at least a line beside its number
    assert [number for number, text in enumerate(texts, 1) if len(text) < 30] == []


def test_formulas_are_typeset(texts):
    for number, page in enumerate(texts, 1):
        # In code a backslash and a name may stand; not in prose.
        # A whole word of a, b and $ is a string of symbols ("bba$b$$"), not TeX.
        text = re.sub(r"(?<!\S)[ab$]*[ab][ab$]*(?!\S)", "", page)
        raw = r"\$\$|\\\(|\\\[|\\frac|\\begin\{|\\mathbf"
        assert not re.search(raw, text), number


def test_no_page_number_is_missing(texts):
    for number, text in enumerate(texts, 1):
        assert "undefined" not in text.replace("undefined name", ""), number
        assert not re.search(r"page 000\b", text), number


def test_all_fonts_are_embedded(editions):
    for page in editions[0].pages:
        fonts = page["/Resources"].get("/Font", {})
        for font in (font.get_object() for font in fonts.values()):
            if font["/Subtype"] == "/Type3":  # carries its letters itself
                continue
            descendants = [d.get_object() for d in font.get("/DescendantFonts", [font])]
            for descendant in descendants:
                descriptor = descendant["/FontDescriptor"]
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)


def test_it_is_tagged_titled_and_in_english(editions):
    for reader in editions:
        root = reader.root_object
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"] == "en"
        assert "/StructTreeRoot" in root
        assert reader.metadata.title == "What Recurrent Networks Learn"
        assert reader.metadata.author == "The authors"


def test_links_within_the_book_lead_to_a_page(editions):
    for reader in editions:
        places = reader.named_destinations
        links = 0
        for page in reader.pages:
            for note in (note.get_object() for note in page.get("/Annots", [])):
                if "/Dest" in note:
                    assert note["/Dest"] in places
                    links += 1
                else:
                    assert note["/A"]["/URI"].startswith(("https://", "http://"))
        assert links > 100


def test_figures_are_there(editions):
    figures = sum(file.read_text("utf-8").count("mystnb:\n  figure:") for file in chapters())
    pictures = sum(
        thing.get_object()["/Subtype"] == "/Image"
        for page in editions[0].pages
        for thing in page["/Resources"].get("/XObject", {}).values()
    )
    assert pictures >= figures


def test_solutions_are_in_the_first_and_not_in_the_second(editions, texts):
    whole = plain("".join(texts))
    assert plain("BEGIN SOLUTION") not in whole  # a mark for nbgrader
    rest = plain("".join(page.extract_text() for page in editions[1].pages))
    left_out = ("Solutions of the exercises", "Solution: page", "For teachers")
    for left in (*left_out, "first_wrong_length: right"):  # said by a check
        assert plain(left) in whole
        assert plain(left) not in rest
    assert plain("Answers to the predictions") in rest
