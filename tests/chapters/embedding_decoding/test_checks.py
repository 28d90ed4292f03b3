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
        ("lookup", lambda E, x: E.T[x], "columns of E"),
        ("lookup", lambda E, x: E[x - 1], "what should digit 0 give"),
        ("lookup", lambda E, x: E[np.sort(x, axis=None).reshape(x.shape)], "not that of its"),
        ("lookup", lambda E, x: np.eye(len(E))[x], "what should digit 0 give"),
        ("lookup", lambda E, x: E[x.ravel()], "should have shape"),
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


@pytest.mark.parametrize("seed", range(5))
def test_stretching_any_direction_across_it_hides_the_order(seed):
    def disguise(E, W):
        across = np.random.default_rng(seed).normal(size=W.shape)
        across -= W * (W * across).sum() / (W**2).sum()
        A = np.eye(len(W)) + 1_000 * across @ across.T / (across**2).sum()
        return E @ A, np.linalg.solve(A, W)

    embedding_decoding.disguise(disguise)


def test_a_lookup_may_be_a_product():
    embedding_decoding.lookup(lambda E, x: np.eye(len(E))[x] @ E)
