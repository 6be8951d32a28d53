"""The clickability network's head: Light-Ham (Geng et al., 2021), a low-rank global context."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .configuration_clickability import ClickabilityConfig
from .layers_clickability import (
    ClickabilityPointwise,
    ClickabilityStagewise,
    is_unwatched,
    upsample,
    works_in_pieces,
)


class ClickabilityConvNorm(nn.Module):
    """A 1x1 convolution, bare (`num_groups` None) or followed by a group norm."""

    convolution = ClickabilityPointwise

    def __init__(self, in_channels: int, channels: int, num_groups: int | None):
        super().__init__()
        self.conv = self.convolution(in_channels, channels, 1, bias=num_groups is None)
        if num_groups is not None:
            self.gn = nn.GroupNorm(num_groups, channels)


class ClickabilitySqueeze(ClickabilityConvNorm):
    """A 1x1 convolution with a group norm over the maps of all stages."""

    convolution = ClickabilityStagewise

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Maps of all stages to (B, C, H, W), the size of the first."""
        conv = self.conv
        if isinstance(conv, ClickabilityStagewise) and conv.takes_maps():
            return self.gn(conv(*stages))
        stacked = [stages[0], *(upsample(stage, stages[0]) for stage in stages[1:])]
        return self.gn(conv(torch.cat(stacked, dim=1)))


def initial_bases(config: ClickabilityConfig) -> Tensor:
    """Random columns (1, C, R) of length 1 and >= 0, on the CPU: the same for equal sizes."""
    # The paper's code draws them in the first forward pass and saves them. A generator of their
    # own makes them independent of the seed and of the order in which weights are drawn.
    generator = torch.Generator().manual_seed(0)
    shape = (1, config.head_channels, config.nmf_rank)
    return F.normalize(torch.rand(shape, generator=generator, device="cpu"), dim=1)


class ClickabilityMatrixFactorization(nn.Module):
    """Non-negative matrix factorisation by multiplicative updates from fixed bases."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        self.train_steps = config.nmf_train_steps
        self.eval_steps = config.nmf_eval_steps
        self.eps = config.nmf_eps
        self.bases: Tensor
        self.register_buffer("bases", torch.empty(1, config.head_channels, config.nmf_rank))
        self.bases.copy_(initial_bases(config))

    def _update_coef(self, x: Tensor, bases: Tensor, coef: Tensor) -> Tensor:
        denominator = coef @ (bases.mT @ bases)
        return coef * (x.mT @ bases) / (denominator + self.eps)

    def _update_bases(self, x: Tensor, bases: Tensor, coef: Tensor) -> Tensor:
        return bases * (x @ coef) / (bases @ (coef.mT @ coef) + self.eps)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, N) >= 0 to factors (B, C, R), (B, N, R); only the last update has gradients."""
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

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        x = self.ham_in.conv(hidden)
        x = x.relu_() if _is_free(x, self.ham_in.conv) else x.relu()
        # The updates divide small sums by small sums, so they always run in float32.
        with torch.autocast(x.device.type, enabled=False):
            bases, coef = self.ham(x.flatten(2).float())
        # Apply the 1x1 convolution to the R bases instead of the H·W positions: same result.
        bases = self.ham_out.conv(bases.unsqueeze(3).to(x.dtype)).squeeze(3)
        with torch.autocast(x.device.type, enabled=False):
            context = (coef @ bases.float().mT).to(x.dtype)
        context = context.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)
        context = self.ham_out.gn(context)
        is_free = _is_free(context, self.ham_out.gn) and context.dtype == hidden.dtype
        return (context.add_(hidden) if is_free else context + hidden).relu_()


def _is_free(output: Tensor, layer: nn.Module) -> bool:
    """Whether a layer's output may be overwritten; the two maps saved are 20 MB per image."""
    return works_in_pieces(output) and is_unwatched(layer)


class ClickabilityHead(nn.Module):
    """Light-Ham head (Geng et al., 2021) over all stages, at 1/4 of the input's resolution."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        channels = config.head_channels
        self.squeeze = ClickabilitySqueeze(sum(config.hidden_sizes), channels, config.num_groups)
        self.hamburger = ClickabilityHamburger(config)
        self.align = ClickabilityConvNorm(channels, channels, config.num_groups)
        self.dropout = nn.Dropout2d(config.head_dropout)
        self.conv_seg = ClickabilityPointwise(channels, 1, 1)

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Maps of all stages to logits (B, 1, H/4, W/4)."""
        hidden = self.hamburger(torch.relu(self.squeeze(stages)))
        hidden = torch.relu(self.align.gn(self.align.conv(hidden)))
        return self.conv_seg(self.dropout(hidden))
