"""What chapter 3 and its appendix page say, measured. The functions are the pages' own."""

import ast
from collections import deque
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, training
from tests.chapters import ROOT
from tools.chapters import read

SEEDS = range(20)
KERAS_SPREAD = 0.05 / np.sqrt(3)
PUBLISHED = 2.51e-8  # validation loss after the first epoch
TRIPLES, SUMS = data.all_digit_sums(3)


def sources(slug="03_embedding_decoding"):
    """Source of every code cell of a page."""
    notebook = read(ROOT / "notebooks" / f"{slug}.md")
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def cell(part):
    """Source of the one code cell that holds a piece of text."""
    (found,) = [source for source in sources() if part in source]
    return found


@cache
def functions(slug):
    """The functions of a page and the constant they use, nothing else run."""
    names = {"np": np, "data": data, "decoding": decoding, "training": training}
    for source in sources(slug):
        body = [
            node
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef)
            or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COUNTS")
        ]
        exec(compile(ast.Module(body, []), "<page>", "exec"), names)
    return names


@pytest.fixture(scope="module")
def c():
    return functions("03_embedding_decoding")


@pytest.fixture(scope="module")
def appendix():
    """Everything that the appendix page computes."""
    names = {}
    for source in sources("A2_closed_forms"):
        if "plt.show()" not in source:
            exec(source, names)
    return names


def adds(weights):
    """Say for each network whether it adds: the table is right, and so is U."""
    E, W, U, b = weights
    off = np.abs(E @ W + b - np.arange(10.0)[:, None]).max(axis=(1, 2))
    return np.maximum(off, np.abs(U - 1)[:, 0, 0]) < 5e-4


def outputs(v, U):
    """Run a table through the recurrence, for all 1,000 sequences."""
    h = 0.0
    for column in TRIPLES.T:
        h = v[column] + U * h
    return h


@given(st.integers(0, 1_000), st.floats(-2, 2).filter(lambda U: abs(U) > 0.01))
def test_the_slopes_are_those_of_the_loss_over_all_sequences(seed, U):
    functions_of = functions("03_embedding_decoding")
    v, nudge = np.random.default_rng(seed).normal(size=10), 1e-5

    def loss(v, U):
        return np.mean((outputs(v, U) - SUMS) ** 2)

    by_v, by_U = functions_of["slopes"](v[None, :, None], np.array([[[U]]]))
    moves = nudge * np.eye(10)
    want = [(loss(v + move, U) - loss(v - move, U)) / (2 * nudge) for move in moves]
    np.testing.assert_allclose(by_v[0, :, 0], want, rtol=1e-5, atol=1e-4)
    want = (loss(v, U + nudge) - loss(v, U - nudge)) / (2 * nudge)
    assert by_U.item() == pytest.approx(want, rel=1e-5, abs=1e-4)


def test_the_pages_descend_alike(c, appendix):
    first = appendix["first"]
    for ours, theirs in zip(c["gradients"](first), appendix["gradients"](first), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(c["start"](KERAS_SPREAD), first, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(seed=st.integers(0, 10_000), spread=st.floats(0.01, 2), width=st.integers(2, 12))
def test_a_change_of_rank_one_leaves_the_brackets_of_the_text(seed, spread, width):
    rng = np.random.default_rng(seed)
    E0 = rng.normal(0, spread, (10, width))
    W0, W = rng.normal(size=(2, width, 1))
    after = np.linalg.eigvalsh(W @ W.T + E0.T @ E0 - W0 @ W0.T)[::-1]
    before = np.linalg.eigvalsh(E0.T @ E0)[::-1]
    assert (after[1:] <= before[:-1] + 1e-9).all()
    assert (after[1:-1] >= before[2:] - 1e-9).all()


def test_a_random_basis_does_not_hide_the_order(c):
    E = c["train"](c["start"](KERAS_SPREAD, networks=20))[0]
    rng = np.random.default_rng(0)
    for A in rng.normal(size=(50, 10, 10)):
        order = [abs(np.corrcoef(row, np.arange(10))[0, 1]) for row in c["places"](E @ A)]
        assert min(order) > 0.9


def test_order_is_seen_where_it_is_and_nowhere_else(c):
    rising = np.arange(10.0)[:, None] * [1.0, -2.0]
    assert c["ordered"](np.array([rising, -rising, rising[::-1]])).all()
    swapped = rising[[0, 2, 1, *range(3, 10)]]
    assert not c["ordered"](swapped[None])[0]


def test_one_step_changes_the_balance_by_the_stated_amount(c):
    first = c["start"](0.3)
    E0, W0, U, b = first
    r = -c["slopes"](E0 @ W0 + b, U)[0]
    eta = 0.01
    ((E, W, _, _),) = training.gradient_descent(first, c["gradients"], eta, 1)
    change = E.mT @ E - W @ W.mT - E0.mT @ E0 + W0 @ W0.mT
    stated = eta**2 * ((r**2).sum(axis=(1, 2), keepdims=True) * W0 @ W0.mT)
    stated -= eta**2 * E0.mT @ r @ r.mT @ E0
    assert np.allclose(change, stated, rtol=1e-9, atol=1e-13)


def test_the_answer_on_wide_and_narrow_rows(held, c):
    order, started = {}, []
    for width in (1, 3, 10, 30, 100):
        first = c["start"](0.3, width=width)
        last = c["train"](first)
        assert adds(last).all()
        order[width] = c["ordered"](last[0])
        if width > 1:  # a row of one number has no other order than that of E itself
            started.append(c["ordered"](first[0]))
    narrow = held(
        3,
        "Rows of 1 and 3 numbers, spread 0.3: the first principal component orders the digits",
        order[1] & order[3],
        quote="{held} of {seeds} networks in order for widths 1 and 3",
    )
    middle = held(
        3,
        "Rows of 30 numbers, spread 0.3: the first principal component orders the digits",
        order[30],
        quote="{held} of {seeds} for width 30",
    )
    wide = held(
        3,
        "Rows of 100 numbers, spread 0.3: the first principal component orders the digits",
        order[100],
        quote="{held} of {seeds} for width 100",
    )
    untrained = held(
        3,
        "Untrained rows, of any width above 1, lie in the order of the digits",
        np.any(started, axis=0),
        quote="the untrained start: {held} of {seeds} at each width",
    )
    assert (narrow, wide, untrained) == (100, 0, 0)
    assert middle == pytest.approx(27, abs=10)


def test_the_order_fades_with_the_start_and_the_function_does_not(held, c):
    solved, order, forecast, nets = [], {}, {}, {}
    for spread in (KERAS_SPREAD, 0.2, 0.3, 0.4, 0.5, 1.0):
        first = c["start"](spread)
        net = nets[spread] = c["train"](first)
        solved.append(adds(net))
        order[spread] = c["ordered"](net[0])
        forecast[spread] = c["ordered"](c["drawn"](*first[:2])).sum()
    right = held(
        3, "Gradient descent solves the task from any spread of E", np.all(solved, axis=0)
    )
    small = held(
        3,
        "Spreads of E up to 0.2: the first principal component orders the digits",
        order[KERAS_SPREAD] & order[0.2],
        quote="| 0.2 | 100 | {held} |",
    )
    at_3 = held(
        3,
        "Spread 0.3 of E: the first principal component orders the digits",
        order[0.3],
        quote="| 0.3 | 100 | {held} |",
    )
    at_4 = held(
        3,
        "Spread 0.4 of E: the first principal component orders the digits",
        order[0.4],
        quote="| 0.4 | 100 | {held} |",
    )
    at_5 = held(
        3,
        "Spread 0.5 of E: the first principal component orders the digits",
        order[0.5],
        quote="| 0.5 | 100 | {held} |",
    )
    large = held(
        3,
        "Spread 1 of E: the first principal component orders the digits",
        order[1.0],
        quote="| 1.0 (PyTorch) | 100 | {held} |",
    )
    assert (right, small, large) == (100, 100, 0)
    for spread, seen in ((0.3, at_3), (0.4, at_4), (0.5, at_5)):
        assert seen == pytest.approx(forecast[spread], abs=20)
    assert at_3 > at_4 > at_5
    for spread, median in ((0.3, 1.0), (0.4, 1.0), (0.5, 0.9), (1.0, 0.4)):
        assert round(c["agreement"](nets[spread][0]), 1) == median
        assert round(c["agreement"](c["start"](spread)[0]), 1) == 0.3


def turned(first, last):
    """By how many degrees W of each network has turned."""
    (W0, W) = (w / np.linalg.norm(w, axis=1, keepdims=True) for w in (first[1], last[1]))
    return np.degrees(np.arccos((W0 * W).sum(axis=(1, 2))))


def test_the_forecast_misses_what_the_turn_of_w_adds(c):
    for spread, angle in ((0.3, 30), (0.4, 40), (1.0, 65)):
        first = c["start"](spread)
        last = c["train"](first)
        assert np.median(turned(first, last)) == pytest.approx(angle, abs=3)
        along = np.linalg.svd(last[0] - first[0])[2][:, :1].mT
        E0, (_, W, _, b) = first[0], last
        need = (np.arange(10.0)[:, None] - b - E0 @ W) / (along.mT @ W)
        followed = c["ordered"](E0 + need * along.mT).sum()
        forecast = c["ordered"](c["drawn"](*first[:2])).sum()
        seen = c["ordered"](last[0]).sum()
        assert abs(followed - seen) <= 3
        if spread < 1:
            assert forecast < seen - 5
    small = c["start"](KERAS_SPREAD)
    assert turned(small, c["train"](small)).max() < 7


def test_the_order_fades_under_adam_too(c):
    rates = 0.005 * (1 + np.cos(np.linspace(0, np.pi, 2_500)))
    for spread, about in ((0.2, 97), (0.3, 79), (0.5, 12), (1.0, 0)):
        descent = training.adam(c["start"](spread), c["gradients"], rates)
        (last,) = deque(descent, maxlen=1)
        assert adds(last).all()
        assert c["ordered"](last[0]).sum() == pytest.approx(about, abs=2)


def test_weight_decay_erases_what_the_rows_keep_across_w(held, c):
    def decayed(weights):
        by_E, by_W, by_U, by_b = c["gradients"](weights)
        return [by_E + decay * weights[0], by_W + decay * weights[1], by_U, by_b]

    order = {}
    for decay in (0.0, 0.05):
        for spread in (0.5, 1.0):
            first = c["start"](spread, networks=20)
            descent = training.gradient_descent(first, decayed, 0.004, 20_000)
            (last,) = deque(descent, maxlen=1)
            order[decay, spread] = c["ordered"](last[0])
            off = np.abs(last[0] @ last[1] + last[3] - np.arange(10.0)[:, None]).max()
            assert off < 0.2
    erased = held(
        3,
        "With weight decay, the first principal component orders the digits from a spread of "
        "0.5 of E, and from 1",
        order[0.05, 0.5] & order[0.05, 1.0],
    )
    assert erased == 20
    assert order[0.0, 0.5].sum() <= 5
    assert not order[0.0, 1.0].any()


def test_what_the_balance_predicts_of_the_trained_weights(held, appendix):
    names = appendix
    lengths = held(
        3,
        "The balance predicts the norm of W and the one large singular value of E within 1%",
        names["close"] & names["largest"],
    )
    moved = names["moved"]
    rank = held(
        3,
        "Training changes E by a matrix of rank one, but for 1%",
        moved[:, 1] < 0.01 * moved[:, 0],
    )
    brackets = held(
        3,
        "The other singular values of E stay within the brackets that the start allows",
        names["kept"].all(axis=1),
    )
    adam = held(
        3,
        "Adam does not keep the balance of the layers: it drifts by half",
        names["drift"](names["by_adam"]) > 0.5,
    )
    assert lengths == rank == brackets == adam == 100
    assert (names["drifts"][1] < 0.02).all()
    np.testing.assert_allclose(names["ratios"], 2, atol=0.05)


def trained_by_keras(recurrent_start, epochs):
    """Run the chapter's own cells for 20 seeds; yield the weights before and after."""
    import keras

    names = {"keras": keras, "np": np, "data": data, "training": training}
    names["lookup"] = functions("03_embedding_decoding")["lookup"]
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
    )
    untrained = held(
        3, "Keras's untrained rows lie in the order of the digits", c["ordered"](before)
    )
    assert (trained, untrained) == (20, 0)


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
