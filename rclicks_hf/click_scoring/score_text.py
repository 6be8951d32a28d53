"""The tables of click models as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rclicks_hf.click_scoring.paper_scores import (
    PUBLISHED_INSTANCES,
    PUBLISHED_MODELS,
    published_means,
)
from rclicks_hf.click_scoring.score_rows import ALL_DEVICES, SPLIT_HALF
from rclicks_hf.click_scoring.score_summary import (
    ALL_ROUNDS,
    ClickModelMeans,
    ScoreDifference,
    ScoreTable,
)
from rclicks_hf.data import SOURCE_DATASETS
from rclicks_hf.data.schema import KIND_OF_CLICKS
from rclicks_hf.metrics import CLICK_METRICS, METRICS, SAMPLED_METRICS, Interval
from rclicks_hf.support.text.text_table import plain_table

_NAMED = 5  # instances named in a line; the results file names all
_INTERVALS = "Means over instances; in brackets their 95 % bootstrap intervals over instances."
_STAR = "* marks a difference whose interval excludes 0."
_LEGEND_OF_HALVES = (
    f"{SPLIT_HALF}: one random half of the clicks against the other; NSS and PDE of a click\n"
    "map made from one half at the clicks of the other. A half has half as many points as a click\n"
    "model is compared with, so KS is slightly lenient and WD slightly large; NSS and PDE are not\n"
    "a ceiling, because a smoother map may score higher."
)


def score_text(metric: str, value: float) -> str:
    """A score with four digits after the point, PDE in scientific notation."""
    return f"{value:.3e}" if metric == "pde" else f"{value:.4f}"


def score_head(metric: str) -> str:
    """Head of a score's column, with an arrow in the better direction."""
    return f"{METRICS[metric].abbreviation} {METRICS[metric].arrow}"


def format_score_tables(tables: Sequence[ScoreTable], *, errors: bool = False) -> str:
    """The tables of `summarise_scores` as text.

    The paper's values are below those of the same click model where they are of the same data:
    recorded clicks, the paper's split, all rounds and devices.

    Args:
        tables: The tables.
        errors: True adds the Monte Carlo standard errors of the means.

    Returns:
        Per table: means, published means, differences of click models, and what was left out.

    Example:
        >>> interval = Interval(0.5, 0.45, 0.55)
        >>> means = ClickModelMeans("ud", 9, dict.fromkeys(CLICK_METRICS, interval), {}, {}, ["a"])
        >>> table = ScoreTable("simulated_scenes", "test", "all", "all", True, [means], [])
        >>> print(format_score_tables([table]).splitlines()[0])
        Click models on Scenes (simulated), split test (simulated clicks)
    """
    legend = [_INTERVALS]
    if any(table.differences for table in tables):
        legend.append(_STAR)
    if any(means.click_model == SPLIT_HALF for table in tables for means in table.means):
        legend.append(_LEGEND_OF_HALVES)
    return "\n\n".join([*(_block(table, errors) for table in tables), "\n".join(legend)])


def _block(table: ScoreTable, errors: bool) -> str:
    published = _published_lines(table)
    lines = [["click model", "n", *map(score_head, CLICK_METRICS)]]
    for means in table.means:
        lines += _mean_lines(means, errors)
        if means.click_model in published:
            lines.append(published.pop(means.click_model))
    lines += published.values()
    parts = [_title(table), plain_table(lines, left=1)]
    if table.differences:
        heads = ["difference", "n", *(METRICS[name].abbreviation for name in CLICK_METRICS)]
        of_pairs = [line for pair in table.differences for line in _difference_lines(pair)]
        parts.append(plain_table([heads, *of_pairs], left=1))
    return "\n".join([*parts, *_remarks(table.means)])


def _title(table: ScoreTable) -> str:
    which = [SOURCE_DATASETS[table.dataset].title, f"split {table.split}"]
    if table.round != ALL_ROUNDS:
        which.append(f"{table.round} round{'s' * (table.round != 'first')}")
    if table.device != ALL_DEVICES:
        which.append(table.device)
    return f"Click models on {', '.join(which)} ({KIND_OF_CLICKS[table.is_simulated]})"


def _mean_lines(means: ClickModelMeans, errors: bool) -> list[list[str]]:
    head = [means.click_model, str(means.instances)]
    if not means.intervals:
        return [[*head, *("–" for _ in CLICK_METRICS)]]
    lines = [
        [*head, *_cells(means.intervals, lambda name, of: score_text(name, of.mean))],
        ["", "", *_cells(means.intervals, _bounds)],
    ]
    if errors:
        of_draws = [
            f"± {score_text(name, means.errors[name])}" if name in SAMPLED_METRICS else ""
            for name in CLICK_METRICS
        ]
        lines.append(["  Monte Carlo error", "", *of_draws])
    return lines


def _published_lines(table: ScoreTable) -> dict[str, list[str]]:
    """The paper's lines by click model, where they are of the table's data."""
    whole = (table.round, table.device) == (ALL_ROUNDS, ALL_DEVICES)
    if table.is_simulated or not whole:
        return {}
    instances = str(PUBLISHED_INSTANCES.get(table.dataset, ""))
    return {
        name: [
            f"  {PUBLISHED_MODELS[name]}, published",
            instances,
            *(score_text(metric, means[metric]) for metric in CLICK_METRICS),
        ]
        for name, means in published_means(table.dataset, table.split).items()
    }


def _difference_lines(pair: ScoreDifference) -> list[list[str]]:
    head = [f"{pair.first} − {pair.second}", str(pair.instances)]
    if not pair.intervals:
        return [[*head, *("–" for _ in CLICK_METRICS)]]
    return [
        [*head, *_cells(pair.intervals, _signed)],
        ["", "", *_cells(pair.intervals, _bounds)],
    ]


def _cells(
    intervals: Mapping[str, Interval], text: Callable[[str, Interval], str]
) -> Iterable[str]:
    return (text(name, intervals[name]) for name in CLICK_METRICS)


def _signed(metric: str, interval: Interval) -> str:
    mark = "*" if interval.low > 0 or interval.high < 0 else ""
    return f"{'+' * (interval.mean > 0)}{score_text(metric, interval.mean)}{mark}"


def _bounds(metric: str, interval: Interval) -> str:
    low, high = (
        f"{bound:.1e}" if metric == "pde" else f"{bound:.3f}"
        for bound in (interval.low, interval.high)
    )
    return f"[{low}, {high}]"


def _remarks(means: Sequence[ClickModelMeans]) -> list[str]:
    """What was not scored, and where KS is undefined, with the instances' names."""
    remarks = []
    for row in means:
        if row.left_out:
            by_reason: dict[str, list[str]] = {}
            for stem, reason in row.left_out.items():
                by_reason.setdefault(reason, []).append(stem)
            remarks += [
                f"{row.click_model}: {len(stems)} not scored, {reason}: {_named(stems)}"
                for reason, stems in by_reason.items()
            ]
        if row.ks_undefined:
            remarks.append(
                f"{row.click_model}: KS undefined for some draws (all points at one x or one y; "
                f"they count as 0) on {len(row.ks_undefined)}: {_named(row.ks_undefined)}"
            )
    return remarks


def _named(stems: Sequence[str]) -> str:
    more = len(stems) - _NAMED
    return ", ".join(stems[:_NAMED]) + (f" and {more} more" if more > 0 else "")
