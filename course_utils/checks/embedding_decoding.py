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
