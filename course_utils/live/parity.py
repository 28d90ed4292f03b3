"""Two networks read a string, and their states walk between clusters (chapter 20)."""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, arrays, finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 40
"""Symbols in a string, at most."""
WALKED = 4
"""States of the reader's string that stay drawn."""


def crowd() -> np.ndarray:
    """Return 128 strings of 40 symbols: every beginning of 7 once, then random symbols.

    Examples
    --------
    >>> crowd().shape, crowd()[:3, :8].tolist()
    ((128, 40), [[0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 0, 0]])
    """
    first = np.array(list(product((0, 1), repeat=7)))
    rest = np.random.default_rng(20).integers(0, 2, (len(first), LONGEST - 7))
    return np.concatenate([first, rest], axis=1)


def walk(weights: Any, strings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return states (strings, symbols + 1, units) and their log odds of odd.

    Examples
    --------
    >>> weights = np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1), np.ones((1, 1)), np.zeros(1)
    >>> walk(weights, np.array([[0, 1]]))[1].round(2).tolist()
    [[0.0, 0.0, 0.76]]
    """
    W, U, b, V, c = weights
    h = [np.zeros((len(strings), len(U)))]
    for x in strings.T:
        h.append(np.tanh(x[:, np.newaxis] * W + h[-1] @ U + b))
    states = np.stack(h, axis=1)
    return states, (states @ V + c)[..., 0]


def upwards(weights: Any) -> np.ndarray:
    """Return the direction, at right angles to V, in which states differ most.

    The states are those of :func:`crowd` after ten symbols.
    """
    V = weights[3][:, 0] / np.linalg.norm(weights[3])
    h = walk(weights, crowd()[:, :10])[0][:, -1]
    h = h - h.mean(axis=0)
    direction = np.linalg.svd(h - np.outer(h @ V, V), full_matrices=False)[2][0]
    return direction * np.sign(direction[np.abs(direction).argmax()])


class ParityWalk(LiveFigure):
    """A string to type, two networks that read it, and the automaton of parity beside them.

    Each network's state is seen along two directions: its log odds of odd, and
    ``upwards``. Around it stand 128 strings of the same length.

    Parameters
    ----------
    networks
        For each name W, U, b, V and c of a tanh cell that reads one number at a time.
    string
        The string that is shown first, 1 to 40 symbols.
    read
        How many of its symbols are read at the start.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shapes = (1, 3), (3, 3), (1, 3), (3, 1), (1, 1)
    >>> two = {name: [rng.normal(size=shape) for shape in shapes] for name in ("a", "b")}
    >>> ParityWalk(two, "1101", 4).data()["string"]
    '1101'
    """

    script = "parity_walk.js"
    title = "Two networks read a string"
    size = (plotting.WIDTH, 4.4)

    def __init__(self, networks: Mapping[str, Any], string: str, read: int) -> None:
        if not string or len(string) > LONGEST or set(string) > {"0", "1"}:
            raise ValueError(f"string should be 1 to {LONGEST} symbols 0 or 1, got {string!r}")
        self.string, self.at = string, whole(read, "read", 1, len(string))
        self.networks = {}
        for name, weights in networks.items():
            W, U, b, V, c = arrays(weights, "W, U, b, V and c")
            n = len(finite("U", U, (None, None)))
            self.networks[name] = (
                finite("W", W, (1, n)),
                finite("U", U, (n, n)),
                finite("b", np.reshape(b, -1), (n,)),
                finite("V", V, (n, 1)),
                finite("c", c),
            )

    def _seen(self, weights: Any, strings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the states are in the picture, each (strings, symbols + 1)."""
        h, odds = walk(weights, strings)
        return odds, h @ upwards(weights)

    def _limits(self) -> tuple[int, int]:
        """Return how far the picture goes to each side, and up and down."""
        seen = [self._seen(weights, crowd()) for weights in self.networks.values()]
        wide, tall = (max(np.abs(s[axis]).max() for s in seen) for axis in (0, 1))
        return int(np.ceil(1.1 * wide)), int(np.ceil(1.1 * tall))

    def data(self) -> dict[str, Any]:
        """Return both networks with their second direction, and the strings around."""
        networks = [
            {
                "name": name,
                "W": W[0],
                "U": U,
                "b": b,
                "V": V[:, 0],
                "c": c,
                "up": upwards((W, U, b, V, c)),
            }
            for name, (W, U, b, V, c) in self.networks.items()
        ]
        return {
            "networks": networks,
            "crowd": ["".join(map(str, row)) for row in crowd()],
            "limits": self._limits(),
            "longest": LONGEST,
            "walked": WALKED,
            "string": self.string,
            "at": self.at,
        }

    def _share(self, weights: Any) -> float:
        """Return the share of the crowd that gets a right answer at this length."""
        is_odd = crowd()[:, : self.at].sum(axis=1) % 2 == 1
        return float(((walk(weights, crowd())[1][:, self.at] > 0) == is_odd).mean())

    def alt(self) -> str:
        """Say what stands where, and how many answers are right."""
        right = ", ".join(
            f"{name}: {self._share(weights):.0%}" for name, weights in self.networks.items()
        )
        return (
            f"Two scatter plots of the states after {self.at} symbols, 128 strings each, along "
            "the log odds of odd and a second direction. Odd strings are circles and even ones "
            "squares; circles right of the middle line and squares left of it are right "
            f"({right}). A path leads to the state of the string "
            f"{self.string[: self.at]}. Below, the automaton of parity: two states, which a 1 "
            "changes and a 0 keeps."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw both networks' states, and the automaton below."""
        parts = figure.subplot_mosaic([["0", "1"], ["2", "2"]], height_ratios=[3, 1])
        colours, (wide, tall) = plotting.COLOURS, self._limits()
        is_odd = crowd()[:, : self.at].sum(axis=1) % 2 == 1
        mine = np.array([list(map(int, self.string[: self.at]))])
        for place, (name, weights) in enumerate(self.networks.items()):
            ax, (odds, up) = parts[str(place)], self._seen(weights, crowd())
            ax.axvline(0, color=colours["black"], linestyle=":")
            for which, mark, colour in ((~is_odd, "s", "vermilion"), (is_odd, "o", "blue")):
                points = odds[which, self.at], up[which, self.at]
                ax.plot(*points, mark, color=colours[colour], mfc="none", ms=5)
            (x,), (y,) = self._seen(weights, mine)
            ax.plot(x[-WALKED:], y[-WALKED:], "-", color=colours["black"], lw=1)
            ax.plot(x[-1], y[-1], "D", color=colours["black"])
            ax.set(title=name, xlim=(-wide, wide), ylim=(-tall, tall))
            ax.set(xlabel="log odds of odd", ylabel="second direction")
        _automaton(parts["2"], int(mine.sum()) % 2)


def _automaton(ax: "Axes", now: int) -> None:
    """Draw the two states of parity; the one it is in has a thick ring."""
    from matplotlib.patches import Circle

    blue = plotting.COLOURS["blue"]
    for state, (x, name) in enumerate(((-1.5, "even"), (1.5, "odd"))):
        ax.add_patch(Circle((x, 0), 0.5, fill=False, lw=3 if state == now else 1))
        ax.text(x, 0, name, ha="center", va="center")
    for symbol, start, end, bend, x, y in (
        ("1", (-1.1, 0.3), (1.1, 0.3), -0.2, 0, 0.72),
        ("1", (1.1, -0.3), (-1.1, -0.3), -0.2, 0, -0.72),
        ("0", (-1.9, 0.3), (-1.9, -0.3), 1.6, -2.8, 0),
        ("0", (1.9, -0.3), (1.9, 0.3), 1.6, 2.8, 0),
    ):
        style = {"arrowstyle": "-|>", "color": blue, "connectionstyle": f"arc3,rad={bend}"}
        ax.annotate("", end, start, arrowprops=style)
        ax.text(x, y, symbol, color=blue, ha="center", va="center")
    ax.set(xlim=(-4, 4), ylim=(-1, 1), aspect="equal")
    ax.axis("off")
