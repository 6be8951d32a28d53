"""Scoring whole datasets: the values, resuming, and what is refused or left out."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import evaluate
import numpy as np
import pandas as pd
import pytest
from helpers.commands import PythonProcess, run_rclicks_here

from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_scoring import ScoreSettings, read_click_scores, run_click_scores, score_repo
from rclicks_hf.click_scoring.score_rows import PEOPLE, score_image
from rclicks_hf.data import Instance, load_instances
from rclicks_hf.data.click_maps import click_map
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.launch import Launch
from rclicks_hf.jobs.processes import process_count, processes_for
from rclicks_hf.metrics import (
    CLICK_METRICS,
    METRICS,
    SAMPLED_METRICS,
    click_scores,
    instance_seed,
    pl1,
    split_half_scores,
)
from rclicks_hf.support.files.resources import resource_path

DATASET = "simulated_scenes"
KEYS = ["full_stem", "device", "click_model"]
MODELS = {"Uniform": "ud", "Distance": load_click_model("dt")}  # a name and an object
pytestmark = pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")


def run(repo: Path, out: Path, **options) -> pd.DataFrame:
    arguments = {"click_models": ["ud", "dt"], "num_proc": 1, "progress": False, **options}
    path = run_click_scores(str(repo), [DATASET], out=out, **arguments)
    return read_click_scores(path)


def run_on(instances, out: Path, click_models=MODELS, **options) -> pd.DataFrame:
    options = {"settings": ScoreSettings(halvings=0), "num_proc": 1, **options}
    return read_click_scores(
        run_click_scores(instances, None, click_models, out, progress=False, **options)
    )


@pytest.fixture(scope="module")
def finished(scene_repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished results folder; tests read it only."""
    out = tmp_path_factory.mktemp("finished") / "scores"
    run(scene_repo, out, settings=ScoreSettings(devices=True))
    return out


@pytest.fixture
def rows(finished: Path) -> pd.DataFrame:
    return pd.read_parquet(finished / "click_scores.parquet")


class TestValues:
    def test_there_is_a_row_for_every_instance_device_and_model(self, scene_repo, rows):
        stems = load_instances(scene_repo, DATASET).stems
        expected = {
            (stem, device, model)
            for stem in stems
            for device in ("all", "pc", "mobile")
            for model in ("ud", "dt", PEOPLE)
        }
        assert sorted(expected) == sorted(rows[KEYS].itertuples(index=False, name=None))
        assert rows["full_stem"].drop_duplicates().tolist() == stems
        assert rows["is_simulated"].all()

    def test_scores_are_those_of_the_pure_functions(self, scene_repo, rows):
        by_key = rows.set_index(KEYS)
        for instance in load_instances(scene_repo, DATASET):
            made = load_click_model("dt").click_map(
                instance.image, instance.object_mask, instance.error_mask
            )
            for device in ("all", "mobile"):
                clicks = instance.clicks if device == "all" else instance.clicks.on(device)
                row = by_key.loc[(instance.full_stem, device, "dt")]
                assert row["clicks"] == len(clicks)
                if row["left_out"]:
                    assert len(clicks) == 0
                    continue
                stem = instance.full_stem + ("" if device == "all" else f"/{device}")
                expected = click_scores(
                    made, clicks.x, clicks.y, instance.box_size, seed=instance_seed(stem)
                )
                assert [row[name] for name in CLICK_METRICS] == list(expected)
                for name in SAMPLED_METRICS:
                    assert row[f"{name}_error"] == getattr(expected, name).standard_error

    def test_scores_are_those_of_the_evaluate_modules(self, scene_repo, rows):
        instances = [one for one in load_instances(scene_repo, DATASET) if len(one.clicks)]
        uniform = load_click_model("ud")
        maps = [uniform.click_map(one.image, one.object_mask, one.error_mask) for one in instances]
        references = [
            {
                "x": one.clicks.x,
                "y": one.clicks.y,
                "width": one.box_size[0],
                "height": one.box_size[1],
                "seed": instance_seed(one.full_stem),
            }
            for one in instances
        ]
        ours = rows[(rows["click_model"] == "ud") & (rows["device"] == "all")]
        assert ours["full_stem"].tolist() == [one.full_stem for one in instances]
        for name in CLICK_METRICS:
            path = resource_path(f"metrics/{METRICS[name].module}")
            module = evaluate.load(str(path), keep_in_memory=True, experiment_id=uuid4().hex)
            found = module.compute(predictions=maps, references=references, per_instance=True)
            np.testing.assert_allclose(ours[name], found[f"{name}_per_instance"], rtol=1e-12)

    def test_people_are_scored_against_each_other(self, scene_repo, rows):
        instance = load_instances(scene_repo, DATASET)[1]
        expected = split_half_scores(
            instance.clicks.x,
            instance.clicks.y,
            instance.box_size,
            density=lambda x, y: click_map(x, y, instance.error_mask),
            seed=instance_seed(instance.full_stem),
        )
        row = rows.set_index(KEYS).loc[(instance.full_stem, "all", PEOPLE)]
        assert [row[name] for name in CLICK_METRICS] == list(expected)

    def test_exact_mode_changes_pl1_alone(self, scene_repo, rows, tmp_path):
        exact = run(scene_repo, tmp_path / "e", settings=ScoreSettings(mode="exact"))
        joined = exact.merge(rows, on=KEYS, suffixes=("", "_reference"))
        models = joined[joined["click_model"] != PEOPLE]
        for name in CLICK_METRICS:
            same = models[name] == models[f"{name}_reference"]
            assert same.all() if name != "pl1" else not same.any()
        assert (models["pl1_error"] == 0).all()
        instance = load_instances(scene_repo, DATASET)[1]
        expected = pl1(
            instance.error_mask,
            instance.clicks.x,
            instance.clicks.y,
            instance.box_size,
            mode="exact",
        )
        row = exact.set_index(KEYS).loc[(instance.full_stem, "all", "ud")]
        assert row["pl1"] == pytest.approx(expected, rel=1e-12)

    def test_company_changes_nothing(self, scene_repo, rows, tmp_path):
        settings = ScoreSettings(devices=True)
        apart = run(scene_repo, tmp_path / "one", click_models=["dt"], settings=settings)
        alone = rows[rows["click_model"] != "ud"].reset_index(drop=True)
        pd.testing.assert_frame_equal(apart, alone, check_exact=True)


@pytest.fixture(scope="module")
def instances(scene_repo: Path) -> list[Instance]:
    return list(load_instances(scene_repo, DATASET))


class TestGivenInstances:
    def test_they_score_as_those_of_a_repo_under_the_names_given(self, instances, rows, tmp_path):
        found = run_on(instances, tmp_path / "given")
        assert found["click_model"].unique().tolist() == ["Uniform", "Distance"]
        names = {"ud": "Uniform", "dt": "Distance"}
        expected = rows[rows["click_model"].isin(names) & (rows["device"] == "all")]
        expected = expected.replace({"click_model": names}).reset_index(drop=True)
        # Among rows that could not be scored, pandas reads the column of counts as floats.
        found["ks_undefined"] = found["ks_undefined"].astype(float)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)

    def test_scores_do_not_depend_on_order_or_company(self, instances, rows, tmp_path):
        few = run_on(instances[7:2:-1], tmp_path / "few", {"dt": "dt"})
        joined = few.merge(rows, on=KEYS, suffixes=("", "_all"))
        assert len(joined) == len(few) == 5
        for name in CLICK_METRICS:
            assert (joined[name] == joined[f"{name}_all"]).all()

    def test_objects_go_to_other_processes(self, instances, tmp_path):
        alone = run_on(instances, tmp_path / "one")
        assert run_on(instances, tmp_path / "two", num_proc=2).equals(alone)
        assert processes_for(None, MODELS) == (process_count(None), "")

    def test_an_object_that_cannot_travel_runs_in_one_process(self, instances, tmp_path):
        model = load_click_model("dt")
        model.network = lambda: None
        with pytest.warns(UserWarning, match="one process is used, not 2: Local cannot be sent"):
            run_on(instances, tmp_path, {"Local": model}, num_proc=2)

    def test_a_name_stands_for_one_click_model_and_one_set(self, instances, tmp_path):
        run_on(instances, tmp_path)
        with pytest.raises(RclicksError, match="the click model has changed"):
            run_on(instances, tmp_path, {**MODELS, "Uniform": "dt"})
        with pytest.raises(RclicksError, match="the dataset has changed"):
            run_on(instances[1:], tmp_path)
        with pytest.raises(RclicksError, match="another click_model"):
            run_on(instances, tmp_path, {"Uniform": "ud"})

    def test_instances_of_two_splits_are_refused(self, instances, tmp_path):
        other = replace(instances[0], full_stem="other", split="train")
        with pytest.raises(RclicksError, match="two splits of one dataset"):
            run_on([*instances, other], tmp_path / "out")
        with pytest.raises(RclicksError, match="instances: none given"):
            run_on([], tmp_path / "out")
        assert list(tmp_path.iterdir()) == []


class TestSharing:
    def test_a_helper_takes_images_and_the_main_process_merges(
        self, scene_repo, finished, rows, tmp_path
    ):
        shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
        (tmp_path / "click_scores.parquet").unlink()
        part = next((tmp_path / "parts").iterdir())
        part.unlink()
        arguments = ([DATASET], ["ud", "dt"], tmp_path)
        options = {"settings": ScoreSettings(devices=True), "num_proc": 1, "progress": False}
        path = run_click_scores(str(scene_repo), *arguments, is_main=False, **options)
        assert part.is_file()
        assert not path.exists()
        whole = run(scene_repo, tmp_path, settings=ScoreSettings(devices=True))
        pd.testing.assert_frame_equal(whole, rows, check_exact=True)

    def test_overwrite_replaces_another_configuration(self, scene_repo, finished, tmp_path):
        shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
        found = run(scene_repo, tmp_path, click_models=["dt"], overwrite=True)
        assert found["click_model"].unique().tolist() == ["dt", PEOPLE]

    def test_a_launch_needs_a_folder_and_does_not_overwrite(
        self, scene_repo, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(
            "rclicks_hf.click_scoring.score_tables.join_launch", lambda: nullcontext(Launch(0, 2))
        )
        with pytest.raises(RclicksError, match="--out: needed in a launch of several"):
            score_repo(str(scene_repo), [DATASET], ["ud"])
        with pytest.raises(RclicksError, match="--overwrite: not possible with several"):
            score_repo(str(scene_repo), [DATASET], ["ud"], out=tmp_path, overwrite=True)


class TestReading:
    def test_a_folder_stands_for_its_file(self, finished, rows):
        pd.testing.assert_frame_equal(read_click_scores(finished), rows)

    def test_something_else_is_refused(self, tmp_path):
        with pytest.raises(RclicksError, match="no scores of click models"):
            read_click_scores(tmp_path)
        (tmp_path / "click_scores.parquet").write_text("PAR1")
        with pytest.raises(RclicksError, match="not readable as scores of click models"):
            read_click_scores(tmp_path)


class TestLeftOut:
    def test_too_few_clicks_are_named_and_have_no_score(self, rows):
        reasons = rows.set_index(KEYS)["left_out"]
        assert reasons[("scene_000", "all", PEOPLE)] == "fewer than 4 clicks"
        assert reasons[("scene_001", "all", PEOPLE)] == "fewer than 4 clicks"
        assert reasons[("scene_003", "mobile", "ud")] == "no clicks"
        left_out = rows[rows["left_out"] != ""]
        assert left_out[list(CLICK_METRICS)].isna().all(axis=None)
        scored = rows[rows["left_out"] == ""]
        assert np.isfinite(scored[list(CLICK_METRICS)].to_numpy()).all()

    def test_a_map_that_is_not_a_distribution_is_named(self, scene_repo):
        class Broken:
            name = "broken"

            def click_map(self, image, object_mask, error_mask):
                return np.full(object_mask.shape, np.nan, np.float32)

        instance = load_instances(scene_repo, DATASET)[1]
        (row,) = score_image([instance], {"broken": Broken()}, ScoreSettings(halvings=0))
        assert row["left_out"].startswith("click_map holds NaN")
        assert "(64, 64)" in row["left_out"]
        assert row["nss"] is None

    def test_constant_coordinates_score_zero_and_are_counted(self, rows):
        by_key = rows.set_index(KEYS)
        for stem in ("scene_000", "scene_002"):  # one click, one column
            row = by_key.loc[(stem, "all", "ud")]
            assert (row["ks"], row["ks_undefined"]) == (0.0, 100)
        assert by_key.loc[("scene_002", "all", PEOPLE), "ks_undefined"] == 20
        assert by_key.loc[("scene_003", "all", "ud"), "ks_undefined"] == 0

    def test_the_manifest_counts_them(self, finished, rows):
        manifest = json.loads((finished / "manifest.json").read_text())
        assert manifest["is_finished"] is True
        assert manifest["left_out"] == (rows["left_out"] != "").sum() > 0
        assert manifest["instances"] == 12
        assert manifest["rows"] == len(rows)


class TestResuming:
    def test_a_killed_run_resumes(self, scene_repo, rows, tmp_path, repo):
        line = (
            f"evaluate-clicks --click-model ud --click-model dt --dataset {DATASET} "
            f"--repo {scene_repo} --out scores --num-proc 1"
        )
        words = ["-m", "rclicks_hf.cli", *line.split()]
        environment = {**os.environ, "PYTHONPATH": str(repo)}
        with PythonProcess(words, cwd=tmp_path, env=environment) as running:
            parts, deadline = tmp_path / "scores" / "parts", time.monotonic() + 120
            while not list(parts.glob("[!.]*")) and time.monotonic() < deadline:
                time.sleep(0.005)
            running.kill()
        before = {path: path.stat().st_mtime_ns for path in parts.glob("[!.]*")}
        assert before
        for path in before:
            assert len(pd.read_parquet(path)) == 9  # three instances, two models and people

        done = run_rclicks_here(line, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert all(path.stat().st_mtime_ns == then for path, then in before.items())
        resumed = pd.read_parquet(tmp_path / "scores" / "click_scores.parquet")
        whole = rows[rows["device"] == "all"].reset_index(drop=True)
        resumed["ks_undefined"] = resumed["ks_undefined"].astype(float)
        pd.testing.assert_frame_equal(resumed, whole, check_exact=True)

    def test_a_damaged_part_is_made_again(self, scene_repo, finished, rows, tmp_path):
        shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
        part = next((tmp_path / "parts").iterdir())
        part.write_bytes(part.read_bytes()[:200])
        again = run(scene_repo, tmp_path, settings=ScoreSettings(devices=True))
        pd.testing.assert_frame_equal(again, rows)

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"click_models": ["ud"]}, r"click_model \(\['ud', 'dt'\], not \['ud'\]\)"),
            ({"settings": ScoreSettings(mode="exact", devices=True)}, "mode"),
            ({"settings": ScoreSettings(seed=1, devices=True)}, r"seed \(42, not 1\)"),
            ({"settings": ScoreSettings(devices=False)}, r"devices \(True, not False\)"),
            ({"settings": ScoreSettings(devices=True, halvings=3)}, "halvings"),
        ],
    )
    def test_results_of_another_configuration_are_refused(
        self, finished, scene_repo, options, field
    ):
        before = (finished / "click_scores.parquet").stat().st_mtime_ns
        with pytest.raises(RclicksError, match=f"holds results of another {field}"):
            run(scene_repo, finished, **{"settings": ScoreSettings(devices=True), **options})
        assert (finished / "click_scores.parquet").stat().st_mtime_ns == before

    def test_results_of_another_dataset_content_or_kind_are_refused(
        self, finished, scene_repo, tmp_path
    ):
        manifest = json.loads((finished / "manifest.json").read_text())
        assert manifest["dataset"] == [DATASET]
        assert str(scene_repo) not in json.dumps({k: manifest[k] for k in ("dataset", "split")})
        other = tmp_path / "other"
        other.mkdir()
        (other / "manifest.json").write_text(
            json.dumps(manifest | {"devices": False, "dataset_fingerprint": ["0"]})
        )
        with pytest.raises(RclicksError, match="the dataset has changed"):
            run(scene_repo, other)
        (other / "manifest.json").write_text('{"segmenter": "geocut"}')
        with pytest.raises(RclicksError, match="not the manifest of scores of click models"):
            run(scene_repo, other)


class TestBadArguments:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"click_models": []}, "click_model: none given"),
            ({"click_models": ["ud", "ud"]}, "click_model: 'ud' is named twice"),
            ({"click_models": ["nope"]}, "nope: no such click model"),
            ({"split": "train"}, "no split 'train'"),
            ({"num_proc": 0}, "num_proc: must be at least 1"),
        ],
    )
    def test_are_one_line_and_leave_nothing(self, scene_repo, tmp_path, options, message):
        with pytest.raises(RclicksError, match=message):
            run(scene_repo, tmp_path / "scores", **options)
        assert list(tmp_path.iterdir()) == []

    def test_an_unknown_dataset(self, scene_repo, tmp_path):
        with pytest.raises(RclicksError, match="'nope': unknown dataset; use one of grabcut"):
            run_click_scores(str(scene_repo), ["nope"], ["ud"], tmp_path / "scores")

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"mode": "fast"}, "mode: 'fast' is unknown; use reference or exact"),
            ({"resamples": 0}, "resamples: must be at least 1, got 0"),
            ({"halvings": -1}, "halvings: must be at least 0"),
        ],
    )
    def test_settings(self, settings, message):
        with pytest.raises(RclicksError, match=message):
            ScoreSettings(**settings)
