"""Beliefs by Bayes' rule, and what is read from a network in training (chapter 21)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_utils import plotting
from course_utils.live._figure import LiveFigure, arrays, finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FITTED = 80
"""Strings that the read-out is fitted on; the others are shown."""
RIDGE = 1e-6
"""What the fit adds to each square: enough to solve where features repeat each other."""
SOURCES = ("states", "predictions", "symbols")
LOOKS = (("^", "blue"), ("s", "vermilion"), ("o", "green"), ("d", "purple"), ("v", "ochre"))
"""Marker and colour of the beliefs that hold a hidden state, a to e, for the likeliest."""
Array = NDArray[Any]


class Process(NamedTuple):
    """A hidden process, strings that it drew, and a GRU before and after training.

    ``weights`` are lists as ``torch.nn.GRU`` and ``torch.nn.Linear`` keep them: input and
    recurrent weights, two biases, then the weights and bias of the readout.
    """

    symbols: str
    T: Array
    start: Array
    strings: Array
    fresh: list[Array]
    trained: list[Array]


def filtered(T: Array, start: Array, strings: Array) -> Array:
    """Return the belief after each symbol, (strings, steps, states).

    Where a symbol cannot come, the belief is NaN from there on.

    Examples
    --------
    >>> T = np.array([[[0.9, 0.0], [0.0, 0.1]], [[0.1, 0.0], [0.0, 0.9]]])
    >>> filtered(T, np.array([0.5, 0.5]), np.array([[0, 1]])).tolist()
    [[[0.9, 0.1], [0.5, 0.5]]]
    """
    b, path = np.tile(start, (len(strings), 1)), []
    for x in strings.T:
        joint = (b[:, np.newaxis] @ T[x])[:, 0]
        with np.errstate(invalid="ignore"):
            b = joint / joint.sum(axis=1, keepdims=True)
        path.append(b)
    return np.stack(path, axis=1)


def gru(weights: list[Array], strings: Array) -> tuple[Array, Array]:
    """Return the states of a GRU after each symbol and the probabilities it gives the next.

    Examples
    --------
    >>> zeros = [np.zeros(s) for s in ((3, 2), (3, 1), (3,), (3,), (2, 1), (2,))]
    >>> [part.tolist() for part in gru(zeros, np.array([[0, 1]]))]
    [[[[0.0], [0.0]]], [[[0.5, 0.5], [0.5, 0.5]]]]
    """
    W, U, b, c, V, d = weights
    h, path = np.zeros((len(strings), U.shape[1])), []
    for x in strings.T:
        inner, outer = np.split(W.T[x] + b, 3, axis=1), np.split(h @ U.T + c, 3, axis=1)
        reset, keep = (
            0.5 + 0.5 * np.tanh((i + o) / 2) for i, o in zip(inner[:2], outer[:2], strict=True)
        )
        h = (1 - keep) * np.tanh(inner[2] + reset * outer[2]) + keep * h
        path.append(h)
    states = np.stack(path, axis=1)
    odds = np.exp(states @ V.T + d)
    return states, odds / odds.sum(axis=2, keepdims=True)


class BeliefReader(LiveFigure):
    """The beliefs that Bayes' rule computes, and what a linear read-out finds in their place.

    The reader chooses the process, how much of the training is in the weights (a mixture of
    those at the start and at the end), what is read, and a string to follow. The read-out is
    fitted on 80 strings by least squares; the others are shown.

    Parameters
    ----------
    processes
        For each name a ``Process``, or its parts in order, with more than 80 strings of
        one length. Weights are rounded to three decimals.

    Examples
    --------
    >>> T = np.array([[[0.9, 0.0], [0.0, 0.1]], [[0.1, 0.0], [0.0, 0.9]]])
    >>> strings = np.random.default_rng(0).integers(0, 2, (100, 3))
    >>> flat = [np.zeros(s) for s in ((3, 2), (3, 1), (3,), (3,), (2, 1), (2,))]
    >>> figure = BeliefReader({"Coin": ("ht", T, [0.5, 0.5], strings, flat, flat)})
    >>> round(figure.reading("Coin", 1.0, "symbols")[1], 1)
    0.9
    """

    script = "read_beliefs.js"
    title = "Read beliefs out of a network, before and after training"

    def __init__(self, processes: Mapping[str, Any]) -> None:
        if not processes:
            raise ValueError("processes should hold at least one process")
        self.processes = {name: _checked(*parts) for name, parts in processes.items()}

    def weights(self, name: str, share: float) -> list[Array]:
        """Return weights with a share of the training, 0 to 1."""
        chosen = self.processes[name]
        pairs = zip(chosen.fresh, chosen.trained, strict=True)
        return [start + share * (end - start) for start, end in pairs]

    def features(self, name: str, share: float, source: str, strings: Array) -> Array:
        """Return what is read at each step: one of ``SOURCES``."""
        if source == "symbols":
            one_hot = np.eye(len(self.processes[name].symbols))[strings]
            most, steps = self.processes[name].strings.shape[1], strings.shape[1]
            parts = [np.pad(one_hot, ((0, 0), (k, 0), (0, 0)))[:, :steps] for k in range(most)]
            return np.concatenate(parts, axis=2)
        return gru(self.weights(name, share), strings)[SOURCES.index(source)]

    def reading(
        self, name: str, share: float, source: str, strings: Array | None = None
    ) -> tuple[Array, float]:
        """Return what is read from strings, or from those not fitted, and R squared there."""
        chosen = self.processes[name]
        x, b = chosen.strings, filtered(chosen.T, chosen.start, chosen.strings)
        F, flat = self.features(name, share, source, x), b[:FITTED].reshape(-1, b.shape[2])
        A = np.insert(F[:FITTED].reshape(-1, F.shape[2]), 0, 1, axis=1)
        R = np.linalg.solve(A.T @ A + RIDGE * np.eye(A.shape[1]), A.T @ flat)
        found = R[0] + F[FITTED:] @ R[1:]
        wrong, off = found - b[FITTED:], b[FITTED:] - flat.mean(axis=0)
        if strings is not None:
            found = R[0] + self.features(name, share, source, strings) @ R[1:]
        return found, float(1 - (wrong**2).sum() / (off**2).sum())

    def data(self) -> dict[str, Any]:
        """Return the processes, the corners of their pictures, and how to fit."""
        return {
            "processes": {
                name: {**chosen._asdict(), "corners": corners(len(chosen.start))}
                for name, chosen in self.processes.items()
            },
            "fitted": FITTED,
            "ridge": RIDGE,
            "looks": LOOKS,
        }

    def alt(self) -> str:
        """Describe both pictures of the first process, as read from the untrained network."""
        name, chosen = next(iter(self.processes.items()))
        score = self.reading(name, 0.0, "states")[1]
        return (
            f"Two pictures of the beliefs of {name}, each with {len(chosen.start)} corners, "
            "one for each hidden state. Left, the beliefs by Bayes' rule; right, what is read "
            f"from the states of the untrained network. R squared is {score:.2f}."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw both pictures of the first process, as read from the untrained network."""
        name, chosen = next(iter(self.processes.items()))
        b = filtered(chosen.T, chosen.start, chosen.strings)[FITTED:]
        left, right = figure.subplots(1, 2)
        _picture(left, b, b, "Bayes' rule")
        _picture(right, self.reading(name, 0.0, "states")[0], b, "read, no training")


def corners(count: int) -> Array:
    """Return the corners of a regular polygon, the first one on top.

    Examples
    --------
    >>> corners(4).round().tolist()
    [[0.0, 1.0], [-1.0, 0.0], [-0.0, -1.0], [1.0, -0.0]]
    """
    turn = np.pi / 2 + 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _picture(ax: "Axes", shown: Array, b: Array, title: str) -> None:
    """Draw beliefs as points; marks say which state the true one holds for likeliest."""
    edge = corners(b.shape[2])
    ax.fill(*edge.T, fill=False, color="#777777")
    for k, (mark, colour) in zip(range(len(edge)), LOOKS, strict=False):
        at = shown[b.argmax(axis=2) == k] @ edge
        ax.plot(*at.T, mark, markersize=3, color=plotting.COLOURS[colour])
    ax.set(title=title, aspect="equal", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
    ax.axis("off")


def _checked(
    symbols: str, T: Any, start: Any, strings: Any, fresh: Any, trained: Any
) -> Process:
    """Return a process whose shapes fit together."""
    k, b = len(symbols), finite("start", start, (None,))
    n = len(b)
    if not 2 <= n <= len(LOOKS):
        raise ValueError(f"start should hold 2 to {len(LOOKS)} hidden states, got {n}")
    x = finite("strings", strings, (None, None)).astype(np.int64)
    if len(x) <= FITTED or x.min() < 0 or x.max() >= k:
        raise ValueError(
            f"strings should be more than {FITTED}, of symbols 0 to {k - 1}, got {len(x)} "
            f"strings of {x.min()} to {x.max()}"
        )
    units = len(fresh[1][0])
    shapes = ((3 * units, k), (3 * units, units), (3 * units,), (3 * units,), (k, units), (k,))
    names = "W, U, b, c, V and d"
    both = [
        [
            finite(name, part, shape).round(3)
            for name, part, shape in zip("WUbcVd", arrays(weights, names), shapes, strict=True)
        ]
        for weights in (fresh, trained)
    ]
    matrices = finite("T", T, (k, n, n))
    if np.isnan(filtered(matrices, b, x)).any():
        raise ValueError("strings should be such that T and start can make them")
    return Process(symbols, matrices, b, x, *both)
