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
# # Why does a network with modulo weights not learn?
#
# A layer stores a weight $w$ and uses $w \bmod m$, the remainder: what falls below 0 comes in again at $m$. Take
# $m = 1$ and one weight, and let {term}`gradient descent` bring the used weight to a target.
#
# :::{admonition} Predict first 1
# :class: predict
# The target is $-0.3$, below the range. Between two jumps the slope of the loss is right. Where does descent end?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One stored weight, the weight that the layer uses, and descent between them.", "name": "fig-modulo-weights-live"}} jupyter={"source_hidden": true}
from course_utils import data, live, plotting, training

plotting.use_style()
live.Sawtooth(-0.3)

# %% [markdown]
# Then try the target 0.7, and a fold, which turns round at $\pm m/2$ instead of jumping.
#
# :::{dropdown} Answer 1
# Nowhere. The used weight falls to 0, the cheapest place, and one step further it is thrown up to 1, the dearest. The
# nearest weight is the edge of a cliff, so descent goes round for ever. The target 0.7 is reached and kept. A fold
# reaches $-0.3$. It cannot reach 0.7, but it stays at 0.5, the nearest weight.
# :::
#
# A question in a thread {cite:p}`modulo_thread` puts such weights in a network: $y = x\,(w \bmod m) + b$, where $w$, $m$
# and $b$ are trained and $m$ has the shape of $w$. On handwritten digits the accuracy falls to 10%, chance. With
# $y = x w + (b \bmod m)$ nothing bad happens. Why? Three answers come to mind: the remainder has no useful gradient; the
# weights are now large and positive; the weights jump.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Predict* what gradient descent does to one modulo weight.
# - *Derive* the gradient of a remainder with respect to both of its arguments.
# - *Separate* causes that come together (size, sign, jumps) by controls that change one at a time.
# :::
#
# **Time:** about 30 minutes, and 65 for the exercises; the code runs in about 30 seconds.
# **Needs:** the chain rule, an integral; gradient descent as in [chapter 1](01_linear_rnn_sum.md).

# %%
from course_utils.checks import modulo_weights as checks

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional


# %% [markdown]
# ## What going round costs
#
# If the target lies outside, its distance is *near* from one edge of $[0, m)$ and *far* from the other. A round begins
# at the far edge and ends at the near one. A small step multiplies the distance $d$ between used weight and target by
# nearly 1, so that in a round $d$ decays from far to near, after $n$ steps with {term}`learning rate` $\eta$ as
# $e^{-2 \eta n}$.
#
# :::{admonition} Exercise 1 · A long-run mean
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Predict*. Write `cycle_loss(target, m)`: the mean loss in
# the long run of one weight, $L = (w \bmod m - w^*)^2$ with target $w^*$, under descent with a very small
# learning rate, for $m > 0$ and any target other than 0 and $m$.
# :::
#
# :::{dropdown} Hint 1
# How many steps is a round? And what does descent pay for a target inside?
# :::
#
# :::{dropdown} Hint 2
# In units of $1 / \eta$ steps, $\frac12 \ln(\text{far} / \text{near})$. Integrate $d^2$ over a round, and divide.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cycle_loss", "solution": true} jupyter={"source_hidden": true}
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

# %%
for target in (0.7, -0.3, 1.4):
    path = live.weight_path("modulo", target, 0.5, 0.01, 4_000)[2_000:]
    losses = (live.used_weight("modulo", path) - target) ** 2
    print(f"target {target:4}: mean loss predicted "
          f"{cycle_loss(target, 1):.2f}, measured {losses.mean():.2f}")


# %% [markdown]
# The best loss for the target $-0.3$ is $0.3^2 = 0.09$. Descent pays six times as much. (Where the
# measured loss is a little larger, the step of 0.01 is not small enough; with 0.001 it is 0.72.)
#
# ## The gradient is there
#
# :::{admonition} Exercise 2 · The gradient of a remainder
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Derive*. Write $\lfloor \cdot \rfloor$ for rounding down. Then
# $w \bmod m = w - m \lfloor w / m \rfloor$. What are its derivatives with respect to $w$ and to $m$? Then write
# `symmetric_gradients(w, m)` with NumPy, for the *symmetric* remainder $((w + \frac m2) \bmod m) - \frac m2$, which
# lies between $-m/2$ and $m/2$. For arrays $w$ and $m > 0$ of one shape it returns a pair of arrays of that shape: the
# derivatives with respect to $w$ and to $m$. No $w$ lies on a jump.
# :::
#
# :::{dropdown} Hint 1
# Between two jumps $\lfloor w / m \rfloor$ is constant.
# :::
#
# :::{dropdown} Hint 2
# For the remainder the derivatives are 1 and $-\lfloor w / m \rfloor$. Now put $w + \frac m2$ in the place of $w$,
# and use the chain rule.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "symmetric_gradients", "solution": true} jupyter={"source_hidden": true}
def symmetric_gradients(w: np.ndarray, m: np.ndarray):
    """Return the derivatives of the symmetric remainder in w and in m."""
    ### BEGIN SOLUTION
    return np.ones_like(w), -np.floor(w / m + 0.5)
    ### END SOLUTION


# %% nbgrader={"grade_id": "symmetric_gradients-check", "grade": true, "points": 2}
checks.symmetric_gradients(symmetric_gradients)


# %%
def slopes(function: Callable, w: float, m: float) -> list[float]:
    """Return the value and the derivatives in w and m."""
    pair = torch.tensor([w, m], requires_grad=True)
    value = function(*pair)
    return [value.item(), *torch.autograd.grad(value, pair)[0].tolist()]


# %%
print("m = 1                value, d/dw, d/dm")
for w in (-0.3, 1.4, -2.5, 2.0):
    row = "".join(f"{v + 0:6.1f}" for v in slopes(torch.remainder, w, 1.0))
    print(f"remainder at {w:4}: {row}")

# %% [markdown]
# The derivatives in $w$ and $m$ are 1 and $-\lfloor w / m \rfloor$. At $w = 2$ the remainder jumps by $-1$, and its
# gradient says 1, as everywhere. The jump is all that the gradient hides.
#
# ## The network at its start
#
# The network has 784 pixels, two hidden layers of 32 {term}`ReLU` units and 10 logits. Stored weights of a layer with
# $n$ inputs are drawn between $-r$ and $r$, $r = 1 / \sqrt n$.

# %%
images, labels = data.mnist_digits()
inputs = torch.tensor(images.reshape(-1, 784))
classes = torch.tensor(labels)
SIZES = (784, 32, 32, 10)


def plain(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return the stored weights as they are."""
    return w


# %%
def new_layers(seeds, modulus, start=plain, sizes=SIZES) -> list:
    """Return [w, b, m] for each layer; the first axis is the networks."""
    layers = []
    for n, k in zip(sizes, sizes[1:]):
        r, shape = n**-0.5, (n + 1, k)
        drawn = [np.random.default_rng([seed, n, k]).uniform(-r, r, shape)
                 for seed in seeds]
        w, b = torch.tensor(np.array(drawn)).float().split([n, 1], dim=1)
        m = torch.full_like(w, modulus(r))
        layers.append([start(w, m).clone(), b.clone(), m])
    return layers


# %%
def outputs(layers: list, weight: Callable, x: torch.Tensor, bias=plain):
    """Return the logits, shape (networks, count, 10)."""
    for i, (w, b, m) in enumerate(layers):
        x = (x.relu() if i else x) @ weight(w, m) + bias(b, m[:, :1])
    return x


# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# With $m = 1$, half of the stored weights are a little below 0. Where are the used weights? A digit's
# pixels add up to about 102. How large are the first layer's pre-activations, the second's and the
# logits?
# :::

# %%
start = new_layers(range(5), lambda r: 1.0)
for layer in (1, 2, 3):
    z = outputs(start[:layer], torch.remainder, inputs[4000:])
    print(f"layer {layer}: mean {z.mean().item():7,.0f}")
loss = functional.cross_entropy(z.flatten(0, 1), classes[4000:].repeat(5))
print(f"loss: {loss.item():,.0f}")


# %% [markdown]
# :::{dropdown} Answer 2
# Half lie in $[0, r)$ and half in $(1 - r, 1)$: mean $1/2$, all positive, so no ReLU cuts anything. The first layer has
# means near $102 / 2 = 51$. Each later layer multiplies by $32 / 2$: 820, then 13,000. A blank network has a
# loss of $\ln 10 = 2.3$; this one begins near 3,000.
# :::
#
# ## One change at a time
#
# The weights have become *large* (of size 1, not $r$), *positive*, and they *jump*. The controls change one at a time,
# with $m$ held fixed.
#
# - *Size*: $m = 1$ or $m = 2r$. With $2r$ the weights keep their old spread.
# - *Sign*: $w \bmod m$, or *centred*, $(w \bmod m) - m/2$.
# - *Jumps*: the modulo in every step, or only once, in the start. The second kind, *free*, begins as
#   the same function with the same gradient; then its weights move freely.
# - *Room*: a symmetric remainder with $m = 8r$. It jumps too, but no weight begins near a jump.
#
# Small, centred and free is a plain network. One control is missing: weights with the slope and the range of a plain
# network's, turning round instead of jumping.
#
# :::{admonition} Exercise 3 · Turn round
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Separate*. Write `fold(w, m)` for tensors of one shape with PyTorch. From
# $-m/2$ to $m/2$ it is $w$. Beyond it turns round: just above $m/2$ it falls again, with slope $-1$, and so on, with
# period $2m$ and without a jump. The chapter trains with it.
# :::
#
# :::{dropdown} Hint 1
# A remainder by $2m$ gives the period. What is the distance of that remainder from $m$?
# :::
#
# :::{dropdown} Hint 2
# `(torch.remainder(w, 2 * m) - m).abs()` is a triangle from 0 to $m$. Shift it so that 0 goes to 0 and the slope
# there is 1.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "fold", "solution": true} jupyter={"source_hidden": true}
def fold(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return w brought into [-m / 2, m / 2] by turning round."""
    ### BEGIN SOLUTION
    return (torch.remainder(w - m / 2, 2 * m) - m).abs() - m / 2
    ### END SOLUTION


# %% nbgrader={"grade_id": "fold-check", "grade": true, "points": 1}
checks.fold(fold)


# %%
def centred(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return (w mod m) - m / 2."""
    return torch.remainder(w, m) - m / 2


def symmetric(w: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Return w brought into [-m / 2, m / 2) by jumps."""
    return torch.remainder(w + m / 2, m) - m / 2


OPTIMISERS = {"SGD": lambda weights: torch.optim.SGD(weights, 0.1),
              "Adam": lambda weights: torch.optim.Adam(weights, 0.001)}


# %% [markdown]
# We train on 4,000 digits with SGD (rate 0.1) or Adam (0.001), three epochs, batches of 50, and test on 1,000.
# Below 0.3 we say *fails*, above 0.7 *learns*.

# %%
def fit(layers, weight, optimiser, train="wb", bias=plain, epochs=3):
    """Train, and return the accuracy of each network on new digits."""
    parts = [layer["wbm".index(part)].requires_grad_()
             for layer in layers for part in train]
    step = OPTIMISERS[optimiser](parts)
    shuffle = np.random.default_rng(0)
    for _ in training.progress(range(epochs), "epochs"):
        for rows in shuffle.permutation(4000).reshape(-1, 50):
            step.zero_grad()
            z = outputs(layers, weight, inputs[rows], bias)
            y = classes[rows].expand(len(z), -1)
            loss = functional.cross_entropy(z.mT, y, reduction="sum") / 50
            loss.backward()
            step.step()
    z = outputs(layers, weight, inputs[4000:], bias)
    return (z.argmax(-1) == classes[4000:]).float().mean(1).numpy()


# %%
cases = {}  # the weight in use, m by r, and what is done to the drawn w
for size, modulus in (("small", lambda r: 2 * r), ("large", lambda r: 1.0)):
    for sign, used in (("centred", centred), ("positive", torch.remainder)):
        cases[f"{size}, {sign}, free"] = plain, modulus, used
        cases[f"{size}, {sign}, jumping"] = used, modulus, plain
cases["small, centred, folding"] = fold, lambda r: 2 * r, plain
cases["wide (8r), centred, symmetric"] = symmetric, lambda r: 8 * r, plain
table = {}


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# The rows: small or large, positive or centred, jumping or free; a fold; a wide one. Which of the ten fail with both
# optimisers? Which cause is enough for that alone?
# :::

# %%
def verdict(accuracies: np.ndarray) -> str:
    """Say what the median is: below 0.3, below 0.7, or above."""
    place = np.searchsorted([0.3, 0.7], np.median(accuracies))
    return ("fails", "partly", "learns")[place]


# %%
untrained = fit(
    new_layers(range(20), lambda r: 1.0), plain, "SGD", epochs=0)
print(f"20 untrained networks: up to {untrained.max():.2f}\n")
print("three seeds                       SGD    Adam")
for case, (weight, modulus, used) in training.progress(cases.items()):
    table[case] = [fit(new_layers(range(3), modulus, used), weight, name)
                   for name in ("SGD", "Adam")]
    print(f"{case:30}", *(f"{verdict(runs):>7}" for runs in table[case]))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The four networks whose weights begin beside a jump fail, also with the small centred weights of a plain network. With the same range and slope, what folds learns.", "name": "fig-modulo-weights-causes"}, "image": {"alt": "Accuracy of three seeds for ten networks, circles for SGD and crosses for Adam. Small centred free weights, folding ones and wide ones lie near 0.8 to 0.9 for both. Small positive free weights lie near 0.2 with SGD and 0.8 with Adam. Large centred free weights lie near 0.75 and 0.6, large positive free ones near 0.1 and 0.4. The four that jump lie at the dotted line, 0.1, or just above."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 5))
looks = (("SGD", "o", "blue", 0.15), ("Adam", "x", "vermilion", -0.15))
for row, pair in enumerate(reversed(table.values())):
    for (name, marker, colour, shift), runs in zip(looks, pair):
        ax.plot(runs, np.full(len(runs), row + shift), marker, mfc="none",
                linestyle="none", color=plotting.COLOURS[colour],
                label=name if row == 0 else None)
ax.axvline(0.1, linestyle=":", color="black", linewidth=1, label="chance")
ax.set(xlabel="accuracy on new digits", xlim=(0, 1))
ax.set(yticks=range(len(table)), yticklabels=list(reversed(table)))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0))
plt.show()


# %% [markdown]
# :::{dropdown} Answer 3
# At these rates, each for 20 of 20 seeds:
#
# - **Jumps** suffice alone. The four that begin beside one stay below 25%, with Adam at chance; small weights that fold
#   pass 70%.
# - **Sign** alone keeps SGD below 60%. Size alone lets it pass 60%.
# - **Size** alone costs Adam more than the sign alone.
# :::
#
# Whether sign or size costs more is a matter of optimiser and rate: with Adam at 0.01 the order turns round, in 20 of 20.
# At every rate we tried the jumps harm. So "no useful gradient" is wrong: small centred free networks start with the same
# gradient as those that jump, and learn.
#
# ## What the gradient does not see
#
# Take the plain start and go along minus the gradient of the loss. Symmetric remainder and fold with $m = 2r$ are the
# same function there, with the same gradient.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show the walk along the gradient", "code_prompt_hide": "Hide the walk along the gradient"} jupyter={"source_hidden": true}
def along(weight: Callable, lengths: np.ndarray) -> np.ndarray:
    """Return the loss on 500 digits along minus the gradient."""
    x, y = inputs[:500], classes[:500]
    layers = new_layers(range(1), lambda r: 2 * r)
    parts = [p.requires_grad_() for w, b, _ in layers for p in (w, b)]
    loss = functional.cross_entropy(outputs(layers, weight, x)[0], y)
    slopes = iter(torch.autograd.grad(loss, parts))
    ways = [(w, next(slopes), b, next(slopes), m) for w, b, m in layers]
    with torch.no_grad():
        moved = [[(w - e * gw, b - e * gb, m) for w, gw, b, gb, m in ways]
                 for e in lengths]
        return np.array([functional.cross_entropy(
            outputs(point, weight, x)[0], y).item() for point in moved])


# %%
lengths = np.linspace(0, 10, 41)
curves = {name: along(weight, lengths) for name, weight in
          {"free": plain, "modulo": symmetric, "fold": fold}.items()}
for name, curve in curves.items():
    print(f"{name:7} falls by {curve[0] - curve.min():.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One start, one gradient, three landscapes. What folds falls most of the way; what jumps hardly falls, because no gradient tells of the weights that cross.", "name": "fig-modulo-weights-landscapes"}, "image": {"alt": "Loss against the length of the step along minus the gradient, 0 to 10. All three curves begin at the same point near 2.3. The free curve (solid) falls most, the folding one (dash-dotted) less, and the modulo's (dashed) stays nearly level and is ragged."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
for name, curve in curves.items():
    ax.plot(lengths, curve, label=name)
ax.set(xlabel="step length (times the gradient)",
       ylabel="loss on 500 digits")
ax.legend()
plt.show()


# %% [markdown]
# The wide modulo learns while it has room: until a weight reaches $\pm m/2$, it *is* the plain network. Adam at
# 0.01 takes weights there, and it stays below 25% in 20 of 20.
#
# ## The thread trains m, too
#
# :::{admonition} Predict first 4
# :class: predict
# Each weight has an $m$ of its own, trained from 1. Take a $w$ just below 0. How far can it move before its used weight
# jumps, and how far can $m$?
# :::

# %%
def thread(train: str, seeds=range(3)) -> tuple[np.ndarray, bool]:
    """Return accuracies, and whether any weight ended beyond a jump."""
    layers = new_layers(seeds, lambda r: 1.0)
    before = [(w / m).floor() for w, _, m in layers]
    right = fit(layers, torch.remainder, "Adam", train, epochs=25)
    now = [(w / m).floor() for w, _, m in layers]
    return right, any((a != b).any() for a, b in zip(before, now))


# %%
for name, train in {"w": "wb", "w and m": "wbm", "m alone": "bm"}.items():
    right, crossed = thread(train)
    print(f"{name:8} above 0.65: {(right > 0.65).sum()} of 3, "
          f"weights beyond a jump: {'some' if crossed else 'none'}")

# %% [markdown]
# :::{dropdown} Answer 4
# Just below 0, $w \bmod m$ is $w + m$: $m$ is a second weight. But $w$ lies within $r$ of a jump, while $m$ can fall from
# 1 to $|w|$, nearly to 0, and not meet any.
# :::
#
# Half of the weights have a stand-in that does not jump. After three epochs the thread's own layer is still at chance, after
# 25 it reaches 15% to 65% (20 seeds, median 40%); with $m$ fixed all stay below 25%. $w$ only disturbs: freeze it,
# train $m$ alone, and 20 of 20 pass 65%, each above its twin with both trained.
#
# ## What could fool us
#
# **Ten percent has several causes.** With SGD and a trained $m$, an $m$ that passes 0 makes $\lfloor w / m \rfloor$
# explode, and the network ends in NaN: `argmax` of NaN is class 0, a tenth of the digits. With large, positive, free
# weights SGD leaves a layer of dead units, which are 0 for every digit.

# %%
layers = new_layers(range(1), lambda r: 1.0)
fit(layers, torch.remainder, "SGD", "wbm")
logits = outputs(layers, torch.remainder, inputs[4000:])
print("SGD, m trained, all logits NaN:", logits.isnan().all().item())
layers = new_layers(range(1), lambda r: 1.0, torch.remainder)
fit(layers, plain, "SGD")
alive = [(outputs(layers[:k], plain, inputs[4000:]) > 0).any().item()
         for k in (1, 2)]
print("SGD, large, positive, free, a layer is dead:", not all(alive))

# %% [markdown]
# **The thread's $b \bmod m$ jumps, too.** And yet:

# %%
for name in ("SGD", "Adam"):
    layers = new_layers(range(3), lambda r: 1.0)
    runs = fit(layers, plain, name, "wbm", bias=torch.remainder)
    print(f"b mod m, {name}: {verdict(runs)}")

# %% [markdown]
# Each unit has one $b$. If one or four small *weights* of each unit jump, that costs little either; 16 cost a few points,
# and all of them everything (four seeds).
#
# **One learning rate.** Over a hundredfold range of rates (SGD) and a thousandfold one (Adam) small centred weights that
# jump stay below 25% after ten epochs, and folding ones are ahead (four seeds each).
#
# ## One open question
#
# :::{admonition} Exercise 4 · One hidden layer less (open)
# :class: exercise
# Difficulty 3 of 5, 20 minutes. Practises: *Separate*. Give `new_layers` the argument
# `sizes=(784, 32, 10)`. Predict which rows of the table change. Does the thread's layer still stay
# at chance with Adam after three epochs? Which control tells you why?
# :::

# %% [markdown] nbgrader={"grade_id": "two-layers", "solution": true, "grade": true, "points": 3}
# *Your answer here: what you predicted, what you measured, and what the controls say.*

# %% [markdown]
# :::{dropdown} One answer
# Medians of 20 seeds with Adam, and in brackets those of the chapter's network: large positive free 0.56 (0.41), large
# centred free 0.62 (0.56), both jumping versions and the thread's layer 0.10 (0.10). Those that jump stay below 35% for
# 20 of 20 seeds, with SGD too. So one layer less helps large positive weights with Adam, changes little else, and leaves
# the jumps. The thread's layer stays at chance. The control is its free twin, large and positive: it starts as the same
# function, and with Adam it learns.
# :::

# %% [markdown]
# ## What we saw
#
# - *Predict*: a weight whose target lies outside the range goes round for ever, at a mean loss in closed form.
# - *Derive*: the remainder has the slopes 1 in $w$ and $-\lfloor w/m \rfloor$ in $m$. What no gradient holds is the jump.
# - *Separate*: jumps suffice alone. Whether sign or size costs more depends on the rate. Folding in place of jumping
#   repairs it; training $m$ without $w$ helps.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`modulo_thread`: the question this chapter answers.
# - {cite:t}`shalev2017` and {cite:t}`takhanov2025`: targets of which the gradient says almost nothing.
# - {cite:t}`grazzi2025`: which counts a linear recurrence can keep. There a modulo belongs: a state that turns by
#   $2 \pi / n$ counts modulo $n$, and has no edge.
