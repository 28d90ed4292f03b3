"""Gates against ONNX: onnxruntime in float32, onnx's own evaluator in float64."""

import dataclasses

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from course_utils.gates import ORDERS, Block, Gates
from tests.package.test_gates import (
    CELLS,
    FEW,
    SEED,
    SIZES,
    distance,
    inputs,
    keras_layer,
    standard,
    torch_module,
)


def model(gates, state_names=()):
    """An ONNX model of one operator; weights are inputs too."""
    W, R, B, attributes = gates.to_onnx()
    kind = onnx.helper.np_dtype_to_tensor_dtype(gates.dtype)
    names = ["X", "W", "R", "B" if B is not None else ""]
    names += ["", *state_names] if state_names else []
    outputs = ["Y", "Y_h", "Y_c"][: 3 if gates.cell == "LSTM" else 2]
    node = onnx.helper.make_node(gates.cell, names, outputs, **attributes)
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "cell",
        [value(name, kind, None) for name in names if name],
        [value(name, kind, None) for name in outputs],
    )
    opset = onnx.helper.make_opsetid("", 17)
    made = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9)
    return made, {k: v for k, v in {"W": W, "R": R, "B": B}.items() if v is not None}


def run(gates, x, states=()):
    """Return h at every step, then the last h and c, from onnxruntime or onnx itself."""
    names = ["initial_h", "initial_c"][: len(states)]
    made, feed = model(gates, names)
    feed["X"] = x.transpose(1, 0, 2)
    feed |= {name: state[np.newaxis] for name, state in zip(names, states, strict=True)}
    if gates.dtype == np.float32:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            made.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        Y, *last = session.run(None, {k: np.ascontiguousarray(v) for k, v in feed.items()})
    else:
        Y, *last = ReferenceEvaluator(made).run(None, feed)
    return Y[:, 0].transpose(1, 0, 2), *(state[0] for state in last)


def random_gates(cell, units, features, seed, dtype, use_bias=True, **options):
    rng = np.random.default_rng(seed)
    two = cell == "GRU" and options.get("reset_after", True)
    shapes = [(features, units), (units, units)] + [(units,)] * (use_bias * (1 + two))
    blocks = {k: Block(*standard(rng, units, shapes, dtype)) for k in ORDERS["Keras"][cell]}
    return Gates(cell, blocks, **options)


@pytest.mark.parametrize(("dtype", "exact"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize(("cell", "options"), CELLS)
@settings(FEW, max_examples=30)
@given(
    **SIZES, seed=SEED, use_bias=st.booleans(), reverse=st.booleans(), with_state=st.booleans()
)
def test_the_trace_is_that_of_onnx(
    cell, options, dtype, exact, batch, steps, features, units, seed, with_state, **more
):
    gates = random_gates(cell, units, features, seed, dtype, **options, **more)
    x = inputs(batch, steps, features, seed, dtype)
    count = 2 if cell == "LSTM" else 1
    states = inputs(count, batch, units, seed + 1, dtype) if with_state else []
    h, *last = run(gates, x, states)
    trace = gates.trace(x, *states)
    end = 0 if gates.reverse else -1
    assert distance(trace.h, h) < exact
    assert distance(trace.h[:, end], last[0]) < exact
    if cell == "LSTM":
        assert distance(trace.c[:, end], last[1]) < exact


NAMES = ["tanh", "relu", "sigmoid", "hard_sigmoid", "hard_sigmoid_0.2", "linear"]


@pytest.mark.parametrize(("cell", "options"), CELLS)
@pytest.mark.parametrize("recurrent_activation", NAMES)
@pytest.mark.parametrize("activation", NAMES)
def test_every_activation_is_understood_by_onnxruntime(
    cell, options, activation, recurrent_activation
):
    gates = random_gates(
        cell,
        5,
        3,
        7,
        "float32",
        activation=activation,
        recurrent_activation=recurrent_activation,
        **options,
    )
    x = inputs(4, 6, 3)
    assert np.allclose(gates.trace(x).h, run(gates, x)[0], rtol=2e-5, atol=2e-6)
    W, R, B, attributes = gates.to_onnx()
    back = Gates.from_onnx(W, R, B, cell=cell, layout=1, **attributes)
    assert repr(back) == repr(gates)


@pytest.mark.parametrize(("cell", "options"), CELLS[:2])
@FEW
@given(features=SIZES["features"], units=SIZES["units"], seed=SEED, use_bias=st.booleans())
def test_keras_to_pytorch_to_onnx_to_keras_is_exact(
    cell, options, features, units, seed, use_bias
):
    layer = keras_layer(cell, units, features, seed, use_bias=use_bias, **options)
    module = torch_module(cell, features, units, bias=use_bias)
    module.load_state_dict(Gates.from_keras(layer).to_torch())
    W, R, B, attributes = Gates.from_torch(module).to_onnx()
    home = Gates.from_onnx(W, R, B, cell=cell, **attributes).to_keras()
    assert len(home) == 2 + use_bias
    assert all(map(np.array_equal, home, layer.get_weights()))


@pytest.mark.parametrize(("cell", "options"), CELLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keras_to_onnx_and_back_is_exact(cell, options, dtype):
    layer = keras_layer(cell, 4, 3, 5, dtype, go_backwards=True, **options)
    W, R, B, attributes = Gates.from_keras(layer).to_onnx()
    back = Gates.from_onnx(W, R, B, cell=cell, **attributes)
    assert (back.reverse, back.dtype) == (True, dtype)
    assert all(map(np.array_equal, back.to_keras(), layer.get_weights()))


def test_the_weights_of_onnx_stand_in_its_own_order():
    gates = random_gates("LSTM", 2, 3, 0, "float32")
    W, R, B, _ = gates.to_onnx()
    assert (W.shape, R.shape, B.shape) == ((1, 8, 3), (1, 8, 2), (1, 16))
    for k, name in enumerate(["input", "output", "forget", "cell"]):
        rows = slice(2 * k, 2 * k + 2)
        assert np.array_equal(W[0, rows].T, gates.blocks[name].kernel)
        assert np.array_equal(R[0, rows].T, gates.blocks[name].recurrent)
        assert np.array_equal(B[0, rows], gates.blocks[name].bias)
    assert not B[0, 8:].any()


def test_the_order_of_keras_read_as_that_of_onnx_is_seen():
    gates = random_gates("LSTM", 8, 5, 0, "float32")
    W, R, B, attributes = gates.to_onnx()
    iofc, ifco = (
        [order.index(k) for k in ORDERS["ONNX"]["LSTM"]]
        for order in (ORDERS["ONNX"]["LSTM"], ORDERS["Keras"]["LSTM"])
    )
    assert iofc == [0, 1, 2, 3]

    def shuffled(array, rows):
        parts = np.split(array, rows, axis=1)
        return np.concatenate(
            [part for start in range(0, rows, 4) for part in (parts[start + k] for k in ifco)],
            axis=1,
        )

    wrong = Gates.from_onnx(shuffled(W, 4), shuffled(R, 4), shuffled(B, 8), **attributes)
    x = inputs(4, 10, 5)
    right = Gates.from_onnx(W, R, B, **attributes)
    assert (
        distance(right.trace(x).h, dataclasses.replace(gates, time_major=True).trace(x).h)
        < 1e-6
    )
    assert distance(wrong.trace(x).h, right.trace(x).h) > 0.01


def test_a_gru_without_its_attribute_is_another_function():
    gates = random_gates("GRU", 8, 5, 0, "float32")
    W, R, B, _ = gates.to_onnx()
    forgotten = Gates.from_onnx(W, R, B, cell="GRU", layout=1)
    assert not forgotten.reset_after
    x = inputs(4, 10, 5)
    assert distance(forgotten.trace(x).h, gates.trace(x).h) > 0.01


def test_attributes_read_from_a_node_are_bytes_and_taken_as_they_come():
    gates = random_gates("LSTM", 2, 3, 0, "float32", recurrent_activation="hard_sigmoid")
    node = model(gates)[0].graph.node[0]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    assert attributes["direction"] == b"forward"
    back = Gates.from_onnx(*gates.to_onnx()[:3], layout=1, **attributes)
    assert repr(back) == repr(gates)


def test_both_directions_of_an_operator_are_read_one_by_one():
    module = torch_module("LSTM", 3, 4, bidirectional=True)
    there, back = (Gates.from_torch(module, reverse=way).to_onnx() for way in (False, True))
    W, R, B = (np.concatenate(pair) for pair in zip(there[:3], back[:3], strict=True))
    again = Gates.from_onnx(W[1:], R[1:], B[1:], direction="reverse", layout=1, hidden_size=4)
    assert again.reverse
    x = inputs(2, 5, 3)
    assert np.array_equal(again.trace(x).h, Gates.from_torch(module, reverse=True).trace(x).h)


W, R, B, _ = random_gates("LSTM", 2, 3, 0, "float32").to_onnx()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"P": np.ones((1, 6))}, "peepholes"),
        ({"clip": 3.0}, "clip = 3.0 bounds"),
        ({"input_forget": 1}, "couples the input gate"),
        ({"direction": "bidirectional"}, r"got 'bidirectional': read .* twice, W\[:1\]"),
        ({"direction": "sideways"}, "got 'sideways'"),
        ({"hidden_size": 3}, r"\(1, 12, any\), got \(1, 8, 3\)"),
        ({"cell": "GRU"}, r"W should have shape \(1, 6, any\), got \(1, 8, 3\)"),
        ({"cell": "RNN"}, r"\['LSTM', 'GRU'\], got 'RNN'"),
        ({"W": W[0]}, r"W .* got \(8, 3\)"),
        ({"R": R[:, :4]}, r"R .* got \(1, 4, 2\)"),
        ({"B": B[:, :8]}, r"\(1, 16\), got \(1, 8\)"),
        ({"W": np.repeat(W, 2, axis=0)}, r"got \(2, 8, 3\)"),
        ({"activations": ["Sigmoid", "Tanh"]}, r"got \['Sigmoid', 'Tanh'\]"),
        (
            {"activations": ["Sigmoid", "Elu", "Elu"]},
            r"\('Relu',\), .* got \['Sigmoid', 'Elu', 'Elu'\]",
        ),
        ({"activations": ["Sigmoid", "Tanh", "Relu"]}, r"the same name, .* got .*'Relu'\]"),
        (
            {"activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [0.3]},
            r"with alpha \[0.3\] and beta \[\]",
        ),
        (
            {"activations": ["Affine", "Tanh", "Tanh"], "activation_beta": [1.0]},
            r"with alpha \[\] and beta \[1.0\]",
        ),
        ({"activation_alpha": [0.2]}, r"with alpha \[0.2\]"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        Gates.from_onnx(**{"W": W, "R": R, "B": B, **options})


def test_peepholes_of_zero_are_none():
    assert Gates.from_onnx(W, R, B, P=np.zeros((1, 6))).units == 2


def test_two_kinds_of_numbers_are_named():
    with pytest.raises(TypeError, match="got float32 and float64"):
        Gates.from_onnx(W, R.astype(np.float64), B)
