"""Loading of saved networks; what is wrong with a folder is reported in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from safetensors import safe_open
from transformers.utils import cached_file, logging

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS
from rclicks_hf.support.hub_errors import hub_problem, patiently
from rclicks_hf.support.text.visible_text import shorten, shown, visible

_NAMED = 5  # largest number of tensors an error names
_PROBLEMS = {"missing_keys": "missing", "unexpected_keys": "unexpected"}
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_LARGEST_INDEX = 32 << 20  # bytes


def load_network(network: str, name_or_path: str | os.PathLike[str]) -> tuple[Any, Any]:
    """Load a network, in evaluation mode, and the image processor saved with it, if it has one.

    `network` is a key of `NETWORKS`; anything but whole, finite weights of that network is an
    `RclicksError`.
    """
    row = NETWORKS[network]
    model_class = row.load("model")
    try:
        with no_bar_for_a_folder(name_or_path):
            patiently(lambda: _require_type(name_or_path, model_class, row.title))
            require_shards_inside(name_or_path)
            loaded: Any = patiently(
                lambda: model_class.from_pretrained(name_or_path, output_loading_info=True)
            )
            processor = row.image_processor and patiently(
                lambda: row.load("image_processor").from_pretrained(name_or_path)
            )
    except RclicksError:
        raise
    except Exception as error:  # untrusted content: any exception is possible
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
        if isinstance(error, UnpicklingError):  # torch's message suggests running the code in it
            reason = "its pickled weights hold more than tensors, or are damaged"
        elif not os.path.isdir(name_or_path):
            reason = hub_problem(error) or reason
        raise RclicksError(
            f"{name_or_path}: cannot load a {row.title} ({shorten(visible(reason), 300)}); give a "
            "folder written by save_pretrained, or a Hub repo"
        ) from error
    model, report = loaded
    check_weights(name_or_path, model, report)
    return model.eval(), processor or None


def check_weights(
    name_or_path: str | os.PathLike[str],
    model: Any,
    report: Mapping[str, Collection[str]],
    *,
    may_have_more: bool = False,
) -> None:
    """Refuse missing, unexpected or non-finite weights, about which transformers at most warns.

    `report` comes from ``from_pretrained(..., output_loading_info=True)``; `may_have_more` is True
    where a part of the saved model is left out on purpose.
    """
    for kind in ["missing_keys"] if may_have_more else _PROBLEMS:
        if keys := sorted(report[kind]):
            named = ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")
            raise RclicksError(
                f"{name_or_path}: its weights have {len(keys)} {_PROBLEMS[kind]} tensors "
                f"({named}); save or download the model again"
            )
    for key, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise RclicksError(
                f"{name_or_path}: its weights are not finite ({key}); download the model again, or "
                "train it again with a lower learning rate"
            )


def require_shards_inside(name_or_path: str | os.PathLike[str]) -> None:
    """Refuse a weight index that cannot be read as one, or that names a file outside its folder."""
    for name in _INDEXES:
        path = _saved_file(name_or_path, name)
        if path is not None and (problem := _index_problem(path)):
            raise RclicksError(f"{name_or_path}: {name} {problem}; save or download it again")


def saved_keys(name_or_path: str | os.PathLike[str]) -> set[str]:
    """The keys of the weights in safetensors, as they are saved; empty if there are none."""
    path = _saved_file(name_or_path, "model.safetensors")
    if path is not None:
        with safe_open(path, "pt") as weights:
            return set(weights.keys())
    index = _saved_file(name_or_path, _INDEXES[0])
    return set(json.loads(index.read_text("utf-8"))["weight_map"]) if index else set()


def _saved_file(name_or_path: str | os.PathLike[str], name: str) -> Path | None:
    found = cached_file(
        name_or_path,
        name,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if found is None else Path(found)


def _index_problem(path: Path) -> str:
    if path.stat().st_size > _LARGEST_INDEX:
        return f"is larger than {_LARGEST_INDEX >> 20} MiB"
    try:
        index = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return "cannot be read as JSON"
    files = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(files, dict) or not all(isinstance(file, str) for file in files.values()):
        return "lists no files of weights"
    for file in files.values():
        if file in ("", ".", "..") or {*file} & {*"/\\:\0"}:
            return f"names a file outside its folder, {shown(file)}"
    return ""


def _require_type(name_or_path: str | os.PathLike[str], model_class: Any, title: str) -> None:
    """Refuse another type of network, which transformers would load with all weights missing."""
    found = model_class.config_class.get_config_dict(name_or_path)[0].get("model_type")
    if found not in (None, model_class.config_class.model_type):
        raise RclicksError(
            f"{name_or_path}: holds a network of type {found!r}, not a {title}; give the folder or "
            "Hub repo of one"
        )


@contextmanager
def no_bar_for_a_folder(name_or_path: str | os.PathLike[str]) -> Iterator[None]:
    """Hide transformers' progress bar while a folder is read; a download keeps its own."""
    # In worker processes such bars would break up the bar of the whole job.
    hide = os.path.isdir(name_or_path) and logging.is_progress_bar_enabled()
    if hide:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hide:
            logging.enable_progress_bar()
