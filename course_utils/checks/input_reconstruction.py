"""Checks of chapter 8, in which an input is found for an output."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[np.float64]


def _refuses(answer: Callable[..., Any], case: str, hint: str, *args: Any) -> None:
    """Expect a ValueError where there is no answer to give."""
    try:
        got = answer(*args)
    except NotImplementedError:
        call(answer, *args)
    except ValueError:
        return
    except Exception as error:
        raise CheckFailed(
            f"{case}: expected a ValueError, got {type(error).__name__}: {error}"
        ) from error
    raise CheckFailed(f"{case}: expected a ValueError, got {got}; {hint}")


def steps_needed(answer: Callable[[float, float, float, float], Any]) -> None:
    """Check exercise 1: the number of steps of the descent on a line's input.

    Parameters
    ----------
    answer
        The learner's ``steps_needed(W, rate, distance, tolerance)``.

    Raises
    ------
    CheckFailed
        With a hint, if a number is wrong.
    """
    cases = (
        (0.4, 0.4, 311.5, 1.0),
        (0.4, 0.2, 311.5, 1.0),
        (-0.4, 0.4, 311.5, 1.0),
        (0.4, 6.0, 311.5, 1.0),
        (2.0, 0.125, 10.0, 0.1),
        (0.5, 0.1, 0.5, 1.0),
        (0.5, 0.1, 8.0, 7.0),
    )
    for W, rate, distance, tolerance in cases:
        left, want = distance, 0
        while abs(left) > tolerance:  # the descent itself: no formula that could be copied
            left, want = left - 2 * rate * W * (W * left), want + 1
        got = float(as_array(call(answer, W, rate, distance, tolerance), (), "the number"))
        if got == want:
            continue
        if want == 0:
            hint = "how far is the start from the solution already?"
        elif abs(got - want) <= 1:
            hint = "one off, or not whole. At the last step before it, is it near enough?"
        elif W < 0:
            hint = "does the sign of W matter for the size of a step's factor?"
        elif rate * W**2 > 0.5:
            hint = "the factor is negative here: the path jumps from side to side. Its size?"
        else:
            hint = "derive the factor of one step for the distance; count its 2 and its W."
        raise CheckFailed(
            f"W = {W:g}, rate {rate:g}, from {distance:g} to {tolerance:g}: you gave {got:g}; "
            f"{hint}"
        )
    _refuses(
        answer,
        "W = 0.4, rate 7",
        "does the distance shrink at this rate?",
        *(0.4, 7.0, 10.0, 1.0),
    )
    for rate in (4.0, 0.0):
        _refuses(
            answer,
            f"W = 0.5, rate {rate:g}",
            "the distance keeps its size for ever at this rate.",
            *(0.5, rate, 10.0, 1.0),
        )
    print(f"steps_needed: right in {len(cases) + 3} cases.")


def find_inputs(answer: Callable[..., Any]) -> None:
    """Check exercise 2: gradient descent on the inputs of many targets at once.

    Parameters
    ----------
    answer
        The learner's ``find_inputs(W, b, targets, start, rate, steps)``.

    Raises
    ------
    CheckFailed
        With a hint, if the inputs are wrong.
    """
    rng = np.random.default_rng(0)
    for d, m, n, steps in ((1, 1, 1, 1), (1, 1, 4, 3), (3, 2, 5, 1), (2, 3, 4, 20)):
        W, b = rng.normal(size=(d, m)), rng.normal(size=m)
        y, x0 = rng.normal(size=(n, m)), rng.normal(size=(n, d))
        rate = 0.5 * m / np.linalg.norm(W, 2) ** 2
        # One direction of the singular vectors after the other, in closed form.
        left, size, right = np.linalg.svd(W)
        values = np.zeros(d)
        values[: len(size)] = size
        wish = np.zeros((n, d))
        wish[:, : len(size)] = ((y - b) @ right.T)[:, : len(size)]
        wish[:, : len(size)] /= size
        shrink = (1 - 2 * rate * values**2 / m) ** steps

        def ends(
            shrink: Array, x0: Array = x0, left: Array = left, wish: Array = wish
        ) -> Array:
            return (wish + shrink * (x0 @ left - wish)) @ left.T

        got = as_array(call(answer, W, b, y, x0, rate, steps), (n, d), "the inputs")
        if close(got, ends(shrink)):
            continue
        guesses = {
            "is the loss a mean or a sum over the m outputs of a target?": 2 * rate,
            "does one target's step depend on how many others there are?": 2 * rate / m / n,
            "where is the 2 of the derivative of a square?": rate / m,
        }
        hint = "try one target and one step first, and compare with a nudge of each input."
        if close(got, ends((1 - 2 * rate * values**2 / m) ** (steps + 1))) or close(
            got, ends((1 - 2 * rate * values**2 / m) ** (steps - 1))
        ):
            hint = "how many steps were asked for?"
        for text, factor in guesses.items():
            if close(got, ends((1 - factor * values**2) ** steps)):
                hint = text
        raise CheckFailed(f"d = {d}, m = {m}, {n} targets, {steps} steps: {hint}")
    print("find_inputs: right for 4 networks.")


def said_by_output(answer: Callable[[Array, Array], Any]) -> None:
    """Check exercise 3: the part of an input that the output determines.

    Parameters
    ----------
    answer
        The learner's ``said_by_output(W, found)``.

    Raises
    ------
    CheckFailed
        With a hint, if the part is wrong.
    """
    rng = np.random.default_rng(1)
    thin = rng.normal(size=(4, 1)) @ rng.normal(size=(1, 3))
    cases = {
        "one output of two inputs": np.array([[1.0], [2.0]]),
        "two outputs of five inputs": rng.normal(size=(5, 2)),
        "three outputs of which two repeat the first": thin,
        "as many outputs as inputs": rng.normal(size=(3, 3)),
    }
    for name, W in cases.items():
        found = rng.normal(size=len(W))
        got = as_array(call(answer, W, found), (len(W),), "the part")
        if not close(got @ W, found @ W, atol=1e-7):
            raise CheckFailed(
                f"{name}: the part alone should give the same x W as the whole input; what of "
                "the input did you drop that the output sees?"
            )
        null = np.linalg.svd(W)[0][:, np.linalg.matrix_rank(W) :]
        other = found + 3 * null.sum(axis=1)
        moved = as_array(call(answer, W, other), (len(W),), "the part")
        if not close(got, moved, atol=1e-7):
            raise CheckFailed(
                f"{name}: two inputs with the same output should have the same part. Which "
                "directions of the input does W send to 0?"
            )
        if not close(got @ null, 0, atol=1e-7):
            raise CheckFailed(
                f"{name}: something is left along a direction that W sends to 0: it is not the "
                "output that says so."
            )
    print(f"said_by_output: right for {len(cases)} networks.")


def find_tanh_input(answer: Callable[[float, float, float, float], Any]) -> None:
    """Check exercise 4: an input for the output of a tanh unit.

    Parameters
    ----------
    answer
        The learner's ``find_tanh_input(w, b, target, start)``.

    Raises
    ------
    CheckFailed
        With a hint, if an output misses its target.
    """
    cases = (
        (1.0, 0.0, 0.5, 0.0),
        (1.0, 0.0, 0.5, 10.0),
        (1.0, 0.5, -0.9, 100.0),
        (0.1, 2.0, 0.2, -100.0),
        (-5.0, 1.0, 0.3, 40.0),
    )
    for w, b, target, start in cases:
        x = float(as_array(call(answer, w, b, target, start), (), "the input"))
        got = float(np.tanh(w * x + b))
        if abs(got - target) > 1e-3:
            if abs(x - start) < 1e-3 * (1 + abs(start)):
                hint = "the input hardly moved. Which factor of the slope is nearly 0 there?"
            elif abs(w) != 1:
                hint = "how does the step that converges depend on w?"
            else:
                hint = "run the unit on your input and follow one step by hand."
            raise CheckFailed(
                f"w = {w:g}, b = {b:g}, target {target:g}, start {start:g}: your input "
                f"{x:g} gives {got:g}; {hint}"
            )
    for target in (1.0, -1.0, 1.5):
        _refuses(
            answer,
            f"target {target:g}",
            "which outputs does tanh have?",
            *(1.0, 0.0, target, 0.0),
        )
    print(f"find_tanh_input: right for {len(cases)} starts, and refuses 3 targets.")
