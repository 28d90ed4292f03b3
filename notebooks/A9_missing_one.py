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
# # Is a short window why the 1 is missing?
#
# [Chapter 12](12_unit_visualization.md) averages windows of $L = 10$ rows of handwritten digits by how strongly they
# move a hidden unit. By eye, the research note it follows {cite:p}`hidden_units_note` finds many tops of a 0, misses the
# 1, and sees no unit that holds a 4, 5 or 6. It suspects $L$. So there are four questions: which digits does a unit tell,
# why do pictures leave out the 1, what does $L$ change, and what besides the digit moves a unit?

# %%
from course_utils import data, networks, plotting, units

import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
images, labels = data.mnist_digits()
held_out = images[4000:]
rnn, control = (units.RowRNN.from_torch(network, np.float64) for network in
                (networks.row_rnn(), networks.row_rnn(updates=0)))


def probe(starts: np.ndarray, length: int = 10, net=rnn) -> tuple:
    """Return windows, and each unit's pre-activation after each window."""
    parts = list(units.windows(images, starts, length))
    last = [net.run(part)[0][:, -1] for part in parts]
    return np.concatenate(parts), np.concatenate(last)


# %% [markdown]
# ## Which digits does a unit tell?
#
# The {term}`AUC` is the probability that a window of the digit moves the unit more than a window of another: 1/2 says
# nothing, 1 is perfect. Of 169 units, one tells any digit a little, by luck. So we shuffle the labels, and take the best
# of the 169 again. Where a window starts also moves a unit, as the last section shows. So all windows here start at one
# row.

# %%
def best_units(name: str, z: np.ndarray, digits=labels) -> np.ndarray:
    """Print the largest AUC of each digit, and their mean; return all."""
    # Rounded, so that blank windows tie whatever the order of sums.
    area = units.selectivity(z.round(9), digits)
    best = area.max(axis=0)
    print(f"{name:16}", *(f"{a:.2f}" for a in best), f"{best.mean():7.2f}")
    return area


header = [f"{'best AUC':16}", *(f"{d:4}" for d in range(10)), "   mean"]
shuffled = np.random.default_rng(0).permutation(labels)
print(*header)
for row in (4, 18):
    at = np.full(len(images), row)
    ours = probe(at)[1]
    best_units(f"row {row:2} trained", ours)
    best_units(f"row {row:2} untrained", probe(at, net=control)[1])
    best_units(f"row {row:2} shuffled", ours, shuffled)

# %% [markdown]
# Units tell digits far better than luck, and far from missing, the 1 has the best unit of all from row 4. There, where
# windows end in ink, untrained units tell them nearly as well. From row 18, where most end blank, trained ones are ahead:
# they remember what came before. For 20 of 20 seeds training adds more from row 18 than from row 4.
#
# ## A picture is made of ink

# %%
starts = units.draw_starts(len(images))
windows, z = probe(starts)
weights = np.maximum(z[:, z.max(axis=0) > 0], 0)
ink = windows.sum(axis=(1, 2))[:, np.newaxis]
by_digit = (ink[labels == digit].mean() for digit in range(10))
print("ink in a window", *(f"{amount:4.0f}" for amount in by_digit))
for name, amount in {"weight": weights, "ink": weights * ink}.items():
    share = amount.T @ np.eye(10)[labels]
    share = (share / share.sum(axis=1, keepdims=True)).mean(axis=0)
    print(f"share of {name:6}", *(f"{s:4.0%}" for s in share))

# %% [markdown]
# By digit, 0 to 9, and as means over the units: a 1 has the least ink. It makes 7% of the weight of a picture
# but 4% of its ink, so it hardly shows. The pictures leave out the 1 more than the units do. Now the
# largest AUC over all units, for windows that start at any row. 0 and 1 have the most ink and the least: does ink alone
# tell them?

# %%
print(*header)
for name, each in {"trained": z, "untrained": probe(starts, net=control)[1],
                   "ink alone": np.hstack([ink, -ink])}.items():
    best_units(name, each)

# %% [markdown]
# It tells 0 and 1 better than any unit does, trained or not. For 20 of 20 seeds the best units are those of 0 and 1.
#
# ## How far back does a unit see?
#
# Two measurements say what $L$ must be. The gradient of the {term}`pre-activation` $z_t$ with respect to the row
# $x_{t-k}$ says how much a small change $k$ rows ago still matters. And a window that starts from $h_0 = 0$ in the
# middle of an image ends in a state that differs from the true one, which had read all rows before.

# %%
h_true = rnn.run(held_out)[1]
slopes = h_true[:100] * (1 - h_true[:100])
back, gradient = np.eye(169)[np.newaxis], []
for k in range(11):
    # the Jacobian of z after row 20 with respect to z, k rows before
    gradient.append(np.linalg.norm(rnn.W @ back, axis=1).mean())
    back = slopes[:, 18 - k, :, np.newaxis] * rnn.U @ back
gradient = np.array(gradient) / gradient[0]


def state_error(end: int, length: int) -> float:
    """Return a window's error in the state after row `end`, over the
    spread of true states."""
    goal = h_true[:, end - 1]
    ours = rnn.run(held_out[:, end - length:end])[1][:, -1]
    spread = np.linalg.norm(goal - goal.mean(axis=0))
    return np.linalg.norm(ours - goal) / spread


lengths = range(1, 13)
errors = {end: [state_error(end, n) for n in lengths] for end in (20, 28)}
print("gradient, 2, 6 and 10 rows back:", gradient[[2, 6, 10]].round(2))
for end, error in errors.items():
    print(f"error after row {end}, windows of 2, 6, 10:",
          np.round([error[n - 1] for n in (2, 6, 10)], 2))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The network forgets by a constant factor a row. In the middle of an image six rows come near the true state; after its last rows, which are blank in most images, it takes ten.", "name": "fig-missing-one-memory"}, "image": {"alt": "Three falling curves on a logarithmic axis against the number of rows from 0 to 12. The gradient (circles) stays at 1 for one row, then halves with each row to below 0.01 at ten. The state error after row 20 (squares) is above 1 for one and two rows and falls to below 0.01 at ten. After row 28 (triangles) it starts near 5, is above 1 up to seven rows and below 0.1 at ten."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ax.semilogy(range(11), gradient, "o-", label="gradient, rows back")
for (end, error), style in zip(errors.items(), ("s--", "^:")):
    ax.semilogy(lengths, error, style,
                label=f"error after row {end}, window length")
ax.set(xlabel="rows", ylabel="relative size", xticks=range(0, 13, 2))
ax.legend()
plt.show()

# %% [markdown]
# So with $L = 10$ the state is right within a tenth of its spread. Windows of one or two rows would be wrong: from
# $h_0 = 0$ they leave the network farther from its true state than the average state is. After the last rows of an image the states of different images lie close
# together, and what still tells them apart is old.
#
# ## What does L change?
#
# With $L = 28$ every window is a whole image. The network forgets within about ten rows, so what it read at the start
# hardly matters. But a longer window ends lower: uniformly over rows 10 to 28 for $L = 10$, always at row 28 for
# $L = 28$. If that is all, ten-row windows that start at row 18, and also end at row 28, give the same AUCs.

# %%
print(*header)
tables = {}
for length in (5, 10, 15, 20, 28):
    drawn = units.draw_starts(len(images), length)
    tables[length] = best_units(f"L = {length}", probe(drawn, length)[1])
for row in (0, 4, 9, 18):
    at = np.full(len(images), row)
    tables[f"row {row}"] = best_units(f"L = 10, row {row}", probe(at)[1])

# %%
for name in ("row 18", 10):
    gap = np.abs(tables[name] - tables[28]).mean()
    start = name if name != 10 else "all rows"
    print(f"L = 10, {start:8} differs from L = 28 by {gap:.2f}, "
          "mean of all AUCs")


# %% [markdown]
# The end of the window explains it. At $L = 28$ the 7 has a far better unit than the 1, and ten rows that end at the
# same place give the same AUCs. Ten rows elsewhere do not. To sweep $L$ is to sweep the end of the window. This held for 20 of 20 seeds.
#
# ## What else moves a unit?
#
# The share of a unit's variance that lies between groups of windows, as a mean over the units, says how much a
# grouping has to do with it. We group by digit, by start row and by both. Shuffled labels say what chance gives.

# %%
def explained(z: np.ndarray, groups: np.ndarray) -> float:
    """Return the share of variance between groups, mean over units."""
    z = z - z.mean(axis=0)
    inside = [z[groups == g] for g in np.unique(groups)]
    between = sum(len(part) * part.mean(axis=0) ** 2 for part in inside)
    return (between / (z**2).sum(axis=0)).mean()


for name, digit in (("labels", labels), ("shuffled", shuffled)):
    row, one = explained(z, starts), explained(z, digit)
    both = explained(z, starts * 10 + digit)
    print(f"{name:8} digit {one:3.0%}, start row {row:3.0%}, "
          f"together {both - row - one:3.0%} more than their sum")

# %% [markdown]
# The start row moves a unit far more than the digit does, and decides which digits move it, for 20 of 20 seeds, trained
# or not. So all windows of the first table start at one row. Two controls that it leaves out:

# %%
for row in (4, 18):
    cut = images[:, row:row + 10]
    best_units(f"row {row:2}, last 3", rnn.run(cut[:, 7:])[0][:, -1])
    random = np.random.default_rng(0).normal(size=(280, 169))
    best_units(f"row {row:2}, random", cut.reshape(-1, 280) @ random)

# %% [markdown]
# Shown only the last three rows, units lose nothing at row 4, where there is ink, and much at row 18: they remember what
# came before. And random filters of the ten rows tell digits as well as trained units. A high AUC is no sign of
# learning.
