"""The style of the figures."""

import subprocess
import sys

import matplotlib
import pytest
from matplotlib import pyplot as plt

from course_utils.plotting import COLOURS, LINES, WIDTH, use_style


def luminance(colour):
    """Relative luminance of an sRGB colour, as WCAG defines it."""
    channels = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in matplotlib.colors.to_rgb(colour)
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_stands_out_from_white(name):
    assert 1.05 / (luminance(COLOURS[name]) + 0.05) >= 4.5


def test_colours_and_dashes_change_together():
    with matplotlib.rc_context():
        use_style()
        cycle = list(matplotlib.rcParams["axes.prop_cycle"])
    assert [entry["color"] for entry in cycle] == list(COLOURS.values())
    assert [entry["linestyle"] for entry in cycle] == list(LINES)
    assert len(set(LINES)) == len(LINES) == len(set(COLOURS.values()))


def test_figures_are_opaque_white_and_readable():
    with matplotlib.rc_context():
        use_style()
        style = dict(matplotlib.rcParams)
    for part in ("figure.facecolor", "axes.facecolor", "savefig.facecolor"):
        assert style[part] == "white"
    assert style["savefig.transparent"] is False
    assert style["figure.figsize"][0] == WIDTH
    sizes = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
    assert min(style[size] for size in (*sizes, "legend.fontsize")) >= 11


def test_a_figure_has_a_grid_two_spines_and_a_map_that_colour_blind_readers_see():
    with matplotlib.rc_context():
        use_style()
        _, ax = plt.subplots()
        image = ax.imshow([[0.0, 1.0]])
    assert [side for side in ax.spines if ax.spines[side].get_visible()] == ["left", "bottom"]
    assert ax.xaxis.get_gridlines()[0].get_visible()
    assert ax.get_axisbelow() is True
    assert (image.get_cmap().name, image.get_interpolation()) == ("cividis", "nearest")
    plt.close()


def test_text_comes_in_two_sizes_the_names_larger_than_the_numbers():
    with matplotlib.rc_context():
        use_style()
        figure, ax = plt.subplots()
        ax.plot([1, 2], label="line")
        names = [ax.set_title("title"), ax.set_xlabel("x"), ax.set_ylabel("y")]
        names.append(ax.text(1, 1, "note"))
        numbers = [*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.legend().get_texts()]
    (large,) = {text.get_fontsize() for text in names}
    (small,) = {text.get_fontsize() for text in numbers}
    assert small < large
    plt.close(figure)


def test_nothing_shows_through_a_legend():
    with matplotlib.rc_context():
        use_style()
        figure, ax = plt.subplots()
        ax.plot([1, 2], label="line")
        frame = ax.legend().get_frame()
    assert frame.get_visible()
    assert frame.get_alpha() >= 1
    plt.close(figure)


def test_a_saved_figure_has_no_transparent_pixel(tmp_path):
    code = (
        "import matplotlib; matplotlib.use('Agg')\n"
        "from course_utils.plotting import use_style\n"
        "import matplotlib.pyplot as plt\n"
        "use_style(); plt.plot([1, 2]); plt.savefig(r'%s')\n" % (tmp_path / "a.png")
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    from matplotlib import image

    pixels = image.imread(tmp_path / "a.png")
    assert pixels.shape[2] == 3 or (pixels[..., 3] == 1).all()
