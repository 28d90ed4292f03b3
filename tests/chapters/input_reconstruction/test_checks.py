"""The checks of chapter 8: likely mistakes get a hint that fits."""

from inspect import getsource
from math import ceil, log

import numpy as np
import pytest

from course_utils.checks import CheckFailed, input_reconstruction


def test_answers_that_go_another_way_pass():
    def by_cross_entropy(w, b, target, start, rate):
        if abs(target) >= 1:
            raise ValueError
        path = [start]
        while abs(miss := np.tanh(w * path[-1] + b) - target) > 1e-3:
            path.append(path[-1] - rate * w * miss)
        return path

    def by_walking(W, rate, distance, tolerance):
        steps, before = 0, np.inf
        while abs(distance) > tolerance:
            if abs(distance) >= before:
                raise ValueError
            before, steps = abs(distance), steps + 1
            distance *= 1 - 2 * rate * W * W
        return steps

    def by_svd(W, found):
        left, size, _ = np.linalg.svd(W, full_matrices=False)
        left = left[:, size > 1e-10]
        return left @ (left.T @ found)

    input_reconstruction.tanh_path(by_cross_entropy)
    input_reconstruction.steps_needed(by_walking)
    input_reconstruction.said_by_output(by_svd)


def counted(W, rate, distance, tolerance, shrink=None, shift=0):
    if distance <= tolerance:
        return 0
    shrink = abs(1 - 2 * rate * W**2) if shrink is None else shrink(W, rate)
    if shrink >= 1:
        raise ValueError
    return (1 if shrink == 0 else ceil(log(tolerance / distance) / log(shrink))) + shift


def forgetful(W, rate, distance, tolerance):
    return max(1, counted(W, rate, distance, tolerance))


def below_twice_the_bound(W, rate, distance, tolerance):
    if rate * W**2 > 1:
        raise ValueError("no convergence")
    shrink = abs(1 - 2 * rate * W**2)
    return 0 if shrink == 1 else counted(W, rate, distance, tolerance)


def endless(W, rate, distance, tolerance):
    try:
        return counted(W, rate, distance, tolerance)
    except ValueError:
        return -1


def one_sided(W, rate, distance, tolerance):
    steps = 0
    while distance > tolerance and steps < 1000:
        distance, steps = distance * (1 - 2 * rate * W**2), steps + 1
    return steps


def descent(W, b, targets, start, rate, steps, scale=None, extra=0):
    x = start
    for _ in range(steps + extra):
        factor = 2 / W.shape[1] if scale is None else scale(W, targets)
        x = x - rate * factor * (x @ W + b - targets) @ W.T
    return x


def tanh_descent(w, b, target, start, rate, squared=False, inner=True):
    if abs(target) >= 1:
        raise ValueError
    path = [start]
    for _ in range(300):
        z = w * path[-1] + b
        slope = 2 * (z - np.arctanh(target))
        if squared:
            slope = 2 * (np.tanh(z) - target) * (1 - np.tanh(z) ** 2)
        # Kept in sight, as a step that does not fit w goes to infinity.
        after = path[-1] - rate * slope * (w if inner else 1)
        path.append(np.clip(after, -1e9, 1e9))
    return np.array(path)


def jump(w, b, target, start, rate):
    if abs(target) >= 1:
        raise ValueError
    return [start, (np.arctanh(target) - b) / w]


def straight(w, b, target, start, rate):
    return np.linspace(*jump(w, b, target, start, rate), 50)


def own_rate(w, b, target, start, rate):
    return tanh_descent(w, b, target, start, 0.25 / w**2)


def end_alone(*case):
    return tanh_descent(*case)[-1]


def without_start(*case):
    return tanh_descent(*case)[1:]


def with_noise(*case):
    path = tanh_descent(*case)
    path[-1] += 0.5
    return path


def trusting(w, b, target, start, rate):
    return tanh_descent(w, b, np.clip(target, -0.999999, 0.999999), start, rate)


def wrong_error(w, b, target, start, rate):
    if abs(target) >= 1:
        raise ZeroDivisionError
    return tanh_descent(w, b, target, start, rate)


def complement(W, x):
    return x - x @ W @ np.linalg.pinv(W)


def without_rank(W, x):
    # The inverse of W^T W exists only for full column rank.
    return W @ np.linalg.solve(W.T @ W + 1e-3 * np.eye(W.shape[1]), W.T @ x)


def plus_null(W, x):
    """Add a constant part that no output sees."""
    return x @ W @ np.linalg.pinv(W) + complement(W, np.ones(len(W)))


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("steps_needed", lambda *a: counted(*a, shift=1), "one off"),
        ("steps_needed", lambda *a: counted(*a, shift=-1), "one off"),
        (
            "steps_needed",
            lambda *a: counted(*a, shrink=lambda W, r: 1 - r * W**2),
            "count its 2",
        ),
        (
            "steps_needed",
            lambda *a: counted(*a, shrink=lambda W, r: 1 - 2 * r * W),
            "count its 2 and its W",
        ),
        (
            "steps_needed",
            lambda *a: counted(*a, shrink=lambda W, r: abs(1 - 2 * r * W * abs(W))),
            "raised ValueError",
        ),
        ("steps_needed", one_sided, "jumps from side to side"),
        ("steps_needed", forgetful, "solution already"),
        ("steps_needed", below_twice_the_bound, "W = 0.5, rate 4: expected a ValueError"),
        ("steps_needed", endless, "expected a ValueError, got -1; does the distance shrink"),
        (
            "find_inputs",
            lambda *a: descent(*a, scale=lambda W, y: 2),
            "mean or a sum over the m",
        ),
        (
            "find_inputs",
            lambda *a: descent(*a, scale=lambda W, y: 2 / y.size),
            "how many others there are",
        ),
        (
            "find_inputs",
            lambda *a: descent(*a, scale=lambda W, y: 1 / W.shape[1]),
            "where is the 2",
        ),
        ("find_inputs", lambda *a: descent(*a, extra=1), "how many steps were asked for"),
        ("find_inputs", lambda *a: descent(*a, extra=-1), "how many steps were asked for"),
        ("find_inputs", lambda W, b, y, x, r, s: descent(W, -b, y, x, r, s), "nudge of each"),
        ("find_inputs", lambda *a: descent(*a)[0], r"should have shape \(1, 1\)"),
        ("said_by_output", lambda W, x: x, "same output should have the same part"),
        ("said_by_output", complement, "did you drop"),
        ("said_by_output", without_rank, "did you drop"),
        ("said_by_output", plus_null, "something is left along a direction"),
        ("said_by_output", lambda W, x: x @ W, r"should have shape \(2,\), got \(1,\)"),
        ("tanh_path", lambda *a: tanh_descent(*a, squared=True), "hardly moved"),
        ("tanh_path", lambda *a: tanh_descent(*a, inner=False), "the one in x"),
        ("tanh_path", jump, "a first step should be twice as long"),
        ("tanh_path", straight, "a first step should be twice as long"),
        ("tanh_path", own_rate, "a first step should be twice as long"),
        ("tanh_path", end_alone, "the inputs on the way"),
        ("tanh_path", without_start, "not at the start"),
        ("tanh_path", with_noise, "follow one step by hand"),
        ("tanh_path", trusting, "which outputs does tanh have"),
        ("tanh_path", wrong_error, "expected a ValueError, got ZeroDivisionError"),
    ],
)
def test_likely_mistakes_get_a_hint_that_fits(name, answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(input_reconstruction, name)(answer)


def test_no_hint_gives_a_solution_line_away():
    text = getsource(input_reconstruction)
    for line in ("np.linalg.pinv", "np.arctanh", "np.log(", "@ W.T", "abs(1 - 2"):
        assert line not in text
