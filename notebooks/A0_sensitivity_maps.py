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
# # Can a map of sensitivities be believed?
#
# [Chapter 9](09_shutting_a_gate.md) starts from a blog post {cite:p}`rnn_toy_model` that names a second question and leaves it
# open: how {term}`sensitive <sensitivity>` is an output to its input? The answer is a derivative. A picture of derivatives
# is easy to draw and hard to judge.

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import data, inversion, networks, plotting, units

import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()

# %% [markdown]
# ## A case with an answer
#
# For a linear network the sensitivity is the same everywhere: in $h_t = x_t W + h_{t-1} U + b$, the input $k$ steps
# before the end meets $W$ once and $U$ $k$ times, so
#
# $$\frac{\partial h_T}{\partial x_{T-k}} = W U^k .$$
#
# The adder of [chapter 1](01_linear_rnn_sum.md) ended with $W = 0.99675$ and $U = 1.00107$ in a tutorial
# {cite:p}`rnn_learns_part1`. Of 100 digits the first moves its output most.

# %%
W, U, b = 0.99675155, 1.00106668, 0.01110852


def add(digits: torch.Tensor) -> torch.Tensor:
    """The last state of the tutorial's network."""
    h = torch.zeros_like(digits[:, 0])
    for t in range(digits.shape[1]):
        h = digits[:, t] * W + h * U + b
    return h[:, None]


slopes = inversion.sensitivity(add, np.full((1, 100), 4.5))[0, 0]
exact = W * U ** np.arange(99, -1, -1)
print("equal to W U^k:", np.allclose(slopes, exact))
print(f"first digit {slopes[0]:.3f}, last digit {slopes[-1]:.3f}")

# %% [markdown]
# ## Maps of a network that reads digits
#
# For the LSTM of chapter 9 the derivative changes with the picture. `inversion.sensitivity` follows the gradient
# from the logit of the true digit back to all 784 pixels: a {term}`saliency map` {cite:p}`simonyan2014`.

# %%
images, labels = data.mnist_digits()
few, names = images[4_000:4_100].astype(np.float64), labels[4_000:4_100]
network, second = networks.row_lstm(0), networks.row_lstm(1)
control = networks.row_lstm(0, updates=0)


def logits(net: object, pictures: torch.Tensor) -> torch.Tensor:
    """The ten logits after the last row."""
    return net["readout"](net["cell"](pictures)[0][:, -1])


def saliency(net: object) -> np.ndarray:
    """Slopes of each picture's true logit in its pixels, (100, 28, 28)."""
    slopes = inversion.sensitivity(lambda x: logits(net, x), few)
    return slopes[np.arange(100), names]


# %%
maps = saliency(network)
step = np.zeros((784, 28, 28))
step.reshape(784, 784)[:] = 1e-4 * np.eye(784)
with torch.no_grad():
    up, down = (logits(network, torch.tensor(few[0] + s))[:, names[0]]
                for s in (step, -step))
differences = (up - down).numpy().reshape(28, 28) / 2e-4
print("finite differences agree:",
      np.allclose(differences, maps[0], atol=1e-5))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Every map has structure that invites a story. Which of them means anything cannot be seen.", "name": "fig-sensitivity-maps-saliency"}, "image": {"alt": "Four square panels. The first is a handwritten 8. The others show the derivative of a logit by each pixel, red for positive and blue for negative, for seed 0, seed 1 and the untrained network, each scaled to its own largest value. The trained maps have patches of both colours all over the picture; the untrained map is pale but for vertical stripes in the last rows."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 4, figsize=(plotting.WIDTH, 2.3))
shown = {"seed 0": maps[0], "seed 1": saliency(second)[0],
         "untrained": saliency(control)[0]}
axes[0].imshow(1 - few[0], cmap="gray")
for ax, picture in zip(axes[1:], shown.values()):
    most = abs(picture).max()
    ax.imshow(picture, cmap="RdBu_r", vmin=-most, vmax=most)
for ax, name in zip(axes, ["digit", *shown]):
    ax.set(title=name, xticks=[], yticks=[])
    ax.grid(False)
plt.show()


# %% [markdown]
# ## Controls
#
# Finite differences only show that the derivative is computed correctly. {cite:t}`adebayo2018` found saliency methods whose
# pictures hardly change when the network's weights are randomised; the plain derivative passed their tests. So we
# compare our maps with those of a second trained network, of an untrained one, of one with shuffled
# weights, and with the maps of other pictures. Then we use each map: move the ten pixels that should
# hurt most to 0 or 1, and count how many of 100 digits the network still names rightly.

# %%
def shuffled(net: object) -> object:
    """A network with the same weights in another order, array by array."""
    other, rng = networks.row_lstm(updates=0), np.random.default_rng(0)
    with torch.no_grad():
        for ours, theirs in zip(other.parameters(), net.parameters()):
            mixed = rng.permutation(theirs.numpy().ravel())
            ours.copy_(torch.tensor(mixed).view_as(ours))
    return other


# %%
def agreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The correlation of two maps, averaged over the pictures."""
    return float(np.mean([np.corrcoef(m.ravel(), n.ravel())[0, 1]
                          for m, n in zip(ours, theirs)]))


def still_right(net: object, chosen: np.ndarray, count: int = 10) -> float:
    """Accuracy after the pixels that a map says hurt most are changed."""
    changed = np.where(chosen > 0, 0.0, 1.0).reshape(100, -1)
    pictures = few.reshape(100, -1).copy()
    loss = chosen.reshape(100, -1) * (pictures - changed)
    worst = loss.argsort(axis=1)[:, -count:]
    moved = np.take_along_axis(changed, worst, 1)
    np.put_along_axis(pictures, worst, moved, 1)
    answers = logits(net, torch.tensor(pictures.reshape(few.shape)))
    return float((answers.argmax(dim=1).numpy() == names).mean())


# %%
others = {"same network": maps, "trained, seed 1": saliency(second),
          "next picture's map": np.roll(maps, -1, axis=0),
          "untrained": saliency(control),
          "shuffled weights": saliency(shuffled(network))}
before = logits(network, torch.tensor(few)).argmax(dim=1).numpy() == names
print(f"right before: {before.mean():.2f}\n"
      "map of                 correlation   of sizes   right after ten")
for name, theirs in others.items():
    print(f"{name:20}{agreement(maps, theirs):14.2f}"
          f"{agreement(abs(maps), abs(theirs)):11.2f}"
          f"{still_right(network, theirs):13.2f}")

# %% [markdown]
# The last three rows are controls, and their correlations are close to 0. Their *sizes* still agree
# a little, in all three, and more than the maps do in 19 of 20 networks. A picture of sizes, the usual
# one, fools more easily. The last column decides: ten pixels chosen by the network's own map cost it far
# more digits than ten chosen by any control, by 15 digits or more for 20 of 20 networks. The trivial map needs no network: the mean picture of the digit minus the mean of all.

# %%
known, classes = images[:4_000], labels[:4_000]
means = np.array([known[classes == d].mean(axis=0) for d in range(10)])
trivial = (means - known.mean(axis=0))[names]
left = still_right(network, trivial)
print(f"right after ten of the trivial map: {left:.2f}")


# %% [markdown]
# It does more harm than the controls, so part of what a map does is knowing where ink belongs. The network's own map does
# more.
#
# ## A unit that is removed
#
# [Chapter 12](12_unit_visualization.md) measures a change, which is easily taken for a slope. It removes a hidden
# unit: it holds its $h$ at the mean. What a network draws after a unit's own picture then changes more than after
# others, in an untrained network too. Divided by the distance from $h$ to its mean, the change is a slope. Is it the
# slope that is larger, or the distance? We take the first row drawn, and count for how many units their own picture
# lies above the median picture. Random pairs of units and pictures give the null.

# %%
def removed(net: units.RowRNN) -> tuple[np.ndarray, np.ndarray]:
    """Return the change of the next row and the distance in h, both of
    shape (unit removed, picture)."""
    seen = units.Features()
    for cut in units.windows(images, units.draw_starts(len(images))):
        seen.add(cut, net.run(cut)[0][:, -1])
    live = np.flatnonzero(seen.total)
    held = net.run(images[4_000:])[1].mean(axis=(0, 1))
    after = net.run(seen.raw(live))[1][:, -1]
    next_rows = [net.roll(after, 1, {unit: held[unit]}) for unit in live]
    gaps = np.array(next_rows)[:, :, 0] - net.predict(after)
    return np.sqrt((gaps**2).mean(axis=2)), abs(after - held).T[live]


# %%
rng = np.random.default_rng(0)
for name, updates in (("trained", 400), ("untrained", 0)):
    row_rnn = networks.row_rnn(updates=updates)
    change, distance = removed(units.RowRNN.from_torch(row_rnn, np.float64))
    for what, size in (("change", change), ("slope", change / distance)):
        above = size > np.median(size, axis=1, keepdims=True)
        null = [rng.permutation(above, axis=1).diagonal().mean()
                for _ in range(1000)]
        print(f"{name:9} {what:6} own {above.diagonal().mean():4.0%}, "
              f"random {np.mean(null):.0%} ± {np.std(null):.0%}")

# %% [markdown]
# It is the distance. A picture is an average of what moves the unit, so it takes the unit further from its mean, and
# holding it there takes more away. In the slope the lead is gone, in 20 of 20 trained networks and in 17 of 20
# untrained ones.
#
# ## Relatives
#
# *Guided backpropagation* {cite:p}`springenberg2015` is for networks of {term}`ReLU` units: on the way back it also drops
# negative gradients at each of them. Its pictures are sharper, and it is among the methods whose pictures hardly change when
# weights are randomised. *Grad-CAM* {cite:p}`selvaraju2017` weighs the feature maps of a convolutional layer by their
# gradients and keeps the positive part of the sum, a coarse map of where the evidence lies; it passed those tests. Both
# need parts that our LSTM does not have.
#
# ## Further reading
#
# - {cite:t}`simonyan2014`: maps of derivatives, and pictures found by ascent.
# - {cite:t}`springenberg2015`, {cite:t}`selvaraju2017`: guided backpropagation and Grad-CAM.
# - {cite:t}`adebayo2018`: tests by randomising weights and labels, and which saliency methods fail them.
