"""Exact inverses, layer by layer, for the networks that have one.

A dense layer y = f(x W + b) can be undone when W is square and not singular and f is one to
one: undo f, subtract b, solve for x. Everything else is refused. "Exact" holds in real numbers:
rounding errors grow with the condition number of each W and where tanh or sigmoid is flat.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from course_utils.arguments import array
from course_utils.inversion.runners import Array, parts

ACTIVATIONS = ("linear", "tanh", "sigmoid", "relu", "leaky_relu")
_NO_EFFECT = ("Identity", "Dropout", "InputLayer")  # once training is over
_MODULES = {"Tanh": "tanh", "Sigmoid": "sigmoid", "ReLU": "relu", "LeakyReLU": "leaky_relu"}


class NotInvertible(ValueError):
    """A layer, or a value that reached it, has no inverse; the message says which and why."""


class DenseLayer:
    """One layer y = f(x W + b), with copies of the weights.

    Parameters
    ----------
    W
        Weights, shape (inputs, outputs), as in Keras; PyTorch stores the transpose.
    b
        Bias, shape (outputs,); zeros if left out.
    activation
        f: "linear", "tanh", "sigmoid", "leaky_relu", or "relu", which has no inverse.
    slope
        What "leaky_relu" multiplies negative numbers by. PyTorch's default is 0.01; Keras has
        0.3 in the layer and 0.2 in the activation.
    name
        What to call the layer in messages.

    Examples
    --------
    >>> layer = DenseLayer(np.diag([2.0, 4.0]), activation="tanh")
    >>> layer
    DenseLayer(2 -> 2, tanh, float64)
    >>> layer([[0.0, 0.25]]).round(3)
    array([[0.   , 0.762]])
    """

    def __init__(
        self,
        W: ArrayLike,
        b: ArrayLike | None = None,
        activation: str = "linear",
        slope: float = 0.01,
        name: str = "",
    ) -> None:
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation should be one of {ACTIVATIONS}, got {activation!r}")
        if not slope > 0:
            raise ValueError(f"slope should be above 0, got {slope}: with 0 it is a relu")
        self.W: Array = np.array(array(W, "W", (None, None)))
        shift = np.zeros_like(self.W[0]) if b is None else b
        self.b: Array = np.array(array(shift, "b", self.W.shape[1:]))
        self.activation, self.slope, self.name = activation, slope, name

    def __repr__(self) -> str:
        inputs, outputs = self.W.shape
        return f"DenseLayer({inputs} -> {outputs}, {self.activation}, {self.W.dtype})"

    def __call__(self, x: ArrayLike) -> Array:
        """Return f(x W + b) for x of shape (batch, inputs)."""
        return _activated(array(x, "x") @ self.W + self.b, self.activation, self.slope)


def _activated(z: Array, activation: str, slope: float) -> Array:
    if activation == "tanh":
        return np.tanh(z)
    if activation == "sigmoid":
        return expit(z)
    if activation == "relu":
        return np.maximum(z, 0)
    return np.where(z < 0, z * slope, z) if activation == "leaky_relu" else z


def read_layers(model: Any) -> list[DenseLayer]:
    """Read the dense layers of a PyTorch or Keras ``Sequential``, first layer first.

    From PyTorch it reads Linear, Tanh, Sigmoid, LeakyReLU and ReLU, from a built model of Keras
    Dense, LeakyReLU, ReLU and Activation. An activation that is a layer of its own joins the
    dense layer before it. Dropout and identity, which do nothing once training is over, are
    skipped. A TypeError names a layer that is none of these.

    Examples
    --------
    >>> import torch
    >>> read_layers(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh()))
    [DenseLayer(3 -> 3, tanh, float32)]
    """
    read: list[DenseLayer] = []
    for place, part in enumerate(parts(model)):
        kind = type(part).__name__
        name = f"layer {place} ({kind})"
        if kind in ("Linear", "Dense"):
            read.append(_dense(part, name))
        elif kind in (*_MODULES, "Activation"):
            if not read or read[-1].activation != "linear":
                raise ValueError(f"{name}: expected a dense layer before this activation")
            last = read[-1]
            f = _activation_of(part, name)
            read[-1] = DenseLayer(last.W, last.b, *f, f"{last.name}, {name}")
        elif kind not in _NO_EFFECT:
            raise TypeError(f"{name} is neither a dense layer nor one of {ACTIVATIONS}")
    if not read:
        raise TypeError(
            "wanted a Sequential of PyTorch or Keras with dense layers, got "
            f"{type(model).__module__}.{type(model).__name__}"
        )
    return read


def _dense(part: Any, name: str) -> DenseLayer:
    """Read a Linear of PyTorch or a Dense of Keras."""
    if type(part).__name__ == "Linear":
        bias = None if part.bias is None else part.bias.numpy(force=True)
        return DenseLayer(part.weight.numpy(force=True).T, bias, name=name)
    if not part.built:
        raise ValueError(f"{name} has no weights yet: start the model with keras.Input")
    W, *biases = part.get_weights()
    return DenseLayer(W, biases[0] if biases else None, *_activation_of(part, name), name)


def _activation_of(part: Any, name: str) -> tuple[str, float]:
    """Return the activation of a layer and, for leaky_relu, its slope."""
    if type(part).__module__.startswith("torch."):
        return _MODULES[type(part).__name__], getattr(part, "negative_slope", 0.01)
    # Keras: by what it computes, since its layers and functions have many names and options.
    function = getattr(part, "activation", part)
    z = np.concatenate([np.linspace(-8, 8, 33), [-1e4, 1e4]])
    got = np.asarray(function(z), np.float64)
    slope = float(getattr(part, "negative_slope", -function(np.array([-1.0]))[0]))
    for activation in ACTIVATIONS:
        if np.allclose(got, _activated(z, activation, slope), rtol=1e-5, atol=1e-6):
            return activation, slope if activation == "leaky_relu" else 0.01
    named = getattr(function, "__name__", function)
    raise TypeError(f"{name}: its activation {named} is none of {ACTIVATIONS}")


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
            "leaky_relu, or recover x from the active units as in chapter 10"
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
    z, low, high = values, 0 if layer.activation == "sigmoid" else -1, 1
    if layer.activation in ("tanh", "sigmoid"):
        outside = values[~((values > low) & (values < high))]
        if outside.size:
            worst = outside[np.argmax(np.abs(outside - (low + high) / 2))]
            raise NotInvertible(
                f"{label}: {outside.size} of {values.size} values are not inside the range of "
                f"{layer.activation}, {low} to {high} without the ends; the furthest is "
                f"{worst:.6g}. A value at an end is saturated in {values.dtype}; one beyond it "
                "was never an output, or carries the rounding errors of later layers"
            )
    if layer.activation == "tanh":
        z = np.arctanh(values)
    elif layer.activation == "sigmoid":
        z = np.log(values) - np.log1p(-values)
    elif layer.activation == "leaky_relu":
        z = np.where(values < 0, values / layer.slope, values)
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        x = np.linalg.solve(layer.W.astype(values.dtype).T, (z - shift).T).T
    if not np.isfinite(x).all():
        raise NotInvertible(f"{label}: the input left the range of {x.dtype}")
    return x
