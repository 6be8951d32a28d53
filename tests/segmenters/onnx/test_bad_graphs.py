"""Graphs and folders that are refused, in one line, before the runtime opens anything."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters import load_segmenter
from rclicks_hf.segmenters.onnx import graphs

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install '.[onnx]'")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install '.[onnx]'")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

FLOAT = TensorProto.FLOAT
PROMPTS = {
    "image_embeddings": [1, 8, 8, 8],
    "point_coords": [1, "n", 2],
    "point_labels": [1, "n"],
    "mask_input": [1, 1, 32, 32],
    "has_mask_input": [1],
    "orig_im_size": [2],
}


def graph(
    path: Path,
    inputs: dict[str, Any],
    outputs: Any,
    nodes: list[Any] | None = None,
    stored: list[Any] | None = None,
    dtype: int = FLOAT,
    **parts: Any,
) -> Path:
    """Write a graph whose nodes copy its first input, if no others are given."""
    first = next(iter(inputs))
    outputs = outputs if isinstance(outputs, dict) else dict.fromkeys(outputs)
    nodes = nodes or [helper.make_node("Identity", [first], [name]) for name in outputs]
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(k, dtype, shape) for k, shape in inputs.items()],
        [helper.make_tensor_value_info(k, FLOAT, s) for k, s in outputs.items()],
        stored or [],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my.lib", 1)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=8, **parts)
    path.write_bytes(model.SerializeToString())
    return path


def encoder(path: Path, shape: Any = (1, 3, 128, 128), **given: Any) -> Path:
    name = given.pop("name", "image")
    given.setdefault("nodes", [helper.make_node("Conv", [name, "w"], ["e"])])
    kernel = numpy_helper.from_array(np.zeros((8, 3, 1, 1), np.float32), "w")
    given["stored"] = [*given.get("stored", []), kernel]
    return graph(path, {name: shape}, ["e"], **given)


def decoder(path: Path, outputs: Any = ("iou_predictions", "low_res_masks"), **given: Any) -> Path:
    return graph(path, PROMPTS, outputs, **given)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    folder = tmp_path / "net"
    folder.mkdir()
    encoder(folder / "encoder.onnx")
    decoder(folder / "decoder.onnx")
    return folder


def refused(place: Path | str, *words: str) -> None:
    with pytest.raises(RclicksError) as caught:
        load_segmenter(f"onnx:{place}")
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def outside(location: str, **entries: str) -> Any:
    """A tensor with its values in another file."""
    tensor = TensorProto(name="far", data_type=FLOAT, dims=[2])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def test_the_small_graphs_of_these_tests_are_accepted(pair: Path) -> None:
    assert load_segmenter(f"onnx:{pair}").name == "onnx:net"


def test_a_place_without_a_pair_says_what_is_there_and_what_is_needed(
    pair: Path, tmp_path: Path
) -> None:
    both = f"{pair}/encoder.onnx,{pair}/decoder.onnx"
    refused(tmp_path / "absent", "no such folder", "onnx:encoder.onnx,decoder.onnx")
    refused("", "no such folder")
    refused("owner/name", "no such folder", "on this machine")
    refused(f"{both},{pair}/decoder.onnx", "no such folder")
    refused(f"{pair}/absent.onnx,{pair}/decoder.onnx", "absent.onnx: no such file")
    refused(f"{pair}/decoder.onnx,{pair}/encoder.onnx", "decoder.onnx has the inputs image_emb")
    refused(f"{both},rule=best", "unknown option rule=best; known are pixels=imagenet")
    refused(f"{both},zoom=2", "unknown option zoom=2")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds 0 ONNX graphs")
    (tmp_path / "many").mkdir()
    for number in range(17):
        (tmp_path / f"many/{number}.onnx").touch()
    refused(tmp_path / "many", "holds 17 ONNX graphs")
    shutil.copy(pair / "encoder.onnx", pair / "small.onnx")
    refused(pair, "2 image encoders ('encoder.onnx', 'small.onnx')", "choose with")
    (pair / "small.onnx").unlink()
    (pair / "onnx").mkdir()
    shutil.copy(pair / "decoder.onnx", pair / "onnx/decoder.onnx")
    refused(pair, "2 mask decoders ('decoder.onnx', 'onnx/decoder.onnx')")
    shutil.rmtree(pair / "onnx")
    (pair / "decoder.onnx").unlink()
    refused(
        pair, "encoder.onnx has the inputs image; give an encoder", "orig_im_size", "input_points"
    )
    graph(pair / "other.onnx", {"batched_points": [1], "labels": [1]}, ["masks"])
    refused(pair, "other.onnx has the inputs batched_points, labels; give an encoder")


def test_what_is_no_graph_is_not_run(pair: Path) -> None:
    whole = (pair / "decoder.onnx").read_bytes()
    for content in (b"", b"no graph at all", whole[: len(whole) // 2], whole[:-3], b"\x08\x08"):
        (pair / "decoder.onnx").write_bytes(content)
        refused(pair, "decoder.onnx: truncated or not an ONNX graph")
    with (pair / "decoder.onnx").open("wb") as file:
        file.truncate(3 << 30)  # sparse
    refused(pair, "3,221,225,472 bytes are more than the 2 GiB")


def in_initializer(path: Path, tensor: Any) -> None:
    encoder(path, stored=[tensor])


def in_constant(path: Path, tensor: Any) -> None:
    constant = helper.make_node("Constant", [], ["far"], value=tensor)
    encoder(path, nodes=[constant, helper.make_node("Conv", ["image", "w"], ["e"])])


def in_branch(path: Path, tensor: Any) -> None:
    empty = helper.make_graph([helper.make_node("Identity", ["far"], ["o"])], "b", [], [], [tensor])
    branch = helper.make_node("If", ["image"], ["e"], then_branch=empty, else_branch=empty)
    encoder(path, nodes=[branch])


def in_function(path: Path, tensor: Any) -> None:
    constant = helper.make_node("Constant", [], ["far"], value=tensor)
    own = helper.make_function(
        "my.lib", "F", [], ["far"], [constant], [helper.make_opsetid("", 17)]
    )
    encoder(path, functions=[own])


@pytest.mark.parametrize("put", [in_initializer, in_constant, in_branch, in_function])
def test_external_data_outside_the_folder_is_not_opened(
    pair: Path, monkeypatch: pytest.MonkeyPatch, put: Callable[[Path, Any], None]
) -> None:
    secret = pair.parent / "secret.bin"
    secret.write_bytes(bytes(64))
    (pair / "link.bin").symlink_to(secret)
    (pair / "folder").symlink_to(pair.parent)
    (pair / "*/_ORT_MEM_ADDR_").mkdir(parents=True)
    (pair / "*/_ORT_MEM_ADDR_/*").write_bytes(bytes(64))

    def opened(*_: Any) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(graphs, "file_digest", opened)
    monkeypatch.setattr("onnxruntime.InferenceSession", opened)
    for location in (
        "../secret.bin",
        str(secret),
        "link.bin",
        "folder/secret.bin",
        "folder/../../secret.bin",
        "*/_ORT_MEM_ADDR_/*",
        "..\\secret.bin",
        "",
        ".",
    ):
        put(pair / "encoder.onnx", outside(location))
        refused(pair, "encoder.onnx: its external data lies outside its folder", "was not opened")


def test_external_data_must_be_whole(pair: Path) -> None:
    (pair / "far.bin").write_bytes(bytes(8))
    for entries, word in (
        ({"location": "absent.bin"}, "'absent.bin' is missing"),
        ({"location": "far.bin", "length": "16"}, "'far.bin' is damaged or truncated at 'far'"),
        ({"location": "far.bin", "offset": "4", "length": "8"}, "damaged or truncated"),
        ({"location": "far.bin", "offset": "-8"}, "damaged or truncated"),
    ):
        in_initializer(pair / "encoder.onnx", outside(**entries))
        refused(pair, word)
    twice = outside("far.bin")
    twice.external_data.add(key="location", value="../secret.bin")
    in_initializer(pair / "encoder.onnx", twice)
    refused(pair, "encoder.onnx: its external data")
    os.truncate(pair / "far.bin", 20 << 30)  # sparse
    in_initializer(pair / "encoder.onnx", outside("far.bin"))
    refused(pair, "its external data is larger than 16 GiB")


def test_custom_operators_are_named(pair: Path) -> None:
    mine = helper.make_node("Mine\n", ["image"], ["e"], domain="my.lib")
    encoder(pair / "encoder.onnx", nodes=[mine])
    refused(pair, "1 nodes with custom operators ('my.lib::Mine\\n')", "standard ONNX operators")
    loads = helper.make_node("EPContext", ["image"], ["e"], domain="com.microsoft")
    encoder(pair / "encoder.onnx", nodes=[loads])
    refused(pair, "'com.microsoft::EPContext'")
    inner = helper.make_graph([mine], "b", [], [])
    branch = helper.make_node("If", ["image"], ["e"], then_branch=inner, else_branch=inner)
    encoder(pair / "encoder.onnx", nodes=[branch])
    refused(pair, "2 nodes with custom operators")
    unknown = helper.make_node("NoSuchOperator", ["x"], ["e"])
    encoder(pair / "encoder.onnx", nodes=[helper.make_node("Conv", ["image", "w"], ["x"]), unknown])
    refused(pair, "ONNX Runtime", "refuses the graph", "NoSuchOperator")


def test_an_image_input_that_is_unclear_is_refused(pair: Path) -> None:
    for shape in (
        [1, 3, 128, 64],
        [1, 3, 65536, 65536],
        [1, 4, 128, 128],
        [2, 3, 128, 128],
        [1, "c", "h", "w"],
        [128, 128],
        None,
    ):
        encoder(pair / "encoder.onnx", shape)
        refused(pair, "encoder.onnx: its input 'image' has the shape", "a square image")
    for nodes in (
        [helper.make_node("Sub", ["image", "m"], ["e"])],
        [helper.make_node("Mul", ["image", "image"], ["e"])],
        [helper.make_node("Relu", ["image"], ["x"]), helper.make_node("Relu", ["image"], ["e"])],
    ):
        mean = numpy_helper.from_array(np.ones((3, 1, 1), np.float32), "m")
        encoder(pair / "encoder.onnx", nodes=nodes, stored=[mean])
        refused(pair, "does not show whether 'image' is normalised", ",pixels=0..255")
        assert load_segmenter(f"onnx:{pair},pixels=0..1").name == "onnx:net,pixels=0..1"
    cast = [helper.make_node("Cast", ["image"], ["e"], to=FLOAT)]
    encoder(pair / "encoder.onnx", nodes=cast, dtype=TensorProto.UINT8)
    refused(f"{pair},pixels=0..1", "takes 8-bit values")


def test_pixels_are_told_by_what_the_graph_does_first(pair: Path) -> None:
    scale = numpy_helper.from_array(np.float32(255), "s")
    part = numpy_helper.from_array(np.float32(1 / 255), "p")
    kernel = helper.make_node("Conv", ["x", "w"], ["e"])
    for nodes, pixels in (
        ([helper.make_node("Div", ["image", "s"], ["x"]), kernel], "0..255"),
        ([helper.make_node("Mul", ["p", "image"], ["x"]), kernel], "0..255"),
        ([helper.make_node("Identity", ["image"], ["x"]), kernel], "imagenet"),
    ):
        encoder(pair / "encoder.onnx", nodes=nodes, stored=[scale, part])
        assert load_segmenter(f"onnx:{pair}")._image.pixels == pixels


def test_outputs_that_do_not_fit_are_named(pair: Path) -> None:
    decoder(pair / "decoder.onnx", ["masks", "iou_predictions"])
    refused(pair, "decoder.onnx: has the outputs masks, iou_predictions", "needs low_res_masks")
    shapes = {"iou_predictions": [1, 1], "low_res_masks": None}
    decoder(pair / "decoder.onnx", shapes)
    refused(f"{pair},rule=paper", "rule=paper needs several masks")
    decoder(pair / "decoder.onnx")
    image = np.zeros((128, 128, 3), np.uint8)
    with pytest.raises(RclicksError, match=r"embeddings of shape \[1, 8, 128, 128\] for 128"):
        load_segmenter(f"onnx:{pair}").encode(image)
    graph(pair / "encoder.onnx", {"pixel_values": [1, 3, 128, 128]}, ["a", "b"])
    refused(pair, "encoder.onnx: has the outputs a, b", "needs image_embeddings")


def test_masks_of_another_shape_are_refused(pair: Path) -> None:
    import torch

    from rclicks_hf.data import Click
    from rclicks_hf.segmenters.prompt.click_prompts import EncodedImage

    segmenter = load_segmenter(f"onnx:{pair}")
    state = EncodedImage((50, 70), (91, 128), torch.zeros(1, 8, 8, 8))
    with pytest.raises(RclicksError, match=r"masks of shape \[1, 8, 8, 8\] with 512 scores"):
        segmenter.predict(state, [[Click(3, 3, True)]], [None])
    state = EncodedImage((50, 70), (91, 128), torch.zeros(1, 9, 9, 9))
    with pytest.raises(RclicksError, match=r"decoder\.onnx: the graph cannot be run"):
        segmenter.predict(state, [[Click(3, 3, True)]], [None])


@pytest.mark.parametrize("name", ["onnx", "onnxruntime"])
def test_a_missing_library_names_the_extra(
    pair: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    refused(pair, f"need {name}, which is not installed", "pip install 'rclicks-hf[onnx]'")
