"""The checks of chapter 1: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, linear_rnn_sum
from tests.chapters import solution, stub


def box_in_arrays(network):
    b = network(np.array([[0]]))
    W = network(np.array([[1]])) - b
    return W, (network(np.array([[1, 0]])) - network(np.array([[0, 0]]))) / W, b


def box_without_bias(network):
    W = float(network([[1]])[0])
    return W, float(network([[1, 0]])[0]) / W, 0.0


def box_with_one_step_offset(network):
    b, first = network([[0], [1]])
    return first - b, (network([[1, 0]])[0] - b) / (first - b), b


def box_with_long_offset(network):
    b = network([[0, 0, 0]])[0]
    W = network([[0, 0, 1]])[0] - b
    return W, (network([[0, 1, 0]])[0] - b) / W, b


def box_without_steps(network):
    return network(np.array([1, 2, 3]))


def curvature(digits):
    x1, x2, x3 = digits.T
    J = np.array([x1 + x2 + x3, 2 * x1 + x2, np.full(len(digits), 3.0)])
    return 2 * J @ J.T / len(digits)


def forgotten_path(digits):
    x1, x2, x3 = digits.T
    J = np.array([x1 + x2 + x3, x1 + x2, np.full(len(digits), 3.0)])
    return 2 / np.linalg.eigvalsh(2 * J @ J.T / len(digits))[-1]


def last_digit_twice(digits):
    x1, x2, x3 = digits.T
    J = np.array([x1 + x2 + x3, 2 * x1 + x3, np.full(len(digits), 3.0)])
    return 2 / np.linalg.eigvalsh(2 * J @ J.T / len(digits))[-1]


def errors(W, U, b):
    steps = np.arange(10_000)
    return (4.5 * W + b) * np.cumsum(U**steps) - 4.5 * (steps + 1)


def small_errors(W, U, b):
    length = np.arange(1, 10_001)
    return 4.5 * ((W - 1) * length + (U - 1) * length * (length - 1) / 2) + b * length


def first_over(over):
    return int(np.argmax(over)) + 1 if over.any() else 0


def states(weights, digits, bias=True, order=1, first=True):
    W, U, b = weights
    h = [np.zeros(len(digits))]
    for column in digits.T[::order]:
        h.append(column * W + h[-1] * U + b * bias)
    return h if first else h[1:]


def one_network_states(weights, digits):
    W, U, b = (float(np.ravel(w)[0]) for w in weights)
    return states([W, U, b], digits)


def without_recurrence(weights, digits):
    return states([weights[0], 1.0, weights[2]], digits)


def slopes(weights, digits, sums, state=0, back=True, factor=2.0, keep=True):
    """The gradients, or a likely mistake in one of their parts."""
    h = states(weights, digits)
    g = factor * (h[-1] - sums) / len(sums)
    total = [0, 0, 0]
    for t in reversed(range(digits.shape[1])):
        for k, term in enumerate([g * digits[:, t], g * h[t + state], g]):
            total[k] = total[k] + term.sum(axis=-1, keepdims=keep)
        g = g * weights[1] if back else g
    return total


def test_right_variants_pass():
    linear_rnn_sum.forward(lambda w, d: tuple(states(w, d)))
    linear_rnn_sum.gradients(lambda w, d, s: np.array(slopes(w, d, s)))
    linear_rnn_sum.open_box(box_in_arrays)
    linear_rnn_sum.number_weights(lambda base: [np.ones((1, 1)), [[base]], np.zeros(1)])


@pytest.mark.parametrize("name", ["forward", "gradients"])
def test_the_chapters_solution_passes_and_its_stub_does_not(name):
    check = getattr(linear_rnn_sum, name)
    check(solution("linear_rnn_sum", name))
    with pytest.raises(CheckFailed, match="still the stub"):
        check(stub("linear_rnn_sum", name))


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("forward", lambda w, d: states(w, d, first=False), "h_0 to h_3"),
        ("forward", lambda w, d: states(w, d, bias=False), "b is added at every step"),
        ("forward", lambda w, d: states(w, d, order=-1), "h_1 is not right yet; is each state"),
        ("forward", without_recurrence, "what does U multiply"),
        ("forward", one_network_states, r"spread W of shape \(4, 1\)"),
        ("gradients", lambda w, d, s: slopes(w, d, s, state=1), "already one step is wrong"),
        ("gradients", lambda w, d, s: slopes(w, d, s, back=False), "how does g change"),
        ("gradients", lambda w, d, s: slopes(w, d, s, factor=1), "derivative of a square"),
        ("gradients", lambda w, d, s: slopes(w, d, s, factor=-2), "every sign is turned"),
        ("gradients", lambda w, d, s: slopes(w, d, s, factor=16), "a sum over the sequences"),
        ("gradients", lambda w, d, s: slopes(w, d, s, keep=False), r"shape \(4, 1\)"),
        ("gradients", lambda w, d, s: slopes(w, d, s)[0], "return a list of three"),
        ("gradients", lambda w, d, s: slopes(w, d, d.sum(axis=1)), "as they are given"),
        ("number_weights", lambda base: (base, 1.0, 0.0), "last digit should count once"),
        ("number_weights", lambda base: (1.0, 1 / base, 0.0), "middle digit wait"),
        ("number_weights", lambda base: (1.0, 10.0, 0.0), "base 2: .*middle digit wait"),
        ("number_weights", lambda base: (1.0, base, 1.0), "even when every digit is 0"),
        ("number_weights", lambda base: (1.0, base), r"should have shape \(3,\), got \(2,\)"),
        ("open_box", box_without_bias, "last digit only"),
        ("open_box", box_with_one_step_offset, "What does the bias add"),
        ("open_box", box_with_long_offset, "how many steps add to it"),
        ("open_box", box_without_steps, r"shape \(count, length\), got \(3,\)"),
        ("largest_step", lambda d: 2 / np.linalg.eigvalsh(curvature(d))[0], "Which one sets"),
        ("largest_step", lambda d: 1 / np.linalg.eigvalsh(curvature(d))[-1], "a factor of 2"),
        (
            "largest_step",
            lambda d: 2 / np.linalg.eigvalsh(len(d) * curvature(d))[-1],
            "a sum over the sequences or a mean",
        ),
        ("largest_step", forgotten_path, "three derivatives on one sequence"),
        ("largest_step", last_digit_twice, "first 150 .*three derivatives on one sequence"),
        ("first_wrong_length", lambda W, U, b: first_over(errors(W, U, b) > 0.5), "negative"),
        (
            "first_wrong_length",
            lambda W, U, b: first_over(np.abs(errors(W, U, b)) > 0.5) - 1,
            "one off",
        ),
        (
            "first_wrong_length",
            lambda W, U, b: first_over(np.abs(errors(W, U, b)) > 0.5) or 10_000,
            "at any length up to 10,000",
        ),
        (
            "first_wrong_length",
            lambda W, U, b: first_over(errors(W, 1, b) < -0.5),
            "mean_error",
        ),
        (
            "first_wrong_length",
            lambda W, U, b: first_over(np.abs(small_errors(W, U, b)) > 0.5),
            "right while the errors are small",
        ),
    ],
)
def test_likely_mistakes_get_a_hint_that_fits(name, answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(linear_rnn_sum, name)(answer)


def test_no_hint_gives_a_solution_line_away():
    from inspect import getsource

    import course_utils.checks.linear_rnn_sum as module

    text = getsource(module)
    for line in (
        "return 1.0, float(base), 0.0",
        "(one_early - zeros) / W",
        "eigvalsh(curvature)",
        "digits[:, t] * W",
        "g = g * weights[1]",
    ):
        assert line not in text
