"""Checks of chapter 23, which asks a layer from a file how long it remembers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call_to_read, close

Array = NDArray[np.float64]


def time_constants(function: Callable[..., Any]) -> None:
    """Check the time constants of units from their forget gate.

    Examples
    --------
    >>> time_constants(lambda forget: -1 / np.log(forget.mean(axis=0)))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: f = 1/2 at every tenth step, else 0.9999: you take the \
mean of f; half is left after ten steps, which a mean of 0.95 does not give. A product of \
gates: which mean does its logarithm ask for?
    """
    tenth = np.full((40, 1), 0.9999)
    tenth[::10] = 0.5
    rng = np.random.default_rng(0)
    for what, forget in (
        ("f = 1/2 at every tenth step, else 0.9999", tenth),
        ("50 steps, 4 units", rng.uniform(0.05, 0.99, (50, 4))),
        ("f = 1023/1024 at 50 steps", np.full((50, 1), 1023 / 1024)),
        ("6 steps, 6 units", rng.uniform(0.3, 0.99, (6, 6))),
        ("f = 0.1 at 400 steps", np.full((400, 1), 0.1)),
    ):
        steps, units = forget.shape
        logs = np.log(forget)
        right = -1 / logs.mean(axis=0)
        got = as_array(call_to_read(function, what, forget), (units,), f"{what}: τ")
        if close(got, right):
            continue
        if not got.any():
            raise CheckFailed(f"{what}: τ = 0; is a product of so many numbers still above 0?")
        for wrong, hint in (
            (
                -1 / np.log(forget.mean(axis=0)),
                "you take the mean of f; half is left after ten steps, which a mean of 0.95 "
                "does not give. A product of gates: which mean does its logarithm ask for?",
            ),
            (1 / (1 - forget.mean(axis=0)), "this is near τ only if f is always near 1"),
            ((1 / (1 - forget)).mean(axis=0), "this is near τ only if f is always near 1"),
            (-right, "a time constant is above 0; which sign has the logarithm of f?"),
            (1 / right, "this is what is lost a step; τ is in steps"),
            (-logs.mean(axis=0) * steps, "this is T / τ; what is τ?"),
            (
                right / steps,
                "this is the τ of all steps at once; T steps share the product",
            ),
            (
                (-1 / logs).mean(axis=0),
                "first the mean of the logarithms, then one over it: a step that keeps nearly "
                "all must not count for the rest",
            ),
            (right * np.log(2), "this is the time to a half; τ is the time to 1/e"),
            (right * np.log(10), "take the natural logarithm"),
            (
                -1 / logs.mean(axis=1)[:units],
                "average over the steps, which are the first axis",
            ),
        ):
            if wrong.shape == got.shape and close(got, wrong):
                raise CheckFailed(f"{what}: {hint}")
        kept = np.exp(logs[:, 0].sum())
        raise CheckFailed(
            f"{what}: for the first unit {steps} steps leave {kept:.3g}; with your "
            f"τ = {got[0]:.3g} it would be exp(-{steps} / τ)"
        )
    print("time_constants: right for 5 gates.")


def one_at_a_time(function: Callable[..., Any]) -> None:
    """Check the cells with one unit after another at rest.

    Examples
    --------
    >>> one_at_a_time(lambda c, rest: np.where(np.eye(len(c)) > 0, rest, c))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: c = 5, 6, 7 and rest = 1, 2, 3: c and a row for each unit \
should have shape (4, 3), got (3, 3)
    """
    rng = np.random.default_rng(0)
    for what, c, rest in (
        ("c = 5, 6, 7 and rest = 1, 2, 3", np.array([5.0, 6, 7]), np.array([1.0, 2, 3])),
        ("c = 0.5 and rest = -1, one unit", np.array([0.5]), np.array([-1.0])),
        ("8 units", *rng.normal(size=(2, 8))),
    ):
        units = len(c)
        one = np.eye(units) > 0
        each = np.where(one, rest, c)
        right = np.vstack([c, each])
        got = as_array(
            call_to_read(function, what, c, rest),
            right.shape,
            f"{what}: c and a row for each unit",
        )
        if close(got, right):
            continue
        reverse = np.where(one, c, rest)
        for wrong, hint in (
            (np.where(one, 0, c), "at rest a cell is not 0; rest says what it holds"),
            (np.where(one, c + rest, c), "put rest in place of c, do not add it"),
            (np.where(one, c - rest, c), "put rest in place of c, do not take it away"),
            (
                reverse,
                "you put all units but one back; that asks another question. Put back one",
            ),
            (
                np.where(np.tri(units) > 0, rest, c),
                "the units of the rows before are still at rest; begin each row from c",
            ),
            (
                np.tile(rest, (units, 1)),
                "all units are at rest in each row; if one array serves for all rows, copy it",
            ),
            (
                np.tile(c, (units, 1)),
                "nothing is put back; if a copy was changed, is it the one that you return?",
            ),
        ):
            if close(got[1:], wrong):
                raise CheckFailed(f"{what}: {hint}")
        if close(got, np.vstack([each, c])):
            raise CheckFailed(f"{what}: c as it is comes first, not last")
        if not close(got[0], c):
            raise CheckFailed(f"{what}: the first row is c as it is, got {got[0].round(2)}")
        k = int(np.argmax(np.abs(got - right).max(axis=1)))
        raise CheckFailed(
            f"{what}: in row {k} unit {k - 1} alone is at rest, {right[k].round(2)}; "
            f"got {got[k].round(2)}"
        )
    print("one_at_a_time: right for 3 networks.")
