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
# # Why does a network with modulo weights not learn?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Derive* the gradient of a remainder with respect to both of its arguments, and check it in three
#   frameworks.
# - *Predict* what gradient descent does to one modulo weight, and how large the first outputs of a
#   network of them are.
# - *Separate* causes that come together (scale, sign, jumps) by controls that change one at a time.
# - *Build* a counter modulo $n$ that keeps the modulo in the state of a recurrent network.
# :::
#
# **Time:** about 50 minutes, and 65 for the exercises; the code runs in about a minute.
# **Needs:** the chain rule; gradient descent as in [chapter 8](08_input_reconstruction.md).
#
# A question in a thread {cite:p}`modulo_thread`: replace the layer $y = x W + b$ of a small network by
# $y = x\,(w \bmod m) + b$, where $w$, $m$ and $b$ are trained and $m$ has the shape of $w$. On
# handwritten digits the accuracy falls to 10%, which is chance. With $y = x w + (b \bmod m)$ nothing
# bad happens. Why? Three answers come to mind: the remainder has no useful gradient; the weights have
# become large and positive; the weights jump. All three changes arrive with the same line of code. We
# take them apart.

# %% [markdown]
# ## The gradient of a remainder
#
# Write $w \bmod m = w - m \lfloor w / m \rfloor$, where $\lfloor \cdot \rfloor$ rounds down. Below, $w$
# is the stored weight and $W = w \bmod m$ the one that the layer uses.
#
# :::{admonition} Predict first 1
# :class: predict
# What is the derivative of $w \bmod m$ with respect to $w$, and with respect to $m$, where both exist?
# What is the second at $w = -0.3$, $m = 1$?
# :::
#
# :::{dropdown} Answer 1
# Between two jumps $\lfloor w / m \rfloor$ is constant, so the derivatives are 1 and
# $-\lfloor w / m \rfloor$. At $w = -0.3$ the floor is $-1$ and the second derivative is $+1$: there
# $w \bmod m$ is $w + m$.
# :::

# %%
from course_utils import data, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import modulo_weights as checks

from collections.abc import Callable

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch

plotting.use_style()
training.seed_everything(0)


# %%
def by_torch(function: Callable, w: float, m: float) -> list[float]:
    """Return the value and the derivatives in w and m that PyTorch gives."""
    pair = [torch.tensor(w, requires_grad=True), torch.tensor(m, requires_grad=True)]
    value = function(*pair)
    return [value.item()] + [g.item() for g in torch.autograd.grad(value, pair)]


def by_tape(function: Callable, w: float, m: float) -> list[float]:
    """Return the same from TensorFlow's tape."""
    pair = [tf.Variable(w), tf.Variable(m)]
    with tf.GradientTape() as tape:
        value = function(*pair)
    return [float(value)] + [float(g) for g in tape.gradient(value, pair)]


def by_nudge(w: float, m: float, e: float = 1e-6) -> list[float]:
    """Return the same from NumPy and small nudges to both sides."""
    return [np.mod(w, m), (np.mod(w + e, m) - np.mod(w - e, m)) / (2 * e),
            (np.mod(w, m + e) - np.mod(w, m - e)) / (2 * e)]


# %%
calls = {"numpy.mod, nudged": by_nudge,
         "torch.remainder": lambda w, m: by_torch(torch.remainder, w, m),
         "tf.math.floormod": lambda w, m: by_tape(tf.math.floormod, w, m),
         "keras.ops.mod": lambda w, m: by_tape(keras.ops.mod, w, m),
         "torch.fmod": lambda w, m: by_torch(torch.fmod, w, m)}
print("m = 1              value, d/dw, d/dm at w = -0.3    1.4             -2.5")
for name, call in calls.items():
    rows = ["{:5.1f}{:5.1f}{:5.1f}".format(*np.round(call(w, 1.0), 3) + 0.0) for w in (-0.3, 1.4, -2.5)]
    print(f"{name:18}        {rows[0]}   {rows[1]}  {rows[2]}")

# %% [markdown]
# The frameworks follow Python's sign, except `fmod`, which follows the sign of $w$ and rounds the
# quotient towards 0. So the gradient is there, in both arguments, and it is exact. On a jump there is
# no derivative. The frameworks return that of the piece to the right, and a nudge sees the jump itself.

# %%
print("at w = 2, m = 1, d/dw and d/dm:")
for name, call in list(calls.items())[1:4]:
    print(f"  {name}:", call(2.0, 1.0)[1:])
print("  nudges of 0.001: d/dw =", round(by_nudge(2.0, 1.0, 1e-3)[1]))


# %% [markdown]
# The jump, $-m$ over a width of 0, is in no gradient. That is all the gradient hides, and the rest
# of the chapter is about what that costs.
#
# ## One weight
#
# Fit $\hat y = (w \bmod m)\, x$ to $y = w^* x$ with $x = 1$, $m = 1$ and the loss
# $L = (w \bmod 1 - w^*)^2$. If $w^*$ lies in $[0, 1)$, descent has a minimum to find. Let $w^* = -0.3$.
# The used weight is never negative, so the best loss is at $W = 0$: $L = 0.09$.
#
# :::{admonition} Predict first 2
# :class: predict
# The slope is positive everywhere. Where does a descent with a small rate end? What is its mean loss in
# the long run? (A small step multiplies the distance $W - w^*$ by nearly 1, so the distance decays
# like $e^{-2 \eta n}$ after $n$ steps with {term}`learning rate` $\eta$.)
# :::
#
# :::{dropdown} Answer 2
# Nowhere. $W$ falls to 0, the cheapest place, and one step further it is thrown up to 1, the dearest.
# In between, the distance $d$ decays from $1 - w^* = 1.3$ to $-w^* = 0.3$. That takes a time
# $\frac12 \ln(1.3 / 0.3)$, in units of $1 / \eta$ steps, and the integral of $d^2$ over it is
# $(1.3^2 - 0.3^2) / 4$. The mean is $(1.69 - 0.09) / (2 \ln(1.3 / 0.3)) = 0.546$, six times the best.
# For $w^* = 1.4$ the picture is mirrored: distances 1.4 and 0.4, mean 0.718, best 0.16.
# :::

# %%
def paths(target: float, rate: float, steps: int) -> np.ndarray:
    """Return W on the way from w = 0.5, shape (steps,)."""
    w, used = 0.5, []
    for _ in range(steps):
        used.append(w % 1)
        w -= rate * 2 * (used[-1] - target)
    return np.array(used)


print("target   best   predicted mean    measured at rate 0.1    0.01   0.001")
for target in (0.7, -0.3, 1.4):
    near, far = sorted([abs(target), abs(1 - target)])
    inside = 0 <= target < 1
    mean = 0 if inside else (far**2 - near**2) / (2 * np.log(far / near))
    losses = [((paths(target, r, round(40 / r))[round(20 / r):] - target) ** 2).mean()
              for r in (0.1, 0.01, 0.001)]
    print(f"{target:6} {0 if inside else near**2:6.2f} {mean:16.2f} "
          f"{losses[0]:23.2f} {losses[1]:7.2f} {losses[2]:7.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The control, a target inside the range, is reached and kept. For a target below the range every slope is right and every minimum is the edge of a cliff, so descent goes round for ever.", "name": "fig-modulo-weights-cycle"}, "image": {"alt": "Two panels. Left, loss against w from -1 to 2. For target 0.7 (solid) three parabolas with minima at 0; for target -0.3 (dashed) three rising arcs from 0.09 to 1.69 that drop back to 0.09 at whole numbers. Right, the used weight over 60 steps. For target 0.7 it settles at 0.7; for target -0.3 it is a sawtooth that falls to about 0 and jumps up to near 1 again and again."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(plotting.WIDTH, 3.8))
for target, line in ((0.7, "-"), (-0.3, "--")):
    colour = plotting.COLOURS["blue" if target > 0 else "vermilion"]
    for k in (-1, 0, 1):
        w = np.linspace(k, k + 0.9999, 200)
        left.plot(w, (w % 1 - target) ** 2, line, color=colour,
                  label=f"target {target}" if k == 0 else None)
    right.plot(paths(target, 0.05, 60), line, color=colour, label=f"target {target}")
left.set(xlabel="stored weight w", ylabel="loss", ylim=(-0.1, 2.4))
right.set(xlabel="step", ylabel="used weight W", ylim=(-0.05, 1.45))
left.legend(loc="upper center")
right.legend(loc="upper center")
plt.show()

# %% [markdown]
# So with one weight it is not the gradient that fails but the range: $w^*$ cannot be reached, and the
# nearest point to it is a cliff. A *symmetric* modulus, $((w + \frac m2) \bmod m) - \frac m2$, has the
# range from $-m/2$ to $m/2$. It reaches $w^*$ if $m > 2 |w^*|$.
#
# ## The network at its start
#
# Now the thread's case: 784 pixels, two hidden layers of 32 {term}`ReLU` units, 10 logits. We train on 4,000
# digits and test on 1,000. Stored weights of a layer with $n$ inputs are drawn between $-r$ and $r$,
# $r = 1 / \sqrt n$. The runs of all seeds go side by side in one batched product.

# %%
images, labels = data.mnist_digits()
inputs, classes = torch.tensor(images.reshape(-1, 784)), torch.tensor(labels)
Map = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def plain(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return the stored weights as they are."""
    return w


def new_layers(seeds: range, modulus: Callable, start: Map, sizes: tuple[int, ...]) -> list:
    """Return [w, b, m] for each layer, with a leading axis for the seeds."""
    layers = []
    for n, k in zip(sizes, sizes[1:]):
        drawn = [np.random.default_rng([seed, n, k]).uniform(-1, 1, (n + 1, k)) for seed in seeds]
        w, b = torch.tensor(np.array(drawn) / n**0.5).float().split([n, 1], dim=1)
        m = torch.full_like(w, modulus(1 / n**0.5))
        layers.append([part.clone().requires_grad_() for part in (start(w, m), b, m)])
    return layers


def outputs(layers: list, weight: Map, x: torch.Tensor, bias: Map = plain) -> torch.Tensor:
    """Return the logits, shape (seeds, count, 10)."""
    for i, (w, b, m) in enumerate(layers):
        x = (x.relu() if i else x) @ weight(w, m) + bias(b, m[:, :1])
    return x


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# With $m = 1$, half of the stored weights are a little below 0. Where are the used weights? A digit's
# pixels add up to about 102. How large are the first layer's pre-activations, the second's and the
# logits? And the spread between a digit's ten logits, which is what the loss sees?
# :::
#
# :::{dropdown} Answer 3
# The used weights lie in $[0, r)$ or in $(1 - r, 1)$, half of them in each: mean $1/2$, standard
# deviation $s = \sqrt{(1 - r)^2 / 4 + r^2 / 12}$. Everything is positive, so no ReLU cuts anything. The
# first layer has means near $102 / 2 = 51$. Each later layer multiplies by $32 / 2$: 820, then 13,000.
# The logits of one digit are sums of 32 states near 820 with different weights. They spread by about
# $820 \sqrt{32}\, s$, with $s = 0.41$ at $r = 1 / \sqrt{32}$: about 1,900. The largest of ten normal
# numbers lies 1.54 standard deviations above their mean, so the {term}`cross-entropy` is near 3,000,
# where a blank network has $\ln 10 = 2.3$.
# :::

# %%
SIZES = (784, 32, 32, 10)
thread = new_layers(range(5), lambda r: 1.0, plain, SIZES)
x, means = inputs[4000:].expand(5, -1, -1), []
with torch.no_grad():
    for layer in range(1, 4):
        z = outputs(thread[:layer], torch.remainder, x)
        means.append(z.mean().item())
    loss = torch.nn.functional.cross_entropy(z.flatten(0, 1), classes[4000:].repeat(5))
r = 32**-0.5
spread = inputs[4000:].sum(1).mean().item() / 2 * 16 * 32**0.5 * ((1 - r)**2 / 4 + r**2 / 12)**0.5
print("means of the layers: predicted 51, 820, 13,000; measured", *(f"{v:,.0f}" for v in means))
print(f"loss: predicted {1.54 * spread:,.0f}, measured {loss.item():,.0f} over 5 starts")


# %% [markdown]
# ## One change at a time
#
# Three things have changed: the weights are *large* (of size $m = 1$, not $r$), *positive*, and they
# *jump*. The controls change one at a time, with $m$ held fixed.
#
# - *Size*: $m = 1$ or $m = 2r$. With $2r$ the weights keep their old spread.
# - *Sign*: $w \bmod m$, or $(w \bmod m) - m/2$, which is centred.
# - *Jumps*: the modulo in every step, or only once, in the start. The second network, called free,
#   begins as exactly the same function with exactly the same gradient; then its weights move freely.
#
# For small, centred and free weights nothing is left of the change: they are uniform between $-r$ and
# $r$, as in a plain network. That is the reference. We train with SGD (rate 0.1) and Adam (0.001), three
# epochs, batches of 50.

# %%
def centred(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return (w mod m) - m / 2."""
    return torch.remainder(w, m) - m / 2


def train(weight: Map, optimiser: str, start: Map = plain, modulus: Callable = lambda r: 1.0, *,
          learn_m: bool = False, bias: Map = plain, seeds: range = range(5),
          sizes: tuple[int, ...] = SIZES, epochs: int = 3) -> np.ndarray:
    """Train a network for each seed and return the accuracies on held-out digits."""
    layers = new_layers(seeds, modulus, start, sizes)
    trained = [part for layer in layers for part in layer[: 3 if learn_m else 2]]
    step = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[optimiser](
        trained, lr={"SGD": 0.1, "Adam": 0.001}[optimiser])
    shuffle = np.random.default_rng(0)
    for _ in range(epochs):
        for rows in shuffle.permutation(4000).reshape(-1, 50):
            z = outputs(layers, weight, inputs[rows].expand(len(seeds), -1, -1), bias)
            loss = torch.nn.functional.cross_entropy(
                z.flatten(0, 1), classes[rows].repeat(len(seeds)), reduction="sum") / 50
            step.zero_grad()
            loss.backward()
            step.step()
    with torch.no_grad():
        z = outputs(layers, weight, inputs[4000:].expand(len(seeds), -1, -1), bias)
    return (z.argmax(-1) == classes[4000:]).float().mean(1).numpy()


# %%
cases: dict[str, dict] = {}
for size, modulus in (("small", lambda r: 2 * r), ("large", lambda r: 1.0)):
    for sign, used in (("centred", centred), ("positive", torch.remainder)):
        free = {"weight": plain, "start": used, "modulus": modulus}
        cases[f"{size}, {sign}, free"] = free
        cases[f"{size}, {sign}, jumping"] = {"weight": used, "modulus": modulus}
cases["the thread's w mod m, m trained"] = {"weight": torch.remainder, "learn_m": True}
cases["the thread's b mod m, m trained"] = {"weight": plain, "bias": torch.remainder, "learn_m": True}


# %%
def short(run: np.ndarray) -> str:
    """Return the median accuracy of some seeds; what is low is near chance and varies."""
    median = np.median(run)
    return f"{median:.1f}" if median >= 0.3 else "< 0.3"


names = ("SGD", "Adam")
table = {case: [train(optimiser=name, **how) for name in names]
         for case, how in training.progress(cases.items())}
print("median accuracy of 5 seeds          SGD   Adam")
for case, pair in table.items():
    print(f"{case:34} {short(pair[0]):>5} {short(pair[1]):>6}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Jumps alone take the network to chance under both optimisers, even where the weights start with the spread of a plain network. Positive weights alone keep SGD near chance and cost Adam little. Size alone costs both some accuracy.", "name": "fig-modulo-weights-causes"}, "image": {"alt": "Accuracy of five seeds for ten networks, circles for SGD and crosses for Adam. Small centred free weights and b mod m lie near 0.9 for both. Small positive free weights lie near 0.1 with SGD and 0.8 with Adam. Large centred free weights lie near 0.75 and 0.6, large positive free ones near 0.1 and 0.4. All four jumping networks and the thread's w mod m lie between 0 and 0.2."}}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 5))
for row, pair in enumerate(reversed(table.values())):
    for marker, colour, shift, values in zip("ox", ("blue", "vermilion"), (0.15, -0.15), pair):
        ax.plot(values, np.full(5, row + shift), marker, mfc="none", linestyle="none",
                color=plotting.COLOURS[colour])
ax.plot([], [], "o", mfc="none", color=plotting.COLOURS["blue"], label="SGD")
ax.plot([], [], "x", color=plotting.COLOURS["vermilion"], linestyle="none", label="Adam")
ax.axvline(0.1, linestyle=":", color="black", linewidth=1, label="chance")
ax.set(xlabel="accuracy on held-out digits", xlim=(0, 1), yticks=range(10),
       yticklabels=[case.replace(", m trained", "") for case in reversed(table)])
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0))
plt.show()


# %% [markdown]
# Over 20 seeds: with jumps, 20 of 20 stay below 30%, in all four cases and with both optimisers.
# Small, positive and free, Adam brings 20 of 20 above 60%, and SGD 0 of 20. So the order is: **jumps**
# come first, as they suffice alone, whatever the optimiser. **Sign** is next: alone it keeps SGD below
# 45% in 20 of 20. **Size** is last: alone, 20 of 20 pass 60% with SGD, and 35% with Adam. Which optimiser one uses decides which of these one sees.
#
# That corrects two tellings. The gradient does not vanish: the free control starts with the same one
# and learns. And "no negative weights" is not the point either. A softmax does not change when all
# ten logits rise together, so adding a constant to each output's weights changes no answer.
# Positivity hurts here because it makes every state share one large common part, along which the loss
# is steep: a step that suits the differences is far too long for the common part. SGD's steps push
# {term}`ReLU` units below 0 for every digit, and those never move again. Adam's step does not grow with
# the gradient.
#
# And $b \bmod m$? A bias jumps too. But it has few entries, and a jump moves one unit by at most $m$,
# whatever the digit: in our runs it costs nothing.
#
# ## What the gradient does not see
#
# Take the plain start and go along minus the gradient of the loss. The symmetric modulus with $m = 2r$
# is the same function there, with the same gradient. A third network *folds*: it has the slope $\pm 1$
# and the range of the modulo, but turns round at the edge instead of jumping.

# %%
def symmetric(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return w brought into [-m / 2, m / 2) by jumps."""
    return torch.remainder(w + m / 2, m) - m / 2


def fold(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return w brought into [-m / 2, m / 2] by turning round: period 2 m, no jumps."""
    return (torch.remainder(w - m / 2, 2 * m) - m).abs() - m / 2


def sine(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return a smooth wave of the same range, with slope 1 at 0."""
    return m / 2 * torch.sin(2 * w / m)


# %%
def along(weight: Map, lengths: np.ndarray) -> np.ndarray:
    """Return the loss on 500 digits at points along minus the gradient, from a plain start."""
    layers = new_layers(range(1), lambda r: 2 * r, plain, SIZES)
    parts = [part for layer in layers for part in layer[:2]]
    loss = torch.nn.functional.cross_entropy(outputs(layers, weight, inputs[:500])[0], classes[:500])
    slope = iter(torch.autograd.grad(loss, parts))
    ways = [(w, next(slope), b, next(slope), m) for w, b, m in layers]
    with torch.no_grad():
        moved = [[(w - e * gw, b - e * gb, m) for w, gw, b, gb, m in ways] for e in lengths]
        return np.array([torch.nn.functional.cross_entropy(
            outputs(point, weight, inputs[:500])[0], classes[:500]).item() for point in moved])


lengths = np.linspace(0, 10, 41)
curves = {"free": along(plain, lengths), "modulo": along(symmetric, lengths),
          "fold": along(fold, lengths)}
for name, curve in curves.items():
    print(f"{name:7} falls by {curve[0] - curve.min():.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One start, one gradient, three landscapes. The gradient promises a descent. Free and folding weights deliver most of it; the jumping weights do not, because the promise does not include the weights that cross.", "name": "fig-modulo-weights-landscapes"}, "image": {"alt": "Loss against the length of the step along minus the gradient, 0 to 10. All three curves begin at the same point near 2.3. The free curve (solid) falls most, the folding one (dash-dotted) less, and the modulo's (dashed) stays nearly level and is ragged."}}
fig, ax = plt.subplots()
for name, curve in curves.items():
    ax.plot(lengths, curve, label=name)
ax.set(xlabel="step length (times the gradient)", ylabel="loss on 500 digits")
ax.legend()
plt.show()

# %% [markdown]
# ## A change that makes it learn
#
# The symmetric modulus needs room: as long as no weight reaches $\pm m/2$, it *is* the plain network. A
# fold or a sine needs none. We vary $m$ in multiples of $r$.

# %%
moduli = (2, 4, 8)
shapes = {"symmetric modulo": symmetric, "fold": fold, "sine": sine}
fixes = {name: [train(weight, "Adam", modulus=lambda r, k=k: k * r, seeds=range(3)) for k in moduli]
         for name, weight in training.progress(shapes.items())}
print("median accuracy, Adam, m / r =", *(f"{k:7}" for k in moduli))
for name, runs in fixes.items():
    print(f"{name:30}", *(f"{short(run):>7}" for run in runs))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "With the same range, weights that fold or follow a sine learn and weights that jump do not. A symmetric modulo learns once it is so wide that hardly any weight reaches its edge.", "name": "fig-modulo-weights-fixes"}, "image": {"alt": "Accuracy against the modulus, 2, 4 and 8 times r, three seeds each. Fold (squares) and sine (triangles) lie near 0.8 at 2 and near 0.9 at 8. The symmetric modulo (circles) lies near 0.1 at 2 and 4 and near 0.9 at 8. A dotted line marks the median of the plain network, near 0.9."}}
fig, ax = plt.subplots()
for (name, runs), marker in zip(fixes.items(), "os^"):
    ax.plot(moduli, [np.median(run) for run in runs], label=name)
    ax.plot(np.repeat(moduli, 3), np.concatenate(runs), marker, mfc="none",
            color=ax.lines[-1].get_color())
ax.axhline(np.median(table["small, centred, free"][1]), linestyle=":", color="black", label="plain")
ax.set(xlabel="modulus m, in units of r", ylabel="accuracy", ylim=(0, 1), xticks=moduli)
ax.legend(loc="lower right")
plt.show()


# %% [markdown]
# Over 20 seeds, fold and sine reach at least 70% in 20 of 20 at every $m$; the symmetric modulo stays
# below 30% in 20 of 20 at $2r$, and reaches 80% in 20 of 20 at $8r$. Periodic weights are no
# obstacle to learning; jumping ones are.
#
# ## What could fool us
#
# **Ten percent has several causes.** With SGD and a trained $m$ the network ends in NaN, since a modulus that
# passes 0 makes $\lfloor w / m \rfloor$ explode; `argmax` of NaN is class 0, a tenth of the digits. Large,
# positive, free weights end with dead units only, which answer one class as well. The same number, two
# different deaths: look at the logits.
#
# **"Gradients do not help" can be a theorem, but a different one.** {cite:t}`shalev2017` and
# {cite:t}`takhanov2025` study *targets* drawn from a large family, such as parities or
# $x \mapsto a x \bmod p$ with large $p$. There the gradient is nearly the same for every
# target, so it says almost nothing about which one it is. Here the target is an ordinary set of
# digits, and the gradient is informative up to the next jump.
#
# ## Where a modulo belongs
#
# Counting modulo $n$ is a fair wish. A recurrent network has a place for it: not in the weights but in
# the state. Rotate a state of two numbers by $2 \pi / n$ for each 1 that is read. After $n$ ones it is
# back where it was, by a smooth map without an edge. With row vectors, $h_t = h_{t-1} U$:

# %%
def rotation(angle: float) -> np.ndarray:
    """Return the U that turns a row vector by an angle."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


bits = np.random.default_rng(0).integers(0, 2, 100_000)
h, read, U = np.array([1.0, 0.0]), [], rotation(2 * np.pi / 7)
for bit in bits:
    h = h @ U if bit else h
    read.append(round(np.arctan2(h[1], h[0]) * 7 / (2 * np.pi)) % 7)
print("right after each of 100,000 steps:", (np.array(read) == bits.cumsum() % 7).all())
print("length of h still 1 within 1e-9:", abs(np.hypot(*h) - 1) < 1e-9)


# %% [markdown]
# The leaky counter of [chapter 6](06_lstm_gates_at_work.md) lost the count after some dozens of steps.
# This one forgets nothing, because a rotation changes no length. It is a linear recurrence
# whose $U$ depends on the input. {cite:t}`grazzi2025` prove that in finite precision such recurrences
# cannot count modulo 2 if all eigenvalues of $U$ are positive, and cannot count modulo 3 if $U$ is
# triangular. A rotation is neither.
#
# ## Exercises
#
# :::{admonition} Exercise 1 · A long-run mean
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Predict*. Write `cycle_loss(target, m)`: the mean loss in
# the long run of one weight, $L = (w \bmod m - w^*)^2$, under descent with a very small rate, for
# $m > 0$ and any target $w^*$ other than 0 and $m$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cycle_loss", "solution": true}
def cycle_loss(target: float, m: float) -> float:
    """Return the mean loss of one modulo weight in the long run."""
    ### BEGIN SOLUTION
    if 0 < target < m:
        return 0.0
    near, far = sorted([abs(target), abs(target - m)])
    return float((far**2 - near**2) / (2 * np.log(far / near)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "cycle_loss-check", "grade": true, "points": 1}
checks.cycle_loss(cycle_loss)


# %% [markdown]
# :::{admonition} Exercise 2 · The gradient of the symmetric modulus
# :class: exercise
# Difficulty 3 of 5, 10 minutes. Practises: *Derive*. Write `symmetric_gradients(w, m)` with NumPy. For
# arrays $w$ and $m > 0$ of one shape it returns a pair of arrays of that shape: the derivatives of
# $((w + \frac m2) \bmod m) - \frac m2$ with respect to $w$ and to $m$. No $w$ lies on a jump.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "symmetric_gradients", "solution": true}
def symmetric_gradients(w: np.ndarray, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivatives of the symmetric modulus in w and in m."""
    ### BEGIN SOLUTION
    return np.ones_like(w), -np.floor(w / m + 0.5)
    ### END SOLUTION


# %% nbgrader={"grade_id": "symmetric_gradients-check", "grade": true, "points": 2}
checks.symmetric_gradients(symmetric_gradients)


# %% [markdown]
# :::{admonition} Exercise 3 · Two counters in one state
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Build*. Write `two_counters(p, q)`. It returns one matrix
# $U$ of shape (4, 4) for $h_t = h_{t-1} U$ with row vectors and $h_0 = (1, 0, 1, 0)$. After $t$ steps the
# first two entries of $h_t$ are cosine and sine of $2 \pi t / p$, the last two of $2 \pi t / q$. After how
# many steps does such a state come back, for $p = 3$ and $q = 5$?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "two_counters", "solution": true}
def two_counters(p: int, q: int) -> np.ndarray:
    """Return the recurrent weights of a counter modulo p beside one modulo q."""
    ### BEGIN SOLUTION
    U = np.zeros((4, 4))
    U[:2, :2], U[2:, 2:] = rotation(2 * np.pi / p), rotation(2 * np.pi / q)
    return U
    ### END SOLUTION


# %% nbgrader={"grade_id": "two_counters-check", "grade": true, "points": 1}
checks.two_counters(two_counters)

# %% [markdown]
# :::{dropdown} One answer
# After 15, the least common multiple: the pair of counts tells apart all numbers modulo 15.
# :::
#
# :::{admonition} Exercise 4 · Learn the angle (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Predict*, *Build*. Let descent find the angle $\theta$ of
# the counter. The inputs are all ones, $\theta^* = 2 \pi / 7$, and the loss is the mean over $t = 1, \dots,
# T$ of $|h_t(\theta) - h_t(\theta^*)|^2$, which is $2 - 2 \cos(t (\theta - \theta^*))$. From which share of random
# starts do you expect success for $T = 1, 10, 100$? Measure with 1,000 starts, and say how you would train.
# :::

# %% [markdown] nbgrader={"grade_id": "angle", "solution": true, "grade": true, "points": 3}
# *Your answer here: prediction, measurement, and a way to train.*

# %% [markdown]
# :::{dropdown} One answer
# The loss is $2 - \frac2T \sum_t \cos(t \delta)$ with $\delta = \theta - \theta^*$, a wave with about
# $T$ valleys on the circle. Only the one around 0 reaches loss 0, and its rims are near
# $\delta = \pm 4.49 / (T + \frac12)$, so about $1.43 / (T + \frac12)$ of the starts succeed. At a rate of
# $1 / (2\, \overline{t^2})$, one over the curvature at 0, we measured 1.00, 0.14 and 0.011 of 1,000 starts for
# $T = 1, 10, 100$, where the formula says 0.95, 0.14 and 0.014. So a smooth modulo can be written down more easily than learned from long sequences. Training first on $T = 1$,
# then on longer ones, starts every run inside the right valley.
# :::
#
# :::{admonition} Exercise 5 · One hidden layer less (open)
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Separate*. Give `train` the argument
# `sizes=(784, 32, 10)`. Predict which of the ten rows change. Does the thread's layer still stay
# at chance with Adam? Which control tells you why?
# :::

# %% [markdown] nbgrader={"grade_id": "two-layers", "solution": true, "grade": true, "points": 3}
# *Your answer here: what you predicted, what you measured, and what the controls say.*

# %% [markdown]
# :::{dropdown} One answer
# With Adam, medians of 20 seeds: large positive free 0.56, large centred free 0.62, and both jumping
# versions and the thread's layer 0.10. With SGD: 0.16, 0.78, and 0.10 to 0.15 for those that jump; all of
# them stay below 30% for 19 of 20 seeds; with the last seed one reaches 32%. So one layer less
# softens the sign and the size and leaves the jumps. It is a matter of time, too: with one $m$ for a whole
# layer (`lambda w, m: torch.remainder(w, m.mean())`, `learn_m=True`), trained by Adam for `epochs=25`, all
# of 20 seeds pass 0.5. So "falls to 10%" is a statement about a depth, an
# optimiser and a number of epochs.
# :::

# %% [markdown]
# ## What we saw
#
# - *Derive*: the remainder has the slopes 1 in $w$ and $-\lfloor w/m \rfloor$ in $m$, and all three
#   frameworks give them. What no gradient holds is the jump.
# - *Predict*: a weight whose target lies outside the range goes round for ever, at a mean loss in closed
#   form. A network of positive weights of size 1 starts with a loss near 3,000.
# - *Separate*: jumps alone bring chance with SGD and Adam; positive weights alone bring it with SGD; size
#   alone costs accuracy. Folding in place of jumping repairs it.
# - *Build*: a rotation keeps a count modulo $n$ in the state, exactly and without an edge.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`modulo_thread`: the question this chapter answers.
# - {cite:t}`shalev2017`: four ways in which gradient-based learning fails, with small experiments.
# - {cite:t}`takhanov2025`: why gradients say little about modular multiplication.
# - {cite:t}`grazzi2025`: which counts a linear recurrence can keep, by its eigenvalues.
