"""What chapter 9 says, measured. The functions are the chapter's own."""

import ast
from functools import cache
from itertools import product
from math import comb

import numpy as np
import pytest

from course_utils import data, gates, inversion, networks, training
from tests.chapters import ROOT
from tools.chapters import read


@cache
def chapter():
    """The chapter's functions outside its exercises, and its networks and digits."""
    import torch

    images, labels = data.mnist_digits()
    names = {
        "np": np,
        "torch": torch,
        "comb": comb,
        "data": data,
        "gates": gates,
        "inversion": inversion,
        "networks": networks,
        "training": training,
        "x": images[4_000:].astype(np.float64),
        "y": labels[4_000:],
        "network": networks.row_lstm(),
        "control": networks.row_lstm(updates=0),
    }
    names |= {"few": names["x"][:100], "names": names["y"][:100]}
    for cell in read(ROOT / "notebooks" / "09_shutting_a_gate.md").cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            kept = [n for n in ast.parse(cell.source).body if isinstance(n, ast.FunctionDef)]
            exec(compile(ast.Module(kept, []), "<chapter>", "exec"), names)
    names["cell"] = gates.Gates.from_torch(names["network"]["cell"])
    names["W"] = names["cell"].blocks["forget"].kernel
    names["a"] = names["offsets"](names["cell"], names["x"])
    return names


def call(name, *args):
    return chapter()[name](*args)


@cache
def trained(seed, updates=400):
    return networks.row_lstm(seed, updates=updates)


@cache
def descent(digit):
    c = chapter()
    start = np.repeat(c["x"][[digit]], 64, axis=0)
    start[:, 14] = c["W"].T < 0
    found = inversion.reconstruct(
        c["own_unit"],
        np.full((64, 1), 0.05),
        start,
        learning_rate=10,
        steps=150,
        loss="cross-entropy",
        activation="sigmoid",
        bounds=(0, 1),
        tolerance=0.05,
    )
    lowest = call("sigmoid", c["a"][digit] + np.minimum(c["W"], 0).sum(axis=0))
    return start, found, lowest


def test_the_inked_row_is_the_best_of_all_legal_rows():
    rng = np.random.default_rng(0)
    W, offset = chapter()["W"], chapter()["a"][0]
    low = offset + np.minimum(W, 0).sum(axis=0)
    np.testing.assert_allclose(((W < 0) * W).sum(axis=0) + offset, low)
    assert (rng.random((2_000, 28)) @ W + offset >= low).all()


def test_the_closed_form_is_the_nearest_point_and_never_legal_here():
    W, a = chapter()["W"], chapter()["a"]
    x = call("shortest", W[:, 5], a[0, 5])
    assert x @ W[:, 5] + a[0, 5] == pytest.approx(np.log(1 / 9))
    other = np.random.default_rng(1).normal(size=28)
    across = other - W[:, 5] * (other @ W[:, 5]) / (W[:, 5] @ W[:, 5])
    assert np.linalg.norm(x + across) > np.linalg.norm(x)
    assert (W > 0).any(axis=0).all()


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
        assert np.mean(possible) == call("wendel", n + limited, d)
    assert call("wendel", 8, 8) == 1
    assert call("wendel", 16, 8) == 0.5
    assert call("wendel", 64, 28) == pytest.approx(0.16, abs=0.005)


def test_a_whole_picture_shuts_what_a_row_cannot_and_scattered_changes_do_not():
    c = chapter()
    start, found, lowest = descent(0)
    hard = np.flatnonzero(found.converged & (lowest > 0.1))
    assert found.converged.sum() > 45
    assert len(hard) > 25
    c["found"] = found
    assert not any(
        call("gate_at", call("scattered", found.inputs[k], k), k) <= 0.1 for k in hard
    )
    unit = max(hard, key=lambda k: call("survival", c["x"][0], k)[0])
    digit, row, shut = (
        call("survival", picture, unit)
        for picture in (c["x"][0], start[unit], found.inputs[unit])
    )
    assert digit[0] > 0.6
    assert min(row) > 0.5
    assert max(map(abs, shut)) < 0.01
    for path, left in (digit, row, shut):
        assert path == pytest.approx(left, abs=0.1)


def test_scattered_changes_are_about_as_large_as_the_picture_s():
    x = chapter()["x"][0]
    _, found, lowest = descent(0)
    hard = np.flatnonzero(found.converged & (lowest > 0.1))
    sizes = [
        np.abs(call("scattered", found.inputs[k], k) - x).sum()
        / np.abs(found.inputs[k] - x).sum()
        for k in hard
    ]
    assert min(sizes) > 0.75
    assert np.mean(sizes) > 0.9


def test_the_lower_half_alone_does_not_decide_what_the_unit_ends_with():
    c = chapter()
    _, found, lowest = descent(0)
    hard = np.flatnonzero(found.converged & (lowest > 0.1))
    unit = max(hard, key=lambda k: call("survival", c["x"][0], k)[0])
    upper = c["cell"].trace(c["x"][:200, :14])
    lower = np.repeat(found.inputs[[unit], 14:], 200, axis=0)
    ends = c["cell"].trace(lower, upper.h[:, -1], upper.c[:, -1]).c[:, -1, unit]
    assert ends.std() > 0.5


def test_what_the_network_names_the_shut_pictures():
    import torch

    c = chapter()
    _, found, lowest = descent(0)
    shut, hard = found.converged, np.flatnonzero(found.converged & (lowest > 0.1))

    def named(pictures):
        answers = call("logits", c["network"], torch.tensor(pictures)).argmax(dim=1)
        return int((answers.numpy() == c["y"][0]).sum())

    assert c["y"][0] == 8
    assert (int(shut.sum()), len(hard)) == (54, 34)
    scattered = np.array([call("scattered", found.inputs[k], k) for k in hard])
    got = named(found.inputs[shut]), named(found.inputs[hard]), named(scattered)
    assert got == (11, 5, 5)


def test_the_counter_never_drops_its_count_within_seven_symbols():
    cell = gates.Gates.from_torch(networks.counting_lstm()["cell"])
    forget = cell.trace(np.eye(3)[list(product(range(3), repeat=7))]).gates["forget"]
    least = forget.reshape(-1, 4).min(axis=0)
    assert np.flatnonzero(least <= 0.1).tolist() == [1]
    assert least[3] > 0.435
    x = data.symbols(data.counting_strings(10))
    read_one = x[..., 1:].any(axis=-1)
    count = (x[..., 1] - x[..., 2]).cumsum(axis=1)[read_one]
    follows = np.corrcoef(cell.trace(x).c[read_one].T, count)[-1, :-1]
    assert np.abs(follows).argmax() == 3


@pytest.mark.sweep
def test_the_next_two_digits_are_no_different():
    for digit in (1, 2):
        assert descent(digit)[1].converged.sum() > 45


@pytest.mark.sweep
def test_twenty_seeds_trained_and_untrained(held):
    pushed: dict[int, list[float]] = {400: [], 0: []}
    free: dict[int, list[bool]] = {400: [], 0: []}
    legal: dict[int, list[bool]] = {400: [], 0: []}
    one: dict[int, list[float]] = {400: [], 0: []}
    for updates in (400, 0):
        for seed in range(20):
            cell = gates.Gates.from_torch(trained(seed, updates)["cell"])
            W, rng = cell.blocks["forget"].kernel, np.random.default_rng(seed)
            a = call("offsets", cell, chapter()["x"][:5])
            drawn = [[rng.choice(64, k, replace=False) for _ in range(20)] for k in (8, 16)]
            sets = [W[:, chosen] for chosen in drawn[1]]
            found = [
                inversion.shut_gate(w, np.zeros(16), bounds=(0, np.inf)).possible for w in sets
            ]
            pushed[updates].append(np.mean(found))
            free[updates].append(inversion.shut_gate(W, a[0], opening=0.1).possible)
            legal[updates].append(
                any(
                    inversion.shut_gate(W, offset, opening=0.1, bounds=(0, 1)).possible
                    for offset in a
                )
            )
            one[updates].append(
                (call("sigmoid", a + np.minimum(W, 0).sum(axis=0)) <= 0.1).mean()
            )
    shares = {updates: np.array(found) for updates, found in pushed.items()}
    fewer = held(
        9,
        "Added ink pushes down less than 80% of the sets of 16 units of a trained network",
        shares[400] < 0.795,
        quote="The trained share is below 0.8 in {held} of {seeds} networks",
    )
    control = held(
        9, "It pushes down at least 90% of those of an untrained network", shares[0] > 0.895
    )
    unlimited = held(
        9,
        "Without limits on the pixels, one row shuts all 64 units of a trained network",
        free[400],
        quote="at once in {held} of {seeds} trained networks",
    )
    untrained = held(
        9,
        "Without limits on the pixels, one row shuts all 64 units of an untrained network",
        free[0],
        quote="in untrained ones it is {held} of {seeds}",
    )
    never = held(
        9, "No legal row shuts all 64 units, for the first five digits", ~np.array(legal[400])
    )
    some = held(
        9,
        "A legal row shuts 20% to 50% of the single units of a trained network",
        (np.array(one[400]) > 0.2) & (np.array(one[400]) < 0.5),
    )
    none = held(9, "No legal row shuts any unit of an untrained network", np.array(one[0]) == 0)
    assert (fewer, control, unlimited, untrained) == (9, 20, 20, 3)
    assert never == some == none == 20
    assert not any(legal[0])
    assert {updates: min(share) for updates, share in shares.items()} == {
        400: pytest.approx(0.4),
        0: pytest.approx(0.9),
    }


@pytest.mark.sweep
def test_the_saliency_maps_of_twenty_networks(held, monkeypatch):
    c, rows = chapter(), []
    for seed in range(20):
        net = trained(seed)
        monkeypatch.setitem(c, "network", net)  # the one that `still_right` asks
        maps, sibling = call("saliency", net), call("saliency", trained((seed + 1) % 20))
        controls = (
            np.roll(maps, -1, axis=0),
            call("saliency", trained(seed, 0)),
            call("saliency", call("shuffled", net)),
        )
        rows.append(
            [
                (
                    call("agreement", maps, other),
                    call("agreement", abs(maps), abs(other)),
                    call("still_right", other),
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
        quote="more than the maps do in {held} of {seeds} networks",
    )
    costly = held(
        9,
        "Ten pixels chosen by its own map cost a network at least 15 of 100 digits more than "
        "ten chosen by any control",
        right[:, 0] + 0.145 < right[:, 2:].min(axis=1),
        quote="by 15 digits or more for {held} of {seeds} networks",
    )
    second = held(
        9,
        "The map of another trained network agrees with its own more than any control does",
        signs[:, 1] > signs[:, 2:].max(axis=1),
    )
    assert near_0 == little == costly == second == 20
    assert more == 19
