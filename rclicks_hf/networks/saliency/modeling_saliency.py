"""The saliency network TranSalNet: where do people look in an image?

A ResNet-50, a small transformer encoder on each of its last three stages, and a convolutional
decoder. Module names follow the published checkpoint, so converted tensors keep their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, PreTrainedModel
from transformers.utils import ModelOutput, logging
from transformers.utils.output_capturing import OutputRecorder, capture_outputs

from .configuration_saliency import STRIDES, SaliencyConfig

logger = logging.get_logger(__name__)

_EXPANSION = 4  # ratio of a bottleneck's output channels to its inner channels


@dataclass
class SaliencyOutput(ModelOutput):
    """What [`SaliencyModel`] returns.

    Args:
        saliency: (B, 1, H, W) in (0, 1).
        logits: (B, 1, H, W); `saliency` is their sigmoid.
        hidden_states: Only with `output_hidden_states`: (B, N, C), the outputs of all transformer
            layers over the N positions of their stage; the deepest stage's come first.
        attentions: Only with `output_attentions`, which needs `attn_implementation="eager"`:
            (B, heads, N, N) for each of these layers.

    Example:
        >>> list(SaliencyOutput(saliency=torch.ones(1, 1, 8, 8)))
        ['saliency']
    """

    saliency: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[torch.Tensor, ...] | None = None


class SaliencyBottleneck(nn.Module):
    """Residual block of 1x1, 3x3 (with the stride) and 1x1 convolutions."""

    def __init__(self, in_channels: int, channels: int, stride: int):
        super().__init__()
        out_channels = channels * _EXPANSION
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        if stride > 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        else:
            self.downsample = nn.Sequential()

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, 4·channels, H/stride, W/stride)."""
        inner = self.bn1(self.conv1(hidden)).relu_()
        inner = self.bn2(self.conv2(inner)).relu_()
        return self.bn3(self.conv3(inner)).add_(self.downsample(hidden)).relu_()


class SaliencyEncoder(nn.Module):
    """A ResNet without its classifier, numbered as in the published checkpoint."""

    def __init__(self, config: SaliencyConfig):
        super().__init__()
        in_channels = config.stem_channels
        layers: list[nn.Module] = [
            nn.Conv2d(3, in_channels, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        ]
        for stage, depth in enumerate(config.depths):
            channels = config.stem_channels * 2**stage
            blocks = []
            for block in range(depth):
                stride = 2 if stage and not block else 1
                blocks.append(SaliencyBottleneck(in_channels, channels, stride))
                in_channels = channels * _EXPANSION
            layers.append(nn.Sequential(*blocks))
        self.encoder = nn.Sequential(*layers)

    def forward(self, pixel_values: torch.Tensor) -> list[torch.Tensor]:
        """(B, 3, H, W) to the maps of the last three stages, deepest first."""
        hidden, stages = pixel_values, []
        for layer in self.encoder:
            hidden = layer(hidden)
            stages.append(hidden)
        return stages[:-4:-1]


def eager_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    scaling: float,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Queries, keys and values (B, heads, N, C/heads) to (B, N, heads, C/heads) and weights."""
    weights = torch.softmax(query @ key.mT * scaling, dim=-1, dtype=torch.float32).to(query.dtype)
    return (weights @ value).transpose(1, 2), weights


class SaliencyAttention(nn.Module):
    """Multi-head self-attention."""

    is_causal = False  # read by transformers' attention functions

    def __init__(self, config: SaliencyConfig, level: int):
        super().__init__()
        size = config.hidden_sizes[level]
        self.config = config
        self.heads = config.num_attention_heads[level]
        self.scaling = (size // self.heads) ** -0.5
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.value = nn.Linear(size, size)
        self.out = nn.Linear(size, size)

    def forward(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(B, N, C) to the same shape and, with eager attention, the weights (B, heads, N, N)."""
        query, key, value = (
            layer(hidden).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention
        )
        context, weights = attend(self, query, key, value, None, scaling=self.scaling)
        return self.out(context.flatten(2)), weights


class SaliencyFeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, size: int, inner_size: int):
        super().__init__()
        self.fc1 = nn.Linear(size, inner_size)
        self.fc2 = nn.Linear(inner_size, size)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to the same shape."""
        return self.fc2(F.gelu(self.fc1(hidden)))


class SaliencyLayer(nn.Module):
    """One transformer layer with a norm before each half."""

    def __init__(self, config: SaliencyConfig, level: int):
        super().__init__()
        size = config.hidden_sizes[level]
        self.attention_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.attn = SaliencyAttention(config, level)
        self.ffn_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.ffn = SaliencyFeedForward(size, config.intermediate_sizes[level])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to the same shape."""
        hidden = hidden + self.attn(self.attention_norm(hidden))[0]
        return hidden + self.ffn(self.ffn_norm(hidden))


class SaliencyLayers(nn.Module):
    """The layers of one transformer encoder and the final norm."""

    def __init__(self, config: SaliencyConfig, level: int):
        super().__init__()
        self.layer = nn.ModuleList(
            SaliencyLayer(config, level) for _ in range(config.num_hidden_layers)
        )
        self.encoder_norm = nn.LayerNorm(config.hidden_sizes[level], eps=config.layer_norm_eps)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to the same shape."""
        for layer in self.layer:
            hidden = layer(hidden)
        return self.encoder_norm(hidden)


class SaliencyTransformer(nn.Module):
    """A transformer encoder over the positions of one stage; `level` 0 is the deepest."""

    def __init__(self, config: SaliencyConfig, level: int):
        super().__init__()
        size, (height, width) = config.hidden_sizes[level], config.image_size
        in_channels = config.stem_channels * _EXPANSION * 2 ** (len(config.depths) - 1 - level)
        positions = height // STRIDES[level] * (width // STRIDES[level])
        self.patch_embeddings = nn.Conv2d(in_channels, size, 1)
        self.position_embeddings = nn.Parameter(torch.empty(1, positions, size))
        self.transformer_encoder = SaliencyLayers(config, level)

    def forward(self, stage: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, hidden size, H, W)."""
        embedded = self.patch_embeddings(stage)
        tokens = embedded.flatten(2).mT + self.position_embeddings
        return self.transformer_encoder(tokens).mT.reshape(embedded.shape)


class SaliencyDecoder(nn.Module):
    """From three stages to one value per pixel."""

    def __init__(self, config: SaliencyConfig):
        super().__init__()
        # The names of the published checkpoint.
        self.TransEncoder1 = SaliencyTransformer(config, 0)
        self.TransEncoder2 = SaliencyTransformer(config, 1)
        self.TransEncoder3 = SaliencyTransformer(config, 2)
        sizes = [*config.hidden_sizes, *config.decoder_sizes]
        self.num_steps = len(sizes) - 1
        for step, (before, after) in enumerate(pairwise(sizes), 1):
            self.add_module(f"conv{step}", nn.Conv2d(before, after, 3, padding=1))
            self.add_module(f"batchnorm{step}", nn.BatchNorm2d(after))
        self.add_module(f"conv{len(sizes)}", nn.Conv2d(sizes[-1], 1, 3, padding=1))

    def _step(self, hidden: torch.Tensor, step: int) -> torch.Tensor:
        hidden = getattr(self, f"conv{step}")(hidden)
        return getattr(self, f"batchnorm{step}")(hidden).relu_()

    def forward(self, stages: list[torch.Tensor]) -> torch.Tensor:
        """Maps of the stages, deepest first, to logits (B, 1, H, W)."""
        hidden = self.TransEncoder1(stages[0])
        skips = {1: self.TransEncoder2(stages[1]), 2: self.TransEncoder3(stages[2])}
        for step in range(1, self.num_steps):
            hidden = F.interpolate(self._step(hidden, step), scale_factor=2.0, mode="nearest")
            if step in skips:
                hidden = torch.relu(hidden * skips[step])
        hidden = self._step(hidden, self.num_steps)
        return getattr(self, f"conv{self.num_steps + 1}")(hidden)


class SaliencyPreTrainedModel(PreTrainedModel):
    """Weight initialisation and loading."""

    config_class = SaliencyConfig
    config: SaliencyConfig
    base_model_prefix = ""
    main_input_name = "pixel_values"
    _no_split_modules = ["SaliencyBottleneck", "SaliencyTransformer"]  # noqa: RUF012
    _supports_sdpa = True
    _can_record_outputs = {  # noqa: RUF012
        "hidden_states": OutputRecorder(
            SaliencyLayer,
            capture_initial_hidden_state=False,  # three encoders have three inputs
            num_hidden_layers_key="num_recorded_layers",
        ),
        "attentions": SaliencyAttention,
    }

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, SaliencyTransformer):
            init.normal_(module.position_embeddings, std=self.config.initializer_range)
        else:
            super()._init_weights(module)


class SaliencyModel(SaliencyPreTrainedModel):
    """Predicts where people look in an image.

    Example:
        >>> config = SaliencyConfig(
        ...     image_size=(64, 96), stem_channels=4, depths=(1, 1, 1, 1), hidden_sizes=(8, 8, 8),
        ...     num_attention_heads=(2, 2, 2), intermediate_sizes=(8, 8, 8),
        ...     decoder_sizes=(8, 8, 8, 8))
        >>> model = SaliencyModel(config).eval()
        >>> with torch.no_grad():
        ...     tuple(model(torch.rand(2, 3, 64, 96)).saliency.shape)
        (2, 1, 64, 96)
    """

    def __init__(self, config: SaliencyConfig):
        super().__init__(config)
        self.encoder = SaliencyEncoder(config)
        self.decoder = SaliencyDecoder(config)
        self.post_init()

    @capture_outputs(tie_last_hidden_states=False)
    def forward(
        self,
        pixel_values: torch.Tensor,
        *,
        output_hidden_states: bool | int | list[int] | None = None,
        output_attentions: bool | None = None,
    ) -> SaliencyOutput:
        """Predict the saliency of a batch.

        The keyword `return_dict=False` returns a plain tuple. It and `output_*` default to the
        values in the config.

        Args:
            pixel_values: (B, 3, H, W) RGB in [0, 1], not normalised; H, W as in the config.
            output_hidden_states: Whether to return `hidden_states`, or the indices of those to
                return (None in place of the others).
            output_attentions: Whether to return `attentions`; they are empty, with a warning,
                unless the attention is eager.

        Returns:
            A [`SaliencyOutput`].

        Raises:
            ValueError: If the input does not have the configured size.
            TypeError: If a keyword is unknown.
        """
        expected = (3, *self.config.image_size)
        if pixel_values.ndim != 4 or tuple(pixel_values.shape[1:]) != expected:
            raise ValueError(
                f"pixel_values must be (B, {', '.join(map(str, expected))}), "
                f"got {tuple(pixel_values.shape)}"
            )
        if output_attentions and self.config._attn_implementation != "eager":
            logger.warning_once('attentions need the model loaded with attn_implementation="eager"')
        logits = self.decoder(self.encoder(pixel_values))
        return SaliencyOutput(saliency=torch.sigmoid(logits), logits=logits)


__all__ = ["SaliencyModel", "SaliencyOutput", "SaliencyPreTrainedModel"]
