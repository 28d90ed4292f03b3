"""What chapter 8 says, measured. The functions are the chapter's own."""

import ast
from itertools import count
from math import exp, log, sqrt

import numpy as np
import pytest

from course_utils import data
from course_utils.inversion import reconstruct
from tests.chapters import ROOT
from tools.chapters import read


@pytest.fixture(scope="module")
def c():
    """The chapter's functions, and the two cells of constants that they use."""
    names = {"np": np, "count": count}
    for cell in read(ROOT / "notebooks" / "08_input_reconstruction.md").cells:
        if cell.cell_type != "code":
            continue
        if "slopes = {" in cell.source:
            exec(cell.source, names)
        functions = [n for n in ast.parse(cell.source).body if isinstance(n, ast.FunctionDef)]
        exec(compile(ast.Module(functions, []), "<chapter>", "exec"), names)
    return names


def fitted(seed):
    x, y = data.noisy_line(100, seed=seed)
    return np.polyfit(x, y, 1)


def test_twenty_data_sets_give_the_published_line_and_input():
    lines = np.array([fitted(seed) for seed in range(20)])
    answers = (100 - lines[:, 1]) / lines[:, 0]
    assert np.abs(lines.mean(axis=0) - [0.4, -25]).max() < 1
    assert np.abs(lines[:, 0] - 0.4).max() < 0.02
    assert np.abs(lines[:, 1] + 25).max() < 7
    assert answers.mean() == pytest.approx(312.5, abs=3 * 4.3 / sqrt(20))
    # The chapter predicts 4.3; 20 draws estimate a spread to about 16%.
    assert answers.std(ddof=1) == pytest.approx(4.3, rel=0.35)


def test_the_standard_error_of_the_answer_over_many_data_sets():
    answers = [(100 - b) / W for W, b in map(fitted, range(2000))]
    away = (312.5 - 500) / (1000 / sqrt(12))
    predicted = 50 / sqrt(12) * sqrt((1 + away**2) / 100) / 0.4
    assert predicted == pytest.approx(4.3, abs=0.05)
    assert np.std(answers) == pytest.approx(predicted, rel=0.08)


def test_condition_number_is_near_the_prediction_for_twenty_data_sets():
    for seed in range(20):
        x, _ = data.noisy_line(100, seed=seed)
        table = np.column_stack([x, np.ones(100)])
        kappa = np.linalg.cond(2 * table.T @ table / 100)
        assert 0.9e6 < kappa < 2.0e6
    exact = 2 * np.array([[1e6 / 3, 500], [500, 1]])
    assert np.linalg.cond(exact) == pytest.approx(1.33e6, rel=0.01)


DRAWS = [data.noisy_line(100, seed=seed) for seed in range(20)]


def keras_start(seed=0):
    """Return W as Keras starts it and b at 0, for 20 draws."""
    start = np.zeros((20, 2, 1))
    start[:, 0, 0] = np.random.default_rng(seed).uniform(-sqrt(3), sqrt(3), 20)
    return start


def scaled(c, x_too, y_too, draws=DRAWS):
    """Return the draws with x, y, both or neither standardised."""
    return [
        (c["standard"](x) if x_too else x, c["standard"](y) if y_too else y) for x, y in draws
    ]


def slower_with_scaled_inputs(c, draws, start):
    """Say for which draws Adam takes longer if the inputs alone are standardised."""
    raw = c["adam"](draws, start)[2]
    return (c["adam"](scaled(c, True, False, draws), start)[2] > raw).ravel()


def with_small_outputs(shift):
    """Return the first five draws with a tenth of y, for short walks, and its mean moved."""
    return [(x, (y - shift * y.mean()) / 10) for x, y in DRAWS[:5]]


def test_scaling_the_inputs_alone_hurts_adam_where_it_makes_the_walk_longer(c):
    start = keras_start()[:5] / 10
    assert slower_with_scaled_inputs(c, with_small_outputs(0), start).all()
    # With outputs of mean 0 the same scaling shortens the walk, and the claim is false.
    assert not slower_with_scaled_inputs(c, with_small_outputs(1), start).any()


@pytest.mark.parametrize("which", [(False, False), (False, True), (True, True)])
def test_no_run_of_adam_is_shorter_than_its_walk(c, which):
    walk, _, epochs, _ = c["adam"](scaled(c, *which), keras_start())
    assert (epochs >= walk).all()


def test_a_walk_is_no_bound_for_a_loose_rule_to_stop(c):
    H = 2 * np.array([[[1.0, 0.0], [0.0, 1.0]]])
    away = np.array([[[10.0], [1.0]]])
    tight, loose = (c["count_epochs"](H, away, np.array([[near]])) for near in (1e-4, 30.0))
    assert tight[0].item() >= 10 / 0.001
    assert loose[0].item() < 10 / 0.001


def test_memory_adds_the_predicted_epochs_and_a_short_one_none(c):
    for y_too in (False, True):
        walk, predicted, epochs, short = c["adam"](scaled(c, False, y_too), keras_start())
        assert np.median(epochs / predicted) == pytest.approx(1, abs=0.06)
        assert np.abs(epochs / predicted - 1).max() < 0.21
        # Without the memory the prediction is false, and the walk alone is nearly right.
        assert np.median(short / walk) == pytest.approx(1, abs=0.15)
        assert (epochs > 1.07 * walk).all()
        assert (short < 0.9 * predicted).mean() > 0.7
    assert np.median(epochs / walk) > 9


def test_from_w_at_0_the_same_walk_takes_a_quarter_of_the_epochs(c):
    pairs = scaled(c, False, True)
    walk, _, epochs, _ = c["adam"](pairs, keras_start())
    walk_0, predicted_0, epochs_0, _ = c["adam"](pairs, np.zeros((20, 2, 1)))
    assert np.median(walk_0) == pytest.approx(np.median(walk), rel=0.01)
    assert np.array_equal(predicted_0, walk_0)
    assert np.median(epochs_0) / np.median(epochs) == pytest.approx(0.23, abs=0.02)


def test_with_a_hundredth_of_x_the_way_has_a_corner(c):
    start = keras_start()
    walk, _, epochs, short = c["adam"]([(x / 100, y) for x, y in DRAWS], start)
    corner = []
    for (x, y), W in zip(DRAWS, start[:, 0, 0], strict=True):
        best = np.polyfit(x / 100, y, 1)[1]
        climb = (y.mean() - W * x.mean() / 100) / (1 + x.mean() / 100)
        corner.append((climb + climb - best) / 0.001)
    assert np.allclose(short.ravel() / corner, 0.99, atol=0.01)
    assert np.allclose(epochs.ravel() / corner, 1.05, atol=0.02)
    assert (short > 1.9 * walk).all()


def plain_steps(x, y):
    """Return the steps from 0 at the best rate until the loss is within 0.1% of its best."""
    table = np.column_stack([x, np.ones(len(x))])
    low, high = np.linalg.eigvalsh(2 * table.T @ table / len(x))
    factor = (high - low) / (high + low)  # of either direction, up to its sign
    best = ((table @ np.linalg.lstsq(table, y, rcond=None)[0] - y) ** 2).mean()
    above = (y**2).mean() / best - 1
    return 1 if factor < 1e-9 else log(above / 0.001) / -2 / log(factor)


def test_for_plain_descent_the_inputs_decide_and_not_the_scale_of_the_outputs():
    for x, y in DRAWS:
        wide = (x - x.mean()) / x.std()
        assert 1e6 < plain_steps(x, y) < 6e6
        assert plain_steps(x, y / 100) == pytest.approx(plain_steps(x, y))
        assert plain_steps(wide, y) == plain_steps(wide, y / 100) == 1


@pytest.mark.sweep
def test_standardised_inputs_alone_make_adam_slower_for_twenty_draws(held, c):
    slower = slower_with_scaled_inputs(c, DRAWS, keras_start())
    later = held(
        8,
        "Standardising the inputs alone makes Adam slower",
        slower,
        quote="makes Adam *slower*, for {held} of {seeds} draws",
    )
    assert later == 20
    assert slower_with_scaled_inputs(c, DRAWS, keras_start(1)).all()
    assert slower_with_scaled_inputs(c, DRAWS, np.zeros((20, 2, 1))).all()


@pytest.mark.sweep
def test_the_table_of_scales(held, c):
    """The medians that the chapter prints, and the walk as a bound on every run."""
    start, shortest = keras_start(), []
    for x_too, y_too, middle in (
        (False, False, 31_600),
        (True, False, 186_400),
        (False, True, 16_900),
        (True, True, 1_800),
    ):
        walk, _, epochs, _ = c["adam"](scaled(c, x_too, y_too), start)
        assert np.median(epochs) == pytest.approx(middle, abs=60)
        shortest.append((epochs / walk).ravel())
    bound = held(
        8,
        "With x, y, both or neither standardised, Adam needs at least its walk over its rate",
        np.min(shortest, axis=0) >= 1,
    )
    assert bound == 20


@pytest.mark.sweep
def test_keras_trained_as_in_the_post_agrees_with_our_adam(c):
    import keras

    x, y = DRAWS[0]
    epochs = int(c["adam"](DRAWS[:1], np.zeros((1, 2, 1)))[2].item())
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile("adam", "mse", steps_per_execution=100)
    rows = np.tile(x[:, np.newaxis], (100, 1)), np.tile(y, 100)
    best = ((np.polyval(fitted(0), x) - y) ** 2).mean()

    def excess(more):
        """Train on the same 100 rows, a batch of all of them an update."""
        for _ in range(more // 100):
            model.fit(*rows, batch_size=100, epochs=1, shuffle=False, verbose=0)
        line = [float(weight.item()) for weight in model.get_weights()]
        return ((np.polyval(line, x) - y) ** 2).mean() / best - 1

    assert excess(epochs - 1000) > 0.001
    assert excess(1500) < 0.001


def test_one_step_on_standardised_inputs_is_least_squares(held):
    there = []
    for seed in range(20):
        x, y = data.noisy_line(100, seed=seed)
        scaled = (x - x.mean()) / x.std()
        start = np.random.default_rng(seed).normal(size=2) * 100
        table = np.column_stack([scaled, np.ones(100)])
        slope, height = start - 0.5 * 2 * table.T @ (table @ start - y) / 100
        line = [slope / x.std(), height - slope * x.mean() / x.std()]
        there.append(np.allclose(line, fitted(seed)))
    step = held(
        8, "On standardised inputs one step of descent goes straight to the minimum", there
    )
    assert step == 20


@pytest.mark.parametrize("rate", [0.2, 0.4])
def test_contraction_factor_and_steps_of_the_descent(c, rate):
    for seed in range(20):
        W, b = fitted(seed)
        away = c["descend"](W, b, 100, rate, 200) - (100 - b) / W
        assert np.allclose(away[1:41] / away[:40], 1 - 2 * rate * W**2, rtol=1e-6)
        assert abs(away[-1]) < 0.01
    ideal = c["descend"](0.4, -25.0, 100, rate, 200)
    assert ideal[-1] == pytest.approx(312.5, abs=1e-3)
    assert (np.abs(ideal - 312.5) < 1).argmax() == {0.4: 42, 0.2: 87}[rate]
    assert (312.5 - ideal[11]) / (312.5 - ideal[10]) == pytest.approx(1 - 0.32 * rate)


def test_the_bound_on_the_rate_from_both_sides(held, c):
    change = np.empty((20, 2))
    for seed in range(20):
        W, b = fitted(seed)
        for side, share in enumerate((0.999, 1.001)):
            away = c["descend"](W, b, 100, share / W**2, 5000) - (100 - b) / W
            change[seed, side] = abs(away[-1] / away[0])
            assert change[seed, side] == pytest.approx(abs(1 - 2 * share) ** 5000, rel=1e-3)
    bound = held(
        8,
        "The reconstruction converges just below the predicted bound on the rate, and diverges "
        "just above it",
        (change[:, 0] < 1) & (change[:, 1] > 1),
    )
    assert bound == 20


def test_a_mean_over_the_batch_divides_the_step():
    W, b = fitted(0)
    n, x = 10_000, 1.0
    exact = (350 - b) / W
    for _ in range(200):
        x -= 0.4 * 2 * W * (W * x + b - 350) / n
    left = (x - exact) / (1 - exact)
    assert left == pytest.approx((1 - 0.8 * W**2 / n) ** 200)
    assert left > 0.99


def check_several_outputs(seed):
    """Return whether descent ends at the pseudo-inverse and keeps the null space."""
    rng = np.random.default_rng(seed)
    V, shift = rng.normal(size=(5, 3)), rng.normal(size=3)
    x0, wish = rng.normal(size=(1, 5)), rng.normal(size=(1, 3))
    sigma = np.linalg.svd(V, compute_uv=False)
    k = (sigma[0] / sigma[-1]) ** 2
    rate, factor = 3 / (sigma[0] ** 2 + sigma[-1] ** 2), (k - 1) / (k + 1)
    steps = int(40 / -log(factor))
    found = reconstruct((V, shift), wish, x0, learning_rate=rate, steps=steps, tolerance=0)
    end = x0 + (wish - shift - x0 @ V) @ np.linalg.pinv(V)
    null = np.eye(5) - V @ np.linalg.pinv(V)
    kept = np.abs((found.inputs - x0) @ null).max() < 1e-10
    losses = found.losses[:, 0]
    late = steps // 3
    assert sqrt(losses[late + 1] / losses[late]) == pytest.approx(factor, rel=0.05)
    top = np.linalg.svd(V)[0][:, 0]
    for share in (0.999, 1.001):
        bound = 3 / sigma[0] ** 2
        run = reconstruct(
            (V, shift), wish, x0, learning_rate=share * bound, steps=1500, tolerance=0
        )
        change = abs((run.inputs - end)[0] @ top / ((x0 - end)[0] @ top))
        assert change == pytest.approx(abs(1 - 2 * share) ** 1500, rel=1e-3)
        assert (change < 1) == (share < 1)
    return kept and np.allclose(found.inputs, end, atol=1e-8)


def test_rate_limit_and_null_space_with_several_outputs(held):
    kept = held(
        8,
        "With more inputs than outputs, descent leaves what the output does not say where it "
        "started",
        [check_several_outputs(seed) for seed in range(20)],
    )
    assert kept == 20


def test_step_counts_through_the_sigmoid(c):
    counts = {
        ("squared error", 10): 49_968,
        ("cross-entropy", 10): 252,
        ("logits", 10): 11,
        ("squared error", -10): 443_330,
        ("cross-entropy", -10): 510,
        ("logits", -10): 10,
    }
    for (loss, z), steps in counts.items():
        assert c["measured_steps"](loss, z) == steps
        assert c["predicted_steps"](loss, z) == pytest.approx(steps, rel=0.015)
    for loss in c["slopes"]:
        for z in (-6, -3, 0, 3, 6):
            assert c["predicted_steps"](loss, z) == pytest.approx(
                c["measured_steps"](loss, z), rel=0.03
            )


def test_an_unreachable_target_runs_off_with_the_logarithm_of_the_steps():
    path = {}
    for loss, slope in (
        ("cross-entropy", lambda s: s - 1),
        ("squared error", lambda s: 2 * (s - 1) * s * (1 - s)),
    ):
        z = 0.0
        for step in range(1, 1_000_001):
            z -= 0.25 * slope(1 / (1 + exp(-z)))
            if step in (10_000, 100_000, 1_000_000):
                path[loss, step] = z
    for loss, growth in (("cross-entropy", log(10)), ("squared error", log(10) / 2)):
        early = path[loss, 100_000] - path[loss, 10_000]
        late = path[loss, 1_000_000] - path[loss, 100_000]
        assert early == pytest.approx(growth, abs=0.03)
        assert late == pytest.approx(growth, abs=0.01)
    assert path["cross-entropy", 100_000] == pytest.approx(log(25_000), abs=0.01)
    assert path["squared error", 100_000] == pytest.approx(log(100_000) / 2, abs=0.02)


def test_float32_stalls_completely_from_about_17():
    for z, stalled in ((16.0, False), (17.5, True)):
        s = np.float32(1) / (np.float32(1) + np.exp(np.float32(-z)))
        assert (s * (np.float32(1) - s) == 0) == stalled


def test_every_input_from_250_to_375_can_be_behind_an_output_of_100():
    x, y = data.noisy_line(1_000_000, seed=1)
    close = x[np.abs(y - 100) < 0.5]
    assert close.min() == pytest.approx(250, abs=2)
    assert close.max() == pytest.approx(375, abs=2)
    assert close.mean() == pytest.approx(312.5, abs=3)
    # Flat between its ends: each quarter holds about as many.
    share = np.histogram(close, bins=4, range=(250, 375))[0] / len(close)
    assert np.allclose(share, 0.25, atol=0.04)


def adam_steps(z, most=100_000):
    """Steps of Adam until the sigmoid is within 0.001 of 0.1, and the path."""
    mean = square = 0.0
    path = [z]
    for step in range(1, most + 1):
        s = 1 / (1 + exp(-z))
        if abs(s - 0.1) < 1e-3:
            return step - 1, path
        g = 2 * (s - 0.1) * s * (1 - s)
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        ahead, spread = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        z -= 0.25 * ahead / (sqrt(spread) + 1e-8)
        path.append(z)
    return None, path


def test_exercise_5_adam_hides_saturation_up_to_a_point():
    counts = {z: adam_steps(float(z))[0] for z in (10, 15, 20, 25, 30)}
    assert counts == {10: 217, 15: 58, 20: 349, 25: 9_556, 30: None}
    path = np.array(adam_steps(10.0)[1])
    assert path.min() == pytest.approx(-4.3, abs=0.05)
    assert 30 < (path < log(1 / 9)).argmax() < 50
    assert log(1.8 / 1e-8) == pytest.approx(19, abs=0.1)
    assert counts[15] < (15 - log(1 / 9)) / 0.25  # where slopes grow, a walk is no bound
