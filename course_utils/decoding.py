"""From trained weights to a table a person can read.

A linear recurrent network with one unit does one thing at each step: it multiplies its state
by U and adds a number that depends on the digit it reads. :func:`decode` lists that number for
the digits 0 to 9, whatever the form in which the digit comes in. The weights are a list of
arrays in the order of ``layer.get_weights()``:

- ``[W, U, b]`` of shapes (1, 1), (1, 1), (1,): scalar digits, chapter 1;
- ``[W, U, b]`` of shapes (10, 1), (1, 1), (1,): one-hot digits, chapter 2;
- ``[E, W, U, b]`` of shapes (10, d), (d, 1), (1, 1), (1,): embedded digits, chapter 3.

:func:`shift` and :func:`change_basis` change the weights and leave the function alone: what
they move cannot be read from a trained network. Source: "Understanding what RNN learns: Part
1". What comes back is float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.arguments import array
from course_utils.data import DIGITS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DigitTable:
    """What a one-unit linear network does with each digit: h <- U h + values[digit].

    ``values`` has shape (10,), and ``recurrent`` is U.

    Examples
    --------
    >>> print(DigitTable(np.arange(10.0), 1.0))
    U = 1.0000
    digit       0      1      2      3      4      5      6      7      8      9
    adds    0.000  1.000  2.000  3.000  4.000  5.000  6.000  7.000  8.000  9.000
    """

    values: Array
    recurrent: float

    @property
    def rounded(self) -> NDArray[np.int64]:
        """The values rounded to whole numbers, shape (10,)."""
        return np.rint(self.values).astype(np.int64)

    def __str__(self) -> str:
        values = [f"{value:z.3f}" for value in self.values]
        width = max(map(len, values))
        rows = [
            "  ".join(f"{entry:>{width}}" for entry in row) for row in (range(DIGITS), values)
        ]
        return f"U = {self.recurrent:z.4f}\ndigit   {rows[0]}\nadds    {rows[1]}"


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

    Examples
    --------
    >>> predict([[[1.0]], [[1.0]], [0.0]], [[0, 9, 3], [4, 2, 5]])
    array([[12.],
           [11.]])
    """
    W, U, b = _layer(_arrays(weights))
    inputs = array(x, "x", dtype=np.float64)
    if inputs.ndim == 2 and len(W) == 1:
        inputs = inputs[..., np.newaxis]
    array(inputs, "x", (None, None, len(W)))
    h = np.zeros((len(inputs), len(b)))
    for t in range(inputs.shape[1]):
        h = inputs[:, t] @ W + h @ U + b
    return h


def decode(weights: Sequence[ArrayLike]) -> DigitTable:
    """List what each digit adds to the state of a trained one-unit linear network.

    A digit d enters the layer as a row x: the number d, a row of the identity, or row d of E.
    In all three models it adds x W + b to the state.

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
    if _embedded(arrays):
        rows = arrays[0]
    elif _shapes(arrays) == [(1, 1), (1, 1), (1,)]:
        rows = np.arange(DIGITS, dtype=np.float64)[:, np.newaxis]
    elif _shapes(arrays) == [(DIGITS, 1), (1, 1), (1,)]:
        rows = np.eye(DIGITS)
    else:
        raise ValueError(
            "no reading for weights of these shapes. It can read [(1, 1), (1, 1), (1,)] "
            "(scalar digits), [(10, 1), (1, 1), (1,)] (one-hot digits) and "
            f"[(10, d), (d, 1), (1, 1), (1,)] (embedding); got {_shapes(arrays)}"
        )
    W, U, b = arrays[-3:]
    return DigitTable((rows @ W + b)[:, 0], U.item())


def shift(weights: Sequence[ArrayLike], c: ArrayLike) -> list[Array]:
    """Move c from the bias to the row of every digit: another network, the same function.

    One-hot digits: (W + c, U, b - c). The layer never sees W[d] or b apart, only W[d] + b, so
    this holds for every U and every number of units. Embedded digits: (E + c, W, U, b - c W).

    Parameters
    ----------
    weights
        ``[W, U, b]`` of shapes (10, units), (units, units), (units,), or an embedding model's.
    c
        A number, or a row as long as a row of W (of E).

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
    embedded = _embedded(arrays)
    if not embedded:
        array(_layer(arrays)[0], "W", (DIGITS, None))
    rows, *others, b = arrays
    row = array(c, "c", rows.shape[1:] if np.ndim(c) else (), np.float64)
    row = np.broadcast_to(row, rows.shape[1:])
    return [rows + row, *others, b - (row @ others[0] if embedded else row)]


def change_basis(weights: Sequence[ArrayLike], A: ArrayLike) -> list[Array]:
    """Write an embedding in another basis: (E A, A^-1 W, U, b), the same function.

    A is an invertible matrix of shape (d, d).

    Examples
    --------
    >>> E, W = np.arange(20.0).reshape(10, 2), np.array([[0.5], [0.0]])
    >>> moved = change_basis([E, W, [[1.0]], [0.0]], [[1.0, 2.0], [3.0, 4.0]])
    >>> np.allclose(moved[0] @ moved[1], E @ W)
    True
    """
    arrays = _arrays(weights)
    if not _embedded(arrays):
        raise ValueError(
            "change_basis needs the weights of an embedding model, of shapes [(10, d), (d, 1), "
            f"(1, 1), (1,)]; got {_shapes(arrays)}"
        )
    E, W, U, b = arrays
    basis = array(A, "A", (len(W), len(W)), np.float64)
    if (rank := np.linalg.matrix_rank(basis)) < len(W):
        raise ValueError(
            f"A should be invertible, got a matrix of rank {rank} and size {len(W)}: it would "
            "lose part of E; a random normal matrix will do"
        )
    return [E @ basis, np.linalg.solve(basis, W), U, b]


def _arrays(weights: Sequence[ArrayLike]) -> list[Array]:
    return [
        array(weight, f"weights[{k}]", dtype=np.float64) for k, weight in enumerate(weights)
    ]


def _shapes(arrays: Sequence[Array]) -> list[tuple[int, ...]]:
    return [weight.shape for weight in arrays]


def _embedded(arrays: Sequence[Array]) -> bool:
    """Say whether these are the weights [E, W, U, b] of an embedding model."""
    d = len(arrays[1]) if len(arrays) == 4 and arrays[1].ndim else 0
    return d > 0 and _shapes(arrays) == [(DIGITS, d), (d, 1), (1, 1), (1,)]


def _layer(arrays: Sequence[Array]) -> Sequence[Array]:
    """Return [W, U, b] if their shapes are those of a simple recurrent layer."""
    if len(arrays) == 3:
        W, U, b = arrays
        if b.ndim == 1 and W.ndim == 2 and W.shape[1] == len(b) and U.shape == 2 * b.shape:
            return arrays
    raise ValueError(
        "weights should be [W, U, b] of shapes (features, units), (units, units), (units,); "
        f"got {_shapes(arrays)}"
    )
