"""One look for every figure: colours that colour-blind readers can tell apart, on white.

A line differs from the next by its dashes as well as by its colour, so that a grey print
reads the same. The background is opaque white: the book's dark theme keeps it.
"""

import logging

# On its first import ever, matplotlib reports on stderr that it builds a font cache. The book
# build takes anything on stderr for a failure, and a reader for an error.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

COLOURS: dict[str, str] = {
    "blue": "#0072b2",
    "vermilion": "#c44e00",
    "green": "#00805c",
    "purple": "#a8478a",
    "ochre": "#946200",
    "black": "#222222",
}
"""Okabe and Ito's palette, with what was too pale for lines on white made darker."""

LINES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (7, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
"""A dash pattern for each colour, in the same order."""

WIDTH = 7.0
"""Width of a figure in inches. At 11 points its text stays readable on a phone."""


def use_style() -> None:
    """Set the course's style for every figure drawn from now on.

    Examples
    --------
    >>> import matplotlib
    >>> use_style()
    >>> matplotlib.rcParams["figure.facecolor"]
    'white'
    """
    import matplotlib
    from cycler import cycler

    cycle = cycler(color=list(COLOURS.values())) + cycler(linestyle=list(LINES))
    matplotlib.rcParams.update(
        {
            "figure.figsize": (WIDTH, 4.0),
            "figure.dpi": 120,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "axes.facecolor": "white",
            "axes.prop_cycle": cycle,
            "axes.grid": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "grid.color": "#dddddd",
            "lines.linewidth": 2.0,
            "lines.markersize": 7.0,
            "font.size": 12.0,
            "axes.labelsize": 12.0,
            "axes.titlesize": 12.0,
            "xtick.labelsize": 11.0,
            "ytick.labelsize": 11.0,
            "legend.fontsize": 11.0,
            "legend.frameon": True,
            "legend.framealpha": 1.0,
            "legend.edgecolor": "#dddddd",
            "image.cmap": "cividis",
            "image.interpolation": "nearest",
        }
    )
