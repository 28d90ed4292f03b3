"""What the table of answers cannot say about the checks of chapter 14."""

import numpy as np
import pytest

from tests.chapters import solution


def test_a_descent_has_the_mean_loss_of_the_formula():
    target, m, rate = -0.3, 1.0, 1e-3
    w, losses = m / 2, []
    for _ in range(40_000):
        distance = w % m - target
        w -= 2 * rate * distance
        losses.append(distance**2)
    want = solution("modulo_weights", "cycle_loss")(target, m)
    assert np.mean(losses[20_000:]) == pytest.approx(want, rel=0.01)
