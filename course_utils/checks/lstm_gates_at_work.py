"""Checks of chapter 6, in which LSTMs count."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.data import symbols
from course_utils.gates import Block, Gates

Array = NDArray[np.float64]


def bias_for(function: Callable[..., Any]) -> None:
    """Check the forget bias of a counter with a given range.

    Examples
    --------
    >>> bias_for(lambda n: 3.0)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: bias_for(7) = 3: this counter first fails at n = 4, too \
soon: how much has leaked one b before the end?
    """
    for n in (7, 2, 3, 16, 20, 37, 60, 111, 200):
        got = float(as_array(call(function, n), (), f"bias_for({n})"))
        fails, latest = _first_failure(got, 2 * n + 10), 1.25 * n + 2
        if n < fails <= latest:
            continue
        case = f"bias_for({n}) = {got:.4g}"
        if 0 < got < 1:
            raise CheckFailed(
                f"{case}: this is a value of the gate; the bias goes through sigmoid"
            )
        if fails <= n:
            raise CheckFailed(
                f"{case}: this counter first fails at n = {fails}, too soon: how much has "
                "leaked one b before the end?"
            )
        raise CheckFailed(
            f"{case}: this counter is still right at n = {int(latest)}; leak more"
        )
    print("bias_for: right")


def _first_failure(bias: float, longest: int) -> int:
    """Run the counter for every n at once: after n a's, then b by b."""
    n = np.arange(1, longest + 1)
    keep = expit(bias)
    c = np.cumsum(keep ** np.arange(longest))
    wrong = np.zeros(longest, bool)
    for b in range(1, longest + 1):
        c = c * keep - 1
        wrong |= ((n > b) & (c < 0.5)) | ((n == b) & (c > 0.5))
    return int(n[wrong][0]) if wrong.any() else longest + 1


def weighted_counter(function: Callable[..., Any]) -> None:
    """Check a unit that adds one number for each a and another for each b.

    Examples
    --------
    >>> weighted_counter(lambda up, down: 0.8)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: weighted_counter(0.8, -0.4) should return a gates.Gates, \
got float
    """
    for up, down in ((0.8, -0.4), (0.5, -0.5), (-0.3, 0.9), (0.0, 0.7)):
        case = f"weighted_counter({up}, {down})"
        cell = call(function, up, down)
        if not isinstance(cell, Gates):
            raise CheckFailed(f"{case} should return a gates.Gates, got {type(cell).__name__}")
        if (cell.cell, cell.features, cell.units) != ("LSTM", 3, 1):
            raise CheckFailed(f"{case} should be an LSTM of 3 features and 1 unit, got {cell}")
        if cell.dtype != np.float64:
            raise CheckFailed(f"{case} should have weights in float64, got {cell.dtype}")
        text = "$" + "aab" * 20 + "$" + "b" * 38
        x = symbols([text])
        trace = cell.trace(x)
        assert trace.c is not None
        c = trace.c[0, :, 0]
        if abs(c[0]) > 1e-9:
            raise CheckFailed(f"{case}: a $ moves c by {c[0]:.3g}; it should add nothing")
        want = (x[0, :, 1:] @ np.array([up, down])).cumsum()
        if close(c, want, rtol=0, atol=1e-9):
            continue
        if close(c[:61], want[:61], rtol=0, atol=1e-9):
            raise CheckFailed(
                f"{case}: a $ within the string moves c from {c[60]:.6g} to {c[61]:.6g}; it "
                "should add nothing"
            )
        if close(c[1], np.tanh(up), rtol=0, atol=1e-6) and up:
            raise CheckFailed(
                f"{case}: the first a moves c by {c[1]:.3f}: what squashes the candidate?"
            )
        if not close(c[1], up, rtol=0, atol=1e-6):
            raise CheckFailed(f"{case}: the first a moves c by {c[1]:.6g}, not by {up}")
        if np.abs(c - want)[:4].max() < 1e-3:
            raise CheckFailed(
                f"{case} starts right and drifts off by {np.abs(c - want).max():.1g}: is a "
                "gate not quite open?"
            )
        raise CheckFailed(f"{case}: after $aab c is {c[3]:.6g}, not {want[3]:.6g}")
    print("weighted_counter: right")


def waits(function: Callable[..., Any]) -> None:
    """Check how many b's a counter waits for when its cell state is moved.

    Examples
    --------
    >>> waits(lambda cell, V, v, unit, shift: 10)
    Traceback (most recent call last):
    ...
    course_utils.checks.CheckFailed: a counter moved by 3 waits for 13 b's, not 10: where does \
the shift go in?
    """
    for unit in (0, 1):
        network = _counter(unit)
        for shift in (0.0, 3.0, -4.0, -9.0, 30.0, 35.0, 100.0):
            got = _whole(call(function, *network, unit, shift))
            want = int(min(10 + shift, 40)) + (shift > 30)
            if got == want:
                continue
            case = f"a counter moved by {shift:.0f} waits for {want} b's, not {got}"
            if shift > 30:
                hint = "no $ may come within 40 b's: return 41"
            elif got == want - 1:
                hint = "the b after which a $ may come counts too"
            elif got == 10:
                hint = "where does the shift go in?"
            else:
                hint = "start from h and c after the last of 10 a's, and move one entry of c"
            raise CheckFailed(f"{case}: {hint}")
        if _whole(call(function, *network, 1 - unit, 3.0)) != 10:
            raise CheckFailed(
                f"unit {unit} counts, and moving the other unit should change nothing: which "
                "column of c do you move?"
            )
    if (got := _whole(call(function, *_slow_counter(), 0, -2.0))) != 10:
        raise CheckFailed(
            "a counter that also counts the $, but not the first b, moved by -2 waits for 10 "
            f"b's, not {got}: go on from the whole h and c after $ and ten a's, and look at "
            "the entry of the $"
        )
    if (got := _whole(call(function, *_slow_counter(), 1, -2.0))) != 12:
        raise CheckFailed(
            "moving c of a unit that keeps nothing of it should change nothing: 12 b's, not "
            f"{got}. Does the old h stay as it is?"
        )
    if (got := _whole(call(function, *_narrow_counter(), 0, 0.0))) != 10:
        raise CheckFailed(
            f"where a $ may come after 10 b's and after 11, but not later, you say {got}: look "
            "for the first"
        )
    print("waits: right for 4 counters.")


def _slow_counter() -> tuple[Gates, Array, Array]:
    """Return a counter whose unit 0 counts a $ like an a and, by the h of unit 1, no first b.

    Unit 1 holds the last symbol, 1 after an a and -1 after a b. b may come at any time.
    """
    none, wide = np.zeros((2, 2)), np.zeros((3, 2))
    q = np.tanh(1)
    blocks = {
        "input": Block(wide, none, np.full(2, 40.0)),
        "forget": Block(wide, none, np.array([40.0, -40.0])),
        "cell": Block(
            np.array([[40.0, 0], [40, 40], [-40, -40]]),
            np.array([[0, 0], [40 / q, 0]]),
            np.zeros(2),
        ),
        "output": Block(wide, none, np.full(2, 40.0)),
    }
    readout = np.array([[-1.0, 0, 0], [0, 0, 0]])
    return Gates("LSTM", blocks), readout, np.array([np.tanh(0.5), 1, 1])


def _narrow_counter() -> tuple[Gates, Array, Array]:
    """Return a counter that lets a $ come at counts 0 and -1 alone.

    Unit 1 counts the $ too, so h of both differ by more than a half where the count is near 0.
    """
    wide = Block(np.zeros((3, 2)), np.zeros((2, 2)), np.full(2, 40.0))
    kernel = np.array([[0.0, 40], [40, 40], [-40, -40]])
    steps = Block(kernel, np.zeros((2, 2)), np.zeros(2))
    blocks = {"input": wide, "forget": wide, "cell": steps, "output": wide}
    V = np.array([[-1.0, 0, 0], [1, 0, 0]])
    return Gates("LSTM", blocks), V, np.array([-0.5, 1, 1])


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise CheckFailed(f"a number of b's should be a whole number, got {value!r}")
    return int(value)


def _counter(unit: int) -> tuple[Gates, Array, Array]:
    """Return an LSTM of two units, one of which counts, and its readout."""
    column = np.eye(2)[unit]
    wide = Block(np.zeros((3, 2)), np.zeros((2, 2)), np.full(2, 40.0))
    steps = Block(np.outer([0, 40, -40], column), np.zeros((2, 2)), np.zeros(2))
    blocks = {"input": wide, "forget": wide, "cell": steps, "output": wide}
    V = np.outer(column, [-1.0, 0, 1])
    half = np.tanh(0.5)
    return Gates("LSTM", blocks), V, np.array([half, 1, -half])
