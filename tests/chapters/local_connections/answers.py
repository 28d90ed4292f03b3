"""Answers to the exercises of chapter 13, each with what its check says."""

import numpy as np


def counted(d, k, stride, f, shared, strict=True):
    if strict and (k > d or (d - k) % stride):
        raise ValueError
    return (1 if shared else (d - k) // stride + 1) * f * (k + 1)


def refused_by_one(d, k, s, f, shared):
    if (d - k) % s or k == d + 1:
        raise ValueError
    return counted(d, k, s, f, shared, strict=False)


def by_listing(d, k, s, f, shared):
    """Right too: the starts of the windows, one by one."""
    starts = [first for first in range(0, d, s) if first + k <= d]
    if not starts or starts[-1] + k != d:
        raise ValueError(starts)
    return sum(f * (k + 1) for _ in (starts[:1] if shared else starts))


def crashing(*args):
    try:
        return counted(*args)
    except ValueError:
        raise KeyError("d") from None


def matrix(W, d, stride):
    G, k, f = W.shape
    M = np.zeros((d, G, f))
    for g in range(G):
        M[g * stride : g * stride + k, g] = W[g]
    return M


def by_columns(W, d, stride):
    """Another right way: the outputs for each unit vector."""
    windows = np.lib.stride_tricks.sliding_window_view(np.eye(d), W.shape[1], axis=1)
    return np.einsum("igk,gkf->igf", windows[:, ::stride], W).reshape(d, -1)


def entry_by_entry(W, d, stride):
    """Right too, with lists."""
    G, k, f = W.shape
    M = [[0.0] * (G * f) for _ in range(d)]
    for g, j, n in np.ndindex(G, k, f):
        M[g * stride + j][g * f + n] = W[g, j, n]
    return M


def without_gaps(W, d, stride):
    return matrix(W, d, min(stride, W.shape[1])).reshape(d, -1)


def without_stride(W, d, stride):
    return matrix(W, d, 1).reshape(d, -1)


def full(W, d, stride):
    M = matrix(W, d, stride)
    return (M + (M == 0)).reshape(d, -1)


def layer(call, keep_kernel=False):
    """Return an answer whose layer has the given ``call(self, inputs, mask)``."""
    import keras

    class Own(keras.layers.Layer):
        def __init__(self, mask):
            super().__init__()
            self.mask = mask

        def build(self, shape):
            self.kernel = self.add_weight(shape=self.mask.shape, name="kernel")
            self.bias = self.add_weight(shape=self.mask.shape[1:], name="bias")
            if keep_kernel:
                self.kernel.assign(self.kernel * self.mask)

        def call(self, inputs):
            return call(self, inputs)

    return Own


def reassigned(self, inputs):
    self.kernel = self.kernel * self.mask
    return inputs @ self.kernel + self.bias


def forgotten_return(self, inputs):
    inputs @ (self.kernel * self.mask) + self.bias


def right(self, inputs):
    return inputs @ (self.kernel * self.mask) + self.bias


def chosen(self, inputs):
    """Right too: 0 where the mask is 0, in place of a product."""
    import keras

    return inputs @ keras.ops.where(self.mask > 0, self.kernel, 0.0) + self.bias


def turned_round(self, inputs):
    return inputs @ (self.kernel * self.mask[::-1, ::-1]) + self.bias


def free_in_training(mask):
    import keras

    class Own(keras.layers.Dense):
        def call(self, inputs, training=False):
            kernel = self.kernel if training else self.kernel * mask
            return inputs @ kernel + self.bias

    return Own(mask.shape[1])


def band(mask):
    """Mask with the band that the public example has, whatever the mask is."""
    width = int(mask[:, 0].sum())
    offset = np.arange(len(mask))[:, None] - np.arange(mask.shape[1])
    return layer(right)(((offset >= 0) & (offset < width)).astype("float32"))


def output_masked(self, inputs):
    return (inputs @ self.kernel) * self.mask[0] + self.bias


def constrained(mask):
    """Mask the kernel after each update only: a weight that is set counts until the next."""
    import keras

    class Mask(keras.constraints.Constraint):
        def __call__(self, w):
            return w * mask

    return keras.layers.Dense(mask.shape[1], kernel_constraint=Mask())


def copied(mask):
    import keras

    class Copied(keras.layers.Dense):
        def call(self, inputs):
            self.kernel = self.kernel * mask
            super().call(inputs)

    return Copied(mask.shape[1])


ANSWERS = {
    "count": [
        ("right", by_listing),
        ("d = 2, k = 4.*expected a ValueError", refused_by_one),
        (
            "weights alone",
            lambda d, k, s, f, shared: counted(d, k, s, f, shared) * k // (k + 1),
        ),
        (
            "biases of its own",
            lambda d, k, s, f, shared: counted(d, k, s, f, shared) * k // (k + 1) + f,
        ),
        ("with or without sharing", lambda d, k, s, f, shared: counted(d, k, s, f, not shared)),
        ("starts `stride` after", lambda d, k, s, f, shared: counted(d, k, 1, f, shared)),
        ("one neuron at one place first", lambda *a: counted(*a) + 1),
        ("where does the last window end", lambda *a: counted(*a, strict=False)),
        ("shared True: expected a ValueError", lambda *a: counted(*a, strict=not a[4])),
        ("expected a ValueError, got KeyError", crashing),
    ],
    "dense_matrix": [
        ("right", by_columns),
        ("right", entry_by_entry),
        ("d = 8, k = 2, stride 3", without_gaps),
        (
            "place should come",
            lambda W, d, s: matrix(W, d, s).transpose(0, 2, 1).reshape(d, -1),
        ),
        ("reverse order", lambda W, d, s: matrix(W[:, ::-1], d, s).reshape(d, -1)),
        ("first one", lambda W, d, s: matrix(W[:1].repeat(len(W), 0), d, s).reshape(d, -1)),
        ("second place begin", without_stride),
        ("connections; the layer has 18", full),
        (r"should have shape \(8, 6\)", lambda W, d, s: matrix(W, d, s).reshape(d, -1).T),
    ],
    "masked_dense": [
        ("right", lambda mask: layer(right)(mask)),
        ("right", lambda mask: layer(chosen)(mask)),
        ("the mask the one that was given", lambda mask: layer(turned_round)(mask)),
        ("the mask the one that was given", band),
        ("outside the mask count in training", free_in_training),
        ("raised AttributeError", copied),
        ("still the variable that was set", lambda mask: layer(reassigned)(mask)),
        ("return line", lambda mask: layer(forgotten_return)(mask)),
        ("does not give x", lambda mask: layer(output_masked)(mask)),
        (
            "each time the kernel",
            lambda mask: layer(lambda s, x: x @ s.kernel + s.bias, True)(mask),
        ),
        ("each time the kernel is used", constrained),
        ("expected a Keras layer, got ndarray", lambda mask: mask),
        ("raised", lambda mask: layer(lambda s, x: x @ s.kernel + s.bias)(mask.T)),
    ],
    "twice_range": [
        ("right", lambda c: -np.log(np.array([np.e, 1]) / (np.e + c - 1))),
        (
            "Can it get worse|sure of a wrong",
            lambda c: (np.log(np.e + c - 1) - 1, np.log(c) + 1),
        ),
        ("smallest comes first", lambda c: (np.log(np.e + c - 1), np.log(np.e + c - 1) - 1)),
        ("ever give 1", lambda c: (0, np.log(c))),
        ("sure of a wrong class", lambda c: (np.log(np.e + c - 1) - 1, np.log(c))),
        ("Can it get worse", lambda c: (np.log(c) - 1, np.log(c))),
        ("write down the best output", lambda c: (np.log(np.e + c) - 1, np.log(np.e + c))),
        (r"should have shape \(2,\)", lambda c: np.log(c)),
    ],
}
