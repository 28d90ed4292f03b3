"""Answers to the exercises of chapter 13, each with what its check says."""

import numpy as np


def matrix(W):
    G, k = W.shape
    M = np.zeros((G + k - 1, G))
    for g in range(G):
        M[g : g + k, g] = W[g]
    return M


def by_columns(W):
    """Another right way: the outputs for each unit vector."""
    d, k = len(W) + W.shape[1] - 1, W.shape[1]
    return (np.lib.stride_tricks.sliding_window_view(np.eye(d), k, axis=1) * W).sum(-1)


def entry_by_entry(W):
    """Right too, with lists."""
    G, k = W.shape
    M = [[0.0] * G for _ in range(G + k - 1)]
    for g, j in np.ndindex(G, k):
        M[g + j][g] = W[g, j]
    return M


def full(W):
    M = matrix(W)
    return M + (M == 0)


def all_at_the_top(W):
    M = np.zeros((len(W) + W.shape[1] - 1, len(W)))
    M[: W.shape[1]] = W.T
    return M


def layer(forward, **changed):
    """Return an answer whose layer has the given ``forward(self, x, mask)``."""
    import torch

    class Own(torch.nn.Linear):
        def __init__(self, mask):
            super().__init__(mask.shape[1], mask.shape[0], **changed)
            self.mask = mask

        def forward(self, x):
            return forward(self, x)

    return Own


def product(x, weight, bias):
    return x @ weight.T + bias


def right(self, x):
    return product(x, self.weight * self.mask, self.bias)


def chosen(self, x):
    """Right too: 0 where the mask is 0, in place of a product."""
    return product(x, self.weight.where(self.mask > 0, 0), self.bias)


def reassigned(self, x):
    self.weight = self.weight * self.mask
    return product(x, self.weight, self.bias)


def forgotten_return(self, x):
    right(self, x)


def turned_round(self, x):
    return product(x, self.weight * self.mask.flip(0, 1), self.bias)


def free_in_training(self, x):
    return product(x, self.weight, self.bias) if self.training else right(self, x)


def output_masked(self, x):
    return x @ self.weight.T * self.mask[:, 0] + self.bias


def band(mask):
    """Mask with the band that the public example has, whatever the mask is."""
    width = int(mask[0].sum())
    own = mask.clone()
    for g in range(len(mask)):
        own[g] = 0
        own[g, g : g + width] = 1
    return layer(right)(own)


def once(mask):
    import torch

    linear = torch.nn.Linear(mask.shape[1], mask.shape[0])
    linear.weight.data *= mask
    return linear


def hooked(mask):
    linear = once(mask)
    linear.weight.register_hook(lambda gradient: gradient * mask)
    return linear


def detached(self, x):
    return product(x, self.weight.detach() * self.mask, self.bias)


def all_detached(self, x):
    return right(self, x).detach()


def permuted(mask, seed):
    return mask[np.random.default_rng(seed).permutation(len(mask))]


def by_swaps(mask, seed):
    """Right too, in place on a copy."""
    mask = mask.copy()
    np.random.default_rng(seed).shuffle(mask)
    return mask


def by_one_swap(mask, seed):
    """Wrong: two inputs change places, and nearly all of the wiring stays true."""
    order = np.arange(len(mask))
    pair = np.random.default_rng(seed).choice(len(mask), 2, replace=False)
    order[pair] = order[pair[::-1]]
    return mask[order]


def by_old_generator(mask, seed):
    """Right too: NumPy's older generator."""
    return mask[np.random.RandomState(seed).permutation(len(mask))]


def without_copy(mask, seed):
    np.random.default_rng(seed).shuffle(mask)
    return mask


ANSWERS = {
    "dense_matrix": [
        ("right", by_columns),
        ("right", entry_by_entry),
        ("reverse order", lambda W: matrix(W[:, ::-1])),
        ("first one", lambda W: matrix(W[:1].repeat(len(W), 0))),
        ("second place begin", all_at_the_top),
        ("connections; the layer has 18", full),
        (r"should have shape \(8, 6\)", lambda W: matrix(W).T),
    ],
    "masked_linear": [
        ("right", lambda mask: layer(right)(mask)),
        ("right", lambda mask: layer(chosen)(mask)),
        ("the mask the one that was given", lambda mask: layer(turned_round)(mask)),
        ("the mask the one that was given", band),
        ("the mask the one that was given", lambda mask: layer(output_masked)(mask)),
        ("each time the weights are used", lambda mask: layer(free_in_training)(mask)),
        ("each time the weights are used", once),
        ("each time the weights are used", hooked),
        ("raised TypeError", lambda mask: layer(reassigned)(mask)),
        ("return line", lambda mask: layer(forgotten_return)(mask)),
        ("left the weight as it was", lambda mask: layer(detached)(mask)),
        ("training raised RuntimeError", lambda mask: layer(all_detached)(mask)),
        ("should train", lambda mask: layer(right, bias=False)(mask)),
        ("expected a layer of PyTorch, got ndarray", lambda mask: mask),
        (r"got .*weight.: \(6, 4\)", lambda mask: layer(right)(mask.T)),
    ],
    "shuffle_inputs": [
        ("right", permuted),
        ("right", by_swaps),
        ("right", by_old_generator),
        ("leave it as it came", without_copy),
        ("which axis are the inputs", lambda mask, seed: permuted(mask.T, seed).T),
        (
            "one for all of them",
            lambda mask, seed: np.random.default_rng(seed).permuted(mask, axis=0),
        ),
        (
            "each once, in another order",
            lambda mask, seed: mask[
                np.random.default_rng(seed).integers(0, len(mask), len(mask))
            ],
        ),
        ("does the seed decide alone", lambda mask, seed: np.random.permutation(mask)),
        ("same order", lambda mask, seed: permuted(mask, 0)),
        ("same order", lambda mask, seed: mask),
        ("side by side", lambda mask, seed: np.roll(mask, seed, axis=0)),
        ("keep their place", by_one_swap),
    ],
}
