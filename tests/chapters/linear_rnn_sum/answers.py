"""Answers to the exercises of chapter 1, each with what its check says."""

import numpy as np


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


ANSWERS = {
    "forward": [
        ("right", lambda w, d: tuple(states(w, d))),
        ("h_0 to h_3", lambda w, d: states(w, d, first=False)),
        ("b is added at every step", lambda w, d: states(w, d, bias=False)),
        ("h_1 is not right yet; is each state", lambda w, d: states(w, d, order=-1)),
        ("what does U multiply", without_recurrence),
        (r"spread W of shape \(4, 1\)", one_network_states),
    ],
    "gradients": [
        ("right", lambda w, d, s: np.array(slopes(w, d, s))),
        ("already one step is wrong", lambda w, d, s: slopes(w, d, s, state=1)),
        ("how does g change", lambda w, d, s: slopes(w, d, s, back=False)),
        ("derivative of a square", lambda w, d, s: slopes(w, d, s, factor=1)),
        ("every sign is turned", lambda w, d, s: slopes(w, d, s, factor=-2)),
        ("a sum over the sequences", lambda w, d, s: slopes(w, d, s, factor=16)),
        (r"shape \(4, 1\)", lambda w, d, s: slopes(w, d, s, keep=False)),
        ("return a list of three", lambda w, d, s: slopes(w, d, s)[0]),
        ("as they are given", lambda w, d, s: slopes(w, d, d.sum(axis=1))),
    ],
    "largest_step": [
        ("Which one sets", lambda d: 2 / np.linalg.eigvalsh(curvature(d))[0]),
        ("a factor of 2", lambda d: 1 / np.linalg.eigvalsh(curvature(d))[-1]),
        (
            "a sum over the sequences or a mean",
            lambda d: 2 / np.linalg.eigvalsh(len(d) * curvature(d))[-1],
        ),
        ("three derivatives on one sequence", forgotten_path),
        ("first 150 .*three derivatives on one sequence", last_digit_twice),
    ],
    "number_weights": [
        ("right", lambda base: [np.ones((1, 1)), [[base]], np.zeros(1)]),
        ("last digit should count once", lambda base: (base, 1.0, 0.0)),
        ("middle digit wait", lambda base: (1.0, 1 / base, 0.0)),
        ("base 2: .*middle digit wait", lambda base: (1.0, 10.0, 0.0)),
        ("even when every digit is 0", lambda base: (1.0, base, 1.0)),
        (r"should have shape \(3,\), got \(2,\)", lambda base: (1.0, base)),
    ],
    "open_box": [
        ("right", box_in_arrays),
        ("last digit only", box_without_bias),
        ("What does the bias add", box_with_one_step_offset),
        ("how many steps add to it", box_with_long_offset),
        (r"shape \(count, length\), got \(3,\)", box_without_steps),
    ],
    "first_wrong_length": [
        ("negative", lambda W, U, b: first_over(errors(W, U, b) > 0.5)),
        ("one off", lambda W, U, b: first_over(np.abs(errors(W, U, b)) > 0.5) - 1),
        (
            "at any length up to 10,000",
            lambda W, U, b: first_over(np.abs(errors(W, U, b)) > 0.5) or 10_000,
        ),
        ("mean_error", lambda W, U, b: first_over(errors(W, 1, b) < -0.5)),
        (
            "right while the errors are small",
            lambda W, U, b: first_over(np.abs(small_errors(W, U, b)) > 0.5),
        ),
    ],
}
