"""Means over the instances of a group, with bootstrap intervals, as rows and as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from rclicks_hf.analysis.clicked_instances import LEFT_OUT
from rclicks_hf.analysis.statistics import STATISTICS
from rclicks_hf.data.schema import KIND_OF_CLICKS, SOURCE_DATASETS
from rclicks_hf.metrics import Interval, bootstrap_interval
from rclicks_hf.metrics.sampling import SEED
from rclicks_hf.support.text.text_table import plain_table

_LEFT = 3  # columns of text
_NOTHING = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class SummaryRow:
    """The mean of one statistic over the instances of one group.

    Attributes:
        group: Dataset, or display mode.
        split: Split of the dataset, ``""`` for a display mode.
        is_simulated: True for simulated clicks.
        unit: ``"object box"`` or ``"image"``: what lengths are divided by.
        statistic: Key in `STATISTICS`.
        instances: Number of instances in the mean.
        left_out: Reason -> number of instances left out for it.
        mean: Mean over the instances; NaN without any.
        low: Lower bound of its bootstrap interval.
        high: Upper bound.
    """

    group: str
    split: str
    is_simulated: bool
    unit: str
    statistic: str
    instances: int
    left_out: Mapping[str, int]
    mean: float
    low: float
    high: float


def summarise(
    rows: pa.Table, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = SEED
) -> list[SummaryRow]:
    """Means with percentile-bootstrap intervals over instances.

    Instances have equal weight, regardless of their number of clicks. A mean never mixes splits,
    units, or simulated and recorded clicks.

    Args:
        rows: One row per instance, as every analysis returns it: ``dataset`` and ``split``, or
            ``mode``; ``is_simulated``, ``unit``, some of `STATISTICS`, and ``left_out``.
        confidence: Coverage of the intervals, in (0, 1).
        resamples: Number of resampled means.
        seed: Seed of the resampling.

    Returns:
        One row per group and statistic, groups in order of first appearance.

    Raises:
        ValueError: If an option is out of range.

    Example:
        >>> rows = pa.table({"mode": ["Silhouette_Mask"] * 3, "is_simulated": [False] * 3,
        ...                  "unit": ["object box"] * 3, "wd": [0.25, 0.25, None],
        ...                  "left_out": ["", "", "fewer than 1 click"]})
        >>> [row] = summarise(rows)
        >>> row.group, row.instances, row.mean, row.low, row.left_out
        ('Silhouette_Mask', 2, 0.25, 0.25, {'fewer than 1 click': 1})
    """
    frame = rows.to_pandas()
    if "mode" in frame:
        frame = frame.rename(columns={"mode": "dataset"}).assign(split="")
    summary = []
    keys = ["dataset", "split", "is_simulated", "unit"]
    for (label, split, is_simulated, unit), group in frame.groupby(keys, sort=False):
        reasons = group[LEFT_OUT].value_counts(sort=False).to_dict()
        used = reasons.pop("", 0)
        for statistic in (name for name in group.columns if name in STATISTICS):
            values = group[statistic].dropna().to_numpy()
            interval = _NOTHING
            if used:
                interval = bootstrap_interval(
                    values, confidence=confidence, resamples=resamples, seed=seed
                )
            summary.append(
                SummaryRow(
                    group=label,
                    split=split,
                    is_simulated=bool(is_simulated),
                    unit=unit,
                    statistic=statistic,
                    instances=used,
                    left_out=reasons,
                    **interval._asdict(),
                )
            )
    return summary


def format_summary(
    summary: Sequence[SummaryRow],
    title: str,
    published: Callable[[SummaryRow], float | None] | None = None,
    *,
    origin: str | None = None,
) -> str:
    """A summary as text for a terminal; recorded and simulated clicks are in separate tables.

    Args:
        summary: From `summarise`.
        title: What was analysed.
        published: Row -> the paper's value of the same mean, None where it has none; None where no
            row has one.
        origin: How to describe the clicks in the heading; None for recorded or simulated, as the
            rows say.

    Returns:
        The tables, each headed by ``title`` and the origin of its clicks, and followed by one line
        per group and reason with instances left out.

    Example:
        >>> row = SummaryRow("davis", "test", False, "object box", "wd", 378,
        ...                  {"fewer than 10 clicks": 2}, 0.25, 0.2, 0.3)
        >>> print(format_summary([row], "PC against mobile", lambda row: 0.26))
        PC against mobile (recorded clicks)
        Group  Statistic  Unit           Instances    Mean     95 % interval  Published
        -----  ---------  -------------  ---------  ------  ----------------  ---------
        davis  WD         box diagonals        378  0.2500  [0.2000, 0.3000]     0.2600
        Left out of davis: 2, fewer than 10 clicks
    """
    blocks = []
    for is_simulated in dict.fromkeys(row.is_simulated for row in summary):
        rows = [row for row in summary if row.is_simulated == is_simulated]
        heading = f"{title} ({origin or KIND_OF_CLICKS[is_simulated]})"
        blocks.append("\n".join([heading, _table(rows, published), *_left_out_lines(rows)]))
    return "\n\n".join(blocks)


def _table(
    rows: Sequence[SummaryRow], published: Callable[[SummaryRow], float | None] | None
) -> str:
    beside = [published(row) if published else None for row in rows]
    lines = [["Group", "Statistic", "Unit", "Instances", "Mean", "95 % interval"]]
    lines += [
        [
            _group(row),
            STATISTICS[row.statistic].title,
            _unit(row),
            str(row.instances),
            _number(row.mean),
            f"[{_number(row.low)}, {_number(row.high)}]",
        ]
        for row in rows
    ]
    if any(value is not None for value in beside):
        for line, cell in zip(lines, ["Published", *map(_number, beside)], strict=True):
            line.append(cell)
    # Not DataFrame.to_string: it has no rule below the head and aligns all columns alike.
    return plain_table(lines, _LEFT)


def _left_out_lines(rows: Sequence[SummaryRow]) -> list[str]:
    """One line per group and reason, once for all its statistics."""
    lines = [
        f"Left out of {_group(row)}: {number}, {reason}"
        for row in rows
        for reason, number in row.left_out.items()
    ]
    return list(dict.fromkeys(lines))


def _group(row: SummaryRow) -> str:
    """The group's name, with its split where the dataset has several."""
    entry = SOURCE_DATASETS.get(row.group)
    return f"{row.group} {row.split}" if entry and len(entry.splits) > 1 else row.group


def _unit(row: SummaryRow) -> str:
    length = STATISTICS[row.statistic].length
    return f"{row.unit.removeprefix('object ')} {length}" if length else ""


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.4f}"
