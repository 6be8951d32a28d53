"""ONNX graphs from outside: checked before the runtime sees them, then run on the CPU."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.file_digest import file_digest
from rclicks_hf.support.model_spec import in_one_line
from rclicks_hf.support.text.visible_text import shorten, shown, visible

_LARGEST_GRAPH = (2 << 30) - 1  # bytes; the format's own limit
_LARGEST_DATA = 16 << 30  # bytes of external data
_SMALL = 64  # elements of a constant that is looked at
_NAMED = 5  # operators that an error names
# Of the ONNX standard and of the runtime; an EPContext names a file or library to load.
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
_LOADERS = {"EPContext"}


@dataclass(frozen=True)
class TensorType:
    """Type of a graph's input or output."""

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]  # None where it is symbolic


@dataclass(frozen=True, eq=False)
class Graph:
    """A checked graph; its external data is not read yet."""

    path: Path
    model: Any  # onnx.ModelProto
    digest: str  # SHA-256 of the file and of its external data
    inputs: dict[str, TensorType]
    outputs: dict[str, TensorType]


def read_graph(path: Path) -> Graph:
    """Parse a file and check it; no file outside its folder is opened."""
    onnx = _library("onnx", path)
    if not path.is_file():
        raise RclicksError(f"{path}: no such file; give the file of an ONNX graph")
    if (size := path.stat().st_size) > _LARGEST_GRAPH:
        raise RclicksError(
            f"{path}: {size:,} bytes are more than the 2 GiB of an ONNX graph; export it with "
            "external data"
        )
    content = path.read_bytes()
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # untrusted content: any exception is possible
        raise _no_graph(path) from error
    if not (model.ir_version > 0 and model.opset_import and model.graph.node):
        raise _no_graph(path)
    model.ClearField("training_info")  # the runtime does not use it
    _refuse_custom_operators(path, model)
    digest = hashlib.sha256(content)
    for file in _external_files(path, model):
        digest.update(bytes.fromhex(file_digest(file)))
    stored = {tensor.name for tensor in model.graph.initializer}
    try:
        inputs = {v.name: _type_of(v) for v in model.graph.input if v.name not in stored}
        outputs = {value.name: _type_of(value) for value in model.graph.output}
    except (KeyError, TypeError, ValueError) as error:
        raise _no_graph(path) from error
    return Graph(path, model, digest.hexdigest(), inputs, outputs)


def small_constants(graph: Graph) -> dict[str, np.ndarray]:
    """The constants of a graph with few elements, by name, as flat arrays of doubles."""
    from onnx import TensorProto, numpy_helper

    tensors = {tensor.name: tensor for tensor in graph.model.graph.initializer}
    for node in graph.model.graph.node:
        if node.op_type == "Constant" and node.output:
            values = [a.t for a in node.attribute if a.name == "value"]
            tensors |= dict(zip(node.output, values, strict=False))
    found = {}
    for name, tensor in tensors.items():
        is_inside = tensor.data_location != TensorProto.EXTERNAL
        if is_inside and np.prod([*tensor.dims], dtype=float) <= _SMALL:
            try:
                found[name] = numpy_helper.to_array(tensor).astype(float).ravel()
            except (TypeError, ValueError):  # texts, or fewer bytes than the shape needs
                continue
    return found


class GraphSession:
    """Runs a graph on the CPU, with one thread, so that sums have one order.

    Each process makes its own session; external data must still be where it was.

    Args:
        graph: The checked graph; ``graph.model`` may have been edited.
        outputs: Names of the outputs to compute; the others are cut off.
    """

    def __init__(self, graph: Graph, outputs: Sequence[str]):
        self.path, self.digest, self.outputs = graph.path, graph.digest, tuple(outputs)
        self._types = {name: type_.dtype for name, type_ in graph.inputs.items()}
        kept = [value for value in graph.model.graph.output if value.name in self.outputs]
        del graph.model.graph.output[:]
        graph.model.graph.output.extend(kept)
        self._model = graph.model.SerializeToString()
        self._session: tuple[int, Any] = (os.getpid(), self._open())

    def run(self, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs for inputs, which are cast to the graph's types."""
        process, session = self._session
        if process != os.getpid():  # a session's threads do not survive a fork
            session = self._open()
            self._session = os.getpid(), session
        given = {name: feeds[name].astype(type_) for name, type_ in self._types.items()}
        try:
            return session.run(list(self.outputs), given)
        except Exception as error:  # whatever the graph makes the runtime raise
            raise RclicksError(
                f"{self.path}: the graph cannot be run ({_short(error)}); export it again"
            ) from error

    def _open(self) -> Any:
        onnxruntime = _library("onnxruntime", self.path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what matters is raised
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(self.path.parent.resolve())
        )
        try:
            return onnxruntime.InferenceSession(
                self._model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # untrusted content: any exception is possible
            raise RclicksError(
                f"{self.path}: ONNX Runtime {onnxruntime.__version__} refuses the graph "
                f"({_short(error)}); export it again"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": (0, None)}


def _library(name: str, path: Path) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RclicksError(
            f"{path}: ONNX graphs need {name}, which is not installed; run "
            "pip install 'rclicks-hf[onnx]'"
        ) from error


def _no_graph(path: Path) -> RclicksError:
    return RclicksError(f"{path}: truncated or not an ONNX graph; download or export it again")


def _short(error: Exception) -> str:
    return shorten(visible(in_one_line(error)), 300)


def _type_of(value: Any) -> TensorType:
    from onnx import helper

    tensor = value.type.tensor_type
    shape = (d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    return TensorType(helper.tensor_dtype_to_np_dtype(tensor.elem_type), tuple(shape))


def _nodes(nodes: Any) -> Iterator[Any]:
    """Nodes, and those of the graphs inside them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner.node)


def _all_nodes(model: Any) -> Iterator[Any]:
    yield from _nodes(model.graph.node)
    for function in model.functions:
        yield from _nodes(function.node)


def _refuse_custom_operators(path: Path, model: Any) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    custom = Counter(
        f"{node.domain}::{node.op_type}"
        for node in _all_nodes(model)
        if (node.domain not in _DOMAINS or node.op_type in _LOADERS)
        and (node.domain, node.op_type) not in own
    )
    if custom:
        named = ", ".join(shown(name) for name, _ in custom.most_common(_NAMED))
        raise RclicksError(
            f"{path}: has {sum(custom.values())} nodes with custom operators ({named}); export "
            "it with standard ONNX operators only"
        )


def _tensors(model: Any) -> Iterator[Any]:
    """Every stored tensor of a model, wherever it is."""
    graphs = [model.graph]
    for node in _all_nodes(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            graphs += [attribute.g, *attribute.graphs]
    for graph in graphs:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)


def _external_files(path: Path, model: Any) -> list[Path]:
    """The files beside a graph that hold its weights; any other place is refused."""
    sizes: dict[str, int] = {}
    for tensor in _tensors(model):
        if not (tensor.external_data or tensor.data_location):
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if location not in sizes:
            sizes[location] = _size_inside(path, location)
        end = sum(int(n) if (n := entries.get(k, "0")).isdecimal() else -1 for k in _PLACE)
        if len(entries) < len(tensor.external_data) or not 0 <= end <= sizes[location]:
            raise RclicksError(
                f"{path}: its external data {shown(location)} is damaged or truncated at "
                f"{shown(tensor.name)}; download or export it again"
            )
    if sum(sizes.values()) > _LARGEST_DATA:
        raise RclicksError(
            f"{path}: its external data is larger than {_LARGEST_DATA >> 30} GiB; export a smaller "
            "network"
        )
    return [path.parent / location for location in sorted(sizes)]


_PLACE = ("offset", "length")  # of a tensor in its file, bytes


def _size_inside(path: Path, location: str) -> int:
    """Size of a graph's data file, after a check that it lies in the graph's folder."""
    folder = path.parent.resolve()
    # The runtime takes a location with asterisks as an address in memory.
    is_plain = location not in ("", ".") and not {*location} & {*'\\:\0*"'}
    target = (folder / location).resolve() if is_plain else folder
    if ".." in Path(location).parts or folder not in target.parents:
        raise RclicksError(
            f"{path}: its external data lies outside its folder ({shown(location)}) and was not "
            "opened; put the data beside the graph, as files, not as links"
        )
    if not target.is_file():
        raise RclicksError(
            f"{path}: its external data {shown(location)} is missing; put that file beside it"
        )
    return target.stat().st_size
