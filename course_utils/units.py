"""What a hidden unit likes to see: windows of rows, weighted averages, roll-forward.

Chapter 12 teaches it, on the network of :func:`course_utils.networks.row_rnn`. Nothing here
needs a framework. Windows travel in batches, so 60,000 images never lie in memory as windows.
The averages are what neuroscience calls spike-triggered averages (Schwartz, Pillow, Rust and
Simoncelli, "Spike-triggered neural characterization", Journal of Vision, 2006).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.special import expit

from course_utils.arguments import array, number, whole
from course_utils.data import Floats, Ints

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class RowRNN:
    """A network of sigmoid units that reads rows and predicts the next, in NumPy.

    With s the logistic sigmoid, z_t = x_t W + h_{t-1} U + b, h_t = s(z_t), and the prediction
    of x_{t+1} is s(h_t V + c). The shapes are (features, units), (units, units) and (units,)
    for W, U and b, (units, features) and (features,) for V and c.

    Examples
    --------
    >>> rnn = RowRNN(W=[[1.0]], U=[[0.0]], b=[0.0], V=[[2.0]], c=[-1.0])
    >>> z, h = rnn.run([[[0.0], [2.0]]])
    >>> z[0, :, 0], h[0, 0, 0]
    (array([0., 2.]), np.float64(0.5))
    >>> rnn.predict([0.5])
    array([0.5])
    >>> rnn.roll(h[:, -1], steps=3).shape
    (1, 3, 1)
    """

    W: Array
    U: Array
    b: Array
    V: Array
    c: Array

    def __post_init__(self) -> None:
        features, units = array(self.W, "W", (None, None)).shape
        shapes = {"W": (features, units), "U": (units, units), "b": (units,)}
        for name, shape in (shapes | {"V": (units, features), "c": (features,)}).items():
            object.__setattr__(self, name, array(getattr(self, name), name, shape))

    @classmethod
    def from_torch(cls, network: Mapping[str, Any], dtype: DTypeLike = np.float32) -> "RowRNN":
        """Copy the weights of :func:`course_utils.networks.row_rnn`, by the names W, ..., c.

        float32 halves the time and the memory of float64.

        Examples
        --------
        >>> from course_utils.networks import row_rnn
        >>> RowRNN.from_torch(row_rnn(updates=0))
        RowRNN of 169 units on rows of 28
        """
        return cls(**{k: network[k].detach().numpy().astype(dtype) for k in "WUbVc"})

    def run(
        self,
        rows: ArrayLike,
        start: ArrayLike | None = None,
        hold: Mapping[int, float] | None = None,
    ) -> tuple[Array, Array]:
        """Read rows of shape (batch, steps, features).

        Returns pre-activations z and hidden states h, both of shape (batch, steps, units).
        ``start`` is the state before the first row, shape (batch, units), by default zero.
        ``hold`` gives values by unit: after each step these units are set to them, an ablation.
        """
        x = array(rows, "rows", (None, None, len(self.W)))
        batch, steps, _ = x.shape
        nothing = np.zeros((batch, len(self.b)), self.b.dtype)
        state = nothing if start is None else array(start, "start", nothing.shape)
        held = hold or {}
        z = x @ self.W + self.b
        h = np.empty_like(z)
        for t in range(steps):
            z[:, t] += state @ self.U
            state = expit(z[:, t])
            state[:, list(held)] = list(held.values())
            h[:, t] = state
        return z, h

    def predict(self, h: ArrayLike) -> Array:
        """Guess the row that follows a state: (..., units) gives (..., features), 0 to 1."""
        return expit(array(h, "h") @ self.V + self.c)

    def roll(
        self, start: ArrayLike, steps: int = 10, hold: Mapping[int, float] | None = None
    ) -> Array:
        """Roll forward: feed each predicted row back as the next input.

        ``start`` is the state after the last real row, shape (batch, units). The rows that come
        back have shape (batch, steps, features). ``hold`` is as in :meth:`run`, and holds for
        ``start`` too.
        """
        state = np.array(array(start, "start", (None, len(self.b))))
        held = hold or {}
        state[:, list(held)] = list(held.values())
        rows = []
        for _ in range(steps):
            rows.append(self.predict(state))
            state = self.run(rows[-1][:, np.newaxis], state, hold)[1][:, -1]
        return np.stack(rows, axis=1)

    def __repr__(self) -> str:
        return f"RowRNN of {len(self.b)} units on rows of {len(self.c)}"


def draw_starts(count: int, length: int = 10, *, seed: int = 0) -> Ints:
    """Draw the first row of a window for each image, uniform over all that fit.

    A window has ``length`` of the 28 rows of an image.

    Examples
    --------
    >>> starts = draw_starts(1000)
    >>> int(starts.min()), int(starts.max())
    (0, 18)
    """
    last = 28 - whole(length, "length", 1, 28)
    return np.random.default_rng(seed).integers(0, last + 1, count)


def windows(
    images: ArrayLike, starts: ArrayLike, length: int = 10, *, batch: int = 1000
) -> Iterator[Floats]:
    """Cut one window of consecutive rows out of each image, a batch at a time.

    The images have shape (count, height, width); ``starts`` are the first rows of the windows,
    shape (count,), as from :func:`draw_starts`. What comes has shape (at most batch, length,
    width) and float32 numbers, in the order of the images.

    Examples
    --------
    >>> [part.shape for part in windows(np.zeros((5, 28, 28)), [0, 1, 2, 3, 18], batch=2)]
    [(2, 10, 28), (2, 10, 28), (1, 10, 28)]
    """
    pictures = array(images, "images", (None, None, None), np.float32)
    first = array(starts, "starts", pictures.shape[:1], np.int64)
    if first.size and (first.min() < 0 or first.max() + length > pictures.shape[1]):
        raise ValueError(
            f"a window of {length} rows should start at 0 .. {pictures.shape[1] - length}, got "
            f"starts from {first.min()} to {first.max()}"
        )
    rows = first[:, np.newaxis] + np.arange(length)
    places = np.arange(len(pictures))[:, np.newaxis]
    parts = (slice(k, k + batch) for k in range(0, len(pictures), batch))
    return (pictures[places[part], rows[part]] for part in parts)


class Features:
    """Averages of windows, weighted by a unit's pre-activation, collected batch by batch.

    The weight of a window for a unit is w = max(z, 0), with z the unit's pre-activation after
    the last row. Chapter 12 teaches what the averages show and what they do not. With
    ``whiten=True`` it collects the covariance of the pixels too, which :meth:`whitened` needs
    and which costs about twice the time of the averages.

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
        self.whiten = whiten
        self.count = 0

    def add(self, windows: ArrayLike, z: ArrayLike) -> None:
        """Take in a batch: windows (batch, length, width), pre-activations (batch, units).

        ``z`` is that after the last row of each window.
        """
        x = array(windows, "windows", (None, *(self.shape if self.count else (None, None))))
        pre = array(z, "z", (len(x), len(self.total) if self.count else None))
        if not len(x):
            raise ValueError("the batch is empty: give at least one window")
        if not self.count:
            self._begin(x.shape[1:], pre.shape[1])
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
        if not self.count:
            raise ValueError("no window was taken in: call add first")
        return (self.pixels / self.count).reshape(self.shape)

    def covariance(self) -> Array:
        """Return the covariance of the pixels, shape (length x width, length x width)."""
        mean = self.mean().ravel()
        if self.products is None:
            raise ValueError("no covariance was collected: make Features(whiten=True)")
        return self.products / self.count - np.outer(mean, mean)

    def raw(self, units: ArrayLike | None = None) -> Array:
        """Average the windows with a unit's weights: the sum of w x over the sum of w.

        ``units`` says which units, by default all. The result has shape (units, length, width).
        """
        self.mean()  # needs a window as well
        chosen = np.arange(len(self.total)) if units is None else np.asarray(units)
        if dead := [int(unit) for unit in chosen if self.total[unit] == 0]:
            raise ValueError(
                f"units {dead} never had a positive pre-activation, so they have no weighted "
                "average: leave them out with units=..., or show more windows"
            )
        return (self.weighted[chosen] / self.total[chosen, np.newaxis]).reshape(-1, *self.shape)

    def centred(self, units: ArrayLike | None = None) -> Array:
        """Subtract the mean window from :meth:`raw`, whose argument it shares."""
        return self.raw(units) - self.mean()

    def whitened(self, units: ArrayLike | None = None, *, ridge: float = 0.01) -> Array:
        """Undo the correlations of the pixels: (C + r I)^-1 applied to :meth:`centred`.

        C is the covariance of the pixels, and r is ``ridge`` times their mean variance; without
        a ridge, pixels that never vary make C singular. The scale of the result has no meaning:
        up to a factor this is a ridge regression of the weight on the pixels. For Gaussian
        windows and a unit z = x k + b its limit, as the ridge goes to 0, is a multiple of k
        (Bussgang 1952); for others it is an approximation.
        """
        if number(ridge, "ridge") <= 0:
            raise ValueError(f"ridge should be above 0, got {ridge}")
        centred = self.centred(units).reshape(-1, len(self.pixels))
        C = self.covariance()
        loaded = C + ridge * np.trace(C) / len(C) * np.eye(len(C))
        return np.linalg.solve(loaded, centred.T).T.reshape(-1, *self.shape)

    def __repr__(self) -> str:
        units = len(self.total) if self.count else 0
        return f"Features of {units} units from {self.count} windows"


def selectivity(activity: ArrayLike, labels: ArrayLike) -> Array:
    """Say how well each unit tells each class from the rest.

    The measure is the area under the ROC curve (AUC): the probability that a random window of
    the class moves the unit more than a random window of the rest, ties counted half. It is
    the Mann-Whitney statistic over the number of pairs.

    ``activity`` has shape (count, units), ``labels`` (count,). The areas have shape (units,
    classes), the classes in increasing order: 1/2 says nothing, 1 says that every window of the
    class is above every other.

    Examples
    --------
    >>> selectivity([[1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1])
    array([[0., 1.]])
    """
    names = array(labels, "labels", (None,))
    values = array(activity, "activity", (len(names), None))
    classes = np.unique(names)
    if len(classes) < 2:
        raise ValueError(f"labels should name two classes or more, got {len(classes)}")
    from scipy.stats import rankdata  # here, as it takes longer than all other imports

    ranks = rankdata(values, axis=0)
    member = (names[:, np.newaxis] == classes).astype(float)
    inside = member.sum(axis=0)
    return (ranks.T @ member - inside * (inside + 1) / 2) / (inside * (len(names) - inside))
