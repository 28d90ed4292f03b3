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
# # Which input shuts a gate?
#
# An LSTM reads a handwritten digit row by row, each row 28 pixels from 0 (paper) to 1 (ink). It has read 14 rows of
# an 8. The next row is yours. Each unit stores a number $c$, and its {term}`forget gate` says which share of $c$ is
# kept. Ink pixels until the gate of unit 1 is shut: until it keeps at most a tenth.
#
# :::{admonition} Predict first 1
# :class: predict
# Which pixels do you ink for unit 1? Then let unit 19 join. Each can be shut alone. Can one row shut both?
# And how could you convince somebody that *no* row does, of all the rows there are?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Each axis is what one unit's gate is computed from; both are shut in the lower left corner. The grey region holds all that legal rows reach. Once a line has it on one side and the corner on the other, no row shuts both gates. The line is the proof.", "name": "fig-shutting-a-gate-live"}} jupyter={"source_hidden": true}
# course_utils first: it keeps TensorFlow quiet
from course_utils import data, gates, inversion, live, networks, plotting
from course_utils.checks import shutting_a_gate as checks

import numpy as np

plotting.use_style()
images, labels = data.mnist_digits()
x = images[4_000:].astype(np.float64)  # not trained on
network = networks.row_lstm()
cell = gates.Gates.from_torch(network["cell"])
forget = cell.blocks["forget"]
h14 = cell.trace(x[:, :14]).h[:, -1]
W, a = forget.kernel, h14 @ forget.recurrent + forget.bias
live.InkTheRow(W, a[0], 1, 19)

# %% [markdown]
# :::{dropdown} Answer 1
# For one unit: ink every pixel that lowers it, and leave the others blank. For both: press *Best row for the line* and
# turn the line until the figure says *Proof*. Why that is a proof is the subject of *Several units*.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Find* the input that shuts one unit of a forget gate, in closed form and with legal pixels.
# - *Prove* that no legal row shuts two units at once.
# - *Search* a whole picture that shuts a unit no row can shut, and tell a search from a proof.
# :::
#
# **Time:** about 25 minutes, and 55 for the exercises; the code runs in about 20 seconds.
# **Needs:** the gates of an LSTM by name ([chapter 5](05_lstm_gate_slicing.md)), gradient descent on an input
# ([chapter 8](08_input_reconstruction.md)).
#
# The question is from a blog post {cite:p}`rnn_toy_model`, which leaves it open.

# %% [markdown]
# ## One unit, one row
#
# The {term}`cell state` of a unit is $c_t = f_t\, c_{t-1} + i_t\, g_t$, with the forget gate
#
# $$f_t = \sigma(z_t), \qquad z_t = x_t W + a, \qquad a = h_{t-1} U + b .$$
#
# $W$, $U$ and $b$ are here the forget gate's blocks alone; $W$ has a column $w$ for each of 64 units. Row 15 is
# free, and what was read before it is not, so the *offset* $a$ is a fixed number for each unit (the first cell's
# `W` and, for this 8, `a[0]`). A unit is shut when $f_t \le 0.1$, that is when $z_t \le \ln(0.1 / 0.9) \approx -2.2$.
#
# Without limits on the pixels, the nearest row to a blank one that shuts a unit is a multiple of $w$: the
# {term}`pseudo-inverse` again,
#
# $$x = w\, \frac{\ln(0.1 / 0.9) - a}{|w|^2} .$$
#
# :::{admonition} Predict first 2
# :class: predict
# A blank row leaves every unit open, for each of 1,000 digits. How often is this $x$ a legal row, with all
# pixels between 0 and 1?
# :::

# %%
print("a blank row leaves every unit open:", (a > np.log(1 / 9)).all())
print("units with no weight above 0:", (W <= 0).all(axis=0).sum(), "of 64")


# %% [markdown]
# :::{dropdown} Answer 2
# None, for any digit. The factor of $w$ is negative, so a pixel has the sign opposite to its weight. The row is legal only if none of
# the 28 weights is above 0: were signs tosses of a coin, for one unit in $2^{28}$.
# :::
#
# :::{admonition} Exercise 1 · How far can a gate go?
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Find*. Write `lowest_gate(W, offset)` for weights of shape
# (pixels, units) and offsets of shape (units,). It returns the lowest gate of each unit over all rows with
# pixels from 0 to 1, shape (units,). The chapter runs on your function.
# :::
#
# :::{dropdown} Hint 1
# Each pixel acts on $z$ by itself. Which pixels lower it?
# :::
#
# :::{dropdown} Hint 2
# `np.minimum(W, 0)` keeps the weights of these pixels.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "lowest_gate", "solution": true} jupyter={"source_hidden": true}
def lowest_gate(W: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return the lowest gate of each unit over all legal rows."""
    ### BEGIN SOLUTION
    low = offset + np.minimum(W, 0).sum(axis=0)
    return 1 / (1 + np.exp(-low))
    ### END SOLUTION


# %% nbgrader={"grade_id": "lowest_gate-check", "grade": true, "points": 1}
checks.lowest_gate(lowest_gate)

# %%
lowest = lowest_gate(W, a[0])
alone = np.flatnonzero(lowest <= 0.1)
print("units that some legal row shuts:", len(alone), "of 64")
every = np.array([lowest_gate(W, offsets) for offsets in a])
print(f"over 1,000 digits: {(every <= 0.1).mean():.0%} of units")


# %% [markdown]
# In an untrained network no legal row shuts any unit, for 20 of 20 seeds. Its weights lie evenly between
# $-1/8$ and $1/8$. Inking those below 0 lowers $z$ by about 0.9; as its forget bias starts at 1, it takes about 3.
#
# ## Several units: an input or a proof
#
# A demand on a unit is a linear inequality, $x \cdot w + a \le \ln(1/9)$. To shut several units, all must hold. To show
# that this is impossible, weigh the demands with numbers $v \ge 0$, one for each unit, and add them up. A row that
# met them all would meet the sum,
#
# $$x \cdot (W v) + a \cdot v \;\le\; \ln(1/9) \sum v .$$
#
# But that is one demand, like that of a single unit, and its best row inks the negative entries of $W v$. If
# even this row fails, nothing can succeed. Such $v$ is a {term}`certificate`. Whoever checks it need not trust the
# program that found it. And if there is no certificate, there is a row: that is a theorem, Farkas' lemma.
#
# :::{admonition} Exercise 2 · Believe no program
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Prove*. Someone claims that no row with pixels from 0 to 1
# brings all gates down to `opening`, and hands you `v`, one number a unit, as a proof. Write
# `proves(v, W, offset, opening)`. It returns True if `v` is a proof and False if it is not. False does
# not mean that the claim is wrong. The chapter runs on your function.
# :::
#
# :::{dropdown} Hint 1
# What is the least that $x \cdot (W v)$ can be?
# :::
#
# :::{dropdown} Hint 2
# What if an entry of $v$ is below 0, or all are 0? And the opening need not be 0.1.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "proves", "solution": true} jupyter={"source_hidden": true}
def proves(
    v: np.ndarray, W: np.ndarray, offset: np.ndarray, opening: float
) -> bool:
    """Return whether v proves that no legal row shuts all units."""
    ### BEGIN SOLUTION
    logit = np.log(opening / (1 - opening))
    best = np.minimum(W @ v, 0).sum() + offset @ v
    return bool((v >= 0).all() and best > logit * v.sum())
    ### END SOLUTION


# %% nbgrader={"grade_id": "proves-check", "grade": true, "points": 2}
checks.proves(proves)


# %% [markdown]
# :::{admonition} Exercise 3 · Find the proof
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Prove*. Write `pair_proof(W, offset, opening)` for two units, `W` of shape
# (pixels, 2). It returns a `v`, shape (2,), that proves that no legal row shuts both, or zeros if there is no such
# proof. You may use `proves`. No case is a close call.
# :::
#
# :::{dropdown} Hint 1
# Only the proportion of the two weights matters: $v = (1 - s, s)$.
# :::
#
# :::{dropdown} Hint 2
# One number from 0 to 1 can be tried in small steps.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "pair_proof", "solution": true} jupyter={"source_hidden": true}
def pair_proof(
    W: np.ndarray, offset: np.ndarray, opening: float
) -> np.ndarray:
    """Return a certificate for two units, or zeros if there is none."""
    ### BEGIN SOLUTION
    for s in np.linspace(0, 1, 201):
        v = np.array([1 - s, s])
        if proves(v, W, offset, opening):
            return v
    return np.zeros(2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "pair_proof-check", "grade": true, "points": 2}
checks.pair_proof(pair_proof)


# %% [markdown]
# For any number of units a linear program finds a row or a certificate: `inversion.shut_gate`. Take all pairs of units
# that can be shut alone, and compare your search, the program, and the trivial try of equal weights.

# %%
def proofs(p: list) -> list[np.ndarray]:
    """Return our search's, the program's and a trivial proof for a pair."""
    answer = inversion.shut_gate(
        W[:, p], a[0, p], opening=0.1, bounds=(0, 1))
    theirs = np.zeros(2) if answer.possible else answer.certificate
    return [pair_proof(W[:, p], a[0, p], 0.1), theirs, np.ones(2)]


# %%
from itertools import combinations

pairs = [list(pair) for pair in combinations(alone, 2)]
ours, theirs, trivial = np.transpose([
    [proves(v, W[:, p], a[0, p], 0.1) for v in proofs(p)] for p in pairs])
print(f"pairs: {len(pairs)}, proved impossible: {theirs.sum()}")
print("our search agrees for each pair:", (ours == theirs).all())
print("proved by equal weights:", trivial.sum())

# %% [markdown]
# Three units can be impossible though each two of them are not. Then two demands do not make the proof; it takes all three. In
# steps of $1/200$ that is 20,301 choices of $v$ instead of 201. The program searches no grid.

# %%
three, asked = [6, 19, 42], {"opening": 0.1, "bounds": (0, 1)}
for p in ([6, 19], [6, 42], [19, 42], three):
    answer = inversion.shut_gate(W[:, p], a[0, p], **asked)
    print(p, "possible" if answer.possible else "impossible")
for v in answer.certificate, np.ones(3):
    print("proof:", v.round(1), proves(v, W[:, three], a[0, three], 0.1))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Impossible means that a line fits between what rows reach and what is wanted. Left, one does. Right, the region reaches into the corner, and the dot is a row that shuts both.", "name": "fig-shutting-a-gate-line"}, "image": {"alt": "Two planes of the pre-activations of two units. A grey region with many sides shows what legal rows reach. A hatched square in the lower left is where both are below -2.2. Left, for units 1 and 19, a dashed straight line runs between region and square. Right, for units 18 and 44, the region overlaps the square, and a dot lies in both."}} jupyter={"source_hidden": true}
import matplotlib.pyplot as plt


def region(W: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return the corners of what legal rows reach with two units."""
    turn = np.linspace(0, 2 * np.pi, 721)
    rows = (W @ np.array([np.cos(turn), np.sin(turn)]) < 0).astype(float)
    return rows.T @ W + offset


shut, edge = np.log(1 / 9), np.array([-6.0, 4.5])
fig, axes = plt.subplots(1, 2, figsize=(plotting.WIDTH, 4), sharey=True)
for ax, p in zip(axes, ([1, 19], [18, 44])):
    ax.fill(*region(W[:, p], a[0, p]).T, color="#cccccc")
    ax.fill([-6, shut, shut, -6], [-6, -6, shut, shut], fill=False,
            hatch="//", color=plotting.COLOURS["vermilion"])
    answer = inversion.shut_gate(
        W[:, p], a[0, p], opening=0.1, bounds=(0, 1))
    if answer.possible:
        z = answer.input @ W[:, p] + a[0, p]
        ax.plot(*z, "o", color="black")
        ax.annotate("a row", z, (10, 10), textcoords="offset points")
    else:
        v = answer.certificate
        level = np.minimum(W[:, p] @ v, 0).sum() + a[0, p] @ v
        ax.plot(edge, (level - v[0] * edge) / v[1], "--", color="black")
        ax.annotate("the proof", (-1.3, -4.2))
    ax.annotate("both shut", (-5.7, -5.6), backgroundcolor="white")
    ax.set(xlabel=f"z of unit {p[0]}", title=f"units {p[0]} and {p[1]}",
           xlim=(-6, 4.5), ylim=(-6, 4.5))
axes[0].set(ylabel="z of the other unit")
plt.show()

# %% [markdown]
# [A page of the appendix](A6_counting_regions.md) counts how often one row can shut several units, trained and
# untrained.
#
# ## A whole picture
#
# 44 of 64 units no row shuts, even alone. But $h_{14}$ came from input too. Let all of the first 15 rows change: the gate
# is then a nonlinear function of 420 pixels, and no linear program decides it. We descend on them as in chapter 8,
# along the gradient of the {term}`cross-entropy` between gate and target, and after each step go to the nearest legal
# picture: {term}`projected gradient descent`. We start from the 8 with the best legal row in place of row 15; 64 copies
# go down at once, each for its own unit, and stop at a gate of 0.1.
#
# :::{admonition} Predict first 3
# :class: predict
# Of the 44 units that no row shuts, how many will a picture shut: none, half, three quarters, all?
# :::

# %%
import torch


def own_unit(lstm: torch.nn.LSTM, pictures: torch.Tensor) -> torch.Tensor:
    """Return z of unit k at row 15 for picture k."""
    h = lstm(pictures[:, :14])[0][:, -1]
    z = pictures[:, 14] @ lstm.weight_ih_l0.T + h @ lstm.weight_hh_l0.T
    z = z + lstm.bias_ih_l0 + lstm.bias_hh_l0
    return z[:, 64:128].diagonal()[:, None]  # the forget gate's block


# %%
start = np.repeat(x[:1], 64, axis=0)
start[:, 14] = W.T < 0
found = inversion.reconstruct(  # to 0.05, give or take 0.05
    lambda pictures: own_unit(network["cell"], pictures),
    np.full((64, 1), 0.05), start, tolerance=0.05, loss="cross-entropy",
    activation="sigmoid", bounds=(0, 1), learning_rate=10, steps=150)

# %%
hard = np.flatnonzero(found.converged & (lowest > 0.1))
print("shut, of the 44 that no row shuts: 30 to 38:", 30 <= len(hard) <= 38)
looked = (every <= 0.1).any(axis=0)
print("of the 44, by the top of another digit and one row: "
      "half:", round(looked[lowest > 0.1].mean(), 1) == 0.5)
print("by that, not by descent:", (looked & ~found.converged).sum())

# %% [markdown]
# :::{dropdown} Answer 3
# About three quarters: 34 on our machine. Training is not the same to the last digit elsewhere, so the page prints bounds.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Most units that no single row shuts are shut by a whole picture. Circles are exact. A cross above the dotted line proves nothing, because a descent may have missed a picture.", "name": "fig-shutting-a-gate-units"}, "image": {"alt": "Forget gate at row 15 for 64 units, sorted by their best legal row. The digit's own row (triangles) leaves most gates between 0.4 and 1. The best legal row (circles) rises steadily from 0 to about 0.8 and crosses the dotted line at 0.1 after 20 units. The best picture found (crosses) is at or below 0.1 for all but about ten units, most of them at the right end."}} jupyter={"source_hidden": true}
order = lowest.argsort()
usual = 1 / (1 + np.exp(-(a[0] + x[0, 14] @ W)))
fig, ax = plt.subplots()
ax.plot(usual[order], "^", label="the digit's own row 15")
ax.plot(lowest[order], "o", label="best legal row 15 (exact)")
ax.plot(found.outputs[order, 0], "x", label="best picture found")
ax.axhline(0.1, color="black", linestyle=":", linewidth=1, label="shut")
ax.set(xlabel="units, sorted by the best row",
       ylabel="forget gate at row 15")
ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
plt.show()

# %% [markdown]
# ## What could fool us
#
# **A picture that shuts any gate.** Each of these units has a picture of its own. Put every picture before every one of the units.

# %%
opened = cell.trace(found.inputs[hard]).gates["forget"][:, 14][:, hard]
own = np.eye(len(hard), dtype=bool)
shut = opened <= 0.1
print("shut by its own picture:", shut[own].all(),
      " by another unit's, less than 2%:", shut[~own].mean() < 0.02)

# %% [markdown]
# In 20 of 20 networks a picture shuts more than 45 units for this 8, and the same changes at scattered places shut none of those
# that no row shuts. For the next two digits too a picture shuts more than 45 of 64.
#
# **A descent where looking around would do.** A trivial search tries the tops of 1,000 digits, each with the unit's best
# row. It shuts half of the units that no row shuts under this 8. The descent shuts about a dozen more, and starts from
# this 8 alone.
#
# **A search taken for a proof.** The descent found no picture for about ten units. That says nothing: the trivial search
# shuts one of them. Only a certificate says "impossible", and for pictures we have none.
#
# ## One open question
#
# :::{admonition} Exercise 4 · Does it still see the digit? (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Search*. For each unit that was shut, let the network name
# the picture in `found.inputs`. (`network["readout"]` turns the last h into ten logits.) How often is it still the
# digit? Choose a control, and say what you can conclude about the unit and what you cannot.
# :::

# %% [markdown] nbgrader={"grade_id": "still-the-digit", "solution": true, "grade": true, "points": 3}
# *Your answer here: how often the digit is still named, your control, and what follows.*

# %% [markdown]
# :::{dropdown} One answer
# On our machine 54 pictures shut their unit. The network named 11 of them as the 8 that they came
# from; of the 34 that needed more than a row, 5. It looks as if shutting a unit made the network lose
# the digit. The control says otherwise: with changes of about the same size at scattered places it named
# 5 of those 34 as an 8, just as few, and none of their units was shut. So changes of this size destroy
# the digit whether or not the unit shuts. To learn what the unit does for the answer, set its gate to
# 0.1 by hand at row 15 and leave the picture alone, as chapter 6 does with its cell.
# :::

# %% [markdown]
# ## What we saw
#
# - *Find*: for one unit the shortest input is a multiple of its weights, and not legal here. The best row inks the negative
#   weights.
# - *Prove*: for several units there is a row or a certificate, a few numbers that one line checks.
# - *Search*: descent over whole pictures shuts about three quarters of the units that no row can; trying the tops of 1,000 other digits
#   already shuts half. What neither finds may exist.
#
# How strongly each pixel moves the *answer* is another question: [can a map of sensitivities be believed](A0_sensitivity_maps.md)?

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_toy_model`: the post that asks the question.
# - {cite:t}`gers2000`: why an LSTM has a forget gate.
