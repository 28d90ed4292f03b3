"""Draw the top of a digit, and the row network of chapter 12 draws the rest."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course_utils.units import Features, RowRNN

KEPT = 5
"""Bytes of a float64 that travel: sign, exponent and 28 of 52 bits of the fraction."""


class DrawTheTop(LiveFigure):
    """The row network of chapter 12: draw rows, and it rolls forward from them.

    Beside the drawing stands a grid of the units. The reader picks one to see its features, its
    best windows and what it expects next, and removes it: its h is then held at its mean, or at
    0, after every step.

    The weights travel with 40 of their 64 bits, so they are right to a part in 2^29. That
    float32 would not do: rolled forward, the network makes small differences larger, in a few
    images to more than 1e-5.

    Parameters
    ----------
    rnn
        The network, a :class:`course_utils.units.RowRNN`.
    seen
        The averages of its windows, collected with ``whiten=True``.
    digits
        Images to start from, by the name that the reader chooses from: each of shape (height,
        width), from 0 to 1. The first is there at the start.
    best
        The windows of highest pre-activation for each unit, the best first, shape (units,
        count, length, width), from 0 to 1; by default the best that ``seen`` met.
    means
        The mean h of each unit, shape (units,), at which a removed unit may be held; without
        it, at 0 only.
    rows
        How many rows of the digit are there at the start.

    Examples
    --------
    >>> from course_utils import units
    >>> rng = np.random.default_rng(0)
    >>> rnn = units.RowRNN(
    ...     W=rng.normal(size=(28, 9)), U=rng.normal(size=(9, 9)), b=np.zeros(9),
    ...     V=rng.normal(size=(9, 28)), c=np.zeros(28))
    >>> seen, windows = units.Features(whiten=True), rng.random((50, 10, 28))
    >>> seen.add(windows, rnn.run(windows)[0][:, -1])
    >>> DrawTheTop(rnn, seen, {"noise": rng.random((28, 28))})
    <LiveFigure DrawTheTop: Draw the top, the network draws the rest>
    """

    script = "draw_the_top.js"
    title = "Draw the top, the network draws the rest"
    size = (plotting.WIDTH, 4.2)

    def __init__(
        self,
        rnn: "RowRNN",
        seen: "Features",
        digits: Mapping[str, ArrayLike],
        best: ArrayLike | None = None,
        means: ArrayLike | None = None,
        rows: int = 10,
    ) -> None:
        self.rnn = rnn
        width, units = rnn.W.shape
        if not digits:
            raise ValueError("digits is empty: give at least one image by a name")
        self.digits = {
            name: _pixels(f"digit {name!r}", image, (None, width))
            for name, image in digits.items()
        }
        heights = {len(image) for image in self.digits.values()}
        if len(heights) > 1:
            raise ValueError(f"all digits should have the same height, got {sorted(heights)}")
        self.height = heights.pop()
        self.rows = whole(rows, "rows", 1, self.height - 1)
        self.mean = seen.mean()
        if self.mean.shape[1] != width or len(seen.total) != units:
            raise ValueError(
                f"seen should hold windows of width {width} for {units} units, got "
                f"{self.mean.shape} for {len(seen.total)}"
            )
        # A unit whose pre-activation was never above 0 has no average: its pictures stay empty.
        self.averaged = np.flatnonzero(seen.total > 0)
        shape = units, *self.mean.shape
        self.centred, self.whitened, self.expected = (np.zeros(shape) for _ in range(3))
        if len(self.averaged):
            self.centred[self.averaged] = seen.centred(self.averaged)
            self.whitened[self.averaged] = seen.whitened(self.averaged)
            _, h = rnn.run(seen.raw(self.averaged).astype(rnn.W.dtype))
            self.expected[self.averaged] = rnn.roll(h[:, -1], len(self.mean))
        self.means = None if means is None else finite("means", means, (units,))
        self.best = _pixels(
            "best",
            seen.maximal[:, np.newaxis] if best is None else best,
            (units, None, *self.mean.shape),
        )

    def data(self) -> dict[str, Any]:
        """Return the weights, the digits, and the pictures of each unit in bytes."""
        count, *_, length, width = self.best.shape
        flat = self.best.reshape(-1, length, width)
        windows, which = np.unique(np.rint(255 * flat), axis=0, return_inverse=True)
        return {
            "height": self.height,
            "width": width,
            "length": length,
            "units": count,
            "rows": self.rows,
            "weights": {name: pack(getattr(self.rnn, name)) for name in "WUbVc"},
            "digits": [[name, _bytes(255 * image)] for name, image in self.digits.items()],
            "means": self.means,
            "averaged": self.averaged,
            "mean": np.round(self.mean.ravel(), 4),
            "centred": _signed(self.centred),
            "whitened": _signed(self.whitened),
            "expected": _bytes(255 * self.expected),
            "windows": _bytes(windows),
            "best": which.reshape(count, -1),
        }

    def completed(self) -> np.ndarray:
        """Return the first digit's upper rows with what the network adds, (height, width)."""
        top = next(iter(self.digits.values()))[: self.rows]
        _, h = self.rnn.run(top[np.newaxis].astype(self.rnn.W.dtype))
        rest = self.rnn.roll(h[:, -1], self.height - self.rows)[0]
        return np.vstack([top, rest])

    def alt(self) -> str:
        """Describe the completed digit and the grid."""
        side = _side(len(self.centred))
        lower = self.completed()[self.rows :].mean()
        return (
            f"Left, the upper {self.rows} rows of {next(iter(self.digits))}, a dashed line, "
            f"and below it the {self.height - self.rows} rows that the network adds, with a "
            f"mean ink of {lower:.2f}. Right, a grid of {side} by {side} small pictures, one a "
            f"unit: its average window minus the mean window. {len(self.averaged)} of "
            f"{len(self.centred)} units have one; the fields of the others are empty."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the completed digit and the centred features."""
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.35])
        left.imshow(self.completed(), cmap="gray_r", vmin=0, vmax=1)
        left.axhline(self.rows - 0.5, color=plotting.COLOURS["vermilion"], linestyle="--")
        left.set_title(f"{self.rows} rows given", fontsize=11)
        units, length, width = self.centred.shape
        side = _side(units)
        tall, wide = length + 3, width + 3
        sheet = np.full((side * tall, side * wide), np.nan)
        for unit in self.averaged:
            row, column = divmod(int(unit), side)
            picture = self.centred[unit] / (np.abs(self.centred[unit]).max() or 1)
            place = np.s_[
                row * tall : row * tall + length, column * wide : column * wide + width
            ]
            sheet[place] = picture
        right.imshow(sheet, cmap="RdBu", vmin=-1, vmax=1, aspect=2)
        right.set_title("what each unit likes, minus the mean", fontsize=11)
        for ax in (left, right):
            ax.set(xticks=[], yticks=[])
            ax.grid(False)


def pack(array: ArrayLike) -> str:
    """Return the upper 40 bits of float64 numbers, rounded, in base64.

    Parameters
    ----------
    array
        Numbers of any shape; they travel in C order.

    Returns
    -------
    str
        Five bytes a number, little-endian.

    Examples
    --------
    >>> pack([1.0, -2.5])
    'AAAA8D8AAAAEwA=='
    >>> unpack(pack([1.0, -2.5])).tolist()
    [1.0, -2.5]
    """
    numbers = np.ascontiguousarray(array, np.float64).ravel().view(np.uint64)
    dropped = 8 * (8 - KEPT)
    rounded = (
        (numbers + np.uint64(1 << (dropped - 1))) >> np.uint64(dropped) << np.uint64(dropped)
    )
    return _base64(rounded.astype("<u8").view(np.uint8).reshape(-1, 8)[:, 8 - KEPT :])


def unpack(text: str) -> np.ndarray:
    """Return the numbers that :func:`pack` wrote, as the page reads them: shape (count,)."""
    sent = np.frombuffer(b64decode(text), np.uint8).reshape(-1, KEPT)
    eight = np.zeros((len(sent), 8), np.uint8)
    eight[:, 8 - KEPT :] = sent
    return eight.view("<f8")[:, 0]


def _pixels(name: str, value: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    array = finite(name, value, shape)
    if array.size == 0 or array.min() < 0 or array.max() > 1:
        raise ValueError(f"{name} should hold pixels from 0 to 1, got shape {array.shape}")
    return array


def _side(units: int) -> int:
    """Return the side of the grid: 13 for 169 units."""
    return int(np.ceil(np.sqrt(units)))


def _base64(array: np.ndarray) -> str:
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _bytes(values: np.ndarray) -> str:
    """Return numbers from 0 to 255 as bytes."""
    return _base64(np.rint(values).astype(np.uint8))


def _signed(pictures: np.ndarray) -> dict[str, Any]:
    """Return pictures as bytes, each with its own scale: an entry is (byte - 127) scale."""
    scale = np.abs(pictures).max(axis=(1, 2)) / 127
    share = pictures / np.where(scale > 0, scale, 1)[:, np.newaxis, np.newaxis]
    return {"bytes": _bytes(share + 127), "scale": [float(f"{value:.6g}") for value in scale]}
