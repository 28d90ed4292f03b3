"""Read a live layer of Keras or PyTorch, or an ONNX operator, into the fields of ``Gates``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from course_utils.arguments import array
from course_utils.gates.activations import read_onnx, recognise
from course_utils.gates.cells import CELLS, named
from course_utils.gates.layouts import assemble
from course_utils.gates.modules import (
    KERAS,
    TORCH,
    Options,
    framework_class,
    plain,
    refuse_own_code,
    torch_weights,
)

KERAS_CELLS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}
"""What Keras calls its layers, and the cell of each; a single step ends in Cell."""
TORCH_LAYERS = (*CELLS, *(f"{cell}Cell" for cell in CELLS))


def from_keras(layer: Any) -> Options:
    """Read a built Keras layer, or a cell by itself or in a layer RNN."""
    steps = [f"{kind}Cell" for kind in KERAS_CELLS]
    base = framework_class(layer, KERAS, (*KERAS_CELLS, "RNN", *steps))
    single = base is not None and base.__name__.endswith("Cell")
    cell: Any = layer if single else getattr(layer, "cell", None)
    kind = framework_class(cell, KERAS, steps)
    if base is None or (kind is None and base.__name__ == "RNN"):
        raise _no_layer(layer if base is None else cell, "Keras", "model.layers[0]")
    refuse_own_code(layer, base)
    if kind is None or base.__name__ not in ("RNN", kind.__name__, kind.__name__[:-4]):
        raise TypeError(
            f"the cell of this layer is a {type(cell).__name__}, no {base.__name__}Cell"
        )
    refuse_own_code(cell, kind)
    if not layer.built:
        raise ValueError(
            "this layer has no weights yet: call it on data first, or "
            "layer.build((None, None, features))"
        )
    weights = {w.name.split("/")[-1].split(":")[0]: w for w in layer.weights}
    if own_weights := set(weights) - {"kernel", "recurrent_kernel", "bias"}:
        raise TypeError(
            f"this {type(layer).__name__} has weights of its own, {sorted(own_weights)}, that "
            f"no plain {base.__name__} has"
        )
    told: Options = {
        "cell": KERAS_CELLS[kind.__name__[:-4]],
        "activation": recognise(cell.activation, "activation"),
        "reset_after": bool(getattr(cell, "reset_after", True)),
        "reverse": bool(getattr(layer, "go_backwards", False)),
        "time_major": bool(getattr(layer, "time_major", False)),
        "zero_padded": bool(getattr(layer, "zero_output_for_mask", False)),
        **_beside_x(layer),
    }
    if told["cell"] != "RNN":
        told["recurrent_activation"] = recognise(
            cell.recurrent_activation, "recurrent_activation"
        )
    return assemble("Keras", dict(zip("WUb", layer.get_weights(), strict=False)), told)


def _beside_x(layer: Any) -> dict[str, bool]:
    """Say whether a model gives a layer a mask, with its input or apart, or first states."""
    masked = started = False
    recurrent = framework_class(layer, KERAS, ("RNN", "Bidirectional"))
    for node in getattr(layer, "_inbound_nodes", ()):
        called = getattr(node, "arguments", None)  # those of Keras 3
        args = called.args if called else node.call_args
        kwargs = called.kwargs if called else node.call_kwargs
        inputs = node.input_tensors
        inputs = inputs if isinstance(inputs, list | tuple) else [inputs]
        masks = [getattr(x, "_keras_mask", None) for x in inputs] + [kwargs.get("mask")]
        if recurrent:
            state = [kwargs.get("initial_state"), *args[1:2]]
            masks += args[2:3]
            # Keras 2 puts the states beside the input.
            started |= any(each is not None for each in state) or isinstance(args[0], list)
        masked |= any(mask is not None for mask in masks)
    return {"masked": masked, "started": started}


def from_torch(module: Any, layer: int, reverse: bool) -> Options:
    """Read one layer and direction of a PyTorch module, or a cell."""
    base = framework_class(module, TORCH, TORCH_LAYERS)
    if base is None:
        raise _no_layer(module, "PyTorch", "model.lstm")
    refuse_own_code(module, base)
    single = base.__name__.endswith("Cell")
    if single and (layer or reverse):
        raise ValueError(f"a {base.__name__} has one layer and one direction")
    names = torch_names("" if single else layer, reverse)
    if names[0] not in dir(module):  # hasattr would compute a parametrized weight
        raise ValueError(
            f"this module has no {names[0]}: layers count from 0 to {module.num_layers - 1}, "
            "and reverse needs bidirectional=True"
        )
    flat = names[:4] if single else [n for part in module._all_weights for n in part]
    weights = torch_weights(module, flat)
    told: Options = {
        "cell": base.__name__.removesuffix("Cell"),
        "reverse": reverse,
        "time_major": not getattr(module, "batch_first", True),
    }
    if told["cell"] == "RNN":
        told["activation"] = module.nonlinearity
    parts = {k: weights[n] for k, n in zip("WUbcR", names, strict=True) if n in weights}
    return assemble("PyTorch", parts, told)


def torch_names(layer: int | str, reverse: bool) -> list[str]:
    """Return PyTorch's names of W, U, both biases and the projection of a layer."""
    end = "" if layer == "" else f"_l{layer}{'_reverse' if reverse else ''}"
    return [p + end for p in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")]


def from_onnx(
    inputs: Mapping[str, Any],
    cell: str = "LSTM",
    *,
    activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (),
    activations: Sequence[str | bytes] | None = None,
    clip: float | None = None,
    direction: str | bytes = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
    linear_before_reset: int = 0,
) -> list[Options]:
    """Read inputs W, R, B, P and attributes of an operator: fields for each direction."""
    way = direction.decode() if isinstance(direction, bytes) else direction
    if way not in ("forward", "reverse", "bidirectional"):
        raise ValueError(
            f"direction should be 'forward', 'reverse' or 'bidirectional', got {way!r}"
        )
    if input_forget:
        raise ValueError("an LSTM with input_forget, whose f is 1 - i, is not read")
    ways = [False, True] if way == "bidirectional" else [way == "reverse"]
    units, blocks = hidden_size or np.shape(inputs["R"])[-1], len(named(cell).blocks)
    shapes: dict[str, tuple[int | None, ...]] = {
        "W": (blocks * units, None),
        "R": (blocks * units, units),
    }
    shapes |= {"B": (2 * blocks * units,), "P": (3 * units,)}
    given = {
        name: array(plain(inputs[name]), name, (len(ways), *shape))
        for name, shape in shapes.items()
        if inputs.get(name) is not None
    }
    alphas, betas = iter(activation_alpha), iter(activation_beta)
    found = list(_directions(cell, given, ways, activations, alphas, betas))
    if rest := [*alphas, *betas]:
        raise ValueError(f"activations {activations} leave alpha or beta {rest} unused")
    told = {"cell": cell, "time_major": not layout, "clip": clip}
    told["reset_after"] = cell != "GRU" or bool(linear_before_reset)
    return [assemble("ONNX", parts, told | more) for parts, more in found]


def _directions(
    cell: str,
    given: Mapping[str, Any],
    ways: Sequence[bool],
    activations: Sequence[str | bytes] | None,
    alphas: Iterator[float],
    betas: Iterator[float],
) -> Iterator[tuple[dict[str, Any], Options]]:
    """Yield the arrays and the activations of each direction."""
    each = len(activations or ()) // len(ways)
    for k, reverse in enumerate(ways):
        names = (
            activations
            and activations[k * each : (k + 1) * each if k + 1 < len(ways) else None]
        )
        more = read_onnx(cell, names, alphas, betas)
        W, R = given["W"][k], given["R"][k]
        b, c = np.split(given["B"][k], 2) if "B" in given else (None, None)
        P = given["P"][k] if "P" in given and given["P"].any() else None
        yield {"W": W, "U": R, "b": b, "c": c, "P": P}, {"reverse": reverse, **more}


def of_model(model: Any) -> Iterator[tuple[str, tuple[int, bool], str, Options]]:
    """Yield the layers of a live model: name, place and direction, framework, fields."""
    if framework_class(model, KERAS, ("Layer",)):
        # A mask may pass through layers that show no trace of it: asked once too often then.
        masked = any(
            getattr(part, "mask_zero", False)
            or framework_class(part, KERAS, ("Masking",))
            or _beside_x(part)["masked"]
            for part in model._flatten_layers()
        )
        for name, at, layer, around in _keras_layers(model):
            fields = from_keras(layer)
            fields["masked"] = masked
            fields["started"] |= _beside_x(around)["started"]
            fields["reverse"] |= bool(getattr(around, "go_backwards", False))
            yield name, at, "Keras", fields
        return
    for name, module in model.named_modules():
        if framework_class(module, TORCH, TORCH_LAYERS):
            for k in range(getattr(module, "num_layers", 1)):
                for way in (False, True)[: 1 + getattr(module, "bidirectional", False)]:
                    yield name, (k, way), "PyTorch", from_torch(module, k, way)
        elif type(module).__name__ in TORCH_LAYERS and "quant" in type(module).__module__:
            raise _no_layer(module, "PyTorch", "")


def _keras_layers(
    layer: Any, name: str = ""
) -> Iterator[tuple[str, tuple[int, bool], Any, Any]]:
    """Yield the recurrent layers in one of Keras: name, place and direction, what is around."""
    called = name or layer.name
    if framework_class(layer, KERAS, ("Bidirectional",)):
        yield called, (0, False), layer.forward_layer, layer
        yield called, (0, True), layer.backward_layer, layer
    elif framework_class(getattr(layer, "cell", None), KERAS, ("StackedRNNCells",)):
        for place, cell in enumerate(layer.cell.cells):
            yield called, (place, False), cell, layer
    elif framework_class(layer, KERAS, ("RNN", "LSTMCell", "GRUCell", "SimpleRNNCell")):
        yield called, (0, False), layer, layer
    else:
        for inner in layer._flatten_layers(include_self=False, recursive=False):
            yield from _keras_layers(inner, f"{name}/{inner.name}" if name else inner.name)


def _no_layer(layer: Any, framework: str, example: str) -> TypeError:
    """Say that this is no layer of a framework, and what would be one."""
    kind = f"{type(layer).__module__}.{type(layer).__name__}"
    if isinstance(layer, list | dict | tuple) or hasattr(layer, "files"):
        what = "read arrays with read_gates(arrays, framework=...)"
    elif "quant" in kind:
        what = (
            "it is quantised: read the layer from before, or put its dequantised weights there"
        )
    elif type(layer).__name__ in ("Bidirectional", "StackedRNNCells"):
        what = "read all of it with read_gates, or one of its layers such as its forward_layer"
    else:
        what = (
            f"pass the layer itself, such as {example}, to the method named after its framework"
        )
    return TypeError(
        f"wanted an LSTM, GRU or plain RNN layer of {framework}, got {kind}: {what}"
    )
