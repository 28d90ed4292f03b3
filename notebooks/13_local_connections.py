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
# # Does a wiring help because it is true?
#
# Take the inputs 1, 0, 2, 1. A window of two sees (1, 0), then (0, 2), then (2, 1). Give each window a pair of weights
# of its own, (1, 2), (0, 1) and (3, 0). They give 1, 2, 6. That is a local layer: three neurons with six
# weights, where a dense layer of three would have twelve. A convolution has fewer still. It
# slides one pair, (1, 2), over the windows, and gives 1, 4, 4.
#
# A wiring is a claim. Windows say that inputs which belong together stand side by side; sharing says,
# besides, that all places are alike. Where a local layer does better than a dense one, its claim may be
# true. Or it only spares each neuron most of the inputs. This chapter builds local layers, then tells the two apart.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Build* a layer of local connections as a matrix, from windows and with a mask.
# - *Repair* a mask that lets weights outside it come back.
# - *Judge* whether a wiring helps because it is true or because it is sparse.
# :::
#
# **Time:** about 25 minutes, and 55 for the exercises; the code runs in about 20 seconds.
# **Needs:** NumPy arrays, a layer as a matrix product.

# %%
from course_utils import plotting, training
from course_utils.checks import local_connections as checks

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional

plotting.use_style()
training.seed_everything(0)
torch.set_default_dtype(torch.float64)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Eight inputs, windows of three, six neurons. A local layer leaves most connections out. Own weights put 24 numbers on the 24 that stay, sharing puts four on the same 24.", "name": "fig-local-connections-tables"}, "image": {"alt": "Three grids of 9 rows, the eight inputs and the bias, and 6 columns, the neurons. Dense, 54 cells, each with a number of its own. Own weights, a diagonal band of three cells a column and a full bias row, 24 cells with different numbers. Shared, the same cells, but 1, 2 and 3 down every column of the band and 4 along the bias row."}} jupyter={"source_hidden": true}
offset = np.arange(8)[:, None] - np.arange(6)
connected = np.vstack([(0 <= offset) & (offset < 3), np.ones((1, 6), bool)])
entry = np.vstack([offset, np.full((1, 6), 3)])
tables = {"dense": np.arange(1, 55).reshape(9, 6),
          "own weights": connected.cumsum().reshape(9, 6) * connected,
          "shared weights": (entry + 1) * connected}
fig, axes = plt.subplots(1, 3, figsize=(plotting.WIDTH, 4.2), sharey=True)
for ax, (name, table) in zip(axes, tables.items()):
    ax.imshow(np.where(table == 0, np.nan, 1), cmap="Blues", vmin=0, vmax=3,
              aspect="auto")
    for (row, column), number in np.ndenumerate(table):
        if number:
            ax.text(column, row, number, ha="center", va="center", size=9)
    ax.set(title=name, xlabel="neuron", xticks=range(6))
    ax.set_xticklabels(range(1, 7))
    ax.grid(False)
axes[0].set(yticks=range(9), ylabel="input")
axes[0].set_yticklabels([*range(1, 9), "bias"])
plt.show()

# %% [markdown]
# ## Six happens to equal six
#
# A user of PyTorch wanted the layer in the middle, and took a convolution of six filters for it
# {cite:p}`local_threads`.
#
# :::{admonition} Predict first 1
# :class: predict
# `Conv1d(1, 6, 3)` has 6 filters of width 3. It reads N signals, each one row of 8 numbers: shape (N, 1, 8). What
# shape comes out? A `Linear(6, 6)` follows: does it complain? Would it with 9 inputs?
# :::

# %%
asked = torch.nn.Sequential(
    torch.nn.Conv1d(1, 6, 3), torch.nn.Tanh(), torch.nn.Linear(6, 6),
    torch.nn.Tanh(), torch.nn.Linear(6, 3))
print("Conv1d:", tuple(asked[0](torch.randn(5, 1, 8)).shape))
for d in (7, 8, 9):
    try:
        print(d, "inputs:", tuple(asked(torch.randn(5, 1, d)).shape))
    except RuntimeError as complaint:
        print(d, "inputs:", complaint)


# %% [markdown]
# :::{dropdown} Answer 1
# (N, 6, 6). A convolution has **filters**, not neurons, and each of the six filters visits each of the six places.
# `Linear(6, 6)` mixes the last axis, the places. It raises no error, because there happen to be six of
# them. With 9 inputs there are seven, and it stops at once.
# :::
#
# So the network runs, and gives six rows of three class scores for a signal, in place of one. Try a new network on sizes
# that all differ.
#
# A filter uses the same numbers at all places, which is {term}`weight sharing`. (A recurrent network shares
# over time.) In the wanted layer filter 1 works at place 1 only, filter 2 at place 2 only, and so on: its
# outputs are the diagonal of the 6 by 6 table.
#
# ## The layer as one matrix
#
# Write $d$ for the number of inputs, $k$ for the width of a window, and $G = d - k + 1$ for the number of places. A
# {term}`locally connected layer` with a neuron at each place has weights of shape $(G, k)$ and biases of shape
# $(G,)$.
#
# Without biases the layer is one product $x M$. A column of $M$ is a neuron: its weights stand in the rows of its
# window, and 0 in the others.
#
# :::{admonition} Exercise 1 · From compact to dense
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Build*. Write `dense_matrix(W)`. `W` has shape (G, k). It returns
# the matrix `M` of shape (d, G) for which `x @ M` gives the outputs of the local layer without biases. The rest of the
# chapter uses it.
# :::
#
# :::{dropdown} Hint 1
# How many inputs do G windows of width k cover?
# :::
#
# :::{dropdown} Hint 2
# Start from zeros. The window of neuron `g` begins at row `g`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "dense_matrix", "solution": true} jupyter={"source_hidden": true}
def dense_matrix(W: np.ndarray) -> np.ndarray:
    """Return the matrix, shape (d, G), of a local layer of shape (G, k)."""
    ### BEGIN SOLUTION
    G, k = W.shape
    M = np.zeros((G + k - 1, G))
    for g in range(G):
        M[g:g + k, g] = W[g]
    return M
    ### END SOLUTION


# %% nbgrader={"grade_id": "dense_matrix-check", "grade": true, "points": 2}
checks.dense_matrix(dense_matrix)

# %% [markdown]
# PyTorch's `unfold` cuts the windows. Each times its own weights is a second way to the same outputs.
# A grouped convolution is [another](A3_porting_notes.md).

# %%
rng = np.random.default_rng(0)
x, W, b = (rng.normal(size=size) for size in ((5, 8), (6, 3), 6))
wanted = x @ dense_matrix(W) + b
X, V, c = (torch.tensor(a) for a in (x, W, b))
windows = X.unfold(1, 3, 1)  # (N, G, k)
outputs = (windows * V).sum(-1) + c
print("windows as wanted:", np.allclose(outputs, wanted))

# %% [markdown]
# ## A mask belongs in the forward pass
#
# A {term}`mask` makes any wiring, windows or not. It has 1 for a connection and 0 for none, and the weights of a
# dense layer are multiplied by it. But when?
#
# :::{admonition} Predict first 2
# :class: predict
# Multiply the weights of an ordinary `Linear(8, 6)` by the mask, once, before training: 30 become 0. Adam then
# trains them for 50 updates at a rate of 0.01, and moves a weight by about the rate at each. How large can the largest of
# the 30 become?
# :::

# %%
examples = torch.randn(64, 8)
targets = examples @ torch.randn(8, 6)


def fit(layer: torch.nn.Module) -> None:
    adam = torch.optim.Adam(layer.parameters(), 0.01)
    for update in range(50):
        adam.zero_grad()
        functional.mse_loss(layer(examples), targets).backward()
        adam.step()


# %%
mask = torch.tensor(dense_matrix(np.ones((6, 3))).T)  # (outputs, inputs)


def outside(layer: torch.nn.Module) -> float:
    """Return the largest weight in use where the mask is 0."""
    weight = (layer(torch.eye(8)) - layer(torch.zeros(8))).T
    return round(weight[mask == 0].abs().max().item(), 2)


# %%
layer = torch.nn.Linear(8, 6)
layer.weight.data *= mask
print("masked once: largest weight outside", outside(layer))
fit(layer)
print("then trained:", outside(layer))


# %% [markdown]
# :::{dropdown} Answer 2
# At most about $50 \cdot 0.01 = 0.5$, and the largest comes close. The gradient of a weight is its input times the
# error of its neuron, whether the weight is 0 or not. To set their gradients to 0 as well
# [is not always enough](A3_porting_notes.md): an optimiser remembers older ones.
# :::
#
# :::{admonition} Exercise 2 · A mask that holds
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Repair*. Write `masked_linear(mask)`. It returns a new PyTorch layer that
# trains a `weight` of the mask's shape, (outputs, inputs), and a `bias`. Weights outside the mask must have no
# effect, whatever optimiser trains the layer and whatever number is stored there.
# :::
#
# :::{dropdown} Hint 1
# A class inside the function, with `torch.nn.Linear` as its base, needs a `forward` and no more.
# :::
#
# :::{dropdown} Hint 2
# Leave `self.weight` to the optimiser. Mask a copy, where it is used.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "masked_linear", "solution": true} jupyter={"source_hidden": true}
def masked_linear(mask: torch.Tensor) -> torch.nn.Module:
    """Return a linear layer whose weights are masked each time it runs."""
    ### BEGIN SOLUTION
    class MaskedLinear(torch.nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.linear(x, self.weight * mask, self.bias)

    outputs, inputs = mask.shape
    return MaskedLinear(inputs, outputs)
    ### END SOLUTION


# %% nbgrader={"grade_id": "masked_linear-check", "grade": true, "points": 2}
checks.masked_linear(masked_linear)

# %%
masked = masked_linear(mask)
with torch.no_grad():
    masked.weight[mask == 1], masked.bias[:] = V.flatten(), c
    print("masked as wanted:", np.allclose(masked(X), wanted))
fit(masked)
print("trained: largest weight outside", outside(masked))


# %% [markdown]
# ## True, or only sparse?
#
# Here is a task whose wiring we know: 22 tanh neurons, each on a window of three of 24 inputs, and a
# linear readout. A network gets 300 noisy examples. It learns from 200 and stops where its error on the other
# 100 is least.
#
# :::{admonition} Predict first 3
# :class: predict
# Order four models by their error on new inputs: 22 neurons with the true windows, $22 \cdot 3$ weights and 22 of the
# readout, 88, no biases;
# the same windows on inputs in a random order, again 88; 22 neurons that see everything, $22 \cdot 24 + 22 = 550$;
# least squares, with no neuron and 24 weights.
# :::

# %%
def problem(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n noisy examples and 1,000 new ones: inputs and targets."""
    rng = np.random.default_rng(seed)
    filters, readout = rng.normal(size=(22, 3)), rng.normal(size=22)
    x, noise = rng.normal(size=(n + 1000, 24)), rng.normal(size=n + 1000)
    y = np.tanh(x @ dense_matrix(filters)) @ readout
    return x, y / y.std() + 0.1 * noise


# %% [markdown]
# The second model differs from the first in one thing, which inputs stand side by side. You make it.
#
# :::{admonition} Exercise 3 · As sparse, and wrong
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Judge*. Write `shuffle_inputs(mask, seed)` for a mask of shape (inputs,
# neurons). It returns a new mask: the same neurons, on inputs in a random order that `seed` draws. Neurons that had an
# input in common still have one.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "shuffle_inputs", "solution": true} jupyter={"source_hidden": true}
def shuffle_inputs(mask: np.ndarray, seed: int) -> np.ndarray:
    """Return the mask on inputs in a random order."""
    ### BEGIN SOLUTION
    return np.random.default_rng(seed).permutation(mask)
    ### END SOLUTION


# %% nbgrader={"grade_id": "shuffle_inputs-check", "grade": true, "points": 1}
checks.shuffle_inputs(shuffle_inputs)


# %% [markdown]
# All networks train side by side, masked in the forward pass, in arrays of shape (wirings, seeds, inputs, neurons).

# %%
def wirings(seed: int) -> list[np.ndarray]:
    """Return three masks: true windows, shuffled windows, dense."""
    true = dense_matrix(np.ones((22, 3)))
    return [true, shuffle_inputs(true, seed + 1000), np.ones((24, 22))]


def error(masks, W, v, x, y) -> torch.Tensor:
    """Return the mean squared error of each network."""
    return ((torch.tanh(x @ (W * masks)) @ v - y) ** 2).mean((-2, -1))


# %%
def train(masks, learn, stop, new) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors on new examples, at each look and at the stop."""
    torch.manual_seed(0)
    W = torch.randn(masks.shape) / masks.sum(-2, keepdim=True) ** 0.5
    v = torch.randn(masks.mT[..., :1].shape) / masks.shape[-1] ** 0.5
    adam = torch.optim.Adam([W.requires_grad_(), v.requires_grad_()], 0.02)
    looks = []
    for update in training.progress(range(401)):
        if update % 20 == 0:
            looks.append([error(masks, W, v, *part).tolist()
                          for part in (stop, new)])
        adam.zero_grad()
        error(masks, W, v, *learn).sum().backward()
        adam.step()
    stops, news = np.array(looks).swapaxes(0, 1)  # (looks, wirings, seeds)
    return news, np.take_along_axis(news, stops.argmin(0)[None], 0)[0]


# %%
def study(wirings, n: int = 300, seeds=range(20)) -> tuple:
    """Train a network for each wiring and seed; stop by n / 3 examples."""
    data = zip(*(problem(seed, n) for seed in seeds))
    x, y = (torch.tensor(np.array(part)) for part in data)
    masks = torch.tensor(np.array([wirings(seed) for seed in seeds]))
    sizes = [n - n // 3, n // 3, 1000]
    parts = zip(x.split(sizes, 1), y[..., None].split(sizes, 1))
    return train(masks.transpose(0, 1), *parts)


# %%
def least_squares(seed: int, n: int = 300) -> float:
    """Return the error of a linear fit to all n examples, on new ones."""
    x, y = problem(seed, n)
    line = np.linalg.lstsq(x[:n], y[:n])[0]
    return ((x[n:] @ line - y[n:]) ** 2).mean()


# %%
curves, (true, shuffled, dense) = study(wirings)
linear = np.array([least_squares(seed) for seed in range(20)])
models = {"true windows": true, "shuffled windows": shuffled,
          "dense layer": dense, "least squares": linear}
for name, e in models.items():
    print(f"{name:16} median error {np.median(e):.2f}, worse than true "
          f"windows for {(true < e).sum():2} of 20")

# %%
print("dense layer worse than least squares for", (linear < dense).sum(),
      "and than shuffled windows for", (shuffled < dense).sum())
print("least squares worse than shuffled windows for",
      (shuffled < linear).sum())

# %% [markdown]
# :::{dropdown} Answer 3
# The true windows come first, ahead of each rival for 20 of 20 seeds. The dense layer comes last: least squares beats
# it for 20 of 20. Shuffled windows end near least squares, mostly a little ahead, and beat the dense layer for 19 of 20.
# So few inputs a neuron take the median error from 0.20 to 0.16. That they are the right ones takes it on to 0.05.
# :::
#
# Few inputs, or few numbers? A dense layer of four neurons learns 100.

# %%
_, (four,) = study(lambda seed: [np.ones((24, 4))])
print(f"dense, four neurons: median error {np.median(four):.2f}, worse "
      f"than shuffled windows for {(shuffled < four).sum()} of 20")

# %% [markdown]
# So it is not the number of weights.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Where training stops, few inputs a neuron take the median error from 0.20 to 0.16, the right ones take it on to 0.05. Windows as sparse but over the wrong inputs end about where least squares does.", "name": "fig-local-connections-wiring"}, "image": {"alt": "Median error on new examples of 20 networks against updates, both axes logarithmic, with bands from the lower to the upper quartile. Least squares is a level dashed line at 0.17. True windows fall from 0.3 to 0.05. Shuffled windows fall from 0.4 to the dashed line. The dense layer begins lowest, at 0.2, and rises to 0.27."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 4))
for way, (name, style) in enumerate(zip(models, ("o-", "s-", "^-"))):
    low, middle, high = np.quantile(curves[1:, way], (0.25, 0.5, 0.75), 1)
    updates = 20 * np.arange(1, 21)
    line, = ax.plot(updates, middle, style, label=name, mfc="none")
    ax.fill_between(updates, low, high, color=line.get_color(), alpha=0.15)
ax.axhline(np.median(linear), ls="--", color="black", label="least squares")
ax.set(xlabel="updates", ylabel="error on new examples")
ax.set(xscale="log", yscale="log")
ax.set_xticks([20, 40, 100, 200, 400], labels=[20, 40, 100, 200, 400])
ax.set_yticks([0.05, 0.1, 0.2, 0.4], labels=[0.05, 0.1, 0.2, 0.4])
ax.minorticks_off()
ax.legend()
plt.show()

# %% [markdown]
# ## What could fool us
#
# **The moment we look.** After 20 updates the dense layer beats shuffled windows for 20 of 20, after 100 it loses to
# them for 20 of 20. We could have printed either, so held-out examples say when to stop.

# %%
for check in (1, 5):
    better = (curves[check, 1] < curves[check, 2]).sum()
    print(f"after {20 * check:3} updates: shuffled windows better than "
          f"the dense layer for {better} of 20")


# %% [markdown]
# **Data where the claim is false.** Mix the inputs of the task too. Then the windows are as good as the shuffled ones,
# and still beat the dense layer for most seeds. So to beat a dense layer is no evidence. The rivals that count are the
# linear fit, and a wiring that is as sparse and wrong.
#
# **A tamer dense layer.** With {term}`weight decay` in Adam the dense layer is level with least squares (0.01) or with
# the shuffled windows (0.03). True windows beat every rival for 20 of 20 with either.
#
# ## One open question
#
# :::{admonition} Exercise 4 · The wrong width (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Judge*. The true windows have width 3. Give each of the 22 neurons
# a window of width 2, 3 or 9 that lies in its true one or contains it. Predict the order of the three, and measure with
# `study`. Which further comparison tells a width that is too small from one that is too large?
# :::

# %% [markdown] nbgrader={"grade_id": "width", "solution": true, "grade": true, "points": 3}
# *Your answer here: prediction, measurement, and the control you chose.*

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} jupyter={"source_hidden": true}
def windows_of(k: int) -> np.ndarray:
    """Return the mask of 22 windows of width k, spread over all inputs."""
    first = np.rint(np.arange(22) * (24 - k) / 21)
    offset = np.arange(24)[:, None] - first
    return ((0 <= offset) & (offset < k)) * 1.0


for n in (300, 1200):
    _, errors = study(lambda seed: [windows_of(k) for k in (2, 3, 9)], n)
    print(f"{n:4} examples, widths 2, 3, 9: median errors",
          *np.median(errors, 1).round(2))
    print("     width 3 better than 2 and 9 for",
          *(errors[1] < errors[::2]).sum(1), "of 20")

# %% [markdown]
# :::{dropdown} One answer
# With 300 examples width 3 beats width 2 for 20 of 20, and width 9 for 20 of 20. With 1,200 it still beats width 2 for
# 20 of 20, but it beats width 9 for 8 of 20 only. So the control is more examples. A window that is too small stays
# behind. One that is too large contains the truth, and more examples are enough to find it.
# :::

# %% [markdown]
# ## What we saw
#
# - *Build*: a matrix, windows and a mask give the same outputs. `Conv1d(1, 6, 3)` fits by accident.
# - *Repair*: a mask applied once is gone after training, a mask in the forward pass holds.
# - *Judge*: true windows beat least squares, and windows as sparse but shuffled, each time.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`local_threads`: the questions this chapter starts from.
# - {cite:t}`lecun1989`: local connections without and with weight sharing on handwritten digits.
# - {cite:t}`lecun1998`: convolutional networks in full.
