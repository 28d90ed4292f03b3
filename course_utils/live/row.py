"""One row of pixels that shuts two gates, or a line that proves there is none (chapter 9)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPENING = 0.1  # a gate at most this wide counts as shut, as in chapter 9


class InkTheRow(LiveFigure):
    """A row of pixels to ink, the gates of two units, and a line that may prove: impossible.

    Chapter 9 teaches why: the line is the sum of both units' demands with weights 1 - s and s.
    If even the row that is best for this sum misses it, no row meets both demands.

    Parameters
    ----------
    W
        Weights of a gate's units, shape (pixels, units).
    offset
        What the pre-activation of each unit is for a blank row, shape (units,).
    unit, second
        The two units that are chosen first.

    Examples
    --------
    >>> figure = InkTheRow([[-3.0, 1.0], [0.5, -2.0]], [0.0, 0.0], 0, 1)
    >>> figure.data()["units"]
    [0, 1]
    """

    script = "ink_the_row.js"
    title = "Ink a row, shut two gates"

    def __init__(self, W: Any, offset: Any, unit: int, second: int) -> None:
        self.W = finite("W", W, (None, None))
        self.offset = finite("offset", offset, (self.W.shape[1],))
        last = self.W.shape[1] - 1
        self.units = [whole(unit, "unit", 0, last), whole(second, "second", 0, last)]
        if unit == second:
            raise ValueError(f"second should be another unit than {unit}")

    def data(self) -> dict[str, Any]:
        """Return the weights, a list for each unit, and which units come first."""
        return {
            "columns": self.W.T,
            "offset": self.offset,
            "opening": OPENING,
            "units": self.units,
        }

    def alt(self) -> str:
        """Describe the region of both pre-activations, and where a blank row stands in it."""
        first, second = self.units
        z = self.offset[self.units]
        return (
            f"Above, the weights of {len(self.W)} pixels, a filled bar for unit {first} and an "
            f"outlined one for unit {second}. Below, the pre-activations of both units: a grey "
            "region with many sides holds what legal rows reach, a dashed corner at the lower "
            f"left is where both gates are shut. A blank row, a diamond, stands at {z[0]:.1f} "
            f"and {z[1]:.1f}. A dotted vertical line touches the region on its left."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the weights of both units, and what legal rows reach."""
        (above, below), colours = figure.subplots(2, 1, height_ratios=[1, 2]), plotting.COLOURS
        W, offset = self.W[:, self.units], self.offset[self.units]
        place = np.arange(1, len(W) + 1)
        above.bar(place - 0.2, W[:, 0], 0.4, color=colours["blue"])
        above.bar(place + 0.2, W[:, 1], 0.4, color="none", edgecolor=colours["vermilion"])
        above.set(xlabel="pixel", ylabel="weight")

        turn = np.linspace(0, 2 * np.pi, 721)
        rows = (W @ np.array([np.cos(turn), np.sin(turn)]) < 0).astype(float)
        reached = rows.T @ W + offset
        shut = np.log(OPENING / (1 - OPENING))
        low, high = reached.min(axis=0) - 0.3, reached.max(axis=0) + 0.3
        low = np.minimum(low, shut - 1.8)
        below.fill(*reached.T, facecolor="#dddddd", edgecolor="#777777")
        corner = [low[0], shut, shut], [shut, shut, low[1]]
        below.plot(*corner, "--", color=colours["vermilion"])
        below.axvline(reached[:, 0].min(), linestyle=":", color=colours["black"])
        below.plot(*offset, "D", color=colours["blue"])
        below.set(
            xlabel=f"z of unit {self.units[0]}",
            ylabel=f"z of unit {self.units[1]}",
            xlim=(low[0], high[0]),
            ylim=(low[1], high[1]),
        )
