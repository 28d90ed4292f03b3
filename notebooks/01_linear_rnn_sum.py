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
# # What does a recurrent network learn when it learns to add?
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Write* a linear recurrent network, its gradients and its training loop in NumPy, then train the
#   same network in Keras.
# - *Read* the three weights of the trained network as a rule in words.
# - *Prove* that only one setting of the weights adds three digits.
# - *Predict* how the error of a nearly perfect network grows with the length of the sequence.
# - *Recognise* a metric that misleads and a start that fails.
# :::
#
# **Time:** about 45 minutes, and 70 for the exercises; the code runs in less than a minute.
# **Needs:** NumPy arrays, the chain rule, the mean of a random variable.
#
# A trained network is a list of numbers. Most networks hold too many of them to read. This one
# holds three, so we can ask what each of them means, check the answer, and see what can go wrong
# even here. The task and the first results come from a tutorial {cite:p}`rnn_learns_part1`; we
# repeat them, then go on where it stops.

# %% [markdown]
# ## The task and the network
#
# A sequence has three digits, each 0 to 9 with equal probability. The network reads one digit at a
# time and has to give their sum after the last one. It has one {term}`hidden unit`. Its
# {term}`hidden state` is a number $h_t$ that starts at $h_0 = 0$, and at step $t$, reading the
# digit $x_t$, it becomes
#
# $$h_t = x_t W + h_{t-1} U + b .$$
#
# $W$ is the {term}`input weight`, $U$ the {term}`recurrent weight` and $b$ the {term}`bias`. The
# output is the last state, $h_3$. No {term}`activation function` bends the sum: the network is
# linear.
#
# :::{admonition} Predict first 1
# :class: predict
# Which values of $W$, $U$ and $b$ make $h_3$ the sum $x_1 + x_2 + x_3$? Is there more than one
# choice?
# :::
#
# :::{dropdown} Answer 1
# $W = 1$, $U = 1$, $b = 0$: keep the state and add the digit. There is no other choice. The section
# *Why only these weights* proves it.
# :::

# %%
from course_utils import data, decoding, live, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import linear_rnn_sum as checks

import keras
import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
training.seed_everything(0)

# %%
digits, sums = data.digit_sums(10_000, length=3, seed=0)
(x, y), (x_val, y_val) = data.split(digits, sums, held_out=2_000)
print("training:", x.shape, y.shape, " validation:", x_val.shape, y_val.shape)
print("first sequence:", x[0], " its sum:", y[0])


# %% [markdown]
# ## From scratch
#
# `weights` is an array of shape (3, 1) that holds $W$, $U$ and $b$. The last axis lets NumPy spread
# a weight over all sequences at once. Later we put an axis of 20 in the middle and train 20
# networks with the same code.

# %%
def forward(weights: np.ndarray, digits: np.ndarray) -> list[np.ndarray]:
    """Return the states h_0 ... h_L, each with one entry a sequence."""
    W, U, b = weights
    h = [np.zeros(1)]
    for t in range(digits.shape[1]):
        h.append(digits[:, t] * W + h[-1] * U + b)
    return h


def loss(weights: np.ndarray, digits: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return the mean squared error of the last state."""
    return ((forward(weights, digits)[-1] - sums) ** 2).mean(axis=-1)


# %% [markdown]
# For the gradients, go through the steps backwards ({term}`backpropagation through time`). Let
# $g_t$ be the derivative of the loss with respect to $h_t$. At the last step $g_3$ is
# $2 (h_3 - y) / n$ for a sequence with sum $y$, one of $n$. One step earlier it is
# $g_{t-1} = g_t U$, because $h_{t-1}$ enters $h_t$ times $U$. On the way, step $t$ adds $g_t x_t$
# to the gradient of $W$, $g_t h_{t-1}$ to that of $U$, and $g_t$ to that of $b$.

# %%
def gradients(weights: np.ndarray, digits: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return the derivatives of the loss, in the shape of the weights."""
    h = forward(weights, digits)
    g = 2 * (h[-1] - sums) / len(sums)
    total = np.zeros_like(weights)
    for t in reversed(range(digits.shape[1])):
        for place, factor in enumerate([digits[:, t], h[t], 1.0]):
            total[place] += (g * factor).sum(axis=-1, keepdims=True)
        g = g * weights[1]
    return total


# %% [markdown]
# A gradient written by hand is a guess until it is checked. Move each weight a little both ways and
# compare the slope of the loss.

# %%
def slopes(weights: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Return the same by finite differences."""
    moves = step * np.eye(3)[:, :, np.newaxis]
    rises = [loss(weights + move, x, y) - loss(weights - move, x, y) for move in moves]
    return np.array(rises)[:, np.newaxis] / (2 * step)


somewhere = np.array([[0.7], [-0.4], [0.3]])
difference = np.abs(gradients(somewhere, x, y) - slopes(somewhere)).max()
print("the two gradients agree to six decimals:", bool(difference < 1e-6))

# %% [markdown]
# Now the training loop: step downhill, 1,000 times, on all 8,000 sequences. The step of 0.002 is
# close to the largest that works; exercise 3 finds the limit.

# %%
weights = np.array([[0.5], [0.5], [0.0]])
path = [weights]
for _ in training.progress(range(1_000), "descending"):
    weights = weights - 0.002 * gradients(weights, x, y)
    path.append(weights)
W, U, b = weights[:, 0]
print(f"W = {W:.2f}   U = {U:.2f}   b = {b:.2f}")
print("validation loss below 1e-5:", bool(loss(weights, x_val, y_val) < 1e-5))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Plain gradient descent finds the rule \"keep the state, add the digit\". The bias is the last to settle, because a slightly smaller W almost makes up for a bias that is slightly too large.", "name": "fig-linear-rnn-sum-descent"}, "image": {"alt": "Line chart of the three weights against the number of steps, on a logarithmic axis from 1 to 1,001. W (solid) starts at 0.5, is a little above 1 by the third point and settles at 1. U (dashed) starts at 0.5, reaches 0.92 as fast and 1 at about 100. b (dash-dotted) starts at 0, rises to about 0.1 and needs all 1,000 steps to return to 0."}}
fig, ax = plt.subplots()
for values, name in zip(np.array(path)[:, :, 0].T, ["W", "U", "b"]):
    ax.semilogx(range(1, len(path) + 1), values, label=name)
ax.set(xlabel="point on the path (1 is the start)", ylabel="weight")
ax.legend()
plt.show()


# %% [markdown]
# ## The same in Keras
#
# `SimpleRNN` with `activation=None` is our network. Two arguments say where the weights start: $W$
# is drawn between 0 and 1, and $U$ is 0.5. They are not the defaults, and the section *What could
# fool us* shows why that matters.

# %%
def build(start_W: object, start_U: object) -> keras.Model:
    """Return a linear recurrent network with one unit."""
    return keras.Sequential([
        keras.Input((3, 1)),
        keras.layers.SimpleRNN(1, activation=None, kernel_initializer=start_W,
                               recurrent_initializer=start_U, unroll=True),
    ])


model = build(keras.initializers.RandomUniform(0, 1), keras.initializers.Constant(0.5))
training.summary(model)
print("shapes:", [weight.shape for weight in model.get_weights()])

# %% [markdown]
# The layer counts three parameters: $W$ of shape (1, 1), $U$ of shape (1, 1) and $b$ of shape (1,).
# Keras wants one feature a step, so the digits get an axis of their own.
#
# The tutorial trained in {term}`batches <batch>` of 4 for 5 {term}`epochs <epoch>`: 10,000 updates.
# We do 750, with the same {term}`optimiser`, {term}`Adam`. Batches of 32 average out more noise, so
# the steps may be larger. The {term}`learning rate` starts at 0.1 and falls to 0 along half a cosine
# wave. The rest saves time outside the arithmetic: `unroll=True` above writes the three steps out
# where Keras would build a loop, `steps_per_execution` lets TensorFlow run a whole epoch before it
# returns to Python, and an optimiser that is built before `fit` spares a second compilation.

# %%
batch, epochs = 32, 3
updates = epochs * len(x) // batch
rate = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=updates)
model.compile(keras.optimizers.Adam(rate), loss="mse", steps_per_execution=len(x) // batch)
model.optimizer.build(model.trainable_variables)
print("updates:", updates)

# %%
fitted = model.fit(
    data.as_scalars(x), y, batch_size=batch, epochs=epochs, verbose=0,
    validation_data=(data.as_scalars(x_val), y_val), validation_batch_size=len(x_val),
    callbacks=[training.keras_progress()],
)
val_loss = fitted.history["val_loss"]
published = [2.8959, 1.5666, 0.4068, 0.0324, 1.47e-4]
print("at or below the published loss:", val_loss[-1] <= published[-1])

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Larger batches with a falling learning rate reach the published loss, and go below it, in 750 updates where the tutorial made 10,000.", "name": "fig-linear-rnn-sum-training"}, "image": {"alt": "Validation loss against the number of weight updates, both axes logarithmic. The tutorial's five epochs (circles, dashed line) fall from about 3 at 2,000 updates to 0.000147 at 10,000. Our three epochs (squares, solid line) lie far lower and to the left, at 250, 500 and 750 updates."}}
fig, ax = plt.subplots()
ax.loglog(2_000 * np.arange(1, 6), published, "o--", label="tutorial: batch 4, rate 0.001")
ax.loglog(250 * np.arange(1, 4), val_loss, "s-", label="ours: batch 32, falling rate")
ax.axhline(published[-1], linestyle=":", linewidth=1, color="black", label="1.47e-4")
ax.set(xlabel="weight updates", ylabel="validation loss")
ax.legend()
plt.show()

# %% [markdown]
# The tutorial shows five predictions. Here are ours for the same sequences, and the three weights.

# %%
shown = np.array([[0, 9, 3], [4, 2, 5], [1, 5, 6], [6, 8, 6], [6, 6, 6]])
answers = model(data.as_scalars(shown)).numpy()[:, 0]
tutorial = [12.004, 11.008, 12.002, 19.990, 17.994]
print("digits     sum   tutorial   ours")
for row, answer, theirs in zip(shown, answers, tutorial):
    print(f"{row}    {row.sum():2}     {theirs:.3f}   {answer:.3f}")

# %%
trained = model.get_weights()
print(decoding.decode(trained))

# %% [markdown]
# The table is the reading: at each step the network multiplies its state by 1 and adds the digit.
# That is $W = 1$, $U = 1$, $b = 0$. The tutorial's run ended at $W = 0.99675155$,
# $U = 1.00106668$ and $b = 0.01110852$, which is the same rule, less sharply.
#
# Here is the trained network; you can turn its weights. Predict first: what does it make of the
# digits 4, 2, 5 with $W = 1$, $b = 0$ and $U = 0.5$? And with $U = -1$? Then set the dials. The two
# happen to agree on these digits, so type others, and a longer sequence.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Only U = 1 keeps what was added. With U = 0.5 the network forgets half of its state at every step; with U = -1 it adds and subtracts in turn.", "name": "fig-linear-rnn-sum-live"}}
live.RnnDials(*trained, presets={"the trained network": [w.item() for w in trained],
                                 "U = 0.5": (1, 0.5, 0), "U = -1": (1, -1, 0)})

# %% [markdown]
# ## Why only these weights
#
# Write out three steps:
#
# $$h_3 = W U^2 x_1 + W U x_2 + W x_3 + b (1 + U + U^2) .$$
#
# Four sequences settle everything. Digits 0, 0, 0 must give 0, so $b (1 + U + U^2) = 0$. The
# bracket is $(U + \frac12)^2 + \frac34$, which is never 0, so $b = 0$. Digits 0, 0, 1 must give 1,
# so $W = 1$. Digits 0, 1, 0 must give 1, so $U = 1$. Digits 1, 0, 0 then give 1 by themselves. So
# $(1, 1, 0)$ is the only point with loss 0.
#
# The same argument is a method. The output is a sum of digits times coefficients, so four sums give
# the coefficients, and the coefficients give the weights. No training is needed.

# %%
few = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
columns = np.column_stack([few, np.ones(4)])
c1, c2, c3, offset = np.linalg.solve(columns, few.sum(axis=1))
W, U = c3, c2 / c3
b = offset / (1 + U + U**2)
print(f"W = {W:z.3f}   U = {U:z.3f}   b = {b:z.3f}   W U^2 = c1: {bool(np.isclose(W * U**2, c1))}")


# %% [markdown]
# For one linear cell that counts brackets, {cite:t}`elnaggar2023` prove conditions of this kind,
# and find that trained networks generally miss them. The next sections measure what a small miss
# costs.

# %% [markdown]
# ## A metric that misleads
#
# :::{admonition} Predict first 2
# :class: predict
# Give the network the exact weights and compile it with `metrics=["acc"]`, as the tutorial did.
# Over all 1,000 sequences of three digits, what accuracy does Keras print?
# :::

# %%
def rounds_to_sum(truth: object, output: object) -> object:
    """Return 1 where the output rounds to the right sum, else 0."""
    return keras.ops.equal(keras.ops.round(output), keras.ops.cast(truth, output.dtype))


every, every_sum = data.all_digit_sums(3)
model.set_weights([np.array([[1.0]]), np.array([[1.0]]), np.array([0.0])])
model.compile(loss="mse", metrics=["acc", rounds_to_sum])
result = model.evaluate(data.as_scalars(every), every_sum[:, np.newaxis], batch_size=1_000,
                        verbose=0, return_dict=True)
for name, value in sorted(result.items()):
    print(f"{name}: {value:.3f}")


# %% [markdown]
# :::{dropdown} Answer 2
# 0.004. The output has one column, so Keras 3 takes `acc` to mean binary accuracy: it turns every
# output above 0.5 into 1 and every other into 0, and compares that with the sum. Only the sums 0 and
# 1 can match. There are 1 and 3 sequences with these sums: 4 of 1,000. In the Keras of the tutorial
# the same word meant "rounds to the right sum". Use a metric that is named for what it measures.
# :::

# %% [markdown]
# ## Longer sequences
#
# The network has learned a step, and a step can be repeated. Will it add 100 digits?
#
# :::{admonition} Predict first 3
# :class: predict
# Let $W = 1 + \delta$ and $U = 1 + \varepsilon$ with $\delta$, $\varepsilon$ and $b$ all small and of
# similar size. By what factor does the mean error grow, roughly, when the length goes from 30 to 100?
# :::
#
# :::{dropdown} Answer 3
# About 11, which is $(100/30)^2$. An error of $U$ acts on the whole state, and the state itself
# grows with every digit, so the error grows like the square of the length. Only when
# $\varepsilon T$ is no longer small does that change. For $\varepsilon > 0$ the error turns
# exponential. For $\varepsilon < 0$ the state levels off, and the error grows like the length.
# :::
#
# Digits have mean 4.5, so each step adds $4.5 W + b$ on average, and what was added $k$ steps ago
# has been multiplied by $U^k$ since. The mean error at length $T$ is therefore
#
# $$(4.5\, W + b)\,(1 + U + \dots + U^{T-1}) - 4.5\, T
# \;\approx\; 4.5 \left[\delta T + \varepsilon \tfrac{T (T-1)}{2}\right] + b T .$$
#
# The formula on the left is exact; the one on the right keeps what is linear in the small numbers.
# Our network is too good to show an error, so we take the tutorial's weights.

# %%
def mean_error(W: float, U: float, b: float, length: int) -> float:
    """Return the exact mean of output minus sum over random digits."""
    return (4.5 * W + b) * (U ** np.arange(length)).sum() - 4.5 * length


def small_error(W: float, U: float, b: float, length: int) -> float:
    """Return the same to first order in W - 1, U - 1 and b."""
    return 4.5 * ((W - 1) * length + (U - 1) * length * (length - 1) / 2) + b * length


def measured_error(W: float, U: float, b: float, length: int) -> float:
    """Return the mean of output minus sum over 2,000 random sequences."""
    longer, total = data.digit_sums(2_000, length=length, seed=1)
    return float((decoding.predict([[[W]], [[U]], [b]], longer)[:, 0] - total).mean())


# %%
source = (0.99675155, 1.00106668, 0.01110852)
print("length   exact mean   first order   measured")
for length in [3, 10, 30, 100, 1_000]:
    row = [f(*source, length) for f in (mean_error, small_error, measured_error)]
    print(f"{length:6}   {row[0]:10.3f}   {row[1]:11.3f}   {row[2]:8.3f}")
print("exact weights, length 1,000:", measured_error(1.0, 1.0, 0.0, 1_000))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "On average the tutorial's network is right to a hundredth for 3 digits and off by 24 for 100. The error follows the square of the length up to a few hundred digits, then grows exponentially. With U set to 1 it grows only in proportion to the length, so U is the cause.", "name": "fig-linear-rnn-sum-length"}, "image": {"alt": "Size of the mean error against sequence length from 3 to 3,000, both axes logarithmic. Circles for measured errors lie on the solid line of the exact formula. The dashed first-order line follows them up to a few hundred and falls short beyond. Triangles for the control with U set to 1 rise much more slowly, along a straight line."}}
lengths = np.unique(np.geomspace(3, 3_000, 60).astype(int))
marked = [3, 10, 30, 100, 300, 1_000, 3_000]
control = (source[0], 1.0, source[2])
fig, ax = plt.subplots()
ax.loglog(lengths, [abs(mean_error(*source, n)) for n in lengths], "-", label="exact formula")
ax.loglog(lengths, [abs(small_error(*source, n)) for n in lengths], "--", label="first order")
ax.loglog(marked, [abs(measured_error(*source, n)) for n in marked], "o", label="measured")
ax.loglog(marked, [abs(measured_error(*control, n)) for n in marked], "^:",
          label="control: U set to 1")
ax.set(xlabel="length of the sequence", ylabel="size of the mean error")
ax.legend()
plt.show()

# %% [markdown]
# ## What could fool us
#
# **Held out, but not new.** There are only 1,000 different sequences, and the training set draws
# 8,000 times from them. A given sequence is missed with probability $0.999^{8000}$, about 0.0003.
# So we expect less than one of the 2,000 held-out sequences to be new.

# %%
seen = {tuple(row) for row in x.tolist()}
new = [row for row in x_val.tolist() if tuple(row) not in seen]
print("expected new:", round(2_000 * 0.999**8_000, 1), "  counted:", len(new))


# %% [markdown]
# The validation loss therefore says nothing about new sequences. What does is the argument above:
# three weights cannot store 1,000 sums, and four sequences fix them all. Longer sequences are a
# test that training never saw.
#
# **A start that fails.** The tutorial trained once. By default Keras draws $W$ from Glorot's
# uniform distribution, which here is even between $-\sqrt 3$ and $\sqrt 3$, and makes $U$ a random
# {term}`orthogonal matrix`, after {cite:t}`saxe2014`.
# For one unit that is a 1 by 1 matrix.
#
# :::{admonition} Predict first 4
# :class: predict
# Which numbers are orthogonal 1 by 1 matrices? What does training start from, then?
# :::
#
# :::{dropdown} Answer 4
# An orthogonal matrix times its transpose is the identity, so $U^2 = 1$: the start is $+1$ or $-1$.
# From $+1$ the network starts as an adder. From $-1$ it starts as one that alternates signs.
# :::
#
# We let Keras draw the start for 20 seeds. Then our own NumPy code trains all 20 networks at once as
# the tutorial did: Adam with rate 0.001, batches of 4, 5 epochs, all in the same order of
# sequences, so that they differ in their start alone. (Keras itself gives the same verdict for each
# of the 20 seeds. That takes minutes, so a test of this book does it.)

# %%
def keras_start(seed: int) -> np.ndarray:
    """Return W, U and b as Keras draws them by default, shape (3,)."""
    training.seed_everything(seed)
    return np.array([float(w.item()) for w in build("glorot_uniform", "orthogonal").get_weights()])


default = np.array([keras_start(seed) for seed in range(20)]).T[:, :, np.newaxis]
print("shape:", default.shape, "  start of U:", default[1, :, 0].astype(int))


# %%
def train_many(weights: np.ndarray, rates: np.ndarray, batch: int) -> np.ndarray:
    """Train many networks with Adam, one update for every entry of rates."""
    rng, per_epoch = np.random.default_rng(0), len(x) // batch
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step, rate in enumerate(training.progress(rates, "20 networks")):
        if step % per_epoch == 0:
            rows = rng.permutation(len(x)).reshape(per_epoch, batch)
        chosen = rows[step % per_epoch]
        g = gradients(weights, x[chosen], y[chosen])
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g**2
        ahead, spread = mean / (1 - 0.9 ** (step + 1)), square / (1 - 0.999 ** (step + 1))
        weights = weights - rate * ahead / (np.sqrt(spread) + 1e-7)
    return weights


# %%
slow = np.full(5 * len(x) // 4, 0.001)
from_default = train_many(default, slow, batch=4)
final = loss(from_default, x_val, y_val)
plus = default[1, :, 0] > 0
good = final <= published[-1]
print("start U = +1:", plus.sum(), "seeds, of which", (good & plus).sum(), "reach 1.47e-4")
print("start U = -1:", (~plus).sum(), "seeds, of which", (good & ~plus).sum(), "reach 1.47e-4")
print(f"losses from U = -1: mean {final[~plus].mean():.0f}, all above 16.5:",
      bool((final[~plus] > 16.5).all()))

# %% [markdown]
# Every start at $U = -1$ fails, and not by a little. Of the starts at $+1$, those with $W$ below 0
# are on their way but late. For the control change one thing at a time: our start with the tutorial's
# rates, and the default start with our rates.

# %%
between = np.random.default_rng(0).uniform(0, 1, 20)
ours = np.array([between, np.full(20, 0.5), np.zeros(20)])[:, :, np.newaxis]
final_ours = loss(train_many(ours, slow, batch=4), x_val, y_val)
print("our start, tutorial's rates:", (final_ours <= published[-1]).sum(), "of 20")
falling = 0.05 * (1 + np.cos(np.pi * np.arange(750) / 750))
final_fast = loss(train_many(default, falling, batch=32), x_val, y_val)
print("default start, our rates:   ", (final_fast <= published[-1]).sum(), "of 20")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "With the default start, success is a matter of the seed. Every seed that starts at U = -1 stays above 16.5, the loss of a network that gives up on two of three digits. From our start, with the same rates and batches, all 20 succeed.", "name": "fig-linear-rnn-sum-seeds"}, "image": {"alt": "Final validation loss for seeds 0 to 19 on a logarithmic axis, values below 1e-8 drawn at 1e-8. Crosses (default start, U = -1) all lie near 21. Circles (default start, U = +1) are mostly at the bottom, with four between 0.0005 and 1. Squares (our start) all lie far below the dashed line at 0.000147. A dotted line marks 16.5."}}
floor, seeds = 1e-8, np.arange(20)
fig, ax = plt.subplots()
ax.semilogy(seeds[~plus], final[~plus], "x", label="default start, U = -1")
ax.semilogy(seeds[plus], np.maximum(final[plus], floor), "o", label="default start, U = +1")
ax.semilogy(seeds, np.maximum(final_ours, floor), "s", mfc="none", label="our start")
ax.axhline(16.5, linestyle=":", linewidth=1, color="black", label="16.5")
ax.axhline(published[-1], linestyle="--", linewidth=1, color="black", label="1.47e-4")
ax.set(xlabel="seed", ylabel="final validation loss", xticks=seeds[::2])
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
plt.show()

# %% [markdown]
# What does a failed network do? Look at its coefficients.

# %%
stuck = int(np.flatnonzero(~plus)[0])
W, U, b = from_default[:, stuck]
coefficients, offset = decoding.normal_form([[W], [U], b], length=3)
print("seed", stuck, " coefficients:", coefficients.round(1), " offset:", offset.round(1))

# %% [markdown]
# It uses the first digit most, makes little of the other two, and gets the mean right with the
# offset. Write $c_1$, $c_2$, $c_3$ for the coefficients minus 1. For random digits, with mean 4.5
# and variance 8.25, the expected loss is
#
# $$8.25\,(c_1^2 + c_2^2 + c_3^2) + \left(4.5\,(c_1 + c_2 + c_3) + b\,(1 + U + U^2)\right)^2 .$$

# %%
c = coefficients - 1
formula = 8.25 * (c @ c) + (4.5 * c.sum() + offset) ** 2
print(f"formula: {formula:.1f}   measured: {loss(from_default[:, stuck], every, every_sum):.1f}")


# %% [markdown]
# A network that has the first digit right, ignores the rest and gets the mean right has $c_1 = 0$,
# $c_2 = c_3 = -1$, and so a loss of $2 \times 8.25 = 16.5$. With $U$ ever more negative, $W$ near 0
# and $W U^2$ near 1, training can creep towards 16.5 and never arrive. [Chapter 4](04_two_valleys.md)
# draws this valley.
#
# **Why our start works.** With $W$ and $U$ between 0 and 1 and $b = 0$, all coefficients lie between
# 0 and 1, so every $c$ is negative and the mean output is too small. All three slopes then point
# the same way: raising $W$, $U$ or $b$ lowers the loss. So training raises $U$ first, away from the
# valley at negative $U$. That is an argument for the first steps only, since $b$ soon overshoots;
# the count of 20 out of 20 covers the rest.

# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · Another job for the same network
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Read*. Write `number_weights(base)`. It returns three
# numbers `W, U, b` with which the network reads its digits as a number written in that base: in base
# 10 the digits 4, 0, 7 give 407.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "number_weights", "solution": true}
def number_weights(base: int) -> tuple[float, float, float]:
    """Return W, U and b of a network that reads digits as a number in a base."""
    ### BEGIN SOLUTION
    return 1.0, float(base), 0.0
    ### END SOLUTION


# %% nbgrader={"grade_id": "number_weights-check", "grade": true, "points": 1}
checks.number_weights(number_weights)


# %% [markdown]
# :::{admonition} Exercise 2 · Open the box
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Prove*. Someone hands you a linear network with one unit
# as a function: `network(digits)` takes whole numbers of shape (count, length), of any length you
# like, and returns the outputs, shape (count,). Write `open_box(network)`. It returns `W, U, b`. You
# may assume that $W$ is not 0. Your answer proves that the outputs determine the weights.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "open_box", "solution": true}
def open_box(network: object) -> tuple[float, float, float]:
    """Return W, U and b of a network that can only be run."""
    ### BEGIN SOLUTION
    b, first = network(np.array([[0], [1]]))
    zeros, one_early = network(np.array([[0, 0], [1, 0]]))
    W = first - b
    return W, (one_early - zeros) / W, b
    ### END SOLUTION


# %% nbgrader={"grade_id": "open_box-check", "grade": true, "points": 2}
checks.open_box(open_box)


# %% [markdown]
# :::{admonition} Exercise 3 · The largest step
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Write*. Near the solution the loss is a quadratic bowl
# with curvature $H = \frac{2}{n} \sum J J^{\mathsf T}$: the sum runs over the sequences, and $J$
# holds the derivatives of $h_3$ with respect to $W$, $U$ and $b$ at $W = U = 1$, $b = 0$. Gradient
# descent stays stable only for steps below 2 divided by the largest eigenvalue of $H$. Write
# `largest_step(digits)` for inputs of shape (count, 3). It returns that limit. Then try it on
# `digits - 4.5`, and say what centring would buy. (With 13.5 taken off the sums as well, the
# solution stays where it is.)
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "largest_step", "solution": true}
def largest_step(digits: np.ndarray) -> float:
    """Return the largest stable step of gradient descent near the solution."""
    ### BEGIN SOLUTION
    x1, x2, x3 = digits.T
    J = np.array([x1 + x2 + x3, 2 * x1 + x2, np.full(len(digits), 3.0)])
    curvature = 2 * J @ J.T / len(digits)
    return float(2 / np.linalg.eigvalsh(curvature).max())
    ### END SOLUTION


# %% nbgrader={"grade_id": "largest_step-check", "grade": true, "points": 3}
checks.largest_step(largest_step)


# %% [markdown]
# :::{admonition} Exercise 4 · How long does it stay right?
# :class: exercise
# Difficulty 3 of 5, 10 minutes. Practises: *Predict*. Write `first_wrong_length(W, U, b)`. It returns
# the smallest length, from 1 to 10,000, at which the mean error is more than 0.5 in size, too much
# for rounding to repair. It returns 0 if there is none.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "first_wrong_length", "solution": true}
def first_wrong_length(W: float, U: float, b: float) -> int:
    """Return the first length whose mean error exceeds 0.5, or 0."""
    ### BEGIN SOLUTION
    mean_output = 0.0
    for length in range(1, 10_001):
        mean_output = mean_output * U + 4.5 * W + b
        if abs(mean_output - 4.5 * length) > 0.5:
            return length
    return 0
    ### END SOLUTION


# %% nbgrader={"grade_id": "first_wrong_length-check", "grade": true, "points": 2}
checks.first_wrong_length(first_wrong_length)

# %% [markdown]
# :::{admonition} Exercise 5 · Escape (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Recognise*. Keep the start $U = -1$, $b = 0$. With
# `train_many` and the tutorial's rates (`slow`, batches of 4), try starts of $W$ from $-2$ to $2$.
# Which ones escape to $(1, 1, 0)$? Say for how many starts you tried it, what you would compare with,
# and which measurement would change your mind.
# :::

# %% [markdown] nbgrader={"grade_id": "escape", "solution": true, "grade": true, "points": 3}
# *Your answer here: which starts escape, how many you tried, and what you compared with.*

# %% [markdown]
# :::{dropdown} One answer
# We tried 41 starts, $-2$ to $2$ in steps of 0.1. Only $-2$, $-1.9$, $1.9$ and $2$ end at a positive
# $U$ after the five epochs; the other 37 end below $-1.7$ with a loss above 20. A small or middling
# $W$ never escapes. The control is the same 41 starts with $U = +1$: none ends at a negative
# $U$. A longer run would change the picture for the four that escaped, which are not all
# done, and could for the others if one of them came back; a larger learning rate may throw a run out
# of the valley by chance, so "never" holds for these rates and these five epochs.
# :::

# %% [markdown]
# ## What we saw
#
# - *Write*: a few lines of NumPy compute the gradients, finite differences confirm them, and 1,000
#   plain steps reach the rule. Keras, with the same network, needs 750 updates of Adam.
# - *Read*: the weights say "multiply the state by 1 and add the digit".
# - *Prove*: four sequences fix the three weights, so $W = U = 1$, $b = 0$ is the only solution, and
#   solving four equations finds it.
# - *Predict*: with $U$ a little above 1 the mean error grows like the square of the length first and
#   exponentially later; the formula agrees with the measurement at every length we tried, and with
#   $U$ set to 1 the growth is linear.
# - *Recognise*: `acc` gives 0.004 for a perfect network, a validation set may contain nothing new,
#   and the default start decides whether training succeeds at all.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`rnn_learns_part1`: the tutorial this chapter starts from.
# - {cite:t}`elnaggar2023`: when a single linear cell counts exactly, and that training mostly misses
#   it.
# - {cite:t}`saxe2014`: exact learning dynamics of deep linear networks, and orthogonal starts.
# - {cite:t}`le2015`: recurrent networks that start with $U$ equal to the identity.
# - {cite:t}`werbos1990`: backpropagation through time, explained step by step.
# - {cite:t}`kingma2015`: the optimiser Adam.
