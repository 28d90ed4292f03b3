"""Exact inverses, layer by layer: what comes back, and what is refused and why."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.inversion import (
    DenseLayer,
    NotInvertible,
    exact_inverse,
    read_layers,
    rewind,
)

ACTIVATIONS = ["linear", "tanh", "sigmoid", "leaky_relu", "elu", "softplus", "softsign"]


def orthogonal(n, rng):
    Q, R = np.linalg.qr(rng.normal(size=(n, n)))
    return Q * np.sign(np.diag(R))


def stack(activations, n=4, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [
        DenseLayer(
            (0.7 * orthogonal(n, rng)).astype(dtype),
            rng.normal(scale=0.2, size=n).astype(dtype),
            activation,
            slope=0.1,
        )
        for activation in activations
    ]


def run(layers, x):
    for layer in layers:
        x = layer(x)
    return x


@given(
    st.lists(st.sampled_from(ACTIVATIONS), min_size=1, max_size=5),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_a_round_trip_returns_the_input(activations, n, seed):
    layers = stack(activations, n, seed)
    x = np.random.default_rng(seed).uniform(-1, 1, (3, n))
    np.testing.assert_allclose(exact_inverse(layers, run(layers, x)), x, rtol=0, atol=1e-8)


@given(st.integers(1, 6), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_time_run_backwards_returns_every_state(units, steps, seed):
    rng = np.random.default_rng(seed)
    U, W, b = orthogonal(units, rng), 0.3 * rng.normal(size=(2, units)), 0.1 * np.ones(units)
    x, h = rng.uniform(-1, 1, (3, steps, 2)), [rng.uniform(-0.5, 0.5, (3, units))]
    for t in range(steps):
        h.append(np.tanh(x[:, t] @ W + h[-1] @ U + b))
    states = np.stack(h, axis=1)
    np.testing.assert_allclose(rewind(h[-1], x, W, U, b), states, rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_time_runs_backwards_with_other_activations(activation):
    rng = np.random.default_rng(0)
    U, W, b = orthogonal(3, rng), rng.normal(size=(2, 3)), rng.normal(size=3)
    x, cell = rng.normal(size=(2, 4, 2)), DenseLayer(U, np.zeros(3), activation)
    h = [np.full((2, 3), 0.3)]
    for t in range(4):
        h.append(DenseLayer(U, b, activation)(h[-1] + x[:, t] @ W @ U.T))
    assert cell.W.shape == (3, 3)
    np.testing.assert_allclose(rewind(h[-1], x, W, U, b, activation), np.stack(h, 1), atol=1e-9)


def test_the_kind_is_the_wider_of_outputs_and_weights():
    layers = stack(["tanh"], dtype=np.float32)
    y = layers[0](np.full((1, 4), 0.3, np.float32))
    assert exact_inverse(layers, y).dtype == np.float32
    assert exact_inverse(layers, y.astype(float)).dtype == np.float64
    assert exact_inverse(stack(["tanh"]), y).dtype == np.float64
    only_in_float64 = DenseLayer(np.diag(np.float32([1, 1e-8])), np.zeros(2))
    assert exact_inverse([only_in_float64], np.ones((1, 2), np.float32)).dtype == np.float64


def test_what_comes_in_stays_as_it_was():
    layers = stack(ACTIVATIONS)
    y = run(layers, np.full((1, 4), 0.3))
    before = y.copy()
    exact_inverse(layers, y)
    np.testing.assert_array_equal(y, before)


def test_layers_do_not_change_with_the_model_they_were_read_from():
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    (layer,) = read_layers(model)
    before = [layer.W.copy(), layer.b.copy()]
    with torch.no_grad():
        for weight in model.parameters():
            weight += 1
    np.testing.assert_array_equal(layer.W, before[0])
    np.testing.assert_array_equal(layer.b, before[1])


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (DenseLayer(np.eye(2), activation="relu"), "layer 1 has the activation relu"),
        (DenseLayer(np.ones((2, 2))), "layer 1 is singular in float64: its rank is 1 of 2"),
        (DenseLayer(np.diag([1.0, 1e-17])), "singular"),
        (DenseLayer(np.zeros((2, 2)), name="the last"), "the last is singular.* 0 of 2"),
    ],
)
def test_a_layer_without_inverse_is_named_with_the_reason(layer, reason):
    with pytest.raises(NotInvertible, match=reason):
        exact_inverse([DenseLayer(np.eye(2)), layer], np.full((1, 2), 0.5))


def test_a_layer_that_is_not_square_is_refused():
    narrow, wide = DenseLayer(np.ones((3, 2))), DenseLayer(np.ones((2, 3)))
    with pytest.raises(NotInvertible, match="layer 0 is not square, 3 -> 2: many inputs"):
        exact_inverse([narrow], np.ones((1, 2)))
    with pytest.raises(NotInvertible, match="layer 0 is not square, 2 -> 3: most outputs"):
        exact_inverse([wide], np.ones((1, 3)))


def test_a_random_matrix_of_lower_rank_is_singular_at_any_size():
    rng = np.random.default_rng(0)
    for n in (5, 50, 200):
        W = rng.normal(size=(n, n - 1)) @ rng.normal(size=(n - 1, n))
        with pytest.raises(NotInvertible, match=f"rank is {n - 1} of {n}"):
            exact_inverse([DenseLayer(W)], np.ones((1, n)))


def test_singular_depends_on_the_precision_that_is_computed_in():
    W = np.diag([1.0, 1e-8]).astype(np.float32)
    layer = DenseLayer(W)
    np.testing.assert_allclose(exact_inverse([layer], [[1.0, 1e-8]]), [[1.0, 1.0]], rtol=1e-6)
    with pytest.raises(NotInvertible, match="singular in float32"):
        exact_inverse([layer], np.array([[1.0, 1e-8]], np.float32))


@pytest.mark.parametrize(
    ("activation", "value", "where"),
    [
        ("tanh", 1.0, "2 of 4 values are not inside the range of tanh, -1 to 1"),
        ("tanh", -1.5, "the furthest is -1.5"),
        ("sigmoid", 0.0, "2 of 4 values are not inside the range of sigmoid, 0 to 1"),
        ("sigmoid", 1.0, "the furthest is 1"),
    ],
)
def test_a_value_out_of_range_is_refused(activation, value, where):
    layer = DenseLayer(np.eye(2), activation=activation)
    with pytest.raises(NotInvertible, match=where) as caught:
        exact_inverse([layer], [[0.5, value], [value, 0.5]])
    assert "layer 0" in str(caught.value)


def test_a_saturated_float32_is_refused_and_float64_is_not():
    layer = DenseLayer(np.eye(1), activation="tanh")
    y = np.tanh(np.array([[12.0]]))
    assert exact_inverse([layer], y)[0, 0] == pytest.approx(12, abs=1e-4)
    single = DenseLayer(np.eye(1, dtype=np.float32), activation="tanh")
    with pytest.raises(NotInvertible, match="saturated in float32"):
        exact_inverse([single], y.astype(np.float32))


def test_an_inner_layer_is_named_where_the_trouble_is():
    layers = stack(["tanh", "linear", "tanh"])
    with pytest.raises(NotInvertible, match=r"layer 0: .* of tanh"):
        exact_inverse(layers, np.full((1, 4), 0.999999))


def test_an_overflow_is_refused():
    layer = DenseLayer(np.eye(1, dtype=np.float32) * np.float32(1e-30))
    with pytest.raises(NotInvertible, match="left the range of float32"):
        exact_inverse([layer], np.array([[1e30]], np.float32))


@pytest.mark.parametrize(
    ("y", "what"),
    [
        ([[np.nan, 1.0]], "y should be finite"),
        ([[np.inf, 1.0]], "y should be finite"),
        ([1.0, 2.0], r"y should have shape \(any, 2\), got \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"y should have shape \(any, 2\), got \(1, 3\)"),
    ],
)
def test_outputs_that_cannot_be_read_are_refused(y, what):
    with pytest.raises(ValueError, match=what):
        exact_inverse([DenseLayer(np.eye(2))], y)


def test_a_model_is_not_a_list_of_layers():
    import torch

    for layers in ([], torch.nn.Sequential(torch.nn.Linear(2, 2))):
        with pytest.raises(TypeError, match="read a model with read_layers"):
            exact_inverse(layers, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((np.ones(3),), "W should have shape"),
        ((np.eye(2), np.ones(3)), "b should have shape"),
        ((np.full((2, 2), np.nan),), "W should be finite"),
        ((np.eye(2), None, "gelu"), "activation should be one of"),
        ((np.eye(2), None, "leaky_relu", 0.0), "slope should be above 0"),
    ],
)
def test_a_layer_that_cannot_be_is_refused(arguments, what):
    with pytest.raises(ValueError, match=what):
        DenseLayer(*arguments)


def test_whole_numbers_are_computed_with_in_float64():
    layer = DenseLayer([[2, 0], [0, 4]], [1, 0])
    assert layer.W.dtype == layer.b.dtype == np.float64
    assert exact_inverse([layer], [[3, 2]]).tolist() == [[1.0, 0.5]]


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"U": np.ones((2, 2))}, NotInvertible, "U is singular"),
        ({"U": np.ones((1, 2))}, NotInvertible, "U is not square"),
        ({"h": [[1.0, 0.5]]}, NotInvertible, "step 3 of 3: 1 of 2 values"),
        ({"h": [[0.5, 0.5, 0.5]]}, ValueError, r"h should have shape \(any, 2\)"),
        ({"h": [[0.5, np.nan]]}, ValueError, "h should be finite"),
        ({"x": np.zeros((1, 3))}, ValueError, r"x should have shape \(1, any, 1\)"),
        ({"x": np.zeros((3, 1, 1))}, ValueError, r"x should have shape \(1, any, 1\)"),
        ({"x": np.full((1, 3, 1), np.nan)}, ValueError, "x should be finite"),
        ({"W": np.zeros((2, 2))}, ValueError, r"x should have shape \(1, any, 2\)"),
        ({"b": np.zeros(3)}, ValueError, "b should have shape"),
        ({"activation": "relu"}, ValueError, "activation should be"),
    ],
)
def test_rewind_refuses_what_it_cannot_do(change, error, what):
    good = {
        "h": [[0.5, 0.5]],
        "x": np.zeros((1, 3, 1)),
        "W": np.zeros((1, 2)),
        "U": np.eye(2),
        "b": np.zeros(2),
    }
    assert rewind(**good).shape == (1, 4, 2)
    with pytest.raises(error, match=what):
        rewind(**(good | change))


@pytest.mark.parametrize("double", [None, "h", "x", "W", "U", "b"])
def test_rewind_computes_in_the_widest_kind(double):
    shapes = {"h": (1, 2), "x": (1, 3, 1), "W": (1, 2), "U": (2, 2), "b": (2,)}
    arguments = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    arguments["U"] += np.eye(2, dtype=np.float32)
    if double:
        arguments[double] = arguments[double].astype(np.float64)
    assert rewind(**arguments).dtype == (np.float64 if double else np.float32)


def test_rewind_says_at_which_step_rounding_has_outgrown_the_numbers():
    rng = np.random.default_rng(0)
    U, W, b = orthogonal(8, rng), rng.normal(size=(2, 8)), np.zeros(8)
    x, h = rng.normal(size=(1, 60, 2)), np.zeros((1, 8))
    for t in range(60):
        h = np.tanh(x[:, t] @ W + h @ U)
    with pytest.raises(NotInvertible, match=r"step \d+ of 60: .*rounding errors"):
        rewind(h, x, W, U, b)


def test_a_sequential_of_pytorch_is_read():
    import torch

    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(
        nn.Linear(3, 3),
        nn.Tanh(),
        nn.Dropout(),
        nn.Linear(3, 3, bias=False),
        nn.LeakyReLU(0.2),
        nn.Identity(),
        nn.Linear(3, 3),
        nn.Sigmoid(),
    ).eval()
    layers = read_layers(model)
    assert [layer.activation for layer in layers] == ["tanh", "leaky_relu", "sigmoid"]
    assert layers[1].slope == 0.2
    assert layers[1].name == "layer 3 (Linear), layer 4 (LeakyReLU)"
    x = torch.rand(5, 3)
    y = model(x).detach().numpy()
    np.testing.assert_allclose(run(layers, x.numpy()), y, atol=1e-6)
    np.testing.assert_allclose(exact_inverse(layers, y), x.numpy(), atol=1e-3)


def test_a_sequential_of_keras_is_read():
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(3, "tanh"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, "leaky_relu", use_bias=False),
            keras.layers.Dense(3),
            keras.layers.LeakyReLU(0.4),
            keras.layers.Dense(3),
            keras.layers.Activation("sigmoid"),
            keras.layers.Dense(3),
            keras.layers.ReLU(negative_slope=0.5),
        ]
    )
    layers = read_layers(model)
    found = [(layer.activation, round(layer.slope, 3)) for layer in layers]
    assert found[0][0] == "tanh"
    assert found[1:3] == [("leaky_relu", 0.2), ("leaky_relu", 0.4)]
    assert found[3][0] == "sigmoid"
    assert found[4] == ("leaky_relu", 0.5)
    x = np.random.default_rng(0).uniform(-1, 1, (5, 3)).astype(np.float32)
    y = np.asarray(model(x))
    np.testing.assert_allclose(run(layers, x), y, atol=1e-6)
    np.testing.assert_allclose(exact_inverse(layers, y), x, atol=1e-2)


def test_relu_of_either_framework_is_read_and_then_refused():
    import keras
    import torch

    ours = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    theirs = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "relu")])
    for model, name in ((ours, r"layer 1 \(ReLU\)"), (theirs, r"layer 0 \(Dense\)")):
        with pytest.raises(NotInvertible, match=f"{name} has the activation relu"):
            exact_inverse(read_layers(model), np.ones((1, 2)))


def test_models_that_cannot_be_read_are_refused():
    import keras
    import torch

    nn, layers = torch.nn, keras.layers
    for model, error, what in (
        (3, TypeError, "wanted a Sequential .*, got builtins.int"),
        (nn.Linear(2, 2), TypeError, "wanted a Sequential"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)),
            TypeError,
            "layer 1 .* its scale dep",
        ),
        (
            nn.Sequential(nn.Conv1d(2, 2, 1)),
            TypeError,
            r"layer 0 \(Conv1d\).* a convolution is",
        ),
        (nn.Sequential(nn.MultiheadAttention(2, 1)), TypeError, "attention multiplies inputs"),
        (nn.Sequential(nn.LSTM(2, 2)), TypeError, "rewind"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)),
            TypeError,
            "keeps no running mean",
        ),
        (
            nn.Sequential(nn.Linear(2, 2), nn.Softplus(beta=2)),
            TypeError,
            r"its activation Softplus\(beta=2.* is none of",
        ),
        (nn.Sequential(nn.Tanh()), ValueError, "expected a dense layer before"),
        (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Tanh()), ValueError, "layer 2"),
        (nn.Sequential(nn.Identity()), TypeError, "with dense layers"),
        (keras.Sequential([layers.Dense(2)]), ValueError, "keras.Input"),
        (
            keras.Sequential([keras.Input((2,)), layers.Dense(2, "gelu")]),
            TypeError,
            "activation gelu is none of",
        ),
        (
            keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.ReLU(max_value=1)]),
            TypeError,
            "is none of",
        ),
    ):
        with pytest.raises(error, match=what):
            read_layers(model)


def residual(layers, keras):
    start = keras.Input((4,))
    return keras.Model(start, layers.Dense(4)(start) + start)


def reused(layers, keras):
    start, shared = keras.Input((4,)), layers.Dense(4, "tanh")
    return keras.Model(start, layers.Dense(4)(shared(shared(start))))


def two_heads(layers, keras):
    start = keras.Input((4,))
    return keras.Model(start, [layers.Dense(4)(start), layers.Dense(4)(start)])


def two_inputs(layers, keras):
    starts = [keras.Input((4,)), keras.Input((4,))]
    return keras.Model(starts, layers.Dense(4)(starts[0] * starts[1]))


def operation(layers, keras):
    start = keras.Input((4,))
    return keras.Model(start, keras.ops.exp(layers.Dense(4)(start)))


def scaled(layers, keras):
    start = keras.Input((4,))
    return keras.Model(start, layers.Dense(4)(2.0 * start))


def adapter(layers, keras):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4)])
    model.layers[0].enable_lora(2)
    return model


def own_call(layers, keras):
    class Twice(layers.Dense):
        def call(self, x):
            return super().call(2 * x)

    return keras.Sequential([keras.Input((4,)), Twice(4)])


def own_model(layers, keras):
    class Doubled(keras.Sequential):
        def call(self, x, training=None, mask=None):
            return 2 * super().call(x)

    return Doubled([keras.Input((4,)), layers.Dense(4)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (residual, "no chain of layers: at Add paths join"),
        (reused, "it uses a Dense twice"),
        (two_heads, "paths join or part"),
        (two_inputs, "paths join or part"),
        (operation, r"layer 2 \(Exp\) is neither"),
        (scaled, r"layer 1 \(Multiply\) is neither"),
        (adapter, r"layer 0 \(Dense\) has weights of its own, .*lora_kernel_a"),
        (own_call, "Twice has a call of its own"),
        (own_model, "Doubled has a call of its own"),
    ],
)
def test_a_model_of_keras_that_is_no_plain_chain_is_refused(make, message):
    import keras

    with pytest.raises(TypeError, match=message):
        read_layers(make(keras.layers, keras))


def test_a_model_of_pytorch_that_is_no_plain_chain_is_refused():
    import torch

    class Residual(torch.nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    class Linear(torch.nn.Linear):  # as an adapter is called
        def __init__(self):
            super().__init__(2, 2)
            self.lora = torch.nn.Parameter(torch.ones(2))

    class Layers(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [torch.nn.Linear(2, 2)]

    hooked = torch.nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    for model, message in (
        (Residual(torch.nn.Linear(2, 2)), "Residual has a forward of its own"),
        (torch.nn.Sequential(Linear()), "a weight of its own, lora"),
        (torch.nn.Sequential(hooked), "runs a hook"),
        (Layers(), "wanted a Sequential"),
    ):
        with pytest.raises(TypeError, match=message):
            read_layers(model)


@pytest.mark.filterwarnings("ignore")
def test_dense_weights_that_a_hook_computes_are_read_when_they_are_current():
    import torch

    def make():
        return torch.nn.Sequential(torch.nn.utils.weight_norm(torch.nn.Linear(3, 3)))

    torch.manual_seed(0)
    trained, loaded = make(), make()
    loaded.load_state_dict(trained.state_dict())
    with pytest.raises(ValueError, match="weight is out of date"):
        read_layers(loaded)
    x = torch.rand(2, 3)
    y = loaded(x).detach().numpy()
    np.testing.assert_allclose(run(read_layers(loaded), x.numpy()), y, atol=1e-6)


def test_chains_inside_chains_are_read_in_order():
    import keras
    import torch

    nn, layers = torch.nn, keras.layers
    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    ours = nn.Sequential(inner, nn.Linear(3, 3))
    x = np.random.default_rng(0).uniform(-1, 1, (2, 3)).astype(np.float32)
    y = ours(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(run(read_layers(ours), x), y, atol=1e-6)
    start = keras.Input((3,))
    part = keras.Sequential([keras.Input((3,)), layers.Dense(3, "tanh"), layers.Dense(3)])
    theirs = keras.Model(start, layers.Dense(3, "sigmoid")(part(layers.Dropout(0.5)(start))))
    found = read_layers(theirs)
    assert [layer.activation for layer in found] == ["tanh", "linear", "sigmoid"]
    np.testing.assert_allclose(run(found, x), np.asarray(theirs(x)), atol=1e-6)


@pytest.mark.parametrize("affine", [True, False])
def test_a_frozen_batch_norm_of_pytorch_is_folded(affine):
    import torch

    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(),
        nn.BatchNorm1d(4, affine=affine),
        nn.Linear(4, 4),
        nn.BatchNorm1d(4, affine=affine),
        nn.ELU(0.7),
        nn.BatchNorm1d(4, affine=affine),
        nn.AlphaDropout(),
        nn.Linear(4, 4),
        nn.Softplus(),
    )
    with torch.no_grad():
        for _ in range(20):
            model(3 * torch.randn(64, 4) + 1)  # moves the running means and variances
        for weight in model.parameters():
            weight += 0.1
    model.eval()
    layers = read_layers(model)
    assert [layer.activation for layer in layers] == ["linear", "elu", "linear", "softplus"][
        -len(layers) :
    ]
    x = torch.randn(5, 4)
    y = model(x).detach().numpy()
    np.testing.assert_allclose(run(layers, x.numpy()), y, atol=1e-5)
    np.testing.assert_allclose(exact_inverse(layers, y.astype(float)), x, atol=1e-3)


def test_a_frozen_batch_norm_of_keras_is_folded():
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((2, 2)),
            layers.Flatten(),
            layers.Dense(4),
            layers.BatchNormalization(scale=False),
            layers.Activation("softsign"),
            layers.GaussianDropout(0.5),
            layers.Dense(4, keras.layers.ELU(0.6)),
            layers.BatchNormalization(center=False),
        ]
    )
    rng = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([rng.uniform(0.5, 1.5, w.shape) * np.sign(rng.normal(size=w.shape))
                           if w.ndim > 1 else rng.uniform(0.5, 1.5, w.shape)
                           for w in layer.get_weights()])  # fmt: skip
    x = rng.normal(size=(5, 2, 2)).astype(np.float32)
    y = np.asarray(model(x))
    found = read_layers(model)
    assert [layer.activation for layer in found] == ["softsign", "elu", "linear"]
    assert found[1].slope == pytest.approx(0.6)
    np.testing.assert_allclose(run(found, x.reshape(5, 4)), y, atol=1e-5)
    np.testing.assert_allclose(
        exact_inverse(found, y.astype(float)), x.reshape(5, 4), atol=1e-3
    )


@pytest.mark.parametrize(
    ("activation", "value"),
    [("elu", -0.2), ("softplus", 0.0), ("softplus", -1.0), ("softsign", 1)],
)
def test_values_out_of_the_new_ranges_are_refused(activation, value):
    layer = DenseLayer(np.eye(1), activation=activation, slope=0.1)
    with pytest.raises(NotInvertible, match=f"not inside the range of {activation}"):
        exact_inverse([layer], [[value]])
