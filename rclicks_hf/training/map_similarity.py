"""How alike two click maps are: SIM and CC, by which training picks its best model."""

from __future__ import annotations

import torch


def similarity(click_map: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """SIM, the histogram intersection of two maps as distributions (Judd et al., 2012).

    Args:
        click_map: (B, ...) maps, >= 0.
        target: (B, ...) maps, >= 0.

    Returns:
        (B,) in [0, 1], 1 for maps in proportion; NaN where a map is all zero.

    Example:
        >>> similarity(torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0, 2.0]])).tolist()
        [0.75]
    """
    p, q = click_map.float().flatten(1), target.float().flatten(1)
    return torch.minimum(p / p.sum(1, keepdim=True), q / q.sum(1, keepdim=True)).sum(1)


def correlation(click_map: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """CC, the Pearson correlation of two maps' values.

    Args:
        click_map: (B, ...) maps.
        target: (B, ...) maps.

    Returns:
        (B,) in [-1, 1]; NaN where a map is constant.

    Example:
        >>> correlation(torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 5.0]])).tolist()
        [1.0]
    """
    p, q = click_map.double().flatten(1), target.double().flatten(1)
    p, q = p - p.mean(1, keepdim=True), q - q.mean(1, keepdim=True)
    return ((p * q).sum(1) / (p.norm(dim=1) * q.norm(dim=1))).float()
