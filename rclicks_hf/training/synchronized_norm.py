"""Batch norm over the batches of all processes, so their number does not change a training."""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed, nn


class _SumOverProcesses(torch.autograd.Function):
    """Sum of a tensor over all processes, and of its gradient."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor) -> torch.Tensor:
        total = tensor.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


class SynchronizedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm that in training uses mean and variance over all processes."""

    # torch's own `SyncBatchNorm` runs on GPUs only.

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        alone = not distributed.is_initialized() or distributed.get_world_size() == 1
        if alone or not self.training:
            return super().forward(x)
        sums = x.float().sum((0, 2, 3))
        count = sums.new_tensor([x.numel() / x.shape[1]])
        *totals, total = _SumOverProcesses.apply(torch.cat([sums, count])).split([len(sums), 1])
        mean = totals[0] / total
        centred = x.float() - mean[:, None, None]
        variance = _SumOverProcesses.apply(centred.square().sum((0, 2, 3))) / total
        self._track(mean.detach(), variance.detach(), float(total))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _track(self, mean: torch.Tensor, variance: torch.Tensor, count: float) -> None:
        """Update the running statistics, with the unbiased variance as in torch."""
        tracked: Any = self
        tracked.num_batches_tracked.add_(1)
        tracked.running_mean.lerp_(mean, self.momentum)
        tracked.running_var.lerp_(variance * count / (count - 1), self.momentum)


def synchronize_batch_norms(model: nn.Module) -> None:
    """Turn a model's batch norms into synchronised ones in place; tensors keep their names."""
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SynchronizedBatchNorm2d  # same state, different forward
