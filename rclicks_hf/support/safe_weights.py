"""Checkpoints from outside: tensors only are read, and keys that do not fit are named."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from rclicks_hf.errors import RclicksError

_NAMED = 5  # how many keys an error names
_GROWTH = 10  # how many times its size an archive may unpack to


def load_state_dict(
    path: str | os.PathLike[str], *, original: str = "the original .pth"
) -> dict[str, torch.Tensor]:
    """Read the tensors of a checkpoint; no code in it is ever run.

    Args:
        path: A file written by `torch.save` that holds one dict of tensors.
        original: What the file should be, for the error where it is absent.

    Returns:
        Tensor of each key, on the CPU.

    Raises:
        RclicksError: If the file is absent, damaged, or holds anything but dense tensors of finite
            real numbers.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "state.pth"
        >>> torch.save({"weight": torch.eye(2)}, path)
        >>> load_state_dict(path)["weight"].tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if not Path(path).is_file():
        raise RclicksError(f"{path}: no such file; give the checkpoint, {original}")
    _refuse_bomb(Path(path))
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RclicksError(
            f"{path}: holds more than tensors, or is damaged, and was not loaded; "
            "download the original checkpoint again"
        ) from error
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise RclicksError(f"{path}: truncated or no checkpoint; download it again") from error
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()
    ):
        raise RclicksError(f"{path}: is not a dict of tensors; give the bare state dict")
    for key, tensor in state.items():
        if unusable := _why_unusable(tensor):
            raise RclicksError(f"{path}: {key} {unusable}; download the original checkpoint again")
    return state


def _refuse_bomb(path: Path) -> None:
    """`torch.save` does not compress: an archive that says it grows would only fill the memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # an older format, or damaged
    if unpacked > _GROWTH * path.stat().st_size:
        raise RclicksError(
            f"{path}: would unpack to {unpacked / 2**30:.1f} GiB and was not loaded; "
            "download the original checkpoint again"
        )


def _why_unusable(tensor: torch.Tensor) -> str:
    """What a network's parameter cannot be; ``""`` for one that it can."""
    is_plain = tensor.layout == torch.strided and not (tensor.is_quantized or tensor.is_meta)
    # A view may claim more elements than are stored.
    if not is_plain or tensor.nbytes > tensor.untyped_storage().nbytes():
        return "is no plain dense tensor"
    if tensor.is_complex():
        return "holds complex numbers"
    # As float32, as which the networks take it: a larger float64 is infinite there.
    return "" if bool(tensor.float().isfinite().all()) else "holds numbers that are not finite"


def check_keys(
    path: str | os.PathLike[str],
    shapes: Mapping[str, torch.Size],
    expected: Mapping[str, torch.Size],
    *,
    network: str,
) -> None:
    """Refuse a state dict that is not the one of a network.

    Args:
        path: Where the state dict comes from, for the errors.
        shapes: Shape of each of its keys.
        expected: Shape of each key of the network.
        network: The network's name, for the errors.

    Raises:
        RclicksError: If keys are missing or extra, or a shape is another; the first five of each
            are named.

    Example:
        >>> here, wanted = {"a": torch.Size([2]), "c": torch.Size([1])}, {"a": torch.Size([3])}
        >>> check_keys("model.pth", here, wanted, network="'tiny'")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: model.pth: is not the network 'tiny': extra: c; of another
        shape: a (2,) for (3,); download it again
    """
    differing = [
        f"{key} {tuple(shapes[key])} for {tuple(expected[key])}"
        for key in expected.keys() & shapes.keys()
        if shapes[key] != expected[key]
    ]
    problems = {
        "missing": expected.keys() - shapes.keys(),
        "extra": shapes.keys() - expected.keys(),
        "of another shape": differing,
    }
    if any(problems.values()):
        listed = "; ".join(f"{what}: {_list(keys)}" for what, keys in problems.items() if keys)
        raise RclicksError(f"{path}: is not the network {network}: {listed}; download it again")


def _list(keys: Collection[str]) -> str:
    ordered = sorted(keys)
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    return ", ".join(ordered[:_NAMED]) + more
