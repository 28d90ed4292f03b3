"""Live layers of Keras and PyTorch: whether they compute what their framework's class does.

Nothing here imports a framework: a layer is known by where its class was defined.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

Options = dict[str, Any]
"""Fields of ``Gates`` by name."""

KERAS = ("keras.", "tf_keras.", "tensorflow.python.keras.")
TORCH = ("torch.nn.modules.",)

# Methods that do not change what a layer or a trained model computes.
_HARMLESS = {"build", "get_config", "from_config", "reset_parameters", "extra_repr", "compile",
             "train_step", "test_step", "predict_step", "compute_loss"}  # fmt: skip


def framework_class(part: Any, homes: tuple[str, ...], names: Collection[str]) -> type | None:
    """Return the class of a framework that a layer is, or is derived from; None if none."""
    for base in type(part).__mro__:
        if base.__name__ in names and base.__module__.startswith(homes):
            return base
    return None


def refuse_own_code(part: Any, base: type) -> None:
    """Refuse a layer that runs code of its own where its framework's class has other code."""
    between = type(part).__mro__[: type(part).__mro__.index(base)]
    defined = {method for owner in between for method in vars(owner) if hasattr(base, method)}
    inner = {m for m in defined if not m.startswith("__") and callable(getattr(base, m))}
    for method in ("call", "forward", "__call__", *sorted(inner - _HARMLESS)):
        own = method in vars(part) or getattr(type(part), method, 0) is not getattr(
            base, method, 0
        )
        if own:
            raise TypeError(
                f"{type(part).__name__} has a {method} of its own, so it may compute something "
                f"else than {base.__name__}: copy its weights into a plain {base.__name__} if "
                "that is what it computes"
            )


def refuse_weights(function: Any, role: str) -> None:
    """Refuse an activation that is a layer of Keras with weights, or that may get some."""
    if framework_class(function, KERAS, ("Layer",)) and (
        function.weights or not function.built
    ):
        raise TypeError(
            f"{role} is a {type(function).__name__}, a layer that has or may get weights of "
            "its own: no activation here has"
        )


def refuse_hooks(module: Any) -> None:
    """Refuse a module of PyTorch that runs a hook, other than one that computes a weight."""
    hooks = (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
    for hook in hooks:
        if not type(hook).__module__.startswith("torch.nn.utils."):
            shown = getattr(hook, "__name__", type(hook).__name__)
            raise TypeError(
                f"{type(module).__name__} runs a hook, {shown}, that may change what it "
                "computes: remove it"
            )


def plain(value: Any) -> Any:
    """Return a tensor or an array of half precision as an array of at least float32."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.numpy()
    if str(getattr(value, "dtype", "")) in ("float16", "bfloat16"):
        value = np.asarray(value).astype(np.float32)
    return value


def torch_weights(module: Any, names: Collection[str]) -> dict[str, Array]:
    """Return the weights of a module by name, or say why they are not what it runs with.

    weight_norm, spectral_norm and prune, in their older form, compute a weight just before each
    run, so that after ``load_state_dict`` it is out of date.
    """
    kind = type(module).__name__
    hooks = list(module._forward_pre_hooks.values())
    refuse_hooks(module)
    computed = [getattr(hook, "name", getattr(hook, "_tensor_name", "")) for hook in hooks]
    parametrized = getattr(module, "parametrizations", {})
    for name in names:
        if name not in (*module._parameters, *parametrized, *computed):
            raise TypeError(
                f"{name} of this {kind} is no parameter: code outside the layer computes it. "
                "Copy the weights that it runs with into a plain layer"
            )
    known = {*names, *(name + end for name in computed for end in ("_g", "_v", "_orig"))}
    for name, _ in module.named_parameters():
        if name not in known and not name.startswith("parametrizations."):
            raise TypeError(f"{kind} has a weight of its own, {name}, that no plain layer has")
    # spectral_norm would move a step on in training, by its hook or when it is read.
    still = [module, *(m for each in dict(parametrized).values() for m in each.modules())]
    training = [part.training for part in still]
    for part in still:
        part.training = False
    found = {name: getattr(module, name) for name in names}
    for hook in hooks:
        hook(module, ())
    for part, was in zip(still, training, strict=True):
        part.training = was
    for name in computed:
        now, old = getattr(module, name), found[name]
        setattr(module, name, old)
        if not np.allclose(plain(now), plain(old), rtol=1e-5, atol=1e-7):
            raise ValueError(
                f"{name} is out of date: a hook computes it before each run. Run the module "
                "once, on any input, then read it"
            )
    return {name: plain(tensor) for name, tensor in found.items() if tensor is not None}
