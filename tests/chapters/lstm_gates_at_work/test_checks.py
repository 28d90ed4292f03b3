"""The checks of chapter 6: likely mistakes get a hint that fits."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils import data, gates
from course_utils.checks import CheckFailed
from course_utils.checks import lstm_gates_at_work as checks
from tests.chapters import solution

SLUG = "lstm_gates_at_work"


def counter(up, down, dollar=0.0, forget=40.0, gate=40.0, inverse=np.arctanh):
    def block(bias, kernel=(0.0, 0.0, 0.0)):
        return gates.Block(np.array(kernel)[:, None], np.zeros((1, 1)), np.array([bias]))

    cell = block(0.0, [dollar, inverse(up), inverse(down)])
    wide = block(gate)
    blocks = {"input": wide, "forget": block(forget), "cell": cell, "output": wide}
    return gates.Gates("LSTM", blocks)


def in_float32(up, down):
    cell = counter(up, down)
    small = {
        name: gates.Block(*(a.astype("float32") for a in (k.kernel, k.recurrent, k.bias)))
        for name, k in cell.blocks.items()
    }
    return replace(cell, blocks=small)


def leaky(f, longest, offset=0, opening=False, fresh=True):
    states, counts = [], []
    c = 0.0
    for n in range(1, longest + 1):
        c, total = (0.0 if fresh else c), 0
        if opening:
            states.append(c)
            counts.append(total)
        for step in [1] * n + [-1] * n:
            c, total = f * c + step, total + step
            states.append(c)
            counts.append(total)
    return np.corrcoef(states[offset:], counts[offset:])[0, 1]


def moved(
    cell, V, v, unit, shift, state="c", until=0, opening="$", kept=1.0, from_10=False, b=False
):
    top = cell.trace(data.symbols([opening + "a" * 10]))
    h, c = kept * top.h[:, -1], top.c[:, -1].copy()
    (c if state == "c" else h)[:, unit] += shift
    if from_10:
        c[:, unit] = 10 + shift
    logits = cell.trace(data.symbols(["b" * 40]), h, c).h @ V + v
    ends = ((logits[0, :, 2] <= 0) if b else (logits[0, :, 0] > 0)).nonzero()[0]
    return ends[0] + 1 if len(ends) else until or 41


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("bias_for", lambda n: np.log(n - 1), "too soon"),
        ("bias_for", lambda n: np.log(2 * n), "too soon"),
        ("bias_for", lambda n: solution(SLUG, "bias_for")(n - 1), "too soon"),
        ("bias_for", lambda n: 1 - 1 / (2 * n**2), "a value of the gate"),
        ("bias_for", lambda n: 40.0, "still right"),
        ("bias_for", lambda n: np.log(8 * n**2), "leak more"),
        ("weighted_counter", lambda up, down: counter(up, down, inverse=float), "squashes"),
        ("weighted_counter", lambda up, down: counter(down, up), "the first a moves c by"),
        ("weighted_counter", lambda up, down: counter(up, down, dollar=0.1), "add nothing"),
        ("weighted_counter", lambda up, down: counter(up, down, forget=10.0), "quite open"),
        ("weighted_counter", lambda up, down: counter(up, down, forget=1.0), "after .aab"),
        ("weighted_counter", lambda up, down: counter(up, up), "after .aab"),
        ("weighted_counter", lambda up, down: (up, down), "got tuple"),
        ("weighted_counter", in_float32, "in float64, got float32"),
        (
            "weighted_counter",
            lambda up, down: replace(counter(up, down), activation="linear"),
            "the first a moves c by",
        ),
        ("waits", lambda *_: 10.0, "whole number"),
        ("waits", lambda *args: moved(*args[:4], 0), "where does the shift go in"),
        ("waits", lambda *args: moved(*args, state="h"), "where does the shift go in"),
        ("waits", lambda *args: moved(*args) - 1, "counts too"),
        ("waits", lambda *args: moved(*args, until=40), "return 41"),
        ("waits", lambda *args: moved(*args[:4], -args[4]), "move one entry of c"),
        ("waits", lambda *args: moved(*args[:3], 0, args[4]), "which column"),
        ("waits", lambda *args: moved(*args, opening=""), "go on from the whole h and c"),
        ("waits", lambda *args: moved(*args, kept=0.0), "go on from the whole h and c"),
        ("waits", lambda *args: moved(*args, from_10=True), "not 9: go on from the whole"),
        ("waits", lambda *args: moved(*args, b=True), "the entry of the \\$"),
        ("impostor", lambda f, n: leaky(f, n, offset=n * (n - 1)), "longest string alone"),
        ("impostor", lambda f, n: leaky(f, n, opening=True), "leave out"),
        ("impostor", lambda f, n: leaky(f, n, fresh=False), "start at 0"),
        ("impostor", lambda f, n: leaky(f, n) ** 2, "start at 0"),
        ("impostor", lambda f, n: -leaky(f, n), "the correlation is known"),
    ],
)
def test_a_plausible_wrong_answer_gets_a_hint_that_fits(name, wrong, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(checks, name)(wrong)


def test_another_right_answer_passes():
    checks.waits(moved)


def test_the_counter_of_the_check_is_that_of_the_chapter():
    for bias in (1.0, 3.0, 6.0):
        f = 1 / (1 + np.exp(-bias))
        n = 1
        while f ** (n - 1) * (1 - f**n) > 0.5 * (1 - f) + 1 - f ** (n - 1):
            n += 1
        assert checks._first_failure(bias, 60) == n
