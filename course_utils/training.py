"""Seeds, progress bars and training histories, for NumPy, Keras and PyTorch alike."""

import os
import random
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from tqdm import tqdm

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

    Examples
    --------
    >>> sum(progress(range(4), "adding"))
    6
    """
    return tqdm(iterable, desc=description or None, total=total, disable=_quiet(), leave=False)


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
    """
    import keras

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
        Number of characters in a line.
    """
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
        losses = tuple(float(value) for value in values)
    except TypeError:
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
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots()
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
