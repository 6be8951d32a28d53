"""Evaluate metrics that compare click maps with recorded clicks, one scalar per instance."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import datasets
import numpy as np

from rclicks_hf.evaluate_modules.base_metric import RclicksMetric, paired
from rclicks_hf.metrics import MODES
from rclicks_hf.metrics.sampling import CLICK_MAP_RESAMPLES, SEED
from rclicks_hf.metrics.validation import as_array, check_count

# What is stored by Arrow: the score instead of the map, its Monte Carlo standard error, and the
# seed of its draw.
STORED = datasets.Features(
    {
        "predictions": datasets.Value("float64"),
        "references": {"error": datasets.Value("float64"), "seed": datasets.Value("int64")},
    }
)


class RecordedClicks(NamedTuple):
    """One reference: clicks x, y (n,) in pixels, box (w, h) if given, and the seed of the draw."""

    x: np.ndarray
    y: np.ndarray
    size: tuple[float, float] | None
    seed: int

    @classmethod
    def read(cls, reference: Any, default_seed: int) -> RecordedClicks:
        """Read a reference dict; raises ValueError for missing coordinates or a bad seed."""
        if not isinstance(reference, Mapping) or not {"x", "y"} <= reference.keys():
            got = [*reference] if isinstance(reference, Mapping) else type(reference).__name__
            raise ValueError(
                'references must be dicts {"x", "y", "width", "height"}, one per instance, '
                f"got {got}"
            )
        width, height, seed = (reference.get(key) for key in ("width", "height", "seed"))
        return cls(
            as_array(reference["x"], "x"),
            as_array(reference["y"], "y"),
            None if width is None or height is None else (width, height),
            default_seed if seed is None else _whole_seed(seed),
        )

    def box_size(self) -> tuple[float, float]:
        """The size, for a metric that needs it; raises ValueError if the reference has none."""
        if self.size is None:
            raise ValueError(
                'references lack "width" and "height", the bounding box of the object in pixels'
            )
        return self.size


def _whole_seed(seed: Any) -> int:
    """A seed of a reference; tables with gaps hold seeds as floats."""
    whole = int(seed) if isinstance(seed, float) and seed.is_integer() else seed
    if check_count(whole, "seed", least=0) >= 2**32:
        raise ValueError(f"seed must be below 2**32, got {whole}")
    return whole


class ClickMetric(RclicksMetric):
    """Mean score of click maps, which are reduced to their scores as soon as they are added."""

    features_of_instance: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "predictions": datasets.List(datasets.List(datasets.Value("float32"))),
            "references": {
                "x": datasets.List(datasets.Value("float64")),
                "y": datasets.List(datasets.Value("float64")),
                "width": datasets.Value("float64"),
                "height": datasets.Value("float64"),
            },
        },
    )
    inputs: ClassVar[str] = """
Args:
    predictions: Click maps, one per instance: 2-D arrays (height, width) of numbers >= 0 in any
        scale. Sizes may differ between instances.
    references: The recorded clicks of each instance, a dict of
        `x`, `y`: columns and rows of the clicks, pixels from the top-left pixel;
        `width`, `height`: the bounding box of the OBJECT, pixels (PL1 and WD need it);
        `seed`: optional, the seed of this instance's draw (KS, PL1 and WD).
    per_instance: Option of `compute`; True adds the value of every instance.
Returns:
    A dict with the mean over instances under the metric's name, and with `per_instance=True` their
    values under `<name>_per_instance`.
"""

    @abstractmethod
    def score(self, click_map: Any, clicks: RecordedClicks) -> float:
        """The score of one instance."""

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
        return self.means(predictions, per_instance)


class SampledClickMetric(ClickMetric):
    """A click metric that draws ``resamples`` sets of points from each map.

    ``seed`` is that of each instance's draw unless its reference has one; NumPy's global state is
    never used. ``mode`` is an item of `rclicks_hf.metrics.MODES`.
    """

    def __init__(
        self,
        *args: Any,
        resamples: int = CLICK_MAP_RESAMPLES,
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
    """Monte Carlo standard error of the mean over instances.

    Draws with one seed use one stream of random numbers, so their errors may all have one sign and
    are added (an upper bound). Draws with different seeds are independent.
    """
    by_seed: dict[int, float] = {}
    for draw in draws:
        by_seed[draw["seed"]] = by_seed.get(draw["seed"], 0.0) + draw["error"]
    return float(np.linalg.norm([*by_seed.values()]) / len(draws))
