"""Find the recurrent layers in a file, in arrays by name, or in a live model, and read one.

Every source is brought into one form: parts, the arrays of one layer and direction by what they
are, W, U, b, c, P and R, with the layout they are in and what the source tells of the layer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from course_utils.gates import readers
from course_utils.gates.layouts import LAYOUTS, USUAL, assemble, usual
from course_utils.gates.modules import KERAS, Array, Options, framework_class, plain
from course_utils.gates.weights import Gates

Layer = Gates | tuple[Gates, Gates]

_NAMED = [name for name, layout in LAYOUTS.items() if layout.names]
# What weight_norm, spectral_norm, prune, WeightDrop and parametrizations keep of a weight.
_COMPUTED = re.compile(
    r"(?:(?P<name>.*?)[./])??(?:parametrizations[./])?"
    r"(?P<weight>(?:weight|bias)_(?:ih|hh|hr)(?:_l\d+)?(?:_reverse)?)"
    r"(?:_(?:g|v|u|orig|mask|raw)|[./]original.*)"
)


class Part(NamedTuple):
    """The arrays of one layer and direction, their layout, and what the source tells."""

    layout: str
    arrays: Mapping[str, Array]
    told: Options

    def options(self, said: Options) -> Options:
        """Return the fields of ``Gates``; what the caller says goes first."""
        if "fault" in self.told:
            raise ValueError(self.told["fault"])
        if not self.arrays:  # read already
            return dict(self.told) | said
        arrays, told = usual(self.layout, self.arrays, {**self.told, **said})
        return assemble(self.layout, arrays, told)


Found = dict[str, dict[tuple[int, bool], Part]]
"""By the name of a layer, then by its place in a stack and whether it runs backwards."""


def list_gates(source: Any, framework: str | None = None) -> dict[str, str]:
    """List the recurrent layers in what :func:`read_gates` takes: name, cell, sizes, layout.

    Examples
    --------
    >>> import numpy as np
    >>> arrays = {"enc.weight_ih_l0": np.ones((12, 2)), "enc.weight_hh_l0": np.ones((12, 3))}
    >>> list_gates(arrays)
    {'enc': 'LSTM, 2 features, 3 units (PyTorch)'}
    """
    return {name: _described(parts) for name, parts in find(source, framework, {}).items()}


def read_gates(
    source: Any, name: str | None = None, *, framework: str | None = None, **told: Any
) -> Layer | list[Layer]:
    """Read one recurrent layer from the file it is in, or from arrays by name, or a model.

    Parameters
    ----------
    source
        The path of a .keras, .h5, .hdf5, .pt, .pth, .ckpt, .bin, .safetensors, .npz or .onnx
        file, of which no code is run; arrays by name, such as a state dict, nested or not, or
        an open .npz; the list of arrays of one layer, with ``framework``; or a live model or
        layer.
    name
        Which layer, as :func:`list_gates` calls it, or a part of that name between slashes or
        dots. Not needed where there is one.
    framework
        "Keras" (2 and 3), "Keras 1", "cuDNN" (``CuDNNLSTM`` and ``CuDNNGRU`` of Keras, told by
        their bias), "PyTorch", "ONNX", "TensorFlow 1" or "Flax". Arrays by name tell it
        themselves, unless it is ONNX.
    **told
        What the source does not tell, as fields of :class:`Gates`; a ValueError asks for it,
        such as ``time_major`` of a state dict. Arrays under names of one's own, or of cuDNN,
        TensorFlow 1 and Flax, are taken to be forward and batch first. For TensorFlow 1
        ``forget_bias`` is what its cell adds at run time, 1 if not said; for ONNX these are the
        operator's ``cell`` and attributes.

    Returns
    -------
    Gates, tuple or list
        :class:`Gates`; of a bidirectional layer a pair, forward, backward; of a stack a list.

    Examples
    --------
    >>> import torch
    >>> module = torch.nn.LSTM(2, 3, bidirectional=True, batch_first=True)
    >>> there, back = read_gates(module.state_dict(), time_major=False)
    >>> back
    Gates(LSTM, features 2, units 3, float32, activation tanh, recurrent_activation sigmoid,
    reverse)
    """
    if framework != "ONNX" and (
        odd := sorted(set(told) - {f.name for f in fields(Gates)} - {"forget_bias"})
    ):
        order = "; for batch_first=True say time_major=False" * ("batch_first" in odd)
        raise TypeError(f"{', '.join(odd)} is no field of Gates, nor forget_bias{order}")
    found = find(source, framework, told)
    names = [key for key in found if name is None or key == name]
    names = names or [key for key in found if name is not None and _within(name, key)]
    if len(names) != 1:
        what = "no recurrent layer" if not names else f"{len(names)} recurrent layers"
        wanted = "" if name is None else f" of a name with {name!r}"
        raise ValueError(
            f"{what}{wanted} here: name one of {sorted(found)}"
            if found
            else f"no recurrent layer here: wanted arrays called as in {', '.join(_NAMED)}, "
            "or an operator LSTM, GRU or RNN of ONNX. Of a cell of your own give the arrays as "
            "a list with their framework, joined gate by gate, if it computes what that does"
        )
    places = sorted({place for place, _ in found[names[0]]})
    if places != list(range(len(places))):
        raise ValueError(f"of {names[0]!r} only the layers {places} are here, counted from 0")
    said = {} if framework == "ONNX" else told
    if "reverse" in said and len({way for _, way in found[names[0]]}) > 1:
        raise ValueError(f"{names[0]!r} has both directions: leave reverse out")
    parts = {key: part.options(said) for key, part in sorted(found[names[0]].items())}
    layers: list[Layer] = []
    for place in places:
        ways = [Gates(**parts[place, way]) for way in (False, True) if (place, way) in parts]
        layers.append(ways[0] if len(ways) == 1 else (ways[0], ways[1]))
    return layers[0] if len(layers) == 1 else layers


def _within(name: str, key: str) -> bool:
    """Say whether a name is one or more whole parts of a longer one, as b/c is of a/b/c/d."""
    inner, outer = (f"/{re.sub('[./]', '/', each).strip('/')}/" for each in (name, key))
    return inner in outer


def find(source: Any, framework: str | None, told: Options) -> Found:
    """Return every recurrent layer of a source by name."""
    if isinstance(source, str | PathLike):
        from course_utils.gates.files import load

        return load(Path(source), framework)
    if hasattr(source, "graph") and hasattr(source, "opset_import"):
        from course_utils.gates.graphs import layers_of

        return layers_of(source)
    if hasattr(source, "named_modules") or framework_class(source, KERAS, ("Layer",)):
        found: Found = {}
        for name, at, layout, read in readers.of_model(source):
            found.setdefault(name, {})[at] = Part(layout, {}, read)
        return found
    if isinstance(source, Sequence):
        source = _listed(source, framework)
    if framework == "ONNX":
        ways = readers.from_onnx(source, **told)
        return {"": {(0, way["reverse"]): Part("ONNX", {}, way) for way in ways}}
    if not isinstance(source, Mapping):
        raise TypeError(
            "wanted a path, arrays by name or the list of arrays of one layer, got "
            f"{type(source).__module__}.{type(source).__name__}"
        )
    return grouped(dict(_flat(source)), framework)


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Array]]:
    """Yield the arrays of nested dictionaries, their keys joined by dots."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif hasattr(value, "shape"):
            yield f"{before}{key}", plain(value)


def _listed(arrays: Sequence[Any], framework: str | None) -> dict[str, Any]:
    """Give the arrays of one layer the names of their layout."""
    letters = LAYOUTS["Keras 1"].letters.get(len(arrays))
    if framework == "Keras 1" and letters:
        return dict(zip([f"{k}_{g}" for g in letters for k in "WUb"], arrays, strict=True))
    known = {name: layout.listed for name, layout in LAYOUTS.items() if layout.listed}
    if framework not in known:
        raise ValueError(
            f"a list of arrays needs its framework, {list(known)}, or 'Keras 1' for 12 or 9 "
            f"arrays; got {len(arrays)} arrays and framework {framework!r}"
        )
    return dict(zip(known[framework], arrays, strict=False))


def grouped(
    arrays: Mapping[str, Array],
    framework: str | None,
    told: Mapping[str, Options] | None = None,
) -> Found:
    """Put the arrays of a layer together by their names; ``told`` is what a file says of it."""
    groups: dict[tuple[str, str], dict[tuple[int, bool], dict[str, Array]]] = {}
    taken: set[str] = set()
    of_modules: set[str] = set()  # nn.LSTM and its like, which have batch_first
    asked = {"cuDNN": "Keras"}.get(framework or "", framework)
    for kind in [asked] if asked else _NAMED:
        pattern = re.compile(rf"(?:(?P<name>.*?)[./_])??{LAYOUTS[kind].names}(?::0)?")
        mine: dict[str, dict[tuple[int, bool], dict[str, str]]] = {}
        for key in arrays:
            if key not in taken and (match := pattern.fullmatch(key)):
                ends = match.groupdict()
                at = int(ends.get("layer") or 0), bool(ends.get("back"))
                of_modules |= {ends["name"] or ""} if ends.get("layer") else set()
                part = ends["part"].replace("weight_", "w_").replace("bias_", "b_")
                mine.setdefault(ends["name"] or "", {}).setdefault(at, {})[part] = key
        for name, places in mine.items():
            for at, keys in places.items():
                if _whole(kind, keys, name, bool(asked)):
                    taken |= set(keys.values())
                    group = groups.setdefault((kind, name), {})
                    group[at] = {part: arrays[key] for part, key in keys.items()}
    found: Found = {}
    for (kind, name), group in groups.items():
        for (place, back), parts in group.items():
            known: Options = dict((told or {}).get(name, {}))
            called, laid = known.pop("called", name), kind
            if kind == "Keras":
                called, back = _direction(name) if told is None else (called, back)
                bias = parts.get("bias")
                doubled = bias is not None and bias.shape > parts["kernel"].shape[1:]
                laid = "cuDNN" if doubled or framework == "cuDNN" else kind
            place, back = known.pop("place", place), known.get("reverse", back)
            if beside := _beside(kind, name, arrays.keys() - taken):
                known = {"fault": f"{called or 'the layer'} has weights that no plain layer "
                         f"has, {beside}: it may compute something else"}  # fmt: skip
            untold = _untold(laid, told is None, called != name, name in of_modules)
            way = {} if "reverse" in untold else {"reverse": back}
            part = Part(laid, parts, {"untold": untold, **way, **known})
            if (place, back) in found.setdefault(called, {}):
                raise ValueError(f"two recurrent layers here are called {called!r}")
            found[called][place, back] = part
    for match in filter(None, map(_COMPUTED.fullmatch, arrays)):
        fault = f"{match['weight']} is computed from others, such as {match[0]}: run the module"
        fault += " once where it is, then read the module itself"
        found[match["name"] or ""] = {(0, False): Part("PyTorch", {}, {"fault": fault})}
    return found


def _untold(layout: str, bare: bool, way_named: bool, of_module: bool) -> set[str]:
    """Return the fields that arrays leave open, and that a layer has an option for."""
    if layout in ("Keras", "Keras 1") and bare:
        return {"masked"} if way_named else {"masked", "reverse"}
    return {"time_major"} if of_module else set()


def _beside(kind: str, name: str, unused: Iterable[str]) -> list[str]:
    """List the unused arrays of the module that a layer is, those of modules inside it too."""
    inside = kind in ("PyTorch", "Flax")
    before = re.compile(rf"{re.escape(name)}[./]" if name else "")
    return sorted(
        key
        for key in unused
        if (match := before.match(key))
        and ((inside and name) or not re.search("[./]", key[match.end() :]))
    )


def _whole(kind: str, parts: Iterable[str], name: str, asked: bool) -> bool:
    """Say whether these parts are a layer."""
    there = set(parts)
    if kind == "TensorFlow 1":
        named = asked or re.search(r"(lstm|rnn|gru)\w*_cell", name)
        return bool(named) and ({"kernel", "bias"} <= there or "gates/kernel" in there)
    if kind == "Flax":
        return {part[0] for part in there if part.endswith("kernel")} == {"i", "h"}
    if kind == "Keras 1":
        return {part[0] for part in there} >= {"W", "U"}
    return there >= {"PyTorch": {"w_ih", "w_hh"}}.get(kind, {"kernel", "recurrent_kernel"})


def _direction(name: str) -> tuple[str, bool]:
    """Take forward and backward out of the name of a layer of Keras."""
    match = re.fullmatch(r"(?:(.*)/)?(forward|backward)_[^/]*(?:/.*)?", name)
    return (match[1] or name, match[2] == "backward") if match else (name, False)


def _described(parts: Mapping[tuple[int, bool], Part]) -> str:
    """Return one line on a layer: cell, sizes, layers, directions, layout."""
    part = parts[min(parts)]
    guess = {k: v for k, v in USUAL.items() if k not in part.told}
    try:
        gates = Gates(**part.options(guess))
    except (TypeError, ValueError) as error:
        return f"cannot be read: {error}"
    deep, ways = (len({key[k] for key in parts}) for k in (0, 1))
    words = [gates.cell, f"{gates.features} features", f"{gates.units} units"]
    words += [f"{deep} layers"] * (deep > 1) + ["both directions"] * (ways > 1)
    return f"{', '.join(words)} ({part.layout})"
