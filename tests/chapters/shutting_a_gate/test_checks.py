"""The checks of chapter 9: likely mistakes get a hint that fits."""

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


def scanned(W, offset, opening, shares=None, backwards=False):
    """A right search over proportions, or one with too few of them."""
    for share in np.linspace(0, 1, 501) if shares is None else shares:
        v = np.array([share, 1 - share]) if backwards else np.array([1 - share, share])
        if all_legal_rows_fail(np.array([1 - share, share]), W, offset, opening):
            return v
    return np.zeros(2)


def all_legal_rows_fail(v, W, offset, opening):
    logit = np.log(opening / (1 - opening))
    return np.minimum(W @ v, 0).sum() + offset @ v > logit * v.sum()


def always(W, offset, opening):
    return np.array([0.5, 0.5])


def with_a_negative_weight(W, offset, opening):
    return scanned(W, offset, opening) * [1, -1]


def nudged(cell, picture, unit, nudge, read=14, ends="both", share=True, which=None):
    """The right answer, up to a mistake."""
    upper = cell.trace(picture[None, :read])
    h, c = upper.h[:, -1], upper.c[:, -1].copy()
    plain = cell.trace(picture[None, read:], h, c).c[0, -1]
    c = c.copy()
    c[:, unit if which is None else which] += nudge
    moved = cell.trace(picture[None, read:], h, c).c[0, -1]
    change = {"both": moved - plain, "moved": moved, "swapped": plain - moved}[ends]
    return change[unit] / (nudge if share else 1)


def of_all_units(cell, picture, unit, nudge):
    return sum(
        nudged(cell, picture, k, nudge, which=unit)
        for k in range(len(cell.blocks["cell"].bias))
    )


def by_hand(cell, picture, unit, nudge):
    """Step by step, with the formulas of an LSTM and no trace."""

    def run(extra):
        h = c = np.zeros(len(cell.blocks["cell"].bias))
        for t, row in enumerate(picture):
            if t == 14:
                c = c + extra * np.eye(len(c))[unit]
            z = {k: row @ b.kernel + h @ b.recurrent + b.bias for k, b in cell.blocks.items()}
            c = sigmoid(z["forget"]) * c + sigmoid(z["input"]) * np.tanh(z["cell"])
            h = sigmoid(z["output"]) * np.tanh(c)
        return c[unit]

    return (run(nudge) - run(0)) / nudge


def by_bisection(W, offset, opening):
    """The miss has one summit over the proportions: close in on it."""
    low, high = 0.0, 1.0

    def miss(share):
        v = np.array([1 - share, share])
        return np.minimum(W @ v, 0).sum() + offset @ v - np.log(opening / (1 - opening))

    for _ in range(100):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if miss(left) > miss(right) else (left, high)
    return 5 * np.array([1 - low, low]) if miss(low) > 0 else [0, 0]


def test_answers_that_go_another_way_pass():
    checks.pair_proof(scanned)
    checks.pair_proof(by_bisection)
    checks.nudge_left(nudged)
    checks.nudge_left(by_hand)


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
        (
            "proves",
            lambda v, *case: bool(v.any()) and unchecked(v, *case, least=1.0, strict=False),
            "just meets the demand",
        ),
        ("proves", all_inked, "inks one pixel and not the other"),
        ("proves", not_weighed, "the demand grows"),
        ("pair_proof", always, "some legal row shuts both"),
        ("pair_proof", lambda W, a, o: np.zeros(2), "there is a proof, with a share of"),
        ("pair_proof", lambda *a: scanned(*a, shares=[0.5]), "there is a proof"),
        (
            "pair_proof",
            lambda *a: scanned(*a, shares=np.linspace(0.05, 0.95, 99)),
            "there is a",
        ),
        ("pair_proof", lambda *a: scanned(*a, backwards=True), "another proportion proves it"),
        ("pair_proof", with_a_negative_weight, "weights are at least 0"),
        ("pair_proof", lambda W, a, o: None, "returned None"),
        ("pair_proof", lambda W, a, o: 0.5, r"should have shape \(2,\)"),
        ("nudge_left", lambda *a: nudged(*a, share=False), "as a share"),
        ("nudge_left", lambda *a: nudged(*a, ends="swapped"), "which of the two runs"),
        ("nudge_left", lambda *a: nudged(*a, ends="moved"), "end unnudged"),
        ("nudge_left", lambda *a: nudged(*a, read=15), "how many rows"),
        ("nudge_left", lambda *a: nudged(*a, read=13), "how many rows"),
        ("nudge_left", lambda *a: nudged(*a, which=slice(None)), "to one unit, not to all"),
        ("nudge_left", of_all_units, "not of all"),
        ("nudge_left", lambda *a: 0.0, "no difference at all"),
        ("nudge_left", lambda *a: 0.3, "run the lower half twice"),
    ],
)
def test_a_likely_mistake_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(checks, name)(wrong)
