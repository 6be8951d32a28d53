"""What the report shows, as plain data; nothing here knows how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.tables.benchmark_rows import BenchmarkRow
from rclicks_hf.report.tables.cells import NamedTable
from rclicks_hf.support.provenance import library_versions

#: Runs whose mean curves a report can show, in the order of its legend.
CURVE_RUNS: tuple[str, ...] = ("g1", "g10", "base")

_VERSIONED = ("torch", "transformers", "datasets", "evaluate", "numpy", "scipy")


def installed_versions() -> dict[str, str]:
    """Versions of this package and of the libraries its numbers depend on, by distribution name.

    Example:
        >>> list(installed_versions())[:2]
        ['rclicks-hf', 'torch']
    """
    return library_versions(_VERSIONED)


@dataclass(frozen=True)
class ClickModelRow:
    """How well one click model agrees with the clicks of one dataset: means over its instances.

    Attributes:
        click_model: Label of the model, for example ``"UD"``.
        dataset: Dataset, with its split where there is more than one.
        n: Number of instances.
        ks: Share of resamples that the 2-D Kolmogorov-Smirnov test does not tell apart, in [0, 1].
        pl1: Mean pairwise L1 distance, in units of the object's box.
        wd: Wasserstein-1 distance, in units of the box's diagonal.
        nss: Normalised scanpath saliency at the clicks.
        pde: Probability at the clicks.
        is_simulated: True where no person made the clicks.

    Example:
        >>> ClickModelRow("UD", "grabcut", n=50, ks=0.1, pl1=0.4, wd=0.1, nss=2.0, pde=1e-5).n
        50
    """

    click_model: str
    dataset: str
    n: int
    ks: float
    pl1: float
    wd: float
    nss: float
    pde: float
    is_simulated: bool = False


@dataclass(frozen=True, eq=False)
class IoUCurves:
    """Mean IoU after each click, for one segmenter, click model and dataset.

    Attributes:
        label: What the curves belong to; heads their chart.
        curves: Run (``"g1"``, ``"g10"`` or ``"base"``) -> (K,) mean IoU in [0, 1] after click
            1..K. All of one length.
        threshold: IoU that counts as done in NoC.
        is_simulated: True where no person made the clicks.

    Raises:
        ValueError: If a run is unknown, or the curves are not (K,) of one K.

    Example:
        >>> IoUCurves("geocut", {"base": np.linspace(0.5, 0.9, 20)}).clicks.tolist()[:3]
        [1, 2, 3]
    """

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
        """(K,) int, the number of clicks at each point: 1..K."""
        return np.arange(1, len(next(iter(self.curves.values()))) + 1)


@dataclass(frozen=True, eq=False)
class UserScatter:
    """IoU over users' first clicks, for one segmenter and dataset: how much the user matters.

    Attributes:
        label: What the points belong to; heads their chart.
        mean: (N,) mean IoU over the users of each instance, in [0, 1].
        std: (N,) population standard deviation of the same, in [0, 0.5].
        nsr: Noise-to-signal ratio of all N instances, in percent.
        is_simulated: True where no person made the clicks.

    Raises:
        ValueError: If ``mean`` and ``std`` are not (N,) of one N.

    Example:
        >>> len(UserScatter("geocut", np.array([0.8, 0.9]), np.array([0.1, 0.0]), nsr=6.25).mean)
        2
    """

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
class GalleryItem:
    """One instance to look at.

    Attributes:
        instance: Image, masks and clicks.
        click_map: (H, W) >= 0, what a click model predicts for it.
        baseline_click: Where the baseline clicks.
        caption: A few words under the pictures, for example the click model's name.

    Raises:
        ValueError: If ``click_map`` is not of the image's size.

    Example:
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True), "UD").baseline_click
        Click(x=2, y=1, is_positive=True)
        >>> GalleryItem(instance, np.ones((4, 3)), Click(2, 1, True))
        Traceback (most recent call last):
        ...
        ValueError: click_map must be of the image's size (3, 4), got shape (4, 3)
    """

    instance: Instance
    click_map: np.ndarray
    baseline_click: Click
    caption: str = ""

    def __post_init__(self) -> None:
        if np.shape(self.click_map) != self.instance.mask.shape:
            raise ValueError(
                f"click_map must be of the image's size {self.instance.mask.shape}, "
                f"got shape {np.shape(self.click_map)}"
            )


class ClickPath(NamedTuple):
    """The clicks of one run on one instance, in order, with the IoU after each.

    Attributes:
        title: Name of the run.
        clicks: K clicks.
        ious: K IoUs in [0, 1].
        is_path: False where every click starts anew, as users' first clicks do.

    Example:
        >>> ClickPath("Baseline", [Click(3, 5, True)], [0.8]).is_path
        True
    """

    title: str
    clicks: Sequence[Click]
    ious: Sequence[float]
    is_path: bool = True


@dataclass(frozen=True, eq=False)
class ExampleItem:
    """One instance of a benchmark to look at, with the clicks on it.

    Attributes:
        instance: Image and masks.
        why: Why it is shown.
        paths: The runs to show, a picture each.

    Example:
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> path = ClickPath("Baseline", [Click(2, 1, True)], [0.9])
        >>> ExampleItem(instance, "Hard: Sample NoC 20.00", [path]).paths[0].title
        'Baseline'
    """

    instance: Instance
    why: str
    paths: Sequence[ClickPath]


@dataclass(frozen=True, eq=False)
class ReportData:
    """All that a report shows. A section without data is left out of the page.

    Attributes:
        title: Heading of the page.
        is_simulated: True where no person made any of the clicks; its parts may say so for
            themselves.
        command: The command that made the numbers, as typed.
        settings: Name -> value of what the numbers depend on.
        click_scores: Rows of the click-model table.
        benchmark_rows: Rows of the benchmark table.
        supplement: Further tables.
        curves: One chart of mean IoU per click each.
        scatter: One chart of users' first clicks each.
        examples: Instances that are hard, or sensitive to who clicks, with the clicks of runs.
        gallery: Instances to look at, with a click model's map.
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
    click_scores: Sequence[ClickModelRow] = ()
    benchmark_rows: Sequence[BenchmarkRow] = ()
    supplement: Sequence[NamedTable] = ()
    curves: Sequence[IoUCurves] = ()
    scatter: Sequence[UserScatter] = ()
    examples: Sequence[ExampleItem] = ()
    gallery: Sequence[GalleryItem] = ()
    versions: Mapping[str, str] = field(default_factory=installed_versions)

    @property
    def shows_simulated(self) -> bool:
        """True where anything on the page is simulated: one such row or picture marks the page."""
        flags = [
            self.is_simulated,
            *(score.is_simulated for score in self.click_scores),
            *(row.is_simulated for row in self.benchmark_rows),
            *(curves.is_simulated for curves in self.curves),
            *(points.is_simulated for points in self.scatter),
            *(named.table.is_simulated for named in self.supplement),
            *(item.instance.is_simulated for item in self.examples),
            *(item.instance.is_simulated for item in self.gallery),
        ]
        return any(flags)
