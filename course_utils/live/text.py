"""A line of text, coloured by one cell of a network of characters (chapter 17)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.gates import Block, Gates
from course_utils.live._figure import LiveFigure
from course_utils.pretrained.characters import START, WINDOW, CharacterNetwork

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GATES = ("input", "forget", "cell", "output")
Packed = tuple[np.ndarray, np.ndarray]


def packed(matrix: np.ndarray) -> Packed:
    """Return whole numbers from -127 to 127, and a factor for each column.

    Examples
    --------
    >>> numbers, factors = packed(np.array([[0.5, 2.0], [1.27, -1.0]]))
    >>> numbers.tolist(), factors.round(4).tolist()
    ([[50, 127], [127, -64]], [0.01, 0.0157])
    """
    factors = np.abs(matrix).max(axis=0).astype(float) / 127
    return np.round(matrix / factors).astype(int), factors


def in_eight_bits(network: CharacterNetwork) -> CharacterNetwork:
    """Return the network with its matrices rounded as the live figure stores them."""

    def rounded(matrix: np.ndarray) -> np.ndarray:
        numbers, factors = packed(matrix)
        return numbers * factors

    def layer(cell: Gates) -> Gates:
        blocks = {
            name: Block(rounded(b.kernel), rounded(b.recurrent), np.array(b.bias, float))
            for name, b in cell.blocks.items()
        }
        return replace(cell, blocks=blocks)

    return replace(
        network,
        first=layer(network.first),
        second=layer(network.second),
        E=rounded(network.E),
        V=rounded(network.V),
    )


class ColouredText(LiveFigure):
    """The reader's own line, coloured by a cell of layer 1, and what may come next.

    The whole network runs in the page on weights of eight bits; the cell can be held.

    Parameters
    ----------
    network
        From ``pretrained.character_network()``.
    units
        Units of the first layer; for each a name and the character whose probability is shown.
    line
        The line that is shown first.

    Examples
    --------
    >>> from course_utils import pretrained
    >>> units = {14: ("brackets", ")")}
    >>> figure = ColouredText(pretrained.character_network(), units, "one (two) three")
    >>> figure.data()["units"]
    {14: {'name': 'unit 14, brackets', 'symbol': ')'}}
    """

    script = "coloured_text.js"
    title = "A line of text, coloured by one cell"
    size = (plotting.WIDTH, 2.2)

    def __init__(
        self, network: CharacterNetwork, units: Mapping[int, tuple[str, str]], line: str
    ) -> None:
        if not line or len(line) >= WINDOW:
            raise ValueError(f"line should have 1 to {WINDOW - 1} characters, got {len(line)}")
        if not units:
            raise ValueError("units should name one unit at least")
        for unit, (_, symbol) in units.items():
            whole(unit, "each of the units", 0, network.first.units - 1)
            if symbol not in network.numbers:
                raise ValueError(f"the network does not know the character {symbol!r}")
        self.network, self.units, self.line = network, dict(units), line

    def data(self) -> dict[str, Any]:
        """Return the weights as text of eight bits a number, and the rest as it is."""
        first, second = self.network.first, self.network.second

        def side_by_side(cell: Gates, part: str) -> np.ndarray:
            return np.concatenate([getattr(cell.blocks[name], part) for name in GATES], -1)

        matrices = {
            "E": self.network.E,
            "W": side_by_side(first, "kernel"),
            "U": side_by_side(first, "recurrent"),
            "W2": side_by_side(second, "kernel"),
            "U2": side_by_side(second, "recurrent"),
            "V": self.network.V,
        }
        return {
            "window": WINDOW,
            "start": self.network.numbers[START],
            "characters": self.network.characters,
            "units": {
                unit: {"name": f"unit {unit}, {name}", "symbol": symbol}
                for unit, (name, symbol) in self.units.items()
            },
            "line": self.line,
            "weights": {name: _text(*packed(matrix)) for name, matrix in matrices.items()},
            "b": side_by_side(first, "bias"),
            "b2": side_by_side(second, "bias"),
            "attention": self.network.attention,
            "v": self.network.v,
        }

    def _measured(self) -> tuple[int, str, np.ndarray, np.ndarray]:
        """Return the first unit, its character, c and the probability after each character."""
        unit, (_, symbol) = next(iter(self.units.items()))
        steps = range(1, len(self.line) + 1)
        read = self.network.read([self.line[:step] for step in steps])
        assert read.first.c is not None
        return (
            unit,
            symbol,
            read.first.c[:, -1, unit],
            read.next[:, self.network.numbers[symbol]],
        )

    def alt(self) -> str:
        """Say at which characters the cell is on, and how probable the closing one is."""
        unit, symbol, c, p = self._measured()
        on = "".join(letter for letter, value in zip(self.line, c, strict=True) if value > 0.5)
        return (
            f"The line {self.line} in single characters. The background is dark where unit "
            f"{unit} is above a half: {on or 'nowhere'}. Bars below give the probability of "
            f"{symbol} after each character, at most {p.max():.2f}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the characters on the colour of the cell, and the probability below."""
        _, symbol, c, p = self._measured()
        (above, below), colours = figure.subplots(2, 1, sharex=True), plotting.COLOURS
        for place, (letter, value) in enumerate(zip(self.line, c, strict=True)):
            shade = colours["blue"] if value > 0 else colours["ochre"]
            above.axvspan(
                place - 0.5, place + 0.5, color=shade, alpha=0.55 * min(1, abs(value)), lw=0
            )
            above.text(place, 0.5, letter, ha="center", va="center", family="monospace")
        above.set(yticks=[], ylabel="cell", xlim=(-0.5, len(self.line) - 0.5))
        below.bar(range(len(p)), p, color=colours["vermilion"])
        below.set(xticks=[], ylabel=f"p( {symbol} )", ylim=(0, 1))


def _text(numbers: np.ndarray, factors: np.ndarray) -> dict[str, Any]:
    """Return the numbers, plus 128, as bytes in base 64."""
    content = (numbers + 128).astype(np.uint8).tobytes()
    return {"bytes": b64encode(content).decode(), "factors": factors}
