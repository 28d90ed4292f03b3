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
# The rule is {term}`gradient descent`, on the input in place of the weights {cite:p}`kindermann1990`. What it finds
# depends on the guess: where the output does not see the input, the answer *is* the guess.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Find* an input for a wanted output by gradient descent, from one guess or from 10,000.
# - *Separate* what the output says about the input from what the start of the descent put there.
# - *Choose* a rate and a loss with which the descent arrives, and recognise a target without an input.
# :::
#
# **Time:** about 25 minutes, and 65 for the exercises; the code runs in a few seconds.
# **Needs:** [chapter 1](01_linear_rnn_sum.md), the chain rule.

# %% [markdown]
# ## Three digits that sum to 15
#
# The weights are those of a tutorial's network {cite:p}`rnn_learns_part1`, near $W = U = 1$ and $b = 0$.

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import data, inversion, live, plotting, training
from course_utils.checks import input_reconstruction as checks

from math import exp

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
# a loss of its own: do not divide by the number of rows. The chapter runs on your function.
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
def digits_for(
    total: int, starts: np.ndarray, steps: int = 100, rate: float = 0.1
) -> np.ndarray:
    """Return the digits where gradient descent from each start ends."""
    *_, (ends,) = training.gradient_descent(
        [starts], lambda now: [input_slopes(adder, now[0], total)],
        rate, steps)
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
# Difficulty 3 of 5, 15 minutes. Practises: *Separate*. A network gives $\hat y = x V + c$, with $m$ outputs.
# `found`, shape (d,), is an input that someone reconstructed from $\hat y$. Write `said_by_output(V, found)`.
# It returns the part of `found` that the output determines, shape (d,): two inputs with the same output
# have the same such part, the rest changes no output, and the part has nothing along a
# direction that changes no output. `V` has shape (d, m) and need not have full rank.
# :::
#
# :::{dropdown} Hint 1
# With one output, the part is along $v$. How long is it?
# :::
#
# :::{dropdown} Hint 2
# The shortest input with the same $x V$ has nothing to spare. `np.linalg.pinv(V)` is $v^{+}$ for several outputs.
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
# ## How long does it take?
#
# Along the one direction that the output sees, the descent closes in on the target.
#
# :::{admonition} Predict first 2
# :class: predict
# Take $|v|^2 = 3$. At a rate of 0.1, by what factor does one step multiply what is missing, $15 - h_T$? Which
# rates converge at all?
# :::

# %%
v = adder[0] * adder[1] ** np.array([2, 1, 0])
zeros = np.zeros((1, 3))
print("rate   factor: predicted, measured")
for rate in 0.1, 0.3, 0.35:
    before, after = (
        15 - add(adder, digits_for(15, zeros, steps, rate))[0]
        for steps in (4, 5))
    print(f"{rate:4} {1 - 2 * rate * v @ v:17.2f} {after / before:10.2f}")

# %% [markdown]
# :::{dropdown} Answer 2
# With $\eta$ the {term}`learning rate`, a step moves $x$ by $2 \eta\, (15 - h_T)\, v^\top$. The output moves by
# $2 \eta\, |v|^2$ times what is missing. So the factor is $1 - 2 \eta\, |v|^2 = 0.4$. The descent converges if it lies
# between $-1$ and 1, so if $\eta < 1 / |v|^2 = 1/3$.
# :::
#
# ## Through a sigmoid
#
# A blog post {cite:p}`rnn_toy_model` descends on the input of one linear unit, $0.4\,x - 25$
# ([the appendix](A5_epochs_of_a_line.md) repeats it), and ends with a question: what if the output is
# $s = \sigma(z)$, with $\sigma(z) = 1 / (1 + e^{-z})$ the {term}`sigmoid`? Take $W = 1$ and $b = 0$: $z$ is the input. Far from 0 the sigmoid is flat, or
# {term}`saturated <saturation>`: the output sees the input, but hardly. Does the guess stay there too? Three losses have
# their minimum where $s$ is the target $y$:
#
# | loss | formula | slope in $z$ |
# |---|---|---|
# | squared error | $(s - y)^2$ | $2\,(s - y)\,s\,(1 - s)$ |
# | {term}`cross-entropy` | $-y \ln s - (1 - y) \ln (1 - s)$ | $s - y$ |
# | squared error of {term}`logits <logit>` | $(z - z^*)^2$, $z^* = \ln \frac{y}{1 - y}$ | $2\,(z - z^*)$ |
#
# Only the first slope has the factor $s (1 - s)$, the slope of the sigmoid. Far from 0 it is about $e^{-|z|}$.
#
# :::{admonition} Predict first 3
# :class: predict
# Start at $z = 10$ with target 0.1 and $\eta = 1/4$. About how many steps does each loss need until
# $s$ is within 0.001 of it? Then try it: choose the sigmoid, change the loss, and at last ask for a target of 1.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Below its bound on the rate, 1 over the square of 0.4, the linear unit's input goes to the solution; above the bound it runs away. The sigmoid's squared error first stands still, the other losses do not.", "name": "fig-input-reconstruction-live"}} jupyter={"source_hidden": true}
live.Backwards(0.4, -25.0)

# %% [markdown]
# :::{dropdown} Answer 3
# Squared error: while $s$ is near 1, a step is $0.45\, e^{-z}$ long. The first unit of the way takes most of
# the steps; all of it takes about $e^{10} / 0.45 \approx 49{,}000$.
# Cross-entropy: a slope of 0.9 at first, about 54 steps to come near; then the distance shrinks by
# $\eta\, y (1 - y) \approx 2\%$ a step: a few hundred in all. Logits: the distance halves each step, from 12.2 to
# about 0.01: 11.
# :::

# %%
slopes = {"squared error": lambda z, s: 2 * (s - 0.1) * s * (1 - s),
          "cross-entropy": lambda z, s: s - 0.1,
          "logits": lambda z, s: 2 * (z - np.log(0.1 / 0.9))}


def steps_from(z: float, loss: str, rate: float = 0.25) -> int:
    """Return the steps until the sigmoid is within 0.001 of 0.1."""
    steps = 0
    while abs((s := 1 / (1 + exp(-z))) - 0.1) >= 1e-3:
        z, steps = z - rate * slopes[loss](z, s), steps + 1
    return steps


# %%
grid = range(-10, 11)
steps = {loss: [steps_from(z, loss) for z in grid] for loss in slopes}
print("steps             from 10   rate tuned: worst start")
for loss, rate in zip(slopes, (40, 14, 0.5)):
    worst = max(steps_from(z, loss, rate) for z in grid)
    print(f"{loss:14} {steps[loss][-1]:10,} {rate:12} {worst:11,}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same target, the same rate. Where the output hardly sees the input, the squared error leaves it near the guess so long that it needs 443,330 steps from -10. Cross-entropy needs hundreds of steps, logits about ten.", "name": "fig-input-reconstruction-sigmoid"}, "image": {"alt": "Number of steps, on a logarithmic axis, against the start z from -10 to 10. Squared error (circles) rises steeply on both sides, to 443,330 at -10 and 49,968 at 10. Cross-entropy (squares) stays at a few hundred, logits (triangles) near 10. All three dip at z = -2, next to the solution."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
for loss, marker in zip(slopes, "os^"):
    ax.semilogy(grid, steps[loss], marker + "-", mfc="none", label=loss)
ax.set(xlabel="start z", ylabel="steps", xticks=grid[::5])
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
plt.show()

# %% [markdown]
# No input gives $\sigma(z) = 1$. The loss still falls for ever while $z$ grows, which looks like slow
# convergence. `inversion.reconstruct` refuses such a target.

# %%
for target in 1.0, 1.2:
    try:
        inversion.reconstruct(
            ([[1.0]], [0.0]), [[target]], [[0.0]], learning_rate=0.25,
            activation="sigmoid", loss="cross-entropy")
    except ValueError as error:
        print(str(error).split(" (")[0])


# %% [markdown]
# :::{admonition} Exercise 3 · Another activation that saturates
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Choose*. Write
# `tanh_path(w, b, target, start, rate)` for one unit $\hat y = \tanh(w x + b)$ with $w \ne 0$. It
# descends from `start`, between $-100$ and 100, until the output is within 0.001 of the target, and
# returns all inputs on the way; it gives up after 10,000 steps. Choose a loss. A step is $-$`rate` times its slope in $x$; `rate` is at most
# $0.1 / w^2$. Raise a `ValueError` if no input gives the target.
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
    for _ in range(10_000):
        if abs(np.tanh(w * path[-1] + b) - target) <= 1e-3:
            break
        slope = 2 * w * (w * path[-1] + b - wanted)
        path.append(path[-1] - rate * slope)
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade_id": "tanh_path-check", "grade": true, "points": 2}
checks.tanh_path(tanh_path)

# %% [markdown]
# ## What could fool us
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
    print(f"{m} of 3 states: predicted {np.sqrt(1 - m / 3):.2f}, "
          f"measured {spread(found.inputs) / spread(starts):.2f}")


# %% [markdown]
# **Another optimiser** need not stay at the guess. {term}`Adam` divides each slope by its own size, so it moves all
# digits alike, also where they do not count alike, as in a network that forgets ($U = 0.5$).

# %%
def slope(now: list) -> list:
    return [input_slopes(forgets, now[0], 15)]


forgets = [1.0, 0.5, 0.0]
plain = training.gradient_descent([zeros], slope, 0.1, 500)
by_adam = training.adam([zeros], slope, [0.01] * 3_000)
for name, run in ("plain", plain), ("Adam", by_adam):
    *_, (end,) = run
    print(f"{name:5} {end.round(1)[0]}  output {add(forgets, end)[0]:.1f}")

# %% [markdown]
# **A rate that suits one loss.** Give each loss the rate that is best for the worst of the 21 starts, searched in steps
# of 5, 1 and 0.1: the last columns of the table. The squared error still takes 2,773 steps, cross-entropy 8. At a rate
# of 60 the squared error overshoots from 1, and stalls.
#
# ## One open question
#
# :::{admonition} Exercise 4 · Does Adam repair it? (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Choose*. Keep the sigmoid, the squared error, target 0.1 and
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
# 100,000 from 30.
#
# - From 10 the input passes the target after 44 steps and overshoots to $-4.3$. Where the sigmoid bends,
#   gradients thousands of times larger come in. Until Adam has forgotten them, its steps back are short.
# - The 58 from 15 are luck: the run is within 0.001 as it passes the target. From 14.75 and 15.25 it overshoots,
#   and takes 262 and 267.
# - Far out, the gradient is $1.8\, e^{-z}$. From $z = 19$ on it is below $\varepsilon$. Then it is no longer divided
#   by its own size, and the stall returns.
#
# So Adam hides saturation up to a point; a better loss removes it. A run from 30 that arrived in a few hundred
# steps would change our mind.
# :::

# %% [markdown]
# ## What we saw
#
# Where the output does not see the input, plain descent answers with your guess. Which input is *likely* is the
# question of [chapter 11](11_sampling_inputs.md).
#
# - *Find*: descent on the input is training with the weights fixed. Carry $g_t$ back and collect $g_t W$.
# - *Separate*: the sum fixes one direction of three. In the other two the answer is the guess.
# - *Choose*: a step leaves $1 - 2 \eta\, |v|^2$ of what is missing, so rates below $1 / |v|^2$ arrive. Where a sigmoid hardly
#   sees its input, the loss decides the waiting: 49,968 steps, 252 or 11 from $z = 10$. A target of 1 or more has no
#   input.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_toy_model`: the post.
# - {cite:t}`kindermann1990`: inversion of networks by gradient descent on the input.
# - {cite:t}`mahendran2015`: the same for deep image networks, with a penalty that decides between
#   the many preimages.
