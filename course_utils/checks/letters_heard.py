"""Checks of chapter 15, which asks what each letter does to the sounds of a word."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Floats = NDArray[np.floating[Any]]
Say = Callable[[Floats, NDArray[np.int_]], tuple[Floats, Floats]]


def _decoder(seed: int, level: float, spread: float) -> Say:
    """Return a small decoder of 3 units and 5 sounds, whose scores lie about a level."""
    rng = np.random.default_rng(seed)
    U, table, W = rng.normal(size=(3, 3)), rng.normal(size=(5, 3)), rng.normal(size=(3, 5))

    def say(h: Floats, last: NDArray[np.int_]) -> tuple[Floats, Floats]:
        if np.shape(last) != (len(h),):  # the chapter's decoder does not take one for all
            raise ValueError(f"last should hold a sound for each of the {len(h)} rows of h")
        h = np.tanh(h @ U + table[last])
        return h, spread * (h @ W) + level

    return say


def _prices(
    say: Say, h: Floats, said: list[int], shift: int = 1, own: bool = False, axis: int = 1
) -> Floats:
    """Return the bits of each sound; the options make likely mistakes."""
    costs, last = [], np.full(len(h), said[0])
    for k in range(len(said) - 1):
        h, scores = say(h, last if own else np.full(len(h), said[k]))
        last = scores.argmax(axis=1)
        scores = scores - scores.max(axis=axis, keepdims=True)
        total = np.log(np.exp(scores).sum(axis=axis, keepdims=True))
        costs.append((total - scores)[:, said[k + shift]] / np.log(2))
    return np.array(costs).T


def _stays(say: Say, h: Floats, said: list[int]) -> Floats:
    """Return the bits if the state is not carried from sound to sound."""
    return np.hstack([_prices(say, h, said[k : k + 2]) for k in range(len(said) - 1)])


def bits(function: Callable[..., Any]) -> None:
    """Check exercise 1, the price of each sound.

    Examples
    --------
    >>> bits(lambda say, h, said: -_prices(say, h, said))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: bits: no price is below 0; see the sign of the logarithm
    """
    rng = np.random.default_rng(0)
    cases = [
        (3, [2, 0, 4, 4, 1], 0.0, 2.0),
        (1, [2, 4], 0.0, 2.0),
        (2, [2, 1, 3], 1e3, 2.0),
        (3, [2, 3, 0, 1], 0.0, 16.0),
    ]
    for batch, said, level, spread in cases:
        say, h = _decoder(batch, level, spread), rng.normal(size=(batch, 3))
        shape = (batch, len(said) - 1)
        try:
            got = as_array(call(function, say, h, list(said)), shape, "bits(...)")
        except CheckFailed as failed:
            if level and "finite" in str(failed):
                raise CheckFailed(
                    "bits: scores of 1,000 go through exp here, which overflows; take the "
                    "largest score off first"
                ) from None
            raise
        want = _prices(say, h, said)
        if close(got, want):
            continue
        if close(got, -want):
            raise CheckFailed("bits: no price is below 0; see the sign of the logarithm")
        if close(got, want * np.log(2)):
            raise CheckFailed("bits: these are natural logarithms; a bit is a factor of 2")
        if close(got, 2**-want):
            raise CheckFailed("bits: these are probabilities, not yet their price")
        if close(got, _prices(say, h, said, shift=0)):
            raise CheckFailed(
                "bits: this prices the sound that was read, not the one that comes next"
            )
        if close(got, _prices(say, h, said, own=True)):
            raise CheckFailed(
                "bits: the decoder reads its own choice here; it should read what is in said"
            )
        if close(got, _stays(say, h, said)):
            raise CheckFailed("bits: the state should go on from sound to sound")
        if close(got, _prices(say, h, said, axis=0)):
            raise CheckFailed("bits: the softmax runs over the sounds, not over the batch")
        if spread > 2:
            raise CheckFailed(
                f"bits: the dearest sound here costs {want.max():.0f} bits, and yours "
                f"{got.max():.0f}; is something added to p, or cut off?"
            )
        raise CheckFailed(
            f"bits is not right for a batch of {batch} and {len(said) - 1} sounds: take one "
            "row, and work out its first sound by hand"
        )
    print("bits: right")


def only_vowel(function: Callable[..., Any]) -> None:
    """Check exercise 2, whether one vowel is all that changed.

    Examples
    --------
    >>> only_vowel(lambda before, after: before != after)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: only_vowel: from R AE1 T to R AE0 T only the stress changed
    """
    cases = [
        ("R AE1 T", "R EY1 T", True, ""),
        ("R AE1 T", "R AE1 T", False, "nothing changed"),
        ("R AE1 T", "R AE0 T", False, "only the stress changed"),
        ("R AE1 T", "R EY1 D", False, "a consonant changed too"),
        ("R AE1 T", "R AE1 D", False, "what changed is a consonant"),
        ("R AE1 T", "R EY1 T IY0", False, "a sound was added"),
        ("R AE1 T IY0", "R EY1 T", False, "a sound went"),
        ("R AE1 T", "AE1 R T", False, "the order changed, and not one vowel"),
        ("R AE1 T IY0", "R EY1 T AH0", False, "two vowels changed"),
        ("AE1 T AH0", "EY1 T AH1", True, "the second vowel differs in its stress alone"),
        ("R AE1 T", "R S T", False, "a vowel gave way to a consonant"),
        ("R S T", "R AE1 T", False, "a consonant gave way to a vowel"),
        ("AE1 T AE1", "AE1 T EY1", True, "the second vowel changed, and nothing else"),
        ("AA1", "OW1", True, "one vowel is all there is"),
        ("R AE1 T", "R AE2 T", False, "only the stress changed"),
        ("M AE0 T AE2 N", "M AE0 T AA2 N", True, "the vowel of the second syllable changed"),
        ("M AE0 T AE2 N", "M EY0 T AE2 N", True, "the vowel of the first syllable changed"),
        ("R AE1 T", "EY1 R T", False, "the order changed too"),
    ]
    for before, after, want, why in cases:
        got = call(function, tuple(before.split()), tuple(after.split()))
        if not isinstance(got, bool | np.bool_):
            raise CheckFailed(
                f"only_vowel should return True or False, got {type(got).__name__}"
            )
        if got != want:
            told = why or "one vowel changed, and nothing else"
            raise CheckFailed(f"only_vowel: from {before} to {after} {told}")
    print("only_vowel: right")
