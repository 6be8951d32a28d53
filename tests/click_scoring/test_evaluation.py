"""Scores of click models: the same as the pure functions give, instance by instance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rclicks_hf.click_models import DistanceTransformClickModel, UniformClickModel
from rclicks_hf.click_scoring.evaluation import (
    format_scores,
    mean_scores,
    score_click_models,
    write_scores,
)
from rclicks_hf.data.instances import Clicks, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import CLICK_METRICS, click_scores, instance_seed

MODELS = {"UD": UniformClickModel(), "DT": DistanceTransformClickModel()}


def _instance(index: int, clicks: int = 12) -> Instance:
    rng = np.random.default_rng(index)
    mask = np.zeros((40 + index, 60), np.int8)
    mask[5:30, 10 + index : 45] = 1
    mask[30] = -1
    x, y = rng.integers(12 + index, 44, clicks), rng.integers(6, 30, clicks)
    devices = np.array(["pc", "mobile"])[np.arange(clicks) % 2]
    return Instance(
        full_stem=f"image {index}",
        image_stem=f"image {index}",
        object_stem="",
        dataset="simulated_scenes",
        split="test",
        click_type="first",
        model_type="none",
        image=np.zeros((*mask.shape, 3), np.uint8),
        mask=mask,
        clicks=Clicks(x.astype(np.int32), y.astype(np.int32), devices),
        is_simulated=True,
    )


@pytest.fixture(scope="module")
def instances() -> list[Instance]:
    return [_instance(index) for index in range(10)]


@pytest.fixture(scope="module")
def scores(instances: list[Instance]) -> pd.DataFrame:
    return score_click_models(instances, MODELS, seed=3, progress=False)


def test_every_value_is_that_of_the_pure_functions(
    instances: list[Instance], scores: pd.DataFrame
) -> None:
    by_stem = {instance.full_stem: instance for instance in instances}
    assert len(scores) == len(MODELS) * len(instances)
    for row in scores.to_dict("records"):
        instance = by_stem[row["full_stem"]]
        click_map = MODELS[row["click_model"]].click_map(
            instance.image, instance.object_mask, instance.error_mask
        )
        expected = click_scores(
            click_map,
            instance.clicks.x,
            instance.clicks.y,
            instance.box_size,
            seed=instance_seed(instance.full_stem, 3),
        )
        for name in CLICK_METRICS:
            assert row[name] == pytest.approx(getattr(expected, name), rel=1e-6), name


def test_scores_do_not_depend_on_order_or_company(
    instances: list[Instance], scores: pd.DataFrame
) -> None:
    few = score_click_models(instances[7:2:-1], MODELS, seed=3, progress=False)
    keys = ["click_model", "full_stem"]
    joined = few.merge(scores, on=keys, suffixes=("", "_all"))
    assert len(joined) == len(few) == 10
    for name in CLICK_METRICS:
        assert (joined[name] == joined[f"{name}_all"]).all()


def test_instances_without_clicks_do_not_count(instances: list[Instance]) -> None:
    bare = replace(instances[0], full_stem="bare", clicks=Clicks.empty())
    with pytest.warns(UserWarning, match="1 instances have no clicks and are not scored: bare"):
        scores = score_click_models([bare, instances[1]], {"UD": MODELS["UD"]}, progress=False)
    assert scores["full_stem"].tolist() == ["image 1"]
    with pytest.raises(RclicksError, match="none of the chosen instances has clicks"):
        score_click_models([bare], {"UD": MODELS["UD"]}, progress=False)


class _Broken:
    name = "broken"

    def click_map(self, image, object_mask, error_mask):
        return np.full(object_mask.shape, np.nan, np.float32)

    def click_maps(self, images, object_masks, error_masks):
        return [
            self.click_map(*triple)
            for triple in zip(images, object_masks, error_masks, strict=False)
        ]


def test_a_map_that_is_no_distribution_is_named(instances: list[Instance]) -> None:
    with pytest.raises(RclicksError, match="Broken on one of image 0"):
        score_click_models(instances[:1], {"Broken": _Broken()}, progress=False)


def test_means_weigh_instances_equally_and_the_text_says_simulated(scores: pd.DataFrame) -> None:
    means = mean_scores(scores)
    assert means["instances"].tolist() == [10, 10]
    uniform = scores[scores["click_model"] == "UD"]
    row = means[means["click_model"] == "UD"].iloc[0]
    assert row["pl1"] == pytest.approx(uniform["pl1"].mean())
    text = format_scores(means)
    assert "Click models on simulated_scenes (simulated clicks)" in text
    recorded = format_scores(means.assign(is_simulated=False, dataset="davis"))
    assert "(recorded clicks)" in recorded
    assert "imulated" not in recorded


def test_scores_are_written_whole(scores: pd.DataFrame, tmp_path: Path) -> None:
    write_scores(scores, tmp_path / "a" / "scores.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a" / "scores.parquet"), scores)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["scores.parquet"]
