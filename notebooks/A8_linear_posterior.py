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
# # When do inversion and the posterior agree?
#
# [Chapter 11](11_sampling_inputs.md) samples the inputs that belong to an output, because inversion finds
# one of them and says nothing about the others. If $y = f(x)$ without noise and $f$ is one to one, only
# one input fits: the {term}`posterior` $p(x \mid y)$ is all at that point, and inversion finds it. The two
# differ where $y$ loses information, or where there is noise. A linear network with noise shows it in
# closed form.
#
# Let $x$ have $n$ entries with {term}`prior` $N(0, I)$, and
#
# $$y = A x + s\, \varepsilon, \qquad \varepsilon \sim N(0, I),$$
#
# with $x$ and $y$ as columns, $A$ of shape $(m, n)$, and $s > 0$ the standard deviation of the noise. In
# the notation of the other chapters $A$ is $W^{\mathsf T}$. The adder of chapter 1 is the case
# $A = (1, 1, 1)$. Then $p(x \mid y)$ is normal {cite:p}`bishop2006`, with
#
# $$\text{mean } G y, \qquad \text{covariance } I - G A, \qquad
# G = A^{\mathsf T} (A A^{\mathsf T} + s^2 I)^{-1} .$$
#
# $G$ tends to the {term}`pseudo-inverse` $A^+$ as $s \to 0$. The mean
# becomes the input that gradient descent from 0 finds ([chapter 8](08_input_reconstruction.md)): 4, 4, 4
# for the sum 12. What inversion leaves out is the covariance, $I - A^+ A$. It projects on the
# {term}`null space`, so its trace, the sum of the variances, is the dimension of the null space: 2 for the
# adder.
#
# We measure it without the formula. For normal variables the best linear guess of $x$ from $y$ is the
# posterior mean, and what the guess leaves over has the posterior covariance. So draw pairs $(x, y)$ and
# fit by least squares.

# %%
import numpy as np


def measured(A: np.ndarray, s: float) -> tuple[np.ndarray, float]:
    """Return G and the trace of the covariance, fitted to draws."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100_000, A.shape[1]))
    y = x @ A.T + s * rng.standard_normal((100_000, len(A)))
    fitted = np.linalg.lstsq(y, x, rcond=None)[0]
    return fitted.T, (x - y @ fitted).var(axis=0).sum()


def formula(A: np.ndarray, s: float) -> tuple[np.ndarray, float]:
    """Return the same from the closed form."""
    G = A.T @ np.linalg.inv(A @ A.T + s**2 * np.eye(len(A)))
    return G, A.shape[1] - np.trace(G @ A)


# %%
rng = np.random.default_rng(1)
cases = {"adder": np.ones((1, 3)), "wide": rng.standard_normal((2, 5)),
         "square": rng.standard_normal((5, 5))}
print("trace of the covariance: measured, formula\n    s"
      + "".join(f"{f'{name} {A.shape}':>20}" for name, A in cases.items()))
for s in [1.0, 0.1, 0.001]:
    traces = [f"{measured(A, s)[1]:12.2f}, {formula(A, s)[1]:6.2f}"
              for A in cases.values()]
    print(f"{s:5}" + "".join(traces))
wide = cases["wide"]
gap = np.abs(measured(wide, 0.001)[0] - np.linalg.pinv(wide)).max()
print("G is the pseudo-inverse within 0.01:", bool(gap < 0.01))

# %% [markdown]
# The square matrix has an inverse: its trace tends to 0, the point. The wide one leaves three directions,
# the adder two.
#
# The mean is not even a typical input. For small $s$ it is the shortest that has this output: inversions hold
# the variance of the directions that $y$ sees, and nothing else. A posterior sample adds a draw from the null space.

# %%
rng = np.random.default_rng(2)
x = rng.standard_normal((10_000, 5))
inverted = x @ wide.T @ np.linalg.pinv(wide).T
free = np.eye(5) - np.linalg.pinv(wide) @ wide
sampled = inverted + rng.standard_normal((10_000, 5)) @ free
for name, rows in (("real inputs", x), ("inversions", inverted),
                   ("posterior samples", sampled)):
    length = (rows**2).sum(axis=1).mean()
    print(f"mean squared length of {name}: {length:.1f}")

# %% [markdown]
# ## A classifier and its inversion
#
# The same in the example of a forum thread {cite:p}`reverse_thread`: an input is a point $(a, b)$ and has class
# 1 if $a < 1$. With chapter 11's prior, class 1 fills two bands, and its mean of $b$ is $-0.51$. A logistic
# regression is enough: $p(y = 1 \mid x)$ is the sigmoid of the {term}`logit` $x \cdot w + v$, with weights $w$
# and a {term}`bias` $v$.

# %%
rng = np.random.default_rng(0)
a, r = 2 * rng.standard_normal(8_000), rng.standard_normal(8_000)
b = a / 2 + 2 * rng.choice([-1, 1], 8_000) + r / 2
points, classes = np.column_stack([a, b]), a < 1


def fitted(steps: int) -> tuple[np.ndarray, float]:
    """Return w and v of a logistic regression, by gradient descent."""
    w, v = np.zeros(2), 0.0
    for _ in range(steps):
        miss = 1 / (1 + np.exp(-points @ w - v)) - classes
        w, v = w - points.T @ miss / len(points), v - miss.mean()
    return w, v


w, v = fitted(3_000)
print(f"limit on a {-v / w[0]:.1f}, weights b/a {abs(w[1] / w[0]):.2f}")


# %% [markdown]
# The gradient of the logit with respect to the input is $w$: it finds the rule, only $a$ matters, and says
# nothing about where $b$ lies. Now invert: descend on the input until the logit is 3, a probability of 0.95.

# %%
def invert(x: np.ndarray) -> np.ndarray:
    """Return inputs with the logit 3, by descent on the input."""
    for _ in range(50):
        x = x - 0.5 * np.outer(x @ w + v - 3, w) / (w @ w)
    return x


starts = np.array([[4.0, 4.0], [4.0, 2.0], [4.0, 0.0]])
for start, end in zip(starts, invert(starts)):
    print(start, "ends at", *(f"{number:z.1f}" for number in end))

# %% [markdown]
# Each start moves straight to the left. The answer about $b$ is the start we chose: the middle one ends in a
# band, the others above it and in the gap between the bands.
