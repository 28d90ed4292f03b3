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


def without_past(gates, x, new):
    return gates.trace(new).h


def without_new(gates, x, new):
    return gates.trace(x).h


def without_c(gates, x, new):
    past = gates.trace(x)
    ahead = gates.trace(new.reshape(-1, 1, gates.features), past.h.reshape(-1, gates.units))
    return ahead.h.reshape(past.h.shape)


def one_early(gates, x, new):
    past = gates.trace(x)
    h, c = (np.roll(s, 1, axis=1) for s in (past.h, past.c))
    h[:, 0] = c[:, 0] = 0
    shape = -1, gates.units
    ahead = gates.trace(new.reshape(-1, 1, gates.features), h.reshape(shape), c.reshape(shape))
    return ahead.h.reshape(h.shape)


def mixed_up(gates, x, new):
    past = gates.trace(x)
    h, c = (s.transpose(1, 0, 2).reshape(-1, gates.units) for s in (past.h, past.c))
    return gates.trace(new.reshape(-1, 1, gates.features), h, c).h.reshape(past.h.shape)


def last_only(gates, x, new):
    past = gates.trace(x)
    return gates.trace(new, past.h[:, -1], past.c[:, -1]).h[:, -1]


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
        ("one_more_step", without_past, "What did the network know"),
        ("one_more_step", without_new, "Where does new come in"),
        ("one_more_step", without_c, "carries a second state"),
        ("one_more_step", one_early, "one step early"),
        ("one_more_step", mixed_up, "stay apart"),
        ("one_more_step", last_only, r"should have shape \(2, 4, 5\)"),
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


def test_no_hint_gives_a_solution_line_away():
    text = getsource(moving_weights)
    cells = read(ROOT / "notebooks" / "07_moving_weights.md").cells
    lines = [line.strip() for cell in cells for line in solution_lines(cell.source)]
    telling = [line for line in lines if line and not TELLS_NOTHING.fullmatch(line)]
    assert len(telling) > 10
    assert not [line for line in telling if line in text]
