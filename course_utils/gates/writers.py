"""Lay the blocks of ``Gates`` out as a framework wants them, or say what it cannot hold."""

from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.gates.activations import shown, write_onnx
from course_utils.gates.layouts import OnnxWeights, join
from course_utils.gates.modules import Array
from course_utils.gates.readers import torch_names

if TYPE_CHECKING:
    from course_utils.gates.weights import Gates


def describe(gates: "Gates") -> str:
    """Return one line on a layer, for people."""
    options: dict[str, Any] = {"activation": shown(gates.activation)}
    if gates.cell != "RNN":
        options["recurrent_activation"] = shown(gates.recurrent_activation)
    if gates.output_activation is not None:
        options["output_activation"] = shown(gates.output_activation)
    if gates.cell == "GRU":
        options["reset_after"] = gates.reset_after
    if gates.clip is not None:
        options["clip"] = gates.clip
    flags = ("reverse", "time_major", "masked", "started", "zero_padded")
    marks = {name: getattr(gates, name) for name in flags}
    marks["peepholes"] = gates.sees_c
    marks[f"projection to {gates.size}"] = gates.projection is not None
    fields = [f"{name} {value}" for name, value in options.items()]
    fields += [name for name, there in marks.items() if there]
    return (
        f"Gates({gates.cell}, features {gates.features}, units {gates.units}, {gates.dtype}, "
        f"{', '.join(fields)})"
    )


def _refuse(gates: "Gates", target: str, *able: str) -> None:
    """Say what a target cannot express."""
    has = {
        "peepholes": gates.sees_c,
        "clip": gates.clip is not None,
        "projection": gates.projection is not None,
        "other activation for c": gates.output_activation is not None,
    }
    if cannot := [name for name, there in has.items() if there and name not in able]:
        raise ValueError(
            f"{target} can hold no {' and no '.join(cannot)}, which these gates have: run them "
            "with trace"
        )


def to_keras(gates: "Gates") -> list[Array]:
    """Return the weights for ``set_weights``."""
    _refuse(gates, "a layer of Keras")
    if "hard_sigmoid_0.2" in (gates.activation, gates.recurrent_activation):
        raise ValueError(
            "Keras 3 has no 0.2 z + 0.5: its hard_sigmoid is z / 6 + 0.5. If your layer "
            "computes the old one, take the weights with dataclasses.replace(gates, "
            'recurrent_activation="hard_sigmoid").to_keras()'
        )
    W, U, *biases = join("Keras", gates.cell, gates.blocks)
    return [W, U, np.stack(biases)] if len(biases) == 2 else [W, U, *biases]


def to_torch(gates: "Gates", layer: int) -> dict[str, Any]:
    """Return the weights for ``load_state_dict``."""
    _refuse(gates, "a module of PyTorch", "projection")
    plain = gates.cell == "RNN"
    able = ("tanh", "relu") if plain else ("tanh",)
    if gates.activation not in able or not (plain or gates.recurrent_activation == "sigmoid"):
        raise ValueError(
            f"PyTorch's cells have {' or '.join(able)}{'' if plain else ' and sigmoid'} built "
            f"in, these gates have activation {shown(gates.activation)} and "
            f"recurrent_activation {shown(gates.recurrent_activation)}: train with tanh and "
            "sigmoid, or use to_onnx or to_keras"
        )
    if gates.cell == "GRU" and not gates.reset_after:
        raise ValueError(
            "PyTorch's GRU resets after the product with U: train the Keras layer with "
            "reset_after=True, or move these gates with to_onnx"
        )
    import torch

    arrays = map(torch.from_numpy, join("PyTorch", gates.cell, gates.blocks))
    *names, last = torch_names(layer, gates.reverse)
    state = dict(zip(names, arrays, strict=False))  # without biases two names are left
    if gates.projection is not None:
        state[last] = torch.from_numpy(gates.projection.T.copy())
    return state


def to_onnx(gates: "Gates") -> OnnxWeights:
    """Return the inputs and attributes of an operator."""
    _refuse(gates, "three arrays of ONNX", "clip", "other activation for c")
    W, U, *biases = join("ONNX", gates.cell, gates.blocks)
    attributes: dict[str, Any] = {
        "hidden_size": gates.units,
        "direction": "reverse" if gates.reverse else "forward",
        **write_onnx(gates.cell, vars(gates)),
    }
    if gates.cell == "GRU":
        attributes["linear_before_reset"] = int(gates.reset_after)
    if gates.clip is not None:
        attributes["clip"] = gates.clip
    B = np.concatenate(biases)[np.newaxis] if biases else None
    return OnnxWeights(W[np.newaxis], U[np.newaxis], B, attributes)
