"""Answers to the exercises of chapter 10, each with what its check says."""

import numpy as np


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


def last_row_alone(y, W, b):
    """Ask for the rank after the loop."""
    found = [fit(row, W, b, row > 0) for row in y]
    if found[-1][1] < len(W):
        raise ValueError("not settled")
    return np.array([x for x, _ in found])


def where_it_is_singular(y, W, b):
    """Leave it to a solver to notice, which it does for round numbers."""
    found = []
    for row in y:
        A = W[:, row > 0]
        found.append(np.linalg.solve(A @ A.T, A @ (row - b)[row > 0]))
    return np.array(found)


def all_rows_at_once(y, W, b):
    on = y > 0
    A = np.einsum("bm,nm,km->bnk", on * 1.0, W, W)
    if (np.linalg.matrix_rank(A) < len(W)).any():
        raise ValueError("not settled")
    return np.linalg.solve(A, ((y - b) * on @ W.T)[..., None])[..., 0].astype(np.float32)


def counts_units(y, W, b):
    if ((y > 0).sum(axis=1) < len(W)).any():
        raise ValueError("too few")
    return never_raises(y, W, b)


def in_the_null_space(x, W, b, length):
    z = x @ W + b
    direction = np.linalg.svd(W[:, z > 0])[0][:, -1]
    return x + length * direction


def to_the_edge(x, W, b):
    """Right too: as far as a silent unit lets it go."""
    z = x @ W + b
    direction = np.linalg.svd(W[:, z > 0])[0][:, -1]
    slopes = direction @ W[:, z < 0]
    room = -z[z < 0][slopes > 0] / slopes[slopes > 0]
    return x + room.min(initial=2.0) * direction


def wrong_error(y, W, b):
    if np.linalg.matrix_rank(W[:, y[-1] > 0]) < len(W):
        raise KeyError("settled")
    return never_raises(y, W, b)


def range_by_log(tolerance, eps):
    """Right too: the formula of arccosh written out."""
    square = max(4 * tolerance / eps, 1.0)
    return np.log(np.sqrt(square) + np.sqrt(square - 1))


ANSWERS = {
    "undo": [
        ("right", lambda h, x, W, U: (np.arctanh(h) - x @ W) @ np.linalg.inv(U)),
        ("input has to be", lambda h, x, W, U: np.linalg.solve(U.T, np.arctanh(h))),
        ("is added where", lambda h, x, W, U: np.linalg.solve(U.T, np.arctanh(h) + x @ W)),
        ("what undoes tanh", lambda h, x, W, U: np.linalg.solve(U.T, h - x @ W)),
        (
            "3 units, 2 inputs: this solves U s = b; the step has s U",
            lambda h, x, W, U: np.linalg.solve(U, np.arctanh(h) - x @ W),
        ),
        ("3 units.* this is s U", lambda h, x, W, U: np.arctanh(h) - x @ W),
        ("multiplies by U", lambda h, x, W, U: (np.arctanh(h) - x @ W) @ U),
        ("does not give h", lambda h, x, W, U: np.tanh(x @ W + h @ U)),
        (r"shape \(2,\), got \(1,\)", lambda h, x, W, U: h[:1]),
    ],
    "safe_range": [
        ("right", range_by_log),
        ("z, or its cosh", lambda tolerance, eps: 4 * tolerance / eps),
        (
            "below the tolerance",
            lambda tolerance, eps: np.arccosh(np.sqrt(max(tolerance / eps, 1))),
        ),
        ("too large", lambda tolerance, eps: np.arccosh(max(4 * tolerance / eps, 1))),
        ("e-16", lambda tolerance, eps: np.arccosh(np.sqrt(max(4 * tolerance / 2**-23, 1)))),
        (
            "even z = 0",
            lambda tolerance, eps: np.arccosh(np.sqrt(max(4 * tolerance / eps, 1.1))),
        ),
        ("finite", lambda tolerance, eps: float("nan")),
        ("4e-08.*too large", lambda t, eps: max(np.log(16 * t / eps) / 2, 0.0)),
    ],
    "error_matrix": [
        ("right", lambda s, U: product(list(s)[:0:-1], U)),
        ("should be larger", lambda s, U: np.eye(len(U))),
        ("h_0 has none", lambda s, U: product(s[:-1][::-1], U)),
        ("2 steps: the last step is undone", lambda s, U: product(s[1:], U)),
        ("larger|forward", lambda s, U: np.linalg.inv(product(s[:0:-1], U))),
        ("transpose", lambda s, U: product(s[:0:-1], U).T),
        ("before U is undone", lambda s, U: swapped(s, U)),
        ("by hand", lambda s, U: product(s[:0:-1].astype(float), U @ U)),
    ],
    "undo_relu": [
        ("right", all_rows_at_once),
        ("also in a row before the last", last_row_alone),
        ("plane|cannot settle", where_it_is_singular),
        ("leave it out", rows(lambda y, W, b: fit(y, W, b, y > -1))),
        ("the bias is missing", rows(lambda y, W, b: fit(y, W, 0 * b, y > 0))),
        ("units of its own", lambda y, W, b: y[:, : len(W)]),
        ("repeats another, settle two inputs", rows(first_units)),
        ("repeats the other cannot settle", never_raises),
        ("wanted a ValueError, got KeyError", wrong_error),
        ("repeats the other cannot settle", counts_units),
    ],
    "another_input": [
        ("right", to_the_edge),
        ("this is x;", lambda x, W, b: x),
        ("an active unit changes", lambda x, W, b: x + 1.0),
        ("wakes up", lambda x, W, b: in_the_null_space(x, W, b, 50.0)),
        ("wakes up", lambda x, W, b: in_the_null_space(x, W, b, -50.0)),
        ("at least half", lambda x, W, b: in_the_null_space(x, W, b, 1e-3)),
    ],
}
