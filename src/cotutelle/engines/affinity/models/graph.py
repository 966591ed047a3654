"""
MiniLM's graph, made to multiply in the integers its weights are stored in.

The published file keeps weights as int8 but turns them into floats before every product (Cast, Mul,
MatMul). Here each such product becomes one ``DynamicQuantizeMatMul``, and the guard against the
rows that only padding makes is dropped, because texts pass one by one. That doubles the speed.

An ONNX file is a protocol buffer. The few fields needed are read and written by hand, which is
shorter than the definition of the format and spares a dependency.

Source: onnx/onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto); ONNX Runtime,
docs/ContribOperators.md, com.microsoft.DynamicQuantizeMatMul.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_MODEL_GRAPH, _MODEL_OPSETS = 7, 8
_GRAPH_NODES, _GRAPH_TENSORS = 1, 5
_NODE_INPUTS, _NODE_OUTPUTS, _NODE_KIND, _NODE_DOMAIN = 1, 2, 4, 7
_TENSOR_SHAPE, _TENSOR_NAME, _TENSOR_DATA = 1, 8, 9
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_VARINT, _BYTES = 0, 2
_FIXED_WIDTHS = {1: 8, 5: 4}
_DOMAIN = b"com.microsoft"
_MORE = 0x80
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class _Node:
    kind: bytes
    inputs: list[bytes]
    outputs: list[bytes]
    whole: bytes


def integer_products(model: bytes) -> bytes:
    """
    Return the model with its weight products in integers.

    Parameters
    ----------
    model
        An ONNX file whose int8 weights go through Cast and Mul (by a scale per column) into MatMul.

    Raises
    ------
    ValueError
        ``model`` holds no such product.
    """
    written = b""
    for field, content, whole in _fields(model):
        written += _message(field, _graph(content)) if field == _MODEL_GRAPH else whole
    opset = _message(_OPSET_DOMAIN, _DOMAIN) + _number(_OPSET_VERSION, 1)
    return written + _message(_MODEL_OPSETS, opset)


def _graph(graph: bytes) -> bytes:
    nodes = [_node(content) for field, content, _ in _fields(graph) if field == _GRAPH_NODES]
    maker = {output: node for node in nodes for output in node.outputs}
    written: list[bytes] = []
    dropped: set[bytes] = set()
    scales: set[bytes] = set()
    for node in nodes:
        product = _weight_product(node, maker)
        if product:
            weight, scale, unused = product
            scales.add(scale)
            dropped.update(unused)
            inputs = [node.inputs[0], weight, scale]
            written.append(_write_node(b"DynamicQuantizeMatMul", inputs, node.outputs, _DOMAIN))
        elif _is_padding_guard(node, maker):
            dropped.add(node.inputs[0])
            written.append(_write_node(b"Identity", node.inputs[2:], node.outputs, b""))
        else:
            written.append(node.whole)
    if not scales:
        raise ValueError("model: no product with int8 weights found")
    kept = [part for part in written if not dropped.intersection(_node(part).outputs)]
    tensors = _tensors(graph, scales)
    return b"".join([*(_message(_GRAPH_NODES, part) for part in kept), *tensors])


def _weight_product(
    node: _Node, maker: dict[bytes, _Node]
) -> tuple[bytes, bytes, list[bytes]] | None:
    """Return the weight, its scale and the values nobody needs any more."""
    if node.kind != b"MatMul" or node.inputs[1] not in maker:
        return None
    scaling = maker[node.inputs[1]]
    if scaling.kind != b"Mul" or scaling.inputs[0] not in maker:
        return None
    casting = maker[scaling.inputs[0]]
    if casting.kind != b"Cast":
        return None
    return casting.inputs[0], scaling.inputs[1], [*scaling.outputs, *casting.outputs]


def _is_padding_guard(node: _Node, maker: dict[bytes, _Node]) -> bool:
    if node.kind != b"Where" or node.inputs[0] not in maker:
        return False
    test = maker[node.inputs[0]]
    return test.kind == b"IsNaN" and test.inputs == node.inputs[2:]


def _tensors(graph: bytes, scales: set[bytes]) -> Iterator[bytes]:
    """Yield all that is no node; the scales lose their leading dimension of one."""
    for field, content, whole in _fields(graph):
        if field == _GRAPH_NODES:
            continue
        name, data = _tensor(content) if field == _GRAPH_TENSORS else (b"", b"")
        if name in scales:
            kept = [part for number, _, part in _fields(content) if number != _TENSOR_SHAPE]
            flat = _number(_TENSOR_SHAPE, len(data) // _FLOAT_BYTES)
            yield _message(_GRAPH_TENSORS, b"".join([flat, *kept]))
        else:
            yield whole


def _node(content: bytes) -> _Node:
    found: dict[int, list[bytes]] = {}
    for field, value, _ in _fields(content):
        found.setdefault(field, []).append(value)
    inputs, outputs = found.get(_NODE_INPUTS, []), found.get(_NODE_OUTPUTS, [])
    return _Node(found[_NODE_KIND][0], inputs, outputs, content)


def _tensor(content: bytes) -> tuple[bytes, bytes]:
    found = {field: value for field, value, _ in _fields(content)}
    return found.get(_TENSOR_NAME, b""), found.get(_TENSOR_DATA, b"")


def _write_node(kind: bytes, inputs: list[bytes], outputs: list[bytes], domain: bytes) -> bytes:
    parts = [_message(_NODE_INPUTS, name) for name in inputs]
    parts += [_message(_NODE_OUTPUTS, name) for name in outputs]
    return b"".join([*parts, _message(_NODE_KIND, kind), _message(_NODE_DOMAIN, domain)])


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (field number, content, the whole field as it stands)."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _read_varint(message, at)
        kind = tag & 7
        if kind == _BYTES:
            size, first = _read_varint(message, at)
            at = first + size
        else:
            first = at
            at = _read_varint(message, at)[1] if kind == _VARINT else at + _FIXED_WIDTHS[kind]
        yield tag >> 3, message[first:at], message[start:at]


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < _MORE:
            return value, at


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= _MORE:
        written.append(value & 0x7F | _MORE)
        value >>= 7
    return bytes([*written, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content
