"""Find the recurrent operators of an ONNX model, and the constants that reach them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from course_utils.gates.cells import CELLS
from course_utils.gates.modules import Array
from course_utils.gates.readers import from_onnx
from course_utils.gates.sources import Found, Part, grouped

# What only moves numbers about.
_MOVES = ("Cast", "Concat", "Expand", "Gather", "Identity", "Reshape", "Slice", "Squeeze",
          "Transpose", "Unsqueeze")  # fmt: skip


def _numbers(tensor: Any) -> Any:
    from onnx import numpy_helper

    return numpy_helper.to_array(tensor)


class _Scope:
    """A graph, with the graph around it; knows the value of what is constant."""

    def __init__(self, graph: Any, opsets: Any, outer: "_Scope | None" = None) -> None:
        self.graph, self.opsets, self.outer = graph, opsets, outer
        self.values: dict[str, Any] = {
            tensor.name: _numbers(tensor) for tensor in graph.initializer
        }
        self.makers = {output: node for node in graph.node for output in node.output}

    def value(self, name: str) -> Any:
        """Return a constant, or None if it depends on the input of the model."""
        if name not in self.values and name in self.makers:
            self.values[name] = None
            node = self.makers[name]
            for output, found in zip(node.output, self._run(node), strict=False):
                self.values[output] = found
        if name in self.values:
            return self.values[name]
        return self.outer.value(name) if self.outer else None

    def _run(self, node: Any) -> list[Any]:
        from onnx import helper
        from onnx.reference import ReferenceEvaluator

        given = {name: self.value(name) for name in node.input if name}
        if any(array is None for array in given.values()):
            return []
        if node.op_type == "If":
            branch = "then_branch" if given[node.input[0]].item() else "else_branch"
            graph = next(a.g for a in node.attribute if a.name == branch)
            inner = _Scope(graph, self.opsets, self)
            return [inner.value(output.name) for output in graph.output]
        if any(attribute.HasField("g") for attribute in node.attribute):
            return []
        kinds = {n: helper.np_dtype_to_tensor_dtype(a.dtype) for n, a in given.items()}
        infos = [helper.make_tensor_value_info(n, kinds[n], a.shape) for n, a in given.items()]
        ends = [helper.make_value_info(name, helper.make_tensor_type_proto(0, None))
                for name in node.output if name]  # fmt: skip
        graph = helper.make_graph([node], "constant", infos, ends)
        model = helper.make_model(graph, opset_imports=self.opsets)
        try:
            return list(ReferenceEvaluator(model).run(None, given))
        except Exception:  # an operator that onnx itself cannot run: no constant
            return []

    def zero(self, name: str) -> bool:
        """Say whether all numbers here are 0, also where their count depends on the input."""
        value = self.value(name)
        if value is not None:
            return not np.any(value)
        node = self.makers.get(name)
        if node is None:
            return self.outer is not None and self.outer.zero(name)
        if node.op_type == "ConstantOfShape":
            return not any(np.any(_numbers(a.t)) for a in node.attribute)
        sources = node.input if node.op_type == "Concat" else node.input[:1]
        return node.op_type in _MOVES and all(self.zero(source) for source in sources)

    def recurrent(self) -> Iterator[tuple[Any, "_Scope"]]:
        """Yield the recurrent operators in this graph and in those inside it."""
        for node in self.graph.node:
            if node.op_type in CELLS and node.domain in ("", "ai.onnx"):
                yield node, self
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    yield from _Scope(attribute.g, self.opsets, self).recurrent()


def layers_of(model: Any) -> Found:
    """Return the recurrent operators of a model by name; one without has its first output's."""
    from onnx import helper

    found: Found = {}
    nodes = list(_Scope(model.graph, model.opset_import).recurrent())
    if any(node.op_type == "DynamicQuantizeLSTM" for node in model.graph.node):
        raise ValueError(
            "an LSTM in here is quantised, DynamicQuantizeLSTM: read the model from before"
        )
    if not nodes:
        return _without_operator(model.graph)
    names = [node.name or node.output[0] or node.output[1] for node, _ in nodes]
    for k, (node, scope) in enumerate(nodes):
        # Names need not be unique in ONNX: those that are not are numbered.
        name = f"{names[k]}/{k}" if names.count(names[k]) > 1 else names[k]
        inputs: dict[str, Array | None] = {}
        missing = []
        for part, place in (("W", 1), ("R", 2), ("B", 3), ("P", 7)):
            if len(node.input) > place and node.input[place]:
                inputs[part] = scope.value(node.input[place])
                missing += [part] if inputs[part] is None else []
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        attributes.pop("output_sequence", None)
        given = dict(enumerate(node.input))
        beside = {
            "masked": bool(given.get(4)),
            "started": any(given.get(k) and not scope.zero(given[k]) for k in (5, 6)),
        }
        if missing:
            fault = f"{' and '.join(missing)} of {name} depend on the input of the model"
            found[name] = {(0, False): Part("ONNX", {}, {"fault": fault})}
            continue
        fields = [way | beside for way in from_onnx(inputs, node.op_type, **attributes)]
        found[name] = {(0, way["reverse"]): Part("ONNX", {}, way) for way in fields}
    return found


def _without_operator(graph: Any) -> Found:
    """Return what arrays are called as those of a layer, which other operators compute."""
    arrays = {tensor.name: _numbers(tensor) for tensor in graph.initializer}
    found = grouped(arrays, None)
    for name, places in found.items():
        fault = (
            f"the file has weights called as those of a layer, {name!r}, and no operator LSTM, "
            "GRU or RNN: others compute it, maybe otherwise. read_gates takes the file's "
            "initializers as arrays by name; then compare with the file's own run"
        )
        found[name] = {at: part._replace(told={"fault": fault}) for at, part in places.items()}
    return found
