"""Answers to the exercises of chapter 12, each with what its check says."""

import numpy as np


def average(windows, weights, total):
    return np.einsum("nu,nij->uij", weights, windows) / np.reshape(total, (-1, 1, 1))


def weighted(windows, z):
    """Right too: the products of a matrix, unit by unit."""
    found = []
    for unit, column in enumerate(np.maximum(z, 0).T):
        if not column.any():
            raise ValueError(f"unit {unit} has no weight")
        found.append(np.tensordot(column / column.sum(), windows, 1))
    return found


def unit_unnamed(windows, z):
    try:
        return weighted(windows, z)
    except ValueError as error:
        raise ValueError("a unit has no weight") from error


def always_unit_2(windows, z):
    try:
        return weighted(windows, z)
    except ValueError as error:
        raise ValueError("unit 2") from error


def solve(windows, raw, ridge, *, centre=True, second=False, bias=True):
    x = windows.reshape(len(windows), -1)
    C = x.T @ x / len(x) if second else np.cov(x.T, bias=bias)
    flat = (raw - windows.mean(0) if centre else raw).reshape(len(raw), -1)
    return np.linalg.solve(C + ridge * np.eye(len(C)), flat.T).T.reshape(raw.shape)


def pairs(activity, member):
    return activity[member][:, None] - activity[~member]


def ranked(activity, member, step=1):
    """The area from ranks in order of place among equals: first lowest, or with -1 highest."""
    ranks = activity[::step].argsort(kind="stable").argsort(kind="stable")[::step] + 1
    inside = member.sum()
    lowest = inside * (inside + 1) / 2
    return (ranks[member].sum() - lowest) / (inside * (len(member) - inside))


def area(activity, member):
    """Right too: the mean of the areas with equals all lost and with equals all won."""
    gaps = pairs(activity, member)
    return ((gaps > 0).mean() + (gaps >= 0).mean()) / 2


def pairs_of(above, draws, unit, picture):
    return np.array([above[unit(), picture()].mean() for _ in range(draws)])


def traces(above, draws, rng):
    """The right shares on another way: columns shuffled, then the diagonal."""
    n = len(above)
    return [float(above[:, rng.permutation(n)].trace() / n) for _ in range(draws)]


def with_repeats(above, draws, rng):
    n = len(above)
    return pairs_of(above, draws, lambda: np.arange(n), lambda: rng.integers(0, n, n))


def units_with_repeats(above, draws, rng):
    n = len(above)
    return pairs_of(above, draws, lambda: rng.integers(0, n, n), lambda: rng.permutation(n))


def shifted(above, draws, rng):
    n = len(above)
    return pairs_of(
        above, draws, lambda: np.arange(n), lambda: (np.arange(n) + rng.integers(n)) % n
    )


def in_blocks(above, draws, rng):
    """Shuffled within halves only: every picture once, and too little at random."""
    halves = np.array_split(np.arange(len(above)), 2)
    return pairs_of(
        above,
        draws,
        lambda: np.arange(len(above)),
        lambda: np.concatenate([rng.permutation(half) for half in halves]),
    )


ANSWERS = {
    "weighted_average": [
        ("right", weighted),
        ("not by the number of windows", lambda x, z: average(x, np.maximum(z, 0), len(x))),
        ("floor the pre-activations", lambda x, z: average(x, z, z.sum(0))),
        ("count nothing", lambda x, z: average(x, abs(z), abs(z).sum(0))),
        ("sum of weight times window", lambda x, z: x[z.argmax(0)]),
        (
            "expected a ValueError",
            lambda x, z: average(x, np.maximum(z, 0), np.maximum(z, 0).sum(0) + 1e-30),
        ),
        ("say which unit", unit_unnamed),
        ("unit 1 has no positive pre-activation; say which", always_unit_2),
    ],
    "whiten": [
        ("from the averages first", lambda x, raw, r: solve(x, raw, r, centre=False)),
        ("there too", lambda x, raw, r: solve(x, raw, r, second=True)),
        ("not by one less", lambda x, raw, r: solve(x, raw, r, bias=False)),
        ("solve", lambda x, raw, r: raw - x.mean(0)),
        ("raised LinAlgError", lambda x, raw, r: solve(x, raw, 0.0)),
    ],
    "auc": [
        ("right", area),
        ("count it half", lambda a, m: (pairs(a, m) > 0).mean()),
        ("'tied'.*count it half", ranked),
        ("'tied'.*count it half", lambda a, m: ranked(a, m, -1)),
        ("members that should be above", lambda a, m: (pairs(a, m) < 0).mean()),
        ("avoids the class", lambda a, m: 0.5 + abs(area(a, m) - 0.5)),
        ("over all pairs", lambda a, m: a[m].mean() - a[~m].mean()),
    ],
    "random_pairs": [
        ("right", traces),
        ("not their number", lambda a, d, rng: len(a) * np.array(traces(a, d, rng))),
        ("leaves out a picture", with_repeats),
        ("leaves out a unit", units_with_repeats),
        ("pair anew in each", lambda a, d, rng: traces(a, 1, rng) * d),
        ("pair anew in each", lambda a, d, rng: np.full(d, a.diagonal().mean())),
        ("pair anew in each", shifted),
        ("vary too much or too little|as often as an entry", in_blocks),
        (r"should have shape \(1000,\)", lambda a, d, rng: np.mean(traces(a, d, rng))),
    ],
}
