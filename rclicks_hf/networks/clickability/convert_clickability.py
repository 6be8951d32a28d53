"""From the paper's checkpoint (a `.pth` of tensors) to a `from_pretrained` folder."""

from __future__ import annotations

import os

from rclicks_hf.networks.clickability.configuration_clickability import PRESETS, ClickabilityConfig
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.conversion import Conversion, convert_official


def convert_checkpoint(path: str | os.PathLike[str], out_dir: str | os.PathLike[str]) -> Conversion:
    """Convert the paper's checkpoint to a folder for `from_pretrained`.

    The tensors keep their names and values; their shapes decide the preset.

    Args:
        path: `clickability_model.pth`, a state dict as the paper's code saves it.
        out_dir: New folder: weights (safetensors), config, image processor and the code for
            `trust_remote_code`.

    Returns:
        The preset as `size`, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> root = Path(tempfile.mkdtemp())
        >>> import torch
        >>> from rclicks_hf import ClickabilityModel
        >>> network = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
        >>> torch.save(network.state_dict(), root / "model.pth")
        >>> convert_checkpoint(root / "model.pth", root / "model").size
        'nano'
        >>> sorted(path.name for path in (root / "model").glob("*.[js]*"))
        ['config.json', 'model.safetensors', 'preprocessor_config.json']
    """
    return convert_official(
        "clickability",
        path,
        out_dir,
        {name: ClickabilityConfig.from_preset(name) for name in PRESETS},
        processor=_processor,
    )


def _processor(config: ClickabilityConfig) -> ClickabilityImageProcessor:
    side = config.image_size
    return ClickabilityImageProcessor(size={"height": side, "width": side})
