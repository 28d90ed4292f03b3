"""Every page of the built book in a window: whole, light, quiet, accessible in both themes.

A file of its own, because this is half of the page tests' time and one worker's work.
"""

import pytest

from tests.book.looks import wrong_in_a_window
from tests.book.visit import PAGES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_a_window(visit, tab, name):
    visit(name)
    assert wrong_in_a_window(tab) == []
