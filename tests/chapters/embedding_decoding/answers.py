"""Answers to the exercises of chapter 3, each with what its check says."""

import numpy as np


def bias_left_where_it_was(weights):
    E, W, U, b = weights
    return [E @ W, U, b]


def bias_forgotten(weights):
    E, W, U, b = weights
    return [E @ W, U, 0 * b]


def bias_added_too_early(weights):
    E, W, U, b = weights
    return [(E + b) @ W, U, 0 * b]


def recurrence_scaled(weights):
    E, W, U, b = weights
    return [E @ W + b, U * W[0], 0 * b]


def table_without_its_axis(weights):
    E, W, U, b = weights
    return [(E @ W + b)[:, 0], U, 0 * b]


def random_basis(E, W):
    A = np.random.default_rng(0).normal(size=(len(W), len(W)))
    return E @ A, np.linalg.solve(A, W)


def wrong_side(E, W):
    A = np.diag(np.arange(1.0, len(W) + 1))
    return E @ A, A @ W


def nearly_singular(E, W):
    second = np.linalg.svd(E - E.mean(axis=0))[2][1]
    A = np.eye(len(W)) + 1e14 * np.outer(second, second)
    return E @ A, np.linalg.inv(A) @ W


def rows_shuffled(E, W):
    return np.random.default_rng(0).permutation(E), W


def stretched_across(seed):
    """Right too: any direction across W, stretched, hides the order."""

    def disguise(E, W):
        across = np.random.default_rng(seed).normal(size=W.shape)
        across -= W * (W * across).sum() / (W**2).sum()
        A = np.eye(len(W)) + 1_000 * across @ across.T / (across**2).sum()
        return E @ A, np.linalg.solve(A, W)

    return disguise


ANSWERS = {
    "lookup": [
        ("right", lambda E, x: np.eye(len(E))[x] @ E),
        ("columns of E", lambda E, x: E.T[x]),
        ("what should digit 0 give", lambda E, x: E[x - 1]),
        ("not that of its", lambda E, x: E[np.sort(x, axis=None).reshape(x.shape)]),
        ("what should digit 0 give", lambda E, x: np.eye(len(E))[x]),
        ("should have shape", lambda E, x: E[x.ravel()]),
    ],
    "parameters": [
        ("Did you count U or b", lambda s, w, u: s * w + w + 1),
        ("Did you count E", lambda s, w, u: (w + u + 1) * u),
        ("Did you count U or b", lambda s, w, u: s * w + (w + u) * u),
        ("Which shapes", lambda s, w, u: s * w + w + 2),
        ("write down the shapes", lambda s, w, u: s + w),
    ],
    "collapse": [
        ("bias should be 0", bias_left_where_it_was),
        ("whatever the digit is", bias_forgotten),
        ("follow one digit", bias_added_too_early),
        ("what does it act on", recurrence_scaled),
        (r"should have shape \(10, 1\)", table_without_its_axis),
        ("a list of three arrays", lambda weights: weights),
    ],
    "disguise": [
        *(("right", stretched_across(seed)) for seed in range(5)),
        ("differ most along one direction", lambda E, W: (E, W)),
        ("differ most along one direction", random_basis),
        ("which side of W", wrong_side),
        ("well conditioned", nearly_singular),
        ("product moved", rows_shuffled),
        ("two arrays", lambda E, W: E),
    ],
}
