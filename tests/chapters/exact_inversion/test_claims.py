"""What chapter 10 and its appendix page say, measured. The functions are their own."""

from functools import cache
from math import comb

import numpy as np
import pytest

from course_utils.live import there_and_back
from tests.chapters import Page, solution
from tests.chapters.seeds import FIRST_SEED, SEEDS, first_seeds

chapter, page = Page("10_exact_inversion"), Page("A7_invertible_layers")

FORTY = first_seeds(40)
EPS = {np.float32: 2.0**-23, np.float64: 2.0**-52}
BITS = {np.float32: 23, np.float64: 52}


# ---- by hand


def test_the_table_on_top_is_what_three_decimals_give():
    there, back = [0.4], [0.961]
    for _ in range(3):
        there.append(round(float(np.tanh(1 + there[-1])), 3))
        back.append(round(float(np.arctanh(back[-1])) - 1, 3))
    assert there == [0.4, 0.885, 0.955, 0.961]
    assert back == [0.961, 0.959, 0.933, 0.681]
    h = 0.681
    for _ in range(3):
        h = round(float(np.tanh(1 + h)), 3)
    assert h == 0.961
    assert round(1 / (1 - 0.961**2)) == 13


def usable(x, decimals):
    """For which of 1 to 12 steps the start of the live figure comes back, right to 0.05."""
    starts = [there_and_back(0.4, x, 1.0, decimals, steps)[1][0] for steps in range(1, 13)]
    return [abs(start - 0.4) < 0.05 for start in starts]


def test_three_six_and_eight_decimals_reach_2_5_and_6_steps():
    for decimals, reach in ((3, 2), (6, 5), (8, 6)):
        assert usable(1.0, decimals) == [True] * reach + [False] * (12 - reach)


def test_without_input_three_decimals_suffice_for_twelve_steps():
    assert all(usable(0.0, 3))


# ---- what the weights cost


@pytest.mark.parametrize("n", [10, 50, 100])
def test_the_condition_number_of_a_gaussian_matrix_is_as_edelman_says(n):
    logs = [
        np.log(np.linalg.cond(page.gaussian(n, np.random.default_rng(s)))) for s in range(200)
    ]
    assert np.mean(logs) == pytest.approx(np.log(n) + 1.537, abs=3 * 1.15 / np.sqrt(200))
    assert 0.9 < np.std(logs) < 1.25  # the page says about 1.1
    assert max(logs) > np.mean(logs) + 2 * 1.1


def test_140_is_the_condition_number_that_edelman_gives_for_30():
    kappa = np.exp(np.log(30) + 1.537)
    assert round(kappa, -1) == 140
    assert round(np.log2(kappa)) == 7


def test_the_error_stays_below_kappa_eps():
    ratios = {dtype: [] for dtype in EPS}
    for seed in range(80, 160):  # other matrices than the page's
        U, T = np.random.default_rng(seed).normal(size=(30, 30)), 1 + seed % 4
        kappa = np.linalg.cond(np.linalg.matrix_power(U, T))
        for dtype, eps in EPS.items():
            error = page.linear_error((U / np.sqrt(30)).astype(dtype), T)
            ratios[dtype].append(error / (kappa * eps))
    for ratio in ratios.values():
        assert max(ratio) < 1
        assert 0.02 < np.median(ratio) < 0.3


# ---- what tanh costs


def test_the_error_of_undoing_tanh_reaches_the_prediction_and_hardly_passes_it():
    for start in np.arange(1, 8.5, 0.5):
        z = np.linspace(start, start + 0.5, 2_000)
        rounded = np.tanh(z).astype(np.float32).astype(float)
        error = np.abs(np.arctanh(rounded) - z)
        predicted = EPS[np.float32] / 4 * np.cosh(z) ** 2
        assert 0.8 < (error / predicted).max() < 2
    assert EPS[np.float32] / 4 * np.cosh(8.0) ** 2 == pytest.approx(0.066, abs=1e-3)


def test_tanh_becomes_1_where_the_pages_say():
    z = np.arange(0, 11, 0.01, dtype=np.float32)
    first = [z[f(z) == 1].min() for f in (page.keras_tanh, page.torch_tanh, np.tanh)]
    tensorflow, pytorch, numpy = first
    assert 7.85 < tensorflow < 8.05
    assert pytorch == pytest.approx(13 * np.log(2), abs=0.02)
    assert 8.9 < numpy < 10.1
    z = np.arange(17, 21, 0.01)
    assert z[np.tanh(z) == 1].min() == pytest.approx(27.5 * np.log(2), abs=0.1)


# ---- bits lost, bits forgotten


@cache
def reaches(dtype, seeds=FORTY):
    return np.array([chapter.reach(seed, dtype) for seed in seeds])


def test_how_far_back_each_precision_reaches():
    assert np.median(reaches(np.float32)) == pytest.approx(13, abs=1)
    assert np.median(reaches(np.float64)) == pytest.approx(29, abs=1)
    assert round(13 * 52 / 23) == 29


def test_the_forward_run_says_how_far_back_each_network_comes():
    for dtype, bits in BITS.items():
        forecast = np.array([chapter.forecast(seed, bits) for seed in FORTY])
        misses = np.abs(reaches(dtype) - forecast)
        assert misses.mean() < 1
        assert misses.max() <= 4
        # The same number for every network, and the forecast of another network, do worse.
        assert np.abs(reaches(dtype) - np.median(reaches(dtype))).mean() > 1.7 * misses.mean()
        assert np.abs(reaches(dtype) - np.roll(forecast, 1)).mean() > 2.5 * misses.mean()


def test_saying_the_median_of_each_network_misses_more_than_twice_as_far():
    for dtype, bits in BITS.items():
        for seeds in (FORTY, range(200, 240)):
            found = reaches(dtype, seeds)
            forecast = np.array([chapter.forecast(seed, bits) for seed in seeds])
            misses = np.abs(found - forecast).mean()
            assert misses < 1
            assert np.abs(found - np.median(found)).mean() > 2.4 * misses


def back_to(tolerance, seed, dtype):
    """From how many steps the first state comes back to another tolerance than 10%."""
    U, W, inputs, first = chapter.network(seed, 60, dtype)
    states, n = chapter.forward(U, W, inputs, first), 1
    while chapter.error_of_first(U, W, inputs[:n], states[: n + 1]) <= tolerance:
        n += 1
    return n - 1


def test_another_tolerance_moves_the_reach_by_a_step_or_two():
    for dtype in BITS:
        strict, usual, loose = (
            np.mean([back_to(tolerance, seed, dtype) for seed in FORTY])
            for tolerance in (0.01, 0.1, 1)
        )
        assert strict - usual == pytest.approx(-2.1, abs=0.8)
        assert loose - usual == pytest.approx(1.3, abs=0.8)


def test_the_flattest_unit_alone_ranks_the_networks_and_counts_too_many_bits():
    runs = [chapter.network(seed, 10) for seed in range(200)]
    states = [chapter.forward(*run) for run in runs]
    seen = np.log2(
        [chapter.error_of_first(*r[:3], s) for r, s in zip(runs, states, strict=True)]
    )
    flattest = [(-np.log2(1 - s[1:] ** 2)).max(axis=1).sum() for s in states]
    lost = [chapter.bits_lost(s, run[0]) for s, run in zip(states, runs, strict=True)]
    simple, whole = (np.corrcoef(rule, seen)[0, 1] for rule in (flattest, lost))
    assert 0.85 < simple < whole
    assert np.mean(flattest) == pytest.approx(35, abs=1)
    np.testing.assert_allclose(chapter.simple, flattest)
    assert np.mean(lost) == pytest.approx(20, abs=1)


def other(seed, units, size, gaussian):
    """Return U, W, inputs and a first state of another kind of network, 60 steps."""
    rng = np.random.default_rng(seed)
    draw = page.gaussian if gaussian else chapter.orthogonal
    U, W = draw(units, rng), rng.normal(size=(4, units)) / 2
    first = (0.6 * rng.normal(size=units)).clip(-0.9, 0.9)
    return U, W, size * rng.normal(size=(60, 4)), first


@pytest.mark.parametrize(
    ("units", "size", "gaussian"),
    [(8, 0.6, False), (64, 0.6, False), (32, 0.6, True), (32, 2.0, False)],
)
def test_so_it_does_for_other_networks(units, size, gaussian):
    for dtype, bits in BITS.items():
        misses, found = [], []
        for seed in range(100, 110):
            exact = other(seed, units, size, gaussian)
            states = chapter.forward(*exact)
            lost = [chapter.bits_lost(states[: n + 1], exact[0]) for n in range(1, 51)]
            U, W, inputs, first = (a.astype(dtype) for a in exact)
            states = chapter.forward(U, W, inputs, first)
            back = 0
            while chapter.error_of_first(U, W, inputs[: back + 1], states[: back + 2]) < 0.1:
                back += 1
            found.append(back)
            misses.append(abs(back - (np.array(lost) < bits).sum()))
        assert np.mean(misses) < 1.6
        if size == 2.0:
            assert abs(np.median(found) - {23: 2, 52: 5}[bits]) <= 1


def test_the_bits_are_lost_at_an_even_pace():
    lost = {}
    for steps in (10, 20, 40):
        runs = [chapter.network(seed, steps) for seed in SEEDS]
        lost[steps] = np.median(
            [chapter.bits_lost(chapter.forward(*run), run[0]) / steps for run in runs]
        )
    assert all(1.6 < pace < 1.95 for pace in lost.values())
    for steps, told in ((5, 2.1), (13, 1.8), (30, 1.7)):
        runs = [chapter.network(seed, steps) for seed in FORTY]
        whole = [chapter.bits_lost(chapter.forward(*run), run[0]) for run in runs]
        assert np.median(whole) / steps == pytest.approx(told, abs=0.1)
    first = [
        chapter.bits_lost(chapter.forward(*run), run[0])
        for run in (chapter.network(seed, 1) for seed in SEEDS)
    ]
    assert np.median(first) > 2.5  # the first steps cost more


def test_what_grows_on_the_way_back_has_shrunk_on_the_way_forward():
    """Differences of h_0 pushed through the same network, in all directions at once."""
    U, W, inputs, first = chapter.network(0, 5)
    h = np.vstack([first + 1e-6 * np.eye(32), first - 1e-6 * np.eye(32)])
    for x in inputs:
        h = np.tanh(x @ W + h @ U)
    shrinks = np.linalg.svd((h[:32] - h[32:]) / 2e-6, compute_uv=False).min()
    bits = chapter.bits_lost(chapter.forward(U, W, inputs, first), U)
    assert -np.log2(shrinks) == pytest.approx(bits, abs=1e-3)


@cache
def bits(seeds, steps):
    return np.array([chapter.forgotten(seed, steps) for seed in seeds])


def test_bits_lost_backwards_are_bits_forgotten_forwards():
    for steps, lost, anyhow in ((5, 10.5, 2.1), (10, 17.6, 4.2)):
        rows = bits(FORTY, steps)
        middle = np.median(rows, axis=0)
        np.testing.assert_allclose(middle, [lost, lost, anyhow], atol=0.15)
        # Not by chance: each network forgets its own bits, not those of the next one.
        assert np.abs(rows[:, 0] - rows[:, 1]).max() < 0.05
        assert np.median(np.abs(rows[:, 0] - np.roll(rows[:, 1], 1))) > 1


def test_a_random_difference_is_never_forgotten_as_fast():
    for steps in (5, 10):
        lost, _, anyhow = bits(FORTY, steps).T
        assert (anyhow < lost - 2).all()
        assert 1 < anyhow.min() < anyhow.max() < 7.5


def test_at_a_given_number_of_steps_the_bits_still_forecast_the_error():
    runs = [chapter.network(seed, 10) for seed in range(1_000, 1_200)]
    states = [chapter.forward(*run) for run in runs]
    lost = np.array([chapter.bits_lost(s, run[0]) for s, run in zip(states, runs, strict=True)])
    seen = np.log2(
        [chapter.error_of_first(*r[:3], s) for r, s in zip(runs, states, strict=True)]
    )
    assert np.corrcoef(lost, seen)[0, 1] > 0.89
    assert 0.5 < (seen - lost).std() < 2
    assert 3.5 < seen.std() < 5
    assert abs(np.corrcoef(np.roll(lost, 1), seen)[0, 1]) < 0.3


def test_without_tanh_1000_steps_lose_nothing(held):
    kept = [chapter.without_tanh(seed, 1_000) < 0.01 for seed in SEEDS]
    nothing = held(10, "Without tanh, 1,000 orthogonal steps come back in float32", kept)
    assert nothing == 20
    gaussian = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32) / 6
    assert not page.linear_error(gaussian, 20) < 0.01


def test_the_numbers_of_the_open_exercise():
    def run(scale, seed):
        U, *rest = chapter.network(seed, 20)
        states = chapter.forward(scale * U, *rest)
        back = chapter.error_of_first(scale * U, *rest[:2], states)
        return chapter.bits_lost(states, scale * U), back

    told = {0.5: (41, 1e-4), 0.8: (33, 1e-6), 1.0: (36, 1e-6), 1.25: (45, 1e-3)}
    for scale, (bits, size) in told.items():
        lost, error = np.median([run(scale, seed) for seed in SEEDS], axis=0)
        assert lost == pytest.approx(bits, abs=0.6)
        assert abs(np.log10(error / size)) < 1
        still = np.zeros((21, 32))  # without tanh every slope is 1
        U, *_ = chapter.network(0, 20)
        assert chapter.bits_lost(still, scale * U) == pytest.approx(
            -20 * np.log2(scale), abs=1e-6
        )


# ---- the appendix page: ReLU


@pytest.mark.parametrize("m", [8, 12, 16, 24, 32])
def test_active_units_settle_the_input_as_often_as_coins_show_8_heads(m):
    rng = np.random.default_rng(1)
    W, x = rng.normal(size=(4_000, 8, m)), rng.normal(size=(4_000, 8))
    active = np.einsum("kn,knm->km", x, W) > 0
    share = (np.linalg.matrix_rank(W * active[:, np.newaxis]) == 8).mean()
    p = sum(comb(m, k) for k in range(8, m + 1)) / 2**m
    assert share == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 4_000) + 1e-3)


def test_the_active_units_of_a_wide_layer_give_the_input_or_say_that_they_cannot():
    rng = np.random.default_rng(1)
    for n in (2, 8):
        W, b = rng.normal(size=(n, 5 * n)), rng.normal(size=5 * n)
        for x in rng.normal(size=(20, n)):
            y = np.maximum(x @ W + b, 0)
            if np.linalg.matrix_rank(W[:, y > 0]) < n:
                with pytest.raises(ValueError, match=f"for {n} inputs"):
                    page.undo_relu(y, W, b)
            else:
                np.testing.assert_allclose(page.undo_relu(y, W, b), x, atol=1e-9)
    with pytest.raises(ValueError, match="rank 1 for 2"):
        page.undo_relu(
            np.array([1.0, 2.0, 0.0]), np.eye(2)[:, [0, 0, 1]] * [1, 2, 1], np.zeros(3)
        )


def test_a_square_relu_layer_keeps_everything_once_in_2_to_the_n():
    rng = np.random.default_rng(0)
    for n in (2, 4, 6):
        W, x = rng.normal(size=(20_000, n, n)), rng.normal(size=(20_000, n))
        share = (np.einsum("kn,knm->km", x, W) > 0).all(axis=1).mean()
        assert share == pytest.approx(2.0**-n, abs=4 * np.sqrt(2.0**-n / 20_000))


# ---- the appendix page: stacks of layers


def stack(draw, depth, n, seed):
    rng = np.random.default_rng(seed)
    return [draw(n, rng) for _ in range(depth)]


def test_orthogonal_layers_survive_16_layers_and_lose_about_two_digits(held):
    ends = []
    for dtype in EPS:
        first, last = (
            page.depth_errors(page.orthogonal, depth, dtype, **page.tanh) for depth in (1, 16)
        )
        ends.append(last)
        assert 1.5 < np.log10(np.median(last) / np.median(first)) < 3

    survive = held(
        10,
        "Sixteen orthogonal layers with tanh are undone to within 0.01, in both precisions",
        (np.array(ends) < 0.01).all(axis=0),
    )
    assert survive == 20


def test_gaussian_layers_lose_one_to_three_digits_a_layer_and_then_everything(held):
    def errors(depth, dtype):
        return page.depth_errors(page.gaussian, depth, dtype, **page.tanh)

    for dtype, depths in ((np.float32, [1, 2, 4]), (np.float64, [1, 2, 4, 8])):
        middle = [np.median(errors(depth, dtype)) for depth in depths]
        lost = np.diff(np.log10(middle)) / np.diff(depths)
        assert (lost > 1).all()
        assert (lost < 3).all()
    gone = held(
        10,
        "Four Gaussian layers with tanh cannot be undone in float32",
        errors(4, np.float32) > 0.01,
    )
    later = held(
        10,
        "Sixteen Gaussian layers with tanh cannot be undone in float64",
        errors(16, np.float64) > 0.01,
    )
    assert gone == later == 20
    assert (errors(8, np.float64) < 0.01).any()


def test_the_deep_gaussian_stack_fails_without_tanh_too(held):
    errors = page.depth_errors(page.gaussian, 8, np.float32)
    assert held(10, "Eight Gaussian layers fail in float32 without tanh too", errors > 1) == 20


def test_a_wrong_input_gives_the_right_output(held):
    wrong = []
    for seed in SEEDS:
        layers = [W.astype(np.float32) for W in stack(page.gaussian, 3, 64, seed)]
        x, back = page.round_trip(layers, np.float32, **page.tanh).astype(np.float32)
        miss = np.abs(page.run(layers, back, np.tanh) - page.run(layers, x, np.tanh)).max()
        wrong.append(np.abs(back - x).max() > 1.5e-3 and miss < 5e-6)
    hidden = held(
        10,
        "Three Gaussian layers give the right output to 5 · 10⁻⁶ for an input off by more "
        "than 0.0015",
        wrong,
    )
    assert hidden == 20


# ---- the appendix page: PyTorch and Keras


def test_backward_of_the_output_is_the_input_for_orthogonal_layers_alone():
    import torch

    torch.manual_seed(0)
    for _ in range(20):
        x = torch.randn(10, 3)
        layer = torch.nn.Linear(3, 3, bias=False)
        W = layer.weight.detach().T
        got = page.backward_of_output(layer, x)
        torch.testing.assert_close(got, x @ W @ W.T)
        assert (got - x).norm() > 0.5
        orthogonal = torch.nn.utils.parametrizations.orthogonal(layer)
        assert (page.backward_of_output(orthogonal, x) - x).norm() < 1e-5


def test_pytorch_keeps_a_matrix_orthogonal_and_keras_only_starts_there():
    import keras
    import torch

    torch.manual_seed(0)
    layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(4, 4))
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(5):
        optimiser.zero_grad()
        ((layer(torch.randn(8, 4)) - 1) ** 2).mean().backward()
        optimiser.step()
    W = layer.weight.detach()
    torch.testing.assert_close(W @ W.T, torch.eye(4), atol=1e-5, rtol=0)

    dense = keras.layers.Dense(4, kernel_initializer=keras.initializers.Orthogonal(seed=0))
    model = keras.Sequential([keras.Input((4,)), dense])
    W = np.asarray(dense.kernel)
    np.testing.assert_allclose(W @ W.T, np.eye(4), atol=1e-5)
    model.compile("sgd", loss="mse")
    model.fit(np.eye(4), np.ones((4, 4)), epochs=5, verbose=0)
    W = np.asarray(dense.kernel)
    assert np.abs(W @ W.T - np.eye(4)).max() > 1e-3


def test_a_simple_rnn_of_keras_with_its_own_start_comes_back_from_5_steps_not_from_60(held):
    import keras

    from course_utils.inversion import NotInvertible, rewind

    short, lost = [], []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        rnn = keras.layers.SimpleRNN(32, return_sequences=True)
        x = np.random.default_rng(seed).normal(size=(2, 60, 4)).astype(np.float32)
        states = np.asarray(rnn(x))
        back = rewind(states[:, 4], x[:, :5], *rnn.get_weights())
        short.append(np.abs(back[:, 1:] - states[:, :5]).max() < 0.01)
        try:
            rewind(states[:, -1], x, *rnn.get_weights())
            lost.append(False)
        except NotInvertible as error:
            lost.append("of 60" in str(error))
    five = held(10, "A new SimpleRNN of Keras comes back from 5 steps", short)
    sixty = held(10, "It does not come back from 60", lost)
    assert five == sixty == 20


# ---- the appendix page: a network that throws most of its input away


def search(seed):
    """Train the thread's network, then return starts, answers and what belongs to them."""
    import torch

    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    samples, wanted = (torch.tensor(rng.normal(size=(64, k))).float() for k in (1_000, 10))
    layers = torch.nn.Linear(1_000, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10)
    wide = torch.nn.Sequential(*layers)
    optimiser = torch.optim.SGD(wide.parameters(), lr=1e-4)
    for _ in range(500):
        loss = ((wide(samples) - wanted) ** 2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    target = wide(samples[:1]).detach()
    starts = torch.tensor(rng.normal(size=(20, 1_000))).float()
    answers = starts.clone().requires_grad_(True)
    descent = torch.optim.SGD([answers], lr=1.0)
    for _ in range(1_000):
        descent.zero_grad()
        ((wide(answers) - target) ** 2).sum().backward()
        descent.step()
    return wide, loss.item(), samples[:1], target, starts, answers.detach()


def check_preimages(seed):
    import torch

    wide, loss, original, target, starts, answers = search(seed)
    assert loss < 1e-3
    unseen = torch.linalg.svd(wide[0].weight.detach()).Vh[100:]
    assert ((answers - starts) @ unseen.T).norm(dim=1).max() < 1e-3
    far, random = ((rows - original).norm(dim=1).mean() for rows in (answers, starts))
    walked = answers[:1] + 100 * unseen[:20]

    def same(inputs):
        return bool(((wide(inputs) - target).norm(dim=1) / target.norm() < 1e-4).all())

    return {
        "found": same(answers),
        "apart": abs(torch.pdist(answers @ unseen.T).mean().item() - np.sqrt(1_800)) < 1.5,
        "as far as noise": abs((far / random).item() - 1) < 0.05,
        "walked": same(walked),
    }


def test_different_inputs_with_one_output_lie_as_far_apart_as_their_starts():
    assert all(check_preimages(0).values())


@pytest.mark.sweep
def test_so_they_do_for_20_networks(held):
    nets = [check_preimages(seed) for seed in range(FIRST_SEED + 1, FIRST_SEED + 21)]
    found = held(
        10,
        "From each of 20 starts, descent finds an input with the wanted output",
        [net["found"] for net in nets],
    )
    apart = held(
        10,
        "These inputs lie as far apart as their starts, about √1800",
        [net["apart"] for net in nets],
    )
    noise = held(
        10,
        "They are no nearer to the true input than noise is",
        [net["as far as noise"] for net in nets],
    )
    walked = held(
        10,
        "A walk of length 100 in the null space changes no output",
        [net["walked"] for net in nets],
    )
    assert found == apart == noise == walked == 20


# ---- the exercises give what the chapter runs on


def test_rewind_of_the_package_undoes_what_the_learner_undoes():
    from course_utils.inversion import rewind

    U, W, inputs, first = chapter.network(3, 5)
    states = chapter.forward(U, W, inputs, first)
    back = rewind(states[-1:], inputs[np.newaxis], W, U, np.zeros(32))[0]
    undo = solution("exact_inversion", "undo")
    np.testing.assert_allclose(back[4], undo(states[5], inputs[4], W, U), rtol=1e-9)
    np.testing.assert_allclose(back, states, atol=1e-8)
