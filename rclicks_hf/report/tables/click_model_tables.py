"""Tables of click-model scores: means with intervals, the paper's values, paired differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

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
from rclicks_hf.metrics import CLICK_METRICS, METRICS, Interval
from rclicks_hf.report.numbers.measures import column_head
from rclicks_hf.report.tables.table_cells import (
    ABSENT,
    Cell,
    NamedTable,
    Row,
    Table,
    interval_text,
    label,
    number,
    ranks,
    scale_of,
    times_ten,
)

#: Decimals of click-model scores, after scaling.
SCORE_DIGITS = 3

SPLIT_HALF_NOTE = (
    f'"{SPLIT_HALF}": one random half of the clicks scored against the other half, about the best '
    "agreement to expect in KS, PL1 and WD. With half as many clicks, KS is slightly lenient and "
    "WD slightly large; in NSS and PDE a smoother map may score higher."
)


def click_model_tables(tables: Sequence[ScoreTable]) -> list[NamedTable]:
    """The table of means and, for two or more click models, the table of paired differences."""
    if not tables:
        return []
    scales = _scales(tables)
    intro = "Means over instances with 95 % bootstrap intervals; the best of each column is marked."
    if any(means.click_model == SPLIT_HALF for table in tables for means in table.means):
        intro += f" {SPLIT_HALF_NOTE}"
    made = [
        NamedTable("Agreement of click models with clicks", intro, _means_table(tables, scales))
    ]
    if any(table.differences for table in tables):
        text = (
            "First minus second, over the instances that both were scored on. * marks a difference "
            "whose 95 % interval excludes 0."
        )
        made.append(NamedTable("Differences of click models", text, _differences(tables, scales)))
    return made


def _scales(tables: Sequence[ScoreTable]) -> dict[str, int]:
    found = [means for table in tables for means in table.means if means.click_model != SPLIT_HALF]
    return {
        metric: scale_of(means.intervals[metric].mean for means in found if means.intervals)
        for metric in CLICK_METRICS
    }


def _titles(tables: Sequence[ScoreTable]) -> list[str]:
    """Dataset of each table, with its split and device where one dataset has several."""
    splits: dict[str, set[str]] = {}
    for table in tables:
        splits.setdefault(table.dataset, set()).add(table.split)
    return [
        ", ".join(
            [
                table.dataset,
                *([f"split {table.split}"] if len(splits[table.dataset]) > 1 else []),
                *([table.round] if table.round != ALL_ROUNDS else []),
                *([table.device] if table.device != ALL_DEVICES else []),
            ]
        )
        for table in tables
    ]


def _means_table(tables: Sequence[ScoreTable], scales: Mapping[str, int]) -> Table:
    heads = [("Click model", False), ("Instances", True)]
    for metric in CLICK_METRICS:
        info = METRICS[metric]
        title = info.abbreviation + times_ten(scales[metric])
        heads.append((column_head(title, info.direction), True))
    groups = zip(_titles(tables), tables, strict=True)
    return Table(heads, {title: list(_mean_rows(table, scales)) for title, table in groups})


def _mean_rows(table: ScoreTable, scales: Mapping[str, int]) -> Iterator[Row]:
    models = [means for means in table.means if means.click_model != SPLIT_HALF]
    marks = {
        metric: dict(
            zip(
                (means.click_model for means in models),
                _best(models, metric, scales[metric]),
                strict=True,
            )
        )
        for metric in CLICK_METRICS
    }
    paper = _paper_rows(table, scales)
    for means in table.means:
        cells = [
            _cell(
                means.intervals.get(metric),
                scales[metric],
                marks[metric].get(means.click_model, 0),
            )
            for metric in CLICK_METRICS
        ]
        name, count = label(means.click_model), Cell(str(means.instances))
        yield Row([name, count, *cells], table.is_simulated)
        if means.click_model in paper:
            yield paper.pop(means.click_model)
    yield from paper.values()


def _cell(interval: Interval | None, scale: int, rank: int = 0) -> Cell:
    if interval is None:
        return Cell(ABSENT)
    mean, low, high = (value / 10.0**scale for value in interval)
    return Cell(number(mean, SCORE_DIGITS), rank, interval=interval_text(low, high, SCORE_DIGITS))


def _best(models: Sequence[ClickModelMeans], metric: str, scale: int) -> list[int]:
    """1 for the best of the click models, else 0; there are too few to mark second and third."""
    values = [
        of.intervals[metric].mean / 10.0**scale if of.intervals else math.nan for of in models
    ]
    found = ranks(values, up=METRICS[metric].direction == "up", digits=SCORE_DIGITS)
    return [int(rank == 1) for rank in found]


def _paper_rows(table: ScoreTable, scales: Mapping[str, int]) -> dict[str, Row]:
    """The paper's rows by click model, where the table is of the paper's data."""
    if table.is_simulated or (table.round, table.device) != (ALL_ROUNDS, ALL_DEVICES):
        return {}
    count = Cell(str(PUBLISHED_INSTANCES.get(table.dataset, ABSENT)))
    return {
        name: Row(
            [
                label(f"paper: {PUBLISHED_MODELS[name]}"),
                count,
                *(Cell(number(means[m] / 10.0 ** scales[m], SCORE_DIGITS)) for m in CLICK_METRICS),
            ]
        )
        for name, means in published_means(table.dataset, table.split).items()
    }


def _differences(tables: Sequence[ScoreTable], scales: Mapping[str, int]) -> Table:
    heads = [("Difference", False), ("Instances", True)]
    heads += [(METRICS[m].abbreviation + times_ten(scales[m]), True) for m in CLICK_METRICS]
    groups = {
        title: [_difference_row(pair, table.is_simulated, scales) for pair in table.differences]
        for title, table in zip(_titles(tables), tables, strict=True)
        if table.differences
    }
    return Table(heads, groups)


def _difference_row(pair: ScoreDifference, is_simulated: bool, scales: Mapping[str, int]) -> Row:
    cells = []
    for metric in CLICK_METRICS:
        interval = pair.intervals.get(metric)
        cell = _cell(interval, scales[metric])
        if interval is not None:
            sign = "+" if interval.mean > 0 else ""
            star = "*" if interval.low > 0 or interval.high < 0 else ""
            cell = Cell(f"{sign}{cell.text}{star}", interval=cell.interval)
        cells.append(cell)
    name = label(f"{pair.first} − {pair.second}")
    return Row([name, Cell(str(pair.instances)), *cells], is_simulated)
