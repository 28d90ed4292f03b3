"""Checks of chapter 14, in which weights are taken modulo a number."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks import CheckFailed, as_array, call, close, quietly


def cycle_loss(answer: Callable[[float, float], Any]) -> None:
    """Check exercise 1: the long-run mean loss of one modulo weight.

    Examples
    --------
    >>> cycle_loss(lambda target, m: 0)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: target -0.3, m = 1: you gave 0; can the used weight be \
there?
    """
    cases = (
        (0.7, 1.0),
        (-0.3, 1.0),
        (1.4, 1.0),
        (1.4, 2.0),
        (-0.5, 2.0),
        (5.0, 3.0),
        (0.7, 0.5),
    )
    for target, m in cases:
        got = float(as_array(call(answer, target, m), (), "the mean loss"))
        # Distances at equal times between two jumps: no formula that could be copied.
        far, near = max(abs(target), abs(target - m)), min(abs(target), abs(target - m))
        losses = np.geomspace(far, near, 20_001) ** 2
        reachable = 0 < target < m
        want = 0.0 if reachable else float(np.mean((losses[1:] + losses[:-1]) / 2))
        if close(got, want, rtol=1e-5, atol=1e-8):
            continue
        if reachable:
            hint = "can the used weight be there, and does it then move again?"
        elif got == 0:
            hint = "can the used weight be there?"
        elif close(got, near**2, rtol=1e-4):
            hint = "that is the best loss. Does descent stay there?"
        elif close(got, want / 2, rtol=1e-4) or close(got, want * 2, rtol=1e-4):
            hint = "a factor of 2: one in the time of a round, one in the integral of d^2."
        elif close(got, (far**2 + far * near + near**2) / 3, rtol=1e-4):
            hint = "a mean over the places passed. Is descent equally long at each of them?"
        elif m != 1:
            hint = "right for m = 1. Which distance from the target does a jump lead to?"
        elif target > m:
            hint = "above the range. Which edge is the cheap one now?"
        else:
            hint = "integrate the squared distance over a round and divide by its time."
        raise CheckFailed(f"target {target:g}, m = {m:g}: you gave {got:g}; {hint}")
    print(f"cycle_loss: right for {len(cases)} targets.")


def symmetric_gradients(answer: Callable[[np.ndarray, np.ndarray], Any]) -> None:
    """Check exercise 2: the derivatives of the symmetric modulus."""
    w = np.array([0.3, -0.3, 0.7, -0.7, 1.2, -3.1, 5.7])
    for m in (np.ones(7), np.full(7, 2.5), np.array([2.5, 0.4, 1, 0.5, 2, 1, 0.7])):
        result = call(answer, w, m)
        if not isinstance(result, tuple | list | np.ndarray) or len(result) != 2:
            raise CheckFailed("return a pair: the derivatives in w, and the derivatives in m")
        by_w = as_array(result[0], w.shape, "the derivatives in w")
        by_m = as_array(result[1], w.shape, "the derivatives in m")
        if not close(by_w, 1):
            raise CheckFailed(
                f"m = {m[0]:g}, derivative in w: how does the value follow w between jumps?"
            )
        nudge = 1e-6
        up, down = (
            np.mod(w + n / 2, n) - n / 2 for n in (m + nudge, m - nudge)
        )  # measured: no formula that could be copied
        want = (up - down) / (2 * nudge)
        if close(by_m, want, atol=1e-5):
            own = w.copy(), m.copy()
            again = quietly(answer, *own)
            if not all(map(np.array_equal, (*own, *again), (w, m, by_w, by_m))):
                raise CheckFailed("right, but w or m is changed on the way: make a new array")
            continue
        wrong = int(np.flatnonzero(~np.isclose(by_m, want, atol=1e-5))[0])
        if np.ptp(m):
            hint = "each weight has an m of its own."
        elif close(by_m, -want, atol=1e-5):
            hint = "only the sign is wrong."
        elif close(by_m, want + 0.5, atol=1e-5) or close(by_m, want - 0.5, atol=1e-5):
            hint = "m stands in three places; did you differentiate both halves?"
        elif close(by_m[0], want[0], atol=1e-5):
            hint = "where are the jumps of the symmetric modulus? They moved with the shift."
        else:
            hint = "no jump lies between this w and 0; how does the value depend on m there?"
        raise CheckFailed(
            f"w = {w[wrong]:g}, m = {m[wrong]:g}: you gave {by_m[wrong]:g} for the derivative "
            f"in m; {hint}"
        )
    print("symmetric_gradients: right for 21 weights.")


def fold(answer: Callable[..., Any]) -> None:
    """Check exercise 3: a weight that turns round at the ends of its range."""
    import torch

    line = torch.linspace(-9, 9, 1801, dtype=torch.float64)[1::3]
    own = torch.linspace(0.5, 2, 600, dtype=torch.float64).reshape(3, 200)
    cases = {
        "m = 1": (line, torch.ones_like(line)),
        "m = 2.5": (line, torch.full_like(line, 2.5)),
        "m = 0.5 to 2": (line.reshape(3, 200), own),
    }
    for case, (w, m) in cases.items():
        got = as_array(call(answer, w.clone(), m.clone()), tuple(w.shape), "the used weights")
        size, want = m.numpy(), _turning(w.numpy(), m.numpy())
        if close(got, want):
            again = quietly(answer, given := w.clone(), range_ := m.clone())
            if not torch.equal(given, w) or not np.array_equal(again, got):
                raise CheckFailed("right, but w is changed on the way: make a new tensor")
            if not torch.equal(range_, m):
                raise CheckFailed("right, but m is changed on the way: make a new tensor")
            continue
        wrong = tuple(np.argwhere(~np.isclose(got, want, atol=1e-6))[0])
        inside = np.abs(w.numpy()) < size / 2 - 1e-9
        if w.ndim > 1:
            hint = "each weight has an m of its own."
        elif close(got, -want):
            hint = "upside down: at 0 the slope is 1."
        elif close(got - got[0], want - want[0]):
            hint = "the shape is right; shift it so that 0 goes to 0."
        elif np.ptp(got) < 1.02 * size[0] and np.abs(np.diff(got)).max() > 0.5 * size[0]:
            hint = "it jumps. Beyond the end of the range it should turn round."
        elif close(got, np.clip(w.numpy(), -size / 2, size / 2)):
            hint = "it stops at the end of the range. It should turn round there."
        elif close(got[inside], want[inside]):
            hint = "right inside the range. Where does it come back to 0, and where to w?"
        else:
            hint = "inside the range it is w itself."
        raise CheckFailed(
            f"{case}, w = {w[wrong]:.2f}: you gave {got[wrong]:.2f} instead of "
            f"{want[wrong]:.2f}; {hint}"
        )
    slope = call(lambda w, m: _slope(answer, w, m), w.clone().requires_grad_(), m)
    if slope.shape != w.shape:
        raise CheckFailed(
            "the values are right, but no gradient comes back to w; stay with PyTorch's tensors"
        )
    ends = [_turning(w.numpy() + nudge, m.numpy()) for nudge in (-1e-3, 1e-3)]
    measured = (ends[1] - ends[0]) / 2e-3
    straight = np.isclose(np.abs(measured), 1)  # no end of the range between the two
    if not close(slope[straight], measured[straight], atol=1e-3):
        raise CheckFailed(
            "the values are right, and the gradient that comes back to w is not their slope: "
            "1 or -1"
        )
    print(f"fold: right for {len(cases)} tensors, in and out of the range, with its slope.")


def _turning(w: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Return the folded weights: from end to end and back, no formula that could be copied."""
    ends = np.arange(-40.5, 41)
    return m * np.interp(w / m, ends, np.tile([-0.5, 0.5], 41))


def _slope(answer: Callable[..., Any], w: Any, m: Any) -> Any:
    """Return the gradient that comes back to each weight, or nothing if none does."""
    values = answer(w, m)
    if not getattr(values, "requires_grad", False):
        return np.empty(0)
    values.sum().backward()
    return w.grad
