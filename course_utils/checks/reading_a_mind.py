"""Checks of chapter 18, in which networks read the rule behind choices."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[Any]


def _states(W: Any, U: Any, b: Any, x: Array) -> Array:
    """Return the state before each trial."""
    out = np.zeros(x.shape)
    for t in range(x.shape[-1] - 1):
        out[..., t + 1] = W * x[..., t] + U * out[..., t] + b
    return out


def _sigmoid(h: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(h / 2)


def forward(function: Callable[..., Any]) -> None:
    """Check exercise 1, the state before each trial.

    Examples
    --------
    >>> forward(lambda weights, x: x)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: one animal, 2 trials: before the first trial the state is 0
    """
    rng = np.random.default_rng(0)
    for what, shape, many, size in (
        ("one animal, 2 trials", (2,), None, 1),
        ("3 animals, 6 trials", (3, 6), None, 1),
        ("4 networks, 3 animals, 5 trials", (4, 3, 5), 4, 1),
        ("one animal, 6 trials, inputs of about 100", (6,), None, 100),
    ):
        x = rng.normal(scale=size, size=shape)
        W, U, b = rng.uniform(0.2, 0.9, (3, many, 1)) if many else (0.8, 0.6, 0.3)
        got = as_array(call(function, [W, U, b], x), shape, f"{what}: the states")
        if close(got, _states(W, U, b, x)):
            continue
        if not close(got[..., 0], 0):
            if close(got, np.repeat(got[..., :1], shape[-1], axis=-1)):
                raise CheckFailed(f"{what}: all states are one array, changed in place")
            after = np.roll(_states(W, U, b, np.concatenate([x, x[..., :1]], -1)), -1, -1)
            if close(got, after[..., :-1]):
                raise CheckFailed(f"{what}: these are the states after each trial, not before")
            raise CheckFailed(f"{what}: before the first trial the state is 0")
        if close(got, _states(W, U, 0, x)):
            raise CheckFailed(f"{what}: b is missing")
        if close(got, _states(W, 0, b, x)):
            raise CheckFailed(f"{what}: what does U multiply?")
        if size > 1:
            raise CheckFailed(
                f"{what}: this holds for small states only; a linear cell has no bounds"
            )
        raise CheckFailed(f"{what}: step by hand: h becomes W x + U h + b")
    x, U = rng.normal(size=(4, 3, 5)), rng.uniform(0.2, 0.9, (4, 1))
    before = x.copy()
    got = _on_itself(function, [1, U, 0], x)
    if not np.array_equal(x, before):
        raise CheckFailed("forward: x has other numbers afterwards; leave it as it came")
    if not close(as_array(got, x.shape, "the states"), _states(1, U, 0, x)):
        raise CheckFailed("4 networks with one W of 1 and one b of 0: the states are not right")
    print("forward: right")


def _on_itself(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function on the arrays themselves, so that it shows if it writes into them."""

    @wraps(function)
    def given() -> Any:
        return function(*args)

    return call(given)


def information(function: Callable[..., Any]) -> None:
    """Check exercise 2, the Fisher information of the three weights.

    Examples
    --------
    >>> information(lambda weights, s: np.eye(3))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: one animal, 2 trials, W = U = b = 0: only the second \
trial says something, with p = 1/2 and the slopes s, 0 and 1; I is not their products times 1/4
    """
    rng = np.random.default_rng(1)
    for what, weights, shape in (
        ("one animal, 2 trials, W = U = b = 0", [0.0, 0.0, 0.0], (1, 2)),
        ("5 animals, 8 trials", [0.9, 0.7, 0.2], (5, 8)),
        ("2 animals, 30 trials", [0.5, 0.9, -0.1], (2, 30)),
    ):
        s = rng.choice([-1.0, 1.0], shape)
        W, U, b = weights
        h = _states(W, U, b, s)
        J = np.array([_states(1, U, 0, x) for x in (s, h, np.ones(shape))]).reshape(3, -1)
        p = _sigmoid(h).ravel()
        want = (J * (p - p**2)) @ J.T
        got = as_array(call(function, list(weights), s), (3, 3), f"{what}: I")
        if close(got, want):
            continue
        for weighting, hint in (
            (np.ones(p.size), "each trial counts by p (1 - p), the variance of its choice"),
            (p, "the variance of a choice is p (1 - p), not p alone"),
            (1 - p, "the variance of a choice is p (1 - p), not 1 - p alone"),
            ((p * (1 - p)) ** 2, "p (1 - p) comes in once, not squared"),
        ):
            if close(got, (J * weighting) @ J.T):
                raise CheckFailed(f"{what}: {hint}")
        if close(got * s.size, want):
            raise CheckFailed(f"{what}: this is the mean over the trials; information adds up")
        if close(got * shape[0], want):
            raise CheckFailed(f"{what}: this is the mean over the animals; information adds up")
        if weights[1] == 0:
            raise CheckFailed(
                f"{what}: only the second trial says something, with p = 1/2 and the slopes s, "
                "0 and 1; I is not their products times 1/4"
            )
        if not close(got, got.T):
            raise CheckFailed(f"{what}: I is symmetric, as J J^T is")
        raise CheckFailed(f"{what}: p is the sigmoid of the state before the trial; is it?")
    print("information: right")
