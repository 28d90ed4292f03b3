"""What chapter 10 says, measured. The functions are the chapter's own."""

import ast
from functools import cache
from math import comb

import numpy as np
import pytest

from tests.chapters import ROOT
from tools.chapters import read

EPS = {np.float32: 2.0**-23, np.float64: 2.0**-52}


@cache
def chapter():
    """The chapter's functions outside its exercises; nothing else of it is run."""
    import keras
    import torch

    names = {"np": np, "torch": torch, "keras": keras}
    for cell in read(ROOT / "notebooks" / "10_exact_inversion.md").cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            body = ast.parse(cell.source).body
            kept = [statement for statement in body if isinstance(statement, ast.FunctionDef)]
            exec(compile(ast.Module(kept, []), "<chapter>", "exec"), names)
    return names


def call(name, *args, **kwargs):
    return chapter()[name](*args, **kwargs)


OURS = ("keras_tanh", "torch_tanh")
TANH = {"f": np.tanh, "undo_f": np.arctanh}


def stack(draw, depth, n, seed):
    rng = np.random.default_rng(seed)
    return [call(draw, n, rng) for _ in range(depth)]


@pytest.mark.parametrize("n", [10, 50, 100])
def test_the_condition_number_of_a_gaussian_matrix_is_as_edelman_says(n):
    logs = [np.log(np.linalg.cond(stack("gaussian", 1, n, s)[0])) for s in range(200)]
    assert np.mean(logs) == pytest.approx(np.log(n) + 1.537, abs=3 * 1.15 / np.sqrt(200))
    assert 0.9 < np.std(logs) < 1.25  # the chapter says about 1.1
    assert max(logs) > np.mean(logs) + 2 * 1.1


def test_the_error_is_about_a_tenth_of_kappa_eps_and_never_above_it():
    ratios = []
    for seed in range(80):
        layers = stack("gaussian", 1 + seed % 4, 30, seed)
        kappa = np.linalg.cond(np.linalg.multi_dot([np.eye(30), *layers]))
        for dtype, eps in EPS.items():
            ratios.append(call("relative_error", layers, dtype) / (kappa * eps))
    assert max(ratios) < 1
    assert 0.02 < np.median(ratios) < 0.2


def test_orthogonal_layers_survive_16_layers_and_lose_about_two_digits(held):
    ends = []
    for dtype in EPS:
        draw = chapter()["orthogonal"]
        first, last = (call("depth_errors", draw, depth, dtype, **TANH) for depth in (1, 16))
        ends.append(last)
        assert 1.5 < np.log10(np.median(last) / np.median(first)) < 3

    survive = held(
        10,
        "Sixteen orthogonal layers with tanh are undone to within 0.01, in both precisions",
        (np.array(ends) < 0.01).all(axis=0),
    )
    assert survive == 20


def test_without_tanh_orthogonal_layers_lose_less_than_one_digit():
    for dtype in EPS:
        draw = chapter()["orthogonal"]
        first, last = (call("depth_errors", draw, depth, dtype) for depth in (1, 16))
        assert np.median(last) < 10 * np.median(first)


def test_gaussian_layers_lose_one_or_two_digits_a_layer_and_then_everything(held):
    draw = chapter()["gaussian"]
    for dtype, depths in ((np.float32, [1, 2, 4]), (np.float64, [1, 2, 4, 8])):
        middle = [np.median(call("depth_errors", draw, d, dtype, **TANH)) for d in depths]
        lost = np.diff(np.log10(middle)) / np.diff(depths)
        assert (lost > 1).all()
        assert (lost < 3).all()
    single = call("depth_errors", draw, 4, np.float32, **TANH) > 0.01
    double = call("depth_errors", draw, 16, np.float64, **TANH) > 0.01
    gone = held(10, "Four Gaussian layers with tanh cannot be undone in float32", single)
    later = held(10, "Sixteen Gaussian layers with tanh cannot be undone in float64", double)
    assert gone == later == 20
    assert (call("depth_errors", draw, 8, np.float64, **TANH) < 0.01).any()


def test_the_deep_gaussian_stack_fails_without_tanh_too(held):
    errors = call("depth_errors", chapter()["gaussian"], 8, np.float32)
    assert held(10, "Eight Gaussian layers fail in float32 without tanh too", errors > 1) == 20


def test_tanh_becomes_1_where_the_chapter_says():
    z = np.arange(0, 11, 0.01, dtype=np.float32)
    first = {f: z[f(z) == 1].min() for f in (np.tanh, *map(chapter().get, OURS))}
    tensorflow, pytorch = (first[chapter()[name]] for name in OURS)
    assert 7.85 < tensorflow < 8.05
    assert pytorch == pytest.approx(13 * np.log(2), abs=0.02)
    assert 8.9 < first[np.tanh] < 10.1
    z = np.arange(17, 21, 0.01)
    assert z[np.tanh(z) == 1].min() == pytest.approx(27.5 * np.log(2), abs=0.1)


def test_the_error_of_undoing_tanh_reaches_the_prediction_and_hardly_passes_it():
    for start in np.arange(1, 8.5, 0.5):
        z = np.linspace(start, start + 0.5, 2_000).astype(np.float32)
        error = np.abs(np.arctanh(call("torch_tanh", z)).astype(float) - z)
        predicted = EPS[np.float32] / 4 * np.cosh(z.astype(float)) ** 2
        assert 0.8 < (error / predicted).max() < 2
    assert EPS[np.float32] / 4 * np.cosh(8.0) ** 2 == pytest.approx(0.066, abs=1e-3)


def test_backward_of_the_output_is_the_input_for_orthogonal_layers_alone():
    import torch

    torch.manual_seed(0)
    for _ in range(20):
        x = torch.randn(10, 3)
        layer = torch.nn.Linear(3, 3, bias=False)
        W = layer.weight.detach().T
        got = call("backward_of_output", layer, x)
        torch.testing.assert_close(got, x @ W @ W.T)
        assert (got - x).norm() > 0.5
        orthogonal = torch.nn.utils.parametrizations.orthogonal(layer)
        assert (call("backward_of_output", orthogonal, x) - x).norm() < 1e-5


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


@pytest.mark.parametrize("m", [8, 12, 16, 24, 32])
def test_active_units_settle_the_input_as_often_as_coins_show_8_heads(m):
    rng = np.random.default_rng(1)
    W, x = rng.normal(size=(4_000, 8, m)), rng.normal(size=(4_000, 8))
    active = np.einsum("kn,knm->km", x, W) > 0
    share = (np.linalg.matrix_rank(W * active[:, np.newaxis]) == 8).mean()
    p = sum(comb(m, k) for k in range(8, m + 1)) / 2**m
    assert share == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 4_000) + 1e-3)
    if m == 24:
        assert round(100 * (1 - p)) == 3


def test_a_square_relu_layer_keeps_everything_once_in_2_to_the_n():
    rng = np.random.default_rng(0)
    for n in (2, 4, 6):
        W, x = rng.normal(size=(20_000, n, n)), rng.normal(size=(20_000, n))
        share = (np.einsum("kn,knm->km", x, W) > 0).all(axis=1).mean()
        assert share == pytest.approx(2.0**-n, abs=4 * np.sqrt(2.0**-n / 20_000))


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
    nets = [check_preimages(seed) for seed in range(1, 21)]
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


@cache
def runs(steps, dtype, scale=1.0):
    seeds = range(20)
    return np.array([call("there_and_back", steps, s, dtype, scale) for s in seeds]).T


def test_how_far_back_each_precision_reaches():
    for steps, bits, double, single in (
        (5, 11, -13, -5),
        (10, 17, -11, -3),
        (20, 36, -6, None),
        (40, 72, None, None),
    ):
        for dtype, power in ((np.float64, double), (np.float32, single)):
            error, lost = np.median(runs(steps, dtype), axis=1)
            assert lost == pytest.approx(bits, abs=0.6)
            if power is None:
                assert error >= 1
            else:
                assert error < 0.1
                assert np.log10(error) == pytest.approx(power, abs=1)


def test_the_bits_lost_predict_the_error():
    for dtype, eps in EPS.items():
        for steps in (5, 10, 20):
            error, bits = runs(steps, dtype)
            ratio = (error / (eps * 2**bits))[error < 0.1]
            assert ((ratio > 1e-3) & (ratio < 5)).all()
            if len(ratio):
                assert 0.01 < np.median(ratio) < 1


def test_what_grows_on_the_way_back_has_shrunk_on_the_way_forward():
    # Differences of h_0 pushed through the same network, against the bits it reports.
    rng = np.random.default_rng(0)
    U, W = call("orthogonal", 32, rng), rng.normal(size=(4, 32)) / 2
    h = (0.6 * rng.normal(size=32)).clip(-0.9, 0.9)
    h = np.vstack([h + 1e-6 * np.eye(32), h - 1e-6 * np.eye(32)])
    for x_t in 0.6 * rng.normal(size=(5, 4)):
        h = np.tanh(x_t @ W + h @ U)
    shrinks = np.linalg.svd((h[:32] - h[32:]) / 2e-6, compute_uv=False).min()
    _, bits = call("there_and_back", 5, 0, np.float64)
    assert -np.log2(shrinks) == pytest.approx(bits, abs=1e-3)


def test_without_tanh_1000_steps_lose_nothing(held):
    same, kept = chapter()["same"], []
    for seed in range(20):
        case = (1_000, seed, np.float32)
        error, bits = call("there_and_back", *case, f=same, undo_f=same)
        kept.append(error < 0.01 and abs(bits) < 0.01)
    nothing = held(
        10, "Without tanh, 1,000 orthogonal steps lose nothing and come back in float32", kept
    )
    assert nothing == 20


def test_the_numbers_of_the_open_exercise():
    same = chapter()["same"]
    told = {0.5: (41, 1e-4), 0.8: (33, 1e-6), 1.0: (36, 1e-6), 1.25: (45, 1e-3)}
    for scale, (bits, size) in told.items():
        error, lost = np.median(runs(20, np.float64, scale), axis=1)
        assert lost == pytest.approx(bits, abs=0.6)
        assert abs(np.log10(error / size)) < 1
        case = (20, 0, np.float64, scale)
        _, lost = call("there_and_back", *case, f=same, undo_f=same)
        assert lost == pytest.approx(-20 * np.log2(scale), abs=0.01)


def test_small_inputs_alone_do_not_keep_tanh_from_being_flat():
    """The end of the answer to the open exercise: no inputs, 20 steps, bits lost by scale."""
    scales = 0.5, 0.8, 1.0, 1.25

    def lost(scale, size, seed):
        rng = np.random.default_rng(seed)
        U = scale * call("orthogonal", 32, rng)
        h, growth = size * rng.normal(size=32).clip(-1.5, 1.5), np.eye(32)
        for _ in range(20):
            h = np.tanh(h @ U)
            growth = np.diag(1 / (1 - h**2)) @ np.linalg.inv(U) @ growth
        return np.log2(np.linalg.norm(growth, 2))

    bits = {
        size: [np.median([lost(scale, size, seed) for seed in range(20)]) for scale in scales]
        for size in (0.6, 1e-3)
    }
    small, middle, one, large = bits[0.6]
    assert small > middle + 5
    assert middle > one
    assert large > one + 5
    np.testing.assert_allclose(bits[1e-3], -20 * np.log2(scales), atol=0.3)


def test_a_wrong_input_gives_the_right_output(held):
    run, wrong = chapter()["run"], []
    for seed in range(20):
        layers = [W.astype(np.float32) for W in stack("gaussian", 3, 64, seed)]
        x, back = call("round_trip", layers, np.float32, **TANH).astype(np.float32)
        miss = np.abs(run(layers, back, np.tanh) - run(layers, x, np.tanh)).max()
        wrong.append(np.abs(back - x).max() > 1.5e-3 and miss < 5e-6)
    hidden = held(
        10,
        "Three Gaussian layers give the right output to 5 · 10⁻⁶ for an input off by more "
        "than 0.0015",
        wrong,
    )
    assert hidden == 20


def test_a_simple_rnn_of_keras_with_its_own_start_comes_back_from_5_steps_not_from_60(held):
    import keras

    from course_utils.inversion import NotInvertible, rewind

    short, lost = [], []
    for seed in range(20):
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
