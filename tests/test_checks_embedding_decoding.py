"""The checks of chapter 3: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, embedding_decoding


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


def balance(E, W):
    return E.T @ E - W @ W.T


def after_minus_before(E, W, r, eta):
    return balance(E + eta * r @ W.T, W + eta * E.T @ r) - balance(E, W)


def one_after_the_other(E, W, r, eta):
    new_E = E + eta * r @ W.T
    return balance(new_E, W + eta * new_E.T @ r) - balance(E, W)


def before_minus_after(E, W, r, eta):
    return -after_minus_before(E, W, r, eta)


def one_column_only(E, W, r, eta):
    return eta**2 * ((r**2).sum() * W @ W.T - E.T @ r @ r.T @ E)


def half_of_it(E, W, r, eta):
    return eta**2 * W @ r.T @ r @ W.T


def unsymmetric(E, W, r, eta):
    return 2 * eta * E.T @ r @ W.T


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


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("parameters", lambda s, w, u: s * w + w + 1, "Did you count U or b"),
        ("parameters", lambda s, w, u: (w + u + 1) * u, "Did you count E"),
        ("parameters", lambda s, w, u: s * w + (w + u) * u, "Did you count U or b"),
        ("parameters", lambda s, w, u: s * w + w + 2, "Which shapes"),
        ("parameters", lambda s, w, u: s + w, "write down the shapes"),
        ("collapse", bias_left_where_it_was, "bias should be 0"),
        ("collapse", bias_forgotten, "whatever the digit is"),
        ("collapse", bias_added_too_early, "follow one digit"),
        ("collapse", recurrence_scaled, "what does it act on"),
        ("collapse", table_without_its_axis, r"should have shape \(10, 1\)"),
        ("collapse", lambda weights: weights, "a list of three arrays"),
        ("balance_change", after_minus_before, "lost its digits"),
        ("balance_change", one_after_the_other, "both from the weights before it"),
        ("balance_change", before_minus_after, "after minus before"),
        ("balance_change", one_column_only, "still a number"),
        ("balance_change", half_of_it, "multiply out"),
        ("balance_change", unsymmetric, "symmetric"),
        ("disguise", lambda E, W: (E, W), "differ most along one direction"),
        ("disguise", random_basis, "differ most along one direction"),
        ("disguise", wrong_side, "which side of W"),
        ("disguise", nearly_singular, "well conditioned"),
        ("disguise", rows_shuffled, "product moved"),
        ("disguise", lambda E, W: E, "two arrays"),
    ],
)
def test_a_likely_mistake_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(embedding_decoding, name)(wrong)
