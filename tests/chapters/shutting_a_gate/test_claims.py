"""What chapter 9 and its two appendix pages say, measured. The functions are the pages' own."""

from functools import cache
from itertools import combinations, product

import numpy as np
import pytest

from course_utils import gates, inversion, networks
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

chapter = Page("09_shutting_a_gate")
counting, maps_page = Page("A6_counting_regions"), Page("A0_sensitivity_maps")
SHUT = np.log(1 / 9)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@cache
def trained(seed, updates=400):
    return networks.row_lstm(seed, updates=updates)


class Opened:
    """A network's forget gate at row 15 of the held-out digits."""

    def __init__(self, network):
        self.lstm, self.cell = network["cell"], gates.Gates.from_torch(network["cell"])
        forget = self.cell.blocks["forget"]
        self.W = forget.kernel
        h = self.cell.trace(chapter.x[:, :14]).h[:, -1]
        self.a = h @ forget.recurrent + forget.bias

    def start(self, digit=0):
        first = np.repeat(chapter.x[[digit]], 64, axis=0)
        first[:, 14] = self.W.T < 0
        return first

    def descent(self, digit=0):
        """Return what the chapter's descent finds, and the units that need more than a row."""
        found = inversion.reconstruct(
            lambda pictures: chapter.own_unit(self.lstm, pictures),
            np.full((64, 1), 0.05),
            self.start(digit),
            learning_rate=10,
            steps=150,
            loss="cross-entropy",
            activation="sigmoid",
            bounds=(0, 1),
            tolerance=0.05,
        )
        lowest = chapter.lowest_gate(self.W, self.a[digit])
        return found, np.flatnonzero(found.converged & (lowest > 0.1))

    def gate(self, pictures, units):
        opened = self.cell.trace(pictures).gates["forget"]
        return opened[np.arange(len(units)), 14, units]


@pytest.fixture(scope="module")
def net():
    return Opened(chapter.network)


@pytest.fixture(scope="module")
def found(net):
    return net.descent()


def moved(picture, seed):
    """Return the digit with the changes of a picture at other places."""
    rng, changed = np.random.default_rng(seed), chapter.x[0].copy()
    change = rng.permutation((picture - chapter.x[0])[:15].ravel()).reshape(15, 28)
    there = changed[:15] + change
    outside = (there < 0) | (there > 1)
    changed[:15] = np.where(outside, changed[:15] - change, there).clip(0, 1)
    return changed


def scattered(found, hard):
    return np.array([moved(found.inputs[k], k) for k in hard])


def test_the_network_names_digits_and_its_untrained_twin_does_not():
    import torch

    x, labels = torch.tensor(chapter.x), chapter.labels[4_000:]
    for network, low, high in ((chapter.network, 0.92, 1), (trained(0, 0), 0, 0.2)):
        with torch.no_grad():
            named = network["readout"](network["cell"](x)[0][:, -1]).argmax(dim=1)
        assert low < (named.numpy() == labels).mean() < high


# ---- one row


def test_the_inked_row_is_the_best_of_all_legal_rows(net):
    rows = np.random.default_rng(0).random((2_000, 28))
    reached = sigmoid(rows @ net.W + net.a[0])
    lowest = chapter.lowest_gate(net.W, net.a[0])
    np.testing.assert_allclose(sigmoid(((net.W < 0) * net.W).sum(axis=0) + net.a[0]), lowest)
    assert (reached >= lowest).all()
    beyond = sigmoid((3 * rows - 1) @ net.W + net.a[0])  # not legal: the bounds hold it
    assert (beyond < lowest).any()


def test_the_closed_form_is_the_nearest_point_and_never_legal_here(net):
    w, offset = net.W[:, 5], net.a[0, 5]
    x = w * (SHUT - offset) / (w @ w)
    assert x @ w + offset == pytest.approx(SHUT)
    other = np.random.default_rng(1).normal(size=28)
    across = other - w * (other @ w) / (w @ w)
    assert np.linalg.norm(x + across) > np.linalg.norm(x)
    assert (net.W > 0).any(axis=0).all()
    # Where all weights are below 0 it can be legal: the signs decide.
    w = -np.abs(w)
    x = w * (SHUT - 0) / (w @ w)
    assert (x >= 0).all()


def test_a_third_of_the_units_can_be_shut_alone(net):
    every = np.array([chapter.lowest_gate(net.W, offset) for offset in net.a])
    assert (every[0] <= 0.1).sum() == 20
    assert (every <= 0.1).mean() == pytest.approx(0.31, abs=0.01)


def test_an_untrained_row_lowers_z_by_a_third_of_what_it_takes():
    for seed in range(3):
        net = Opened(trained(seed, 0))
        assert 0.124 < np.abs(net.W).max() <= 1 / 8
        lowered, takes = -np.minimum(net.W, 0).sum(axis=0), net.a - SHUT
        assert lowered.mean() == pytest.approx(0.9, abs=0.02)
        assert lowered.max() < 1.6 < 2.8 < takes.min()
        assert takes.mean() == pytest.approx(3.2, abs=0.05)


# ---- several units


def test_units_1_and_19_and_the_proof_of_answer_1(net):
    lowest = chapter.lowest_gate(net.W, net.a[0])
    assert (lowest[[1, 19]] <= 0.1).all()
    v = np.array([0.44, 0.56])
    excess = np.minimum(net.W[:, [1, 19]] @ v, 0).sum() + net.a[0, [1, 19]] @ v - SHUT
    assert excess == pytest.approx(1.25, abs=0.01)
    assert chapter.proves(v, net.W[:, [1, 19]], net.a[0, [1, 19]], 0.1)
    assert chapter.pair_proof(net.W[:, [1, 19]], net.a[0, [1, 19]], 0.1).any()
    assert not chapter.pair_proof(net.W[:, [18, 44]], net.a[0, [18, 44]], 0.1).any()


def test_the_pairs_of_the_first_digit(net):
    lowest = chapter.lowest_gate(net.W, net.a[0])
    pairs = [list(p) for p in combinations(np.flatnonzero(lowest <= 0.1), 2)]
    cases = [(net.W[:, p], net.a[0, p]) for p in pairs]
    ours = np.array([chapter.pair_proof(*case, 0.1).any() for case in cases])
    equal = np.array([chapter.proves(np.ones(2), *case, 0.1) for case in cases])
    program = [
        not inversion.shut_gate(*case, opening=0.1, bounds=(0, 1)).possible for case in cases
    ]
    assert ours.tolist() == program
    assert (len(pairs), ours.sum(), equal.sum()) == (190, 27, 19)
    assert not (equal & ~ours).any()


def test_a_row_or_a_certificate_and_never_both(net):
    """For random sets of 1 to 6 units, over other digits."""
    rng, seen = np.random.default_rng(3), set()
    for digit in range(40):
        units = rng.choice(64, rng.integers(1, 7), replace=False)
        W, a = net.W[:, units], net.a[digit, units]
        answer = inversion.shut_gate(W, a, opening=0.1, bounds=(0, 1))
        seen.add(answer.possible)
        tries = rng.dirichlet(np.ones(len(units)), 200)
        if answer.possible:
            assert (sigmoid(answer.input @ W + a) <= 0.1 + 1e-6).all()
            assert not any(chapter.proves(v, W, a, 0.0999) for v in tries)
        else:
            assert chapter.proves(answer.certificate, W, a, 0.1)
            rows = (rng.random((2_000, 28)) < 0.5).astype(float)
            assert not (sigmoid(rows @ W + a) <= 0.1).all(axis=1).any()
    assert seen == {True, False}


def test_three_units_of_which_each_two_can_be_shut_and_not_all_three(net):
    three = [6, 19, 42]

    def answer(p):
        return inversion.shut_gate(net.W[:, p], net.a[0, p], opening=0.1, bounds=(0, 1))

    assert all(answer(list(p)).possible for p in combinations(three, 2))
    whole = answer(three)
    assert not whole.possible
    assert whole.excess == pytest.approx(0.068, abs=0.02)
    case = net.W[:, three], net.a[0, three], 0.1
    assert chapter.proves(whole.certificate, *case)
    assert (whole.certificate > 0.1).all()  # so no two of them are the proof
    assert not chapter.proves(np.ones(3), *case)


def test_what_two_units_reach_is_the_region_of_the_figure(net):
    W, a = net.W[:, [1, 19]], net.a[0, [1, 19]]
    corners = chapter.region(W, a)
    rows = np.random.default_rng(0).integers(0, 2, (5_000, 28)) @ W + a
    for angle in np.linspace(0, 2 * np.pi, 50):
        u = np.array([np.cos(angle), np.sin(angle)])
        assert (rows @ u).max() <= (corners @ u).max() + 0.01
        far = (W @ u > 0).astype(float) @ W + a
        assert (corners @ u).max() == pytest.approx(far @ u, abs=0.01)


# ---- a picture


def test_a_whole_picture_shuts_what_a_row_cannot_and_scattered_changes_do_not(net, found):
    answer, hard = found
    assert answer.converged.sum() > 45
    assert 30 <= len(hard) <= 38
    assert (chapter.lowest > 0.1).sum() == 44
    looked = (chapter.every <= 0.1).any(axis=0)  # the trivial search
    assert looked[chapter.lowest > 0.1].mean() == pytest.approx(0.5, abs=0.05)
    assert (looked & ~answer.converged).sum() == 1
    assert (net.a > SHUT).all()  # a blank row leaves every unit open
    assert (chapter.every[:1, hard] > 0.1).all()
    assert (answer.inputs >= 0).all()
    assert (answer.inputs <= 1).all()
    np.testing.assert_allclose(net.gate(answer.inputs[hard], hard), answer.outputs[hard, 0])
    assert (net.gate(scattered(answer, hard), hard) > 0.1).all()
    opened = net.cell.trace(answer.inputs[hard]).gates["forget"][:, 14][:, hard]
    assert (opened[~np.eye(len(hard), dtype=bool)] <= 0.1).mean() < 0.015  # another unit's


def test_scattered_changes_are_about_as_large_as_the_picture_s(found):
    answer, hard = found
    there, here = scattered(answer, hard) - chapter.x[0], answer.inputs[hard] - chapter.x[0]
    sizes = np.abs(there).sum(axis=(1, 2)) / np.abs(here).sum(axis=(1, 2))
    assert sizes.min() > 0.75
    assert sizes.mean() > 0.9


def test_what_the_network_names_the_shut_pictures(net, found):
    import torch

    answer, hard = found
    label = chapter.labels[4_000]

    def named(pictures):
        h = chapter.network["cell"](torch.tensor(pictures))[0][:, -1]
        return int((chapter.network["readout"](h).argmax(dim=1) == label).sum())

    shut = answer.converged
    assert label == 8
    assert (int(shut.sum()), len(hard)) == (54, 34)
    got = (
        named(answer.inputs[shut]),
        named(answer.inputs[hard]),
        named(scattered(answer, hard)),
    )
    assert got == (11, 5, 5)


@pytest.mark.sweep
def test_the_next_two_digits_are_no_different(net):
    for digit in (1, 2):
        assert net.descent(digit)[0].converged.sum() > 45


# ---- the appendix pages


def test_wendels_count_against_all_flips_of_signs():
    """For units in general position the count is exact over all ways to flip their signs."""
    rng = np.random.default_rng(2)
    for n, d, limited in ((5, 2, 0), (5, 3, 0), (3, 2, 2), (2, 3, 3)):
        W = rng.normal(size=(d, n))
        # Flipping an input's sign is flipping which side its limit allows.
        possible = [
            inversion.shut_gate(
                W * units,
                np.zeros(n),
                bounds=(np.where(sides > 0, 0, -np.inf), np.where(sides > 0, np.inf, 0))
                if limited
                else None,
            ).possible
            for units in map(np.array, product((-1, 1), repeat=n))
            for sides in map(np.array, product((-1, 1), repeat=limited or 1))
        ]
        assert np.mean(possible) == counting.wendel(n + limited, d)
    assert counting.wendel(8, 8) == 1
    assert counting.wendel(16, 8) == 0.5
    assert counting.wendel(64, 28) == pytest.approx(0.16, abs=0.005)


def test_one_input_that_moves_all_units_shows_as_a_common_direction():
    """The statistics of a common direction see one that is put in, and none in noise."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(28, 64))
    cosine, share = counting.common(noise)
    assert abs(cosine) < 0.02
    assert share < 0.13
    cosine, share = counting.common(noise + rng.normal(size=(28, 1)))
    assert cosine > 0.3
    assert share > 0.4


def test_the_sensitivity_of_the_adder_is_known():
    slopes = inversion.sensitivity(maps_page.add, np.full((1, 100), 4.5))[0, 0]
    W, U = maps_page.W, maps_page.U
    np.testing.assert_allclose(slopes, W * U ** np.arange(99, -1, -1))
    assert (slopes[0], slopes[-1]) == pytest.approx((1.108, 0.997), abs=5e-4)


@pytest.mark.sweep
def test_twenty_seeds_trained_and_untrained(held):
    pushed: dict[int, list[float]] = {400: [], 0: []}
    free: dict[int, list[bool]] = {400: [], 0: []}
    one: dict[int, list[float]] = {400: [], 0: []}
    common: dict[int, list[tuple[float, float]]] = {400: [], 0: []}
    for updates in (400, 0):
        for seed in SEEDS:
            net, rng = Opened(trained(seed, updates)), np.random.default_rng(seed)
            W, a = net.W, net.a[:5]
            drawn = [[rng.choice(64, k, replace=False) for _ in range(20)] for k in (8, 16)]
            sets = [W[:, chosen] for chosen in drawn[1]]
            pushed[updates].append(np.mean([counting.pushed_down(w, 0) for w in sets]))
            free[updates].append(inversion.shut_gate(W, a[0], opening=0.1).possible)
            one[updates].append((sigmoid(a + np.minimum(W, 0).sum(axis=0)) <= 0.1).mean())
            common[updates].append(counting.common(W))
    shares = {updates: np.array(found) for updates, found in pushed.items()}
    fewer = held(
        9,
        "Added ink pushes down less than 80% of the sets of 16 units of a trained network",
        shares[400] < 0.795,
    )
    control = held(
        9, "It pushes down at least 80% of those of an untrained network", shares[0] > 0.795
    )
    unlimited = held(
        9,
        "Without limits on the pixels, one row shuts all 64 units of a trained network",
        free[400],
    )
    untrained = held(
        9,
        "Without limits on the pixels, one row shuts all 64 units of an untrained network",
        free[0],
    )
    some = held(
        9,
        "A legal row shuts 20% to 50% of the single units of a trained network",
        (np.array(one[400]) > 0.2) & (np.array(one[400]) < 0.5),
    )
    none = held(
        9,
        "No legal row shuts any unit of an untrained network",
        np.array(one[0]) == 0,
        quote="no legal row shuts any unit, for {held} of {seeds} seeds",
    )
    shared = held(
        9,
        "Trained units have a mean cosine of at least 0.04, and a first direction of 0.2",
        (np.array(common[400]) > [0.035, 0.195]).all(axis=1),
    )
    print("common, trained:", np.min(common[400], axis=0), np.max(common[400], axis=0))
    assert (np.max(common[0], axis=0) < [0.015, 0.115]).all()
    assert (fewer, control, unlimited, untrained) == (9, 20, 20, 3)
    assert some == none == shared == 20
    assert {updates: min(share) for updates, share in shares.items()} == {
        400: pytest.approx(0.4),
        0: pytest.approx(0.9),
    }


@pytest.mark.sweep
def test_the_pictures_of_twenty_networks(held):
    many, idle = [], []
    for seed in SEEDS:
        net = Opened(trained(seed))
        answer, hard = net.descent()
        many.append(answer.converged.sum() > 45)
        idle.append((net.gate(scattered(answer, hard), hard) > 0.1).all())
    pictures = held(
        9,
        "For the first digit a whole picture shuts more than 45 of 64 units",
        many,
        quote="In {held} of {seeds} networks a picture shuts more than 45 units for this 8",
    )
    scatter = held(
        9, "As many changes at other places shut none of those that no row shuts", idle
    )
    assert pictures == scatter == 20


@pytest.mark.sweep
def test_the_saliency_maps_of_twenty_networks(held):
    rows = []
    for seed in SEEDS:
        net = trained(seed)
        maps, sibling = (maps_page.saliency(trained(SEEDS[k % 20])) for k in (seed, seed + 1))
        controls = (
            np.roll(maps, -1, axis=0),
            maps_page.saliency(trained(seed, 0)),
            maps_page.saliency(maps_page.shuffled(net)),
        )
        rows.append(
            [
                (
                    maps_page.agreement(maps, other),
                    maps_page.agreement(abs(maps), abs(other)),
                    maps_page.still_right(net, other),
                )
                for other in (maps, sibling, *controls)
            ]
        )
    signs, sizes, right = np.array(rows).transpose(2, 0, 1)
    print("correlation, of sizes, right after ten pixels:", *np.median(rows, axis=0).round(2))
    print(
        "extremes of the controls:",
        signs[:, 2:].min(0),
        signs[:, 2:].max(0),
        sizes[:, 2:].min(0),
    )
    print("own map:", right[:, 0], "best control:", right[:, 2:].min(axis=1))
    near_0 = held(
        9,
        "The maps of the three controls correlate with the network's own by less than 0.15",
        (abs(signs[:, 2:]) < 0.15).all(axis=1),
    )
    little = held(
        9,
        "The sizes in these maps correlate by more than 0.05, in all three controls",
        (sizes[:, 2:] > 0.05).all(axis=1),
    )
    more = held(
        9,
        "The sizes correlate more than the maps do, in all three controls",
        (sizes[:, 2:] > signs[:, 2:]).all(axis=1),
    )
    costly = held(
        9,
        "Ten pixels chosen by its own map cost a network at least 15 of 100 digits more than "
        "ten chosen by any control",
        right[:, 0] + 0.145 < right[:, 2:].min(axis=1),
    )
    second = held(
        9,
        "The map of another trained network agrees with its own more than any control does",
        signs[:, 1] > signs[:, 2:].max(axis=1),
    )
    assert near_0 == little == costly == second == 20
    assert more == 19
