"""GPCIS: a Gaussian process that spreads the clicks' labels over deep features.

Zhou et al., Interactive Segmentation as Gaussian Process Classification, CVPR 2023.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init

from rclicks_hf.networks.click_map import ClickMapOutput, ScaleLayer
from rclicks_hf.networks.deeplab import DeepLab, DeepLabModel, enlarge

from .configuration_gpcis import GpcisConfig

_COLOURS = 3
_OMEGA_STD = (0.01, 0.05)  # range of the standard deviation of the prior's weights in training
_RETRIES = 20  # each doubles the jitter of a kernel that cannot be inverted


class GpcisModel(DeepLabModel):
    """Segments the object that clicks and a previous mask point at.

    ``logits`` is the Gaussian process' mean; the object is where its sigmoid is high. With many
    clicks close together the kernel is ill-conditioned: logits then differ by up to 0.04 between
    machines.

    Example:
        >>> config = GpcisConfig(depths=(1, 1, 1, 1), hidden_sizes=(4, 4, 4, 4),
        ...                      decoder_channels=8, guidance_features=8)
        >>> model = GpcisModel(config).eval()
        >>> points = torch.tensor([[[20.0, 30.0, 0.0], [-1.0, -1.0, -1.0]]])
        >>> with torch.no_grad():
        ...     tuple(model(torch.rand(1, 3, 64, 96), points).logits.shape)
        (1, 1, 64, 96)
    """

    config_class = GpcisConfig

    def __init__(self, config: GpcisConfig):
        super().__init__(config)
        features = config.feature_channels + _COLOURS
        self.model = DeepLab(config, config.feature_channels)
        self.maps_transform = nn.Sequential(
            nn.Conv2d(2 + config.with_previous_mask, config.guidance_channels, 3, 2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(config.guidance_channels, config.guidance_features, 3, padding=1),
            ScaleLayer(),
        )
        self.theta = nn.Linear(features, config.num_bases)
        self.u_mlp = nn.Sequential(
            nn.Linear(features, config.target_channels),
            nn.ReLU(),
            nn.Linear(config.target_channels, 1),
        )
        self.omega = nn.Parameter(torch.empty(config.num_bases, 1))
        self.omega_var = nn.Parameter(torch.empty(()))
        self.logsigma2 = nn.Parameter(torch.empty(config.feature_channels))
        self.weights = nn.Parameter(torch.empty(1))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if module is self:
            init.normal_(self.omega, std=0.25)
            init.constant_(self.omega_var, 0.025)
            init.ones_(self.logsigma2)
            init.zeros_(self.weights)
        else:
            super()._init_weights(module)

    def segment(self, image: Tensor, guidance: Tensor, points: Tensor) -> ClickMapOutput:
        """See `ClickMapModel.segment`."""
        features = F.normalize(self.model(image, self.maps_transform(guidance)), dim=1)
        features = torch.cat([enlarge(features, image.shape[2:]), image], 1)
        omega = self.omega
        if self.training:
            omega = omega + self.omega_var.clamp(*_OMEGA_STD) * torch.randn_like(omega)
        logits = [
            self._mean(map_, *_clicks_inside(clicks, map_), omega)
            for map_, clicks in zip(features, points, strict=True)
        ]
        return ClickMapOutput(logits=torch.stack(logits)[:, None])

    def _mean(self, features: Tensor, places: Tensor, signs: Tensor, omega: Tensor) -> Tensor:
        """(H, W): the prior, corrected by what the N clicks (rows, columns) in it say."""
        mean = self._prior(features.flatten(1).T, omega)
        if len(places):
            at_clicks = features[:, places[:, 0], places[:, 1]].T
            targets = F.softplus(self.u_mlp(at_clicks)) * signs[:, None]
            kernel = self._kernel(at_clicks, at_clicks.T)
            jitter = self.config.training_jitter if self.training else self.config.jitter
            residual = _inverse(kernel, jitter) @ (targets - self._prior(at_clicks, omega))
            mean = mean + self._kernel(at_clicks, features.flatten(1)).T @ residual
        return mean.view(features.shape[1:])

    def _prior(self, features: Tensor, omega: Tensor) -> Tensor:
        """(N, 1) prior of (N, D) features, as a sum of random Fourier bases."""
        return math.sqrt(2 / self.config.num_bases) * torch.sin(self.theta(features)) @ omega

    def _kernel(self, clicks: Tensor, others: Tensor) -> Tensor:
        """(N, M) similarity of (N, D) and (D, M) features: of deep ones plus of colours."""
        scale = torch.exp(self.logsigma2 / 2)[:, None]
        deep = _gaussian(clicks[:, :-_COLOURS] * scale.T, others[:-_COLOURS] * scale)
        colours = _gaussian(clicks[:, -_COLOURS:], others[-_COLOURS:])
        return deep + F.softplus(self.weights) * colours


def _gaussian(first: Tensor, second: Tensor) -> Tensor:
    """exp(-|a - b|² / 2) of rows of (N, D) and columns of (D, M)."""
    squares = (first**2).sum(1, keepdim=True) / 2 + (second**2).sum(0, keepdim=True) / 2
    return torch.exp(first @ second - squares)


def _inverse(kernel: Tensor, jitter: float) -> Tensor:
    """The inverse of the kernel; clicks on one pixel make it singular, then the jitter grows."""
    identity = torch.eye(len(kernel), dtype=kernel.dtype, device=kernel.device)
    for retry in range(_RETRIES):
        inverse, failed = torch.linalg.inv_ex(kernel + jitter * 2**retry * identity)
        if not failed:
            break
    return inverse


def _clicks_inside(points: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Whole (N, 2) rows and columns and (N,) signs of the clicks that lie inside the image."""
    height, width = features.shape[1:]
    rows, columns = points[:, 0], points[:, 1]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    signs = torch.ones_like(rows)
    signs[len(points) // 2 :] = -1
    return points[inside, :2].long(), signs[inside].to(features.dtype)


__all__ = ["GpcisModel"]
