"""How frameworks lay out a cell: the orders of blocks, and ONNX's names of activations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from course_utils.arguments import array, fits
from course_utils.gates.cells import Array, two_biases

ORDERS: dict[str, dict[str, tuple[str, ...]]] = {
    "Keras": {
        "LSTM": ("input", "forget", "cell", "output"),
        "GRU": ("update", "reset", "candidate"),
    },
    "PyTorch": {
        "LSTM": ("input", "forget", "cell", "output"),
        "GRU": ("reset", "update", "candidate"),
    },
    "ONNX": {
        "LSTM": ("input", "output", "forget", "cell"),
        "GRU": ("update", "reset", "candidate"),
    },
}
"""The order in which each framework lays the blocks of a cell side by side."""

# Who computes with columns: the blocks stand below each other, (4 units, features).
_TRANSPOSED = {"PyTorch", "ONNX"}
# Who gives every cell an input bias and a recurrent one.
_TWO_BIASES = {"PyTorch", "ONNX"}


@dataclass(frozen=True, eq=False)
class Block:
    """The weights of one gate, as read-only copies.

    Parameters
    ----------
    kernel
        W: what the input is multiplied by, shape (features, units).
    recurrent
        U: what the last h is multiplied by, shape (units, units).
    bias
        b, shape (units,); None in a layer without biases.
    recurrent_bias
        What a GRU with ``reset_after=True`` adds to h U, shape (units,), else None. In an LSTM
        only the sum of the two biases of PyTorch or ONNX matters, and ``bias`` is that sum.

    Examples
    --------
    >>> Block(np.ones((2, 3)), np.zeros((3, 3)), np.zeros(3)).kernel.shape
    (2, 3)
    """

    kernel: Array
    recurrent: Array
    bias: Array | None = None
    recurrent_bias: Array | None = None

    def __post_init__(self) -> None:
        for name, value in list(vars(self).items()):
            if value is not None:
                copy = np.array(array(value, name))
                copy.setflags(write=False)
                object.__setattr__(self, name, copy)
        u = self.kernel.shape[-1:]
        shapes = {"kernel": (None, *u), "recurrent": u + u, "bias": u, "recurrent_bias": u}
        for name, value in vars(self).items():
            if value is not None and not fits(value.shape, shapes[name]):
                raise ValueError(
                    "a block has a kernel (features, units), recurrent (units, units) and "
                    f"biases (units,); got {self!r}"
                )

    def __repr__(self) -> str:
        arrays = (f"{name} {a.shape}" for name, a in vars(self).items() if a is not None)
        return f"Block({', '.join(arrays)})"


def split(
    framework: str, cell: str, W: Array, U: Array, b: Iterable[Array], reset_after: bool = True
) -> dict[str, Block]:
    """Take apart what a framework keeps in one: W, U and its biases, none, one or two."""
    names, biases = ORDERS[framework][cell], list(b)
    if framework in _TRANSPOSED:
        W, U = W.T, U.T
    if len(biases) == 2 and not two_biases(cell, reset_after):
        biases = [np.sum(biases, axis=0)]
    parts = (np.split(fused, len(names), axis=-1) for fused in (W, U, *biases))
    return {name: Block(*arrays) for name, *arrays in zip(names, *parts, strict=True)}


def join(framework: str, cell: str, blocks: Mapping[str, Block]) -> list[Array]:
    """Undo :func:`split`: W, U and the biases; one that only the framework has is 0."""
    ordered = [blocks[name] for name in ORDERS[framework][cell]]
    parts = ([getattr(block, field.name) for block in ordered] for field in fields(Block))
    W, U, *biases = (np.concatenate(p, axis=-1) for p in parts if p[0] is not None)
    if framework in _TRANSPOSED:
        W, U = np.ascontiguousarray(W.T), np.ascontiguousarray(U.T)
    if framework in _TWO_BIASES and len(biases) == 1:
        biases.append(np.zeros_like(biases[0]))
    return [W, U, *biases]


class OnnxWeights(NamedTuple):
    """What the ONNX operators take; for a GRU 3 instead of 4 and 6 instead of 8."""

    W: Array
    """Input weights, shape (1, 4 units, features)."""
    R: Array
    """Recurrent weights, shape (1, 4 units, units)."""
    B: Array | None
    """Input biases, then recurrent ones, shape (1, 8 units); or None."""
    attributes: dict[str, Any]
    """The operator's attributes by name."""


# ONNX's name of each activation, with alpha and beta where it takes these numbers.
_ONNX: dict[str, tuple[Any, ...]] = {
    "tanh": ("Tanh",),
    "relu": ("Relu",),
    "sigmoid": ("Sigmoid",),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
    "hard_sigmoid_0.2": ("HardSigmoid", 0.2, 0.5),
    "linear": ("Affine", 1.0, 0.0),
}
_ONNX_DEFAULTS = {"hardsigmoid": (0.2, 0.5), "affine": (1.0, 0.0)}
# Which field of Gates each activation of an operator is.
_ONNX_ROLES = {
    "LSTM": ("recurrent_activation", "activation", "activation"),
    "GRU": ("recurrent_activation", "activation"),
}


def text(value: str | bytes) -> str:
    """Return a string attribute: onnx gives them as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def read_onnx_activations(
    cell: str,
    names: Sequence[str | bytes] | None,
    alphas: Sequence[float],
    betas: Sequence[float],
) -> dict[str, str]:
    """Return the activations of an operator by the fields of ``Gates``."""
    roles = _ONNX_ROLES[cell]
    given = [text(name) for name in names or ("Sigmoid", "Tanh", "Tanh")[: len(roles)]]
    alpha, beta, found = iter(alphas), iter(betas), []
    for name in given:
        default = _ONNX_DEFAULTS.get(name.lower())
        numbers = [next(alpha, default[0]), next(beta, default[1])] if default else []
        found += [
            ours
            for ours, (theirs, *want) in _ONNX.items()
            # ONNX stores its numbers in float32.
            if theirs.lower() == name.lower() and np.allclose(numbers, want, rtol=1e-6)
        ]
    activations = dict(zip(roles, found, strict=False))
    if list(map(activations.get, roles)) != found or [*alpha, *beta]:
        raise ValueError(
            f"an ONNX {cell} of one direction has the activations {roles}, the same one under "
            f"the same name, each of {list(_ONNX.values())}, name, alpha and beta; got {given} "
            f"with alpha {list(alphas)} and beta {list(betas)}"
        )
    return activations


def write_onnx_activations(cell: str, activations: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the attributes of an operator; undo :func:`read_onnx_activations`."""
    used = [_ONNX[activations[role]] for role in _ONNX_ROLES[cell]]
    columns = {
        "activations": [name for name, *_ in used],
        "activation_alpha": [numbers[0] for _, *numbers in used if numbers],
        "activation_beta": [numbers[1] for _, *numbers in used if numbers],
    }
    return {name: values for name, values in columns.items() if values}
