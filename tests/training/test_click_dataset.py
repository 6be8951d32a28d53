"""Inputs and click maps made in worker processes: once an instance, flipped by epoch."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from rclicks_hf.data.instances import Instance
from rclicks_hf.networks.clickability import ClickabilityImageProcessor
from rclicks_hf.training.click_dataset import ClickMapDataset
from rclicks_hf.training.hyper_parameters import loading_processes


class _Watched(Sequence[Instance]):
    """Leaves a file whenever an instance is taken, in whichever process."""

    def __init__(self, instances: list[Instance], folder: Path):
        self._instances = instances
        self._folder = folder
        folder.mkdir()

    def __len__(self) -> int:
        return len(self._instances)

    def __getitem__(self, index: Any) -> Any:
        (self._folder / f"{index}-{uuid.uuid4().hex}").touch()
        return self._instances[index]

    def taken(self) -> list[int]:
        """Indices that were taken so far, sorted."""
        return sorted(int(path.name.split("-")[0]) for path in self._folder.iterdir())


def _epochs(dataset: ClickMapDataset, count: int, workers: int) -> list[torch.Tensor]:
    """All target maps, epoch after epoch, in the order of the instances."""
    loader = DataLoader(dataset, batch_size=2, num_workers=workers, persistent_workers=workers > 0)
    epochs = []
    for epoch in range(count):
        dataset.epoch = epoch
        epochs.append(torch.cat([batch["labels"] for batch in loader]))
    return epochs


def test_workers_compute_each_instance_once_and_flip_by_epoch(
    instances: list[Instance], processor: ClickabilityImageProcessor, tmp_path: Path
) -> None:
    watched = _Watched(instances, tmp_path / "taken")
    options: dict[str, Any] = {"flip_probability": 0.5, "seed": 3}
    shared = ClickMapDataset(watched, processor, cache_folder=tmp_path / "cache", **options)
    made = _epochs(shared, 3, workers=2)
    assert watched.taken() == list(range(8))
    expected = _epochs(ClickMapDataset(instances, processor, **options), 3, workers=0)
    for epoch, wanted in zip(made, expected, strict=True):
        assert torch.equal(epoch, wanted)
    assert not torch.equal(made[0], made[1])


@pytest.mark.parametrize("is_shared", [False, True])
def test_what_the_budget_does_not_hold_is_computed_again(
    instances: list[Instance],
    processor: ClickabilityImageProcessor,
    tmp_path: Path,
    is_shared: bool,
) -> None:
    watched = _Watched(instances, tmp_path / "taken")
    size = sum(tensor.nbytes for tensor in ClickMapDataset(instances, processor)[0].values())
    dataset = ClickMapDataset(
        watched,
        processor,
        cache_bytes=3 * size,
        cache_folder=tmp_path / "cache" if is_shared else None,
    )
    first, second = _epochs(dataset, 2, workers=0)
    assert torch.equal(first, second)
    assert watched.taken() == sorted([*range(8), *range(3, 8)])


def test_a_damaged_or_impossible_cache_costs_only_time(
    instances: list[Instance], processor: ClickabilityImageProcessor, tmp_path: Path
) -> None:
    expected = ClickMapDataset(instances, processor)[0]
    folder = tmp_path / "cache"
    dataset = ClickMapDataset(instances, processor, cache_folder=folder)
    dataset[0]
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    (tmp_path / "file").touch()
    blocked = ClickMapDataset(instances, processor, cache_folder=tmp_path / "file" / "cache")
    for item in (dataset[0], blocked[0], dataset[0]):
        assert all(torch.equal(item[name], expected[name]) for name in expected)


def test_loading_processes_keep_a_gpu_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def cores(num_proc: int | None) -> int:
        return 16

    monkeypatch.setattr("rclicks_hf.training.hyper_parameters.process_count", cores)
    for there_is_one, launched, expected in ((False, "1", 0), (True, "1", 8), (True, "4", 3)):
        monkeypatch.setattr(torch.accelerator, "is_available", lambda found=there_is_one: found)
        monkeypatch.setenv("LOCAL_WORLD_SIZE", launched)
        assert loading_processes(None) == expected
        assert loading_processes(0) == 0
        assert loading_processes(5) == 5
