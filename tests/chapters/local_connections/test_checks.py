"""The checks of chapter 13: likely mistakes get a hint that fits."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, local_connections


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


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (
            lambda d, k, s, f, shared: counted(d, k, s, f, shared) * k // (k + 1),
            "weights alone",
        ),
        (
            lambda d, k, s, f, shared: counted(d, k, s, f, shared) * k // (k + 1) + f,
            "biases of its own",
        ),
        (lambda d, k, s, f, shared: counted(d, k, s, f, not shared), "with or without sharing"),
        (lambda d, k, s, f, shared: counted(d, k, 1, f, shared), "starts `stride` after"),
        (lambda *a: counted(*a) + 1, "one neuron at one place first"),
        (lambda *a: counted(*a, strict=False), "where does the last window end"),
        (lambda *a: counted(*a, strict=not a[4]), "shared True: expected a ValueError"),
        (crashing, "expected a ValueError, got KeyError"),
    ],
)
def test_wrong_counts(answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        local_connections.count(answer)


def test_a_matrix_made_another_way_passes():
    local_connections.dense_matrix(by_columns)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (
            lambda W, d, s: matrix(W, d, s).transpose(0, 2, 1).reshape(d, -1),
            "place should come",
        ),
        (lambda W, d, s: matrix(W[:, ::-1], d, s).reshape(d, -1), "reverse order"),
        (lambda W, d, s: matrix(W[:1].repeat(len(W), 0), d, s).reshape(d, -1), "first one"),
        (without_stride, "second place begin"),
        (full, "connections; the layer has 18"),
        (lambda W, d, s: matrix(W, d, s).reshape(d, -1).T, r"should have shape \(8, 6\)"),
    ],
)
def test_wrong_matrices(answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        local_connections.dense_matrix(answer)


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


def test_a_layer_with_a_kernel_of_its_own_passes():
    local_connections.masked_dense(layer(right))


def copied(mask):
    import keras

    class Copied(keras.layers.Dense):
        def call(self, inputs):
            self.kernel = self.kernel * mask
            super().call(inputs)

    return Copied(mask.shape[1])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (copied, "raised AttributeError"),
        (lambda mask: layer(reassigned)(mask), "still the variable that was set"),
        (lambda mask: layer(forgotten_return)(mask), "return line"),
        (lambda mask: layer(output_masked)(mask), "does not give x"),
        (
            lambda mask: layer(lambda s, x: x @ s.kernel + s.bias, True)(mask),
            "each time the kernel",
        ),
        (constrained, "each time the kernel is used"),
        (lambda mask: mask, "expected a Keras layer, got ndarray"),
        (lambda mask: layer(lambda s, x: x @ s.kernel + s.bias)(mask.T), "raised"),
    ],
)
def test_wrong_layers(answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        local_connections.masked_dense(answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda c: (np.log(np.e + c - 1), np.log(np.e + c - 1) - 1), "smallest comes first"),
        (lambda c: (0, np.log(c)), "ever give 1"),
        (lambda c: (np.log(np.e + c - 1) - 1, np.log(c)), "sure of a wrong class"),
        (lambda c: (np.log(c) - 1, np.log(c)), "Can it get worse"),
        (lambda c: (np.log(np.e + c) - 1, np.log(np.e + c)), "write down the best output"),
        (lambda c: np.log(c), r"should have shape \(2,\)"),
    ],
)
def test_wrong_ranges(answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        local_connections.twice_range(answer)
