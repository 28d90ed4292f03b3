"""What a hidden unit likes to see: windows of rows, weighted averages, roll-forward.

Chapter 12 teaches it, on the network of :func:`course_utils.training.row_rnn`. Nothing here
needs a framework. Windows travel in batches, so 60,000 images never lie in memory as windows.
The averages are what neuroscience calls spike-triggered averages (Schwartz, Pillow, Rust and
Simoncelli, "Spike-triggered neural characterization", Journal of Vision, 2006).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import rankdata

from course_utils._check import MOST, flag, number, real, sizes, whole
from course_utils.data import Floats, Ints

Array = NDArray[Any]


def _numbers(value: ArrayLike, shape: tuple[int | None, ...], name: str) -> Array:
    """Return an array of finite numbers; None in ``shape`` leaves a length open."""
    try:
        array = real(value, name)
    except TypeError:
        raise TypeError(f"{name} should be numbers, got {type(value).__name__}") from None
    fits = len(shape) == array.ndim and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} should have shape ({wanted}), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} should be finite, got NaN or infinity")
    return array


@dataclass(frozen=True, eq=False, repr=False)
class RowRNN:
    """A network of sigmoid units that reads rows and predicts the next, in NumPy.

    With s the logistic sigmoid, z_t = x_t W + h_{t-1} U + b, h_t = s(z_t), and the prediction
    of x_{t+1} is s(h_t V + c). Chapter 12 teaches it.

    Parameters
    ----------
    W
        Input weights, shape (features, units).
    U
        Recurrent weights, shape (units, units).
    b
        Bias, shape (units,).
    V
        Readout weights, shape (units, features).
    c
        Bias of the readout, shape (features,).

    Raises
    ------
    TypeError
        If a weight is not an array of numbers.
    ValueError
        If shapes do not fit each other, or a weight is not finite.

    Examples
    --------
    >>> RowRNN(W=[[1.0]], U=[[0.0]], b=[0.0], V=[[2.0]], c=[-1.0])
    RowRNN of 1 units on rows of 1
    """

    W: Array
    U: Array
    b: Array
    V: Array
    c: Array

    def __post_init__(self) -> None:
        features, units = _numbers(self.W, (None, None), "W").shape
        shapes = {"W": (features, units), "U": (units, units), "b": (units,)}
        for name, shape in (shapes | {"V": (units, features), "c": (features,)}).items():
            object.__setattr__(self, name, _numbers(getattr(self, name), shape, name))

    @classmethod
    def from_torch(cls, network: Mapping[str, Any], dtype: Any = np.float32) -> "RowRNN":
        """Copy the weights of :func:`course_utils.training.row_rnn`.

        Parameters
        ----------
        network
            Tensors or arrays by the names W, U, b, V and c.
        dtype
            Of the copies. float32 halves the time and the memory of float64.

        Returns
        -------
        RowRNN
            With weights of its own.

        Raises
        ------
        TypeError
            If ``network`` does not hold numbers by name, or ``dtype`` is no kind of float.
        ValueError
            If a name is missing, shapes do not fit each other, or a weight is not finite.

        Examples
        --------
        >>> from course_utils.training import row_rnn
        >>> RowRNN.from_torch(row_rnn(updates=0))
        RowRNN of 169 units on rows of 28
        """
        if not hasattr(network, "keys"):
            raise TypeError(f"network should hold weights by name, got {network!r}")
        known = isinstance(dtype, type | str | np.dtype)
        if not known or dtype not in (np.float32, np.float64, "float32", "float64"):
            raise TypeError(f"dtype should be float32 or float64, got {dtype!r}")
        if missing := [name for name in "WUbVc" if name not in network]:
            raise ValueError(f"the network should hold W, U, b, V and c; missing: {missing}")
        tensors = {name: network[name] for name in "WUbVc"}
        arrays = {
            k: v.detach().numpy() if hasattr(v, "detach") else v for k, v in tensors.items()
        }
        with np.errstate(over="ignore"):  # the constructor refuses what is infinite then
            return cls(**{k: real(v, k).astype(dtype) for k, v in arrays.items()})

    def run(
        self,
        rows: ArrayLike,
        start: ArrayLike | None = None,
        hold: Mapping[int, float] | None = None,
    ) -> tuple[Array, Array]:
        """Read rows.

        Parameters
        ----------
        rows
            Shape (batch, steps, features).
        start
            State before the first row, shape (batch, units); zero if None.
        hold
            Values that units are held at, by unit: an ablation. After each step the unit's
            state is replaced.

        Returns
        -------
        z : numpy.ndarray
            Pre-activations, shape (batch, steps, units).
        h : numpy.ndarray
            Hidden states, the same shape.

        Raises
        ------
        TypeError
            If an argument is not an array of numbers.
        ValueError
            If a shape does not fit, ``hold`` names a unit that is not there or a value that is
            not finite, or the pre-activations are not finite.

        Examples
        --------
        >>> rnn = RowRNN(W=[[1.0]], U=[[0.0]], b=[0.0], V=[[2.0]], c=[-1.0])
        >>> z, h = rnn.run([[[0.0], [2.0]]])
        >>> z[0, :, 0], h[0, 0, 0]
        (array([0., 2.]), np.float64(0.5))
        """
        x = _numbers(rows, (None, None, len(self.W)), "rows")
        batch, steps, _ = x.shape
        held, values = self._held(hold)
        with np.errstate(over="ignore", invalid="ignore"):
            drive = x @ self.W + self.b
            z, h = drive, np.empty_like(drive)
            state = self._start(start, batch)
            for t in range(steps):
                z[:, t] += state @ self.U
                state = expit(z[:, t])
                state[:, held] = values
                h[:, t] = state
        if not np.isfinite(z).all():
            raise ValueError(f"a pre-activation left the range of {z.dtype}: scale rows down")
        return z, h

    def predict(self, h: ArrayLike) -> Array:
        """Guess the row that follows a state.

        Parameters
        ----------
        h
            States, shape (..., units).

        Returns
        -------
        numpy.ndarray
            Rows, shape (..., features), between 0 and 1.

        Raises
        ------
        TypeError
            If the states are not numbers.
        ValueError
            If the last axis is not the units, or a state is not finite.

        Examples
        --------
        >>> rnn = RowRNN(W=[[1.0]], U=[[0.0]], b=[0.0], V=[[2.0]], c=[-1.0])
        >>> rnn.predict([0.5])
        array([0.5])
        """
        states = real(h, "h")
        if not np.isfinite(states).all() or (
            states.size and float(np.abs(states).max()) > 1e15
        ):
            raise ValueError("h should be finite and at most 1e15, got larger numbers or NaN")
        if states.ndim == 0 or states.shape[-1] != len(self.b):
            raise ValueError(f"h should end in {len(self.b)} units, got shape {states.shape}")
        return expit(states @ self.V + self.c)

    def roll(
        self, start: ArrayLike, steps: int = 10, hold: Mapping[int, float] | None = None
    ) -> Array:
        """Roll forward: feed each predicted row back as the next input.

        Parameters
        ----------
        start
            State after the last real row, shape (batch, units).
        steps
            How many rows to produce, 1 to 10,000.
        hold
            Units held at a value, as in :meth:`run`; ``start`` itself is held too.

        Returns
        -------
        numpy.ndarray
            Rows, shape (batch, steps, features).

        Raises
        ------
        TypeError
            If ``steps`` is not a whole number, or the rest are not numbers.
        ValueError
            If it is out of range, a shape does not fit, or ``hold`` names a unit that is not
            there.

        Examples
        --------
        >>> rnn = RowRNN(W=[[1.0]], U=[[0.0]], b=[0.0], V=[[2.0]], c=[-1.0])
        >>> rnn.roll([[0.5]], 2).shape
        (1, 2, 1)
        """
        state = np.array(_numbers(start, (None, len(self.b)), "start"))
        held, values = self._held(hold)
        state[:, held] = values
        rows = []
        for _ in range(whole(steps, "steps", 1, most=10_000)):
            rows.append(self.predict(state))
            state = self.run(rows[-1][:, np.newaxis], state, hold)[1][:, -1]
        return np.stack(rows, axis=1)

    def _start(self, start: ArrayLike | None, batch: int) -> Array:
        if start is None:
            return np.zeros((batch, len(self.b)), self.b.dtype)
        return _numbers(start, (batch, len(self.b)), "start")

    def _held(self, hold: Mapping[int, float] | None) -> tuple[list[int], list[float]]:
        if hold is None:
            return [], []
        if not isinstance(hold, Mapping):
            raise TypeError(f"hold should be a dictionary of values by unit, got {hold!r}")
        if strange := [unit for unit in hold if unit not in range(len(self.b))]:
            raise ValueError(f"hold names units 0 .. {len(self.b) - 1}, got {strange}")
        values = [number(value, f"hold[{unit}]") for unit, value in hold.items()]
        if not np.isfinite(values).all():
            raise ValueError(f"hold should give finite values, got {values}")
        return list(hold), values

    def __repr__(self) -> str:
        return f"RowRNN of {len(self.b)} units on rows of {len(self.c)}"


def draw_starts(count: int, length: int = 10, *, height: int = 28, seed: int = 0) -> Ints:
    """Draw the first row of a window for each image, uniform over all that fit.

    Parameters
    ----------
    count
        How many images.
    length
        Rows in a window, L.
    height
        Rows in an image.
    seed
        Seed of the draw.

    Returns
    -------
    numpy.ndarray
        Shape (count,), int64, each from 0 to ``height - length``.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If one is out of range, or a window is longer than an image.

    Examples
    --------
    >>> starts = draw_starts(1000)
    >>> int(starts.min()), int(starts.max())
    (0, 18)
    """
    if whole(length, "length", 1) > whole(height, "height", 1, most=MOST):
        raise ValueError(
            f"length should be at most {height}, the rows of an image, got {length}"
        )
    rng = np.random.default_rng(whole(seed, "seed", 0))
    return rng.integers(0, height - length + 1, sizes(count=count))


def windows(
    images: ArrayLike, starts: ArrayLike, length: int = 10, *, batch: int = 1000
) -> Iterator[Floats]:
    """Cut one window of consecutive rows out of each image, a batch at a time.

    Parameters
    ----------
    images
        Shape (count, height, width).
    starts
        First row of each window, shape (count,), as from :func:`draw_starts`.
    length
        Rows in a window, L.
    batch
        How many windows at once; the last batch may be smaller.

    Yields
    ------
    numpy.ndarray
        Shape (at most batch, length, width), float32, in the order of the images.

    Raises
    ------
    TypeError
        If ``starts``, ``length`` or ``batch`` are not whole numbers, or ``images`` no numbers.
    ValueError
        If shapes do not fit, a pixel is not finite, or a window leaves its image.

    Examples
    --------
    >>> [part.shape for part in windows(np.zeros((5, 28, 28)), [0, 1, 2, 3, 18], batch=2)]
    [(2, 10, 28), (2, 10, 28), (1, 10, 28)]
    """
    pictures, first = real(images, "images"), real(starts, "starts")
    if first.dtype.kind not in "iu":
        raise TypeError(f"starts should be whole numbers, got an array of {first.dtype}")
    if pictures.ndim != 3 or first.shape != pictures.shape[:1]:
        raise ValueError(
            "images should have shape (count, height, width) and starts (count,), got "
            f"{pictures.shape} and {first.shape}"
        )
    whole(length, "length", 1, most=MOST)
    if first.size and (first.min() < 0 or first.max() + length > pictures.shape[1]):
        raise ValueError(
            f"a window of {length} rows should start at 0 .. {pictures.shape[1] - length}, got "
            f"starts from {first.min()} to {first.max()}"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # a sum needs no second array
        if not np.isfinite(pictures.sum(dtype=np.float64)):
            raise ValueError("images should be finite and of moderate size, got others")
    return _batches(pictures, first, np.arange(length), whole(batch, "batch", 1))


def _batches(images: Array, starts: Array, steps: Array, batch: int) -> Iterator[Floats]:
    """Yield the windows; apart from :func:`windows`, so that its errors come at the call."""
    for k in range(0, len(images), batch):
        part = starts[k : k + batch]
        rows = part[:, np.newaxis] + steps
        yield images[np.arange(k, k + len(part))[:, np.newaxis], rows].astype(np.float32)


class Features:
    """Averages of windows, weighted by a unit's pre-activation, collected batch by batch.

    The weight of a window for a unit is w = max(z, 0), with z the unit's pre-activation after
    the last row. Chapter 12 teaches what the averages show and what they do not.

    Parameters
    ----------
    whiten
        Collect the covariance of the pixels too, which :meth:`whitened` needs. It costs about
        twice the time of the averages.

    Examples
    --------
    >>> seen = Features()
    >>> seen.add([[[0.0, 1.0]], [[1.0, 0.0]]], [[3.0], [1.0]])
    >>> seen
    Features of 1 units from 2 windows
    >>> seen.raw()
    array([[[0.25, 0.75]]])
    >>> seen.centred()
    array([[[-0.25,  0.25]]])
    """

    def __init__(self, whiten: bool = False) -> None:
        self.whiten = flag(whiten, "whiten")
        self.count = 0

    def add(self, windows: ArrayLike, z: ArrayLike) -> None:
        """Take in a batch.

        Parameters
        ----------
        windows
            Shape (batch, length, width).
        z
            Pre-activations after the last row of each, shape (batch, units).

        Raises
        ------
        TypeError
            If an argument is not an array of numbers.
        ValueError
            If a shape does not fit the other or the batches before, the batch is empty, or a
            number is not finite.
        """
        shape = self.shape if self.count else (None, None)
        x = _numbers(windows, (None, *shape), "windows")
        units = len(self.total) if self.count else None
        pre = _numbers(z, (len(x), units), "z")
        if not pre.size or not x.size:
            raise ValueError("the batch is empty: give at least one window and one unit")
        if not self.count:
            self._begin(x.shape[1:], pre.shape[1])
        if max(float(np.abs(x).max()), float(np.abs(pre).max())) > 1e15:
            raise ValueError(
                "windows and z should be at most 1e15, so that sums of them can be"
            )
        flat, weights = x.reshape(len(x), -1), np.maximum(pre, 0)
        self.count += len(x)
        self.pixels += flat.sum(axis=0, dtype=np.float64)
        self.total += weights.sum(axis=0, dtype=np.float64)
        self.weighted += weights.T @ flat
        if self.whiten:
            self.products += flat.T @ flat
        best = pre.argmax(axis=0)
        highest = pre[best, np.arange(len(best))]
        better = highest > self.highest
        self.highest[better] = highest[better]
        self.maximal[better] = x[best[better]]

    def _begin(self, shape: tuple[int, ...], units: int) -> None:
        size = int(np.prod(shape))
        self.shape = shape
        self.pixels, self.total = np.zeros(size), np.zeros(units)
        self.weighted = np.zeros((units, size))
        self.products = np.zeros((size, size)) if self.whiten else None
        self.highest, self.maximal = np.full(units, -np.inf), np.zeros((units, *shape))

    def mean(self) -> Array:
        """Return the mean window, shape (length, width)."""
        self._need()
        return (self.pixels / self.count).reshape(self.shape)

    def covariance(self) -> Array:
        """Return the covariance of the pixels, shape (length x width, length x width).

        Raises
        ------
        ValueError
            If no window was taken in, or ``whiten`` is False.
        """
        self._need()
        if self.products is None:
            raise ValueError("no covariance was collected: make Features(whiten=True)")
        mean = self.pixels / self.count
        return self.products / self.count - np.outer(mean, mean)

    def raw(self, units: ArrayLike | None = None) -> Array:
        """Average the windows with a unit's weights: the sum of w x over the sum of w.

        Parameters
        ----------
        units
            Which units; all if None.

        Returns
        -------
        numpy.ndarray
            Shape (units, length, width).

        Raises
        ------
        TypeError
            If ``units`` is no list of whole numbers.
        ValueError
            If no window was taken in, there is no such unit, or it never had a positive
            pre-activation.
        """
        self._need()
        count = len(self.total)
        chosen = np.arange(count) if units is None else real(units, "units")
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise TypeError(
                f"units should be a list of whole numbers, got shape {chosen.shape} of "
                f"{chosen.dtype}"
            )
        chosen = chosen.astype(np.int64)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= count):
            raise ValueError(f"units should lie in 0 .. {count - 1}, got {chosen.tolist()}")
        if dead := [int(unit) for unit in chosen if self.total[unit] == 0]:
            raise ValueError(
                f"units {dead} never had a positive pre-activation, so they have no weighted "
                "average: leave them out with units=..., or show more windows"
            )
        return (self.weighted[chosen] / self.total[chosen, np.newaxis]).reshape(-1, *self.shape)

    def centred(self, units: ArrayLike | None = None) -> Array:
        """Subtract the mean window from :meth:`raw`, whose arguments and errors it shares."""
        return self.raw(units) - self.mean()

    def whitened(self, units: ArrayLike | None = None, *, ridge: float = 0.01) -> Array:
        """Undo the correlations of the pixels: (C + r I)^-1 applied to :meth:`centred`.

        C is the covariance of the pixels, and r is ``ridge`` times their mean variance. Up to
        a factor this is a ridge regression of the weight on the pixels. For Gaussian windows
        and a unit z = x k + b its limit, as the ridge goes to 0, is a multiple of k
        (Bussgang 1952); for others it is an approximation.

        Parameters
        ----------
        units
            Which units; all if None.
        ridge
            A number above 0. Pixels that never vary make C singular.

        Returns
        -------
        numpy.ndarray
            Shape (units, length, width); the scale has no meaning.

        Raises
        ------
        TypeError
            As :meth:`raw`; or if ``ridge`` is no number.
        ValueError
            As :meth:`raw` and :meth:`covariance`; or if ``ridge`` is not above 0 or is above
            1e15.
        """
        if not 0 < number(ridge, "ridge") <= 1e15:
            raise ValueError(f"ridge should be above 0 and at most 1e15, got {ridge}")
        centred = self.centred(units).reshape(-1, len(self.pixels))
        C = self.covariance()
        loaded = C + ridge * np.trace(C) / len(C) * np.eye(len(C))
        return np.linalg.solve(loaded, centred.T).T.reshape(-1, *self.shape)

    def _need(self) -> None:
        if not self.count:
            raise ValueError("no window was taken in: call add first")

    def __repr__(self) -> str:
        units = len(self.total) if self.count else 0
        return f"Features of {units} units from {self.count} windows"


def selectivity(activity: ArrayLike, labels: ArrayLike) -> Array:
    """Say how well each unit tells each class from the rest.

    The measure is the area under the ROC curve (AUC): the probability that a random window of
    the class moves the unit more than a random window of the rest, ties counted half. It is
    the Mann-Whitney statistic over the number of pairs.

    Parameters
    ----------
    activity
        Shape (count, units).
    labels
        Whole numbers, shape (count,).

    Returns
    -------
    numpy.ndarray
        Shape (units, classes), the classes in increasing order: 1/2 says nothing, 1 says that
        every window of the class is above every other.

    Raises
    ------
    TypeError
        If the activity is not numbers.
    ValueError
        If shapes do not fit, or there are fewer than two classes.

    Examples
    --------
    >>> selectivity([[1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1])
    array([[0., 1.]])
    """
    names = real(labels, "labels")
    if not np.isfinite(names).all():
        raise ValueError("labels should be finite, got NaN or infinity")
    values = _numbers(activity, (names.size, None), "activity")
    classes = np.unique(names)
    if names.ndim != 1 or len(classes) < 2:
        raise ValueError(
            "labels should have shape (count,) and two classes or more, got "
            f"{names.shape} with {len(classes)}"
        )
    ranks = rankdata(values, axis=0)
    member = (names[:, np.newaxis] == classes).astype(float)
    inside = member.sum(axis=0)
    return (ranks.T @ member - inside * (inside + 1) / 2) / (inside * (len(names) - inside))
