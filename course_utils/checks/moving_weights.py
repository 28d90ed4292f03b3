"""Checks of chapter 7, in which weights move between Keras, PyTorch and ONNX."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close
from course_utils.gates import Block, Gates

Array = NDArray[np.float64]

# Each block is a number of its own, so that a wrong place shows which block lies there.
_MARKS = {"i": 1.0, "f": 2.0, "c": 3.0, "o": 4.0}
_NAMES = {"i": "input", "f": "forget", "c": "cell", "o": "output"}


def _side_by_side(order: str, shape: tuple[int, ...]) -> Array:
    """Return blocks of this shape in this order, each number of a block different."""
    size = int(np.prod(shape))
    counts = np.arange(size).reshape(shape) / (2 * size)
    return np.concatenate([_MARKS[letter] + counts for letter in order], axis=-1)


def keras_blocks(answer: Callable[[Array, str], Any]) -> None:
    """Check exercise 1: the blocks of an LSTM in the order of Keras.

    Parameters
    ----------
    answer
        The learner's ``keras_blocks(matrix, order)``, returning an array.

    Raises
    ------
    CheckFailed
        With a hint, if a block is in a wrong place.
    """
    for order in ("cfoi", "iofc", "ifco", "fico"):
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
            elif len(places := np.unique(np.floor(got[..., 0]))) == 1 and int(places[0]) != 1:
                there = next(k for k, mark in _MARKS.items() if mark == places[0])
                hint = (
                    f"the first block should be {_NAMES['i']}, and yours is {_NAMES[there]}. "
                    "Which of the two orders do you go through, and in which do you look up?"
                )
            else:
                hint = "the first block begins well. Are the others whole, and where are they?"
            raise CheckFailed(f"{name}, blocks in the order {order}: {hint}")
    print("keras_blocks: right for 4 orders.")


def keras_gru_bias(answer: Callable[[Array, Array], Any]) -> None:
    """Check exercise 2: the biases of a GRU of PyTorch, for Keras.

    Parameters
    ----------
    answer
        The learner's ``keras_gru_bias(bias_ih, bias_hh)``, returning an array.

    Raises
    ------
    CheckFailed
        With a hint, if the GRU would compute something else.
    """
    for units in (3, 1, 4):
        rng = np.random.default_rng(units)
        bias_ih, bias_hh = rng.normal(size=(2, 3 * units))
        result = call(answer, bias_ih, bias_hh)
        if isinstance(result, np.ndarray) and result.shape == (3 * units,):
            raise CheckFailed(
                "one row is not enough: which part of a GRU tells its two biases apart?"
            )
        got = as_array(result, (2, 3 * units), "the bias")
        r, z, n = (slice(k * units, (k + 1) * units) for k in range(3))
        # Keras: update, reset, candidate, in a row each for the input and for h.
        if close(got, np.stack([bias_ih, bias_hh])):
            hint = "these are PyTorch's blocks in PyTorch's order. What is Keras' order?"
        elif close(got[:, n], [bias_hh[n], bias_ih[n]]):
            hint = "the two rows changed places: which bias goes with the input?"
        elif not close(got[:, n], [bias_ih[n], bias_hh[n]]):
            hint = "look at the candidate: in both frameworks it is the last block."
        elif not close(got.sum(axis=0)[r], (bias_ih + bias_hh)[z]):
            hint = "Keras begins with the update gate. Is that what your first block holds?"
        elif not close(got.sum(axis=0)[z], (bias_ih + bias_hh)[r]):
            hint = "the second block of Keras belongs to the reset gate."
        else:
            continue
        raise CheckFailed(f"a GRU with {units} unit{'s' * (units > 1)}: {hint}")
    print("keras_gru_bias: right for 3 sizes.")


def _random_lstm(seed: int, features: int, units: int) -> Gates:
    rng = np.random.default_rng(seed)
    shapes = (features, units), (units, units), (units,)
    blocks = {
        name: Block(*(rng.normal(size=shape) for shape in shapes)) for name in _NAMES.values()
    }
    return Gates("LSTM", blocks)


def one_more_step(answer: Callable[[Gates, Array, Array], Any]) -> None:
    """Check exercise 3: h one step after each step of x.

    Parameters
    ----------
    answer
        The learner's ``one_more_step(gates, x, new)``, returning h.

    Raises
    ------
    CheckFailed
        With a hint, if h is wrong.
    """
    for seed, (batch, steps, features, units) in enumerate(((2, 4, 3, 5), (3, 1, 1, 2))):
        gates = _random_lstm(seed, features, units)
        x, new = np.random.default_rng(seed + 9).normal(size=(2, batch, steps, features))
        result = call(answer, gates, x, new)
        got = as_array(result, (batch, steps, units), "the result")
        want = np.empty_like(got)
        without_c, too_early = np.empty_like(got), np.empty_like(got)
        for t in range(steps):
            longer = np.concatenate([x[:, : t + 1], new[:, t : t + 1]], axis=1)
            want[:, t] = gates.trace(longer).h[:, -1]
            h = gates.trace(x[:, : t + 1]).h[:, -1]
            without_c[:, t] = gates.trace(new[:, t : t + 1], h0=h).h[:, 0]
            shorter = np.concatenate([x[:, :t], new[:, t : t + 1]], axis=1)
            too_early[:, t] = gates.trace(shorter).h[:, -1]
        if close(got, want):
            continue
        if close(got, gates.trace(new).h):
            hint = "this reads new alone. What did the network know after step t of x?"
        elif close(got, gates.trace(x).h):
            hint = "this is h after x alone. Where does new come in?"
        elif close(got, without_c):
            hint = "h goes on from step t, but an LSTM carries a second state."
        elif close(got, too_early):
            hint = "one step early: new[n, t] comes after x[n, t], not instead of it."
        else:
            hint = (
                "compare entry (0, 0) with gates.trace of two steps, x[0, 0] and new[0, 0]. If "
                "it is right, do sequences and steps stay apart when you change the shape?"
            )
        raise CheckFailed(f"{batch} sequences of {steps} steps: {hint}")
    print("one_more_step: right for 2 LSTMs.")


def find_order(answer: Callable[[Callable[..., Array]], Any]) -> None:
    """Check exercise 4: the order of the blocks in an unknown framework.

    Parameters
    ----------
    answer
        The learner's ``find_order(run)``, returning four letters.

    Raises
    ------
    CheckFailed
        With a hint, if the order is wrong.
    """
    for order in ("ifco", "iofc", "cfoi", "ocif", "fico"):

        def run(
            kernel: Array, recurrent: Array, bias: Array, x: Array, order: str = order
        ) -> Array:
            W, U, b = (np.asarray(array, dtype=float) for array in (kernel, recurrent, bias))
            units = U.shape[0] if U.ndim == 2 else 0
            if W.ndim != 2 or W.shape[1] != 4 * units or U.shape != (units, 4 * units):
                raise ValueError(
                    "kernel should have shape (d, 4u), recurrent (u, 4u), got "
                    f"{W.shape} and {U.shape}"
                )
            if b.shape != (4 * units,):
                raise ValueError(f"bias should have shape (4u,), got {b.shape}")
            parts = (np.split(array, 4, axis=-1) for array in (W, U, b))
            blocks = {
                _NAMES[k]: Block(*arrays) for k, *arrays in zip(order, *parts, strict=True)
            }
            return Gates("LSTM", blocks).trace(x).h

        got = call(answer, run)
        if not isinstance(got, str) or sorted(got) != sorted(order):
            raise CheckFailed(
                f"the order should be the letters i, f, c and o once each, got {got!r}"
            )
        if got == order:
            continue
        if got == "".join("ifco"[order.index(letter)] for letter in "ifco"):
            hint = (
                "this is the way back: letter 1 should say which block lies first in theirs, "
                "not where their first block lies in yours."
            )
        else:
            hint = (
                "does h agree at all steps when run and gates.trace get the same blocks? With "
                "zeros or equal blocks many orders agree, and at step 1 the forget gate says "
                "nothing."
            )
        raise CheckFailed(f"one of the frameworks: {got} is not its order; {hint}")
    print("find_order: found 5 orders.")
