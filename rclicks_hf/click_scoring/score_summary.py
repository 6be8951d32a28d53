"""Means with intervals and differences of click models, from the scores of instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from rclicks_hf.click_scoring.score_rows import ALL_DEVICES, PEOPLE, SPLIT_HALF
from rclicks_hf.data import DEVICES, ROUNDS
from rclicks_hf.metrics import (
    CLICK_METRICS,
    SAMPLED_METRICS,
    Interval,
    bootstrap_interval,
    paired_interval,
)

ALL_ROUNDS = "all"
BOOTSTRAP_RESAMPLES = 2_000  # per interval: two or three digits, and quick on all of TETRIS


@dataclass(frozen=True)
class ClickModelMeans:
    """The means of one click model over the instances that it was scored on.

    Attributes:
        click_model: Its name.
        instances: Number of instances scored.
        intervals: Metric -> mean with its bootstrap interval over instances; empty where no
            instance was scored.
        errors: Sampled metric -> Monte Carlo standard error of the mean.
        left_out: full_stem -> why it was not scored.
        ks_undefined: full_stem of the instances scored with KS comparisons that are undefined,
            which count as 0.
    """

    click_model: str
    instances: int
    intervals: dict[str, Interval]
    errors: dict[str, float]
    left_out: dict[str, str]
    ks_undefined: list[str]


@dataclass(frozen=True)
class ScoreDifference:
    """How two click models differ on the instances that both were scored on.

    Attributes:
        first, second: Names of the click models.
        instances: Number of such instances.
        intervals: Metric -> mean of first - second with its paired bootstrap interval.
    """

    first: str
    second: str
    instances: int
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class ScoreTable:
    """The scores of click models on one dataset, one round or all, one device or all.

    Attributes:
        dataset: Key of ``SOURCE_DATASETS``.
        split: Its split.
        round: Item of ``ROUNDS``, or ``"all"``.
        device: Item of ``DEVICES``, or ``"all"``.
        is_simulated: True where the clicks are simulated.
        means: One per click model; the split-half row is last.
        differences: Each click model against each named before it.
    """

    dataset: str
    split: str
    round: str
    device: str
    is_simulated: bool
    means: list[ClickModelMeans]
    differences: list[ScoreDifference]


def summarise_scores(scores: pd.DataFrame, *, rounds: bool = False) -> list[ScoreTable]:
    """Means with intervals for each dataset, round and device.

    A mean is over the instances that were scored; it names the others, with the reason.

    Args:
        scores: Rows that `read_click_scores` returned.
        rounds: True adds a table of each round to that of all rounds.

    Returns:
        The tables in the order of the datasets; all rounds and all devices come first.

    Example:
        >>> row = {"dataset": "davis", "split": "test", "round": "first", "device": "all",
        ...        "is_simulated": False, "clicks": 48, **dict.fromkeys(CLICK_METRICS, 0.5),
        ...        **{f"{name}_error": 0.01 for name in SAMPLED_METRICS}, "ks_undefined": 0}
        >>> scores = pd.DataFrame([
        ...     {**row, "full_stem": "a", "click_model": "ud", "left_out": ""},
        ...     {**row, "full_stem": "b", "click_model": "ud", "left_out": "no clicks"}])
        >>> (table,) = summarise_scores(scores)
        >>> table.means[0].instances, table.means[0].intervals["ks"], table.means[0].left_out
        (1, Interval(mean=0.5, low=0.5, high=0.5), {'b': 'no clicks'})
    """
    return [
        _table(group, chosen_round, device)
        for _, of_dataset in scores.groupby("dataset", sort=False)
        for chosen_round, of_round in _rounds(of_dataset, rounds)
        for device, group in _devices(of_round)
    ]


def _rounds(rows: pd.DataFrame, apart: bool) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL_ROUNDS, rows
    for name in ROUNDS if apart else ():
        chosen = rows[rows["round"] == name]
        if len(chosen):
            yield name, chosen


def _devices(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in (ALL_DEVICES, *DEVICES):
        chosen = rows[rows["device"] == name]
        if len(chosen):
            yield name, chosen


def _table(rows: pd.DataFrame, chosen_round: str, device: str) -> ScoreTable:
    groups = {str(name): group for name, group in rows.groupby("click_model", sort=False)}
    names = [name for name in groups if name != PEOPLE]
    scored = {name: group[group["left_out"] == ""] for name, group in groups.items()}
    first = rows.iloc[0]
    return ScoreTable(
        dataset=first["dataset"],
        split=first["split"],
        round=chosen_round,
        device=device,
        is_simulated=bool(first["is_simulated"]),
        # The halves of the clicks come last, regardless of the order of the rows.
        means=[
            _means(SPLIT_HALF if name == PEOPLE else name, groups[name], scored[name])
            for name in sorted(groups, key=lambda name: name == PEOPLE)
        ],
        differences=[
            _difference(later, earlier, scored) for earlier, later in combinations(names, 2)
        ],
    )


def _means(name: str, rows: pd.DataFrame, scored: pd.DataFrame) -> ClickModelMeans:
    left_out = rows[rows["left_out"] != ""]
    return ClickModelMeans(
        click_model=name,
        instances=len(scored),
        intervals={
            metric: bootstrap_interval(scored[metric], resamples=BOOTSTRAP_RESAMPLES)
            for metric in (CLICK_METRICS if len(scored) else ())
        },
        errors={
            metric: float(np.linalg.norm(scored[f"{metric}_error"])) / len(scored)
            for metric in (SAMPLED_METRICS if len(scored) else ())
        },
        left_out=dict(zip(left_out["full_stem"], left_out["left_out"], strict=True)),
        ks_undefined=scored.loc[scored["ks_undefined"] > 0, "full_stem"].tolist(),
    )


def _difference(first: str, second: str, scored: dict[str, pd.DataFrame]) -> ScoreDifference:
    pairs = scored[first].merge(scored[second], on="full_stem", suffixes=("", "_of_second"))
    return ScoreDifference(
        first=first,
        second=second,
        instances=len(pairs),
        intervals={
            metric: paired_interval(
                pairs[metric], pairs[f"{metric}_of_second"], resamples=BOOTSTRAP_RESAMPLES
            )
            for metric in (CLICK_METRICS if len(pairs) else ())
        },
    )
