"""What a user asks of the networks of a run: their device, their precision, their batch size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from rclicks_hf.errors import RclicksError

DTYPES = ("float32", "bfloat16", "float16")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class NetworkOptions:
    """Device, precision and batch size; only the precision changes numbers.

    Attributes:
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ``"cuda:N"``, ``"mps"``.
        dtype: Precision of products and convolutions, one of `DTYPES`; weights stay float32.
        batch_size: Inputs per forward pass; None is what suits the device.
        compile: Whether the clickability network is compiled, on a GPU.

    Raises:
        RclicksError: If a value is unknown or the batch size is not positive.

    Example:
        >>> NetworkOptions(dtype="bfloat16").given
        {'dtype': 'bfloat16'}
    """

    device: str = "auto"
    dtype: str = "float32"
    batch_size: int | None = None
    compile: bool = False

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise RclicksError(
                f"device {self.device!r}: unknown; give auto, cpu, cuda, cuda:N or mps"
            )
        if self.dtype not in DTYPES:
            raise RclicksError(f"dtype {self.dtype!r}: unknown; give {', '.join(DTYPES)}")
        if self.batch_size is not None and self.batch_size < 1:
            raise RclicksError(
                f"batch_size must be positive, got {self.batch_size}; give 1 or more"
            )

    @property
    def given(self) -> dict[str, Any]:
        """The options that differ from their defaults."""
        default = NetworkOptions()
        return {
            name: value for name, value in vars(self).items() if value != getattr(default, name)
        }


def network_options(
    device: object = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    compile: bool = False,
) -> NetworkOptions:
    """Options as the loaders take them: ``device`` is None, a name, or a device of PyTorch."""
    return NetworkOptions("auto" if device is None else str(device), dtype, batch_size, compile)


def refuse_given(options: NetworkOptions, text: str) -> None:
    """Refuse options for a model that is not a network."""
    if options.given:
        raise RclicksError(
            f"{text}: {', '.join(options.given)}: only networks in PyTorch take this; omit it"
        )


def refuse_unused(options: NetworkOptions, takers: Iterable[bool], names: Iterable[object]) -> None:
    """Refuse options where none of the models of a run takes them."""
    if options.given and not any(takers):
        found = " and ".join(str(getattr(name, "name", name)) for name in names)
        raise RclicksError(
            f"{', '.join(options.given)}: applies to networks that are loaded by folder or Hub id, "
            f"not to {found}; omit it"
        )


def keywords_for(make: Callable[..., Any], options: NetworkOptions, text: str) -> dict[str, Any]:
    """The given options as keywords of a user's class; one that it does not take is refused."""
    if not options.given:
        return {}
    try:
        taken = [*signature(make).parameters.values()]
    except (TypeError, ValueError):
        taken = []
    names = {one.name for one in taken}
    for name in () if any(one.kind == Parameter.VAR_KEYWORD for one in taken) else options.given:
        if name not in names:
            raise RclicksError(
                f"{text}: takes no {name}; give its __init__ the keyword {name} with a default, or "
                f"omit --{name.replace('_', '-')}"
            )
    return options.given


def require_device(model: object, options: NetworkOptions, text: str) -> None:
    """Refuse a user's object that says it is on another device than the one asked for."""
    asked = options.device.partition(":")[0]
    found = getattr(model, "device", None) or getattr(getattr(model, "model", None), "device", None)
    if asked == "auto" or found is None or str(found).partition(":")[0] == asked:
        return
    raise RclicksError(
        f"{text}: is on {found}, although --device {options.device} was given; move its network "
        "to that device in __init__, or omit --device"
    )
