"""Say whether this Python and its packages will do for the chapters: ``python check_env.py``.

What the chapters need stands in ``pyproject.toml``; the wheel beside this file has a copy, or
the installed package. This file is run where something is missing, perhaps by a Python that is
too old: it uses the standard library alone, and Python 3.6 can read it.
"""

import email
import operator
import platform
import re
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

INSTALL = "python -m pip install -r requirements.txt -c constraints.txt"
COMPARE = {">=": operator.ge, "<": operator.lt}


def numbers(version: str) -> list:
    """Return the first three numbers of a version.

    Examples
    --------
    >>> numbers("3.14"), numbers("2.13.0+cpu")
    ([3, 14, 0], [2, 13, 0])
    """
    return [*map(int, re.findall(r"\d+", version)), 0, 0][:3]


def within(version: str, wanted: str) -> bool:
    """Say whether a version lies in a range as ``pyproject.toml`` writes it.

    Examples
    --------
    >>> within("3.13.9", ">=3.11,<3.14"), within("3.14.0", ">=3.11,<3.14")
    (True, False)
    """
    limits = re.findall(r"(>=|<) *([\d.]+)", wanted)
    return all(COMPARE[sign](numbers(version), numbers(limit)) for sign, limit in limits)


def about(folder: Path) -> Message:
    """Return what the course says it needs, empty where nothing says it.

    Parameters
    ----------
    folder
        Where the wheel of the course may lie.
    """
    for wheel in folder.glob("course_utils-*.whl"):
        with zipfile.ZipFile(str(wheel)) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
            return email.message_from_bytes(archive.read(name))
    try:
        from importlib.metadata import metadata

        return metadata("course-utils")  # type: ignore[return-value]
    except ImportError:  # as is metadata's for a package that is not there
        return Message()


def installed(package: str) -> str:
    """Return the version of a package here, empty if there is none.

    TensorFlow comes under two names: ``tensorflow`` will do where ``tensorflow-cpu`` is asked.

    Examples
    --------
    >>> installed("no-such-package")
    ''
    """
    from importlib.metadata import PackageNotFoundError, version

    for name in (package, re.sub("-cpu$", "", package)):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def run(code: str) -> tuple:
    """Run code in a Python of its own, which may crash.

    Returns whether it ended well, and the last line it printed or the error.

    Examples
    --------
    >>> run("print(40 + 2)"), run("import no_such_package")
    ((True, '42'), (False, "ModuleNotFoundError: No module named 'no_such_package'"))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = done.stderr if done.returncode else done.stdout
    lines = said.split("\n")[:-1] or [f"Python ended with code {done.returncode}"]
    return done.returncode == 0, lines[-1]


def problems(needed: list, pythons: str) -> list:
    """Say what is missing, has a version outside the tested range or cannot be imported.

    Requirements and the range of Pythons are written as in ``pyproject.toml``.

    Examples
    --------
    >>> problems(["no-such-package>=1"], ">=3")
    ["no-such-package is missing: python -m pip install 'no-such-package>=1'"]
    """
    python = platform.python_version()
    if not within(python, pythons):
        return [
            f"This is Python {python}; the course needs {pythons}: install one and make the "
            "environment anew with it"
        ]
    if not installed("course-utils"):
        return [f"the course is not installed in this Python: {INSTALL}"]
    found = []
    here = {"sys_platform": sys.platform, "platform_machine": platform.machine()}
    for requirement in needed:
        asked, _, marker = requirement.partition(";")
        if marker and not eval(marker, {"extra": "chapters"}, here):
            continue
        package = re.match(r"[\w-]+", asked)[0]  # type: ignore[index]
        command = f"python -m pip install '{asked.strip()}'"
        have = installed(package)
        if not have:
            found.append(f"{package} is missing: {command}")
        elif not within(have, asked):
            found.append(f"{package} is {have}, not in the tested range: {command}")
        else:
            module = re.sub("-cpu$", "", package).replace("-", "_")
            well, said = run(f"import {module}")
            if not well:
                found.append(f"{package} {have} is there, but cannot be imported: {said}")
    return found


def main() -> None:
    """Print what is wrong and exit with 1, or say that all is well."""
    course = about(Path(__file__).parent)
    print("Looking at Python and importing each package: a minute or so ...", flush=True)
    found = problems(course.get_all("Requires-Dist") or [], course["Requires-Python"] or "")
    if found:
        print("Not ready yet:")
        print("\n".join(f"- {line}" for line in found))
        sys.exit(1)
    cuda = run("import torch; print(torch.version.cuda or '')")[1]
    print(f"PyTorch is the build for {'CUDA ' + cuda if cuda else 'the CPU'}.")
    print(f"Ready: Python {platform.python_version()} and all packages.")


if __name__ == "__main__":
    main()
