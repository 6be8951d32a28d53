"""Evaluate metrics on IoU values: after every click, after every user's click."""

from __future__ import annotations

from typing import Any, ClassVar

import datasets
import evaluate
import numpy as np

from rclicks_hf.evaluate_modules.pairs import listed, paired, single
from rclicks_hf.metrics import METRICS
from rclicks_hf.metrics.validation import check_ious

_ROWS = datasets.List(datasets.List(datasets.Value("float64")))
_ROW = datasets.List(datasets.Value("float64"))


class IouMetric(evaluate.Metric):
    """A metric whose predictions are IoU values of each instance, a list or a list of lists."""

    metric_name: ClassVar[str]
    inputs: ClassVar[str]
    features_of_instance: ClassVar[dict[str, Any]] = {"predictions": _ROWS}
    #: Whether the lists of one instance may differ in length, because each stopped at its success.
    may_stop_early: ClassVar[bool] = False

    def _info(self) -> evaluate.MetricInfo:
        info = METRICS[self.metric_name]
        return evaluate.MetricInfo(
            description=info.description,
            citation=info.citation,
            inputs_description=self.inputs,
            features=datasets.Features(self.features_of_instance),
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add the IoU values of one instance."""
        self.add_batch(**single(prediction, reference, kwargs))

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add the IoU values of some instances."""
        read = _stopped_rows if self.may_stop_early else _rows
        instances = enumerate(listed(predictions, "predictions"))
        rows = [read(values, f"predictions[{i}]") for i, values in instances]
        super().add_batch(predictions=rows, references=references, **kwargs)


class GroupIouMetric(IouMetric):
    """A metric whose predictions are (G, K): IoU of each clicking group after each click."""

    def groups(self, predictions: Any) -> np.ndarray:
        """All instances as (N, G, K).

        Raises:
            ValueError: If instances differ in groups or clicks.
        """
        return _of_one_shape(predictions, "predictions", "(groups, clicks)")


class BaselineIouMetric(GroupIouMetric):
    """A group metric with the IoU of the baseline clicker after each click, (K,), as reference."""

    features_of_instance: ClassVar[dict[str, Any]] = {"predictions": _ROWS, "references": _ROW}

    def baselines(self, references: Any) -> np.ndarray:
        """The baseline of all instances as (N, K).

        Raises:
            ValueError: If instances differ in clicks.
        """
        return _of_one_shape(references, "references", "(clicks,)")

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add the groups' and the baseline's IoU values of some instances."""
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
    """IoU values of one instance as a list of lists.

    Raises:
        ValueError: If they are no values in [0, 1] of one or two axes.
    """
    rows = np.atleast_2d(check_ious(values, name))
    if rows.ndim != 2:
        raise ValueError(f"{name} must have one or two axes, got shape {rows.shape}")
    return rows.tolist()


def _stopped_rows(values: Any, name: str) -> list[list[float]]:
    """`_rows` where each list may end early: it stays at its last value, so NoC is the same."""
    if not isinstance(values, list | tuple) or not all(map(np.iterable, values)):
        return _rows(values, name)
    rows = [check_ious(row, f"{name}[{i}]", ndim=1).tolist() for i, row in enumerate(values)]
    longest = max(map(len, rows), default=0)
    return _rows([row + row[-1:] * (longest - len(row)) for row in rows], name)
