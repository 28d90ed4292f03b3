"""What chapter 6 says, measured. The functions are the chapter's own."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact, spearmanr

from course_utils import data, networks
from tests.chapters import Page
from tests.chapters.seeds import FIRST_SEED, SEEDS

chapter = Page("06_lstm_gates_at_work")


@cache
def trained(cell="LSTM", first=FIRST_SEED, **options):
    """The cells of 20 seeds with their readouts."""
    seeds = range(first, first + 20)
    return [chapter.unpack(n) for n in networks.counting_networks(seeds, cell, **options)]


@cache
def opened():
    return chapter.unpack(networks.counting_networks([17])[0])


def scores(cell):
    """The best |r|, and the same beyond position and symbol."""
    state = cell.trace(chapter.x10).c[chapter.after]
    r = np.abs(chapter.correlations(state, chapter.count)).max()
    return r, chapter.beyond_position(state)


def follower(cell):
    c = cell.trace(chapter.x10).c[chapter.after]
    r = chapter.correlations(c, chapter.count)
    unit = int(np.abs(r).argmax())
    return unit, abs(r[unit]), np.polyfit(chapter.count, c[:, unit], 1)[0]


def waited(network, unit, one_count):
    return [chapter.waits(*network, unit, k * one_count) for k in (-4, -2, -1, 0, 1, 2, 4)]


def forecasts(nets):
    """What the four numbers and the median of the chapter's seeds say."""
    pairs = [(cell, follower(cell)[0]) for cell, _, _ in nets]
    simple = [chapter.fails_at(*chapter.four_numbers(*pair)) for pair in pairs]
    return simple, [21] * len(nets)


def within_a_quarter(said, fails):
    return np.abs(np.array(said) / fails - 1) < 0.25


def counters(network):
    """Which units move the end one for one, each moved by its own line."""
    c = network[0].trace(chapter.x10).c[chapter.after]
    own = np.polyfit(chapter.count, c, 1)[0]
    return np.array([waited(network, k, own[k]) == ONE_FOR_ONE for k in range(4)])


ONE_FOR_ONE = [6, 8, 9, 10, 11, 12, 14]


@pytest.mark.parametrize(("leak", "n"), [(0.01, 8), (0.001, 23), (1e-4, 71)])
def test_a_leak_limits_a_counter_to_the_root_of_half_its_memory(leak, n):
    assert n == int(np.sqrt(1 + 1 / (2 * leak))) + 1
    assert chapter.fails_at(1 - leak, 1.0, 1 - leak, -1.0) == n


def test_a_counter_that_does_not_leak_counts_on_unless_its_steps_differ():
    assert chapter.fails_at(1, 1, 1, -1) == 201
    assert chapter.fails_at(1, 1, 1, -0.985) == 34  # late: 34 times 0.015 is above a half


def test_the_opened_network_fails_at_32_as_its_four_numbers_say():
    cell, V, v = opened()
    unit, r, slope = follower(cell)
    assert chapter.first_wrong(cell, V, v) == 32
    assert r > 0.9999
    assert slope == pytest.approx(0.987, abs=0.002)
    rule = chapter.four_numbers(cell, unit)
    np.testing.assert_allclose(rule, [0.9995, 0.992, 0.9991, -0.985], atol=6e-4)
    assert chapter.fails_at(*rule) == 33


def test_clamped_gates_break_it_where_predicted():
    cell, V, v = opened()
    unit, _, _ = follower(cell)
    _, up, _, down = chapter.four_numbers(cell, unit)
    for value, n in ((1, 72), (0.99, 8), (0.9, 3)):
        assert chapter.fails_at(value, up, value, down) == n
        assert chapter.first_wrong(chapter.clamp(cell, "forget", unit, value), V, v) == n
    for other in {0, 1, 2, 3} - {unit}:
        assert chapter.first_wrong(chapter.clamp(cell, "forget", other, 0.9), V, v) == 32


def test_without_a_leak_the_network_ends_late_and_with_it_early():
    cell, V, v = opened()
    unit, _, _ = follower(cell)
    kept = chapter.clamp(cell, "forget", unit, 1)
    early, late = (
        (net.trace(data.symbols(["$" + "a" * n + "b" * n])).h @ V + v)[0, n + 1 :] > 0
        for net, n in ((cell, 32), (kept, 72))
    )
    assert early[30, 0]  # a $ after 31 b's of 32
    assert not late[:71, 0].any()
    assert late[71, 2]  # a further b after the 72nd of 72


def test_a_clamped_gate_has_its_value_at_every_step():
    cell, _, _ = opened()
    for gate, value in (("forget", 0.9), ("input", 0), ("output", 1)):
        traced = chapter.clamp(cell, gate, 2, value).trace(chapter.x10).gates[gate]
        assert np.allclose(traced[..., 2], value, atol=1e-12)
        assert np.ptp(traced[..., 1]) > 0.01


def test_moving_the_counter_moves_the_end_and_moving_another_unit_does_not():
    network = opened()
    unit, _, one_count = follower(network[0])
    assert waited(network, unit, one_count) == ONE_FOR_ONE
    for other in {0, 1, 2, 3} - {unit}:
        assert waited(network, other, one_count) == [10] * 7


def test_silencing_any_unit_breaks_the_network():
    cell, V, v = opened()
    silenced = [chapter.clamp(cell, "output", k, 0) for k in range(4)]
    assert [chapter.first_wrong(one, V, v) for one in silenced] == [16, 3, 18, 1]


def test_a_network_before_training_may_follow_the_count():
    best, less_position = np.array([scores(cell) for cell, _, _ in trained(updates=0)]).T
    assert best.max() == pytest.approx(0.96, abs=0.005)
    assert np.median(best) == pytest.approx(0.75, abs=0.01)
    assert np.median(less_position) == pytest.approx(0.92, abs=0.01)
    assert (best > 0.95).sum() == 1
    others = [n for first in range(20, 140, 20) for n in trained(updates=0, first=first)]
    assert sum(scores(cell)[0] > 0.95 for cell, _, _ in others) == 2


@pytest.mark.sweep
def test_the_20_lstms_and_grus(held):
    lstm, gru = (
        np.array([chapter.first_wrong(*n) for n in trained(cell)]) for cell in ("LSTM", "GRU")
    )
    print("first wrong n, LSTM:", lstm, " GRU:", gru)
    units, r, slopes = zip(*(follower(cell) for cell, _, _ in trained()), strict=True)
    near, always = (within_a_quarter(said, lstm) for said in forecasts(trained()))
    follows = np.array([waited(*pair) for pair in zip(trained(), units, slopes, strict=True)])
    right = (
        held(6, "A trained LSTM is right for n up to 10", lstm > 10),
        held(6, "A trained GRU is right for n up to 10", gru > 10),
    )
    ahead = held(6, "The LSTM counts further than the GRU of the same seed", lstm > gru)
    unit = held(
        6,
        "A trained LSTM has a unit that follows the count, |r| above 0.95",
        np.array(r) > 0.95,
    )
    forecast = held(
        6, "Four numbers of the gates forecast the first failure within a quarter", near
    )
    one_for_one = (follows == ONE_FOR_ONE).all(axis=1)
    moves = held(
        6,
        "Moving the unit that follows the count best moves the end one for one",
        one_for_one,
    )
    every = np.array([counters(network) for network in trained()])
    one = held(
        6,
        "One unit, moved by its own line, moves the end one for one",
        every.any(axis=1),
        quote="one for one in {held} of {seeds} networks",
    )
    assert always.sum() == 14
    flat = held(
        6,
        "Moving the unit that follows the count best changes nothing",
        (follows == 10).all(axis=1),
    )
    assert (right, ahead, unit, forecast) == ((20, 19), 20, 20, 10)
    assert (moves, one, flat) == (12, 14, 2)
    assert (lstm.min(), np.median(lstm), lstm.max()) == (14, 21, 60)
    good = gru[gru > 10]
    assert (good.min(), np.median(good), good.max()) == (11, 12, 14)
    assert int(np.argmax(r)) == 17
    assert np.flatnonzero((follows == 10).all(axis=1)).tolist() == [18, 19]
    # The correlation pointed at the wrong unit.
    assert every[[18, 19]].nonzero()[1].tolist() == [0, 3]
    assert every.sum() == one_for_one.sum() + 2


@pytest.mark.sweep
@pytest.mark.parametrize(("first", "exact"), [(0, 19), (200, 18)])
def test_moving_all_units_at_once_moves_the_end_where_one_unit_does_not(first, exact):
    together, flipped = [], []
    for network in trained(first=first):
        c = network[0].trace(chapter.x10).c[chapter.after]
        each = np.polyfit(chapter.count, c, 1)[0]
        together.append(waited(network, slice(None), each) == ONE_FOR_ONE)
        flipped.append(waited(network, slice(None), -each) == ONE_FOR_ONE)
    assert (sum(together), sum(flipped)) == (exact, 0)


@pytest.mark.sweep
def test_120_networks_that_had_no_part_in_the_rules(held):
    nets, grus = (
        [net for first in range(20, 140, 20) for net in trained(cell, first)]
        for cell in ("LSTM", "GRU")
    )
    fails, gru = (np.array([chapter.first_wrong(*n) for n in some]) for some in (nets, grus))
    units, r, slopes = zip(*(follower(cell) for cell, _, _ in nets), strict=True)
    said = forecasts(nets)
    near, always = (within_a_quarter(each, fails) for each in said)
    assert 0.65 < spearmanr(said[0], fails).statistic < 0.75
    follows = np.array([waited(*pair) for pair in zip(nets, units, slopes, strict=True)])
    one_for_one = (follows == ONE_FOR_ONE).all(axis=1)
    one = np.array([counters(network).any() for network in nets])
    counts = (
        held(6, "120 others: a trained LSTM is right for n up to 10", fails > 10),
        held(
            6,
            "120 others: the LSTM counts further than the GRU of its seed",
            fails > gru,
        ),
        held(
            6,
            "120 others: a trained LSTM has a unit that follows the count, |r| above 0.95",
            np.array(r) > 0.95,
            quote="of {seeds} others {held} have",
        ),
        held(6, "120 others: four numbers forecast the first failure within a quarter", near),
        held(
            6,
            "120 others: always saying 21 is within a quarter",
            always,
        ),
        held(
            6,
            "120 others: moving the unit that follows the count best moves the end one for one",
            one_for_one,
            quote="Of the {seeds} others that is so in {held}",
        ),
        held(
            6,
            "120 others: one unit, moved by its own line, moves the end one for one",
            one,
            quote="in {held} of {seeds} others",
        ),
        held(
            6,
            "120 others: moving the unit that follows the count best changes nothing",
            (follows == 10).all(axis=1),
        ),
    )
    right, ahead, *rest = counts
    assert (right, *rest) == (120, 112, 70, 67, 67, 68, 8)
    assert ahead >= 112  # rounding decides about some GRUs
    # Over all of them the four numbers do not beat the median beyond luck.
    wins, losses = (near & ~always).sum(), (always & ~near).sum()
    assert binomtest(wins, wins + losses).pvalue > 0.3
    # The four numbers do better where one unit counts; the median of the failures does not.
    groups = (one_for_one, ~one_for_one)
    split = [[(some & group).sum() for group in groups] for some in (near, always)]
    assert split == [[50, 20], [42, 25]]
    ps = [fisher_exact([row, [67 - row[0], 53 - row[1]]])[1] for row in split]
    assert ps[0] < 0.001 < 0.05 < ps[1]
    # Even there they do not beat it beyond luck.
    wins, losses = (near & ~always & one_for_one).sum(), (always & ~near & one_for_one).sum()
    assert (wins, losses) == (21, 13)
    assert binomtest(wins, wins + losses).pvalue > 0.2


@pytest.mark.sweep
def test_networks_that_need_not_count_pass_the_usual_control(held):
    useless = networks.counting_networks(
        SEEDS, texts=chapter.texts, targets=chapter.loose, updates=300
    )
    less_position = [scores(chapter.unpack(n)[0])[1] for n in useless]
    right = []
    for network in useless:
        cell, V, v = chapter.unpack(network)
        said = cell.trace(chapter.last).h @ V + v > 0
        real = chapter.last.any(-1)
        right.append(bool((said[real] == (chapter.loose[real] > 0.5)).all()))
    print("task learned:", sum(right), " median:", np.median(less_position).round(2))
    assert held(6, "A network learns the task that needs no count", right) == 20
    assert np.median(less_position) > 0.95


@pytest.mark.sweep
def test_trained_as_long_as_the_counters_they_score_much_the_same():
    useless = networks.counting_networks(
        SEEDS, texts=chapter.texts, targets=chapter.loose, updates=1500
    )
    r, less_position = np.array([scores(chapter.unpack(n)[0]) for n in useless]).T
    assert 0.35 < np.median(r) < 0.55
    assert r.max() < 0.95
    assert np.median(less_position) > 0.95


@pytest.mark.sweep
def test_the_answer_of_the_open_exercise(held):
    def fails(**options):
        nets = networks.counting_networks(SEEDS, "GRU", **options)
        return np.sort([chapter.first_wrong(*chapter.unpack(n)) for n in nets])

    wide, patient = fails(units=8), fails(updates=4500)
    print(wide, patient)
    eight = held(6, "A GRU of 8 units fails first at n = 11 to 13", (wide > 10) & (wide < 14))
    longer = held(
        6,
        "A GRU trained three times as long fails first at n = 11 to 19",
        (patient > 10) & (patient < 20),
    )
    assert eight == longer == 20
    assert np.isin(patient, [11, 12, 13]).sum() >= 18  # rounding decides about one of them
