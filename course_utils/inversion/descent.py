"""Inputs for wanted outputs by gradient descent, and the gradients that it follows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from course_utils.arguments import array, number, whole
from course_utils.inversion.runners import Array, refuse_unsteady, runner, squashed

LOSSES = ("mse", "cross-entropy", "logits")
"""What :func:`reconstruct` can minimise."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What :func:`reconstruct` found, a row or an entry for each of n targets.

    ``inputs``, shape (n, ...), is where the descent ended; ``outputs``, shape (n, m), are those
    there. ``losses``, shape (steps + 1, n), holds the loss of each target before every step and
    after the last; a target that has converged repeats its last loss. ``converged``, shape
    (n,), says whether every output came within the tolerance of its target, and ``steps``,
    shape (n,), after how many steps. ``free`` counts the outputs that were nan in the targets.
    """

    inputs: Array
    outputs: Array
    losses: Array
    converged: NDArray[np.bool_]
    steps: NDArray[np.int64]
    free: int = 0

    def __repr__(self) -> str:
        free = f", {self.free} of {self.outputs.size} outputs free" if self.free else ""
        return (
            f"Reconstruction of {self.converged.sum()} of {len(self.converged)} targets, "
            f"at most {self.steps.max()} steps{free}"
        )


def reconstruct(
    function: Any,
    targets: ArrayLike,
    start: ArrayLike,
    *,
    learning_rate: float,
    steps: int = 1000,
    loss: str = "mse",
    activation: str = "linear",
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
    tolerance: float = 1e-3,
) -> Reconstruction:
    """Find inputs that give wanted outputs, by gradient descent on the inputs.

    All targets are worked on at once. The loss of the batch is the sum over the targets, so
    each target takes the steps that it would take alone. A target that has converged stays
    where it is. An input that a target does not fix keeps what it started with: the result is
    an input, not the input.

    Parameters
    ----------
    function
        A pair (W, b) for x W + b, a PyTorch module or function, or a Keras model; see the
        module's page. It returns pre-activations z if ``activation`` is "sigmoid".
    targets
        Wanted outputs, shape (n, m). An output that is nan is free; one that is inf or -inf
        should become as large or as small as it can, which adds minus or plus itself to the
        loss. Such a target takes all its steps and never counts as converged.
    start
        Where the descent starts, shape (n, ...), or (1, ...) to start all targets alike.
    learning_rate
        Length of a step for a gradient of 1. For linear outputs and "mse" it has to be below
        m / sigma_max**2, where sigma_max is the largest singular value of the weights.
    steps
        How many steps to take at most; 0 only evaluates.
    loss
        Averaged over the m outputs of a target: "mse", the squared error of the outputs;
        "cross-entropy", that of sigmoid(z); "logits", the squared error of z against the logit
        of the target. The last two need the activation "sigmoid".
    activation
        "linear" or "sigmoid": what is applied to what the function returns.
    bounds
        Lowest and highest legal input, numbers or arrays that fit an input. Each step ends at
        the nearest legal input.
    tolerance
        A target has converged when every output is within this distance. With 0 a run takes
        all its steps, unless it hits the target exactly.

    Examples
    --------
    >>> line = ([[0.4]], [-25.0])
    >>> found = reconstruct(line, [[100.0], [200.0]], [[1.0]], learning_rate=0.4)
    >>> found
    Reconstruction of 2 of 2 targets, at most 90 steps
    >>> found.inputs.round(1)
    array([[312.5],
           [562.5]])
    """
    first = array(start, "start")
    run, dtype = runner(function, first)
    y = _reachable(targets, activation, loss, function)
    rate, steps = number(learning_rate, "learning_rate", 0), whole(steps, "steps", 0)
    if first.ndim < 2 or len(first) not in (1, len(y)):
        raise ValueError(
            f"start should have shape (1, ...) or ({len(y)}, ...), a row for each target, got "
            f"{first.shape}"
        )
    x = np.broadcast_to(first, (len(y), *first.shape[1:])).astype(dtype)
    low, high = (side.astype(dtype) for side in box(bounds, x.shape[1:]))
    if not ((x >= low) & (x <= high)).all():
        raise ValueError("start should lie within the bounds: move it there with numpy.clip")

    refuse_unsteady(function, run, x, low, high)
    converged, taken = np.zeros(len(y), bool), np.full(len(y), steps, np.int64)
    path: list[Array] = []
    with np.errstate(over="ignore", invalid="ignore"):  # such a step is said to diverge
        for step in range(steps + 1):
            z, pull = run(x)
            if z.shape != y.shape:
                raise ValueError(
                    f"targets have shape {y.shape}, the function's outputs {z.shape}"
                )
            z = z.astype(np.float64)
            values, slope = loss_and_slope(z, y, loss, activation)
            path.append(values)
            # Far above both where it began and the size of the target: not a detour.
            size = np.where(np.isfinite(y), y, 0) ** 2
            ceiling = 1e6 * (np.abs(path[0]) + size.mean(axis=1) + tolerance * tolerance)
            lost = np.flatnonzero(~(np.isfinite(values) & (values <= ceiling)))
            if len(lost):
                row = first[[lost[0] if len(first) > 1 else 0]]
                slopes = sensitivity(function, row)[0].reshape(y.shape[1], -1)
                bound = y.shape[1] / np.linalg.norm(np.float64(slopes), 2) ** 2
                raise ValueError(
                    f"the descent for target {lost[0]} diverged by step {step} with "
                    f"learning_rate {rate:.6g}: a linear output needs a rate below m / "
                    f"sigma_max^2, which is {bound:.6g} at its start; lower the learning rate"
                )
            outputs = _activated(z, activation)
            here = np.where(np.isnan(y), 0, np.abs(outputs - y)).max(axis=1) <= tolerance
            taken[here & ~converged] = step
            converged |= here
            if converged.all() or step == steps:
                break
            moved = np.clip(x - rate * pull(slope), low, high).astype(dtype)
            still = converged.reshape(-1, *[1] * (x.ndim - 1))
            x = np.where(still, x, moved)
    free = int(np.isnan(y).sum())
    return Reconstruction(x, outputs.astype(dtype), np.array(path), converged, taken, free)


def _reachable(targets: ArrayLike, activation: str, loss: str, function: Any) -> Array:
    """Return targets as float64, or say why descent with this loss cannot reach them."""
    if loss not in LOSSES:
        raise ValueError(f"loss should be one of {', '.join(LOSSES)}, got {loss!r}")
    y = np.array(targets, np.float64)
    array(np.nan_to_num(y, posinf=0, neginf=0), "targets", (None, None))
    if not y.size:
        raise ValueError(f"targets should not be empty, got shape {y.shape}")
    if np.isnan(y).all(axis=1).any():
        raise ValueError("a target whose outputs are all nan asks for nothing")
    end = squashed(function)
    if end == "sigmoid" and (activation == "sigmoid" or loss != "mse"):
        raise ValueError(
            "the model ends in a sigmoid already: leave that layer out for "
            "activation='sigmoid', so that saturation does not round the gradient to 0"
        )
    if activation == "linear" and loss != "mse":
        raise ValueError(f"loss {loss!r} needs activation='sigmoid': its targets are openings")
    outside = np.argwhere(np.isfinite(y) & ((y <= 0) | (y >= 1)))
    if (end or activation == "sigmoid") and len(outside):
        row, column = outside[0]
        raise ValueError(
            f"a {end or activation} never reaches {y[row, column]:g} (target {row}, output "
            f"{column}): choose targets strictly between 0 and 1, nan for an output that is "
            "free, or inf for as large as possible"
        )
    return y


def box(bounds: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the lowest and highest legal input in its shape; infinite if there are none."""
    pair = (-np.inf, np.inf) if bounds is None else bounds
    try:
        low, high = (np.broadcast_to(np.float64(side), shape) for side in pair)
        fit = bool((low <= high).all())
    except (TypeError, ValueError):  # as from a pair for each input, which is SciPy's way
        fit = False
    if not fit:
        raise ValueError(
            f"bounds should be a pair (lowest, highest), numbers or arrays of shape {shape}, "
            f"the lowest at most the highest, got {bounds!r}"
        )
    return low, high


def _activated(z: Array, activation: str) -> Array:
    if activation not in ("linear", "sigmoid"):
        raise ValueError(f"activation should be 'linear' or 'sigmoid', got {activation!r}")
    return expit(z) if activation == "sigmoid" else z


def loss_and_slope(z: Array, y: Array, loss: str, activation: str) -> tuple[Array, Array]:
    """Return the loss of each target, shape (n,), and its slopes in z, shape (n, m)."""
    m, s = z.shape[1], _activated(z, activation)
    wanted = np.isfinite(y)
    push = np.where(np.isinf(y), -np.sign(y), 0)  # as large or as small as possible
    y = np.where(wanted, y, 0.5)
    pushed: Array = z
    rate: Array = np.ones_like(z)
    if loss == "cross-entropy":
        # log(1 + exp(z)) - y z, the form that a saturated sigmoid does not round away.
        values: Array = np.logaddexp(0, z) - y * z
        slope: Array = (s - y) / m
    elif loss == "logits":
        miss = z - np.log(y / (1 - y))
        values, slope = miss**2, 2 * miss / m
    else:
        values, slope, pushed = (s - y) ** 2, 2 * (s - y) / m, s
        if activation == "sigmoid":
            slope, rate = slope * s * (1 - s), s * (1 - s)
    values = np.where(wanted, values, push * pushed)
    return values.mean(axis=1), np.where(wanted, slope, push * rate / m)


def sensitivity(function: Any, inputs: ArrayLike, *, activation: str = "linear") -> Array:
    """Compute how fast every output changes with every input: the Jacobian of each row.

    The function is given as for :func:`reconstruct`; for hidden units, give one that returns
    them. With ``activation="sigmoid"`` the sigmoid of what it returns is differentiated. For
    inputs of shape (n, ...) the result has shape (n, m, ...): entry [k, j] holds the
    derivatives of output j of row k with respect to row k of the inputs.

    Examples
    --------
    >>> sensitivity(([[2.0], [-1.0]], [0.0]), [[5.0, 5.0]])
    array([[[ 2., -1.]]])
    """
    x = array(inputs, "inputs")
    run, dtype = runner(function, x)
    with np.errstate(over="ignore", invalid="ignore"):  # told below
        refuse_unsteady(function, run, x.astype(dtype))
        z, pull = run(x.astype(dtype))
        if z.ndim != 2 or len(z) != len(x) or not z.size:
            raise ValueError(
                "the function should take inputs (count, ...) to outputs (count, m), got "
                f"{x.shape} and {z.shape}"
            )
        outputs = _activated(z, activation)
        slope = outputs * (1 - outputs) if activation == "sigmoid" else np.ones_like(z)
        one = np.eye(z.shape[1], dtype=z.dtype)
        jacobian = np.stack([pull(slope * row) for row in one], axis=1)
    if not (np.isfinite(z).all() and np.isfinite(jacobian).all()):
        raise ValueError(
            f"the outputs or their slopes left the range of {z.dtype}: scale inputs or weights"
        )
    return jacobian
