"""The checks of chapter 7: likely mistakes get a hint that fits."""

from inspect import getsource
from itertools import permutations

import numpy as np
import pytest

from course_utils.checks import CheckFailed, moving_weights
from course_utils.gates import Block, Gates
from tests.chapters import ROOT, solution
from tools.chapters import read
from tools.editions import solution_lines
from tools.student import TELLS_NOTHING

SLUG = "moving_weights"
RNG = np.random.default_rng(0)


def wrong_way(matrix, order):
    found = dict(zip("ifco", np.split(matrix, 4, axis=-1), strict=True))
    return np.concatenate([found[k] for k in order], axis=-1)


def rows(matrix, order):
    found = dict(zip(order, np.split(matrix, 4, axis=0), strict=True))
    return np.concatenate([found[k] for k in "ifco"], axis=0)


def first_block_only(matrix, order):
    found = np.split(matrix, 4, axis=-1)
    first = order.index("i")
    return np.concatenate([found[first], *found[:first], *found[first + 1 :]], axis=-1)


def one_block_twice(matrix, order):
    found = np.split(matrix, 4, axis=-1)
    return np.concatenate([found[0]] * 4, axis=-1)


def upside_down(matrix, order):
    return solution(SLUG, "keras_blocks")(matrix, order)[::-1]


def torch_order(bias_ih, bias_hh):
    return np.stack([bias_ih, bias_hh])


def added(bias_ih, bias_hh):
    return solution(SLUG, "keras_gru_bias")(bias_ih, bias_hh).sum(axis=0)


def added_beside_zeros(bias_ih, bias_hh):
    return solution(SLUG, "keras_gru_bias")(bias_ih + bias_hh, 0 * bias_hh)


def swapped(bias_ih, bias_hh):
    return solution(SLUG, "keras_gru_bias")(bias_hh, bias_ih)


def reversed_blocks(bias_ih, bias_hh):
    return np.stack([np.concatenate(np.split(b, 3)[::-1]) for b in (bias_ih, bias_hh)])


def update_twice(bias_ih, bias_hh):
    both = [np.split(b, 3) for b in (bias_ih, bias_hh)]
    return np.stack([np.concatenate([z, z, n]) for _, z, n in both])


def moved(W, U, b, **changed):
    return {**solution(SLUG, "torch_state")(W, U, b), **changed}


def bias_shared_out(W, U, b):
    return moved(W, U, b, bias_ih_l0=-2 * b, bias_hh_l0=3 * b)


def parts(got, want, tolerance, counted_from=1):
    away = np.abs(got - want).max(axis=(0, 2)) > tolerance
    return int(away.argmax()) + counted_from if away.any() else 0


def without_size(got, want, tolerance):
    away = (got - want > tolerance).any(axis=(0, 2))
    return int(away.argmax()) + 1 if away.any() else 0


def summed_up(how):
    """An answer that compares one number a step, found by mean or sum."""

    def answer(got, want, tolerance):
        away = how(np.abs(got - want), axis=(0, 2)) > tolerance
        return int(away.argmax()) + 1 if away.any() else 0

    return answer


def mean_of_sequences(got, want, tolerance):
    away = (np.abs(got - want).mean(axis=0) > tolerance).any(axis=1)
    return int(away.argmax()) + 1 if away.any() else 0


def largest_gap(got, want, tolerance):
    gap = np.abs(got - want).max(axis=(0, 2))
    return int(gap.argmax()) + 1 if gap.max() > tolerance else 0


def relative(got, want, tolerance):
    away = (np.abs(got - want) > tolerance * np.abs(want)).any(axis=(0, 2))
    return int(away.argmax()) + 1 if away.any() else 0


def wrong_axis(got, want, tolerance):
    away = (np.abs(got - want) > tolerance).any(axis=(1, 2))
    return int(away.argmax()) + 1 if away.any() else 0


def in_a_loop(got, want, tolerance):
    for t in range(got.shape[1]):
        if not np.allclose(got[:, t], want[:, t], rtol=0, atol=tolerance):
            return np.int64(t + 1)
    return 0


def found_with(draw, steps):
    """An answer to find_order that draws its probe in some way and looks at some steps."""

    def answer(run):
        blocks = {k: Block(draw(1, 2), draw(2, 2), draw(2)) for k in "ifco"}
        names = {"i": "input", "f": "forget", "c": "cell", "o": "output"}
        x = np.linspace(0.3, 1, 8).reshape(2, 4, 1)[:, :steps]
        want = Gates("LSTM", {names[k]: block for k, block in blocks.items()}).trace(x).h
        for order in permutations("ofci"):
            parts = ("kernel", "recurrent", "bias")
            fused = [
                np.concatenate([getattr(blocks[k], part) for k in order], axis=-1)
                for part in parts
            ]
            if np.allclose(run(*fused, x), want):
                return "".join(order)
        return None

    return answer


def way_back(run):
    order = solution(SLUG, "find_order")(run)
    return "".join("ifco"[order.index(letter)] for letter in "ifco")


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("keras_blocks", lambda matrix, order: matrix, "first block should be input.*is cell"),
        ("keras_blocks", wrong_way, "in which do you look up"),
        ("keras_blocks", rows, "raised ValueError"),
        ("keras_blocks", first_block_only, "first block begins well"),
        ("keras_blocks", one_block_twice, "lost or made up"),
        ("keras_blocks", upside_down, "changed their row"),
        ("keras_blocks", lambda matrix, order: matrix.T, r"should have shape \(3, 8\)"),
        ("keras_gru_bias", torch_order, "PyTorch's order"),
        ("keras_gru_bias", added, "one row is not enough"),
        ("keras_gru_bias", added_beside_zeros, "look at the candidate"),
        ("keras_gru_bias", swapped, "rows changed places"),
        ("keras_gru_bias", reversed_blocks, "look at the candidate"),
        ("keras_gru_bias", update_twice, "second block of Keras"),
        ("torch_state", lambda W, U, b: (W.T, U.T, b, b), "got tuple"),
        ("torch_state", lambda W, U, b: {"weight_ih_l0": W.T}, "names"),
        ("torch_state", lambda W, U, b: moved(W, U, b, weight_ih_l0=W), "shape"),
        (
            "torch_state",
            lambda W, U, b: moved(W, U, b, weight_ih_l0=W.reshape(W.T.shape)),
            "mixes the rows",
        ),
        (
            "torch_state",
            lambda W, U, b: moved(W, U, b, weight_hh_l0=np.concatenate(np.split(U, 4, axis=1))),
            "not transposed one by one",
        ),
        ("torch_state", lambda W, U, b: moved(W, U, b, weight_hh_l0=U.T[::-1]), "order"),
        ("torch_state", lambda W, U, b: moved(W, U, b, bias_hh_l0=b), "b twice"),
        ("torch_state", lambda W, U, b: moved(W, U, b, bias_ih_l0=0 * b), "where has b"),
        ("torch_state", lambda W, U, b: moved(W, U, b, bias_hh_l0=b / 2), "sum be"),
        ("first_difference", lambda *_: 2.0, "whole number"),
        ("first_difference", lambda got, want, tolerance: parts(got, want, 0), "4e-06"),
        ("first_difference", lambda got, want, tolerance: parts(got, want, 1e-5), "0.02"),
        ("first_difference", lambda *args: parts(*args, counted_from=0), "counted from 1"),
        ("first_difference", without_size, "either sign"),
        ("first_difference", summed_up(np.mean), "a single one"),
        ("first_difference", mean_of_sequences, "one sequence is enough"),
        ("first_difference", summed_up(np.sum), "4e-06"),
        ("first_difference", largest_gap, "first gap or for the largest"),
        ("first_difference", relative, "4e-06"),
        ("first_difference", wrong_axis, "which axis"),
        ("first_difference", parts, "nan"),
        ("find_order", lambda run: "ifco", "framework.*ifco is not its order"),
        ("find_order", way_back, "the way back"),
        ("find_order", found_with(lambda *s: np.zeros(s), 4), "many orders agree"),
        (
            "find_order",
            found_with(lambda *s: np.arange(1.0, 1 + np.prod(s)).reshape(s), 1),
            "many orders agree",
        ),
        ("find_order", lambda run: "ifgo", "letters i, f, c and o"),
        ("find_order", lambda run: run(np.ones((1, 8)), np.ones((8, 2)), 0, 0), "4u"),
    ],
)
def test_likely_mistakes_get_a_hint_that_fits(name, answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(moving_weights, name)(answer)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("torch_state", bias_shared_out),
        ("first_difference", in_a_loop),
        # A wrong order moves i, c or o, so one step tells, though f does nothing in it.
        ("find_order", found_with(lambda *s: RNG.normal(size=s), 1)),
    ],
)
def test_another_right_answer_passes(name, answer):
    getattr(moving_weights, name)(answer)


def test_no_hint_gives_a_solution_line_away():
    text = getsource(moving_weights)
    cells = read(ROOT / "notebooks" / "07_moving_weights.md").cells
    lines = [line.strip() for cell in cells for line in solution_lines(cell.source)]
    telling = [line for line in lines if line and not TELLS_NOTHING.fullmatch(line)]
    assert len(telling) > 10
    assert not [line for line in telling if line in text]
