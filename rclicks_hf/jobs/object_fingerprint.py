"""A digest of an object's code and state, by which a results folder knows a model again."""

from __future__ import annotations

import hashlib
import inspect
import io
import pickle
import sys
from contextlib import suppress
from typing import Any

_PLACEMENT = ("device", "batch_size", "batched", "_batch")


def object_fingerprint(thing: object) -> str:
    """SHA-256 over the source of an object's class and its attributes, with networks' weights.

    Attributes that cannot be pickled (functions made in place) do not count, nor do those that say
    where a network runs and how many inputs it takes at once.
    """
    hasher = hashlib.sha256(f"{type(thing).__module__}.{type(thing).__qualname__}".encode())
    with suppress(OSError, TypeError):  # a class typed into a plain console has no source
        hasher.update(inspect.getsource(type(thing)).encode())
    for name, value in sorted(getattr(thing, "__dict__", {}).items()):
        if name in _PLACEMENT:
            continue
        with suppress(Exception):  # whatever the code of an attribute's class raises
            hasher.update(name.encode() + b"\0" + _pickled(value))
    return hasher.hexdigest()


def _pickled(value: object) -> bytes:
    sink = io.BytesIO()
    _NetworkPickler(sink, protocol=5).dump(value)
    return sink.getvalue()


class _NetworkPickler(pickle.Pickler):
    """Takes networks and tensors as digests: their own pickles differ from process to process."""

    def reducer_override(self, thing: Any) -> Any:
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(thing, torch.nn.Module):
            tensors = [(name, _digest(tensor)) for name, tensor in thing.state_dict().items()]
            return tuple, ((repr(thing), *tensors),)
        if torch is not None and isinstance(thing, torch.Tensor):
            return bytes, (_digest(thing),)
        return NotImplemented


def _digest(tensor: Any) -> bytes:
    import torch

    if not isinstance(tensor, torch.Tensor):  # the extra state of a module
        return repr(tensor).encode()
    values = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return hashlib.sha256(values.numpy().tobytes()).digest()
