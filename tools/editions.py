"""A chapter as a class gets it: with solutions for the teacher, without for the learner.

One notebook is made of a chapter, in Markdown that JupyterLab renders without extensions: with
solutions between marks and the metadata that nbgrader reads (``Edition.source``). Taking the
solutions and the metadata out of it gives what a learner gets (``Edition.notebook``).
:mod:`tools.student` and :mod:`tools.assignments` write the two to disk.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.chapters import FOLDED, pages, read
from tools.myst_to_markdown import Bibliography, Block, Links, inline, parse, render

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
PROMPT = "*Your answer: double-click here and write.*"
# Each notebook may be passed on alone.
CREDIT = (
    "*From* What Recurrent Networks Learn. *Copyright 2026, the authors of that book. Code "
    "under the [BSD 3-Clause licence](https://opensource.org/license/bsd-3-clause), text and "
    "figures under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).*"
)
PROMPT_TEXT = re.compile(r"\s*[*_]?Your answer(?:(?!\n\s*\n).)*", re.DOTALL)  # one paragraph
SOLUTION_TITLE = re.compile(r"(one answer|solution)\b.*", re.IGNORECASE)


def stub_out(source: str, stub: Sequence[str] = STUB) -> str:
    r"""Replace every solution region of a cell by a stub.

    Parameters
    ----------
    source
        Source of the cell.
    stub
        The lines that take its place.

    Returns
    -------
    str
        The source with the stub in place of each region, indented as its first line was.

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
    return "\n".join(_split(source, stub)[0])


def solution_lines(source: str) -> list[str]:
    """Return the lines inside the solution regions of a code cell."""
    return _split(source)[1]


def _split(source: str, stub: Sequence[str] = STUB) -> tuple[list[str], list[str]]:
    """Separate a cell into the stubbed lines and the solution's."""
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
            public += [indent + text for text in stub]
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
    source
        The notebook with solutions, each between ``### BEGIN SOLUTION`` and ``### END
        SOLUTION``, and with nbgrader's metadata.
    solutions, answers
        Lines of code and of prose that must appear nowhere in the edition.
    printed
        The chapter's code outside solution regions: a line of a solution that is printed
        there too gives nothing away.
    """

    slug: str
    title: str
    source: NotebookNode
    solutions: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    printed: str = ""

    @property
    def notebook(self) -> NotebookNode:
        """The notebook without solutions, as a learner gets it."""
        made = copy.deepcopy(self.source)
        for cell in made.cells:
            if cell.metadata.pop("nbgrader", {}).get("solution"):
                stub = STUB if cell.cell_type == "code" else ()
                cell.source = stub_out(cell.source, stub).rstrip()
        return made


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


def make_editions(root: Path) -> list[Edition]:
    """Turn every chapter of a repository into the notebooks of a class.

    Parameters
    ----------
    root
        The repository.

    Returns
    -------
    list of Edition
        In the order of the chapters.

    Raises
    ------
    ValueError
        If there is no chapter, or one does not keep to the format.
    """
    chapters = pages(root / "notebooks")
    if not chapters:
        raise ValueError("there is no chapter: notebooks/ has no NN_slug.md")
    bibliography = root / "book" / "references.bib"
    links = Links(
        frozenset(chapter.stem for chapter in chapters),
        Bibliography(bibliography if bibliography.exists() else None),
    )
    editions = [make_edition(chapter.stem, read(chapter), links) for chapter in chapters]
    for edition in editions:
        edition.source.cells.append(nbformat.v4.new_markdown_cell(CREDIT, id="credit"))
    return editions


def make_edition(slug: str, notebook: NotebookNode, links: Links) -> Edition:
    """Turn a chapter into the notebooks of a class.

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
        The notebooks, and what must not leak.

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
        self.open = False  # and it is one in words
        self.model: list[str] = []  # what the chapter answers to the latest exercise
        self.answer: NotebookNode | None = None  # the cell for a learner's text
        self.prompt = ""

    def make(self, notebook: NotebookNode) -> Edition:
        edition = self.edition
        edition.source.metadata = {
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
        cells = self.edition.source.cells
        if not cell.get("id"):
            cell["id"] = f"cell-{len(cells):03}"
        cells.append(cell)

    def _code(self, cell: NotebookNode) -> Iterator[NotebookNode]:
        public, solution = _split(cell.source)
        folded = FOLDED & set(cell.metadata.get("tags", []))
        if self.open and folded and not cell.metadata.get("nbgrader"):
            if "solution" not in cell.metadata.get("mystnb", {}).get("code_prompt_show", ""):
                raise ValueError(
                    "code that measures an open answer is folded under 'Show solution' "
                    "(mystnb: code_prompt_show), so that a class's book leaves it out"
                )
            self.edition.solutions += public  # the measurement of an open answer
            self._extend_model("\n".join(["```python", *public, "```"]))
            return
        self.edition.solutions += solution
        self.edition.printed += "\n".join(public) + "\n"
        made = nbformat.v4.new_code_cell(cell.source)
        _mark(made, cell)
        if "raises-exception" in cell.metadata.get("tags", []):
            made.metadata["tags"] = ["raises-exception"]  # or `Run all` would stop there
        if folded and not cell.metadata.get("nbgrader"):
            made.metadata["jupyter"] = {"source_hidden": True}
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
            if block.style == "exercise":
                self.exercise, self.model, self.answer = True, [], None
                self.open = block.title.endswith("(open)")
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
            self.prompt, self.answer = prompt, _markdown("")
            _mark(self.answer, cell)
            self._extend_model()
            yield self.answer

    def _extend_model(self, *texts: str) -> None:
        """Add to the chapter's own answer, which the teacher's notebook shows."""
        self.model += texts
        if self.answer is not None:
            model = "\n\n".join(self.model)
            self.answer.source = f"{self.prompt}\n\n{BEGIN}\n{model}\n{END}"

    def _hold_back(self, block: Block) -> None:
        """Note the lines of an answer, as written and as they would be shown."""
        written = [block] if block.kind == "code" else parse(block.text)
        shown = render(written, self.links)
        self._extend_model(shown)
        for text in (block.text, shown):
            # A formula may stand in the chapter too.
            self.edition.answers += re.sub(r"\$\$.+?\$\$", "\n", text, flags=re.DOTALL).split(
                "\n"
            )

    def _begin_section(self, headings: list[tuple[str, str]]) -> None:
        """Forget the exercise before, and note the chapter's title."""
        self.exercise = self.open = False
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
        answer = re.match(r"Answer (\d+)", title)
        if answer and answer[1] in self.questions - self.answered:
            self.answered.add(answer[1])
            return False
        if self.exercise:
            raise ValueError(
                f"a dropdown after an exercise is titled 'Hint', 'One answer' or 'Solution', "
                f"not {title!r}: the class edition leaves out the last two"
            )
        if answer:
            raise ValueError(f"{title!r} needs one 'Predict first {answer[1]}' of its own")
        return False


def _mark(made: NotebookNode, cell: NotebookNode) -> None:
    """Give a cell the metadata of nbgrader's schema 3, and its name as id."""
    given = cell.metadata.get("nbgrader")
    made["id"] = given["grade_id"] if given else ""
    if given:
        solution, grade = given.get("solution", False), given.get("grade", False)
        made.metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": given["grade_id"],
            "cell_type": cell.cell_type,
            "solution": solution,
            "grade": grade,
            "locked": not solution,  # then autograding restores what a learner changed
            "task": False,
        } | ({"points": given["points"]} if grade else {})


def _markdown(source: str) -> NotebookNode:
    cell = nbformat.v4.new_markdown_cell(source)
    cell["id"] = ""
    return cell
