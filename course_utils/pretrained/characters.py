"""Two LSTM layers that continue a line of text, character by character."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.arguments import array
from course_utils.gates import Gates, Trace, read_gates
from course_utils.gates.modules import Array

WINDOW = 40
"""How many characters the network reads before it says the next one."""
START = "<s>"
"""Begins and ends every line; counts as one character."""


class Reading(NamedTuple):
    """What the network computed over windows: the traces of both layers, and the next one.

    ``attention`` (lines, 40) is how much each step of a window counts, ``next`` (lines, 465)
    the probability of each character after the window.
    """

    first: Trace
    second: Trace
    attention: Array
    next: Array


@dataclass(frozen=True, eq=False)
class CharacterNetwork:
    """An embedding, two LSTM layers, and an average over 40 steps that says what comes next.

    ``E`` (465, 100) embeds the characters, 0 is for none. With x, h of the first and h of the
    second layer side by side, 356 numbers a step, the step's weight in the average is the
    softmax of ``attention`` (356,), and the average times ``V`` (356, 465) plus ``v`` (465,)
    gives the scores of the next character. ``numbers`` says which row each character has.

    Examples
    --------
    >>> from course_utils import pretrained
    >>> network = pretrained.character_network()
    >>> after = network.read(["What is the best wa"]).next[0]
    >>> network.characters[after.argmax()]
    'y'
    """

    first: Gates
    second: Gates
    E: Array
    attention: Array
    V: Array
    v: Array
    numbers: dict[str, int]

    @classmethod
    def load(cls, weights: Path, vocabulary: Path) -> "CharacterNetwork":
        """Read the network from the two files of textgenrnn."""
        first, second = read_gates(weights, "rnn_1"), read_gates(weights, "rnn_2")
        assert isinstance(first, Gates)
        assert isinstance(second, Gates)
        with import_module("h5py").File(weights) as file:
            E = file["embedding/embedding/embeddings:0"][()]
            attention = file["attention/attention/attention_W:0"][()]
            V, v = (file[f"output/output/{name}:0"][()] for name in ("kernel", "bias"))
        numbers = json.loads(vocabulary.read_text("utf-8"))
        return cls(first, second, E, attention[:, 0], V, v, numbers)

    @property
    def characters(self) -> list[str]:
        """The characters in the order of their rows; the first is none."""
        return ["", *sorted(self.numbers, key=self.numbers.__getitem__)]

    def windows(self, lines: Sequence[str]) -> Array:
        """Return the last 40 characters of each line, as rows of ``E``, shape (lines, 40).

        A line begins with ``START``; rows of none fill a window from the left. A character
        that the network does not know counts as none.
        """
        found = np.zeros((len(lines), WINDOW), int)
        for row, line in zip(found, lines, strict=True):
            characters = [START, *line][-WINDOW:]
            row[WINDOW - len(characters) :] = [self.numbers.get(c, 0) for c in characters]
        return found

    def read(self, lines: Sequence[str], c: object = None) -> Reading:
        """Read the window of each line, from a cell state ``c`` (128,) of the first layer.

        Every window starts afresh: without ``c`` all states are 0 before its first step.
        """
        x = self.E[self.windows(lines)]
        units = self.first.units
        start = np.zeros(units) if c is None else array(c, "c", (units,))
        c0 = np.tile(start, (len(x), 1))
        first = self.first.trace(x, None, c0)
        second = self.second.trace(first.h)
        steps = np.concatenate([x, first.h, second.h], axis=-1)
        weights = softmax(steps @ self.attention)
        average = (weights[..., np.newaxis] * steps).sum(axis=1)
        return Reading(first, second, weights, softmax(average @ self.V + self.v))


def softmax(scores: Array) -> Array:
    """Return exp(scores), divided by their sum over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
