"""Seeds, descents, progress bars and summaries, for NumPy, Keras and PyTorch alike.

The bars are plain text on stderr, and leave nothing behind. With tqdm's own switch, the
environment variable ``TQDM_DISABLE=1``, there are none: the tests and the book set it.
"""

import random
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

T = TypeVar("T")
Weights = list[Any]
"""Numbers or arrays; of several networks side by side, the first axis of each array."""


def seed_everything(seed: int) -> None:
    """Seed every source of randomness that has been imported so far.

    These are ``random``, NumPy's old global generator, and Keras, TensorFlow and PyTorch if
    they are imported: a framework imported later is not seeded. Generators made by
    ``numpy.random.default_rng`` carry seeds of their own. A seed lies in 0 .. 2**32 - 1.

    Examples
    --------
    >>> seed_everything(3)
    >>> first = np.random.rand()
    >>> seed_everything(3)
    >>> bool(np.random.rand() == first)
    True
    """
    np.random.seed(seed)  # refuses what is no seed, before anything else changes
    random.seed(seed)
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        tensorflow.random.set_seed(seed)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
    # Last: Keras holds a seed generator of its own beside its backend's.
    if (keras := sys.modules.get("keras")) is not None:
        keras.utils.set_random_seed(seed)


def gradient_descent(
    weights: Weights, gradients: Callable[[Weights], Weights], rate: float, steps: int
) -> Iterator[Weights]:
    """Yield the weights after each step of plain gradient descent. Chapter 1 teaches it.

    ``weights`` is a list of numbers or arrays, as ``[W, U, b]``, and ``gradients(weights)``
    returns a list of the same shapes. Where several networks are trained side by side, they
    are the first axis of each array.

    Examples
    --------
    >>> *_, (last,) = gradient_descent([1.0], lambda w: [2 * w[0]], rate=0.25, steps=3)
    >>> last
    0.125
    """
    for _ in range(steps):
        slopes = gradients(weights)
        weights = [w - rate * slope for w, slope in zip(weights, slopes, strict=True)]
        yield weights


def adam(
    weights: Weights, gradients: Callable[[Weights], Weights], rates: Iterable[float]
) -> Iterator[Weights]:
    """Yield the weights after each update of Adam, one for every rate. Chapter 2 teaches it.

    ``weights`` and ``gradients`` are as for :func:`gradient_descent`. The means keep 0.9 and
    0.999 of themselves at an update and epsilon is 1e-7, as in Keras. Source: Kingma and Ba
    2015, algorithm 1.

    Examples
    --------
    >>> *_, (last,) = adam([1.0], lambda w: [2 * w[0]], rates=[0.25, 0.25])
    >>> round(float(last), 2)
    0.5
    """
    mean, square = [0.0 * w for w in weights], [0.0 * w for w in weights]
    for step, rate in enumerate(rates, start=1):
        weights = list(weights)
        for k, slope in enumerate(gradients(weights)):
            mean[k] = 0.9 * mean[k] + 0.1 * slope
            square[k] = 0.999 * square[k] + 0.001 * slope**2
            ahead, spread = mean[k] / (1 - 0.9**step), square[k] / (1 - 0.999**step)
            weights[k] = weights[k] - rate * ahead / (np.sqrt(spread) + 1e-7)
        yield weights


def progress(
    iterable: Iterable[T], description: str = "", total: int | None = None
) -> Iterable[T]:
    """Return the same items, and show a bar while a loop runs over them.

    ``total`` is for an iterable that does not know its length.

    Examples
    --------
    >>> sum(progress(range(4), "adding"))
    6
    """
    return tqdm(iterable, desc=description or None, total=total, leave=False)


def keras_progress() -> Any:
    """Make a Keras callback that shows one bar for a whole call of ``fit``, with the losses.

    Use it as in ``model.fit(..., callbacks=[keras_progress()], verbose=0)``: Keras prints a
    line an epoch otherwise. Make a new one for every call of ``fit``.
    """
    with warnings.catch_warnings(action="ignore"):  # about widgets, which this bar is none of
        from tqdm.keras import TqdmCallback

    return TqdmCallback(verbose=0, tqdm_class=tqdm, desc="training", leave=False)


def summary(model: Any) -> None:
    """Print the summary of a built Keras model as plain text, 60 characters a line.

    ``model.summary()`` colours its table in a notebook, too faintly for some readers, and with
    ``print_fn`` it still shows an empty display beside the text.
    """
    lines: list[str] = []
    quiet: Any = nullcontext()
    if "IPython" in sys.modules:
        from IPython.utils.capture import capture_output

        quiet = capture_output()
    with quiet:
        model.summary(line_length=60, print_fn=lines.append)
    print("\n".join(lines).rstrip())
