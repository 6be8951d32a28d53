"""Published checkpoints: only tensors are read, and keys that do not fit a network are named."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import shorten, visible
from rclicks_hf.support.untrusted.checkpoint_file import StoredTensor, open_checkpoint
from rclicks_hf.support.untrusted.safe_pickle import Inert

_NAMED = 5  # largest number of keys an error names per kind
_GROWTH = 10  # largest ratio of an archive's unpacked size to its size
_MOST_TENSORS = 5000  # the published networks have under 1000
_CHUNK = 1 << 20  # bytes
_TAIL = 2**16 + 22  # bytes; where the end record of an archive is searched
_KEY = 90  # characters of a key that an error shows
_WRAPPERS, _MOST_WRAPPERS = ("state_dict", "model"), 3
_PARALLEL = "module."
_HEAD = 64  # bytes that tell the kind of a file
_OTHER_KINDS = {  # how a file begins, in small letters -> what it is
    b"<!doctype": "is a web page, perhaps of a failed download",
    b"<html": "is a web page, perhaps of a failed download",
    b"version https://git-lfs": "is a pointer of Git LFS, not the file itself",
    b"\x1f\x8b": "is compressed; unpack it first",
}
_FLOATS = {torch.float64, torch.float32, torch.float16, torch.bfloat16}


def read_tensors(path: str | os.PathLike[str], *, original: str) -> dict[str, torch.Tensor]:
    """Read the state dict in a file of `torch.save`, zip or legacy; no code in the file is run.

    The state dict may stand under ``"state_dict"`` or ``"model"``, beside settings, which are
    skipped, and its keys may begin with the ``module.`` of `DataParallel`. `original` names the
    published file in the error for a missing one.
    """
    if other := _other_kind(Path(path)):
        raise RclicksError(f"{path}: {other}; give the published checkpoint {original}")
    _check_archive(Path(path))
    try:
        with open_checkpoint(path) as checkpoint:
            state = _without_module(_unwrapped(checkpoint.content))
            _check_state(path, state, original)
            return {key: checkpoint.tensor(stored) for key, stored in state.items()}
    except RclicksError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise RclicksError(
            f"{path}: truncated or not a checkpoint ({shorten(visible(str(error)), _KEY)}); "
            "download the published checkpoint again"
        ) from error


def _other_kind(path: Path) -> str:
    """What stands there instead of a file of `torch.save`, as a clause; ``""`` if it may be one."""
    if not path.is_file():
        return "is a folder" if path.is_dir() else "no such file"
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        return "is empty, perhaps after a failed download"
    for beginning, what in _OTHER_KINDS.items():
        if head.lstrip().lower().startswith(beginning):
            return what
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
        return "holds safetensors, which need no conversion: their folder is loaded as it is"
    return ""


def _unwrapped(content: Any) -> Any:
    """The dict under one of the names that training scripts give a state dict."""
    for _ in range(_MOST_WRAPPERS):
        found = isinstance(content, dict) and [
            content[name] for name in _WRAPPERS if isinstance(content.get(name), dict)
        ]
        if not found:
            break
        content = found[0]
    return content


def _without_module(state: Any) -> Any:
    """The state dict with the names that its network had before `DataParallel` held it."""
    if isinstance(state, dict) and all(str(key).startswith(_PARALLEL) for key in state):
        return {str(key).removeprefix(_PARALLEL): value for key, value in state.items()}
    return state


def _check_state(path: str | os.PathLike[str], state: Any, original: str) -> None:
    """Refuse what is not a dict of tensors that can be built."""
    if not isinstance(state, dict) or not state:
        raise RclicksError(
            f"{path}: is not a dict of tensors; give the published checkpoint {original}"
        )
    if len(state) > _MOST_TENSORS:
        raise RclicksError(
            f"{path}: holds {len(state):,} tensors, more than any network here; give the published "
            f"checkpoint {original}"
        )
    for key, value in state.items():
        if isinstance(value, Inert) and value.name.startswith("torch."):
            raise RclicksError(
                f"{path}: {short_key(str(key))} is not a plain dense tensor; download the "
                "published checkpoint again"
            )
        if not isinstance(key, str) or not isinstance(value, StoredTensor):
            what = value.name if isinstance(value, Inert) else type(value).__name__
            raise RclicksError(
                f"{path}: is not a dict of tensors: {short_key(str(key))} is {short_key(what)}; "
                f"give the published checkpoint {original}"
            )


def check_numbers(path: str | os.PathLike[str], state: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that are not dense, finite, floating-point numbers of at least 16 bits."""
    for key, tensor in state.items():
        if unusable := _why_unusable(key, tensor):
            raise RclicksError(
                f"{path}: {short_key(key)} {unusable}; download the published checkpoint again"
            )


def _check_archive(path: Path) -> None:
    """Refuse a zip archive that is damaged, would fill the memory, or cannot be listed.

    torch unpacks with a reader of its own, which does not check CRCs, and lists files that
    `zipfile` cannot; so one that `zipfile` cannot list and read whole is refused.
    """
    with open(path, "rb") as stream:
        head = stream.read(4)
    if not head.startswith(b"PK"):
        return  # the format of older versions
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _refuse_bomb(path, entries)
            for entry in entries:
                with archive.open(entry) as content:
                    while content.read(_CHUNK):  # the last read compares the CRC
                        pass
    except RclicksError:
        raise
    except Exception as error:  # a damaged archive can raise anything
        raise RclicksError(
            f"{path}: the archive is damaged or cannot be listed ({type(error).__name__}) and was "
            "not loaded; download the published checkpoint again"
        ) from error


def _refuse_bomb(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive that would fill the memory, or that another reader may list otherwise."""
    size = path.stat().st_size
    unpacked = sum(entry.file_size for entry in entries)
    names = {entry.filename for entry in entries}
    if unpacked > _GROWTH * size:
        reason = f"would unpack to {unpacked / 2**30:.1f} GiB"
    elif len(entries) > 2 * _MOST_TENSORS:
        reason = f"has {len(entries):,} entries"
    elif len(names) < len(entries):
        reason = "lists a name twice"
    elif _ends(path, size) != 1:
        reason = "has several end records"
    else:
        return
    raise RclicksError(
        f"{path}: {reason} and was not loaded; download the published checkpoint again"
    )


def _ends(path: Path, size: int) -> int:
    """Number of end records in the last bytes, where readers look for the directory."""
    with open(path, "rb") as stream:
        stream.seek(max(0, size - _TAIL))
        return stream.read().count(b"PK\x05\x06")


def _why_unusable(key: str, tensor: torch.Tensor) -> str:
    """Why a tensor cannot be a parameter of a network; ``""`` for one that can."""
    if tensor.is_complex():
        return "holds complex numbers"
    if key.rpartition(".")[2] == "num_batches_tracked":
        return "" if tensor.dtype == torch.int64 else f"is {_name(tensor)}, not int64"
    if tensor.dtype not in _FLOATS:
        return f"is {_name(tensor)}, not floating-point numbers of at least 16 bits"
    # Checked as float32, the networks' dtype: a larger float64 would become infinite.
    return "" if bool(tensor.float().isfinite().all()) else "holds numbers that are not finite"


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def short_key(key: str) -> str:
    """A key in one line of printable characters."""
    plain = "".join(c if c.isprintable() else "?" for c in key)
    return plain if len(plain) <= _KEY else f"{plain[:_KEY]}..."


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
    return ", ".join(map(short_key, ordered[:_NAMED])) + more
