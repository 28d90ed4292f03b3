"""Answers to the exercises of chapter 8, each with what its check says."""

import numpy as np


def slopes(weights, digits, targets, scale=2.0, sign=1, biased=True):
    """The right slopes, up to a mistake."""
    W, U, b = weights
    h = 0
    for digit in digits.T:
        h = digit * W + h * U + b * biased
    g, columns = scale * sign * (h - targets), []
    for _ in digits.T:
        columns.insert(0, g * W)
        g = g * U
    return np.array(columns).T


def one_step_late(weights, digits, targets):
    return slopes(weights, digits, targets) * weights[1]


def forwards(weights, digits, targets):
    return slopes(weights, digits, targets)[:, ::-1]


def without_weight(weights, digits, targets):
    return slopes(weights, digits, targets) / weights[0]


def of_last_digit(weights, digits, targets):
    return np.repeat(slopes(weights, digits, targets)[:, -1:], digits.shape[1], axis=1)


def into_digits(weights, digits, targets):
    """Right slopes, written over the digits from which the descent goes on."""
    digits[:] = slopes(weights, digits, targets)
    return digits


def up_to_four(weights, digits, targets):
    return slopes(weights, digits, targets)[:, -4:]


def by_moving_digits(weights, digits, targets):
    """Difference quotients: exact for a square, up to rounding."""
    W, U, b = weights

    def loss(rows):
        h = 0
        for digit in rows.T:
            h = digit * W + h * U + b
        return (h - targets) ** 2

    steps = 0.01 * np.eye(digits.shape[1])
    return np.stack([(loss(digits + e) - loss(digits - e)) / 0.02 for e in steps], axis=1)


def all_if_wide(W, x):
    """Take as many outputs as inputs for all that there is to know."""
    return x if W.shape[1] >= len(W) else by_svd(W, x)


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


def step_then_jump(w, b, target, start, rate):
    """Begin as a descent does and end with the closed form."""
    path = tanh_descent(w, b, target, start, rate)
    return [path[0], path[1], (np.arctanh(target) - b) / w]


def jump_half_way(w, b, target, start, rate):
    path = tanh_descent(w, b, target, start, rate)
    return [*path[: len(path) // 2 + 1], (np.arctanh(target) - b) / w]


def with_momentum(w, b, target, start, rate):
    if abs(target) >= 1:
        raise ValueError
    path, step = [start], 0.0
    while abs(np.tanh(w * path[-1] + b) - target) > 1e-3:
        step = 0.5 * step - rate * 2 * w * (w * path[-1] + b - np.arctanh(target))
        path.append(path[-1] + step)
    return path


def trusting(w, b, target, start, rate):
    return tanh_descent(w, b, np.clip(target, -0.999999, 0.999999), start, rate)


def below_1(w, b, target, start, rate):
    """Refuse 1 and above, and -1 alone."""
    return tanh_descent(w, b, -0.5 if target < -1 else target, start, rate)


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


def by_cross_entropy(w, b, target, start, rate):
    if abs(target) >= 1:
        raise ValueError
    path = [start]
    while abs(miss := np.tanh(w * path[-1] + b) - target) > 1e-3:
        path.append(path[-1] - rate * w * miss)
    return path


def by_svd(W, found):
    left, size, _ = np.linalg.svd(W, full_matrices=False)
    left = left[:, size > 1e-10]
    return left @ (left.T @ found)


def by_powers(weights, digits, targets):
    W, U, b = weights
    length = digits.shape[1]
    powers = U ** np.arange(length - 1, -1, -1.0)
    outputs = digits @ (W * powers) + b * powers.sum()
    return np.outer(2 * (outputs - targets), W * powers)


ANSWERS = {
    "input_slopes": [
        ("right", by_powers),
        ("right", by_moving_digits),
        ("writes into `digits`", into_digits),
        (r"should have shape \(2, 7\), got \(2, 4\)", up_to_four),
        ("average over the rows", lambda *a: slopes(*a, scale=2 / len(a[1]))),
        ("where is the 2", lambda *a: slopes(*a, scale=1)),
        ("the sign", lambda *a: slopes(*a, sign=-1)),
        ("have a bias", lambda *a: slopes(*a, biased=False)),
        ("has not met U yet", one_step_late),
        ("meets U most often", forwards),
        ("times W", without_weight),
        ("how does U come in", of_last_digit),
        ("move one digit a little", lambda w, x, y: x * 0),
        (r"should have shape \(1, 1\)", lambda *a: slopes(*a)[0]),
    ],
    "said_by_output": [
        ("right", by_svd),
        ("right", lambda W, x: np.linalg.lstsq(W.T, x @ W, rcond=None)[0].tolist()),
        ("four outputs.* should have the same part", all_if_wide),
        ("same output should have the same part", lambda W, x: x),
        ("did you drop", complement),
        ("did you drop", without_rank),
        ("something is left along a direction", plus_null),
        (r"should have shape \(2,\), got \(1,\)", lambda W, x: x @ W),
    ],
    "tanh_path": [
        ("right", by_cross_entropy),
        ("hardly moved", lambda *a: tanh_descent(*a, squared=True)),
        ("the one in x", lambda *a: tanh_descent(*a, inner=False)),
        ("a first step should be twice as long", jump),
        ("a first step should be twice as long", straight),
        ("a first step should be twice as long", own_rate),
        ("the inputs on the way", end_alone),
        ("not at the start", without_start),
        ("follow one step by hand", with_noise),
        ("a run that starts there begins with a step of", step_then_jump),
        ("a run that starts there begins with a step of", jump_half_way),
        ("a run that starts there begins with a step of", with_momentum),
        ("which outputs does tanh have", trusting),
        ("target -1.5: expected a ValueError", below_1),
        ("expected a ValueError, got ZeroDivisionError", wrong_error),
    ],
}
