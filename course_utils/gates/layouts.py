"""How frameworks lay out a cell: one table, and what turns arrays into blocks and back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from course_utils.arguments import array, fits
from course_utils.gates.cells import CELLS, two_biases
from course_utils.gates.modules import Array, Options, plain

_BLOCKS = {"i": "input", "f": "forget", "c": "cell", "o": "output",
           "z": "update", "r": "reset", "n": "candidate"}  # fmt: skip


class Layout(NamedTuple):
    """How one framework lays out the weights of a layer, and what it calls them."""

    lstm: str
    """The order of the blocks, by their letters."""
    gru: str
    names: str = ""
    """How it ends the names of arrays; the part of the layer that one is, as a group."""
    listed: tuple[str, ...] = ()
    """The parts in the order in which a list has them."""
    letters: Mapping[int, Sequence[str]] = {}
    """Its own letters of the gates, where each has arrays of its own, by how many there are."""
    columns: bool = False
    """Whether it computes with columns, W x: the blocks stand below each other, (4 units,
    features), and each cell has an input bias and a recurrent one."""

    def order(self, cell: str) -> tuple[str, ...]:
        """Return the order of the blocks of a cell."""
        letters = {"LSTM": self.lstm, "GRU": self.gru}.get(cell, "")
        return tuple(_BLOCKS[letter] for letter in letters) or CELLS[cell].blocks


_KERAS = ("kernel", "recurrent_kernel", "bias")
LAYOUTS = {
    "PyTorch": Layout(
        "ifco", "rzn",
        r"(?P<part>(?:weight|w|bias|b)_(?:ih|hh|hr))(?:_l(?P<layer>\d+))?(?P<back>_reverse)?",
        ("w_ih", "w_hh", "b_ih", "b_hh", "w_hr"), columns=True,
    ),
    "Keras": Layout("ifco", "zrn", r"(?P<part>kernel|recurrent_kernel|bias)", _KERAS),
    "Keras 1": Layout("icfo", "zrn", r"(?P<part>[WUb]_[ifcozrh])",
                      letters={12: "icfo", 9: "zrh"}),
    "Flax": Layout("ifco", "rzn", r"(?P<part>[ih][ifgorzn]?_?[./](?:kernel|bias))",
                   letters={4: "ifgo", 3: "rzn", 1: [""]}),
    "TensorFlow 1": Layout(
        "icfo", "rzn",
        r"(?P<part>(?:(?:gates|candidate|projection)/)?(?:kernel|bias)|w_[ifo]_diag)",
        ("kernel", "bias"),
    ),
    "cuDNN": Layout("ifco", "zrn", listed=_KERAS),
    "ONNX": Layout("iofc", "zrn", listed=("W", "R", "B", "P"), columns=True),
}  # fmt: skip
"""One row a framework: another one is another row, with what turns its arrays below."""

ORDERS = {
    name: {cell: LAYOUTS[name].order(cell) for cell in ("LSTM", "GRU")}
    for name in ("Keras", "PyTorch", "ONNX")
}
"""The order in which each framework lays the blocks of a cell side by side."""

PEEPHOLES = ("input", "output", "forget")
"""Which gates of an LSTM see c, in ONNX's order."""


@dataclass(frozen=True, eq=False)
class Block:
    """The weights of one gate, as read-only copies.

    Parameters
    ----------
    kernel
        W: what the input is multiplied by, shape (features, units).
    recurrent
        U: what the last h is multiplied by, shape (units, units); with a projection,
        (length of h, units).
    bias
        b, shape (units,); None in a layer without biases.
    recurrent_bias
        What a GRU with ``reset_after=True`` adds to h U, shape (units,), else None. Other
        cells need only the sum of the two biases of PyTorch or ONNX, and ``bias`` is that sum.
    peephole
        What c is multiplied by and added to the gate, shape (units,): in an LSTM with peepholes
        for input, forget and output.

    Examples
    --------
    >>> Block(np.ones((2, 3)), np.zeros((3, 3)), np.zeros(3)).kernel.shape
    (2, 3)
    """

    kernel: Array
    recurrent: Array
    bias: Array | None = None
    recurrent_bias: Array | None = None
    peephole: Array | None = None

    def __post_init__(self) -> None:
        for name, value in list(vars(self).items()):
            if value is not None:
                copy = np.array(array(value, name))
                copy.setflags(write=False)
                object.__setattr__(self, name, copy)
        u = self.kernel.shape[-1:]
        shapes = {"kernel": (None, *u), "recurrent": (None, *u)}
        for name, value in vars(self).items():
            if value is not None and not fits(value.shape, shapes.get(name, u)):
                raise ValueError(
                    "a block has a kernel (features, units), recurrent (units, units) and "
                    f"biases (units,); got {self!r}"
                )

    def __repr__(self) -> str:
        arrays = (f"{name} {a.shape}" for name, a in vars(self).items() if a is not None)
        return f"Block({', '.join(arrays)})"


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


def usual(layout: str, arrays: Mapping[str, Array], told: Options) -> tuple[Any, Options]:
    """Turn the arrays of a layout into W, U, b, c, P and R, side by side."""
    if layout == "PyTorch":
        names = dict(zip(LAYOUTS[layout].listed, "WUbcR", strict=True))
        return {names[part]: array for part, array in arrays.items()}, told
    if layout in ("Keras", "cuDNN"):
        if layout == "Keras" and "bias" not in arrays and "activation" not in told:
            raise ValueError(
                "without a bias nothing tells kernels of cuDNN from those of Keras: say "
                "framework='cuDNN', or the activations if they are Keras' own"
            )
        names = dict(zip(_KERAS, "WUb", strict=True))
        return {names[part]: array for part, array in arrays.items()}, told
    if layout == "Keras 1":
        letters = LAYOUTS[layout].letters[len(arrays)]
        fused = {k: np.concatenate([arrays[f"{k}_{g}"] for g in letters], -1) for k in "WUb"}
        return fused, {"reset_after": False, **told}
    if layout == "Flax":
        return _from_flax({re.sub(r"_?[./]", "/", k): a for k, a in arrays.items()}), told
    told = {"reset_after": False, "activation": "tanh", **told}
    if "gates/kernel" in arrays:
        sides = ("gates", "candidate")
        W, b = (np.concatenate([arrays[f"{side}/{kind}"] for side in sides], -1)
                for kind in ("kernel", "bias"))  # fmt: skip
    else:
        W, b = arrays["kernel"], arrays["bias"]
        told = {"forget_bias": 0 if told.get("cell") == "RNN" else 1.0, **told}
    R = arrays.get("projection/kernel")
    blocks = 1 if told.get("cell") == "RNN" else 3 if "gates/kernel" in arrays else 4
    size = len(b) // blocks if R is None else R.shape[1]
    parts = {"W": W[:-size], "U": W[-size:], "b": b, "R": R}
    P = [arrays[f"w_{g}_diag"] for g in "iof" if f"w_{g}_diag" in arrays]
    return parts | ({"P": np.concatenate(P)} if P else {}), told


def _from_flax(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Put the gates of a cell of Flax side by side; biases that it has not are 0."""
    letters = LAYOUTS["Flax"].letters[
        sum(key[0] == "h" and key.endswith("kernel") for key in arrays)
    ]
    zero = np.zeros_like(arrays[f"h{letters[0]}/kernel"][0])
    fused = {
        part: np.concatenate([arrays.get(f"{side}{g}/{kind}", zero) for g in letters], -1)
        for part, side, kind in (("W", "i", "kernel"), ("U", "h", "kernel"),
                                 ("b", "i", "bias"), ("c", "h", "bias"))
    }  # fmt: skip
    return fused if any(key.endswith("bias") for key in arrays) else {k: fused[k] for k in "WU"}


def assemble(layout: str, parts: Mapping[str, Any], told: Mapping[str, Any]) -> Options:
    """Return the fields of ``Gates`` from the arrays of one layer and what is told of it.

    ``parts`` holds W and U as the layout has them, none, one or two biases b and c, peepholes P
    in ONNX's order, and a projection R. What neither tells is asked for.
    """
    options, cells = dict(told), {1: "RNN", 3: "GRU", 4: "LSTM"}
    untold = options.pop("untold", set())
    W, U = (array(plain(parts[name]), name, (None, None)) for name in "WU")
    if parts.get("b") is None and parts.get("c") is not None:
        parts = {**parts, "b": np.zeros_like(plain(parts["c"]))}
    biases = [array(plain(parts[name]), name) for name in "bc" if parts.get(name) is not None]
    if LAYOUTS[layout].columns:
        W, U = W.T, U.T
    projection = parts.get("R")
    if projection is not None:
        projection = array(plain(projection), "projection")
        options["projection"] = projection.T if layout == "PyTorch" else projection
    units = len(U) if projection is None else len(options["projection"])
    cell = options.setdefault("cell", cells.get(W.shape[1] // max(units, 1), ""))
    names = LAYOUTS[layout].order(cell) if cell in CELLS else ()
    if not W.shape[1] == U.shape[1] == len(names) * units:
        raise ValueError(
            f"kernels of shapes {W.shape} and {U.shape} (turned to rows of features) are no "
            f"{cell or 'RNN, GRU or LSTM'}: the second has a row a unit, both {units} columns "
            "a block"
        )
    if layout in ("Keras", "cuDNN"):
        W, U, biases = _from_keras(layout, cell, W, U, biases, options)
    reset_after = bool(options.get("reset_after", True))
    if len(biases) == 2 and not two_biases(cell, reset_after):
        biases = [np.sum(biases, axis=0)]
    elif len(biases) == 1 and two_biases(cell, reset_after):
        biases.append(np.zeros_like(biases[0]))
    for bias in biases:
        if bias.shape != W.shape[1:]:
            raise ValueError(f"biases should have shape {W.shape[1:]}, got {bias.shape}")
    fused = (np.split(part, len(names), axis=-1) for part in (W, U, *biases))
    blocks = {name: list(arrays) for name, *arrays in zip(names, *fused, strict=True)}
    added = options.pop("forget_bias", 0)
    if added and len(blocks["forget"]) == 3:
        blocks["forget"][2] = blocks["forget"][2] + np.asarray(added, W.dtype)
    P = parts.get("P")
    seen = {} if P is None else dict(zip(PEEPHOLES, np.split(plain(P), 3), strict=True))
    options["blocks"] = {
        name: replace(Block(*arrays), peephole=seen.get(name))
        for name, arrays in blocks.items()
    }
    _ask(layout, cell, options, untold)
    return options


def _from_keras(
    layout: str, cell: str, W: Array, U: Array, biases: list[Array], options: Options
) -> tuple[Array, Array, list[Array]]:
    """Put the biases in rows, and turn the kernels that cuDNN keeps in another way."""
    columns = W.shape[1]
    flat = [row for bias in biases for row in bias.reshape(-1, columns)]
    if layout == "cuDNN":
        # cuDNN keeps each gate's kernel as columns, the first one written out in rows.
        count = columns // len(U)
        turned = [k.ravel().reshape(k.shape[::-1]).T for k in np.hsplit(W, count)]
        W, U = np.hstack(turned), np.hstack([k.T for k in np.hsplit(U, count)])
        options |= {"activation": "tanh", "recurrent_activation": "sigmoid"}
    if cell == "GRU" and flat:
        options["reset_after"] = len(flat) == 2
    return W, U, flat


# What a layer mostly is, where it has to be said.
USUAL = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True,
          "time_major": False, "reverse": False, "masked": False}  # fmt: skip


def _ask(layout: str, cell: str, options: Options, untold: set[str]) -> None:
    """Say what a layer has to be told of, where its arrays and its file do not tell."""
    asked = {"activation"} if cell == "RNN" and layout != "ONNX" else set()
    if layout in ("Keras", "Keras 1"):
        asked = {"activation"} if cell == "RNN" else {"activation", "recurrent_activation"}
        asked |= {"reset_after"} if cell == "GRU" and layout == "Keras" else set()
    if missing := sorted((asked | untold) - set(options)):
        said = ", ".join(f"{name}={USUAL[name]!r}" for name in missing)
        notes = {"recurrent_activation": "Keras before 2.3 began with hard_sigmoid_0.2",
                 "time_major": "True if its module was made without batch_first=True",
                 "reverse": "True if its layer has go_backwards",
                 "masked": "True if a mask reached it in its model"}  # fmt: skip
        more = "; ".join(f"{name}: {notes[name]}" for name in missing if name in notes)
        raise ValueError(
            f"nothing here tells the {', the '.join(missing)} of this {cell}: say it, such as "
            f"{said}; {more}".removesuffix("; ")
        )


def join(framework: str, cell: str, blocks: Mapping[str, Block]) -> list[Array]:
    """Lay blocks side by side: W, U and the biases; one that only the framework has is 0."""
    ordered = [blocks[name] for name in LAYOUTS[framework].order(cell)]
    parts = (
        [getattr(block, name) for block in ordered]
        for name in ("kernel", "recurrent", "bias", "recurrent_bias")
    )
    W, U, *biases = (np.concatenate(p, axis=-1) for p in parts if p[0] is not None)
    if LAYOUTS[framework].columns:
        W, U = np.ascontiguousarray(W.T), np.ascontiguousarray(U.T)
        biases += [np.zeros_like(bias) for bias in biases if len(biases) == 1]
    return [W, U, *biases]
