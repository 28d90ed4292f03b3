"""Mark every solution with NumPy alone, as a page would: ``python -m tools.in_page.trial``.

Prints for each chapter and exercise the package that it lacks there, as JSON.
"""

import json
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

from tools.chapters import chapters, read
from tools.in_page import NOT_IN_PAGE, cells_of, exercises_of, substitutes
from tools.in_page.marking import mark

ABSENT = {f"course_utils.{name}" for name in NOT_IN_PAGE}
THERE = sys.stdlib_module_names | {"numpy", "course_utils"}


class NumPyAlone:
    """Finds no package that the page does not have."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        """Raise where the page would."""
        if name.partition(".")[0] not in THERE or name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def main() -> None:
    """Try, and say what is missing."""
    books = {chapter.stem: read(chapter) for chapter in chapters()}
    for name in [name for name in sys.modules if name.partition(".")[0] not in THERE]:
        if not name.startswith(("tools", "__")):
            del sys.modules[name]
    sys.meta_path.insert(0, NumPyAlone)
    substitutes.install()
    missing: dict[str, dict[str, str]] = {}
    for slug, notebook in books.items():
        cells = cells_of(notebook)
        answers = {exercise.name: exercise.solution for exercise in exercises_of(notebook)}
        missing[slug] = {}
        for name in answers:
            verdict = mark(cells, name, answers)
            unwritten = verdict["missing"].startswith("course_utils.checks")
            if not verdict["right"] and (unwritten or not verdict["missing"]):
                sys.exit(f"{slug}: the solution of {name} does not pass: {verdict['says']}")
            missing[slug][name] = verdict["missing"]
    print(json.dumps(missing))


if __name__ == "__main__":
    main()
