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


def test_a_known_filter_comes_back_in_the_order_raw_centred_whitened():
    rng = np.random.default_rng(0)
    C = 0.9 ** np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    k = rng.normal(size=40)
    x = 2 + rng.normal(size=(20_000, 40)) @ np.linalg.cholesky(C).T
    z = x @ k
    seen = units.Features(whiten=True)
    seen.add(x[:, None], ((z - z.mean()) / z.std())[:, None])
    pictures = (seen.raw(), seen.centred(), seen.whitened(ridge=1e-4))
    raw, centred, whitened = (cosines(p, k)[0] for p in pictures)
    assert raw < centred - 0.1 < whitened - 0.2
    assert whitened > 0.97
    assert centred == pytest.approx(cosines((C @ k)[None], k)[0], abs=0.05)


@pytest.mark.sweep
def test_over_20_seeds():
    table = [claims(seed) for seed in range(20)]
    held = {name: sum(bool(row[name]) for row in table) for name in table[0]}
    print(held)
    expected = dict.fromkeys(held, 20)
    expected |= {"1 owns nearly none for whole images": 18, "no fixed point": 19}
    assert held == expected
