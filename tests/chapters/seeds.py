"""How often each claim about training held: the table ``book/_data/seeds.csv``.

A claims test counts with the fixture ``held``::

    assert held(1, "Our training reaches the tutorial's loss", losses <= TARGET) == 20

`make sweep` runs these tests and writes what they counted. Chapter, claim and quote stand in
the call as plain strings, so that a quick test can compare the table with the code and the
chapters without training anything.
"""

import ast
import csv
from pathlib import Path
from typing import NamedTuple

from tools.chapters import NOTEBOOKS, ROOT

TABLE = ROOT / "book" / "_data" / "seeds.csv"
HEAD = ("chapter", "claim", "held", "seeds")


class Claim(NamedTuple):
    """A claim as a test states it; ``quote`` is where the chapter prints the count."""

    chapter: int
    text: str
    quote: str


class Count(NamedTuple):
    """For how many of the seeds a claim held."""

    held: int
    seeds: int


Table = dict[tuple[int, str], Count]


def claims(folder: Path = ROOT / "tests") -> list[Claim]:
    """Return every claim that a call of ``held`` states, by chapter and in the tests' order."""
    found = [
        Claim(*(ast.literal_eval(part) for part in call.args[:2]), _quote(call))
        for path in sorted(folder.glob("chapters/*/test_claims.py"))
        for call in _calls(ast.parse(path.read_text(encoding="utf-8")))
    ]
    return sorted(found, key=lambda claim: claim.chapter)


def _calls(tree: ast.Module) -> list[ast.Call]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sorted(
        (call for call in calls if getattr(call.func, "id", "") == "held"),
        key=lambda call: call.lineno,
    )


def _quote(call: ast.Call) -> str:
    given = [ast.literal_eval(k.value) for k in call.keywords if k.arg == "quote"]
    return given[0] if given else ""


def read_table() -> Table:
    """Return the counts of the last sweep by chapter and claim."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (int(row["chapter"][1:].split("]")[0]), row["claim"]): Count(
                int(row["held"]), int(row["seeds"])
            )
            for row in csv.DictReader(file)
        }


def write_table(counted: Table) -> None:
    """Put new counts in the table; keep the others, but those that no test makes any more."""
    counts = (read_table() if TABLE.exists() else {}) | counted
    pages = {int(page.name[:2]): page.name for page in NOTEBOOKS.glob("[0-9][0-9]_*.md")}
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEAD)
        for chapter, text, _ in claims():
            if (chapter, text) in counts:
                link = f"[{chapter}](../notebooks/{pages[chapter]})"
                table.writerow([link, text, *counts[chapter, text]])
