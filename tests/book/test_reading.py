"""What helps to read a page: pictures that enlarge, previews at links, a description."""

import re
import struct

import pytest

from tests.book.visit import PAGES, SITE, serious

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]

CHAPTER = "notebooks/04_two_valleys.html"


def test_pictures_are_sharp_light_and_keep_their_place():
    for name in PAGES:
        text = (SITE / name).read_text("utf-8")
        for width, height, file in re.findall(
            r'<img width="(\d+)" height="(\d+)"[^>]*src="\.\./(_images/(?!small-)[^"]+\.png)"',
            text,
        ):
            content = (SITE / file).read_bytes()
            dots = struct.unpack(">II", content[16:24])
            assert [side // 2 for side in dots] == [int(width), int(height)], file
            assert content[25] == 3, f"{file} is not drawn with a palette"
        assert text.count('src="../_images/') == text.count('<a class="enlarge"'), name


@pytest.mark.parametrize("way", ["Enter", "click"])
def test_a_picture_enlarges_and_goes_with_escape(visit, way):
    page = visit(CHAPTER, 390)
    link = page.locator("a.enlarge").first
    before = link.locator("img").bounding_box()["width"]
    if way == "Enter":
        link.focus()
        page.keyboard.press("Enter")
    else:
        link.click()
    dialog = page.locator("dialog.enlarged")
    assert dialog.locator("img").bounding_box()["width"] > 1.5 * before
    assert dialog.locator("img").get_attribute("alt") == link.locator("img").get_attribute(
        "alt"
    )
    assert serious(page, within="dialog.enlarged") == []
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert link.evaluate("link => link === document.activeElement")
    link.click()
    dialog.get_by_role("button", name="Close").click()
    assert dialog.count() == 0


def test_without_scripts_a_picture_is_a_link_to_its_file(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + CHAPTER)
    page.locator("a.enlarge").first.click()
    page.wait_for_url("**/_images/*.png")
    context.close()


@pytest.mark.parametrize("disk", [False, True])
def test_a_link_with_the_focus_has_a_preview_that_escape_takes_away(visit, disk):
    page = visit((SITE / CHAPTER).as_uri() if disk else CHAPTER)
    term = page.locator("article a[href$='#term-seed']").first
    preview = page.get_by_role("tooltip")
    page.keyboard.press("Tab")  # then a browser shows where the focus is
    term.focus()
    assert preview.count() == 1
    assert "random" in preview.inner_text()
    assert term.get_attribute("aria-describedby") == preview.get_attribute("id")
    assert serious(page, within="a:focus, [role=tooltip]") == []
    page.keyboard.press("Escape")
    assert preview.count() == 0
    assert term.evaluate("link => link === document.activeElement")
    assert term.get_attribute("aria-describedby") is None


def test_the_pointer_may_move_onto_a_preview(visit):
    page = visit(CHAPTER)
    term = page.locator("article a[href$='#term-seed']").first
    preview = page.get_by_role("tooltip")
    term.hover()
    preview.wait_for()
    link, box = term.bounding_box(), preview.bounding_box()
    assert (
        link["y"] + link["height"] <= box["y"] + 1 or box["y"] + box["height"] <= link["y"] + 1
    )
    preview.hover()
    page.wait_for_timeout(600)
    assert preview.count() == 1, "it stays while the pointer is on it"
    page.mouse.move(2, 2)
    page.wait_for_timeout(600)
    assert preview.count() == 0


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("book/bibliography.html#", "Saxe"),
        ("notebooks/01_linear_rnn_sum.html", "What does a recurrent network learn"),
    ],
)
def test_citations_and_chapters_have_previews_too(visit, link, words):
    page = visit(CHAPTER)
    target = page.locator(f"article p a[href*='{link.rpartition('/')[2]}']").first
    target.hover()
    preview = page.get_by_role("tooltip")
    preview.wait_for()
    assert words in preview.inner_text()
    assert target.get_attribute("title") is None, "the browser would show it a second time"


def test_no_preview_says_what_a_class_does_not_get():
    for name in PAGES:
        data = re.search(r'id="previews">(.*?)</script>', (SITE / name).read_text("utf-8"))
        if data:
            assert "teaching.html" not in data[1]
            assert "running_a_class.html" not in data[1]


def test_each_page_says_what_it_is_about():
    said = {}
    for name in PAGES:
        if name != "search.html":
            text = (SITE / name).read_text("utf-8")
            found = re.search(r'<meta name="description" content="([^"]+)"', text)
            assert found, name
            assert len(found[1]) > 20, name
            assert f'<meta property="og:description" content="{found[1]}"' in text
            assert '<meta property="og:title"' in text
            assert "og:image" not in text, "a picture needs an address"
            said[name] = found[1]
    assert len(set(said.values())) == len(said)


def test_the_verdict_of_the_map_is_in_view_on_a_phone(visit):
    page = visit(CHAPTER, 390)
    page.set_viewport_size({"width": 390, "height": 844})
    figure = page.locator(".course-live").first
    verdict = figure.locator(".readout").first
    assert "valley" in verdict.inner_text()
    top, box = figure.bounding_box()["y"], verdict.bounding_box()
    assert box["y"] + box["height"] - top < 844 - 48, "below the bar at the top of the page"


def test_buttons_at_the_top_say_what_they_show(visit):
    page = visit(CHAPTER, 1000)
    for name in ("Contents of the book", "Contents of this page"):
        assert page.get_by_role("button", name=name, exact=True).count() == 1


def test_each_part_has_a_card_with_a_picture(visit):
    page = visit("book/index.html")
    parts = page.locator(".bd-sidebar-primary .caption-text").all_inner_texts()
    parts = [part.lower() for part in parts if part.startswith(("Part", "PART"))]
    cards = page.locator(".sd-card", has=page.locator("img"))
    titles = [text.lower() for text in cards.locator(".sd-card-title").all_inner_texts()]
    assert titles == parts[: len(titles)]
    assert len(titles) >= 7
    for image in cards.locator("img").all():
        assert "small-" in image.get_attribute("src")
        assert len(image.get_attribute("alt")) > 20
