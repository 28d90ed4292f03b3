"""How often each claim about training held: the table ``book/_data/seeds.csv``.

A claims test counts with the fixture ``held``::

    assert held(1, "Our training reaches the tutorial's loss", losses <= TARGET) == 20

`make sweep` runs these tests and writes what they counted. Chapter, claim and quote stand in
the call as plain strings, so that a quick test can compare the table with the code and the
chapters without training anything.

`make sweep FIRST_SEED=100` counts over seeds that nobody chose a threshold by. It leaves the
table alone, and writes what came out otherwise beside it. There a share may differ, and its
test then fails; what holds for all seeds may not.
"""

import ast
import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tools.chapters import NOTEBOOKS, ROOT

TABLE = ROOT / "book" / "_data" / "seeds.csv"
HEAD = ("chapter", "claim", "held", "seeds")
AGAIN = TABLE.with_name("seeds_again.csv")
AGAIN_HEAD = ("chapter", "claim", "held", "held again", "seeds")

FIRST_SEED = int(os.environ.get("FIRST_SEED", "0"))


def first_seeds(count: int) -> range:
    """Return so many seeds: from 0 on, or from FIRST_SEED."""
    return range(FIRST_SEED, FIRST_SEED + count)


SEEDS = first_seeds(20)


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
    return {claim: Count(*count) for claim, count in _read(TABLE).items()}


def write_table(counted: Table) -> None:
    """Put new counts in the table; keep the others, but those that no test makes any more."""
    _write(TABLE, HEAD, _read(TABLE) | counted)


def write_again(counted: Table) -> None:
    """Write which claims of the table held for another number of other seeds."""
    table = read_table()
    rows = {claim: (table[claim].held, *count) for claim, count in counted.items()}
    rows = {claim: row for claim, row in (_read(AGAIN) | rows).items() if row[0] != row[1]}
    _write(AGAIN, AGAIN_HEAD, rows)


def _read(path: Path) -> dict[tuple[int, str], tuple[int, ...]]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {
        (int(chapter[1:].split("]")[0]), text): tuple(map(int, counts))
        for chapter, text, *counts in rows
    }


def _write(
    path: Path, head: tuple[str, ...], counts: Mapping[tuple[int, str], tuple[int, ...]]
) -> None:
    pages = {int(page.name[:2]): page.name for page in NOTEBOOKS.glob("[0-9][0-9]_*.md")}
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(head)
        for chapter, text, _ in claims():
            if (chapter, text) in counts:
                link = f"[{chapter}](../notebooks/{pages[chapter]})"
                table.writerow([link, text, *counts[chapter, text]])
