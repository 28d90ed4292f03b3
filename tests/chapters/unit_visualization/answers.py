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


def always_unit_6(windows, z):
    try:
        return weighted(windows, z)
    except ValueError as error:
        raise ValueError("unit 6") from error


def all_units_named(windows, z):
    try:
        return weighted(windows, z)
    except ValueError as error:
        raise ValueError(f"one of the units {list(range(z.shape[1]))}") from error


def by_numpy(windows, z):
    """Right too: NumPy's own average, and a message that holds other numbers too."""
    w = z.clip(0)
    for unit in np.flatnonzero(w.max(axis=0) == 0):
        raise ValueError(f"unit {unit} of {z.shape[1]} has no weight in {len(z)} windows: 0.0")
    return [np.average(windows, axis=0, weights=column).tolist() for column in w.T]


def refused_below_0_on_average(windows, z):
    for unit in np.flatnonzero(z.mean(axis=0) <= 0):
        raise ValueError(f"unit {unit}")
    return weighted(windows, z)


def refused_below_0(windows, z):
    for unit in np.flatnonzero(z.max(axis=0) < 0):
        raise ValueError(f"unit {unit}")
    return average(windows, np.maximum(z, 0), np.maximum(z, 0).sum(axis=0).clip(1e-30))


def floored_in_place(windows, z):
    z[z < 0] = 0
    return weighted(windows, z)


def for_five_units(windows, z):
    return weighted(windows, z)[:5]


def in_single(windows, raw, ridge):
    """Right too, in 32 bits."""
    x = windows.reshape(len(windows), -1).astype(np.float32)
    C = np.cov(x.T, bias=True) + ridge * np.eye(x.shape[1])
    flat = raw.reshape(len(raw), -1).astype(np.float32) - x.mean(axis=0)
    return (np.linalg.inv(C.astype(np.float32)) @ flat.T).T.reshape(raw.shape)


def by_eigenvectors(windows, raw, ridge):
    """Right too: along each axis of the covariance, divide by its variance."""
    x = windows.reshape(len(windows), -1)
    sizes, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    flat = raw.reshape(len(raw), -1) - x.mean(axis=0)
    return (flat @ axes / (sizes + ridge) @ axes.T).reshape(raw.shape)


def half_whitened(windows, raw, ridge):
    x = windows.reshape(len(windows), -1)
    sizes, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    flat = raw.reshape(len(raw), -1) - x.mean(axis=0)
    return (flat @ axes / np.sqrt(sizes + ridge) @ axes.T).reshape(raw.shape)


def centred_in_place(windows, raw, ridge):
    raw -= windows.mean(axis=0)
    return solve(windows, raw, ridge, centre=False)


def solve(windows, raw, ridge, *, centre=True, second=False, bias=True):
    x = windows.reshape(len(windows), -1)
    C = x.T @ x / len(x) if second else np.cov(x.T, bias=bias)
    flat = (raw - windows.mean(0) if centre else raw).reshape(len(raw), -1)
    return np.linalg.solve(C + ridge * np.eye(len(C)), flat.T).T.reshape(raw.shape)


def pairs_of(above, draws, unit, picture):
    return np.array([above[unit(), picture()].mean() for _ in range(draws)])


def traces(above, draws, rng):
    """The right shares on another way: columns shuffled, then the diagonal."""
    n = len(above)
    return [float(above[:, rng.permutation(n)].trace() / n) for _ in range(draws)]


def by_sorting(above, draws, rng):
    """Right too: the order of random numbers, all draws at once."""
    n = len(above)
    return above[np.arange(n), rng.random((draws, n)).argsort(axis=1)].mean(axis=1)


def never_the_own(above, draws, rng):
    n, kept = len(above), []
    while len(kept) < draws:
        order = rng.permutation(n)
        if (order != np.arange(n)).all():
            kept.append(above[np.arange(n), order].mean())
    return kept


def swapped_on(above, draws, rng):
    order, shares = np.arange(len(above)), []
    for _ in range(draws):
        for _ in range(len(above) // 2):
            i, j = rng.integers(len(above), size=2)
            order[[i, j]] = order[[j, i]]
        shares.append(above[np.arange(len(above)), order].mean())
    return shares


def bell(above, draws, rng):
    n, want = len(above), above.mean()
    rest = above - above.mean(0) - above.mean(1, keepdims=True) + want
    return want + rng.normal(size=draws) * np.sqrt((rest**2).sum() / (n - 1)) / n


def shuffled_in_place(above, draws, rng):
    shares = []
    for _ in range(draws):
        rng.shuffle(above)
        shares.append(above.trace() / len(above))
    return shares


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
        ("unit 3 has no positive pre-activation; say which", always_unit_6),
        ("say which", all_units_named),
        ("right", by_numpy),
        ("raised ValueError: unit 0", refused_below_0_on_average),
        ("expected a ValueError", refused_below_0),
        ("changed on the way", floored_in_place),
        ("should have shape", for_five_units),
    ],
    "whiten": [
        ("right", in_single),
        ("right", by_eigenvectors),
        ("solve", half_whitened),
        ("changed on the way", centred_in_place),
        ("from the averages first", lambda x, raw, r: solve(x, raw, r, centre=False)),
        ("there too", lambda x, raw, r: solve(x, raw, r, second=True)),
        ("not by one less", lambda x, raw, r: solve(x, raw, r, bias=False)),
        ("solve", lambda x, raw, r: raw - x.mean(0)),
        ("raised LinAlgError", lambda x, raw, r: solve(x, raw, 0.0)),
    ],
    "random_pairs": [
        ("right", traces),
        ("right", by_sorting),
        ("as often as an entry|spread", never_the_own),
        ("pair anew in each", swapped_on),
        ("multiple of 1/|not right|pair|leaves", bell),
        ("changed on the way", shuffled_in_place),
        ("draw from it alone", lambda a, d, rng: traces(a, d, np.random.default_rng())),
        ("another rng", lambda a, d, rng: traces(a, d, np.random.default_rng(1))),
        (r"should have shape \(1500,\)", lambda a, d, rng: traces(a, 1000, rng)),
        ("raised IndexError|'mixed'", lambda a, d, rng: traces(a[:12, :12], d, rng)),
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
