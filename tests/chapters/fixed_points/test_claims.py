"""What chapter 19 says, measured. The functions are its own."""

from functools import cache

import numpy as np
import pytest

from course_utils import data, dynamics, networks
from course_utils.gates import read_gates
from tests.chapters import Page

chapter = Page("19_fixed_points")

CUBE = [8, 12, 6, 1]


@cache
def trained(first=0, **options):
    return networks.flip_flops(range(first, first + 20), **options)


@cache
def layers(first=0, **options):
    return [read_gates(network["cell"]) for network in trained(first, **options)]


@cache
def searched(first=0, **options):
    """Return the points of 20 networks, from 300 starts between visited states each."""
    return [
        dynamics.fixed_points(layer, chapter.between(chapter.visited(layer), 300))
        for layer in layers(first, **options)
    ]


def cubes(found):
    return np.array([chapter.kinds(points) == CUBE for points in found])


def correct(network):
    """Return for which share of all steps and lines the network says the right sign."""
    pulses, wanted = data.flip_flop(40, 40, seed=1000)
    h = read_gates(network["cell"]).trace(pulses).h
    return (chapter.codes(network, h) == wanted).mean()


# ---- the network


def test_the_network_remembers_and_an_untrained_one_does_not():
    assert min(map(correct, trained())) > 0.999
    assert max(map(correct, trained(updates=0))) < 0.9


def test_the_step_without_input_is_that_of_the_exercise():
    layer = layers()[0]
    block = layer.blocks["state"]
    h = chapter.visited(layer)[:3]
    np.testing.assert_allclose(
        dynamics.jacobian(layer, h),
        [chapter.jacobian(block.recurrent, block.bias, one) for one in h],
        atol=1e-12,
    )


def test_the_digits_of_newton_double():
    layer = layers()[0]
    block = layer.blocks["state"]
    U, b = block.recurrent, block.bias
    h, off = chapter.between(chapter.visited(layer), 1)[0], []
    for _ in range(12):
        off.append(np.abs(np.tanh(h @ U + b) - h).max())
        h = chapter.newton(U, b, h)
    late = [k for k in range(11) if 1e-7 < off[k] < 1e-2]
    assert late
    assert all(off[k + 1] < 10 * off[k] ** 2 for k in late)
    assert off[-1] < 1e-14


# ---- the cube


def test_twenty_networks_have_one_cube(held):
    assert (
        held(
            19,
            "The fixed points are 8 stable, 12 unstable in one direction, 6 in two, 1 in three",
            cubes(searched()),
            quote="{held} of {seeds} networks have it",
        )
        == 20
    )
    weights = [layer.blocks["state"].recurrent.ravel() for layer in layers()]
    assert np.abs(np.corrcoef(weights) - np.eye(20)).max() < 0.15


@pytest.mark.sweep
def test_other_seeds_and_sizes_have_it_too(held):
    assert (
        held(19, "Networks of 16 units have the same points", cubes(searched(100, units=16)))
        == 20
    )
    assert cubes(searched(100)).all()


@pytest.mark.sweep
def test_the_saddles_are_the_edges_of_the_cube(held):
    joined = []
    for network, found in zip(trained(), searched(), strict=True):
        pairs = chapter.joined(network, found)
        one_bit = all(np.sum(np.not_equal(*pair)) == 1 for pair in pairs)
        stable = chapter.codes(network, found.states[found.unstable == 0])
        eight = len(np.unique(stable, axis=0)) == 8
        joined.append(eight and one_bit and len(set(map(str, pairs))) == 12)
    assert (
        held(
            19,
            "The 12 saddles join the 12 pairs of stable points that differ in one bit",
            np.array(joined),
        )
        == 20
    )


def test_matched_units_do_not_make_the_matrices_alike():
    from scipy.optimize import linear_sum_assignment

    blocks = [layer.blocks["state"] for layer in layers()]
    reads = [n["readout"].weight.detach().numpy() for n in trained()]
    roles = [np.vstack([b.kernel, V]) for b, V in zip(blocks, reads, strict=True)]
    found = []
    for k in range(1, 20):
        order = linear_sum_assignment(-(roles[0].T @ roles[k]))[1]
        pair = blocks[0].recurrent, blocks[k].recurrent[np.ix_(order, order)]
        found.append(np.corrcoef(*map(np.ravel, pair))[0, 1])
    assert max(found) < 0.3
    # the same network with its units in another order is recognised
    other = np.random.default_rng(0).permutation(32)
    order = linear_sum_assignment(-(roles[0].T @ roles[0][:, other]))[1]
    assert (other[order] == np.arange(32)).all()


# ---- eigenvalues


def test_the_eigenvalue_of_a_saddle_foretells_how_long_it_takes(held):
    errors = []
    for layer, found in zip(layers(), searched(), strict=True):
        k = np.flatnonzero(found.unstable == 1)[0]
        h, J = found.states[k], found.jacobians[k]
        away = np.linalg.norm(chapter.ways(layer, h, J, 1e-6)[:, 0] - h, axis=1)
        foretold = np.log(1e4) / np.log(np.abs(found.eigenvalues[k, 0]))
        upto = int(1.2 * foretold)
        measured = np.interp(-2, np.log10(away[:upto]), range(upto))
        errors.append(abs(measured - foretold))
    assert (
        held(
            19,
            "A saddle's largest eigenvalue foretells the steps from 1e-6 to 1e-2 to within one",
            np.array(errors) < 1,
        )
        == 20
    )
    assert round(np.log(1e4) / np.log(1.3)) == 35


def missed(layer, found, size, steps=5):
    """Return how far the linear forecast is off, as a share of it."""
    k = np.flatnonzero(found.unstable == 0)[0]
    h, J = found.states[k], found.jacobians[k]
    change = size * np.random.default_rng(0).normal(size=len(h)) / np.sqrt(len(h))
    after = h + change
    for _ in range(steps):
        after, change = dynamics.step(layer, after[None])[0], change @ J
    return np.linalg.norm(after - h - change) / np.linalg.norm(change)


def test_small_pushes_are_foretold_and_large_ones_are_not():
    pairs = list(zip(layers(), searched(), strict=True))
    assert max(missed(*pair, 0.01) for pair in pairs) < 0.01
    assert min(missed(*pair, 3) for pair in pairs) > 0.1


# ---- what could fool us


def evenly(layer, count=100):
    starts = np.random.default_rng(0).uniform(-1, 1, (count, layer.units))
    return dynamics.fixed_points(layer, starts)


def test_neither_the_start_nor_the_weights_alone_have_the_cube():
    assert max(len(evenly(layer).states) for layer in layers(updates=0)) <= 3
    assert max(len(evenly(chapter.shuffled(layer)).states) for layer in layers()) <= 3


def test_visited_states_alone_lead_to_the_corners():
    for layer in layers()[:5]:
        found = dynamics.fixed_points(layer, chapter.visited(layer)[::5])
        assert chapter.kinds(found)[0] == 8
        assert len(found.states) < 27
        assert chapter.sign_sum(found) != 1


def test_the_sum_of_the_signs_is_1():
    assert {chapter.sign_sum(found) for found in searched()} == {1}
    for layer in layers(updates=0)[:5]:
        assert chapter.sign_sum(evenly(layer)) == 1


def test_random_starts_find_the_same_points():
    for layer, found in list(zip(layers(), searched(), strict=True))[:5]:
        np.testing.assert_allclose(evenly(layer, 500).states, found.states, atol=1e-6)


def test_an_lstm_has_the_cube_too():
    for seed in range(3):
        layer = chapter.lstm(seed)
        starts = chapter.between(chapter.visited(layer), 2000)
        found = dynamics.fixed_points(layer, starts)
        assert chapter.kinds(found) == CUBE
        assert chapter.sign_sum(found) == 1


def test_keras_holds_the_same_points():
    import keras

    block = layers()[0].blocks["state"]
    rnn = keras.layers.SimpleRNN(32)
    rnn.build((None, None, 3))
    rnn.set_weights([block.kernel, block.recurrent, block.bias])
    found = dynamics.fixed_points(
        read_gates(rnn), chapter.between(chapter.visited(layers()[0]), 300)
    )
    np.testing.assert_allclose(found.states, searched()[0].states, atol=1e-4)  # float32


@pytest.mark.sweep
def test_from_another_start_the_inside_differs(held):
    found = searched(gain=1.5)
    eight = np.array([chapter.kinds(points)[0] == 8 for points in found])
    assert (
        held(
            19,
            "Started with gain 1.5, a network has 8 stable points too",
            eight,
            quote="Of {seeds} such networks, {held} have eight stable points",
        )
        == 19
    )
    assert (
        1
        <= held(
            19,
            "Started with gain 1.5, a network has the whole cube and nothing else",
            cubes(found),
            quote="and {held} the whole cube and nothing else",
        )
        <= 8
    )
    assert {chapter.sign_sum(points) for points in found} == {1}


def dies_out(layer):
    """Return whether the states of an untrained network go to 0."""
    h = chapter.visited(layer)[-50:]
    for _ in range(500):
        h = dynamics.step(layer, h)
    return np.abs(h).max() < 1e-3


def test_the_two_gains_lie_at_and_above_the_border():
    assert 0 < sum(map(dies_out, layers(updates=0))) < 20
    assert not any(map(dies_out, layers(updates=0, gain=1.5)))


def test_a_network_can_remember_without_standing_still():
    network, layer = trained(gain=1.5)[12], layers(gain=1.5)[12]
    found = searched(gain=1.5)[12]
    assert correct(network) > 0.999
    assert chapter.kinds(found)[0] == 0
    corners = found.unstable == 1
    assert (found.eigenvalues[corners, 0].real < -1).all()
    h = dynamics.step(layer, chapter.visited(layer))
    for _ in range(1000):
        h = dynamics.step(layer, h)
    once = dynamics.step(layer, h)
    twice = dynamics.step(layer, once)
    assert np.abs(once - h).max() > 0.01
    np.testing.assert_allclose(twice, h, atol=1e-6)
    assert (chapter.codes(network, once) == chapter.codes(network, h)).all()


# ---- the open question


@pytest.mark.sweep
def test_a_lasting_pulse_takes_half_of_the_cube(held):
    gone, half = [], []
    for network, layer in zip(trained(), layers(), strict=True):
        starts = chapter.between(chapter.visited(layer), 300)
        found = dynamics.fixed_points(layer, starts, [0.15, 0, 0])
        stable = found.states[found.unstable == 0]
        gone.append((chapter.codes(network, stable)[:, 0] > 0).all())
        full = dynamics.fixed_points(layer, starts, [1.0, 0, 0])
        half.append(chapter.kinds(full) == [4, 4, 1])
    assert (
        held(
            19,
            "Under a lasting input of 0.15 no stable point says the other sign",
            np.array(gone),
            quote="gone at $s = 0.15$ in {held} of {seeds} networks",
        )
        == 20
    )
    assert (
        held(
            19,
            "Under a lasting input of 1 the points are 4 stable, 4 saddles and 1 between them",
            np.array(half),
            quote="{held} of {seeds} networks show at $s = 1$",
        )
        >= 12
    )
