"""What chapter 13 says, measured. The functions are the chapter's own."""

import ast
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.chapters import ROOT
from tools.chapters import read

CONSTANTS = {"small", "wirings", "mask", "task", "examples", "labels", "product", "products"}
"""The names whose assignments the chapter's functions rest on."""


@pytest.fixture(autouse=True)
def double():
    """Compute in float64, as the chapter does."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def source(part):
    """Source of the one code cell of the chapter that holds a piece of text."""
    cells = read(ROOT / "notebooks" / "13_local_connections.md").cells
    (found,) = [c.source for c in cells if c.cell_type == "code" and part in c.source]
    return found


@cache
def chapter():
    """The chapter's functions outside its exercises and the data they use, no training."""
    names = {}
    for cell in read(ROOT / "notebooks" / "13_local_connections.md").cells:
        if cell.cell_type != "code" or "nbgrader" in cell.metadata:
            continue
        kept = [
            statement
            for statement in ast.parse(cell.source).body
            if (
                isinstance(
                    statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
                )
            )
            or (
                isinstance(statement, ast.Assign)
                and any(getattr(target, "id", "") in CONSTANTS for target in statement.targets)
            )
        ]
        kept = [s for s in kept if getattr(s, "name", "") != "Copied"]
        exec(compile(ast.Module(kept, []), "<chapter>", "exec"), names)
    return SimpleNamespace(**names)


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


def test_a_table_counts_what_the_formulas_say():
    c = chapter()
    for table, want in (
        (c.local_table(8, 3, shared=True), 4),
        (c.local_table(8, 3), 24),
        (c.dense_table(8, 6), 54),
        (c.local_table(24, 4, stride=4), 6 * 5),
    ):
        assert len(np.unique(table[table >= 0])) == want
    assert sum(p.numel() for p in c.full_network(torch.nn.Linear(8, 6)).parameters()) == 117


def test_small_dense_and_own_weights_have_about_as_many_numbers():
    c = chapter()
    counts = [
        len(np.unique(table[table >= 0]))
        for table in (c.small, c.local_table(24, 3), c.scattered(0))
    ]
    assert counts == [100, 88, 88]


def test_after_pruning_momentum_moves_a_weight_by_nine_times_rate_times_memory():
    c = chapter()
    torch.manual_seed(0)
    layer = torch.nn.Linear(8, 6)
    network, rate = c.full_network(layer), 0.1
    optimiser = torch.optim.SGD(network.parameters(), rate, momentum=0.9)
    for update in range(300):
        if update == 50:
            memory = optimiser.state[layer.weight]["momentum_buffer"].clone()
            layer.weight.data *= c.mask
            layer.weight.register_hook(lambda gradient: gradient * c.mask)
        optimiser.zero_grad()
        functional.cross_entropy(network(c.examples), c.labels).backward()
        optimiser.step()
    outside = c.mask == 0
    predicted = -9 * rate * memory[outside]
    assert predicted.abs().max() > 0.05
    assert torch.allclose(layer.weight[outside], predicted, atol=1e-9)


def test_a_penalty_in_the_gradient_keeps_a_zero_behind_a_hook_too():
    c = chapter()
    for make in (
        lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.1),
        lambda p: torch.optim.Adam(p, 0.001, weight_decay=0.1),
    ):
        assert (c.outside_weights("hook", make, 0, 5)[c.mask == 0] == 0).all()


def test_what_a_forward_mask_hides_has_no_gradient():
    c = chapter()
    layer = c.MaskedLinear(c.mask)
    layer(c.examples).square().sum().backward()
    assert (layer.weight.grad[c.mask == 0] == 0).all()
    assert (layer.weight.grad[c.mask == 1] != 0).all()


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_two_softmaxes_divide_the_first_gradient_by_the_number_of_classes(classes):
    c = chapter()
    once, twice = (c.slope([0.0] * classes, two) for two in (False, True))
    assert torch.allclose(twice, once / classes)


def test_training_side_by_side_is_training_alone():
    c = chapter()
    x = torch.randn(2, 30, 8, generator=torch.Generator().manual_seed(0))
    y, table = x[..., 0], torch.tensor(c.local_table(8, 3))
    other = torch.tensor(c.local_table(8, 3, shared=True))

    def first(tables, y):
        net = c.train(tables, [1], lambda step: (x, y), c.squared, steps=20)
        return net(x)[0]

    both = first(torch.stack([table, table]), y)
    assert torch.allclose(
        both, first(torch.stack([table, other]), y * torch.tensor([[1], [3]]))
    )


@pytest.mark.sweep
def test_the_wirings_over_the_chapters_20_seeds(held):
    c = chapter()
    own, same, shuffled = (c.compare(task, c.wirings) for task in ("own", "same", "shuffled"))
    more = c.compare("own", {name: c.wirings[name] for name in ("shared", "own weights")}, 400)
    windows = held(
        13,
        "Neighbours belong together: windows with own weights beat the dense layer",
        own["own weights"] < own["dense"],
        quote="dense layer for {held} of {seeds} seeds",
    )
    lose = held(
        13,
        "The inputs are shuffled: windows with own weights lose to the dense layer",
        shuffled["dense"] < shuffled["own weights"],
        quote="they lose to it for {held} of {seeds}",
    )
    sharing = held(
        13,
        "One filter holds everywhere: sharing beats own weights",
        same["shared"] < same["own weights"],
        quote="sharing beats own weights for {held} of {seeds}",
    )
    scattered = held(
        13,
        "Windows with own weights beat 88 scattered weights",
        own["own weights"] < own["scattered"],
    )
    small = held(
        13,
        "Windows with own weights beat a small dense layer",
        own["own weights"] < own["small dense"],
        quote="them for 20 and for {held} of {seeds}",
    )
    level = held(
        13,
        "With 100 examples own weights beat a shared filter where it is wrong",
        own["own weights"] < own["shared"],
        quote="it is level with own weights there, {held} of {seeds}",
    )
    enough = held(
        13,
        "With 400 examples own weights beat a shared filter where it is wrong",
        more["own weights"] < more["shared"],
        quote="Now own weights win for {held} of {seeds}",
    )
    true, wider, _ = c.compare(
        "own", {k: lambda seed, k=k: c.windows_of(k) for k in (3, 5, 9)}
    ).values()
    width = held(
        13,
        "Exercise 5: windows of the true width, 3, beat windows of width 5",
        true < wider,
        quote="width 3 beats width 5 for {held} of {seeds}",
    )
    assert (windows, lose, sharing, scattered, small, width) == (18, 17, 16, 20, 19, 19)
    assert (level, enough) == (10, 20)


@pytest.mark.sweep
def test_20_other_seeds_rank_the_wirings_as_the_chapter_does(held):
    c = chapter()
    own, same, shuffled = (
        c.compare(task, c.wirings, seeds=range(20, 40)) for task in ("own", "same", "shuffled")
    )
    dense = held(
        13,
        "20 other seeds: windows with own weights beat the dense layer where neighbours belong "
        "together",
        own["own weights"] < own["dense"],
    )
    sharing = held(
        13,
        "20 other seeds: sharing beats own weights where one filter holds everywhere",
        same["shared"] < same["own weights"],
    )
    lose = held(
        13,
        "20 other seeds: windows with own weights lose to the dense layer on shuffled inputs",
        shuffled["dense"] < shuffled["own weights"],
    )
    assert dense >= 14
    assert sharing >= 12
    assert lose >= 14
    level = held(
        13,
        "20 other seeds: with 100 examples own weights beat a shared filter where it is wrong",
        own["own weights"] < own["shared"],
    )
    assert 5 <= level <= 15
    for other in ("scattered", "small dense"):
        assert (own["own weights"] < own[other]).sum() >= 14, other
    assert (same["shared"] < same["dense"]).sum() >= 14
    assert np.median(shuffled["own weights"]) > 1.2 * np.median(own["own weights"])


@pytest.mark.sweep
def test_what_a_second_softmax_costs(held):
    names = vars(chapter()).copy()
    exec(source("local20 = "), names)
    x, y, both = names["signals"], names["classes"], (names["entropy"], names["twice"])

    def compared(optimiser, rate):
        """For which networks one softmax is better, and the loss that two report."""
        right = []
        for loss in both:
            batch = x[:, :300], y[:, :300]
            net = names["train"](
                names["local20"], [6, 3], lambda step, b=batch: b, loss, optimiser, rate
            )
            right.append((net(x[:, 300:]).argmax(-1) == y[:, 300:]).double().mean(1))
        return right[0] > right[1], loss(net(x[:, :300]), y[:, :300])

    sgd, sgd_loss = compared(torch.optim.SGD, 0.3)
    adam, adam_loss = compared(torch.optim.Adam, 0.02)
    behind = held(
        13,
        "SGD: a second softmax is behind after 300 updates",
        sgd,
        quote="the second softmax is behind for {held} of {seeds} networks",
    )
    still = held(
        13,
        "Adam: a second softmax is behind after 300 updates",
        adam,
        quote="and {held} of {seeds} are still behind",
    )
    floor = held(
        13,
        "With a second softmax the reported loss stays above 0.551, with SGD and Adam",
        (sgd_loss > 0.5514) & (adam_loss > 0.5514),
        quote="And all {seeds} report a loss above 0.551",
    )
    assert (behind, still, floor) == (18, 15, 20)


@pytest.mark.sweep
def test_what_windows_and_patches_miss(held):
    c = chapter()
    windows, patches = c.local_table(8, 3), c.local_table(8, 2, stride=2)
    alone = held(
        13,
        "Without a second layer, windows miss the product whole",
        c.missed(windows, [1], c.product) > 0.99,
        quote="Without a second layer all {held} miss everything",
    )
    found = held(
        13,
        "Windows with a dense second layer find the product",
        c.missed(windows, [6, 1], c.product) < 0.1,
        quote="{held} of {seeds} find the product",
    )
    half = held(
        13,
        "Four patches of one neuron each miss at least half of two products",
        c.missed(patches, [16, 1], c.products) > 0.48,
    )
    seen = held(
        13,
        "Four neurons that see all inputs miss less than half of them",
        c.missed(c.dense_table(8, 4), [16, 1], c.products) < 0.45,
        quote="Four neurons that see all inputs do, for {held} of {seeds}",
    )
    assert (alone, found, half, seen) == (20, 16, 20, 20)
