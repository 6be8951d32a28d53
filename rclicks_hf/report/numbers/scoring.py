"""Numbers with their intervals, and paired comparisons of methods."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rclicks_hf.metrics import Interval, bootstrap_interval, nsr, paired_interval
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.measures import MEASURES, Measure
from rclicks_hf.report.numbers.method_results import MethodResults

#: Bootstrap resamples per interval; more would be slow on the 2,531 instances of TETRIS.
BOOTSTRAP_RESAMPLES = 2_000


@dataclass(frozen=True)
class Score:
    """One number of a method on a dataset.

    Attributes:
        value: Mean over instances (sum for counts); NaN where a run is missing.
        spread: The paper's number after ±; NaN where it prints none.
        low, high: 95 % bootstrap interval of ``value`` over instances; NaN if not computed.
        instances: Number of instances with a value.

    Example:
        >>> Score(6.4, 1.1).instances
        0
    """

    value: float = math.nan
    spread: float = math.nan
    low: float = math.nan
    high: float = math.nan
    instances: int = 0


def score(
    measure: Measure, method: MethodResults, threshold: float = THRESHOLD, *, resamples: int = 0
) -> Score:
    """Compute one number of a method on a dataset.

    Args:
        measure: Item of `MEASURES`.
        method: Results of the method.
        threshold: IoU threshold of NoC and NoF.
        resamples: Bootstrap resamples of the interval; 0 leaves it out.

    Returns:
        The number; NaN where the runs it needs are missing.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> ious = {"base": [np.array([0.7, 0.95]), np.array([0.95, 0.95])]}
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> method = MethodResults(key, ("a", "b"), ious, failures=0, is_simulated=False)
        >>> found = score(MEASURES["base_noc"], method, resamples=200)
        >>> found.value, found.low, found.high, found.instances
        (1.5, 1.0, 2.0, 2)
    """
    values = measure.of(method, threshold)
    kept = None if values is None else values[np.isfinite(values)]
    if kept is None or not len(kept):
        return Score()
    scale = len(kept) if measure.is_count else 1
    low = high = math.nan
    if resamples:
        _, low, high = bootstrap_interval(kept, resamples=resamples)
    return Score(
        float(kept.mean()) * scale,
        measure.spread_of(method, threshold),
        low * scale,
        high * scale,
        len(kept),
    )


def score_all(
    method: MethodResults, threshold: float = THRESHOLD, *, resamples: int = BOOTSTRAP_RESAMPLES
) -> dict[str, Score]:
    """Compute all numbers of a method on a dataset.

    Args:
        method: Results of the method.
        threshold: IoU threshold of NoC and NoF.
        resamples: Bootstrap resamples per interval; 0 leaves the intervals out.

    Returns:
        Key of `MEASURES` -> number, complete.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> method = MethodResults(MethodKey("geocut", "", "davis"), ("a",),
        ...                        {"base": [np.array([0.5, 1.0])]}, 0, False)
        >>> found = score_all(method, resamples=0)
        >>> found["base_auc"].value, found["sample_noc"].value
        (75.0, nan)
    """
    return {
        key: score(measure, method, threshold, resamples=resamples)
        for key, measure in MEASURES.items()
    }


@dataclass(frozen=True)
class Comparison:
    """Difference of two methods on their shared instances.

    Attributes:
        difference: Mean (sum for counts) of first minus second, with its 95 % interval.
        instances: Number of shared instances.

    Example:
        >>> Comparison(Interval(-0.5, -0.8, -0.1), 50).difference.mean
        -0.5
    """

    difference: Interval
    instances: int


def compare(
    measure: Measure,
    first: MethodResults,
    second: MethodResults,
    threshold: float = THRESHOLD,
    *,
    resamples: int = BOOTSTRAP_RESAMPLES,
) -> Comparison | None:
    """Compare two methods on the instances on which neither failed.

    Args:
        measure: Item of `MEASURES`.
        first: Results of one method.
        second: Results of another method on the same dataset.
        threshold: IoU threshold of NoC and NoF.
        resamples: Bootstrap resamples of the interval.

    Returns:
        The paired difference; None if no shared instance has a value.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> early, late = np.array([0.95, 0.95]), np.array([0.5, 0.95])
        >>> first, second = (
        ...     MethodResults(MethodKey(name, "", "davis"), ("a", "b"), {"base": ious}, 0, False)
        ...     for name, ious in (("sam", [early, early]), ("geocut", [late, late])))
        >>> compare(MEASURES["base_noc"], first, second).difference
        Interval(mean=-1.0, low=-1.0, high=-1.0)
    """
    found = [score_by_stem(measure, method, threshold) for method in (first, second)]
    shared = [stem for stem in found[0] if stem in found[1]]
    if not shared:
        return None
    ours, theirs = ([values[stem] for stem in shared] for values in found)
    scale = len(shared) if measure.is_count else 1
    interval = paired_interval(ours, theirs, resamples=resamples)
    return Comparison(Interval(*(scale * bound for bound in interval)), len(shared))


def score_by_stem(
    measure: Measure, method: MethodResults, threshold: float = THRESHOLD
) -> dict[str, float]:
    """full_stem -> value, for the instances that have one."""
    values = measure.of(method, threshold)
    if values is None:
        return {}
    pairs = zip(method.stems, values.astype(float).tolist(), strict=True)
    return {stem: value for stem, value in pairs if math.isfinite(value)}


def users_over_methods(methods: list[MethodResults]) -> dict[str, np.ndarray]:
    """full_stem -> (M, n) IoU after users' first clicks, on the instances shared by M methods."""
    found = [dict(zip(method.stems, method.user_ious, strict=False)) for method in methods]
    shared = [stem for stem in found[0] if all(stem in of_one for of_one in found)]
    stacked = {}
    for stem in shared:
        ious = [of_one[stem] for of_one in found]
        # Unequal click counts mean another version of the dataset: nothing to average.
        if len(ious[0]) and len({len(values) for values in ious}) == 1:
            stacked[stem] = np.stack(ious)
    return stacked


def dataset_nsr(methods: list[MethodResults]) -> float:
    """NSR of a dataset over methods (paper, Fig. 7).

    Mean and std over users are averaged over the methods per instance; the NSR is the mean over
    instances of their ratio.

    Args:
        methods: Results of one or more methods on the dataset.

    Returns:
        Percent >= 0; NaN if no instance has users' clicks for all methods.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> first, second = (
        ...     MethodResults(MethodKey(name, "", "davis"), ("a",), {"user": ious}, 0, False)
        ...     for name, ious in (("sam", [np.array([0.5, 1.0])]), ("geocut", [np.array([1, 1])])))
        >>> round(dataset_nsr([first, second]), 4)  # 0.125 over 0.875
        14.2857
    """
    stacked = users_over_methods(methods)
    return nsr(list(stacked.values())) if stacked else math.nan
