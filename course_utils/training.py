"""Seeds, progress bars and summaries, for NumPy, Keras and PyTorch alike.

The bars are plain text on stderr, and leave nothing behind. With tqdm's own switch, the
environment variable ``TQDM_DISABLE=1``, there are none: the tests and the book set it.
"""

import random
import sys
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

T = TypeVar("T")


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


def keras_progress(description: str = "training") -> Any:
    """Make a Keras callback that shows one bar for a whole call of ``fit``, with the losses.

    Use it as in ``model.fit(..., callbacks=[keras_progress()], verbose=0)``: Keras prints a
    line an epoch otherwise. Make a new one for every call of ``fit``.
    """
    with warnings.catch_warnings(action="ignore"):  # about widgets, which this bar is none of
        from tqdm.keras import TqdmCallback

    return TqdmCallback(verbose=0, tqdm_class=tqdm, desc=description, leave=False)


def summary(model: Any, width: int = 60) -> None:
    """Print the summary of a built Keras model as plain text, ``width`` characters a line.

    ``model.summary()`` colours its table in a notebook, too faintly for some readers, and with
    ``print_fn`` it still shows an empty display beside the text.
    """
    lines: list[str] = []
    quiet: Any = nullcontext()
    if "IPython" in sys.modules:
        from IPython.utils.capture import capture_output

        quiet = capture_output()
    with quiet:
        model.summary(line_length=width, print_fn=lines.append)
    print("\n".join(lines).rstrip())
