"""The content of a report, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rclicks_hf.click_scoring.score_summary import ScoreTable
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.tables.benchmark_table import BenchmarkRow
from rclicks_hf.report.tables.table_cells import NamedTable
from rclicks_hf.support.provenance import library_versions

#: Runs with mean curves, in legend order.
CURVE_RUNS: tuple[str, ...] = ("g1", "g10", "base")

_VERSIONED = ("torch", "transformers", "datasets", "evaluate", "numpy", "scipy")


def installed_versions() -> dict[str, str]:
    """Versions of this package and of the libraries that its numbers depend on."""
    return library_versions(_VERSIONED)


@dataclass(frozen=True, eq=False)
class IoUCurves:
    """Mean (K,) IoU after each click per run ("g1", "g10", "base"), of one method and dataset."""

    label: str
    curves: Mapping[str, np.ndarray]
    threshold: float = THRESHOLD
    is_simulated: bool = False

    def __post_init__(self) -> None:
        unknown = sorted(set(self.curves) - set(CURVE_RUNS))
        if unknown or not self.curves:
            raise ValueError(f"curves must be some of {CURVE_RUNS}, got {sorted(self.curves)}")
        shapes = {np.shape(curve) for curve in self.curves.values()}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"curves must be (K,), all of one K, got shapes {sorted(shapes)}")

    @property
    def clicks(self) -> np.ndarray:
        """(K,) int, the number of clicks: 1..K."""
        return np.arange(1, len(next(iter(self.curves.values()))) + 1)


@dataclass(frozen=True, eq=False)
class UserScatter:
    """(N,) mean and std of IoU over users' first clicks per instance, and NSR in percent."""

    label: str
    mean: np.ndarray
    std: np.ndarray
    nsr: float
    is_simulated: bool = False

    def __post_init__(self) -> None:
        shapes = np.shape(self.mean), np.shape(self.std)
        if shapes[0] != shapes[1] or len(shapes[0]) != 1:
            raise ValueError(f"mean and std must be (N,) of one N, got {shapes[0]} and {shapes[1]}")


@dataclass(frozen=True, eq=False)
class Standings:
    """Many methods on one dataset, M of them, in table order."""

    dataset: str
    names: Sequence[str]  # what the tables call them
    families: Sequence[str]  # keys of `METHOD_FAMILIES`; ``""`` for a method that is not published
    # (M, K) mean IoU after each click, over the instances and the groups of clicks
    curves: np.ndarray
    clicks: np.ndarray  # (M,) Sample NoC
    range_between_groups: np.ndarray  # (M,) ΔGR of NoC in per cent
    are_named: Sequence[bool]  # methods that the charts name
    are_own: Sequence[bool]  # methods that were run here, beside published ones
    threshold: float = THRESHOLD  # IoU threshold of NoC
    is_simulated: bool = False  # true where the users' clicks were simulated


@dataclass(frozen=True, eq=False)
class GalleryItem:
    """One instance of the gallery, with a click model's map.

    Attributes:
        instance: Image, masks and clicks.
        click_map: (H, W) >= 0, the click model's prediction.
        baseline_click: The click of the baseline clicker.
        caption: A few words under the pictures, for example the click model's name.

    Raises:
        ValueError: If ``click_map`` does not have the image's size.

    Example:
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True), "UD").baseline_click
        Click(x=2, y=1, is_positive=True)
    """

    instance: Instance
    click_map: np.ndarray
    baseline_click: Click
    caption: str = ""

    def __post_init__(self) -> None:
        if np.shape(self.click_map) != self.instance.mask.shape:
            raise ValueError(
                f"click_map must have the image's size {self.instance.mask.shape}, "
                f"got shape {np.shape(self.click_map)}"
            )


class ClickPath(NamedTuple):
    """The clicks of one run on one instance; not a path if each click starts from scratch."""

    title: str
    clicks: Sequence[Click]
    ious: Sequence[float]
    is_path: bool = True


@dataclass(frozen=True, eq=False)
class ExampleItem:
    """One benchmarked instance, why it is shown, and the runs to show."""

    instance: Instance
    why: str
    paths: Sequence[ClickPath]


@dataclass(frozen=True, eq=False)
class ReportData:
    """The content of a report. Sections without content are left out of the page.

    Attributes:
        title: Heading of the page.
        is_simulated: True where all clicks are simulated; parts may also be marked themselves.
        command: The command that made the numbers, as typed.
        settings: Name -> value of what the numbers depend on.
        warnings: Why numbers on the page cannot be compared.
        click_scores: Click-model scores, from `rclicks_hf.click_scoring.summarise_scores`.
        benchmark_rows: Rows of the benchmark table.
        supplement: Further tables.
        standings: Charts of many methods on one dataset.
        curves: Charts of mean IoU per click.
        scatter: Charts of users' first clicks.
        examples: Hard or click-sensitive instances with the clicks of runs.
        gallery: Instances with a click model's map.
        versions: Distribution -> version.

    Example:
        >>> row = BenchmarkRow("geocut", "ud", "simulated_scenes", 9, 0, is_simulated=True)
        >>> data = ReportData("GeoCut", is_simulated=False, benchmark_rows=[row])
        >>> data.shows_simulated, len(data.gallery), "numpy" in data.versions
        (True, 0, True)
    """

    title: str
    is_simulated: bool
    command: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    click_scores: Sequence[ScoreTable] = ()
    benchmark_rows: Sequence[BenchmarkRow] = ()
    supplement: Sequence[NamedTable] = ()
    standings: Sequence[Standings] = ()
    curves: Sequence[IoUCurves] = ()
    scatter: Sequence[UserScatter] = ()
    examples: Sequence[ExampleItem] = ()
    gallery: Sequence[GalleryItem] = ()
    versions: Mapping[str, str] = field(default_factory=installed_versions)

    @property
    def shows_simulated(self) -> bool:
        """True if any row, chart or picture is simulated: then the whole page is marked."""
        flags = [
            self.is_simulated,
            *(table.is_simulated for table in self.click_scores),
            *(row.is_simulated for row in self.benchmark_rows),
            *(of_dataset.is_simulated for of_dataset in self.standings),
            *(curves.is_simulated for curves in self.curves),
            *(points.is_simulated for points in self.scatter),
            *(named.table.is_simulated for named in self.supplement),
            *(item.instance.is_simulated for item in self.examples),
            *(item.instance.is_simulated for item in self.gallery),
        ]
        return any(flags)
