"""What chapter 3 and its appendix page say, measured. The functions are the pages' own."""

from collections import deque
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, decoding, training
from tests.chapters import ROOT, Page
from tests.chapters.seeds import SEEDS
from tools.chapters import read

chapter, appendix = Page("03_embedding_decoding"), Page("A2_closed_forms")

KERAS_SPREAD = 0.05 / np.sqrt(3)
PUBLISHED = 2.51e-8  # validation loss after the first epoch
TRIPLES, SUMS = data.all_digit_sums(3)


def cell(part):
    """Source of the one code cell of the appendix page that holds a piece of text."""
    cells = read(ROOT / "notebooks" / "A2_closed_forms.md").cells
    (found,) = [c.source for c in cells if c.cell_type == "code" and part in c.source]
    return found


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
    v, nudge = np.random.default_rng(seed).normal(size=10), 1e-5

    def loss(v, U):
        return np.mean((outputs(v, U) - SUMS) ** 2)

    by_v, by_U = chapter.slopes(v[None, :, None], np.array([[[U]]]))
    moves = nudge * np.eye(10)
    want = [(loss(v + move, U) - loss(v - move, U)) / (2 * nudge) for move in moves]
    np.testing.assert_allclose(by_v[0, :, 0], want, rtol=1e-5, atol=1e-4)
    want = (loss(v, U + nudge) - loss(v, U - nudge)) / (2 * nudge)
    assert by_U.item() == pytest.approx(want, rel=1e-5, abs=1e-4)


def test_the_appendix_descends_as_the_chapter_would_if_u_stayed_at_1():
    E, W, b = appendix.first
    U = np.ones((100, 1, 1))
    want = chapter.gradients([E + 0.1, W, U, b + 2.0])
    got = appendix.gradients([E + 0.1, W, b + 2.0])
    for ours, theirs in zip(got, [want[0], want[1], want[3]], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    for ours, theirs in zip(chapter.start(KERAS_SPREAD)[:2], appendix.first, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_the_formula_for_w_holds_where_u_moves_too():
    first = chapter.start(KERAS_SPREAD)
    _, W, _, b = chapter.train(first)
    size = appendix.norm(np.arange(10.0)[:, None] - b)
    a = appendix.norm(first[1]) ** 2
    a -= (appendix.norm(first[0] @ first[1]) / appendix.norm(first[1])) ** 2
    predicted = np.sqrt(a / 2 + np.sqrt(a**2 / 4 + size**2))
    np.testing.assert_allclose(appendix.norm(W), predicted, rtol=0.01)
    assert round(b.mean(), 1) == 2.7
    assert round(appendix.norm(W).mean(), 1) == 3.4
    assert round(appendix.norm(chapter.train(chapter.start(0.5))[1]).mean(), 1) == 3.2
    assert round(appendix.b.mean(), 1) == 3.0


@given(seed=st.integers(0, 10_000), spread=st.floats(0.01, 2), width=st.integers(2, 12))
def test_a_change_of_rank_one_leaves_the_brackets_of_the_text(seed, spread, width):
    rng = np.random.default_rng(seed)
    E0 = rng.normal(0, spread, (10, width))
    W0, W = rng.normal(size=(2, width, 1))
    after = np.linalg.eigvalsh(W @ W.T + E0.T @ E0 - W0 @ W0.T)[::-1]
    before = np.linalg.eigvalsh(E0.T @ E0)[::-1]
    assert (after[1:] <= before[:-1] + 1e-9).all()
    assert (after[1:-1] >= before[2:] - 1e-9).all()


def test_order_is_seen_where_it_is_and_nowhere_else():
    rising = np.arange(10.0)[:, None] * [1.0, -2.0]
    assert chapter.ordered(np.array([rising, -rising, rising[::-1]])).all()
    swapped = rising[[0, 2, 1, *range(3, 10)]]
    assert not chapter.ordered(swapped[None])[0]


def test_one_step_changes_the_balance_by_the_stated_amount():
    first = chapter.start(0.3)
    E0, W0, U, b = first
    r = -chapter.slopes(E0 @ W0 + b, U)[0]
    eta = 0.01
    ((E, W, _, _),) = training.gradient_descent(first, chapter.gradients, eta, 1)
    change = E.mT @ E - W @ W.mT - E0.mT @ E0 + W0 @ W0.mT
    stated = eta**2 * ((r**2).sum(axis=(1, 2), keepdims=True) * W0 @ W0.mT)
    stated -= eta**2 * E0.mT @ r @ r.mT @ E0
    assert np.allclose(change, stated, rtol=1e-9, atol=1e-13)


def test_the_answer_on_wide_and_narrow_rows(held):
    order, agreement = {}, {}
    for width in (1, 3, 10, 30, 100):
        first = chapter.start(0.3, width=width)
        last = chapter.train(first)
        assert adds(last).all()
        order[width] = chapter.ordered(last[0])
        agreement[width] = [round(chapter.agreement(net[0]), 1) for net in (first, last)]
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
    assert (narrow, wide) == (100, 0)
    assert (agreement[10][0], agreement[100]) == (0.3, [0.2, 0.8])
    assert middle == pytest.approx(27, abs=10)


def test_the_order_fades_with_the_start_and_the_function_does_not(held):
    solved, order, nets = [], {}, {}
    for spread in (KERAS_SPREAD, 0.2, 0.3, 0.4, 0.52, 0.58, 1.0):
        net = nets[spread] = chapter.train(chapter.start(spread))
        solved.append(adds(net))
        np.testing.assert_array_equal(chapter.adds(net), solved[-1])
        order[spread] = chapter.ordered(net[0])
    right = held(
        3, "Gradient descent solves the task from any spread of E", np.all(solved, axis=0)
    )
    small = held(
        3,
        "Spreads of E up to 0.2: the first principal component orders the digits",
        order[KERAS_SPREAD] & order[0.2],
    )
    at_3 = held(
        3,
        "Spread 0.3 of E: the first principal component orders the digits",
        order[0.3],
    )
    at_4 = held(
        3,
        "Spread 0.4 of E: the first principal component orders the digits",
        order[0.4],
    )
    at_5 = held(
        3,
        "Spread 0.52 of E: the first principal component orders the digits",
        order[0.52],
    )
    large = held(
        3,
        "Spread 1 of E: the first principal component orders the digits",
        order[1.0],
    )
    assert (right, small, large) == (100, 100, 0)
    for seen, about in ((at_3, 92), (at_4, 37), (at_5, 4)):
        assert seen == pytest.approx(about, abs=10)
    assert order[0.58].sum() <= 1
    # Half of the pictures have turned away from W at 0.58; untrained rows know nothing of W.
    close = {spread: chapter.near(*net[:2]).sum() for spread, net in nets.items()}
    assert close[KERAS_SPREAD] == close[0.2] == close[0.3] == close[0.4] == 100
    assert close[0.52] == pytest.approx(77, abs=3)
    assert close[0.58] == pytest.approx(50, abs=3)
    assert close[1.0] == 0
    assert chapter.near(*chapter.start(0.3)[:2]).sum() < 5
    for spread, median in ((0.3, 1.0), (0.4, 1.0), (0.52, 0.9), (0.58, 0.8), (1.0, 0.4)):
        assert round(chapter.agreement(nets[spread][0]), 1) == median
        assert round(chapter.agreement(chapter.start(spread)[0]), 1) == 0.3


def test_centred_noise_across_w_is_longest_by_the_factor_of_the_text():
    noise = np.random.default_rng(0).normal(size=(4_000, 10, 9))
    noise -= noise.mean(axis=1, keepdims=True)
    longest = np.linalg.svd(noise, compute_uv=False)[:, 0].mean() / np.sqrt(10)
    assert round(longest, 1) == 1.7
    assert round(np.std(range(10)), 1) == 2.9
    assert round(np.std(range(10)) / 3.3, 2) == 0.87
    assert round(0.87 / longest, 2) == 0.52


def test_rows_made_by_hand_turn_where_trained_ones_do_without_a_turn_of_w():
    assert chapter.near(*chapter.made(0.58, 3.2)).mean() == pytest.approx(0.5, abs=0.03)
    assert chapter.near(*chapter.made(0.58, 3.4)).mean() < 0.45, "a larger W"
    E, w = chapter.made(0.58, 3.2)
    digits = np.arange(10.0)[:, None] - 4.5
    across = E - E @ w @ w.mT
    no_order = E - digits @ (digits.mT @ across) / (digits**2).sum()
    assert chapter.near(no_order, w).mean() < 0.42, "noise without order"
    for spread in (0.4, 1.0):
        assert round(chapter.near(*chapter.made(spread, 3.2)).mean()) == (spread < 0.5)


def test_networks_that_do_not_add_are_told_from_those_that_do():
    net = chapter.train(chapter.start(0.3, networks=3))
    net[3][1] += 0.01
    assert chapter.adds(net).tolist() == [True, False, True]


def test_w_turns_from_a_large_start_and_the_rows_follow_it():
    for spread, angle in ((0.3, 30), (0.58, 52), (1.0, 65)):
        first = chapter.start(spread)
        last = chapter.train(first)
        assert np.median(chapter.turned(first, last)) == pytest.approx(angle, abs=3)
        # In a line along the way that the rows have gone, the digits are as well in order.
        along = np.linalg.svd(last[0] - first[0])[2][:, :1].mT
        E0, (_, W, _, b) = first[0], last
        need = (np.arange(10.0)[:, None] - b - E0 @ W) / (along.mT @ W)
        followed = chapter.ordered(E0 + need * along.mT).sum()
        assert abs(followed - chapter.ordered(last[0]).sum()) <= 3
    small = chapter.start(KERAS_SPREAD)
    assert chapter.turned(small, chapter.train(small)).max() < 7


def test_the_order_fades_under_adam_too():
    rates = 0.005 * (1 + np.cos(np.linspace(0, np.pi, 2_500)))
    for spread, about in ((0.2, 97), (0.3, 79), (0.5, 12), (1.0, 0)):
        descent = training.adam(chapter.start(spread), chapter.gradients, rates)
        (last,) = deque(descent, maxlen=1)
        assert adds(last).all()
        assert chapter.ordered(last[0]).sum() == pytest.approx(about, abs=2)


def test_weight_decay_erases_what_the_rows_keep_across_w(held):
    def decayed(weights):
        by_E, by_W, by_U, by_b = chapter.gradients(weights)
        return [by_E + decays * weights[0], by_W + decays * weights[1], by_U, by_b]

    cases = list(product((0.0, 0.005, 0.05), (0.5, 1.0)))  # side by side: 20 networks of each
    decays = np.repeat([decay for decay, _ in cases], 20)[:, None, None]
    starts = zip(*(chapter.start(spread, networks=20) for _, spread in cases), strict=True)
    descent = training.gradient_descent([*map(np.concatenate, starts)], decayed, 0.004, 20_000)
    (last,) = deque(descent, maxlen=1)
    assert np.abs(last[0] @ last[1] + last[3] - np.arange(10.0)[:, None]).max() < 0.2
    order = dict(zip(cases, np.split(chapter.ordered(last[0]), 6), strict=True))
    erased = held(
        3,
        "With weight decay, the first principal component orders the digits from a spread of "
        "0.5 of E, and from 1",
        order[0.05, 0.5] & order[0.05, 1.0],
    )
    assert erased == 20
    assert order[0.0, 0.5].sum() <= 5
    assert not order[0.0, 1.0].any()
    assert not order[0.005, 1.0].any()


def test_what_the_balance_predicts_of_the_trained_weights(held):
    lengths = held(
        3,
        "The balance predicts the norm of W and the one large singular value of E within 1%",
        appendix.close & appendix.largest,
    )
    moved = appendix.moved
    rank = held(
        3,
        "Training changes E by a matrix of rank one, but for 2%",
        moved[:, 1] < 0.02 * moved[:, 0],
    )
    brackets = held(
        3,
        "The other singular values of E stay within the brackets that the start allows",
        appendix.kept.all(axis=1),
    )
    descent = training.adam(appendix.first, appendix.gradients, [0.01] * 2_000)
    (by_adam,) = deque(descent, maxlen=1)
    E, W = (np.array(part) for part in by_adam[:2])
    ratio = np.linalg.norm(E, 2, axis=(1, 2)) / np.linalg.norm(W, axis=(1, 2))
    assert ratio.min() > 1.2
    assert ratio.max() < 2.5
    adam = held(
        3,
        "Adam does not keep the balance of the layers: it drifts by half",
        appendix.drift(by_adam) > 0.5,
    )
    assert lengths == rank == brackets == adam == 100
    assert (appendix.drifts[1] < 0.02).all()
    np.testing.assert_allclose(appendix.ratios, 2, atol=0.05)


def trained_by_keras(recurrent_start, epochs):
    """Run the page's own cells for 20 seeds; yield the weights before and after."""
    import keras

    names = {"keras": keras, "np": np, "data": data, "training": training}
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
        assert 1.9 < np.linalg.norm(last[0], 2) / np.linalg.norm(last[1]) < 3
        learned.append(losses[0] < 1e-9 < PUBLISHED and losses[-1] < 1e-10)
        table = decoding.decode(last)
        off = np.abs(table.values - np.arange(10)).max()
        right.append(off < 1e-4 and abs(table.recurrent - 1) < 1e-5)
    below = held(3, "From our start, Keras passes the published loss in one epoch", learned)
    table = held(3, "From our start, the table that Keras learns is right to 0.0001", right)
    assert below == table == 20


@pytest.mark.sweep
def test_the_order_shows_for_every_keras_seed_and_for_no_start(held, keras_runs):
    after = np.array([last[0] for _, last, _ in keras_runs])
    before = np.array([first[0] for first, _, _ in keras_runs])
    trained = held(
        3,
        "The first principal component of the rows that Keras trains orders the digits",
        chapter.ordered(after),
    )
    untrained = held(
        3, "Keras's untrained rows lie in the order of the digits", chapter.ordered(before)
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
