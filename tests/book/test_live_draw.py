"""Draw the top in a real browser: drawn by mouse, finger and keys, it rolls as NumPy does."""

import base64
import io

import numpy as np
import pytest
from matplotlib.image import imread

from course_utils import live, units
from course_utils.live import draw
from tests.book.test_live_figures import CLOSE, move, state, write
from tests.book.visit import SITE, serious
from tests.package.live_examples import BEST, DIGITS, EXAMPLES, MEANS, ROW_RNN, SEEN

pytestmark = pytest.mark.browser

IMAGES = np.stack(list(DIGITS.values()))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write(tmp_path_factory.mktemp("draw"), {"draw": EXAMPLES["DrawTheTop"].html()})


def numpys(now, held=None):
    """Return z and h after the rows and the rest of the image, as the package computes them."""
    hold = None if held is None else dict([held])
    top = np.reshape(now["drawn"], (1, now["rows"], 28))
    z, h = ROW_RNN.run(top, hold=hold)
    return z[0, -1], h[0, -1], ROW_RNN.roll(h[:, -1], 28 - now["rows"], hold)[0]


def test_a_digit_is_completed_as_in_numpy_for_any_number_of_rows(visit):
    page = visit("draw.html")
    for name, rows in ((0, 10), (1, 1), (2, 27), (2, 6)):
        page.get_by_label("start from").select_option(str(name))
        move(page, "rows you give", rows)
        now = state(page)
        assert (now["rows"], now["digit"]) == (rows, name)
        drawn = np.reshape(now["drawn"], (rows, 28))
        np.testing.assert_allclose(drawn, IMAGES[name, :rows], atol=0.5 / 255)
        z, h, rest = numpys(now)
        np.testing.assert_allclose(now["z"], z, **CLOSE)
        np.testing.assert_allclose(now["h"], h, **CLOSE)
        np.testing.assert_allclose(now["guesses"], rest, **CLOSE)
        assert f"the network draws {28 - rows}," in page.locator(".readout").inner_text()
        assert f"ink of {rest.mean():.3f}." in page.locator(".readout").inner_text()
        error = ((rest - IMAGES[name, rows:]) ** 2).mean()
        np.testing.assert_allclose(now["error"], error, **CLOSE)
        assert (
            f"the rest of noise {name}: {error:.3f}." in page.locator(".readout").inner_text()
        )


def test_the_keys_draw_and_erase_and_stay_on_the_sheet(visit):
    page = visit("draw.html")
    page.get_by_role("button", name="Clear the sheet").click()
    assert not any(state(page)["drawn"])
    sheet = page.get_by_role("application")
    sheet.focus()
    page.keyboard.press("Space")
    assert state(page)["error"] is None, "there is no digit to compare with"
    now = np.reshape(state(page)["drawn"], (10, 28))
    assert now[2, 14] == 1
    assert now[2, 15] == pytest.approx(0.6)
    assert now.sum() == pytest.approx(1 + 4 * 0.6 + 4 * (1.6 - np.sqrt(2)))
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    assert state(page)["cursor"] == {"row": 9, "column": 19}, "it stops at the dashes"
    assert sheet.locator(".cursor").is_visible()
    page.keyboard.press("Space")
    now = state(page)
    drawn = np.reshape(now["drawn"], (10, 28))
    assert (drawn[2, 14:20] == 1).all()
    assert drawn[9, 19] == 1
    np.testing.assert_allclose(now["guesses"], numpys(now)[2], **CLOSE)
    assert page.locator("[aria-live]", has_text="Row 9, column 19, ink 1.0").count() == 1
    page.get_by_label("brush", exact=True).select_option("erase")
    sheet.press("Space")
    assert np.reshape(state(page)["drawn"], (10, 28))[9, 19] == 0
    page.keyboard.press("Tab")
    assert sheet.evaluate("node => node.getRootNode().activeElement !== node"), "a way out"


def test_a_stroke_of_the_mouse_inks_its_way_and_the_rest_follows(visit):
    page = visit("draw.html")
    page.get_by_role("button", name="Clear the sheet").click()
    blank = state(page)
    box = page.locator(".pad canvas").bounding_box()
    pixel = box["width"] / 28
    page.mouse.move(box["x"] + 5.5 * pixel, box["y"] + 4.5 * pixel)
    page.mouse.move(box["x"] + 6.5 * pixel, box["y"] + 4.5 * pixel)
    assert not any(state(page)["drawn"]), "nothing is drawn before the button is down"
    page.mouse.down()
    page.mouse.move(box["x"] + 20.5 * pixel, box["y"] + 4.5 * pixel)
    now = state(page)
    drawn = np.reshape(now["drawn"], (10, 28))
    assert (drawn[4, 6:21] > 0.9).all(), "no gaps, however fast"
    assert drawn[4, :5].max() == 0
    assert drawn[:2].max() == 0
    np.testing.assert_allclose(now["guesses"], numpys(now)[2], **CLOSE)
    assert np.abs(np.subtract(now["guesses"], blank["guesses"])).max() > 0.001
    page.mouse.move(box["x"] + 20.5 * pixel, box["y"] + 20 * pixel)
    page.mouse.up()
    now = state(page)
    assert (np.reshape(now["drawn"], (10, 28))[4:, 20] > 0.9).all(), "to the dashes"
    page.mouse.move(box["x"] + 3 * pixel, box["y"] + 8 * pixel)
    assert state(page)["drawn"] == now["drawn"], "the button is up"


def test_a_finger_draws_on_the_sheet_and_scrolls_everywhere_else(browser, base):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(f"{base}draw.html")
    page.get_by_role("button", name="Clear the sheet").tap()
    page.locator(".pad canvas").scroll_into_view_if_needed()
    box = page.locator(".pad canvas").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert max(state(page)["drawn"]) > 0.8
    actions = page.locator(".course-live").evaluate(
        "host => [...host.shadowRoot.querySelectorAll('*')]"
        ".filter(node => getComputedStyle(node).touchAction !== 'auto')"
        ".map(node => node.className)"
    )
    assert actions == ["pad"]
    context.close()


def test_a_held_unit_changes_the_rest_as_an_ablation_does(visit):
    page = visit("draw.html")
    before = state(page)
    rest = numpys(before)[2]
    effect = [np.abs(numpys(before, (k, 0.0))[2] - rest).mean() for k in range(169)]
    unit = int(np.argmax(effect))
    move(page, "unit", unit)
    for hold, value in (("zero", 0.0), ("mean", MEANS[unit])):
        page.get_by_label("hold the h of this unit").select_option(hold)
        now = state(page)
        _, h, changed = numpys(now, (unit, value))
        np.testing.assert_allclose(now["h"], h, **CLOSE)
        np.testing.assert_allclose(now["h"][unit], value, **CLOSE)
        np.testing.assert_allclose(now["guesses"], changed, **CLOSE)
        np.testing.assert_allclose(now["plain"], before["guesses"], **CLOSE)
        change = changed - rest
        np.testing.assert_allclose(now["change"]["mean"], np.abs(change).mean(), **CLOSE)
        row, column = np.unravel_index(np.abs(change).argmax(), change.shape)
        assert (now["change"]["row"], now["change"]["column"]) == (10 + row, column)
        np.testing.assert_allclose(now["change"]["most"], change[row, column], **CLOSE)
        words = page.locator(".readout").inner_text()
        assert f"With the h of unit {unit} held at {value:.2f} its pixels change by " in words
        assert f"{np.abs(change).mean():.3f} on average; most in row {10 + row}" in words
    assert page.get_by_text("change: blue more ink, orange less").is_visible()
    page.get_by_label("hold the h of this unit").select_option("no")
    assert state(page)["guesses"] == before["guesses"]
    assert page.get_by_text("change: blue more ink, orange less").is_hidden()


def picture(canvas):
    """Return the pixels of a canvas, RGBA from 0 to 1; as a file, for numbers come slowly."""
    url = canvas.evaluate("canvas => canvas.toDataURL()")
    return imread(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def pixels(page, name):
    """Return the opacity of every pixel of a picture, and whether it is blue."""
    rgba = picture(page.get_by_role("img", name=name, exact=True))
    return rgba[..., 3], rgba[..., 2] > rgba[..., 0]


def test_the_pictures_of_a_unit_are_its_features_windows_and_guess(visit):
    page = visit("draw.html")
    unit = int(np.flatnonzero(SEEN.total > 0)[40])
    move(page, "unit", unit)
    (raw,), (centred,) = SEEN.raw([unit]), SEEN.centred([unit])
    for name, wanted in (
        ("average window, raw", raw),
        ("what it expects next", ROW_RNN.roll(ROW_RNN.run([raw])[1][:, -1], 10)[0]),
        ("best window", BEST[unit, 0]),
        ("window 2", BEST[unit, 1]),
    ):
        np.testing.assert_allclose(pixels(page, name)[0], wanted, atol=0.015)
    for name, wanted in (
        ("minus the mean window", centred),
        ("whitened", SEEN.whitened([unit])[0]),
    ):
        share, blue = pixels(page, name)
        wanted = wanted / np.abs(wanted).max()
        np.testing.assert_allclose(share, np.abs(wanted), atol=0.015)
        clear = np.abs(wanted) > 0.05
        assert (blue == (wanted > 0))[clear].all()
    move(page, "unit", 7)
    assert not pixels(page, "average window, raw")[0].any()
    assert "it has no average and no guess" in page.locator(".figure").inner_text()


def test_the_grid_is_one_stop_and_its_keys_choose_units(visit):
    page = visit("draw.html")
    cells = page.get_by_role("gridcell")
    assert cells.count() == 169
    assert page.get_by_role("row").count() == 13
    assert cells.evaluate_all("all => all.filter(cell => cell.tabIndex === 0).length") == 1
    cells.nth(30).click()
    assert state(page)["unit"] == 30
    for key, unit in (
        ("ArrowRight", 31), ("ArrowDown", 44), ("ArrowLeft", 43), ("ArrowUp", 30),
        ("End", 38), ("Home", 26), ("ArrowUp", 13), ("ArrowUp", 0), ("ArrowUp", 0),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert state(page)["unit"] == unit, key
        focused = page.locator(".course-live").evaluate(
            "host => host.shadowRoot.activeElement.getAttribute('aria-label')"
        )
        assert focused == f"unit {unit}"
    assert page.get_by_role("gridcell", selected=True).get_attribute("aria-label") == "unit 0"
    assert page.get_by_label("unit", exact=True).input_value() == "0"


def fields(page):
    """Return the opacity of the grid's fields, shape (169, 30, 30)."""
    opacity = picture(page.locator(".units canvas"))[..., 3].reshape(13, 30, 13, 30)
    return opacity.transpose(0, 2, 1, 3).reshape(169, 30, 30)


def test_every_view_of_the_grid_shows_what_it_says(visit):
    page = visit("draw.html")
    alive = SEEN.total > 0
    for view in ("raw", "whitened", "centred"):
        page.get_by_label("the grid shows").select_option(view)
        field = fields(page)
        assert not field[~alive].any()
        wanted = getattr(SEEN, view)(np.flatnonzero(alive))
        if view != "raw":
            wanted = wanted / np.abs(wanted).max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(field[alive, 5:15, 1:29], np.abs(wanted), atol=0.015)
        guess = ROW_RNN.roll(ROW_RNN.run(SEEN.raw(np.flatnonzero(alive)))[1][:, -1], 10)
        np.testing.assert_allclose(field[alive, 15:25, 1:29], guess, atol=0.015)
    page.get_by_label("the grid shows").select_option("activity")
    before = fields(page)[:, 15, 15]
    np.testing.assert_allclose(before, state(page)["h"], atol=0.005)
    page.get_by_label("start from").select_option("2")
    after = fields(page)[:, 15, 15]
    np.testing.assert_allclose(after, state(page)["h"], atol=0.005)
    assert (after != before).any(), "it follows the drawing"


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
def test_used_it_is_accessible_and_fits(visit, width, theme):
    page = visit("draw.html", width, theme)
    page.get_by_label("hold the h of this unit").select_option("zero")
    page.get_by_role("application").focus()
    page.keyboard.press("Space")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".figure *").count() < 1_000
    for cell in (0, 168):
        box = page.get_by_role("gridcell").nth(cell).bounding_box()
        assert box["height"] == pytest.approx(box["width"], abs=1)
        assert box["width"] >= (24 if width == 360 else 28)
    ink = page.locator(".pad canvas").evaluate("canvas => getComputedStyle(canvas).filter")
    assert ink == ("invert(1)" if theme == "dark" else "none")


def test_the_weights_in_the_page_are_those_that_python_unpacks(visit):
    page = visit("draw.html")
    stored = page.locator(".course-live script").first.evaluate(
        "s => JSON.parse(s.textContent)"
    )
    weights = {
        name: draw.unpack(text).reshape(getattr(ROW_RNN, name).shape)
        for name, text in stored["weights"].items()
    }
    now = state(page)
    same = units.RowRNN(**weights)
    top = np.reshape(now["drawn"], (1, 10, 28))
    rest = same.roll(same.run(top)[1][:, -1], 18)[0]
    np.testing.assert_allclose(now["guesses"], rest, atol=1e-9)


# ---- in the book ----------------------------------------------------------------------------


def test_the_page_of_chapter_12_weighs_less_than_a_megabyte(visit, site):
    path = SITE / "notebooks" / "12_unit_visualization.html"
    assert path.stat().st_size < 1_000_000
    page = visit(path.as_uri(), 390)
    now = state(page)
    assert np.shape(now["h"]) == (169,)
    assert now["rows"] + len(now["guesses"]) == 28
    assert (now["rows"], now["error"] > 0.15) == (10, True), "too early, as captioned"
    move(page, "rows you give", 14)
    assert state(page)["error"] < 0.05, "nearly where it should, as captioned"


def test_a_smaller_network_on_other_rows_works_too(visit, tmp_path):
    rng = np.random.default_rng(3)
    small = units.RowRNN(
        W=rng.normal(size=(12, 5)), U=rng.normal(size=(5, 5)), b=rng.normal(size=5),
        V=rng.normal(size=(5, 12)), c=rng.normal(size=12),
    )  # fmt: skip
    seen, windows = units.Features(whiten=True), rng.random((40, 8, 12))
    seen.add(windows, small.run(windows)[0][:, -1])
    figure = live.DrawTheTop(small, seen, {"noise": rng.random((16, 12))}, rows=4)
    page = visit(write(tmp_path, {"small": figure.html()}) + "small.html", 390)
    now = state(page)
    top = np.reshape(now["drawn"], (1, 4, 12))
    rest = small.roll(small.run(top)[1][:, -1], 12)[0]
    np.testing.assert_allclose(now["guesses"], rest, **CLOSE)
    page.get_by_role("gridcell").nth(4).click()
    assert state(page)["unit"] == 4
