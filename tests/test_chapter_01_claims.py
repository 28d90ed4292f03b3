"""What chapter 1 says, measured. The functions are the chapter's own."""

import ast
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, training
from tests.chapters import ROOT
from tools.chapters import read

TARGET = 1.47e-4
SOURCE = (0.99675155, 1.00106668, 0.01110852)
EVERY, EVERY_SUM = data.all_digit_sums(3)
NUMBERS = st.floats(-2, 2, allow_subnormal=False)


def sources():
    """Source of every code cell of the chapter."""
    notebook = read(ROOT / "notebooks" / "01_linear_rnn_sum.md")
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def cell(part):
    """Source of the one code cell that holds a piece of text."""
    (found,) = [source for source in sources() if part in source]
    return found


def chapter():
    """The chapter's functions and its data, without running the rest of it."""
    import keras

    names = {
        "np": np,
        "keras": keras,
        "data": data,
        "training": training,
        "decoding": decoding,
    }
    exec(cell("data.split("), names)
    for source in sources():
        functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
        exec(compile(ast.Module(functions, []), "<chapter>", "exec"), names)
    return names


@pytest.fixture(scope="module")
def c():
    return chapter()


def test_gradients_by_hand_are_the_slopes_of_the_loss(c):
    rng = np.random.default_rng(0)
    for weights in rng.normal(size=(5, 3, 1)):
        by_hand = c["gradients"](weights, c["x"], c["y"])
        assert np.allclose(by_hand, c["slopes"](weights), rtol=1e-5, atol=1e-5)


def test_a_middle_axis_trains_each_network_as_if_it_were_alone(c):
    starts = np.random.default_rng(1).uniform(0, 1, (3, 4, 1))
    rates = np.full(30, 0.05)
    together = c["train_many"](starts, rates, batch=32)
    for k in range(4):
        assert np.allclose(together[:, k], c["train_many"](starts[:, k], rates, batch=32))


@given(W=NUMBERS, U=NUMBERS, b=NUMBERS)
def test_expected_loss_formula_is_the_loss_over_all_sequences(W, U, b):
    weights = [[[W]], [[U]], [b]]
    errors = decoding.predict(weights, EVERY)[:, 0] - EVERY_SUM
    coefficients, offset = decoding.normal_form(weights, 3)
    short = coefficients - 1
    formula = 8.25 * (short @ short) + (4.5 * short.sum() + offset) ** 2
    assert np.isclose((errors**2).mean(), formula, rtol=1e-9, atol=1e-9)


def test_the_valley_falls_towards_16_5_and_never_gets_there():
    losses = []
    for U in (-3.0, -10.0, -30.0, -100.0, -1000.0):
        powers = U ** np.array([2, 1, 0])
        W = powers.sum() / (powers @ powers)
        short = W * powers - 1
        losses.append(8.25 * (short @ short))  # b set to make the mean right
    assert all(a > b for a, b in pairwise(losses))
    assert losses[-1] > 16.5
    assert losses[-1] == pytest.approx(16.5, rel=2e-3)


@given(W=st.floats(0.01, 0.99), U=st.floats(0.01, 0.99))
def test_from_our_start_every_slope_points_the_same_way(W, U):
    step = 1e-6
    point = np.array([W, U, 0.0])

    def expected_loss(weights):
        errors = decoding.predict([[[weights[0]]], [[weights[1]]], [weights[2]]], EVERY)
        return ((errors[:, 0] - EVERY_SUM) ** 2).mean()

    for move in step * np.eye(3):
        assert expected_loss(point + move) < expected_loss(point - move)


@pytest.mark.parametrize("length", [3, 10, 30, 100, 300, 1000])
@pytest.mark.parametrize("U", [SOURCE[1], 1.0])
def test_mean_error_is_what_the_formula_says(c, length, U):
    W, b = SOURCE[0], SOURCE[2]
    coefficients, _ = decoding.normal_form([[[W]], [[U]], [b]], length)
    spread = np.sqrt(8.25 * ((coefficients - 1) ** 2).sum() / 2000)
    miss = c["measured_error"](W, U, b, length) - c["mean_error"](W, U, b, length)
    assert abs(miss) < 4 * spread + 1e-9


def test_error_is_quadratic_first_and_exponential_later(c):
    exact = c["mean_error"]
    assert exact(*SOURCE, 100) / exact(*SOURCE, 30) == pytest.approx((100 / 30) ** 2, rel=0.15)
    assert c["small_error"](*SOURCE, 100) == pytest.approx(exact(*SOURCE, 100), rel=0.05)
    assert exact(*SOURCE, 3000) > 3 * c["small_error"](*SOURCE, 3000)
    growth = exact(*SOURCE, 12_000) / exact(*SOURCE, 11_000)
    assert growth == pytest.approx(SOURCE[1] ** 1000, rel=0.01)


def test_the_largest_step_is_the_edge_of_stability(c):
    from tests.chapters import solution

    limit = solution("linear_rnn_sum", "largest_step")(EVERY)
    assert limit == pytest.approx(0.002325, rel=1e-3)

    def distance(step):
        weights = np.array([[1.001], [1.001], [0.001]])
        for _ in range(2000):
            weights = weights - step * c["gradients"](weights, EVERY, EVERY_SUM)
        return np.abs(weights[:, 0] - [1, 1, 0]).max()

    assert distance(0.98 * limit) < 1e-3
    with np.errstate(over="ignore", invalid="ignore"):
        assert not distance(1.02 * limit) < 1e-2


def test_acc_scores_four_in_a_thousand_for_exact_weights(c):
    model = c["build"]("ones", "ones")
    model.compile(loss="mse", metrics=["acc"])
    scores = model.evaluate(
        data.as_scalars(EVERY), EVERY_SUM[:, np.newaxis], verbose=0, return_dict=True
    )
    assert scores["loss"] == 0
    assert scores["acc"] == pytest.approx(0.004)
    assert np.isin(EVERY_SUM, [0, 1]).sum() == 4


@pytest.fixture(scope="module")
def default_start(c):
    return np.array([c["keras_start"](seed) for seed in range(20)]).T[:, :, np.newaxis]


def test_keras_starts_the_recurrent_weight_at_plus_or_minus_one(default_start):
    assert np.array_equal(np.abs(default_start[1]).round(6), np.ones((20, 1)))
    assert (default_start[1] < 0).sum() == 6
    assert not default_start[2].any()


@pytest.fixture(scope="module")
def tutorial_losses(c, default_start):
    trained = c["train_many"](default_start, np.full(10_000, 0.001), batch=4)
    return c["loss"](trained, c["x_val"], c["y_val"])


def test_ten_of_twenty_default_starts_succeed(held, default_start, tutorial_losses):
    W, U = default_start[:2, :, 0]
    good = tutorial_losses <= TARGET
    reached = held(1, "From Keras's default start, training reaches the tutorial's loss", good)
    failed = held(
        1,
        "From a default start, training stays above a loss of 16.5 if U starts at −1, and else "
        "ends below it",
        (tutorial_losses > 16.5) == (U < 0),
    )
    decided = held(
        1,
        "Which default starts reach the tutorial's loss is told by their signs: U at +1 and W "
        "above 0",
        good == ((U > 0) & (W > 0)),
    )
    assert (reached, failed, decided) == (10, 20, 20)


def test_the_start_decides_and_not_the_rates(held, c, default_start):
    slow, falling = np.full(10_000, 0.001), 0.05 * (1 + np.cos(np.pi * np.arange(750) / 750))
    ours = np.array(
        [np.random.default_rng(0).uniform(0, 1, 20), np.full(20, 0.5), np.zeros(20)]
    )

    def good(start, rates, batch):
        trained = c["train_many"](start, rates, batch)
        return c["loss"](trained, c["x_val"], c["y_val"]) <= TARGET

    start_alone = held(
        1,
        "From our start, with the tutorial's rates and batches, training reaches its loss",
        good(ours[:, :, np.newaxis], slow, 4),
        quote="the count of {held} out of {seeds} covers the rest",
    )
    rates_alone = held(
        1,
        "From Keras's default start, with our rates and batches, training reaches that loss",
        good(default_start, falling, 32),
    )
    assert (start_alone, rates_alone) == (20, 10)
    assert good(ours[:, :, np.newaxis], falling, 32).all()
    assert good(default_start, slow, 4).sum() == 10


def test_exercise_5_only_large_starts_escape(c):
    W = np.linspace(-2, 2, 41).round(1)
    ends = {}
    for U in (-1.0, 1.0):
        starts = np.array([W, np.full(41, U), np.zeros(41)])[:, :, np.newaxis]
        trained = c["train_many"](starts, np.full(10_000, 0.001), batch=4)
        ends[U] = trained[1, :, 0], c["loss"](trained, c["x_val"], c["y_val"])
    U_end, losses = ends[-1.0]
    assert W[U_end > 0].tolist() == [-2.0, -1.9, 1.9, 2.0]
    assert (U_end[U_end < 0] < -1.7).all()
    assert (losses[U_end < 0] > 20).all()
    assert (ends[1.0][0] > 0).all()


@pytest.mark.sweep
def test_our_training_reaches_the_published_loss_from_twenty_seeds(held):
    losses = []
    for seed in range(20):
        names = chapter()
        training.seed_everything(seed)
        for part in ("model = build(", "keras.optimizers.Adam(", "model.fit("):
            exec(cell(part), names)
        losses.append(names["val_loss"][-1])
    print("largest of 20 validation losses:", max(losses))
    good = np.array(losses) <= TARGET
    assert (
        held(1, "Our training in Keras, from our start, reaches the tutorial's loss", good)
        == 20
    )


@pytest.mark.sweep
def test_keras_fails_on_the_seeds_on_which_our_numpy_training_fails(held, c, tutorial_losses):
    x, x_val = data.as_scalars(c["x"]), data.as_scalars(c["x_val"])
    losses = []
    for seed in range(20):
        training.seed_everything(seed)
        model = c["build"]("glorot_uniform", "orthogonal")
        model.compile("adam", loss="mse", steps_per_execution=1_000)
        model.fit(x, c["y"], batch_size=4, epochs=5, verbose=0)
        losses.append(model.evaluate(x_val, c["y_val"], batch_size=2000, verbose=0))
    print("Keras:", np.array(losses), "NumPy:", tutorial_losses, sep="\n")
    same = (np.array(losses) <= TARGET) == (tutorial_losses <= TARGET)
    assert (
        held(1, "Keras gives the same verdict on a default start as our NumPy code", same) == 20
    )
