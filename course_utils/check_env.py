"""Say what a learner's environment lacks: ``python -m course_utils.check_env``.

Uses the standard library alone, so that it runs where nothing is installed yet.
"""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version

PYTHONS = ("3.11", "3.14")
NEEDED = {
    "numpy": ("2.1", "3"),
    "scipy": ("1.14", "2"),
    "matplotlib": ("3.10", "4"),
    "tqdm": ("4.67", "5"),
    "tensorflow": ("2.21", "2.22"),
    "keras": ("3.15", "4"),
    "torch": ("2.13", "2.14"),
    "mlxtend": ("0.23", "0.26"),
    "onnx": ("1.20", "2"),
    "onnxruntime": ("1.23", "2"),
    "jupyterlab": ("4.4", "5"),
    "jupytext": ("1.19", "2"),
    "ipykernel": ("6.29", "7.3"),
}
"""Packages that running a chapter takes, each with the lowest version and the first too new.

The same ranges stand in requirements.txt; a test compares them.
"""


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version: ``"2.13.0+cpu"`` gives (2, 13, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", text.split("+")[0]))


def installed(package: str) -> str | None:
    """Return the version of a package here, or None.

    TensorFlow comes under two names: ``tensorflow-cpu`` on Linux, ``tensorflow`` elsewhere.

    Raises
    ------
    TypeError
        If ``package`` is no name.

    Examples
    --------
    >>> installed("no-such-package") is None
    True
    """
    if not isinstance(package, str) or not package:
        raise TypeError(f"package should be the name of a package, got {package!r}")
    names = ["tensorflow-cpu", "tensorflow"] if package == "tensorflow" else [package]
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def problems(needed: dict[str, tuple[str, str]] = NEEDED) -> list[str]:
    """Say what is missing or has a version outside the tested range.

    Parameters
    ----------
    needed
        Package names, each with the lowest version and the first that is too new.

    Returns
    -------
    list of str
        One line a problem, with what to do about it; empty if all is well.

    Raises
    ------
    TypeError
        If ``needed`` does not give two versions, as text, by name.

    Examples
    --------
    >>> problems({"no-such-package": ("1", "2")})
    ["no-such-package is missing: python -m pip install 'no-such-package>=1,<2'"]
    """
    ranges = list(needed.values()) if isinstance(needed, dict) else [None]
    for pair in ranges:
        two = isinstance(pair, tuple) and len(pair) == 2
        if not (two and all(isinstance(side, str) for side in pair or ())):
            raise TypeError(f"needed should give two versions by name, got {pair or needed!r}")
    found = []
    python = platform.python_version()
    if not _numbers(PYTHONS[0]) <= _numbers(python) < _numbers(PYTHONS[1]):
        found.append(
            f"This is Python {python}; the course needs {PYTHONS[0]} or newer, below "
            f"{PYTHONS[1]}: install one and make the environment anew with it"
        )
    for package, (low, high) in needed.items():
        name = package
        here = (sys.platform, platform.machine())
        if package == "tensorflow" and here == ("linux", "x86_64"):
            name = "tensorflow-cpu"
        command = f"python -m pip install '{name}>={low},<{high}'"
        have = installed(package)
        if have is None:
            found.append(f"{name} is missing: {command}")
        elif not _numbers(low) <= _numbers(have) < _numbers(high):
            found.append(f"{name} is {have}, not in the tested range: {command}")
    return found


def main() -> None:
    """Print what is wrong and exit with 1, or say that all is well."""
    found = problems()
    if found:
        print("Not ready yet:")
        print("\n".join(f"- {line}" for line in found))
        sys.exit(1)
    print(f"Ready: Python {platform.python_version()} and all {len(NEEDED)} packages.")


if __name__ == "__main__":
    main()
