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
# # How often can one row shut several units?
#
# [Chapter 9](09_shutting_a_gate.md) shows for single sets of units that one row shuts all of them, or proves that none
# does. This page asks how often. For random weights a count from geometry answers, and it shows what training has
# changed.

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import gates, inversion, networks, plotting, training

from math import comb

import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()


# %% [markdown]
# ## A count for random weights
#
# Let the weights of $n$ units on $d$ inputs be drawn, for each unit on its own, from a distribution that is symmetric
# about 0, without offsets and without limits on the input. Is there an input that pushes all $n$ units down? If there
# is, a longer one shuts them.
#
# With one input, $d = 1$, the $n$ weights must have the same sign: $2 \cdot 2^{-n}$. If the input cannot be negative they
# must all be negative: $2^{-n}$, which is what $n + 1$ units would have without the limit.
#
# {cite:t}`wendel1962` counted it for all $d$. Flipping the sign of a unit's weights gives another
# unit, just as likely. For two inputs, $n$ lines through the origin cut the plane into $2n$ sectors: an input shuts all
# units for $2n$ of the $2^n$ ways to flip. In general $n$ planes cut the inputs into exactly
# $2 \sum_{k<d} \binom{n-1}{k}$ regions. (No $d$ weight vectors may be linearly dependent; drawn from a density, they
# are not.) So
#
# $$P(n, d) = 2^{1-n} \sum_{k=0}^{d-1} \binom{n-1}{k} :$$
#
# 1 for $n \le d$, and ½ at $n = 2d$. The demand that a pixel is at least 0 is one more plane. If the
# distribution also stays the same when an input changes sign, all flips of $n + d$ planes are equally
# likely. So with pixels that can be as dark as we like, but not negative, the chance is $P(n + d, d)$:
# ½ at $n = d$.

# %%
def wendel(n: int, d: int) -> float:
    """Chance that an input in d dimensions is right for all n planes."""
    return sum(comb(n - 1, k) for k in range(d)) / 2 ** (n - 1)


def pushed_down(W: np.ndarray, least: float) -> bool:
    """Say whether one input of at least `least` pushes all units down."""
    zero, bounds = np.zeros(W.shape[1]), (least, np.inf)
    return inversion.shut_gate(W, zero, bounds=bounds).possible


def measured(n: int, d: int, least: float, draws: int = 100) -> float:
    """How often random units can be pushed down."""
    rng = np.random.default_rng(n)
    return float(np.mean([pushed_down(rng.normal(size=(d, n)), least)
                          for _ in range(draws)]))


# %%
counts = [4, 8, 12, 16, 20, 24]
free, inked = ([measured(n, 8, least) for n in training.progress(counts)]
               for least in (-np.inf, 0))
print("units  free: predicted, measured  not negative: predicted, measured")
for n, f, i in zip(counts, free, inked):
    print(f"{n:5}{wendel(n, 8):17.2f}{f:10.2f}"
          f"{wendel(n + 8, 8):23.2f}{i:10.2f}")


# %% [markdown]
# ## Trained gates
#
# Now the networks of chapter 9. We draw 40 random sets of $k$ of the 64 units and ask: can added ink, as dark as we like,
# push all $k$ down? $P(k + 28, 28)$ predicts it. There are two controls: 40 untrained networks, a new one for each set;
# and the trained weights, each with its sign given by a fair coin.

# %%
def kernel(seed: int, updates: int = 400) -> np.ndarray:
    """Input weights of the forget gate, shape (28, 64)."""
    network = networks.row_lstm(seed, updates=updates)
    return gates.Gates.from_torch(network["cell"]).blocks["forget"].kernel


def flipped(W: np.ndarray, seed: int) -> np.ndarray:
    """The weights with signs drawn by fair coins."""
    return W * np.random.default_rng(seed).choice([-1, 1], W.shape)


def downward(kernels: list[np.ndarray], k: int) -> float:
    """How often ink can push k random units down, a set for each kernel."""
    rng = np.random.default_rng(k)
    return float(np.mean([
        pushed_down(W[:, rng.choice(64, k, replace=False)], 0)
        for W in kernels]))


# %%
trained = [kernel(seed) for seed in (0, 1)]
untrained = [kernel(seed, updates=0) for seed in range(40)]
mirrored = [flipped(trained[0], seed) for seed in range(40)]
groups = {"seed 0": trained[:1] * 40, "seed 1": trained[1:] * 40,
          "untrained": untrained, "signs flipped": mirrored}
sizes = [1, 4, 8, 16, 22, 28, 34, 40]
shares = {name: [downward(group, k) for k in training.progress(sizes, name)]
          for name, group in groups.items()}
print("units          ", *(f"{k:5}" for k in sizes))
print("predicted      ", *(f"{wendel(k + 28, 28):5.2f}" for k in sizes))
for name, share in shares.items():
    print(f"{name:15}", *(f"{value:5.2f}" for value in share))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Both controls follow the count. The trained networks do not, and their two seeds disagree with each other.", "name": "fig-counting-regions-subsets"}, "image": {"alt": "Share of 40 random sets that added ink can push down, against the number of units, 1 to 40. The predicted curve (solid) stays near 1 up to 16 units, is one half at 28 and 0.07 at 40. Untrained networks (squares) and trained weights with flipped signs (triangles) lie near it. Seed 0 (circles, dashed) falls much earlier and is 0 from 28 on. Seed 1 (crosses, dash-dotted) lies between them."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
line = range(1, 41)
ax.plot(line, [wendel(k + 28, 28) for k in line], "-", color="black",
        label="predicted")
for name, style in (("untrained", "s"), ("signs flipped", "^"),
                    ("seed 0", "o--"), ("seed 1", "x-.")):
    ax.plot(sizes, shares[name], style, label=name)
ax.set(xlabel="number of units k", ylabel="share of sets pushed down")
ax.legend()
plt.show()


# %% [markdown]
# A share of 40 sets has a standard error of at most 0.08, and both controls stay within two of the count.
#
# We measured 20 seeds with 20 sets of 16 units each. The trained share is below 0.8 in 9 of 20 networks and goes down to
# 0.4; the untrained share is in none, nor in 20 others. Without any limit on the pixels the surprise is on the other side. All 64
# units can then be shut at once in 20 of 20 trained networks, where $P(64, 28) \approx 0.16$; in untrained
# ones it is 3 of 20.
#
# ## What replaced the symmetry
#
# Symmetry says that a unit's weights are as likely as their opposite. Then two units have no common direction: the mean
# cosine between their weights is near 0, and no direction of the inputs holds much of $|W|^2$, the sum of all squared
# weights. Training gives the units a common one.

# %%
def common(W: np.ndarray) -> tuple[float, float]:
    """Return the mean cosine, and the first direction's share of |W|^2."""
    units = W / np.linalg.norm(W, axis=0)
    cosine = (np.linalg.norm(units.sum(axis=1)) ** 2 - 64) / (64 * 63)
    sizes = np.linalg.svd(W, compute_uv=False) ** 2
    return float(cosine), float(sizes[0] / sizes.sum())


print("             mean cosine   first direction")
for seed, W in enumerate(trained):
    print("seed {}{:18.2f}{:18.2f}".format(seed, *common(W)))
fresh = np.array([common(W) for W in untrained])
print("untrained{:15.2f}{:18.2f} at most".format(*fresh.max(axis=0)))

# %% [markdown]
# In all of 20 networks, and of 20 others, the mean cosine is from 0.04 to 0.15, and the first direction holds 0.2 to 0.35. So
# trained units are no independent draws. They share directions of the input, along which one input moves many of them at once. That fits
# the surprise without limits, and pixels that cannot be negative reach only part of such a direction. We have not tested
# whether it is the whole reason.
#
# ## Further reading
#
# - {cite:t}`wendel1962`: the count, in three pages.
