"""Light-Ham head (Geng et al., 2021) over all stages of the encoder."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from .configuration_clickability import ClickabilityConfig
from .layers_clickability import pointwise


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
        bases = self.bases.to(x.dtype).expand(x.shape[0], -1, -1)
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
        x = torch.relu_(pointwise(hidden, self.ham_in.conv.weight, self.ham_in.conv.bias))
        # The updates divide small sums by small sums: float32 under every dtype.
        with torch.autocast(x.device.type, enabled=False):
            bases, coef = self.ham(x.flatten(2).float())
            # The 1x1 convolution acts on the rank-R bases: the same sums, over R and not H·W.
            weight = self.ham_out.conv.weight.flatten(1).float()
            context = (coef @ (weight @ bases).mT).to(x.dtype)
        context = context.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)
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
        total = pointwise(stages[0], weights[0])
        for stage, weight in zip(stages[1:], weights[1:], strict=True):
            small = pointwise(stage, weight)
            total += F.interpolate(
                small, size=total.shape[2:], mode="bilinear", align_corners=False
            )
        return total

    def forward(self, stages: list[torch.Tensor]) -> torch.Tensor:
        """The stages' maps to logits (B, 1, H/4, W/4)."""
        hidden = torch.relu_(self.squeeze.gn(self._squeeze(stages)))
        hidden = self.hamburger(hidden)
        hidden = torch.relu_(self.align.gn(pointwise(hidden, self.align.conv.weight)))
        return pointwise(self.dropout(hidden), self.conv_seg.weight, self.conv_seg.bias)
