"""What chapter 12 says, measured."""

from functools import cache

import numpy as np
import pytest

from course_utils import data, training, units


@cache
def digits():
    return data.mnist_digits()


@cache
def network(seed=0, trained=True):
    net = training.row_rnn(seed) if trained else training.row_rnn(seed, updates=0)
    return units.RowRNN.from_torch(net)


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


def probed_at(starts, length):
    images, _ = digits()
    seen, activity = units.Features(), []
    for batch in units.windows(images, starts, length):
        activity.append(network().run(batch)[0][:, -1])
        seen.add(batch, activity[-1])
    return seen, np.concatenate(activity)


def areas(*args, **kwargs):
    return units.selectivity(probed(*args, **kwargs)[1], digits()[1])


def cosines(pictures, other):
    a, b = pictures.reshape(len(pictures), -1), np.ravel(other)
    return a @ b / np.linalg.norm(a, axis=1) / np.linalg.norm(b)


def errors(rnn):
    images, _ = digits()
    held_out, mean = images[4000:], images[:4000].mean(axis=0)
    guess, truth = rnn.predict(rnn.run(held_out)[1])[:, :-1], held_out[:, 1:]
    return [((rows - truth) ** 2).mean() for rows in (guess, mean[1:], held_out[:, :-1])]


def removals(rnn, seen, live):
    """The r.m.s. change of a drawing, by unit removed and picture; one column a live unit."""
    images, _ = digits()
    after = rnn.run(seen.raw(live).astype(np.float32))[1][:, -1]
    intact, mean_h = rnn.roll(after, 10), rnn.run(images[4000:])[1].mean(axis=(0, 1))
    drawn = (rnn.roll(after, 10, {unit: mean_h[unit]}) for unit in range(169))
    return np.array([np.sqrt(((rows - intact) ** 2).mean(axis=(1, 2))) for rows in drawn])


def claims(seed):
    """Every statement of the chapter about a trained network, by name."""
    images, _ = digits()
    rnn = network(seed)
    ours, mean_row, copy = errors(rnn)
    seen, _ = probed(seed)
    live = np.flatnonzero(seen.total)
    mixed, bottom = (areas(seed, first=first).argmax(axis=1) for first in (None, 18))
    whole = areas(seed, length=28).argmax(axis=1)
    owned, counts = (np.bincount(owner, minlength=10) for owner in (mixed, whole))
    true = rnn.run(images[4000:])[1]
    goal = true[:, 19]
    short = rnn.run(images[4000:, 10:20])[1][:, -1]
    error = np.linalg.norm(short - goal) / np.linalg.norm(goal - goal.mean(axis=0))
    real = images[4000:, 10:22]
    rolled = ((rnn.roll(true[:, 9], 12) - real) ** 2).mean(axis=(0, 2))
    mean = ((images[:4000, 10:22].mean(axis=0) - real) ** 2).mean(axis=(0, 2))
    long = rnn.roll(true[:50, 9], 300)[:, 250:]
    changes = removals(rnn, seen, live)[live]
    return {
        "half the error of copying": ours < 0.6 * copy < mean_row,
        "most averages near the mean": np.median(cosines(seen.raw(live), seen.mean())) > 0.8,
        "0 and 1 own most units": set(owned.argsort()[-2:]) == {0, 1},
        "1 owns nearly none for whole images": counts[1] <= 5,
        "the end of the window decides": (bottom == whole).mean() > 0.75
        and (mixed == whole).mean() < 0.25,
        "ten rows are enough": error < 0.05,
        "roll-forward good for two rows, bad after six": bool(
            (rolled[:2] < mean[:2]).all() and (rolled[6:] > mean[6:]).all()
        ),
        "a unit matters for other pictures as much": 0.4
        < (np.diag(changes) > changes.mean(axis=1)).mean()
        < 0.6,
        "no fixed point": (np.abs(np.diff(long, axis=1)).max(axis=(1, 2)) > 0.01).all(),
    }


def test_the_chapters_network_does_what_the_text_says():
    failed = [name for name, holds in claims(0).items() if not holds]
    assert not failed


def test_the_untrained_network_has_the_same_owners_and_averages_and_settles():
    images, labels = digits()
    seen, activity = probed(0, trained=False)
    live = np.flatnonzero(seen.total)
    assert np.median(cosines(seen.raw(live), seen.mean())) > 0.8
    area = areas(0, trained=False)
    assert set(np.bincount(area.argmax(axis=1), minlength=10).argsort()[-2:]) == {0, 1}
    shuffled = np.random.default_rng(0).permutation(labels)
    assert units.selectivity(activity, shuffled).max() < 0.57 < np.median(area.max(axis=1))
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
    shares = {}
    for first in (0, 4, 9, 18):
        six = probed_at(np.full(len(images), first + 4), 6)[1]
        owner = units.selectivity(six, digits()[1]).argmax(axis=1)
        shares[first] = (owner == areas(first=first).argmax(axis=1)).mean()
    assert min(shares[0], shares[4], shares[9]) > 0.8
    assert shares[18] < 0.5
    true = network().run(images[4000:])[1]
    errors = {}
    for end in (20, 28):
        goal = true[:, end - 1]
        ours = network().run(images[4000:, end - 6 : end])[1][:, -1]
        errors[end] = np.linalg.norm(ours - goal) / np.linalg.norm(goal - goal.mean(axis=0))
    assert errors[20] < 0.1
    assert errors[28] > 1


def test_removing_a_unit_tells_how_strong_it_is_and_not_what_it_likes():
    rnn, (seen, _) = network(), probed()
    live = np.flatnonzero(seen.total)
    changes = removals(rnn, seen, live)
    own = np.diag(changes[live])
    assert (own > np.median(changes, axis=0)).mean() > 0.85
    assert 0.4 < (own > changes[live].mean(axis=1)).mean() < 0.55


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
        held(12, "0 and 1 own most units with mixed starts", found["0 and 1 own most units"]),
        held(
            12,
            "The end of the window decides the owner",
            found["the end of the window decides"],
        ),
        held(12, "Ten rows are enough to bring back the state", found["ten rows are enough"]),
        held(
            12,
            "The roll-forward is better than the mean row for two rows and worse after six",
            found["roll-forward good for two rows, bad after six"],
        ),
    )
    ones = held(
        12,
        "With whole images the 1 keeps at most five units",
        found["1 owns nearly none for whole images"],
        quote="the 1 keeps at most five units for {held} of {seeds}",
    )
    moving = held(
        12,
        "No roll-forward of 50 settles within 300 rows",
        found["no fixed point"],
        quote="for {held} of {seeds} no roll-forward settles",
    )
    assert all(found["a unit matters for other pictures as much"])
    assert every == (20,) * 6
    assert (ones, moving) == (18, 19)
