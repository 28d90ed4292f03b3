"""The judge of what comes from outside: what passes, and what it says of the rest."""

import re

import numpy as np
import pytest

from course_utils.arguments import array, fits, number, whole


def test_limits_belong_to_what_is_allowed():
    assert whole(np.int64(3), "n", 3) == 3
    assert whole(5, "n", 3, most=5) == 5
    assert number(np.float32(0.5), "x", least=0.5) == 0.5
    assert isinstance(number(2, "x"), float)


@pytest.mark.parametrize(
    ("given", "wanted", "found"),
    [
        (np.float32, None, np.float32),
        (np.int8, None, np.float64),
        (bool, np.float32, np.float32),
    ],
)
def test_floats_keep_their_precision_unless_told_otherwise(given, wanted, found):
    assert array(np.ones((2, 3), given), "x", (None, 3), wanted).dtype == found


def test_what_is_right_is_not_copied():
    given = np.ones((2, 3), np.float32)
    assert np.shares_memory(array(given, "x", (2, 3)), given)


@pytest.mark.parametrize(("shape", "fit"), [((2, 3), True), ((2, 4), False), ((2,), False)])
def test_none_leaves_a_length_free_and_nothing_else(shape, fit):
    assert fits(shape, (None, 3)) is fit


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: whole(2, "n", 3), ValueError, "n should be at least 3, got 2"),
        (lambda: whole(6, "n", 3, 5), ValueError, "n should be from 3 to 5, got 6"),
        (lambda: whole(True, "n", 0), TypeError, "n should be a whole number, got True"),
        (lambda: whole(2.0, "n", 0), TypeError, "n should be a whole number, got 2.0"),
        (lambda: number("1", "x"), TypeError, "x should be a number, got '1'"),
        (lambda: number(True, "x"), TypeError, "x should be a number, got True"),
        (lambda: number(np.nan, "x"), ValueError, "x should be finite, got nan"),
        (lambda: number(-1, "x", 0), ValueError, "x should be finite and at least 0, got -1"),
        (lambda: array([[1], [1, 2]], "x"), ValueError, "x should have rows of one length"),
        (lambda: array([1j], "x"), TypeError, "x should hold real numbers, got complex128"),
        (lambda: array("ab", "x"), TypeError, "x should hold real numbers, got str"),
        (
            lambda: array(np.ones((2, 3)), "x", (None, 2)),
            ValueError,
            "x should have shape (any, 2), got (2, 3)",
        ),
        (
            lambda: array([[0, np.nan]], "x"),
            ValueError,
            "x should be finite in float64, got nan at (0, 1)",
        ),
        (
            lambda: array(1e39, "x", dtype=np.float32),
            ValueError,
            "x should be finite in float32, got 1e+39",
        ),
    ],
)
def test_bad_values_are_named(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
