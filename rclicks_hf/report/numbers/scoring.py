"""Numbers with their intervals, and two methods compared on the same instances."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rclicks_hf.metrics import Interval, bootstrap_interval, nsr, paired_interval
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.measures import MEASURES, Measure
from rclicks_hf.report.numbers.method_results import MethodResults

#: Of every interval in a report; a mean over 2,531 instances takes a moment with many more.
RESAMPLES = 2_000


@dataclass(frozen=True)
class Score:
    """One number of a method on a dataset.

    Attributes:
        value: The mean over instances, of a count the sum; NaN where a run is missing.
        spread: What the paper prints after ±; NaN where it prints nothing.
        low, high: 95 % interval of ``value``, by the bootstrap over instances; NaN where no
            interval was asked for.
        instances: How many have a value.

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
    """One number of a method on a dataset.

    Args:
        measure: Of `MEASURES`.
        method: Results of one method on one dataset.
        threshold: IoU that NoC and NoF ask for.
        resamples: Of the interval's bootstrap; 0 leaves the interval out.

    Returns:
        The number; without value where the runs that it needs are missing.

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
    method: MethodResults, threshold: float = THRESHOLD, *, resamples: int = RESAMPLES
) -> dict[str, Score]:
    """All numbers of a method on a dataset.

    Args:
        method: Results of one method on one dataset.
        threshold: IoU that NoC and NoF ask for.
        resamples: Of the intervals' bootstrap; 0 leaves the intervals out.

    Returns:
        Key of `MEASURES` -> number, for all of them.

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
    """How two methods differ on the instances that both have.

    Attributes:
        difference: Mean (of a count, the sum) of first less second, with its 95 % interval.
        instances: How many were compared.

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
    resamples: int = RESAMPLES,
) -> Comparison | None:
    """Compare two methods on the instances that neither failed on.

    Args:
        measure: Of `MEASURES`.
        first: Results of one method.
        second: Those of another, on the same dataset.
        threshold: IoU that NoC and NoF ask for.
        resamples: Of the interval's bootstrap.

    Returns:
        The paired difference; None where the two share no instance with a value.

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
    """Value of every instance that has one.

    Args:
        measure: Of `MEASURES`.
        method: Results of one method on one dataset.
        threshold: IoU that NoC and NoF ask for.

    Returns:
        full_stem -> value; empty where the runs that it needs are missing.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> ious = {"base": [np.array([0.5, 0.95])]}
        >>> method = MethodResults(MethodKey("sam", "", "davis"), ("a",), ious, 0, False)
        >>> score_by_stem(MEASURES["base_noc"], method)
        {'a': 2.0}
    """
    values = measure.of(method, threshold)
    if values is None:
        return {}
    pairs = zip(method.stems, values.astype(float).tolist(), strict=True)
    return {stem: value for stem, value in pairs if math.isfinite(value)}


def users_over_methods(methods: list[MethodResults]) -> dict[str, np.ndarray]:
    """IoU after users' first clicks, of all methods on the instances that they share.

    Args:
        methods: Results of several methods on one dataset, M >= 1.

    Returns:
        full_stem -> (M, n) IoU; instances without clicks are left out.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> ious = {"user": [np.array([0.5, 1.0]), np.array([])]}
        >>> method = MethodResults(MethodKey("sam", "", "davis"), ("a", "b"), ious, 0, False)
        >>> users_over_methods([method, method])["a"].tolist()
        [[0.5, 1.0], [0.5, 1.0]]
    """
    found = [dict(zip(method.stems, method.user_ious, strict=False)) for method in methods]
    shared = [stem for stem in found[0] if all(stem in of_one for of_one in found)]
    stacked = {}
    for stem in shared:
        ious = [of_one[stem] for of_one in found]
        # Another number of clicks means another version of the dataset: nothing to average.
        if len(ious[0]) and len({len(values) for values in ious}) == 1:
            stacked[stem] = np.stack(ious)
    return stacked


def dataset_nsr(methods: list[MethodResults]) -> float:
    """NSR of a dataset over methods (paper, Fig. 7): how hard its users' variety makes it.

    Mean and std over users are averaged over the methods for each instance; the number is the mean
    over instances of their ratio.

    Args:
        methods: Results of several methods on one dataset, M >= 1.

    Returns:
        Per cent >= 0; NaN where no instance has users' clicks for all methods.

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
