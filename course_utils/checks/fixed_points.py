"""Checks of chapter 19, in which a network stands still."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call_to_read, close

Array = NDArray[Any]


def _cases() -> list[tuple[str, Array, Array, Array]]:
    """Return U, b and h of networks of several sizes."""
    rng = np.random.default_rng(0)
    one = (np.full((1, 1), 2.0), np.array([0.3]), np.array([0.4]))
    return [
        ("one unit, U = 2, b = 0.3, h = 0.4", *one),
        *(
            (
                f"{n} units",
                rng.normal(size=(n, n)) / n**0.5,
                rng.normal(size=n),
                rng.uniform(-1, 1, n),
            )
            for n in (2, 5, 32)
        ),
    ]


def jacobian(function: Callable[..., Any]) -> None:
    """Check exercise 1, the Jacobian of a tanh cell.

    Examples
    --------
    >>> jacobian(lambda U, b, h: U)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: one unit, U = 2, b = 0.3, h = 0.4: these are the weights \
alone; where is the slope of tanh?
    """
    for what, U, b, h in _cases():
        n, after = len(b), np.tanh(h @ U + b)
        got = as_array(call_to_read(function, what, U, b, h), (n, n), f"{what}: J")
        slope = 1 - after**2
        right = U * slope
        if close(got, right):
            continue
        if close(got, right.T):
            raise CheckFailed(f"{what}: transposed; J_ij is the change of F_j by h_i")
        for wrong, hint in (
            (U, "these are the weights alone; where is the slope of tanh?"),
            (U * (1 - h**2), "take the slope at the state after the step, not before it"),
            (U * (1 - np.tanh(h @ U) ** 2), "b is missing"),
            (U * (1 - after), "the slope of tanh is 1 minus its square"),
            (
                U * (1 - (h @ U + b) ** 2),
                "the slope needs the value of tanh, not what is in it",
            ),
            (U.T * slope, "which entry of U multiplies h_i in z_j?"),
            (U * slope[:, None], "the slope belongs to j, the unit that changes"),
            (right - np.eye(n), "this is J - I, the change of F(h) - h"),
            (np.eye(n) - right, "this is I - J; J alone is asked for"),
        ):
            if close(got, wrong):
                raise CheckFailed(f"{what}: {hint}")
        if np.allclose(got, right, 1e-2, 1e-2):
            raise CheckFailed(f"{what}: near, but not exact; derive J, do not measure it")
        raise CheckFailed(f"{what}: change one h_i a little; by how much does each F_j change?")
    print("jacobian: right")


def newton(function: Callable[..., Any]) -> None:
    """Check exercise 2, one step of Newton's method.

    Examples
    --------
    >>> newton(lambda U, b, h: np.tanh(h @ U + b))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: one unit, U = 2, b = 0.3, h = 0.4: this is one step of \
the network, not of Newton
    """
    for what, U, b, h in _cases():
        n, after = len(b), np.tanh(h @ U + b)
        got = as_array(call_to_read(function, what, U, b, h), (n,), f"{what}: the state")
        off, J = after - h, U * (1 - np.square(after))
        system = np.eye(n) - J
        d = np.linalg.solve(system.T, off)
        if close(got, h + d):
            continue
        for wrong, hint in (
            (after, "this is one step of the network, not of Newton"),
            (d, "this is the move d; where does it start?"),
            (h - d, "the move has the wrong sign"),
            (h + np.linalg.solve(system, off), "d is a row to the left of I - J; transpose"),
            (h + np.linalg.solve(J.T, off), "the matrix is I - J, not J"),
            (h + off @ system, "solve with I - J; do not multiply by it"),
            (after + d, "the move starts at h, not at F(h)"),
        ):
            if close(got, wrong):
                raise CheckFailed(f"{what}: {hint}")
        raise CheckFailed(f"{what}: put d into d (I - J) = F(h) - h; do both sides agree?")
    print("newton: right")
