"""What chapter 11 and its appendix page say, measured. The functions are their own."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.spatial.distance import cdist

from course_utils import data, training
from tests.chapters import Page
from tests.chapters.seeds import SEEDS

c, page = Page("11_sampling_inputs"), Page("A8_linear_posterior")


@pytest.fixture(autouse=True)
def _in_64_bits():
    """Compute as the chapter does, and leave PyTorch as it was."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_descent_keeps_what_the_sum_does_not_see():
    starts = np.random.default_rng(0).integers(0, 10, (50, 3))
    ends = c.descend(starts)
    np.testing.assert_allclose(ends.sum(axis=1), 12)
    np.testing.assert_allclose(np.diff(ends), np.diff(starts), atol=1e-9)
    assert c.descend(np.zeros(3)) == pytest.approx([4, 4, 4])
    assert c.descend(np.array([9, 0, 0])) == pytest.approx([10, 1, 1])


def test_73_triples_have_the_sum_12_each_as_probable_as_the_next():
    triples, sums = data.all_digit_sums(3)
    right = triples[sums == 12]
    assert len(right) == 73
    np.testing.assert_allclose(c.p, (sums == 12) / 73)
    assert np.bincount(right[:, 0])[[0, 3, 9]].tolist() == [7, 10, 4]


def test_descent_from_every_triple_is_no_sample_of_the_posterior():
    counts = {tuple(row): times for row, times in zip(c.found.tolist(), c.times, strict=True)}
    assert c.legal.sum() == 310
    assert len(counts) == 73
    assert counts[4, 4, 4] == c.times.max() == 10
    assert counts[0, 3, 9] == 1
    # A random start finds them in this proportion; a draw from the posterior finds both alike.
    rng = np.random.default_rng(0)
    ends = c.descend(rng.integers(0, 10, (100_000, 3))).round(6)
    drawn = np.array(list(counts))[rng.integers(73, size=(100_000))]
    for rows, low, high in ((ends, 7, 14), (drawn, 0.9, 1.1)):
        often, seldom = ((rows == row).all(axis=1).sum() for row in ([4, 4, 4], [0, 3, 9]))
        assert low < often / seldom < high


def test_the_points_follow_the_prior():
    points, classes = c.draw_points(200_000, seed=1)
    a, b = points.T
    assert (classes == (a < 1)).all()
    assert [a.mean(), a.std()] == pytest.approx([0, 2], abs=0.02)
    rest = b - a / 2
    assert (rest > 0).mean() == pytest.approx(0.5, abs=0.005)
    assert np.abs(rest).mean() == pytest.approx(2, abs=0.005)
    assert np.abs(rest).std() == pytest.approx(0.5, abs=0.005)
    assert abs(np.corrcoef(a, rest)[0, 1]) < 0.01


def test_inversion_keeps_b_and_random_starts_do_not_help():
    starts = c.true_samples(0, 2_000, seed=3)
    ends = page.invert(starts)
    np.testing.assert_allclose(ends @ page.w + page.v, 3)
    assert np.abs(ends[:, 1] - starts[:, 1]).max() < 0.1
    truth = c.true_samples(1, 2_000, seed=4)
    assert c.fair_energy(c.true_samples(1, 2_000, seed=5), truth) < 0.01
    assert c.fair_energy(ends, truth) > 1  # from class 0 alone
    for seed in range(3):
        anywhere, label = c.draw_points(2_000, seed)
        inverted = np.where(label[:, np.newaxis] == 1, anywhere, page.invert(anywhere))
        assert (label == 0).mean() == pytest.approx(1 / 3, abs=0.05)
        assert 0.1 < c.fair_energy(inverted, truth) < c.fair_energy(anywhere, truth) - 0.1


def test_the_appendix_draws_its_points_from_the_prior_of_the_chapter():
    points = c.draw_points(8_000, seed=9)[0]
    assert c.fair_energy(page.points, points) < 0.01 < c.fair_energy(page.points + 0.5, points)
    assert (page.classes == (page.points[:, 0] < 1)).all()


def test_the_linear_rival_is_a_normal_distribution_in_the_8_widest_directions():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 12)) * np.arange(12, 0, -1) + 3
    drawn = c.normal_draws(x, 20_000, seed=1)
    np.testing.assert_allclose(drawn.mean(axis=0), x.mean(axis=0), atol=0.4)
    sizes, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    want = axes[:, 4:] * sizes[4:] @ axes[:, 4:].T
    np.testing.assert_allclose(np.cov(drawn.T), want, atol=5)
    assert np.linalg.matrix_rank(drawn - drawn.mean(axis=0)) == 8


def test_the_linear_rivals_points_have_the_mean_and_covariance_of_the_class():
    truth, rival = c.true_samples(1, 50_000, seed=4), c.linear_points(1)
    np.testing.assert_allclose(rival.mean(axis=0), truth.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(np.cov(rival.T), np.cov(truth.T), atol=0.4)
    assert c.between(rival) > 0.2 > 0.02 > c.between(truth)


def test_the_class_moves_the_mean_of_b():
    expected = -stats.norm.pdf(0.5) / stats.norm.cdf(0.5)
    assert round(expected, 2) == -0.51
    b = c.true_samples(1, 100_000, seed=9)[:, 1]
    assert b.mean() == pytest.approx(expected, abs=4 * b.std() / np.sqrt(len(b)))


@pytest.mark.parametrize("shape", [(1, 3), (2, 5), (4, 4)])
def test_the_variance_left_is_the_dimension_of_the_null_space(shape):
    A = np.random.default_rng(3).standard_normal(shape)
    G, trace = page.formula(A, 1e-4)
    np.testing.assert_allclose(G, np.linalg.pinv(A), atol=1e-5)
    assert trace == pytest.approx(shape[1] - shape[0], abs=1e-5)
    for s in (1.0, 0.3):
        G, trace = page.formula(A, s)
        fitted, left = page.measured(A, s)
        np.testing.assert_allclose(fitted, G, atol=0.02)
        assert left == pytest.approx(trace, abs=0.05)


def test_the_divergence_in_the_bound_is_that_of_pytorch():
    """With a likelihood of 0 the bound is minus the divergence alone."""
    torch.manual_seed(0)
    model = c.ConditionalVAE(2, 2, latent=3, hidden=8)
    x, y = torch.randn(50, 2), torch.randint(2, (50,))
    mean, log_sd = model.with_label(model.encoder, x, y).chunk(2, dim=1)
    normal = torch.distributions.Normal
    divergence = torch.distributions.kl_divergence(normal(mean, log_sd.exp()), normal(0, 1))
    got = c.bound(model, x, y, lambda *_: 0.0)
    torch.testing.assert_close(-got, divergence.sum(dim=1).mean())


def test_the_likelihood_of_points_is_that_of_pytorch_up_to_a_constant():
    torch.manual_seed(1)
    model = c.ConditionalVAE(2, 2, latent=3, hidden=8)
    model.log_spread.data = torch.tensor([0.3, -0.7])
    x, output = torch.randn(20, 2), torch.randn(20, 2)
    exact = torch.distributions.Normal(output, model.log_spread.exp()).log_prob(x).sum(dim=1)
    constant = np.log(2 * np.pi)
    torch.testing.assert_close(c.normal(model, x, output) - constant, exact)


@pytest.mark.sweep
def test_the_samples_of_points_are_near_the_truth(held):
    nets = [_points(seed) for seed in SEEDS]
    near = held(
        11,
        "Samples of the half-plane lie near the truth: energy distance below 0.05",
        [net["near"] for net in nets],
    )
    wrong = held(
        11,
        "Their distance is below a quarter of that of points of both classes",
        [net["a quarter"] for net in nets],
    )
    rival = held(
        11,
        "Their distance is below that of the linear rival's points",
        [net["nearer"] for net in nets],
    )
    gap = held(
        11,
        "More than 2% of the samples lie in the gap, against less than 1% of the truth",
        [net["gap"] for net in nets],
    )
    mean = held(
        11,
        "The samples have the right mean of b, within 0.2",
        [net["mean of b"] for net in nets],
    )
    assert near == wrong == rival == gap == mean == 20


def _points(seed):
    """What the chapter says about samples of the half-plane, by name."""
    model = c.train_points(seed)
    samples = c.sample_points(model, 1, 2_000, seed)
    truth = c.true_samples(1, 2_000, seed=seed + 100)
    both = c.draw_points(2_000, seed=seed + 300)[0]
    distance, wrong = c.fair_energy(samples, truth), c.fair_energy(both, truth)
    assert wrong == pytest.approx(1 / 3, abs=0.1)
    assert c.fair_energy(c.true_samples(1, 2_000, seed + 200), truth) < 0.01
    return {
        "near": distance < 0.05,
        "a quarter": distance < wrong / 4,
        "nearer": distance < c.fair_energy(c.linear_points(seed), truth),
        "gap": c.between(samples) > 0.02 and c.between(truth) < 0.01,
        "mean of b": abs(samples[:, 1].mean() + 0.51) < 0.2,
    }


def test_the_excess_is_the_energy_distance_above_that_of_random_deals():
    rng = np.random.default_rng(4)
    p, q = rng.random((2, 1, 30, 5))
    q = q + 0.3
    both = np.concatenate([p[0], q[0]])
    orders = [rng.permutation(60) for _ in range(2_000)]

    def energy(p, q):  # pairs of a point with itself counted, as the deals do
        return 2 * cdist(p, q).mean() - cdist(p, p).mean() - cdist(q, q).mean()

    deals = [energy(both[order[:30]], both[order[30:]]) for order in orders]
    above, spread = c.excess(p, q)
    error = np.std(deals) / np.sqrt(200)
    assert above == pytest.approx(energy(p[0], q[0]) - np.mean(deals), abs=4 * error)
    assert spread == pytest.approx(np.std(deals), rel=0.25)


def test_only_a_distance_tells_independent_pixels_from_digits():
    """Twenty draws of ink, no training: the null holds for digits, and variety is blind."""
    own, others = c.by_class(slice(1_000)), c.by_class(c.kept)
    for seed in SEEDS:
        digits, real = c.draw(own, seed), c.draw(others, seed + 100)
        forged = np.random.default_rng(seed).permuted(digits, axis=1)
        np.testing.assert_allclose(forged.var(axis=1), digits.var(axis=1))
        assert _spreads(c.excess(digits, real)) < 3
        assert _spreads(c.excess(forged, real)) > 5


def _spreads(excess):
    """How many spreads of its null a distance lies above the null's mean."""
    above, spread = np.moveaxis(np.asarray(excess), -1, 0)
    return above / spread


@pytest.mark.sweep
def test_the_samples_of_digits_are_what_was_asked_for_and_are_not_real_digits(held):
    nets = [_digits(seed) for seed in SEEDS]
    names = ("read", "variety", "pixels", "features")
    values = {
        (kind, name): np.array([net[kind][name] for net in nets])
        for kind in nets[0]
        for name in names
        if name in nets[0][kind]
    }
    for key, value in values.items():
        print(*key, *np.round(value, 3).tolist())
    for kind in ("training", "others"):
        for view in ("pixels", "features"):
            assert (_spreads(values[kind, view]) < 3).all()
    read = held(
        11,
        "The judge reads more than 80% of the digits as asked",
        values["samples", "read"] > 0.8,
    )
    better = held(
        11,
        "It reads independent pixels better than the digits they come from",
        values["forged", "read"] > values["training", "read"],
    )
    means = held(
        11,
        "The decoder's means vary less than half as much as grey digits",
        values["means", "variety"] < 0.5,
    )
    blind = held(
        11,
        "The samples, and independent pixels too, vary 0.9 to 1.1 times as much as real digits",
        _within(0.1, values["samples", "variety"] - 1)
        & _within(0.1, values["forged", "variety"] - 1),
    )
    wrong = held(
        11,
        "The samples' energy distance is more than 10 spreads above its null, between pixels "
        "and between features",
        _all_above(10, values, "samples"),
    )
    forged = held(
        11,
        "That of independent pixels is more than 5 spreads above its null",
        _all_above(5, values, "forged"),
    )
    near = held(
        11,
        "Between pixels they are nearer to real digits than the samples are",
        (values["forged", "pixels"] < values["samples", "pixels"])[:, 0],
    )
    nearer = (values["samples", "features"] < values["forged", "features"])[:, 0]
    far = held(
        11,
        "Between features the samples are nearer",
        nearer,
        quote="samples beat the forgery for {held} of {seeds}; for one seed the decoder",
    )
    asleep = values["means", "variety"] < 0.05
    np.testing.assert_array_equal(asleep, ~nearer)
    assert read == better == means == blind == wrong == forged == near == 20
    assert far == 19


def _within(margin, values):
    return np.abs(values) < margin


def _all_above(count, values, kind):
    views = ("pixels", "features")
    return np.all([_spreads(values[kind, view]) > count for view in views], axis=0)


def _digits(seed):
    """What the chapter measures of digits, by kind and name."""
    artist, judge = c.train_digits(seed), c.train_judge(seed)
    means, grey = c.sample_means(artist, seed), c.by_class(c.kept)
    real = c.draw(grey, seed + 100)
    training = c.draw(c.by_class(slice(1_000)), seed + 200)
    kinds = {
        "means": means,
        "samples": c.draw(means, seed + 300),
        "forged": np.random.default_rng(seed).permuted(training, axis=1),
        "training": training,
        "others": c.draw(c.by_class(slice(2_000, 3_000)), seed + 400),
        "rival": c.draw(c.linear_means(seed + 600), seed + 700),
    }
    # Asked for one class and read as the next: what a decoder that ignores the label would get.
    other = c.agreement(judge, np.roll(kinds["samples"], 1, axis=0))
    assert other < 0.2
    found = {}
    for kind, some in kinds.items():
        like = grey if kind == "means" else real
        found[kind] = {
            "read": c.agreement(judge, some),
            "variety": some.var(axis=1).sum() / like.var(axis=1).sum(),
            "pixels": c.excess(some, like),
            "features": c.excess(c.features(judge, some), c.features(judge, like)),
        }
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("seed", [0, 100, 101])
def test_the_linear_rivals_digits_are_nearer_to_real_ones_than_the_vaes(seed):
    found = _digits(seed)
    assert found["rival"]["pixels"][0] < found["samples"]["pixels"][0]
    assert found["rival"]["features"][0] < found["samples"]["features"][0] / 2
    assert found["rival"]["read"] > 0.9
    assert _spreads(np.array(found["rival"]["features"])) > 5, "it is no true sample either"


@pytest.mark.sweep
@pytest.mark.parametrize("factor", [0.5, 2])
def test_it_is_nearer_after_half_and_twice_the_updates_too(factor, monkeypatch):
    ascend = c.ascend
    monkeypatch.setitem(
        c.train_digits.__globals__,
        "ascend",
        lambda model, objective, count, steps, *rest: ascend(
            model, objective, count, int(factor * steps), *rest
        ),
    )
    artist = c.train_digits(0)
    monkeypatch.undo()
    judge, real = c.train_judge(0), c.draw(c.by_class(c.kept), 100)
    samples, rival = c.draw(c.sample_means(artist, 0), 300), c.draw(c.linear_means(600), 700)
    for view in (lambda some: some, lambda some: c.features(judge, some)):
        gaps = [c.excess(view(some), view(real))[0] for some in (rival, samples)]
        assert gaps[0] < gaps[1]


@pytest.mark.sweep
def test_a_wide_spread_puts_the_latent_variable_to_sleep(held):
    """The answer to exercise 4."""
    narrow, middle, wide = ([_at_spread(k, seed) for seed in SEEDS] for k in (-1.0, 0.0, 2.0))
    distances = [np.array([net[0] for net in nets]) for nets in (narrow, middle, wide)]
    gaps = [np.array([net[1] for net in nets]) for nets in (narrow, middle, wide)]
    moves = np.array([net[2] for net in wide])
    print("distances:", *map(np.sort, distances), "gaps:", *map(np.sort, gaps), "moves:", moves)
    close = held(
        11,
        "Exercise 4: at a spread of 1/e the energy distance is below 0.035",
        distances[0] < 0.035,
    )
    fair = held(
        11,
        "Exercise 4: at a spread of 1 it is 0.02 to 0.05",
        (distances[1] > 0.02) & (distances[1] < 0.05),
    )
    far = held(
        11,
        "Exercise 4: at a spread of e² it is 2.6 to 3.0",
        (distances[2] > 2.6) & (distances[2] < 3.0),
    )
    asleep = held(
        11,
        "Exercise 4: at a spread of e² the decoder ignores z, which moves it by less than 0.03",
        moves < 0.03,
    )
    misled = held(
        11,
        "Exercise 4: the gap holds 12% to 17% of the samples at a spread of 1, less than 9% at "
        "e²",
        (gaps[1] > 0.12) & (gaps[1] < 0.17) & (gaps[2] < 0.09),
    )
    assert close == fair == far == asleep == misled == 20


def _at_spread(log_spread, seed):
    """Energy distance, share in the gap, and how far z moves the decoder, for one network."""
    x, y = (torch.tensor(part) for part in c.draw_points(8_000, seed=seed))
    training.seed_everything(seed)
    model = c.ConditionalVAE(2, 2, latent=2, hidden=64)
    model.log_spread.data.fill_(log_spread)
    model.log_spread.requires_grad_(False)
    c.ascend(
        model, lambda rows: c.bound(model, x[rows], y[rows], c.normal), len(x), 1_500, 0.01, 256
    )
    samples = c.sample_points(model, 1, 2_000, seed)
    moves = c.decode(model, np.full(2_000, 1), seed).std(dim=0).max().item()
    return (
        c.fair_energy(samples, c.true_samples(1, 2_000, seed + 100)),
        c.between(samples),
        moves,
    )
