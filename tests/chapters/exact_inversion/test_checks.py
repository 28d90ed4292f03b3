"""The checks of chapter 10: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, exact_inversion


def product(states, U):
    M = np.eye(len(U))
    for h in states:
        M = M / (1 - h.astype(float) ** 2) @ np.linalg.inv(U.astype(float))
    return M


def swapped(states, U):
    M = np.eye(len(U))
    for h in states[:0:-1]:
        M = M @ np.linalg.inv(U) / (1 - h**2)
    return M


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
        ("undo", lambda h, x, W, U: np.linalg.solve(U.T, np.arctanh(h)), "input has to be"),
        (
            "undo",
            lambda h, x, W, U: np.linalg.solve(U.T, np.arctanh(h) + x @ W),
            "is added where",
        ),
        ("undo", lambda h, x, W, U: np.linalg.solve(U.T, h - x @ W), "what undoes tanh"),
        (
            "undo",
            lambda h, x, W, U: np.linalg.solve(U, np.arctanh(h) - x @ W),
            "3 units, 2 inputs: this solves U s = b; the step has s U",
        ),
        ("undo", lambda h, x, W, U: np.arctanh(h) - x @ W, "3 units.* this is s U"),
        ("undo", lambda h, x, W, U: (np.arctanh(h) - x @ W) @ U, "multiplies by U"),
        ("undo", lambda h, x, W, U: np.tanh(x @ W + h @ U), "does not give h"),
        ("undo", lambda h, x, W, U: h[:1], r"shape \(2,\), got \(1,\)"),
        ("error_matrix", lambda s, U: np.eye(len(U)), "should be larger"),
        ("error_matrix", lambda s, U: product(s[:-1][::-1], U), "h_0 has none"),
        ("error_matrix", lambda s, U: product(s[1:], U), "2 steps: the last step is undone"),
        ("error_matrix", lambda s, U: np.linalg.inv(product(s[:0:-1], U)), "larger|forward"),
        ("error_matrix", lambda s, U: product(s[:0:-1], U).T, "transpose"),
        ("error_matrix", lambda s, U: swapped(s, U), "before U is undone"),
        ("error_matrix", lambda s, U: product(s[:0:-1].astype(float), U @ U), "by hand"),
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


def test_no_step_of_a_fixed_length_is_another_input():
    for length in np.geomspace(1e-3, 3, 100):
        for signed in (length, -length):
            with pytest.raises(CheckFailed):
                exact_inversion.another_input(
                    lambda x, W, b, step=signed: in_the_null_space(x, W, b, step)
                )


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("undo", lambda h, x, W, U: (np.arctanh(h) - x @ W) @ np.linalg.inv(U)),
        ("error_matrix", lambda s, U: product(list(s)[:0:-1], U)),
        ("safe_range", lambda t, eps: float(np.log(2 / np.sqrt(eps) * np.sqrt(t)
                                                   + np.sqrt(max(4 * t / eps - 1, 0))))
         if 4 * t > eps else 0.0),
    ],
)  # fmt: skip
def test_a_right_answer_of_another_kind_passes(name, other, capsys):
    getattr(exact_inversion, name)(other)
    assert capsys.readouterr().out == f"{name}: right\n"
