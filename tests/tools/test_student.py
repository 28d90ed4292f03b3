"""The class edition: no solution in it, and nothing that JupyterLab cannot render."""

import doctest
import json
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.chapters import compiled, defined
from tools import editions, myst_to_markdown, student
from tools.chapters import ROOT, chapters, pages, read
from tools.myst_to_markdown import Bibliography, Links, parse, render

HEADER = """\
---
jupytext:
  formats: md:myst,py:percent
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""

# One of everything a chapter may hold.
CHAPTER = """
# What does $U$ do, *really*?

:::{admonition} What you will be able to do
:class: objectives
- *Read* a {term}`weight <weights>`.
:::

As {cite:t}`saxe` say, see [notation](../book/notation.md) and [the next](02_next.md).

:::{admonition} Predict first 1
:class: predict
How large is $U$?
:::

:::{dropdown} Answer 1
It is one, says the prediction.
:::

```{code-cell} ipython3
import json
import os

import numpy as np

from course_utils import checks

scale = 2.0
```

```{code-cell} ipython3
secret_factor = os.getcwd()
```

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: The line is *straight*, as $U^{t}$ says {cite:p}`saxe`.
    name: fig-demo-line
  image:
    alt: A line.
---
print("a figure", os.name)
```

## Exercises

:::{admonition} Exercise 1 · Double it
:class: exercise
Difficulty 1 of 5, 5 minutes. Practises: *Read*. Write `double(a)`.
:::

```{code-cell} ipython3
---
tags: [hide-cell]
mystnb:
  code_prompt_show: Show solution
nbgrader: {grade_id: double, solution: true}
---
def double(a: np.ndarray) -> np.ndarray:
    \"\"\"Twice a.\"\"\"
    ### BEGIN SOLUTION
    secret_factor = scale
    return np.multiply(secret_factor, a)
    ### END SOLUTION
```

```{code-cell} ipython3
---
nbgrader: {grade_id: double-check, grade: true, points: 2}
---
print(checks.call(double, 3.0))
```

:::{dropdown} Solution in words
Multiply by the hidden number two.
:::

+++ {"nbgrader": {"grade_id": "open-1", "solution": true, "grade": true, "points": 3}}

:::{admonition} Exercise 2 · Say why (open)
:class: exercise
Why does it grow?
:::

:::{dropdown} One answer
Because every step multiplies by the {term}`weight`,
and the {cite:t}`saxe` theory agrees.
:::

```{code-cell} ipython3
---
tags: [hide-cell]
mystnb:
  code_prompt_show: Show solution
---
print("the measured growth:", scale)
```

## What we saw

It doubles.
"""

NEXT = "# What comes next?\n\nSee [the first](01_demo.md).\n"

BIBLIOGRAPHY = r"""
@inproceedings{saxe, author = {Saxe, Andrew M. and Ganguli, Surya}, title = {Exact {RNN}s},
  booktitle = {ICLR}, year = {2014}}
@article{many, author = {van der Berg, J\"urgen and O'Neil, A. and {DeepMind}}, title = {A},
  journal = {B}, year = {2020}}
@misc{undated, title = {What {RNN} learns}}
"""


@pytest.fixture(scope="session")
def links(tmp_path_factory):
    bibliography = tmp_path_factory.mktemp("bibliography") / "references.bib"
    bibliography.write_text(BIBLIOGRAPHY, "utf-8")
    return Links(frozenset({"01_demo", "02_next"}), Bibliography(bibliography))


@pytest.fixture
def repository(tmp_path):
    """A repository that holds as much as the tool reads."""
    files = {
        "notebooks/01_demo.md": HEADER + CHAPTER,
        "notebooks/02_next.md": HEADER + NEXT,
        "book/references.bib": BIBLIOGRAPHY,
        "course_utils/__init__.py": '"""Helpers."""\n',
        "course_utils/checks/__init__.py": "",
        "course_utils/checks/demo.py": '"""Checks."""\n',
        "course_utils/check_env.py": '"""What is missing."""\n',
        "constraints.txt": "numpy==2.4.6\n",
        "LICENSE": "BSD\n",
        "LICENSE-TEXT": "CC BY\n",
        "README.md": "",
        "pyproject.toml": (ROOT / "pyproject.toml").read_text("utf-8"),
    }
    root = tmp_path / "a repository"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.fixture
def quick_wheel(monkeypatch):
    """Zip the package in place of its wheel, which takes a second to build."""

    def zipped(root: Path, folder: Path) -> str:
        name = "course_utils-2.0.0-py3-none-any.whl"
        with zipfile.ZipFile(folder / name, "w") as archive:
            for path in (root / "course_utils").rglob("*.py"):
                archive.write(path, path.relative_to(root))
        return name

    monkeypatch.setattr(student, "build_wheel", zipped)


def chapter(tmp_path: Path, text: str):
    path = tmp_path / "01_demo.md"
    path.write_text(HEADER + "\n" + text, "utf-8")
    return read(path)


def edition_of(tmp_path: Path, text: str, links: Links) -> editions.Edition:
    return editions.make_edition("01_demo", chapter(tmp_path, text), links)


def convert(text: str, links: Links) -> str:
    return render(parse(textwrap.dedent(text).strip("\n")), links)


# --- MyST to Markdown


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("a {term}`gate` here", "a *gate* here"),
        ("two {term}`hidden\nstates <hidden state>`", "two *hidden\nstates*"),
        ("{cite:t}`saxe` say", "Saxe and Ganguli (2014) say"),
        (
            "known {cite:p}`saxe, many`",
            "known (Saxe and Ganguli, 2014; van der Berg et al., 2020)",
        ),
        ("see {cite:t}`undated`", "see “What RNN learns” (no date)"),
        ("[`a` next](02_next.md)", "[`a` next](02_next.ipynb)"),
        ("[the *notation*](../book/notation.md#u)", "the *notation*"),
        ("[web](https://example.org/a.md)", "[web](https://example.org/a.md)"),
        (":::{note}\nMind.\n:::", "> **Note**\n>\n> Mind."),
        (":::{warning}\nMind.\n:::", "> **Warning**\n>\n> Mind."),
        (
            "Text.\n:::{admonition} Exercise · `f`\n:class: exercise\n\nA.\n\nB.\n:::\nAfter.",
            "Text.\n\n> **Exercise · `f`**\n>\n> A.\n>\n> B.\n\nAfter.",
        ),
        (
            ":::{dropdown} Answer 1: $a<b$ & *so*\nIt is {term}`one`.\n:::",
            "<details><summary>Answer 1: $a&lt;b$ &amp; <em>so</em></summary>\n\n"
            "It is *one*.\n\n</details>",
        ),
        # In a quote a formula keeps to one line: see `inline`.
        (
            ":::{tip}\n$$\na\n= b\n$$\nand $c\n+ d$\n:::",
            "> **Tip**\n>\n> $$ a = b $$\n> and $c + d$",
        ),
        (
            ":::{note}\n```python\nx = '{term}`a`'\n:::\n```\n:::",
            "> **Note**\n>\n> ```python\n> x = '{term}`a`'\n> :::\n> ```",
        ),
    ],
)
def test_constructs(myst, markdown, links):
    assert convert(myst, links) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "`{term}` and ``{cite:t}`saxe` `` and `[a](03_gone.md)`",
        "```text\n:::{note}\n{term}`a`\n```",
        "~~~\n{ref}`a`\n~~~",
        "$h_{t}$ and $$x_{t} <y> {term}$$",
        "\\begin{align}\n{a} &= b\n\\end{align}",
        "| a | b |\n|---|---|\n| $U^{t}$ | `{x}` |",
        "- item\n\n  ```python\n  a = {b}\n  ```\n\n1. a < b and c > d, \\$5",
    ],
)
def test_code_mathematics_and_tables_stay_as_they_are(text, links):
    assert convert(text, links) == text


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (":::{figure} a.png\n:::", "unknown directive: ':::{figure} a.png'"),
        ("```{note}\na\n```", "unknown directive: '```{note}'"),
        (":::note\n:::", "unknown directive"),
        (":::{note} Title\n:::", "takes no title"),
        (":::{admonition}\n:::", "needs a title"),
        (":::{admonition} A\n:class: danger\n:::", "danger"),
        (":::{admonition} A\n:name: b\n:::", "name"),
        (":::{note}\n:::{tip}\n:::\n:::", "no nesting"),
        (":::{note}\na", "without an end"),
        ("```python\na", "without an end"),
        ("a\n:::", "directive or its end"),
        ("see {ref}`fig`", "unknown role: '{ref}`fig`'"),
        ("see {numref} fig", "a role"),
        ("[a](03_gone.md)", "[a](03_gone.md)"),
        ("[a](02_next.md#part)", "leads nowhere"),
        ("![a](picture.png)", "leads nowhere"),
        ("[a](../../book/notation.md)", "leads nowhere"),
        ("(target)=\n# Title", "a target"),
        ("$$\na\n$$ (eq)", "a labelled equation"),
        ("a[^1]", "a footnote"),
        ("% hidden", "a comment"),
        ("{{ name }}", "a substitution"),
        ("`a`{.red}", "an attribute"),
        ("[a]: 02_next.md", "defined elsewhere"),
        ("a\n: definition", "a definition list"),
        ("<b>bold</b>", "raw HTML"),
        ("{cite:t}`nobody`", "no entry 'nobody'"),
    ],
)
def test_anything_else_is_refused_with_its_text(text, named, links):
    with pytest.raises(ValueError, match=re.escape(named)):
        convert(text, links)


def test_an_error_names_chapter_cell_and_text(tmp_path, links):
    with pytest.raises(ValueError, match=r"notebooks/01_demo\.md, cell-001: .*\{ref\}`x`"):
        edition_of(tmp_path, "# A\n\n+++\n\nSee {ref}`x`.", links)


@pytest.mark.parametrize("module", [editions, myst_to_markdown])
def test_examples_in_docstrings(module):
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0


# --- exercises


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("### BEGIN SOLUTION\na", "without '### END"),
        ("a\n### END SOLUTION", "without '### BEGIN"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "inside a solution"),
        ("## BEGIN SOLUTION\na\n### END SOLUTION", "write exactly"),
        ("### begin solution\na\n### END SOLUTION", "write exactly"),
    ],
)
def test_a_region_with_wrong_marks_is_refused(source, problem):
    with pytest.raises(ValueError, match=problem):
        editions.stub_out(source)


def test_two_regions_each_become_a_stub_at_their_indent():
    source = """\
    def f():
        ### BEGIN SOLUTION
        return 1
        ### END SOLUTION
    class A:
        def g(self):
            ### BEGIN SOLUTION
            return 2
            ### END SOLUTION"""
    assert editions.stub_out(textwrap.dedent(source)) == textwrap.dedent("""\
    def f():
        # YOUR CODE HERE
        raise NotImplementedError()
    class A:
        def g(self):
            # YOUR CODE HERE
            raise NotImplementedError()""")


REGION = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"


def code(metadata: str, source: str = REGION) -> str:
    return f"```{{code-cell}} ipython3\n---\nnbgrader: {{{metadata}}}\n---\n{source}\n```\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (code("grade_id: f, solution: true"), "without a check.*f-check"),
        (
            code("grade_id: f-check, grade: true, points: 1", "f()")
            + code("grade_id: f, solution: true"),
            "without a check",
        ),
        (code("grade_id: f, solution: true", "def f(): ..."), "no solution region"),
        (code("grade_id: f-check, grade: true", "f()"), "needs points"),
        (code("grade_id: f-check, grade: true, points: 1"), "a solution region stands in"),
        (code("grade_id: f, solution: true, locked: false"), "locked"),
        (code("grade_id: f f, solution: true"), "not a word"),
        (code("grade_id: f, grade: true, points: 1", "f()") * 2, "used once"),
        (f"```{{code-cell}} ipython3\n{REGION}\n```\n", "a solution region stands in"),
        ("Text.\n\n### BEGIN SOLUTION\n\nAnswer.\n", "not in this markdown cell"),
        ('+++ {"nbgrader": {"grade_id": "open-1", "solution": true}}\n\nA.', "text answer"),
    ],
)
def test_an_exercise_out_of_form_is_refused(text, problem, tmp_path, links):
    with pytest.raises(ValueError, match=rf"01_demo\.md, cell-00\d: .*{problem}"):
        edition_of(tmp_path, "# A\n\n" + text, links)


BOX = ":::{admonition} Exercise 1\n:class: exercise\nWhy?\n:::\n"
OPEN = '+++ {"nbgrader": {"grade_id": "o", "solution": true, "grade": true, "points": 1}}\n\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOX + ":::{dropdown} Look here\nA.\n:::", "not 'Look here'"),
        (BOX + ":::{dropdown} Answer 1\nA.\n:::", "not 'Answer 1'"),
        (":::{dropdown} Answer 1\nA.\n:::", "needs one 'Predict first 1'"),
        (OPEN + "Because it is so.", "answers no exercise"),
        (BOX + "## Next\n\n" + OPEN + "Because it is so.", "answers no exercise"),
        (OPEN + BOX + "\n## What we saw", r"end it with a line '\+\+\+'"),
        (
            BOX.replace("1\n", "1 (open)\n")
            + "```{code-cell} ipython3\n:tags: [hide-cell]\n\n1\n```",
            "folded under 'Show solution'",
        ),
    ],
)
def test_an_answer_out_of_place_is_refused(text, problem, tmp_path, links):
    with pytest.raises(ValueError, match=problem):
        edition_of(tmp_path, "# A\n\n+++\n\n" + text, links)


def test_the_answer_to_a_prediction_stays_though_an_exercise_came_between(tmp_path, links):
    predict = ":::{admonition} Predict first 1\n:class: predict\nHow far?\n:::\n"
    answer = ":::{dropdown} Answer 1\nThree steps.\n:::"
    edition = edition_of(tmp_path, f"# A\n\n+++\n\n{predict}\n{BOX}\n{answer}", links)
    assert "Three steps." in edition.notebook.cells[-1].source
    with pytest.raises(ValueError, match="not 'Answer 1'"):  # and only one
        edition_of(tmp_path, f"# A\n\n+++\n\n{predict}\n{BOX}\n{answer}\n\n{answer}", links)


def test_an_answer_in_a_cell_of_its_own_goes_and_the_statement_stays(tmp_path, links):
    hint = ":::{dropdown} Hint\nThink of rain.\n:::"
    edition = edition_of(
        tmp_path, f"# A\n\n+++\n\n{BOX}\n{hint}\n\n{OPEN}It rains more.", links
    )
    sources = [cell.source for cell in edition.notebook.cells]
    assert "Why?" in sources[1]
    assert "Think of rain" in sources[1]
    assert sources[2:] == [editions.PROMPT]
    assert "It rains more." in edition.answers


@pytest.mark.parametrize(
    ("written", "prompt"),
    [
        ("*Your answer here: how often, and\nwhy $U^{t}$ grows.*", None),
        ("Your answer: it rains.\n\nIt rains more than it did.", editions.PROMPT),
        ("It rains more than it did.", editions.PROMPT),
    ],
)
def test_an_answer_cell_keeps_its_prompt_alone(written, prompt, tmp_path, links):
    edition = edition_of(tmp_path, f"# A\n\n+++\n\n{BOX}\n{OPEN}{written}", links)
    assert edition.notebook.cells[-1].source == (prompt or written)


# --- the edition of a chapter


def test_the_notebook_of_a_chapter(tmp_path, links):
    edition = edition_of(tmp_path, CHAPTER, links)
    notebook = edition.notebook
    nbformat.validate(notebook)
    assert edition.title == "What does $U$ do, *really*?"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    by_id = {cell.id: cell for cell in notebook.cells}
    assert by_id["double"].source == textwrap.dedent('''\
        def double(a: np.ndarray) -> np.ndarray:
            """Twice a."""
            # YOUR CODE HERE
            raise NotImplementedError()''')
    assert by_id["double-check"].source == "print(checks.call(double, 3.0))"
    assert by_id["open-1"].source == editions.PROMPT
    sources = [cell.source for cell in notebook.cells]
    figure = sources.index('print("a figure", os.name)')
    assert sources[figure + 1] == (
        "_The line is *straight*, as $U^{t}$ says (Saxe and Ganguli, 2014)._"
    )
    text = "\n".join(sources)
    assert "<summary>Answer 1</summary>\n\nIt is one" in text
    assert "> Why does it grow?" in text
    assert "As Saxe and Ganguli (2014) say, see notation and [the next](02_next.ipynb)" in text
    assert sources[-1].startswith("**References**\n\n- Andrew M\\. Saxe and Surya Ganguli")
    assert "hidden number" not in text
    assert "every step multiplies" not in text
    assert "measured growth" not in text
    assert "## What we saw\n\nIt doubles." in text


def test_cells_are_bare(tmp_path, links):
    for cell in edition_of(tmp_path, CHAPTER, links).notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


def test_code_that_the_book_folds_is_folded_but_not_what_a_learner_writes(tmp_path, links):
    text = CHAPTER.replace("mystnb:\n  figure", "tags: [hide-input]\nmystnb:\n  figure", 1)
    folded = [
        cell.source
        for cell in edition_of(tmp_path, text, links).notebook.cells
        if cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    assert folded == ['print("a figure", os.name)']


def test_a_cell_that_should_raise_keeps_its_tag(tmp_path, links):
    cell = "```{code-cell} ipython3\n:tags: [raises-exception]\n\n1 / 0\n```\n"
    edition = edition_of(tmp_path, "# A\n\n" + cell, links)
    assert edition.notebook.cells[1].metadata == {"tags": ["raises-exception"]}


def run_to_first_error(notebook, folder: Path):
    """Run a notebook as a learner would, and return the cell that stops it."""
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    with pytest.raises(CellExecutionError):
        client.execute()
    return next(
        cell
        for cell in notebook.cells
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    )


def assert_stops_at_first_stub(notebook, folder: Path):
    first = next(cell.id for cell in notebook.cells if cell.id.endswith("-check"))
    stopped = run_to_first_error(notebook, folder)
    assert stopped.id == first
    assert "still the stub" in "\n".join(stopped.outputs[-1].traceback)


def test_a_fresh_notebook_runs_up_to_the_first_check(tmp_path, links):
    assert_stops_at_first_stub(edition_of(tmp_path, CHAPTER, links).notebook, tmp_path)


def test_a_notebook_that_stops_earlier_is_noticed(tmp_path, links):
    broken = CHAPTER.replace("scale = 2.0", "scale = 2.0 / 0")
    notebook = edition_of(tmp_path, broken, links).notebook
    with pytest.raises(AssertionError):
        assert_stops_at_first_stub(notebook, tmp_path)


# --- the folder


def test_the_folder_holds_what_a_class_needs_and_nothing_else(repository):
    target = repository / "_build" / "student"
    student.build(repository, target)
    wheel = "course_utils-2.0.0-py3-none-any.whl"
    assert {path.relative_to(target).as_posix() for path in target.rglob("*")} == {
        "01_demo.ipynb",
        "02_next.ipynb",
        "START.md",
        "check_env.py",
        "LICENSE",
        "LICENSE-TEXT",
        "constraints.txt",
        "requirements.txt",
        wheel,
    }
    assert sorted(target.parent.iterdir()) == [target, target.with_suffix(".zip")]
    assert not (repository / "build").exists()
    assert (target / "requirements.txt").read_text("utf-8") == f"./{wheel}[chapters]\n"
    page = (target / "START.md").read_text("utf-8")
    assert "1. [What does $U$ do, *really*?](01_demo.ipynb)" in page
    assert wheel in page
    with zipfile.ZipFile(target / wheel) as archive:
        assert "course_utils/checks/demo.py" in archive.namelist()


def test_the_same_chapters_give_the_same_bytes(repository, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")  # else the date of the last commit
    student.build(repository, repository / "a")
    student.build(repository, repository / "b")
    for path in [*(repository / "a").iterdir(), repository / "a.zip"]:
        other = repository / path.relative_to(repository).as_posix().replace("a", "b", 1)
        assert path.read_bytes() == other.read_bytes(), path.name


@pytest.mark.usefixtures("quick_wheel")
def test_an_older_edition_is_replaced_and_a_failed_one_leaves_it(repository):
    target = repository / "_build" / "student"
    target.mkdir(parents=True)
    (target / "old").touch()
    bad = repository / "notebooks" / "02_next.md"
    bad.write_text(HEADER + "# A\n\nSee {ref}`x`.", "utf-8")
    with pytest.raises(ValueError, match="02_next"):
        student.build(repository, target)
    assert [path.name for path in target.iterdir()] == ["old"]
    bad.write_text(HEADER + NEXT, "utf-8")
    student.build(repository, target)
    assert not (target / "old").exists()
    assert sorted(target.parent.iterdir()) == [target, target.with_suffix(".zip")]


def test_the_zip_unpacks_into_one_folder_that_can_be_installed(folder, tmp_path):
    with zipfile.ZipFile(folder.with_suffix(".zip")) as archive:
        archive.extractall(tmp_path)
    (unpacked,) = tmp_path.iterdir()
    names = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {path.name: path.read_bytes() for path in unpacked.iterdir()} == names
    wheel = next(line for line in names["requirements.txt"].decode().split() if "whl" in line)
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(site), wheel], cwd=unpacked, check=True)
    code = "import course_utils.checks.linear_rnn_sum as m; print(m.__file__)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=unpacked,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert run.stdout.startswith(str(site)), run.stderr


@pytest.mark.sweep  # asks the package registry
def test_what_the_zip_asks_for_can_be_installed(folder, tmp_path):
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--target", str(tmp_path), "-r", "requirements.txt"]
    command += ["-c", "constraints.txt"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_wheel_that_cannot_be_built_says_what_to_do(repository):
    (repository / "pyproject.toml").write_text("[build-system]\nrequires = ['setuptools']\n[")
    with pytest.raises(RuntimeError, match="pip install 'setuptools>=77'"):
        student.build_wheel(repository, repository)


def test_a_repository_without_chapters_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no chapter"):
        student.build(tmp_path, tmp_path / "student")


# --- leaks


@pytest.mark.usefixtures("quick_wheel")
@pytest.mark.parametrize(
    ("planted", "text", "found"),
    [
        ("course_utils/checks/demo.py", "return np.multiply(secret_factor,\n    a)", "demo.py"),
        ("course_utils/checks/demo.py", "want = np.multiply(secret_factor, a)", "demo.py"),
        ("course_utils/checks/demo.py", "x = 1  # secret_factor = scale", "demo.py"),
        ("course_utils/checks/demo.py", 'print("the measured growth:", scale)', "demo.py"),
        ("constraints.txt", "# Multiply by the hidden number two.", "constraints.txt"),
        ("notebooks/02_next.md", "\n`secret_factor = scale`\n", "02_next.ipynb"),
        ("notebooks/02_next.md", "\nBecause every step multiplies by the *weight*,", "02_next"),
    ],
)
def test_a_planted_leak_is_found(planted, text, found, repository):
    target = repository / "student"
    with (repository / planted).open("a", encoding="utf-8") as file:
        file.write(text)
    with pytest.raises(ValueError, match=rf"solutions in the class edition:\n.*{found}"):
        student.build(repository, target)
    assert not target.exists()


@pytest.mark.usefixtures("quick_wheel")
def test_a_short_line_the_chapters_print_anyway_is_no_leak(repository):
    with (repository / "notebooks/02_next.md").open("a", encoding="utf-8") as file:
        file.write("\n```{code-cell} ipython3\nsecret_factor = scale\n```\n")
    student.build(repository, repository / "student")


@pytest.mark.usefixtures("quick_wheel")
def test_a_long_line_in_another_chapter_is_a_leak(repository):
    line = "secret_factor = scale * (1 + scale - scale) ** 2"
    first = repository / "notebooks" / "01_demo.md"
    first.write_text(first.read_text("utf-8").replace("secret_factor = scale", line), "utf-8")
    with (repository / "notebooks/02_next.md").open("a", encoding="utf-8") as file:
        file.write(f"\n```{{code-cell}} ipython3\n{line}\n```\n")
    with pytest.raises(ValueError, match=r"02_next\.ipynb: secret_factor"):
        student.build(repository, repository / "student")


# --- the helper for tests of checks


def test_functions_are_compiled_from_the_chapter(tmp_path):
    notebook = chapter(tmp_path, CHAPTER)
    double = defined(compiled(notebook, "double"), "double")
    assert double(3.0) == 6.0
    # The chapter imports more, and has a secret_factor of its own.
    assert set(double.__globals__) - {"__name__", "__builtins__"} == {"np", "scale", "double"}
    with pytest.raises(NotImplementedError):
        defined(compiled(notebook, "double", stubbed=True), "double")(3.0)
    with pytest.raises(ValueError, match="'triple'"):
        compiled(notebook, "triple")


# --- the chapters themselves

CHAPTERS = [path.stem for path in chapters()]
RUNS = [
    # Each takes as long as its chapter, so `make test` runs one.
    pytest.param(slug, marks=[] if slug == CHAPTERS[0] else pytest.mark.sweep)
    for slug in CHAPTERS
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The class edition of this repository."""
    target = tmp_path_factory.mktemp("edition") / "student"
    student.build(ROOT, target)
    return target


def sources(folder: Path, slug: str, kind: str) -> list[str]:
    notebook = json.loads((folder / f"{slug}.ipynb").read_text("utf-8"))
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == kind]


REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def open_and_folded(text: str) -> tuple[str, list[str]]:
    """Return the code that a chapter shows, and the cells that answer its open exercise.

    Read from the chapter's text, apart from the tool's own reading of it.
    """
    cells = re.findall(r"^```\{code-cell\}.*?^```", text, re.DOTALL | re.MULTILINE)
    folded = [
        cell.split("---\n")[-1].removesuffix("```")
        for cell in cells
        if "hide-" in cell
        and "nbgrader" not in cell
        and text.find(cell) > text.find("(open)") > 0
    ]
    shown = [REGION.sub("", cell) for cell in cells if not any(f in cell for f in folded)]
    return "\n".join(shown), folded


@pytest.mark.parametrize("slug", CHAPTERS)
def test_no_solution_leaks(slug, folder):
    texts = {page.stem: page.read_text("utf-8") for page in pages()}
    printed = "\n".join(open_and_folded(text)[0] for text in texts.values())
    text = texts[slug]
    solutions = [*REGION.findall(text), *open_and_folded(text)[1]]
    lines = [line.strip() for inner in solutions for line in inner.splitlines()]
    answers = re.findall(
        r"^:::\{dropdown\} (?:One answer|Solution).*?\n(.*?)^:::",
        text,
        re.DOTALL | re.MULTILINE,
    )
    lines += [line.strip() for answer in answers for line in answer.splitlines()]
    lines += [line.removeprefix("return ") for line in lines]
    needles = [
        line
        for line in lines
        if (line not in printed or len(line) > 40)
        and not re.fullmatch(r".{,12}|return \w+", line)
    ]
    assert needles
    assert student.find_leaks(folder, needles) == []


@pytest.mark.parametrize("slug", CHAPTERS)
def test_no_myst_is_left(slug, folder):
    for source in sources(folder, slug, "markdown"):
        for raw in (":::", "{term}", "{cite", "```{", "](../", ".md)"):
            assert raw not in source


@pytest.mark.parametrize("slug", CHAPTERS)
def test_solutions_are_stubs(slug, folder):
    cells = read(ROOT / "notebooks" / f"{slug}.md").cells
    regions = sum(cell.source.count("### BEGIN SOLUTION") for cell in cells)
    stubs = "\n".join(sources(folder, slug, "code")).count("raise NotImplementedError()")
    assert stubs == regions > 0


@pytest.mark.parametrize("slug", RUNS)
def test_the_chapter_runs_up_to_its_first_check(slug, folder, tmp_path):
    notebook = nbformat.read(folder / f"{slug}.ipynb", as_version=4)
    assert_stops_at_first_stub(notebook, tmp_path)
