"""The print edition: ``python -m tools.pdf``, made from the built pages.

The pages become one document, which Chromium prints: so links between chapters work, fonts are
embedded once, and headings become bookmarks and tags for screen readers. What is folded on a
page stands at the end of the book, with its page number where it was folded. A second file is
the same without solutions. The code that only draws a figure is left to the notebooks.
"""

import argparse
import io
import logging
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import BooleanObject, DictionaryObject, NameObject, TextStringObject

from tools.built import TEACHING, Page, check_outputs, folded, pages, read
from tools.chapters import ROOT
from tools.pack import NAME

STYLE = Path(__file__).with_name("pdf.css")
APPENDICES = {
    "hint": "Hints for the exercises",
    "answer": "Answers to the predictions",
    "solution": "Solutions of the exercises",
}
LEAVE_OUT = """() => {
for (const part of document.querySelectorAll('.solution')) part.remove();
for (const link of document.querySelectorAll('a[href^="#"]')) {
  if (!document.getElementById(link.getAttribute('href').slice(1)))
    link.replaceWith(...link.childNodes);
} }"""
COLUMN = 650  # CSS pixels between the margins of a page; pdf.css sets the margins


def chromium() -> str:
    """Return the system's Chromium or Chrome; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    found = named or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit(
            "make pdf: no Chromium found: install it (Debian: apt-get install chromium) "
            "or name one in the environment variable CHROMIUM"
        )
    return found


class Book:
    """All pages in one document.

    Parameters
    ----------
    contents
        The pages in order.
    config
        Title, author and year, as in ``_config.yml``.
    """

    def __init__(self, contents: list[Page], config: dict[str, str]) -> None:
        self.config = config
        self.soup = BeautifulSoup("<!doctype html><html><head></head></html>", "html.parser")
        self.pages = contents
        self.read = {page.file.resolve(): read(page.file) for page in contents}
        self.articles = {
            file: soup.select_one("article.bd-article") for file, soup in self.read.items()
        }
        self.ids = self._unique_ids()
        self.kept: dict[str, list[tuple[str, Tag]]] = {kind: [] for kind in APPENDICES}

    def _unique_ids(self) -> dict[tuple[Path, str], str]:
        """Give an id that several pages use the name of its page."""
        taken: set[str] = set()
        names = {}
        for file, article in self.articles.items():
            for element in article.select("[id]"):
                old = element["id"]
                new = old if old not in taken else f"{file.stem}-{old}"
                taken.add(new)
                names[file, old] = element["id"] = new
        return names

    def tag(self, name: str, *inside: Tag | str, **attributes: str) -> Tag:
        """Make an element."""
        attributes = {key.rstrip("_"): value for key, value in attributes.items()}
        made = self.soup.new_tag(name, attrs=attributes)
        made.extend(inside)
        return made

    def reference(self, anchor: str) -> Tag:
        """Make a link that shows a page number, filled in once the pages are known."""
        return self.tag("a", "000", href=f"#{anchor}", class_="page-number")

    def html(self, head: Tag) -> str:
        """Return the whole document; ``head`` brings the styles."""
        chapters = [self._chapter(page) for page in self.pages]
        body = self.tag("body", self._title_page())
        lines = []
        for page, article in zip(self.pages, chapters, strict=True):
            if page.part:
                lines.append(self.tag("p", page.part, class_="contents-part"))
            lines.append(self._line(article))
        kinds = [kind for kind in APPENDICES if self.kept[kind]]
        appendices = [self._appendix(kind) for kind in kinds]
        lines.append(self.tag("p", "At the end", class_="contents-part"))
        lines += map(self._line, appendices)
        contents = self.tag("nav", self.tag("h1", "Contents"), *lines, class_="book-contents")
        body.extend([contents, *chapters, *appendices])
        self.soup.html["lang"] = "en"
        self.soup.html["data-theme"] = "light"
        self.soup.html["data-mode"] = "light"
        self.soup.html.append(body)
        self.soup.head.extend(
            [self.tag("meta", charset="utf-8"), self.tag("title", self.config["title"])]
        )
        self.soup.head.extend(head)
        self.soup.head.append(
            self.tag("style", STYLE.read_text(encoding="utf-8") + self._running_heads(chapters))
        )
        return str(self.soup)

    def _title_page(self) -> Tag:
        config = self.config
        licences = "Code under the BSD 3-Clause licence, text and figures under CC BY 4.0."
        return self.tag(
            "section",
            self.tag("p", config["title"], class_="book-title"),
            self.tag(
                "p",
                "Read their weights, open their gates, run them backwards",
                class_="subtitle",
            ),
            self.tag("p", config["author"], class_="author"),
            self.tag(
                "p",
                "The print edition. Hints and answers stand at the end. The code that only "
                "draws a figure is in the notebooks.",
                class_="edition",
            ),
            self.tag(
                "p", "Solutions of the exercises stand at the end.", class_="edition solution"
            ),
            self.tag("p", f"{config['copyright']}. {licences}", class_="edition"),
            class_="title-page",
        )

    def _line(self, article: Tag) -> Tag:
        """Make a line of the table of contents, which goes where its article goes."""
        goes = " solution" if "solution" in article["class"] else ""
        heading = article.h1
        title = BeautifulSoup(heading.decode_contents(), "html.parser")
        link = self.tag("a", title, href=f"#{article['id']}", class_="contents-title")
        return self.tag(
            "p",
            link,
            self.tag("span", class_="dots"),
            self.reference(article["id"]),
            class_=f"contents-line{goes}",
        )

    def _running_heads(self, chapters: list[Tag]) -> str:
        """Name the chapter at the top of each of its pages but the first."""
        rules = []
        for number, article in enumerate(chapters):
            words = (
                article.h1.get_text(" ", strip=True).replace("\\", "\\\\").replace('"', '\\"')
            )
            rules.append(f"#{article['id']} {{ page: chapter{number}; }}")
            rules.append(f'@page chapter{number} {{ @top-left {{ content: "{words}"; }} }}')
        return "\n".join(rules)

    def _chapter(self, page: Page) -> Tag:
        """Take a page's article: printable, with links that lead within the document."""
        file = page.file.resolve()
        article = self.articles[file]
        for output in check_outputs(article):
            output["class"].append("solution")
        # Without their scripts, live figures stay the still pictures they are on paper.
        for unneeded in article.select("script, noscript, .headerlink"):
            unneeded.decompose()
        self._resolve(article, file)
        self._move_folds(article, file)
        article["id"] = f"page-{file.stem}"
        article["class"] = ["bd-article", "chapter", *(["begins-part"] if page.part else [])]
        if file.stem in TEACHING:
            article["class"].append("solution")
        if page.part:
            article.insert(0, self.tag("p", page.part, class_="part"))
        return article

    def _resolve(self, article: Tag, file: Path) -> None:
        base = file.as_uri()
        for element in article.select("[src]"):
            element["src"] = urljoin(base, element["src"])
        for link in article.select("a[href]"):
            url, fragment = urldefrag(urljoin(base, link["href"]))
            scheme = urlsplit(url).scheme
            if scheme != "file":
                continue
            target = Path(url2pathname(unquote(urlsplit(url).path)))
            if target not in self.articles:
                link.unwrap()
            elif fragment:
                link["href"] = f"#{self.ids.get((target, fragment), fragment)}"
            else:
                link["href"] = f"#page-{target.stem}"

    def _move_folds(self, article: Tag, file: Path) -> None:
        """Take what is folded to the end of the book, and say on which page it is."""
        chapter = article.h1.get_text(" ", strip=True)
        for number, item in enumerate(list(folded(article))):
            if item.kind == "code":
                item.fold.decompose()
                continue
            inside = item.inside.extract()
            inside["class"] = ["moved"]
            kept = self.kept[item.kind]
            if kept and kept[-1][0] == chapter and kept[-1][1].h3.get_text() == item.title:
                kept[-1][1].append(inside)  # the same exercise goes on: words after code
                item.fold.decompose()
                continue
            anchor = f"{item.kind}-{file.stem}-{number}"
            kept.append(
                (chapter, self.tag("section", self.tag("h3", item.title), inside, id=anchor))
            )
            label = item.title if item.kind == "answer" else item.kind.capitalize()
            where = self.tag("p", f"{label}: page ", self.reference(anchor))
            where["class"] = f"see-page {item.kind}"
            item.fold.replace_with(where)

    def _appendix(self, kind: str) -> Tag:
        article = self.tag(
            "article",
            self.tag("h1", APPENDICES[kind]),
            class_=f"bd-article chapter {kind}",
            id=f"appendix-{kind}",
        )
        chapter = ""
        for of, section in self.kept[kind]:
            if of != chapter:
                article.append(self.tag("h2", of))
                chapter = of
            article.append(section)
        return article


def head_of(contents: list[Page]) -> Tag:
    """Return the styles of a page that has formulas, and their font, with full addresses."""
    with_formulas = (p for p in contents if "formulas.js" in p.file.read_text("utf-8"))
    chosen = next(with_formulas, contents[0])
    head = read(chosen.file).head
    base = chosen.file.resolve().as_uri()
    for element in list(head.find_all(True)):
        if element.name == "link" and "stylesheet" in element.get("rel", []):
            element["href"] = urljoin(base, element["href"])
        elif "formulas.js" in element.get("src", ""):
            element["src"] = urljoin(base, element["src"])
        else:
            element.extract()
    return head


def fit(page: BrowserPage) -> None:
    """Scale formulas and tables that are wider than the column."""
    page.evaluate(
        """column => {
        for (const box of document.querySelectorAll('div.math, table')) {
          const wide = box.tagName === 'TABLE' ? box.offsetWidth : box.scrollWidth;
          const room = box.parentElement.getBoundingClientRect().width || column;
          if (wide > room) {
            const size = parseFloat(getComputedStyle(box).fontSize);
            box.style.fontSize = `${Math.floor(100 * size * room / wide) / 100}px`;
          }
        } }""",
        COLUMN,
    )


def fill_in(page: BrowserPage, numbers: dict[str, int]) -> bool:
    """Write page numbers into the document; say whether one of them was new."""
    return page.evaluate(
        """numbers => { let changed = false;
        for (const link of document.querySelectorAll('a.page-number')) {
          if (link.getClientRects().length === 0) continue;
          const number = String(numbers[link.getAttribute('href').slice(1)]);
          changed ||= link.textContent !== number;
          link.textContent = number;
        } return changed; }""",
        numbers,
    )


def print_pages(page: BrowserPage) -> PdfReader:
    """Print the document, again until its page numbers are right."""
    for _ in range(4):
        pdf = page.pdf(
            prefer_css_page_size=True, print_background=True, tagged=True, outline=True
        )
        reader = PdfReader(io.BytesIO(pdf))
        numbers = {
            name.removeprefix("/"): reader.get_destination_page_number(place) + 1
            for name, place in reader.named_destinations.items()
        }
        if not fill_in(page, numbers):
            return reader
    raise RuntimeError("the page numbers do not settle")


def bookmarks(writer: PdfWriter) -> list[DictionaryObject]:
    """Return the bookmarks of a PDF in the order of its headings."""
    found = []

    def walk(parent: DictionaryObject) -> None:
        child = parent.get("/First")
        while child is not None:
            child = child.get_object()
            found.append(child)
            walk(child)
            child = child.get("/Next")

    walk(writer.root_object["/Outlines"].get_object())
    return found


def write(reader: PdfReader, target: Path, config: dict[str, str], headings: list[str]) -> None:
    """Write a PDF with title, author and language, which opens with its bookmarks shown.

    Chromium makes a bookmark of every heading, but stutters in some of their names.
    """
    writer = PdfWriter(clone_from=reader)
    for bookmark, heading in zip(bookmarks(writer), headings, strict=True):
        bookmark[NameObject("/Title")] = TextStringObject(heading)
    writer.add_metadata(
        {
            "/Title": config["title"],
            "/Author": config["author"],
            "/Subject": "An executable book about what recurrent networks learn",
        }
    )
    writer.page_mode = "/UseOutlines"
    root = writer.root_object
    root[NameObject("/Lang")] = TextStringObject("en")
    root[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)


def build(site: Path, toc: Path, folder: Path, config: dict[str, str]) -> dict[Path, int]:
    """Print the book whole and without solutions.

    Parameters
    ----------
    site
        Folder of the built book.
    toc
        The ``_toc.yml`` it was built from.
    folder
        Where the two files go.
    config
        ``_config.yml``: title, author, copyright.

    Returns
    -------
    dict
        The two files, each with its number of pages.
    """
    contents = pages(site, toc)
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole.html"
    whole.write_text(Book(contents, config).html(head_of(contents)), encoding="utf-8")
    made = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": COLUMN, "height": 900}, color_scheme="light")
        page.set_default_timeout(600_000)
        page.emulate_media(media="print", color_scheme="light")
        page.goto(whole.resolve().as_uri())
        page.evaluate("document.fonts.ready.then(() => null)")
        fit(page)
        for suffix in ("", "-without-solutions"):
            if suffix:
                page.evaluate(LEAVE_OUT)
            headings = page.evaluate(
                "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]"
                ".filter(h => h.getClientRects().length).map(h => h.innerText)"
            )
            target = folder / f"{NAME}{suffix}.pdf"
            reader = print_pages(page)
            write(reader, target, config, headings)
            made[target] = len(reader.pages)
        browser.close()
    whole.unlink()
    return made


def main() -> None:
    """Print the book twice: whole, and without solutions."""
    parser = argparse.ArgumentParser(prog="python -m tools.pdf", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--toc", type=Path, default=ROOT / "_toc.yml")
    parser.add_argument("--target", type=Path, default=ROOT / "_build" / "pdf")
    arguments = parser.parse_args()
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it counts Chromium's objects
    try:
        made = build(arguments.site, arguments.toc, arguments.target, config)
    except FileNotFoundError as error:
        sys.exit(f"make pdf: {error}")
    for target, count in made.items():
        print(f"{target}: {count} pages")


if __name__ == "__main__":
    main()
