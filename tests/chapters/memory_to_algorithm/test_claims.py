"""What chapter 20 says, measured. The functions are its own."""

import numpy as np
import pytest

from tests.chapters import Page, once
from tests.chapters.seeds import FIRST_SEED, SEEDS

chapter = Page("20_memory_to_algorithm")

THREE = np.array([[0, 1], [1, 2], [2, 0]])


def strings(length, count=200, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (count, length))


def share_right(weights, x, target=chapter.target):
    return (chapter.answers(weights, x) == target(x)[:, -1]).mean(axis=1)


def stays(weights, kept=200, length=1000):
    """Return the share of answers that stay where all but the last symbols are others."""
    x, y = strings(length), strings(length, seed=1)
    y[:, length - kept :] = x[:, length - kept :]
    return (chapter.answers(weights, x) == chapter.answers(weights, y)).mean(axis=1)


def by_hand(k):
    """Return one network of two units: "a one or odd" and "both"; parity where k is large."""
    W, U = np.full((1, 1, 2), k), k * np.array([[[0.5, 0.5], [-0.5, -0.5]]])
    b, V = k * np.array([[[-0.5, -1.5]]]), np.array([[[1.0], [-1.0]]])
    return [W, U, b, V, np.full((1, 1, 1), -1.0)]


def cloud(weights):
    """Return the states after all strings of ten, (networks, 1024, 16)."""
    return chapter.last_states(weights, chapter.strings[None])


def machines(weights):
    """Return the machine of each network."""
    return [
        chapter.automaton(*pair)
        for pair in zip(chapter.each(weights), cloud(weights), strict=True)
    ]


@once
def nets():
    """Return the networks of each length; those of the chapter if the first seed is 0."""
    if FIRST_SEED == 0:
        return chapter.nets
    return {n: chapter.train(chapter.start(SEEDS), n) for n in chapter.nets}


@once
def scores():
    return {n: share_right(weights, strings(1000)) for n, weights in nets().items()}


def sizes(n):
    return np.array([np.max(chapter.reduce(*m)) + 1 for m in machines(nets()[n])])


@once
def kept():
    """Return how often two beginnings give one answer after 1 to 400 symbols."""
    return {n: chapter.agreement(weights) for n, weights in nets().items()}


def four():
    """Return machine and cloud of those that are right after training on 4."""
    pairs = zip(machines(nets()[4]), cloud(nets()[4]), strict=True)
    return [pair for pair, good in zip(pairs, right(4), strict=True) if good]


def coins(n):
    return scores()[n] < 0.6


def right(n):
    return scores()[n] >= 0.99


# ---- quick: what needs no trained network


def test_the_backward_pass_gives_the_slopes():
    weights, x = chapter.start(range(2)), strings(5, 6)[None]
    y = np.cumsum(x, axis=-1) % 2

    def loss(weights):
        h = np.array(chapter.states(weights, x)[1:])
        z = (h @ weights[3] + weights[4])[..., 0]
        signed = np.where(np.moveaxis(y, -1, 0) == 1, z, -z)
        return np.log1p(np.exp(-signed)).mean(axis=(0, 2))

    slopes = chapter.gradients(weights, x)
    for k, w in enumerate(weights):
        place = (0,) * (w.ndim - 1)
        moved = [w.copy(), w.copy()]
        moved[0][:, *place] += 1e-6
        moved[1][:, *place] -= 1e-6
        up, down = (loss([*weights[:k], m, *weights[k + 1 :]]) for m in moved)
        np.testing.assert_allclose(slopes[k][:, *place], (up - down) / 2e-6, atol=1e-7)


def test_long_slopes_are_cut_to_length_one():
    weights = [50 * w for w in chapter.start(range(3))]
    slopes = chapter.gradients(weights, strings(10, 32)[None])
    length = np.sqrt(sum((s**2).sum(axis=(1, 2)) for s in slopes))
    assert np.all(length < 1 + 1e-9)
    assert length.max() > 1 - 1e-9


def test_reducing_keeps_three_states_and_merges_copies():
    doubled = np.concatenate([THREE + 3, THREE])
    assert chapter.reduce(doubled, np.array([1, 0, 0] * 2)).max() == 2
    assert chapter.reduce(THREE, np.array([1, 1, 1])).max() == 0


def test_another_beginning_tells_parity_from_a_memory_that_fades():
    assert share_right(by_hand(8.0), strings(1000)) == 1
    same = (
        strings(1000)[:, :800].sum(axis=1) % 2 == strings(1000, seed=1)[:, :800].sum(axis=1) % 2
    )
    assert stays(by_hand(8.0)) == same.mean()
    assert 0.4 < same.mean() < 0.6
    assert stays(by_hand(1.2)) == 1
    assert share_right(by_hand(1.2), strings(1000)) < 0.6
    assert stays(chapter.start(SEEDS)).min() == 1
    odd = strings(1000)[:, :100].sum(axis=1) % 2 == 1
    assert np.all(chapter.agreement(by_hand(8.0)) == (odd == np.roll(odd, 1)).mean())
    assert chapter.agreement(by_hand(1.2))[0, -1] == 1
    assert chapter.agreement(chapter.start(SEEDS))[:, -1].min() == 1


def test_few_clusters_are_no_algorithm():
    assert chapter.few < 50
    assert chapter.same == 1
    shifted = [*chapter.fresh[:4], chapter.shift]
    says = chapter.answers(shifted, strings(1000)).mean(axis=1)
    assert 0.4 < np.median(says) < 0.6


def test_untrained_networks_merge_too(held):
    weights = chapter.start(SEEDS)
    counts = np.array([chapter.clusters(h).max() + 1 for h in cloud(weights)])
    few = held(20, "Untrained, it keeps fewer than 100 of 1,024 states apart", counts < 100)
    assert few == 20
    x = strings(1000)
    assert np.all(np.abs(share_right(weights, x) - 0.5) < 0.12)


# ---- trained networks


@pytest.mark.sweep
def test_the_switch_lies_between_4_and_10(held):
    known = [np.median(share_right(w, strings(n))) for n, w in nets().items()]
    assert min(known) > 0.99
    short = held(20, "Trained on strings of 4, it is right at length 1,000", right(4))
    longer = held(20, "Trained on strings of 10, it is right at length 1,000", right(10))
    assert short <= 10
    assert longer >= 14
    assert short < right(6).sum() <= longer
    assert short < right(8).sum() <= longer


@pytest.mark.sweep
def test_odd_and_even_mix_from_five_or_six_symbols_on():
    lost = [w[coins(4)] for w in nets()[4]]
    for length, least, most in ((4, 0, 0), (5, 0, 0.1), (6, 0.02, 0.25), (10, 0.2, 0.45)):
        wrong = 1 - share_right(lost, chapter.strings[: 2**length, -length:])
        assert least <= wrong.min() <= wrong.max() <= most
    assert 0.25 < np.median(wrong) < 0.35
    good = [w[right(10)] for w in nets()[10]]
    assert share_right(good, chapter.strings).min() == 1


@pytest.mark.sweep
def test_what_is_right_keeps_its_bit_and_most_that_fails_forgets(held):
    for n, share in kept().items():
        assert np.all(np.abs(share[right(n)] - 0.49) < 0.02), "for ever, after every training"
        np.testing.assert_allclose(stays(nets()[n])[right(n)], 0.48, atol=0.02)
    lost = np.vstack([share[coins(n)] for n, share in kept().items()])
    assert np.median(lost[:, -1]) > 0.99
    assert np.median(lost[:, 0]) < 0.65
    assert 0.6 < (lost[:, -1] > 0.9).mean() < 1
    assert lost[:, -1].min() > 0.6
    forgot = right(4) | (kept()[4][:, -1] > 0.9)
    assert (
        held(
            20,
            "Trained on strings of 4, it is right or forgets the beginning in 400 symbols",
            forgot,
        )
        >= 12
    )


@pytest.mark.sweep
def test_what_is_right_keeps_few_clusters_and_two_states(held):
    good = right(10)
    counts = np.array([chapter.clusters(h).max() + 1 for h in cloud(nets()[10])])
    assert np.median(counts[good]) < 50
    assert np.all(counts[good] < 150)
    two = sizes(10) == 2
    assert np.all(two[good])
    assert held(20, "Trained on strings of 10, its machine has two states", two) >= 15
    counts = np.array([chapter.clusters(h).max() + 1 for h in cloud(nets()[4])])
    assert np.median(counts[coins(4)]) > 100
    assert np.median(sizes(4)[coins(4)]) > 20
    kinds = [chapter.reduce(*m)[chapter.clusters(h)] for m, h in four()]
    outside = [1024 - np.sort(np.bincount(kind))[-2:].sum() for kind in kinds]
    if FIRST_SEED == 0:
        assert 3 <= np.sum(sizes(4)[right(4)] == 2) <= 5
        assert max(outside) <= 20
    # another cut tells the same
    for cut in (0.02, 0.2):
        pairs = zip(chapter.each(nets()[10]), cloud(nets()[10]), good, strict=True)
        wide = [
            chapter.reduce(*chapter.automaton(net, h, cut)).max() + 1
            for net, h, is_right in pairs
            if is_right
        ]
        assert set(wide) == {2}


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("seeds", "recipe"),
    [
        (range(100, 120), {}),
        (SEEDS, {"updates": 4000}),
        (SEEDS, {"batch": 16}),
    ],
    ids=["other seeds", "more updates", "small batches"],
)
def test_other_recipes_show_the_same(seeds, recipe):
    x = strings(1000)
    weights = {n: chapter.train(chapter.start(seeds), n, **recipe) for n in (4, 10)}
    share = {n: share_right(w, x) for n, w in weights.items()}
    assert (share[4] >= 0.99).sum() <= 10
    assert (share[10] >= 0.99).sum() >= 14
    assert np.median(stays(weights[4])[share[4] < 0.6]) > 0.9
    np.testing.assert_allclose(stays(weights[10])[share[10] >= 0.99], 0.48, atol=0.02)


@pytest.mark.sweep
def test_modulo_three_is_learned_on_ten_symbols_and_not_beyond(monkeypatch):
    def three_divides(x):
        return x.cumsum(axis=-1) % 3 == 0

    monkeypatch.setitem(chapter.train.__globals__, "target", three_divides)
    weights, x = chapter.train(chapter.start(SEEDS), 10), strings(1000)
    assert (share_right(weights, x[:, :10], three_divides) >= 0.99).sum() >= 17
    right = share_right(weights, x, three_divides) >= 0.99
    assert right.sum() <= 5
    found = machines(weights)
    three = np.array([np.max(chapter.reduce(*m)) == 2 for m in found])
    assert (three & ~right).sum() >= 10
    assert np.median([len(says) for _, says in found]) > 40
    assert 0.56 < np.median(stays(weights)[~right]) < 0.9


@pytest.mark.sweep
def test_larger_weights_at_the_start_keep_more_apart():
    large = [np.sqrt(3) * w for w in chapter.start(SEEDS)]
    weights, x = chapter.train(large, 10), strings(1000)
    assert np.median(share_right(weights, x[:, :10])) > 0.99
    good = share_right(weights, x) >= 0.99
    assert good.sum() < right(10).sum()
    counts = np.array([chapter.clusters(h).max() + 1 for h in cloud(weights)])
    assert np.median(counts[~good]) > 100 > np.median(counts[good])
