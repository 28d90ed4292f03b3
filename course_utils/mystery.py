"""Small trained networks without labels: the boxes of chapter 22.

A box reads the letters a, b, c and d, and says a whole number after each. ``tools/mystery.py``
of the course trained them, as it says at the top, and trains others for a class. What a box
computes is not written down here, nor in the file of weights.

NumPy alone runs them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.arguments import array
from course_utils.gates import Block, Gates, Trace

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

LETTERS = "abcd"
"""What a box reads."""

NAMES = "ABCDEF"
"""The boxes that an exercise asks about; G is the one that the chapter opens."""

_FILE = Path(__file__).with_name("mystery.json")
_now: dict[str, Any] = {"file": _FILE, "sealed": False}


class Sealed(RuntimeError):
    """A box was asked while a check asks the learner's program alone."""


class Reading(NamedTuple):
    """What a box did with a text.

    ``states`` after each letter, shape (letters, size), and what it then ``says``, (letters,).
    """

    states: Array
    says: Whole


class Cell(Gates):
    """The cell of a box, which runs only while the boxes are not sealed."""

    def trace(self, *args: Any, **kwargs: Any) -> Trace:
        """Run the cell, as that of any gates does."""
        if _now["sealed"]:
            raise Sealed("the boxes are sealed while your program is asked: it has to know")
        return super().trace(*args, **kwargs)


@dataclass(frozen=True, eq=False, repr=False)
class Box:
    """A network without a label: a cell, a readout, and strings that it was trained on.

    After each letter the box says V . h + v, as a whole number: rounded, or, for a box that
    only says yes (1) or no (0), 1 where it is above 1/2. The state of an LSTM is h and c side
    by side, of any other cell h.

    Parameters
    ----------
    cell
        A layer of four features, one for each of ``LETTERS``, that reads the first of them.
    V, v
        The readout, shape (units,), and its bias.
    yes_no
        Whether the box says 1 or 0 only.
    sheet
        Some of the strings that it was trained on. It answers them as its trainer wanted.

    Examples
    --------
    >>> box = boxes()["G"]
    >>> box
    Box(RNN of 8 units, tanh, says numbers)
    >>> box.read("abc").states.shape
    (3, 8)
    """

    cell: Gates
    V: Array
    v: float
    yes_no: bool
    sheet: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many numbers the state has."""
        return self.cell.units * (2 if self.cell.cell == "LSTM" else 1)

    def __repr__(self) -> str:
        says = "yes (1) or no (0)" if self.yes_no else "numbers"
        cell = self.cell
        return f"Box({cell.cell} of {cell.units} units, {cell.activation}, says {says})"

    def read(self, text: str, state: ArrayLike | None = None) -> Reading:
        """Read a text, from a state of shape (size,), or from zeros.

        Examples
        --------
        >>> box = boxes()["G"]
        >>> whole = box.read("abcd")
        >>> rest = box.read("cd", whole.states[1])
        >>> bool(np.allclose(rest.states, whole.states[2:]))
        True
        """
        first = None if state is None else array(state, "state", (self.size,))[np.newaxis]
        states = self.run([text], first)[0]
        return Reading(states, self.says(states))

    def run(self, texts: list[str], states: ArrayLike | None = None) -> Array:
        """Return the states after each letter of texts of one length, (texts, letters, size).

        ``states`` before the first letter have shape (texts, size).
        """
        x = np.array([one_hot(text) for text in texts])
        before = np.zeros((len(texts), self.size)) if states is None else states
        first = array(before, "states", (len(texts), self.size), np.float64)
        if not x.shape[1]:
            return np.zeros((len(texts), 0, self.size))
        if self.cell.cell == "LSTM":
            trace = self.cell.trace(x, *np.split(first, 2, axis=1))
            assert trace.c is not None
            return np.concatenate([trace.h, trace.c], axis=-1)
        return self.cell.trace(x, first).h

    def says(self, states: ArrayLike) -> Whole:
        """Return what the box says in states of shape (..., size): whole numbers, (...)."""
        given = np.asarray(states, np.float64)
        if given.shape[-1:] != (self.size,):
            raise ValueError(f"states should have shape (..., {self.size}), got {given.shape}")
        value = given[..., : self.cell.units] @ self.V + self.v
        said: Whole = (value > 0.5 if self.yes_no else np.rint(value)).astype(np.int64)
        return said


def one_hot(text: str) -> Array:
    """Return the letters of a text, shape (letters, 4).

    Examples
    --------
    >>> one_hot("ca")
    array([[0., 0., 1., 0.],
           [1., 0., 0., 0.]])
    """
    if odd := sorted(set(text) - set(LETTERS)):
        raise ValueError(f"a box reads the letters {LETTERS}, not {odd[0]!r}")
    return np.eye(len(LETTERS))[[LETTERS.index(letter) for letter in text]]


def boxes() -> dict[str, Box]:
    """Return the boxes by their names: A to F, and G.

    Examples
    --------
    >>> "".join(boxes())
    'ABCDEFG'
    """
    six, course = _read(_now["file"]), _read(_FILE)
    return {**six, **{name: box for name, box in course.items() if name not in NAMES}}


def use(file: str | PathLike[str] | None = None) -> None:
    """Take the boxes A to F from another file from here on: :func:`boxes` and all checks.

    Teachers make such files, for example ``boxes-7.json``. Without a name it is the course's.
    """
    if file is None:
        _now["file"] = _FILE
        return
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}: put it beside the notebook")
    found = _read(path)
    if missing := [name for name in NAMES if name not in found]:
        raise ValueError(f"{path} has no box {missing[0]}")
    _now["file"] = path


@contextmanager
def sealed() -> Iterator[None]:
    """Let no box answer in here: what a check asks has to come from the learner's program."""
    before = _now["sealed"]
    _now["sealed"] = True
    try:
        yield
    finally:
        _now["sealed"] = before


def unpack(weights: Mapping[str, Any]) -> Box:
    """Return a box from what the file of weights holds about it."""
    W, U, b = (np.array(weights[name], float) for name in "WUb")
    names = ("input", "forget", "cell", "output") if weights["cell"] == "LSTM" else ("state",)
    parts = zip(*(np.split(part, len(names), axis=-1) for part in (W, U, b)), strict=True)
    blocks = {name: Block(*part) for name, part in zip(names, parts, strict=True)}
    cell = Cell(weights["cell"], blocks, activation=weights["activation"])
    V = np.array(weights["V"], float)
    V.setflags(write=False)  # every call of boxes() hands out the same box
    return Box(cell, V, float(weights["v"]), weights["yes_no"], tuple(weights["sheet"]))


def _read(path: Path) -> dict[str, Box]:
    return _unpacked(path.read_text("utf-8"))


@cache
def _unpacked(text: str) -> dict[str, Box]:
    return {name: unpack(weights) for name, weights in json.loads(text).items()}
