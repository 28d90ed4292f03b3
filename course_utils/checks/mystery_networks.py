"""Checks of chapter 22: programs and pushes, compared with the boxes themselves.

No answer is stored here. A program is asked what the box will say, while the box is sealed; a
push is carried out in the box and compared with what the learner predicts, and with what random
vectors of the same length do.
"""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

import numpy as np

from course_utils import mystery
from course_utils.checks import CheckFailed, as_array, call
from course_utils.mystery import LETTERS, Box

TEXTS, WIDE, RANDOM = 40, 16, 20  # texts to push in, their letters, vectors to compare with
NEEDED = 32  # texts of these in which a push has to do what is predicted
FEWEST = 8  # texts in which a push has to change something
LONGEST = 1e6  # a push; states are of length 100 at most


def fresh(count: int, letters: int, seed: int, sticky: float = 0.0) -> list[str]:
    """Return random texts; with probability ``sticky`` a letter is that before it.

    Examples
    --------
    >>> fresh(2, 5, seed=0)
    ['dccbb', 'aaaad']
    """
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(LETTERS), (count, letters))
    for t in range(1, letters):
        again = rng.random(count) < sticky
        drawn[again, t] = drawn[again, t - 1]
    return ["".join(LETTERS[k] for k in row) for row in drawn]


TESTS = fresh(8, 10, 2201) + fresh(10, 25, 2202) + fresh(6, 25, 2231, sticky=0.7)


def _answers(function: Callable[..., Any], what: str, text: str, *rest: Any) -> np.ndarray:
    """Ask the learner's function, with all boxes sealed."""
    with mystery.sealed():
        got = as_array(call(function, text, *rest), (len(text),), f"{what} {text!r}")
    if (broken := got != np.rint(got)).any():
        raise CheckFailed(f"{what} {text!r} should be whole numbers, got {got[broken][0]!s}")
    return got


# ---- the tool


def _pushed(box: Box, text: str, t: int, d: np.ndarray) -> np.ndarray:
    head = box.run([text[:t]])[0]
    head[-1] += d
    return box.says(np.concatenate([head, box.run([text[t:]], head[-1:])[0]]))


def _made(seed: int, cell: str = "RNN", activation: str = "linear") -> Box:
    """Return a box with random weights, in which nothing is forgotten soon."""
    rng, wide = np.random.default_rng(seed), 4 if cell == "LSTM" else 1
    turn = np.hstack([np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(wide)])
    W, b = rng.integers(-3, 4, (4, 3 * wide)) + 0.0, np.zeros(3 * wide)
    scale = 1 if activation == "linear" else 9
    weights = {"W": W, "U": turn, "b": b, "V": scale * rng.integers(1, 5, 3), "v": 0.0}
    return mystery.unpack(
        {"cell": cell, "activation": activation, "yes_no": False, "sheet": [], **weights}
    )


def pushed(function: Callable[..., Any]) -> None:
    """Check exercise 1, a vector added to the state once.

    Examples
    --------
    >>> pushed(lambda box, text, t, d: box.read(text).says)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: a box of 3 units (RNN, linear), 'bdca', t = 2: this is \
what it says without a push
    """
    rng = np.random.default_rng(5)
    asked = [("bdca", 2), ("aabbccdd", 5), ("dca", 3), ("cbad", 1)]
    made = [(_made(seed), *each) for seed, each in enumerate(asked)]
    made += [(_made(4, "RNN", "tanh"), "abcdab", 2), (_made(5, "LSTM", "tanh"), "bacdcb", 3)]
    for box, text, t in made:
        d = np.round(rng.normal(size=box.size) * 4, 2)
        what = f"a box of 3 units ({box.cell.cell}, {box.cell.activation}), {text!r}, t = {t}"
        mine, ready = d.copy(), function
        if callable(function):  # call would copy d itself
            ready = update_wrapper(
                partial(function, box, text, t, mine), function, ("__name__", "__code__")
            )
        got = as_array(call(ready), (len(text),), f"{what}: the answers")
        if not np.array_equal(mine, d):
            raise CheckFailed(f"{what}: d has other numbers afterwards; leave it as it came")
        wanted, plain = _pushed(box, text, t, d), box.read(text).says
        if np.array_equal(got, wanted):
            continue
        late = np.concatenate([plain[:t], wanted[t:]])
        if np.array_equal(got, plain):
            raise CheckFailed(f"{what}: this is what it says without a push")
        if np.array_equal(got, late):
            raise CheckFailed(
                f"{what}: the answer after letter {t} should be read from the pushed state"
            )
        for other in (t - 1, t + 1):
            if 0 < other <= len(text) and np.array_equal(got, _pushed(box, text, other, d)):
                raise CheckFailed(f"{what}: you push after letter {other}")
        if not np.array_equal(got[: t - 1], plain[: t - 1]):
            raise CheckFailed(f"{what}: before letter {t} nothing may change")
        raise CheckFailed(
            f"{what}: after letter {t} it should say {wanted[t - 1]}, and then go on from the "
            "pushed state, which is pushed once"
        )
    print("pushed: right")


# ---- programs


def _program(name: str, function: Callable[..., Any]) -> None:
    box = mystery.boxes()[name]
    said = [box.read(text).says for text in TESTS]
    got = [_answers(function, "the answers to", text) for text in TESTS]
    wrong = [np.flatnonzero(a != b) for a, b in zip(said, got, strict=True)]
    right = sum(not len(steps) for steps in wrong)
    if right == len(TESTS):
        print(f"program_{name.lower()}: right on {len(TESTS)} strings")
        return
    first, where = min((steps[0], k) for k, steps in enumerate(wrong) if len(steps))
    text = TESTS[where][: first + 1]
    here = (
        f"after {text!r} box {name} says {said[where][first]}, "
        f"your program {got[where][first]:g}"
    )
    for shift, word in ((1, "late"), (-1, "early")):
        rolled = (np.roll(b, -shift)[1:-1] for b in got)
        if all(np.array_equal(a[1:-1], b) for a, b in zip(said, rolled, strict=True)):
            raise CheckFailed(f"your answers are the box's, one letter {word}: {here}")
    share = f"all letters right on {right} of {len(TESTS)} new strings"
    sheet = [np.array_equal(_answers(function, "", s), box.read(s).says) for s in box.sheet]
    if first >= 8:
        raise CheckFailed(f"right up to letter {first} everywhere, {share}: {here}")
    if all(sheet):
        raise CheckFailed(
            f"your program fits the box's whole sheet, and {share}: {here}. Which strings are "
            "not on the sheet?"
        )
    raise CheckFailed(f"{share}: {here}")


# ---- causes


def _all_pushed(box: Box, pairs: list[tuple[str, int]], vectors: np.ndarray) -> np.ndarray:
    """Return what a box says in texts of one length, (vectors, texts, letters)."""
    count, found = len(vectors), np.zeros((len(vectors), len(pairs), WIDE), int)
    for t in sorted({t for _, t in pairs}):
        rows = [k for k, (_, at) in enumerate(pairs) if at == t]
        texts = [pairs[k][0] for k in rows] * count
        before = box.run([text[:t] for text in texts])
        before[:, -1] += np.repeat(vectors, len(rows), axis=0)
        after = box.run([text[t:] for text in texts], before[:, -1])
        says = box.says(np.concatenate([before, after], axis=1))
        found[:, rows] = says.reshape(count, len(rows), WIDE)
    return found


def _remembers(box: Box, pairs: list[tuple[str, int]]) -> bool:
    """Say whether another letter t mostly makes a box say something else later."""
    later = np.arange(WIDE) >= [[t] for _, t in pairs]
    said = [
        box.says(box.run([text[: t - 1] + letter + text[t:] for text, t in pairs]))
        for letter in LETTERS
    ]
    differs = (np.ptp(said, axis=0) > 0) & later
    return int(differs.any(axis=1).sum()) >= FEWEST


def _cause(name: str, function: Callable[..., Any]) -> None:
    box = mystery.boxes()[name]
    came = call(function, box)
    if not isinstance(came, list | tuple) or len(came) != 2 or not callable(came[1]):
        raise CheckFailed("return two things: the vector to add, and a function of text and t")
    d, predict = as_array(came[0], (box.size,), "the vector to add"), came[1]
    length = np.linalg.norm(d)
    if length > LONGEST:
        raise CheckFailed(f"the vector has length {length:.2g}: no state is as long as that")
    texts = fresh(TEXTS, WIDE, 2210 + mystery.NAMES.index(name))
    pairs = [(text, 4 + k % 4) for k, text in enumerate(texts)]
    predicted = np.array([_answers(predict, "the prediction for", *pair) for pair in pairs])
    random = np.random.default_rng(2209).normal(size=(RANDOM, box.size))
    random *= length / np.linalg.norm(random, axis=1, keepdims=True)
    says = _all_pushed(box, pairs, np.vstack([np.zeros(box.size), d, random]))
    plain, own, others = says[0], says[1], says[2:]
    change = predicted != plain
    when = ""
    if _remembers(box, pairs):
        change &= np.arange(WIDE) >= [[t] for _, t in pairs]
        when = " after letter t, though the box remembers"
    changed = int(change.any(axis=1).sum())
    if changed < FEWEST:
        raise CheckFailed(
            f"in {TEXTS - changed} of {TEXTS} texts you predict that nothing changes{when}: "
            "choose a push that shows"
        )
    wrong = predicted != own
    right = TEXTS - int(wrong.any(axis=1).sum())
    if right < NEEDED:
        k = int(wrong.any(axis=1).argmax())
        (text, t), at = pairs[k], int(wrong[k].argmax())
        when = "before the push" if at < t - 1 else f"{at + 1 - t} letters later"
        when = "at once" if at == t - 1 else when
        raise CheckFailed(
            f"pushed after letter {t} of {text!r}, box {name} says {own[k, at]} where you "
            f"predict {predicted[k, at]:g}, {when}; as predicted in {right} of {TEXTS} texts, "
            f"and {NEEDED} are needed"
        )
    same = int(((predicted == others).all(axis=2).sum(axis=1) >= right).sum())
    if same > 1:
        raise CheckFailed(
            f"the box does as you predict in {right} of {TEXTS} texts, but {same} of {RANDOM} "
            f"random vectors of length {length:.2g} do so as often: is it your direction, or "
            "the length?"
        )
    print(
        f"cause_{name.lower()}: as predicted in {right} of {TEXTS} texts; as often with {same} "
        f"of {RANDOM} random vectors"
    )


def program_a(function: Callable[..., Any]) -> None:
    """Check the program of box A on strings that nobody saw."""
    _program("A", function)


def cause_a(function: Callable[..., Any]) -> None:
    """Check the push of box A, and random ones beside it."""
    _cause("A", function)


def program_b(function: Callable[..., Any]) -> None:
    """Check the program of box B on strings that nobody saw."""
    _program("B", function)


def cause_b(function: Callable[..., Any]) -> None:
    """Check the push of box B, and random ones beside it."""
    _cause("B", function)


def program_c(function: Callable[..., Any]) -> None:
    """Check the program of box C on strings that nobody saw."""
    _program("C", function)


def cause_c(function: Callable[..., Any]) -> None:
    """Check the push of box C, and random ones beside it."""
    _cause("C", function)


def program_d(function: Callable[..., Any]) -> None:
    """Check the program of box D on strings that nobody saw."""
    _program("D", function)


def cause_d(function: Callable[..., Any]) -> None:
    """Check the push of box D, and random ones beside it."""
    _cause("D", function)


def program_e(function: Callable[..., Any]) -> None:
    """Check the program of box E on strings that nobody saw."""
    _program("E", function)


def cause_e(function: Callable[..., Any]) -> None:
    """Check the push of box E, and random ones beside it."""
    _cause("E", function)


def program_f(function: Callable[..., Any]) -> None:
    """Check the program of box F on strings that nobody saw."""
    _program("F", function)


def cause_f(function: Callable[..., Any]) -> None:
    """Check the push of box F, and random ones beside it."""
    _cause("F", function)
