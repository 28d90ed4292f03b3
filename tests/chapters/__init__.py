"""A chapter's functions, taken from its own cells.

A claim is tested with what the chapter says, not with a copy of it::

    from tests.chapters import Page

    chapter = Page("02_one_hot_decoding")
    chapter.loss(weights, x, y)

and so is a check, with the function of a solution cell and as a learner finds it::

    from tests.chapters import solution, stub

    checks.forward(solution("linear_rnn_sum", "forward"))
    with pytest.raises(CheckFailed, match="still the stub"):
        checks.forward(stub("linear_rnn_sum", "forward"))

Only what the function uses is run: imports, functions and constants that cells define. So a
chapter that imports Keras costs nothing here unless the function needs it.

What each check says to which answer stands in the chapter's ``answers.py``::

    ANSWERS = {
        "final_bias": [  # the exercise
            ("right", lambda W, b, v: (v.sum() - W.sum() + b) / (len(v) + 1)),
            ("which sign", lambda W, b, v: (v.sum() - W.sum() - b[0]) / (len(v) + 1)),
        ],
    }

``right`` is an answer that passes, beside the solution and unlike it. With a wrong one stands a
pattern that its hint has to match. These files import NumPy and the package, and a framework
only in a function that needs it: they also run where there is none, as in a browser.
``tests/package/test_checks.py`` asks for the answers.
"""

import ast
import inspect
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from types import CodeType
from typing import Any

from nbformat import NotebookNode

from tools.chapters import ROOT, read
from tools.editions import stub_out
from tools.in_page.marking import names_bound, names_used, needed_for, statements_of

_statements = cache(statements_of)


class Page:
    """The names that a chapter or an appendix page defines, each run when it is first used.

    A name has the meaning of its last assignment, import or definition at top level. What a
    loop or a `with` assigns is not found.
    """

    def __init__(self, slug: str) -> None:
        self._slug = slug
        self._names: dict[str, Any] = {"__name__": "chapter"}
        self._done: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks each name in a module for some of these
            raise AttributeError(name)
        if name not in self._names:
            cells = [cell for cell in _read(self._slug).cells if cell.cell_type == "code"]
            statements = [part for cell in cells for part in _statements(cell.source)]
            needed = [
                s for s in needed_for(statements, name) if ast.unparse(s) not in self._done
            ]
            exec(compile(ast.Module(needed, []), f"<{self._slug}>", "exec"), self._names)
            self._done |= {ast.unparse(statement) for statement in needed}
        if name not in self._names:
            raise AttributeError(f"{self._slug} defines no {name!r} at top level")
        return self._names[name]


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remember what a function returned, however a call writes its arguments.

    ``functools.cache`` trains once for ``trained()`` and again for ``trained(first=0)``.
    """
    signature, remembered = inspect.signature(function), cache(function)

    @wraps(function)
    def recall(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return remembered(*bound.args, **bound.kwargs)

    return recall


def solution(slug: str, name: str) -> Callable[..., Any]:
    """Return a function of a chapter as its solution cell defines it.

    Parameters
    ----------
    slug
        The chapter, with or without its number.
    name
        The function.

    Raises
    ------
    ValueError
        If there is no such chapter, or no solution cell that defines the function.
    """
    return defined(_code(slug, name), name)


def stub(slug: str, name: str) -> Callable[..., Any]:
    """Return a function of a chapter as the class edition has it, before a learner's work."""
    return defined(_code(slug, name, stubbed=True), name)


def exercises(slug: str) -> list[str]:
    """Return the names of all functions that a chapter's solution cells define at top level."""
    cells = [cell for cell in _read(slug).cells if _is_solution(cell)]
    return [
        node.name
        for cell in cells
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef)
    ]


def setup_of(slug: str) -> str:
    """Return the code, outside its exercises, that a chapter's exercises and checks use."""
    before: list[ast.stmt] = []
    exercise: list[ast.stmt] = []
    for cell in _read(slug).cells:
        if cell.cell_type == "code":
            body = _statements(cell.source)
            (exercise if cell.metadata.get("nbgrader") else before).extend(body)
    used = names_used(compile(ast.Module(exercise, []), "<chapter>", "exec"))
    needed = needed_for(before, *used)
    return "\n".join(ast.unparse(statement) for statement in needed)


def compiled(notebook: NotebookNode, name: str, stubbed: bool = False) -> CodeType:
    """Compile a function from a solution cell and what it uses from the cells before."""
    statements: list[ast.stmt] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        body = _statements(cell.source)
        if _is_solution(cell) and any(name in names_bound(statement) for statement in body):
            source = stub_out(cell.source) if stubbed else cell.source
            needed = needed_for(statements + ast.parse(source).body, name)
            return compile(ast.Module(needed, []), "<chapter>", "exec")
        statements += body
    raise ValueError(f"no solution cell of the chapter defines {name!r}")


def defined(code: CodeType, name: str) -> Any:
    """Return what code gives a name."""
    namespace: dict[str, Any] = {"__name__": "chapter"}
    exec(code, namespace)
    return namespace[name]


@cache
def _code(slug: str, name: str, stubbed: bool = False) -> CodeType:
    return compiled(_read(slug), name, stubbed)


def _chapter(slug: str) -> Path:
    pattern = f"{slug}.md" if slug[1].isdigit() else f"[0-9][0-9]_{slug}.md"
    found = list((ROOT / "notebooks").glob(pattern))
    if len(found) != 1:
        raise ValueError(f"no chapter {slug!r} in notebooks/")
    return found[0]


@cache
def _read(slug: str) -> NotebookNode:
    return read(_chapter(slug))


def _is_solution(cell: NotebookNode) -> bool:
    marked = cell.metadata.get("nbgrader", {}).get("solution", False)
    return cell.cell_type == "code" and marked
