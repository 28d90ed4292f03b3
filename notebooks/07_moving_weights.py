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
# # Why does my LSTM give other numbers after the move?
#
# The weights of an {term}`LSTM` were copied from Keras to PyTorch, in four ways. Every copy loads
# without an error. Both then read the same 5 sequences. Here is the largest difference in the state $h$, of
# any unit in any sequence, at three steps; each number is the median over 20 LSTMs with random weights:
#
# | copy | step 1 | step 2 | step 60 |
# |---|---|---|---|
# | A | below 0.000001 | below 0.000001 | below 0.000001 |
# | B | 0.67 | 0.91 | 0.99 |
# | C | below 0.000001 | 0.18 | 0.36 |
# | D | 0.52 | 0.41 | below 0.01 |
#
# :::{admonition} Predict first 1
# :class: predict
# One copy is right. In one the blocks were taken for those of another framework. In one the recurrent
# weights were not transposed. One was started in the state in which a first reading of the same
# sequences had left it. Which is which? All you need: an LSTM starts from states of 0.
# :::
#
# :::{dropdown} Answer 1
# A is right: that is rounding. C is right at step 1, where the recurrent weights are multiplied by 0, and
# wrong from step 2: these weights. B is wrong at once and stays so: the order. D starts wrong and recovers,
# as these networks forget what they should never have known: the state.
# :::
#
# People have asked for years why their copies answer differently:
# [Keras to PyTorch](https://discuss.pytorch.org/t/pretrained-keras-lstm-weights-to-pytorch-lstm/110741),
# [PyTorch to Keras](https://stackoverflow.com/questions/48361376/converting-state-parameters-of-pytorch-lstm-to-keras-lstm),
# [a GRU](https://github.com/keras-team/keras/issues/15915),
# [Keras to ONNX](https://github.com/onnx/keras-onnx/issues/89). The step at which a difference
# starts splits the suspects in two, and whether it lasts splits them again, if the network forgets. Do your
# own numbers differ right now? Go to *My numbers differ* below.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Move* the weights of an LSTM from Keras to PyTorch by hand.
# - *Explain* which mistakes leave the first step right.
# - *Diagnose* a wrong move from where a difference starts and whether it lasts.
# :::
#
# **Time:** about 30 minutes, and 45 for the exercises; the code runs in about 10 seconds.
# **Needs:** the equations of an LSTM, as in [chapter 5](05_lstm_gate_slicing.md); the transpose of a
# matrix.

# %% [markdown]
# ## Three layouts
#
# With $d$ features and $u$ units, each block of an LSTM has weights $W$ for the input, $U$ for the last
# {term}`hidden state`, and a bias $b$. Frameworks keep the four blocks side by side. Keras multiplies a
# row vector from the left, $x W$; the others store the transpose.
#
# | | Keras | PyTorch | ONNX |
# |---|---|---|---|
# | order | i f c o | i f c o (c is called g) | i o f c |
# | $W$ | $(d, 4u)$ | $(4u, d)$ | $(1, 4u, d)$ |
# | $U$ | $(u, 4u)$ | $(4u, u)$ | $(1, 4u, u)$ |
# | biases | one, $(4u,)$ | two, $(4u,)$ each | two in one row, $(1, 8u)$ |
#
# PyTorch adds both biases of an LSTM to the same pre-activation, so only their sum counts. For a {term}`GRU`
# that is not so: see the [porting notes](A3_porting_notes.md), also for other frameworks, several layers,
# masks and old files.

# %%
from course_utils import plotting, training  # first: quiet TensorFlow
from course_utils.checks import moving_weights as checks
from course_utils.gates import ORDERS, Block, Gates

from functools import cache

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow
import torch
from matplotlib.colors import ListedColormap

plotting.use_style()
FEATURES, UNITS, BATCH, STEPS = 3, 8, 5, 60


# %% tags=["hide-input"] mystnb={"figure": {"caption": "The input weights W of an LSTM with 3 features and 2 units. PyTorch keeps the transpose of Keras' matrix, ONNX another order too.", "name": "fig-moving-weights-layouts"}, "image": {"alt": "Three matrices of coloured squares, each block with a letter. Keras is 3 rows by 8 columns with the blocks i, f, c, o from left to right; PyTorch is 8 rows by 3 columns with i, f, c, o from top to bottom; ONNX is 8 by 3 with i, o, f, c."}} jupyter={"source_hidden": true}
def layouts() -> dict[str, np.ndarray]:
    """Return W as each framework stores it, block k full of k."""
    blocks = {name: Block(np.full((3, 2), float(k)), np.zeros((2, 2)))
              for k, name in enumerate(ORDERS["Keras"]["LSTM"])}
    gates = Gates("LSTM", blocks)
    torch_W = gates.to_torch()["weight_ih_l0"].numpy()
    return {"Keras": gates.to_keras()[0], "PyTorch": torch_W,
            "ONNX": gates.to_onnx().W[0]}


fig, axes = plt.subplots(1, 3, figsize=(plotting.WIDTH, 3.4),
                         width_ratios=[8, 3, 3])
for ax, (name, W) in zip(axes, layouts().items()):
    ax.imshow(W, cmap=ListedColormap([*plotting.COLOURS.values()][:4]))
    for k, letter in enumerate("ifco"):
        y_middle, x_middle = np.argwhere(W == k).mean(axis=0)
        ax.text(x_middle, y_middle, letter, color="white", ha="center",
                va="center", fontsize=22, fontweight="bold")
    ax.set(title=name,
           xticks=np.arange(0.5, W.shape[1] - 1), xticklabels=[],
           yticks=np.arange(0.5, W.shape[0] - 1), yticklabels=[])
    ax.tick_params(length=0)
plt.show()


# %% [markdown]
# :::{admonition} Exercise 1 · From any order
# :class: exercise
# Difficulty 2 of 5, 5 minutes. Practises: *Move*. Write `keras_blocks(matrix, order)`. `matrix` has the
# four blocks of an LSTM side by side in its last axis; `order` names them in that order with the
# letters i, f, c, o, such as `"cfoi"`. It returns the matrix in the order of Keras. It should work for
# $W$, $U$ and a bias. The chapter runs on your function.
# :::
#
# :::{dropdown} Hint 1
# `np.split(matrix, 4, axis=-1)` gives the blocks. Which letter belongs to the first?
# :::
#
# :::{dropdown} Hint 2
# Make a dictionary from letter to block; then join the blocks of i, f, c, o.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "keras_blocks", "solution": true} jupyter={"source_hidden": true}
def keras_blocks(matrix: np.ndarray, order: str) -> np.ndarray:
    """Return the blocks of an LSTM in the order of Keras."""
    ### BEGIN SOLUTION
    found = dict(zip(order, np.split(matrix, 4, axis=-1)))
    return np.concatenate([found[letter] for letter in "ifco"], axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "keras_blocks-check", "grade": true, "points": 1}
checks.keras_blocks(keras_blocks)

# %% [markdown]
# ## By hand
#
# Random weights, biases included, stand in for a trained network. `built(units)` makes a Keras LSTM;
# `case(layer, seed)` fills it, and returns its weights, a random input and what the layer answers.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how a case is made", "code_prompt_hide": "Hide how a case is made"} jupyter={"source_hidden": true}
graph = cache(tensorflow.function)  # graph(layer)(x): layer(x), faster


def built(units: int, **options) -> keras.layers.LSTM:
    """Return a Keras LSTM that has its weights."""
    layer = keras.layers.LSTM(units, return_sequences=True, **options)
    layer.build((None, None, FEATURES))
    return layer


def random_weights(layer, seed: int, gain: float) -> list[np.ndarray]:
    """Return normal weights for a layer, those of U times the gain."""
    rng = np.random.default_rng(seed)
    scales = FEATURES**-0.5, gain * layer.units**-0.5, 1.0  # W, U, b
    return [(scale * rng.normal(size=weight.shape)).astype(layer.dtype)
            for scale, weight in zip(scales, layer.get_weights())]


def case(layer, seed: int, gain: float = 1.0) -> tuple:
    """Return random weights, an input, and the layer's h at each step."""
    layer.set_weights(random_weights(layer, seed, gain))
    x = np.random.default_rng(1_000 + seed).normal(
        size=(BATCH, STEPS, FEATURES)).astype(layer.dtype)
    return layer.get_weights(), x, graph(layer)(x).numpy()


# %% [markdown]
# PyTorch calls its four arrays `weight_ih_l0`, `weight_hh_l0`,
# `bias_ih_l0` and `bias_hh_l0`: *ih* from the input, *hh* from $h$, of layer 0.
#
# :::{admonition} Exercise 2 · The move
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Move*. Write `torch_state(W, U, b)`. It takes the arrays of
# a Keras LSTM and returns a dictionary from PyTorch's four names to arrays, with which PyTorch's LSTM
# computes the same. The rest of the chapter runs on yours.
# :::
#
# :::{dropdown} Hint 1
# The order of the blocks is the same. Compare the shapes in the table.
# :::
#
# :::{dropdown} Hint 2
# Both biases are added to the same sum. What must the second be, if the first is $b$?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "torch_state", "solution": true} jupyter={"source_hidden": true}
def torch_state(W: np.ndarray, U: np.ndarray, b: np.ndarray) -> dict:
    """Return the arrays of PyTorch's LSTM by their names."""
    ### BEGIN SOLUTION
    return {"weight_ih_l0": W.T, "weight_hh_l0": U.T,
            "bias_ih_l0": b, "bias_hh_l0": 0 * b}
    ### END SOLUTION


# %% nbgrader={"grade_id": "torch_state-check", "grade": true, "points": 2}
checks.torch_state(torch_state)


# %%
def run(state: dict, x: np.ndarray) -> np.ndarray:
    """Return h at each step from PyTorch's LSTM with these arrays."""
    state = {name: torch.as_tensor(array) for name, array in state.items()}
    U = state["weight_hh_l0"]
    lstm = torch.nn.LSTM(x.shape[2], U.shape[1], batch_first=True,
                         dtype=U.dtype)
    lstm.load_state_dict(state)
    return lstm(torch.as_tensor(x))[0].detach().numpy()


# %%
def gap(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Return the largest difference at each step."""
    return np.abs(got - want).max(axis=(0, 2))


# %%
cases = {}
for units in (UNITS, 64, 256):
    layer = built(units)
    cases[units] = [case(layer, seed) for seed in training.progress(
        range(20), f"{units} units")]
    rounding = max(gap(run(torch_state(*weights), x), want).max()
                   for weights, x, want in cases[units])
    print(f"{units:3} units: within 1e-6 of Keras:", bool(rounding < 1e-6))


# %% [markdown]
# A float32 number carries about seven digits, so agreement to $10^{-7}$ is all one can hope for.
# From here on, 8 units.
#
# ## Where a difference starts
#
# Five copies with one mistake in the weights each.

# %%
def wrong_weights(W, U, b) -> dict[str, dict]:
    """Return arrays for PyTorch, each time with one mistake."""
    right = torch_state(W, U, b)
    as_onnx = [keras_blocks(a, "iofc") for a in (W, U, b)]
    stacked = np.concatenate(np.split(U, 4, axis=1))
    low = b - np.repeat([False, True, False, False], len(U))
    return {
        "order of ONNX": torch_state(*as_onnx),
        "W reshaped": {**right, "weight_ih_l0": W.reshape(len(b), -1)},
        "bias in both places": torch_state(W, U, 2 * b),
        "U not transposed": {**right, "weight_hh_l0": stacked},
        "forget bias 1 too low": torch_state(W, U, low),
    }


# %% [markdown]
# And three where the weights are right: another {term}`activation function` in the gates, batch and
# steps exchanged (PyTorch expects steps first unless told otherwise), and states left over from a first
# reading.

# %%
hard = built(UNITS, recurrent_activation="hard_sigmoid")


def wrong_use(weights: list, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return h of right weights, used wrongly."""
    hard.set_weights(weights)
    swapped = run(torch_state(*weights), x.swapaxes(0, 1)).swapaxes(0, 1)
    twice = run(torch_state(*weights), np.concatenate([x, x], axis=1))
    return {"hard_sigmoid": graph(hard)(x).numpy(),
            "steps as batch": swapped, "state left over": twice[:, STEPS:]}


# %%
def answers(weights: list, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return h of the right copy and of each wrong one."""
    states = {"right": torch_state(*weights), **wrong_weights(*weights)}
    h = {name: run(state, x) for name, state in states.items()}
    return {**h, **wrong_use(weights, x)}


# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# States start at 0. Which of these eight mistakes leave the first step right?
# :::
#
# :::{dropdown} Answer 2
# Those in what 0 multiplies: $U$ not transposed, since $h_0 = 0$, and the forget bias, since
# $f_1 c_0 = 0$ whatever $f_1$ is. With one sequence instead of five, steps as batch would too: every step
# then starts from 0.
# :::
#
# :::{admonition} Exercise 3 · Where do they part?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Diagnose*. Write `first_difference(got, want, tolerance)`
# for arrays of shape (batch, steps, units). It returns the first step, counted from 1, at which any
# entry differs by more than `tolerance`, and 0 if none does. A number that is not finite differs.
# :::
#
# :::{dropdown} Hint 1
# For each step, take the largest difference over sequences and units. Which axes are those?
# :::
#
# :::{dropdown} Hint 2
# A comparison with `nan` is False: ask `~(difference <= tolerance)`. `np.flatnonzero` lists the places
# of True.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "first_difference", "solution": true} jupyter={"source_hidden": true}
def first_difference(got, want, tolerance: float = 1e-5) -> int:
    """Return the step at which two answers part, or 0."""
    ### BEGIN SOLUTION
    parted = ~(np.abs(got - want) <= tolerance)
    steps = np.flatnonzero(parted.any(axis=(0, 2)))
    return int(steps[0]) + 1 if len(steps) else 0
    ### END SOLUTION


# %% nbgrader={"grade_id": "first_difference-check", "grade": true, "points": 2}
checks.first_difference(first_difference)

# %%
given = [(answers(weights, x), want)
         for weights, x, want in training.progress(cases[UNITS], "copies")]
gaps = {name: np.array([gap(h[name], want) for h, want in given])
        for name in given[0][0]}
starts = {name: {first_difference(h[name], want, 1e-5)
                 for h, want in given} for name in gaps}


# %%
def shown(value: float) -> str:
    """Return a difference with two decimals, or say that it is small."""
    rounded = "<0.01" if value < 0.01 else f"{value:.2f}"
    return "<1e-6" if value < 1e-6 else rounded


# %%
print(f"{'':23}starts   median at step 1   step 2   step 60")
for name, each in gaps.items():
    first, second, last = np.median(each, axis=0)[[0, 1, -1]]
    print(f"{name:23}{starts[name]}{'':16}{shown(first):9}",
          f"{shown(second):9}{shown(last)}", sep="")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A wrong order or activation shows at step 1 and stays. A wrong U starts as rounding and is large from step 2. A wrong first state is large at once, and fades here, as these networks forget it. Rounding stays at the bottom.", "name": "fig-moving-weights-errors"}, "image": {"alt": "Median over 20 seeds of the largest difference in h, against the step from 1 to 30, on a logarithmic axis from 1e-8 to 10. Blocks in the order of ONNX stay near 1. The hard sigmoid stays near 0.1. U not transposed is at 1e-7 at step 1, 0.2 at step 2 and rises to 0.4. A state left over falls from 0.5 to below 0.001. The right copy stays at about 1e-7."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 4.6))
for name in ("right", "order of ONNX", "U not transposed", "hard_sigmoid",
             "state left over"):
    middle = np.median(gaps[name], axis=0)
    ax.semilogy(range(1, 31), middle[:30], label=name)
ax.set(xlabel="step", ylabel="difference in h", ylim=(1e-8, 10))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3,
          columnspacing=1.0)
plt.show()

# %% [markdown]
# For all 20 seeds each mistake starts at one and the same step (`{0}`: never). Zeros decide that, not luck: run
# from other first states, and those of step 2 start at step 1 as well.
#
# ## My numbers differ
#
# Check in this order, with two or more sequences of at least three steps.
#
# 1. **Is it rounding?** In float32 it stayed below $10^{-6}$ with 8, 64 and 256 units and weights of
#    common size. Allow $10^{-5}$, and more if $U$ is large. When in doubt, repeat the first steps in
#    float64: rounding falls by more than seven digits, a mistake stays.
# 2. **Is it the weights at all?** Same $x$, dropout off (`module.eval()`), `batch_first=True`, states
#    at 0, no mask.
# 3. **Wrong at step 1, and lasting?** Then $W$ (a `reshape` where a transpose belongs fits every shape), a
#    bias, the order of the blocks, or an activation, which `print(Gates.from_keras(layer))` shows. Of a GRU
#    also the [kind of reset](A3_porting_notes.md), at step 2 if its recurrent bias is 0.
# 4. **Right at step 1, wrong at step 2?** Then $U$ (its blocks are square, so a forgotten transpose
#    fits), or the forget gate.
# 5. **Large at step 1, then fading?** The first states: left over, swapped, or of another layer. In a
#    network that remembers, the difference fades late or never. Set both states to 0 and see whether it
#    is gone.
# 6. **Right for two steps, wrong later?** A mask, or rounding that grows (below).
# 7. **Still different?** Lay the weights side by side: `read_gates` takes a layer or a
#    [file](A3_porting_notes.md), and its `.blocks` compare by name. If they agree, compare each framework
#    with `gates.trace` of its own layer.
#
# ## What could fool us
#
# **A rule that does not look.** *Always step 1* is right for 6 of our 8 mistakes. What the step adds is the two
# that it misses: $U$ and the forget gate. Of the six, five last and one fades.
#
# **A network that remembers.** We recognised D because it faded.
#
# :::{admonition} Predict first 3
# :class: predict
# Add 4 to each forget bias. The forget gate is then near 1, and a cell keeps most of its state from step to
# step. What does D look like now? How would you still find it out?
# :::

# %%
lstm = built(UNITS)


def left_over(extra: float, W, U, b, x) -> tuple[np.ndarray, np.ndarray]:
    """Return the gaps of states left over, and of states of 0."""
    b = b + np.repeat(np.float32([0, extra, 0, 0]), UNITS)
    lstm.set_weights([W, U, b])
    want = graph(lstm)(x).numpy()
    twice = run(torch_state(W, U, b), np.concatenate([x, x], axis=1))
    return gap(twice[:, STEPS:], want), gap(twice[:, :STEPS], want)


# %%
for extra in (0, 4):
    over, zero = np.swapaxes([left_over(extra, *weights, x)
                              for weights, x, _ in cases[UNITS]], 0, 1)
    first, last = map(shown, np.median(over, axis=0)[[0, -1]])
    print(f"forget bias + {extra}: median {first} at step 1, {last} at 60;",
          f"below 0.01 at 60: {(over[:, -1] < 0.01).sum()} of 20")
    print(f"{'':17}right from states of 0: {(zero < 1e-5).all()}")

# %% [markdown]
# :::{dropdown} Answer 3
# Wrong at once and wrong at the end, as B is. As drawn, the difference faded below 0.01 in 19 of 20 LSTMs;
# with 4 added it was still there in 19 of 20. Started from states of 0, all are right: that tells,
# whatever the network remembers.
# :::
#
# **Rounding that grows.** Is $10^{-6}$ always the limit? Make $U$ eight times as large, with 64 units.
# Random networks with large weights can be chaotic {cite:p}`sompolinsky1988`, and so is this one: small
# differences grow from step to step, rounding too. In float32 a right move now ends in the wrong numbers.

# %%
growth = {}
for dtype in ("float32", "float64"):
    wide = built(64, dtype=dtype)
    chaotic = [case(wide, seed, gain=8.0)
               for seed in training.progress(range(20), dtype)]
    growth[f"rounding, {dtype}"] = [gap(run(torch_state(*weights), x), want)
                                    for weights, x, want in chaotic]

# %%
growth["wrong U, float64"] = [
    gap(run(wrong_weights(*weights)["U not transposed"], x), want)
    for weights, x, want in chaotic]
print(f"{'median':20}step 1   step 2   step 60")
for name, each in growth.items():
    first, second, last = np.median(each, axis=0)[[0, 1, -1]]
    last = "> 0.5" if last > 0.5 else shown(last)
    print(f"{name:20}{shown(first):9}{shown(second):9}{last}")

# %% [markdown]
# In float32 the size at the end does not tell a right move from a wrong one. The start does: rounding is small
# at steps 1 and 2, and float64 moves it down; the wrong $U$ jumps at step 2 in float64 too.
#
# ## One open question
#
# :::{admonition} Exercise 4 · The smallest honest test (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Explain*, *Diagnose*. A colleague tests a converter on one
# freshly built LSTM, with one sequence of one step, and accepts differences below 0.1. Which of the mistakes
# in this chapter pass? Design the smallest test that none of them passes: how many sequences, how many
# steps, which weights, which first states, which tolerance? Run it on all of them.
# :::

# %% [markdown] nbgrader={"grade_id": "honest_test", "solution": true, "grade": true, "points": 3}
# *Your answer here: what passes the colleague's test, your own test, and what you measured.*

# %% [markdown]
# :::{dropdown} One answer
# With one step, everything in $U$ and in the forget gate passes. In a fresh LSTM the biases are 0 but for
# the forget gate, so a bias in both places passes as well. A tolerance of 0.1 lets the hard sigmoid
# through at step 1. Batch and steps exchanged pass when both are 1. With one unit $U$ is its own transpose, block by block, and with one
# feature a reshape of $W$ is one. Our test: two features and units at least, two sequences of three steps,
# random biases, tolerance $10^{-5}$. Over 20 seeds it finds all eight mistakes, and rounding passes it
# every time. Two steps find them too; the third is for what we have not thought of. States that are left over show only if the
# converted network runs twice, and swapped ones only if they are not 0.
# :::

# %% [markdown]
# ## What we saw
#
# - *Move*: two transposes and a second bias of zeros, and outputs agree within $10^{-6}$ over 20 seeds.
# - *Explain*: a first state of 0 hides what it multiplies, so $U$ and the forget gate are wrong from step 2
#   only, for all 20 seeds; the six other mistakes show at step 1.
# - *Diagnose*: a difference that starts at step 1 and fades is a wrong first state, in networks that forget;
#   where they remember, start from 0. In a chaotic network a right move ends wrong in float32; float64 still tells.

# %% [markdown]
# ## Further reading
#
# - The [porting notes](A3_porting_notes.md): GRU, ONNX, masks, several layers, old files.
# - {cite:t}`onnx_lstm`: the operator, with its order of blocks and all of its attributes.
# - {cite:t}`appleyard2016`: why the blocks are fused, and what else makes recurrent layers fast.
