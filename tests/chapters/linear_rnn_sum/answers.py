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


def states_in_lists(weights, digits):
    """Right too: a sequence and a network at a time, in lists of numbers."""
    W, U, b = (np.ravel(w).tolist() for w in weights)
    H = [np.zeros((len(W), len(digits))).tolist()]
    for column in digits.T.tolist():
        H.append(
            [
                [x * w + last * u + bias for x, last in zip(column, row, strict=True)]
                for w, u, bias, row in zip(W, U, b, H[-1], strict=True)
            ]
        )
    return H if len(W) > 1 else [h[0] for h in H]


def closed_form(weights, digits):
    """Right too: what each digit has become."""
    W, U, b = weights
    return [
        sum(((digits[:, k] * W + b) * U ** (t - 1 - k) for k in range(t)), 0.0 * digits[:, 0])
        for t in range(digits.shape[1] + 1)
    ]


def states_from_a_number(weights, digits):
    """Right too: 0 as it is, which every sequence may share."""
    return [0, *states(weights, digits)[1:]]


def half_wave(weights, digits):
    W, U, b = weights
    h = [np.zeros(len(digits))]
    for column in digits.T:
        h.append(np.maximum(column * W + h[-1] * U + b, 0))
    return h


def states_that_use_up_w(weights, digits):
    h = states(weights, digits)
    weights[0] = 0 * weights[0]
    return h


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


def slopes_forwards(weights, digits, sums):
    """Right too: the slopes of the state go along with the state."""
    W, U, b = weights
    h = by_W = by_U = by_b = 0 * (digits[:, 0] * W)
    for column in digits.T:
        by_W, by_U, by_b = column + U * by_W, h + U * by_U, 1 + U * by_b
        h = column * W + U * h + b
    return [(2 * (h - sums) * by).mean(-1, keepdims=True) for by in (by_W, by_U, by_b)]


def slopes_by_nudges(weights, digits, sums):
    """Right too: the slope between two neighbours."""

    def loss(k, nudge):
        moved = [w + nudge * (k == n) for n, w in enumerate(weights)]
        return ((states(moved, digits)[-1] - sums) ** 2).mean(-1, keepdims=True)

    return [(loss(k, 1e-5) - loss(k, -1e-5)) / 2e-5 for k in range(3)]


def slopes_and_a_step(weights, digits, sums):
    found = slopes(weights, digits, sums)
    for k, slope in enumerate(found):
        weights[k] = weights[k] - 0.002 * slope
    return found


def slopes_of_positive_u(weights, digits, sums):
    h = states(weights, digits)
    g = 2 * (h[-1] - sums) / len(sums)
    total = [0, 0, 0]
    for t in reversed(range(digits.shape[1])):
        for k, term in enumerate([g * digits[:, t], g * h[t], g]):
            total[k] = total[k] + term.sum(axis=-1, keepdims=True)
        g = g * abs(weights[1])
    return total


def box_by_least_squares(network):
    digits = np.random.default_rng(0).integers(0, 10, (50, 2))
    of_first, W, _ = np.linalg.lstsq(
        np.column_stack([digits, np.ones(50)]), network(digits), rcond=None
    )[0]
    return W, of_first / W, network([[0]])[0]


def box_by_zeros(network):
    b, first = network([[0], [1]])
    zeros = network([[0, 0]])[0]
    return first - b, zeros / b - 1 if b else 1.0, b


def bisected(W, U, b):
    """Halve the lengths as if an error once passed were passed for ever."""
    low, high = 0, 10_000
    over = np.abs(errors(W, U, b)) > 0.5
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if over[middle - 1] else (middle, high)
    return high if over[high - 1] else 0


ANSWERS = {
    "forward": [
        ("right", states_in_lists),
        ("right", closed_form),
        ("right", states_from_a_number),
        ("h_2 is not right yet", half_wave),
        ("changes the weights", states_that_use_up_w),
        ("make a list of 13 states", lambda w, d: states(w, d)[:6]),
        ("right", lambda w, d: tuple(states(w, d))),
        ("h_0 to h_3", lambda w, d: states(w, d, first=False)),
        ("b is added at every step", lambda w, d: states(w, d, bias=False)),
        ("h_1 is not right yet; is each state", lambda w, d: states(w, d, order=-1)),
        ("what does U multiply", without_recurrence),
        (r"spread W of shape \(4, 1\)", one_network_states),
    ],
    "gradients": [
        ("right", slopes_forwards),
        ("right", slopes_by_nudges),
        ("changes the weights", slopes_and_a_step),
        ("how does g change", slopes_of_positive_u),
        ("3 digit", lambda w, d, s: [slope * len(s) / 8 for slope in slopes(w, d, s)]),
        ("right", lambda w, d, s: np.array(slopes(w, d, s))),
        ("already one step is wrong", lambda w, d, s: slopes(w, d, s, state=1)),
        ("how does g change", lambda w, d, s: slopes(w, d, s, back=False)),
        ("derivative of a square", lambda w, d, s: slopes(w, d, s, factor=1)),
        ("every sign is turned", lambda w, d, s: slopes(w, d, s, factor=-2)),
        ("a sum over the sequences", lambda w, d, s: slopes(w, d, s, factor=2 * len(s))),
        (r"shape \(4, 1\)", lambda w, d, s: slopes(w, d, s, keep=False)),
        ("return a list of three", lambda w, d, s: slopes(w, d, s)[0]),
        ("as they are given", lambda w, d, s: slopes(w, d, d.sum(axis=1))),
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
        ("right", box_by_least_squares),
        ("U = 0.7", box_by_zeros),
        ("you found", lambda network: np.round(4 * np.ravel(box_in_arrays(network))) / 4),
        ("last digit only", box_without_bias),
        ("What does the bias add", box_with_one_step_offset),
        ("how many steps add to it", box_with_long_offset),
        (r"shape \(count, length\), got \(3,\)", box_without_steps),
    ],
    "first_wrong_length": [
        ("right", lambda W, U, b: first_over(np.abs(errors(W, U, b)) > 0.5)),
        ("is the limit passed", lambda W, U, b: first_over(np.abs(errors(W, U, b)) >= 0.5)),
        (
            "itself is one of",
            lambda W, U, b: first_over(np.abs(errors(W, U, b)[:9_999]) > 0.5),
        ),
        ("comes back before", bisected),
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
