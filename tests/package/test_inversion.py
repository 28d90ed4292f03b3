"""Inputs found for outputs, sensitivities, and gates shut or proved not to be."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit as sigmoid
from scipy.special import logit

from course_utils.inversion import read_layers, reconstruct, sensitivity, shut_gate
from course_utils.inversion.descent import LOSSES, loss_and_slope

SMALL = st.floats(-3, 3, allow_subnormal=False)


@pytest.fixture
def affine():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 2)), rng.normal(size=2)


def torch_linear(W, b):
    import torch

    layer = torch.nn.Linear(*W.shape)
    layer.load_state_dict({"weight": torch.tensor(W.T), "bias": torch.tensor(b)})
    return layer


def keras_dense(W, b, activation=None):
    import keras

    layer = keras.layers.Dense(W.shape[1], activation=activation)
    model = keras.Sequential([keras.Input((len(W),)), layer])
    model.set_weights([W, b])
    return model


def test_importing_it_pulls_in_no_framework():
    code = (
        "import sys, course_utils.inversion; "
        "print({'torch', 'tensorflow', 'keras', 'scipy.optimize'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"


# --- reconstruct


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=25)
def test_a_linear_descent_ends_at_the_nearest_input(seed, d, m):
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(k, k)))[0] for k in (d, m))
    size = np.zeros((d, m))
    np.fill_diagonal(size, rng.uniform(1, 2, min(d, m)))
    W, b, x0 = left @ size @ right, rng.normal(size=m), rng.normal(size=(1, d))
    y = rng.normal(size=(3, d)) @ W + b
    rate = 0.5 * m / np.linalg.norm(W, 2) ** 2
    found = reconstruct((W, b), y, x0, learning_rate=rate, steps=300, tolerance=1e-10)
    assert found.converged.all()
    want = x0 + (y - b - x0 @ W) @ np.linalg.pinv(W)
    assert np.allclose(found.inputs, want, atol=1e-8)
    assert np.allclose(found.outputs, y, atol=1e-9)


@pytest.mark.parametrize(
    ("share", "shrinks"), [(0.999, True), (1.001, False)], ids=["below", "above"]
)
def test_the_bound_on_the_rate_holds_from_both_sides(affine, share, shrinks):
    W, b = affine
    rate = share * 2 / np.linalg.norm(W, 2) ** 2
    found = reconstruct(
        (W, b), [[1.0, -1.0]], np.zeros((1, 4)), learning_rate=rate, steps=3000, tolerance=0
    )
    assert (found.losses[-1] < found.losses[0]).all() == shrinks
    assert len(found.losses) == 3001


@pytest.mark.parametrize("kind", ["pair", "torch", "keras"])
def test_a_target_takes_the_same_steps_in_a_batch_as_alone(affine, kind):
    W, b = affine
    function = {"pair": lambda W, b: (W, b), "torch": torch_linear, "keras": keras_dense}[kind]
    function = function(W, b)
    rng = np.random.default_rng(1)
    y, x0 = rng.normal(size=(5, 2)), rng.normal(size=(5, 4))
    together = reconstruct(function, y, x0, learning_rate=0.1)
    for k in range(5):
        alone = reconstruct(function, y[[k]], x0[[k]], learning_rate=0.1)
        assert together.steps[k] == alone.steps[0]
        assert np.allclose(together.inputs[k], alone.inputs[0], atol=1e-6)
        assert np.allclose(
            together.losses[: alone.steps[0] + 1, k], alone.losses[:, 0], rtol=1e-3, atol=1e-9
        )


def test_the_rate_that_a_message_advises_is_that_of_the_target_which_diverged():
    # x**3 has the slope 3 at 1 and 300 at 10: the bound is 1 / 300**2
    for starts, lost in (([[1.0], [10.0]], 1), ([[10.0]], 0)):
        with pytest.raises(ValueError, match=f"target {lost} diverged .* which is 1.11111e-05"):
            reconstruct(lambda x: x**3, [[1.0], [1.0]], starts, learning_rate=0.01)


def test_three_ways_to_give_a_function_agree(affine):
    y, x0 = [[0.3, -0.2], [1.0, 2.0]], np.ones((1, 4))
    W, b = affine
    found = [
        reconstruct(function, y, x0, learning_rate=0.1)
        for function in ((W, b), torch_linear(W, b), keras_dense(W, b))
    ]
    for other in found[1:]:
        assert np.allclose(found[0].inputs, other.inputs, atol=1e-4)
        assert np.array_equal(found[0].steps, other.steps)
        assert other.inputs.dtype == np.float32


def test_a_converged_target_stays_where_it_is():
    found = reconstruct(([[1.0]], [0.0]), [[0.0], [9.0]], [[0.0005]], learning_rate=0.1)
    assert found.inputs[0, 0] == 0.0005
    assert found.steps.tolist()[0] == 0
    assert found.steps[1] > 10
    assert repr(found).startswith("Reconstruction of 2 of 2 targets")


def test_with_tolerance_0_only_an_exact_hit_converges():
    line = ([[1.0]], [0.0])
    found = reconstruct(line, [[0.0], [9.0]], [[0.0]], learning_rate=0.1, steps=3, tolerance=0)
    assert found.converged.tolist() == [True, False]
    assert found.steps.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("start", "loss", "steps"),
    [
        (10, "mse", 49_968),
        (10, "cross-entropy", 252),
        (10, "logits", 11),
        (-10, "cross-entropy", 510),
        (-10, "logits", 10),
    ],
)
def test_steps_through_a_sigmoid(start, loss, steps):
    found = reconstruct(
        ([[1.0]], [0.0]),
        [[0.1]],
        [[float(start)]],
        learning_rate=0.25,
        loss=loss,
        activation="sigmoid",
        steps=50_000,
    )
    assert found.steps[0] == steps
    assert found.outputs[0, 0] == pytest.approx(0.1, abs=1e-3)


@given(
    st.sampled_from([("mse", "linear"), *((loss, "sigmoid") for loss in LOSSES)]),
    st.lists(SMALL, min_size=1, max_size=3),
    st.floats(0.05, 0.95),
)
def test_slopes_are_those_of_the_loss(kind, row, target):
    z = np.array([row])
    y = np.full_like(z, target)
    _, slope = loss_and_slope(z, y, *kind)
    for j in range(z.shape[1]):
        move = 1e-6 * np.eye(z.shape[1])[[j]]
        up, down = (loss_and_slope(z + s * move, y, *kind)[0][0] for s in (1, -1))
        assert slope[0, j] == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("z", [-800.0, 800.0])
def test_far_from_0_neither_loss_nor_slope_overflows(z):
    with np.errstate(all="raise", under="ignore"):
        for loss in ("cross-entropy", "logits"):
            value, slope = loss_and_slope(np.array([[z]]), np.array([[0.1]]), loss, "sigmoid")
            assert np.isfinite([value[0], slope[0, 0]]).all()
            assert np.sign(slope[0, 0]) == np.sign(z)


def test_inputs_of_more_axes_and_a_function_of_tensors():
    def total(x):
        return x.sum(dim=(1, 2)).unsqueeze(1) ** 2

    found = reconstruct(total, [[4.0], [9.0]], np.full((1, 2, 3), 0.1), learning_rate=0.002)
    assert found.inputs.shape == (2, 2, 3)
    assert found.inputs.dtype == np.float64
    single = reconstruct(
        total, [[4.0]], np.full((1, 2, 3), 0.1, np.float32), learning_rate=0.002
    )
    assert single.inputs.dtype == np.float32
    assert np.allclose(found.inputs.sum(axis=(1, 2)), [2, 3], atol=1e-3)
    with pytest.raises(ValueError, match=r"which is 0\.25 at its start"):
        reconstruct(
            lambda x: x.sum(dim=(1, 2)).unsqueeze(1),
            [[1.0]],
            np.zeros((1, 2, 2)),
            learning_rate=3,
        )


def test_every_step_stays_within_the_bounds():
    seen = []

    def spy(x):
        seen.append(x.detach().numpy().copy())
        return x.sum(dim=1, keepdim=True)

    found = reconstruct(
        spy, [[1.0], [5.0]], [[0.5, 0.5]], learning_rate=0.4, bounds=(0, [1, 2]), steps=50
    )
    assert found.converged.tolist() == [True, False]
    assert np.allclose(found.inputs[1], [1, 2])
    assert all((x >= 0).all() and (x <= [1, 2]).all() for x in seen)


def test_a_module_is_left_as_it_was():
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(8, 1),
    )
    net[1].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():
        found = reconstruct(net, [[0.2]], np.zeros((1, 3)), learning_rate=0.1, steps=500)
    assert found.converged.all()  # dropout would shake it
    assert [part.training for part in net] == [True, False, True, True]
    assert all(weight.grad is None for weight in net.parameters())
    assert all(bool((value == before[name]).all()) for name, value in net.state_dict().items())


def test_start_and_targets_are_not_changed(affine):
    start, targets = np.ones((1, 4)), np.zeros((2, 2))
    reconstruct(affine, targets, start, learning_rate=0.1)
    assert (start == 1).all()
    assert not targets.any()


LINE = ([[2.0]], [0.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": [[np.nan]]}, "a target whose outputs are all nan asks for nothing"),
        ({"targets": [1.0]}, r"targets should have shape \(any, any\), got \(1,\)"),
        ({"targets": np.ones((0, 1))}, "targets should not be empty"),
        ({"targets": [[1.0, 2.0]]}, r"targets have shape \(1, 2\)"),
        ({"start": [[np.inf]]}, "start should be finite"),
        ({"start": [[1.0, 2.0]]}, r"x W \+ b takes .* \(count, 1\), got \(1, 2\)"),
        ({"start": [[1.0]] * 3}, r"start should have shape \(1, ...\) or \(1, ...\)"),
        ({"learning_rate": -1}, "learning_rate should be finite and at least 0"),
        ({"learning_rate": 3}, r"below m / sigma_max\^2, which is 0.25 at its"),
        ({"steps": -1}, "steps should be at least 0"),
        ({"loss": "mae"}, "loss should be one of mse, cross-entropy, logits"),
        ({"loss": "logits"}, "needs activation='sigmoid'"),
        ({"activation": "tanh"}, "'linear' or 'sigmoid', got 'tanh'"),
        ({"activation": "sigmoid"}, "a sigmoid never reaches 1"),
        ({"bounds": (0, [1, 2, 3])}, r"bounds should be a pair .* of shape \(1,\)"),
        ({"bounds": (5, 4)}, "the lowest at most the highest"),
        ({"bounds": (np.nan, 4)}, "the lowest at most the highest"),
        ({"bounds": (5, 6)}, "start should lie within the bounds"),
        ({"function": ([1.0], [0.0])}, r"W should have shape \(any, any\)"),
        ({"function": ([[np.nan]], [0.0])}, "W should be finite"),
    ],
)
def test_what_cannot_work_is_refused(changes, message):
    arguments = {"function": LINE, "targets": [[1.0]], "start": [[0.0]], "learning_rate": 0.1}
    arguments |= changes
    with pytest.raises(ValueError, match=message):
        reconstruct(arguments.pop("function"), **arguments)


@pytest.mark.parametrize("kind", ["mse", "cross-entropy", "logits"])
def test_an_output_may_be_free(affine, kind):
    W, b = affine
    options = {} if kind == "mse" else {"activation": "sigmoid", "loss": kind}
    y = np.array([[0.3, np.nan], [np.nan, 0.6]])
    found = reconstruct(affine, y, np.zeros((1, 4)), learning_rate=0.1, steps=3000, **options)
    assert found.converged.all()
    assert repr(found).endswith("steps, 2 of 4 outputs free")
    assert np.abs(found.outputs - y)[~np.isnan(y)].max() <= 1e-3
    for row, column in enumerate((0, 1)):  # as if the other output were not there
        alone = reconstruct(
            (W[:, [column]], b[[column]]), y[[row]][:, [column]], np.zeros((1, 4)),
            learning_rate=0.05, steps=3000, **options,
        )  # fmt: skip
        assert np.allclose(found.inputs[row], alone.inputs[0], atol=1e-9)


@pytest.mark.parametrize("kind", ["mse", "cross-entropy"])
def test_an_output_may_be_as_large_or_small_as_possible(affine, kind):
    W, _ = affine
    options = {} if kind == "mse" else {"activation": "sigmoid", "loss": kind}
    y = [[np.inf, np.nan], [np.nan, -np.inf]]
    box = (-1, 1)
    found = reconstruct(
        affine, y, np.zeros((1, 4)), learning_rate=1.0, steps=200, bounds=box, **options
    )
    assert not found.converged.any()
    assert (found.steps == 200).all()
    assert np.array_equal(found.inputs[0], np.sign(W[:, 0]))
    assert np.array_equal(found.inputs[1], -np.sign(W[:, 1]))
    assert (np.diff(found.losses, axis=0) <= 1e-12).all()


def test_a_class_of_a_softmax_is_asked_for_without_0_and_1():
    import keras
    import torch

    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense(5, activation="softmax")
    theirs = keras.Sequential([keras.Input((3, 3)), keras.layers.Flatten(), dense])
    ours = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(9, 5), torch.nn.Softmax(1))
    start, one_hot = np.zeros((1, 3, 3), np.float32), np.eye(5)[[3]]
    for model in (theirs, ours):
        with pytest.raises(
            ValueError, match=r"a softmax never reaches 0 .* inf for as large as"
        ):
            reconstruct(model, one_hot, start, learning_rate=5.0)
        wanted = np.where(one_hot == 1, 0.9, np.nan)
        found = reconstruct(model, wanted, start, learning_rate=5.0, steps=3000)
        assert found.converged.all()
        wanted = np.where(one_hot == 1, np.inf, np.nan)
        found = reconstruct(model, wanted, start, learning_rate=5.0, steps=300, bounds=(-1, 1))
        assert found.outputs[0].argmax() == 3


@pytest.mark.parametrize("target", [0.0, 1.0, 1.2, -0.1])
def test_a_model_that_ends_in_a_sigmoid_is_recognised(affine, target):
    import torch

    layer = torch_linear(*affine)
    models = [
        torch.nn.Sequential(layer, torch.nn.Sigmoid()),
        torch.nn.Sequential(layer, torch.nn.Sequential(torch.nn.Sigmoid())),
        keras_dense(*affine, activation="sigmoid"),
    ]
    for model in models:
        with pytest.raises(ValueError, match="a sigmoid never reaches"):
            reconstruct(model, [[0.5, target]], np.zeros((1, 4)), learning_rate=1)
        with pytest.raises(ValueError, match="leave that layer out"):
            reconstruct(
                model, [[0.5, 0.5]], np.zeros((1, 4)), learning_rate=1, activation="sigmoid"
            )
        found = reconstruct(model, [[0.5, 0.4]], np.zeros((1, 4)), learning_rate=1)
        assert found.converged.all()


def test_a_lost_gradient_is_said_so(affine):
    import torch

    model, layer = keras_dense(*affine), torch_linear(*affine)
    start, y = np.zeros((1, 4), np.float32), [[1.0, 1.0]]

    def without_grad(x):
        with torch.no_grad():
            return layer(x)

    for function in (
        without_grad,
        lambda x: layer(x.detach()),
        lambda x: layer(torch.ones(1, 4)),
    ):
        with pytest.raises(ValueError, match="no gradient reaches the input"):
            reconstruct(function, y, start, learning_rate=0.1)
    with pytest.raises(TypeError, match="give a Keras model itself"):
        reconstruct(
            lambda x: model.predict(x.detach().numpy(), verbose=0), y, start, learning_rate=0.1
        )


def test_a_model_that_ignores_its_input_has_no_gradient():
    import keras

    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.ops.stop_gradient(inputs))
    with pytest.raises(ValueError, match="no gradient reaches the input"):
        reconstruct(model, [[1.0, 1.0]], [[0.0, 0.0]], learning_rate=0.1)


def test_a_stateful_layer_is_refused_and_left_as_it_was():
    import keras

    layer = keras.layers.LSTM(4, stateful=True)
    inner = keras.Sequential([keras.Input(batch_shape=(1, 5, 3)), layer])
    outer = keras.Sequential([keras.Input(batch_shape=(1, 5, 3)), inner])
    x = np.ones((1, 5, 3), np.float32)
    inner(x)
    before = [np.array(state) for state in layer.states]
    assert np.any(before)
    for model in (inner, outer, layer):
        with pytest.raises(ValueError, match=r"is stateful.* stateful=False"):
            reconstruct(model, np.full((1, 4), 0.1), x, learning_rate=1.0)
        with pytest.raises(ValueError, match="is stateful"):
            sensitivity(model, x)
    assert all(map(np.array_equal, layer.states, before))


def test_tokens_have_no_gradient():
    import keras
    import torch

    nn, layers = torch.nn, keras.layers
    ids = np.zeros((1, 5), np.float32)
    ours = nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), nn.Linear(15, 2))
    theirs = keras.Sequential([keras.Input((5,)), layers.Embedding(10, 3), layers.LSTM(4)])
    for model in (ours, lambda x: ours(x), theirs):
        with pytest.raises(ValueError, match="start from embedding vectors"):
            sensitivity(model, ids)


def test_a_module_that_returns_more_than_a_tensor_is_told_what_to_give():
    import torch

    module = torch.nn.LSTM(3, 4, batch_first=True)
    with pytest.raises(TypeError, match=r"got tuple; .* lambda x: module\(x\)\[0\]\[:, -1\]"):
        sensitivity(module, np.zeros((1, 5, 3), np.float32))
    with pytest.raises(TypeError, match=r"bfloat16: give module\.float"):
        sensitivity(torch.nn.Linear(3, 2).bfloat16(), np.zeros((1, 3)))


# --- sensitivity


def test_sensitivity_of_a_line_is_its_weights(affine):
    W, b = affine
    inputs = np.random.default_rng(2).normal(size=(3, 4))
    for function in ((W, b), torch_linear(W, b), keras_dense(W, b)):
        assert np.allclose(sensitivity(function, inputs), W.T, atol=1e-6)
    s = sigmoid(inputs @ W + b)
    want = (s * (1 - s))[:, :, np.newaxis] * W.T
    assert np.allclose(sensitivity((W, b), inputs, activation="sigmoid"), want)


def test_sensitivity_of_an_lstm_is_its_slope():
    import torch

    torch.manual_seed(0)
    lstm = torch.nn.LSTM(2, 3, batch_first=True, dtype=torch.float64)
    inputs = np.random.default_rng(3).normal(size=(2, 4, 2))

    def last(x):
        return lstm(x)[0][:, -1]

    got = sensitivity(last, inputs)
    assert got.shape == (2, 3, 4, 2)
    for place in np.ndindex(4, 2):
        move = np.zeros_like(inputs)
        move[(slice(None), *place)] = 1e-6
        with torch.no_grad():
            up, down = (last(torch.tensor(inputs + s * move)).numpy() for s in (1, -1))
        assert np.allclose(
            got[(slice(None), slice(None), *place)], (up - down) / 2e-6, atol=1e-7
        )


@pytest.mark.parametrize(
    ("inputs", "activation", "message"),
    [
        ([[np.nan]], "linear", "inputs should be finite"),
        ([1.0], "linear", r"takes inputs of shape \(count, 1\), got \(1,\)"),
        (np.zeros((0, 1)), "linear", r"got \(0, 1\) and \(0, 1\)"),
        ([[1.0]], "relu", "'linear' or 'sigmoid', got 'relu'"),
    ],
)
def test_sensitivity_refuses(inputs, activation, message):
    with pytest.raises(ValueError, match=message):
        sensitivity(LINE, inputs, activation=activation)


def test_sensitivity_wants_a_row_of_outputs_for_each_row_of_inputs():
    with pytest.raises(ValueError, match=r"got \(1, 4\) and \(4,\)"):
        sensitivity(lambda x: x.sum(dim=0), np.zeros((1, 4)))


def test_a_network_that_has_become_nan_is_said_so():
    def lost(x):
        return x * np.nan

    with pytest.raises(ValueError, match="left the range of float64"):
        sensitivity(lost, [[1.0]])
    with pytest.raises(ValueError, match="left the range of float64"):
        reconstruct(lost, [[1.0]], [[1.0]], learning_rate=0.1)


# --- shut_gate


def box(bounds, d):
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    return np.broadcast_to(low, d).astype(float), np.broadcast_to(high, d).astype(float)


def check_answer(W, b, opening, bounds, got):
    """Verify an answer by itself: the input by running the gate, the proof by arithmetic."""
    low, high = box(bounds, len(W))
    if got.possible:
        assert got.certificate is None
        assert got.excess == 0
        assert (got.gate <= opening * (1 + 1e-6)).all()
        assert np.allclose(got.gate, sigmoid(got.input @ W + b))
        assert (got.input >= low).all()
        assert (got.input <= high).all()
        return
    assert got.input is None
    assert got.gate is None
    y = got.certificate
    assert (y >= 0).all()
    assert y.sum() == pytest.approx(1)
    # The smallest value of (W y) . x over the box, and what the demands allow.
    slope = W @ y
    slope[np.abs(slope) < 1e-9] = 0
    with np.errstate(invalid="ignore"):
        least = np.where(slope == 0, 0, np.minimum(slope * low, slope * high)).sum()
    gap = least + b @ y - logit(opening)
    assert gap == pytest.approx(got.excess, rel=1e-5)
    assert gap > 0


def test_one_unit_has_a_closed_form():
    W, b = np.array([[3.0], [4.0]]), np.array([0.5])
    got = shut_gate(W, b, opening=0.01)
    assert np.allclose(got.input, W[:, 0] * (logit(0.01) - 0.5) / 25)
    assert got.gate[0] == pytest.approx(0.01)
    # The shortest: any other input on the edge is longer.
    other = got.input + np.array([4.0, -3.0]) * 0.01
    assert sigmoid(other @ W + b)[0] == pytest.approx(0.01)
    assert np.linalg.norm(other) > np.linalg.norm(got.input)
    assert not shut_gate(W, [-10.0]).input.any()
    assert repr(got) == "ShutGate: possible, largest gate 0.01"


@given(
    st.integers(0, 10_000),
    st.integers(1, 5),
    st.integers(1, 12),
    st.sampled_from([None, (0, 1), (-2, 2)]),
)
@settings(max_examples=150)
def test_an_input_is_found_or_a_proof_that_there_is_none(seed, d, u, bounds):
    rng = np.random.default_rng(seed)
    W, b = 3 * rng.normal(size=(d, u)), rng.normal(size=u)
    check_answer(W, b, 0.05, bounds, shut_gate(W, b, opening=0.05, bounds=bounds))


@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 8))
@settings(max_examples=50)
def test_where_an_input_is_planted_one_is_found_that_is_no_larger(seed, d, u):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(d, u)), rng.uniform(0, 1, d)
    b = logit(0.01) - x @ W - rng.uniform(0, 1, u)
    got = shut_gate(W, b, bounds=(0, 1))
    assert got.possible
    assert np.abs(got.input).sum() <= np.abs(x).sum() + 1e-6


def test_with_no_more_units_than_inputs_it_is_always_possible():
    rng = np.random.default_rng(5)
    for _ in range(50):
        W, b = rng.normal(size=(4, 4)), rng.normal(size=4)
        assert shut_gate(W, b).possible


def test_the_certificate_names_the_units_that_contradict_each_other():
    W = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    got = shut_gate(W, np.zeros(3))
    assert got.certificate == pytest.approx([0.5, 0.5, 0])
    assert got.excess == pytest.approx(-logit(0.01))
    assert repr(got).startswith("ShutGate: impossible, 2 units of the gate prove it")


def test_a_unit_without_weights_is_shut_only_by_its_bias():
    assert shut_gate([[0.0]], [-9.0]).possible
    assert shut_gate([[0.0]], [0.0]).certificate == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"W": [1.0, 2.0]}, r"W should have shape \(any, any\), got \(2,\)"),
        ({"b": [0.0, 0.0]}, r"b should have shape \(1,\), got \(2,\)"),
        ({"W": [[np.inf]]}, "W should be finite"),
        ({"W": np.zeros((0, 1))}, "at least one input and one unit"),
        ({"opening": 0}, "strictly between 0 and 1"),
        ({"opening": 1}, "strictly between 0 and 1"),
        ({"bounds": (1, 0)}, "the lowest at most the highest"),
        ({"W": np.ones((3, 1)), "bounds": [(0, 1)] * 3}, r"bounds should be a pair"),
    ],
)
def test_shut_gate_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        shut_gate(**{"W": [[1.0]], "b": [0.0]} | changes)


# --- read_layers


@pytest.mark.parametrize("place", [None, 0, 1, 2])
@pytest.mark.parametrize("kind", ["register_forward_hook", "register_forward_pre_hook"])
def test_a_hook_anywhere_in_a_chain_is_refused(place, kind):
    import torch

    chain = [torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Dropout()]
    model = torch.nn.Sequential(*chain)
    assert len(read_layers(model)) == 1
    part = model if place is None else chain[place]
    getattr(part, kind)(lambda *_: None)
    with pytest.raises(TypeError, match="runs a hook"):
        read_layers(model)


def test_a_softplus_with_a_low_threshold_is_refused():
    import torch

    parts = [torch.nn.Linear(2, 2), torch.nn.Softplus(threshold=0.1)]
    with pytest.raises(TypeError, match=r"Softplus\(.*threshold=0\.1\) is none of"):
        read_layers(torch.nn.Sequential(*parts))


@pytest.mark.parametrize("kind", ["shrink", "threshold", "prelu", "channels"])
def test_a_layer_of_keras_that_only_looks_like_another_is_refused(kind):
    import keras

    layers = keras.layers
    last = {
        "shrink": lambda: layers.Activation(lambda z: keras.ops.hard_shrink(z, 0.3)),
        "threshold": lambda: layers.ReLU(threshold=0.3),
        "prelu": lambda: layers.Dense(2, activation=layers.PReLU()),
        "channels": lambda: layers.Flatten(data_format="channels_first"),
    }[kind]()
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2), last])
    with pytest.raises(TypeError, match=r"is none of|is a PReLU|moves the channels"):
        read_layers(model)


def test_a_model_of_two_outputs_is_no_chain():
    import keras

    start = keras.Input((2,))
    h = keras.layers.Dense(2)(start)
    end = keras.layers.Dense(2)(h)
    assert len(read_layers(keras.Model(start, end))) == 2
    with pytest.raises(TypeError, match="2 outputs"):
        read_layers(keras.Model(start, [end, h]))


# Functions that do not answer alike


def keeps_count_in_keras():
    """A layer that keeps a state, and is not called stateful."""
    import keras

    class Counting(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.count.assign_add(1.0)
            return x + self.count

    model = keras.Sequential([keras.Input((3,)), Counting(), keras.layers.Dense(2)])
    return model, lambda: model.layers[0].count.numpy()


def keeps_count_in_pytorch():
    import torch

    class Counts(torch.nn.Linear):
        def __init__(self):
            super().__init__(3, 2)
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            self.count += 1
            return super().forward(x) * self.count

    model = Counts()
    return model, lambda: model.count.item()


def in_training(kind, option):
    import torch

    torch.manual_seed(0)
    inside = torch.nn.Sequential(torch.nn.Linear(3, 2), getattr(torch.nn, kind)(option))
    return lambda x: inside(x), lambda: 0


@pytest.mark.parametrize(
    "make",
    [
        keeps_count_in_keras,
        keeps_count_in_pytorch,
        lambda: in_training("BatchNorm1d", 2),
        lambda: in_training("Dropout", 0.5),
    ],
)
def test_a_function_that_does_not_answer_alike_is_refused(make):
    function, state = make()
    before, start = state(), np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="the same row another output when it is run again"):
        reconstruct(function, np.full((2, 2), 0.1), start, learning_rate=0.1, steps=3)
    with pytest.raises(ValueError, match="the same row another output"):
        sensitivity(function, start)
    assert state() == before


def test_batch_norm_that_is_no_longer_in_training_is_taken():
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).eval()
    assert sensitivity(lambda x: model(x), np.zeros((2, 3), np.float32)).shape == (2, 2, 3)
