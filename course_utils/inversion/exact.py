"""Exact inverses, layer by layer, for the networks that have one.

A dense layer y = f(x W + b) can be undone when W is square and not singular and f is one to
one: undo f, subtract b, solve for x. Everything else is refused. "Exact" holds in real numbers:
rounding errors grow with the condition number of each W and where tanh or sigmoid is flat.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.arguments import array
from course_utils.inversion.layers import ACTIVATIONS, DenseLayer
from course_utils.inversion.runners import Array


class NotInvertible(ValueError):
    """A layer, or a value that reached it, has no inverse; the message says which and why."""


def exact_inverse(layers: Sequence[DenseLayer], y: ArrayLike) -> Array:
    """Return the one input of a stack of layers that gives this output.

    The layers stand from the first to the last, made by hand or by :func:`read_layers`; ``y``
    holds outputs of the last, shape (batch, outputs). The inputs, shape (batch, inputs), are
    computed in the wider kind of the outputs and the weights: with float64 outputs of a float32
    network, in float64.

    Raises
    ------
    NotInvertible
        If a layer is relu, not square or singular in its kind of number, or if a value that
        reaches a layer is outside the open range of its tanh or sigmoid.

    Examples
    --------
    >>> layer = DenseLayer(np.diag([2.0, 4.0]), [1.0, 0.0], activation="tanh")
    >>> exact_inverse([layer], layer([[0.5, -0.25]])).round(3)
    array([[ 0.5 , -0.25]])
    >>> exact_inverse([DenseLayer(np.ones((2, 2)))], [[1.0, 1.0]])
    Traceback (most recent call last):
    ...
    course_utils.inversion.exact.NotInvertible: layer 0 is singular in float64: its rank is 1
    of 2, so different inputs give the same output
    """
    if not layers or not all(isinstance(layer, DenseLayer) for layer in layers):
        raise TypeError("layers should be a list of DenseLayer: read a model with read_layers")
    given = array(y, "y", (None, *layers[-1].b.shape))
    kind = np.result_type(
        np.float32, given, *(weights for layer in layers for weights in (layer.W, layer.b))
    )
    labels = [layer.name or f"layer {place}" for place, layer in enumerate(layers)]
    for layer, label in zip(layers, labels, strict=True):
        _refuse(layer, kind, label)
    values = given.astype(kind)
    for layer, label in zip(reversed(layers), reversed(labels), strict=True):
        values = _undo(values, layer, layer.b, label)
    return values


def rewind(
    h: ArrayLike,
    x: ArrayLike,
    W: ArrayLike,
    U: ArrayLike,
    b: ArrayLike,
    activation: str = "tanh",
) -> Array:
    """Run a simple recurrent network backwards: from its last state to its first.

    Undoes h_t = f(x_t W + h_{t-1} U + b) step by step, where f is "tanh", "sigmoid" or
    "linear". The shapes are as in Keras: W (features, units), U (units, units), b (units,), the
    states ``h`` after the last step (batch, units), the inputs ``x`` (batch, steps, features).
    Returns the states before and after every step, shape (batch, steps + 1, units), in the
    widest kind among h, x and the weights; the first is h_0 as recovered, the last is ``h``.

    Raises
    ------
    NotInvertible
        If U is singular, or a recovered state leaves the range of the activation: rounding has
        then outgrown the numbers. The message says at which step.

    Examples
    --------
    >>> U = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> rewind([[1.0, 2.0]], np.zeros((1, 3, 1)), np.zeros((1, 2)), U, np.zeros(2), "linear")
    array([[[-2.,  1.],
            [-1., -2.],
            [ 2., -1.],
            [ 1.,  2.]]])
    """
    if activation not in ("tanh", "sigmoid", "linear"):
        raise ValueError(f"activation should be tanh, sigmoid or linear, got {activation!r}")
    cell = DenseLayer(U, b, activation)
    units = len(cell.b)
    last, weights = array(h, "h", (None, units)), array(W, "W", (None, units))
    inputs = array(x, "x", (len(last), None, len(weights)))
    kind = np.result_type(np.float32, last, inputs, weights, cell.W, cell.b)
    _refuse(cell, kind, "U")
    steps = inputs.shape[1]
    states = np.empty((len(last), steps + 1, units), kind)
    states[:, steps] = last
    driven = inputs.astype(kind) @ weights + cell.b
    for t in reversed(range(steps)):
        label = f"step {t + 1} of {steps}"
        states[:, t] = _undo(states[:, t + 1], cell, driven[:, t], label)
    return states


def _refuse(layer: DenseLayer, kind: np.dtype[Any], label: str) -> None:
    """Say why a layer has no inverse in this kind of number, if it has none."""
    inputs, outputs = layer.W.shape
    if layer.activation == "relu":
        raise NotInvertible(
            f"{label} has the activation relu, which turns every negative number into 0: use "
            "leaky_relu, or recover x from the active units of a wide layer"
        )
    if inputs != outputs:
        narrow, wide = "many inputs give the same output", "most outputs belong to no input"
        rest = narrow if inputs > outputs else wide
        raise NotInvertible(f"{label} is not square, {inputs} -> {outputs}: {rest}")
    rounding = inputs * np.finfo(kind).eps
    rank = np.linalg.matrix_rank(layer.W.astype(np.float64), rtol=rounding)
    if rank < inputs:
        raise NotInvertible(
            f"{label} is singular in {kind}: its rank is {rank} of {inputs}, so different "
            "inputs give the same output"
        )


def _undo(values: Array, layer: DenseLayer, shift: Array, label: str) -> Array:
    """Solve f(x W + shift) = values for x, in the values' kind of number."""
    name = layer.activation
    _, undo, low, high = ACTIVATIONS[name]
    low = -layer.slope if name == "elu" else low
    outside = values[~((values > low) & (values < high))]
    if outside.size:
        middle = low if high == np.inf else (low + high) / 2
        worst = outside[np.argmax(np.abs(outside - middle))]
        raise NotInvertible(
            f"{label}: {outside.size} of {values.size} values are not inside the range of "
            f"{name}, {low} to {high} without the ends; the furthest is {worst:.6g}. A value "
            f"at an end is saturated in {values.dtype}; one beyond it was never an output, or "
            "carries the rounding errors of later layers"
        )
    assert undo is not None  # relu was refused
    z = undo(values, layer.slope)
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        x = np.linalg.solve(layer.W.astype(values.dtype).T, (z - shift).T).T
    if not np.isfinite(x).all():
        raise NotInvertible(f"{label}: the input left the range of {x.dtype}")
    return x
