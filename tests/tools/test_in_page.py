"""What a page needs to mark an exercise: nothing given away, changed or missing."""

import json
import re
import zlib

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.special import expit
from scipy.stats import rankdata

from tools import in_page, pyodide
from tools.chapters import chapters, read
from tools.editions import make_editions
from tools.in_page import ROOT, cells_of, exercises_of, substitutes
from tools.in_page.marking import mark, needed_for, statements_of
from tools.student import find_leaks, leak_needles

# Exercises about a framework itself; all others run in the page.
NEED_A_NOTEBOOK = {"masked_linear": "torch", "fold": "torch"}


def test_exercises_run_with_numpy_alone_but_for_those_about_a_framework():
    found = in_page.missing_packages()
    assert list(found) == [chapter.stem for chapter in chapters()]
    missing = {name: package for names in found.values() for name, package in names.items()}
    assert {name: package for name, package in missing.items() if package} == NEED_A_NOTEBOOK
    assert len(missing) > 50


def test_the_vendored_files_are_those_of_the_hashes_and_the_lock_file():
    assert pyodide.sums(in_page.PYODIDE) == pyodide.SUMS.read_text("utf-8")
    name, digest = pyodide.numpy_of((in_page.PYODIDE / pyodide.LOCK).read_bytes())
    assert f"{digest}  {name}\n" in pyodide.SUMS.read_text("utf-8")
    text = (in_page.PYODIDE / "README.md").read_text("utf-8")
    for words in (name, *pyodide.RUNTIME.split("@"), *pyodide.CARRIER.split("==")):
        assert words in text


def test_a_changed_file_is_found(tmp_path):
    (tmp_path / "a").write_text("a")
    before = pyodide.sums(tmp_path)
    (tmp_path / "a").write_text("b")
    assert pyodide.sums(tmp_path) != before


@pytest.mark.parametrize("x", [0.3, -800.0, 800.0, [[-2, 0], [1, 3]], np.float32([-1, 2])])
def test_expit_is_that_of_scipy(x):
    got = substitutes.expit(x)
    np.testing.assert_allclose(got, expit(x), rtol=1e-6)
    assert got.dtype == expit(x).dtype


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_ranks_are_those_of_scipy(axis):
    values = np.random.default_rng(0).integers(0, 6, size=(9, 5))
    np.testing.assert_array_equal(
        substitutes.rankdata(values, axis=axis),
        rankdata(values, axis=axis).reshape((-1,) if axis is None else values.shape),
    )


def test_distances_are_those_of_scipy():
    p, q = np.random.default_rng(0).normal(size=(2, 6, 3))
    np.testing.assert_allclose(substitutes.cdist(p, q), cdist(p, q))
    np.testing.assert_allclose(substitutes.pdist(p), pdist(p))


def test_linear_algebra_raises_where_it_would_return_nan():
    solve = substitutes.raising(lambda A, b: np.full_like(b, np.nan), "Singular matrix")
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        solve(np.eye(2), np.ones(2))
    assert np.isnan(solve(np.eye(2), np.full(2, np.nan))).all()
    np.testing.assert_array_equal(
        substitutes.raising(np.linalg.solve, "no")(2 * np.eye(2), np.ones(2)), [0.5, 0.5]
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in_page")
    in_page.write_scripts(folder)
    return folder


def test_no_solution_is_in_the_scripts(written, tmp_path):
    files = in_page.unpacked((written / "course.js").read_text())
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if name.startswith("chapters/"):  # where line ends are written another way
            cells = json.loads(content)
            path.write_text("\n".join(cell["source"] for cell in cells), "utf-8")
    editions = make_editions(ROOT)
    assert find_leaks(tmp_path, leak_needles(editions)) == []
    some = next(tmp_path.rglob("01_*.json"))
    some.write_text(editions[0].source.cells[-1].source + "\n".join(editions[0].solutions))
    assert find_leaks(tmp_path, leak_needles(editions))


def test_the_runtime_is_at_most_12_mb_zipped(written):
    assert sorted(path.name for path in written.iterdir()) == ["course.js", "python.js"]
    packed = [zlib.compress(path.read_bytes()) for path in written.iterdir()]
    assert sum(map(len, packed)) < 12e6


def test_the_same_sources_give_the_same_scripts(written, tmp_path):
    in_page.write_scripts(tmp_path)
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_without_the_runtime_no_python_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(in_page, "PYODIDE", tmp_path / "missing")
    in_page.write_scripts(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["course.js"]


# --- marking


def cell(source, exercise="", check=""):
    return {"source": source, "exercise": exercise, "check": check}


CELLS = [
    cell("import math, absent_package\nfrom math import pi, tau\nfactor = 2"),
    cell("%matplotlib inline\ndef double(x):\n    return factor * x"),
    cell("def first(x):\n    raise NotImplementedError()", exercise="first"),
    cell("assert first(1) == 2\nprint('first: right')", check="first"),
    cell("def helper(x):\n    return first(x)"),
    cell("def second(x):\n    raise NotImplementedError()", exercise="second"),
    cell(
        "from course_utils.checks import call, CheckFailed\n"
        "if call(second, 3) != 7:\n    raise CheckFailed('count again')\n"
        "print('second: right')",
        check="second",
    ),
]
FIRST = "def first(x):\n    return double(x)"


@pytest.mark.parametrize(
    ("exercise", "code", "answers", "says"),
    [
        ("first", FIRST, {}, "first: right"),
        ("first", "def first(x):\n    return x * 3 - 1", {}, "first: right"),
        ("first", "def first(x):\n    return y", {}, "NameError: name 'y' is not defined\nin"),
        ("first", "def first(x):\n    return math", {}, "AssertionError\n?$"),
        ("first", "x = 1\ny = x / 0", {}, "ZeroDivisionError: .*\nin your line 2: y = x / 0$"),
        ("first", "def first(x)\n    return", {}, "SyntaxError in your line 1: .*\ndef first"),
        ("first", "exit(3)", {}, "SystemExit: 3\nin your line 1"),
        (
            "first",
            "import math\nabsent = math\ndef first(x):\n    return 2",
            {},
            "first: right",
        ),
        ("second", "def second(x):\n    return x + 4", {}, "second: right"),
        ("second", "def second(x):\n    return x", {}, "Not yet: count again$"),
        ("second", CELLS[5]["source"], {}, "Not yet: second is still the stub"),
        (
            "second",
            "def second(x):\n    z = 1\n    return x / 0",
            {},
            r"Not yet: second raised ZeroDivisionError: .* \(in your line 'return x / 0'\)$",
        ),
        ("second", "def second(x):\n    return helper(x) + 1", {}, "This exercise uses first"),
        (
            "second",
            "def second(x):\n    return helper(x) + 1",
            {"first": FIRST},
            "second: right",
        ),
    ],
)
def test_a_verdict_says_what_a_notebook_says_and_where_an_error_is(
    exercise, code, answers, says
):
    verdict = mark(CELLS, exercise, {**answers, exercise: code})
    assert verdict["right"] == ("right" in says)
    assert verdict["missing"] == ""
    assert re.match(says, verdict["says"])


def test_what_the_code_prints_is_apart_from_the_verdict_and_cut():
    code = "def first(x):\n    print('x' * 20_000)\n    return 2"
    verdict = mark(CELLS, "first", {"first": code})
    assert verdict["says"] == "first: right"
    assert len(verdict["printed"]) < 11_000


def test_a_package_that_the_page_lacks_is_named():
    for code in ("import absent_package", "absent_package"):
        assert mark(CELLS, "first", {"first": code})["missing"] == "absent_package"
    within = "def second(x):\n    import absent_package"
    assert mark(CELLS, "second", {"second": within})["missing"] == "absent_package"


def test_only_what_a_name_rests_on_is_run():
    body = statements_of("import a, b\nx = 1\ny = x + 1\nz = b")
    assert [part.lineno for part in needed_for(body, "y")] == [2, 3]
    assert len(needed_for(body, "z")) == 2


def test_cells_say_what_they_state_and_check():
    for chapter in chapters():
        cells = cells_of(read(chapter))
        names = [exercise.name for exercise in exercises_of(read(chapter))]
        assert [c["exercise"] for c in cells if c["exercise"]] == names
        assert [c["check"] for c in cells if c["check"]] == names
