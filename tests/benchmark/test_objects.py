"""The benchmark with objects in place of names: segmenters, click models, instances."""

from __future__ import annotations

import copy
import gc
import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.benchmark_fakes import Disks, FakeSource, Slope
from helpers.tiny_networks import save_tiny

import rclicks_hf
from rclicks_hf import report
from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.instance_sets import as_instance_set
from rclicks_hf.benchmark.result_rows import TIMING_COLUMNS, read_result_table
from rclicks_hf.click_models import load_click_model
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.click_map.settings import SETTINGS as SETTINGS_OF
from rclicks_hf.segmenters.click_map.settings import MethodSettings

INSTANCES = list(FakeSource().load())
SETTINGS: dict[str, Any] = {
    "protocol": BenchmarkProtocol(max_clicks=2),
    "runs": ["base", "g10"],
    "progress": False,
}


def run(out: Path, instances: Any = INSTANCES, **changes: Any) -> pa.Table:
    """Results without their timings."""
    models: dict[str, Any] = {"segmenter": Disks(), "click_model": load_click_model("ud")}
    path = run_benchmark(instances, out=out, **({**SETTINGS, "num_proc": 1} | models | changes))
    return read_result_table(path).drop_columns(list(TIMING_COLUMNS))


def manifest(out: Path) -> dict[str, Any]:
    return json.loads((out / "manifest.json").read_text())


class LocalDisks(Disks):
    """A segmenter that cannot be sent to other processes."""

    def __init__(self) -> None:
        self.network = lambda: None


def test_objects_give_what_their_names_give(tmp_path: Path) -> None:
    named = run(
        tmp_path / "names",
        FakeSource(),
        segmenter="helpers.benchmark_fakes:Disks",
        click_model="ud",
    )
    assert run(tmp_path / "objects").equals(named)
    assert run(tmp_path / "two", num_proc=2).equals(named)
    found = manifest(tmp_path / "objects")
    assert [found[name] for name in ("segmenter", "click_model", "dataset", "split", "repo")] == [
        "disks",
        "ud",
        "grabcut",
        "test",
        "",
    ]
    assert len(found["segmenter_fingerprint"]) == len(found["dataset_fingerprint"]) == 64


def test_an_object_that_changed_does_not_resume(tmp_path: Path) -> None:
    first = run(tmp_path, limit=1)
    assert run(tmp_path, limit=1).equals(first)
    wider = Disks()
    wider.radius = 9
    with pytest.raises(RclicksError, match="the segmenter has changed"):
        run(tmp_path, segmenter=wider, limit=1)


def test_instances_that_changed_do_not_resume(tmp_path: Path) -> None:
    run(tmp_path, limit=1)
    other = replace(INSTANCES[0], image=INSTANCES[0].image + 1)
    with pytest.raises(RclicksError, match="the dataset has changed"):
        run(tmp_path, [other, *INSTANCES[1:]], limit=1)


def test_an_object_that_cannot_travel_runs_in_one_process(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone = run(tmp_path / "default", segmenter=LocalDisks(), num_proc=None)
    with pytest.warns(UserWarning, match="num_proc: one process is used, not 2: segmenter cannot"):
        assert run(tmp_path / "two", segmenter=LocalDisks(), num_proc=2).equals(alone)


def test_a_click_model_object_keeps_its_settings(tmp_path: Path) -> None:
    model = Slope()
    model.normalize = False  # type: ignore[attr-defined]
    run(tmp_path, click_model=model, limit=1)
    assert model.normalize is False  # type: ignore[attr-defined]


def test_a_table_of_all_rounds_gives_its_first_round(tmp_path: Path) -> None:
    later = replace(INSTANCES[0], full_stem="095_fn", click_type="fn")
    assert run(tmp_path / "a", [later, *INSTANCES]).equals(run(tmp_path / "b"))


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        ([], "none from the first round"),
        (INSTANCES[:1] * 2, "instances: 095 is given twice"),
        (
            [INSTANCES[0], replace(INSTANCES[1], dataset="davis")],
            r"several datasets or splits \(davis test, grabcut test\)",
        ),
        (["095"], "instances: item 0 is a str; give Instance objects"),
        ("rclicks", r"'rclicks' is not a set of instances; give RepoInstances\(repo, dataset\)"),
    ],
)
def test_wrong_instances_are_refused(tmp_path: Path, instances: Any, message: str) -> None:
    with pytest.raises(RclicksError, match=message):
        run(tmp_path / "out", instances)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("models", [{"segmenter": object()}, {"click_model": object()}])
def test_wrong_objects_are_refused(tmp_path: Path, models: dict[str, Any]) -> None:
    with pytest.raises(RclicksError, match=r"object: not a .*it lacks"):
        run(tmp_path / "out", **models)
    assert not (tmp_path / "out").exists()


def test_an_instance_set_is_taken_as_it_is() -> None:
    source = FakeSource()
    assert as_instance_set(source) is source


class FakeResults:
    def __init__(self, path: Path) -> None:
        self.path = path


def test_results_of_a_notebook_live_as_long_as_their_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "read_results", FakeResults, raising=False)
    arguments: dict[str, Any] = {"segmenter": Disks(), "click_model": "ud", "num_proc": 1}
    results = rclicks_hf.run_benchmark(INSTANCES, **arguments, **SETTINGS)
    path = results.path
    assert read_result_table(path).num_rows == 10
    del results
    gc.collect()
    assert not path.parent.exists()
    kept = rclicks_hf.run_benchmark(INSTANCES, out=tmp_path / "run", **arguments, **SETTINGS)
    del kept
    gc.collect()
    assert (tmp_path / "run/results.parquet").is_file()


class Fitted(Disks):
    """Disks whose settings depend on the dataset and the protocol."""

    settings = {"of": "nothing", "size": (1, 2)}  # noqa: RUF012

    def for_dataset(self, dataset: str, *, reference: bool) -> Fitted:
        fitted = copy.copy(self)
        fitted.threshold = 0.9 if reference else self.threshold
        fitted.__dict__["settings"] = {**self.settings, "of": dataset, "as_paper": reference}
        return fitted


def test_a_segmenter_adapts_to_dataset_and_protocol(tmp_path: Path) -> None:
    run(tmp_path, segmenter=Fitted())
    settings = {"of": "grabcut", "size": [1, 2], "as_paper": False}
    assert manifest(tmp_path)["segmenter_settings"] == settings
    run(tmp_path, segmenter=Fitted())
    quirky = {**SETTINGS, "protocol": BenchmarkProtocol(max_clicks=2, zoom_rule="reference")}
    run(tmp_path / "quirky", segmenter=Fitted(), **quirky)
    assert manifest(tmp_path / "quirky")["segmenter_settings"]["as_paper"] is True


def test_results_with_other_settings_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, segmenter=Fitted())
    monkeypatch.setattr(Fitted, "settings", {"of": "nothing", "size": (3, 4)})
    with pytest.raises(RclicksError, match=r"other settings \(size is \[1, 2\], not \[3, 4\]\)"):
        run(tmp_path, segmenter=Fitted())


def test_other_settings_of_a_finished_network_are_noticed_without_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_tiny("rclicks_gpcis", tmp_path / "gpcis")
    one = {"segmenter": tmp_path / "gpcis", "runs": ["base"]}
    run(tmp_path / "out", INSTANCES[:1], **one)
    monkeypatch.setattr("rclicks_hf.segmenters.pretrained.load_model", None)
    monkeypatch.setattr("rclicks_hf.segmenters.click_map.predictor.load_model", None)
    run(tmp_path / "out", INSTANCES[:1], **one)
    # As a newer version of this package might have them.
    newer = MethodSettings(replace(SETTINGS_OF["rclicks_gpcis"].settings, expansion=1.5))
    table = {**SETTINGS_OF, "rclicks_gpcis": newer}
    monkeypatch.setattr("rclicks_hf.segmenters.click_map.settings.SETTINGS", table)
    with pytest.raises(RclicksError, match=r"other settings \(expansion is 1\.4, not 1\.5\)"):
        run(tmp_path / "out", INSTANCES[:1], **one)


def test_results_without_settings_are_resumed(tmp_path: Path) -> None:
    run(tmp_path)
    older = manifest(tmp_path)
    assert older.pop("segmenter_settings") == {}
    (tmp_path / "manifest.json").write_text(json.dumps(older))
    run(tmp_path)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"for_dataset": lambda dataset, *, reference: 1 / 0}, "for_dataset('grabcut'): raised Ze"),
        ({"for_dataset": lambda dataset, *, reference: None}, "not a segmenter: it lacks"),
        ({"settings": {"a": object()}}, "not a mapping that JSON can hold"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, part: dict[str, Any], message: str) -> None:
    segmenter = Disks()
    segmenter.__dict__.update(part)
    with pytest.raises(RclicksError) as caught:
        run(tmp_path / "out", segmenter=segmenter)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()
