"""CDNet: clicks spread their labels over similar features, then over similar pixels.

Chen et al., Conditional Diffusion for Interactive Segmentation, ICCV 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.networks.click_map import ClickMapOutput, MapsTransform, click_disks
from rclicks_hf.networks.deeplab import (
    DeepLab,
    DeepLabModel,
    SeparableHead,
    enlarge,
)

from .configuration_cdnet import CdnetConfig

_STRIDE = 8  # of the features that are diffused
_CONFIDENT = 0.8  # a place with a higher gate counts as clicked

_DILATIONS = (1, 2, 4, 8)  # distances of the neighbours in pixel diffusion
_ROUNDS = 5
_UNSURE = 0.25  # values closer to 0 are not spread
_CLICKED = 10.0  # added at clicks
_SHARPNESS = 0.1


@dataclass
class CdnetOutput(ClickMapOutput):
    """What [`CdnetModel`] returns.

    Attributes:
        gate: (B, 1, H, W) in [0, 1], the coarse mask that steers the feature diffusion.
        candidate_logits: (B, K, H, W) of the auxiliary head that is used in training.
    """

    gate: Tensor | None = None
    candidate_logits: Tensor | None = None


class FeatureDiffusion(nn.Module):
    """Attention in which each place listens to places that are clicked or surely of one label."""

    def __init__(self, channels: int):
        super().__init__()
        self.gate_head_pos = SeparableHead(channels, channels, 1, layers=1)
        self.t, self.p, self.g, self.z, self.z2 = (
            nn.Conv2d(channels, channels, 1, bias=False) for _ in range(5)
        )
        self.bn, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, clicks: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) and disks (B, 2, h, w) to the diffused map and the gate (B, 1, h, w)."""
        gate = torch.sigmoid(self.gate_head_pos(x))
        query = self.t(x).flatten(2).transpose(1, 2)
        value = self.g(x).flatten(2).transpose(1, 2)
        affinity = query @ self.p(x).flatten(2)
        output = x
        branches = ((0, gate, self.z, self.bn), (1, 1 - gate, self.z2, self.bn2))
        for sign, own_gate, project, norm in branches:
            own = own_gate.detach()
            # Only the clicks and pixels whose label is certain contribute.
            heard = clicks[:, sign : sign + 1] + (own > _CONFIDENT).to(x.dtype)
            weights = torch.softmax(affinity * heard.flatten(2), 2) * own.flatten(2).mT
            spread = (weights @ value).transpose(1, 2).reshape(x.shape)
            output = output + norm(project(spread))
        return output, gate


class CdnetDeepLab(DeepLab):
    """DeepLabV3+ with feature diffusion between its pyramid and its decoder."""

    def __init__(self, config: CdnetConfig):
        super().__init__(config, config.decoder_channels)
        self.FDM = FeatureDiffusion(config.decoder_channels)

    def forward(  # type: ignore[override]
        self, image: Tensor, guidance: Tensor, disks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The map of stride 4 and the gate of stride 8."""
        first, last = self.backbone(image, guidance)
        x, gate = self.FDM(self.aspp(last), disks)
        return self.decode(x, first), gate


class CdnetModel(DeepLabModel):
    """Segments the object that clicks point at; `diffuse` refines its logits.

    Example:
        >>> config = CdnetConfig(depths=(1, 1, 1, 1), hidden_sizes=(4, 4, 4, 4),
        ...                      decoder_channels=8)
        >>> model = CdnetModel(config).eval()
        >>> image, points = torch.rand(1, 3, 64, 96), torch.tensor([[[20.0, 30, 0], [-1, -1, -1]]])
        >>> with torch.no_grad():
        ...     logits = model(image, points).logits
        >>> tuple(logits.shape), tuple(model.diffuse(logits, image, points).shape)
        ((1, 1, 64, 96), (1, 1, 64, 96))
    """

    config_class = CdnetConfig

    def __init__(self, config: CdnetConfig):
        super().__init__(config)
        channels = config.decoder_channels
        self.maps_transform = MapsTransform(
            2 + config.with_previous_mask,
            config.guidance_channels,
            config.guidance_features,
            leaky=True,
        )
        self.feature_extractor = CdnetDeepLab(config)
        self.head = SeparableHead(channels, channels // 2, 1, layers=2)
        self.latent_head = SeparableHead(channels, channels // 2, config.num_masks, layers=2)
        self.post_init()

    def segment(self, image: Tensor, guidance: Tensor, points: Tensor) -> CdnetOutput:
        """See `ClickMapModel.segment`."""
        size = image.shape[2:]
        disks = click_disks(points, size, self.config.context_radius).to(image.dtype)
        disks = enlarge(disks, tuple(-(-side // _STRIDE) for side in size))
        x, gate = self.feature_extractor(image, self.maps_transform(guidance), disks)
        return CdnetOutput(
            logits=enlarge(self.head(x), size),
            gate=enlarge(gate, size),
            candidate_logits=enlarge(self.latent_head(x), size),
        )

    def diffuse(self, logits: Tensor, pixel_values: Tensor, points: Tensor) -> Tensor:
        """Spread labels over neighbouring pixels of similar colour.

        Args:
            logits: (B, 1, H, W) of `forward`, or their mean over an image and its mirror image.
            pixel_values: (B, 3, H, W) RGB in [0, 1].
            points: (B, 2N, 3) as in `forward`.

        Returns:
            (B, 1, H, W) float, in [-2, 2] away from clicks; the object is where it is above 0.
        """
        signed = 2 * torch.sigmoid(logits) - 1
        disks = click_disks(points, pixel_values.shape[2:], self.config.click_radius)
        positive, negative = disks.to(signed.dtype).split(1, 1)
        spread = signed * (signed.abs() > _UNSURE) + _CLICKED * positive - _CLICKED * negative
        weights = _similarities(pixel_values)
        for _ in range(_ROUNDS):
            spread = (_neighbours(spread) * weights).sum(2)
        return spread + signed


def _similarities(image: Tensor) -> Tensor:
    """(B, 1, 32, H, W): how much of each neighbour a pixel takes; they add up to 1."""
    around = _neighbours(image)
    centre = image[:, :, None]
    # The centre counts once per dilation, as in the published code.
    samples = torch.cat([around, centre.expand(-1, -1, len(_DILATIONS), -1, -1)], 2)
    scale = 1e-8 + _SHARPNESS * samples.std(2, keepdim=True)
    return torch.softmax(((around - centre).abs() / -scale).mean(1, keepdim=True), 2)


def _neighbours(x: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, 32, H, W): 8 directions at each dilation; edges are repeated."""
    height, width = x.shape[2:]
    found = []
    for reach in _DILATIONS:
        padded = F.pad(x, (reach,) * 4, mode="replicate")
        for row in (0, reach, 2 * reach):
            for column in (0, reach, 2 * reach):
                if (row, column) != (reach, reach):
                    found.append(padded[:, :, row : row + height, column : column + width])
    return torch.stack(found, 2)


__all__ = ["CdnetModel", "CdnetOutput"]
