"""What chapter 4 says, measured. The functions are the chapter's own."""

import ast
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, training
from tests.chapters import ROOT
from tools.chapters import read

TRIPLES, SUMS = data.all_digit_sums(3)
NUMBERS = st.floats(-3, 3, allow_subnormal=False)
CENTRED = {"mean": 0.0, "target": 0.0}


@cache
def chapter():
    """The chapter's functions outside its exercises and their constants, nothing else run."""
    wanted = {"stream", "MEAN"}
    names = {"np": np, "data": data, "training": training, "partial": partial}
    for cell in read(ROOT / "notebooks" / "04_two_valleys.md").cells:
        if cell.cell_type != "code" or "nbgrader" in cell.metadata:
            continue
        kept = [
            statement
            for statement in ast.parse(cell.source).body
            if isinstance(statement, ast.FunctionDef)
            or (isinstance(statement, ast.Assign) and wanted & _targets(statement))
        ]
        exec(compile(ast.Module(kept, []), "<chapter>", "exec"), names)
    return names


def _targets(assignment):
    nodes = (node for target in assignment.targets for node in ast.walk(target))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def call(name, *args, **kwargs):
    return chapter()[name](*args, **kwargs)


def jacobian(W, U, b, digits):
    """Derivatives of the output with respect to W, U and b, a row a sequence."""
    x1, x2, x3 = digits.T
    by_U = W * (2 * U * x1 + x2) + b * (1 + 2 * U)
    return np.stack([U**2 * x1 + U * x2 + x3, by_U, np.full(len(digits), 1 + U + U**2)], 1)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_expected_loss_is_the_mean_over_all_triples(W, U, b):
    output = decoding.predict([[[W]], [[U]], [b]], TRIPLES)[:, 0]
    assert call("expected_loss", W, U, b) == pytest.approx(np.mean((output - SUMS) ** 2))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_gradients_in_closed_form_are_those_of_the_triples(W, U, b):
    output = decoding.predict([[[W]], [[U]], [b]], TRIPLES)[:, 0]
    want = 2 * jacobian(W, U, b, TRIPLES).T @ (output - SUMS) / 1000
    weights = np.array([W, U, b])
    np.testing.assert_allclose(call("expected_gradient", weights), want, rtol=1e-9, atol=1e-8)
    got = call("batch_gradient", weights[:, None], 0, digits=TRIPLES[None])[:, 0]
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-8)


@given(st.floats(-20, 20, allow_subnormal=False))
def test_the_profile_is_the_best_fit_and_the_floor_is_where_it_is_reached(U):
    inputs = jacobian(0.0, U, 0.0, TRIPLES)[:, [0, 2]]
    fit = np.linalg.lstsq(inputs, SUMS, rcond=None)[0]
    best = np.mean((inputs @ fit - SUMS) ** 2)
    assert call("profile", U) == pytest.approx(best, abs=1e-6)
    W, same, b = call("floor", U)
    assert same == U
    assert call("expected_loss", W, U, b) == pytest.approx(best, abs=1e-6)


def test_the_profile_has_no_bottom_on_the_left():
    U = -(10.0 ** np.linspace(0, 6, 500))
    heights = call("profile", U)
    assert heights[0] == pytest.approx(22)
    assert (np.diff(heights) < 0).all()
    assert (heights > 16.5).all()
    assert heights[-1] == pytest.approx(16.5, abs=1e-4)
    assert call("profile", 1.0) == pytest.approx(0)
    assert call("profile", 0.0) == pytest.approx(16.5)


def test_the_ridge_point_is_a_saddle():
    saddle = call("floor", -1.0)
    np.testing.assert_allclose(saddle, [1 / 3, -1, 12])
    np.testing.assert_allclose(call("expected_gradient", saddle), 0, atol=1e-12)
    curves = np.linalg.eigvalsh(call("hessian", saddle))
    assert curves[0] < -0.02
    assert (curves[1:] > 0.1).all()


@given(st.floats(-2, 2, allow_subnormal=False), st.floats(-10, 10, allow_subnormal=False))
def test_the_first_push_is_the_formula_of_answer_3(W, mean):
    slope = call("expected_gradient", np.array([W, -1, 0]), mean=mean, target=3 * mean)[1]
    assert slope == pytest.approx(2 * W * (8.25 * (1 - 3 * W) + mean**2 * (3 - W)), abs=1e-9)


@pytest.mark.parametrize(
    ("solution", "shift", "moments", "want"),
    [
        ([1, 1, 0], 0, {}, [2.067, 16.53, 860.4]),
        ([1, 1, 4.5], 4.5, {"mean": 0.0}, [1.378, 45.66, 467.5]),
        ([1, 1, 0], 4.5, CENTRED, [13.82, 18, 118.2]),
    ],
)
def test_the_curvatures_at_the_solution(solution, shift, moments, want):
    J = jacobian(*solution, TRIPLES - shift)
    measured = np.linalg.eigvalsh(2 * J.T @ J / 1000)
    np.testing.assert_allclose(measured, want, rtol=1e-3)
    got = np.linalg.eigvalsh(call("hessian", np.array(solution, dtype=float), **moments))
    np.testing.assert_allclose(got, measured, rtol=1e-6)


def test_the_centred_limit_is_the_closed_form():
    curves = np.linalg.eigvalsh(call("hessian", np.array([1.0, 1, 0]), **CENTRED))
    assert curves[-1] == pytest.approx(2 * 8.25 * (4 + np.sqrt(10)))
    assert 2 / curves[-1] == pytest.approx(0.0169, abs=5e-5)


@pytest.mark.parametrize(
    ("moments", "curvature"), [({}, 860.3995), (CENTRED, 2 * 8.25 * (4 + np.sqrt(10)))]
)
def test_gradient_descent_converges_below_the_limit_and_not_above(moments, curvature):
    gradient = partial(chapter()["expected_gradient"], **moments)
    start = np.repeat([[1.001], [1.0], [0.0]], 2, axis=1)
    factors = np.array([0.999, 1.001])
    end = call("descend", gradient, start, 20_000, rate=factors * 2 / curvature)[-1]
    below, above = call("expected_loss", *end, **moments)
    assert below < 1e-9
    assert above > 1e-4


def test_a_run_in_the_left_valley_rests_where_the_curvature_is_2_over_the_rate():
    start = np.array([[0.5], [-1.0], [0.0]])
    path = call("descend", chapter()["expected_gradient"], start, 20_000, rate=5e-4)
    rest = path[-100:, 1, 0].mean()
    top = np.linalg.eigvalsh(call("hessian", call("floor", rest)))[-1]
    assert rest < -3
    assert top == pytest.approx(2 / 5e-4, rel=0.02)


def test_a_rate_close_to_the_limit_throws_most_runs_out_of_the_left_valley():
    W = np.linspace(0.1, 1.5, 29)
    start = np.array([W, -np.ones(29), np.zeros(29)])
    gradient = chapter()["expected_gradient"]
    with np.errstate(over="ignore", invalid="ignore"):
        ends = {
            rate: call("descend", gradient, start, 20_000, rate=rate, keep=20_000)[-1, 1]
            for rate in (1e-3, 1.8e-3)
        }
    assert (ends[1e-3] < -2).all()
    assert (ends[1.8e-3] < -1).sum() < 29 / 2


def test_centred_sgd_leaves_the_left_valley_before_its_curvature_forbids_it():
    starts = keras_starts(100)
    plain, mean = chapter()["batch_gradient"], chapter()["MEAN"]
    fast = partial(plain, digits=chapter()["stream"] - mean)
    path = call("descend", fast, starts, 4000, rate=0.01)
    assert np.allclose(path[-1], [[1], [1], [0]], atol=0.05)
    furthest = path[:, 1].min()
    assert furthest < -1.1
    W = 1 / (furthest**2 - furthest + 1)
    there = call("hessian", np.array([W, furthest, 0.0]), **CENTRED)
    assert np.linalg.eigvalsh(there)[-1] < 2 / 0.01
    # Nine of the starts are enough to show it.
    few = starts[:, (starts[1] < 0) & (np.abs(starts[0] - 0.1) < 0.35)]
    digits = np.random.default_rng(4).integers(0, 10, (40_000, 32, 3)) - mean
    slow = partial(plain, digits=digits)
    end = call("descend", slow, few, 40_000, rate=0.001, keep=40_000)[-1]
    assert (end[1] < -1).sum() >= 3


def test_the_curvature_across_the_left_valley_grows_like_the_fourth_power():
    places = (-20.0, -40.0)
    tops = [np.linalg.eigvalsh(call("hessian", call("floor", U)))[-1] for U in places]
    assert np.log2(tops[1] / tops[0]) == pytest.approx(4, abs=0.1)


def test_adam_is_the_adam_of_keras():
    import keras

    rng = np.random.default_rng(0)
    slopes = rng.normal(size=(50, 3, 1)) * [[1.0], [10.0], [1e-3]]
    ours = call("adam", lambda weights, step: slopes[step], np.ones((3, 1)), 50, keep=50)[-1]
    variable = keras.Variable(np.ones((3, 1)), dtype="float64")
    optimiser = keras.optimizers.Adam(0.01)
    for slope in slopes:
        optimiser.apply([keras.ops.convert_to_tensor(slope)], [variable])
    np.testing.assert_allclose(ours, np.asarray(variable), rtol=1e-5)


@cache
def keras_starts(count):
    import keras

    chapter()["keras"] = keras
    return np.array([call("keras_start", seed) for seed in range(count)]).T


def test_keras_starts_the_recurrence_at_plus_or_minus_one():
    starts = keras_starts(40)
    assert set(starts[1]) == {-1.0, 1.0}
    assert (np.abs(starts[0]) <= np.sqrt(3)).all()
    assert (starts[2] == 0).all()


def test_the_counts_of_the_open_exercise(held):
    W, coin, zero = keras_starts(100)
    draw = np.random.default_rng(0).uniform(-np.sqrt(3), np.sqrt(3), 100)
    flip, drawn, one = (
        call("adam", chapter()["batch_gradient"], np.array([W, U, zero]), 4000)[-1, 1] < -1
        for U in (coin, draw, np.ones(100))
    )
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
    W, U, zero = keras_starts(100)
    plain = chapter()["batch_gradient"]
    centred = partial(plain, digits=chapter()["stream"] - chapter()["MEAN"])
    lost = [
        call("adam", gradient, np.array(start), 4000)[-1, 1] < -1
        for gradient, start in (
            (plain, [zero + 0.1, U, zero]),
            (plain, [W, zero + 0.5, zero]),
            (centred, [W, U, zero]),
        )
    ]
    small = held(4, "A small positive W alone keeps training out of the left valley", ~lost[0])
    half = held(4, "A start at U = 0.5 keeps training out of the left valley", ~lost[1])
    both = held(4, "Centred digits and sums keep training out of the left valley", ~lost[2])
    assert (small, half) == (55, 100)
    assert 80 <= both < 100


@pytest.mark.sweep
def test_keras_itself_ends_in_the_same_valley_for_40_seeds(held):
    starts = keras_starts(40)
    ours = call("adam", chapter()["batch_gradient"], starts, 4000)[-1]
    theirs = np.array([call("train_in_keras", seed) for seed in range(40)]).T
    same = (ours[1] < -1) == (theirs[1] < -1)
    apart = np.abs(ours - theirs).max(axis=0)
    print(f"same valley: {same.sum()} of 40, left {(theirs[1] < -1).sum()};", apart.round(4))
    agreed = held(4, "Keras's own layer ends in the same valley as our NumPy network", same)
    assert agreed == 40
    assert (theirs[1, starts[1] == 1] > 0).all()


@pytest.mark.sweep
def test_pytorch_itself_ends_in_the_same_valley_for_100_seeds(held):
    import torch

    chapter()["torch"] = torch
    starts = np.array([call("torch_start", seed) for seed in range(100)]).T
    rates = np.array([[0.01], [0.01], [0.02]])
    ours = call("adam", chapter()["batch_gradient"], starts, 4000, rate=rates)[-1]

    # Sums of losses and an elementwise optimiser: 100 networks that do not see each other.
    training.seed_everything(0)
    W, U = (torch.tensor(row, requires_grad=True) for row in starts[:2])
    first, second = (torch.tensor(starts[2] / 2, requires_grad=True) for _ in range(2))
    optimiser = torch.optim.Adam([W, U, first, second], lr=0.01)
    for batch in torch.tensor(chapter()["stream"]).double():
        h = torch.zeros(len(batch), 100, dtype=torch.float64)
        for x in batch.T:
            h = x[:, None] * W + first + h * U + second
        loss = ((h - batch.sum(1)[:, None]) ** 2).mean(0).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    theirs = U.detach().numpy()
    same = (theirs < -1) == (ours[1] < -1)
    print(f"same valley: {same.sum()} of 100, left {(theirs < -1).sum()}")
    assert held(4, "PyTorch's training ends in the same valley as ours", same) == 100
