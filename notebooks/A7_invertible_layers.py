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
# # Which layers have an inverse?
#
# [Chapter 10](10_exact_inversion.md) undoes the steps of a recurrent network. A stack of layers is undone
# in the same way, with other weights at each step. In order: PyTorch's backward, which is no inverse; one
# layer, and layers without an inverse; what tanh and the weights cost; how deep a stack can be; how wide a ReLU
# layer must be; and a network that throws 990 of 1,000 dimensions away.
#
# We write a layer on row vectors, $y = f(x W + b)$.
#
# ## Backward is not the inverse
#
# PyTorch's `y.backward(g)` also runs from the output to the input. It takes a gradient $g$ with respect to
# $y$, and returns the gradient of $x W g^{\mathsf T}$ with respect to $x$, if $f$ is the identity: that is
# $g W^{\mathsf T}$. Give it $g = y$, with $b = 0$, and you get $x W W^{\mathsf T}$: the input, only if $W$
# is an {term}`orthogonal matrix`. Backward multiplies by the transpose of the {term}`Jacobian`. An inverse
# needs its inverse.

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import inversion, plotting, training

from math import comb
from textwrap import fill

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()
training.seed_everything(0)
blue, red, ink = (plotting.COLOURS[name]
                  for name in ("blue", "vermilion", "black"))


# %%
def backward_of_output(model, x: torch.Tensor) -> torch.Tensor:
    """Return what backward hands to the input, given the output."""
    x = x.clone().requires_grad_(True)
    y = model(x)
    y.backward(y.detach())
    return x.grad


x = torch.randn(10, 3)
model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh())
control = torch.nn.utils.parametrizations.orthogonal(
    torch.nn.Linear(3, 3, bias=False))
for name, network in [("Linear + tanh", model), ("orthogonal", control)]:
    gap = (backward_of_output(network, x) - x).norm()
    print(f"{name:13} distance from x to backward(y): {gap:.1f},",
          f"norm of x: {x.norm():.1f}")

# %% [markdown]
# ## One layer, and a forum's case
#
# A forum thread {cite:p}`reverse_thread` asks for 10 samples through a layer of 3 units with tanh. Undo
# $f$, subtract $b$, solve for $x$. Its own code no longer runs: `torch.solve` is still there as a name,
# and only raises. `torch.linalg.solve` takes the two arguments in the other order.

# %%
W, b = model[0].weight.detach().T, model[0].bias.detach()
y = model(x).detach()
back = torch.linalg.solve(W.T, (torch.atanh(y) - b).T).T
print("distance below 1e-4:", bool((back - x).norm() < 1e-4),
      " exactly 0:", bool((back == x).all()))
try:
    torch.solve(torch.ones(3, 1), torch.eye(3))
except RuntimeError as error:
    print(type(error).__name__, "naming the successor:",
          "torch.linalg.solve" in str(error))

# %% [markdown]
# `course_utils.inversion` reads the layers of a `Sequential`, PyTorch or Keras, and inverts them.

# %%
layers = inversion.read_layers(model)
same = np.allclose(inversion.exact_inverse(layers, y), back, atol=1e-5)
print(layers, "same:", same)
keras_model = keras.Sequential(
    [keras.Input((3,)), keras.layers.Dense(3, "tanh")])
keras_model.set_weights([W.numpy(), b.numpy()])
found = inversion.exact_inverse(
    inversion.read_layers(keras_model), keras_model(x.numpy()))
print("from Keras, error below 1e-4:",
      bool(np.abs(found - x.numpy()).max() < 1e-4))

# %% [markdown]
# It refuses what has no inverse, and names the layer.

# %%
nn, square = torch.nn, torch.nn.Linear(3, 3)
flat = torch.nn.Linear(3, 3)
torch.nn.init.ones_(flat.weight)
refused = [nn.Sequential(square, nn.Tanh(), square, nn.ReLU()),
           nn.Sequential(nn.Linear(5, 3)),
           nn.Sequential(square, nn.Tanh(), flat),
           nn.Sequential(square, nn.Sigmoid())]
outside = np.full((1, 3), 1.5)
for network in refused:
    try:
        inversion.exact_inverse(inversion.read_layers(network), outside)
    except inversion.NotInvertible as reason:
        print(fill(str(reason), 72, initial_indent="- ",
                   subsequent_indent="  "))

# %% [markdown]
# `rewind` does it for a recurrent layer, with the weights in the order of Keras. A new `SimpleRNN` of 32
# units starts with an orthogonal $U$, and comes back from 5 steps, not from 60.

# %%
rnn = keras.layers.SimpleRNN(32, return_sequences=True)
inputs = np.random.default_rng(0).normal(size=(2, 60, 4))
states = np.asarray(rnn(inputs.astype(np.float32)))
weights = rnn.get_weights()
back = inversion.rewind(states[:, 4], inputs[:, :5], *weights)
off = np.abs(back[:, 1:] - states[:, :5]).max()
print("5 steps back, error below 0.01:", bool(off < 0.01))
try:
    inversion.rewind(states[:, -1], inputs, *weights)
except inversion.NotInvertible as reason:
    print("60 steps back:", type(reason).__name__)

# %% [markdown]
# ## What does tanh cost, and where does it end?
#
# A small error of $h = \tanh z$ is multiplied by $dz / dh = \cosh^2 z$ when tanh is undone. Between ½ and 1
# a float32 is rounded by at most $\epsilon / 4$, where $\epsilon = 2^{-23}$. So the error of $z$ is at most
# about $\frac{\epsilon}{4} \cosh^2 z$. And there is an end. The largest float32 below 1 is $1 - 2^{-24}$. As
# $\tanh z \approx 1 - 2 e^{-2z}$, the float32 of $\tanh z$ is 1 once $2 e^{-2z} < 2^{-25}$, which is
# $z > 13 \ln 2 = 9.01$. In float64 it is $27.5 \ln 2 = 19.06$.

# %%
z = np.linspace(0.6, 9.5, 4_001)
rounded = np.tanh(z).astype(np.float32)
print(f"rounds to 1 from z = {z[rounded == 1].min():.2f}")
inside = rounded < 1
off = np.abs(np.arctanh(rounded[inside].astype(float)) - z[inside])
predicted = 2.0**-23 / 4 * np.cosh(z[inside]) ** 2
ratio = (off / predicted)[z[inside] < 8]
print(f"error / predicted: at most {ratio.max():.1f}")


# %% [markdown]
# PyTorch's float32 tanh rounds like that. TensorFlow and NumPy use formulas of their own, chosen for the
# processor: there the same network saturates elsewhere.

# %% tags=["nbval-ignore-output"]
def torch_tanh(z: np.ndarray) -> np.ndarray:
    """Return PyTorch's tanh of an array."""
    return torch.tanh(torch.tensor(z)).numpy()


def keras_tanh(z: np.ndarray) -> np.ndarray:
    """Return the tanh of Keras, which is TensorFlow's."""
    return np.asarray(keras.ops.tanh(z))


z = np.arange(0, 11, 0.01, dtype=np.float32)
for name, f in [("TensorFlow", keras_tanh), ("PyTorch", torch_tanh),
                ("NumPy", np.tanh)]:
    print(f"{name:10} tanh is 1 from about z = {z[f(z) == 1].min():.0f}")


# %% [markdown]
# ## What do the weights cost?
#
# The {term}`condition number` $\kappa$ of a matrix is its largest {term}`singular value` divided by its
# smallest. A linear layer $W$, applied $T$ times, is $h_T = h_0 W^T$, with $W$ to the power $T$. On the way
# back a relative error $\epsilon$ of $h_T$ can become $\kappa \epsilon$ in $h_0$, where $\kappa$ is that of
# the power. So $\log_2 \kappa$ is the number of bits lost, at worst.

# %%
def linear_error(W: np.ndarray, T: int) -> float:
    """Return the relative error of 10 first states without tanh."""
    first = np.random.default_rng(0).normal(size=(10, len(W)))
    h = first = first.astype(W.dtype)
    for _ in range(T):
        h = h @ W
    for _ in range(T):
        h = np.linalg.solve(W.T, h.T).T
    return np.linalg.norm(h - first) / np.linalg.norm(first)


# %%
runs = [(np.random.default_rng(seed).normal(size=(30, 30)) / np.sqrt(30),
         1 + seed % 4) for seed in range(80)]
kappas = np.array([np.linalg.cond(np.linalg.matrix_power(*run))
                   for run in runs])
errors = {}
for dtype in (np.float32, np.float64):
    errors[dtype] = [linear_error(W.astype(dtype), T) for W, T in runs]
    below = errors[dtype] < kappas * np.finfo(dtype).eps
    print(f"{dtype.__name__}: below kappa eps in {below.sum()} of 80 runs")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Without tanh, the error of the first state follows the condition number over eight powers of ten.", "name": "fig-invertible-layers-kappa"}, "image": {"alt": "Relative error of the first state against the condition number, from about 50 to a few billion, both axes logarithmic. Crosses for float32 rise along the dashed line kappa times eps, about a power of ten below it. Circles for float64 do the same along a dotted line nine powers of ten further down."}} jupyter={"source_hidden": true}
styles = [(np.float32, "x", "--", red), (np.float64, "o", ":", blue)]
fig, ax = plt.subplots()
ends = np.array([kappas.min(), kappas.max()])
for dtype, mark, line, colour in styles:
    name = dtype.__name__
    ax.loglog(kappas, errors[dtype], mark, color=colour, mfc="none",
              label=f"{name}, measured")
    ax.loglog(ends, ends * np.finfo(dtype).eps, line, color=colour,
              label=f"{name}, kappa eps")
ax.set(xlabel="condition number of W to the power T",
       ylabel="relative error of $h_0$")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()


# %% [markdown]
# How large is $\kappa$ if nobody chose it? {cite:t}`edelman1988` showed that for $n \times n$ matrices of
# independent standard Gaussian numbers the mean of $\ln \kappa$ is about $\ln n + 1.537$. Its standard
# deviation is about 1.1, whatever $n$ is: one network may be three times better or worse conditioned than
# the mean. For $n = 30$ that is a $\kappa$ near 140: about 7 bits a step.

# %%
def gaussian(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return an n by n matrix that keeps the size of x on average."""
    return rng.normal(size=(n, n)) / np.sqrt(n)


def orthogonal(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random orthogonal matrix."""
    Q, R = np.linalg.qr(rng.normal(size=(n, n)))
    return Q * np.sign(np.diag(R))


print("   n   mean ln kappa    ln n + 1.537    largest kappa of 200")
for n in [10, 50, 100]:
    kappas = [np.linalg.cond(gaussian(n, np.random.default_rng(s)))
              for s in range(200)]
    print(f"{n:4} {np.log(kappas).mean():12.1f} {np.log(n) + 1.537:16.1f}",
          f"{max(kappas):15.0f}")


# %% [markdown]
# ## How deep a stack can be undone?
#
# Stacks with tanh, 64 units, 20 {term}`seeds <seed>`.

# %%
def same(a: np.ndarray) -> np.ndarray:
    """Return a: the activation of a linear layer, and its inverse."""
    return a


def run(stack: list, h: np.ndarray, f=same) -> np.ndarray:
    """Return the output of a stack of layers without biases."""
    for W in stack:
        h = f(h @ W)
    return h


def round_trip(stack, dtype, f=same, undo_f=same) -> np.ndarray:
    """Return 10 inputs, and what comes back through the stack."""
    stack = [W.astype(dtype) for W in stack]
    x = np.random.default_rng(0).normal(size=(10, len(stack[0])))
    h = run(stack, x.astype(dtype), f)
    with np.errstate(all="ignore"):
        for W in reversed(stack):
            h = np.linalg.solve(W.T, undo_f(h).T).T
    return np.array([x.astype(dtype), h], dtype=np.float64)


# %%
def depth_errors(draw, depth: int, dtype, **activation) -> np.ndarray:
    """Return the largest error of 20 seeds; infinity for NaN."""
    ends = []
    for s in range(20):
        rng = np.random.default_rng(s)
        stack = [draw(64, rng) for _ in range(depth)]
        x, back = round_trip(stack, dtype, **activation)
        ends.append(np.nan_to_num(np.abs(back - x).max(), nan=np.inf))
    return np.array(ends)


tanh = {"f": np.tanh, "undo_f": np.arctanh}
depths, words = [1, 2, 4, 8, 16], {0: "none", 20: "all"}
deep = {(draw.__name__, dtype.__name__):
        [depth_errors(draw, depth, dtype, **tanh) for depth in depths]
        for draw in (gaussian, orthogonal)
        for dtype in (np.float32, np.float64)}
print("seeds with an error below 0.01, at depths", depths)
for key, error in deep.items():
    counts = [words.get(int((e < 0.01).sum()), "some") for e in error]
    print(f"{key[0]:10} {key[1]}:", ", ".join(counts))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "With orthogonal weights the inverse loses about two digits over 16 layers. With Gaussian weights it loses one to three a layer, and returns nothing usable from four layers in float32 or 16 in float64.", "name": "fig-invertible-layers-depth"}, "image": {"alt": "Median over 20 seeds of the largest error of x against depth 1 to 16, both axes logarithmic. Orthogonal float32 (circles, dash-dotted) climbs from about 1e-6 to 1e-4, orthogonal float64 (circles, dotted) from about 1e-14 to 1e-12. Gaussian float32 (crosses, solid) climbs from 3e-5 to about 1 at depth 4 and ends there. Gaussian float64 (crosses, dashed) reaches about 0.001 at depth 8 and ends there."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
marks = {"gaussian": "x", "orthogonal": "o"}
for key, error in deep.items():
    middle = [np.median(e) for e in error]
    ax.loglog(depths, middle, marker=marks[key[0]], mfc="none",
              label=" ".join(key))
ax.set(xlabel="layers", ylabel="largest error of x", xticks=depths,
       xticklabels=depths)
ax.minorticks_off()
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()

# %% [markdown]
# `torch.nn.utils.parametrizations.orthogonal` keeps $W$ orthogonal during training, while Keras's
# `Orthogonal` {cite:p}`saxe2014` only starts it there. Two controls: the Gaussian stack fails without tanh
# too. And an input may be wrong though its output is right.

# %%
linear = depth_errors(gaussian, 8, np.float32)
print("Gaussian, 8 layers, no tanh, float32: error below 0.01 for",
      (linear < 0.01).sum(), "of 20")
wrong = right = 0
for s in range(20):
    rng = np.random.default_rng(s)
    stack = [gaussian(64, rng).astype(np.float32) for _ in range(3)]
    x, back = round_trip(stack, np.float32, **tanh).astype(np.float32)
    wrong += np.abs(back - x).max() > 1e-3
    gap = run(stack, back, np.tanh) - run(stack, x, np.tanh)
    right += np.abs(gap).max() < 1e-5
print(f"3 layers: input off by more than 0.001: {wrong} of 20,",
      f"output right to 1e-5: {right} of 20")

# %% [markdown]
# ## How wide must a ReLU layer be?
#
# "ReLU has no inverse" is right for a square layer, which keeps a random input whole with probability
# $2^{-n}$. In general it is wrong: the layer with the weights $[I, -I]$ gives $\max(x, 0)$ and
# $\max(-x, 0)$, and their difference is $x$. And LeakyReLU multiplies negative numbers by a slope such as
# 0.01; dividing by it undoes it.

# %%
x = np.random.default_rng(0).normal(size=(1_000, 8))
doubled = np.maximum(x @ np.hstack([np.eye(8), -np.eye(8)]), 0)
print("error from the doubled layer:",
      np.abs(doubled[:, :8] - doubled[:, 8:] - x).max())


# %% [markdown]
# In any wide layer the active units are linear equations for $x$, and a silent unit says only a sign.

# %%
def undo_relu(y: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the input that the active units of one output settle."""
    on = y > 0
    x, _, rank, _ = np.linalg.lstsq(W[:, on].T, y[on] - b[on])
    if rank < len(W):
        raise ValueError(f"rank {rank} for {len(W)} inputs")
    return x


rng = np.random.default_rng(0)
W, b, x = rng.normal(size=(8, 40)), rng.normal(size=40), rng.normal(size=8)
back = undo_relu(np.maximum(x @ W + b, 0), W, b)
print("back from 40 units:", np.allclose(back, x))

# %% [markdown]
# Of $m$ random units without offsets, 8 must be active to settle 8 inputs, and each is with probability ½.

# %%
rng, widths = np.random.default_rng(0), np.arange(8, 41, 4)
heads = [sum(comb(m, k) for k in range(8, m + 1)) / 2**m
         for m in widths.tolist()]
spans = []
for m in widths:
    W = rng.normal(size=(2_000, 8, m))
    active = rng.normal(size=(2_000, 1, 8)) @ W > 0
    spans.append((np.linalg.matrix_rank(W * active) == 8).mean())

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Whether a random input of 8 entries can be recovered from a random ReLU layer is a matter of coins. Square layers almost never allow it, layers four times as wide almost always.", "name": "fig-invertible-layers-relu"}, "image": {"alt": "Share of inputs that can be recovered against the number of units from 8 to 40. Circles for the measurement lie on the solid line of the prediction, which rises from 0 at 8 units through 0.6 at 16 to 1 at 32. A dotted vertical line marks 16, twice the input."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ax.plot(widths, heads, "-", color=ink, label="at least 8 heads of m coins")
ax.plot(widths, spans, "o", color=blue, mfc="none",
        label="measured, 2,000 layers each")
ax.axvline(16, ls=":", color=red, label="twice the width of x")
ax.set(xlabel="units m", ylabel="share of inputs that come back")
ax.legend()
plt.show()


# %% [markdown]
# Almost every input is not every input. {cite:t}`puthawala2022` prove that a layer that recovers *all*
# inputs needs at least twice as many units as inputs, and that for random Gaussian layers the factor lies
# between 3.4 and 10.5.
#
# ## What is left of the thread's network?
#
# The thread's second network maps 1,000 inputs through 100 ReLU units to 10 outputs. It learns 64 random
# pairs in 500 steps of {term}`gradient descent`, on the summed squared error. As in [chapter
# 8](08_input_reconstruction.md), we descend on the input, from 20 random ones.

# %%
def descend(parameters, loss, rate: float, steps: int) -> None:
    """Lower a loss by gradient descent."""
    optimiser = torch.optim.SGD(parameters, lr=rate)
    for _ in training.progress(range(steps), "descending"):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()


rng = np.random.default_rng(0)
samples, wanted, starts = (torch.tensor(rng.normal(size=size)).float()
                           for size in ((64, 1_000), (64, 10), (20, 1_000)))
wide = nn.Sequential(nn.Linear(1_000, 100), nn.ReLU(), nn.Linear(100, 10))
descend(wide.parameters(),
        lambda: ((wide(samples) - wanted) ** 2).sum(), 1e-4, 500)
target = wide(samples[:1]).detach()
answers = starts.clone().requires_grad_(True)
descend([answers], lambda: ((wide(answers) - target) ** 2).sum(), 1, 1_000)
answers = answers.detach()


# %% [markdown]
# The first layer sees 100 directions. The other 900 form its {term}`null space`, in which the gradient has
# no part. So a start keeps its part there, and two random starts differ there by
# $\sqrt{2 \times 900} = 42.4$ on average. And whatever differs from an answer *only* in the null space is an
# answer too.

# %%
def is_answer(inputs: torch.Tensor) -> bool:
    """Say whether all outputs are right to 1 part in 10,000."""
    gaps = (wide(inputs) - target).norm(dim=1) / target.norm()
    return bool((gaps < 1e-4).all())


unseen = torch.linalg.svd(wide[0].weight.detach()).Vh[100:]
print("20 answers:", is_answer(answers))
print("100 further in the null space:",
      is_answer(answers + 100 * unseen[:20]))
pairs = torch.pdist(answers)
print(f"between two answers: {pairs.min():.0f} to {pairs.max():.0f}")
far, random = ((rows - samples[0]).norm(dim=1).mean()
               for rows in (answers, starts))
print(f"mean distance to the original: answers {far:.1f},",
      f"random inputs {random:.1f}")

# %% [markdown]
# The right output says next to nothing about the input: the answers are about as far from the original as
# random inputs are. Which input belongs to the output is then a question about a distribution: [chapter
# 11](11_sampling_inputs.md).
