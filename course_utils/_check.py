"""What the modules ask of their arguments, and what they say if they get something else."""

from math import prod
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 10**8
"""How many numbers one call makes at most: 0.8 GB of float64."""


def whole(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Return a whole number of at least ``least``, or say what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} should be a whole number, got {value!r}")
    count = int(value)
    if count < least:
        raise ValueError(f"{name} should be at least {least}, got {count}")
    if most is not None and count > most:
        raise ValueError(f"{name} should be at most {most}, got {count}")
    return count


def sizes(**lengths: Any) -> tuple[int, ...]:
    """Return lengths of an array that fits into memory, each at least 1."""
    found = tuple(whole(value, name, 1) for name, value in lengths.items())
    if prod(found) > MOST:
        raise ValueError(
            f"{' x '.join(lengths)} should be at most {MOST} numbers, got {prod(found)}: they "
            "would not fit into memory"
        )
    return found


def in_range(value: Any, low: int, high: int) -> bool:
    """Say whether a value is a whole number from ``low`` to ``high - 1``."""
    return isinstance(value, Integral) and low <= int(value) < high


def number(value: Any, name: str) -> float:
    """Return a number, infinity if no float is that large, or say that this is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} should be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:  # a whole number too large for a float
        return np.inf


def real(value: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers, or say what came instead."""
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's message on lists of unequal lengths names no argument
        raise TypeError(
            f"{name} should hold real numbers in rows of one length, got {type(value).__name__}"
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} should hold real numbers, got {array.dtype}")
    return array


def flag(value: Any, name: str) -> bool:
    """Return True or False, or say that this is neither."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} should be True or False, got {value!r}")
    return bool(value)
