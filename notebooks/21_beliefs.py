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
# # What does it believe?
#
# A cat is in room *a*, *b* or *c*. Every minute it stays 9 times in 10, and otherwise moves to one of the other
# two rooms. Then a sensor names a room: the right one 85 times in 100, otherwise one of the other two. At first
# you know nothing. The sensor says *a*, *a*, *b*.
#
# :::{admonition} Predict first 1
# :class: predict
# Where is the cat now: rather in *a* or rather in *b*? How sure are you?
# :::
#
# :::{dropdown} Answer 1
# Rather in *a*. After each reading the cat is in these rooms with these probabilities:
#
# | sensor | *a* | *b* | *c* |
# |---|---|---|---|
# | nothing yet | 0.333 | 0.333 | 0.333 |
# | *a* | 0.850 | 0.075 | 0.075 |
# | *a* | 0.975 | 0.013 | 0.013 |
# | *b* | 0.540 | 0.423 | 0.037 |
#
# First let the cat move, then multiply by how well each room explains the reading, then divide by the sum.
# :::
#
# Such a row is a {term}`belief`. It is a point in a triangle whose corners mean *surely a*, *surely b* and
# *surely c*, and each string of readings leads to one point.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Update* a belief by a symbol.
# - *Read* beliefs out of a network's states, and test on strings that the read-out has not seen.
# - *Judge* a read-out by its rivals: symbols, outputs, untrained networks.
# - *Foresee*, from the process alone, whether such a test can say anything.
# :::
#
# **Time:** about 30 minutes, and 45 for the exercises; the code runs in about 25 seconds.
# **Needs:** conditional probability, least squares; [chapter 5](05_lstm_gate_slicing.md)'s gates.

# %% [markdown]
# ## The filter
#
# Let $T_x$ be a matrix for symbol $x$: row $i$, column $j$ holds the probability to go from state $i$ to $j$ and
# to show $x$ there. The belief $b$ is a row vector. After $x$ it is $b\, T_x$, divided by its sum: the
# {term}`Bayes filter`. The cat's process is called *Mess3*.

# %%
from course_utils import live, plotting, training
from course_utils.checks import beliefs as checks

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

plotting.use_style()
torch.set_num_threads(1)  # on small matrices threads only wait

# %%
move, emit = 0.05 + 0.85 * np.eye(3), 0.075 + 0.775 * np.eye(3)
mess3 = np.array([move * emit[:, x] for x in range(3)])
even = np.full(3, 1 / 3)  # the belief before any symbol


# %% [markdown]
# :::{admonition} Exercise 1 · One symbol more
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Update*. Write `update(b, T, x)` for many strings at once. `b` has
# shape (strings, states), `T` (symbols, states, states), and `x` holds a symbol, 0, 1, …, for each string. It
# returns the new beliefs, in the shape of `b`.
# :::
#
# :::{dropdown} Hint 1
# `T[x]` has shape (strings, states, states): a matrix for each string.
# :::
#
# :::{dropdown} Hint 2
# `(b[:, None] @ T[x])[:, 0]` multiplies each row by its own matrix. Which axis has to sum to 1?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "update", "solution": true} jupyter={"source_hidden": true}
def update(b: np.ndarray, T: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the beliefs after one more symbol."""
    ### BEGIN SOLUTION
    both = (b[:, None] @ T[x])[:, 0]
    return both / both.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade_id": "update-check", "grade": true, "points": 2}
checks.update(update)


# %% [markdown]
# To draw strings we need no cat: draw each symbol with the probability that the filter gives it. The sum of
# row $i$ of $T_x$ is the probability of $x$ after state $i$.

# %%
def predict(b: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the probability of each symbol to come."""
    return b @ T.sum(axis=2).T


def draw(T, start, count: int, steps: int, seed: int):
    """Return strings and the beliefs after each symbol."""
    rng, b = np.random.default_rng(seed), np.tile(start, (count, 1))
    x, path = np.empty((steps, count), int), []
    for t in range(steps):
        below = predict(b, T).cumsum(axis=1)[:, :-1]
        x[t] = (rng.random((count, 1)) > below).sum(axis=1)
        path.append(b := update(b, T, x[t]))
    return x.T, np.stack(path, axis=1)


# %% [markdown]
# ## A network that only predicts
#
# A {term}`GRU` of 32 units sees strings of 13 symbols and learns to predict each symbol from those before it. For
# a symbol to which it gave probability $p$ it pays $-\ln p$, in *nats*.

# %%
def network(seed: int, symbols: int, cell=nn.GRU, units: int = 32):
    """Return an untrained network."""
    torch.manual_seed(seed)
    return nn.ModuleDict({"cell": cell(symbols, units, batch_first=True),
                          "readout": nn.Linear(units, symbols)})


# %%
def run(net, x: np.ndarray):
    """Return states and logits after each symbol."""
    symbols = net["readout"].out_features
    one_hot = nn.functional.one_hot(torch.tensor(x), symbols).float()
    h = net["cell"](one_hot)[0]
    return h, net["readout"](h)


# %%
def loss(net, x: np.ndarray) -> torch.Tensor:
    """Return what the network pays for a symbol, in nats."""
    logits = run(net, x[:, :-1])[1].flatten(0, 1)
    wanted = torch.tensor(x[:, 1:]).flatten()
    return nn.functional.cross_entropy(logits, wanted)


# %%
def train(net, x: np.ndarray, updates: int = 1000):
    """Train on strings, 64 at a time, and return the network."""
    adam = torch.optim.Adam(net.parameters(), 0.01)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(adam, updates)
    rng = np.random.default_rng(0)
    for _ in training.progress(range(updates)):
        adam.zero_grad()
        loss(net, x[rng.integers(len(x), size=64)]).backward()
        adam.step()
        rates.step()
    return net


# %%
def bayes(T, x: np.ndarray, b: np.ndarray) -> float:
    """Return what the Bayes filter pays for a symbol, in nats."""
    p = predict(b[:, :-1], T)
    return -np.log(np.take_along_axis(p, x[:, 1:, None], 2)).mean()


x, b = draw(mess3, even, 2000, 12, seed=0)
net = train(network(0, 3), draw(mess3, even, 20_000, 13, seed=1)[0])
best = bayes(mess3, x, b)
print(f"Bayes: {best:.2f} nats a symbol")
print(f"the network within 0.01: {loss(net, x).item() < best + 0.01}")


# %% [markdown]
# The network predicts nearly as well as can be. Does it hold the belief? A linear read-out
# $\hat b_t = h_t A + k$ is fitted by least squares on half of the strings, and tested on the other half.
#
# :::{admonition} Exercise 2 · Read the other half
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Read*. Write `read(h, b)`. `h` has shape (strings, steps, units) and `b`
# (strings, steps, states). Fit $A$ and $k$ on all steps of the first half of the strings (with `n` strings, the
# first `n // 2`), and return $\hat b$ for the others, shape (`n - n // 2`, steps, states).
# :::
#
# :::{dropdown} Hint 1
# A column of ones beside the units makes $k$ the last row of one larger matrix.
# :::
#
# :::{dropdown} Hint 2
# `np.linalg.lstsq(X, B)[0]` wants two axes: `reshape(-1, ...)` puts strings and steps below one another.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "read", "solution": true} jupyter={"source_hidden": true}
def read(h: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the beliefs read from the second half of the strings."""
    ### BEGIN SOLUTION
    X, half = np.insert(h, h.shape[2], 1, axis=2), len(h) // 2
    flat = [part[:half].reshape(-1, part.shape[2]) for part in (X, b)]
    return X[half:] @ np.linalg.lstsq(*flat, rcond=None)[0]
    ### END SOLUTION


# %% nbgrader={"grade_id": "read-check", "grade": true, "points": 2}
checks.read(read)


# %% [markdown]
# $R^2$ is 1 for a perfect reading, and 0 for one that always says the mean of the fitted half.

# %%
def score(h: np.ndarray, b: np.ndarray) -> float:
    """Return R squared of the read-out on the second half."""
    half = len(h) // 2
    wrong, off = read(h, b) - b[half:], b[half:] - b[:half].mean((0, 1))
    return 1 - (wrong**2).sum() / (off**2).sum()


def states(net, x: np.ndarray) -> np.ndarray:
    """Return the states, without gradients."""
    with torch.no_grad():
        return run(net, x)[0].numpy().astype(float)


print(f"R2 above 0.99: {score(states(net, x), b) > 0.99}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Where 12,000 beginnings of strings lead. Left, the beliefs that Bayes' rule computes. Right, what is read from the states of a network that has only learned to predict.", "name": "fig-beliefs-fractal"}, "image": {"alt": "Two triangles of dots. Left, clusters of clusters of dots that lie denser near the three corners, with empty triangles between them. Right the same picture, a little blurred."}} jupyter={"source_hidden": true}
CORNERS = np.array([[0, 1], [-1, -0.7], [1, -0.7]])
LOOKS = [("^", "blue", "a"), ("s", "vermilion", "b"), ("o", "green", "c")]


def triangle(ax, shown, b, title):
    """Draw readings, marked by the likeliest room."""
    ax.plot(*CORNERS[[0, 1, 2, 0]].T, color="#777777", lw=1)
    for k, (mark, colour, name) in enumerate(LOOKS):
        dots = shown[b.argmax(axis=2) == k] @ CORNERS
        ax.plot(*dots.T, mark, ms=1.5, mew=0, alpha=0.6,
                color=plotting.COLOURS[colour])
        ax.annotate(name, CORNERS[k] * 1.22, ha="center", va="center")
    ax.set(title=title, aspect="equal", xlim=(-1.3, 1.3), ylim=(-1, 1.3))
    ax.axis("off")


later = b[len(b) // 2:]
fig, axes = plt.subplots(1, 2, figsize=(7, 3.5))
triangle(axes[0], later, later, "Bayes' rule")
triangle(axes[1], read(states(net, x), b), later, "read from the network")
plt.show()


# %% [markdown]
# Nobody told it of three rooms, and there they are, with the beliefs of a careful observer.
# {cite:t}`shai2024` found this picture in transformers, {cite:t}`riechers2025` in recurrent networks
# too.

# %% [markdown]
# ## A network that has learned nothing
#
# :::{admonition} Predict first 2
# :class: predict
# Read the states of twenty networks that have not been trained at all, in the same way. What $R^2$ do you expect?
# :::

# %%
def untrained(x, b, symbols: int, count: int = 20, **kind):
    """Return R squared of networks as they start."""
    nets = [network(seed, symbols, **kind) for seed in range(count)]
    return np.array([score(states(net, x), b) for net in nets])


fresh = untrained(x, b, 3)
print(f"untrained: {fresh.min():.2f} to {fresh.max():.2f}")
others = score(states(net, x), np.random.default_rng(0).permutation(b))
print(f"beliefs of other strings: below 0.05: {abs(others) < 0.05}")


# %% [markdown]
# :::{dropdown} Answer 2
# 0.97 to 0.98. The picture was nearly there before training.
# :::
#
# Two rivals explain it, and neither needs a network. One is a linear read-out of the last symbols, each one-hot.
# The other reads the best prediction, the three probabilities of the next symbol.

# %%
def window(x: np.ndarray, last: int, symbols: int) -> np.ndarray:
    """Return the last symbols at each step, one-hot, zeros before."""
    padded = np.pad(np.eye(symbols)[x], ((0, 0), (last - 1, 0), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, last, axis=1)
    return views.reshape(*x.shape, -1)


for last in (1, 2, 12):
    print(f"symbols read, {last:2}: {score(window(x, last, 3), b):.2f}")
print(f"best prediction: {score(predict(b, mess3), b):.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same beliefs, read from a network that has not been trained, and from the last twelve symbols by a weighted sum. Most of the famous picture asks for neither training nor a network.", "name": "fig-beliefs-untrained"}, "image": {"alt": "Two triangles of dots. Left the picture before, blurred. Right triangles within triangles within triangles, all alike."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(7, 3.5))
for ax, h, title in ((axes[0], states(network(0, 3), x), "untrained"),
                     (axes[1], window(x, 12, 3), "the symbols alone")):
    triangle(ax, read(h, b), later, title)
plt.show()


# %% [markdown]
# *Symbols*: each pulls the belief towards its corner, and older pulls fade. Such a sum is nearly the belief, and a
# random network whose memory fades holds many such sums. *Prediction*: three probabilities and three rooms
# determine each other. Who predicts well has the belief in the output already, and must have it in the state (as logits, the logarithms of
# the probabilities up to a constant: not quite linear, and still 0.99 is read).
#
# Training did something: 0.97 became more than 0.99. But the picture was the argument, and it is
# there without training.

# %% [markdown]
# ## A process where the test is honest
#
# So the process has to be another one: no weighted sum of symbols may come near the belief, and equal predictions
# must hide different beliefs. Throw a coin and show it, throw a second and show it, then show 1 if they differ and 0 if not. Repeat. You
# come in at an unknown moment. This is *RRXOR*, which {cite:t}`shai2024` study too. It has five hidden states: one
# before the first coin, two before the second, two before the result.

# %%
def rrxor() -> np.ndarray:
    """Return T of RRXOR; state 0 stands before the first coin."""
    T = np.zeros((2, 5, 5))
    for first, second in np.ndindex(2, 2):
        T[first, 0, 1 + 2 * first] = 0.5
        T[second, 1 + 2 * first, 2 + 2 * (first ^ second)] = 0.5
        T[first, 2 + 2 * first, 0] = 1
    return T


# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# Will twelve symbols tell a linear read-out more than the last one does? Can the best prediction tell everything?
# :::

# %%
xor, unknown = rrxor(), np.array([2, 1, 1, 1, 1]) / 6
x24, b24 = draw(xor, unknown, 2000, 24, seed=0)
x2, b2 = x24[:, :12], b24[:, :12]
p2 = predict(b2, xor)
for last in (1, 12):
    print(f"symbols read, {last:2}: {score(window(x2, last, 2), b2):.2f}")
print(f"best prediction: {score(p2, b2):.2f}")

# %% [markdown]
# :::{dropdown} Answer 3
# 0.13 from the last symbol: if it was a first coin, it says in which of two states you are. No more from twelve: whether two coins differ is independent of each coin, so
# adding them up tells nothing. Not everything, 0.24, from the prediction.
# :::

# %%
strings = draw(xor, unknown, 20_000, 13, seed=1)[0]
nets = [train(network(seed, 2), strings) for seed in range(3)]
found = np.array([score(states(n, x2), b2) for n in nets])
fresh2 = untrained(x2, b2, 2)

# %%
best2, paid = bayes(xor, x2, b2), [loss(n, x2).item() for n in nets]
print(f"Bayes: {best2:.2f} nats a symbol")
print(f"all within 0.02: {max(paid) < best2 + 0.02}")
print(f"trained: all above 0.9: {(found > 0.9).all()}")
print(f"untrained: {fresh2.min():.1f} to {fresh2.max():.1f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What linear read-outs find of the beliefs. For Mess3 everything finds nearly everything. For RRXOR, of these only the trained networks do, and the distance from their rivals is what the claim rests on.", "name": "fig-beliefs-rivals"}, "image": {"alt": "Two rows of dots on a scale from 0 to 1, one for each process. For Mess3 the last symbol stands at 0.82, and twelve symbols, the prediction, untrained and trained networks between 0.96 and 1. For RRXOR symbols stand at 0.13, the prediction at 0.24, untrained networks at 0.34 to 0.39, trained ones at 0.93."}} jupyter={"source_hidden": true}
names = ("trained", "untrained", "best prediction", "last 12 symbols",
         "last symbol")
rows = {
    "Mess3": ([score(states(net, x), b)], fresh,
              [score(predict(b, mess3), b)],
              *([score(window(x, last, 3), b)] for last in (12, 1))),
    "RRXOR": (found, fresh2, [score(p2, b2)],
              *([score(window(x2, last, 2), b2)] for last in (12, 1)))}
fig, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True)
for ax, (name, values) in zip(axes, rows.items()):
    for k, points in enumerate(values):
        mark, colour = ("os"[k > 0], ("blue", "vermilion")[k > 0])
        ax.plot(points, np.full(len(points), -k), mark, mfc="none",
                color=plotting.COLOURS[colour])
    ax.set(title=name, xlabel="R²", xlim=(-0.03, 1.05), ylim=(-4.6, 0.6),
           yticks=-np.arange(5), yticklabels=names)
plt.show()


# %% [markdown]
# Training lifts $R^2$ from below 0.5 to above 0.9, for 20 of 20 networks of this kind and size. Move the share of the training (it mixes
# the weights at the start and the end), first for Mess3, then for RRXOR. Then read from the symbols alone.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Left, Bayes' rule; right, what is read. For Mess3 the picture is there before training, for RRXOR it comes with it; there *a* stands before the first coin. Type a string to follow its belief.", "name": "fig-beliefs-live"}} jupyter={"source_hidden": true}
def ends(seed: int, symbols: int, trained) -> list[list]:
    """Return the weights before and after training."""
    return [[w.numpy() for w in part.state_dict().values()]
            for part in (network(seed, symbols), trained)]


live.BeliefReader({
    "Mess3": ("abc", mess3, even, x[:120], *ends(0, 3, net)),
    "RRXOR": ("01", xor, unknown, x2[:120], *ends(0, 2, nets[0]))})


# %% [markdown]
# The loss asked for the next symbol only. Why should a network hold more? Because the next belief rests on this
# one: what is idle now decides a prediction two symbols on.
#
# :::{admonition} Predict first 4
# :class: predict
# Where do different beliefs give one prediction? Name a pair in RRXOR.
# :::
#
# From each belief we subtract the mean of all beliefs that have the same prediction.

# %%
def beyond(b: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return what of the beliefs the predictions leave open."""
    rows, flat = (a.reshape(-1, a.shape[2]) for a in (p.round(9), b))
    kind = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    means = [flat[kind == k].mean(axis=0) for k in range(kind.max() + 1)]
    return (flat - np.array(means)[kind]).reshape(b.shape)


# %%
rest = beyond(b2, p2)
share = (rest**2).sum() / ((b2 - b2.mean((0, 1)))**2).sum()
print(f"left open: {share:.2f} of the variance; read of it:")
least = min(score(states(n, x2), rest) for n in nets)
print(f"trained: all above 0.85: {least > 0.85}")
most = untrained(x2, rest, 2, count=5).max()
print(f"untrained: all below 0.5: {most < 0.5}")


# %% [markdown]
# :::{dropdown} Answer 4
# After a result you are before a first coin, and after a first coin before a second. Each of these three states, if you
# are sure of it, predicts a fair coin. But which one it is decides what can be foretold later.
# :::
#
# More than half of the variance is invisible in the best prediction, to a read-out of any kind. The trained networks
# hold nearly all of it.

# %% [markdown]
# ## What could fool us
#
# **Is it size, or any training?** Size, to a large part. The symbols hold the whole belief, and more random units hold more of their products
# by chance, most of all in a plain network with large input weights. Training on coins brings nothing.

# %%
def loud(seed: int, units: int):
    """Return an untrained plain network with large input weights."""
    net = network(seed, 2, cell=nn.RNN, units=units)
    nn.init.normal_(net["cell"].weight_ih_l0)
    return net


# %%
for units in (32, 128, 512):
    found_in = score(states(loud(0, units), x2), b2)
    print(f"untrained, {units} units: {found_in:.2f}")
coins = np.random.default_rng(0).integers(0, 2, (20_000, 13))
other = train(network(0, 2), coins, updates=300)
print(f"trained on coins: {score(states(other, x2), b2):.1f}")


# %% [markdown]
# 512 units that learned nothing read as well as 32 that did. So a high $R^2$ alone never shows training. Here,
# at twelve symbols, training puts into 32 units what takes hundreds of random ones (three seeds of each size). Into 8 units it puts less (0.6 to 0.8
# for four networks), and into 32 of a plain network too (0.7 to 0.9).
#
# **Is it a table?** RRXOR has only 1,156 strings of 12 symbols, and both halves of ours share many. So read symbols
# 13 to 24 of strings, longer than any in training, with the read-out of the first twelve. There the trained network
# beats the 512 random units. (Fitted there too, they reach 0.85, the trained ones 0.98.)

# %%
def later_score(net) -> float:
    """Return R squared at symbols 13 to 24."""
    half = len(x24) // 2
    split = [np.concatenate([part[:half, :12], part[half:, 12:]])
             for part in (states(net, x24), b24)]
    return score(*split)


print(f"trained: above 0.9: {later_score(nets[0]) > 0.9}")
print(f"512 random units: {later_score(loud(0, 512)):.1f}")

# %% [markdown]
# ## What we saw
#
# - *Update*: two lines turn symbols into beliefs.
# - *Read*: a linear read-out finds 0.99 and more of Mess3's beliefs on strings it has not seen.
# - *Judge*: so it does in untrained networks, 0.97, and in the symbols. In RRXOR training makes the difference for
#   networks of 32 units. Hundreds of random units read as well on strings of twelve, not on longer ones.
# - *Foresee*: symbols and predictions can be scored with the filter alone, before anything is trained.
#
# What the read-out finds is in the state. Whether the network uses it, reading cannot show.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 3 · A process of your own (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Foresee*, *Judge*. Write the matrices of a hidden process of your own. Say
# first, with the filter alone, whether reading beliefs out of a network trained on it could show anything: what do
# the symbols and the best prediction give? Then train networks and read them, with twenty untrained ones beside.
# What does your result not show? If you want one to begin with: heads and tails of a coin, but every tails comes twice.
# :::

# %% [markdown] nbgrader={"grade_id": "own", "solution": true, "grade": true, "points": 3}
# *Your answer here: the process, the foreseen rivals, the trained and untrained scores with their spread.*

# %% [markdown]
# :::{dropdown} One answer
# After heads the coin is new; after tails it is new or shows tails once more: two hidden states. The filter says: 0.32
# from the last symbol, 0.49 from two, 0.74 from twelve, and 1.00 from the best prediction, as two states and two
# symbols determine each other. So the symbols leave room, the prediction leaves none. Two networks read at 1.00,
# twenty untrained ones at 0.59 to 0.65. Training did it; but as the output holds the whole belief, the state had to.
# That the network holds more than it needs for the next symbol, this process cannot show.
# :::

# %% [markdown]
# ## Further reading
#
# - {cite:t}`shai2024` and {cite:t}`riechers2025`: beliefs in transformers and recurrent networks.
# - {cite:t}`hewitt2019`: controls for every read-out.
