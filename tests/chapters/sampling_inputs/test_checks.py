"""The checks of chapter 11: likely mistakes get a hint that fits."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from course_utils.checks import CheckFailed, sampling_inputs
from tests.chapters import solution

SLUG = "sampling_inputs"


def share(p):
    return p / p.sum()


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
