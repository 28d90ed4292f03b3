"""Checks of chapter 13, in which a layer sees its inputs through windows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, call_to_read, close

Array = NDArray[np.float64]


def dense_matrix(answer: Callable[[Array], Any]) -> None:
    """Check exercise 1: a local layer as one dense matrix."""
    rng = np.random.default_rng(0)
    cases = ((6, 3), (5, 4), (3, 2), (4, 1), (1, 3))
    for G, k in cases:
        d = G + k - 1
        W, x = rng.normal(size=(G, k)), rng.normal(size=(5, d))
        windows = np.lib.stride_tricks.sliding_window_view(x, k, axis=1)
        M = as_array(call(answer, W), (d, G), "the matrix")
        got = x @ M
        if close(got, (windows * W).sum(-1)):
            continue
        if close(got, (windows * W[:, ::-1]).sum(-1)):
            hint = "each window's weights are in reverse order."
        elif close(got, (windows * W[0]).sum(-1)):
            hint = "every place uses the weights of the first one."
        elif np.count_nonzero(M) > W.size:
            hint = f"it has {np.count_nonzero(M)} connections; the layer has {W.size}."
        else:
            hint = "in which row does the window of the second place begin?"
        raise CheckFailed(f"{G} windows of width {k}: {hint}")
    print(f"dense_matrix: right for {len(cases)} layers.")


def masked_linear(answer: Callable[..., Any]) -> None:
    """Check exercise 2: a layer of PyTorch whose mask holds in training."""
    import torch

    rng = np.random.default_rng(0)
    band = np.array([[g <= i < g + 3 for i in range(6)] for g in range(4)], float)
    scattered = np.array([[1, 0, 1, 0, 1], [0, 0, 1, 1, 0], [0, 1, 0, 1, 1.0]])
    for mask in (band, scattered):
        layer = _answered(answer, mask)
        _draw_weights(layer, mask.shape, rng)
        x = torch.tensor(rng.normal(size=(16, mask.shape[1])))
        for training in (False, True):
            layer.train(training)
            _compare(layer, mask, x, "new weights were set")
        # Momentum and decay from the first update on, and weights outside that are not 0.
        optimiser = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
        before = {name: p.detach().clone() for name, p in layer.named_parameters()}
        try:
            for _ in range(3):
                optimiser.zero_grad()
                layer(x).square().mean().backward()
                optimiser.step()
        except Exception as error:
            raise CheckFailed(f"training raised {type(error).__name__}: {error}") from error
        for name in ("weight", "bias"):
            if torch.equal(getattr(layer, name), before[name]):
                raise CheckFailed(f"three updates of training left the {name} as it was")
        _compare(layer, mask, x, "three updates of training")
    print("masked_linear: masked before, in and after training.")


def shuffle_inputs(answer: Callable[[Array, int], Any]) -> None:
    """Check exercise 3: the same neurons on inputs in a random order."""
    rng = np.random.default_rng(0)
    band = np.array([[float(g <= i < g + 3) for g in range(10)] for i in range(12)])
    for mask in (band, rng.integers(0, 2, (12, 4)).astype(np.float64)):
        drawn = [_shuffled(answer, mask, seed) for seed in (0, 0, *range(1, 8))]
        if not np.array_equal(drawn[0], drawn[1]):
            raise CheckFailed("seed 0 drew two orders; does the seed decide alone?")
        if len({new.tobytes() for new in drawn}) < 4:
            raise CheckFailed("other seeds draw the same order")
        if mask is band:
            orders = [np.nonzero((new[:, None] == mask).all(-1))[1] for new in drawn[1:]]
            stays = np.mean(np.array(orders) == np.arange(12))
            if max(stays, np.mean(np.abs(np.diff(orders)) == 1)) > 0.5:
                raise CheckFailed("most inputs keep their place, or stay side by side")
    print("shuffle_inputs: the same neurons, and an order for each seed.")


def _shuffled(answer: Callable[[Array, int], Any], mask: Array, seed: int) -> Array:
    """Return the learner's mask, if its rows are those of the mask."""
    got = as_array(call_to_read(answer, "the mask", mask, seed), mask.shape, "the mask")

    def rows(array: Array) -> list[Any]:
        return sorted(array.tolist())

    if rows(got) == rows(mask):
        return got
    if rows(got.T) == rows(mask.T):
        hint = "these are the neurons in another order; which axis are the inputs?"
    elif (got.sum(0) == mask.sum(0)).all():
        hint = "each neuron has an order of its own; it should be one for all of them."
    else:
        hint = "its rows should be those of the mask, each once, in another order."
    raise CheckFailed(f"mask of shape {mask.shape}: {hint}")


def _answered(answer: Callable[..., Any], mask: Array) -> Any:
    """Return the learner's layer in float64, if it trains a weight and a bias."""
    import torch

    layer = call(answer, torch.tensor(mask))
    if not isinstance(layer, torch.nn.Module):
        raise CheckFailed(f"expected a layer of PyTorch, got {type(layer).__name__}")
    shapes = {name: tuple(p.shape) for name, p in layer.named_parameters() if p.requires_grad}
    want = {"weight": mask.shape, "bias": mask.shape[:1]}
    if shapes != want:
        raise CheckFailed(f"the layer should train {want}, got {shapes}")
    return layer.double()


def _draw_weights(layer: Any, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    """Set the weights of a layer, those outside its mask too."""
    import torch

    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rng.normal(size=shape)))
        layer.bias.copy_(torch.tensor(rng.normal(size=shape[:1])))


def _compare(layer: Any, mask: Array, x: Any, after: str) -> None:
    """Compare a layer's outputs with those of its own weights, masked."""
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    got = as_array(call(layer, x), (len(x), len(mask)), "the layer's output")
    if close(got, x.numpy() @ (weight * mask).T + bias):
        return
    if close(got, x.numpy() @ weight.T + bias):
        raise CheckFailed(
            f"after {after}, weights outside the mask count: it has to be applied each time "
            "the weights are used."
        )
    raise CheckFailed(
        f"mask of shape {mask.shape}: after {after}, the output is not that of weight times "
        "mask, and the bias; is the mask the one that was given?"
    )
