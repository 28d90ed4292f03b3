"""The main line of a chapter is short enough to be read in one sitting."""

import re
from collections.abc import Iterator

import pytest

from tools.chapters import chapters, pages, read

WORDS, CELLS, LINES, SHORT, FIGURES, WIDTH = 1500, 20, 16, 8, 5, 76

EXERCISE = re.compile(
    r"^:::\{(?:admonition\} Exercise|dropdown\} (?:Hint|One answer)).*?^:::\s*$",
    re.DOTALL | re.MULTILINE,
)


def words(text: str) -> int:
    """Count the words of Markdown; a formula is one."""
    text = EXERCISE.sub("", text)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]+\$", " formula ", text, flags=re.DOTALL)
    text = re.sub(r"^:::.*|^:class:.*|\]\([^)]*\)|\{[\w:]+\}", " ", text, flags=re.MULTILINE)
    return len(re.findall(r"\w[\w'’.,-]*", text))


def main_line(cells: list) -> Iterator:
    """Yield the cells outside exercises: no solution, check or written answer."""
    return (cell for cell in cells if "nbgrader" not in cell.metadata)


def too_wide(cells: list) -> list[str]:
    """Return the lines of code that a page would wrap."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return [line for source in code for line in source.splitlines() if len(line) > WIDTH]


def excess(cells: list) -> list[str]:
    """Say where a chapter is longer than it may be."""
    told, visible, figures, live = 0, [], 0, 0
    for cell in main_line(cells):
        mystnb = cell.metadata.get("mystnb", {})
        caption = mystnb.get("figure", {}).get("caption", "")
        if cell.cell_type == "markdown":
            told += words(cell.source)
            continue
        told += words(caption)
        figures += bool(caption)
        live += bool(caption) and "live." in cell.source
        if not {"hide-input", "hide-cell"} & set(cell.metadata.get("tags", [])):
            visible.append([line for line in cell.source.splitlines() if line.strip()])
    long = [lines[0] for lines in visible if len(lines) > LINES]
    middling = [lines for lines in visible if len(lines) > SHORT]
    wide = too_wide(cells)
    found = {
        f"{told} words, at most {WORDS}": told > WORDS,
        f"{len(visible)} visible cells of code, at most {CELLS}": len(visible) > CELLS,
        f"cells of more than {LINES} lines: {long}": bool(long),
        f"{len(middling)} of {len(visible)} cells over {SHORT} lines, at most a fifth": (
            5 * len(middling) > len(visible)
        ),
        f"{figures} figures, at most {FIGURES}": figures > FIGURES,
        f"{live} live figures, at most 1": live > 1,
        f"lines of code over {WIDTH} characters: {wide}": bool(wide),
    }
    return [problem for problem, there in found.items() if there]


@pytest.mark.parametrize(
    ("exercise", "counted"),
    [
        (":::{admonition} Exercise 1 · Add\n:class: exercise\nWrite it.\n:::\n", 0),
        (":::{dropdown} Hint 2\nAdd them.\n:::\n", 0),
        (":::{dropdown} One answer\nFive.\n:::\n", 0),
        (":::{dropdown} Answer 1\nFive.\n:::\n", 1),
        (":::{admonition} Predict first 1\n:class: predict\nHow many?\n:::\n", 2),
    ],
)
def test_words_of_exercises_and_their_hints_are_not_in_the_main_line(exercise, counted):
    assert words(f"It grows.\n\n{exercise}\nIt ends.") == 4 + counted


@pytest.mark.parametrize(
    "path",
    chapters(),
    ids=lambda path: path.stem,
)
def test_a_chapter_chooses(path):
    assert excess(read(path).cells) == []


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.stem)
def test_a_column_holds_each_line_of_code(path):
    assert too_wide(read(path).cells) == []
