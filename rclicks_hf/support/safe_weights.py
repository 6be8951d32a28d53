"""Published checkpoints: only tensors are read, and keys that do not fit a network are named."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from rclicks_hf.errors import RclicksError

_NAMED = 5  # largest number of keys an error names per kind
_GROWTH = 10  # largest ratio of an archive's unpacked size to its size


def load_state_dict(path: str | os.PathLike[str], *, original: str) -> dict[str, torch.Tensor]:
    """Read a dict of dense, finite tensors saved by `torch.save`; no code in the file is run.

    `original` names the published file in the error for a missing one.
    """
    if not Path(path).is_file():
        raise RclicksError(f"{path}: no such file; give the published checkpoint {original}")
    _refuse_bomb(Path(path))
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RclicksError(
            f"{path}: holds more than tensors, or is damaged, and was not loaded; "
            "download the published checkpoint again"
        ) from error
    except Exception as error:  # a damaged pickle can raise anything
        raise RclicksError(
            f"{path}: truncated or not a checkpoint; download the published checkpoint again"
        ) from error
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()
    ):
        raise RclicksError(f"{path}: is not a dict of tensors; give the bare state dict")
    for key, tensor in state.items():
        if unusable := _why_unusable(tensor):
            raise RclicksError(f"{path}: {key} {unusable}; download the published checkpoint again")
    return state


def _refuse_bomb(path: Path) -> None:
    """Refuse an archive that would fill the memory; `torch.save` does not compress."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # an older format, or damaged
    if unpacked > _GROWTH * path.stat().st_size:
        raise RclicksError(
            f"{path}: would unpack to {unpacked / 2**30:.1f} GiB and was not loaded; "
            "download the published checkpoint again"
        )


def _why_unusable(tensor: torch.Tensor) -> str:
    """Why a tensor cannot be a parameter of a network; ``""`` for one that can."""
    is_plain = tensor.layout == torch.strided and not (tensor.is_quantized or tensor.is_meta)
    # A view may claim more elements than are stored.
    if not is_plain or tensor.nbytes > tensor.untyped_storage().nbytes():
        return "is not a plain dense tensor"
    if tensor.is_complex():
        return "holds complex numbers"
    # Checked as float32, the networks' dtype: a larger float64 would become infinite.
    return "" if bool(tensor.float().isfinite().all()) else "holds numbers that are not finite"


def check_keys(
    path: str | os.PathLike[str],
    state: Mapping[str, torch.Tensor],
    expected: Mapping[str, torch.Tensor],
    *,
    network: str,
) -> None:
    """Refuse a state dict whose keys or shapes are not those of the network; they are named."""
    differing = [
        f"{key} {tuple(state[key].shape)} for {tuple(expected[key].shape)}"
        for key in expected.keys() & state.keys()
        if state[key].shape != expected[key].shape
    ]
    problems = {
        "missing": expected.keys() - state.keys(),
        "extra": state.keys() - expected.keys(),
        "of another shape": differing,
    }
    if any(problems.values()):
        listed = "; ".join(f"{what}: {_list(keys)}" for what, keys in problems.items() if keys)
        raise RclicksError(
            f"{path}: is not a checkpoint of {network}: {listed}; download the published "
            "checkpoint again"
        )


def _list(keys: Collection[str]) -> str:
    ordered = sorted(keys)
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    return ", ".join(ordered[:_NAMED]) + more
