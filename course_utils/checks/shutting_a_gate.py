"""Checks of chapter 9, in which inputs shut the units of a forget gate."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close, quietly

Array = NDArray[np.float64]


def lowest_gate(answer: Callable[..., Any]) -> None:
    """Check exercise 1: the lowest gate of each unit over all legal rows."""
    rng = np.random.default_rng(0)
    for d, u in ((1, 1), (3, 2), (6, 4)):
        W, offset = rng.normal(size=(d, u)), rng.normal(size=u)
        _judge_lowest(call(answer, W, offset), W, offset)
        given = W.copy(), offset.copy()  # `call` would copy them
        _judge_lowest(quietly(answer, *given), W, offset)
        if not (np.array_equal(given[0], W) and np.array_equal(given[1], offset)):
            raise CheckFailed(
                "the gates are right, but your function writes into `W` or `offset`, and the "
                "chapter goes on with both: `a += b` changes the array a, `a = a + b` does not"
            )
    print("lowest_gate: right for 1, 3 and 6 pixels.")


def _judge_lowest(result: Any, W: Array, offset: Array) -> None:
    """Expect the lowest gates of these weights and offsets."""
    d, u = W.shape
    got = as_array(result, (u,), "the lowest gates")
    # z is linear in each pixel, so both extremes are at rows of blank and ink.
    corners = np.array(list(product((0.0, 1.0), repeat=d))) @ W + offset
    reached = 1 / (1 + np.exp(-corners))
    if close(got, reached.min(axis=0)):
        return
    if close(got, corners.min(axis=0)):
        hint = "these are pre-activations: what turns z into a gate?"
    elif close(got, reached.max(axis=0)):
        hint = "these are the highest gates. Which pixels lower z?"
    elif (got < reached.min(axis=0) - 1e-9).any():
        hint = "they go beyond what a legal row reaches: pixels lie between 0 and 1"
    else:
        hint = "some row goes lower. Which pixels does it ink, and has each unit its own row?"
    raise CheckFailed(f"{d} pixels, {u} units: {hint}")


def proves(answer: Callable[..., Any]) -> None:
    """Check exercise 2: whether a certificate proves that no legal row shuts the units."""
    opposite = np.array([[6.0, -6.0]])
    both = np.array([[6.0, -6.0], [-6.0, -6.0]])
    pixels = np.array([[6.0], [-6.0]])
    open_wide = np.array([8.0, 8.0])
    zero = np.zeros(2)
    cases = (
        ([0.5, 0.5], opposite, zero, 0.1, True, "the weighted demand has no x left in it"),
        ([1.0, 0.0], opposite, zero, 0.1, True, "unit 0 has no negative weight to use"),
        ([0.0, 1.0], opposite, zero, 0.1, False, "a legal row meets unit 1's demand"),
        ([2.0, 2.0], opposite, zero, 0.1, True, "only the proportions of v matter"),
        ([0.5, 0.5], both, zero, 0.1, False, "the second pixel lowers both units"),
        ([1.0], pixels, zero[:1], 0.1, False, "the best row inks one pixel and not the other"),
        ([0.5, 0.5], both, open_wide, 0.1, True, "the offsets count too"),
        ([2.0, 2.0], both, zero + 5, 0.1, True, "the demand grows with v"),
        ([0.5, 0.5], opposite, zero, 0.6, False, "logit(0.6) is above 0: look at the opening"),
        (
            [1.0, -0.5],
            np.array([[1.0, 1.0]]),
            np.array([5.0, -9.0]),
            0.1,
            False,
            "a negative weight turns a demand round: it proves nothing",
        ),
        (
            [0.0, 0.0],
            opposite,
            zero,
            0.1,
            False,
            "all weights 0 add up to no demand at all",
        ),
        ([1.0], -pixels[1:], zero[:1], 0.5, False, "a blank row just meets the demand"),
        *_drawn(),
    )
    for v, W, offset, opening, want, hint in cases:
        got = call(answer, np.array(v), W, offset, opening)
        if isinstance(got, np.ndarray) and got.shape == ():
            got = got.item()
        if not isinstance(got, bool | np.bool_):
            raise CheckFailed(f"proves should return True or False, got {got!r}")
        if bool(got) != want:
            raise CheckFailed(
                f"v = {v}, W = {W.tolist()}, offset = {offset.tolist()}, opening = {opening}: "
                f"you said {bool(got)}. Look again: {hint}."
            )
    print(f"proves: right for {len(cases)} certificates, sound and unsound.")


def _drawn() -> Iterator[tuple[list[float], Array, Array, float, bool, str]]:
    """Yield certificates of three units and four pixels, judged by each of the 16 rows."""
    rng = np.random.default_rng(0)
    rows = np.array(list(product((0.0, 1.0), repeat=4)))
    wanted = {True: 6, False: 6}
    while any(wanted.values()):
        W, offset = 2 * rng.normal(size=(4, 3)), rng.normal(1, 2, size=3)
        v, opening = rng.random(3), float(rng.choice([0.1, 0.3]))
        missed = ((rows @ W + offset - np.log(opening / (1 - opening))) @ v).min()
        if wanted[bool(missed > 0)] and 0.1 < abs(missed) < 1:  # near, and no close call
            wanted[bool(missed > 0)] -= 1
            yield (
                v.round(2).tolist(),
                W.round(2),
                offset.round(2),
                opening,
                bool(missed > 0),
                "add up the weighted demands, with each pixel inked where that lowers the sum",
            )


def pair_proof(answer: Callable[..., Any]) -> None:
    """Check exercise 3: a certificate for two units, where there is one."""
    rng = np.random.default_rng(2)
    cases = [
        (np.array([[6.0, -6.0]]), np.zeros(2), 0.1),
        (np.array([[-6.0, -6.0]]), np.zeros(2), 0.1),
        (np.array([[1.0, -99.0]]), np.array([0.0, 5.0]), 0.1),
        (np.array([[-99.0, 1.0]]), np.array([5.0, 0.0]), 0.1),
        (np.array([[1.0, -99.0]]), np.array([0.0, 5.0]), 0.6),
        (np.array([[60.0, -97.0], [-60.0, 97.0]]), np.zeros(2), 0.1),  # few shares prove it
    ]
    while len(cases) < 26:
        W, offset = rng.normal(size=(8, 2)), rng.normal(1, 2, size=2)
        opening = float(rng.choice([0.05, 0.1, 0.3]))
        if abs(_surplus(W, offset, opening)[0]) > 0.1:  # no case is a close call
            cases.append((W, offset, opening))
    for W, offset, opening in cases:
        case = f"{len(W)} pixels, offsets {offset.round(2).tolist()}, opening {opening:g}: "
        surplus, share = _surplus(W, offset, opening)
        v = as_array(call(answer, W, offset, opening), (2,), "the proof")
        if (v < 0).any():
            raise CheckFailed(f"{case}{v} is no proof: weights are at least 0")
        if surplus < 0 and v.any():
            raise CheckFailed(f"{case}you gave {v}, but some legal row shuts both units")
        if surplus > 0 and not v.any():
            raise CheckFailed(
                f"{case}there is a proof, with a share of {share:.2f} for the second unit. "
                "Did you try all proportions, fine enough and from 0 to 1?"
            )
        demand = np.log(opening / (1 - opening)) * v.sum()
        left = np.minimum(W @ v, 0).sum() + offset @ v - demand
        if surplus > 0 and left <= 0:
            raise CheckFailed(
                f"{case}the best row for your {v} meets the weighted demand by {-left:.2f}; "
                "another proportion proves it"
            )
    print(f"pair_proof: right for {len(cases)} pairs of units.")


def _surplus(W: Array, offset: Array, opening: float) -> tuple[float, float]:
    """Return the largest miss of any weighted demand, and the second unit's share there."""
    # The miss is a sum of pieces that are straight but for where a pixel changes sides.
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = W[:, 0] / (W[:, 0] - W[:, 1])
    shares = np.concatenate([[0, 1], turns[(turns > 0) & (turns < 1)]])
    sums = np.outer(W[:, 0], 1 - shares) + np.outer(W[:, 1], shares)
    shift = offset[0] * (1 - shares) + offset[1] * shares
    misses = np.minimum(sums, 0).sum(axis=0) + shift - np.log(opening / (1 - opening))
    return float(misses.max()), float(shares[misses.argmax()])
