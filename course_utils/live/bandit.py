"""Three weights, trained on the choices of whoever plays two slot machines (chapter 18)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils import plotting
from course_utils.arguments import array
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PULL_TO, PULL = np.array([0.0, 0.5, 0.0]), np.array([2.0, 0.5, 1.0]) ** -2
"""Before any choice W, U and b are taken for 0, 0.5 and 0, give or take 2, 0.5 and 1."""
FIRST = 10
"""Choices before the network is asked to guess the next one."""


def signs(choices: Any, rewards: Any) -> np.ndarray:
    """Return +1 where a trial speaks for the left machine, -1 where it speaks for the right.

    Examples
    --------
    >>> signs([1, 1, 0, 0], [1, 0, 1, 0])
    array([ 1., -1., -1.,  1.])
    """
    return np.where(np.asarray(choices, bool) == np.asarray(rewards, bool), 1.0, -1.0)


def log_odds(weights: Any, s: np.ndarray) -> np.ndarray:
    """Return the log odds of left before each trial, and before the one to come.

    Examples
    --------
    >>> log_odds([1.0, 0.5, 0.0], np.array([1.0, 1.0, -1.0]))
    array([ 0.  ,  1.  ,  1.5 , -0.25])
    """
    W, U, b = weights
    h = [0.0]
    for sign in s:
        h.append(W * sign + U * h[-1] + b)
    return np.array(h)


def fit_choices(choices: Any, rewards: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights W, U, b that make the choices most probable, and their error bars.

    A weak pull (``PULL``) keeps the answer finite where there are few choices. Fisher scoring,
    as the page computes it: each step solves with the Fisher information.

    Parameters
    ----------
    choices
        1 for left, 0 for right, shape (trials,).
    rewards
        1 where the chosen machine paid, shape (trials,).

    Examples
    --------
    >>> weights, errors = fit_choices([1, 1, 0, 1, 1, 1], [1, 0, 1, 0, 1, 1])
    >>> weights.round(2), errors.round(2)
    (array([-0.1 ,  0.72,  0.54]), array([1.02, 0.46, 0.56]))
    """
    c, s = np.asarray(choices, float), signs(choices, rewards)
    weights = PULL_TO.copy()
    for _ in range(50):
        h, J = log_odds(weights, s)[:-1], np.zeros((len(s), 3))
        for t in range(len(s) - 1):
            J[t + 1] = [s[t], h[t], 1.0] + weights[1] * J[t]
        p = 0.5 + 0.5 * np.tanh(h / 2)
        slope = (c - p) @ J - PULL * (weights - PULL_TO)
        information = (p * (1 - p) * J.T) @ J + np.diag(PULL)
        step = np.linalg.solve(information, slope)
        if np.abs(step).max() < 1e-6:
            weights = weights + step  # too near for rounding to tell which is better
            break
        best = _fit_of(weights, c, s)
        for halvings in range(20):
            if _fit_of(weights + step / 2**halvings, c, s) >= best:
                weights = weights + step / 2**halvings
                break
    return weights, np.sqrt(np.diag(np.linalg.inv(information)))


def _fit_of(weights: np.ndarray, c: np.ndarray, s: np.ndarray) -> float:
    """Return the logarithm of the probability of the choices, less the pull."""
    h = log_odds(weights, s)[:-1]
    likely = -np.logaddexp(0, np.where(c > 0, -h, h)).sum()
    return float(likely - (PULL * (weights - PULL_TO) ** 2).sum() / 2)


def guessed(choices: Any, rewards: Any) -> int:
    """Return how many choices, from the eleventh on, were foreseen from those before.

    Examples
    --------
    >>> guessed([1] * 30, [1] * 30)
    20
    """
    right = 0
    for t in range(FIRST, len(choices)):
        weights, _ = fit_choices(choices[:t], rewards[:t])
        ahead = log_odds(weights, signs(choices[:t], rewards[:t]))[-1]
        right += int((ahead > 0) == bool(choices[t]))
    return right


class MindReader(LiveFigure):
    """Two slot machines, a player, and a network of three weights that guesses the next choice.

    The reader plays, or lets a simulated animal play whose learning rate and inverse
    temperature the reader sets; after every choice the network is trained anew. Chapter 18
    teaches why its weights are the animal's.

    Parameters
    ----------
    choices, rewards
        What an animal did before the reader came, as for :func:`fit_choices`.
    alpha, beta
        The learning rate, 0.02 to 1, and inverse temperature, 0 to 8, of that animal.

    Examples
    --------
    >>> MindReader([1, 0, 1, 1], [1, 0, 1, 0], 0.3, 3.0).data()["alpha"]
    0.3
    """

    script = "mind_reader.js"
    title = "Two machines, and a network that guesses what you will choose"

    def __init__(self, choices: Any, rewards: Any, alpha: Any, beta: Any) -> None:
        self.choices = array(choices, "choices", (None,)).astype(int)
        self.rewards = array(rewards, "rewards", self.choices.shape).astype(int)
        self.alpha, self.beta = finite("alpha", alpha).item(), finite("beta", beta).item()
        if not set(self.choices) | set(self.rewards) <= {0, 1}:
            raise ValueError("choices and rewards should be 0 or 1")
        if not (0.02 <= self.alpha <= 1 and 0 <= self.beta <= 8):
            raise ValueError(
                f"alpha should lie from 0.02 to 1 and beta from 0 to 8, got {self.alpha} and "
                f"{self.beta}"
            )

    def data(self) -> dict[str, Any]:
        """Return the trials so far, the animal, and what the fit is pulled to."""
        return {
            "choices": self.choices,
            "rewards": self.rewards,
            "alpha": self.alpha,
            "beta": self.beta,
            "pullTo": PULL_TO,
            "pull": PULL,
            "first": FIRST,
        }

    def alt(self) -> str:
        """Describe both panels at the start."""
        (W, U, b), _ = fit_choices(self.choices, self.rewards)
        return (
            f"Two panels after {len(self.choices)} choices of a simulated animal. Left, how "
            "far the log odds of left move in one trial, against the log odds before: two "
            "falling parallel lines, the upper one after a sign for left. The network's lines, "
            f"from W = {W:.2f}, U = {U:.2f} and b = {b:.2f}, lie near the animal's. Right, "
            "the network's log odds over the last trials, with the choices."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the rule that the network has found, and the last trials."""
        left, right = figure.subplots(1, 2)
        s = signs(self.choices, self.rewards)
        (W, U, b), _ = fit_choices(self.choices, self.rewards)
        h = np.array([-4.0, 4.0])
        for sign, name, dash in ((1, "blue", "-"), (-1, "vermilion", "--")):
            colour = plotting.COLOURS[name]
            left.plot(h, W * sign + (U - 1) * h + b, dash, color=colour)
            left.plot(
                h, self.alpha * (self.beta * sign - h), ":", color=plotting.COLOURS["black"]
            )
        left.set(xlabel="log odds of left", ylabel="change after the trial", ylim=(-3, 3))
        shown = log_odds([W, U, b], s)[:-1][-60:]
        trials = np.arange(len(s))[-60:] + 1
        right.plot(trials, shown, "-", color=plotting.COLOURS["green"])
        chosen = self.choices[-60:]
        right.plot(trials, np.where(chosen, 4.5, -4.5), ".", color=plotting.COLOURS["black"])
        right.set(xlabel="trial", ylabel="log odds of left", ylim=(-5, 5))
