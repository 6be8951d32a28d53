"""How many processes do a job: one per core on a CPU, a few per GPU where networks run on GPUs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rclicks_hf.errors import RclicksError
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
    threads: int = 0  # of each process, beside the one that runs networks


def workers_per_gpu(cores: int, free: Sequence[int]) -> int:
    """From the cores of the machine and the free bytes of each of its GPUs, at least one.

    Example:
        >>> workers_per_gpu(16, [78 << 30]), workers_per_gpu(16, [22 << 30] * 4)
        (4, 1)
    """
    return max(1, min(WORKERS_PER_GPU, cores // len(free), min(free) // WORKER_MEMORY))


def plan_workers(
    num_proc: int | None,
    given: Mapping[str, object],
    device: str,
    *,
    uses_device: bool,
    threads: int | None = None,
) -> Workers:
    """The processes of a job with models on ``device``; ``num_proc`` None is what suits it.

    ``given`` holds the objects of the caller, by their arguments' names: see `processes_for`. On
    GPUs of unknown number, worker n uses GPU n modulo their number. ``threads`` None is none on a
    CPU, and the cores per worker on GPUs.
    """
    if threads is not None and threads < 0:
        raise RclicksError(f"threads: must be at least 0, got {threads}; give 0 for none")
    processes, alone = processes_for(num_proc, given)
    if not uses_device or device == "cpu":
        return Workers(processes, note=alone, threads=threads or 0)
    if device == "mps":
        return Workers(1 if num_proc is None else processes, threads=threads or 0)
    import torch

    if not torch.cuda.is_available():
        return Workers(processes, note=alone, threads=threads or 0)
    shared = device in ("auto", "cuda")
    gpus = range(torch.cuda.device_count()) if shared else [int(device.partition(":")[2])]
    if gpus[-1] >= torch.cuda.device_count():
        return Workers(processes)  # loading the network says what is wrong
    free = [_free_memory(gpu) for gpu in gpus]
    cores = process_count(None)
    if num_proc is None and processes > 1:
        processes = workers_per_gpu(cores, free) * len(gpus)
    if threads is None:
        # Number of processes that the launcher has started on this machine.
        others = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        threads = max(1, cores // (processes * others))
    note = (
        f"{processes} worker{'s' * (processes > 1)} with {threads} thread{'s' * (threads != 1)} on "
        f"{len(gpus)} GPU{'s' * (len(gpus) > 1)} "
        f"({cores} cores, {min(free) >> 30} GiB free{' on each' * (len(gpus) > 1)})"
    )
    return Workers(processes, len(gpus) if shared else 0, note, threads)


def _free_memory(gpu: int) -> int:
    """Bytes; what a GPU without any says becomes one line."""
    import torch

    try:
        return int(torch.cuda.mem_get_info(gpu)[0])
    except RuntimeError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RclicksError(
            f"cuda:{gpu}: cannot be used ({reason}); stop the other programs on it, or give "
            "another --device"
        ) from error
