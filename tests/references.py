"""What tests compare with text files in ``tests/reference``, and how the files are written.

``python -m pytest FILE --record`` writes them anew. Read the difference before committing it.
"""

import re
from typing import Any

import numpy as np
import pytest

from course_utils.gates import Gates
from tools.chapters import REFERENCES

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def shown(value: Any) -> str:
    """Describe a value in one line: long arrays by their shape, first entries and mean."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(part)}' for key, part in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, Gates):
        return f"{value} {shown([block.kernel for block in value.blocks.values()])}"
    if isinstance(value, np.ndarray) and value.size > 8:
        first = ", ".join(map(shown, value.flat[:3]))
        return f"{value.dtype} {value.shape}: {first}, ..., mean {np.nanmean(value):.6g}"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {shown(value.tolist())}"
    if isinstance(value, str):
        return repr(value) if len(value) < 500 else f"{len(value)} characters"
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, float | int | np.number):
        return f"{value:.6g}"
    return "a function" if callable(value) else type(value).__name__


def compare(name: str, got: list[str], record: bool) -> None:
    """Compare lines with a file in ``tests/reference``, numbers within a hundred-thousandth.

    With ``record``, write the file first.
    """
    reference = REFERENCES / name
    if record:
        reference.write_text("\n".join(got) + "\n", encoding="utf-8")
    want = reference.read_text("utf-8").splitlines()
    assert [NUMBER.sub("0", line) for line in got] == [NUMBER.sub("0", line) for line in want]
    for one, other in zip(got, want, strict=True):
        numbers = [[float(x) for x in NUMBER.findall(line)] for line in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-5, abs=1e-9), (one, other)
