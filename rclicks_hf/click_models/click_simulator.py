"""A simulated user for the training of segmenters: batches of clicks on the model's device."""

from __future__ import annotations

import torch

from rclicks_hf.click_models.click_drawing import draw_clicks
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
    from_canvas,
    to_canvas,
)
from rclicks_hf.networks.clickability.modeling_clickability import ClickabilityModel


class ClickSimulator:
    """Draws realistic clicks for whole batches, in torch on the model's device.

    Click maps are those of the image processor and the network; clicks follow the benchmark's
    clicker (paper, section "Clicking groups").

    Args:
        model: The network; it is switched to evaluation mode.
        processor: Image processor whose size, mean and deviation are used; None takes the model's
            `image_size` and ImageNet's mean and deviation.

    Example:
        >>> from rclicks_hf.networks.clickability import ClickabilityConfig
        >>> config = ClickabilityConfig.from_preset("nano", image_size=64)
        >>> simulator = ClickSimulator(ClickabilityModel(config))
        >>> masks = torch.zeros(2, 48, 64, dtype=torch.bool)
        >>> masks[:, 10:30, 12:40] = True
        >>> clicks = simulator.sample(torch.rand(2, 3, 48, 64), masks, masks, num_clicks=5)
        >>> clicks.shape, bool(masks[0][clicks[0, :, 1], clicks[0, :, 0]].all())
        (torch.Size([2, 5, 2]), True)
    """

    def __init__(
        self, model: ClickabilityModel, processor: ClickabilityImageProcessor | None = None
    ):
        side = model.config.image_size
        self.model = model.eval()
        self.processor = processor or ClickabilityImageProcessor(
            size={"height": side, "width": side}
        )

    def sample(
        self,
        images: torch.Tensor,
        object_masks: torch.Tensor,
        error_masks: torch.Tensor,
        num_clicks: int,
        group: tuple[float, float] = (0.0, 1.0),
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Draw clicks inside error masks.

        Args:
            images: (B, 3, H, W) RGB, uint8 or float in [0, 1]; grey is repeated, alpha dropped. A
                single image for B masks is encoded once.
            object_masks: (B, H, W) or (B, 1, H, W), > 0 on the object.
            error_masks: (B, H, W) or (B, 1, H, W), > 0 on the region to click in.
            num_clicks: Clicks per instance.
            group: (q_lo, q_hi), shares of the click map's mass: (0.9, 1) are the likeliest clicks.
            generator: Random generator, on the CPU or on the model's device.

        Returns:
            (B, num_clicks, 2) int64 on the model's device, each (x, y) in pixels, all different
            within an instance; (-1, -1) where no pixel is left.

        Raises:
            ValueError: If sizes or batches differ, or values are out of range.
        """
        prepared = self.prepare(images, object_masks)
        return prepared.sample(error_masks, num_clicks, group, generator)

    def click_maps(
        self, images: torch.Tensor, object_masks: torch.Tensor, error_masks: torch.Tensor
    ) -> torch.Tensor:
        """The click maps that `sample` draws from: (B, H, W) float32 in [0, 1]."""
        return self.prepare(images, object_masks).click_maps(error_masks)

    def prepare(self, images: torch.Tensor, object_masks: torch.Tensor) -> PreparedImages:
        """Images and objects, encoded once for the errors of many rounds of clicks.

        Args:
            images: As for `sample`.
            object_masks: As for `sample`.

        Returns:
            An object with `sample` and `click_maps`, which take error masks.

        Raises:
            ValueError: As for `sample`.

        Example:
            >>> from rclicks_hf.networks.clickability import ClickabilityConfig
            >>> config = ClickabilityConfig.from_preset("nano", image_size=64)
            >>> simulator = ClickSimulator(ClickabilityModel(config))
            >>> masks = torch.ones(2, 48, 64, dtype=torch.bool)
            >>> prepared = simulator.prepare(torch.rand(1, 3, 48, 64), masks)
            >>> prepared.sample(masks, num_clicks=1).shape
            torch.Size([2, 1, 2])
        """
        return PreparedImages(self, images, _planes(object_masks, "object_masks"))

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) float32, normalised with the processor's mean and deviation."""
        values = images[:, :3].float() / (1 if images.is_floating_point() else 255)
        if images.is_floating_point() and ((values < 0) | (values > 1)).any():
            raise ValueError(
                f"images are float with values from {values.min():.3g} to {values.max():.3g}; "
                "give floats in [0, 1] or uint8"
            )
        mean, std = (
            torch.tensor(values_, device=images.device)[:, None, None]
            for values_ in (self.processor.image_mean, self.processor.image_std)
        )
        return (values.expand(-1, 3, -1, -1) - mean) / std


class PreparedImages:
    """See `ClickSimulator.prepare`."""

    @torch.no_grad()
    def __init__(self, simulator: ClickSimulator, images: torch.Tensor, objects: torch.Tensor):
        _check(images, objects)
        size = simulator.processor.size
        self._model, self._canvas = simulator.model, (size["height"], size["width"])
        self._shape = tuple(objects.shape)
        pixels = to_canvas(simulator._normalised(images.to(self._model.device)), self._canvas)
        self._features = self._model.encode_image(pixels.to(self._model.dtype))
        self._objects = self._fed(objects)

    def sample(
        self,
        error_masks: torch.Tensor,
        num_clicks: int,
        group: tuple[float, float] = (0.0, 1.0),
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Clicks in the error masks; see `ClickSimulator.sample`."""
        click_maps = self.click_maps(error_masks)
        errors = _planes(error_masks, "error_masks").to(click_maps.device)
        return draw_clicks(click_maps, errors, num_clicks, group, generator)

    @torch.no_grad()
    def click_maps(self, error_masks: torch.Tensor) -> torch.Tensor:
        """The click maps that `sample` draws from; see `ClickSimulator.click_maps`."""
        errors = _planes(error_masks, "error_masks")
        if errors.shape != self._shape:
            raise ValueError(
                f"object_masks are {self._shape} but error_masks {tuple(errors.shape)}"
            )
        masks = (self._objects, self._fed(errors))
        output = self._model(None, *masks, image_features=self._features, return_dict=True)
        return from_canvas(output.click_map, (errors.shape[1], errors.shape[2]))

    def _fed(self, masks: torch.Tensor) -> torch.Tensor:
        """The (B, 1, S, S) input of the network from (B, H, W) masks."""
        planes = (masks.to(self._model.device) > 0).float()[:, None]
        return to_canvas(planes, self._canvas).to(self._model.dtype)


def _planes(masks: torch.Tensor, name: str) -> torch.Tensor:
    """Masks (B, H, W) or (B, 1, H, W) as (B, H, W)."""
    if masks.ndim == 4 and masks.shape[1] == 1:
        return masks[:, 0]
    if masks.ndim != 3:
        raise ValueError(f"{name} must be (B, H, W) or (B, 1, H, W), got {tuple(masks.shape)}")
    return masks


def _check(images: torch.Tensor, objects: torch.Tensor) -> None:
    if images.ndim != 4 or images.shape[1] not in (1, 3, 4):
        raise ValueError(f"images must be (B, 1, 3 or 4, H, W), got {tuple(images.shape)}")
    if images.shape[2:] != objects.shape[1:]:
        sizes = tuple(objects.shape[1:]), tuple(images.shape[2:])
        raise ValueError(f"object_masks are {sizes[0]}, their images are {sizes[1]}")
    if len(images) not in (1, len(objects)):
        raise ValueError(f"{len(images)} images but {len(objects)} masks; give one mask per image")
