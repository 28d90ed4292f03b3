"""The checks of chapter 2: likely mistakes get a hint that fits."""

from inspect import getsource

import numpy as np
import pytest

from course_utils.checks import CheckFailed, one_hot_decoding


def one_row_only(W, b):
    W[0] = 0
    return W, b


def in_place(W, b):
    b += W[0]
    W -= W[0].copy()
    return W, b


def equal_weights(first, second):
    return all(np.allclose(a, b) for a, b in zip(first, second, strict=True))


def equal_tables(first, second):
    return bool(np.allclose(first[0] + first[2], second[0] + second[2]))


def equal_tables_and_sizes(first, second):
    return equal_tables(first, second) and bool(
        np.allclose(np.abs(first[1]), np.abs(second[1]))
    )


def equal_tables_and_u(first, second):
    return equal_tables(first, second) and bool(np.allclose(first[1], second[1]))


def equal_sums(first, second):
    same = np.isclose((first[0] + first[2]).sum(), (second[0] + second[2]).sum())
    return bool(same and np.allclose(first[1], second[1]))


def equal_as_sets(first, second):
    tables = [np.sort(network[0] + network[2], axis=0) for network in (first, second)]
    same_U = np.allclose(first[1], second[1]) or np.allclose(tables, 0)
    return bool(np.allclose(*tables) and same_U)


def equal_differences(first, second):
    same = np.allclose(np.diff(first[0], axis=0), np.diff(second[0], axis=0))
    return bool(same and np.allclose(first[1], second[1]))


def first_silent(first, second):
    return bool(np.allclose(first[0] + first[2], 0)) or equal_tables_and_u(first, second)


def u_free_if(free):
    """An answer that ignores U where a rule about the first table says so."""

    def answer(first, second):
        table = first[0] + first[2]
        return equal_tables(first, second) and (
            bool(free(table)) or bool(np.allclose(first[1], second[1]))
        )

    return lambda first, second: answer(first, second) or first_two_silent(first, second)


def first_two_silent(first, second):
    return all(np.allclose(W + b, 0) for W, _, b in (first, second))


def u_times_first_row(first, second):
    both = [network[1] * (network[0] + network[2])[0] for network in (first, second)]
    return equal_tables(first, second) and bool(np.allclose(*both))


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("zero_first", lambda W, b: (W + b, 0 * b), "which c in"),
        ("zero_first", lambda W, b: (W - W[0], b), "what has to happen to b"),
        ("zero_first", lambda W, b: (W - W[0], b - W[0]), "what has to happen to b"),
        ("zero_first", one_row_only, "the same number to every row"),
        ("zero_first", lambda W, b: W - W[0], "return two arrays"),
        ("zero_first", lambda W, b: ((W - W[0])[:, 0], b), r"shape \(10, 1\), got \(10,\)"),
        ("same_function", equal_weights, "shifted by 3: equal functions may have different"),
        ("same_function", equal_tables, "another U: .* On longer ones"),
        ("same_function", equal_tables_and_sizes, "other sign: .* On longer ones"),
        ("same_function", equal_tables_and_u, "what is their state, ever"),
        ("same_function", equal_sums, "for other digits"),
        ("same_function", equal_as_sets, "for other digits"),
        ("same_function", equal_differences, "W shifted but not b"),
        ("same_function", first_silent, "only one is silent"),
        ("same_function", u_free_if(lambda v: np.ptp(v) < 1e-6), "every step adds 1"),
        ("same_function", u_free_if(lambda v: np.isclose(v, 0).any()), "only the digit 0"),
        ("same_function", u_times_first_row, "only the digit 0"),
        ("same_function", u_free_if(lambda v: np.isclose(v.sum(), 0)), "together add 0"),
        ("same_function", lambda first, second: True, "you say True"),
        ("same_function", lambda first, second: "yes", "True or False, got str"),
        ("final_bias", lambda W, b, v: (v.sum() - W.sum() - b[0]) / (len(v) + 1), "which sign"),
        ("final_bias", lambda W, b, v: (v.sum() - W.sum() + b[0]) / len(v), "once more beside"),
        ("final_bias", lambda W, b, v: (45 - W.sum() + b[0]) / 11, "45 and 11 belong"),
        ("final_bias", lambda W, b, v: (v.sum() - W.sum() + b[0]) / 11, "11 belongs to ten"),
        ("final_bias", lambda W, b, v: b[0], "write Q at the start"),
        ("final_bias", lambda W, b, v: v - b, r"should have shape \(\), got \(10,\)"),
    ],
)
def test_likely_mistakes_get_a_hint_that_fits(name, answer, hint):
    with pytest.raises(CheckFailed, match=hint):
        getattr(one_hot_decoding, name)(answer)


def test_an_answer_that_changes_its_arguments_is_judged_by_what_it_returns():
    one_hot_decoding.zero_first(in_place)


def test_a_bias_of_one_entry_is_as_good_as_a_number():
    one_hot_decoding.final_bias(lambda W, b, v: (v.sum() - W.sum() + b) / (len(v) + 1))
    one_hot_decoding.final_bias(lambda W, b, v: [[(v.sum() - W.sum() + b[0]) / (len(v) + 1)]])


def test_no_hint_gives_a_solution_line_away():
    text = getsource(one_hot_decoding)
    for line in ("W - W[0], b + W[0]", "silent or", "W.sum() - b.item()"):
        assert line not in text
