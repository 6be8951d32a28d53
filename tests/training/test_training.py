"""Training: data, flips, a loss that falls, resuming, the card."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch.utils.data import ConcatDataset

from rclicks_hf.click_models import load_click_model
from rclicks_hf.data.instances import Clicks, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.training import train
from rclicks_hf.training.click_dataset import ClickMapDataset, flip_horizontally
from rclicks_hf.training.hyper_parameters import HyperParameters
from rclicks_hf.training.model_card import summarize_instances
from rclicks_hf.training.score_file import TrainingData
from rclicks_hf.training.training_result import TrainingFacts
from rclicks_hf.training.training_scores import correlation, similarity


def _mirrored(instance: Instance) -> Instance:
    """The same instance as seen in a mirror, clicks and all."""
    clicks, width = instance.clicks, instance.mask.shape[1]
    return replace(
        instance,
        image=np.ascontiguousarray(instance.image[:, ::-1]),
        mask=np.ascontiguousarray(instance.mask[:, ::-1]),
        clicks=Clicks((width - 1 - clicks.x).astype(np.int32), clicks.y, clicks.device),
    )


def test_flipping_features_is_flipping_the_instance(
    instances: list[Instance], processor: ClickabilityImageProcessor
) -> None:
    features = ClickMapDataset(instances, processor)[0]
    mirrored = ClickMapDataset([_mirrored(instances[0])], processor)[0]
    flipped = flip_horizontally(features)
    assert set(flipped) == {"pixel_values", "object_mask", "error_mask", "labels"}
    for name in flipped:
        torch.testing.assert_close(flipped[name], mirrored[name], rtol=0, atol=1e-4)
        assert not torch.equal(flipped[name], features[name])


def test_flips_depend_on_instance_and_epoch_alone(
    instances: list[Instance], processor: ClickabilityImageProcessor
) -> None:
    def flips(dataset: ClickMapDataset, order: list[int], epoch: int) -> dict[str, bool]:
        dataset.epoch = epoch
        plain = ClickMapDataset(dataset.instances, processor)
        return {
            dataset.instances[i].full_stem: not torch.equal(
                dataset[i]["labels"], plain[i]["labels"]
            )
            for i in order
        }

    forth = ClickMapDataset(instances, processor, flip_probability=0.5)
    back = ClickMapDataset(instances[::-1], processor, flip_probability=0.5, cache_bytes=0)
    order = list(range(len(instances)))
    by_epoch = [flips(forth, order, epoch) for epoch in range(4)]
    assert [flips(back, order[::-1], epoch) for epoch in range(4)] == by_epoch
    drawn = [flip for epoch in by_epoch for flip in epoch.values()]
    assert 0 < sum(drawn) < len(drawn)


def test_an_instance_without_clicks_has_an_empty_target(
    instances: list[Instance], processor: ClickabilityImageProcessor
) -> None:
    silent = replace(instances[0], clicks=Clicks.empty())
    assert ClickMapDataset([silent], processor)[0]["labels"].abs().max() == 0


def test_similarities_of_equal_and_of_disjoint_maps() -> None:
    maps = torch.tensor([[[1.0, 0.0], [0.0, 3.0]]])
    other = torch.tensor([[[0.0, 1.0], [2.0, 0.0]]])
    assert similarity(2 * maps, maps).item() == pytest.approx(1)
    assert similarity(maps, other).item() == 0
    assert correlation(2 * maps + 1, maps).item() == pytest.approx(1)
    assert correlation(maps, -maps).item() == pytest.approx(-1)
    expected = np.corrcoef(maps.numpy().ravel(), other.numpy().ravel())[0, 1]
    assert correlation(maps, other).item() == pytest.approx(expected, abs=1e-6)


def test_a_short_training_learns_saves_and_says_simulated(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    steps: list[tuple[int, int, float]] = []
    result = train(
        instances[:6],
        instances[6:],
        tmp_path / "model",
        config=config,
        epochs=5,
        batch_size=3,
        progress=lambda *step: steps.append(step),
        trainer_arguments={"logging_steps": 1},
    )
    losses = [log["loss"] for log in result.history if "loss" in log]
    assert len(losses) == 10
    assert np.mean(losses[-2:]) < 0.7 * np.mean(losses[:2])
    assert [step[:2] for step in steps] == [(i, 10) for i in range(1, 11)]
    assert result.metrics["sim"] == max(
        log["eval_sim"] for log in result.history if "eval_sim" in log
    )
    assert not (tmp_path / "model.training").exists()

    loaded = ClickabilityModel.from_pretrained(tmp_path / "model").state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in result.model.state_dict().items())
    ClickabilityModel.from_pretrained(tmp_path / "model" / "last")
    assert load_click_model(tmp_path / "model").name == "cm"

    card = (tmp_path / "model" / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    assert header["license"] == "apache-2.0"
    assert header["library_name"] == "transformers"
    assert "simulated" in header["tags"]
    assert "Simulated clicks" in card
    assert "| training | 6 | simulated_scenes | simulated |" in card
    assert f"| sim | {result.metrics['sim']:.4f} |" in card


def test_the_card_of_recorded_clicks_does_not_say_simulated(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    recorded = [replace(instance, dataset="davis", is_simulated=False) for instance in instances]
    train(recorded[:4], recorded[4:], tmp_path / "model", config=config, epochs=1)
    card = (tmp_path / "model" / "README.md").read_text()
    assert "imulated" not in card
    assert "| evaluation | 4 | davis | recorded |" in card


def test_an_interrupted_training_resumes_to_the_same_end(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    """From the last checkpoint, or the one before where the last was cut short."""

    def run(name: str, **more: Any) -> ClickabilityModel:
        arguments = {"config": config, "epochs": 3, "batch_size": 2, **more}
        return train(instances[:4], instances[6:], tmp_path / name, **arguments).model

    steps: list[int] = []

    def interrupt(step: int, *_: Any) -> None:
        steps.append(step)
        if step == 5:
            raise KeyboardInterrupt

    whole = run("whole", progress=lambda *step: None)
    for first in (1, 5):
        with pytest.raises(KeyboardInterrupt):
            run("broken", progress=interrupt)
        assert steps == [*range(first, 6)]
        steps.clear()
    assert not (tmp_path / "broken").exists()
    with pytest.raises(RclicksError, match=r"broken\.training: holds an unfinished training"):
        run("broken", learning_rate=0.001)
    state_of = tmp_path / "broken.training" / "checkpoint-4" / "trainer_state.json"
    assert state_of.is_file()
    state_of.write_text('{"epo')
    resumed = run("broken", progress=lambda step, *_: steps.append(step))
    assert steps[0] == 3
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_best_and_last_network_are_kept_apart(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    """With the choice turned round, the first epoch is best, and is not the last."""
    result = train(
        instances[:6],
        instances[6:],
        tmp_path / "model",
        config=config,
        epochs=3,
        batch_size=6,
        progress=lambda *step: None,
        trainer_arguments={"metric_for_best_model": "loss"},
    )
    evaluations = [log for log in result.history if "eval_loss" in log]
    worst = max(evaluations, key=lambda log: log["eval_loss"])
    assert result.metrics["epoch"] == worst["epoch"] < 3
    assert result.metrics["loss"] == worst["eval_loss"]
    dataset = ClickMapDataset(instances[6:], result.processor)
    batch = {name: torch.stack([dataset[0][name], dataset[1][name]]) for name in dataset[0]}
    for folder, log in (("", worst), ("last", evaluations[-1])):
        network = ClickabilityModel.from_pretrained(tmp_path / "model" / folder)
        with torch.no_grad():
            loss = network.eval()(**batch).loss.item()
        assert loss == pytest.approx(log["eval_loss"], rel=1e-3)


def test_bad_calls_are_refused(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig, model: ClickabilityModel
) -> None:
    with pytest.raises(RclicksError, match="0 instances to train and 1 to evaluate"):
        train([], instances[:1], tmp_path / "a", config=config)
    with pytest.raises(ValueError, match="model or config"):
        train(instances, instances, tmp_path / "a", config=config, model=model)
    (tmp_path / "there").mkdir()
    with pytest.raises(RclicksError, match="already exists"):
        train(instances, instances, tmp_path / "there", config=config)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_what_a_training_depends_on(instances: list[Instance], config: ClickabilityConfig) -> None:
    data_repo = TrainingData("owner/rclicks", "tetris", "validation", "c0ffee", "f00d")
    data = summarize_instances(instances)
    facts = TrainingFacts(HyperParameters(), 1, data, data, data_repo)
    digest = facts.digest(config)
    assert replace(facts, data=replace(data_repo, revision=None)).digest(config) == digest
    others = [
        replace(facts, data=replace(data_repo, digest="beef")),
        replace(facts, data=replace(data_repo, train_digest="beef")),
        replace(facts, start="beef"),
        replace(facts, processes=2),
        replace(facts, settings=HyperParameters(bf16=True)),
        replace(facts, train_data=replace(data, count=7)),
    ]
    assert len({digest, *(other.digest(config) for other in others)}) == 7


def test_provenance_looks_into_joined_parts(instances: list[Instance]) -> None:
    people = [replace(instance, dataset="davis", is_simulated=False) for instance in instances]
    joined: Any = ConcatDataset([people, instances])  # type: ignore[list-item]
    facts = summarize_instances(joined)
    assert (facts.count, facts.datasets) == (16, ("davis", "simulated_scenes"))
    assert facts.is_simulated
    assert not summarize_instances(people).is_simulated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", float("nan")),
        ("warmup_ratio", 1.0),
        ("sigma", 0),
        ("seed", -1),
    ],
)
def test_hyper_parameters_out_of_range_are_named(name: str, value: Any) -> None:
    with pytest.raises(RclicksError, match=f"{name}: {value} is out of range"):
        HyperParameters(**{name: value})


def test_a_training_that_cannot_be_scored_stops_at_its_first_evaluation(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    none = Clicks(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, "U6"))
    bare = [replace(instance, clicks=none) for instance in instances[:2]]
    steps: list[int] = []
    with pytest.raises(RclicksError, match="no evaluation instance has a SIM: none has clicks"):
        train(
            instances[:2],
            bare,
            tmp_path / "model",
            config=config,
            epochs=3,
            batch_size=2,
            progress=lambda step, *_: steps.append(step),
        )
    assert steps == [1]
    assert not (tmp_path / "model").exists()


def test_a_given_network_is_fine_tuned_and_another_not_mixed_into_it(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    class StoppedError(Exception):
        pass

    def stop(step: int, *_: Any) -> None:
        if step == 3:
            raise StoppedError

    def network(seed: int) -> ClickabilityModel:
        torch.manual_seed(seed)
        return ClickabilityModel(deepcopy(config))  # saving writes into it

    def run(start: ClickabilityModel, progress: Any) -> ClickabilityModel:
        few = instances[:4]
        options: dict[str, Any] = {"epochs": 2, "batch_size": 2, "learning_rate": 1e-6}
        return train(few, few, tmp_path / "model", model=start, progress=progress, **options).model

    with pytest.raises(StoppedError):
        run(network(0), stop)
    with pytest.raises(RclicksError, match="another initial network"):
        run(network(1), lambda *_: None)
    start = network(0)
    tuned = run(start, lambda *_: None)
    assert tuned is start
    assert (tmp_path / "model").is_dir()
    before = dict(network(0).named_parameters())
    changes = [(before[name] - value).abs().max() for name, value in tuned.named_parameters()]
    assert all(0 < change < 1e-4 for change in changes)


@pytest.mark.parametrize("batch_size", [3, 5])
def test_the_evaluation_loss_is_the_mean_over_instances(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig, batch_size: int
) -> None:
    result = train(
        instances[:2],
        instances[:7],
        tmp_path / "model",
        config=config,
        epochs=1,
        batch_size=batch_size,
        progress=lambda *_: None,
    )
    judged = ClickMapDataset(instances[:7], result.processor)
    with torch.no_grad():
        losses = [
            float(result.model(**{name: value[None] for name, value in judged[i].items()}).loss)
            for i in range(7)
        ]
    assert np.ptp(losses) > 0.01
    assert result.metrics["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
