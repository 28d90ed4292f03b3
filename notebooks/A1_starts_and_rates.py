# ---
# jupyter:
#   jupytext:
#     default_lexer: ipython3
#     formats: md:myst,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Where may training start, and how fast may it step?
#
# [Chapter 4](04_two_valleys.md) trains a network of three numbers, $W$, $U$ and $b$, to add three digits. From
# Keras' start, at the rate 0.01, it ends in a valley without a bottom for 38 of 100 seeds. This page is for those who want to
# know what other starts do, how large a {term}`learning rate` may be, and where a run in that valley
# comes to rest.

# %%
from course_utils import live, plotting, training  # first: quiet TensorFlow

import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()
stream = np.random.default_rng(4).integers(0, 10, (4000, 32, 3))


# %% [markdown]
# ## Starts
#
# We train as in chapter 4: 100 networks side by side, Adam at the rate 0.01, the same 4,000 batches for
# all. `gradients` is chapter 4's, now for several biases.

# %%
def gradients(weights: list, digits: np.ndarray) -> list:
    """Slopes of the loss on one batch; there may be several biases."""
    W, U, *biases = (weight[:, np.newaxis] for weight in weights)
    b = sum(biases)
    x1, x2, x3 = digits.T
    z, S = U**2 * x1 + U * x2 + x3, 1 + U + U**2
    error = W * z + b * S - (x1 + x2 + x3)
    by_U = W * (2 * U * x1 + x2) + b * (1 + 2 * U)
    slopes = [z, by_U] + [S] * len(biases)
    return [2 * (error * slope).mean(axis=1) for slope in slopes]


def lost(*weights: np.ndarray, digits: np.ndarray = stream) -> np.ndarray:
    """Say for each network whether Adam takes it to U < -1."""
    batches = iter(training.progress(digits, "updates"))
    *_, end = training.adam(
        list(weights), lambda w: gradients(w, next(batches)), [0.01] * 4000
    )
    return end[1] < -1


# %% [markdown]
# Keras draws $W$ evenly between $-\sqrt 3$ and $\sqrt 3$ and tosses a coin for $U$. NumPy can do the same: another
# hundred starts, 48 of them at $U = -1$.

# %%
rng = np.random.default_rng(0)
W = rng.uniform(-np.sqrt(3), np.sqrt(3), 100)
U, zero = rng.choice([-1.0, 1.0], 100), np.zeros(100)
proposals = {
    "as Keras starts": lost(W, U, zero),
    "W = 0.1": lost(zero + 0.1, U, zero),
    "U = 0.5": lost(W, zero + 0.5, zero),
    "digits and sums centred": lost(W, U, zero, digits=stream - 4.5),
}
for name, runs in proposals.items():
    print(f"{name:24}{runs.sum():3} of 100 lost")


# %% [markdown]
# Start $U$ at a positive value, and count the failures at your own rate: in chapter 4 the start at $U = 0.5$
# fails for about one seed in four at ten times this rate, $U = 1$ for none of its 100. A small positive $W$ loses every
# start at $U = -1$: the first push sends it left. To centre, subtract 4.5 from each digit and 13.5 from each sum.
# That shrinks the stretch of $W$ that is pushed left from $0 < W < 1.53$ to $0 < W < 1/3$, and saves most, not
# all.
#
# PyTorch has no coin. Its `nn.RNN` draws $W$, $U$ and two biases evenly between $-1$ and $1$ for one unit.
# The two biases add; we train both.

# %%
def torch_start(seed: int) -> list[float]:
    """W, U and both biases as PyTorch starts one unit."""
    training.seed_everything(seed)
    return [p.item() for p in torch.nn.RNN(1, 1).parameters()]


W, U, *b = np.array([torch_start(seed) for seed in range(100)]).T
runs = lost(W, U, *b)
print("PyTorch's starts:", runs.sum(), "of 100 lost")
print(f"from U between {U[runs].min():.1f} and {U[runs].max():.1f}")

# %% [markdown]
# ## The largest stable rate
#
# Close to the solution the loss is a bowl. Its curvatures are the eigenvalues of the {term}`Hessian`, the matrix
# of second derivatives. Gradient descent with rate $\eta$ multiplies the error along a direction of
# curvature $\lambda$ by $1 - \eta\lambda$ at each step. That shrinks only if $\eta < 2 / \lambda$: the steepest
# direction sets the limit. The {term}`condition number`, the largest curvature over the smallest, says how
# long the flattest direction then takes.

# %%
every = np.indices((10, 10, 10)).reshape(3, -1)  # all 1,000 sequences


def loss(weights, less=0, sums_less=0):
    """Loss over all sequences, the digits and their sums made less."""
    W, U, b = weights
    x1, x2, x3 = every - less
    output = W * (U**2 * x1 + U * x2 + x3) + b * (1 + U + U**2)
    return np.mean((output - (every.sum(axis=0) - sums_less)) ** 2)


def curvatures(weights, **shift):
    """The eigenvalues of the Hessian, smallest first."""
    nudges = 1e-4 * np.eye(3)
    rise = [[
        loss(weights + i + j, **shift) - loss(weights + i - j, **shift)
        - loss(weights - i + j, **shift) + loss(weights - i - j, **shift)
        for j in nudges] for i in nudges]
    return np.linalg.eigvalsh(np.array(rise) / 4e-8)


# %%
cases = {
    "digits 0..9": ([1, 1, 0], 0, 0),
    "digits centred, sums not": ([1, 1, 4.5], 4.5, 0),
    "digits and sums centred": ([1, 1, 0], 4.5, 13.5),
}
for name, (solution, less, sums_less) in cases.items():
    shift = {"less": less, "sums_less": sums_less}
    low, _, top = curvatures(np.array(solution, float), **shift)
    print(f"{name:25} largest {top:5.1f}, condition {top / low:3.0f}, "
          f"limit {2 / top:.4f}")

# %% [markdown]
# For digits 0 to 9 Keras' default rate for SGD, 0.01, is four times too large. The cause is the mean:
# raising $W$, $U$ and $b$ together raises every output, as no digit is negative, so one direction is very
# steep. Centring the digits alone helps little, because the sums still have mean 13.5. With both centred the curvatures are those of
# $2 s^2 \begin{pmatrix} 3 & 3 \\ 3 & 5 \end{pmatrix}$ and $2 \cdot 3^2$, where $s^2 = 8.25$; the largest is
# $2 s^2 (4 + \sqrt{10}) = 118.2$.
#
# Is the limit sharp? `live.descent` is plain gradient descent on this loss. We start it beside the
# solution, just below the limit and just above.

# %%
limit = 2 / curvatures(np.array([1.0, 1.0, 0.0]))[-1]
for factor in (0.999, 1.001):
    path = live.descent(1.001, 1.0, factor * limit, steps=20_000)
    print(f"{factor} x limit: arrives: {loss(path[-1]) < 1e-9}")
gone = len(live.descent(1.001, 1.0, 0.01, steps=20_000)) < 50
print(f"Keras' default 0.01: beyond a million within 50 steps: {gone}")


# %% [markdown]
# ## Why a run stops where there is no minimum
#
# The left valley falls for ever, and yet every run in it comes to rest. To the left it grows narrower: its
# curvature across rises like $U^4$. A fixed rate must fail there at the $U$ where the largest curvature
# reaches $2 / \eta$.

# %%
def floor(U):
    """W, U and b on the floor of the valley at this U."""
    W = 1 / (U**2 - U + 1)
    return np.array([W, U, 13.5 / (1 + U + U**2) - 4.5 * W])


U = np.linspace(-5, -1.5, 141)
steepest = np.array([curvatures(floor(u))[-1] for u in U])
rates = np.array([1e-3, 5e-4, 2e-4])
predicted = np.interp(2 / rates, steepest[::-1], U[::-1])

# %%
runs = [live.descent(0.5, -1.0, rate, steps=40_000) for rate in rates]
rest = np.array([run[-100:, 1].mean() for run in runs])
for rate, guess, seen in zip(rates, predicted, rest):
    print(f"rate {rate}: predicted U = {guess:.1f}, "
          f"at rest near {seen:.1f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A run with a fixed learning rate stops where the valley becomes too narrow for its steps, not where the loss is lowest. A smaller rate stops further left.", "name": "fig-starts-and-rates-edge"}, "image": {"alt": "Largest curvature on the valley floor, logarithmic axis, over U from \u22125 to \u22121.5: it falls from left to right. Three dotted horizontal lines mark 2 divided by the learning rate for 0.001, 0.0005 and 0.0002. On each, a triangle marks where the run came to rest; all three lie on the curve."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 3.8))
INK, BLUE = plotting.COLOURS["black"], plotting.COLOURS["blue"]
ax.semilogy(U, steepest, color=INK, label="largest curvature on the floor")
amber = {"color": "#ffb000", "markeredgecolor": INK, "markersize": 11}
ax.plot(rest, 2 / rates, "v", label="where a run rests", **amber)
for rate in rates:
    ax.axhline(2 / rate, color=BLUE, linestyle=":", linewidth=1.2)
    ax.text(-1.5, 2 / rate * 1.08, f"η = {rate:.4f}", ha="right")
ax.set(xlabel="U", ylabel="curvature")
ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# The run jumps to and fro across the valley and no longer moves along it. It looks like a local minimum. It
# is none: a smaller rate goes further. In large networks, too, gradient descent is found to hover where
# the largest curvature is $2/\eta$, the edge of stability {cite:p}`cohen2021`. There the loss goes on
# falling; here it does not.
#
# ## Further reading
#
# - {cite:t}`lecun1990`: how the eigenvalues of the Hessian explain why inputs should be centred.
# - {cite:t}`cohen2021`: the edge of stability in networks of ordinary size.
