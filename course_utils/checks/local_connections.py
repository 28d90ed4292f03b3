"""Checks of chapter 13, in which a layer sees its inputs through windows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks import CheckFailed, as_array, call, close

Array = NDArray[np.float64]


def count(answer: Callable[..., Any]) -> None:
    """Check exercise 1: the number of weights and biases of a local layer."""
    cases = (
        (8, 3, 1, 1, False),
        (8, 3, 1, 1, True),
        (24, 4, 4, 3, False),
        (24, 4, 4, 3, True),
        (11, 3, 2, 2, False),
        (5, 5, 1, 4, False),
        (8, 2, 3, 2, False),
    )
    for d, k, stride, filters, shared in cases:
        places = len(range(0, d - k + 1, stride))
        sets = 1 if shared else places
        got = float(as_array(call(answer, d, k, stride, filters, shared), (), "the number"))
        want = sets * filters * (k + 1)
        if got == want:
            continue
        if got == sets * filters * k:
            hint = "these are the weights alone; how many biases are there?"
        elif got == sets * filters * k + filters:
            hint = "does each place have biases of its own?"
        elif got == (places if shared else 1) * filters * (k + 1):
            hint = "is that the layer with or without sharing?"
        elif stride > 1 and not shared:
            hint = "how many windows fit if each starts `stride` after the one before?"
        else:
            hint = "count one neuron at one place first, then the neurons, then the places."
        raise CheckFailed(
            f"d = {d}, k = {k}, stride {stride}, {filters} filters, shared {shared}: "
            f"you gave {got:g}; {hint}"
        )
    misfits = ((24, 5, 4, False), (3, 4, 1, False), (24, 5, 4, True), (2, 4, 1, True))
    for d, k, stride, shared in misfits:
        case = f"d = {d}, k = {k}, stride {stride}, shared {shared}"
        try:
            got = answer(d, k, stride, 1, shared)
        except ValueError:
            continue
        except Exception as error:
            raise CheckFailed(
                f"{case}: expected a ValueError, got {type(error).__name__}: {error}"
            ) from error
        raise CheckFailed(
            f"{case}: expected a ValueError, got {got}; where does the last window end?"
        )
    print(f"count: right in {len(cases) + len(misfits)} cases.")


def dense_matrix(answer: Callable[..., Any]) -> None:
    """Check exercise 2: a local layer as one dense matrix."""
    rng = np.random.default_rng(0)
    cases = ((8, 3, 1, 1), (8, 4, 4, 1), (9, 3, 2, 2), (6, 2, 2, 3), (8, 2, 3, 2))
    for d, k, stride, f in cases:
        G = (d - k) // stride + 1
        W, x = rng.normal(size=(G, k, f)), rng.normal(size=(5, d))
        windows = np.lib.stride_tricks.sliding_window_view(x, k, axis=1)[:, ::stride]
        want = np.einsum("ngk,gkf->ngf", windows, W)
        M = as_array(call(answer, W, d, stride), (d, G * f), "the matrix")
        if close(x @ M, want.reshape(5, -1)):
            continue
        got = x @ M
        if close(got, want.transpose(0, 2, 1).reshape(5, -1)):
            hint = "the columns run filter after filter; the place should come first."
        elif close(got, np.einsum("ngk,gkf->ngf", windows, W[:, ::-1]).reshape(5, -1)):
            hint = "each window's weights are in reverse order."
        elif close(got, np.einsum("ngk,gkf->ngf", windows, W[:1].repeat(G, 0)).reshape(5, -1)):
            hint = "every place uses the weights of the first one."
        elif np.count_nonzero(M) > W.size:
            hint = f"it has {np.count_nonzero(M)} connections; the layer has {W.size}."
        else:
            hint = "in which row does the window of the second place begin?"
        raise CheckFailed(f"d = {d}, k = {k}, stride {stride}, {f} filters: {hint}")
    print(f"dense_matrix: right for {len(cases)} layers.")


def masked_dense(answer: Callable[[Array], Any]) -> None:
    """Check exercise 3: a Keras layer whose mask holds in training."""
    import keras

    rng = np.random.default_rng(0)
    mask = np.array([[g <= i < g + 3 for g in range(4)] for i in range(6)], dtype="float32")
    for each in (mask, np.array([[1, 0, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1.0]])):
        _uses_the_mask(call(answer, each.astype("float32")), each, rng)
    x = rng.normal(size=(16, 6)).astype("float32")
    # A fresh layer, since keras builds a graph of its own for `fit`.
    trained = call(answer, mask)
    if not isinstance(trained, keras.layers.Layer):
        raise CheckFailed(f"asked again, expected a Keras layer, got {type(trained).__name__}")
    model = keras.Sequential([keras.Input((6,)), trained])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
    start = [variable.numpy().copy() for variable in trained.trainable_variables]
    try:
        model.fit(x, rng.normal(size=(16, 4)), epochs=3, verbose=0)
        model(x)
    except Exception as error:
        raise CheckFailed(f"training raised {type(error).__name__}: {error}") from error
    for variable, before in zip(trained.trainable_variables, start, strict=True):
        if np.array_equal(variable.numpy(), before):
            raise CheckFailed(f"three epochs of training left {variable.name} as it was")
    kernel = next(v.numpy() for v in trained.trainable_variables if v.shape == (6, 4))
    jump = as_array(model(np.eye(6) * 1.0) - model(np.zeros((6, 6))), (6, 4), "the effect")
    if not close(jump * (1 - mask), 0, atol=1e-5):
        raise CheckFailed("after training, inputs outside the mask have an effect")
    if not close(jump, kernel * mask, rtol=1e-3, atol=1e-4):
        raise CheckFailed("after training, the outputs are not those of the masked kernel")
    print("masked_dense: masked before and after training.")


def _uses_the_mask(layer: Any, mask: Array, rng: np.random.Generator) -> None:
    """Ask a new layer, with new weights, for its outputs within and without training."""
    import keras

    inputs, neurons = mask.shape
    x = rng.normal(size=(16, inputs)).astype("float32")
    if not isinstance(layer, keras.layers.Layer):
        raise CheckFailed(f"expected a Keras layer, got {type(layer).__name__}")
    if call(layer, x) is None:  # `call` gives its hint itself; this line is for type checkers
        raise CheckFailed("the layer returned None")
    shapes = sorted(tuple(variable.shape) for variable in layer.trainable_variables)
    if shapes != [(neurons,), mask.shape]:
        raise CheckFailed(
            f"the layer should train a kernel of shape {mask.shape} and a bias of shape "
            f"({neurons},), got {shapes}"
        )
    kernel, bias = rng.normal(size=mask.shape), rng.normal(size=neurons)
    for variable in layer.trainable_variables:
        variable.assign(kernel if len(variable.shape) == 2 else bias)
    for time, training in (("first", False), ("second", False), ("third", True)):
        got = as_array(call(layer, x, training=training), (16, neurons), "the layer's output")
        within = " in training" if training else ""
        if close(got, x @ kernel + bias, rtol=1e-4, atol=1e-4):
            raise CheckFailed(
                f"new weights were set, and those outside the mask count{within}: the mask has "
                "to be applied each time the kernel is used."
            )
        if not close(got, x @ (kernel * mask) + bias, rtol=1e-4, atol=1e-4):
            raise CheckFailed(
                f"mask of shape {mask.shape}: the {time} call after new weights were set does "
                f"not give x (kernel mask) + bias{within}: is the kernel in use still the "
                "variable that was set, and the mask the one that was given?"
            )


def twice_range(answer: Callable[[int], Any]) -> None:
    """Check exercise 4: the losses that a second softmax leaves."""
    cases = (2, 3, 10, 1000)
    for classes in cases:
        first = np.eye(classes)[:2]  # the two most extreme outputs of the first softmax
        low, high = np.log(np.exp(first).sum(axis=1)) - first[:, 0]
        got = as_array(call(answer, classes), (2,), "the two losses")
        if close(got, [low, high]):
            continue
        if close(got, [high, low]):
            hint = "the smallest comes first."
        elif close(got[0], 0):
            hint = "can the second softmax ever give 1? What are the largest logits it gets?"
        elif close(got[0], low):
            hint = "the smallest is right. What does the first softmax give a network that is "
            hint += "sure of a wrong class?"
        elif close(got[1], np.log(classes)):
            hint = "ln(classes) is the loss of equal outputs. Can it get worse?"
        else:
            hint = "write down the best output of the first softmax, and apply the second."
        raise CheckFailed(f"{classes} classes: you gave {got.round(4).tolist()}; {hint}")
    print(f"twice_range: right for {len(cases)} numbers of classes.")
