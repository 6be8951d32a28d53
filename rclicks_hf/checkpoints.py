"""Checkpoints from outside: tensors only are read, and keys that do not fit are named."""

from __future__ import annotations

import os
import pickle
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from rclicks_hf.errors import RclicksError

_NAMED = 5  # how many keys an error names


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
        RclicksError: If the file is absent, damaged, or holds anything but tensors.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "state.pth"
        >>> torch.save({"weight": torch.eye(2)}, path)
        >>> load_state_dict(path)["weight"].tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if not Path(path).is_file():
        raise RclicksError(f"{path}: no such file; give the checkpoint, {original}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RclicksError(
            f"{path}: holds more than tensors, or is damaged, and was not loaded; "
            "download the original checkpoint again"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise RclicksError(f"{path}: truncated or no checkpoint; download it again") from error
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()
    ):
        raise RclicksError(f"{path}: is not a dict of tensors; give the bare state dict")
    return state


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
