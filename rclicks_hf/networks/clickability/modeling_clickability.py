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
from transformers.modeling_utils import PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_clickability import ClickabilityConfig
from .encoder_clickability import ClickabilityBlock, ClickabilityEncoder
from .head_clickability import ClickabilityHead, ClickabilityMatrixFactorization
from .layers_clickability import channels_last_on_cpu, works_in_pieces


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


def click_map_losses(
    click_map: torch.Tensor, labels: torch.Tensor, eps: float = 1e-9
) -> torch.Tensor:
    """KL divergence of each sum-normalised prediction from its sum-normalised target.

    The paper trains with their mean, [`click_map_loss`].

    Args:
        click_map: (B, 1, H, W) prediction, >= 0.
        labels: (B, 1, H, W) target click map, >= 0; a map that is all zero adds no loss.
        eps: Keeps the division and the logarithm finite.

    Returns:
        (B,) float32, Σ q·log(q / (p + eps) + eps) of each map.

    Example:
        >>> target = torch.tensor([[[[1.0, 3.0]]], [[[1.0, 0.0]]]])
        >>> click_map_losses(torch.ones(2, 1, 1, 2), target)
        tensor([0.1308, 0.6931])
    """
    p = click_map.float().flatten(1)
    q = labels.float().flatten(1)
    p = p / (p.sum(1, keepdim=True) + eps)
    q = q / (q.sum(1, keepdim=True) + eps)
    return (q * torch.log(q / (p + eps) + eps)).sum(1)


def click_map_loss(
    click_map: torch.Tensor, labels: torch.Tensor, eps: float = 1e-9
) -> torch.Tensor:
    """The training loss of the paper: mean over the batch of [`click_map_losses`].

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
    return click_map_losses(click_map, labels, eps).mean()


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

    def forward(self, image_features: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        """Twice (B, C1, H/4, W/4) to logits (B, 1, H/4, W/4)."""
        return self.decode_head[0](self.backbone(image_features, guidance))


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

    def encode_image(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """The part of the network that sees only the image, for many masks on one image.

        Args:
            pixel_values: (B, 3, H, W), RGB normalised with ImageNet's mean and deviation.

        Returns:
            (B, C1, H/4, W/4), the `image_features` of [`~ClickabilityModel.forward`].

        Raises:
            ValueError: If `pixel_values` is not of that shape.

        Example:
            >>> model = ClickabilityModel(ClickabilityConfig.from_preset("nano")).eval()
            >>> image, masks = torch.randn(1, 3, 64, 64), (torch.rand(3, 1, 64, 64) > 0.5).float()
            >>> features = model.encode_image(image)
            >>> shared = model(None, masks, masks, image_features=features).click_map
            >>> torch.allclose(shared[:1], model(image, masks[:1], masks[:1]).click_map, atol=1e-5)
            True
        """
        _check_image(pixel_values)
        return self.encoder_decoder.backbone.encode_image(pixel_values)

    def forward(
        self,
        pixel_values: torch.Tensor | None,
        object_mask: torch.Tensor,
        error_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
        return_dict: bool | None = None,
        image_features: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> ClickabilityOutput | tuple[torch.Tensor, ...]:
        """Click maps of a batch.

        Args:
            pixel_values: (B, 3, H, W), RGB normalised with ImageNet's mean and deviation.
            object_mask: (B, 1, H, W) in [0, 1].
            error_mask: (B, 1, H, W) in [0, 1]: the region to click in.
            labels: (B, 1, H, W) target click maps, >= 0.
            return_dict: False gives a plain tuple.
            image_features: What `encode_image` gave, instead of `pixel_values`; of one image for
                all masks, or of as many images as masks.
            **kwargs: Ignored; `Trainer` passes more.

        Returns:
            A [`ClickabilityOutput`].

        Raises:
            ValueError: If the inputs' shapes do not belong together, or not one of `pixel_values`
                and `image_features` is given.
        """
        if (pixel_values is None) == (image_features is None):
            raise ValueError("give pixel_values or image_features, one of them")
        _check_masks(pixel_values, image_features, object_mask, error_mask, labels)
        masks = torch.cat([object_mask, error_mask], dim=1)
        logits = self._logits(pixel_values, image_features, masks)
        click_map = self._click_map(logits, masks.shape[2:])
        loss = None if labels is None else click_map_loss(click_map, labels, self.config.map_eps)
        output = ClickabilityOutput(loss=loss, click_map=click_map, logits=logits)
        return output.to_tuple() if return_dict is False else output

    def _logits(
        self,
        pixel_values: torch.Tensor | None,
        image_features: torch.Tensor | None,
        masks: torch.Tensor,
    ) -> torch.Tensor:
        """An image, or its features, and masks (B, 2, H, W), to (B, 1, H/4, W/4)."""
        count = masks.shape[0]
        if count > 1 and works_in_pieces(masks):
            pixels = [None] * count if pixel_values is None else pixel_values.split(1)
            features: Any = [None] * count
            if image_features is not None:
                features = image_features.expand(count, -1, -1, -1).split(1)
            ones = zip(pixels, features, masks.split(1), strict=True)
            return torch.cat([self._logits(*one) for one in ones])
        if pixel_values is not None:
            image_features = self.encode_image(pixel_values)
        masks = channels_last_on_cpu(masks.to(self.dtype))
        return self.encoder_decoder(image_features, self.maps_transform(masks))

    def _click_map(self, logits: torch.Tensor, size: torch.Size) -> torch.Tensor:
        """Logits (B, 1, H/4, W/4) to the map (B, 1, H, W)."""
        # float32 from here on: eps is below what half precision can hold.
        resized = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=True)
        high = resized.amax((2, 3), keepdim=True)
        if self.config.map_activation == "exponential":
            return torch.exp(resized - high)
        low = resized.amin((2, 3), keepdim=True)
        return (resized - low) / (high - low + self.config.map_eps)


def _check_image(pixel_values: torch.Tensor) -> None:
    if pixel_values.ndim != 4 or pixel_values.shape[1] != 3:
        raise ValueError(f"pixel_values must be (B, 3, H, W), got {tuple(pixel_values.shape)}")


def _check_masks(
    pixel_values: torch.Tensor | None,
    image_features: torch.Tensor | None,
    object_mask: torch.Tensor,
    error_mask: torch.Tensor,
    labels: torch.Tensor | None,
) -> None:
    name, leading = "object_mask", object_mask
    if pixel_values is not None:
        _check_image(pixel_values)
        name, leading = "pixel_values", pixel_values
    expected = (leading.shape[0], 1, *leading.shape[2:])
    named = {"object_mask": object_mask, "error_mask": error_mask, "labels": labels}
    for other, tensor in named.items():
        if tensor is not None and tuple(tensor.shape) != expected:
            raise ValueError(
                f"{other} must be {expected} as {name} is {tuple(leading.shape)}, "
                f"got {tuple(tensor.shape)}"
            )
    if image_features is not None:
        _check_features(image_features, expected)


def _check_features(image_features: torch.Tensor, expected: tuple[int, ...]) -> None:
    batch, quarters = image_features.shape[0], tuple(-(-side // 4) for side in expected[2:])
    if batch not in (1, expected[0]) or tuple(image_features.shape[2:]) != quarters:
        raise ValueError(
            f"image_features must be (1 or {expected[0]}, C, {quarters[0]}, {quarters[1]}) for "
            f"masks {expected}, got {tuple(image_features.shape)}"
        )


__all__ = ["ClickabilityModel", "ClickabilityOutput", "ClickabilityPreTrainedModel"]
