"""The zips of the built book, opened from disk as a class without a network opens them."""

import html
import json
import re
import zipfile

import nbformat
import numpy as np
import pytest
from sphinx.search.en import SearchEnglish

from tests.book.visit import SITE
from tools import zip_book
from tools.chapters import REFERENCES, ROOT, chapters
from tools.pack import NAME

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["whole", "without solutions"])
def book(request, site, tmp_path_factory):
    """The book unpacked into a folder with spaces and letters beyond ASCII."""
    if request.param == "without solutions":
        return request.getfixturevalue("class_book")
    folder = tmp_path_factory.mktemp("Übung 7 – RNN & Gedächtnis")
    zip_book.write(SITE, folder / "book.zip", solutions=True)
    with zipfile.ZipFile(folder / "book.zip") as archive:
        archive.extractall(folder)
    return folder / NAME


def test_pages_open_without_a_request_or_an_error(visit, book):
    for name in (f"notebooks/{chapters()[0].stem}.html", "book/notation.html"):
        page = visit((book / name).as_uri())
        formulas = page.locator("span.math, div.math").count()
        assert page.locator(".math > math").count() == formulas > 0
    page.goto((book / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")


def test_the_search_works_from_disk(visit, book):
    page = visit((book / "search.html").as_uri() + "?q=gate")
    page.locator("#search-results ul.search li a").first.wait_for(timeout=20_000)
    excerpts = page.locator("#search-results p.context")
    excerpts.first.wait_for(timeout=20_000)
    assert all("gate" in text.lower() for text in excerpts.all_inner_texts()[:3])


def said_by_checks(slug):
    """Return what the checks of a chapter print when its solutions are in place."""
    cells = nbformat.read(REFERENCES / f"{slug}.ipynb", as_version=4).cells
    checks = [
        c for c in cells if c.metadata.get("nbgrader", {}).get("grade") and "outputs" in c
    ]
    return ["".join(output.text for output in cell.outputs).strip() for cell in checks]


def names_in_solutions(slug):
    """Return the names with an underscore that a chapter writes in its solutions alone."""
    chapter = (ROOT / "notebooks" / f"{slug}.md").read_text("utf-8")
    region = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)
    inside, outside = " ".join(region.findall(chapter)), region.sub("", chapter)
    return {*re.findall(r"[a-z]+_[a-z]+", inside)} - {*re.findall(r"\w+", outside)}


def test_a_class_gets_no_page_for_teachers_and_no_name_from_a_solution_in_the_search(book):
    script = (book / "searchindex.js").read_text("utf-8")
    index = json.loads(script.removeprefix("Search.setIndex(").removesuffix(")"))
    found = [
        (slug, name)
        for slug in (chapter.stem for chapter in chapters())
        for name in names_in_solutions(slug)
        if index["docnames"].index(f"notebooks/{slug}")
        in np.ravel(index["terms"].get(SearchEnglish({}).stem(name), []))
    ]
    whole = (book / "_sources").exists()
    assert bool(found) == whole, found
    assert (book / "book" / "teaching.html").exists() == whole
    pages = [page.read_text("utf-8") for page in book.rglob("*.html")]
    assert any("teaching.html" in page for page in pages) == whole


@pytest.mark.parametrize("slug", [chapter.stem for chapter in chapters()])
def test_the_class_gets_no_solution_and_everybody_else_does(book, slug):
    chapter = (ROOT / "notebooks" / f"{slug}.md").read_text("utf-8")
    page = (book / "notebooks" / f"{slug}.html").read_text("utf-8")
    regions = chapter.count("### BEGIN SOLUTION")
    assert regions > 0
    answers = len(re.findall(r"^:::\{dropdown\} Answer", chapter, re.MULTILINE))
    assert page.count('sd-summary-text">Answer') == answers > 0
    sources = book / "_sources" / "notebooks" / f"{slug}.md"
    assert "BEGIN SOLUTION" not in page  # a mark for nbgrader
    printed = [said for said in said_by_checks(slug) if said in html.unescape(page)]
    assert bool(printed) == sources.exists()
    script = (book / "_static" / "texts.js").read_text("utf-8")
    texts = json.loads(script.removeprefix("const TEXTS = ").rstrip(";\n"))
    words = set(re.findall(r"\w+", texts[f"notebooks/{slug}"]))
    assert bool(words & names_in_solutions(slug)) <= sources.exists()
    if sources.exists():
        assert page.count("Show solution") == chapter.count("prompt_show: Show solution")
        assert "btn-download-source-button" in page
    else:
        for left in ("Show solution", "One answer", "download-source"):
            assert left not in page
        assert page.count('class="exercise admonition"') == chapter.count(":class: exercise")


def test_the_same_book_gives_the_same_bytes(tmp_path):
    zip_book.write(SITE, tmp_path / "a.zip", solutions=True)
    zip_book.write(SITE, tmp_path / "b.zip", solutions=True)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_book_that_is_not_built_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `make book` first"):
        zip_book.write(tmp_path, tmp_path / "a.zip", solutions=True)
