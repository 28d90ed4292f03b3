"""All figures of the book for slides: ``python -m tools.figures``, taken from the built pages.

``_build/figures`` gets a picture a figure, named by chapter and number, and ``index.html``,
which shows each with its caption and its alternative text, to copy into a slide.
"""

import argparse
import base64
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tools.built import pages, read
from tools.chapters import ROOT

CREDIT = "What Recurrent Networks Learn, the authors, CC BY 4.0"
PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Figures for slides</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 2rem auto }}
img {{ max-width: 100%; background: #fff }} figure {{ margin: 3rem 0 }}</style>
<h1>Figures for slides</h1>
<p>Below each figure stand its caption, its alternative text for those who cannot see it, the
name of its file, and the words that its licence asks you to show with it.</p>
{figures}
</html>
"""
FIGURE = """\
<figure><img src="{file}" alt="{alt}">
<figcaption><p><b>{caption}</b></p><p>{alt}</p>
<p><code>{file}</code> · {credit}</p></figcaption></figure>
"""


@dataclass(frozen=True)
class Figure:
    """A figure of the book.

    Attributes
    ----------
    file
        The page it is on and its place among the figures there: ``04_two_valleys-2.png``.
    picture
        The bytes of the file; of a live figure, the still picture.
    caption, alt
        What it says, and what it shows.
    """

    file: str
    picture: bytes
    caption: str
    alt: str


def figures(site: Path, toc: Path) -> Iterator[Figure]:
    """Yield the figures of the built book in the order of its pages.

    Raises
    ------
    FileNotFoundError
        If a page has not been built.
    ValueError
        For a figure without caption or alternative text.
    """
    for page in pages(site, toc):
        found = read(page.file).select("article figure:has(img)")
        for number, figure in enumerate(found, 1):
            name = f"{page.file.stem}-{number}"
            image, caption = figure.select_one("img"), figure.select_one("figcaption")
            if caption is None or not image.get("alt"):
                raise ValueError(f"{name}: a figure without caption or alternative text")
            for link in caption.select(".headerlink"):
                link.decompose()
            source = image["src"]
            if source.startswith("data:image/png;base64,"):
                kind, picture = ".png", base64.b64decode(source.partition(",")[2])
            else:
                kind = Path(source).suffix
                picture = (page.file.parent / source).read_bytes()
            words = " ".join(caption.get_text().split())
            yield Figure(name + kind, picture, words, " ".join(image["alt"].split()))


def write(found: list[Figure], target: Path) -> None:
    """Write pictures and their index; what stood in the folder goes."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shown = ""
    for figure in found:
        (target / figure.file).write_bytes(figure.picture)
        shown += FIGURE.format(
            file=escape(figure.file),
            alt=escape(figure.alt),
            caption=escape(figure.caption),
            credit=escape(CREDIT),
        )
    (target / "index.html").write_text(PAGE.format(figures=shown), "utf-8")


def main() -> None:
    """Collect the figures of the built book."""
    argparse.ArgumentParser(prog="python -m tools.figures", description=__doc__).parse_args()
    target = ROOT / "_build" / "figures"
    try:
        found = list(figures(ROOT / "_build" / "html", ROOT / "_toc.yml"))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"make figures: {error}")
    write(found, target)
    print(f"_build/figures: {len(found)} figures; open index.html")


if __name__ == "__main__":
    main()
