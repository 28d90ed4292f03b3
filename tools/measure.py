"""What a chapter needs of a computer: ``python -m tools.measure``.

    python -m tools.measure [SLUG ...]    measure chapters (all, if none is named)

Every chapter runs in a fresh kernel, one after another, and says at its end what it took. From
the results, ``book/_data/needs.csv``, the page on running a class makes its table. Measure on a
machine that does nothing else. Reads ``/proc``: Linux only.
"""

import argparse
import csv
import os
import re
from pathlib import Path

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from tools.chapters import ROOT, chapters, read

NEEDS = ROOT / "book" / "_data" / "needs.csv"

# Not getrusage: its peak includes that of the process that started the kernel.
READING = """
import re as _re, time as _time
from pathlib import Path as _Path
_status = _Path("/proc/self/status").read_text()
print(_re.search(r"VmHWM:\\s+(\\d+) kB", _status)[1], _time.process_time())
"""


def tens(number: float) -> int:
    """Round to tens: the next figure differs from run to run."""
    return 10 * round(number / 10)


def title(chapter: Path) -> str:
    """Return the first heading of a chapter."""
    found = re.search(r"^# (.+)$", chapter.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found is None:
        raise ValueError(f"{chapter.name} has no heading")
    return found[1]


def exercise_minutes(chapter: Path) -> list[int]:
    """Return the minutes that a chapter gives to each of its exercises."""
    text = chapter.read_text(encoding="utf-8")
    return [
        int(m) for m in re.findall(r"^Difficulty \d of 5, (\d+) minutes", text, re.MULTILINE)
    ]


def measure(chapter: Path) -> dict[str, str | int]:
    """Execute a chapter in a fresh kernel and say what it took.

    Returns
    -------
    dict
        A row of ``needs.csv``: CPU seconds of the kernel, its largest resident memory in MB
        (10^6 bytes), and the minutes that all exercises of the chapter ask for.
    """
    os.environ["TQDM_DISABLE"] = "1"
    notebook = read(chapter)
    notebook.cells.append(new_code_cell(READING))
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    peak, cpu = map(float, notebook.cells[-1].outputs[0].text.split())
    number, slug = int(chapter.stem[:2]), chapter.stem
    return {
        "chapter": f"[{number} · {title(chapter)}](../notebooks/{slug}.md)",
        "CPU s": round(cpu),
        "MB": tens(peak * 1024 / 1e6),
        "min": sum(exercise_minutes(chapter)),
    }


def write(path: Path, rows: list[dict[str, str | int]]) -> None:
    """Write rows with the names of their columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a table; none if it has not been measured."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def slug_of(row: dict[str, str]) -> str:
    """Return the chapter that a row of ``needs.csv`` is about."""
    return Path(row["chapter"].rpartition("(")[2].rstrip(")")).stem


def measure_chapters(slugs: list[str]) -> None:
    """Measure the named chapters (all, if none is named) and keep the other rows."""
    known = {chapter.stem: chapter for chapter in chapters()}
    if unknown := set(slugs) - set(known):
        raise SystemExit(f"no chapter {sorted(unknown)}; there are {sorted(known)}")
    table: dict[str, dict] = {slug_of(row): row for row in rows(NEEDS)}
    for slug in slugs or known:
        table[slug] = measure(known[slug])
        print(*table[slug].values(), sep="  ", flush=True)
        write(NEEDS, [table[slug] for slug in sorted(table) if slug in known])


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure", description=__doc__)
    parser.add_argument("slugs", nargs="*", metavar="SLUG")
    measure_chapters(parser.parse_args().slugs)


if __name__ == "__main__":
    main()
