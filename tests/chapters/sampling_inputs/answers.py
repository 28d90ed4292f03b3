"""Answers to the exercises of chapter 11, each with what its check says."""

import numpy as np
from scipy.spatial.distance import cdist, pdist


def share(p):
    return p / p.sum()


def energy(p, q):
    return 2 * cdist(p, q).mean() - cdist(p, p).mean() - cdist(q, q).mean()


def inner(p, count):
    return cdist(p, p).sum() / (count * (count - 1))


def loop(likelihood, prior, y):
    joint = [float(row[y] * p) for row, p in zip(likelihood, prior, strict=True)]
    return [part / sum(joint) for part in joint]


def first_or_last_output(likelihood, prior, y):
    return share(likelihood[:, -1 if y else 0] * prior)


def in_place(likelihood, prior, y):
    prior *= likelihood[:, y]
    prior /= prior.sum()
    return prior


def moved_in_place(p, old, new):
    new *= p / old
    return share(new)


def pair_by_pair(p, q):
    def inner(r):
        return np.mean([np.linalg.norm(a - b) for a in r for b in r if a is not b])

    across = np.mean([np.linalg.norm(a - b) for a in p for b in q])
    return 2 * across - inner(list(p)) - inner(list(q))


def by_squares(p, q):
    inner = [(pdist(r) ** 2).mean() for r in (p, q)]
    return 2 * (cdist(p, q) ** 2).mean() - sum(inner)


def without_zeros(p, q):
    inner = [r[r > 0].mean() for r in (pdist(p), pdist(q))]
    return 2 * cdist(p, q).mean() - sum(inner)


ANSWERS = {
    "table_posterior": [
        ("right", lambda like, prior, y: like[:, y] * prior / (prior @ like)[y]),
        ("right", loop),
        ("not right|prior", first_or_last_output),
        ("changed on the way", in_place),
        ("adds up to p", lambda like, prior, y: like[:, y] * prior),
        ("prior has to enter", lambda like, prior, y: share(like[:, y])),
        ("prior has to enter", lambda like, prior, y: like[:, y]),
        ("output has to enter", lambda like, prior, y: prior),
        ("not right|shape", lambda like, prior, y: like[y] * prior[0]),
    ],
    "moved": [
        (
            "right",
            lambda p, old, new: (
                np.exp(np.log(share(p / old)) + np.log(new)) / share(p / old).dot(new)
            ),
        ),
        ("changed on the way", moved_in_place),
        ("nothing has moved", lambda p, old, new: p),
        ("old prior is still inside", lambda p, old, new: share(p * new)),
        ("do not add up to 1", lambda p, old, new: p * new / old),
        ("what the output says is lost", lambda p, old, new: new),
        ("see what the two have", lambda p, old, new: share(p * old / (new + 1))),
    ],
    "fair_energy": [
        ("right", lambda p, q: 2 * cdist(p, q).mean() - pdist(p).mean() - pdist(q).mean()),
        ("right", pair_by_pair),
        ("list the pairs by hand", by_squares),
        ("list the pairs by hand", lambda p, q: abs(pair_by_pair(p, q))),
        ("may lie at one place", without_zeros),
        ("still counted", energy),
        ("list the pairs by hand", lambda p, q: cdist(p, q).mean()),
        ("counts twice", lambda p, q: cdist(p, q).mean() - inner(p, len(p)) - inner(q, len(q))),
        (
            "half that number",
            lambda p, q: 2 * cdist(p, q).mean() - (inner(p, len(p)) + inner(q, len(q))) / 2,
        ),
    ],
}
