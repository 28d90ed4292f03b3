"""One pulse to a network that remembers three bits, beside its linear forecast (chapter 19)."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils import dynamics, plotting
from course_utils.arguments import number, whole
from course_utils.gates import Block, Gates
from course_utils.live._figure import LiveFigure, arrays, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

EIGHT = np.array(list(product([-1, 1], repeat=3)))
DECIMALS = 3
"""Decimals that the weights are rounded to: a few kB, and the same points."""
SIZE, ANGLE, STEPS = 1.0, 30, 250


def pulsed(
    weights: Sequence[ArrayLike], held: ArrayLike, line: int, size: float, steps: int = STEPS
) -> tuple[Array, Array]:
    """Return the states after one pulse against a bit, and those that J foretells.

    The network rests at the corner that holds ``held``. J is the Jacobian there, so that the
    forecast after t steps is the corner plus (h_1 - corner) J^(t - 1).

    Parameters
    ----------
    weights
        W (3, n), U (n, n), b (n,) of the layer, then V (n, 3) and c (3,) of the readout.
    held
        The three signs that the network holds.
    line
        The line that the pulse is on, 1 to 3. Its sign is the opposite of the one held.
    size
        How large the pulse is; the network is trained with 1.
    steps
        How many steps follow the corner.

    Returns
    -------
    states, foretold : numpy.ndarray
        Shape (steps + 1, n) each. The first is the corner.

    Examples
    --------
    One unit a bit, h = tanh(1.5 h + x): a pulse of 1 shrinks the bit, one of 2 turns it.

    >>> weights = [np.eye(3), 1.5 * np.eye(3), np.zeros(3), np.eye(3), np.zeros(3)]
    >>> for size in (1, 2):
    ...     states, foretold = pulsed(weights, [1, 1, -1], 1, size)
    ...     print(states[[0, 1, -1], 0].round(2), foretold[-1, 0].round(2))
    [0.86 0.28 0.86] 0.86
    [ 0.86 -0.61 -0.86] 0.86
    """
    W, U, b = (np.asarray(part, float) for part in weights[:3])
    signs = finite("held", held, (3,))
    x, at = np.zeros(3), whole(line, "line", 1, 3) - 1
    x[at] = -signs[at] * number(size, "size", least=0)
    corner = np.tanh(signs @ W + b)
    for _ in range(300):
        corner = np.tanh(corner @ U + b)
    states = [corner, np.tanh(corner @ U + x @ W + b)]
    changes = [0 * corner, states[1] - corner]
    for _ in range(steps - 1):
        states.append(np.tanh(states[-1] @ U + b))
        changes.append(changes[-1] @ U * (1 - corner**2))
    return np.array(states), corner + changes


class FlipFlop(LiveFigure):
    """A network that remembers three bits: send it pulses, and look for the border.

    Chapter 19 finds the points in which such a network stands still. Here a pulse of any size
    pushes it off a corner of the cube that they form.

    Parameters
    ----------
    weights
        As for :func:`pulsed`. They are rounded to three decimals.

    Examples
    --------
    >>> FlipFlop([2 * np.eye(3), 1.5 * np.eye(3), np.zeros(3), np.eye(3), np.zeros(3)])
    <LiveFigure FlipFlop: One pulse to a network that remembers three bits>
    """

    script = "flip_flop.js"
    title = "One pulse to a network that remembers three bits"

    def __init__(self, weights: Sequence[Any]) -> None:
        W, *others = arrays(weights, "W, U, b, V and c")
        W = finite("W", W, (3, None))
        n = W.shape[1]
        shapes = ((n, n), (n,), (n, 3), (3,))
        parts = map(finite, "UbVc", others, shapes)
        self.weights = [part.round(DECIMALS) for part in (W, *parts)]
        W, U, b, V, c = self.weights
        corners = np.array([pulsed(self.weights, held, 1, 0, 1)[0][0] for held in EIGHT])
        if (np.sign(corners @ V + c) != EIGHT).any():
            raise ValueError("the network should hold each of the eight combinations of signs")
        self.centre = corners.mean(axis=0)
        # what each bit changes in the state, and with that three directions to look along
        self.sight = np.linalg.pinv(EIGHT.T @ corners / 8).round(4)
        codes = np.array(list(product([-1, 0, 1], repeat=3)))
        fits = (codes[:, np.newaxis] * (codes[:, np.newaxis] - EIGHT) == 0).all(axis=-1)
        starts = fits @ corners / fits.sum(axis=1, keepdims=True)
        layer = Gates("RNN", {"state": Block(W, U, b)})
        self.points = dynamics.fixed_points(layer, starts)
        self.codes = (self.points.states @ V + c).round().astype(int)

    def data(self) -> dict[str, Any]:
        """Return the rounded weights, and the fixed points as they are seen."""
        W, U, b, V, c = self.weights
        return {
            **{"W": W, "U": U, "b": b, "V": V, "c": c},
            **{"centre": self.centre.round(4), "sight": self.sight, "angle": ANGLE},
            "size": SIZE,
            "points": [
                {"code": code, "seen": seen.round(3), "unstable": kind, "rate": round(rate, 4)}
                for code, seen, kind, rate in zip(
                    self.codes,
                    self._seen(self.points.states),
                    self.points.unstable,
                    np.abs(self.points.eigenvalues[:, 0]).tolist(),
                    strict=True,
                )
            ],
        }

    def _seen(self, states: Array) -> Array:
        found: Array = (states - self.centre.round(4)) @ self.sight
        return found

    def alt(self) -> str:
        """Describe the cube and the first pulse."""
        states, _ = pulsed(self.weights, EIGHT[0], 1, SIZE)
        said = states @ self.weights[3][:, 0] + self.weights[4][0]
        return (
            f"Left, {len(self.points.states)} points at the corners, edges, faces and in the "
            "centre of a cube, and the path of the state after a pulse of 1 on line 1: from "
            "the corner that holds three minus signs along an edge to the next corner. Right, "
            f"what the network says on line 1: it goes from {said[0]:.1f} to {said[-1]:.1f} "
            "within a few steps. The dashed linear forecast comes back to where it began."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the cube with the first pulse, and its output beside the forecast."""
        left, right = figure.subplots(1, 2)
        states, foretold = pulsed(self.weights, EIGHT[0], 1, SIZE, 20)
        colours = plotting.COLOURS
        seen = dict(zip(map(tuple, self.codes), self._seen(self.points.states), strict=True))
        for code in (code for code in seen if code.count(0) == 1):
            ends = [tuple(c or sign for c in code) for sign in (-1, 1)]
            joined = _flat(np.array([seen[ends[0]], seen[code], seen[ends[1]]]))
            left.plot(*joined.T, "-", color="0.6", lw=1)
        for kind, mark in enumerate("os^D"):
            some = _flat(self._seen(self.points.states[self.points.unstable == kind]))
            colour = colours[("blue", "vermilion", "green", "black")[kind]]
            left.plot(*some.T, mark, color=colour, markersize=5)
        for ax, path in ((left, _flat(self._seen(states))), (right, self._said(states))):
            ax.plot(*path.T, ".-", color=colours["black"], label="the network")
        left.plot(*_flat(self._seen(foretold)).T, "--", color=colours["purple"])
        right.plot(*self._said(foretold).T, "--", color=colours["purple"], label="foretold")
        left.set(aspect="equal")
        left.axis("off")
        right.set(xlabel="step", ylabel="output of line 1")
        right.legend()

    def _said(self, states: Array) -> Array:
        """Return (step, output of line 1)."""
        V, c = self.weights[3:]
        return np.column_stack([np.arange(len(states)), states @ V[:, 0] + c[0]])


def _flat(points: Array) -> Array:
    """Return where points in space stand in the picture, as the page draws them."""
    turn, tilt = np.radians([ANGLE, 20])
    x, y, z = points.T
    across = x * np.cos(turn) - y * np.sin(turn)
    away = x * np.sin(turn) + y * np.cos(turn)
    up, depth = (
        z * np.cos(tilt) + away * np.sin(tilt),
        z * np.sin(tilt) - away * np.cos(tilt),
    )
    return np.column_stack([across, up]) / (1 - 0.12 * depth)[:, np.newaxis]
