"""The recipe of docs/fine_tune_a_segmenter.md trains only the mask decoder, the same every time."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import torch
from helpers.tiny_networks import tiny_model
from safetensors.torch import load_file

from rclicks_hf import data, simulation
from rclicks_hf.benchmark import BenchmarkProtocol
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)

DATASET = "simulated_scenes"
SMALL = "--steps 1 --limit 1 --clicks-per-object 2 --groups 10"


@pytest.fixture(scope="module")
def recipe(repo: Path) -> ModuleType:
    path = repo / "docs" / "examples" / "fine_tune_mask_decoder.py"
    spec = importlib.util.spec_from_file_location("fine_tune_mask_decoder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Three clicks per object instead of 20.
    module.run_benchmark = partial(module.run_benchmark, protocol=BenchmarkProtocol(max_clicks=3))
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the recipe needs: scenes in two splits, and a clickability network."""
    folder = tmp_path_factory.mktemp("recipe")
    scenes = simulation.generate_scenes(2, seed=3, size=(64, 80))
    rounds = simulation.simulate_rounds(scenes, dataset=DATASET, progress=False)
    first, second = sorted({image for image, _ in scenes.objects()})
    data.build_dataset(
        rounds.clicks,
        {DATASET: data.StoreWithPrevious(scenes, rounds.previous_masks)},
        folder / "rclicks",
        splits={DATASET: {first: "train", second: "test"}},
        progress=False,
    )
    torch.manual_seed(0)
    clicks = ClickabilityModel(ClickabilityConfig.from_preset("nano", image_size=64))
    clicks.save_pretrained(folder / "model")
    size = {"height": 64, "width": 64}
    ClickabilityImageProcessor(size=size).save_pretrained(folder / "model")
    for family in ("sam", "sam2"):
        tiny_model(family).save_pretrained(folder / family)
    return folder


def train(recipe: ModuleType, folder: Path, name: str, *more: str) -> tuple[str, dict]:
    places = [f"--repo={folder / 'rclicks'}", f"--clicks={folder / 'model'}"]
    out = folder / name
    text = recipe.main([*SMALL.split(), *places, f"--out={out}", *more])
    return text, load_file(out / "model.safetensors")


@pytest.fixture(scope="module")
def trained(recipe: ModuleType, folder: Path) -> dict[str, tuple[str, dict]]:
    """What the recipe prints and saves of a network of each family."""
    return {
        family: train(recipe, folder, f"tuned-{family}", f"--model={folder / family}")
        for family in ("sam", "sam2")
    }


@pytest.mark.parametrize("family", ["sam", "sam2"])
def test_only_the_mask_decoder_moves(
    trained: dict[str, tuple[str, dict]], folder: Path, family: str
) -> None:
    text, tuned = trained[family]
    assert "(simulated clicks)" in text
    for word in ("before", "after", "Sample NoC", "ΔGR"):
        assert word in text
    weights = load_file(folder / family / "model.safetensors")
    moved = {key for key in tuned if not torch.equal(tuned[key], weights[key])}
    assert moved
    assert all(key.startswith("mask_decoder.") for key in moved)


def test_the_tiny_network_is_warmed_up_first(
    recipe: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "count_clicks", lambda *_: [])
    text, tuned = train(recipe, folder, "tuned-tiny", "--warm-up=2")
    assert "after 2 steps of warm-up" in text
    weights = {key: value.clone() for key, value in fresh(recipe).items()}
    moved = {key.split(".")[0] for key in tuned if not torch.equal(tuned[key], weights[key])}
    assert moved >= {"vision_encoder", "prompt_encoder", "mask_decoder"}


def fresh(recipe: ModuleType) -> dict:
    recipe.set_seed(0)
    return recipe.tiny_network().state_dict()


def test_a_seed_gives_one_network(
    recipe: ModuleType,
    folder: Path,
    trained: dict[str, tuple[str, dict]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recipe, "count_clicks", lambda *_: [])
    _, tuned = trained["sam"]  # to count clicks changes nothing
    (_, same), (_, other) = (
        train(recipe, folder, name, f"--model={folder / 'sam'}", f"--seed={seed}")
        for name, seed in (("second", 0), ("third", 1))
    )
    assert tuned.keys() == same.keys()
    assert all(torch.equal(tuned[key], same[key]) for key in tuned)
    assert not all(torch.equal(tuned[key], other[key]) for key in tuned)
    with pytest.raises(SystemExit):
        train(recipe, folder, "second", f"--model={folder / 'sam'}")
