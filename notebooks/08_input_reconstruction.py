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
# # Which input gives this output?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Find* an input for a wanted output by gradient descent, in NumPy, TensorFlow and PyTorch, for
#   one target or for 10,000.
# - *Predict* from the weights which step sizes converge, and after how many steps.
# - *Choose* a loss that a saturated sigmoid does not stall, and recognise a target without an input.
# - *Separate* what the output says about the input from what the start of the descent put there.
# :::
#
# **Time:** about 50 minutes, and 75 for the exercises; the code runs in about 20 seconds.
# **Needs:** NumPy arrays, the chain rule, a straight-line fit; for one section, singular values.
#
# Training changes the weights until the outputs fit. Now freeze the weights and change the input,
# until the output is the one we want. {cite:t}`kindermann1990` call it the inversion of a
# network. A blog post {cite:p}`rnn_toy_model` tries it on the smallest case, one linear unit, poses
# the case of a sigmoid, and stops. We repeat its case, find why it was slow, and go on.

# %% [markdown]
# ## A line to invert
#
# The data are 100 points: $x$ is uniform between 0 and 1000, and $y = 0.4\,x - 50\,r$ with $r$ uniform
# between 0 and 1. The noise pulls down by 25 on average, so a line $\hat y = W x + b$ should have
# $W$ near 0.4 and $b$ near $-25$. Here $W$ is the {term}`input weight` and $b$ the {term}`bias`.

# %%
from course_utils import data, inversion, live, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import input_reconstruction as checks

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch

plotting.use_style()
training.seed_everything(0)
x, y = data.noisy_line(100, seed=0)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The outputs rise by about 0.4 for each unit of input and scatter over a band 50 high.", "name": "fig-input-reconstruction-data"}, "image": {"alt": "Scatter plot of 100 points. Inputs run from 0 to 1000, outputs from about -40 to 380. The points lie in a straight rising band of constant height."}}
fig, ax = plt.subplots()
ax.plot(x, y, "o", alpha=0.7)
ax.set(xlabel="input x", ylabel="output y")
plt.show()

# %% [markdown]
# Least squares solves for the line at once.

# %%
columns = np.column_stack([x, np.ones(len(x))])
W, b = np.linalg.lstsq(columns, y, rcond=None)[0]
print(f"W = {W:.3f}   b = {b:.1f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The fitted line runs through the middle of the band. It is the function we invert.", "name": "fig-input-reconstruction-line"}, "image": {"alt": "The same scatter plot with a straight line through the middle of the points, from -20 at input 0 to 368 at input 1000."}}
ends = np.array([0.0, 1000.0])
fig, ax = plt.subplots()
ax.plot(x, y, "o", alpha=0.7, label="data")
ax.plot(ends, W * ends + b, "--", label="least squares")
ax.set(xlabel="input x", ylabel="output y")
ax.legend()
plt.show()

# %% [markdown]
# ## Why the post trained for 100,000 epochs
#
# The post trained with the {term}`optimiser` {term}`Adam` {cite:p}`kingma2015` for 100,000 {term}`epochs <epoch>`, each
# on all points. The inputs up to 1000 look guilty: they make the loss, the mean squared error, a long
# and narrow bowl. Its second derivatives form the {term}`Hessian`
#
# $$H = 2 \begin{pmatrix} \overline{x^2} & \overline{x} \\ \overline{x} & 1 \end{pmatrix},$$
#
# where a bar is the mean over the points. Its trace is about 666,669 and its determinant 333,333, so
# its {term}`eigenvalues <eigenvalue>` are near 666,668 and 0.5, and their ratio $\kappa$, the {term}`condition number`, is
# near 1.3 million. Plain {term}`gradient descent` at the best {term}`learning rate`, 2 over their sum, shrinks the error
# by $(\kappa - 1) / (\kappa + 1)$ a step.

# %%
hessian = 2 * columns.T @ columns / len(x)
low, high = np.linalg.eigvalsh(hessian)
best, weights = np.array([W, b]), np.zeros(2)
for _ in range(100_000):
    weights = weights - 2 / (low + high) * hessian @ (weights - best)
left = np.linalg.norm(weights - best) / np.linalg.norm(best)
predicted = ((high - low) / (high + low)) ** 100_000
print(f"condition number {high / low / 1e6:.1f} million\nerror left after "
      f"100,000 steps: predicted {predicted:.3f}, measured {left:.3f}")


# %% [markdown]
# Standardise $x$ (subtract the mean, divide by the standard deviation): $H = 2 I$, where $I$ is the
# identity, and $\kappa = 1$. One step at a rate of $1/2$ goes from anywhere straight to the minimum.

# %%
def standard(values: np.ndarray) -> np.ndarray:
    """Return the values with mean 0 and standard deviation 1."""
    return (values - values.mean()) / values.std()


model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.5), loss="mse")
model.fit(standard(x)[:, None], y, batch_size=100, epochs=1, verbose=0)
(slope,), (height,) = [weight.ravel() for weight in model.get_weights()]
print(f"after 1 step: W = {slope / x.std():.3f}   "
      f"b = {height - slope * x.mean() / x.std():.1f}")

# %% [markdown]
# But the post used Adam. It divides a slope by the recent size of such slopes, so a step is about as
# long as the rate, 0.001, whatever the slope.
#
# :::{admonition} Predict first 1
# :class: predict
# Keras starts $W$ evenly between $-\sqrt 3$ and $\sqrt 3$, and $b$ at 0. You may standardise $x$, $y$,
# both or neither; most people scale the inputs. At least how many epochs does Adam need each time?
# :::
#
# :::{dropdown} Answer 1
# The longest walk of a weight, over 0.001. As they are, $b$ ends near $-25$: 25,000. With $x$
# standardised, $b$ ends at the mean of $y$, 175: seven times as many. With $y$ standardised (its
# deviation is 116), $b$ ends at $(-25 - 175) / 116$: 1,700. With both, $W$ ends near 1: at most 2,700.
# :::
#
# We count epochs until the loss is within 0.1% of its best, a rule that no scaling moves, for 20
# draws of points and starts; and again with a memory of 10 epochs, almost none.

# %%
from itertools import count


def count_epochs(H, away, near) -> np.ndarray:
    """Return the epochs until losses are near their best, by memory."""
    memory = np.array([0.999, 0.9]).reshape(2, 1, 1, 1)
    mean, square, epochs = 0.0, 0.0, np.zeros((2, *near.shape))
    going = epochs == 0
    for epoch in count(1):
        slope = H @ away
        going &= (away * slope).sum(-2) / 2 > near
        if not going.any():
            return epochs
        epochs += going
        mean = 0.9 * mean + 0.1 * slope
        square = memory * square + (1 - memory) * slope**2
        size = np.sqrt(square / (1 - memory**epoch)) + 1e-7
        away = away - 0.001 * mean / (1 - 0.9**epoch) / size


# %%
def adam(pairs, start) -> np.ndarray:
    """Return walk / 0.001, that plus 2000 ln(G / g), and both epochs."""
    rows = np.stack([np.column_stack([x, x**0]) for x, _ in pairs])
    y = np.stack([y for _, y in pairs])[..., np.newaxis]
    best, H = np.linalg.pinv(rows) @ y, 2 * rows.swapaxes(1, 2) @ rows / 100
    near, away = 0.001 * ((rows @ best - y) ** 2).mean(1), start - best
    walk, G = np.abs(away).max(1), np.abs(H @ away)[:, 1]
    g = np.linalg.eigvalsh(H)[:, :1] * walk
    more = walk / 0.001 + 2000 * np.log(np.maximum(1, G / g))
    return np.stack([walk / 0.001, more, *count_epochs(H, away, near)])


# %%
draws = [data.noisy_line(100, seed=seed) for seed in range(20)]
start, same, runs = np.zeros((20, 2, 1)), np.asarray, {}
start[:, 0, 0] = np.random.default_rng(0).uniform(-(3**0.5), 3**0.5, 20)
cases = {"as they are": (same, same, start),
         "x / 100": (lambda x: x / 100, same, start),
         "x standardised": (standard, same, start),
         "y standardised": (same, standard, start),
         "the same, W = 0": (same, standard, 0 * start),
         "both standardised": (standard, standard, start)}

# %%
print("epochs / 1000        walk + memory   Adam: median, range  no memory")
for name, (f, g, begin) in training.progress(cases.items(), "scales"):
    runs[name] = adam([(f(x), g(y)) for x, y in draws], begin) / 1000
    walk, more, middle, short = np.median(runs[name], axis=(1, 2))
    low, high = runs[name][2].min(), runs[name][2].max()
    print(f"{name:18} {walk:6.1f} {more:8.1f} {middle:7.1f}, {low:5.1f} to"
          f" {high:5.1f} {short:10.1f}")
least = min((run[2] / run[0]).min() for run in runs.values())
print(f"least epochs / walk: {least:.2f}")


# %% [markdown]
# Most people's choice is the slowest: standardising $x$ alone makes Adam *slower*, for 20 of 20 draws,
# though $\kappa$ falls from a million to 1. What decides is how far from the start the weights end, so
# scale $y$ too. No run is shorter than its walk. A narrow bowl adds two things to it.
#
# *Memory.* Adam's mean of squared slopes keeps 0.999 an epoch, so its root falls by a factor $e$ in
# 2,000 epochs. From a wrong $W$ the first slope of $b$ has size $G$; on the floor of the bowl, of
# curvature 0.5, it has $g$, half the walk. Until $G$ is forgotten, $b$ creeps: for $2000 \ln (G / g)$
# epochs, in the second column. Two controls: from $W = 0$, with the same walk and $\kappa$ but $G = 0$,
# a quarter of the epochs suffices; in the last column the creeping is gone, and the braking at the end.
#
# *A corner.* With $x / 100$ both weights climb in step from near 0 to 29, where $5 W + b$ is 175; then
# $b$ turns and falls by 54, to $-25$: 83,000 epochs.
#
# So the condition number costs plain descent a factor, Adam a logarithm and a corner. The post trained
# at least twice as long as its line takes.
#
# ## Descent on the input
#
# Fix $W$ and $b$. For a target $y$ the loss of an input $x$ is $(W x + b - y)^2$, its derivative is
# $2 W (W x + b - y)$, and a step with learning rate $\eta$ is
# $x \leftarrow x - 2 \eta W (W x + b - y)$. The post takes $y = 100$ and starts at $x = 1$. Its text
# says $\eta = 0.2$, its code 0.4.
#
# :::{admonition} Predict first 2
# :class: predict
# With $W = 0.4$ and $b = -25$, which $x$ gives 100? By what factor does one step with $\eta = 0.4$
# multiply the distance to it? Which rates converge at all?
# :::
#
# :::{dropdown} Answer 2
# $x^* = (100 + 25) / 0.4 = 312.5$. As $W x^* + b = 100$, a step turns the distance $x - x^*$ into
# $(1 - 2 \eta W^2)(x - x^*)$: a factor of $1 - 2 \cdot 0.4 \cdot 0.16 = 0.872$. The distance shrinks
# if the factor lies between $-1$ and 1, so if $\eta < 1 / W^2 = 6.25$.
# :::

# %%
def descend(W: float, b: float, target: float, rate: float, steps: int) -> np.ndarray:
    """Return the inputs on the way from 1, shape (steps + 1,)."""
    path = [1.0]
    for _ in range(steps):
        path.append(path[-1] - 2 * rate * W * (W * path[-1] + b - target))
    return np.array(path)


# %%
print("line            rate   ends at   (y - b) / W   factor: predicted   measured")
for name, line in {"W = 0.4, b = -25": (0.4, -25.0), "our fit": (W, b)}.items():
    for rate in (0.4, 0.2):
        path, exact = descend(*line, 100, rate, 200), (100 - line[1]) / line[0]
        factor = (path[11] - exact) / (path[10] - exact)
        print(f"{name:16} {rate} {path[-1]:9.1f} {exact:14.1f}"
              f" {1 - 2 * rate * line[0]**2:19.3f} {factor:10.3f}")

# %% [markdown]
# Both rates arrive within the post's 200 iterations, so its result of 312 cannot tell which one it
# used; the path can. From a start 311.5 away, the distance is below 1 after
# $\ln(1 / 311.5) / \ln(0.872)$ steps, rounded up.

# %%
for rate in (0.4, 0.2):
    predicted = np.ceil(np.log(1 / 311.5) / np.log(1 - 2 * rate * 0.16))
    near = np.abs(descend(0.4, -25.0, 100, rate, 200) - 312.5) < 1
    print(f"rate {rate}: predicted {predicted:.0f} steps, measured {near.argmax()}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The input approaches the one that gives 100, and the distance shrinks by the predicted factor at every step. Half the rate needs about twice the steps.", "name": "fig-input-reconstruction-descent"}, "image": {"alt": "Input against iteration from 0 to 200 for our fitted line. Both curves start at 1, rise steeply and flatten at 309. Circles at rate 0.4 get there by about iteration 50, squares at rate 0.2 by about 100. Thin lines for the predicted paths pass through all markers."}}
wanted = (100 - b) / W
fig, ax = plt.subplots()
for rate, marker in ((0.4, "o"), (0.2, "s")):
    k = np.arange(0, 201, 5)
    ax.plot(k, descend(W, b, 100, rate, 200)[k], marker, mfc="none", label=f"measured, rate {rate}")
    ax.plot(k, wanted + (1 - wanted) * (1 - 2 * rate * W**2) ** k, label=f"predicted, rate {rate}")
ax.set(xlabel="iteration", ylabel="input x")
ax.legend()
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The reconstructed input lies where the line has the height 100. The data have points near that height on both sides.", "name": "fig-input-reconstruction-point"}, "image": {"alt": "The scatter plot with the fitted line. A large diamond sits on the line at input 309, output 100. Dotted lines lead from it down to the input axis and left to the output axis."}}
fig, ax = plt.subplots()
ax.plot(x, y, "o", alpha=0.5, label="data")
ax.plot(ends, W * ends + b, "--", label="least squares")
ax.plot(wanted, 100, "D", markersize=12, color=plotting.COLOURS["black"], label="reconstructed")
ax.plot([wanted, wanted, 0], [-50, 100, 100], ":", linewidth=1, color="black")
ax.set(xlabel="input x", ylabel="output y", ylim=(-50, 400))
ax.legend()
plt.show()

# %% [markdown]
# Approach the bound from both sides: rates 0.1% below and above $1 / W^2$. The factors are $-0.998$
# and $-1.002$, so after 5,000 steps the distance should change by $0.998^{5000}$ or $1.002^{5000}$.

# %%
for share in (0.999, 1.001):
    path = descend(W, b, 100, share / W**2, 5_000)
    change = abs((path[-1] - wanted) / (path[0] - wanted))
    predicted = abs(1 - 2 * share) ** 5_000
    print(f"{share} of the bound: predicted {predicted:.1e}, measured {change:.1e}")

# %% [markdown]
# ## The same in TensorFlow and PyTorch
#
# The post's loop used `K.gradients`, which
# [raises an error](https://github.com/tensorflow/tensorflow/issues/34235) since TensorFlow 2. Today
# TensorFlow records the operations on a tape, and PyTorch on the tensors themselves.

# %%
model.set_weights([np.array([[W]]), np.array([b])])
point = tf.Variable([[1.0]])
for _ in training.progress(range(200), "descending"):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((model(point) - 100.0) ** 2)
    point.assign_sub(0.4 * tape.gradient(loss, point))
print(f"TensorFlow: {point.numpy().item():.1f}")

# %%
layer = torch.nn.Linear(1, 1)
layer.load_state_dict({"weight": torch.tensor([[W]]), "bias": torch.tensor([b])})
leaf = torch.ones(1, 1, requires_grad=True)
for _ in range(200):
    (gradient,) = torch.autograd.grad(((layer(leaf) - 100.0) ** 2).sum(), leaf)
    leaf.data -= 0.4 * gradient
print(f"PyTorch: {leaf.item():.1f}   both agree with NumPy within 0.001:",
      bool(max(abs(leaf.item() - wanted), abs(point.numpy().item() - wanted)) < 1e-3))

# %% [markdown]
# A tape watches variables and no constants: for a constant it returns `None` without a word, unless
# told to `watch` it. `predict` returns a NumPy array, which no tape can follow.

# %%
constant = tf.constant([[1.0]])
with tf.GradientTape(persistent=True) as tape:
    loss, predicted = model(constant), model.predict(constant, verbose=0)
print("constant:", tape.gradient(loss, constant), "  predict:", type(predicted).__name__)
with tf.GradientTape() as tape:
    tape.watch(constant)
    loss = model(constant)
print(f"watched constant: {tape.gradient(loss, constant).numpy().item():.3f}")

# %% [markdown]
# ## Ten thousand targets in one step
#
# The targets do not depend on each other, so one array can hold 10,000 inputs. Their losses have to
# become one number before a framework takes the gradient.
#
# :::{admonition} Predict first 3
# :class: predict
# For 10,000 targets, one program adds the losses up, another takes their mean, as `loss="mse"` does.
# Both use $\eta = 0.4$ and 200 steps. What does each reach?
# :::
#
# :::{dropdown} Answer 3
# The gradient of the sum with respect to one input is that of its own loss: each target takes the
# steps it would take alone. The mean divides every gradient by 10,000, so the factor of a step is
# $1 - 2 \eta W^2 / 10{,}000$ and after 200 steps more than 99% of each distance is left.
# :::

# %%
many = np.linspace(0, 350, 10_000)
for name, share in (("sum", 1), ("mean", len(many))):
    guess = np.ones(len(many))
    for _ in range(200):
        guess = guess - 0.4 * 2 * W * (W * guess + b - many) / share
    left = (guess[-1] - (350 - b) / W) / (1 - (350 - b) / W)
    predicted = (1 - 0.8 * W**2 / share) ** 200
    print(f"{name:4}: distance left of the last target, predicted {predicted:.4f}, "
          f"measured {left:.4f}")

# %% [markdown]
# `inversion.reconstruct` does this for a pair of arrays, a PyTorch module or a Keras model, and adds
# up the losses. It takes targets of shape (count, outputs) and stops with an error when a descent
# diverges.

# %%
targets, start = many[:, np.newaxis], [[1.0]]
for name, function in {"arrays": ([[W]], [b]), "Keras": model, "PyTorch": layer}.items():
    found = inversion.reconstruct(function, targets, start, learning_rate=0.4, steps=200)
    miss = np.abs(found.inputs - (targets - b) / W).max()
    print(f"{name:8} {found.converged.sum():,} converged, all within 0.01: {bool(miss < 0.01)}")
try:
    inversion.reconstruct(([[W]], [b]), targets, start, learning_rate=7, steps=5_000)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Several inputs and outputs
#
# Now $x$ is a row of $d$ inputs, $\hat y = x W + b$ a row of $m$ outputs, and $W$ a matrix of $d$
# rows and $m$ columns. With the mean squared error over the $m$ outputs, the distance to the solution
# shrinks by $1 - 2 \eta \sigma^2 / m$ along the direction of each singular value $\sigma$ of $W$.
# So descent converges for $\eta < m / \sigma_{\max}^2$, where $\sigma_{\max}$ is the largest. The
# best rate makes the factors of $\sigma_{\max}$ and of $\sigma_{\min}$, the smallest above 0, equal in
# size: $(k - 1) / (k + 1)$ with $k = (\sigma_{\max} / \sigma_{\min})^2$.
#
# A direction $v$ with $v W = 0$ does not change the output. Such directions form the
# {term}`null space`. No gradient has a part along them, so that part of the start stays for ever.
# The descent ends at
#
# $$x = x_0 + (y - b - x_0 W)\, W^{+},$$
#
# with $x_0$ the start and $W^{+}$ the {term}`pseudo-inverse` of $W$ {cite:p}`horn2013`: the input
# nearest to the start among all that give $y$, or, if none does, among all that come closest to it.

# %%
rng = np.random.default_rng(0)
V, shift, wish = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(1, 3))
sigma = np.linalg.svd(V, compute_uv=False)
k = (sigma[0] / sigma[-1]) ** 2
best_rate = 3 / (sigma[0] ** 2 + sigma[-1] ** 2)
print(f"bound {3 / sigma[0]**2:.3f}, best rate {best_rate:.3f}, k = {k:.1f}")

# %%
x0 = rng.normal(size=(1, 5))
end = x0 + (wish - shift - x0 @ V) @ np.linalg.pinv(V)
point, distances = x0, []
for _ in range(1_500):
    point = point - best_rate * 2 / 3 * (point @ V + shift - wish) @ V.T
    distances.append(np.linalg.norm(point - end))
print(f"factor: predicted {(k - 1) / (k + 1):.4f}, measured {distances[50] / distances[49]:.4f}")
null = np.eye(5) - V @ np.linalg.pinv(V)
print("ends where predicted:", bool(distances[-1] < 1e-9),
      "  null-space part moved:", bool(np.abs((point - x0) @ null).max() > 1e-9))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Each start is carried to the nearest input that gives the target. All these inputs are right, and which one we get is decided by the start.", "name": "fig-input-reconstruction-null-space"}, "image": {"alt": "Plane of two inputs with a straight dashed line of all inputs whose output is 4. Five starts (circles) lie on both sides of it. From each, a straight path perpendicular to the line leads to a different end (diamond) on the line."}}
two = np.array([[1.0], [2.0]])
starts = np.array([[-2, 0], [0, 0], [1, 3], [3, 2.5], [3, -1.5]], float)
ends_on_line = inversion.reconstruct((two, [0.0]), np.full((5, 1), 4.0), starts,
                                     learning_rate=0.05).inputs
fig, ax = plt.subplots()
across = np.array([-3.0, 5.0])
ax.plot(across, (4 - across) / 2, "--", label="all inputs with output 4")
for begin, stop in zip(starts, ends_on_line):
    ax.plot(*zip(begin, stop), "-", color=plotting.COLOURS["black"], linewidth=1)
ax.plot(*starts.T, "o", color=plotting.COLOURS["vermilion"], label="start")
ax.plot(*ends_on_line.T, "D", color=plotting.COLOURS["green"], label="end")
ax.set(xlabel="first input", ylabel="second input", aspect="equal")
ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# ## Through a sigmoid
#
# The post ends with the question what happens for $s = \sigma(z)$, $z = W x + b$, where
# $\sigma(z) = 1 / (1 + e^{-z})$ is the {term}`sigmoid`. Take $W = 1$ and $b = 0$, so that $z$ is the
# input, and a target $y$ between 0 and 1. Three losses have their minimum at the same input:
#
# | loss | formula | slope in $z$ |
# |---|---|---|
# | squared error | $(s - y)^2$ | $2\,(s - y)\,s\,(1 - s)$ |
# | {term}`cross-entropy` | $-y \ln s - (1 - y) \ln (1 - s)$ | $s - y$ |
# | squared error of {term}`logits <logit>` | $(z - z^*)^2$, $z^* = \ln \frac{y}{1 - y}$ | $2\,(z - z^*)$ |
#
# Only the first slope has the factor $s (1 - s)$. It is at most $1/4$, and about $e^{-|z|}$ where the
# sigmoid is {term}`saturated <saturation>`, far from 0.
#
# :::{admonition} Predict first 4
# :class: predict
# Start at $z = 10$ with target 0.1 and $\eta = 1/4$. About how many steps does each loss need until
# $s$ is within 0.001 of the target? (For the squared error, $s \approx 1$ and $1 - s \approx e^{-z}$
# most of the time. Read a step as $\frac{dz}{dn} = -\eta \cdot \text{slope}$ with $n$ the number of
# steps.)
# :::
#
# :::{dropdown} Answer 4
# Squared error: $\frac{dn}{dz} = -\frac{e^{z}}{2 \eta \cdot 0.9}$, so
# $n \approx e^{10} / 0.45 \approx 49{,}000$. Cross-entropy: a slope of 0.9 at first, so about
# $12.2 / (0.25 \cdot 0.9) \approx 54$ steps to come near, and then a slow approach in which the distance
# shrinks by $\eta\, y (1 - y) \approx 2\%$ a step: a few hundred in all. Logits: the distance halves
# each step, from 12.2 to about 0.01: 11 steps.
# :::
#
# For a sharper prediction, integrate $\frac{dn}{dz} = -1 / (\eta \cdot \text{slope})$ from the start
# to where $s$ is within 0.001 of the target; for the logits, count halvings.

# %%
from math import ceil, exp, log
from scipy.integrate import quad

goal, rate = 0.1, 0.25
centre = log(goal / (1 - goal))
slopes = {
    "squared error": lambda z, s: 2 * (s - goal) * s * (1 - s),
    "cross-entropy": lambda z, s: s - goal,
    "logits": lambda z, s: 2 * (z - centre),
}


# %%
def measured_steps(loss: str, z: float) -> int:
    """Return the steps until the sigmoid is within 0.001 of the target."""
    steps = 0
    while abs((s := 1 / (1 + exp(-z))) - goal) >= 1e-3:
        z, steps = z - rate * slopes[loss](z, s), steps + 1
    return steps


def predicted_steps(loss: str, z: float) -> int:
    """Return the same from the integral, or for the logits from the halvings."""
    near = goal + (1e-3 if z > centre else -1e-3)
    end = log(near / (1 - near))
    if loss == "logits":
        return ceil(log((z - centre) / (end - centre)) / log(2))
    area, _ = quad(lambda v: 1 / slopes[loss](v, 1 / (1 + exp(-v))), end, z, limit=200)
    return round(area / rate)


# %%
print("start   loss            predicted   measured")
for z in (10, -10):
    for loss in slopes:
        print(f"{z:5}   {loss:14} {predicted_steps(loss, z):10,} {measured_steps(loss, z):10,}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Far from 0, the number of steps of the squared error grows exponentially with the distance. With cross-entropy it grows linearly, and logits hardly notice.", "name": "fig-input-reconstruction-sigmoid"}, "image": {"alt": "Number of steps, on a logarithmic axis, against the start z from -10 to 10. Squared error (circles) rises steeply on both sides, to 443,330 at -10 and 49,968 at 10. Cross-entropy (squares) stays at a few hundred, logits (triangles) near 10. All three dip at z = -2, next to the solution. The predicted lines pass through the markers."}}
grid = range(-10, 11)
fig, ax = plt.subplots()
for loss, marker in zip(slopes, "os^"):
    ax.semilogy(grid, [predicted_steps(loss, z) for z in grid], label=f"{loss}, predicted")
    ax.semilogy(grid, [measured_steps(loss, z) for z in grid], marker, mfc="none",
                color=ax.lines[-1].get_color(), label="measured")
ax.set(xlabel="start z", ylabel="steps", xticks=grid[::5])
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9)
plt.show()

# %% [markdown]
# In `float32` the stall can be complete: from about $z = 17$ on, $\sigma(z)$ rounds to 1, the factor
# $1 - s$ to 0, and no step moves at all. So `reconstruct` takes a model without its last sigmoid and
# `activation="sigmoid"`. The other losses then work from $z$.

# %%
z = torch.tensor([[20.0]], requires_grad=True)
(stalled,) = torch.autograd.grad(((torch.sigmoid(z) - 0.1) ** 2).sum(), z)
print("gradient of the squared error at z = 20 is exactly 0:", stalled.item() == 0)
for loss in ("cross-entropy", "logits"):
    found = inversion.reconstruct(lambda z: z, [[0.1]], [[20.0]], learning_rate=0.25,
                                  loss=loss, activation="sigmoid")
    print(f"{loss}: converged after {found.steps[0]} steps: {found.converged.all()}")

# %% [markdown]
# ### Targets without an input
#
# No input gives $\sigma(z) = 1$. The losses still fall for ever, and $z$ grows. From the slopes, with
# $1 - s \approx e^{-z}$: cross-entropy has $\frac{dz}{dn} = \eta e^{-z}$, so $z \approx \ln(\eta n)$,
# and squared error has $\frac{dz}{dn} = 2 \eta e^{-2 z}$, so $z \approx \frac12 \ln(4 \eta n)$. Over a
# decade of steps, $z$ should grow by $\ln 10 = 2.30$ or by half of that, 1.15.

# %%
runaway = {}
for loss, slope in {"cross-entropy": lambda s: s - 1, "squared error":
                    lambda s: 2 * (s - 1) * s * (1 - s)}.items():
    z, path = 0.0, []
    for _ in range(100_000):
        z = z - rate * slope(1 / (1 + exp(-z)))
        path.append(z)
    runaway[loss] = np.array(path)
    print(f"{loss}: z grows by {path[99_999] - path[9_999]:.2f} from step 10,000 to 100,000")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A target that no input reaches looks like slow progress. The input grows by the same amount in every decade of steps and never settles.", "name": "fig-input-reconstruction-runaway"}, "image": {"alt": "Pre-activation z against the number of steps from 1 to 100,000 on a logarithmic axis, for target 1. Cross-entropy (solid) bends into a straight line and reaches about 10. Squared error (dashed) has half the slope and reaches about 6. Thin dotted lines for the predictions join the first curve after about 100 steps and the second after about 1,000."}}
n = np.arange(1, 100_001)
fig, ax = plt.subplots()
for loss, line in zip(runaway, ["-", "--"]):
    ax.semilogx(n, runaway[loss], line, label=loss)
late = n[29:]
ax.semilogx(late, np.log(rate * late), ":", color="black", label="predicted")
ax.semilogx(late, np.log(4 * rate * late) / 2, ":", color="black")
ax.set(xlabel="steps", ylabel="pre-activation z")
ax.legend()
plt.show()

# %% [markdown]
# The 0.02 too many is what $s \approx 1$ left out. On an axis that is not logarithmic, these curves
# would pass for convergence: run the network on the answer. A tool should refuse such a target before
# the first step.

# %%
for impossible in (1.0, 1.2):
    try:
        inversion.reconstruct(([[1.0]], [0.0]), [[impossible]], [[0.0]], learning_rate=0.25,
                              activation="sigmoid", loss="cross-entropy")
    except ValueError as error:
        print(error)

# %% [markdown]
# Run both units yourself. Predict first: what does the path of the linear unit look like at a rate
# just below the bound, and just above? Then take the sigmoid from $x = 10$ with the squared error,
# change the loss, and at last ask for a target above 1.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Below the bound the input goes to the solution, straight or in a zigzag; above it leaves. The sigmoid's squared error first stands still, the other losses do not.", "name": "fig-input-reconstruction-live"}}
live.Backwards(W, b)

# %% [markdown]
# ## What could fool us
#
# **Digits that mean nothing.** The descent gives the answer, near 309, to as many digits as we like.
# How well do the data fix it? The line has an error, because another 100 points give another line. A
# line's height at $x$ has a standard error of
# $s_r \sqrt{\frac{1}{n} + \frac{(x - \bar x)^2}{n\, s_x^2}}$, with $n$ points, $s_r = 50 / \sqrt{12}$ the spread of the noise, and $\bar x = 500$ and
# $s_x = 1000 / \sqrt{12}$ mean and spread of the inputs. Dividing by $W$ gives that of the answer.

# %%
answers = []
for points, heights in draws:
    other_W, other_b = np.polyfit(points, heights, 1)
    answers.append((100 - other_b) / other_W)
away = (312.5 - 500) / (1000 / np.sqrt(12))
spread = 50 / np.sqrt(12) * np.sqrt((1 + away**2) / 100) / 0.4
print(f"20 data sets: mean {np.mean(answers):.1f}, from {min(answers):.1f} to {max(answers):.1f}; "
      f"spread predicted {spread:.1f}, measured {np.std(answers, ddof=1):.1f}")

# %% [markdown]
# And even the true line does not tell the input of one point. A point with $y = 100$ has
# $x = (100 + 50\, r) / 0.4$: anything from 250 to 375.

# %%
points, heights = data.noisy_line(1_000_000, seed=1)
close = points[np.abs(heights - 100) < 0.5]
print(f"{len(close):,} points with y near 100: mean {close.mean():.0f}, 98% of them from "
      f"{np.quantile(close, 0.01):.0f} to {np.quantile(close, 0.99):.0f}")

# %% [markdown]
# Inverting a function and guessing the input behind an observation are two tasks.
#
# **Inputs that never occur.** For $y = 500$ the line answers without hesitation, far outside the
# data. Bounds keep the search where the function was fitted: each step ends at the nearest legal
# input, and what cannot be reached is reported, not hidden.

# %%
for bounds in (None, (0, 1000)):
    found = inversion.reconstruct(([[W]], [b]), [[100.0], [500.0]], [[1.0]], learning_rate=0.4,
                                  bounds=bounds)
    print("bounds", bounds, "inputs", found.inputs[:, 0].round(), "converged", found.converged)


# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · How many steps?
# :class: exercise
# Difficulty 1 of 5, 10 minutes. Practises: *Predict*. Write
# `steps_needed(W, rate, distance, tolerance)`. It returns the smallest number of steps after which the
# descent for $\hat y = W x + b$, with squared error, is at most `tolerance` away from the solution, if
# it starts `distance` away. All four are numbers, and the last two are above 0. If the descent does not
# get there, raise a `ValueError`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "steps_needed", "solution": true}
def steps_needed(W: float, rate: float, distance: float, tolerance: float) -> int:
    """Return how many steps bring the distance down to the tolerance."""
    ### BEGIN SOLUTION
    if distance <= tolerance:
        return 0
    shrink = abs(1 - 2 * rate * W**2)
    if shrink >= 1:
        raise ValueError(f"rate {rate} does not converge")
    return 1 if shrink == 0 else int(np.ceil(np.log(tolerance / distance) / np.log(shrink)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "steps_needed-check", "grade": true, "points": 1}
checks.steps_needed(steps_needed)


# %% [markdown]
# :::{admonition} Exercise 2 · A batch of your own
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Find*. Write
# `find_inputs(W, b, targets, start, rate, steps)` with NumPy alone: gradient descent on
# the inputs of $\hat y = x W + b$, for all targets at once, exactly `steps` steps. `W` has shape
# (d, m), `b` (m,), `targets` (n, m) and `start` (n, d). The loss of a target is the mean squared error
# over its m outputs. It returns the inputs, shape (n, d).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "find_inputs", "solution": true}
def find_inputs(
    W: np.ndarray, b: np.ndarray, targets: np.ndarray, start: np.ndarray, rate: float, steps: int
) -> np.ndarray:
    """Return the inputs after a number of steps, a row for each target."""
    ### BEGIN SOLUTION
    inputs = start.astype(float)
    for _ in range(steps):
        misses = inputs @ W + b - targets
        inputs = inputs - rate * 2 / W.shape[1] * misses @ W.T
    return inputs
    ### END SOLUTION


# %% nbgrader={"grade_id": "find_inputs-check", "grade": true, "points": 2}
checks.find_inputs(find_inputs)


# %% [markdown]
# :::{admonition} Exercise 3 · What the output does not say
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Separate*. Someone reconstructs an input `found` of
# $\hat y = x W + b$, shape (d,), by descent. Write `said_by_output(W, found)`. It
# returns the part of `found` that the output determines, shape (d,): two inputs with the same output
# have the same such part, the rest is invisible to the output, and the part has nothing along a
# direction that is invisible. W has shape (d, m) and need not have full rank.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "said_by_output", "solution": true}
def said_by_output(W: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the part of an input that the output x W + b determines."""
    ### BEGIN SOLUTION
    return found @ W @ np.linalg.pinv(W)
    ### END SOLUTION


# %% nbgrader={"grade_id": "said_by_output-check", "grade": true, "points": 2}
checks.said_by_output(said_by_output)


# %% [markdown]
# :::{admonition} Exercise 4 · Another activation that saturates
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Choose*. Write
# `tanh_path(w, b, target, start, rate)` for one unit $\hat y = \tanh(w x + b)$ with $w \ne 0$. It
# descends from `start`, between $-100$ and 100, until the output is within 0.001 of the target, and
# returns all inputs on the way. A step is `rate` (at most $0.1 / w^2$) times the slope of a loss that
# you choose. It raises a `ValueError` if no input gives the target.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "tanh_path", "solution": true}
def tanh_path(w: float, b: float, target: float, start: float, rate: float) -> np.ndarray:
    """Return the inputs of a descent to one where tanh(w x + b) is the target."""
    ### BEGIN SOLUTION
    if not -1 < target < 1:
        raise ValueError(f"tanh never gives {target}")
    path, wanted = [start], np.arctanh(target)
    while abs(np.tanh(w * path[-1] + b) - target) > 1e-3:
        path.append(path[-1] - rate * 2 * w * (w * path[-1] + b - wanted))
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade_id": "tanh_path-check", "grade": true, "points": 2}
checks.tanh_path(tanh_path)

# %% [markdown]
# :::{admonition} Exercise 5 · Does Adam repair it? (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Choose*, *Predict*. Keep the squared error, target 0.1 and
# rate 0.25, but take Adam's steps on $z$ (0.9, 0.999, and $\varepsilon = 10^{-8}$ added to the root).
# How many steps do you predict from $z = 10$, and from 15, 20, 25 and 30? Measure, and explain where
# the prediction fails.
# :::

# %% [markdown] nbgrader={"grade_id": "adam", "solution": true, "grade": true, "points": 3}
# *Your answer here: prediction, measurement, and what limits Adam.*

# %% [markdown]
# :::{dropdown} One answer
# A step of Adam is about 0.25 long whatever the gradient, so from 10 we expect about
# $12.2 / 0.25 \approx 49$ steps. Measured: 217, 58, 349 and 9,556 from 10, 15, 20 and 25, and more than
# 100,000 from 30. From 10 the input passes the target after about 40 steps and overshoots to $-4.3$:
# where the sigmoid bends, gradients thousands of times larger come in, and until Adam has forgotten
# them, its steps back are short. From 15 the 58 steps are fewer than $17.2 / 0.25$: as gradients grow,
# a step exceeds the rate. Far out, the gradient is $1.8\, e^{-z}$. Below $\varepsilon$, near $z = 19$, it
# is no longer divided by its own size, and the stall returns. So Adam hides saturation up to a point;
# a better loss removes it. A run from 30 that arrived in a few hundred steps would change our mind.
# :::

# %% [markdown]
# ## What we saw
#
# - *Find*: a descent on the input takes a few lines, and the frameworks agree. 10,000 targets go in
#   one array if their losses are added; averaged, they stand still.
# - *Predict*: the distance shrinks by $1 - 2 \eta W^2$ a step, and $\eta = 1 / W^2$ divides rates
#   that converge from rates that do not, within 0.1% on both sides. Adam takes many epochs where the
#   weights have far to go; scaling the inputs alone sends them farther, but plain descent needs one step.
# - *Choose*: from $z = 10$ the squared error takes tens of thousands of steps, cross-entropy
#   hundreds, logits about ten, as an integral and a count of halvings predict. A target of 1 or more
#   has no input: $z$ grows with the logarithm of the steps.
# - *Separate*: for a linear network the descent finds, of all inputs that give the target, the one
#   nearest to its start. The null-space part of the answer is the start's, and noise in the data leaves
#   a width that no further step removes.
#
# [Chapter 1](01_linear_rnn_sum.md) finds a learning-rate bound of the same kind for the weights.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_toy_model`: the post this chapter starts from.
# - {cite:t}`kindermann1990`: inversion of networks by gradient descent on the input.
# - {cite:t}`mahendran2015`: the same for deep image networks, with a penalty that decides between
#   the many preimages.
# - {cite:t}`horn2013`: singular values and the pseudo-inverse.
