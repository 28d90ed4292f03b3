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
# # Which slice of an LSTM's weights is which gate?
#
# An LSTM is a recurrent layer with a second state, the cell state, and gates that say what of it to keep,
# add and show. Keras hands out its weights as three arrays without names. Each holds four blocks of
# columns side by side, in the order **i, f, c, o**. With $u$ units that read $d$ numbers a step:
#
# | array | shape | multiplies | the slice of f, the second block |
# |---|---|---|---|
# | kernel $W$ | (d, 4u) | the input $x_t$ | `W[:, u:2*u]` |
# | recurrent kernel $U$ | (u, 4u) | the last state $h_{t-1}$ | `U[:, u:2*u]` |
# | bias $b$ | (4u,) | 1 | `b[u:2*u]` |

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One step of an LSTM. Four boxes read the same input and last state, each through its own block of columns. f says what is kept of the cell state, i how much of g is added, o what is shown.", "name": "fig-lstm-gate-slicing-cell"}, "image": {"alt": "A drawing. At the top a line leads from c at t minus 1 through a product and a sum to c at t. At the bottom h at t minus 1 and x at t join one line that feeds four boxes, with blocks f, i, c and o. Box f, a sigmoid, leads up to the product, labelled keep. Box i, a sigmoid, and box g, a tanh, meet in a product that leads up to the sum, labelled add. Box o, a sigmoid, meets the tanh of the new c in a third product, labelled show, which leads to h at t."}} jupyter={"source_hidden": true}
from course_utils import live, plotting, training  # first: quiet TensorFlow

import matplotlib.pyplot as plt

plotting.use_style()
FILLS = {"i": "#9ecae8", "f": "#f5c08a", "c": "#ffffff", "o": "#cfcfcf"}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 4.3))
ARROW = {"arrowstyle": "-|>", "color": "black", "lw": 1.8, "shrinkB": 0,
         "shrinkA": 0}
wires = [
    [(0, 6), (10.6, 6)], [(1, 0.2), (1, 1)], [(2, 3.3), (2, 5.7)],
    [(3.8, 3.3), (3.8, 4.5), (4.4, 4.5)], [(4.7, 4.8), (4.7, 5.7)],
    [(5.6, 3.3), (5.6, 4.5), (5, 4.5)], [(9, 6), (9, 5.3)],
    [(9, 4.6), (9, 4.1)],
    [(7.6, 3.3), (7.6, 3.8), (8.7, 3.8)], [(9, 3.5), (9, 1), (10.6, 1)],
    *([(x, 1), (x, 2)] for x in (2, 3.8, 5.6, 7.6)),
]
for *way, end in wires:
    ax.plot(*zip(*way), "-", color="black", lw=1.8, zorder=1)
    ax.annotate("", end, way[-1], arrowprops=ARROW)
ax.plot([0, 7.6], [1, 1], "-", color="black", lw=1.8, zorder=1)
boxes = [("f", 2, "$f_t$\nσ"), ("i", 3.8, "$i_t$\nσ"),
         ("c", 5.6, "$g_t$\ntanh"), ("o", 7.6, "$o_t$\nσ")]
for gate, x, label in boxes:
    ax.add_patch(plt.Rectangle((x - 0.65, 2), 1.3, 1.3, fc=FILLS[gate],
                               ec="black"))
    ax.text(x, 2.65, label, ha="center", va="center", size=14)
    ax.text(x + 0.12, 1.3, f"block {gate}", size=12)
ax.add_patch(plt.Rectangle((8.4, 4.6), 1.2, 0.7, fc="white", ec="black"))
ax.text(9, 4.95, "tanh", ha="center", va="center", size=14)
for x, y, sign in [(2, 6, "×"), (4.7, 6, "+"), (4.7, 4.5, "×"),
                   (9, 3.8, "×")]:
    ax.add_patch(plt.Circle((x, y), 0.3, fc="white", ec="black", zorder=3))
    ax.text(x, y, sign, ha="center", va="center", size=15, zorder=4)
for x, y, name in [
    (0, 6.25, "$c_{t-1}$"), (10.1, 6.25, "$c_t$"), (0, 1.25, "$h_{t-1}$"),
    (10.1, 1.25, "$h_t$"), (1.15, 0.2, "$x_t$"), (2.4, 6.25, "keep"),
    (5.1, 6.25, "add"), (9.4, 3.7, "show"),
]:
    ax.text(x, y, name, size=14)
ax.set(xlim=(-0.1, 10.7), ylim=(0, 6.8), aspect="equal")
ax.axis("off")
plt.show()

# %% [markdown]
# :::{admonition} What you will be able to do
# :class: objectives
# - *Slice* the three arrays by gate, and notice a wrong order.
# - *Count* the parameters of a recurrent layer in Keras and in PyTorch.
# - *Write* one step of an LSTM that agrees with Keras to six decimals.
# - *Predict* which weights of a network do nothing.
# :::
#
# **Time:** about 35 minutes, and 60 for the exercises; the code runs in less than half a minute.
# **Needs:** matrix products, and the recurrent step of [chapter 1](01_linear_rnn_sum.md).

# %% [markdown]
# ## Three gates and a candidate
#
# An LSTM {cite:p}`hochreiter1997,gers2000` carries two rows of $u$ numbers from step to step: the
# {term}`hidden state` $h_t$ and the {term}`cell state` $c_t$. Let $W_i$, $U_i$, $b_i$ be the columns of
# block i, and so on; $g$ belongs to the block that Keras calls c. At step $t$
#
# $$\begin{aligned}
# i_t &= \sigma(x_t W_i + h_{t-1} U_i + b_i) \\
# f_t &= \sigma(x_t W_f + h_{t-1} U_f + b_f) \\
# g_t &= \tanh(x_t W_g + h_{t-1} U_g + b_g) \\
# o_t &= \sigma(x_t W_o + h_{t-1} U_o + b_o) \\
# c_t &= f_t\, c_{t-1} + i_t\, g_t \\
# h_t &= o_t \tanh(c_t)
# \end{aligned}$$
#
# Products between rows are entry by entry. $\sigma(z) = 1 / (1 + e^{-z})$ lies between 0 and 1, so
# $i$, $f$ and $o$ are {term}`gates <gate>`: input gate, forget gate, output gate. People speak of
# four gates, but $g$ lies between $-1$ and 1: it is the {term}`candidate` for the cell state.
#
# :::{admonition} Predict first 1
# :class: predict
# An LSTM with 3 units reads one number a step. What shapes do its three arrays have? How many
# numbers are there in all?
# :::

# %%
from course_utils.checks import lstm_gate_slicing as checks
from course_utils.gates import ORDERS, Gates

from dataclasses import replace
from itertools import permutations

import keras
import numpy as np
import torch
from scipy.special import expit as sigmoid  # 1 / (1 + exp(-z))


# %%
def fresh(units, features, **options) -> keras.layers.LSTM:
    """Return a Keras LSTM with its start weights."""
    layer = keras.layers.LSTM(units, **options)
    layer.build((None, None, features))
    return layer


# %%
training.seed_everything(0)
for units in [1, 2, 3]:
    layer = fresh(units, features=1)
    shapes = [array.shape for array in layer.get_weights()]
    print(units, "units:", *shapes, " numbers:", layer.count_params())


# %% [markdown]
# :::{dropdown} Answer 1
# Kernel (1, 12), recurrent kernel (3, 12), bias (12,): four blocks of 3 columns. In all
# $12 + 36 + 12 = 60$ numbers.
# :::
#
# ## How many parameters?
#
# A block has $du + u^2 + u$ numbers: $W$, $U$ and $b$. An LSTM has four blocks, a GRU
# {cite:p}`cho2014` three, a simple recurrent layer one. PyTorch adds one bias to $x_t W$ and another
# to $h_{t-1} U$. In an LSTM only their sum matters. In a GRU it matters which: one of its gates, the reset gate,
# multiplies $h_{t-1} U_n$ and its bias ($n$ is the candidate), not the other. So there Keras has two as well, unless
# `reset_after=False`.

# %%
def held(layer, d: int) -> int:
    """Return the number of parameters that a layer on d features holds."""
    if isinstance(layer, torch.nn.Module):
        return sum(weight.numel() for weight in layer.parameters())
    layer.build((None, None, d))
    return layer.count_params()


# %%
d, u = 5, 7
rows = [
    ("Keras LSTM", 4, 1, keras.layers.LSTM(u)),
    ("PyTorch LSTM", 4, 2, torch.nn.LSTM(d, u)),
    ("Keras GRU", 3, 2, keras.layers.GRU(u)),
    ("  reset_after=False", 3, 1, keras.layers.GRU(u, reset_after=False)),
    ("PyTorch GRU", 3, 2, torch.nn.GRU(d, u)),
    ("Keras SimpleRNN", 1, 1, keras.layers.SimpleRNN(u)),
    ("PyTorch RNN", 1, 2, torch.nn.RNN(d, u)),
]
print(f"{'layer':20} blocks biases formula counted")
for name, blocks, biases, layer in rows:
    formula = blocks * (d * u + u * u + biases * u)
    counted = held(layer, d)
    print(f"{name:20} {blocks:6} {biases:6} {formula:7} {counted:7}")


# %% [markdown]
# :::{admonition} Exercise 1 · How many units?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Count*. A paper gives the number of features and of
# parameters of its Keras LSTM, but not the units. Write `units_from_count(features, parameters)`. It
# returns the number of units, and 0 if no LSTM with biases has that many parameters.
# :::
#
# :::{dropdown} Hint 1
# The count grows with the units. Try 1, 2, 3, ... until it is reached.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "units_from_count", "solution": true} jupyter={"source_hidden": true}
def units_from_count(features: int, parameters: int) -> int:
    """Return the units of a Keras LSTM with this many parameters, or 0."""
    ### BEGIN SOLUTION
    total = 0
    guess = 0
    while total < parameters:
        guess += 1
        total = 4 * guess * (features + guess + 1)
    return guess if total == parameters else 0
    ### END SOLUTION


# %% nbgrader={"grade_id": "units_from_count-check", "grade": true, "points": 1}
checks.units_from_count(units_from_count)

# %% [markdown]
# ## A new layer shows its forget gate
#
# By default Keras starts the forget bias at 1 and the other biases at 0, so you need not trust
# anybody: a new layer shows where f is.

# %%
large = fresh(120, features=5)
kernel, recurrent, bias = large.get_weights()
for k, gate in enumerate("ifco"):
    part = slice(120 * k, 120 * (k + 1))
    print(gate, kernel[:, part].shape, "bias", *np.unique(bias[part]))
by_name = Gates.from_keras(large).blocks["forget"]
print("same:", np.array_equal(by_name.kernel, kernel[:, 120:240]))
for framework, orders in ORDERS.items():
    print(f"{framework:8}", *orders["LSTM"])


# %% [markdown]
# The course's `Gates` slices by name, in each framework's own order.
#
# ## Write one step
#
# :::{admonition} Exercise 2 · One step of an LSTM
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Write*, *Slice*. Write
# `step(x_t, h, c, W, U, b)`. It gets a batch of inputs, shape (batch, d), the states $h$ and $c$ from
# the step before, each (batch, u), and the arrays as Keras has them. It returns the new $h$ and the
# new $c$, and leaves all it is given as it was. `sigmoid` is imported. The rest of the chapter runs on your `step`.
# :::
#
# :::{dropdown} Hint 1
# First compute `x_t @ W + h @ U + b`. What shape has it, and where is f in it?
# :::
#
# :::{dropdown} Hint 2
# `np.split(z, 4, axis=-1)` cuts `z` into four blocks. Each goes through $\sigma$ or tanh before it
# meets a state.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "step", "solution": true} jupyter={"source_hidden": true}
def step(x_t, h, c, W, U, b):
    """Return h and c after one step."""
    ### BEGIN SOLUTION
    i, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
    ### END SOLUTION


# %% nbgrader={"grade_id": "step-check", "grade": true, "points": 3}
checks.step(step)


# %% [markdown]
# A loop over the steps makes it an LSTM. We let it run on the weights of a Keras layer.

# %%
def lstm(x, W, U, b):
    """Return h after every step, shape (batch, steps, units)."""
    h = c = np.zeros((len(x), len(U)))
    states = []
    for t in range(x.shape[1]):
        h, c = step(x[:, t], h, c, W, U, b)
        states.append(h)
    return np.stack(states, axis=1)


# %%
x = np.random.default_rng(0).normal(size=(8, 20, 5)).astype("float32")
layer = fresh(4, features=5, return_sequences=True)
W, U, b = layer.get_weights()
wanted = layer(x).numpy()
agrees = np.abs(lstm(x, W, U, b) - wanted).max() < 1e-6
print("20 steps agree to 1e-6:", bool(agrees))


# %% [markdown]
# ## Why does my NumPy LSTM not match Keras?
#
# Three causes recur in the threads {cite:p}`lstm_threads`: another order of the blocks; the one bias of Keras copied into
# both of PyTorch's, which adds it twice; and age. [Until 2019](https://github.com/keras-team/keras/releases/tag/2.3.0)
# Keras sent its gates through a `hard_sigmoid`, the line $0.2 z + 0.5$ cut off at 0 and 1. Keras 3 gives that name to another line,
# $z/6 + 0.5$.

# %%
def reordered(arrays: list[np.ndarray], order: str) -> list[np.ndarray]:
    """Return the columns as i, f, c, o, for who assumes another order."""
    parts = [dict(zip(order, np.split(a, 4, axis=-1))) for a in arrays]
    return [np.hstack([part[k] for k in "ifco"]) for part in parts]


def off(h: np.ndarray) -> float:
    """Return the largest difference from the layer's own h."""
    return float(np.abs(h - wanted).max())


# %%
gates = Gates.from_keras(layer)
old = replace(gates, recurrent_activation="hard_sigmoid_0.2")
new = replace(gates, recurrent_activation="hard_sigmoid")

# %%
attempts = {
    "hard sigmoid, 0.2 z": old.trace(x).h,
    "hard sigmoid, z / 6": new.trace(x).h,
    "order ifoc": lstm(x, *reordered([W, U, b], "ifoc")),
    "order iofc (ONNX)": lstm(x, *reordered([W, U, b], "iofc")),
    "bias added twice": lstm(x, W, U, 2 * b),
}

# %%
for name, h in attempts.items():
    print(f"{name:20} largest difference {off(h):.3f}")
wrong = ["".join(order) for order in permutations("ifco")][1:]
least = min(off(lstm(x, *reordered([W, U, b], order))) for order in wrong)
print(len(wrong), "wrong orders, all off by more than 0.1:", least > 0.1)

# %% [markdown]
# None of them raises an error. A wrong order shows, for each of 20 seeds, after 20 steps. After one step,
# i and o exchanged are off by a few hundredths at most. The old hard sigmoid is, here, even after 20. Both
# pass by eye. Rounding is below 1e-6: compare several steps, to 1e-6.
#
# :::{admonition} Predict first 2
# :class: predict
# Below is the layer, read in ONNX's order. Which block would you name f from the bias alone? Can the
# bias tell the other three apart?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The bias of a new layer gives the forget block away, and nothing else. Only the order i, f, c, o gives the h that the layer itself returned, drawn as dashes.", "name": "fig-lstm-gate-slicing-live"}} jupyter={"source_hidden": true}
live.GateSlices([W, U, b], x, wanted, order="iofc")

# %% [markdown]
# :::{dropdown} Answer 2
# The second block: its bias is 1. The other three are 0, so nothing tells them apart but the
# agreement of $h$. With the hard sigmoid the line almost covers the dashes.
# :::
#
# ## Units are not steps
#
# Data have the shape (batch, steps, features). `LSTM(4)` has states of length 4; the number of steps
# is no setting, as the same weights serve every step. Twenty steps make 20 rows $h_t$ and 20 rows $c_t$.
# Keras returns the last $h$ unless told otherwise. For every $c_t$, ask `Gates.trace(x).c`: neither
# Keras nor PyTorch returns them.

# %%
print("default:         ", fresh(4, 5)(x).shape)
print("return_sequences:", fresh(4, 5, return_sequences=True)(x).shape)
both = fresh(4, 5, return_sequences=True, return_state=True)
every_h, last_h, last_c = both(x)
print("with return_state:", every_h.shape, last_h.shape, last_c.shape)
end = np.array_equal(last_h, every_h[:, -1])
print("last h is the end of the sequence:", end)


# %% [markdown]
# ## 80 of 128 weights
#
# A much-copied line {cite:p}`lstm_threads` is `LSTM(4, input_shape=(1, look_back))`. The shape is (steps, features). With
# `look_back = 3` the network sees *one* step of 3 features.
#
# :::{admonition} Predict first 3
# :class: predict
# All states start at 0. Look at the drawing: which of the 128 weights cannot matter if there is only
# one step? How many are they?
# :::
#
# We add 1 to each weight, one at a time, and watch the last $h$ on 100 inputs. The control reads the
# same numbers as three steps of one feature.

# %%
def effects(run, weights):
    """Return how far run(weights) moves when one weight grows by 1."""
    before, sizes = run(weights), [np.zeros(a.shape) for a in weights]
    for k, array in enumerate(weights):
        for place in np.ndindex(array.shape):
            moved = [a.astype(float) for a in weights]
            moved[k][place] += 1
            sizes[k][place] = np.abs(run(moved) - before).max()
    return sizes


# %%
past = np.random.default_rng(2).normal(size=(100, 3))
found = {}
for shape in [(1, 3), (3, 1)]:
    weights, xs = fresh(4, shape[1]).get_weights(), past.reshape(-1, *shape)
    sizes = effects(lambda w: lstm(xs, *w)[:, -1], weights)
    found[shape] = np.concatenate([size.ravel() for size in sizes])
    idle = found[shape] == 0
    print(shape, "weights that do nothing:", idle.sum(), "of", idle.size)

# %% [markdown]
# :::{dropdown} Answer 3
# $h_0 = 0$, so all of $U$ is multiplied by 0: $4 \times 16 = 64$ numbers. $c_0 = 0$, so the forget gate
# is, too: 12 numbers in $W_f$ and 4 in $b_f$. That is 80 of 128.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "With one step an LSTM has no past. All of U and the whole forget block, 80 of 128 weights, do nothing (\u00d7; the stronger a colour, the more h moves). As three steps, the same numbers use every weight.", "name": "fig-lstm-gate-slicing-idle"}, "image": {"alt": "Two pictures of the arrays W, U and b with 16 columns in the blocks i, f, c, o. Above, for one step of 3 features, every square of U and every square in the f columns of W and b is white with a cross; the other 48 are shaded. Below, for three steps of one feature, all 96 squares are shaded, none has a cross."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(2, 1, figsize=(plotting.WIDTH, 6.4),
                         height_ratios=[10, 8])
for ax, (shape, sizes) in zip(axes, found.items()):
    top = 0
    parts = np.split(sizes.reshape(-1, 16), [shape[1], shape[1] + 4])
    for name, array in zip("WUb", parts):
        edges = np.arange(17), top + np.arange(len(array) + 1)
        shade = np.ma.masked_equal(array, 0)
        ax.pcolormesh(*edges, shade, cmap="Blues", vmin=-0.3, vmax=0.9,
                      ec="#888888", lw=0.5)
        row, column = np.nonzero(array == 0)
        ax.plot(column + 0.5, top + row + 0.5, "x", color="black", ms=6)
        ax.text(-0.3, top + len(array) / 2, name, ha="right", va="center")
        top += len(array) + 0.5
    for k, gate in enumerate("ifco"):
        ax.text(4 * k + 2, -0.3, gate, ha="center", size=14)
        ax.plot([4 * k, 4 * k], [0, top - 0.5], "-", color="black", lw=1.5)
    ax.set_title(f"{shape[0]} step of 3 features" if shape[0] == 1
                 else "3 steps of one feature", loc="left", pad=16)
    ax.set(xlim=(-1.2, 16.1), ylim=(top, -0.2))
    ax.axis("off")
plt.show()

# %% [markdown]
# With one step the LSTM is a feed-forward layer. Numbers that are steps have the shape (`look_back`, 1):
# 96 weights, whatever `look_back` is.

# %% [markdown]
# ## What could fool us
#
# *Only these sizes, this start?* The $4u^2$ weights of $U$ and $(d + 1)\,u$ of the forget block are
# idle whatever the sizes, if the states start at 0. We compare with a start at 0.5.

# %%
for d, u in [(1, 4), (3, 4), (12, 4), (3, 8)]:
    x_1, weights, counts = np.ones((2, d)), fresh(u, d).get_weights(), []
    for state in [np.zeros((2, u)), np.full((2, u), 0.5)]:
        sizes = effects(lambda w: step(x_1, state, state, *w)[0], weights)
        counts.append(sum(int((size == 0).sum()) for size in sizes))
    formula = f"{4 * u * u + (d + 1) * u} of {4 * u * (d + u + 1)}"
    print(f"d {d}, u {u}: formula {formula}, measured {counts}")

# %% [markdown]
# So a layer that gets an `initial_state`, or a stateful one from its second batch on
# ([how to feed it](A4_lstm_start.md)), is an exception.
#
# :::{admonition} Predict first 4
# :class: predict
# Keras trains both networks with Adam to continue a sine wave. Which of the 80 will training move, and why?
# :::

# %%
wave = np.sin(np.arange(203) / 5).astype("float32")
past = np.stack([wave[k : k + 200] for k in range(3)], axis=1)

# %%
for shape in [(1, 3), (3, 1)]:
    layer = fresh(4, features=shape[1])
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    before = layer.get_weights()
    model.fit(past.reshape(-1, *shape), wave[3:], epochs=5, verbose=0)
    same = [np.sum(a == b) for a, b in zip(before, layer.get_weights())]
    print(shape, "unchanged:", sum(same), "of", layer.count_params())

# %% [markdown]
# :::{dropdown} Answer 4
# None: all 80 are what they were, bit for bit. What does not move the output has a gradient of exactly 0,
# from which Adam makes a step of exactly 0. Of the other network's 96 every weight moves. The trained $U$ of
# the first network is still Keras's random numbers. (Weight decay, as in AdamW, shrinks them.)
# :::
#
# In each of [20 seeds](../book/seeds.md) 80 were idle with one step, none with three.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 3 · Where else do weights do nothing? (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Predict*. Predict first, then count with `effects`, which
# weights do nothing for the last output of these Keras layers on 3 features: `GRU(4)` and
# `GRU(4, reset_after=False)` with one step; `SimpleRNN(4)` with one step; and
# `Bidirectional(LSTM(4, return_sequences=True))` with five steps, of which only `[:, -1]` is used.
# Which counts change when you give the biases other values? Say which control you used, and for how
# many seeds it held.
# :::
#
# :::{dropdown} Hint 1
# `effects` wants a function of the weights: one that calls `layer.set_weights(w)` and returns
# `layer(data).numpy()`. Which steps has the backward half read when it gives its output for the last?
# :::
#
# :::{dropdown} Hint 2
# With update gate $z$, reset gate $r$ and biases $b$ and $a$ the new state of the GRU is $z\,h + (1 - z)\,n$, where
# $n = \tanh(x_t W_n + b_n + r\,(h U_n + a_n))$. With `reset_after=False` it has $(r\,h)\,U_n$, and no $a$.
# :::

# %% [markdown] nbgrader={"grade_id": "idle-elsewhere", "solution": true, "grade": true, "points": 3}
# *Your answer here: your predictions, your counts, the control, and what the counts depend on.*

# %% [markdown]
# :::{dropdown} One answer
# For 3 seeds. GRU: 68 of 108 at the start, the 48 of $U$ and the 20 of the reset block: $r$
# multiplies $h U_n + a_n$, and both are 0. With biases drawn at random $a_n$ is not 0, and 48 are left.
# With `reset_after=False` $r$ multiplies $h$ itself: 64 of 96, whatever the biases. SimpleRNN: $U$, 16
# of 32. Bidirectional: 80 of 256, all in the backward half. It reads from the end, so its output for
# the last step has seen one step. The control, the same layer without `return_sequences`, uses all
# 256. So two kinds of weights do nothing: those that never can, and those that wait for another
# weight to move.
# :::

# %% [markdown]
# ## What we saw
#
# - *Slice*: the order is i, f, c, o, three gates and a candidate. A new layer shows its forget block
#   by the bias of 1. Each of 23 wrong orders misses by more than 0.1, and none raises an error.
# - *Count*: $4(du + u^2 + u)$ for an LSTM in Keras. PyTorch has one more bias a block, and so has
#   the default GRU of Keras.
# - *Write*: three lines make a step that agrees with Keras to 1e-6.
# - *Predict*: one step from states of 0 leaves 80 of 128 weights idle, and no gradient ever moves them.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`lstm_threads`: the questions this chapter answers.
# - {cite:t}`hochreiter1997`: the LSTM, at first without a forget gate; {cite:t}`gers2000` add it and
#   start its bias positive; {cite:t}`jozefowicz2015` compare over ten thousand architectures and make
#   a case for 1 or 2.
# - {cite:t}`tallec2018`: from the forget bias to the length of the memory; our
#   [appendix](A4_lstm_start.md) measures it.
# - {cite:t}`cho2014`: the GRU.
