"""The card goes along to the Hub, under its id, and only with weights that it is true of."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.clickability_fixtures import make_instance, two_stages
from helpers.hub_client import run_client
from helpers.local_hub import LocalHub

from rclicks_hf.data.instances import Instance
from rclicks_hf.support.hub_cards.hub_card import is_hub_id, with_hub_id
from rclicks_hf.training import train

PUSHES = """
import torch
from transformers import Trainer, TrainingArguments
from helpers.clickability_fixtures import make_instance
from rclicks_hf import ClickabilityImageProcessor, ClickabilityModel
from rclicks_hf.hub import push_folder
from rclicks_hf.training import train
from rclicks_hf.training.click_dataset import ClickMapDataset

torch.set_num_threads(1)
folder = "folder"
model = ClickabilityModel.from_pretrained(folder)
processor = ClickabilityImageProcessor.from_pretrained(folder)
for _ in range(2):
    model.push_to_hub("me/pushed")
    processor.push_to_hub("me/pushed")
model.push_to_hub("me/described")
model.save_pretrained(folder, push_to_hub=True, repo_id="me/saved")
push_folder(folder, "me/folder")
ClickabilityModel.from_pretrained("me/pushed").push_to_hub("me/copied")

few = [make_instance(i) for i in range(4)]
again = ClickabilityModel.from_pretrained("me/pushed")
options = {"model": again, "epochs": 1, "batch_size": 4, "progress": lambda *step: None}
tuned = train(few, few, "tuned", **options)
tuned.model.push_to_hub("me/tuned")

changed = ClickabilityModel.from_pretrained("me/pushed")
arguments = TrainingArguments(
    "by_trainer", hub_model_id="me/by_trainer", push_to_hub=True, use_cpu=True, max_steps=1,
    report_to="none", remove_unused_columns=False, save_strategy="no", disable_tqdm=True,
)
trainer = Trainer(changed, arguments, train_dataset=ClickMapDataset(few, processor))
trainer.train()
trainer.push_to_hub()
changed.push_to_hub("me/changed")
"""


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory, _hub: LocalHub) -> Any:
    """Cards of the Hub by the name of their repo, and the card of the folder before and after."""
    place = tmp_path_factory.mktemp("cards")
    instances: list[Instance] = [make_instance(i) for i in range(4)]
    train(instances, instances, place / "folder", config=two_stages(), epochs=1, batch_size=4)
    before = (place / "folder" / "README.md").read_text()
    (place / "hand").mkdir()
    (place / "hand" / "README.md").write_text("---\nlicense: mit\n---\n# Written by hand\n")
    _hub.forget()
    _hub.home = tmp_path_factory.getbasetemp() / "hf_home"  # as of `hf_home`
    shutil.rmtree(_hub.home, ignore_errors=True)
    _hub.add("model", "me/described", place / "hand")
    run_client(_hub, place, PUSHES)
    cards = {
        name.removeprefix("me/"): files.at().files["README.md"].decode()
        for (_, name), files in _hub.repos.items()
    }
    return cards, before, (place / "folder" / "README.md").read_text()


def header(card: str) -> dict[str, Any]:
    return yaml.safe_load(card.split("---")[1])


@pytest.mark.parametrize("name", ["pushed", "saved", "folder", "copied"])
def test_a_card_goes_along_and_bears_the_id(pushed: Any, name: str) -> None:
    cards, before, _ = pushed
    card = cards[name]
    assert f"\n# me/{name}\n" in card
    assert f'pipeline("click-prediction", model="me/{name}", trust_remote_code=True)' in card
    assert f'ClickabilityModel.from_pretrained("me/{name}")' in card
    assert '"folder"' not in card
    assert card == with_hub_id(before, f"me/{name}")
    assert header(card)["pipeline_tag"] == "other"
    assert "| training | 4 | simulated_scenes | simulated |" in card


def test_the_folder_keeps_a_card(pushed: Any) -> None:
    cards, _, after = pushed
    assert after == cards["saved"]


def test_a_fine_tuned_network_names_its_base(pushed: Any) -> None:
    card = pushed[0]["tuned"]
    assert header(card)["base_model"] == "me/pushed"
    assert "Fine-tuned from `me/pushed`." in card
    assert "## Evaluation (simulated clicks)" in card


def test_a_card_written_by_hand_stays(pushed: Any) -> None:
    card = pushed[0]["described"]
    assert "# Written by hand" in card
    assert header(card)["license"] == "mit"


def test_changed_weights_do_not_get_the_scores_of_others(pushed: Any) -> None:
    card = pushed[0]["changed"]
    assert "\n# me/changed\n" in card
    assert "## Evaluation" not in card
    assert "its scores were not recorded" in card
    assert "Simulated clicks" in card
    facts = header(card)
    assert facts["base_model"] == "me/pushed"
    assert "simulated" in facts["tags"]


def test_the_card_of_trainer_has_base_and_tags(pushed: Any) -> None:
    facts = header(pushed[0]["by_trainer"])
    assert facts["base_model"] == "me/pushed"
    assert {"click-prediction", "generated_from_trainer"} <= set(facts["tags"])


def test_a_folder_is_no_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_hub_id("runs/model")
    (tmp_path / "runs" / "model").mkdir(parents=True)
    assert not is_hub_id("runs/model")
    assert with_hub_id("# Somebody's card", "a/b") == "# Somebody's card"
