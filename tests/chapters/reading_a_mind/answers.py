"""Answers to the exercises of chapter 18, each with what its check says."""

import numpy as np


def states(weights, x, order=1, bias=1, recurrent=1):
    W, U, b = weights
    h, out = np.zeros(x.shape[:-1]), []
    for t in range(x.shape[-1])[::order]:
        out.append(h)
        h = W * x[..., t] + recurrent * U * h + bias * b
    return np.stack(out, axis=-1)


def after(weights, x):
    W, U, b = weights
    h, out = np.zeros(x.shape[:-1]), []
    for t in range(x.shape[-1]):
        h = W * x[..., t] + U * h + b
        out.append(h)
    return np.stack(out, axis=-1)


def in_place(weights, x):
    W, U, b = weights
    h, out = np.zeros(x.shape[:-1]), []
    for t in range(x.shape[-1]):
        out.append(h)
        h *= U
        h += W * x[..., t] + b
    return np.stack(out, axis=-1)


def allocated(weights, x):
    h = np.zeros(x.shape)
    for t in range(1, x.shape[-1]):
        h[..., t] = weights[0] * x[..., t - 1] + weights[1] * h[..., t - 1] + weights[2]
    return h


def by_network(weights, x):
    """Take one network after the other, as if each weight were one of many."""
    if x.ndim < 3:
        return states(weights, x)
    W, U, b = (w[:, 0] for w in weights)
    return np.array([states(three, one) for *three, one in zip(W, U, b, x, strict=True)])


def spread(weights, s, of=lambda p: p * (1 - p), mean=False, left=True):
    h = states(weights, s)
    again = [1, weights[1], 0]
    J = np.array([states(again, x) for x in (s, h, np.ones_like(s))]).reshape(3, -1)
    p = 1 / (1 + np.exp(-h)).ravel()
    total = (J * of(p)) @ J.T
    return total / s.size if mean else total if left else total / len(s)


def trial_by_trial(weights, s):
    """Add up outer products, one trial of one animal after the other."""
    W, U, b = weights
    total = np.zeros((3, 3))
    for row in s:
        h, J = 0.0, np.zeros(3)
        for sign in row:
            p = 1 / (1 + np.exp(-h))
            total += p * (1 - p) * np.outer(J, J)
            J = np.array([sign, h, 1.0]) + U * J
            h = W * sign + U * h + b
    return total.tolist()


def overwriting(weights, x):
    """Store the states where the inputs were."""
    W, U, b = weights
    h = np.zeros(x.shape[:-1])
    for t in range(x.shape[-1]):
        x[..., t], h = h, W * x[..., t] + U * h + b
    return x


ANSWERS = {
    "forward": [
        ("right", allocated),
        ("right", lambda w, x: states(w, x).tolist()),
        ("after each trial, not before", after),
        ("x has other numbers", overwriting),
        ("inhomogeneous", lambda w, x: states(np.array(w), x)),
        ("forward|out of bounds|not subscriptable", by_network),
        ("one array, changed in place", in_place),
        ("before the first trial the state is 0", lambda w, x: states(w, x) + 1),
        ("b is missing", lambda w, x: states(w, x, bias=0)),
        ("what does U multiply", lambda w, x: states(w, x, recurrent=0)),
        ("step by hand", lambda w, x: states(w, x, order=-1)),
        ("no bounds", lambda w, x: np.clip(states(w, x), -8, 8)),
        ("should have shape", lambda w, x: states(w, x)[..., :-1]),
    ],
    "information": [
        ("right", trial_by_trial),
        (r"each trial counts by p \(1 - p\)", lambda w, s: spread(w, s, of=np.ones_like)),
        ("p alone", lambda w, s: spread(w, s, of=lambda p: p)),
        ("p alone", lambda w, s: spread(w, s, of=lambda p: 1 - p)),
        ("not squared", lambda w, s: spread(w, s, of=lambda p: (p * (1 - p)) ** 2)),
        ("mean over the trials", lambda w, s: spread(w, s, mean=True)),
        ("mean over the animals", lambda w, s: spread(w, s, left=False)),
        ("only the second trial", lambda w, s: np.linalg.inv(spread(w, s) + np.eye(3))),
        (
            "is it",
            lambda w, s: spread(w, s) if not w[1] else spread([w[0], w[1], -w[2]], s),
        ),
    ],
}
