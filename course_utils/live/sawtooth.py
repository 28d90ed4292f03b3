"""Gradient descent on one weight that a layer uses modulo a number (chapter 14)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("modulo", "symmetric", "fold")
LOW, HIGH = -1.5, 2.5


def used_weight(kind: str, w: Any, m: float = 1.0) -> np.ndarray:
    """Return the weight that the layer uses where w is stored, as the page computes it.

    Parameters
    ----------
    kind
        "modulo" for w mod m, in [0, m); "symmetric" for ((w + m/2) mod m) - m/2; "fold" for
        what is w in [-m/2, m/2] and turns round at the ends where "symmetric" jumps.
    w
        Stored weights, of any shape.
    m
        The modulus, above 0.

    Examples
    --------
    >>> [used_weight(kind, 0.75).item() for kind in KINDS]
    [0.75, -0.25, 0.25]
    """
    if kind not in KINDS:
        raise ValueError(f"kind should be one of {', '.join(KINDS)}, got {kind!r}")
    m = finite("m", m).item()
    if m <= 0:
        raise ValueError(f"m should be above 0, got {m}")
    stored = np.asarray(w, float)
    if kind == "modulo":
        return _modulo(stored, m)
    if kind == "symmetric":
        return _modulo(stored + m / 2, m) - m / 2
    return abs(_modulo(stored - m / 2, 2 * m) - m) - m / 2


def _modulo(w: np.ndarray, m: float) -> np.ndarray:
    return w - m * np.floor(w / m)


def weight_path(
    kind: str, target: float, start: float, rate: float, steps: int, m: float = 1.0
) -> np.ndarray:
    """Return the stored weights of gradient descent, as the page computes them.

    The loss is (used weight - target)^2, and its gradient is that between two jumps. The path
    holds the weight before the first and after every step, shape (steps + 1,).

    Parameters
    ----------
    kind, m
        As for :func:`used_weight`.
    target
        The weight that is wanted.
    start
        The first stored weight.
    rate
        The learning rate.

    Examples
    --------
    >>> weight_path("modulo", 0.7, start=0.5, rate=0.1, steps=200)[-1].round(6).item()
    0.7
    >>> used_weight("modulo", weight_path("modulo", -0.3, 0.5, 0.1, 8)).round(2).tolist()
    [0.5, 0.34, 0.21, 0.11, 0.03, 0.96, 0.71, 0.51, 0.35]
    """
    given = {"target": target, "start": start, "rate": rate}
    target, start, rate = (finite(name, value).item() for name, value in given.items())
    path = [start]
    for _ in range(whole(steps, "steps", 0)):
        w = path[-1]
        slope = 1
        if kind == "fold" and _modulo(np.asarray(w - m / 2), 2 * m) < m:
            slope = -1
        path.append(w - rate * 2 * (used_weight(kind, w, m).item() - target) * slope)
    return np.array(path)


class Sawtooth(LiveFigure):
    """One stored weight, the weight that the layer uses, and gradient descent between them.

    The reader chooses the target, the start, the learning rate and the modulus, and whether the
    used weight jumps at the end of its range or turns round. Chapter 14 teaches why descent on
    a weight that jumps goes round for ever.

    Parameters
    ----------
    target
        The weight that is wanted at the start, from -1.5 to 2.5.
    start
        The stored weight of the first step, from -1.5 to 2.5.

    Examples
    --------
    >>> Sawtooth(-0.3).data()["target"]
    -0.3
    """

    script = "sawtooth.js"
    title = "One weight modulo a number"
    RATE, STEPS = 0.05, 200

    def __init__(self, target: Any, start: Any = 0.5) -> None:
        self.target, self.start = finite("target", target).item(), finite("start", start).item()
        for name, value in (("target", self.target), ("start", self.start)):
            if not LOW <= value <= HIGH:
                raise ValueError(f"{name} should lie from {LOW} to {HIGH}, got {value}")

    def data(self) -> dict[str, Any]:
        """Return target, start, learning rate, steps, and the limits of the weights."""
        return {
            "target": self.target,
            "start": self.start,
            "rate": self.RATE,
            "steps": self.STEPS,
            "limits": (LOW, HIGH),
        }

    def alt(self) -> str:
        """Describe the two panels at the start."""
        path = weight_path("modulo", self.target, self.start, self.RATE, self.STEPS)
        jumps = int((np.diff(np.floor(path)) != 0).sum())
        way = f"it jumps {jumps} times" if jumps else "it does not jump"
        return (
            f"Two panels for a weight used modulo 1 with target {self.target:.2f}. Left, the "
            "loss against the stored weight: the same arc over every unit, with jumps between. "
            f"Right, the used weight over {self.STEPS} steps of descent: from "
            f"{path[0] % 1:.2f} {way}, and the last is {path[-1] % 1:.2f}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the loss with the run, and the used weight over the steps."""
        left, right = figure.subplots(1, 2)
        colours = plotting.COLOURS
        path = weight_path("modulo", self.target, self.start, self.RATE, self.STEPS)
        used = used_weight("modulo", path)
        loss = (used - self.target) ** 2
        beyond = min(0, np.floor(path[-1] - LOW)) + max(0, np.ceil(path[-1] - HIGH))
        low, high = LOW + beyond, HIGH + beyond  # the window follows the run, as in the page
        for k in range(int(np.floor(low)), int(np.ceil(high))):
            w = np.linspace(max(k, low), min(k + 0.9999, high), 100)
            left.plot(
                w, (used_weight("modulo", w) - self.target) ** 2, "-", color=colours["blue"]
            )
        left.plot(path, loss, "o", color=colours["vermilion"], markersize=3)
        left.plot(path[-1], loss[-1], "D", color=colours["black"])
        left.set(xlabel="stored weight w", ylabel="loss", xlim=(low, high))
        right.plot(used, "-", color=colours["vermilion"], linewidth=1.5)
        right.axhline(self.target, color=colours["black"], linestyle="--", linewidth=1.5)
        right.set(xlabel="step", ylabel="used weight")
