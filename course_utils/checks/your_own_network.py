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
    ):
        steps, units = forget.shape
        logs = np.log(forget)
        right = -1 / logs.mean(axis=0)
        got = as_array(call_to_read(function, what, forget), (units,), f"{what}: τ")
        if close(got, right):
            continue
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
    print("time_constants: right for 4 gates.")


def forgotten(function: Callable[..., Any]) -> None:
    """Check after how many steps the share of a push stays small.

    Examples
    --------
    >>> forgotten(lambda left: (np.abs(left) > 1 / np.e).sum(axis=0))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: a push that comes back, 0.9, 0.2, 0.5, 0.1: you count the \
steps with a large share, 2; after which step is it small for good?
    """
    rng = np.random.default_rng(0)
    decays = np.exp(-np.arange(1, 31)[:, np.newaxis] / [2.5, 8.0, 1000.0, 0.5])
    for what, left in (
        ("a push that is kept, 0.99, 0.98, 0.97", np.array([[0.99], [0.98], [0.97]])),
        ("a push that fades, 0.9, 0.6, 0.3, 0.1", np.array([[0.9], [0.6], [0.3], [0.1]])),
        ("a push that goes at once, 0.2, 0.1", np.array([[0.2], [0.1]])),
        ("a share of 0.369 counts, 0.45, 0.369, 0.1", np.array([[0.45], [0.369], [0.1]])),
        (
            "a push that turns round, 0.5, -0.6, -0.5, 0.1",
            np.array([[0.5], [-0.6], [-0.5], [0.1]]),
        ),
        (
            "a push that comes back, 0.9, 0.2, 0.5, 0.1",
            np.array([[0.9], [0.2], [0.5], [0.1]]),
        ),
        ("four decays", decays),
        ("20 steps of 3 units", rng.uniform(-0.8, 0.8, (20, 3))),
    ):
        large = np.abs(left) > 1 / np.e
        last = np.array([np.flatnonzero(column)[-1:].sum() for column in large.T])
        right = np.where(large.any(axis=0), last + 1, 0)
        got = as_array(
            call_to_read(function, what, left), right.shape, f"{what}: the numbers of steps"
        )
        if close(got, right):
            continue
        first = np.where((~large).any(axis=0), np.argmin(large, axis=0), len(left))
        high = left > 1 / np.e
        half = np.abs(left) > 0.5
        for wrong, hint in (
            (
                large.sum(axis=0),
                f"you count the steps with a large share, {large[:, 0].sum()}; after which "
                "step is it small for good?",
            ),
            (first, "this is when it is small for the first time; does it stay so?"),
            (
                last,
                "this is the place of the last large share, counted from 0; steps count from 1",
            ),
            (right + 1, "one step too many; the first row is after 1 step"),
            (_last(high), "a share below -1/e is large too"),
            (_last(half), "the border is 1/e, 0.37, not a half"),
            (
                np.where(large.any(axis=0), right, len(left)),
                "a share that is never large takes 0 steps",
            ),
        ):
            if close(got, wrong):
                raise CheckFailed(f"{what}: {hint}")
        raise CheckFailed(
            f"{what}: got {np.round(got, 2).tolist()}; look for the last step whose share is "
            "outside of the range"
        )
    print("forgotten: right for 8 pushes.")


def _last(large: NDArray[np.bool_]) -> Array:
    """Return the last step that is marked, counted from 1; 0 if none is."""
    return (large * np.arange(1, len(large) + 1)[:, np.newaxis]).max(axis=0).astype(float)
