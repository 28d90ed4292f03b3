"""Checks of chapter 10, in which layers are run backwards."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks import CheckFailed, as_array, call, close, quietly


def undo_leaky(function: Callable[..., Any]) -> None:
    """Check exercise 1, the inverse of a layer with LeakyReLU.

    Examples
    --------
    >>> undo_leaky(lambda y, W, b, slope: y)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: W = I, b = 0, slope 0.5: a negative output comes back as \
-0.5 and should be -1; what did the layer do to it?
    """
    for n, slope, seed in ((1, 0.5, None), (3, 0.01, 0), (4, 0.3, 1), (2, 2.0, 2)):
        case = f"{n} units, slope {slope}"
        if seed is None:
            case = f"W = I, b = 0, slope {slope}"
            W, b, x = np.eye(1), np.zeros(1), np.array([[1.0], [0.0], [-1.0]])
        else:
            rng = np.random.default_rng(seed)
            W, b, x = rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=(7, n))
        z = b + x @ W
        y = np.where(z > 0, z, slope * z)
        got = as_array(call(function, y, W, b, slope), x.shape, case)
        if close(got, x):
            continue
        if seed is None:
            raise CheckFailed(
                f"{case}: a negative output comes back as {got[2, 0]:.4g} and should be -1; "
                "what did the layer do to it?"
            )
        if close(got @ W, z) or close(got @ W - b, z):
            raise CheckFailed(f"{case}: look at the bias: which sign, and when does it go?")
        if close(got @ W.T, z - b):
            raise CheckFailed(f"{case}: this solves W x = z; the layer has x on the left of W")
        raise CheckFailed(f"{case}: put your x through the layer; its output is not y")
    print("undo_leaky: right")


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


def undo_relu(function: Callable[..., Any]) -> None:
    """Check exercise 3, the input of a ReLU layer from its active units.

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
        y = np.array([[3.0, 6.0, 2.0], row])
        try:
            quietly(function, y, W.copy(), b.copy())
        except ValueError:
            continue
        except Exception as error:
            raise CheckFailed(
                f"{what}, two inputs: wanted a ValueError, got {type(error).__name__}: {error}"
            ) from error
        raise CheckFailed(f"{what} cannot settle two inputs: raise a ValueError")
    print("undo_relu: right")


def another_input(function: Callable[..., Any]) -> None:
    """Check exercise 4, a different input with the same output of a ReLU layer.

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
        changed = np.abs(after - z)[z > 0].max(initial=0)
        if changed > 1e-6 + 1e-5 * distance:
            raise CheckFailed(
                f"{case}: an active unit changes by {changed:.2g}; along which directions do "
                "all active units stand still?"
            )
        if after[z < 0].max(initial=-1.0) > 0:
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
