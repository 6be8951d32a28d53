"""Segmentation networks from a folder or the Hub: safetensors only, and no code of theirs runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig
from transformers.utils import logging

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.loading import (
    check_weights,
    no_bar_for_a_folder,
    require_shards_inside,
    saved_keys,
)
from rclicks_hf.networks.placement import Batch, find_device, put_on
from rclicks_hf.support.hub_errors import hub_problem, patiently
from rclicks_hf.support.safe_weights import short_key
from rclicks_hf.support.visible_text import shorten, visible

_PARTS = "layers|depth|blocks|stages|multimask|point_embeddings"
# A pattern of names in config.json -> the largest number there: of parts that are built one by one,
# and of the side of a map that is allocated when the network is made.
_MOST = {"embedding_size": 512, "image_size": 4096, _PARTS: 1000}
_LONGEST_LIST = 1000
CPU_BATCH, ACCELERATOR_BATCH = 1, 16  # trajectories per forward pass


def read_model_type(place: str) -> str:
    """The ``model_type`` in the config.json of a folder or Hub repo."""
    try:
        config, _ = patiently(lambda: PreTrainedConfig.get_config_dict(place))
    except Exception as error:  # untrusted content: any exception is possible
        raise _cannot_load(place, error) from error
    if not config:
        raise _cannot_load(place, OSError("there is no config.json"))
    model_type = config.get("model_type") if isinstance(config, dict) else None
    return model_type if isinstance(model_type, str) else repr(model_type)


def load_model(place: str, model_class: Any, *, repeated_prefix: str = "") -> Any:
    """A network of ``model_class`` in 32-bit floats, with all its weights present and finite.

    ``repeated_prefix`` is one that `save_pretrained` may have written twice before a key.
    """
    mapping = None
    try:
        _check_numbers(place)
        require_shards_inside(place)
        if repeated_prefix and _repeats(place, repeated_prefix):
            mapping = {f"^{re.escape(repeated_prefix * 2)}": repeated_prefix}
        with no_bar_for_a_folder(place), _no_warnings():
            model, report = patiently(
                lambda: model_class.from_pretrained(
                    place,
                    use_safetensors=True,
                    dtype=torch.float32,
                    output_loading_info=True,
                    key_mapping=mapping,
                )
            )
    except RclicksError:
        raise
    except Exception as error:  # untrusted content: any exception is possible
        raise _cannot_load(place, error) from error
    check_weights(place, model, report, may_have_more=True)
    return model


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what a config.json that does not fit its network raises into one line."""
    try:
        yield
    except RclicksError:
        raise
    except (RuntimeError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise _cannot_load(place, error) from error


def _check_numbers(place: str) -> None:
    """Refuse numbers of a config.json with which building the network would not end."""
    config, _ = PreTrainedConfig.get_config_dict(place)
    found: list[tuple[str, Any]] = list(config.items())
    while found:
        name, value = found.pop()
        if isinstance(value, dict):
            found += value.items()
            continue
        numbers = value if isinstance(value, list) else [value]
        most = next((most for part, most in _MOST.items() if re.search(part, name)), math.inf)
        too_large = any(isinstance(number, int) and number > most for number in numbers)
        if too_large or len(numbers) > _LONGEST_LIST:
            raise RclicksError(
                f"{place}: {short_key(name)} in config.json is larger than any network needs; "
                "download the model again"
            )


def on_device(
    model: Any, device: str | torch.device | None, batch_size: int | None
) -> tuple[Any, Batch]:
    """A network in evaluation mode and 32-bit floats on a device, and its batch size.

    ``device`` None is a GPU if there is one; ``batch_size`` None is what suits the device.
    """
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size must be positive, got {batch_size}")
    placed = put_on(model, find_device(device))
    default = CPU_BATCH if placed.device.type == "cpu" else ACCELERATOR_BATCH
    return placed, Batch(batch_size or default)


def display_name(place: str) -> str:
    """What tables call a network: the folder's name, or the Hub id."""
    return Path(place).resolve().name if Path(place).is_dir() else place


def _repeats(place: str, prefix: str) -> bool:
    """Whether saved keys begin with a prefix twice; refused where one exists both ways."""
    keys = saved_keys(place)
    repeated = {key for key in keys if key.startswith(prefix * 2)}
    if both := sorted(key for key in repeated if key.removeprefix(prefix) in keys):
        raise RclicksError(
            f"{place}: its weights hold {short_key(both[0].removeprefix(prefix))} twice, with one "
            f"and with two {prefix!r} before it; save or download the model again"
        )
    return bool(repeated)


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Silences warnings about unused weights, which `check_weights` judges itself."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _cannot_load(place: str, error: Exception) -> RclicksError:
    of_hub = "" if Path(place).is_dir() else hub_problem(error)
    first_line = of_hub or shorten(visible(f"{type(error).__name__}: {error}".splitlines()[0]), 300)
    return RclicksError(
        f"{place}: no segmentation network can be loaded from there ({first_line}); give a "
        "folder with config.json and model.safetensors, or a Hub repo"
    )
