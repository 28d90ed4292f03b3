"""A GRU that reads a word letter by letter, and a GRU that says it sound by sound."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from course_utils.gates import Gates, read_gates
from course_utils.gates.modules import Array

LETTERS = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
"""What the encoder reads, in the order of its embedding; "</s>" ends a word."""
_VOWELS = re.findall(r"\w+", "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW")
_CONSONANTS = re.findall(r"\w+", "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH")
_STRESSED = [f"{vowel}{stress}" for vowel in _VOWELS for stress in "012"]
SOUNDS = ("<pad>", "<unk>", "<s>", "</s>", *sorted(["UW", *_STRESSED, *_CONSONANTS]))
"""What the decoder says, in the order of its read-out: "<s>" begins, "</s>" ends. The digit of
a vowel is its stress: 1 the main one, 2 a second one, 0 none. (The list has one UW without.)"""
LONGEST = 20
"""How many sounds the authors of the network let it say."""


@dataclass(frozen=True, eq=False)
class SpellingNetwork:
    """An encoder, whose last state is all that the decoder gets, and a decoder.

    ``letters`` (29, 256) and ``sounds`` (74, 256) are the embeddings; the scores of the next
    sound are h W + b with ``W`` (256, 74) and ``b`` (74,).

    Examples
    --------
    >>> from course_utils import pretrained
    >>> network = pretrained.spelling_network()
    >>> network.pronounce(["knight", "ghoti"])
    [('N', 'AY1', 'T'), ('G', 'OW1', 'T', 'IY0')]
    """

    encoder: Gates
    decoder: Gates
    letters: Array
    sounds: Array
    W: Array
    b: Array

    @classmethod
    def read(cls, path: Path) -> "SpellingNetwork":
        """Read the network from checkpoint20.npz of g2p-en."""
        encoder, decoder = read_gates(path, "enc"), read_gates(path, "dec")
        assert isinstance(encoder, Gates)
        assert isinstance(decoder, Gates)
        with np.load(path) as file:
            return cls(
                encoder,
                decoder,
                file["enc_emb"],
                file["dec_emb"],
                file["fc_w"].T.copy(),
                file["fc_b"],
            )

    @cached_property
    def _hear(self) -> "_Step":
        return _Step(self.encoder, self.letters)

    @cached_property
    def _say(self) -> "_Step":
        return _Step(self.decoder, self.sounds)

    def hear(self, h: Array, letters: Array) -> Array:
        """Return h (batch, 256) after one more letter each, numbers (batch,) in ``LETTERS``."""
        return self._hear(h, letters)

    def say(self, h: Array, sounds: Array) -> tuple[Array, Array]:
        """Return h after the sounds said last (batch,), and scores of the next (batch, 74)."""
        h = self._say(h, sounds)
        return h, h @ self.W + self.b

    def encode(self, words: Sequence[str]) -> Array:
        """Return the state (words, 256) after all letters and the end mark of each word."""
        read = [[*_numbers(word), LETTERS.index("</s>")] for word in words]
        h = np.zeros((len(read), self.encoder.units), self.encoder.dtype)
        lengths = np.array([len(letters) for letters in read], int)
        for t in range(lengths.max(initial=0)):
            (on,) = np.nonzero(lengths > t)
            h[on] = self.hear(h[on], np.array([read[i][t] for i in on]))
        return h

    def decode(self, h: Array) -> list[tuple[str, ...]]:
        """Return the sounds that score highest, one by one, from states (batch, 256)."""
        said: list[list[str]] = [[] for _ in h]
        going, last = np.arange(len(h)), np.full(len(h), SOUNDS.index("<s>"))
        for _ in range(LONGEST):
            h, scores = self.say(h, last)
            last = scores.argmax(axis=1)
            on = last != SOUNDS.index("</s>")
            going, h, last = going[on], h[on], last[on]
            for i, sound in zip(going, last, strict=True):
                said[i].append(SOUNDS[sound])
        return [tuple(sounds) for sounds in said]

    def pronounce(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the sounds of each word, as the network says it."""
        return self.decode(self.encode(words))


class _Step:
    """One step of a GRU whose inputs are rows of a table: x W + b is computed once a row."""

    def __init__(self, gates: Gates, table: Array) -> None:
        blocks = [gates.blocks[name] for name in ("update", "reset", "candidate")]
        W, U, b, c = (
            np.hstack([getattr(block, name) for block in blocks])
            for name in ("kernel", "recurrent", "bias", "recurrent_bias")
        )
        self.inputs, self.U, self.b = table @ W + b, U, c

    def __call__(self, h: Array, rows: Array) -> Array:
        n = h.shape[1]
        x, own = self.inputs[rows], h @ self.U + self.b
        gates = 0.5 + 0.5 * np.tanh(0.5 * (x[:, : 2 * n] + own[:, : 2 * n]))  # the sigmoid
        z, r = gates[:, :n], gates[:, n:]
        candidate = np.tanh(x[:, 2 * n :] + r * own[:, 2 * n :])
        return candidate + z * (h - candidate)


def _numbers(word: str) -> list[int]:
    """Return the places of the letters of a word in ``LETTERS``."""
    if odd := sorted(set(word) - set(LETTERS[3:])):
        raise ValueError(f"the network reads the letters a to z in lower case, got {odd}")
    return [LETTERS.index(letter) for letter in word]
