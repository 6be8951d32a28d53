"""Simulated rounds: clicks of both devices on every object of a store, in first and later rounds.

Everything here is *simulated*: no user clicked, and no model predicted the previous masks.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from rclicks_hf.data.images.interface import ImageStore
from rclicks_hf.data.schema import CLICK_SCHEMA, CLICK_TYPES, DEVICES, SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem
from rclicks_hf.simulation.annotators import simulate_clicks
from rclicks_hf.simulation.previous_masks import distort_mask

SYNTHETIC = "synthetic"  # model_type of the previous masks
SIMULATED_CLICK_SCHEMA = CLICK_SCHEMA.append(pa.field("is_simulated", pa.bool_()))


@dataclass(frozen=True, eq=False)
class SimulatedRounds:
    """Simulated clicks, and the synthetic masks that the later rounds correct."""

    # Columns of SIMULATED_CLICK_SCHEMA; instances in the order of the store, pc before mobile.
    clicks: pa.Table
    # full_stem of a later round -> (H, W) bool; `StoreWithPrevious` adds them to the store.
    previous_masks: dict[str, np.ndarray]


def simulate_rounds(
    store: ImageStore,
    *,
    dataset: str,
    seed: int = 0,
    first_clicks_per_device: int = 24,
    later_clicks_per_device: int = 17,
    progress: bool = True,
) -> SimulatedRounds:
    """Let simulated annotators click on every object of a store.

    Each object gets a first round, and an fn and an fp round, each on a distorted mask of its own;
    a round whose error mask would be empty is left out. The random stream of an instance depends
    on its ``full_stem`` and the seed only, not on the other instances.

    Args:
        store: Images and masks; only the masks are read.
        dataset: Simulated entry of `SOURCE_DATASETS`.
        seed: Seed of all streams, >= 0.
        first_clicks_per_device: Clicks per first round and device (the paper's data has about 48
            on both devices together).
        later_clicks_per_device: Clicks per later round and device (there about 34 together).

    Returns:
        The click table (``clicks``), and ``previous_masks``: full_stem -> (H, W) bool.

    Raises:
        ValueError: If the dataset is not a simulated one, or a count is below 1.

    Example:
        >>> from rclicks_hf.data import MemoryStore
        >>> store = MemoryStore()
        >>> mask = np.zeros((48, 64), np.int8)
        >>> mask[10:30, 20:50] = 1
        >>> store.add("a", np.zeros((48, 64, 3), np.uint8), {"": mask})
        >>> rounds = simulate_rounds(store, dataset="simulated_scenes", progress=False)
        >>> rounds.clicks.num_rows, sorted(rounds.previous_masks)
        (116, ['a_synthetic_fn', 'a_synthetic_fp'])
    """
    entry = SOURCE_DATASETS.get(dataset)
    if entry is None or not entry.is_simulated:
        names = [name for name, known in SOURCE_DATASETS.items() if known.is_simulated]
        raise ValueError(f"dataset must be one of {names}, got {dataset!r}")
    if min(first_clicks_per_device, later_clicks_per_device) < 1:
        raise ValueError(
            "first_clicks_per_device and later_clicks_per_device must be >= 1, got "
            f"{first_clicks_per_device} and {later_clicks_per_device}"
        )
    tables: list[pa.Table] = []
    previous_masks: dict[str, np.ndarray] = {}
    for image_stem, object_stem in tqdm(
        store.objects(), desc="simulated clicks", unit="object", disable=not progress
    ):
        object_mask = store.mask(image_stem, object_stem) == 1
        for stem, error_mask, previous in _rounds(image_stem, object_stem, object_mask, seed):
            first = stem.click_type == "first"
            n = first_clicks_per_device if first else later_clicks_per_device
            tables.append(_click_table(dataset, stem, object_mask, error_mask, n, seed))
            if previous is not None:
                previous_masks[str(stem)] = previous
    empty = SIMULATED_CLICK_SCHEMA.empty_table()
    return SimulatedRounds(pa.concat_tables([empty, *tables]).combine_chunks(), previous_masks)


def _rounds(
    image_stem: str, object_stem: str, object_mask: np.ndarray, seed: int
) -> Iterator[tuple[FullStem, np.ndarray, np.ndarray | None]]:
    """Stem, error mask and previous mask of each round of one object."""
    yield FullStem(image_stem, object_stem), object_mask, None
    for click_type in CLICK_TYPES[1:]:
        stem = FullStem(image_stem, object_stem, click_type=click_type, model_type=SYNTHETIC)
        previous = distort_mask(object_mask, click_type, _stream(seed, str(stem), "mask"))
        missed, excess = object_mask & ~previous, previous & ~object_mask
        error_mask = missed if click_type == "fn" else excess
        if error_mask.any():
            yield stem, error_mask, previous


def _click_table(
    dataset: str,
    stem: FullStem,
    object_mask: np.ndarray,
    error_mask: np.ndarray,
    n: int,
    seed: int,
) -> pa.Table:
    """Clicks of one instance, n per device."""
    clicks = [
        simulate_clicks(
            object_mask,
            error_mask,
            n,
            click_type=stem.click_type,
            device=device,
            rng=_stream(seed, str(stem), device),
        )
        for device in DEVICES
    ]
    height, width = object_mask.shape
    rows = n * len(DEVICES)
    constant = {
        "dataset": dataset,
        "full_stem": str(stem),
        "image_stem": stem.image_stem,
        "object_stem": stem.object_stem,
        "click_type": stem.click_type,
        "model_type": stem.model_type,
        "w": width,
        "h": height,
        "is_simulated": True,
    }
    columns = {name: [value] * rows for name, value in constant.items()} | {
        "device": np.repeat(DEVICES, n),
        "x": np.concatenate([x for x, _ in clicks]),
        "y": np.concatenate([y for _, y in clicks]),
    }
    return pa.table(columns, schema=SIMULATED_CLICK_SCHEMA)


def _stream(seed: int, full_stem: str, purpose: str) -> np.random.Generator:
    """The random stream of one instance for one purpose."""
    return np.random.default_rng([seed, zlib.crc32(f"{full_stem}/{purpose}".encode())])
