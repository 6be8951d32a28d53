"""How many workers a job gets: from cores and free memory of GPUs; on a CPU one per core."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

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


def test_one_process_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rclicks_hf.jobs.processes.process_count", lambda num_proc: num_proc or 2)

    def notes(given: dict[str, object], warning: str) -> str:
        with pytest.warns(
            UserWarning, match=f"one process is used, not 3: {warning}.* to use more"
        ):
            assert plan_workers(3, given, "cpu", uses_device=False).processes == 1
        assert plan_workers(1, given, "cpu", uses_device=False) == Workers(1)
        found = plan_workers(None, given, "cpu", uses_device=False)
        assert found.processes == 1
        return found.note

    assert notes({"x": lambda: 0}, "x cannot be sent").startswith("one process: x cannot be sent")
    # A process that imports a script runs it again, up to the call that started the process.
    script = tmp_path / "mine.py"
    script.write_text("run_benchmark(__name__)")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    again = "others would run mine.py again from its top; put its calls below `if __name__"
    assert notes({}, again) == f'one process: {again} == "__main__":`'
    script.write_text("if __name__ == '__main__':\n    run_benchmark()")
    assert plan_workers(None, {}, "cpu", uses_device=False) == Workers(2)
    monkeypatch.delattr(main, "__file__")  # as in a notebook
    assert plan_workers(None, {}, "cpu", uses_device=False) == Workers(2)
