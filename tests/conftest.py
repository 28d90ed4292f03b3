"""What every test run needs."""

import os
import sys

import numpy as np
import pytest
from hypothesis import settings
from nbval.plugin import IPyNbFile

import course_utils  # noqa: F401  before any framework: it keeps them quiet
from tests.chapters import seeds
from tools.chapters import NOT_COMPARED

# No test asserts a time. The rest is Hypothesis's own: derandomised where CI is set.
settings.register_profile("book", settings.default, deadline=None)
settings.load_profile("book")
# Progress bars write to stderr; tests compare what a cell prints.
os.environ["TQDM_DISABLE"] = "1"


def stay_on_this_machine(event, arguments):
    """Refuse a connection to another host: nothing here may need a network."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if not host.startswith(("127.", "::1", "localhost")):
            raise OSError(f"a test asks another host: {host}")


sys.addaudithook(stay_on_this_machine)


start_kernel = IPyNbFile.setup


def start_kernel_again(notebook):
    """Start a chapter's kernel, again if it dies because another took one of its ports."""
    try:
        start_kernel(notebook)
    except RuntimeError:
        start_kernel(notebook)


IPyNbFile.setup = start_kernel_again


def pytest_collectstart(collector):
    """Have nbval compare what references hold, and nothing else."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare = (*collector.skip_compare, *NOT_COMPARED)


def pytest_addoption(parser):
    parser.addoption(
        "--record",
        action="store_true",
        help="write what `held` counts to book/_data/seeds.csv",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests that count over seeds, before `-m` selects."""
    for item in items:
        if "held" in getattr(item, "fixturenames", ()):
            item.add_marker("held")


@pytest.fixture
def held(record_property):
    """Count the seeds for which a claim holds, for the page "How often each claim held".

    Call it before the assertion, so that a claim that fails is in the table too.
    """

    def count(chapter, claim, holds, quote=""):
        holds = np.asarray(holds, dtype=bool)
        record_property("held", ((chapter, claim), (int(holds.sum()), holds.size)))
        return holds.sum()

    return count


LATE = """\
import sys
from pathlib import Path

first = Path(__file__).with_name("first")
if not first.exists():
    first.touch()
    sys.exit("Address already in use")
from ipykernel.kernelapp import launch_new_instance

launch_new_instance()
"""


@pytest.fixture
def late_kernel(tmp_path, monkeypatch):
    """Let the first kernel die as it starts, as one does whose port another program took."""
    folder = tmp_path / "late"
    folder.mkdir()
    (folder / "ipykernel_launcher.py").write_text(LATE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    yield
    assert (folder / "first").exists()


COUNTED: seeds.Table = {}


def pytest_runtest_logreport(report):
    """Collect the counts; pytest-xdist hands the reports of its workers on."""
    if report.when == "call":
        COUNTED.update(row for name, row in report.user_properties if name == "held")


def pytest_sessionfinish(session):
    """Write the table, once: not in the workers of pytest-xdist."""
    config = session.config
    if config.getoption("--record") and not hasattr(config, "workerinput"):
        (seeds.write_again if seeds.FIRST_SEED else seeds.write_table)(COUNTED)
