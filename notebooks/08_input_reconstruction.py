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
# # Which input gives this output?
#
# The network of chapter 1 adds three digits. It says 15. Which digits did it read? Guess 0, 0, 0: then
# it says 0, and 15 is missing. The three digits count alike, so share the 15 among them: 5, 5, 5. Now it
# says 15. But 9, 4, 2 gives 15 too. And from a first guess of 9, 0, 0 only 6 is missing, and the same rule
# ends at 11, 2, 2: 11 is no digit.
#
# The rule is {term}`gradient descent`, on the input in place of the weights {cite:p}`kindermann1990`. What does it
# find, and after how long? Both depend on the first guess.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Find* an input for a wanted output by gradient descent, for one target or for 10,000.
# - *Separate* what the output says about the input from what the start of the descent put there.
# - *Predict* from the weights which step sizes converge, and after how many steps.
# - *Choose* a loss that a saturated sigmoid does not stall, and recognise a target without an input.
# :::
#
# **Time:** about 35 minutes, and 75 for the exercises; the code runs in about 20 seconds.
# **Needs:** [chapter 1](01_linear_rnn_sum.md), the chain rule, a straight-line fit.

# %% [markdown]
# ## Three digits that sum to 15
#
# The weights are those of a tutorial's network {cite:p}`rnn_learns_part1`, near $W = U = 1$ and $b = 0$.

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import data, inversion, live, plotting, training
from course_utils.checks import input_reconstruction as checks

from itertools import islice, repeat

import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
adder = [0.99675155, 1.00106668, 0.01110852]  # W, U, b


# %%
def add(weights: list, digits: np.ndarray) -> np.ndarray:
    """Return the last state for each row of digits, as in chapter 1."""
    W, U, b = weights
    h = 0
    for t in range(digits.shape[1]):
        h = digits[:, t] * W + h * U + b
    return h


# %% [markdown]
# With $T$ digits, $x_t$ meets $W$ once and $U$ at each step after it. So the answer is
#
# $$h_T = x\, v + \text{a constant}, \qquad v_t = W U^{T - t},$$
#
# where the row $x$ holds the digits and the column $v$ what each of them counts. For a target $y$ the loss
# is $(h_T - y)^2$, and its slope in $x_t$ is $2 (h_T - y)\, v_t$. {term}`Backpropagation through time`
# gives it without knowing $v$: chapter 1 carried $g_t$, the slope in $h_t$, back and collected
# $g_t x_t$ for $W$. Now collect $g_t W$, for the digit.
#
# :::{admonition} Exercise 1 · The slopes of the input
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Find*. Write `input_slopes(weights, digits, targets)`.
# `weights` is the list `[W, U, b]`, `digits` has shape (count, length), `targets` (count,). It returns the
# derivatives of $(h_T - y)^2$ with respect to every digit, shape (count, length). Each row has a target and
# a loss of its own. Add the losses of the rows up, as it were; averaged over 10,000 rows each step would be
# 10,000 times too short. The chapter runs on your function.
# :::
#
# :::{dropdown} Hint 1
# `add` gives $h_T$. Begin with `g`, the derivative of each row's loss with respect to $h_T$.
# :::
#
# :::{dropdown} Hint 2
# Go through the columns backwards: the slope of digit `t` is `g * W`, and one step earlier `g` is `g * U`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "input_slopes", "solution": true} jupyter={"source_hidden": true}
def input_slopes(
    weights: list, digits: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Return the slope of each row's squared error in each digit."""
    ### BEGIN SOLUTION
    W, U, _ = weights
    g = 2 * (add(weights, digits) - targets)
    slopes = np.zeros(digits.shape)
    for t in reversed(range(digits.shape[1])):
        slopes[:, t] = g * W
        g = g * U
    return slopes
    ### END SOLUTION


# %% nbgrader={"grade_id": "input_slopes-check", "grade": true, "points": 2}
checks.input_slopes(input_slopes)


# %% [markdown]
# :::{admonition} Predict first 1
# :class: predict
# Draw 10,000 starts, each digit evenly between 0 and 9, and descend to 15 from all of them. How far are
# the ends spread, if 1 stands for the spread of the starts? (The spread is the root mean square distance
# from their mean.)
# :::

# %%
def digits_for(sums, starts: np.ndarray, steps: int = 100) -> np.ndarray:
    """Return the digits where gradient descent from each start ends."""
    *_, (ends,) = training.gradient_descent(
        [starts], lambda now: [input_slopes(adder, now[0], sums)],
        rate=0.1, steps=steps)
    return ends


def spread(rows: np.ndarray) -> float:
    """Return the root mean square distance from the mean row."""
    return np.sqrt(rows.var(axis=0).sum())


# %%
rng = np.random.default_rng(0)
starts = rng.uniform(0, 9, (10_000, 3))
ends = digits_for(15, starts)
print("from 0, 0, 0:", digits_for(15, np.zeros((1, 3))).round(1))
print("from 9, 0, 0:", digits_for(15, np.array([[9.0, 0, 0]])).round(1))
print("all say 15:", np.allclose(add(adder, ends), 15))
print(f"spread: {spread(ends) / spread(starts):.2f} of the starts'")

# %% [markdown]
# :::{dropdown} Answer 1
# $\sqrt{2/3} \approx 0.82$. A step moves $x$ along $v$ and nowhere else. That uses up one direction of three;
# two keep their spread.
# :::
#
# The other two form the {term}`null space`: moving along them changes no output. The descent
# ends at
#
# $$x = x_0 + (y - \hat y_0)\, v^{+}, \qquad v^{+} = v^\top / |v|^2 ,$$
#
# with $x_0$ the start, $\hat y_0$ its output and $v^{+}$ the {term}`pseudo-inverse` of $v$
# {cite:p}`horn2013`. Of all inputs that give $y$, it is the nearest to the start.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Each start is carried straight to the sum 15. What the sum does not see, here the first digit minus the last, stays what it was. Dots mark the 73 triples of digits with this sum.", "name": "fig-input-reconstruction-null-space"}, "image": {"alt": "Output of the adder against the first digit minus the last. Twelve starts (circles) lie scattered above and below a dashed line at the output 15. From each, a vertical line leads to an end (diamond) on the dashed line. Dots stand along the dashed line at whole numbers from -9 to 9."}} jupyter={"source_hidden": true}
triples, sums = data.all_digit_sums(3)
right = triples[sums == 15]
few, there = starts[:12], ends[:12]
fig, ax = plt.subplots()
ax.axhline(15, ls="--", label="output 15")
ax.plot(right[:, 0] - right[:, 2], np.full(len(right), 15), "o",
        color="black", ms=4, label="three digits")
ax.plot([few[:, 0] - few[:, 2], there[:, 0] - there[:, 2]],
        [add(adder, few), add(adder, there)], "-", color="black", lw=1)
ax.plot(few[:, 0] - few[:, 2], add(adder, few), "o", mfc="white",
        ms=9, color=plotting.COLOURS["vermilion"], label="start")
ax.plot(there[:, 0] - there[:, 2], add(adder, there), "D", ms=9,
        mfc="none", color=plotting.COLOURS["green"], label="end")
ax.set(xlabel="first digit minus last digit", ylabel="output",
       xticks=range(-9, 10, 3))
ax.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
plt.show()


# %% [markdown]
# :::{admonition} Exercise 2 · What the output does not say
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Separate*. Someone reconstructs an input `found`, shape (d,), of
# $\hat y = x V + c$ with any number of outputs. Write `said_by_output(V, found)`. It
# returns the part of `found` that the output determines, shape (d,): two inputs with the same output
# have the same such part, the rest is invisible to the output, and the part has nothing along a
# direction that is invisible. `V` has shape (d, m) and need not have full rank.
# :::
#
# :::{dropdown} Hint 1
# With one output, the part is along $v$. How long is it?
# :::
#
# :::{dropdown} Hint 2
# The shortest input with the same $x V$ has nothing to spare.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "said_by_output", "solution": true} jupyter={"source_hidden": true}
def said_by_output(V: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the part of an input that the output x V + c determines."""
    ### BEGIN SOLUTION
    return found @ V @ np.linalg.pinv(V)
    ### END SOLUTION


# %% nbgrader={"grade_id": "said_by_output-check", "grade": true, "points": 2}
checks.said_by_output(said_by_output)


# %% [markdown]
# ## How long does a line take?
#
# A blog post inverts the smallest network {cite:p}`rnn_toy_model`. It draws 100 points, $x$ evenly from 0
# to 1000 and $y = 0.4\,x - 50\,r$ with $r$ evenly from 0 to 1, and fits one linear unit,
# $\hat y = W x + b$. The noise pulls down by 25 on average, so $b$ should be near $-25$.

# %%
def noisy_line(seed: int, count: int = 100) -> np.ndarray:
    """Return inputs and outputs, shape (2, count)."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1000, count)
    return np.array([x, 0.4 * x - 50 * rng.uniform(0, 1, count)])


x, y = noisy_line(0)
W, b = np.polyfit(x, y, 1)
print(f"W = {W:.3f}   b = {b:.1f}")


# %% [markdown]
# The post trained it with {term}`Adam` for 100,000 {term}`epochs <epoch>`. A step of Adam is
# about as long as its rate, 0.001, whatever the slope.
#
# :::{admonition} Predict first 2
# :class: predict
# Keras starts $W$ evenly between $-\sqrt 3$ and $\sqrt 3$, and $b$ at 0. You may standardise $x$, $y$ (to mean
# 0 and standard deviation 1), both or neither. Which helps most? At least how many epochs does Adam need
# each time?
# :::

# %%
def standard(values: np.ndarray) -> np.ndarray:
    """Return rows of mean 0 and standard deviation 1."""
    centred = values - values.mean(-1, keepdims=True)
    return centred / centred.std(-1, keepdims=True)


draws = np.array([noisy_line(seed) for seed in range(20)])
W0 = np.random.default_rng(0).uniform(-(3**0.5), 3**0.5, (20, 1))
first = np.stack([W0, np.zeros((20, 1))], axis=1)  # W and b


# %%
def adam_epochs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return walk / 0.001, and epochs until 0.1% above the best loss."""
    rows, y = np.stack([x, np.ones(x.shape)], -1), y[..., np.newaxis]
    best, H = np.linalg.pinv(rows) @ y, 2 * rows.mT @ rows / x.shape[-1]
    near = 0.001 * ((rows @ best - y) ** 2).mean(axis=-2)
    epochs, going = 0, True
    descent = training.adam(
        [first], lambda now: [H @ (now[0] - best)], repeat(0.001))
    for (now,) in training.progress(islice(descent, 99, None, 100), "Adam"):
        away = now - best
        going &= (away * (H @ away)).sum(axis=-2) / 2 > near
        epochs = epochs + 100 * going
        if not going.any():
            return np.array([np.abs(first - best).max(-2) / 0.001, epochs])


# %%
(px, py), names = draws.swapaxes(0, 1), ["neither", "x", "y", "both"]
walks, epochs = adam_epochs(
    np.array([px, standard(px), px, standard(px)]),
    np.array([py, py, standard(py), standard(py)])) / 1000
print("standardised   walk / 0.001   epochs, in thousands")
for name, walk, n in zip(names, walks, epochs):
    print(f"{name:12} {np.median(walk):8.1f} {np.median(n):15.1f} "
          f"({n.min():.1f} to {n.max():.1f})")


# %% [markdown]
# :::{dropdown} Answer 2
# The longest walk of a weight, over 0.001. As they are, $b$ goes from 0 to $-25$: 25,000. With $x$
# standardised, $b$ ends at the mean of $y$, 175: seven times as many. With $y$ standardised (its deviation is
# 116), $b$ ends at $(-25 - 175) / 116$: 1,700. With both, $W$ ends near 1: at most 2,700.
# :::
#
# The usual advice misleads: standardising $x$ alone makes Adam *slower*, for 20 of 20 draws, although
# the loss becomes a round bowl. The weights end farther from the start, so scale $y$ too. With $y$
# alone scaled, most epochs go into forgetting old, larger slopes.
# [A page of the appendix](A5_epochs_of_a_line.md) predicts how many, and shows plain descent, for which
# the advice is right.
#
# Now fix $W$ and $b$ and descend on $x$, as the post does, for $y = 100$ from $x = 1$. Its text says
# $\eta = 0.2$ for the {term}`learning rate`, its code 0.4.
#
# :::{admonition} Predict first 3
# :class: predict
# With $W = 0.4$ and $b = -25$, which $x$ gives 100? By what factor does one step with $\eta = 0.4$
# multiply the distance to it? Which rates converge at all?
# :::

# %%
def path(W: float, b: float, rate: float, steps: int = 200) -> np.ndarray:
    """Return the inputs on the way from 1 to one that gives 100."""
    descent = training.gradient_descent(
        [1.0], lambda x: [2 * W * (W * x[0] + b - 100)], rate, steps)
    return np.array([1.0, *(x for (x,) in descent)])


# %%
print("W, b         rate  ends at  solution  factor: predicted, measured")
for line in (0.4, -25.0), (W, b):
    for rate in 0.4, 0.2:
        way, goal = path(*line, rate), (100 - line[1]) / line[0]
        factor = (way[11] - goal) / (way[10] - goal)
        predicted = 1 - 2 * rate * line[0] ** 2
        print(f"{line[0]:.2f}, {line[1]:.1f}  {rate} {way[-1]:8.1f} "
              f"{goal:9.1f} {predicted:11.3f} {factor:14.3f}")

# %% [markdown]
# :::{dropdown} Answer 3
# $x^* = (100 + 25) / 0.4 = 312.5$. As $W x^* + b = 100$, a step turns the distance $x - x^*$ into
# $(1 - 2 \eta W^2)(x - x^*)$: a factor of $1 - 2 \cdot 0.4 \cdot 0.16 = 0.872$. It shrinks if the factor lies
# between $-1$ and 1, so if $\eta < 1 / W^2 = 6.25$. For the adder $|v|^2$ stands in place of $W^2$.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The reconstructed input lies where the line has the height 100 (left). The distance to it shrinks by the predicted factor at every step, so half the rate needs about twice the steps (right).", "name": "fig-input-reconstruction-descent"}, "image": {"alt": "Left, 100 points in a rising band, a dashed line through their middle, and a diamond on the line at input 309, output 100. Right, input against step, 0 to 200. Circles at rate 0.4 and squares at rate 0.2 start at 1 and flatten at 309, by about step 50 and 100. Predicted curves pass through all of them."}} jupyter={"source_hidden": true}
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
# At 0.1% below and above the bound, the distance should change by $0.998^{5000}$ and $1.002^{5000}$.

# %%
for share in 0.999, 1.001:
    way = path(W, b, share / W**2, 5_000)
    change = abs((way[-1] - goal) / (way[0] - goal))
    predicted = abs(1 - 2 * share) ** 5_000
    print(f"{share} of the bound: predicted {predicted:.1e}, "
          f"measured {change:.1e}")

# %% [markdown]
# The post's `K.gradients` [raises an error](https://github.com/tensorflow/tensorflow/issues/34235)
# since TensorFlow 2. Today a tape records a variable.

# %%
import tensorflow as tf

point = tf.Variable(1.0)
for _ in training.progress(range(200), "descending"):
    with tf.GradientTape() as tape:
        loss = (W * point + b - 100) ** 2
    point.assign_sub(0.4 * tape.gradient(loss, point))
constant = tf.constant(1.0)  # a tape forgets it, unless told to watch it
with tf.GradientTape() as tape:
    loss = (W * constant + b - 100) ** 2
print(f"variable: {point.numpy():.1f}, slope for a constant:",
      tape.gradient(loss, constant))


# %% [markdown]
# :::{admonition} Exercise 3 · How many steps?
# :class: exercise
# Difficulty 1 of 5, 10 minutes. Practises: *Predict*. Write
# `steps_needed(W, rate, distance, tolerance)`. It returns the smallest number of steps after which the
# descent for $\hat y = W x + b$, with squared error, is at most `tolerance` away from the solution, if
# it starts `distance` away. All four are numbers, and the last two are above 0. If the descent does not
# get there, raise a `ValueError`.
# :::
#
# :::{dropdown} Hint 1
# After $n$ steps the distance is $|1 - 2 \eta W^2|^n$ times the first. Solve for $n$.
# :::
#
# :::{dropdown} Hint 2
# Three special cases: it is near enough at once, it arrives in one step, it never arrives.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "steps_needed", "solution": true} jupyter={"source_hidden": true}
def steps_needed(
    W: float, rate: float, distance: float, tolerance: float
) -> int:
    """Return how many steps bring the distance down to the tolerance."""
    ### BEGIN SOLUTION
    if distance <= tolerance:
        return 0
    shrink = abs(1 - 2 * rate * W**2)
    if shrink >= 1:
        raise ValueError(f"rate {rate} does not converge")
    if shrink == 0:
        return 1
    return int(np.ceil(np.log(tolerance / distance) / np.log(shrink)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "steps_needed-check", "grade": true, "points": 1}
checks.steps_needed(steps_needed)

# %% [markdown]
# ## Through a sigmoid
#
# The post ends with a question: what if the output is $s = \sigma(z)$, with $\sigma(z) = 1 / (1 + e^{-z})$ the
# {term}`sigmoid`? Take $W = 1$ and $b = 0$: $z$ is the input. Three losses have their minimum where $s$ is the target $y$:
#
# | loss | formula | slope in $z$ |
# |---|---|---|
# | squared error | $(s - y)^2$ | $2\,(s - y)\,s\,(1 - s)$ |
# | {term}`cross-entropy` | $-y \ln s - (1 - y) \ln (1 - s)$ | $s - y$ |
# | squared error of {term}`logits <logit>` | $(z - z^*)^2$, $z^* = \ln \frac{y}{1 - y}$ | $2\,(z - z^*)$ |
#
# Only the first slope has the factor $s (1 - s)$, which is about $e^{-|z|}$ where the sigmoid is
# {term}`saturated <saturation>`, far from 0.
#
# :::{admonition} Predict first 4
# :class: predict
# Start at $z = 10$ with target 0.1 and $\eta = 1/4$. About how many steps does each loss need until
# $s$ is within 0.001 of it? Then try it: choose the sigmoid, change the loss, and at last ask for a target of 1.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Below the bound the linear unit's input goes to the solution; above it leaves. The sigmoid's squared error first stands still, the other losses do not.", "name": "fig-input-reconstruction-live"}} jupyter={"source_hidden": true}
live.Backwards(W, b)

# %% [markdown]
# :::{dropdown} Answer 4
# Squared error: while $s$ is near 1, a step is $0.45\, e^{-z}$ long, so $e^{10} / 0.45 \approx 49{,}000$ steps.
# Cross-entropy: a slope of 0.9 at first, about 54 steps to come near; then the distance shrinks by
# $\eta\, y (1 - y) \approx 2\%$ a step: a few hundred in all. Logits: the distance halves each step, from 12.2 to
# about 0.01: 11.
# :::
#
# For a sharper prediction, integrate $1 / (\eta \cdot \text{slope})$ over $z$. For the logits, count halvings.

# %%
from math import ceil, exp, log
from scipy.integrate import quad

wish, centre = 0.1, log(0.1 / 0.9)
slopes = {"squared error": lambda z, s: 2 * (s - wish) * s * (1 - s),
          "cross-entropy": lambda z, s: s - wish,
          "logits": lambda z, s: 2 * (z - centre)}


# %%
def measured_steps(loss: str, z: float, rate: float = 0.25) -> int:
    """Return the steps until the sigmoid is within 0.001 of the target."""
    steps = 0
    while abs((s := 1 / (1 + exp(-z))) - wish) >= 1e-3:
        z, steps = z - rate * slopes[loss](z, s), steps + 1
    return steps


# %%
def predicted_steps(loss: str, z: float) -> int:
    """Return the same from the integral, or from the halvings."""
    near = wish + (1e-3 if z > centre else -1e-3)
    end = log(near / (1 - near))
    if loss == "logits":
        return ceil(log((z - centre) / (end - centre)) / log(2))
    area, _ = quad(lambda v: 1 / slopes[loss](v, 1 / (1 + exp(-v))),
                   end, z, limit=200)
    return round(area / 0.25)


# %%
print("from 10         predicted   measured   rate tuned: worst start")
for loss, rate in zip(slopes, (40, 14, 0.5)):
    worst = max(measured_steps(loss, z, rate) for z in range(-10, 11))
    print(f"{loss:14} {predicted_steps(loss, 10):10,} "
          f"{measured_steps(loss, 10):10,} {rate:12} {worst:11,}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same target, the same rate. From a saturated start the squared error needs tens of thousands of steps, cross-entropy hundreds, logits about ten.", "name": "fig-input-reconstruction-sigmoid"}, "image": {"alt": "Number of steps, on a logarithmic axis, against the start z from -10 to 10. Squared error (circles) rises steeply on both sides, to 443,330 at -10 and 49,968 at 10. Cross-entropy (squares) stays at a few hundred, logits (triangles) near 10. All three dip at z = -2, next to the solution. The predicted lines pass through the markers."}} jupyter={"source_hidden": true}
grid = range(-10, 11)
fig, ax = plt.subplots()
for loss, marker in zip(slopes, "os^"):
    ax.semilogy(grid, [predicted_steps(loss, z) for z in grid],
                label=f"{loss}, predicted")
    colour = ax.lines[-1].get_color()
    ax.semilogy(grid, [measured_steps(loss, z) for z in grid], marker,
                mfc="none", color=colour, label="measured")
ax.set(xlabel="start z", ylabel="steps", xticks=grid[::5])
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0),
          fontsize=9)
plt.show()

# %% [markdown]
# No input gives $\sigma(z) = 1$. The loss still falls for ever while $z$ grows, which looks like slow
# convergence. `inversion.reconstruct`, which also takes models of Keras and PyTorch, refuses such a target.

# %%
for target in 1.0, 1.2:
    try:
        inversion.reconstruct(
            ([[1.0]], [0.0]), [[target]], [[0.0]], learning_rate=0.25,
            activation="sigmoid", loss="cross-entropy")
    except ValueError as error:
        print(str(error).split(":")[0])


# %% [markdown]
# :::{admonition} Exercise 4 · Another activation that saturates
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Choose*. Write
# `tanh_path(w, b, target, start, rate)` for one unit $\hat y = \tanh(w x + b)$ with $w \ne 0$. It
# descends from `start`, between $-100$ and 100, until the output is within 0.001 of the target, and
# returns all inputs on the way. Each step is `rate` (at most $0.1 / w^2$) times the slope, at the input where
# it begins, of a loss that you choose. It raises a `ValueError` if no input gives the target.
# :::
#
# :::{dropdown} Hint 1
# From 100 the squared error of the output stands still. Which loss has a slope there?
# :::
#
# :::{dropdown} Hint 2
# What plays the part of the logit for tanh? And the slope in $x$ is $w$ times the slope in $z$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "tanh_path", "solution": true} jupyter={"source_hidden": true}
def tanh_path(
    w: float, b: float, target: float, start: float, rate: float
) -> np.ndarray:
    """Return the inputs of a descent to one where tanh gives the target."""
    ### BEGIN SOLUTION
    if not -1 < target < 1:
        raise ValueError(f"tanh never gives {target}")
    path, wanted = [start], np.arctanh(target)
    while abs(np.tanh(w * path[-1] + b) - target) > 1e-3:
        slope = 2 * w * (w * path[-1] + b - wanted)
        path.append(path[-1] - rate * slope)
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade_id": "tanh_path-check", "grade": true, "points": 2}
checks.tanh_path(tanh_path)

# %% [markdown]
# ## What could fool us
#
# **A rate that suits one loss.** Tuned for all 21 starts (last column), the squared error takes 2,773 steps
# from the worst, cross-entropy 8. At 60 it overshoots from some, and stalls.
#
# **More outputs.** If the start decides only what the output leaves open, more outputs take its power
# away. Give the last $m$ states, not only $h_3$. They fix $m$ directions of three, so the spread should be
# $\sqrt{(3 - m) / 3}$ of the starts'.

# %%
W3, U3, _ = adder
V = np.array([[W3, W3 * U3, W3 * U3**2], [0, W3, W3 * U3], [0, 0, W3]])
for m in 1, 2, 3:  # the loss is a mean over m outputs
    found = inversion.reconstruct(
        (V[:, 3 - m:], np.zeros(m)), [[4, 6, 15][3 - m:]] * len(starts),
        starts, learning_rate=0.15 * m, steps=300)
    print(f"{m} states: predicted {np.sqrt(1 - m / 3):.2f}, "
          f"measured {spread(found.inputs) / spread(starts):.2f}")


# %% [markdown]
# **Another optimiser.** Plain descent finds the nearest. Adam divides each slope by its own size,
# so it moves all digits alike. A network that forgets, $U = 0.5$, tells them apart.

# %%
def slope(now: list) -> list:
    return [input_slopes(forgets, now[0], 15)]


forgets, origin = [1.0, 0.5, 0.0], [np.zeros((1, 3))]
plain = training.gradient_descent(origin, slope, 0.1, 500)
by_adam = training.adam(origin, slope, [0.01] * 3_000)
for name, run in ("plain", plain), ("Adam", by_adam):
    *_, (end,) = run
    print(f"{name:5} {end.round(1)[0]}  output {add(forgets, end)[0]:.1f}")

# %% [markdown]
# **Decimals that mean nothing.** Another 100 points give another line. And a point with $y = 100$ has
# $x = (100 + 50\,r) / 0.4$: anything from 250 to 375.

# %%
lines = np.array([np.polyfit(*draw, 1) for draw in draws])
answers = (100 - lines[:, 1]) / lines[:, 0]
print(f"20 data sets: from {min(answers):.0f} to {max(answers):.0f}")
many, outputs = noisy_line(1, 1_000_000)
close = many[np.abs(outputs - 100) < 0.5]
print(f"points with y near 100: mean {close.mean():.0f}, 98% of them from "
      f"{np.quantile(close, 0.01):.0f} to {np.quantile(close, 0.99):.0f}")

# %% [markdown]
# Guessing the input behind an observation is the task of [chapter 11](11_sampling_inputs.md).
#
# :::{admonition} Exercise 5 · Does Adam repair it? (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Choose*, *Predict*. Keep the sigmoid, the squared error, target 0.1 and
# rate 0.25, but take Adam's steps on $z$ (0.9, 0.999, and $\varepsilon = 10^{-8}$ added to the root).
# How many steps do you predict from $z = 10$, and from 15, 20, 25 and 30? Measure, and explain where
# the prediction fails.
# :::

# %% [markdown] nbgrader={"grade_id": "adam", "solution": true, "grade": true, "points": 3}
# *Your answer here: prediction, measurement, and what limits Adam.*

# %% [markdown]
# :::{dropdown} One answer
# A step of Adam is about 0.25 long whatever the gradient, so from 10 we expect about
# $12.2 / 0.25 \approx 49$ steps. Measured: 217, 58, 349 and 9,556 from 10, 15, 20 and 25, and more than
# 100,000 from 30. From 10 the input passes the target after about 40 steps and overshoots to $-4.3$:
# where the sigmoid bends, gradients thousands of times larger come in, and until Adam has forgotten
# them, its steps back are short. From 15 the 58 steps are fewer than $17.2 / 0.25$: as gradients grow,
# a step exceeds the rate. Far out, the gradient is $1.8\, e^{-z}$. Below $\varepsilon$, near $z = 19$, it
# is no longer divided by its own size, and the stall returns. So Adam hides saturation up to a point;
# a better loss removes it. A run from 30 that arrived in a few hundred steps would change our mind.
# :::

# %% [markdown]
# ## What we saw
#
# - *Find*: a descent on the input takes a few lines.
# - *Separate*: the start decides which input is found. The sum fixes one direction of three; in the other two
#   the answer is the guess.
# - *Predict*: the distance shrinks by $1 - 2 \eta W^2$ a step, so rates below $1 / W^2$ converge. Adam needs about its walk
#   over its rate, or more, so scaling the inputs alone can hurt.
# - *Choose*: the start decides the waiting too. From $z = 10$ the squared error takes 49,968 steps, cross-entropy 252,
#   logits 11. A target of 1 or more has no input.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_toy_model`: the post.
# - {cite:t}`kindermann1990`: inversion of networks by gradient descent on the input.
# - {cite:t}`mahendran2015`: the same for deep image networks, with a penalty that decides between
#   the many preimages.
# - {cite:t}`horn2013`: singular values and the pseudo-inverse.
