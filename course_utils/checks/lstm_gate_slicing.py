"""Checks of chapter 5, in which the weights of an LSTM are sliced by gate."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from course_utils.checks import CheckFailed, as_array, call, close, quietly
from course_utils.gates import Block, Gates

Array = NDArray[np.float64]


def units_from_count(answer: Callable[[int, int], Any]) -> None:
    """Check exercise 1: the units of a Keras LSTM from its number of parameters."""
    cases = (
        (1, 12, 1),
        (5, 364, 7),
        (5, 60_480, 120),
        (32, 24_832, 64),
        (5, 392, 0),
        (2, 17, 0),
        (2, 27, 0),
        (3, 1_056_768, 512),
        (3, 1_056_772, 0),
    )
    for features, parameters, want in cases:
        got = float(as_array(call(answer, features, parameters), (), "the number of units"))
        if got == want:
            continue
        if want == 0:
            hint = "does an LSTM with this many units have exactly this many parameters?"
        elif got == 4 * want:
            hint = "that is the width of the kernel. How many blocks share it?"
        else:
            hint = "put your units into the formula for the parameters. Which part is missing?"
        raise CheckFailed(
            f"{features} features, {parameters} parameters: you gave {got:g}; {hint}"
        )
    print("units_from_count: right for 9 layers, 4 of them impossible.")


def _lstm(rng: np.random.Generator, features: int, units: int) -> Gates:
    shapes = (features, units), (units, units), (units,)
    names = ("input", "forget", "cell", "output")
    return Gates("LSTM", {k: Block(*(rng.normal(size=s) for s in shapes)) for k in names})


def _one_step(gates: Gates, x_t: Array, h: Array, c: Array) -> dict[str, Array]:
    """Return the new h and c, the gates i, f, g, o, and zi, zf, zg, zo before squashing."""
    trace = gates.trace(x_t[:, np.newaxis], h0=h, c0=c)
    found: dict[str, Any] = {"h": trace.h, "c": trace.c}
    found |= zip("ifgo", trace.gates.values(), strict=True)
    found |= zip(("zi", "zf", "zg", "zo"), trace.pre_activations.values(), strict=True)
    return {name: array[:, 0] for name, array in found.items()}


def _without(gates: Gates, part: str) -> Gates:
    blocks = {k: replace(v, **{part: 0 * getattr(v, part)}) for k, v in gates.blocks.items()}
    return replace(gates, blocks=blocks)


def _step_hint(h: Array, c: Array, gates: Gates, before: tuple[Array, Array, Array]) -> str:
    """Say which likely mistake gives these states."""
    right, old = _one_step(gates, *before), before[2]
    if close(h, right["c"]) and close(c, right["h"]):
        return "the numbers are right, the order is not: h comes first, then c."
    if close(h, right["o"] * c):
        return "what does c go through on its way to h?"
    if close(c, right["c"]):
        return "your c is right, your h is not. Which gate shows which c, the old or the new?"
    for order in permutations(gates.blocks):
        taken = dict(zip(order, gates.blocks.values(), strict=True))
        if close(c, _one_step(replace(gates, blocks=taken), *before)["c"]):
            read = ", ".join(name[0] for name in order)
            return f"you read the blocks as {read}. What is their order in Keras?"
    i, f, g, zi, zf, zg = (right[name] for name in ("i", "f", "g", "zi", "zf", "zg"))
    for wrong, hint in (
        (_one_step(_without(gates, "bias"), *before)["c"], "where is the bias?"),
        (_one_step(_without(gates, "recurrent"), *before)["c"], "what does the old h do?"),
        (f * old + i * zg, "what does the candidate go through?"),
        (f * old + i * expit(zg), "is the candidate a gate?"),
        (zf * old + zi * g, "what do the gates go through?"),
        (f * old + g, "what does the input gate do?"),
        (old + i * g, "what does the forget gate do?"),
        (i * g, "where is the old c?"),
    ):
        if close(c, wrong):
            return f"your c is wrong: {hint}"
    return "compute f alone first: it lies between 0 and 1 and has the shape of c."


def step(answer: Callable[..., Any]) -> None:
    """Check exercise 2: one step of an LSTM, against the cell of :mod:`course_utils.gates`."""
    rng = np.random.default_rng(0)
    for batch, features, units in ((4, 3, 2), (2, 2, 5), (1, 1, 1)):
        gates, shape = _lstm(rng, features, units), (batch, units)
        x_t, h, c = (rng.normal(size=s) for s in ((batch, features), shape, shape))
        result = call(answer, x_t, h, c, *gates.to_keras())
        if not isinstance(result, tuple | list | np.ndarray) or len(result) != 2:
            raise CheckFailed("two arrays should come back: the new h and the new c.")
        new_h, new_c = (as_array(result[k], shape, f"the new {'hc'[k]}") for k in (0, 1))
        right = _one_step(gates, x_t, h, c)
        if not (close(new_h, right["h"]) and close(new_c, right["c"])):
            raise CheckFailed(
                f"{batch} sequences, {features} features, {units} units: "
                + _step_hint(new_h, new_c, gates, (x_t, h, c))
            )
        own, given = ([x_t.copy(), h.copy(), c.copy(), *gates.to_keras()] for _ in range(2))
        again = quietly(answer, *own)  # without copies
        if not all(map(np.array_equal, (*own, *again), (*given, *result))):
            raise CheckFailed(
                "your step is right, but it writes into an array it is given, such as the old "
                "h or c, which the caller may still need: make new arrays."
            )
    print("step: agrees with an LSTM for 3 shapes.")
