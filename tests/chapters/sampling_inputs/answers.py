"""Answers to the exercises of chapter 11, each with what its check says."""

import numpy as np
from scipy.spatial.distance import cdist, pdist


def share(p):
    return p / p.sum()


def energy(p, q):
    return 2 * cdist(p, q).mean() - cdist(p, p).mean() - cdist(q, q).mean()


def inner(p, count):
    return cdist(p, p).sum() / (count * (count - 1))


def without_zeros(p, q):
    inner = [r[r > 0].mean() for r in (pdist(p), pdist(q))]
    return 2 * cdist(p, q).mean() - sum(inner)


ANSWERS = {
    "table_posterior": [
        ("right", lambda like, prior, y: like[:, y] * prior / (prior @ like)[y]),
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
        ("nothing has moved", lambda p, old, new: p),
        ("old prior is still inside", lambda p, old, new: share(p * new)),
        ("do not add up to 1", lambda p, old, new: p * new / old),
        ("what the output says is lost", lambda p, old, new: new),
        ("see what the two have", lambda p, old, new: share(p * old / (new + 1))),
    ],
    "fair_energy": [
        ("right", lambda p, q: 2 * cdist(p, q).mean() - pdist(p).mean() - pdist(q).mean()),
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
