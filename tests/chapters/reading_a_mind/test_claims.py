"""What chapter 18 says, measured. The functions are its own."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from course_utils.live import fit_choices
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

chapter = Page("18_reading_a_mind")

TRUE = [0.9, 0.7, 0.0]


def covariance(s):
    """Return the covariance of W, U, b for a single choice of a mind with 0.3 and 3."""
    return np.linalg.inv(chapter.information(TRUE, s) / s.size)


def group(seed, animals=100, **mind):
    """Return signs, choices, payoffs and the animals' own log odds."""
    choices, paid, own = chapter.play(seed, animals, **mind)
    return chapter.signs(choices, paid), choices, paid, own


def groups(seeds, animals=100, **mind):
    """Return the same of many groups, (networks, animals, trials)."""
    return (
        np.array(parts)
        for parts in zip(*(group(s, animals, **mind) for s in seeds), strict=True)
    )


def costs(weights, s, choices):
    """Return the bits a choice of the weights W, U, b."""
    return chapter.bits(chapter.forward(weights, s), choices)


def trained(s, choices):
    """Return W, U, b of each network, and its bits a choice."""
    weights = np.stack(chapter.train(s, choices))[:, :, 0].T
    parts = zip(weights.tolist(), s, choices, strict=True)
    return weights, np.array([costs(*one) for one in parts])


# ---- one mind, three weights


def test_the_animal_is_the_cell_of_chapter_1():
    s, _, _, own = group(0, 5)
    np.testing.assert_allclose(own, chapter.forward(TRUE, s), atol=1e-12)
    s, _, _, other = group(0, 5, beta=2.0)
    assert np.abs(other - chapter.forward(TRUE, s)).max() > 0.5


def test_an_animal_with_two_rates_learns_by_the_one_for_what_it_was_paid():
    s, _, paid, own = group(0, 5, alphas=(0.1, 0.5))
    change = np.diff(own)
    for rate, where in ((0.5, paid[:, :-1]), (0.1, ~paid[:, :-1])):
        pull = 3 * s[:, :-1] - own[:, :-1]
        np.testing.assert_allclose(change[where], rate * pull[where], atol=1e-12)


def test_the_slopes_are_those_of_the_state():
    s = group(0, 3)[0]
    for k, slope in enumerate(chapter.slopes(TRUE, s)):
        step = np.eye(3)[k] * 1e-6
        up, down = (chapter.forward(list(TRUE + sign * step), s) for sign in (1, -1))
        np.testing.assert_allclose(slope, (up - down) / 2e-6, atol=1e-6)


def test_150_updates_reach_the_best_weights():
    s, choices, *_ = group(1, 100)
    weights = chapter.train(s[None], choices[None])
    slopes = chapter.gradients(weights, s[None], choices[None])
    errors = np.linalg.inv(chapter.information(np.ravel(weights).tolist(), s))
    left = errors @ np.ravel(slopes) * s.size  # how far the best weights still are
    assert np.all(np.abs(left) < 0.1 * np.sqrt(np.diag(errors)))


def test_error_bars_before_training():
    s = group(0)[0]
    V = covariance(s)
    assert np.sqrt(V[1, 1] / 200) == pytest.approx(0.055, abs=0.002)
    assert round(V[1, 1] / 0.01**2, -3) == 6000
    assert 28 < (0.055 / 0.01) ** 2 < 32  # thirty times as many choices
    others = [np.sqrt(covariance(group(seed)[0])[1, 1] / 200) for seed in range(1, 20)]
    assert np.ptp(others) < 0.006  # whichever trials they are computed from


def inside(seeds, **mind):
    """Return which networks lie in the predicted ellipse, and what they read."""
    choices, paid, _ = chapter.many(seeds, **mind)
    s = chapter.signs(choices, paid)
    W, U, _ = (w[:, 0] for w in chapter.train(s, choices))
    T = np.array([[0, -1, 0], [1 / 0.3, 3 / 0.3, 0]])
    spread = T @ covariance(group(0)[0]) @ T.T / choices[0].size
    off = np.array([1 - U - 0.3, W / (1 - U) - 3.0])
    return (off * np.linalg.solve(spread, off)).sum(axis=0) < 5.99, off, spread


def test_the_ellipse_holds_95_percent_of_other_networks_too():
    found, off, spread = inside(range(100, 200))
    assert abs(found.sum() - 95) < 3 * np.sqrt(100 * 0.95 * 0.05)
    np.testing.assert_allclose(off.std(axis=1), np.sqrt(np.diag(spread)), rtol=0.2)
    assert np.all(np.abs(off.mean(axis=1)) < 4 * np.sqrt(np.diag(spread) / 100))
    # another mind is not in it
    assert inside(range(100, 110), alphas=(0.35, 0.35))[0].sum() < 5


def test_200_choices_are_off_by_about_their_error_bar():
    off = []
    for seed in range(100):
        choices, paid, _ = chapter.play(seed, 1, 200)
        off.append(1 - fit_choices(choices[0], paid[0])[0][1] - 0.3)
    assert 0.035 < np.sqrt(np.mean(np.square(off))) < 0.08


# ---- what could fool us


def test_shuffled_payoffs_return_weights_too_and_cost_more(held):
    s, choices, paid, _ = groups(SEEDS, 20)
    noise = chapter.signs(choices, np.random.default_rng(0).permuted(paid, axis=-1))
    (_, cost), (weights, dear) = trained(s, choices), trained(noise, choices)
    looks = (weights[:, 1] > 0.8) & (weights[:, 1] < 0.97) & (weights[:, 0] > 0.1)
    assert (
        held(
            18,
            "Shuffled payoffs give a U of 0.8 to 0.97 and a W above 0.1, too",
            looks,
        )
        == 20
    )
    assert (
        held(
            18,
            "It pays more than 0.85 bits a choice, where the true payoffs cost less than 0.7",
            (cost < 0.7) & (dear > 0.85) & (dear < 1),
        )
        == 20
    )


def test_coins_for_payoffs_leave_nothing_and_a_shuffle_leaves_the_choices():
    _, choices, paid, _ = groups(SEEDS, 20)
    coins = np.random.default_rng(0).random(paid.shape) < 0.5
    weights, cost = trained(chapter.signs(choices, coins), choices)
    assert np.abs(weights[:, 0]).max() < 0.3
    assert abs(weights[:, 0].mean()) < 0.05
    assert 0.98 < cost.mean() < 1.02
    # Two trials in three pay; with shuffled payoffs the sign is then mostly the choice.
    assert 0.6 < paid.mean() < 0.7
    shuffled = np.random.default_rng(0).permuted(paid, axis=-1)
    repeats = chapter.signs(choices, shuffled) == np.where(choices, 1, -1)
    np.testing.assert_array_equal(repeats, shuffled)


def scatter(seeds, **mind):
    """Return how far 1 - U scatters over groups of 20 animals, in error bars."""
    s, choices, *_ = groups(seeds, 20, **mind)
    weights = np.stack(chapter.train(s, choices))[:, :, 0].T
    parts = zip(weights.tolist(), s, strict=True)
    bars = [np.sqrt(np.linalg.inv(chapter.information(*one))[1, 1]) for one in parts]
    return weights[:, 1].std() / np.mean(bars)


def test_error_bars_are_too_short_where_the_cell_is_of_the_wrong_kind():
    assert 1.5 < scatter(range(100, 160), alphas=(0.1, 0.5)) < 2.5
    assert 0.7 < scatter(range(100, 160)) < 1.3


def test_stay_or_change_costs_more_than_the_network_and_less_than_a_coin():
    costs = []
    for seed in SEEDS:
        s, choices, *_ = group(seed, 20)
        p = np.mean((s[:, :-1] > 0) == choices[:, 1:])
        costs.append(-p * np.log2(p) - (1 - p) * np.log2(1 - p))
    assert min(costs) > 0.7
    assert max(costs) < 0.85


def test_an_animal_with_two_rates_is_read_precisely_and_wrongly(held):
    s, choices, _, own = groups(SEEDS, alphas=(0.1, 0.5))
    weights, cost = trained(s, choices)
    V = [
        np.linalg.inv(chapter.information(w.tolist(), x))
        for w, x in zip(weights, s, strict=True)
    ]
    error = np.sqrt(np.array(V)[:, 1, 1])
    off = np.abs(1 - weights[:, 1] - np.array([[0.1], [0.3], [0.5]])).min(axis=0)
    assert (
        held(
            18,
            "Of rates 0.1 and 0.5 one rate is read, 3 error bars from both and from their mean",
            (error < 0.005) & (off > 3 * error),
        )
        == 20
    )
    perfect = np.array([chapter.bits(*one) for one in zip(own, choices, strict=True)])
    assert (
        held(
            18,
            "The three weights then pay 0.05 bits a choice more than the animal",
            cost > perfect + 0.05,
        )
        == 20
    )
    s, choices, _, own = groups(range(1))  # with one rate they pay no more
    assert trained(s, choices)[1][0] < chapter.bits(own[0], choices[0])


def with_payoffs(s, choices, paid):
    """Return the rate and the bits of the best linear cell that sees the payoffs."""
    best = minimize(chapter.linear, [0.5, 0.1, 0, 0, 0], (s, paid, choices))
    return 1 - best.x[0], best.fun


def test_a_linear_cell_that_sees_payoffs_is_nearly_right_with_one_rate(held):
    rates, more, less = [], [], []
    for seed in SEEDS:
        s, choices, paid, own = (a[:, :76] for a in group(seed, alphas=(0.1, 0.5)))
        found, cost = with_payoffs(s, choices, paid)
        weights = [w[0, 0] for w in chapter.train(s[None], choices[None])]
        rates.append(found)
        more.append(cost - chapter.bits(own, choices))
        less.append(costs(weights, s, choices) - cost)
    assert (
        held(
            18,
            "A linear cell that sees payoffs pays 0.005 to 0.025 bits more than the animal",
            (np.array(more) > 0.005) & (np.array(more) < 0.025),
        )
        == 20
    )
    assert min(less) > 2 * max(more)  # most of what was missing was an input
    assert min(rates) > 0.25
    assert max(rates) < 0.45
    # of one rate it is that rate, and nothing is missing
    s, choices, paid, own = group(0)
    found, cost = with_payoffs(s, choices, paid)
    assert abs(found - 0.3) < 0.03
    assert cost < chapter.bits(own, choices)


# ---- gates


def portrait(seed, alphas=(0.1, 0.5)):
    """Return what a GRU pays more than its animals, in bits, and its two slopes."""
    s, choices, paid, own = (a[:, :76] for a in group(seed, alphas=alphas))
    cost, h = chapter.gated(seed, s, paid, choices)
    more = cost - chapter.bits(own[:, 1:], choices[:, 1:])
    s, paid = s[:, 1:-1], paid[:, 1:-1]
    return more, *(chapter.rate(h, s, where) for where in (~paid, paid))


@pytest.mark.sweep
def test_a_gated_unit_finds_both_rates(held):
    found = [portrait(seed) for seed in (*SEEDS, *range(100, 120), *range(200, 220))]
    more, after_none, after_payoff = np.array(found).T
    both = (np.abs(after_none - 0.1) < 0.03) & (np.abs(after_payoff - 0.5) < 0.07)
    assert (
        held(
            18,
            "A GRU of one unit shows both rates in its phase portrait, to 0.03 and 0.07",
            both,
            quote="{held} of them show both rates",
        )
        >= 45
    )
    paid_alike = np.abs(more) < 0.005
    assert np.all(paid_alike[both])
    assert np.all(more[~paid_alike] > 0.03)
    assert paid_alike.sum() == pytest.approx(51, abs=3)


def test_one_rate_gives_two_equal_slopes():
    _, after_none, after_payoff = portrait(0, alphas=(0.3, 0.3))
    assert abs(after_none - 0.3) < 0.06
    assert abs(after_payoff - 0.3) < 0.06


# ---- the open question


def habit(seed, animals=20, trials=150, alpha=0.3, beta=3.0):
    rng = np.random.default_rng(seed)
    h, good = np.zeros(animals), rng.random(animals) < 0.5
    choices, paid, own = [], [], []
    for _ in range(trials):
        own.append(h)
        choices.append(rng.random(animals) < expit(h))
        paid.append(rng.random(animals) < np.where(choices[-1] == good, 0.8, 0.2))
        h = (1 - alpha) * h + alpha * beta * np.where(choices[-1], 1, -1)
        good ^= rng.random(animals) < 0.03
    return np.array(choices).T, np.array(paid).T, np.array(own).T


def test_an_animal_of_habit_looks_like_a_coin(held):
    seeds = (*SEEDS, *range(100, 120))
    choices, paid, own = (np.array(parts) for parts in zip(*map(habit, seeds), strict=True))
    s = chapter.signs(choices, paid)
    weights, cost = trained(s, choices)
    assert held(18, "W of an animal of habit is below 0.15", np.abs(weights[:, 0]) < 0.15) == 39
    said_errors = [
        np.sqrt(np.linalg.inv(chapter.information(w.tolist(), x))[0, 0])
        for w, x in zip(weights, s, strict=True)
    ]
    assert weights[:, 0].std() > 1.5 * np.median(said_errors)
    assert np.ptp(weights[:, 1]) > 0.8
    assert (
        held(
            18, "An animal of habit costs the network more than 0.95 bits a choice", cost > 0.95
        )
        == 39
    )
    cheap = np.log2(1 + np.exp(np.where(choices, -own, own))).mean(axis=(1, 2))
    assert (
        held(
            18,
            "Its own log odds make its choices cheaper than 0.6 bits on average",
            cheap < 0.6,
        )
        == 40
    )
    # a cell that sees the choices reads the habit
    seen, cheaper = trained(np.where(choices[:2], 1.0, -1.0), choices[:2])
    assert np.all(np.abs(1 - seen[:, 1] - 0.3) < 0.08)
    assert np.all(np.abs(cheaper - cheap[:2]) < 0.02)
