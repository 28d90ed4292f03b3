"""Checks of chapter 21, in which beliefs are read out of a network's states."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[Any]


def _asked(function: Callable[..., Any], what: str, *args: Array) -> Any:
    """Ask with arrays of our own, and look whether they are as they were."""
    given = [array.copy() for array in args]
    asked: Any = function
    if callable(function):  # the name and the code let an error name the learner's line
        asked = update_wrapper(partial(function, *given), function, ("__name__", "__code__"))
    result = call(asked)
    if not all(map(np.array_equal, args, given)):
        raise CheckFailed(
            f"{what}: an argument has other numbers afterwards; leave it as it came"
        )
    return result


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
        got = as_array(_asked(function, what, b, T, x), b.shape, f"{what}: the new beliefs")
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
    """Return what a read-out of some strings says, as a matrix whose last row is r."""
    A = np.insert(h, h.shape[2], constant, axis=2).reshape(-1, h.shape[2] + 1)
    R: Array = np.linalg.lstsq(A, b.reshape(-1, b.shape[2]), rcond=None)[0]
    return R


def _says(h: Array, R: Array) -> Array:
    return h @ R[:-1] + R[-1]


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
        got = as_array(_asked(function, what, h, b), wanted.shape, f"{what}: what is read")
        if close(got, wanted, atol=1e-5):
            continue
        if np.allclose(got, b[half:]):
            raise CheckFailed(
                f"{what}: these are the beliefs themselves; they are not known where you read"
            )
        if np.allclose(got, _says(h[half:], _fitted(h[:half], b[:half], False))):
            raise CheckFailed(f"{what}: r is missing: what is read where all units are 0?")
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


def beyond(function: Callable[..., Any]) -> None:
    """Check exercise 3, what of the beliefs the predictions leave open.

    Examples
    --------
    >>> beyond(lambda b, p: b - b.mean(axis=(0, 1)))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: 2 symbols: the mean is over all beliefs, not over those \
with the same prediction
    """
    rng = np.random.default_rng(0)
    for count, steps, symbols in ((6, 4, 2), (7, 3, 3)):
        what = f"{symbols} symbols"
        near = [[0.7, 0.3, 0], [0.70002, 0.29998, 0]]
        kinds = np.array([[0.2, 0.8, 0], *near, [0.8, 0.2, 0], [0.2, 0.1, 0.7]])
        kinds = kinds[: symbols + 2, :symbols]
        kind = rng.integers(0, len(kinds), (count, steps))
        kind.flat[: len(kinds)] = range(len(kinds))
        p = kinds[kind] + rng.uniform(-1e-13, 1e-13, (count, steps, symbols))
        b = rng.dirichlet(np.ones(4), 5)[rng.integers(0, 5, (count, steps))]
        means = _means(b, kind)
        got = as_array(
            _asked(function, what, b, p), b.shape, f"{what}: what is left of the beliefs"
        )
        if np.allclose(got, b - means):
            continue
        if np.allclose(got, means):
            raise CheckFailed(f"{what}: these are the means; what differs from them is wanted")
        if np.allclose(got, means - b):
            raise CheckFailed(f"{what}: the other way round, belief less mean")
        if np.allclose(got, 0):
            raise CheckFailed(
                f"{what}: nothing is left; predictions that agree to 9 decimals are the same"
            )
        if np.allclose(got, b - b.mean(axis=(0, 1))):
            raise CheckFailed(
                f"{what}: the mean is over all beliefs, not over those with the same prediction"
            )
        if np.allclose(
            got, b - _means(b, np.unique(kinds[kind][..., 0], return_inverse=True)[1])
        ):
            raise CheckFailed(f"{what}: predictions are the same if all their numbers are")
        if np.allclose(got, b - _means(b, np.where(kind == 2, 1, kind))):
            raise CheckFailed(f"{what}: 0.70002 is not 0.7; 9 decimals have to agree")
        if np.allclose(got, b - _means(b, kind, once=True)):
            raise CheckFailed(f"{what}: a belief that comes twice counts twice in the mean")
        k = tuple(np.argwhere(~np.isclose(got, b - means))[0, :2])
        raise CheckFailed(
            f"{what}: expected {(b - means)[k]} for string {k[0]}, step {k[1]}, got {got[k]}"
        )
    print("beyond: right")


def _means(b: Array, kind: Array, once: bool = False) -> Array:
    """Return for each belief the mean of those of its kind, each different one once or not."""
    means, kind = np.empty_like(b), kind.reshape(b.shape[:2])
    for k in np.unique(kind):
        same = b[kind == k]
        means[kind == k] = (np.unique(same, axis=0) if once else same).mean(axis=0)
    return means
