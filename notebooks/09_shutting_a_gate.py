# ---
# jupyter:
#   jupytext:
#     default_lexer: ipython3
#     formats: md:myst,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which input shuts a gate?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Find* the input that shuts one unit of a forget gate, in closed form and with legal pixels.
# - *Prove* that no legal input shuts several units at once.
# - *Predict* how often one input can shut several random units, and say how a trained gate differs.
# - *Search* a whole legal picture that shuts a unit, and measure what the unit forgets.
# - *Judge* a sensitivity map by comparing it with controls.
# :::
#
# **Time:** about 50 minutes, and 65 for the exercises; the code runs in about a minute.
# **Needs:** the gates of an LSTM by name, linear inequalities, gradient descent on an input
# ([chapter 8](08_input_reconstruction.md)).
#
# A tutorial on reconstructing inputs {cite:p}`rnn_toy_model` names two reasons to do it. One wants
# to know which input shuts a unit of a {term}`forget gate`, and how sensitive an output is to its
# input. It follows up neither. We do both, on a network whose inputs have limits: pixels.

# %% [markdown]
# ## The network and the question
#
# The LSTM reads a handwritten digit as 28 rows of 28 pixels, each from 0 (paper) to 1 (ink), and
# names the digit after the last row. It has 64 units. `networks.row_lstm` trains it on 4,000 digits
# and keeps 1,000 out. A second seed and an untrained network serve as controls.

# %%
from course_utils import data, gates, inversion, networks, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import shutting_a_gate as checks

from itertools import combinations, product
from math import comb

import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()
training.seed_everything(0)

# %%
images, labels = data.mnist_digits()
x, y = images[4_000:].astype(np.float64), labels[4_000:]
network, second, control = (networks.row_lstm(seed, updates=updates)
                            for seed, updates in ((0, 400), (1, 400), (0, 0)))
cell = gates.Gates.from_torch(network["cell"])


def logits(net: object, pictures: torch.Tensor) -> torch.Tensor:
    """Return the ten logits after the last row."""
    return net["readout"](net["cell"](pictures)[0][:, -1])


for name, net in (("seed 0", network), ("seed 1", second), ("untrained", control)):
    right = (logits(net, torch.tensor(x)).argmax(dim=1).numpy() == y).mean()
    print(f"{name:9} names more than 90% of the held-out digits:", bool(right > 0.9))


# %% [markdown]
# The {term}`cell state` of a unit is $c_t = f_t\, c_{t-1} + i_t\, g_t$, with the forget gate
#
# $$f_t = \sigma(z_t), \qquad z_t = x_t W + h_{t-1} U + b .$$
#
# $W$ has 28 rows and a column $w$ for each unit. In this chapter $W$, $U$ and $b$ are the forget
# gate's blocks alone. We call a unit shut when $f_t \le \epsilon$, with $\epsilon = 0.1$: at most a
# tenth of $c_{t-1}$ passes. That is the same as $z_t \le \operatorname{logit}(\epsilon)$, where
# $\operatorname{logit}(\epsilon) = \ln(\epsilon / (1 - \epsilon)) \approx -2.2$.
#
# We ask it in the middle of the picture. The network has read 14 rows of a real digit, so
# $h_{14}$ is fixed, and with it the *offset* $a = h_{14} U + b$, a number for each unit. We are free
# to choose row 15. In code it is `x[:, 14]`.

# %%
def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return the logistic sigmoid."""
    return 1 / (1 + np.exp(-z))


def offsets(net: gates.Gates, pictures: np.ndarray) -> np.ndarray:
    """Return h_14 U + b of the forget gate, shape (pictures, units)."""
    forget = net.blocks["forget"]
    return net.trace(pictures[:, :14]).h[:, -1] @ forget.recurrent + forget.bias


W, a = cell.blocks["forget"].kernel, offsets(cell, x)
usual = sigmoid(a + x[:, 14] @ W)
print("W:", W.shape, "  offsets:", a.shape)
print(f"gates shut by the digit's own row 15: {(usual <= 0.1).mean():.1%}")


# %% [markdown]
# ## One unit, one row
#
# Without limits on the pixels the answer has a closed form. One inequality,
# $x \cdot w + a \le \operatorname{logit}(\epsilon)$, is a half-space of inputs. If a blank row leaves
# the unit open, the point nearest to that row is a multiple of $w$:
#
# $$x = w\, \frac{\operatorname{logit}(\epsilon) - a}{|w|^2} .$$

# %%
def shortest(w: np.ndarray, offset: float, opening: float = 0.1) -> np.ndarray:
    """Return the shortest input that brings sigmoid(x . w + offset) down to an opening."""
    return w * min(np.log(opening / (1 - opening)) - offset, 0) / (w @ w)


lowest = sigmoid(a[0] + np.minimum(W, 0).sum(axis=0))  # explained below
unit = int(np.where(lowest <= 0.1, lowest, 0).argmax())
row = shortest(W[:, unit], a[0, unit])
print(f"gate at this input: {sigmoid(row @ W[:, unit] + a[0, unit]):.3f}")
print("as shut_gate:", np.allclose(row, inversion.shut_gate(W[:, [unit]], a[0, [unit]],
                                                            opening=0.1).input))

# %% [markdown]
# :::{admonition} Predict first 1
# :class: predict
# A pixel is legal between 0 and 1. For how many of the 64 units is the closed form a legal row, if a
# blank row leaves the unit open?
# :::

# %%
legal = [bool(((r >= 0) & (r <= 1)).all()) for offset in a[:200]
         for r in map(shortest, W.T, offset)]
print(f"legal: {sum(legal)} of {len(legal):,}  (64 units, 200 digits)")


# %% [markdown]
# :::{dropdown} Answer 1
# None, unless by a rare accident. The factor in front of $w$ is negative, so every pixel has the sign
# opposite to its weight. The row is legal only if no weight of the unit is above 0. If signs were
# fair coins, that would happen once in $2^{28}$ units.
# :::
#
# The best legal row is as easy. Each pixel acts on $z$ by itself, so **ink every pixel whose weight is
# negative and leave the others blank**. No legal row gives a lower gate: $z$ cannot fall below $a$
# plus the sum of the negative weights. That is `lowest` in the code above.

# %%
def shuttable(net: object) -> float:
    """Return the share of units and digits for which some legal row shuts the gate."""
    net = gates.Gates.from_torch(net["cell"])
    deepest = np.minimum(net.blocks["forget"].kernel, 0).sum(axis=0)
    return float((sigmoid(offsets(net, x) + deepest) <= 0.1).mean())


print(f"some legal row shuts the unit: trained {shuttable(network):.0%}, "
      f"untrained {shuttable(control):.0%}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The closed form asks for pixels lighter than paper, and some darker than ink. The best legal row keeps its signs only, with full ink wherever the closed form is above zero.", "name": "fig-shutting-a-gate-row"}, "image": {"alt": "Values of the 28 pixels of a row. The closed form (line with circles) swings on both sides of zero, from about -0.6 to above 1.5, so it leaves the legal band from 0 to 1 at both ends. The best legal row (pale bars) is 1 wherever the closed form is above zero and 0 elsewhere."}}
fig, ax = plt.subplots()
ax.bar(range(1, 29), W[:, unit] < 0, color="#dddddd", edgecolor="#777777", label="best legal row")
ax.plot(range(1, 29), row, "o-", label="closed form, shortest")
ax.axhline(0, color="black", linewidth=1)
ax.set(xlabel="pixel of the row", ylabel="value", ylim=(-0.9, 2.4))
ax.legend(loc="upper left", ncols=2)
plt.show()


# %% [markdown]
# ## Several units: an input or a proof
#
# To shut several units, all inequalities must hold at once. This is a question of *linear
# feasibility*, and a linear program settles it. If there is no such row, there is a
# {term}`certificate`: weights $v \ge 0$, one for each unit. Weigh the units' inequalities by $v$ and
# add them up. Any row that met all of them would meet the sum,
#
# $$x \cdot (W v) + a \cdot v \;\le\; \operatorname{logit}(\epsilon) \sum v .$$
#
# But the sum is one demand, like that of a single unit, so we know its best legal row. If even that
# one fails, nothing can succeed. The proof is checked without trusting the program that found it.

# %%
def least_excess(v: np.ndarray, W: np.ndarray, offset: np.ndarray) -> float:
    """Return by how much the best legal row still misses the demand weighed by v."""
    return float(np.minimum(W @ v, 0).sum() + offset @ v - np.log(1 / 9) * v.sum())


alone = np.flatnonzero(lowest <= 0.1)
pairs = [list(pair) for pair in combinations(alone, 2)]
answers = [inversion.shut_gate(W[:, p], a[0, p], opening=0.1, bounds=(0, 1)) for p in pairs]
stuck = [(p, answer) for p, answer in zip(pairs, answers) if not answer.possible]
print(f"units that can be shut alone: {len(alone)}, so {len(pairs)} pairs")
print("pairs that no legal row shuts:", len(stuck))
misses = [least_excess(answer.certificate, W[:, p], a[0, p]) for p, answer in stuck]
print("every certificate checked, excess above 0:", min(misses) > 0)

# %%
every = inversion.shut_gate(W, a[0], opening=0.1, bounds=(0, 1))
print("all 64:", every)
print(f"checked by hand: {least_excess(every.certificate, W, a[0]):.2f}")


# %% [markdown]
# A few units are enough to prove that all 64 cannot be shut: the certificate gives the others weight
# 0.

# %% [markdown]
# ## How often is it possible?
#
# Take random weights first. Let the weights of $n$ units on $d$ inputs be drawn, for each unit on its
# own, from a distribution that is symmetric about 0, without offsets and without limits on the input.
# Is there an input that pushes all $n$ units down? If there is, a longer one shuts them.
#
# :::{admonition} Predict first 2
# :class: predict
# With a single input, $d = 1$, what is the chance that one input pushes $n$ units down? What if the
# input cannot be negative?
# :::
#
# :::{dropdown} Answer 2
# The $n$ weights must have the same sign: $2 \cdot 2^{-n}$. If the input cannot be negative they must
# all be negative: $2^{-n}$. That is what $n + 1$ units would have without the limit.
# :::
#
# {cite:t}`wendel1962` counted it for all $d$. Flipping the sign of a unit's weights gives another
# unit, just as likely. Of the $2^n$ ways to flip, $n$ planes through the origin make exactly
# $2 \sum_{k<d} \binom{n-1}{k}$ possible, one for each region into which they cut the inputs. (No $d$
# weight vectors may be linearly dependent; drawn from a density, they are not.) So
#
# $$P(n, d) = 2^{1-n} \sum_{k=0}^{d-1} \binom{n-1}{k} :$$
#
# 1 for $n \le d$, and ½ at $n = 2d$. The demand that a pixel is at least 0 is one more plane. If the
# distribution also stays the same when an input changes sign, all flips of $n + d$ planes are equally
# likely. So with pixels that can be as dark as we like, but not negative, the chance is $P(n + d, d)$:
# ½ at $n = d$.

# %%
def wendel(n: int, d: int) -> float:
    """Return the chance that some input in d dimensions is on the right side of n planes."""
    return sum(comb(n - 1, k) for k in range(d)) / 2 ** (n - 1)


def measured(n: int, d: int, least: float, draws: int = 100) -> float:
    """Return how often random units can be shut by inputs of at least a number."""
    rng = np.random.default_rng(n)
    return float(np.mean([inversion.shut_gate(rng.normal(size=(d, n)), np.zeros(n),
                                              bounds=(least, np.inf)).possible
                          for _ in range(draws)]))


counts = np.array([4, 8, 12, 16, 20, 24])
free, inked = (np.array([measured(n, 8, least) for n in training.progress(counts, "units")])
               for least in (-np.inf, 0))
print("units  free: predicted, measured   not negative: predicted, measured")
for n, f, i in zip(counts, free, inked):
    print(f"{n:5}{wendel(n, 8):17.2f}{f:10.2f}{wendel(n + 8, 8):24.2f}{i:10.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "For random units the count holds. Limiting 8 inputs to one sign costs as much as 8 more units.", "name": "fig-shutting-a-gate-wendel"}, "image": {"alt": "Chance against the number of units, 1 to 28, for 8 inputs. The curve for free inputs (solid) stays at 1 up to 8 units, passes one half at 16 and is near 0 at 28. The curve for inputs that cannot be negative (dashed) has the same shape 8 units earlier, with one half at 8. Measured circles (free) and squares (not negative), each of 100 draws, lie close to their curves."}}
fig, ax = plt.subplots()
line = np.arange(1, 29)
ax.plot(line, [wendel(n, 8) for n in line], "-", label="free inputs, predicted")
ax.plot(line, [wendel(n + 8, 8) for n in line], "--", label="not negative, predicted")
ax.plot(counts, free, "o", color=plotting.COLOURS["blue"], label="free, measured")
ax.plot(counts, inked, "s", color=plotting.COLOURS["vermilion"], label="not negative, measured")
ax.set(xlabel="number of units n", ylabel="chance that one input shuts all")
ax.legend()
plt.show()


# %% [markdown]
# Now the networks. We draw 40 random sets of $k$ of the 64 units, each for another digit, and ask
# twice. *Downward*: can added ink, as dark as we like, push all $k$ down? That is what
# $P(k + 28, 28)$ predicts. *Shut*: does a row with pixels from 0 to 1 shut all $k$? There are two
# controls: 40 untrained networks, a new one for each set; and the trained weights, each with its sign
# given by a fair coin.

# %%
def flipped(W: np.ndarray, seed: int) -> np.ndarray:
    """Return the weights with signs drawn by fair coins."""
    return W * np.random.default_rng(seed).choice([-1, 1], W.shape)


def downward(kernels: list[np.ndarray], k: int) -> float:
    """Return how often added ink can push k random units down, a set for each kernel."""
    rng = np.random.default_rng(k)
    sets = [W[:, rng.choice(64, k, replace=False)] for W in kernels]
    return float(np.mean([inversion.shut_gate(W, np.zeros(k), bounds=(0, np.inf)).possible
                          for W in sets]))


def shut_sets(k: int) -> float:
    """Return how often a legal row shuts k random units of the trained network."""
    rng = np.random.default_rng(k)
    sets = [rng.choice(64, k, replace=False) for _ in range(40)]
    return float(np.mean([inversion.shut_gate(W[:, s], offset[s], opening=0.1,
                                              bounds=(0, 1)).possible
                          for s, offset in zip(sets, a)]))


# %%
W_second = gates.Gates.from_torch(second["cell"]).blocks["forget"].kernel
fresh = [gates.Gates.from_torch(networks.row_lstm(seed, updates=0)["cell"]) for seed in range(40)]
kernels = {"seed 0": [W] * 40, "seed 1": [W_second] * 40,
           "untrained": [net.blocks["forget"].kernel for net in fresh],
           "signs flipped": [flipped(W, seed) for seed in range(40)]}
sizes = [1, 2, 4, 8, 16, 22, 28, 34, 40]
shares = {name: [downward(group, k) for k in training.progress(sizes, name)]
          for name, group in kernels.items()}
shares["shut, seed 0"] = [shut_sets(k) for k in training.progress(sizes, "shut")]
print("units          ", *(f"{k:5}" for k in sizes))
print("predicted      ", *(f"{wendel(k + 28, 28):5.2f}" for k in sizes))
for name, share in shares.items():
    print(f"{name:15}", *(f"{value:5.2f}" for value in share))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Both controls follow the count. The trained networks do not, and their two seeds disagree with each other.", "name": "fig-shutting-a-gate-subsets"}, "image": {"alt": "Share of 40 random sets that added ink can push down, against the number of units, 1 to 40. The predicted curve (solid) stays near 1 up to 16 units, is one half at 28 and 0.07 at 40. Untrained networks (squares) and trained weights with flipped signs (triangles) lie near it. Seed 0 (circles, dashed) falls much earlier and is 0 from 28 on. Seed 1 (crosses, dash-dotted) lies between them."}}
fig, ax = plt.subplots()
ax.plot(sizes, [wendel(k + 28, 28) for k in sizes], "-", color="black", label="predicted")
for name, style in (("untrained", "s"), ("signs flipped", "^"), ("seed 0", "o--"), ("seed 1", "x-.")):
    ax.plot(sizes, shares[name], style, label=name)
ax.set(xlabel="number of units k", ylabel="share of sets pushed down")
ax.legend()
plt.show()


# %% [markdown]
# The count needs symmetry, and training removes it. We measured 20 seeds with 20 sets of 16 units
# each. The trained share is below 0.8 in 9 of 20 networks and goes down to 0.4; the untrained share
# is never below 0.9. Without any limit on the pixels the surprise is on the other side. All 64 units
# can then be shut at once in 20 of 20 trained networks, where $P(64, 28) \approx 0.16$; in untrained
# ones it is 3 of 20.
#
# Pushing down is not shutting, because ink ends at 1. The last row of the table says how little is
# left: a legal row shuts 40% of the single units drawn and none of the 40 random pairs. Forty draws are
# few: above, for the first digit, $190 - 27 = 163$ pairs could be shut, which is 8% of all 2,016.

# %% [markdown]
# ## A whole picture
#
# One row cannot shut most units. But the state $h_{14}$ came from input too. So let all of the first
# 15 rows change. The gate is now a nonlinear function of 420 pixels, and no linear program decides
# it. We descend as in chapter 8, along the gradient of the cross-entropy between gate and target, and
# after each step go to the nearest legal picture: {term}`projected gradient descent`. We start from a
# digit whose row 15 is already the best legal row. Sixty-four copies go down at once, each for its
# own unit. A target of 0.05 with a tolerance of 0.05 stops a copy as soon as its unit is shut.

# %%
def forget_gate(net: object, pictures: torch.Tensor) -> torch.Tensor:
    """Return the pre-activations of the forget gate at row 15."""
    lstm = net["cell"]
    h = lstm(pictures[:, :14])[0][:, -1]
    z = pictures[:, 14] @ lstm.weight_ih_l0.T + h @ lstm.weight_hh_l0.T
    return (z + lstm.bias_ih_l0 + lstm.bias_hh_l0)[:, 64:128]


def own_unit(pictures: torch.Tensor) -> torch.Tensor:
    """Return the pre-activation of unit k for picture k."""
    return forget_gate(network, pictures).diagonal()[:, None]


start = np.repeat(x[:1], 64, axis=0)
start[:, 14] = W.T < 0
found = inversion.reconstruct(own_unit, np.full((64, 1), 0.05), start, learning_rate=10, steps=150,
                              loss="cross-entropy", activation="sigmoid", bounds=(0, 1),
                              tolerance=0.05)
gate = found.outputs[:, 0]
print("legal:", bool((found.inputs >= 0).all() and (found.inputs <= 1).all()))
print(f"shut by one row: {(lowest <= 0.1).sum()} of 64 units")
print("shut by a picture: more than 45:", bool(found.converged.sum() > 45))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Most units that no single row shuts are shut by a whole picture. The best row is a proof of how far a row can go; a cross above the dotted line proves nothing.", "name": "fig-shutting-a-gate-units"}, "image": {"alt": "Forget gate at row 15 for 64 units, sorted by their best legal row. The digit's own row (triangles) leaves most gates between 0.4 and 1. The best legal row (circles) rises steadily from 0 to about 0.8 and crosses the dotted line at 0.1 after 20 units. The best picture found (crosses) is at or below 0.1 for all but about ten units, most of them at the right end."}}
fig, ax = plt.subplots()
order = lowest.argsort()
ax.plot(usual[0, order], "^", label="the digit's own row 15")
ax.plot(lowest[order], "o", label="best legal row 15 (exact)")
ax.plot(gate[order], "x", label="best picture found")
ax.axhline(0.1, color="black", linestyle=":", linewidth=1, label="shut")
ax.set(xlabel="units, sorted by the best row", ylabel="forget gate at row 15")
ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
plt.show()


# %% [markdown]
# The circles are exact. The crosses are only what a descent found: an open unit may have a picture
# that we missed.
#
# ### What the unit forgets
#
# Through its own gate, $\partial c_t / \partial c_{t-1} = f_t$, unit by unit. On this *direct path*
# the share of $c_{14}$ that is left after row 28 is the product $f_{15} f_{16} \cdots f_{28}$.
#
# :::{admonition} Predict first 3
# :class: predict
# A unit's gate is 0.95 in each of 14 rows. How much of its state survives them? How much if one of
# the 14 gates falls to 0.1?
# :::
#
# :::{dropdown} Answer 3
# $0.95^{14} \approx 0.49$. With one gate at 0.1, $0.95^{13} \cdot 0.1 \approx 0.05$. One row is
# enough to forget, and what is forgotten stays forgotten.
# :::
#
# We take the unit with the longest memory among those that a picture shut and no row could. The
# digit with this unit's best row is the comparison in between. To measure, we nudge the unit's
# $c_{14}$ by 0.1, run on, and see what is left of the nudge in $c_{28}$. Unlike the product, this
# includes the detours: $c$ shows in $h$, and $h$ in all gates.

# %%
def gate_at(picture: np.ndarray, unit: int) -> float:
    """Return the forget gate of a unit at row 15."""
    return float(cell.trace(picture[np.newaxis]).gates["forget"][0, 14, unit])


def survival(picture: np.ndarray, unit: int, nudge: float = 0.1) -> tuple[float, float]:
    """Return what is left of c_14 after row 28: on the direct path, and of a nudge."""
    upper = cell.trace(picture[np.newaxis, :14])
    h, c = upper.h[:, -1], upper.c[:, -1]
    lower = cell.trace(picture[np.newaxis, 14:], h, c)
    nudged = cell.trace(picture[np.newaxis, 14:], h, c + nudge * np.eye(64)[unit])
    left = (nudged.c - lower.c)[0, -1, unit] / nudge
    return float(lower.gates["forget"][0, :, unit].prod()), float(left)


hard = np.flatnonzero(found.converged & (lowest > 0.1))
unit = max(hard, key=lambda k: survival(x[0], k)[0])
pictures = {"digit": x[0], "with the best row": start[unit], "shut picture": found.inputs[unit]}
for name, picture in pictures.items():
    path, left = survival(picture, unit)
    print(f"{name:18} gate {gate_at(picture, unit):.2f}, left of c_14: direct path {path:.2f}, "
          f"nudge {left:.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A legal picture shuts the gate at row 15 and lowers it in the rows around. Of what the unit stored in the upper half, next to nothing is left at the end.", "name": "fig-shutting-a-gate-memory"}, "image": {"alt": "Two rows of a picture on the left and curves over 28 rows on the right. Above, a handwritten 8; its forget gate (dashed) stays between 0.75 and 1, and the cell state (solid) sinks to -1.8 before it rises in the last rows. Below, the same 8 with ink changed in its first 15 rows. The gate sinks from row 10 on, with a notch at row 15 (dotted line) down to 0.08, and the cell state rises from about -1.7 at row 10 to -0.4 there."}}
fig, axes = plt.subplots(2, 2, figsize=(plotting.WIDTH, 5.5), width_ratios=[1, 2])
axes[1, 1].sharey(axes[0, 1])
for (left, right), picture, name in zip(axes, (x[0], found.inputs[unit]), ("digit", "shut")):
    left.imshow(1 - picture, cmap="gray", vmin=0, vmax=1)
    left.axhline(14, color=plotting.COLOURS["vermilion"], linestyle="--")
    left.set(title=name, xticks=[], yticks=[])
    left.grid(False)
    trace = cell.trace(picture[np.newaxis])
    right.plot(range(1, 29), trace.c[0, :, unit], label="cell state c")
    right.plot(range(1, 29), trace.gates["forget"][0, :, unit], label="forget gate f")
    right.axvline(15, color="black", linestyle=":", linewidth=1)
axes[0, 1].legend(loc="upper right", bbox_to_anchor=(1, 1.3), ncols=2)
axes[1, 1].set(xlabel="row read")
plt.show()

# %% [markdown]
# The best row alone leaves more than half, and the picture erases the unit's memory. Row 15 does not
# do it alone: with a gate of 0.08 in place of 0.99, about 0.06 of $c_{14}$ would be left. The new
# upper half also leaves another $h$, which lowers the gates below, as the figure shows. Nudge and
# direct path agree closely: in this unit the detours hardly matter. What is gone is the unit's own
# store, not every trace of the upper half: behind the upper halves of other digits the same lower
# rows end with another $c$, because $h_{14}$ and the other units still act on its gates.

# %% [markdown]
# ## When there are only three inputs
#
# The LSTM of [chapter 6](06_lstm_gates_at_work.md) reads one of three symbols at a step. It has few
# inputs and many histories, so we answer by trying all: every string of up to seven symbols, sensible
# or not.

# %%
counter = gates.Gates.from_torch(networks.counting_lstm()["cell"])
strings = np.eye(3)[list(product(range(3), repeat=7))]
opened = counter.trace(strings).gates["forget"]
print(f"{len(strings):,} strings of seven symbols")
for k in range(4):
    which, step = np.unravel_index(opened[..., k].argmin(), opened.shape[:2])
    text = "".join(data.SYMBOLS[s] for s in strings[which, : step + 1].argmax(axis=1))
    print(f"unit {k}: forget gate at least {opened[..., k].min():.2f}, reached by {text}")

# %% [markdown]
# Only unit 1 can be shut. Unit 3 is the one whose $c$ follows the count in chapter 6. Within seven
# symbols nothing brings its forget gate below 0.44: with three possible inputs there is no legal way
# to make this counter drop what it holds in one step. It is a statement about these strings; a longer
# history might reach further.

# %% [markdown]
# ## How sensitive is the output?
#
# The {term}`sensitivity` of an output to an input is its derivative. For a linear network it is the
# same everywhere: in $h_t = x_t W + h_{t-1} U + b$, the input $k$ steps before the end meets $W$ once
# and $U$ $k$ times, so
#
# $$\frac{\partial h_T}{\partial x_{T-k}} = W U^k .$$
#
# :::{admonition} Predict first 4
# :class: predict
# The tutorial of [chapter 1](01_linear_rnn_sum.md) ended with $W = 0.99675$ and $U = 1.00107$ for a
# network that should add digits. Of 100 digits, which one moves the output most?
# :::

# %%
W1, U1, b1 = 0.99675155, 1.00106668, 0.01110852


def add(digits: torch.Tensor) -> torch.Tensor:
    """Return the last state of the tutorial's network."""
    h = torch.zeros_like(digits[:, 0])
    for t in range(digits.shape[1]):
        h = digits[:, t] * W1 + h * U1 + b1
    return h[:, None]


slopes = inversion.sensitivity(add, np.full((1, 100), 4.5))[0, 0]
print("equal to W U^k:", np.allclose(slopes, W1 * U1 ** np.arange(99, -1, -1)))
print(f"first digit {slopes[0]:.3f}, last digit {slopes[-1]:.3f}")

# %% [markdown]
# :::{dropdown} Answer 4
# The first: $W U^{99} \approx 1.108$, against $W \approx 0.997$ for the last.
# :::
#
# For the LSTM the derivative changes with the picture. `inversion.sensitivity` follows the gradient
# from the logit of the true digit back to all 784 pixels: a {term}`saliency map` {cite:p}`simonyan2014`.

# %%
few, names = x[:100], y[:100]


def saliency(net: object) -> np.ndarray:
    """Return the derivative of each picture's true logit by its pixels, (100, 28, 28)."""
    slopes = inversion.sensitivity(lambda pictures: logits(net, pictures), few)
    return slopes[np.arange(100), names]


maps = saliency(network)
step = np.zeros((784, 28, 28))
step.reshape(784, 784)[:] = 1e-4 * np.eye(784)
with torch.no_grad():
    up, down = (logits(network, torch.tensor(few[0] + s)) for s in (step, -step))
differences = (up - down)[:, names[0]].numpy().reshape(28, 28) / 2e-4
print("finite differences agree:", np.allclose(differences, maps[0], atol=1e-5))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Every map has structure that invites a story. Which of them means anything cannot be seen; the next section measures it.", "name": "fig-shutting-a-gate-saliency"}, "image": {"alt": "Four square panels. The first is a handwritten 8. The others show the derivative of a logit by each pixel, red for positive and blue for negative, for seed 0, seed 1 and the untrained network, each scaled to its own largest value. The trained maps have patches of both colours all over the picture; the untrained map is pale but for vertical stripes in the last rows."}}
fig, axes = plt.subplots(1, 4, figsize=(plotting.WIDTH, 2.3))
shown = {"seed 0": maps[0], "seed 1": saliency(second)[0], "untrained": saliency(control)[0]}
axes[0].imshow(1 - few[0], cmap="gray")
for ax, picture in zip(axes[1:], shown.values()):
    ax.imshow(picture, cmap="RdBu_r", vmin=-abs(picture).max(), vmax=abs(picture).max())
for ax, name in zip(axes, ["digit", *shown]):
    ax.set(title=name, xticks=[], yticks=[])
    ax.grid(False)
plt.show()


# %% [markdown]
# ## What could fool us
#
# **A gradient that is right and a map that says nothing.** Finite differences only show that the
# derivative is computed correctly. {cite:t}`adebayo2018` found saliency methods whose pictures hardly
# change when the network's weights are randomised; the plain derivative passed their tests. So we
# compare our maps with those of a second trained network, of an untrained one, of one with shuffled
# weights, and with the maps of other pictures. Then we use each map: move the ten pixels that should
# hurt most to 0 or 1, and count how many of 100 digits the network still names rightly.

# %%
def shuffled(net: object) -> object:
    """Return a network with the same weights in another order, array by array."""
    other, rng = networks.row_lstm(updates=0), np.random.default_rng(0)
    with torch.no_grad():
        for ours, theirs in zip(other.parameters(), net.parameters()):
            ours.copy_(torch.tensor(rng.permutation(theirs.numpy().ravel())).view_as(ours))
    return other


others = {"same network": maps, "trained, seed 1": saliency(second),
          "next picture's map": np.roll(maps, -1, axis=0), "untrained": saliency(control),
          "shuffled weights": saliency(shuffled(network))}


# %%
def agreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the correlation of two maps, averaged over the pictures."""
    return float(np.mean([np.corrcoef(m.ravel(), n.ravel())[0, 1] for m, n in zip(ours, theirs)]))


def still_right(chosen: np.ndarray, count: int = 10) -> float:
    """Return the accuracy after the pixels that a map says hurt most are inked or erased."""
    changed = np.where(chosen > 0, 0.0, 1.0)
    loss = chosen * (few - changed)
    worst = loss.reshape(100, -1).argsort(axis=1)[:, -count:]
    pictures = few.reshape(100, -1).copy()
    np.put_along_axis(pictures, worst, np.take_along_axis(changed.reshape(100, -1), worst, 1), 1)
    answers = logits(network, torch.tensor(pictures.reshape(few.shape))).argmax(dim=1)
    return float((answers.numpy() == names).mean())


unchanged = float((logits(network, torch.tensor(few)).argmax(dim=1).numpy() == names).mean())
print(f"right without a change: {unchanged:.2f}")
print("map of                 correlation   of sizes   right after ten pixels")
for name, theirs in others.items():
    print(f"{name:20}{agreement(maps, theirs):14.2f}{agreement(abs(maps), abs(theirs)):11.2f}"
          f"{still_right(theirs):13.2f}")


# %% [markdown]
# The last three rows are controls, and their correlations are close to 0. Their *sizes* still agree
# a little, in all three, and more than the maps do in 19 of 20 networks. A picture of sizes, the usual
# one, is therefore the easier one to be fooled by. The last column decides: ten pixels chosen by the
# network's own map cost it far more digits than ten chosen by any control, by 15 digits or more for
# 20 of 20 networks.
#
# **A gate that is shut by any change.** Perhaps any disturbance of the picture shuts the unit. The
# control takes the same changes of the pixels and puts each at another place, with its sign turned
# where the pixel would leave the range from 0 to 1.

# %%
def scattered(picture: np.ndarray, seed: int) -> np.ndarray:
    """Return the digit with a picture's changes at other places of the first 15 rows."""
    change = np.random.default_rng(seed).permutation((picture - x[0])[:15].ravel())
    change, moved = change.reshape(15, 28), x[0].copy()
    there = moved[:15] + change
    there = np.where((there < 0) | (there > 1), moved[:15] - change, there)
    moved[:15] = np.clip(there, 0, 1)
    return moved


gates_there = np.array([gate_at(scattered(found.inputs[k], k), k) for k in hard])
print("units that a picture shut and no row could: more than 25:", len(hard) > 25)
print("of these, shut by scattered changes:", (gates_there <= 0.1).sum())


# %% [markdown]
# **One digit.** Everything on pictures was shown for the first held-out digit. For the next two the
# same descent shuts more than 45 of 64 units as well.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · How far can a gate go?
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Find*. Write `gate_range(W, offset)` for weights of shape
# (pixels, units) and offsets of shape (units,). It returns two arrays of shape (units,): the lowest and
# the highest gate of each unit over all rows with pixels from 0 to 1.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "gate_range", "solution": true}
def gate_range(W: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest gate of each unit over all legal rows."""
    ### BEGIN SOLUTION
    low = offset + np.minimum(W, 0).sum(axis=0)
    high = offset + np.maximum(W, 0).sum(axis=0)
    return 1 / (1 + np.exp(-low)), 1 / (1 + np.exp(-high))
    ### END SOLUTION


# %% nbgrader={"grade_id": "gate_range-check", "grade": true, "points": 1}
checks.gate_range(gate_range)


# %% [markdown]
# :::{admonition} Exercise 2 · Believe no program
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Prove*. Someone claims that no row with pixels from 0 to 1
# brings all gates down to `opening`, and hands you `v`, one number a unit, as a proof. Write
# `proves(v, W, offset, opening)`. It returns True if `v` is a proof and False if it is not. False does
# not mean that the claim is wrong.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "proves", "solution": true}
def proves(v: np.ndarray, W: np.ndarray, offset: np.ndarray, opening: float) -> bool:
    """Return whether v proves that no legal row brings all gates down to the opening."""
    ### BEGIN SOLUTION
    logit = np.log(opening / (1 - opening))
    best = np.minimum(W @ v, 0).sum() + offset @ v
    return bool((v >= 0).all() and best > logit * v.sum())
    ### END SOLUTION


# %% nbgrader={"grade_id": "proves-check", "grade": true, "points": 2}
checks.proves(proves)


# %% [markdown]
# :::{admonition} Exercise 3 · Some inputs are limited
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Predict*. There are $n$ random units and $d$ inputs. The
# distribution of the weights stays the same when a unit, or an input, changes sign. `limited` of the
# inputs cannot be negative, the others are free. Write `chance(n, d, limited)`. It returns the
# probability that one input pushes all $n$ units down.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "chance", "solution": true}
def chance(n: int, d: int, limited: int) -> float:
    """Return the probability that one input pushes n random units down."""
    ### BEGIN SOLUTION
    demands = n + limited
    return sum(comb(demands - 1, k) for k in range(d)) / 2 ** (demands - 1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "chance-check", "grade": true, "points": 2}
checks.chance(chance)


# %% [markdown]
# :::{admonition} Exercise 4 · A sensitivity without a gradient
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Judge*. Write `influence(W, U, steps_ago)` for the linear
# network $h_t = x_t W + h_{t-1} U + b$ with $d$ inputs and $u$ units. It returns the derivatives of the
# last state with respect to the input so many steps before the last: shape (d, u), a row for each input.
# A program that computes such derivatives can be judged by it.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "influence", "solution": true}
def influence(W: np.ndarray, U: np.ndarray, steps_ago: int) -> np.ndarray:
    """Return the derivatives of the last state by an earlier input."""
    ### BEGIN SOLUTION
    return W @ np.linalg.matrix_power(U, steps_ago)
    ### END SOLUTION


# %% nbgrader={"grade_id": "influence-check", "grade": true, "points": 2}
checks.influence(influence)

# %% [markdown]
# :::{admonition} Exercise 5 · Does it still see the digit? (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Search*. For each unit that was shut, let the network name
# the picture in `found.inputs`. How often is it still the digit? Choose a control, and say what you can
# conclude about the unit and what you cannot.
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
# 0.1 by hand at row 15 and leave the picture alone, as chapter 6 does with its gates.
# :::

# %% [markdown]
# ## What we saw
#
# - *Find*: for one unit the shortest input is a multiple of its weights and never legal here. Inking the
#   negative weights is the best a row can do. It shuts the unit in about a third of the cases.
# - *Prove*: several units are a linear program. When it fails, a few non-negative numbers prove that it
#   had to, and one line checks them.
# - *Predict*: $2^{1-n} \sum_{k<d} \binom{n-1}{k}$ holds for random units, and limiting inputs to one
#   sign counts as more units. Untrained gates and trained gates with random signs follow it; trained
#   gates do not.
# - *Search*: descent over whole pictures shuts most units that no row can, and the unit we followed
#   keeps less than a hundredth of what it had stored.
# - *Judge*: a map agrees with finite differences even when it means nothing. Maps of our two trained
#   networks agree far better than maps of controls do, and the pixels they name matter to the network.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_toy_model`: the tutorial that asks both questions.
# - {cite:t}`wendel1962`: the count, in three pages.
# - {cite:t}`gers2000`: why an LSTM has a forget gate.
# - {cite:t}`simonyan2014`: maps of derivatives, and pictures found by ascent.
# - {cite:t}`adebayo2018`: tests by randomising weights and labels, and which saliency methods fail them.
