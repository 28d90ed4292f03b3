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
# # Which weights did the data choose, and which did luck?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Read* the table 0 to 9 out of weights that look wrong one by one.
# - *Prove* which weights the data determine, and move the others without moving a prediction.
# - *Predict* the bias that training ends with before training starts.
# - *Judge* which changes to an optimiser break that prediction, and what an untrained network
#   or shuffled targets would have shown.
# :::
#
# **Time:** about 40 minutes, and 60 for the exercises; the code runs in less than half a minute.
# **Needs:** [chapter 1](01_linear_rnn_sum.md), or gradients and matrix products.
#
# Chapter 1 read a network of three weights: $W = 1$, $U = 1$, $b = 0$, and no other choice.
# This chapter changes one thing, the way a digit is written. The network adds as well as
# before, but its weights come out different in every run. The task and the first results are
# those of a tutorial {cite:p}`rnn_learns_part1`. Why its weights look as they do is what it
# leaves out.

# %% [markdown]
# ## A digit that picks a row
#
# As before, the network reads three digits, one a step, and gives their sum at the end. But the
# digit $k$ is now a {term}`one-hot` row: ten numbers, a 1 in place $k$ and 0 elsewhere. The
# cell is the same,
#
# $$h_t = x_t W + h_{t-1} U + b , \qquad h_0 = 0 ,$$
#
# with one {term}`hidden unit`, so the {term}`input weights <input weight>` $W$ now have ten
# rows and one column. The {term}`recurrent weight` $U$ and the {term}`bias` $b$ are still
# numbers.

# %%
from course_utils import data, decoding, live, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import one_hot_decoding as checks

import keras
import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
training.seed_everything(0)

# %% [markdown]
# A row with a single 1, times $W$, is one row of $W$. We write it $W[k]$. The tutorial's $W$
# ran from $-2.948$ to $6.036$ in steps of about 1, so we draw it with even steps.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Multiplying by a one-hot row is a lookup. The digit 3 picks row 3 of W; the other nine rows are multiplied by 0.", "name": "fig-one-hot-decoding-lookup"}, "image": {"alt": "Three columns of ten rows, for the digits 0 to 9. The first lists the digits, the second the one-hot row of the digit 3, with a 1 in row 3 and 0 elsewhere, the third the entries of W from -2.95 to 6.04. Row 3 is highlighted in all columns, and an arrow leads from it to the result, x W = W[3] = 0.05."}}
W_published = np.linspace(-2.948, 6.036, 10)
fig, ax = plt.subplots(figsize=(5.2, 5.2))  # narrow: larger on a phone
for k in range(10):
    picked = k == 3
    for column, text in [(0, f"{k}"), (1, f"{int(picked)}"), (2.15, f"{W_published[k]:.2f}")]:
        fill = "#ffd98a" if picked else "white"
        box = {"boxstyle": "square,pad=0.35", "ec": "#444444", "fc": fill}
        ax.text(column, -k, text.rjust(5) if column > 2 else text, family="monospace",
                fontsize=15, ha="center", va="center", bbox=None if column == 0 else box,
                weight="bold" if picked else "normal")
    ax.text(1.55, -k, "×", fontsize=15, ha="center", va="center")
ax.annotate("x W = W[3]\n= 0.05", xy=(2.6, -3), xytext=(3.4, -3), fontsize=15, ha="left",
            va="center", arrowprops={"arrowstyle": "<-", "lw": 2})
for column, name in [(0, "digit"), (1, "x"), (2.15, "W")]:
    ax.text(column, 1, name, fontsize=15, ha="center", va="center")
ax.set(xlim=(-0.4, 5.3), ylim=(-9.6, 1.4))
ax.axis("off")
plt.show()


# %% [markdown]
# :::{admonition} Predict first 1
# :class: predict
# How many parameters does this network have? Set $U = 1$ and $b = 2.95$. Which $W$ makes it add
# digits?
# :::
#
# :::{dropdown} Answer 1
# Ten in $W$, one in $U$, one in $b$: 12. At each step the network adds $W[k] + b$ to its state.
# It adds digits if $W[k] + b = k$, so $W[k] = k - 2.95$, from $-2.95$ to $6.05$. That is nearly
# the tutorial's $W$. For $b = 0$ it would be 0 to 9, and for $b = 100$ from $-100$ to $-91$.
# :::

# %% [markdown]
# ## From scratch
#
# `weights` is an array of shape (12, networks). Rows 0 to 9 hold $W$, row 10 holds $U$, row 11
# holds $b$. A column is a network, so one call runs or trains many.

# %%
def forward(weights: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Return the states h_0 ... h_L, each of shape (count, networks)."""
    h = [np.zeros((len(x), weights.shape[1]))]
    for t in range(x.shape[1]):
        h.append(x[:, t] @ weights[:10] + h[-1] * weights[10] + weights[11])
    return h


def loss(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the mean squared error of each network."""
    return ((forward(weights, x)[-1] - y[:, np.newaxis]) ** 2).mean(axis=0)


# %% [markdown]
# The gradients go through the steps backwards, as in chapter 1. With $g_t$ the derivative of
# the loss with respect to $h_t$, step $t$ adds $g_t$ to the gradient of the row that its digit
# picked, $g_t h_{t-1}$ to that of $U$ and $g_t$ to that of $b$.

# %%
def gradients(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the derivatives of the loss, in the shape of the weights."""
    h = forward(weights, x)
    g = 2 * (h[-1] - y[:, np.newaxis]) / len(y)
    total = np.zeros_like(weights)
    for t in reversed(range(x.shape[1])):
        total[:10] += x[:, t].T @ g
        total[10] += (g * h[t]).sum(axis=0)
        total[11] += g.sum(axis=0)
        g = g * weights[10]
    return total


# %% [markdown]
# There are only 1,000 sequences of three digits, so we can train on all of them at once. First
# we check the gradients against finite differences.

# %%
every, every_sum = data.all_digit_sums(3)
every_x = data.one_hot(every).astype(float)

nudge = 1e-5 * np.eye(12)
somewhere = np.random.default_rng(1).normal(size=(12, 1))
slopes = (loss(somewhere + nudge, every_x, every_sum)
          - loss(somewhere - nudge, every_x, every_sum)) / 2e-5
exact = gradients(somewhere, every_x, every_sum)[:, 0]
print("shapes:", every_x.shape, exact.shape)
print("the two gradients agree to six digits:", np.allclose(slopes, exact, 1e-6, 1e-6))


# %% [markdown]
# An optimiser turns a gradient into a step. We use two: gradient descent with {term}`momentum`,
# whose step is a fading sum of the gradients so far, and Adam {cite:p}`kingma2015`, which
# divides the running mean of each gradient by the running size of the same gradient.

# %%
def momentum(rate: float, keep: float = 0.95):
    """Return a function from a gradient to the next step."""
    velocity = 0.0

    def step(gradient):
        nonlocal velocity
        velocity = keep * velocity - rate * gradient
        return velocity
    return step


def adam(rate: float):
    """Return a function from a gradient to the next step, as Keras computes it."""
    mean = square = count = 0

    def step(gradient):
        nonlocal mean, square, count
        count += 1
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        spread = np.sqrt(square / (1 - 0.999**count))
        return -rate * mean / (1 - 0.9**count) / (spread + 1e-7)
    return step


# %%
def train(weights, step, x, y, batch, epochs):
    """Return the weights at the start and after each epoch, (epochs + 1, 12, networks)."""
    rng, path = np.random.default_rng(0), [weights]
    for _ in training.progress(range(epochs), "training"):
        for rows in rng.permutation(len(x)).reshape(-1, batch):
            weights = weights + step(gradients(weights, x[rows], y[rows]))
        path.append(weights)
    return np.array(path)


# %% [markdown]
# We start with a small $W$, $U = 0.5$ and $b = 0$, and take 1,500 steps. Chapter 1 says why we
# do not leave $U$ to Keras.

# %%
start = np.zeros((12, 1))
start[:10, 0] = np.random.default_rng(0).uniform(-0.74, 0.74, 10)
start[10] = 0.5
end = train(start, momentum(0.002), every_x, every_sum, batch=1_000, epochs=1_500)[-1]
print("loss below 1e-9:", bool(loss(end, every_x, every_sum)[0] < 1e-9))
print(f"U = {end[10, 0]:.3f}   b = {end[11, 0]:.3f}")
print("W    ", end[:10, 0].round(2))
print("W + b", (end[:10, 0] + end[11, 0] + 0.0).round(2))


# %% [markdown]
# Read alone, $W$ says that a 0 counts as about $-4$. That is the trap. The layer never uses $W$
# without $b$, and the sum $W + b$ is the table of the digits.

# %% [markdown]
# ## The same in Keras

# %%
def build(start_W: object, start_U: object) -> keras.Model:
    """Return a linear recurrent network with one unit for one-hot digits."""
    return keras.Sequential([
        keras.Input((3, 10)),
        keras.layers.SimpleRNN(1, activation=None, kernel_initializer=start_W,
                               recurrent_initializer=start_U, unroll=True),
    ])


model = build(keras.initializers.RandomUniform(0, 1), keras.initializers.Constant(0.5))
training.summary(model)
print("W, U, b:", *[w.shape for w in model.get_weights()])

# %% [markdown]
# The tutorial trained with Adam at rate 0.005 and batches of 8 for 8 epochs: 8,000 updates. We
# make 750, in batches of 32, with a rate that falls from 0.3 to 0 along half a cosine wave.
# Adam moves a weight by about the rate in a step. A large rate takes $W$ across its range
# quickly, and the fall lets it settle.

# %%
digits, sums = data.digit_sums(10_000, length=3, seed=0)
(x, y), (x_val, y_val) = data.split(digits, sums, held_out=2_000)
batch, epochs = 32, 3
rate = keras.optimizers.schedules.CosineDecay(0.3, decay_steps=epochs * len(x) // batch)
model.compile(keras.optimizers.Adam(rate), loss="mse", steps_per_execution=len(x) // batch)
fitted = model.fit(
    data.one_hot(x), y, batch_size=batch, epochs=epochs, verbose=0,
    validation_data=(data.one_hot(x_val), y_val), validation_batch_size=len(x_val),
    callbacks=[training.keras_progress()],
)
val_loss = fitted.history["val_loss"]
published = np.array([6.5214, 4.8307, 3.0087, 1.4164, 0.4745, 0.0760, 0.0039, 3.10e-5])
print("at or below the tutorial's loss:", val_loss[-1] <= published[-1])


# %% [markdown]
# From our start this holds for 20 of 20 {term}`seeds <seed>`; a test of this book trains them.
#
# Is the tutorial's curve typical? We repeat its training for 20 seeds. Keras draws the starts
# by its defaults, and our NumPy code trains the 20 networks at once. (A test of this book
# repeats it in Keras itself.)

# %%
def keras_start(seed: int) -> np.ndarray:
    """Return the 12 weights as Keras draws them by default."""
    training.seed_everything(seed)
    W, U, b = build("glorot_uniform", "orthogonal").get_weights()
    return np.concatenate([W[:, 0], U[:, 0], b]).astype(float)


default = np.column_stack([keras_start(seed) for seed in range(20)])
x_hot, val_hot = data.one_hot(x).astype(float), data.one_hot(x_val).astype(float)
tutorial = train(default, adam(0.005), x_hot, y, batch=8, epochs=8)
val_losses = np.array([loss(weights, val_hot, y_val) for weights in tutorial[1:]])

# %%
plus = default[10] > 0
band = val_losses[:, plus]
inside = (band.min(axis=1) <= published) & (published <= band.max(axis=1))
print("start U = +1:", plus.sum(), "seeds, all below 1e-3:", bool((band[-1] < 1e-3).all()))
print("start U = -1:", (~plus).sum(), "seeds, all above 16.5:",
      bool((val_losses[-1, ~plus] > 16.5).all()))
print("epochs in which the tutorial's loss lies within these 14:", inside.sum(), "of 8")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The tutorial's run is typical for a start at U = +1. A start at U = -1 fails with the same code. Large steps with a falling rate get below its last loss in less than a tenth of the updates.", "name": "fig-one-hot-decoding-training"}, "image": {"alt": "Validation loss against the number of weight updates, from 250 to 8,000, both axes logarithmic. Thin solid lines for the 14 seeds with U = +1 fall from about 7 at 1,000 updates to about 0.00001 at 8,000; the tutorial's circles lie among them. Dashed lines for 6 seeds with U = -1 stay level near 21. Squares for our Keras run lie far below, at 250, 500 and 750 updates; losses below 1e-9 are drawn at 1e-9."}}
fig, ax = plt.subplots()
updates = 1_000 * np.arange(1, 9)
for chosen, style, name in [(plus, "-", "U from +1"), (~plus, "--", "U from −1")]:
    colour = plotting.COLOURS["blue" if style == "-" else "vermilion"]
    lines = ax.loglog(updates, val_losses[:, chosen], style, color=colour, linewidth=0.9)
    lines[0].set_label(name)
ax.loglog(updates, published, "o", color=plotting.COLOURS["black"], label="tutorial")
ax.loglog(250 * np.arange(1, 4), np.maximum(val_loss, 1e-9), "s-.",
          color=plotting.COLOURS["green"], label="ours, cut at 1e-9")
ax.minorticks_off()
ticks = 250 * 2 ** np.arange(6)
ax.set(xlabel="weight updates", ylabel="validation loss", xticks=ticks, xticklabels=ticks)
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# Our Keras network on sequences that it was not trained on, and its table:

# %%
answers = model(data.one_hot(x_val[:5])).numpy()[:, 0]
for row, answer in zip(x_val[:5], answers):
    print(f"{row}   sum {row.sum():2}   answer {answer:.3f}")

# %%
trained = model.get_weights()
table = decoding.decode(trained)
print(table)
W, _, b = trained
print(f"W from {W.min():.1f} to {W.max():.1f}   b = {b[0]:.1f}")

# %% [markdown]
# The tutorial's numbers decode in the same way. Its $W$ ends at $6.036$, and $6.036 + 2.9506$
# is $8.9866$, which rounds to 9. Its $U$ is $1.00105$.

# %%
print(decoding.decode([W_published[:, np.newaxis], [[1.00105]], [2.9506]]).rounded)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "W alone lies below the digits by the same amount everywhere. Adding b puts it on the table 0 to 9.", "name": "fig-one-hot-decoding-table"}, "image": {"alt": "Value against digit 0 to 9. Circles for W rise in a straight line from about -2 to 7. Squares for W + b rise in parallel, about 2 higher, exactly along a thin dotted line that marks the digits themselves. An arrow from a circle to its square is labelled + b."}}
fig, ax = plt.subplots()
ax.plot(range(10), W[:, 0], "o--", label="W")
ax.plot(range(10), table.values, "s-", label="W + b")
ax.plot(range(10), range(10), "k:", linewidth=1, label="the digits")
ax.annotate("", (5, table.values[5]), (5, W[5, 0]), arrowprops={"arrowstyle": "->"})
ax.text(5.15, W[5, 0] + 0.7, "+ b")
ax.set(xlabel="digit", ylabel="value", xticks=range(10))
ax.legend()
plt.show()

# %% [markdown]
# ## Only W + b is determined
#
# The proof takes two lines. A step reads digit $k$ and computes $h_t = (W[k] + b) + h_{t-1} U$.
# Replace $W$ by $W + c$ and $b$ by $b - c$: then $(W[k] + c) + (b - c) = W[k] + b$, so every
# state of every sequence stays what it was.
#
# Nothing here used $U = 1$, or a trained network. So the shift must be invisible for any $U$.
# As a control we shift $W$ and leave $b$ alone.

# %%
rng = np.random.default_rng(2)
print("   U    shift both    shift W only")
for U in [1.0, 0.5, 0.0, -2.5]:
    weights = [rng.normal(size=(10, 1)), np.array([[U]]), rng.normal(size=1)]
    before = decoding.predict(weights, every_x)
    both = decoding.predict(decoding.shift(weights, 10.0), every_x)
    alone = decoding.predict([weights[0] + 10.0, *weights[1:]], every_x)
    print(f"{U:4}    below 1e-12: {bool(np.abs(both - before).max() < 1e-12)}"
          f"   {np.abs(alone - before).max():.1f}")

# %% [markdown]
# The control moves by $10\,(1 + U + U^2)$, as it should: the shift enters at three steps.
#
# Shift the trained network yourself. Predict first: which of the two lines moves, and what does the
# network say to 4, 2, 5? Then choose the control and shift $W$ alone by 1. By how much does a
# prediction change for three digits, and for six?

# %% tags=["hide-input"] mystnb={"figure": {"caption": "W moves with the shift, W + b does not, and so no prediction does. Shifted alone, W adds c at every step.", "name": "fig-one-hot-decoding-live"}}
live.DecodeShift(trained)

# %% [markdown]
# Is there more freedom than this? Call the table $v_k = W[k] + b$, and suppose that all sums
# are right. Digits 0, 0, $k$ against 0, 0, 0 give $v_k - v_0 = k$. Digits 0, $k$, 0 against 0,
# 0, 0 give $U (v_k - v_0) = k$, so $U = 1$. Digits 0, 0, 0 then give $3 v_0 = 0$. So the data
# determine $v_k = k$ and $U = 1$: 11 numbers. The network has 12. What is left is exactly one
# direction, the shift. Statisticians meet it when a regression has a column for every category
# and an intercept as well {cite:p}`suits1957`.
#
# The curvature of the loss at a solution shows the same. $J$ holds the derivatives of the
# output with respect to the 12 weights, and $2 J^{\mathsf T} J / n$ is the matrix of second
# derivatives there.

# %%
counts, recur = every_x.sum(axis=1), 2 * every[:, [0]] + every[:, [1]]
J = np.hstack([counts, recur, np.full((1_000, 1), 3.0)])
curvatures, directions = np.linalg.eigh(2 * J.T @ J / 1_000)
flat = directions[:, 0] / directions[0, 0]
print("weights:", J.shape[1], "  determined:", np.linalg.matrix_rank(J))
print("the flat direction (W, U, b):", np.rint(flat).astype(int))
print(f"largest stable step of plain gradient descent: {2 / curvatures[-1]:.4f}")

# %% [markdown]
# Along $(1, \dots, 1, 0, -1)$ the loss does not change at all. (The step of 0.002 was below the
# limit in the last line.)

# %% [markdown]
# ## Which b does training end with?
#
# The data cannot choose $b$. Something did: every run above ended at one. It was the start.
#
# :::{admonition} Predict first 2
# :class: predict
# Take one training sequence. Let $g_t$ be the derivative of its loss with respect to $h_t$.
# Write down the gradient of $b$, and the sum of the gradients of the ten entries of $W$. How do
# they compare?
# :::
#
# :::{dropdown} Answer 2
# They are equal. Step $t$ adds $g_t$ to the gradient of $b$, and $g_t$ to the gradient of
# exactly one entry of $W$. So both are $\sum_t g_t$, for every sequence, every $U$ and every
# loss. The same holds with an activation function, if $g_t$ is the derivative with respect to
# what the function is applied to.
# :::

# %%
alike = [np.allclose(one[:10].sum(), one[11])
         for one in (gradients(somewhere, every_x[[i]], every_sum[[i]]) for i in range(1_000))]
print("sum of W's gradients = b's gradient in", sum(alike), "of", len(alike), "sequences")

# %% [markdown]
# So each step of gradient descent changes $\sum W$ and $b$ by the same amount, and their
# difference
#
# $$Q = \textstyle\sum_k W[k] - b$$
#
# never changes: a {term}`conserved quantity`. {term}`Momentum <momentum>` adds up old gradients
# and keeps $Q$ as well. Batches keep it, since each sequence does. At the solution $W[k] = k -
# b$, so $\sum W = 45 - 10 b$ and $Q = 45 - 11 b$. Hence, with $Q_0$ the value at the start,
#
# $$b_{\text{end}} = \frac{45 - Q_0}{11} .$$
#
# We test it on 20 starts. Each is a small random $W$ with $U = 0.5$ and $b = 0$, shifted by a
# $c$ between $-3$ and 3 of its own.

# %%
shifts = np.linspace(-3, 3, 20)
starts = np.zeros((12, 20))
starts[:10] = np.random.default_rng(3).uniform(-0.74, 0.74, (10, 20)) + shifts
starts[10], starts[11] = 0.5, -shifts


def conserved(weights: np.ndarray) -> np.ndarray:
    """Return Q, the sum of W minus b, of each network."""
    return weights[..., :10, :].sum(axis=-2) - weights[..., 11, :]


predicted = (45 - conserved(starts)) / 11
print(f"predicted b: {predicted.min():.2f} to {predicted.max():.2f}")

# %%
by_momentum = train(starts, momentum(0.002), every_x, every_sum, batch=1_000, epochs=1_500)
by_adam = train(starts, adam(0.1), every_x, every_sum, batch=1_000, epochs=1_500)
for name, path in [("momentum", by_momentum), ("Adam", by_adam)]:
    solved, off = loss(path[-1], every_x, every_sum) < 1e-9, path[-1, 11] - predicted
    print(f"{name:8}  solved: {solved.sum()} of 20   b as predicted to 1e-6: "
          f"{(np.abs(off) < 1e-6).sum()} of 20   off by {off.min():z.1f} to {off.max():z.1f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Twenty networks that add perfectly. Their W differ by the luck of the start; their W + b is one and the same line.", "name": "fig-one-hot-decoding-twenty"}, "image": {"alt": "Two panels, value against digit 0 to 9, one line a network, colours from dark to light. On the left, W, 20 parallel rising lines spread over about 6 units, the lowest from -7 to 2, the highest from -1 to 8. On the right, W + b, all 20 lines lie on top of each other and run from 0 to 9."}}
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(plotting.WIDTH, 4.6))
W_end, b_end = by_momentum[-1, :10], by_momentum[-1, 11]
shades = plt.get_cmap("cividis")(np.linspace(0, 0.9, 20))
for ax, values, name in [(axes[0], W_end, "W"), (axes[1], W_end + b_end, "W + b")]:
    for network in range(20):
        ax.plot(range(10), values[:, network], "-", color=shades[network], linewidth=1.3)
    ax.set(title=name, xlabel="digit", xticks=range(0, 10, 3))
axes[0].set_ylabel("value")
axes[1].text(4.6, 3.2, "20 lines")
plt.show()


# %% [markdown]
# Momentum ends where the start says. Adam solves the task as well and ends elsewhere.
#
# :::{admonition} Predict first 3
# :class: predict
# In its first step Adam moves each weight by the learning rate, up or down according to the
# sign of its gradient. At our starts every output is too small on average, so $b$ and all ten
# entries of $W$ move up. By how much does $Q$ change in this step?
# :::

# %%
def first_change(path: np.ndarray) -> np.ndarray:
    """Return the change of Q in the first step, for each network."""
    return conserved(path[1]) - conserved(path[0])


print("momentum: below 1e-12:", bool(np.abs(first_change(by_momentum)).max() < 1e-12))
print("Adam, rate 0.1:", np.unique(first_change(by_adam).round(3)))

# %% [markdown]
# :::{dropdown} Answer 3
# By 10 rates for $W$ minus one rate for $b$: $9 \times 0.1 = 0.9$. The gradient of $b$ is as
# large as the ten others together, but Adam divides each gradient by its own size. That removes
# the equality that kept $Q$ constant. $W$ does most of the work and $b$ ends lower than
# gradient descent would have left it.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Momentum keeps Q. Adam drives it up, and stops only when there is nothing left to learn.", "name": "fig-one-hot-decoding-conserved"}, "image": {"alt": "Change of Q since the start against the training step from 1 to 1,500 on a logarithmic axis. Twenty solid lines for momentum lie on 0 throughout. Twenty dashed lines for Adam rise from about 1 at the first step, swing between 10 and 16 around step 30, and level off between 18 and 20 after about 500 steps."}}
fig, ax = plt.subplots()
steps = np.arange(1, 1_501)
kinds = [(by_momentum, "-", "blue", "momentum"), (by_adam, "--", "vermilion", "Adam")]
for path, style, colour, name in kinds:
    change = conserved(path[1:]) - conserved(path[0])
    lines = ax.semilogx(steps, change, style, color=plotting.COLOURS[colour], linewidth=1)
    lines[0].set_label(name)
ax.set(xlabel="training step", ylabel="change of Q since the start")
ax.legend()
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"caption": "For gradient descent with momentum the start decides the final bias. With Adam the bias ends lower than predicted, in all 20 runs.", "name": "fig-one-hot-decoding-bias"}, "image": {"alt": "Final bias, from -1 to 7, against the bias predicted from the start, from 1 to 7. Circles for 20 momentum runs lie on the dotted diagonal. Crosses for 20 Adam runs lie a little less than 2 below it, along a parallel line."}}
fig, ax = plt.subplots()
ax.plot(predicted, by_momentum[-1, 11], "o", mfc="none", mew=2, label="momentum")
ax.plot(predicted, by_adam[-1, 11], "x", mew=2, label="Adam")
ax.axline((4, 4), slope=1, linestyle=":", color=plotting.COLOURS["black"], linewidth=1)
ax.set(xlabel="b predicted from the start", ylabel="b after training")
ax.legend()
plt.show()

# %% [markdown]
# Keras computes in float32, with batches, and obeys the same law: a test of this book finds the
# prediction right to 0.0001 for 20 of 20 seeds.

# %%
training.seed_everything(0)
by_sgd = build(keras.initializers.RandomUniform(0, 1), keras.initializers.Constant(0.5))
W, U, b = by_sgd.get_weights()
forecast = (45 - (W.sum() - b[0])) / 11
by_sgd.compile(keras.optimizers.SGD(0.001, momentum=0.97), loss="mse", steps_per_execution=250)
by_sgd.fit(data.one_hot(x), y, batch_size=32, epochs=5, verbose=0)
found = by_sgd.get_weights()[2][0]
print(f"predicted b = {forecast:.3f}   Keras SGD with momentum: b = {found:.3f}")

# %% [markdown]
# The law lets us look back at the tutorial. By default Keras starts $b$ at 0 and each entry of
# $W$ between $-\sqrt{6/11}$ and $\sqrt{6/11}$, so $Q_0$ lies between $-7.4$ and $7.4$. What
# could gradient descent have made of that, and what did Adam make of it in our 14 repetitions?

# %%
limit, adam_b = 10 * np.sqrt(6 / 11), tutorial[-1, 11, plus]
print(f"gradient descent: b from {(45 - limit) / 11:.2f} to {(45 + limit) / 11:.2f}")
print(f"Adam, 14 seeds:   b from {adam_b.min():.2f} to {adam_b.max():.2f}")
print("the tutorial:     b = 2.95")

# %% [markdown]
# Its $b = 2.9506$ says nothing about adding digits. It lies where Adam ends, and out of reach
# of gradient descent from Keras' start.
#
# The two halves of this chapter are one. The loss does not change along the shift, so its
# gradient has no part in that direction, and $Q$ is the position along it. Physics knows the
# link from symmetry to conservation as Noether's theorem. {cite:t}`kunin2021` work it out for
# deep networks; our case is their translation symmetry. $Q$ is linear in the weights, so it
# survives steps of any size. A quadratic law, such as the one of {cite:t}`du2018` between the
# layers of a network, is exact only for infinitely small steps.

# %% [markdown]
# ## What could fool us
#
# **A decoder that always finds digits.** Would the table look like 0 to 9 for any network? Two
# controls go through the same code: the 20 networks before training, and the 20 networks
# trained in the same way on shuffled sums.
#
# :::{admonition} Predict first 4
# :class: predict
# With shuffled sums the digits say nothing about the target. What is the best constant answer,
# and what should the table of a network with $U = 1$ look like?
# :::

# %%
shuffled = np.random.default_rng(4).permutation(every_sum)
by_shuffled = train(starts, momentum(0.002), every_x, shuffled, batch=1_000, epochs=1_500)
tables = {"trained": by_momentum[-1], "shuffled sums": by_shuffled[-1], "untrained": starts}
tables = {name: weights[:10] + weights[11] for name, weights in tables.items()}
for name, values in tables.items():
    span = values.max(axis=0) - values.min(axis=0)
    print(f"{name:13}  largest minus smallest entry: {span.min():.1f} to {span.max():.1f}")

U = by_shuffled[-1, 10]
mean_answer = tables["shuffled sums"].mean(axis=0) * (1 + U + U**2)
print(f"shuffled sums  U from {U.min():.1f} to {U.max():.1f}, mean answer "
      f"{mean_answer.min():.1f} to {mean_answer.max():.1f}")

# %% [markdown]
# :::{dropdown} Answer 4
# The best constant is the mean sum, 13.5. With $U = 1$ each of the three steps adds 4.5
# whatever the digit: a flat table. Other values of $U$ give other flat tables, at $13.5 / (1 +
# U + U^2)$. The small bumps come from 1,000 shuffled sums being a finite sample.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The rising table comes from training on true sums. Shuffled sums give flat tables, at a height that depends on U, and untrained networks give noise around 0.", "name": "fig-one-hot-decoding-controls"}, "image": {"alt": "W + b against digit 0 to 9 for five networks of each kind. Solid lines, trained, all run straight from 0 to 9. Dashed lines, shuffled sums, are nearly level, four at heights near 4 and one near 7.5. Dotted lines, untrained, scatter between -0.7 and 0.7."}}
fig, ax = plt.subplots()
looks = [("-", "blue"), ("--", "vermilion"), (":", "green")]
for (name, values), (style, colour) in zip(tables.items(), looks):
    lines = ax.plot(range(10), values[:, ::4], style, color=plotting.COLOURS[colour])
    lines[0].set_label(name)
ax.set(xlabel="digit", ylabel="W + b", xticks=range(10))
ax.legend(loc="upper left", ncols=3, bbox_to_anchor=(0, 1.15), frameon=False, columnspacing=1)
plt.show()


# %% [markdown]
# **A start that fails.** In the figure of the training curves, every seed that Keras starts at
# $U = -1$ fails, as in chapter 1. Such a network has a conserved quantity too, but the formula
# for $b$ does not hold: it assumes that training reaches the solution. [Chapter 4](04_two_valleys.md)
# explains the failure.
#
# **Two networks that agree.** Equal predictions do not mean equal weights, and a difference of
# weights is no evidence of a difference in what was learned. Compare what the data determine:
# $W + b$ and $U$.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · A fixed form
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Read*. To compare networks, shift each to the form
# in which the digit 0 picks a 0. Write `zero_first(W, b)` for $W$ of shape (10, 1) and $b$ of
# shape (1,). It returns the new `W, b`, in the same shapes: row 0 of the new $W$ is 0, and the
# network is the same function.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "zero_first", "solution": true}
def zero_first(W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same network with W[0] = 0."""
    ### BEGIN SOLUTION
    return W - W[0], b + W[0]
    ### END SOLUTION


# %% nbgrader={"grade_id": "zero_first-check", "grade": true, "points": 1}
checks.zero_first(zero_first)


# %% [markdown]
# :::{admonition} Exercise 2 · The same function?
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Prove*. Write `same_function(first, second)`. Each
# argument is a list `[W, U, b]` of shapes (10, 1), (1, 1), (1,). It returns True if the two
# networks give the same answer, within rounding, on every sequence of every length, and False
# if not. Do not run the networks. Beware of one case in which $U$ does not matter.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "same_function", "solution": true}
def same_function(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    """Return whether two one-hot networks agree on every sequence."""
    ### BEGIN SOLUTION
    (W1, U1, b1), (W2, U2, b2) = first, second
    silent = np.allclose(W1 + b1, 0) and np.allclose(W2 + b2, 0)
    return bool(silent or (np.allclose(W1 + b1, W2 + b2) and np.allclose(U1, U2)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "same_function-check", "grade": true, "points": 2}
checks.same_function(same_function)


# %% [markdown]
# :::{admonition} Exercise 3 · Another task, another bias
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Predict*. The network now reads one-hot symbols,
# any number of them, and symbol $k$ is worth `values[k]`; the target is the sum of the values.
# Write `final_bias(W, b, values)` for a start $W$ of shape (symbols, 1), $b$ of shape (1,) and
# `values` of shape (symbols,). It returns the bias, a number, that gradient descent ends with
# if it reaches the solution.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "final_bias", "solution": true}
def final_bias(W: np.ndarray, b: np.ndarray, values: np.ndarray) -> float:
    """Return the bias after training, from the weights before."""
    ### BEGIN SOLUTION
    kept = W.sum() - b.item()
    return float((values.sum() - kept) / (len(values) + 1))
    ### END SOLUTION


# %% nbgrader={"grade_id": "final_bias-check", "grade": true, "points": 2}
checks.final_bias(final_bias)

# %% [markdown]
# :::{admonition} Exercise 4 · Keepers and breakers (open)
# :class: exercise
# Difficulty 4 of 5, 25 minutes. Practises: *Judge*. Which of these keep $Q$: batches of 10; a
# gradient that is scaled down when its length exceeds 1; a gradient whose entries are clipped
# to $[-1, 1]$ one by one; {term}`weight decay`, that is, $0.01$ times the weights added to the
# gradient? Predict each on paper. Then change `momentum` or `train` accordingly, train the 20
# `starts`, and compare. Where does weight decay drive $Q$, how fast, and why there?
# :::

# %% [markdown] nbgrader={"grade_id": "keepers", "solution": true, "grade": true, "points": 3}
# *Your answer here: your four predictions, what you measured, and what you compared with.*

# %% [markdown]
# :::{dropdown} One answer
# A change keeps $Q$ if every step still moves $\sum W$ and $b$ by the same amount. Batches do:
# the equality holds for each sequence. Scaling the whole gradient does: both sides shrink by
# one factor. Clipping entry by entry does not: $b$ has a larger gradient than any row of $W$
# and loses the most. Weight decay does not: it adds $0.01\,(\sum W - b) = 0.01\,Q$ to the
# difference of the gradients. With rate 0.002 and momentum 0.95, $Q$ then shrinks by about
# $0.002 \times 0.01 / 0.05$ of itself in a step: to $e^{-0.6} = 0.55$ of its start in 1,500
# steps. At $Q = 0$ the sum of squares of $W$ and $b$ is the smallest among
# all networks with the same table, which is what weight decay asks for. The control is plain
# momentum from the same starts, which keeps $Q$ for 20 of 20.
# :::

# %% [markdown]
# ## What we saw
#
# - *Read*: $W$ alone looks wrong by a constant. $W + b$ is the table 0 to 9, and $U = 1$.
# - *Prove*: $(W + c, b - c)$ is the same function for every $U$. The data determine 11 numbers
#   of 12, and the twelfth is this shift.
# - *Predict*: $\sum W - b$ never changes under gradient descent, so the start fixes the final
#   bias. Momentum met the prediction within $10^{-6}$ in 20 of 20 runs.
# - *Judge*: Adam rescales each gradient by its own size and breaks the law, in 20 of 20 runs.
#   The controls show that the table comes from the data and not from the decoder.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_learns_part1`: the tutorial this chapter starts from.
# - {cite:t}`suits1957`: the same redundancy in regression, and how to remove it.
# - {cite:t}`kunin2021`: symmetries, conserved quantities and how practice breaks them.
# - {cite:t}`du2018`: the quadratic law that balances the layers of a deep network.
# - {cite:t}`kingma2015`: the optimiser Adam.
