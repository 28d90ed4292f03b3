"""Windows, weighted averages, roll-forward and selectivity, on small networks."""

import subprocess
import sys
from itertools import pairwise
from textwrap import dedent

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.networks import row_rnn
from course_utils.units import Features, RowRNN, draw_starts, selectivity, windows


def small(seed=0, features=4, units=6, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = {"W": (features, units), "U": (units, units), "b": (units,)}
    shapes |= {"V": (units, features), "c": (features,)}
    return RowRNN(**{k: rng.normal(size=s).astype(dtype) for k, s in shapes.items()})


def test_a_step_is_the_formula():
    rnn, x = small(), np.random.default_rng(1).random((3, 5, 4))
    z, h = rnn.run(x)
    state = np.zeros((3, 6))
    for t in range(5):
        pre = x[:, t] @ rnn.W + state @ rnn.U + rnn.b
        state = 1 / (1 + np.exp(-pre))
        np.testing.assert_allclose(z[:, t], pre)
        np.testing.assert_allclose(h[:, t], state)
    np.testing.assert_allclose(rnn.predict(h), 1 / (1 + np.exp(-(h @ rnn.V + rnn.c))))


def test_a_run_can_be_cut_and_its_input_stays():
    rnn, x = small(), np.random.default_rng(2).random((2, 6, 4))
    before = x.copy()
    whole = rnn.run(x)[1]
    first = rnn.run(x[:, :2])[1]
    np.testing.assert_allclose(rnn.run(x[:, 2:], first[:, -1])[1], whole[:, 2:])
    np.testing.assert_array_equal(x, before)


def test_the_numpy_network_is_the_torch_network():
    import torch

    network, x = row_rnn(3, updates=0), np.random.default_rng(0).random((4, 6, 28))
    h = torch.zeros(4, 169).double()
    for row in torch.tensor(x).unbind(dim=1):
        h = torch.sigmoid(row @ network["W"] + h @ network["U"] + network["b"])
    ours = RowRNN.from_torch(network, np.float64)
    np.testing.assert_allclose(ours.run(x)[1][:, -1], h.detach().numpy())
    single = RowRNN.from_torch(network)
    assert single.run(x.astype(np.float32))[1].dtype == np.float32
    single.W[:] = 0
    assert network["W"].any()


def test_roll_forward_reads_its_own_rows():
    rnn = small()
    h = rnn.run(np.random.default_rng(3).random((2, 3, 4)))[1][:, -1]
    rows = rnn.roll(h, 3)
    np.testing.assert_allclose(rows[:, 0], rnn.predict(h))
    np.testing.assert_allclose(rows[:, 1:], rnn.predict(rnn.run(rows[:, :2], h)[1]))


def test_a_held_unit_stays_and_the_start_is_not_changed():
    rnn = small()
    start = np.full((2, 6), 0.5)
    h = rnn.run(np.ones((2, 4, 4)), start, hold={1: 0.25, 4: 0})[1]
    assert (h[..., 1] == 0.25).all()
    assert (h[..., 4] == 0).all()
    held = start.copy()
    held[:, 1] = 0.25
    np.testing.assert_allclose(rnn.roll(start, 2, {1: 0.25})[:, 0], rnn.predict(held))
    assert (start == 0.5).all()
    assert not np.allclose(rnn.roll(start, 2, {1: 0.25}), rnn.roll(start, 2))


@given(length=st.integers(1, 28), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_windows_are_pieces_of_their_images(length, seed):
    images = np.random.default_rng(seed).random((7, 28, 5)).astype(np.float32)
    starts = draw_starts(7, length, seed=seed)
    got = np.concatenate(list(windows(images, starts, length, batch=3)))
    for window, image, start in zip(got, images, starts, strict=True):
        np.testing.assert_array_equal(window, image[start : start + length])


def test_windows_are_float32_whatever_the_images_are():
    (window,) = windows(np.ones((1, 28, 28), np.uint8), [0])
    assert window.dtype == np.float32


def test_starts_are_uniform_over_all_that_fit():
    counts = np.bincount(draw_starts(190_000), minlength=19)
    assert counts.size == 19
    assert abs(counts / 10_000 - 1).max() < 0.06
    assert (draw_starts(5, 28) == 0).all()


@given(seed=st.integers(0, 999), cuts=st.lists(st.integers(1, 29), max_size=3))
@settings(max_examples=30)
def test_batches_do_not_change_the_features(seed, cuts):
    rng = np.random.default_rng(seed)
    x, z = rng.random((30, 3, 4)), rng.normal(0.5, 1, (30, 5))
    whole, parts = Features(whiten=True), Features(whiten=True)
    whole.add(x, z)
    edges = [0, *sorted(set(cuts)), 30]
    for low, high in pairwise(edges):
        parts.add(x[low:high], z[low:high])
    for kind in ("raw", "centred", "whitened"):
        np.testing.assert_allclose(
            getattr(parts, kind)(), getattr(whole, kind)(), rtol=1e-8, atol=1e-10
        )
    np.testing.assert_array_equal(parts.maximal, x[z.argmax(axis=0)])


def test_the_three_features_are_their_formulas():
    rng = np.random.default_rng(0)
    x, z = rng.random((50, 2, 3)), rng.normal(size=(50, 4))
    x[:, 0, 0] = 0
    seen = Features(whiten=True)
    seen.add(x, z)
    w, flat = np.maximum(z, 0), x.reshape(50, 6)
    raw = w.T @ flat / w.sum(axis=0)[:, None]
    C = np.cov(flat.T, bias=True)
    white = (raw - flat.mean(0)) @ np.linalg.inv(C + 0.01 * np.trace(C) / 6 * np.eye(6))
    np.testing.assert_allclose(seen.raw().reshape(4, 6), raw)
    np.testing.assert_allclose(seen.centred().reshape(4, 6), raw - flat.mean(0))
    np.testing.assert_allclose(seen.whitened().reshape(4, 6), white)
    np.testing.assert_allclose(seen.covariance(), C, atol=1e-12)
    np.testing.assert_allclose(seen.raw([2, 0]), seen.raw()[[2, 0]])


def test_whitened_features_are_ridge_regressions():
    rng = np.random.default_rng(1)
    x, z = rng.random((80, 1, 5)), rng.normal(size=(80, 1))
    seen = Features(whiten=True)
    seen.add(x, z)
    deviations, w = x[:, 0] - x[:, 0].mean(0), np.maximum(z[:, 0], 0)
    load = 0.01 * np.trace(seen.covariance()) / 5
    stacked = np.vstack([deviations, np.sqrt(80 * load) * np.eye(5)])
    fit = np.linalg.lstsq(stacked, np.concatenate([w - w.mean(), np.zeros(5)]), rcond=None)[0]
    np.testing.assert_allclose(seen.whitened()[0, 0] * w.mean(), fit)


def test_selectivity_counts_pairs():
    rng = np.random.default_rng(0)
    activity, labels = rng.integers(0, 4, (30, 3)).astype(float), rng.integers(5, 8, 30)
    area = selectivity(activity, labels)
    for unit in range(3):
        for k, name in enumerate((5, 6, 7)):
            a, b = activity[labels == name, unit], activity[labels != name, unit]
            gaps = a[:, None] - b
            assert area[unit, k] == pytest.approx((gaps > 0).mean() + (gaps == 0).mean() / 2)
    np.testing.assert_allclose(selectivity(np.exp(activity), labels), area)


def whole(dead=False, whiten=False):
    seen = Features(whiten)
    z = np.array([[1.0, -1.0], [2.0, -3.0]] if dead else [[1.0, 2.0], [2.0, 1.0]])
    seen.add(np.ones((2, 2, 2)), z)
    return seen


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: whole(dead=True).raw(), r"units \[1\] never had a positive"),
        (lambda: whole(dead=True, whiten=True).whitened(), r"units \[1\]"),
        (lambda: whole().whitened(), r"make Features\(whiten=True\)"),
        (lambda: whole(whiten=True).whitened(ridge=0), "ridge should be above 0"),
        (lambda: Features().raw(), "call add first"),
        (lambda: Features().mean(), "call add first"),
        (lambda: Features().add(np.ones((2, 3)), [[1]]), "windows should have"),
        (lambda: Features().add(np.ones((2, 3, 1)), [[1]]), "z should have"),
        (lambda: Features().add(np.ones((0, 3, 1)), np.ones((0, 2))), "empty"),
        (lambda: Features().add([[[np.nan]]], [[1.0]]), "windows should be finite"),
        (lambda: Features().add([[[1.0]]], [[np.inf]]), "z should be finite"),
        (lambda: whole().add(np.ones((1, 3, 2)), [[1.0, 2.0]]), r"\(any, 2, 2\)"),
        (lambda: whole().add(np.ones((1, 2, 2)), [[1.0]]), r"\(1, 2\)"),
        (lambda: draw_starts(3, 29), "length should be from 1 to 28, got 29"),
        (lambda: windows(np.ones((2, 28, 28)), [0]), r"starts should have shape \(2,\)"),
        (lambda: windows(np.ones((1, 28, 28)), [19]), "should start at 0 .. 18"),
        (lambda: windows(np.ones((1, 28, 28)), [-1]), "should start at 0 .. 18"),
        (lambda: windows([[[np.inf, -np.inf]]], [0], 1), "images should be finite"),
        (lambda: small().run(np.ones((1, 2, 5))), r"rows should have .* 4\)"),
        (lambda: small().run(np.ones((1, 2, 4)), np.ones((2, 6))), "start should have"),
        (lambda: small().roll(np.ones(6)), r"start should have shape \(any, 6\), got \(6,\)"),
        (lambda: small().predict([np.nan] * 6), "h should be finite"),
        (lambda: RowRNN(*[[1.0]] * 5), r"W should have shape \(any, any\), got \(1,\)"),
        (
            lambda: RowRNN([[1.0]], [[1.0]], [1.0, 2.0], [[1.0]], [1.0]),
            r"b should have shape \(1,\), got \(2,\)",
        ),
        (lambda: selectivity(np.ones((3, 2)), [1, 1, 1]), "two classes or more"),
        (lambda: selectivity(np.ones((3, 2)), [1, 2]), "activity should have"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# Not getrusage: its peak includes that of the process that started this one, here the tests.
MEMORY = """
    import re, sys
    from pathlib import Path
    import numpy as np
    from course_utils import data, units

    images, labels = data.mnist_digits(sys.argv[1])
    assert images.shape == (60_000, 28, 28)
    rng = np.random.default_rng(0)
    shapes = {"W": (28, 169), "U": (169, 169), "b": (169,), "V": (169, 28), "c": (28,)}
    rnn = units.RowRNN(**{k: rng.normal(size=s).astype(np.float32) for k, s in shapes.items()})
    seen = units.Features(whiten=True)
    for batch in units.windows(images, units.draw_starts(len(images))):
        seen.add(batch, rnn.run(batch)[0][:, -1])
    assert seen.count == 60_000
    status = Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
"""


@pytest.mark.sweep
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["npz", "idx", "idx.gz"])
def test_sixty_thousand_images_stay_under_a_gigabyte(tmp_path, kind):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 60_000).astype(np.uint8)
    path = tmp_path / "mnist.npz" if kind == "npz" else tmp_path
    if kind == "npz":
        np.savez_compressed(path, x_train=images, y_train=labels)
    else:
        import gzip

        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = head + array.tobytes()
            if kind == "idx.gz":
                content, name = gzip.compress(content, 1), f"{name}-ubyte.gz"
            else:
                name = f"{name}-ubyte"
            (path / f"train-{name}").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", dedent(MEMORY), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    peak = int(done.stdout) / 1024
    print(f"{kind}: peak {peak:.0f} MB")
    assert peak < 1000
