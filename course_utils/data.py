"""Data sets of the course, made on the spot: nothing is downloaded.

Digit sequences travel as whole numbers of shape (count, length), sums as whole numbers of
shape (count,). :func:`as_scalars` and :func:`one_hot` turn digits into what a layer takes; an
embedding layer takes the digits as they are.

Counting strings travel as text: "$aabb" is n = 2. :func:`symbols` turns them into what a layer
takes, and :func:`legal_next` says what may follow each symbol.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DIGITS = 10
"""How many digits there are, and so the width of a one-hot digit."""

SYMBOLS = "$ab"
"""The symbols of a counting string, in the order of their one-hot places."""

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


def noisy_line(
    count: int = 100, *, slope: float = 0.4, noise: float = 50.0, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw points below a line through the origin: the data of chapter 8.

    y = slope x - noise r, with x uniform between 0 and 1000 and r uniform between 0 and 1. The
    noise has a mean of its own, so a line fitted to many points has the intercept -noise / 2.

    Parameters
    ----------
    count
        How many points, at least 1.
    slope
        Slope of the line.
    noise
        The largest drop below the line.
    seed
        Seed of the draw.

    Returns
    -------
    x, y : numpy.ndarray
        Shape (count,), float64.

    Raises
    ------
    TypeError
        If ``count`` or ``seed`` is not a whole number.
    ValueError
        If ``count`` is below 1, ``seed`` is negative, or ``slope`` or ``noise`` is not finite.

    Examples
    --------
    >>> x, y = noisy_line(3, noise=0)
    >>> bool(np.allclose(y, 0.4 * x))
    True
    """
    size = _whole(count, "count", 1)
    rng = np.random.default_rng(_whole(seed, "seed", 0))
    if not (np.isfinite(slope) and np.isfinite(noise)):
        raise ValueError(f"slope and noise should be finite, got {slope} and {noise}")
    x = rng.uniform(0, 1000, size)
    return x, slope * x - noise * rng.uniform(0, 1, size)


def counting_strings(longest: int) -> list[str]:
    """List the strings a^n b^n, opened by a "$": the task of chapter 6.

    Parameters
    ----------
    longest
        The largest n, at least 1.

    Returns
    -------
    list of str
        One string for each n from 1 to ``longest``.

    Raises
    ------
    TypeError
        If ``longest`` is not a whole number.
    ValueError
        If ``longest`` is below 1.

    Examples
    --------
    >>> counting_strings(3)
    ['$ab', '$aabb', '$aaabbb']
    """
    return ["$" + "a" * n + "b" * n for n in range(1, _whole(longest, "longest", 1) + 1)]


def symbols(texts: Sequence[str]) -> Floats:
    """Write every symbol as three numbers: a 1 in its own place, 0 elsewhere.

    Parameters
    ----------
    texts
        Strings of "$", "a" and "b", in any order.

    Returns
    -------
    numpy.ndarray
        Shape (count, steps, 3), float32, in the order of :data:`SYMBOLS`. ``steps`` is the
        length of the longest string; a shorter one ends in rows of zeros.

    Raises
    ------
    TypeError
        If ``texts`` is not a list of strings.
    ValueError
        If there is no string, or one holds another symbol.

    Examples
    --------
    >>> symbols(["$ab"])
    array([[[1., 0., 0.],
            [0., 1., 0.],
            [0., 0., 1.]]], dtype=float32)
    """
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"texts should be a list of strings, got {texts!r}")
    if not len(texts):
        raise ValueError("texts is empty: give at least one string")
    coded = np.zeros((len(texts), max(map(len, texts)), len(SYMBOLS)), np.float32)
    for row, text in zip(coded, texts, strict=True):
        for step, symbol in zip(row, text, strict=False):
            if symbol not in SYMBOLS:
                raise ValueError(f"a text holds $, a and b only, got {symbol!r} in {text!r}")
            step[SYMBOLS.index(symbol)] = 1
    return coded


def legal_next(texts: Sequence[str]) -> Floats:
    """Say which symbols may follow each symbol of a string on its way to a^n b^n.

    After "$" an a has to follow. After an a, an a or a b may. After a b, a b has to follow as
    long as there were more a's, and otherwise a "$", which closes the string.

    Parameters
    ----------
    texts
        Beginnings of a^n b^n, n at least 1, each opened by a "$", not closed by another.

    Returns
    -------
    numpy.ndarray
        Shape (count, steps, 3), float32: 1 where the symbol may come next, 0 where it may not,
        in the order of :data:`SYMBOLS`. A string shorter than the longest ends in zeros.

    Raises
    ------
    TypeError
        If ``texts`` is not a list of strings.
    ValueError
        If there is no string, or one is not the beginning of any a^n b^n.

    Examples
    --------
    >>> legal_next(["$ab"])
    array([[[0., 1., 0.],
            [0., 1., 1.],
            [1., 0., 0.]]], dtype=float32)
    """
    legal = np.zeros_like(symbols(texts))
    for row, text in zip(legal, texts, strict=True):
        a, b = text.count("a"), text.count("b")
        if text != "$" + "a" * a + "b" * b or b > a:
            raise ValueError(
                f"{text!r} is not the beginning of an a^n b^n: write a $, then a's, then at "
                "most as many b's"
            )
        row[0, 1] = 1
        row[1 : a + 1, 1:] = 1
        row[a + 1 : a + b + 1, 2] = 1
        if b and a == b:
            row[a + b] = [1, 0, 0]
    return legal
