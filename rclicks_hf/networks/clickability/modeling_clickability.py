"""The clickability network: where in an error region would users click?

A SegNeXt segmentation network (MSCAN encoder, Light-Ham head) that also sees the object mask and
the error mask. Module names follow the paper's checkpoint, so converted tensors keep their names.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init
from transformers.modeling_utils import PreTrainedModel
from transformers.utils import ModelOutput, cached_file
from transformers.utils.output_capturing import capture_outputs

from .configuration_clickability import ClickabilityConfig
from .encoder_clickability import (
    ClickabilityBlock,
    ClickabilityEncoder,
    ClickabilitySpatialGatingUnit,
)
from .head_clickability import ClickabilityHead, ClickabilityMatrixFactorization, initial_bases
from .hub_card import TAGS, card_of_weights, is_hub_id, may_replace, with_hub_id
from .layers_clickability import channels_last_on_cpu, works_in_pieces

_LONGEST_CARD = 2**20  # characters


@dataclass
class ClickabilityOutput(ModelOutput):
    """What [`ClickabilityModel`] returns.

    Args:
        loss: Scalar; only with `labels`: the paper's loss, the mean of [`click_map_losses`].
        click_map: (B, 1, H, W) float32 in [0, 1], normalised per image.
        logits: (B, 1, H/4, W/4), output of the last layer.
        hidden_states: Only with `output_hidden_states`: (B, Ci, H/2^(i+1), W/2^(i+1)), the input of
            the encoder's first block and the output of every block, i being its stage.
        attentions: Only with `output_attentions`: for every block, the weights of its convolutional
            attention, in the shape of its output. No softmax: they have any sign and sum.

    Example:
        >>> output = ClickabilityOutput(click_map=torch.ones(1, 1, 8, 8))
        >>> output.loss is None, list(output), tuple(output[0].shape)
        (True, ['click_map'], (1, 1, 8, 8))
    """

    loss: Tensor | None = None
    click_map: Tensor | None = None
    logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


def click_map_losses(click_map: Tensor, labels: Tensor, eps: float = 1e-9) -> Tensor:
    """KL divergence of each sum-normalised map p from its sum-normalised target q.

    Two (B, 1, H, W) >= 0 to (B,) float32, Σ q·log(q / (p + eps) + eps); 0 for an all-zero target.
    """
    p = click_map.float().flatten(1)
    q = labels.float().flatten(1)
    p = p / (p.sum(1, keepdim=True) + eps)
    q = q / (q.sum(1, keepdim=True) + eps)
    return (q * torch.log(q / (p + eps) + eps)).sum(1)


class ClickabilityScale(nn.Module):
    """Multiplication by the absolute value of a learned factor."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return hidden * self.scale.abs()


class ClickabilityEncoderDecoder(nn.Module):
    """Encoder and head, named as in the paper's checkpoint."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        self.backbone = ClickabilityEncoder(config)
        self.decode_head = nn.ModuleList([ClickabilityHead(config)])

    def forward(self, image_features: Tensor, guidance: Tensor) -> Tensor:
        """Image features and guidance (B, C1, H/4, W/4) to logits (B, 1, H/4, W/4)."""
        return self.decode_head[0](self.backbone(image_features, guidance))


def weights_digest(model: nn.Module) -> str:
    """SHA-256 (hex) of the names and values of all tensors; ``""`` where some are offloaded."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if tensor.is_meta:
            return ""
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(name.encode() + plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


class ClickabilityPreTrainedModel(PreTrainedModel):
    """Weight initialisation, and a card that goes along to the Hub."""

    config_class = ClickabilityConfig
    config: ClickabilityConfig
    base_model_prefix = ""
    main_input_name = "pixel_values"
    supports_gradient_checkpointing = True
    _no_split_modules = ["ClickabilityBlock", "ClickabilityHead"]  # noqa: RUF012
    _own_card = ""  # as found at the latest saving
    _can_record_outputs = {  # noqa: RUF012
        "hidden_states": ClickabilityBlock,
        "attentions": ClickabilitySpatialGatingUnit,
    }

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
            init.copy_(module.bases, initial_bases(self.config))
        else:
            super()._init_weights(module)

    def save_pretrained(self, save_directory: Any, *args: Any, **kwargs: Any) -> None:
        """Save as every model of transformers; pushed weights take their card along."""
        # Read first: while pushing, transformers puts another card into this folder.
        self._own_card = self._card_in_folder()
        super().save_pretrained(save_directory, *args, **kwargs)

    def _upload_modified_files(
        self, working_dir: Any, repo_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        """Upload a saved model, with its own card instead of the empty one of transformers."""
        # Both `push_to_hub` and `save_pretrained(push_to_hub=True)` come here.
        path = Path(working_dir) / "README.md"
        if may_replace(path.read_text("utf-8")):
            card = self._own_card or self._card_on_hub()
            card = card_of_weights(card, weights_digest(self), str(self.name_or_path))
            path.write_text(with_hub_id(card, repo_id), "utf-8")
        return super()._upload_modified_files(working_dir, repo_id, *args, **kwargs)

    def _card_in_folder(self) -> str:
        """The card of the folder that this model was loaded from or trained into."""
        path = Path(self.name_or_path or os.devnull) / "README.md"
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                return file.read(_LONGEST_CARD)
        except OSError:
            return ""

    def _card_on_hub(self) -> str:
        """The card of the Hub repo that this model was loaded from."""
        name = str(self.name_or_path)
        if not is_hub_id(name):
            return ""
        path = cached_file(
            name,
            "README.md",
            revision=getattr(self.config, "_commit_hash", None),
            _raise_exceptions_for_gated_repo=False,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        return "" if path is None else Path(path).read_text("utf-8", "replace")[:_LONGEST_CARD]


class ClickabilityModel(ClickabilityPreTrainedModel):
    """Predicts where users would click, given an image, an object mask and an error mask.

    The network of the RClicks paper (NeurIPS 2024).

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
        self.model_tags = [*TAGS]  # for the card that `Trainer` writes
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

    # transformers makes the output of this layer require gradients where the weights are frozen,
    # so that adapters train with gradient checkpointing.
    def get_input_embeddings(self) -> nn.Module:
        """The first layer that sees the image."""
        stem: Any = self.encoder_decoder.backbone.patch_embed1
        return stem.proj[0]

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the first layer that sees the image."""
        stem: Any = self.encoder_decoder.backbone.patch_embed1
        stem.proj[0] = value

    def encode_image(self, pixel_values: Tensor) -> Tensor:
        """Encode an image once, for use with many masks.

        Args:
            pixel_values: (B, 3, H, W) RGB, normalised with ImageNet's mean and deviation.

        Returns:
            (B, C1, H/4, W/4), the `image_features` of [`~ClickabilityModel.forward`].

        Raises:
            ValueError: If `pixel_values` has another shape.

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

    @capture_outputs(tie_last_hidden_states=False)
    def forward(
        self,
        pixel_values: Tensor | None,
        object_mask: Tensor,
        error_mask: Tensor,
        labels: Tensor | None = None,
        image_features: Tensor | None = None,
        *,
        output_hidden_states: bool | int | list[int] | None = None,
        output_attentions: bool | None = None,
    ) -> ClickabilityOutput:
        """Predict the click maps of a batch.

        The keyword `return_dict=False` returns a plain tuple. It and `output_*` default to the
        values in the config.

        Args:
            pixel_values: (B, 3, H, W) RGB, normalised with ImageNet's mean and deviation.
            object_mask: (B, 1, H, W) in [0, 1].
            error_mask: (B, 1, H, W) in [0, 1]: the region to click in.
            labels: (B, 1, H, W) target click maps, >= 0.
            image_features: Result of `encode_image` instead of `pixel_values`; for one image or B.
            output_hidden_states: Whether to return `hidden_states`, or the indices of those to
                return (None in place of the others).
            output_attentions: Whether to return `attentions`.

        Returns:
            A [`ClickabilityOutput`].

        Raises:
            ValueError: If the shapes do not match, or not exactly one of `pixel_values` and
                `image_features` is given.
            TypeError: If a keyword is unknown.
        """
        if (pixel_values is None) == (image_features is None):
            raise ValueError("give exactly one of pixel_values and image_features")
        _check_masks(pixel_values, image_features, object_mask, error_mask, labels)
        masks = torch.cat([object_mask, error_mask], dim=1)
        config = self.config
        recorded = output_hidden_states or output_attentions
        recorded = recorded or config.output_hidden_states or config.output_attentions
        logits = self._logits(pixel_values, image_features, masks, whole=bool(recorded))
        click_map = self._click_map(logits, masks.shape[2:])
        loss = None
        if labels is not None:
            loss = click_map_losses(click_map, labels, self.config.map_eps).mean()
        return ClickabilityOutput(loss=loss, click_map=click_map, logits=logits)

    def _logits(
        self,
        pixel_values: Tensor | None,
        image_features: Tensor | None,
        masks: Tensor,
        *,
        whole: bool = False,
    ) -> Tensor:
        """An image or its features, and masks (B, 2, H, W), to (B, 1, H/4, W/4)."""
        count = masks.shape[0]
        whole = whole or self.training  # what is recorded has all images, and batch norms see them
        if count > 1 and works_in_pieces(masks) and not whole:
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

    def _click_map(self, logits: Tensor, size: torch.Size) -> Tensor:
        """Logits (B, 1, H/4, W/4) to the map (B, 1, H, W)."""
        # float32 from here on: eps is too small for half precision.
        resized = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=True)
        high = resized.amax((2, 3), keepdim=True)
        if self.config.map_activation == "exponential":
            return torch.exp(resized - high)
        low = resized.amin((2, 3), keepdim=True)
        return (resized - low) / (high - low + self.config.map_eps)


def _check_image(pixel_values: Tensor) -> None:
    if pixel_values.ndim != 4 or pixel_values.shape[1] != 3:
        raise ValueError(f"pixel_values must be (B, 3, H, W), got {tuple(pixel_values.shape)}")


def _check_masks(
    pixel_values: Tensor | None,
    image_features: Tensor | None,
    object_mask: Tensor,
    error_mask: Tensor,
    labels: Tensor | None,
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
                f"{other} must be {expected} because {name} is {tuple(leading.shape)}, "
                f"got {tuple(tensor.shape)}"
            )
    if image_features is not None:
        _check_features(image_features, expected)


def _check_features(image_features: Tensor, expected: tuple[int, ...]) -> None:
    batch, quarters = image_features.shape[0], tuple(-(-side // 4) for side in expected[2:])
    if batch not in (1, expected[0]) or tuple(image_features.shape[2:]) != quarters:
        raise ValueError(
            f"image_features must be (1 or {expected[0]}, C, {quarters[0]}, {quarters[1]}) for "
            f"masks {expected}, got {tuple(image_features.shape)}"
        )


__all__ = ["ClickabilityModel", "ClickabilityOutput", "ClickabilityPreTrainedModel"]
