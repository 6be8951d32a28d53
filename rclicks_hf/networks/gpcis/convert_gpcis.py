"""From the published `GPCIS_Resnet50.pth` to a `from_pretrained` folder."""

from __future__ import annotations

import os

from rclicks_hf.networks.conversion import Conversion, convert_official
from rclicks_hf.networks.gpcis.configuration_gpcis import GpcisConfig


def convert_checkpoint(
    path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    config: GpcisConfig | None = None,
) -> Conversion:
    """Convert a published checkpoint to a folder for `from_pretrained`.

    Args:
        path: `GPCIS_Resnet50.pth`; only tensors are read from it.
        out_dir: New folder: weights (safetensors) and config.
        config: Configuration of the network; None is the published one.

    Returns:
        The size, which has one name, the keys that are not used, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint, or `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import torch
        >>> from rclicks_hf.networks.gpcis import GpcisModel
        >>> root = Path(tempfile.mkdtemp())
        >>> config = GpcisConfig(depths=(1, 1, 1, 1), hidden_sizes=(4, 4, 4, 4),
        ...                      decoder_channels=8, guidance_features=8)
        >>> torch.save({"state_dict": GpcisModel(config).state_dict()}, root / "gpcis.pth")
        >>> convert_checkpoint(root / "gpcis.pth", root / "model", config=config).size
        'RN50'
    """
    return convert_official("gpcis", path, out_dir, {"RN50": config or GpcisConfig()})
