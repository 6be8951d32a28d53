"""The table of metrics, from which exports, evaluate modules, cards, reports and tests are made."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from rclicks_hf.support.text.citation import PAPER_BIBTEX

__all__ = ["CLICK_METRICS", "METRICS", "SAMPLED_METRICS", "MetricInfo"]

Inputs = Literal["click map", "click map and box", "IoU", "group IoU", "group and baseline IoU"]


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """One row of the table of metrics.

    Attributes:
        name: Name of the function in `rclicks_hf.metrics`, and key of the module's result.
        title: The metric's name in words.
        abbreviation: Column head in tables.
        direction: ``"up"`` where higher is better, ``"down"`` where lower is.
        range: Smallest and greatest possible value.
        unit: Unit of the value.
        digits: Decimals in the report's tables.
        inputs: What is given per instance; the evaluate modules have one base class for each.
        description: One or two sentences, also the description of the evaluate module.
        definition: How the value is computed, with its formula.
        is_sampled: Whether the value is estimated from points drawn from a click map.
        citation: BibTeX of the source.

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
    digits: int
    inputs: Inputs
    description: str
    definition: str
    is_sampled: bool = False
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
        name="ks",
        title="Kolmogorov-Smirnov agreement",
        abbreviation="KS",
        direction="up",
        range=(0.0, 1.0),
        unit="share of resamples",
        digits=3,
        inputs="click map",
        is_sampled=True,
        description="How often a two-dimensional Kolmogorov-Smirnov test cannot tell clicks drawn "
        "from a click map from recorded clicks.",
        definition="From each click map, 100 sets of n points are drawn, where n is the number of "
        "recorded clicks. Each set is compared with the clicks by the two-sample, two-dimensional "
        "Kolmogorov-Smirnov test (Peacock 1983; Fasano and Franceschini 1987). KS is the share of "
        "sets with a p-value above 0.05.",
    ),
    MetricInfo(
        name="pl1",
        title="Pairwise L1 distance",
        abbreviation="PL1",
        direction="down",
        range=(0.0, inf),
        unit="sides of the object's bounding box",
        digits=3,
        inputs="click map and box",
        is_sampled=True,
        description="Mean L1 distance between recorded clicks and clicks drawn from a click map, "
        "each coordinate measured in sides of the object's bounding box.",
        definition="From each click map, 100 sets of n points are drawn, where n is the number of "
        "recorded clicks. PL1 is the mean of |x - x'|/w + |y - y'|/h over all pairs of a recorded "
        "click and a drawn point, where (w, h) is the object's bounding box.",
    ),
    MetricInfo(
        name="wd",
        title="Wasserstein distance",
        abbreviation="WD",
        direction="down",
        range=(0.0, inf),
        unit="diagonals of the object's bounding box",
        digits=3,
        inputs="click map and box",
        is_sampled=True,
        description="How far clicks drawn from a click map must be moved to match recorded clicks, "
        "measured in diagonals of the object's bounding box.",
        definition="From each click map, 100 sets of n points are drawn, where n is the number of "
        "recorded clicks. WD is the mean Wasserstein-1 distance (Euclidean) between the clicks and "
        "a drawn set, divided by the diagonal of the object's bounding box. Sets of equal size "
        "make it a linear assignment, which is solved exactly.",
    ),
    MetricInfo(
        name="nss",
        title="Normalised scanpath saliency",
        abbreviation="NSS",
        direction="up",
        range=(-inf, inf),
        unit="standard deviations of the map",
        digits=3,
        inputs="click map",
        description="Mean z-score of a click map at the pixels of recorded clicks.",
        definition="The map is normalised to a distribution p; z = (p - mean p)/(std p + 1e-9) "
        "over all pixels. NSS is the mean of z at the clicks. The 1e-9 is the paper's, and it "
        "affects the value for maps of about a megapixel.",
    ),
    MetricInfo(
        name="pde",
        title="Probability density estimate",
        abbreviation="PDE",
        direction="up",
        range=(0.0, 1.0),
        unit="probability per pixel",
        digits=3,
        inputs="click map",
        description="Mean probability that a click map gives to the pixels of recorded clicks.",
        definition="The map is normalised to a distribution, p = map/(sum + 1e-9). PDE is the mean "
        "of p at the clicks.",
    ),
    MetricInfo(
        name="noc",
        title="Number of clicks",
        abbreviation="NoC",
        direction="down",
        range=(1.0, 20.0),
        unit="clicks",
        digits=2,
        inputs="IoU",
        description="Mean number of clicks until the IoU reaches a threshold; over clicking groups "
        "it is Sample NoC, with the spread between groups.",
        definition="NoC is the number of the first click after which the IoU is at least the "
        "threshold, or the maximum number of clicks where it never is. With one sequence of IoU "
        "values per instance, this is the usual NoC. With one sequence per clicking group (ten in "
        "the paper, from the least likely to the most likely clicks), the mean over groups and "
        "instances is the paper's Sample NoC, and `noc_std` is its ±: the standard deviation over "
        "groups, averaged over instances.",
    ),
    MetricInfo(
        name="delta_sb",
        title="Sampled users against the baseline clicker",
        abbreviation="ΔSB",
        direction="down",
        range=(-95.0, 1900.0),
        unit="per cent",
        digits=2,
        inputs="group and baseline IoU",
        description="How many more clicks, in per cent, a segmentation method needs with sampled "
        "realistic users than with the baseline clicker.",
        definition="For each instance, the NoC of ten clicking groups (sampled users) is averaged "
        "and compared with the NoC of the baseline clicker, which always clicks the centre of the "
        "largest error. ΔSB is the mean over instances of (mean NoC of the groups - baseline "
        "NoC)/baseline NoC, in per cent.",
    ),
    MetricInfo(
        name="delta_gr",
        title="Least likely against most likely clicks",
        abbreviation="ΔGR",
        direction="down",
        range=(-95.0, 1900.0),
        unit="per cent",
        digits=2,
        inputs="group IoU",
        description="How many more clicks, in per cent, a segmentation method needs with the least "
        "likely clicks (group G1) than with the most likely ones (group G10).",
        definition="Clicking groups divide the mass of a click map into ten: G1 holds the least "
        "likely clicks, G10 the most likely. ΔGR is the mean over instances of (NoC(G1) - "
        "NoC(G10))/NoC(G10), in per cent.",
    ),
    MetricInfo(
        name="nsr",
        title="Noise-to-signal ratio",
        abbreviation="NSR",
        direction="down",
        range=(0.0, inf),
        unit="per cent",
        digits=2,
        inputs="IoU",
        description="How much the IoU after one click varies between users: standard deviation "
        "over mean, averaged over instances.",
        definition="Every recorded first click of an instance gives one prediction and one IoU. "
        "Mean and population standard deviation of the IoU over the clicks are averaged over the "
        "segmentation methods (if there are several) and divided; NSR is the mean of the quotient "
        "over instances, in per cent. Over many methods it describes how much the users' variety "
        "matters on a dataset; for one method, how sensitive that method is.",
    ),
)

METRICS: dict[str, MetricInfo] = {metric.name: metric for metric in _TABLE}
#: Metrics of click models, the fields of `ClickScores`.
CLICK_METRICS: tuple[str, ...] = tuple(m.name for m in _TABLE if m.inputs.startswith("click map"))
#: Those whose value has a Monte Carlo error.
SAMPLED_METRICS: tuple[str, ...] = tuple(m.name for m in _TABLE if m.is_sampled)
