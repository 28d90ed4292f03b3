"""The base of the live figures: one object, one self-contained piece of HTML."""

import hashlib
import html
import io
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from course_utils import plotting
from course_utils.arguments import array, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DARK: dict[str, str] = {
    "blue": "#6cb8f0",
    "vermilion": "#ff9a5c",
    "green": "#4fcf9f",
    "purple": "#e59fd0",
    "ochre": "#e6bd4d",
    "black": "#eeeeee",
}
"""The course's colours for a dark background: as far apart, and at least 7:1 against it."""


class LiveFigure:
    """A figure that the reader can play with, in JupyterLab, VS Code and the book.

    A subclass names its script and says what the script gets, what the still picture looks
    like and what its alternative text is. The module's docstring has the rules.

    Examples
    --------
    >>> from course_utils.live import RnnDials
    >>> figure = RnnDials(1.0, 1.0, 0.0)
    >>> figure
    <LiveFigure RnnDials: A recurrent network with three dials>
    >>> sorted(figure._repr_mimebundle_())
    ['image/png', 'text/html', 'text/plain']
    """

    script: ClassVar[str]
    """File name of the script in this package."""

    title: ClassVar[str]
    """What the figure is called, in a few words; screen readers say it first."""

    size: ClassVar[tuple[float, float]] = (plotting.WIDTH, 4.0)
    """Width and height of the still picture in inches."""

    def data(self) -> dict[str, Any]:
        """Return what the script gets: numbers, strings, lists, dicts and NumPy arrays."""
        raise NotImplementedError

    def alt(self) -> str:
        """Return the alternative text of the still picture: what it shows."""
        raise NotImplementedError

    def draw(self, figure: "Figure") -> None:
        """Draw the still picture: the figure as it is before anybody has touched it."""
        raise NotImplementedError

    def still(self) -> bytes:
        """Return the still picture as a PNG file."""
        import matplotlib
        from matplotlib.figure import Figure

        with matplotlib.rc_context():
            plotting.use_style()
            figure = Figure(figsize=self.size, dpi=100)
            self.draw(figure)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def html(self) -> str:
        """Return the figure as HTML that needs nothing else: a host element.

        The host holds the still picture, the data and the script. Where scripts run, the
        script builds the figure in a shadow root of the host; elsewhere the picture stays.
        """
        return self._html(self.still())

    def _html(self, png: bytes) -> str:
        data = _json(self.data())
        script = "\n".join([_read("live.js"), _read(self.script)])
        style = _palette() + _read("live.css")
        content = "\0".join([self.title, data, script, style])
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        names = {"digest": digest, "title": self.title, "style": style}
        # Every figure brings the helpers along, in a function of its own: no global name, so
        # that two versions of the package can be open in one JupyterLab.
        return (
            f'<div class="course-live" data-live="{digest}">\n'
            f'<img alt="{html.escape(self.alt())}" style="max-width: 100%; height: auto" '
            f'src="data:image/png;base64,{b64encode(png).decode()}">\n'
            f'<script type="application/json">{data}</script>\n'
            f'<script>(function () {{\n"use strict";\nconst FIGURE = {_json(names)};\n'
            f"{script}\nmount(build);\n}})();</script>\n</div>"
        )

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str | bytes]:
        """Return what a notebook stores: HTML, a picture in place of it, and a line of text."""
        png = self.still()
        picture = b64encode(png).decode()
        return {"text/html": self._html(png), "image/png": picture, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<LiveFigure {type(self).__name__}: {self.title}>"


def finite(name: str, value: Any, shape: tuple[int | None, ...] = ()) -> np.ndarray:
    """Return finite float64 numbers of the wanted shape, as ``arguments.array`` judges them.

    Without a shape it is a single number, which may come as an array with one entry.

    Examples
    --------
    >>> finite("W", [[0.5]]).item()
    0.5
    """
    if shape:
        return array(value, name, shape, np.float64)
    found = array(value, name, dtype=np.float64)
    if found.size != 1:
        raise ValueError(f"{name} should be a number, got shape {found.shape}")
    return found.reshape(())


def checked_digits(digits: Iterable[int]) -> list[int]:
    """Return 1 to 12 digits as a list.

    Examples
    --------
    >>> checked_digits((4, 2, 5))
    [4, 2, 5]
    """
    found = [whole(digit, "each of the digits", 0, 9) for digit in digits]
    whole(len(found), "the number of digits", 1, 12)
    return found


def arrays(weights: Any, names: str) -> Sequence[Any]:
    """Return weights, one for each name.

    Examples
    --------
    >>> arrays([1.0, 2.0], "W and b")
    [1.0, 2.0]
    """
    if len(weights) != len(names.replace(" and ", ", ").split(", ")):
        raise ValueError(f"weights should be {names}, got {len(weights)} arrays")
    return weights


def _json(value: Any) -> str:
    """Return JSON that may stand in a script element, whatever text it holds."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain)
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"a live figure's data cannot hold {type(value).__name__}: {value!r}")


@cache
def _read(name: str) -> str:
    return files("course_utils.live").joinpath(name).read_text(encoding="utf-8")


def _palette() -> str:
    """Return the course's colours as CSS variables, for light and for dark pages."""
    blocks = ((":host", plotting.COLOURS), (':host([data-theme="dark"])', DARK))
    return "".join(
        f"{selector} {{ {' '.join(f'--{name}: {code};' for name, code in colours.items())} }}\n"
        for selector, colours in blocks
    )
