"""Write the class edition: ``python -m tools.student``.

``_build/student/`` gets a notebook a chapter without solutions, in Markdown that JupyterLab
renders without extensions, and what a learner needs to run them: requirements, a wheel of
course_utils, a start page. It is checked for leaked solutions before it takes the place of
the one before.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils.check_env import NEEDED
from tools.chapters import ROOT, read
from tools.myst_to_markdown import Bibliography, Block, Links, inline, parse, render

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
PROMPT = "*Your answer: double-click here and write.*"
FOLDED = {"hide-cell", "hide-input"}  # tags: after an exercise, what is folded is an answer
PROMPT_TEXT = re.compile(r"\s*[*_]?Your answer(?:(?!\n\s*\n).)*", re.DOTALL)  # one paragraph
SOLUTION_TITLE = re.compile(r"(one answer|solution)\b.*", re.IGNORECASE)
TELLS_NOTHING = re.compile(r".{,12}|(return )?\w+")  # as a line of a solution


def stub_out(source: str) -> str:
    r"""Replace every solution region of a code cell by a stub.

    Parameters
    ----------
    source
        Source of the cell.

    Returns
    -------
    str
        The source with ``# YOUR CODE HERE`` and ``raise NotImplementedError()`` in place of
        each region, indented as its first line was.

    Raises
    ------
    ValueError
        If a region has no beginning or no end, lies in another, or its marks are misspelt.

    Examples
    --------
    >>> print(stub_out("def f():\n    ### BEGIN SOLUTION\n    x\n    ### END SOLUTION"))
    def f():
        # YOUR CODE HERE
        raise NotImplementedError()
    """
    return "\n".join(_split(source)[0])


def solution_lines(source: str) -> list[str]:
    """Return the lines inside the solution regions of a code cell."""
    return _split(source)[1]


def _split(source: str) -> tuple[list[str], list[str]]:
    """Separate a code cell into the stubbed lines and the solution's."""
    public: list[str] = []
    solution: list[str] = []
    inside = False
    for line in source.split("\n"):
        mark = line.strip()
        if mark not in (BEGIN, END):
            if re.search(r"\b(begin|end)\s+solution\b", line, re.IGNORECASE):
                raise ValueError(f"write exactly {BEGIN!r} or {END!r}, not {mark!r}")
            (solution if inside else public).append(line)
            continue
        if inside == (mark == BEGIN):
            raise ValueError(
                f"{BEGIN!r} inside a solution" if inside else f"{END!r} without {BEGIN!r}"
            )
        if mark == BEGIN:
            indent = line[: len(line) - len(line.lstrip())]
            public += [indent + text for text in STUB]
        inside = mark == BEGIN
    if inside:
        raise ValueError(f"{BEGIN!r} without {END!r}")
    return public, solution


@dataclass
class Edition:
    """A chapter as a class gets it.

    Attributes
    ----------
    slug
        ``NN_slug``.
    title
        The chapter's first heading.
    notebook
        The notebook without solutions.
    solutions, answers
        Lines of code and of prose that must appear nowhere in the edition.
    printed
        The chapter's code outside solution regions: a line of a solution that is printed
        there too gives nothing away.
    """

    slug: str
    title: str
    notebook: NotebookNode
    solutions: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    printed: str = ""


def check_exercises(notebook: NotebookNode) -> None:
    """Check what a chapter says about its exercises.

    Parameters
    ----------
    notebook
        The chapter, from :func:`tools.chapters.read`.

    Raises
    ------
    ValueError
        If a cell's nbgrader metadata is incomplete, a solution cell has no solution region or
        no check cell after it, or a region stands in a cell that is no solution. The message
        begins with the cell.
    """
    marked: dict[str, NotebookNode] = {}
    unchecked: dict[str, str] = {}
    for cell in notebook.cells:
        has_region = any(mark in cell.source for mark in (BEGIN, END))
        grading = cell.metadata.get("nbgrader", {})
        solution, grade = grading.get("solution", False), grading.get("grade", False)
        name = grading.get("grade_id", "")
        if cell.cell_type == "code":
            with _in_cell(cell):
                _split(cell.source)
        if has_region and (cell.cell_type != "code" or not solution):
            raise ValueError(
                f"{cell.id}: a solution region stands in a code cell with nbgrader: "
                f"{{grade_id: ..., solution: true}}, not in this {cell.cell_type} cell"
            )
        if not grading:
            continue
        if set(grading) - {"grade_id", "solution", "grade", "points"} or not (
            solution or grade
        ):
            raise ValueError(
                f"{cell.id}: nbgrader metadata is {{grade_id: ..., solution: true}} or "
                f"{{grade_id: ..., grade: true, points: ...}}, got {dict(grading)}"
            )
        if not re.fullmatch(r"[\w-]{1,64}", name) or name in marked:
            raise ValueError(f"{cell.id}: grade_id {name!r} is not a word used once")
        if grade and not isinstance(grading.get("points"), int | float):
            raise ValueError(f"{cell.id}: {name!r} is graded, so it needs points")
        marked[name] = cell
        if cell.cell_type == "code" and solution:
            if not has_region:
                raise ValueError(f"{cell.id}: {name!r} has no solution region")
            if not grade:
                unchecked[f"{name}-check"] = cell.id
        elif cell.cell_type == "code":
            unchecked.pop(name, None)
        elif not (solution and grade):
            raise ValueError(
                f"{cell.id}: {name!r} is a text answer: solution and grade are true"
            )
    for check, cell_id in unchecked.items():
        raise ValueError(
            f"{cell_id}: an exercise without a check; add a code cell with "
            f"nbgrader: {{grade_id: {check}, grade: true, points: ...}} after it"
        )


@contextmanager
def _in_cell(cell: NotebookNode) -> Iterator[None]:
    """Put the cell in front of the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{cell.id}: {error}") from None


def class_edition(slug: str, notebook: NotebookNode, links: Links) -> Edition:
    """Turn a chapter into the notebook a class gets.

    Parameters
    ----------
    slug
        ``NN_slug``, for messages.
    notebook
        The chapter, from :func:`tools.chapters.read`.
    links
        What its links and citations may point at.

    Returns
    -------
    Edition
        The notebook without solutions, and what must not leak.

    Raises
    ------
    ValueError
        For a chapter that does not keep to the format; the message names the chapter, the
        cell and the text.
    """
    try:
        check_exercises(notebook)
        return _Maker(slug, links).make(notebook)
    except ValueError as error:
        raise ValueError(f"notebooks/{slug}.md, {error}") from None


class _Maker:
    """Walks through a chapter's cells and remembers where it is."""

    def __init__(self, slug: str, links: Links) -> None:
        self.links = links
        self.cited: set[str] = set()
        self.edition = Edition(slug, "", nbformat.v4.new_notebook())
        self.questions: set[str] = set()  # numbers of the predict-first questions
        self.answered: set[str] = set()
        self.exercise = False  # an exercise has been stated under this heading

    def make(self, notebook: NotebookNode) -> Edition:
        edition = self.edition
        edition.notebook.metadata = {
            "kernelspec": dict(notebook.metadata["kernelspec"]),
            "language_info": {"name": "python"},
        }
        self.questions = {
            number
            for cell in notebook.cells
            if cell.cell_type == "markdown"
            for number in re.findall(r"^:::.*Predict first (\d+)", cell.source, re.MULTILINE)
        }
        for cell in notebook.cells:
            with _in_cell(cell):
                for made in self._code(cell) if cell.cell_type == "code" else self._text(cell):
                    self._add(made)
        if not edition.title:
            raise ValueError("no heading '# Title' in the chapter")
        if self.cited:
            entries = self.links.bibliography.references(self.cited)
            self._add(
                _markdown("\n".join(["**References**", "", *(f"- {e}" for e in entries)]))
            )
        return edition

    def _add(self, cell: NotebookNode) -> None:
        cells = self.edition.notebook.cells
        if not cell.get("id"):
            cell["id"] = f"cell-{len(cells):03}"
        cells.append(cell)

    def _code(self, cell: NotebookNode) -> Iterator[NotebookNode]:
        public, solution = _split(cell.source)
        folded = FOLDED & set(cell.metadata.get("tags", []))
        if self.exercise and folded and not cell.metadata.get("nbgrader"):
            self.edition.solutions += public  # the measurement of an open answer
            return
        self.edition.solutions += solution
        self.edition.printed += "\n".join(public) + "\n"
        made = nbformat.v4.new_code_cell("\n".join(public))
        made["id"] = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if "raises-exception" in cell.metadata.get("tags", []):
            made.metadata["tags"] = ["raises-exception"]  # or `Run all` would stop there
        yield made
        caption = cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")
        if caption:
            caption = " ".join(inline(caption, self.links, self.cited, True).split())
            yield _markdown(f"_{caption}_")

    def _text(self, cell: NotebookNode) -> Iterator[NotebookNode]:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        kept: list[Block] = []
        prompt = PROMPT
        for block in parse(cell.source):
            headings = re.findall(r"^(##?) +(.+?) *$", block.text, re.MULTILINE)
            if block.kind == "prose" and headings:
                self._begin_section(headings)
            if grade_id and (headings or block.style in ("predict", "objectives")):
                raise ValueError(f"{grade_id!r} is an answer: end it with a line '+++'")
            self.exercise |= block.style == "exercise"
            open_answer = grade_id and block.style not in ("exercise", "hint")
            if grade_id and PROMPT_TEXT.fullmatch(block.text):
                prompt = inline(block.text.strip(), self.links, self.cited)
            elif open_answer or (block.kind == "dropdown" and self._is_solution(block)):
                self._hold_back(block)
            else:
                kept.append(block)
        text = render(kept, self.links, self.cited)
        if text:
            yield _markdown(text)
        if grade_id:
            if not self.exercise:
                raise ValueError(
                    f"{grade_id!r} answers no exercise: put the box of class exercise into "
                    "this cell or one before it under the same heading"
                )
            answer = _markdown(prompt)
            answer["id"] = grade_id
            yield answer

    def _hold_back(self, block: Block) -> None:
        """Note the lines of an answer, as written and as they would be shown."""
        written = [block] if block.kind == "code" else parse(block.text)
        for text in (block.text, render(written, self.links)):
            # A formula may stand in the chapter too.
            self.edition.answers += re.sub(r"\$\$.+?\$\$", "\n", text, flags=re.DOTALL).split(
                "\n"
            )

    def _begin_section(self, headings: list[tuple[str, str]]) -> None:
        """Forget the exercise before, and note the chapter's title."""
        self.exercise = False
        for level, title in headings:
            if level == "#" and not self.edition.title:
                self.edition.title = inline(title, self.links)

    def _is_solution(self, block: Block) -> bool:
        """Decide whether a dropdown is left out."""
        title = block.title
        if SOLUTION_TITLE.fullmatch(title):
            return True
        if title.lower().startswith("hint"):
            return False
        if self.exercise:
            raise ValueError(
                f"a dropdown after an exercise is titled 'Hint', 'One answer' or 'Solution', "
                f"not {title!r}: the class edition leaves out the last two"
            )
        if answer := re.match(r"Answer (\d+)", title):
            if answer[1] not in self.questions or answer[1] in self.answered:
                raise ValueError(f"{title!r} needs one 'Predict first {answer[1]}' of its own")
            self.answered.add(answer[1])
        return False


def _markdown(source: str) -> NotebookNode:
    cell = nbformat.v4.new_markdown_cell(source)
    cell["id"] = ""
    return cell


def _plain(text: str) -> str:
    """Return a text with every run of white space as one space."""
    return " ".join(text.split())


def leak_needles(editions: Iterable[Edition]) -> set[str]:
    """Return the lines that must appear nowhere in the class edition.

    A line of code counts without its ``return``, so that an expression moved into an
    assignment is found. Left out are lines too short to tell anything and lines that some
    chapter prints outside its solutions.
    """
    editions = list(editions)
    printed = _plain("\n".join(edition.printed for edition in editions))
    code = {_plain(line) for edition in editions for line in edition.solutions}
    bare = {line.removeprefix("return ") for line in code}
    hidden = {line for line in code | bare if line not in printed}
    answers = {_plain(line) for edition in editions for line in edition.answers}
    return {line for line in hidden | answers if not TELLS_NOTHING.fullmatch(line)}


def find_leaks(folder: Path, needles: Iterable[str]) -> list[str]:
    """Search a folder, its notebooks and the files in its wheels for lines.

    Parameters
    ----------
    folder
        The class edition.
    needles
        From :func:`leak_needles`.

    Returns
    -------
    list of str
        ``file: line`` for each line found, whatever its indentation and line breaks.
    """
    needles = sorted({_plain(needle) for needle in needles})
    return [
        f"{name}: {needle}"
        for name, text in _texts(folder)
        for needle in needles
        if needle in text
    ]


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file, white space as one space."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                for member in wheel.namelist():
                    inner = wheel.read(member).decode("utf-8", errors="ignore")
                    yield f"{name}/{member}", _plain(inner)
        elif path.suffix == ".ipynb":
            yield name, _plain("\n".join(_strings(json.loads(path.read_text("utf-8")))))
        elif path.is_file():
            yield name, _plain(path.read_text("utf-8", errors="ignore"))


def _strings(value: Any) -> Iterator[str]:
    """Yield all text in a notebook; JSON writes quotes and line ends another way."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        if all(isinstance(inner, str) for inner in value):
            yield "".join(value)
        else:
            for inner in value:
                yield from _strings(inner)


def requirements(text: str, wheel: str, needed: Collection[str] = NEEDED) -> str:
    r"""Return what a learner installs.

    The extension jupyterlab-myst is not among it: it shows ``<details>`` without what is
    folded inside (seen with 2.7.0), so every answer would be gone.

    Parameters
    ----------
    text
        ``requirements.txt`` of the repository.
    wheel
        File name of the wheel of course_utils.
    needed
        The packages that running a chapter takes.

    Returns
    -------
    str
        The lines of these packages, and the wheel.

    Raises
    ------
    ValueError
        If a needed package has no line.

    Examples
    --------
    >>> print(requirements("-e .\nnumpy>=2\n# the book\nsphinx", "c.whl", ["numpy"]), end="")
    numpy>=2
    ./c.whl
    """
    lines: list[str] = []
    missing = set(needed)
    for line in text.splitlines():
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        name = name.removesuffix("-cpu")  # tensorflow has two names
        if name in needed:
            lines.append(line)
            missing.discard(name)
    if missing:
        raise ValueError(f"requirements.txt has no line for {', '.join(sorted(missing))}")
    return "\n".join([*lines, f"./{wheel}"]) + "\n"


def build_wheel(root: Path, folder: Path) -> str:
    """Build the wheel of course_utils.

    Parameters
    ----------
    root
        The repository.
    folder
        Where the wheel goes.

    Returns
    -------
    str
        Its file name.

    Raises
    ------
    RuntimeError
        If it cannot be built; the message says what to do.
    """
    with tempfile.TemporaryDirectory() as scratch:
        # A build in place would pack files left in build/ by an earlier one.
        source = Path(scratch) / "source"
        source.mkdir()
        for path in [root / "pyproject.toml", *root.glob("README*"), *root.glob("LICENSE*")]:
            shutil.copy(path, source)
        shutil.copytree(
            root / "course_utils",
            source / "course_utils",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet"]
        command += ["--disable-pip-version-check", "--wheel-dir", str(folder)]
        if _has_setuptools():  # then nothing is downloaded
            command.append("--no-build-isolation")
        # Fixed file times, so that the same source gives the same wheel.
        environment = os.environ | {"SOURCE_DATE_EPOCH": "946684800"}
        result = subprocess.run(
            [*command, str(source)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        raise RuntimeError(
            "The wheel of course_utils could not be built. Without a network this needs "
            "setuptools 77 or later in the environment: pip install 'setuptools>=77'. "
            f"pip said:\n{(result.stderr or result.stdout).strip()[-2000:]}"
        )
    return wheels[0].name


def _has_setuptools() -> bool:
    try:
        return int(version("setuptools").split(".")[0]) >= 77
    except PackageNotFoundError:
        return False


START = """\
# What Recurrent Networks Learn

The class edition: notebooks with exercises that check themselves.

## Set up

You need Python ({python}). In this folder, in a terminal:

```
python3 -m venv .venv
. .venv/bin/activate
python -m pip install -r requirements.txt -c constraints.txt
python -m course_utils.check_env
jupyter lab
```

On Windows, begin with `py -m venv .venv` and `.venv\\Scripts\\activate`. The fourth line says
what is missing, if anything is. The next time, only activate and start `jupyter lab`. Do not
add the extension jupyterlab-myst: it does not show folded answers.

## Chapters

Start with the first; click a name on the left in JupyterLab to open it.

{chapters}

## How an exercise works

1. Run the notebook from the top. It stops at the first exercise that is not yet solved.
2. Write your code in place of `# YOUR CODE HERE` and `raise NotImplementedError()`, and run
   the cell.
3. Run the check cell below it. It says what to look at, or that the answer is right.
4. Where an exercise asks for words, write them into the cell that says "Your answer".

*Predict first* boxes ask for a prediction on paper; the answer is folded below.

## What is here

| file | what it is |
|---|---|
| `NN_name.ipynb` | a chapter |
| `requirements.txt` | what the chapters need |
| `constraints.txt` | the versions they were tested with |
| `{wheel}` | the helpers the chapters share, with the checks |
| `{licences}` | what you may do with this course |
"""


def start_page(editions: Iterable[Edition], python: str, wheel: str, licences: str) -> str:
    """Write the page a learner reads first."""
    chapters = "\n".join(f"1. [{edition.title}]({edition.slug}.ipynb)" for edition in editions)
    return START.format(chapters=chapters, python=python, wheel=wheel, licences=licences)


def build(root: Path, target: Path) -> list[Edition]:
    """Write the class edition of a repository.

    Parameters
    ----------
    root
        The repository.
    target
        The folder to write; an older one is replaced once the new one is whole.

    Returns
    -------
    list of Edition
        The chapters.

    Raises
    ------
    ValueError
        For a chapter that does not keep to the format, or a solution that leaks.
    RuntimeError
        If the wheel cannot be built.
    """
    chapters = sorted((root / "notebooks").glob("[0-9][0-9]_*.md"))
    if not chapters:
        raise ValueError("there is no chapter: notebooks/ has no NN_slug.md")
    bibliography = root / "book" / "references.bib"
    links = Links(
        frozenset(chapter.stem for chapter in chapters),
        Bibliography(bibliography if bibliography.exists() else None),
    )
    editions = [class_edition(chapter.stem, read(chapter), links) for chapter in chapters]
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for edition in editions:
            nbformat.validate(edition.notebook)
            nbformat.write(edition.notebook, folder / f"{edition.slug}.ipynb")
        wheel = build_wheel(root, folder)
        licences = sorted(path.name for path in root.glob("LICENSE*"))
        for name in [*licences, "constraints.txt"]:
            shutil.copy(root / name, folder)
        wanted = requirements((root / "requirements.txt").read_text("utf-8"), wheel)
        (folder / "requirements.txt").write_text(wanted, "utf-8")
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
        page = start_page(editions, project["requires-python"], wheel, "`, `".join(licences))
        (folder / "START.md").write_text(page, "utf-8")
        if leaks := find_leaks(folder, leak_needles(editions)):
            raise ValueError("solutions in the class edition:\n  " + "\n  ".join(leaks))
        folder.chmod(0o755)  # mkdtemp lets nobody else read it
        _swap_in(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return editions


def _swap_in(folder: Path, target: Path) -> None:
    """Move a folder to where an older one may stand."""
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as trash:
        if target.exists():
            target.rename(Path(trash) / "old")
        folder.rename(target)


def main() -> None:
    """Write the class edition of this repository."""
    argparse.ArgumentParser(prog="python -m tools.student", description=__doc__).parse_args()
    target = ROOT / "_build" / "student"
    try:
        editions = build(ROOT, target)
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f"make student: {error}") from None
    print(
        f"_build/student: {len(editions)} chapter(s), no solution in it. Begin with START.md."
    )


if __name__ == "__main__":
    main()
