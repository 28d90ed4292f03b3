"""Mark an exercise as the chapter's notebook would; runs in the page, under Pyodide.

A chapter is a list of its code cells, solutions stubbed (:func:`tools.in_page.cells_of`). What
an exercise needs of the cells before it is found by name and run: imports, functions,
constants.
"""

import ast
import dis
import io
import json
import linecache
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import CodeType
from typing import Any, TypedDict

FILE = "<your code>"
SHOWN = 10_000  # characters that a learner's own print lines may take


class Cell(TypedDict):
    """A code cell: its source, and the exercise it states or checks (empty: neither)."""

    source: str
    exercise: str
    check: str


class Verdict(TypedDict):
    """What the page says: whether it is right, the check's words, what the code printed.

    ``missing`` is the package that the page does not have, if the code or the check asked for
    one.
    """

    right: bool
    says: str
    printed: str
    missing: str


def mark(cells: Sequence[Cell], exercise: str, answers: Mapping[str, str]) -> Verdict:
    """Run a learner's code and the check of the exercise.

    Parameters
    ----------
    cells
        The chapter.
    exercise
        The exercise to mark.
    answers
        The code to mark, and code for earlier exercises that it may use.
    """
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            _run(cells, exercise, answers)
    except BaseException as error:  # a learner's code may also call exit()
        if isinstance(error, Unsolved):
            says = str(error)
        elif type(error).__name__ == "CheckFailed":
            says = f"Not yet: {error}"
        else:
            says = _report(error)
        return _verdict(False, says, printed.getvalue(), error)
    *own, says = printed.getvalue().rstrip("\n").split("\n")  # a check ends with its verdict
    return _verdict(True, says, "\n".join(own), None)


def mark_json(request: str) -> str:
    """Do the same, from and to JSON, for a chapter in the folder beside this file."""
    asked = json.loads(request)
    chapter = Path(__file__).parent / "chapters" / f"{asked['chapter']}.json"
    cells = json.loads(chapter.read_text("utf-8"))
    return json.dumps(mark(cells, asked["exercise"], asked["answers"]))


class Unsolved(Exception):
    """An exercise builds on an earlier one that has no answer yet."""


def _run(cells: Sequence[Cell], exercise: str, answers: Mapping[str, str]) -> None:
    before: list[ast.stmt] = []
    unsolved: set[str] = set()  # names that an earlier exercise still has to give a meaning to
    (own,) = [number for number, cell in enumerate(cells) if cell["exercise"] == exercise]
    for cell in cells[:own]:
        earlier = cell["exercise"]
        body = statements_of(answers.get(earlier, cell["source"]))
        given = {name for statement in body for name in names_bound(statement)}
        unsolved -= given
        if earlier and earlier not in answers:
            unsolved |= given
        before += body
    code = answers[exercise]
    linecache.cache[FILE] = len(code), None, code.splitlines(keepends=True), FILE
    asked = compile(code, FILE, "exec")
    check = next(cell["source"] for cell in cells if cell["check"] == exercise)
    checked = compile(check, "<check>", "exec")
    own_names = {name for statement in statements_of(code) for name in names_bound(statement)}
    used = (names_used(asked) | names_used(checked)) - own_names
    rests_on = needed_for(before, *used)
    for name in sorted(unsolved & {n for part in rests_on for n in names_bound(part)}):
        raise Unsolved(f"This exercise uses {name} of an earlier one. Solve that one first.")
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(ast.Module(rests_on, []), "<the chapter>", "exec"), names)
    exec(asked, names)
    exec(checked, names)


def _verdict(right: bool, says: str, printed: str, error: BaseException | None) -> Verdict:
    missing = ""
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            name = error.name or ""
            missing = name if name.startswith("course_utils.") else name.split(".")[0]
        error = error.__cause__
    if len(printed) > SHOWN:
        printed = printed[:SHOWN] + "\n..."
    return {"right": right, "says": says, "printed": printed, "missing": missing}


def _report(error: BaseException) -> str:
    """Say what went wrong and in which line of the learner's own code."""
    says = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return f"{type(error).__name__} in your line {error.lineno}: {error.msg}" + (
            f"\n{error.text.rstrip()}" if error.text else ""
        )
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    return f"{says}\nin your line {own[-1].lineno}: {own[-1].line}" if own else says


# --- which statements a name rests on


def statements_of(source: str) -> list[ast.stmt]:
    """Parse the code of a cell without its magic commands, each import on its own."""
    lines = source.split("\n")
    body = ast.parse(
        "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
    ).body
    parts: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            module, level = statement.module, statement.level
            parts += [ast.ImportFrom(module, [name], level) for name in statement.names]
        elif isinstance(statement, ast.Import):
            parts += [ast.Import([name]) for name in statement.names]
        else:
            parts.append(statement)
    return [ast.fix_missing_locations(part) for part in parts]


def names_bound(statement: ast.stmt) -> set[str]:
    """Return the names that a top-level statement gives a meaning to."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).split(".")[0] for a in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
        return {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return set()


def names_used(code: CodeType) -> set[str]:
    """Return the names that code looks up outside itself: not the locals of a function."""
    outside = ("LOAD_GLOBAL", "LOAD_NAME")
    found = {step.argval for step in dis.get_instructions(code) if step.opname in outside}
    return found.union(
        *(names_used(part) for part in code.co_consts if isinstance(part, CodeType))
    )


def needed_for(statements: list[ast.stmt], *names: str) -> list[ast.stmt]:
    """Return the statements that these names rest on, in their order."""
    latest = {
        name: i for i, statement in enumerate(statements) for name in names_bound(statement)
    }
    found: set[int] = set()
    waiting = set(names)
    while waiting:
        position = latest.get(waiting.pop())
        if position is not None and position not in found:
            found.add(position)
            module = ast.Module([statements[position]], [])
            waiting |= names_used(compile(module, "<chapter>", "exec"))
    return [statements[position] for position in sorted(found)]
