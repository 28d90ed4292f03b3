"""What the modules ask of their arguments: where each limit lies, and what it says beyond."""

import re

import numpy as np
import pytest

from course_utils import _check


def test_limits_belong_to_what_is_allowed():
    assert _check.whole(np.int64(3), "n", 3) == 3
    assert _check.whole(5, "n", 3, most=5) == 5
    assert _check.whole(10**30, "n", 3) == 10**30
    assert _check.sizes(rows=10**4, columns=10**4) == (10**4, 10**4)
    assert [k for k in range(-1, 6) if _check.in_range(k, 0, 4)] == [0, 1, 2, 3]
    assert not _check.in_range(1.0, 0, 4)


def test_a_number_too_large_for_a_float_is_infinity():
    assert _check.number(2, "n") == 2.0
    assert _check.number(np.float32(0.5), "n") == 0.5
    assert _check.number(10**400, "n") == np.inf


def test_arrays_keep_their_kind_and_flags_become_python_s():
    for kind in (bool, np.uint8, np.int64, np.float32):
        assert _check.real(np.ones(2, kind), "x").dtype == kind
    assert _check.flag(np.bool_(True), "f") is True
    assert _check.flag(False, "f") is False


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _check.whole(2, "n", 3), ValueError, "n should be at least 3, got 2"),
        (lambda: _check.whole(6, "n", 3, 5), ValueError, "n should be at most 5, got 6"),
        (lambda: _check.whole(True, "n", 0), TypeError, "n should be a whole number, got True"),
        (lambda: _check.whole(2.0, "n", 0), TypeError, "n should be a whole number, got 2.0"),
        (
            lambda: _check.sizes(rows=10**4, columns=10**4 + 1),
            ValueError,
            "rows x columns should be at most 100000000 numbers, got 100010000",
        ),
        (lambda: _check.sizes(rows=0), ValueError, "rows should be at least 1, got 0"),
        (lambda: _check.sizes(rows="3"), TypeError, "rows should be a whole number, got '3'"),
        (lambda: _check.number(True, "n"), TypeError, "n should be a number, got True"),
        (lambda: _check.number("1", "n"), TypeError, "n should be a number, got '1'"),
        (
            lambda: _check.real([[1], [1, 2]], "x"),
            TypeError,
            "x should hold real numbers in rows of one length, got list",
        ),
        (lambda: _check.real([1j], "x"), TypeError, "x should hold real numbers, got complex"),
        (lambda: _check.flag(1, "f"), TypeError, "f should be True or False, got 1"),
    ],
)
def test_bad_values_are_named(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
