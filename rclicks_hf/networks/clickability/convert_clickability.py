"""From the paper's checkpoint (a `.pth` of tensors) to a `from_pretrained` folder."""

from __future__ import annotations

import os

import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.clickability.configuration_clickability import PRESETS, ClickabilityConfig
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.support.atomic import atomic_directory
from rclicks_hf.support.file_modes import share_mode
from rclicks_hf.support.safe_weights import check_keys, load_state_dict

State = dict[str, torch.Tensor]


def convert_checkpoint(
    path: str | os.PathLike[str], out_dir: str | os.PathLike[str]
) -> ClickabilityModel:
    """Convert the paper's checkpoint to a folder for `from_pretrained`.

    The tensors keep their names and values; their shapes decide the preset.

    Args:
        path: `clickability_model.pth`, a state dict as the paper's code saves it.
        out_dir: New folder: weights (safetensors), config, image processor and the code for
            `trust_remote_code`.

    Returns:
        The model, in evaluation mode.

    Raises:
        RclicksError: If the file is not such a checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> root = Path(tempfile.mkdtemp())
        >>> network = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
        >>> torch.save(network.state_dict(), root / "model.pth")
        >>> convert_checkpoint(root / "model.pth", root / "model").config.head_channels
        48
        >>> sorted(path.name for path in (root / "model").glob("*.[js]*"))
        ['config.json', 'model.safetensors', 'preprocessor_config.json']
    """
    state = load_state_dict(path, original=NETWORKS["clickability"].checkpoint)
    config = ClickabilityConfig.from_preset(_infer_preset(path, state))
    model = ClickabilityModel(config).eval()
    model.load_state_dict(state)
    side = config.image_size
    with atomic_directory(out_dir) as part:
        model.save_pretrained(part)
        ClickabilityImageProcessor(size={"height": side, "width": side}).save_pretrained(part)
        share_mode(part, like="config.json")
    return model


def _infer_preset(path: str | os.PathLike[str], state: State) -> str:
    """Name of the preset whose keys and shapes a state dict has."""
    expected = {name: _meta_state(name) for name in PRESETS}
    best = max(expected, key=lambda name: _overlap(state, expected[name]))
    if not state.keys() & expected[best].keys():
        raise RclicksError(
            f"{path}: not a checkpoint of a clickability network: none of its keys is known; give "
            f"{NETWORKS['clickability'].checkpoint}"
        )
    check_keys(path, state, expected[best], network=f"the clickability network {best!r}")
    return best


def _meta_state(preset: str) -> State:
    """State dict of a preset without storage."""
    with torch.device("meta"):
        return ClickabilityModel(ClickabilityConfig.from_preset(preset)).state_dict()


def _overlap(first: State, second: State) -> float:
    """Number of equal (key, shape) pairs over the number of all pairs."""
    pairs = [{(key, value.shape) for key, value in state.items()} for state in (first, second)]
    return len(pairs[0] & pairs[1]) / len(pairs[0] | pairs[1])
