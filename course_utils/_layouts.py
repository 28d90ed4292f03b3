"""How Keras, PyTorch and ONNX write down a cell: names, orders, activations.

Behind :mod:`course_utils.gates`. Works by duck typing: no framework is imported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isclose
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils._cells import ACTIVATIONS, Array
from course_utils._check import number, real, whole

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

# ONNX's name of each activation, with alpha and beta where it takes these numbers.
_ONNX: dict[str, tuple[str, tuple[float, float] | None]] = {
    "tanh": ("Tanh", None),
    "relu": ("Relu", None),
    "sigmoid": ("Sigmoid", None),
    "hard_sigmoid": ("HardSigmoid", (1 / 6, 0.5)),
    "hard_sigmoid_0.2": ("HardSigmoid", (0.2, 0.5)),
    "linear": ("Affine", (1.0, 0.0)),
}
_ONNX_DEFAULTS = {"hardsigmoid": (0.2, 0.5), "affine": (1.0, 0.0)}


def _float_array(value: ArrayLike, name: str) -> Array:
    """Return a read-only copy, or say why the value cannot be a weight."""
    array = np.array(real(value, name))
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"{name} should be float32 or float64, got {array.dtype}: convert it with "
            ".astype(np.float32)"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} should be finite, got NaN or infinity")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Block:
    """The weights of one gate, as read-only copies in float32 or float64.

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

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64.
    ValueError
        If an entry is NaN or infinite.

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
        for field in fields(self):
            needed = field.name in ("kernel", "recurrent")
            if (value := getattr(self, field.name)) is not None or needed:
                object.__setattr__(self, field.name, _float_array(value, field.name))
        u = self.recurrent.shape[0] if self.recurrent.ndim else 0
        fits = self.kernel.ndim == 2 and self.kernel.shape[1] == u
        biases = [b for b in (self.bias, self.recurrent_bias) if b is not None]
        if not fits or self.recurrent.shape != (u, u) or any(b.shape != (u,) for b in biases):
            raise ValueError(
                "a block has a kernel (features, units), recurrent (units, units) and biases "
                f"(units,); got {self!r}"
            )

    def __repr__(self) -> str:
        arrays = ((field.name, getattr(self, field.name)) for field in fields(self))
        shapes = (f"{name} {array.shape}" for name, array in arrays if array is not None)
        return f"Block({', '.join(shapes)})"


class OnnxWeights(NamedTuple):
    """What the ONNX operators LSTM and GRU take: three inputs and the attributes.

    :meth:`course_utils.gates.Gates.from_onnx` takes them back.

    Examples
    --------
    >>> from course_utils.gates import Gates
    >>> weights = Gates.from_onnx(np.ones((1, 8, 3)), np.ones((1, 8, 2))).to_onnx()
    >>> weights.W.shape, weights.B, weights.attributes["hidden_size"]
    ((1, 8, 3), None, 2)
    """

    W: Array
    """Input weights, shape (1, 4 units, features); for a GRU 3 units."""

    R: Array
    """Recurrent weights, shape (1, 4 units, units); for a GRU 3 units."""

    B: Array | None
    """Input biases, then recurrent ones, (1, 8 units), for a GRU (1, 6 units); or None."""

    attributes: dict[str, Any]
    """The operator's attributes by name."""


def split(framework: str, cell: str, W: Array, U: Array, b: Array | None) -> dict[str, Block]:
    """Take apart what lies side by side: W (features, 4 units), U, and b with a row a bias."""
    names = ORDERS[framework][cell]
    rows = [] if b is None else list(b)
    parts = (np.split(array, len(names), axis=-1) for array in (W, U, *rows))
    return {name: Block(*arrays) for name, *arrays in zip(names, *parts, strict=True)}


def join(
    framework: str, cell: str, blocks: Mapping[str, Block]
) -> tuple[Array, Array, Array | None]:
    """Undo :func:`split`."""
    ordered = [blocks[name] for name in ORDERS[framework][cell]]
    arrays = ([getattr(block, field.name) for block in ordered] for field in fields(Block))
    W, U, *rows = (np.concatenate(a, axis=-1) for a in arrays if a[0] is not None)
    return W, U, np.stack(rows) if rows else None


def one_row(b: Array | None) -> Array | None:
    """Add up the biases of a cell in which only their sum matters."""
    return b if b is None else b.sum(axis=0, keepdims=True)


def two_rows(b: Array) -> Array:
    """Return the two biases of a cell, the second 0 if it has only one."""
    return b if len(b) == 2 else np.concatenate([b, np.zeros_like(b)])


def block_names(cell: str) -> tuple[str, ...]:
    """Return the names of the blocks of a cell, in the order of Keras."""
    if not isinstance(cell, str) or cell not in ORDERS["Keras"]:
        raise ValueError(f"cell should be 'LSTM' or 'GRU', got {cell!r}")
    return ORDERS["Keras"][cell]


def cell_name(layer: Any, attribute: str, framework: str, example: str) -> str:
    """Return "LSTM" or "GRU", or say that this is no such layer of the framework."""
    found = {c.__name__ for c in type(layer).__mro__} & {"LSTM", "GRU"}
    if not found or not hasattr(layer, attribute):
        raise TypeError(
            f"wanted an LSTM or GRU layer of {framework}, got {type(layer).__module__}."
            f"{type(layer).__name__}: pass the layer itself, such as {example}, to the method "
            "named after its framework"
        )
    return found.pop()


def recognise(function: Any, role: str) -> str:
    """Return the name of a Keras activation, found by what it computes.

    Its own name would not do: the hard_sigmoid of Keras 2 is another function than that of
    Keras 3.
    """
    # Near 0 and far out too, where a threshold or a ceiling shows.
    sizes = np.concatenate([np.geomspace(1e-4, 1e4, 99), np.linspace(0, 8, 33)])
    z = np.concatenate([-sizes, sizes]).astype(np.float32)
    try:
        # A layer used as activation may have weights, which no other framework's cell has.
        got = None if hasattr(function, "weights") else np.asarray(function(z))
    except Exception:  # an unknown function may fail in any way on a plain array
        got = None
    want = np.empty_like(z)
    for name, activation in ACTIVATIONS.items():
        with np.errstate(over="ignore"):
            activation(z, want)
        if got is not None and got.shape == z.shape and np.allclose(got, want, atol=1e-6):
            return name
    raise ValueError(
        f"{role} is {getattr(function, '__name__', function)!r}, which is none of "
        f"{list(ACTIVATIONS)}"
    )


def from_tensor(tensor: Any) -> Array:
    """Return a PyTorch tensor as an array, whatever device it is on."""
    if str(tensor.dtype) not in ("torch.float32", "torch.float64"):
        raise TypeError(
            f"weights should be float32 or float64, got {tensor.dtype}: use module.float()"
        )
    return np.asarray(tensor.detach().cpu())


def torch_suffix(layer: int, reverse: bool) -> str:
    """Return how PyTorch ends the name of a weight of this layer and direction."""
    return f"_l{whole(layer, 'layer', 0)}{'_reverse' if reverse else ''}"


def text(value: str | bytes, name: str) -> str:
    """Return a string attribute: onnx gives them as bytes."""
    if not isinstance(value, str | bytes):
        raise TypeError(f"{name} should be text, got {value!r}")
    return value.decode() if isinstance(value, bytes) else value


def refuse_onnx_extras(P: Any, clip: float | None, input_forget: int) -> None:
    """Say what to do about the attributes that no other framework has."""
    if P is not None and real(P, "P").any():
        raise ValueError(
            "peepholes (input P) let the gates see c, which neither Keras nor PyTorch can: "
            "train the network without them"
        )
    if clip is not None:
        raise ValueError(
            f"clip = {clip} bounds the pre-activations, which neither Keras nor PyTorch does: "
            "leave it out if they stay within the bound, else train without it"
        )
    if input_forget:
        raise ValueError(
            "input_forget couples the input gate to the forget gate, which neither Keras nor "
            "PyTorch does: train without it"
        )


def read_onnx_activations(
    cell: str,
    names: Sequence[str | bytes] | None,
    alphas: Sequence[float],
    betas: Sequence[float],
) -> tuple[str, str]:
    """Return our names of the activation of the gates and of the candidate."""
    count = 3 if cell == "LSTM" else 2
    for name, values in (
        ("activations", () if names is None else names),
        ("activation_alpha", alphas),
        ("activation_beta", betas),
    ):
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise TypeError(f"{name} should be a list, got {values!r}")
    given = [
        text(name, "an activation") for name in names or ("Sigmoid", "Tanh", "Tanh")[:count]
    ]
    alphas = [number(value, "activation_alpha") for value in alphas]
    betas = [number(value, "activation_beta") for value in betas]
    if len(given) != count:
        raise ValueError(
            f"an ONNX {cell} of one direction has {count} activations, got {given}"
        )
    alpha, beta = iter(alphas), iter(betas)
    found = []
    for name in given:
        numbers = None
        if (default := _ONNX_DEFAULTS.get(name.lower())) is not None:
            numbers = (next(alpha, default[0]), next(beta, default[1]))
        found.append(_our_name(name, numbers))
    if next(alpha, None) is not None or next(beta, None) is not None:
        raise ValueError(
            "activation_alpha and activation_beta hold a number for each HardSigmoid and "
            f"Affine, and for nothing else; got {list(alphas)} and {list(betas)} for {given}"
        )
    if cell == "LSTM" and found[1] != found[2]:
        raise ValueError(
            f"candidate and c should go through the same activation, as in Keras; got {given}"
        )
    return found[0], found[1]


def _our_name(name: str, numbers: tuple[float, float] | None) -> str:
    for ours, (theirs, want) in _ONNX.items():
        if theirs.lower() != name.lower():
            continue
        # ONNX stores its numbers in float32.
        if want is None or (
            numbers is not None
            and isclose(numbers[0], want[0], rel_tol=1e-6)
            and isclose(numbers[1], want[1], abs_tol=1e-6)
        ):
            return ours
    shown = name if numbers is None else f"{name} with alpha {numbers[0]} and beta {numbers[1]}"
    known = {theirs + (f" {want}" if want else "") for theirs, want in _ONNX.values()}
    raise ValueError(f"no reading for the ONNX activation {shown}; it can read {sorted(known)}")


def write_onnx_activations(cell: str, gate: str, candidate: str) -> dict[str, list[Any]]:
    """Return the attributes that name these two activations."""
    used = [_ONNX[name] for name in (gate, candidate, candidate)[: 3 if cell == "LSTM" else 2]]
    attributes: dict[str, list[Any]] = {"activations": [name for name, _ in used]}
    if numbers := [pair for _, pair in used if pair is not None]:
        attributes["activation_alpha"] = [alpha for alpha, _ in numbers]
        attributes["activation_beta"] = [beta for _, beta in numbers]
    return attributes
