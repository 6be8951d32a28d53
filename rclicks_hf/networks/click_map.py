"""What networks that take clicks as disk maps share: interface, normalisation and disks.

Published as parts of RITM (Sofiiuk et al., ICIP 2022), whose successors kept them.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, for values in [0, 1]


@dataclass
class ClickMapOutput(ModelOutput):
    """What a click-map network returns.

    Attributes:
        logits: (B, 1, H, W) float; the object is where they are high, see each network for the
            scale.
        hidden_states: Feature maps, if asked for.
    """

    logits: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


class ClickMapModel(PreTrainedModel):
    """A segmentation network whose prompts are disks at the clicks and its previous probability.

    A subclass implements `segment`; its configuration has ``click_radius`` (pixels) and
    ``with_previous_mask`` (bool).
    """

    main_input_name = "pixel_values"
    input_modalities = ("image",)

    def forward(
        self,
        pixel_values: Tensor,
        points: Tensor,
        previous_mask: Tensor | None = None,
        return_dict: bool | None = None,
    ) -> ClickMapOutput | tuple[Tensor, ...]:
        """Segment a batch of images.

        Args:
            pixel_values: (B, 3, H, W) RGB in [0, 1]; normalised here.
            points: (B, 2N, 3) clicks as (row, column, index) in pixels, floats allowed: N positive
                ones, then N negative ones; padding is -1 throughout.
            previous_mask: (B, 1, H, W) probability in [0, 1] of the last prediction; None is all
                zeros. A network without a previous mask ignores it.
            return_dict: False returns a tuple; None takes the configuration's.

        Returns:
            The logits at the size of the input.

        Raises:
            ValueError: If shapes do not fit.
        """
        self._check(pixel_values, points, previous_mask)
        maps = click_disks(points, pixel_values.shape[-2:], self.config.click_radius)
        maps = maps.to(pixel_values.dtype)
        if self.config.with_previous_mask:
            if previous_mask is None:
                previous_mask = torch.zeros_like(pixel_values[:, :1])
            maps = torch.cat([previous_mask.to(maps.dtype), maps], 1)
        output = self.segment(normalised(pixel_values), maps, points)
        use_dict = self.config.return_dict if return_dict is None else return_dict
        return output if use_dict else output.to_tuple()

    @abstractmethod
    def segment(self, image: Tensor, guidance: Tensor, points: Tensor) -> ClickMapOutput:
        """Logits of a batch, at the size of ``image``.

        ``image`` is (B, 3, H, W), normalised; ``guidance`` is (B, 2 or 3, H, W): the previous mask
        if the network has one, positive disks, negative disks; ``points`` are those of `forward`.
        """

    def _check(self, pixel_values: Tensor, points: Tensor, previous_mask: Tensor | None) -> None:
        batch, height, width = pixel_values.shape[0], *pixel_values.shape[-2:]
        if pixel_values.ndim != 4 or pixel_values.shape[1] != 3:
            raise ValueError(f"pixel_values must be (B, 3, H, W), got {tuple(pixel_values.shape)}")
        if points.ndim != 3 or points.shape[0] != batch or points.shape[2] != 3:
            raise ValueError(f"points must be ({batch}, 2N, 3), got {tuple(points.shape)}")
        if points.shape[1] % 2 or not points.shape[1]:
            raise ValueError(
                "points must hold equally many places for positive and negative clicks, at least "
                f"one each; got {points.shape[1]} points"
            )
        if previous_mask is not None and previous_mask.shape != (batch, 1, height, width):
            raise ValueError(
                f"previous_mask must be ({batch}, 1, {height}, {width}), got "
                f"{tuple(previous_mask.shape)}"
            )


class MapsTransform(nn.Sequential):
    """Guidance maps to as many channels as the features that they are added to."""

    def __init__(self, in_channels: int, middle_channels: int, out_channels: int, *, leaky: bool):
        activation = nn.LeakyReLU(0.2) if leaky else nn.ReLU()
        super().__init__(
            nn.Conv2d(in_channels, middle_channels, 1),
            activation,
            nn.Conv2d(middle_channels, out_channels, 3, stride=2, padding=1),
            ScaleLayer(),
        )


class ScaleLayer(nn.Module):
    """One learned factor, whose learning rate is that of its parameter times ``lr_mult``."""

    def __init__(self, initial: float = 0.05, lr_mult: float = 1.0):
        super().__init__()
        self.initial, self.lr_mult = initial / lr_mult, lr_mult
        self.scale = nn.Parameter(torch.full((1,), self.initial))

    def forward(self, x: Tensor) -> Tensor:
        """The input times the factor."""
        return x * torch.abs(self.scale * self.lr_mult)


def normalised(pixel_values: Tensor) -> Tensor:
    """(B, 3, H, W) RGB in [0, 1], normalised with ImageNet's mean and standard deviation."""
    mean, std = (pixel_values.new_tensor(values)[:, None, None] for values in (_MEAN, _STD))
    return (pixel_values - mean) / std


def click_disks(points: Tensor, size: tuple[int, int], radius: int = 5) -> Tensor:
    """Binary maps of disks around clicks.

    As in the paper's code, a pixel belongs to a disk if its squared distance is at most
    ``radius`` squared, clicks need not be whole numbers, and a click is padding only if both its
    row and its column are negative.

    Args:
        points: (B, 2N, 3) as (row, column, index): N positive clicks, then N negative ones.
        size: (H, W) of the maps.
        radius: In pixels.

    Returns:
        (B, 2, H, W) float32, 0 or 1: positive and negative clicks.

    Example:
        >>> points = torch.tensor([[[1.0, 1.0, 0.0], [-1.0, -1.0, -1.0]]])
        >>> click_disks(points, (3, 3), radius=1)[0].int().tolist()
        [[[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]]
    """
    height, width = size
    batch, both, _ = points.shape
    places = points[..., :2].to(torch.float32)
    offsets = torch.arange(2 * radius + 1, device=points.device)
    # A window of 2 radius + 1 pixels per side holds a whole disk, so no map per click is needed.
    rows, columns = (torch.ceil(places - radius)[..., None] + offsets).unbind(-2)
    squares = [
        (grid - p) ** 2 for grid, p in zip((rows, columns), places.split(1, -1), strict=True)
    ]
    inside = squares[0][..., :, None] + squares[1][..., None, :] <= radius**2
    inside &= (places.amax(-1) >= 0)[..., None, None]
    inside &= ((rows >= 0) & (rows < height))[..., :, None]
    inside &= ((columns >= 0) & (columns < width))[..., None, :]
    pixels = rows.clamp(0, height - 1)[..., :, None].long() * width
    pixels = pixels + columns.clamp(0, width - 1)[..., None, :].long()
    maps = places.new_zeros(batch, 2, height * width)
    shape = (batch, 2, (both // 2) * inside.shape[-1] ** 2)
    # Scattered by maximum: a pixel outside of one disk may be inside of another.
    maps.scatter_reduce_(2, pixels.reshape(shape), inside.reshape(shape).to(maps.dtype), "amax")
    return maps.view(batch, 2, height, width)
