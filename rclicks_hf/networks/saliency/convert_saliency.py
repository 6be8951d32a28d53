"""From the published `TranSalNet_Res.pth` to a `from_pretrained` folder."""

from __future__ import annotations

import os

from rclicks_hf.networks.conversion import Conversion, convert_official
from rclicks_hf.networks.saliency.configuration_saliency import SaliencyConfig
from rclicks_hf.networks.saliency.image_processing_saliency import SaliencyImageProcessor


def convert_checkpoint(
    path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    config: SaliencyConfig | None = None,
) -> Conversion:
    """Convert the published checkpoint to a folder for `from_pretrained`.

    The tensors keep their names and values.

    Args:
        path: `TranSalNet_Res.pth`, a state dict as TranSalNet's code saves it.
        out_dir: New folder: weights (safetensors), config and image processor.
        config: Configuration of the network; None is the published one.

    Returns:
        The size, which has one name, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import torch
        >>> from rclicks_hf.networks.saliency import SaliencyModel
        >>> root, three = Path(tempfile.mkdtemp()), (8, 8, 8)
        >>> config = SaliencyConfig(image_size=(64, 96), stem_channels=4, depths=(1, 1, 1, 1),
        ...                         hidden_sizes=three, num_attention_heads=(2, 2, 2),
        ...                         intermediate_sizes=three, decoder_sizes=(8, 8, 8, 8))
        >>> torch.save(SaliencyModel(config).state_dict(), root / "model.pth")
        >>> made = convert_checkpoint(root / "model.pth", root / "model", config=config)
        >>> sorted(path.name for path in (root / "model").iterdir())
        ['config.json', 'model.safetensors', 'preprocessor_config.json']
    """
    return convert_official(
        "saliency",
        path,
        out_dir,
        {"TranSalNet_Res": config or SaliencyConfig()},
        processor=_processor,
    )


def _processor(config: SaliencyConfig) -> SaliencyImageProcessor:
    height, width = config.image_size
    return SaliencyImageProcessor(size={"height": height, "width": width})
