"""Building blocks that encoder and head share, and when memory matters more than few calls."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class ClickabilityDepthwise(nn.Conv2d):
    """A depthwise convolution that keeps the size."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        if not self._may_hang(hidden):
            return super().forward(hidden)
        with torch.autocast("cpu", enabled=False):
            bias = None if self.bias is None else self.bias.float()
            made = self._conv_forward(hidden.float(), self.weight.float(), bias)
        return made.to(hidden.dtype)

    def _may_hang(self, hidden: torch.Tensor) -> bool:
        """OneDNN never returns from such a one on CPUs that compute in half precision themselves.

        Seen with torch 2.13, bfloat16 and float16, kernels 15 and more wide.
        """
        if self.in_channels > 16 or self.kernel_size[1] < 15 or hidden.device.type != "cpu":
            return False
        return hidden.dtype.itemsize < 4 or torch.is_autocast_enabled("cpu")


def depthwise(channels: int, height: int, width: int) -> nn.Conv2d:
    """A depthwise convolution that keeps the size; channels as given, kernel in pixels."""
    padding = (height // 2, width // 2)
    return ClickabilityDepthwise(
        channels, channels, (height, width), padding=padding, groups=channels
    )


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


def pointwise(
    hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """A 1x1 convolution; on the CPU one matrix product over channels-last positions.

    Args:
        hidden: (B, C, H, W).
        weight: (D, C, 1, 1).
        bias: (D,).

    Returns:
        (B, D, H, W), channels last in memory on the CPU.

    Example:
        >>> tuple(pointwise(torch.ones(2, 3, 4, 5), torch.ones(7, 3, 1, 1)).shape)
        (2, 7, 4, 5)
    """
    if hidden.device.type != "cpu":
        return F.conv2d(hidden, weight, bias)
    return F.linear(hidden.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)


def channels_last_on_cpu(hidden: torch.Tensor) -> torch.Tensor:
    """The same values in the layout in which CPU convolutions are fastest; elsewhere untouched.

    Example:
        >>> channels_last_on_cpu(torch.ones(1, 3, 4, 5)).stride()
        (60, 1, 15, 3)
    """
    if hidden.device.type != "cpu":
        return hidden
    return hidden.contiguous(memory_format=torch.channels_last)


def works_in_pieces(hidden: torch.Tensor) -> bool:
    """Whether to work in small pieces: on the CPU, without gradients, outside a traced graph.

    glibc gives large blocks back to the system at once, and every new one costs page faults:
    several small tensors are then much faster than a large one, and the peak is lower.

    Example:
        >>> with torch.no_grad():
        ...     works_in_pieces(torch.ones(1))
        True
        >>> works_in_pieces(torch.ones(1))
        False
    """
    plain = not (torch.is_grad_enabled() or torch.compiler.is_compiling())
    return plain and hidden.device.type == "cpu"
