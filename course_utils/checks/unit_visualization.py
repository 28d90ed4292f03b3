"""Checks of chapter 12, in which pictures of hidden units are made and doubted."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks import CheckFailed, as_array, call, close, quietly
from course_utils.units import Features


def _case(seed: int, count: int = 60, shape: tuple[int, int] = (3, 4), units: int = 5) -> Any:
    """Return windows with one pixel that never varies, and pre-activations of both signs."""
    rng = np.random.default_rng(seed)
    windows = rng.random((count, *shape)).cumsum(axis=2)
    windows[:, 0, 0] = 0
    z = rng.normal(0.3, 1, (count, units))
    z[3:, 0] = -np.abs(z[3:, 0])  # a unit that few windows move
    z[:3, 0] = np.abs(z[:3, 0])
    return windows, z


def weighted_average(answer: Callable[..., Any]) -> None:
    """Check exercise 1: the average of windows, weighted by floored pre-activations."""
    for seed, size in enumerate(((60, (3, 4), 5), (40, (2, 6), 3), (50, (4, 2), 8))):
        windows, z = _case(seed, *size)
        seen = Features()
        seen.add(windows, z)
        want = seen.raw()
        got = as_array(call(answer, windows, z), want.shape, "the averages")
        if close(got, want):
            _keeps(answer, got, windows, z)
            continue
        sums = want * seen.total[:, np.newaxis, np.newaxis]
        if close(got, sums / len(z)) or close(got, sums):
            hint = "divide by what the unit's weights add up to, not by the number of windows."
        elif close(got, np.einsum("nu,nij->uij", z, windows) / z.sum(0)[:, None, None]):
            hint = "some weights are negative: floor the pre-activations at 0 first."
        elif close(
            got, np.einsum("nu,nij->uij", abs(z), windows) / abs(z).sum(0)[:, None, None]
        ):
            hint = "a window that the unit dislikes should count nothing."
        else:
            hint = "for each unit: the sum of weight times window, over the sum of weights."
        raise CheckFailed(f"case {seed + 1}: the averages are not right; {hint}")
    for dead, units in ((6, 8), (3, 5)):
        windows, z = _case(3, units=units)
        z[:, dead] = -1
        z[0, dead] = 0
        try:
            answer(windows, z)
        except ValueError as error:
            named = set(re.findall(r"\d+", str(error)))
            if str(dead) not in named or named.issuperset(map(str, range(units))):
                raise CheckFailed(
                    f"unit {dead} has no positive pre-activation; say which unit it is: {error}"
                ) from error
        except Exception as error:
            raise CheckFailed(f"a unit without weight: got {type(error).__name__}") from error
        else:
            raise CheckFailed(
                f"unit {dead} has no positive pre-activation, so it has no average: expected a "
                "ValueError"
            )
    print("weighted_average: right in 3 cases, and a unit without weight is refused.")


def whiten(answer: Callable[..., Any]) -> None:
    """Check exercise 2: centred averages, whitened with a ridge."""
    sizes = ((60, (3, 4), 5), (80, (2, 5), 3), (60, (4, 3), 8))
    for seed, (ridge, size) in enumerate(zip((0.01, 0.1, 1.0), sizes, strict=True)):
        windows, z = _case(seed, *size)
        seen = Features(whiten=True)
        seen.add(windows, z)
        raw, pixels_of_one = seen.raw(), windows[0].size
        centred = seen.centred().reshape(len(raw), -1)
        load = ridge * np.eye(pixels_of_one)
        want = np.linalg.solve(seen.covariance() + load, centred.T).T.reshape(raw.shape)
        got = as_array(call(answer, windows, raw, ridge), raw.shape, "the pictures")
        if close(got, want, 1e-3, 1e-3 * np.abs(want).max()):  # in float32, too
            _keeps(answer, got, windows, raw, ridge)
            continue
        pixels = windows.reshape(len(z), -1)
        uncentred = np.linalg.solve(seen.covariance() + load, raw.reshape(len(raw), -1).T).T
        second = np.linalg.solve(pixels.T @ pixels / len(z) + load, centred.T).T
        multiplied = centred @ (seen.covariance() + load)
        if close(got.reshape(uncentred.shape), uncentred, rtol=1e-5):
            hint = "subtract the mean window from the averages first."
        elif close(got.reshape(second.shape), second, rtol=1e-5):
            hint = "the covariance is of deviations: subtract the mean window there too."
        elif close(got.reshape(multiplied.shape), multiplied, rtol=1e-5):
            hint = "this blurs by the correlations once more; undo them instead."
        elif close(
            got, np.linalg.solve(np.cov(pixels.T) + load, centred.T).T.reshape(raw.shape)
        ):
            hint = "divide the covariance by the number of windows, not by one less."
        else:
            hint = "flatten windows and pictures; solve (C + ridge I) k = raw - mean for each."
        raise CheckFailed(f"ridge {ridge:g}: the pictures are not right; {hint}")
    print("whiten: right for 3 ridges, with a pixel that never varies.")


def random_pairs(answer: Callable[..., Any]) -> None:
    """Check exercise 3: shares of random pairs of units and pictures, for a null."""
    n, rng = 12, np.random.default_rng(0)
    turn = (np.arange(n)[:, np.newaxis] + np.arange(n)) % n
    cases = {
        "rows alike": rng.permutation(np.eye(n, dtype=bool)[:4].any(0))[np.newaxis].repeat(
            n, 0
        ),
        "columns alike": (np.arange(n) < 4)[:, np.newaxis].repeat(n, 1),
        "a stripe": turn < 4,
        "own pictures": np.eye(n, dtype=bool),
        "mixed": rng.random((20, 20)) < 0.3,
    }
    last: list[np.ndarray] = []
    for seed, (name, above) in enumerate([*cases.items(), ("mixed", cases["mixed"])]):
        draws = 1500 if name == "mixed" else 1000
        given = call(answer, above, draws, np.random.default_rng(seed))
        got = as_array(given, (draws,), "the shares")
        n, want = len(above), above.mean()
        # The variance of a sum over a random permutation (Hoeffding 1951).
        rest = above - above.mean(0) - above.mean(1, keepdims=True) + want
        spread = np.sqrt((rest**2).sum() / (n - 1)) / n
        if close(got.mean(), n * want, rtol=0.1):
            hint = "return the share of the pairs, not their number."
        elif name in ("rows alike", "columns alike"):
            if close(got, want):
                continue
            one = "picture" if name == "rows alike" else "unit"
            hint = f"a draw leaves out a {one}, or takes it twice: each should be there once."
        elif np.ptp(got) == 0:
            hint = "all draws are the same: pair anew in each."
        elif not 0.85 * spread < got.std() < 1.15 * spread:
            hint = "the shares vary too much or too little: pair each unit at random."
        elif abs(got.mean() - want) > 6 * spread / np.sqrt(draws):
            hint = "on average a pair should be True as often as an entry of the table."
        elif not close(n * got, np.rint(n * got), atol=1e-4):
            hint = f"the share of {n} pairs is a multiple of 1/{n}."
        elif abs(np.corrcoef(got[1:], got[:-1])[0, 1]) > 6 / np.sqrt(draws):
            hint = "a draw resembles the one before: pair anew in each."
        else:
            last = [*last[-1:], got]
            continue
        raise CheckFailed(
            f"case {name!r}: {above.mean():.0%} of the table is True, your shares have mean "
            f"{got.mean():.2f} and spread {got.std():.3f}; {hint}"
        )
    if np.array_equal(last[0], last[-1]):
        raise CheckFailed("another rng gave the same shares: draw from the one that is given")
    again = as_array(call(answer, above, draws, np.random.default_rng(seed)), (draws,), "again")
    if not close(again, last[-1]):
        raise CheckFailed("the same rng gave other shares the second time: draw from it alone")
    _keeps(answer, again, above, draws, np.random.default_rng(seed))
    print(f"random_pairs: right for {len(cases)} tables.")


def _keeps(answer: Callable[..., Any], got: Any, *given: Any) -> None:
    """Say so if a right function writes into an array that the chapter still needs."""
    own = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in given]
    again = quietly(answer, *own)
    if not all(map(np.array_equal, (again, *own), (got, *given))):
        raise CheckFailed(
            "the result is right, but a given array is changed on the way: make a new one"
        )
