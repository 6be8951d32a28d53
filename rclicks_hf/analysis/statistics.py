"""The table of all statistics that an analysis computes per instance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statistic:
    """One statistic of an instance.

    Attributes:
        name: Column in the tables; key in `STATISTICS`.
        title: Name in printed tables.
        length: What it is divided by: ``"diagonals"`` or ``"sides"`` of the instance's unit; ``""``
            for a share, which needs no unit.

    Example:
        >>> STATISTICS["wd"].title, STATISTICS["wd"].length
        ('WD', 'diagonals')
    """

    name: str
    title: str
    length: str


STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic("ks", "KS share", ""),
        Statistic("wd", "WD", "diagonals"),
        Statistic("pl1", "PL1", "sides"),
        Statistic("wd_slip", "WD with slip", "diagonals"),
        Statistic("pl1_slip", "PL1 with slip", "sides"),
        Statistic("standard_distance", "standard distance", "diagonals"),
        Statistic("mean_pairwise_distance", "mean pairwise", "diagonals"),
        Statistic("median_pairwise_distance", "median pairwise", "diagonals"),
        Statistic("nearest_neighbour_distance", "nearest neighbour", "diagonals"),
        Statistic("jackknife_se", "jackknife SE", "diagonals"),
        Statistic("largest_shift", "largest shift", "diagonals"),
    )
}
