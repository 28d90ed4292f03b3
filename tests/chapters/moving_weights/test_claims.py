"""What chapter 7 says, measured. The functions are the chapter's own."""

import json
from dataclasses import replace
from functools import cache

import keras
import numpy as np
import pytest
import torch

from course_utils import training
from course_utils.gates import ORDERS, Block, Gates, read_gates
from tests.chapters import Page
from tests.chapters.seeds import SEEDS
from tools.chapters import NOTEBOOKS

chapter, notes = Page("07_moving_weights"), Page("A3_porting_notes")
LSTM_MISTAKES = [
    "order of ONNX",
    "W reshaped",
    "bias in both places",
    "U not transposed",
    "forget bias 1 too low",
    "hard_sigmoid",
    "steps as batch",
    "state left over",
]
GRU_MISTAKES = ["keras_order", "biases_added_up", "onnx_default_reset"]
HIDDEN_AT_STEP_1 = {"U not transposed", "forget bias 1 too low"}


def test_a_layer_as_a_graph_gives_the_same_numbers():
    layer = chapter.built(8)
    _, x, fast = chapter.case(layer, 0)
    assert np.abs(layer(x).numpy() - fast).max() < 1e-7
    _, x, again = chapter.case(layer, 1)  # other weights, the same graph
    assert np.abs(layer(x).numpy() - again).max() < 1e-7


@cache
def cases(kind):
    """Gates, an input and what Keras answers, for each seed."""
    layer, found = notes.built(getattr(keras.layers, kind)), []
    for seed in SEEDS:
        _, x, want = chapter.case(layer, seed)
        found.append((Gates.from_keras(layer), x, want))
    return found


@cache
def answers():
    return [chapter.answers(gates.to_keras(), x) for gates, x, _ in cases("LSTM")]


@cache
def costs(name):
    """Largest difference at each step, (seeds, steps)."""
    if name in GRU_MISTAKES:
        pairs = [(getattr(notes, name)(gates, x), want) for gates, x, want in cases("GRU")]
    else:
        wanted = (want for *_, want in cases("LSTM"))
        pairs = [(h[name], want) for h, want in zip(answers(), wanted, strict=True)]
    return np.array([chapter.gap(got, want) for got, want in pairs])


def all_weights_equal(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_right_move_differs_by_rounding(held):
    rounds = [
        [
            0 < np.abs(got - want).max() < 1e-6
            for got in (
                gates.trace(x).h,
                *(getattr(notes, run)(gates, x) for run in ("run_torch", "run_onnx")),
            )
        ]
        for kind in ("LSTM", "GRU")
        for gates, x, want in cases(kind)
    ]
    moved = held(
        7,
        "Keras, PyTorch, ONNX Runtime and NumPy agree within 10⁻⁶, for LSTM and GRU",
        np.reshape(rounds, (2, 20, 3)).all(axis=(0, 2)),
    )
    assert moved == 20


@pytest.mark.parametrize(("features", "units"), [(1, 1), (4, 4), (2, 7), (16, 32)])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_the_circle_is_exact_for_other_shapes(kind, features, units):
    rng = np.random.default_rng(features)
    layer = getattr(keras.layers, kind)(units, return_sequences=True)
    layer.build((None, None, features))
    layer.set_weights([rng.normal(size=w.shape).astype("f4") / 2 for w in layer.get_weights()])
    module = getattr(torch.nn, kind)(features, units, batch_first=True)
    module.load_state_dict(Gates.from_keras(layer).to_torch())
    W, R, B, attributes = Gates.from_torch(module).to_onnx()
    back = Gates.from_onnx(W, R, B, cell=kind, **attributes)
    assert all_weights_equal(back.to_keras(), layer.get_weights())
    x = rng.normal(size=(2, 6, features)).astype("f4")
    with torch.no_grad():
        got = module(torch.tensor(x))[0].numpy()
    assert np.abs(got - np.asarray(layer(x))).max() < 1e-6


def test_the_table_of_layouts_is_what_the_layers_have():
    d, u = 3, 8
    shapes = {}
    for kind in ("LSTM", "GRU"):
        layer = notes.built(getattr(keras.layers, kind))
        module = getattr(torch.nn, kind)(d, u)
        W, R, B, _ = Gates.from_keras(layer).to_onnx()
        shapes[kind] = [w.shape for w in layer.get_weights()]
        shapes[kind] += [tuple(p.shape) for p in module.parameters()]
        shapes[kind] += [W.shape, R.shape, B.shape]
    for kind, k in (("LSTM", 4), ("GRU", 3)):
        bias = (k * u,) if kind == "LSTM" else (2, k * u)
        assert shapes[kind] == [
            *((d, k * u), (u, k * u), bias),
            *((k * u, d), (k * u, u), (k * u,), (k * u,)),
            *((1, k * u, d), (1, k * u, u), (1, 2 * k * u)),
        ]
    early = notes.built(keras.layers.GRU, reset_after=False)
    assert early.get_weights()[2].shape == (3 * u,)
    letters = {"input": "i", "forget": "f", "cell": "c", "output": "o"}
    letters |= {"update": "z", "reset": "r", "candidate": "h"}
    text = (NOTEBOOKS / "A3_porting_notes.md").read_text(encoding="utf-8")
    rows = {
        kind: next(line for line in text.splitlines() if line.startswith(f"| order, {kind}"))
        for kind in ("LSTM", "GRU")
    }
    for framework, column in (("Keras", 2), ("PyTorch", 3), ("ONNX", 4)):
        for kind, row in rows.items():
            order = " ".join(letters[name] for name in ORDERS[framework][kind])
            assert row.split("|")[column].strip().startswith(order)


@pytest.mark.parametrize("name", LSTM_MISTAKES + GRU_MISTAKES)
def test_every_mistake_costs_ten_thousand_times_rounding(name):
    rounding = costs("right").max()
    if name in GRU_MISTAKES:
        run = notes.run_torch
        rounding = max(np.abs(run(g, x) - want).max() for g, x, want in cases("GRU"))
    assert rounding < 1e-6
    assert costs(name).max(axis=1).min() > 0.05
    assert costs(name).max(axis=1).min() > 1e4 * rounding


@pytest.mark.parametrize("name", ["right", *LSTM_MISTAKES])
def test_every_mistake_starts_at_one_step(name):
    first_difference = chapter.first_difference
    wanted = (want for *_, want in cases("LSTM"))
    starts = {first_difference(h[name], w) for h, w in zip(answers(), wanted, strict=True)}
    assert starts == ({0} if name == "right" else {2 if name in HIDDEN_AT_STEP_1 else 1})


def test_always_step_1_is_right_for_6_of_the_8_mistakes():
    text = (NOTEBOOKS / "07_moving_weights.md").read_text(encoding="utf-8")
    assert set(answers()[0]) == {"right", *LSTM_MISTAKES}
    at_once = set(LSTM_MISTAKES) - HIDDEN_AT_STEP_1
    assert len(at_once) == 6
    assert sum(np.median(costs(name), axis=0)[-1] > 0.01 for name in at_once) == 5
    assert "right for 6 of our 8 mistakes" in text


def test_blocks_side_by_side_name_what_is_wrong():
    wrong = {"order of ONNX": ("fco", "fco", "fco"), "W reshaped": ("ifco", "", "")}
    wrong |= {"bias in both places": ("", "", "ifco"), "U not transposed": ("", "ifco", "")}
    wrong |= {"forget bias 1 too low": ("", "", "f")}
    ours, _, _ = cases("LSTM")[0]
    for name, state in chapter.wrong_weights(*ours.to_keras()).items():
        theirs = read_gates(state, time_major=False).blocks
        found = [
            "".join(
                gate[0]
                for gate, block in ours.blocks.items()
                if not np.allclose(getattr(block, role), getattr(theirs[gate], role))
            )
            for role in ("kernel", "recurrent", "bias")
        ]
        assert tuple(found) == wrong[name]


def test_from_a_first_state_that_is_not_0_nothing_is_hidden():
    """The zeros make the rule, so without them it is false."""
    for gates, x, _ in cases("LSTM"):
        h0, c0 = np.random.default_rng(0).normal(size=(2, len(x), gates.units)).astype("f4")
        right = gates.trace(x, h0, c0).h
        forget = gates.blocks["forget"]
        low = replace(forget, bias=forget.bias - 1)
        turned = {k: replace(b, recurrent=b.recurrent.T) for k, b in gates.blocks.items()}
        for blocks in ({**gates.blocks, "forget": low}, turned):
            wrong = replace(gates, blocks=blocks).trace(x, h0, c0).h
            assert chapter.first_difference(wrong, right) == 1


def test_one_sequence_one_unit_or_one_feature_hides_a_mistake():
    for gates, x, want in cases("LSTM"):
        swapped = chapter.wrong_use(gates.to_keras(), x[:1])["steps as batch"]
        assert chapter.first_difference(swapped, want[:1]) == 2
    rng = np.random.default_rng(0)
    for features, units, hidden in ((3, 1, "U not transposed"), (1, 8, "W reshaped")):
        shapes = (features, 4 * units), (units, 4 * units), (4 * units,)
        weights = [rng.normal(size=shape) for shape in shapes]
        x = rng.normal(size=(2, 3, features))
        right = chapter.run(chapter.torch_state(*weights), x)
        for name in ("U not transposed", "W reshaped"):
            got = chapter.run(chapter.wrong_weights(*weights)[name], x)
            assert (chapter.first_difference(got, right) == 0) == (name == hidden)


def test_the_four_copies_of_the_opening_are_those_measured():
    table = (
        (NOTEBOOKS / "07_moving_weights.md")
        .read_text(encoding="utf-8")
        .split("| copy |")[1]
        .split("\n\n")[0]
    )
    rows = [line.split("|")[2:5] for line in table.splitlines()[2:]]
    for name, row in zip(
        ("right", "order of ONNX", "U not transposed", "state left over"), rows, strict=True
    ):
        for value, cell in zip(np.median(costs(name), axis=0)[[0, 1, -1]], row, strict=True):
            if "below" in cell:
                assert value < float(cell.split()[-1])
            else:
                assert value == pytest.approx(float(cell), abs=0.006)


@pytest.mark.parametrize("name", GRU_MISTAKES)
def test_a_gru_with_biases_shows_its_mistakes_at_step_1(name):
    assert costs(name)[:, 0].min() > 0.1


@cache
def left_over(extra):
    """Largest differences at each step of states left over and of states of 0, by seed."""
    given = [(*gates.to_keras(), x) for gates, x, _ in cases("LSTM")]
    return np.array([chapter.left_over(extra, *each) for each in given]).swapaxes(0, 1)


def test_a_wrong_first_state_fades_where_the_network_forgets(held):
    over, _ = left_over(0)
    assert np.allclose(over, costs("state left over"), atol=1e-5)
    middle = np.median(over, axis=0)
    assert middle[0] > 0.4
    assert middle[29] < 1e-2 < middle[1]
    fades = held(
        7,
        "A state left over makes a difference that fades below 0.01 within 60 steps",
        over[:, -1] < 0.01,
        quote="faded below 0.01 in {held} of {seeds} LSTMs",
    )
    assert fades >= 19
    swapped = []
    for gates, x, _ in cases("LSTM"):
        h0, c0 = np.random.default_rng(1).normal(size=(2, len(x), gates.units))
        pair = gates.trace(x, h0, c0).h, gates.trace(x, c0, h0).h
        swapped.append(chapter.gap(*pair))
    first, last = np.median(swapped, axis=0)[[0, -1]]
    assert first > 0.5
    assert last < 0.02


def test_where_the_network_remembers_it_lasts_and_states_of_0_tell(held):
    over, from_zero = left_over(4)
    assert over[:, 0].min() > 0.3
    lasts = held(
        7,
        "With 4 added to the forget biases that difference is still there after 60 steps",
        over[:, -1] >= 0.01,
        quote="it was still there in {held} of {seeds}",
    )
    assert lasts >= 18
    assert max(from_zero.max(), left_over(0)[1].max()) < 1e-5


def test_a_lasting_mistake_does_not_fade():
    for name in set(LSTM_MISTAKES) - {"state left over"}:
        assert costs(name)[:, -1].min() > 0.05


@pytest.mark.parametrize("alpha", [1.0, 0.7, 0.0, -2.0])
def test_only_the_sum_of_two_biases_counts_in_an_lstm(alpha):
    for kind, low, high in (("LSTM", 0, 1e-6), ("GRU", 0.05, 3)):
        changes = []
        for gates, x, want in cases(kind):
            state = gates.to_torch()
            total = (state["bias_ih_l0"] + state["bias_hh_l0"]).numpy()
            both = {"bias_ih_l0": alpha * total, "bias_hh_l0": (1 - alpha) * total}
            changes.append(np.abs(notes.run_torch(gates, x, **both) - want).max())
        assert low < min(changes) <= max(changes) < high


def test_in_a_gru_it_is_the_candidate_that_tells_its_biases_apart():
    for gates, x, want in cases("GRU"):
        changes = {}
        for name, block in gates.blocks.items():
            both = Block(
                block.kernel,
                block.recurrent,
                block.bias + block.recurrent_bias,
                0 * block.recurrent_bias,
            )
            changed = replace(gates, blocks={**gates.blocks, name: both})
            changes[name] = np.abs(changed.trace(x).h - want).max()
        assert max(changes["update"], changes["reset"]) < 2e-6
        assert changes["candidate"] > 0.05


def test_two_biases_move_their_sum_twice_as_far(held):
    moved, twice = notes.moved_by, []
    for seed in SEEDS:
        for kind, rate in ((torch.optim.Adam, 1e-3), (torch.optim.SGD, 0.1)):
            two, one = (moved(flag, kind, rate, seed) for flag in (True, False))
            far = one.abs() > 1e-4  # smaller moves are lost in the last digits of the bias
            assert far.any()
            ratio = two[far] / one[far]
            twice.append(torch.allclose(ratio, torch.tensor(2.0), rtol=1e-2))
    both = held(
        7,
        "Two biases move their sum twice as far in one update, with Adam and with SGD",
        np.reshape(twice, (20, 2)).all(axis=1),
    )
    assert both == 20


def test_training_conserves_the_difference_of_two_biases(held):
    def drift(decay, seed):
        def adam(parameters, lr):
            return torch.optim.AdamW(parameters, lr=lr, weight_decay=decay)

        start, end = (notes.trained(True, adam, 0.01, n, seed) for n in (0, 50))
        assert (end.bias_hh_l0 - start.bias_hh_l0).abs().max() > 0.1
        moved = (end.bias_ih_l0 - end.bias_hh_l0) - (start.bias_ih_l0 - start.bias_hh_l0)
        return float(moved.abs().max())

    without, decayed = (np.array([drift(d, s) for s in SEEDS]) for d in (0.0, 0.1))
    kept = held(7, "Training keeps the difference of PyTorch's two biases", without < 1e-5)
    broken = held(7, "Weight decay does not keep that difference", decayed >= 1e-5)
    assert kept == broken == 20


def test_resetting_before_is_another_function():
    late, early = (
        notes.built(keras.layers.GRU, use_bias=False, reset_after=after)
        for after in (True, False)
    )
    for gates, x, _ in cases("GRU"):
        for layer in (late, early):
            layer.set_weights(gates.to_keras()[:2])
        gap = chapter.gap(*(chapter.graph(layer)(x).numpy() for layer in (early, late)))
        assert gap[0] < 1e-6
        assert gap.max() > 0.1
    with pytest.raises(ValueError, match="reset_after=True"):
        Gates.from_keras(early).to_torch()


def test_the_old_hard_sigmoid_is_moved_by_the_lambda():
    gates, x, _ = cases("LSTM")[0]

    old = notes.old_hard_sigmoid
    layer = chapter.built(8, recurrent_activation=old)
    new = chapter.built(8, recurrent_activation="hard_sigmoid")
    for each in (layer, new):
        each.set_weights(gates.to_keras())
    read_back = Gates.from_keras(layer)
    assert read_back.recurrent_activation == "hard_sigmoid_0.2"
    want = np.asarray(layer(x))
    assert np.abs(read_back.trace(x).h - want).max() < 1e-6
    assert np.abs(notes.run_onnx(read_back, x) - want).max() < 1e-6
    assert np.abs(np.asarray(new(x)) - want).max() > 0.05


def test_an_old_file_with_time_major_stops_and_its_weights_load(tmp_path):
    import h5py

    layers = [keras.Input((4, 3)), keras.layers.LSTM(2), keras.layers.Dense(1)]
    model, path = keras.Sequential(layers), tmp_path / "old.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["time_major"] = False
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ValueError, match="time_major"):
        keras.models.load_model(path)
    again = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    assert not all_weights_equal(again.get_weights(), model.get_weights())
    again.load_weights(path)
    assert all_weights_equal(again.get_weights(), model.get_weights())


def test_the_remedies_for_old_code_work():
    for old in ({"time_major": False}, {"batch_input_shape": (1, 2, 3)}, {"weights": []}):
        with pytest.raises(ValueError, match="Unrecognized keyword"):
            keras.layers.LSTM(2, **old)
    layer = keras.layers.LSTM(2, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(1, 2, 3)), layer])
    assert not hasattr(model, "reset_states")
    first, second = (np.asarray(model(np.ones((1, 2, 3)))) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    layer.reset_state()
    assert np.array_equal(np.asarray(model(np.ones((1, 2, 3)))), first)


def test_keras_repeats_h_at_masked_steps_and_pytorch_gives_zeros():
    gates, x, _ = cases("LSTM")[0]
    x = x[:, :30]
    lengths = np.array([30, 20, 10, 5, 1])
    mask = np.arange(30) < lengths[:, np.newaxis]
    layer = chapter.built(8)
    layer.set_weights(gates.to_keras())
    h = np.asarray(layer(x, mask=mask))
    module = torch.nn.LSTM(3, 8, batch_first=True)
    module.load_state_dict(gates.to_torch())
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(torch.tensor(x), lengths, batch_first=True)
    output, (last_h, _) = module(packed)
    unpacked = rnn.pad_packed_sequence(output, batch_first=True)[0].detach().numpy()
    assert np.abs(unpacked[mask] - h[mask]).max() < 1e-6
    assert np.array_equal(unpacked[~mask], np.zeros_like(unpacked[~mask]))
    for row, length in zip(h, lengths, strict=True):
        assert (row[length:] == row[length - 1]).all()
    assert np.abs(last_h[0].detach().numpy() - h[:, -1]).max() < 1e-6


def test_moving_two_layers_and_both_directions_back():
    module = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    layers = []
    for place in range(2):
        layer = keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True))
        layer.build((None, None, 3 if place == 0 else 8))
        for half, reverse in ((layer.forward_layer, False), (layer.backward_layer, True)):
            half.set_weights(Gates.from_torch(module, layer=place, reverse=reverse).to_keras())
        layers.append(layer)
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("f4")
    got = np.asarray(layers[1](layers[0](x)))
    assert np.abs(got - module(torch.tensor(x))[0].detach().numpy()).max() < 1e-6


def test_in_a_chaotic_network_rounding_grows_and_float64_moves_it_down():
    growth = {}
    gap, run = chapter.gap, chapter.run
    for dtype in ("float32", "float64"):
        layer = chapter.built(64, dtype=dtype)
        each = [chapter.case(layer, seed, gain=8.0) for seed in SEEDS]
        moved = [gap(run(chapter.torch_state(*w), x), want) for w, x, want in each]
        growth[dtype] = np.median(moved, axis=0)
        if dtype == "float32":
            right = [(chapter.run(chapter.torch_state(*w), x), want) for w, x, want in each]
            assert min(chapter.first_difference(*pair) for pair in right) > 2
    U = each[0][0][1]
    assert np.std(U) == pytest.approx(8 * 64**-0.5, rel=0.05)
    assert growth["float32"][1] < 1e-6
    assert growth["float32"][-1] > 0.8
    assert growth["float64"][0] < 1e-14
    assert growth["float64"][-1] < 1e-6
    assert growth["float32"][29] / growth["float64"][29] > 1e7
    # While it is small it grows by about the same factor a step: the logarithm is a line.
    line = np.log10(growth["float64"][5:])
    fit = np.polynomial.Polynomial.fit(np.arange(len(line)), line, 1)
    assert np.abs(fit(np.arange(len(line))) - line).max() < 0.5
    name = "U not transposed"
    wrong = [gap(run(chapter.wrong_weights(*w)[name], x), want) for w, x, want in each]
    assert np.median(wrong, axis=0)[0] < 1e-14
    assert np.median(wrong, axis=0)[1] > 0.5
    calm = chapter.built(64)
    w, x, want = chapter.case(calm, 0)
    assert gap(run(chapter.torch_state(*w), x), want).max() < 1e-5  # gain 1: no growth


def test_what_a_weak_test_lets_pass():
    assert costs("hard_sigmoid")[:, 0].max() < 0.1
    first = {name: [] for name in GRU_MISTAKES}
    for seed in SEEDS:
        training.seed_everything(seed)
        fresh = keras.layers.GRU(8, return_sequences=True)
        fresh.build((None, None, 3))
        x = np.random.default_rng(seed).normal(size=(1, 1, 3)).astype("f4")
        for name in GRU_MISTAKES:
            got = getattr(notes, name)(Gates.from_keras(fresh), x)
            first[name].append(np.abs(got - np.asarray(fresh(x))).max())
    assert max(first["biases_added_up"] + first["onnx_default_reset"]) < 1e-6
    x = np.random.default_rng(0).normal(size=(5, 30, 3)).astype("f4")
    got = notes.biases_added_up(Gates.from_keras(fresh), x)
    assert np.abs(got - np.asarray(fresh(x))).max() < 1e-6
    fresh = chapter.built(8)
    W, U, b = fresh.get_weights()
    got = chapter.run(chapter.wrong_weights(W, U, b)["bias in both places"], x[:1, :1])
    assert np.abs(got - np.asarray(fresh(x[:1, :1]))).max() < 1e-6


def test_two_sequences_of_two_steps_find_every_mistake(held):
    found, three = [], []
    for k, (gates, x, want) in enumerate(cases("LSTM")):
        gru, gru_x, gru_want = cases("GRU")[k]
        for steps, seen in ((2, found), (3, three)):
            small, h = x[:2, :steps], want[:2, :steps]
            given = chapter.run(gates.to_torch(), np.concatenate([small, small], axis=1))
            wrong = [
                chapter.run(state, small) - h
                for state in chapter.wrong_weights(*gates.to_keras()).values()
            ]
            swapped = chapter.run(gates.to_torch(), small.swapaxes(0, 1)).swapaxes(0, 1)
            hard = replace(gates, recurrent_activation="hard_sigmoid").trace(small).h
            wrong += [swapped - h, given[:, steps:] - h, hard - h]
            small, h = gru_x[:2, :steps], gru_want[:2, :steps]
            wrong += [getattr(notes, name)(gru, small) - h for name in GRU_MISTAKES]
            right = [given[:, :steps] - want[:2, :steps], notes.run_torch(gru, small) - h]
            largest = [np.abs(difference).max() for difference in right]
            smallest = [np.abs(difference).max() for difference in wrong]
            seen.append(max(largest) < 1e-5 < min(smallest))
    assert all(three)
    every = held(
        7,
        "Two sequences of two steps find every mistake in moving an LSTM or a GRU, and let "
        "rounding pass",
        found,
    )
    assert every == 20


def test_the_wide_state_of_the_trace_is_what_stepping_gives():
    gates, x, _ = cases("LSTM")[3]
    trace = gates.trace(x)
    cell = torch.nn.LSTMCell(3, 8)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in gates.to_torch().items()})
    state = None
    with torch.no_grad():
        for t in range(x.shape[1]):
            state = cell(torch.tensor(x[:, t]), state)
            assert np.abs(state[0].numpy() - trace.h[:, t]).max() < 1e-6
            assert np.abs(state[1].numpy() - trace.c[:, t]).max() < 2e-6


def test_a_lone_backward_layer_returns_its_steps_in_the_order_of_reading():
    layer = chapter.built(8, go_backwards=True)
    x = notes.inputs(0)
    h, trace = np.asarray(layer(x)), Gates.from_keras(layer).trace(x)
    assert np.abs(trace.h - h[:, ::-1]).max() < 1e-6
    assert np.abs(trace.h - h).max() > 0.1


def test_one_more_step_is_what_a_longer_sequence_gives():
    gates, x, _ = cases("LSTM")[0]
    x, new = x[:2, :4].astype("f8"), x[2:4, :4].astype("f8")
    got = notes.one_more_step(gates, x, new)
    for t in range(4):
        longer = np.concatenate([x[:, : t + 1], new[:, t : t + 1]], axis=1)
        assert np.allclose(got[:, t], gates.trace(longer).h[:, -1], atol=1e-6)


def test_sigmoid_is_a_third_function():
    for gates, x, want in cases("LSTM"):
        old = replace(gates, recurrent_activation="hard_sigmoid_0.2").trace(x).h
        assert np.abs(old - want).max() > 0.05
