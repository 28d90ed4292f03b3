"""Checks of chapter 17, in which one cell of a network knows whether a bracket is open."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.gates import Block, Gates

Array = NDArray[np.float64]


def _lstm(features: int, units: int, seed: int) -> Gates:
    rng = np.random.default_rng(seed)
    shapes = (features, units), (units, units), (units,)
    return Gates(
        "LSTM",
        {
            name: Block(*(rng.normal(size=shape) for shape in shapes))
            for name in ("input", "forget", "cell", "output")
        },
    )


def _layer(value: Any, case: str, features: int, units: int) -> Gates:
    if not isinstance(value, Gates):
        raise CheckFailed(f"{case} should return a gates.Gates, got {type(value).__name__}")
    if (value.cell, value.features, value.units) != ("LSTM", features, units):
        raise CheckFailed(
            f"{case} should be an LSTM of {features} features and {units} units, got {value}"
        )
    return value


def held(function: Callable[..., Any]) -> None:
    """Check an LSTM in which c of one unit never changes.

    Examples
    --------
    >>> held(lambda cell, unit: cell)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: held(layer, 1): c of unit 1 starts at 0.7 and is -0.03 \
after one step; what comes in, and what is kept?
    """
    for features, units, unit, seed in ((3, 4, 1, 0), (2, 3, 0, 1), (3, 4, 3, 2)):
        cell, case = _lstm(features, units, seed), f"held(layer, {unit})"
        made = _layer(call(function, cell, unit), case, features, units)
        x = np.random.default_rng(seed + 9).normal(size=(2, 30, features))
        c0 = np.random.default_rng(seed + 5).normal(size=(2, units))
        c0[:, unit] = (0.7, -1.3)
        trace = made.trace(x, None, c0)
        assert trace.c is not None
        c = trace.c[..., unit]
        if not close(c, np.broadcast_to(c0[:, unit, np.newaxis], c.shape), rtol=0, atol=1e-6):
            if np.abs(c[:, 0] - c0[:, unit]).max() > 0.02:
                raise CheckFailed(
                    f"{case}: c of unit {unit} starts at 0.7 and is {c[0, 0]:.2f} after one "
                    "step; what comes in, and what is kept?"
                )
            raise CheckFailed(
                f"{case}: c of unit {unit} drifts from 0.7 to {c[0, -1]:.6f} in 30 steps; is a "
                "gate not quite open, or not quite shut?"
            )
        large = made.trace(100 * x, None, c0)
        assert large.c is not None
        if not close(large.c[..., unit], c, rtol=0, atol=1e-6):
            raise CheckFailed(
                f"{case}: c of unit {unit} stays for small inputs, and changes for inputs 100 "
                "times as large; what lets them through?"
            )
        if _elsewhere_changed(made, cell, unit):
            raise CheckFailed(
                f"{case}: something else has changed too: other units, or a gate besides the "
                "input and the forget gate"
            )
    print("held: right for 3 layers.")


def _elsewhere_changed(made: Gates, cell: Gates, unit: int) -> bool:
    for name, block in cell.blocks.items():
        kept = np.arange(cell.units)
        if name in ("input", "forget"):
            kept = np.delete(kept, unit)
        for part in ("kernel", "recurrent", "bias"):
            now, then = getattr(made.blocks[name], part), getattr(block, part)
            if not close(now[..., kept], then[..., kept]):
                return True
    return False


def alone(function: Callable[..., Any]) -> None:
    """Check one unit cut out of an LSTM.

    Examples
    --------
    >>> alone(lambda cell, unit: cell)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: alone(layer, 1) should be an LSTM of 3 features and 1 \
units, got Gates(LSTM, features 3, units 4, float64, activation tanh, recurrent_activation \
sigmoid)
    """
    for features, units, unit, seed in ((3, 4, 1, 0), (2, 3, 0, 1), (3, 4, 3, 2)):
        cell, case = _lstm(features, units, seed), f"alone(layer, {unit})"
        made = _layer(call(function, cell, unit), case, features, 1)
        for name, block in cell.blocks.items():
            got = made.blocks[name]
            if not close(got.kernel, block.kernel[:, [unit]]):
                raise CheckFailed(f"{case}: the kernel of the {name} block is another unit's")
            if not close(got.recurrent, block.recurrent[unit, unit]):
                if not got.recurrent.any():
                    raise CheckFailed(f"{case}: the unit still reads its own h")
                raise CheckFailed(
                    f"{case}: the recurrent weight of the {name} block should be the one from "
                    f"unit {unit} to unit {unit}"
                )
            if not close(_bias(got), _bias(block)[[unit]]):
                raise CheckFailed(f"{case}: the bias of the {name} block is not the unit's")
    print("alone: right for 3 layers.")


def _bias(block: Block) -> Array:
    parts = (block.bias, block.recurrent_bias)
    return np.sum([part for part in parts if part is not None], axis=0)


def told(function: Callable[..., Any]) -> None:
    """Check each unit's share in the change of a pre-activation.

    Examples
    --------
    >>> told(lambda recurrent, unit, usual, now: now @ recurrent - usual @ recurrent)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: told(...): these are the changes of all units' \
pre-activations; the question is who caused that of one
    """
    rng = np.random.default_rng(0)
    for units, unit in ((4, 1), (6, 0), (3, 2)):
        U, usual, now = rng.normal(size=(units, units)), *rng.normal(size=(2, units))
        value = call(function, U.copy(), unit, usual.copy(), now.copy())
        if isinstance(value, float | np.generic):
            raise CheckFailed("told(...): one number; leave the shares of the units apart")
        got = as_array(value, (units,), "told(...)")
        want = (now - usual) * U[:, unit]
        if close(got, want):
            continue
        if close(got, -want):
            raise CheckFailed("told(...): every sign is turned; from usual to now")
        if close(got, (now - usual) @ U):
            raise CheckFailed(
                "told(...): these are the changes of all units' pre-activations; the question "
                "is who caused that of one"
            )
        if close(got, (now - usual) * U[unit]):
            raise CheckFailed(
                f"told(...): these are the weights from unit {unit}; take those that lead to it"
            )
        if close(got, now * U[:, unit]):
            raise CheckFailed("told(...): that is the share now; how much was there usually?")
        raise CheckFailed("told(...): each share is a change of h times one weight")
    print("told: right in 3 cases.")
