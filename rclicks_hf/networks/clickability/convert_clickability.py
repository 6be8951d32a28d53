"""From the paper's checkpoint (a `.pth` of tensors) to a `from_pretrained` folder."""

from __future__ import annotations

import os

import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability.configuration_clickability import PRESETS, ClickabilityConfig
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.support.atomic import atomic_directory
from rclicks_hf.support.safe_weights import check_keys, load_state_dict


def _expected_shapes(preset: str) -> dict[str, torch.Size]:
    with torch.device("meta"):
        model = ClickabilityModel(ClickabilityConfig.from_preset(preset))
    return {key: value.shape for key, value in model.state_dict().items()}


def _overlap(shapes: dict[str, torch.Size], expected: dict[str, torch.Size]) -> float:
    """Share of (key, shape) pairs that both have, of all that either has."""
    return len(shapes.items() & expected.items()) / len(shapes.items() | expected.items())


def infer_preset(path: str | os.PathLike[str], state: dict[str, torch.Tensor]) -> str:
    """Name of the preset that a state dict belongs to, by its keys and shapes.

    Args:
        path: Where the state dict comes from, for the errors.
        state: Tensor of each key.

    Returns:
        The preset's name.

    Raises:
        RclicksError: If keys are missing or extra, or a shape is another; the keys are named.

    Example:
        >>> state = ClickabilityModel(ClickabilityConfig.from_preset("nano")).state_dict()
        >>> infer_preset("model.pth", state)
        'nano'
        >>> infer_preset("model.pth", {"weight": torch.eye(2)})
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: model.pth: holds no clickability network: none...
    """
    shapes = {key: value.shape for key, value in state.items()}
    presets = {name: _expected_shapes(name) for name in PRESETS}
    best = max(presets, key=lambda name: _overlap(shapes, presets[name]))
    expected = presets[best]
    if not shapes.keys() & expected.keys():
        raise RclicksError(f"{path}: holds no clickability network: none of its keys is known")
    check_keys(path, shapes, expected, network=repr(best))
    return best


def convert_checkpoint(
    path: str | os.PathLike[str], out_dir: str | os.PathLike[str]
) -> ClickabilityModel:
    """Convert the paper's checkpoint to a folder for `from_pretrained`.

    The tensors keep their names and values; which preset it is follows from their shapes.

    Args:
        path: `clickability_model.pth`, a state dict as the paper's code saves it.
        out_dir: New folder: weights (safetensors), config, image processor and the code for
            `trust_remote_code`.

    Returns:
        The model, in evaluation mode.

    Raises:
        RclicksError: If the file is no such checkpoint (missing and extra keys are named), or
            `out_dir` exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> root = Path(tempfile.mkdtemp())
        >>> network = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
        >>> torch.save(network.state_dict(), root / "model.pth")
        >>> model = convert_checkpoint(root / "model.pth", root / "model")
        >>> all(torch.equal(a, b) for a, b in zip(model.parameters(), network.parameters()))
        True
        >>> sorted(path.name for path in (root / "model").glob("*.[js]*"))
        ['config.json', 'model.safetensors', 'preprocessor_config.json']
    """
    state = load_state_dict(path, original="clickability_model.pth")
    config = ClickabilityConfig.from_preset(infer_preset(path, state))
    model = ClickabilityModel(config).eval()
    model.load_state_dict(state)
    side = config.image_size
    with atomic_directory(out_dir) as part:
        model.save_pretrained(part)
        ClickabilityImageProcessor(size={"height": side, "width": side}).save_pretrained(part)
    return model
