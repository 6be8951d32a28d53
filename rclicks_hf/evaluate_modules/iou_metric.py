"""Evaluate metrics on IoU values: after every click, or after every user's click."""

from __future__ import annotations

from typing import Any, ClassVar

import datasets
import numpy as np

from rclicks_hf.evaluate_modules.base_metric import RclicksMetric, listed, paired
from rclicks_hf.metrics.validation import check_ious

_ROWS = datasets.List(datasets.List(datasets.Value("float64")))
_ROW = datasets.List(datasets.Value("float64"))


class IouMetric(RclicksMetric):
    """A metric whose predictions are IoU values per instance, a list or a list of lists."""

    features_of_instance: ClassVar[tuple[dict[str, Any], ...]] = (
        {"predictions": _ROW},
        {"predictions": _ROWS},
    )
    #: Whether the lists of one instance may differ in length because each stopped at its success.
    may_stop_early: ClassVar[bool] = False

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add the IoU values of some instances."""
        read = _stopped_rows if self.may_stop_early else _rows
        instances = enumerate(listed(predictions, "predictions"))
        rows = [read(values, f"predictions[{i}]") for i, values in instances]
        super().add_batch(predictions=rows, references=references, **kwargs)

    def _infer_feature_from_batch(self, batch: Any) -> datasets.Features:
        return datasets.Features(self.features_of_instance[-1])


class GroupIouMetric(IouMetric):
    """A metric whose predictions are (G, K): IoU of each clicking group after each click."""

    features_of_instance: ClassVar[tuple[dict[str, Any], ...]] = ({"predictions": _ROWS},)

    def groups(self, predictions: Any) -> np.ndarray:
        """All instances as (N, G, K); raises ValueError if they differ in groups or clicks."""
        return _of_one_shape(predictions, "predictions", "(groups, clicks)")


class BaselineIouMetric(GroupIouMetric):
    """A group metric with the IoU of the baseline clicker after each click, (K,), as reference."""

    features_of_instance: ClassVar[tuple[dict[str, Any], ...]] = (
        {"predictions": _ROWS, "references": _ROW},
    )

    def baselines(self, references: Any) -> np.ndarray:
        """The baseline of all instances as (N, K); raises ValueError if they differ in clicks."""
        return _of_one_shape(references, "references", "(clicks,)")

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add the IoU values of the groups and of the baseline for some instances."""
        pairs = paired(predictions, references)
        baselines = [
            check_ious(baseline, f"references[{i}]", ndim=1).tolist()
            for i, (_, baseline) in enumerate(pairs)
        ]
        super().add_batch(predictions=predictions, references=baselines, **kwargs)


def _of_one_shape(values: Any, name: str, axes: str) -> np.ndarray:
    shapes = sorted({np.shape(instance) for instance in values})
    if len(shapes) > 1:
        raise ValueError(f"{name} must all have one shape {axes}, got {shapes}")
    return np.asarray(values, dtype=np.float64)


def _rows(values: Any, name: str) -> list[list[float]]:
    """IoU values of one instance, of one or two axes, as a list of lists."""
    rows = np.atleast_2d(check_ious(values, name))
    if rows.ndim != 2:
        raise ValueError(f"{name} must have one or two axes, got shape {rows.shape}")
    return rows.tolist()


def _stopped_rows(values: Any, name: str) -> list[list[float]]:
    """`_rows` where a list may end early; it is filled with its last value, which keeps its NoC."""
    if not isinstance(values, list | tuple) or not all(map(np.iterable, values)):
        return _rows(values, name)
    rows = [check_ious(row, f"{name}[{i}]", ndim=1).tolist() for i, row in enumerate(values)]
    longest = max(map(len, rows), default=0)
    return _rows([row + row[-1:] * (longest - len(row)) for row in rows], name)
