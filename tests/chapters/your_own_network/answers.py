"""Answers to the exercises of chapter 23, each with what its check says."""

import numpy as np


def in_place(forget):
    np.log(forget, out=forget)
    return -1 / forget.mean(axis=0)


def by_loop(c, rest):
    rows = [list(c)]
    for k, value in enumerate(rest):
        rows.append([*c[:k], value, *c[k + 1 :]])
    return rows


def changed(c, rest):
    rows = [c.copy()]
    for k in range(len(c)):
        c[k] = rest[k]
        rows.append(c.copy())
    return rows


def copied_once(c, rest):
    row, rows = c.copy(), [c]
    for k in range(len(c)):
        row[k] = rest[k]
        rows.append(row)
    return rows


def never_begun_again(c, rest):
    row, rows = c.copy(), [c]
    for k in range(len(c)):
        row[k] = rest[k]
        rows.append(row.copy())
    return rows


def on_the_diagonal(make):
    return lambda c, rest: np.vstack([c, np.where(np.eye(len(c)) > 0, make(c, rest), c)])


def left_in_place(c, rest):
    right = by_loop(c, rest)
    return right[:1] + right[:0:-1]


ANSWERS = {
    "time_constants": [
        ("right", lambda f: -len(f) / np.einsum("tu->u", np.log(f.astype("float32")))),
        ("leave it as it came", in_place),
        ("f = 1023/1024", lambda f: np.minimum(-1 / np.log(f).mean(axis=0), 100)),
        ("still above 0", lambda f: len(f) / -np.log(np.prod(f, axis=0))),
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
    "one_at_a_time": [
        ("right", by_loop),
        ("right", lambda c, rest: c + np.eye(len(c) + 1, len(c), -1) * (rest - c)),
        ("leave it as it came", changed),
        ("c and a row for each unit should", lambda c, rest: by_loop(c, rest)[1:]),
        ("at rest a cell is not 0", on_the_diagonal(lambda c, rest: 0 * rest)),
        ("do not add it", on_the_diagonal(np.add)),
        ("do not take it away", on_the_diagonal(np.subtract)),
        ("all units but one back", lambda c, rest: np.vstack([c, by_loop(rest, c)[1:]])),
        ("all units but one back", lambda c, rest: by_loop(rest, c)),
        ("begin each row from c", never_begun_again),
        ("copy it", copied_once),
        ("nothing is put back", lambda c, rest: np.tile(c, (len(c) + 1, 1))),
        ("comes first, not last", lambda c, rest: [*by_loop(c, rest)[1:], c]),
        ("the first row is c as it is, got", lambda c, rest: [rest, *by_loop(c, rest)[1:]]),
        ("unit 0 alone is at rest", left_in_place),
        ("should have shape", lambda c, rest: np.transpose(by_loop(c, rest))),
    ],
}
