"""What teachers take from the built book: figures for slides, and the answer key."""

import base64

import pytest
import yaml

from tools import answer_key, figures

PIXEL = base64.b64encode(b"a picture").decode()
FIGURES = f"""
<figure><img src="../_images/map.svg" alt="A map &amp;
a path"><figcaption><p>Fig. 4.1 Two &lt; three.<a class="headerlink">#</a></p>
</figcaption></figure>
<figure><img src="data:image/png;base64,{PIXEL}" alt="Still"><figcaption>Fig. 4.2 Live.
</figcaption></figure>"""
BOX = '<div class="exercise"><p class="admonition-title">{}</p><p>Write it.</p></div>'
CODE = """<div class="cell"><details class="hide"><summary>Show solution</summary>
<div class="cell_input"><pre>return 7 * x</pre></div></details></div>"""
WORDS = """<details class="sd-dropdown"><summary>One answer</summary>
<div class="sd-summary-content"><p>About 7, <a href="x.html">see</a> it.</p></div></details>"""
HINT = """<details class="sd-dropdown"><summary>Hint 1</summary>
<div class="sd-summary-content"><p>Think of 7.</p></div></details>"""


@pytest.fixture
def book(tmp_path):
    """Return a function that writes a book of one chapter, and gives its site and contents."""

    def write(inside):
        pages = {"book/index": "<h1>Start</h1>", "notebooks/04_x": f"<h1>Why?</h1>{inside}"}
        for name, text in pages.items():
            path = tmp_path / f"site/{name}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                "<html><head><title>x</title></head><body>"
                f"<article class='bd-article'>{text}</article></body></html>"
            )
        (tmp_path / "site/_images").mkdir(exist_ok=True)
        (tmp_path / "site/_images/map.svg").write_text("<svg/>")
        toc = tmp_path / "_toc.yml"
        parts = [{"caption": "I", "chapters": [{"file": "notebooks/04_x.md"}]}]
        toc.write_text(yaml.safe_dump({"root": "book/index.md", "parts": parts}))
        return tmp_path / "site", toc

    return write


def test_a_figure_comes_with_its_words_and_its_name(book, tmp_path):
    found = list(figures.figures(*book(FIGURES)))
    assert [(f.file, f.picture, f.caption, f.alt) for f in found] == [
        ("04_x-1.svg", b"<svg/>", "Fig. 4.1 Two < three.", "A map & a path"),
        ("04_x-2.png", b"a picture", "Fig. 4.2 Live.", "Still"),
    ]
    target = tmp_path / "figures"
    target.mkdir()
    (target / "old.png").write_text("of a chapter that is gone")
    figures.write(found, target)
    assert sorted(path.name for path in target.iterdir()) == [
        "04_x-1.svg",
        "04_x-2.png",
        "index.html",
    ]
    index = (target / "index.html").read_text("utf-8")
    assert "Fig. 4.1 Two &lt; three." in index
    assert index.count("A map &amp; a path") == 2, "once to hear, once to copy"
    assert index.count(figures.CREDIT) == 2


@pytest.mark.parametrize("lost", ["figcaption", 'alt="Still"'])
def test_a_figure_without_words_is_named(lost, book):
    broken = FIGURES.replace(lost, "span" if lost == "figcaption" else "")
    with pytest.raises(ValueError, match=r"04_x-\d: a figure without"):
        list(figures.figures(*book(broken)))


def test_the_key_has_each_exercise_with_all_of_its_solution_and_nothing_else(book):
    first, last = BOX.format("Exercise 1 · Seven"), BOX.format("Exercise 2 · Why (open)")
    inside = f"<p>Prose.</p>{BOX.format('Exercise')}{first}{HINT}{CODE}{last}{WORDS}"
    config = {"title": "A book", "author": "The authors", "copyright": "2026"}
    key = answer_key.document(*book(inside), config)
    order = ["A book: answer key", "Why?", "Exercise 1 · Seven", "return 7 * x"]
    order += ["Exercise 2 · Why (open)", "About 7, see it."]
    places = [key.index(text) for text in order]
    assert places == sorted(places)
    for absent in ("Prose.", "Think of 7.", "Start", ">Exercise<", "x.html"):
        assert absent not in key


def test_an_exercise_without_a_solution_is_named(book):
    inside = BOX.format("Exercise 1 · Seven") + CODE + BOX.format("Exercise 2 · Eight")
    with pytest.raises(ValueError, match="'Exercise 2 · Eight' has no solution"):
        answer_key.document(*book(inside), {"title": "", "author": "", "copyright": ""})
