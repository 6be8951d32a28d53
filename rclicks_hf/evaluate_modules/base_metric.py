"""The base class of all modules: what comes from the table, and how inputs are added."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent, indent
from typing import Any, ClassVar

import datasets
import evaluate
import numpy as np

from rclicks_hf.metrics import METRICS
from rclicks_hf.support.text.citation import PAPER_ADDRESS, PAPER_CODE_ADDRESS

LICENSE = "Apache-2.0"


class RclicksMetric(evaluate.Metric):
    """A mean over instances of one metric of the table."""

    metric_name: ClassVar[str]
    inputs: ClassVar[str]
    #: Lines ``>>>`` with what they print; evaluate's own tests run them from the class's docstring.
    example: ClassVar[str]
    #: The forms that an instance may have; `add_batch` brings IoU values into the last one.
    features_of_instance: ClassVar[tuple[dict[str, Any], ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "example" in vars(cls):
            cls.__doc__ = f"{cls.__doc__}\n{cls.usage()}"

    @classmethod
    def usage(cls) -> str:
        """Inputs, results and the example."""
        return f"{cls.inputs}Examples:\n{indent(dedent(cls.example).strip(), '    ')}\n"

    def _info(self) -> evaluate.MetricInfo:
        info = METRICS[self.metric_name]
        forms = [datasets.Features(form) for form in self.features_of_instance]
        return evaluate.MetricInfo(
            description=info.description,
            citation=info.citation,
            inputs_description=self.usage(),
            features=forms if len(forms) > 1 else forms[0],
            homepage=PAPER_CODE_ADDRESS,
            codebase_urls=[PAPER_CODE_ADDRESS],
            reference_urls=[PAPER_ADDRESS],
            license=LICENSE,
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add one instance; `evaluate.combine` passes it under the plural names."""
        values = {"predictions": prediction, "references": reference, **kwargs}
        self.add_batch(**{k: None if value is None else [value] for k, value in values.items()})

    def means(self, values: Sequence[float], per_instance: bool) -> dict[str, Any]:
        """The result of `compute` for the values of the instances."""
        require_instances(values)
        result: dict[str, Any] = {self.metric_name: float(np.mean(values))}
        if per_instance:
            result[f"{self.metric_name}_per_instance"] = [float(value) for value in values]
        return result


def paired(predictions: Any, references: Any) -> list[tuple[Any, Any]]:
    """Predictions with their references; raises ValueError unless both are lists of one length."""
    predictions, references = listed(predictions, "predictions"), listed(references, "references")
    if len(predictions) != len(references):
        raise ValueError(
            "predictions and references must have one length, "
            f"got {len(predictions)} and {len(references)}"
        )
    return list(zip(predictions, references, strict=True))


def listed(values: Any, name: str) -> list[Any]:
    """Inputs as a list with one entry per instance; raises ValueError if there is none."""
    if values is None:
        raise ValueError(f"{name} are missing")
    try:
        return list(values)
    except TypeError:
        raise ValueError(
            f"{name} must be a list with one entry per instance, got {type(values).__name__}"
        ) from None


def require_instances(predictions: Sequence[Any]) -> None:
    """Raise ValueError for a mean over no instances."""
    if len(predictions) == 0:
        raise ValueError("no instances were added, so there is no mean")
