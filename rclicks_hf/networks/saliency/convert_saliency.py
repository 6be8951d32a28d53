"""From the published `TranSalNet_Res.pth` to a `from_pretrained` folder."""

from __future__ import annotations

import os

import torch

from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.saliency.configuration_saliency import SaliencyConfig
from rclicks_hf.networks.saliency.image_processing_saliency import SaliencyImageProcessor
from rclicks_hf.networks.saliency.modeling_saliency import SaliencyModel
from rclicks_hf.support.atomic import atomic_directory
from rclicks_hf.support.file_modes import share_mode
from rclicks_hf.support.safe_weights import check_keys, load_state_dict


def convert_checkpoint(
    path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    config: SaliencyConfig | None = None,
) -> SaliencyModel:
    """Convert the published checkpoint to a folder for `from_pretrained`.

    The tensors keep their names and values.

    Args:
        path: `TranSalNet_Res.pth`, a state dict as TranSalNet's code saves it.
        out_dir: New folder: weights (safetensors), config and image processor.
        config: Configuration of the network; None is the published one.

    Returns:
        The model, in evaluation mode.

    Raises:
        RclicksError: If the file is not such a checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> root, three = Path(tempfile.mkdtemp()), (8, 8, 8)
        >>> config = SaliencyConfig(image_size=(64, 96), stem_channels=4, depths=(1, 1, 1, 1),
        ...                         hidden_sizes=three, num_attention_heads=(2, 2, 2),
        ...                         intermediate_sizes=three, decoder_sizes=(8, 8, 8, 8))
        >>> torch.save(SaliencyModel(config).state_dict(), root / "model.pth")
        >>> model = convert_checkpoint(root / "model.pth", root / "model", config=config)
        >>> sorted(path.name for path in (root / "model").iterdir())
        ['config.json', 'model.safetensors', 'preprocessor_config.json']
    """
    state = load_state_dict(path, original=NETWORKS["saliency"].checkpoint)
    config = config or SaliencyConfig()
    with torch.device("meta"):
        expected = SaliencyModel(config).state_dict()
    check_keys(path, state, expected, network="TranSalNet_Res")
    model = SaliencyModel(config).eval()
    model.load_state_dict(state)
    height, width = config.image_size
    with atomic_directory(out_dir) as part:
        model.save_pretrained(part)
        SaliencyImageProcessor(size={"height": height, "width": width}).save_pretrained(part)
        share_mode(part, like="config.json")
    return model
