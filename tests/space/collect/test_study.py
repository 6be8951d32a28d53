"""Which objects are shown to whom, in what order and how; studies that are not as they must be."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from helpers.study_folder import write_study

from rclicks_hf.analysis.display_modes import DISPLAY_MODES, REFERENCE_MODE
from rclicks_hf.errors import RclicksError
from rclicks_hf.space.collect.clicks import new_code
from rclicks_hf.space.collect.pictures import data_uri, mode_picture
from rclicks_hf.space.collect.study import Study, Task, open_study


def all_tasks(study: Study, code: str) -> list[Task]:
    tasks: list[Task] = []
    while task := study.next_task(code, {one.full_stem for one in tasks}):
        tasks.append(task)
    return tasks


def test_everybody_sees_every_object_in_an_order_of_their_own() -> None:
    study = open_study(None)
    orders = {code: all_tasks(study, code) for code in (new_code() for _ in range(8))}
    for code, tasks in orders.items():
        assert sorted((one.image_stem, one.object_stem) for one in tasks) == sorted(study.objects)
        assert all_tasks(study, code) == tasks
    assert len({tuple(one.full_stem for one in tasks) for tasks in orders.values()}) == 8
    modes = Counter(one.mode for tasks in orders.values() for one in tasks)
    assert set(modes) == set(DISPLAY_MODES)
    described = [one for tasks in orders.values() for one in tasks if one.mode == REFERENCE_MODE]
    assert all(one.description for one in described)
    assert "coin" not in {one.description for one in described}  # there are eight


def test_a_study_resumes_when_pictures_are_added(tmp_path: Path) -> None:
    code = new_code()
    before = all_tasks(open_study(write_study(tmp_path, 3)), code)
    after = all_tasks(open_study(write_study(tmp_path, 5)), code)
    assert [task for task in after if task in before] == before


def test_pictures_may_be_elsewhere(tmp_path: Path) -> None:
    write_study(tmp_path / "pictures", 2)
    for pictures in (tmp_path / "pictures", tmp_path / "pictures" / "Own"):
        study = open_study(tmp_path / "clicks-only", pictures)
        assert (study.dataset, len(study.objects)) == ("own", 2)
    assert not (tmp_path / "pictures" / "clicks").exists()


def test_the_study_file_sets_modes_descriptions_and_consent(tmp_path: Path) -> None:
    write_study(tmp_path, 2)
    settings = {
        "consent": "Agree to **this**.",
        "display_modes": ["Silhouette_Mask", REFERENCE_MODE],
        "descriptions": {'picture, "1"': "the dog"},
    }
    (tmp_path / "study.json").write_text(json.dumps(settings))
    study = open_study(tmp_path)
    assert study.consent == "Agree to **this**."
    modes = {
        (task.full_stem, task.mode)
        for code in (new_code() for _ in range(20))
        for task in all_tasks(study, code)
    }
    assert modes == {
        ('picture, "0"', "Silhouette_Mask"),
        ('picture, "1"', "Silhouette_Mask"),
        ('picture, "1"', REFERENCE_MODE),
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"mode": 1}', "unknown key 'mode'"),
        ('{"consent": 1}', "consent must be a text"),
        ('{"consent": " "}', "consent is empty"),
        ('{"display_modes": []}', "display_modes is empty"),
        ('{"display_modes": ["x"]}', "display_modes: 'x' is unknown"),
        ('{"display_modes": ["Text_Description"]}', "has none, and Text_Description is the only"),
        ('{"descriptions": {"x": "a"}}', "there is no object 'x'"),
        ("[" * 10**5, "is not JSON"),
    ],
)
def test_a_wrong_study_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    write_study(tmp_path, 1)
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(RclicksError, match=rf"study\.json: .*{message}"):
        open_study(tmp_path)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="has no folder of pictures; collecting needs one"):
        open_study(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_modes_show_the_object_and_no_more() -> None:
    image = np.random.default_rng(0).integers(1, 100, (40, 60, 3)).astype(np.uint8)
    mask = np.zeros((40, 60), bool)
    mask[5:15, 8:20] = True
    shown = {mode: mode_picture(image, mask, mode) for mode in DISPLAY_MODES}
    assert shown.pop(REFERENCE_MODE) is None
    for picture in shown.values():
        assert picture is not None
        assert picture.shape == image.shape
    cut, shifted, silhouette, highlighted = (np.asarray(picture) for picture in shown.values())
    assert (cut[mask] == image[mask]).all()
    assert (cut[~mask] == 128).all()
    moved = (shifted != 128).any(axis=2)
    assert moved.sum() == mask.sum()
    assert not (moved & mask).any()
    assert (shifted[moved] == image[mask]).all()
    assert ((silhouette == 255).all(axis=2) == mask).all()
    assert (highlighted[mask] == image[mask]).all()
    assert (highlighted[~mask] != image[~mask]).any(axis=1).all()


def test_an_object_that_fills_its_picture_stays_whole_when_shifted() -> None:
    image, mask = np.full((9, 7, 3), 5, np.uint8), np.ones((9, 7), bool)
    assert (np.asarray(mode_picture(image, mask, "Shifted_CutOut")) == image).all()


def test_a_large_picture_is_sent_small() -> None:
    assert len(data_uri(np.zeros((4000, 3000, 3), np.uint8), 100)) < 4000
