"""Gates by name: their slices, their trace against Keras and PyTorch, and bad input."""

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils
from course_utils.gates import ORDERS, Block, Gates

FEW = settings(derandomize=True, max_examples=12)
SIZES = {
    "batch": st.integers(1, 4),
    "steps": st.integers(1, 8),
    "features": st.integers(1, 6),
    "units": st.integers(1, 9),
}
SEED = st.integers(0, 999)
CELLS = [("LSTM", {}), ("GRU", {"reset_after": True}), ("GRU", {"reset_after": False})]
EXACT = {"float32": 1e-6, "float64": 1e-12}


def standard(rng, units, shapes, dtype):
    """Weights as large as PyTorch starts with, biases too."""
    return [
        rng.uniform(-1, 1, shape).astype(dtype) / np.sqrt(units, dtype=dtype)
        for shape in shapes
    ]


def keras_layer(cell, units, features, seed=0, dtype="float32", **options):
    layer = getattr(keras.layers, cell)(units, return_sequences=True, dtype=dtype, **options)
    layer.build((None, None, features))
    rng = np.random.default_rng(seed)
    layer.set_weights(standard(rng, units, [w.shape for w in layer.get_weights()], dtype))
    return layer


def torch_module(cell, features, units, seed=0, dtype="float32", **options):
    torch.manual_seed(seed)
    options = {"batch_first": True, "dtype": getattr(torch, dtype), **options}
    return getattr(torch.nn, cell)(features, units, **options)


def inputs(batch, steps, features, seed=0, dtype="float32"):
    return np.random.default_rng(seed).normal(size=(batch, steps, features)).astype(dtype)


def distance(a, b):
    """Return the largest difference, relative to the largest number of b."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    return np.abs(a - b).max() / (np.abs(b).max() or 1)


# Reading


def test_the_slices_of_the_120_unit_network_have_names():
    layer = keras.layers.LSTM(120, activation="relu")
    layer.build((None, None, 5))
    W, U, b = layer.get_weights()
    assert [w.shape for w in (W, U, b)] == [(5, 480), (120, 480), (480,)]
    gates = Gates.from_keras(layer)
    for k, name in enumerate(["input", "forget", "cell", "output"]):
        part = slice(120 * k, 120 * (k + 1))
        assert np.array_equal(gates.blocks[name].kernel, W[:, part])
        assert np.array_equal(gates.blocks[name].recurrent, U[:, part])
        assert np.array_equal(gates.blocks[name].bias, b[part])
    assert (gates.blocks["forget"].bias == 1).all()
    assert gates.activation == "relu"


@pytest.mark.parametrize(("cell", "options"), CELLS)
@FEW
@given(features=SIZES["features"], units=SIZES["units"], seed=SEED, use_bias=st.booleans())
def test_blocks_side_by_side_are_the_fused_weights(
    cell, options, features, units, seed, use_bias
):
    layer = keras_layer(cell, units, features, seed, use_bias=use_bias, **options)
    blocks = Gates.from_keras(layer).blocks
    W, U, *b = layer.get_weights()
    order = [blocks[name] for name in ORDERS["Keras"][cell]]
    assert np.array_equal(np.concatenate([block.kernel for block in order], axis=1), W)
    assert np.array_equal(np.concatenate([block.recurrent for block in order], axis=1), U)
    if not use_bias:
        assert all(block.bias is None and block.recurrent_bias is None for block in order)
    elif options.get("reset_after"):
        both = [
            np.concatenate([getattr(block, name) for block in order])
            for name in ("bias", "recurrent_bias")
        ]
        assert np.array_equal(both, b[0])
    else:
        assert np.array_equal(np.concatenate([block.bias for block in order]), b[0])


def test_the_forget_bias_of_pytorch_is_the_sum_of_two():
    module = torch_module("LSTM", 3, 4)
    forget = slice(4, 8)
    both = (module.bias_ih_l0 + module.bias_hh_l0)[forget].detach().numpy()
    assert np.array_equal(Gates.from_torch(module).blocks["forget"].bias, both)


def test_gates_are_copies_that_cannot_change():
    layer, module = keras_layer("LSTM", 2, 3), torch_module("LSTM", 3, 2)
    for gates in (Gates.from_keras(layer), Gates.from_torch(module)):
        before = gates.blocks["input"].kernel.copy()
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
        with torch.no_grad():
            module.weight_ih_l0.zero_()
        assert np.array_equal(gates.blocks["input"].kernel, before)
        with pytest.raises(ValueError, match="read-only"):
            gates.blocks["input"].kernel[0, 0] = 1
        with pytest.raises(dataclasses.FrozenInstanceError):
            gates.reverse = True


def test_an_activation_is_known_by_what_it_computes():
    def mine(z):
        return keras.ops.clip(0.2 * z + 0.5, 0, 1)

    layer = keras_layer("LSTM", 2, 3, recurrent_activation=mine)
    assert Gates.from_keras(layer).recurrent_activation == "hard_sigmoid_0.2"
    layer = keras_layer("LSTM", 2, 3, recurrent_activation="hard_sigmoid", activation=None)
    gates = Gates.from_keras(layer)
    assert (gates.activation, gates.recurrent_activation) == ("linear", "hard_sigmoid")


def far_from_0(z):
    return keras.activations.relu(z, max_value=20, threshold=0.01)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("elu", "elu"),
        ("leaky_relu", "leaky_relu"),
        ("softsign", "softsign"),
        ("softplus", "softplus"),
        ("relu6", "relu6"),
        ("gelu", "gelu"),
        (far_from_0, "far_from_0"),
        (lambda z: keras.activations.relu(z, negative_slope=0.001), "<lambda>"),
    ],
)
@pytest.mark.parametrize(("cell", "options"), CELLS)
def test_any_activation_is_traced(cell, options, function, name):
    layer = keras_layer(cell, 4, 3, activation=function, **options)
    gates, x = Gates.from_keras(layer), inputs(2, 6, 3)
    assert f"activation {name}, " in repr(gates)
    assert distance(gates.trace(x).h, layer(x)) < 2e-6


def test_an_activation_that_cannot_be_evaluated_is_named():
    for function, message in (
        (lambda z: z.no_such_thing, "cannot be evaluated on an array: .*no_such_thing"),
        (lambda z: z[:3], r"turns \(264,\) numbers into \(3,\)"),
    ):
        layer = keras.layers.LSTM(2)
        layer.build((None, None, 3))
        layer.cell.activation = function
        with pytest.raises(ValueError, match=message):
            Gates.from_keras(layer)


# Tracing


@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize(("cell", "options"), CELLS)
@FEW
@given(
    **SIZES,
    seed=SEED,
    activation=st.sampled_from(["tanh", "tanh", "sigmoid", "hard_sigmoid"]),
    recurrent_activation=st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid", "tanh"]),
    use_bias=st.booleans(),
    with_state=st.booleans(),
)
def test_the_trace_is_that_of_keras(
    cell, options, dtype, batch, steps, features, units, seed, with_state, **more
):
    layer = keras_layer(
        cell, units, features, seed, dtype, return_state=True, **options, **more
    )
    x = inputs(batch, steps, features, seed, dtype)
    count = 2 if cell == "LSTM" else 1
    states = list(inputs(count, batch, units, seed + 1, dtype)) if with_state else None
    h, *last = (np.asarray(a) for a in layer(x, initial_state=states))
    trace = Gates.from_keras(layer).trace(x, *(states or []))
    assert trace.h.dtype == dtype
    assert distance(trace.h, h) < EXACT[dtype]
    assert distance(trace.h[:, -1], last[0]) < EXACT[dtype]
    if cell == "LSTM":
        assert distance(trace.c[:, -1], last[1]) < EXACT[dtype]


@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@FEW
@given(**SIZES, seed=SEED, bias=st.booleans(), with_state=st.booleans())
def test_the_trace_is_that_of_pytorch_at_every_step(
    cell, dtype, batch, steps, features, units, seed, bias, with_state
):
    module = torch_module(cell, features, units, seed, dtype, bias=bias)
    x = inputs(batch, steps, features, seed, dtype)
    count = 2 if cell == "LSTM" else 1
    first = inputs(count, batch, units, seed + 1, dtype) * with_state
    trace = Gates.from_torch(module).trace(x, *first)
    assert trace.h.dtype == dtype
    state = [torch.from_numpy(s[np.newaxis]) for s in first]
    for t in range(steps):
        with torch.no_grad():
            now = tuple(state) if cell == "LSTM" else state[0]
            _, after = module(torch.from_numpy(x[:, t : t + 1]), now)
        state = list(after) if cell == "LSTM" else [after]
        assert distance(trace.h[:, t], state[0][0]) < EXACT[dtype]
        if cell == "LSTM":
            assert distance(trace.c[:, t], state[1][0]) < EXACT[dtype]


@st.composite
def configurations(draw):
    """Any layer of Keras or PyTorch, with an input, and first states or none."""
    size = {name: draw(sizes) for name, sizes in SIZES.items()}
    cell = draw(st.sampled_from(["LSTM", "GRU", "RNN"]))
    framework = draw(st.sampled_from(["Keras", "PyTorch"]))
    bounded = st.sampled_from(["tanh", "sigmoid", "softsign", "hard_sigmoid"])
    options = {"bias" if framework == "PyTorch" else "use_bias": draw(st.booleans())}
    if framework == "Keras":
        options |= {"go_backwards": draw(st.booleans()), "activation": draw(bounded)}
        options |= {"recurrent_activation": draw(bounded)} if cell != "RNN" else {}
        options |= {"reset_after": draw(st.booleans())} if cell == "GRU" else {}
    else:
        options |= {"batch_first": draw(st.booleans()), "bidirectional": draw(st.booleans())}
    return framework, cell, size, options, draw(SEED), draw(st.booleans())


@pytest.mark.parametrize("dtype", EXACT)
@settings(FEW, max_examples=40)
@given(configurations())
def test_any_layer_agrees_with_its_framework(dtype, configuration):
    framework, cell, size, options, seed, with_state = configuration
    features, units = size["features"], size["units"]
    x = inputs(size["batch"], size["steps"], features, seed, dtype)
    states = inputs(2 if cell == "LSTM" else 1, size["batch"], units, seed + 1, dtype)
    if framework == "Keras":
        kind = "SimpleRNN" if cell == "RNN" else cell
        layer = keras_layer(kind, units, features, seed, dtype, **options)
        want = np.asarray(layer(x, initial_state=list(states) if with_state else None))
        got = Gates.from_keras(layer).trace(x, *(states if with_state else ())).h
        got = got[:, ::-1] if options["go_backwards"] else got
    else:
        module = torch_module(cell, features, units, seed, dtype, **options)
        both = 1 + options["bidirectional"]
        x = x if options["batch_first"] else np.ascontiguousarray(x.transpose(1, 0, 2))
        first = [torch.from_numpy(np.stack([state] * both)) for state in states]
        given = (tuple(first) if cell == "LSTM" else first[0],) if with_state else ()
        want = module(torch.from_numpy(x), *given)[0].detach().numpy()
        ways = [Gates.from_torch(module, reverse=way) for way in (False, True)[:both]]
        traced = [gates.trace(x, *(states if with_state else ())).h for gates in ways]
        got = np.concatenate(traced, axis=-1)
    assert distance(got, want) < EXACT[dtype]


@pytest.mark.parametrize(("cell", "options"), CELLS)
@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_activations_without_a_bound_agree_in_proportion(cell, options, activation):
    layer = keras_layer(cell, 5, 3, 1, "float64", activation=activation, **options)
    x = inputs(4, 12, 3, dtype="float64")
    assert np.allclose(Gates.from_keras(layer).trace(x).h, layer(x), rtol=1e-11, atol=1e-13)


def squash(z):
    return 1 / (1 + np.exp(-z))


@FEW
@given(**SIZES, seed=SEED)
def test_every_gate_of_an_lstm_is_the_textbook_one(batch, steps, features, units, seed):
    gates = Gates.from_torch(torch_module("LSTM", features, units, seed, "float64"))
    x = inputs(batch, steps, features, seed, "float64")
    trace = gates.trace(x)
    h = c = np.zeros((batch, units))
    for t in range(steps):
        z = {k: x[:, t] @ B.kernel + h @ B.recurrent + B.bias for k, B in gates.blocks.items()}
        g = {k: np.tanh(v) if k == "cell" else squash(v) for k, v in z.items()}
        c = g["forget"] * c + g["input"] * g["cell"]
        h = g["output"] * np.tanh(c)
        for name in gates.blocks:
            assert distance(trace.pre_activations[name][:, t], z[name]) < 1e-12
            assert distance(trace.gates[name][:, t], g[name]) < 1e-12
        assert distance(trace.c[:, t], c) < 1e-12
        assert distance(trace.h[:, t], h) < 1e-12


@pytest.mark.parametrize("after", [True, False])
@FEW
@given(**SIZES, seed=SEED)
def test_every_gate_of_a_gru_is_the_textbook_one(after, batch, steps, features, units, seed):
    layer = keras_layer("GRU", units, features, seed, "float64", reset_after=after)
    gates = Gates.from_keras(layer)
    x = inputs(batch, steps, features, seed, "float64")
    trace = gates.trace(x)
    update, reset, new = gates.blocks.values()
    late = [B.recurrent_bias if after else 0 for B in (update, reset, new)]
    h = np.zeros((batch, units))
    for t in range(steps):
        z, r = (
            x[:, t] @ B.kernel + h @ B.recurrent + B.bias + b
            for B, b in zip((update, reset), late, strict=False)
        )
        assert distance(trace.pre_activations["update"][:, t], z) < 1e-12
        assert distance(trace.pre_activations["reset"][:, t], r) < 1e-12
        z, r = squash(z), squash(r)
        back = r * (h @ new.recurrent + late[2]) if after else (r * h) @ new.recurrent
        n = x[:, t] @ new.kernel + new.bias + back
        assert distance(trace.pre_activations["candidate"][:, t], n) < 1e-12
        h = z * h + (1 - z) * np.tanh(n)
        assert distance(trace.gates["update"][:, t], z) < 1e-12
        assert distance(trace.gates["reset"][:, t], r) < 1e-12
        assert distance(trace.gates["candidate"][:, t], np.tanh(n)) < 1e-12
        assert distance(trace.h[:, t], h) < 1e-12
    assert trace.c is None


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize("units", [1, 2, 4])
def test_no_length_is_special(cell, dtype, units):
    # np.negative goes wrong at one spacing in memory: 8 steps of 1 unit in float64.
    module = torch_module(cell, 1, units, 0, dtype)
    gates = Gates.from_torch(module)
    for steps in range(1, 40):
        x = inputs(1, steps, 1, steps, dtype)
        with torch.no_grad():
            assert distance(gates.trace(x).h, module(torch.from_numpy(x))[0]) < EXACT[dtype]


def test_a_nearly_closed_gate_is_not_rounded_to_zero():
    shut = Block(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32), np.float32([-30]))
    names = ORDERS["Keras"]["LSTM"]
    trace = Gates("LSTM", {name: shut for name in names}).trace(np.zeros((1, 1, 1)))
    assert abs(trace.gates["forget"][0, 0, 0] / np.exp(-30) - 1) < 1e-5


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_both_directions_of_a_deep_module(cell):
    module = torch_module(cell, 3, 4, num_layers=2, bidirectional=True, dropout=0.5).eval()
    x = inputs(2, 6, 3)
    h = x
    for layer in range(2):
        there, back = (Gates.from_torch(module, layer, way) for way in (False, True))
        assert "reverse" in repr(back)
        h = np.concatenate([there.trace(h).h, back.trace(h).h], axis=2)
    with torch.no_grad():
        want = module(torch.from_numpy(x))[0]
    assert distance(h, want) < 1e-6


@pytest.mark.parametrize(("cell", "options"), CELLS)
def test_go_backwards_is_traced_along_the_steps_of_x(cell, options):
    layer = keras_layer(cell, 4, 3, go_backwards=True, **options)
    x = inputs(2, 6, 3)
    trace = Gates.from_keras(layer).trace(x)
    assert distance(trace.h[:, ::-1], layer(x)) < 1e-6
    assert distance(trace.h, layer(x)) > 0.01


def test_the_two_cells_of_a_bidirectional_layer():
    layer = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True))
    x = inputs(2, 6, 3)
    want = layer(x)
    both = [
        Gates.from_keras(part).trace(x).h
        for part in (layer.forward_layer, layer.backward_layer)
    ]
    assert distance(np.concatenate(both, axis=2), want) < 1e-6


def test_dropout_and_stateful_leave_no_mark():
    layer = keras_layer("LSTM", 4, 3, dropout=0.5, recurrent_dropout=0.5)
    x = inputs(2, 6, 3)
    assert distance(Gates.from_keras(layer).trace(x).h, layer(x, training=False)) < 1e-6
    start = keras.Input(batch_shape=(2, 6, 3))
    layer = keras.layers.LSTM(4, return_sequences=True, stateful=True)
    model = keras.Model(start, layer(start))
    gates = Gates.from_keras(layer)
    first = gates.trace(x)
    assert distance(first.h, model(x)) < 1e-6
    second = gates.trace(x, first.h[:, -1], first.c[:, -1])
    assert distance(second.h, model(x)) < 1e-6


def test_whole_numbers_and_wider_numbers_are_read_in_the_kind_of_the_weights():
    gates = Gates.from_keras(keras_layer("LSTM", 4, 3))
    x = np.eye(3, dtype=int)[np.newaxis]
    assert gates.trace(x).h.dtype == np.float32
    assert np.array_equal(gates.trace(x).h, gates.trace(x.astype(np.float64)).h)


# Moving


@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize(("cell", "options"), CELLS[:2])
@FEW
@given(**SIZES, seed=SEED, use_bias=st.booleans())
def test_keras_and_pytorch_compute_the_same_from_moved_weights(
    cell, options, dtype, batch, steps, features, units, seed, use_bias
):
    layer = keras_layer(cell, units, features, seed, dtype, use_bias=use_bias, **options)
    module = torch_module(cell, features, units, seed, dtype, bias=use_bias)
    other = keras_layer(cell, units, features, seed + 1, dtype, use_bias=use_bias, **options)
    x = inputs(batch, steps, features, seed, dtype)
    module.load_state_dict(Gates.from_keras(layer).to_torch())
    with torch.no_grad():
        there = module(torch.from_numpy(x))[0]
    assert distance(there, layer(x)) < EXACT[dtype]
    other.set_weights(Gates.from_torch(module).to_keras())
    assert all(map(np.array_equal, other.get_weights(), layer.get_weights()))


@pytest.mark.parametrize("seed", range(5))
def test_the_wrong_order_of_the_gru_is_seen(seed):
    layer, x = keras_layer("GRU", 8, 5, seed), inputs(4, 10, 5, seed)
    W, U, b = layer.get_weights()
    module = torch_module("GRU", 5, 8)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]

    def output(arrays):
        state = {
            name: torch.as_tensor(array) for name, array in zip(names, arrays, strict=True)
        }
        module.load_state_dict(state)
        with torch.no_grad():
            return module(torch.from_numpy(x))[0]

    assert distance(output([W.T, U.T, *b]), layer(x)) > 0.01
    assert distance(output(list(Gates.from_keras(layer).to_torch().values())), layer(x)) < 1e-6


def test_a_deep_module_of_both_directions_is_filled_from_merged_states():
    one = torch_module("GRU", 3, 4, seed=1, num_layers=2, bidirectional=True)
    two = torch_module("GRU", 3, 4, seed=2, num_layers=2, bidirectional=True)
    state = {}
    for layer in range(2):
        for way in (False, True):
            state |= Gates.from_torch(one, layer, way).to_torch(layer)
    two.load_state_dict(state)
    assert all(torch.equal(two.state_dict()[name], one.state_dict()[name]) for name in state)


def test_a_cell_built_by_hand_runs_in_keras():
    zero = np.zeros((1, 1), np.float32)
    wide = Block(zero, zero, np.float32([40]))
    count = Block(zero + 1, zero, np.float32([0]))
    blocks = {"cell": count, "input": wide, "forget": wide, "output": wide}
    gates = Gates("LSTM", blocks, activation="linear")
    layer = keras_layer("LSTM", 1, 1, activation="linear")
    layer.set_weights(gates.to_keras())
    assert np.array_equal(layer(np.ones((1, 5, 1)))[0, :, 0], [1, 2, 3, 4, 5])


# No framework needed


PLAIN = """
import sys
import numpy as np
from course_utils.gates import Gates

rng = np.random.default_rng(0)
W, R, B = rng.normal(size=(1, 12, 2)), rng.normal(size=(1, 12, 3)), rng.normal(size=(1, 24))
x = rng.normal(size=(4, 5, 2))
gates = Gates.from_onnx(W, R, B)
assert Gates.from_onnx(*gates.to_onnx()[:3]).trace(x).h.shape == (4, 5, 3)
assert len(gates.to_keras()) == 3
print(*[m for m in ("tensorflow", "keras", "torch", "onnx", "pandas") if m in sys.modules])
"""


def test_reading_and_tracing_load_no_framework():
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PLAIN], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == ""


def test_a_framework_is_imported_inside_functions_alone():
    heavy = {"tensorflow", "keras", "torch", "onnx", "h5py"}
    for path in (Path(course_utils.__file__).parent / "gates").glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [alias.name for alias in getattr(node, "names", [])]
            names += [getattr(node, "module", None) or ""]
            assert not {name.split(".")[0] for name in names} & heavy, path


# Bad input


def hand_built(cell="LSTM", dtype=np.float32, **changes):
    names = ORDERS["Keras"][cell]
    block = Block(*(np.ones(shape, dtype) for shape in [(2, 3), (3, 3), (3,)]))
    return Gates(cell, {name: block for name in names}, **changes)


def odd_blocks(which="forget", **changes):
    blocks = hand_built().blocks.items()
    odd = {
        name: dataclasses.replace(block, **changes) if which in (name, "all") else block
        for name, block in blocks
    }
    return Gates("LSTM", odd)


X = np.zeros((2, 4, 2))


def keras_lstm(dtype="float32", build=True):
    layer = keras.layers.LSTM(3, dtype=dtype)
    if build:
        layer.build((None, None, 2))
    return Gates.from_keras(layer)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: keras_lstm(build=False), ValueError, r"layer\.build"),
        (
            lambda: Gates.from_keras(keras.layers.Bidirectional(keras.layers.LSTM(3))),
            TypeError,
            "Bidirectional: read all of it with read_gates",
        ),
        (lambda: Gates.from_keras(keras.layers.SimpleRNN(3)), ValueError, r"layer\.build"),
        (
            lambda: Gates.from_keras(keras.layers.ConvLSTM1D(3, 2)),
            TypeError,
            "got .*ConvLSTMCell",
        ),
        (lambda: Gates.from_keras(keras.Sequential()), TypeError, r"model\.layers\[0\]"),
        (
            lambda: Gates.from_keras(torch.nn.LSTM(2, 3)),
            TypeError,
            "LSTM, GRU or plain RNN layer of Keras",
        ),
        (lambda: Gates.from_torch(keras_layer("GRU", 3, 2)), TypeError, "layer of PyTorch"),
        (lambda: Gates.from_torch(torch.nn.Linear(2, 3)), TypeError, "linear.Linear"),
        (
            lambda: Gates.from_torch(torch.nn.GRUCell(2, 3), layer=1),
            ValueError,
            "a GRUCell has one layer and one direction",
        ),
        (
            lambda: Gates.from_torch(torch.nn.LSTM(2, 3), layer=1),
            ValueError,
            "no weight_ih_l1: layers count from 0 to 0",
        ),
        (
            lambda: Gates.from_torch(torch.nn.LSTM(2, 3), reverse=True),
            ValueError,
            "no weight_ih_l0_reverse: .* bidirectional=True",
        ),
        (
            lambda: hand_built(activation="relu").to_torch(),
            ValueError,
            "activation relu and recurrent_activation sigmoid: train with tanh",
        ),
        (
            lambda: hand_built("GRU", reset_after=False).to_torch(),
            ValueError,
            "reset_after=True",
        ),
        (
            lambda: hand_built(recurrent_activation="hard_sigmoid_0.2").to_keras(),
            ValueError,
            "Keras 3 has no 0.2 z",
        ),
        (lambda: hand_built("LSTM", activation="gelu"), ValueError, "got 'gelu'"),
        (lambda: hand_built("GRU"), ValueError, r"has a recurrent_bias too \(zeros will do\)"),
        (
            lambda: odd_blocks("all", recurrent_bias=np.zeros(3)),
            ValueError,
            "no other cell has",
        ),
        (
            lambda: hand_built("GRU", reset_after=False, output_activation="relu"),
            ValueError,
            "only an LSTM has",
        ),
        (lambda: odd_blocks("cell", peephole=np.ones(3)), ValueError, "peepholes, in"),
        (lambda: Gates("MGU", {}), ValueError, r"\['LSTM', 'GRU', 'RNN'\], got 'MGU'"),
        (lambda: Gates("LSTM", {"input": None}), ValueError, r"has the blocks \('input', 'fo"),
        (
            lambda: odd_blocks(kernel=np.ones((1, 3), np.float32)),
            ValueError,
            r"like Block\(kernel \(2, 3\).* got Block\(kernel \(1, 3\)",
        ),
        (lambda: odd_blocks(bias=None), ValueError, "all blocks should be like"),
        (lambda: odd_blocks(bias=np.ones(3)), TypeError, r"got \['float32', 'float64'\]"),
        (lambda: odd_blocks(recurrent=np.ones((3, 2))), ValueError, r"recurrent \(3, 2\)"),
        (
            lambda: odd_blocks("all", recurrent=np.ones((2, 3))),
            ValueError,
            "h has 3 numbers, so the recurrent weights rows",
        ),
        (lambda: odd_blocks(bias=np.ones(2)), ValueError, r"bias \(2,\)"),
        (lambda: odd_blocks(kernel=np.ones(3)), ValueError, r"kernel \(3,\)"),
        (lambda: odd_blocks(bias=np.float32([0, np.nan, 0])), ValueError, "bias .* got nan"),
        (lambda: hand_built().trace(X[0]), ValueError, r"got \(4, 2\).*x\[np\.newaxis\]"),
        (lambda: hand_built().trace(X[..., :1]), ValueError, r"steps, 2\), got \(2, 4, 1\)"),
        (lambda: hand_built().trace(X + np.nan), ValueError, "x should be finite"),
        (lambda: hand_built().trace(X + 1e39), ValueError, "x should be finite in float32"),
        (
            lambda: hand_built().trace(X, h0=np.ones(3)),
            ValueError,
            r"h0 .* \(2, 3\), got \(3,\)",
        ),
        (lambda: hand_built().trace(X, c0=np.ones((1, 2, 3))), ValueError, r"got \(1, 2, 3\)"),
        (lambda: hand_built().trace(X, h0=np.full((2, 3), 1e39)), ValueError, "h0 .* finite"),
        (
            lambda: hand_built("GRU", reset_after=False).trace(X, c0=np.ones((2, 3))),
            ValueError,
            "a GRU has no state c: leave out c0",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(("cell", "options"), CELLS)
@pytest.mark.parametrize("activation", ["relu", "linear"])
@pytest.mark.filterwarnings("error")
def test_a_state_that_overflows_is_an_error_where_keras_says_nothing(cell, options, activation):
    options = options | {"activation": activation, "recurrent_activation": "linear"}
    layer = keras_layer(cell, 2, 1, use_bias=False, **options)
    layer.set_weights([np.full_like(w, 3) for w in layer.get_weights()])
    x = np.ones((1, 60, 1), np.float32)
    assert not np.isfinite(layer(x)).all()
    with pytest.raises(OverflowError, match=r"range of float32 after \d+ of 60 steps"):
        Gates.from_keras(layer).trace(x)


@pytest.mark.filterwarnings("error")
def test_saturated_gates_are_no_overflow():
    layer = keras_layer("LSTM", 2, 1)
    trace = Gates.from_keras(layer).trace(np.array([[[1e6], [-1e6]]]))
    assert np.isfinite(trace.h).all()
    assert set(trace.gates["input"].ravel()) == {0.0, 1.0}


def test_an_empty_batch_gives_empty_arrays():
    assert hand_built().trace(X[:0]).h.shape == (0, 4, 3)


def test_what_is_shown_is_made_for_people():
    gates = hand_built()
    assert repr(gates) == (
        "Gates(LSTM, features 2, units 3, float32, activation tanh, "
        "recurrent_activation sigmoid)"
    )
    odd = hand_built(clip=0.5, output_activation="relu", masked=True)
    assert repr(odd).endswith(
        "recurrent_activation sigmoid, output_activation relu, clip 0.5, masked)"
    )
    assert repr(gates.blocks["cell"]) == "Block(kernel (2, 3), recurrent (3, 3), bias (3,))"
    assert repr(gates.trace(X)) == (
        "Trace(gates input, forget, cell, output; h, c; each of shape (2, 4, 3))"
    )
