"""Checks of chapter 9, in which inputs shut the units of a forget gate."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[np.float64]


def gate_range(answer: Callable[..., Any]) -> None:
    """Check exercise 1: the lowest and the highest gate over all legal rows."""
    rng = np.random.default_rng(0)
    for d, u in ((1, 1), (3, 2), (6, 4)):
        W, offset = rng.normal(size=(d, u)), rng.normal(size=u)
        result = call(answer, W, offset)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise CheckFailed("gate_range should return two arrays: lowest, highest")
        low = as_array(result[0], (u,), "lowest")
        high = as_array(result[1], (u,), "highest")
        # z is linear in each pixel, so both extremes are at rows of blank and ink.
        corners = np.array(list(product((0.0, 1.0), repeat=d))) @ W + offset
        reached = 1 / (1 + np.exp(-corners))
        if close(low, reached.max(axis=0)) and close(high, reached.min(axis=0)):
            raise CheckFailed("the right gates, but which of the two arrays comes first?")
        for got, want, name in (
            (low, corners.min(axis=0), "lowest"),
            (high, corners.max(axis=0), "highest"),
        ):
            case = f"{d} pixels, {u} units: the {name} gates "
            if close(got, want):
                raise CheckFailed(f"{case}are pre-activations: what turns z into a gate?")
            if not close(got, 1 / (1 + np.exp(-want))):
                if (got < reached.min(axis=0) - 1e-9).any() or (
                    got > reached.max(axis=0) + 1e-9
                ).any():
                    raise CheckFailed(
                        f"{case}go beyond what a legal row reaches: pixels lie between 0 and 1"
                    )
                raise CheckFailed(
                    f"{case}are not extreme: which pixels should be inked for this end, and "
                    "does each unit choose its own row?"
                )
    print("gate_range: right for 1, 3 and 6 pixels.")


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
    )
    for v, W, offset, opening, want, hint in cases:
        got = call(answer, np.array(v), W, offset, opening)
        if not isinstance(got, bool | np.bool_):
            raise CheckFailed(f"proves should return True or False, got {got!r}")
        if bool(got) != want:
            raise CheckFailed(
                f"v = {v}, W = {W.tolist()}, offset = {offset.tolist()}, opening = {opening}: "
                f"you said {bool(got)}. Look again: {hint}."
            )
    print("proves: right for eleven certificates, sound and unsound.")


def chance(answer: Callable[..., Any]) -> None:
    """Check exercise 3: Wendel's count when some inputs cannot be negative."""
    # One input: all n weights have one sign, or the sign that the limit leaves. Two inputs:
    # n lines cut the plane into 2 n sectors, of 2**n.
    known = (
        (1, 1, 0, 1.0, "one unit can always be pushed down"),
        (3, 1, 0, 0.25, "with one input, all three weights need the same sign"),
        (3, 1, 1, 0.125, "with one input that cannot be negative, all weights are below 0"),
        (4, 2, 0, 0.5, "n = 2 d"),
        (2, 2, 2, 0.5, "two units, two limited inputs: four demands in two dimensions"),
        (3, 2, 1, 0.5, "of the two inputs only one is limited: how many demands is that?"),
        (2, 3, 1, 1.0, "three demands in three dimensions"),
        (4, 8, 8, 0.88671875, "of the eight inputs all are limited: how many demands is that?"),
        (4, 8, 3, 1.0, "seven demands in eight dimensions"),
    )
    for n, d, limited, want, hint in known:
        got = float(as_array(call(answer, n, d, limited), (), f"chance({n}, {d}, {limited})"))
        if not close(got, want):
            raise CheckFailed(f"chance({n}, {d}, {limited}) = {got:.4g}: {hint}")
    print("chance: right for nine cases.")


def influence(answer: Callable[..., Any]) -> None:
    """Check exercise 4: the sensitivity of a linear network to an earlier input."""
    rng = np.random.default_rng(1)
    for d, u, ago in ((2, 3, 0), (1, 1, 3), (2, 3, 1), (3, 2, 4), (3, 3, 2)):
        W, U = rng.normal(size=(d, u)), rng.normal(size=(u, u))
        got = as_array(call(answer, W, U, ago), (d, u), f"influence(..., {ago})")
        want = W
        for _ in range(ago):
            want = want @ U
        if not close(got, want):
            case = f"{d} inputs, {u} units, {ago} steps ago: "
            entrywise = W * np.ones_like(want)
            if ago == 0:
                raise CheckFailed(f"{case}the last input has not met U yet")
            for _ in range(ago - 1):
                entrywise = entrywise @ U
            if close(got, entrywise) or close(got, want @ U):
                raise CheckFailed(f"{case}count how often this input's share met U")
            raise CheckFailed(
                f"{case}move one input a little and follow the row through the steps; which "
                "product of matrices is that, and on which side?"
            )
    print("influence: right for five networks.")
