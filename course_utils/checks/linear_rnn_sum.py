"""Checks of chapter 1, in which a recurrent network learns to add."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.decoding import predict

Array = NDArray[np.float64]
Weights = tuple[float, float, float]


def _run(W: float, U: float, b: float, digits: ArrayLike) -> Array:
    return predict([[[W]], [[U]], [b]], digits)[:, 0]


def _three(result: Any) -> Weights:
    if isinstance(result, list | tuple) and all(np.size(part) == 1 for part in result):
        result = [np.ravel(part)[0] for part in result]  # as Keras and one sequence give them
    W, U, b = as_array(result, (3,), "W, U, b")
    return float(W), float(U), float(b)


def forward(answer: Callable[[list[Array], Array], Any]) -> None:
    """Check exercise 1: the states of the network."""
    rng = np.random.default_rng(0)
    one = [np.array([0.5]), np.array([-2.0]), np.array([3.0])]
    digits = rng.integers(0, 10, (3, 5))
    cases = (
        ([1.0, 1.0, 0.0], [[4, 2, 5]], "is each state the last one times U, plus the digit?"),
        ([2.0, 1.0, 0.0], [[4, 2, 5]], "what does W multiply?"),
        ([1.0, 0.5, 0.0], [[4, 2, 5]], "what does U multiply, and at which steps?"),
        ([1.0, 1.0, 1.0], [[4, 2, 5]], "b is added at every step, whatever the digit."),
        (one, digits, "does each sequence have a state of its own?"),
        ([0.5, -1.0, 3.0], rng.integers(0, 10, (2, 12)), "is it right for any length?"),
        (list(rng.normal(size=(3, 4, 1))), digits, "spread W of shape (4, 1) as it comes."),
    )
    for weights, given, hint in cases:
        array = np.asarray(given)
        W, U, b = np.array(weights).reshape(3, -1)
        shown = f"{W.size} network(s), digits of shape {array.shape}: "
        states = _call_with_weights(answer, list(weights), array)
        steps = array.shape[1]
        if not isinstance(states, list | tuple | np.ndarray) or len(states) != steps + 1:
            raise CheckFailed(
                f"{shown}{steps} digits make a list of {steps + 1} states, h_0 to h_{steps}."
            )
        size = (len(array),) if W.size == 1 else (W.size, len(array))
        for t, state in enumerate(states):
            want = [
                _run(w, u, bias, array[:, :t]) if t else 0.0 * array[:, 0]
                for w, u, bias in zip(W, U, b, strict=True)
            ]
            try:
                got = np.broadcast_to(np.asarray(state, float), size)
            except (TypeError, ValueError):
                raise CheckFailed(
                    f"{shown}h_{t} should have shape {size}, got {np.shape(state)}; {hint}"
                ) from None
            if not close(got, np.reshape(want, size)):
                raise CheckFailed(f"{shown}h_{t} is not right yet; {hint}")
    print("forward: right for 6 networks, and for 4 at once.")


def _call_with_weights(answer: Callable[..., Any], weights: list[Any], *args: Any) -> Any:
    """Call the answer with a list of weights, which it has to leave as it is."""
    given = [np.array(w) if isinstance(w, np.ndarray) else w for w in weights]
    result = call(answer, given, *args)
    if len(given) != 3 or not all(map(np.array_equal, given, weights)):
        raise CheckFailed("your function changes the weights that it is given: only read them.")
    return result


def gradients(answer: Callable[[list[Array], Array, Array], Any]) -> None:
    """Check exercise 2: the derivatives of the loss, against finite differences."""
    rng = np.random.default_rng(1)
    for networks, length, sign in ((1, 1, 1), (1, 3, 1), (1, 3, -1), (1, 9, 1), (4, 3, 1)):
        count = 7 + length
        digits = rng.integers(0, 10, (count, length))
        sums = digits.sum(axis=1) + rng.integers(-2, 3, count)  # not to be found in the digits
        weights = rng.uniform(0.3, 1.2, (3, networks, 1))
        weights[1] *= sign
        result = _call_with_weights(answer, list(weights), digits, sums)
        if not isinstance(result, list | tuple | np.ndarray) or len(result) != 3:
            raise CheckFailed("return a list of three: for W, for U and for b.")
        shown = f"{networks} network(s), {length} digit(s): "
        if networks > 1 and any(np.shape(part) != (networks, 1) for part in result):
            raise CheckFailed(
                f"{shown}each derivative should have shape ({networks}, 1); over which axis "
                "do you sum, and is it kept?"
            )
        if any(np.size(part) != networks for part in result):
            raise CheckFailed(f"{shown}each derivative is a number: sum over the sequences.")
        got = as_array([np.ravel(part) for part in result], (3, networks), "the derivatives")
        want = _slopes(weights[:, :, 0], digits, sums)
        if not np.allclose(got, want, rtol=1e-4, atol=1e-4):
            own = _slopes(weights[:, :, 0], digits, digits.sum(axis=1))
            if np.allclose(got, own, rtol=1e-4, atol=1e-4):
                raise CheckFailed(f"{shown}take the sums as they are given: these are others.")
            raise CheckFailed(f"{shown}{_gradient_hint(got, want, length, len(sums))}")
    print("gradients: as the slopes of the loss say.")


def _slopes(weights: Array, digits: ArrayLike, sums: Any) -> Array:
    """Nudge each weight of each network and see how the loss moves."""

    def loss(point: Array) -> float:
        W, U, b = point.tolist()
        return float(((_run(W, U, b, digits) - sums) ** 2).mean())

    nudges = 1e-5 * np.eye(3)
    return np.array(
        [[(loss(p + nudge) - loss(p - nudge)) / 2e-5 for p in weights.T] for nudge in nudges]
    )


def _gradient_hint(got: Array, want: Array, length: int, count: int) -> str:
    """Say what a wrong gradient has in common with the right one."""
    for factor, hint in (
        (-1.0, "every sign is turned: output minus sum, or sum minus output?"),
        (0.5, "a factor of 2: what is the derivative of a square?"),
        (float(count), "is the loss a sum over the sequences or a mean?"),
    ):
        if np.allclose(got, factor * want, rtol=1e-4, atol=1e-4):
            return hint
    if length == 1:
        return "already one step is wrong: what do x, h before the step and 1 multiply in it?"
    if np.allclose(got[::2], want[::2], rtol=1e-4, atol=1e-4):
        return "only that of U is wrong: U multiplies the state before the step."
    return "one step is right, more are not: how does g change from h_t to the state before?"


def number_weights(answer: Callable[[int], Any]) -> None:
    """Check exercise 3: weights that read digits as a number in a base."""
    for base in (10, 2, 7):
        W, U, b = _three(call(answer, base))
        shown = f"base {base}: you gave W = {W:g}, U = {U:g}, b = {b:g}; "
        for digits, want, hint in (
            ([0, 0, 0], 0, "which weight acts even when every digit is 0?"),
            ([0, 0, 1], 1, "the last digit should count once. Which weight does it meet?"),
            (
                [0, 1, 0],
                base,
                "how many steps does the middle digit wait, and what happens to it?",
            ),
            ([1, 1, 1], base**2 + base + 1, "follow the state through all three steps."),
        ):
            got = float(_run(W, U, b, [digits])[0])
            if not close(got, want):
                raise CheckFailed(
                    f"{shown}the digits {digits} give {got:g}, not {want}: {hint}"
                )
    print("number_weights: right in base 10, 2 and 7.")


def open_box(answer: Callable[[Callable[[ArrayLike], Array]], Any]) -> None:
    """Check exercise 4: find the weights of a network that can only be run."""
    hints = {
        "W": "compare two inputs that differ in the last digit only.",
        "U": "compare two inputs that differ in an earlier digit only. What does the bias "
        "add to each of them?",
        "b": "what is the output when every digit is 0, and how many steps add to it?",
    }
    for weights in ((1.0, 1.0, 0.0), (0.5, -2.0, 0.25), (-1.5, 0.0, 3.0), (0.3, 0.7, 0.0)):

        def network(digits: ArrayLike, weights: Weights = weights) -> Array:
            array = np.asarray(digits)
            if array.ndim != 2 or array.shape[1] == 0:
                raise ValueError(f"digits should have shape (count, length), got {array.shape}")
            return _run(*weights, array)

        for name, got, want in zip(
            ("W", "U", "b"), _three(call(answer, network)), weights, strict=True
        ):
            if not close(got, want, atol=1e-6):
                raise CheckFailed(
                    f"a network with {name} = {want:g}: you found {got:g}; {hints[name]}"
                )
    print("open_box: found the weights of 4 networks.")


def _first_wrong_length(W: float, U: float, b: float) -> tuple[int, float]:
    """Return the length, 0 if there is none, and the mean error there."""
    lengths = np.arange(1, 10_001)
    errors = (4.5 * W + b) * np.cumsum(U ** (lengths - 1.0)) - 4.5 * lengths
    wrong = np.flatnonzero(np.abs(errors) > 0.5)
    return (int(lengths[wrong[0]]), float(errors[wrong[0]])) if wrong.size else (0, 0.0)


def first_wrong_length(answer: Callable[[float, float, float], Any]) -> None:
    """Check exercise 5: the length at which the mean error passes 0.5."""
    cases = (
        (0.99675155, 1.00106668, 0.01110852),
        (1.0, 1.0, 0.0),
        (1.2, 1.0, 0.0),
        (1.0, 0.999, 0.0),
        (1.0, 1.0, -0.03),
        (1.0, 1.0, 4e-5),
        (1.0, 1.0, 5.0002e-5),  # 10,000
        (1.0, 1.0, 0.125),  # exactly 0.5 at length 4
        (1.03, 0.997, 0.0),  # passes 0.5, comes back and goes below -0.5
        (1.0, 1.0368, 0.0),
    )
    for W, U, b in cases:
        got = float(as_array(call(answer, W, U, b), (), "the length"))
        want, error = _first_wrong_length(W, U, b)
        if got == want:
            continue
        if (W, U, b) == cases[-1]:
            hint = (
                "you are right while the errors are small. Which formula in the text is exact?"
            )
        elif abs(got - want) == 1:
            hint = (
                "one off. Which power of U goes with the first digit, and is the limit passed?"
            )
        elif want == 10_000:
            hint = "10,000 itself is one of the lengths."
        elif (W, U, b) == cases[-2]:
            hint = "the error passes 0.5 earlier, and comes back before it does so again."
        elif want == 0:
            hint = "does the error pass 0.5 at any length up to 10,000?"
        elif error < 0:
            hint = "an error can be negative as well. Is its size compared with 0.5?"
        else:
            hint = "compare your mean error at length 3 with mean_error in the text."
        raise CheckFailed(f"W = {W:g}, U = {U:g}, b = {b:g}: you gave {got:g}; {hint}")
    print("first_wrong_length: right for 10 networks.")
