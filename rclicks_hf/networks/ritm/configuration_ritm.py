"""Configuration of the RITM network."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig

from rclicks_hf.networks.limits import check_limits

_LIMITS = {
    "hidden_size": 1024,
    "ocr_hidden_size": 2048,
    "stem_channels": 1024,
    "num_blocks": 64,
    "num_modules": 64,
    "guidance_channels": 1024,
    "click_radius": 256,
}

# Fields in which the published networks differ from the defaults.
PRESETS: dict[str, dict[str, Any]] = {
    "HRNet-W18-small": {"ocr_hidden_size": 48, "num_blocks": 2, "num_modules": (1, 3, 2)},
    "HRNet-W18": {},
    "HRNet-W18 without previous mask": {"with_previous_mask": False},
    "HRNet-W32": {"hidden_size": 32, "ocr_hidden_size": 128},
}


@strict
class RitmConfig(PreTrainedConfig):
    r"""Configuration of a [`RitmModel`]: HRNet with OCR and click guidance.

    RITM (Sofiiuk et al., "Reviving Iterative Training with Mask Guidance for Interactive
    Segmentation", ICIP 2022). The defaults are the published HRNet-W18.

    Args:
        hidden_size: Channels of the finest of the four branches; each coarser one has twice as
            many.
        ocr_hidden_size: Channels of keys and values in the object context; pixels have twice as
            many.
        stem_channels: Channels of the stem.
        num_blocks: Residual blocks of the first stage, and of each branch of a module.
        num_modules: Modules in stages 2, 3 and 4.
        guidance_channels: Inner channels of the click branch.
        click_radius: Radius in pixels of the disks around clicks.
        with_previous_mask: Whether the last probability is part of the input.

    Raises:
        ValueError: If a number is not positive or far above the published ones.

    Example:
        >>> RitmConfig().hidden_size, RitmConfig.from_preset("HRNet-W32").hidden_size
        (18, 32)
    """

    model_type = "rclicks_ritm"

    hidden_size: int = 18
    ocr_hidden_size: int = 64
    stem_channels: int = 64
    num_blocks: int = 4
    num_modules: list[int] | tuple[int, ...] = (1, 4, 3)
    guidance_channels: int = 16
    click_radius: int = 5
    with_previous_mask: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if len(self.num_modules) != 3:
            raise ValueError(f"num_modules needs 3 numbers, got {self.num_modules}")
        check_limits(self, _LIMITS)

    @classmethod
    def from_preset(cls, name: str) -> "RitmConfig":
        """Configuration of a published network, a key of `PRESETS`."""
        return cls(**PRESETS[name])


__all__ = ["PRESETS", "RitmConfig"]
