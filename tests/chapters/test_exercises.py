"""Every chapter asks, predicts and checks as much as it promises, and each guard can fail."""

import re
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tools.chapters import ROOT, chapters, read
from tools.myst_to_markdown import parse

CHAPTERS = [path.stem for path in chapters()]
HEADER = re.compile(
    r"Difficulty (?P<difficulty>[1-5]) of 5, (?P<minutes>\d+) minutes\. "
    r"Practises: (?P<verbs>\*\w+\*(?:, \*\w+\*)*)\.\s"
)


@dataclass
class Exercise:
    """What a chapter says about an exercise, and which graded cells follow it."""

    title: str
    difficulty: int
    verbs: list[str]
    cells: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.title.endswith("(open)")


def problems(notebook: NotebookNode) -> list[str]:
    """Say what a chapter lacks in objectives, predictions or exercises."""
    found: list[str] = []
    objectives: list[str] = []
    asked: list[str] = []
    exercises: list[Exercise] = []
    for cell in notebook.cells:
        for block in parse(cell.source) if cell.cell_type == "markdown" else ():
            if block.style == "objectives":
                items = re.split(r"^- ", block.text, flags=re.MULTILINE)[1:]
                verbs = [re.match(r"\*(\w+)\*", item) for item in items]
                found += [f"an objective without its verb: {items}"] * (None in verbs)
                objectives += [verb[1] for verb in verbs if verb]
            elif block.style == "predict":
                asked.append(block.title.removeprefix("Predict first "))
                found += [f"question without a number: {block.title}"] * (
                    not asked[-1].isdigit()
                )
            elif block.kind == "dropdown" and block.title.startswith("Answer"):
                number = block.title.removeprefix("Answer ")
                found += [f"answer {number} comes before its question"] * (number not in asked)
                found += [f"answer {number} is empty"] * (len(block.text.split()) < 5)
                asked = [f"{old} answered" if old == number else old for old in asked]
            elif block.style == "exercise":
                header = HEADER.match(" ".join(block.text.split()) + " ")
                if header is None:
                    found.append(f"{block.title}: no line like {HEADER.pattern}")
                    continue
                verbs = re.findall(r"\w+", header["verbs"])
                exercises.append(Exercise(block.title, int(header["difficulty"]), verbs))
        if cell.metadata.get("nbgrader"):
            if not exercises:
                found.append(f"{cell.id}: graded, but no exercise before it")
            else:
                exercises[-1].cells.append(cell.cell_type)

    if not 3 <= len(objectives) <= 5:
        found.append(f"3 to 5 objectives, not {len(objectives)}")
    wanted = [f"{number} answered" for number in range(1, len(asked) + 1)]
    if asked != wanted or not 2 <= len(asked) <= 4:
        found.append(f"2 to 4 questions, numbered and answered, not {asked}")
    numbers = [exercise.title.split(" · ")[0] for exercise in exercises]
    if numbers != [f"Exercise {number}" for number in range(1, len(exercises) + 1)]:
        found.append(f"exercises are numbered in order, not {numbers}")
    practised = {verb for exercise in exercises for verb in exercise.verbs}
    found += [f"no exercise practises {verb}" for verb in objectives if verb not in practised]
    found += [f"{verb} is no objective" for verb in sorted(practised - set(objectives))]
    found += [f"{e.title}: no graded cell" for e in exercises if not e.cells]
    open_ones = [exercise for exercise in exercises if exercise.is_open]
    closed = [exercise for exercise in exercises if not exercise.is_open]
    if not open_ones:
        found.append("no open exercise")
    found += [f"{e.title}: no cell for words" for e in open_ones if "markdown" not in e.cells]
    found += [f"{e.title}: no check" for e in closed if "code" not in e.cells]
    if not closed or closed[0].difficulty > 2:
        found.append("no warm-up of difficulty 1 or 2 to begin with")
    if len(closed) < 2:
        found.append("no core exercise")
    return found


@pytest.mark.parametrize("slug", CHAPTERS)
def test_the_chapter_asks_what_it_promises(slug):
    assert problems(read(ROOT / "notebooks" / f"{slug}.md")) == []


GOOD = """\
# What?

:::{admonition} What you will be able to do
:class: objectives
- *Read* a weight.
- *Prove* that it is
  *one*.
- *Judge* a picture.
:::

:::{admonition} Predict first 1
:class: predict
How large is it?
:::

:::{dropdown} Answer 1
It is one, as the text says.
:::

:::{admonition} Predict first 2
:class: predict
And now?
:::

:::{dropdown} Answer 2
It is two, as the text says.
:::

## Exercises

:::{admonition} Exercise 1 · Read it
:class: exercise
Difficulty 2 of 5, 5 minutes. Practises: *Read*. Write `f`.
:::

```{code-cell} ipython3
---
nbgrader: {grade_id: f, solution: true}
---
```

:::{admonition} Exercise 2 · Prove it
:class: exercise
Difficulty 4 of 5, 15 minutes. Practises: *Prove*,
*Read*. Write `g`.
:::

```{code-cell} ipython3
---
nbgrader: {grade_id: g, solution: true}
---
```

:::{admonition} Exercise 3 · Judge it (open)
:class: exercise
Difficulty 3 of 5, 15 minutes. Practises: *Judge*. Say why.
:::

+++ {"nbgrader": {"grade_id": "why", "solution": true, "grade": true, "points": 3}}

*Your answer.*
"""


def notebook(text: str, folder: Any) -> NotebookNode:
    header = (ROOT / "notebooks" / f"{CHAPTERS[0]}.md").read_text("utf-8").split("---\n")[1]
    path = folder / "01_what.md"
    path.write_text(f"---\n{header}---\n\n{text}", "utf-8")
    return read(path)


def test_a_good_chapter_has_no_problem(tmp_path):
    assert problems(notebook(GOOD, tmp_path)) == []


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("- *Read* a", "- Read a", "an objective without its verb"),
        ("- *Judge* a picture.\n", "", "3 to 5 objectives, not 2"),
        ("*Prove*,\n*Read*", "*Read*", "no exercise practises Prove"),
        ("Practises: *Judge*", "Practises: *Prove*", "no exercise practises Judge"),
        ("*Prove*,\n*Read*", "*Prove*, *Guess*", "Guess is no objective"),
        (", 5 minutes", "", "Exercise 1 · Read it: no line like"),
        ("Difficulty 2 of 5", "Difficulty 6 of 5", "Exercise 1 · Read it: no line like"),
        ("Difficulty 2 of 5", "Difficulty 3 of 5", "no warm-up"),
        (" (open)", "", "no open exercise"),
        ("Prove it\n", "Prove it (open)\n", "no core exercise"),
        ("Exercise 2", "Exercise 3", "numbered in order"),
        ("nbgrader: {grade_id: g, solution: true}\n", "tags: []\n", "Prove it: no graded cell"),
        (GOOD[GOOD.index("+++ {") :], "", "Judge it (open): no graded cell"),
        ("Predict first 2\n:class: predict", "Aside\n:class: hint", "answer 2 comes before"),
        (":::{dropdown} Answer 2", ":::{dropdown} Hint 2", "2 to 4 questions"),
        ("It is two, as the text says.", "Two.", "answer 2 is empty"),
    ],
)
def test_a_chapter_that_falls_short_is_found(good, bad, problem, tmp_path):
    assert GOOD.count(good) == 1
    found = problems(notebook(GOOD.replace(good, bad), tmp_path))
    assert any(problem in line for line in found), found


# --- nobody waits before a blank cell


@pytest.mark.sweep
@pytest.mark.parametrize("slug", CHAPTERS)
def test_a_cell_that_takes_seconds_shows_a_bar(slug, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    notebook = read(ROOT / "notebooks" / f"{slug}.md")
    client = NotebookClient(notebook, timeout=600, kernel_name="python3")
    before: dict[int, float] = {}
    used: dict[int, float] = {}

    def seconds() -> float:
        # Of the processor, so that a busy machine raises no alarm.
        times = psutil.Process(client.km.provisioner.pid).cpu_times()
        return times.user + times.system

    def start(cell: NotebookNode, cell_index: int) -> None:
        before[cell_index] = seconds()

    def end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        used[cell_index] = seconds() - before[cell_index]

    client.on_cell_execute, client.on_cell_executed = start, end
    client.execute()
    # The first cells import the frameworks, which no bar can count. What takes two seconds on a
    # laptop takes longer where others use the machine.
    rest = [
        i
        for i in list(used)[1:]
        if not re.search("^import (keras|torch)", notebook.cells[i].source, re.M)
    ]
    silent = {
        notebook.cells[i].id: round(used[i], 1)
        for i in rest
        if used[i] > 4 and not any(o.get("name") == "stderr" for o in notebook.cells[i].outputs)
    }
    assert silent == {}
    assert sum(used.values()) > 1
