"""Segmentation networks from a folder or the Hub: safetensors only, and no code of theirs runs."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

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
from rclicks_hf.networks.placement import Batch, find_device, find_dtype, put_on
from rclicks_hf.support.hub_errors import hub_problem, patiently
from rclicks_hf.support.text.visible_text import shorten, visible
from rclicks_hf.support.untrusted.safe_weights import short_key

_PARTS = "layers|depth|blocks|stages|multimask|point_embeddings"
# A pattern of names in config.json -> the largest number there: of parts that are built one by one,
# and of the side of a map that is allocated when the network is made.
_MOST = {"embedding_size": 512, "image_size": 4096, _PARTS: 1000}
_LONGEST_LIST = 1000
CPU_BATCH, ACCELERATOR_BATCH = 1, 16  # trajectories per forward pass


class PretrainedSegmenter(ABC):
    """A network from a folder or the Hub, in evaluation mode and 32-bit floats on a device.

    Args:
        model: The network.
        name: What tables call it.
        device: For example ``"cuda:1"``; default: a GPU if there is one.
        dtype: Precision of the network's products and convolutions.
        batch_size: Trajectories per forward pass, fewer where inputs are large. Default: 16; on a
            CPU 1, because more is slower there (intermediate results leave the cache).

    Raises:
        ValueError: If ``batch_size`` is not positive.
    """

    encodes_ahead = True

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ):
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be positive, got {batch_size}")
        self.name = name
        self.model = put_on(model, find_device(device))
        self.device: torch.device = self.model.device
        default = CPU_BATCH if self.device.type == "cpu" else ACCELERATOR_BATCH
        self._batch = Batch(batch_size or default)
        self.dtype, self._dtype = dtype, find_dtype(dtype, self.device)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ) -> Self:
        """Load a network from a folder or the Hub, with safetensors weights."""
        model, name = cls._load(name_or_path), display_name(name_or_path)
        with explained(name_or_path):
            return cls(model, name=name, device=device, dtype=dtype, batch_size=batch_size)

    @classmethod
    @abstractmethod
    def _load(cls, place: str) -> Any:
        """The network in a folder or Hub repo."""

    @property
    def batch_size(self) -> int:
        """Trajectories per forward pass."""
        return self._batch.size


def read_model_type(place: str) -> str:
    """The ``model_type`` in the config.json of a folder or Hub repo."""
    model_type = read_config(place).get("model_type")
    return model_type if isinstance(model_type, str) else repr(model_type)


def read_config(place: str, **options: Any) -> dict[str, Any]:
    """The config.json of a folder or Hub repo."""
    try:
        config, _ = patiently(lambda: PreTrainedConfig.get_config_dict(place, **options))
    except Exception as error:  # untrusted content: any exception is possible
        raise _cannot_load(place, error) from error
    if not config:
        raise _cannot_load(place, OSError("there is no config.json"))
    return config if isinstance(config, dict) else {}


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
        f"{place}: cannot load a segmentation network ({first_line}); give a "
        "folder with config.json and model.safetensors, or a Hub repo"
    )
