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


def rows_one_by_one(E, x):
    return np.array([E[digit] for digit in np.ravel(x)]).reshape(*np.shape(x), E.shape[1])


def collapsed_in_lists(weights):
    E, W, U, b = (weight.tolist() for weight in weights)
    rows = [[sum(e * w[0] for e, w in zip(row, W, strict=True)) + b[0]] for row in E]
    return rows, U, [0.0]


def shrunk_along_w(E, W):
    """Right too: what lies along W becomes the smallest."""
    w = W / np.linalg.norm(W)
    A = np.eye(len(W)) - 0.999 * w @ w.T
    return E @ A, np.linalg.solve(A, W)


def with_other_noise(E, W):
    """Right too: rows that W does not see, and no change of basis."""
    digits = np.arange(10.0)[:, np.newaxis] - 4.5
    noise = np.random.default_rng(5).normal(0, 50, E.shape)
    noise -= digits @ (digits.T @ noise) / 82.5
    return E + noise - noise @ W @ W.T / (W**2).sum(), W


def turned_round(E, W):
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=2 * (len(W),)))[0]
    return E @ Q, Q.T @ W


def table_in_one_column(E, W):
    first = np.eye(len(W))[:, :1]
    return E @ W @ first.T, first


ANSWERS = {
    "lookup": [
        ("right", rows_one_by_one),
        ("right", lambda E, x: np.einsum("...s,sw->...w", np.eye(len(E))[x], E)),
        ("not that of its", lambda E, x: E[x % 9]),
        ("should have shape", lambda E, x: np.take(E, x)),
        ("right", lambda E, x: np.eye(len(E))[x] @ E),
        ("columns of E", lambda E, x: E.T[x]),
        ("what should digit 0 give", lambda E, x: E[x - 1]),
        ("not that of its", lambda E, x: E[np.sort(x, axis=None).reshape(x.shape)]),
        ("what should digit 0 give", lambda E, x: np.eye(len(E))[x]),
        ("should have shape", lambda E, x: E[x.ravel()]),
    ],
    "collapse": [
        ("right", collapsed_in_lists),
        ("follow one digit", lambda ws: [ws[0] @ ws[1] - ws[3], ws[2], 0 * ws[3]]),
        ("what does it act on", lambda ws: [ws[0] @ ws[1] + ws[3], abs(ws[2]), 0 * ws[3]]),
        ("bias should be 0", bias_left_where_it_was),
        ("whatever the digit is", bias_forgotten),
        ("follow one digit", bias_added_too_early),
        ("what does it act on", recurrence_scaled),
        (r"should have shape \(10, 1\)", table_without_its_axis),
        ("a list of three arrays", lambda weights: weights),
    ],
    "disguise": [
        *(("right", stretched_across(seed)) for seed in range(5)),
        ("right", shrunk_along_w),
        ("right", with_other_noise),
        ("differ most along one direction", lambda E, W: (E, W)),
        ("differ most along one direction", turned_round),
        ("differ most along one direction", table_in_one_column),
        ("differ most along one direction", random_basis),
        ("which side of W", wrong_side),
        ("well conditioned", nearly_singular),
        ("product moved", rows_shuffled),
        ("two arrays", lambda E, W: E),
    ],
}
