from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from helpers.clickability_fixtures import config as config
from helpers.clickability_fixtures import instances as instances
from helpers.clickability_fixtures import model as model
from helpers.clickability_fixtures import model_folder as model_folder
from helpers.clickability_fixtures import processor as processor

from rclicks_hf import data, simulation

DATASET = "simulated_scenes"


@pytest.fixture(scope="session")
def scene_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built repo of four small scenes with three instances each, some with odd clicks.

    scene_000 has one click, scene_001 three, scene_002 all in one column, scene_003 none on mobile.
    """
    scenes = simulation.generate_scenes(4, seed=3, size=(64, 64))
    rounds = simulation.simulate_rounds(scenes, dataset=DATASET, progress=False)
    clicks = rounds.clicks.to_pandas()
    place = clicks.groupby("full_stem").cumcount()
    clicks = clicks[place < clicks["full_stem"].map({"scene_000": 1, "scene_001": 3}).fillna(99)]
    clicks.loc[clicks["full_stem"] == "scene_002", "x"] = 30
    clicks.loc[clicks["full_stem"] == "scene_003", "device"] = "pc"
    images = {image for image, _ in scenes.objects()}
    report = data.build_dataset(
        pa.Table.from_pandas(clicks, schema=rounds.clicks.schema, preserve_index=False),
        {DATASET: data.StoreWithPrevious(scenes, rounds.previous_masks)},
        tmp_path_factory.mktemp("scenes") / "rclicks",
        splits={DATASET: dict.fromkeys(images, "test")},
        progress=False,
    )
    return report.path
