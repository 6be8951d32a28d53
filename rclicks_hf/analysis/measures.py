"""The table of all measures that an analysis gives an instance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One measure of an instance.

    Attributes:
        name: Column in the tables; key in `MEASURES`.
        title: Name in printed tables.
        length: What it is divided by: ``"diagonals"`` or ``"sides"`` of the instance's unit; ``""``
            for a share, which needs no unit.

    Example:
        >>> MEASURES["wd"].title, MEASURES["wd"].length
        ('WD', 'diagonals')
    """

    name: str
    title: str
    length: str


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("ks", "KS share", ""),
        Measure("wd", "WD", "diagonals"),
        Measure("pl1", "PL1", "sides"),
        Measure("wd_slip", "WD with slip", "diagonals"),
        Measure("pl1_slip", "PL1 with slip", "sides"),
        Measure("standard_distance", "standard distance", "diagonals"),
        Measure("mean_pairwise_distance", "mean pairwise", "diagonals"),
        Measure("median_pairwise_distance", "median pairwise", "diagonals"),
        Measure("nearest_neighbour_distance", "nearest neighbour", "diagonals"),
        Measure("jackknife_se", "jackknife SE", "diagonals"),
        Measure("largest_shift", "largest shift", "diagonals"),
    )
}
