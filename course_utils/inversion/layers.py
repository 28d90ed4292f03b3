"""Dense layers by themselves, made by hand or read from a model that is one chain."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from course_utils.arguments import array
from course_utils.gates.activations import GRID
from course_utils.gates.modules import (
    KERAS,
    TORCH,
    framework_class,
    plain,
    refuse_hooks,
    refuse_own_code,
    refuse_weights,
    torch_weights,
)
from course_utils.inversion.runners import Array


class Activation(NamedTuple):
    """A function and its inverse, each of an array and the slope of a :class:`DenseLayer`."""

    apply: Callable[[Array, float], Array]
    undo: Callable[[Array, float], Array] | None
    low: float = -np.inf
    """What it returns lies above this, for "elu" above -slope."""
    high: float = np.inf
    """What it returns lies below this."""


ACTIVATIONS = {
    "linear": Activation(lambda z, _: z, lambda y, _: y),
    "tanh": Activation(lambda z, _: np.tanh(z), lambda y, _: np.arctanh(y), -1, 1),
    "sigmoid": Activation(lambda z, _: expit(z), lambda y, _: np.log(y) - np.log1p(-y), 0, 1),
    "relu": Activation(lambda z, _: np.maximum(z, 0), None),
    "leaky_relu": Activation(
        lambda z, slope: np.where(z < 0, z * slope, z),
        lambda y, slope: np.where(y < 0, y / slope, y),
    ),
    "elu": Activation(
        lambda z, slope: np.where(z < 0, slope * np.expm1(np.minimum(z, 0)), z),
        lambda y, slope: np.where(y < 0, np.log1p(np.minimum(y, 0) / slope), y),
    ),
    "softplus": Activation(
        lambda z, _: np.logaddexp(z, np.zeros_like(z)),
        lambda y, _: y + np.log(-np.expm1(-y)),
        0,
    ),
    "softsign": Activation(
        lambda z, _: z / (1 + np.abs(z)), lambda y, _: y / (1 - np.abs(y)), -1, 1
    ),
}
_DENSE = ("Linear", "Dense")
_NORM = ("BatchNorm1d", "BatchNormalization")
_DROPOUTS = ("Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout", "GaussianDropout",
             "GaussianNoise", "SpatialDropout1D")  # fmt: skip
_NO_EFFECT = ("Identity", "InputLayer", "Flatten", *_DROPOUTS)  # once training is over
_ACTIVATE = ("Activation", "ELU", "LeakyReLU", "ReLU", "Sigmoid", "Softplus", "Softsign",
             "Tanh")  # fmt: skip
_ADVICE = {
    "Conv": "a convolution is x W with a large, sparse W: write W out as a DenseLayer if the "
    "layer is small and keeps the number of values, else use reconstruct",
    "Attention": "attention multiplies inputs with each other: use reconstruct",
    "Norm": "its scale depends on the input itself: use reconstruct",
    "LSTM": "recurrent layers are run backwards by rewind, where they can be",
    "Pool": "pooling loses what it does not pick: use reconstruct",
}
_WANTED = "wanted a Sequential of PyTorch or Keras with dense layers"


class DenseLayer:
    """One layer y = f(x W + b), with copies of the weights.

    Parameters
    ----------
    W
        Weights, shape (inputs, outputs), as in Keras; PyTorch stores the transpose.
    b
        Bias, shape (outputs,); zeros if left out.
    activation
        f: "linear", "tanh", "sigmoid", "leaky_relu", "elu", "softplus", "softsign", or "relu",
        which has no inverse.
    slope
        What "leaky_relu" multiplies negative numbers by, and "elu" exp(z) - 1. PyTorch's
        default for "leaky_relu" is 0.01; Keras has 0.3 in the layer and 0.2 in the activation.
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
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation should be one of {known}, got {activation!r}")
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
        z = array(x, "x") @ self.W + self.b
        return ACTIVATIONS[self.activation].apply(z, self.slope)


def read_layers(model: Any) -> list[DenseLayer]:
    """Read the dense layers of a PyTorch or Keras model that is one chain, first layer first.

    It reads Linear and Dense, activations that are layers of their own, which join the dense
    layer before them, and BatchNorm as it is once training is over: folded into the dense
    layer before it, or a diagonal layer by itself. Dropout, Flatten and identity, which then
    do nothing, are skipped. A TypeError names a layer that is none of these, or says where the
    model is no chain.

    Examples
    --------
    >>> import torch
    >>> read_layers(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh()))
    [DenseLayer(3 -> 3, tanh, float32)]
    """
    read: list[DenseLayer] = []
    for place, part in enumerate(_chain(model)):
        kind = type(part).__name__
        name = f"layer {place} ({kind})"
        readable = _DENSE + _NORM + _NO_EFFECT + _ACTIVATE
        base = framework_class(part, (*TORCH, *KERAS), readable)
        if base is None:
            advice = next((told for word, told in _ADVICE.items() if word in kind), "")
            raise TypeError(
                f"{name} is neither a dense layer nor one of {', '.join(ACTIVATIONS)}"
                f"{'; ' * bool(advice)}{advice}"
            )
        refuse_own_code(part, base)
        if base.__module__.startswith(TORCH):
            refuse_hooks(part)
        if getattr(part, "data_format", None) == "channels_first":
            raise TypeError(f"{name} moves the channels: wanted data_format='channels_last'")
        if base.__name__ in _DENSE:
            read.append(_dense(part, base.__name__, name))
        elif base.__name__ in _NORM:
            scale, shift = _frozen_norm(part, name)
            if read and read[-1].activation == "linear":
                last = read.pop()
                W, b = last.W * scale, last.b * scale + shift
                read.append(DenseLayer(W, b, name=f"{last.name}, {name}"))
            else:
                read.append(DenseLayer(np.diag(scale), shift, name=name))
        elif base.__name__ in _ACTIVATE:
            if not read or read[-1].activation != "linear":
                raise ValueError(f"{name}: expected a dense layer before this activation")
            last = read[-1]
            f = _activation_of(part, name)
            read[-1] = DenseLayer(last.W, last.b, *f, f"{last.name}, {name}")
    if not read:
        raise TypeError(f"{_WANTED}, got {type(model).__module__}.{type(model).__name__}")
    return read


def _chain(model: Any) -> list[Any]:
    """Return what a model runs one after the other, models inside it taken apart too."""
    base = framework_class(model, (*TORCH, *KERAS), ("Sequential", "Functional"))
    if base is None:
        raise TypeError(f"{_WANTED}, got {type(model).__module__}.{type(model).__name__}")
    refuse_own_code(model, base)
    if base.__module__.startswith(TORCH):
        refuse_hooks(model)
    if base.__name__ == "Sequential":
        inside = list(getattr(model, "layers", model))
    else:
        depths = sorted(model._nodes_by_depth.items(), reverse=True)
        nodes = [node for _, nodes in depths for node in nodes]
        inside = [node.operation for node in nodes]
        for node, earlier in zip(nodes, range(len(nodes)), strict=True):
            name = type(node.operation).__name__
            if node.operation in inside[:earlier]:
                raise TypeError(f"this model is no chain of layers: it uses a {name} twice")
            if len(node.input_tensors) > 1 or len(depths) < len(nodes):
                raise TypeError(
                    f"this model is no chain of layers: at {name} paths join or part, as in a "
                    "residual network or one with two heads. Undo each path by itself"
                )
        if len(model.outputs) > 1:
            raise TypeError(
                f"this model is no chain of layers: it has {len(model.outputs)} outputs"
            )
    nested = ("Sequential", "Functional")
    return [
        deep
        for part in inside
        for deep in (
            _chain(part) if framework_class(part, (*TORCH, *KERAS), nested) else [part]
        )
    ]


def _dense(part: Any, kind: str, name: str) -> DenseLayer:
    """Read a Linear of PyTorch or a Dense of Keras."""
    if kind == "Linear":
        weights = torch_weights(part, ("weight", "bias"))
        return DenseLayer(weights["weight"].T, weights.get("bias"), name=name)
    if not part.built:
        raise ValueError(f"{name} has no weights yet: start the model with keras.Input")
    W, *biases = part.get_weights()
    if len(biases) > part.use_bias:
        raise TypeError(
            f"{name} has weights of its own, {[weight.name for weight in part.weights]}: merge "
            "an adapter into the kernel first"
        )
    return DenseLayer(W, biases[0] if biases else None, *_activation_of(part, name), name)


def _frozen_norm(part: Any, name: str) -> tuple[Array, Array]:
    """Return what a BatchNorm multiplies by and adds, from its running mean and variance."""
    if type(part).__module__.startswith(TORCH):
        if part.running_mean is None:
            raise TypeError(f"{name} keeps no running mean: it has no inverse row by row")
        kept = (part.running_mean, part.running_var, part.weight, part.bias)
        epsilon = part.eps
    else:
        kept = (part.moving_mean, part.moving_variance, part.gamma, part.beta)
        epsilon = part.epsilon
    mean, variance, gamma, beta = (
        np.asarray(plain(default if a is None else a), np.float32)
        for a, default in zip(kept, (0, 1, 1, 0), strict=True)
    )
    scale = gamma / np.sqrt(variance + np.float32(epsilon))
    return scale, beta - mean * scale


def _activation_of(part: Any, name: str) -> tuple[str, float]:
    """Return the activation of a layer and, for leaky_relu and elu, its slope.

    It is known by what it computes, since layers and functions have many names and options.
    """
    function = getattr(part, "activation", part)
    refuse_weights(function, name)

    def value(z: Array) -> Array:
        if hasattr(function, "named_modules"):  # PyTorch
            z = sys.modules["torch"].tensor(z)
        return np.asarray(plain(function(z)), np.float64)

    got = value(GRID)
    leak = getattr(part, "negative_slope", -value(np.array([-1.0]))[0])
    slopes = {"leaky_relu": float(leak), "elu": float(-value(np.array([-100.0]))[0])}
    for known, activation in ACTIVATIONS.items():
        slope = slopes.get(known, 0.01)
        if np.allclose(got, activation.apply(GRID, slope), atol=1e-6):
            return known, slope
    named = getattr(function, "__name__", function)
    raise TypeError(f"{name}: its activation {named} is none of {', '.join(ACTIVATIONS)}")
