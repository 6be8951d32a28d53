"""Files for the Hub: only whole datasets of people's clicks, in the Hub's own format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from rclicks_hf.errors import RclicksError
from rclicks_hf.report import eval_yaml, read_results, write_report_file
from rclicks_hf.report.hub_results import TASK_MEASURES

MakeResults = Callable[..., Path]
ID = "your-name/rclicks"


@pytest.fixture
def whole(make_results: MakeResults, tmp_path: Path) -> Path:
    return make_results(
        tmp_path / "a", dataset="grabcut", instances=50, clicks=5, failed=[("ritm", "test_003")]
    )


def test_a_file_a_segmenter_reads_back_with_the_hub_s_reader(whole: Path, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    text = write_report_file([whole], tmp_path / "r.csv", eval_results=hub, dataset_id=ID)
    assert str(hub / "eval.yaml") in text
    path = hub / "ritm" / ".eval_results" / "grabcut_cm.yaml"
    entries = parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
    scores = {key.segmenter: s for key, s in read_results(whole).scores.items()}["ritm"]
    assert {entry.task_id: entry.value for entry in entries} == {
        f"grabcut_{name}": pytest.approx(scores[name].value, abs=1e-4) for name in TASK_MEASURES
    }
    assert {entry.dataset_id for entry in entries} == {ID}
    assert "50 instances, 1 of them failed" in str(entries[0].notes)
    tasks = {task["id"] for task in yaml.safe_load((hub / "eval.yaml").read_text("utf-8"))["tasks"]}
    assert {entry.task_id for entry in entries} <= tasks


def test_simulated_clicks_and_parts_of_datasets_are_left_out(
    make_results: MakeResults, tmp_path: Path
) -> None:
    folders = [
        make_results(tmp_path / "a", instances=5, clicks=5),
        make_results(tmp_path / "b", dataset="simulated_scenes", simulated=True, clicks=5),
    ]
    hub = tmp_path / "hub"
    text = write_report_file(folders, tmp_path / "r.csv", eval_results=hub, dataset_id=ID)
    assert "sam / cm / davis: left out, only a part of the dataset" in text
    assert "sam / cm / simulated_scenes: left out, simulated clicks" in text
    assert sorted(file.name for file in hub.rglob("*.yaml")) == ["eval.yaml"]


def test_mistakes_are_reported_before_anything_is_written(whole: Path, tmp_path: Path) -> None:
    hub, out = tmp_path / "hub", tmp_path / "r.csv"
    with pytest.raises(RclicksError, match="not a Hub id; give the dataset's"):
        write_report_file([whole], out, eval_results=hub)
    with pytest.raises(RclicksError, match=r"leaderboards use IoU 0.9, got 0.8"):
        write_report_file([whole], out, eval_results=hub, dataset_id=ID, threshold=0.8)
    assert not hub.exists()
    assert not out.exists()


def test_a_segmenter_s_name_stays_in_its_folder(
    make_results: MakeResults, methods: tuple, tmp_path: Path
) -> None:
    hostile = replace(methods[0], segmenter="../../evil/..")
    folder = make_results(
        tmp_path / "a", methods=[hostile], dataset="grabcut", instances=50, clicks=5
    )
    hub = tmp_path / "hub"
    write_report_file([folder], tmp_path / "r.csv", eval_results=hub, dataset_id=ID)
    assert [str(p.relative_to(hub)) for p in hub.rglob("grabcut*")] == [
        "evil/.eval_results/grabcut_cm.yaml"
    ]


def test_tasks_are_of_people_s_clicks_and_name_configs_and_splits() -> None:
    content = yaml.safe_load(eval_yaml())
    assert content["name"] == "RClicks"
    configs = {(task["config"], task["split"]) for task in content["tasks"]}
    assert configs == {
        ("grabcut", "test"),
        ("berkeley", "test"),
        ("davis", "test"),
        ("coco_mval", "test"),
        ("tetris", "validation"),
    }
    assert len({task["id"] for task in content["tasks"]}) == 5 * len(TASK_MEASURES)
    with pytest.raises(RclicksError, match="imagenet: unknown dataset"):
        eval_yaml(["imagenet"])


def test_two_methods_with_one_file_name_do_not_overwrite_each_other(
    make_results: MakeResults, methods: tuple, tmp_path: Path
) -> None:
    alike = [replace(methods[0], segmenter=name) for name in ("a/b", "a_b")]
    folder = make_results(tmp_path / "a", methods=alike, dataset="grabcut", instances=50, clicks=5)
    with pytest.raises(
        RclicksError, match="also the file of a_b / cm / grabcut; report the two separately"
    ):
        write_report_file([folder], tmp_path / "r.csv", eval_results=tmp_path, dataset_id=ID)
