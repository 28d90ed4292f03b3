"""Answers to the exercises of chapter 19, each with what its check says."""

import numpy as np


def step(U, b, h):
    return np.tanh(h @ U + b)


def slope(U, b, h):
    return 1 - step(U, b, h) ** 2


def entry_by_entry(U, b, h):
    n, slopes = len(h), slope(U, b, h)
    return [[U[i, j] * slopes[j] for j in range(n)] for i in range(n)]


def by_small_changes(U, b, h):
    both = [step(U, b, h + sign * 1e-5 * np.eye(len(h))) for sign in (1, -1)]
    return (both[0] - both[1]) / 2e-5


def by_steps_to_one_side(U, b, h):
    return (step(U, b, h + 1e-4 * np.eye(len(h))) - step(U, b, h)) / 1e-4


def changes_the_weights(U, b, h):
    U *= slope(U, b, h)
    return U


def to_the_end(U, b, h):
    for _ in range(50):
        h = h + moved(U, b, h)
    return h


def moved(U, b, h, matrix=lambda J: (np.eye(len(J)) - J).T):
    J = U * slope(U, b, h)
    return np.linalg.solve(matrix(J), step(U, b, h) - h)


def by_inverse(U, b, h):
    return h + (step(U, b, h) - h) @ np.linalg.inv(np.eye(len(h)) - U * slope(U, b, h))


def in_place(U, b, h):
    h += moved(U, b, h)
    return h


ANSWERS = {
    "jacobian": [
        ("right", entry_by_entry),
        ("right", lambda U, b, h: U @ np.diag(slope(U, b, h))),
        ("right", by_small_changes),
        ("right", lambda U, b, h: np.einsum("ij,j->ij", U, slope(U, b, h))),
        ("other numbers afterwards", changes_the_weights),
        ("near, but not exact", by_steps_to_one_side),
        ("near, but not exact", lambda U, b, h: (U * slope(U, b, h)).round(3)),
        ("32 units", lambda U, b, h: U * slope(U, b, h) if len(h) < 6 else U),
        ("by how much", lambda U, b, h: -U * slope(U, b, h)),
        ("right", lambda U, b, h: (U / np.cosh(h @ U + b) ** 2).astype(np.float32)),
        ("transposed", lambda U, b, h: (U * slope(U, b, h)).T),
        ("where is the slope", lambda U, b, h: U),
        ("after the step, not before", lambda U, b, h: U * (1 - h**2)),
        ("b is missing", lambda U, b, h: U * slope(U, 0, h)),
        ("1 minus its square", lambda U, b, h: U * (1 - step(U, b, h))),
        ("not what is in it", lambda U, b, h: U * (1 - (h @ U + b) ** 2)),
        ("which entry of U", lambda U, b, h: U.T * slope(U, b, h)),
        ("belongs to j", lambda U, b, h: U * slope(U, b, h)[:, None]),
        ("J - I", lambda U, b, h: U * slope(U, b, h) - np.eye(len(h))),
        ("I - J", lambda U, b, h: np.eye(len(h)) - U * slope(U, b, h)),
        ("change one h_i", lambda U, b, h: 2 * U * slope(U, b, h)),
        ("should have shape", slope),
    ],
    "newton": [
        ("right", by_inverse),
        ("right", lambda U, b, h: (h + moved(U, b, h)).tolist()),
        ("right", lambda U, b, h: h - moved(U, b, h, lambda J: (J - np.eye(len(J))).T)),
        ("other numbers afterwards", in_place),
        ("do both sides agree", lambda U, b, h: np.clip(h + moved(U, b, h), -1, 1)),
        ("one step of the network", step),
        ("where does it start", moved),
        ("wrong sign", lambda U, b, h: h - moved(U, b, h)),
        ("transpose", lambda U, b, h: h + moved(U, b, h, lambda J: np.eye(len(J)) - J)),
        ("not J", lambda U, b, h: h + moved(U, b, h, lambda J: J.T)),
        (
            "do not multiply",
            lambda U, b, h: h + (step(U, b, h) - h) @ (np.eye(len(h)) - U * slope(U, b, h)),
        ),
        ("starts at h", lambda U, b, h: step(U, b, h) + moved(U, b, h)),
        ("do both sides agree", lambda U, b, h: h + moved(U, b, h) / 2),
        ("do both sides agree", to_the_end),
        ("do both sides agree", lambda U, b, h: h),
        ("should have shape", lambda U, b, h: (h + moved(U, b, h))[:, np.newaxis]),
    ],
}
