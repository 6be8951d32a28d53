"""Numbers with their intervals, and paired comparisons of methods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rclicks_hf.benchmark.runs import USER_RUN
from rclicks_hf.click_scoring.score_summary import BOOTSTRAP_RESAMPLES
from rclicks_hf.metrics import Interval, bootstrap_intervals
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.metrics.group_scores import noise_to_signal
from rclicks_hf.report.numbers.measures import MEASURES, Measure, user_moments
from rclicks_hf.report.numbers.method_results import MethodResults


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
    return _scores([(measure, method)], threshold, resamples)[0]


def _scores(
    wanted: Sequence[tuple[Measure, MethodResults]], threshold: float, resamples: int
) -> list[Score]:
    """The numbers of several measures and methods; those of equally many instances share draws."""
    found = [Score()] * len(wanted)
    columns: dict[int, list[tuple[int, np.ndarray]]] = {}
    for place, (measure, method) in enumerate(wanted):
        values = measure.of(method, threshold)
        kept = None if values is None else values[np.isfinite(values)]
        if kept is not None and len(kept):
            columns.setdefault(len(kept), []).append((place, kept))
    for count, of_count in columns.items():
        values = np.stack([kept for _, kept in of_count], axis=1, dtype=np.float64)
        if resamples:
            intervals = bootstrap_intervals(values, resamples=resamples)
        else:
            means = np.ascontiguousarray(values.T).mean(axis=1)
            intervals = [Interval(float(mean), math.nan, math.nan) for mean in means]
        for (place, _), interval in zip(of_count, intervals, strict=True):
            measure, method = wanted[place]
            scale = count if measure.is_count else 1
            mean, low, high = (scale * value for value in interval)
            found[place] = Score(mean, measure.spread_of(method, threshold), low, high, count)
    return found


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
    return score_methods([method], threshold, resamples=resamples)[0]


def score_methods(
    methods: Sequence[MethodResults],
    threshold: float = THRESHOLD,
    *,
    resamples: int = BOOTSTRAP_RESAMPLES,
) -> list[dict[str, Score]]:
    """`score_all` of each method; many methods cost little more than one."""
    pairs = [(measure, method) for method in methods for measure in MEASURES.values()]
    scores = iter(_scores(pairs, threshold, resamples))
    return [{key: next(scores) for key in MEASURES} for _ in methods]


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
    return compare_pairs([(measure, first, second)], threshold, resamples=resamples)[0]


def compare_pairs(
    pairs: Sequence[tuple[Measure, MethodResults, MethodResults]],
    threshold: float = THRESHOLD,
    *,
    resamples: int = BOOTSTRAP_RESAMPLES,
) -> list[Comparison | None]:
    """`compare` of each pair; pairs with equally many shared instances share their draws."""
    found: list[Comparison | None] = [None] * len(pairs)
    columns: dict[int, list[tuple[int, np.ndarray]]] = {}
    for place, (measure, first, second) in enumerate(pairs):
        differences = _differences(measure, first, second, threshold)
        if len(differences):
            columns.setdefault(len(differences), []).append((place, differences))
    for count, of_count in columns.items():
        values = np.stack([differences for _, differences in of_count], axis=1)
        intervals = bootstrap_intervals(values, resamples=resamples)
        for (place, _), interval in zip(of_count, intervals, strict=True):
            scale = count if pairs[place][0].is_count else 1
            found[place] = Comparison(Interval(*(scale * bound for bound in interval)), count)
    return found


def _differences(
    measure: Measure, first: MethodResults, second: MethodResults, threshold: float
) -> np.ndarray:
    """First minus second on the instances that have a value of both."""
    ours, theirs = (measure.of(method, threshold) for method in (first, second))
    if ours is None or theirs is None:
        return np.zeros(0)
    if first.stems == second.stems:
        difference = ours.astype(np.float64) - theirs
        return difference[np.isfinite(difference)]
    found = [score_by_stem(measure, method, threshold) for method in (first, second)]
    shared = [stem for stem in sorted(found[0]) if stem in found[1]]
    return np.array([found[0][stem] - found[1][stem] for stem in shared])


def score_by_stem(
    measure: Measure, method: MethodResults, threshold: float = THRESHOLD
) -> dict[str, float]:
    """full_stem -> value, for the instances that have one."""
    values = measure.of(method, threshold)
    if values is None:
        return {}
    pairs = zip(method.stems, values.astype(float).tolist(), strict=True)
    return {stem: value for stem, value in pairs if math.isfinite(value)}


def users_over_methods(methods: Sequence[MethodResults]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) mean and std of IoU over users' first clicks, averaged over the methods."""
    # Unequal click counts mean another version of the dataset: nothing to average.
    counts = [
        dict(zip(m.stems, m.of_run(USER_RUN).lengths.tolist(), strict=False)) for m in methods
    ]
    shared = [
        stem
        for stem, count in (counts[0] if counts else {}).items()
        if count and all(of_one.get(stem) == count for of_one in counts)
    ]
    if not shared:
        return np.zeros(0), np.zeros(0)
    moments = np.zeros((2, len(shared)))
    for method in methods:
        place = {stem: at for at, stem in enumerate(method.stems)}
        found = user_moments(USER_RUN, method)
        assert found is not None  # it has clicks on the shared instances
        moments += np.array(found)[:, [place[stem] for stem in shared]]
    return moments[0] / len(methods), moments[1] / len(methods)


def dataset_nsr(methods: Sequence[MethodResults]) -> float:
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
    signal, noise = users_over_methods(methods)
    return float(noise_to_signal(signal, noise).mean()) if len(signal) else math.nan
