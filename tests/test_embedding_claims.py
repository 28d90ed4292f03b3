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


def test_a_random_basis_does_not_hide_the_order(c):
    E = c["descend"](c["start"](c["KERAS_SPREAD"]), 0.002, 4_000)[0]
    rng = np.random.default_rng(0)
    for A in rng.normal(size=(50, 10, 10)):
        places = c["component"](E @ A)[:, :, 0]
        order = [abs(np.corrcoef(row, np.arange(10))[0, 1]) for row in places]
        assert min(order) > 0.9


def test_one_step_changes_the_balance_by_the_stated_amount(c):
    E0, W0, U, b = c["start"](0.3)
    eta = 0.01
    r = -c["slopes"](E0 @ W0 + b, U, c["COUNTS"])[0]
    E, W, _, _ = c["descend"]([E0, W0, U, b], eta, 1)
    change = E.mT @ E - W @ W.mT - E0.mT @ E0 + W0 @ W0.mT
    stated = eta**2 * ((r**2).sum(axis=(1, 2), keepdims=True) * W0 @ W0.mT)
    stated -= eta**2 * E0.mT @ r @ r.mT @ E0
    assert np.allclose(change, stated, rtol=1e-9, atol=1e-13)


def test_the_answer_on_wide_and_narrow_rows(held, c):
    order, started = {}, []
    for width in (1, 3, 10, 30, 100, 300):
        first = c["start"](0.3, width=width)
        last = c["descend"](first, 0.002, 4_000)
        assert c["solved"](last).all()
        order[width] = c["ordered"](last[0])
        if width > 1:  # a row of one number has no other order than that of E itself
            started.append(c["ordered"](first[0]))
    narrow = held(
        3,
        "Rows of 1, 3 and 10 numbers: the first principal component orders the digits",
        order[1] & order[3] & order[10],
        quote="{held} of {seeds} seeds in order for widths 1, 3 and 10",
    )
    middle = held(
        3,
        "Rows of 30 numbers: the first principal component orders the digits",
        order[30],
        quote="{held} of {seeds} for width 30",
    )
    wide = held(
        3,
        "Rows of 100 or 300 numbers: the first principal component orders the digits",
        order[100] | order[300],
        quote="{held} of {seeds} for widths 100 and 300",
    )
    untrained = held(
        3,
        "Untrained rows, of any width above 1, lie in the order of the digits",
        np.any(started, axis=0),
        quote="The control is the untrained start: {held} of {seeds} at each width",
    )
    assert (narrow, wide, untrained) == (20, 0, 0)
    assert middle == pytest.approx(5, abs=2)


def test_the_order_fades_with_the_start_and_the_function_does_not(held, c):
    solved, order = [], []
    for spread in (c["KERAS_SPREAD"], 0.1, 0.2, 0.3, 0.4, 0.5, 1.0):
        net = c["descend"](c["start"](spread), 0.002, 4_000)
        solved.append(c["solved"](net))
        order.append(c["ordered"](net[0]))
    adds = held(
        3, "Gradient descent solves the task from any spread of E", np.all(solved, axis=0)
    )
    small = held(
        3,
        "Spreads of E up to 0.3: the first principal component orders the digits",
        np.all(order[:4], axis=0),
        quote="orders the digits for {held} of {seeds} seeds and for none of the controls",
    )
    middle = held(
        3, "Spread 0.4 of E: the first principal component orders the digits", order[4]
    )
    large = held(
        3,
        "Spreads of E from 0.5: the first principal component orders the digits",
        np.any(order[5:], axis=0),
    )
    assert (adds, small, large) == (20, 20, 0)
    assert 2 <= middle <= 10


def test_what_the_balance_predicts_of_the_trained_weights(held, c):
    names = c | {"first": (first := c["start"](c["KERAS_SPREAD"]))}
    names["last"] = c["descend"](first, 0.002, 4_000)
    exec(cell("predicted = np.sqrt("), names)
    predicted, after, moved = (names[name] for name in ("predicted", "after", "moved"))
    hits = [
        np.abs(guess / seen - 1) < 0.01
        for guess, seen in (
            (predicted, c["length"](names["W"])),
            (names["t"] / predicted, after[:, 0]),
        )
    ]
    lengths = held(
        3,
        "The balance predicts the length of W and the one large singular value of E within 1%",
        np.all(hits, axis=0),
    )
    rank = held(
        3,
        "Training changes E by a matrix of rank one, but for 1%",
        moved[:, 1] < 0.01 * moved[:, 0],
    )
    brackets = held(
        3,
        "The other singular values of E stay within the brackets that the start allows",
        names["inside"].all(axis=1),
        quote="and brackets for the rest, for {held} of {seeds} seeds",
    )
    assert lengths == rank == brackets == 20


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
        yield first, last, names["val_loss"]


@pytest.fixture(scope="module")
def keras_runs():
    return list(trained_by_keras("keras.initializers.Constant(0.5)", 4))


@pytest.mark.sweep
def test_keras_learns_from_our_start_with_every_seed(held, keras_runs):
    learned, right = [], []
    for _, last, losses in keras_runs:
        learned.append(losses[0] < 1e-9 < PUBLISHED and losses[-1] < 1e-10)
        table = decoding.decode(last)
        off = np.abs(table.values - np.arange(10)).max()
        right.append(off < 1e-4 and abs(table.recurrent - 1) < 1e-5)
    below = held(3, "From our start, Keras passes the published loss in one epoch", learned)
    table = held(3, "From our start, the table that Keras learns is right to 0.0001", right)
    assert below == table == 20


@pytest.mark.sweep
def test_the_order_shows_for_every_keras_seed_and_for_no_start(held, c, keras_runs):
    after = np.array([last[0] for _, last, _ in keras_runs])
    before = np.array([first[0] for first, _, _ in keras_runs])
    trained = held(
        3,
        "The first principal component of the rows that Keras trains orders the digits",
        c["ordered"](after),
        quote="for {held} of {seeds} Keras seeds",
    )
    untrained = held(
        3, "Keras's untrained rows lie in the order of the digits", c["ordered"](before)
    )
    assert (trained, untrained) == (20, 0)


@pytest.mark.sweep
def test_adam_does_not_keep_the_balance(held, c, keras_runs):
    drifts = []
    for first, last, _ in keras_runs:
        stacked = ([weight[np.newaxis] for weight in net[:2]] for net in (first, last))
        drifts.append(c["drift"](*stacked)[0])
    sizes = [[np.linalg.svd(net[0])[1] for net in run[:2]] for run in keras_runs]
    balance = held(
        3,
        "Adam does not keep the balance of the layers: it drifts by half",
        np.array(drifts) > 0.5,
    )
    bracket = held(
        3,
        "Adam takes the second singular value of E out of its bracket",
        [after[1] > before[0] for before, after in sizes],
    )
    assert balance == bracket == 20


@pytest.mark.sweep
def test_the_default_start_succeeds_from_plus_1_and_fails_from_minus_1(held):
    runs = list(trained_by_keras('"orthogonal"', 2))
    plus = np.array([first[2].item() > 0 for first, _, _ in runs])
    first, last = np.array([losses for _, _, losses in runs]).T
    decided = held(
        3,
        "From Keras's default start, the first epoch ends below the published loss if U starts "
        "at +1; two end above 16.5 if it starts at −1",
        np.where(plus, (first > 1e-11) & (first < 1e-8) & (last < 1e-9), last > 16.5),
    )
    assert decided == 20
    assert plus.sum() == 11
