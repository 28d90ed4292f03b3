"""Weights that move while the function stays: a shift (chapter 2), a basis (chapter 3)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.live._figure import LiveFigure, arrays, checked_digits, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class DecodeShift(LiveFigure):
    """One-hot input weights with a slider that shifts them and takes the shift from the bias.

    Chapter 2 proves that only W + b is determined. Here W moves and no output does; as a
    control, the reader can shift W alone.

    Parameters
    ----------
    weights
        W of shape (10, 1), U and b with one entry each, as Keras returns them.
    digits
        The digits that are read first, 1 to 12 of them.

    Examples
    --------
    >>> figure = DecodeShift([np.arange(10.0)[:, np.newaxis] - 3, [[1.0]], [3.0]])
    >>> figure.data()["b"]
    3.0
    """

    script = "decode_shift.js"
    title = "Shift the weights, keep the function"

    def __init__(self, weights: Sequence[Any], digits: Iterable[int] = (4, 2, 5)) -> None:
        W, U, b = arrays(weights, "W, U and b")
        self.W = finite("W", W, (10, 1))[:, 0]
        self.U, self.b = finite("U", U).item(), finite("b", b).item()
        self.digits = checked_digits(digits)

    def data(self) -> dict[str, Any]:
        """Return the weights, the digits and the limits of the axis."""
        low = min(self.W.min(), (self.W + self.b).min()) - 6
        high = max(self.W.max(), (self.W + self.b).max()) + 6
        digits = "".join(map(str, self.digits))
        return {"W": self.W, "U": self.U, "b": self.b, "digits": digits, "ylim": [low, high]}

    def alt(self) -> str:
        """Describe W and W + b."""
        return (
            f"Value against digit 0 to 9. Circles for W run from {self.W[0]:.2f} to "
            f"{self.W[9]:.2f}. Squares for W + b, with b = {self.b:.2f}, run from "
            f"{self.W[0] + self.b:.2f} to {self.W[9] + self.b:.2f}, along a dotted line that "
            "marks the digits themselves."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw W, W + b and the digits."""
        ax = figure.subplots()
        ax.plot(range(10), self.W, "o-", label="W[k]")
        ax.plot(range(10), self.W + self.b, "s--", label="W[k] + b")
        ax.plot(range(10), range(10), ":", color=plotting.COLOURS["black"], label="the digit k")
        ax.set(xlabel="digit k", ylabel="value", xticks=range(10))
        ax.legend()


class DecodeBasis(LiveFigure):
    """An embedding with controls that change its basis, while the table E W + b stays.

    Chapter 3 shows which transformations leave the function unchanged.
    The basis is A = R D R: R turns columns 0 and 9, 1 and 8, ... by one angle, and D shrinks
    column j by the condition number to the power -j / 9.

    Parameters
    ----------
    weights
        E of shape (10, 10), W of shape (10, 1), U and b with one entry each.

    Examples
    --------
    >>> figure = DecodeBasis([np.eye(10), np.arange(10.0)[:, np.newaxis], [[1.0]], [0.0]])
    >>> figure.data()["W"].shape
    (10,)
    """

    script = "decode_basis.js"
    title = "Another basis, the same table"
    size = (plotting.WIDTH, 5.0)

    def __init__(self, weights: Sequence[Any]) -> None:
        E, W, U, b = arrays(weights, "E, W, U and b")
        self.E = finite("E", E, (10, 10))
        self.W = finite("W", W, (10, 1))[:, 0]
        finite("U", U)
        self.b = finite("b", b).item()

    def data(self) -> dict[str, Any]:
        """Return the embedding, the input weights and the bias."""
        return {"E": self.E, "W": self.W, "b": self.b}

    def alt(self) -> str:
        """Describe the circles and the table."""
        table = ", ".join(f"{value:z.2f}" for value in self.E @ self.W + self.b)
        return (
            "A row of ten circles for each digit 0 to 9: the entries of E, filled if above 0, "
            "hollow if below, larger for larger entries; the columns differ. Below them a row "
            f"for W. Beside each row the value of E W + b: {table}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the entries of E and W as circles and write the table beside them."""
        ax = figure.subplots()
        rows = np.vstack([self.E / np.abs(self.E).max(), self.W / np.abs(self.W).max()])
        heights = [*range(10), 10.6]
        colours = plotting.COLOURS
        for row, height in zip(rows, heights, strict=True):
            for column, value in enumerate(row):
                colour = colours["blue" if value >= 0 else "vermilion"]
                fill = colour if value >= 0 else "none"
                size = 22 * np.sqrt(abs(value))
                ax.plot(column, height, "o", markersize=size, color=colour, mfc=fill)
        for digit, value in enumerate(self.E @ self.W + self.b):
            ax.text(10, digit, f"{value:z.2f}", va="center")
        ax.text(10, -1, "E W + b")
        ax.set(xlim=(-0.7, 11.2), ylim=(11.3, -1.5), xticks=range(10), xlabel="column")
        ax.set_yticks(heights, [*map(str, range(10)), "W"])
        ax.set_ylabel("digit")
