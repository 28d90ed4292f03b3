"""Checks of chapter 4, in which the same code fails for some seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.data import all_digit_sums

MEAN, VARIANCE = 4.5, 8.25


def digit_weights(function: Callable[..., Any]) -> None:
    """Check exercise 1, the weight with which each digit enters the output.

    Examples
    --------
    >>> digit_weights(lambda W, U, length: [W] * length)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: digit_weights(0.5, -2.0, 3) is not right: feed 1, 0, 0, \
... by hand and write down the state after each step
    """
    for W, U, length in ((1.0, 1.0, 3), (0.5, -2.0, 3), (2.0, 0.5, 5), (3.0, 0.0, 2)):
        case = f"digit_weights({W}, {U}, {length})"
        got = as_array(call(function, W, U, length), (length,), case)
        h = np.zeros(length)  # the state after one digit 1 among zeros, for each place of the 1
        for digits in np.eye(length):
            h = digits * W + h * U
        if close(got, h):
            continue
        if close(got, h[::-1]):
            raise CheckFailed(f"{case}: the order is reversed; the first digit comes first")
        if close(W * got, h):
            raise CheckFailed(f"{case}: a digit is multiplied by W when it enters the state")
        raise CheckFailed(
            f"{case} is not right: feed 1, 0, 0, ... by hand and write down the state after "
            "each step"
        )
    print("digit_weights: right")


def expected_loss(function: Callable[..., Any]) -> None:
    """Check exercise 2, the mean squared error over all sequences of three digits.

    Examples
    --------
    >>> expected_loss(lambda W, U, b: 0.0)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: expected_loss(1.0, 1.0, 2.0) = 0, but the outputs of this \
network are 6 too large each time
    """
    cases = [
        (1.0, 1.0, 0.0),
        (1.0, 1.0, 2.0),
        (0.0, 1.0, 4.5),
        (0.5, -2.0, 1.0),
        (-1.0, 0.5, 3.0),
    ]
    wants = []
    for W, U, b in cases:
        case = f"expected_loss({W}, {U}, {b})"
        got = float(as_array(call(function, W, U, b), (), case))
        error = _error(W, U, b)
        wants.append(want := float(np.mean(error**2)))
        if close(got, want):
            continue
        if (W, U, b) == (1.0, 1.0, 0.0):
            raise CheckFailed(f"{case} = {got:.4g}: this network adds without error")
        if (W, U, b) == (1.0, 1.0, 2.0):
            raise CheckFailed(
                f"{case} = {got:.4g}, but the outputs of this network are 6 too large each time"
            )
        if close(got, np.mean(error) ** 2):
            raise CheckFailed(f"{case}: this is the square of the mean; add the variance")
        if close(got, np.var(error)):
            raise CheckFailed(f"{case}: this is the variance; add the square of the mean")
        if close(got * 1000, want) or close(got, want * 1000):
            raise CheckFailed(f"{case}: off by a factor of 1,000; a mean, not a sum")
        raise CheckFailed(
            f"{case} = {got:.4g} is not the mean over the 1,000 sequences: compare the three "
            "weights c and the mean of the error, one at a time"
        )
    arrays = np.array(cases).T
    several = as_array(call(function, *arrays), (len(cases),), "expected_loss of arrays")
    if not close(several, wants):
        raise CheckFailed("expected_loss is right for numbers and not for arrays of them")
    column, row = np.array([[0.5], [-1.0]]), np.array([1.0, -2.0, 0.5])
    table = [[float(np.mean(_error(W, U, 1.0) ** 2)) for U in row] for W in column[:, 0]]
    case = "expected_loss of a column W, a row U and a table b"
    if not close(as_array(call(function, column, row, np.ones((2, 3))), (2, 3), case), table):
        raise CheckFailed(f"{case} is wrong: does NumPy combine the shapes?")
    print("expected_loss: right")


def _error(W: float, U: float, b: float) -> NDArray[np.float64]:
    """Return output minus sum for all sequences of three digits."""
    digits, sums = all_digit_sums(3)
    error: NDArray[np.float64] = W * (digits @ [U**2, U, 1.0]) + b * (1 + U + U**2) - sums
    return error


def turning_point(function: Callable[..., Any]) -> None:
    """Check exercise 3, the W at which the first push on U changes sign.

    Examples
    --------
    >>> turning_point(lambda mean, variance: 0.0)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: turning_point(4.5, 8.25) = 0: the push does vanish there; \
find the other zero, above 0
    """
    for mean, variance in ((MEAN, VARIANCE), (0.0, VARIANCE), (-2.0, 1.0), (5.5, 8.25)):
        case = f"turning_point({mean}, {variance})"
        got = as_array(call(function, mean, variance), (), case)
        here = _first_push(float(got), mean, variance)
        below = _first_push(0.9 * float(got), mean, variance)
        above = _first_push(1.1 * float(got), mean, variance)
        if got > 0 and abs(here) < 5e-5 * (abs(below) + abs(above)):
            continue
        if abs(got) < 1e-9:
            raise CheckFailed(
                f"{case} = 0: the push does vanish there; find the other zero, above 0"
            )
        if mean and close(got, 1 / 3):
            raise CheckFailed(f"{case}: 1/3 holds for a mean of 0; the mean output pushes too")
        if close(got, 3.0):
            raise CheckFailed(f"{case}: at 3 the mean output stops pushing; add the spread")
        raise CheckFailed(
            f"{case} = {float(got):.4g}: the loss still changes with U there; differentiate "
            "both terms of the loss with respect to U, then set U = -1 and b = 0"
        )
    print("turning_point: right")


def _first_push(W: float, mean: float, variance: float) -> float:
    """Differentiate the loss with respect to U at U = -1, b = 0, by central differences."""

    def loss(U: float) -> float:
        weights = W * np.array([U**2, U, 1.0])
        return float(variance * ((weights - 1) ** 2).sum() + (mean * (weights.sum() - 3)) ** 2)

    return (loss(-1 + 1e-5) - loss(-1 - 1e-5)) / 2e-5
