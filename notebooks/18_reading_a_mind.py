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
# # Can three weights read a mind?
#
# Two slot machines. One pays 8 times in 10, the other 2 times, and now and then they change places
# without a word. Play: a network with three weights watches, and after ten choices it says each time what
# you will do next. Then let an animal play whose mind you set yourself.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The network sees choices and payoffs. The dotted lines are the animal's own rule, which it never sees.", "name": "fig-reading-a-mind-live"}} jupyter={"source_hidden": true}
from course_utils import live, plotting, training
from course_utils.checks import reading_a_mind as checks

import numpy as np
from scipy.special import expit


def play(seed: int, animals: int, trials: int = 150,
         alphas: tuple = (0.3, 0.3), beta: float = 3.0):
    """Return choices of left, payoffs and log odds, (animals, trials)."""
    rng = np.random.default_rng(seed)
    h, good = np.zeros(animals), rng.random(animals) < 0.5
    choices, paid = np.empty((2, trials, animals), bool)
    own = np.empty((trials, animals))
    for t in range(trials):
        own[t] = h
        choices[t] = rng.random(animals) < expit(h)
        chance = np.where(choices[t] == good, 0.8, 0.2)
        paid[t] = rng.random(animals) < chance
        sign = np.where(choices[t] == paid[t], 1, -1)
        h += np.where(paid[t], *alphas[::-1]) * (beta * sign - h)
        good ^= rng.random(animals) < 0.03  # they change places
    return choices.T, paid.T, own.T


plotting.use_style()
choices, paid, _ = play(0, animals=1, trials=200)
live.MindReader(choices[0], paid[0], 0.3, 3.0)


# %% [markdown]
# :::{admonition} Predict first 1
# :class: predict
# The animal's mind is two numbers: the learning rate $\alpha$, the share of its opinion that one trial replaces, and the
# {term}`inverse temperature` $\beta$, how strictly it follows its opinion. One of the network's three weights, $U$, is the
# share of its state that it keeps; so the network says $\alpha = 1 - U$. Set $\alpha$ to 0.3. After 200 choices, how far
# off is it? And how many choices would it take to be off by 0.01 only?
#
# For the scale: a share counted from 200 tosses of a coin is off by $\sqrt{0.25 / 200} = 0.035$. Is a rate harder to read?
# How does an error shrink with the number of choices?
# :::
#
# :::{dropdown} Answer 1
# After 200 choices it is off by about 0.055, half as much again as a share. An error shrinks with the square root of the
# count, so 0.01 takes thirty times as many choices, about 6,000. *How wrong will it be?* computes both without training.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Translate* a rule of learning into the weights of a recurrent network, and back.
# - *Predict* the error bars of trained weights from the Fisher information.
# - *Judge* whether precise weights are true ones.
# - *Read* a network's rule from how its state moves.
# :::
#
# **Time:** about 25 minutes, and 45 for the exercises; the code runs in about 20 seconds.
# **Needs:** the logistic sigmoid, derivatives, the inverse of a matrix, covariance;
# [chapter 1](01_linear_rnn_sum.md)'s cell.
#
# {cite:t}`jian2025` train networks of one to four units on choices of animals and people, and often predict
# them better than the models of psychology do. Here we know the mind, so we can mark the reading.

# %% [markdown]
# ## The animal is chapter 1's network
#
# The animal keeps a value of each machine. After a trial the value of the chosen machine moves by a share
# $\alpha$ of its distance, towards 1 if it paid and towards 0 if not. The value of the other one moves by
# the same share towards the other end, 0 or 1. Let $s_t = 1$ where a trial speaks for the left machine (left paid, or
# right did not) and $-1$ where it speaks for the right one. The difference of the two values then goes from $D$ to
# $(1 - \alpha) D + \alpha s_t$.
#
# The animal chooses left with probability $\sigma(\beta D)$, with $\sigma$ the sigmoid: the larger $\beta$, the more it
# trusts its values. So the {term}`log odds` $h_t = \beta D$ follow
#
# $$h_t = (1 - \alpha)\, h_{t-1} + \alpha \beta\, s_t .$$
#
# :::{admonition} Predict first 2
# :class: predict
# This is the cell of chapter 1, $h_t = W s_t + U h_{t-1} + b$. Which are its three weights?
# :::
#
# :::{dropdown} Answer 2
# $U = 1 - \alpha$, $W = \alpha \beta$ and $b = 0$. Back: $\alpha = 1 - U$ and $\beta = W / (1 - U)$.
# :::
#
# :::{admonition} Exercise 1 · The log odds before each choice
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Translate*. Write `forward(weights, x)`. `weights` is the list
# `[W, U, b]`, and `x` has any shape whose last axis is the trials. It returns an array of the same shape:
# at trial `t` the state *before* that trial, which has seen `x[..., 0]` to `x[..., t - 1]`. At trial 0 that
# is 0. The chapter runs on it, also for 100 networks at once, with $W$ of shape (100, 1) and `x` of shape
# (100, animals, trials).
# :::
#
# :::{dropdown} Hint 1
# Keep `h`, which begins as `np.zeros(x.shape[:-1])`. In each turn first store it, then step.
# :::
#
# :::{dropdown} Hint 2
# `np.stack(list_of_states, axis=-1)` puts the trials back on the last axis.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "forward", "solution": true} jupyter={"source_hidden": true}
def forward(weights: list, x: np.ndarray) -> np.ndarray:
    """Return the state before each trial."""
    ### BEGIN SOLUTION
    W, U, b = weights
    h, before = np.zeros(x.shape[:-1]), []
    for t in range(x.shape[-1]):
        before.append(h)
        h = W * x[..., t] + U * h + b
    return np.stack(before, axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "forward-check", "grade": true, "points": 2}
checks.forward(forward)


# %% [markdown]
# ## Trained on choices alone
#
# The loss is the {term}`cross-entropy` of the choices, here in bits: what a choice costs that was given
# probability $q$ is $-\log_2 q$. Let $p$ be the probability of left. By $h$ the loss has the slope $p - 1$ after left and
# $p$ after right (times $1 / \ln 2$, which training does not need).
#
# The slopes of $h$ by the weights need no new code. Differentiate the cell by $U$:
#
# $$\frac{dh_t}{dU} = h_{t-1} + U\, \frac{dh_{t-1}}{dU} .$$
#
# That is the same cell again, with $h_{t-1}$ for its input. By $W$ the input is $s_t$, by $b$ it is 1.

# %%
def slopes(weights: list, s: np.ndarray) -> list:
    """Return the derivatives of the state before each trial."""
    again = [1, weights[1], 0]
    inputs = s, forward(weights, s), np.ones_like(s)
    return [forward(again, x) for x in inputs]


# %%
def gradients(weights: list, s: np.ndarray, choices: np.ndarray) -> list:
    """Return the slopes of the loss, each (networks, 1)."""
    wrong = expit(forward(weights, s)) - choices
    return [(wrong * J).mean(axis=(1, 2))[:, None]
            for J in slopes(weights, s)]


# %%
def train(s: np.ndarray, choices: np.ndarray) -> list:
    """Return W, U, b, each (networks, 1), after 150 updates."""
    weights = [np.full((len(s), 1), w) for w in (0.1, 0.5, 0.0)]
    *_, weights = training.adam(
        weights, lambda w: gradients(w, s, choices),
        training.progress([0.05] * 150))
    return weights


# %% [markdown]
# One network, on 15,000 choices of 100 animals that share one mind, $\alpha = 0.3$ and $\beta = 3$:

# %%
def signs(choices: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return 1 where a trial speaks for left, -1 for right."""
    return np.where(choices == paid, 1.0, -1.0)


choices, paid, _ = play(seed=0, animals=100)
s = signs(choices, paid)
W, U, b = np.ravel(train(s[None], choices[None]))
print(f"alpha {1 - U:.2f}, beta {W / (1 - U):.1f}, |b| {abs(b):.1f}")


# %% [markdown]
# Three weights, trained to guess the next choice, hold both numbers of the mind. The cell had room for nothing else.
#
# ## How wrong will it be?
#
# A choice tells most where it is a toss-up, where its variance $p (1 - p)$ is large. And it tells on a weight in so far as
# that weight moves $h$: by its slope. For one weight the {term}`Fisher information` is the sum of $p (1 - p)$ times the
# slope squared, and the error is one over its root. For a coin whose log odds are the weight the slope is 1 and
# $p (1 - p)$ is ¼. So after 200 tosses the log odds are off by $1 / \sqrt{50} = 0.14$, and the share by ¼ of that, 0.035.
#
# Put the slopes by three weights in a column $J$. Summed over all trials,
#
# $$I = \sum p (1 - p)\, J J^{\mathsf T}$$
#
# is their information, and $I^{-1}$ the covariance of their errors, for many trials. It needs the animal's rule
# and some trials, and no training.
#
# :::{admonition} Exercise 2 · The information in the choices
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Predict*. Write `information(weights, s)` for `s` of shape
# (animals, trials). It returns $I$, shape (3, 3), summed over all trials of all animals. Use `forward` and
# `slopes`.
# :::
#
# :::{dropdown} Hint 1
# `np.array(slopes(weights, s)).reshape(3, -1)` has a column for every trial.
# :::
#
# :::{dropdown} Hint 2
# Multiply the columns by $p (1 - p)$, then by the transpose: `(J * spread) @ J.T`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "information", "solution": true} jupyter={"source_hidden": true}
def information(weights: list, s: np.ndarray) -> np.ndarray:
    """Return the Fisher information of W, U and b, (3, 3)."""
    ### BEGIN SOLUTION
    p = expit(forward(weights, s)).ravel()
    J = np.array(slopes(weights, s)).reshape(3, -1)
    return (J * p * (1 - p)) @ J.T
    ### END SOLUTION


# %% nbgrader={"grade_id": "information-check", "grade": true, "points": 2}
checks.information(information)

# %%
true = [0.9, 0.7, 0.0]
one_choice = information(true, s) / s.size
V = np.linalg.inv(one_choice)  # covariance of the errors, for one choice
for count in (200, 15_000):
    print(f"{count} choices: alpha ± {np.sqrt(V[1, 1] / count):.3f}")
print(f"± 0.01 takes about {round(V[1, 1] / 0.01**2, -3):,.0f} choices")


# %% [markdown]
# Now 100 networks, each on 3,000 choices of 20 animals of its own. The ellipse that holds 95% of them is
# drawn from $I^{-1}$ alone. (As $\beta = W / (1 - U)$, small changes $dW$ and $dU$ move it by
# $(dW + \beta\, dU) / \alpha$.)
#
# :::{admonition} Predict first 3
# :class: predict
# How many of the 100 will lie inside? Between which two numbers, nearly surely?
# :::

# %%
def many(seeds: range, **mind) -> list[np.ndarray]:
    """Return what `play` does, (networks, animals, trials)."""
    played = [play(seed, animals=20, **mind) for seed in seeds]
    return [np.array(trials) for trials in zip(*played)]


choices, paid, _ = many(range(100))
W, U, b = [w[:, 0] for w in train(signs(choices, paid), choices)]
found = np.array([1 - U, W / (1 - U)])

# %%
# d alpha and d beta, by dW, dU and db
moves = np.array([[0, -1, 0], [1 / 0.3, 3 / 0.3, 0]])
spread = moves @ V @ moves.T / choices[0].size
off = found - np.array([[0.3], [3.0]])
inside = (off * np.linalg.solve(spread, off)).sum(axis=0) < 5.99
print(f"inside: {inside.sum()} of 100")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What 100 networks read in 100 groups of animals with the same mind. The ellipse was known before any of them was trained.", "name": "fig-reading-a-mind-ellipse"}, "image": {"alt": "Inverse temperature against learning rate for 100 networks. A cloud of dots falls from upper left to lower right around a cross at 0.3 and 3. An ellipse of the same shape, from 0.26 to 0.34, holds all but a few dots."}} jupyter={"source_hidden": true}
import matplotlib.pyplot as plt

blue, red, green, ink = (plotting.COLOURS[name] for name in
                         ("blue", "vermilion", "green", "black"))
turn = np.linspace(0, 2 * np.pi, 200)
circle = np.sqrt(5.99) * np.array([np.cos(turn), np.sin(turn)])
edge = np.linalg.cholesky(spread) @ circle
fig, ax = plt.subplots()
ax.plot(*found, "o", color=blue, mfc="none", label="100 networks")
ax.plot(0.3 + edge[0], 3 + edge[1], color=red, label="predicted: 95%")
ax.plot(0.3, 3, "+", color=ink, markersize=14, mew=2, label="the mind")
ax.set(xlabel="learning rate, 1 − U",
       ylabel="inverse temperature, W / (1 − U)", ylim=(2.5, 3.4))
ax.legend(loc="lower left")
plt.show()


# %% [markdown]
# :::{dropdown} Answer 3
# 95, give or take $\sqrt{100 \cdot 0.95 \cdot 0.05} = 2.2$: nearly surely 89 to 100. 5.99 is the radius
# squared that holds 95% of two Gaussian numbers.
# :::
#
# ## What could fool us
#
# **Does any training return a learning rate?** Shuffle each animal's payoffs among its trials, or throw a
# coin for each payoff.

# %%
def bits(h: np.ndarray, choices: np.ndarray) -> float:
    """Return what a choice costs by the log odds h, on average."""
    return np.log2(1 + np.exp(np.where(choices, -h, h))).mean()


rng = np.random.default_rng(0)
for name, payoffs in (("true", paid),
                      ("shuffled", rng.permuted(paid, axis=-1)),
                      ("coins", rng.random(paid.shape) < 0.5)):
    x = signs(choices, payoffs)
    W, U, b = train(x, choices)
    print(f"{name}: |W| {abs(W.mean()):.1f}, 1 - U {1 - U.mean():.1f},",
          f"{bits(forward([W, U, b], x), choices):.2f} bits a choice")

# %% [markdown]
# A coin costs 1 bit. Coins for payoffs make $W$ vanish, and then $U$ says nothing. Shuffled ones do not, and $1 - U$
# looks like a learning rate of 0.1: two trials in three paid, so that $s_t$ mostly repeats the choice, and choices come
# in runs. $1 - U$ alone would fool us; the bits do not: 0.93 against 0.62. And 0.62 has a rival on the true payoffs, the
# simplest rule, *stay after a payoff, else change*. It says that $s_t$ is the next choice, and at its best it costs:

# %%
s = signs(choices, paid)
follows = ((s[..., :-1] > 0) == choices[..., 1:]).mean()
rest = 1 - follows
rule = -follows * np.log2(follows) - rest * np.log2(rest)
print(f"stay or change: {rule:.2f} bits a choice")

# %% [markdown]
# **Are precise weights true?** This animal learns fast from a payoff, $\alpha = 0.5$, and slowly when there
# is none, $\alpha = 0.1$. One network of three weights reads 15,000 of its choices.

# %%
choices, paid, own = play(seed=0, animals=100, alphas=(0.1, 0.5))
s = signs(choices, paid)
W, U, b = np.ravel(train(s[None], choices[None]))
error = np.sqrt(np.linalg.inv(information([W, U, b], s))[1, 1])
print(f"alpha {1 - U:.2f} ± {error:.3f}")
print(f"{bits(forward([W, U, b], s), choices):.2f} bits a choice,",
      f"{bits(own, choices):.2f} by the animal's own log odds")

# %% [markdown]
# It is sure of a rate that the animal does not have. And even the bar is too short: over 60 groups of such animals,
# $1 - U$ scatters about twice as far. $I^{-1}$ is the spread only where the choices come from the cell itself.
#
# ## What one rate cannot see
#
# The three weights pay more than the animal's own log odds would: something is missing. A gate? First the control: a
# linear cell that sees the payoff too, by itself and times $s_t$.

# %%
from scipy.optimize import minimize


def linear(v: np.ndarray, s, paid, choices) -> float:
    """Return the bits of a linear cell with three inputs."""
    drive = v[1] * s + v[2] * s * paid + v[3] * paid + v[4]
    return bits(forward([1, v[0], 0], drive), choices)


best = minimize(linear, [0.5, 0.1, 0, 0, 0], (s, paid, choices))
print(f"linear, with payoffs: rate {1 - best.x[0]:.1f},",
      f"{best.fun:.2f} bits a choice")

# %% [markdown]
# Most of what was missing was an input. But the cell still has a single rate, between the animal's
# two, and by the bits it is nearly right.
#
# Rates that depend on the input are what gates are for ([chapter 5](05_lstm_gate_slicing.md)). A
# {term}`GRU` of one unit keeps a share of its state that its update gate sets at every step. We give it
# $s_t$ and the payoff of the first 75 trials, train two from different starts, and keep the better one.

# %%
import torch

score = torch.nn.BCEWithLogitsLoss()


# %%
def gated(seed: int, s, paid, choices) -> tuple[float, np.ndarray]:
    """Train a GRU of one unit; return its bits and log odds."""
    x = torch.tensor(np.stack([s, paid], axis=-1)[:, :-1]).float()
    y = torch.tensor(choices[:, 1:]).float()
    torch.manual_seed(seed)
    gru, read = torch.nn.GRU(2, 1, batch_first=True), torch.nn.Linear(1, 1)
    parts = [*gru.parameters(), *read.parameters()]
    adam = torch.optim.Adam(parts, 0.05)
    for _ in training.progress(range(200)):
        h = read(gru(x)[0])[..., 0]
        adam.zero_grad()
        loss = score(h, y)
        loss.backward()
        adam.step()
    return loss.item() / np.log(2), h.detach().numpy()


# %% [markdown]
# The learning rate is how steeply the {term}`phase portrait` falls: how far the state moves in a trial, against
# where it was. Least squares finds it, for trials of one kind.

# %%
def rate(h, s, where) -> float:
    """Return how steeply the change falls with h, for some trials."""
    A = np.array([h[:, :-1][where], s[where], np.ones(where.sum())]).T
    return -np.linalg.lstsq(A, np.diff(h, axis=1)[where])[0][0]


# %%
s, paid, choices, own = (a[:, :76] for a in (s, paid, choices, own))
runs = [gated(seed, s, paid, choices) for seed in range(2)]
cost, h = min(runs, key=lambda run: run[0])
gap = cost - bits(own[:, 1:], choices[:, 1:])
print(f"GRU within 0.005 bits of the animal: {abs(gap) < 0.005}")
# h[:, k] is after trial k; trial k + 1 moves it to h[:, k + 1]
s, paid = s[:, 1:-1], paid[:, 1:-1]
print(f"after no payoff: learning rate {rate(h, s, ~paid):.1f}")
print(f"after a payoff:  learning rate {rate(h, s, paid):.1f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A gated unit, trained on the choices alone, moves by the animal's two slopes. A linear cell, with whatever inputs, has one slope for all four bands.", "name": "fig-reading-a-mind-portrait"}, "image": {"alt": "Change of the log odds against the log odds before, for the trained GRU. Squares for trials that paid lie along two steep falling lines, circles for trials that paid nothing along two flat ones. Black lines, the animal's own rule, run through all four bands."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ends = np.array([-3.5, 3.5])
before, change = h[:, :-1], np.diff(h, axis=1)
for where, mark, colour, name, alpha in (
        (paid, "s", green, "paid", 0.5),
        (~paid, "o", red, "paid nothing", 0.1)):
    some = np.flatnonzero(where)[::12]
    ax.plot(before.flat[some], change.flat[some], mark, markersize=3,
            color=colour, mfc="none", label=f"GRU, {name}")
    for side in (-1, 1):
        ax.plot(ends, alpha * (3 * side - ends), "-", lw=1, color=ink,
                label="the animal" if alpha + side == 1.5 else None)
ax.set(xlabel="log odds of left", ylabel="change in one trial",
       ylim=(-3.2, 3.2))
ax.legend()
plt.show()

# %% [markdown]
# The gate gains a hundredth of a bit over the linear cell. It is the slopes that tell.
#
# Of 60 such networks, each trained once on animals of its own, 51 paid what the animal pays, and 49 of them show both
# rates. The other nine got stuck, and the loss tells them apart. Read the slope, not the gate: the candidate state sees
# $h$, too.

# %% [markdown]
# ## What we saw
#
# - *Translate*: a learner with rate $\alpha$ and inverse temperature $\beta$ is a linear cell with
#   $U = 1 - \alpha$ and $W = \alpha \beta$.
# - *Predict*: $I^{-1}$ gave the errors of 100 networks before they were trained.
# - *Judge*: an error bar is no evidence for the model, and a low cost is little. A null, a simple rule and a
#   linear cell with the same inputs are the tests.
# - *Read*: two falling slopes in the phase portrait of a gated unit are two learning rates.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 3 · A mind of habit (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Judge*, *Read*. Build an animal that ignores payoffs: its log odds
# follow the same rule, with $+1$ for every left choice and $-1$ for every right one in place of $s_t$. What
# do you expect of $W$, $U$ and the bits? Train on it. Does the network say that this animal is
# unpredictable, and is it? Give the spread over 20 groups of animals. Then name the input that shows the habit, and
# read its rate.
# :::

# %% [markdown] nbgrader={"grade_id": "habit", "solution": true, "grade": true, "points": 3}
# *Your answer here: the prediction, the weights and bits with their spread, and the missing input.*

# %% [markdown]
# :::{dropdown} One answer
# Whatever is chosen, $s_t$ speaks for the better machine with probability 0.8. It says where the luck is, and
# an animal that ignores payoffs does not follow it: with $s_t$ alone no network can pay less than 1 bit, but
# by chance. $W$ scatters around 0, below 0.15 in 39 of 40 groups, so the answer to "does it learn from
# payoffs?" is right. It scatters twice as wide as its error bars: they hold for a model that fits. $U$ is
# anything from 0 to nearly 1: where $W = 0$ hardly anything depends on it. In 39 of 40 groups the network
# pays more than 0.95 bits a choice (in a few more than a coin, as training fails there), while the animal's
# own log odds would pay less than 0.6. The missing input is the choice itself: with it $1 - U$ is the rate of
# the habit. What a network cannot find, its input may lack.
# :::

# %% [markdown]
# ## Further reading
#
# - {cite:t}`jian2025`: tiny networks on choices of monkeys, rats, mice and people.
# - {cite:t}`suttonbarto2018`: learning rates, temperatures and slot machines.
