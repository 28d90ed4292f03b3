"""From trained weights to a table a person can read.

A linear recurrent network with one unit does one thing at each step: it multiplies its state
by U and adds a number that depends on the digit it reads. :func:`decode` lists that number for
the digits 0 to 9, whatever the form in which the digit comes in. The weights are a list of
arrays in the order of ``layer.get_weights()``.

:func:`shift` and :func:`change_basis` change the weights and leave the function alone: what
they move cannot be read from a trained network.

Taught in chapters 1 (scalar digits), 2 (one-hot digits) and 3 (embedded digits). Source:
"Understanding what RNN learns: Part 1".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils._check import real, whole
from course_utils.data import DIGITS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DigitTable:
    """What a one-unit linear network does with each digit: h <- U h + values[digit].

    Parameters
    ----------
    values
        Shape (10,): what digit d adds to the state.
    recurrent
        U: what the state is multiplied by at each step.

    Examples
    --------
    >>> print(DigitTable(np.arange(10.0), 1.0))
    U = 1.0000
    digit   0  1  2  3  4  5  6  7  8  9
    adds    0.000  1.000  2.000  3.000  4.000  5.000  6.000  7.000  8.000  9.000
    """

    values: Array
    recurrent: float

    @property
    def rounded(self) -> NDArray[np.int64]:
        """The values rounded to whole numbers, shape (10,)."""
        return np.rint(self.values).astype(np.int64)

    @property
    def largest_error(self) -> float:
        """The largest distance between a digit and the value it adds."""
        return float(np.abs(self.values - np.arange(DIGITS)).max())

    def __str__(self) -> str:
        digits = "  ".join(str(digit) for digit in range(DIGITS))
        values = "  ".join(f"{value:z.3f}" for value in self.values)
        return f"U = {self.recurrent:z.4f}\ndigit   {digits}\nadds    {values}"


def _arrays(weights: Sequence[ArrayLike]) -> list[Array]:
    """Return the weights as float64 arrays, or say which are not finite numbers."""
    if isinstance(weights, np.ndarray | str) or not isinstance(weights, Sequence):
        raise TypeError(
            "weights should be a list of arrays as layer.get_weights() gives, got "
            f"{type(weights).__name__}"
        )
    return [_finite(array, f"weights[{place}]") for place, array in enumerate(weights)]


def _finite(value: ArrayLike, name: str) -> Array:
    array = real(value, name).astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} should be finite, got NaN or infinity")
    return array


def _in_range(array: Any, name: str) -> Array:
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is beyond the largest float64: scale the weights down")
    return array


def _shapes(arrays: Sequence[Array]) -> str:
    return "[" + ", ".join(str(array.shape) for array in arrays) + "]"


def simple_rnn(weights: Sequence[ArrayLike]) -> tuple[Array, Array, Array]:
    """Check the weights of a simple recurrent layer and return them as W, U, b.

    Parameters
    ----------
    weights
        ``[W, U, b]`` of shapes (features, units), (units, units), (units,).

    Returns
    -------
    W, U, b : numpy.ndarray
        The same, in float64.

    Raises
    ------
    TypeError
        If ``weights`` is not a list of arrays of numbers.
    ValueError
        If the shapes do not fit together, or an entry is NaN or infinite.

    Examples
    --------
    >>> W, U, b = simple_rnn([[[1.0]], [[1.0]], [0.0]])
    >>> W.shape, U.shape, b.shape
    ((1, 1), (1, 1), (1,))
    """
    arrays = _arrays(weights)
    if len(arrays) == 3:
        W, U, b = arrays
        units = len(b) if b.ndim == 1 else 0
        if units and W.ndim == 2 and W.shape[1] == units and U.shape == (units, units):
            return W, U, b
    raise ValueError(
        "weights should be [W, U, b] of shapes (features, units), (units, units), (units,); "
        f"got {_shapes(arrays)}"
    )


def predict(weights: Sequence[ArrayLike], x: ArrayLike) -> Array:
    """Run a linear recurrent layer in float64: h_t = x_t W + h_{t-1} U + b, h_0 = 0.

    Parameters
    ----------
    weights
        ``[W, U, b]`` of shapes (features, units), (units, units), (units,).
    x
        Shape (count, length, features); with one feature also (count, length).

    Returns
    -------
    numpy.ndarray
        The state after the last step, shape (count, units).

    Raises
    ------
    TypeError
        If ``weights`` is not a list of arrays of numbers.
    ValueError
        If the shapes do not fit together, or an entry is NaN or infinite.
    OverflowError
        If the state grows beyond the largest float64: abs(U) > 1 and a long sequence.

    Examples
    --------
    >>> predict([[[1.0]], [[1.0]], [0.0]], [[0, 9, 3], [4, 2, 5]])
    array([[12.],
           [11.]])
    """
    W, U, b = simple_rnn(weights)
    inputs = _finite(x, "x")
    if inputs.ndim == 2 and len(W) == 1:
        inputs = inputs[..., np.newaxis]
    if inputs.ndim != 3 or inputs.shape[2] != len(W):
        raise ValueError(
            f"x should have shape (count, length, {len(W)}) for W of shape {W.shape}, got "
            f"{inputs.shape}"
        )
    h = np.zeros((len(inputs), len(b)))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(inputs.shape[1]):
            h = inputs[:, t] @ W + h @ U + b
    if not np.isfinite(h).all():
        raise OverflowError(
            f"the state overflowed within {inputs.shape[1]} steps: the largest entry of U is "
            f"{np.abs(U).max():.4g} in size, so the state grows at every step; shorten x"
        )
    return h


def normal_form(weights: Sequence[ArrayLike], length: int) -> tuple[Array, Array]:
    """Write a one-feature, one-unit linear network as y = coefficients . digits + offset.

    For a given length the network is nothing but this sum: coefficient k is W U^(length-1-k),
    the offset b (1 + U + ... + U^(length-1)). Two networks compute the same function exactly if
    these agree. For length 2 or more and W not 0 they give W, U and b back, unless the sum of
    powers is 0 (U = -1 and an even length): the scalar model has no transformation that leaves
    its function unchanged.

    Parameters
    ----------
    weights
        ``[W, U, b]`` of shapes (1, 1), (1, 1), (1,).
    length
        Number of digits, from 1 to a million.

    Returns
    -------
    coefficients : numpy.ndarray
        Shape (length,), first digit first.
    offset : numpy.ndarray
        Shape (), the output for digits that are all 0.

    Raises
    ------
    TypeError
        If ``weights`` is not a list of arrays of numbers, or ``length`` no whole number.
    ValueError
        If the weights have other shapes, ``length`` is out of range, or the result is.

    Examples
    --------
    >>> normal_form([[[1.0]], [[2.0]], [0.5]], length=3)
    (array([4., 2., 1.]), array(3.5))
    """
    W, U, b = _scalar(weights)
    steps = whole(length, "length", 1, most=1_000_000)
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.power(U, np.arange(steps - 1, -1, -1), dtype=np.float64)
        coefficients, offset = W * powers, np.asarray(b * powers.sum())
    return _in_range(coefficients, "W U^(length-1)"), _in_range(offset, "the offset")


def _scalar(weights: Sequence[ArrayLike]) -> tuple[float, float, float]:
    """Return W, U, b of a one-feature, one-unit network as numbers."""
    W, U, b = simple_rnn(weights)
    if W.shape != (1, 1):
        raise ValueError(
            "the scalar model has weights of shapes [(1, 1), (1, 1), (1,)], got "
            f"{_shapes([W, U, b])}"
        )
    return float(W[0, 0]), float(U[0, 0]), float(b[0])


def _embedding_width(arrays: Sequence[Array]) -> int | None:
    """Return d if these are the weights [E, W, U, b] of an embedding model, else None."""
    shapes = [array.shape for array in arrays]
    if len(shapes) == 4 and len(shapes[0]) == 2:
        d = shapes[0][1]
        if d > 0 and shapes == [(DIGITS, d), (d, 1), (1, 1), (1,)]:
            return d
    return None


def decode(weights: Sequence[ArrayLike]) -> DigitTable:
    """List what each digit adds to the state of a trained one-unit linear network.

    A digit d enters the layer as a row x: the number d, a row of the identity, or row d of E.
    In all three models it adds x W + b to the state.

    Parameters
    ----------
    weights
        One of

        - ``[W, U, b]`` of shapes (1, 1), (1, 1), (1,): scalar digits, chapter 1;
        - ``[W, U, b]`` of shapes (10, 1), (1, 1), (1,): one-hot digits, chapter 2;
        - ``[E, W, U, b]`` of shapes (10, d), (d, 1), (1, 1), (1,): embedded digits, chapter 3.

    Returns
    -------
    DigitTable
        U, and for each digit x W + b.

    Raises
    ------
    TypeError
        If ``weights`` is not a list of arrays of numbers.
    ValueError
        If the shapes are those of no model it can read, or an entry is NaN or infinite.

    Examples
    --------
    >>> decode([[[0.5]], [[1.0]], [0.25]]).values
    array([0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.25, 4.75])
    >>> W = np.arange(10.0).reshape(10, 1) - 4.5
    >>> decode([W, [[1.0]], [4.5]]).rounded
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    >>> E = np.arange(20.0).reshape(10, 2)
    >>> decode([E, [[0.5], [0.0]], [[1.0]], [0.0]]).rounded
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    arrays = _arrays(weights)
    shapes = [array.shape for array in arrays]
    if shapes == [(1, 1), (1, 1), (1,)]:
        rows = np.arange(DIGITS, dtype=np.float64)[:, np.newaxis]
    elif shapes == [(DIGITS, 1), (1, 1), (1,)]:
        rows = np.eye(DIGITS)
    elif _embedding_width(arrays) is not None:
        rows = arrays[0]
    else:
        raise ValueError(
            "no reading for weights of these shapes. It can read [(1, 1), (1, 1), (1,)] "
            "(scalar digits), [(10, 1), (1, 1), (1,)] (one-hot digits) and "
            f"[(10, d), (d, 1), (1, 1), (1,)] (embedding); got {_shapes(arrays)}"
        )
    W, U, b = arrays[-3:]
    with np.errstate(over="ignore", invalid="ignore"):
        values = _in_range(rows @ W + b, "x W + b")
    return DigitTable(values[:, 0], float(U[0, 0]))


def shift(weights: Sequence[ArrayLike], c: ArrayLike) -> list[Array]:
    """Move c from the bias to the row of every digit: another network, the same function.

    One-hot digits: (W + c, U, b - c). The layer never sees W[d] or b apart, only W[d] + b, so
    this holds for every U and every number of units. Embedded digits: (E + c, W, U, b - c W),
    where c is a row that is added to every row of E.

    Parameters
    ----------
    weights
        ``[W, U, b]`` of shapes (10, units), (units, units), (units,), or ``[E, W, U, b]`` of
        shapes (10, d), (d, 1), (1, 1), (1,).
    c
        A number, or a row as long as a row of W (of E).

    Returns
    -------
    list of numpy.ndarray
        The new weights in float64, in the same order and of the same shapes.

    Raises
    ------
    TypeError
        If ``weights`` is not a list of arrays of numbers.
    ValueError
        If the shapes are others, c does not fit, or an entry is NaN or infinite.

    Examples
    --------
    >>> W = np.arange(10.0).reshape(10, 1)
    >>> moved = shift([W, [[1.0]], [0.0]], -3.0)
    >>> moved[0][:, 0], moved[2]
    (array([-3., -2., -1.,  0.,  1.,  2.,  3.,  4.,  5.,  6.]), array([3.]))
    >>> decode(moved).rounded
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    arrays = _arrays(weights)
    embedded = _embedding_width(arrays) is not None
    rows = arrays[0] if embedded else simple_rnn(arrays)[0]
    if len(rows) != DIGITS:
        raise ValueError(
            f"shift needs a row a digit: [(10, units), (units, units), (units,)] or "
            f"[(10, d), (d, 1), (1, 1), (1,)]; got {_shapes(arrays)}"
        )
    row = _finite(c, "c")
    if row.shape not in ((), rows.shape[1:]):
        raise ValueError(
            f"c should be a number or have shape {rows.shape[1:]}, got {row.shape}"
        )
    row = np.broadcast_to(row, rows.shape[1:])
    with np.errstate(over="ignore", invalid="ignore"):
        absorbed = row @ arrays[1] if embedded else row
        moved, bias = rows + row, arrays[-1] - absorbed
    return [_in_range(moved, "rows + c"), *arrays[1:-1], _in_range(bias, "b - c")]


def change_basis(weights: Sequence[ArrayLike], A: ArrayLike) -> list[Array]:
    """Write an embedding in another basis: (E A, A^-1 W, U, b), the same function.

    Parameters
    ----------
    weights
        ``[E, W, U, b]`` of shapes (10, d), (d, 1), (1, 1), (1,).
    A
        An invertible matrix of shape (d, d).

    Returns
    -------
    list of numpy.ndarray
        The new weights in float64, in the same order and of the same shapes.

    Raises
    ------
    TypeError
        If ``weights`` is not a list of arrays of numbers.
    ValueError
        If the shapes are others, A is singular or does not fit, or an entry is NaN or infinite.

    Examples
    --------
    >>> E, W = np.arange(20.0).reshape(10, 2), np.array([[0.5], [0.0]])
    >>> moved = change_basis([E, W, [[1.0]], [0.0]], [[1.0, 2.0], [3.0, 4.0]])
    >>> np.allclose(moved[0] @ moved[1], E @ W)
    True
    """
    arrays = _arrays(weights)
    d = _embedding_width(arrays)
    if d is None:
        raise ValueError(
            "change_basis needs the weights of an embedding model, of shapes [(10, d), (d, 1), "
            f"(1, 1), (1,)]; got {_shapes(arrays)}"
        )
    basis = _finite(A, "A")
    if basis.shape != (d, d):
        raise ValueError(
            f"A should have shape {(d, d)}, as E has {d} columns; got {basis.shape}"
        )
    if (rank := np.linalg.matrix_rank(basis)) < d:
        raise ValueError(
            f"A should be invertible, got a matrix of rank {rank} and size {d}: it would lose "
            "part of E; a random normal matrix will do"
        )
    E, W, U, b = arrays
    with np.errstate(over="ignore", invalid="ignore"):
        moved, solved = E @ basis, np.linalg.solve(basis, W)
    return [_in_range(moved, "E A"), _in_range(solved, "A^-1 W"), U, b]
