"""One live figure of every kind, with weights that no framework is needed for."""

import numpy as np

from course_utils import live

_rng = np.random.default_rng(0)
_W = _rng.normal(size=(10, 1))
_E = (np.arange(10.0)[:, np.newaxis] - 0.5) @ _W.T / (_W**2).sum()

ONE_HOT = [np.arange(10.0)[:, np.newaxis] - 2.05, np.array([[1.01]]), np.array([2.05])]
EMBEDDING = [_E + _rng.uniform(-0.001, 0.001, (10, 10)), _W, np.ones((1, 1)), np.array([0.5])]

EXAMPLES: dict[str, live.LiveFigure] = {
    "RnnDials": live.RnnDials(
        0.99675155, 1.00106668, 0.01110852, presets={"U = -1": (1, -1, 0)}
    ),
    "LossSurface": live.LossSurface(0.7, -1.0),
    "DecodeShift": live.DecodeShift(ONE_HOT),
    "DecodeBasis": live.DecodeBasis(EMBEDDING),
    "Backwards": live.Backwards(0.4, -25.0),
}
