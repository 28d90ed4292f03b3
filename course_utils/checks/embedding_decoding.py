"""Checks of chapter 3, in which an embedding learns ten digits."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.data import DIGITS

Array = NDArray[np.float64]


def lookup(answer: Callable[[Array, NDArray[np.int64]], Any]) -> None:
    """Check exercise 1: the row of E for every digit."""
    rng = np.random.default_rng(0)
    for symbols, width, shape in (
        (10, 10, (3,)),
        (10, 4, (8, 3)),
        (7, 10, (2, 3, 4)),
        (5, 2, ()),
    ):
        E = rng.normal(size=(symbols, width))
        x = np.asarray(rng.integers(0, symbols, shape)).astype(np.intp)  # 32 bits in a browser
        case = f"for E of shape {E.shape} and x of shape {shape}, "
        result = call(answer, E, x)
        if symbols != width and getattr(result, "shape", None) == (*shape, symbols):
            raise CheckFailed(f"{case}these look like columns of E, or one-hot rows without E")
        got = as_array(result, (*shape, width), f"{case}the rows")
        if symbols == width and close(got, E.T[x]):
            raise CheckFailed(f"{case}these are columns of E; a digit picks a row")
        if not close(got, np.take(E, x, axis=0)):
            raise CheckFailed(
                f"{case}a row is not that of its digit: what should digit 0 give?"
            )
    print("lookup: the right rows, for four shapes.")


def _random_model(width: int, seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    shapes = ((DIGITS, width), (width, 1), (1, 1), (1,))
    return [rng.normal(size=shape) for shape in shapes]


def collapse(answer: Callable[[list[Array]], Any]) -> None:
    """Check exercise 2: the one-hot model that computes what an embedding model does."""
    for width in (10, 1, 4):
        E, W, U, b = _random_model(width, seed=width)
        result = call(answer, [array.copy() for array in (E, W, U, b)])
        if not isinstance(result, list | tuple) or len(result) != 3:
            raise CheckFailed("collapse should return a list of three arrays: W, U, b")
        case = f"for an embedding of width {width}, "
        W1, U1, b1 = (
            as_array(array, shape, f"{case}{name}")
            for array, shape, name in zip(
                result, ((DIGITS, 1), (1, 1), (1,)), ("W", "U", "b"), strict=True
            )
        )
        if not close(U1, U):
            raise CheckFailed(f"{case}U is not what it was: what does it act on?")
        if not close(b1, 0.0):
            raise CheckFailed(f"{case}the bias should be 0: where can what it adds go?")
        if close(W1, E @ W):
            raise CheckFailed(
                f"{case}each step adds too little or too much by the same number: which "
                "weight of the embedding model acts whatever the digit is?"
            )
        if not close(W1, E @ W + b):
            raise CheckFailed(
                f"{case}W is not what each digit adds to the state: follow one digit "
                "through E, W and b."
            )
    print("collapse: the same function with 12 numbers, for three widths.")


def _trained(width: int, seed: int) -> tuple[Array, Array]:
    """Return E and W as training leaves them: noise, and digits laid out along W.

    The noise has no correlation with the digits, not even by chance: stretching any direction
    across W then hides their order.
    """
    rng = np.random.default_rng(seed)
    noise, W = rng.normal(0, 0.03, (DIGITS, width)), rng.normal(size=(width, 1))
    line = np.arange(DIGITS)[:, np.newaxis] - 4.5
    noise -= line @ (line.T @ noise) / (line**2).sum()
    W *= 3.3 / np.linalg.norm(W)
    table = np.arange(DIGITS)[:, np.newaxis] - 2.8
    return noise + (table - noise @ W) @ W.T / (W**2).sum(), W


def _order(E: Array) -> float:
    """Return the size of the correlation of the first principal component with the digits."""
    centred = E - E.mean(axis=0)
    places = centred @ np.linalg.svd(centred)[2][0]
    return float(abs(np.corrcoef(places, np.arange(DIGITS))[0, 1]))


def disguise(answer: Callable[[Array, Array], Any]) -> None:
    """Check exercise 3: the same product, with rows whose order does not show."""
    for width, seed in ((10, 0), (2, 1), (10, 2), (30, 3)):
        E, W = _trained(width, seed)
        result = call(answer, E, W)
        if not isinstance(result, list | tuple) or len(result) != 2:
            raise CheckFailed("disguise should return two arrays: the new E and the new W")
        case = f"for rows {width} wide, "
        new_E = as_array(result[0], E.shape, f"{case}the new E")
        new_W = as_array(result[1], W.shape, f"{case}the new W")
        error = np.abs(new_E @ new_W - E @ W).max()
        if error > 1e-4:  # float32 will do
            size = 10 ** np.floor(np.log10(error))  # digits would be those of rounding
            raise CheckFailed(
                f"{case}an entry of the product moved by {size:g} or more: what undoes A, and "
                "on which side of W does it stand? If it did undo it, is A well conditioned?"
            )
        if _order(new_E) >= 0.5:
            raise CheckFailed(
                f"{case}the first principal component still has a correlation of "
                f"{_order(new_E):.2f} with the digits. The rows differ most along one "
                "direction; which change of basis would make them differ more along another?"
            )
    print("disguise: the same product, and the order no longer shows.")
