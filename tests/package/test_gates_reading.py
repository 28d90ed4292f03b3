"""What travels with a layer, what padding does, and which layers are no plain ones."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course_utils.gates import Gates, read_gates
from tests.package.test_gates import (
    CELLS,
    EXACT,
    FEW,
    SEED,
    SIZES,
    distance,
    inputs,
    keras_layer,
    torch_module,
)

# The time axis


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
def test_a_trace_takes_the_axes_of_its_module(cell, batch_first, reverse):
    # As many steps as sequences: nothing but the order of the axes can tell.
    module = torch_module(cell, 3, 4, batch_first=batch_first, bidirectional=True)
    x = inputs(5, 5, 3)
    gates = Gates.from_torch(module, reverse=reverse)
    assert gates.time_major != batch_first
    with torch.no_grad():
        want = module(torch.from_numpy(x))[0][..., 4 * reverse : 4 * reverse + 4]
    assert distance(gates.trace(x).h, want) < 1e-6


@pytest.mark.parametrize("layout", [0, 1])
def test_the_layout_of_onnx_is_that_of_the_trace(layout):
    W, R, B, attributes = Gates.from_torch(torch_module("LSTM", 3, 4)).to_onnx()
    gates = Gates.from_onnx(W, R, B, layout=layout, **attributes)
    x = inputs(5, 5, 3)
    batch_first = x if layout else x.transpose(1, 0, 2)
    want = Gates.from_torch(torch_module("LSTM", 3, 4)).trace(batch_first).h
    got = gates.trace(x)
    assert distance(got.h, want if layout else want.transpose(1, 0, 2)) == 0
    assert got.gates["input"].shape == got.c.shape == (5, 5, 4)


def test_a_single_sequence_is_told_where_its_axis_goes():
    gates = Gates.from_torch(nn.LSTM(3, 4))
    with pytest.raises(ValueError, match=r"\(steps, batch, 3\).*x\[:, np.newaxis\]"):
        gates.trace(np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"h0 should have shape \(2, 4\)"):
        gates.trace(np.zeros((5, 2, 3)), h0=np.zeros((5, 4)))


# Padding


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("dtype", EXACT)
@FEW
@given(**SIZES, seed=SEED, batch_first=st.booleans(), reverse=st.booleans())
def test_lengths_are_those_of_a_packed_sequence(
    cell, dtype, batch, steps, features, units, seed, batch_first, reverse
):
    module = torch_module(
        cell, features, units, seed, dtype, bidirectional=True, batch_first=batch_first
    )
    x = torch.from_numpy(inputs(batch, steps, features, seed, dtype))
    x = x if batch_first else x.transpose(0, 1)
    lengths = np.random.default_rng(seed).integers(1, steps + 1, batch)
    options = {"batch_first": batch_first}
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False, **options)
    with torch.no_grad():
        y, last = module(packed)
    want = pad_packed_sequence(y, total_length=steps, **options)[0]
    trace = Gates.from_torch(module, reverse=reverse).trace(x, lengths=lengths)
    half = slice(units * reverse, units * (reverse + 1))
    assert distance(trace.h, want[..., half]) < EXACT[dtype]
    real = np.arange(steps) < lengths[:, np.newaxis]
    real = real if batch_first else real.T
    for gate in (*trace.gates.values(), *trace.pre_activations.values()):
        assert np.isfinite(gate[real]).all()
        assert np.isnan(gate[~real]).all()
    if cell == "LSTM" and not reverse:
        c = trace.c if batch_first else trace.c.transpose(1, 0, 2)
        assert distance(c[np.arange(batch), lengths - 1], last[1][0]) < EXACT[dtype]


@pytest.mark.parametrize(("cell", "options"), CELLS)
@pytest.mark.parametrize("dtype", EXACT)
@settings(FEW, max_examples=6)  # Keras takes its time over a mask
@given(**SIZES, seed=SEED, go_backwards=st.booleans(), with_state=st.booleans())
def test_a_mask_is_that_of_keras_wherever_the_padding_is(
    cell, options, dtype, batch, steps, features, units, seed, go_backwards, with_state
):
    layer = keras_layer(
        cell, units, features, seed, dtype,
        return_state=True, go_backwards=go_backwards, use_cudnn=False, **options,
    )  # fmt: skip
    x = inputs(batch, steps, features, seed, dtype)
    mask = np.random.default_rng(seed).random((batch, steps)) < 0.6
    count = 2 if cell == "LSTM" else 1
    states = list(inputs(count, batch, units, seed + 1, dtype)) if with_state else None
    h, *last = layer(x, mask=keras.ops.convert_to_tensor(mask), initial_state=states)
    trace = Gates.from_keras(layer).trace(x, *(states or []), mask=mask)
    seen = trace.h[:, ::-1] if go_backwards else trace.h
    # Before the first real step, Keras returns 0 where the state is the first one.
    began = np.cumsum(mask[:, ::-1] if go_backwards else mask, axis=1) > 0
    began = began[..., np.newaxis]
    assert distance(np.where(began, seen, 0), np.where(began, h, 0)) < EXACT[dtype]
    assert distance(seen[:, -1], last[0]) < EXACT[dtype]
    if cell == "LSTM":
        assert distance((trace.c[:, ::-1] if go_backwards else trace.c)[:, -1], last[1]) < 1e-6


def test_what_stands_at_padded_steps_enters_nothing():
    gates = Gates.from_torch(torch_module("GRU", 3, 4, bidirectional=True), reverse=True)
    x, other = inputs(2, 6, 3), inputs(2, 6, 3)
    other[0, 4:], other[1, 2:] = 7, -7
    same, padded = (gates.trace(a, lengths=[4, 2]) for a in (x, other))
    assert np.array_equal(same.h, padded.h)
    assert distance(gates.trace(x).h, gates.trace(other).h) > 0.01


def test_the_mask_of_a_keras_model_is_asked_for_or_taken_from_x():
    embed = keras.layers.Embedding(10, 3, mask_zero=True)
    model = keras.Sequential([keras.Input((6,)), embed, keras.layers.GRU(4)])
    ids = np.array([[3, 4, 5, 0, 0, 0]])
    gates, x = Gates.from_keras(model.layers[1]), embed(ids)
    assert "masked" in repr(gates)
    want = model(ids)
    with pytest.raises(ValueError, match="a mask reached this layer"):
        gates.trace(np.asarray(x))
    for mask in ({}, {"mask": ids != 0}, {"mask": (ids != 0).astype(int)}, {"lengths": [3]}):
        last = gates.trace(x, **mask).h[:, 2 if "lengths" in mask else -1]
        assert distance(last, want) < 1e-6
    assert distance(gates.trace(x, mask=np.ones((1, 6))).h[:, -1], want) > 0.001


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lengths": [3, 9]}, ValueError, "whole numbers from 0 to 5"),
        ({"lengths": [3, 1.5]}, ValueError, "whole numbers from 0 to 5"),
        ({"lengths": [3]}, ValueError, r"lengths should have shape \(2,\)"),
        ({"mask": np.ones((5, 2))}, ValueError, r"mask should have shape \(2, 5\)"),
        ({"mask": np.ones((2, 5)), "lengths": [1, 1]}, ValueError, "give one of them"),
    ],
)
def test_padding_that_does_not_fit_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        Gates.from_torch(torch_module("LSTM", 3, 4)).trace(np.zeros((2, 5, 3)), **arguments)


def test_a_packed_sequence_is_sent_to_be_unpacked():
    packed = pack_padded_sequence(torch.zeros(2, 5, 3), [5, 2], batch_first=True)
    with pytest.raises(TypeError, match=r"pad_packed_sequence.* give trace both"):
        Gates.from_torch(torch_module("LSTM", 3, 4)).trace(packed)


# Kinds of numbers


def test_tensors_of_every_kind_are_taken():
    module = torch_module("LSTM", 3, 4)
    gates, x = Gates.from_torch(module), torch.from_numpy(inputs(2, 5, 3))
    want = gates.trace(x.numpy()).h
    assert np.array_equal(gates.trace(x.clone().requires_grad_()).h, want)
    assert distance(gates.trace(x.bfloat16()).h, want) < 0.02


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_half_precision_of_keras_is_read_as_float32(dtype):
    layer = keras.layers.LSTM(4, dtype=dtype, recurrent_initializer="glorot_uniform")
    layer.build((None, None, 3))
    gates = Gates.from_keras(layer)
    assert gates.dtype == np.float32
    weights = [np.asarray(w).astype(np.float32) for w in layer.get_weights()]
    assert all(map(np.array_equal, gates.to_keras(), weights))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_of_pytorch_is_read_as_float32(dtype):
    module = torch_module("GRU", 3, 4).to(getattr(torch, dtype))
    same = torch_module("GRU", 3, 4).to(getattr(torch, dtype)).float()
    x = inputs(2, 5, 3)
    assert np.array_equal(
        Gates.from_torch(module).trace(x).h, Gates.from_torch(same).trace(x).h
    )


# Weights that are computed


def dressed(kind):
    module = nn.LSTM(3, 4, batch_first=True)
    if kind == "weight_norm":
        return nn.utils.weight_norm(module, "weight_hh_l0")
    if kind == "spectral_norm":
        return nn.utils.spectral_norm(module, "weight_hh_l0")
    return prune.l1_unstructured(module, "weight_hh_l0", amount=0.5) or module


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm", "prune"])
def test_weights_that_a_hook_computes_are_read_when_they_are_current(kind):
    torch.manual_seed(0)
    trained, loaded = dressed(kind), dressed(kind)
    with torch.no_grad():
        for p in trained.parameters():
            p.mul_(1.7).add_(0.1)
    loaded.load_state_dict(trained.state_dict())
    loaded.eval()
    before = {k: v.clone() for k, v in loaded.state_dict().items()}
    stale = loaded.weight_hh_l0
    with pytest.raises(ValueError, match="weight_hh_l0 is out of date"):
        Gates.from_torch(loaded)
    assert loaded.weight_hh_l0 is stale
    x = inputs(2, 6, 3)
    with torch.no_grad():
        want = loaded(torch.from_numpy(x))[0]
    assert distance(Gates.from_torch(loaded).trace(x).h, want) < 1e-6
    assert all(torch.equal(v, before[k]) for k, v in loaded.state_dict().items())
    loaded.train()
    Gates.from_torch(loaded)
    assert loaded.training


def test_new_parametrizations_are_always_current():
    module = torch_module("LSTM", 3, 4)
    parametrizations.weight_norm(module, "weight_hh_l0")
    with torch.no_grad():
        module.parametrizations.weight_hh_l0.original0.mul_(2)
    x = inputs(2, 6, 3)
    with torch.no_grad():
        want = module(torch.from_numpy(x))[0]
    assert distance(Gates.from_torch(module).trace(x).h, want) < 1e-6


def weight_drop():
    """As salesforce/awd-lstm-lm does it: the layer's weight is set from outside."""
    module = nn.LSTM(3, 4)
    raw = module.weight_hh_l0
    del module._parameters["weight_hh_l0"]
    module.register_parameter("weight_hh_l0_raw", nn.Parameter(raw.data))
    module.weight_hh_l0 = raw.data * 2
    return module


class Twice(nn.LSTM):
    def forward(self, x, hx=None):
        return super().forward(2 * x, hx)


class Gain(nn.LSTM):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.gain = nn.Parameter(torch.ones(1))


class Named(nn.LSTM):
    """A subclass that computes what an LSTM computes."""

    def __init__(self, width):
        super().__init__(width, width)


def hooked(register, **options):
    module = nn.GRU(3, 4)
    getattr(module, register)(lambda *_, **__: None, **options)
    return module


def patched():
    module = nn.GRU(3, 4)
    module.forward = lambda x: x
    return module


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Twice(3, 4), "Twice has a forward of its own"),
        (lambda: Gain(3, 4), "a weight of its own, gain"),
        (patched, "GRU has a forward of its own"),
        (weight_drop, "weight_hh_l0 of this LSTM is no parameter"),
        (lambda: hooked("register_forward_pre_hook"), "runs a hook, <lambda>"),
        (lambda: hooked("register_forward_hook"), "runs a hook, <lambda>"),
    ],
)
def test_a_module_that_is_no_plain_one_is_refused_by_what_differs(make, message):
    with pytest.raises(TypeError, match=message):
        Gates.from_torch(make())


def test_a_subclass_that_only_has_another_name_is_read():
    assert Gates.from_torch(Named(3)).units == 3

    class Mine(keras.layers.LSTM):
        pass

    layer = Mine(4)
    layer.build((None, None, 3))
    assert Gates.from_keras(layer).units == 4


class PeepholeCell(keras.layers.LSTMCell):
    def build(self, shape):
        super().build(shape)
        self.peep = self.add_weight(shape=(self.units,), initializer="ones", name="peep")

    def call(self, x, states, training=False):
        return super().call(x, [states[0] + self.peep, states[1]])


class MoreWeights(keras.layers.LSTM):
    def build(self, shape):
        super().build(shape)
        self.peep = self.add_weight(shape=(self.units,), name="peep")


class OwnCall(keras.layers.GRU):
    def call(self, sequences, initial_state=None, mask=None, training=False):
        return super().call(2 * sequences)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MoreWeights(4), r"weights of its own, \['peep'\]"),
        (lambda: OwnCall(4), "OwnCall has a call of its own"),
    ],
)
def test_a_layer_of_keras_that_is_no_plain_one_is_refused_by_what_differs(make, message):
    layer = make()
    layer.build((None, None, 3))
    with pytest.raises(TypeError, match=message):
        Gates.from_keras(layer)


def test_another_cell_in_a_layer_of_keras_is_refused():
    for cell, message in (
        (PeepholeCell(4), "PeepholeCell has a call of its own"),
        (keras.layers.GRUCell(4), "the cell of this layer is a GRUCell, no LSTMCell"),
    ):
        layer = keras.layers.LSTM(4)
        layer.cell = cell
        layer.build((None, None, 3))
        with pytest.raises(TypeError, match=message):
            Gates.from_keras(layer)


def test_an_activation_that_takes_tensors_alone_is_recognised():
    import tensorflow as tf

    def hard_sigmoid(z):  # that of Keras 2 asks a tensor for its base_dtype
        return tf.clip_by_value(0.2 * z + 0.5, tf.cast(0, z.dtype.base_dtype), 1)

    layer = keras_layer("LSTM", 2, 3, recurrent_activation=hard_sigmoid)
    assert Gates.from_keras(layer).recurrent_activation == "hard_sigmoid_0.2"


# Cells and wrappers


@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell", "SimpleRNNCell"])
def test_a_cell_of_keras_and_a_layer_around_it_are_read(kind):
    cell = getattr(keras.layers, kind)(4)
    layer = keras.layers.RNN(cell, return_sequences=True)
    x = inputs(2, 5, 3)
    want = layer(x)
    for source in (cell, layer):
        assert distance(Gates.from_keras(source).trace(x).h, want) < 1e-6
        assert distance(read_gates(source).trace(x).h, want) < 1e-6


def test_wrappers_of_keras_are_read_whole():
    both = keras.layers.Bidirectional(keras.layers.GRU(4, return_sequences=True))
    stack = keras.layers.RNN(
        [keras.layers.LSTMCell(4), keras.layers.GRUCell(2)], return_sequences=True
    )
    x = inputs(2, 5, 3)
    want = both(x)
    there, back = read_gates(both)
    assert distance(np.concatenate([there.trace(x).h, back.trace(x).h], -1), want) < 1e-6
    want, h = stack(x), x
    for gates in read_gates(stack):
        h = gates.trace(h).h
    assert distance(h, want) < 1e-6
    for layer, message in (
        (both, "read_gates"),
        (stack, "got .*StackedRNNCells: read all of it"),
    ):
        with pytest.raises(TypeError, match=message):
            Gates.from_keras(layer)


def test_what_stands_around_a_layer_of_keras_is_not_lost():
    stack = keras.layers.RNN(
        [keras.layers.LSTMCell(4)], return_sequences=True, go_backwards=True
    )
    x = inputs(2, 5, 3)
    want = stack(x)
    assert distance(read_gates(stack).trace(x).h[:, ::-1], want) < 1e-6
    both = keras.layers.Bidirectional(keras.layers.GRU(4))
    keras.Sequential([keras.Input((6, 3)), keras.layers.Masking(), both])
    for gates in read_gates(both):
        with pytest.raises(ValueError, match="a mask reached this layer"):
            gates.trace(np.zeros((1, 6, 3)))


@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell", "RNNCell"])
def test_a_cell_of_pytorch_is_read(kind):
    torch.manual_seed(0)
    cell, x = getattr(nn, kind)(3, 4), inputs(2, 1, 3)
    with torch.no_grad():
        h = cell(torch.from_numpy(x[:, 0]))
    h = h[0] if isinstance(h, tuple) else h
    assert distance(Gates.from_torch(cell).trace(x).h[:, 0], h) < 1e-6


def test_a_quantised_layer_is_named():
    module = nn.LSTM(3, 4)
    module.__class__ = type(
        "LSTM", (nn.Module,), {"__module__": "torch.ao.nn.quantized.dynamic"}
    )
    with pytest.raises(TypeError, match="it is quantised: read the layer from before"):
        Gates.from_torch(module)


BACKEND = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import course_utils, keras, numpy as np
from course_utils.gates import Gates, read_gates
from course_utils.inversion import exact_inverse, read_layers, reconstruct, sensitivity

L = keras.layers
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("f4")
for layer in (
    L.LSTM(4, return_sequences=True, activation="gelu"),
    L.GRU(4, return_sequences=True),
    L.SimpleRNN(4, return_sequences=True),
):
    h = layer(x).detach().numpy()
    assert np.abs(Gates.from_keras(layer).trace(x).h - h).max() < 1e-6
    assert np.abs(read_gates(layer).trace(x).h - h).max() < 1e-6
model = keras.Sequential([keras.Input((5, 3)), L.LSTM(4), L.Dropout(0.9), L.Dense(2)])
y = model(x).detach().numpy()
found = reconstruct(model, y + 0.05, x, learning_rate=0.5, steps=2000)
assert found.converged.all(), found
again = model(found.inputs).detach().numpy()
assert np.abs(again - y - 0.05).max() < 2e-3  # dropout was off
one = np.eye(15, dtype="f4").reshape(15, 5, 3) * 1e-2
slopes = np.stack([(model(x + d) - model(x - d)).detach().numpy() / 2e-2 for d in one], -1)
assert np.abs(slopes.reshape(2, 2, 5, 3) - sensitivity(model, x)).max() < 1e-3
dense = keras.Sequential(
    [keras.Input((4,)), L.Dense(4, "tanh"), L.BatchNormalization(), L.Dense(4, "elu")]
)
z = np.random.default_rng(0).normal(size=(2, 4)).astype("f4")
back = exact_inverse(read_layers(dense), dense(z).detach().numpy().astype(float))
assert np.abs(back - z).max() < 1e-3
for wrong, message in (
    (keras.Sequential([keras.Input(batch_shape=(1, 5, 3)), L.GRU(4, stateful=True)]), "state"),
    (keras.Sequential([keras.Input((5,)), L.Embedding(9, 3), L.LSTM(4)]), "token numbers"),
):
    try:
        sensitivity(wrong, np.zeros(wrong.input_shape[1:], "f4")[None])
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError(message)
"""


def test_a_model_on_the_pytorch_backend_of_keras_works():
    command = [sys.executable, "-W", "ignore", "-c", BACKEND]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


class Inner(keras.layers.LSTM):
    def inner_loop(self, sequences, initial_state, mask, training=False):
        return super().inner_loop(2 * sequences, initial_state, mask, training)


class Begins(keras.layers.LSTMCell):
    def get_initial_state(self, batch_size=None):
        return [state + 1 for state in super().get_initial_state(batch_size)]


class Built(keras.layers.LSTM):
    def build(self, shape):
        super().build(shape)

    def get_config(self):
        return super().get_config()


def test_a_method_that_the_layer_runs_is_refused_where_it_is_not_of_keras():
    for layer, method in (
        (Inner(4), "inner_loop"),
        (keras.layers.RNN(Begins(4)), "get_initial_state"),
    ):
        layer.build((None, None, 3))
        with pytest.raises(TypeError, match=f"has a {method} of its own"):
            read_gates(layer)
    plain = Built(4)
    plain.build((None, None, 3))
    assert read_gates(plain).units == 4


@pytest.mark.parametrize("train", [True, False])
def test_reading_leaves_spectral_norm_where_it_is(train):
    module = parametrizations.spectral_norm(torch_module("LSTM", 3, 4), "weight_hh_l0")
    module.train(train)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    gates = read_gates(module)
    after = module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(part.training == train for part in module.modules())
    x = inputs(2, 5, 3)
    want = module.eval()(torch.from_numpy(x))[0].detach()
    assert distance(gates.trace(x).h, want) < 1e-6


def test_a_layer_with_weights_is_no_activation():
    layer = keras.layers.LSTM(4, activation=keras.layers.PReLU(), return_sequences=True)
    layer.build((None, None, 3))
    x = inputs(2, 5, 3)
    for _ in range(2):  # before the first call and after it
        with pytest.raises(TypeError, match=r"activation is a PReLU|weights of its own"):
            read_gates(layer)
        assert layer(x).shape == (2, 5, 4)
    without = keras.layers.LSTM(4, activation=keras.layers.ReLU())
    without.build((None, None, 3))
    assert read_gates(without).activation == "relu"
