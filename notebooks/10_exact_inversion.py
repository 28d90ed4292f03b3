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
# # When can a network be run backwards exactly?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Invert* a stack of layers, or say which layer has no inverse and why.
# - *Predict* the error of the inverse from the condition number, the precision and saturation.
# - *Recover* the input of a ReLU layer from its active units.
# - *Construct* different inputs that give the same output.
# - *Measure* how far back in time a recurrent network can be run, and what that has to do with
#   forgetting.
# :::
#
# **Time:** about 50 minutes, and 70 for the exercises; the code runs in about 20 seconds.
# **Needs:** matrix times vector, linear equations, the inverse of a matrix.
#
# "Can I run my network in reverse?" is a common question. A forum thread {cite:p}`reverse_thread`
# answers: yes, if every layer is invertible. That is true with exact numbers. A computer keeps 24
# or 53 binary digits of each number, and then the answer depends on three things that we can
# predict: the {term}`condition number` of the weights, the digits, and how flat the
# {term}`activation function` is where we stand.

# %%
from course_utils import inversion, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import exact_inversion as checks

from math import comb
from textwrap import fill

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch

plotting.use_style()
training.seed_everything(0)
BLUE, RED, INK = (plotting.COLOURS[name] for name in ("blue", "vermilion", "black"))


# %% [markdown]
# ## Backward is not the inverse
#
# We write a layer on row vectors: $y = f(x W + b)$ with $x$ of $n$ entries,
# {term}`weights <input weight>` $W$, {term}`bias` $b$ and the activation $f$ on each entry.
# PyTorch's `y.backward(g)` also runs from the output to the input. It takes $g$, a gradient with
# respect to $y$, and returns the gradient with respect to $x$.
#
# :::{admonition} Predict first 1
# :class: predict
# Let $f$ be the identity and $b = 0$, so $y = x W$. What does `backward` give for $g = y$? For
# which $W$ is that $x$?
# :::
#
# :::{dropdown} Answer 1
# The gradient of $x W g^\top$ with respect to $x$ is $g W^\top$. With $g = y$ this is
# $x W W^\top$. It is $x$ for every $x$ only if $W W^\top = I$. A square $W$ of that kind is an
# {term}`orthogonal matrix`. In general `backward` multiplies by the transpose of the
# {term}`Jacobian`, and the inverse needs the inverse of the Jacobian.
# :::
#
# The thread's case has 10 samples and a layer of 3 units with $f = \tanh$. The control is an
# orthogonal layer without tanh.

# %%
def backward_of_output(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what backward hands to the input when it is given the output."""
    x = x.clone().requires_grad_(True)
    y = model(x)
    y.backward(y.detach())
    return x.grad


x = torch.randn(10, 3)
model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh())
control = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(3, 3, bias=False))
for name, network in [("Linear + tanh", model), ("orthogonal", control)]:
    gap = (backward_of_output(network, x) - x).norm()
    print(f"{name:13} distance between x and backward(y): {gap:.1f}   norm of x: {x.norm():.1f}")


# %% [markdown]
# ## Undo one layer
#
# The inverse goes through the layer from its end: undo $f$, subtract $b$, solve $x W = z$ for $x$.
# The inverse of tanh is $\frac12 \ln \frac{1 + y}{1 - y}$, `arctanh` in NumPy. Solving for row
# vectors takes transposes, because `solve(A, b)` finds columns with $A\, x = b$.

# %%
def undo(y: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return x of shape (batch, n) from y = tanh(x W + b)."""
    with np.errstate(all="ignore"):
        z = np.arctanh(y) - b
        return np.linalg.solve(W.T, z.T).T


W, b = model[0].weight.detach().numpy().T, model[0].bias.detach().numpy()
y = model(x).detach().numpy()
distance = np.linalg.norm(undo(y, W, b) - x.numpy())
print(f"distance below 1e-4: {bool(distance < 1e-4)}   exactly 0: {bool(distance == 0)}")

# %% [markdown]
# The thread's own code no longer runs: `torch.solve` is still there as a name, and only raises.
# `torch.linalg.solve` takes the two arguments in the other order.

# %%
try:
    torch.solve(torch.ones(3, 1), torch.eye(3))
except RuntimeError as error:
    print(type(error).__name__, "naming the successor:", "torch.linalg.solve" in str(error))


# %% [markdown]
# ## The error is the condition number times the precision
#
# A float keeps a number up to a relative error of about $\epsilon$: $2^{-23}$, or $10^{-6.9}$, for
# float32 and $2^{-52}$, or $10^{-15.7}$, for float64. The {term}`condition number` $\kappa$ of $W$
# is its largest {term}`singular value` divided by its smallest. A relative error $\epsilon$ of
# $y = x W$ can become a relative error $\kappa\, \epsilon$ of $x$.
#
# :::{admonition} Predict first 2
# :class: predict
# A layer has $\kappa = 10^4$. How many decimal digits of $x$ can you rely on in float32? And with
# three such layers on top of each other, at worst?
# :::
#
# :::{dropdown} Answer 2
# About $6.9 - 4 = 2.9$ digits, so nearly 3. Condition numbers multiply at worst, so three layers
# can have $\kappa = 10^{12}$: no digit is left in float32, and between 3 and 4 are in float64.
# :::
#
# How large is $\kappa$ if nobody chose it? {cite:t}`edelman1988` showed that for $n \times n$
# matrices of independent standard Gaussian numbers the mean of $\ln \kappa$ is about $\ln n + 1.537$.

# %%
def gaussian(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return an n by n matrix that keeps the size of x on average."""
    return rng.normal(size=(n, n)) / np.sqrt(n)


print("   n   mean ln kappa    ln n + 1.537    largest kappa of 200")
for n in [10, 50, 100]:
    kappas = [np.linalg.cond(gaussian(n, np.random.default_rng(s))) for s in range(200)]
    print(f"{n:4} {np.log(kappas).mean():12.1f} {np.log(n) + 1.537:16.1f} {max(kappas):16.0f}")


# %% [markdown]
# We stack one to four linear Gaussian layers of 30 units, with 20 {term}`seeds <seed>` each, run
# $x$ forward and back, and compare with $\kappa$ of the product of the matrices.

# %%
def same(a: np.ndarray) -> np.ndarray:
    """Return a: the activation of a linear layer, and its inverse."""
    return a


def run(stack: list, h: np.ndarray, f=same) -> np.ndarray:
    """Return the output of a stack of layers without biases."""
    for W in stack:
        h = f(h @ W)
    return h


def round_trip(stack: list, dtype: type, f=same, undo_f=same) -> np.ndarray:
    """Return 10 inputs and what comes back after going through the stack and back."""
    stack = [W.astype(dtype) for W in stack]
    x = np.random.default_rng(0).normal(size=(10, len(stack[0]))).astype(dtype)
    h = run(stack, x, f)
    with np.errstate(all="ignore"):
        for W in reversed(stack):
            h = np.linalg.solve(W.T, undo_f(h).T).T
    return np.array([x, h], dtype=np.float64)


def relative_error(stack: list, dtype: type) -> float:
    """Return the size of the error of a linear round trip, relative to x."""
    x, back = round_trip(stack, dtype)
    return np.linalg.norm(back - x) / np.linalg.norm(x)


# %%
stacks = [[gaussian(30, rng) for _ in range(1 + s % 4)]
          for s in range(80) for rng in [np.random.default_rng(s)]]
kappas = np.array([np.linalg.cond(np.linalg.multi_dot([np.eye(30), *stack])) for stack in stacks])
errors = {d: np.array([relative_error(stack, d) for stack in stacks])
          for d in (np.float32, np.float64)}
for dtype, error in errors.items():
    print(f"{dtype.__name__}: error below kappa eps in",
          (error < kappas * np.finfo(dtype).eps).sum(), "of 80 stacks")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The error of the inverse follows the condition number over seven powers of ten and stays below kappa times eps, in float32 as in float64. Float64 buys about nine more digits everywhere.", "name": "fig-exact-inversion-kappa"}, "image": {"alt": "Relative error of x against the condition number, from about 50 to nearly a billion, both axes logarithmic. Crosses for float32 rise along the dashed line kappa times eps, about a power of ten below it. Circles for float64 do the same along a dotted line nine powers of ten further down."}}
fig, ax = plt.subplots()
ends = np.array([kappas.min(), kappas.max()])
for dtype, mark, line, colour in [(np.float32, "x", "--", RED), (np.float64, "o", ":", BLUE)]:
    name = dtype.__name__
    ax.loglog(kappas, errors[dtype], mark, color=colour, mfc="none", label=f"{name}, measured")
    ax.loglog(ends, ends * np.finfo(dtype).eps, line, color=colour, label=f"{name}, kappa eps")
ax.set(xlabel="condition number of the product", ylabel="relative error of x")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()


# %% [markdown]
# An orthogonal matrix has $\kappa = 1$, and so has every product of orthogonal matrices. That
# suggests a cure for deep networks, so we go to depth 16 with tanh, 64 units and 20 seeds.

# %%
def orthogonal(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random orthogonal matrix."""
    Q, R = np.linalg.qr(rng.normal(size=(n, n)))
    return Q * np.sign(np.diag(R))


def depth_errors(draw, depth: int, dtype: type, **activation) -> np.ndarray:
    """Return the largest error of each of 20 seeds; infinity where NaN came back."""
    ends = []
    for s in range(20):
        rng = np.random.default_rng(s)
        x, back = round_trip([draw(64, rng) for _ in range(depth)], dtype, **activation)
        ends.append(np.nan_to_num(np.abs(back - x).max(), nan=np.inf))
    return np.array(ends)


tanh, depths = {"f": np.tanh, "undo_f": np.arctanh}, [1, 2, 4, 8, 16]
deep = {(draw.__name__, dtype.__name__): [depth_errors(draw, d, dtype, **tanh) for d in depths]
        for draw in (gaussian, orthogonal) for dtype in (np.float32, np.float64)}
words = {0: "none", 20: "all"}
print("seeds with an error below 0.01, at depths", depths)
for key, error in deep.items():
    counts = [words.get(int((e < 0.01).sum()), "some") for e in error]
    print(f"{key[0]:10} {key[1]}:", ", ".join(counts))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "With orthogonal weights the inverse loses about two digits over 16 layers. With Gaussian weights it loses one to three a layer, and returns nothing usable from four layers in float32 or 16 in float64.", "name": "fig-exact-inversion-depth"}, "image": {"alt": "Median over 20 seeds of the largest error of x against depth 1 to 16, both axes logarithmic. Orthogonal float32 (circles, dash-dotted) climbs from about 1e-6 to 1e-4, orthogonal float64 (circles, dotted) from about 1e-14 to 1e-12. Gaussian float32 (crosses, solid) climbs from 3e-5 to about 1 at depth 4 and ends there. Gaussian float64 (crosses, dashed) reaches about 0.001 at depth 8 and ends there."}}
fig, ax = plt.subplots()
marks = {"gaussian": "x", "orthogonal": "o"}
for key, error in deep.items():
    middle = [np.median(e) for e in error]
    ax.loglog(depths, middle, marker=marks[key[0]], mfc="none", label=" ".join(key))
ax.set(xlabel="layers", ylabel="largest error of x", xticks=depths, xticklabels=depths)
ax.minorticks_off()
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()


# %% [markdown]
# Frameworks offer the cure ready made: `torch.nn.utils.parametrizations.orthogonal` keeps $W$
# orthogonal during training, while Keras's `Orthogonal` {cite:p}`saxe2014` only starts it there.

# %% [markdown]
# ## Where tanh is flat
#
# Even orthogonal layers lose two digits. That is the tanh: without it they lose less than one. A
# small error of $y = \tanh z$ is multiplied by $dz / dy = \cosh^2 z$ on the way back. Between
# $\frac12$ and 1 a float32 is rounded by at most $\epsilon / 4$. So the error of $z$ is at most
# about $\frac{\epsilon}{4} \cosh^2 z$.
#
# :::{admonition} Predict first 3
# :class: predict
# For large $z$, $\tanh z \approx 1 - 2 e^{-2z}$. The largest float32 below 1 is $1 - 2^{-24}$, and
# a number is rounded to the nearest float. From which $z$ on is the float32 of $\tanh z$ equal to
# 1?
# :::
#
# :::{dropdown} Answer 3
# When $1 - \tanh z$ is less than half of $2^{-24}$: $2 e^{-2z} < 2^{-25}$, so
# $z > 13 \ln 2 = 9.01$. For float64, with $2^{-54}$ on the right, $z > 27.5 \ln 2 = 19.06$.
# :::

# %% tags=["nbval-ignore-output"]
def torch_tanh(z: np.ndarray) -> np.ndarray:
    """Return PyTorch's tanh of an array."""
    return torch.tanh(torch.tensor(z)).numpy()


def keras_tanh(z: np.ndarray) -> np.ndarray:
    """Return the tanh of Keras, which is TensorFlow's."""
    return np.asarray(keras.ops.tanh(z))


z = np.arange(0, 11, 0.01, dtype=np.float32)
for name, f in [("TensorFlow", keras_tanh), ("PyTorch", torch_tanh), ("NumPy", np.tanh)]:
    print(f"{name:10} tanh is exactly 1 from about z = {z[f(z) == 1].min():.0f}")

# %% [markdown]
# PyTorch rounds as the prediction assumes. TensorFlow and NumPy approximate tanh with formulas of
# their own, so the same network saturates at a different place in each. They choose the formula for
# the processor: on another one their two numbers can differ.

# %%
z = np.linspace(0.6, 8.5, 4_000).astype(np.float32)
with np.errstate(divide="ignore"):
    error = np.abs(np.arctanh(torch_tanh(z)).astype(float) - z)
predicted = 2.0**-23 / 4 * np.cosh(z.astype(float)) ** 2
for start in [2, 4, 6]:
    here = (z >= start) & (z < start + 2)
    ratio = (error / predicted)[here].max()
    print(f"z from {start} to {start + 2}: largest error / predicted = {ratio:.0f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The error of undoing tanh in float32 grows like cosh squared. At z = 8 it reaches about 0.07; from 9.01 on tanh is 1 and nothing comes back.", "name": "fig-exact-inversion-tanh"}, "image": {"alt": "Error of z on a logarithmic axis against z from 0.6 to 8.5. A band of dots rises from 1e-7 to 0.2 along the dashed curve of the prediction, mostly below it. A dotted vertical line stands at 9.01."}}
fig, ax = plt.subplots()
ax.semilogy(z[error > 0], error[error > 0], ".", markersize=3, color=BLUE, label="measured")
ax.semilogy(z, predicted, "--", color=INK, label="eps/4 cosh² z")
ax.axvline(13 * np.log(2), linestyle=":", color=RED, label="tanh rounds to 1")
ax.set(xlabel="z", ylabel="error of z after tanh and its inverse")
ax.legend()
plt.show()

# %% [markdown]
# ## The same from a framework's model
#
# `course_utils.inversion` reads the layers of a `Sequential`, PyTorch or Keras, and inverts them.
# It refuses what has no inverse and names the layer.

# %%
layers = inversion.read_layers(model)
print(layers, "same as undo:", np.allclose(inversion.exact_inverse(layers, y), undo(y, W, b)))
keras_model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "tanh")])
keras_model.set_weights([W, b])
back = inversion.exact_inverse(inversion.read_layers(keras_model), keras_model(x.numpy()))
print("from Keras, error below 1e-4:", bool(np.abs(back - x.numpy()).max() < 1e-4))

# %%
nn, square = torch.nn, torch.nn.Linear(3, 3)
flat = torch.nn.Linear(3, 3)
torch.nn.init.ones_(flat.weight)
refused = [nn.Sequential(square, nn.Tanh(), square, nn.ReLU()), nn.Sequential(nn.Linear(5, 3)),
           nn.Sequential(square, nn.Tanh(), flat), nn.Sequential(square, nn.Sigmoid())]
for network in refused:
    try:
        inversion.exact_inverse(inversion.read_layers(network), np.full((1, 3), 1.5))
    except inversion.NotInvertible as reason:
        print(fill(str(reason), 90, initial_indent="- ", subsequent_indent="  "))

# %% [markdown]
# ## ReLU
#
# ReLU replaces every negative number by 0. A square Gaussian layer of $n$ units, fed with one
# random $x$, keeps everything only if all $n$ pre-activations are positive, which has probability
# $2^{-n}$. So "ReLU has no inverse" is right for a square layer. It is wrong in general: the layer
# with the weights $[I, -I]$ gives $\max(x, 0)$ and $\max(-x, 0)$, and their difference is $x$.

# %%
x = np.random.default_rng(0).normal(size=(1_000, 8))
doubled = np.maximum(x @ np.hstack([np.eye(8), -np.eye(8)]), 0)
print("error from the doubled layer:", np.abs(doubled[:, :8] - doubled[:, 8:] - x).max())

# %% [markdown]
# What of $m$ random units? An active unit, one above 0, states an equation for $x$. Eight
# independent equations settle the eight entries of $x$, and Gaussian ones are independent. Each
# unit is active with probability $\frac12$. So $x$ can be recovered with the probability that $m$
# fair coins show at least 8 heads.

# %%
rng, widths = np.random.default_rng(0), np.arange(8, 41, 4)
heads = [sum(comb(m, k) for k in range(8, m + 1)) / 2**m for m in widths.tolist()]
spans = []
for m in widths:
    W = rng.normal(size=(2_000, 8, m))
    active = np.einsum("kn,knm->km", rng.normal(size=(2_000, 8)), W) > 0
    spans.append((np.linalg.matrix_rank(W * active[:, np.newaxis]) == 8).mean())
for m, p, q in list(zip(widths, heads, spans))[:6:2]:
    print(f"{m} units: predicted {p:.3f}, measured {q:.3f} of 2,000")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Whether a random input of 8 entries can be recovered from a random ReLU layer is a matter of coins. Square layers almost never allow it, layers four times as wide almost always.", "name": "fig-exact-inversion-relu"}, "image": {"alt": "Share of inputs that can be recovered against the number of units from 8 to 40. Circles for the measurement lie on the solid line of the prediction, which rises from 0 at 8 units through 0.6 at 16 to 1 at 32. A dotted vertical line marks 16, twice the input."}}
fig, ax = plt.subplots()
ax.plot(widths, heads, "-", color=INK, label="at least 8 heads of m coins")
ax.plot(widths, spans, "o", color=BLUE, mfc="none", label="measured, 2,000 layers each")
ax.axvline(16, linestyle=":", color=RED, label="twice the width of x")
ax.set(xlabel="units m", ylabel="share of inputs that come back")
ax.legend()
plt.show()

# %% [markdown]
# Almost every input is not every input. {cite:t}`puthawala2022` prove that a layer that
# recovers *all* inputs needs at least twice as many units as inputs, and that for random Gaussian
# layers the factor lies between 3.4 and 10.5. A square layer with LeakyReLU does not have the
# problem: it multiplies negative numbers by a slope such as 0.01, and dividing by the slope undoes
# it.

# %% [markdown]
# ## A network that throws most of its input away
#
# The thread's second network maps 1,000 inputs through 100 ReLU units to 10 outputs. It learns 64
# random pairs in 500 steps of {term}`gradient descent` at {term}`learning rate` 1e-4, on the
# summed squared error. No formula inverts it. Instead, as in
# [chapter 8](08_input_reconstruction.md), we descend on the input.

# %%
rng = np.random.default_rng(0)
samples, wanted = (torch.tensor(rng.normal(size=(64, k)), dtype=torch.float32) for k in (1_000, 10))
wide = torch.nn.Sequential(torch.nn.Linear(1_000, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))
optimiser = torch.optim.SGD(wide.parameters(), lr=1e-4)
for _ in training.progress(range(500), "training"):
    loss = ((wide(samples) - wanted) ** 2).sum()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
print("final loss below 0.001:", loss.item() < 1e-3)

# %% [markdown]
# :::{admonition} Predict first 4
# :class: predict
# We start from 20 random inputs, 1,000 Gaussian numbers of variance 1 each, and descend until the
# output is that of the first sample. The first layer sees only 100 directions of the input. At
# least how far apart will two of the answers be, roughly?
# :::

# %%
original = samples[:1]
target = wide(original).detach()
starts = torch.tensor(rng.normal(size=(20, 1_000)), dtype=torch.float32)
answers = starts.clone().requires_grad_(True)
descent = torch.optim.SGD([answers], lr=1.0)
for _ in training.progress(range(1_000), "searching"):
    descent.zero_grad()
    ((wide(answers) - target) ** 2).sum().backward()
    descent.step()
answers = answers.detach()
gaps = (wide(answers) - target).norm(dim=1) / target.norm()
print("all 20 outputs right to 1 part in 10,000:", bool((gaps < 1e-4).all()))

# %%
unseen = torch.linalg.svd(wide[0].weight.detach()).Vh[100:]  # 900 directions that W maps to 0
pairs = torch.pdist(answers)
print(f"distance between two answers: {pairs.min():.0f} to {pairs.max():.0f}")
print(f"mean distance to the original: answers {(answers - original).norm(dim=1).mean():.1f},",
      f"random inputs {(starts - original).norm(dim=1).mean():.1f}")
drift = ((answers - starts) @ unseen.T).norm(dim=1).max()
print("moved within the 900 unseen directions: less than 0.001:", bool(drift < 1e-3))


# %% [markdown]
# :::{dropdown} Answer 4
# About 42. The 900 other directions form the {term}`null space` of the first layer. The gradient
# has no part in it, so a start keeps its part. Two random starts differ there by
# $\sqrt{2 \times 900} = 42.4$ on average, and the rest can only add.
# :::
#
# The right output says next to nothing about the input: the answers are about as far from the
# original as random inputs are. (A test of this book repeats it with 20 more networks.) The figure
# walks away from one answer.

# %%
def output_change(direction: torch.Tensor, lengths: np.ndarray) -> np.ndarray:
    """Return the relative change of the output along a direction from the first answer."""
    step = direction / direction.norm()
    walk = answers[0] + torch.tensor(lengths, dtype=torch.float32)[:, None] * step
    return ((wide(walk) - target).norm(dim=1) / target.norm()).detach().numpy()


lengths = np.geomspace(0.1, 100, 40)
hidden = output_change(unseen.T @ torch.randn(900), lengths)
visible = output_change(torch.randn(1_000), lengths)
print("unseen direction, length 100: change below 1e-4:", bool(hidden[-1] < 1e-4))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "In a direction of the null space the input can change by three times its own size and the output stays the same but for rounding. A random direction of the same length changes it.", "name": "fig-exact-inversion-preimages"}, "image": {"alt": "Relative change of the output against the length of the walk from 0.1 to 100, both axes logarithmic. The dashed line of a random direction climbs from about 0.001 to nearly 1. The solid line of an unseen direction stays below 0.0001 all the way. A dotted vertical line marks the size of the input, near 33."}}
fig, ax = plt.subplots()
ax.loglog(lengths, hidden, "-", color=BLUE, label="a direction of the null space")
ax.loglog(lengths, visible, "--", color=RED, label="a random direction")
ax.axvline(answers[0].norm(), linestyle=":", color=INK, label="size of the input itself")
ax.set(xlabel="length of the walk", ylabel="relative change of the output")
ax.legend(loc="center left", bbox_to_anchor=(0, 0.35))
plt.show()


# %% [markdown]
# ## Backwards in time
#
# A recurrent network is one layer applied many times: $h_t = \tanh(x_t W + h_{t-1} U)$. If we know
# the inputs and the last {term}`hidden state`, each step can be undone:
#
# $$h_{t-1} = (\operatorname{arctanh} h_t - x_t W)\, U^{-1} .$$
#
# We make it as easy as we can: $U$ is orthogonal, with 32 units and 4 inputs of standard deviation
# 0.6. $h_0$ is random here, not 0: it is what we want back. On the way back an error is multiplied
# at each step by $1 / (1 - h_t^2)$, entry by entry, then by $U^{-1}$. The product of these matrices
# over all steps has a largest singular value; call its base-2 logarithm the *bits lost*. Float64
# has 52 to lose and float32 23.

# %%
def there_and_back(steps: int, seed: int, dtype: type, scale: float = 1.0, f=np.tanh,
                   undo_f=np.arctanh) -> tuple[float, float]:
    """Return the relative error of h_0 and the bits lost; scale multiplies U."""
    rng = np.random.default_rng(seed)
    U, W = (scale * orthogonal(32, rng)).astype(dtype), rng.normal(size=(4, 32)).astype(dtype) / 2
    h = first = (0.6 * rng.normal(size=32)).clip(-0.9, 0.9).astype(dtype)
    x = (0.6 * rng.normal(size=(steps, 4))).astype(dtype)
    growth, inverse = np.eye(32), np.linalg.inv(U.astype(float))
    for x_t in x:
        h = f(x_t @ W + h @ U)
        slope = 1 - h.astype(float) ** 2 if f is np.tanh else np.ones(32)
        growth = (inverse / slope[:, np.newaxis]) @ growth
    with np.errstate(all="ignore"):
        for x_t in x[::-1]:
            h = np.linalg.solve(U.T, undo_f(h) - x_t @ W)
    error = np.linalg.norm(h.astype(float) - first) / np.linalg.norm(first.astype(float))
    return np.nan_to_num(error, nan=np.inf), np.log2(np.linalg.norm(growth, 2))


# %%
def verdict(error: float) -> str:
    """Say whether anything of h_0 is left."""
    return "usable" if error < 0.1 else "lost"


print("steps   bits lost   float64   float32   (medians of 20 seeds; usable: error below 0.1)")
for t in [5, 10, 20, 40]:
    double, single = (np.median([there_and_back(t, s, dtype) for s in range(20)], axis=0)
                      for dtype in (np.float64, np.float32))
    print(f"{t:5} {double[1]:11.0f} {verdict(double[0]):>9} {verdict(single[0]):>9}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The bits lost, computed on the way forward, predict how far back the network can be run. Near 23 bits little of the first state is left in float32, near 52 bits in float64. Runs that came back with an error of 1 or more are left out.", "name": "fig-exact-inversion-time"}, "image": {"alt": "Relative error of the first state against bits lost, logarithmic vertical axis. Circles for float64 and crosses for float32, 20 seeds at each of five lengths, rise along two parallel lines, 2 to the power of bits times eps, mostly a little below them. The lines reach 1 at 23 and at 52 bits."}}
fig, ax = plt.subplots()
for dtype, mark, line, colour in [(np.float32, "x", "--", RED), (np.float64, "o", ":", BLUE)]:
    runs = np.array([there_and_back(t, s, dtype) for t in [5, 10, 15, 20, 30] for s in range(20)])
    error, lost = runs[runs[:, 0] < 1].T
    eps = np.finfo(dtype).eps
    ax.semilogy(lost, error, mark, color=colour, mfc="none", label=f"{dtype.__name__}, measured")
    ends = np.array([lost.min(), -np.log2(eps)])
    ax.semilogy(ends, eps * 2**ends, line, color=colour, label=f"{dtype.__name__}, eps 2^bits")
ax.set(xlabel="bits lost in the worst direction", ylabel="relative error of h_0")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()

# %% [markdown]
# In the package this is `rewind`. It takes the weights in the order in which Keras keeps them, and
# stops where rounding has carried a state out of the range of tanh.

# %%
rnn = keras.layers.SimpleRNN(32, return_sequences=True)
x = np.random.default_rng(0).normal(size=(2, 60, 4)).astype(np.float32)
states = np.asarray(rnn(x))
back = inversion.rewind(states[:, 4], x[:, :5], *rnn.get_weights())
print("5 steps back, error below 0.01:", bool(np.abs(back[:, 1:] - states[:, :5]).max() < 0.01))
try:
    inversion.rewind(states[:, -1], x, *rnn.get_weights())
except inversion.NotInvertible as reason:
    print("60 steps back:", type(reason).__name__)

# %% [markdown]
# The bits lost are a property of the *forward* run: a difference between two states that shrinks
# by $2^{-k}$ on the way forward grows by $2^{k}$ on the way back. So "how hard is it to run
# backwards" and "how much does it forget" are one question. In exact numbers our network forgets
# nothing: it moves differences to ever later digits. With finitely many digits they fall off the
# end. {cite:t}`mackay2018` say it of networks that are built to be reversed on a computer: one
# that stores nothing besides its state cannot forget, and one that forgets has to store the bits
# it drops.

# %% [markdown]
# ## What could fool us
#
# **The output is right, so the input must be.** Feed the recovered input forward again. If the
# network squeezes a direction, a wrong input still gives the right output. We take three Gaussian
# tanh layers of 64 units, in float32, with 20 seeds.

# %%
wrong_inputs = right_outputs = 0
for s in range(20):
    rng = np.random.default_rng(s)
    stack = [gaussian(64, rng).astype(np.float32) for _ in range(3)]
    x, back = round_trip(stack, np.float32, **tanh).astype(np.float32)
    wrong_inputs += np.abs(back - x).max() > 1e-3
    right_outputs += np.abs(run(stack, back, np.tanh) - run(stack, x, np.tanh)).max() < 1e-5
print(f"of 20: input off by more than 0.001: {wrong_inputs}, output right to 1e-5: {right_outputs}")

# %% [markdown]
# **Perhaps tanh ruins the deep Gaussian stack, not its weights.** Control: the same stacks without
# tanh. And perhaps the number of steps ruins the recurrent network. Control: 1,000 steps without
# tanh.

# %%
linear = depth_errors(gaussian, 8, np.float32)
print("Gaussian, 8 layers, no tanh, float32: error below 0.01 for", (linear < 0.01).sum(), "of 20")
ends = [there_and_back(1_000, s, np.float32, f=same, undo_f=same) for s in range(20)]
print("1,000 steps, no tanh, float32: error below 0.01 for",
      sum(error < 0.01 for error, _ in ends), "of 20;",
      f"bits lost at most {max(lost for _, lost in ends):z.1f}")


# %% [markdown]
# The weights are to blame in the first case and tanh in the second. A linear orthogonal network
# comes back from 1,000 steps in float32, and for the same reason every difference in $h_0$ is
# still there at full size: it has forgotten nothing.
#
# **One matrix is one draw.** The logarithm of $\kappa$ has a standard deviation of about 1.1 over
# the draws, whatever $n$ is. So one network may be three times better or worse conditioned than
# the mean, and the worst of 200 in the table above is far beyond that. Use several seeds before
# you blame a method.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · Undo LeakyReLU
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Invert*. A layer computes $z = x W + b$ and keeps $z$
# where it is positive, and `slope` times $z$ elsewhere, with `slope` above 0. Write
# `undo_leaky(y, W, b, slope)`. It returns `x` of shape (batch, n).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "undo_leaky", "solution": true}
def undo_leaky(y: np.ndarray, W: np.ndarray, b: np.ndarray, slope: float) -> np.ndarray:
    """Return the input of a layer with LeakyReLU."""
    ### BEGIN SOLUTION
    z = np.where(y > 0, y, y / slope)
    return np.linalg.solve(W.T, (z - b).T).T
    ### END SOLUTION


# %% nbgrader={"grade_id": "undo_leaky-check", "grade": true, "points": 1}
checks.undo_leaky(undo_leaky)


# %% [markdown]
# :::{admonition} Exercise 2 · How far from 0 may tanh work?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Predict*. By the prediction of this chapter the error
# of $z$ is $\frac{\epsilon}{4} \cosh^2 z$. Write `safe_range(tolerance, eps)`. It returns the
# largest $z \ge 0$ for which that is at most `tolerance`, and 0.0 if there is none. How much
# further does float64 reach than float32? Compare with $14.5 \ln 2 = 10.05$, for the 29 bits that
# it has more.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "safe_range", "solution": true}
def safe_range(tolerance: float, eps: float) -> float:
    """Return the largest z whose predicted round-trip error is within the tolerance."""
    ### BEGIN SOLUTION
    return float(np.arccosh(np.sqrt(max(4 * tolerance / eps, 1.0))))
    ### END SOLUTION


# %% nbgrader={"grade_id": "safe_range-check", "grade": true, "points": 2}
checks.safe_range(safe_range)


# %% [markdown]
# :::{admonition} Exercise 3 · Undo ReLU
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Recover*. A layer with $m \ge n$ units computes
# $y = \max(x W + b, 0)$. Write `undo_relu(y, W, b)` for `y` of shape (batch, m) and `W` of shape
# (n, m). It returns `x` of shape (batch, n), and raises a `ValueError` if the active units of some
# row of `y` do not settle its `x`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "undo_relu", "solution": true}
def undo_relu(y: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the input of a wide layer with ReLU, from its active units."""
    ### BEGIN SOLUTION
    found = []
    for row in y:
        on = row > 0
        x, _, rank, _ = np.linalg.lstsq(W[:, on].T, row[on] - b[on])
        if rank < len(W):
            raise ValueError(f"{on.sum()} active units of rank {rank} for {len(W)} inputs")
        found.append(x)
    return np.array(found)
    ### END SOLUTION


# %% nbgrader={"grade_id": "undo_relu-check", "grade": true, "points": 3}
checks.undo_relu(undo_relu)


# %% [markdown]
# :::{admonition} Exercise 4 · Another input, the same output
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Construct*. You get an input `x` of shape (n,) of the
# layer $y = \max(x W + b, 0)$, in which fewer than $n$ units are active. No pre-activation is
# within 0.1 of 0. Write `another_input(x, W, b)`. It returns a different input with the same output:
# at least half as far away as it can be in its direction, or at a distance of 1 where nothing stops
# it. Even a layer of 24 units for 8 inputs has fewer than 8 active in 3 cases of 100, says the
# section on ReLU.
# :::
#
# :::{dropdown} Hint
# Which directions can $x$ move in without changing the active units? And how far, until another
# unit wakes up?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "another_input", "solution": true}
def another_input(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a different input with the same output of a ReLU layer."""
    ### BEGIN SOLUTION
    z = x @ W + b
    direction = np.linalg.svd(W[:, z > 0])[0][:, -1]
    slopes = direction @ W[:, z < 0]
    ways = []
    for sign in (1, -1):
        rising = sign * slopes > 1e-12
        room = (-z[z < 0][rising] / (sign * slopes[rising])).min(initial=2.0)
        ways.append(sign * room / 2)
    return x + max(ways, key=abs) * direction
    ### END SOLUTION


# %% nbgrader={"grade_id": "another_input-check", "grade": true, "points": 3}
checks.another_input(another_input)

# %% [markdown]
# :::{admonition} Exercise 5 · Weights that forget (open)
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Measure*. `there_and_back` takes a factor `scale` for
# $U$. Try 0.5, 0.8, 1 and 1.25 in float64 over 20 steps. Which network forgets most? Say for how
# many seeds you measured, what you would compare with, and what the bits lost had predicted. Is a
# larger $U$ easier to run backwards, as its inverse is smaller?
# :::

# %% [markdown] nbgrader={"grade_id": "forgetting", "solution": true, "grade": true, "points": 3}
# *Your answer here: bits lost and errors at each scale, for how many seeds, and the control.*

# %% [markdown]
# :::{dropdown} One answer
# Medians over 20 seeds: 41, 33, 36 and 45 bits lost at scales 0.5, 0.8, 1 and 1.25. The network
# with the largest $U$ forgets most and is the hardest to run backwards. The control without tanh
# loses 20, 6, 0 and $-6$ bits, which is $-20 \log_2$ of the scale. So a small $U$ loses bits by
# shrinking the state, and a large one by pushing it to where tanh is flat. The errors follow:
# near $10^{-4}$, $10^{-6}$, $10^{-6}$ and $10^{-3}$, a little different on each computer. What would
# change our mind about the cause: losses that fall and rise again like these when the inputs and
# $h_0$ are so small that every state stays near 0, where tanh is not flat. Small inputs alone are no
# such test: at scale 1.25 a state of full size does not shrink, so tanh flattens it even without
# inputs.
# :::

# %% [markdown]
# ## What we saw
#
# - *Invert*: undo the activation, subtract the bias, solve. A square layer with ReLU, a matrix that
#   is not square or is singular, and values outside the range of tanh or sigmoid have no inverse, and
#   `course_utils.inversion` names the layer.
# - *Predict*: the error stays below $\kappa\, \epsilon$ for linear stacks. Tanh multiplies it by
#   $\cosh^2 z$ and, rounded correctly, ends at 9.01 in float32. Orthogonal layers survive 16
#   layers, Gaussian ones do not.
# - *Recover*: a ReLU layer gives $x$ back if its active units settle it. With random weights that
#   has the probability of at least $n$ heads among $m$ coins.
# - *Construct*: 20 inputs with one output lie as far from the original as random ones, because 900
#   of 1,000 directions are invisible.
# - *Measure*: in the median of 20 seeds a tanh network of 32 units runs back 10 steps in either
#   precision, 20 in float64 only, and 40 in neither. The bits it forgets on the way forward say so
#   in advance.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`reverse_thread`: the questions this chapter starts from.
# - {cite:t}`edelman1988`: condition numbers of random matrices.
# - {cite:t}`behrmann2021`: networks built to be invertible that are not, in floating point.
# - {cite:t}`puthawala2022`: which ReLU layers are one to one.
# - {cite:t}`mackay2018`: reversible recurrent networks and the bits they must store.
