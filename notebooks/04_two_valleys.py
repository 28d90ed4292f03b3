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
# # Why does the same code fail for half the seeds?
#
# One linear recurrent unit can add three digits exactly: $W = U = 1$, $b = 0$. Train it with
# {term}`seed` 0 and it finds these numbers. Train the same code with seed 2 and it never does.
# [Chapter 1](01_linear_rnn_sum.md) met this and stepped around it. This chapter draws the ground on
# which training walks. It has two valleys, and only one of them has a bottom.
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Derive* the expected loss in closed form and reduce it to a curve over $U$.
# - *Read* from $W$ and $U$ which valley a run is in, and what that network computes.
# - *Predict* from the first push which starts fail.
# - *Compute* the largest stable learning rate from the Hessian.
# - *Choose* a start and a scaling that work, and show it against a control.
# :::
#
# **Time:** about 50 minutes, and 90 for the exercises; the code runs in half a minute.
# **Needs:** derivatives, {term}`gradient descent`, the variance of a random variable.

# %%
from course_utils import data, decoding, live, plotting, training  # first: it keeps TensorFlow quiet
from course_utils.checks import two_valleys as checks

from functools import partial

import keras
import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
training.seed_everything(0)
BLUE, AMBER, INK = plotting.COLOURS["blue"], "#ffb000", plotting.COLOURS["black"]

# %% [markdown]
# ## Where Keras starts
#
# The network is $h_t = x_t W + h_{t-1} U + b$ with $h_0 = 0$, three digits $x_1, x_2, x_3$, and the
# output $h_3$. The three weights are numbers. Keras draws $W$ evenly between $-\sqrt 3$ and
# $\sqrt 3$ (Glorot uniform), sets $b = 0$, and draws $U$ with an orthogonal initialiser.
#
# :::{admonition} Predict first 1
# :class: predict
# A matrix $Q$ is orthogonal if $Q^\top Q = I$: for one unit $U^2 = 1$. Keras takes the sign of one
# Gaussian number. How many of 400 draws do you expect at $U = -1$, and how far off may chance put
# the count?
# :::
#
# :::{dropdown} Answer 1
# Each sign has probability one half: 200, with a standard deviation of $\sqrt{400 / 4} = 10$. A count
# between 180 and 220 is no surprise. Of 100 draws, 40 to 60.
# :::

# %%
signs = [keras.initializers.Orthogonal(seed=s)((1, 1)).numpy().item() for s in range(400)]
for value in sorted(set(signs)):
    print(f"U = {value:+.0f}: {signs.count(value)} of 400")


# %% [markdown]
# We take the start of the whole layer for 100 seeds.

# %%
def keras_start(seed: int) -> list[float]:
    """W, U and b as a Keras layer of one unit starts them."""
    training.seed_everything(seed)
    layer = keras.layers.SimpleRNN(1, activation="linear")
    layer.build((None, 3, 1))
    return [array.item() for array in layer.get_weights()]


seeds = training.progress(range(100), "starts")
starts = np.array([keras_start(seed) for seed in seeds]).T
print("shape (weights, seeds):", starts.shape)
print("starts with U = -1:", int((starts[1] == -1).sum()), "of 100")

# %% [markdown]
# ## One hundred networks side by side
#
# Three numbers a network are so few that NumPy trains 100 networks at once: `weights` has shape
# (3, 100). Every network sees the same digits, 4,000 {term}`batches <batch>` of 32 sequences, so that
# only the start differs. The output is $W z + b S$ with $z = U^2 x_1 + U x_2 + x_3$ and
# $S = 1 + U + U^2$. Its three derivatives are short enough to write down.

# %%
stream = np.random.default_rng(4).integers(0, 10, (4000, 32, 3))


def batch_gradient(weights: np.ndarray, step: int, digits: np.ndarray = stream) -> np.ndarray:
    """Gradient of the mean squared error on one batch; weights and result (3, networks)."""
    W, U, b = weights[:, :, None]
    x1, x2, x3 = digits[step].T
    z, S = U**2 * x1 + U * x2 + x3, 1 + U + U**2
    error = W * z + b * S - (x1 + x2 + x3)
    by_U = W * (2 * U * x1 + x2) + b * (1 + 2 * U)
    return 2 * np.array([(error * slope).mean(axis=1) for slope in (z, by_U, S)])


# %% [markdown]
# The optimiser is Adam {cite:p}`kingma2015`, as Keras computes it: a running mean of the gradient,
# divided by the root of a running mean of its square.

# %%
def adam(gradient, start, steps: int, rate=0.01, keep: int = 20) -> np.ndarray:
    """Weights after every `keep` steps, shape (records, 3, networks)."""
    weights, path = start.copy(), [start]
    mean, square = np.zeros_like(start), np.zeros_like(start)
    for step in training.progress(range(steps), "steps"):
        slope = gradient(weights, step)
        mean += 0.1 * (slope - mean)
        square += 0.001 * (slope**2 - square)
        unbias = np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        weights = weights - rate * unbias * mean / (np.sqrt(square) + 1e-7)
        if (step + 1) % keep == 0:
            path.append(weights)
    return np.array(path)


path = adam(batch_gradient, starts, steps=4000)


# %%
def tally(end: np.ndarray) -> str:
    """Count where the networks of shape (3, networks) ended."""
    adds = (np.abs(end - [[1], [1], [0]]) < 0.05).all(axis=0)
    first = end[1] < -1
    rest = ~adds & ~first
    return f"{adds.sum():3} add all three, {first.sum():3} at U < -1, {rest.sum():3} elsewhere"


end = path[-1]
failed = end[1] < -1
print("all 100:     ", tally(end))
print("from U = +1: ", tally(end[:, starts[1] == 1]))
print("from U = -1: ", tally(end[:, starts[1] == -1]))
print(f"the failed ones: U from {end[1, failed].min():.1f} to {end[1, failed].max():.1f}")


# %% [markdown]
# All failures come from $U = -1$, and most starts at $U = -1$ fail. To see that NumPy did not invent
# them, we train three seeds in Keras on the same digits.

# %%
def train_in_keras(seed: int) -> list[float]:
    """Train Keras' own layer on the stream and return W, U and b."""
    training.seed_everything(seed)
    layer = keras.layers.SimpleRNN(1, activation="linear", unroll=True)
    model = keras.Sequential([keras.Input((3, 1)), layer])
    model.compile(keras.optimizers.Adam(0.01), "mse", steps_per_execution=200)
    digits = stream.reshape(-1, 3)
    x, y = data.as_scalars(digits), digits.sum(axis=1).astype(np.float32)
    model.fit(x, y, batch_size=32, shuffle=False, verbose=0)
    return [array.item() for array in layer.get_weights()]


for seed in training.progress((0, 2, 3), "Keras"):
    W, U, _ = train_in_keras(seed)
    print(
        f"seed {seed}, from U = {starts[1, seed]:+.0f}:  Keras U = {U:+.2f}, W = {W:.2f};  "
        f"NumPy U = {end[1, seed]:+.2f}, W = {end[0, seed]:.2f}"
    )

# %% [markdown]
# ## The loss in closed form
#
# A network like this is nothing but a weighted sum of the digits. Its error is
#
# $$
# \begin{aligned}
# h_3 - (x_1 + x_2 + x_3) &= c_1 x_1 + c_2 x_2 + c_3 x_3 + b S, \\
# c &= (W U^2 - 1,\; W U - 1,\; W - 1).
# \end{aligned}
# $$
#
# The digits are independent, each with mean $\mu = 4.5$ and variance $s^2 = 8.25$. The mean of a
# square is the variance plus the square of the mean. So the expected loss is
#
# $$
# L(W, U, b) = s^2 \left(c_1^2 + c_2^2 + c_3^2\right) + \big((\mu W + b)\, S - 3 \mu\big)^2 .
# $$
#
# The first term asks for the right weight on each digit. The second asks for the right mean output:
# $3\mu = 13.5$. Nothing is approximated: this is the mean over all 1,000 triples of digits.

# %%
MEAN, VARIANCE = 4.5, 8.25


def expected_loss(W, U, b, mean=MEAN, target=3 * MEAN):
    """Loss over digits of this mean, if the sums have mean `target`."""
    spread = (W * U**2 - 1) ** 2 + (W * U - 1) ** 2 + (W - 1) ** 2
    return VARIANCE * spread + ((mean * W + b) * (1 + U + U**2) - target) ** 2


triples, sums = data.all_digit_sums(3)
for W, U, b in np.random.default_rng(0).normal(size=(3, 3)):
    output = decoding.predict([[[W]], [[U]], [b]], triples)[:, 0]
    print(f"{expected_loss(W, U, b):.4f} = {np.mean((output - sums) ** 2):.4f}")


# %% [markdown]
# Two of the three weights can be put at their best value with pen and paper. $S = (U + 1/2)^2 + 3/4$
# is never 0, so some $b$ makes the second term vanish, whatever $W$ and $U$ are. What remains is a
# parabola in $W$. Its lowest point is $W = 1 / (U^2 - U + 1)$, and the loss there is the **profile**
#
# $$
# L(U) = s^2 \left[\, 3 - \frac{U^2 + U + 1}{U^2 - U + 1} \,\right].
# $$
#
# :::{admonition} Predict first 2
# :class: predict
# How large is $L(U)$ at $U = 1$, $0$ and $-1$, and for $U \to -\infty$? What does the network do with
# the three digits at $0$ and far to the left?
# :::
#
# :::{dropdown} Answer 2
# The fraction is $3$, $1$, $1/3$ and tends to $1$, so the loss is $0$, $16.5$, $22$ and tends to
# $16.5 = 2 s^2$: the variance of two digits. At $U = 0$ the network sees the last digit only. Far to
# the left it keeps the first digit only: the weights $W U^2, W U, W$ tend to $1, 0, 0$. The
# derivative $2 s^2 (U^2 - 1) / (U^2 - U + 1)^2$ is positive for every $U < -1$. So the loss falls for
# ever on the way left: a valley with no bottom, not a local minimum.
# :::

# %%
def profile(U):
    """The smallest loss that any W and b reach at this U."""
    return VARIANCE * (3 - (U**2 + U + 1) / (U**2 - U + 1))


def floor(U):
    """W, U and b on the floor of the valley at this U."""
    W = 1 / (U**2 - U + 1)
    return np.array([W, U, 3 * MEAN / (1 + U + U**2) - MEAN * W])


for U in (1.0, 0.0, -1.0, -10.0, -1000.0):
    there = expected_loss(*floor(U))
    print(f"U = {U:7.0f}: profile {profile(U):5.2f}, loss on the floor {there:5.2f}")

# %% [markdown]
# ## The map
#
# Put $b$ at its best value and the loss is a height over the plane of $U$ and $W$. On this map we
# draw all 100 training runs. (A run starts with $b = 0$, far from the best value, so its first steps
# need not go downhill on this map. We come back to that.)

# %%
u, w = np.linspace(-3.9, 2.1, 300), np.linspace(-1.9, 2.4, 300)
best_b = 3 * MEAN / (1 + u + u**2) - MEAN * w[:, None]
height = expected_loss(w[:, None], u, best_b)
print(f"heights on the map: {height.min():.1f} to {height.max():.0f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The two valleys, and 100 training runs from Keras' own starts. Above: darker is lower. Runs from U = 1 all reach the star; most runs from U = \u22121 cross into the long valley on the left. Below: the height of the valley floor. To the left it falls for ever, towards 16.5.", "name": "fig-two-valleys-map"}, "image": {"alt": "Two panels share the horizontal axis U from \u22123.9 to 2.1. Upper panel: a contour map over W from \u22121.9 to 2.4. A deep dark basin surrounds a star at U = 1, W = 1, labelled adds all three digits. A narrow dark valley runs left along W just above 0, labelled keeps the first digit only. Paths begin at circles on two vertical lines. All white paths from U = 1 and a few from U = \u22121 end at the star. Most paths from U = \u22121, in amber, end in triangles in the left valley between U = \u22123.3 and \u22122. Lower panel: the smallest loss over U is 0 at U = 1, rises to a ridge of 22 at U = \u22121, and falls slowly to the left, above a dotted line at 16.5; the triangles lie on this slope."}}
levels = [0, 1, 4, 9, 16.5, 19, 22, 27, 35, 50, 80, 150, 20_000]
shades = plt.get_cmap("cividis")(np.linspace(0, 1, len(levels) - 1))
fig, (top, low) = plt.subplots(2, 1, figsize=(6.4, 8.6), sharex=True, height_ratios=[2.6, 1])
top.contourf(u, w, height, levels=levels, colors=shades)
top.contour(u, w, height, levels=levels[1:-1], colors="white", linewidths=0.5, alpha=0.5)
for runs, colour in ((~failed, "white"), (failed, AMBER)):
    W, U = path[:, 0, runs], path[:, 1, runs]
    top.plot(U, W, color=INK, linestyle="-", linewidth=2.2)
    top.plot(U, W, color=colour, linestyle="-", linewidth=1.1)
top.plot(starts[1], starts[0], "o", markersize=4, color="white", markeredgecolor=INK)
for ax, y, star in ((top, end[0, failed], 1), (low, profile(end[1, failed]), 0)):
    ax.plot(end[1, failed], y, "v", markersize=8, color=AMBER, markeredgecolor=INK)
    ax.plot(1, star, "*", markersize=20, color="white", markeredgecolor=INK, clip_on=False)
label = {"bbox": {"boxstyle": "round", "fc": "white"}, "ha": "center", "fontsize": 13}
line = {"arrowstyle": "-", "color": "white", "lw": 1.5}
top.annotate("adds all\nthree digits", (1.06, 1.08), (1.25, 1.85), arrowprops=line, **label)
top.annotate("keeps the first\ndigit only", (-3, 0.05), (-2.75, -0.9), arrowprops=line, **label)
onward = {"arrowstyle": "-|>", "color": AMBER, "lw": 2.5}
top.annotate("", (-3.87, 0.06), (-3.35, 0.07), arrowprops=onward)
low.plot(u, profile(u), color=INK, linestyle="-", zorder=1)
low.axhline(2 * VARIANCE, color=INK, linestyle=":", linewidth=1.2)
low.text(-1, 23.4, "22: the ridge", ha="center")
low.text(-3.8, 12.6, "16.5: approached, never reached")
top.set(ylabel="W, input weight", ylim=(-1.9, 2.4))
top.grid(False)
low.set(xlabel="U, recurrent weight", ylabel="smallest loss", xlim=(-3.9, 2.1), ylim=(-1.5, 27))
plt.show()


# %% [markdown]
# The gradient vanishes where $W$ and $b$ are best and the profile is flat: at $U = 1$ and at
# $U = -1$. So the loss has two stationary points in all. One is the solution. The other sits on the
# ridge, at $W = 1/3$, $U = -1$, $b = 12$. It is a {term}`saddle point`: of three directions, two
# curve up and one curves down. The {term}`Hessian`, the matrix of second derivatives, shows it.

# %%
def expected_gradient(weights, step=0, mean=MEAN, target=3 * MEAN):
    """Gradient of expected_loss with respect to W, U and b, shape (3, ...)."""
    W, U, b = weights
    c1, c2, c3, S = W * U**2 - 1, W * U - 1, W - 1, 1 + U + U**2
    miss = (mean * W + b) * S - target
    by_W = VARIANCE * (c1 * U**2 + c2 * U + c3) + miss * mean * S
    by_U = VARIANCE * W * (2 * c1 * U + c2) + miss * (mean * W + b) * (1 + 2 * U)
    return 2 * np.array([by_W, by_U, miss * S])


def hessian(weights, **moments):
    """Second derivatives, shape (3, 3), from central differences of the gradient."""
    nudges = 1e-5 * np.eye(3)
    up = [expected_gradient(weights + nudge, **moments) for nudge in nudges]
    down = [expected_gradient(weights - nudge, **moments) for nudge in nudges]
    return (np.array(up) - down) / 2e-5


saddle = floor(-1.0)
print("W, U, b on the ridge:", saddle.round(3))
print("slopes there below 1e-9:", bool((np.abs(expected_gradient(saddle)) < 1e-9).all()))
print("directions that curve down:", (np.linalg.eigvalsh(hessian(saddle)) < 0).sum(), "of 3")

# %% [markdown]
# ## What the failed network computes

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What a trained network adds of each digit. Seed 0 weighs all three alike. Seed 2 knows the first digit and little of the others.", "name": "fig-two-valleys-weights"}, "image": {"alt": "Two panels over 4,000 training steps. Left, seed 0: the weights of the three digits meet at 1. Right, seed 2: the first digit's weight jumps to 2, falls back and wavers near 0.7; the second wavers near \u22120.25; the third stays near 0.1."}}
fig, axes = plt.subplots(1, 2, figsize=(plotting.WIDTH, 3.6), sharey=True)
for ax, seed in zip(axes, (0, 2), strict=True):
    W, U, _ = path[:, :, seed].T
    for digit, weight in (("first", W * U**2), ("second", W * U), ("third", W)):
        ax.plot(np.arange(len(path)) * 20, weight, label=digit)
    ax.set(title=f"seed {seed}", xlabel="step", xticks=[0, 2000, 4000])
axes[0].set_ylabel("weight of the digit")
axes[0].legend(loc="lower right", title="digit")
plt.show()

# %%
final_W, final_U, final_b = end[:, failed]
digit_shares = final_W * np.array([final_U**2, final_U, np.ones_like(final_U)])
mean_output = (MEAN * final_W + final_b) * (1 + final_U + final_U**2)
losses = expected_loss(final_W, final_U, final_b)
print(f"means over the {failed.sum()} failed runs:")
print("  weights of the three digits:", digit_shares.mean(axis=1).round(1))
print(f"  output {mean_output.mean():.1f}, target {3 * MEAN}")
print(f"loss of the failed runs: {losses.min():.1f} to {losses.max():.1f}")

# %% [markdown]
# Such a network looks reasonable from outside: its mean output is right. It makes use of the first
# digit and little of the other two.
#
# ## Which starts fail
#
# The ridge alone does not decide. At the start $b = 0$, and the second term of the loss, the mean
# output, is far from its target. It pushes first.
#
# :::{admonition} Predict first 3
# :class: predict
# Work out $\partial L / \partial U$ at $U = -1$, $b = 0$. For which $W$ does the first step go left?
# Compare with centred digits, $\mu = 0$.
# :::
#
# :::{dropdown} Answer 3
# $\partial L / \partial U$ is $2 W$ times $s^2 (1 - 3 W) + \mu^2 (3 - W)$, in numbers
# $2 W (69 - 45 W)$. It is positive, and the step goes left, for $0 < W < 69/45 = 1.53$. With $\mu = 0$ it is
# $2 s^2 W (1 - 3W)$: left only for $0 < W < 1/3$. The reason: the mean output is too small at first,
# $S = 1 + U + U^2$ multiplies it, and from $U = -1$ the sum $S$ grows towards the left.
# :::
#
# We test this on the 100 values of $W$, all started at $U = -1$. The control starts the same $W$ at
# $U = +1$.

# %%
W0, U0, zero = starts[0], starts[1], np.zeros(100)
from_minus = adam(batch_gradient, np.array([W0, zero - 1, zero]), 4000)[-1]
from_plus = adam(batch_gradient, np.array([W0, zero + 1, zero]), 4000)[-1]
left, turn = from_minus[1] < -1, 69 / 45
groups = {"W < 0": W0 < 0, "0 < W < 1.53": (W0 > 0) & (W0 < turn), "W > 1.53": W0 > turn}
for name, group in groups.items():
    print(f"from U = -1, {name:13} {left[group].sum():2} of {group.sum():2} end on the left")
print("all from U = -1: ", tally(from_minus))
print("all from U = +1: ", tally(from_plus))


# %% [markdown]
# Between 0 and 1.53 the first push tells the end every time. Close above 1.53 it is weak, and the noise of the
# batches decides. A negative $W$ is first pushed right, as predicted. But $W$ must climb through 0 to
# become useful, and once it is positive the push turns: see the amber paths that bend back on the
# map. Only a start far below 0 is past the ridge by then. We map all starts, with the expected loss
# in place of batches.

# %%
def lost_starts(grid: np.ndarray, rate: float = 0.01, **moments: float) -> np.ndarray:
    """Say which starts of shape (3, starts) end at U < -1, under the expected loss."""
    steps = round(30 / rate)
    gradient = partial(expected_gradient, **moments)
    return adam(gradient, grid, steps, rate, keep=steps)[-1, 1] < -1


grid_U, grid_W = np.meshgrid(np.linspace(-1.5, 1.5, 121), np.linspace(-1.75, 1.75, 71))
grid = np.array([grid_W.ravel(), grid_U.ravel(), np.zeros(grid_U.size)])
centred = {"mean": 0.0, "target": 0.0}
lost_maps = {"digits 0 to 9": lost_starts(grid), "digits − 4.5": lost_starts(grid, **centred)}
for name, lost in lost_maps.items():
    column = grid[0, lost & (grid[1] == -1)]
    print(f"{name:13} from U = -1 lost: W from {column.min():.2f} to {column.max():.2f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Where a start (U, W) with b = 0 ends. The hatched starts are lost to the left valley. The blue bar marks the stretch of W that the first push sends left from U = \u22121. Crosses and circles are Keras' starts that failed and succeeded. Centring digits and sums shrinks the lost region.", "name": "fig-two-valleys-starts"}, "image": {"alt": "Two square maps over the starting U from \u22121.5 to 1.5 and the starting W from \u22121.75 to 1.75. Left, digits 0 to 9: a hatched region covers most of the part below U = \u22120.5, with a thin tongue to about U = \u22120.25 near W = \u22120.5. Crosses on the line U = \u22121 lie in it from W = \u22121.3 to 1.6; the circles on that line lie at its ends, and all circles on U = 1 lie outside. A blue bar runs from W = 0 to 1.53. Right, centred: the hatched region is a wedge that narrows from W between \u22120.9 and 1 at U = \u22121.5 to a point at U = \u22120.6. The bar runs from 0 to 0.33."}}
fig, axes = plt.subplots(1, 2, figsize=(plotting.WIDTH, 4.4), sharey=True)
for ax, (name, lost), top_W in zip(axes, lost_maps.items(), (69 / 45, 1 / 3), strict=True):
    with plt.rc_context({"hatch.color": "#c98f1f"}):
        area = lost.reshape(grid_U.shape)
        ax.contourf(grid_U, grid_W, area, levels=[0.5, 1], colors=["#ffe0a3"], hatches=["//"])
    ax.plot([-1.2, -1.2], [0, top_W], "-", marker="_", markersize=12, linewidth=4, color=BLUE)
    ax.set(title=name, xlabel="start of U", aspect="equal", xticks=[-1, 0, 1])
for runs, marker in ((failed, "x"), (~failed, "o")):
    axes[0].plot(U0[runs], W0[runs], marker, markersize=5, color=INK, markerfacecolor="white")
axes[1].text(-1.45, 0.95, "lost", fontsize=13)
axes[1].text(0.2, 1.1, "adds all\nthree digits", fontsize=13)
axes[0].set_ylabel("start of W")
plt.show()

# %% [markdown]
# PyTorch starts differently. Its `nn.RNN` draws $W$, $U$ and two biases evenly between $-1$ and $1$
# for one unit. (It offers tanh and ReLU only; a linear cell is three lines of your own.) The two
# biases add. Both get the same gradient, so under Adam their sum moves at twice the rate.

# %%
import torch


def torch_start(seed: int) -> list[float]:
    """W, U and the sum of both biases as a PyTorch layer of one unit starts them."""
    training.seed_everything(seed)
    W, U, b1, b2 = (p.item() for p in torch.nn.RNN(1, 1).parameters())
    return [W, U, b1 + b2]


torch_starts = np.array([torch_start(seed) for seed in range(100)]).T
rates = np.array([[0.01], [0.01], [0.02]])
torch_end = adam(batch_gradient, torch_starts, 4000, rate=rates)[-1]
lost_U = torch_starts[1, torch_end[1] < -1]
print("PyTorch's starts:", tally(torch_end))
print(f"the failed ones started at U from {lost_U.min():.2f} to {lost_U.max():.2f}")

# %% [markdown]
# A uniform start fails less often than a coin flip between $+1$ and $-1$. It still fails.
#
# ## The largest stable learning rate
#
# Close to the solution the loss is a bowl. Its curvatures are the eigenvalues of the Hessian.
# Gradient descent with {term}`learning rate` $\eta$ multiplies the error along a direction of
# curvature $\lambda$ by $1 - \eta\lambda$ at each step. That shrinks only if $\eta < 2 / \lambda$. The steepest direction sets the limit. The ratio of the largest curvature to
# the smallest, the {term}`condition number`, sets how long the flattest direction then takes.
#
# :::{admonition} Predict first 4
# :class: predict
# Subtract 4.5 from each digit and 13.5 from each sum. Then $\mu = 0$ and the solution is still
# $W = U = 1$, $b = 0$. There $c = 0$, with $\partial c / \partial W = (1, 1, 1)$ and
# $\partial c / \partial U = (2, 1, 0)$. How large may $\eta$ be?
# :::
#
# :::{dropdown} Answer 4
# The Hessian falls apart into $2 s^2 \begin{pmatrix} 3 & 3 \\ 3 & 5 \end{pmatrix}$ for $W, U$ and
# $2 S^2 = 18$ for $b$. Its largest eigenvalue is $2 s^2 (4 + \sqrt{10}) = 118.2$, so
# $\eta < 0.0169$. Keras' default for SGD, 0.01, is allowed.
# :::

# %%
cases = {
    "digits 0..9": ([1.0, 1.0, 0.0], {}),
    "digits centred, sums not": ([1.0, 1.0, 4.5], {"mean": 0.0}),
    "digits and sums centred": ([1.0, 1.0, 0.0], centred),
}
for name, (solution, moments) in cases.items():
    curves = np.linalg.eigvalsh(hessian(np.array(solution), **moments))
    ratio, bound = curves[-1] / curves[0], 2 / curves[-1]
    print(f"{name:25}{curves.round(1)}  condition {ratio:5.1f}  limit {bound:.5f}")
limit = 2 / np.linalg.eigvalsh(hessian(np.array([1.0, 1.0, 0.0])))[-1]


# %% [markdown]
# Keras' default 0.01 is four times too large for digits 0 to 9. The cause is the mean: raising $W$,
# $U$ and $b$ together raises every output, so one direction is very steep. Centring the digits alone
# helps little. The sums still have mean 13.5, so $b = 4.5$ must produce it; now $U$ and $b$ together
# raise every output.
#
# We start beside the solution and take full-batch steps at 0.999 and 1.001 times the limit.

# %%
def descend(gradient, start, steps: int, rate=1e-3, keep: int = 1) -> np.ndarray:
    """Plain gradient descent; weights after every `keep` steps."""
    weights, path = start.copy(), [start]
    for step in training.progress(range(steps), "steps"):
        weights = weights - rate * gradient(weights, step)
        if (step + 1) % keep == 0:
            path.append(weights)
    return np.array(path)


beside = np.array([[1.001], [1.0], [0.0]])
factors = np.array([0.999, 1.001])
near = descend(expected_gradient, np.repeat(beside, 2, axis=1), 20_000, rate=factors * limit)
for factor, weights in zip(factors, near[-1].T, strict=True):
    print(f"{factor} x limit: loss after 20,000 steps below 1e-9: {expected_loss(*weights) < 1e-9}")
every_second, every = (np.allclose(near[-1, :, 1], near[-k, :, 1]) for k in (3, 2))
print("1.001 x limit: same weights at every step:", every, "- at every second step:", every_second)
default = descend(expected_gradient, beside, 7, rate=0.01)[-1]
print("Keras' default 0.01: loss above 1e9 after 7 steps:", expected_loss(*default)[0] > 1e9)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One part in a thousand decides. Below the limit 2/860.4 the run converges; above it the run leaves the solution and ends up jumping between two points.", "name": "fig-two-valleys-rate"}, "image": {"alt": "Loss on a logarithmic axis over 6,000 steps, two curves from the same start. At 0.999 times the limit the loss falls along a straight line, from ten to the minus four to ten to the minus fourteen. At 1.001 times the limit it rises for 2,000 steps and levels off near 0.05."}}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 3.8))
for run, factor in enumerate(factors):
    ax.semilogy(expected_loss(*near[2:6001, :, run].T), label=f"{factor} × limit")
ax.set(xlabel="step", ylabel="expected loss")
ax.legend(loc="center right")
plt.show()

# %% [markdown]
# ## A run that stops where there is no minimum
#
# To the left the valley grows narrower: its curvature across grows like $U^4$. So a fixed learning
# rate must fail there too, at the $U$ where the largest curvature on the floor reaches $2/\eta$.

# %%
left_U = np.linspace(-5, -1.5, 141)
curvature = np.array([np.linalg.eigvalsh(hessian(floor(U)))[-1] for U in left_U])
eta = np.array([1e-3, 5e-4, 2e-4])
predicted = np.interp(2 / eta, curvature[::-1], left_U[::-1])
ridge_start = np.array([[0.5, -1.0, 0.0]]).T
runs = descend(expected_gradient, np.repeat(ridge_start, 3, axis=1), 40_000, rate=eta)
half, rest = runs[19_900:20_000, 1].mean(axis=0), runs[39_900:40_000, 1].mean(axis=0)
for rate, *places in zip(eta, predicted, half, rest, strict=True):
    print(f"rate {rate}: U predicted, after 20,000 and 40,000 steps:", np.round(places, 2))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A run with a fixed learning rate stops where the valley becomes too narrow for its steps, not where the loss is lowest. A smaller rate stops further left.", "name": "fig-two-valleys-edge"}, "image": {"alt": "Largest curvature on the valley floor, logarithmic axis, over U from \u22125 to \u22121.5: it falls from left to right. Three dotted horizontal lines mark 2 divided by the learning rate for 0.001, 0.0005 and 0.0002. On each, a triangle marks where the run came to rest; all three lie on the curve."}}
fig, ax = plt.subplots(figsize=(plotting.WIDTH, 3.8))
ax.semilogy(left_U, curvature, color=INK, label="largest curvature on the floor")
ax.plot(rest, 2 / eta, "v", markersize=11, color=AMBER, label="where a run rests")
for rate in eta:
    ax.axhline(2 / rate, color=BLUE, linestyle=":", linewidth=1.2)
    ax.text(-1.5, 2 / rate * 1.08, f"η = {rate:.4f}", ha="right")
ax.set(xlabel="U", ylabel="curvature")
ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# The run jumps to and fro across the valley and no longer moves along it. It looks like a local
# minimum. It is none: a smaller rate goes further. (A larger one, such as 0.0018, throws most runs
# out, into the other valley or to infinity.) In large networks, too, gradient descent is found
# to hover where the largest curvature is $2/\eta$, the edge of stability {cite:p}`cohen2021`.
# There the loss goes on falling; here it does not.
#
# Now choose the start yourself. The first run is that of seed 2, with plain gradient descent on the
# expected loss. Predict first: where does a start at $U = -1$ go with $W = 1.7$, and where with
# $W = -1$? What changes when the rate passes 0.0023, or when digits and sums are centred? The dials
# show the network of each step: type three digits and see which of them it adds.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The start decides into which valley a run goes; the learning rate decides whether it settles there.", "name": "fig-two-valleys-live"}}
live.LossSurface(*starts[:2, 2])

# %% [markdown]
# ## What to do in practice
#
# Four proposals, each on 100 starts with the same digits and the same Adam.

# %%
centred_gradient = partial(batch_gradient, digits=stream - MEAN)
proposals = {
    "as Keras starts": (batch_gradient, [W0, U0, zero]),
    "small positive W = 0.1 alone": (batch_gradient, [zero + 0.1, U0, zero]),
    "U = 0.5": (batch_gradient, [W0, zero + 0.5, zero]),
    "U = 0.5 and W = 0.1": (batch_gradient, [zero + 0.1, zero + 0.5, zero]),
    "digits and sums centred": (centred_gradient, [W0, U0, zero]),
}
for name, (gradient, start) in proposals.items():
    print(f"{name:30} {tally(adam(gradient, np.array(start), 4000)[-1])}")

# %% [markdown]
# Set the start of $U$ yourself: `recurrent_initializer=keras.initializers.Constant(0.5)`. This is
# the cure. A small positive $W$ does nothing for a start at $U = -1$; it even lies in the stretch
# that is pushed left. Centring saves most of the starts at $U = -1$, not all. And since the failure is
# a matter of the seed, watch more than one.
#
# Centring has one more effect. SGD at Keras' default rate becomes usable.

# %%
with np.errstate(over="ignore", invalid="ignore"):  # the raw runs overflow: that is the point
    raw = descend(batch_gradient, starts, 4000, rate=0.01, keep=4000)[-1]
overflowed = ~np.isfinite(raw).all(axis=0)
print("digits 0 to 9, SGD 0.01:", overflowed.sum(), "of 100 overflowed")
sgd_centred = descend(centred_gradient, starts, 4000, rate=0.01, keep=4000)[-1]
print("centred,       SGD 0.01:", tally(sgd_centred))

# %% [markdown]
# It even rescues every start at $U = -1$. A rate this large is stable at the solution and, by the
# rule of the section before, too large for all but the first stretch of the left valley. The noise of
# the batches, which grows with the rate, throws the runs back before that stretch ends. With a tenth
# of the rate and ten times the steps some starts are lost again.
#
# ## What could fool us
#
# **Is it Adam? Is it these digits?** We train with plain SGD at 0.001, and with Adam on two other
# streams of digits.

# %%
sgd = descend(batch_gradient, starts, 4000, rate=0.001, keep=4000)[-1]
print("SGD 0.001:  ", tally(sgd))
for seed in (5, 6):
    other = np.random.default_rng(seed).integers(0, 10, stream.shape)
    again = adam(partial(batch_gradient, digits=other), starts, 4000)[-1]
    same = ((again[1] < -1) == failed).sum()
    print(f"other digits:{tally(again)}; {same} of 100 in the same valley")

# %% [markdown]
# The count moves by a few. The picture does not: a start close to the border of the lost region can
# fall either way.
#
# **Is it slowness?** A run that has not arrived is not a run in the wrong valley. With rate 0.001,
# batches of 4 and 10,000 steps many good starts are still on their way.

# %%
small = np.random.default_rng(7).integers(0, 10, (10_000, 4, 3))
slow = adam(partial(batch_gradient, digits=small), starts, 10_000, rate=0.001)[-1]
print("rate 0.001, batches of 4:", tally(slow))

# %% [markdown]
# Look at $U$, not at the loss alone.
#
# **Does the map lie?** It assumes the best $b$ at each point, and the runs start at $b = 0$. Around
# $U = -1$ many paths first climb to a larger $W$, uphill on the map: they are raising the mean
# output. A path crosses a contour the wrong way as long as its $b$ lags behind.
#
# **Is the border of the lost region a fact about the loss?** Not in its detail. The tongue in the
# figure of the starts belongs to the step size of Adam. With smaller steps it goes.

# %%
coarse = grid.reshape(3, 71, 121)[:, ::2, ::4].reshape(3, -1)
for rate in (0.01, 0.001):
    lost = lost_starts(coarse, rate)
    right = coarse[1, lost].max()
    print(f"Adam {rate}: {lost.mean():.0%} of the starts lost, the rightmost at U = {right:.2f}")


# %% [markdown]
# ## Exercises
#
# :::{admonition} Exercise 1 · What a network keeps
# :class: exercise
# Difficulty 1 of 5, 5 minutes. Practises: *Read*. Write `digit_weights(W, U, length)`: the weight
# with which each digit enters the output of a linear unit, first digit first, shape (length,).
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "digit-weights", "solution": true}
def digit_weights(W: float, U: float, length: int) -> np.ndarray:
    """Weight of each digit in the output, first digit first."""
    ### BEGIN SOLUTION
    return W * U ** np.arange(length - 1, -1, -1.0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "digit-weights-check", "grade": true, "points": 1}
checks.digit_weights(digit_weights)


# %% [markdown]
# :::{admonition} Exercise 2 · The profile for longer sequences
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Derive*. Write `profile_loss(U, length)`: the smallest
# loss that any $W$ and $b$ reach at this $U$, for digits of variance 8.25. Assume that
# $1 + U + \dots + U^{n-1}$ is not 0 for $n$ digits.
# :::
#
# :::{admonition} Hint
# :class: hint
# With the best $b$ the loss is $s^2 \sum_k (W U^k - 1)^2$. Find the best $W$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "profile-loss", "solution": true}
def profile_loss(U: float, length: int) -> float:
    """Smallest loss over W and b at this U."""
    ### BEGIN SOLUTION
    powers = U ** np.arange(float(length))
    return 8.25 * (length - powers.sum() ** 2 / (powers**2).sum())
    ### END SOLUTION


# %% nbgrader={"grade_id": "profile-loss-check", "grade": true, "points": 2}
checks.profile_loss(profile_loss)


# %% [markdown]
# :::{admonition} Exercise 3 · Where the push turns
# :class: exercise
# Difficulty 3 of 5, 15 minutes. Practises: *Predict*. Three numbers of mean `mean` and variance
# `variance` are to be added. Write `turning_point(mean, variance)`: the $W$ above 0 at which the
# first push on $U$ changes sign, for a start at $U = -1$, $b = 0$.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "turning-point", "solution": true}
def turning_point(mean: float, variance: float) -> float:
    """Zero of the derivative with respect to U, at U = -1 and b = 0."""
    ### BEGIN SOLUTION
    return (variance + 3 * mean**2) / (3 * variance + mean**2)
    ### END SOLUTION


# %% nbgrader={"grade_id": "turning-point-check", "grade": true, "points": 2}
checks.turning_point(turning_point)


# %% [markdown]
# :::{admonition} Exercise 4 · How fast may it learn?
# :class: exercise
# Difficulty 4 of 5, 25 minutes. Practises: *Compute*. Write `stable_rate(length, mean, variance)`:
# the limit $2/\lambda$ of the learning rate at $W = U = 1$, $b = 0$, for sequences of this length
# whose sums are predicted. For length 3, mean 4.5, variance 8.25 it is the limit of this chapter.
# :::
#
# :::{admonition} Hint
# :class: hint
# At the solution the error is 0, so the Hessian is $2\,\mathrm{E}[g g^\top]$, with $g$ the gradient
# of the output with respect to $W$, $U$ and $b$. A digit that still has $k$ steps to go adds
# $(x, k x, 1)$ to $g$. Split $x$ into its mean and the rest.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "stable-rate", "solution": true}
def stable_rate(length: int, mean: float, variance: float) -> float:
    """Largest learning rate at which gradient descent is stable at the solution."""
    ### BEGIN SOLUTION
    to_go = np.arange(length, dtype=float)
    columns = np.array([to_go**0, to_go, 0 * to_go])
    average = mean * columns.sum(axis=1) + [0, 0, length]
    second = 2 * (variance * columns @ columns.T + np.outer(average, average))
    return 2 / np.linalg.eigvalsh(second)[-1]
    ### END SOLUTION


# %% nbgrader={"grade_id": "stable-rate-check", "grade": true, "points": 3}
checks.stable_rate(stable_rate)

# %% [markdown]
# :::{admonition} Exercise 5 · A start of your own (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Choose*. Someone proposes to replace the coin flip
# by `recurrent_initializer="glorot_uniform"`, which draws $U$ evenly between $-\sqrt 3$ and
# $\sqrt 3$; someone else by `"identity"`. Predict from the figure of the starts how many of 100 each
# would lose. Then measure, with the same $W$ and digits as above, and say which control you used.
# :::

# %% [markdown] nbgrader={"grade_id": "open-start", "solution": true, "grade": true, "points": 3}
# Write your predictions, your counts and your control here.

# %% [markdown]
# :::{dropdown} One answer
# For one unit the identity is $U = 1$. The figure has no lost start on that line: prediction 0. For
# Glorot the lost region covers most of the starts below $U = -0.5$, a third of the range, less
# those with a large $W$: prediction about 25. Measured with `numpy.random.default_rng(0)` for the
# draw of $U$: 0 of 100 and 23 of 100 at $U < -1$. The control is the coin flip with the same $W$ and
# digits, 38 of 100. Neither count says anything about larger networks: there an orthogonal matrix is
# a rotation with many directions, not a sign.
# :::
#
# ## What we saw
#
# - *Derive.* The expected loss has two terms: the weight of each digit, and the mean output. With
#   $W$ and $b$ at their best it is a curve over $U$: 0 at $U = 1$, a ridge of 22 at $U = -1$, and a
#   slope to the left that falls towards 16.5 and has no bottom. Keras started 45 of 100 seeds on the
#   ridge, and 38 of them ran down the wrong side.
# - *Read.* $U < -1$ with a small $W$ means: the network keeps the first digit. Its weights are
#   $W U^2, W U, W$.
# - *Predict.* At $U = -1$ the mean output pushes first, to the left for $0 < W < 1.53$. Negative $W$
#   mostly follows later.
# - *Compute.* Stable steps need $\eta < 2/\lambda$: 0.0023 for digits 0 to 9, 0.0169 once digits and
#   sums are centred. The same rule says where a run in the left valley comes to rest.
# - *Choose.* Start $U$ at a positive value. Centre inputs and targets. Count over seeds.
#
# ## Further reading
#
# - {cite:t}`saxe2014`: the training of deep linear networks solved exactly, plateaus included, and why
#   orthogonal starts help there: the initialiser that becomes a coin flip for one unit.
# - {cite:t}`proca2025`: the same programme for linear recurrent networks; what is larger, and what
#   comes later, is learned faster.
# - {cite:t}`elnaggar2023`: when a single linear cell counts exactly, and that training mostly misses
#   it.
# - {cite:t}`cohen2021`: the edge of stability in networks of ordinary size.
# - {cite:t}`lecun1990`: how the eigenvalues of the Hessian explain why inputs should be centred.
