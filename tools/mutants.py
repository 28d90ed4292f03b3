"""Small changes of a module that no test notices: ``python -m tools.mutants MODULE [TESTS]``.

MODULE is written without ``course_utils.``: ``decoding``, ``checks.two_valleys``. The tests are
``test_TESTS.py`` and ``test_TESTS_*.py`` in ``tests/package`` and ``tests/chapters``; TESTS is
by default the first part of the module's name: ``decoding``, ``checks``.
mutmut works in a copy, ``_build/mutants``.
"""

import argparse
import re
import shutil
import subprocess
import sys

from tools.chapters import ROOT

COPY = ROOT / "_build" / "mutants"

# What follows a raise, the text of a message, is left alone. TensorFlow survives a fork only
# before its first operation, so that nothing may run in the process that forks.
CONFIGURATION = """
[tool.mutmut]
source_paths = ["course_utils"]
only_mutate = ["{source}"]
also_copy = {beside}
do_not_mutate_patterns = ['raise \\w+']
process_isolation = "forkserver"
pytest_add_cli_args_test_selection = [
    "-m", "not sweep and not bench and not browser", {tests}
]
timeout_constant = 10.0
"""


def copy(module: str, tests: str) -> None:
    """Write a copy of the project, with what mutmut has to know about the module."""
    shutil.rmtree(COPY, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    for name in names:
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, COPY / name)
    source = f"course_utils/{module.replace('.', '/')}.py"
    if source not in names:
        raise SystemExit(f"There is no {source}: name a module, such as decoding")
    wanted = re.compile(rf"tests/(package|chapters/\w+)/test_{re.escape(tests)}(_\w+)?\.py")
    found = [name for name in names if wanted.fullmatch(name)]
    if not found:
        raise SystemExit(f"No file of tests is named test_{tests}.py: say TESTS=...")
    print("With", ", ".join(found), flush=True)
    beside = sorted({name.split("/")[0] for name in names} - {"course_utils", "tests"})
    with open(COPY / "pyproject.toml", "a", encoding="utf-8") as project:
        shown = ", ".join(f'"{name}"' for name in found)
        project.write(CONFIGURATION.format(source=source, beside=beside, tests=shown))


def main() -> None:
    """Run the tests on every mutant of a module and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("tests", nargs="?")
    asked = parser.parse_args()
    tests = asked.tests or asked.module.split(".")[0]
    copy(asked.module, tests)
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run", "--max-children", "2"], cwd=COPY, check=True)
    listed = subprocess.run([*mutmut, "results"], cwd=COPY, capture_output=True, text=True)
    left = [line.split(":")[0].strip() for line in listed.stdout.splitlines() if ":" in line]
    for name in left:
        subprocess.run([*mutmut, "show", name], cwd=COPY, check=True)
    print(f"{len(left)} were not killed.")


if __name__ == "__main__":
    main()
