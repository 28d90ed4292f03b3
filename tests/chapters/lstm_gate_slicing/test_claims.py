"""What chapter 5 and its appendix page say, measured. The functions are the pages' own."""

from dataclasses import replace
from itertools import permutations

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import training
from course_utils.gates import ORDERS, Gates
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

chapter, appendix = Page("05_lstm_gate_slicing"), Page("A4_lstm_start")
FEW = settings(derandomize=True, max_examples=10)
NOISE = np.random.default_rng(0).normal(size=(20, 400, 8)).astype("float32")


def count(blocks, d, u, biases):
    return blocks * (d * u + u * u + biases * u)


def layer_and_input(seed, units=4, features=5, batch=8, steps=20):
    training.seed_everything(seed)
    layer = chapter.fresh(units, features, return_sequences=True)
    rng = np.random.default_rng(seed)
    return layer, rng.normal(size=(batch, steps, features)).astype("float32")


# --- shapes and counts


@FEW
@given(d=st.integers(1, 9), u=st.integers(1, 9))
def test_the_formula_counts_what_the_frameworks_hold(d, u):
    for blocks, biases, layer in (
        (4, 1, keras.layers.LSTM(u)),
        (4, 2, torch.nn.LSTM(d, u)),
        (3, 2, keras.layers.GRU(u)),
        (3, 1, keras.layers.GRU(u, reset_after=False)),
        (3, 2, torch.nn.GRU(d, u)),
        (1, 1, keras.layers.SimpleRNN(u)),
        (1, 2, torch.nn.RNN(d, u)),
    ):
        assert count(blocks, d, u, biases) == chapter.held(layer, d)


def test_the_published_counts():
    counted = [count(*arguments) for arguments in ((4, 5, 7, 1), (4, 5, 7, 2))]
    assert counted == [364, 392]
    assert count(4, 5, 120, 1) == 60_480


def test_the_number_of_steps_is_no_setting_of_the_layer():
    layer, x = layer_and_input(0)
    before = layer.count_params()
    for steps in (1, 7, 20):
        assert layer(x[:, :steps]).shape == (8, steps, 4)
    assert layer.count_params() == before


def test_pytorchs_two_biases_are_one_in_an_lstm_and_not_in_a_gru():
    x = torch.tensor(NOISE[:2, :9])
    for module, units, same in (
        (torch.nn.LSTM(8, 4), 16, True),
        (torch.nn.GRU(8, 4), 12, False),
    ):
        before = module(x)[0]
        with torch.no_grad():
            module.bias_hh_l0 += 1
            module.bias_ih_l0 -= 1
        assert len(module.bias_ih_l0) == units
        assert (float((module(x)[0] - before).detach().abs().max()) < 1e-5) == same


# --- slices and the cell


def test_a_new_layer_shows_its_forget_block():
    bias = chapter.fresh(120, 5).get_weights()[2]
    ones = np.flatnonzero(bias == 1)
    assert (ones == np.arange(120, 240)).all()
    assert ORDERS["Keras"]["LSTM"][1] == "forget"


@FEW
@given(
    seed=st.integers(0, 999), units=st.integers(1, 9), features=st.integers(1, 6),
    steps=st.integers(1, 12),
)  # fmt: skip
def test_the_cell_in_numpy_is_the_cell_of_keras(seed, units, features, steps):
    layer, x = layer_and_input(seed, units, features, steps=steps)
    weights = layer.get_weights()
    got = chapter.lstm(x, *weights)
    assert np.abs(got - np.asarray(layer(x))).max() < 1e-6
    zeros = np.zeros((8, units))
    h, _ = chapter.step(x[:, 0], zeros, zeros, *weights)
    assert np.abs(h - got[:, 0]).max() < 1e-6
    wrong = chapter.lstm(x, 2 * weights[0], *weights[1:])
    assert np.abs(wrong - np.asarray(layer(x))).max() > 1e-3


def test_every_wrong_order_is_seen(held):
    misses = []
    for seed in SEEDS:
        layer, x = layer_and_input(seed)
        weights, want = layer.get_weights(), np.asarray(layer(x))
        for order in permutations("ifco"):
            taken = chapter.reordered(weights, "".join(order))
            misses.append(np.abs(chapter.lstm(x, *taken) - want).max())
    misses = np.reshape(misses, (20, 24))
    seen = held(
        5,
        "Each of the 23 wrong orders of the blocks moves an output by more than 0.1, the right "
        "one by less than 10⁻⁶",
        (misses[:, 0] < 1e-6) & (misses[:, 1:] > 0.1).all(axis=1),
    )
    assert seen == 20


def test_i_and_o_exchanged_hide_after_one_step():
    for seed in SEEDS:
        layer, x = layer_and_input(seed)
        weights, want = layer.get_weights(), np.asarray(layer(x))
        wrong = chapter.lstm(x, *chapter.reordered(weights, "ofci"))
        gaps = np.abs(wrong - want).max(axis=(0, 2))
        assert 1e-3 < gaps[0] < 0.05
        assert gaps.max() > 0.1


def hard(gates, name):
    return replace(gates, recurrent_activation=name)


def test_the_hard_sigmoids_are_what_the_chapter_says():
    z = np.linspace(-5, 5, 101).astype("float32")
    ours = np.clip(z / 6 + 0.5, 0, 1)
    assert np.abs(np.asarray(keras.activations.hard_sigmoid(z)) - ours).max() < 1e-6
    assert np.abs(torch.nn.functional.hardsigmoid(torch.tensor(z)).numpy() - ours).max() < 1e-6
    layer, x = layer_and_input(0)
    gates = Gates.from_keras(layer)
    for name, slope in (("hard_sigmoid", 1 / 6), ("hard_sigmoid_0.2", 0.2)):
        trace = hard(gates, name).trace(x)
        want = np.clip(slope * trace.pre_activations["forget"] + 0.5, 0, 1)
        assert np.abs(trace.gates["forget"] - want).max() < 1e-6


def test_the_hard_sigmoid_shows_for_every_seed(held):
    shows = []
    for seed in SEEDS:
        layer, x = layer_and_input(seed)
        gates, want = Gates.from_keras(layer), np.asarray(layer(x))
        both = (hard(gates, name).trace(x).h for name in ("hard_sigmoid_0.2", "hard_sigmoid"))
        assert np.abs(gates.trace(x).h - want).max() < 1e-6
        shows.append([0.02 < np.abs(h - want).max() < 0.5 for h in both])
    far = held(5, "Either hard sigmoid is off by 0.02 to 0.5", np.all(shows, axis=1))
    assert far == 20


def test_a_bias_copied_into_both_of_pytorchs_is_added_twice():
    layer, x = layer_and_input(0)
    W, U, b = layer.get_weights()
    module = torch.nn.LSTM(5, 4, batch_first=True)
    state = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": b}
    module.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    got = module(torch.tensor(x))[0].detach().numpy()
    assert np.abs(got - chapter.lstm(x, W, U, 2 * b)).max() < 1e-6
    assert np.abs(got - np.asarray(layer(x))).max() > 0.1


# --- stateful


@FEW
@given(batch=st.integers(1, 4), steps=st.integers(1, 6), pieces=st.integers(2, 4))
def test_streams_make_row_k_continue_row_k(batch, steps, pieces):
    rest = batch * steps - 1  # what fills no whole piece is left out
    series = np.random.default_rng(0).normal(size=(batch * steps * pieces + rest, 2))
    cut = appendix.streams(series, batch, steps)
    assert cut.shape == (pieces, batch, steps, 2)
    layer = keras.layers.LSTM(3, stateful=True, return_sequences=True)
    got = np.concatenate([np.asarray(layer(piece)) for piece in cut], axis=1)
    used = series[: batch * steps * pieces].reshape(batch, -1, 2)
    want = chapter.lstm(used, *layer.get_weights())
    assert np.abs(got - want).max() < 1e-6
    back = cut.swapaxes(0, 1).reshape(-1, 2)
    assert np.array_equal(back, series[: batch * steps * pieces])


def test_only_reset_state_resets():
    cell = keras.layers.LSTM(3, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(4, 5, 2)), cell])
    rows = NOISE[:4, :5, :2]
    first, second = (model.predict(rows, batch_size=4, verbose=0) for _ in range(2))
    assert np.abs(first - second).max() > 0.01
    cell.reset_state()
    assert np.array_equal(model.predict(rows, batch_size=4, verbose=0), first)
    model.compile("sgd", "mse")
    model.fit(rows, first, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert np.abs(np.asarray(cell.states[0])).max() > 0.01


def test_a_stateful_layer_wants_a_fixed_batch():
    with pytest.raises(ValueError, match="batch size must be static"):
        keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3, stateful=True)])


# --- memory


def at_bias(seed, bias):
    training.seed_everything(seed)
    layer = chapter.fresh(32, features=8, bias_initializer="zeros")
    weights = layer.get_weights()
    weights[2][32:64] = bias
    layer.set_weights(weights)
    return Gates.from_keras(layer)


@given(bias=st.floats(-4, 6))
def test_the_length_of_the_memory_is_1_plus_e_to_the_bias(bias):
    f = chapter.sigmoid(bias)
    assert (f ** np.arange(20_000)).sum() == pytest.approx(1 + np.exp(bias), rel=1e-6)
    # Chrono initialisation: b = ln v makes tau = 1 + v.
    assert 1 / (1 - chapter.sigmoid(np.log(1 + np.exp(bias)))) == pytest.approx(
        2 + np.exp(bias)
    )


def test_the_cell_state_of_keras_itself_decays_like_that():
    layer = keras.layers.LSTM(1, return_state=True)
    layer.build((None, None, 1))
    zero = np.zeros((1, 4))
    layer.set_weights([zero, zero, np.array([0, 1, 0, 0])])
    for steps in (1, 3, 10):
        state = [np.zeros((1, 1)), np.ones((1, 1))]
        c = float(layer(np.zeros((1, steps, 1)), initial_state=state)[2][0, 0])
        assert c == pytest.approx(chapter.sigmoid(1.0) ** steps, rel=1e-5)


def test_the_memory_of_untrained_layers_over_20_seeds(held):
    keras_, zero, torch_ = (
        np.array(
            [1 + appendix.survival(appendix.start(kind, s), NOISE[:, :60]).sum() for s in SEEDS]
        )
        for kind in ("Keras", "Keras, bias 0", "PyTorch")
    )
    ours = held(5, "A new LSTM of Keras remembers 3.6 to 3.7 steps", abs(keras_ - 3.65) < 0.05)
    control = held(5, "With a forget bias of 0 it remembers 1.95 to 2.05", abs(zero - 2) < 0.05)
    theirs = held(
        5, "A new LSTM of PyTorch remembers 1.9 to 2.15", (torch_ > 1.9) & (torch_ < 2.15)
    )
    assert ours == control == theirs == 20


def test_the_two_lines_for_pytorch_make_the_memory_that_of_keras(held):
    taus = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        lstm, u = torch.nn.LSTM(8, 32, batch_first=True), 32
        with torch.no_grad():
            lstm.bias_ih_l0[u : 2 * u] = 1
            lstm.bias_hh_l0[u : 2 * u] = 0
        taus.append(1 + appendix.survival(Gates.from_torch(lstm), NOISE[:, :60]).sum())
    same = held(
        5, "Two lines give PyTorch the memory of Keras", abs(np.array(taus) - 3.7) < 0.1
    )
    assert same == 20


@pytest.mark.parametrize("seed", range(3))
def test_the_formula_holds_for_inputs_of_size_1_and_fails_for_size_10(seed):
    for bias in range(5):
        gates = at_bias(seed, bias)
        small, large = (1 + appendix.survival(gates, k * NOISE).sum() for k in (1, 10))
        predicted = 1 + np.exp(bias)
        assert 0.92 < small / predicted < 1.01
        assert large / predicted < (1.05, 0.8, 0.5, 0.3, 0.2)[bias]


# --- one step of look_back features


def idle(weights, x, start=0.0):
    """Which weights move no last h when they grow by 1, in one row."""
    units = len(weights[1])
    state = np.full((len(x), units), start)

    def last(moved):
        h = c = state
        for t in range(x.shape[1]):
            h, c = chapter.step(x[:, t], h, c, *moved)
        return h

    return np.concatenate([size.ravel() == 0 for size in chapter.effects(last, weights)])


def forget_and_recurrent(d, u):
    W, U, b = np.zeros((d, 4 * u), bool), np.ones((u, 4 * u), bool), np.zeros(4 * u, bool)
    W[:, u : 2 * u] = b[u : 2 * u] = True
    return np.concatenate([W.ravel(), U.ravel(), b])


def test_with_one_step_80_of_128_weights_do_nothing(held):
    holds = []
    for seed in SEEDS:
        training.seed_everything(seed)
        past = np.random.default_rng(seed).normal(size=(100, 3))
        one, three = (chapter.fresh(4, d).get_weights() for d in (3, 1))
        found = idle(one, past[:, np.newaxis])
        assert (found == forget_and_recurrent(3, 4)).all()
        control = idle(three, past[:, :, np.newaxis])
        holds.append((found.sum(), found.size, control.sum(), control.size) == (80, 128, 0, 96))
    nothing = held(
        5, "With one step 80 of 128 weights do nothing; with three steps every one does", holds
    )
    assert nothing == 20


@FEW
@given(d=st.integers(1, 12), u=st.integers(1, 5))
def test_the_count_is_4_u_squared_and_the_forget_block(d, u):
    training.seed_everything(0)
    weights = chapter.fresh(u, d).get_weights()
    x = np.random.default_rng(0).normal(size=(20, 1, d))
    found = idle(weights, x)
    assert found.sum() == 4 * u * u + (d + 1) * u
    assert found.size == count(4, d, u, 1)
    assert idle(weights, x, start=0.5).sum() == 0
    assert idle(weights, np.repeat(x, 2, axis=1)).sum() == 0


@pytest.mark.parametrize(("shape", "still"), [((1, 3), 80), ((3, 1), 0)])
def test_training_leaves_what_is_idle_as_it_was(shape, still):
    x = NOISE[:, :10, :3].reshape(-1, *shape)
    training.seed_everything(0)
    layer = chapter.fresh(4, shape[1])
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    before = layer.get_weights()
    model.fit(x, x.sum(axis=(1, 2)), epochs=2, verbose=0)
    pairs = zip(before, layer.get_weights(), strict=True)
    assert sum(np.sum(a == b) for a, b in pairs) == still


def test_weight_decay_shrinks_what_no_gradient_moves():
    x = NOISE[:, :10, :3].reshape(-1, 1, 3)
    training.seed_everything(0)
    layer = chapter.fresh(4, 3)
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=0.1), "mse")
    U = layer.get_weights()[1]
    model.fit(x, x.sum(axis=(1, 2)), epochs=2, batch_size=20, verbose=0)
    np.testing.assert_allclose(layer.get_weights()[1], U * (1 - 1e-4) ** 20, rtol=1e-4)


def test_the_parameters_of_the_two_shapes():
    for look_back in (1, 3, 12):
        assert count(4, look_back, 4, 1) == 16 * look_back + 80
    assert count(4, 1, 4, 1) == 96


def test_a_stateful_layer_uses_them_from_its_second_batch_on():
    training.seed_everything(0)
    cell = keras.layers.LSTM(4, stateful=True)
    cell.build((5, None, 3))
    past, kept = NOISE[:5, :1, :3], cell.get_weights()
    rng, which = np.random.default_rng(0), forget_and_recurrent(3, 4)
    flat = np.concatenate([array.ravel() for array in kept])
    W, U, b = np.split(np.where(which, rng.normal(size=128), flat), [48, 112])
    noisy = [W.reshape(3, 16), U.reshape(4, 16), b]
    for batches in (1, 2):
        outputs = []
        for weights in (kept, noisy):
            cell.set_weights(kept)
            cell.reset_state()
            if batches == 2:
                cell(past)
            cell.set_weights(weights)
            outputs.append(np.asarray(cell(past)))
        assert np.array_equal(*outputs) == (batches == 1)


def of_keras(layer, x, part=slice(None), biases=None):
    """Which weights of a Keras layer move nothing, by array."""
    layer(x)
    weights = layer.get_weights()
    if biases is not None:
        weights[2] = biases.normal(size=weights[2].shape).astype("float32")

    def run(moved):
        layer.set_weights(moved)
        return np.asarray(layer(x))[part]

    return [int((size == 0).sum()) for size in chapter.effects(run, weights)]


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(3))
def test_the_counts_of_the_open_exercise(seed):
    training.seed_everything(seed)
    one, five, rng = NOISE[:9, :1, :3], NOISE[:9, :5, :3], np.random.default_rng(seed)
    layers = keras.layers
    assert of_keras(layers.GRU(4), one) == [12, 48, 8]
    assert of_keras(layers.GRU(4), one, biases=rng) == [0, 48, 0]
    for biases in (None, rng):
        before = layers.GRU(4, reset_after=False)
        assert of_keras(before, one, biases=biases) == [12, 48, 4]
    assert of_keras(layers.SimpleRNN(4), one) == [0, 16, 0]
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    assert of_keras(both, five, np.s_[:, -1]) == [0, 0, 0, 12, 64, 4]
    assert of_keras(layers.Bidirectional(layers.LSTM(4)), five) == [0] * 6


# --- starts


def test_the_orthogonal_start_is_shared_by_the_blocks():
    R = np.array([appendix.recurrent_start(seed) for seed in SEEDS])
    shares = (R**2).sum(axis=(2, 3)) / 64
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares.min() > 0.23
    assert shares.max() < 0.27
    top = np.linalg.svd(R, compute_uv=False).max(axis=2)
    assert top.min() > 0.82
    assert top.max() < 0.89
    assert top.mean() == pytest.approx(0.86, abs=0.01)


def density(s):
    return 4 / np.pi * np.sqrt(0.75 - s**2) / (1 - s**2)


def test_the_predicted_density_is_one_and_fits_a_large_block():
    s = np.sqrt(0.75) * (1 - np.cos(np.linspace(0, np.pi, 20_001))) / 2
    p = density(s)
    assert np.trapezoid(p, s) == pytest.approx(1, abs=1e-5)
    assert np.trapezoid(p * s**2, s) == pytest.approx(0.25, abs=1e-5)
    share = np.concatenate([[0], np.cumsum((p[1:] + p[:-1]) / 2 * np.diff(s))])
    values = np.sort(
        np.linalg.svd(appendix.recurrent_start(0, u=256), compute_uv=False).ravel()
    )
    measured = np.arange(1, len(values) + 1) / len(values)
    assert np.abs(np.interp(values, s, share) - measured).max() < 0.01
    assert values[-1] == pytest.approx(np.sqrt(3) / 2, abs=0.015)


@given(d=st.integers(8, 64), u=st.integers(8, 64))
@settings(derandomize=True, max_examples=10)
def test_glorot_counts_four_times_the_units(d, u):
    training.seed_everything(0)
    largest = np.abs(chapter.fresh(u, features=d).get_weights()[0]).max()
    limit = np.sqrt(6 / (d + 4 * u))
    assert 0.95 * limit < largest <= limit * (1 + 1e-6)


def test_identity_reaches_the_input_gate_only():
    R = chapter.fresh(6, features=1, recurrent_initializer="identity").get_weights()[1]
    assert np.array_equal(R, np.hstack([np.eye(6), np.zeros((6, 18))]))


def test_the_unit_forget_bias_leaves_the_other_biases_as_asked():
    three = keras.initializers.Constant(3)
    assert chapter.fresh(1, 1, bias_initializer=three).get_weights()[2].tolist() == [3, 1, 3, 3]
    assert 'force `bias_initializer="zeros"`' in keras.layers.LSTM.__doc__
