"""The clickability network: where in an error region would people click?

A SegNeXt segmentation network (MSCAN encoder, Light-Ham head) that also sees the object mask and
the error mask. Module names follow the paper's checkpoint, so that its tensors keep their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_utils import PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_clickability import ClickabilityConfig


@dataclass
class ClickabilityOutput(ModelOutput):
    """What [`ClickabilityModel`] returns.

    Args:
        loss: Scalar, only with `labels`: the KL divergence of the paper (see [`click_map_loss`]).
        click_map: (B, 1, H, W) float32 in [0, 1], normalised for each image.
        logits: (B, 1, H/4, W/4), the last layer's output.

    Example:
        >>> output = ClickabilityOutput(click_map=torch.ones(1, 1, 8, 8))
        >>> output.loss is None, list(output), tuple(output[0].shape)
        (True, ['click_map'], (1, 1, 8, 8))
    """

    loss: torch.Tensor | None = None
    click_map: torch.Tensor | None = None
    logits: torch.Tensor | None = None


def click_map_loss(
    click_map: torch.Tensor, labels: torch.Tensor, eps: float = 1e-9
) -> torch.Tensor:
    """KL divergence between the sum-normalised target and the sum-normalised prediction.

    The training loss of the paper: mean over the batch of Σ q·log(q / (p + eps) + eps).

    Args:
        click_map: (B, 1, H, W) prediction, >= 0.
        labels: (B, 1, H, W) target click map, >= 0; a map that is all zero adds no loss.
        eps: Keeps the division and the logarithm finite.

    Returns:
        Scalar tensor.

    Example:
        >>> q = torch.rand(2, 1, 4, 4)
        >>> bool(click_map_loss(q, 3 * q).abs() < 1e-4)
        True
    """
    p = click_map.float().flatten(1)
    q = labels.float().flatten(1)
    p = p / (p.sum(1, keepdim=True) + eps)
    q = q / (q.sum(1, keepdim=True) + eps)
    return (q * torch.log(q / (p + eps) + eps)).sum(1).mean()


def _depthwise(channels: int, height: int, width: int) -> nn.Conv2d:
    padding = (height // 2, width // 2)
    return nn.Conv2d(channels, channels, (height, width), padding=padding, groups=channels)


class ClickabilityDropPath(nn.Module):
    """Stochastic depth: in training, leaves out a residual branch for whole samples."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, ...) to the same shape."""
        if self.rate == 0.0 or not self.training:
            return hidden
        keep = 1.0 - self.rate
        shape = (hidden.shape[0],) + (1,) * (hidden.ndim - 1)
        return hidden * hidden.new_empty(shape).bernoulli_(keep).div_(keep)


class ClickabilityStem(nn.Module):
    """First patch embedding: two strided convolutions, to 1/4 of the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.proj = nn.Sequential(
            nn.Conv2d(3, channels // 2, 3, stride=2, padding=1),
            nn.BatchNorm2d(channels // 2),
            nn.GELU(),
            nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) to (B, C, H/4, W/4)."""
        return self.proj(pixel_values)


class ClickabilityPatchEmbedding(nn.Module):
    """Halves the resolution between two stages."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.proj = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, C', H/2, W/2)."""
        return self.norm(self.proj(hidden))


class ClickabilitySpatialGatingUnit(nn.Module):
    """Multi-scale convolutional attention: strip convolutions of 7, 11 and 21 px gate the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv0 = _depthwise(channels, 5, 5)
        self.conv0_1 = _depthwise(channels, 1, 7)
        self.conv0_2 = _depthwise(channels, 7, 1)
        self.conv1_1 = _depthwise(channels, 1, 11)
        self.conv1_2 = _depthwise(channels, 11, 1)
        self.conv2_1 = _depthwise(channels, 1, 21)
        self.conv2_2 = _depthwise(channels, 21, 1)
        self.conv3 = nn.Conv2d(channels, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        attention = self.conv0(hidden)
        attention = (
            attention
            + self.conv0_2(self.conv0_1(attention))
            + self.conv1_2(self.conv1_1(attention))
            + self.conv2_2(self.conv2_1(attention))
        )
        return self.conv3(attention) * hidden


class ClickabilityAttention(nn.Module):
    """The attention half of a block; its inner shortcut takes the normalised input."""

    def __init__(self, channels: int):
        super().__init__()
        self.proj_1 = nn.Conv2d(channels, channels, 1)
        self.activation = nn.GELU()
        self.spatial_gating_unit = ClickabilitySpatialGatingUnit(channels)
        self.proj_2 = nn.Conv2d(channels, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        gated = self.spatial_gating_unit(self.activation(self.proj_1(hidden)))
        return self.proj_2(gated) + hidden


class ClickabilityMlp(nn.Module):
    """The feed-forward half of a block, with a depthwise 3x3 convolution inside."""

    def __init__(self, channels: int, inner_channels: int):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, inner_channels, 1)
        self.dwconv = _depthwise(inner_channels, 3, 3)
        self.activation = nn.GELU()
        self.fc2 = nn.Conv2d(inner_channels, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        return self.fc2(self.activation(self.dwconv(self.fc1(hidden))))


class ClickabilityBlock(GradientCheckpointingLayer):
    """One block of MSCAN: attention and feed-forward, each with a layer scale."""

    def __init__(self, channels: int, mlp_ratio: int, drop_path: float):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.attn = ClickabilityAttention(channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = ClickabilityMlp(channels, channels * mlp_ratio)
        self.layer_scale_1 = nn.Parameter(torch.empty(channels))
        self.layer_scale_2 = nn.Parameter(torch.empty(channels))
        self.drop_path = ClickabilityDropPath(drop_path)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        scale = self.layer_scale_1[:, None, None]
        hidden = hidden + self.drop_path(scale * self.attn(self.norm1(hidden)))
        scale = self.layer_scale_2[:, None, None]
        return hidden + self.drop_path(scale * self.mlp(self.norm2(hidden)))


class ClickabilityEncoder(nn.Module):
    """MSCAN, the encoder of SegNeXt; the guidance joins after the stem."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        sizes = list(config.hidden_sizes)
        last_block = max(sum(config.depths) - 1, 1)
        # Plain floats: under `from_pretrained` tensors live on the meta device here.
        rates = [config.drop_path_rate * i / last_block for i in range(sum(config.depths))]
        self.num_stages = len(sizes)
        for stage, (channels, depth) in enumerate(zip(sizes, config.depths, strict=True), 1):
            embedding: nn.Module
            if stage == 1:
                embedding = ClickabilityStem(channels)
            else:
                embedding = ClickabilityPatchEmbedding(sizes[stage - 2], channels)
            blocks = nn.ModuleList(
                ClickabilityBlock(channels, config.mlp_ratios[stage - 1], rates.pop(0))
                for _ in range(depth)
            )
            self.add_module(f"patch_embed{stage}", embedding)
            self.add_module(f"block{stage}", blocks)
            self.add_module(f"norm{stage}", nn.LayerNorm(channels))

    def forward(self, pixel_values: torch.Tensor, guidance: torch.Tensor) -> list[torch.Tensor]:
        """(B, 3, H, W) and (B, C1, H/4, W/4) to the stages' maps (B, Ci, H/2^(i+1), ...)."""
        hidden = pixel_values
        stages = []
        for stage in range(1, self.num_stages + 1):
            hidden = getattr(self, f"patch_embed{stage}")(hidden)
            if stage == 1:
                hidden = hidden + guidance
            for block in getattr(self, f"block{stage}"):
                hidden = block(hidden)
            norm = getattr(self, f"norm{stage}")
            hidden = norm(hidden.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()
            stages.append(hidden)
        return stages


class ClickabilityConvNorm(nn.Module):
    """A 1x1 convolution, bare (`num_groups` None) or followed by a group norm."""

    def __init__(self, in_channels: int, channels: int, num_groups: int | None):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 1, bias=num_groups is None)
        if num_groups is not None:
            self.gn = nn.GroupNorm(num_groups, channels)


class ClickabilityMatrixFactorization(nn.Module):
    """Non-negative matrix factorisation by multiplicative updates from fixed bases."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        self.train_steps = config.nmf_train_steps
        self.eval_steps = config.nmf_eval_steps
        self.eps = config.nmf_eps
        self.bases: torch.Tensor
        # The paper's code makes the bases at the first forward and keeps them in the checkpoint.
        self.register_buffer("bases", torch.empty(1, config.head_channels, config.nmf_rank))

    def _update_coef(
        self, x: torch.Tensor, bases: torch.Tensor, coef: torch.Tensor
    ) -> torch.Tensor:
        denominator = coef @ (bases.mT @ bases)
        return coef * (x.mT @ bases) / (denominator + self.eps)

    def _update_bases(
        self, x: torch.Tensor, bases: torch.Tensor, coef: torch.Tensor
    ) -> torch.Tensor:
        return bases * (x @ coef) / (bases @ (coef.mT @ coef) + self.eps)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, C, N) >= 0 to its factors (B, C, R), (B, N, R); gradients flow through the last."""
        bases = self.bases.to(x.dtype).expand(len(x), -1, -1)
        with torch.no_grad():
            coef = torch.softmax(x.mT @ bases, dim=-1)
            for _ in range(self.train_steps if self.training else self.eval_steps):
                coef = self._update_coef(x, bases, coef)
                bases = self._update_bases(x, bases, coef)
        return bases, self._update_coef(x, bases, coef)


class ClickabilityHamburger(nn.Module):
    """Global context: a low-rank reconstruction of the features, added to them."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        channels = config.head_channels
        self.ham_in = ClickabilityConvNorm(channels, channels, None)
        self.ham = ClickabilityMatrixFactorization(config)
        self.ham_out = ClickabilityConvNorm(channels, channels, config.num_groups)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        x = torch.relu(self.ham_in.conv(hidden))
        # The updates divide small sums by small sums: float32 under every dtype.
        with torch.autocast(x.device.type, enabled=False):
            bases, coef = self.ham(x.flatten(2).float())
            # The 1x1 convolution acts on the rank-R bases: the same sums, over R and not H·W.
            weight = self.ham_out.conv.weight.flatten(1).float()
            context = ((weight @ bases) @ coef.mT).to(x.dtype).view_as(x)
        return torch.relu(hidden + self.ham_out.gn(context))


class ClickabilityHead(nn.Module):
    """Light-Ham head: all stages at the first one's resolution, hamburger, one logit a position."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        channels = config.head_channels
        self.stage_sizes = list(config.hidden_sizes)
        self.squeeze = ClickabilityConvNorm(sum(self.stage_sizes), channels, config.num_groups)
        self.hamburger = ClickabilityHamburger(config)
        self.align = ClickabilityConvNorm(channels, channels, config.num_groups)
        self.dropout = nn.Dropout2d(config.head_dropout)
        self.conv_seg = nn.Conv2d(channels, 1, 1)

    def _squeeze(self, stages: list[torch.Tensor]) -> torch.Tensor:
        # Upsampling works on positions and the squeeze on channels, so they commute: squeeze each
        # stage where it is small, then upsample and add.
        weights = self.squeeze.conv.weight.split(self.stage_sizes, dim=1)
        total = F.conv2d(stages[0], weights[0])
        for stage, weight in zip(stages[1:], weights[1:], strict=True):
            small = F.conv2d(stage, weight)
            total = total + F.interpolate(
                small, size=total.shape[2:], mode="bilinear", align_corners=False
            )
        return total

    def forward(self, stages: list[torch.Tensor]) -> torch.Tensor:
        """The stages' maps to logits (B, 1, H/4, W/4)."""
        hidden = torch.relu(self.squeeze.gn(self._squeeze(stages)))
        hidden = self.hamburger(hidden)
        hidden = torch.relu(self.align.gn(self.align.conv(hidden)))
        return self.conv_seg(self.dropout(hidden))


class ClickabilityScale(nn.Module):
    """A learned factor, of which the absolute value counts."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(1))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Any shape to the same shape."""
        return hidden * self.scale.abs()


class ClickabilityEncoderDecoder(nn.Module):
    """Encoder and head, under the names of the paper's checkpoint."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        self.backbone = ClickabilityEncoder(config)
        self.decode_head = nn.ModuleList([ClickabilityHead(config)])

    def forward(self, pixel_values: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) and (B, C1, H/4, W/4) to logits (B, 1, H/4, W/4)."""
        return self.decode_head[0](self.backbone(pixel_values, guidance))


class ClickabilityPreTrainedModel(PreTrainedModel):
    """Weight initialisation and loading."""

    config_class = ClickabilityConfig
    config: ClickabilityConfig
    base_model_prefix = ""
    main_input_name = "pixel_values"
    supports_gradient_checkpointing = True
    _no_split_modules = ["ClickabilityBlock", "ClickabilityHead"]  # noqa: RUF012

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            fan_out = module.weight[0, 0].numel() * module.out_channels // module.groups
            init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, ClickabilityBlock):
            init.constant_(module.layer_scale_1, self.config.layer_scale_init_value)
            init.constant_(module.layer_scale_2, self.config.layer_scale_init_value)
        elif isinstance(module, ClickabilityScale):
            init.constant_(module.scale, self.config.guidance_scale_init_value)
        elif isinstance(module, ClickabilityMatrixFactorization):
            bases = torch.rand(module.bases.shape, device=module.bases.device)
            init.copy_(module.bases, F.normalize(bases, dim=1))
        else:
            super()._init_weights(module)


class ClickabilityModel(ClickabilityPreTrainedModel):
    """Predicts where people would click, given image, object and error region.

    Example:
        >>> config = ClickabilityConfig.from_preset("nano")
        >>> model = ClickabilityModel(config).eval()
        >>> masks = torch.zeros(1, 1, 64, 96)
        >>> masks[:, :, 16:48, 16:64] = 1
        >>> with torch.no_grad():
        ...     output = model(torch.randn(1, 3, 64, 96), masks, masks)
        >>> tuple(output.click_map.shape), tuple(output.logits.shape)
        ((1, 1, 64, 96), (1, 1, 16, 24))
    """

    def __init__(self, config: ClickabilityConfig):
        super().__init__(config)
        inner = config.guidance_channels
        self.encoder_decoder = ClickabilityEncoderDecoder(config)
        self.maps_transform = nn.Sequential(
            nn.Conv2d(2, inner, 1),
            nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(inner, config.hidden_sizes[0], 3, stride=2, padding=1),
            ClickabilityScale(),
        )
        self.post_init()

    def forward(
        self,
        pixel_values: torch.Tensor,
        object_mask: torch.Tensor,
        error_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
        return_dict: bool | None = None,
        **kwargs: Any,
    ) -> ClickabilityOutput | tuple[torch.Tensor, ...]:
        """Click maps of a batch.

        Args:
            pixel_values: (B, 3, H, W), RGB normalised with ImageNet's mean and deviation.
            object_mask: (B, 1, H, W) in [0, 1].
            error_mask: (B, 1, H, W) in [0, 1]: the region to click in.
            labels: (B, 1, H, W) target click maps, >= 0.
            return_dict: False gives a plain tuple.
            **kwargs: Ignored; `Trainer` passes more.

        Returns:
            A [`ClickabilityOutput`].

        Raises:
            ValueError: If the inputs' shapes do not belong together.
        """
        _check_shapes(pixel_values, object_mask, error_mask, labels)
        masks = torch.cat([object_mask, error_mask], dim=1).to(pixel_values.dtype)
        logits = self.encoder_decoder(pixel_values, self.maps_transform(masks))
        click_map = self._click_map(logits, pixel_values.shape[2:])
        loss = None if labels is None else click_map_loss(click_map, labels, self.config.map_eps)
        output = ClickabilityOutput(loss=loss, click_map=click_map, logits=logits)
        return output.to_tuple() if return_dict is False else output

    def _click_map(self, logits: torch.Tensor, size: torch.Size) -> torch.Tensor:
        """Logits (B, 1, H/4, W/4) to the map (B, 1, H, W)."""
        # float32 from here on: eps is below what half precision can hold.
        resized = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=True)
        high = resized.amax((2, 3), keepdim=True)
        if self.config.map_activation == "exponential":
            return torch.exp(resized - high)
        low = resized.amin((2, 3), keepdim=True)
        return (resized - low) / (high - low + self.config.map_eps)


def _check_shapes(
    pixel_values: torch.Tensor,
    object_mask: torch.Tensor,
    error_mask: torch.Tensor,
    labels: torch.Tensor | None,
) -> None:
    if pixel_values.ndim != 4 or pixel_values.shape[1] != 3:
        raise ValueError(f"pixel_values must be (B, 3, H, W), got {tuple(pixel_values.shape)}")
    expected = (pixel_values.shape[0], 1, *pixel_values.shape[2:])
    named = {"object_mask": object_mask, "error_mask": error_mask, "labels": labels}
    for name, tensor in named.items():
        if tensor is not None and tuple(tensor.shape) != expected:
            raise ValueError(
                f"{name} must be {expected} as pixel_values is {tuple(pixel_values.shape)}, "
                f"got {tuple(tensor.shape)}"
            )


__all__ = ["ClickabilityModel", "ClickabilityOutput", "ClickabilityPreTrainedModel"]
