"""Answers to the exercises of chapter 13, each with what its check says."""

import numpy as np


def counted(d, k, stride, f, shared, strict=True):
    if strict and (k > d or (d - k) % stride):
        raise ValueError
    return (1 if shared else (d - k) // stride + 1) * f * (k + 1)


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
        ("smallest comes first", lambda c: (np.log(np.e + c - 1), np.log(np.e + c - 1) - 1)),
        ("ever give 1", lambda c: (0, np.log(c))),
        ("sure of a wrong class", lambda c: (np.log(np.e + c - 1) - 1, np.log(c))),
        ("Can it get worse", lambda c: (np.log(c) - 1, np.log(c))),
        ("write down the best output", lambda c: (np.log(np.e + c) - 1, np.log(np.e + c))),
        (r"should have shape \(2,\)", lambda c: np.log(c)),
    ],
}
