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
# A blog post {cite:p}`rnn_toy_model` fits a line to 100 points, $x$ evenly from 0 to 1000 and $y = 0.4\,x - 50\,r$ with
# $r$ evenly from 0 to 1, and then runs it backwards, as [chapter 8](08_input_reconstruction.md) runs an adder. It trained
# for 100,000 {term}`epochs <epoch>` with {term}`Adam` {cite:p}`kingma2015`, each on all points. Scaling the inputs
# looks like the remedy. For Adam it is none: it trains longer. This page says why, predicts the number of epochs, and
# repeats the run backwards.
#
# **Needs:** eigenvalues, and Adam as [chapter 2](02_one_hot_decoding.md) writes it.

# %%
from course_utils import plotting, training  # first: quiet TensorFlow

from itertools import count

import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()


def noisy_line(seed: int, count: int = 100) -> np.ndarray:
    """Return inputs and outputs, shape (2, count)."""
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
# *The walk.* Adam divides a slope by the recent size of such slopes, so a step is about as long as the rate, 0.001,
# whatever the slope. A run takes about the longest walk of a weight over the rate, or more. As the points are, $b$
# walks from 0 to $-25$: 25,000 epochs. With $x$ standardised, $b$ ends at the mean of $y$, 175: seven times as many,
# although the loss is a round bowl. With $y$ standardised (its deviation is 116), $b$ ends at $(-25 - 175) / 116$:
# 1,700. So it is the outputs that need scaling. A narrow bowl adds two things.
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
         "x standardised": (standard, same, start),
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
slower = runs["x standardised"][2] > runs["as they are"][2]
print(f"slower with x standardised: {slower.sum()} of {slower.size}")


# %% [markdown]
# No run here is shorter than its walk, and with $x$ alone standardised all 20 are slower. The second
# column predicts what memory adds. Two controls: from $W = 0$, with the same walk and $\kappa$ but $G = 0$,
# a quarter of the epochs suffices; in the last column, without memory, the walk alone is left, with $x / 100$
# the walk round its corner.
#
# So the condition number costs plain descent a factor, Adam a logarithm and a corner. The post trained
# at least twice as long as its line takes.
#
# ## The line run backwards
#
# Now the post fixes $W$ and $b$ and descends on $x$, for an output of 100 from $x = 1$. With $W = 0.4$ and $b = -25$ the
# answer is $x^* = (100 + 25) / 0.4 = 312.5$. A step turns the distance $x - x^*$ into $(1 - 2 \eta W^2)(x - x^*)$, so rates
# $\eta$ below $1 / W^2 = 6.25$ converge. The post's text says $\eta = 0.2$, its code 0.4: a factor of 0.872.

# %%
def path(W: float, b: float, rate: float, steps: int = 200) -> np.ndarray:
    """Return the inputs on the way from 1 to one that gives 100."""
    descent = training.gradient_descent(
        [1.0], lambda x: [2 * W * (W * x[0] + b - 100)], rate, steps)
    return np.array([1.0, *(x for (x,) in descent)])


W, b = best
print("W, b         rate  ends at  solution  factor: predicted, measured")
for line in (0.4, -25.0), (W, b):
    for rate in 0.4, 0.2:
        way, goal = path(*line, rate), (100 - line[1]) / line[0]
        factor = (way[11] - goal) / (way[10] - goal)
        predicted = 1 - 2 * rate * line[0] ** 2
        print(f"{line[0]:.2f}, {line[1]:.1f}  {rate} {way[-1]:8.1f} "
              f"{goal:9.1f} {predicted:11.3f} {factor:14.3f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The reconstructed input lies where the line has the height 100 (left). The distance to it shrinks by the predicted factor at every step, so half the rate needs about twice the steps (right).", "name": "fig-epochs-of-a-line-descent"}, "image": {"alt": "Left, 100 points in a rising band, a dashed line through their middle, and a diamond on the line at input 309, output 100. Right, input against step, 0 to 200. Circles at rate 0.4 and squares at rate 0.2 start at 1 and flatten at 309, by about step 50 and 100. Predicted curves pass through all of them."}} jupyter={"source_hidden": true}
goal = (100 - b) / W
fig, (left, right) = plt.subplots(1, 2, figsize=(plotting.WIDTH, 3.9))
left.plot(x, y, "o", alpha=0.5, label="data")
left.plot([0, 1000], [b, 1000 * W + b], "--", label="least squares")
left.plot(goal, 100, "D", ms=10, color="black", label="reconstructed")
left.set(xlabel="input x", ylabel="output y")
k = np.arange(0, 201, 8)
for rate, mark in ((0.4, "o"), (0.2, "s")):
    predicted = goal + (1 - goal) * (1 - 2 * rate * W**2) ** k
    right.plot(k, path(W, b, rate)[k], mark, mfc="none",
               label=f"rate {rate}")
    right.plot(k, predicted, color="black", lw=1)
right.lines[-1].set_label("predicted")
right.set(xlabel="step", ylabel="input x")
for ax in (left, right):
    ax.legend()
plt.show()

# %% [markdown]
# The decimals mean nothing. Another 100 points give another line. And a point with $y = 100$ has
# $x = (100 + 50\,r) / 0.4$: anything from 250 to 375.

# %%
lines = (np.polyfit(*draw, 1) for draw in draws)
answers = [(100 - b) / W for W, b in lines]
print(f"20 data sets: from {min(answers):.0f} to {max(answers):.0f}")
many, outputs = noisy_line(1, 1_000_000)
close = many[np.abs(outputs - 100) < 0.5]
print(f"points with y near 100: mean {close.mean():.0f}, 98% of them from "
      f"{np.quantile(close, 0.01):.0f} to {np.quantile(close, 0.99):.0f}")

# %% [markdown]
# The post's `K.gradients` [raises an error](https://github.com/tensorflow/tensorflow/issues/34235) since
# TensorFlow 2; in its place `tf.GradientTape` watches the input.
#
# ## Further reading
#
# - {cite:t}`kingma2015`: Adam.
# - {cite:t}`rnn_toy_model`: the post.
