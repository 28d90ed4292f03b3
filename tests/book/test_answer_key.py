"""The answer key of the whole book on paper."""

import re

import pytest
import yaml
from pypdf import PdfReader

from tests.book.visit import SITE, chromium
from tools import answer_key, built
from tools.chapters import ROOT, chapters, read
from tools.editions import solution_lines

pytestmark = [pytest.mark.browser, pytest.mark.desk]


def plain(text):
    for joined, letters in (("ﬁ", "fi"), ("ﬂ", "fl"), ("ﬀ", "ff"), ("ﬃ", "ffi"), ("ﬄ", "ffl")):
        text = text.replace(joined, letters)
    return re.sub(r"\s+", "", text)


def test_every_exercise_is_in_it_with_its_solution(site, tmp_path):
    chromium()
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    answer_key.build(SITE, ROOT / "_toc.yml", tmp_path / "key.pdf", config)
    assert [path.name for path in tmp_path.iterdir()] == ["key.pdf"]
    text = plain("".join(page.extract_text() for page in PdfReader(tmp_path / "key.pdf").pages))
    for chapter in chapters():
        page = built.read(SITE / "notebooks" / f"{chapter.stem}.html")
        for title in page.select(".exercise > .admonition-title"):
            assert plain(title.get_text()) in text
        for cell in read(chapter).cells:
            for line in solution_lines(cell.source) if cell.cell_type == "code" else ():
                assert plain(line) in text, f"{chapter.stem}: {line}"
