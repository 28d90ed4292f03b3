"""Answers to the exercises of chapter 5, each with what its check says."""

from math import isqrt

import numpy as np


def sizes(features, parameters, blocks=4, biases=1):
    for u in range(1, 1000):
        if blocks * (features * u + u * u + biases * u) >= parameters:
            return u
    return None


def exact(features, parameters, **options):
    u = sizes(features, parameters, **options)
    blocks, biases = options.get("blocks", 4), options.get("biases", 1)
    fits = blocks * u * (features + u + biases) == parameters
    return u if fits else 0


def rounded_root(features, parameters):
    square = (features + 1) ** 2 + parameters
    root = isqrt(square)
    return (root - features - 1) // 2 if root * root == square else 0


def nearly_whole(features, parameters):
    u = ((features + 1) ** 2 + parameters) ** 0.5 / 2 - (features + 1) / 2
    return round(u) if np.isclose(u, round(u)) else 0


def searched(features, parameters, most=2000):
    """Right too: by trying all units that could be meant."""
    fits = [u for u in range(1, most) if 4 * u * (features + u + 1) == parameters]
    return fits[0] if fits else 0


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(
    x_t, h, c, W, U, b, order="ifgo", candidate=np.tanh, gate=sigmoid, shown=np.tanh, late=True
):
    z = dict(zip(order, np.split(x_t @ W + h @ U + b, 4, axis=-1), strict=True))
    new = gate(z["f"]) * c + gate(z["i"]) * candidate(z["g"])
    return gate(z["o"]) * shown(new if late else c), new


def in_place(x_t, h, c, W, U, b):
    """A step that is right and spoils the c of its caller."""
    i, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
    c *= sigmoid(f)
    c += sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def spoils_the_bias(x_t, h, c, W, U, b):
    result = lstm(x_t, h, c, W, U, b)
    b += 1
    return result


def wrong_lstm(**options):
    return lambda *arguments: lstm(*arguments, **options)


def one_by_one(x_t, h, c, W, U, b):
    """A right answer of another form: by slices, row after row, returned as one array."""
    u = len(U)
    rows = []
    for x, old_h, old_c in zip(x_t, h, c, strict=True):
        z = x @ W + old_h @ U + b
        i, f, o = (sigmoid(z[k * u : (k + 1) * u]) for k in (0, 1, 3))
        new = f * old_c + i * np.tanh(z[2 * u : 3 * u])
        rows.append((o * np.tanh(new), new))
    return np.swapaxes(rows, 0, 1)


def never_forgets(x_t, h, c, W, U, b):
    i, _, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
    new = c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(new), new


def lets_all_in(x_t, h, c, W, U, b):
    _, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
    new = sigmoid(f) * c + np.tanh(g)
    return sigmoid(o) * np.tanh(new), new


ANSWERS = {
    "units_from_count": [
        ("right", searched),
        ("1056768 parameters", lambda f, p: searched(f, p, most=129)),
        ("3 features, 1056772 parameters: .*exactly this many", nearly_whole),
        ("exactly this many", sizes),
        ("2 features, 27 parameters: .*exactly this many", rounded_root),
        ("How many blocks share it", lambda f, p: 4 * exact(f, p)),
        ("Which part is missing", lambda f, p: exact(f, p, biases=2)),
        ("Which part is missing", lambda f, p: exact(f, p, blocks=3)),
    ],
    "step": [
        ("right", one_by_one),
        ("blocks as i, f, o, c", wrong_lstm(order="ifog")),
        ("blocks as f, c, i, o", wrong_lstm(order="fgio")),
        ("h comes first", lambda *given: lstm(*given)[::-1]),
        ("two arrays", lambda *given: lstm(*given)[0]),
        ("should have shape", lambda x, h, *rest: [a.T for a in lstm(x, h, *rest)]),
        ("is the candidate a gate", wrong_lstm(candidate=sigmoid)),
        ("what does the candidate go through", wrong_lstm(candidate=lambda z: z)),
        ("what do the gates go through", wrong_lstm(gate=lambda z: z)),
        ("on its way to h", wrong_lstm(shown=lambda c: c)),
        ("the old or the new", wrong_lstm(late=False)),
        ("where is the bias", lambda x, h, c, W, U, b: lstm(x, h, c, W, U, 0 * b)),
        ("what does the old h do", lambda x, h, c, W, U, b: lstm(x, h, c, W, 0 * U, b)),
        ("where is the old c", lambda x, h, c, W, U, b: lstm(x, h, 0 * c, W, U, b)),
        ("compute f alone first", lambda x, h, c, W, U, b: lstm(x, c, h, W, U, b)),
        ("what does the forget gate do", never_forgets),
        ("what does the input gate do", lets_all_in),
        ("writes into an array it is given", in_place),
        ("writes into an array it is given", spoils_the_bias),
    ],
}
