"""The checks of chapter 11: likely mistakes get a hint that fits."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from course_utils.checks import CheckFailed, sampling_inputs
from tests.chapters import solution

SLUG = "sampling_inputs"


def share(p):
    return p / p.sum()


def gaussian(A, s, mu, P, y, noise=None):
    noise = s**2 if noise is None else noise
    G = P @ A.T @ np.linalg.inv(A @ P @ A.T + noise * np.eye(len(A)))
    return mu + G @ (y - A @ mu), P - G @ A @ P


def without_mean(A, s, mu, P, y):
    return gaussian(A, s, 0 * mu, P, y)


def mean_not_taken_off(A, s, mu, P, y):
    mean, covariance = gaussian(A, s, 0 * mu, P, y)
    return mean + mu, covariance


def standard_prior(A, s, mu, P, y):
    return gaussian(A, s, mu, np.eye(len(mu)), y)


def precision(A, s, mu, P, y):
    mean, covariance = gaussian(A, s, mu, P, y)
    return mean, np.linalg.inv(covariance)


def energy(p, q):
    return 2 * cdist(p, q).mean() - cdist(p, p).mean() - cdist(q, q).mean()


def inner(p, count):
    return cdist(p, p).sum() / (count * (count - 1))


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("table_posterior", lambda like, prior, y: like[:, y] * prior, "adds up to p"),
        ("table_posterior", lambda like, prior, y: share(like[:, y]), "prior has to enter"),
        ("table_posterior", lambda like, prior, y: like[:, y], "prior has to enter"),
        ("table_posterior", lambda like, prior, y: prior, "output has to enter"),
        ("table_posterior", lambda like, prior, y: like[y] * prior[0], "not right|shape"),
        ("moved", lambda p, old, new: p, "nothing has moved"),
        ("moved", lambda p, old, new: share(p * new), "old prior is still inside"),
        ("moved", lambda p, old, new: p * new / old, "do not add up to 1"),
        ("moved", lambda p, old, new: new, "what the output says is lost"),
        ("moved", lambda p, old, new: share(p * old / (new + 1)), "see what the two have"),
        ("gaussian_posterior", lambda A, s, mu, P, y: mu, "two arrays"),
        ("gaussian_posterior", without_mean, "mean of the prior has to enter"),
        ("gaussian_posterior", mean_not_taken_off, "mean is not right; the other one is"),
        ("gaussian_posterior", standard_prior, "P has to enter"),
        ("gaussian_posterior", precision, "inverse of the covariance"),
        ("gaussian_posterior", lambda A, s, *rest: gaussian(A, s, *rest, noise=s), "squared"),
        ("gaussian_posterior", lambda A, s, mu, P, y: (y[0] * mu, P), "try mu = 0"),
        ("fair_energy", energy, "still counted"),
        ("fair_energy", lambda p, q: cdist(p, q).mean(), "list the pairs by hand"),
        (
            "fair_energy",
            lambda p, q: cdist(p, q).mean() - inner(p, len(p)) - inner(q, len(q)),
            "counts twice",
        ),
        (
            "fair_energy",
            lambda p, q: 2 * cdist(p, q).mean() - (inner(p, len(p)) + inner(q, len(q))) / 2,
            "half that number",
        ),
    ],
)
def test_a_plausible_wrong_answer_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(sampling_inputs, name)(wrong)


def test_the_fair_distance_is_fair():
    """Its mean over draws of one distribution is 0, where the chapter's is above 0."""
    fair, rng = solution(SLUG, "fair_energy"), np.random.default_rng(0)
    draws = [(rng.standard_normal((10, 2)), rng.standard_normal((6, 2))) for _ in range(2_000)]
    values = np.array([(fair(p, q), energy(p, q)) for p, q in draws])
    error = values.std(axis=0) / np.sqrt(len(draws))
    assert abs(values[:, 0].mean()) < 4 * error[0]
    assert values[:, 1].mean() > 20 * error[1]
