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
# # Why did the fit of a line take 100,000 epochs?
#
# [Chapter 8](08_input_reconstruction.md) fits a line to 100 points with inputs up to 1000. A blog post
# {cite:p}`rnn_toy_model` trained it for 100,000 {term}`epochs <epoch>` with {term}`Adam` {cite:p}`kingma2015`, each
# on all points. Scaling the inputs looks like the remedy, and for Adam it is none. This page says why, and predicts
# the number of epochs.

# %%
from course_utils import training  # first: quiet TensorFlow

from itertools import count

import numpy as np


def noisy_line(seed: int, count: int = 100) -> np.ndarray:
    """Return the points of chapter 8, shape (2, count)."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1000, count)
    return np.array([x, 0.4 * x - 50 * rng.uniform(0, 1, count)])


def standard(values: np.ndarray) -> np.ndarray:
    """Return the values with mean 0 and standard deviation 1."""
    return (values - values.mean()) / values.std()


# %% [markdown]
# ## Plain descent: the inputs are guilty
#
# For a line $\hat y = W x + b$ the mean squared error is a bowl over $W$ and $b$. Its second derivatives form the
# {term}`Hessian`
#
# $$H = 2 \begin{pmatrix} \overline{x^2} & \overline{x} \\ \overline{x} & 1 \end{pmatrix},$$
#
# where a bar is the mean over the points. Its trace is about 666,669 and its determinant 333,333, so
# its {term}`eigenvalues <eigenvalue>` are near 666,668 and 0.5, and their ratio $\kappa$, the
# {term}`condition number`, is near 1.3 million; for the 100 points drawn here it is larger. {term}`Gradient descent` at the best {term}`learning rate`, 2 over
# their sum, shrinks the error by $(\kappa - 1) / (\kappa + 1)$ a step.

# %%
x, y = noisy_line(0)
columns = np.column_stack([x, np.ones(len(x))])
best = np.linalg.lstsq(columns, y, rcond=None)[0]
hessian = 2 * columns.T @ columns / len(x)
low, high = np.linalg.eigvalsh(hessian)
*_, (weights,) = training.gradient_descent(
    [np.zeros(2)], lambda now: [hessian @ (now[0] - best)],
    2 / (low + high), 100_000)
left = np.linalg.norm(weights - best) / np.linalg.norm(best)
predicted = ((high - low) / (high + low)) ** 100_000
print(f"condition number {high / low / 1e6:.1f} million\nerror left after "
      f"100,000 steps: predicted {predicted:.3f}, measured {left:.3f}")

# %% [markdown]
# Standardise $x$ (subtract the mean, divide by the standard deviation): $H = 2 I$, where $I$ is the
# identity, and $\kappa = 1$. One step at a rate of $1/2$ goes from anywhere straight to the minimum.

# %%
rows = np.column_stack([standard(x), np.ones(len(x))])
start = np.array([3.0, -70.0])
slope, height = start - 0.5 * 2 * rows.T @ (rows @ start - y) / len(x)
line = [slope / x.std(), height - slope * x.mean() / x.std()]
print("after 1 step at least squares:", np.allclose(line, best))


# %% [markdown]
# ## Adam: how far, and what must be forgotten
#
# Adam divides a slope by the recent size of such slopes, so a step is about as long as the rate, 0.001, whatever
# the slope. A run takes at least about the longest *walk* of a weight over the rate. (Less, only where the start is
# a few steps from the end.) A narrow bowl adds two things.
#
# *Memory.* Adam's mean of squared slopes keeps 0.999 an epoch, so its root falls by a factor $e$ in
# 2,000 epochs. From a wrong $W$ the first slope of $b$ has size $G$; on the floor of the bowl, of
# curvature 0.5, it has $g$, half the walk. Until $G$ is forgotten, $b$ creeps: for $2000 \ln (G / g)$
# epochs.
#
# *A corner.* With $x / 100$ both weights climb in step from near 0 to 29, where $5 W + b$ is 175; then
# $b$ turns and falls by 54, to $-25$: 83,000 epochs.
#
# We count epochs until the loss is within 0.1% of its best, a rule that no scaling moves, for 20
# draws of points and starts; and again with a memory of 10 epochs, almost none. That is why Adam is written out here.

# %%
def count_epochs(H, away, near) -> np.ndarray:
    """Return the epochs until losses are near their best, by memory."""
    memory = np.array([0.999, 0.9]).reshape(2, 1, 1, 1)
    mean, square, epochs = 0.0, 0.0, np.zeros((2, *near.shape))
    going = epochs == 0
    for epoch in count(1):
        slope = H @ away
        going &= (away * slope).sum(-2) / 2 > near
        if not going.any():
            return epochs
        epochs += going
        mean = 0.9 * mean + 0.1 * slope
        square = memory * square + (1 - memory) * slope**2
        size = np.sqrt(square / (1 - memory**epoch)) + 1e-7
        away = away - 0.001 * mean / (1 - 0.9**epoch) / size


# %%
def adam(pairs, start) -> np.ndarray:
    """Return walk / 0.001, that plus 2000 ln(G / g), and both epochs."""
    rows = np.stack([np.column_stack([x, x**0]) for x, _ in pairs])
    y = np.stack([y for _, y in pairs])[..., np.newaxis]
    best, H = np.linalg.pinv(rows) @ y, 2 * rows.swapaxes(1, 2) @ rows / 100
    near, away = 0.001 * ((rows @ best - y) ** 2).mean(1), start - best
    walk, G = np.abs(away).max(1), np.abs(H @ away)[:, 1]
    g = np.linalg.eigvalsh(H)[:, :1] * walk
    more = walk / 0.001 + 2000 * np.log(np.maximum(1, G / g))
    return np.stack([walk / 0.001, more, *count_epochs(H, away, near)])


# %%
draws = [noisy_line(seed) for seed in range(20)]
start, same, runs = np.zeros((20, 2, 1)), np.asarray, {}
start[:, 0, 0] = np.random.default_rng(0).uniform(-(3**0.5), 3**0.5, 20)
cases = {"as they are": (same, same, start),
         "x / 100": (lambda x: x / 100, same, start),
         "y standardised": (same, standard, start),
         "the same, W = 0": (same, standard, 0 * start),
         "both standardised": (standard, standard, start)}

# %%
print("epochs / 1000        walk + memory   Adam: median, range  no memory")
for name, (f, g, begin) in training.progress(cases.items(), "scales"):
    runs[name] = adam([(f(x), g(y)) for x, y in draws], begin) / 1000
    walk, more, middle, short = np.median(runs[name], axis=(1, 2))
    low, high = runs[name][2].min(), runs[name][2].max()
    print(f"{name:18} {walk:6.1f} {more:8.1f} {middle:7.1f}, {low:5.1f} to"
          f" {high:5.1f} {short:10.1f}")
least = min((run[2] / run[0]).min() for run in runs.values())
print(f"least epochs / walk: {least:.2f}")

# %% [markdown]
# (Chapter 8 has the case of $x$ standardised, 186,000 epochs.) No run here is shorter than its walk. The second
# column predicts what memory adds. Two controls: from $W = 0$, with the same walk and $\kappa$ but $G = 0$,
# a quarter of the epochs suffices; in the last column, without memory, the walk alone is left, with $x / 100$
# the walk round its corner.
#
# So the condition number costs plain descent a factor, Adam a logarithm and a corner. The post trained
# at least twice as long as its line takes.
#
# ## Further reading
#
# - {cite:t}`kingma2015`: Adam.
# - {cite:t}`rnn_toy_model`: the post whose line this is.
