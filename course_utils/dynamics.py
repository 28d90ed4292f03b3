"""Where a recurrent layer stands still: fixed points, and what it does beside them.

Under an input that stays the same, one step of a layer is a map F from state to state. A fixed
point has F(s) = s; beside it a small change d becomes d J, with the Jacobian
J_ij = dF_j / ds_i (row vectors, as everywhere in the book). A direction in which J stretches is
unstable. The state s of an LSTM is h and c side by side, of every other cell h.

Taught in chapter 19. Sources: Sussillo and Barak, 2013 (the idea); Newton's method instead of
their descent, which the exact Jacobian makes cheap.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.arguments import array
from course_utils.gates import Gates
from course_utils.gates.activations import Activation, in_place

Array = NDArray[np.float64]

SLOPES: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda a: 1 - a**2,
    "sigmoid": lambda a: a * (1 - a),
    "relu": lambda a: np.where(a > 0, 1.0, 0.0),
    "linear": np.ones_like,
}
"""The slope of an activation, from its value; of others it is measured."""


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints:
    """Fixed points of a layer under one input, each once.

    ``states`` (points, size), ``jacobians`` (points, size, size), and how many of the
    ``starts`` ended in a point (``converged``). ``outside`` (points,) marks points beyond every
    state that the search started from: the network may never come near them.
    """

    states: Array
    jacobians: Array
    outside: NDArray[np.bool_]
    starts: int
    converged: int

    @property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Eigenvalues of the Jacobians, (points, size), the largest absolute value first."""
        values = np.linalg.eigvals(self.jacobians).astype(np.complex128)
        return np.take_along_axis(values, np.argsort(-np.abs(values), axis=1), axis=1)

    @property
    def unstable(self) -> NDArray[np.int64]:
        """How many directions a change grows in, (points,). A stable point has none."""
        found: NDArray[np.int64] = (np.abs(self.eigenvalues) > 1).sum(axis=1)
        return found

    def __repr__(self) -> str:
        counts = enumerate(np.bincount(self.unstable))
        kinds = ", ".join(
            f"{count} {f'unstable in {kind}' if kind else 'stable'}"
            for kind, count in counts
            if count
        )
        far = f"; {self.outside.sum()} outside of the starts" if self.outside.any() else ""
        return (
            f"FixedPoints({len(self.states)} points from {self.converged} of {self.starts} "
            f"starts{': ' if kinds else ''}{kinds}{far})"
        )


def step(gates: Gates, states: ArrayLike, x: ArrayLike | None = None) -> Array:
    """Return the states (batch, size) one step later, under the input x (features,).

    Without x the input is zero. All is computed in float64.

    Examples
    --------
    >>> from course_utils.gates import Block
    >>> one = np.ones((1, 1))
    >>> unit = Gates("RNN", {"state": Block(one, 2 * one, np.zeros(1))})
    >>> step(unit, [[0.5]]).round(4)
    array([[0.7616]])
    """
    return _step_and_jacobian(gates, *_taken(gates, states, x), False)[0]


def jacobian(gates: Gates, states: ArrayLike, x: ArrayLike | None = None) -> Array:
    """Return dF_j / ds_i at each of the states (batch, size): shape (batch, size, size).

    Examples
    --------
    >>> from course_utils.gates import Block
    >>> one = np.ones((1, 1))
    >>> unit = Gates("RNN", {"state": Block(one, 2 * one, np.zeros(1))})
    >>> jacobian(unit, [[0.0]])
    array([[[2.]]])
    """
    return _step_and_jacobian(gates, *_taken(gates, states, x), True)[1]


def fixed_points(
    gates: Gates,
    starts: ArrayLike,
    x: ArrayLike | None = None,
    *,
    tolerance: float = 1e-12,
    apart: float = 1e-6,
    updates: int = 100,
) -> FixedPoints:
    """Look for states that one step leaves where they are, by Newton's method from each start.

    Parameters
    ----------
    gates
        Any layer without projection, peepholes or clip.
    starts
        States to begin with, (batch, size): best those that the layer visits at work. Points
        that no start is near are not found, so the list need not be complete.
    x
        The input that stays, (features,); zeros if left out.
    tolerance
        The largest change of any number of a state in one step that still counts as none.
    apart
        Points closer than this in every number are one. Where the points form a line, as in a
        memory that keeps any value, more starts find more points.
    updates
        How many updates of Newton each start has at most. An update is halved until it brings
        F(s) nearer to s.

    Examples
    --------
    h = tanh(2 h) has three solutions: two stable ones and, between them, 0.

    >>> from course_utils.gates import Block
    >>> one = np.ones((1, 1))
    >>> unit = Gates("RNN", {"state": Block(one, 2 * one, np.zeros(1))})
    >>> found = fixed_points(unit, np.linspace(-1, 1, 20)[:, np.newaxis])
    >>> found
    FixedPoints(3 points from 20 of 20 starts: 2 stable, 1 unstable in 1)
    >>> found.states.ravel().round(4) + 0
    array([-0.9575,  0.    ,  0.9575])
    """
    first, inputs = _taken(gates, starts, x)
    states = first.copy()
    going = np.arange(len(states))
    done = np.zeros(len(states), bool)
    for _ in range(updates):
        after, J = _step_and_jacobian(gates, states[going], inputs, True)
        off = after - states[going]
        still = np.abs(off).max(axis=1, initial=0) <= tolerance
        done[going[still]] = True
        going, off, J = going[~still], off[~still], J[~still]
        if not len(going):
            break
        moved, better = _newton(gates, states[going], inputs, off, J)
        states[going] = moved
        going = going[better]
    points = _unique(states[done], apart)
    low, high = first.min(axis=0, initial=np.inf), first.max(axis=0, initial=-np.inf)
    return FixedPoints(
        points,
        _step_and_jacobian(gates, points, inputs, True)[1],
        ((points < low - apart) | (points > high + apart)).any(axis=1),
        len(first),
        int(done.sum()),
    )


def _taken(gates: Gates, states: ArrayLike, x: ArrayLike | None) -> tuple[Array, Array]:
    """Judge the states and the input."""
    blocks = gates.blocks.values()
    odd = gates.projection is not None or gates.clip is not None
    if odd or any(block.peephole is not None for block in blocks):
        raise ValueError("a layer with a projection, peepholes or clip is not supported here")
    size = gates.units * (2 if gates.cell == "LSTM" else 1)
    what = "states, h and c side by side," if gates.cell == "LSTM" else "states"
    zeros = np.zeros(gates.features)
    inputs = zeros if x is None else array(x, "x", (gates.features,), np.float64)
    return array(states, what, (None, size), np.float64), inputs


def _newton(
    gates: Gates, states: Array, x: Array, off: Array, J: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the states after one update, and which of them came nearer to standing still."""
    system = np.eye(states.shape[1]) - J.transpose(0, 2, 1)
    try:
        d = np.linalg.solve(system, off[:, :, np.newaxis])[:, :, 0]
    except np.linalg.LinAlgError:  # a direction in which everything stands still
        d = (np.linalg.pinv(system) @ off[:, :, np.newaxis])[:, :, 0]
    best = np.linalg.norm(off, axis=1)
    moved, better = states.copy(), np.zeros(len(states), bool)
    for halvings in range(12):
        (left,) = np.nonzero(~better)
        if not len(left):
            break
        tried = states[left] + d[left] / 2**halvings
        change = np.linalg.norm(_step_and_jacobian(gates, tried, x, False)[0] - tried, axis=1)
        nearer = change < best[left]
        moved[left[nearer]] = tried[nearer]
        better[left[nearer]] = True
    return moved, better


def _unique(points: Array, apart: float) -> Array:
    """Return each point once, in the order of its first numbers."""
    left = points[np.lexsort(points.T[::-1].round(6))] if points.size else points
    kept: list[Array] = []
    while len(left):
        kept.append(left[0])
        left = left[np.abs(left - left[0]).max(axis=1) > apart]
    return np.array(kept).reshape(len(kept), points.shape[1])


def _value_and_slope(activation: Activation, z: Array) -> tuple[Array, Array]:
    """Return activation(z) and its slope at z."""
    function = in_place(activation)

    def value(at: Array) -> Array:
        out = np.empty_like(at)
        with np.errstate(over="ignore"):  # a step that overshoots: the sigmoid is 0 there
            function(at, out)
        return out

    a = value(z)
    if isinstance(activation, str) and activation in SLOPES:
        return a, SLOPES[activation](a)
    return a, (value(z + 1e-6) - value(z - 1e-6)) / 2e-6


def _step_and_jacobian(
    gates: Gates, states: Array, x: Array, wanted: bool
) -> tuple[Array, Array]:
    """Return F(s) and, if wanted, J of every state."""
    W, U, b, c = (
        {
            name: np.asarray(0.0 if (w := getattr(block, part)) is None else w, np.float64)
            for name, block in gates.blocks.items()
        }
        for part in ("kernel", "recurrent", "bias", "recurrent_bias")
    )
    n = gates.units
    h = states[:, :n]
    given = {name: x @ W[name] + b[name] for name in W}

    def gate(name: str) -> tuple[Array, Array]:
        z = given[name] + h @ U[name] + c[name]
        return _value_and_slope(gates.recurrent_activation, z)

    def columns(matrix: Array, *factors: Array) -> Array:
        """Return the matrix with column j of each state's copy times its factors."""
        product: Array = matrix * np.prod(factors, axis=0)[:, np.newaxis]
        return product

    eye = np.eye(n)
    if gates.cell == "RNN":
        a, slope = _value_and_slope(gates.activation, given["state"] + h @ U["state"])
        return a, columns(U["state"], slope) if wanted else a
    if gates.cell == "GRU":
        (z, z1), (r, r1) = gate("update"), gate("reset")
        V, plain = U["candidate"], h @ U["candidate"] + c["candidate"]
        inner = r * plain if gates.reset_after else (r * h) @ V
        a, a1 = _value_and_slope(gates.activation, given["candidate"] + inner)
        after = a + z * (h - a)
        if not wanted:
            return after, after
        if gates.reset_after:
            into = columns(U["reset"], r1, plain) + columns(V, r)
        else:
            into = columns(U["reset"], r1, h) @ V + r[:, :, np.newaxis] * V
        J = columns(U["update"], z1, h - a) + columns(eye, z) + into * ((1 - z) * a1)[:, None]
        return after, J
    (i, i1), (f, f1), (o, o1) = gate("input"), gate("forget"), gate("output")
    g, g1 = _value_and_slope(gates.activation, given["cell"] + h @ U["cell"])
    memory = states[:, n:]
    kept = f * memory + i * g
    out, out1 = _value_and_slope(gates.output_activation or gates.activation, kept)
    after = np.hstack([o * out, kept])
    if not wanted:
        return after, after
    c_by_h = columns(U["forget"], f1, memory) + columns(U["input"], i1, g)
    c_by_h = c_by_h + columns(U["cell"], i, g1)
    c_by_c = columns(eye, f)
    h_by_h = columns(U["output"], o1, out) + c_by_h * (o * out1)[:, None]
    h_by_c = c_by_c * (o * out1)[:, None]
    return after, np.block([[h_by_h, c_by_h], [h_by_c, c_by_c]])
