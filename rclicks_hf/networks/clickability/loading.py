"""A saved clickability network with its image processor."""

from __future__ import annotations

import os

from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.networks.loading import load_network


def load_pretrained(
    name_or_path: str | os.PathLike[str],
) -> tuple[ClickabilityModel, ClickabilityImageProcessor]:
    """Load a network and the image processor saved beside it.

    Args:
        name_or_path: Folder that ``save_pretrained`` wrote, or Hub repo.

    Returns:
        The network, in evaluation mode, and its image processor.

    Raises:
        RclicksError: If there is none, it is another kind of network, its weights are damaged, or
            some are missing or too many; they are named.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.networks.clickability import ClickabilityConfig
        >>> folder = tempfile.mkdtemp()
        >>> ClickabilityModel(ClickabilityConfig.from_preset("nano")).save_pretrained(folder)
        >>> _ = ClickabilityImageProcessor(size={"height": 96, "width": 96}).save_pretrained(folder)
        >>> model, processor = load_pretrained(folder)
        >>> model.training, model.num_parameters(), processor.size["width"]
        (False, 350002, 96)
    """
    classes = ClickabilityModel, ClickabilityImageProcessor
    return load_network(name_or_path, *classes, what="clickability network")
