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
# # Is a layer that looks locally a convolution?
#
# Take the inputs 1, 0, 2, 1. A window of two sees (1, 0), then (0, 2), then (2, 1). A convolution
# slides one pair of weights over them: with (1, 2) it gives 1, 4, 4. Now give each window a pair of
# its own, (1, 2), (0, 1) and (3, 0). They give 1, 2, 6. Both layers look locally and have three outputs,
# but the first learns two numbers, the second six.
#
# A user of PyTorch wanted the second kind and took the first {cite:p}`local_threads`. Each neuron was to
# see three of eight inputs, so there are $8 - 3 + 1 = 6$ places, and one neuron a place.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Count* the numbers a layer learns when its neurons share weights, and when each has its own.
# - *Build* a layer of local connections in five ways that give the same outputs.
# - *Repair* a mask that lets the hidden weights come back.
# - *Predict* what a second softmax does to the loss and to its gradient.
# - *Judge* whether a wiring helps because it is true or because it is small.
# :::
#
# **Time:** about 35 minutes, and 70 for the exercises; the code runs in about 20 seconds.
# **Needs:** NumPy arrays, a layer as a matrix product, the chain rule.

# %%
import copy

from course_utils import plotting, training  # first: quiet TensorFlow
from course_utils.checks import local_connections as checks

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional

plotting.use_style()
training.seed_everything(0)
torch.set_default_dtype(torch.float64)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Which number sits on which connection. Local layers leave most of the table empty. Own weights put 24 numbers on 24 connections, sharing puts four on the same 24.", "name": "fig-local-connections-tables"}, "image": {"alt": "Three grids of 9 rows, the eight inputs and the bias, and 6 columns, the neurons. Dense, 54 cells, each with a number of its own. Own weights, a diagonal band of three cells a column and a full bias row, 24 cells with different numbers. Shared, the same cells, but 1, 2 and 3 down every column of the band and 4 along the bias row."}} jupyter={"source_hidden": true}
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
# :::{admonition} Predict first 1
# :class: predict
# `Conv1d(1, 6, 3)` has 6 filters of width 3. It reads N signals of 8 numbers in one channel, shape (N, 1, 8). What
# shape comes out, and how many numbers does it learn? A `Linear(6, 6)` follows: does it complain? Would
# it with 9 inputs?
# :::

# %%
asked = torch.nn.Sequential(
    torch.nn.Conv1d(1, 6, 3), torch.nn.Tanh(), torch.nn.Linear(6, 6),
    torch.nn.Tanh(), torch.nn.Linear(6, 3))
signals = torch.randn(5, 1, 8)
learned = sum(p.numel() for p in asked[0].parameters())
print("Conv1d:", tuple(asked[0](signals).shape), "from", learned, "numbers")

# %%
for d in (7, 8, 9):
    print(d, "inputs:", end=" ")
    try:
        outputs = asked(torch.randn(5, 1, d))
        print(tuple(outputs.shape), end=", then ")
        functional.cross_entropy(outputs, torch.tensor([0, 1, 2, 0, 1]))
    except RuntimeError as complaint:
        print(complaint)

# %% [markdown]
# :::{dropdown} Answer 1
# (N, 6, 6), from $6 \cdot (3 + 1) = 24$ numbers, as many as were wanted. But a convolution has
# **filters**, not neurons. Each filter visits each place, which makes 36 outputs. `Linear(6, 6)` mixes
# the last axis, the places. It raises no error, because there happen to be 6 of them. With 9 inputs there are 7,
# and it stops at once.
# :::
#
# The loss complains first, about six predictions a signal in place of one. So try a new network on
# sizes that all differ.
#
# A filter uses the same numbers at all places, which is {term}`weight sharing`. So a shifted input shifts
# the output. The wanted layer uses filter 1 at place 1 only, filter 2 at place 2 only. Its outputs are
# the diagonal of the 6 by 6 table.

# %%
with torch.no_grad():
    table, shifted = asked[0](signals), asked[0](signals.roll(-1, 2))
same = torch.allclose(table[..., 1:], shifted[..., :-1])
print("shifted input, shifted output:", same)


# %% [markdown]
# A recurrent network shares over time. One linear unit, $h_t = W x_t + U h_{t-1}$, gives
# $h_t = \sum_j U^j W x_{t-j}$: a convolution with the filter $W, UW, U^2 W, \dots$, all ones for the running total of
# [chapter 1](01_linear_rnn_sum.md). With weights of its own at each of $T$ steps the unit has $2T$ numbers,
# and none for step $T + 1$.
#
# ## How many numbers?
#
# Write $d$ for the number of inputs, $k$ for the width of a window, $s$ for the stride from one window
# to the next, $f$ for the neurons at a place, and $G = (d - k) / s + 1$ for the number of places. A
# {term}`locally connected layer` has weights of shape $(G, k, f)$ and biases of shape $(G, f)$.
#
# Keras 3 [dropped the layer](https://github.com/keras-team/keras/issues/20830), and PyTorch has had
# [a request](https://github.com/pytorch/pytorch/issues/499) since 2017. In Keras,
# `EinsumDense` makes the weights that its formula names.
#
# :::{admonition} Exercise 1 · Count before you build
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Count*. Write `count(d, k, stride, filters, shared)`. It
# returns how many numbers, biases included, a layer with `filters` neurons at each window learns. Raise a
# `ValueError` if the windows do not end exactly at the last of the `d` inputs.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "count", "solution": true} jupyter={"source_hidden": true}
def count(d: int, k: int, stride: int, filters: int, shared: bool) -> int:
    """Return the number of weights and biases of a local layer."""
    ### BEGIN SOLUTION
    if k > d or (d - k) % stride:
        raise ValueError(f"windows of {k} do not fill {d} inputs")
    places = 1 if shared else (d - k) // stride + 1
    return places * (k * filters + filters)
    ### END SOLUTION


# %% nbgrader={"grade_id": "count-check", "grade": true, "points": 1}
checks.count(count)

# %%
shared = keras.layers.Conv1D(3, 4, strides=4)
own = keras.layers.EinsumDense("ngk,gkf->ngf", (6, 3), bias_axes="gf")
shared.build((None, 24, 1))
own.build((None, 6, 4))
for layer, sharing in (shared, True), (own, False):
    print("predicted", count(24, 4, 4, 3, sharing),
          "counted", layer.count_params())


# %% [markdown]
# A dense layer with as many outputs has $d\, G f + G f$ numbers, here 450.
#
# ## The layer as one matrix
#
# Without biases the layer is one product $x M$. A column of $M$ is a neuron: its weights stand in the rows of its
# window, and 0 in the others.
#
# :::{admonition} Exercise 2 · From compact to dense
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Build*. Write `dense_matrix(W, d, stride)`. `W` has shape
# (G, k, f). It returns the matrix `M` of shape (d, G f) for which `x @ M` gives the outputs of the local layer
# without bias, place after place, in each place filter after filter. The rest of the chapter uses it.
# :::
#
# :::{dropdown} Hint 1
# Start from zeros of shape (d, G, f); a `reshape` comes last.
# :::
#
# :::{dropdown} Hint 2
# Window `g` begins at row `g * stride`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "dense_matrix", "solution": true} jupyter={"source_hidden": true}
def dense_matrix(W: np.ndarray, d: int, stride: int) -> np.ndarray:
    """Return the matrix, shape (d, G * f), of a local layer (G, k, f)."""
    ### BEGIN SOLUTION
    G, k, f = W.shape
    M = np.zeros((d, G, f))
    for g in range(G):
        M[g * stride:g * stride + k, g] = W[g]
    return M.reshape(d, G * f)
    ### END SOLUTION


# %% nbgrader={"grade_id": "dense_matrix-check", "grade": true, "points": 2}
checks.dense_matrix(dense_matrix)

# %% [markdown]
# ## Four more ways, one result
#
# `unfold` cuts the windows, and `einsum` multiplies each by its own weights. The diagonal of the asker's
# convolution is another way.

# %%
rng = np.random.default_rng(0)
x, W, b = (rng.normal(size=size) for size in ((5, 8), (6, 3), 6))
wanted = x @ dense_matrix(W[..., None], 8, 1) + b
X, V, c = (torch.tensor(a) for a in (x, W, b))
windows = X.unfold(1, 3, 1)  # (N, G, k)
ways = {"einsum": torch.einsum("ngk,gk->ng", windows, V) + c}
table = functional.conv1d(X[:, None], V[:, None], c)
ways["diagonal"] = table.diagonal(dim1=1, dim2=2)


# %% [markdown]
# In a **grouped** convolution, groups of channels do not see each other. Entry $j$ of the window
# at place $g$ becomes channel $g k + j$, of length 1. The order is a trap: `torch.nn.Unfold`
# returns windows as (N, k, G). Flattened like that, the shapes fit, and each group gets entries of other windows.

# %%
def grouped(channels: torch.Tensor) -> torch.Tensor:
    """Return a convolution in six groups of 18 channels of length 1."""
    return functional.conv1d(
        channels[..., None], V.reshape(6, 3, 1), c, groups=6)[..., 0]


ways["grouped"] = grouped(windows.reshape(5, 18))
ways["wrong order"] = grouped(windows.transpose(1, 2).reshape(5, 18))


# %% [markdown]
# A **masked** dense layer multiplies its weights by a {term}`mask`, 1 for a connection and 0 for none, each time it
# is used. PyTorch stores weights as (outputs, inputs).

# %%
class MaskedLinear(torch.nn.Linear):
    """A linear layer whose weights count only where its mask is 1."""

    def __init__(self, mask: torch.Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)  # saved and moved with it

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight * self.mask, self.bias)


# %%
mask = torch.tensor(dense_matrix(np.ones((6, 3, 1)), 8, 1).T)
masked = MaskedLinear(mask)
with torch.no_grad():
    masked.weight[mask == 1], masked.bias[:] = V.flatten(), c
    ways["masked"] = masked(X)
for name, outputs in ways.items():
    print(f"{name:11} as wanted:", np.allclose(outputs, wanted))


# %% [markdown]
# ## A mask applied once
#
# :::{admonition} Predict first 2
# :class: predict
# A short cut sets the 30 outside weights of an ordinary `Linear` to 0 before training, once. After how many
# updates are they no longer 0? A better one also sets their gradients to 0, with a hook. Does that hold if it
# begins after 50 updates of gradient descent with momentum 0.9?
# :::
#
# :::{dropdown} Answer 2
# After one. The gradient of a weight is its input times the error of its neuron, and does not contain the weight. Adam
# divides its first gradient by the gradient's own size, so all 30 move by the learning rate. The hook fails:
# {term}`momentum` is a fading sum of *past* gradients. Each step is 0.9 of the one before, and together they come
# to $1 / (1 - 0.9) = 10$ times the first.
# :::

# %%
def once(first: MaskedLinear) -> None:
    first.weight.data *= mask


def hook(first: MaskedLinear) -> None:
    once(first)
    first.weight.register_hook(lambda gradient: gradient * mask)


def forward(first: MaskedLinear) -> None:
    first.mask = mask


# %%
def outside(way, make, start: int) -> torch.Tensor:
    """Return the 30 outside weights over 50 updates, masked at `start`."""
    draw = torch.manual_seed(0)
    examples = torch.randn(64, 8, generator=draw)
    labels = torch.randint(0, 3, (64,), generator=draw)
    first, weights = MaskedLinear(torch.ones(6, 8)), []
    network = torch.nn.Sequential(first, *copy.deepcopy(asked[1:]))
    optimiser = make(network.parameters())
    for update in range(start + 50):
        if update == start:
            way(first)
        optimiser.zero_grad()
        functional.cross_entropy(network(examples), labels).backward()
        optimiser.step()
        weights.append((first.weight * first.mask)[mask == 0].detach())
    return torch.stack(weights[start:])


# %%
optimisers = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1),
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, 0.001),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.001, weight_decay=0.1)}
moved = outside(once, optimisers["Adam"], 0)[0].abs()
print(f"first update of Adam: {moved.min():.4f} to {moved.max():.4f}\n")
print(" " * 16 + "".join(f"{name:>10}" for name in optimisers))
for start in (0, 50):
    for way in (once, hook, forward):
        ends = [outside(way, make, start)[-1].abs().max().item()
                for make in optimisers.values()]
        print(f"{way.__name__:8}from {start:2} ",
              "".join(f"{end:10.2g}" for end in ends))

# %% [markdown]
# The table shows the largest outside weight after 50 updates. A mask applied *once* is gone. The *hook* keeps a 0
# at 0 if it is there from the first update. *Pruning*, a mask set during training, meets the optimiser's memory; plain gradient descent has none. {term}`Weight decay <weight decay>` leaves a 0 alone: a multiple of 0 is 0. A mask in the *forward* pass is right in every column, since what is stored under it has no
# effect.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Zero gradients do not stop momentum. Behind the hook the weights still travel ten times their first step.", "name": "fig-local-connections-memory"}, "image": {"alt": "Largest outside weight against updates since the mask, from 0 to 50. Masked once, it rises in waves to about 0.5. With a hook it rises, ever more slowly, to a dotted line at ten times its first step, near 0.06. With the mask in the forward pass it stays at 0."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 3.6))
for way, line in ((once, "-"), (hook, "--"), (forward, "-.")):
    path = outside(way, optimisers["momentum"], 50).abs().amax(1)
    ax.plot(range(51), [0, *path], line, label=way.__name__)
    if way is hook:
        ax.axhline(10 * path[0], ls=":", color="black",
                   label="ten times the hook's first step")
        print(f"hook, 50 steps: predicted {10 * (1 - 0.9 ** 50):.2f} times "
              f"the first, measured {path[-1] / path[0]:.2f}")
ax.set(xlabel="updates since the mask", ylabel="largest outside weight")
ax.legend()
plt.show()


# %% [markdown]
# :::{admonition} Exercise 3 · Debug the copied layer
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Repair*. This answer about connections in Keras has been copied many
# times:
#
# ```python
# class Copied(keras.layers.Dense):
#     def call(self, inputs):
#         self.kernel = self.kernel * mask
#         super().call(inputs)
# ```
#
# Today's Keras stops at the line that reassigns `self.kernel`. In a layer that makes its own `self.kernel` in
# `build`, the line runs, but puts a tensor in the place of the variable: from the second call on the weights get
# no gradient. A second fault is on the last line. Write `masked_dense(mask)`. It returns a new Keras layer with
# `mask.shape[1]` linear neurons, a kernel, and a bias. `mask` has shape (inputs, neurons). Weights outside the mask
# must have no effect, also after training with any optimiser.
# :::
#
# :::{dropdown} Hint 1
# Mask a copy, where the variable is used.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "masked_dense", "solution": true} jupyter={"source_hidden": true}
def masked_dense(mask: np.ndarray) -> keras.layers.Layer:
    """Return a Keras layer whose kernel is masked each time it is used."""
    ### BEGIN SOLUTION
    class MaskedDense(keras.layers.Dense):
        def call(self, x):
            # The variable stays the optimiser's; only a copy is masked.
            return keras.ops.matmul(x, self.kernel * mask) + self.bias

    return MaskedDense(mask.shape[1])
    ### END SOLUTION


# %% nbgrader={"grade_id": "masked_dense-check", "grade": true, "points": 3}
checks.masked_dense(masked_dense)


# %% [markdown]
# ## One softmax, not two
#
# `cross_entropy` takes {term}`logits <logit>` and applies the softmax itself. A network that ends in a softmax
# gets a second one, and nothing complains.
#
# :::{admonition} Predict first 3
# :class: predict
# With the softmax applied twice and 3 classes, what is the smallest loss a network can reach? By
# which factor does the gradient change where all logits are equal?
# :::
#
# :::{dropdown} Answer 3
# At best the first softmax gives (1, 0, 0). The second makes $e / (e + 2)$ of the right class, so the
# loss stays above $\ln(1 + 2/e) = 0.551$. The gradient gets one more factor, the {term}`Jacobian` of a
# softmax, $p_i (\delta_{ij} - p_j)$, where $\delta_{ij}$ is 1 for $i = j$ and 0 otherwise. At
# $p_i = 1/3$ it divides a gradient whose entries add up to 0 by 3. Where the network is sure and
# wrong, the Jacobian is nearly 0.
# :::

# %%
def slope(logits: list, twice: bool) -> torch.Tensor:
    """Return the gradient of the loss for class 1 in the logits."""
    z = torch.tensor([logits], requires_grad=True)
    given = z.softmax(1) if twice else z
    loss = functional.cross_entropy(given, torch.tensor([0]))
    return torch.autograd.grad(loss, z)[0]


# %%
best = functional.cross_entropy(torch.eye(3)[:1], torch.tensor([0]))
print(f"least loss: predicted {np.log(1 + 2 / np.e):.4f}, is {best:.4f}")
for logits in [0.0, 0, 0], [0.0, 10, 0]:
    one, two = (slope(logits, twice) for twice in (False, True))
    print(logits, f"gradient times {(two / one)[0, 0]:.2g}")


# %% [markdown]
# A loss that stops at 0.551 looks like a failure and is the floor. End the network with a linear
# layer, and take a softmax only to show probabilities.
#
# :::{admonition} Exercise 4 · A thousand classes
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Predict*. Write `twice_range(classes)` for a network whose softmax is
# applied twice. It returns two numbers: the smallest loss that an example can approach, and the largest.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "twice_range", "solution": true} jupyter={"source_hidden": true}
def twice_range(classes: int) -> tuple[float, float]:
    """Return the smallest and the largest loss with a softmax too many."""
    ### BEGIN SOLUTION
    total = np.log(np.e + classes - 1)
    return float(total - 1), float(total)
    ### END SOLUTION


# %% nbgrader={"grade_id": "twice_range-check", "grade": true, "points": 1}
checks.twice_range(twice_range)


# %% [markdown]
# ## Is the wiring true, or only small?
#
# If a local layer does better than a dense one, the reason may be that its wiring is true, or only that it is
# small. We make a task whose wiring we know: 22 tanh neurons, each on a window of three of 24 inputs, and a
# linear readout. A network gets 300 noisy examples. It learns from 200 and stops where its error on the other
# 100 is least.
#
# :::{admonition} Predict first 4
# :class: predict
# Order four models by their error on new inputs: 22 neurons with the true windows; the same windows on
# inputs in a random order; 22 neurons that see everything; least squares, with no neuron at all.
# :::

# %%
def problem(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n noisy examples and 1,000 new ones: inputs and targets."""
    rng = np.random.default_rng(seed)
    filters, readout = rng.normal(size=(22, 3, 1)), rng.normal(size=22)
    x, noise = rng.normal(size=(n + 1000, 24)), rng.normal(size=n + 1000)
    y = np.tanh(x @ dense_matrix(filters, 24, 1)) @ readout
    return x, y / y.std() + 0.1 * noise


# %% [markdown]
# The networks of all wirings and seeds train side by side, in arrays of shape (wirings, seeds, ...).

# %%
def wirings(seed: int) -> list[np.ndarray]:
    """Return three masks: true windows, shuffled windows, dense."""
    order = np.random.default_rng(seed + 1000).permutation(24)
    true = dense_matrix(np.ones((22, 3, 1)), 24, 1)
    return [true, true[order], np.ones((24, 22))]


def error(masks, W, v, x, y) -> torch.Tensor:
    """Return each network's mean squared error; tanh_ spares a copy."""
    return (((torch.tanh_(x @ (W * masks)) @ v)[..., 0] - y) ** 2).mean(-1)


# %%
def train(masks, x, y, sizes: list) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors on new examples, every 20 updates and stopped."""
    torch.manual_seed(0)
    W = torch.randn(masks.shape) / masks.sum(-2, keepdim=True) ** 0.5
    v = torch.randn(*masks.shape[:2], 22, 1) / 22 ** 0.5
    adam = torch.optim.Adam([W.requires_grad_(), v.requires_grad_()], 0.02)
    parts, rows = [*zip(x.split(sizes, 1), y.split(sizes, 1))], []
    for update in training.progress(range(401)):
        if update % 20 == 0:
            rows.append([error(masks, W, v, *p).tolist() for p in parts])
        adam.zero_grad()
        error(masks, W, v, *parts[0]).sum().backward()
        adam.step()
    _, stop, new = np.array(rows).swapaxes(0, 1)
    return new, np.take_along_axis(new, stop.argmin(0)[None], 0)[0]


# %%
def study(wirings, n: int = 300, seeds=range(20)) -> tuple:
    """Train a network for each wiring and seed; stop by n / 3 examples."""
    data = zip(*(problem(seed, n) for seed in seeds))
    x, y = (torch.tensor(np.array(part)) for part in data)
    masks = torch.tensor(np.array([wirings(seed) for seed in seeds]))
    return train(masks.transpose(0, 1), x, y, [n - n // 3, n // 3, 1000])


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
    print(f"{name:17} median error {np.median(e):.2f}, worse than",
          f"true windows for {(true < e).sum():2} of 20")

# %% [markdown]
# :::{dropdown} Answer 4
# The true windows come first, ahead of each rival for 20 of 20 seeds. The dense layer comes last: least squares
# beats it for 20 of 20. Shuffled windows are near least squares, mostly a little ahead. They have as few weights as
# the true ones, so being small does not explain the lead.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "True windows pass below least squares. Which of the wrong networks is better depends on when we look.", "name": "fig-local-connections-wiring"}, "image": {"alt": "Median error on new examples of 20 networks against updates, both axes logarithmic, with bands from the lower to the upper quartile. Least squares is a level dashed line at 0.17. True windows fall from 0.3 to 0.05. Shuffled windows fall from 0.4 to the dashed line. The dense layer begins lowest, at 0.2, and rises to 0.27."}} jupyter={"source_hidden": true}
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
for check in (1, 5):
    better = (curves[check, 1] < curves[check, 2]).sum()
    print(f"after {20 * check:3} updates: shuffled windows better than "
          f"the dense layer for {better} of 20")


# %% [markdown]
# ## What could fool us
#
# **The moment we look.** After 20 updates the dense layer beats shuffled windows for 20 of 20, after 100 it loses to
# them for 20 of 20. We could have printed either. So held-out examples say when to stop.
#
# **An easy rival.** A dense layer that loses to least squares is beaten by wrong windows, too. With {term}`weight decay`
# (0.01) it is level with least squares, and true windows still beat every rival for 20 of 20. The rivals that count are
# the linear fit, and a wiring that is as small and wrong.
#
# ## One open question
#
#
#
# :::{admonition} Exercise 5 · The wrong width (open)
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
# - *Count*: own weights need $G$ times as many numbers as shared ones. `Conv1d(1, 6, 3)` fits by accident.
# - *Build*: a matrix, `einsum`, a diagonal, a grouped convolution and a mask agree.
# - *Repair*: a mask applied once is gone after one update, a hook meets momentum, a mask in the forward pass holds.
# - *Predict*: a second softmax leaves a loss of $\ln(1 + 2/e)$ at best and a third of the gradient at the start.
# - *Judge*: true windows beat least squares and windows as small, but shuffled, each time.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`local_threads`: the questions this chapter starts from.
# - {cite:t}`lecun1989`: local connections without and with weight sharing on handwritten digits.
# - {cite:t}`lecun1998`: convolutional networks in full.
