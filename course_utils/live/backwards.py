"""Gradient descent on the input of one unit (chapter 8)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("linear", "squared", "crossEntropy", "logits")


def input_path(
    kind: str,
    target: float,
    start: float,
    rate: float,
    steps: int,
    W: float = 1.0,
    b: float = 0.0,
) -> np.ndarray:
    """Return the inputs of gradient descent on the input of one unit, as the page computes it.

    They are the input before the first and after every step, shape (steps + 1,). A run that
    leaves 1e9 is cut off, so it may be shorter.

    Parameters
    ----------
    kind
        "linear" for the output W x + b with squared error; "squared", "crossEntropy" or
        "logits" for the sigmoid of it with this loss. Chapter 8 has the formulas.
    target
        The output that is wanted.
    start
        The first input.
    rate
        The learning rate.

    Examples
    --------
    >>> input_path("linear", 100, 1.0, rate=0.4, steps=200, W=0.4, b=-25)[-1].round(3).item()
    312.5
    """
    if kind not in KINDS:
        raise ValueError(f"kind should be one of {', '.join(KINDS)}, got {kind!r}")
    given = {"target": target, "start": start, "rate": rate, "W": W, "b": b}
    target, start, rate, W, b = (finite(name, value).item() for name, value in given.items())
    if kind == "logits" and not 0 < target < 1:
        raise ValueError(f"target should lie between 0 and 1 for its logit, got {target}")
    path = [float(start)]
    goal = np.log(target / (1 - target)) if kind == "logits" else target
    for _ in range(whole(steps, "steps", 0)):
        z = W * path[-1] + b
        if kind in ("linear", "logits"):
            slope = 2 * W * (z - goal)
        else:
            e = np.exp(-abs(z))
            s = 1 / (1 + e) if z >= 0 else e / (1 + e)
            slope = W * (s - goal) * (1 if kind == "crossEntropy" else 2 * s * (1 - s))
        x = path[-1] - rate * slope
        if not abs(x) < 1e9:
            break
        path.append(float(x))
    return np.array(path)


class Backwards(LiveFigure):
    """One unit run backwards: pick a target, a start and a learning rate, and x moves.

    The unit is the line W x + b, or a sigmoid of the input with one of three losses. Chapter 8
    teaches the steps, the bound on the rate, and why the squared error stalls.

    Parameters
    ----------
    W, b
        Weight and bias of the linear unit, numbers or arrays with one entry; W is not 0.

    Examples
    --------
    >>> Backwards(0.4, -25.0).data()["units"]["linear"]["target"]
    100
    """

    script = "backwards.js"
    title = "Run one unit backwards"

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = finite("W", W).item(), finite("b", b).item()
        if self.W == 0:
            raise ValueError("W should not be 0: the output would not depend on the input")

    def data(self) -> dict[str, Any]:
        """Return both units with the limits of their sliders and axes."""
        linear = {
            "W": self.W,
            "b": self.b,
            "target": 100,
            "start": 1,
            "rate": 0.4,
            "tolerance": 0.01,
            "limits": {"target": [-50, 350], "start": [0, 1000], "path": [-500, 1500]},
            "step": {"target": 1, "start": 1},
            "ylim": [-60, 400],
        }
        sigmoid = {
            "W": 1,
            "b": 0,
            "target": 0.1,
            "start": 10,
            "rate": 0.25,
            "tolerance": 0.001,
            "limits": {"target": [0.05, 1.2], "start": [-10, 10], "path": [-15, 15]},
            "step": {"target": 0.05, "start": 0.5},
            "ylim": [-0.1, 1.25],
        }
        return {"kind": "linear", "units": {"linear": linear, "sigmoid": sigmoid}}

    def alt(self) -> str:
        """Describe the line, and the way of the input to the solution."""
        return (
            f"Left, the line W x + b with W = {self.W:.2f}, b = {self.b:.1f} over inputs from "
            "0 to 1000, a dashed line at the target 100, a circle at the start x = 1 and a "
            "diamond where the two lines meet. Right, the input against the step: it rises "
            "steeply from 1 and flattens at the dashed solution, "
            f"{(100 - self.b) / self.W:.0f}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the line and the way of the input."""
        path = input_path("linear", 100, 1.0, 0.4, 200, self.W, self.b)
        left, right = figure.subplots(1, 2)
        colours = plotting.COLOURS
        ends = np.array([0.0, 1000.0])
        left.plot(ends, self.W * ends + self.b, "-", color=colours["blue"])
        left.axhline(100, color=colours["vermilion"], linestyle="--")
        left.plot(path[0], self.W * path[0] + self.b, "o", mfc="none", color=colours["black"])
        left.plot(path[-1], self.W * path[-1] + self.b, "D", color=colours["black"])
        left.set(xlabel="input x", ylabel="output")
        right.plot(path, "-", color=colours["blue"])
        right.axhline((100 - self.b) / self.W, color=colours["vermilion"], linestyle="--")
        right.plot(200, path[-1], "D", color=colours["black"])
        right.set(xlabel="step", ylabel="input x")
