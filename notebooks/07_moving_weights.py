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
# # How do you move an LSTM from Keras to PyTorch and get the same numbers?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Move* the weights of an LSTM or a GRU between Keras, PyTorch and ONNX, and back.
# - *Explain* when a second bias is redundant, and what it does to training.
# - *Diagnose* a wrong move from the size of the difference and the step at which it starts.
# - *Compute* the cell state at every step, which neither framework returns.
# :::
#
# **Time:** about 45 minutes, and 65 for the exercises; the code runs in about 20 seconds.
# **Needs:** the equations of an LSTM and of a GRU, as in [chapter 5](05_lstm_gate_slicing.md) and its
# exercise 3; the transpose of a matrix.
#
# The weights of a recurrent layer are a few arrays of numbers. Copying them from one framework to
# another should be a matter of minutes, and people have asked for years how to do it, or why their
# copies answer differently: [Keras to PyTorch](https://discuss.pytorch.org/t/pretrained-keras-lstm-weights-to-pytorch-lstm/110741),
# [PyTorch to Keras](https://stackoverflow.com/questions/48361376/converting-state-parameters-of-pytorch-lstm-to-keras-lstm),
# [a GRU](https://github.com/keras-team/keras/issues/15915),
# [Keras to ONNX](https://github.com/onnx/keras-onnx/issues/89). The usual mistakes
# raise no error. This chapter makes each of them on purpose and measures what it does. If your own
# numbers differ right now, go to the list *My numbers differ* near the end.

# %% [markdown]
# ## Three layouts
#
# At each step an {term}`LSTM` {cite:p}`hochreiter1997` with $d$ features and $u$ units computes a
# {term}`gate` for input ($i$), forgetting ($f$) and output ($o$), and a candidate ($c$). A {term}`GRU`
# {cite:p}`cho2014` has an update gate ($z$), a reset gate ($r$) and a candidate ($h$). Each of
# these blocks has weights $W$ for the input, $U$ for the last {term}`hidden state`, and biases.
# Frameworks keep the blocks side by side in one array:
#
# | | Keras | PyTorch | ONNX |
# |---|---|---|---|
# | order, LSTM | i f c o | i f c o (c is called g) | i o f c |
# | order, GRU | z r h | r z h (h is called n) | z r h |
# | shape of $W$, LSTM | $(d, 4u)$ | $(4u, d)$ | $(1, 4u, d)$ |
# | shape of $U$, LSTM | $(u, 4u)$ | $(4u, u)$ | $(1, 4u, u)$ |
# | biases, LSTM | one, $(4u,)$ | two, $(4u,)$ each | two in one row, $(1, 8u)$ |
# | biases, GRU | two, $(2, 3u)$; one with `reset_after=False` | two, $(3u,)$ each | two in one row, $(1, 6u)$ |
#
# For a GRU put 3 in place of 4 in the shapes. Keras multiplies a row vector from the left, $x W$;
# PyTorch and ONNX store the transpose. We read, but did not run, the orders of others: the
# `BasicLSTMCell` of TensorFlow 1 i c f o, with a forget bias of 1 added when it runs and not stored;
# [Deeplearning4j](https://community.konduit.ai/t/imported-keras-lstm-layer-mismatch/124) c f o i;
# [Core ML](https://github.com/apple/coremltools/pull/93) i f o c;
# [OpenVINO](https://docs.openvino.ai/2022.1/api/ie_python_api/_autosummary/openvino.runtime.opset6.lstm_sequence.html)
# f i c o.
#
# :::{admonition} Predict first 1
# :class: predict
# An LSTM has 3 features and 8 units. How many numbers does Keras store for it, how many PyTorch?
# :::
#
# :::{dropdown} Answer 1
# Keras: $4 (3 \cdot 8 + 8 \cdot 8 + 8) = 384$. PyTorch: one bias more in each of four blocks, so
# $384 + 32 = 416$.
# :::

# %%
from course_utils import plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import moving_weights as checks
from course_utils.gates import ORDERS, Block, Gates

from dataclasses import replace
from itertools import permutations

import keras
import matplotlib.pyplot as plt
import numpy as np
import onnx
import onnxruntime
import torch
from matplotlib.colors import ListedColormap

plotting.use_style()
training.seed_everything(0)
FEATURES, UNITS, BATCH, STEPS = 3, 8, 5, 30


# %% [markdown]
# Random weights, biases included, stand in for a trained network.

# %%
def random_weights(layer: keras.layers.Layer, seed: int) -> list[np.ndarray]:
    """Return weights for a built layer: normal, matrices scaled by 1 / sqrt(rows)."""
    rng = np.random.default_rng(seed)
    scales = [FEATURES**-0.5, UNITS**-0.5, 1.0]
    return [(scale * rng.normal(size=w.shape)).astype(np.float32)
            for scale, w in zip(scales, layer.get_weights())]


def inputs(seed: int) -> np.ndarray:
    """Return sequences of shape (batch, steps, features)."""
    shape = BATCH, STEPS, FEATURES
    return np.random.default_rng(1_000 + seed).normal(size=shape).astype(np.float32)


# %%
def built(kind: type, **options: object) -> keras.layers.Layer:
    """Return a Keras layer that has its weights."""
    layer = kind(UNITS, return_sequences=True, **options)
    layer.build((None, None, FEATURES))
    return layer


lstm, gru = built(keras.layers.LSTM), built(keras.layers.GRU)
lstm.set_weights(random_weights(lstm, seed=0))
module = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
print("Keras:", lstm.count_params(), " PyTorch:", sum(p.numel() for p in module.parameters()))

# %% [markdown]
# ## By hand
#
# Keras and PyTorch agree on the order of an LSTM's blocks, so two transposes and a second bias of
# zeros are all it takes.

# %%
W, U, b = lstm.get_weights()
state = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
module.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
x = inputs(seed=0)
with torch.no_grad():
    moved = module(torch.from_numpy(x))[0].numpy()
print("within 1e-6 of Keras:", bool(np.abs(moved - np.asarray(lstm(x))).max() < 1e-6))

# %% [markdown]
# A float32 number carries about seven digits, so agreement to $10^{-7}$ is all one can hope for.
# That is the floor against which we measure mistakes.

# %% [markdown]
# ## The same with course_utils.gates
#
# `Gates` reads a layer of any of the three, knows each block by its name, and writes the layout of
# another. Here is the circle: Keras, PyTorch, ONNX, Keras.

# %%
gates = Gates.from_keras(lstm)
module.load_state_dict(gates.to_torch())
W, R, B, attributes = Gates.from_torch(module).to_onnx()
back = Gates.from_onnx(W, R, B, cell="LSTM", **attributes).to_keras()
print(gates)
print("bit for bit:", all(np.array_equal(a, b) for a, b in zip(back, lstm.get_weights())))


# %% [markdown]
# The weights survive exactly, since they are only moved and 0 is added to a bias. Outputs are
# another matter: each framework adds in an order of its own. Over 20 seeds, LSTM and GRU:

# %%
def run_torch(gates: Gates, x: np.ndarray, **changed: np.ndarray) -> np.ndarray:
    """Run gates in PyTorch, with some arrays of the state dict changed."""
    kind = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[gates.cell]
    module = kind(gates.features, gates.units, batch_first=True, dtype=torch.tensor(x).dtype)
    changed = {name: torch.tensor(array) for name, array in changed.items()}
    module.load_state_dict({**gates.to_torch(), **changed})
    with torch.no_grad():
        return module(torch.from_numpy(x))[0].numpy()


# %%
def run_onnx(gates: Gates, x: np.ndarray, **changed: object) -> np.ndarray:
    """Run gates in onnxruntime, with some attributes changed."""
    W, R, B, attributes = gates.to_onnx()
    node = onnx.helper.make_node(gates.cell, [*"XWRB"], ["Y"], **{**attributes, **changed})
    X, Y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in "XY")
    held = [onnx.numpy_helper.from_array(array, name) for name, array in zip("WRB", (W, R, B))]
    graph = onnx.helper.make_graph([node], "cell", [X], [Y], held)
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    steps_first = np.ascontiguousarray(x.transpose(1, 0, 2))
    return session.run(None, {"X": steps_first})[0][:, 0].transpose(1, 0, 2)


# %%
def errors(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Return the largest difference at each step."""
    return np.abs(got - want).max(axis=(0, 2))


def case(layer: keras.layers.Layer, seed: int) -> tuple[Gates, np.ndarray, np.ndarray]:
    """Return gates, an input and what Keras answers."""
    layer.set_weights(random_weights(layer, seed))
    return Gates.from_keras(layer), inputs(seed), layer(inputs(seed)).numpy()


lstm_cases, gru_cases = ([case(layer, seed) for seed in training.progress(range(20), "Keras")]
                         for layer in (lstm, gru))
runs = {"PyTorch": run_torch, "onnxruntime": run_onnx, "NumPy": lambda gates, x: gates.trace(x).h}
for name, run in runs.items():
    cases = training.progress(lstm_cases + gru_cases, name)
    worst = max(errors(run(gates, x), want).max() for gates, x, want in cases)
    print(f"{name:11} within 1e-6 of Keras: {bool(worst < 1e-6)}")


# %% [markdown]
# The next figure is made by the code it explains: we mark each block of $W$ with a number of its
# own and draw the arrays that `to_keras`, `to_torch` and `to_onnx` return.

# %%
def layouts(cell: str) -> dict[str, np.ndarray]:
    """Return W as each framework stores it: 3 features, 2 units, block k full of k."""
    blocks = {name: Block(np.full((3, 2), float(k)), np.zeros((2, 2)))
              for k, name in enumerate(ORDERS["Keras"][cell])}
    gates = Gates(cell, blocks)
    torch_W = gates.to_torch()["weight_ih_l0"].numpy()
    return {"Keras": gates.to_keras()[0], "PyTorch": torch_W, "ONNX": gates.to_onnx().W[0]}


# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same blocks, in another order and turned by a transpose. Keras stacks them from left to right, PyTorch and ONNX from top to bottom. For an LSTM only ONNX has an order of its own, for a GRU only PyTorch.", "name": "fig-moving-weights-layouts"}, "image": {"alt": "Six matrices of coloured squares, each block with a letter. Top row, LSTM. Keras is 3 rows by 8 columns with the blocks i, f, c, o from left to right; PyTorch is 8 rows by 3 columns with i, f, c, o from top to bottom; ONNX is 8 by 3 with i, o, f, c. Bottom row, GRU. Keras is 3 by 6 with z, r, h; PyTorch 6 by 3 with r, z, h; ONNX 6 by 3 with z, r, h."}}
letters, colours = {"LSTM": "ifco", "GRU": "zrh"}, list(plotting.COLOURS.values())
fig, axes = plt.subplots(2, 3, figsize=(plotting.WIDTH, 6.2), width_ratios=[8, 3, 3])
for row, cell in zip(axes, letters):
    for ax, (name, W) in zip(row, layouts(cell).items()):
        ax.imshow(W, cmap=ListedColormap(colours[: len(letters[cell])]))
        for k, letter in enumerate(letters[cell]):
            y_middle, x_middle = np.argwhere(W == k).mean(axis=0)
            ax.text(x_middle, y_middle, letter, color="white", ha="center", va="center",
                    fontsize=22, fontweight="bold")
        ax.set(title=f"{name}, {cell}", xticks=np.arange(0.5, W.shape[1] - 1),
               yticks=np.arange(0.5, W.shape[0] - 1), xticklabels=[], yticklabels=[])
        ax.tick_params(length=0)
plt.show()


# %% [markdown]
# ## Two biases or one
#
# :::{admonition} Predict first 2
# :class: predict
# Someone gave PyTorch's LSTM the biases $\alpha b$ and $(1 - \alpha) b$ and tried several values of
# $\alpha$. Which is right? Would you say the same of a GRU?
# :::
#
# :::{dropdown} Answer 2
# All of them, for an LSTM: each block adds both biases to the same sum, so only $b_{ih} + b_{hh}$
# counts. In a GRU that is so for $z$ and $r$. The candidate of PyTorch is
# $\tanh(x_t W + b_{ih} + r_t (h_{t-1} U + b_{hh}))$: the reset gate multiplies one bias and not the
# other, and moving a part across changes the function.
# :::

# %%
def shown(value: float) -> str:
    """Return a difference with two decimals, or say that it is rounding."""
    return "< 1e-6" if value < 1e-6 else "< 0.01" if value < 0.01 else f"{value:6.2f}"


def split_bias(gates: Gates, x: np.ndarray, alpha: float) -> float:
    """Return what it changes to share out the sum of the biases as alpha and 1 - alpha."""
    state = gates.to_torch()
    total = (state["bias_ih_l0"] + state["bias_hh_l0"]).numpy()
    changed = {"bias_ih_l0": alpha * total, "bias_hh_l0": (1 - alpha) * total}
    return errors(run_torch(gates, x, **changed), run_torch(gates, x)).max()


for cases in (lstm_cases, gru_cases):
    for alpha in (1.0, 0.7, -2.0):
        changes = [split_bias(gates, x, alpha) for gates, x, _ in cases]
        print(f"{cases[0][0].cell:4} alpha {alpha:4}: {shown(min(changes))} to {shown(max(changes))}")


# %% [markdown]
# So an LSTM of PyTorch loses nothing on its way to Keras: add the biases. A GRU needs both, which
# is why Keras stores [twice as many biases](https://github.com/keras-team/keras/issues/14120) for it.
#
# :::{admonition} Predict first 3
# :class: predict
# Two biases that only count as a sum start training. By how much does the sum move in the first
# step of Adam, compared with a single bias and the same learning rate?
# :::
#
# :::{dropdown} Answer 3
# Twice as far. Both get the gradient of the sum, so Adam moves each by the same step, and the sum by
# two. Gradient descent does the same. It is as if the learning rate of the biases were doubled.
# :::

# %%
def trained(two: bool, kind: type, rate: float, steps: int, seed: int) -> torch.nn.LSTM:
    """Train an LSTM on random targets; with two=False its second bias stays 0."""
    torch.manual_seed(seed)
    module = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
    module.bias_hh_l0.data.zero_()
    module.bias_hh_l0.requires_grad_(two)
    optimiser = kind([p for p in module.parameters() if p.requires_grad], lr=rate)
    x, target = torch.tensor(inputs(seed)), torch.randn(BATCH, UNITS)
    for _ in range(steps):
        optimiser.zero_grad()
        ((module(x)[0][:, -1] - target) ** 2).mean().backward()
        optimiser.step()
    return module


# %%
def moved_by(steps: int, *arguments: object, seed: int) -> torch.Tensor:
    """Return how far the sum of the biases moves."""
    before, after = (trained(*arguments, n, seed) for n in (0, steps))
    return (after.bias_ih_l0 + after.bias_hh_l0 - before.bias_ih_l0 - before.bias_hh_l0).data


for kind, rate in ((torch.optim.Adam, 0.001), (torch.optim.SGD, 0.1)):
    two, one = (torch.cat([moved_by(1, flag, kind, rate, seed=seed)
                           for seed in training.progress(range(20), kind.__name__)])
                for flag in (True, False))
    print(f"{kind.__name__:4}: two biases move their sum {(two / one).median():.2f} times as far")

# %% [markdown]
# Their difference stays, up to rounding, since both always get the same step: another quantity that training
# conserves, as in [chapter 2](02_one_hot_decoding.md). Weight decay breaks this, because it pulls
# each bias towards 0 on its own. To give PyTorch's LSTM one trained bias a block, as in Keras, keep
# `bias_hh` at 0 with `requires_grad_(False)`, as `trained` does.

# %% [markdown]
# ## Reset before or after
#
# The GRU has two definitions. The published one resets first, $(r_t h_{t-1}) U$; its first preprint,
# cuDNN and PyTorch multiply first, $r_t (h_{t-1} U)$, which is
# [faster](https://svail.github.io/diff_graphs/). Keras has both: `reset_after=True` is the default.
# PyTorch has only the second. ONNX has both, as `linear_before_reset`, and its default 0 is the one
# that neither Keras nor PyTorch defaults to.
#
# Apart from the biases, the weights have the same shapes, so either kind takes the weights of the
# other, and computes something else. With `use_bias=False`, everything else the same, over 20 seeds:

# %%
late, early = (built(keras.layers.GRU, use_bias=False, reset_after=after)
               for after in (True, False))
gaps = []
for gates, x, _ in training.progress(gru_cases, "GRUs"):
    for layer in (late, early):
        layer.set_weights(gates.to_keras()[:2])
    gaps.append(errors(early(x).numpy(), late(x).numpy()))
gaps = np.array(gaps)
print("step 1 equal:", bool((gaps[:, 0] < 1e-6).all()), "  largest over the steps:",
      shown(gaps.max(axis=1).min()), "to", shown(gaps.max(axis=1).max()))

# %%
try:
    Gates.from_keras(early).to_torch()
except ValueError as error:
    print(error)


# %% [markdown]
# ## What every mistake costs
#
# Each function below makes one mistake with an LSTM and returns $h$ at every step. None raises an
# error. `want` is what Keras answers.
#
# :::{admonition} Predict first 4
# :class: predict
# States start at 0. Which kinds of mistake leave the first step right?
# :::
#
# :::{dropdown} Answer 4
# Those in what 0 multiplies. $h_0 = 0$ hides everything in $U$; $c_0 = 0$ hides the forget gate,
# since $f_1 c_0 = 0$ whatever $f_1$ is. The kind of reset is hidden too if the GRU has no biases. With
# them, $r_1$ multiplies the second bias of the candidate, or not, at step 1 already.
# :::

# %%
def rounding(gates, x, want):
    return run_torch(gates, x)


def onnx_order(gates, x, want):
    W, R, B, _ = gates.to_onnx()
    return run_torch(gates, x, weight_ih_l0=W[0], weight_hh_l0=R[0], bias_ih_l0=B[0, :4 * UNITS])


def u_blocks_not_transposed(gates, x, want):
    return run_torch(gates, x, weight_hh_l0=np.concatenate(
        [block.recurrent for block in gates.blocks.values()]))


def w_reshaped(gates, x, want):
    return run_torch(gates, x, weight_ih_l0=gates.to_keras()[0].reshape(4 * UNITS, FEATURES))


# %%
def bias_in_both_places(gates, x, want):
    return run_torch(gates, x, bias_hh_l0=gates.to_keras()[2])


def steps_as_batch(gates, x, want):
    module = torch.nn.LSTM(FEATURES, UNITS)  # batch_first=False
    module.load_state_dict(gates.to_torch())
    return module(torch.tensor(x))[0].detach().numpy()


def forget_bias_not_added(gates, x, want):
    forget = gates.blocks["forget"]
    less = replace(forget, bias=forget.bias - 1)
    return replace(gates, blocks={**gates.blocks, "forget": less}).trace(x).h


def state_left_over(gates, x, want):
    before = gates.trace(x)
    return gates.trace(x, h0=before.h[:, -1], c0=before.c[:, -1]).h


# %% [markdown]
# Old Keras is a case of its own. In TensorFlow 1 the gates of its LSTM went through `hard_sigmoid`
# [by default](https://github.com/tensorflow/tensorflow/issues/47495), which was $0.2 z + 0.5$, cut to 0
# and 1. In Keras 3 [the same name](https://github.com/tensorflow/tensorflow/issues/65381) is
# $z / 6 + 0.5$, and today's default, sigmoid, is a third function. So an old layer loads without a word
# and computes something else. The old one is `lambda z: keras.ops.clip(0.2 * z + 0.5, 0, 1)`; `Gates` tells
# the two apart by what they compute.

# %%
def new_hard_sigmoid(gates, x, want):
    old, new = (replace(gates, recurrent_activation=name).trace(x).h
                for name in ("hard_sigmoid_0.2", "hard_sigmoid"))
    return want + (new - old)


mistakes = [rounding, onnx_order, u_blocks_not_transposed, w_reshaped, bias_in_both_places,
            steps_as_batch, forget_bias_not_added, state_left_over, new_hard_sigmoid]
costs = {mistake.__name__: np.array([errors(mistake(*each), each[2]) for each in lstm_cases])
         for mistake in mistakes}

# %%
print(f"{'':25}least  median of the largest   at step 1   at step 30")
for name, cost in costs.items():
    largest, (first, last) = cost.max(axis=1), np.median(cost[:, [0, -1]], axis=0)
    print(f"{name:24}{shown(largest.min())}        {shown(np.median(largest))}"
          f"            {shown(first)}       {shown(last)}")


# %% [markdown]
# Even the smallest mistake, in the luckiest of 20 seeds, is more than ten thousand times as large as
# rounding. The GRU is no kinder:

# %%
def keras_order(gates, x):
    W, U, b = (array.copy() for array in gates.to_keras())
    return run_torch(gates, x, weight_ih_l0=W.T, weight_hh_l0=U.T, bias_ih_l0=b[0], bias_hh_l0=b[1])


def biases_added_up(gates, x):
    state = {name: array.numpy() for name, array in gates.to_torch().items()}
    both = state["bias_ih_l0"] + state["bias_hh_l0"]
    return run_torch(gates, x, bias_ih_l0=both, bias_hh_l0=0 * both)


def onnx_default_reset(gates, x):
    return run_onnx(gates, x, linear_before_reset=0)


# %%
for mistake in (run_torch, keras_order, biases_added_up, onnx_default_reset):
    worst = [errors(mistake(gates, x), want).max() for gates, x, want in gru_cases]
    name = "nothing but rounding" if mistake is run_torch else mistake.__name__
    print(f"{name:22} {shown(min(worst))} to {shown(max(worst))}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Where a difference starts says what is wrong. A wrong order or activation is there at step 1. A wrong U starts as rounding and is large from step 2. A wrong first state is large at once and fades as the network forgets it. Rounding stays at the bottom.", "name": "fig-moving-weights-errors"}, "image": {"alt": "Median over 20 seeds of the largest difference in h, against the step from 1 to 30, on a logarithmic axis from 1e-8 to 10. Blocks in the order of ONNX (dashed) stay near 1. The new hard sigmoid (dotted) stays between 0.05 and 0.1. U not transposed (dash-dotted) is at 1e-7 at step 1, 0.2 at step 2 and rises to 0.4. A state left over (long dashes) falls from 0.6 to below 0.001. Rounding (solid) stays at about 1e-7."}}
lines = {"order of ONNX": onnx_order, "U not transposed": u_blocks_not_transposed,
         "new hard_sigmoid": new_hard_sigmoid, "state left over": state_left_over}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 4.6))
for label, mistake in {"rounding": rounding, **lines}.items():
    ax.semilogy(range(1, STEPS + 1), np.median(costs[mistake.__name__], axis=0), label=label)
ax.set(xlabel="step", ylabel="difference in h", ylim=(1e-8, 10))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.0)
plt.show()

# %% [markdown]
# What PyTorch cannot express is refused by `to_torch` with a reason: any activation but tanh and
# sigmoid, and `reset_after=False`. ONNX takes both.

# %%
relu = built(keras.layers.LSTM, activation="relu")
try:
    Gates.from_keras(relu).to_torch()
except ValueError as error:
    print(error)
x = inputs(seed=0)
gap = errors(run_onnx(Gates.from_keras(relu), x), relu(x).numpy()).max()
print("in onnxruntime, within 1e-6:", bool(gap < 1e-6))

# %% [markdown]
# ## Several layers, two directions, masks
#
# Move one layer and one direction at a time, and merge the state dicts. `from_torch(module, layer=1,
# reverse=True)` is the way back. (A lone Keras layer with `go_backwards=True` returns its steps in
# the order in which it reads them: flip them first.)

# %%
stack = [keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True))
         for _ in range(2)]
model = keras.Sequential([keras.Input((None, FEATURES)), *stack])
state = {}
for place, layer in enumerate(stack):
    for half in (layer.forward_layer, layer.backward_layer):
        state |= Gates.from_keras(half).to_torch(layer=place)

# %%
deep = torch.nn.LSTM(FEATURES, UNITS, num_layers=2, bidirectional=True, batch_first=True)
print(deep.load_state_dict(state), " arrays:", len(state))
gap = errors(deep(torch.tensor(x))[0].detach().numpy(), model(x).numpy()).max()
print("within 1e-6 of Keras:", bool(gap < 1e-6))

# %% [markdown]
# Masked steps differ even when everything is right: Keras repeats the last $h$, PyTorch's packed
# sequences give zeros. Compare the steps that are not padding, and the last states.

# %%
lengths = np.array([30, 20, 10, 5, 1])
mask = np.arange(STEPS) < lengths[:, np.newaxis]
gates, x, _ = lstm_cases[0]
lstm.set_weights(gates.to_keras())
module.load_state_dict(gates.to_torch())
packed = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(x), lengths, batch_first=True)
unpacked = torch.nn.utils.rnn.pad_packed_sequence(module(packed)[0], batch_first=True)[0]
gap = np.abs(unpacked.detach().numpy() - lstm(x, mask=mask).numpy()).max(axis=2)
print("real steps:", shown(gap[mask].max()), "  padding:", shown(gap[~mask].max()))

# %% [markdown]
# ## The cell state at every step
#
# Keras and PyTorch return the last {term}`cell state` alone, and people have
# [asked for](https://github.com/pytorch/pytorch/issues/31423)
# [the rest](https://github.com/keras-team/keras/issues/9202). `gates.trace` returns $h_t$, $c_t$,
# every gate and every {term}`pre-activation`. The check is to step the frameworks one input at a
# time, which is slow and does return $c_t$.

# %%
trace = gates.trace(x)
cell = keras.layers.LSTM(UNITS, return_state=True)
cell.build((None, None, FEATURES))
cell.set_weights(gates.to_keras())
keras_state, torch_state, gaps = [np.zeros((BATCH, UNITS), np.float32)] * 2, None, []
for t in range(STEPS):
    _, *keras_state = cell(x[:, t:t + 1], initial_state=keras_state)
    _, torch_state = module(torch.tensor(x[:, t:t + 1]), torch_state)
    for c in (keras_state[1].numpy(), torch_state[1][0].detach().numpy()):
        gaps.append(np.abs(c - trace.c[:, t]).max())
print("shape of c:", trace.c.shape, " within 2e-6 of both:", bool(max(gaps) < 2e-6))


# %% [markdown]
# States are given as `[h, c]` to Keras (`initial_state`), as `(h0, c0)` with a first axis for the
# layers to PyTorch, and `trace(x, h0, c0)` takes them without. A `stateful` layer keeps its last
# ones; `layer.reset_state()` clears them.

# %% [markdown]
# ## Old files
#
# Files of Keras 2 can stop before any number differs. On Keras 3.15:
#
# | in the old file or code | what happens | what to do |
# |---|---|---|
# | [`time_major`](https://github.com/keras-team/keras/issues/20750) | ValueError | build the model again, `model.load_weights("old.h5")` |
# | [`batch_input_shape`](https://github.com/keras-team/keras/issues/20106), `weights` | ValueError | `keras.Input(batch_shape=...)`, `set_weights` |
# | `model.reset_states()` | AttributeError | `layer.reset_state()` |
# | `CuDNNLSTM` | AttributeError | `LSTM`; its weights lie differently, and Keras 2 can convert them |
# | `LocallyConnected1D` | AttributeError | a masked or grouped layer of your own |
# | `hard_sigmoid` | no error, other numbers | the lambda above |

# %%
def says(action: object) -> str:
    """Return the name of the error that an action raises."""
    try:
        return f"no error: {action()}"
    except Exception as error:
        return type(error).__name__


for old in ({"time_major": False}, {"batch_input_shape": (1, 2, 3)}, {"weights": []}):
    print(*old, "->", says(lambda old=old: keras.layers.LSTM(2, **old)))
for owner, name in ((model, "reset_states"), (keras.layers, "CuDNNLSTM"),
                    (keras.layers, "LocallyConnected1D")):
    print(name, "->", says(lambda owner=owner, name=name: getattr(owner, name)))

# %% [markdown]
# ## My numbers differ
#
# Check in this order, with two or more sequences of at least three steps.
#
# 1. **Is it rounding?** With tanh, sigmoid and weights of common size, rounding in float32 stays below
#    $10^{-6}$. When in doubt, repeat the first steps in float64: rounding falls by eight or nine
#    digits, a mistake stays.
# 2. **Is it the weights at all?** Same $x$, dropout off (`module.eval()`), `batch_first=True`, states
#    at 0, no mask.
# 3. **Wrong at step 1?** Then $W$, a bias, the order of the blocks, an activation, or `reset_after` of
#    a GRU with biases. `print(gates)` shows the activations; the table above the order; a `reshape`
#    where a transpose belongs fits every shape.
# 4. **Right at step 1, wrong at step 2?** Then $U$ (its blocks are square, so a forgotten transpose
#    fits), the forget gate, or `reset_after` of a GRU whose biases are 0.
# 5. **Large at step 1, then fading?** The first states: left over, swapped, or of another layer.
# 6. **Still different?** Compare each framework with `gates.trace` of its own layer. The one that
#    disagrees runs something else than its weights say: a mask, a state, dropout. If neither
#    does, the weights differ: compare `gates.blocks` by name.

# %% [markdown]
# ## What could fool us
#
# **A test on a fresh layer.** Keras starts the biases of a GRU at 0, so adding them up changes
# nothing. And a test of one step sees nothing of $U$.

# %%
training.seed_everything(0)
fresh = built(keras.layers.GRU)
print("biases added up, fresh GRU:", errors(biases_added_up(Gates.from_keras(fresh), x),
                                            fresh(x).numpy()).max() < 1e-6)
one_step, _ = errors(u_blocks_not_transposed(Gates.from_keras(lstm), x[:, :2], None),
                     lstm(x[:, :2]).numpy())
print("U not transposed, one step:", bool(one_step < 1e-6))


# %% [markdown]
# Both print True: the mistake passes the test. Fill the biases with random numbers and run a few
# steps.
#
# **Rounding that grows.** Is $10^{-6}$ always the limit? Make $U$ eight times as large, with 64 units.
# Such a network is chaotic {cite:p}`sompolinsky1988`: it multiplies any small difference at each step,
# rounding too. Now a right move ends in the wrong numbers.

# %%
def chaotic_case(dtype: str, seed: int) -> tuple[Gates, np.ndarray, np.ndarray]:
    """Return gates with a large U, an input of 60 steps, and what Keras answers."""
    layer, rng = keras.layers.LSTM(64, return_sequences=True, dtype=dtype), np.random.default_rng(seed)
    layer.build((None, None, FEATURES))
    layer.set_weights([rng.normal(size=w.shape).astype(dtype) * scale
                       for w, scale in zip(layer.get_weights(), (0.6, 1.0, 1.0))])
    x = rng.normal(size=(BATCH, 60, FEATURES)).astype(dtype)
    return Gates.from_keras(layer), x, layer(x).numpy()


# %%
chaotic = {dtype: [chaotic_case(dtype, seed) for seed in training.progress(range(20), dtype)]
           for dtype in ("float32", "float64")}
growth = {f"rounding, {dtype}": [errors(run_torch(gates, x), want) for gates, x, want in cases]
          for dtype, cases in chaotic.items()}
growth["U not transposed, float64"] = [errors(u_blocks_not_transposed(*each), each[2])
                                       for each in chaotic["float64"]]
growth = {name: np.median(gaps, axis=0) for name, gaps in growth.items()}
print(f"{'':26}step 2   step 60")
for name, curve in growth.items():
    print(f"{name:26}{shown(curve[1])}   {'> 0.5' if curve[-1] > 0.5 else shown(curve[-1])}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "In a chaotic network rounding grows by about the same factor at each step. It starts at the precision of the numbers, so in float64 it starts lower. A mistake jumps at once, whatever the precision.", "name": "fig-moving-weights-chaos"}, "image": {"alt": "Median over 20 seeds of the largest difference in h, against the step from 1 to 60, on a logarithmic axis from 1e-16 to 1. Rounding in float32 (solid) rises in a nearly straight line from 1e-7 to above 0.5. Rounding in float64 (dashed) rises alike from 1e-16 to 1e-8. U not transposed (dash-dotted) jumps from 1e-16 at step 1 to above 1 at step 2 and stays there."}}
fig, ax = plt.subplots()
for name, curve in growth.items():
    ax.semilogy(range(1, 61), np.maximum(curve, 1e-17), label=name)
ax.set(xlabel="step", ylabel="difference in h")
ax.legend(loc="lower right")
plt.show()


# %% [markdown]
# So the size alone does not decide. What does is the step at which a difference starts, and whether
# float64 moves it down.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · From any order
# :class: exercise
# Difficulty 2 of 5, 5 minutes. Practises: *Move*. Write `keras_blocks(matrix, order)`. `matrix` has the
# four blocks of an LSTM side by side in its last axis; `order` names them in that order with the
# letters i, f, c, o, such as `"cfoi"`. It returns the matrix in the order of Keras. It should work for
# $W$, $U$ and a bias.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "keras_blocks", "solution": true}
def keras_blocks(matrix: np.ndarray, order: str) -> np.ndarray:
    """Return the blocks of an LSTM in the order of Keras."""
    ### BEGIN SOLUTION
    found = dict(zip(order, np.split(matrix, 4, axis=-1)))
    return np.concatenate([found[letter] for letter in "ifco"], axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "keras_blocks-check", "grade": true, "points": 1}
checks.keras_blocks(keras_blocks)


# %% [markdown]
# :::{admonition} Exercise 2 · The biases of a GRU
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Explain*. Write `keras_gru_bias(bias_ih, bias_hh)`. It takes
# the two biases of PyTorch's GRU, each of shape $(3u,)$, and returns the bias that a Keras GRU with
# `reset_after=True` wants.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "keras_gru_bias", "solution": true}
def keras_gru_bias(bias_ih: np.ndarray, bias_hh: np.ndarray) -> np.ndarray:
    """Return the bias of a Keras GRU."""
    ### BEGIN SOLUTION
    both = [np.split(bias, 3) for bias in (bias_ih, bias_hh)]
    return np.stack([np.concatenate([z, r, n]) for r, z, n in both])
    ### END SOLUTION


# %% nbgrader={"grade_id": "keras_gru_bias-check", "grade": true, "points": 2}
checks.keras_gru_bias(keras_gru_bias)


# %% [markdown]
# :::{admonition} Exercise 3 · One more step, from everywhere
# :class: exercise
# Difficulty 3 of 5, 10 minutes. Practises: *Compute*. To forecast two steps ahead,
# [someone needed](https://github.com/pytorch/pytorch/issues/8938) the state at every step as a place to
# go on from. Write `one_more_step(gates, x, new)` for the gates of an LSTM. `x` and `new` have shape
# (batch, steps, features). Entry $(n, t)$ of the result is $h$ after reading sequence $n$ of `x` up to
# step $t$, and then `new[n, t]` instead of what comes next. Its shape is (batch, steps, units). Two
# calls of `gates.trace` are enough.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "one_more_step", "solution": true}
def one_more_step(gates: Gates, x: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return h one step after each step of x, with new as the input."""
    ### BEGIN SOLUTION
    past = gates.trace(x)
    h0, c0 = (state.reshape(-1, gates.units) for state in (past.h, past.c))
    ahead = gates.trace(new.reshape(-1, 1, gates.features), h0, c0)
    return ahead.h.reshape(past.h.shape)
    ### END SOLUTION


# %% nbgrader={"grade_id": "one_more_step-check", "grade": true, "points": 2}
checks.one_more_step(one_more_step)


# %% [markdown]
# :::{admonition} Exercise 4 · An unknown framework
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Diagnose*. A framework without documentation runs an LSTM:
# `run(kernel, recurrent, bias, x)` takes matrices of shapes $(d, 4u)$, $(u, 4u)$, $(4u,)$ of your
# choice, $d$ and $u$ too, and returns $h$, shape (batch, steps, units). Its blocks lie in an order of
# its own. Write `find_order(run)`. It returns the order as four letters, such as `"ifco"`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "find_order", "solution": true}
def find_order(run: object) -> str:
    """Return the order in which an LSTM reads its blocks."""
    ### BEGIN SOLUTION
    draw = np.random.default_rng(0).normal
    parts = {name: Block(draw(size=(1, 2)), draw(size=(2, 2)), draw(size=2))
             for name in ORDERS["Keras"]["LSTM"]}
    probe = draw(size=(2, 4, 1))
    truth = Gates("LSTM", parts).trace(probe).h
    for order in permutations(parts):
        fused = [np.concatenate([getattr(parts[name], role) for name in order], axis=-1)
                 for role in ("kernel", "recurrent", "bias")]
        if np.allclose(run(*fused, probe), truth, atol=1e-5):
            return "".join(name[0] for name in order)
    raise ValueError("none of the 24 orders gives the right h")
    ### END SOLUTION


# %% nbgrader={"grade_id": "find_order-check", "grade": true, "points": 3}
checks.find_order(find_order)

# %% [markdown]
# :::{admonition} Exercise 5 · The smallest honest test (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Diagnose*. A colleague tests a converter on one freshly
# built layer, with one sequence of one step, and accepts differences below 0.1. Which of the mistakes
# in this chapter pass? Design the smallest test that none of them passes: how many sequences, how many
# steps, which weights, which first states, which tolerance? Run it on all of them.
# :::

# %% [markdown] nbgrader={"grade_id": "honest_test", "solution": true, "grade": true, "points": 3}
# *Your answer here: what passes the colleague's test, your own test, and what you measured.*

# %% [markdown]
# :::{dropdown} One answer
# With one step, everything in $U$ and in the forget gate passes. With fresh weights the biases of a
# GRU are 0 and pass whatever is done to them, and so does the kind of reset. Those of an LSTM are 0
# but for the forget gate, so a bias in both places passes as well. A tolerance of 0.1 lets the new
# `hard_sigmoid` through at step 1 for all 20 seeds, and on some fresh GRUs, whose outputs are small,
# even a wrong order of the blocks. Batch and steps swapped pass when both are 1. Our test: two sequences of three steps, random biases, tolerance $10^{-5}$. Over
# 20 seeds it finds all eight mistakes with an LSTM and all three with a GRU, and rounding passes
# it every time. Two steps find them too; the third is for what we have not thought of. States that are
# left over show only if the converted network runs twice, and swapped ones only if they are not 0.
# :::

# %% [markdown]
# ## What we saw
#
# - *Move*: transposes, an order of blocks and a number of biases are all there is. The round trip
#   is exact, and outputs agree within $10^{-6}$ over 20 seeds, for LSTM and GRU.
# - *Explain*: of an LSTM's two biases only the sum counts; a GRU's candidate needs both. Two biases
#   move their sum twice as far in a step of Adam or of gradient descent.
# - *Diagnose*: every mistake costs more than ten thousand times what rounding does in a network that is
#   not chaotic, and the step at which it starts says where to look.
# - *Compute*: `gates.trace` gives $c_t$ at every step, equal to stepping either framework.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`hochreiter1997`: the LSTM, still without a forget gate.
# - {cite:t}`cho2014`: the GRU.
# - {cite:t}`onnx_lstm`: the operator, with its order of blocks and all of its attributes.
# - {cite:t}`appleyard2016`: why the blocks are fused, and what else makes recurrent layers fast.
# - {cite:t}`howard2019`: the piecewise linear sigmoid that Keras 3 calls `hard_sigmoid`.
# - {cite:t}`sompolinsky1988`: why large random weights make a network chaotic.
