"""From an official RITM checkpoint to a `from_pretrained` folder."""

from __future__ import annotations

import os

from rclicks_hf.networks.conversion import Conversion, convert_official
from rclicks_hf.networks.ritm.configuration_ritm import PRESETS, RitmConfig


def convert_checkpoint(path: str | os.PathLike[str], out_dir: str | os.PathLike[str]) -> Conversion:
    """Convert an official checkpoint to a folder for `from_pretrained`.

    The tensors keep their names and values; their shapes decide the size.

    Args:
        path: A checkpoint of RITM's HRNet-W18s, W18 (with or without previous mask) or W32.
        out_dir: New folder: weights (safetensors) and config.

    Returns:
        The preset as `size`, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import torch
        >>> from rclicks_hf.networks.ritm import RitmModel
        >>> root = Path(tempfile.mkdtemp())
        >>> network = RitmModel(RitmConfig.from_preset("HRNet-W18-small"))
        >>> torch.save({"state_dict": network.state_dict(), "config": {}}, root / "ritm.pth")
        >>> convert_checkpoint(root / "ritm.pth", root / "ritm").size
        'HRNet-W18-small'
    """
    sizes = {name: RitmConfig.from_preset(name) for name in PRESETS}
    return convert_official("ritm", path, out_dir, sizes)
