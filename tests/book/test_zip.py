"""The zips of the built book, opened from disk as a class without a network opens them."""

import re
import zipfile

import pytest

from tests.book.visit import SITE
from tools import zip_book
from tools.chapters import ROOT, chapters
from tools.pack import NAME

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=[True, False], ids=["whole", "without solutions"])
def book(request, site, tmp_path_factory):
    """The book unpacked into a folder with spaces and letters beyond ASCII."""
    folder = tmp_path_factory.mktemp("Übung 7 – RNN & Gedächtnis")
    zip_book.write(SITE, folder / "book.zip", solutions=request.param)
    with zipfile.ZipFile(folder / "book.zip") as archive:
        archive.extractall(folder)
    return folder / NAME


def test_pages_open_without_a_request_or_an_error(visit, book):
    for name in (f"notebooks/{chapters()[0].stem}.html", "book/notation.html"):
        page = visit((book / name).as_uri())
        formulas = page.locator("span.math, div.math").count()
        assert page.locator(".math > mjx-container").count() == formulas > 0
    page.goto((book / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")


def test_the_search_works_from_disk(visit, book):
    page = visit((book / "search.html").as_uri() + "?q=gate")
    page.locator("#search-results ul.search li a").first.wait_for(timeout=20_000)


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
    if sources.exists():
        assert page.count("Show solution") == regions
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
