"""The `click-prediction` pipeline: from image and masks to click map and most likely click."""

from __future__ import annotations

import base64
import binascii
import errno
import os
import struct
from typing import Any

import numpy as np
from PIL import Image
from transformers.pipelines.base import Pipeline

from .image_processing_clickability import read_mask
from .image_reading import lossy, mask_of_image, open_image


class ClickabilityPipeline(Pipeline):
    """Predicts where users would click on an object or on a segmentation error.

    Registered as the task `"click-prediction"`.

    Example:
        >>> from rclicks_hf.networks.clickability import (
        ...     ClickabilityConfig, ClickabilityImageProcessor, ClickabilityModel)
        >>> model = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
        >>> clicks = ClickabilityPipeline(
        ...     model=model, image_processor=ClickabilityImageProcessor(), task="click-prediction")
        >>> mask = np.zeros((48, 64), bool)
        >>> mask[16:32, 16:40] = True
        >>> out = clicks(np.zeros((48, 64, 3), np.uint8), object_mask=mask)
        >>> out["click_map"].shape, mask[out["click"]["y"], out["click"]["x"]].item()
        ((48, 64), True)
    """

    _load_processor: Any = False
    _load_image_processor: Any = True
    _load_feature_extractor: Any = False
    _load_tokenizer: Any = False
    _load_video_processor: Any = False
    image_processor: Any

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Predict clicks.

        Args:
            inputs: An image (path, URL, open file, its bytes, PIL image or (H, W, 3) array) with
                the masks as keywords; or a dict with `image`, `object_mask` and optionally
                `error_mask`; or a list of dicts. Files and PIL images are turned upright by their
                EXIF orientation.
            **kwargs: `object_mask`, `error_mask` (path, URL, PIL image or (H, W) array; bool, or
                1 object, 0 background, -1 unknown, or 255, 0, 128) and `batch_size`. Without
                `error_mask` it is the object mask, as in the first round.

        Returns:
            A dict per image: `click_map`, (H, W) float32 in [0, 1], and `click`, the most likely
            pixel of the error mask as `{"x", "y"}`.

        Raises:
            ValueError: If the object mask is missing, a mask does not fit its image, a file cannot
                be read, or a keyword is unknown or given together with dicts.
        """
        if not isinstance(inputs, dict | list):
            masks = {name: kwargs.pop(name, None) for name in ("object_mask", "error_mask")}
            inputs = {"image": inputs, **masks}
        if unknown := sorted(kwargs.keys() - {"batch_size", "num_workers"}):
            raise ValueError(
                f"{', '.join(unknown)}: not a keyword here; give object_mask and error_mask "
                "with a single image, or in each dict"
            )
        return super().__call__(inputs, **kwargs)

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict, dict, dict]:
        return {}, {}, {}

    def preprocess(self, input_: Any, **kwargs: Any) -> dict[str, Any]:
        """Load the image and the masks and prepare them for the network."""
        if not isinstance(input_, dict) or input_.get("image") is None:
            raise ValueError("image is missing; for several images give a list of dicts")
        if input_.get("object_mask") is None:
            raise ValueError("object_mask is missing; give the mask of the object with the image")
        image = _load(input_["image"])
        object_mask = _load_mask(input_["object_mask"], "object_mask")
        error_mask = input_.get("error_mask")
        error_mask = object_mask if error_mask is None else _load_mask(error_mask, "error_mask")
        features = dict(
            self.image_processor(image, object_mask, error_mask, return_tensors="pt").items()
        )
        features["pixel_values"] = features["pixel_values"].to(self.dtype)
        return {**features, "region": error_mask > 0}

    def _forward(self, input_tensors: dict[str, Any], **kwargs: Any) -> Any:
        region = input_tensors.pop("region")
        return {
            "click_map": self.model(**input_tensors, return_dict=True).click_map,
            "region": region,
        }

    def postprocess(self, model_outputs: Any, **kwargs: Any) -> dict[str, Any]:
        """Map the click map back to the image and find its maximum inside the error mask."""
        # The pipeline splits batches but keeps a batch axis of 1.
        region = model_outputs["region"].reshape(model_outputs["region"].shape[-2:])
        click_map = self.image_processor.post_process_click_maps(
            model_outputs["click_map"], [region.shape]
        )[0].numpy()
        y, x = np.unravel_index(np.where(region, click_map, -1.0).argmax(), region.shape)
        return {"click_map": click_map, "click": {"x": int(x), "y": int(y)}}


def _load(source: Any) -> Any:
    """Files as PIL images; arrays and images unchanged."""
    return _opened(source)[0] if _is_file(source) else source


def _is_file(source: Any) -> bool:
    """Whether it is a path, a URL, or a file's content, as bytes or open."""
    return isinstance(source, str | os.PathLike | bytes | bytearray) or (
        hasattr(source, "read") and not isinstance(source, Image.Image)
    )


def _load_mask(source: Any, name: str) -> np.ndarray:
    """(H, W) bool or int8 mask of a file, PIL image or array."""
    if not _is_file(source):
        return read_mask(source, name)
    image, data = _opened(source)
    return mask_of_image(image, f"{name} {_shown(source)}", is_lossy=lossy(image, data))


def _opened(source: Any) -> tuple[Image.Image, bytes]:
    """The image of a path, a URL, base64 text or a file, and its file's content."""
    try:
        if isinstance(source, str | os.PathLike):
            data = _content(os.fspath(source))
        else:
            data = bytes(source) if isinstance(source, bytes | bytearray) else source.read()
        return open_image(data), data
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "it is cut off, damaged or not an image"
        raise ValueError(f"{_shown(source)}: cannot be read ({reason}); give an image") from error


def _content(source: str) -> bytes:
    if source.startswith(("http://", "https://")):
        from huggingface_hub.utils import httpx  # as transformers' load_image does

        try:
            return httpx.get(source, follow_redirects=True).raise_for_status().content
        except httpx.HTTPError as error:
            raise OSError(errno.EIO, "the address gives no file") from error
    if source.startswith("data:image/"):
        return base64.b64decode(source.partition(",")[2])
    if not os.path.lexists(source):
        try:
            return base64.b64decode(source, validate=True)
        except (binascii.Error, ValueError):
            pass  # no base64 text either: say that there is no such file
    with open(source, "rb") as file:
        return file.read()


def _shown(source: Any) -> str:
    text = os.fspath(source) if isinstance(source, str | os.PathLike) else type(source).__name__
    return text if len(text) <= 100 else f"{text[:97]}..."


__all__ = ["ClickabilityPipeline"]
