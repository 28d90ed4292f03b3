"""The microscopes for an LSTM as Python objects: bad input, sizes, and the slices they cut."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from course_utils import live
from course_utils.gates import Block, Gates
from tests.package.live_examples import COUNTER, FUSED, SEQUENCES, SLICED

CELL, V, v = COUNTER


def gru():
    block = Block(np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2), np.zeros(2))
    return Gates("GRU", dict.fromkeys(("update", "reset", "candidate"), block))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: live.GateMicroscope(gru(), V, v), "should be an LSTM with tanh and sigmoid"),
        (
            lambda: live.GateMicroscope(replace(CELL, activation="relu"), V, v),
            "should be an LSTM with tanh and sigmoid, read forwards, got .*activation relu",
        ),
        (lambda: live.GateMicroscope(replace(CELL, reverse=True), V, v), "read forwards"),
        (
            lambda: live.GateMicroscope(live.sliced(FUSED, "ifco"), V, v),
            r"read the 3 symbols \$ab, got .*features 5",
        ),
        (
            lambda: live.GateMicroscope(CELL, V.T, v),
            r"V should have shape \(2, 3\), got \(3, 2\)",
        ),
        (lambda: live.GateMicroscope(CELL, V, v[:2]), r"v should have shape \(3,\)"),
        (lambda: live.GateMicroscope(CELL, V + np.inf, v), "V should be finite"),
        (lambda: live.GateMicroscope(CELL, V, v, "$ab"), "without the \\$, got '\\$ab'"),
        (lambda: live.GateMicroscope(CELL, V, v, "abc"), "a's and b's .*, got 'abc'"),
        (lambda: live.GateMicroscope(CELL, V, v, "a" * 81), "at most 80 a's and b's"),
        (
            lambda: live.GateMicroscope(CELL, V, v, unit=2),
            r"unit should be from 0 to 1, got 2",
        ),
        (lambda: live.GateSlices(FUSED[:2], SEQUENCES, SLICED), "W, U and b, got 2 arrays"),
        (
            lambda: live.GateSlices([*FUSED[:2], FUSED[2][:8]], SEQUENCES, SLICED),
            r"b should have shape \(16,\), got \(8,\)",
        ),
        (
            lambda: live.GateSlices([FUSED[0].T, *FUSED[1:]], SEQUENCES, SLICED),
            r"W should have shape \(any, 16\), got \(16, 5\)",
        ),
        (
            lambda: live.GateSlices([FUSED[0], 1.0, FUSED[2]], SEQUENCES, SLICED),
            r"U should have shape \(any, any\), got \(\)",
        ),
        (
            lambda: live.GateSlices(FUSED, SEQUENCES[0], SLICED[0]),
            r"x should have shape \(any, any, 5\), got \(20, 5\)",
        ),
        (
            lambda: live.GateSlices(FUSED, SEQUENCES, SLICED[:, -1]),
            r"h should have shape \(3, 20, 4\), got \(3, 4\)",
        ),
        (
            lambda: live.GateSlices(FUSED, SEQUENCES[:0], SLICED[:0]),
            "a step and a feature at least",
        ),
        (lambda: live.GateSlices(FUSED, SEQUENCES, SLICED, "ifgo"), "order of i, f, c and o"),
    ],
)
def test_bad_input_is_refused_in_words(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_no_cell_is_sent_to_the_readers_of_cells():
    with pytest.raises(TypeError, match=r"got dict: read it with Gates\.from_keras"):
        live.GateMicroscope({}, V, v)


def test_a_cell_without_biases_is_one_with_zeros():
    blocks = {
        name: Block(block.kernel, block.recurrent, None) for name, block in CELL.blocks.items()
    }
    sent = live.GateMicroscope(Gates("LSTM", blocks), V, v).data()["blocks"]
    assert not any(block["b"].any() for block in sent.values())


def test_the_empty_string_is_read_as_the_dollar_alone():
    figure = live.GateMicroscope(CELL, V, v, "")
    assert figure.alt().startswith("Six rows of bars over the 1 symbols of $, for unit 0")
    assert figure.still().startswith(b"\x89PNG")


def test_the_alternative_text_says_what_the_trace_is():
    c = CELL.trace(np.eye(3)[[0, 1, 1, 1, 2, 2, 2]][np.newaxis]).c[0, :, 0]
    words = live.GateMicroscope(CELL, V, v, "aaabbb").alt()
    assert f"between {c.min():.1f} and {c.max():.1f}" in words
    assert words.endswith("after the last symbol that is $.")


@pytest.mark.parametrize("order", ["".join(order) for order in permutations("ifco")])
def test_only_the_order_of_the_layer_agrees(order):
    off = np.abs(live.sliced(FUSED, order).trace(SEQUENCES).h - SLICED).max()
    assert (off == 0) == (order == "ifco")
    words = live.GateSlices(FUSED, SEQUENCES, SLICED, order).alt()
    assert ("agrees with it" in words) == (order == "ifco")
    assert f"taken for {', '.join(order)}." in words
