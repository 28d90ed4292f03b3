"""The built pages of the book: their order, what is folded in them, what a class does not get.

Read by the print edition (``tools.pdf``) and by the zip (``tools.zip_book``).
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, Tag

TEACHING = {"teaching", "running_a_class"}  # pages that a class does not get


@dataclass(frozen=True)
class Page:
    """A page of the book: its file in the site, and the part it begins (empty: none)."""

    file: Path
    part: str = ""


def pages(site: Path, toc: Path) -> list[Page]:
    """Return the pages of a built book in the order of the ``_toc.yml`` it was built from.

    Raises
    ------
    FileNotFoundError
        If a page has not been built.
    """
    contents = yaml.safe_load(toc.read_text(encoding="utf-8"))
    found = [Page(site / contents["root"])]
    for part in contents["parts"]:
        for number, chapter in enumerate(part["chapters"]):
            found.append(Page(site / chapter["file"], part["caption"] if number == 0 else ""))
    found = [Page(page.file.with_suffix(".html"), page.part) for page in found]
    for page in found:
        if not page.file.is_file():
            raise FileNotFoundError(f"{page.file} is not built: run `make book` first")
    return found


def read(page: Path) -> BeautifulSoup:
    """Parse a built page."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@dataclass(frozen=True)
class Folded:
    """Something folded on a page.

    Attributes
    ----------
    kind
        ``answer`` (to a prediction), ``hint``, ``solution``, or ``code`` (that draws a figure).
    title
        What the fold says, for a solution the exercise it belongs to.
    fold
        The element to take away or to open.
    inside
        What shows when it is open.
    """

    kind: str
    title: str
    fold: Tag
    inside: Tag


def folded(page: Tag) -> Iterator[Folded]:
    """Yield what is folded on a page, in order.

    Raises
    ------
    ValueError
        For a fold whose title says neither answer, hint, solution nor code.
    """
    for fold in page.select("details"):
        title = fold.summary.get_text(" ", strip=True)
        if fold.select_one("details") is not None:
            raise ValueError(f"a fold within a fold: {title}")
        exercise = fold.find_previous(class_="exercise")
        of = exercise.select_one(".admonition-title").get_text(strip=True) if exercise else ""
        if "sd-dropdown" in fold["class"]:
            inside = fold.select_one(".sd-summary-content")
            if title.startswith("Answer "):
                yield Folded("answer", title, fold, inside)
            elif re.match("hint", title, re.IGNORECASE):
                yield Folded("hint", of, fold, inside)
            elif re.match("one answer|solution", title, re.IGNORECASE):
                yield Folded("solution", of, fold, inside)
            else:
                raise ValueError(f"a fold of no known kind: {title!r}")
        else:
            cell = fold.find_parent(class_="cell")
            solution = "solution" in title.lower()
            inside = fold.select_one(".cell_input")
            if solution:
                yield Folded("solution", of, cell, inside)
            else:
                yield Folded("code", title, fold, inside)


def check_outputs(page: Tag) -> Iterator[Tag]:
    """Yield what the checks of exercises print when the solution is in place."""
    for cell in page.select("div.cell"):
        code, output = cell.select_one(".cell_input"), cell.select_one(".cell_output")
        if code and output and code.get_text().lstrip().startswith("checks."):
            yield output


def texts(contents: Mapping[str, str]) -> str:
    """Return a script with the words of pages, for the excerpts of a search from disk.

    Parameters
    ----------
    contents
        Built pages, by their names without ``.html``.
    """
    found = {}
    for name, page in contents.items():
        article = re.search("<article.*</article>", page, re.DOTALL)
        kept = re.sub(
            r"<(script|style)\b.*?</\1>|<[^>]*>",
            "",
            article[0] if article else "",
            flags=re.DOTALL,
        )
        found[name] = " ".join(html.unescape(kept).split())
    return f"const TEXTS = {json.dumps(found, ensure_ascii=False)};\n"
