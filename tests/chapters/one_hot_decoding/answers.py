"""Answers to the exercises of chapter 2, each with what its check says."""

import numpy as np


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


def equal_sizes_and_u(first, second):
    sizes = [np.abs(network[0] + network[2]) for network in (first, second)]
    same_U = np.allclose(first[1], second[1]) or np.allclose(sizes, 0)
    return bool(np.allclose(*sizes) and same_U)


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


def in_a_loop(first, second):
    """Right too: a digit at a time, on numbers."""
    tables = [[float(W[k, 0] + b[0]) for k in range(10)] for W, _, b in (first, second)]
    off = max(abs(one - other) for one, other in zip(*tables, strict=True))
    silent = max(map(abs, tables[0])) < 1e-9
    return off < 1e-9 and (silent or abs(first[1].item() - second[1].item()) < 1e-9)


def table_and_what_u_makes_of_it(first, second):
    """Right too: U matters where it multiplies something."""
    off = (first[1] - second[1]) * (first[0] + first[2])
    return equal_tables(first, second) and np.abs(off).max() < 1e-6


def without_rows(*left_out):
    """An answer that compares some of the ten rows only, as a loop that is one short."""
    rows = [k for k in range(10) if k not in left_out]

    def answer(first, second):
        one, other = ((W + b)[rows] for W, _, b in (first, second))
        same = np.allclose(first[1], second[1]) or np.allclose(one, 0)
        return bool(np.allclose(one, other) and same)

    return answer


def about_equal(first, second):
    return first_two_silent(first, second) or all(
        np.allclose(one, other, atol=0.3)
        for one, other in zip(
            (first[0] + first[2], first[1]), (second[0] + second[2], second[1]), strict=True
        )
    )


def by_descent(W, b, values):
    """Right too: descent on the distance of the table from the values."""
    W, b = W[:, 0], b[0]
    for _ in range(3_000):
        off = W + b - values
        W, b = W - 0.05 * off, b - 0.05 * off.sum()
    return b


def row_0_in_place(W, b):
    W -= W[0]
    return W, b + W[0]


ANSWERS = {
    "zero_first": [
        ("right", in_place),
        ("right", lambda W, b: ([[w[0] - W[0][0]] for w in W], [b[0] + W[0][0]])),
        ("what has to happen to b", row_0_in_place),
        ("which c in", lambda W, b: (W - W.min(), b + W.min())),
        ("which c in", lambda W, b: (W + b, 0 * b)),
        ("what has to happen to b", lambda W, b: (W - W[0], b)),
        ("what has to happen to b", lambda W, b: (W - W[0], b - W[0])),
        ("the same number to every row", one_row_only),
        ("return two arrays", lambda W, b: W - W[0]),
        (r"shape \(10, 1\), got \(10,\)", lambda W, b: ((W - W[0])[:, 0], b)),
    ],
    "same_function": [
        ("right", in_a_loop),
        ("right", table_and_what_u_makes_of_it),
        ("the digit 0 adds something else", without_rows(0)),
        ("the digit 9 adds something else", without_rows(9)),
        ("the digit 1 adds something else", without_rows(*range(1, 7))),
        ("adds something else", about_equal),
        ("shifted by 3: equal functions may have different", equal_weights),
        ("another U: .* On longer ones", equal_tables),
        ("other sign: .* On longer ones", equal_tables_and_sizes),
        ("what is their state, ever", equal_tables_and_u),
        ("for other digits", equal_sums),
        ("for other digits", equal_as_sets),
        ("every sign of the table turned", equal_sizes_and_u),
        ("W shifted but not b", equal_differences),
        ("only one is silent", first_silent),
        ("every step adds 1", u_free_if(lambda v: np.ptp(v) < 1e-6)),
        ("only the digit 0", u_free_if(lambda v: np.isclose(v, 0).any())),
        ("only the digit 0", u_times_first_row),
        ("together add 0", u_free_if(lambda v: np.isclose(v.sum(), 0))),
        ("you say True", lambda first, second: True),
        ("True or False, got str", lambda first, second: "yes"),
    ],
    "final_bias": [
        # A bias of one entry is as good as a number.
        ("right", lambda W, b, v: (v.sum() - W.sum() + b) / (len(v) + 1)),
        ("right", lambda W, b, v: [[(v.sum() - W.sum() + b[0]) / (len(v) + 1)]]),
        ("right", by_descent),
        ("right", lambda W, b, v: b[0] + (v - W[:, 0] - b[0]).sum() / (len(v) + 1)),
        ("which sign", lambda W, b, v: (v.sum() - W.sum() - b[0]) / (len(v) + 1)),
        ("4 symbols", lambda W, b, v: (v.sum() - W.sum() + b[0]) / (len(set(v)) + 1)),
        ("once more beside", lambda W, b, v: (v.sum() - W.sum() + b[0]) / len(v)),
        ("45 and 11 belong", lambda W, b, v: (45 - W.sum() + b[0]) / 11),
        ("11 belongs to ten", lambda W, b, v: (v.sum() - W.sum() + b[0]) / 11),
        ("write Q at the start", lambda W, b, v: b[0]),
        (r"should have shape \(\), got \(10,\)", lambda W, b, v: v - b),
    ],
}
