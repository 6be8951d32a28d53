from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from datasets import load_dataset, load_dataset_builder
from huggingface_hub import DatasetCard

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.build.card import config_digest, read_card_header
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.support.text.citation import AUTHORS


def test_the_hub_library_reads_the_header(built: Path) -> None:
    data = DatasetCard.load(built / "README.md").data.to_dict()
    assert data["task_categories"] == ["mask-generation", "image-segmentation"]
    assert data["annotations_creators"] == ["machine-generated"]
    assert data["size_categories"] == ["n<1K"]
    assert (data["license"], data["license_link"]) == ("other", "LICENSE.md")
    assert data["license_name"] == "apache-2.0-clicks-and-terms-of-sources"
    assert re.fullmatch(r"[a-z0-9.-]+", data["license_name"])
    assert "Simulated clicks: Apache-2.0." in (built / "LICENSE.md").read_text()
    assert "simulated" in data["tags"]
    assert [entry["config_name"] for entry in data["configs"] if entry.get("default")] == ["all"]


def test_every_config_has_its_digest_and_features(built: Path) -> None:
    header = read_card_header(built)
    assert all(len(config_digest(entry)) == 64 for entry in header["configs"])
    names = [entry["config_name"] for entry in header["configs"]]
    assert names == [info["config_name"] for info in header["dataset_info"]]
    for info in header["dataset_info"][-3:]:
        loaded = load_dataset_builder(str(built), info["config_name"]).info.features
        assert loaded is not None
        assert list(loaded) == [entry["name"] for entry in info["features"]]


def test_a_simulated_dataset_says_so(built: Path) -> None:
    text = (built / "README.md").read_text(encoding="utf-8")
    body = text.split("---\n", 2)[2]
    assert body.strip().splitlines()[0] == "# RClicks: simulated clicks"
    assert "**These clicks are simulated.**" in body
    assert "| Scenes (simulated) | 30 | 30 | 6 |" in body
    assert all("simulated" in str(path) for path in built.rglob("*.parquet"))
    for entry in read_card_header(built)["configs"]:
        assert entry["description"].startswith("SIMULATED ")


def test_a_real_dataset_shows_published_counts_beside_counted_ones(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    build_dataset(make_clicks(make_source(2), "davis"), {}, tmp_path / "r", progress=False)
    text = (tmp_path / "r" / "README.md").read_text(encoding="utf-8")
    assert "| DAVIS | 10 | 16,975 | 10 | 23,687 | 2 | 345 |" in text
    assert "simulated" not in text.split("---\n", 2)[2].replace("`is_simulated`", "")
    assert "\n- splits: DAVIS test\n" in text
    assert "-images" not in text  # it has none
    assert "| `pl1` | PL1 | lower | `rclicks train` |" in text
    assert "| `sample_auc` | Sample IoU-AUC | higher | `rclicks benchmark` |" in text
    assert all(author in text for author in AUTHORS)
    for heading in (
        "Use",
        "Configs",
        "Counts",
        "Origin and collection",
        "Limits",
        "Responsible AI",
        "Licences",
    ):
        assert f"\n## {heading}\n" in text
    assert "\n\n\n\n" not in text


def test_the_python_of_the_card_runs(built: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(built.parent)
    body = (built / "README.md").read_text(encoding="utf-8")
    snippets = [part.split("```")[0] for part in body.split("```python\n")[1:]]
    assert len(snippets) == 5
    scope: dict = {}
    for snippet in snippets:
        exec(snippet, scope)
    assert scope["instance"].image.shape == (12, 16, 3)
    assert scope["points"].format["type"] == "torch"
    assert 0 < len(scope["on_pc"]) < len(scope["clicks"])
    assert len(scope["frame"]) == sum(
        part.to_pandas()["device"].eq(0).sum()
        for part in load_dataset("rclicks", "simulated_scenes").values()
    )
    assert len(scope["on_touch_screens"]) == scope["row"]["device"].count(1)
