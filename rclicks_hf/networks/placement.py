"""A network on a device: which one, in which precision, how many inputs at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, TypeVar

import torch
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.errors import RclicksError

_log = logging.getLogger(__name__)
T = TypeVar("T")


def find_device(device: str | torch.device | None) -> torch.device:
    """The device of a name; None and ``"auto"`` are a GPU if there is one, else the CPU.

    Raises:
        RclicksError: If the name is unknown or there is no such device.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    name = "auto" if device is None else str(device)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(name)
    except RuntimeError:
        found = torch.device("meta")
    if found.type not in ("cpu", "cuda", "mps"):
        raise RclicksError(f"device {name!r}: unknown; give auto, cpu, cuda, cuda:N or mps")
    if found.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise RclicksError(
                f"device {name}: PyTorch finds no GPU; give cpu, or install PyTorch for CUDA"
            )
        if found.index is not None and found.index >= count:
            raise RclicksError(
                f"device {name}: does not exist; there are {count}, cuda:0 to cuda:{count - 1}"
            )
    if found.type == "mps" and not torch.backends.mps.is_available():
        raise RclicksError("device mps: not available on this machine; give cpu or auto")
    return found


def find_dtype(name: str, device: torch.device) -> torch.dtype:
    """The type of a name, if the device computes in it; else an `RclicksError`."""
    dtype: torch.dtype = getattr(torch, name)
    if dtype == torch.float32:
        return dtype
    try:
        has = device.type != "cuda" or dtype != torch.bfloat16 or _has_bfloat16(device)
        with torch.inference_mode():
            one = torch.ones(1, 1, 3, 3, device=device, dtype=dtype)
            F.conv2d(one, one) @ one[..., :1, :1]
    except (RuntimeError, TypeError):
        has = False
    if not has:
        raise RclicksError(f"dtype {name}: {device} does not compute in it; give float32")
    return dtype


def _has_bfloat16(device: torch.device) -> bool:
    with torch.cuda.device(device):
        return torch.cuda.is_bf16_supported(including_emulation=False)


def put_on(model: Any, device: torch.device) -> Any:
    """The network in evaluation mode and 32-bit floats on the device."""
    try:
        return model.to(device=device, dtype=torch.float32).eval()
    except RuntimeError as error:
        if "out of memory" not in str(error):
            raise
        raise RclicksError(
            f"{device}: too little memory for the network; stop the other programs on it, or give "
            "another --device"
        ) from error


def compile_part(part: torch.nn.Module) -> None:
    """Compile a module's forward pass; where that fails it runs as it is, after one warning."""
    plain, compiled = part.forward, torch.compile(part.forward)
    works = True

    def forward(*inputs: Any, **options: Any) -> Any:
        nonlocal works
        if works:
            try:
                return compiled(*inputs, **options)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # of the compiler, of Triton, of a missing C compiler
                works = False
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                _log.warning("--compile: compiling failed (%s); continuing without it", reason)
        return plain(*inputs, **options)

    part.forward = forward


def arithmetic(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Products and convolutions in ``dtype``, all else in 32-bit floats."""
    if dtype != torch.float32:
        return torch.autocast(device.type, dtype)
    return _EXACT_CONVOLUTIONS if device.type == "cuda" else nullcontext()


class _ExactConvolutions:
    """Convolutions of 32-bit floats on GPUs without TF32, PyTorch's default with 10-bit mantissas.

    Products have 24 bits by default; whoever has asked PyTorch for fewer gets them. The switch is
    one for all threads: the first to enter sets it, the last to leave puts it back. Where the
    switches of single operations were set, which this one cannot be read beside, those hold.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._before: bool | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = None
                with suppress(RuntimeError):
                    self._before = torch.backends.cudnn.allow_tf32
                    torch.backends.cudnn.allow_tf32 = False
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._before is not None:
                torch.backends.cudnn.allow_tf32 = self._before


_EXACT_CONVOLUTIONS = _ExactConvolutions()


class Batch:
    """How many inputs a network takes at once; copies of a model share it.

    Example:
        >>> Batch(8).run(lambda: 5)
        5
    """

    def __init__(self, size: int):
        self.size = size
        self._is_halved = False

    def run(self, call: Callable[[], T]) -> T:
        """The result of ``call``, which reads ``size``; out of memory, again with half of it."""
        try:
            return call()
        except torch.OutOfMemoryError as error:
            if self.size == 1 or self._is_halved:
                raise RclicksError(
                    f"out of memory on the device with a batch size of {self.size}; give a smaller "
                    "--batch-size or --num-proc"
                ) from error
        # Here the error is gone, and with it the tensors that its traceback held.
        self._is_halved, self.size = True, self.size // 2
        _log.warning("out of memory on the device: continuing with a batch size of %d", self.size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return self.run(call)
