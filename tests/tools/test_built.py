"""Reading built pages: what is not there and what is folded for no known reason is named."""

import pytest
from bs4 import BeautifulSoup

from tools import built
from tools.chapters import ROOT


def test_a_fold_of_no_known_kind_is_refused():
    page = (
        "<article><details class='sd-dropdown'><summary>Secret</summary>"
        "<div class='sd-summary-content'>x</div></details></article>"
    )
    with pytest.raises(ValueError, match="no known kind: 'Secret'"):
        list(built.folded(BeautifulSoup(page, "html.parser")))


def test_a_page_that_is_not_built_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"index\.html is not built"):
        built.pages(tmp_path, ROOT / "_toc.yml")
