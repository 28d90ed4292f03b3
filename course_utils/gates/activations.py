"""Activations: by name, by what they compute, and as ONNX calls them."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from course_utils.gates.modules import Array, refuse_weights

Function = Callable[[Array, Array], Any]
"""Writes activation(z) into its second argument."""

Activation = str | Callable[[Array], Any]
"""A name, an operator of ONNX with its numbers such as "Elu(0.5)", or a function of arrays."""

# ONNX's formulas, with the numbers they take and the values these have if left out.
_FORMULAS: dict[str, tuple[tuple[float, ...], Callable[..., Array]]] = {
    "Affine": ((1.0, 0.0), lambda z, a, b: a * z + b),
    "Elu": ((1.0,), lambda z, a: np.where(z < 0, a * np.expm1(np.minimum(z, 0)), z)),
    "HardSigmoid": ((0.2, 0.5), lambda z, a, b: np.clip(a * z + b, 0, 1)),
    "LeakyRelu": ((0.01,), lambda z, a: np.where(z < 0, a * z, z)),
    "Relu": ((), lambda z: np.maximum(z, 0)),
    "ScaledTanh": ((1.0, 1.0), lambda z, a, b: a * np.tanh(b * z)),
    "Sigmoid": ((), lambda z: 1 / (1 + np.exp(-z))),
    "Softplus": ((), lambda z: np.logaddexp(0, z)),
    "Softsign": ((), lambda z: z / (1 + np.abs(z))),
    "Tanh": ((), np.tanh),
    "ThresholdedRelu": ((1.0,), lambda z, a: np.where(z > a, z, 0)),
}
ACTIVATIONS: dict[str, tuple[Any, ...]] = {
    "tanh": ("Tanh",),
    "relu": ("Relu",),
    "sigmoid": ("Sigmoid",),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "hard_sigmoid_0.2": ("HardSigmoid", 0.2, 0.5),
    "linear": ("Affine", 1.0, 0.0),
    "elu": ("Elu", 1.0),
    "leaky_relu": ("LeakyRelu", 0.2),
    "softplus": ("Softplus",),
    "softsign": ("Softsign",),
}
"""The names of activations, and the operator of ONNX, with its numbers, that each is."""


def _sigmoid(z: Array, out: Array) -> None:
    # (1 + tanh(z / 2)) / 2 is the same function, but rounds a nearly closed gate to 0.
    # Not np.negative: in NumPy 2.4.6 it is wrong for some arrays with gaps, such as float64
    # numbers 64 bytes apart written to an out of that kind.
    np.multiply(z, -1, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


# The usual ones write where they are told to, which is faster.
_IN_PLACE: dict[str, Function] = {
    "Tanh": lambda z, out: np.tanh(z, out=out),
    "Relu": lambda z, out: np.maximum(z, 0, out=out),
    "Sigmoid": _sigmoid,
}


def operator(activation: Activation) -> tuple[str, list[float]]:
    """Return ONNX's name and numbers of an activation, or say that there are none."""
    if isinstance(activation, str):
        if activation in ACTIVATIONS:
            return ACTIVATIONS[activation][0], list(ACTIVATIONS[activation][1:])
        form = re.fullmatch(r"(\w+)\((.*)\)", activation)
        if form and form[1] in _FORMULAS:
            numbers = [float(number) for number in form[2].split(",") if number.strip()]
            if len(numbers) == len(_FORMULAS[form[1]][0]):
                return form[1], numbers
    raise ValueError(
        f"an activation should be one of {list(ACTIVATIONS)}, an operator of ONNX with its "
        f'numbers such as "Elu(0.5)", or a function of arrays, got {activation!r}'
    )


def in_place(activation: Activation) -> Function:
    """Return what writes activation(z) into an array."""
    if callable(activation):
        return lambda z, out: np.copyto(out, activation(z))
    name, numbers = operator(activation)
    if name in _IN_PLACE:
        return _IN_PLACE[name]
    formula = _FORMULAS[name][1]
    return lambda z, out: np.copyto(out, formula(z, *numbers))


def shown(activation: Activation) -> str:
    """Return how an activation is called."""
    if isinstance(activation, str):
        return activation
    return str(getattr(activation, "__name__", type(activation).__name__))


_SIZES = np.concatenate([np.geomspace(1e-4, 1e4, 99), np.linspace(0, 8, 33)])
GRID: Array = np.concatenate([-_SIZES, _SIZES])
"""Where activations are compared: near 0 and far out too, for a threshold or a ceiling."""


def recognise(function: Any, role: str) -> Activation:
    """Return the name of a Keras activation, found by what it computes, or the function itself.

    Its own name would not do: the hard_sigmoid of Keras 2 is another function than that of
    Keras 3.
    """

    def evaluated(z: Array) -> Array:
        try:
            return np.asarray(function(z))
        except Exception:  # functions of Keras 2 take tensors alone
            if "tensorflow" not in sys.modules:
                raise
            return np.asarray(function(sys.modules["tensorflow"].constant(z)))

    refuse_weights(function, role)
    z = GRID.astype(np.float32)
    name = shown(function)
    try:
        got = evaluated(z)
    except Exception as error:  # an unknown function may fail in any way
        raise ValueError(f"{role} {name!r} cannot be evaluated on an array: {error}") from None
    if got.shape != z.shape:
        raise ValueError(f"{role} {name!r} turns {z.shape} numbers into {got.shape}")
    want = np.empty_like(z)
    for known in ACTIVATIONS:
        with np.errstate(over="ignore"):
            in_place(known)(z, want)
        if np.allclose(got, want, atol=1e-6):
            return known
    evaluated.__name__ = name
    return evaluated


_NO_DEFAULT = ("Affine", "ScaledTanh", "ThresholdedRelu")
# Which field of Gates each activation of an operator is.
_ROLES = {
    "LSTM": ("recurrent_activation", "activation", "output_activation"),
    "GRU": ("recurrent_activation", "activation"),
    "RNN": ("activation",),
}


def read_onnx(
    cell: str,
    names: Sequence[str | bytes] | None,
    alphas: Iterator[float],
    betas: Iterator[float],
) -> dict[str, str]:
    """Return the activations of one direction of an operator by the fields of ``Gates``."""
    roles, found = _ROLES[cell], []
    usual = ("Tanh",) if cell == "RNN" else ("Sigmoid", "Tanh", "Tanh")
    given = [n.decode() if isinstance(n, bytes) else n for n in names or usual[: len(roles)]]
    by_lower = {name.lower(): name for name in _FORMULAS}
    if len(given) != len(roles) or any(name.lower() not in by_lower for name in given):
        raise ValueError(
            f"an ONNX {cell} of one direction has {len(roles)} activations of "
            f"{list(_FORMULAS)}, got {given}"
        )
    for name in (by_lower[n.lower()] for n in given):
        numbers = [
            next(stream, np.nan if name in _NO_DEFAULT else default)
            for stream, default in zip((alphas, betas), _FORMULAS[name][0], strict=False)
        ]
        if np.isnan(numbers).any():
            raise ValueError(
                f"ONNX has no usual numbers for {name}: say its activation_alpha"
                f"{' and activation_beta' * (len(numbers) > 1)}"
            )
        ours = (
            known
            for known, (theirs, *want) in ACTIVATIONS.items()
            # ONNX stores its numbers in float32.
            if theirs == name and np.allclose(numbers, want, rtol=1e-6)
        )
        form = f"{name}({', '.join(f'{number:.7g}' for number in numbers)})"
        found.append(next(ours, form))
    activations = dict(zip(roles, found, strict=True))
    if activations.get("output_activation") == activations["activation"]:
        del activations["output_activation"]
    return activations


def write_onnx(cell: str, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the attributes of an operator; undo :func:`read_onnx`."""
    used = [operator(fields[role] or fields["activation"]) for role in _ROLES[cell]]
    columns: dict[str, list[Any]] = {
        "activations": [name for name, _ in used],
        "activation_alpha": [numbers[0] for _, numbers in used if numbers],
        "activation_beta": [numbers[1] for _, numbers in used if len(numbers) > 1],
    }
    return {name: values for name, values in columns.items() if values}
