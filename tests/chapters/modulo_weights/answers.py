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


def integrated(target, m):
    """Right too: the mean over a round, summed up."""
    if 0 < target < m:
        return 0
    near, far = sorted([abs(target), abs(target - m)])
    times = np.linspace(0, np.log(far / near) / 2, 100_001)
    losses = (far * np.exp(-2 * times)) ** 2
    return np.float32((losses[1:] + losses[:-1]).mean() / 2)


def range_of_1(target, m):
    return 0.0 if 0 < target < 1 else mean(target, m)


def one_m(w, m):
    return 1 + 0 * w, -np.round(w / m[0])


def moved_in_place(w, m):
    w += m / 2
    return np.ones_like(w), -np.floor(w / m)


def parity(w, m):
    """Right too: each second period upside down."""
    import torch

    period = torch.floor(w / m + 0.5)
    return (w - period * m) * (1 - 2 * torch.remainder(period, 2))


def straight_through(w, m):
    return w + (zigzag(w, m) - w).detach()


def folded_in_place(w, m):
    import torch

    with torch.no_grad():
        w.copy_(zigzag(w, m))
    return 1 * w


def doubled_in_place(w, m):
    return zigzag(w, m.mul_(2) / 2)


def zigzag(w, m):
    """Right too: the sine climbs and falls, and its inverse climbs only."""
    return m / np.pi * (np.pi * w / m).sin().asin()


ANSWERS = {
    "cycle_loss": [
        ("right", integrated),
        ("target 0.7, m = 0.5.*can the used weight", range_of_1),
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
        ("m of its own", one_m),
        ("changed on the way", moved_in_place),
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
        ("right", parity),
        ("right", lambda w, m: parity(w.float(), m.float())),
        ("not their slope", straight_through),
        ("not their slope", lambda w, m: zigzag(w, m).detach() + 0 * w),
        ("w is changed on the way", folded_in_place),
        ("m is changed on the way", doubled_in_place),
        ("m of its own", lambda w, m: zigzag(w, m.mean())),
        ("no gradient comes back", lambda w, m: zigzag(w.detach(), m)),
        ("upside down", lambda w, m: -zigzag(w, m)),
        ("shift it", lambda w, m: zigzag(w, m) + m / 2),
        ("it jumps", lambda w, m: (w + m / 2) % m - m / 2),
        ("it stops at the end", lambda w, m: w.clip(-m / 2, m / 2)),
        ("come back to 0", lambda w, m: w + (m - 2 * w) * (abs(w) > m / 2)),
        ("it is w itself", lambda w, m: m / 2 * (2 * w / m).sin()),
    ],
}
