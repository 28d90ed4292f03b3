"""Running a network backwards: which input gives an output, and what the output feels.

:func:`reconstruct` searches inputs for many targets at once by gradient descent on the input.
:func:`sensitivity` returns the gradients that it follows. :func:`shut_gate` finds an input that
closes units of a gate, or proves that there is none. :func:`exact_inverse` undoes a stack of
layers one by one where that can be done, and :func:`rewind` a recurrent layer step by step.

A function is given as a pair (W, b) of NumPy arrays for x W + b, as a PyTorch module or a
function of a PyTorch tensor, or as a Keras model. It takes inputs of shape (count, ...) and
returns outputs of shape (count, m), each row computed from its own input alone. A function of
a tensor gets the float type of the inputs it is started from. No framework is imported here
before a function needs it.

Taught in chapters 8 (reconstruction), 9 (sensitivity and gates) and 10 (exact inverses).
Sources: "Study of a RNN toy model"; Kindermann and Linden 1990; Mahendran and Vedaldi 2015.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils._check import number, real, whole
from course_utils._exact import (
    DenseLayer,
    NotInvertible,
    condition_numbers,
    exact_inverse,
    read_layers,
    rewind,
)

__all__ = [
    "LOSSES",
    "DenseLayer",
    "NotInvertible",
    "Reconstruction",
    "ShutGate",
    "condition_numbers",
    "exact_inverse",
    "read_layers",
    "reconstruct",
    "rewind",
    "sensitivity",
    "shut_gate",
]

Array = NDArray[np.floating]
Pull = Callable[[Array], Array]
Run = Callable[[Array], tuple[Array, Pull]]

_LARGEST = 1e15  # HiGHS refuses larger coefficients

LOSSES = ("mse", "cross-entropy", "logits")
"""What :func:`reconstruct` can minimise."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What :func:`reconstruct` found, a row or an entry for each of n targets.

    Parameters
    ----------
    inputs
        Shape (n, ...): where the descent ended.
    outputs
        Shape (n, m): the outputs there.
    losses
        Shape (steps + 1, n): the loss of each target before every step and after the last. A
        target that has converged repeats its last loss.
    converged
        Shape (n,): whether every output came within the tolerance of its target.
    steps
        Shape (n,): how many steps each target took.
    """

    inputs: Array
    outputs: Array
    losses: Array
    converged: NDArray[np.bool_]
    steps: NDArray[np.int64]

    def __repr__(self) -> str:
        return (
            f"Reconstruction of {self.converged.sum()} of {len(self.converged)} targets, "
            f"at most {self.steps.max()} steps"
        )


@dataclass(frozen=True, eq=False)
class ShutGate:
    """What :func:`shut_gate` found: an input, or a proof that there is none.

    Parameters
    ----------
    possible
        Whether an input shuts all units.
    input
        Shape (d,): such an input; None if there is none.
    gate
        Shape (u,): the gate at that input; None if there is none.
    certificate
        Shape (u,), entries at least 0 with sum 1; None if an input exists. Weigh the units'
        demands by it and add them up: no legal input meets even this one demand. Units with
        entry 0 are not needed for the proof.
    excess
        The least amount by which the worst pre-activation stays too high, 0 if possible.
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


def _sigmoid(z: Array) -> Array:
    # exp of a negative number only: the other half of the usual formula overflows.
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def _finite(values: ArrayLike, name: str) -> Array:
    """Return numbers as an array of floats, or say what is wrong with them."""
    try:
        array = real(values, name)
    except TypeError:
        raise TypeError(f"{name} should be numbers, got {type(values).__name__}") from None
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name} should be finite, got {array[place]} at {place}")
    return array


def _number(value: Any, name: str, zero: bool = False) -> float:
    """Return a positive number (or 0 where allowed), or say what is wrong with it."""
    size = number(value, name)
    if not np.isfinite(size) or size < 0 or (size == 0 and not zero):
        raise ValueError(f"{name} should be {'at least' if zero else 'above'} 0, got {size}")
    return size


def _affine(W: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Return W and b as float64, or say how their shapes do not fit."""
    weights, bias = np.float64(_finite(W, "W")), np.float64(_finite(b, "b"))
    if weights.ndim != 2 or bias.shape != weights.shape[1:]:
        raise ValueError(
            "W should have shape (inputs, outputs) and b (outputs,), got "
            f"{weights.shape} and {bias.shape}"
        )
    return weights, bias


def _run_pair(pair: Any) -> tuple[Run, Any]:
    W, b = _affine(*pair)

    def run(x: Array) -> tuple[Array, Pull]:
        if x.shape[1:] != W.shape[:1]:
            raise ValueError(f"an input of x W + b has shape {W.shape[:1]}, got {x.shape[1:]}")
        return x @ W + b, lambda slope: slope @ W.T

    return run, np.float64


def _run_torch(function: Any, inputs: Array) -> tuple[Run, Any]:
    import torch

    module = function if isinstance(function, torch.nn.Module) else None
    like = next(module.parameters(), None) if module is not None else None
    dtype = torch.from_numpy(inputs[:0]).dtype if like is None else like.dtype
    device = None if like is None else like.device

    def run(x: Array) -> tuple[Array, Pull]:
        leaf = torch.tensor(x, dtype=dtype, device=device, requires_grad=True)
        modes = [(part, part.training) for part in module.modules()] if module else []
        # In training mode dropout changes from step to step, and batch norm mixes the targets.
        for part, _ in modes:
            part.training = False
        try:
            with torch.enable_grad():
                z = function(leaf)
        finally:
            for part, mode in modes:
                part.training = mode
        if not isinstance(z, torch.Tensor):
            raise TypeError(
                "the function should return a PyTorch tensor, through which gradients flow, "
                f"got {type(z).__name__}; give a Keras model itself, not its predict"
            )
        if not z.requires_grad:
            raise ValueError(_CUT)

        def pull(slope: Array) -> Array:
            weights = torch.tensor(slope, dtype=z.dtype, device=z.device)
            (grad,) = torch.autograd.grad(
                z, leaf, weights, retain_graph=True, allow_unused=True
            )
            if grad is None:
                raise ValueError(_CUT)
            return grad.cpu().numpy()

        return z.detach().cpu().numpy(), pull

    return run, torch.empty(0, dtype=dtype).numpy().dtype


def _run_keras(model: Any) -> tuple[Run, Any]:
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()} here: set KERAS_BACKEND to tensorflow or "
            "torch before Keras is imported"
        )

    def run(x: Array) -> tuple[Array, Pull]:
        leaf = tf.constant(x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(leaf)
            z = model(leaf, training=False)

        def pull(slope: Array) -> Array:
            grad = tape.gradient(z, leaf, tf.cast(slope, z.dtype))
            if grad is None:
                raise ValueError(_CUT)
            return grad.numpy()

        return z.numpy(), pull

    return run, np.dtype(model.compute_dtype)


_CUT = (
    "no gradient reaches the input: the function should compute its outputs from the input "
    "with differentiable operations, without detach, numpy or no_grad on the way"
)


def _is_a(value: Any, framework: str, path: str) -> bool:
    """Say whether a value is of a framework's class, without importing the framework."""
    found: Any = sys.modules.get(framework)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found is not None and isinstance(value, found)


def _runner(function: Any, inputs: Array) -> tuple[Run, Any]:
    """Return how to run a function and pull slopes back through it, and its float type."""
    if isinstance(function, tuple | list) and len(function) == 2:
        run, dtype = _run_pair(function)
    elif _is_a(function, "torch", "nn.Module"):  # a Keras layer on PyTorch is one, too
        run, dtype = _run_torch(function, inputs)
    elif _is_a(function, "keras", "layers.Layer"):
        run, dtype = _run_keras(function)
    elif callable(function):
        run, dtype = _run_torch(function, inputs)
    else:
        raise TypeError(
            "function should be a pair (W, b), a PyTorch module or function, or a Keras "
            f"model, got {type(function).__name__}"
        )

    def checked(x: Array) -> tuple[Array, Pull]:
        z, pull = run(x)
        if z.ndim != 2 or len(z) != len(x):
            raise ValueError(
                f"the function should return shape ({len(x)}, outputs) for {len(x)} inputs, "
                f"got {z.shape}"
            )
        return z, pull

    return checked, dtype


def _ends_in_sigmoid(function: Any) -> bool:
    """Say whether a model's last layer is visibly a sigmoid."""
    if _is_a(function, "torch", "nn.Sequential") and len(function):
        return _ends_in_sigmoid(function[-1])
    if _is_a(function, "keras", "Model") and function.layers:
        return _ends_in_sigmoid(function.layers[-1])
    name = getattr(getattr(function, "activation", None), "__name__", "")
    return name == "sigmoid" or _is_a(function, "torch", "nn.Sigmoid")


def _activated(z: Array, activation: str) -> Array:
    return _sigmoid(z) if activation == "sigmoid" else z


def _loss(z: Array, y: Array, loss: str, activation: str) -> tuple[Array, Array]:
    """Return the loss of each target, shape (n,), and its slopes in z, shape (n, m)."""
    m = z.shape[1]
    if loss == "cross-entropy":
        # log(1 + exp(z)) - y z, the form that a saturated sigmoid does not round away.
        return (np.logaddexp(0, z) - y * z).mean(axis=1), (_sigmoid(z) - y) / m
    if loss == "logits":
        miss = z - np.log(y / (1 - y))
        return (miss**2).mean(axis=1), 2 * miss / m
    s = _activated(z, activation)
    slope = 2 * (s - y) / m
    if activation == "sigmoid":
        slope = slope * s * (1 - s)
    return ((s - y) ** 2).mean(axis=1), slope


def _check_activation(activation: Any) -> None:
    if not isinstance(activation, str) or activation not in ("linear", "sigmoid"):
        raise ValueError(f"activation should be 'linear' or 'sigmoid', got {activation!r}")


def _checked_targets(targets: ArrayLike, activation: str, loss: str, function: Any) -> Array:
    _check_activation(activation)
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss should be one of {', '.join(LOSSES)}, got {loss!r}")
    y = np.float64(_finite(targets, "targets"))
    if y.ndim != 2 or not y.size:
        raise ValueError(f"targets should have shape (count, outputs), got {y.shape}")
    squashed = _ends_in_sigmoid(function)
    if squashed and (activation == "sigmoid" or loss != "mse"):
        raise ValueError(
            "the model ends in a sigmoid already: leave that layer out for "
            "activation='sigmoid', so that saturation does not round the gradient to 0"
        )
    if activation == "linear" and loss != "mse":
        raise ValueError(f"loss {loss!r} needs activation='sigmoid': its targets are openings")
    outside = np.argwhere((y <= 0) | (y >= 1))
    if (squashed or activation == "sigmoid") and len(outside):
        place = tuple(int(i) for i in outside[0])
        raise ValueError(
            f"a sigmoid never reaches {y[place]:g} (target {place[0]}, output {place[1]}): "
            "choose targets strictly between 0 and 1"
        )
    return y


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
        Wanted outputs, shape (n, m).
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

    Returns
    -------
    Reconstruction
        Inputs, outputs, path of losses, and for each target whether it converged.

    Raises
    ------
    TypeError
        If the function cannot be run, or an argument is not a number.
    ValueError
        If targets are not finite or no sigmoid reaches them, shapes do not fit, the start is
        outside the bounds, no gradient reaches the input, or the descent diverges.

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
    first = _finite(start, "start")
    run, dtype = _runner(function, first)
    y = _checked_targets(targets, activation, loss, function)
    rate = _number(learning_rate, "learning_rate")
    tolerance = _number(tolerance, "tolerance", zero=True)
    steps = whole(steps, "steps", 0, most=10**8)
    if first.ndim < 2 or len(first) not in (1, len(y)):
        raise ValueError(
            f"start should have shape (1, ...) or ({len(y)}, ...), a row for each target, got "
            f"{first.shape}"
        )
    x = np.broadcast_to(first, (len(y), *first.shape[1:])).astype(dtype)
    low, high = (side.astype(dtype) for side in _bounds(bounds, x.shape[1:]))
    if not ((x >= low) & (x <= high)).all():
        raise ValueError("start should lie within the bounds: move it there with numpy.clip")

    converged, taken = np.zeros(len(y), bool), np.full(len(y), steps, np.int64)
    path: list[Array] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps + 1):
            z, pull = run(x)
            if z.shape != y.shape:
                raise ValueError(
                    f"targets have shape {y.shape}, the function's outputs {z.shape}"
                )
            values, slope = _loss(z.astype(np.float64), y, loss, activation)
            path.append(values)
            # Far above both where it began and the size of the target: not a detour.
            ceiling = 1e6 * (path[0] + (y**2).mean(axis=1) + tolerance * tolerance)
            lost = np.flatnonzero(~(np.isfinite(values) & (values <= ceiling)))
            if len(lost):
                k = int(lost[0])
                raise ValueError(_divergence(function, first, k, step, rate, y.shape[1]))
            outputs = _activated(z.astype(np.float64), activation)
            here = np.abs(outputs - y).max(axis=1) <= tolerance
            taken[here & ~converged] = step
            converged |= here
            if converged.all() or step == steps:
                break
            moved = np.clip(x - rate * pull(slope), low, high).astype(dtype)
            still = converged.reshape(-1, *[1] * (x.ndim - 1))
            x = np.where(still, x, moved)
    return Reconstruction(x, outputs.astype(dtype), np.array(path), converged, taken)


def _bounds(bounds: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the lowest and highest legal input in its shape; infinite if there are none."""
    try:
        low, high = (-np.inf, np.inf) if bounds is None else bounds
        sides = [
            np.broadcast_to(np.float64(real(side, "bounds")), shape) for side in (low, high)
        ]
    except (TypeError, ValueError):
        raise ValueError(
            f"bounds should be a pair (lowest, highest) that fits an input of shape {shape}, "
            f"got {bounds!r}"
        ) from None
    if not (sides[0] <= sides[1]).all():
        raise ValueError(f"lowest should be at most highest, and neither NaN, got {bounds!r}")
    return sides[0], sides[1]


def _divergence(
    function: Any, start: Array, target: int, step: int, rate: float, m: int
) -> str:
    row = start[[target if len(start) > 1 else 0]]
    slopes = sensitivity(function, row)[0].reshape(m, -1)
    bound = m / np.linalg.norm(np.float64(slopes), 2) ** 2
    return (
        f"the descent for target {target} diverged by step {step} with learning_rate "
        f"{rate:.6g}: a linear output needs a rate below m / sigma_max^2, which is "
        f"{bound:.6g} at its start; lower the learning rate"
    )


def sensitivity(function: Any, inputs: ArrayLike, *, activation: str = "linear") -> Array:
    """Compute how fast every output changes with every input: the Jacobian of each row.

    Parameters
    ----------
    function
        As for :func:`reconstruct`. For hidden units, give a function that returns them.
    inputs
        Shape (n, ...).
    activation
        "linear", or "sigmoid" to differentiate the sigmoid of what the function returns.

    Returns
    -------
    numpy.ndarray
        Shape (n, m, ...): entry [k, j] holds the derivatives of output j of row k with respect
        to row k of the inputs.

    Raises
    ------
    TypeError
        If the function cannot be run, or the inputs are not numbers.
    ValueError
        If the inputs are not finite, no gradient reaches them, or the slopes are not finite.

    Examples
    --------
    >>> sensitivity(([[2.0], [-1.0]], [0.0]), [[5.0, 5.0]])
    array([[[ 2., -1.]]])
    """
    _check_activation(activation)
    x = _finite(inputs, "inputs")
    run, dtype = _runner(function, x)
    if x.ndim < 2 or not len(x):
        raise ValueError(f"inputs should have shape (count, ...), got {x.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        z, pull = run(x.astype(dtype))
        outputs = _activated(z, activation)
        slope = outputs * (1 - outputs) if activation == "sigmoid" else np.ones_like(z)
        one = np.eye(z.shape[1], dtype=z.dtype)
        jacobian = np.stack([pull(slope * row) for row in one], axis=1)
    if not (np.isfinite(z).all() and np.isfinite(jacobian).all()):
        raise ValueError(
            f"the outputs or their slopes left the range of {z.dtype}: scale inputs or weights"
        )
    return jacobian


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

    Parameters
    ----------
    W
        Input weights of the units to shut, shape (d, u).
    b
        Shape (u,): bias plus h_{t-1} U.
    opening
        The largest gate value that counts as shut, strictly between 0 and 1.
    bounds
        Lowest and highest legal input, numbers or arrays of shape (d,). None for no bounds.

    Returns
    -------
    ShutGate
        The input, or a Farkas certificate: weights y >= 0 of the units such that
        W y . x + b . y exceeds logit(opening) for every legal x.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If shapes do not fit, a number is not finite, a weight is above 1e15, or ``opening`` is
        not within (0, 1).

    Examples
    --------
    >>> found = shut_gate([[3.0], [4.0]], [0.0], opening=0.5)
    >>> found.input
    array([0., 0.])

    One input cannot push two units with opposite weights down:

    >>> shut_gate([[1.0, -1.0]], [0.0, 0.0])
    ShutGate: impossible, 2 units of the gate prove it, excess 4.6
    """
    from scipy.optimize import linprog

    weights, offset = _affine(W, b)
    level = _number(opening, "opening")
    if level >= 1:
        raise ValueError(f"opening should be strictly between 0 and 1, got {opening}")
    d, u = weights.shape
    if not d or not u:
        raise ValueError(f"W should have at least one input and one unit, got {weights.shape}")
    low, high = _bounds(bounds, (d,))
    limit = np.log(level / (1 - level)) - offset
    if max(np.abs(weights).max(), np.abs(offset).max()) > _LARGEST:
        raise ValueError(f"W and b should be at most {_LARGEST:g}: the solver cannot do more")

    def found(x: Array) -> ShutGate:
        return ShutGate(True, x, _sigmoid(x @ weights + offset), None, 0.0)

    if bounds is None and u == 1 and weights.any():
        w = weights[:, 0]
        return found(w * min(limit[0], 0.0) / (w @ w))

    # First the smallest excess t of the worst unit, x W - t <= limit. Above 0 there is no
    # input, and the multipliers of the inequalities are the certificate.
    side = np.column_stack([low, high])
    least = linprog(
        np.append(np.zeros(d), 1.0),
        np.column_stack([weights.T, -np.ones(u)]),
        limit,
        bounds=[*side, (0, None)],
    )
    _solved(least)
    scale = 1e-7 * max(1.0, float(np.abs(limit).max()))
    if least.fun > scale:
        multipliers = np.maximum(-least.ineqlin.marginals, 0)
        proof = multipliers / multipliers.sum()
        proof[proof < 1e-9] = 0  # the solver's rounding, not a unit's part in the proof
        return ShutGate(False, None, None, proof, float(least.fun))

    # Then the least sum of |x|, with x = up - down and both at least 0.
    least = linprog(
        np.ones(2 * d),
        np.column_stack([weights.T, -weights.T]),
        limit,
        bounds=np.vstack([_part(low, high), _part(-high, -low)]),
    )
    _solved(least)
    return found(np.clip(least.x[:d] - least.x[d:], low, high))


def _part(low: Array, high: Array) -> Array:
    """Return the bounds of the positive part of numbers within bounds."""
    return np.column_stack([np.maximum(low, 0), np.maximum(high, 0)])


def _solved(result: Any) -> None:
    if result.status != 0:
        raise RuntimeError(f"the linear program was not solved: {result.message}")
