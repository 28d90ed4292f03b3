"""Answers to the exercises of chapter 7, each with what its check says."""

import numpy as np


def by_place(matrix, order):
    found = np.split(matrix, 4, axis=-1)
    return np.concatenate([found[order.index(k)] for k in "ifco"], axis=-1)


def wrong_way(matrix, order):
    found = dict(zip("ifco", np.split(matrix, 4, axis=-1), strict=True))
    return np.concatenate([found[k] for k in order], axis=-1)


def rows(matrix, order):
    found = dict(zip(order, np.split(matrix, 4, axis=0), strict=True))
    return np.concatenate([found[k] for k in "ifco"], axis=0)


def in_place(matrix, order):
    matrix[:] = by_place(matrix, order)
    return matrix


def first_block_only(matrix, order):
    found = np.split(matrix, 4, axis=-1)
    first = order.index("i")
    return np.concatenate([found[first], *found[:first], *found[first + 1 :]], axis=-1)


def one_block_twice(matrix, order):
    found = np.split(matrix, 4, axis=-1)
    return np.concatenate([found[0]] * 4, axis=-1)


def upside_down(matrix, order):
    return by_place(matrix, order)[::-1]


def moved(W, U, b, **changed):
    state = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
    return {**state, **changed}


def bias_shared_out(W, U, b):
    return moved(W, U, b, bias_ih_l0=-2 * b, bias_hh_l0=3 * b)


def halves_its_bias(W, U, b):
    b *= 0.5
    return moved(W, U, b, bias_hh_l0=b)


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


def far_in_norm(got, want, tolerance):
    away = ~(np.linalg.norm(got - want, axis=2).max(axis=0) <= tolerance)
    return int(away.argmax()) + 1 if away.any() else 0


def first_four(got, want, tolerance):
    return in_a_loop(got[:, :4], want[:, :4], tolerance)


def nan_in_ours(got, want, tolerance):
    away = ((np.abs(got - want) > tolerance) | np.isnan(got)).any(axis=(0, 2))
    return int(away.argmax()) + 1 if away.any() else 0


def nan_is_nan(got, want, tolerance):
    same = np.isclose(got, want, rtol=0, atol=tolerance, equal_nan=True)
    away = ~same.all(axis=(0, 2))
    return int(away.argmax()) + 1 if away.any() else 0


def spoils_got(got, want, tolerance):
    got -= want
    return in_a_loop(got, 0 * want, tolerance)


def in_a_loop(got, want, tolerance):
    for t in range(got.shape[1]):
        if not np.allclose(got[:, t], want[:, t], rtol=0, atol=tolerance):
            return np.int64(t + 1)
    return 0


ANSWERS = {
    "keras_blocks": [
        ("right", by_place),
        ("first block should be input.*is cell", lambda matrix, order: matrix),
        ("in which do you look up", wrong_way),
        ("raised ValueError", rows),
        ("first block begins well", first_block_only),
        ("lost or made up", one_block_twice),
        ("changed their row", upside_down),
        ("make a new one", in_place),
        ("first block should be input", lambda matrix, order: np.sort(matrix, axis=-1)),
        (r"should have shape \(3, 8\)", lambda matrix, order: matrix.T),
    ],
    "torch_state": [
        ("right", bias_shared_out),
        ("got tuple", lambda W, U, b: (W.T, U.T, b, b)),
        ("names", lambda W, U, b: {"weight_ih_l0": W.T}),
        ("shape", lambda W, U, b: moved(W, U, b, weight_ih_l0=W)),
        ("mixes the rows", lambda W, U, b: moved(W, U, b, weight_ih_l0=W.reshape(W.T.shape))),
        (
            "not transposed one by one",
            lambda W, U, b: moved(W, U, b, weight_hh_l0=np.concatenate(np.split(U, 4, axis=1))),
        ),
        ("order", lambda W, U, b: moved(W, U, b, weight_hh_l0=U.T[::-1])),
        ("b twice", lambda W, U, b: moved(W, U, b, bias_hh_l0=b)),
        ("W, U or b change", halves_its_bias),
        ("where has b", lambda W, U, b: moved(W, U, b, bias_ih_l0=0 * b)),
        ("sum be", lambda W, U, b: moved(W, U, b, bias_hh_l0=b / 2)),
    ],
    "first_difference": [
        ("right", in_a_loop),
        ("whole number", lambda *_: 2.0),
        ("6e-06", lambda got, want, tolerance: parts(got, want, 0)),
        ("0.03", lambda got, want, tolerance: parts(got, want, 1e-5)),
        ("counted from 1", lambda *args: parts(*args, counted_from=0)),
        ("either sign", without_size),
        ("a single one", summed_up(np.mean)),
        ("one sequence is enough", mean_of_sequences),
        ("6e-06", summed_up(np.sum)),
        ("6e-06", far_in_norm),
        ("they part at step 6, and you say 0", first_four),
        ("want is nan", nan_in_ours),
        ("both are nan", nan_is_nan),
        ("the arrays you are given change", spoils_got),
        ("first gap or for the largest", largest_gap),
        ("6e-06", relative),
        ("which axis", wrong_axis),
        ("got is nan", parts),
    ],
}
