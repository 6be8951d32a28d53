"""The instances that the Explorer browses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.scene_repo import DATASET, build_scene_repo

from rclicks_hf import data
from rclicks_hf.errors import RclicksError
from rclicks_hf.space.instance_catalogues import SimulatedCatalogue, instance_catalogues
from rclicks_hf.space.settings import SpaceSettings


@pytest.fixture(scope="module")
def scene_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_scene_repo(tmp_path_factory.mktemp("repo"))


def test_a_repo_comes_before_the_embedded_pictures(scene_repo: Path) -> None:
    catalogues = instance_catalogues(SpaceSettings(dataset=str(scene_repo)))
    assert list(catalogues) == [
        "Scenes (simulated)",
        "Photographs (simulated), embedded",
        "Scenes (simulated), embedded",
    ]
    stored = catalogues["Scenes (simulated)"]
    table = data.load_instances(scene_repo, DATASET)
    both = stored.stems("first") + stored.stems("subsequent")
    assert sorted(both) == sorted(table.stems)
    later = stored.stems("subsequent")[0]
    instance = stored.instance(later)
    assert instance.full_stem == later
    assert instance.previous_mask is not None
    assert len(instance.clicks) == len(table[table.stems.index(later)].clicks)
    with pytest.raises(RclicksError, match="no such instance"):
        stored.instance("scene_9")


def test_a_repo_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="no dataset there"):
        instance_catalogues(SpaceSettings(dataset=str(tmp_path / "nothing")))


def test_embedded_instances_do_not_depend_on_the_order(tmp_path: Path) -> None:
    """An object's simulated clicks are those of the whole store's simulation."""
    from rclicks_hf.simulation import generate_scenes, simulate_rounds

    store = generate_scenes(2, size=(64, 64))
    catalogue = SimulatedCatalogue(DATASET, lambda: store)
    whole = simulate_rounds(store, dataset=DATASET, progress=False)
    stem = catalogue.stems("subsequent")[-1]
    if stem not in whole.previous_masks:
        stem = sorted(whole.previous_masks)[-1]
    instance = catalogue.instance(stem)
    rows = whole.clicks.to_pandas().query("full_stem == @stem")
    assert instance.clicks.x.tolist() == rows["x"].tolist()
    assert instance.is_simulated
    assert instance.previous_mask is not None
    np.testing.assert_array_equal(instance.previous_mask, whole.previous_masks[stem])


def test_a_round_that_was_not_simulated(tmp_path: Path) -> None:
    store = data.MemoryStore()
    store.add("a", np.zeros((32, 32, 3), np.uint8), {"": np.ones((32, 32), np.int8)})
    catalogue = SimulatedCatalogue(DATASET, lambda: store)  # nothing can be segmented falsely
    with pytest.raises(RclicksError, match="no such round"):
        catalogue.instance("a_synthetic_fp")
