"""Tiny SAM networks exported to ONNX, laid out as SAM's own code and as Optimum lay them out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import compose
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from helpers.tiny_networks import tiny_model

SIDE, GRID, MASK = 128, 8, 32  # of the tiny network: input, embeddings, masks
PROMPTS = (
    "image_embeddings",
    "point_coords",
    "point_labels",
    "mask_input",
    "has_mask_input",
    "orig_im_size",
)
OUTPUTS = ("masks", "iou_predictions", "low_res_masks")


class Encoder(nn.Module):
    """A normalised image to embeddings."""

    def __init__(self, model: Any):
        super().__init__()
        self.encoder = model.vision_encoder

    def forward(self, image: Tensor) -> Tensor:
        return self.encoder(image).last_hidden_state


class Normalise(nn.Module):
    """An image as ``pixels`` and ``axes`` say, to a normalised one."""

    def __init__(self, pixels: str, axes: str):
        super().__init__()
        self.axes = axes
        scale = 255 if pixels == "0..255" else 1
        self.register_buffer("mean", scale * torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("std", scale * torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        if self.axes == "hwc":
            image = image.permute(2, 0, 1)[None]
        return (image.float() - self.mean) / self.std


class OptimumEncoder(nn.Module):
    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        embeddings = self.model.vision_encoder(pixel_values).last_hidden_state
        return embeddings, self.model.get_image_wide_positional_embeddings()


class OptimumDecoder(nn.Module):
    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(
        self, points: Tensor, labels: Tensor, embeddings: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        sparse, dense = self.model.prompt_encoder(points, labels, None, None)
        masks, scores = self.model.mask_decoder(embeddings, positions, sparse, dense, True)
        return scores, masks


class Once(nn.Module):
    """Runs a module at its first call and gives that result ever after."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module, self.found = module, None

    def forward(self, *given: Any, **named: Any) -> Any:
        self.found = self.found or self.module(*given, **named)
        return self.found


class OfficialDecoder(nn.Module):
    """The official export with four masks; with one where ``single``, chosen by its rule."""

    def __init__(self, model: Any, single: bool):
        super().__init__()
        self.prompts, self.decoder, self.single = model.prompt_encoder, model.mask_decoder, single
        self.decoder.transformer = Once(self.decoder.transformer)  # in the graph once, not twice
        self.register_buffer("weight", torch.tensor([[1000.0, 0, 0, 0]]))
        self.register_buffer("positions", model.get_image_wide_positional_embeddings().detach())

    def forward(
        self,
        image_embeddings: Tensor,
        point_coords: Tensor,
        point_labels: Tensor,
        mask_input: Tensor,
        has_mask_input: Tensor,
        orig_im_size: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        self.decoder.transformer.found = None
        points = self.prompts._embed_points(point_coords[:, None], point_labels[:, None], pad=False)
        nothing = self.prompts.no_mask_embed.weight.reshape(1, -1, 1, 1)
        dense = has_mask_input * self.prompts.mask_embed(mask_input)
        given = image_embeddings, self.positions, points, dense + (1 - has_mask_input) * nothing
        parts = [self.decoder(*given, multimask_output=several) for several in (False, True)]
        masks, scores = (torch.cat(part, dim=2)[:, 0] for part in zip(*parts, strict=True))
        if self.single:
            best = (scores + (point_coords.shape[1] - 2.5) * self.weight).argmax(dim=1)
            rows = torch.arange(masks.shape[0])
            masks, scores = masks[rows, best][:, None], scores[rows, best][:, None]
        whole = F.interpolate(masks, (SIDE, SIDE), mode="bilinear", align_corners=False)
        shape = torch.floor(SIDE / orig_im_size.max() * orig_im_size + 0.5).to(torch.int64)
        whole = whole[..., : shape[0], : shape[1]]
        size = orig_im_size.to(torch.int64)
        whole = F.interpolate(whole, (size[0], size[1]), mode="bilinear", align_corners=False)
        return whole, scores, masks


def export_encoder(path: Path) -> None:
    """Write an encoder of normalised images."""
    image = torch.zeros(1, 3, SIDE, SIDE)
    _export(Encoder(tiny_model("sam")), (image,), path, ["input"], ["embeddings"], {})


def prepend(
    path: Path, encoder: Path, pixels: str, axes: str = "nchw", dtype: torch.dtype = torch.float32
) -> None:
    """Write an encoder that normalises its images itself, in front of another."""
    image = torch.zeros((1, 3, SIDE, SIDE) if axes == "nchw" else (SIDE, SIDE, 3)).to(dtype)
    sides = {"nchw": {}, "hwc": {"image": {0: "height", 1: "width"}}}[axes]
    _export(Normalise(pixels, axes), (image,), path, ["image"], ["normalised"], sides)
    network = compose.add_prefix(onnx.load(encoder), "network.")
    joined = compose.merge_models(onnx.load(path), network, [("normalised", "network.input")])
    onnx.save(joined, path)


def export_decoder(path: Path, *, single: bool) -> None:
    """Write a decoder with the six inputs and three outputs of the official export."""
    prompts = (
        torch.zeros(1, tiny_model("sam").config.prompt_encoder_config.hidden_size, GRID, GRID),
        torch.zeros(1, 3, 2),
        torch.tensor([[1.0, 0.0, -1.0]]),
        torch.zeros(1, 1, MASK, MASK),
        torch.zeros(1),
        torch.tensor([50.0, 70.0]),
    )
    points = {"point_coords": {1: "num_points"}, "point_labels": {1: "num_points"}}
    _export(OfficialDecoder(tiny_model("sam"), single), prompts, path, PROMPTS, OUTPUTS, points)


def export_optimum(folder: Path) -> Path:
    """A folder in the layout of Optimum and transformers.js: the graphs are in ``onnx/``."""
    (folder / "onnx").mkdir(parents=True)
    model = tiny_model("sam")
    names = ["image_embeddings", "image_positional_embeddings"]
    images = {"pixel_values": {axis: f"axis{axis}" for axis in range(4)}}
    pixels = torch.zeros(1, 3, SIDE, SIDE)
    encoder = folder / "onnx" / "vision_encoder.onnx"
    _export(OptimumEncoder(model), (pixels,), encoder, ["pixel_values"], names, images)
    given = (torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, dtype=torch.int64))
    given += tuple(OptimumEncoder(model)(pixels))
    points = {name: {0: "batch", 1: "group", 2: "points"} for name in PROMPTS_OF_OPTIMUM[:2]}
    decoder = folder / "onnx" / "prompt_encoder_mask_decoder.onnx"
    outputs = ["iou_scores", "pred_masks"]
    _export(OptimumDecoder(model), given, decoder, PROMPTS_OF_OPTIMUM, outputs, points)
    return folder


PROMPTS_OF_OPTIMUM = (
    "input_points",
    "input_labels",
    "image_embeddings",
    "image_positional_embeddings",
)


def _export(
    network: nn.Module,
    given: tuple[Tensor, ...],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    axes: dict[str, dict[int, str]],
) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            given,
            str(path),
            input_names=[*inputs],
            output_names=[*outputs],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
