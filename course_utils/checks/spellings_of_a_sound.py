"""Checks of chapter 16, which lists the inputs that a network reads alike."""

from collections.abc import Callable
from string import ascii_lowercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[Any]


def expand(function: Callable[..., Any]) -> None:
    """Check exercise 1, every beginning with every next letter.

    Examples
    --------
    >>> expand(lambda hear, h, letters: hear(np.tile(h, (len(letters), 1)),
    ...                                      np.repeat(letters, len(h))))
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: expand: the states are right, in another order: first all \
that continue the first beginning
    """
    for n, units, letters in ((1, 2, [3, 4]), (2, 3, [5, 3, 9]), (3, 2, [7])):
        runs: list[int] = []

        def hear(h: Array, read: Array, runs: list[int] = runs) -> Array:
            """Give each state of a beginning and a letter numbers of its own."""
            states, heard = np.asarray(h, float), np.asarray(read)
            if states.ndim != 2 or heard.shape != (len(states),):
                raise ValueError(
                    f"hear wants states (n, units) and letters (n,), got {states.shape} and "
                    f"{heard.shape}"
                )
            if not isinstance(h, np.ndarray) or heard.dtype.kind not in "iu":
                raise ValueError("hear wants an array of states and whole numbers as letters")
            runs.append(len(states))
            return 100 * states + heard[:, np.newaxis]

        # neither in order nor all different: the last beginning of three is the first again
        h = (3.0 * np.arange(n * units) % 4).reshape(n, units)
        got = call(function, hear, h, np.array(letters))
        if len(runs) == 1 and runs[0] == n and n * len(letters) > n:
            raise CheckFailed(
                f"expand: {n} beginnings and {len(letters)} letters make "
                f"{n * len(letters)} strings, and hear got {n}"
            )
        got = as_array(got, (n * len(letters), units), "expand(...)")
        want = np.array([100 * row + letter for row in h for letter in letters])
        if not close(got, want):
            _say_what_is_wrong(got, want, h)
        if len(runs) != 1:
            raise CheckFailed(
                f"expand: the states are right, but hear was called {len(runs)} times; once is "
                "enough, and faster"
            )
    print("expand: right")


def _say_what_is_wrong(got: Array, want: Array, h: Array) -> None:
    """Raise the hint that fits wrong states."""
    if close(np.sort(got, axis=0), np.sort(want, axis=0)):
        raise CheckFailed(
            "expand: the states are right, in another order: first all that continue the first "
            "beginning"
        )
    if close(got, np.repeat(h, len(want) // len(h), axis=0)):
        raise CheckFailed("expand: nothing was heard: what hear returns is the result")
    raise CheckFailed(
        "expand is not right: write down which state and which letter each row needs, for two "
        "beginnings and three letters"
    )


def log_prior(function: Callable[..., Any]) -> None:
    """Check exercise 2, the log probability of a word by its pairs of letters."""
    logs = np.log(np.random.default_rng(0).dirichlet(np.ones(27), 27))
    for word in ("a", "fish", "zzz", "onomatopoeia"):
        inside = [ascii_lowercase.index(letter) for letter in word]
        pairs = [*zip([26, *inside], [*inside, 26], strict=True)]
        terms = np.array([logs[pair] for pair in pairs])
        got = float(as_array(call(function, word, logs), (), "log_prior(...)"))
        if close(got, terms.sum()):
            continue
        if close(got, terms[1:-1].sum()):
            raise CheckFailed("log_prior: the blanks before and after the word are missing")
        if close(got, terms[:-1].sum()):
            raise CheckFailed("log_prior: the blank after the word is missing")
        if close(got, terms[1:].sum()):
            raise CheckFailed("log_prior: the blank before the word is missing")
        if close(got, sum(logs[j, i] for i, j in pairs)):
            raise CheckFailed("log_prior: the first letter of a pair is the row of logs")
        if close(got, np.exp(terms.sum())) or close(got, terms.prod()):
            raise CheckFailed("log_prior: the logarithm of a product is a sum of logarithms")
        if close(got, terms.mean()):
            raise CheckFailed("log_prior: this is the mean over the pairs; they add up")
        raise CheckFailed(
            f"log_prior is not right for {word!r}: it has {len(pairs)} pairs, blanks included; "
            "write them down"
        )
    print("log_prior: right")
