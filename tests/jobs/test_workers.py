"""How many workers a job gets: from cores and free memory of GPUs; on a CPU one per core."""

from __future__ import annotations

import pytest
import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.processes import process_count
from rclicks_hf.jobs.workers import Workers, plan_workers, workers_per_gpu

GIB = 1 << 30


def test_workers_per_gpu() -> None:
    assert workers_per_gpu(16, [78 * GIB]) == 4
    assert workers_per_gpu(16, [40 * GIB]) == 2
    assert workers_per_gpu(3, [139 * GIB]) == 3
    assert workers_per_gpu(16, [78 * GIB] * 8) == 2  # 16 cores are shared by 8 GPUs
    assert workers_per_gpu(4, [78 * GIB] * 8) == 1
    assert workers_per_gpu(16, [78 * GIB, 17 * GIB]) == 1  # the fullest decides
    assert workers_per_gpu(16, [1 * GIB]) == 1


def fake_gpus(monkeypatch: pytest.MonkeyPatch, count: int, cores: int, free: int = 78) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda gpu: (free * GIB, 80 * GIB))

    def counted(num_proc: int | None) -> int:
        return num_proc or cores

    monkeypatch.setattr("rclicks_hf.jobs.workers.process_count", counted)
    monkeypatch.setattr("rclicks_hf.jobs.processes.process_count", counted)


def test_workers_on_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_gpus(monkeypatch, count=2, cores=16)
    found = plan_workers(None, {}, "auto", uses_device=True)
    note = "8 workers with 2 threads on 2 GPUs (16 cores, 78 GiB free on each)"
    assert found == Workers(8, 2, note, 2)
    found = plan_workers(None, {}, "cuda:1", uses_device=True)
    note = "4 workers with 4 threads on 1 GPU (16 cores, 78 GiB free)"
    assert found == Workers(4, 0, note, 4)
    found = plan_workers(3, {}, "auto", uses_device=True)
    assert (found.processes, found.threads) == (3, 5)
    assert plan_workers(None, {}, "auto", uses_device=True, threads=0).threads == 0
    with monkeypatch.context() as launched:
        launched.setenv("LOCAL_WORLD_SIZE", "8")  # eight such processes on this machine
        assert plan_workers(1, {}, "auto", uses_device=True).threads == 2
    assert plan_workers(None, {"x": lambda: 0}, "auto", uses_device=True).processes == 1
    assert plan_workers(None, {}, "cuda:7", uses_device=True) == Workers(16)


def test_workers_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = process_count(None)
    fake_gpus(monkeypatch, count=2, cores=16)
    assert plan_workers(None, {}, "auto", uses_device=False) == Workers(16)
    assert plan_workers(None, {}, "cpu", uses_device=True) == Workers(16)
    assert plan_workers(None, {}, "mps", uses_device=True) == Workers(1)
    assert plan_workers(2, {}, "cpu", uses_device=True, threads=3) == Workers(2, threads=3)
    with pytest.raises(RclicksError, match="threads: must be at least 0, got -1; give 0 for none"):
        plan_workers(2, {}, "cpu", uses_device=True, threads=-1)
    monkeypatch.undo()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert plan_workers(None, {}, "auto", uses_device=True) == Workers(cores)
