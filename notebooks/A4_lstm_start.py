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
# # What does a new LSTM start with?
#
# [Chapter 5](05_lstm_gate_slicing.md) slices the weights of an LSTM into gates. Here we look at the
# numbers in the slices before any training: what the forget bias keeps, and what "orthogonal",
# "identity" and Glorot's limit mean when four blocks lie in one matrix. At the end, at the states with
# which a stateful layer starts.
#
# **Needs:** the gates of [chapter 5](05_lstm_gate_slicing.md), singular values, a probability density.
#
# ## How long does a new LSTM remember?
#
# With no input and all other weights 0, $c_t = f\,c_{t-1}$ with $f = \sigma(b_f)$. After $t$ steps
# $f^t$ of the first {term}`cell state` is left. Added up over all steps, that makes the length of the
# memory in steps:
#
# $$\tau = 1 + f + f^2 + \dots = \frac{1}{1 - f} = 1 + e^{b_f},$$
#
# because $1 - \sigma(b) = 1/(1 + e^b)$. Keras starts at $b_f = 1$: $\tau = 1 + e = 3.72$ steps. Half is
# gone after $\ln 2 / (-\ln f) = 2.21$ steps, and all but $1/e$ after $1 / (-\ln f) = 3.19$, the
# {term}`time constant`. (In [chapter 23](23_your_own_network.md) that one is called $\tau$.)

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import plotting, training
from course_utils.gates import Gates

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()


def fresh(units: int, features: int, **options) -> keras.layers.LSTM:
    """Return a Keras LSTM with its start weights."""
    layer = keras.layers.LSTM(units, **options)
    layer.build((None, None, features))
    return layer


# %%
empty = fresh(1, features=1)
zero = np.zeros((1, 4))
empty.set_weights([zero, zero, np.array([0, 1, 0, 0])])
nothing, one = np.zeros((1, 60, 1)), np.ones((1, 1))
left = Gates.from_keras(empty).trace(nothing, c0=one).c[0, :, 0]
f = 1 / (1 + np.exp(-1))
as_predicted = np.abs(left - f ** np.arange(1, 61)).max() < 1e-6
print("every step as predicted:", bool(as_predicted))
print(f"tau: measured {1 + left.sum():.2f}, predicted {1 + np.e:.2f}")
print(f"half-life {np.log(0.5) / np.log(f):.2f},",
      f"down to 1/e after {-1 / np.log(f):.2f}")


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
        return Gates.from_torch(torch.nn.LSTM(8, 32, batch_first=True))
    return Gates.from_keras(fresh(32, 8, unit_forget_bias=kind == "Keras"))


# %%
rng = np.random.default_rng(0)
noise = rng.normal(size=(50, 40, 8)).astype("float32")
decay = {}
for kind in ["Keras", "Keras, bias 0", "PyTorch"]:
    seeds = training.progress(range(20), kind)
    decay[kind] = np.array([survival(start(kind, s), noise) for s in seeds])
    tau = 1 + decay[kind].sum(axis=1)
    print(f"{kind:14} tau {tau.mean():.2f},",
          f"from {tau.min():.2f} to {tau.max():.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The forget bias predicts the memory of an untrained LSTM. A bias of 1 keeps the state about 3.7 steps, a bias of 0 two steps. PyTorch starts near 0, so its LSTM forgets faster.", "name": "fig-lstm-start-memory"}, "image": {"alt": "Part of the first cell state left against the step, from 0 to 12, on a logarithmic axis from 1 to 0.0001. Two straight lines are the predictions, for bias 1 falling to about 0.02 at step 12 and for bias 0 falling faster, to 0.0002. Circles for the cell without weights lie on the upper line, squares for Keras a little below it. Triangles for PyTorch lie on the lower line and a little above its end."}} jupyter={"source_hidden": true}
steps = np.arange(13)
fig, ax = plt.subplots()
ax.semilogy(steps, f**steps, label="predicted, bias 1")
ax.semilogy(steps, 0.5**steps, label="predicted, bias 0")
ax.semilogy(steps[1:], left[:12], "o", label="no weights, bias 1")
for kind, marker in [("Keras", "s"), ("PyTorch", "^")]:
    ax.semilogy(steps[1:], decay[kind].mean(axis=0)[:12], marker,
                mfc="none",
                ls="", label=f"{kind}, 20 seeds")
ax.set(xlabel="steps", ylabel="part of the first c that is left",
       xticks=steps[::2])
ax.legend()
plt.show()

# %% [markdown]
# Keras falls a little short of 3.72 because the sigmoid bends down above 0: when its argument
# spreads around 1, the mean of $f$ is below $\sigma(1)$. In PyTorch the forget bias is the sum of two
# draws between $-1/\sqrt{u}$ and $1/\sqrt{u}$, so it is near 0. To set it, write under
# `torch.no_grad()`: `lstm.bias_ih_l0[u:2*u] = 1`, `lstm.bias_hh_l0[u:2*u] = 0`. {cite:t}`gers2000`
# started it positive and {cite:t}`jozefowicz2015` recommend 1 or 2. {cite:t}`tallec2018` turn
# $\tau = 1 + e^b$ around: to span up to $T$ steps they draw $b_f = \ln v$ with $v$ uniform from 1 to
# $T - 1$, and set $b_i = -b_f$. They call it chrono initialisation.
#
# The formula holds while inputs are of size 1. With inputs ten times as large a gate is often nearly
# shut, and one shut gate is enough to forget. One layer, with its forget bias moved:

# %%
print("bias  predicted  inputs of size 1  of size 10")
long_noise = rng.normal(size=(20, 400, 8)).astype("float32")
training.seed_everything(0)
layer = fresh(32, 8, bias_initializer="zeros")
W, U, b = layer.get_weights()
for bias in range(5):
    b[32:64] = bias
    layer.set_weights([W, U, b])
    taus = []
    for size in [1, 10]:
        kept = survival(Gates.from_keras(layer), size * long_noise)
        taus.append(1 + kept.sum())
    print(f"{bias:4} {1 + np.exp(bias):10.1f} {taus[0]:13.1f} "
          f"{taus[1]:15.1f}")


# %% [markdown]
# ## Orthogonal and identity act on the fused matrix
#
# Keras starts recurrent kernels with a random {term}`orthogonal matrix`, because it keeps lengths
# {cite:p}`saxe2014`. But it draws the whole $u \times 4u$ matrix $R$ at once. $R R^{\mathsf T}$ is the
# identity, so $hR$ is as long as $h$; its squared length is shared by four blocks with equal chances, so
# on average $hU_k$ has a quarter of the squared length of $h$: about half the length.
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


# %%
R = np.array([recurrent_start(seed) for seed in range(20)])
values = np.linalg.svd(R, compute_uv=False)
shares = (R**2).sum(axis=(2, 3)) / 64
largest = values.max(axis=2).mean()
print(f"squared length kept: {shares.min():.2f} to {shares.max():.2f}")
print(f"largest singular value: mean {largest:.2f},",
      f"limit {np.sqrt(3) / 2:.3f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The start that Keras calls orthogonal shortens every vector in every block. The singular values of all four blocks follow the predicted curve, from 0.87 down to 0; in an orthogonal block all 64 would be 1.", "name": "fig-lstm-start-singular"}, "image": {"alt": "Singular value against rank, from 1 to 64. A solid curve, the prediction, falls from 0.87, steeply at first, then steadily to 0. Circles, squares, triangles and crosses for the means of the blocks i, f, c and o over 20 seeds lie on it, inside a narrow grey band from the smallest to the largest value. A thick line at 1 marks an orthogonal block."}} jupyter={"source_hidden": true}
s = np.sqrt(0.75) * np.sin(np.linspace(0, np.pi / 2, 200))
density = 4 / np.pi * np.sqrt(0.75 - s**2) / (1 - s**2)
areas = np.diff(s) * (density[1:] + density[:-1]) / 2
below = np.append(0, np.cumsum(areas))
rank = np.arange(1, 65)
fig, ax = plt.subplots()
ax.fill_between(rank, values.min(axis=(0, 1)), values.max(axis=(0, 1)),
                color="#cccccc")
ax.plot(0.5 + 64 * (1 - below), s, "-", color="black", lw=1.5,
        label="predicted")
for k, (gate, marker) in enumerate(zip("ifco", "os^x")):
    some = slice(2 * k, None, 8)
    ax.plot(rank[some], values[:, k].mean(axis=0)[some], marker,
            label=f"block {gate}")
ax.axhline(1, ls="-", color="black", lw=3, label="orthogonal block")
ax.set(xlabel="rank", ylabel="singular value", xlim=(0, 65),
       ylim=(0, 1.05))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
plt.show()

# %% [markdown]
# Three more starts act on the fused arrays. Keras draws $W$ evenly between plus and minus Glorot's
# limit, $\sqrt{6/(d + \text{outputs})}$, and counts $4u$ outputs. `"identity"` gives the input gate
# the identity and the other three blocks nothing, without a word. And the documentation of
# `unit_forget_bias=True` says that it sets the other biases to zero. It does not.

# %%
W = fresh(64, features=32).get_weights()[0]
print(f"glorot: largest |W| {np.abs(W).max():.3f},",
      f"sqrt(6 / (d + 4u)) {np.sqrt(6 / (32 + 4 * 64)):.3f},",
      f"sqrt(6 / (d + u)) {np.sqrt(6 / (32 + 64)):.3f}")
layer = fresh(2, features=1, recurrent_initializer="identity")
print(layer.get_weights()[1].astype(int))
three = keras.initializers.Constant(3)
print(fresh(1, features=1, bias_initializer=three).get_weights()[2])

# %% [markdown]
# If you want an orthogonal matrix in every block, draw four, join them, and hand the result to
# `set_weights`.

# %%
four = [keras.initializers.Orthogonal(seed=k)((64, 64)) for k in range(4)]
blocks = np.split(np.hstack(four), 4, axis=1)
singular = np.linalg.svd(blocks, compute_uv=False)
print("all are 1:", bool(np.allclose(singular, 1, atol=1e-5)))


# %% [markdown]
# Whether training gains by it is a question this page does not answer.
#
# ## A stateful layer starts where it stopped
#
# An LSTM starts each batch with states of 0. With `stateful=True`, row $k$ of a batch starts from the
# states in which row $k$ of the batch before ended. So row $k$ must *continue* row $k$. Cut a long series
# of shape (samples, features) into as many parallel streams as a batch has rows, then each stream into
# pieces.

# %%
def streams(series: np.ndarray, batch: int, steps: int) -> np.ndarray:
    """Cut (samples, features) into (pieces, batch, steps, features)."""
    pieces = len(series) // (batch * steps)
    used = series[: batch * pieces * steps]
    return used.reshape(batch, pieces, steps, -1).swapaxes(0, 1)


for piece in streams(np.arange(24)[:, np.newaxis], batch=2, steps=4):
    print(piece[..., 0].tolist())

# %%
cell = keras.layers.LSTM(3, stateful=True, return_sequences=True)
cell.build((4, None, 2))
series = np.random.default_rng(1).normal(size=(240, 2)).astype("float32")
runs = Gates.from_keras(cell).trace(series.reshape(4, 60, 2)).h
for name, cut in [("streams", lambda a: streams(a, 4, 5)),
                  ("windows", lambda a: a.reshape(12, 4, 5, -1))]:
    cell.reset_state()
    h = np.array([cell(piece) for piece in cut(series)])
    apart = np.abs(h - cut(runs.reshape(240, 3)))
    print(f"{name}: off by {apart.max():.1f}")

# %% [markdown]
# Streams equal four long runs. Windows in the order of the series do not, and raise no error: each row
# continues a window four places away. Outputs of shape (pieces, batch, steps, units) become a series again
# with `outputs.swapaxes(0, 1).reshape(-1, units)`. Give such a layer a `batch_shape`, call `fit` with
# `shuffle=False`, and the layer's `reset_state()` before each pass.
