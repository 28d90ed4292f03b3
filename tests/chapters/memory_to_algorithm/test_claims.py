"""What chapter 20 says, measured. The functions are its own."""

import numpy as np
import pytest

from course_utils import training
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

chapter = Page("20_memory_to_algorithm")

PARITY = np.array([[0, 1], [1, 0]])
THREE = np.array([[0, 1], [1, 2], [2, 0]])
ONES = chapter.strings.sum(axis=1)


def strings(length, count=200, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (count, length))


def answers(weights, x):
    """Return whether each network says odd after each string, (networks, strings)."""
    return chapter.odd(weights, chapter.last_states(weights, x[None]))


def stays(weights, kept=200, length=1000):
    """Return the share of answers that stay where all but the last symbols are others."""
    x, y = strings(length), strings(length, seed=1)
    y[:, length - kept :] = x[:, length - kept :]
    return (answers(weights, x) == answers(weights, y)).mean(axis=1)


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


def test_the_machine_of_parity_is_parity_and_that_of_three_is_not():
    x = strings(300)
    wanted = x.sum(axis=1) % 2 == 1
    says = np.array([False, True])
    assert np.array_equal(chapter.run((ONES % 2, PARITY, says), x), wanted)
    three = chapter.run((ONES % 3, THREE, np.array([False, True, False])), x)
    assert 0.3 < (three == wanted).mean() < 0.7


def test_reducing_keeps_three_states_and_merges_copies():
    doubled = np.concatenate([THREE + 3, THREE])
    assert chapter.reduce(doubled, np.array([1, 0, 0] * 2)).max() == 2
    assert chapter.reduce(THREE, np.array([1, 1, 1])).max() == 0


def test_a_linear_cell_needs_the_sign():
    x = strings(1000)
    wanted = x.cumsum(axis=1) % 2 == 1
    sign = np.cumprod(np.where(x == 1, -1.0, 1.0), axis=1) < 0
    assert np.array_equal(sign, wanted)
    h = np.cumprod(np.where(x == 1, 0.9, 1.0), axis=1)
    thresholds = np.quantile(h, np.linspace(0, 1, 50))
    assert max(((h < cut) == wanted).mean() for cut in thresholds) < 0.6
    third = np.angle(np.exp(2j * np.pi / 3) ** x.cumsum(axis=1)) * 3 / (2 * np.pi)
    assert np.array_equal(np.round(third) % 3, x.cumsum(axis=1) % 3)


def test_another_beginning_tells_parity_from_a_memory_that_fades():
    assert chapter.share_right(by_hand(8.0), strings(1000)) == 1
    same = (
        strings(1000)[:, :800].sum(axis=1) % 2 == strings(1000, seed=1)[:, :800].sum(axis=1) % 2
    )
    assert stays(by_hand(8.0)) == same.mean()
    assert 0.4 < same.mean() < 0.6
    assert stays(by_hand(1.2)) == 1
    assert chapter.share_right(by_hand(1.2), strings(1000)) < 0.6
    assert stays(chapter.start(SEEDS)).min() == 1


def test_machines_foretell_untrained_networks_too():
    assert np.median(chapter.alike) > 0.95
    assert 0.4 < np.median(chapter.says.mean(axis=1)) < 0.6
    counts = [chapter.clusters(h).max() + 1 for h in cloud(chapter.shifted)]
    assert np.median(counts) < 50
    x = strings(1000)
    swapped = zip(np.roll(chapter.says, 1, axis=0), machines(chapter.shifted), strict=True)
    other = [(chapter.run(machine, x) == said).mean() for said, machine in swapped]
    assert np.median(other) < 0.7, "the machine of another network does not"


def test_untrained_networks_merge_too(held):
    weights = chapter.start(SEEDS)
    counts = np.array([chapter.clusters(h).max() + 1 for h in cloud(weights)])
    few = held(20, "Untrained, it keeps fewer than 100 of 1,024 states apart", counts < 100)
    assert few == 20
    x = strings(1000)
    share = chapter.share_right(weights, x)
    assert np.all(np.abs(share - 0.5) < 0.12)


# ---- trained networks


@pytest.mark.sweep
def test_the_switch_lies_between_4_and_10(held):
    known = [np.median(chapter.share_right(w, strings(n))) for n, w in chapter.nets.items()]
    assert min(known) > 0.99
    right = {n: share >= 0.99 for n, share in chapter.score.items()}
    short = held(20, "Trained on strings of 4, it is right at length 1,000", right[4])
    longer = held(20, "Trained on strings of 10, it is right at length 1,000", right[10])
    assert short <= 10
    assert longer >= 14
    assert short < right[6].sum() <= longer
    assert short < right[8].sum() <= longer


@pytest.mark.sweep
def test_odd_and_even_mix_from_five_or_six_symbols_on():
    coins = [w[chapter.coins] for w in chapter.nets[4]]
    for length, least, most in ((4, 0, 0), (5, 0, 0.1), (6, 0.02, 0.25), (10, 0.2, 0.45)):
        every = chapter.strings[: 2**length, -length:]
        wrong = 1 - chapter.share_right(coins, every)
        assert least <= wrong.min() <= wrong.max() <= most
    assert 0.25 < np.median(wrong) < 0.35
    good = [w[chapter.right[10]] for w in chapter.nets[10]]
    assert chapter.share_right(good, chapter.strings).min() == 1


@pytest.mark.sweep
def test_what_is_right_keeps_its_bit_and_most_that_fails_forgets(held):
    for n, right in chapter.right.items():
        np.testing.assert_allclose(chapter.stays[n], stays(chapter.nets[n]))
        assert np.all(np.abs(chapter.stays[n][right] - 0.48) < 0.02)
    score, share = (np.concatenate(list(d.values())) for d in (chapter.score, chapter.stays))
    forgot = share[score < 0.6] > 0.9
    assert 0.5 < forgot.mean() < 0.9
    assert share[score < 0.6].min() > 0.52
    known = chapter.right[4] | (chapter.stays[4] > 0.9)
    many = held(
        20, "Trained on strings of 4, it is right or has forgotten the beginning", known
    )
    assert many >= 10
    # the two that fail after training on 10 forget slowly
    lost = [w[chapter.score[10] < 0.6] for w in chapter.nets[10]]
    assert np.all(stays(lost, kept=10) < 0.7)
    assert np.all(stays(lost) > 0.8)


@pytest.mark.sweep
def test_what_is_right_keeps_few_clusters_and_two_states(held):
    good = chapter.score[10] >= 0.99
    counts = np.array([chapter.clusters(h).max() + 1 for h in chapter.clouds[10]])
    assert np.median(counts[good]) < 50
    assert np.all(counts[good] < 150)
    assert np.all(chapter.sizes[10][good] == 2)
    two = chapter.sizes[10] == 2
    assert held(20, "Trained on strings of 10, its machine has two states", two) >= 15
    assert np.median(chapter.counts[4][chapter.score[4] < 0.6]) > 100
    # another cut tells the same
    for cut in (0.02, 0.2):
        pairs = zip(chapter.each(chapter.nets[10]), chapter.clouds[10], good, strict=True)
        wide = [
            chapter.reduce(*chapter.automaton(net, h, cut)[1:]).max() + 1
            for net, h, right in pairs
            if right
        ]
        assert set(wide) == {2}


@pytest.mark.sweep
def test_the_machine_answers_as_its_network_does(held):
    own = chapter.agree[4] > 0.8
    said = held(20, "Trained on strings of 4, it answers as its machine at length 1,000", own)
    assert said >= 18
    coins = chapter.score[4] < 0.6
    assert coins.sum() >= 8
    assert np.median(chapter.agree[4][coins]) > 0.9
    assert np.median(chapter.agree[10]) > 0.99
    # nor does that take clusters
    pairs = zip(chapter.each(chapter.nets[4]), chapter.clouds[4], chapter.said[4], strict=True)
    kept = np.array(
        [
            (chapter.run(chapter.automaton(net, h, 1e-12), chapter.x) == said).mean()
            for net, h, said in pairs
        ]
    )
    assert np.median(kept[coins]) > 0.93


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
    share = {n: chapter.share_right(w, x) for n, w in weights.items()}
    assert (share[4] >= 0.99).sum() <= 10
    assert (share[10] >= 0.99).sum() >= 14
    alike = [
        (chapter.run(machine, x) == answer).mean()
        for machine, answer in zip(machines(weights[4]), answers(weights[4], x), strict=True)
    ]
    assert np.median(alike) > 0.9
    assert np.median(stays(weights[4])[share[4] < 0.6]) > 0.9
    np.testing.assert_allclose(stays(weights[10])[share[10] >= 0.99], 0.48, atol=0.02)


@pytest.mark.sweep
def test_modulo_three_is_learned_on_ten_symbols_and_not_beyond(monkeypatch):
    train, share_right = chapter.train, chapter.share_right
    monkeypatch.setitem(train.__globals__, "target", lambda x: x.cumsum(axis=-1) % 3 == 0)
    weights, x = train(chapter.start(SEEDS), 10), strings(1000)
    assert (share_right(weights, x[:, :10]) >= 0.99).sum() >= 17
    right = share_right(weights, x) >= 0.99
    assert right.sum() <= 5
    found = machines(weights)
    three = np.array([np.max(chapter.reduce(*m[1:])) == 2 for m in found])
    assert (three & ~right).sum() >= 10
    said = answers(weights, x)
    alike = np.array(
        [(chapter.run(m, x) == says).mean() for m, says in zip(found, said, strict=True)]
    )
    assert np.median(alike[three & ~right]) < 0.9
    assert np.median([m[0].max() + 1 for m in found]) > 40
    assert 0.56 < np.median(stays(weights)[~right]) < 0.9


@pytest.mark.sweep
def test_larger_weights_at_the_start_keep_more_apart():
    large = [np.sqrt(3) * w for w in chapter.start(SEEDS)]
    weights, x = chapter.train(large, 10), strings(1000)
    assert np.median(chapter.share_right(weights, x[:, :10])) > 0.99
    right = chapter.share_right(weights, x) >= 0.99
    assert right.sum() < (chapter.score[10] >= 0.99).sum()
    counts = np.array([chapter.clusters(h).max() + 1 for h in cloud(weights)])
    assert np.median(counts[~right]) > 100 > np.median(counts[right])


@pytest.mark.sweep
def test_precision_does_not_decide():
    x = strings(1000)[None]
    for n in (4, 10):
        half = [w.astype("float32") for w in chapter.nets[n]]
        said = chapter.odd(half, chapter.last_states(half, x.astype("float32")))
        assert (said == chapter.said[n]).mean() > 0.99


@pytest.mark.sweep
def test_a_gru_of_16_units_is_not_right_at_1000():
    import torch

    x, share = torch.tensor(strings(1000)).float()[..., None], []
    for seed in range(3):
        torch.manual_seed(seed)
        gru, read = torch.nn.GRU(1, 16, batch_first=True), torch.nn.Linear(16, 1)
        parts = [*gru.parameters(), *read.parameters()]
        adam, rng = torch.optim.Adam(parts, 3e-3), np.random.default_rng(seed)
        loss = torch.nn.BCEWithLogitsLoss()
        for _ in training.progress(range(2000)):
            batch = torch.tensor(rng.integers(0, 2, (32, 10))).float()
            adam.zero_grad()
            loss(read(gru(batch[..., None])[0])[..., 0], batch.cumsum(1) % 2).backward()
            torch.nn.utils.clip_grad_norm_(parts, 1.0)
            adam.step()
        with torch.no_grad():
            for length in (10, 1000):
                said = read(gru(x[:, :length])[0][:, -1])[:, 0] > 0
                share.append((said == (x[:, :length, 0].sum(1) % 2 == 1)).float().mean())
    assert min(share[::2]) > 0.95
    assert max(share[1::2]) < 0.93
