"""Gates against ONNX: onnxruntime in float32, onnx's own evaluator in float64."""

import dataclasses
import importlib

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from course_utils.gates import ORDERS, Block, Gates, list_gates, read_gates
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
    with pytest.raises(ValueError, match="two directions, two layers: use read_gates"):
        Gates.from_onnx(W, R, B, direction="bidirectional")
    pair = read_gates(
        {"W": W, "R": R, "B": B}, framework="ONNX", direction="bidirectional", layout=1
    )
    assert [gates.reverse for gates in pair] == [False, True]
    x = inputs(2, 5, 3)
    assert np.array_equal(again.trace(x).h, Gates.from_torch(module, reverse=True).trace(x).h)


W, R, B, _ = random_gates("LSTM", 2, 3, 0, "float32").to_onnx()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"P": np.ones((1, 4))}, r"P should have shape \(1, 6\), got \(1, 4\)"),
        ({"input_forget": 1}, "input_forget, whose f is 1 - i, is not read"),
        ({"direction": "bidirectional"}, r"W should have shape \(2, 8, any\)"),
        ({"direction": "sideways"}, "got 'sideways'"),
        ({"hidden_size": 3}, r"\(1, 12, any\), got \(1, 8, 3\)"),
        ({"cell": "GRU"}, r"W should have shape \(1, 6, any\), got \(1, 8, 3\)"),
        ({"cell": "MGU"}, r"\['LSTM', 'GRU', 'RNN'\], got 'MGU'"),
        ({"W": W[0]}, r"W .* got \(8, 3\)"),
        ({"R": R[:, :4]}, r"R .* got \(1, 4, 2\)"),
        ({"B": B[:, :8]}, r"\(1, 16\), got \(1, 8\)"),
        ({"W": np.repeat(W, 2, axis=0)}, r"got \(2, 8, 3\)"),
        ({"activations": ["Sigmoid", "Tanh"]}, r"got \['Sigmoid', 'Tanh'\]"),
        ({"activations": ["Sigmoid", "Gelu", "Tanh"]}, r"of \['Affine', .* got .*'Gelu'"),
        (
            {"activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [0.3, 0.2]},
            r"leave alpha or beta \[0.2\] unused",
        ),
        ({"activation_alpha": [0.2]}, r"leave alpha or beta \[0.2\] unused"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        Gates.from_onnx(**{"W": W, "R": R, "B": B, **options})


def test_peepholes_of_zero_are_none():
    assert Gates.from_onnx(W, R, B, P=np.zeros((1, 6))).units == 2


def test_two_kinds_of_numbers_are_named():
    with pytest.raises(TypeError, match=r"got \['float32', 'float64'\]"):
        Gates.from_onnx(W, R.astype(np.float64), B)


# What only ONNX can


def onnx_run(op, inputs_, **attributes):
    """Run one operator in onnxruntime."""
    value = onnx.helper.make_tensor_value_info
    names = [k if v is not None else "" for k, v in inputs_.items()]
    node = onnx.helper.make_node(op, names, ["Y"], **attributes)
    graph = onnx.helper.make_graph(
        [node], "g", [value(k, 1, None) for k in names if k], [value("Y", 1, None)]
    )
    made = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9
    )
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {k: v for k, v in inputs_.items() if v is not None})[0]


FORMS = [
    ("Elu", [0.5], []),
    ("LeakyRelu", [0.3], []),
    ("LeakyRelu", [], []),
    ("Softsign", [], []),
    ("Softplus", [], []),
    ("ThresholdedRelu", [0.4], []),
    ("ScaledTanh", [0.7], [1.3]),
    ("HardSigmoid", [0.3], [0.4]),
    ("Affine", [0.5], [0.1]),
]


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
@settings(FEW, max_examples=25)
@given(
    **SIZES,
    seed=SEED,
    form=st.sampled_from(FORMS),
    clip=st.sampled_from([None, 0.6]),
    bias=st.booleans(),
    peepholes=st.booleans(),
    direction=st.sampled_from(["forward", "reverse", "bidirectional"]),
    reset=st.integers(0, 1),
)
def test_whatever_onnx_can_is_traced(
    op,
    batch,
    steps,
    features,
    units,
    seed,
    form,
    clip,
    bias,
    peepholes,
    direction,
    reset,
):
    rng = np.random.default_rng(seed)
    blocks, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 1 + (direction == "bidirectional")
    name, alpha, beta = form
    gate = {"LSTM": ["Sigmoid", name, "Tanh"], "GRU": ["Sigmoid", name], "RNN": [name]}[op]
    attributes = {
        "hidden_size": units, "direction": direction, "activations": gate * ways,
        "activation_alpha": alpha * ways, "activation_beta": beta * ways,
    }  # fmt: skip
    attributes = {k: v for k, v in attributes.items() if v != []}
    attributes |= {"clip": clip} if clip else {}
    attributes |= {"linear_before_reset": reset} if op == "GRU" else {}
    shapes = {"W": (blocks * units, features), "R": (blocks * units, units)}
    shapes |= {"B": (2 * blocks * units,)} if bias else {}
    shapes |= {"P": (3 * units,)} if peepholes and op == "LSTM" else {}
    arrays = {
        k: (rng.uniform(-1, 1, (ways, *s)) / np.sqrt(units)).astype("f4")
        for k, s in shapes.items()
    }
    x = inputs(steps, batch, features, seed)
    given_ = {
        "X": x,
        "W": None,
        "R": None,
        "B": None,
        "s": None,
        "h": None,
        "c": None,
        "P": None,
    }
    given_ = {k: v for k, v in given_.items() if op == "LSTM" or k not in "cP"} | arrays
    want = onnx_run(op, given_, **attributes)
    found = read_gates(arrays, framework="ONNX", cell=op, **attributes)
    for k, gates in enumerate(found if ways == 2 else [found]):
        scale = max(1, np.abs(want).max())
        assert distance(gates.trace(x).h, want[:, k]) < 2e-6 * scale
        if ways == 1 and not (peepholes and op == "LSTM"):
            W, R, B, told = gates.to_onnx()
            again = onnx_run(op, given_ | {"W": W, "R": R, "B": B}, **told)
            assert distance(again, want) < 2e-6 * scale


def test_c_is_not_clipped_as_in_onnxruntime():
    zero = np.zeros((1, 4, 1), "f4")
    state = {"X": zero[:, :1], "W": zero, "R": zero, "B": None, "s": None, "h": None}
    c0 = np.full((1, 1, 1), 5, "f4")
    want = onnx_run("LSTM", state | {"c": c0}, hidden_size=1, clip=0.5)
    gates = Gates.from_onnx(zero, zero, clip=0.5)
    assert distance(gates.trace(zero[:, :1], c0=c0[0]).h, want[:, 0]) < 1e-6
    for writer, target in ((gates.to_keras, "Keras"), (gates.to_torch, "PyTorch")):
        with pytest.raises(ValueError, match=f"of {target} can hold no clip"):
            writer()


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
def test_pre_activations_are_shown_as_they_are_clipped(cell):
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (4, 4), 4, *([4] if cell == "GRU" else [])]
    names = ORDERS["Keras"].get(cell, ("state",))
    blocks = {k: Block(*(rng.normal(size=s) for s in shapes)) for k in names}
    trace = Gates(cell, blocks, clip=0.1).trace(inputs(2, 5, 3, dtype="float64"))
    for name, z in trace.pre_activations.items():
        f = (
            np.tanh
            if name in ("cell", "candidate", "state")
            else lambda z: 1 / (1 + np.exp(-z))
        )
        assert np.abs(z).max() == 0.1
        assert distance(trace.gates[name], f(z)) < 1e-12


def test_an_activation_may_be_a_function_of_arrays():
    gates = random_gates("GRU", 4, 3, 0, "float64", activation=np.arctan)
    x = inputs(2, 5, 3, dtype="float64")
    trace = gates.trace(x)
    assert (
        distance(trace.gates["candidate"], np.arctan(trace.pre_activations["candidate"])) == 0
    )
    assert "activation arctan" in repr(gates)
    for writer in (gates.to_torch, gates.to_onnx):
        with pytest.raises(ValueError, match="arctan"):
            writer()


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
def test_all_node_tests_of_onnx_agree(op):
    from onnx.backend.test.case import node as cases

    importlib.import_module(f"{cases.__name__}.{op.lower()}")  # adds its cases to the list
    ran = 0
    for case in cases._NodeTestCases:
        node = case.model.graph.node[0]
        if node.op_type != op:
            continue
        ran += 1
        given_, wanted = case.data_sets[0]
        named = dict(zip((i.name for i in case.model.graph.input), given_, strict=True))
        order = ["X", "W", "R", "B", "lengths", "h0", "c0", "P"]
        arrays = {k: named.get(n) for k, n in zip(order, node.input, strict=False)}
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        layers = read_gates(
            {k: arrays[k] for k in "WRBP" if arrays.get(k) is not None},
            framework="ONNX", cell=op, **attributes,
        )  # fmt: skip
        pair = layers if isinstance(layers, tuple) else (layers,)
        wanted = dict(zip([n for n in node.output if n], wanted, strict=True))
        first = bool(attributes.get("layout", 0))  # is the batch the first axis?
        lengths = arrays.get("lengths")
        for k, gates in enumerate(pair):
            states = {
                name: np.take(arrays[name], k, axis=int(first))
                for name in ("h0", "c0")
                if arrays.get(name) is not None
            }
            trace = gates.trace(arrays["X"], lengths=lengths, **states)
            for name, want in wanted.items():
                got = trace.c if name == "Y_c" else trace.h
                if name == "Y":
                    want = want[:, :, k] if first else want[:, k]
                else:
                    want, got = (
                        np.take(want, k, axis=int(first)),
                        got if first else got.swapaxes(0, 1),
                    )
                    rows = np.arange(len(got))
                    ends = got.shape[1] - 1 if lengths is None else lengths.astype(int) - 1
                    got = got[rows, 0 if gates.reverse else ends]
                assert distance(got, want) < 1e-6, case.name
    assert ran == 6


# Files


def saved(path, *nodes, initializers=(), inputs_=(), outputs=("Y",), opset=17):
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [value(k, 1, None) for k in ("X", *inputs_)],
        [value(k, 1, None) for k in outputs],
        [onnx.numpy_helper.from_array(v, k) for k, v in dict(initializers).items()],
    )
    made = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=9
    )
    onnx.save(made, path)
    return made


@pytest.mark.parametrize("opset", [11, 17])
def test_weights_reach_the_operator_through_other_operators(tmp_path, opset):
    """As PyTorch exports an LSTM cell: its blocks are cut and joined anew, some under an If."""
    gates = random_gates("LSTM", 4, 3, 0, "float32")
    state = {k: v.numpy() for k, v in gates.to_torch().items()}
    node = onnx.helper.make_node
    nodes, made = [], {}
    for name, key in (("W", "weight_ih_l0"), ("R", "weight_hh_l0")):
        ends = [(0, 4), (12, 16), (4, 8), (8, 12)]  # i, o, f, g
        for k, (low, high) in enumerate(ends):
            made |= {f"{name}{k}low": np.array([low]), f"{name}{k}high": np.array([high])}
            nodes.append(
                node("Slice", [key, f"{name}{k}low", f"{name}{k}high"], [f"{name}{k}"])
            )
        nodes.append(node("Concat", [f"{name}{k}" for k in range(4)], [f"{name}cat"], axis=0))
        if opset > 12:
            nodes.append(node("Unsqueeze", [f"{name}cat", "zero"], [name]))
        else:
            nodes.append(node("Unsqueeze", [f"{name}cat"], [name], axes=[0]))
    W, R, B, attributes = gates.to_onnx()
    inner = onnx.helper.make_graph([node("Identity", ["B0"], ["Bi"])], "then", [], [
        onnx.helper.make_tensor_value_info("Bi", 1, None)])  # fmt: skip
    other = onnx.helper.make_graph([node("Neg", ["B0"], ["Bn"])], "else", [], [
        onnx.helper.make_tensor_value_info("Bn", 1, None)])  # fmt: skip
    nodes += [
        node("Shape", ["B0"], ["shape"]),
        node("Gather", ["shape", "last"], ["length"], axis=0),
        node("Equal", ["length", "thirty-two"], ["yes"]),
        node("If", ["yes"], ["B"], then_branch=inner, else_branch=other),
        node("LSTM", ["X", "W", "R", "B"], ["Y"], name="rnn", **attributes),
    ]
    made |= {"zero": np.array([0]), "last": np.array(1), "thirty-two": np.array(32), "B0": B}
    live = saved(tmp_path / "m.onnx", *nodes, initializers=made | state, opset=opset)
    for source in (live, tmp_path / "m.onnx"):
        assert list_gates(source) == {"rnn": "LSTM, 3 features, 4 units (ONNX)"}
    got = read_gates(tmp_path / "m.onnx")
    x = inputs(5, 2, 3)
    assert distance(got.trace(x).h, Gates.from_onnx(W, R, B, **attributes).trace(x).h) == 0


def test_an_operator_in_a_subgraph_is_found(tmp_path):
    there = random_gates("GRU", 4, 3, 0, "float32")
    back = random_gates("GRU", 4, 3, 1, "float32")
    branches, made = {}, {"yes": np.array(True)}
    for name, gates in (("then", there), ("else", back)):
        W, R, B, attributes = gates.to_onnx()
        made |= {f"{name}W": W}
        names = ["X", f"{name}W", "R", "B"]
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("GRU", names, [f"{name}Y"], name=name, **attributes)],
            name, [], [onnx.helper.make_tensor_value_info(f"{name}Y", 1, None)],
            [onnx.numpy_helper.from_array(R, "R"), onnx.numpy_helper.from_array(B, "B")],
        )  # fmt: skip
        branches[f"{name}_branch"] = graph
    choice = onnx.helper.make_node("If", ["yes"], ["Y"], **branches)
    saved(tmp_path / "m.onnx", choice, initializers=made)
    assert set(list_gates(tmp_path / "m.onnx")) == {"then", "else"}
    x = inputs(5, 2, 3)
    for name, gates in (("then", there), ("else", back)):
        want = gates.trace(x.transpose(1, 0, 2)).h.transpose(1, 0, 2)
        assert np.array_equal(read_gates(tmp_path / "m.onnx", name).trace(x).h, want)


def test_weights_that_depend_on_the_input_are_refused(tmp_path):
    _, R, B, attributes = random_gates("LSTM", 4, 3, 0, "float32").to_onnx()
    node = onnx.helper.make_node("LSTM", ["X", "W", "R", "B"], ["Y"], name="rnn", **attributes)
    double = onnx.helper.make_node("Add", ["V", "V"], ["W"])
    made = {"R": R, "B": B}
    saved(tmp_path / "m.onnx", double, node, initializers=made, inputs_=["V"])
    assert "W of rnn depend on the input" in list_gates(tmp_path / "m.onnx")["rnn"]
    with pytest.raises(ValueError, match="W of rnn depend on the input of the model"):
        read_gates(tmp_path / "m.onnx")


def test_an_lstm_out_of_other_operators_is_not_passed_over(tmp_path):
    rng = np.random.default_rng(0)
    weights = {
        "rnn.weight_ih": rng.normal(size=(12, 2)),
        "rnn.weight_hh": rng.normal(size=(12, 3)),
        "dense.weight": rng.normal(size=(4, 3)),
    }
    gemm = onnx.helper.make_node("Gemm", ["X", "rnn.weight_ih"], ["Y"], transB=1)
    path = tmp_path / "taken_apart.onnx"
    saved(path, gemm, initializers=weights.items())
    assert list(list_gates(path)) == ["rnn"]
    assert "cannot be read" in list_gates(path)["rnn"]
    with pytest.raises(ValueError, match="no operator LSTM, GRU or RNN: others compute it"):
        read_gates(path)
    saved(path, gemm, initializers=[("dense.weight", weights["dense.weight"])])
    assert list_gates(path) == {}
    with pytest.raises(ValueError, match="or an operator LSTM, GRU or RNN of ONNX"):
        read_gates(path)


def test_a_quantised_lstm_is_named(tmp_path):
    node = onnx.helper.make_node("DynamicQuantizeLSTM", ["X"], ["Y"], domain="com.microsoft")
    for read in (read_gates, list_gates):
        with pytest.raises(ValueError, match="quantised, DynamicQuantizeLSTM"):
            read(saved(tmp_path / "m.onnx", node))


def test_two_nodes_of_one_name_are_both_there():
    made, arrays = model(Gates.from_torch(torch_module("LSTM", 3, 4)))
    for name, value in arrays.items():
        made.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    made.graph.node[0].name = "cell"
    made.graph.node.append(made.graph.node[0])
    made.graph.node[1].output[:] = ["Y2", "Y2_h", "Y2_c"]
    assert list(list_gates(made)) == ["cell/0", "cell/1"]
    with pytest.raises(ValueError, match="2 recurrent layers of a name with 'cell'"):
        read_gates(made, "cell")


@pytest.mark.parametrize("name", ["Affine", "ScaledTanh", "ThresholdedRelu"])
def test_numbers_that_onnx_does_not_give_are_asked_for(name):
    W, R, B, attributes = Gates.from_torch(torch_module("GRU", 3, 4)).to_onnx()
    attributes["activations"] = ["Sigmoid", name]
    with pytest.raises(ValueError, match=f"no usual numbers for {name}: say its"):
        Gates.from_onnx(W, R, B, "GRU", **attributes)
    numbers = {"activation_alpha": [0.5]}
    numbers |= {"activation_beta": [0.3]} if name != "ThresholdedRelu" else {}
    gates = Gates.from_onnx(W, R, B, "GRU", **attributes, **numbers)
    assert str(gates.activation).startswith(f"{name}(0.5")


def operator_with(**constants):
    """A model of one LSTM, with constants for sequence_lens, initial_h, initial_c."""
    gates = Gates.from_torch(torch_module("LSTM", 3, 4))
    W, R, B, attributes = gates.to_onnx()
    held = {"W": W, "R": R, "B": B, **constants}
    names = ["X", "W", "R", "B", *(k if k in held else "" for k in ("lengths", "h0", "c0"))]
    X, Y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in "XY")
    node = onnx.helper.make_node("LSTM", names, ["Y"], **attributes)
    arrays = [onnx.numpy_helper.from_array(array, name) for name, array in held.items()]
    graph = onnx.helper.make_graph([node], "one", [X], [Y], arrays)
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9
    )


def test_what_an_operator_gets_beside_x_is_asked_for():
    x, zero = inputs(5, 2, 3), np.zeros((1, 2, 4), np.float32)
    h0, lengths = zero + np.float32(0.5), np.array([5, 2], np.int32)
    assert not read_gates(operator_with(h0=zero, c0=zero)).started
    for constants, told, message in (
        ({"h0": h0}, {"h0": h0[0], "c0": zero[0]}, "give trace h0 and c0"),
        ({"lengths": lengths}, {"lengths": lengths}, "a mask reached this layer"),
    ):
        model = operator_with(**constants)
        gates = read_gates(model)
        with pytest.raises(ValueError, match=message):
            gates.trace(x)
        session = onnxruntime.InferenceSession(model.SerializeToString())
        want = session.run(None, {"X": x})[0][:, 0]
        assert distance(gates.trace(x, **told).h, want) < 1e-6


@pytest.mark.parametrize("fill", [0, 1])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("how", ["fill", "expand", "concat"])
def test_first_states_of_zeros_are_none_however_large_the_batch(tmp_path, fill, inside, how):
    """As PyTorch exports them: zeros, as many as the input has sequences."""
    node = onnx.helper.make_node
    W, R, B, attributes = random_gates("LSTM", 4, 3, 0, "float32").to_onnx()
    value, whole = np.full((1, 1, 4), fill, np.float32), onnx.numpy_helper.from_array
    made = {"W": W, "R": R, "B": B, "one": np.array([1]), "units": np.array([4]),
            "first": np.array([1]), "value": value, "none": 0 * value}  # fmt: skip
    states = [
        node("Shape", ["X"], ["shape"]),
        node("Gather", ["shape", "first"], ["batch"]),
        node("Concat", ["one", "batch", "units"], ["size"], axis=0),
        *{
            "fill": [node("ConstantOfShape", ["size"], ["s"], value=whole(value[0, 0, :1]))],
            "expand": [node("Expand", ["value", "size"], ["s"])],
            "concat": [
                node("Expand", ["none", "size"], ["z"]),
                node("Expand", ["value", "size"], ["v"]),
                node("Concat", ["z", "v"], ["both"], axis=0),
                node("Slice", ["both", "one", "two"], ["s"]),
            ],
        }[how],
        node("Identity", ["s"], ["h0"]),
    ]
    made["two"] = np.array([2])
    lstm = node("LSTM", ["X", "W", "R", "B", "", "h0", "h0"], ["Y"], name="rnn", **attributes)
    if inside:
        graph = onnx.helper.make_graph(
            [lstm], "g", [], [onnx.helper.make_tensor_value_info("Y", 1, None)]
        )
        made["yes"] = np.array(True)
        lstm = node("If", ["yes"], ["Y"], then_branch=graph, else_branch=graph)
    saved(tmp_path / "m.onnx", *states, lstm, initializers=made)
    found = list_gates(tmp_path / "m.onnx")
    assert len(found) == 1 + inside
    assert read_gates(tmp_path / "m.onnx", next(iter(found))).started == bool(fill)


def test_first_states_that_a_model_computes_are_asked_for(tmp_path):
    node = onnx.helper.make_node
    W, R, B, attributes = random_gates("LSTM", 4, 3, 0, "float32").to_onnx()
    names = ["X", "W", "R", "B", "", "h0", "h0"]
    for states in ([node("Neg", ["given"], ["h0"])], [node("Identity", ["given"], ["h0"])]):
        lstm = node("LSTM", names, ["Y"], name="rnn", **attributes)
        arrays = {"W": W, "R": R, "B": B}
        saved(tmp_path / "m.onnx", *states, lstm, initializers=arrays, inputs_=["given"])
        assert read_gates(tmp_path / "m.onnx").started


@pytest.mark.parametrize("wrong", ["model.onnx", np.ones((1, 16, 3)), None])
def test_what_is_no_pair_of_arrays_is_sent_to_read_gates(wrong):
    with pytest.raises(TypeError, match=r"wanted the arrays W and R .* read with read_gates"):
        Gates.from_onnx(wrong)
