"""Evaluate metrics that compare click maps with clicks, one scalar an instance."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import datasets
import evaluate
import numpy as np

from rclicks_hf.evaluate_modules.pairs import paired, require_instances, single
from rclicks_hf.metrics import METRICS, MODES
from rclicks_hf.metrics.sampling import RESAMPLES, SEED
from rclicks_hf.metrics.validation import check_count

INPUTS = """
Args:
    predictions: Click maps, one an instance: 2-D arrays (height, width) of numbers >= 0 in any
        scale. Sizes may differ between instances.
    references: The clicks of people on each instance, a dict of
        `x`, `y`: columns and rows of the clicks, pixels from the top-left pixel;
        `width`, `height`: the bounding box of the OBJECT, pixels (PL1 and WD need it);
        `seed`: optional, a seed of the instance's own (KS, PL1 and WD).
    per_instance: Of `compute`; True adds the value of every instance.
Returns:
    A dict with the mean over instances under the metric's name, and with `per_instance=True` their
    values under `<name>_per_instance`.
"""

FEATURES = datasets.Features(
    {
        "predictions": datasets.List(datasets.List(datasets.Value("float32"))),
        "references": {
            "x": datasets.List(datasets.Value("float64")),
            "y": datasets.List(datasets.Value("float64")),
            "width": datasets.Value("float64"),
            "height": datasets.Value("float64"),
        },
    }
)
# What goes through Arrow: the score, not the map; the score's Monte-Carlo standard error, and the
# seed of its draw.
STORED = datasets.Features(
    {
        "predictions": datasets.Value("float64"),
        "references": {"error": datasets.Value("float64"), "seed": datasets.Value("int64")},
    }
)


class RecordedClicks(NamedTuple):
    """One reference, read.

    Attributes:
        x: (n,) columns, pixels.
        y: (n,) rows, pixels.
        size: (w, h) of the object's bounding box, None where the reference has none.
        seed: Seed of the instance's draw.

    Example:
        >>> reference = {"x": [3, 4], "y": [5, 6], "width": 30, "height": 20}
        >>> clicks = RecordedClicks.read(reference, default_seed=42)
        >>> clicks.x.tolist(), clicks.box_size(), clicks.seed
        ([3, 4], (30, 20), 42)
    """

    x: np.ndarray
    y: np.ndarray
    size: tuple[float, float] | None
    seed: int

    @classmethod
    def read(cls, reference: Any, default_seed: int) -> RecordedClicks:
        """Read a reference dict.

        Raises:
            ValueError: If it is no dict with the clicks' coordinates, or its seed is no number.
        """
        if not isinstance(reference, Mapping) or not {"x", "y"} <= reference.keys():
            got = [*reference] if isinstance(reference, Mapping) else type(reference).__name__
            raise ValueError(
                'references must be dicts {"x", "y", "width", "height"}, one an instance, '
                f"got {got}"
            )
        width, height, seed = (reference.get(key) for key in ("width", "height", "seed"))
        return cls(
            np.asarray(reference["x"]),
            np.asarray(reference["y"]),
            None if width is None or height is None else (width, height),
            default_seed if seed is None else _whole_seed(seed),
        )

    def box_size(self) -> tuple[float, float]:
        """The size, for a metric that needs it.

        Raises:
            ValueError: If the reference has none.
        """
        if self.size is None:
            raise ValueError(
                'references lack "width" and "height", the bounding box of the object in pixels'
            )
        return self.size


def _whole_seed(seed: Any) -> int:
    """A seed of a reference; tables with gaps hold them as floats."""
    whole = int(seed) if isinstance(seed, float) and seed.is_integer() else seed
    if check_count(whole, "seed", least=0) >= 2**32:
        raise ValueError(f"seed must be below 2**32, got {whole}")
    return whole


class ClickMetric(evaluate.Metric):
    """Mean over instances of a score of a click map.

    Maps are reduced to their score as soon as they are added, so dense arrays never pass through
    Arrow.
    """

    metric_name: ClassVar[str]

    @abstractmethod
    def score(self, click_map: Any, clicks: RecordedClicks) -> float:
        """The score of one instance."""

    def _info(self) -> evaluate.MetricInfo:
        info = METRICS[self.metric_name]
        return evaluate.MetricInfo(
            description=info.description,
            citation=info.citation,
            inputs_description=INPUTS,
            features=FEATURES,
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add one click map and the clicks on its instance."""
        self.add_batch(**single(prediction, reference, kwargs))

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add click maps and the clicks on their instances."""
        pairs = paired(predictions, references)
        scores, draws = [], []
        for i, (click_map, reference) in enumerate(pairs):
            try:
                clicks = RecordedClicks.read(reference, self.seed)
                scores.append(self.score(click_map, clicks))
            except ValueError as error:
                raise ValueError(f"instance {i} of {len(pairs)}: {error}") from error
            spread = getattr(scores[-1], "standard_error", 0.0)
            draws.append({"error": spread, "seed": clicks.seed})
        super().add_batch(predictions=scores, references=draws, **kwargs)

    def _infer_feature_from_batch(self, batch: Any) -> datasets.Features:
        return STORED

    def _compute(
        self,
        predictions: Sequence[float],
        references: Sequence[Mapping[str, Any]],
        per_instance: bool = False,
    ) -> dict[str, Any]:
        require_instances(predictions)
        result: dict[str, Any] = {self.metric_name: float(np.mean(predictions))}
        if per_instance:
            result[f"{self.metric_name}_per_instance"] = [float(score) for score in predictions]
        return result


class SampledClickMetric(ClickMetric):
    """A click metric that draws points from the map.

    Args:
        resamples: Sets of points drawn an instance.
        seed: Seed of each instance's draw where its reference has none; never NumPy's global
            state, so a value depends on no order and no process count.
        mode: ``"reference"`` or ``"exact"``, see `rclicks_hf.metrics.click_scores`.
    """

    def __init__(
        self,
        *args: Any,
        resamples: int = RESAMPLES,
        seed: int | None = SEED,
        mode: str = MODES[0],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, seed=SEED if seed is None else seed, **kwargs)
        self.resamples = resamples
        self.mode = mode

    def _compute(
        self,
        predictions: Sequence[float],
        references: Sequence[Mapping[str, Any]],
        per_instance: bool = False,
    ) -> dict[str, Any]:
        result = super()._compute(predictions, references, per_instance)
        if self.mode == "exact":
            result[f"{self.metric_name}_standard_error"] = _standard_error(references)
        return result


def _standard_error(draws: Sequence[Mapping[str, Any]]) -> float:
    """Monte-Carlo standard error of the mean over instances.

    Draws of one seed come from one stream of random numbers, so their errors may all point one way:
    they add up (an upper bound). Those of different seeds are independent.
    """
    by_seed: dict[int, float] = {}
    for draw in draws:
        by_seed[draw["seed"]] = by_seed.get(draw["seed"], 0.0) + draw["error"]
    return float(np.linalg.norm([*by_seed.values()]) / len(draws))
