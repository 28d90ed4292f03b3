"""One layer of recurrent cells, run over time; :mod:`course_utils.gates` has the formulas.

Inside, an array has shape (block, step, batch, units): what one operation touches then lies
together in memory.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Function = Callable[[Array, Array], Any]


def _sigmoid(z: Array, out: Array) -> None:
    # (1 + tanh(z / 2)) / 2 is the same function, but rounds a nearly closed gate to 0.
    # Not np.negative: in NumPy 2.4.6 it is wrong for some arrays with gaps, such as float64
    # numbers 64 bytes apart written to an out of that kind.
    np.multiply(z, -1, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


def _hard_sigmoid(slope: float) -> Function:
    def activation(z: Array, out: Array) -> None:
        np.multiply(z, slope, out=out)
        out += 0.5
        np.clip(out, 0, 1, out=out)

    return activation


ACTIVATIONS: dict[str, Function] = {
    "tanh": lambda z, out: np.tanh(z, out=out),
    "relu": lambda z, out: np.maximum(z, 0, out=out),
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid(1 / 6),
    "hard_sigmoid_0.2": _hard_sigmoid(0.2),
    "linear": lambda z, out: np.copyto(out, z),
}
"""Functions that write activation(z) into ``out``."""


def _check_finite(t: int, steps: int, *arrays: Array) -> None:
    # Step by step, while the numbers are in the cache: a second pass would cost far more.
    if not all(np.isfinite(array).all() for array in arrays):
        raise OverflowError(
            f"the state left the range of {arrays[0].dtype} after {t} of {steps} steps: with "
            "relu or linear it can grow at every step; shorten x, scale x or the weights down, "
            "or train with tanh and sigmoid"
        )


def _input_part(x: Array, W: Array) -> Array:
    """Return x_t W, for all steps in one product: shape (block, step, batch, units)."""
    steps, batch, features = x.shape
    product: Array = np.matmul(x.reshape(-1, features), W)
    return product.reshape(len(W), steps, batch, W.shape[2])


def run_lstm(
    x: Array,
    W: Array,
    U: Array,
    b: Array,
    squash: Function,
    act: Function,
    h: Array,
    c: Array,
    padded: Array | None,
) -> tuple[Array, ...]:
    """Run an LSTM over x, shape (steps, batch, features), from the states h and c.

    W and U hold a block after the other, (4, features, units) and (4, units, units), b two rows
    of biases, (2, 4, units), of which an LSTM has the first only. Gates go through ``squash``,
    the rest through ``act``. Where ``padded``, (steps, batch), is true, h and c stay. Returns
    pre-activations and gates, (4, steps, batch, units), then h and c of every step, (steps,
    batch, units).
    """
    Z = _input_part(x, W)
    G, H, C = np.empty_like(Z), np.empty_like(Z[0]), np.empty_like(Z[0])
    recurrent, product = np.empty_like(Z[:, 0]), np.empty_like(h)
    row = b[0, :, np.newaxis]
    for t in range(len(x)):
        np.matmul(h, U, out=recurrent)
        recurrent += row
        Z[:, t] += recurrent
        squash(Z[:2, t], G[:2, t])
        act(Z[2, t], G[2, t])
        squash(Z[3, t], G[3, t])
        i, f, g, o = G[:, t]
        np.multiply(f, c, out=C[t])
        C[t] += np.multiply(i, g, out=product)
        act(C[t], product)
        np.multiply(o, product, out=H[t])
        if padded is not None:
            H[t, padded[t]], C[t, padded[t]] = h[padded[t]], c[padded[t]]
        h, c = H[t], C[t]
        _check_finite(t, len(x), Z[:, t], h, c)
    return Z, G, H, C


def run_gru(
    x: Array,
    W: Array,
    U: Array,
    b: Array,
    squash: Function,
    act: Function,
    h: Array,
    padded: Array | None,
    reset_after: bool,
) -> tuple[Array, ...]:
    """Run a GRU as :func:`run_lstm` does, with 3 blocks; the second bias is added to h U."""
    Z = _input_part(x, W)
    G, H = np.empty_like(Z), np.empty_like(Z[0])
    # With the reset before the product, the candidate has to wait for the reset gate.
    early = 3 if reset_after else 2
    recurrent, product = np.empty_like(Z[:early, 0]), np.empty_like(h)
    row, recurrent_row = b[0, :, np.newaxis], b[1, :early, np.newaxis]
    for t in range(len(x)):
        np.matmul(h, U[:early], out=recurrent)
        recurrent += recurrent_row
        Z[:, t] += row
        Z[:2, t] += recurrent[:2]
        squash(Z[:2, t], G[:2, t])
        z, r, new = G[:, t]
        if reset_after:
            Z[2, t] += np.multiply(r, recurrent[2], out=product)
        else:
            Z[2, t] += np.matmul(np.multiply(r, h, out=product), U[2])
        act(Z[2, t], new)
        # z h + (1 - z) new, with one product
        np.subtract(h, new, out=H[t])
        H[t] *= z
        H[t] += new
        if padded is not None:
            H[t, padded[t]] = h[padded[t]]
        h = H[t]
        _check_finite(t, len(x), Z[:, t], h)
    return Z, G, H


class Cell(NamedTuple):
    """What one kind of cell has; another kind is one more row of ``CELLS``.

    ``blocks`` and ``states`` stand in the order in which ``run`` takes and returns them, h
    first. ``options`` are the fields of ``Gates`` that only this cell heeds.
    """

    blocks: tuple[str, ...]
    states: tuple[str, ...]
    run: Callable[..., tuple[Array, ...]]
    options: tuple[str, ...] = ()


CELLS = {
    "LSTM": Cell(("input", "forget", "cell", "output"), ("h", "c"), run_lstm),
    "GRU": Cell(("update", "reset", "candidate"), ("h",), run_gru, ("reset_after",)),
}


def two_biases(cell: str, reset_after: bool) -> bool:
    """Say whether both biases of a cell matter by themselves, not only their sum."""
    return cell == "GRU" and reset_after


def named(cell: str) -> Cell:
    """Return the row of a cell, or say which there are."""
    if cell not in CELLS:
        raise ValueError(f"cell should be one of {list(CELLS)}, got {cell!r}")
    return CELLS[cell]
