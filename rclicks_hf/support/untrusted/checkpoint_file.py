"""The two formats of `torch.save`, zip and legacy, read without torch's unpickler.

Only tensors are built, and only from bytes that the file has: a size is compared with the file
before memory is allocated for it.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import torch

from rclicks_hf.support.untrusted.safe_pickle import Inert, read_pickle

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001  # what a legacy file begins with, as two pickles
_MOST_DIMENSIONS = 16

_DTYPES = {str(some): some for some in vars(torch).values() if isinstance(some, torch.dtype)}
_STORAGES = {
    f"torch.{name}Storage": dtype
    for name, dtype in {
        "Double": torch.float64,
        "Float": torch.float32,
        "Half": torch.float16,
        "BFloat16": torch.bfloat16,
        "Long": torch.int64,
        "Int": torch.int32,
        "Short": torch.int16,
        "Char": torch.int8,
        "Byte": torch.uint8,
        "Bool": torch.bool,
        "ComplexFloat": torch.complex64,
        "ComplexDouble": torch.complex128,
    }.items()
} | {"torch.storage.UntypedStorage": torch.uint8}


@dataclass(frozen=True)
class _Storage:
    """Numbers in the file, as the pickle describes them."""

    key: str
    dtype: torch.dtype
    count: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in the file that can be built: dense, and within its storage."""

    storage: _Storage
    dtype: torch.dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class Checkpoint:
    """What a file holds: `content` with a `StoredTensor` for each tensor, which `tensor` builds."""

    def __init__(self, content: Any, read: Callable[[_Storage], torch.Tensor]) -> None:
        self.content = content
        self._read = read
        self._storages: dict[str, torch.Tensor] = {}

    def tensor(self, stored: StoredTensor) -> torch.Tensor:
        """The tensor; two of one storage share their memory, as they did when they were saved."""
        storage = stored.storage
        if storage.key not in self._storages:
            self._storages[storage.key] = self._read(storage)
        raw = self._storages[storage.key]
        if raw.nbytes != storage.size:
            raise ValueError("a storage of two sizes")
        if not raw.nbytes:
            return torch.empty(stored.shape, dtype=stored.dtype)
        return raw.view(stored.dtype).as_strided(stored.shape, stored.stride, stored.offset)


@contextmanager
def open_checkpoint(path: str | os.PathLike[str]) -> Iterator[Checkpoint]:
    """Open a file of `torch.save`; a damaged one raises here or in `tensor`, and never later."""
    with open(path, "rb") as stream:
        is_zip = stream.read(2) == b"PK"
        stream.seek(0)
        if is_zip:
            with zipfile.ZipFile(stream) as archive:
                yield _from_zip(archive)
        else:
            yield _from_legacy(stream, Path(path).stat().st_size)


def _from_zip(archive: zipfile.ZipFile) -> Checkpoint:
    (pickle,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
    folder = pickle.removesuffix("/data.pkl")
    order = f"{folder}/byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise ValueError("big-endian numbers")

    def read(storage: _Storage) -> torch.Tensor:
        entry = archive.getinfo(f"{folder}/data/{storage.key}")
        if entry.file_size != storage.size:
            raise ValueError("a storage of another size than its entry")
        with archive.open(entry) as content:
            return _filled(content, storage.size)

    with archive.open(pickle) as entry:
        return Checkpoint(read_pickle(entry, _BUILD, _storage), read)


def _from_legacy(stream: IO[bytes], size: int) -> Checkpoint:
    if read_pickle(stream, {}) != _MAGIC or read_pickle(stream, {}) != _VERSION:
        raise ValueError("not a file of torch.save")
    system = read_pickle(stream, {})
    if type(system) is dict and system.get("little_endian") is False:
        raise ValueError("big-endian numbers")
    found: dict[str, _Storage] = {}

    def persistent(saved: Any) -> Any:
        storage = _storage(saved)
        if isinstance(storage, _Storage) and found.setdefault(storage.key, storage) != storage:
            raise ValueError("a storage of two sizes")
        return storage

    content = read_pickle(stream, _BUILD, persistent)
    keys = read_pickle(stream, {})
    starts: dict[str, int] = {}
    for key in keys:  # each storage is its number of elements and their bytes
        storage = found[key]
        if key in starts or int.from_bytes(stream.read(8), "little") != storage.count:
            raise ValueError("a storage of two sizes")
        starts[key] = stream.tell()
        if stream.seek(storage.size, io.SEEK_CUR) > size:
            raise ValueError("truncated")

    def read(storage: _Storage) -> torch.Tensor:
        stream.seek(starts[storage.key])
        return _filled(stream, storage.size)

    return Checkpoint(content, read)


def _filled(stream: IO[bytes], size: int) -> torch.Tensor:
    """The next bytes; the caller has compared the size with that of the file."""
    raw = torch.empty(size, dtype=torch.uint8)
    array: Any = raw.numpy()
    view, done = memoryview(array), 0
    while count := stream.readinto(view[done:]):  # type: ignore[attr-defined]
        done += count
    if done < size:
        raise ValueError("truncated")
    return raw


def _storage(saved: Any) -> _Storage | Inert:
    """The storage of a persistent id: ``("storage", type, key, device, number of elements)``."""
    if type(saved) is not tuple or saved[:1] != ("storage",) or len(saved) not in (5, 6):
        return Inert("persistent id")
    _, kind, key, _, count, *view = saved
    dtype = _STORAGES.get(kind.name) if isinstance(kind, Inert) else None
    if dtype is None or type(key) is not str or not _are_sizes(count) or view not in ([], [None]):
        return Inert("storage")
    return _Storage(key, dtype, count)


def _are_sizes(*numbers: Any) -> bool:
    return all(type(number) is int and 0 <= number < 1 << 62 for number in numbers)


def _tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, *_: Any, dtype: torch.dtype | None = None
) -> StoredTensor | Inert:
    """A tensor that lies within its storage and has no more elements than it."""
    unusable = Inert("torch.Tensor")
    if not isinstance(storage, _Storage) or type(shape) is not tuple or type(stride) is not tuple:
        return unusable
    dtype = dtype or storage.dtype
    if len(shape) != len(stride) or len(shape) > _MOST_DIMENSIONS:
        return unusable
    if not _are_sizes(offset, *shape, *stride):
        return unusable
    count = prod(shape)
    last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    stored = storage.size // dtype.itemsize
    if (count and (count > stored or last >= stored)) or storage.size % dtype.itemsize:
        return unusable
    return StoredTensor(storage, dtype, offset, shape, stride)


def _tensor_v2(*arguments: Any) -> StoredTensor | Inert:
    """A tensor without conjugate or negative bits, which are the seventh argument."""
    return Inert("torch.Tensor") if any(arguments[6:]) else _tensor(*arguments)


def _tensor_v3(*arguments: Any) -> StoredTensor | Inert:
    """A tensor whose storage is of bytes; its type is the seventh argument."""
    dtype = arguments[6]
    known = _DTYPES.get(dtype.name) if isinstance(dtype, Inert) else None
    if known is None or any(arguments[7:]):
        return Inert("torch.Tensor")
    return _tensor(*arguments[:6], dtype=known)


def _ordered_dict(pairs: Any = ()) -> dict[str, Any]:
    """The pairs of an `OrderedDict`; older protocols give them as a list of lists."""
    return {key: value for key, value in pairs if type(key) is str}


def _first(data: Any, *_: Any) -> Any:
    return data


#: The only names that do anything: what makes tensors and state dicts of their parts.
_BUILD: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor_v2,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
}
