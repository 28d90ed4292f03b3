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


def hessian(length, mean, variance, bias=1.0):
    to_go = np.arange(length, dtype=float)
    rest = np.array([to_go**0, to_go, 0 * to_go])
    average = mean * rest.sum(axis=1) + np.array([0, 0, bias * length])
    return 2 * (variance * rest @ rest.T + np.outer(average, average))


def rate(matrix):
    return 2 / np.linalg.eigvalsh(matrix)[-1]


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
        ("stable_rate", lambda n, mean, s2: rate(hessian(n, mean, s2) / 2), "factor of 2"),
        ("stable_rate", lambda n, mean, s2: 2 / rate(hessian(n, mean, s2)), "2 over it"),
        (
            "stable_rate",
            lambda n, mean, s2: 2 / np.linalg.eigvalsh(hessian(n, mean, s2))[0],
            "flattest",
        ),
        ("stable_rate", lambda n, mean, s2: rate(hessian(n, 0.0, s2)), "does the mean enter"),
        ("stable_rate", lambda n, mean, s2: rate(hessian(n, mean, s2, bias=0)), "the bias"),
        ("stable_rate", lambda n, mean, s2: rate(hessian(3, mean, s2)), "earlier cases are"),
        ("stable_rate", lambda n, mean, s2: 1e-3, "counted twice"),
    ],
)
def test_a_plausible_wrong_answer_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(two_valleys, name)(wrong)


def test_the_largest_curvature_check_uses_is_that_of_the_closed_form():
    for case in ((3, 4.5, 8.25), (8, 4.5, 8.25), (2, -1.0, 2.0)):
        np.testing.assert_allclose(two_valleys._hessian(*case), hessian(*case), rtol=1e-5)
