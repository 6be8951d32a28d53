"""The scores of one instance: one row per click model and set of clicks, and a split-half row."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rclicks_hf.click_models.interface import ClickModel, ClickModelOnImages
from rclicks_hf.data import DEVICES, Clicks, Instance
from rclicks_hf.data.click_maps import click_map, soften
from rclicks_hf.data.instances import share_pictures
from rclicks_hf.data.schema import round_of
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import (
    CLICK_METRICS,
    MODES,
    SAMPLED_METRICS,
    ClickScores,
    ConstantCoordinateWarning,
    click_scores,
    instance_seed,
    split_half_scores,
)
from rclicks_hf.metrics.agreement import HALVINGS, MIN_CLICKS_TO_HALVE
from rclicks_hf.metrics.sampling import CLICK_MAP_RESAMPLES, SEED

ALL_DEVICES = "all"
#: Stored name of the row that scores one half of the clicks against the other.
PEOPLE = "people, split-half"
#: The same in tables, whose titles say whether the clicks are recorded or simulated.
SPLIT_HALF = "split-half of clicks"
#: Metrics that come from random draws, so have a Monte Carlo standard error.

SCORE_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("split", pa.string()),
        ("full_stem", pa.string()),
        ("round", pa.string()),
        ("click_type", pa.string()),
        ("device", pa.string()),
        ("is_simulated", pa.bool_()),
        ("click_model", pa.string()),
        ("clicks", pa.int64()),
        *((name, pa.float64()) for name in CLICK_METRICS),
        *((f"{name}_error", pa.float64()) for name in SAMPLED_METRICS),
        ("ks_undefined", pa.int64()),
        ("left_out", pa.string()),
    ]
)


@dataclass(frozen=True)
class ScoreSettings:
    """How instances are scored.

    Attributes:
        mode: ``"reference"`` or ``"exact"``, see `rclicks_hf.metrics.click_scores`.
        resamples: Sets of points drawn from each click map.
        halvings: Random halvings of the clicks; 0 leaves their row out.
        devices: True scores the clicks of each device too, besides all together.
        seed: Seed of all draws; each instance and device has a seed of its own derived from it.

    Raises:
        RclicksError: If a value is out of range.

    Example:
        >>> ScoreSettings(mode="exact").views
        ('all',)
        >>> ScoreSettings(devices=True).views
        ('all', 'pc', 'mobile')
    """

    mode: str = MODES[0]
    resamples: int = CLICK_MAP_RESAMPLES
    halvings: int = HALVINGS
    devices: bool = False
    seed: int = SEED

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise RclicksError(f"mode: {self.mode!r} is unknown; use {' or '.join(MODES)}")
        for name, least in (("resamples", 1), ("halvings", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise RclicksError(f"{name}: must be at least {least}, got {getattr(self, name)}")

    @property
    def views(self) -> tuple[str, ...]:
        """The sets of clicks that are scored."""
        return (ALL_DEVICES, *DEVICES) if self.devices else (ALL_DEVICES,)


def score_image(
    instances: Sequence[Instance], models: Mapping[str, ClickModel], settings: ScoreSettings
) -> list[dict[str, Any]]:
    """Rows of `SCORE_SCHEMA` for the instances of one image, each model's click map made once."""
    prepared = {name: ClickModelOnImages(model) for name, model in models.items()}
    objects: dict[int, np.ndarray] = {}
    rows = []
    for instance in share_pictures(instances):
        if id(instance.mask) not in objects:
            objects[id(instance.mask)] = instance.object_mask
        error_mask = instance.error_mask
        maps = {
            name: model.click_map(instance.image, objects[id(instance.mask)], error_mask)
            for name, model in prepared.items()
        }
        rows += _score_instance(instance, maps, error_mask, settings)
    return rows


def _score_instance(
    instance: Instance,
    maps: Mapping[str, np.ndarray],
    error_mask: np.ndarray,
    settings: ScoreSettings,
) -> list[dict[str, Any]]:
    rows, size = [], instance.box_size
    for device, clicks in _views(instance.clicks, settings):
        stem = instance.full_stem
        seed = instance_seed(stem if device == ALL_DEVICES else f"{stem}/{device}", settings.seed)
        about = _about(instance, device, len(clicks))
        for name, made in maps.items():
            scores = _model_scores(made, clicks, size, settings, seed)
            rows.append({**about, "click_model": name, **scores})
        if settings.halvings:
            scores = _people_scores(clicks, error_mask, size, settings.halvings, seed)
            rows.append({**about, "click_model": PEOPLE, **scores})
    return rows


def _views(clicks: Clicks, settings: ScoreSettings) -> Iterator[tuple[str, Clicks]]:
    for device in settings.views:
        yield device, clicks if device == ALL_DEVICES else clicks.on(device)


def _about(instance: Instance, device: str, clicks: int) -> dict[str, Any]:
    return {
        "dataset": instance.dataset,
        "split": instance.split,
        "full_stem": instance.full_stem,
        "round": round_of(instance.click_type),
        "click_type": instance.click_type,
        "device": device,
        "is_simulated": instance.is_simulated,
        "clicks": clicks,
    }


def _model_scores(
    made: np.ndarray, clicks: Clicks, size: tuple[int, int], settings: ScoreSettings, seed: int
) -> dict[str, Any]:
    if len(clicks) == 0:
        return _left_out("no clicks")
    return _try_scores(
        click_scores,
        made,
        clicks.x,
        clicks.y,
        size,
        resamples=settings.resamples,
        seed=seed,
        mode=settings.mode,
    )


def _people_scores(
    clicks: Clicks, error_mask: np.ndarray, size: tuple[int, int], halvings: int, seed: int
) -> dict[str, Any]:
    if len(clicks) < MIN_CLICKS_TO_HALVE:
        return _left_out(f"fewer than {MIN_CLICKS_TO_HALVE} clicks")
    softened = soften(error_mask)
    return _try_scores(
        split_half_scores,
        clicks.x,
        clicks.y,
        size,
        density=lambda x, y: click_map(x, y, error_mask, softened=softened),
        halvings=halvings,
        seed=seed,
    )


def _try_scores(function: Callable[..., ClickScores], *args: Any, **options: Any) -> dict[str, Any]:
    """Scores, or the reason why there are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConstantCoordinateWarning)  # counted instead
            scores = function(*args, **options)
    except ValueError as error:
        return _left_out(str(error))
    return {
        **{name: float(value) for name, value in scores._asdict().items()},
        **{f"{name}_error": getattr(scores, name).standard_error for name in SAMPLED_METRICS},
        "ks_undefined": scores.ks.undefined,
        "left_out": "",
    }


def _left_out(reason: str) -> dict[str, Any]:
    names = (*CLICK_METRICS, *(f"{name}_error" for name in SAMPLED_METRICS), "ks_undefined")
    return {**dict.fromkeys(names), "left_out": reason}
