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
# # Is a layer that looks locally a convolution?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Count* the numbers a layer learns when its neurons share weights, when each has its own, and
#   when a mask hides the rest.
# - *Build* a layer of local connections in six ways that give the same numbers.
# - *Repair* a mask that lets the hidden weights come back.
# - *Predict* what a second softmax does to the loss and to its gradient.
# - *Judge* whether a wiring helps because it is true or because it is small.
# :::
#
# **Time:** about 50 minutes, and 70 for the exercises; the code runs in less than a minute.
# **Needs:** NumPy arrays, a layer as a matrix product, the chain rule.
#
# A user of PyTorch wants a network of 8 inputs, 6 neurons, 6 neurons and 3 classes. A neuron of the
# first layer should see three neighbouring inputs, not all eight. There are $8 - 3 + 1 = 6$ places
# for such a window, so one neuron a place {cite:p}`local_threads`. The user takes `Conv1d` with 6
# channels, and the shapes come out wrong. We find out why, build the layer that was wanted, and ask
# when it is worth wanting.

# %% [markdown]
# ## Why Conv1d gives the wrong shape
#
# :::{admonition} Predict first 1
# :class: predict
# `Conv1d(1, 6, 3)` reads signals of shape (N, 1, 8), N of them with one channel. What shape comes
# out, and how many numbers does the layer learn? Compare with six neurons of three weights and a
# bias each.
# :::

# %%
from course_utils import plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import local_connections as checks

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional

plotting.use_style()
training.seed_everything(0)
torch.set_default_dtype(torch.float64)

# %%
asked = torch.nn.Sequential(torch.nn.Conv1d(1, 6, 3), torch.nn.Tanh(), torch.nn.Linear(6, 6),
                            torch.nn.Tanh(), torch.nn.Linear(6, 3))
signals = torch.randn(5, 8)
print("after Conv1d:", tuple(asked[0](signals[:, None]).shape), "with",
      sum(p.numel() for p in asked[0].parameters()), "numbers")
print("at the end:  ", tuple(asked(signals[:, None]).shape))
try:
    functional.cross_entropy(asked(signals[:, None]), torch.tensor([0, 1, 2, 0, 1]))
except RuntimeError as error:
    print("the loss says:", error)

# %% [markdown]
# :::{dropdown} Answer 1
# (N, 6, 6), and $6 \cdot (3 + 1) = 24$ numbers: as many as were wanted. But they are used
# differently. A convolution has **filters**, not neurons. Each of its 6 filters visits each of the 6
# places, which makes 36 outputs. `Linear(6, 6)` then mixes the last axis, the places, for each filter
# apart. It raises no error because 6 happens to equal 6. The loss is the first to complain.
# :::
#
# At all places a filter uses the same numbers: {term}`weight sharing`. So shifting the input
# shifts the output. The wanted layer uses filter 1 at place 1 only, filter 2 at place 2 only, and so
# on. Its outputs lie on the diagonal of the 6 by 6 table, and the other 30 are extra.

# %%
conv = asked[0]
with torch.no_grad():
    table, shifted = conv(signals[:, None]), conv(signals.roll(-1, 1)[:, None])
print("shifted input, shifted output:", torch.allclose(table[..., 1:], shifted[..., :-1]))


# %% [markdown]
# ## From scratch
#
# A {term}`locally connected layer` gives each place weights of its own. Write $d$ for the number of
# inputs, $k$ for the width of a window, $s$ for the stride from one window to the next, and $f$ for
# the neurons at a place. There are $G = (d - k) / s + 1$ places. The weights have shape $(G, k, f)$,
# the biases $(G, f)$. Here $d = 8$, $k = 3$, $s = 1$, $f = 1$ and $G = 6$.

# %%
def local(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the outputs, shape (N, G), of windows that move by one input."""
    G, k = W.shape
    return np.stack([x[:, g:g + k] @ W[g] + b[g] for g in range(G)], axis=1)


rng = np.random.default_rng(0)
x, W, b = rng.normal(size=(5, 8)), rng.normal(size=(6, 3)), rng.normal(size=6)
wanted = local(x, W, b)
print(wanted.shape)

# %% [markdown]
# ## Five more ways, one result
#
# No framework here has such a layer: Keras 3
# [dropped it](https://github.com/keras-team/keras/issues/20830), and PyTorch has had
# [a request](https://github.com/pytorch/pytorch/issues/499) since 2017. Each builds it from parts.
# The diagonal of the asker's convolution is one way. `unfold` cuts the windows, and `einsum`
# multiplies each by its own weights.

# %%
X, W_torch, b_torch = (torch.tensor(a) for a in (x, W, b))
windows = X.unfold(1, 3, 1)  # (N, G, k)
ways = {"unfold": torch.einsum("ngk,gk->ng", windows, W_torch) + b_torch}
table = functional.conv1d(X[:, None], W_torch[:, None], b_torch)
ways["diagonal"] = table.diagonal(dim1=1, dim2=2)


# %% [markdown]
# A **grouped** convolution splits its channels into groups that do not see each other. Make each
# window a group: place $g$, entry $j$ becomes channel $g k + j$, all of length 1. In general it is
# `Conv1d(G*k, G*f, 1, groups=G)`, and output channel $g f + c$ is neuron $c$ at place $g$.

# %%
def grouped(channels: torch.Tensor) -> torch.Tensor:
    """Return what a convolution in six groups makes of 18 channels of length 1."""
    return functional.conv1d(channels[..., None], W_torch.reshape(6, 3, 1), b_torch, groups=6)[..., 0]


ways["grouped"] = grouped(windows.reshape(5, 18))


# %% [markdown]
# A **masked** dense layer multiplies its weights by a {term}`mask`, a table with 1 for a connection
# and 0 for none, each time it is used. PyTorch stores weights as (outputs, inputs).

# %%
class MaskedLinear(torch.nn.Linear):
    """A linear layer whose masked weights have no effect and get no gradient."""

    def __init__(self, mask: torch.Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight * self.mask, self.bias)


# %%
mask = torch.tensor([[float(g <= i < g + 3) for i in range(8)] for g in range(6)])
masked = MaskedLinear(mask)
with torch.no_grad():
    masked.weight[mask == 1] = W_torch.flatten()
    masked.bias.copy_(b_torch)
    ways["masked"] = masked(X)

# %% [markdown]
# In Keras, `EinsumDense` takes the formula and makes the weights that it names: a number for each pair of
# place $g$ and entry $k$. The bias has one for each place.

# %%
layer = keras.layers.EinsumDense("ngk,gk->ng", output_shape=(6,), bias_axes="g", dtype="float64")
layer.build((None, 6, 3))
layer.set_weights([W, b])
ways["Keras"] = layer(np.lib.stride_tricks.sliding_window_view(x, 3, axis=1))
for name, result in ways.items():
    print(f"{name:9} differs by less than 1e-12:", bool(np.abs(np.asarray(result) - wanted).max() < 1e-12))

# %% [markdown]
# The order of the channels is a trap. `torch.nn.Unfold` returns windows as (N, k, G). Flattened like
# that, the shapes fit, nothing complains, and each group gets entries of other windows.

# %%
wrong = grouped(windows.transpose(1, 2).reshape(5, 18)).numpy()
print(f"wrong order: outputs differ by up to {np.abs(wrong - wanted).max():.1f}")


# %% [markdown]
# ## Which number sits on which connection?
#
# A wiring can be written as one table: for each input and neuron, the index of the number on that
# connection, or $-1$ for no connection. The bias is the weight of an extra input that is always 1.
# A mask decides where the $-1$ are; sharing means that an index repeats. To count what the layer
# learns, count the different indices.

# %%
def dense_table(d: int, G: int) -> np.ndarray:
    """Return a number of its own for each of (d + 1) * G connections."""
    return np.arange((d + 1) * G).reshape(d + 1, G)


def local_table(d: int, k: int, shared: bool = False, stride: int = 1) -> np.ndarray:
    """Return the table of windows of width k; the last row is the bias."""
    G = (d - k) // stride + 1
    offset = np.arange(d)[:, None] - stride * np.arange(G)
    inside = np.vstack([(0 <= offset) & (offset < k), np.ones((1, G), bool)])
    index = np.vstack([offset, np.full((1, G), k)]) if shared else dense_table(d, G)
    return np.where(inside, index, -1)


# %% tags=["hide-input"] mystnb={"figure": {"caption": "Local connections leave most of the matrix empty. Sharing puts the same four numbers on every window; without sharing each connection has its own.", "name": "fig-local-connections-tables"}, "image": {"alt": "Three grids of 9 rows, the eight inputs and the bias, and 6 columns, the neurons. Dense, 54 cells, each with a number of its own. Own weights, a diagonal band of three cells a column and a full bias row, 24 cells with different numbers. Shared, the same cells, but 0, 1 and 2 down every column of the band and 3 along the bias row."}}
tables = {"dense": dense_table(8, 6), "own weights": local_table(8, 3),
          "shared weights": local_table(8, 3, shared=True)}
fig, axes = plt.subplots(1, 3, figsize=(plotting.WIDTH, 4.2), sharey=True)
for ax, (name, index) in zip(axes, tables.items()):
    ax.imshow(np.where(index < 0, np.nan, 1), cmap="Blues", vmin=0, vmax=3, aspect="auto")
    for (row, column), value in np.ndenumerate(index):
        if value >= 0:
            ax.text(column, row, value, ha="center", va="center", fontsize=9)
    ax.set(title=name, xlabel="neuron", xticks=range(6), xticklabels=range(1, 7))
    ax.grid(False)
axes[0].set(yticks=range(9), yticklabels=[*range(1, 9), "bias"], ylabel="input")
plt.show()


# %% [markdown]
# The formulas are $k f + f$ shared, $G (k f + f)$ with own weights, $d\, G f + G f$ dense. A masked
# layer learns as many as the local one and stores as many as the dense one. We read them from the
# frameworks for our layer, and for 24 inputs in 6 patches of 4 with 3 filters.

# %%
def read(d: int, k: int, s: int, f: int) -> list[int]:
    """Return the numbers in a shared, an own-weights, and a dense layer, as Keras counts them."""
    G = (d - k) // s + 1
    conv, dense = keras.layers.Conv1D(f, k, strides=s), keras.layers.Dense(G * f)
    own = keras.layers.EinsumDense("ngk,gkf->ngf", output_shape=(G, f), bias_axes="gf")
    for layer, shape in ((conv, (d, 1)), (own, (G, k)), (dense, (d,))):
        layer.build((None, *shape))
    return [layer.count_params() for layer in (conv, own, dense)]


for d, k, s, f in ((8, 3, 1, 1), (24, 4, 4, 3)):
    G = (d - k) // s + 1
    formulas = [k * f + f, G * (k * f + f), d * G * f + G * f]
    print(f"d = {d:2}: predicted {formulas}, read {read(d, k, s, f)}")
print("from our tables:", [len(np.unique(t[t >= 0])) for t in tables.values()][::-1])
print("masked stores", sum(p.numel() for p in masked.parameters()), "and hides", int((mask == 0).sum()))

# %% [markdown]
# The whole 8-6-6-3 network adds $42 + 21$ for the upper layers: 67 numbers shared, 87 with own
# weights, 117 dense.

# %% [markdown]
# ## A mask applied once
#
# :::{admonition} Predict first 2
# :class: predict
# A tempting short cut is to set the 30 outside weights of an ordinary `Linear` to 0 before training,
# once. After how many updates are they no longer 0? How large is each after the first update of Adam
# with rate 0.001?
# :::
#
# :::{dropdown} Answer 2
# After one. The gradient of a weight is the input times the error of its neuron. It does not contain
# the weight, so a weight of 0 gets a gradient like any other. Adam divides its first gradient by the
# gradient's own size, so all 30 move by 0.001.
# :::

# %%
task = torch.Generator().manual_seed(0)
examples = torch.randn(64, 8, generator=task)
labels = torch.randint(0, 3, (64,), generator=task)


def full_network(first: torch.nn.Module) -> torch.nn.Sequential:
    """Return the 8-6-6-3 network with the given first layer. Its outputs are logits."""
    return torch.nn.Sequential(first, torch.nn.Tanh(), torch.nn.Linear(6, 6), torch.nn.Tanh(),
                               torch.nn.Linear(6, 3))


def outside_weights(way: str, make, before: int, after: int) -> torch.Tensor:
    """Return the layer's weights in effect, masked after some updates in one of four ways."""
    torch.manual_seed(0)
    first = MaskedLinear(torch.ones(6, 8))
    network = full_network(first)
    optimiser = make(network.parameters())
    for update in range(before + after):
        if update == before and way == "forward":
            first.mask = mask
        elif update == before:
            first.weight.data *= mask
        if update == before and way == "hook":  # from here on, the gradient outside is 0
            first.weight.register_hook(lambda gradient: gradient * mask)
        optimiser.zero_grad()
        functional.cross_entropy(network(examples), labels).backward()
        optimiser.step()
        if way == "each step" and update >= before:
            first.weight.data *= mask
    return (first.weight * first.mask).detach()


# %%
optimisers = {"SGD": lambda p: torch.optim.SGD(p, 0.1),
              "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
              "Adam": lambda p: torch.optim.Adam(p, 0.001),
              "AdamW": lambda p: torch.optim.AdamW(p, 0.001, weight_decay=0.1)}
one = outside_weights("once", optimisers["Adam"], 0, 1)[mask == 0]
print("moved after 1 update:", int((one != 0).sum()), "of 30, each by", f"{one.abs().mean():.4f}")
print("largest outside weight, mask from update 0 on, then from update 50 on")
print(" " * 9 + ("".join(f"{name:>8}" for name in optimisers)) * 2)
for way in ("once", "hook", "each step", "forward"):
    row = [f"{way:9}"]
    for before in (0, 50):
        for make in optimisers.values():
            largest = outside_weights(way, make, before, 50)[mask == 0].abs().max()
            row.append(f"{largest:8.3f}" if largest else f"{'0':>8}")
    print("".join(row))

# %% [markdown]
# A hook that clears the gradient keeps a 0 at 0, if it is there from the first update. Weight decay
# does not change that: it multiplies, and a multiple of 0 is 0. But someone who *prunes*, that is
# masks a network in training, meets the optimiser's memory. Momentum keeps a fading sum $m$ of past
# gradients. With a factor of 0.9 a weight with no further gradient still moves by
# $\eta\, m\, (0.9 + 0.9^2 + \dots) = 9\, \eta\, m$. Adam has such a memory too. A mask in the forward
# pass is right in every column, because what is stored under it has no effect. (PyTorch's own
# `prune.custom_from_mask` works this way.) It only has to start right: PyTorch draws weights as for
# 8 inputs a neuron, when there are three.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A mask applied once is gone. After 50 updates with momentum the weights that were set to 0 are nearly as large as those of the windows.", "name": "fig-local-connections-once"}, "image": {"alt": "Two grids of 6 neurons and 8 inputs, coloured by the size of the weight. Left, mask in the forward pass, a diagonal band of three coloured cells a row on white. Right, mask applied once, nearly all cells are coloured, inside the band and outside."}}
fig, axes = plt.subplots(1, 2, figsize=(plotting.WIDTH, 3.2), sharey=True)
for ax, (way, title) in zip(axes, (("forward", "mask in the forward pass"), ("once", "mask applied once"))):
    image = ax.imshow(outside_weights(way, optimisers["momentum"], 0, 50).abs(), cmap="Blues", vmin=0, vmax=0.8)
    ax.set(title=title, xlabel="input", xticks=range(8), xticklabels=range(1, 9))
    ax.grid(False)
axes[0].set(ylabel="neuron", yticks=range(6), yticklabels=range(1, 7))
fig.colorbar(image, ax=axes, label="size of the weight", shrink=0.9)
plt.show()


# %% [markdown]
# ## One softmax, not two
#
# `cross_entropy` takes {term}`logits <logit>`: it applies the softmax itself. A network that ends in a softmax
# gets a second one.
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
    """Return the gradient of the loss for class 1 with respect to the logits."""
    z = torch.tensor([logits], requires_grad=True)
    loss = functional.cross_entropy(z.softmax(1) if twice else z, torch.tensor([0]))
    return torch.autograd.grad(loss, z)[0]


perfect = functional.cross_entropy(torch.tensor([[1.0, 0, 0]]), torch.tensor([0]))
print(f"smallest loss: predicted {np.log(1 + 2 / np.e):.4f}, measured {perfect:.4f}")
print(f"equal logits: gradient times {(slope([0.0, 0, 0], True) / slope([0.0, 0, 0], False)).mean():.4f}")
sure = [slope([0.0, 10, 0], twice).abs().max() for twice in (False, True)]
print(f"sure and wrong: largest entry {sure[0]:.2f} with one softmax, {sure[1]:.0e} with two")


# %% [markdown]
# To see what that does to training we need many networks at once. The function below trains one for
# each wiring table, side by side. Only the first layer is wired by the table.

# %%
def train(tables: torch.Tensor, widths: list, batch, loss, make=torch.optim.Adam, rate=0.02, steps=300):
    """Train a tanh network for each table, shape (B, d + 1, G); return their joint function."""
    draw = torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=draw) * 2 - 1

    there, B, G = tables >= 0, len(tables), tables.shape[2]
    numbers = uniform(B, tables[0].numel()) / there.sum(1).amax(1, keepdim=True).sqrt()
    layers = [(uniform(B, a, c) / a**0.5, torch.zeros(B, 1, c)) for a, c in zip([G, *widths], widths)]
    weights = [numbers, *(w for pair in layers for w in pair)]

    def outputs(x: torch.Tensor) -> torch.Tensor:
        W = numbers.gather(1, tables.clamp(min=0).flatten(1)).view(tables.shape) * there
        h = torch.cat([x, torch.ones_like(x[..., :1])], -1) @ W
        for V, v in layers:
            h = torch.tanh(h) @ V + v
        return h

    optimiser = make([w.requires_grad_() for w in weights], rate)
    for step in training.progress(range(steps)):
        x, y = batch(step)
        optimiser.zero_grad()
        loss(outputs(x), y).sum().backward()
        optimiser.step()
    return torch.no_grad()(outputs)


# %% [markdown]
# The task: 20 random 8-6-6-3 networks with local first layers label 300 signals each, and 20 fresh ones
# learn from them.

# %%
def entropy(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of each network."""
    return -logits.log_softmax(-1).gather(-1, y[..., None]).mean((1, 2))


def twice(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy with a softmax too many."""
    return entropy(logits.softmax(-1), y)


local20 = torch.tensor(local_table(8, 3)).expand(20, 9, 6)
draw = torch.Generator().manual_seed(1)
signals = torch.randn(20, 1300, 8, generator=draw)
first, second, third = (torch.randn(20, a, c, generator=draw) for a, c in ((8, 6), (6, 6), (6, 3)))
logits = torch.tanh(torch.tanh(signals @ (first * mask.T)) @ second) @ third
classes = (logits - logits.mean(1, keepdim=True)).argmax(-1)

# %%
for name, make, rate in (("SGD", torch.optim.SGD, 0.3), ("Adam", torch.optim.Adam, 0.02)):
    right, final = {}, {}
    for loss in (entropy, twice):
        net = train(local20, [6, 3], lambda step: (signals[:, :300], classes[:, :300]), loss, make, rate)
        right[loss] = (net(signals[:, 300:]).argmax(-1) == classes[:, 300:]).double().mean(1)
        final[loss] = loss(net(signals[:, :300]), classes[:, :300])
    medians = [f"{right[loss].median():.0%}" for loss in (entropy, twice)]
    print(f"{name:4}: right on new signals, median with one softmax and two: {' and '.join(medians)}")
    print(f"      one softmax better for {int((right[entropy] > right[twice]).sum())} of 20;"
          f" loss with two above 0.551 for {int((final[twice] > 0.5514).sum())} of 20")


# %% [markdown]
# With SGD the second softmax is behind for 18 of 20 networks after 300 updates, as the smaller gradient
# predicts. Adam divides a constant factor out, and 15 of 20 are still behind. And all 20
# report a loss above 0.551, which looks like failure and is the floor. Nothing raised an error. So end the
# network with a linear layer, give its logits to the loss, and take a softmax only to show probabilities.

# %% [markdown]
# ## When is the wiring true?
#
# Three tasks differ in one thing only. In each, a target is made by 22 tanh neurons over 24 inputs,
# each on a window of three, and a linear readout. In task *own*, each place has a filter of its
# own. In task *same*, all places have one filter. In task *shuffled*, the inputs of task *own* come in a
# random order, so neighbours mean nothing. A network gets 100 noisy examples. Beside the three
# wirings we train two controls: *scattered*, in which each neuron sees three random inputs, and *small
# dense*, with four neurons that see everything and about as many numbers as the local layer.

# %%
def problem(task: str, seed: int, n: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Return 1,100 inputs and targets; the first n targets have noise."""
    rng = np.random.default_rng(seed)
    filters = rng.normal(size=(1 if task == "same" else 22, 3))
    filters = np.broadcast_to(2 * filters / np.linalg.norm(filters, axis=1, keepdims=True), (22, 3))
    x, readout, noise = rng.normal(size=(n + 1000, 24)), rng.normal(size=22), rng.normal(size=n)
    y = np.tanh(local(x, filters, np.zeros(22))) @ readout
    y = y / y.std()
    y[:n] += 0.1 * noise
    return (x[:, rng.permutation(24)] if task == "shuffled" else x), y


# %%
def scattered(seed: int) -> np.ndarray:
    """Return a table in which each of 22 neurons sees three random inputs."""
    rng = np.random.default_rng(seed)
    seen = np.array([rng.permutation(24) < 3 for _ in range(22)]).T
    return np.where(np.vstack([seen, np.ones((1, 22), bool)]), dense_table(24, 22), -1)


small = np.where(np.arange(22) < 4, dense_table(24, 22), -1)
wirings = {"shared": lambda seed: local_table(24, 3, shared=True), "own weights": lambda seed: local_table(24, 3),
           "dense": lambda seed: dense_table(24, 22), "scattered": scattered, "small dense": lambda seed: small}


def squared(outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of each network."""
    return ((outputs[..., 0] - y) ** 2).mean(1)


def compare(task: str, wirings: dict, n: int = 100, seeds=range(20)) -> dict[str, np.ndarray]:
    """Return the error of a network for each wiring and seed on new inputs."""
    data = [problem(task, seed, n) for seed in seeds]
    x, y = (torch.tensor(np.array(part)).repeat(len(wirings), *[1] * (part[0].ndim)) for part in zip(*data))
    stacked = torch.tensor(np.array([make(seed) for make in wirings.values() for seed in seeds]))
    net = train(stacked, [1], lambda step: (x[:, :n], y[:, :n]), squared)
    errors = squared(net(x[:, n:]), y[:, n:])
    return dict(zip(wirings, errors.numpy().reshape(len(wirings), -1)))


# %%
results = {task: compare(task, wirings) for task in ("own", "same", "shuffled")}
print("median error  " + "".join(f"{name:>12}" for name in wirings))
for task, errors in results.items():
    print(f"{task:14}" + "".join(f"{np.median(e):12.2f}" for e in errors.values()))
for task, better, worse in (("own", "own weights", "shared"), ("own", "own weights", "dense"),
                            ("own", "own weights", "scattered"), ("own", "own weights", "small dense"),
                            ("same", "shared", "own weights"), ("same", "shared", "dense"),
                            ("shuffled", "dense", "own weights")):
    count = (results[task][better] < results[task][worse]).sum()
    print(f"task {task}: {better} better than {worse} for {count} of 20")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Where neighbours belong together, windows beat a dense layer. Where they do not, the same windows lose to it. Sharing wins where one filter holds everywhere.", "name": "fig-local-connections-tasks"}, "image": {"alt": "Three panels, one a task, with the errors of 20 networks for each of five wirings on a logarithmic axis. Task own, the medians of shared and own weights are lowest, near 0.16, dense at 0.26, both controls at 0.45. Task same, shared is near 0.01, far below the rest. Task shuffled, shared and dense near 0.24, own weights at 0.35, the controls at about 0.5."}}
fig, axes = plt.subplots(1, 3, figsize=(plotting.WIDTH, 4.4), sharey=True)
for ax, (task, errors) in zip(axes, results.items()):
    for place, (name, marker) in enumerate(zip(errors, "os^xD")):
        ax.plot(place + np.linspace(-0.25, 0.25, 20), errors[name], marker, mfc="none", markersize=5)
        ax.plot([place - 0.35, place + 0.35], [np.median(errors[name])] * 2, "-", color="black")
    ax.set(title=f"task {task}", yscale="log", xticks=range(5))
    ax.set_xticklabels(list(errors), rotation=90)
axes[0].set_ylabel("error on new inputs")
plt.show()

# %% [markdown]
# Where neighbours belong together, windows with own weights beat the dense layer for 18 of 20 seeds. Where the
# inputs are shuffled, they lose to it for 17 of 20, and the dense layer does not care about the order. Where
# one filter holds everywhere, sharing beats own weights for 16 of 20. Each wiring is a guess about the task, and
# it helps when the guess is right. One result does not fit: on shuffled inputs the shared layer guesses wrong
# twice and is level with the dense one.
#
# ## What could fool us
#
# **A smaller layer.** The local layer has 88 numbers where the dense one has 550. Perhaps any small layer
# would do? The controls say no. *Scattered* has the same 88, *small dense* has 100, and own weights beat
# them for 20 and for 19 of 20.
#
# **Too few examples.** The shared layer is wrong about the filters on task *own* as well, and with 100 examples
# it is level with own weights there, 10 of 20. It has 4 numbers to learn, not 88. With more examples the
# false assumption should cost more than it saves.

# %%
more = compare("own", {name: wirings[name] for name in ("shared", "own weights", "dense")}, 400)
print("400 examples:", {name: float(np.median(e).round(2)) for name, e in more.items()})
print("own weights better than shared for", int((more["own weights"] < more["shared"]).sum()), "of 20")


# %% [markdown]
# Now own weights win for 20 of 20. So a wiring can lead because it is small, and the control is more data. The
# dense layer is worse than with 100 examples. Its 573 numbers, readout included, are not far from the number
# of examples, where fitted noise tends to do the most harm; we did not test that.
#
# **A layer on top.** A neuron that sees three inputs cannot react to the product of the first and the
# last. Does the network then fail?
#
# :::{admonition} Predict first 4
# :class: predict
# The inputs are independent standard normal numbers and the target is $x_1 x_8$. What share of its
# variance does a local layer with a linear readout miss at best? And with a second, dense layer of 6
# neurons between? Last case: four patches of two inputs, one neuron each, then a dense layer of 16; the target
# is $x_1 x_7 + x_2 x_8$.
# :::
#
# :::{dropdown} Answer 4
# All of it: the readout adds functions of single windows, and no window holds both factors. Given one
# window, the mean of $x_1 x_8$ is 0, so each such function is uncorrelated with it. With a dense layer between, nothing
# stands in the way: windows pass on $x_1$ and $x_8$, and the second layer combines them. In the last case
# a patch has to send two numbers through one neuron. Whatever its weights, the neuron passes on one
# combination, at best $x_1$ or $x_2$ or a mixture, and one of the two products, half the variance, is lost.
# :::

# %%
def missed(table: np.ndarray, widths: list, target) -> np.ndarray:
    """Return the share of variance that 20 networks miss on fresh data."""
    draw = torch.Generator().manual_seed(2)
    def batch(step: int, size: int = 128) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.randn(size, 8, generator=draw)
        return x.expand(20, -1, -1), target(x).expand(20, -1)

    net = train(torch.tensor(table).expand(20, *table.shape), widths, batch, squared, rate=0.01, steps=600)
    x, y = batch(0, 20_000)
    return (squared(net(x), y) / y[0].var()).numpy()


def product(x: torch.Tensor) -> torch.Tensor:
    return x[:, 0] * x[:, 7]


def products(x: torch.Tensor) -> torch.Tensor:
    return x[:, 0] * x[:, 6] + x[:, 1] * x[:, 7]


cases = {"windows, no second layer": (local_table(8, 3), [1], product, 1.0),
         "windows, dense 6": (local_table(8, 3), [6, 1], product, 0.0),
         "patches, dense 16": (local_table(8, 2, stride=2), [16, 1], products, 0.5),
         "dense 4, dense 16": (dense_table(8, 4), [16, 1], products, 0.0)}
shares = {name: missed(*case[:3]) for name, case in cases.items()}
for name, share in shares.items():
    print(f"{name:24} at best {cases[name][3]:.1f}, median {np.median(share):.2f}; "
          f"below 0.1: {(share < 0.1).sum():2}, 0.45: {(share < 0.45).sum():2} of 20")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A dense second layer makes up for windows. It cannot bring back what four patches with one neuron each have already mixed.", "name": "fig-local-connections-bottleneck"}, "image": {"alt": "Four rows of 20 markers against the share of the variance missed. Windows without a second layer all lie at 1. Of the windows with a dense layer 16 lie near 0 and four at 1. Patches lie just above 0.5. The dense layer of four neurons lies between 0.2 and 0.4. Dotted lines for the best possible stand at 1, 0, 0.5 and 0."}}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 3.6))
for row, (name, share) in enumerate(shares.items()):
    ax.plot(share, row + np.linspace(-0.2, 0.2, 20), "os^D"[row], mfc="none")
    ax.plot([cases[name][3]] * 2, [row - 0.4, row + 0.4], ":", color="black", label="" if row else "best possible")
ax.set(xlabel="share of the variance missed", yticks=range(4), yticklabels=list(shares), xlim=(-0.05, 1.1))
ax.legend(loc="lower right")
ax.invert_yaxis()
plt.show()

# %% [markdown]
# Without a second layer all 20 miss everything. With it, 16 of 20 find the product and 4 get stuck: the
# network can, but training need not. No patch network gets below one half. Four neurons that see all inputs do, for 20 of 20,
# though none gets near 0.
#
# Linear algebra says how much a dense layer can undo. Take any dense $8 \times 6$ matrix. In each
# window there is a vector orthogonal to the two directions that the matrix ignores, because three
# unknowns meet two conditions. So the matrix is, in general, a banded one times a $6 \times 6$ one.
# The numbers agree: $6 \cdot 2 + 36 = 48$.

# %%
exact = 0
for seed in range(20):
    A, band = np.random.default_rng(seed).normal(size=(8, 6)), np.zeros((8, 6))
    ignored = np.linalg.svd(A.T)[2][6:]
    for g in range(6):
        band[g:g + 3, g] = np.linalg.svd(ignored[:, g:g + 3])[2][-1]
    exact += np.abs(band @ np.linalg.lstsq(band, A)[0] - A).max() < 1e-8
print(f"dense = banded times square for {exact} of 20 random matrices")


# %% [markdown]
# ## A recurrent network shares over time
#
# An unrolled recurrent network is wired the same way. A step sees a small window, $x_t$ and $h_{t-1}$,
# and every step uses the same $W$ and $U$. For one linear unit, $h_t = W x_t + U h_{t-1}$ gives
# $h_t = \sum_j U^j W x_{t-j}$: a convolution whose filter is $W, UW, U^2 W, \dots$ With
# $W = U = 1$, as in [chapter 1](01_linear_rnn_sum.md), the filter is all ones, a running total.

# %%
def states(series: np.ndarray, W: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Return h after each step; W and U hold a number for each step."""
    h, path = 0.0, []
    for x_t, W_t, U_t in zip(series, W, U):
        h = W_t * x_t + U_t * h
        path.append(h)
    return np.array(path)


# %%
T, rng = 8, np.random.default_rng(3)
series, same = rng.normal(size=T), (np.full(T, 0.5), np.full(T, 0.9))
kernel = 0.5 * 0.9 ** np.arange(T)[::-1]
padded = np.concatenate([np.zeros(T - 1), series])
conv = functional.conv1d(torch.tensor(padded)[None, None], torch.tensor(kernel)[None, None])[0, 0]
print("RNN = Conv1d:", np.allclose(states(series, *same), conv))
own = rng.normal(size=(2, T))
for name, steps in (("shared", same), ("own", own)):
    unrolled = np.array([states(unit, *steps) for unit in np.eye(T)])  # row: an input, column: a step
    constant = all(np.ptp(unrolled.diagonal(lag)) < 1e-12 for lag in range(T))
    agrees = np.allclose(series @ unrolled, states(series, *steps))
    print(f"{name:6} weights: masked layer agrees: {agrees}, constant diagonals: {constant},"
          f" numbers: {2 if name == 'shared' else 2 * T}")


# %% [markdown]
# Without sharing, a recurrent network is a locally connected layer in time: $2T$ numbers in place of
# 2, and none for step $T + 1$. Sharing is what lets it read longer sequences than it has seen.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · Count before you build
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Count*. Write `count(d, k, stride, filters, shared)`. It
# returns how many numbers, biases included, a layer with `filters` neurons at each window learns. Raise a
# `ValueError` if the windows do not end exactly at the last of the `d` inputs.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "count", "solution": true}
def count(d: int, k: int, stride: int, filters: int, shared: bool) -> int:
    """Return the number of weights and biases of a local layer."""
    ### BEGIN SOLUTION
    if k > d or (d - k) % stride:
        raise ValueError(f"windows of {k} with stride {stride} do not fill {d} inputs")
    places = 1 if shared else (d - k) // stride + 1
    return places * (k * filters + filters)
    ### END SOLUTION


# %% nbgrader={"grade_id": "count-check", "grade": true, "points": 1}
checks.count(count)


# %% [markdown]
# :::{admonition} Exercise 2 · From compact to dense
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Build*. Write `dense_matrix(W, d, stride)`. `W` has shape
# (G, k, f). It returns the matrix `M` of shape (d, G f) for which `x @ M` gives the outputs of the local layer
# without bias, place after place, in each place filter after filter.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "dense_matrix", "solution": true}
def dense_matrix(W: np.ndarray, d: int, stride: int) -> np.ndarray:
    """Return the matrix, shape (d, G * f), of a local layer with weights (G, k, f)."""
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
# Exercise 3 starts from an answer about connections in Keras that has been copied many times.

# %%
class Copied(keras.layers.Dense):
    def __init__(self, units: int, mask: np.ndarray) -> None:
        super().__init__(units)
        self.mask = mask

    def call(self, inputs):
        self.kernel = self.kernel * self.mask
        super().call(inputs)


try:
    Copied(6, mask.numpy().T)(x)
except AttributeError as error:
    print("AttributeError, about a setter:", "has no setter" in str(error))


# %% [markdown]
# :::{admonition} Exercise 3 · Debug the copied layer
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Repair*. Today's Keras stops at the line that reassigns
# `self.kernel`. In a layer that makes its own `self.kernel` in `build`, the line runs, and from the second
# call on the weights get no gradient: why? A second fault is on the last line of `call`. Write
# `masked_dense(mask)`. It returns a new Keras layer with `mask.shape[1]` linear neurons, a kernel, and a bias. `mask` has
# shape (inputs, neurons). Weights outside the mask must have no effect, also after training with any optimiser.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "masked_dense", "solution": true}
def masked_dense(mask: np.ndarray) -> keras.layers.Layer:
    """Return a Keras layer whose kernel is masked each time it is used."""
    ### BEGIN SOLUTION
    class MaskedDense(keras.layers.Dense):
        def call(self, inputs):
            # The variable stays what the optimiser holds; only a copy is masked.
            return keras.ops.matmul(inputs, self.kernel * mask) + self.bias

    return MaskedDense(mask.shape[1])
    ### END SOLUTION


# %% nbgrader={"grade_id": "masked_dense-check", "grade": true, "points": 3}
checks.masked_dense(masked_dense)


# %% [markdown]
# :::{admonition} Exercise 4 · A thousand classes
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Predict*. Write `twice_range(classes)` for a network whose softmax is
# applied twice. It returns two numbers: the smallest loss that an example can approach, and the largest.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "twice_range", "solution": true}
def twice_range(classes: int) -> tuple[float, float]:
    """Return the smallest and the largest loss with a softmax too many."""
    ### BEGIN SOLUTION
    total = np.log(np.e + classes - 1)
    return float(total - 1), float(total)
    ### END SOLUTION


# %% nbgrader={"grade_id": "twice_range-check", "grade": true, "points": 1}
checks.twice_range(twice_range)


# %% [markdown]
# :::{admonition} Exercise 5 · The wrong width (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Judge*. On task *own* the true windows have width 3. Give each of the
# 22 neurons a window of width 3, 5 or 9 that contains its true one. Predict the order of the three layers after 100
# examples, and the size of the differences. Measure with `compare`. Which further comparison would tell you that a width is true, and not only that it is small?
# :::

# %% [markdown] nbgrader={"grade_id": "width", "solution": true, "grade": true, "points": 3}
# *Your answer here: prediction, measurement, and the control you chose.*

# %% tags=["hide-cell"]
def windows_of(k: int) -> np.ndarray:
    """Return the table of 22 windows of width k, each around a true one of width 3."""
    first = np.clip(np.arange(22) - (k - 3) // 2, 0, 24 - k)
    offset = np.arange(24)[:, None] - first
    inside = np.vstack([(0 <= offset) & (offset < k), np.ones((1, 22), bool)])
    return np.where(inside, dense_table(24, 22), -1)


errors = compare("own", {k: lambda seed, k=k: windows_of(k) for k in (3, 5, 9)})
for k, e in errors.items():
    print(f"width {k}: {(windows_of(k) >= 0).sum()} numbers, median error {np.median(e):.2f}")
print("width 3 better than 5 for", int((errors[3] < errors[5]).sum()), "of 20")

# %% [markdown]
# :::{dropdown} One answer
# The medians are 0.16, 0.25 and 0.28 for widths 3, 5 and 9, and width 3 beats width 5 for 19 of 20.
# All three contain the true windows, so only the additional weights differ: 88, 132 and 220 numbers with the biases.
# That alone cannot show that 3 is true: a width of 1 or 2 is smaller still. Two controls can: width 3 on
# shuffled inputs, which has the same size and fails, and more examples, with which a width that is too
# large should catch up and one that is too small should not.
# :::

# %% [markdown]
# ## What we saw
#
# - *Count*: `Conv1d(1, 6, 3)` has the 24 numbers that were wanted, on 36 outputs. Shared weights need $k f + f$
#   numbers, own weights $G$ times as many, and a masked layer stores all of the dense one.
# - *Build*: a loop, `unfold`, a grouped convolution, a diagonal, a mask and `EinsumDense` agree to the
#   last digits, if the channels are in order.
# - *Repair*: a mask applied once is gone after one update. In the forward pass it holds for every optimiser.
# - *Predict*: a second softmax leaves a loss of $\ln(1 + 2/e)$ at best and a third of the gradient at the start.
# - *Judge*: where neighbours belong together, windows beat a dense layer for 18 of 20 seeds; on shuffled inputs
#   they lose for 17. Controls of the same size show that it is the truth of the wiring that helps. A dense second
#   layer can undo windows, but it cannot undo a bottleneck.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`local_threads`: the questions this chapter starts from.
# - {cite:t}`lecun1989`: local connections without and with weight sharing on handwritten digits.
# - {cite:t}`lecun1998`: convolutional networks in full.
