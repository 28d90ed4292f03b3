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
# # How does an LSTM count, and up to where?
#
# An LSTM with four units was trained on ten strings: one a and one b, two and two, up to ten and ten. After
# each symbol it says which may come next. To know when the b's are up, it must remember a number. Look at
# the {term}`cell state` c of its unit 3.
#
# :::{admonition} Predict first 1
# :class: predict
# It was trained up to ten. Guess: does it go right at 11? At 40? Then type as many a's and b's, and see.
# Return to eight, and hold the forget {term}`gate` f of unit 3 at 0.9: after which b does the network first
# let a `$`, the end, come?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Hold the forget gate of the counting unit at 0.9, and the string ends too early.", "name": "fig-lstm-gates-at-work-live"}} jupyter={"source_hidden": true}
from course_utils import data, gates, live, networks, plotting, training

plotting.use_style()
training.seed_everything(0)


def unpack(network) -> tuple:
    """Return the cell of a trained network and its readout as arrays."""
    V, v = (weight.detach().numpy() for weight in
            network["readout"].parameters())
    return gates.Gates.from_torch(network["cell"]), V.T, v


lstms = [unpack(n) for n in networks.counting_networks(range(20))]
(cell, V, v), unit = lstms[17], 3
live.GateMicroscope(cell, V, v, "a" * 8 + "b" * 8, unit)

# %% [markdown]
# :::{dropdown} Answer 1
# It is right up to 31, though it never saw more than 10. With the forget gate of unit 3 at 0.9 it lets the
# end come after the fifth b. At 0.9 the other units' forget gates do not matter. So unit 3 counts: or does it?
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Build* a counter by writing the gates of an LSTM by hand.
# - *Predict* from what its gates do at which length a counter goes wrong.
# - *Test* the claim "this unit counts" with networks that cannot count, and by moving its cell state.
# :::
#
# **Time:** about 25 minutes, and 60 for the exercises; the code runs in about half a minute.
# **Needs:** the gates of an LSTM by name, as in [chapter 5](05_lstm_gate_slicing.md), and correlation.

# %% [markdown]
# ## The task
#
# The string $a^n b^n$ opens with a `$`, then has $n$ a's, then $n$ b's. After an a, both a and b may come;
# after a b, only b, until there are as many b's as a's: then only a `$`. So the network must know the
# **count**, a's minus b's {cite:p}`gers2001`. A symbol "may come" when its entry of the {term}`readout`
# $h_t V + v$ is above 0.

# %%
from course_utils.checks import lstm_gates_at_work as checks

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np


# %%
def first_wrong(cell: gates.Gates, V, v, longest: int = 200) -> int:
    """Return the smallest n not answered right, or longest + 1."""
    for n in range(1, longest + 1):
        text = ["$" + "a" * n + "b" * n]
        may = cell.trace(data.symbols(text)).h @ V + v > 0
        if (may != data.legal_next(text)).any():
            return n
    return longest + 1


# %% [markdown]
# ## A counter by hand
#
# An LSTM computes, entry by entry, with gates $i_t$, $f_t$, $o_t$ and the {term}`candidate` $g_t$,
#
# $$c_t = f_t\, c_{t-1} + i_t\, g_t , \qquad h_t = o_t \tanh(c_t) .$$
#
# To count, let $i_t g_t$ be $+1$ on a and $-1$ on b, and $f_t$ be 1: then $c$ is the count. But with bias
# $b_f$ the forget gate is $f = 1 / (1 + e^{-b_f})$, below 1. So the count leaks.
#
# :::{admonition} Predict first 2
# :class: predict
# Take $f = 0.99$, a memory length $1 / (1 - f)$ of 100 steps. At which $n$ does this counter first fail?
# It fails when, one b before the end, $c$ is closer to 0 than to 1: it lets the end come too early.
# :::
#
# :::{dropdown} Answer 2
# At 8, not near 100. Write $\varepsilon = 1 - f$. Each step loses about $\varepsilon$ times the count held.
# Up the a's and down $n - 1$ b's that adds up to $\varepsilon (n^2 - 1)$. So $c \approx 1 - \varepsilon
# (n^2 - 1)$, which is below ½ once $n^2 > 1 + 1 / (2 \varepsilon) = 51$.
# :::
#
# The memory length is $1 + e^{b_f}$, and the range is near the square root of half of it. Now run it. The rule
# below gets $f$ and the step $i g$ while a's are read, then while b's are read. It says the end when $c$ falls
# below half a step.

# %%
def fails_at(f_a, up, f_b, down, longest: int = 200) -> int:
    """Return the first n at which a counter ends early or late."""
    top, half = 0.0, up / 2
    for n in range(1, longest + 1):
        top = c = f_a * top + up
        for _ in range(n - 1):
            c = f_b * c + down
        early, late = c / half < 1, (f_b * c + down) / half > 1
        if early or late:
            return n
    return longest + 1


# %%
biases = np.arange(2, 11)
memory = 1 + np.exp(biases)
predicted = np.sqrt(1 + memory / 2)
measured = [fails_at(f, 1, f, -1) for f in 1 - 1 / memory]
for b, guess, n in list(zip(biases, predicted, measured))[::2]:
    print(f"bias {b:2}: wrong above {guess:5.1f}, first wrong n: {n}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The range of a counter grows like the square root of its memory. A forget gate that remembers for 22,000 steps counts to about 105.", "name": "fig-lstm-gates-at-work-range"}, "image": {"alt": "Logarithmic chart against the forget bias, 2 to 10. The memory length (dashed) rises from 8 to 22,000. The predicted range (solid) rises half as steeply, from 2 to 105. Circles, the first n at which the counter is wrong, lie at or barely above the solid line."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ax.semilogy(biases, predicted, "-", label="predicted range")
ax.semilogy(biases, measured, "o", label="first wrong n, measured")
ax.semilogy(biases, memory, "--", label="memory length in steps")
ax.set(xlabel="bias of the forget gate", ylabel="n, or steps")
ax.legend()
plt.show()


# %% [markdown]
# :::{admonition} Exercise 1 · A counter to order
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Predict*. Write `bias_for(n)`. It returns a bias of the
# forget gate with which a counter with steps $+1$ and $-1$ is right up to $n$, and fails soon after: by
# $1.25\,n + 2$ at the latest. Take $n$ from 2 to 200.
# :::
#
# :::{dropdown} Hint 1
# Which leak $\varepsilon$ lets the counter fail just above $n$? Answer 2 has the condition.
# :::
#
# :::{dropdown} Hint 2
# The gate is $1 - \varepsilon = \sigma(b_f)$. Solve for $b_f$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "bias_for", "solution": true} jupyter={"source_hidden": true}
def bias_for(n: int) -> float:
    """Return a forget bias with which a counter is right up to n."""
    ### BEGIN SOLUTION
    leak = 1 / (2 * n**2)
    return float(np.log((1 - leak) / leak))
    ### END SOLUTION


# %% nbgrader={"grade_id": "bias_for-check", "grade": true, "points": 1}
checks.bias_for(bias_for)


# %% [markdown]
# :::{admonition} Exercise 2 · A counter with two steps
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Build*. The strings $a^n b^{2n}$ need a counter that goes up two
# steps and down one. Write `weighted_counter(up, down)`. It returns an LSTM,
# `gates.Gates("LSTM", blocks)`, where `blocks` has a `gates.Block(W, U, b)` in float64 for each of `"input"`,
# `"forget"`, `"cell"` and `"output"`. It reads three features (`$`, a, b) and has **one** unit, so the shapes
# are (3, 1), (1, 1) and (1,). Its $c$ equals `up` times the number of a's plus `down` times the number of
# b's, to $10^{-9}$, over strings of up to 100 symbols. A `$` adds nothing. `up` and `down` lie between
# $-0.9$ and $0.9$.
# :::
#
# :::{dropdown} Hint 1
# What should the three gates be, whatever comes? Which of the four blocks decides how far a symbol moves $c$?
# :::
#
# :::{dropdown} Hint 2
# The candidate goes through tanh before it arrives. What undoes tanh?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "weighted_counter", "solution": true} jupyter={"source_hidden": true}
def weighted_counter(up: float, down: float) -> gates.Gates:
    """Return a one-unit LSTM whose c adds up on a and down on b."""
    ### BEGIN SOLUTION
    unread = np.zeros((1, 1))
    saturated = gates.Block(np.zeros((3, 1)), unread, np.array([40.0]))
    steps = gates.Block(np.arctanh([[0.0], [up], [down]]), unread,
                        np.zeros(1))
    return gates.Gates("LSTM", {
        "input": saturated, "forget": saturated, "cell": steps,
        "output": saturated})
    ### END SOLUTION


# %% nbgrader={"grade_id": "weighted_counter-check", "grade": true, "points": 2}
checks.weighted_counter(weighted_counter)

# %% [markdown]
# ## Why a trained network fails, and where
#
# The network above is one of 20, each from its own seed, after 1,500 updates of Adam on the ten strings.

# %%
fails = np.array([first_wrong(*network) for network in lstms])
print(f"right for n <= 10: {(fails > 10).sum()} of 20; first wrong n",
      f"{fails.min()} to {fails.max()}, median {np.median(fails):.0f}")

# %% [markdown]
# All count beyond what they were shown, and all fail. Is it the leak? Look at the network above, seed 17, chosen
# because one of its units follows the count best of all. Which $c$ follows the count? Take the correlation $r$ of
# each with the count, over every a and b of the ten strings.

# %%
x10 = data.symbols(data.counting_strings(10))
after = x10[..., 1:].any(axis=-1)  # steps that read an a or a b
count = (x10[..., 1] - x10[..., 2]).cumsum(axis=1)[after]


def correlations(state: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the correlation of each unit, a column, with one row."""
    return np.corrcoef(state.T, wanted)[-1, :-1]


r = correlations(cell.trace(x10).c[after], count)
print("units 0, 1, 2, 3:", r.round(2))


# %% [markdown]
# Give the rule the four numbers of unit 3: $f$ and the step $i g$ on a, then on b, once they have settled.

# %%
def four_numbers(cell: gates.Gates, unit: int) -> np.ndarray:
    """Return f and i g over a's 6 to 10, then b's 3 to 7, of n = 10."""
    trace = cell.trace(data.symbols(["$" + "a" * 10 + "b" * 10]))
    f = trace.gates["forget"][0, :, unit]
    step = (trace.gates["input"] * trace.gates["cell"])[0, :, unit]
    means = [(f[part].mean(), step[part].mean())
             for part in (slice(6, 11), slice(13, 18))]
    return np.ravel(means)


# %%
f_a, up, f_b, down = four_numbers(cell, unit)
print(f"leak on a {1 - f_a:.4f}, on b {1 - f_b:.4f}")
print(f"step on a {up:.3f}, on b {down:.3f}")
print("predicted:", fails_at(f_a, up, f_b, down), " measured:", fails[17])


# %% [markdown]
# If they are the cause, then the rule also says what happens when one of them is changed. A *clamped* gate
# has zeros in its columns of $W$ and $U$, and a bias that makes its value.

# %%
def clamp(cell: gates.Gates, gate: str, unit: int, value: float):
    """Return the cell with a sigmoid gate of one unit stuck at a value."""
    old = cell.blocks[gate]
    W, U, b = old.kernel.copy(), old.recurrent.copy(), old.bias.copy()
    inside = np.clip(value, 1e-17, 1 - 1e-16)  # 0 and 1 need infinite bias
    W[:, unit], U[:, unit], b[unit] = 0, 0, np.log(inside / (1 - inside))
    stuck = gates.Block(W, U, b)
    return replace(cell, blocks={**cell.blocks, gate: stuck})


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# Clamp the forget gate of unit 3 at 0.9, at 0.99, and at 1, where nothing leaks. Which $n$ fails first?
# :::

# %%
for value in (0.9, 0.99, 1):
    n = first_wrong(clamp(cell, "forget", unit, value), V, v)
    guess = fails_at(value, up, value, down)
    print(f"forget {value:4}  predicted {guess:2}  measured {n:2}")

# %% [markdown]
# :::{dropdown} Answer 3
# *At 0.9* and *0.99* Answer 2 holds: $n^2 > 6$, and $n^2 > 51$. *At 1* a step up is still 0.7%
# larger than one down: the error reaches half a step near $n = 0.5 / 0.007 \approx 70$, and the end comes late.
# So at 32 it is the leak: without it this network fails at 72.
# :::
#
# And the other networks? Take in each the unit that follows the count best.

# %%
nets = [net for net, *_ in lstms]
r = [correlations(net.trace(x10).c[after], count) for net in nets]
units = np.abs(r).argmax(axis=1)
said = [fails_at(*four_numbers(*pair)) for pair in zip(nets, units)]
near = np.abs([said, 20 * [21]] / fails - 1) < 0.25
for name, k in zip(["four numbers", "always 21"], near):
    print(f"{name:12} within a quarter for {k.sum()} of 20")

# %% [markdown]
# Always saying 21, their median, does better (it is taken from these 20, so it has an advantage). Is the rule
# wrong, or is the unit that follows the count not always the one that counts?
#
# ## What could fool us
#
# **A high correlation.** Two controls: the same networks *before* training, and networks trained where
# *counting is useless* (strings $a^n b^m$ with $m$ shuffled; after a b both b and `$` are right; 300 updates
# teach it, and with 1,500 the scores are much the same).

# %%
order = np.random.default_rng(0).permutation(np.arange(1, 11))
texts = ["$" + "a" * n + "b" * m for n, m in zip(range(1, 11), order)]
last = data.symbols(texts)
loose = last @ np.array([[0, 1, 0], [0, 1, 1], [1, 0, 1]])  # after $, a, b
useless = networks.counting_networks(range(20), texts=texts, targets=loose,
                                     updates=300)
before = networks.counting_networks(range(20), updates=0)


# %% [markdown]
# Two scores for the best unit: $|r|$; and $|r|$ of what is left after a fit on position and symbol, a common
# remedy for states that only drift along the string.

# %%
def beyond_position(state: np.ndarray) -> float:
    """Return the best |r| after regressing out position and symbol."""
    step = np.nonzero(after)[1]
    known = np.column_stack([np.ones(len(step)), step, x10[..., 2][after]])
    rest = [values - known @ np.linalg.lstsq(known, values)[0]
            for values in (state, count)]
    return np.abs(correlations(*rest)).max()


# %%
groups = {"trained": lstms, "before training": map(unpack, before),
          "no need to count": map(unpack, useless)}
print("|r|, cut to 0.05  median (least to most)  less position")
for name, some in groups.items():
    states = [net.trace(x10).c[after] for net, *_ in some]
    r = [np.abs(correlations(state, count)).max() for state in states]
    low, mid, high = np.floor(20 * np.quantile(r, [0, 0.5, 1])) / 20
    rest = np.median([beyond_position(state) for state in states])
    print(f"{name:17} {mid:6.2f} ({low:.2f} to {high:.2f}) {rest:15.1f}")

# %% [markdown]
# Each trained network has a unit with $|r|$ above 0.95; of 120 others 112 have. So has one untrained network,
# and 2 of 120 others. Regressing out the position makes it worse: at a given step of the b's, a higher count
# means fewer b's so far, so any unit that remembers a few steps follows it. Even networks that never needed to
# count pass this test.
#
# **A unit that is only needed.** Silence each (output gate at 0).

# %%
silenced = [first_wrong(clamp(cell, "output", k, 0), V, v)
            for k in range(4)]
print("first wrong n, unit 0, 1, 2, 3 silenced:", silenced)


# %% [markdown]
# Silencing unit 1 breaks the network almost as early as silencing the counter. That shows use, not purpose.
#
# **The test that fits the claim.** If $c$ of a unit *is* the count, then moving it by $k$ counts
# after the last a must make the network wait for exactly $k$ more b's.
#
# :::{admonition} Exercise 3 · Move the count
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Test*. Write `waits(cell, V, v, unit, shift)`. Let the cell
# read `$` and ten a's, add `shift` to $c$ of one unit, then let it read 40 b's. Return after how many b's
# a `$` may first come, and 41 if it never may. The figure below runs on your function.
# :::
#
# :::{dropdown} Hint 1
# `cell.trace(x)` has `h` and `c` of shape (1, steps, units); `cell.trace(x, h0, c0)` goes on from states
# of shape (1, units).
# :::
#
# :::{dropdown} Hint 2
# Copy the last `c` before you change it. Column 0 of `h @ V + v` belongs to the `$`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "waits", "solution": true} jupyter={"source_hidden": true}
def waits(cell: gates.Gates, V, v, unit: int, shift: float) -> int:
    """Return how many b's pass until a $ may come."""
    ### BEGIN SOLUTION
    top = cell.trace(data.symbols(["$" + "a" * 10]))
    c = top.c[:, -1].copy()
    c[:, unit] += shift
    h = cell.trace(data.symbols(["b" * 40]), top.h[:, -1], c).h
    ends = np.flatnonzero((h @ V + v)[0, :, 0] > 0)
    return int(ends[0]) + 1 if len(ends) else 41
    ### END SOLUTION


# %% nbgrader={"grade_id": "waits-check", "grade": true, "points": 2}
checks.waits(waits)

# %% [markdown]
# One count is the slope of the line of $c$ against the count. We move each of the four units, one at a time, by
# its own line.

# %%
moves = np.array([-4, -2, -1, 0, 1, 2, 4])
waited = np.zeros((20, 4, len(moves)), int)
for seed, network in enumerate(lstms):
    c = network[0].trace(x10).c[after]
    own = np.polyfit(count, c, 1)[0]  # one count of each unit
    for k in range(4):
        waited[seed, k] = [waits(*network, k, m * own[k]) for m in moves]
follows = waited[np.arange(20), units]

# %%
every = (waited == 10 + moves).all(axis=2)
exact = every[np.arange(20), units]
print("highest |r| moves the end one for one:",
      f"{exact.sum()} of 20; others: {every.sum() - exact.sum()} of 60")
nothing = np.flatnonzero((follows == 10).all(axis=1))
print("moving it changes nothing: seeds", nothing)
print("another unit does it: seeds",
      np.flatnonzero(every.any(axis=1) & ~exact))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Move c and see how many b's the network waits for. In seed 17 one unit holds the count, in seed 6 about half of it. In seed 18 the best-correlated unit holds nothing, another one counts.", "name": "fig-lstm-gates-at-work-shift"}, "image": {"alt": "Number of b's until the end against the shift in counts, -4 to 4. Seed 17 (circles, solid) is a straight line from 6 to 14. Seed 6 (squares, dashed) goes from 7 to 12. The best-correlated unit of seed 18 (crosses, dotted) is flat at 10, while another unit of seed 18 (large hollow triangles) lies on the line of seed 17."}} jupyter={"source_hidden": true}
rest = [k for k in range(4) if k != units[18]]
other = max(rest, key=lambda k: np.ptp(waited[18, k]))
fig, ax = plt.subplots()
ax.plot(moves, follows[17], "o-", label="seed 17")
ax.plot(moves, follows[6], "s--", label="seed 6")
ax.plot(moves, follows[18], "x:", label="seed 18, highest |r|")
ax.plot(moves, waited[18, other], "^", ms=14, mfc="none",
        label="seed 18, another unit")
ax.set(xlabel="shift of c, in counts", ylabel="b's until the end")
ax.legend()
plt.show()

# %% [markdown]
# The control: of the 60 other units two do it, those of seeds 18 and 19, whose best-correlated unit does
# nothing. So one unit is the counter in 14 networks, in 68 of 120 others. And a count can be shared. Move
# all four units at once, each by its own line: all networks but one wait one for one, and all but two of twenty
# fresh ones.
#
# Is the rule right, then, where the unit it reads is the counter? Of the 120 others that is so in 67. There four
# numbers come within a quarter for 50, elsewhere for 20 of 53; always saying 21 does for 42 and 25. That is no
# proof: in 34 of the 67 only one of the two comes near, the rule in 21, as a coin may. But it does order the
# 120 by where they fail (correlation of the ranks 0.7), which no constant can.
#
# ## One open question
#
# :::{admonition} Exercise 4 · Give the GRU a chance (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Predict*, *Test*. {cite:t}`weiss2018` say why an LSTM can count and a GRU
# cannot: $c$ adds, while a GRU's next state is an average of the old one and a candidate between $-1$ and 1, so
# it never leaves that range. Train 20 GRUs, `networks.counting_networks(range(20), "GRU")`, and `unpack` them.
# Then ask whether four units are too few for a GRU, or 1,500 updates: try `units=8`, and `updates=4_500`.
# Say before you run it what theory predicts. Report first wrong $n$ with counts over the
# seeds, and say what your result does not show.
# :::

# %% [markdown] nbgrader={"grade_id": "gru-chance", "solution": true, "grade": true, "points": 3}
# *Your answer here: what you predicted, the counts over the seeds, and what they do not show.*

# %% [markdown]
# :::{dropdown} One answer
# Theory predicts that a GRU fails soon and that neither change helps for long: in a state between $-1$ and 1
# the levels for successive counts crowd together. Of 20 GRUs with four units 19 learn the ten
# strings, and fail first at 11 to 14: each LSTM counts further than the GRU of its seed. With 8 units they
# fail at 11 to 13, with 4,500 updates nearly all at 11 to 13. That agrees with the theory. It does not show
# that no GRU can go further: larger $n$ in training would force finer levels.
# :::

# %% [markdown]
# ## What we saw
#
# - *Build*: a unit whose gates stay at 1 counts with its {term}`candidate`; its forget bias alone sets the range.
# - *Predict*: a leak $\varepsilon$ limits a counter to about $1/\sqrt{2 \varepsilon}$. Four numbers forecast
#   where seed 17 fails, as trained and clamped; over many networks they rank the
#   failures, but come within a quarter about as often as a constant.
# - *Test*: a high correlation is no counter: the unit may do nothing. Moving $c$ settles it: one unit moves the end
#   one for one in 14 of 20 networks, in 68 of 120 others; all four together in all but one of the 20.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`gers2001`: LSTMs learn $a^n b^n$ and $a^n b^n c^n$.
# - {cite:t}`weiss2018`: why LSTMs can count in finite precision and GRUs cannot.
# - {cite:t}`suzgun2019`: one LSTM unit is in practice enough for balanced brackets.
# - {cite:t}`elnaggar2022`: how LSTMs, GRUs and ReLU networks fail on much longer strings.
# - {cite:t}`elnaggar2023`: exact conditions for counting in a single linear cell.
