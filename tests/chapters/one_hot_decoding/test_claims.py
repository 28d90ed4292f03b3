"""What chapter 2 says, measured. The functions are the chapter's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, training
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

chapter = Page("02_one_hot_decoding")

PUBLISHED = np.array([6.5214, 4.8307, 3.0087, 1.4164, 0.4745, 0.0760, 0.0039, 3.10e-5])
EVERY, EVERY_SUM = data.all_digit_sums(3)
EVERY_X = data.one_hot(EVERY).astype(float)


def starts(networks=20, seed=3):
    """Small W, U = 0.5, b = 0, shifted by a c of each network's own."""
    c = np.linspace(-3, 3, networks).reshape(networks, 1, 1)
    W = np.random.default_rng(seed).uniform(-0.74, 0.74, (networks, 10, 1)) + c
    return [W, np.full((networks, 1, 1), 0.5), -c]


def on_all(target=EVERY_SUM, change=lambda slopes, weights: slopes):
    """Gradients on all sequences, as a trainer takes them."""

    def slopes(weights):
        return change(chapter.gradients(weights, EVERY_X, target), weights)

    return slopes


def by_momentum(start, gradients=None, steps=1_500):
    *_, end = chapter.momentum(start, gradients or on_all(), 0.002, steps)
    return end


def loss(weights):
    return chapter.loss(weights, EVERY_X, EVERY_SUM)


def random_weights(seed, networks=1):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(networks, n, 1)) for n in (10, 1, 1)]


def test_the_network_is_the_layer_of_keras():
    build, forward = chapter.build, chapter.forward
    model = build("glorot_uniform", "orthogonal")
    model.layers[0].set_weights([w + 0.3 for w in model.get_weights()])
    W, U, b = model.get_weights()
    want = model(data.one_hot(EVERY)).numpy()
    assert np.abs(forward([W, U, b], EVERY_X)[-1] - want).max() < 1e-5


@given(seed=st.integers(0, 10_000))
def test_the_gradients_are_the_slopes_of_the_loss(seed):
    weights = random_weights(seed, networks=2)
    x, y = EVERY_X[::37], EVERY_SUM[::37]
    by_hand = chapter.gradients(weights, x, y)
    for k, w in enumerate(weights):
        for row in range(w.shape[1]):
            nudge = np.zeros_like(w)
            nudge[:, row] = 1e-5
            up, down = ([*weights[:k], w + s * nudge, *weights[k + 1 :]] for s in (1, -1))
            slope = (chapter.loss(up, x, y) - chapter.loss(down, x, y)) / 2e-5
            assert np.allclose(by_hand[k][:, row, 0], slope, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("kind", ["momentum", "adam"])
def test_the_optimisers_are_those_of_keras_and_adam_that_of_training(kind):
    import keras

    start = np.random.default_rng(1).normal(size=5)
    variable = keras.Variable(start, dtype="float64")
    sgd = keras.optimizers.SGD(0.05, momentum=0.95)
    theirs = {"momentum": sgd, "adam": keras.optimizers.Adam(0.05)}[kind]

    def slope(weights):
        return [np.sin(3 * weights[0])]

    for _ in range(30):
        (g,) = slope([np.asarray(variable)])
        theirs.apply([keras.ops.convert_to_tensor(g)], [variable])
    if kind == "adam":
        ours = list(chapter.adam([start], slope, [0.05] * 30))
        assert np.allclose(ours, list(training.adam([start], slope, [0.05] * 30)), rtol=1e-12)
    else:
        ours = list(chapter.momentum([start], slope, 0.05, 30))
    assert np.allclose(ours[-1][0], np.asarray(variable), rtol=1e-4, atol=1e-5)


@given(seed=st.integers(0, 10_000), index=st.integers(0, 999))
def test_every_sequence_gives_sum_w_and_b_the_same_gradient(seed, index):
    weights = random_weights(seed, networks=4)
    W, U, b = chapter.gradients(weights, EVERY_X[[index]], EVERY_SUM[[index]])
    assert np.allclose(W.sum(axis=1), b[:, 0])
    assert not np.allclose(U, b)


def test_the_law_holds_for_a_bent_activation_in_keras():
    import keras

    keras.utils.set_random_seed(0)
    layer = keras.layers.SimpleRNN(1, activation="tanh", bias_initializer="normal")
    model = keras.Sequential([keras.Input((3, 10)), layer])
    before = [w.astype(float) for w in layer.get_weights()]
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mae", steps_per_execution=50)
    model.fit(data.one_hot(EVERY), EVERY_SUM / 27, epochs=3, batch_size=20, verbose=0)
    after = [w.astype(float) for w in layer.get_weights()]
    drift = (after[0].sum() - after[2][0]) - (before[0].sum() - before[2][0])
    assert np.abs(after[0] - before[0]).max() > 0.05
    assert abs(drift) < 1e-4


def test_the_data_determine_11_numbers_of_12():
    J = np.hstack(
        [EVERY_X.sum(axis=1), 2 * EVERY[:, [0]] + EVERY[:, [1]], np.full((1_000, 1), 3.0)]
    )
    assert np.linalg.matrix_rank(J) == 11
    assert np.abs(J @ np.array([1.0] * 10 + [0.0, -1.0])).max() < 1e-9


def test_momentum_ends_at_the_predicted_bias_and_adam_does_not(held):
    start, Q = starts(), chapter.Q
    predicted = (45 - Q(start)) / 11
    momentum = by_momentum(start)
    first, *_, adam = chapter.adam(start, on_all(), [0.1] * 1_500)
    solved = [loss(end) < 1e-9 for end in (momentum, adam)]
    both = held(2, "Descent with momentum, and Adam, solve the task from a shifted start",
                np.all(solved, axis=0))  # fmt: skip
    met = held(
        2,
        "Momentum ends within 10⁻⁶ of the bias that the start predicts",
        np.abs(momentum[2].ravel() - predicted) < 1e-6,
        quote="within $10^{{-6}}$ in {held} of {seeds} runs",
    )
    kept = held(
        2,
        "Momentum keeps Q, the sum of W minus b",
        np.abs(Q(momentum) - Q(start)) < 1e-11,
        quote="which keeps $Q$ for {held} of {seeds}",
    )
    broken = held(
        2,
        "Adam breaks the law: its bias ends more than 1 below the prediction",
        adam[2].ravel() < predicted - 1,
        quote="breaks the law, in {held} of {seeds} runs",
    )
    assert both == met == kept == broken == 20
    assert np.allclose(Q(first) - Q(start), 0.9, atol=1e-6)
    lower = predicted - adam[2].ravel()
    assert [round(lower.min(), 1), round(lower.max(), 1)] == [1.6, 1.8]


def test_adam_breaks_the_law_by_a_size_of_each_gradients_own():
    start = starts()
    *_, end = chapter.one_size(start, on_all(), [0.1] * 4_000)
    assert (np.abs(end[2].ravel() - (45 - chapter.Q(start)) / 11) < 1e-6).all()
    assert (loss(end) < 1e-9).all()


def test_adam_ends_higher_from_outputs_that_are_too_large():
    start = starts()
    start[0] = start[0] + 20
    *_, end = chapter.adam(start, on_all(), [0.1] * 3_000)
    assert (loss(end) < 1e-6).all()
    assert (end[2].ravel() > (45 - chapter.Q(start)) / 11 + 1).all()


def test_another_shuffle_gives_tables_nearly_as_flat():
    shuffled = np.random.default_rng(201).permutation(EVERY_SUM)
    W, _, _ = by_momentum(starts(seed=201), on_all(shuffled))
    assert round(np.ptp(W, axis=1).max(), 1) == 2.6


def test_shuffled_sums_give_flat_tables_and_no_start_looks_like_digits(held):
    shuffled = np.random.default_rng(4).permutation(EVERY_SUM)
    control = by_momentum(starts(), on_all(shuffled))
    tables = np.array([(W + b)[..., 0] for W, _, b in (control, starts())])
    flat = held(
        2,
        "Neither an untrained network nor one trained on shuffled sums has a table like 0 to 9",
        (np.ptp(tables, axis=2) < 2).all(axis=0),
    )
    assert flat == 20


def scaled(slopes, weights):
    lengths = np.sqrt(sum((s**2).sum(axis=(1, 2), keepdims=True) for s in slopes))
    return [s / np.maximum(1, lengths) for s in slopes]


def clipped(slopes, weights):
    return [np.clip(s, -1, 1) for s in slopes]


def decayed(slopes, weights):
    return [s + 0.01 * w for s, w in zip(slopes, weights, strict=True)]


def twice_for_b(slopes, weights):
    W, U, b = slopes
    return [W, U, 2 * b]


def noisy(slopes, weights, rng=np.random.default_rng(0)):  # noqa: B008
    (W, U, b), noise = slopes, rng.normal(size=(len(slopes[0]), 1))
    W = W.copy()
    W[:, 3] += noise
    return [W, U, b + noise[..., np.newaxis]]


def test_what_keeps_and_what_breaks_the_law():
    start, Q = starts(), chapter.Q
    end = {
        kind: by_momentum(start, on_all(change=kind), 300)
        for kind in (scaled, clipped, twice_for_b, noisy)
    }
    drift = {kind: np.abs(Q(weights) - Q(start)) for kind, weights in end.items()}
    assert max(drift[scaled].max(), drift[noisy].max()) < 1e-11
    assert np.abs(end[noisy][0] - end[scaled][0]).max() > 0.1
    assert min(drift[clipped].min(), drift[twice_for_b].min()) > 1


def test_twice_the_rate_for_b_keeps_another_number():
    start = starts()
    kept = 2 * start[0].sum(axis=(1, 2)) - start[2].ravel()
    end = by_momentum(start, on_all(change=twice_for_b), steps=3_000)
    assert (loss(end) < 1e-9).all()
    assert np.allclose(end[2].ravel(), (90 - kept) / 21, atol=1e-6)


def test_weight_decay_shrinks_q_as_predicted():
    start, Q = starts(), chapter.Q
    end = by_momentum(start, on_all(change=decayed))
    assert np.allclose(Q(end) / Q(start), np.exp(-0.6), atol=0.01)


def test_2_95_is_out_of_reach_of_gradient_descent_and_does_not_name_adam():
    limit = np.sqrt(6 / 11)
    reach = [(45 - 10 * end) / 11 for end in (limit, -limit)]
    assert np.round(reach, 2).tolist() == [3.42, 4.76]
    W = np.random.default_rng(0).uniform(-limit, limit, (20, 10, 1))
    rng = np.random.default_rng(1)
    digits, sums = data.digit_sums(10_000, length=3, seed=0)
    x, y = data.one_hot(digits[:8_000]).astype(float), sums[:8_000]

    def gradients(weights):
        rows = rng.integers(8_000, size=8)
        return chapter.gradients(weights, x[rows], y[rows])

    start = [W, np.ones((20, 1, 1)), np.zeros((20, 1, 1))]

    def clip(weights):
        return clipped(gradients(weights), weights)

    rates = [0.005] * 8_000
    for path in (
        training.adam(start, gradients, rates),
        training.gradient_descent(start, clip, 0.005, 8_000),
        chapter.rmsprop(start, gradients, rates),
    ):
        *_, end = path
        assert (loss(end) < 1e-2).all()
        assert end[2].min() < 2.9506 < end[2].max() < reach[0] - 0.1


def keras_tutorial(seed):
    """Train Keras' own layer as the tutorial did; return its history, start and end."""
    import keras

    digits, sums = data.digit_sums(10_000, length=3, seed=0)
    (x, y), (x_val, y_val) = data.split(digits, sums, held_out=2_000)
    training.seed_everything(seed)
    model = chapter.build("glorot_uniform", "orthogonal")
    start = model.get_weights()
    model.compile(keras.optimizers.Adam(0.005), loss="mse", steps_per_execution=1_000)
    fitted = model.fit(
        data.one_hot(x), y, batch_size=8, epochs=8, verbose=0,
        validation_data=(data.one_hot(x_val), y_val), validation_batch_size=2_000,
    )  # fmt: skip
    return np.array(fitted.history["val_loss"]), start, model.get_weights()


@pytest.mark.sweep
def test_the_tutorials_training_in_keras_over_20_seeds(held):
    runs = [keras_tutorial(seed) for seed in SEEDS]
    plus = np.array([start[1].item() > 0 for _, start, _ in runs])
    losses = np.array([history for history, _, _ in runs])
    good = np.where(losses[:, -1] < 1e-3, 1, np.where(losses[:, -1] > 16.5, -1, 0))
    decided = held(
        2,
        "In Keras, as the tutorial trains, a start at U = +1 ends below a loss of 10⁻³ and one "
        "at −1 above 16.5",
        good == np.where(plus, 1, -1),
    )
    tables = [decoding.decode(end).rounded.tolist() == list(range(10)) for _, _, end in runs]
    read = held(
        2,
        "As the tutorial trains, the decoded table is 0 to 9 if U starts at +1, and not if it "
        "starts at −1",
        tables == plus,
    )
    assert decided == read == 20
    assert plus.sum() == 14
    # The published curve lies among ours in each of its 8 epochs.
    assert (losses[plus].min(axis=0) <= PUBLISHED).all()
    assert (losses[plus].max(axis=0) >= PUBLISHED).all()
    ends = [end for (_, _, end), good in zip(runs, plus, strict=True) if good]
    bias = np.array([end[2].item() for end in ends])
    assert bias.min() < 2.9506 < bias.max() < (45 - 10 * np.sqrt(6 / 11)) / 11


@pytest.mark.sweep
def test_our_start_reaches_the_published_loss_in_keras_over_20_seeds(held):
    import keras

    digits, sums = data.digit_sums(10_000, length=3, seed=0)
    (x, y), (x_val, y_val) = data.split(digits, sums, held_out=2_000)
    final, miss = [], []
    for seed in SEEDS:
        training.seed_everything(seed)
        start = keras.initializers.RandomUniform(0, 1), keras.initializers.Constant(0.5)
        model = chapter.build(*start)
        rate = keras.optimizers.schedules.CosineDecay(0.3, decay_steps=750)
        model.compile(keras.optimizers.Adam(rate), loss="mse", steps_per_execution=250)
        model.fit(data.one_hot(x), y, batch_size=32, epochs=3, verbose=0)
        final.append(model.evaluate(data.one_hot(x_val), y_val, batch_size=2_000, verbose=0))
        table = decoding.decode(model.get_weights()).values
        miss.append(np.abs(table - np.arange(10)).max())
    good = held(
        2,
        "From our start, Keras reaches the tutorial's loss, and the table is right to 0.01",
        (np.array(final) <= PUBLISHED[-1]) & (np.array(miss) < 1e-2),
    )
    assert good == 20


@pytest.mark.sweep
def test_keras_sgd_with_momentum_ends_at_the_predicted_bias_over_20_seeds(held):
    import keras

    digits, sums = data.digit_sums(8_000, length=3, seed=0)
    met = []
    for seed in SEEDS:
        training.seed_everything(seed)
        start = keras.initializers.RandomUniform(0, 1), keras.initializers.Constant(0.5)
        model = chapter.build(*start)
        W, _, b = (w.astype(float) for w in model.get_weights())
        model.compile(
            keras.optimizers.SGD(0.001, momentum=0.97), loss="mse", steps_per_execution=250
        )
        model.fit(data.one_hot(digits), sums, batch_size=32, epochs=5, verbose=0)
        end = model.get_weights()
        miss = abs(end[2].item() - (45 - (W.sum() - b[0])) / 11)
        off = np.abs(decoding.decode(end).values - np.arange(10)).max()
        met.append(off < 1e-2 and miss < 1e-4)
    found = held(
        2,
        "Keras's SGD with momentum ends within 0.0001 of the predicted bias",
        met,
    )
    assert found == 20
