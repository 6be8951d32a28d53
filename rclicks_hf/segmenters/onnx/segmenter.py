"""A SAM-like network exported to ONNX as a segmenter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.onnx.exports import (
    OFFICIAL,
    PIXELS,
    STRIDE,
    Export,
    find_export,
    find_graphs,
    find_image_input,
)
from rclicks_hf.segmenters.onnx.graphs import Graph, GraphSession, small_constants
from rclicks_hf.segmenters.prompt.click_prompts import EncodedImage, PaddedSquare

_RULES = ("shipped", "paper")
_NEVER = 1e6  # clicks


class OnnxSegmenter(PaddedSquare):
    """An image encoder and a mask decoder, run by ONNX Runtime on the CPU and clicked on as SAM.

    The image is scaled to the longer side of the encoder's input and padded. Of several masks, the
    one with the highest expected IoU is used, mask 0 of four aside. Its logits are the previous
    mask of the next click where the decoder has an input for it.

    A decoder that draws one mask is run as shipped: it chooses the mask itself, and the
    previous one is a prompt of every click. With ``rule=paper`` it follows the paper's rules.
    """

    batch_size = 1

    def __init__(self, place: str, name: str, options: Mapping[str, str]):
        encoder, decoder = find_graphs(place)
        export = find_export(decoder)
        assert export is not None
        self.name, self._export = name, export
        self._image = find_image_input(encoder, decoder, options.get("pixels"))
        self.input_size = self._image.side
        _require_outputs(decoder, export)
        choice = _own_choice(decoder)
        self._draws_one = choice is not None or decoder.outputs[export.scores].shape[-1:] == (1,)
        self._is_shipped = self._draws_one and options.get("rule") != "paper"
        if self._draws_one and not self._is_shipped:
            _choose_best_of_three(decoder, choice)
        self._dtype = encoder.inputs[self._image.name].dtype
        self._encoder = GraphSession(encoder, _embeddings(encoder, export))
        self._decoder = GraphSession(decoder, [export.scores, export.masks])

    def _fed_mask(self, clicks: Sequence[Click], previous: Tensor | None) -> Tensor | None:
        return previous if self._is_shipped else super()._fed_mask(clicks, previous)

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        image = self._image.arrange(pixel_values.numpy(), self._dtype)
        features, *positions = map(torch.from_numpy, self._encoder.run({self._image.name: image}))
        if features.shape[-2:] != (self.input_size // STRIDE,) * 2:
            raise RclicksError(
                f"{self._encoder.path}: returns embeddings of shape {list(features.shape)} for "
                f"{self.input_size} pixels; export a network with one per {STRIDE} x {STRIDE} "
                "pixels, as in SAM"
            )
        return features, tuple(positions)

    def _logits(
        self, state: EncodedImage, places: np.ndarray, signs: np.ndarray, masks: list[Tensor]
    ) -> Tensor:
        if self._export == OFFICIAL:
            side = 4 * self.input_size // STRIDE
            mask = masks[0].numpy() if masks else np.zeros((side, side))
            prompts = {
                # Without a box, SAM expects an additional padding point with the label -1.
                "point_coords": np.concatenate([places, np.zeros_like(places[:, :1])], axis=1),
                "point_labels": np.concatenate([signs, np.full_like(signs[:, :1], -1)], axis=1),
                "mask_input": mask[None, None],
                "has_mask_input": np.array([len(masks)]),
                "orig_im_size": np.array(state.shape),
            }
        else:
            prompts = {
                "input_points": places[:, None],
                "input_labels": signs[:, None],
                "image_positional_embeddings": state.finer[0].numpy(),
            }
        prompts["image_embeddings"] = state.features.numpy()
        return torch.from_numpy(self._best(*self._decoder.run(prompts)))[None]

    def _best(self, scores: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """(h, w) logits of the mask to use."""
        side, count = 4 * self.input_size // STRIDE, scores.size
        if count not in ((1,) if self._draws_one else (3, 4)) or masks.shape[-3:] != (
            count,
            side,
            side,
        ):
            raise RclicksError(
                f"{self._decoder.path}: returns masks of shape {list(masks.shape)} with {count} "
                f"scores; export it with 1, 3 or 4 masks of {side} x {side}"
            )
        first = 1 if count == 4 else 0
        best = first + scores.ravel()[first:].argmax()
        return masks.reshape(count, side, side)[best].astype(np.float32)


def load_onnx(place: str) -> OnnxSegmenter:
    """The segmenter of a spec ``onnx:PLACE``."""
    files, options = _split(place)
    return OnnxSegmenter(files, _name(files, options), options)


def onnx_identity(place: str) -> tuple[str, str]:
    """Name of a spec ``onnx:PLACE``, and a digest of its graphs and their external data."""
    files, options = _split(place)
    both = "".join(graph.digest for graph in find_graphs(files))
    return _name(files, options), hashlib.sha256(both.encode()).hexdigest()


def _split(place: str) -> tuple[str, dict[str, str]]:
    """Files and options of ``FILES,option=value,...``."""
    choices = {"pixels": PIXELS, "rule": _RULES}
    files, options = place.split(","), {}
    while not Path(",".join(files)).exists() and "=" in files[-1]:
        key, _, value = files.pop().partition("=")
        if value not in choices.get(key, ()) or key in options:
            known = ", ".join(f"{k}={v}" for k in choices for v in choices[k])
            raise RclicksError(f"onnx:{place}: unknown option {key}={value}; known are {known}")
        options[key] = value
    return ",".join(files), options


def _name(files: str, options: Mapping[str, str]) -> str:
    """What tables call a network: without its place, with its options."""
    names = [Path(part).resolve().name for part in files.split(",")]
    return "onnx:" + ",".join([*names, *(f"{k}={options[k]}" for k in sorted(options))])


def _embeddings(encoder: Graph, export: Export) -> list[str]:
    """Names of the encoder's outputs that the decoder takes."""
    wanted: list[str] = [
        name
        for name in ("image_embeddings", "image_positional_embeddings")
        if name in export.inputs
    ]
    if wanted == ["image_embeddings"] and len(encoder.outputs) == 1:
        return [*encoder.outputs]
    if missing := [name for name in wanted if name not in encoder.outputs]:
        raise RclicksError(
            f"{encoder.path}: has the outputs {', '.join(encoder.outputs)}; {export.label} needs "
            f"{', '.join(missing)}"
        )
    return wanted


def _require_outputs(decoder: Graph, export: Export) -> None:
    if missing := [n for n in (export.scores, export.masks) if n not in decoder.outputs]:
        raise RclicksError(
            f"{decoder.path}: has the outputs {', '.join(decoder.outputs)}; {export.label} needs "
            f"{', '.join(missing)}"
        )


def _own_choice(decoder: Graph) -> Any:
    """The node by which the official export of one mask chooses it; None if there is none.

    To the four scores it adds ``(points - 2.5) * [1000, 0, 0, 0]``, so that mask 0 is drawn from
    the second click on. This is the subtraction.
    """
    constants, nodes = small_constants(decoder), decoder.model.graph.node
    weighted = {
        name
        for node in nodes
        if node.op_type == "Mul" and any(_is_weight(constants.get(n)) for n in node.input)
        for name in node.input
    }
    for node in nodes:
        if node.op_type == "Sub" and weighted & {*node.output}:
            value = constants.get(node.input[1])
            if value is not None and value.tolist() == [2.5]:
                return node
    return None


def _choose_best_of_three(decoder: Graph, choice: Any) -> None:
    """Let a graph that draws one mask never choose mask 0."""
    from onnx import numpy_helper

    if choice is None:
        raise RclicksError(
            f"{decoder.path}: rule=paper needs several masks, but this graph returns one, chosen "
            "by another rule than the official export's; export all masks, or omit rule=paper"
        )
    never = numpy_helper.from_array(np.array(_NEVER, np.float32), "rclicks/never")
    decoder.model.graph.initializer.append(never)
    choice.input[1] = never.name


def _is_weight(constant: np.ndarray | None) -> bool:
    return constant is not None and constant.tolist() == [1000, 0, 0, 0]
