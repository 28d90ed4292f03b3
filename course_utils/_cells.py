"""The arithmetic behind :mod:`course_utils.gates`: one LSTM or GRU, run over time in NumPy.

Inside, an array has shape (block, step, batch, units): what one operation touches then lies
together in memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils._check import real

Array = NDArray[Any]
Activation = Callable[[Array, Array], Any]


def _sigmoid(z: Array, out: Array) -> None:
    # (1 + tanh(z / 2)) / 2 is the same function, but rounds a nearly closed gate to 0.
    # Not np.negative: in NumPy 2.4.6 it is wrong for some arrays with gaps, such as float64
    # numbers 64 bytes apart written to an out of that kind.
    np.multiply(z, -1, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


def _hard_sigmoid(slope: float) -> Activation:
    def activation(z: Array, out: Array) -> None:
        np.multiply(z, slope, out=out)
        out += 0.5
        np.clip(out, 0, 1, out=out)

    return activation


ACTIVATIONS: dict[str, Activation] = {
    "tanh": lambda z, out: np.tanh(z, out=out),
    "relu": lambda z, out: np.maximum(z, 0, out=out),
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid(1 / 6),
    "hard_sigmoid_0.2": _hard_sigmoid(0.2),
    "linear": lambda z, out: np.copyto(out, z),
}
"""Functions that write activation(z) into ``out``."""


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """Everything a cell computed, in arrays of shape (batch, steps, units).

    Parameters
    ----------
    gates
        The value of each gate, by the names of ``Gates.blocks``: ``gates["forget"]``. Strictly,
        "cell" of an LSTM and "candidate" of a GRU are no gates but what a gate lets in.
    pre_activations
        The same before the activation, by the same names.
    h
        The hidden state after each step.
    c
        The cell state after each step; None for a GRU, which has none.

    Examples
    --------
    >>> from course_utils.gates import Gates
    >>> rng = np.random.default_rng(0)
    >>> gates = Gates.from_onnx(rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 2)))
    >>> trace = gates.trace(rng.normal(size=(5, 7, 3)))
    >>> trace
    Trace(gates input, forget, cell, output; h, c; each of shape (5, 7, 2))
    >>> kept, let_in = trace.gates["forget"], trace.gates["input"] * trace.gates["cell"]
    >>> np.allclose(trace.c[:, 1:], kept[:, 1:] * trace.c[:, :-1] + let_in[:, 1:])
    True
    """

    gates: Mapping[str, Array]
    pre_activations: Mapping[str, Array]
    h: Array
    c: Array | None

    def __repr__(self) -> str:
        states = "h" if self.c is None else "h, c"
        return f"Trace(gates {', '.join(self.gates)}; {states}; each of shape {self.h.shape})"


def finite(value: ArrayLike, dtype: np.dtype[Any], name: str) -> Array:
    """Return finite numbers of this kind, or say what is wrong with them."""
    array = real(value, name)
    with np.errstate(over="ignore"):
        array = array.astype(dtype, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} should be finite in {dtype}, got NaN or infinity")
    return array


def first_state(
    value: ArrayLike | None, shape: tuple[int, int], dtype: np.dtype[Any], name: str
) -> Array:
    """Return a state before the first step, zeros if there is none."""
    if value is None:
        return np.zeros(shape, dtype)
    array = finite(value, dtype, name)
    if array.shape != shape:
        raise ValueError(
            f"{name} should have shape (batch, units) = {shape}, got {array.shape}; PyTorch's "
            f"states have a first axis for the layers: pass one, {name}[0]"
        )
    return array


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
    x: Array, W: Array, U: Array, b: Array, gate: str, candidate: str, h: Array, c: Array
) -> tuple[Array, Array, Array, Array]:
    """Run an LSTM whose blocks stand in the order input, forget, cell, output.

    Parameters
    ----------
    x
        Shape (steps, batch, features).
    W, U, b
        Shapes (4, features, units), (4, units, units), (4, units).
    gate, candidate
        Names of the activations.
    h, c
        The states before the first step, shape (batch, units).

    Returns
    -------
    Z, G : numpy.ndarray
        Pre-activations and gates, shape (4, steps, batch, units).
    H, C : numpy.ndarray
        The states, shape (steps, batch, units).

    Raises
    ------
    OverflowError
        If a pre-activation or a state is not a finite number any more.
    """
    squash, act = ACTIVATIONS[gate], ACTIVATIONS[candidate]
    Z = _input_part(x, W)
    G, H, C = np.empty_like(Z), np.empty_like(Z[0]), np.empty_like(Z[0])
    recurrent, product = np.empty_like(Z[:, 0]), np.empty_like(h)
    row = b[:, np.newaxis]
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
        h, c = H[t], C[t]
        _check_finite(t, len(x), Z[:, t], h, c)
    return Z, G, H, C


def run_gru(
    x: Array,
    W: Array,
    U: Array,
    b: Array,
    recurrent_b: Array,
    gate: str,
    candidate: str,
    h: Array,
    reset_after: bool,
) -> tuple[Array, Array, Array]:
    """Run a GRU whose blocks stand in the order update, reset, candidate.

    The arguments are those of :func:`run_lstm` with 3 blocks instead of 4; ``recurrent_b``, of
    the shape of ``b``, is added to h U. Returns Z, G and H.
    """
    squash, act = ACTIVATIONS[gate], ACTIVATIONS[candidate]
    Z = _input_part(x, W)
    G, H = np.empty_like(Z), np.empty_like(Z[0])
    # With the reset before the product, the candidate has to wait for the reset gate.
    early = 3 if reset_after else 2
    recurrent, product = np.empty_like(Z[:early, 0]), np.empty_like(h)
    row, recurrent_row = b[:, np.newaxis], recurrent_b[:early, np.newaxis]
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
        h = H[t]
        _check_finite(t, len(x), Z[:, t], h)
    return Z, G, H
