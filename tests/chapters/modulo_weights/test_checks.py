"""The checks of chapter 14: likely mistakes get a hint that fits."""

from inspect import getsource

import numpy as np
import pytest
import torch

from course_utils.checks import CheckFailed, modulo_weights
from tests.chapters import solution

SLUG = "modulo_weights"


def test_answers_that_go_another_way_pass():
    def by_descent(target, m):
        w, rate, losses = m / 2, 1e-3, []
        for step in range(40_000):
            d = w % m - target
            w -= 2 * rate * d
            if step >= 20_000:
                losses.append(d * d)
        return np.mean(losses)

    def by_rounding(w, m):
        return [1 + 0 * w, -np.round(w / m)]

    assert by_descent(-0.3, 1.0) == pytest.approx(
        solution(SLUG, "cycle_loss")(-0.3, 1.0), rel=0.01
    )
    modulo_weights.symmetric_gradients(by_rounding)
    modulo_weights.fold(lambda w, m: m / torch.pi * torch.asin(torch.sin(torch.pi * w / m)))


def mean(target, m, edge=None, factor=1.0):
    if 0 < target < m:
        return 0.0
    near, far = sorted([abs(target), abs(target - (edge or m))])
    return factor * (far**2 - near**2) / (2 * np.log(far / near))


def best(target, m):
    return 0.0 if 0 < target < m else min(abs(target), abs(target - m)) ** 2


def over_places(target, m):
    if 0 < target < m:
        return 0.0
    a, b = abs(target), abs(target - m)
    return (a * a + a * b + b * b) / 3


def always_cycling(target, m):
    near, far = sorted([abs(target), abs(target - m)])
    return (far**2 - near**2) / (2 * np.log(far / near))


def below_only(target, m):
    return mean(target, m) if target < m else mean(m - target - 1, m)


def turn(angle, transposed=False):
    c, s = np.cos(angle), np.sin(angle)
    U = np.array([[c, s], [-s, c]])
    return U.T if transposed else U


def counters(p, q, transposed=False, full=2 * np.pi):
    U = np.zeros((4, 4))
    U[:2, :2], U[2:, 2:] = turn(full / p, transposed), turn(full / q, transposed)
    return U


def leaking(p, q):
    U = counters(p, q)
    U[0, 2] = 0.1
    return U


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("cycle_loss", always_cycling, "then move again"),
        ("cycle_loss", lambda t, m: 0.0, "can the used weight be there"),
        ("cycle_loss", best, "Does descent stay there"),
        ("cycle_loss", lambda t, m: mean(t, m, factor=2), "a factor of 2"),
        ("cycle_loss", lambda t, m: mean(t, m, factor=0.5), "a factor of 2"),
        ("cycle_loss", over_places, "equally long at each"),
        ("cycle_loss", lambda t, m: mean(t, m, edge=1), "right for m = 1"),
        ("cycle_loss", below_only, "Which edge is the cheap one"),
        ("cycle_loss", lambda t, m: mean(t, m, factor=1.1), "divide by its time"),
        ("symmetric_gradients", lambda w, m: np.ones_like(w), "return a pair"),
        ("symmetric_gradients", lambda w, m: (0 * w, -np.round(w / m)), "follow w"),
        ("symmetric_gradients", lambda w, m: (1 + 0 * w, np.round(w / m)), "only the sign"),
        (
            "symmetric_gradients",
            lambda w, m: (1 + 0 * w, 0.5 - np.round(w / m)),
            "both halves",
        ),
        ("symmetric_gradients", lambda w, m: (1 + 0 * w, -np.floor(w / m)), "where are the"),
        ("symmetric_gradients", lambda w, m: (1 + 0 * w, 0 * w + 3), "no jump lies between"),
        ("symmetric_gradients", lambda w, m: (1.0, 0.0), r"should have shape \(7,\)"),
        ("fold", lambda w, m: -solution(SLUG, "fold")(w, m), "upside down"),
        ("fold", lambda w, m: solution(SLUG, "fold")(w, m) + m / 2, "shift it"),
        ("fold", lambda w, m: torch.remainder(w + m / 2, m) - m / 2, "it jumps"),
        ("fold", lambda w, m: torch.clamp(w, -m / 2, m / 2), "it stops at the end"),
        ("fold", lambda w, m: torch.where(w.abs() > m / 2, m - w, w), "come back to 0"),
        ("fold", lambda w, m: m / 2 * torch.sin(2 * w / m), "it is w itself"),
        ("two_counters", lambda p, q: counters(p, q, transposed=True), "row vectors"),
        ("two_counters", lambda p, q: counters(q, p), "which pair"),
        ("two_counters", leaking, "leak into each other"),
        ("two_counters", lambda p, q: counters(p, q, full=360), "part of a full turn"),
        ("two_counters", lambda p, q: turn(1 / p), r"should have shape \(4, 4\)"),
    ],
)
def test_likely_mistakes_get_a_hint_that_fits(name, answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(modulo_weights, name)(answer)


def test_no_hint_gives_a_solution_line_away():
    text = getsource(modulo_weights)
    for line in ("np.log(", "np.floor", "np.round", "np.cos", "remainder", "/ p), "):
        assert line not in text
