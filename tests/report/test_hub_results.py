"""Files for the Hub: only whole datasets of people's clicks, in the Hub's own format."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from huggingface_hub import HfApi, parse_eval_result_entries

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import CLICK_METRICS, METRICS
from rclicks_hf.report import MEASURES, eval_yaml, read_results, write_report_file
from rclicks_hf.support.hub_cards.eval_results_file import TASK_SCORES
from rclicks_hf.support.text.citation import PAPER_ADDRESS, PAPER_DATE
from rclicks_hf.training.score_file import TrainingData, write_score_file

MakeResults = Callable[..., Path]
ID = "your-name/rclicks"
COMMIT = "0123456789" * 4
HUB = {"dataset_id": ID, "dataset_revision": COMMIT}
MEASURED = [score.name for score in TASK_SCORES if score.by == "rclicks benchmark"]
#: The Hub's list of frameworks, which only its maintainers extend (as of August 2026).
FRAMEWORKS = {
    "apex-evals", "archipelago", "benchflow", "claw-eval", "exgentic", "extractbench", "harbor",
    "inspect-ai", "math-arena", "mdpbench", "mteb", "nemo-evaluator", "olmocr-bench",
    "open-asr-leaderboard", "parsebench", "pbench", "researchclawbench", "screenspot-pro",
    "swe-bench", "swe-bench-pro", "video-mme-v2", "wildclawbench", "yc-bench",
}  # fmt: skip


def check_result_file(path: Path, tasks: set[str]) -> list[dict[str, Any]]:
    """The rules of the Hub's documentation for `.eval_results/*.yaml`."""
    assert path.parent.name == ".eval_results"
    entries = yaml.safe_load(path.read_text("utf-8"))
    assert entries
    for entry in entries:
        assert entry.keys() == {"dataset", "value", "date", "source", "notes"}
        assert entry["dataset"].keys() == {"id", "task_id", "revision"}
        namespace, name = entry["dataset"]["id"].split("/")
        assert namespace
        assert name
        assert entry["dataset"]["task_id"] in tasks
        assert re.fullmatch(r"[0-9a-f]{40}", entry["dataset"]["revision"])
        assert type(entry["value"]) is float
        assert math.isfinite(entry["value"])
        date.fromisoformat(entry["date"])
        assert entry["source"].keys() == {"url", "name"}
        assert entry["source"]["url"].startswith(("https://", "http://127.0.0.1"))
        assert isinstance(entry["notes"], str)
    assert len({entry["dataset"]["task_id"] for entry in entries}) == len(entries)
    return entries


def check_eval_yaml(text: str) -> set[str]:
    """The rules for `eval.yaml`; returns the ids of its tasks."""
    content = yaml.safe_load(text)
    assert content.keys() - {"evaluation_framework"} == {"name", "description", "tasks"}
    assert content.get("evaluation_framework", "inspect-ai") in FRAMEWORKS
    assert len(content["description"]) < 1000
    for task in content["tasks"]:
        assert task.keys() == {"id", "config", "split"}
        assert task["split"] in SOURCE_DATASETS[task["config"]].splits
    ids = [task["id"] for task in content["tasks"]]
    assert len(set(ids)) == len(ids)
    return set(ids)


@pytest.fixture
def whole(make_results: MakeResults, tmp_path: Path) -> Path:
    return make_results(
        tmp_path / "a", dataset="grabcut", instances=50, clicks=5, failed=[("ritm", "test_003")]
    )


def test_a_file_a_segmenter_reads_back_with_the_hub_s_reader(whole: Path, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    text = write_report_file([whole], tmp_path / "r.csv", eval_results=hub, **HUB)
    assert str(hub / "eval.yaml") in text
    path = hub / "ritm" / ".eval_results" / "grabcut_cm.yaml"
    entries = parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
    scores = {key.segmenter: s for key, s in read_results(whole).scores.items()}["ritm"]
    assert {entry.task_id: entry.value for entry in entries} == {
        f"grabcut_{name}": pytest.approx(scores[name].value, abs=1e-4) for name in MEASURED
    }
    assert {entry.dataset_id for entry in entries} == {ID}
    assert "50 instances, 1 of them failed" in str(entries[0].notes)
    tasks = check_eval_yaml((hub / "eval.yaml").read_text("utf-8"))
    files = [file for file in hub.rglob("*.yaml") if file.name != "eval.yaml"]
    assert len(files) == len(read_results(whole))
    for file in files:
        for entry in check_result_file(file, tasks):
            assert entry["dataset"]["revision"] == COMMIT
            assert entry["source"]["url"].endswith(f"/datasets/{ID}")


def test_what_a_run_recorded_comes_first(whole: Path, tmp_path: Path) -> None:
    protocol = {"noc_threshold": 0.9}
    run = dict.fromkeys(("segmenter_fingerprint", "click_model_fingerprint"), "")
    run |= {"segmenter": "ritm", "click_model": "cm", "dataset": "grabcut", "split": "test"}
    run |= {"dataset_fingerprint": "", "kind": "a benchmark", "protocol": protocol}
    run |= {"repo": ID, "revisions": {"dataset": "a" * 40}, "date": "2026-01-02"}
    (whole / "manifest.json").write_text(json.dumps(run))
    hub, own = tmp_path / "hub", "https://example.org/my-runs"
    write_report_file([whole], tmp_path / "r.csv", eval_results=hub, source=own, **HUB)
    seen = {}
    for file in hub.rglob("grabcut_cm.yaml"):
        entry = yaml.safe_load(file.read_text("utf-8"))[0]
        assert entry["source"]["url"] == own
        seen[file.parent.parent.name] = (entry["dataset"]["revision"], entry["date"])
    assert seen.pop("ritm") == ("a" * 40, "2026-01-02")
    assert {revision for revision, _ in seen.values()} == {COMMIT}


def test_results_of_the_paper_have_its_date_and_address(whole: Path, tmp_path: Path) -> None:
    run = dict.fromkeys(("segmenter_fingerprint", "click_model_fingerprint"), "")
    run |= {"segmenter": "ritm", "click_model": "cm", "dataset": "grabcut,davis", "split": ""}
    run |= {"dataset_fingerprint": "", "protocol": {}, "published": {"by": "the authors"}}
    (whole / "manifest.json").write_text(json.dumps(run))
    hub = tmp_path / "hub"
    write_report_file([whole], tmp_path / "r.csv", eval_results=hub, **HUB)
    (file,) = hub.glob("ritm/.eval_results/*.yaml")
    entries = check_result_file(file, check_eval_yaml(eval_yaml()))
    assert {entry["date"] for entry in entries} == {PAPER_DATE}
    assert {entry["source"]["url"] for entry in entries} == {PAPER_ADDRESS}


def test_the_newest_commit_is_looked_up_once(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def dataset_info(self: HfApi, repo_id: str) -> SimpleNamespace:
        asked.append(repo_id)
        return SimpleNamespace(sha="b" * 40)

    monkeypatch.setattr(HfApi, "dataset_info", dataset_info)
    hub = tmp_path / "hub"
    write_report_file([whole], tmp_path / "r.csv", eval_results=hub, dataset_id=ID)
    files = [file for file in hub.rglob("*.yaml") if file.name != "eval.yaml"]
    entries = [entry for file in files for entry in yaml.safe_load(file.read_text("utf-8"))]
    assert {entry["dataset"]["revision"] for entry in entries} == {"b" * 40}
    assert asked == [ID]


def test_the_scores_of_a_training_have_tasks_or_no_file(tmp_path: Path) -> None:
    metrics = dict.fromkeys((*CLICK_METRICS, "sim", "cc", "loss"), 0.5) | {"wd": math.nan}
    data = TrainingData(ID, "tetris", "validation", COMMIT, "f00d")
    write_score_file(tmp_path, metrics, data, is_simulated=False)
    file = tmp_path / ".eval_results" / "rclicks.yaml"
    entries = check_result_file(file, check_eval_yaml(eval_yaml()))
    assert [entry["dataset"]["task_id"] for entry in entries] == [
        f"tetris_{name}" for name in CLICK_METRICS if name != "wd"
    ]
    file.unlink()
    others = [replace(data, repo="rclicks"), replace(data, config="simulated_scenes")]
    others += [replace(data, split="train"), replace(data, revision=None)]
    for other in others:
        write_score_file(tmp_path, metrics, other, is_simulated=False)
    write_score_file(tmp_path, metrics, data, is_simulated=True)
    assert not file.exists()


def test_the_scores_of_tasks_are_those_of_the_tables() -> None:
    tables = {name: (m.title, m.direction) for name, m in MEASURES.items()}
    tables |= {name: (m.abbreviation, m.direction) for name, m in METRICS.items()}
    for score in TASK_SCORES:
        assert tables[score.name] == (score.title, score.direction)
    assert {score.name for score in TASK_SCORES} == {*MEASURED, *CLICK_METRICS}


def test_simulated_clicks_and_parts_of_datasets_are_left_out(
    make_results: MakeResults, tmp_path: Path
) -> None:
    folders = [
        make_results(tmp_path / "a", instances=5, clicks=5),
        make_results(tmp_path / "b", dataset="simulated_scenes", simulated=True, clicks=5),
    ]
    hub = tmp_path / "hub"
    text = write_report_file(folders, tmp_path / "r.csv", eval_results=hub, **HUB)
    assert "sam / cm / davis: left out, only a part of the dataset" in text
    assert "sam / cm / simulated_scenes: left out, simulated clicks" in text
    assert sorted(file.name for file in hub.rglob("*.yaml")) == ["eval.yaml"]


def test_mistakes_are_reported_before_anything_is_written(whole: Path, tmp_path: Path) -> None:
    hub, out = tmp_path / "hub", tmp_path / "r.csv"
    with pytest.raises(RclicksError, match="not a Hub id; give the dataset's"):
        write_report_file([whole], out, eval_results=hub)
    with pytest.raises(RclicksError, match=r"leaderboards use IoU 0.9, got 0.8"):
        write_report_file([whole], out, eval_results=hub, threshold=0.8, **HUB)
    with pytest.raises(RclicksError, match="newest commit cannot be looked up; check name and"):
        write_report_file([whole], out, eval_results=hub, dataset_id=ID)
    with pytest.raises(RclicksError, match="--dataset-revision: main is not a commit of 40"):
        write_report_file([whole], out, eval_results=hub, dataset_id=ID, dataset_revision="main")
    with pytest.raises(RclicksError, match="--source: my runs is not an address"):
        write_report_file([whole], out, eval_results=hub, source="my runs", **HUB)
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
    write_report_file([folder], tmp_path / "r.csv", eval_results=hub, **HUB)
    assert [str(p.relative_to(hub)) for p in hub.rglob("grabcut*")] == [
        "evil/.eval_results/grabcut_cm.yaml"
    ]


def test_tasks_are_of_people_s_clicks_and_name_configs_and_splits() -> None:
    content = yaml.safe_load(eval_yaml())
    assert len(check_eval_yaml(eval_yaml())) == 5 * len(TASK_SCORES)
    assert content["name"] == "RClicks"
    configs = {(task["config"], task["split"]) for task in content["tasks"]}
    assert configs == {
        ("grabcut", "test"),
        ("berkeley", "test"),
        ("davis", "test"),
        ("coco_mval", "test"),
        ("tetris", "validation"),
    }
    with pytest.raises(RclicksError, match="imagenet: unknown dataset"):
        eval_yaml(["imagenet"])


def test_two_methods_with_one_file_name_do_not_overwrite_each_other(
    make_results: MakeResults, methods: tuple, tmp_path: Path
) -> None:
    alike = [replace(methods[0], segmenter=name) for name in ("a/b", "a_b")]
    folder = make_results(tmp_path / "a", methods=alike, dataset="grabcut", instances=50, clicks=5)
    with pytest.raises(
        RclicksError,
        match="a_b / cm / grabcut needs the same file name as another result",
    ):
        write_report_file([folder], tmp_path / "r.csv", eval_results=tmp_path, **HUB)
