"""The small networks that chapters open, trained on the spot in float64 with PyTorch.

A network rests on its seed alone: the global random generators are neither used nor changed.
Float64 keeps another processor's rounding from changing a count. The optimiser is Adam; its
rate falls to 0 along half a cosine wave. With ``updates=0`` a network comes untrained.

All but :func:`row_rnn` return a ``torch.nn.ModuleDict``: ``network["cell"]`` is a recurrent
layer with ``batch_first=True``, ``network["readout"]`` a ``torch.nn.Linear`` from its h.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.arguments import array
from course_utils.data import counting_strings, flip_flop, legal_next, mnist_digits, symbols
from course_utils.training import progress


def counting_networks(
    seeds: Iterable[int],
    cell: str = "LSTM",
    *,
    texts: Sequence[str] | None = None,
    targets: ArrayLike | None = None,
    units: int = 4,
    updates: int = 1500,
) -> list[Any]:
    """Train networks to say which symbols may come next in a^n b^n, one for each seed.

    The readout has a logit for each symbol of :data:`course_utils.data.SYMBOLS`; the symbol may
    come next if its logit is above 0. The loss is the binary cross-entropy, summed over the
    symbols and averaged over all steps; the rate starts at 0.02, and every update sees all
    strings. A start is drawn uniformly between -1 and 1 over the root of ``units``, as in
    PyTorch; then the bias of the gate that keeps the state (forget, in a GRU update) is raised
    by 1, and the readout's bias is 0.

    All networks are trained at once, as the blocks of one wide network whose weights between
    blocks stay 0. That takes little longer than training one and changes no result: Adam
    treats each weight by itself.

    Parameters
    ----------
    cell
        "LSTM" or "GRU".
    texts
        Strings to train on; by default a^n b^n for n from 1 to 10.
    targets
        Shape (count, steps, 3), each 0 to 1; by default :func:`course_utils.data.legal_next`.

    Examples
    --------
    >>> (network,) = counting_networks([0], updates=2)
    >>> network["cell"], network["readout"]
    (LSTM(3, 4, batch_first=True), Linear(in_features=4, out_features=3, bias=True))
    """
    import torch

    gates, starts, u = {"LSTM": 4, "GRU": 3}[cell], list(seeds), units
    count = len(starts)
    chosen = counting_strings(10) if texts is None else texts
    x = torch.tensor(symbols(chosen)).double()
    wanted = legal_next(chosen) if targets is None else targets
    y = torch.tensor(array(wanted, "targets", tuple(x.shape))).double()
    if y.min() < 0 or y.max() > 1:
        raise ValueError("targets should lie in 0 .. 1: say what may come next")

    def weights(net: Any, k: int) -> list[Any]:
        """Return views of the weights of network k in a wide one, in a fixed order."""
        here, rows = slice(k * u, (k + 1) * u), slice(3 * k, 3 * k + 3)
        parameters = net["cell"].parameters()
        W, U, b, b2 = (weight.unflatten(0, (gates, -1))[:, here] for weight in parameters)
        out = net["readout"]
        return [W, U[..., here], b, out.weight[rows, here], b2, out.bias[rows]]

    wide = _network(cell, 3, count * u, count * 3)
    with torch.no_grad():
        for weight in wide.parameters():
            weight.zero_()
        for k, start in enumerate(starts):
            rng = np.random.default_rng(start)
            drawn = weights(wide, k)[:4]
            for weight in drawn:
                values = rng.uniform(-1, 1, tuple(weight.shape)) / np.sqrt(u)
                weight.copy_(torch.tensor(values))
            drawn[2][1] += 1
    for weight in (wide["cell"].weight_hh_l0, wide["readout"].weight):
        weight.register_hook(lambda gradient, own=weight != 0: gradient * own)

    share = x.sum(-1, keepdim=True) / x.sum()  # nothing for the rows of zeros at the end
    y, share = y.repeat(1, 1, count), share.expand(-1, -1, 3 * count)
    # An LSTM's second bias would only double the steps that Adam takes with the sum of both.
    wide["cell"].bias_hh_l0.requires_grad_(cell == "GRU")

    def loss() -> Any:
        logits = wide["readout"](wide["cell"](x)[0])
        return torch.nn.functional.binary_cross_entropy_with_logits(
            logits, y, weight=share, reduction="sum"
        )

    _descend(f"{count} x {cell}", wide.parameters(), loss, 0.02, updates)
    singles = [_network(cell, 3, u, 3) for _ in starts]
    with torch.no_grad():
        for k, single in enumerate(singles):
            for ours, theirs in zip(weights(single, 0), weights(wide, k), strict=True):
                ours.copy_(theirs)
    return singles


def flip_flops(
    seeds: Iterable[int], *, units: int = 32, gain: float = 0.9, updates: int = 300
) -> list[Any]:
    """Train the networks of chapter 19, which remember the last sign on each of three lines.

    The layer is an RNN with tanh. It learns :func:`course_utils.data.flip_flop` from strings of
    20 steps; the loss is the mean squared error. A batch holds 32 strings, the same for all
    seeds, and the rate starts at 0.01. The start is Gaussian with variance 1/3 for the input
    weights, ``gain**2 / units`` for the recurrent ones and 1 / units for the readout; the
    biases start at 0. All networks are trained at once, 20 of them in about 6 seconds on one
    core.

    Examples
    --------
    >>> (network,) = flip_flops([0], updates=2)
    >>> network["cell"], network["readout"]
    (RNN(3, 32, batch_first=True), Linear(in_features=32, out_features=3, bias=True))
    """
    import torch

    # Vectors are columns, as in PyTorch: W x + U h + b, and V h + c.
    n = units
    shapes = [(n, 3), (n, n), (n, 1), (3, n), (3, 1)]
    scales = [3**-0.5, gain / n**0.5, 0.0, n**-0.5, 0.0]
    starts = [
        [scale * rng.normal(size=shape) for shape, scale in zip(shapes, scales, strict=True)]
        for rng in map(np.random.default_rng, seeds)
    ]
    weights = [torch.tensor(np.array(w)).requires_grad_() for w in zip(*starts, strict=True)]
    W, U, b, V, c = weights
    batches = iter(range(updates))

    def loss() -> Any:
        parts = flip_flop(32, seed=next(batches))
        x, y = (torch.tensor(part.transpose(1, 2, 0).copy()) for part in parts)
        h, total = torch.zeros(len(starts), n, 32).double(), torch.zeros(()).double()
        for pulses, wanted in zip(x, y, strict=True):
            h = torch.tanh(W @ pulses + U @ h + b)
            total = total + ((V @ h + c - wanted) ** 2).mean(dim=(1, 2)).sum()
        return total / len(x)

    _descend(f"{len(starts)} flip-flops", weights, loss, 0.01, updates)
    networks = [_network("RNN", 3, n, 3) for _ in starts]
    with torch.no_grad():
        # PyTorch's second bias stays 0.
        for network, *trained in zip(networks, W, U, b, 0 * b, V, c, strict=True):
            for ours, theirs in zip(network.parameters(), trained, strict=True):
                ours.copy_(theirs.reshape(ours.shape))
    return networks


def row_lstm(seed: int = 0, *, updates: int = 400) -> Any:
    """Train the LSTM of chapter 9, which reads a digit row by row and names it.

    At each of 28 steps it reads a row of 28 pixels, from 0 to 1; a readout turns the last h
    into ten logits. It has 64 units and learns the first 4,000 images of
    :func:`course_utils.data.mnist_digits`; of the other 1,000 it names about 94% rightly. A
    batch holds 50 images, in an order that the seed draws; the rate starts at 0.01. The start
    is drawn uniformly between -1/8 and 1/8, as in PyTorch; then the forget bias is raised by 1,
    and the second bias is 0 and stays 0. It takes about 5 seconds on one core.

    Examples
    --------
    >>> network = row_lstm(updates=0)
    >>> network["cell"], network["readout"]
    (LSTM(28, 64, batch_first=True), Linear(in_features=64, out_features=10, bias=True))
    """
    import torch

    rng, units, kept = np.random.default_rng(seed), 64, 4000
    network = _network("LSTM", 28, units, 10)
    cell, readout = network["cell"], network["readout"]
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.tensor(rng.uniform(-1, 1, tuple(weight.shape)) / units**0.5))
        cell.bias_ih_l0[units : 2 * units] += 1
        cell.bias_hh_l0.zero_().requires_grad_(False)
    if updates:
        images, labels = mnist_digits()
        x, y = torch.tensor(images[:kept]).double(), torch.tensor(labels[:kept])
        batch = _batches(rng, kept, 50)

        def loss() -> Any:
            chosen = next(batch)
            return torch.nn.functional.cross_entropy(
                readout(cell(x[chosen])[0][:, -1]), y[chosen]
            )

        _descend("row LSTM", network.parameters(), loss, 0.01, updates)
    return network


def row_rnn(
    seed: int = 0, *, updates: int = 400, path: str | PathLike[str] | None = None
) -> Any:
    """Train the recurrent network of chapter 12, which predicts the next row of a digit.

    It reads rows x_t of 28 pixels, from 0 to 1. With s the logistic sigmoid, a step is
    h_t = s(x_t W + h_{t-1} U + b), from h_0 = 0, and its guess of the next row is s(h_t V + c).
    It has 169 units and learns the first four fifths of
    :func:`course_utils.data.mnist_digits`, which takes ``path``; the rest, by default 1,000
    images, stays for tests. The loss is the binary cross-entropy of the 27 rows that follow a
    row. A batch holds 25 images, in an order that the seed draws; the rate starts at 0.02. The
    start is drawn uniformly between -1/13 and 1/13, as in PyTorch. It takes about 10 seconds
    on one core.

    Returns
    -------
    torch.nn.ParameterDict
        The weights: "W" of shape (28, 169), "U" (169, 169), "b" (169,), "V" (169, 28) and "c"
        (28,). Rows are vectors, as in Keras, and nothing is transposed.

    Examples
    --------
    >>> network = row_rnn(updates=0)
    >>> {name: tuple(weight.shape) for name, weight in network.items()}
    {'U': (169, 169), 'V': (169, 28), 'W': (28, 169), 'b': (169,), 'c': (28,)}
    """
    import torch

    rng, units = np.random.default_rng(seed), 169
    shapes = {"W": (28, units), "U": (units, units), "b": (units,)}
    shapes |= {"V": (units, 28), "c": (28,)}
    starts = {name: rng.uniform(-1, 1, shape) / units**0.5 for name, shape in shapes.items()}
    network = torch.nn.ParameterDict({k: torch.tensor(start) for k, start in starts.items()})
    if updates:
        images, _ = mnist_digits(path)
        W, U, b, V, c = (network[name] for name in shapes)
        batch = _batches(rng, len(images) * 4 // 5, 25)

        def loss() -> Any:
            rows = torch.tensor(images[next(batch)]).double()
            drive, h, states = rows @ W + b, torch.zeros(len(rows), units).double(), []
            for t in range(27):
                h = torch.sigmoid(drive[:, t] + h @ U)
                states.append(h)
            logits = torch.stack(states, dim=1) @ V + c
            return torch.nn.functional.binary_cross_entropy_with_logits(logits, rows[:, 1:])

        _descend("row RNN", network.parameters(), loss, 0.02, updates)
    return network


def _network(cell: str, features: int, units: int, outputs: int) -> Any:
    """Return a recurrent layer and a readout, whose weights are still to be set."""
    import torch

    with torch.random.fork_rng():  # the modules draw weights of their own
        layer = getattr(torch.nn, cell)(features, units, batch_first=True, dtype=torch.float64)
        readout = torch.nn.Linear(units, outputs, dtype=torch.float64)
    return torch.nn.ModuleDict({"cell": layer, "readout": readout})


def _batches(rng: np.random.Generator, kept: int, size: int) -> Iterator[list[int]]:
    """Yield batches of 0 .. kept - 1 for ever, in a new order on every pass."""
    order: list[int] = []
    while True:
        order = order or rng.permutation(kept).tolist()
        yield order[:size]
        order = order[size:]


def _descend(
    name: str, weights: Iterable[Any], loss: Callable[[], Any], rate: float, updates: int
) -> None:
    """Train with Adam, whose rate falls to 0 along half a cosine wave."""
    import torch

    optimiser = torch.optim.Adam(weights, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(updates, 1))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on matrices this small, threads mostly wait for each other
    try:
        for _ in progress(range(updates), name):
            optimiser.zero_grad()
            loss().backward()
            optimiser.step()
            schedule.step()
    finally:
        torch.set_num_threads(threads)
