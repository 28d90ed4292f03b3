"""Running arrays, PyTorch and Keras models, and pulling gradients back to their inputs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.arguments import array
from course_utils.gates.modules import KERAS, framework_class, plain

Array = NDArray[np.floating]

Pull = Callable[[Array], Array]
"""Takes slopes of a loss in the outputs, shape (count, m), to its slopes in the inputs."""

Run = Callable[[Array], tuple[Array, Pull]]
"""Takes inputs to outputs, and to what pulls slopes back through them."""

_TOKENS = (
    "token numbers have no gradient: start from embedding vectors, and give the part of the "
    "model after the Embedding"
)
_CUT = (
    "no gradient reaches the input: the function should compute its outputs from the input "
    "with differentiable operations, without detach, numpy or no_grad on the way"
)


def runner(function: Any, inputs: Array) -> tuple[Run, Any]:
    """Return how to run a function of such inputs, and the float type that it wants."""
    if isinstance(function, tuple | list):
        return _run_pair(*affine(*function), inputs)
    for layer in getattr(function, "_flatten_layers", tuple)():
        if getattr(layer, "stateful", False):
            raise ValueError(
                f"{layer.name} is stateful: what it returns depends on what it was run on "
                "before, and each step of a descent would change it. Build the model with "
                "stateful=False and set_weights"
            )
    # A model of Keras on PyTorch is a module of PyTorch.
    if framework_class(function, KERAS, ("Layer",)) and not hasattr(function, "named_modules"):
        return _run_keras(function)
    return _run_torch(function, inputs)


def refuse_unsteady(
    function: Any, run: Run, x: Array, low: Any = -np.inf, high: Any = np.inf
) -> None:
    """Refuse what answers a row in another way when it is run again, beside other rows.

    So do states that are kept, dropout, and batch norm that is still in training.
    """
    if isinstance(function, tuple | list):
        return
    others = x.copy()
    others[1:] = np.clip(np.where(x < high, x + 1, x - 1), low, high)[1:]
    kept = _state(function)
    before = [np.array(plain(part)) for part in kept]
    first, _ = run(x)
    second, _ = run(others)
    pairs = list(zip(kept, before, strict=True))
    changed = not all(np.array_equal(plain(part), was, True) for part, was in pairs)
    if changed or not np.allclose(first[:1], second[:1], 1e-4, 1e-6, equal_nan=True):
        for part, was in pairs:
            if hasattr(part, "assign"):
                part.assign(was)
            else:
                part.data.copy_(part.data.new_tensor(was))
        raise ValueError(
            "the function gives the same row another output when it is run again beside other "
            "rows: it keeps a state, or dropout or batch norm in it is in training mode. Give "
            "a function that depends on its input alone, after module.eval() or with "
            "training=False"
        )


def _state(function: Any) -> list[Any]:
    """Return what a model may change as it runs."""
    if hasattr(function, "buffers"):
        return list(function.buffers())
    return list(getattr(function, "non_trainable_variables", ()))


def affine(W: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Return W, shape (inputs, outputs), and b, shape (outputs,), in float64."""
    weights = array(W, "W", (None, None), np.float64)
    return weights, array(b, "b", weights.shape[1:], np.float64)


def _run_pair(W: Array, b: Array, inputs: Array) -> tuple[Run, Any]:
    if inputs.shape[1:] != W.shape[:1]:
        raise ValueError(f"x W + b takes inputs of shape (count, {len(W)}), got {inputs.shape}")
    return lambda x: (x @ W + b, lambda slope: slope @ W.T), np.float64


def _run_torch(function: Any, inputs: Array) -> tuple[Run, Any]:
    import torch

    module = function if isinstance(function, torch.nn.Module) else torch.nn.Module()
    # Keras keeps the state of its random numbers among the parameters.
    weights = (weight for weight in module.parameters() if weight.is_floating_point())
    like = next(weights, torch.from_numpy(inputs[:0]))
    if like.dtype == torch.bfloat16:
        raise TypeError("NumPy has no bfloat16: give module.float()")

    def run(x: Array) -> tuple[Array, Pull]:
        leaf = torch.tensor(x, dtype=like.dtype, device=like.device, requires_grad=True)
        # In training mode dropout changes from step to step, and batch norm mixes the targets.
        training = [part for part in module.modules() if part.training]
        for part in training:
            part.training = False
        try:
            # On a graphics card cuDNN runs no LSTM backwards that is not in training mode.
            with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
                z = function(leaf)
        except RuntimeError as error:
            if "embedding" in str(error):
                raise ValueError(_TOKENS) from error
            raise
        finally:
            for part in training:
                part.training = True
        if not isinstance(z, torch.Tensor):
            what = (
                "give a function that picks one, such as lambda x: module(x)[0][:, -1]"
                if isinstance(z, tuple)
                else "give a Keras model itself, not its predict"
            )
            raise TypeError(
                "the function should return a PyTorch tensor, through which gradients flow, "
                f"got {type(z).__name__}; {what}"
            )
        if not z.requires_grad:
            raise ValueError(_CUT)

        def pull(slope: Array) -> Array:
            weights = torch.tensor(slope, dtype=z.dtype, device=z.device)
            (grad,) = torch.autograd.grad(
                z, leaf, weights, retain_graph=True, allow_unused=True
            )
            if grad is None:
                raise ValueError(_lost(module))
            return grad.cpu().numpy()

        return z.detach().cpu().numpy(), pull

    return run, torch.empty(0, dtype=like.dtype).numpy().dtype


def _run_keras(model: Any) -> tuple[Run, Any]:
    import tensorflow as tf

    def run(x: Array) -> tuple[Array, Pull]:
        leaf = tf.constant(x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(leaf)
            z = model(leaf, training=False)

        def pull(slope: Array) -> Array:
            grad = tape.gradient(z, leaf, tf.cast(slope, z.dtype))
            if grad is None:
                raise ValueError(_lost(model))
            return grad.numpy()

        return z.numpy(), pull

    return run, np.dtype(model.compute_dtype)


def _lost(model: Any) -> str:
    """Say why no gradient reaches the input of a model."""
    inside = model._flatten_layers() if hasattr(model, "_flatten_layers") else model.modules()
    return _TOKENS if "Embedding" in {type(part).__name__ for part in inside} else _CUT


def parts(model: Any) -> list[Any]:
    """Return the layers of a Keras model or a PyTorch Sequential, none of anything else."""
    layers = getattr(model, "layers", None)
    if isinstance(layers, list):
        return layers
    return list(model) if type(model).__name__ == "Sequential" else []


def squashed(model: Any) -> str:
    """Return "sigmoid" or "softmax" if the last layer of a model visibly is one, else ""."""
    while inner := parts(model):
        model = inner[-1]
    activation = getattr(getattr(model, "activation", None), "__name__", "")
    last = {activation, type(model).__name__.lower()} & {"sigmoid", "softmax"}
    return next(iter(last), "")
