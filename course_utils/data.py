"""Data sets of the course, made on the spot: nothing is downloaded.

Digit sequences travel as whole numbers of shape (count, length), sums as whole numbers of
shape (count,). :func:`as_scalars` and :func:`one_hot` turn digits into what a layer takes; an
embedding layer takes the digits as they are.
"""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DIGITS = 10
"""How many digits there are, and so the width of a one-hot digit."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_LONGEST = 6  # 10**6 sequences of 6 digits are 48 MB; one digit more would be 560 MB


def _whole(value: Any, name: str, least: int) -> int:
    """Return a whole number of at least ``least``, or say what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} should be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} should be at least {least}, got {value}")
    return int(value)


def _check_digits(digits: ArrayLike) -> Ints:
    """Return digits as a whole-number array, or say what is wrong with them."""
    array = np.asarray(digits)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"digits should be whole numbers, got an array of {array.dtype}: "
            "convert it with .astype(int) if its values are whole"
        )
    if array.size and (array.min() < 0 or array.max() >= DIGITS):
        raise ValueError(
            f"digits should lie in 0 .. {DIGITS - 1}, got values from "
            f"{array.min()} to {array.max()}"
        )
    return array.astype(np.int64, copy=False)


def digit_sums(count: int, length: int = 3, *, seed: int = 0) -> tuple[Ints, Ints]:
    """Draw sequences of random digits and the sum of each: the task of chapters 1 to 4.

    Parameters
    ----------
    count
        How many sequences, at least 1.
    length
        How many digits in each, at least 1.
    seed
        Seed of the draw; the same seed gives the same sequences.

    Returns
    -------
    digits : numpy.ndarray
        Shape (count, length), int64, each digit 0 to 9 with equal probability.
    sums : numpy.ndarray
        Shape (count,), int64.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If ``count`` or ``length`` is below 1, or ``seed`` is negative.

    Examples
    --------
    >>> digits, sums = digit_sums(4, length=3, seed=0)
    >>> digits.shape, sums.shape
    ((4, 3), (4,))
    >>> bool((digits.sum(axis=1) == sums).all())
    True
    """
    size = (_whole(count, "count", 1), _whole(length, "length", 1))
    rng = np.random.default_rng(_whole(seed, "seed", 0))
    digits = rng.integers(0, DIGITS, size=size, dtype=np.int64)
    return digits, digits.sum(axis=1)


def all_digit_sums(length: int = 3) -> tuple[Ints, Ints]:
    """List every digit sequence of a length, in counting order, with its sum.

    Parameters
    ----------
    length
        How many digits in each sequence, 1 to 6.

    Returns
    -------
    digits : numpy.ndarray
        Shape (10**length, length), int64; row 42 of length 3 is 0, 4, 2.
    sums : numpy.ndarray
        Shape (10**length,), int64.

    Raises
    ------
    TypeError
        If ``length`` is not a whole number.
    ValueError
        If ``length`` is below 1 or above 6.

    Examples
    --------
    >>> digits, sums = all_digit_sums(3)
    >>> digits.shape
    (1000, 3)
    >>> digits[42], sums[42]
    (array([0, 4, 2]), np.int64(6))
    """
    if _whole(length, "length", 1) > _LONGEST:
        raise ValueError(
            f"length should be at most {_LONGEST}, got {length}: there are 10**{length} "
            "such sequences; draw some with digit_sums instead"
        )
    digits = np.indices((DIGITS,) * length, dtype=np.int64).reshape(length, -1).T.copy()
    return digits, digits.sum(axis=1)


def split(
    digits: ArrayLike, sums: ArrayLike, held_out: int
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Keep the last sequences for validation.

    The order is kept: the sequences of :func:`digit_sums` are independent draws already.
    Shuffle :func:`all_digit_sums` before splitting it.

    Parameters
    ----------
    digits
        Inputs, shape (count, ...).
    sums
        Targets, shape (count, ...).
    held_out
        How many of the last rows to hold out, from 1 to count - 1.

    Returns
    -------
    train, validation : tuple
        Two pairs (digits, sums) of count - held_out and held_out rows.

    Raises
    ------
    TypeError
        If ``held_out`` is not a whole number.
    ValueError
        If the two arrays differ in length, or nothing is left to train on.

    Examples
    --------
    >>> train, validation = split(*digit_sums(10), held_out=2)
    >>> train[0].shape, validation[0].shape
    ((8, 3), (2, 3))
    """
    x, y = np.asarray(digits), np.asarray(sums)
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(
            "digits and sums should have one row a sequence each, got shapes "
            f"{x.shape} and {y.shape}"
        )
    cut = len(x) - _whole(held_out, "held_out", 1)
    if cut < 1:
        raise ValueError(
            f"held_out should leave a sequence to train on, got {held_out} of {len(x)}"
        )
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def as_scalars(digits: ArrayLike) -> Floats:
    """Give every digit an axis of its own: one feature a step, as a recurrent layer expects.

    Parameters
    ----------
    digits
        Whole numbers 0 to 9, any shape, usually (count, length).

    Returns
    -------
    numpy.ndarray
        Shape (..., 1), float32.

    Raises
    ------
    TypeError
        If the digits are not whole numbers.
    ValueError
        If a digit is outside 0 to 9.

    Examples
    --------
    >>> as_scalars([[0, 9, 3]]).shape
    (1, 3, 1)
    """
    return _check_digits(digits)[..., np.newaxis].astype(np.float32)


def one_hot(digits: ArrayLike) -> Floats:
    """Write every digit as ten numbers: a 1 in its own place, 0 elsewhere.

    Parameters
    ----------
    digits
        Whole numbers 0 to 9, any shape, usually (count, length).

    Returns
    -------
    numpy.ndarray
        Shape (..., 10), float32.

    Raises
    ------
    TypeError
        If the digits are not whole numbers.
    ValueError
        If a digit is outside 0 to 9.

    Examples
    --------
    >>> one_hot([3])
    array([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    """
    return np.eye(DIGITS, dtype=np.float32)[_check_digits(digits)]
