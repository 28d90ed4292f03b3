"""What chapter 9 says, measured. The functions are the chapter's own."""

import ast
from functools import cache
from itertools import product
from math import comb

import numpy as np
import pytest

from course_utils import data, gates, inversion, training
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
        "training": training,
        "x": images[4_000:].astype(np.float64),
        "y": labels[4_000:],
        "network": training.row_lstm(),
        "control": training.row_lstm(updates=0),
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
    assert row[0] > 0.4
    assert max(map(abs, shut)) < 0.01
    for path, left in (digit, row, shut):
        assert path == pytest.approx(left, abs=0.1)


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
    assert got == (11, 5, 2)


def test_the_counter_never_drops_its_count_within_seven_symbols():
    cell = gates.Gates.from_torch(training.counting_lstm()["cell"])
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
def test_twenty_seeds_trained_and_untrained():
    below: dict[int, int] = {}
    free: dict[int, int] = {}
    lowest_share: dict[int, float] = {}
    one: list[float] = []
    for updates in (400, 0):
        shares, everywhere = [], 0
        for seed in range(20):
            cell = gates.Gates.from_torch(training.row_lstm(seed, updates=updates)["cell"])
            W, rng = cell.blocks["forget"].kernel, np.random.default_rng(seed)
            a = call("offsets", cell, chapter()["x"][:5])
            drawn = [[rng.choice(64, k, replace=False) for _ in range(20)] for k in (8, 16)]
            sets = [W[:, chosen] for chosen in drawn[1]]
            found = [
                inversion.shut_gate(w, np.zeros(16), bounds=(0, np.inf)).possible for w in sets
            ]
            shares.append(np.mean(found))
            everywhere += inversion.shut_gate(W, a[0], opening=0.1).possible
            for offset in a:
                assert not inversion.shut_gate(W, offset, opening=0.1, bounds=(0, 1)).possible
            if updates:
                one.append((call("sigmoid", a + np.minimum(W, 0).sum(axis=0)) <= 0.1).mean())
        below[updates] = int((np.array(shares) < 0.795).sum())
        free[updates], lowest_share[updates] = everywhere, min(shares)
    assert below == {400: 9, 0: 0}
    assert free == {400: 20, 0: 3}
    assert lowest_share == {400: pytest.approx(0.4), 0: pytest.approx(0.9)}
    assert 0.2 < min(one) < max(one) < 0.5
