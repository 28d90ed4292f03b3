"""The checks of chapter 10: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, exact_inversion


def leaky(y, slope):
    return np.where(y > 0, y, y / slope)


def rows(solve):
    def undo(y, W, b):
        found = []
        for row in y:
            x, rank = solve(row, W, b)
            if rank < len(W):
                raise ValueError("not settled")
            found.append(x)
        return np.array(found)

    return undo


def fit(row, W, b, on):
    x, _, rank, _ = np.linalg.lstsq(W[:, on].T, (row - b)[on])
    return x, rank


def never_raises(y, W, b):
    return np.array([fit(row, W, b, row > 0)[0] for row in y])


def first_units(row, W, b):
    on = np.flatnonzero(row > 0)[: len(W)]
    return fit(row, W, b, on)


def counts_units(y, W, b):
    if ((y > 0).sum(axis=1) < len(W)).any():
        raise ValueError("too few")
    return never_raises(y, W, b)


def in_the_null_space(x, W, b, length):
    z = x @ W + b
    direction = np.linalg.svd(W[:, z > 0])[0][:, -1]
    return x + length * direction


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("undo_leaky", lambda y, W, b, s: y, "a negative output comes back as -0.5"),
        ("undo_leaky", lambda y, W, b, s: np.where(y > 0, y, y * s), "comes back as -0.25"),
        (
            "undo_leaky",
            lambda y, W, b, s: np.linalg.solve(W.T, leaky(y, s).T).T,
            "look at the bias",
        ),
        (
            "undo_leaky",
            lambda y, W, b, s: np.linalg.solve(W.T, (leaky(y, s) + b).T).T,
            "look at the bias",
        ),
        (
            "undo_leaky",
            lambda y, W, b, s: np.linalg.solve(W, (leaky(y, s) - b).T).T,
            "x on the left of W",
        ),
        (
            "undo_leaky",
            lambda y, W, b, s: (leaky(y, s) - b) @ W,
            "put your x through",
        ),
        ("safe_range", lambda tolerance, eps: 4 * tolerance / eps, "z, or its cosh"),
        (
            "safe_range",
            lambda tolerance, eps: np.arccosh(np.sqrt(max(tolerance / eps, 1))),
            "below the tolerance",
        ),
        (
            "safe_range",
            lambda tolerance, eps: np.arccosh(max(4 * tolerance / eps, 1)),
            "too large",
        ),
        (
            "safe_range",
            lambda tolerance, eps: np.arccosh(np.sqrt(max(4 * tolerance / 2**-23, 1))),
            "e-16",
        ),
        (
            "safe_range",
            lambda tolerance, eps: np.arccosh(np.sqrt(max(4 * tolerance / eps, 1.1))),
            "even z = 0",
        ),
        ("safe_range", lambda tolerance, eps: float("nan"), "finite"),
        ("undo_relu", rows(lambda y, W, b: fit(y, W, b, y > -1)), "leave it out"),
        ("undo_relu", rows(lambda y, W, b: fit(y, W, 0 * b, y > 0)), "the bias is missing"),
        ("undo_relu", lambda y, W, b: y[:, : len(W)], "units of its own"),
        ("undo_relu", rows(first_units), "repeats another, settle two inputs"),
        ("undo_relu", never_raises, "repeats the other cannot settle"),
        ("undo_relu", counts_units, "repeats the other cannot settle"),
        ("another_input", lambda x, W, b: x, "this is x;"),
        ("another_input", lambda x, W, b: x + 1.0, "an active unit changes"),
        ("another_input", lambda x, W, b: in_the_null_space(x, W, b, 50.0), "wakes up"),
        ("another_input", lambda x, W, b: in_the_null_space(x, W, b, -50.0), "wakes up"),
        ("another_input", lambda x, W, b: in_the_null_space(x, W, b, 1e-3), "at least half"),
    ],
)
def test_a_plausible_wrong_answer_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(exact_inversion, name)(wrong)


def test_an_answer_that_raises_something_else_is_told_what_was_wanted():
    def undo(y, W, b):
        if np.linalg.matrix_rank(W[:, y[-1] > 0]) < len(W):
            raise KeyError("settled")
        return never_raises(y, W, b)

    with pytest.raises(CheckFailed, match="wanted a ValueError, got KeyError"):
        exact_inversion.undo_relu(undo)
