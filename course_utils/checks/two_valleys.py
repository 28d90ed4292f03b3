"""Checks of chapter 4, in which the same code fails for half the seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.data import all_digit_sums

MEAN, VARIANCE = 4.5, 8.25


def digit_weights(function: Callable[..., Any]) -> None:
    """Check exercise 1, the weight with which each digit enters the output.

    Parameters
    ----------
    function
        The learner's ``digit_weights(W, U, length)``.

    Raises
    ------
    CheckFailed
        If a result is wrong; the message says what to look at.

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


def profile_loss(function: Callable[..., Any]) -> None:
    """Check exercise 2, the smallest loss over W and b at a given U.

    Parameters
    ----------
    function
        The learner's ``profile_loss(U, length)``.

    Raises
    ------
    CheckFailed
        If a result is wrong; the message says what to look at.

    Examples
    --------
    >>> profile_loss(lambda U, length: 22.0)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: profile_loss(1.0, 3) is larger than the smallest loss: \
is W at the bottom of its parabola?
    """
    for U, length in ((1.0, 3), (-1.0, 3), (0.5, 3), (-2.5, 3), (0.5, 2), (-0.7, 4), (1.1, 5)):
        case = f"profile_loss({U}, {length})"
        got = as_array(call(function, U, length), (), case)
        want = _fitted_loss(U, length)
        if close(got, want, rtol=1e-6, atol=1e-6):
            continue
        if close(got * VARIANCE, want, atol=1e-6):
            raise CheckFailed(f"{case}: the variance of a digit, 8.25, is missing")
        if close(got, _fitted_loss(U, 3), atol=1e-6):
            raise CheckFailed(f"{case}: this is the profile for 3 digits; use the length")
        if got < want - 1e-6:
            raise CheckFailed(
                f"{case} is below what any W and b reach: does every digit of the target count?"
            )
        raise CheckFailed(
            f"{case} is larger than the smallest loss: is W at the bottom of its parabola?"
        )
    print("profile_loss: right")


def _fitted_loss(U: float, length: int) -> float:
    """Fit W and b by least squares over all sequences: no formula that could be copied."""
    digits, sums = all_digit_sums(length)
    state, steps = np.zeros(len(digits)), 0.0
    for digit in digits.T:
        state, steps = state * U + digit, steps * U + 1
    inputs = np.column_stack([state, np.full(len(digits), steps)])
    fit = np.linalg.lstsq(inputs, sums, rcond=None)[0]
    return float(np.mean((inputs @ fit - sums) ** 2))


def turning_point(function: Callable[..., Any]) -> None:
    """Check exercise 3, the W at which the first push on U changes sign.

    Parameters
    ----------
    function
        The learner's ``turning_point(mean, variance)``.

    Raises
    ------
    CheckFailed
        If a result is wrong; the message says what to look at.

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
        if got > 0 and abs(here) < 1e-6 * (abs(below) + abs(above)):
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


def stable_rate(function: Callable[..., Any]) -> None:
    """Check exercise 4, the largest stable learning rate at the solution.

    Parameters
    ----------
    function
        The learner's ``stable_rate(length, mean, variance)``.

    Raises
    ------
    CheckFailed
        If a result is wrong; the message says what to look at.

    Examples
    --------
    >>> stable_rate(lambda length, mean, variance: 0.002)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: stable_rate(3, 4.5, 8.25) = 0.002 is below the limit of \
this chapter, 0.002325: is a curvature counted twice?
    """
    cases = (
        (3, MEAN, VARIANCE),
        (3, 0.0, VARIANCE),
        (1, 0.0, 1.0),
        (2, -1.0, 2.0),
        (8, 4.5, 8.25),
    )
    for length, mean, variance in cases:
        case = f"stable_rate({length}, {mean}, {variance})"
        got = float(as_array(call(function, length, mean, variance), (), case))
        curvatures = np.linalg.eigvalsh(_hessian(length, mean, variance))
        want = 2 / curvatures[-1]
        if close(got, want, rtol=1e-5):
            continue
        if close(got, 2 * want, rtol=1e-5) or close(got, want / 2, rtol=1e-5):
            raise CheckFailed(
                f"{case} is off by a factor of 2: the loss is a square, so its second "
                "derivative carries a 2, and the limit is 2 / curvature"
            )
        if close(got, curvatures[-1], rtol=1e-5):
            raise CheckFailed(f"{case}: this is the largest curvature; the limit is 2 over it")
        if curvatures[0] > 1e-9 and close(got, 2 / curvatures[0], rtol=1e-5):
            raise CheckFailed(f"{case}: this is the flattest direction; the steepest limits")
        if (length, mean) == (3, MEAN):
            if got < want:
                raise CheckFailed(
                    f"{case} = {got:.4g} is below the limit of this chapter, {want:.4g}: is a "
                    "curvature counted twice?"
                )
            raise CheckFailed(
                f"{case} = {got:.4g} is above the limit of this chapter, {want:.4g}: does the "
                "mean enter, and the bias?"
            )
        raise CheckFailed(
            f"{case} = {got:.4g} is not right, though earlier cases are: look at where the "
            "length, the mean and the variance enter"
        )
    print("stable_rate: right")


def _hessian(length: int, mean: float, variance: float) -> np.ndarray:
    """Differentiate the expected loss twice at W = U = 1, b = 0, by central differences."""

    def loss(weights: np.ndarray) -> float:
        W, U, b = weights
        total, offset, share = (
            0.0,
            -length * mean,
            1.0,
        )  # share: U^k of the digit k from the end
        for _ in range(length):
            total += variance * (W * share - 1) ** 2
            offset += (mean * W + b) * share
            share *= U
        return float(total + offset**2)

    step, centre = 1e-4, np.array([1.0, 1.0, 0.0])
    nudges = step * np.eye(3)
    return np.array(
        [
            [
                sum(
                    first * second * loss(centre + first * a + second * b)
                    for first in (1, -1)
                    for second in (1, -1)
                )
                / (4 * step**2)
                for b in nudges
            ]
            for a in nudges
        ]
    )
