"""What chapter 3 says, measured. The functions and the Keras model are the chapter's own."""

import ast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, training
from tests.chapters import ROOT
from tools.chapters import read

SEEDS = range(20)
CONSTANTS = {"COUNTS", "KERAS_SPREAD"}
PUBLISHED = 2.51e-8  # validation loss after the first epoch


def sources():
    """Source of every code cell of the chapter."""
    notebook = read(ROOT / "notebooks" / "03_embedding_decoding.md")
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def cell(part):
    """Source of the one code cell that holds a piece of text."""
    (found,) = [source for source in sources() if part in source]
    return found


def defines(node):
    """Whether a top-level statement is a function or a constant that functions use."""
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Name) and t.id in CONSTANTS for t in node.targets)
    return isinstance(node, ast.FunctionDef)


@pytest.fixture(scope="module")
def c():
    names = {"np": np, "data": data, "decoding": decoding, "training": training}
    for source in sources():
        body = [node for node in ast.parse(source).body if defines(node)]
        exec(compile(ast.Module(body, []), "<chapter>", "exec"), names)
    return names


@given(seed=st.integers(0, 10_000), spread=st.floats(0.01, 2), width=st.integers(2, 12))
def test_a_change_of_rank_one_leaves_the_brackets_of_the_text(seed, spread, width):
    rng = np.random.default_rng(seed)
    E0 = rng.normal(0, spread, (10, width))
    W0, W = rng.normal(size=(2, width, 1))
    after = np.linalg.eigvalsh(W @ W.T + E0.T @ E0 - W0 @ W0.T)[::-1]
    before = np.linalg.eigvalsh(E0.T @ E0)[::-1]
    assert (after[1:] <= before[:-1] + 1e-9).all()
    assert (after[1:-1] >= before[2:] - 1e-9).all()


def test_the_loss_of_chapter_1_is_this_one(c):
    """At the table W d + b the slope in U is that of the scalar network's expected loss."""

    def expected(W, U, b):
        k = np.array([W * U**2 - 1, W * U - 1, W - 1])
        return 8.25 * k @ k + (4.5 * k.sum() + b * (1 + U + U**2)) ** 2

    W, U, b, h = 0.6, 0.8, -0.3, 1e-5
    by_v, by_U = c["slopes"](W * c["COUNTS"] + b, np.array([[U]]), c["COUNTS"])
    assert np.isclose(by_U.item(), (expected(W, U + h, b) - expected(W, U - h, b)) / (2 * h))
    assert np.isclose(by_v.sum(), (expected(W, U, b + h) - expected(W, U, b - h)) / (2 * h))


def test_one_step_changes_the_balance_by_the_stated_amount(c):
    E0, W0, U, b = c["start"](0.3)
    eta = 0.01
    r = -c["slopes"](E0 @ W0 + b, U, c["COUNTS"])[0]
    E, W, _, _ = c["descend"]([E0, W0, U, b], eta, 1)
    change = E.mT @ E - W @ W.mT - E0.mT @ E0 + W0 @ W0.mT
    stated = eta**2 * ((r**2).sum(axis=(1, 2), keepdims=True) * W0 @ W0.mT)
    stated -= eta**2 * E0.mT @ r @ r.mT @ E0
    assert np.allclose(change, stated, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("width", "count"), [(1, 20), (3, 20), (10, 20), (30, 5), (100, 0), (300, 0)]
)
def test_the_answer_on_wide_and_narrow_rows(c, width, count):
    first = c["start"](0.3, width=width)
    last = c["descend"](first, 0.002, 4_000)
    assert c["solved"](last).all()
    assert c["ordered"](last[0]).sum() == pytest.approx(count, abs=0 if count in (0, 20) else 2)
    if width > 1:  # a row of one number has no other order than that of E itself
        assert c["ordered"](first[0]).sum() == 0


def test_the_order_fades_with_the_start_and_the_function_does_not(c):
    counts = []
    for spread in (c["KERAS_SPREAD"], 0.1, 0.2, 0.3, 0.4, 0.5, 1.0):
        net = c["descend"](c["start"](spread), 0.002, 4_000)
        assert c["solved"](net).all()
        counts.append(int(c["ordered"](net[0]).sum()))
    assert counts[:4] == [20] * 4
    assert 2 <= counts[4] <= 10
    assert counts[5:] == [0, 0]


def trained_by_keras(recurrent_start, epochs):
    """Run the chapter's own cells for 20 seeds; yield the weights before and after."""
    import keras

    names = {"keras": keras, "np": np, "data": data, "training": training}
    exec(cell("data.split("), names)
    build = cell("embedding = keras.layers.Embedding")
    build = build.replace("keras.initializers.Constant(0.5)", recurrent_start)
    fit = cell("model.compile(").replace("epochs=4", f"epochs={epochs}")
    for seed in SEEDS:
        keras.utils.clear_session()
        training.seed_everything(seed)
        exec(build, names)
        first = [weight.astype(float) for weight in names["model"].get_weights()]
        exec(fit, names)
        last = [weight.astype(float) for weight in names["model"].get_weights()]
        yield first, last, names["history"].val_loss


@pytest.fixture(scope="module")
def keras_runs():
    return list(trained_by_keras("keras.initializers.Constant(0.5)", 4))


@pytest.mark.sweep
def test_keras_learns_from_our_start_with_every_seed(keras_runs):
    assert len(keras_runs) == 20
    for _, last, losses in keras_runs:
        assert losses[0] < 1e-9 < PUBLISHED
        assert losses[-1] < 1e-10
        table = decoding.decode(last)
        assert table.largest_error < 1e-4
        assert abs(table.recurrent - 1) < 1e-5


@pytest.mark.sweep
def test_the_order_shows_for_every_keras_seed_and_for_no_start(c, keras_runs):
    after = np.array([last[0] for _, last, _ in keras_runs])
    before = np.array([first[0] for first, _, _ in keras_runs])
    assert c["ordered"](after).sum() == 20
    assert c["ordered"](before).sum() == 0


@pytest.mark.sweep
def test_adam_does_not_keep_the_balance(c, keras_runs):
    for first, last, _ in keras_runs:
        stacked = ([weight[np.newaxis] for weight in net[:2]] for net in (first, last))
        assert c["drift"](*stacked)[0] > 0.5
    sizes = [[np.linalg.svd(net[0])[1] for net in run[:2]] for run in keras_runs]
    assert sum(after[1] > before[0] for before, after in sizes) == 20


@pytest.mark.sweep
def test_the_default_start_succeeds_from_plus_1_and_fails_from_minus_1():
    runs = list(trained_by_keras('"orthogonal"', 2))
    plus = [losses for first, _, losses in runs if first[2].item() > 0]
    minus = [losses for first, _, losses in runs if first[2].item() < 0]
    assert (len(plus), len(minus)) == (11, 9)
    for losses in plus:
        assert 1e-11 < losses[0] < 1e-8 < PUBLISHED
        assert losses[-1] < 1e-9
    assert min(losses[-1] for losses in minus) > 16.5
