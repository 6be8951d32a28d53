"""CM: the clickability network as a click model."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import torch

from rclicks_hf.click_models.network import NetworkClickModel, Triple
from rclicks_hf.networks.clickability import ClickabilityImageProcessor, ClickabilityModel
from rclicks_hf.networks.loading import load_network


class ClickabilityClickModel(NetworkClickModel):
    """The clickability network (CM; "Ours" in the paper's tables).

    Args:
        model: The network; it is put into evaluation mode.
        processor: The image processor saved with it.
        name: Name in tables and result files.
        device: Where to put the network, for example ``"cuda:1"``; None leaves it where it is.
        dtype: Of the network's products and convolutions; its weights stay as they are.
        batch_size: Instances per forward pass; None means 8.
        normalize: True normalises a map again once it is cut out of the padding, as for the paper's
            tables of click models; False does not, as in the paper's clicker.

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
    ):
        self.normalize = normalize
        self.name = name
        self.processor = processor
        self._place(model, device, dtype, batch_size)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        name: str = "cm",
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ) -> ClickabilityClickModel:
        """Load network and image processor.

        Args:
            name_or_path: Folder or Hub repo of a saved ``ClickabilityModel``.
            name: Name in tables and result files.
            device: Device of the network; None means a GPU if there is one.
            dtype: Of the network's products and convolutions.
            batch_size: Instances per forward pass; None means 8.

        Returns:
            The click model.

        Raises:
            RclicksError: If no clickability network can be loaded from there.
        """
        model, processor = load_network("clickability", name_or_path)
        return cls(
            model, processor, name=name, device=device or "auto", dtype=dtype, batch_size=batch_size
        )

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
