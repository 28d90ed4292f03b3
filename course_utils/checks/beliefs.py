"""Checks of chapter 21, in which beliefs are read out of a network's states."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call_to_read, close

Array = NDArray[Any]


def _process(
    symbols: int, states: int, seed: int, rare: float = 0
) -> tuple[Array, Array, Array]:
    """Return beliefs of four strings, transition matrices and a symbol for each string.

    With ``rare`` above 0 some steps are impossible.
    """
    rng = np.random.default_rng(seed)
    T = rng.random((symbols, states, states)) ** 2
    T[rare > T] = 0
    T /= T.sum(axis=(0, 2))[:, np.newaxis]
    b = rng.dirichlet(np.ones(states), 4)
    return b, T, np.array([0, symbols - 1, 1, 0])


def update(function: Callable[..., Any]) -> None:
    """Check exercise 1, the beliefs after one more symbol.

    Examples
    --------
    >>> update(lambda b, T, x: b)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: 2 symbols, 2 states: the beliefs did not change
    """
    for what, (b, T, x) in {
        "2 symbols, 2 states": _process(2, 2, 0),
        "3 symbols, 3 states": _process(3, 3, 1),
        "2 symbols, 5 states": _process(2, 5, 2),
        "2 symbols, 4 states, some impossible": _process(2, 4, 2, 0.3),
    }.items():
        got = as_array(
            call_to_read(function, what, b, T, x), b.shape, f"{what}: the new beliefs"
        )
        joint = np.array([row @ T[symbol] for row, symbol in zip(b, x, strict=True)])
        turned = np.array([T[symbol] @ row for row, symbol in zip(b, x, strict=True)])
        wanted = joint / joint.sum(axis=1, keepdims=True)
        if np.allclose(got, wanted):
            continue
        if np.allclose(got, b):
            raise CheckFailed(f"{what}: the beliefs did not change")
        if np.allclose(got, joint):
            raise CheckFailed(f"{what}: a belief has to sum to 1")
        for total in (joint.sum(), joint.sum(axis=0)):
            if np.allclose(got, joint / total):
                raise CheckFailed(f"{what}: each string's belief has to sum to 1 by itself")
        if any(np.allclose(got, part) for part in (turned, turned / turned.sum(1)[:, None])):
            raise CheckFailed(
                f"{what}: the cat goes from row i to column j, so the belief stands on the left"
            )
        if np.allclose(got, (first := b @ T[x[0]]) / first.sum(axis=1, keepdims=True)):
            raise CheckFailed(f"{what}: each string has a symbol of its own")
        if np.allclose(got, (blind := b @ T.sum(axis=0)) / blind.sum(axis=1, keepdims=True)):
            raise CheckFailed(f"{what}: the symbol says nothing there, the sum is over all")
        k = int((~np.isclose(got, wanted)).any(axis=1).argmax())
        raise CheckFailed(f"{what}: expected {wanted[k]} for string {k}, got {got[k]}")
    print("update: right")


def _fitted(h: Array, b: Array, constant: bool) -> Array:
    """Return what a read-out of some strings says, as a matrix whose last row is k."""
    X = np.insert(h, h.shape[2], constant, axis=2).reshape(-1, h.shape[2] + 1)
    A: Array = np.linalg.lstsq(X, b.reshape(-1, b.shape[2]), rcond=None)[0]
    return A


def _says(h: Array, A: Array) -> Array:
    return h @ A[:-1] + A[-1]


def read(function: Callable[..., Any]) -> None:
    """Check exercise 2, the beliefs read from the second half of the strings.

    Examples
    --------
    >>> read(lambda h, b: b[len(b) // 2 :])
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: 40 strings: these are the beliefs themselves; they are \
not known where you read
    """
    rng = np.random.default_rng(0)
    for count, steps, units, states in ((40, 3, 4, 3), (31, 5, 2, 2)):
        h = rng.normal(size=(count, steps, units))
        b = rng.dirichlet(np.ones(states), (count, steps))
        b[..., 0] += np.tanh(h[..., 0])
        half, what = count // 2, f"{count} strings"
        wanted = _says(h[half:], _fitted(h[:half], b[:half], True))
        got = as_array(
            call_to_read(function, what, h, b), wanted.shape, f"{what}: what is read"
        )
        if close(got, wanted, atol=1e-5):
            continue
        if np.allclose(got, b[half:]):
            raise CheckFailed(
                f"{what}: these are the beliefs themselves; they are not known where you read"
            )
        if np.allclose(got, _says(h[half:], _fitted(h[:half], b[:half], False))):
            raise CheckFailed(f"{what}: k is missing: what is read where all units are 0?")
        for fitted, name in (
            (slice(None), "all strings"),
            (slice(half, None), "these strings"),
        ):
            if any(
                np.allclose(got, _says(h[half:], _fitted(h[fitted], b[fitted], constant)))
                for constant in (True, False)
            ):
                raise CheckFailed(f"{what}: fitted on {name}, so that nothing is held out")
        if got.shape[0] == half and np.allclose(
            got, _says(h[:half], _fitted(h[:half], b[:half], True))
        ):
            raise CheckFailed(f"{what}: read the second half, not the fitted one")
        each = [
            _says(h[half:, t : t + 1], _fitted(h[:half, t : t + 1], b[:half, t : t + 1], True))
            for t in range(steps)
        ]
        if np.allclose(got, np.concatenate(each, axis=1)):
            raise CheckFailed(f"{what}: fit one read-out on all steps together")
        raise CheckFailed(
            f"{what}: expected {wanted[0, 0]} for the first step of the first string that is "
            f"not fitted, got {got[0, 0]}"
        )
    print("read: right")
