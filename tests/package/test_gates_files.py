"""Layers read from files and arrays by name, held against the framework that wrote them."""

import json
import re
import sys
import types

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils import prune

from course_utils.gates import Gates, list_gates, read_gates
from tests.package.test_gates import (
    CELLS,
    FEW,
    SEED,
    distance,
    inputs,
    keras_layer,
    torch_module,
)

L = keras.layers
TOLD = {"activation": "tanh", "recurrent_activation": "sigmoid", "masked": False}
ALONE = {**TOLD, "reverse": False}
BATCH_FIRST = {"time_major": False}


def last(layers, x):
    """Run a layer, a pair or a stack over x, as the framework joins them."""
    for layer in layers if isinstance(layers, list) else [layers]:
        pair = layer if isinstance(layer, tuple) else (layer,)
        x = np.concatenate([gates.trace(x).h for gates in pair], axis=-1)
    return x


# Keras


def every_layer():
    """A model of every recurrent layer that Keras has, with random weights."""
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            L.LSTM(4, return_sequences=True, recurrent_activation="hard_sigmoid", name="first"),
            L.Bidirectional(L.GRU(2, return_sequences=True, reset_after=False), name="both"),
            L.RNN([L.LSTMCell(3), L.GRUCell(5)], return_sequences=True, name="stack"),
            keras.Sequential(
                [L.SimpleRNN(2, activation="relu", return_sequences=True, name="plain")],
                name="inner",
            ),
            L.RNN(L.LSTMCell(2, activation="elu"), return_sequences=True, name="wrapped"),
            L.GRU(3, return_sequences=True, go_backwards=True, use_bias=False, name="back"),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(scale=0.4, size=w.shape) for w in model.get_weights()])
    return model


def outputs(model, x):
    """Return what each layer of a Keras model computes."""
    found = {}
    for layer in model.layers:
        x = np.asarray(layer(x))
        found[layer.name] = x
        if layer.name == "back":
            found["back"] = x[:, ::-1]
    return found


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "live"])
def test_every_layer_of_a_keras_model_is_read_from_its_file(tmp_path, name):
    model, x = every_layer(), inputs(2, 5, 3)
    source = model if name == "live" else tmp_path / name
    if name != "live":
        model.save(source)
    listed = list_gates(source)
    assert set(listed) == {"first", "both", "stack", "inner/plain", "wrapped", "back"}
    assert listed["both"] == "GRU, 4 features, 2 units, both directions (Keras)"
    assert listed["stack"] == "LSTM, 4 features, 3 units, 2 layers (Keras)"
    for key, want in outputs(model, x).items():
        layers = read_gates(source, "inner/plain" if key == "inner" else key)
        assert distance(last(layers, x), want) < 2e-6, key
        x = want if key != "back" else x
    assert read_gates(source, "first").recurrent_activation == "hard_sigmoid"
    assert read_gates(source, "back").reverse


def test_weights_alone_do_not_tell_the_activations(tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), L.LSTM(4, activation="relu")])
    model.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="tells the activation, the masked, the recurrent_act"):
        read_gates(tmp_path / "a.weights.h5")
    said = {**ALONE, "activation": "relu"}
    gates = read_gates(tmp_path / "a.weights.h5", **said)
    assert all(map(np.array_equal, gates.to_keras(), model.get_weights()))
    assert gates.activation == "relu"


def test_a_functional_model_with_two_layers_of_one_class_keeps_them_apart(tmp_path):
    start = keras.Input((None, 3))
    one = L.LSTM(4, return_sequences=True, name="b")(start)
    model = keras.Model(start, L.LSTM(4, activation="relu", name="a")(L.Dropout(0.1)(one)))
    model.save(tmp_path / "m.keras")
    for name, layer in (("a", model.layers[3]), ("b", model.layers[1])):
        gates = read_gates(tmp_path / "m.keras", name)
        assert all(map(np.array_equal, gates.to_keras(), layer.get_weights()))
    assert read_gates(tmp_path / "m.keras", "a").activation == "relu"


def test_a_mask_in_the_configuration_is_asked_for(tmp_path):
    model = keras.Sequential([keras.Input((6,)), L.Embedding(9, 3, mask_zero=True), L.GRU(4)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="a mask reached this layer"):
        read_gates(tmp_path / "m.keras").trace(np.zeros((1, 6, 3)))


@keras.saving.register_keras_serializable("mine")
class Twice(L.LSTM):
    def call(self, sequences, initial_state=None, mask=None, training=False):
        return super().call(2 * sequences)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_class_that_is_not_of_keras_is_refused_by_its_name(tmp_path, name):
    keras.Sequential([keras.Input((None, 3)), Twice(4, name="mine"), L.Dense(2)]).save(
        tmp_path / name
    )
    (line,) = list_gates(tmp_path / name).values()
    assert line.startswith("cannot be read: ")
    with pytest.raises(ValueError, match="no layer of a class of Keras' own"):
        read_gates(tmp_path / name)


@keras.saving.register_keras_serializable("mine")
class OwnCell(L.LSTMCell):
    pass


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_cell_that_is_not_of_keras_is_refused_by_its_name(tmp_path, name):
    keras.Sequential([keras.Input((None, 3)), L.RNN(OwnCell(4))]).save(tmp_path / name)
    with pytest.raises(ValueError, match="class OwnCell is none of Keras' own"):
        read_gates(tmp_path / name)


def old_file(path, arrays, version="2.1.5", config=None):
    """Write weights as Keras 1 and 2 did: a group a layer, names with the layer's name."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if config else file
        if version:
            root.attrs["keras_version"] = version.encode()
        if config:
            file.attrs["model_config"] = json.dumps(config).encode()
        for name, array in arrays.items():
            root[name] = array


def test_the_hard_sigmoid_of_an_old_configuration_is_the_old_one(tmp_path):
    W, U, b = (np.zeros(shape, np.float32) for shape in ((3, 16), (4, 16), (16,)))
    names = dict(zip(("kernel:0", "recurrent_kernel:0", "bias:0"), (W, U, b), strict=True))
    layer = {"name": "l", "activation": "tanh", "recurrent_activation": "hard_sigmoid"}
    config = {
        "class_name": "Sequential",
        "config": [{"class_name": "LSTM", "config": layer}],  # as before Keras 2.2.3
    }
    old_file(tmp_path / "m.h5", {f"l/l/{k}": v for k, v in names.items()}, config=config)
    assert read_gates(tmp_path / "m.h5").recurrent_activation == "hard_sigmoid_0.2"
    old_file(tmp_path / "w.h5", {f"l/l/{k}": v for k, v in names.items()})
    with pytest.raises(ValueError, match=r"before 2\.3 began with hard_sigmoid_0\.2"):
        read_gates(tmp_path / "w.h5")


def test_a_bidirectional_layer_of_keras_2_is_a_pair(tmp_path):
    layer = L.Bidirectional(L.LSTM(4, return_sequences=True))
    x = inputs(2, 5, 3)
    want = layer(x)
    inner = {"class_name": "LSTM", "config": {"name": "lstm", "units": 4, **TOLD}}
    config = {
        "class_name": "Sequential",
        "config": {
            "name": "s",
            "layers": [
                {"class_name": "Bidirectional", "config": {"name": "bi", "layer": inner}}
            ],
        },
    }
    arrays = {}
    for way, part in (("forward", layer.forward_layer), ("backward", layer.backward_layer)):
        for kind, array in zip(
            ("kernel", "recurrent_kernel", "bias"), part.get_weights(), strict=True
        ):
            arrays[f"bi/bi/{way}_lstm/lstm_cell/{kind}:0"] = array
    old_file(tmp_path / "m.h5", arrays, "2.9.0", config)
    assert list(list_gates(tmp_path / "m.h5")) == ["bi"]
    assert distance(last(read_gates(tmp_path / "m.h5"), x), want) < 1e-6
    old_file(tmp_path / "w.h5", arrays, "2.9.0")
    assert distance(last(read_gates(tmp_path / "w.h5", **TOLD), x), want) < 1e-6


def as_cudnn(cell, W, U, b):
    """Lay weights out as CuDNNLSTM and CuDNNGRU saved them: each gate in columns."""
    count = {"LSTM": 4, "GRU": 3}[cell]
    W = np.hstack([k.T.reshape(k.shape) for k in np.hsplit(W, count)])
    U = np.hstack([k.T for k in np.hsplit(U, count)])
    return W, U, b.ravel() if cell == "GRU" else np.concatenate([0.3 * b, 0.7 * b])


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@FEW
@given(features=st.integers(1, 6), units=st.integers(1, 9), seed=SEED)
def test_weights_of_cudnn_are_told_by_their_bias(cell, features, units, seed):
    layer, x = keras_layer(cell, units, features, seed), inputs(2, 5, features, seed)
    arrays = as_cudnn(cell, *layer.get_weights())
    for gates in (
        read_gates(arrays, framework="Keras"),
        read_gates(list(arrays), framework="cuDNN"),
        read_gates(
            {
                f"m/rnn_1/{k}:0": a
                for k, a in zip(("kernel", "recurrent_kernel", "bias"), arrays, strict=True)
            }
        ),
    ):
        assert distance(gates.trace(x).h, layer(x)) < 1e-6
    if units > 1:
        wrong = layer.__class__(units, return_sequences=True)
        wrong.build((None, None, features))
        wrong.set_weights([*arrays[:2], layer.get_weights()[2]])
        assert distance(wrong(x), layer(x)) > 1e-4


def test_a_file_of_cudnn_without_configuration(tmp_path):
    layer, x = keras_layer("LSTM", 4, 3), inputs(2, 5, 3)
    W, U, b = as_cudnn("LSTM", *layer.get_weights())
    arrays = {
        "rnn_1/rnn_1/kernel:0": W,
        "rnn_1/rnn_1/recurrent_kernel:0": U,
        "rnn_1/rnn_1/bias:0": b,
    }
    arrays |= {
        "rnn_2/rnn_2/kernel:0": W,
        "rnn_2/rnn_2/recurrent_kernel:0": U,
        "rnn_2/rnn_2/bias:0": b,
    }
    old_file(tmp_path / "w.hdf5", arrays)
    assert list_gates(tmp_path / "w.hdf5")["rnn_1"] == "LSTM, 3 features, 4 units (cuDNN)"
    assert distance(read_gates(tmp_path / "w.hdf5", "rnn_1").trace(x).h, layer(x)) < 1e-6
    with pytest.raises(ValueError, match=r"2 recurrent layers .*'rnn_1', 'rnn_2'"):
        read_gates(tmp_path / "w.hdf5")
    with pytest.raises(ValueError, match=r"no recurrent layer of a name with 'rnn'"):
        read_gates(tmp_path / "w.hdf5", "rnn")
    with pytest.raises(ValueError, match=r"no recurrent layer of a name with 'gru'"):
        read_gates(tmp_path / "w.hdf5", "gru")


def test_without_a_bias_nothing_tells_cudnn():
    W, U, _ = keras_layer("LSTM", 4, 3).get_weights()
    with pytest.raises(ValueError, match="nothing tells kernels of cuDNN"):
        read_gates([W, U], framework="Keras")
    assert read_gates([W, U], framework="Keras", **ALONE).units == 4
    assert read_gates([W, U], framework="cuDNN").units == 4


@pytest.mark.parametrize(("cell", "options"), CELLS)
def test_the_list_of_a_keras_layer_is_read(cell, options):
    layer, x = keras_layer(cell, 4, 3, **options), inputs(2, 5, 3)
    gates = read_gates(layer.get_weights(), framework="Keras", **ALONE)
    assert distance(gates.trace(x).h, layer(x)) < 1e-6


@pytest.mark.parametrize(("cell", "letters"), [("LSTM", "icfo"), ("GRU", "zrh")])
def test_keras_1_has_an_array_for_each_gate(tmp_path, cell, letters):
    layer = keras_layer(cell, 4, 3, **({"reset_after": False} if cell == "GRU" else {}))
    names = {"i": "input", "c": "cell", "f": "forget", "o": "output"}
    names |= {"z": "update", "r": "reset", "h": "candidate"}
    blocks = Gates.from_keras(layer).blocks
    arrays = [
        getattr(blocks[names[g]], kind)
        for g in letters
        for kind in ("kernel", "recurrent", "bias")
    ]
    x = inputs(2, 5, 3)
    gates = read_gates(arrays, framework="Keras 1", **ALONE)
    assert distance(gates.trace(x).h, layer(x)) < 1e-6
    with pytest.raises(ValueError, match=r"hard_sigmoid_0\.2"):
        read_gates(arrays, framework="Keras 1")
    keys = [f"lstm_1/lstm_1_{k}_{g}" for g in letters for k in "WUb"]
    old_file(tmp_path / "w.h5", dict(zip(keys, arrays, strict=True)), version=None)
    assert distance(read_gates(tmp_path / "w.h5", **ALONE).trace(x).h, layer(x)) < 1e-6


# PyTorch


def whole_module(seed=0):
    torch.manual_seed(seed)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.enc = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
            self.dec = torch.nn.GRUCell(3, 5)
            self.out = torch.nn.Linear(5, 2)

    return Model()


def write(path, state):
    arrays = {k: v.numpy() for k, v in state.items()}
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".safetensors":
        header, body = {"__metadata__": {"format": "pt"}}, b""
        for name, array in arrays.items():
            kind = {"float32": "F32", "float64": "F64"}[array.dtype.name]
            ends = [len(body), len(body) + array.nbytes]
            header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": ends}
            body += array.tobytes()
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    else:
        torch.save({"epoch": 3, "model": state, "args": {"lr": 0.1}}, path)


OF_TORCH = (".pt", ".pth", ".ckpt", ".bin")


@pytest.mark.parametrize("end", [*OF_TORCH, ".npz", ".safetensors", "dict", "live"])
def test_every_layer_of_a_pytorch_module_is_read_from_its_file(tmp_path, end):
    model, x = whole_module(), inputs(2, 5, 3)
    source = {"dict": model.state_dict(), "live": model}.get(end, tmp_path / f"m{end}")
    if end.startswith("."):
        write(source, model.state_dict())
    before = "model." if end in OF_TORCH else ""
    assert list_gates(source) == {
        f"{before}enc": "LSTM, 3 features, 4 units, 2 layers, both directions (PyTorch)",
        f"{before}dec": "GRU, 3 features, 5 units (PyTorch)",
    }
    stack = read_gates(source, "enc", **({} if end == "live" else BATCH_FIRST))
    assert [len(pair) for pair in stack] == [2, 2]
    with torch.no_grad():
        assert distance(last(stack, x), model.enc(torch.from_numpy(x))[0]) < 1e-6
        step = model.dec(torch.from_numpy(x[:, 0]))
    assert distance(read_gates(source, "dec").trace(x[:, :1]).h[:, 0], step) < 1e-6


def test_names_of_ones_own_are_understood(tmp_path):
    module, x = torch_module("GRU", 3, 4), inputs(2, 5, 3)
    arrays = {
        "enc_" + k.replace("weight", "w").replace("bias", "b").removesuffix("_l0"): v.numpy()
        for k, v in module.state_dict().items()
    }
    assert set(arrays) == {"enc_w_ih", "enc_w_hh", "enc_b_ih", "enc_b_hh"}
    np.savez(tmp_path / "m.npz", enc_emb=np.ones((29, 3)), **arrays)
    with torch.no_grad():
        want = module(torch.from_numpy(x))[0]
    for source in (tmp_path / "m.npz", np.load(tmp_path / "m.npz"), {"a": {"b": arrays}}):
        assert distance(read_gates(source).trace(x).h, want) < 1e-6
    listed = read_gates(list(arrays.values()), framework="PyTorch")
    assert distance(listed.trace(x).h, want) < 1e-6


@pytest.mark.parametrize("bias", [True, False])
@FEW
@given(features=st.integers(1, 6), units=st.integers(2, 9), seed=SEED, data=st.data())
def test_a_projection_is_read_run_and_moved_back(bias, features, units, seed, data):
    size = data.draw(st.integers(1, units - 1))
    module = torch_module("LSTM", features, units, seed, "float64", proj_size=size, bias=bias)
    x = inputs(2, 5, features, seed, "float64")
    h0, c0 = inputs(2, size, 1, seed)[..., 0], inputs(2, units, 1, seed)[..., 0]
    states = tuple(torch.from_numpy(s[np.newaxis].astype(float)) for s in (h0, c0))
    with torch.no_grad():
        want, (_, c) = module(torch.from_numpy(x), states)
    for gates in (Gates.from_torch(module), read_gates(module.state_dict(), **BATCH_FIRST)):
        trace = gates.trace(x, h0, c0)
        assert distance(trace.h, want) < 1e-12
        assert distance(trace.c[:, -1], c[0]) < 1e-12
        state = gates.to_torch()
        assert set(state) == set(module.state_dict())
        assert torch.equal(state["weight_hr_l0"], module.weight_hr_l0)
        for writer in (gates.to_keras, gates.to_onnx):
            with pytest.raises(ValueError, match="no projection"):
                writer()
    assert f"h ({2}, {5}, {size})" in repr(trace)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@FEW
@given(features=st.integers(1, 6), units=st.integers(1, 9), seed=SEED, bias=st.booleans())
def test_a_plain_rnn_is_the_cell_of_the_first_chapters(
    nonlinearity, dtype, features, units, seed, bias
):
    options = {"nonlinearity": nonlinearity, "bias": bias}
    module = torch_module("RNN", features, units, seed, dtype, **options)
    x = inputs(2, 5, features, seed, dtype)
    with torch.no_grad():
        want = module(torch.from_numpy(x))[0].numpy()
    gates = Gates.from_torch(module)
    exact = 1e-6 if dtype == "float32" else 1e-12
    trace = gates.trace(x)
    assert distance(trace.h, want) < exact * max(1, np.abs(want).max())
    assert np.array_equal(trace.gates["state"], trace.h)
    assert trace.c is None
    layer = L.SimpleRNN(
        units, activation=nonlinearity, return_sequences=True, use_bias=bias, dtype=dtype
    )
    layer.build((None, None, features))
    layer.set_weights(gates.to_keras())
    assert distance(layer(x), want) < 2 * exact * max(1, np.abs(want).max())
    again = Gates.from_keras(layer)
    assert again.activation == nonlinearity
    other = torch_module("RNN", features, units, seed + 1, dtype, **options)
    other.load_state_dict(again.to_torch())
    with torch.no_grad():
        assert distance(other(torch.from_numpy(x))[0], want) < exact * max(
            1, np.abs(want).max()
        )


def test_a_state_dict_does_not_tell_the_activation_of_a_plain_rnn():
    state = torch.nn.RNN(3, 4, nonlinearity="relu").state_dict()
    with pytest.raises(ValueError, match="tells the activation, the time_major of this"):
        read_gates(state)
    assert read_gates(state, activation="relu", **BATCH_FIRST).activation == "relu"


class Other:
    pass


def test_a_file_that_holds_more_than_weights_is_refused(tmp_path):
    torch.save({"model": Other()}, tmp_path / "m.pt")
    with pytest.raises(ValueError, match="loading the rest could run code"):
        read_gates(tmp_path / "m.pt")
    with (tmp_path / "n.npz").open("wb") as file:
        np.savez(file, thing=np.array([Other()]), **{
            k: v.numpy() for k, v in torch.nn.GRU(3, 4).state_dict().items()
        })  # fmt: skip
    assert read_gates(tmp_path / "n.npz", **BATCH_FIRST).units == 4


def test_the_half_precision_of_safetensors_is_read(tmp_path):
    state = {k: v.bfloat16() for k, v in torch.nn.LSTM(3, 4).state_dict().items()}
    header, body = {}, b""
    for name, tensor in state.items():
        raw = tensor.view(torch.int16).numpy().tobytes()
        ends = [len(body), len(body) + len(raw)]
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": ends}
        body += raw
    text = json.dumps(header).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    want, got = read_gates(state, **BATCH_FIRST), read_gates(path, **BATCH_FIRST)
    for name, block in want.blocks.items():
        assert np.array_equal(got.blocks[name].kernel, block.kernel)
    assert got.dtype == np.float32


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind", ["weight_norm", "spectral_norm", "prune", "raw", "parametrized"]
)
def test_a_state_dict_whose_weights_are_computed_is_refused(kind):
    module = torch.nn.LSTM(3, 4, num_layers=2)
    name = "weight_hh_l0"
    if kind in ("weight_norm", "spectral_norm"):
        getattr(torch.nn.utils, kind)(module, name)
    elif kind == "prune":
        prune.l1_unstructured(module, name, amount=0.5)
    elif kind == "raw":  # WeightDrop, whose weight_hh_l0 is that of the last run
        module.register_parameter(f"{name}_raw", torch.nn.Parameter(module.weight_hh_l0.data))
    else:
        torch.nn.utils.parametrizations.weight_norm(module, name)
    state = {f"net.{k}": v for k, v in module.state_dict().items()}
    with pytest.raises(ValueError, match=rf"{name} is computed from others, such as net\."):
        read_gates(state)
    assert "cannot be read" in list_gates(state)["net"]


def test_a_stack_of_which_a_layer_is_missing_is_refused():
    state = torch.nn.GRU(3, 4, num_layers=3).state_dict()
    for gone, left in ((0, "[1, 2]"), (1, "[0, 2]")):
        some = {k: v for k, v in state.items() if f"_l{gone}" not in k}
        with pytest.raises(ValueError, match=f"only the layers {re.escape(left)} are here"):
            read_gates(some)


# TensorFlow 1 and Flax


@pytest.mark.parametrize("peepholes", [True, False])
@settings(FEW, max_examples=8)
@given(
    features=st.integers(1, 5),
    units=st.integers(1, 6),
    seed=SEED,
    forget_bias=st.sampled_from([0.0, 1.0]),
)
def test_a_cell_of_tensorflow_1_is_read(peepholes, features, units, seed, forget_bias):
    rng = np.random.default_rng(seed)
    w, b = (rng.normal(size=s).astype("f4") for s in ((features + units, 4 * units), 4 * units))
    P = {g: rng.normal(size=units).astype("f4") * peepholes for g in "ifo"}
    x, zero = inputs(2, 5, features, seed), np.zeros((2, units), "f4")
    want = tf.raw_ops.BlockLSTM(
        seq_len_max=5, x=x.transpose(1, 0, 2), cs_prev=zero, h_prev=zero, w=w, b=b,
        wci=P["i"], wcf=P["f"], wco=P["o"], forget_bias=forget_bias, cell_clip=-1.0,
        use_peephole=peepholes,
    ).h.numpy().transpose(1, 0, 2)  # fmt: skip
    arrays = {"net/lstm_cell/kernel": w, "net/lstm_cell/bias": b}
    if peepholes:
        arrays |= {f"net/lstm_cell/w_{g}_diag": P[g] for g in "ifo"}
    gates = read_gates(arrays, forget_bias=forget_bias)
    assert distance(gates.trace(x).h, want) < 1e-6
    if forget_bias and not peepholes:
        assert distance(read_gates([w, b], framework="TensorFlow 1").trace(x).h, want) < 1e-6
    if peepholes:
        for writer in (gates.to_keras, gates.to_torch, gates.to_onnx):
            with pytest.raises(ValueError, match="no peepholes"):
                writer()


def test_a_gru_of_tensorflow_1_is_read():
    rng = np.random.default_rng(0)
    shapes = {"gates": (7, 8), "candidate": (7, 4)}
    arrays = {f"gru_cell/{k}/kernel": rng.normal(size=s) for k, s in shapes.items()}
    arrays |= {f"gru_cell/{k}/bias": rng.normal(size=s[1]) for k, s in shapes.items()}
    x, h, want = inputs(2, 5, 3, dtype="float64"), np.zeros((2, 4)), []
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    for t in range(5):  # as in GRUCell.call of TensorFlow 1.15
        gate = np.hstack([x[:, t], h]) @ arrays["gru_cell/gates/kernel"]
        r, u = np.split(sigmoid(gate + arrays["gru_cell/gates/bias"]), 2, axis=1)
        c = np.hstack([x[:, t], r * h]) @ arrays["gru_cell/candidate/kernel"]
        h = u * h + (1 - u) * np.tanh(c + arrays["gru_cell/candidate/bias"])
        want.append(h)
    assert distance(read_gates(arrays).trace(x).h, np.stack(want, 1)) < 1e-12


def dense(params, x):
    return x @ params["kernel"] + params.get("bias", 0)


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
def test_a_cell_of_flax_is_read(cell):
    rng = np.random.default_rng(0)
    draw = lambda rows, bias: {  # noqa: E731
        "kernel": rng.normal(size=(rows, 4)), **({"bias": rng.normal(size=4)} if bias else {})
    }  # fmt: skip
    letters = {"LSTM": "ifgo", "GRU": "rzn", "RNN": [""]}[cell]
    p = {f"i{g}": draw(3, cell != "LSTM") for g in letters}
    p |= {f"h{g}": draw(4, cell == "LSTM" or g == "n") for g in letters}
    x, h, c, want = inputs(2, 5, 3, dtype="float64"), np.zeros((2, 4)), np.zeros((2, 4)), []
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    for t in range(5):  # as flax.linen writes its cells
        y = {g: dense(p[f"i{g}"], x[:, t]) + dense(p[f"h{g}"], h) for g in letters}
        if cell == "LSTM":
            c = sigmoid(y["f"]) * c + sigmoid(y["i"]) * np.tanh(y["g"])
            h = sigmoid(y["o"]) * np.tanh(c)
        elif cell == "GRU":
            r, z = sigmoid(y["r"]), sigmoid(y["z"])
            n = np.tanh(dense(p["in"], x[:, t]) + r * dense(p["hn"], h))
            h = (1 - z) * n + z * h
        else:
            h = np.tanh(y[""])
        want.append(h)
    told = {"activation": "tanh"} if cell == "RNN" else {}
    tree = {"params": {"encoder": p, "head": draw(4, True)}}
    assert list(list_gates(tree)) == ["params.encoder"]
    assert distance(read_gates(tree, **told).trace(x).h, np.stack(want, 1)) < 1e-12


# What cannot be read


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("no.npz", {}, FileNotFoundError, "no file no.npz"),
        (3, {}, TypeError, "wanted a path, arrays by name or the list .* got builtins.int"),
        ({"a": np.ones(3)}, {}, ValueError, "no recurrent layer here.*as a list with their"),
        ([np.ones((2, 3))] * 3, {}, ValueError, "a list of arrays needs its framework"),
        (
            [np.ones((2, 3)), np.ones((5, 3))],
            {"framework": "PyTorch"},
            ValueError,
            "are no RNN, GRU",
        ),
        (
            [np.ones((12, 2)), np.ones((12, 3)), np.ones(5)],
            {"framework": "PyTorch"},
            ValueError,
            r"biases should have shape \(12,\), got \(5,\)",
        ),
    ],
)
def test_what_cannot_be_read_is_named(source, options, error, message):
    with pytest.raises(error, match=message):
        read_gates(source, **options)


def test_a_quantised_module_is_named():
    small = types.new_class(
        "LSTM", (torch.nn.Module,), {}, lambda ns: ns.update(__module__="torch.ao.quantized")
    )
    for read in (read_gates, list_gates):
        with pytest.raises(TypeError, match="it is quantised: read the layer from before"):
            read(torch.nn.Sequential(small()))


def test_a_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "weights.txt"
    path.write_text("1 2 3")
    with pytest.raises(ValueError, match=r"weights.txt should end in one of \.npz"):
        read_gates(path)


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    (tmp_path / "m.h5").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match="needs the package h5py, which comes with Keras"):
        read_gates(tmp_path / "m.h5")


def test_arrays_passed_to_a_reader_of_layers_are_sent_on():
    with pytest.raises(TypeError, match=r"got builtins.list: read arrays with read_gates"):
        Gates.from_keras([np.zeros((5, 4)), np.zeros((4, 4)), np.zeros(4)] * 4)
    quantised = types.new_class(
        "LSTM", (), {}, lambda ns: ns.update(__module__="torch.ao.quantized")
    )
    with pytest.raises(TypeError, match="it is quantised"):
        Gates.from_torch(quantised())


# Layers that one name could hide


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_a_layer_beside_an_inner_model_is_not_lost(tmp_path, name):
    inner = keras.Sequential([L.LSTM(2, name="b")])
    outer = [keras.Input((None, 3)), L.LSTM(4, return_sequences=True, name="a"), inner]
    model = keras.Sequential(outer)
    getattr(model, "save" if name == "m.keras" else "save_weights")(tmp_path / name)
    assert len(list_gates(tmp_path / name)) == 2
    first = "a" if name == "m.keras" else "lstm"
    gates = read_gates(tmp_path / name, first, **ALONE)
    assert all(map(np.array_equal, gates.to_keras(), model.layers[0].get_weights()))
    with pytest.raises(ValueError, match="no recurrent layer of a name with 'sequ'"):
        read_gates(tmp_path / name, "sequ", **ALONE)


class Pair(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder_layers = [L.LSTM(3, return_sequences=True)]
        self.decoder_layers = [L.LSTM(3)]

    def call(self, x):
        return self.decoder_layers[0](self.encoder_layers[0](x))


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_the_hard_sigmoid_of_an_inner_model_is_that_of_its_version(tmp_path, name):
    inner = keras.Sequential(
        [keras.Input((None, 3)), L.LSTM(4, recurrent_activation="hard_sigmoid")]
    )
    keras.Sequential([keras.Input((None, 3)), L.Dense(3), inner]).save(tmp_path / name)
    assert read_gates(tmp_path / name).recurrent_activation == "hard_sigmoid"


def test_lists_of_layers_are_kept_apart(tmp_path):
    model = Pair()
    model(np.zeros((1, 2, 3), "f4"))
    model.save_weights(tmp_path / "m.weights.h5")
    for way in ("encoder", "decoder"):
        gates = read_gates(tmp_path / "m.weights.h5", f"{way}_layers", **ALONE)
        want = getattr(model, f"{way}_layers")[0].get_weights()
        assert all(map(np.array_equal, gates.to_keras(), want))


def test_two_layers_of_one_name_and_direction_are_refused():
    parts = zip(
        ("kernel", "recurrent_kernel", "bias"),
        keras_layer("LSTM", 4, 3).get_weights(),
        strict=True,
    )
    arrays = {f"m/forward_{k}/{part}": array for part, array in parts for k in "ab"}
    with pytest.raises(ValueError, match="two recurrent layers here are called 'm'"):
        read_gates(arrays, **ALONE)


def test_forward_within_a_name_is_no_direction():
    W, U, b = keras_layer("LSTM", 4, 3).get_weights()
    arrays = {}
    for k in (1, 2):
        arrays |= {f"enc_forward_{k}/kernel": k * W, f"enc_forward_{k}/recurrent_kernel": U}
        arrays[f"enc_forward_{k}/bias"] = b
    assert list(list_gates(arrays)) == ["enc_forward_1", "enc_forward_2"]
    assert np.array_equal(read_gates(arrays, "enc_forward_2", **ALONE).to_keras()[0], 2 * W)


@pytest.mark.parametrize("missing", ["ih", "hh"])
def test_one_bias_alone_is_that_bias(missing):
    module, x = torch_module("GRU", 3, 4), inputs(2, 5, 3)
    state = module.state_dict()
    state[f"bias_{missing}_l0"].zero_()
    want = module(torch.from_numpy(x))[0].detach()
    del state[f"bias_{missing}_l0"]
    assert distance(read_gates(state, **BATCH_FIRST).trace(x).h, want) < 1e-6


# Weights beside those of a plain layer


class Peephole(L.LSTM):
    def build(self, shape):
        super().build(shape)
        self.peephole = self.add_weight(shape=(4,), name="peephole")


class PeepholeCell(L.LSTMCell):
    def build(self, shape):
        super().build(shape)
        self.peephole = self.add_weight(shape=(4,), name="peephole")


@pytest.mark.parametrize("layer", [lambda: Peephole(4), lambda: L.RNN(PeepholeCell(4))])
def test_a_weight_beside_those_of_keras_is_refused(tmp_path, layer):
    keras.Sequential([keras.Input((None, 3)), layer()]).save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match=r"has weights that no plain layer has, .*vars:"):
        read_gates(tmp_path / "m.weights.h5", **ALONE)


@pytest.mark.parametrize(
    ("before", "beside"),
    [("cell.", "layernorm_i.weight"), ("c.", "weight_ch"), ("cell.", "bias"), ("", "bias")],
)
def test_an_array_beside_those_of_a_cell_is_refused(before, beside):
    state = torch.nn.LSTMCell(3, 4, bias=False).state_dict()
    arrays = {before + key: array for key, array in state.items()}
    head = {"head.weight": np.ones((2, 4))}
    assert read_gates(arrays | head).units == 4
    with pytest.raises(ValueError, match=f"no plain layer has, .*{before}{beside}"):
        read_gates(arrays | head | {before + beside: np.ones(16)})


# Layers inside layers


class Around(L.Layer):
    def __init__(self):
        super().__init__(name="around")
        self.inner = L.LSTM(5, return_sequences=True, name="inner")

    def call(self, x):
        return self.inner(x)


def test_layers_within_layers_are_listed():
    x = keras.Input((2, None, 3))
    model = keras.Sequential([x, L.TimeDistributed(L.GRU(4)), Around(), L.LSTM(2, name="last")])
    names = list(list_gates(model))
    assert len(names) == 3
    assert names[1:] == ["around/inner", "last"]
    with pytest.raises(ValueError, match="3 recurrent layers here"):
        read_gates(model)


def test_a_keyword_that_is_no_field_is_named():
    state = torch_module("GRU", 3, 4).state_dict()
    with pytest.raises(TypeError, match=r"batch_first is no field of Gates.*time_major=False"):
        read_gates(state, batch_first=True)
    assert not read_gates(state, time_major=False).time_major


# Masks that the layer itself does not show


def embedded(mask_zero, how):
    start = keras.Input((6,), dtype="int32")
    x = L.Embedding(9, 3, mask_zero=mask_zero)(start)
    if how == "inner":
        inner = keras.Sequential([keras.Input((None, 3)), L.GRU(4)])
        return keras.Model(start, inner(x))
    mask = keras.ops.not_equal(start, 0)
    if how == "argument":
        return keras.Model(start, L.GRU(4)(x, mask=mask))
    return keras.Model(start, L.GRU(4)(x, None, mask) if how == "place" else L.GRU(4)(x))


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    ("mask_zero", "how", "masked"),
    [
        (True, "inner", True),
        (False, "inner", False),
        (False, "argument", True),
        (False, "place", True),
        (True, "plain", True),
        (False, "plain", False),
    ],
)
def test_a_mask_anywhere_in_a_model_is_asked_for(tmp_path, live, mask_zero, how, masked):
    model = embedded(mask_zero, how)
    model.save(tmp_path / "m.keras")
    assert read_gates(model if live else tmp_path / "m.keras").masked == masked


# What a source does not tell


def test_a_state_dict_does_not_tell_which_axis_is_time():
    module, x = torch_module("LSTM", 3, 4, batch_first=False), inputs(5, 5, 3)
    state = module.state_dict()
    with pytest.raises(ValueError, match=r"tells the time_major of this LSTM.*batch_first"):
        read_gates(state)
    assert list_gates(state) == {"": "LSTM, 3 features, 4 units (PyTorch)"}
    want = module(torch.from_numpy(x))[0].detach()
    assert distance(read_gates(state, time_major=True).trace(x).h, want) < 1e-6
    assert distance(read_gates(state, time_major=False).trace(x).h, want) > 0.01


def test_weights_alone_do_not_tell_the_direction_or_a_mask(tmp_path):
    start = keras.Input((6,))
    x = L.Embedding(9, 3, mask_zero=True)(start)
    model = keras.Model(start, L.GRU(4, go_backwards=True)(x))
    model.save_weights(tmp_path / "m.weights.h5")
    layer = TOLD | {"reset_after": True, "masked": True}
    with pytest.raises(ValueError, match=r"tells the reverse of this GRU.*go_backwards"):
        read_gates(tmp_path / "m.weights.h5", **layer)
    with pytest.raises(ValueError, match="tells the masked of this GRU"):
        read_gates(
            tmp_path / "m.weights.h5", reverse=True, reset_after=True,
            activation="tanh", recurrent_activation="sigmoid",
        )  # fmt: skip
    gates = read_gates(tmp_path / "m.weights.h5", reverse=True, **layer)
    ids = np.array([[0, 0, 3, 4, 5, 0]])
    vectors = np.asarray(model.layers[1](ids))
    with pytest.raises(ValueError, match="a mask reached this layer"):
        gates.trace(vectors)
    assert distance(gates.trace(vectors, mask=ids != 0).h[:, 0], model(ids)) < 1e-6


def test_the_direction_of_a_pair_is_told_by_its_names(tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), L.Bidirectional(L.LSTM(4))])
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="has both directions: leave reverse out"):
        read_gates(tmp_path / "m.weights.h5", **TOLD, reverse=True)
    assert [g.reverse for g in read_gates(tmp_path / "m.weights.h5", **TOLD)] == [False, True]


@pytest.mark.parametrize("source", ["live", "m.keras", "m.h5"])
def test_first_states_that_a_model_gives_are_asked_for(tmp_path, source):
    start, state = keras.Input((5, 3)), keras.Input((4,))
    model = keras.Model([start, state], L.GRU(4)(start, initial_state=state))
    if source != "live":
        model.save(tmp_path / source)
    gates = read_gates(model if source == "live" else tmp_path / source)
    x, h0 = inputs(2, 5, 3), inputs(2, 4, 1)[..., 0]
    with pytest.raises(ValueError, match="gives this GRU its first states: give trace h0"):
        gates.trace(x)
    assert distance(gates.trace(x, h0).h[:, -1], model([x, h0])) < 1e-6
    assert not read_gates(keras.Sequential([keras.Input((5, 3)), L.GRU(4)])).started


@pytest.mark.parametrize("source", ["live", "m.keras", "m.h5"])
def test_padding_is_0_where_a_layer_makes_it_0(tmp_path, source):
    layer = L.LSTM(4, return_sequences=True, zero_output_for_mask=True)
    model = keras.Sequential([keras.Input((5, 3)), L.Masking(), layer])
    x = inputs(2, 5, 3)
    x[0, 2:] = x[1, :1] = 0
    if source != "live":
        model.save(tmp_path / source)
    gates = read_gates(model if source == "live" else tmp_path / source)
    trace = gates.trace(x, mask=x.any(axis=2))
    assert distance(trace.h, model(x)) < 1e-6
    assert not trace.h[0, 2:].any()
    assert np.array_equal(trace.c[0, 2], trace.c[0, 4])


def test_a_model_of_keras_2_is_read(monkeypatch):
    """Its nodes hold one tensor, not a list, and the states beside the input."""
    from types import SimpleNamespace as Node

    layer, x = keras_layer("LSTM", 4, 3), object()
    old = lambda inputs, **kwargs: Node(  # noqa: E731
        call_args=(inputs,), call_kwargs=kwargs, input_tensors=inputs, arguments=None
    )
    for node, masked, started in (
        (old(x), False, False),
        (old(x, mask=1), True, False),
        (old([x, x]), False, True),
    ):
        monkeypatch.setattr(layer, "_inbound_nodes", [node])
        gates = Gates.from_keras(layer)
        assert (gates.masked, gates.started) == (masked, started)
