"""Checks of chapter 13, in which a layer sees its inputs through windows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[np.float64]


def count(answer: Callable[..., Any]) -> None:
    """Check exercise 1: the number of weights and biases of a layer of windows."""
    cases = (
        (8, 3, 1, False),
        (8, 3, 6, True),
        (24, 3, 2, False),
        (24, 3, 2, True),
        (11, 2, 3, False),
        (5, 5, 4, False),
    )
    for d, k, filters, shared in cases:
        places = len(range(d - k + 1))
        sets = 1 if shared else places
        got = float(as_array(call(answer, d, k, filters, shared), (), "the number"))
        want = sets * filters * (k + 1)
        if got == want:
            continue
        if got == sets * filters * k:
            hint = "these are the weights alone; how many biases are there?"
        elif got == sets * filters * k + filters:
            hint = "does each place have biases of its own?"
        elif got == (places if shared else 1) * filters * (k + 1):
            hint = "is that the layer with or without sharing?"
        elif not shared and got % (filters * (k + 1)) == 0:
            hint = "at how many places does a window fit?"
        else:
            hint = "count one neuron at one place first, then the neurons, then the places."
        raise CheckFailed(
            f"d = {d}, k = {k}, {filters} filters, shared {shared}: you gave {got:g}; {hint}"
        )
    print(f"count: right in {len(cases)} cases.")


def dense_matrix(answer: Callable[[Array], Any]) -> None:
    """Check exercise 2: a local layer as one dense matrix."""
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
    """Check exercise 3: a layer of PyTorch whose mask holds in training."""
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
