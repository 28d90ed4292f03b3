"""Checks of chapter 2, in which digits are one-hot and only W + b is determined."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[np.float64]
Weights = list[Array]


def _weights(seed: int, U: float) -> Weights:
    """Return [W, U, b] of shapes (10, 1), (1, 1), (1,)."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(10, 1)), np.array([[U]]), rng.normal(size=1)]


def zero_first(answer: Callable[[Array, Array], Any]) -> None:
    """Check exercise 1: the same network with W[0] = 0."""
    for seed in range(3):
        W, _, b = _weights(seed, 1.0)
        result = call(answer, W, b)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CheckFailed("zero_first should return two arrays: W, b")
        new_W = as_array(result[0], (10, 1), "W")
        new_b = as_array(result[1], (1,), "b")
        if not close(new_W[0], 0):
            raise CheckFailed(
                f"row 0 of W was {W[0, 0]:.3f} and is now {new_W[0, 0]:.3f}, not 0: which c in "
                "(W + c, b - c) makes it 0?"
            )
        if not close(np.diff(new_W, axis=0), np.diff(W, axis=0)):
            raise CheckFailed("a shift adds the same number to every row of W; yours does not.")
        if not close(new_W + new_b, W + b):
            raise CheckFailed(
                f"the digit 0 added {W[0, 0] + b[0]:.3f} to the state and now adds "
                f"{new_W[0, 0] + new_b[0]:.3f}: what has to happen to b?"
            )
    print("zero_first: right for 3 networks.")


def same_function(answer: Callable[[Weights, Weights], Any]) -> None:
    """Check exercise 2: whether two networks compute the same function."""
    W, U, b = base = _weights(5, 0.7)
    silent = [np.full((10, 1), 2.0), np.array([[0.3]]), np.array([-2.0])]
    pairs: tuple[tuple[str, Weights, bool, str], ...] = (
        ("a network and itself", base, True, "compare what a step adds, and U."),
        (
            "a network and the same one shifted by 3",
            [W + 3, U, b - 3],
            True,
            "equal functions may have different weights. What does a step add to the state?",
        ),
        (
            "a network and one with W shifted but not b",
            [W + 3, U, b],
            False,
            "what does a step add to the state in each?",
        ),
        *(
            (
                "a network and one with an entry of W changed",
                [W + 0.01 * row, U, b],
                False,
                f"the digit {digit} adds something else. Are all ten digits compared?",
            )
            for digit, row in enumerate(np.eye(10)[..., np.newaxis])
        ),
        (
            "a network and one with the rows of W in another order",
            [W[::-1], U, b],
            False,
            "the same ten numbers, for other digits.",
        ),
        (
            "a network and one with every sign of the table turned",
            [-W, U, -b],
            False,
            "their answers differ in sign.",
        ),
        (
            "a network and one with another U",
            [W, U + 0.01, b],
            False,
            "they agree on sequences of one digit. On longer ones?",
        ),
        (
            "a network and one with U of the other sign",
            [W, -U, b],
            False,
            "they agree on sequences of one digit. On longer ones?",
        ),
    )
    for name, second, want, hint in pairs:
        _verdict(answer, base, second, want, f"{name}: {hint}")
    _verdict(
        answer,
        silent,
        [silent[0] - 5, np.array([[-1.4]]), silent[2] + 5],
        True,
        "two networks with different U whose steps all add 0: what is their state, ever?",
    )
    _verdict(
        answer,
        silent,
        [silent[0], silent[1], silent[2] + 1],
        False,
        "a network whose steps all add 0, and one whose steps all add 1: only one is silent.",
    )
    for table, hint in (
        (np.ones((10, 1)), "every step adds 1"),
        (np.arange(10.0)[:, np.newaxis], "only the digit 0 adds 0"),
        (np.eye(10)[:, [0]], "only the digit 0 adds something"),
        (np.eye(10)[:, [9]], "only the digit 9 adds something"),
        (np.arange(10.0)[:, np.newaxis] - 4.5, "all digits together add 0"),
    ):
        _verdict(
            answer,
            [table, np.array([[0.3]]), np.zeros(1)],
            [table, np.array([[-1.4]]), np.zeros(1)],
            False,
            f"two networks with other U, {hint}: does U act on a state?",
        )
    print("same_function: right for 24 pairs.")


def _verdict(
    answer: Callable[[Weights, Weights], Any],
    first: Weights,
    second: Weights,
    want: bool,
    hint: str,
) -> None:
    """Ask the learner's function about a pair, in both orders."""
    for one, two in ((first, second), (second, first)):
        got = call(answer, [a.copy() for a in one], [a.copy() for a in two])
        if not isinstance(got, bool | np.bool_):
            raise CheckFailed(
                f"same_function should return True or False, got {type(got).__name__}"
            )
        if bool(got) is not want:
            raise CheckFailed(f"you say {bool(got)} for {hint}")


def final_bias(answer: Callable[[Array, Array, Array], Any]) -> None:
    """Check exercise 3: the bias that gradient descent ends with."""
    rng = np.random.default_rng(7)
    cases = (
        ("digits, b = 0", np.arange(10.0), 0.0),
        ("digits, b = 2", np.arange(10.0), 2.0),
        ("squares of digits", np.arange(10.0) ** 2, -1.0),
        ("4 symbols", np.array([1.0, -2.0, 1.0, 8.0]), 0.5),
    )
    for name, values, b in cases:
        W = rng.uniform(-0.7, 0.7, (len(values), 1))
        result = call(answer, W, np.array([b]), values)
        with suppress(ValueError):  # of rows of two lengths
            if np.shape(result) in ((1,), (1, 1)):  # as Keras keeps a bias
                result = np.ravel(result)[0]
        got = float(as_array(result, (), "the bias"))
        kept, n = W.sum() - b, len(values)
        if close(got, (values.sum() - kept) / (n + 1)):
            continue
        if close(got, (values.sum() - W.sum() - b) / (n + 1)):
            hint = "with which sign does b enter the conserved quantity?"
        elif close(got, (values.sum() - kept) / n):
            hint = "at the solution b stands in the sum of W and once more beside it."
        elif close(got, (45 - kept) / 11):
            hint = "45 and 11 belong to the ten digits. What are they here?"
        elif close(got, (values.sum() - kept) / 11):
            hint = "11 belongs to ten symbols. What is it here?"
        else:
            hint = "write Q at the start, then at the solution in terms of b, and compare."
        raise CheckFailed(f"{name}: you gave {got:.4g}; {hint}")
    print("final_bias: right for 4 tasks.")
