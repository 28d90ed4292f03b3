"""What the table of answers cannot say about the checks of chapter 6."""

import numpy as np

from course_utils.checks import lstm_gates_at_work as checks


def test_the_counter_of_the_check_is_that_of_the_chapter():
    for bias in (1.0, 3.0, 6.0):
        f = 1 / (1 + np.exp(-bias))
        n = 1
        while f ** (n - 1) * (1 - f**n) > 0.5 * (1 - f) + 1 - f ** (n - 1):
            n += 1
        assert checks._first_failure(bias, 60) == n
