"""Take the arrays out of a file, with what the file tells of them. Nothing in a file is run."""

import importlib
import json
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.gates.modules import Array, Options
from course_utils.gates.readers import KERAS_CELLS
from course_utils.gates.sources import Found, find, grouped


def load(path: Path, framework: str | None) -> Found:
    """Return the recurrent layers in a file by name."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    of_arrays = {".npz": _npz, ".safetensors": _safetensors}
    of_arrays |= dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), _torch)
    of_models = {".h5": _keras, ".hdf5": _keras, ".keras": _keras, ".onnx": _onnx}
    if path.suffix in of_arrays:
        return find(of_arrays[path.suffix](path), framework, {})
    if path.suffix in of_models:
        return of_models[path.suffix](path, framework)
    ends = ", ".join([*of_arrays, *of_models])
    raise ValueError(f"{path.name} should end in one of {ends}")


def _package(name: str, brought_by: str) -> Any:
    """Import what a kind of file needs."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this kind of file needs the package {name}, which comes with {brought_by}: "
            f"pip install {name}"
        ) from error


def _npz(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as archive:
        headers = {name: archive.zip.open(f"{name}.npy") for name in archive.files}
        plain = []
        for name, file in headers.items():
            version = np.lib.format.read_magic(file)
            read = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
            if not read(file)[2].hasobject:  # an object would have to be unpickled
                plain.append(name)
            file.close()
        return {name: archive[name] for name in plain}


def _safetensors(path: Path) -> dict[str, Array]:
    """Read a file of safetensors: the length of a header, the header in JSON, the numbers."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    arrays = {}
    for name, entry in json.loads(content[8:start]).items():
        kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}.get(entry.get("dtype"))
        if kind:
            low, high = (start + end for end in entry["data_offsets"])
            array = np.frombuffer(content[low:high], kind).reshape(entry["shape"])
            if entry["dtype"] == "BF16":  # the upper half of a float32
                array = (array.astype("<u4") << 16).view("<f4")
            arrays[name] = array
    return arrays


def _torch(path: Path) -> Any:
    torch = _package("torch", "PyTorch")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path.name} holds more than weights, and loading the rest could run code: where "
            "you trust it, load it and torch.save(model.state_dict(), ...)"
        ) from error


def _keras(path: Path, framework: str | None) -> Found:
    """Read a file of Keras: weights, and the configuration of the model if it is there."""
    h5py = _package("h5py", "Keras")
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
            version = json.loads(archive.read("metadata.json"))["keras_version"]
            with h5py.File(BytesIO(archive.read("model.weights.h5"))) as file:
                return _weights(file, config, version, framework)
    with h5py.File(path) as file:
        root = file.get("model_weights", file)
        config = json.loads(file.attrs.get("model_config", "null"))
        version = str(root.attrs.get("keras_version", ""))
        return _weights(root, config, version, framework)


def _weights(root: Any, config: Any, version: str, framework: str | None) -> Found:
    arrays: dict[str, Any] = {}
    root.visititems(lambda path, node: arrays.update({path: node}))
    leaves = list(_leaves(config, (), (), version)) if config else []
    named: dict[str, Array] = {}
    told: dict[str, Options] = {}
    for path, node in arrays.items():
        if not hasattr(node, "shape"):
            continue
        *places, last = re.sub(r"(:0)?$", "", path).split("/")
        if places[-1:] == ["vars"]:  # Keras 3 numbers the weights of each layer
            dropped = ("layers", "_layer_checkpoint_dependencies")
            places = [p for p in places[:-1] if p not in dropped]
            if not {"cell", "cells"} & set(places[-2:]) or int(last) > 2:
                beside = [p for p in places if p not in ("cell", "cells")]
                named["/".join([*beside, f"vars:{last}"])] = node[()]
                continue
            last = ("kernel", "recurrent_kernel", "bias")[int(last)]
            fit = [leaf for leaf in leaves if leaf[0] == tuple(places)]
        else:
            fit = [leaf for leaf in leaves if _in_order(leaf[1], places)]
            places = [p for k, p in enumerate(places) if not k or p != places[k - 1]]
        key = "/".join(p for p in places if p not in ("cell", "cells"))
        if fit:
            told[key] = max(fit, key=lambda leaf: len(leaf[1]))[2]
        elif config:
            told[key] = {"fault": f"{key} is no layer of a class of Keras' own"}
        named[f"{key}/{last}"] = node[()]
    return grouped(named, framework, told if config else None)


def _in_order(names: tuple[str, ...], places: list[str]) -> bool:
    """Say whether names stand among places in this order."""
    rest = iter(places)
    return all(name in rest for name in names)


def _leaves(
    entry: Any,
    path: tuple[str, ...],
    names: tuple[str, ...],
    version: str,
    masked: bool = False,
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Options]]:
    """Yield where the weights of each recurrent layer of a configuration are, and what is told.

    Keras 3 stores weights under the classes of the layers, counted, Keras 2 under their names.
    """
    config = entry["config"]
    inside = config if isinstance(config, list) else config.get("layers", [])
    signs = r'"mask_zero": true|"Masking"|"mask": [{\[]'
    masked = masked or bool(re.search(signs, json.dumps(entry)))
    for part, snake in zip(inside, _counted(inside), strict=True):
        kind, more = part["class_name"], part["config"]
        name = part.get("name") or more.get("name") or snake
        here, called = (*path, snake), (*names, name)
        started = False
        for node in part.get("inbound_nodes", ()):
            new = isinstance(node, dict)  # Keras 2 lists the input and the states
            states = node["args"][1:2] if new else node[1:]
            states += [node["kwargs"].get("initial_state")] if new else []
            started |= any(states)
            masked |= new and len(node["args"]) > 2  # the third is the mask
        beside = {"called": "/".join(called), "masked": masked, "started": started}
        if not part.get("module", "keras.layers") or "layers" in more or kind == "Sequential":
            yield from _leaves(part, here, called, version, masked)
        elif kind == "Bidirectional":
            inner = more["layer"]
            own = inner["config"]["name"].removeprefix("forward_")
            for way in ("forward", "backward"):
                half = more.get("backward_layer") if way == "backward" else None
                fields = _told((half or inner), version)
                back = fields["reverse"] if half else fields["reverse"] != (way == "backward")
                fields |= beside | {"reverse": back}
                yield (*here, f"{way}_layer", "cell"), (*called, f"{way}_{own}"), fields
        elif kind == "RNN" and more["cell"]["class_name"] == "StackedRNNCells":
            cells = more["cell"]["config"]["cells"]
            for k, (cell, step) in enumerate(zip(cells, _counted(cells), strict=True)):
                fields = _told(cell, version) | beside
                fields |= {"place": k, "reverse": more["go_backwards"]}
                yield (*here, "cell", "cells", step), (*called, cell["config"]["name"]), fields
        elif kind in (*KERAS_CELLS, "RNN", "CuDNNLSTM", "CuDNNGRU"):
            yield (*here, "cell"), called, _told(part, version) | beside


def _counted(entries: list[Any]) -> list[str]:
    """Name layers by class, as in lstm, lstm_1."""
    seen: dict[str, int] = {}
    names = []
    for entry in entries:
        snake = re.sub(
            r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", entry["class_name"])
        )
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
        names.append(f"{snake}_{seen[snake]}" if snake in seen else snake)
        seen[snake] = seen.get(snake, 0) + 1
    return names


def _told(entry: Any, version: str) -> Options:
    """Return what the configuration of a layer tells of it."""
    inner = entry["config"].get("cell", entry)
    kind = inner["class_name"].removesuffix("Cell")
    if not str(inner.get("module", "keras.layers")).startswith("keras") or (
        kind.removeprefix("CuDNN") not in KERAS_CELLS
    ):
        return {
            "fault": f"its class {inner['class_name']} is none of Keras' own",
            "reverse": False,
        }
    told: Options = {"cell": KERAS_CELLS[kind.removeprefix("CuDNN")]}
    for role in ("activation", "recurrent_activation"):
        name = inner["config"].get(role)
        if kind.startswith("CuDNN") or not isinstance(name, str):
            continue
        old = name == "hard_sigmoid" and not version.startswith("3")
        told[role] = "hard_sigmoid_0.2" if old else name
    if kind == "GRU":
        told["reset_after"] = bool(inner["config"].get("reset_after", False))
    for field, name in (
        ("reverse", "go_backwards"),
        ("time_major", "time_major"),
        ("zero_padded", "zero_output_for_mask"),
    ):
        told[field] = bool(entry["config"].get(name, False))
    return told


def _onnx(path: Path, framework: str | None) -> Found:
    from course_utils.gates.graphs import layers_of

    return layers_of(_package("onnx", "ONNX").load(path))
