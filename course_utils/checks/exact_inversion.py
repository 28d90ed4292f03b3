"""Checks of chapter 10, in which networks are run backwards."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close, quietly


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


def safe_range(function: Callable[..., Any]) -> None:
    """Check exercise 2, the range in which tanh can be undone to a tolerance.

    Examples
    --------
    >>> safe_range(lambda tolerance, eps: 1.0)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: safe_range(0.001, 1.19e-07) = 1: the predicted error \
there is 7.1e-08, below the tolerance; go further
    """
    for tolerance, eps in (
        (1e-3, 2.0**-23),
        (0.1, 2.0**-23),
        (1e-6, 2.0**-52),
        (4e-8, 2.0**-23),
        (1e-9, 2.0**-23),
    ):
        case = f"safe_range({tolerance:g}, {eps:.3g})"
        z = float(as_array(call(function, tolerance, eps), (), case))
        if z < 0:
            raise CheckFailed(f"{case} = {z:.4g}: z should be 0 or above")
        if z > 300:
            raise CheckFailed(f"{case} = {z:.4g}: is that z, or its cosh?")
        error = eps / 4 * np.cosh(z) ** 2
        if eps / 4 > tolerance:
            if z != 0:
                raise CheckFailed(f"{case}: even z = 0 has a larger error; return 0.0")
        elif not close(error, tolerance, rtol=1e-4, atol=0):
            side = "below the tolerance; go further" if error < tolerance else "too large"
            raise CheckFailed(
                f"{case} = {z:.4g}: the predicted error there is {error:.2g}, {side}"
            )
    print("safe_range: right")


def error_matrix(function: Callable[..., Any]) -> None:
    """Check exercise 3, the matrix with which an error of the last state arrives at the first.

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


def undo_relu(function: Callable[..., Any]) -> None:
    """Check exercise 4, the input of a ReLU layer from its active units.

    Examples
    --------
    >>> undo_relu(lambda y, W, b: y)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: W = [I, -I], b = 0: x should have shape (5, 2), got (5, 4)
    """
    for n, m, seed in ((2, 4, None), (3, 20, 0), (5, 40, 1)):
        rng = np.random.default_rng(seed or 0)
        case = f"a random layer {n} -> {m}"
        W, b, x = rng.normal(size=(n, m)), rng.normal(size=m), rng.normal(size=(5, n))
        if seed is None:
            case, b = "W = [I, -I], b = 0", np.zeros(m)
            W = np.hstack([np.eye(n), -np.eye(n)])
        y = np.maximum(x @ W + b, 0)
        got = as_array(call(function, y, W, b), x.shape, f"{case}: x")
        if close(got, x, atol=1e-7):
            continue
        # Least squares leaves an error at right angles to the columns it has used.
        if close((got @ W + b - y) @ W.T, 0, atol=1e-7):
            raise CheckFailed(
                f"{case}: a unit at 0 says only that x W + b is not above 0; leave it out"
            )
        if close((got @ W - y) * (y > 0) @ W.T, 0, atol=1e-7):
            raise CheckFailed(f"{case}: the bias is missing")
        raise CheckFailed(f"{case}: each row of y has active units of its own; use only those")

    W, b = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]]), np.zeros(3)
    try:
        got = quietly(function, np.array([[3.0, 6.0, 2.0]]), W.copy(), b.copy())
    except ValueError:
        got = np.zeros((1, 2))
    if not close(as_array(got, (1, 2), "three active units, two inputs: x"), [[3.0, 2.0]]):
        raise CheckFailed("three active units, of which one repeats another, settle two inputs")
    for row, what in (
        ([3.0, 6.0, 0.0], "two active units of which one repeats the other"),
        ([0.0, 0.0, 5.0], "a single active unit"),
        ([0.0, 0.0, 0.0], "no active unit"),
    ):
        good = [3.0, 6.0, 2.0]
        _refuses(function, np.array([good, row]), W, b, f"{what} cannot settle two inputs")
        _refuses(
            function,
            np.array([row, good]),
            W,
            b,
            f"{what} cannot settle two inputs, also in a row before the last",
        )
    rng = np.random.default_rng(0)
    for _ in range(8):  # rounding hides a repeated equation from a solver, not from a rank
        W, x = rng.normal(size=(3, 2)) @ rng.normal(size=(2, 8)), rng.normal(size=(2, 3))
        _refuses(
            function,
            np.maximum(x @ W, 0),
            W,
            np.zeros(8),
            "8 units whose weights lie in a plane cannot settle three inputs",
        )
    print("undo_relu: right")


def _refuses(
    function: Callable[..., Any], y: NDArray[Any], W: NDArray[Any], b: NDArray[Any], what: str
) -> None:
    """Expect a ValueError where the active units of a row do not settle its input."""
    try:
        quietly(function, y.copy(), W.copy(), b.copy())
    except ValueError:
        return
    except Exception as error:
        raise CheckFailed(
            f"{what}: wanted a ValueError, got {type(error).__name__}: {error}"
        ) from error
    raise CheckFailed(f"{what}: raise a ValueError")


def another_input(function: Callable[..., Any]) -> None:
    """Check exercise 5, a different input with the same output of a ReLU layer.

    Examples
    --------
    >>> another_input(lambda x, W, b: x)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: 2 inputs, 1 unit: this is x; which other input gives y?
    """
    for n, m in ((2, 1), (3, 3), (8, 24), (8, 16)):
        rng = np.random.default_rng(0)
        case = f"{n} inputs, {m} unit{'s' * (m > 1)}"
        for _ in range(10_000):
            W, b, x = rng.normal(size=(n, m)), rng.normal(size=m) / 2, rng.normal(size=n)
            z = b + x @ W
            if (z > 0).sum() < n and np.abs(z).min() > 0.1:
                break
        got = as_array(call(function, x, W, b), x.shape, f"{case}: the other input")
        distance = float(np.linalg.norm(got - x))
        if distance < 1e-6:
            raise CheckFailed(f"{case}: this is x; which other input gives y?")
        after = got @ W + b
        changed, margin = np.abs(after - z)[z > 0].max(initial=0), 1e-6 + 1e-5 * distance
        if changed > margin:
            raise CheckFailed(
                f"{case}: an active unit changes by {changed:.2g}; along which directions do "
                "all active units stand still?"
            )
        if after[z < 0].max(initial=-1.0) > margin:
            raise CheckFailed(
                f"{case}: a silent unit wakes up; how far can you go before that?"
            )
        slopes = (got - x) / distance @ W
        rising = (z < 0) & (slopes > 1e-9)
        room = (-z[rising] / slopes[rising]).min(initial=2.0)
        if distance < 0.49 * room:
            raise CheckFailed(
                f"{case}: the step is {distance:.2g} long and could be {room:.2g} before a "
                "silent unit wakes up, or longer than 2; go at least half the way"
            )
    print("another_input: right")
