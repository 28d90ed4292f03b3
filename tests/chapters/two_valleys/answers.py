"""Answers to the exercises of chapter 4, each with what its check says."""

import numpy as np


def powers(U, length):
    return U ** np.arange(length - 1, -1, -1.0)


def parts(W, U, b):
    """The variance and the mean of the error."""
    c = [W * U**k - 1 for k in range(3)]
    return 8.25 * sum(share**2 for share in c), 4.5 * sum(c) + b * (1 + U + U**2)


def loss(W, U, b):
    variance, mean = parts(W, U, b)
    return variance + mean**2


def only_for_numbers(W, U, b):
    return loss(W, U, b) if np.ndim(W) == 0 else 0 * W


def over_all_sequences(W, U, b):
    """Right too: a mean over all sequences, one after the other."""
    total = 0.0
    for digits in np.ndindex(10, 10, 10):
        h = 0.0
        for digit in digits:
            h = digit * W + h * U + b
        total = total + (h - sum(digits)) ** 2
    return total / 1000


def by_second_moments(W, U, b):
    """Right too: E[x^2] is 28.5, and E[x] E[x'] is 4.5^2."""
    c = [W * U**2 - 1, W * U - 1, W - 1]
    pairs = c[0] * c[1] + c[0] * c[2] + c[1] * c[2]
    B = b * (1 + U + U**2)
    return 28.5 * sum(x * x for x in c) + 40.5 * pairs + 9 * B * sum(c) + B**2


def a_network_a_row(W, U, b):
    """Right for arrays of one shape only: the map's column and row do not fit."""
    each = [loss(*weights) for weights in zip(*map(np.ravel, (W, U, b)), strict=False)]
    return each[0] if np.ndim(W) == 0 else np.array(each)


def variance_of_a_sample(W, U, b):
    variance, mean = parts(W, U, b)
    return variance * 10 / 9 + mean**2


def by_bisection(mean, variance):
    """Right too: the zero of the slope, found and not derived."""

    def push(W, nudge=1e-5):
        up, down = (
            variance * ((W * U**2 - 1) ** 2 + (W * U - 1) ** 2 + (W - 1) ** 2)
            + (mean * (W * (1 + U + U**2) - 3)) ** 2
            for U in (-1 + nudge, -1 - nudge)
        )
        return up - down

    low, high = 0.01, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if push(middle) * push(low) > 0 else (low, middle)
    return low


def run_by_hand(W, U, length):
    h = length * [0.0]
    for step in range(length):
        h = [W * (step == place) + U * state for place, state in enumerate(h)]
    return h


ANSWERS = {
    "digit_weights": [
        ("right", run_by_hand),
        ("right", lambda W, U, n: W * np.vander([U], n)[0]),
        (r"0.5, -2.0, 3\) is not right", lambda W, U, n: W * powers(abs(U), n)),
        (r"2.0, 0.5, 5\) is not right", lambda W, U, n: [W * U ** (2 - k) for k in range(n)]),
        ("reversed", lambda W, U, n: powers(U, n)[::-1] * W),
        ("multiplied by W", lambda W, U, n: powers(U, n)),
        ("by hand", lambda W, U, n: W * U * powers(U, n)),
        ("shape", lambda W, U, n: W),
    ],
    "expected_loss": [
        ("right", loss),
        ("right", over_all_sequences),
        ("right", by_second_moments),
        ("a column W, a row U", a_network_a_row),
        ("one at a time", variance_of_a_sample),
        ("adds without error", lambda W, U, b: 1.0),
        ("6 too large each time", lambda W, U, b: parts(W, U, b)[0]),
        ("add the variance", lambda W, U, b: parts(W, U, b)[1] ** 2),
        ("one at a time", lambda W, U, b: loss(W, U, b * (U == 1))),
        ("one at a time", lambda W, U, b: loss(W, abs(U), b)),
        ("not for arrays", only_for_numbers),
        ("shape", lambda W, U, b: loss(W, U, b)[None]),
    ],
    "turning_point": [
        ("right", by_bisection),
        ("right", lambda mean, s2: np.float32((s2 + 3 * mean**2) / (3 * s2 + mean**2))),
        ("-2.0, 1.0.*both terms", lambda m, s2: (s2 + 3 * m * abs(m)) / (3 * s2 + m * abs(m))),
        (r"0.0, 8.25.*both terms", lambda mean, s2: (s2 + 60.75) / (3 * s2 + 20.25)),
        ("mean output pushes too", lambda mean, variance: 1 / 3),
        ("above 0", lambda mean, variance: 0.0),
        ("add the spread", lambda mean, variance: 3.0),
        ("both terms", lambda mean, variance: 69 / 45),
        ("both terms", lambda mean, s2: (s2 + 3 * mean) / (3 * s2 + mean)),
    ],
}
