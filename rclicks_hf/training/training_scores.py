"""What a training is evaluated by: the loss, SIM, CC and the five click metrics."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers.trainer_utils import EvalPrediction

from rclicks_hf.data.instances import Clicks
from rclicks_hf.metrics import CLICK_METRICS, ConstantCoordinateWarning, click_scores, instance_seed
from rclicks_hf.networks.clickability.modeling_clickability import click_map_losses
from rclicks_hf.training.click_dataset import ClickMapDataset
from rclicks_hf.training.map_similarity import correlation, similarity

SCORES = ("sim", "cc", *CLICK_METRICS)
# `Trainer` knows the loss of a whole batch only. Where processes share an evaluation, it counts the
# repeated instances that fill up the last batch into it; as a score, "loss" replaces its value.
COLUMNS = ("loss", *SCORES)
# Order in which `Trainer` hands them over.
LABELS = ["labels", "instance"]


class _Reference(NamedTuple):
    """What the clicks of an instance are compared by; small, so all are kept."""

    seed: int
    clicks: Clicks
    box_size: tuple[int, int]
    shape: tuple[int, int]


class TrainingScores:
    """Scores each map as soon as it is there, so that an evaluation keeps eight numbers a map.

    The loss, SIM and CC compare the network's map with the target, on the network's square. The
    click metrics (KS, PL1, WD, NSS, PDE) compare the map, brought back to the image, with the
    clicks, as ``rclicks evaluate-clicks`` does and with the same draws. Instances without clicks,
    and maps that are all zero, have a loss but no scores, and are left out of the scores' means.

    Args:
        dataset: What is evaluated on, made with ``with_index``.
        map_eps: Of the loss, as in `ClickabilityConfig`.
        seed: Of the draws of KS, PL1 and WD; every instance draws from one of its own.
    """

    def __init__(self, dataset: ClickMapDataset, *, map_eps: float = 1e-9, seed: int = 42):
        self._dataset = dataset
        self._map_eps = map_eps
        self._seed = seed
        self._rows: list[np.ndarray] = []
        self._reference = cache(self._read)

    def _read(self, index: int) -> _Reference:
        instance = self._dataset.instances[index]
        return _Reference(
            instance_seed(instance.full_stem, self._seed),
            instance.clicks,
            instance.box_size,
            instance.mask.shape,
        )

    def per_map(self, logits: Any, labels: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """For `Trainer`'s ``preprocess_logits_for_metrics``.

        Args:
            logits: (B, 1, S, S) click maps, or a tuple that begins with them.
            labels: (B, 1, S, S) targets and (B,) indices of the instances.

        Returns:
            (B, 8) float64, columns `COLUMNS`; NaN where there is no score.
        """
        click_maps = logits[0] if isinstance(logits, tuple) else logits
        targets, indices = labels
        references = [self._reference(index) for index in indices.tolist()]
        full = self._dataset.processor.post_process_click_maps(
            click_maps, [reference.shape for reference in references]
        )
        rows = torch.tensor(
            [_click_scores(made, of) for made, of in zip(full, references, strict=True)],
            dtype=torch.float64,
            device=click_maps.device,
        )
        on_square = [
            click_map_losses(click_maps, targets, self._map_eps),
            similarity(click_maps, targets),
            correlation(click_maps, targets),
        ]
        return torch.cat([torch.stack(on_square, dim=1).double(), rows], dim=1)

    def mean(self, prediction: EvalPrediction, compute_result: bool) -> dict[str, float]:
        """For `Trainer`'s ``compute_metrics`` with ``batch_eval_metrics``.

        Args:
            prediction: Rows of one batch of all processes.
            compute_result: True with the last batch.

        Returns:
            Means over the instances by `COLUMNS`, empty before the last batch.
        """
        self._rows.append(torch.as_tensor(prediction.predictions).cpu().numpy())
        if not compute_result:
            return {}
        columns = np.concatenate(self._rows).T
        self._rows = []
        kept = [column[~np.isnan(column)] for column in columns]
        return {
            name: float(column.mean()) if column.size else float("nan")
            for name, column in zip(COLUMNS, kept, strict=True)
        }


def _click_scores(click_map: torch.Tensor, reference: _Reference) -> list[float]:
    clicks = reference.clicks
    made = click_map.float().cpu().numpy()
    if not len(clicks) or not made.any():
        return [float("nan")] * len(CLICK_METRICS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantCoordinateWarning)
        scores = click_scores(made, clicks.x, clicks.y, reference.box_size, seed=reference.seed)
    return [float(score) for score in scores]
