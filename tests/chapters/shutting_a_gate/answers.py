"""Answers to the exercises of chapter 9, each with what its check says."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def unchecked(v, W, offset, opening, least=0.0, signs=True, bounds=True, strict=True):
    logit = np.log(opening / (1 - opening))
    best = (np.minimum(W @ v, 0) if bounds else np.abs(W @ v) * 0).sum() + least * (offset @ v)
    met = best > logit * v.sum() if strict else best >= logit * v.sum()
    return bool((not signs or (v >= 0).all()) and met)


def pixel_by_pixel(W, offset):
    low = list(offset)
    for row in W:
        low = [z + min(w, 0) for z, w in zip(low, row, strict=True)]
    return [sigmoid(z) for z in low]


def own_rows(W, offset):
    return sigmoid(((W < 0).T @ W).diagonal() + offset)


def into_offset(W, offset):
    """Right gates, at the cost of the offsets."""
    offset += np.minimum(W, 0).sum(axis=0)
    return sigmoid(offset)


def one_row_for_all(W, offset):
    return sigmoid(offset + W[W.sum(axis=1) < 0].sum(axis=0))


def row_by_hand(v, W, offset, opening):
    row = (W @ v < 0) * 1.0
    return np.array(
        (v >= 0).all() and (row @ W + offset - np.log(opening / (1 - opening))) @ v > 0
    )


def one_pixel(v, W, offset, opening):
    """Ink the best pixel alone."""
    best = np.minimum(W @ v, 0).min() + offset @ v
    return bool((v >= 0).all() and best > np.log(opening / (1 - opening)) * v.sum())


def mean_offset(v, W, offset, opening):
    best = np.minimum(W @ v, 0).sum() + offset.mean() * v.sum()
    return bool((v >= 0).all() and best > np.log(opening / (1 - opening)) * v.sum())


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


ANSWERS = {
    "lowest_gate": [
        ("right", pixel_by_pixel),
        ("right", own_rows),
        ("writes into", into_offset),
        ("its own row", one_row_for_all),
        ("pre-activations", lambda W, offset: offset + np.minimum(W, 0).sum(axis=0)),
        ("beyond what", lambda W, offset: sigmoid(offset - np.abs(W).sum(axis=0))),
        ("some row goes lower", lambda W, offset: sigmoid(offset)),
        ("highest", lambda W, offset: sigmoid(offset + np.maximum(W, 0).sum(axis=0))),
        (r"should have shape \(1,\)", lambda W, offset: [sigmoid(offset)] * 2),
    ],
    "proves": [
        ("right", row_by_hand),
        ("True or False", lambda v, W, offset, opening: 1),
        ("True or False", lambda v, W, offset, opening: v >= 0),
        ("add up the weighted demands", one_pixel),
        ("add up the weighted demands", mean_offset),
        ("the offsets count too", lambda *case: unchecked(*case, least=0.0)),
        ("turns a demand round", lambda *case: unchecked(*case, least=1.0, signs=False)),
        ("no demand at all", lambda *case: unchecked(*case, least=1.0, strict=False)),
        ("a legal row meets unit 1", lambda *case: unchecked(*case, least=1.0, bounds=False)),
        (
            "just meets the demand",
            lambda v, *case: bool(v.any()) and unchecked(v, *case, least=1.0, strict=False),
        ),
        ("inks one pixel and not the other", all_inked),
        ("the demand grows", not_weighed),
    ],
    "pair_proof": [
        ("right", scanned),
        ("right", by_bisection),
        ("some legal row shuts both", always),
        ("there is a proof, with a share of", lambda W, a, o: np.zeros(2)),
        ("there is a proof", lambda *a: scanned(*a, shares=[0.5])),
        ("share of 0.38.* fine enough", lambda *a: scanned(*a, shares=np.linspace(0, 1, 21))),
        ("there is a", lambda *a: scanned(*a, shares=np.linspace(0.05, 0.95, 99))),
        ("another proportion proves it", lambda *a: scanned(*a, backwards=True)),
        ("weights are at least 0", with_a_negative_weight),
        ("returned None", lambda W, a, o: None),
        (r"should have shape \(2,\)", lambda W, a, o: 0.5),
    ],
}
