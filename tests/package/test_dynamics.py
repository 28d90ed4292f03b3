"""Fixed points and Jacobians, against numbers that are known or measured another way."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils.dynamics import fixed_points, jacobian, step
from course_utils.gates import Block, Gates
from course_utils.gates.cells import CELLS


def layer(cell, seed=0, units=5, features=3, scale=1.0, **options):
    rng = np.random.default_rng(seed)
    two = cell == "GRU" and options.get("reset_after", True)
    blocks = {
        name: Block(
            rng.normal(size=(features, units)),
            scale * rng.normal(size=(units, units)),
            rng.normal(size=units),
            rng.normal(size=units) if two else None,
        )
        for name in CELLS[cell].blocks
    }
    return Gates(cell, blocks, **options)


ALL = [
    ("RNN", {}),
    ("RNN", {"activation": "relu"}),
    ("GRU", {}),
    ("GRU", {"reset_after": False}),
    ("GRU", {"recurrent_activation": "softsign"}),
    ("LSTM", {}),
    ("LSTM", {"activation": "elu", "output_activation": "tanh"}),
]


def states_of(gates, count=4, seed=1):
    size = gates.units * (2 if gates.cell == "LSTM" else 1)
    return np.random.default_rng(seed).uniform(-1, 1, (count, size))


@pytest.mark.parametrize(("cell", "options"), ALL)
def test_a_step_is_that_of_the_trace(cell, options):
    gates = layer(cell, **options)
    s, x = states_of(gates), np.array([0.3, -1.0, 2.0])
    first = {"h0": s[:, :5], "c0": s[:, 5:]} if cell == "LSTM" else {"h0": s}
    trace = gates.trace(np.tile(x, (4, 1, 1)).transpose(0, 1, 2), **first)
    after = [trace.h[:, 0], *([trace.c[:, 0]] if cell == "LSTM" else [])]
    np.testing.assert_allclose(step(gates, s, x), np.hstack(after), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("cell", "options"), ALL)
def test_the_jacobian_is_the_measured_one(cell, options):
    gates = layer(cell, **options)
    s, x, d = states_of(gates), np.array([0.3, -1.0, 2.0]), 1e-6
    eye = np.eye(s.shape[1])
    ways = [(step(gates, s + d * e, x) - step(gates, s - d * e, x)) / (2 * d) for e in eye]
    np.testing.assert_allclose(jacobian(gates, s, x), np.stack(ways, axis=1), atol=1e-8)


@pytest.mark.parametrize(("cell", "options"), ALL)
def test_what_is_found_stands_still_and_stays_if_stable(cell, options):
    # smaller recurrent weights: relu and elu would have no fixed point to end in
    gates = layer(cell, scale=0.3, **options)
    found = fixed_points(gates, states_of(gates, 50))
    assert len(found.states) > 0
    assert np.abs(step(gates, found.states) - found.states).max() <= 1e-12
    for point in found.states[found.unstable == 0]:
        beside = point[np.newaxis] + 1e-4
        for _ in range(3000):
            beside = step(gates, beside)
        np.testing.assert_allclose(beside[0], point, atol=1e-8)


def flip_flop(strength=1.5):
    """Return two units that each keep the sign of their state."""
    return Gates("RNN", {"state": Block(np.eye(2), strength * np.eye(2), np.zeros(2))})


def test_two_bits_have_four_corners_four_edges_and_a_centre():
    starts = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    found = fixed_points(flip_flop(), starts)
    assert np.bincount(found.unstable).tolist() == [4, 4, 1]
    assert found.converged == found.starts == 200
    assert not found.outside.any()
    top = 0.8586  # h = tanh(1.5 h)
    stable = found.states[found.unstable == 0]
    np.testing.assert_allclose(np.abs(stable), top, atol=1e-4)
    assert fixed_points(flip_flop(0.9), starts).unstable.tolist() == [0]


def test_eigenvalues_are_those_of_the_slope():
    found = fixed_points(flip_flop(), np.zeros((1, 2)))
    np.testing.assert_allclose(found.eigenvalues, [[1.5, 1.5]])


def test_an_input_that_stays_moves_the_points():
    starts = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    found = fixed_points(flip_flop(), starts, x=[2.0, 0.0])
    assert (found.states[:, 0] > 0.9).all()
    assert len(found.states) == 3


def test_points_beyond_the_starts_are_marked_and_those_without_one_are_told():
    found = fixed_points(flip_flop(), np.full((1, 2), 0.9))
    assert found.outside.tolist() == [True]
    assert "1 outside of the starts" in repr(found)
    runaway = Gates(
        "RNN", {"state": Block(np.eye(1), np.eye(1), np.ones(1))}, activation="linear"
    )
    nowhere = fixed_points(runaway, [[0.0], [1.0]])  # h + 1 = h has no solution
    assert repr(nowhere) == "FixedPoints(0 points from 0 of 2 starts)"
    assert nowhere.states.shape == (0, 1)


def test_a_line_of_points_shows_as_points_that_grow_with_the_starts():
    keeps = Gates(
        "RNN", {"state": Block(np.eye(1), np.eye(1), np.zeros(1))}, activation="linear"
    )
    for count in (5, 50):
        starts = np.linspace(0, 1, count)[:, np.newaxis]
        assert len(fixed_points(keeps, starts).states) == count


def test_float32_weights_are_computed_in_float64():
    gates = layer("GRU")
    small = replace(
        gates,
        blocks={
            name: Block(*(a.astype(np.float32) for a in list(vars(block).values())[:4]))
            for name, block in gates.blocks.items()
        },
    )
    found = fixed_points(small, states_of(small, 20))
    assert np.abs(step(small, found.states) - found.states).max() <= 1e-12


def test_what_is_given_is_judged():
    lstm = layer("LSTM")
    with pytest.raises(ValueError, match="h and c side by side"):
        fixed_points(lstm, np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"x should have shape \(3,\)"):
        fixed_points(lstm, np.zeros((2, 10)), x=np.zeros(2))
    with pytest.raises(ValueError, match="projection, peepholes or clip"):
        fixed_points(replace(lstm, clip=3.0), np.zeros((2, 10)))
