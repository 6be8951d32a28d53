"""The benchmark's protocol: everything that changes a number, under one id and digest."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, fields
from typing import Any

from rclicks_hf.benchmark.groups import GROUP_EDGES, name_groups
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import MAX_CLICKS, THRESHOLD
from rclicks_hf.support.text.names import did_you_mean

#: Field of a rule -> the values that this version of the benchmark can follow.
RULES: dict[str, tuple[str, ...]] = {
    # Missed and excess region equally deep (also for a perfect mask): the click is negative.
    "tie_rule": ("negative",),
    # Pixels of the unknown band get no clicks and do not count in the IoU.
    "unknown_band_rule": ("ignored",),
    # strict: a failure never reaches the threshold. reference: NoC equal to the maximum is a
    # failure, so reaching the threshold with the very last click is one too.
    "nof_rule": ("strict", "reference"),
    # trajectory: every (instance, run) has a generator of its own, so results do not depend on the
    # order. image: one generator per image and run, used in order over its objects and clicks.
    "random_state_rule": ("trajectory", "image"),
    # A click map with NaN or infinite values. failure: the instance fails, with its traceback.
    # baseline: the deepest pixel is clicked instead, without a note.
    "broken_map_rule": ("failure", "baseline"),
    # Form of the clickability network's map. normalised: cut out of the padding and min-max
    # normalised again, as for the tables of click models. network: normalised once, together with
    # the padding. The other click models have one form only.
    "map_rule": ("normalised", "network"),
    # Images, masks and clicks have the size they have in the dataset; a segmenter that works at
    # another size returns its masks at this one.
    "resize_rule": ("none",),
    # The segmenter decides whether and how to zoom in. Where a prediction has vanished, the network
    # sees the whole image again. segmenter: so its output is the whole image's, and the zoom starts
    # anew. reference: the output is still pasted into the last box.
    "zoom_rule": ("segmenter", "reference"),
}


@dataclass(frozen=True)
class BenchmarkProtocol:
    """What is done, and how it is counted; `PROTOCOLS` has the named ones.

    Attributes:
        id: Version of the rules; a change that moves a number gets a new id.
        max_clicks: Clicks per trajectory.
        target_iou: A trajectory stops at the click that reaches this IoU; above 1: never early.
        noc_threshold: IoU that NoC counts the clicks to.
        mask_threshold: The object is where the probability is above this; None means the
            segmenter's own threshold.
        boundary_dilation_ratio: Width of the boundary IoU's band, in image diagonals.
        group_edges: Shares of the click map's mass that bound the clicking groups: 2 to 11
            increasing numbers in [0, 1]. Groups are named g1 (the least likely clicks), g2, ...
        tie_rule, unknown_band_rule, nof_rule, random_state_rule, broken_map_rule: See `RULES`.
        map_rule, resize_rule, zoom_rule: See `RULES`.
        seed: The image's seed, or the number from which each trajectory's own seed is derived.

    Raises:
        ValueError: If a field has a value that the benchmark cannot follow.

    Example:
        >>> BenchmarkProtocol().id, len(BenchmarkProtocol().digest)
        ('rclicks-1', 64)
        >>> BenchmarkProtocol(seed=1).digest == BenchmarkProtocol().digest
        False
        >>> BenchmarkProtocol(group_edges=(0.0, 0.5, 1.0)).groups
        {'g1': (0.0, 0.5), 'g2': (0.5, 1.0)}
    """

    id: str = "rclicks-1"
    max_clicks: int = MAX_CLICKS
    target_iou: float = 1.01
    noc_threshold: float = THRESHOLD
    mask_threshold: float | None = None
    boundary_dilation_ratio: float = 0.02
    group_edges: tuple[float, ...] = GROUP_EDGES
    tie_rule: str = "negative"
    unknown_band_rule: str = "ignored"
    nof_rule: str = "strict"
    random_state_rule: str = "trajectory"
    broken_map_rule: str = "failure"
    map_rule: str = "normalised"
    resize_rule: str = "none"
    zoom_rule: str = "segmenter"
    seed: int = 42

    def __post_init__(self) -> None:
        _check_whole("max_clicks", self.max_clicks, 1)
        _check_whole("seed", self.seed, 0)
        if not self.target_iou > 0:
            raise ValueError(f"target_iou must be above 0, got {self.target_iou}")
        if not 0 < self.noc_threshold <= 1:
            raise ValueError(f"noc_threshold must lie in (0, 1], got {self.noc_threshold}")
        if self.mask_threshold is not None and not 0 < self.mask_threshold < 1:
            raise ValueError(f"mask_threshold must lie in (0, 1), got {self.mask_threshold}")
        if not 0 < self.boundary_dilation_ratio < 1:
            raise ValueError(
                f"boundary_dilation_ratio must lie in (0, 1), got {self.boundary_dilation_ratio}"
            )
        object.__setattr__(self, "group_edges", tuple(self.group_edges))
        name_groups(self.group_edges)
        for name, allowed in RULES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                )

    @property
    def groups(self) -> dict[str, tuple[float, float]]:
        """Name of a clicking group's run -> (q_lo, q_hi)."""
        return name_groups(self.group_edges)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all fields as canonical JSON."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def shares_generators(self) -> bool:
        """Whether the objects of an image draw from one generator, one after the other."""
        return self.random_state_rule == "image"

    @property
    def zooms_as_reference(self) -> bool:
        """Whether segmenters keep the bugs of the paper's code."""
        return self.zoom_rule == "reference"

    def trajectory_seed(self, full_stem: str, run: str) -> int:
        """Seed of one trajectory's own generator, independent of order and process."""
        return zlib.crc32(f"{self.seed}\0{full_stem}\0{run}".encode())

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the fields in which a protocol read from JSON differs from this one."""
        mine = json.loads(json.dumps(asdict(self)))
        names = [field.name for field in fields(self)]
        return [name for name in names if name not in other or mine[name] != other[name]]


def _check_whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if not least <= value < 2**32:  # NumPy's seeds have 32 bits
        raise ValueError(f"{name} must be at least {least} and below 2**32, got {value}")


#: Name -> protocol. `docs/protocol.md` lists how they differ, and what that does to the numbers.
PROTOCOLS: dict[str, BenchmarkProtocol] = {
    # The default: the paper's rules without its defects.
    "rclicks-1": BenchmarkProtocol(),
    # Draw for draw what the paper's code does.
    "reference": BenchmarkProtocol(
        id="rclicks-reference-1",
        nof_rule="reference",
        random_state_rule="image",
        broken_map_rule="baseline",
        map_rule="network",
        zoom_rule="reference",
    ),
}


def load_protocol(name: str) -> BenchmarkProtocol:
    """A protocol by its name.

    Args:
        name: Key of `PROTOCOLS`.

    Returns:
        The protocol.

    Raises:
        RclicksError: If there is none of that name.

    Example:
        >>> load_protocol("reference").random_state_rule
        'image'
    """
    if name not in PROTOCOLS:
        hint = did_you_mean(name, PROTOCOLS)
        raise RclicksError(f"{name}: no such protocol{hint}; choose {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
