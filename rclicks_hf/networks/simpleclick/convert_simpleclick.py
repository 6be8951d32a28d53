"""From the official checkpoints of SimpleClick and CFR-ICL to `from_pretrained` folders."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from rclicks_hf.networks.conversion import Conversion, State, convert_official
from rclicks_hf.networks.plain_vit import UNUSED, read_fields
from rclicks_hf.networks.simpleclick.configuration_simpleclick import (
    SIZES,
    CfrIclConfig,
    SimpleClickConfig,
)

# The upsampling layers after the head are trained and used only in unpublished variants.
_UNUSED = (*UNUSED, "head.up_conv1.*", "head.up_conv2.*")


def convert_checkpoint(path: str | os.PathLike[str], out_dir: str | os.PathLike[str]) -> Conversion:
    """Convert an official checkpoint of SimpleClick to a folder for `from_pretrained`.

    The tensors keep their names and values; their shapes decide the size.

    Args:
        path: For example `cocolvis_vit_base.pth`.
        out_dir: New folder: weights (safetensors) and config.

    Returns:
        The size, the keys that are not used, and the model in evaluation mode.

    Raises:
        RclicksError: If the file is not such a checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile, torch
        >>> from pathlib import Path
        >>> from rclicks_hf.networks.simpleclick import SimpleClickModel
        >>> root = Path(tempfile.mkdtemp())
        >>> model = SimpleClickModel(SimpleClickConfig.from_size("ViT-XT"))
        >>> torch.save(model.state_dict(), root / "model.pth")
        >>> convert_checkpoint(root / "model.pth", root / "model").size
        'ViT-XT'
    """
    sizes = partial(_sizes, SimpleClickConfig)
    return convert_official("simpleclick", path, out_dir, sizes, ignored=_UNUSED)


def convert_cfr_icl_checkpoint(
    path: str | os.PathLike[str], out_dir: str | os.PathLike[str]
) -> Conversion:
    """Convert the official checkpoint of CFR-ICL, whose network is SimpleClick's.

    Args, result and errors are those of `convert_checkpoint`.
    """
    sizes = partial(_sizes, CfrIclConfig)
    return convert_official("cfr_icl", path, out_dir, sizes, ignored=_UNUSED)


def _sizes(config_class: type[SimpleClickConfig], state: State) -> dict[str, Any]:
    """The one size that the shapes determine; the published sizes, if they determine none."""
    published = {name: config_class.from_size(name) for name in SIZES}
    try:
        head = state["head.conv_seg.weight"].shape[1]
        config = config_class(**read_fields(state, "neck"), head_channels=head)
    except (KeyError, ValueError):
        return published
    named = [name for name, size in published.items() if size.to_dict() == config.to_dict()]
    width, depth = config.hidden_size, config.num_hidden_layers
    return {named[0] if named else f"ViT of width {width} with {depth} blocks": config}
