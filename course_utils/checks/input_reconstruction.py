"""Checks of chapter 8, in which an input is found for an output."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close, quietly

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
    raise CheckFailed(f"{case}: expected a ValueError, got {got!s:.40}; {hint}")


def input_slopes(answer: Callable[..., Any]) -> None:
    """Check exercise 1: the slopes of each sequence's squared error in its digits."""
    rng = np.random.default_rng(0)
    cases = (
        (1, 1, [1.0, 1.0, 0.0]),
        (1, 3, [1.0, 1.0, 0.0]),
        (1, 4, [0.7, -1.2, 0.3]),
        (5, 3, [-1.5, 0.5, 2.0]),
        (2, 7, [0.8, 1.1, -0.4]),
    )
    for count, length, weights in cases:
        W, U, b = weights
        digits, targets = rng.uniform(0, 9, (count, length)), rng.uniform(0, 27, count)
        worth = W * U ** np.arange(length)[::-1]  # what a digit counts in the last state
        constant = b * sum(U**k for k in range(length))
        miss = (digits @ worth + constant - targets)[:, np.newaxis]
        got = as_array(
            call(answer, list(weights), digits.copy(), targets), (count, length), "the slopes"
        )
        want = 2 * miss * worth
        if close(got, want):
            given = digits.copy()  # `call` would copy it
            again = quietly(answer, list(weights), given, targets.copy())
            if not np.array_equal(given, digits):
                raise CheckFailed(
                    "the slopes are right, but your function writes into `digits`, from which "
                    "the descent goes on: put the slopes into an array of their own"
                )
            if not close(as_array(again, (count, length), "the slopes"), want):
                raise CheckFailed("asked again, your function gives other slopes")
            continue
        guesses = (
            (want / count, "average over the rows? Each row has a loss of its own."),
            (want / 2, "where is the 2 of the derivative of a square?"),
            (-want, "the sign: is a state that is too high to be lowered?"),
            (want / W, "a digit enters the state times W."),
            (want * U, "the last digit has not met U yet."),
            (want[:, ::-1], "which digit meets U most often?"),
            (2 * miss * W + 0 * want, "how does U come in, one step earlier?"),
            (2 * (miss - constant) * worth, "does the output have a bias?"),
        )
        hint = "move one digit a little, and compare how the loss changes."
        for wrong, text in guesses:
            if not close(wrong, want) and close(got, wrong):
                hint = text
                break
        raise CheckFailed(
            f"W = {W:g}, U = {U:g}, b = {b:g}, {count} rows of {length} digits: {hint}"
        )
    print(f"input_slopes: right for {len(cases)} networks.")


def said_by_output(answer: Callable[[Array, Array], Any]) -> None:
    """Check exercise 2: the part of an input that the output determines."""
    rng = np.random.default_rng(1)
    thin = rng.normal(size=(4, 1)) @ rng.normal(size=(1, 3))
    cases = {
        "one output of two inputs": np.array([[1.0], [2.0]]),
        "two outputs of five inputs": rng.normal(size=(5, 2)),
        "three outputs of which two repeat the first": thin,
        "as many outputs as inputs": rng.normal(size=(3, 3)),
        "four outputs that see two of three inputs' directions": (
            rng.normal(size=(3, 2)) @ rng.normal(size=(2, 4))
        ),
    }
    for name, V in cases.items():
        found = rng.normal(size=len(V))
        got = as_array(call(answer, V, found), (len(V),), "the part")
        if not close(got @ V, found @ V, atol=1e-7):
            raise CheckFailed(
                f"{name}: the part alone should give the same x V as the whole input; what of "
                "the input did you drop that the output sees?"
            )
        # Each column is what V sends to 0 of one input: no basis, which processors choose.
        unseen = np.eye(len(V)) - V @ np.linalg.lstsq(V, np.eye(len(V)), rcond=None)[0]
        other = found + 3 * unseen.sum(axis=1)
        moved = as_array(call(answer, V, other), (len(V),), "the part")
        if not close(got, moved, atol=1e-7):
            raise CheckFailed(
                f"{name}: two inputs with the same output should have the same part. Which "
                "directions of the input does V send to 0?"
            )
        if not close(got @ unseen, 0, atol=1e-7):
            raise CheckFailed(
                f"{name}: something is left along a direction that V sends to 0: it is not the "
                "output that says so."
            )
    print(f"said_by_output: right for {len(cases)} networks.")


def tanh_path(answer: Callable[..., Any]) -> None:
    """Check exercise 3: a descent to an input for the output of a tanh unit."""
    cases = (
        (1.0, 0.0, 0.5, 0.0),
        (1.0, 0.0, 0.5, 10.0),
        (1.0, 0.5, -0.9, 100.0),
        (0.05, 2.0, 0.2, -100.0),
        (-5.0, 1.0, 0.3, 40.0),
    )
    for w, b, target, start in cases:
        case = f"w = {w:g}, b = {b:g}, target {target:g}, start {start:g}"
        rate = 0.1 / w**2
        steps = []
        for share in (1.0, 0.5):
            path = _path(call(answer, w, b, target, start, share * rate))
            if not close(path[0], start):
                raise CheckFailed(f"{case}: the path begins at {path[0]:g}, not at the start.")
            _arrives(path, w, b, target, case)
            steps.append(path[1] - path[0])
        if not close(steps[0], 2 * steps[1]):
            raise CheckFailed(
                f"{case}: at twice the rate a first step should be twice as long. Is each of "
                "your steps the rate times a slope?"
            )
        # A slope depends on where it is taken alone: a new run from there begins alike.
        for k in {1, len(path) // 2, len(path) - 2}:
            if 0 < k < len(path) - 1 and abs(path[k]) <= 100:
                again = _path(call(answer, w, b, target, path[k], 0.5 * rate))
                if not close(again[0], path[k]):
                    raise CheckFailed(f"{case}: a run from {path[k]:.6g} begins elsewhere.")
                if not close(again[1] - again[0], path[k + 1] - path[k]):
                    raise CheckFailed(
                        f"{case}: your path has a step of {path[k + 1] - path[k]:.4g} at "
                        f"{path[k]:.6g}, but a run that starts there begins with a step of "
                        f"{again[1] - again[0]:.4g}. Is each step the rate times the slope "
                        "where it begins?"
                    )
    for target in (1.0, -1.0, 1.5, -1.5):
        _refuses(
            answer,
            f"target {target:g}",
            "which outputs does tanh have?",
            *(1.0, 0.0, target, 0.0, 0.1),
        )
    print(f"tanh_path: right for {len(cases)} starts, and refuses 4 targets.")


def _path(value: Any) -> Array:
    """Turn what came back into a path of two inputs or more."""
    try:
        length = len(value)
    except TypeError:
        length = 0
    if length < 2:
        raise CheckFailed("expected the inputs on the way, two or more, as a 1-D array")
    return as_array(value, (length,), "the path")


def _arrives(path: Array, w: float, b: float, target: float, case: str) -> None:
    """Expect a path that ends where the unit gives the target."""
    got = float(np.tanh(w * path[-1] + b))
    if abs(got - target) <= 1e-3:
        return
    if abs(path[-1] - path[0]) < 1e-3 * (1 + abs(path[0])):
        hint = "the input hardly moved. Which factor of the slope is nearly 0 there?"
    elif abs(w) != 1:
        hint = "is your slope the one in x? Where does it have a factor w?"
    else:
        hint = "run the unit on your input and follow one step by hand."
    raise CheckFailed(f"{case}: your last input {path[-1]:g} gives {got:g}; {hint}")
