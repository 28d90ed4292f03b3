"""Answers to the exercises of chapter 14, each with what its check says."""

import numpy as np


def mean(target, m, edge=None, factor=1.0):
    if 0 < target < m:
        return 0.0
    near, far = sorted([abs(target), abs(target - (edge or m))])
    return factor * (far**2 - near**2) / (2 * np.log(far / near))


def best(target, m):
    return 0.0 if 0 < target < m else min(abs(target), abs(target - m)) ** 2


def over_places(target, m):
    if 0 < target < m:
        return 0.0
    a, b = abs(target), abs(target - m)
    return (a * a + a * b + b * b) / 3


def always_cycling(target, m):
    near, far = sorted([abs(target), abs(target - m)])
    return (far**2 - near**2) / (2 * np.log(far / near))


def below_only(target, m):
    return mean(target, m) if target < m else mean(m - target - 1, m)


def zigzag(w, m):
    """Right too: the sine climbs and falls, and its inverse climbs only."""
    return m / np.pi * (np.pi * w / m).sin().asin()


def turn(angle, transposed=False):
    c, s = np.cos(angle), np.sin(angle)
    U = np.array([[c, s], [-s, c]])
    return U.T if transposed else U


def counters(p, q, transposed=False, full=2 * np.pi):
    U = np.zeros((4, 4))
    U[:2, :2], U[2:, 2:] = turn(full / p, transposed), turn(full / q, transposed)
    return U


def leaking(p, q):
    U = counters(p, q)
    U[0, 2] = 0.1
    return U


ANSWERS = {
    "cycle_loss": [
        ("then move again", always_cycling),
        ("can the used weight be there", lambda t, m: 0.0),
        ("Does descent stay there", best),
        ("a factor of 2", lambda t, m: mean(t, m, factor=2)),
        ("a factor of 2", lambda t, m: mean(t, m, factor=0.5)),
        ("equally long at each", over_places),
        ("right for m = 1", lambda t, m: mean(t, m, edge=1)),
        ("Which edge is the cheap one", below_only),
        ("divide by its time", lambda t, m: mean(t, m, factor=1.1)),
    ],
    "symmetric_gradients": [
        ("right", lambda w, m: [1 + 0 * w, -np.round(w / m)]),
        ("right", lambda w, m: np.array([1 + 0 * w, -np.floor(w / m + 0.5)])),
        ("return a pair", lambda w, m: np.ones_like(w)),
        ("follow w", lambda w, m: (0 * w, -np.round(w / m))),
        ("only the sign", lambda w, m: (1 + 0 * w, np.round(w / m))),
        ("both halves", lambda w, m: (1 + 0 * w, 0.5 - np.round(w / m))),
        ("where are the", lambda w, m: (1 + 0 * w, -np.floor(w / m))),
        ("no jump lies between", lambda w, m: (1 + 0 * w, 0 * w + 3)),
        (r"should have shape \(7,\)", lambda w, m: (1.0, 0.0)),
    ],
    "fold": [
        ("right", zigzag),
        ("no gradient comes back", lambda w, m: zigzag(w.detach(), m)),
        ("upside down", lambda w, m: -zigzag(w, m)),
        ("shift it", lambda w, m: zigzag(w, m) + m / 2),
        ("it jumps", lambda w, m: (w + m / 2) % m - m / 2),
        ("it stops at the end", lambda w, m: w.clip(-m / 2, m / 2)),
        ("come back to 0", lambda w, m: w + (m - 2 * w) * (abs(w) > m / 2)),
        ("it is w itself", lambda w, m: m / 2 * (2 * w / m).sin()),
    ],
    "two_counters": [
        ("row vectors", lambda p, q: counters(p, q, transposed=True)),
        ("which pair", lambda p, q: counters(q, p)),
        ("leak into each other", leaking),
        ("part of a full turn", lambda p, q: counters(p, q, full=360)),
        (r"should have shape \(4, 4\)", lambda p, q: turn(1 / p)),
    ],
}
