"""The steps that the converters of official checkpoints share, and their report."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from transformers.initialization import no_init_weights

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.signatures import RELATIVES, likely_networks
from rclicks_hf.support.files.atomic import atomic_directory
from rclicks_hf.support.files.file_modes import share_mode
from rclicks_hf.support.untrusted.safe_weights import (
    check_keys,
    check_numbers,
    read_tensors,
    short_key,
)

State = dict[str, torch.Tensor]
_NAMED = 20  # largest number of ignored keys that the report names


@dataclass(frozen=True)
class Conversion:
    """What a converter found and made.

    Attributes:
        network: Key of `NETWORKS`.
        size: Name of the size, for example ``"ViT-B"``.
        ignored: Keys of the checkpoint that the original code ignores too.
        model: The network, in evaluation mode.
    """

    network: str
    size: str
    ignored: tuple[str, ...]
    model: Any

    def __str__(self) -> str:
        row = NETWORKS[self.network]
        lines = [f"{row.title}, {self.size}; licence {row.license}"]
        if self.ignored:
            more = len(self.ignored) - _NAMED
            named = ", ".join(map(short_key, self.ignored[:_NAMED]))
            rest = f" and {more} more" if more > 0 else ""
            lines.append(f"ignored, as in the original: {named}{rest}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Converter:
    """Converts official checkpoints of one network to folders for `from_pretrained`.

    Attributes:
        network: Key of `NETWORKS`.
        sizes: Name of a size -> its config, or a function that makes this from the state dict; the
            shapes decide.
        ignored: Patterns of official keys that the original code ignores, for example ``"head.*"``.
        rename: Gives the official tensors, without the ignored ones, the keys of our network.
        processor: Makes the image processor for a config.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from rclicks_hf.networks.clickability import (
        ...     ClickabilityConfig, ClickabilityModel, convert_checkpoint)
        >>> root = Path(tempfile.mkdtemp())
        >>> network = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
        >>> torch.save({"state_dict": network.state_dict(), "config": {}}, root / "clicks.pth")
        >>> convert_checkpoint(root / "clicks.pth", root / "clicks").size
        'nano'
    """

    network: str
    sizes: Mapping[str, Any] | Callable[[State], Mapping[str, Any]]
    _: KW_ONLY
    ignored: Sequence[str] = ()
    rename: Callable[[State], State] | None = None
    processor: Callable[[Any], Any] | None = None

    def __call__(
        self,
        path: str | os.PathLike[str],
        out_dir: str | os.PathLike[str],
        *,
        config: Any = None,
    ) -> Conversion:
        """Convert a checkpoint.

        Args:
            path: The checkpoint; only tensors are read from it.
            out_dir: New folder: weights (safetensors), config and, with `processor`, image
                processor.
            config: Configuration of a network of another size; None looks for one of `sizes`.

        Raises:
            RclicksError: If the file is not a checkpoint of one of the sizes (what it is, or the
                missing and extra keys are named), or `out_dir` exists.
        """
        official, unused = read_official(path, self.network, ignored=self.ignored)
        size, model = self.network_of(official, path, config=config)
        with atomic_directory(out_dir) as part:
            model.save_pretrained(part)
            if self.processor:
                self.processor(model.config).save_pretrained(part)
            share_mode(part, like="config.json")
        return Conversion(self.network, size, unused, model)

    def network_of(
        self, official: State, path: str | os.PathLike[str], *, config: Any = None
    ) -> tuple[str, Any]:
        """Name of the size and network of what `read_official` read from a path."""
        state = self.rename(official) if self.rename else official
        sizes = self.sizes(state) if callable(self.sizes) else self.sizes
        if config is not None:
            sizes = {"given size": config}
        size = find_size(path, self.network, state, sizes)
        config = deepcopy(sizes[size])  # a model changes its config
        return size, _filled(NETWORKS[self.network].load("model"), config, state)


def read_official(
    path: str | os.PathLike[str], network: str, *, ignored: Sequence[str] = ()
) -> tuple[State, tuple[str, ...]]:
    """The tensors of a network's official checkpoint, and the keys left out as `ignored`."""
    row = NETWORKS[network]
    state = read_tensors(path, original=row.checkpoint)
    likely = likely_networks(state)
    if unsupported := [name for name in likely if name in RELATIVES]:
        raise RclicksError(
            f"{path}: looks like a checkpoint of {unsupported[0]}, which cannot be converted; give "
            f"the published checkpoint {row.checkpoint}"
        )
    if likely and network not in likely:
        raise RclicksError(
            f"{path}: looks like a checkpoint of {' or '.join(likely)}, not of {network}; "
            f"give that FAMILY, or the published checkpoint {row.checkpoint}"
        )
    unused = tuple(key for key in state if any(fnmatchcase(key, some) for some in ignored))
    kept = {key: tensor for key, tensor in state.items() if key not in unused}
    check_numbers(path, kept)
    return kept, unused


def find_size(
    path: str | os.PathLike[str], network: str, state: State, sizes: Mapping[str, Any]
) -> str:
    """Name of the size whose keys and shapes a state dict has."""
    row = NETWORKS[network]
    expected: dict[str, State] = {}
    for name, config in sizes.items():
        with torch.device("meta"), no_init_weights():
            expected[name] = row.load("model")(config).state_dict()
        if _overlap(state, expected[name]) == 1:
            return name
    best = max(expected, key=lambda name: _overlap(state, expected[name]))
    if not state.keys() & expected[best].keys():
        raise RclicksError(
            f"{path}: not a checkpoint of a {row.title}: none of its keys is known; give "
            f"{row.checkpoint}"
        )
    check_keys(path, state, expected[best], network=f"the {row.title} {best!r}")
    return best


def _filled(model_class: Any, config: Any, state: State) -> Any:
    """A network with these weights; only what the state dict does not hold is initialised."""
    with no_init_weights():
        model = model_class(config).eval()
    model.load_state_dict(state)
    for tensor in model.state_dict(keep_vars=True).values():
        tensor._is_hf_initialized = True
    model.initialize_weights()
    return model


def _overlap(first: State, second: State) -> float:
    """Number of equal (key, shape) pairs over the number of all pairs."""
    pairs = [{(key, value.shape) for key, value in state.items()} for state in (first, second)]
    return len(pairs[0] & pairs[1]) / len(pairs[0] | pairs[1])
