"""An LSTM under the microscope: its slices (chapter 5), its gates at work (chapter 6)."""

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import array, whole
from course_utils.data import SYMBOLS, symbols
from course_utils.gates import Block, Gates, Trace
from course_utils.live._figure import LiveFigure, arrays, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 80
NAMES = ("input", "forget", "cell", "output")
TITLES = ("input gate i", "forget gate f", "candidate g", "output gate o")


class GateMicroscope(LiveFigure):
    """Every gate, c and h of a trained LSTM, on the string that the reader types.

    The network reads a "$" and then a's and b's, and says after each which symbols may come
    next. The reader clamps a gate of one unit, or of all, and sees where the count breaks.
    Chapter 6 trains such networks, measures them, and clamps their gates.

    Parameters
    ----------
    cell
        An LSTM with three features, the symbols of :data:`course_utils.data.SYMBOLS`, and
        sigmoid and tanh for its activations.
    V, v
        The readout, shapes (units, 3) and (3,): a symbol may come next where h V + v is above
        0.
    text
        What is read first, a's and b's, at most 80; the "$" comes by itself.
    unit
        Which unit is shown first.

    Examples
    --------
    >>> from course_utils.gates import Block
    >>> block = Block(np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2))
    >>> blocks = dict.fromkeys(NAMES, block)
    >>> GateMicroscope(Gates("LSTM", blocks), np.zeros((2, 3)), np.zeros(3), "ab")
    <LiveFigure GateMicroscope: Gates at work on your own string>
    """

    script = "gate_microscope.js"
    title = "Gates at work on your own string"
    size = (plotting.WIDTH, 6.5)

    def __init__(
        self, cell: Gates, V: Any, v: Any, text: str = "a" * 8 + "b" * 8, unit: int = 0
    ) -> None:
        self.cell = _lstm(cell)
        if cell.features != len(SYMBOLS):
            raise ValueError(f"the cell should read the 3 symbols {SYMBOLS}, got {cell!r}")
        self.V = finite("V", V, (cell.units, len(SYMBOLS)))
        self.v = finite("v", v, (len(SYMBOLS),))
        if len(text) > LONGEST or set(text) - {"a", "b"}:
            raise ValueError(
                f"text should be at most {LONGEST} a's and b's without the $, got {text!r}"
            )
        self.text, self.unit = text, whole(unit, "unit", 0, cell.units - 1)

    def data(self) -> dict[str, Any]:
        """Return the weights by gate, the readout, the text and the unit."""
        blocks = {
            name: {"W": block.kernel, "U": block.recurrent, "b": _bias(self.cell, name)}
            for name, block in self.cell.blocks.items()
        }
        return {
            "blocks": blocks,
            "V": self.V,
            "v": self.v,
            "text": self.text,
            "unit": self.unit,
        }

    def _trace(self) -> Trace:
        return self.cell.trace(symbols(["$" + self.text]))

    def alt(self) -> str:
        """Describe the strips of the first unit and the answers."""
        trace = self._trace()
        c = trace.c[0, :, self.unit]  # type: ignore[index]
        last = (trace.h[0, -1] @ self.V + self.v > 0).nonzero()[0]
        may = " or ".join(SYMBOLS[k] for k in last) or "nothing"
        return (
            f"Six rows of bars over the {len(self.text) + 1} symbols of ${self.text}, for unit "
            f"{self.unit}: input gate, forget gate, candidate, output gate, cell state and "
            f"hidden state. The cell state lies between {c.min():.1f} and {c.max():.1f}. Below "
            "them, dots for the symbols that the network lets come next; after the last symbol "
            f"that is {may}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the strips of the first unit and the answers."""
        trace = self._trace()
        *tops, answers = figure.subplots(7, sharex=True)
        _strips(tops, trace, 0, self.unit)
        may = trace.h[0] @ self.V + self.v > 0
        step, symbol = may.nonzero()
        answers.plot(step, symbol, "o", color=plotting.COLOURS["blue"])
        answers.set(ylim=(2.7, -0.7), yticks=range(3), yticklabels=SYMBOLS)
        answers.set_title("which symbol may come next", loc="left", fontsize=10)
        if len(self.text) <= 40:
            answers.set_xticks(range(len(self.text) + 1), ["$", *self.text])


class GateSlices(LiveFigure):
    """The three arrays of a Keras LSTM, with a choice of which block is taken for which gate.

    The page runs the LSTM as the reader reads its weights, and compares with what the layer
    itself returned. Chapter 5 measures the same: only one of 24 orders agrees.

    Parameters
    ----------
    weights
        What ``layer.get_weights()`` of a ``keras.layers.LSTM`` with default activations gives:
        kernel (features, 4 units), recurrent kernel (units, 4 units), bias (4 units,).
    x
        Sequences, shape (count, steps, features).
    h
        The layer's own h at every step (``return_sequences=True``), (count, steps, units).
    order
        The order in which the blocks are read at first: i, f, c and o in some order.

    Examples
    --------
    >>> weights = np.zeros((1, 8)), np.zeros((2, 8)), np.zeros(8)
    >>> GateSlices(weights, np.ones((1, 5, 1)), np.zeros((1, 5, 2)), "iofc").data()["order"]
    'iofc'
    """

    script = "gate_microscope.js"
    title = "Which slice is which gate? Choose, and compare"
    size = (plotting.WIDTH, 6.5)

    def __init__(self, weights: Sequence[Any], x: Any, h: Any, order: str = "ifco") -> None:
        W, U, b = arrays(weights, "W, U and b")
        units = len(array(U, "U", (None, None)))
        self.U = finite("U", U, (units, 4 * units))
        self.W = finite("W", W, (None, 4 * units))
        self.b = finite("b", b, (4 * units,))
        self.x = finite("x", x, (None, None, len(self.W)))
        self.h = finite("h", h, (*self.x.shape[:2], units))
        if 0 in self.x.shape:
            raise ValueError(f"x should hold a step and a feature at least, got {self.x.shape}")
        self.order = _order(order)

    def data(self) -> dict[str, Any]:
        """Return the arrays as they are, the sequences, the layer's h and the order."""
        return {
            "W": self.W,
            "U": self.U,
            "b": self.b,
            "x": self.x,
            "h": self.h,
            "order": self.order,
        }

    def _trace(self) -> Trace:
        return sliced([self.W, self.U, self.b], self.order).trace(self.x)

    def alt(self) -> str:
        """Describe the bias, the strips of unit 0 and how far h is off."""
        off = np.abs(self._trace().h - self.h).max()
        agrees = "agrees with it" if off < 1e-6 else f"differs by up to {off:.2f}"
        return (
            f"A row of bars for the {len(self.b)} entries of the bias, in blocks of "
            f"{len(self.U)} taken for {', '.join(self.order)}. Below it, six rows of bars over "
            f"{self.x.shape[1]} steps for unit 0: input gate, forget gate, candidate, output "
            f"gate, cell state and hidden state. Dashes show the layer's own h; the h of this "
            f"reading {agrees}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the bias and the strips of unit 0."""
        top, *others = figure.subplots(7)
        blue = plotting.COLOURS["blue"]
        top.bar(range(len(self.b)), self.b, color=blue)
        middles = np.arange(4) * len(self.U) + (len(self.U) - 1) / 2
        top.set_xticks(middles, list(self.order))
        top.set_title("bias b, and what its blocks are taken for", loc="left", fontsize=10)
        _strips(others, self._trace(), 0, 0)
        others[-1].step(
            range(self.h.shape[1]), self.h[0, :, 0], "--", where="mid", color="black"
        )
        others[-1].set_xlabel("step")


def _order(order: Any) -> str:
    if order not in map("".join, permutations("ifco")):
        raise ValueError(f"order should be some order of i, f, c and o, got {order!r}")
    return order


def sliced(weights: Sequence[np.ndarray], order: str) -> Gates:
    """Return the LSTM that a reader sees who takes the blocks of fused arrays for this order.

    The weights are kernel (features, 4 units), recurrent kernel (units, 4 units) and bias (4
    units,); the order is i, f, c and o in some order. Its numbers are of the arrays' kind.

    Examples
    --------
    >>> fused = np.zeros((1, 4)), np.zeros((1, 4)), np.array([0.0, 1.0, 2.0, 3.0])
    >>> sliced(fused, "iofc").blocks["output"].bias.item()
    1.0
    """
    fused = [np.split(block, 4, axis=-1) for block in arrays(weights, "W, U and b")]
    parts = zip(_order(order), *fused, strict=True)
    blocks = {letter: Block(W, U, b) for letter, W, U, b in parts}
    return Gates("LSTM", {name: blocks[name[0]] for name in NAMES})


def _lstm(cell: Gates) -> Gates:
    """Return the cell if the page can run it."""
    if not isinstance(cell, Gates):
        raise TypeError(
            f"cell should be a course_utils.gates.Gates, got {type(cell).__name__}: read it "
            "with Gates.from_keras or Gates.from_torch"
        )
    plain = (cell.activation, cell.recurrent_activation) == ("tanh", "sigmoid")
    if cell.cell != "LSTM" or not plain or cell.reverse:
        raise ValueError(
            f"cell should be an LSTM with tanh and sigmoid, read forwards, got {cell!r}"
        )
    return cell


def _bias(cell: Gates, name: str) -> np.ndarray:
    bias = cell.blocks[name].bias
    return np.zeros(cell.units) if bias is None else bias


def _strips(axes: Sequence[Any], trace: Trace, sequence: int, unit: int) -> None:
    """Draw the gates, c and h of one unit, a row of bars each."""
    colours = plotting.COLOURS
    rows = [trace.gates[name] for name in NAMES] + [trace.c, trace.h]
    titles = [*TITLES, "cell state c", "hidden state h"]
    for ax, title, row in zip(axes, titles, rows, strict=True):
        values = row[sequence, :, unit]  # type: ignore[index]
        shades = [colours["blue" if value >= 0 else "vermilion"] for value in values]
        ax.bar(range(len(values)), values, color=shades)
        if "gate" in title:
            ax.set_ylim(0, 1.05)
        elif title[-1] != "c":
            ax.set_ylim(-1.05, 1.05)
        ax.set_title(title, loc="left", fontsize=10)
        ax.tick_params(labelsize=9)
