"""A saved network with its image processor; what is wrong with the folder is said in one line."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pickle import UnpicklingError
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers.utils import logging

from rclicks_hf.errors import RclicksError

_NAMED = 5  # how many tensors an error names
_VERBS = {"missing_keys": "lack", "unexpected_keys": "have beyond the network's"}
_UNREADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
    UnpicklingError,
)


def load_network(
    name_or_path: str | os.PathLike[str], model_class: Any, processor_class: Any, *, what: str
) -> tuple[Any, Any]:
    """Load a network and the image processor saved beside it.

    Args:
        name_or_path: Folder that ``save_pretrained`` wrote, or Hub repo.
        model_class: A ``PreTrainedModel``.
        processor_class: Its image processor.
        what: What the network is called in errors, for example ``"saliency network"``.

    Returns:
        The network, in evaluation mode, and its image processor.

    Raises:
        RclicksError: If there is none, it is another kind of network, its weights are damaged, or
            some are missing, too many or not finite; they are named.

    Example:
        >>> from rclicks_hf.networks.saliency import SaliencyImageProcessor, SaliencyModel
        >>> classes = SaliencyModel, SaliencyImageProcessor
        >>> load_network("never-made", *classes, what="saliency network")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-made: no saliency network can be loaded from there...
    """
    try:
        with no_bar_for_a_folder(name_or_path):
            _require_kind(name_or_path, model_class, what)
            loaded: Any = model_class.from_pretrained(name_or_path, output_loading_info=True)
            processor = processor_class.from_pretrained(name_or_path)
    except _UNREADABLE as error:
        lines = str(error).strip().splitlines()
        reason = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
        if isinstance(error, UnpicklingError):  # torch's own words advise to run the code in it
            reason = "its pickled weights hold more than tensors, or are damaged"
        raise RclicksError(
            f"{name_or_path}: no {what} can be loaded from there ({reason}); give a "
            "folder that save_pretrained wrote, or a Hub repo"
        ) from error
    model, report = loaded
    check_weights(name_or_path, model, report)
    return model.eval(), processor


def check_weights(
    name_or_path: str | os.PathLike[str],
    model: Any,
    report: Mapping[str, Collection[str]],
    *,
    may_have_more: bool = False,
) -> None:
    """Refuse weights that `transformers` takes with a warning, or silently.

    Args:
        name_or_path: Where they come from.
        model: The `torch.nn.Module` that has them now.
        report: What ``from_pretrained(..., output_loading_info=True)`` says of them.
        may_have_more: True where a part of what was saved is left out on purpose.

    Raises:
        RclicksError: If some are missing, too many or not finite; they are named.

    Example:
        >>> check_weights("my-net", None, {"missing_keys": {"conv.bias"}, "unexpected_keys": set()})
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: my-net: its weights lack 1 tensors (conv.bias); save or ...
    """
    for kind in ["missing_keys"] if may_have_more else _VERBS:
        if keys := sorted(report[kind]):
            named = ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")
            raise RclicksError(
                f"{name_or_path}: its weights {_VERBS[kind]} {len(keys)} tensors ({named}); "
                "save or download the model again"
            )
    for key, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise RclicksError(
                f"{name_or_path}: its weights hold numbers that are not finite ({key}); train it "
                "again with a lower learning rate, or download it again"
            )


def _require_kind(name_or_path: str | os.PathLike[str], model_class: Any, what: str) -> None:
    """A folder of another network would be loaded with all weights missing, and a warning."""
    found = model_class.config_class.get_config_dict(name_or_path)[0].get("model_type")
    if found not in (None, model_class.config_class.model_type):
        raise RclicksError(f"{name_or_path}: holds a network of type {found!r}, no {what}")


@contextmanager
def no_bar_for_a_folder(name_or_path: str | os.PathLike[str]) -> Iterator[None]:
    """Reading a folder takes a moment and needs no bar; a download from the Hub keeps its own.

    In worker processes such bars would break up the one of the whole work.

    Args:
        name_or_path: Folder, or Hub repo.

    Example:
        >>> with no_bar_for_a_folder("."):
        ...     logging.is_progress_bar_enabled()
        False
    """
    hide = os.path.isdir(name_or_path) and logging.is_progress_bar_enabled()
    if hide:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hide:
            logging.enable_progress_bar()
