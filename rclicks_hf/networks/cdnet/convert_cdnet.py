"""From the published `cclvs_last_checkpoint.pth` to a `from_pretrained` folder."""

from __future__ import annotations

import os

from rclicks_hf.networks.cdnet.configuration_cdnet import CdnetConfig
from rclicks_hf.networks.conversion import Conversion, convert_official

# Kernels that shift pixels: fixed numbers, which our network does not need.
_CONSTANTS = ("PDM.*.kernel",)


def convert_checkpoint(
    path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    config: CdnetConfig | None = None,
) -> Conversion:
    """Convert a published checkpoint to a folder for `from_pretrained`.

    Args:
        path: `cclvs_last_checkpoint.pth`; only tensors are read from it.
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
        >>> from rclicks_hf.networks.cdnet import CdnetModel
        >>> root = Path(tempfile.mkdtemp())
        >>> config = CdnetConfig(depths=(1, 1, 1, 1), hidden_sizes=(4, 4, 4, 4),
        ...                      decoder_channels=8)
        >>> torch.save({"state_dict": CdnetModel(config).state_dict()}, root / "cdnet.pth")
        >>> convert_checkpoint(root / "cdnet.pth", root / "model", config=config).size
        'RN34'
    """
    return convert_official(
        "cdnet", path, out_dir, {"RN34": config or CdnetConfig()}, ignored=_CONSTANTS
    )
