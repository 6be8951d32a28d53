"""Drawing clicks from click maps in torch, for a batch of instances on any device."""

from __future__ import annotations

import torch

from rclicks_hf.support.pixels.distances import distance_transform

# Masses are integers, so that sums are exact: equal on every device and in every order.
_BITS = 32


def draw_clicks(
    click_maps: torch.Tensor,
    error_masks: torch.Tensor,
    num_clicks: int,
    group: tuple[float, float] = (0.0, 1.0),
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Draw clicks from click maps, without repetition within an instance.

    By the rules of the paper's clicking groups: (q_lo, q_hi) keeps the pixels whose value lies
    between the values at which the mass, summed from the least likely pixel upwards, crosses these
    shares of the total; a pixel is drawn in proportion to its value. Where no mass is left in the
    error mask, the pixel farthest from the mask's border is taken, as the baseline does.

    Args:
        click_maps: (B, H, W) >= 0.
        error_masks: (B, H, W), > 0 where clicks are allowed.
        num_clicks: Clicks per instance, >= 0.
        group: (q_lo, q_hi), shares of the mass of the pixels not clicked yet.
        generator: Random generator, on the CPU or on the maps' device.

    Returns:
        (B, num_clicks, 2) int64 on the maps' device, each (x, y) in pixels; (-1, -1) where no pixel
        is left.

    Raises:
        ValueError: If the shapes differ, a value is negative, or ``group`` is out of range.

    Example:
        >>> click_maps = torch.tensor([[[0.1, 0.2, 0.9], [0.0, 0.0, 0.0]]])
        >>> draw_clicks(click_maps, torch.tensor([[[1, 1, 0], [0, 0, 0]]]), 3, (0.9, 1.0)).tolist()
        [[[1, 0], [0, 0], [-1, -1]]]
    """
    _check(click_maps, error_masks, num_clicks, group)
    batch, _, width = click_maps.shape
    free = (error_masks > 0).flatten(1)
    weights = torch.where(free, click_maps.float().flatten(1), 0)
    weights = torch.where(weights.isfinite().all(1, keepdim=True), weights, 0)
    values, places = weights.sort()
    if (values < 0).any():
        raise ValueError("click_maps must be >= 0 inside the error masks")
    masses = whole_masses(values)
    # The only synchronisation with the host: whether an instance will run out of mass.
    scarce = masses.count_nonzero(1) < num_clicks
    depths = _depths(error_masks > 0, scarce).flatten(1) if scarce.any() else None
    source = click_maps.device if generator is None else generator.device
    chances = torch.rand(
        batch, num_clicks, 1, dtype=torch.float64, device=source, generator=generator
    ).to(click_maps.device)
    clicks = []
    for k in range(num_clicks):
        summed = masses.cumsum(1)
        rank = _draw(summed, *group_slice(values, summed, group), chances[:, k])
        masses.scatter_(1, rank, 0)
        place = places.gather(1, rank)
        if depths is not None:
            deepest = depths.argmax(1, keepdim=True)
            none = depths.gather(1, deepest) == 0
            place = torch.where(summed[:, -1:] > 0, place, deepest.masked_fill(none, -1))
            depths.scatter_(1, place.clamp(min=0), 0)
        clicks.append(place)
    place = torch.cat(clicks, 1) if clicks else places[:, :0]
    x, y = place % width, place // width
    return torch.stack([x, y], -1).masked_fill((place < 0)[..., None], -1)


def whole_masses(values: torch.Tensor) -> torch.Tensor:
    """(B, N) float32 >= 0 as int64, to 32 bits of each row's largest; at least 1 unless 0."""
    exponent = torch.frexp(values.amax(1, keepdim=True)).exponent
    masses = torch.ldexp(values.double(), _BITS - exponent).long()
    return torch.where(values > 0, masses.clamp(min=1), 0)


def group_slice(
    values: torch.Tensor, summed: torch.Tensor, group: tuple[float, float]
) -> tuple[torch.Tensor, torch.Tensor]:
    """First rank and rank after the last, (B, 1) each, of a group; ties stay together.

    `values` (B, N) are ascending, `summed` is the running sum of their masses.
    """
    # Shares are rounded to float32 as in the clicker, so that a sum on the edge falls on the same
    # side; a share of 1 is not rounded.
    total = summed[:, -1:]
    shares = [(total.float() * share).double() for share in group]
    low = torch.ceil(shares[0]).long()
    high = torch.floor(shares[1]).long() if group[1] < 1 else total
    last = values.shape[1] - 1
    first_rank = torch.searchsorted(summed, low.contiguous()).clamp(max=last)
    last_rank = torch.searchsorted(summed, high.contiguous(), right=True).clamp(max=last)
    start = torch.searchsorted(values, values.gather(1, first_rank))
    stop = torch.searchsorted(values, values.gather(1, last_rank), right=True)
    return start, stop


def _draw(
    summed: torch.Tensor, start: torch.Tensor, stop: torch.Tensor, chance: torch.Tensor
) -> torch.Tensor:
    """(B, 1) rank from start to before stop, drawn in proportion to its mass."""
    before = torch.where(start > 0, summed.gather(1, (start - 1).clamp(min=0)), 0)
    kept = summed.gather(1, stop - 1) - before
    offset = torch.minimum((chance * kept).long(), kept - 1)
    rank = torch.searchsorted(summed, before + offset, right=True)
    return rank.clamp(max=summed.shape[1] - 1)


def _depths(masks: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """(B, H, W) distance to the border of the mask, for the wanted instances."""
    depths = torch.zeros(masks.shape, device=masks.device)
    for i in wanted.nonzero().flatten().tolist():
        transformed = distance_transform(masks[i].cpu().numpy(), border_is_outside=True)
        depths[i] = torch.from_numpy(transformed).to(depths)
    return depths


def _check(
    click_maps: torch.Tensor,
    error_masks: torch.Tensor,
    num_clicks: int,
    group: tuple[float, float],
) -> None:
    if click_maps.ndim != 3 or error_masks.shape != click_maps.shape:
        raise ValueError(
            "click_maps and error_masks must have one shape (B, H, W), got "
            f"{tuple(click_maps.shape)} and {tuple(error_masks.shape)}"
        )
    if not 0.0 <= group[0] < group[1] <= 1.0:
        raise ValueError(f"group must be (q_lo, q_hi) with 0 <= q_lo < q_hi <= 1, got {group}")
    if num_clicks < 0:
        raise ValueError(f"num_clicks must be >= 0, got {num_clicks}")
