"""What chapter 14 says, measured. The functions are the chapter's own."""

import ast
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from course_utils import data, training
from tests.chapters import ROOT
from tools.chapters import read

CONSTANTS = {"SIZES", "Map", "cases", "images", "labels", "inputs", "classes"}
SEEDS = range(20)


@cache
def chapter():
    """The chapter's functions outside its exercises and their constants; nothing is trained."""
    names = {
        "np": np,
        "torch": torch,
        "data": data,
        "training": training,
        "Callable": Callable,
    }
    for cell in read(ROOT / "notebooks" / "14_modulo_weights.md").cells:
        if cell.cell_type != "code" or "nbgrader" in cell.metadata:
            continue
        kept = []
        for statement in ast.parse(cell.source).body:
            bound = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
            is_loop = isinstance(statement, ast.For) and "free" in bound and "cases" in bound
            is_value = isinstance(statement, ast.Assign | ast.AnnAssign) and _targets(statement)
            if isinstance(statement, ast.FunctionDef) or is_loop or is_value:
                kept.append(statement)
        exec(compile(ast.Module(kept, []), "<chapter>", "exec"), names)
    return names


def _targets(assignment):
    targets = getattr(assignment, "targets", None) or [assignment.target]
    nodes = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return nodes & CONSTANTS


def test_the_ten_cases_are_the_chapters():
    assert len(chapter()["cases"]) == 10


@pytest.mark.parametrize(("target", "mean"), [(-0.3, 0.5456), (1.4, 0.7184), (0.7, 0.0)])
def test_a_weight_out_of_range_goes_round_at_the_predicted_loss(target, mean):
    path = chapter()["paths"](target, 1e-3, 40_000)[20_000:]
    assert ((path - target) ** 2).mean() == pytest.approx(mean, rel=0.01, abs=1e-9)
    jumps = np.abs(np.diff(path)) > 0.5
    assert jumps.any() == (mean > 0)


def test_the_maps_agree_inside_and_differ_by_their_jumps():
    w = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    m = torch.full_like(w, 1.0)
    inside = w.abs() < 0.499
    step = {}
    for name in ("symmetric", "fold", "sine"):
        value = chapter()[name](w, m)
        assert (value.abs() <= 0.5 + 1e-9).all()
        step[name] = value.diff().abs().max().item()
        if name != "sine":
            torch.testing.assert_close(value[inside], w[inside])
    assert step["symmetric"] > 0.9
    assert step["fold"] < 0.0011
    assert step["sine"] < 0.0011


def test_free_and_jumping_start_as_the_same_function_with_the_same_gradient():
    names = chapter()
    x, y = names["inputs"][:200], names["classes"][:200]
    grads = []
    for weight, start in (
        (names["plain"], torch.remainder),
        (torch.remainder, names["plain"]),
    ):
        layers = names["new_layers"](range(1), lambda r: 1.0, start, names["SIZES"])
        z = names["outputs"](layers, weight, x)[0]
        loss = torch.nn.functional.cross_entropy(z, y)
        grads.append([loss, *torch.autograd.grad(loss, [layer[0] for layer in layers])])
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other)


def test_the_start_of_the_threads_network_is_the_predicted_one():
    names = chapter()
    layers = names["new_layers"](range(5), lambda r: 1.0, names["plain"], names["SIZES"])
    with torch.no_grad():
        for depth, want in ((1, 51), (2, 820), (3, 13_000)):
            z = names["outputs"](layers[:depth], torch.remainder, names["inputs"][4000:])
            assert z.mean().item() == pytest.approx(want, rel=0.05)
            assert depth == 3 or (z > 0).all()
        loss = torch.nn.functional.cross_entropy(
            z.flatten(0, 1), names["classes"][4000:].repeat(5)
        )
    assert loss.item() == pytest.approx(3000, rel=0.1)


def test_one_gradient_three_landscapes():
    names, lengths = chapter(), np.linspace(0, 10, 11)
    free, jumping, folding = (
        names["along"](names[name], lengths) for name in ("plain", "symmetric", "fold")
    )
    assert free[0] == pytest.approx(jumping[0], abs=1e-4)
    assert free[0] == pytest.approx(folding[0], abs=1e-4)
    falls = [curve[0] - curve.min() for curve in (free, folding, jumping)]
    assert falls[0] > falls[1] > 3 * falls[2]


def test_the_rotation_counts_and_a_smaller_one_does_not():
    rotation = chapter()["rotation"]
    for n, right in ((7, True), (7.01, False)):
        h, read_off = np.array([1.0, 0.0]), []
        for _ in range(1000):
            h = h @ rotation(2 * np.pi / n)
            read_off.append(round(np.arctan2(h[1], h[0]) * 7 / (2 * np.pi)) % 7)
        assert (np.array(read_off) == np.arange(1, 1001) % 7).all() == right


def test_with_sgd_and_a_trained_modulus_the_network_ends_in_nan(monkeypatch):
    names, kept = chapter(), {}
    inner = names["outputs"]

    def outputs(*args):
        kept["logits"] = inner(*args)
        return kept["logits"]

    monkeypatch.setitem(names, "outputs", outputs)
    how = names["cases"]["the thread's w mod m, m trained"]
    right = names["train"](optimiser="SGD", seeds=range(2), **how)
    assert kept["logits"].isnan().all()
    assert right == pytest.approx((names["classes"][4000:] == 0).float().mean().item())


@pytest.mark.parametrize(("steps", "share"), [(1, 1.0), (10, 0.14), (100, 0.011)])
def test_the_share_of_starts_that_find_the_angle(steps, share):
    """What the answer of exercise 4 says: measured on 1,000 starts, and by the formula."""
    t = np.arange(1, steps + 1)[:, None]
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, 1000) - 2 * np.pi / 7
    for _ in range(400):
        theta = theta - (t * np.sin(t * theta)).mean(0) / (t**2).mean()
    near = np.abs((theta + np.pi) % (2 * np.pi) - np.pi) < 1e-3
    assert near.mean() == pytest.approx(share, abs=0.002)
    assert near.mean() == pytest.approx(1.43 / (steps + 0.5), abs=0.05)


@pytest.mark.sweep
def test_the_causes_over_20_seeds(held):
    names = chapter()
    got = {
        case: [names["train"](optimiser=o, seeds=SEEDS, **how) for o in ("SGD", "Adam")]
        for case, how in names["cases"].items()
    }
    jumps = [run for case, runs in got.items() if "jumping" in case for run in runs]
    sgd, adam = 0, 1
    chance = held(
        14,
        "Weights that jump stay below 30%: large, small, of one sign or two, with SGD and Adam",
        (np.array(jumps) < 0.3).all(axis=0),
        quote="with jumps, {held} of {seeds} stay below 30%",
    )
    thread = held(
        14,
        "The thread's w mod m, with m trained, stays below 30% with SGD and Adam",
        np.max(got["the thread's w mod m, m trained"], axis=0) < 0.3,
    )
    plain = held(
        14,
        "Small, centred, free weights pass 80% with SGD and Adam",
        np.min(got["small, centred, free"], axis=0) > 0.8,
    )
    biases = held(
        14,
        "The thread's b mod m, with m trained, passes 80% with SGD and Adam",
        np.min(got["the thread's b mod m, m trained"], axis=0) > 0.8,
    )
    positive = held(
        14,
        "Small, positive, free weights pass 60% with Adam",
        got["small, positive, free"][adam] > 0.6,
        quote="Adam brings {held} of {seeds} above 60%",
    )
    passed = held(
        14,
        "Small, positive, free weights pass 60% with SGD",
        got["small, positive, free"][sgd] > 0.6,
        quote="and SGD {held} of {seeds}",
    )
    sign = held(
        14,
        "Small, positive, free weights stay below 45% with SGD",
        got["small, positive, free"][sgd] < 0.45,
        quote="alone it keeps SGD below 45% in {held} of {seeds}",
    )
    both = held(
        14,
        "Large, positive, free weights stay below 30% with SGD",
        got["large, positive, free"][sgd] < 0.3,
    )
    size = held(
        14,
        "Large, centred, free weights pass 60% with SGD and 35% with Adam",
        (got["large, centred, free"][sgd] > 0.6) & (got["large, centred, free"][adam] > 0.35),
        quote="alone, {held} of {seeds} pass 60% with SGD",
    )
    assert passed == 0
    assert chance == thread == plain == biases == positive == sign == both == size == 20


@pytest.mark.sweep
def test_what_repairs_it_over_20_seeds(held):
    names = chapter()

    def accuracy(name, times):
        return names["train"](names[name], "Adam", modulus=lambda r: times * r, seeds=SEEDS)

    smooth = held(
        14,
        "Folded weights and weights on a sine reach 70% with Adam at every modulus",
        np.min([accuracy(name, k) for name in ("fold", "sine") for k in (2, 4, 8)], axis=0)
        >= 0.7,
        quote="fold and sine reach at least 70% in {held} of {seeds}",
    )
    narrow = held(
        14,
        "The symmetric modulo stays below 30% at m = 2r",
        accuracy("symmetric", 2) < 0.3,
        quote="below 30% in {held} of {seeds} at $2r$",
    )
    wide = held(
        14,
        "The symmetric modulo reaches 80% at m = 8r",
        accuracy("symmetric", 8) >= 0.8,
        quote="and reaches 80% in {held} of {seeds} at $8r$",
    )
    assert smooth == narrow == wide == 20


@pytest.mark.sweep
def test_one_hidden_layer_less(held):
    names, sizes = chapter(), (784, 32, 10)
    expected = {  # medians with SGD and Adam: what the answer of exercise 5 says
        "large, positive, free": (0.16, 0.56),
        "large, centred, free": (0.78, 0.62),
        "large, positive, jumping": (0.10, 0.10),
        "large, centred, jumping": (0.15, 0.10),
        "the thread's w mod m, m trained": (0.10, 0.10),
    }
    got = {
        (case, o): names["train"](optimiser=o, sizes=sizes, seeds=SEEDS, **names["cases"][case])
        for case in expected
        for o in ("SGD", "Adam")
    }
    print({key: (np.median(run).round(3), run.min(), run.max()) for key, run in got.items()})
    jumps = [run for (case, _), run in got.items() if "jumping" in case or "mod m" in case]
    chance = held(
        14,
        "Exercise 5: with one hidden layer less, weights that jump still stay below 30%",
        (np.array(jumps) < 0.3).all(axis=0),
        quote="below 30% for {held} of {seeds} seeds",
    )
    assert chance == 19
    for case, medians in expected.items():
        for optimiser, median in zip(("SGD", "Adam"), medians, strict=True):
            run = got[case, optimiser]
            assert np.median(run) == pytest.approx(median, abs=0.02), (case, optimiser)


@pytest.mark.sweep
def test_one_modulus_a_layer_learns_with_adam_in_time(held):
    run = chapter()["train"](
        lambda w, m: torch.remainder(w, m.mean()),
        "Adam",
        learn_m=True,
        sizes=(784, 32, 10),
        epochs=25,
        seeds=SEEDS,
    )
    print(np.sort(run))
    learned = held(
        14,
        "Exercise 5: one modulus for a whole layer passes 50% with Adam in 25 epochs",
        run > 0.5,
    )
    assert learned == 20


@pytest.mark.sweep
def test_sgd_kills_the_units_of_free_positive_weights(held):
    """Every unit of a hidden layer is at 0 for every held-out digit."""
    names = chapter()
    kept = {}

    def outputs(layers, weight, x, bias=names["plain"]):
        kept["layers"] = layers
        return names["outputs_of_the_chapter"](layers, weight, x, bias)

    names["outputs_of_the_chapter"] = names["outputs"]
    names["outputs"] = outputs
    try:
        names["train"](optimiser="SGD", seeds=SEEDS, **names["cases"]["large, positive, free"])
    finally:
        names["outputs"] = names.pop("outputs_of_the_chapter")
    x = names["inputs"][4000:].expand(20, -1, -1)
    with torch.no_grad():
        hidden = [names["outputs"](kept["layers"][:k], names["plain"], x) for k in (1, 2)]
    dead = torch.stack([(z <= 0).all(1).all(1) for z in hidden]).any(0)
    killed = held(
        14,
        "SGD with large, positive, free weights kills every unit of a hidden layer",
        dead,
    )
    assert killed == 20
