"""Exact inverses, layer by layer, for the networks that have one.

A dense layer computes y = f(x W + b) on row vectors. It can be undone when W is square and not
singular and f is one to one: undo f, subtract b, solve for x. Everything else is refused with a
:class:`NotInvertible` that names the layer and the reason. "Exact" holds in real arithmetic:
rounding errors grow with the condition number of each W and where tanh or sigmoid is flat.

Taught in chapter 10. Source: a question-and-answer thread on running a network in reverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils._cells import Array, finite
from course_utils._check import number, real
from course_utils._layouts import _float_array, from_tensor

INVERTIBLE = ("linear", "tanh", "sigmoid", "leaky_relu")
_NO_EFFECT = {"Identity", "Dropout", "InputLayer"}  # once training is over
_MODULES = {"Tanh": "tanh", "Sigmoid": "sigmoid", "ReLU": "relu", "LeakyReLU": "leaky_relu"}


class NotInvertible(ValueError):
    """A layer, or a value that reached it, has no inverse; the message says which and why."""


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """One layer y = f(x W + b), as read-only copies in float32 or float64.

    Parameters
    ----------
    W
        Weights, shape (inputs, outputs), as in Keras; PyTorch stores the transpose.
    b
        Bias, shape (outputs,); zeros if left out.
    activation
        "linear", "tanh", "sigmoid", "leaky_relu", or "relu", which has no inverse.
    slope
        What "leaky_relu" multiplies negative numbers by. PyTorch's default is 0.01; Keras has
        0.3 in the layer and 0.2 in the activation.
    name
        What to call the layer in messages.

    Raises
    ------
    TypeError
        If the weights are neither float32 nor float64, or ``slope`` is no number.
    ValueError
        If shapes do not fit together, a weight is NaN or infinite, the activation is not known
        or the slope is not above 0.

    Examples
    --------
    >>> layer = DenseLayer(np.diag([2.0, 4.0]), activation="tanh")
    >>> layer
    DenseLayer(2 -> 2, tanh, float64)
    >>> layer(np.array([[0.0, 0.25]])).round(3)
    array([[0.   , 0.762]])
    """

    W: Array
    b: Array | None = None
    activation: str = "linear"
    slope: float = 0.01
    name: str = ""

    def __post_init__(self) -> None:
        W = _float_array(self.W, "W")
        if W.ndim != 2 or 0 in W.shape:
            raise ValueError(f"W should have shape (inputs, outputs), got {W.shape}")
        b = _float_array(np.zeros(W.shape[1], W.dtype) if self.b is None else self.b, "b")
        if b.shape != W.shape[1:]:
            raise ValueError(f"b should have shape {W.shape[1:]} to go with W, got {b.shape}")
        known = (*INVERTIBLE, "relu")
        if not isinstance(self.activation, str) or self.activation not in known:
            raise ValueError(
                f"activation should be one of {[*INVERTIBLE, 'relu']}, got {self.activation!r}"
            )
        if not 0 < number(self.slope, "slope") < np.inf:
            raise ValueError(
                f"slope should be a number above 0, got {self.slope}: with slope 0 a "
                "leaky_relu is a relu"
            )
        object.__setattr__(self, "W", W)
        object.__setattr__(self, "b", b)

    def __repr__(self) -> str:
        inputs, outputs = self.W.shape
        return f"DenseLayer({inputs} -> {outputs}, {self.activation}, {self.W.dtype})"

    def __call__(self, x: ArrayLike) -> Array:
        """Return f(x W + b) for x of shape (batch, inputs).

        Raises
        ------
        TypeError
            If x does not hold real numbers.
        ValueError
            If it does not end in the inputs, or z is not finite.
        """
        inputs = real(x, "x")
        if not inputs.ndim or inputs.shape[-1] != len(self.W):
            raise ValueError(f"x should end in {len(self.W)} inputs, got shape {inputs.shape}")
        with np.errstate(over="ignore", invalid="ignore"):
            z = inputs @ self.W + self.b
        if not np.isfinite(z).all():
            raise ValueError(f"x W + b is not finite in {z.dtype}: x should be, and smaller")
        if self.activation == "tanh":
            return np.tanh(z)
        if self.activation == "sigmoid":
            # Below 0 through exp(z), so that nothing overflows.
            small = np.exp(-np.abs(z))
            return np.where(z < 0, small, 1) / (1 + small)
        if self.activation == "leaky_relu":
            return np.where(z < 0, z * z.dtype.type(self.slope), z)
        return np.maximum(z, 0) if self.activation == "relu" else z


def read_layers(model: Any) -> list[DenseLayer]:
    """Read the dense layers of a PyTorch or Keras ``Sequential``.

    An activation that is a layer of its own joins the dense layer before it. Dropout and
    identity do nothing once training is over and are skipped.

    Parameters
    ----------
    model
        A ``torch.nn.Sequential`` of Linear, Tanh, Sigmoid, LeakyReLU and ReLU, or a built
        ``keras.Sequential`` of Dense, LeakyReLU, ReLU and Activation.

    Returns
    -------
    list of DenseLayer
        Copies of the weights, first layer first.

    Raises
    ------
    TypeError
        If the model is no such thing, or holds a layer that is none of these.
    ValueError
        If an activation follows no dense layer, or is not known.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh())
    >>> read_layers(model)
    [DenseLayer(3 -> 3, tanh, float32)]
    """
    parts = getattr(model, "layers", None)  # Keras
    if parts is None and type(model).__name__ == "Sequential":
        parts = list(model)
    if not isinstance(parts, list):
        raise TypeError(
            "wanted a Sequential of PyTorch or Keras, got "
            f"{type(model).__module__}.{type(model).__name__}"
        )
    read: list[DenseLayer] = []
    for place, part in enumerate(parts):
        kind = type(part).__name__
        name = f"layer {place} ({kind})"
        if kind in _NO_EFFECT:
            continue
        if kind in ("Linear", "Dense"):
            read.append(_dense(part, name))
            continue
        if kind not in (*_MODULES, "Activation"):
            raise TypeError(
                f"{name}: wanted dense layers, each followed by at most one activation of "
                f"{', '.join(INVERTIBLE)}"
            )
        if not read or read[-1].activation != "linear":
            raise ValueError(f"{name}: expected a dense layer before this activation")
        before = read.pop()
        activation, slope = _activation_of(part, name)
        read.append(DenseLayer(before.W, before.b, activation, slope, f"{before.name}, {name}"))
    if not read:
        raise ValueError("the model holds no dense layer")
    return read


def _dense(part: Any, name: str) -> DenseLayer:
    """Read a Linear of PyTorch or a Dense of Keras."""
    if hasattr(part, "weight"):
        b = None if part.bias is None else from_tensor(part.bias)
        return DenseLayer(from_tensor(part.weight).T, b, name=name)
    if not part.built:
        raise ValueError(f"{name} has no weights yet: start the model with keras.Input")
    W, *biases = (np.asarray(weight) for weight in part.get_weights())
    activation, slope = _activation_of(part, name)
    return DenseLayer(W, biases[0] if biases else None, activation, slope, name)


def _activation_of(part: Any, name: str) -> tuple[str, float]:
    """Return the activation of a layer and, for leaky_relu, its slope."""
    if type(part).__module__.startswith("torch."):
        return _MODULES[type(part).__name__], float(getattr(part, "negative_slope", 0.01))
    # Keras: by what it computes, since its layers and functions have many names and options.
    function = getattr(part, "activation", part)
    z = np.concatenate([np.linspace(-8, 8, 33), [-1e4, 1e4]])
    got = np.asarray(function(z), dtype=np.float64)
    slope = float(getattr(part, "negative_slope", -function(np.array([-1.0]))[0]))
    for activation in (*INVERTIBLE, "relu"):
        if activation == "leaky_relu" and not 0 < slope < np.inf:
            continue
        layer = DenseLayer(np.eye(1), activation=activation, slope=max(slope, 1e-300))
        if np.allclose(got, layer(z[:, np.newaxis])[:, 0], rtol=1e-5, atol=1e-6):
            return activation, slope if activation == "leaky_relu" else 0.01
    raise TypeError(
        f"{name}: its activation {getattr(function, '__name__', function)} is none of "
        f"{', '.join((*INVERTIBLE, 'relu'))}"
    )


def exact_inverse(layers: Sequence[DenseLayer], y: ArrayLike) -> Array:
    """Return the one input of a stack of layers that gives this output.

    Parameters
    ----------
    layers
        From the first to the last, made by hand or by :func:`read_layers`.
    y
        Outputs of the last layer, shape (batch, outputs). It and the weights are computed with
        in the wider of their kinds: with float64 outputs of a float32 network, in float64.

    Returns
    -------
    numpy.ndarray
        The inputs, shape (batch, inputs).

    Raises
    ------
    NotInvertible
        If a layer is relu, not square or singular in its kind of number, or if a value that
        reaches a layer is NaN, infinite or outside the open range of its tanh or sigmoid.
    TypeError
        If ``y`` does not hold real numbers, or ``layers`` is no list of DenseLayer.
    ValueError
        If there is no layer, or shapes do not fit together.

    Examples
    --------
    >>> layer = DenseLayer(np.diag([2.0, 4.0]), np.array([1.0, 0.0]), activation="tanh")
    >>> y = layer(np.array([[0.5, -0.25]]))
    >>> exact_inverse([layer], y).round(3)
    array([[ 0.5 , -0.25]])
    >>> exact_inverse([DenseLayer(np.ones((2, 2)))], [[1.0, 1.0]])
    Traceback (most recent call last):
    ...
    course_utils._exact.NotInvertible: layer 0 is singular in float64: its rank is 1 of 2, so
    different inputs give the same output
    """
    _check_layers(layers)
    given = real(y, "y")
    kind = np.result_type(np.float32, *(a for layer in layers for a in (layer.W, layer.b)))
    if given.dtype != np.float32:
        kind = np.dtype(np.float64)
    values = finite(given, kind, "y")
    if values.ndim != 2 or values.shape[1] != layers[-1].W.shape[1]:
        raise ValueError(
            f"y should have shape (batch, {layers[-1].W.shape[1]}), got {values.shape}"
        )
    for place in reversed(range(1, len(layers))):
        width, fed = layers[place].W.shape[0], layers[place - 1].W.shape[1]
        if width != fed:
            raise ValueError(
                f"{_label(layers, place)} takes {width} inputs, the layer before gives {fed}"
            )
    for place in range(len(layers)):
        _refuse_layer(layers[place], kind, _label(layers, place))
    for place in reversed(range(len(layers))):
        layer, label = layers[place], _label(layers, place)
        z = _undo_activation(values, layer.activation, layer.slope, label)
        values = _solve(z - layer.b, layer.W.astype(kind), label)
    return values


def condition_numbers(layers: Sequence[DenseLayer]) -> Array:
    """Return the condition number of each W: its largest singular value over its smallest.

    Parameters
    ----------
    layers
        Any dense layers, square or not.

    Returns
    -------
    numpy.ndarray
        Shape (layers,); infinity for a W that is singular in its kind of number.

    Raises
    ------
    TypeError
        If ``layers`` is no list of DenseLayer.
    ValueError
        If there is no layer.

    Examples
    --------
    >>> condition_numbers([DenseLayer(np.diag([8.0, 2.0])), DenseLayer(np.ones((2, 2)))])
    array([ 4., inf])
    """
    _check_layers(layers)
    ratios = []
    for layer in layers:
        sizes = np.linalg.svd(layer.W.astype(np.float64), compute_uv=False)
        full = _rank(layer.W, layer.W.dtype) == min(layer.W.shape)
        ratios.append(float(sizes[0] / sizes[-1]) if full else np.inf)
    return np.array(ratios)


def rewind(
    h: ArrayLike,
    x: ArrayLike,
    W: ArrayLike,
    U: ArrayLike,
    b: ArrayLike,
    activation: str = "tanh",
) -> Array:
    """Run a simple recurrent network backwards: from its last state to its first.

    Undoes h_t = f(x_t W + h_{t-1} U + b) step by step, with the inputs known.

    Parameters
    ----------
    h
        States after the last step, shape (batch, units).
    x
        Inputs, shape (batch, steps, features).
    W, U, b
        Weights of shapes (features, units), (units, units) and (units,), float32 or float64.
    activation
        "tanh", "sigmoid" or "linear".

    Returns
    -------
    numpy.ndarray
        The states before and after every step, shape (batch, steps + 1, units), in the widest
        kind among h, x and the weights; the first is h_0 as recovered, the last is ``h``.

    Raises
    ------
    NotInvertible
        If U is singular, or a recovered state leaves the range of the activation: rounding has
        then outgrown the numbers. The message says at which step.
    TypeError
        If weights are neither float32 nor float64, or h or x do not hold real numbers.
    ValueError
        If shapes do not fit together, or h or x hold NaN or infinity.

    Examples
    --------
    >>> U = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> rewind([[1.0, 2.0]], np.zeros((1, 3, 1)), np.zeros((1, 2)), U, np.zeros(2), "linear")
    array([[[-2.,  1.],
            [-1., -2.],
            [ 2., -1.],
            [ 1.,  2.]]])
    """
    if not isinstance(activation, str) or activation not in ("tanh", "sigmoid", "linear"):
        raise ValueError(
            f"activation should be 'tanh', 'sigmoid' or 'linear', got {activation!r}"
        )
    cell = DenseLayer(_float_array(U, "U"), _float_array(b, "b"), activation)
    weights = _float_array(W, "W")
    kinds = [real(a, name).dtype for a, name in ((h, "h"), (x, "x"))]
    kind = np.result_type(cell.W, cell.b, weights)
    if any(other != np.float32 for other in kinds):
        kind = np.dtype(np.float64)
    last, inputs = finite(h, kind, "h"), finite(x, kind, "x")
    units = cell.W.shape[0]
    shapes = (last.shape, inputs.shape, weights.shape, cell.W.shape)
    fits = last.ndim == 2 and inputs.ndim == 3 and weights.ndim == 2
    fits = fits and last.shape == (inputs.shape[0], units) and cell.W.shape == (units, units)
    if not fits or weights.shape != (inputs.shape[2], units):
        raise ValueError(
            "wanted h (batch, units), x (batch, steps, features), W (features, units) and "
            "U (units, units), got {}, {}, {} and {}".format(*shapes)
        )
    _refuse_layer(cell, kind, "U")
    steps = inputs.shape[1]
    states = np.empty((len(last), steps + 1, units), kind)
    states[:, steps] = last
    driven = inputs @ weights + cell.b
    for t in reversed(range(steps)):
        label = f"step {t + 1} of {steps}"
        z = _undo_activation(states[:, t + 1], activation, cell.slope, label)
        states[:, t] = _solve(z - driven[:, t], cell.W.astype(kind), label)
    return states


def _check_layers(layers: Any) -> None:
    if not isinstance(layers, Sequence) or isinstance(layers, str):
        raise TypeError(f"layers should be a list of DenseLayer, got {type(layers).__name__}")
    if not layers:
        raise ValueError("layers is empty: give at least one")
    if odd := [type(layer).__name__ for layer in layers if not isinstance(layer, DenseLayer)]:
        raise TypeError(f"layers should be a list of DenseLayer, got {odd[0]}")


def _label(layers: Sequence[DenseLayer], place: int) -> str:
    return layers[place].name or f"layer {place}"


def _rank(W: Array, kind: np.dtype[Any]) -> int:
    """Count the singular values that are more than rounding in this kind of number."""
    scale = float(np.abs(W).max()) or 1.0  # the largest singular value may overflow otherwise
    sizes = np.linalg.svd(W.astype(np.float64) / scale, compute_uv=False)
    return int((sizes > sizes[0] * max(W.shape) * np.finfo(kind).eps).sum())


def _refuse_layer(layer: DenseLayer, kind: np.dtype[Any], label: str) -> None:
    inputs, outputs = layer.W.shape
    if layer.activation == "relu":
        raise NotInvertible(
            f"{label} has the activation relu, which turns every negative number into 0: use "
            "leaky_relu, or recover x from the active units as in chapter 10"
        )
    if inputs != outputs:
        rest = (
            "many inputs give the same output"
            if inputs > outputs
            else "most outputs belong to no input"
        )
        raise NotInvertible(f"{label} is not square, {inputs} -> {outputs}: {rest}")
    if (rank := _rank(layer.W, kind)) < inputs:
        raise NotInvertible(
            f"{label} is singular in {kind}: its rank is {rank} of {inputs}, so different "
            "inputs give the same output"
        )


def _undo_activation(values: Array, activation: str, slope: float, label: str) -> Array:
    if activation == "linear":
        return values
    if activation == "leaky_relu":
        return np.where(values < 0, values / values.dtype.type(slope), values)
    low, high = (-1, 1) if activation == "tanh" else (0, 1)
    inside = (values > low) & (values < high)
    if not inside.all():
        outside = values[~inside]
        worst = outside[np.argmax(np.abs(outside - (low + high) / 2))]
        raise NotInvertible(
            f"{label}: {outside.size} of {values.size} values are not inside the range of "
            f"{activation}, {low} to {high} without the ends; the furthest is {worst:.6g}. A "
            f"value at an end is saturated in {values.dtype}; one beyond it was never an "
            "output, or carries the rounding errors of later layers"
        )
    if activation == "tanh":
        return np.arctanh(values)
    return np.log(values) - np.log1p(-values)


def _solve(z: Array, W: Array, label: str) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.linalg.solve(W.T, z.T).T
    if not np.isfinite(x).all():
        raise NotInvertible(f"{label}: the input left the range of {x.dtype}")
    return x
