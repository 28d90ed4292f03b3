"""What the table of answers cannot say about the checks of chapter 10."""

import numpy as np
import pytest

from course_utils.checks import CheckFailed, exact_inversion
from tests.chapters.exact_inversion.answers import in_the_null_space


def test_no_step_of_a_fixed_length_is_another_input():
    for length in np.geomspace(1e-3, 3, 100):
        for signed in (length, -length):
            with pytest.raises(CheckFailed):
                exact_inversion.another_input(
                    lambda x, W, b, step=signed: in_the_null_space(x, W, b, step)
                )
