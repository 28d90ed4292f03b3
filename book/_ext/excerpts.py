"""What is said of a place elsewhere: at a link to it, and of a page to those who pass it on.

The text is the first paragraph there: a definition, a reference, how a chapter begins.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sphinx.application import Sphinx

from tools.built import texts

# Pages that links have a preview of: not those that a class does not get.
SHOWN = re.compile(r"notebooks/|book/(glossary|bibliography|notation)\.html#")

LINK = re.compile(r'<a class="reference internal[^"]*" href="([^"]+)"')
HEADING = re.compile(r"<h[1-6]>(.*?)<a class=\"headerlink\"", re.DOTALL)
PARAGRAPH = re.compile(r"<p(?: class=\"rubric\")?>(.*?)</p>", re.DOTALL)
LENGTH = 160  # of a description, in letters: what search engines show


@cache
def read(page: Path) -> str:
    """Return a built page."""
    return page.read_text(encoding="utf-8")


def words(html: str) -> str:
    """Return the text of some HTML in one line."""
    return " ".join(unescape(re.sub("<[^>]*>", "", html)).split())


def excerpt(html: str, anchor: str = "") -> str:
    """Return the heading at an anchor, if there is one, and the first paragraph after it."""
    start = html.find(f'id="{anchor}"' if anchor else "<h1>", max(0, html.find("<article")))
    if start < 0:
        return ""
    section = not anchor or html.rfind("<", 0, start) == html.rfind("<section", 0, start)
    heading = HEADING.search(html, start) if section else None
    paragraph = PARAGRAPH.search(html, start)
    said = f"<strong>{heading[1]}</strong> " if heading else ""
    said += paragraph[1] if paragraph else ""
    return re.sub(r'</?a\b[^>]*>| (?:id|tabindex)="[^"]*"', "", said)


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Say in the head of a page what it is about, for search engines and for messages.

    The picture of a message needs an address; it is there if ``html_baseurl`` gives one.
    """
    title = words(context.get("title", ""))
    opening = re.search(r"</h1>\s*<p>(.*?)</p>", context.get("body", ""), re.DOTALL)
    text = words(opening[1]) if opening else f"{title}: {app.config.project}"
    if len(text) > LENGTH:
        text = text[:LENGTH].rpartition(" ")[0].rstrip(",;:") + " …"
    said = {"og:type": "article", "og:site_name": app.config.project}
    said |= {"og:title": title, "og:description": text}
    if address := app.config.html_baseurl:
        said["og:url"] = posixpath.join(address, f"{page}.html")
        said["og:image"] = posixpath.join(address, "_static/readme.png")
    tags = [f'<meta property="{name}" content="{escape(s)}"/>' for name, s in said.items()]
    tags.append(f'<meta name="description" content="{escape(text)}"/>')
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags, ""])


def previews(site: Path, page: Path) -> Iterator[tuple[str, str]]:
    """Yield the links in the text of a page, each with what a reader finds there."""
    article = re.search(r"<article.*</article>", read(page), re.DOTALL)
    for link in sorted(set(LINK.findall(article[0] if article else ""))):
        name, _, anchor = link.partition("#")
        target = (page.parent / unquote(name)).resolve() if name else page
        shown = f"{target.relative_to(site).as_posix()}#{anchor}"
        if target.is_file() and SHOWN.match(shown):
            said = excerpt(read(target), unquote(anchor))
            if said:
                yield unescape(link), said


def write_excerpts(app: Sphinx, exception: Exception | None) -> None:
    """Put into each page what its links lead to, and all words where a search quotes them."""
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir).resolve()
    pages = [*site.glob("book/*.html"), *site.glob("notebooks/*.html")]
    found = {page: dict(previews(site, page)) for page in pages}
    for page, said in found.items():
        data = json.dumps(said, ensure_ascii=False).replace("</", "<\\/")
        script = f'<script type="application/json" id="previews">{data}</script>\n</body>'
        page.write_text(read(page).replace("</body>", script), encoding="utf-8")
    names = {page.relative_to(site).with_suffix("").as_posix(): read(page) for page in pages}
    (site / "_static" / "texts.js").write_text(texts(names), encoding="utf-8")
    read.cache_clear()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above; called by Sphinx."""
    app.connect("html-page-context", describe)
    app.connect("build-finished", write_excerpts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
