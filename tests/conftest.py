"""What every test run needs."""

import os

from nbval.plugin import IPyNbFile

from tools.chapters import NOT_COMPARED

# Progress bars write to stderr; tests compare what a cell prints.
os.environ["COURSE_PROGRESS"] = "0"


def pytest_collectstart(collector):
    """Have nbval compare what references hold, and nothing else."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare = (*collector.skip_compare, *NOT_COMPARED)
