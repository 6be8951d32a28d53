"""Configuration of the clickability network."""

# Without postponed annotations: `strict` checks the fields by their types.
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig

if TYPE_CHECKING:
    # transformers copies what a saved file imports relatively, and so this one's pipeline.
    from .pipeline_clickability import ClickabilityPipeline  # noqa: F401

# In `config.json`: where `pipeline` finds the task's code if the package is not there.
_PIPELINES = {
    "click-prediction": {
        "impl": "pipeline_clickability.ClickabilityPipeline",
        "pt": ["AutoModel"],
        "type": "multimodal",
    }
}
_BASE_WIDTHS = {"hidden_sizes": (64, 128, 320, 512), "mlp_ratios": (8, 8, 4, 4)}

# Most that a field, or its entries, may be: far above every published network, and small enough
# that a wrong or hostile config.json neither hangs nor fills the memory.
_MOST = {
    "hidden_sizes": 4096,
    "depths": 64,
    "mlp_ratios": 16,
    "head_channels": 4096,
    "nmf_rank": 1024,
    "nmf_train_steps": 1000,
    "nmf_eval_steps": 1000,
    "guidance_channels": 1024,
    "image_size": 8192,
}
_MOST_STAGES = 8

# Fields in which the presets differ from each other: the paper's three sizes ("base" is the
# published network), and "nano" for demos and tests.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "hidden_sizes": (32, 64, 160, 256),
        "mlp_ratios": (8, 8, 4, 4),
        "depths": (3, 3, 5, 2),
        "head_channels": 256,
    },
    "small": {**_BASE_WIDTHS, "depths": (2, 2, 4, 2), "head_channels": 256},
    "base": {**_BASE_WIDTHS, "depths": (3, 3, 12, 3), "head_channels": 512},
    "nano": {
        "hidden_sizes": (16, 32, 64, 96),
        "mlp_ratios": (4, 4, 4, 4),
        "depths": (1, 1, 2, 1),
        "head_channels": 48,
        "num_groups": 8,
        "drop_path_rate": 0.0,
        "head_dropout": 0.0,
        "guidance_channels": 8,
        # Trained from scratch within minutes, so the residual branches start open.
        "guidance_scale_init_value": 1.0,
        "layer_scale_init_value": 0.1,
        # Click densities are closer to the exponential of a smooth map than to a linear map.
        "map_activation": "exponential",
        "image_size": 160,
    },
}


@strict
class ClickabilityConfig(PreTrainedConfig):
    r"""Configuration of a [`ClickabilityModel`], a SegNeXt with click guidance.

    MSCAN encoder (SegNeXt, Guo et al., 2022) and Light-Ham head (Geng et al., 2021) over all
    stages, as in RClicks (NeurIPS 2024). The defaults are the published network, preset `base`.

    Args:
        hidden_sizes: Channels per encoder stage; the stages work at 1/4, 1/8, ... of the input.
        depths: Blocks per stage.
        mlp_ratios: Expansion of the feed-forward layers, per stage.
        drop_path_rate: Stochastic depth of the last block; it grows linearly from 0.
        layer_scale_init_value: Initial value of both layer scales of a block.
        head_channels: Channels of the head.
        num_groups: Groups of the head's group norms.
        head_dropout: Dropout before the last layer.
        nmf_rank: Rank of the matrix factorisation in the head.
        nmf_train_steps: Multiplicative updates in training.
        nmf_eval_steps: Multiplicative updates in evaluation.
        nmf_eps: Added to the denominators of the updates.
        guidance_channels: Inner channels of the mask branch.
        guidance_scale_init_value: Initial factor on the mask branch.
        map_activation: From logits to a map in [0, 1]: "minmax" (the paper's) is linear,
            "exponential" is exp(logit - largest logit), so logits are log densities.
        map_eps: Added to the range in the min-max normalisation, and in the loss.
        image_size: Side in pixels of the square input.

    Raises:
        ValueError: If the lists differ in length, a number is not positive or far above the
            published ones, or `num_groups` does not divide `head_channels`.

    Example:
        >>> ClickabilityConfig().hidden_sizes
        (64, 128, 320, 512)
    """

    model_type = "clickability"
    # A list because `Trainer` appends its own keys.
    keys_to_ignore_at_inference = ["logits"]  # noqa: RUF012
    # True where the package registers the task: a config that names a pipeline of its own makes
    # `pipeline` ask for trust_remote_code.
    _has_registered_task: ClassVar[bool] = False

    hidden_sizes: list[int] | tuple[int, ...] = (64, 128, 320, 512)
    depths: list[int] | tuple[int, ...] = (3, 3, 12, 3)
    mlp_ratios: list[int] | tuple[int, ...] = (8, 8, 4, 4)
    drop_path_rate: float | int = 0.1
    layer_scale_init_value: float = 0.01
    head_channels: int = 512
    num_groups: int = 32
    head_dropout: float | int = 0.1
    nmf_rank: int = 16
    nmf_train_steps: int = 6
    nmf_eval_steps: int = 7
    nmf_eps: float = 1e-6
    guidance_channels: int = 16
    guidance_scale_init_value: float = 0.05
    map_activation: Literal["minmax", "exponential"] = "minmax"
    map_eps: float = 1e-9
    image_size: int = 416

    def __post_init__(self, **kwargs: Any) -> None:
        kwargs.pop("custom_pipelines", None)
        super().__post_init__(**kwargs)
        if not self._has_registered_task:
            self.custom_pipelines = deepcopy(_PIPELINES)
        lengths = {len(self.hidden_sizes), len(self.depths), len(self.mlp_ratios)}
        if len(lengths) != 1:
            raise ValueError(
                "hidden_sizes, depths and mlp_ratios need one entry per stage each, got "
                f"{self.hidden_sizes}, {self.depths}, {self.mlp_ratios}"
            )
        if not 1 <= len(self.depths) <= _MOST_STAGES:
            raise ValueError(f"depths has {len(self.depths)} stages; give 1 to {_MOST_STAGES}")
        for name, most in _MOST.items():
            value = getattr(self, name)
            least = 0 if name.endswith("steps") else 1
            for number in value if isinstance(value, list | tuple) else [value]:
                if not least <= number <= most:
                    raise ValueError(f"{name} is {number}; give {least} to {most}")
        if self.num_groups < 1 or self.head_channels % self.num_groups:
            raise ValueError(
                f"head_channels={self.head_channels} is not a multiple of "
                f"num_groups={self.num_groups}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The fields for `config.json`, with the place of the pipeline's code."""
        # Not the attribute: `pipeline` puts classes into it, which JSON cannot hold.
        return {**super().to_dict(), "custom_pipelines": deepcopy(_PIPELINES)}

    @property
    def num_hidden_layers(self) -> int:
        """Blocks of the encoder, by which transformers counts hidden states from the end."""
        return sum(self.depths)

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> "ClickabilityConfig":
        """Configuration of a preset.

        Args:
            name: `"tiny"`, `"small"`, `"base"` (the published network) or `"nano"` (under 1 M
                parameters, for demos and tests).
            **overrides: Fields that differ from the preset.

        Returns:
            A new configuration.

        Raises:
            ValueError: If the preset is unknown.

        Example:
            >>> ClickabilityConfig.from_preset("nano", image_size=128).image_size
            128
        """
        if name not in PRESETS:
            raise ValueError(f"preset {name!r} is unknown; choose {', '.join(PRESETS)}")
        return cls(**{**PRESETS[name], **overrides})


__all__ = ["PRESETS", "ClickabilityConfig"]
