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


def longest_image(M):
    """Right too: M and its transpose in turn, until nothing moves."""
    v = np.ones(len(M))
    for _ in range(2_000):
        v = v @ M.T @ M
        v = v / np.linalg.norm(v)
    return v


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
    "fragile": [
        ("right", longest_image),
        ("right", lambda M: -np.linalg.eigh(M.T @ M)[1][:, -1]),
        ("where it began, e_T", lambda M: np.linalg.svd(M)[0][:, 0]),
        ("a column of the third array", lambda M: np.linalg.svd(M)[2][:, 0]),
        ("shortest", lambda M: np.linalg.svd(M)[2][-1]),
        ("length 1, this has", lambda M: np.linalg.svd(M)[0][:, 0] @ M),
        ("long in this direction", lambda M: np.eye(len(M))[0]),
        ("shortest", lambda M: np.linalg.svd(M)[2][1]),
        (r"shape \(2,\), got \(2, 2\)", lambda M: np.linalg.svd(M)[2]),
    ],
}
