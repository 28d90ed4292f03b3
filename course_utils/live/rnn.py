"""The recurrent network of three weights with dials (chapters 1 and 4)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEAN, VARIANCE = 4.5, 8.25
NAMES = {"W": "input weight W", "U": "recurrent weight U", "b": "bias b"}


def states(W: float, U: float, b: float, digits: Iterable[int]) -> np.ndarray:
    """Return the states of the linear network with one unit, as the page computes them.

    Parameters
    ----------
    W, U, b
        Input weight, recurrent weight and bias.
    digits
        The digits that are read, one a step.

    Returns
    -------
    numpy.ndarray
        h_0 = 0, h_1, ..., shape (count of digits + 1,), float64.

    Examples
    --------
    >>> states(1.0, 1.0, 0.0, [4, 2, 5]).tolist()
    [0.0, 4.0, 6.0, 11.0]
    """
    h = [0.0]
    for digit in digits:
        h.append(digit * W + h[-1] * U + b)
    return np.array(h)


class RnnDials(LiveFigure):
    """The network h_t = x_t W + h_{t-1} U + b of one unit, with a dial for each weight.

    The reader sets the weights, types digits, and sees the states beside the sum so far.
    Chapter 1 teaches the network.

    Parameters
    ----------
    W, U, b
        The weights that the dials start from: numbers, or arrays with one entry as a
        framework returns them.
    digits
        The digits that are read first, 1 to 12 of them.
    presets
        Buttons that set the dials: a name and (W, U, b) for each.

    Raises
    ------
    ValueError
        If a weight is no finite number, or the digits are none or too many.

    Examples
    --------
    >>> RnnDials(1.0, 1.0, 0.0, presets={"start": (0.5, 0.5, 0.0)}).data()["presets"]
    [['start', 0.5, 0.5, 0.0]]
    """

    script = "rnn_dials.js"
    title = "A recurrent network with three dials"

    def __init__(
        self,
        W: Any,
        U: Any,
        b: Any,
        digits: Iterable[int] = (4, 2, 5),
        presets: dict[str, tuple[float, float, float]] | None = None,
    ) -> None:
        self.weights = {
            name: finite(name, value).item() for name, value in {"W": W, "U": U, "b": b}.items()
        }
        self.digits = [int(digit) for digit in digits]
        if not 1 <= len(self.digits) <= 12 or not set(self.digits) <= set(range(10)):
            raise ValueError(f"digits must be 1 to 12 numbers from 0 to 9, got {self.digits}")
        self.presets = {
            name: finite(f"preset {name!r}", values, (3,)).tolist()
            for name, values in (presets or {}).items()
        }

    def data(self) -> dict[str, Any]:
        """Return the weights, digits, presets, and the names and limits of the dials."""
        return {
            "weights": self.weights,
            "digits": "".join(map(str, self.digits)),
            "presets": [[name, *values] for name, values in self.presets.items()],
            "names": NAMES,
            "limits": {"W": [-2, 2], "U": [-2, 2], "b": [-5, 5]},
        }

    def alt(self) -> str:
        """Describe the states at the start."""
        W, U, b = self.weights.values()
        h = states(W, U, b, self.digits)
        return (
            "Line chart of the state h (squares) and of the sum of the digits so far (circles) "
            f"for the digits {', '.join(map(str, self.digits))}, with W = {W:.2f}, "
            f"U = {U:.2f}, b = {b:.2f}. The last state is {h[-1]:.2f}, "
            f"the sum {sum(self.digits)}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the states and the sums over the steps."""
        ax = figure.subplots()
        steps = range(len(self.digits) + 1)
        sums = states(1.0, 1.0, 0.0, self.digits)
        colours = plotting.COLOURS
        ax.plot(steps, sums, "o--", color=colours["vermilion"], mfc="none", markersize=11)
        ax.plot(steps, states(**self.weights, digits=self.digits), "s-", color=colours["blue"])
        ax.legend(["sum of the digits so far", "state h"])
        ax.set(xlabel="step", ylabel="state, sum", xticks=steps)
