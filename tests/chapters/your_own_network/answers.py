"""Answers to the exercises of chapter 23, each with what its check says."""

import numpy as np

LIMIT = np.exp(-1)


def one_by_one(left):
    found = []
    for column in np.asarray(left).T:
        steps = [k + 1 for k, share in enumerate(column) if not -LIMIT <= share <= LIMIT]
        found.append(max(steps, default=0))
    return found


def first_small(left):
    large = np.abs(left) > LIMIT
    return [int(np.argmin([*column, False])) for column in large.T]


def without_care(left):
    return len(left) - np.argmax((np.abs(left) > LIMIT)[::-1], axis=0)


def in_place(forget):
    np.log(forget, out=forget)
    return -1 / forget.mean(axis=0)


def sizes_in_place(left):
    np.abs(left, out=left)
    return one_by_one(left)


ANSWERS = {
    "time_constants": [
        ("right", lambda f: -len(f) / np.einsum("tu->u", np.log(f.astype("float32")))),
        ("leave it as it came", in_place),
        ("f = 1023/1024", lambda f: np.minimum(-1 / np.log(f).mean(axis=0), 100)),
        ("right", lambda f: len(f) / -np.log(np.prod(f, axis=0))),
        ("right", lambda f: [-1 / np.mean(np.log(column)) for column in f.T]),
        ("mean of f", lambda f: -1 / np.log(f.mean(axis=0))),
        ("near τ only if", lambda f: 1 / (1 - f.mean(axis=0))),
        ("near τ only if", lambda f: (1 / (1 - f)).mean(axis=0)),
        ("which sign", lambda f: 1 / np.log(f).mean(axis=0)),
        ("lost a step", lambda f: -np.log(f).mean(axis=0)),
        ("this is T / τ", lambda f: -np.log(f).sum(axis=0)),
        ("T steps share", lambda f: -1 / np.log(f).sum(axis=0)),
        ("then one over it", lambda f: (-1 / np.log(f)).mean(axis=0)),
        ("time to a half", lambda f: -np.log(2) / np.log(f).mean(axis=0)),
        ("natural logarithm", lambda f: -1 / np.log10(f).mean(axis=0)),
        ("should have shape", lambda f: -1 / np.log(f).mean(axis=1)),
        ("it would be exp", lambda f: -2 / np.log(f).mean(axis=0)),
    ],
    "forgotten": [
        ("right", one_by_one),
        ("leave it as it came", sizes_in_place),
        ("a share of 0.369 counts", lambda left: one_by_one(left * LIMIT / 0.38)),
        ("small for the first time", first_small),
        ("small for good", lambda left: (np.abs(left) > LIMIT).sum(axis=0)),
        ("counted from 0", lambda left: np.maximum(np.array(one_by_one(left)) - 1, 0)),
        ("one step too many", lambda left: np.array(one_by_one(left)) + 1),
        ("below -1/e is large", lambda left: one_by_one(np.maximum(left, 0))),
        ("not a half", lambda left: one_by_one(left * LIMIT / 0.5)),
        ("takes 0 steps", without_care),
        ("last step whose share", lambda left: 7 * np.ones(left.shape[1])),
        ("should have shape", lambda left: np.abs(left) > LIMIT),
    ],
}
