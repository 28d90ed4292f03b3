"""What chapter 12 says, measured."""

from functools import cache

import numpy as np
import pytest

from course_utils import data, networks, units


@cache
def digits():
    return data.mnist_digits()


@cache
def network(seed=0, trained=True):
    net = networks.row_rnn(seed) if trained else networks.row_rnn(seed, updates=0)
    return units.RowRNN.from_torch(net, np.float64)


@cache
def probed(seed=0, trained=True, first=None, length=10):
    images, _ = digits()
    starts = (
        units.draw_starts(len(images), length) if first is None else np.full(len(images), first)
    )
    seen, activity = units.Features(whiten=first is None and length == 10), []
    for batch in units.windows(images, starts, length):
        activity.append(network(seed, trained).run(batch)[0][:, -1])
        seen.add(batch, activity[-1])
    return seen, np.concatenate(activity)


def probed_at(starts, length, seed=0):
    images, _ = digits()
    seen, activity = units.Features(), []
    for batch in units.windows(images, starts, length):
        activity.append(network(seed).run(batch)[0][:, -1])
        seen.add(batch, activity[-1])
    return seen, np.concatenate(activity)


def area(activity, labels=None):
    """AUCs, shape (units, digits); rounded, because windows without ink tie."""
    return units.selectivity(activity.round(9), digits()[1] if labels is None else labels)


@cache
def areas(seed=0, trained=True, first=None, length=10):
    return area(probed(seed, trained, first, length)[1])


def tells_0_and_1_best(auc):
    best = auc.max(axis=0)
    return bool(best[:2].min() > max(0.6, best[2:].max()))


def shuffled(seed):
    return np.random.default_rng(seed).permutation(digits()[1])


def cosines(pictures, other):
    a, b = pictures.reshape(len(pictures), -1), np.ravel(other)
    return a @ b / np.linalg.norm(a, axis=1) / np.linalg.norm(b)


def errors(rnn):
    images, _ = digits()
    held_out, mean = images[4000:], images[:4000].mean(axis=0)
    guess, truth = rnn.predict(rnn.run(held_out)[1])[:, :-1], held_out[:, 1:]
    return [((rows - truth) ** 2).mean() for rows in (guess, mean[1:], held_out[:, :-1])]


def removals(rnn, pictures, live):
    """The r.m.s. change of the drawing from a picture, by unit removed and picture."""
    images, _ = digits()
    after = rnn.run(pictures)[1][:, -1]
    intact, mean_h = rnn.roll(after, 10), rnn.run(images[4000:])[1].mean(axis=(0, 1))
    drawn = (rnn.roll(after, 10, {unit: mean_h[unit]}) for unit in live)
    return np.array([np.sqrt(((rows - intact) ** 2).mean(axis=(1, 2))) for rows in drawn])


@cache
def changes(seed=0, trained=True):
    seen, _ = probed(seed, trained)
    live = np.flatnonzero(seen.total)
    return removals(network(seed, trained), seen.raw(live), live)


def shares(change, middle):
    """For how many units a change is above the middle of its row: own picture, and by chance.

    Chance is 1,000 random pairings of units and pictures.
    """
    rng, unit = np.random.default_rng(0), np.arange(len(change))
    above = change > middle(change, axis=1, keepdims=True)
    random = [above[unit, rng.permutation(unit)].mean() for _ in range(1000)]
    return np.diag(above).mean(), np.array(random)


def own_pictures_matter_more(change):
    """Say whether own pictures are above all random pairings, by the mean and by the median."""
    found = [shares(change, middle) for middle in (np.mean, np.median)]
    return all(own > random.max() for own, random in found)


def size(change):
    """How much larger a change is for the own picture than for the median one."""
    return np.median(np.diag(change) / np.median(change, axis=1))


def explained(activity, groups):
    """The share of a unit's variance between groups, the mean over units."""
    z = activity - activity.mean(axis=0)
    parts = [z[groups == g] for g in np.unique(groups)]
    between = sum(len(part) * part.mean(axis=0) ** 2 for part in parts)
    return (between / (z**2).sum(axis=0)).mean()


def where_decides_which(activity, labels):
    """Say whether the start row moves a unit more than the digit, and how it moves it."""
    starts = units.draw_starts(len(labels))
    row, digit = explained(activity, starts), explained(activity, labels)
    both = explained(activity, starts * 10 + labels) - row - digit
    return bool(min(row, both) > 2 * digit and both > 0.1)


def claims(seed):
    """Every statement of the chapter about a trained network, by name."""
    images, _ = digits()
    rnn = network(seed)
    ours, mean_row, copy = errors(rnn)
    seen, activity = probed(seed)
    live = np.flatnonzero(seen.total)
    mixed, bottom, whole = areas(seed), areas(seed, first=18), areas(seed, length=28)
    true = rnn.run(images[4000:])[1]
    goal = true[:, 19]
    short = rnn.run(images[4000:, 10:20])[1][:, -1]
    error = np.linalg.norm(short - goal) / np.linalg.norm(goal - goal.mean(axis=0))
    real = images[4000:, 10:22]
    rolled = ((rnn.roll(true[:, 9], 12) - real) ** 2).mean(axis=(0, 2))
    mean = ((images[:4000, 10:22].mean(axis=0) - real) ** 2).mean(axis=(0, 2))
    long = rnn.roll(true[:50, 9], 300)[:, 250:]
    before = changes(seed, trained=False)
    return {
        "half the error of copying": ours < 0.6 * copy < mean_row,
        "most averages near the mean": np.median(cosines(seen.raw(live), seen.mean())) > 0.8,
        "0 and 1 have the best units": tells_0_and_1_best(mixed)
        and tells_0_and_1_best(areas(seed, trained=False)),
        "whole images: 7 before 1": bool(
            whole[:, 7].max() > whole[:, 1].max() + 0.1
            and mixed[:, 7].max() < mixed[:, 1].max() - 0.1
        ),
        "the end of the window decides": np.abs(bottom - whole).mean() < 0.06
        and np.abs(mixed - whole).mean() > 0.1,
        "the start row decides which digits": where_decides_which(
            activity[:, live], digits()[1]
        ),
        "ten rows are enough": error < 0.05,
        "roll-forward good for two rows, bad after six": bool(
            (rolled[:2] < mean[:2]).all() and (rolled[6:] > mean[6:]).all()
        ),
        "a unit matters more for its own picture": own_pictures_matter_more(changes(seed)),
        "so does an untrained one": own_pictures_matter_more(before),
        "training adds the size": size(changes(seed)) > 1.5 > 1.1 > size(before),
        "no fixed point": (np.abs(np.diff(long, axis=1)).max(axis=(1, 2)) > 0.01).all(),
    }


def test_the_chapters_network_does_what_the_text_says():
    failed = [name for name, holds in claims(0).items() if not holds]
    assert not failed


def test_the_untrained_network_has_the_same_averages_and_settles():
    images, _ = digits()
    seen, _ = probed(0, trained=False)
    live = np.flatnonzero(seen.total)
    assert np.median(cosines(seen.raw(live), seen.mean())) > 0.8
    rnn = network(0, trained=False)
    rows = rnn.roll(rnn.run(images[:50, :10])[1][:, -1], 30)
    assert np.abs(np.diff(rows[:, 10:], axis=1)).max() < 1e-3
    ours, _, copy = errors(rnn)
    assert ours > copy


def known(x, K, ridge):
    """Cosines with the filters in K: raw, maximal, centred, whitened, a row each."""
    z = x @ K
    seen = units.Features(whiten=True)
    seen.add(x[:, None], (z - z.mean(axis=0)) / z.std(axis=0))
    pictures = seen.raw(), seen.maximal, seen.centred(), seen.whitened(ridge=ridge)
    return np.array(
        [[cosines(p[i : i + 1], k)[0] for i, k in enumerate(K.T)] for p in pictures]
    )


def test_known_filters_come_back_in_the_order_raw_maximal_centred_whitened():
    rng = np.random.default_rng(0)
    C = 0.9 ** np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    K = rng.normal(size=(40, 20))
    for count in (2_000, 20_000, 200_000):
        x = 2 + rng.normal(size=(count, 40)) @ np.linalg.cholesky(C).T
        found = known(x, K, 1e-4)
        assert ((np.diff(found, axis=0) > 0).sum(axis=1) >= 18).all()
        assert np.median(found[3]) > 0.97
    limit = [cosines((C @ k)[None], k)[0] for k in K.T]
    assert found[2] == pytest.approx(limit, abs=0.02)

    images, _ = digits()
    flat = np.concatenate(list(units.windows(images, units.draw_starts(len(images)))))
    planted = np.zeros((10, 28, 20))
    planted[:, 6:22] = rng.normal(size=(10, 16, 20))
    tables = {
        ridge: known(flat.reshape(len(flat), -1), planted.reshape(-1, 20), ridge)
        for ridge in (1e-4, 1e-2, 1e-1)
    }
    for found in tables.values():
        assert ((np.diff(found, axis=0) > 0).sum(axis=1) >= 18).all()
    assert (tables[1e-2][3] > tables[1e-4][3]).all()
    assert 0.7 < np.median(tables[1e-2][3]) < 0.95


def test_six_rows_do_in_the_middle_and_not_at_the_bottom():
    """What the answer of exercise 4 says."""
    images, _ = digits()
    starts = units.draw_starts(len(images))
    short, _ = probed_at(starts + 4, 6)
    long, _ = probed()
    live = np.flatnonzero((short.total > 0) & (long.total > 0))
    pairs = zip(short.centred(live), long.centred(live)[:, 4:], strict=True)
    alike = [cosines(a[None], b)[0] for a, b in pairs]
    assert np.median(alike) > 0.99
    gaps = {}
    for first in (0, 4, 9, 18):
        six = area(probed_at(np.full(len(images), first + 4), 6)[1])
        gaps[first] = np.abs(six - areas(first=first)).mean()
    assert max(gaps[0], gaps[4], gaps[9]) < 0.025
    assert 0.05 < gaps[18] < 0.07
    live = np.flatnonzero(short.total)
    assert own_pictures_matter_more(removals(network(), short.raw(live), live))
    true = network().run(images[4000:])[1]
    errors = {}
    for end in (20, 28):
        goal = true[:, end - 1]
        ours = network().run(images[4000:, end - 6 : end])[1][:, -1]
        errors[end] = np.linalg.norm(ours - goal) / np.linalg.norm(goal - goal.mean(axis=0))
    assert errors[20] < 0.1
    assert errors[28] > 1


def test_the_best_unit_of_a_digit_is_above_chance_and_ink_does_better():
    _, activity = probed()
    null = [area(activity, shuffled(seed)) for seed in range(10)]
    assert max(auc.max() for auc in null) < 0.57
    assert tells_0_and_1_best(areas())
    assert not any(map(tells_0_and_1_best, null))
    images, labels = digits()
    windows = np.concatenate(list(units.windows(images, units.draw_starts(len(images)))))
    ink = windows.sum(axis=(1, 2), dtype=np.float64)[:, np.newaxis]
    alone = area(np.hstack([ink, -ink])).max(axis=0)
    for trained in (True, False):
        assert (alone[:2] > areas(trained=trained).max(axis=0)[:2]).all()
    # Units are correlated: of 169 independent ones no digit would lead 30.
    led = [np.bincount(auc.argmax(axis=1)).max() for auc in null]
    assert np.median(led) > 30
    assert not where_decides_which(activity, shuffled(0))
    assert where_decides_which(activity, labels)


@pytest.mark.parametrize("seed", range(3))
def test_removing_a_unit_matters_more_for_its_own_picture_than_for_others(seed):
    change = changes(seed)
    assert own_pictures_matter_more(change)
    # Rows are skewed, so a share near a half is far above chance.
    own, random = shares(change, np.mean)
    assert 0.4 < own < 0.55
    assert random.max() < 0.42
    assert shares(change, np.median)[1].mean() == pytest.approx(0.5, abs=0.02)


def test_with_the_pictures_of_other_units_it_does_not():
    rng, (seen, _) = np.random.default_rng(0), probed()
    live = np.flatnonzero(seen.total)
    others = seen.raw(live)[rng.permutation(len(live))]
    assert not own_pictures_matter_more(removals(network(), others, live))
    for seed in range(3):
        for _ in range(10):
            change = changes(seed)
            assert not own_pictures_matter_more(change[:, rng.permutation(len(change))])


def test_strong_units_and_fragile_pictures_alone_do_not_look_like_own_pictures():
    rng = np.random.default_rng(0)
    for _ in range(10):
        unit, picture = rng.lognormal(size=(120, 1)), rng.lognormal(size=120)
        change = unit * picture * rng.lognormal(size=(120, 120))
        assert not own_pictures_matter_more(change)
        change[np.diag_indices(120)] *= 3
        assert own_pictures_matter_more(change)


@pytest.mark.sweep
def test_over_20_seeds(held):
    nets = [claims(seed) for seed in range(20)]
    found = {name: [net[name] for net in nets] for name in nets[0]}
    print({name: np.flatnonzero(~np.array(column)) for name, column in found.items()})
    every = (
        held(
            12,
            "The row network makes less than 0.6 of the error of a copy of the last row, the "
            "better baseline",
            found["half the error of copying"],
            quote="from {held} of {seeds} seeds it makes less than 0.6 of it",
        ),
        held(
            12,
            "Most averages lie near the mean window",
            found["most averages near the mean"],
            quote="From {held} of {seeds} seeds most averages lie near the mean window",
        ),
        held(
            12,
            "0 and 1 have the best units with mixed starts, trained or not",
            found["0 and 1 have the best units"],
        ),
        held(
            12,
            "With whole images 7 has a better unit than 1, with mixed starts a worse one",
            found["whole images: 7 before 1"],
        ),
        held(
            12,
            "The end of the window decides the AUCs",
            found["the end of the window decides"],
        ),
        held(
            12,
            "The start row moves a unit more than the digit, and decides which digits move it",
            found["the start row decides which digits"],
        ),
        held(12, "Ten rows are enough to bring back the state", found["ten rows are enough"]),
        held(
            12,
            "The roll-forward is better than the mean row for two rows and worse after six",
            found["roll-forward good for two rows, bad after six"],
        ),
    )
    own = held(
        12,
        "Removing a unit matters more for its own picture than 1,000 random pairings allow",
        found["a unit matters more for its own picture"],
        quote="From {held} of {seeds} seeds both shares lie above 1,000 random pairings",
    )
    before = held(
        12,
        "So it does before training",
        found["so does an untrained one"],
        quote="But an untrained one does too, again from {held} of {seeds}",
    )
    sizes = held(
        12,
        "Trained, the change is over 1.5 times that for the median picture, before under 1.1",
        found["training adds the size"],
    )
    moving = held(
        12,
        "No roll-forward of 50 settles within 300 rows",
        found["no fixed point"],
        quote="For {held} of {seeds} no roll-forward settles",
    )
    assert every == (20,) * 8
    assert (own, before, sizes, moving) == (20, 20, 20, 19)
