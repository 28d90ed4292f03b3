"""The MyST a chapter may use, turned into Markdown that JupyterLab renders without extensions.

Anything else in MyST is refused, so that a learner never sees raw markup. Mathematics, code
spans and fenced code pass through untouched.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

BOXES = {"note": "Note", "tip": "Tip", "warning": "Warning"}
CLASSES = ("objectives", "predict", "exercise", "hint")

FENCE = re.compile(r"\s*(?P<ticks>`{3,}|~{3,})\s*(?P<info>.*)")
COLONS = re.compile(r" {0,3}(?P<colons>:{3,})\s*(?P<rest>.*?)\s*")
OPENING = re.compile(r"\{(?P<name>[^}]*)\}\s*(?P<title>.*)")
OPTION = re.compile(r":(?P<key>[\w-]+):\s*(?P<value>.*)")

SAME_PARAGRAPH = r"(?:(?!\n[ \t]*\n).)+?"
INLINE = re.compile(
    rf"""
    (?P<escape>\\[^\w\s])
  | \{{(?P<role>[A-Za-z][\w:.+-]*)\}}(?P<tick>`+)(?P<text>{SAME_PARAGRAPH})(?P=tick)(?!`)
  | (?P<code>(?<!`)(?P<fence>`+)(?!`){SAME_PARAGRAPH}(?<!`)(?P=fence)(?!`))
  | (?P<math>\$\$.+?\$\$ | \$(?:\\.|(?!\n[ \t]*\n)[^$\\])+?\$
      | \\begin\{{(?P<env>\w+\*?)\}}.*?\\end\{{(?P=env)\}})
    """,
    re.VERBOSE | re.DOTALL,
)
MASK = re.compile("\ue000(\\d+)\ue001")
LABEL = re.compile(r"[ \t]*\([\w:-]+\)[ \t]*$", re.MULTILINE)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^()]*)\)")

# Searched in prose from which code, mathematics and known roles have been taken out.
LEFTOVERS = {
    "a directive or its end": r"^\s*:{3,}.*",
    "a target": r"^\s*\([^()\s]+\)=\s*$",
    "a comment": r"^%.*",
    "a cell break": r"^\+\+\+.*",
    "a definition list": r"^:\s.*",
    "a link defined elsewhere": r"^\s*\[[^\]]+\]:.*",
    "a footnote": r"\[\^[^\]]*\]",
    "a substitution": r"\{\{.*",
    "a role": r"\{[A-Za-z][\w:.+-]*\}.*",
    "an attribute": r"(?<=[\]\ue001])\{.*|^\{[.#].*",
    "raw HTML": r"</?(?!https?:|mailto:)[A-Za-z][^>]*>|<!--",
}


@dataclass(frozen=True)
class Block:
    """A piece of a Markdown cell.

    Attributes
    ----------
    kind
        ``prose``, ``code`` (fenced), or the name of a directive.
    text
        The lines as written; for a directive those of its body.
    title, style
        A directive's title and the value of its ``:class:``.
    """

    kind: str
    text: str
    title: str = ""
    style: str = ""


class Bibliography:
    """The entries of a BibTeX file, cited by author and year.

    Parameters
    ----------
    path
        A ``.bib`` file; without one, every citation is an error.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._data = parse_file(str(path), "bibtex") if path else BibliographyData()

    def _entry(self, key: str) -> Entry:
        if key not in self._data.entries:
            raise ValueError(f"no entry {key!r} in book/references.bib")
        return self._data.entries[key]

    def _who_and_when(self, key: str) -> tuple[str, str]:
        entry = self._entry(key)
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        names = [
            " ".join(str(part) for part in [*p.rich_prelast_names, *p.rich_last_names])
            for p in people
        ]
        who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
        if not who:
            who = f"“{Text.from_latex(entry.fields['title'])}”"
        return who, entry.fields.get("year", "no date")

    def textual(self, keys: Iterable[str]) -> str:
        """Cite as part of a sentence: ``Author and Author (year)``.

        A work without a named author is cited by its title.
        """
        return " and ".join("{} ({})".format(*self._who_and_when(key)) for key in keys)

    def parenthetical(self, keys: Iterable[str]) -> str:
        """Cite in brackets: ``(Author et al., year)``."""
        return "({})".format("; ".join("{}, {}".format(*self._who_and_when(k)) for k in keys))

    def references(self, keys: Iterable[str]) -> list[str]:
        """Write out the cited entries in Markdown, sorted by author and year."""
        style = find_plugin("pybtex.style.formatting", "plain")()
        backend = find_plugin("pybtex.backends", "markdown")()
        entries = [self._entry(key) for key in sorted(set(keys))]
        return [
            " ".join(formatted.text.render(backend).split())
            for formatted in style.format_entries(style.sort(entries))
        ]


@dataclass(frozen=True)
class Links:
    """What the links and citations of a chapter may point at.

    Attributes
    ----------
    chapters
        The chapters that exist, as ``NN_slug``.
    bibliography
        Where citations are looked up.
    """

    chapters: frozenset[str]
    bibliography: Bibliography


def parse(text: str) -> list[Block]:
    r"""Split a Markdown cell into prose, fenced code and directives.

    Parameters
    ----------
    text
        Source of the cell.

    Returns
    -------
    list of Block
        In order; joined, they are the cell.

    Raises
    ------
    ValueError
        For a directive that a chapter may not use, a nested one, or one without an end.

    Examples
    --------
    >>> [block.kind for block in parse("Text.\n:::{note}\nMind.\n:::")]
    ['prose', 'note']
    """
    blocks: list[Block] = []
    prose: list[str] = []
    lines = iter(text.split("\n"))

    def flush() -> None:
        if prose:
            blocks.append(Block("prose", "\n".join(prose)))
            prose.clear()

    for line in lines:
        if fence := FENCE.fullmatch(line):
            flush()
            blocks.append(Block("code", "\n".join(_fenced(line, fence, lines))))
        elif (colons := COLONS.fullmatch(line)) and colons["rest"]:
            flush()
            blocks.append(_directive(line, colons, lines))
        else:
            prose.append(line)
    flush()
    return blocks


def _fenced(line: str, fence: re.Match[str], lines: Iterator[str]) -> list[str]:
    """Take the lines of fenced code, its first line given."""
    if fence["info"].startswith("{"):
        raise ValueError(f"unknown directive: {line.strip()!r}")
    taken = [line]
    closing = re.compile(rf"\s*{fence['ticks'][0]}{{{len(fence['ticks'])},}}\s*")
    for inner in lines:
        taken.append(inner)
        if closing.fullmatch(inner):
            return taken
    raise ValueError(f"fenced code without an end: {line.strip()!r}")


def _directive(line: str, colons: re.Match[str], lines: Iterator[str]) -> Block:
    """Take the lines of a directive, its first line given."""
    opening = OPENING.fullmatch(colons["rest"])
    name = opening["name"] if opening else ""
    if not opening or name not in (*BOXES, "admonition", "dropdown"):
        raise ValueError(f"unknown directive: {line.strip()!r}")
    title = opening["title"]
    if bool(title) != (name in ("admonition", "dropdown")):
        raise ValueError(f"{name} {'takes no' if title else 'needs a'} title: {line.strip()!r}")
    options: dict[str, str] = {}
    body: list[str] = []
    for inner in lines:
        if fence := FENCE.fullmatch(inner):
            body += _fenced(inner, fence, lines)
        elif end := COLONS.fullmatch(inner):
            if end["rest"]:
                raise ValueError(f"{inner.strip()!r} inside {line.strip()!r}: no nesting")
            break
        elif not body and (option := OPTION.fullmatch(inner.strip())):
            options[option["key"]] = option["value"].strip()
        else:
            body.append(inner)
    else:
        raise ValueError(f"directive without an end: {line.strip()!r}")
    style = options.pop("class", "")
    if options or (style and name != "admonition") or style not in (*CLASSES, ""):
        raise ValueError(
            f"{line.strip()!r} takes no option but a :class: {' | '.join(CLASSES)} "
            f"(admonition only), got {options or style}"
        )
    return Block(name, "\n".join(body).strip("\n"), title, style)


def render(blocks: Iterable[Block], links: Links, cited: set[str] | None = None) -> str:
    r"""Write blocks as Markdown for plain JupyterLab.

    Parameters
    ----------
    blocks
        From :func:`parse`.
    links
        What links and citations may point at.
    cited
        Receives the keys of all citations.

    Returns
    -------
    str
        Boxes as quotes with a bold title, dropdowns as ``<details>``.

    Raises
    ------
    ValueError
        For MyST that a chapter may not use; the message holds the text.

    Examples
    --------
    >>> links = Links(frozenset({"02_b"}), Bibliography())
    >>> print(render(parse(":::{tip}\nSee [it](02_b.md).\n:::"), links))
    > **Tip**
    >
    > See [it](02_b.ipynb).
    """
    lines: list[str] = []
    after_box = False
    for block in blocks:
        if block.kind in ("prose", "code"):
            text = block.text if block.kind == "code" else inline(block.text, links, cited)
            new = text.split("\n")
            if after_box and new[0].strip():
                lines.append("")
            after_box = False
            lines += new
            continue
        if after_box or (lines and lines[-1].strip()):
            lines.append("")
        after_box = True
        quoted = block.kind != "dropdown"
        body = "\n".join(
            inner.text if inner.kind == "code" else inline(inner.text, links, cited, quoted)
            for inner in parse(block.text)
        )
        if quoted:
            title = inline(block.title or BOXES[block.kind], links, cited)
            text = f"**{title}**\n\n{body}"
            lines += [f"> {line}".rstrip() for line in text.split("\n")]
        else:
            summary = _as_html(block.title, links, cited)
            lines += [f"<details><summary>{summary}</summary>", "", body, "", "</details>"]
    return "\n".join(lines).strip("\n")


def inline(
    text: str, links: Links, cited: set[str] | None = None, one_line_math: bool = False
) -> str:
    """Replace roles and links in running text.

    Parameters
    ----------
    text
        Markdown without directives and fenced code.
    links, cited
        As in :func:`render`.
    one_line_math
        Put each formula on one line. In a quote, JupyterLab takes the ``>`` in front of a
        formula's second line for part of the formula.

    Returns
    -------
    str
        Markdown without MyST.

    Raises
    ------
    ValueError
        As in :func:`render`.

    Examples
    --------
    >>> links = Links(frozenset(), Bibliography())
    >>> inline("A {term}`gate`, `{term}` and $U^{t}$.", links)
    'A *gate*, `{term}` and $U^{t}$.'
    """
    masked, hidden = _mask(text, links, cited, one_line_math)
    masked = LINK.sub(lambda match: _link(match, links, _unmask(match[0], hidden)), masked)
    for kind, pattern in LEFTOVERS.items():
        if found := re.search(pattern, masked, re.MULTILINE):
            raise ValueError(f"{kind}, which chapters may not use: {_around(found, hidden)!r}")
    return _unmask(masked, hidden)


def _mask(
    text: str, links: Links, cited: set[str] | None, one_line_math: bool
) -> tuple[str, list[str]]:
    """Replace roles, and put a mark in place of everything that must stay as it is."""
    hidden: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["role"]:
            return ROLES.get(match["role"], _unknown)(match, links, cited)
        kept = match[0]
        if kept.startswith("$$") and (label := LABEL.match(text, match.end())):
            raise ValueError(f"a labelled equation: {label[0].strip()!r}")
        if match["math"] and one_line_math:
            kept = re.sub(r"[ \t]*\n[ \t]*", " ", kept)
        hidden.append(kept)
        return f"\ue000{len(hidden) - 1}\ue001"

    return INLINE.sub(replace, text), hidden


def _unmask(text: str, hidden: list[str]) -> str:
    return MASK.sub(lambda mark: hidden[int(mark[1])], text)


def _around(found: re.Match[str], hidden: list[str]) -> str:
    """Return what was found and the text after it, for a message."""
    rest = _unmask(found.string[found.start() :], hidden)
    return rest.strip().split("\n")[0][:60]


def _term(match: re.Match[str], links: Links, cited: set[str] | None) -> str:
    shown = re.fullmatch(r"(.+?)\s*<[^<>]+>", match["text"], re.DOTALL)
    return f"*{shown[1] if shown else match['text']}*"


def _citation(match: re.Match[str], links: Links, cited: set[str] | None) -> str:
    keys = [key.strip() for key in match["text"].split(",")]
    if cited is not None:
        cited.update(keys)
    if match["role"] == "cite:t":
        return links.bibliography.textual(keys)
    return links.bibliography.parenthetical(keys)


def _unknown(match: re.Match[str], links: Links, cited: set[str] | None) -> str:
    raise ValueError(f"unknown role: {match[0]!r}; chapters may use {', '.join(ROLES)}")


ROLES: dict[str, Callable[[re.Match[str], Links, set[str] | None], str]] = {
    "term": _term,
    "cite:t": _citation,
    "cite:p": _citation,
}


def _link(match: re.Match[str], links: Links, written: str) -> str:
    target = match["target"].strip()
    if re.match(r"https?://|mailto:", target):
        return match[0]
    if not match["image"] and re.fullmatch(r"\.\./book/[\w./-]+\.md(#[\w-]+)?", target):
        return match["text"]
    if not match["image"] and target.removesuffix(".md") in links.chapters:
        return f"[{match['text']}]({target.removesuffix('.md')}.ipynb)"
    raise ValueError(
        f"a link that leads nowhere in the class edition: {written!r}; chapters link to "
        "web pages, to NN_slug.md of a chapter that exists, or to ../book/page.md"
    )


def _as_html(title: str, links: Links, cited: set[str] | None) -> str:
    """Write a title for a place where JupyterLab reads HTML but no Markdown."""
    parts = re.split(r"(\$[^$]+\$)", inline(title, links, cited))
    markdown = MarkdownIt()
    return "".join(
        html.escape(part, quote=False) if number % 2 else markdown.renderInline(part)
        for number, part in enumerate(parts)
    )
