"""MERGE-ALIAS: the second scorer, deleted once the demo uses `run_click_scores`.

score_click_models -> run_click_scores and read_click_scores (or `score_rows.score_instance` for
instances in memory); write_scores -> run_click_scores; mean_scores -> summarise_scores;
format_scores -> format_score_tables.
"""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import evaluate
import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.click_scoring.score_text import score_head, score_text
from rclicks_hf.data import Instance
from rclicks_hf.data.schema import KIND_OF_CLICKS
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import write_table
from rclicks_hf.metrics import CLICK_METRICS, METRICS, instance_seed
from rclicks_hf.support.resources import resource_path

BATCH = 8  # click maps held at once


class _Scorer:
    """The five evaluate modules of one click model."""

    def __init__(self) -> None:
        self._modules = {name: _load_module(METRICS[name].module) for name in CLICK_METRICS}

    def add(self, instances: Sequence[Instance], maps: Sequence[Any], seed: int) -> None:
        references = [_reference(instance, seed) for instance in instances]
        for module in self._modules.values():
            module.add_batch(predictions=maps, references=references)

    def per_instance(self) -> dict[str, list[float]]:
        return {
            name: module.compute(per_instance=True)[f"{name}_per_instance"]
            for name, module in self._modules.items()
        }


def _load_module(name: str) -> evaluate.EvaluationModule:
    # An id of its own: evaluate lets two running modules of one id share a cache file.
    path = str(resource_path(f"metrics/{name}"))
    return evaluate.load(path, keep_in_memory=True, experiment_id=uuid.uuid4().hex)


def _reference(instance: Instance, seed: int) -> dict[str, Any]:
    width, height = instance.box_size
    return {
        "x": instance.clicks.x,
        "y": instance.clicks.y,
        "width": width,
        "height": height,
        "seed": instance_seed(instance.full_stem, seed),
    }


def score_click_models(
    instances: Sequence[Instance],
    models: Mapping[str, ClickModel],
    *,
    seed: int = 42,
    progress: bool = True,
) -> pd.DataFrame:
    """KS, PL1, WD, NSS and PDE of each click model on each instance that has clicks.

    Instances without clicks cannot be scored; a warning counts and names them.

    Args:
        instances: Instances with their clicks.
        models: Label -> click model.
        seed: Seed of the resampled points; every instance draws from one of its own, so a value
            depends on no order.
        progress: Show a progress bar.

    Returns:
        A row an instance and click model: ``click_model, dataset, split, full_stem, click_type,
        is_simulated, clicks`` and a column a metric.

    Raises:
        RclicksError: If no instance has clicks, or a click map is no distribution.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf.click_models import load_click_model
        >>> from rclicks_hf.data import Clicks
        >>> mask = np.zeros((40, 60), np.int8)
        >>> mask[10:30, 20:50] = 1
        >>> clicks = Clicks(np.arange(25, 45, 4), np.arange(15, 25, 2), np.full(5, "pc"))
        >>> instance = Instance("a", "a", "", "davis", "test", "first", "none",
        ...                     np.zeros((40, 60, 3), np.uint8), mask, clicks=clicks)
        >>> models = {"UD": load_click_model("ud"), "DT": load_click_model("dt")}
        >>> scores = score_click_models([instance], models, progress=False)
        >>> scores[["click_model", "clicks", "nss"]].round(3).values.tolist()
        [['UD', 5, 1.732], ['DT', 5, 2.972]]
    """
    scorers = {label: _Scorer() for label in models}
    described: list[dict[str, Any]] = []
    bare: list[str] = []
    for start in tqdm(range(0, len(instances), BATCH), desc="click models", disable=not progress):
        batch = [instances[i] for i in range(start, min(start + BATCH, len(instances)))]
        clicked = [instance for instance in batch if len(instance.clicks)]
        bare += [instance.full_stem for instance in batch if not len(instance.clicks)]
        if not clicked:
            continue
        for label, model in models.items():
            _score_batch(scorers[label], label, model, clicked, seed)
        described += [_describe(instance) for instance in clicked]
    if not described:
        raise RclicksError("none of the chosen instances has clicks; choose another split")
    if bare:
        message = f"{len(bare)} instances have no clicks and are not scored: {', '.join(bare)}"
        warnings.warn(message, stacklevel=2)
    tables = [
        pd.DataFrame(described).assign(click_model=label, **scorer.per_instance())
        for label, scorer in scorers.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _score_batch(
    scorer: _Scorer, label: str, model: ClickModel, batch: Sequence[Instance], seed: int
) -> None:
    maps = model.click_maps(
        [instance.image for instance in batch],
        [instance.object_mask for instance in batch],
        [instance.error_mask for instance in batch],
    )
    try:
        scorer.add(batch, maps, seed)
    except ValueError as error:
        stems = ", ".join(instance.full_stem for instance in batch)
        raise RclicksError(f"{label} on one of {stems}: {error}") from error


def _describe(instance: Instance) -> dict[str, Any]:
    return {
        "dataset": instance.dataset,
        "split": instance.split,
        "full_stem": instance.full_stem,
        "click_type": instance.click_type,
        "is_simulated": instance.is_simulated,
        "clicks": len(instance.clicks),
    }


def mean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over the instances of each dataset, for each click model.

    Args:
        scores: What `score_click_models` returned.

    Returns:
        A row a (dataset, click_model), in the order in which they first came: ``dataset,
        click_model, is_simulated, instances`` and a column a metric.

    Example:
        >>> row = {"dataset": "grabcut", "click_model": "UD", "is_simulated": False,
        ...        "ks": 0.5, "pl1": 1.0, "wd": 0.1, "nss": 2.0, "pde": 0.01}
        >>> mean_scores(pd.DataFrame([row, {**row, "ks": 0.25}]))[["instances", "ks"]].values
        array([[2.   , 0.375]])
    """
    keys = ["dataset", "click_model", "is_simulated"]
    groups = scores.groupby(keys, sort=False)
    means = groups[list(CLICK_METRICS)].mean()
    means.insert(0, "instances", groups.size())
    return means.reset_index()


def format_scores(means: pd.DataFrame) -> str:
    """The table of click models as aligned text for a terminal.

    Args:
        means: What `mean_scores` returned.

    Returns:
        One table a dataset, each headed by whether its clicks are recorded or simulated.

    Example:
        >>> row = {"dataset": "grabcut", "click_model": "UD", "is_simulated": False,
        ...        "instances": 50, "ks": 0.5, "pl1": 1.0, "wd": 0.1, "nss": 2.0, "pde": 0.01}
        >>> print(format_scores(pd.DataFrame([row])))
        Click models on grabcut (recorded clicks)
        click model  instances   KS ↑  PL1 ↓   WD ↓  NSS ↑     PDE ↑
                 UD         50 0.5000 1.0000 0.1000 2.0000 1.000e-02
    """
    heads = {name: score_head(name) for name in CLICK_METRICS}
    formats: dict[str, Any] = {head: partial(score_text, name) for name, head in heads.items()}
    blocks = []
    for (dataset, simulated), rows in means.groupby(["dataset", "is_simulated"], sort=False):
        table = rows.drop(columns=["dataset", "is_simulated"])
        table = table.rename(columns={**heads, "click_model": "click model"})
        text = table.to_string(index=False, formatters=formats)
        blocks.append(f"Click models on {dataset} ({KIND_OF_CLICKS[bool(simulated)]})\n{text}")
    return "\n\n".join(blocks)


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Write a row an instance as Parquet, whole or not at all.

    Args:
        scores: What `score_click_models` returned.
        path: File to write; an older one is replaced.

    Raises:
        RclicksError: If the operating system refuses.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "click_scores.parquet"
        >>> write_scores(pd.DataFrame({"click_model": ["UD"], "ks": [0.5]}), path)
        >>> pd.read_parquet(path).to_dict("records")
        [{'click_model': 'UD', 'ks': 0.5}]
    """
    write_table(path, pa.Table.from_pandas(scores, preserve_index=False))
