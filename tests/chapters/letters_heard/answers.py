"""Answers to the exercises of chapter 15, each with what its check says."""

from collections import Counter
from itertools import pairwise

import numpy as np


def price(wanted, read=None, shift=1, carry=True, axis=1, log=np.log2, shifted=True):
    """Return an answer to exercise 1: softmax, then ``wanted`` of the probabilities."""

    def bits(say, h, said):
        costs, first = np.zeros((len(h), len(said) - 1)), h
        last = np.full(len(h), said[0])
        for k in range(len(said) - 1):
            now = last if read == "own" else np.full(len(h), said[k])
            h, scores = say(h if carry else first, now)
            last = scores.argmax(axis=1)
            if shifted:
                scores = scores - scores.max(axis=axis, keepdims=True)
            weights = np.exp(scores)
            p = weights / weights.sum(axis=axis, keepdims=True)
            costs[:, k] = wanted(np.maximum(p[:, said[k + shift]], 1e-300), log)
        return costs

    return bits


def by_row(say, h, said):
    """Return the prices a row at a time, from differences of scores."""
    rows = []
    for row in h:
        state, prices = row[np.newaxis], []
        for last, sound in pairwise(said):
            state, scores = say(state, np.array([last]))
            prices.append(np.logaddexp.reduce(scores[0] - scores[0, sound]) / np.log(2))
        rows.append(prices)
    return rows


def one_for_all(say, h, said):
    """Hand the decoder one sound for the whole batch, which the chapter's does not take."""
    costs = []
    for last, sound in pairwise(said):
        h, scores = say(h, last)
        costs.append(np.logaddexp.reduce(scores - scores[:, [sound]], axis=1) / np.log(2))
    return np.transpose(costs)


def listed(say, h, said):
    """Hand the decoder a list, and keep the prices at 32 bits."""
    costs = np.zeros((len(h), len(said) - 1), np.float32)
    for k, (last, sound) in enumerate(pairwise(said)):
        h, scores = say(h, [last] * len(h))
        costs[:, k] = np.logaddexp.reduce(scores - scores[:, [sound]], axis=1) / np.log(2)
    return costs


def names(sounds):
    return [sound.rstrip("012") for sound in sounds]


def vowels(sounds):
    return [sound[:-1] for sound in sounds if sound[-1].isdigit()]


def consonants(sounds):
    return [sound for sound in sounds if not sound[-1].isdigit()]


def by_shape(before, after):
    """Say so from the consonants, the places of the vowels, and the vowels."""
    shapes = [["V" if s[-1].isdigit() else s for s in sounds] for sounds in (before, after)]
    changed = [a != b for a, b in zip(vowels(before), vowels(after), strict=False)]
    return shapes[0] == shapes[1] and sum(changed) == 1


def pairs_of(before, after, digits="012"):
    """Return the pairs of sounds that differ, but for these digits of stress."""
    if len(before) != len(after):
        return []
    pairs = zip(before, after, strict=True)
    return [pair for pair in pairs if len({sound.rstrip(digits) for sound in pair}) == 2]


def by_sets(before, after):
    """Compare the sets of vowels, which forget how often one stands there."""
    old, new = set(vowels(before)), set(vowels(after))
    return bool(by_shape(before, after)) and len(old - new) == 1 == len(new - old)


def by_counts(before, after):
    """Count the sounds, which forgets where they stand."""
    old, new = Counter(names(before)), Counter(names(after))
    gone, come = [*(old - new).elements()], [*(new - old).elements()]
    spoken = set(vowels(before)), set(vowels(after))
    return len(gone) == len(come) == 1 and gone[0] in spoken[0] and come[0] in spoken[1]


def first_vowel(before, after):
    """Look at the first vowel alone."""
    changed = pairs_of(before, after)
    return (
        by_shape(before, after) and len(changed) == 1 and vowels(before)[0] != vowels(after)[0]
    )


ANSWERS = {
    "bits": [
        ("right", by_row),
        ("right", listed),
        ("a sound for each", one_for_all),
        ("right", price(lambda p, log: -log(p) * 1.0)),
        ("no price is below 0", price(lambda p, log: log(p))),
        ("natural logarithms", price(lambda p, log: -log(p), log=np.log)),
        ("not yet their price", price(lambda p, log: p)),
        ("not the one that comes next", price(lambda p, log: -log(p), shift=0)),
        ("reads its own choice", price(lambda p, log: -log(p), read="own")),
        ("state should go on", price(lambda p, log: -log(p), carry=False)),
        ("over the sounds, not over", price(lambda p, log: -log(p), axis=0)),
        ("overflows", price(lambda p, log: -log(p), shifted=False)),
        ("take one row", price(lambda p, log: 1 - p)),
        ("is something added to p", price(lambda p, log: -log(p + 1e-8))),
        ("is something added to p", price(lambda p, log: -log(np.maximum(p, 1e-12)))),
        ("should have shape", lambda say, h, said: by_row(say, h, said)[0]),
    ],
    "only_vowel": [
        ("right", by_shape),
        (
            "a consonant gave way to a vowel",
            lambda before, after: (
                len(changed := pairs_of(before, after)) == 1 and changed[0][1][-1].isdigit()
            ),
        ),
        ("the second vowel changed", by_sets),
        ("the order changed too", by_counts),
        (
            "AE2 T only the stress changed",
            lambda before, after: (
                len(changed := pairs_of(before, after, "01")) == 1
                and all(sound[-1].isdigit() for sound in changed[0])
            ),
        ),
        ("the second vowel changed", first_vowel),
        (
            "right",
            lambda before, after: (
                consonants(before) == consonants(after)
                and by_shape(before, after)
                and np.bool_(True)
            ),
        ),
        ("nothing changed", lambda before, after: consonants(before) == consonants(after)),
        ("only the stress", lambda before, after: before != after),
        ("a consonant changed too", lambda before, after: vowels(before) != vowels(after)),
        (
            "what changed is a consonant",
            lambda before, after: (
                len(before) == len(after)
                and sum(a != b for a, b in zip(names(before), names(after), strict=True)) == 1
            ),
        ),
        (
            "two vowels changed",
            lambda before, after: (
                ["V" if s[-1].isdigit() else s for s in before]
                == ["V" if s[-1].isdigit() else s for s in after]
                and vowels(before) != vowels(after)
            ),
        ),
        (
            "order changed|a sound was added",
            lambda before, after: (
                consonants(before) == consonants(after)[: len(consonants(before))]
                and sum(a != b for a, b in zip(vowels(before), vowels(after), strict=False))
                == 1
            ),
        ),
        (
            "stress alone",
            lambda before, after: (
                by_shape(before, after)
                and sum(a != b for a, b in zip(before, after, strict=True)) == 1
            ),
        ),
        ("True or False", lambda before, after: int(by_shape(before, after))),
    ],
}
