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
# # Which slice of an LSTM's weights is which gate?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Read* the shapes of an LSTM: units, steps, features, and data for a stateful layer.
# - *Count* the parameters of a recurrent layer in Keras and in PyTorch.
# - *Slice* the weights by gate, and notice a wrong order.
# - *Write* an LSTM in NumPy that agrees with Keras to six decimals.
# - *Predict* from one bias how long an untrained LSTM remembers.
# :::
#
# **Time:** about 40 minutes, and 75 for the exercises; the code runs in less than half a minute.
# **Needs:** matrix products, and the recurrent step of [chapter 1](01_linear_rnn_sum.md).
#
# Keras hands out the weights of an LSTM as three arrays without names. Which numbers belong to
# which gate, what "units" are, why a copy in NumPy gives other numbers: people have asked for ten
# years {cite:p}`lstm_threads`. This chapter answers by measuring.

# %% [markdown]
# ## Three gates and a candidate
#
# An LSTM {cite:p}`hochreiter1997,gers2000` carries two states, each a row of $u$ numbers: the
# {term}`hidden state` $h_t$ and the {term}`cell state` $c_t$. At step $t$ it reads $x_t$, a row of
# $d$ numbers, and computes four rows of length $u$, then the new states:
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
# Products between rows are entry by entry. $\sigma(z) = 1 / (1 + e^{-z})$ lies between 0 and 1,
# so $i$, $f$ and $o$ act as gates: the input gate, the forget gate and the output gate. People
# speak of four gates, but $g$ is no {term}`gate`. It lies between $-1$ and 1 and is what the input
# gate lets in: the {term}`candidate`. Keras calls its block c, for "cell".
#
# Each of the four has weights of the same three shapes, so Keras stores them side by side: all $W$
# in the *kernel*, all $U$ in the *recurrent kernel*, all $b$ in the *bias*.
#
# :::{admonition} Predict first 1
# :class: predict
# An LSTM with 3 units reads one feature a step. What shapes do its three arrays have? How many
# numbers are there in all?
# :::
#
# :::{dropdown} Answer 1
# Kernel (1, 12), recurrent kernel (3, 12), bias (12,): four blocks of 3 columns. In all
# $12 + 36 + 12 = 60$ numbers.
# :::

# %%
from course_utils import live, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import lstm_gate_slicing as checks
from course_utils.gates import ORDERS, Gates

from itertools import permutations

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()
training.seed_everything(0)


# %%
def fresh(units: int, features: int, **options: object) -> keras.layers.LSTM:
    """Return a Keras LSTM with its start weights."""
    layer = keras.layers.LSTM(units, **options)
    layer.build((None, None, features))
    return layer


for units in [1, 2, 3]:
    layer = fresh(units, features=1)
    shapes = [array.shape for array in layer.get_weights()]
    print(units, "units:", *shapes, " parameters:", layer.count_params())

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One feature, and 1, 2 and 3 units. Each row of letters is a row of an array. A block gets one more column with each unit, and U one more row, so U grows with the square.", "name": "fig-lstm-gate-slicing-blocks"}, "image": {"alt": "Three pictures from top to bottom, for 1, 2 and 3 units. Each shows three arrays of squares, W with one row, U with 1, 2 and 3 rows, b with one row, and 4, 8 and 12 columns. Every square carries the letter of its block. From left to right the blocks are i, f, c and o, each as many columns wide as there are units."}}
fills = {"i": "#9ecae8", "f": "#f5c08a", "c": "#ffffff", "o": "#cfcfcf"}
fig, axes = plt.subplots(3, 1, figsize=(plotting.WIDTH, 6.8), height_ratios=[4.4, 5.4, 6.4])
for ax, u in zip(axes, [1, 2, 3]):
    tops = {"W": 0, "U": 1.3, "b": 1.6 + u}
    for name, top in tops.items():
        for row in range(u if name == "U" else 1):
            for column in range(4 * u):
                gate = "ifco"[column // u]
                corner = column, top + row
                ax.add_patch(plt.Rectangle(corner, 1, 1, fc=fills[gate], ec="black"))
                ax.annotate(gate, corner, (corner[0] + 0.5, corner[1] + 0.53),
                            ha="center", va="center", size=14)
    middles = [0.5, 1.3 + u / 2, 2.1 + u]
    ax.set(xlim=(-0.1, 12.1), ylim=(2.8 + u, -0.2), aspect="equal", anchor="W", xticks=[])
    ax.set_yticks(middles, [f"W  (1, {4 * u})", f"U  ({u}, {4 * u})", f"b  ({4 * u},)"])
    ax.set_title(f"LSTM({u})" if u > 1 else "LSTM(1), one feature", loc="left")
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# ## What are units, return_sequences and return_state?
#
# Units are not time steps. `LSTM(4)` has states of length 4, and the number of steps is no setting: the
# same weights serve every step. Data have the shape (batch, steps, features). Twenty steps make 20
# rows $h_t$ and 20 rows $c_t$, of which Keras returns the last $h$ unless told otherwise.

# %%
x = np.random.default_rng(0).normal(size=(8, 20, 5)).astype("float32")
print("default:         ", keras.layers.LSTM(4)(x).shape)
print("return_sequences:", keras.layers.LSTM(4, return_sequences=True)(x).shape)
layer = keras.layers.LSTM(4, return_sequences=True, return_state=True)
every_h, last_h, last_c = (np.asarray(part) for part in layer(x))
print("with return_state:", every_h.shape, last_h.shape, last_c.shape)
print("last h is the end of the sequence:", np.array_equal(last_h, every_h[:, -1]))


# %% [markdown]
# Neither Keras nor PyTorch returns $c_t$ for every step. The course's `Gates.trace`, used below,
# does.

# %% [markdown]
# ## How many parameters?
#
# A block has $du + u^2 + u$ numbers: $W$, $U$ and $b$. An LSTM has four blocks, a GRU
# {cite:p}`cho2014` three, a simple recurrent layer one. Only the number of biases differs between
# frameworks. PyTorch adds one bias to $x_t W$ and one to $h_{t-1} U$, as the GPU library cuDNN does.
# Their sum is all that matters, except in the candidate of a GRU, where the reset gate multiplies
# the second one only. There Keras has two as well, unless `reset_after=False`.

# %%
def count(blocks: int, d: int, u: int, biases: int) -> int:
    """Return the number of parameters of a recurrent layer."""
    return blocks * (d * u + u * u + biases * u)


def held(layer: object, d: int) -> int:
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
    ("Keras GRU, reset_after=False", 3, 1, keras.layers.GRU(u, reset_after=False)),
    ("PyTorch GRU", 3, 2, torch.nn.GRU(d, u)),
    ("Keras SimpleRNN", 1, 1, keras.layers.SimpleRNN(u)),
    ("PyTorch RNN", 1, 2, torch.nn.RNN(d, u)),
]
print(f"{'layer':28}  blocks  biases  formula  counted")
for name, blocks, biases, layer in rows:
    formula = count(blocks, d, u, biases)
    print(f"{name:28}  {blocks:6}  {biases:6}  {formula:7}  {held(layer, d):7}")

# %% [markdown]
# Here is the network that one of the threads asks about. It has nine arrays, and a beginner who
# divides its first three by gates may take it for four layers. It has one LSTM layer, with four
# blocks, and three dense layers. (`activation="relu"` replaces both tanh of the cell. It changes no
# shape.)

# %%
model = keras.Sequential([
    keras.Input((20, 5)),
    keras.layers.LSTM(120, activation="relu"),
    keras.layers.Dense(100), keras.layers.Dense(50), keras.layers.Dense(1),
])
for array in model.get_weights():
    print(array.shape)
print("LSTM:", model.layers[0].count_params(), " formula:", count(4, 5, 120, biases=1))

# %% [markdown]
# ## Which slice is which gate?
#
# The order in Keras is i, f, c, o, and block $k$ (from 0) is the columns $ku$ to $(k+1)u$. So with
# 120 units `bias[:120]` is i and `bias[120:240]` is f, as the thread says. You need not trust
# anybody: a new layer shows it, because by default Keras starts the forget bias at 1 and the others
# at 0.

# %%
kernel, recurrent, bias = model.layers[0].get_weights()
for k, gate in enumerate("ifco"):
    part = slice(120 * k, 120 * (k + 1))
    print(gate, kernel[:, part].shape, recurrent[:, part].shape, np.unique(bias[part]))

# %% [markdown]
# The course's `Gates` does the same by name, for each framework's own order.

# %%
gates = Gates.from_keras(model.layers[0])
print(gates.blocks["forget"])
print("same slice:", np.array_equal(gates.blocks["forget"].kernel, kernel[:, 120:240]))
for framework, orders in ORDERS.items():
    print(f"{framework:8}", *orders["LSTM"])


# %% [markdown]
# ## One step from scratch, then all
#
# `np.split` cuts the fused product into the four blocks. The order of the names on the left is the
# only place where the layout enters.

# %%
def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return the logistic sigmoid."""
    return 1 / (1 + np.exp(-z))


def step(x_t, h, c, W, U, b, squash=sigmoid):
    """Return h and c after one step."""
    i, f, g, o = np.split(x_t @ W + h @ U + b, 4, axis=-1)
    c = squash(f) * c + squash(i) * np.tanh(g)
    return squash(o) * np.tanh(c), c


def lstm(x, W, U, b, squash=sigmoid):
    """Return h after every step, shape (batch, steps, units)."""
    h = c = np.zeros((len(x), len(U)))
    states = []
    for t in range(x.shape[1]):
        h, c = step(x[:, t], h, c, W, U, b, squash)
        states.append(h)
    return np.stack(states, axis=1)


# %%
layer = fresh(4, features=5, return_sequences=True)
W, U, b = layer.get_weights()
wanted = layer(x).numpy()
first, _ = step(x[:, 0], np.zeros((8, 4)), np.zeros((8, 4)), W, U, b)
print("one step agrees to 1e-6:", bool(np.abs(first - wanted[:, 0]).max() < 1e-6))
print("20 steps agree to 1e-6: ", bool(np.abs(lstm(x, W, U, b) - wanted).max() < 1e-6))


# %% [markdown]
# ## Why does my NumPy LSTM not match Keras?
#
# Three causes recur in the threads. The first is age. Until 2019 the gates of Keras used
# `hard_sigmoid`, a line cut off at 0 and 1: $0.2 z + 0.5$. Today the default is the sigmoid, and
# Keras 3 gives the old name to another line, $z/6 + 0.5$.

# %%
def hard_02(z: np.ndarray) -> np.ndarray:
    """Return the hard sigmoid of Keras 1 and 2."""
    return np.clip(0.2 * z + 0.5, 0, 1)


def hard_6(z: np.ndarray) -> np.ndarray:
    """Return the hard sigmoid of Keras 3 and PyTorch."""
    return np.clip(z / 6 + 0.5, 0, 1)


for name, f in [("sigmoid", sigmoid), ("0.2 z + 0.5", hard_02), ("z / 6 + 0.5", hard_6)]:
    print(f"{name:12} at 1: {f(1.0):.4f}")
keras_3 = keras.activations.hard_sigmoid(np.float32(1))
print(f"Keras 3 hard_sigmoid at 1: {float(keras_3):.4f}")


# %% [markdown]
# The second cause is the order of the blocks. The third is the second bias: whoever copies the one
# bias of Keras into both of PyTorch's adds it twice. Put $b$ in one and zeros in the other.

# %%
def reordered(array: np.ndarray, order: str) -> np.ndarray:
    """Return the columns as a reader who assumes this order takes them for i, f, c, o."""
    blocks = dict(zip(order, np.split(array, 4, axis=-1)))
    return np.concatenate([blocks[name] for name in "ifco"], axis=-1)


attempts = {
    "sigmoid, order ifco": lstm(x, W, U, b),
    "hard sigmoid, 0.2 z": lstm(x, W, U, b, hard_02),
    "hard sigmoid, z / 6": lstm(x, W, U, b, hard_6),
    "order ifoc": lstm(x, *(reordered(a, "ifoc") for a in (W, U, b))),
    "order iofc (ONNX)": lstm(x, *(reordered(a, "iofc") for a in (W, U, b))),
    "bias added twice": lstm(x, W, U, 2 * b),
}
for name, got in attempts.items():
    print(f"{name:20} largest difference {np.abs(got - wanted).max():.3f}")

# %%
wrong_orders = ["".join(order) for order in permutations("ifco")][1:]
off = [np.abs(lstm(x, *(reordered(a, order) for a in (W, U, b))) - wanted).max()
       for order in wrong_orders]
print(len(off), "wrong orders, all off by more than 0.1:", bool(min(off) > 0.1))

# %% [markdown]
# The states lie between $-1$ and 1, so a difference of 0.1 cannot be missed; a test of this book finds
# the same for 20 seeds. The old hard sigmoid is off by a few hundredths and looks like rounding. It is
# not: compare to 1e-6, never by eye.
#
# Here are the layer and its eight sequences. You choose how to read its weights. Predict first: which
# block would you name f from the bars of the bias alone, and can the bias tell the other three
# apart? Then try each kind of gate: would your eye have found the hard sigmoid?

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The bias of a new layer gives the forget block away, and nothing else. Of all orders, only i, f, c, o gives the h that the layer itself returned, drawn as dashes.", "name": "fig-lstm-gate-slicing-live"}}
live.GateSlices([W, U, b], x, wanted, order="iofc")


# %% [markdown]
# ## How do I shape data for a stateful LSTM?
#
# With `stateful=True`, row $k$ of a batch starts from the states in which row $k$ of the batch
# before ended. So row $k$ must *continue* row $k$. A long series of shape (samples, features) is
# first cut into as many parallel streams as a batch has rows, then each stream into pieces.

# %%
def streams(series: np.ndarray, batch: int, steps: int) -> np.ndarray:
    """Cut (samples, features) into (pieces, batch, steps, features)."""
    pieces = len(series) // (batch * steps)
    used = series[: batch * pieces * steps]
    return used.reshape(batch, pieces, steps, -1).swapaxes(0, 1)


numbers = np.arange(24)[:, np.newaxis]
for piece in streams(numbers, batch=2, steps=4):
    print(piece[..., 0].tolist())

# %% [markdown]
# The batch has to be known in advance, as `batch_shape`; with `Input((5, 2))` Keras raises a
# ValueError. `fit` must not shuffle: `fit(..., batch_size=4, shuffle=False)`. And nobody resets the
# states for you: call the layer's `reset_state()` before each new start, also between epochs.

# %%
series = np.random.default_rng(1).normal(size=(240, 2)).astype("float32")
pieces = streams(series, batch=4, steps=5)
cell = keras.layers.LSTM(3, stateful=True, return_sequences=True)
stateful = keras.Sequential([keras.Input(batch_shape=(4, 5, 2)), cell])
W3, U3, b3 = cell.get_weights()
long_run = lstm(series.reshape(4, 60, 2), W3, U3, b3)
want = streams(long_run.reshape(240, 3), batch=4, steps=5)


# %%
def run(data: np.ndarray) -> np.ndarray:
    """Return the states of the stateful layer, from a fresh start."""
    cell.reset_state()
    rows = data.reshape(-1, 5, 2)
    return stateful.predict(rows, batch_size=4, verbose=0).reshape(*data.shape[:3], 3)


def miss(got: np.ndarray) -> float:
    """Return the largest difference from the long run."""
    return float(np.abs(got - want).max())


print("streams equal one long run:", miss(run(pieces)) < 1e-6)
windows = series.reshape(12, 4, 5, 2)
wrong = run(windows).reshape(240, 3)
print(f"windows in their order: {miss(streams(wrong, 4, 5)):.1f}")
forgetful = np.array([run(piece[np.newaxis])[0] for piece in pieces])
print(f"reset after each piece:  {miss(forgetful):.1f}")

# %% [markdown]
# The last two lines are the controls. Windows in the order of the series put four neighbours
# into one batch, so each row continues a window that is four places away. A reset forgets. Both
# miss, and neither raises an error.

# %% [markdown]
# ## How long does it remember? The forget bias in Keras and PyTorch
#
# With no input and all other weights 0, $c_t = f\,c_{t-1}$ with $f = \sigma(b_f)$. After $t$ steps
# $f^t$ of the first state is left. Added up over all steps, that makes
# $\tau = 1 + f + f^2 + \dots = 1/(1 - f)$, the length of the memory in steps.
#
# :::{admonition} Predict first 2
# :class: predict
# Write $\tau$ as a function of $b_f$. Keras starts at $b_f = 1$: how many steps? After how many is
# half of the state gone?
# :::
#
# :::{dropdown} Answer 2
# $1 - \sigma(b) = 1/(1 + e^b)$, so $\tau = 1 + e^{b}$. For $b = 1$ that is $1 + e = 3.72$ steps.
# Half is gone after $\ln 2 / (-\ln f) = 2.21$ steps, and all but $1/e$ after
# $1 / (-\ln f) = 3.19$.
# :::

# %%
empty = fresh(1, features=1)
empty.set_weights([np.zeros((1, 4)), np.zeros((1, 4)), np.array([0, 1, 0, 0])])
trace = Gates.from_keras(empty).trace(np.zeros((1, 60, 1)), c0=np.ones((1, 1)))
left = trace.c[0, :, 0]
f = 1 / (1 + np.exp(-1))
print("every step as predicted:", bool(np.abs(left - f ** np.arange(1, 61)).max() < 1e-6))
print(f"tau: measured {1 + left.sum():.2f}, predicted {1 + np.e:.2f}")
print(f"half-life {-np.log(2) / np.log(f):.2f}, down to 1/e after {-1 / np.log(f):.2f}")


# %% [markdown]
# A real layer has weights and input, which move $f$ from step to step. What is left of $c_0$ on the
# direct path, from $c$ to $c$ and not through $h$, is then the product of the forget gates. We
# average it over units and over sequences of standard normal inputs, for 20 seeds. The control
# changes one thing: a forget bias of 0.

# %%
def survival(gates: Gates, x: np.ndarray) -> np.ndarray:
    """Return the mean part of c_0 that is left after each step."""
    forget = gates.trace(x).gates["forget"].astype(float)
    return np.cumprod(forget, axis=1).mean(axis=(0, 2))


def start(kind: str, seed: int) -> Gates:
    """Return the untrained weights of 32 units on 8 features."""
    training.seed_everything(seed)
    if kind == "PyTorch":
        return Gates.from_torch(torch.nn.LSTM(8, 32))
    return Gates.from_keras(fresh(32, features=8, unit_forget_bias=kind == "Keras"))


noise = np.random.default_rng(0).normal(size=(50, 40, 8)).astype("float32")
decay = {kind: np.array([survival(start(kind, seed), noise)
                         for seed in training.progress(range(20), kind)])
         for kind in ["Keras", "Keras, bias 0", "PyTorch"]}
for kind, curves in decay.items():
    tau = 1 + curves.sum(axis=1)
    print(f"{kind:14} tau {tau.mean():.2f}, from {tau.min():.2f} to {tau.max():.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The forget bias predicts the memory of an untrained LSTM. A bias of 1 keeps the state about 3.7 steps, a bias of 0 two steps. PyTorch starts near 0, so its LSTM forgets faster.", "name": "fig-lstm-gate-slicing-memory"}, "image": {"alt": "Part of the first cell state left against the step, from 0 to 12, on a logarithmic axis from 1 to 0.0001. Two straight lines are the predictions, for bias 1 falling to about 0.02 at step 12 and for bias 0 falling faster, to 0.0002. Circles for the cell without weights lie on the upper line, squares for Keras a little below it. Triangles for PyTorch lie on the lower line and a little above its end."}}
steps = np.arange(13)
fig, ax = plt.subplots()
ax.semilogy(steps, f**steps, label="predicted, bias 1")
ax.semilogy(steps, 0.5**steps, label="predicted, bias 0")
ax.semilogy(steps[1:], left[:12], "o", label="no weights, bias 1")
for kind, marker in [("Keras", "s"), ("PyTorch", "^")]:
    ax.semilogy(steps[1:], decay[kind].mean(axis=0)[:12], marker, mfc="none", ls="",
                label=f"{kind}, 20 seeds")
ax.set(xlabel="steps", ylabel="part of the first c that is left", xticks=steps[::2])
ax.legend()
plt.show()


# %% [markdown]
# Keras falls a little short of 3.72 because the sigmoid bends down above 0: when its argument
# spreads around 1, the mean of $f$ is below $\sigma(1)$. Around 0 it is symmetric. In PyTorch the
# forget bias is the sum of two draws between $-1/\sqrt{u}$ and $1/\sqrt{u}$, so it is near 0. To set
# it, write under `torch.no_grad()`: `lstm.bias_ih_l0[u:2*u] = 1`, `lstm.bias_hh_l0[u:2*u] = 0`.
# {cite:t}`gers2000` started it positive and {cite:t}`jozefowicz2015` recommend 1 or 2.
# {cite:t}`tallec2018` turn $\tau = 1 + e^b$ around: to span up to $T$ steps they draw $b_f = \ln v$
# with $v$ uniform from 1 to $T - 1$, and set $b_i = -b_f$. By our formula that spreads $\tau$ evenly
# from 2 to $T$. They call it chrono initialisation.

# %% [markdown]
# ## What could fool us
#
# ### input_shape=(1, look_back) is one step
#
# A much-copied tutorial has the line `LSTM(4, input_shape=(1, look_back))`. The shape is (steps,
# features). So this network sees *one* step with `look_back` features.
#
# :::{admonition} Predict first 3
# :class: predict
# All states start at 0. Which weights cannot matter if there is only one step?
# :::
#
# :::{dropdown} Answer 3
# $h_0 = 0$, so all of $U$ is multiplied by 0. $c_0 = 0$, so the forget gate is, too. For 4 units
# and `look_back = 3`: 64 numbers in $U$ and 16 more in $W_f$ and $b_f$. That is 80 of 128.
# :::
#
# We replace exactly these weights by noise and watch the output. The control reads the same three
# numbers as three steps of one feature.

# %%
def scrambled(layer: keras.layers.LSTM, rng: np.random.Generator) -> list[np.ndarray]:
    """Return its weights, with noise for the recurrent kernel and the forget block."""
    W, U, b = layer.get_weights()
    forget = slice(layer.units, 2 * layer.units)
    W[:, forget] = rng.normal(size=W[:, forget].shape)
    b[forget] = rng.normal(size=layer.units)
    return [W, rng.normal(size=U.shape), b]


rng = np.random.default_rng(2)
past = rng.normal(size=(100, 3)).astype("float32")
shapings = {"(1, look_back)": past[:, np.newaxis], "(look_back, 1)": past[:, :, np.newaxis]}
for name, shaped in shapings.items():
    layer = fresh(4, features=shaped.shape[2])
    before, weights = layer(shaped).numpy(), layer.get_weights()
    layer.set_weights(scrambled(layer, rng))
    changed = sum((new != old).sum() for new, old in zip(layer.get_weights(), weights))
    moved = np.abs(layer(shaped).numpy() - before).max()
    print(f"{name}: {changed} of {layer.count_params()} weights changed,",
          f"outputs by {moved:.1f}")


# %% [markdown]
# With one step the LSTM has no memory to speak of: it is a feed-forward layer, and 80 of its
# weights do nothing. (A stateful layer is the exception: its states do not start at 0.) What most
# people want is (`look_back`, 1), which needs 96 parameters, whatever `look_back` is.

# %% [markdown]
# ### Orthogonal and identity act on the fused matrix
#
# Keras starts recurrent kernels with a random {term}`orthogonal matrix`, because it keeps lengths
# {cite:p}`saxe2014`. But it draws the whole $u \times 4u$ matrix $R$ at once.
#
# :::{admonition} Predict first 4
# :class: predict
# $R R^{\mathsf T}$ is the identity. How long is $hR$ compared with $h$? And $hU_k$, a quarter of it,
# on average?
# :::
#
# :::{dropdown} Answer 4
# $hR$ is as long as $h$. Its squared length is shared by four blocks that have equal chances, so on
# average $hU_k$ has a quarter of the squared length of $h$: about half the length.
# :::
#
# So no block is orthogonal. For large $u$, random matrix theory says more: the {term}`singular
# values <singular value>` $s$ of a block spread with density
# $\frac{4}{\pi} \sqrt{3/4 - s^2}\, / (1 - s^2)$ from 0 to $\sqrt{3}/2 = 0.866$
# {cite:p}`wachter1980,collins2005`.

# %%
def recurrent_start(seed: int, u: int = 64) -> np.ndarray:
    """Return the recurrent start as blocks, shape (4, u, u)."""
    training.seed_everything(seed)
    R = fresh(u, features=32).get_weights()[1]
    assert np.allclose(R @ R.T, np.eye(u), atol=1e-5)
    return np.array(np.split(R, 4, axis=1))


R = np.array([recurrent_start(seed) for seed in range(20)])
values = np.linalg.svd(R, compute_uv=False)
shares = (R**2).sum(axis=(2, 3)) / 64
largest = values.max(axis=2)
print(f"squared length kept: {shares.min():.2f} to {shares.max():.2f}")
print(f"largest singular value: mean {largest.mean():.2f}, limit {np.sqrt(3) / 2:.3f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The start that Keras calls orthogonal shortens every vector in every block. The singular values of all four blocks follow the predicted curve, from 0.87 down to 0; in an orthogonal block all 64 would be 1.", "name": "fig-lstm-gate-slicing-singular"}, "image": {"alt": "Singular value against rank, from 1 to 64. A solid curve, the prediction, falls from 0.87, steeply at first, then steadily to 0. Circles, squares, triangles and crosses for the means of the blocks i, f, c and o over 20 seeds lie on it, inside a narrow grey band from the smallest to the largest value. A thick line at 1 marks an orthogonal block."}}
s = np.sqrt(0.75) * np.sin(np.linspace(0, np.pi / 2, 200))
density = 4 / np.pi * np.sqrt(0.75 - s**2) / (1 - s**2)
below = np.append(0, np.cumsum(np.diff(s) * (density[1:] + density[:-1]) / 2))
rank = np.arange(1, 65)
fig, ax = plt.subplots()
ax.fill_between(rank, values.min(axis=(0, 1)), values.max(axis=(0, 1)), color="#cccccc")
ax.plot(0.5 + 64 * (1 - below), s, "-", color="black", lw=1.5, label="predicted")
for k, (gate, marker) in enumerate(zip("ifco", "os^x")):
    some = slice(2 * k, None, 8)
    ax.plot(rank[some], values[:, k].mean(axis=0)[some], marker, label=f"block {gate}")
ax.axhline(1, ls="-", color="black", lw=3, label="orthogonal block")
ax.set(xlabel="rank", ylabel="singular value", xlim=(0, 65), ylim=(0, 1.05))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
plt.show()

# %% [markdown]
# Three more starts act on the fused arrays. Keras draws $W$ evenly between plus and minus Glorot's
# limit, $\sqrt{6/(d + \text{outputs})}$, and counts $4u$ outputs. `"identity"` gives the input gate
# the identity and the other three blocks nothing, without a word. And the documentation of
# `unit_forget_bias=True` says that it sets the other biases to zero. It does not.

# %%
W_start = fresh(64, features=32).get_weights()[0]
print(f"glorot: largest |W| {np.abs(W_start).max():.3f}, sqrt(6 / (d + 4u)) "
      f"{np.sqrt(6 / (32 + 4 * 64)):.3f}, sqrt(6 / (d + u)) {np.sqrt(6 / (32 + 64)):.3f}")
print(fresh(2, features=1, recurrent_initializer="identity").get_weights()[1].astype(int))
three = keras.initializers.Constant(3)
print(fresh(1, features=1, bias_initializer=three).get_weights()[2])

# %% [markdown]
# If you want an orthogonal matrix in every block, draw four, join them, and hand the result to
# `set_weights`.

# %%
joined = np.hstack([keras.initializers.Orthogonal(seed=k)((64, 64)) for k in range(4)])
singular = np.linalg.svd(np.split(joined, 4, axis=1), compute_uv=False)
print("all singular values are 1:", bool(np.allclose(singular, 1, atol=1e-5)))


# %% [markdown]
# Whether training gains by it is a question this chapter does not answer.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · How many units?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Count*. A paper gives the number of features and of
# parameters of its Keras LSTM, but not the units. Write `units_from_count(features, parameters)`. It
# returns the number of units, and 0 if no LSTM with biases has that many parameters.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "units_from_count", "solution": true}
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
# :::{admonition} Exercise 2 · Back into one series
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Read*. A stateful layer fed with `streams` returns
# outputs of shape (pieces, batch, steps, units). Write `back_to_series(outputs)`. It returns them
# in the order of the series, shape (samples, units).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "back_to_series", "solution": true}
def back_to_series(outputs: np.ndarray) -> np.ndarray:
    """Return the outputs of parallel streams as one series."""
    ### BEGIN SOLUTION
    by_stream = outputs.swapaxes(0, 1)
    return by_stream.reshape(-1, outputs.shape[-1])
    ### END SOLUTION


# %% nbgrader={"grade_id": "back_to_series-check", "grade": true, "points": 2}
checks.back_to_series(back_to_series)


# %% [markdown]
# :::{admonition} Exercise 3 · One step of a GRU
# :class: exercise
# Difficulty 4 of 5, 25 minutes. Practises: *Slice*, *Write*. The default GRU of Keras has the blocks
# update $z$, reset $r$ and candidate $n$, in this order, and a bias of shape (2, 3u): row 0 ($b$)
# goes with $x_t W$, row 1 ($a$) with $h U$. It computes
# $z = \sigma(x_t W_z + b_z + h U_z + a_z)$, $r$ likewise, then $n = \tanh(v)$ of
# $v = x_t W_n + b_n + r\,(h U_n + a_n)$, and the new $h$ is $z\,h + (1 - z)\,n$. Write
# `gru_step(x_t, h, kernel, recurrent, bias)`. It returns the new $h$, shape (batch, u).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "gru_step", "solution": true}
def gru_step(x_t: np.ndarray, h: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray,
             bias: np.ndarray) -> np.ndarray:
    """Return the state of a Keras GRU after one step."""
    ### BEGIN SOLUTION
    from_x = np.split(x_t @ kernel + bias[0], 3, axis=-1)
    from_h = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = (1 / (1 + np.exp(-from_x[k] - from_h[k])) for k in (0, 1))
    n = np.tanh(from_x[2] + r * from_h[2])
    return z * h + (1 - z) * n
    ### END SOLUTION


# %% nbgrader={"grade_id": "gru_step-check", "grade": true, "points": 3}
checks.gru_step(gru_step)


# %% [markdown]
# :::{admonition} Exercise 4 · A bias for a memory
# :class: exercise
# Difficulty 3 of 5, 10 minutes. Practises: *Predict*. Write `forget_bias(steps, kept)`. It returns
# the forget bias with which a part `kept` of the cell state (between 0 and 1) is left after `steps`
# steps, without input and with all other weights 0.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "forget_bias", "solution": true}
def forget_bias(steps: float, kept: float) -> float:
    """Return the bias that leaves a part of the state after some steps."""
    ### BEGIN SOLUTION
    gate = kept ** (1 / steps)
    return float(np.log(gate / (1 - gate)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "forget_bias-check", "grade": true, "points": 2}
checks.forget_bias(forget_bias)

# %% [markdown]
# :::{admonition} Exercise 5 · When does the formula fail? (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Predict*. $\tau = 1 + e^b$ was derived for a cell without
# input. Measure $\tau$ with `survival` for $b_f$ from 0 to 4, with standard normal inputs and with
# inputs ten times as large, on sequences long enough. Where does the formula hold? When
# it fails, in which direction, and why? Say which control you used, and for how many seeds.
# :::
#
# :::{dropdown} Hint
# Start from `fresh(32, features=8, bias_initializer="zeros")` and change `bias[32:64]`. With 400
# steps, $\tau = 55$ leaves $e^{-7}$ of the state: long enough.
# :::

# %% [markdown] nbgrader={"grade_id": "formula-fails", "solution": true, "grade": true, "points": 3}
# *Your answer here: your table of tau, the control, and where and why the formula fails.*

# %% [markdown]
# :::{dropdown} One answer
# For 20 seeds and 400 steps, $b_f$ from 0 to 4. The formula gives 2.00, 3.72, 8.39, 21.09 and 55.60.
# The control has the same weights and no input, so $h$ stays 0: it agrees, but for the 0.04 that the
# end of the sequence cuts off the last one. With standard normal inputs the means are 2.00, 3.65, 8.08,
# 20.12 and 53.00: at most 5 percent too short. With inputs ten times as large they are 1.98, 2.51,
# 3.34, 4.74 and 7.18: the formula fails by a factor of almost 8. At $b_f = 0$ it holds, and above it
# every measured mean is too short. The input moves the pre-activation around $b$, and above 0 the
# sigmoid loses more on the way down than it gains on the way up. When inputs are large a gate is often
# nearly shut, and one shut gate is enough to forget. What still holds, within 6 percent in every case,
# is $1/(1 - \bar f)$ with the measured mean $\bar f$ of the gates.
# :::

# %% [markdown]
# ## What we saw
#
# - *Read*: units are the length of $h$ and $c$; steps leave no trace in the weights. For a stateful
#   layer, row $k$ must continue row $k$, and the wrong cut raises no error.
# - *Count*: $4(du + u^2 + u)$ for an LSTM in Keras. PyTorch has one more bias a block, and so has
#   the default GRU of Keras.
# - *Slice*: the order is i, f, c, o: three gates and a candidate. A new layer shows its forget block
#   by the bias of 1.
# - *Write*: three lines make a step that agrees with Keras to 1e-6. A wrong order, the old hard
#   sigmoid and a doubled bias each miss by far more than that.
# - *Predict*: $\tau = 1 + e^b$: 3.72 steps in Keras at the start, about 2 in PyTorch; with random
#   weights and inputs the measured mean is 3.65, for 20 seeds.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`lstm_threads`: the questions this chapter answers.
# - {cite:t}`hochreiter1997`: the LSTM, at first without a forget gate; {cite:t}`gers2000` add it.
# - {cite:t}`cho2014`: the GRU.
# - {cite:t}`jozefowicz2015`: over ten thousand architectures compared; a case for the forget bias.
# - {cite:t}`tallec2018`: gates derived from stretched time, and chrono initialisation.
# - {cite:t}`saxe2014`: why orthogonal starts help deep linear networks.
# - {cite:t}`wachter1980` and {cite:t}`collins2005`: the curve of the last figure.
