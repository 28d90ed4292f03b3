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
# # What must I know to port a recurrent layer?
#
# [Chapter 7](07_moving_weights.md) moves an LSTM by hand and finds mistakes. This page is for looking
# things up: layouts, the GRU, activations, several layers, masks, the cell state, old files, local connections,
# a metric, a softmax. Everything in a cell was run with Keras 3.15 and PyTorch 2.13.
#
# ## Layouts
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
# There are $d$ features and $u$ units. For a GRU {cite:p}`cho2014` put 3 in place of 4: update gate z,
# reset gate r, candidate h. `read_gates` also knows the `BasicLSTMCell` of TensorFlow 1, i c f o, with a
# forget bias of 1 added when it runs and not stored; Keras 1, an array for each gate; Flax; and cuDNN.
# We read, but did not run, the orders of others:
# [Deeplearning4j](https://community.konduit.ai/t/imported-keras-lstm-layer-mismatch/124) c f o i;
# [Core ML](https://github.com/apple/coremltools/pull/93) i f o c;
# [OpenVINO](https://docs.openvino.ai/2022.1/api/ie_python_api/_autosummary/openvino.runtime.opset6.lstm_sequence.html)
# f i c o.
#
# ## From each to each
#
# `Gates` reads a layer of any of the three, knows each block by its name, and writes the layout of
# another.
#
# | from | read | write |
# |---|---|---|
# | Keras | `Gates.from_keras(layer)` | `layer.set_weights(gates.to_keras())` |
# | PyTorch | `Gates.from_torch(module)` | `module.load_state_dict(gates.to_torch())` |
# | ONNX | `Gates.from_onnx(W, R, B, cell=..., **attributes)` | `W, R, B, attributes = gates.to_onnx()` |
# | a file, or arrays by name | `read_gates(path, name)` | |

# %%
from course_utils import training  # first: it keeps TensorFlow quiet
from course_utils.gates import Gates, list_gates, read_gates

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import onnx
import onnxruntime
import torch

FEATURES, UNITS, BATCH, STEPS = 3, 8, 5, 30
training.seed_everything(0)


def built(kind: type, **options):
    """Return a Keras layer with random weights, biases included."""
    layer, rng = kind(UNITS, return_sequences=True, **options), np.random
    layer.build((None, None, FEATURES))
    layer.set_weights([0.5 * rng.normal(size=weight.shape)
                       for weight in layer.get_weights()])
    return layer


# %%
lstm, gru = built(keras.layers.LSTM), built(keras.layers.GRU)
for layer, kind in (lstm, torch.nn.LSTM), (gru, torch.nn.GRU):
    module = kind(FEATURES, UNITS, batch_first=True)
    module.load_state_dict(Gates.from_keras(layer).to_torch())
    W, R, B, attributes = Gates.from_torch(module).to_onnx()
    back = Gates.from_onnx(W, R, B, cell=kind.__name__, **attributes)
    same = [np.array_equal(old, new)
            for old, new in zip(layer.get_weights(), back.to_keras())]
    print(f"{kind.__name__:4} Keras, PyTorch, ONNX, Keras: bit for bit",
          all(same))


# %% [markdown]
# The weights survive exactly: they are only moved, and 0 is added to a bias. Outputs agree up to rounding,
# since each framework adds in an order of its own.

# %%
def run_torch(gates: Gates, x: np.ndarray, **changed: np.ndarray):
    """Run gates in PyTorch, with some arrays of the state dict changed."""
    kind = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[gates.cell]
    module = kind(gates.features, gates.units, batch_first=True)
    changed = {name: torch.tensor(array) for name, array in changed.items()}
    module.load_state_dict({**gates.to_torch(), **changed})
    with torch.no_grad():
        return module(torch.tensor(x))[0].numpy()


# %%
def onnx_model(gates: Gates, **changed: object) -> bytes:
    """Return an ONNX file of one cell, with some attributes changed."""
    helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT
    W, R, B, attributes = gates.to_onnx()
    attributes = {**attributes, **changed}
    node = helper.make_node(gates.cell, [*"XWRB"], ["Y"], **attributes)
    X, Y = (helper.make_tensor_value_info(n, FLOAT, None) for n in "XY")
    held = [onnx.numpy_helper.from_array(array, name)
            for name, array in zip("WRB", (W, R, B))]
    graph = helper.make_graph([node], "cell", [X], [Y], held)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    return model.SerializeToString()


# %%
def run_onnx(gates: Gates, x: np.ndarray, **changed: object):
    """Run gates in onnxruntime, with some attributes changed."""
    session = onnxruntime.InferenceSession(onnx_model(gates, **changed))
    steps_first = np.ascontiguousarray(x.transpose(1, 0, 2))
    Y = session.run(None, {"X": steps_first})[0]
    return Y[:, 0].transpose(1, 0, 2)


# %%
def inputs(seed: int) -> np.ndarray:
    """Return sequences of shape (batch, steps, features)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(BATCH, STEPS, FEATURES)).astype("float32")


def off(got: np.ndarray, want: np.ndarray) -> float:
    """Return the largest difference."""
    return float(np.abs(got - want).max())


x = inputs(seed=0)
for layer in (lstm, gru):
    gates, want = Gates.from_keras(layer), layer(x).numpy()
    every = (run_torch(gates, x), run_onnx(gates, x), gates.trace(x).h)
    print(gates.cell, "PyTorch, onnxruntime, NumPy within 1e-6 of Keras:",
          all(off(h, want) < 1e-6 for h in every))

# %% [markdown]
# ## From a file
#
# `list_gates` names the recurrent layers in a file, `read_gates` reads one. No code in the file is run.
# What the file does not tell is asked for.

# %%
module = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
state = Gates.from_keras(lstm).to_torch()
model = keras.Sequential([keras.Input((None, FEATURES)), lstm])
folder = TemporaryDirectory()
path = Path(folder.name)
model.save(path / "model.keras")
model.save_weights(path / "model.weights.h5")
torch.save({"encoder." + name: array for name, array in state.items()},
           path / "copy.pt")
for name in ("model.keras", "model.weights.h5", "copy.pt"):
    print(name, list_gates(path / name))

# %%
for name in ("model.keras", "model.weights.h5", "copy.pt"):
    try:
        gates = read_gates(path / name)
        gap = off(gates.trace(x).h, lstm(x).numpy())
        print(name, "within 1e-6:", gap < 1e-6)
    except ValueError as error:
        print(name, "\n  ", str(error).replace("; ", ";\n   "))
gates = read_gates(path / "copy.pt", time_major=False)
gap = off(gates.trace(x).h, lstm(x).numpy())
print("copy.pt, told, within 1e-6:", gap < 1e-6)

# %% [markdown]
# ## A GRU resets before or after
#
# The GRU has two definitions. The published one resets first, $(r_t h_{t-1}) U$; its first preprint,
# cuDNN and PyTorch multiply first, $r_t (h_{t-1} U)$, which is
# [faster](https://svail.github.io/diff_graphs/).
#
# | | resets before | resets after | default |
# |---|---|---|---|
# | Keras | `reset_after=False`, one bias | `reset_after=True`, two biases | after |
# | PyTorch | no | yes | after |
# | ONNX | `linear_before_reset=0` | `linear_before_reset=1` | before |
#
# Apart from the biases the weights have the same shapes, so either kind takes the weights of the
# other, and computes something else.

# %%
late, early = (built(keras.layers.GRU, use_bias=False, reset_after=after)
               for after in (True, False))
early.set_weights(late.get_weights())
gap = np.abs(early(x).numpy() - late(x).numpy()).max(axis=(0, 2))
print("same weights, no biases: step 1 equal:", bool(gap[0] < 1e-6),
      "  step 2 off by more than 0.01:", bool(gap[1] > 0.01))
try:
    Gates.from_keras(early).to_torch()
except ValueError as error:
    print(error)


# %% [markdown]
# With update gate $z_t$ the new state is $z_t h_{t-1} + (1 - z_t)\, n_t$. The candidate $n_t$ that resets after is
# $\tanh(x_t W + b_{ih} + r_t (h_{t-1} U + b_{hh}))$. The reset gate $r_t$ multiplies
# one bias and not the other, so a GRU needs both, which is why Keras stores
# [twice as many](https://github.com/keras-team/keras/issues/14120). In the other two blocks, as in all four of an LSTM, only
# the sum counts.
#
# What the three mistakes with a GRU cost, over 20 seeds. With random biases they all show at step 1; in a fresh
# layer the biases are 0, and adding them up changes nothing.

# %%
def keras_order(gates, x):
    W, U, b = (array.copy() for array in gates.to_keras())
    return run_torch(gates, x, weight_ih_l0=W.T, weight_hh_l0=U.T,
                     bias_ih_l0=b[0], bias_hh_l0=b[1])


def biases_added_up(gates, x):
    state = gates.to_torch()
    both = (state["bias_ih_l0"] + state["bias_hh_l0"]).numpy()
    return run_torch(gates, x, bias_ih_l0=both, bias_hh_l0=0 * both)


def onnx_default_reset(gates, x):
    return run_onnx(gates, x, linear_before_reset=0)


# %%
layers = [built(keras.layers.GRU) for _ in range(20)]
for run in (run_torch, keras_order, biases_added_up, onnx_default_reset):
    costs = [off(run(Gates.from_keras(layer), x), layer(x).numpy())
             for layer in layers]
    name = "right" if run is run_torch else run.__name__
    low = "< 1e-6" if max(costs) < 1e-6 else f"{min(costs):.2f}"
    print(f"{name:20} {low}",
          "" if max(costs) < 1e-6 else f"to {max(costs):.2f}")


# %% [markdown]
# ## A second bias trains twice as fast
#
# Two biases that only count as a sum get the same gradient. So Adam moves each by the same step, and the
# sum by two; so does gradient descent. It is as if the learning rate of the biases were doubled. Their
# difference stays, up to rounding: another quantity that training conserves, as in
# [chapter 2](02_one_hot_decoding.md). Weight decay breaks this, because it pulls each bias towards 0.

# %%
def trained(two: bool, kind: type, rate: float, steps: int, seed: int):
    """Train an LSTM on random targets; with two=False one bias stays 0."""
    torch.manual_seed(seed)
    module = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
    module.bias_hh_l0.data.zero_()
    module.bias_hh_l0.requires_grad_(two)
    trainable = [p for p in module.parameters() if p.requires_grad]
    optimiser = kind(trainable, lr=rate)
    x, target = torch.tensor(inputs(seed)), torch.randn(BATCH, UNITS)
    for _ in range(steps):
        optimiser.zero_grad()
        ((module(x)[0][:, -1] - target) ** 2).mean().backward()
        optimiser.step()
    return module


# %%
def moved_by(two: bool, kind: type, rate: float, seed: int) -> torch.Tensor:
    """Return how far the sum of the biases moves in one step."""
    before, after = (trained(two, kind, rate, n, seed) for n in (0, 1))
    return (after.bias_ih_l0 + after.bias_hh_l0
            - before.bias_ih_l0 - before.bias_hh_l0).data


for kind, rate in (torch.optim.Adam, 0.001), (torch.optim.SGD, 0.1):
    two, one = (torch.cat([moved_by(flag, kind, rate, seed)
                           for seed in range(20)])
                 for flag in (True, False))
    print(f"{kind.__name__:4}: two biases move their sum",
          f"{(two / one).median():.2f} times as far")


# %% [markdown]
# To give PyTorch's LSTM one trained bias a block, as in Keras, keep `bias_hh` at 0 with
# `requires_grad_(False)`, as `trained` does.
#
# ## Activations
#
# | name | function | where |
# |---|---|---|
# | sigmoid | $1 / (1 + e^{-z})$ | the default today |
# | `hard_sigmoid`, old | $0.2 z + 0.5$, cut to 0 and 1 | [the default](https://github.com/tensorflow/tensorflow/issues/47495) of LSTM and GRU in TensorFlow 1, and in Keras [before 2.3](https://github.com/keras-team/keras/releases/tag/2.3.0) |
# | `hard_sigmoid`, new | $z / 6 + 0.5$, cut to 0 and 1 {cite:p}`howard2019` | [Keras 3](https://github.com/tensorflow/tensorflow/issues/65381) |
#
# So an old layer loads without a word and computes something else. `Gates` tells the functions apart by
# what they compute, and `print(gates)` names them.

# %%
def old_hard_sigmoid(z):
    return keras.ops.clip(0.2 * z + 0.5, 0, 1)


old = built(keras.layers.LSTM, recurrent_activation=old_hard_sigmoid)
new = built(keras.layers.LSTM, recurrent_activation="hard_sigmoid")
new.set_weights(old.get_weights())
print("the new name for the old function, off by more than 0.01:",
      off(new(x).numpy(), old(x).numpy()) > 0.01)
print("read as:", Gates.from_keras(old).recurrent_activation)

# %% [markdown]
# PyTorch's LSTM and GRU have tanh and sigmoid only; `to_torch` refuses the rest with a reason. ONNX
# takes them.

# %%
relu = built(keras.layers.LSTM, activation="relu")
relu.set_weights([0.3 * weight for weight in relu.get_weights()])
try:
    Gates.from_keras(relu).to_torch()
except ValueError as error:
    print(error)
gap = off(run_onnx(Gates.from_keras(relu), x), relu(x).numpy())
print("in onnxruntime, within 1e-5:", gap < 1e-5)


# %% [markdown]
# ## Several layers, two directions
#
# Move one layer and one direction at a time, and merge the state dicts. `from_torch(module, layer=1,
# reverse=True)` is the way back. (A lone Keras layer with `go_backwards=True` returns its steps in
# the order in which it reads them: flip them first.)

# %%
def both_ways():
    one = keras.layers.LSTM(UNITS, return_sequences=True)
    return keras.layers.Bidirectional(one)


stack = [both_ways(), both_ways()]
model = keras.Sequential([keras.Input((None, FEATURES)), *stack])
state = {}
for place, layer in enumerate(stack):
    for half in (layer.forward_layer, layer.backward_layer):
        state |= Gates.from_keras(half).to_torch(layer=place)

# %%
deep = torch.nn.LSTM(FEATURES, UNITS, num_layers=2, bidirectional=True,
                     batch_first=True)
print(deep.load_state_dict(state), " arrays:", len(state))
gap = off(deep(torch.tensor(x))[0].detach().numpy(), model(x).numpy())
print("within 1e-6 of Keras:", gap < 1e-6)

# %% [markdown]
# One layer of an LSTM has four blocks. A thread {cite:p}`lstm_threads` takes the network below for one of four
# LSTM layers. It has one, and three dense layers.

# %%
model = keras.Sequential([
    keras.Input((20, 5)), keras.layers.LSTM(120, activation="relu"),
    keras.layers.Dense(100), keras.layers.Dense(50), keras.layers.Dense(1),
])
print(*[array.shape for array in model.get_weights()])
formula = 4 * (5 * 120 + 120 * 120 + 120)
print("LSTM:", model.layers[0].count_params(), " formula:", formula)

# %% [markdown]
# ## Masks
#
# Masked steps differ even when everything is right: Keras repeats the last $h$, PyTorch's packed
# sequences give zeros. Compare the steps that are not padding, and the last states.

# %%
lengths = np.array([30, 20, 10, 5, 1])
mask = np.arange(STEPS) < lengths[:, np.newaxis]
module = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
module.load_state_dict(Gates.from_keras(lstm).to_torch())
rnn = torch.nn.utils.rnn
packed = rnn.pack_padded_sequence(
    torch.tensor(x), lengths, batch_first=True)
h = rnn.pad_packed_sequence(module(packed)[0], batch_first=True)[0]
gap = np.abs(h.detach().numpy() - lstm(x, mask=mask).numpy()).max(axis=2)
print("real steps within 1e-6:", bool(gap[mask].max() < 1e-6),
      "  padding differs:", bool(gap[~mask].max() > 0.1))

# %% [markdown]
# ## The cell state at every step
#
# Keras and PyTorch return the last {term}`cell state` alone, and people have
# [asked for](https://github.com/pytorch/pytorch/issues/31423)
# [the rest](https://github.com/keras-team/keras/issues/9202). `gates.trace` returns $h_t$, $c_t$,
# every gate and every {term}`pre-activation`. The check is to step PyTorch one input at a time, which
# is slow and does return $c_t$.

# %%
gates = Gates.from_keras(lstm)
trace, state = gates.trace(x), None
gaps = []
for t in range(STEPS):
    _, state = module(torch.tensor(x[:, t:t + 1]), state)
    gaps.append(off(state[1][0].detach().numpy(), trace.c[:, t]))
print("shape of c:", trace.c.shape, " within 2e-6:", max(gaps) < 2e-6)


# %% [markdown]
# | | states are given as |
# |---|---|
# | Keras | `layer(x, initial_state=[h, c])`; `stateful=True` keeps the last ones, `layer.reset_state()` clears them |
# | PyTorch | `module(x, (h0, c0))`, with a first axis for the layers |
# | NumPy | `gates.trace(x, h0, c0)` |
#
# [Someone needed](https://github.com/pytorch/pytorch/issues/8938) the state at every step as a place to go
# on from, to look one step ahead with another input. Two traces are enough:

# %%
def one_more_step(gates: Gates, x: np.ndarray, new: np.ndarray):
    """Return h after x up to each step and then that step's new input."""
    past = gates.trace(x)
    h0, c0 = (s.reshape(-1, gates.units) for s in (past.h, past.c))
    ahead = gates.trace(new.reshape(-1, 1, gates.features), h0, c0)
    return ahead.h.reshape(past.h.shape)


following = np.roll(x, -1, axis=1)
same = off(one_more_step(gates, x, following)[:, :-1], trace.h[:, 1:])
print("with the true next input it is the next h:", same < 1e-6)


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
# | `CuDNNLSTM` | AttributeError | `read_gates("old.h5")`, which turns its weights; `LSTM(...).set_weights(gates.to_keras())` |
# | `LocallyConnected1D` | AttributeError | `EinsumDense` over windows, below |
# | `hard_sigmoid` | no error, other numbers | `old_hard_sigmoid`, above |

# %%
def says(action) -> str:
    """Return the name of the error that an action raises."""
    try:
        return f"no error: {action()}"
    except Exception as error:
        return type(error).__name__


for old in ({"time_major": False}, {"batch_input_shape": (1, 2, 3)},
            {"weights": []}):
    print(*old, "->", says(lambda old=old: keras.layers.LSTM(2, **old)))
print("reset_states ->", says(lambda: model.reset_states()))
for name in ("CuDNNLSTM", "LocallyConnected1D"):
    print(name, "->", says(lambda name=name: getattr(keras.layers, name)))

# %% [markdown]
# The file of 2018 that [chapter 17](17_bracket_cell.md) reads has, for a layer of 128 units, three arrays that look like
# those of a Keras LSTM, the gates i, f, g, o side by side. But the bias is twice too long: the mark of {term}`cuDNN`,
# which adds two biases, and keeps $W$ and $U$ of each gate with one row a unit. Keras 2 stored each $U$ as it came.
# The numbers of each $W$ it wrote, row by row, into an array of Keras' shape: that of 3 units and 2 features,
# $[[1, 2], [3, 4], [5, 6]]$ in cuDNN, stands in the file as $[[1, 2, 3], [4, 5, 6]]$. No shape tells. The log
# probability of plain English does: $-0.9$ a character with the kernels turned, $-48$ as stored, where a guess among
# 465 characters gives $-6.1$ (a test measures it). `read_gates` knows this layout by its two biases.
#
# ## A layer of local connections
#
# Keras 3 [dropped](https://github.com/keras-team/keras/issues/20830) the layer of
# [chapter 13](13_local_connections.md), and PyTorch has had [a request](https://github.com/pytorch/pytorch/issues/499)
# since 2017. Both have a layer that does it on windows cut beforehand: $G$ windows of width $k$, with $f$ neurons on each.

# %%
G, k, f = 6, 4, 3
windows = np.random.default_rng(0).normal(size=(5, G, k))
windows = windows.astype("float32")
local = keras.layers.EinsumDense("ngk,gkf->ngf", (G, f), bias_axes="gf")
want = local(windows).numpy()
grouped = torch.nn.Conv1d(G * k, G * f, 1, groups=G)
W, b = map(torch.tensor, local.get_weights())  # (G, k, f) and (G, f)
grouped.weight.data = W.transpose(1, 2).reshape(G * f, k, 1)
grouped.bias.data = b.flatten()
for order in (windows, windows.transpose(0, 2, 1)):
    out = grouped(torch.tensor(order.reshape(5, G * k, 1)))
    gap = off(out.detach().numpy().reshape(5, G, f), want)
    print(local.count_params(), "numbers; within 1e-6:", gap < 1e-6)


# %% [markdown]
# The second order is that of `torch.nn.Unfold`, (N, k, G). Flattened like that the shapes fit, and each group
# gets entries of other windows.
#
# For any other wiring, mask the weights each time they are used: `x @ (self.kernel * mask) + self.bias`. An
# answer that has been copied many times assigns the product to `self.kernel`, which Keras 3 refuses.

# %%
class Copied(keras.layers.Dense):
    def call(self, inputs):
        self.kernel = self.kernel * np.eye(3, 2)
        return super().call(inputs)


print("copied ->", says(lambda: Copied(2)(np.ones((1, 3)))))


# %% [markdown]
# To set a weight and its gradients to 0 during training is enough for plain gradient descent. {term}`Momentum <momentum>` moves
# by a fading sum of past gradients, and Adam keeps such a sum, too.

# %%
def pruned(kind: type, **options: float) -> float:
    """Return the weights, set to 0 and their gradients too, 10 steps on."""
    layer, X = torch.nn.Linear(FEATURES, 1), torch.tensor(x)
    optimiser = kind(layer.parameters(), lr=0.01, **options)
    for step in range(20):
        if step == 10:
            layer.weight.data.zero_()
            layer.weight.register_hook(torch.zeros_like)
        optimiser.zero_grad()
        (layer(X) - X.sum(-1, keepdim=True)).square().mean().backward()
        optimiser.step()
    return layer.weight.abs().max().item()


print("descent:", pruned(torch.optim.SGD), " above 0.01 with momentum:",
      pruned(torch.optim.SGD, momentum=0.9) > 0.01,
      " with Adam:", pruned(torch.optim.Adam) > 0.01)

# %% [markdown]
# ## A metric that changed its meaning
#
# The tutorial of [chapter 1](01_linear_rnn_sum.md) asked Keras for `acc` and got the share of sums that
# round to the right one. In Keras 3 the same word is binary accuracy for a network with one output: is the
# target 1 where the output is above 0.5, and 0 where it is not? The weights that add without an error:

# %%
from course_utils.data import all_digit_sums, as_scalars

digits, sums = all_digit_sums(3)
adder = keras.Sequential([keras.Input((3, 1)),
                          keras.layers.SimpleRNN(1, activation="linear")])
adder.set_weights([np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)])
adder.compile(loss="mse", metrics=["acc", "mae"])
result = adder.evaluate(as_scalars(digits), sums[:, np.newaxis], verbose=0,
                        return_dict=True)
print({name: round(value, 3) for name, value in result.items()})
print("sums of 0 and 1:", np.mean(sums < 2))


# %% [markdown]
# Four of the 1,000 sums are 0 or 1, and only those count as right. Ask for a metric by what it measures.
#
# ## A softmax too many
#
# PyTorch's `cross_entropy` takes {term}`logits <logit>` and applies the softmax itself. Keras takes probabilities,
# unless `from_logits=True`. A network that ends in a softmax of its own runs in PyTorch too, with two of them.
#
# With three classes the first softmax gives at best (1, 0, 0), of which the second makes $e / (e + 2)$ for the right
# class: the loss stays above $\ln(1 + 2/e)$, a floor that looks like a failure. Where all logits are equal,
# the gradient is divided by 3, and where the network is sure and wrong, almost nothing is left of it.

# %%
def slope(logits: list, twice: bool) -> torch.Tensor:
    """Return the gradient of the loss for class 0 in the logits."""
    z = torch.tensor([logits], requires_grad=True)
    given = z.softmax(1) if twice else z
    loss = torch.nn.functional.cross_entropy(given, torch.tensor([0]))
    return torch.autograd.grad(loss, z)[0]


best = torch.nn.functional.cross_entropy(
    torch.eye(3)[:1], torch.tensor([0]))
print(f"least loss: predicted {np.log(1 + 2 / np.e):.3f}, is {best:.3f}")
for logits in [0.0, 0, 0], [0.0, 10, 0]:
    one, two = (slope(logits, twice) for twice in (False, True))
    print(logits, f"gradient times {(two / one)[0, 0]:.4f}")

# %% [markdown]
# So end the network with a linear layer, and take a softmax only to show probabilities.
#
# ## Further reading
#
# - {cite:t}`onnx_lstm`: the operator, with its order of blocks and all of its attributes.
# - {cite:t}`howard2019`: the piecewise linear sigmoid that Keras 3 calls `hard_sigmoid`.
