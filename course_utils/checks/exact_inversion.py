"""Checks of chapter 10, in which networks are run backwards."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close


def undo(function: Callable[..., Any]) -> None:
    """Check exercise 1, the inverse of one step of a recurrent network.

    Examples
    --------
    >>> undo(lambda h, x, W, U: np.arctanh(h))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: U = I: the input has to be taken off
    """
    for u, d, seed in ((2, 1, None), (3, 2, 0), (5, 4, 1)):
        case = "U = I" if seed is None else f"{u} units, {d} inputs"
        rng = np.random.default_rng(seed or 0)
        U = np.eye(u) if seed is None else rng.normal(size=(u, u))
        W, x, first = rng.normal(size=(d, u)), rng.normal(size=d), rng.normal(size=u) / 4
        inside = x @ W + first @ U
        h = np.tanh(inside)
        got = as_array(call(function, h, x, W, U), (u,), f"{case}: the state before")
        if close(got, first):
            continue
        if close(got @ U, inside) or close(U @ got, inside):
            raise CheckFailed(f"{case}: the input has to be taken off")
        if close(got @ U, inside + x @ W):
            raise CheckFailed(f"{case}: the input is added where it should be taken off")
        if close(got @ U, h - x @ W) or close(U @ got, h - x @ W):
            raise CheckFailed(f"{case}: what undoes tanh?")
        if close(U @ got, first @ U):
            raise CheckFailed(f"{case}: this solves U s = b; the step has s U")
        if close(got, first @ U):
            raise CheckFailed(f"{case}: this is s U, with s the state before")
        if close(got, first @ U @ U):
            raise CheckFailed(f"{case}: this multiplies by U; the way back needs its inverse")
        raise CheckFailed(f"{case}: put your state through the step; it does not give h")
    print("undo: right")


def error_matrix(function: Callable[..., Any]) -> None:
    """Check exercise 2, the matrix with which an error of the last state arrives at the first.

    Examples
    --------
    >>> error_matrix(lambda states, U: np.eye(len(U)))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: one unit, one step, U = 1: M is 1 and should be larger; \
where is tanh flat?
    """
    for u, steps, dtype in ((1, 1, float), (3, 1, float), (3, 2, np.float32), (4, 5, float)):
        case = f"{u} units, {steps} step{'s' * (steps > 1)}"
        rng = np.random.default_rng(u)
        U = np.eye(1) if u == 1 else rng.normal(size=(u, u)).astype(dtype)
        if u == 1:
            case = "one unit, one step, U = 1"
        states = rng.uniform(-0.9, 0.9, (steps + 1, u)).astype(dtype)
        got = as_array(call(function, states, U), (u, u), f"{case}: M")
        slopes = 1 - states.astype(float) ** 2
        want = _product(slopes[:0:-1], U)
        loose = 1e-4 if dtype == np.float32 else 1e-5
        if _alike(got, want, loose):
            continue
        if _alike(got, _product(slopes[-2::-1], U), loose):
            raise CheckFailed(f"{case}: the slopes are those of h_1 to h_T; h_0 has none")
        if _alike(got, np.linalg.inv(want), loose):
            raise CheckFailed(f"{case}: this is the way forward, from h_0 to h_T")
        if u == 1 and abs(got.item()) < want.item():
            raise CheckFailed(
                f"{case}: M is {got.item():.4g} and should be larger; where is tanh flat?"
            )
        if _alike(got, _product(slopes[1:], U), loose):
            raise CheckFailed(f"{case}: the last step is undone first")
        if _alike(got, want.T, loose):
            raise CheckFailed(f"{case}: this is the transpose of M; errors are rows, e M")
        swapped = np.eye(u)
        for slope in slopes[:0:-1]:
            swapped = swapped @ np.linalg.inv(U.astype(float)) / slope
        if _alike(got, swapped, loose):
            raise CheckFailed(f"{case}: divide by the slopes before U is undone")
        raise CheckFailed(
            f"{case}: M is not right; undo one step by hand, for an error of one entry"
        )
    print("error_matrix: right")


def _product(slopes: NDArray[Any], U: NDArray[Any]) -> NDArray[Any]:
    """Return the product of diag(1 / slope) times the inverse of U, in the order given."""
    M = np.eye(len(U))
    for slope in slopes:
        M = M @ np.diag(1 / slope) @ np.linalg.inv(U.astype(float))
    return M


def _alike(got: NDArray[Any], want: NDArray[Any], tolerance: float) -> bool:
    return float(np.abs(got - want).max()) <= tolerance * float(np.abs(want).max())


def fragile(function: Callable[..., Any]) -> None:
    """Check exercise 3, the direction in which an error of the first state can be largest.

    Examples
    --------
    >>> fragile(lambda M: np.array([1.0, 0.0]))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: M = [[1, 2], [0, 1]]: an error of length 1 can arrive \
0.4472 long in this direction; another e_0 is 2.414 long
    """
    rng = np.random.default_rng(0)
    for M in (np.array([[1.0, 2.0], [0.0, 1.0]]), *(rng.normal(size=(u, u)) for u in (3, 8))):
        case = "M = [[1, 2], [0, 1]]" if len(M) == 2 else f"a random M, {len(M)} by {len(M)}"
        got = as_array(call(function, M), (len(M),), f"{case}: the direction")
        length = float(np.linalg.norm(got))
        if not close(length, 1.0, rtol=1e-4):
            raise CheckFailed(f"{case}: wanted a vector of length 1, this has {length:.4g}")
        left, sizes, right = np.linalg.svd(M)
        # The error of length 1 that arrives in this direction is `got` times this long.
        arrives = 1 / float(np.linalg.norm(np.linalg.solve(M.T, got)))
        if close(arrives, sizes[0], rtol=1e-4):
            continue
        if close(arrives, sizes[-1], rtol=1e-4):
            raise CheckFailed(f"{case}: this is the direction of the shortest e_0")
        if close(abs(got @ left[:, 0]), 1.0, rtol=1e-4):
            raise CheckFailed(f"{case}: this is where it began, e_T; where does it arrive?")
        if close(abs(got @ right[:, 0]), 1.0, rtol=1e-4):
            raise CheckFailed(f"{case}: this is a column of the third array; take a row")
        raise CheckFailed(
            f"{case}: an error of length 1 can arrive {arrives:.4g} long in this direction; "
            f"another e_0 is {sizes[0]:.4g} long"
        )
    print("fragile: right")
