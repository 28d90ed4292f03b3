"""What chapter 13 says, measured. The functions are the chapter's own."""

from functools import cache

import numpy as np
import pytest
import torch

from tests.chapters import Page

chapter, notes = Page("13_local_connections"), Page("A3_porting_notes")


@pytest.fixture(autouse=True)
def double():
    """Compute in float64 and draw from seed 0, as the chapter does."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


def test_the_askers_network_fits_one_number_of_inputs_alone():
    def fits(d):
        try:
            return chapter.asked(torch.zeros(2, 1, d)).shape == (2, 6, 3)
        except RuntimeError:
            return False

    assert [d for d in range(3, 30) if fits(d)] == [8]


@pytest.mark.parametrize(("d", "k", "s", "f"), [(8, 3, 1, 1), (24, 4, 4, 3), (9, 3, 2, 2)])
def test_the_grouped_layout_is_place_times_k_plus_entry_and_place_times_f_plus_filter(
    d, k, s, f
):
    draw = torch.Generator().manual_seed(0)
    G = (d - k) // s + 1
    W, b = torch.randn(G, k, f, generator=draw), torch.randn(G, f, generator=draw)
    windows = torch.randn(5, d, generator=draw).unfold(1, k, s)
    conv = torch.nn.Conv1d(G * k, G * f, 1, groups=G)
    with torch.no_grad():
        conv.weight.copy_(W.transpose(1, 2).reshape(G * f, k, 1))
        conv.bias.copy_(b.flatten())
    got = conv(windows.reshape(5, G * k, 1)).reshape(5, G, f)
    assert torch.allclose(got, torch.einsum("ngk,gkf->ngf", windows, W) + b, atol=1e-12)


def test_a_layer_has_as_many_connections_as_weights():
    for d, k in ((8, 3), (24, 3), (24, 4)):
        G = d - k + 1
        matrix = chapter.dense_matrix(np.ones((G, k)))
        assert matrix.shape == (d, G)
        assert matrix.sum() == G * k


def test_true_and_shuffled_windows_see_every_input_and_are_as_many():
    true, shuffled, dense = chapter.wirings(0)
    assert true.sum() == shuffled.sum() == 66
    assert true.any(1).all()
    assert shuffled.any(1).all()
    assert (true != shuffled).any()
    assert dense.all()


@pytest.mark.parametrize("seed", range(20))
def test_a_mask_holds_in_the_forward_pass_and_not_if_it_is_applied_once(seed):
    torch.manual_seed(seed)
    once, masked = torch.nn.Linear(8, 6), chapter.masked_linear(chapter.mask)
    once.weight.data *= chapter.mask
    for layer in (once, masked):
        assert chapter.outside(layer) == 0
        chapter.fit(layer)
    assert 0.4 < chapter.outside(once) < 0.55, "about 50 updates of 0.01"
    assert chapter.outside(masked) == 0
    assert (masked.weight[chapter.mask == 0] != 0).all(), "stored, and not used"


@pytest.mark.parametrize("seed", range(20))
def test_a_pruned_weight_with_no_gradient_moves_by_what_the_optimiser_remembers(seed):
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(seed)
    assert notes.pruned(torch.optim.SGD) == 0
    assert notes.pruned(torch.optim.SGD, momentum=0.9) > 0.01
    assert notes.pruned(torch.optim.Adam) > 0.01


def test_what_a_forward_mask_hides_has_no_gradient():
    layer = chapter.masked_linear(chapter.mask)
    layer(torch.randn(64, 8)).square().sum().backward()
    assert (layer.weight.grad[chapter.mask == 0] == 0).all()
    assert (layer.weight.grad[chapter.mask == 1] != 0).all()


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_two_softmaxes_divide_the_first_gradient_by_the_number_of_classes(classes):
    once, twice = (notes.slope([0.0] * classes, two) for two in (False, True))
    assert torch.allclose(twice, once / classes)
    unequal = (notes.slope([0.0, 1.0] + [0.0] * (classes - 2), two) for two in (False, True))
    once, twice = unequal
    assert not torch.allclose(twice, once / classes)


def test_training_side_by_side_is_training_alone():
    true, shuffled, dense = chapter.wirings(0)
    alone, beside = (
        chapter.study(lambda seed, other=other: [true, other], seeds=range(2))[0][:, 0]
        for other in (shuffled, dense)
    )
    assert np.allclose(alone, beside, rtol=1e-6)


SETS = {"": range(20), "20 other seeds: ": range(100, 120)}


@cache
def ranked(name):
    """The errors of the three wirings over time and stopped, and of least squares."""
    linear = np.array([chapter.least_squares(seed) for seed in SETS[name]])
    return *chapter.study(chapter.wirings, seeds=SETS[name]), linear


@pytest.mark.sweep
def test_true_windows_beat_every_rival_for_the_chapters_seeds(held):
    curves, (true, shuffled, dense), linear = ranked("")
    ahead = held(
        13,
        "True windows beat windows on shuffled inputs, a dense layer and least squares",
        true < np.minimum(np.minimum(shuffled, dense), linear),
        quote="ahead of each rival for {held} of {seeds} seeds",
    )
    last = held(
        13,
        "Least squares beats a dense layer that learns from 200 examples",
        linear < dense,
        quote="least squares beats it for {held} of {seeds}",
    )
    sparse = held(
        13,
        "Windows on shuffled inputs beat a dense layer that learns from 200 examples",
        shuffled < dense,
        quote="beat the dense layer for {held} of {seeds}",
    )
    early = held(
        13,
        "After 20 updates a dense layer beats windows on shuffled inputs",
        curves[1, 2] < curves[1, 1],
        quote="the dense layer beats shuffled windows for {held} of {seeds}",
    )
    late = held(
        13,
        "After 100 updates a dense layer loses to windows on shuffled inputs",
        curves[5, 1] < curves[5, 2],
        quote="it loses to them for {held} of {seeds}",
    )
    stays = held(
        13,
        "From update 100 on true windows beat every rival at each look",
        (curves[5:, 0] < np.minimum(curves[5:, 1:].min(1), linear)).all(0),
    )
    assert (ahead, last, early, late, stays) == (20, 20, 20, 20, 20)
    assert sparse >= 18
    medians = [np.median(errors).round(2) for errors in (dense, shuffled, true)]
    assert medians == [0.20, 0.16, 0.05]


@pytest.mark.sweep
@pytest.mark.parametrize("name", SETS)
def test_shuffled_windows_are_near_least_squares_mostly_ahead(name):
    _, (true, shuffled, _), linear = ranked(name)
    assert 12 <= (shuffled < linear).sum() < 20
    assert 0.7 < np.median(shuffled) / np.median(linear) < 1
    assert np.median(true) < 0.5 * np.median(linear), "what is not near"


def neurons(n, name=""):
    """The errors of dense layers of n neurons."""
    return chapter.study(lambda seed: [np.ones((24, n))], seeds=SETS[name])[1][0]


@pytest.mark.sweep
def test_a_dense_layer_with_as_few_numbers_does_not_do_what_sparse_windows_do(held):
    _, (_, shuffled, dense), _ = ranked("")
    three, four = neurons(3), neurons(4)
    ahead = held(
        13,
        "Windows on shuffled inputs, 88 numbers, beat a dense layer of four neurons, 100",
        shuffled < four,
    )
    fewer = held(
        13,
        "Windows on shuffled inputs, 88 numbers, beat a dense layer of three neurons, 75",
        shuffled < three,
    )
    assert min(ahead, fewer) >= 18
    for few in (three, four):
        assert (dense < few).sum() > 10, "fewer numbers alone do not help"
    _, (_, shuffled, dense), _ = ranked("20 other seeds: ")
    four = neurons(4, "20 other seeds: ")
    again = held(
        13,
        "20 other seeds: windows on shuffled inputs beat a dense layer of four neurons",
        shuffled < four,
    )
    assert again >= 18
    assert (dense < four).sum() > 10


def decayed(rate, monkeypatch):
    """With weight decay: where true windows lead, and the errors of the three rivals."""
    adam = torch.optim.Adam
    with monkeypatch.context() as patch:
        patch.setattr(
            torch.optim, "Adam", lambda weights, lr: adam(weights, lr, weight_decay=rate)
        )
        _, (true, *others) = chapter.study(chapter.wirings)
    rivals = [*others, np.array([chapter.least_squares(seed) for seed in range(20)])]
    return true < np.min(rivals, axis=0), *rivals


@pytest.mark.sweep
def test_weight_decay_helps_the_dense_layer_and_does_not_take_the_lead(held, monkeypatch):
    leads, shuffled, dense, linear = decayed(0.01, monkeypatch)
    ahead = held(
        13,
        "With weight decay of 0.01, too, true windows beat every rival",
        leads,
        quote="True windows beat every rival for {held} of {seeds} with either",
    )
    assert ahead == 20
    assert 4 <= (dense < linear).sum() <= 16
    assert 0.9 < np.median(dense) / np.median(linear) < 1.1
    leads, shuffled, dense, linear = decayed(0.03, monkeypatch)
    still = held(
        13,
        "With weight decay of 0.03, too, true windows beat every rival",
        leads,
        quote="True windows beat every rival for {held} of {seeds} with either",
    )
    assert still == 20
    assert 4 <= (dense < shuffled).sum() <= 16
    assert 0.9 < np.median(dense) / np.median(shuffled) < 1.1


@pytest.mark.sweep
def test_20_other_seeds_rank_the_wirings_as_the_chapter_does(held):
    curves, (true, shuffled, dense), linear = ranked("20 other seeds: ")
    ahead = held(
        13,
        "20 other seeds: true windows beat windows on shuffled inputs, a dense layer and least "
        "squares",
        true < np.minimum(np.minimum(shuffled, dense), linear),
    )
    last = held(13, "20 other seeds: least squares beats a dense layer", linear < dense)
    sparse = held(
        13,
        "20 other seeds: windows on shuffled inputs beat a dense layer",
        shuffled < dense,
    )
    turns = held(
        13,
        "20 other seeds: a dense layer is ahead of shuffled windows after 20 updates, behind "
        "after 100",
        (curves[1, 2] < curves[1, 1]) & (curves[5, 1] < curves[5, 2]),
    )
    assert (ahead, last) == (20, 20)
    assert sparse >= 17
    assert turns >= 19


@pytest.mark.sweep
def test_true_windows_beat_scattered_connections_that_see_every_input(held):
    def pair(seed):
        rng = np.random.default_rng(seed + 2000)
        while True:
            scattered = np.array([rng.permutation(24) < 3 for _ in range(22)]).T
            if scattered.any(1).all():
                return [chapter.wirings(seed)[0], scattered * 1.0]

    _, (true, scattered) = chapter.study(pair)
    assert (
        held(
            13,
            "True windows beat three random inputs a neuron that leave no input out",
            true < scattered,
        )
        == 20
    )


@pytest.mark.sweep
def test_where_neighbours_mean_nothing_the_windows_lead_nobody_but_the_dense_layer(monkeypatch):
    problem = chapter.problem

    def mixed(seed, n):
        x, y = problem(seed, n)
        return x[:, np.random.default_rng(seed + 3000).permutation(24)], y

    monkeypatch.setitem(chapter.study.__globals__, "problem", mixed)
    _, (windows, shuffled, dense) = chapter.study(chapter.wirings)
    linear = np.array([chapter.least_squares(seed) for seed in range(20)])
    assert 4 <= (windows < shuffled).sum() <= 16
    assert (windows < linear).sum() <= 18
    assert np.median(windows) > 0.7 * np.median(linear)
    # Being sparse and wrong is enough for this, so it is no evidence.
    assert (windows < dense).sum() >= 15


def test_narrow_windows_lie_in_true_ones_and_wide_ones_contain_them():
    (narrow, true, wide), (windows, _, _) = (
        map(chapter.windows_of, (2, 3, 9)),
        chapter.wirings(0),
    )
    assert (true == windows).all()
    assert (narrow <= true).all()
    assert (true <= wide).all()
    assert narrow.any(1).all()
    assert [mask.sum() for mask in (narrow, true, wide)] == [44, 66, 198]


@pytest.mark.sweep
def test_where_windows_of_two_are_true_windows_of_three_do_not_lead(monkeypatch):
    def thin(seed, n):
        rng = np.random.default_rng(seed)
        filters, readout = rng.normal(size=(22, 3)), rng.normal(size=22)
        x, noise = rng.normal(size=(n + 1000, 24)), rng.normal(size=n + 1000)
        y = np.tanh(x @ (chapter.dense_matrix(filters) * chapter.windows_of(2))) @ readout
        return x, y / y.std() + 0.1 * noise

    monkeypatch.setitem(chapter.study.__globals__, "problem", thin)
    _, (narrow, wider) = chapter.study(lambda seed: [chapter.windows_of(k) for k in (2, 3)])
    assert (wider < narrow).sum() <= 10


@pytest.mark.sweep
def test_a_width_too_small_stays_behind_and_one_too_large_catches_up(held):
    few, many = (
        chapter.study(lambda seed: [chapter.windows_of(k) for k in (2, 3, 9)], n)[1]
        for n in (300, 1200)
    )
    narrow = held(
        13,
        "Exercise 4, 300 examples: windows of the true width, 3, beat windows of 2",
        few[1] < few[0],
        quote="width 3 beats width 2 for {held} of {seeds}",
    )
    wide = held(
        13,
        "Exercise 4, 300 examples: windows of the true width, 3, beat windows of 9",
        few[1] < few[2],
        quote="and width 9 for {held} of {seeds}",
    )
    still = held(
        13,
        "Exercise 4, 1,200 examples: windows of the true width, 3, beat windows of 2",
        many[1] < many[0],
        quote="still beats width 2 for {held} of {seeds}",
    )
    caught = held(
        13,
        "Exercise 4, 1,200 examples: windows of the true width, 3, beat windows of 9",
        many[1] < many[2],
        quote="beats width 9 for {held} of {seeds}",
    )
    assert (narrow, wide, still) == (20, 20, 20)
    assert caught <= 10
