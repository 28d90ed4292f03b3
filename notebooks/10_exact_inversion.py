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
# # How far back can a recurrent network be run?
#
# One unit computes $h_t = \tanh(x_t + h_{t-1})$. Start it at 0.4, feed it 1 three times, and keep three
# decimals:
#
# | | $h_0$ | $h_1$ | $h_2$ | $h_3$ |
# |---|---|---|---|---|
# | forward | 0.400 | 0.885 | 0.955 | 0.961 |
# | back from 0.961 | **0.681** | 0.933 | 0.959 | 0.961 |
#
# On the way back, undo tanh and subtract the input. The last state was right to three decimals, and the
# first is gone. Start at 0.681, and you arrive at 0.961 as well.
#
# :::{admonition} Predict first 1
# :class: predict
# Keep six decimals, then eight. From how many steps does the start now come back, right to 0.05? Then try
# another input: which one lets it come back from all twelve?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Near 1 tanh is flat, and there every step back costs more than one decimal.", "name": "fig-exact-inversion-live"}} jupyter={"source_hidden": true}
from course_utils import inversion, live, plotting

plotting.use_style()
live.ThereAndBack()

# %% [markdown]
# :::{dropdown} Answer 1
# From 5 and 6, where three decimals bring it back from 2. Near the end, $h = 0.961$, and a step back
# multiplies an error by $1 / (1 - h^2) = 13$: more than one decimal. With the input 0 the state stays in
# the middle, where tanh is steep, and three decimals suffice for twelve steps.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Undo* a step of a recurrent network, or say why it cannot be undone.
# - *Predict* what the weights and tanh cost on the way back.
# - *Count* the bits that a run forgets, and so how far back it can be run.
# - *Construct* different inputs that give the same output.
# :::
#
# **Time:** about 30 minutes, and 85 for the exercises; the code runs in about 5 seconds.
# **Needs:** matrix times vector, linear equations, the inverse of a matrix.
#
# A forum thread asks whether a network can be run in reverse, and answers: yes, if every layer is
# invertible {cite:p}`reverse_thread`. That is true with exact numbers. A computer keeps 24 or 53 binary
# digits of each.

# %% [markdown]
# ## One step back
#
# With $u$ units and $d$ inputs a step is $h_t = \tanh(x_t W + h_{t-1} U)$, and its inverse is
#
# $$h_{t-1} = (\operatorname{arctanh} h_t - x_t W)\, U^{-1} .$$
#
# So $U$ must have an inverse, and every entry of $h_t$ must lie between $-1$ and 1.

# %%
from course_utils.checks import exact_inversion as checks

from math import comb
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np


# %% [markdown]
# :::{admonition} Exercise 1 · One step back
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Undo*. Write `undo(h, x, W, U)` for arrays of shape (u,),
# (d,), (d, u) and (u, u). It returns the state before the step, shape (u,). The chapter runs on it.
# :::
#
# :::{dropdown} Hint 1
# `np.arctanh` undoes tanh. Then one linear system is left.
# :::
#
# :::{dropdown} Hint 2
# `np.linalg.solve(A, b)` finds the $s$ with $A s = b$. Here $s$ stands on the left: $s U = b$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "undo", "solution": true} jupyter={"source_hidden": true}
def undo(h: np.ndarray, x: np.ndarray, W: np.ndarray, U: np.ndarray):
    """Return the state before a step of a recurrent network."""
    ### BEGIN SOLUTION
    return np.linalg.solve(U.T, np.arctanh(h) - x @ W)
    ### END SOLUTION


# %% nbgrader={"grade_id": "undo-check", "grade": true, "points": 1}
checks.undo(undo)


# %% [markdown]
# We make it easy: $U$ is an {term}`orthogonal matrix`, which changes no vector's length. $h_0$ is random,
# not 0: it is what we want back.

# %%
def orthogonal(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random orthogonal matrix."""
    Q, R = np.linalg.qr(rng.normal(size=(n, n)))
    return Q * np.sign(np.diag(R))


# %%
def network(seed: int, steps: int, dtype: type = np.float64) -> list:
    """Return U, W, inputs and a first state, all drawn at random."""
    rng = np.random.default_rng(seed)
    U, W = orthogonal(32, rng), rng.normal(size=(4, 32)) / 2
    first = (0.6 * rng.normal(size=32)).clip(-0.9, 0.9)
    inputs = 0.6 * rng.normal(size=(steps, 4))
    return [a.astype(dtype) for a in (U, W, inputs, first)]


# %%
def forward(U, W, inputs, first) -> np.ndarray:
    """Return all states, the first one included."""
    states = [first]
    for x in inputs:
        states.append(np.tanh(x @ W + states[-1] @ U))
    return np.array(states)


# %%
def error_of_first(U, W, inputs, states) -> float:
    """Return the relative error of the first state, recovered."""
    h = states[-1]
    with np.errstate(all="ignore"):  # where it fails, it fails
        for x in inputs[::-1]:
            h = undo(h, x, W, U)
    size = np.linalg.norm(states[0].astype(float))
    return np.nan_to_num(np.linalg.norm(h - states[0]) / size, nan=np.inf)


# %%
def reach(seed: int, dtype: type) -> int:
    """Return from how many steps the first state comes back to 10%."""
    U, W, inputs, first = network(seed, 60, dtype)
    states = forward(U, W, inputs, first)
    for n in range(1, 61):
        if error_of_first(U, W, inputs[:n], states[:n + 1]) > 0.1:
            return n - 1


singles = [reach(seed, np.float32) for seed in range(40)]
print(f"float32, median of 40 networks: {np.median(singles):.0f} steps")

# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# float32 keeps 23 bits after the leading one, float64 keeps 52. From how many steps will the same networks
# come back in float64?
# :::
#
# First we look for what eats the bits. In the package, `inversion.rewind` goes back, and refuses what has
# no inverse. An entry of exactly 1 has none.

# %%
U, W, inputs, first = network(0, 1)
first[0] = 1
try:
    inversion.rewind(first[None], inputs[None], W, U, np.zeros(32))
except inversion.NotInvertible as reason:
    print(fill(str(reason), 72))


# %% [markdown]
# ## What the weights cost
#
# A float keeps a number up to a relative error of about $\epsilon$: $2^{-23}$ for float32, $2^{-52}$ for
# float64. The {term}`condition number` $\kappa$ of a matrix is its largest {term}`singular value` divided
# by its smallest. Leave tanh and the inputs out: then $h_T = h_0 U^T$, and a relative error $\epsilon$ of
# $h_T$ can become $\kappa \epsilon$ in $h_0$, with $\kappa$ of the matrix $U^T$, $U$ to the power $T$.
#
# :::{admonition} Predict first 3
# :class: predict
# A matrix $U$ of independent Gaussian numbers, 30 by 30, has $\kappa$ near 140 {cite:p}`edelman1988`. From
# how many steps does $h_0$ come back in float32, at worst?
# :::

# %%
def linear_error(U: np.ndarray, pushes: np.ndarray) -> float:
    """Return the relative error of 10 first states without tanh."""
    first = np.random.default_rng(0).normal(size=(10, len(U)))
    h = first = first.astype(U.dtype)
    for push in pushes:
        h = push + h @ U
    for push in pushes[::-1]:
        h = np.linalg.solve(U.T, (h - push).T).T
    return np.linalg.norm(h - first) / np.linalg.norm(first)


# %%
runs = [(np.random.default_rng(seed).normal(size=(30, 30)) / np.sqrt(30),
         1 + seed % 4) for seed in range(80)]
kappas = np.array([np.linalg.cond(np.linalg.matrix_power(*run))
                   for run in runs])

# %%
errors = {}
for dtype in (np.float32, np.float64):
    errors[dtype] = [linear_error(U.astype(dtype), np.zeros((T, 1), dtype))
                     for U, T in runs]
    below = errors[dtype] < kappas * np.finfo(dtype).eps
    print(f"{dtype.__name__}: below kappa eps in {below.sum()} of 80 runs")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Without tanh, the error of the first state follows the condition number over eight powers of ten.", "name": "fig-exact-inversion-kappa"}, "image": {"alt": "Relative error of the first state against the condition number, from about 50 to a few billion, both axes logarithmic. Crosses for float32 rise along the dashed line kappa times eps, about a power of ten below it. Circles for float64 do the same along a dotted line nine powers of ten further down."}} jupyter={"source_hidden": true}
red, blue, ink = (plotting.COLOURS[name]
                  for name in ("vermilion", "blue", "black"))
styles = [(np.float32, "x", "--", red), (np.float64, "o", ":", blue)]
fig, ax = plt.subplots()
ends = np.array([kappas.min(), kappas.max()])
for dtype, mark, line, colour in styles:
    name = dtype.__name__
    ax.loglog(kappas, errors[dtype], mark, color=colour, mfc="none",
              label=f"{name}, measured")
    ax.loglog(ends, ends * np.finfo(dtype).eps, line, color=colour,
              label=f"{name}, kappa eps")
ax.set(xlabel="condition number of U to the power T",
       ylabel="relative error of h_0")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()

# %% [markdown]
# :::{dropdown} Answer 3
# From 3: $140^3$ is $2^{21}$, and float32 has 23 bits. $\log_2 \kappa$ is the number of bits lost, here
# about 7 a step. An orthogonal $U$ has $\kappa = 1$ and loses none, at any number of steps.
# :::
#
# ## What tanh costs
#
# Our $U$ is orthogonal, so tanh must be to blame. A small error of $h = \tanh z$ is multiplied by
# $dz / dh = \cosh^2 z = 1 / (1 - h^2)$ on the way back. Between ½ and 1 a float32 is rounded by at most
# $\epsilon / 4$. So the error of $z$ is at most about $\frac{\epsilon}{4} \cosh^2 z$.
#
# And there is an end. The largest float32 below 1 is $1 - 2^{-24}$. As $\tanh z \approx 1 - 2 e^{-2z}$,
# the float32 of $\tanh z$ is 1 once $2 e^{-2z} < 2^{-25}$, which is $z > 13 \ln 2 = 9.01$.

# %%
z = np.linspace(0.6, 9.5, 4_001)
rounded = np.tanh(z).astype(np.float32)
print(f"rounds to 1 from z = {z[rounded == 1].min():.2f}")
inside = rounded < 1
off = np.abs(np.arctanh(rounded[inside].astype(float)) - z[inside])
predicted = 2.0**-23 / 4 * np.cosh(z[inside]) ** 2
ratio = (off / predicted)[z[inside] < 8]
print(f"error / predicted: at most {ratio.max():.1f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Where tanh is flat, float32 holds less and less of z. At 8 the error reaches 0.07; from 9.01 on nothing comes back.", "name": "fig-exact-inversion-tanh"}, "image": {"alt": "Error of z on a logarithmic axis against z from 0.6 to 9. A band of dots rises from 1e-8 to 0.3 below the dashed curve of the prediction. A dotted vertical line stands at 9.01."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ax.semilogy(z[inside][off > 0], off[off > 0], ".", markersize=3,
            color=blue, label="measured")
ax.semilogy(z[inside], predicted, "--", color=ink, label="eps/4 cosh² z")
ax.axvline(13 * np.log(2), ls=":", color=red, label="tanh rounds to 1")
ax.set(xlabel="z", ylabel="error of z after tanh and its inverse",
       ylim=(1e-9, 1))
ax.legend()
plt.show()


# %% [markdown]
# :::{admonition} Exercise 2 · How far from 0 may tanh work?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Predict*. By the prediction of this chapter the error of $z$
# is $\frac{\epsilon}{4} \cosh^2 z$. Write `safe_range(tolerance, eps)`. It returns the largest $z \ge 0$
# for which that is at most `tolerance`, and 0.0 if there is none. float64 reaches further than float32, by
# about $14.5 \ln 2 = 10.05$, for the 29 bits that it has more: try it.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "safe_range", "solution": true} jupyter={"source_hidden": true}
def safe_range(tolerance: float, eps: float) -> float:
    """Return the largest z whose error is within the tolerance."""
    ### BEGIN SOLUTION
    return float(np.arccosh(np.sqrt(max(4 * tolerance / eps, 1.0))))
    ### END SOLUTION


# %% nbgrader={"grade_id": "safe_range-check", "grade": true, "points": 2}
checks.safe_range(safe_range)


# %% [markdown]
# ## Bits lost, bits forgotten
#
# Now both costs over many steps. A small error $e_t$ of $h_t$ becomes
#
# $$e_{t-1} = \frac{e_t}{1 - h_t^2}\, U^{-1}$$
#
# one step earlier, where the division is entry by entry. After all steps $e_0 = e_T M$ with a matrix $M$.
# Its largest singular value is the most that an error can grow. Call its base-2 logarithm the **bits
# lost**.
#
# :::{admonition} Exercise 3 · The way of an error
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Count*. Write `error_matrix(states, U)`. `states` has shape
# (T+1, u) and holds $h_0$ to $h_T$. It returns $M$, shape (u, u), in float64. The discovery of this
# chapter rests on it.
# :::
#
# :::{dropdown} Hint 1
# The steps are undone from $T$ to 1. Let $M$ begin as the identity: each row is an error of one entry.
# :::
#
# :::{dropdown} Hint 2
# In each turn divide the columns of $M$ by $1 - h_t^2$, then multiply by $U^{-1}$ from the right.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "error_matrix", "solution": true} jupyter={"source_hidden": true}
def error_matrix(states: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Return M, with which a small error of h_T arrives at h_0."""
    ### BEGIN SOLUTION
    M, inverse = np.eye(len(U)), np.linalg.inv(U.astype(float))
    for h in states[:0:-1].astype(float):
        M = M / (1 - h**2) @ inverse
    return M
    ### END SOLUTION


# %% nbgrader={"grade_id": "error_matrix-check", "grade": true, "points": 2}
checks.error_matrix(error_matrix)


# %% [markdown]
# $M$ is made of forward states alone. So the run forward says when each precision will be used up.

# %%
def bits_lost(states: np.ndarray, U: np.ndarray) -> float:
    """Return the base-2 logarithm of the largest growth of an error."""
    return np.log2(np.linalg.norm(error_matrix(states, U), 2))


def forecast(seed: int, bits: int) -> int:
    """Return after how many steps fewer bits than these are lost."""
    U, *rest = network(seed, 60)
    states = forward(U, *rest)
    return sum(bits_lost(states[:n + 1], U) < bits for n in range(1, 61))


# %%
doubles = [reach(seed, np.float64) for seed in range(40)]
measured = {23: singles, 52: doubles}
said = {bits: [forecast(seed, bits) for seed in range(40)]
        for bits in measured}
for bits in measured:
    print(f"{bits} bits: forecast {np.median(said[bits]):.0f} steps,",
          f"measured {np.median(measured[bits]):.0f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The forward run says how far back each network can be run, in both precisions.", "name": "fig-exact-inversion-reach"}, "image": {"alt": "Steps back, measured, against steps until 23 or 52 bits are lost, forecast. Crosses for float32 lie from about 6 to 20, circles for float64 from about 17 to 41, all close to a dashed diagonal."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
for (dtype, mark, _, colour), bits in zip(styles, measured):
    ax.plot(said[bits], measured[bits], mark, color=colour, mfc="none",
            label=f"{dtype.__name__}, 40 networks")
ax.plot([0, 45], [0, 45], "--", color=ink, label="forecast = measured")
ax.set(xlabel="steps until 23 or 52 bits are lost, forecast",
       ylabel="steps back, measured")
ax.legend()
plt.show()


# %% [markdown]
# :::{dropdown} Answer 2
# From about $13 \times 52 / 23 = 29$. After the first few steps the bits are lost at an even pace, near 1.8 a
# step.
# :::
#
# It misses by less than a step on average. Saying the median of each network misses three to five times as far.
#
# Now look at the same number from the other side. A difference between two first states that shrinks by
# $2^{-k}$ on the way forward is one that grows by $2^k$ on the way back. So the bits lost backwards must
# be bits *forgotten* forwards. Measure it: start a second run from $h_0 + 10^{-4} v$, with the direction
# $v$ of length 1 in which $M$ grows most, and another in a random direction.

# %%
def forgotten(seed: int, steps: int) -> list[float]:
    """Return the bits lost, and those by which two differences shrink."""
    U, W, inputs, first = network(seed, steps)
    states, bits = forward(U, W, inputs, first), []
    fragile = np.linalg.svd(error_matrix(states, U)).Vh[0]
    anyhow = np.random.default_rng(seed).normal(size=32)
    for v in (fragile, anyhow / np.linalg.norm(anyhow)):
        end = forward(U, W, inputs, first + 1e-4 * v)[-1]
        bits.append(-np.log2(np.linalg.norm(end - states[-1]) / 1e-4))
    return [bits_lost(states, U), *bits]


# %%
for steps in (5, 10):
    lost, fragile, anyhow = np.median(
        [forgotten(seed, steps) for seed in range(40)], axis=0)
    print(f"{steps:2} steps: back, lost {lost:.1f} bits. "
          f"Forward, forgotten {fragile:.1f} (random: {anyhow:.1f})")

# %% [markdown]
# **Bits lost backwards are bits forgotten forwards.** "How hard is it to run backwards?" and "how much
# does it forget?" are one question, in the direction that suffers most. A random difference keeps more.
# But every rounding error has a share in that direction, and on the way back this share wins.
#
# In exact numbers our network forgets nothing: it moves differences to ever later digits. With finitely
# many digits they fall off the end. {cite:t}`mackay2018` say it of networks that are built to be reversed:
# one that stores nothing besides its state cannot forget, and one that forgets has to store the bits it
# drops.
#
# ## A step that forgets at once
#
# ReLU sets every negative number to 0. A silent unit, one at 0, has lost all its bits but its sign. An
# active unit states an equation for the input, and $n$ independent equations settle $n$ inputs. With
# Gaussian weights each of $m$ units is active with probability ½. So a random input of 8 numbers comes
# back as often as $m$ coins show 8 heads or more: at $m = 8$ once in 256.

# %%
rng = np.random.default_rng(0)
for m in (8, 16, 24):
    heads = sum(comb(m, k) for k in range(8, m + 1)) / 2**m
    W, x = rng.normal(size=(2_000, 8, m)), rng.normal(size=(2_000, 1, 8))
    ranks = np.linalg.matrix_rank(W * (x @ W > 0))
    print(f"{m:2} units: predicted {heads:.3f},",
          f"measured {(ranks == 8).mean():.3f}")


# %% [markdown]
# [An appendix page](A7_invertible_layers.md) has the rest: stacks of layers, what PyTorch and Keras add,
# and a network that throws 990 of 1,000 dimensions away.
#
# :::{admonition} Exercise 4 · Undo ReLU
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Undo*. A layer with $m \ge n$ units computes
# $y = \max(x W + b, 0)$. Write `undo_relu(y, W, b)` for `y` of shape (batch, m) and `W` of shape (n, m).
# It returns `x` of shape (batch, n), and raises a `ValueError` if the active units of some row of `y` do
# not settle its `x`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "undo_relu", "solution": true} jupyter={"source_hidden": true}
def undo_relu(y: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the input of a wide layer with ReLU, from its active units."""
    ### BEGIN SOLUTION
    found = []
    for row in y:
        on = row > 0
        x, _, rank, _ = np.linalg.lstsq(W[:, on].T, row[on] - b[on])
        if rank < len(W):
            raise ValueError(f"rank {rank} for {len(W)} inputs")
        found.append(x)
    return np.array(found)
    ### END SOLUTION


# %% nbgrader={"grade_id": "undo_relu-check", "grade": true, "points": 3}
checks.undo_relu(undo_relu)


# %% [markdown]
# :::{admonition} Exercise 5 · Another input, the same output
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Construct*. You get an input `x` of shape (n,) of the layer
# $y = \max(x W + b, 0)$, in which fewer than $n$ units are active. No pre-activation is within 0.1 of 0.
# Write `another_input(x, W, b)`. It returns a different input with the same output: at least half as far
# away as it can be in its direction; a distance of 1 is always enough. Even a layer of 24
# units for 8 inputs has fewer than 8 active in 3 cases of 100.
# :::
#
# :::{dropdown} Hint 1
# Which directions can $x$ move in without changing the active units?
# :::
#
# :::{dropdown} Hint 2
# How far, both ways, until a silent unit wakes up?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "another_input", "solution": true} jupyter={"source_hidden": true}
def another_input(x: np.ndarray, W: np.ndarray, b: np.ndarray):
    """Return a different input with the same output of a ReLU layer."""
    ### BEGIN SOLUTION
    z = x @ W + b
    direction = np.linalg.svd(W[:, z > 0])[0][:, -1]
    slopes = direction @ W[:, z < 0]
    ways = []
    for sign in (1, -1):
        rising = sign * slopes > 1e-12
        room = -z[z < 0][rising] / (sign * slopes[rising])
        ways.append(sign * room.min(initial=2.0) / 2)
    return x + max(ways, key=abs) * direction
    ### END SOLUTION


# %% nbgrader={"grade_id": "another_input-check", "grade": true, "points": 3}
checks.another_input(another_input)

# %% [markdown]
# ## What could fool us
#
# **Only the number of steps counts?** Then all networks run for 10 steps should do alike. The null
# shuffles the bits lost among them.

# %%
tens = [network(seed, 10) for seed in range(200)]
states = [forward(*one) for one in tens]
lost = np.array([bits_lost(s, one[0]) for s, one in zip(states, tens)])
seen = np.log2([error_of_first(*one[:3], s)
                for one, s in zip(tens, states)])

# %%
rng, r = np.random.default_rng(0), np.corrcoef(lost, seen)[0, 1]
null = [np.corrcoef(rng.permutation(lost), seen)[0, 1] for _ in range(200)]
print(f"correlation above 0.9: {r > 0.9},",
      f"shuffled 0 ± {np.std(null):.2f}")
print(f"the errors spread by {seen.std():.0f} bits,",
      f"about the forecast by less than {np.ceil((seen - lost).std()):.0f}")

# %% [markdown]
# **Only these networks?** Tests of this book repeat the forecast with 8 and 64 units, with Gaussian $U$,
# and with inputs three times as large, which leave 2 and 5 steps. It misses by about one step each time.
#
# **Is the flattest unit enough?** Add up, step by step, $-\log_2 (1 - h^2)$ of the unit where tanh is flattest.
# This simpler rule ranks the 200 networks nearly as well, with a correlation near 0.9. But on average it says
# 35 bits where 20 are lost: $U$ turns the error out of that unit.
#
# **Is it tanh, or the many steps?** Keep the inputs, take tanh away, and run 1,000 steps in float32.

# %%
kept = []
for seed in range(20):
    U, W, inputs, _ = network(seed, 1_000, np.float32)
    kept.append(linear_error(U, inputs @ W) < 0.01)
print("back from 1,000 steps to 1%:", sum(kept), "of 20")

# %% [markdown]
# It is tanh. And for the same reason every difference in $h_0$ is still there at full size: this network
# has forgotten nothing.
#
# **Why 10%?** To 1% the same networks come back from 2 steps less, to 100% from about 1 more. The forecast is
# good to a step or two, not to the last bit.
#
# **The output is right, so the input must be.** The table on top answers: 0.681 leads to 0.961 too. A
# right output is no evidence in a direction that is forgotten.

# %% [markdown]
# ## What we saw
#
# - *Undo*: undo tanh, subtract the inputs, solve. Entries at $\pm 1$ and silent ReLUs cannot be undone.
# - *Predict*: the weights cost $\log_2 \kappa$ bits, tanh costs $\log_2 \cosh^2 z$, and float32 ends at
#   $z = 9.01$.
# - *Count*: our networks come back from 13 steps in float32 and from 29 in float64, as a median. The bits
#   that a run forgets on its way forward say so for each of them in advance.
# - *Construct*: where a direction is forgotten, other inputs give the same output.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 6 · Weights that forget (open)
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Count*. Multiply the $U$ of `network` by 0.5, 0.8, 1 and 1.25,
# in float64 over 20 steps. Which network forgets most? Say for how many seeds you measured, what you would
# compare with, and what the bits lost had predicted. Is a larger $U$ easier to run backwards, as its
# inverse is smaller?
# :::

# %% [markdown] nbgrader={"grade_id": "forgetting", "solution": true, "grade": true, "points": 3}
# *Your answer here: bits lost and errors at each scale, for how many seeds, and the control.*

# %% [markdown]
# :::{dropdown} One answer
# Medians over 20 seeds: 41, 33, 36 and 45 bits lost at scales 0.5, 0.8, 1 and 1.25. The network with the
# largest $U$ forgets most and is the hardest to run backwards. The control without tanh loses 20, 6, 0 and
# $-6$ bits, which is $-20 \log_2$ of the scale. So a small $U$ loses bits by shrinking the state, and a
# large one by pushing it to where tanh is flat. The errors follow: near $10^{-4}$, $10^{-6}$, $10^{-6}$
# and $10^{-3}$, a little different on each computer. What would change our mind about the cause: losses
# that fall and rise again like these when the inputs and $h_0$ are so small that every state stays near 0,
# where tanh is not flat. Small inputs alone are no such test: at scale 1.25 a state of full size does not
# shrink, so tanh flattens it even without inputs.
# :::

# %% [markdown]
# ## Further reading
#
# - {cite:t}`reverse_thread`: the question this chapter starts from.
# - {cite:t}`mackay2018`: reversible recurrent networks and the bits they must store.
# - {cite:t}`behrmann2021`: networks built to be invertible that are not, in floating point.
# - {cite:t}`edelman1988`: condition numbers of random matrices.
