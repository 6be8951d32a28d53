"""The measures of the benchmark: name, direction, unit and the value per instance.

Every number of the paper is a mean (for counts: a sum) of per-instance values, so intervals and
paired comparisons are computed the same way for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from rclicks_hf.benchmark.runs import SAMPLED_RUN, USER_RUN
from rclicks_hf.metrics import (
    baseline_difference_values,
    group_mean_values,
    group_nsr_values,
    group_std_values,
    half_difference_values,
    iou_auc,
    noc,
    range_difference_values,
)
from rclicks_hf.metrics.group_scores import noise_to_signal
from rclicks_hf.metrics.validation import check_ious
from rclicks_hf.report.numbers.method_results import GROUP_RUNS, MethodResults

#: (N,) values, one per instance, NaN for instances without one; None where runs are missing.
Values = Callable[[MethodResults, float], np.ndarray | None]


def column_head(title: str, direction: str) -> str:
    """Title with the arrow of the better direction, which does not wrap to a line of its own."""
    return f"{title}\N{NO-BREAK SPACE}{'↑' if direction == 'up' else '↓'}"


@dataclass(frozen=True)
class Measure:
    """One number of a method on a dataset.

    Attributes:
        key: Name in CSV files and task ids.
        title: Name in tables.
        direction: ``"down"`` if lower is better, ``"up"`` if higher is.
        unit: ``"clicks"``, ``"%"`` or ``"instances"``.
        values: Computes the per-instance values; the number is their mean (sum for counts).
        spread: Computes the number after ±; None where there is none.
        is_count: True if the number counts instances.
        is_boundary: True if it is computed from boundary IoU.

    Example:
        >>> MEASURES["delta_sb_noc"].title, MEASURES["delta_sb_noc"].head.split()
        ('ΔSB NoC', ['ΔSB', 'NoC', '%', '↓'])
    """

    key: str
    title: str
    direction: Literal["up", "down"]
    unit: str
    values: Values
    spread: Callable[[MethodResults, float], float] | None = None
    is_count: bool = False
    is_boundary: bool = False

    @property
    def head(self) -> str:
        """Column head: title, percent sign and direction arrow."""
        return column_head(self.title + " %" * (self.unit == "%"), self.direction)

    def of(self, method: MethodResults, threshold: float) -> np.ndarray | None:
        """(N,) values, NaN for instances without one; None where runs are missing."""
        return self.values(method.boundary if self.is_boundary else method, threshold)

    def spread_of(self, method: MethodResults, threshold: float) -> float:
        """The number after ±; NaN where there is none."""
        if self.spread is None:
            return math.nan
        return self.spread(method.boundary if self.is_boundary else method, threshold)


@dataclass(frozen=True)
class _Score:
    """A score of one run of clicks; ``of`` maps (..., K) IoU to (...)."""

    name: str
    title: str
    of: Callable[[np.ndarray, float], np.ndarray]
    direction: Literal["up", "down"] = "down"
    unit: str = "clicks"
    is_relative: bool = False
    is_count: bool = False
    min_clicks: int = 1


def _noc(ious: np.ndarray, threshold: float) -> np.ndarray:
    return noc(ious, threshold, ious.shape[-1])


def _auc(ious: np.ndarray, threshold: float) -> np.ndarray:
    return 100.0 * iou_auc(ious)


def _never(ious: np.ndarray, threshold: float) -> np.ndarray:
    return (ious < threshold).all(axis=-1).astype(float)


def _at_maximum(ious: np.ndarray, threshold: float) -> np.ndarray:
    return (_noc(ious, threshold) == ious.shape[-1]).astype(float)


_NOC = _Score("noc", "NoC", _noc, is_relative=True)
_AUC = _Score("auc", "IoU-AUC", _auc, direction="up", unit="%", min_clicks=2)
_COUNTS = (
    _Score("nof", "NoF", _never, unit="instances", is_count=True),
    _Score("nof_reference", "NoF (paper's rule)", _at_maximum, unit="instances", is_count=True),
)


def _group_scores(score: _Score, method: MethodResults, threshold: float) -> np.ndarray | None:
    """(N, G); None where no group was run."""
    return _of(score, method, "group_ious", threshold)


def _baseline_scores(score: _Score, method: MethodResults, threshold: float) -> np.ndarray | None:
    """(N,); None where the baseline was not run."""
    return _of(score, method, "baseline_ious", threshold)


def _of(score: _Score, method: MethodResults, name: str, threshold: float) -> np.ndarray | None:
    """Scores that several measures are made of, computed once."""
    ious: np.ndarray = getattr(method, name)
    if not ious.size or ious.shape[-1] < score.min_clicks:
        return None
    key = (score.name, name, threshold)
    if key not in method.computed:
        method.computed[key] = score.of(ious, threshold)
    return method.computed[key]


def _sampled(score: _Score, method: MethodResults, threshold: float) -> np.ndarray | None:
    scores = _group_scores(score, method, threshold)
    return None if scores is None else group_mean_values(scores)


def _spread(score: _Score, method: MethodResults, threshold: float) -> float:
    """Std over groups: of the counts, or averaged over instances."""
    scores = _group_scores(score, method, threshold)
    if scores is None:
        return math.nan
    return float(scores.sum(axis=0).std() if score.is_count else group_std_values(scores).mean())


def _against_baseline(score: _Score, method: MethodResults, threshold: float) -> np.ndarray | None:
    scores = _group_scores(score, method, threshold)
    baseline = _baseline_scores(score, method, threshold)
    if scores is None or baseline is None:
        return None
    return baseline_difference_values(scores, baseline, relative=score.is_relative)


def _between_groups(
    difference: Callable[..., np.ndarray], score: _Score, method: MethodResults, threshold: float
) -> np.ndarray | None:
    scores = _group_scores(score, method, threshold)
    # Undefined when only some groups were run: the least or most likely one may be missing.
    if scores is None or scores.shape[1] != len(GROUP_RUNS):
        return None
    return difference(scores, relative=score.is_relative)


def _measures(score: _Score, *, boundary: bool = False) -> list[Measure]:
    """All measures of one score."""
    ranges = partial(_between_groups, range_difference_values)
    halves = partial(_between_groups, half_difference_values)
    per_cent = "%" if score.is_relative else score.unit
    forms = (
        ("sample", "Sample", score.unit, _sampled),
        ("base", "Baseline", score.unit, _baseline_scores),
        ("delta_sb", "ΔSB", per_cent, _against_baseline),
        ("delta_gr", "ΔGR", per_cent, ranges),
        ("delta_hh", "ΔHH", per_cent, halves),
    )
    return [
        Measure(
            key=f"{form}_{'boundary_' if boundary else ''}{score.name}",
            title=f"{name} {score.title}{' (boundary)' if boundary else ''}",
            direction=score.direction,
            unit=unit,
            values=partial(values, score),
            spread=partial(_spread, score) if form == "sample" else None,
            is_count=score.is_count,
            is_boundary=boundary,
        )
        for form, name, unit, values in forms
    ]


def _auc_nsr(method: MethodResults, threshold: float) -> np.ndarray | None:
    scores = _group_scores(_AUC, method, threshold)
    return None if scores is None else group_nsr_values(scores)


def _first_iou(method: MethodResults, threshold: float) -> np.ndarray | None:
    """Of the instances with user clicks, as in the paper: it stands beside User IoU@1.

    Without a run of user clicks, or where it has none at all, of all instances.
    """
    baseline = method.baseline_ious
    if not baseline.size:
        return None
    users = method.of_run(USER_RUN)
    clicked = (users if len(users) else method.of_run(SAMPLED_RUN)).lengths > 0
    values = 100.0 * baseline[:, 0]
    return np.where(clicked, values, np.nan) if clicked.any() else values


def user_moments(run: str, method: MethodResults) -> tuple[np.ndarray, np.ndarray] | None:
    """(N,) mean and std of IoU over users, NaN for an instance without clicks; None without any."""
    key = ("moments", run)
    if key not in method.computed:
        users = method.of_run(run)
        flat = check_ious(users.flat, run) if users.lengths.any() else None
        method.computed[key] = None if flat is None else users.moments()
    return method.computed[key]


def _user_mean(run: str, method: MethodResults, threshold: float) -> np.ndarray | None:
    found = user_moments(run, method)
    return None if found is None else 100.0 * found[0]


def _user_spread(run: str, method: MethodResults, threshold: float) -> float:
    found = user_moments(run, method)
    return math.nan if found is None else 100.0 * float(np.nanmean(found[1]))


def _user_nsr(run: str, method: MethodResults, threshold: float) -> np.ndarray | None:
    found = user_moments(run, method)
    return None if found is None else noise_to_signal(*found)


def _user_measures(name: str, title: str, run: str) -> list[Measure]:
    mean, spread = partial(_user_mean, run), partial(_user_spread, run)
    return [
        Measure(f"{name}_iou1", f"{title} IoU@1", "up", "%", mean, spread),
        Measure(f"nsr_{name}", f"{title} NSR", "down", "%", partial(_user_nsr, run)),
    ]


def _table() -> Sequence[Measure]:
    boundary = [m for score in (_NOC, _AUC) for m in _measures(score, boundary=True)]
    return [
        *(measure for score in (_NOC, _AUC, *_COUNTS) for measure in _measures(score)),
        Measure("nsr_auc", "NSR of IoU-AUC", "down", "%", _auc_nsr),
        Measure("base_iou1", "Baseline IoU@1", "up", "%", _first_iou),
        *_user_measures("user", "User", USER_RUN),
        *_user_measures("nuser", "NUser", SAMPLED_RUN),
        *boundary,
    ]


#: Key -> measure, in table order.
MEASURES: dict[str, Measure] = {measure.key: measure for measure in _table()}
