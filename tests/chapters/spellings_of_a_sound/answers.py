"""Answers to the exercises of chapter 16, each with what its check says."""

from itertools import pairwise
from string import ascii_lowercase

import numpy as np


def many(hear, h, letters):
    """Right, with a call for each letter."""
    states = [hear(h, np.full(len(h), letter)) for letter in letters]
    return np.stack(states, axis=1).reshape(-1, h.shape[1])


def indexed(hear, h, letters):
    place = np.arange(len(h) * len(letters))
    return hear(h[place // len(letters)], letters[place % len(letters)])


def places(word):
    return [ascii_lowercase.index(letter) for letter in word]


def total(logs, at):
    return sum(logs[i, j] for i, j in pairwise(at))


ANSWERS = {
    "expand": [
        ("right", indexed),
        ("called 2 times", many),
        (
            "in another order",
            lambda hear, h, letters: hear(
                np.tile(h, (len(letters), 1)), np.repeat(letters, len(h))
            ),
        ),
        ("make 2 strings", lambda hear, h, letters: hear(h, letters[: len(h)])),
        ("nothing was heard", lambda hear, h, letters: np.repeat(h, len(letters), axis=0)),
        (
            "hear wants states",
            lambda hear, h, letters: hear(np.repeat(h, len(letters), axis=0), letters),
        ),
        (
            "an array of states",
            lambda hear, h, letters: hear(
                [state for state in h for _ in letters], list(letters) * len(h)
            ),
        ),
        (
            "whole numbers",
            lambda hear, h, letters: hear(
                np.kron(h, np.ones((len(letters), 1))), np.kron(np.ones(len(h)), letters)
            ),
        ),
        (
            "write down which state",
            lambda hear, h, letters: hear(
                np.repeat(h, len(letters), axis=0), np.repeat(letters, len(h))
            ),
        ),
        (
            "hear wants states",
            lambda hear, h, letters: (
                indexed(hear, np.unique(h, axis=0), letters)
                if len(letters) > 1
                else hear(np.unique(h, axis=0), np.tile(letters, len(h)))
            ),
        ),
        (
            "in another order|write down which state",
            lambda hear, h, letters: indexed(hear, np.sort(h, axis=1), letters),
        ),
        (
            "in another order",
            lambda hear, h, letters: indexed(hear, h[np.argsort(h[:, 0])], letters),
        ),
    ],
    "log_prior": [
        ("right", lambda word, logs: total(logs, [26, *places(word), 26])),
        ("before and after", lambda word, logs: total(logs, places(word))),
        ("after the word", lambda word, logs: total(logs, [26, *places(word)])),
        ("before the word", lambda word, logs: total(logs, [*places(word), 26])),
        ("is the row", lambda word, logs: total(logs.T, [26, *places(word), 26])),
        ("a sum of log", lambda word, logs: np.exp(total(logs, [26, *places(word), 26]))),
        (
            "mean over the pairs",
            lambda word, logs: total(logs, [26, *places(word), 26]) / (len(word) + 1),
        ),
        ("pairs, blanks included", lambda word, logs: len(word)),
    ],
}
