"""A saved network with its image processor; what is wrong with the folder is said in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError
from transformers.utils import logging

from rclicks_hf.clickability.image_processing_clickability import ClickabilityImageProcessor
from rclicks_hf.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.errors import RclicksError

_NAMED = 5  # how many tensors an error names


def load_pretrained(
    name_or_path: str | os.PathLike[str],
) -> tuple[ClickabilityModel, ClickabilityImageProcessor]:
    """Load a network and the image processor saved beside it.

    Args:
        name_or_path: Folder that ``save_pretrained`` wrote, or Hub repo.

    Returns:
        The network, in evaluation mode, and its image processor.

    Raises:
        RclicksError: If there is none, its weights are damaged, or some are missing or too many;
            they are named.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.clickability import ClickabilityConfig
        >>> folder = tempfile.mkdtemp()
        >>> ClickabilityModel(ClickabilityConfig.from_preset("nano")).save_pretrained(folder)
        >>> _ = ClickabilityImageProcessor(size={"height": 96, "width": 96}).save_pretrained(folder)
        >>> model, processor = load_pretrained(folder)
        >>> model.training, model.num_parameters(), processor.size["width"]
        (False, 350002, 96)
    """
    try:
        with _no_bar_for_a_folder(name_or_path):
            loaded: Any = ClickabilityModel.from_pretrained(name_or_path, output_loading_info=True)
            processor = ClickabilityImageProcessor.from_pretrained(name_or_path)
    except (OSError, ValueError, RuntimeError, SafetensorError, UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RclicksError(
            f"{name_or_path}: no clickability network can be loaded from there ({reason}); give a "
            "folder that save_pretrained wrote, or a Hub repo"
        ) from error
    model, report = loaded
    for what, kind in (("lack", "missing_keys"), ("have beyond the network's", "unexpected_keys")):
        if keys := sorted(report[kind]):
            named = ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")
            raise RclicksError(
                f"{name_or_path}: its weights {what} {len(keys)} tensors ({named}); "
                "save or download the model again"
            )
    return model.eval(), processor


@contextmanager
def _no_bar_for_a_folder(name_or_path: str | os.PathLike[str]) -> Iterator[None]:
    """Reading a folder takes a moment and needs no bar; a download from the Hub keeps its own.

    In worker processes such bars would break up the one of the whole work.
    """
    hide = os.path.isdir(name_or_path) and logging.is_progress_bar_enabled()
    if hide:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hide:
            logging.enable_progress_bar()
