"""The checks of chapter 9: likely mistakes get a hint that fits."""

from math import comb

import numpy as np
import pytest

from course_utils.checks import CheckFailed
from course_utils.checks import shutting_a_gate as checks


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def ends(W, offset):
    return offset + np.minimum(W, 0).sum(axis=0), offset + np.maximum(W, 0).sum(axis=0)


def unchecked(v, W, offset, opening, least=0.0, signs=True, bounds=True, strict=True):
    logit = np.log(opening / (1 - opening))
    best = (np.minimum(W @ v, 0) if bounds else np.abs(W @ v) * 0).sum() + least * (offset @ v)
    met = best > logit * v.sum() if strict else best >= logit * v.sum()
    return bool((not signs or (v >= 0).all()) and met)


def highest_first(W, offset):
    return [sigmoid(offset + bound(W, 0).sum(axis=0)) for bound in (np.maximum, np.minimum)]


def all_inked(v, W, offset, opening):
    logit = np.log(opening / (1 - opening))
    best = (W @ v).sum() + offset @ v
    return bool((v >= 0).all() and best > logit * v.sum())


def not_weighed(v, W, offset, opening):
    best = np.minimum(W @ v, 0).sum() + offset @ v
    met = best > np.log(opening / (1 - opening))
    return bool((v >= 0).all() and v.any() and met)


def count(n, d):
    return sum(comb(n - 1, k) for k in range(d)) / 2 ** (n - 1)


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("gate_range", lambda W, offset: ends(W, offset), "pre-activations"),
        (
            "gate_range",
            lambda W, offset: [sigmoid(offset + s * np.abs(W).sum(axis=0)) for s in (-1, 1)],
            "beyond what a legal row reaches",
        ),
        ("gate_range", lambda W, offset: [sigmoid(offset)] * 2, "not extreme"),
        ("gate_range", highest_first, "which of the two arrays"),
        ("gate_range", lambda W, offset: sigmoid(offset), "two arrays"),
        ("proves", lambda v, W, offset, opening: 1, "True or False"),
        (
            "proves",
            lambda *case: unchecked(*case, least=0.0),
            "the offsets count too",
        ),
        (
            "proves",
            lambda *case: unchecked(*case, least=1.0, signs=False),
            "turns a demand round",
        ),
        (
            "proves",
            lambda *case: unchecked(*case, least=1.0, strict=False),
            "no demand at all",
        ),
        (
            "proves",
            lambda *case: unchecked(*case, least=1.0, bounds=False),
            "a legal row meets unit 1",
        ),
        ("proves", all_inked, "inks one pixel and not the other"),
        ("proves", not_weighed, "the demand grows"),
        ("chance", lambda n, d, limited: count(n, d), "cannot be negative"),
        (
            "chance",
            lambda n, d, limited: count(n + d * bool(limited), d),
            "only one is limited",
        ),
        ("chance", lambda n, d, limited: 2 * count(n + limited, d), "always be pushed"),
        (
            "influence",
            lambda W, U, ago: W @ np.linalg.matrix_power(U, ago + 1),
            "has not met U",
        ),
        (
            "influence",
            lambda W, U, ago: W @ np.linalg.matrix_power(U, max(ago - 1, 0)),
            "how often",
        ),
        (
            "influence",
            lambda W, U, ago: W @ np.linalg.matrix_power(U.T, ago),
            "on which side",
        ),
        ("influence", lambda W, U, ago: np.linalg.matrix_power(U, ago), "should have shape"),
    ],
)
def test_a_likely_mistake_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(checks, name)(wrong)
