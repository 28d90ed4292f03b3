"""The answer key: ``python -m tools.answer_key``, every exercise with its solution, as a PDF.

Made from the built pages and printed as the print edition is. For teachers: nothing that a
class gets holds it.
"""

import argparse
import re
import sys
from pathlib import Path
from urllib.parse import urljoin

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import sync_playwright

from tools.built import folded, pages, read
from tools.chapters import ROOT
from tools.pdf import COLUMN, STYLE, chromium, fit, head_of


def answers(article: Tag) -> list[Tag]:
    """Return the exercises of a page, each followed by its solution.

    Raises
    ------
    ValueError
        For an exercise that has none.
    """
    solved: dict[str, list[Tag]] = {}
    for fold in folded(article):
        if fold.kind == "solution":
            solved.setdefault(fold.title, []).append(fold.inside)
    found: list[Tag] = []
    for box in article.select(".exercise"):
        title = box.select_one(".admonition-title").get_text(strip=True)
        if not re.match(r"Exercise \d", title):  # an example of what one looks like
            continue
        if title not in solved:
            raise ValueError(f"{title!r} has no solution")
        found += [box, *solved[title]]
    return found


def document(site: Path, toc: Path, config: dict[str, str]) -> str:
    """Return the key as one HTML page, from what :func:`tools.built.pages` takes.

    Title, author and copyright are those of ``config``, the book's ``_config.yml``.
    """
    contents = pages(site, toc)
    empty = "<!doctype html><html lang='en'><head></head><body></body></html>"
    made = BeautifulSoup(empty, "html.parser")
    made.html["data-theme"] = made.html["data-mode"] = "light"
    for page in contents:
        article = read(page.file).select_one("article.bd-article")
        found = answers(article)
        if not found:
            continue
        for unneeded in article.select("script, noscript, .headerlink"):
            unneeded.decompose()
        for image in article.select("[src]"):
            image["src"] = urljoin(page.file.resolve().as_uri(), image["src"])
        for link in article.select("a"):
            link.unwrap()
        chapter = made.new_tag("article", attrs={"class": "bd-article chapter"})
        chapter.extend([article.h1, *found])
        made.body.append(chapter)
    title = made.new_tag("h1")
    title.string = f"{config['title']}: answer key"
    about = made.new_tag("p")
    about.string = (
        "For teachers. Every exercise with its solution; of an open one, one answer of many. "
        f"{config['author']}, {config['copyright']}. Code under the BSD 3-Clause licence, text "
        "and figures under CC BY 4.0."
    )
    made.body.insert(0, about)
    made.body.insert(0, title)
    made.head.extend([made.new_tag("meta", charset="utf-8"), made.new_tag("title")])
    made.head.title.string = title.string
    made.head.extend(head_of(contents))
    style = made.new_tag("style")
    style.string = STYLE.read_text("utf-8")
    made.head.append(style)
    return str(made)


def build(site: Path, toc: Path, target: Path, config: dict[str, str]) -> None:
    """Print the key; see :func:`document`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = target.with_suffix(".html")
    source.write_text(document(site, toc, config), "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": COLUMN, "height": 900}, color_scheme="light")
        page.set_default_timeout(600_000)
        page.emulate_media(media="print", color_scheme="light")
        page.goto(source.resolve().as_uri())
        fit(page)
        page.pdf(
            path=target,
            prefer_css_page_size=True,
            print_background=True,
            tagged=True,
            outline=True,
        )
        browser.close()
    source.unlink()


def main() -> None:
    """Print the answer key of the built book."""
    argparse.ArgumentParser(prog="python -m tools.answer_key", description=__doc__).parse_args()
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    target = ROOT / "_build" / "answer-key.pdf"
    try:
        build(ROOT / "_build" / "html", ROOT / "_toc.yml", target, config)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"make key: {error}")
    print("_build/answer-key.pdf: for teachers")


if __name__ == "__main__":
    main()
