"""Scores of a training: the loss, SIM, CC and the five click metrics."""

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
from rclicks_hf.training.click_dataset import INDEX, ClickMapDataset

SCORE_NAMES = ("sim", "cc", *CLICK_METRICS)
# `Trainer` only knows the loss of a whole batch and, with several processes, includes the repeated
# instances that pad the last batch; as a score, "loss" replaces that value.
SCORE_COLUMNS = ("loss", *SCORE_NAMES)
# Order in which `Trainer` passes them.
LABELS = ["labels", INDEX]


def similarity(click_map: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """SIM, the histogram intersection (Judd et al., 2012) of two (B, ...) maps: (B,) in [0, 1]."""
    p, q = click_map.float().flatten(1), target.float().flatten(1)
    return torch.minimum(p / p.sum(1, keepdim=True), q / q.sum(1, keepdim=True)).sum(1)


def correlation(click_map: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """CC, the Pearson correlation of the values of two (B, ...) maps: (B,) in [-1, 1]."""
    p, q = click_map.double().flatten(1), target.double().flatten(1)
    p, q = p - p.mean(1, keepdim=True), q - q.mean(1, keepdim=True)
    return ((p * q).sum(1) / (p.norm(dim=1) * q.norm(dim=1))).float()


class _Reference(NamedTuple):
    """What the click metrics need of an instance besides the map."""

    seed: int
    clicks: Clicks
    box_size: tuple[int, int]
    shape: tuple[int, int]


class TrainingScores:
    """Scores each map as soon as it is predicted, so an evaluation keeps eight numbers per map.

    The loss, SIM and CC compare the network's square map with the target. The click metrics compare
    the map of the image with the clicks, as ``rclicks evaluate-clicks`` does and with its draws.
    Instances without clicks and all-zero maps have a loss, but are left out of the mean scores.
    """

    def __init__(self, dataset: ClickMapDataset, *, map_eps: float = 1e-9, seed: int = 42):
        self._dataset = dataset
        self._map_eps = map_eps
        self._seed = seed
        self._rows: list[np.ndarray] = []
        self._reference = cache(self._read)  # small, so all are kept

    def _read(self, index: int) -> _Reference:
        instance = self._dataset.instances[index]
        return _Reference(
            instance_seed(instance.full_stem, self._seed),
            instance.clicks,
            instance.box_size,
            instance.mask.shape,
        )

    def per_map(self, logits: Any, labels: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """(B, 8) `SCORE_COLUMNS` of click maps (B, 1, S, S), targets and indices; NaN: no score."""
        click_maps = logits[0] if isinstance(logits, tuple) else logits
        targets, indices = labels
        references = [self._reference(index) for index in indices.tolist()]
        full = self._dataset.processor.post_process_click_maps(
            click_maps, [reference.shape for reference in references]
        )
        rows = torch.tensor(
            [_click_scores(*pair) for pair in zip(full, references, strict=True)],
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
        """Collect the rows of a batch; with the last one, the means over the instances."""
        self._rows.append(torch.as_tensor(prediction.predictions).cpu().numpy())
        if not compute_result:
            return {}
        columns = np.concatenate(self._rows).T
        self._rows = []
        kept = [column[~np.isnan(column)] for column in columns]
        return {
            name: float(column.mean()) if column.size else float("nan")
            for name, column in zip(SCORE_COLUMNS, kept, strict=True)
        }


def _click_scores(click_map: torch.Tensor, reference: _Reference) -> list[float]:
    clicks = reference.clicks
    values = click_map.float().cpu().numpy()
    if not len(clicks) or not values.any():
        return [float("nan")] * len(CLICK_METRICS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantCoordinateWarning)
        scores = click_scores(values, clicks.x, clicks.y, reference.box_size, seed=reference.seed)
    return [float(score) for score in scores]
