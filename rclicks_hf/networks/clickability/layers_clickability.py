"""Layers that the clickability network's encoder and head share, and their memory layout."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


# The convolutions keep the constructor of `nn.Conv2d`: peft makes its layers of the same class.
class ClickabilityDepthwise(nn.Conv2d):
    """A convolution that does not hang in half precision on the CPU."""

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        if not self._may_hang(hidden):
            return super().forward(hidden)
        with torch.autocast("cpu", enabled=False):
            bias = None if self.bias is None else self.bias.float()
            made = self._conv_forward(hidden.float(), self.weight.float(), bias)
        return made.to(hidden.dtype)

    def _may_hang(self, hidden: Tensor) -> bool:
        """Whether oneDNN would hang in this convolution."""
        # Seen with torch 2.13 on CPUs with native half precision: bfloat16 and float16, at most
        # 16 channels, kernels at least 15 wide.
        if self.in_channels > 16 or self.kernel_size[1] < 15 or hidden.device.type != "cpu":
            return False
        return hidden.dtype.itemsize < 4 or torch.is_autocast_enabled("cpu")


def depthwise(channels: int, height: int, width: int) -> ClickabilityDepthwise:
    """A depthwise convolution with a kernel of (height, width) pixels; keeps the spatial size."""
    padding = (height // 2, width // 2)
    return ClickabilityDepthwise(
        channels, channels, (height, width), padding=padding, groups=channels
    )


class ClickabilityPointwise(nn.Conv2d):
    """A 1x1 convolution; on the CPU one matrix product over channels-last positions."""

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        if hidden.device.type != "cpu":
            return super().forward(hidden)
        return _matrix_product(hidden, self.weight, self.bias)


class ClickabilityStagewise(ClickabilityPointwise):
    """A 1x1 convolution of several maps, upsampled to the first one's size and stacked."""

    def forward(self, hidden: Tensor, *smaller: Tensor) -> Tensor:
        """(B, C, H, W), or maps of (B, C1, H, W), (B, C2, H2, W2), ..., to (B, C', H, W)."""
        if not smaller:
            return super().forward(hidden)
        # Upsampling acts on positions and the convolution on channels, so they commute: convolve
        # each map at its own resolution, then upsample and add.
        maps = (hidden, *smaller)
        weights = self.weight.split([part.shape[1] for part in maps], dim=1)
        convolve = _matrix_product if hidden.device.type == "cpu" else F.conv2d
        total = convolve(hidden, weights[0], self.bias)
        for part, weight in zip(smaller, weights[1:], strict=True):
            total += upsample(convolve(part, weight, None), total)
        return total

    def takes_maps(self) -> bool:
        """Whether nothing is attached to the layer that expects one stacked map."""
        return is_unwatched(self)


def _matrix_product(hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A 1x1 convolution of (B, C, H, W) by a weight (C', C, 1, 1)."""
    return F.linear(hidden.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)


def upsample(hidden: Tensor, like: Tensor) -> Tensor:
    """(B, C, h, w), bilinear, to the height and width of another map."""
    return F.interpolate(hidden, size=like.shape[2:], mode="bilinear", align_corners=False)


class ClickabilityDropPath(nn.Module):
    """Stochastic depth: in training, drops the residual branch of randomly chosen samples."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, ...) to the same shape."""
        if self.rate == 0.0 or not self.training:
            return hidden
        keep = 1.0 - self.rate
        shape = (hidden.shape[0],) + (1,) * (hidden.ndim - 1)
        return hidden * hidden.new_empty(shape).bernoulli_(keep).div_(keep)


def channels_last_on_cpu(hidden: Tensor) -> Tensor:
    """The same values; on the CPU in the memory layout in which its convolutions are fastest."""
    if hidden.device.type != "cpu":
        return hidden
    return hidden.contiguous(memory_format=torch.channels_last)


def is_unwatched(layer: nn.Module) -> bool:
    """Whether no hook or foreign `forward` sees what goes into the layer and comes out of it."""
    own_forward = "forward" not in vars(layer) or hasattr(layer, "_hf_hook")  # accelerate's
    return own_forward and not (layer._forward_hooks or layer._forward_pre_hooks)


def works_in_pieces(hidden: Tensor) -> bool:
    """Whether to work in small pieces: on the CPU, without gradients, outside a traced graph."""
    # glibc returns large blocks to the system at once and every new one costs page faults, so
    # several small tensors are much faster than one large tensor, and the peak is lower.
    plain = not (torch.is_grad_enabled() or torch.compiler.is_compiling())
    return plain and hidden.device.type == "cpu"
