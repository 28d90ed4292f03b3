"""What chapter 1 says, measured. The functions are the chapter's own."""

import numpy as np
import pytest

from course_utils import data, training
from tests.chapters import ROOT, Page
from tests.chapters.seeds import FIRST_SEED, SEEDS, first_seeds
from tools.chapters import read

chapter = Page("01_linear_rnn_sum")

TARGET = 1.47e-4
SOURCE = (0.99675155, 1.00106668, 0.01110852)
EVERY, EVERY_SUM = data.all_digit_sums(3)
NEEDED = ("np", "keras", "data", "training", "x", "y", "x_val", "y_val")  # by Keras' cells


def cell(part):
    """Source of the one code cell of the chapter that holds a piece of text."""
    cells = read(ROOT / "notebooks" / "01_linear_rnn_sum.md").cells
    (found,) = [c.source for c in cells if c.cell_type == "code" and part in c.source]
    return found


def test_a_first_axis_trains_each_network_as_if_it_were_alone():
    start = np.random.default_rng(1).uniform(0, 1, (3, 4, 1))

    def end(weights):
        def gradients(w):
            return chapter.gradients(w, chapter.x[:50], chapter.y[:50])

        *_, last = training.adam(weights, gradients, [0.05] * 30)
        return np.array(last)

    together = end(list(start))
    for k in range(4):
        assert np.allclose(together[:, k], end(list(start[:, k])))


def coefficients(W, U, length):
    return W * U ** np.arange(length - 1.0, -1, -1)


@pytest.mark.parametrize("length", [3, 10, 30, 100, 300, 1000])
@pytest.mark.parametrize("U", [SOURCE[1], 1.0])
def test_mean_error_is_what_the_formula_says(length, U):
    W, b = SOURCE[0], SOURCE[2]
    spread = np.sqrt(8.25 * ((coefficients(W, U, length) - 1) ** 2).sum() / 2000)
    miss = chapter.measured_error(W, U, b, length) - chapter.mean_error(W, U, b, length)
    assert abs(miss) < 4 * spread + 1e-9


def powers(weights):
    """The powers of the length between 3, 10, 30 and 100 digits."""
    lengths = np.array([3, 10, 30, 100])
    errors = [abs(chapter.mean_error(*weights, T)) for T in lengths]
    return (np.diff(np.log(errors)) / np.diff(np.log(lengths))).round(1).tolist()


def test_the_powers_of_the_length():
    assert powers(SOURCE) == [3.2, 2.2, 2.1]
    assert powers((1.0, SOURCE[1], 0.0)) != [3.2, 2.2, 2.1]  # nothing cancels
    total = sum(chapter.shares(*SOURCE, 100))
    assert total == pytest.approx(chapter.mean_error(*SOURCE, 100), rel=0.05)


def test_at_length_3_the_shares_cancel():
    parts = np.array(chapter.shares(*SOURCE, 3))
    assert abs(parts.sum()) < np.abs(parts).min()
    assert parts.argmin() == 0
    assert np.abs(parts).argmin() == 1


def test_the_rate_decides_whether_250_updates_suffice_the_batch_does_not():
    start = np.random.default_rng(1).uniform(0, 1, (20, 1))

    def good(size, rate):
        rng = np.random.default_rng(0)

        def gradients(weights):
            rows = rng.integers(len(chapter.x), size=size)
            return chapter.gradients(weights, chapter.x[rows], chapter.y[rows])

        weights = [start, 0 * start + 0.5, 0 * start]
        *_, end = training.adam(weights, gradients, [rate] * 250)
        return (chapter.loss(end, chapter.x_val, chapter.y_val) < TARGET).sum()

    assert [good(size, 0.2) for size in (4, 32, 160)] == [20, 20, 20]
    assert [good(size, 0.001) for size in (4, 160)] == [0, 0]


def most(length):
    """Return how far U, and the sum of 100 digits, may be off."""
    U = np.sqrt(TARGET / (8.25 * length * (length**2 - 1) / 12))
    return U, chapter.mean_error(1 - U * (length - 1) / 2, 1 + U, 0, 100)


@pytest.mark.parametrize(("length", "first"), [(3, 0.00298), (10, 0.00046)])
def test_no_network_of_the_same_loss_errs_more_than_the_bound(length, first):
    digits, sums = data.digit_sums(20_000, length=length, seed=1)
    late = np.arange(length)[::-1]
    J = np.array([digits.sum(axis=1), digits @ late, 0 * digits[:, 0] + length])
    root = np.linalg.cholesky(J @ J.T / len(digits))
    z = np.random.default_rng(0).normal(size=(3, 2_000))
    z *= np.sqrt(TARGET) / np.linalg.norm(z, axis=0)
    networks = np.linalg.solve(root.T, z) + np.array([[1], [1], [0]])  # all of this loss
    assert np.allclose(
        [chapter.loss(list(w), digits, sums) for w in networks.T[:50]], TARGET, rtol=0.05
    )
    U, off = most(length)
    assert round(U, 5) == first
    for reached in (
        np.abs(networks[1] - 1).max() / U,
        max(abs(chapter.mean_error(*w, 100)) for w in networks.T) / off,
    ):
        assert 0.98 < reached < 1.02


def test_at_length_10_the_same_loss_allows_less():
    assert most(3)[0] / most(10)[0] == pytest.approx(6.4, abs=0.05)
    assert most(3)[1] / most(10)[1] == pytest.approx(7.5, abs=0.2)
    first = sum(chapter.shares(1 - most(3)[0], 1 + most(3)[0], 0, 100))
    assert first / most(3)[1] == pytest.approx(0.9, abs=0.02)  # the first powers alone
    assert 2.5 < most(3)[0] / (SOURCE[1] - 1) < 3


def test_trained_at_length_10_to_the_same_loss_a_network_is_nearer_at_100(held):
    off = {
        length: np.array([abs(chapter.mean_error(*w, 100)) for w in chapter.stopped(length).T])
        for length in (3, 10)
    }
    nearer = held(
        1,
        "Trained on 10 digits to the same loss, a network is nearer the sum of 100 digits than "
        "trained on 3 from the same start",
        off[10] < off[3],
        quote="for {held} of {seeds} starts",
    )
    assert nearer >= 18
    assert 4 < np.median(off[3]) / np.median(off[10]) < 8


def where_it_reaches_the_loss(length, seed, descend):
    """Return W, U, b of four networks where they first reach the loss on a data set."""
    digits, sums = data.digit_sums(200, length=length, seed=seed)
    start = np.random.default_rng(seed).uniform(0, 1, (4, 1))
    found = np.full((3, 4), np.nan)
    for weights in descend(
        [start, 0 * start + 0.5, 0 * start], lambda w: chapter.gradients(w, digits, sums)
    ):
        now = (chapter.loss(weights, digits, sums) <= TARGET) & np.isnan(found[0])
        found[:, now] = np.array(weights)[:, now, 0]
        if not np.isnan(found).any():
            break
    return found


def by_adam(start, gradients):
    return training.adam(start, gradients, [0.01] * 8_000)


def off_at_100(networks):
    return np.median([abs(chapter.mean_error(*w, 100)) for w in networks.T])


@pytest.mark.sweep
def test_the_gain_by_length_10_on_forty_other_data_sets():
    """Forty other data sets, four starts on each."""
    gains = []
    for seed in (*range(FIRST_SEED + 1, FIRST_SEED + 21), *range(200, 220)):
        off = {}
        for length in (3, 10):
            found = where_it_reaches_the_loss(length, seed, by_adam)
            off[length] = off_at_100(found)
        gains.append(off[3] / off[10])
    assert round(min(gains), 1) == 0.9
    assert round(max(gains)) == 22
    assert round(np.median(gains)) in (5, 6, 7)


def off_after_300_000_digits(length):
    """How far 100 networks are off at 100 digits, for a small and a large rate.

    Each has its own start and batches, the same at both rates.
    """
    digits, sums = data.digit_sums(8_000, length=length, seed=1)
    rng = np.random.default_rng(FIRST_SEED)
    start = np.tile(rng.uniform(0, 1, (100, 1)), (2, 1))
    rates = np.repeat([[0.001], [0.01]], 100, axis=0)

    def gradients(weights):
        rows = np.tile(rng.integers(len(digits), size=(100, 4)), (2, 1))
        x = digits[rows].transpose(2, 0, 1)[np.newaxis]  # one "sequence" holds all batches
        return [s[0] / 4 for s in chapter.gradients(weights, x, sums[np.newaxis, rows])]

    *_, end = training.adam(
        [start, 0 * start + 0.5, 0 * start], gradients, [rates] * (75_000 // length)
    )
    off = [abs(chapter.mean_error(*w, 100)) for w in np.array(end)[:, :, 0].T]
    return np.array(off).reshape(2, 100)


def test_a_batch_of_its_own_gives_each_network_the_gradients_it_has_alone():
    rng = np.random.default_rng(0)
    weights = list(rng.uniform(0, 1, (3, 5, 1)))
    rows = rng.integers(len(chapter.x), size=(5, 4))
    x = chapter.x[rows].transpose(2, 0, 1)[np.newaxis]
    together = chapter.gradients(weights, x, chapter.y[np.newaxis, rows])
    for k, own in enumerate(rows):
        alone = chapter.gradients([w[k] for w in weights], chapter.x[own], chapter.y[own])
        assert np.allclose(np.array(together)[:, 0, k] / 4, alone)


@pytest.mark.sweep
def test_for_the_same_number_of_digits_length_3_is_better_at_100_at_both_rates(held):
    off = {length: off_after_300_000_digits(length) for length in (3, 10)}
    small, large = ({length: off[length][k] for length in off} for k in (0, 1))
    sure = held(
        1,
        "After 300,000 digits at rate 0.001, trained at length 3: right at 100 to a hundredth",
        small[3] < 0.01,
        quote="{held} of {seeds} trained at length 3",
    )
    short = held(
        1,
        "After 300,000 digits at rate 0.01, trained at length 3: right at 100 to a hundredth",
        large[3] < 0.01,
        quote="by less: {held} of {seeds}",
    )
    long = held(
        1,
        "After 300,000 digits at rate 0.01, trained at length 10: right at 100 to a hundredth",
        large[10] < 0.01,
        quote="against {held} of {seeds}",
    )
    assert sure >= 95
    assert (small[10] < 0.01).sum() <= 2
    assert 5 < np.median(small[10]) < 20
    assert small[10].max() > 200
    assert 85 < short < 100
    assert 65 < long < 85
    only = [(large[a] < 0.01) & (large[b] >= 0.01) for a, b in ((3, 10), (10, 3))]
    assert only[0].sum() > 2 * only[1].sum()


def as_the_tutorial_trains(start, updates=10_000):
    """Adam at 0.001 in batches of 4, all networks in the same order of sequences."""
    rng = np.random.default_rng(0)

    def gradients(weights):
        rows = rng.integers(len(chapter.x), size=4)
        return chapter.gradients(weights, chapter.x[rows], chapter.y[rows])

    *_, end = training.adam(start, gradients, [0.001] * updates)
    return end, chapter.loss(end, chapter.x_val, chapter.y_val)


def test_one_default_start_in_four_is_sure_to_succeed(held):
    rng = np.random.default_rng(0)
    W = rng.uniform(-np.sqrt(3), np.sqrt(3), (400, 1))
    U = rng.choice([-1.0, 1.0], (400, 1))
    _, losses = as_the_tutorial_trains([W, U, 0 * W])
    plus, positive = U[:, 0] > 0, W[:, 0] > 0
    sure, lost = losses[plus & positive] <= TARGET, losses[~plus] > 16.5
    all_sure = held(
        1,
        "A start at U = +1 and W above 0, a quarter of Keras's default, reaches the tutorial's "
        "loss as the tutorial trains",
        sure,
    )
    all_lost = held(1, "A start at U = −1 stays above a loss of 16.5", lost)
    assert all_sure == sure.size
    assert all_lost == lost.size
    assert 0.2 < sure.size / 400 < 0.3
    late = losses[plus & ~positive] > TARGET
    assert 0.7 < late.mean() < 1


def keras_model(kernel, recurrent):
    import keras

    layer = keras.layers.SimpleRNN(
        1, activation=None, unroll=True, kernel_initializer=kernel,
        recurrent_initializer=recurrent,
    )  # fmt: skip
    return keras.Sequential([keras.Input((3, 1)), layer])


def test_keras_draws_the_default_start_that_the_chapter_says():
    starts = []
    for seed in first_seeds(40):
        training.seed_everything(seed)
        model = keras_model("glorot_uniform", "orthogonal")
        starts.append([w.item() for w in model.get_weights()])
    W, U, b = np.array(starts).T
    assert np.array_equal(np.unique(U.round(6)), [-1, 1])
    assert not b.any()
    assert 1.4 < W.max() < np.sqrt(3)
    assert -np.sqrt(3) < W.min() < -1.4


@pytest.mark.sweep
def test_our_training_reaches_the_published_loss_from_twenty_seeds(held):
    losses = []
    for seed in SEEDS:
        names = {name: getattr(chapter, name) for name in NEEDED}
        training.seed_everything(seed)
        for part in ("model = keras.Sequential(", "model.fit("):
            exec(cell(part), names)
        losses.append(names["val_loss"][-1])
    good = np.array(losses) <= TARGET
    assert (
        held(1, "Our training in Keras, 250 updates, reaches the tutorial's loss", good) == 20
    )


@pytest.mark.sweep
def test_keras_gives_the_verdict_of_our_numpy_training(held):
    starts, losses = [], []
    x, x_val = data.as_scalars(chapter.x), data.as_scalars(chapter.x_val)
    for seed in SEEDS:
        training.seed_everything(seed)
        model = keras_model("glorot_uniform", "orthogonal")
        starts.append([w.item() for w in model.get_weights()])
        model.compile("adam", loss="mse", steps_per_execution=1_000)
        model.fit(x, chapter.y, batch_size=4, epochs=5, verbose=0)
        losses.append(model.evaluate(x_val, chapter.y_val, batch_size=2000, verbose=0))
    _, ours = as_the_tutorial_trains(list(np.array(starts).T[:, :, np.newaxis]))
    same = (np.array(losses) > 16.5) == (ours > 16.5)
    assert held(1, "Keras and our NumPy code fail from the same default starts", same) == 20
