"""The built book as a zip that opens from disk: ``python -m tools.zip_book``.

Two files: the book as it is on the web, with its solutions folded, and one for a class. From
that the solutions are gone, and what checks say to them, the pages for teachers, the sources of
the pages, and the words of all these in the index and the texts of the search.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from sphinx.search.en import SearchEnglish

from tools.built import TEACHING, check_outputs, folded, texts
from tools.chapters import ROOT
from tools.pack import NAME, write_zip

# For Sphinx and for other books, never asked for by a page.
UNREAD = {".buildinfo", "objects.inv", "_static/readme.png"}


def without_solutions(page: str) -> BeautifulSoup:
    """Return a page as a class gets it.

    Parameters
    ----------
    page
        A built page.

    Returns
    -------
    BeautifulSoup
        The same page without solutions, without what checks say to them, and without links to
        its source and to pages for teachers. Answers to predictions and hints stay folded.
    """
    soup = BeautifulSoup(page, "html.parser")
    for item in list(folded(soup)):
        if item.kind == "solution":
            item.fold.decompose()
    for output in check_outputs(soup):
        output.decompose()
    for link in soup.select("a.btn-download-source-button"):
        link.find_parent("li").decompose()
    for link in soup.select("a[href], link[href]"):
        if PurePosixPath(urlsplit(link["href"]).path).stem in TEACHING:
            item = link.find_parent("li", class_="toctree-l1")
            if item or link.name == "link" or link.find_parent(class_="prev-next-area"):
                (item or link).decompose()
            else:
                link.unwrap()
    return soup


def index_of(script: str, words: Mapping[str, str]) -> str:
    """Return the index of the search without the words that a class does not get.

    Parameters
    ----------
    script
        ``searchindex.js`` of the built book.
    words
        The text of each page that stays, by its name without ``.html``.

    Returns
    -------
    str
        The same index, in which a page is found by the words on it alone.
    """
    index = json.loads(script.removeprefix("Search.setIndex(").removesuffix(")"))
    language = SearchEnglish({})
    stem = cache(language.stem)  # most words are on many pages
    on_page = []
    for name in index["docnames"]:
        split = set(language.split(words.get(name, "")))
        on_page.append({form for w in split for form in (w, w.lower(), stem(w.lower()))})
    for kind in ("terms", "titleterms"):
        for term, found in list(index[kind].items()):
            places = found if isinstance(found, list) else [found]
            index[kind][term] = [number for number in places if term in on_page[number]]
            if not index[kind][term]:
                del index[kind][term]
    for title, places in list(index["alltitles"].items()):
        index["alltitles"][title] = [p for p in places if index["docnames"][p[0]] in words]
    return f"Search.setIndex({json.dumps(index, ensure_ascii=False)})"


def for_class(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of the book that a class gets, as it gets them."""
    kept = {
        name: content
        for name, content in files.items()
        if not name.startswith("_sources/") and PurePosixPath(name).stem not in TEACHING
    }
    words = {}
    for name in [name for name in kept if name.endswith(".html")]:
        page = without_solutions(kept[name].decode("utf-8"))
        kept[name] = str(page).encode("utf-8")
        words[name.removesuffix(".html")] = page.get_text(" ")
    script = kept["searchindex.js"].decode("utf-8")
    kept["searchindex.js"] = index_of(script, words).encode("utf-8")
    pages = {name: kept[f"{name}.html"].decode("utf-8") for name in words}
    kept["_static/texts.js"] = texts(pages).encode("utf-8")
    return kept


def write(site: Path, target: Path, solutions: bool) -> int:
    """Zip a built book into a folder of its own and return the number of files.

    Parameters
    ----------
    site
        Folder of the built book.
    target
        The zip to write.
    solutions
        Whether solutions and sources stay.

    Raises
    ------
    FileNotFoundError
        If the book has not been built.
    """
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"{site} holds no book: run `make book` first")
    files = {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and path.relative_to(site).as_posix() not in UNREAD
    }
    if not solutions:
        files = for_class(files)
    write_zip(target, files)
    return len(files)


def main() -> None:
    """Write both zips."""
    parser = argparse.ArgumentParser(prog="python -m tools.zip_book", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--target", type=Path, default=ROOT / "_build")
    arguments = parser.parse_args()
    for suffix, solutions in (("-html", True), ("-html-without-solutions", False)):
        target = arguments.target / f"{NAME}{suffix}.zip"
        try:
            count = write(arguments.site, target, solutions)
        except FileNotFoundError as error:
            sys.exit(f"make zip: {error}")
        print(f"{target}: {count} files, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
