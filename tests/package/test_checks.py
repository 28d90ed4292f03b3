"""Checks tell right answers from wrong ones, whatever the question and whatever comes back."""

import importlib
import re
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import numpy as np
import pytest

from course_utils.checks import CheckFailed
from course_utils.gates import Block, Gates
from tests.chapters import exercises, solution, stub
from tools.chapters import ROOT, chapters, read

CHAPTERS = [path.stem for path in chapters()]

Answers = dict[str, list[tuple[str, Callable[..., Any]]]]


def answers(slug: str) -> Answers:
    """Return the answers of a chapter: ``tests/chapters/__init__.py`` says what they are."""
    if not (ROOT / "tests" / "chapters" / slug[3:] / "answers.py").exists():
        return {}
    return importlib.import_module(f"tests.chapters.{slug[3:]}.answers").ANSWERS


def check(slug: str, name: str) -> Callable[..., None]:
    """Return the check of an exercise."""
    return getattr(importlib.import_module(f"course_utils.checks.{slug[3:]}"), name)


def untold(table: Answers, names: list[str]) -> list[str]:
    """Name the exercises that have fewer than two wrong answers with a hint of their own.

    Any answer that crashes or returns nothing is told so: that says nothing about the hints.
    """
    common = re.compile(r"right|.*(raised |returned None).*|")
    own = {
        name: [said for said, _ in table.get(name, []) if not common.fullmatch(said)]
        for name in names
    }
    return [name for name, said in own.items() if len(said) < 2]


@pytest.mark.parametrize("slug", CHAPTERS)
def test_each_check_tells_the_solution_from_the_stub(slug, capsys):
    cells = read(ROOT / "notebooks" / f"{slug}.md").cells
    checked = [
        cell.source
        for cell in cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    ]
    names = exercises(slug)
    assert len(checked) >= 2
    assert checked == [f"checks.{name}({name})" for name in names]
    for name in names:
        check(slug, name)(solution(slug, name))
        assert re.fullmatch(rf"{name}: .+\n", capsys.readouterr().out)
        with pytest.raises(CheckFailed, match=f"{name} is still the stub"):
            check(slug, name)(stub(slug, name))


@pytest.mark.parametrize(
    ("slug", "name", "said", "answer"),
    [
        (slug, name, *row)
        for slug in CHAPTERS
        for name, rows in answers(slug).items()
        for row in rows
    ],
)
def test_an_answer_gets_the_word_beside_it(slug, name, said, answer, capsys):
    if said == "right":
        check(slug, name)(answer)
        assert re.fullmatch(rf"{name}: .+\n", capsys.readouterr().out)
    else:
        with pytest.raises(CheckFailed, match=said):
            check(slug, name)(answer)


@pytest.mark.parametrize("slug", CHAPTERS)
def test_each_exercise_has_two_wrong_answers_with_a_hint_of_their_own(slug):
    assert untold(answers(slug), exercises(slug)) == []


@pytest.mark.parametrize("said", [[], ["one"], ["one", "right"], ["one", "f raised KeyError"]])
def test_an_exercise_with_too_few_wrong_answers_is_named(said):
    assert untold({"f": [(hint, len) for hint in said]}, ["f"]) == ["f"]
    assert untold({"f": [("one", len), ("two", len)]}, ["f"]) == []


# --- each question counts


def spoilt(result: Any, change: Callable[[Any], Any]) -> Any:
    """Change each number of a result; turn round what is no number."""
    if isinstance(result, bool | np.bool_):
        return not result
    if isinstance(result, str):
        return result[::-1]
    if isinstance(result, list | tuple):
        return [spoilt(part, change) for part in result]
    if isinstance(result, Gates):
        blocks = {
            name: Block(change(k.kernel), k.recurrent, k.bias)
            for name, k in result.blocks.items()
        }
        return Gates(result.cell, blocks)
    try:
        return change(np.asarray(result))
    except (TypeError, ValueError):
        return None


class Asked:
    """An answer that counts its questions, and spoils the result of one of them."""

    def __init__(self, answer: Callable[..., Any], at: int = 0, change: Any = None) -> None:
        wraps(answer)(self)
        self.answer, self.at, self.change = answer, at, change
        self.questions, self.changed = 0, False

    def __call__(self, *args: Any) -> Any:
        self.questions += 1
        here = self.questions == self.at
        try:
            result = self.answer(*args)
        except ValueError:
            self.changed |= here
            if here:
                return 0.0
            raise
        if not here:
            return result
        other = spoilt(result, self.change)
        self.changed = not same(result, other)
        return other


def same(one: Any, other: Any) -> bool:
    """Say whether two results are equal, as twice 0 is."""
    try:
        return bool(np.array_equal(one, other))
    except (TypeError, ValueError):
        return False


CHANGES = {
    "twice": lambda a: 2 * a,
    "one more": lambda a: a + 1,
    "negative": lambda a: -a,
    "an axis too many": lambda a: a[np.newaxis],
}

# The question has more than one right answer, and this change gives another.
OTHER_RIGHT_ANSWERS = {
    ("gradients", "an axis too many"),  # of one network, a number in any shape will do
    ("final_bias", "an axis too many"),  # Keras keeps a bias in the shape (1,)
    ("number_weights", "an axis too many"),  # and weights in arrays of one entry
    ("open_box", "an axis too many"),
    ("pair_proof", "twice"),  # a proof is one in any size, and in most cases near another
    ("pair_proof", "one more"),
    ("fragile", "negative"),  # a direction has two
    ("bias_for", "one more"),  # where 2 is asked for, a counter to 4 is near enough
}


@pytest.mark.parametrize("kind", ["float32", "tensor"])
@pytest.mark.parametrize("slug", CHAPTERS)
def test_a_right_answer_may_come_as_float32_or_as_a_tensor_that_carries_a_gradient(slug, kind):
    import torch

    def other(result: Any) -> Any:
        if isinstance(result, list | tuple):
            return type(result)(map(other, result))
        if not isinstance(result, float | np.ndarray) or np.asarray(result).dtype.kind != "f":
            return result
        single = np.float32(result)
        return single if kind == "float32" else torch.tensor(single, requires_grad=True)

    def answer(name: str) -> Callable[..., Any]:
        right = solution(slug, name)
        return wraps(right)(lambda *args: other(right(*args)))

    checks = importlib.import_module(f"course_utils.checks.{slug[3:]}")
    for name in exercises(slug):
        getattr(checks, name)(answer(name))


@pytest.mark.parametrize("slug", CHAPTERS)
def test_a_wrong_answer_to_any_one_question_is_refused(slug):
    checks = importlib.import_module(f"course_utils.checks.{slug[3:]}")
    passed = []
    for name in exercises(slug):
        counted = Asked(solution(slug, name))
        getattr(checks, name)(counted)
        assert counted.questions >= 1
        for question in range(1, counted.questions + 1):
            for what, change in CHANGES.items():
                answer = Asked(solution(slug, name), question, change)
                try:
                    getattr(checks, name)(answer)
                except CheckFailed:
                    continue
                if answer.changed and (name, what) not in OTHER_RIGHT_ANSWERS:
                    passed.append(f"{name}, question {question}: {what}")
    assert passed == []


# What no exercise asks for.
ODD = (
    None,
    "abc",
    np.nan,
    np.inf,
    [],
    {},
    object(),
    1 + 2j,
    len,
    True,
    1,
    10**400,
    [[1], [1, 2]],
    np.ones((2, 2)),
    np.ones((2, 3, 4)),
    np.zeros(0),
    np.array([None, 1], dtype=object),
    np.ma.masked_array([1.0, 2.0], [False, True]),
    np.datetime64("2020-01-01"),
    (1, 2),
    (None, None),
    (np.ones((3, 3)), np.ones((3, 3))),
    (1, 2, 3),
)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("slug", CHAPTERS)
def test_whatever_comes_back_gets_a_hint(slug):
    checks = importlib.import_module(f"course_utils.checks.{slug[3:]}")
    for name in exercises(slug):
        for value in ODD:
            with pytest.raises(CheckFailed):
                getattr(checks, name)(lambda *args, value=value: value)
        for no_answer in (None, 3, lambda: 1):
            with pytest.raises(CheckFailed):
                getattr(checks, name)(no_answer)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("size", [1e6, 1e98, 1e200, 1e-200])
@pytest.mark.parametrize("slug", CHAPTERS)
def test_a_number_far_too_large_or_small_gets_a_hint(slug, size):
    checks = importlib.import_module(f"course_utils.checks.{slug[3:]}")
    for name in exercises(slug):
        for change in (lambda a: size * a, lambda a: size + 0 * a, lambda a: -size * a):
            with suppress(CheckFailed):
                getattr(checks, name)(Asked(solution(slug, name), 1, change))
