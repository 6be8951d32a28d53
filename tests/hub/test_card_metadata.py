"""The metadata of every card that is generated, by the rules of the Hub's documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from helpers.clickability_fixtures import SIDE, make_instance
from helpers.small_dataset import built  # noqa: F401
from huggingface_hub import DatasetCard, ModelCard, SpaceCard

from rclicks_hf.metrics import METRICS
from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel
from rclicks_hf.support.hub_cards.hub_card import card_of_weights
from rclicks_hf.training.model_card import summarize_instances, write_model_card

# Of the Hub's closed lists, what this project uses.
LICENCES = {"apache-2.0", "mit", "other"}
TASKS = {"mask-generation", "image-segmentation", "other"}
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "n>1M"}


def check_common(data: dict[str, Any]) -> None:
    """Licence and tags; YAML that comes back as it was written."""
    assert data["license"] in LICENCES
    if data["license"] == "other":
        assert re.fullmatch(r"[a-z0-9.-]+", data["license_name"])
        assert data["license_link"] in ("LICENSE", "LICENSE.md") or "://" in data["license_link"]
    assert all(isinstance(tag, str) for tag in data["tags"])
    assert len(set(data["tags"])) == len(data["tags"])


def test_a_dataset(built: Path) -> None:  # noqa: F811
    card = DatasetCard.load(built / "README.md")
    data = card.data.to_dict()
    check_common(data)
    assert (built / data["license_link"]).is_file()
    assert set(data["task_categories"]) <= TASKS
    assert set(data["size_categories"]) <= SIZES
    assert data["language"] == ["en"]
    assert isinstance(data["pretty_name"], str)
    names = [entry["config_name"] for entry in data["configs"]]
    assert [info["config_name"] for info in data["dataset_info"]] == names
    for info in data["dataset_info"]:
        assert info["download_size"] > 0
        for split in info["splits"]:
            assert split.keys() == {"name", "num_bytes", "num_examples"}
    written = yaml.safe_load((built / "README.md").read_text("utf-8").split("---\n")[1])
    assert written == yaml.safe_load(card.content.split("---\n")[1])


@pytest.mark.parametrize("origin", ["trained", "plain"])
def test_a_network(origin: str, tmp_path: Path) -> None:
    if origin == "plain":
        text = card_of_weights("", "", "somebody/base")
    else:
        torch.manual_seed(0)
        few = summarize_instances([make_instance(0)])
        write_model_card(
            tmp_path / "README.md",
            title="tuned",
            model=ClickabilityModel(ClickabilityConfig.from_preset("nano", image_size=SIDE)),
            hyper_parameters={"epochs": 1},
            metrics={"loss": 0.5, "wd": 0.1},
            train_data=few,
            eval_data=few,
        )
        text = (tmp_path / "README.md").read_text("utf-8")
    data = ModelCard(text).data.to_dict()
    check_common({"license": "apache-2.0", **data})
    assert data["pipeline_tag"] in TASKS
    assert data["library_name"] == "transformers"
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", data.get("base_model", "somebody/base"))


def test_the_spaces_of_metrics(repo: Path) -> None:
    for info in METRICS.values():
        data = SpaceCard.load(repo / "metrics" / info.module / "README.md").data.to_dict()
        assert (data["sdk"], data["app_file"]) == ("gradio", "app.py")
        assert {data["colorFrom"], data["colorTo"]} <= COLOURS
        assert data["tags"][:2] == ["evaluate", "metric"]
        assert len(data["emoji"]) <= 2
