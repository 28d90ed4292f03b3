"""The recurrent network of three weights with dials (chapters 1 and 4)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, checked_digits, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEAN, VARIANCE = 4.5, 8.25
NAMES = {"W": "input weight W", "U": "recurrent weight U", "b": "bias b"}


def states(W: float, U: float, b: float, digits: Iterable[int]) -> np.ndarray:
    """Return the states of the linear network with one unit, as the page computes them.

    They are h_0 = 0, h_1, ..., one more than there are digits.

    Examples
    --------
    >>> states(1.0, 1.0, 0.0, [4, 2, 5]).tolist()
    [0.0, 4.0, 6.0, 11.0]
    """
    W, U, b = (finite(n, v).item() for n, v in (("W", W), ("U", U), ("b", b)))
    h = [0.0]
    for digit in finite("digits", digits, (None,)).tolist():
        h.append(digit * W + h[-1] * U + b)
    return np.array(h)


def descent(
    W: float, U: float, rate: float, steps: int = 5_000, mean: float = MEAN
) -> np.ndarray:
    """Return the path of plain gradient descent on the expected loss, as the page computes it.

    The loss is the mean squared error over all sequences of three digits, whose sum is to be
    given; chapter 4 derives it. The path starts at W, U and b = 0 and goes on at the learning
    rate ``rate``. ``mean`` is that of a digit: 4.5, or 0 if digits and sums are centred.

    It holds W, U and b before the first and after every step, shape (steps + 1, 3). A run that
    leaves a million is cut off, so it may have fewer rows.

    Examples
    --------
    >>> descent(0.5, 0.5, rate=0.001)[-1].round(2).tolist()
    [1.0, 1.0, 0.0]
    >>> len(descent(0.5, 0.5, rate=0.01)) < 5_001
    True
    """
    given = {"W": W, "U": U, "rate": rate, "mean": mean}
    W, U, rate, mean = (finite(name, value).item() for name, value in given.items())
    b = 0.0
    path = [(W, U, b)]
    for _ in range(whole(steps, "steps", 0)):
        c1, c2, c3, S = W * U**2 - 1, W * U - 1, W - 1, 1 + U + U**2
        miss = (mean * W + b) * S - 3 * mean
        by_W = 2 * (VARIANCE * (c1 * U**2 + c2 * U + c3) + miss * mean * S)
        by_U = 2 * (VARIANCE * W * (2 * c1 * U + c2) + miss * (mean * W + b) * (1 + 2 * U))
        by_b = 2 * miss * S
        W, U, b = W - rate * by_W, U - rate * by_U, b - rate * by_b
        if not abs(W) + abs(U) + abs(b) < 1e6:
            break
        path.append((W, U, b))
    return np.array(path)


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

    Examples
    --------
    >>> RnnDials(1.0, 1.0, 0.0, presets={"start": (0.5, 0.5, 0.0)}).data()["presets"]
    [['start', 0.5, 0.5, 0.0]]
    """

    script = "rnn_dials.js"
    title = "A recurrent network with three dials"
    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "W": (-2, 2),
        "U": (-2, 2),
        "b": (-5, 5),
    }

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
        self.digits = checked_digits(digits)
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
            "limits": self.limits,
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


class LossSurface(RnnDials):
    """The same network beside the map of its loss: pick a start, and gradient descent runs.

    Chapter 4 derives the loss and its two valleys. Each run is plain gradient descent from
    b = 0; the network of the step that is shown is set on the dials.

    Parameters
    ----------
    W, U
        Where the first run starts: inside the map, W from -1.9 to 2.4, U from -3.9 to 2.1.
    digits
        The digits that are read first, 1 to 12 of them.

    Examples
    --------
    >>> LossSurface(W=0.7, U=-1.0).data()["surface"]["start"]
    {'W': 0.7, 'U': -1.0}
    """

    title = "Two valleys: pick a start and descend"
    size = (plotting.WIDTH, 5.0)
    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "W": (-2, 2.5),
        "U": (-4, 2.5),
        "b": (-5, 15),
    }
    RATE = 0.001
    MAP_U, MAP_W = (-3.9, 2.1), (-1.9, 2.4)
    LEVELS = (0, 1, 4, 9, 16.5, 19, 22, 27, 35, 50, 80, 150, 20_000)

    def __init__(self, W: Any, U: Any, digits: Iterable[int] = (4, 2, 5)) -> None:
        super().__init__(W, U, 0.0, digits)
        for name, (low, high) in (("W", self.MAP_W), ("U", self.MAP_U)):
            if not low <= self.weights[name] <= high:
                raise ValueError(
                    f"the start of {name} should lie on the map, from {low} to {high}, "
                    f"got {self.weights[name]}"
                )

    def _limit(self, mean: float) -> float:
        """Return the largest stable rate: 2 over the largest curvature at W = U = 1, b = 0."""
        still_to_go = np.arange(3.0)
        digit = np.array([still_to_go**0, still_to_go, 0 * still_to_go])  # slopes of the output
        average = mean * digit.sum(axis=1) + [0, 0, 3]
        hessian = 2 * (VARIANCE * digit @ digit.T + np.outer(average, average))
        return float(2 / np.linalg.eigvalsh(hessian)[-1])

    def _colours(self) -> np.ndarray:
        from matplotlib import colormaps

        return colormaps["cividis"](np.linspace(0, 1, len(self.LEVELS) - 1))

    def data(self) -> dict[str, Any]:
        """Return what :class:`RnnDials` does, and the map."""
        surface = {
            "start": {name: self.weights[name] for name in ("W", "U")},
            "rate": self.RATE,
            "steps": 5_000,
            "limits": {"raw": self._limit(MEAN), "centred": self._limit(0.0)},
            "U": self.MAP_U,
            "W": self.MAP_W,
            "levels": self.LEVELS,
            "colours": np.rint(255 * self._colours()[:, :3]).astype(int),
        }
        return super().data() | {"surface": surface}

    def alt(self) -> str:
        """Describe the map and the first run."""
        W, U, b = descent(self.weights["W"], self.weights["U"], self.RATE)[-1]
        place = "ends in the left valley" if U < -1 else "ends"
        return (
            "Contour map of the loss over the recurrent weight U from -3.9 to 2.1 and the "
            "input weight W from -1.9 to 2.4. A deep basin lies around U = 1, W = 1, labelled "
            "adds all three; a long narrow valley runs left just above W = 0, labelled keeps "
            "the first. "
            f"A path starts at W = {self.weights['W']:.2f}, U = {self.weights['U']:.2f} and "
            f"{place} at W = {W:.2f}, U = {U:.2f}, b = {b:.2f}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the map and the path of the first run."""
        ax = figure.subplots()
        u, w = np.linspace(*self.MAP_U, 200), np.linspace(*self.MAP_W, 200)[:, np.newaxis]
        height = VARIANCE * ((w * u**2 - 1) ** 2 + (w * u - 1) ** 2 + (w - 1) ** 2)
        ax.contourf(u, w[:, 0], height, levels=self.LEVELS, colors=self._colours())
        W, U, _ = descent(self.weights["W"], self.weights["U"], self.RATE).T
        ink = plotting.COLOURS["black"]
        ax.plot(U, W, color=ink, linestyle="-", linewidth=3.5)
        ax.plot(U, W, color="white", linestyle="-", linewidth=1.6)
        ax.plot(U[0], W[0], "o", color="white", markeredgecolor=ink)
        ax.plot(U[-1], W[-1], "D", color="#ffb000", markeredgecolor=ink)
        box = {"boxstyle": "round", "fc": "white"}
        ax.text(2.0, 1.7, "adds all three", ha="right", bbox=box)
        ax.text(-3.8, -0.7, "keeps the first", ha="left", bbox=box)
        ax.grid(False)
        ax.set(xlabel="U, recurrent weight", ylabel="W, input weight")
        ax.set(xlim=self.MAP_U, ylim=self.MAP_W)
