"""Say what a learner's environment lacks: ``python -m course_utils.check_env``.

What the chapters need, and in which versions, stands in ``pyproject.toml`` alone; pip stores
it with the package. Beside the standard library this uses packaging, which matplotlib brings.
"""

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, version


def installed(package: str) -> str | None:
    """Return the version of a package here, or None.

    TensorFlow comes under two names: ``tensorflow-cpu`` will do where ``tensorflow`` does.

    Examples
    --------
    >>> installed("no-such-package") is None
    True
    """
    for name in (package, package.removesuffix("-cpu")):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def problems(needed: Iterable[str], pythons: str) -> list[str]:
    """Say what is missing or has a version outside the tested range, one line a problem.

    Requirements and the range of Pythons are written as in ``pyproject.toml``.

    Examples
    --------
    >>> problems(["no-such-package>=1"], ">=3")
    ["no-such-package is missing: python -m pip install 'no-such-package>=1'"]
    """
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    found, python = [], platform.python_version()
    if not SpecifierSet(pythons).contains(python):
        found.append(
            f"This is Python {python}; the course needs {pythons}: install one and make the "
            "environment anew with it"
        )
    for package in map(Requirement, needed):
        if package.marker and not package.marker.evaluate({"extra": "chapters"}):
            continue
        command = f"python -m pip install '{package.name}{package.specifier}'"
        have = installed(package.name)
        if have is None:
            found.append(f"{package.name} is missing: {command}")
        elif not package.specifier.contains(have, prereleases=True):
            found.append(f"{package.name} is {have}, not in the tested range: {command}")
    return found


def main() -> None:
    """Print what is wrong and exit with 1, or say that all is well."""
    try:
        about = metadata("course-utils")
        found = problems(about.get_all("Requires-Dist") or [], about["Requires-Python"])
    except ImportError as error:  # as is metadata's for a package that is not there
        install = "python -m pip install -r requirements.txt -c constraints.txt"
        found = [f"the course is not installed here ({error}): {install}"]
    if found:
        print("Not ready yet:")
        print("\n".join(f"- {line}" for line in found))
        sys.exit(1)
    print(f"Ready: Python {platform.python_version()} and all packages.")


if __name__ == "__main__":
    main()
