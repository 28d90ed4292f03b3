"""Boxes: the states that they go on from, and the whole numbers that they say.

That each box is what its key says is tested with the tool that trains them.
"""

import numpy as np
import pytest

from course_utils import mystery

BOXES = list(mystery.boxes().values())


@pytest.mark.parametrize("box", BOXES, ids=mystery.boxes())
def test_texts_read_at_once_are_those_read_one_by_one_and_in_parts(box):
    texts = ["abcd", "ddab"]
    together = box.run(texts)
    for text, states in zip(texts, together, strict=True):
        whole = box.read(text)
        np.testing.assert_allclose(whole.states, states, atol=1e-12)
        assert whole.says.dtype == np.int64
        rest = box.read(text[1:], whole.states[0])
        np.testing.assert_allclose(rest.states, states[1:], atol=1e-12)
    again = box.run([text[2:] for text in texts], together[:, 1])
    np.testing.assert_allclose(again, together[:, 2:], atol=1e-12)
    assert box.run(["", ""]).shape == (2, 0, box.size)
    if box.yes_no:
        assert set(box.says(together).ravel().tolist()) <= {0, 1}


def test_a_box_that_says_yes_or_no_says_yes_above_a_half():
    box = next(box for box in BOXES if box.yes_no)
    direction = np.zeros(box.size)
    direction[: box.cell.units] = box.V / (box.V @ box.V)
    values = np.array([0.4, 0.6, 1.8])
    states = (values - box.v)[:, np.newaxis] * direction
    assert box.says(states).tolist() == [0, 1, 1]


def test_a_box_cannot_be_changed_by_accident():
    box = mystery.boxes()["G"]
    with pytest.raises(ValueError, match="read-only"):
        box.V /= 2
    block = box.cell.blocks["state"]
    with pytest.raises(ValueError, match="read-only"):
        block.recurrent[0] = 0


def test_states_of_another_shape_are_named():
    box = mystery.boxes()["G"]
    size = box.size
    for call, message in [
        (lambda: box.read("a", np.zeros(size + 1)), rf"state should have shape \({size},\)"),
        (
            lambda: box.run(["a", "b"], np.zeros((1, size))),
            rf"states should have shape \(2, {size}\), got \(1, {size}\)",
        ),
        (lambda: box.says(np.zeros(size - 1)), rf"states should have shape \(..., {size}\)"),
        (lambda: box.read("abe"), "reads the letters abcd, not 'e'"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
