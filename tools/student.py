"""Write the class edition: ``python -m tools.student``.

``_build/student/`` gets a notebook a chapter without solutions, in Markdown that JupyterLab
renders without extensions, and what a learner needs to run them: requirements, a wheel of
course_utils, a start page. It is checked for leaked solutions before it takes the place of
the one before. ``_build/student.zip`` is the same in one file.
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
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat

from tools.chapters import ROOT
from tools.editions import Edition, make_editions
from tools.pack import source_date, write_zip

TELLS_NOTHING = re.compile(r".{,12}|(return )?\w+")  # as a line of a solution


def _plain(text: str) -> str:
    """Return a text with every run of white space as one space."""
    return " ".join(text.split())


def leak_needles(editions: Iterable[Edition]) -> set[str]:
    """Return the lines that must appear nowhere in the class edition.

    A line of code counts without its ``return``, so that an expression moved into an
    assignment is found. Left out are lines too short to tell anything and, up to 40 letters,
    lines that some chapter prints outside its solutions: these are idioms.
    """
    editions = list(editions)
    printed = _plain("\n".join(edition.printed for edition in editions))
    code = {_plain(line) for edition in editions for line in edition.solutions}
    bare = {line.removeprefix("return ") for line in code}
    hidden = {line for line in code | bare if line not in printed or len(line) > 40}
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
        # The same source gives the same wheel.
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(source_date())}
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

The class edition: notebooks with exercises that check themselves. (To read this page in
JupyterLab, right-click `START.md` and choose *Open With > Markdown Preview*.)

## Set up

You need Python ({python}). In this folder, in a terminal:

```
python3 check_env.py
python3 -m venv .venv
. .venv/bin/activate
python -m pip install -r requirements.txt -c constraints.txt
python check_env.py
jupyter lab
```

On Windows, write `py` for `python3`, and `.venv\\Scripts\\activate` for the third line. The
first line says whether your Python will do, the fifth what is missing, if anything is. The next
time, only activate and start `jupyter lab`. Do not add the extension jupyterlab-myst: it does
not show folded answers.

The fourth line installs 7 GB on Linux, most of it PyTorch's code for graphics cards, which no
chapter uses. PyTorch's own index has a build without it, 3 GB with everything. To get that,
write this before the fourth line:

```
export PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
```

Without a network, take the folder `wheelhouse` from your teacher, put it beside this one, and
write for the fourth line:

```
python -m pip install --no-index -f ../wheelhouse -r requirements.txt -c constraints.txt
```

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
| `check_env.py` | says whether Python and its packages will do |
| `{licences}` | what you may do with this course |
"""


def start_page(editions: Iterable[Edition], python: str, wheel: str, licences: str) -> str:
    """Write the page a learner reads first."""
    marks = {True: "-", False: "1."}  # an appendix page has no number
    chapters = "\n".join(
        f"{marks[edition.slug[0] == 'A']} [{edition.title}]({edition.slug}.ipynb)"
        for edition in editions
    )
    return START.format(chapters=chapters, python=python, wheel=wheel, licences=licences)


def build(root: Path, target: Path) -> list[Edition]:
    """Write the class edition of a repository.

    Parameters
    ----------
    root
        The repository.
    target
        The folder to write; an older one is replaced once the new one is whole. The same goes
        into a zip beside it.

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
    editions = make_editions(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for edition in editions:
            notebook = edition.notebook
            nbformat.validate(notebook)
            nbformat.write(notebook, folder / f"{edition.slug}.ipynb")
        wheel = build_wheel(root, folder)
        licences = sorted(path.name for path in root.glob("LICENSE*"))
        for name in [*licences, "constraints.txt", "course_utils/check_env.py"]:
            shutil.copy(root / name, folder)
        # Without jupyterlab-myst: it shows <details> without what is folded inside (seen with
        # 2.7.0), so every answer would be gone.
        (folder / "requirements.txt").write_text(f"./{wheel}[chapters]\n", "utf-8")
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
        page = start_page(editions, project["requires-python"], wheel, "`, `".join(licences))
        (folder / "START.md").write_text(page, "utf-8")
        if leaks := find_leaks(folder, leak_needles(editions)):
            raise ValueError("solutions in the class edition:\n  " + "\n  ".join(leaks))
        folder.chmod(0o755)  # mkdtemp lets nobody else read it
        names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
        write_zip(target.with_suffix(".zip"), {n: p.read_bytes() for n, p in names.items()})
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
        f"_build/student and student.zip: {len(editions)} chapter(s), no solution in them. "
        "Begin with START.md."
    )


if __name__ == "__main__":
    main()
