"""The benchmark's protocol: everything that changes a number, frozen under one id and digest."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, fields
from typing import Any

from rclicks_hf.benchmark.groups import GROUP_EDGES
from rclicks_hf.metrics.click_counts import MAX_CLICKS, THRESHOLD

#: Field of a rule -> the values that this version of the benchmark can follow.
RULES: dict[str, tuple[str, ...]] = {
    # Missed and wrongly taken part equally deep (a perfect mask too): the click is negative.
    "tie_rule": ("negative",),
    # Pixels of the unknown band take no clicks and do not count in the IoU.
    "unknown_band_rule": ("ignored",),
    # Failures are the instances that never reach the threshold; the published counts, which take
    # NoC equal to the maximum for a failure, stand beside them in the tables.
    "nof_rule": ("strict",),
    # Every (instance, run) has a generator of its own, so results do not depend on the order.
    "random_state_rule": ("trajectory",),
    # The probability at which a pixel is object comes from the segmenter.
    "mask_threshold_rule": ("segmenter",),
}


@dataclass(frozen=True)
class BenchmarkProtocol:
    """What is done, and how it is counted.

    Attributes:
        id: Version of the rules; a change that moves a number gets a new id.
        max_clicks: Clicks a trajectory; there is no early stop.
        noc_threshold: IoU that NoC asks for.
        boundary_dilation_ratio: Width of the boundary IoU's band, in image diagonals.
        group_edges: Shares of the click map's mass that bound the clicking groups.
        tie_rule, unknown_band_rule, nof_rule, random_state_rule, mask_threshold_rule: See `RULES`.
        seed: From which every trajectory's own seed is derived.

    Raises:
        ValueError: If a field has a value that the benchmark cannot follow.

    Example:
        >>> BenchmarkProtocol().id, len(BenchmarkProtocol().digest)
        ('rclicks-1', 64)
        >>> BenchmarkProtocol(seed=1).digest == BenchmarkProtocol().digest
        False
    """

    id: str = "rclicks-1"
    max_clicks: int = MAX_CLICKS
    noc_threshold: float = THRESHOLD
    boundary_dilation_ratio: float = 0.02
    group_edges: tuple[float, ...] = GROUP_EDGES
    tie_rule: str = "negative"
    unknown_band_rule: str = "ignored"
    nof_rule: str = "strict"
    random_state_rule: str = "trajectory"
    mask_threshold_rule: str = "segmenter"
    seed: int = 42

    def __post_init__(self) -> None:
        if self.max_clicks < 1:
            raise ValueError(f"max_clicks must be at least 1, got {self.max_clicks}")
        if not 0 < self.noc_threshold <= 1:
            raise ValueError(f"noc_threshold must lie in (0, 1], got {self.noc_threshold}")
        if tuple(self.group_edges) != GROUP_EDGES:
            raise ValueError(f"group_edges of {self.id} are {GROUP_EDGES}, got {self.group_edges}")
        for name, allowed in RULES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                )

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all fields as canonical JSON."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def trajectory_seed(self, full_stem: str, run: str) -> int:
        """Seed of one trajectory's generator, whatever the order or the process.

        Args:
            full_stem: The instance.
            run: Name of the run, for example ``"g1"``.

        Example:
            >>> protocol = BenchmarkProtocol()
            >>> protocol.trajectory_seed("a", "g1") == protocol.trajectory_seed("a", "g2")
            False
        """
        return zlib.crc32(f"{self.seed}\0{full_stem}\0{run}".encode())

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Names of the fields in which a protocol read from JSON differs from this one.

        Args:
            other: Fields as `dataclasses.asdict` gives them, after a trip through JSON.

        Example:
            >>> other = json.loads(json.dumps(asdict(BenchmarkProtocol(seed=7))))
            >>> BenchmarkProtocol().differences(other)
            ['seed']
        """
        mine = json.loads(json.dumps(asdict(self)))
        names = [field.name for field in fields(self)]
        return [name for name in names if name not in other or mine[name] != other[name]]
