"""What chapter 8 and its appendix page say, measured. The functions are the pages' own."""

from math import ceil, exp, log, log2, sqrt

import numpy as np
import pytest

from course_utils import data, training
from course_utils.inversion import reconstruct
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

chapter, appendix = Page("08_input_reconstruction"), Page("A5_epochs_of_a_line")
DRAWS = [appendix.noisy_line(seed) for seed in SEEDS]


def fitted(seed):
    return np.polyfit(*appendix.noisy_line(seed), 1)


# ---- three digits


def starts(seed, length=3, count=10_000, low=0, high=9):
    return np.random.default_rng(seed).uniform(low, high, (count, length))


def slopes(weights, target=15):
    return lambda now: [chapter.input_slopes(weights, now[0], target)]


def descended(first, weights=None, target=15):
    """Return where plain descent ends, at a rate of half the bound, so within a step."""
    weights = weights or chapter.adder
    W, U, _ = weights
    v = W * U ** np.arange(first.shape[1] - 1.0, -1, -1)
    run = training.gradient_descent([first], slopes(weights, target), 0.5 / (v @ v), 3)
    *_, (ends,) = run
    return ends, v


def by_adam(weights):
    *_, (end,) = training.adam([np.zeros((1, 3))], slopes(weights), [0.01] * 3000)
    return end


def test_the_run_by_hand_and_the_descent_from_there():
    for start, end in (([0, 0, 0], [5, 5, 5]), ([9, 0, 0], [11, 2, 2])):
        missing = (15 - sum(start)) / 3
        assert [digit + missing for digit in start] == end
        found = chapter.digits_for(15, np.array([start], float))
        assert np.abs(found - end).max() < 0.05
    assert chapter.add([1, 1, 0], np.array([[9, 4, 2]])).item() == 15


@pytest.mark.parametrize("length", [2, 3, 10])
@pytest.mark.parametrize("target", [0, 15, 27])
def test_one_direction_is_used_up_and_the_spread_says_so(length, target):
    for seed in range(5):
        first = starts(seed, length)
        ends, v = descended(first, target=target)
        assert np.allclose(chapter.add(chapter.adder, ends), target)
        left = chapter.spread(ends) / chapter.spread(first)
        assert left == pytest.approx(sqrt((length - 1) / length), abs=0.02)
        along = np.outer(v, v) / (v @ v)
        assert np.allclose((ends - first) @ (np.eye(length) - along), 0)


def test_starts_along_the_weights_alone_lose_all_spread():
    """Where the starts differ only in what the sum sees, the start decides nothing."""
    _, v = descended(starts(0))
    first = np.outer(np.random.default_rng(0).uniform(-9, 9, 1000), v)
    ends, _ = descended(first)
    assert chapter.spread(ends) < 1e-9 < chapter.spread(first)


def test_the_end_is_the_input_nearest_to_the_start():
    ends, v = descended(starts(1))
    across = np.random.default_rng(2).normal(size=ends.shape)
    across -= np.outer(across @ v, v) / (v @ v)  # other inputs with the same output
    assert np.allclose(chapter.add(chapter.adder, ends + across), 15)
    assert (
        np.linalg.norm(ends + across - starts(1), axis=1)
        > np.linalg.norm(ends - starts(1), axis=1)
    ).all()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.35])
def test_a_step_multiplies_what_is_missing_by_the_predicted_factor(rate):
    first, v = starts(0, count=5), descended(np.zeros((1, 3)))[1]
    assert v @ v == pytest.approx(3, abs=0.02)
    before, after = (
        15 - chapter.add(chapter.adder, chapter.digits_for(15, first, steps, rate))
        for steps in (4, 5)
    )
    assert np.allclose(after / before, 1 - 2 * rate * v @ v)
    assert (np.abs(after) < np.abs(before)).all() == (rate < 1 / 3)


def test_the_number_of_triples_with_the_sum():
    _, sums = data.all_digit_sums(3)
    assert (sums == 15).sum() == 73


@pytest.mark.parametrize("m", [1, 2, 3])
def test_more_outputs_leave_less_to_the_start(m):
    for seed in range(5):
        first = starts(seed)
        targets = [[4, 6, 15][3 - m :]] * len(first)
        found = reconstruct(
            (chapter.V[:, 3 - m :], np.zeros(m)),
            targets,
            first,
            learning_rate=0.15 * m,
            steps=300,
        )
        left = chapter.spread(found.inputs) / chapter.spread(first)
        assert left == pytest.approx(sqrt(1 - m / 3), abs=0.02)
    states = np.array([4, 2, 9]) @ chapter.V
    assert np.abs(states - [4, 6, 15]).max() < 0.05


def test_adam_finds_another_input_than_plain_descent():
    first, forgets = np.zeros((1, 3)), [1.0, 0.5, 0.0]
    ends, v = descended(first, forgets)
    assert np.allclose(ends, 15 * v / (v @ v))
    assert np.allclose(by_adam(forgets), 15 / v.sum(), atol=1e-3)
    # For the adder, whose digits count alike, the two agree.
    alike, _ = descended(first)
    assert np.allclose(by_adam(chapter.adder), alike, atol=0.01)


# ---- a line


def test_twenty_data_sets_give_the_published_line_and_input():
    lines = np.array([fitted(seed) for seed in SEEDS])
    answers = (100 - lines[:, 1]) / lines[:, 0]
    assert np.abs(lines.mean(axis=0) - [0.4, -25]).max() < 1
    assert np.abs(lines[:, 0] - 0.4).max() < 0.02
    assert np.abs(lines[:, 1] + 25).max() < 7
    assert 303 < answers.min() < 306
    assert 315 < answers.max() < 318


def test_with_a_hundred_times_the_points_the_answers_agree():
    """The range comes from the number of points: with 10,000 of them it is a tenth."""
    lines = [np.polyfit(*appendix.noisy_line(seed, 10_000), 1) for seed in SEEDS]
    assert np.ptp([(100 - b) / W for W, b in lines]) < 2


def test_condition_number_is_near_the_prediction_for_twenty_data_sets():
    for seed in SEEDS:
        x, _ = appendix.noisy_line(seed)
        table = np.column_stack([x, np.ones(100)])
        kappa = np.linalg.cond(2 * table.T @ table / 100)
        assert 0.9e6 < kappa < 2.0e6
    exact = 2 * np.array([[1e6 / 3, 500], [500, 1]])
    assert np.linalg.cond(exact) == pytest.approx(1.33e6, rel=0.01)


def keras_start(seed=0):
    """Return W as Keras starts it and b at 0, for 20 draws."""
    start = np.zeros((20, 2, 1))
    start[:, 0, 0] = np.random.default_rng(seed).uniform(-sqrt(3), sqrt(3), 20)
    return start


def scaled(x_too, y_too, draws=DRAWS):
    """Return the draws with x, y, both or neither standardised."""
    return [
        (appendix.standard(x) if x_too else x, appendix.standard(y) if y_too else y)
        for x, y in draws
    ]


def slower_with_scaled_inputs(draws, start):
    """Say for which draws Adam takes longer if the inputs alone are standardised."""
    raw = appendix.adam(draws, start)[2]
    return (appendix.adam(scaled(True, False, draws), start)[2] > raw).ravel()


def with_small_outputs(shift):
    """Return the first five draws with a tenth of y, for short walks, and its mean moved."""
    return [(x, (y - shift * y.mean()) / 10) for x, y in DRAWS[:5]]


def test_scaling_the_inputs_alone_hurts_adam_where_it_makes_the_walk_longer():
    start = keras_start()[:5] / 10
    assert slower_with_scaled_inputs(with_small_outputs(0), start).all()
    # With outputs of mean 0 the same scaling shortens the walk, and the claim is false.
    assert not slower_with_scaled_inputs(with_small_outputs(1), start).any()


@pytest.mark.parametrize("which", [(False, False), (False, True), (True, True)])
def test_no_run_of_adam_is_shorter_than_its_walk(which):
    walk, _, epochs, _ = appendix.adam(scaled(*which), keras_start())
    assert (epochs >= walk).all()


def test_a_walk_is_no_bound_for_a_loose_rule_to_stop():
    H = 2 * np.array([[[1.0, 0.0], [0.0, 1.0]]])
    away = np.array([[[10.0], [1.0]]])
    tight, loose = (appendix.count_epochs(H, away, np.array([[near]])) for near in (1e-4, 30.0))
    assert tight[0].item() >= 10 / 0.001
    assert loose[0].item() < 10 / 0.001


def test_memory_adds_the_predicted_epochs_and_a_short_one_none():
    for y_too in (False, True):
        walk, predicted, epochs, short = appendix.adam(scaled(False, y_too), keras_start())
        assert np.median(epochs / predicted) == pytest.approx(1, abs=0.06)
        assert np.abs(epochs / predicted - 1).max() < 0.21
        # Without the memory the prediction is false, and the walk alone is nearly right.
        assert np.median(short / walk) == pytest.approx(1, abs=0.15)
        assert (epochs > 1.07 * walk).all()
        assert (short < 0.9 * predicted).mean() > 0.7
    assert np.median(epochs / walk) > 9


def test_from_w_at_0_the_same_walk_takes_a_quarter_of_the_epochs():
    pairs = scaled(False, True)
    walk, _, epochs, _ = appendix.adam(pairs, keras_start())
    walk_0, predicted_0, epochs_0, _ = appendix.adam(pairs, np.zeros((20, 2, 1)))
    assert np.median(walk_0) == pytest.approx(np.median(walk), rel=0.01)
    assert np.array_equal(predicted_0, walk_0)
    assert np.median(epochs_0) / np.median(epochs) == pytest.approx(0.23, abs=0.02)


def test_with_a_hundredth_of_x_the_way_has_a_corner():
    start = keras_start()
    walk, _, epochs, short = appendix.adam([(x / 100, y) for x, y in DRAWS], start)
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
def test_standardised_inputs_alone_make_adam_slower_for_twenty_draws(held):
    slower = slower_with_scaled_inputs(DRAWS, keras_start())
    later = held(8, "Standardising the inputs alone makes Adam slower", slower)
    assert later == 20
    assert slower_with_scaled_inputs(DRAWS, keras_start(1)).all()
    assert slower_with_scaled_inputs(DRAWS, np.zeros((20, 2, 1))).all()


@pytest.mark.sweep
def test_the_table_of_scales(held):
    """The medians that the page prints, and the walk as a bound on every run."""
    start, shortest = keras_start(), []
    for x_too, y_too, middle in (
        (False, False, 31_600),
        (True, False, 186_400),
        (False, True, 16_900),
        (True, True, 1_800),
    ):
        walk, _, epochs, _ = appendix.adam(scaled(x_too, y_too), start)
        assert np.median(epochs) == pytest.approx(middle, abs=60)
        shortest.append((epochs / walk).ravel())
    bound = held(
        8,
        "With x, y, both or neither standardised, Adam needs at least its walk over its rate",
        np.min(shortest, axis=0) >= 1,
    )
    assert bound == 20


@pytest.mark.sweep
def test_keras_trained_as_in_the_post_agrees_with_our_adam():
    import keras

    x, y = DRAWS[0]
    epochs = int(appendix.adam(DRAWS[:1], np.zeros((1, 2, 1)))[2].item())
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
    for seed in SEEDS:
        x, y = appendix.noisy_line(seed)
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
def test_contraction_factor_and_steps_of_the_descent(rate):
    for seed in SEEDS:
        W, b = fitted(seed)
        away = appendix.path(W, b, rate) - (100 - b) / W
        assert np.allclose(away[1:41] / away[:40], 1 - 2 * rate * W**2, rtol=1e-6)
        assert abs(away[-1]) < 0.01
    ideal = appendix.path(0.4, -25.0, rate)
    assert ideal[-1] == pytest.approx(312.5, abs=1e-3)
    assert (np.abs(ideal - 312.5) < 1).argmax() == {0.4: 42, 0.2: 87}[rate]
    assert (312.5 - ideal[11]) / (312.5 - ideal[10]) == pytest.approx(1 - 0.32 * rate)


def test_the_bound_on_the_rate_from_both_sides(held):
    change = np.empty((20, 2))
    for k, seed in enumerate(SEEDS):
        W, b = fitted(seed)
        for side, share in enumerate((0.999, 1.001)):
            away = appendix.path(W, b, share / W**2, 5000) - (100 - b) / W
            change[k, side] = abs(away[-1] / away[0])
            assert change[k, side] == pytest.approx(abs(1 - 2 * share) ** 5000, rel=1e-3)
    bound = held(
        8,
        "The reconstruction converges just below the predicted bound on the rate, and diverges "
        "just above it",
        (change[:, 0] < 1) & (change[:, 1] > 1),
    )
    assert bound == 20


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
        [check_several_outputs(seed) for seed in SEEDS],
    )
    assert kept == 20


def test_step_counts_through_the_sigmoid():
    counts = {
        ("squared error", 10): 49_968,
        ("cross-entropy", 10): 252,
        ("logits", 10): 11,
        ("squared error", -10): 443_330,
        ("cross-entropy", -10): 510,
        ("logits", -10): 10,
    }
    for (loss, z), steps in counts.items():
        assert chapter.steps_from(z, loss) == steps
    # The estimates by hand, from 10: a stall, a walk and a decay, and halvings.
    assert exp(10) / 0.45 == pytest.approx(49_968, rel=0.03)
    tail = log(0.1 / 0.001) / 0.0225
    assert 54 + tail == pytest.approx(252, rel=0.1)
    assert ceil(log2((10 + log(9)) / (0.001 / 0.09))) == 11


GRID = range(-10, 11)


def test_the_losses_differ_as_much_if_each_has_a_rate_of_its_own():
    def worst(loss, rate, most=30_000, starts=GRID):
        z, steps, going = np.array(starts, float), 0, True
        while steps < most:
            s = 1 / (1 + np.exp(-z))
            going = np.abs(s - 0.1) >= 1e-3
            if not going.any():
                return steps
            z = z - going * rate * chapter.slopes[loss](z, s)
            steps += 1
        return most

    tuned = {
        "squared error": (40, range(10, 121, 5), 2_773),
        "cross-entropy": (14, range(1, 21), 8),
        "logits": (0.5, np.arange(1, 10) / 10, 1),
    }
    for loss, (rate, rates, steps) in tuned.items():
        assert worst(loss, rate) == steps
        assert min(worst(loss, other) for other in rates) == steps
        at_all = [chapter.steps_from(z, loss, rate) for z in GRID]
        assert max(at_all) == steps
    assert worst("squared error", 60, starts=[1]) == 30_000
    assert worst("squared error", 60, starts=[z for z in GRID if z != 1]) == 13_580


def test_every_input_from_250_to_375_can_be_behind_an_output_of_100():
    x, y = appendix.noisy_line(1, 1_000_000)
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


def test_exercise_4_adam_hides_saturation_up_to_a_point():
    counts = {z: adam_steps(float(z))[0] for z in (10, 15, 20, 25, 30)}
    assert counts == {10: 217, 15: 58, 20: 349, 25: 9_556, 30: None}
    path = np.array(adam_steps(10.0)[1])
    assert path.min() == pytest.approx(-4.3, abs=0.05)
    assert (path < log(1 / 9)).argmax() == 44
    assert log(1.8 / 1e-8) == pytest.approx(19, abs=0.1)
    # From 15 it is within 0.001 as it passes; all other starts near it overshoot.
    near = {z: adam_steps(z)[0] for z in np.arange(9, 20.25, 0.25)}
    assert near.pop(15.0) == 58
    assert (near[14.75], near[15.25]) == (262, 267)
    assert min(near.values()) == 207
