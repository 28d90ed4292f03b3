# ---
# jupyter:
#   jupytext:
#     default_lexer: ipython3
#     formats: md:myst,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which inputs belong to this output?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Compute* the distribution of the inputs given the output, for a table, a half-plane and a linear
#   network with Gaussian noise.
# - *Separate* what a gradient and an inversion say about the input from what this distribution says.
# - *Train* a conditional variational autoencoder, and say which distribution each of its two networks
#   stands for.
# - *Measure* how far samples are from the right distribution, with a distance and its controls.
# - *Recognise* means, copies and bridges between clusters where samples were asked for.
# :::
#
# **Time:** about 60 minutes, and 80 for the exercises; the code runs in half a minute.
# **Needs:** the normal distribution, also of several variables, conditional probability, the inverse
# of a matrix, gradient descent; a little PyTorch.
#
# [Chapter 8](08_input_reconstruction.md) found an input for a wanted output, and
# [chapter 10](10_exact_inversion.md) ran a network backwards where that is possible. Both give a
# point. "What do the inputs with this output look like?" asks for something else: a distribution. A
# forum thread {cite:p}`reverse_thread` warns that reversal is not sampling. We take its example, make
# everything about it known, and measure the difference.

# %% [markdown]
# ## What is missing
#
# Let $x$ be an input and $y$ an output. A trained classifier gives $p(y \mid x)$: how probable each
# output is for an input. We want $p(x \mid y)$. Bayes' rule connects them:
#
# $$p(x \mid y) = \frac{p(y \mid x)\, p(x)}{Z}, \qquad Z = \int p(y \mid x)\, p(x)\, dx = p(y) .$$
#
# $p(x)$, the {term}`prior`, says which inputs occur at all, before any output is known. What comes out,
# $p(x \mid y)$, is the {term}`posterior`. The classifier was trained to predict $y$ for the inputs it
# got. It holds no $p(x)$, so it cannot know $p(x \mid y)$, however good it is.
#
# In the thread's example an input is a point $(a, b)$, and it has class $y = 1$ if $a < 1$, else
# $y = 0$. The thread leaves $p(x)$ open. We choose one: $a$ is normal with mean 0 and standard
# deviation 2, and $b = a/2 + 2s + r/2$, where $s$ is $-1$ or $1$ with equal probability and $r$ is
# standard normal. These are two slanted bands.
#
# :::{admonition} Predict first 1
# :class: predict
# $b$ has no part in the class. Does the class tell anything about $b$? What is the mean of $b$ over all
# points, and over the points of class 1? (For a normal variable with mean 0 and standard deviation
# $\sigma$, the values below a limit $\sigma c$ have the mean $-\sigma\, \varphi(c) / \Phi(c)$. For the
# standard normal at $c = 1/2$, the density $\varphi$ is 0.352 and the probability below, $\Phi$, is
# 0.691.)
# :::
#
# :::{dropdown} Answer 1
# It does. Over all points the mean of $b$ is 0. Over class 1 the mean of $a$ is
# $-2 \times 0.352 / 0.691 = -1.02$, and $b$ is $a/2$ plus terms with mean 0, so its mean is $-0.51$.
# The class says something about $b$ through the prior: $a$ and $b$ occur together in a certain way.
# :::

# %%
from course_utils import data, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import sampling_inputs as checks

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.stats import norm

plotting.use_style()
training.seed_everything(0)
# In 32 bits, rounding decides where training ends: each processor has its own.
torch.set_default_dtype(torch.float64)

# %%
points, classes = data.half_plane_points(8_000, seed=0)
b = points[:, 1]
print(f"share of class 1: {classes.mean():.2f}   Z = {norm.cdf(0.5):.3f}")
print(f"mean of b: all {b.mean():.2f}, class 1 {b[classes == 1].mean():.2f}")


# %% [markdown]
# ## What the classifier knows
#
# A logistic regression is enough for a half-plane. Its {term}`logit` is $x \cdot w + v$ with two
# weights $w$ and a {term}`bias` $v$, and the sigmoid of the logit is $p(y = 1 \mid x)$. The gradient of
# the cross-entropy with respect to the logit is the probability minus the class.

# %%
def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Return the probability of class 1."""
    return 1 / (1 + np.exp(-logit))


w, v = np.zeros(2), 0.0
for _ in range(3_000):
    error = sigmoid(points @ w + v) - classes
    w, v = w - points.T @ error / len(points), v - error.mean()
right = (points @ w + v > 0) == classes
print(f"right: {right.mean():.3f}   limit on a: {-v / w[0]:.2f}   b's weight / a's: {abs(w[1] / w[0]):.2f}")

# %% [markdown]
# The gradient of the logit with respect to the input is $w$. So the gradient finds the rule: only $a$
# matters. It is right about $p(y \mid x)$, and it says nothing about where $b$ lies.
#
# Now invert. Descend on the input until the logit is 3, which is a probability of 0.95. Two of the three
# starts lie in the middle of a band, as typical inputs of class 0; one lies halfway between the bands.

# %%
starts = np.array([[4.0, 4.0], [4.0, 2.0], [4.0, 0.0]])
found = starts.copy()
for _ in range(200):
    found -= 0.5 * (found @ w + v - 3)[:, np.newaxis] * w / (w @ w)
for start, end in zip(starts, found):
    print(f"from a = {start[0]:.1f}, b = {start[1]:.1f}  to  a = {end[0]:.1f}, b = {end[1]:z.1f}")


# %% [markdown]
# Each start gives one point, and each keeps its $b$ to the first decimal: the answer about $b$ is the
# start we chose. The truth is known here, since we chose $p(x)$ and the class is certain given $x$:
#
# $$p(x \mid y = 1) = \frac{p(x)}{Z} \text{ where } a < 1, \text{ and } 0 \text{ elsewhere.}$$

# %%
def prior(points: np.ndarray) -> np.ndarray:
    """Return p(x) for points in the rows."""
    a, b = points.T
    bands = (norm.pdf(b, a / 2 - 2, 0.5) + norm.pdf(b, a / 2 + 2, 0.5)) / 2
    return norm.pdf(a, 0, 2) * bands


def posterior(points: np.ndarray) -> np.ndarray:
    """Return p(x | y = 1)."""
    return prior(points) * (points[:, 0] < 1) / norm.cdf(0.5)


# %%
axis_a, axis_b = np.arange(-8, 5, 0.05) + 0.025, np.arange(-8, 8, 0.05) + 0.025
grid = np.stack(np.meshgrid(axis_a, axis_b), axis=-1).reshape(-1, 2)
on_grid = posterior(grid).reshape(len(axis_b), len(axis_a))
mean_b = on_grid.ravel() @ grid[:, 1] * 0.05**2
print(f"the density adds up to {on_grid.sum() * 0.05**2:.2f}   mean of b: {mean_b:.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The inputs of class 1 fill two bands. Inversion moves each start straight to the left until the classifier is satisfied. The two typical inputs of class 0 end beside the bands, and the untypical one ends in a band.", "name": "fig-sampling-inputs-inversion"}, "image": {"alt": "Density over a from -8 to 5 and b from -8 to 8, dark where it is high. Two parallel bands rise to the right, 4 apart, and stop at the vertical line a = 1. Three arrows run horizontally from a = 4 to about a = 0.7, at b = 4, 2 and 0. The upper one ends above the upper band, the middle one in it, the lower one in the gap between the bands."}}
red = plotting.COLOURS["vermilion"]
fig, ax = plt.subplots()
shade = ax.pcolormesh(axis_a, axis_b, on_grid, cmap="Greys", rasterized=True)
fig.colorbar(shade, label="density")
for start, end in zip(starts, found):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": red, "lw": 2})
ax.plot(*starts.T, "o", color=red, label="start")
ax.plot(*found.T, "s", color=plotting.COLOURS["blue"], label="inversion")
ax.axvline(1, linestyle=":", color="black", linewidth=1)
ax.set(xlabel="a", ylabel="b")
ax.legend(loc="lower left")
plt.show()


# %% [markdown]
# Can we sample from $p(x \mid y = 1)$? With a known prior nothing is easier: draw from $p(x)$ and keep
# the points of class 1. This is {term}`rejection sampling`. It keeps a share $Z$ of the draws. Its
# samples are the truth we compare with.

# %%
def true_samples(label: int, count: int, seed: int) -> np.ndarray:
    """Return draws from p(x | y = label) by rejection."""
    drawn, theirs = data.half_plane_points(5 * count, seed=seed)
    return drawn[theirs == label][:count]


truth = true_samples(1, 2_000, seed=1)
for end in found:
    rarer = (posterior(truth) < posterior(end[np.newaxis])).mean()
    print(f"b = {end[1]:z.1f}: true samples that are less probable: {rarer:.1%}")


# %% [markdown]
# Two of the three inversions are rarer than 99 of 100 true samples. Nothing in the classifier tells them
# from the third.
#
# ## When inversion and posterior agree
#
# If $y = f(x)$ without noise and $f$ is a bijection, only one input fits. The posterior is all at
# that point, and exact inversion finds it. The two differ where $y$ loses information, or where there is
# noise. A linear network with noise shows it in closed form. Let $x$ have $n$ entries with prior
# $N(0, I)$, and
#
# $$y = A x + s\, \varepsilon, \qquad \varepsilon \sim N(0, I),$$
#
# with $x$ and $y$ as columns and $A$ of shape $(m, n)$. From here on $s > 0$ is the standard deviation
# of the noise. In the notation of the other chapters $A$ is
# $W^{\mathsf T}$. Then $p(x \mid y)$ is normal {cite:p}`bishop2006`, with
#
# $$\text{mean } G y, \qquad \text{covariance } I - G A, \qquad
# G = A^{\mathsf T} (A A^{\mathsf T} + s^2 I)^{-1} .$$
#
# If the rows of $A$ are independent, $G$ tends to the {term}`pseudo-inverse` $A^+$ as $s \to 0$. The mean
# becomes the input that gradient descent from 0 finds ([chapter 8](08_input_reconstruction.md)).
#
# :::{admonition} Predict first 2
# :class: predict
# $A$ has shape (2, 5). What does the trace of the covariance, the sum of the five variances, tend to as
# $s \to 0$? And for shape (5, 5), if $A$ has an inverse?
# :::
#
# :::{dropdown} Answer 2
# To 3. $A^+ A$ projects on the space that the rows of $A$ span, of dimension 2, so $I - A^+ A$ projects
# on the {term}`null space`, of dimension 3, and the trace of a projection is its dimension. For the
# square one it tends to 0: the point mass.
# :::
#
# Measure it without the formula. For normal variables the best linear guess of $x$ from $y$ is the
# posterior mean, and what the guess leaves over has the posterior covariance. So draw pairs $(x, y)$ and
# fit by least squares.

# %%
def measured(A: np.ndarray, s: float) -> tuple[np.ndarray, float]:
    """Return G and the trace of the covariance, fitted to 100,000 draws."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100_000, A.shape[1]))
    y = x @ A.T + s * rng.standard_normal((100_000, len(A)))
    fitted = np.linalg.lstsq(y, x, rcond=None)[0]
    return fitted.T, (x - y @ fitted).var(axis=0).sum()


def formula(A: np.ndarray, s: float) -> tuple[np.ndarray, float]:
    """Return the same from the closed form."""
    G = A.T @ np.linalg.inv(A @ A.T + s**2 * np.eye(len(A)))
    return G, A.shape[1] - np.trace(G @ A)


# %%
wide, square = (np.random.default_rng(1).standard_normal((m, 5)) for m in (2, 5))
print("    s  (2, 5): measured         formula (5, 5): measured         formula")
for s in [1.0, 0.1, 0.001]:
    traces = [method(A, s)[1] for A in (wide, square) for method in (measured, formula)]
    print(f"{s:5}" + "".join(f"{trace:16.2f}" for trace in traces))
gap = np.abs(measured(wide, 0.001)[0] - np.linalg.pinv(wide)).max()
print("G is the pseudo-inverse within 0.01:", bool(gap < 0.01))

# %% [markdown]
# So inversion finds a posterior mean here, and stays silent about the three directions that $y$ does not
# see. The mean is
# not even a typical input:

# %%
rng = np.random.default_rng(2)
x = rng.standard_normal((10_000, 5))
inverted = x @ wide.T @ np.linalg.pinv(wide).T
free = np.eye(5) - np.linalg.pinv(wide) @ wide
sampled = inverted + rng.standard_normal((10_000, 5)) @ free
for name, rows in (("real inputs", x), ("inversions", inverted), ("posterior samples", sampled)):
    print(f"mean squared length of {name}: {(rows**2).sum(axis=1).mean():.1f}")


# %% [markdown]
# ## A network that samples
#
# For images nobody can write down $p(x)$. A variational autoencoder, or VAE, learns one from samples
# {cite:p}`kingma2014`. It imagines that each $x$ was made from a hidden {term}`latent variable` $z$ with
# prior $N(0, I)$. Its {term}`decoder` stands for $p(x \mid z)$. Its {term}`encoder` stands for a normal
# distribution $q(z \mid x)$ that approximates the posterior of $z$.
#
# The thread recommends a VAE, conditional or not, and one step needs care. **The encoder approximates
# $p(z \mid x)$, not $p(x \mid y)$.** It takes an input, and we have none; it returns a $z$, and we want
# an $x$; and $y$ appears nowhere. Sampling is the decoder's work, and to sample for a given $y$ the
# decoder has to be told $y$. That is a {term}`conditional VAE` {cite:p}`sohn2015`: encoder
# $q(z \mid x, y)$ and decoder $p(x \mid z, y)$. It is trained to raise a lower bound of its own
# $\log p(x \mid y)$,
#
# $$\log p(x \mid y) \;\ge\; \mathbb{E}_{q(z \mid x, y)} \log p(x \mid z, y)
# - \mathrm{KL}\left(q(z \mid x, y) \,\|\, p(z)\right),$$
#
# where $\mathbb{E}$ is the mean, here over draws of $z$, and KL the {term}`Kullback-Leibler divergence`.
# The two sides differ by $\mathrm{KL}\left(q(z \mid x, y) \,\|\, p(z \mid x, y)\right)$: that is what the
# encoder is for. To sample, draw $z$ from $N(0, I)$ and decode it with $y$. The encoder is not used.

# %%
def mlp(inputs: int, outputs: int, hidden: int) -> torch.nn.Sequential:
    """Return a network with two hidden layers."""
    return torch.nn.Sequential(
        torch.nn.Linear(inputs, hidden), torch.nn.ReLU(),
        torch.nn.Linear(hidden, hidden), torch.nn.ReLU(),
        torch.nn.Linear(hidden, outputs),
    )


class ConditionalVAE(torch.nn.Module):
    """An encoder from (x, y) to the mean and log spread of z, a decoder from (z, y) to x."""

    def __init__(self, inputs: int, labels: int, latent: int, hidden: int) -> None:
        super().__init__()
        self.labels, self.latent = labels, latent
        self.encoder = mlp(inputs + labels, 2 * latent, hidden)
        self.decoder = mlp(latent + labels, inputs, hidden)
        self.log_spread = torch.nn.Parameter(torch.full((inputs,), -1.0))

    def with_label(
        self, net: torch.nn.Module, values: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor:
        """Apply a network to values and the one-hot label side by side."""
        return net(torch.cat([values, torch.eye(self.labels)[y]], dim=1))


# %% [markdown]
# The bound needs $\log p(x \mid z, y)$. For points we take a normal distribution around the decoder's
# output, with a spread for each coordinate that is learned too. The KL term between
# $N(\mu, \sigma^2)$ and $N(0, 1)$ is $(\mu^2 + \sigma^2 - 1)/2 - \log \sigma$ for each entry of $z$.

# %%
def normal(model: ConditionalVAE, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Return log p(x | z, y) up to a constant, for points."""
    scaled = (x - output) / model.log_spread.exp()
    return -(scaled**2 / 2 + model.log_spread).sum(dim=1)


def bound(
    model: ConditionalVAE, x: torch.Tensor, y: torch.Tensor, likelihood: object
) -> torch.Tensor:
    """Return the lower bound of log p(x | y), with one draw of z for each x."""
    mean, log_sd = model.with_label(model.encoder, x, y).chunk(2, dim=1)
    z = mean + log_sd.exp() * torch.randn_like(mean)
    kl = ((mean**2 + (2 * log_sd).exp() - 1) / 2 - log_sd).sum(dim=1)
    return (likelihood(model, x, model.with_label(model.decoder, z, y)) - kl).mean()


# %%
def ascend(
    model: torch.nn.Module, objective: object, count: int, steps: int, rate: float, batch: int
) -> None:
    """Raise an objective of random rows with Adam, at a rate that falls to 0."""
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in training.progress(range(steps), "training"):
        loss = -objective(torch.randint(count, (batch,)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()


def train_points(seed: int) -> ConditionalVAE:
    """Return a conditional VAE of 8,000 points of the half-plane."""
    training.seed_everything(seed)
    x, y = (torch.tensor(part) for part in data.half_plane_points(8_000, seed=seed))
    model = ConditionalVAE(2, 2, latent=2, hidden=64)
    ascend(model, lambda rows: bound(model, x[rows], y[rows], normal), len(x), 1_500, 0.01, 256)
    return model


# %%
def decode(model: ConditionalVAE, labels: np.ndarray, seed: int) -> torch.Tensor:
    """Return the decoder's output for random z, one for each label."""
    torch.manual_seed(seed)
    z = torch.randn(len(labels), model.latent)
    with torch.no_grad():
        return model.with_label(model.decoder, z, torch.tensor(labels))


def sample_points(model: ConditionalVAE, label: int, count: int, seed: int) -> np.ndarray:
    """Return samples of p(x | y = label)."""
    output = decode(model, np.full(count, label), seed)
    return (output + model.log_spread.exp().detach() * torch.randn_like(output)).numpy()


model = train_points(0)
samples = sample_points(model, 1, 2_000, seed=3)


# %% [markdown]
# ## Are the samples right?
#
# For a draw $X$ of one distribution and a draw $X'$ of another, the {term}`energy distance`
#
# $$2\, \mathbb{E}\,|X - X'| - \mathbb{E}\,|X_1 - X_2| - \mathbb{E}\,|X'_1 - X'_2|$$
#
# is 0 if the distributions are equal and positive otherwise {cite:p}`szekely2013`. $X_1$ and $X_2$ are two
# independent draws of the first, $X'_1$ and $X'_2$ of the second, and $|\cdot|$ is the length. For two
# sets of samples we take the means over all pairs. A number alone says little, so we print controls
# beside it.

# %%
def energy(p: np.ndarray, q: np.ndarray) -> float:
    """Return the energy distance of two sets of samples."""
    return 2 * cdist(p, q).mean() - cdist(p, p).mean() - cdist(q, q).mean()


candidates = {
    "conditional VAE": samples,
    "fresh true samples": true_samples(1, 2_000, seed=4),
    "both classes": data.half_plane_points(2_000, seed=5)[0],
    "wrong class": true_samples(0, 2_000, seed=6),
    "three inversions": found,
}
for name, some in candidates.items():
    print(f"{name:20} {energy(some, truth):.2f}")
print(f"mean b of the samples: {samples[:, 1].mean():.2f}   truth: -0.51")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The conditional VAE's samples fill the same two bands as the true ones. Some lie beyond the limit, and some between the bands, where hardly any true sample lies.", "name": "fig-sampling-inputs-points"}, "image": {"alt": "Two scatter plots side by side with the same axes, a from -8 to 4 and b from -7 to 5. Left, true samples form two parallel bands that rise to the right and end sharply at a = 1. Right, the VAE's samples form the same two bands, end less sharply near a = 1, and some points lie between the bands."}}
fig, axes = plt.subplots(1, 2, sharex=True, sharey=True)
for ax, some, name in zip(axes, (truth, samples), ("true samples", "conditional VAE")):
    ax.plot(*some[:1_000].T, ".", markersize=3)
    ax.axvline(1, linestyle=":", color="black", linewidth=1)
    ax.set(title=name, xlabel="a", xlim=(-8, 4), ylim=(-7, 5))
axes[0].set_ylabel("b")
plt.show()


# %% [markdown]
# **A distance hides where the error is.** The decoder is continuous, and $z$ comes from one cloud. To
# fill two bands it has to tear the cloud, and some $z$ land in between. Count the points within 0.7 of
# the middle of the gap; measured along $b$, that is 2.6 standard deviations or more from either band's
# middle:

# %%
def between(points: np.ndarray) -> float:
    """Return the share of points in the gap between the bands."""
    return (np.abs(points[:, 1] - points[:, 0] / 2) < 0.7).mean()


print(f"true samples: {between(truth):.1%}   conditional VAE: {between(samples):.1%}")

# %% [markdown]
# **What the encoder learned.** With two entries in $z$ we can compute the true $p(z \mid x, y)$ of this
# decoder on a grid, and compare its mean with the encoder's. The control compares with the mean for
# another point.

# %%
side = torch.linspace(-4, 4, 121)
z = torch.cartesian_prod(side, side)
x = torch.tensor(truth[:300])
ones = torch.ones(len(z), dtype=torch.long)
with torch.no_grad():
    decoded = model.with_label(model.decoder, z, ones)
    logs = torch.stack([normal(model, row, decoded) for row in x]) - (z**2).sum(dim=1) / 2
    exact = torch.softmax(logs, dim=1) @ z
    mean, _ = model.with_label(model.encoder, x, ones[:300]).chunk(2, dim=1)
apart = (mean - exact).norm(dim=1).median()
control = (mean - exact.roll(1, dims=0)).norm(dim=1).median()
print(f"median distance: {apart:.2f}   to the mean for another point: {control:.2f}")

# %% [markdown]
# ## Digits
#
# Now inputs without a formula: 5,000 handwritten digits of MNIST {cite:p}`lecun1998`. 2,000 train the
# conditional VAE, 2,000 others train a judge, and 1,000 are kept for comparison. A pixel is a number from
# 0 to 1. We treat it as the probability of ink, and use the cross-entropy as $-\log p(x \mid z, y)$. So a
# sample takes two draws: $z$, then ink or paper for each pixel. The decoder's output is the *mean* of the
# drawings for one $z$. We compare like with like: means with grey digits, samples with digits whose ink
# is drawn too.

# %%
images, labels = data.mnist_digits()
flat = torch.tensor(images.reshape(-1, 784)).double()
ours, judged, kept = slice(0, 2_000), slice(2_000, 4_000), slice(4_000, 5_000)


def ink(model: ConditionalVAE, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Return log p(x | z, y) for pixels."""
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    return -entropy(output, x, reduction="none").sum(dim=1)


# %%
def train_digits(y: np.ndarray, seed: int) -> ConditionalVAE:
    """Return a conditional VAE of the first 2,000 digits, told labels y."""
    training.seed_everything(seed)
    model = ConditionalVAE(784, 10, latent=8, hidden=64)
    told = torch.tensor(y)
    ascend(
        model, lambda rows: bound(model, flat[rows], told[rows], ink),
        len(y), 600, 0.01, 100,
    )
    return model


def sample_means(model: ConditionalVAE, seed: int) -> np.ndarray:
    """Return the decoder's means, a row of 100 for each class."""
    logits = decode(model, np.repeat(np.arange(10), 100), seed)
    return torch.sigmoid(logits).numpy().reshape(10, 100, 784)


def draw(means: np.ndarray, seed: int) -> np.ndarray:
    """Return 1, ink, or 0, paper, for each pixel."""
    return 1.0 * (np.random.default_rng(seed).random(means.shape) < means)


def by_class(part: slice) -> np.ndarray:
    """Return 1,000 digits, a row for each class."""
    order = np.argsort(labels[part], kind="stable")
    return flat[part][order].numpy().reshape(10, 100, 784)


# %% [markdown]
# A forgery tests our tests: training digits with each pixel shuffled within its class. A pixel keeps its
# share of ink, and loses its ties to the others.

# %%
artist = train_digits(labels[ours], seed=0)
means, grey = sample_means(artist, seed=1), by_class(kept)
real, training_digits = draw(grey, 2), draw(by_class(slice(1_000)), 3)
shuffled = np.random.default_rng(4).permuted(training_digits, axis=1)
sets = {
    "means": means, "samples": draw(means, 5),
    "independent pixels": shuffled, "training digits": training_digits,
}

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Each row is a class. Most samples are what was asked for, to the eye; independent pixels are clouds of ink.", "name": "fig-sampling-inputs-digits"}, "image": {"alt": "Four blocks of 10 rows and 5 columns, a row for each digit from 0 at the top to 9. The VAE's means are soft grey strokes, most of them readable. Its samples are black and white with ragged edges. Independent pixels are clouds of dots in the rough shape of the class. Real digits, black and white too, have clean strokes."}}
fig, axes = plt.subplots(1, 4, figsize=(plotting.WIDTH, 4.2))
for ax, (name, some) in zip(axes, sets.items()):
    block = some[:, :5].reshape(10, 5, 28, 28).swapaxes(1, 2)
    ax.imshow(block.reshape(280, 140), cmap="Greys")
    ax.set(xticks=[], yticks=np.arange(14, 280, 28), yticklabels=range(10))
    ax.set_title(name, fontsize="medium")
    ax.grid(False)
plt.show()


# %% [markdown]
# The judge is a small convolutional network that has seen none of the VAE's digits. We count how often it
# reads the class we asked for.

# %%
def train_judge(seed: int) -> torch.nn.Module:
    """Return a classifier of digits 2,000 to 3,999."""
    training.seed_everything(seed)
    judge = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 28, 28)),
        torch.nn.Conv2d(1, 16, 5, stride=2), torch.nn.ReLU(),
        torch.nn.Conv2d(16, 32, 3, stride=2), torch.nn.ReLU(),
        torch.nn.Flatten(), torch.nn.Linear(800, 10),
    )
    x, y = flat[judged], torch.tensor(labels[judged])
    entropy = torch.nn.CrossEntropyLoss()
    ascend(
        judge, lambda rows: -entropy(judge(x[rows]), y[rows]),
        len(x), 300, 0.003, 50,
    )
    return judge


def agreement(judge: torch.nn.Module, images: np.ndarray) -> float:
    """Return how often the judge reads the class of the row."""
    with torch.no_grad():
        read = judge(torch.tensor(images).flatten(0, 1)).argmax(dim=1)
    return np.mean(read.numpy() == np.repeat(np.arange(10), 100))


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# For a control, train a second VAE in the same way, on the same digits with their labels shuffled. How
# often will the judge read the class we ask it for? Will its samples look like digits? And how often
# will it read the class of the independent pixels?
# :::

# %%
judge = train_judge(seed=0)
wrong = np.random.default_rng(0).permutation(labels[ours])
unasked = sample_means(train_digits(wrong, seed=0), seed=1)
sets["labels shuffled"] = draw(unasked, 5)
for name, some in sets.items():
    print(f"{name:19} {agreement(judge, some):.0%}")


# %% [markdown]
# :::{dropdown} Answer 3
# One time in ten, which is chance. Its labels say nothing about the image, so the best it can do is to
# ignore them and sample $p(x)$. The samples still look like digits, of any class: a picture of good
# samples does not show that they are conditional. The judge reads independent pixels better than the
# digits they come from: it tells classes apart, and nothing else.
# :::
#
# ## What could fool us
#
# **A statistic that cannot fail.** Variety is the variance of the pixels within a class. A pixel with ink
# in a share $p$ of the images has the variance $p (1 - p)$, whatever the other pixels do. So independent
# pixels have the variety of the digits they come from, exactly.
#
# **A distance that can.** The energy distance sees the whole distribution. We take it within each class
# and average, between pixels and between the 800 features that the judge's last layer gets. For its null,
# we deal both sets anew into two, 200 times.

# %%
def excess(some: np.ndarray, like: np.ndarray) -> tuple[float, float]:
    """Return the distance above the mean of its null, and the null's spread."""
    rng, total = np.random.default_rng(0), np.zeros(201)
    for p, q in zip(some, like):
        # The energy distance is -weights @ apart @ weights; a deal moves signs.
        apart = cdist(*[np.concatenate([p, q])] * 2)
        weights = np.repeat([1, -1], len(p)) / len(p)
        deals = rng.permuted(np.tile(weights, (200, 1)), axis=1)
        rows = np.vstack([weights, deals])
        total -= ((rows @ apart) * rows).sum(axis=1) / len(some)
    return total[0] - total[1:].mean(), total[1:].std()


def features(judge: torch.nn.Module, images: np.ndarray) -> np.ndarray:
    """Return what the judge's last layer gets, a row for each class."""
    with torch.no_grad():
        out = judge[:-1](torch.tensor(images).flatten(0, 1))
    return out.numpy().reshape(10, 100, -1)


# %%
print("                   variety      between pixels     between features")
for name, some in sets.items():
    like = grey if name == "means" else real
    ratio = some.var(axis=1).sum() / like.var(axis=1).sum()
    views = (some, like), (features(judge, some), features(judge, like))
    gaps = "".join("{:12.3f} ± {:.3f}".format(*excess(*view)) for view in views)
    print(f"{name:20}{ratio:6.2f}{gaps}")


# %% [markdown]
# The means vary too little: they are no samples. The samples have the variety of real digits, and so has
# the forgery: this number could not have said otherwise. Both distances pass the training digits and
# reject the samples, by ten spreads of the null or more. So the samples have the right class and not the
# right distribution. *How* wrong they are depends on the view: between pixels the forgery is nearer to
# real digits, between features the samples are.
#
# **Copies.** Training digits pass all this. But copies would be nearer to the VAE's 2,000 training digits
# than to the judge's 2,000. For others the share is one half, with a spread that we find by dealing the
# 4,000 anew.

# %%
def near_training(some: np.ndarray) -> tuple[float, float]:
    """Return the share nearest to a training digit, and its null's spread."""
    images = torch.tensor(some).flatten(0, 1)
    near = torch.cdist(images, flat[:4_000]).argmin(dim=1).numpy()
    rng = np.random.default_rng(0)
    null = [(rng.permutation(4_000)[near] < 2_000).mean() for _ in range(200)]
    return (near < 2_000).mean(), np.std(null)


for name in ("samples", "training digits"):
    print(f"{name:15} {{:.2f}} ± {{:.2f}}".format(*near_training(sets[name])))


# %% [markdown]
# About half of the samples lie nearest to training digits: most are no copies. Whether a few are, this
# test cannot say.
#
# **One seed.** Tests of this book repeat the comparisons with 20 seeds. Between features the samples are
# nearer for 19 of 20; for the last one the decoder ignores $z$ (exercise 5), so that its samples *are*
# independent pixels. The rest held each time.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · Bayes for a table
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Compute*. Inputs are numbered, and so are outputs. Write
# `table_posterior(likelihood, prior, y)`. `likelihood` has shape (inputs, outputs) and holds
# $p(y \mid x)$, `prior` has shape (inputs,) and `y` is the number of an output. It returns
# $p(x \mid y)$, shape (inputs,).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "table_posterior", "solution": true}
def table_posterior(likelihood: np.ndarray, prior: np.ndarray, y: int) -> np.ndarray:
    """Return the distribution of the inputs given an output."""
    ### BEGIN SOLUTION
    joint = likelihood[:, y] * prior
    return joint / joint.sum()
    ### END SOLUTION


# %% nbgrader={"grade_id": "table_posterior-check", "grade": true, "points": 1}
checks.table_posterior(table_posterior)


# %% [markdown]
# :::{admonition} Exercise 2 · The same network, another world
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Separate*. A network gives the same $p(y \mid x)$ wherever it
# is used; the inputs do not come the same way everywhere. Write `moved(posterior, old, new)`. Each is an
# array of shape (inputs,): $p(x \mid y)$ under the prior `old`, that prior, which is nowhere 0, and another
# prior. It returns $p(x \mid y)$ under `new`, without knowing the network.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "moved", "solution": true}
def moved(posterior: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the posterior under another prior."""
    ### BEGIN SOLUTION
    weighted = posterior * new / old
    return weighted / weighted.sum()
    ### END SOLUTION


# %% nbgrader={"grade_id": "moved-check", "grade": true, "points": 2}
checks.moved(moved)


# %% [markdown]
# :::{admonition} Exercise 3 · A prior with a shape
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Compute*. Let $y = A x + s\,\varepsilon$ as above, and let the
# prior be $N(\mu, P)$ instead of $N(0, I)$. Write `gaussian_posterior(A, s, mu, P, y)`. It returns the
# mean, shape (n,), and the covariance, shape (n, n), of $p(x \mid y)$.
# :::
#
# :::{dropdown} Hint
# Write $x = \mu + L u$ with $P = L L^{\mathsf T}$ and $u$ standard normal. In terms of $u$ it is the case
# of the chapter, with another $A$ and another $y$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "gaussian_posterior", "solution": true}
def gaussian_posterior(
    A: np.ndarray, s: float, mu: np.ndarray, P: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and covariance of x given y."""
    ### BEGIN SOLUTION
    G = P @ A.T @ np.linalg.inv(A @ P @ A.T + s**2 * np.eye(len(A)))
    return mu + G @ (y - A @ mu), P - G @ A @ P
    ### END SOLUTION


# %% nbgrader={"grade_id": "gaussian_posterior-check", "grade": true, "points": 3}
checks.gaussian_posterior(gaussian_posterior)


# %% [markdown]
# :::{admonition} Exercise 4 · A distance without bias
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Measure*. `energy` compares each point with itself too, at
# distance 0. That makes the two inner means too small, and the distance too large on average. Write
# `fair_energy(p, q)` for arrays of shape (count, features), the counts at least 2 and not always equal. It
# leaves out the pairs of a point with itself, so that its mean over draws of one distribution is 0.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "fair_energy", "solution": true}
def fair_energy(p: np.ndarray, q: np.ndarray) -> float:
    """Return the energy distance without the pairs of a point with itself."""
    ### BEGIN SOLUTION
    inner = [cdist(r, r).sum() / (len(r) * (len(r) - 1)) for r in (p, q)]
    return float(2 * cdist(p, q).mean() - sum(inner))
    ### END SOLUTION


# %% nbgrader={"grade_id": "fair_energy-check", "grade": true, "points": 2}
checks.fair_energy(fair_energy)

# %% [markdown]
# :::{admonition} Exercise 5 · A latent variable that sleeps (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Train*, *Recognise*. Train conditional VAEs on the half-plane
# with the spread fixed at $e^{-1}$, 1 and $e^2$: before you train, fill `model.log_spread.data` with its
# logarithm, and call `model.log_spread.requires_grad_(False)`. For each, measure the energy distance and
# the share of points in the gap, and see how far the samples move when you change $z$ and keep the noise.
# At which spread does the decoder ignore $z$, and what are the samples then? Say how many seeds you tried
# and what you compared with. {cite:t}`lucas2019` explain it for linear networks.
# :::

# %% [markdown] nbgrader={"grade_id": "sleeping_latent", "solution": true, "grade": true, "points": 3}
# *Your answer here: what you measured for each spread, how many seeds, and what you compared with.*

# %% [markdown]
# :::{dropdown} One answer
# We tried 20 seeds for each spread. At $e^{-1}$ the energy distance is near 0.01 and at most 0.035; at 1 it
# is near 0.03, at $e^2$ near 2.8. True samples give less than 0.02, and points of both classes about a third. At $e^2$
# the decoder's output moves by a standard deviation of less than 0.03 when $z$ changes: it ignores $z$. It
# gives the mean of the class, and the samples are that point plus noise with standard deviation 7.4. With
# so much noise nothing that $z$ could say about $x$ repays its KL term. Beware of the gap: 12 to 17 % of
# the samples lie in it at spread 1, and only 5 to 8 % at $e^2$, because the noise scatters the samples over
# everything. One number would have misled us.
# :::

# %% [markdown]
# ## What we saw
#
# - *Compute*: $p(x \mid y)$ needs the prior. With it, the half-plane has a density in closed form, and
#   a linear network with noise a normal posterior. As the noise fades, its total variance tends to the
#   dimension of the null space.
# - *Separate*: the gradient finds that only $a$ matters and inversion keeps the $b$ it started from; the
#   class moves the mean of $b$ all the same. Inversion is the whole posterior only where a single
#   input fits.
# - *Train*: the decoder, told $y$, samples $p(x \mid y)$; the encoder approximates $p(z \mid x, y)$ and
#   serves training.
# - *Measure*: the energy distance to true samples, below a quarter of that of every wrong answer; for
#   digits, a judge, and the energy distance above its null.
# - *Recognise*: means are no samples. Samples had the class and the variety of real digits, as
#   independent pixels have, and not their distribution. Points bridged a gap that is empty in truth.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`reverse_thread`: the question this chapter starts from.
# - {cite:t}`kingma2014`: the variational autoencoder.
# - {cite:t}`sohn2015`: the conditional one.
# - {cite:t}`ardizzone2019`: networks that are invertible, with a latent variable for what $y$ loses, so
#   that inversion itself samples the posterior.
# - {cite:t}`lucas2019`: when a VAE ignores its latent variable.
# - {cite:t}`szekely2013`: the energy distance.
