"""A network of one unit, run forward and then back with few decimals (chapter 10)."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from course_utils import plotting
from course_utils.arguments import whole
from course_utils.live._figure import LiveFigure, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def there_and_back(
    start: float, x: float, U: float, decimals: int, steps: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Run h_t = tanh(x + U h_{t-1}) forward and back, rounding every state.

    Returns
    -------
    forward, back : numpy.ndarray
        The states h_0 to h_T of the run, and as they are recovered from h_T, each of shape
        (steps + 1,). Behind a state of size 1 or more nothing comes back: NaN.
    bits : float
        The bits lost: the base-2 logarithm of what an error of h_T is multiplied by on its way
        to h_0.

    Examples
    --------
    >>> forward, back, bits = there_and_back(0.4, x=1, U=1, decimals=3, steps=3)
    >>> forward.tolist(), back.tolist()
    ([0.4, 0.885, 0.955, 0.961], [0.681, 0.933, 0.959, 0.961])
    >>> round(bits, 1)
    9.4
    """
    start, x, U = (
        finite(name, value).item() for name, value in (("start", start), ("x", x), ("U", U))
    )
    if U == 0:
        raise ValueError("U should not be 0: the next state would not depend on this one")
    unit = 10.0 ** whole(decimals, "decimals", 1)

    def kept(value: float) -> float:
        return float(np.floor(value * unit + 0.5) / unit)  # as the page rounds

    forward = [start]
    for _ in range(whole(steps, "steps", 1)):
        forward.append(kept(np.tanh(x + U * forward[-1])))
    back = [forward[-1]]
    for _ in forward[1:]:
        h = back[0]
        back.insert(0, kept((np.arctanh(h) - x) / U) if abs(h) < 1 else np.nan)
    with np.errstate(divide="ignore"):  # a state of exactly 1 loses everything
        bits = -np.log2(abs(U) * (1 - np.square(forward[1:]))).sum()
    return np.array(forward), np.array(back), float(bits)


class ThereAndBack(LiveFigure):
    """One recurrent unit run forward and back: choose how many decimals are kept.

    Chapter 10 asks from how many steps the start comes back, and counts the bits.

    Examples
    --------
    >>> ThereAndBack().data()["start"]
    0.4
    """

    script = "one_unit.js"
    title = "Run one unit forward and back"
    FIRST: ClassVar[dict[str, float]] = {
        "start": 0.4,
        "x": 1,
        "U": 1,
        "decimals": 3,
        "steps": 3,
    }

    def data(self) -> dict[str, Any]:
        """Return where the sliders stand at first."""
        return dict(self.FIRST)

    def _run(self) -> tuple[np.ndarray, np.ndarray, float]:
        given = self.FIRST
        return there_and_back(
            given["start"], given["x"], given["U"], int(given["decimals"]), int(given["steps"])
        )

    def alt(self) -> str:
        """Describe both runs."""
        forward, back, _ = self._run()
        return (
            "The state of one unit against the step. Forward (circles, solid line) it goes "
            f"through {', '.join(f'{h:.3f}' for h in forward)}. Back from the last state "
            "(diamonds, dashed line) it goes through "
            f"{', '.join(f'{h:.3f}' for h in back[::-1])}: at step 0 the two are far apart."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw both runs."""
        forward, back, _ = self._run()
        ax = figure.subplots()
        colours = plotting.COLOURS
        ax.plot(forward, "o-", color=colours["blue"], label="forward")
        ax.plot(back, "d--", color=colours["vermilion"], label="back from the last state")
        ax.set(xlabel="step", ylabel="state h", xticks=range(len(forward)))
        ax.legend()
