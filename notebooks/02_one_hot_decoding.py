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
# # Which weights did the data choose, and which did luck?
#
# A digit $k$ picks row $k$ of a table $W$, and the network adds that row and a number $b$ to its
# total. A tutorial {cite:p}`rnn_learns_part1` trained such a network to add three digits. It adds
# without a mistake. But its $W$ counts a 0 as $-2.948$ and a 9 as $6.036$, and its $b$ is
# $2.9506$. Here are such weights, with even steps between. Shift $W$ and $b$ against each other, read
# 4, 2, 5, and watch which line moves. Then shift $W$ alone.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "W moves with the shift, W + b does not, and so no prediction does. Shifted alone, W adds the shift at every step.", "name": "fig-one-hot-decoding-live"}} jupyter={"source_hidden": true}
from course_utils import live, training  # first: quiet TensorFlow

import numpy as np

live.DecodeShift([np.arange(10.0)[:, np.newaxis] - 2.95, [[1.0]], [2.95]])

# %% [markdown]
# :::{admonition} Predict first 1
# :class: predict
# Set $b = 100$. Which $W$ makes the network add digits? Which other numbers could the tutorial's $b$
# have been?
# :::
#
# :::{dropdown} Answer 1
# $W$ from $-100$ to $-91$. Any number would do: the network adds $W[k] + b$, and that is $k$
# whenever $W[k] = k - b$. Why it became 2.95 is the question of this chapter.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Read* the table 0 to 9 out of weights that look wrong one by one.
# - *Prove* which weights the data determine, and move the others without moving a prediction.
# - *Predict* the bias that training ends with before training starts.
# - *Judge* which optimisers a published number rules out.
# :::
#
# **Time:** about 35 minutes, and 60 for the exercises; the code runs in about half a minute.
# **Needs:** [chapter 1](01_linear_rnn_sum.md), or gradients and matrix products.

# %% [markdown]
# ## A digit that picks a row
#
# The digit $k$ is a {term}`one-hot` row: ten numbers, a 1 in place $k$ and 0 elsewhere. Such a row
# times $W$ is one row of $W$, written $W[k]$. The cell is that of chapter 1,
#
# $$h_t = x_t W + h_{t-1} U + b , \qquad h_0 = 0 ,$$
#
# with one {term}`hidden unit`: $W$ now has ten rows and one column, $U$ and $b$ are still numbers. For
# networks side by side, the networks are the first axis: $W$ has shape (20, 10, 1).

# %%
from course_utils import data, decoding, plotting
from course_utils.checks import one_hot_decoding as checks

import keras
import matplotlib.pyplot as plt

plotting.use_style()
training.seed_everything(0)
every, every_sum = data.all_digit_sums(3)
every_x = data.one_hot(every).astype(float)


# %%
def forward(weights, x):
    """Return the states h_0 ... h_3, each of shape (..., count, 1)."""
    W, U, b = weights
    h = [np.zeros((len(x), 1))]
    for t in range(x.shape[1]):
        h.append(x[:, t] @ W + h[-1] * U + b)
    return h


# %%
def loss(weights, x, y):
    """Return the mean squared error of each network."""
    return ((forward(weights, x)[-1][..., 0] - y) ** 2).mean(axis=-1)


# %%
def gradients(weights, x, y):
    """Return the derivatives of the loss for W, U and b."""
    h = forward(weights, x)
    g = 2 * (h[-1] - y[:, np.newaxis]) / len(y)
    slopes = [0, 0, 0]
    for t in reversed(range(x.shape[1])):
        sums = [x[:, t].T @ g, (g * h[t]).sum(axis=-2, keepdims=True),
                g.sum(axis=-2, keepdims=True)]
        slopes = [slope + part for slope, part in zip(slopes, sums)]
        g = g * weights[1]
    return slopes


# %% [markdown]
# These are the gradients of chapter 1. With $g_t$ the derivative of the loss with respect to $h_t$, step $t$ adds $g_t$ to the
# gradient of the row that its digit picked, $g_t h_{t-1}$ to that of $U$ and $g_t$ to that of $b$.

# %% [markdown]
# ## The same in Keras

# %%
def build(start_W, start_U):
    """Return a linear recurrent network for one-hot digits."""
    return keras.Sequential([
        keras.Input((3, 10)),
        keras.layers.SimpleRNN(1, activation=None, unroll=True,
                               kernel_initializer=start_W,
                               recurrent_initializer=start_U)])


# %%
start_W = keras.initializers.RandomUniform(0, 1)
model = build(start_W, keras.initializers.Constant(0.5))
training.summary(model)
print("W, U, b:", *[w.shape for w in model.get_weights()])

# %% [markdown]
# The tutorial made 8,000 updates in batches of 8. We make 750 in batches of 32, with larger steps that
# shrink to 0. The start is that of chapter 1.

# %%
digits, sums = data.digit_sums(10_000, length=3, seed=0)
(x, y), (x_val, y_val) = data.split(
    data.one_hot(digits), sums, held_out=2_000)
rate = keras.optimizers.schedules.CosineDecay(0.3, decay_steps=750)
model.compile(keras.optimizers.Adam(rate), "mse", steps_per_execution=250)
fitted = model.fit(x, y, batch_size=32, epochs=3, verbose=0,
                   validation_data=(x_val, y_val),
                   callbacks=[training.keras_progress()])

# %%
published = np.array([6.5214, 4.8307, 3.0087, 1.4164, 0.4745, 0.0760,
                      0.0039, 3.10e-5])
val_loss = np.array(fitted.history["val_loss"])
print("below the tutorial's loss:", bool(val_loss[-1] < published[-1]))
answers = model(x_val[:5]).numpy()[:, 0]
for row, total, answer in zip(digits[8_000:], y_val, answers):
    print(f"{row}   sum {total:2}   answer {answer:.3f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Large steps that shrink get below the tutorial's last loss in less than a tenth of its updates.", "name": "fig-one-hot-decoding-training"}, "image": {"alt": "Validation loss against the number of weight updates, both axes logarithmic. Circles for the tutorial's eight epochs fall from 6.5 at 1,000 updates to 0.00003 at 8,000. Squares for our three lie to the left and far lower, at 250, 500 and 750 updates."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ax.loglog(1_000 * np.arange(1, 9), published, "o--", label="tutorial")
ax.loglog(250 * np.arange(1, 4), np.maximum(val_loss, 1e-9), "s-",
          label="ours, cut at 1e-9")
ticks = 250 * 2 ** np.arange(6)
ax.set(xlabel="weight updates", ylabel="validation loss", xticks=ticks,
       xticklabels=ticks)
ax.minorticks_off()
ax.legend()
plt.show()

# %%
W, U, b = model.get_weights()
print(f"W from {W.min():.1f} to {W.max():.1f}   b = {b[0]:.1f}")
print(decoding.decode([W, U, b]))

# %% [markdown]
# Read alone, $W$ looks wrong. $W + b$ is the table of the digits. Of the tutorial's $W$ two entries are
# known, the ends: $-2.948 + 2.9506 = 0.003$ and $6.036 + 2.9506 = 8.987$ round to 0 and 9.
# Its $U$ is $1.00105$.

# %% [markdown]
# ## Only W + b is determined
#
# A step reads digit $k$ and computes $h_t = (W[k] + b) + h_{t-1} U$. Replace $W$ by $W + c$ and $b$ by
# $b - c$: the sum in the bracket stays, and so does every state of every sequence. Nothing here used
# $U = 1$ or training, so it must hold for any $U$.

# %%
rng = np.random.default_rng(2)
for U in [1.0, 0.5, 0.0, -2.5]:
    W, b = rng.normal(size=(10, 1)), rng.normal(size=1)
    network = [W, np.array([[U]]), b]
    before = decoding.predict(network, every_x)
    both = decoding.predict(decoding.shift(network, 10.0), every_x)
    alone = decoding.predict([W + 10, *network[1:]], every_x)
    same = bool(np.abs(both - before).max() < 1e-12)
    print(f"U = {U:4}   W and b shifted, same answers: {same}   "
          f"W alone: off by {np.abs(alone - before).max():.1f}")


# %% [markdown]
# Is there more freedom? Call the table $v_k = W[k] + b$, and suppose that all sums are right.
# Digits 0, 0, $k$ against 0, 0, 0 give $v_k - v_0 = k$. Digits 0, $k$, 0 give $U (v_k - v_0) = k$, so
# $U = 1$. Digits 0, 0, 0 then give $3 v_0 = 0$. So the data determine 11 numbers, $v_k = k$ and $U =
# 1$. The network has 12. What is left is one direction, the shift. Statisticians meet it when
# a regression has a column for every category and an intercept as well {cite:p}`suits1957`.
#
# :::{admonition} Exercise 1 · A fixed form
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Read*. To compare networks, shift each to the form
# in which the digit 0 picks a 0. Write `zero_first(W, b)` for $W$ of shape (10, 1) and $b$ of
# shape (1,). It returns the new `W, b`, in the same shapes: row 0 of the new $W$ is 0, and the
# network is the same function.
# :::
#
# :::{dropdown} Hint 1
# Which $c$ in $(W + c, b - c)$ makes row 0 of $W$ a 0?
# :::
#
# :::{dropdown} Hint 2
# `W[0]` has shape (1,), as `b` has.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "zero_first", "solution": true} jupyter={"source_hidden": true}
def zero_first(W: np.ndarray, b: np.ndarray) -> tuple:
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
#
# :::{dropdown} Hint 1
# What does one step add to the state? What happens to the state before?
# :::
#
# :::{dropdown} Hint 2
# If every step adds 0, the state stays 0. Test that case by itself.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "same_function", "solution": true} jupyter={"source_hidden": true}
def same_function(first: list, second: list) -> bool:
    """Return whether two one-hot networks agree on every sequence."""
    ### BEGIN SOLUTION
    (W1, U1, b1), (W2, U2, b2) = first, second
    silent = np.allclose(W1 + b1, 0) and np.allclose(W2 + b2, 0)
    same = np.allclose(W1 + b1, W2 + b2) and np.allclose(U1, U2)
    return bool(silent or same)
    ### END SOLUTION


# %% nbgrader={"grade_id": "same_function-check", "grade": true, "points": 2}
checks.same_function(same_function)


# %% [markdown]
# ## Which b does training end with?
#
# The data cannot choose $b$. Something did.
#
# :::{admonition} Predict first 2
# :class: predict
# Take one training sequence. Write down the gradient of $b$, and the sum of the gradients of the
# ten entries of $W$. How do they compare?
# :::
#
# :::{dropdown} Answer 2
# They are equal. Step $t$ adds $g_t$ to the gradient of $b$, and $g_t$ to the gradient of
# exactly one entry of $W$. So both are $\sum_t g_t$, for every sequence, every $U$ and every loss.
# :::
#
# So each step of {term}`gradient descent` changes $\sum W$ and $b$ by the same amount, and their
# difference
#
# $$Q = \textstyle\sum_k W[k] - b$$
#
# never changes: a {term}`conserved quantity`. {term}`Momentum <momentum>`, whose step is a fading sum
# of old gradients, keeps it as well. Batches keep it, since each sequence does. At the solution $W[k] =
# k - b$, so $Q = 45 - 11 b$. With $Q_0$ the value at the start,
#
# $$b_{\text{end}} = \frac{45 - Q_0}{11} .$$
#
# **The final bias is known before training starts.**
#
# :::{admonition} Exercise 3 · The final bias
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Predict*. The network now reads one-hot symbols,
# any number of them, and symbol $k$ is worth `values[k]`; the target is the sum of the values.
# Write `final_bias(W, b, values)` for a start $W$ of shape (symbols, 1), $b$ of shape (1,) and
# `values` of shape (symbols,). It returns the bias, a number, that gradient descent ends with
# if it reaches the solution. The next section runs on your function.
# :::
#
# :::{dropdown} Hint 1
# Write $Q$ at the start as a number. Write $Q$ at the solution in terms of $b$.
# :::
#
# :::{dropdown} Hint 2
# At the solution, each row is its value minus $b$. Sum the rows.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "final_bias", "solution": true} jupyter={"source_hidden": true}
def final_bias(W: np.ndarray, b: np.ndarray, values: np.ndarray) -> float:
    """Return the bias after training, from the weights before."""
    ### BEGIN SOLUTION
    kept = W.sum() - b.item()
    return float((values.sum() - kept) / (len(values) + 1))
    ### END SOLUTION


# %% nbgrader={"grade_id": "final_bias-check", "grade": true, "points": 2}
checks.final_bias(final_bias)

# %% [markdown]
# We test it on 20 starts: a small random $W$ with $U = 0.5$ and $b = 0$, each then shifted by a $c$
# between $-3$ and 3. The trivial rule says $45/11$ each time, which is right where $Q_0 = 0$.

# %%
c = np.linspace(-3, 3, 20).reshape(20, 1, 1)
small = np.random.default_rng(3).uniform(-0.74, 0.74, (20, 10, 1))
start = [small + c, np.full((20, 1, 1), 0.5), -c]
values = np.arange(10)
predicted = np.ravel([final_bias(W, b.ravel(), values)
                      for W, _, b in zip(*start)])
print(f"predicted b: {predicted.min():.2f} to {predicted.max():.2f}")
print(f"always 45/11: off by {abs(predicted - 45 / 11).max():.1f} at most")


# %% [markdown]
# ## Adam
#
# Chapter 1 used an {term}`optimiser` that it did not explain. Adam {cite:p}`kingma2015` divides the
# running mean of each gradient by its running size, the root of the running mean of its square. So while
# its gradient keeps its sign, a weight moves by about the rate, however large the gradient is.

# %%
def adam(weights, gradients, rates):
    """Yield the weights after each update, one for every rate."""
    mean = [0.0 * w for w in weights]
    square = [0.0 * w for w in weights]
    for n, rate in enumerate(training.progress(rates, "Adam"), start=1):
        weights = list(weights)
        for k, g in enumerate(gradients(weights)):
            mean[k] = 0.9 * mean[k] + 0.1 * g
            square[k] = 0.999 * square[k] + 0.001 * g**2
            size = np.sqrt(square[k] / (1 - 0.999**n)) + 1e-7
            weights[k] = weights[k] - rate * mean[k] / (1 - 0.9**n) / size
        yield weights


# %% [markdown]
# The divisions by $1 - 0.9^n$ and $1 - 0.999^n$ make up for means that start at 0. Later chapters
# import this as `training.adam`. Momentum in the same form:

# %%
def momentum(weights, gradients, rate, steps, keep=0.95):
    """Yield the weights after each step of descent with momentum."""
    speed = [0 * w for w in weights]
    for _ in training.progress(range(steps), "momentum"):
        slopes = gradients(weights)
        speed = [keep * v - rate * s for v, s in zip(speed, slopes)]
        weights = [w + v for w, v in zip(weights, speed)]
        yield weights


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# In its first step Adam moves each weight by the rate, against the sign of its gradient. At our
# starts outputs are too small on average, over all sequences and over those that hold any one digit, so $b$ and all ten entries of $W$ move up. By how
# much does $Q$ change in this step, at rate 0.1?
# :::

# %%
def on_all(weights):
    """Return the gradients on all 1,000 sequences."""
    return gradients(weights, every_x, every_sum)


def Q(weights):
    """Return the sum of W minus b, of each network."""
    return weights[0].sum(axis=(1, 2)) - weights[2].ravel()


paths = {"momentum": list(momentum(start, on_all, 0.002, 1_500)),
         "Adam": list(adam(start, on_all, [0.1] * 1_500))}

# %%
for name, path in paths.items():
    solved = loss(path[-1], every_x, every_sum) < 1e-9
    off = path[-1][2].ravel() - predicted
    print(f"{name:8}  solved: {solved.sum()} of 20   first step of Q:"
          f" {np.abs(Q(path[0]) - Q(start)).max():.1f}   b as predicted: "
          f"{(np.abs(off) < 1e-6).sum()} of 20")

# %% [markdown]
# :::{dropdown} Answer 3
# By 10 rates for $W$ minus one rate for $b$: $9 \times 0.1 = 0.9$. The gradient of $b$ is as
# large as the ten others together, but Adam divides each by its own size. That removes the equality
# that kept $Q$ constant. This step lowers the final bias by $0.9/11$ only; all steps together lower it by 1.6 to 1.8.
# Where outputs start too large, it ends higher.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "With momentum the start decides the final bias. With Adam it ends lower than predicted, in all 20 runs.", "name": "fig-one-hot-decoding-bias"}, "image": {"alt": "Final bias, from -1 to 7, against the bias predicted from the start, from 1 to 7. Circles for 20 momentum runs lie on the dotted diagonal. Crosses for 20 Adam runs lie 1.6 to 1.8 below it, along a parallel line."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
for (name, path), mark in zip(paths.items(), "ox"):
    ax.plot(predicted, path[-1][2].ravel(), mark, mfc="none", mew=2,
            label=name)
ax.axline((4, 4), slope=1, linestyle=":", linewidth=1, color="black")
ax.set(xlabel="b predicted from the start", ylabel="b after training")
ax.legend()
plt.show()

# %% [markdown]
# Now look back at the tutorial, which names no start. By default Keras starts $b$ at 0 and each entry of $W$ between
# $-\sqrt{6/11}$ and $\sqrt{6/11}$. Gradient descent could end between 3.42 and 4.76:

# %%
limit = np.sqrt(6 / 11)
for end in (limit, -limit):
    b_end = final_bias(np.full((10, 1), end), np.zeros(1), values)
    print(f"gradient descent: b = {np.ravel(b_end)[0]:.2f}")
W = np.random.default_rng(0).uniform(-limit, limit, (20, 10, 1))
default = [W, np.ones((20, 1, 1)), np.zeros((20, 1, 1))]
rng, x_hot = np.random.default_rng(1), x.astype(float)


# %%
def on_a_batch(weights):
    """Return the gradients on eight sequences, as the tutorial."""
    rows = rng.integers(len(x), size=8)
    return gradients(weights, x_hot[rows], y[rows])


*_, (_, _, b) = adam(default, on_a_batch, [0.005] * 8_000)
print(f"Adam: b from {b.min():.1f} to {b.max():.1f}   the tutorial: 2.95")


# %% [markdown]
# Is it Adam alone, and is it the division by each gradient's own size? Here are three relatives: gradient descent
# with every entry of the gradient cut to $[-1, 1]$; RMSprop, which is Adam without the running mean of the gradient;
# and, from our 20 starts, Adam with one size for all gradients together.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show the three relatives", "code_prompt_hide": "Hide the three relatives"} jupyter={"source_hidden": true}
def clip(weights):
    return [np.clip(g, -1, 1) for g in on_a_batch(weights)]


def rmsprop(weights, gradients, rates):
    """Yield the weights; each slope is divided by its running size."""
    square = [0.0 * w for w in weights]
    for rate in training.progress(rates, "RMSprop"):
        slopes = gradients(weights)
        square = [0.9 * q + 0.1 * g**2 for q, g in zip(square, slopes)]
        weights = [w - rate * g / (np.sqrt(q) + 1e-7)
                   for w, g, q in zip(weights, slopes, square)]
        yield weights


def one_size(weights, gradients, rates):
    """Yield the weights of Adam, all slopes divided by a common size."""
    mean, square = [0.0 * w for w in weights], 0.0
    for n, rate in enumerate(training.progress(rates, "one size"), 1):
        slopes = gradients(weights)
        mean = [0.9 * m + 0.1 * g for m, g in zip(mean, slopes)]
        length = sum((g**2).sum(axis=1, keepdims=True) for g in slopes)
        square = 0.999 * square + 0.001 * length
        size = np.sqrt(square / (1 - 0.999**n)) + 1e-7
        weights = [w - rate * m / (1 - 0.9**n) / size
                   for w, m in zip(weights, mean)]
        yield weights


for name, first, path in (
        ("clipped", default,
         training.gradient_descent(default, clip, 0.005, 8_000)),
        ("RMSprop", default, rmsprop(default, on_a_batch, [0.005] * 8_000)),
        ("one size", start, one_size(start, on_all, [0.1] * 2_500))):
    *_, (W, U, b) = path
    met = np.abs(b.ravel() - (45 - Q(first)) / 11) < 0.05
    print(f"{name:9} b from {b.min():.1f} to {b.max():.1f}   "
          f"predicted within 0.05: {met.sum():2} of 20")

# %% [markdown]
# Its $b = 2.9506$ says nothing about adding digits. No start that Keras draws by default could have
# led gradient descent there. Adam ends there. **From a default start, 2.95 rules out gradient descent**, but does not name
# Adam: two of its relatives end near it too. What they share is that each entry of the gradient gets a size of its own; with
# one size for all, the law holds. The starts here have $U = 1$;
# [chapter 4](04_two_valleys.md) explains what happens from $U = -1$.
#
# Behind both halves of the chapter is one fact. The loss does not change along the shift, so its
# gradient has no part in that direction, and $Q$ is the position along it. $Q$ is linear in the weights, so it survives
# steps of any size.

# %% [markdown]
# ## What could fool us
#
# **A decoder that always finds digits.** Would the table look like 0 to 9 for any network? Two
# controls go through the same code: the 20 networks before training, and the 20 trained on shuffled
# sums.

# %%
shuffled = np.random.default_rng(4).permutation(every_sum)
*_, control = momentum(
    start, lambda w: gradients(w, every_x, shuffled), 0.002, 1_500)

# %%
tables = {"trained": paths["momentum"][-1], "shuffled sums": control,
          "untrained": start}
for name, (W, _, b) in tables.items():
    span = np.ptp((W + b)[..., 0], axis=1)
    print(f"{name:13}  largest minus smallest entry: {span.min():.1f}"
          f" to {span.max():.1f}")

# %% [markdown]
# Another shuffle gave entries up to 2.6 apart. The rising table comes from training on true sums.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 4 · Keepers and breakers (open)
# :class: exercise
# Difficulty 4 of 5, 25 minutes. Practises: *Judge*. Which of these keep $Q$: a gradient that is scaled down when its
# length exceeds 1; twice the rate for $b$; noise, one random number a step added to the gradient of $b$ and to that of
# one row of $W$; {term}`weight decay`, that is, $0.01$ times the weights added to the gradient? Predict each on paper. Then change `on_all` accordingly, train from `start` with
# `momentum`, and compare. Where does weight decay drive $Q$, how fast, and why there?
# :::

# %% [markdown] nbgrader={"grade_id": "keepers", "solution": true, "grade": true, "points": 3}
# *Your answer here: your four predictions, what you measured, and what you compared with.*

# %% [markdown]
# :::{dropdown} One answer
# A change keeps $Q$ if every step still moves $\sum W$ and $b$ by the same amount. Scaling the whole gradient does:
# both sides shrink by one factor. Noise does: it moves both sides by the same number. Twice the rate for $b$ does not; it keeps
# $2 \sum W - b$ instead, which again foretells the bias, after 3,000 steps. Weight decay does not: it adds $0.01\,(\sum W - b) = 0.01\,Q$ to the
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
#   of 12.
# - *Predict*: $\sum W - b$ never changes under gradient descent, so the start fixes the final
#   bias. Momentum met the prediction within $10^{-6}$ in 20 of 20 runs.
# - *Judge*: Adam divides each gradient by a size of its own and breaks the law, in 20 of 20 runs. A
#   published bias of 2.95 rules out gradient descent from a default start.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_learns_part1`: the tutorial this chapter starts from.
# - {cite:t}`suits1957`: the same redundancy in regression, and how to remove it.
# - {cite:t}`kunin2021`: symmetries, conserved quantities (Noether's theorem) and how practice breaks them.
# - {cite:t}`du2018`: a quadratic law that balances the layers of a deep network; it is exact for infinitely small steps only.
# - {cite:t}`kingma2015`: the optimiser Adam.
