"""A saved network with its image processor; what is wrong with the folder is said in one line."""

from __future__ import annotations

import os
from typing import Any

from safetensors import SafetensorError

from rclicks_hf.clickability.image_processing_clickability import ClickabilityImageProcessor
from rclicks_hf.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.errors import RclicksError


def load_pretrained(
    name_or_path: str | os.PathLike[str],
) -> tuple[ClickabilityModel, ClickabilityImageProcessor]:
    """Load a network and the image processor saved beside it.

    Args:
        name_or_path: Folder that ``save_pretrained`` wrote, or Hub repo.

    Returns:
        The network, in evaluation mode, and its image processor.

    Raises:
        RclicksError: If there is none, its weights are damaged, or some are missing.
    """
    try:
        loaded: Any = ClickabilityModel.from_pretrained(name_or_path, output_loading_info=True)
        processor = ClickabilityImageProcessor.from_pretrained(name_or_path)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RclicksError(
            f"{name_or_path}: no clickability network can be loaded from there ({reason}); give a "
            "folder that save_pretrained wrote, or a Hub repo"
        ) from error
    model, report = loaded
    missing = sorted(report["missing_keys"])
    if missing:
        raise RclicksError(
            f"{name_or_path}: its weights lack {missing[0]} and {len(missing) - 1} more; "
            "save or download the model again"
        )
    return model.eval(), processor
