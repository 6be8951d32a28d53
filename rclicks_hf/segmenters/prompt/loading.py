"""SAM-style networks from a folder or the Hub: the type is read from config.json, no code runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig
from transformers.utils import logging

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.loading import check_weights, no_bar_for_a_folder
from rclicks_hf.segmenters.prompt.base import PromptedSegmenter
from rclicks_hf.segmenters.prompt.sam import SamSegmenter
from rclicks_hf.segmenters.prompt.sam2 import Sam2Segmenter

#: ``model_type`` in config.json -> the segmenter that wraps such a network.
MODEL_TYPES: dict[str, type[SamSegmenter] | type[Sam2Segmenter]] = {
    "sam": SamSegmenter,
    "sam2": Sam2Segmenter,
    "sam2_video": Sam2Segmenter,  # the published SAM 2 checkpoints; the video's parts are left out
}


def load_pretrained_segmenter(
    name_or_path: str | os.PathLike[str],
    *,
    device: str | torch.device | None = None,
    batch_size: int | None = None,
) -> PromptedSegmenter:
    """Load a SAM or SAM 2 network of `transformers` as a segmenter.

    Args:
        name_or_path: Folder that ``save_pretrained`` wrote, or Hub repo. Weights are read from
            safetensors files only, and no code of the repo is run.
        device: Where to run; None takes a GPU where there is one.
        batch_size: Trajectories a forward pass; None takes what suits the device.

    Returns:
        The segmenter, named after the folder or the repo.

    Raises:
        RclicksError: If there is no network of a supported type, its weights are damaged, kept
            only as a pickle, or some are missing or not finite.

    Example:
        >>> load_pretrained_segmenter("never-saved/nothing")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-saved/nothing: no segmentation network can be ...
    """
    text = os.fspath(name_or_path)
    segmenter_class = MODEL_TYPES[_model_type(text)]
    model = _load_model(text, segmenter_class.model_class)
    name = Path(text).resolve().name if Path(text).is_dir() else text
    return segmenter_class(model, name=name, device=device, batch_size=batch_size)


def _model_type(name_or_path: str) -> str:
    try:
        config, _ = PreTrainedConfig.get_config_dict(name_or_path)
    except Exception as error:  # what lies there may be wrong in any way
        raise _cannot_load(name_or_path, error) from error
    if not config:
        raise _cannot_load(name_or_path, OSError("there is no config.json"))
    model_type = config.get("model_type") if isinstance(config, dict) else None
    if not isinstance(model_type, str) or model_type not in MODEL_TYPES:
        raise RclicksError(
            f"{name_or_path}: config.json says model_type {model_type!r}; supported are "
            f"{', '.join(MODEL_TYPES)}; wrap another method in a class of your own"
        )
    return model_type


def _load_model(name_or_path: str, model_class: Any) -> Any:
    try:
        with no_bar_for_a_folder(name_or_path), _no_warnings():
            model, report = model_class.from_pretrained(
                name_or_path, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
    except Exception as error:  # the same
        raise _cannot_load(name_or_path, error) from error
    check_weights(name_or_path, model, report, may_have_more=True)
    return model


@contextmanager
def _no_warnings() -> Iterator[None]:
    """They tell of what is checked here, or meant."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _cannot_load(name_or_path: str, error: Exception) -> RclicksError:
    first_line = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    return RclicksError(
        f"{name_or_path}: no segmentation network can be loaded from there ({first_line}); give a "
        "folder with config.json and model.safetensors, or a Hub repo"
    )
