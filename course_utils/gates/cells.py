"""One step of each cell, and the loop over steps; the package has the formulas."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from course_utils.gates.activations import Function
from course_utils.gates.modules import Array


class Recurrent(NamedTuple):
    """What a step needs beside the input: weights a block after the other, and functions."""

    U: Array
    """Shape (blocks, size of h, units)."""
    bias: Array
    """What a GRU that resets after the product adds to h U, shape (blocks, units)."""
    squash: Function
    act: Function
    last: Function
    """What c of an LSTM goes through."""
    reset_after: bool
    clip: float | None
    peephole: Array | None
    """Shape (3, 1, units): how input, forget and output gate see c."""
    projection: Array | None
    product: Array
    """Room for h U, shape (blocks, batch, units)."""
    room: Array
    """Room for one block."""


def _bounded(z: Array, clip: float | None) -> Array:
    return z if clip is None else np.clip(z, -clip, clip, out=z)


# Each step takes z = x_t W + b, shape (blocks, batch, units), and completes it; it writes gates
# to g and the states to ``after``. NumPy is fastest on blocks that lie together, so those that
# are squashed come first.
def _lstm(z: Array, g: Array, before: list[Array], after: list[Array], p: Recurrent) -> None:
    (h, c), (h_after, c_after) = before, after
    z += np.matmul(h, p.U, out=p.product)
    early = 3 if p.peephole is None else 2
    if p.peephole is not None:
        z[:2] += p.peephole[:2] * c
    p.squash(_bounded(z[:early], p.clip), g[:early])
    p.act(_bounded(z[3], p.clip), g[3])
    np.multiply(g[1], c, out=c_after)
    c_after += np.multiply(g[0], g[3], out=p.room)
    if p.peephole is not None:
        z[2] += p.peephole[2] * c_after
        p.squash(_bounded(z[2], p.clip), g[2])
    p.last(c_after, p.room)
    if p.projection is None:
        np.multiply(g[2], p.room, out=h_after)
    else:
        np.matmul(np.multiply(g[2], p.room, out=p.room), p.projection, out=h_after)


def _gru(z: Array, g: Array, before: list[Array], after: list[Array], p: Recurrent) -> None:
    h, h_after = before[0], after[0]
    # With the reset before the product, the candidate has to wait for the reset gate.
    early = 3 if p.reset_after else 2
    product = np.matmul(h, p.U[:early], out=p.product[:early])
    z[:2] += product[:2]
    p.squash(_bounded(z[:2], p.clip), g[:2])
    if p.reset_after:
        product[2] += p.bias[2]
        z[2] += np.multiply(g[1], product[2], out=p.room)
    else:
        z[2] += np.matmul(np.multiply(g[1], h, out=p.room), p.U[2])
    p.act(_bounded(z[2], p.clip), g[2])
    # z h + (1 - z) candidate. In one product, (h - candidate) z + candidate, it rounds off what
    # is small where z is near 1.
    np.multiply(g[0], h, out=h_after)
    h_after += np.multiply(np.subtract(1, g[0], out=p.room), g[2], out=p.room)


def _rnn(z: Array, g: Array, before: list[Array], after: list[Array], p: Recurrent) -> None:
    z += np.matmul(before[0], p.U, out=p.product)
    p.act(_bounded(z, p.clip), g)
    after[0][...] = g[0]


class Cell(NamedTuple):
    """What one kind of cell has; another kind is one more row of ``CELLS``."""

    blocks: tuple[str, ...]
    """In the order in which people are shown them."""
    order: tuple[str, ...]
    """In the order in which ``step`` takes them."""
    states: tuple[str, ...]
    step: Callable[[Array, Array, list[Array], list[Array], Recurrent], None]


_IFCO, _IFOC = ("input", "forget", "cell", "output"), ("input", "forget", "output", "cell")
_ZRN = ("update", "reset", "candidate")
CELLS = {
    "LSTM": Cell(_IFCO, _IFOC, ("h", "c"), _lstm),
    "GRU": Cell(_ZRN, _ZRN, ("h",), _gru),
    "RNN": Cell(("state",), ("state",), ("h",), _rnn),
}


def over_time(
    cell: Cell, x: Array, W: Array, states: Sequence[Array], padded: Array | None, p: Recurrent
) -> tuple[Array, Array, list[Array]]:
    """Run a cell over x, shape (steps, batch, features + 1), whose last feature is 1.

    W, shape (blocks, features + 1, units), ends in the bias. Where ``padded``, (steps, batch),
    is true, the states stay. Return pre-activations and gates, (steps, blocks, batch, units),
    and the states after every step.
    """
    Z = np.matmul(x[:, np.newaxis], W)
    G, before = np.empty_like(Z), list(states)
    kept = [np.empty((len(x), *state.shape), state.dtype) for state in states]
    for t in range(len(x)):
        after = [each[t] for each in kept]
        cell.step(Z[t], G[t], before, after, p)
        if padded is not None:
            for old, new in zip(before, after, strict=True):
                new[padded[t]] = old[padded[t]]
        before = after
    return Z, G, kept


def two_biases(cell: str, reset_after: bool) -> bool:
    """Say whether both biases of a cell matter by themselves, not only their sum."""
    return cell == "GRU" and reset_after


def named(cell: str) -> Cell:
    """Return the row of a cell, or say which there are."""
    if cell not in CELLS:
        raise ValueError(f"cell should be one of {list(CELLS)}, got {cell!r}")
    return CELLS[cell]
