"""CM: the clickability network as a click model."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import torch

from rclicks_hf.click_models.interface import BoxedMap
from rclicks_hf.click_models.network import Masks, NetworkClickModel, NetworkOnImage, Triple
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import ClickabilityImageProcessor, ClickabilityModel
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ROUNDING,
    from_canvas,
    to_canvas,
)
from rclicks_hf.networks.loading import load_network
from rclicks_hf.networks.placement import compile_part
from rclicks_hf.support.pixels.zero_buffer import Box, placed_on_zeros


class ClickabilityClickModel(NetworkClickModel):
    """The clickability network (CM; "Ours" in the paper's tables).

    Args:
        model: The network; it is switched to evaluation mode.
        processor: The image processor saved with it.
        name: Name in tables and result files.
        device: Where to put the network, for example ``"cuda:1"``; None leaves it where it is.
        dtype: Precision of the network's products and convolutions; weights are unchanged.
        batch_size: Instances per forward pass; None means 8.
        normalize: True normalises a map again after the padding is cut off, as for the paper's
            tables of click models; False does not, as in the paper's clicker.
        compile: Compile the network, which takes minutes and changes float rounding; on a GPU only.

    Example:
        >>> from rclicks_hf.networks.clickability import ClickabilityConfig
        >>> network = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
        >>> model = ClickabilityClickModel(network, ClickabilityImageProcessor())
        >>> mask = np.zeros((40, 60), bool)
        >>> mask[10:30, 10:40] = True
        >>> model.click_map(np.zeros((40, 60, 3), np.uint8), mask, mask).shape
        (40, 60)
    """

    def __init__(
        self,
        model: ClickabilityModel,
        processor: ClickabilityImageProcessor,
        *,
        name: str = "cm",
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
        normalize: bool = True,
        compile: bool = False,
    ):
        self.normalize = normalize
        self.name = name
        self.processor = processor
        self._place(model, device, dtype, batch_size)
        if compile:
            if self.model.device.type != "cuda":
                raise RclicksError(
                    f"compile: needs a GPU, but the network is on {self.model.device}; omit "
                    "--compile"
                )
            compile_part(self.model.encoder_decoder)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        name: str = "cm",
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
        compile: bool = False,
    ) -> ClickabilityClickModel:
        """Load network and image processor.

        Args:
            name_or_path: Folder or Hub repo of a saved ``ClickabilityModel``.
            name: Name in tables and result files.
            device: Device of the network; None means a GPU if there is one.
            dtype: Precision of the network's products and convolutions.
            batch_size: Instances per forward pass; None means 8.
            compile: Compile the network, on a GPU.

        Returns:
            The click model.

        Raises:
            RclicksError: If no clickability network can be loaded from there.
        """
        model, processor = load_network("clickability", name_or_path)
        return cls(
            model,
            processor,
            name=name,
            device=device or "auto",
            dtype=dtype,
            batch_size=batch_size,
            compile=compile,
        )

    def on_image(self, image: np.ndarray) -> ClickabilityOnImage | None:
        """The click model for many maps on one image, which is prepared once.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            What makes the maps, equal to those of `click_map`; None if a subclass of this class
            or of the image processor overrides how maps are made.
        """
        if not self._is_plain(ClickabilityClickModel, ClickabilityImageProcessor):
            return None
        return ClickabilityOnImage(self, image)

    @torch.inference_mode()
    def _predict(self, triples: Sequence[Triple]) -> list[np.ndarray]:
        images, object_masks, error_masks = (list(column) for column in zip(*triples, strict=True))
        features = self.processor(
            images,
            object_masks,
            error_masks,
            input_data_format="channels_last",  # an image of 3 x 3 pixels fits both orders
            return_tensors="pt",
        )
        output = self._run(features)
        sizes = [mask.shape for mask in error_masks]
        maps = self.processor.post_process_click_maps(output, sizes, normalize=self.normalize)
        return [click_map.cpu().numpy() for click_map in maps]


class ClickabilityOnImage(NetworkOnImage):
    """See `ClickabilityClickModel.on_image`."""

    _of: ClickabilityClickModel

    @torch.inference_mode()
    def __init__(self, click_model: ClickabilityClickModel, image: np.ndarray):
        super().__init__(click_model, image)
        size = click_model.processor.size
        self._canvas = (size["height"], size["width"])
        whole = np.ones(self._shape, bool)
        pixels = click_model.processor(
            [image], [whole], [whole], input_data_format="channels_last", return_tensors="pt"
        )["pixel_values"]
        model = click_model.model
        self._resizes_there = model.device.type != "cpu"
        with click_model.arithmetic():
            self._features = model.encode_image(pixels.to(model.device, model.dtype))
        self._objects: dict[int, tuple[np.ndarray, torch.Tensor]] = {}

    def _maps(self, batch: Sequence[Masks]) -> list[BoxedMap | np.ndarray]:
        model = self._of.model
        objects = torch.cat([self._object(mask) for mask, _, _ in batch])
        errors = torch.cat([self._on_canvas(mask, box) for _, mask, box in batch])
        with self._of.arithmetic():
            output = model(
                None,
                object_mask=objects,
                error_mask=errors,
                image_features=self._features,
                return_dict=True,
            )
        planes = output.click_map.split(1)
        return [self._in_box(plane, box) for plane, (_, _, box) in zip(planes, batch, strict=True)]

    def _object(self, mask: np.ndarray) -> torch.Tensor:
        if id(mask) not in self._objects:
            whole = (slice(None), slice(None))
            self._objects[id(mask)] = mask, self._on_canvas(mask, whole)  # keeps the id's owner
        return self._objects[id(mask)][1]

    def _on_canvas(self, mask: np.ndarray, box: Box) -> torch.Tensor:
        """(1, 1, S, S) network input of an (H, W) mask that is false outside a box."""
        model = self._of.model
        if self._resizes_there:  # a byte per pixel travels, and the CPU is free
            whole = torch.from_numpy(np.ascontiguousarray(mask)).to(model.device)
            return to_canvas(whole[None, None].float(), self._canvas).to(model.dtype)
        with placed_on_zeros(mask[box], box, self._shape) as values:
            canvas = to_canvas(torch.from_numpy(values)[None, None], self._canvas)
        return canvas.to(model.device, model.dtype)

    def _in_box(self, plane: torch.Tensor, box: Box) -> BoxedMap | np.ndarray:
        """The map of the image from the (1, 1, S, S) one of the network."""
        resized = from_canvas(plane, self._shape, normalize=False)[0]
        low, high = resized.aminmax()  # NaN where there is one
        if not (low.isfinite() and high.isfinite()):
            normalize = self._of.normalize
            return from_canvas(plane, self._shape, normalize=normalize)[0].cpu().numpy()
        values = resized[box].cpu().numpy()
        if not self._of.normalize:
            return BoxedMap(values, box, self._shape)
        # As `from_canvas`: rounding is monotone, so the largest difference is this one.
        span = np.float32((high - low).item())
        span = span if span > ROUNDING else np.float32(0)
        return BoxedMap(values, box, self._shape, np.float32(low.item()), span)
