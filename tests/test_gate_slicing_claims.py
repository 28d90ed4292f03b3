"""What chapter 5 says, measured. The functions are the chapter's own."""

import ast
from functools import cache
from itertools import permutations

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import training
from course_utils.gates import ORDERS, Gates
from tests.chapters import ROOT
from tools.chapters import read

SEEDS = range(20)
FEW = settings(derandomize=True, max_examples=10)
NOISE = np.random.default_rng(0).normal(size=(20, 400, 8)).astype("float32")


@cache
def chapter():
    """The chapter's functions outside its exercises, nothing else run."""
    names = {"np": np, "keras": keras, "torch": torch, "training": training, "Gates": Gates}
    for cell in read(ROOT / "notebooks" / "05_lstm_gate_slicing.md").cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            body = ast.parse(cell.source).body
            functions = [node for node in body if isinstance(node, ast.FunctionDef)]
            exec(compile(ast.Module(functions, []), "<chapter>", "exec"), names)
    return names


def call(name, *args, **kwargs):
    return chapter()[name](*args, **kwargs)


def layer_and_input(seed, units=4, features=5, batch=8, steps=20):
    training.seed_everything(seed)
    layer = call("fresh", units, features, return_sequences=True)
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
        assert call("count", blocks, d, u, biases) == call("held", layer, d)


def test_the_published_counts():
    counted = [call("count", *arguments) for arguments in ((4, 5, 7, 1), (4, 5, 7, 2))]
    assert counted == [364, 392]
    assert call("count", 4, 5, 120, 1) == 60_480


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
    bias = call("fresh", 120, 5).get_weights()[2]
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
    got = call("lstm", x, *weights)
    assert np.abs(got - np.asarray(layer(x))).max() < 1e-6
    zeros = np.zeros((8, units))
    h, _ = call("step", x[:, 0], zeros, zeros, *weights)
    assert np.abs(h - got[:, 0]).max() < 1e-6


def test_every_wrong_order_is_seen(held):
    misses = []
    for seed in SEEDS:
        layer, x = layer_and_input(seed)
        weights, want = layer.get_weights(), np.asarray(layer(x))
        for order in permutations("ifco"):
            taken = [call("reordered", a, "".join(order)) for a in weights]
            misses.append(np.abs(call("lstm", x, *taken) - want).max())
    misses = np.reshape(misses, (20, 24))
    seen = held(
        5,
        "Each of the 23 wrong orders of the blocks moves an output by more than 0.1, the right "
        "one by less than 10⁻⁶",
        (misses[:, 0] < 1e-6) & (misses[:, 1:] > 0.1).all(axis=1),
    )
    assert seen == 20


def test_the_hard_sigmoids_are_what_the_chapter_says():
    z = np.linspace(-5, 5, 101).astype("float32")
    ours = call("hard_6", z)
    assert np.abs(np.asarray(keras.activations.hard_sigmoid(z)) - ours).max() < 1e-6
    assert np.abs(torch.nn.functional.hardsigmoid(torch.tensor(z)).numpy() - ours).max() < 1e-6
    assert call("hard_02", 1.0) == pytest.approx(0.7)
    assert call("hard_6", 1.0) == pytest.approx(2 / 3)


def test_the_hard_sigmoid_shows_for_every_seed(held):
    shows = []
    for seed in SEEDS:
        layer, x = layer_and_input(seed)
        both = (
            call("lstm", x, *layer.get_weights(), chapter()[f]) for f in ("hard_02", "hard_6")
        )
        shows.append([0.02 < np.abs(h - np.asarray(layer(x))).max() < 0.5 for h in both])
    far = held(5, "Either hard sigmoid is off by 0.02 to 0.5", np.all(shows, axis=1))
    assert far == 20


def test_a_bias_copied_into_both_of_pytorchs_is_added_twice():
    layer, x = layer_and_input(0)
    W, U, b = layer.get_weights()
    module = torch.nn.LSTM(5, 4, batch_first=True)
    state = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": b}
    module.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    got = module(torch.tensor(x))[0].detach().numpy()
    assert np.abs(got - call("lstm", x, W, U, 2 * b)).max() < 1e-6
    assert np.abs(got - np.asarray(layer(x))).max() > 0.1


# --- stateful


@FEW
@given(batch=st.integers(1, 4), steps=st.integers(1, 6), pieces=st.integers(2, 4))
def test_streams_make_row_k_continue_row_k(batch, steps, pieces):
    rest = batch * steps - 1  # what fills no whole piece is left out
    series = np.random.default_rng(0).normal(size=(batch * steps * pieces + rest, 2))
    cut = call("streams", series, batch, steps)
    assert cut.shape == (pieces, batch, steps, 2)
    layer = keras.layers.LSTM(3, stateful=True, return_sequences=True)
    got = np.concatenate([np.asarray(layer(piece)) for piece in cut], axis=1)
    used = series[: batch * steps * pieces].reshape(batch, -1, 2)
    want = call("lstm", used, *layer.get_weights())
    assert np.abs(got - want).max() < 1e-6


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
    layer = call("fresh", 32, features=8, bias_initializer="zeros")
    weights = layer.get_weights()
    weights[2][32:64] = bias
    layer.set_weights(weights)
    return Gates.from_keras(layer)


@given(bias=st.floats(-4, 6))
def test_the_length_of_the_memory_is_1_plus_e_to_the_bias(bias):
    f = call("sigmoid", bias)
    assert (f ** np.arange(20_000)).sum() == pytest.approx(1 + np.exp(bias), rel=1e-6)
    # Chrono initialisation: b = ln v makes tau = 1 + v.
    assert 1 / (1 - call("sigmoid", np.log(1 + np.exp(bias)))) == pytest.approx(
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
        assert c == pytest.approx(call("sigmoid", 1.0) ** steps, rel=1e-5)


def test_the_memory_of_untrained_layers_over_20_seeds(held):
    keras_, zero, torch_ = (
        np.array(
            [1 + call("survival", call("start", kind, s), NOISE[:, :60]).sum() for s in SEEDS]
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
        lstm, u = torch.nn.LSTM(8, 32), 32
        with torch.no_grad():
            lstm.bias_ih_l0[u : 2 * u] = 1
            lstm.bias_hh_l0[u : 2 * u] = 0
        taus.append(1 + call("survival", Gates.from_torch(lstm), NOISE[:, :60]).sum())
    same = held(
        5, "Two lines give PyTorch the memory of Keras", abs(np.array(taus) - 3.7) < 0.1
    )
    assert same == 20


@pytest.mark.parametrize(
    ("scale", "wanted"),
    [
        (0, [2.00, 3.72, 8.39, 21.09, 55.56]),
        (1, [2.00, 3.65, 8.08, 20.12, 53.00]),
        (10, [1.98, 2.51, 3.34, 4.74, 7.18]),
    ],
)
def test_the_table_of_the_open_exercise(scale, wanted):
    for bias, want in enumerate(wanted):
        taus, simple = [], []
        for seed in SEEDS:
            forget = at_bias(seed, bias).trace(scale * NOISE).gates["forget"].astype(float)
            taus.append(1 + np.cumprod(forget, axis=1).mean(axis=(0, 2)).sum())
            simple.append(1 / (1 - forget.mean()))
        assert np.mean(taus) == pytest.approx(want, abs=0.01)
        assert np.mean(taus) == pytest.approx(np.mean(simple), rel=0.06)
        if scale == 1:
            assert 0.95 < np.mean(taus) / (1 + np.exp(bias)) < 1.001


# --- one step of look_back features


def test_with_one_step_u_and_the_forget_block_do_nothing(held):
    one_step, three_steps = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        past = rng.normal(size=(50, 3)).astype("float32")
        training.seed_everything(seed)
        for shaped, same in (
            (past[:, np.newaxis], one_step),
            (past[:, :, np.newaxis], three_steps),
        ):
            layer = call("fresh", 4, features=shaped.shape[2])
            before = np.asarray(layer(shaped))
            layer.set_weights(call("scrambled", layer, rng))
            same.append(np.array_equal(np.asarray(layer(shaped)), before))
    nothing = held(
        5,
        "With one step, a scrambled U and forget block change no output; with three they do",
        np.array(one_step) & ~np.array(three_steps),
    )
    assert nothing == 20


def test_the_parameters_of_the_two_shapes():
    for look_back in (1, 3, 12):
        assert call("count", 4, look_back, 4, 1) == 16 * look_back + 80
    assert call("count", 4, 1, 4, 1) == 96


def test_a_stateful_layer_uses_them_from_its_second_batch_on():
    training.seed_everything(0)
    cell = keras.layers.LSTM(4, stateful=True)
    past = NOISE[:5, :1, :3]
    for later in (False, True):
        outputs = []
        for scramble in (False, True):
            cell(past) if not cell.built else None
            cell.reset_state()
            if later:
                cell(past)
            if scramble:
                cell.set_weights(call("scrambled", cell, np.random.default_rng(0)))
            outputs.append(np.asarray(cell(past)))
            if not scramble:
                kept = cell.get_weights()
        cell.set_weights(kept)
        assert np.array_equal(*outputs) != later


# --- starts


def test_the_orthogonal_start_is_shared_by_the_blocks():
    R = np.array([call("recurrent_start", seed) for seed in SEEDS])
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
    values = np.sort(np.linalg.svd(call("recurrent_start", 0, u=256), compute_uv=False).ravel())
    measured = np.arange(1, len(values) + 1) / len(values)
    assert np.abs(np.interp(values, s, share) - measured).max() < 0.01
    assert values[-1] == pytest.approx(np.sqrt(3) / 2, abs=0.015)


@given(d=st.integers(8, 64), u=st.integers(8, 64))
@settings(derandomize=True, max_examples=10)
def test_glorot_counts_four_times_the_units(d, u):
    training.seed_everything(0)
    largest = np.abs(call("fresh", u, features=d).get_weights()[0]).max()
    limit = np.sqrt(6 / (d + 4 * u))
    assert 0.95 * limit < largest <= limit * (1 + 1e-6)


def test_identity_reaches_the_input_gate_only():
    R = call("fresh", 6, features=1, recurrent_initializer="identity").get_weights()[1]
    assert np.array_equal(R, np.hstack([np.eye(6), np.zeros((6, 18))]))


def test_the_unit_forget_bias_leaves_the_other_biases_as_asked():
    three = keras.initializers.Constant(3)
    assert call("fresh", 1, 1, bias_initializer=three).get_weights()[2].tolist() == [3, 1, 3, 3]
    assert 'force `bias_initializer="zeros"`' in keras.layers.LSTM.__doc__
