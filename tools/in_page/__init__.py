"""Exercises that run in the page: what a browser is given, and which exercises can do with it.

A page loads two scripts when a reader first presses *Check*, the same two on every page:
``python.js`` holds Python and NumPy (``book/_vendor/pyodide``), ``course.js`` the checks, the
cells of the chapters without solutions, and :mod:`tools.in_page.marking`. They hold their files
as text, since a page opened from disk may not fetch.
"""

import base64
import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from tools.chapters import ROOT, chapters, read
from tools.editions import stub_out
from tools.in_page.marking import Cell
from tools.myst_to_markdown import parse

PYODIDE = ROOT / "book" / "_vendor" / "pyodide"
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
MODULES = "modules"  # the file in a script that holds Python's modules
# Of NumPy's wheel no page reads these: sources for C and Fortran, types, tests.
UNREAD = re.compile(r"/(f2py|tests|include|lib/pkgconfig|_pyinstaller)/|\.(pyi|a|h)$")
# Of course_utils: what draws figures, asks for frameworks or reads megabytes.
NOT_IN_PAGE = {"live", "plotting", "check_env", "pretrained"}


@dataclass(frozen=True)
class Exercise:
    """An exercise that a check marks.

    Attributes
    ----------
    name
        Its ``grade_id``, one of its chapter's.
    title
        Of the box that states it.
    stub, solution
        Its cell, as a class gets it and as the chapter has it.
    """

    name: str
    title: str
    stub: str
    solution: str


def exercises_of(notebook: NotebookNode) -> list[Exercise]:
    """Return the exercises of a chapter that a check marks, in order."""
    found: list[Exercise] = []
    title = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            boxes = [block for block in parse(cell.source) if block.style == "exercise"]
            title = boxes[-1].title if boxes else title
        elif name := solves(cell):
            found.append(Exercise(name, title, stub_out(cell.source), cell.source))
    return found


def solves(cell: NotebookNode) -> str:
    """Return the name of the exercise whose solution a code cell holds; else empty."""
    grading = cell.metadata.get("nbgrader", {})
    return grading["grade_id"] if grading.get("solution") and "grade" not in grading else ""


def cells_of(notebook: NotebookNode) -> list[Cell]:
    """Return the code cells of a chapter without solutions.

    Code that measures the answer to an open question is left out, as from the class edition.
    """
    made: list[Cell] = []
    exercise = ""
    for cell in notebook.cells:
        if cell.cell_type != "code" or _is_open_answer(cell):
            continue
        checks = bool(cell.metadata.get("nbgrader", {}).get("grade"))
        name = solves(cell)
        made.append(
            {
                "source": stub_out(cell.source),
                "exercise": name,
                "check": exercise if checks else "",
            }
        )
        exercise = name or exercise
    return made


def _is_open_answer(cell: NotebookNode) -> bool:
    shown = cell.metadata.get("mystnb", {}).get("code_prompt_show", "")
    return "solution" in shown and not cell.metadata.get("nbgrader")


@cache
def missing_packages() -> dict[str, dict[str, str]]:
    """Return for each exercise of each chapter the package it needs beyond NumPy; mostly none.

    Found by marking every solution in a process of its own that has NumPy alone
    (:mod:`tools.in_page.trial`).
    """
    trial = [sys.executable, "-m", "tools.in_page.trial"]
    return json.loads(subprocess.check_output(trial, cwd=ROOT, text=True))


def course_files() -> dict[str, bytes]:
    """Return what a page needs beside Python and NumPy, by its place on the path of modules."""
    package = ROOT / "course_utils"
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in [*sorted(package.rglob("*.py")), package / "mystery.json"]
        if path.relative_to(package).parts[0].removesuffix(".py") not in NOT_IN_PAGE
    }
    for name in ("marking.py", "substitutes.py"):
        files[name] = (Path(__file__).parent / name).read_bytes()
    for chapter in chapters():
        files[f"chapters/{chapter.stem}.json"] = json.dumps(cells_of(read(chapter))).encode()
    return files


def numpy_files() -> dict[str, bytes]:
    """Return what a page needs of NumPy's wheel."""
    (wheel,) = PYODIDE.glob("numpy-*.whl")
    with zipfile.ZipFile(wheel) as numpy:
        names = [name for name in numpy.namelist() if not UNREAD.search(name)]
        return {name: numpy.read(name) for name in names}


def write_scripts(folder: Path) -> None:
    """Write the two scripts.

    Parameters
    ----------
    folder
        Of the built book, for its scripts. Without the vendored runtime there is no
        ``python.js``, and pages say so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course.js").write_text(script("course", {}, course_files()))
    if not PYODIDE.is_dir():
        return
    core = {name: (PYODIDE / name).read_bytes() for name in CORE}
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8"))
    core["pyodide-lock.json"] = json.dumps(lock | {"packages": {}}).encode()
    (folder / "python.js").write_text(script("python", core, numpy_files()))


def script(name: str, core: Mapping[str, bytes], modules: Mapping[str, bytes]) -> str:
    """Return a script that holds files as text: each packed by gzip and written in base64.

    Python's modules are one after the other in one of them, and a list says how long each is.
    """
    sizes = {module: len(content) for module, content in modules.items()}
    packed = core | {MODULES: b"".join(modules.values())}
    texts = {
        file: base64.b64encode(gzip.compress(content, mtime=0)).decode()
        for file, content in packed.items()
    }
    return f"(window.courseFiles ??= {{}}).{name} = {json.dumps([texts, sizes])};\n"


def unpacked(script: str) -> dict[str, bytes]:
    """Return the files that a script holds."""
    texts, sizes = json.loads(script.partition(" = ")[2].rstrip(";\n"))
    files = {name: gzip.decompress(base64.b64decode(text)) for name, text in texts.items()}
    modules = io.BytesIO(files.pop(MODULES))
    return files | {name: modules.read(size) for name, size in sizes.items()}
