"""Answers to the exercises of chapter 4, each with what its check says."""

import numpy as np

from course_utils.checks.two_valleys import _fitted_loss


def powers(U, length):
    return U ** np.arange(length - 1, -1, -1.0)


def profile_with_unit_weight(U, length):
    return 8.25 * ((powers(U, length) - 1) ** 2).sum()


def profile_of_one_digit_less(U, length):
    p = powers(U, length)
    return 8.25 * (length - 1 - p.sum() ** 2 / (p @ p))


def parts(W, U, b):
    """The variance and the mean of the error."""
    shares = W * np.array([U**2, U, U**0]) - 1
    return 8.25 * (shares**2).sum(axis=0), 4.5 * shares.sum(axis=0) + b * (1 + U + U**2)


def loss(W, U, b):
    variance, mean = parts(W, U, b)
    return variance + mean**2


def only_for_numbers(W, U, b):
    return loss(W, U, b) if np.ndim(W) == 0 else 0 * W


def over_all_sequences(W, U, b):
    """Right too: a mean over a table, for arrays a column a network."""
    digits = np.stack(np.meshgrid(*3 * [np.arange(10.0)], indexing="ij"), -1).reshape(-1, 3)
    shares = W * np.array([U**2, U, U**0]) - 1
    return ((digits @ shares + b * (1 + U + U**2)) ** 2).mean(axis=0)


ANSWERS = {
    "digit_weights": [
        ("reversed", lambda W, U, n: powers(U, n)[::-1] * W),
        ("multiplied by W", lambda W, U, n: powers(U, n)),
        ("by hand", lambda W, U, n: W * U * powers(U, n)),
        ("shape", lambda W, U, n: W),
    ],
    "expected_loss": [
        ("right", loss),
        ("right", over_all_sequences),
        ("adds without error", lambda W, U, b: 1.0),
        ("6 too large each time", lambda W, U, b: parts(W, U, b)[0]),
        ("add the variance", lambda W, U, b: parts(W, U, b)[1] ** 2),
        ("one at a time", lambda W, U, b: loss(W, U, b * (U == 1))),
        ("one at a time", lambda W, U, b: loss(W, abs(U), b)),
        ("not for arrays", only_for_numbers),
        ("shape", lambda W, U, b: loss(W, U, b)[None]),
    ],
    "profile_loss": [
        ("bottom of its parabola", profile_with_unit_weight),
        ("below what any W and b reach", profile_of_one_digit_less),
        ("variance", lambda U, n: _fitted_loss(U, n) / 8.25),
        ("use the length", lambda U, n: _fitted_loss(U, 3)),
    ],
    "turning_point": [
        ("mean output pushes too", lambda mean, variance: 1 / 3),
        ("above 0", lambda mean, variance: 0.0),
        ("add the spread", lambda mean, variance: 3.0),
        ("both terms", lambda mean, variance: 69 / 45),
        ("both terms", lambda mean, s2: (s2 + 3 * mean) / (3 * s2 + mean)),
    ],
}
