"""The table of metrics: what the evaluate modules, cards, tables and reports say about each."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from rclicks_hf.support.citation import PAPER_BIBTEX


@dataclass(frozen=True)
class MetricInfo:
    """What people need to know to read one metric.

    Attributes:
        name: Name of the function in `rclicks_hf.metrics`, and key of the module's result.
        title: The metric's name in words.
        abbreviation: How tables head its column.
        direction: ``"up"`` where higher is better, ``"down"`` where lower is.
        range: Least and greatest possible value.
        unit: Unit of the value.
        description: One or two sentences, also the description of the evaluate module.
        citation: BibTeX of the paper.

    Example:
        >>> info = METRICS["wd"]
        >>> info.module, info.abbreviation, info.arrow, info.unit
        ('rclicks_wd', 'WD', '↓', "diagonals of the object's bounding box")
    """

    name: str
    title: str
    abbreviation: str
    direction: Literal["up", "down"]
    range: tuple[float, float]
    unit: str
    description: str
    citation: str = PAPER_BIBTEX

    @property
    def module(self) -> str:
        """Name of the evaluate module, for example ``"rclicks_ks"``."""
        return f"rclicks_{self.name}"

    @property
    def arrow(self) -> str:
        """``"↑"`` where higher is better, ``"↓"`` where lower is."""
        return "↑" if self.direction == "up" else "↓"


_TABLE = (
    MetricInfo(
        "ks",
        "Kolmogorov-Smirnov agreement",
        "KS",
        "up",
        (0.0, 1.0),
        "share of resamples",
        "How often a two-dimensional Kolmogorov-Smirnov test cannot tell clicks drawn from a click "
        "map from the clicks of people.",
    ),
    MetricInfo(
        "pl1",
        "Pairwise L1 distance",
        "PL1",
        "down",
        (0.0, inf),
        "sides of the object's bounding box",
        "Mean L1 distance between the clicks of people and clicks drawn from a click map, each "
        "coordinate measured in sides of the object's bounding box.",
    ),
    MetricInfo(
        "wd",
        "Wasserstein distance",
        "WD",
        "down",
        (0.0, inf),
        "diagonals of the object's bounding box",
        "How far the clicks drawn from a click map must be moved to lie on the clicks of people, "
        "measured in diagonals of the object's bounding box.",
    ),
    MetricInfo(
        "nss",
        "Normalised scanpath saliency",
        "NSS",
        "up",
        (-inf, inf),
        "standard deviations of the map",
        "Mean z-score of a click map at the pixels where people clicked.",
    ),
    MetricInfo(
        "pde",
        "Probability density estimate",
        "PDE",
        "up",
        (0.0, 1.0),
        "probability a pixel",
        "Mean probability that a click map gives to the pixels where people clicked.",
    ),
    MetricInfo(
        "noc",
        "Number of clicks",
        "NoC",
        "down",
        (1.0, 20.0),
        "clicks",
        "Mean number of clicks until the IoU reaches a threshold; over clicking groups it is "
        "Sample NoC, with the spread between groups.",
    ),
    MetricInfo(
        "delta_sb",
        "Sampled users against the baseline clicker",
        "ΔSB",
        "down",
        (-95.0, 1900.0),
        "per cent",
        "How many per cent more clicks a segmentation method needs with sampled realistic users "
        "than with the baseline clicker.",
    ),
    MetricInfo(
        "delta_gr",
        "Least likely against most likely clicks",
        "ΔGR",
        "down",
        (-95.0, 1900.0),
        "per cent",
        "How many per cent more clicks a segmentation method needs when users click where few "
        "would (group G1) than where most would (group G10).",
    ),
    MetricInfo(
        "nsr",
        "Noise-to-signal ratio",
        "NSR",
        "down",
        (0.0, inf),
        "per cent",
        "How much the IoU after one click varies with the user who clicked: standard deviation "
        "over mean, averaged over instances.",
    ),
)

METRICS: dict[str, MetricInfo] = {metric.name: metric for metric in _TABLE}
CLICK_METRICS: tuple[str, ...] = ("ks", "pl1", "wd", "nss", "pde")
