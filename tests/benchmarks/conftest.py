"""One table at the end of `make bench`: what was measured, and against what."""

from collections.abc import Callable

import pytest

ROWS = pytest.StashKey[list[tuple[str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Return a function that adds a row: what, the figure, and what it is compared with."""

    def add(what: str, figure: str, against: str) -> None:
        request.config.stash[ROWS].append((what, figure, against))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = terminalreporter.config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("measured")
    wide = [max(len(line[k]) for line in rows) for k in range(2)]
    for what, figure, against in rows:
        terminalreporter.write_line(f"{what:{wide[0]}}   {figure:>{wide[1]}}   {against}")
