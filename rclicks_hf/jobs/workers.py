"""How many processes do a job: one per core on a CPU, a few per GPU where networks run on GPUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rclicks_hf.jobs.processes import process_count, processes_for

WORKERS_PER_GPU = 4  # at most: with more, the device has no time left to share
WORKER_MEMORY = 16 << 30  # bytes; the largest networks of the paper's tables in 32-bit floats


@dataclass(frozen=True)
class Workers:
    """Processes, and the GPUs that they take in turn (0: each uses the device it is told).

    Example:
        >>> Workers(3).gpus
        0
    """

    processes: int
    gpus: int = 0
    note: str = ""  # for the first line of a run


def workers_per_gpu(cores: int, free: Sequence[int]) -> int:
    """From the cores of the machine and the free bytes of each of its GPUs, at least one.

    Example:
        >>> workers_per_gpu(16, [78 << 30]), workers_per_gpu(16, [22 << 30] * 4)
        (4, 1)
    """
    return max(1, min(WORKERS_PER_GPU, cores // len(free), min(free) // WORKER_MEMORY))


def plan_workers(
    num_proc: int | None, given: Mapping[str, object], device: str, *, uses_device: bool
) -> Workers:
    """The processes of a job with models on ``device``; ``num_proc`` None is what suits it.

    ``given`` holds the objects of the caller, by their arguments' names: see `processes_for`. On
    GPUs of unknown number, worker n uses GPU n modulo their number.
    """
    processes = processes_for(num_proc, given)
    if not uses_device or device == "cpu":
        return Workers(processes)
    if device == "mps":
        return Workers(1 if num_proc is None else processes)
    import torch

    if not torch.cuda.is_available():
        return Workers(processes)
    shared = device in ("auto", "cuda")
    gpus = range(torch.cuda.device_count()) if shared else [int(device.partition(":")[2])]
    if gpus[-1] >= torch.cuda.device_count():
        return Workers(processes)  # loading the network says what is wrong
    free, cores = [torch.cuda.mem_get_info(gpu)[0] for gpu in gpus], process_count(None)
    if num_proc is None and processes > 1:
        processes = workers_per_gpu(cores, free) * len(gpus)
    note = (
        f"{processes} worker{'s' * (processes > 1)} on {len(gpus)} GPU{'s' * (len(gpus) > 1)} "
        f"({cores} cores, {min(free) >> 30} GiB free{' on each' * (len(gpus) > 1)})"
    )
    return Workers(processes, len(gpus) if shared else 0, note)
