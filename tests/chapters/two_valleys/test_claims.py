"""What chapter 4 and its appendix page say, measured. The functions are the pages' own."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, live, training
from tests.chapters import Page
from tests.chapters.seeds import first_seeds

chapter, appendix = Page("04_two_valleys"), Page("A1_starts_and_rates")

TRIPLES, SUMS = data.all_digit_sums(3)
NUMBERS = st.floats(-3, 3, allow_subnormal=False)
CENTRED = {"less": 4.5, "sums_less": 13.5}


def jacobian(W, U, b, digits):
    """Derivatives of the output with respect to W, U and b, a row a sequence."""
    x1, x2, x3 = digits.T
    by_U = W * (2 * U * x1 + x2) + b * (1 + 2 * U)
    return np.stack([U**2 * x1 + U * x2 + x3, by_U, np.full(len(digits), 1 + U + U**2)], 1)


def lost(starts, digits=None, rate=0.01):
    """Say which starts, shape (networks, 3), the chapter's training takes to U < -1."""
    digits = chapter.stream if digits is None else digits
    return chapter.train(starts, digits, rate)[:, -1, 1] < -1


def on_the_ridge(W):
    return np.column_stack([W, -1 + 0 * W, 0 * W])


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_expected_loss_is_the_mean_over_all_triples(W, U, b):
    output = decoding.predict([[[W]], [[U]], [b]], TRIPLES)[:, 0]
    assert chapter.expected_loss(W, U, b) == pytest.approx(np.mean((output - SUMS) ** 2))
    assert appendix.loss((W, U, b)) == pytest.approx(np.mean((output - SUMS) ** 2))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_gradients_in_closed_form_are_those_of_the_triples(W, U, b):
    output = decoding.predict([[[W]], [[U]], [b]], TRIPLES)[:, 0]
    want = 2 * jacobian(W, U, b, TRIPLES).T @ (output - SUMS) / 1000
    weights = [np.array([weight]) for weight in (W, U, b)]
    got = np.ravel(chapter.gradients(weights, TRIPLES))
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-8)
    halves = [*weights[:2], 0.25 * weights[2], 0.75 * weights[2]]
    got = np.ravel(appendix.gradients(halves, TRIPLES))
    np.testing.assert_allclose(got, want[[0, 1, 2, 2]], rtol=1e-9, atol=1e-8)


@given(st.floats(-20, 20, allow_subnormal=False))
def test_the_profile_is_the_best_fit_and_the_floor_is_where_it_is_reached(U):
    inputs = jacobian(0.0, U, 0.0, TRIPLES)[:, [0, 2]]
    fit = np.linalg.lstsq(inputs, SUMS, rcond=None)[0]
    best = np.mean((inputs @ fit - SUMS) ** 2)
    assert chapter.profile(U) == pytest.approx(best, abs=1e-6)
    W, same, b = appendix.floor(U)
    assert same == U
    assert chapter.expected_loss(W, U, b) == pytest.approx(best, abs=1e-6)


def test_the_profile_has_no_bottom_on_the_left():
    U = -(10.0 ** np.linspace(0, 6, 500))
    heights = chapter.profile(U)
    assert heights[0] == pytest.approx(22)
    assert (np.diff(heights) < 0).all()
    assert (heights > 16.5).all()
    assert heights[-1] == pytest.approx(16.5, abs=1e-4)
    assert chapter.profile(1.0) == pytest.approx(0)
    assert chapter.profile(0.0) == pytest.approx(16.5)


@given(st.floats(-2, 2, allow_subnormal=False))
def test_the_first_push_is_the_formula_of_answer_3(W):
    slope = (
        chapter.expected_loss(W, -1 + 1e-5, 0) - chapter.expected_loss(W, -1 - 1e-5, 0)
    ) / 2e-5
    assert slope == pytest.approx(2 * W * (69 - 45 * W), abs=1e-4)


@given(st.floats(-3, 3, allow_subnormal=False), st.floats(-3, 3, allow_subnormal=False))
def test_without_an_input_weight_the_push_is_a_multiple_of_1_plus_twice_the_recurrent_one(U, b):
    _, push, _ = chapter.gradients([np.array([weight]) for weight in (0, U, b)], TRIPLES)
    want = 2 * b * (b * (1 + U + U**2) - 13.5) * (1 + 2 * U)
    assert push.item() == pytest.approx(want, abs=1e-8)


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_a_negative_start_is_saved_if_it_is_right_of_minus_a_half_in_time(seed):
    starts = on_the_ridge(np.sqrt(3) * np.linspace(-1, -0.05, 60))
    digits = np.random.default_rng(seed).integers(0, 10, (4000, 32, 3))
    batches = iter(digits)
    updates = training.adam(
        list(starts.T), lambda w: chapter.gradients(w, next(batches)), [0.01] * 1000
    )
    W, U, _ = np.array(list(updates)).transpose(1, 0, 2)
    passed = U[(W > 0).argmax(axis=0), range(60)]
    gone = lost(starts, digits)
    assert (passed > -1).all()  # so the ridge at -1 does not tell them apart
    assert passed[~gone].min() == pytest.approx(-0.5, abs=0.05)
    assert passed[gone].max() == pytest.approx(-0.5, abs=0.05)
    assert passed[~gone].min() > passed[gone].max()


def test_the_starts_of_answer_1_end_where_it_says():
    right = {
        W: live.descent(W, -1.0, live.LossSurface.RATE)[-1, 1] > 0 for W in (0.5, 1.7, -1, -1.5)
    }
    assert right == {0.5: False, 1.7: True, -1: False, -1.5: True}
    assert live.descent(1.29, -1.0, live.LossSurface.RATE)[-1, 1] < -1


def rules(W, lost):
    """For how many starts each rule is right: the first push goes left; all are lost."""
    pushed = (W > 0) & (W < 69 / 45)
    return (pushed == lost).mean(), lost.mean(), lost[pushed].all()


@pytest.mark.parametrize(
    ("rate", "better", "proves"),
    [(0.005, False, True), (0.01, False, True), (0.02, True, True), (0.05, True, False)],
)
def test_what_a_push_to_the_left_is_worth_depends_on_the_rate(rate, better, proves):
    W = np.sqrt(3) * np.linspace(-1, 1, 201)
    each_time = []
    for seed in (4, 5, 6):
        digits = np.random.default_rng(seed).integers(0, 10, (4000, 32, 3))
        push, trivial, always = rules(W, lost(on_the_ridge(W), digits, rate))
        assert (push > trivial) == better
        each_time.append(always)
    assert all(each_time) == proves


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("rate", "wins", "always", "low", "high"),
    [(0.01, 0, 20, 0.80, 0.92), (0.02, 16, 17, 0.61, 0.76), (0.05, 20, 13, 0.46, 0.61)],
)
def test_what_the_push_is_worth_on_twenty_other_streams(rate, wins, always, low, high):
    W = np.sqrt(3) * np.linspace(-1, 1, 201)
    streams = (
        np.random.default_rng(seed).integers(0, 10, (4000, 32, 3)) for seed in range(200, 220)
    )
    runs = np.array([rules(W, lost(on_the_ridge(W), digits, rate)) for digits in streams])
    push, trivial, each_time = runs.T
    # Another processor may turn a run that ends beside the ridge.
    assert (push > trivial).sum() == pytest.approx(wins, abs=wins % 20 > 0)
    assert each_time.sum() == pytest.approx(always, abs=always % 20 > 0)
    assert (trivial.min(), trivial.max()) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize(
    ("U", "rate", "fewest", "most"),
    [(0.5, 0.01, 0, 0), (0.5, 0.02, 0, 0), (0.5, 0.05, 1, 5), (0.5, 0.1, 15, 30)]
    + [(1, rate, 0, 0) for rate in (0.01, 0.02, 0.05, 0.1)],
)
def test_whether_a_start_cures_depends_on_the_rate(U, rate, fewest, most):
    W, _, zero = keras_starts(100).T
    for seed in (4, 5):
        digits = np.random.default_rng(seed).integers(0, 10, (4000, 32, 3))
        end = chapter.train(np.column_stack([W, zero + U, zero]), digits, rate)[:, -1]
        left = end[:, 1] < -1
        assert fewest <= left.sum() <= most
        np.testing.assert_allclose(end[~left], [[1, 1, 0]] * (~left).sum(), atol=0.05)


def test_the_comparison_of_the_rules_can_come_out_the_other_way():
    # With centred digits few are lost, and the trivial rule is the worse one.
    W = np.sqrt(3) * np.linspace(-1, 1, 51)
    digits = chapter.stream - 4.5
    push, trivial, _ = rules(W, lost(on_the_ridge(W), digits))
    assert push > trivial
    assert not rules(W, W < 0)[2]


@pytest.mark.parametrize(
    ("solution", "shift", "less", "want"),
    [
        ([1, 1, 0], 0, {}, [2.067, 16.53, 860.4]),
        ([1, 1, 4.5], 4.5, {"less": 4.5}, [1.378, 45.66, 467.5]),
        ([1, 1, 0], 4.5, CENTRED, [13.82, 18, 118.2]),
    ],
)
def test_the_curvatures_at_the_solution(solution, shift, less, want):
    J = jacobian(*solution, TRIPLES - shift)
    measured = np.linalg.eigvalsh(2 * J.T @ J / 1000)
    np.testing.assert_allclose(measured, want, rtol=1e-3)
    got = appendix.curvatures(np.array(solution, dtype=float), **less)
    np.testing.assert_allclose(got, measured, rtol=1e-4)


def test_the_centred_limit_is_the_closed_form():
    top = appendix.curvatures(np.array([1.0, 1, 0]), **CENTRED)[-1]
    assert top == pytest.approx(2 * 8.25 * (4 + np.sqrt(10)), rel=1e-5)
    assert 2 / top == pytest.approx(0.0169, abs=5e-5)


@pytest.mark.parametrize(
    ("mean", "curvature"), [(4.5, 860.3995), (0.0, 2 * 8.25 * (4 + np.sqrt(10)))]
)
def test_gradient_descent_converges_below_the_limit_and_not_above(mean, curvature):
    below, above = (
        appendix.loss(
            live.descent(1.001, 1.0, factor * 2 / curvature, 20_000, mean)[-1],
            less=4.5 - mean,
            sums_less=13.5 - 3 * mean,
        )
        for factor in (0.999, 1.001)
    )
    assert below < 1e-9
    assert above > 1e-4


@pytest.mark.parametrize("rate", [1e-3, 5e-4])
def test_a_run_in_the_left_valley_rests_where_the_curvature_is_2_over_the_rate(rate):
    rest = live.descent(0.5, -1.0, rate, 40_000)[-100:, 1].mean()
    assert appendix.curvatures(appendix.floor(rest))[-1] == pytest.approx(2 / rate, rel=0.05)
    elsewhere = appendix.curvatures(appendix.floor(rest - 0.3))[-1]
    assert elsewhere != pytest.approx(2 / rate, rel=0.05)


def test_the_curvature_across_the_left_valley_grows_like_the_fourth_power():
    tops = [appendix.curvatures(appendix.floor(U))[-1] for U in (-20.0, -40.0)]
    assert np.log2(tops[1] / tops[0]) == pytest.approx(4, abs=0.1)


@cache
def keras_starts(count):
    return np.array([chapter.keras_start(seed) for seed in first_seeds(count)])


def test_keras_starts_the_recurrence_at_plus_or_minus_one():
    W, U, b = keras_starts(40).T
    assert set(U) == {-1.0, 1.0}
    assert (np.abs(W) <= np.sqrt(3)).all()
    assert (b == 0).all()


def test_the_counts_of_the_open_exercise(held):
    W, coin, zero = keras_starts(100).T
    draw = np.random.default_rng(0).uniform(-np.sqrt(3), np.sqrt(3), 100)
    flip, drawn, one = (lost(np.column_stack([W, U, zero])) for U in (coin, draw, np.ones(100)))
    coins = held(
        4,
        "From Keras's default start, training ends in the left valley",
        flip,
        quote="and {held} of them ran down the wrong side",
    )
    ridge = held(
        4, "Training ends in the left valley only if U starts at −1", ~flip | (coin < 0)
    )
    draws = held(
        4,
        "With U drawn between −√3 and √3, training ends in the left valley",
        drawn,
        quote="{held} of {seeds} at $U < -1$",
    )
    ones = held(
        4,
        'With "identity", U = 1, training ends in the left valley',
        one,
        quote="{held} of {seeds} and",
    )
    assert (coins, ridge, draws, ones) == (38, 100, 23, 0)
    assert (coin < 0).sum() == 45


def test_the_proposals_for_practice(held):
    W, U, zero = keras_starts(100).T
    centred = chapter.stream - 4.5
    small, half, both = (
        appendix.lost(zero + 0.1, U, zero),
        appendix.lost(W, zero + 0.5, zero),
        appendix.lost(W, U, zero, digits=centred),
    )
    small = held(4, "A small positive W alone keeps training out of the left valley", ~small)
    half = held(
        4, "At rate 0.01 a start at U = 0.5 keeps training out of the left valley", ~half
    )
    both = held(4, "Centred digits and sums keep training out of the left valley", ~both)
    assert (small, half) == (55, 100)
    assert 80 <= both < 100


@pytest.mark.sweep
def test_keras_itself_ends_in_the_same_valley_for_40_seeds(held):
    starts = keras_starts(40)
    ours = chapter.train(starts)[:, -1]
    theirs = np.array([chapter.train_in_keras(seed) for seed in first_seeds(40)])
    same = (ours[:, 1] < -1) == (theirs[:, 1] < -1)
    agreed = held(4, "Keras's own layer ends in the same valley as our NumPy network", same)
    assert agreed == 40
    assert (theirs[starts[:, 1] == 1, 1] > 0).all()


@pytest.mark.sweep
def test_pytorch_itself_ends_in_the_same_valley_for_100_seeds(held):
    import torch

    starts = np.array([appendix.torch_start(seed) for seed in first_seeds(100)]).T
    ours = appendix.lost(*starts)

    # Sums of losses and an elementwise optimiser: 100 networks that do not see each other.
    training.seed_everything(0)
    W, U, first, second = (torch.tensor(row, requires_grad=True) for row in starts)
    optimiser = torch.optim.Adam([W, U, first, second], lr=0.01)
    for batch in torch.tensor(appendix.stream).double():
        h = torch.zeros(len(batch), 100, dtype=torch.float64)
        for x in batch.T:
            h = x[:, None] * W + first + h * U + second
        loss = ((h - batch.sum(1)[:, None]) ** 2).mean(0).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    same = (U.detach().numpy() < -1) == ours
    assert held(4, "PyTorch's training ends in the same valley as ours", same) == 100
