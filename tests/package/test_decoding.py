"""Reading the weights of a linear recurrent network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.data import one_hot
from course_utils.decoding import (
    DigitTable,
    change_basis,
    decode,
    predict,
    shift,
)

NUMBERS = st.floats(-3, 3, allow_subnormal=False)


def scalar(W, U, b):
    return [np.array([[W]]), np.array([[U]]), np.array([b])]


def test_the_exact_weights_add():
    digits = np.array([[0, 9, 3], [4, 2, 5], [1, 5, 6], [6, 8, 6], [6, 6, 6]])
    assert np.array_equal(predict(scalar(1, 1, 0), digits)[:, 0], [12, 11, 12, 20, 18])


def test_the_published_weights_give_the_published_predictions():
    digits = np.array([[0, 9, 3], [4, 2, 5], [1, 5, 6], [6, 8, 6], [6, 6, 6]])
    got = predict(scalar(0.99675155, 1.00106668, 0.01110852), digits)[:, 0]
    assert np.abs(got - [12.004, 11.008, 12.002, 19.990, 17.994]).max() < 6e-4


@given(
    W=hnp.arrays(np.float64, (3, 2), elements=NUMBERS),
    U=hnp.arrays(np.float64, (2, 2), elements=NUMBERS),
    b=hnp.arrays(np.float64, 2, elements=NUMBERS),
)
def test_predict_is_linear_in_its_input_for_any_width(W, U, b):
    x, y = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    nothing = predict([W, U, b], np.zeros((4, 5, 3)))
    both = predict([W, U, b], x + y) - nothing
    apart = predict([W, U, b], x) + predict([W, U, b], y) - 2 * nothing
    assert np.allclose(both, apart, rtol=1e-9, atol=1e-6)


def test_predict_agrees_with_keras_on_two_units():
    import keras

    keras.utils.set_random_seed(3)
    layer = keras.layers.SimpleRNN(2, activation=None, bias_initializer="normal")
    x = np.random.default_rng(1).normal(size=(6, 4, 3)).astype(np.float32)
    want = np.asarray(layer(x))
    assert np.abs(predict(layer.get_weights(), x) - want).max() < 1e-5


@given(W=NUMBERS, U=NUMBERS, b=NUMBERS)
def test_decode_lists_what_one_digit_adds(W, U, b):
    table = decode(scalar(W, U, b))
    one_step = predict(scalar(W, U, b), np.arange(10)[:, np.newaxis])[:, 0]
    assert np.array_equal(table.values, one_step)
    assert table.recurrent == U


def test_the_table_of_the_published_weights_reads_as_the_digits():
    table = decode(scalar(0.99675155, 1.00106668, 0.01110852))
    assert table.rounded.tolist() == list(range(10))
    off = np.abs(table.values - np.arange(10)).max()
    assert off == pytest.approx(9 * 0.00324845 - 0.01110852)
    _, digits, adds = str(table).splitlines()
    assert adds.startswith("adds    0.011  1.008")
    assert len(digits) == len(adds)  # each digit above what it adds


def embedding(seed, d):
    """Weights [E, W, U, b] of an embedding model with d columns."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in [(10, d), (d, 1), (1, 1), (1,)]]


def onehot(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in [(10, 1), (1, 1), (1,)]]


@given(seed=st.integers(0, 999))
def test_decode_reads_one_hot_weights(seed):
    weights = onehot(seed)
    one_step = predict(weights, one_hot(np.arange(10)[:, np.newaxis]))[:, 0]
    assert np.array_equal(decode(weights).values, one_step)


@given(seed=st.integers(0, 999), d=st.integers(1, 12))
def test_decode_reads_embedding_weights(seed, d):
    E, *layer = weights = embedding(seed, d)
    assert np.allclose(decode(weights).values, predict(layer, E[:, np.newaxis])[:, 0])


def test_weights_in_float32_are_read_in_float64():
    weights = [weight.astype(np.float32) for weight in embedding(0, 4)]
    wide = [weight.astype(np.float64) for weight in weights]
    assert np.array_equal(decode(weights).values, decode(wide).values)


def test_a_shifted_table_is_the_published_one_hot_reading():
    # S1 prints W from -2.948 to 6.036 and b = 2.9506; the table must read as the digits.
    W = np.linspace(-2.948, 6.036, 10)[:, np.newaxis]
    table = decode([W, [[1.00105]], [2.9506]])
    assert table.rounded.tolist() == list(range(10))
    assert table.values[[0, -1]] == pytest.approx([0.0026, 8.9866])


SHIFTS = st.floats(-50, 50)


@given(seed=st.integers(0, 999), c=SHIFTS)
def test_a_shift_leaves_the_one_hot_function_alone_for_every_u(seed, c):
    weights = onehot(seed)
    x = one_hot(np.random.default_rng(seed).integers(0, 10, (8, 5)))
    moved = shift(weights, c)
    assert np.allclose(predict(moved, x), predict(weights, x), rtol=1e-9, atol=1e-9)
    assert np.allclose(moved[0] - weights[0], c)
    assert np.allclose(moved[2] - weights[2], -c)


def test_a_shift_may_differ_between_units():
    rng = np.random.default_rng(5)
    weights = [rng.normal(size=shape) for shape in [(10, 3), (3, 3), (3,)]]
    x = one_hot(rng.integers(0, 10, (8, 5)))
    moved = shift(weights, [1.0, -20.0, 3.0])
    assert np.allclose(predict(moved, x), predict(weights, x))
    assert not np.allclose(predict([moved[0], *weights[1:]], x), predict(weights, x))


@given(seed=st.integers(0, 999), d=st.integers(1, 12), c=SHIFTS)
def test_shift_and_basis_leave_the_embedding_function_alone(seed, d, c):
    weights = embedding(seed, d)
    digits = np.random.default_rng(seed).integers(0, 10, (8, 5))
    # Orthogonal times a scale: invertible, and its inverse loses no digits.
    A = 3 * np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(d, d)))[0]
    want = predict(weights[1:], weights[0][digits])
    for moved in shift(weights, c), shift(weights, np.full(d, c)), change_basis(weights, A):
        assert np.allclose(predict(moved[1:], moved[0][digits]), want, atol=1e-7)
        assert np.allclose(decode(moved).values, decode(weights).values, atol=1e-9)


def test_the_embedding_itself_moves():
    weights = embedding(0, 4)
    assert np.allclose(shift(weights, [0, 0, 2, 0])[0] - weights[0], [0, 0, 2, 0])
    assert np.allclose(change_basis(weights, 3 * np.eye(4))[0], 3 * weights[0])


def test_transformations_leave_their_arguments_alone():
    weights = embedding(0, 4)
    kept = [array.copy() for array in weights]
    shift(weights, 2.0)[0][:] = 0
    change_basis(weights, 2 * np.eye(4))[0][:] = 0
    assert all(np.array_equal(a, b) for a, b in zip(weights, kept, strict=True))


def test_a_table_cannot_be_changed_by_name():
    with pytest.raises(AttributeError):
        DigitTable(np.arange(10.0), 1.0).recurrent = 2.0


LAYER = r"should be \[W, U, b\] of shapes"
READING = "no reading for weights of these shapes"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decode([np.ones((2, 1)), np.ones((1, 1)), np.ones(1)]), READING),
        (lambda: decode([np.ones((1, 1))]), READING),
        (lambda: decode([*onehot(0), [0.0]]), READING),
        (lambda: decode([np.ones((10, 4)), np.ones((5, 1)), [[1.0]], [0.0]]), READING),
        (lambda: decode([np.ones((10, 0)), np.ones((0, 1)), [[1.0]], [0.0]]), READING),
        (lambda: decode(scalar(np.nan, 1, 0)), r"weights\[0\] should be finite"),
        (lambda: shift(scalar(1, 1, 0), 2), r"W should have shape \(10, any\)"),
        (lambda: shift([np.ones((10, 1)), np.eye(2), [0.0]], 1.0), LAYER),
        (lambda: shift(onehot(0), [1, 2]), r"c should have shape \(1,\), got \(2,\)"),
        (lambda: shift(embedding(0, 3), np.ones(2)), r"c should have shape \(3,\)"),
        (lambda: shift(onehot(0), np.nan), "c should be finite"),
        (lambda: change_basis(onehot(0), np.eye(1)), "needs the weights of an embedding model"),
        (lambda: change_basis(embedding(0, 3), np.eye(2)), r"A should have shape \(3, 3\)"),
        (lambda: change_basis(embedding(0, 3), np.ones((3, 3))), "rank 1 and size 3"),
        (lambda: predict([[[1.0]], [[1.0, 2.0]], [0.0]], [[1.0]]), LAYER),
        (lambda: predict([[[1.0]], [[1.0]], [[0.0]]], [[1.0]]), LAYER),
        (lambda: predict(scalar(1, 1, 0), np.ones(3)), r"x should have shape \(any, any, 1\)"),
        (lambda: predict(scalar(1, 1, 0), np.ones((2, 3, 4))), r"got \(2, 3, 4\)"),
        (lambda: predict(scalar(1, 1, 0), [[1.0, np.inf]]), "x should be finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
