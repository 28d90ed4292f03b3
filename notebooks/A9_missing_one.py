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
# move a hidden unit. The research note it follows {cite:p}`hidden_units_note` finds no picture of a 1 and suspects $L$.
# But the chapter's {term}`AUC` says that of all digits 1 has the best unit. So there are two questions: why do pictures
# leave out the 1, and what does $L$ change?

# %%
from course_utils import data, networks, plotting, units

import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
images, labels = data.mnist_digits()
held_out = images[4000:]
rnn = units.RowRNN.from_torch(networks.row_rnn(), np.float64)


def probe(starts: np.ndarray, length: int = 10) -> tuple:
    """Return windows, and each unit's pre-activation after each window."""
    cut = np.concatenate(list(units.windows(images, starts, length)))
    return cut, rnn.run(cut)[0][:, -1]


# %% [markdown]
# ## A picture is made of ink

# %%
windows, z = probe(units.draw_starts(len(images)))
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
# but 4% of its ink, so it hardly shows. The pictures leave out the 1 more than the units do.
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
# So $L = 10$ is safe. Windows of one or two rows would be wrong: from $h_0 = 0$ they leave the network farther from its
# true state than the average state is. After the last rows of an image the states of different images lie close
# together, and what still tells them apart is old.
#
# ## What does L change?
#
# With $L = 28$ every window is a whole image. The network forgets within about ten rows, so what it read at the start
# hardly matters. But a longer window ends lower: uniformly over rows 10 to 28 for $L = 10$, always at row 28 for
# $L = 28$. If that is all, ten-row windows that start at row 18, and also end at row 28, give the same AUCs.

# %%
def best_units(name: str, z: np.ndarray) -> np.ndarray:
    """Print the largest AUC of each digit, and their mean; return all."""
    # Rounded, so that blank windows tie whatever the order of sums.
    area = units.selectivity(z.round(9), labels)
    best = area.max(axis=0)
    print(f"{name:15}", *(f"{a:.2f}" for a in best), f"{best.mean():7.2f}")
    return area


print("best AUC       ", *(f"{d:4}" for d in range(10)), "   mean")
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
# It is all. At $L = 28$ the 7 has a far better unit than the 1, and ten rows that end at the same place give the same
# AUCs. Ten rows elsewhere do not. To sweep $L$ is to sweep the end of the window. This held from 20 of 20 seeds.
