"""Inputs that shut units of a gate, or a proof that there is none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from course_utils.inversion.descent import box
from course_utils.inversion.runners import Array, affine


@dataclass(frozen=True, eq=False)
class ShutGate:
    """What :func:`shut_gate` found: an input, or a proof that there is none.

    If it is ``possible``, ``input``, shape (d,), shuts all u units, and ``gate``, shape (u,),
    is the gate there. If not, ``certificate``, shape (u,), is the proof, with entries at least
    0 and sum 1: weigh the units' demands by it and add them up, then no legal input meets even
    this one demand. Units with entry 0 are not needed for the proof. What does not apply is
    None. ``excess`` is the least amount by which the worst pre-activation stays too high.
    """

    possible: bool
    input: Array | None
    gate: Array | None
    certificate: Array | None
    excess: float

    def __repr__(self) -> str:
        if self.gate is not None:
            return f"ShutGate: possible, largest gate {self.gate.max():.3g}"
        needed = 0 if self.certificate is None else int((self.certificate > 0).sum())
        return (
            f"ShutGate: impossible, {needed} unit{'s' * (needed != 1)} of the gate prove it, "
            f"excess {self.excess:.3g}"
        )


def shut_gate(
    W: ArrayLike,
    b: ArrayLike,
    *,
    opening: float = 0.01,
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
) -> ShutGate:
    """Find an input that shuts units of a gate, or prove that no input does.

    A gate is sigmoid(x W + b), with what the previous state adds put into b. It is shut when
    every unit is at most ``opening``, which asks x W + b to be at most logit(opening): a set
    of linear inequalities. For one unit without bounds the answer is the shortest x, in closed
    form: a multiple of the unit's weights. Otherwise a linear program looks for the x with the
    smallest sum of ``|x|``.

    W holds the input weights of the units to shut, shape (d, u); b, shape (u,), their bias plus
    h_{t-1} U. ``bounds`` are the lowest and highest legal input, numbers or arrays of shape
    (d,). If no input will do, a Farkas certificate proves it: weights y >= 0 of the units such
    that W y . x + b . y exceeds logit(opening) for every legal x.

    Examples
    --------
    >>> found = shut_gate([[3.0], [4.0]], [0.0], opening=0.5)
    >>> found.input
    array([0., 0.])

    One input cannot push two units with opposite weights down:

    >>> shut_gate([[1.0, -1.0]], [0.0, 0.0])
    ShutGate: impossible, 2 units of the gate prove it, excess 4.6
    """
    weights, offset = affine(W, b)
    d, u = weights.shape
    if not weights.size:
        raise ValueError(f"W should have at least one input and one unit, got {weights.shape}")
    if not 0 < opening < 1:
        raise ValueError(f"opening should be strictly between 0 and 1, got {opening}")
    low, high = box(bounds, (d,))
    limit = np.log(opening / (1 - opening)) - offset

    def found(x: Array) -> ShutGate:
        return ShutGate(True, x, expit(x @ weights + offset), None, 0.0)

    if bounds is None and u == 1 and weights.any():
        w = weights[:, 0]
        return found(w * min(limit[0], 0.0) / (w @ w))

    # First the smallest excess t of the worst unit, x W - t <= limit. Above 0 there is no
    # input, and the multipliers of the inequalities are the certificate.
    least = _minimise(
        np.append(np.zeros(d), 1.0),
        np.column_stack([weights.T, -np.ones(u)]),
        limit,
        [*np.column_stack([low, high]), (0, None)],
    )
    scale = 1e-7 * max(1.0, float(np.abs(limit).max()))
    if least.fun > scale:
        multipliers = np.maximum(-least.ineqlin.marginals, 0)
        proof = multipliers / multipliers.sum()
        proof[proof < 1e-9] = 0  # the solver's rounding, not a unit's part in the proof
        return ShutGate(False, None, None, proof, float(least.fun))

    # Then the least sum of |x|, with x = up - down and both at least 0.
    up, down = np.column_stack([low, high]), np.column_stack([-high, -low])
    least = _minimise(
        np.ones(2 * d),
        np.column_stack([weights.T, -weights.T]),
        limit,
        np.maximum(np.vstack([up, down]), 0),
    )
    return found(np.clip(least.x[:d] - least.x[d:], low, high))


def _minimise(costs: Array, A: Array, limit: Array, bounds: Any) -> Any:
    """Find v with the smallest costs . v such that A v <= limit, within bounds."""
    from scipy.optimize import linprog

    result = linprog(costs, A, limit, bounds=bounds)
    if result.status != 0:
        raise RuntimeError(f"the linear program was not solved: {result.message}")
    return result
