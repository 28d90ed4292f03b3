"""Answers to the exercises of chapter 21, each with what its check says."""

import numpy as np


def one_by_one(b, T, x):
    """Update each string's belief by itself, without broadcasting."""
    new = []
    for belief, symbol in zip(b.tolist(), x, strict=True):
        both = sum(p * row for p, row in zip(belief, T[symbol], strict=True))
        new.append(both / both.sum())
    return new


def overwriting(b, T, x):
    b[:] = one_by_one(b, T, x)
    return b


def flat(parts):
    return [part.reshape(-1, part.shape[2]) for part in parts]


def fit(h, b, constant=1.0):
    A, B = flat((np.insert(h, h.shape[2], constant, axis=2), b))
    return np.linalg.lstsq(A, B, rcond=None)[0]


def says(h, R):
    return h @ R[:-1] + R[-1]


def by_centring(h, b):
    """Fit what differs from the means, which needs no column of ones."""
    half = len(h) // 2
    (A, B), (middle, mean) = flat((h[:half], b[:half])), (h[:half], b[:half])
    middle, mean = middle.mean((0, 1)), mean.mean((0, 1))
    return (h[half:] - middle) @ (np.linalg.pinv(A - middle) @ (B - mean)) + mean


def by_normal_equations(h, b):
    half, A = len(h) // 2, np.insert(h, h.shape[2], 1, axis=2)
    F, B = flat((A[:half], b[:half]))
    return A[half:] @ np.linalg.solve(F.T @ F, F.T @ B)


def centring_the_argument(h, b):
    h -= h.mean((0, 1))
    return by_centring(h, b)


def per_step(h, b):
    half = len(h) // 2
    parts = [(h[:, t : t + 1], b[:, t : t + 1]) for t in range(h.shape[1])]
    return np.concatenate([says(f[half:], fit(f[:half], c[:half])) for f, c in parts], axis=1)


ANSWERS = {
    "update": [
        ("right", one_by_one),
        ("right", lambda b, T, x: (s := (b @ T)[x, range(len(x))]) / s.sum(1, keepdims=True)),
        ("other numbers afterwards", overwriting),
        (
            "impossible",
            lambda b, T, x: (s := np.array(one_by_one(b, T, x)) + 1e-6) / s.sum(1)[:, None],
        ),
        ("for string 1", lambda b, T, x: one_by_one(b, T, np.minimum(x, 1))),
        ("did not change", lambda b, T, x: b),
        ("has to sum to 1", lambda b, T, x: (b[:, None] @ T[x])[:, 0]),
        ("by itself", lambda b, T, x: (s := (b[:, None] @ T[x])[:, 0]) / s.sum()),
        ("by itself", lambda b, T, x: (s := (b[:, None] @ T[x])[:, 0]) / s.sum(axis=0)),
        (
            "stands on the left",
            lambda b, T, x: (s := (T[x] @ b[..., None])[..., 0]) / s.sum(1, keepdims=True),
        ),
        ("symbol of its own", lambda b, T, x: (s := b @ T[x[0]]) / s.sum(1, keepdims=True)),
        ("sum is over all", lambda b, T, x: (s := b @ T.sum(0)) / s.sum(1, keepdims=True)),
        ("should have shape", lambda b, T, x: b[:, None] @ T[x]),
        ("expected", lambda b, T, x: np.ones_like(b) / b.shape[1]),
    ],
    "read": [
        ("right", by_centring),
        ("right", lambda h, b: by_normal_equations(np.float32(h), np.float32(b))),
        ("other numbers afterwards", centring_the_argument),
        ("expected", lambda h, b: np.clip(by_centring(h, b), 0, 1)),
        ("are the beliefs themselves", lambda h, b: b[len(b) // 2 :]),
        (
            "k is missing",
            lambda h, b: says(h[len(h) // 2 :], fit(h[: len(h) // 2], b[: len(h) // 2], 0.0)),
        ),
        ("nothing is held out", lambda h, b: says(h[len(h) // 2 :], fit(h, b))),
        (
            "nothing is held out",
            lambda h, b: says(h[len(h) // 2 :], fit(h[len(h) // 2 :], b[len(h) // 2 :])),
        ),
        (
            "not the fitted one",
            lambda h, b: says(h[: len(h) // 2], fit(h[: len(h) // 2], b[: len(h) // 2])),
        ),
        ("on all steps together", per_step),
        ("should have shape", lambda h, b: says(h, fit(h, b))),
        ("expected", lambda h, b: 0 * b[len(b) // 2 :]),
    ],
}
