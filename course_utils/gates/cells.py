"""One layer of recurrent cells, run over time; :mod:`course_utils.gates` has the formulas.

Inside, an array has shape (block, step, batch, units): what one operation touches then lies
together in memory. Every function takes x, shape (steps, batch, features), the weights a block
after the other, W (blocks, features, units) and U (blocks, size of h, units), two rows of
biases b, (2, blocks, units), the functions ``squash`` for gates and ``act`` for the rest, and
the states. Where ``padded``, (steps, batch), is true, the states stay; ``clip`` bounds what
goes through an activation. They return pre-activations and gates, (blocks, steps, batch,
units), then the states after every step.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.gates.activations import Function
from course_utils.gates.modules import Array


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


def _bound(z: Array, clip: float | None) -> None:
    if clip is not None:
        np.clip(z, -clip, clip, out=z)


def run_lstm(
    x: Array,
    W: Array,
    U: Array,
    b: Array,
    squash: Function,
    act: Function,
    h: Array,
    c: Array,
    *,
    padded: Array | None,
    clip: float | None,
    last: Function,
    peephole: Array | None,
    projection: Array | None,
) -> tuple[Array, ...]:
    """Run an LSTM; c goes through ``last``, gates see c by ``peephole``, (4, 1, units)."""
    Z = _input_part(x, W)
    G, C = np.empty_like(Z), np.empty_like(Z[0])
    H = np.empty((*x.shape[:2], h.shape[1]), h.dtype)
    recurrent, product = np.empty_like(Z[:, 0]), np.empty_like(c)
    row = b[0, :, np.newaxis]
    for t in range(len(x)):
        np.matmul(h, U, out=recurrent)
        recurrent += row
        Z[:, t] += recurrent
        if peephole is not None:
            Z[:2, t] += peephole[:2] * c
        _bound(Z[:3, t], clip)
        squash(Z[:2, t], G[:2, t])
        act(Z[2, t], G[2, t])
        i, f, g, o = G[:, t]
        np.multiply(f, c, out=C[t])
        C[t] += np.multiply(i, g, out=product)
        if peephole is not None:
            Z[3, t] += peephole[3] * C[t]
        _bound(Z[3, t], clip)
        squash(Z[3, t], o)
        last(C[t], product)
        if projection is None:
            np.multiply(o, product, out=H[t])
        else:
            np.matmul(np.multiply(o, product, out=product), projection, out=H[t])
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
    *,
    padded: Array | None,
    clip: float | None,
    reset_after: bool,
) -> tuple[Array, ...]:
    """Run a GRU; the second bias is added to h U."""
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
        _bound(Z[:2, t], clip)
        squash(Z[:2, t], G[:2, t])
        z, r, new = G[:, t]
        if reset_after:
            Z[2, t] += np.multiply(r, recurrent[2], out=product)
        else:
            Z[2, t] += np.matmul(np.multiply(r, h, out=product), U[2])
        _bound(Z[2, t], clip)
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


def run_rnn(
    x: Array,
    W: Array,
    U: Array,
    b: Array,
    squash: Function,
    act: Function,
    h: Array,
    *,
    padded: Array | None,
    clip: float | None,
) -> tuple[Array, ...]:
    """Run a plain recurrent layer, whose one block is its state."""
    Z = _input_part(x, W)
    H, recurrent = np.empty_like(Z[0]), np.empty_like(h)
    for t in range(len(x)):
        np.matmul(h, U[0], out=recurrent)
        recurrent += b[0, 0]
        Z[0, t] += recurrent
        _bound(Z[0, t], clip)
        act(Z[0, t], H[t])
        if padded is not None:
            H[t, padded[t]] = h[padded[t]]
        h = H[t]
        _check_finite(t, len(x), Z[:, t], h)
    return Z, H[np.newaxis].copy(), H


class Cell(NamedTuple):
    """What one kind of cell has; another kind is one more row of ``CELLS``.

    ``blocks`` and ``states`` stand in the order in which ``run`` takes and returns them, h
    first.
    """

    blocks: tuple[str, ...]
    states: tuple[str, ...]
    run: Callable[..., tuple[Array, ...]]


CELLS = {
    "LSTM": Cell(("input", "forget", "cell", "output"), ("h", "c"), run_lstm),
    "GRU": Cell(("update", "reset", "candidate"), ("h",), run_gru),
    "RNN": Cell(("state",), ("h",), run_rnn),
}


def two_biases(cell: str, reset_after: bool) -> bool:
    """Say whether both biases of a cell matter by themselves, not only their sum."""
    return cell == "GRU" and reset_after


def named(cell: str) -> Cell:
    """Return the row of a cell, or say which there are."""
    if cell not in CELLS:
        raise ValueError(f"cell should be one of {list(CELLS)}, got {cell!r}")
    return CELLS[cell]
