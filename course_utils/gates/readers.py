"""Read one layer of Keras, PyTorch or ONNX into the fields of ``Gates``.

Readers go by what a layer has, so that no framework is imported.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.arguments import array
from course_utils.gates.cells import ACTIVATIONS, CELLS, named
from course_utils.gates.layouts import read_onnx_activations, split, text
from course_utils.gates.modules import (
    KERAS,
    TORCH,
    framework_class,
    plain,
    refuse_own_code,
    torch_weights,
)


def from_keras(layer: Any) -> dict[str, Any]:
    """Read a built Keras layer."""
    example = "model.layers[0] or, of a Bidirectional, its forward_layer"
    cell = _cell_name(layer, "Keras", KERAS, example)
    if not layer.built:
        raise ValueError(
            "this layer has no weights yet: call it on data first, or "
            "layer.build((None, None, features))"
        )
    inner = framework_class(layer.cell, KERAS, [f"{cell}Cell"])
    if inner is None:
        raise TypeError(
            f"the cell of this layer is a {type(layer.cell).__name__}, no {cell}Cell"
        )
    refuse_own_code(layer.cell, inner)
    names = [weight.name.split("/")[-1].split(":")[0] for weight in layer.weights]
    if own := set(names) - {"kernel", "recurrent_kernel", "bias"}:
        raise TypeError(
            f"this {type(layer).__name__} has weights of its own, {sorted(own)}, that no plain "
            f"{cell} has"
        )
    W, U, *biases = (np.asarray(plain(weights)) for weights in layer.get_weights())
    reset_after = bool(getattr(layer, "reset_after", True))
    rows = biases[0].reshape(-1, W.shape[1]) if biases else ()
    # Where the layer was called, a mask of Masking or Embedding came along with its input.
    calls = getattr(layer, "_inbound_nodes", ())
    masks = (getattr(x, "_keras_mask", None) for node in calls for x in node.input_tensors)
    return {
        "cell": cell,
        "blocks": split("Keras", cell, W, U, rows, reset_after),
        "activation": _recognise(layer.activation, "activation"),
        "recurrent_activation": _recognise(layer.recurrent_activation, "recurrent_activation"),
        "reset_after": reset_after,
        "reverse": bool(layer.go_backwards),
        "time_major": bool(getattr(layer, "time_major", False)),
        "masked": any(mask is not None for mask in masks),
    }


def from_torch(module: Any, layer: int, reverse: bool) -> dict[str, Any]:
    """Read one layer and direction of a PyTorch module."""
    cell = _cell_name(module, "PyTorch", TORCH, "model.lstm")
    names = torch_names(layer, reverse)
    if not hasattr(module, names[0]):
        raise ValueError(
            f"this module has no {names[0]}: layers count from 0 to {module.num_layers - 1}, "
            "and reverse needs bidirectional=True"
        )
    weights = torch_weights(module, [n for part in module._all_weights for n in part])
    W, U, *biases = (weights[name] for name in names if name in weights)
    return {
        "cell": cell,
        "blocks": split("PyTorch", cell, W, U, biases),
        "reverse": reverse,
        "time_major": not module.batch_first,
    }


def torch_names(layer: int, reverse: bool) -> list[str]:
    """Return PyTorch's names of W, U and both biases of a layer and direction."""
    end = f"_l{layer}{'_reverse' if reverse else ''}"
    return [part + end for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def from_onnx(
    W: ArrayLike,
    R: ArrayLike,
    B: ArrayLike | None,
    cell: str,
    *,
    P: ArrayLike | None = None,
    activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (),
    activations: Sequence[str | bytes] | None = None,
    clip: float | None = None,
    direction: str | bytes = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
    linear_before_reset: int = 0,
) -> dict[str, Any]:
    """Read inputs and attributes of an ONNX operator."""
    for used, what in (
        (P is not None and np.any(P), "P lets the gates see c (peepholes)"),
        (clip is not None, f"clip = {clip} bounds the pre-activations"),
        (input_forget, "input_forget couples the input gate to the forget gate"),
    ):
        if used:
            raise ValueError(f"{what}, which neither Keras nor PyTorch can: train without it")
    if (way := text(direction)) not in ("forward", "reverse"):
        raise ValueError(
            f"direction should be 'forward' or 'reverse', got {way!r}: read a bidirectional "
            "operator twice, W[:1], R[:1], B[:1] as 'forward' and W[1:], R[1:], B[1:] as "
            "'reverse'"
        )
    units = hidden_size or np.shape(R)[-1]
    rows = len(named(cell).blocks) * units
    w, r = array(W, "W", (1, rows, None)), array(R, "R", (1, rows, units))
    biases = () if B is None else array(B, "B", (1, 2 * rows)).reshape(2, rows)
    reset_after = cell != "GRU" or bool(linear_before_reset)
    return {
        "cell": cell,
        "blocks": split("ONNX", cell, w[0], r[0], biases, reset_after),
        "reset_after": reset_after,
        "reverse": way == "reverse",
        "time_major": not layout,
        **read_onnx_activations(cell, activations, activation_alpha, activation_beta),
    }


def _cell_name(layer: Any, framework: str, homes: tuple[str, ...], example: str) -> str:
    """Return the name of a layer's cell, or say that this is no such layer."""
    base = framework_class(layer, homes, CELLS)
    if base is None:
        raise TypeError(
            f"wanted an {' or '.join(CELLS)} layer of {framework}, got "
            f"{type(layer).__module__}.{type(layer).__name__}: pass the layer itself, such as "
            f"{example}, to the method named after its framework"
        )
    refuse_own_code(layer, base)
    return base.__name__


def _recognise(function: Any, role: str) -> str:
    """Return the name of a Keras activation, found by what it computes.

    Its own name would not do: the hard_sigmoid of Keras 2 is another function than that of
    Keras 3.
    """
    # Near 0 and far out too, where a threshold or a ceiling shows.
    sizes = np.concatenate([np.geomspace(1e-4, 1e4, 99), np.linspace(0, 8, 33)])
    z = np.concatenate([-sizes, sizes]).astype(np.float32)
    got, trouble = np.empty(0), None
    # Functions of Keras 2 take tensors alone; a function may fail in any way.
    for given in (lambda: z, lambda: sys.modules["tensorflow"].constant(z)):
        try:
            got, trouble = np.asarray(function(given())), None
            break
        except Exception as error:
            trouble = trouble or error
    want = np.empty_like(z)
    for name, activation in ACTIVATIONS.items():
        with np.errstate(over="ignore"):
            activation(z, want)
        if got.shape == z.shape and np.allclose(got, want, atol=1e-6):
            return name
    shown = getattr(function, "__name__", function)
    if trouble:
        raise ValueError(f"{role} {shown!r} cannot be evaluated on an array: {trouble}")
    raise ValueError(f"{role} is {shown!r}, which is none of {list(ACTIVATIONS)}")
