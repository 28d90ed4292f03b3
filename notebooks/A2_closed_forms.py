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
# # How long is W, and what else does the start decide?
#
# [Chapter 3](03_embedding_decoding.md) trains an embedding $E$ of ten rows and a column $W$ so that the
# table $v = E W + b$ reads 0 to 9. It uses that $|W|$ ends at about 3.3. This page derives the number, and with
# it the {term}`singular values <singular value>` of the trained $E$, from one law of gradient descent. The tutorial's
# own network, trained by Adam, breaks it.
#
# ## A conserved quantity
#
# Let $r = -\partial L / \partial v$ be the push of the loss on the table, ten numbers. One step of gradient descent
# with learning rate $\eta$ is
#
# $$E \leftarrow E + \eta\, r W^\top, \qquad W \leftarrow W + \eta\, E^\top r .$$
#
# Let $\eta$ go to 0, and let a dot mean the derivative with respect to training time. Then
#
# $$
# \begin{aligned}
# \tfrac{d}{dt}\, E^\top E &= \dot E^\top E + E^\top \dot E = W r^\top E + E^\top r W^\top, \\
# \tfrac{d}{dt}\, W W^\top &= E^\top r W^\top + W r^\top E .
# \end{aligned}
# $$
#
# The two are equal. So $C = E^\top E - W W^\top$ is a {term}`conserved quantity`: it keeps the value $C_0$ of the start,
# whatever the data, as between any two neighbouring layers of a linear network {cite:p}`arora2018,du2018`.
#
# ## What follows from it
#
# Training ends with $E W = q$, where $q$ is the column with entries $d - b$. Multiply $C_0$ by $W$ from both sides:
# $W^\top C_0 W = |q|^2 - |W|^4$. Assume that $W$ has only grown, not turned (measured below;
# from large rows it turns). Then the left side is $-a |W|^2$ with $a = |W_0|^2 - |E_0 W_0|^2 / |W_0|^2$, and this is a
# quadratic equation:
#
# $$|W|^2 = \tfrac{a}{2} + \left(\tfrac{a^2}{4} + |q|^2\right)^{1/2} .$$
#
# The part of $E$ along $W$ has norm $|q| / |W|$: nearly the largest singular value $\sigma_1$. For the others,
# write $E^\top E = W W^\top + E_0^\top E_0 - W_0 W_0^\top$. Adding a matrix of rank one with one positive
# {term}`eigenvalue` raises each eigenvalue, at most up to its larger neighbour; taking one away lowers each, at
# most down to its smaller neighbour {cite:p}`horn2013`. So, with $\sigma_k$ in falling order,
# $\sigma_{k+1}(E_0) \le \sigma_k(E) \le \sigma_{k-1}(E_0)$ from $k = 2$ on. Apart from one direction, the trained
# $E$ is no larger than the noise it started from.
#
# ## Measured
#
# The law holds whatever the data, so we hold $U$ at 1 and train the rest, in 100 networks. With $e = v - (0, \dots, 9)$
# the error of a sum is $e_{x_1} + e_{x_2} + e_{x_3}$, and its mean square over all sequences is three times the variance of
# $e$ plus nine times the square of its mean $\bar e$. The slope with respect to $v_d$ is $0.6\, e_d + 1.2\, \bar e$. The
# rows start as in Keras, drawn evenly from $-0.05$ to $0.05$, here as normal numbers of the same spread.

# %%
# course_utils first: it keeps TensorFlow quiet
from course_utils import data, decoding, plotting, training

import keras
import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
training.seed_everything(0)
COUNTS = np.arange(10.0)[:, np.newaxis]  # what each digit counts


def gradients(weights: list) -> list:
    """The slopes at U = 1, for all networks side by side."""
    E, W, b = weights
    error = E @ W + b - COUNTS  # of the table
    by_v = 0.6 * error + 1.2 * error.mean(axis=1, keepdims=True)
    return [by_v @ W.mT, E.mT @ by_v, by_v.sum(axis=1, keepdims=True)]


# %%
rng = np.random.default_rng(0)
E0 = rng.normal(0, 0.05 / np.sqrt(3), (100, 10, 10))
W0 = rng.uniform(-1, 1, (100, 10, 1)) * np.sqrt(6 / 11)
first = [E0, W0, np.zeros((100, 1, 1))]


def train(rate: float, steps: int) -> list:
    """The weights after plain gradient descent."""
    weights = first
    descent = training.gradient_descent(first, gradients, rate, steps)
    for weights in training.progress(descent, "updates", steps):
        pass
    return weights


def norm(a: np.ndarray) -> np.ndarray:
    """The norm of each network's matrix, read as one long row."""
    return np.sqrt((a**2).sum(axis=(1, 2)))


# %% [markdown]
# The bias at the end is the one number that we take from the trained network.

# %%
E, W, b = train(0.002, 4_000)
size = norm(COUNTS - b)  # of q
a = norm(W0) ** 2 - (norm(E0 @ W0) / norm(W0)) ** 2
predicted = np.sqrt(a / 2 + np.sqrt(a**2 / 4 + size**2))
before, after, moved = (
    np.linalg.svd(matrix, compute_uv=False) for matrix in (E0, E, E - E0)
)

# %%
close = np.abs(predicted / norm(W) - 1) < 0.01
largest = np.abs(size / predicted / after[:, 0] - 1) < 0.01
inner = after[:, 1:-1]
kept = (inner >= before[:, 2:]) & (inner <= before[:, :-2])
print(f"|W|: {norm(W).mean():.1f}, right within 1%: {close.sum()} of 100")
cosine = (W * W0).sum(axis=(1, 2)) / norm(W) / norm(W0)
print(f"W turned by {np.degrees(np.arccos(cosine.min())):.0f} degrees",
      "at most")
print(f"first singular value: {after[:, 0].mean():.1f},",
      f"{largest.sum()} of 100")
print("E - E0 of rank one, but for 2%:",
      (moved[:, 1] < 0.02 * moved[:, 0]).sum(), "of 100")
print("numbers 2 to 9 in their brackets:", kept.all(axis=1).sum(), "of 100")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Training adds one large singular value, where the conserved quantity says it must be (star). Numbers 2 to 9 stay inside the brackets that the start allows them. One network of 100.", "name": "fig-closed-forms-spectrum"}, "image": {"alt": "Singular values of E, numbered 1 to 10, on a logarithmic axis. Circles for the start fall from about 0.15 to about 0.002. Squares for the trained E start at about 3, under a star, and then follow the circles from 0.15 on downwards. Vertical bars around squares 2 to 9 reach from one circle to another, and each square lies within its bar."}} jupyter={"source_hidden": true}
k = np.arange(1, 11)
fig, ax = plt.subplots()
bars = {"linewidth": 7, "color": "#cccccc", "label": "allowed"}
ax.vlines(k[1:-1], before[0, 2:], before[0, :-2], **bars)
ax.semilogy(k, before[0], "o", mfc="white", label="start")
ax.semilogy(k, after[0], "s", markersize=5, label="trained")
star = {"markersize": 18, "mfc": "none", "label": "predicted"}
ax.semilogy(1, size[0] / predicted[0], "*", **star)
ax.set(xlabel="number", ylabel="singular value of E", xticks=k)
ax.legend()
plt.show()


# %% [markdown]
# In chapter 3 $U$ moves as well, from 0.5, and $b$ ends at 2.7 instead of 3.0. The same formula then gives
# $|W| = 3.4$, which is what those networks have. From rows of spread 0.5 they end at 3.2; the 3.3 of chapter 3
# lies between.
#
# ## Real steps, and Adam
#
# One step of finite size changes $C$ by exactly $\eta^2 (|r|^2\, W W^\top - E^\top r\, r^\top E)$: multiply out, and
# the terms in $\eta$ cancel. A fixed training time takes a number of steps proportional to $1/\eta$, so the drift of
# $C$ should be proportional to $\eta$. Adam divides each entry of the gradient by its own running size. Its steps
# are not of the form $r W^\top$, and nothing protects $C$.

# %%
def drift(last: list) -> np.ndarray:
    """How far C has moved, relative to the square of |W|."""
    E, W = last[:2]
    C, C0 = E.mT @ E - W @ W.mT, E0.mT @ E0 - W0 @ W0.mT
    return norm(C - C0) / norm(W) ** 2


drifts = [drift(train(rate, round(4 / rate)))
          for rate in (4e-3, 2e-3, 1e-3)]
ratios = np.array(drifts[:2]) / drifts[1:]
print(f"half the rate, drift divided by {ratios.min():.1f}",
      f"to {ratios.max():.1f}")
for by_adam in training.adam(first, gradients, [0.01] * 2_000):
    pass
print("gradient descent, drift below 0.02:",
      (drifts[1] < 0.02).sum(), "of 100")
print("Adam, drift above 0.5:", (drift(by_adam) > 0.5).sum(), "of 100")

# %% [markdown]
# ## The tutorial's network
#
# The tutorial {cite:p}`rnn_learns_part1` trains in Keras, with Adam at rate 0.01, in batches of 8, for four epochs.
# Keras would start $U$ by the toss of a coin, at $+1$ or $-1$, and from $-1$ training fails
# ([chapter 4](04_two_valleys.md)). We start it at 0.5.

# %%
embedding = keras.layers.Embedding(10, 10)
recurrent = keras.layers.SimpleRNN(
    1, activation=None, unroll=True,
    recurrent_initializer=keras.initializers.Constant(0.5),
)
model = keras.Sequential(
    [keras.Input((3,), dtype="int32"), embedding, recurrent])

# %%
digits, sums = data.digit_sums(10_000, length=3, seed=0)
(x, y), (x_val, y_val) = data.split(digits, sums, held_out=2_000)
adam = keras.optimizers.Adam(0.01)
model.compile(adam, loss="mse", steps_per_execution=1_000)
fitted = model.fit(
    x, y, batch_size=8, epochs=4, verbose=0, validation_data=(x_val, y_val),
    callbacks=[training.keras_progress()])
val_loss = fitted.history["val_loss"]

# %%
trained = [weight.astype(float) for weight in model.get_weights()]
outputs = model.predict(x_val, verbose=0)[:, 0]
hits = (np.rint(outputs) == y_val).sum()
print(f"held out, rounded to the right sum: {hits} of {len(y_val)}")
for row, output in zip(x_val[:3], outputs):
    print(row, f"{output:.3f}")
print(decoding.decode(trained))
first_one = np.linalg.norm(trained[0], 2)
print("first singular value of E, divided by |W|:",
      round(first_one / np.linalg.norm(trained[1])))

# %% [markdown]
# By the law the first singular value is nearly $|q| / |W|$, and that is below $|W|$, as $a > 0$: above, 3.1 against
# 3.3. Under Adam it is larger than $|W|$: here twice, in the 100 networks above 1.3 to 2.3 times. The table is the same.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The tutorial's network, trained again. One epoch is enough for both runs (left). Its table E W + b (right) reads 0 to 9.", "name": "fig-closed-forms-training"}, "image": {"alt": "Left, validation loss against the epoch, 1 to 4, logarithmic. The tutorial's run (circles, dashed) falls from 2.5e-8 to 9e-12, 2e-12 and 9e-13. Ours (squares, solid) is below 1e-8 after the first epoch and at or below 1e-10 after that. Right, a column of ten cells with the values 0.00 to 9.00 written in them, darker downwards."}} jupyter={"source_hidden": true}
published, epochs = [2.51e-8, 8.64e-12, 2.42e-12, 9.24e-13], range(1, 5)
shape = {"width_ratios": [3, 1], "figsize": (plotting.WIDTH, 4.2)}
fig, (left, right) = plt.subplots(1, 2, **shape)
left.semilogy(epochs, published, "o--", label="tutorial")
left.semilogy(epochs, np.maximum(val_loss, 1e-15), "s-", label="ours")
left.set(xlabel="epoch", ylabel="validation loss", xticks=epochs)
left.legend()
table = decoding.decode(trained).values
right.imshow(table[:, None], cmap="Greys", vmin=0, vmax=20, aspect=0.5)
for digit, value in enumerate(table):
    right.text(0, digit, f"{value:z.2f}", ha="center", va="center")
right.set(title="E W + b", xticks=[], yticks=range(10))
right.grid(False)
plt.show()

# %% [markdown]
# ## Further reading
#
# - {cite:t}`saxe2014`: how deep linear networks learn, mode by mode.
# - {cite:t}`arora2018`: depth as a way to speed up gradient descent, for layers that start balanced.
# - {cite:t}`du2018`: the same conservation for ReLU networks, and gradient descent with real steps.
# - {cite:t}`horn2013`: eigenvalues under a change of rank one.
