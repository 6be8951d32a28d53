"""What an exported network's graphs are: encoder or decoder, whose export, which image input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.onnx.graphs import Graph, read_graph, small_constants
from rclicks_hf.segmenters.prompt.click_prompts import MEAN, STD
from rclicks_hf.support.text.visible_text import shown

STRIDE = 16  # pixels of the input per pixel of the embeddings, in every SAM
LARGEST_SIDE = 4096  # pixels
_MOST_GRAPHS = 16  # in a folder
_NAMED = 8  # inputs that an error names

PIXELS = ("imagenet", "0..1", "0..255")


@dataclass(frozen=True)
class Export:
    """One way of exporting a mask decoder; the graph's input names show which."""

    label: str
    inputs: frozenset[str]
    scores: str  # output with the expected IoU per mask
    masks: str  # output with the logits, a quarter of the input's side


OFFICIAL = Export(
    "SAM's official export",
    frozenset(
        (
            "image_embeddings",
            "point_coords",
            "point_labels",
            "mask_input",
            "has_mask_input",
            "orig_im_size",
        )
    ),
    scores="iou_predictions",
    masks="low_res_masks",
)
OPTIMUM = Export(
    "Optimum and transformers.js",
    frozenset(("input_points", "input_labels", "image_embeddings", "image_positional_embeddings")),
    scores="iou_scores",
    masks="pred_masks",
)
EXPORTS = (OFFICIAL, OPTIMUM)


@dataclass(frozen=True)
class ImageInput:
    """How an encoder takes its image."""

    name: str
    axes: str  # "nchw", "nhwc", "chw" or "hwc"
    side: int  # pixels
    pixels: str

    def arrange(self, pixel_values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """(1, 3, S, S) values normalised as by SAM, as the encoder takes them.

        Padding becomes the mean colour, which is zero again once the encoder has normalised it.
        """
        values = pixel_values
        if self.pixels != "imagenet":
            scale = 255 if self.pixels == "0..255" else 1
            mean, std = (np.array(part, np.float32)[:, None, None] for part in (MEAN, STD))
            values = (values * std + mean) * scale
        if dtype.kind in "iu":
            values = np.clip(np.rint(values), 0, 255)
        if self.axes.endswith("hwc"):
            values = values.transpose(0, 2, 3, 1)
        return values if self.axes.startswith("n") else values[0]


def find_graphs(place: str) -> tuple[Graph, Graph]:
    """Encoder and decoder in a folder (or its subfolder ``onnx``), or in two files by name."""
    folder = Path(place)
    if place and folder.is_dir():
        return _pair_in(folder)
    parts = place.split(",")
    if len(parts) != 2 or not all(parts):
        raise RclicksError(
            f"onnx:{place}: no such folder; give onnx:FOLDER or onnx:encoder.onnx,decoder.onnx, of "
            "a network that is already on this machine"
        )
    encoder, decoder = (read_graph(Path(part)) for part in parts)
    if _is_encoder(encoder) and find_export(decoder) is not None:
        return encoder, decoder
    raise _no_pair(place, [encoder, decoder])


def find_export(decoder: Graph) -> Export | None:
    """The export that the names of a graph's inputs show; None for an unknown mask decoder."""
    return next((export for export in EXPORTS if export.inputs == {*decoder.inputs}), None)


def _pair_in(folder: Path) -> tuple[Graph, Graph]:
    files = sorted([*folder.glob("*.onnx"), *folder.glob("onnx/*.onnx")])
    if not files or len(files) > _MOST_GRAPHS:
        raise RclicksError(
            f"{folder}: holds {len(files)} ONNX graphs; give a folder with an encoder and a "
            "decoder, or onnx:encoder.onnx,decoder.onnx"
        )
    graphs = [read_graph(file) for file in files]
    decoders = [graph for graph in graphs if find_export(graph) is not None]
    encoders = [graph for graph in graphs if _is_encoder(graph)]
    for kind, found in (("image encoders", encoders), ("mask decoders", decoders)):
        if len(found) > 1:
            names = ", ".join(shown(graph.path.relative_to(folder).as_posix()) for graph in found)
            raise RclicksError(
                f"{folder}: holds {len(found)} {kind} ({names}); choose with "
                "onnx:encoder.onnx,decoder.onnx"
            )
    if encoders and decoders:
        return encoders[0], decoders[0]
    raise _no_pair(str(folder), graphs)


def _is_encoder(graph: Graph) -> bool:
    return len(graph.inputs) == 1 and find_export(graph) is None


def _no_pair(place: str, graphs: Sequence[Graph]) -> RclicksError:
    found = "; ".join(
        f"{graph.path.name} has the inputs {', '.join([*graph.inputs][:_NAMED])}"
        for graph in graphs
    )
    needed = " or ".join(f"{', '.join(sorted(e.inputs))} ({e.label})" for e in EXPORTS)
    return RclicksError(
        f"onnx:{place}: not an image encoder and a mask decoder: {found}; give an encoder with "
        f"one input, the image, and a decoder with the inputs {needed}"
    )


def find_image_input(encoder: Graph, decoder: Graph, pixels: str | None) -> ImageInput:
    """How the encoder takes its image, from its graph where that is certain, else an error."""
    [(name, type_)] = encoder.inputs.items()
    axes = _axes(name, type_.shape)
    sides = {type_.shape[axes.index(axis)] for axis in "hw"} if axes else {0}
    if sides == {None}:
        grid = decoder.inputs["image_embeddings"].shape[-1:]
        sides = {grid[0] * STRIDE if grid and grid[0] else 0}
    side = sides.pop() or 0
    if sides or not 0 < side <= LARGEST_SIDE:
        raise RclicksError(
            f"{encoder.path}: its input {shown(name)} has the shape {list(type_.shape)}; export "
            f"it for a square image of 3 channels and a fixed side of at most {LARGEST_SIDE} pixels"
        )
    known = "0..255" if type_.dtype == np.uint8 else _pixels_in(encoder, name)
    if type_.dtype == np.uint8 and pixels not in (None, known):
        raise RclicksError(f"pixels={pixels}: {encoder.path} takes 8-bit values; omit it")
    if (chosen := pixels or known) is None:
        raise RclicksError(
            f"{encoder.path}: the graph does not show whether {shown(name)} is normalised; add "
            f"one of {', '.join(f',pixels={choice}' for choice in PIXELS)}"
        )
    return ImageInput(name, axes, side, chosen)


def _axes(name: str, shape: tuple[int | None, ...]) -> str:
    """The order of the axes of an image of 3 channels; ``""`` if that is unclear."""
    if len(shape) == 4 and shape[0] in (1, None):
        if shape[1] == 3 or (shape[1] is None and name == "pixel_values"):
            return "nchw"
        return "nhwc" if shape[3] == 3 else ""
    if len(shape) == 3:
        return "chw" if shape[0] == 3 else "hwc" if shape[2] == 3 else ""
    return ""


def _pixels_in(encoder: Graph, name: str) -> str | None:
    """The pixel values that an encoder expects, by what it does to them first.

    A network that begins with a convolution leaves the normalisation to the caller, as SAM does;
    ``pixel_values`` are normalised wherever `transformers` has a hand in it.
    """
    if name == "pixel_values":
        return "imagenet"
    constants = small_constants(encoder)
    for _ in range(len(encoder.model.graph.node)):
        users = [node for node in encoder.model.graph.node if name in node.input]
        users = [node for node in users if node.op_type != "Shape"]
        if len(users) != 1:
            return None
        [node] = users
        if node.op_type == "Conv":
            return "imagenet"
        if node.op_type not in _MOVES:
            return _pixels_before(node, name, constants)
        name = node.output[0]
    return None


_MOVES = {"Cast", "Identity", "Pad", "Resize", "Squeeze", "Transpose", "Unsqueeze"}


def _pixels_before(node: Any, name: str, constants: dict[str, np.ndarray]) -> str | None:
    """The range of values that a subtraction of the mean, or a division by 255, is for."""
    others = [constants[other] for other in node.input if other != name and other in constants]
    if len(others) != 1:
        return None
    [value] = others

    def is_near(*wanted: float) -> bool:
        return value.shape in ((len(wanted),), (1,)) and np.allclose(value, wanted, rtol=0.01)

    if node.op_type == "Sub" and value.size == 3:
        if is_near(*(255 * mean for mean in MEAN)):
            return "0..255"
        return "0..1" if is_near(*MEAN) else None
    if (node.op_type == "Div" and is_near(255)) or (node.op_type == "Mul" and is_near(1 / 255)):
        return "0..255"
    return None
