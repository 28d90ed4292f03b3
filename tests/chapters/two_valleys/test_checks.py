"""The checks of chapter 4: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, two_valleys


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


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("digit_weights", lambda W, U, n: powers(U, n)[::-1] * W, "reversed"),
        ("digit_weights", lambda W, U, n: powers(U, n), "multiplied by W"),
        ("digit_weights", lambda W, U, n: W * U * powers(U, n), "by hand"),
        ("digit_weights", lambda W, U, n: W, "shape"),
        ("profile_loss", profile_with_unit_weight, "bottom of its parabola"),
        ("profile_loss", profile_of_one_digit_less, "below what any W and b reach"),
        ("profile_loss", lambda U, n: two_valleys._fitted_loss(U, n) / 8.25, "variance"),
        ("profile_loss", lambda U, n: two_valleys._fitted_loss(U, 3), "use the length"),
        ("turning_point", lambda mean, variance: 1 / 3, "mean output pushes too"),
        ("turning_point", lambda mean, variance: 0.0, "above 0"),
        ("turning_point", lambda mean, variance: 3.0, "add the spread"),
        ("turning_point", lambda mean, variance: 69 / 45, "both terms"),
        ("turning_point", lambda mean, s2: (s2 + 3 * mean) / (3 * s2 + mean), "both terms"),
        ("expected_loss", lambda W, U, b: 1.0, "adds without error"),
        ("expected_loss", lambda W, U, b: parts(W, U, b)[0], "6 too large each time"),
        ("expected_loss", lambda W, U, b: parts(W, U, b)[1] ** 2, "add the variance"),
        ("expected_loss", lambda W, U, b: loss(W, U, b * (U == 1)), "one at a time"),
        ("expected_loss", lambda W, U, b: loss(W, abs(U), b), "one at a time"),
        ("expected_loss", only_for_numbers, "not for arrays"),
        ("expected_loss", lambda W, U, b: loss(W, U, b)[None], "shape"),
    ],
)
def test_a_plausible_wrong_answer_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(two_valleys, name)(wrong)


def over_all_sequences(W, U, b):
    """Right too: a mean over a table, for arrays a column a network."""
    digits = np.stack(np.meshgrid(*3 * [np.arange(10.0)], indexing="ij"), -1).reshape(-1, 3)
    shares = W * np.array([U**2, U, U**0]) - 1
    return ((digits @ shares + b * (1 + U + U**2)) ** 2).mean(axis=0)


def test_a_right_variant_passes():
    two_valleys.expected_loss(loss)
    two_valleys.expected_loss(over_all_sequences)
