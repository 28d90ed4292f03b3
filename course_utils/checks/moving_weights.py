"""Checks of chapter 7, in which weights move between Keras, PyTorch and ONNX."""

from collections.abc import Callable
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close, quietly

Array = NDArray[np.float64]

# Each block is a number of its own, so that a wrong place shows which block lies there; they do
# not rise from block to block, so that sorting does not help.
_MARKS = {"i": 3.0, "f": 1.0, "c": 4.0, "o": 2.0}
_NAMES = {"i": "input", "f": "forget", "c": "cell", "o": "output"}
_ORDERS = tuple(dict.fromkeys(("cfoi", "iofc", "ifco", *map("".join, permutations("ifco")))))


def _side_by_side(order: str, shape: tuple[int, ...]) -> Array:
    """Return blocks of this shape in this order, each number of a block different."""
    size = int(np.prod(shape))
    counts = np.arange(size).reshape(shape) / (2 * size)
    return np.concatenate([_MARKS[letter] + counts for letter in order], axis=-1)


def keras_blocks(answer: Callable[[Array, str], Any]) -> None:
    """Check the blocks of an LSTM in the order of Keras."""
    for order in _ORDERS:
        for name, shape in (("W", (3, 2)), ("U", (2, 2)), ("a bias", (2,))):
            given = _side_by_side(order, shape)
            got = as_array(call(answer, given, order), given.shape, f"{name} from {order}")
            want = _side_by_side("ifco", shape)
            if close(got, want):
                continue
            if not close(np.sort(got, axis=None), np.sort(want, axis=None)):
                hint = "numbers were lost or made up. Is each block taken once?"
            elif not close(np.sort(got, axis=-1), np.sort(want, axis=-1)):
                hint = "numbers changed their row. Along which axis do the blocks lie?"
            elif (
                len(places := np.unique(np.floor(got[..., 0]))) == 1
                and places[0] != _MARKS["i"]
            ):
                there = next(k for k, mark in _MARKS.items() if mark == places[0])
                hint = (
                    f"the first block should be {_NAMES['i']}, and yours is {_NAMES[there]}. "
                    "Which of the two orders do you go through, and in which do you look up?"
                )
            else:
                hint = "the first block begins well. Are the others whole, and where are they?"
            raise CheckFailed(f"{name}, blocks in the order {order}: {hint}")
    own = _side_by_side("cfoi", (3, 2))
    again = as_array(quietly(answer, own, "cfoi"), own.shape, "W")  # without a copy
    kept = np.array_equal(own, _side_by_side("cfoi", (3, 2)))
    if not (kept and close(again, _side_by_side("ifco", (3, 2)))):
        raise CheckFailed("the matrix you are given changes: make a new one.")
    print("keras_blocks: right for all 24 orders.")


_TORCH = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def torch_state(answer: Callable[[Array, Array, Array], Any]) -> None:
    """Check the arrays of a Keras LSTM under PyTorch's names."""
    for features, units in ((3, 2), (2, 2), (1, 3)):
        rng = np.random.default_rng(units)
        shapes = (features, 4 * units), (units, 4 * units), (4 * units,)
        W, U, b = arrays = [rng.normal(size=shape) for shape in shapes]
        _judge_state(call(answer, W, U, b), W, U, b)
        own = [array.copy() for array in arrays]
        _judge_state(quietly(answer, *own), W, U, b)  # without copies
        if not all(map(np.array_equal, own, arrays)):
            raise CheckFailed(
                "your state is right, but W, U or b change, which the caller still needs: make "
                "new arrays."
            )
    print("torch_state: right for 3 sizes.")


def _judge_state(result: Any, W: Array, U: Array, b: Array) -> None:
    """Refuse what is not the state of PyTorch's LSTM for these arrays of Keras."""
    if not isinstance(result, dict) or set(result) != set(_TORCH):
        names = sorted(result) if isinstance(result, dict) else type(result).__name__
        raise CheckFailed(f"a dictionary should have the names {_TORCH}, got {names}")
    wanted = W.T, U.T, b, b
    got = [
        as_array(result[name], array.shape, name)
        for name, array in zip(_TORCH, wanted, strict=True)
    ]
    bias = got[2] + got[3]
    for name, array, right in zip(_TORCH, got[:2], wanted, strict=False):
        if close(array, right):
            continue
        if close(array, right.T.reshape(right.shape)):
            hint = "a reshape fits the shape and mixes the rows. What turns x W into W x?"
        elif close(array, np.concatenate(np.split(right.T, 4, axis=1))):
            hint = "the blocks are stacked, but not transposed one by one."
        else:
            hint = "both frameworks order the blocks i, f, c, o. What is done to each?"
        raise CheckFailed(f"{name}, {len(W)} features and {len(U)} units: {hint}")
    if close(bias, b):
        return
    if close(bias, 2 * b):
        hint = "PyTorch adds both biases, and you give it b twice."
    elif close(bias, 0 * b):
        hint = "where has b gone?"
    else:
        hint = "PyTorch adds both biases. What should their sum be?"
    raise CheckFailed(f"the biases: {hint}")


def first_difference(answer: Callable[[Array, Array, float], Any]) -> None:
    """Check the step at which two answers part."""
    short = np.linspace(-1, 1, 60).reshape(3, 4, 5)
    longer = np.linspace(-1, 1, 126).reshape(2, 7, 9)
    for want, tolerance, sign, step in (
        *product((short,), (1e-5, 0.05), (1, -1), (0, 2, 1, 4)),
        *product((longer,), (1e-5,), (1,), (0, 6, 7)),
    ):
        got = want + 0.6 * tolerance
        if step:  # by more than the tolerance, and by more at each step
            got[-1, step - 1 :, 3] += sign * tolerance * np.arange(2, want.shape[1] + 3 - step)
        own = got.copy(), want.copy()
        found = _step(call(answer, got, want, tolerance))
        again = _step(quietly(answer, *own, tolerance))  # without copies
        if found == step == again and all(map(np.array_equal, own, (got, want))):
            continue
        if found == step:
            hint = "right, but the arrays you are given change: make new ones."
        elif step == 0:
            hint = (
                f"the answers differ by {0.6 * tolerance:g} and the tolerance is {tolerance:g}."
            )
        elif found == step - 1 and found:
            hint = "Python counts from 0, and steps are counted from 1."
        elif sign == -1:
            hint = "a difference may have either sign, and one unit of one sequence is enough."
        elif found == 0:
            hint = "one unit of one sequence differs. Does your function see a single one?"
        else:
            hint = (
                "which axis of (batch, steps, units) do you search, and for the first gap or "
                "for the largest?"
            )
        raise CheckFailed(f"they part at step {step}, and you say {found}: {hint}")
    broken = longer.copy()
    broken[0, 1, 0] = np.nan
    for got, want, which in (
        (broken, longer, "got is"),
        (longer, broken, "want is"),
        (broken, broken, "both are"),
    ):
        if _step(call(answer, got, want, 1e-5)) != 2:
            raise CheckFailed(f"{which} nan at step 2. Is a comparison with nan ever True?")
    print("first_difference: right for 22 pairs.")


def _step(value: Any) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise CheckFailed(f"a step should be a whole number, got {value!r}")
    return int(value)
