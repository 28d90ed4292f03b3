"""What the table of answers cannot say about the checks of chapter 11."""

import numpy as np

from tests.chapters import solution
from tests.chapters.sampling_inputs.answers import energy


def test_the_fair_distance_is_fair():
    """Its mean over draws of one distribution is 0, where the chapter's is above 0."""
    fair, rng = solution("sampling_inputs", "fair_energy"), np.random.default_rng(0)
    draws = [(rng.standard_normal((10, 2)), rng.standard_normal((6, 2))) for _ in range(2_000)]
    values = np.array([(fair(p, q), energy(p, q)) for p, q in draws])
    error = values.std(axis=0) / np.sqrt(len(draws))
    assert abs(values[:, 0].mean()) < 4 * error[0]
    assert values[:, 1].mean() > 20 * error[1]
