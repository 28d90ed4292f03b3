"""The checks of chapter 12: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed
from course_utils.checks import unit_visualization as checks
from tests.chapters import solution

SLUG = "unit_visualization"


def average(windows, weights, total):
    return np.einsum("nu,nij->uij", weights, windows) / np.reshape(total, (-1, 1, 1))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda x, z: average(x, np.maximum(z, 0), len(x)), "not by the number of windows"),
        (lambda x, z: average(x, z, z.sum(0)), "floor the pre-activations"),
        (lambda x, z: average(x, abs(z), abs(z).sum(0)), "count nothing"),
        (lambda x, z: x[z.argmax(0)], "sum of weight times window"),
        (
            lambda x, z: average(x, np.maximum(z, 0), np.maximum(z, 0).sum(0) + 1e-30),
            "expected a ValueError",
        ),
    ],
)
def test_wrong_averages_get_a_hint_that_fits(wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        checks.weighted_average(wrong)


def test_the_refusal_should_name_the_unit():
    def unnamed(windows, z):
        if (np.maximum(z, 0).sum(0) == 0).any():
            raise ValueError("a unit has no weight")
        return solution(SLUG, "weighted_average")(windows, z)

    with pytest.raises(CheckFailed, match="say which unit"):
        checks.weighted_average(unnamed)


def test_the_refusal_should_name_the_right_unit():
    def always_unit_2(windows, z):
        try:
            return solution(SLUG, "weighted_average")(windows, z)
        except ValueError as error:
            raise ValueError("unit 2") from error

    with pytest.raises(CheckFailed, match="unit 1 has no positive pre-activation; say which"):
        checks.weighted_average(always_unit_2)


def solve(windows, raw, ridge, *, centre=True, second=False, bias=True):
    x = windows.reshape(len(windows), -1)
    C = x.T @ x / len(x) if second else np.cov(x.T, bias=bias)
    flat = (raw - windows.mean(0) if centre else raw).reshape(len(raw), -1)
    return np.linalg.solve(C + ridge * np.eye(len(C)), flat.T).T.reshape(raw.shape)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda x, raw, r: solve(x, raw, r, centre=False), "from the averages first"),
        (lambda x, raw, r: solve(x, raw, r, second=True), "there too"),
        (lambda x, raw, r: solve(x, raw, r, bias=False), "not by one less"),
        (lambda x, raw, r: raw - x.mean(0), "solve"),
        (lambda x, raw, r: solve(x, raw, 0.0), "raised LinAlgError"),
    ],
)
def test_wrong_whitening_gets_a_hint_that_fits(wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        checks.whiten(wrong)


def pairs(activity, member):
    return activity[member][:, None] - activity[~member]


def ranked(activity, member, step=1):
    """The area from ranks in order of place among equals: first lowest, or with -1 highest."""
    ranks = activity[::step].argsort(kind="stable").argsort(kind="stable")[::step] + 1
    inside = member.sum()
    lowest = inside * (inside + 1) / 2
    return (ranks[member].sum() - lowest) / (inside * (len(member) - inside))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, m: (pairs(a, m) > 0).mean(), "count it half"),
        (ranked, "'tied'.*count it half"),
        (lambda a, m: ranked(a, m, -1), "'tied'.*count it half"),
        (lambda a, m: (pairs(a, m) < 0).mean(), "members that should be above"),
        (lambda a, m: 0.5 + abs(solution(SLUG, "auc")(a, m) - 0.5), "avoids the class"),
        (lambda a, m: a[m].mean() - a[~m].mean(), "over all pairs"),
    ],
)
def test_wrong_areas_get_a_hint_that_fits(wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        checks.auc(wrong)


def pairs_of(above, draws, unit, picture):
    return np.array([above[unit(), picture()].mean() for _ in range(draws)])


def traces(above, draws, rng):
    """The right shares on another way: columns shuffled, then the diagonal."""
    n = len(above)
    return [float(above[:, rng.permutation(n)].trace() / n) for _ in range(draws)]


def with_repeats(above, draws, rng):
    n = len(above)
    return pairs_of(above, draws, lambda: np.arange(n), lambda: rng.integers(0, n, n))


def units_with_repeats(above, draws, rng):
    n = len(above)
    return pairs_of(above, draws, lambda: rng.integers(0, n, n), lambda: rng.permutation(n))


def shifted(above, draws, rng):
    n = len(above)
    return pairs_of(
        above, draws, lambda: np.arange(n), lambda: (np.arange(n) + rng.integers(n)) % n
    )


def in_blocks(above, draws, rng):
    """Shuffled within halves only: every picture once, and too little at random."""
    halves = np.array_split(np.arange(len(above)), 2)
    return pairs_of(
        above,
        draws,
        lambda: np.arange(len(above)),
        lambda: np.concatenate([rng.permutation(half) for half in halves]),
    )


def test_another_way_to_random_pairs_passes():
    checks.random_pairs(traces)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, d, rng: len(a) * np.array(traces(a, d, rng)), "not their number"),
        (with_repeats, "leaves out a picture"),
        (units_with_repeats, "leaves out a unit"),
        (lambda a, d, rng: traces(a, 1, rng) * d, "pair anew in each"),
        (lambda a, d, rng: np.full(d, a.diagonal().mean()), "pair anew in each"),
        (shifted, "pair anew in each"),
        (in_blocks, "vary too much or too little|as often as an entry"),
        (lambda a, d, rng: np.mean(traces(a, d, rng)), r"should have shape \(1000,\)"),
    ],
)
def test_wrong_pairs_get_a_hint_that_fits(wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        checks.random_pairs(wrong)
