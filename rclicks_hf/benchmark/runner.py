"""Running the benchmark from Python."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rclicks_hf.benchmark.instance_sets import InstanceSet, as_instance_set, plan_images
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.runs import check_runs
from rclicks_hf.benchmark.worker import BenchmarkJob
from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.data.instances import Instance
from rclicks_hf.jobs.resumable_job import run_job
from rclicks_hf.jobs.workers import plan_workers
from rclicks_hf.segmenters.interface import Segmenter
from rclicks_hf.support.network_options import NetworkOptions, refuse_unused


def run_benchmark(
    instances: InstanceSet | Sequence[Instance],
    *,
    segmenter: str | os.PathLike[str] | Segmenter,
    click_model: str | os.PathLike[str] | ClickModel,
    out: str | Path,
    runs: str | Sequence[str] | None = None,
    protocol: BenchmarkProtocol | None = None,
    num_proc: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int | None = None,
    compile: bool = False,
    limit: int | None = None,
    stems: str | Sequence[str] | None = None,
    overwrite: bool = False,
    fail_fast: bool = False,
    progress: bool = True,
    is_main: bool = True,
) -> Path:
    """Measure how many clicks a segmenter needs, and how much that depends on who clicks.

    Each image's rows are written as soon as they exist: the same call resumes a stopped run, and
    simultaneous calls on the same folder share the images. A folder with results of another model,
    dataset or protocol is refused. The results do not depend on the number of processes.

    A model given by name is loaded once per process. This process loads it before anything is
    written, so that a wrong name leaves nothing behind; if several worker processes are needed, it
    then drops it. Worker processes are spawned: a script needs ``if __name__ == "__main__":``.

    Args:
        instances: An instance set such as ``RepoInstances("rclicks", "grabcut")``, an
            `InstanceTable`, or a list of instances of one dataset; later rounds are skipped.
        segmenter: Name, folder, Hub id, ``module:Class``, or a segmenter object.
        click_model: Name, folder or Hub id, or a click model object; clicks are drawn from it.
        out: Results folder, created or resumed.
        runs: Some of ``"base"``, ``"g1"`` to ``"g10"``, ``"user"``, ``"nuser"``, or one of them;
            None means all.
        protocol: The rules; None means the default ones.
        num_proc: Number of processes. None means one per core, but a single one (this process)
            for objects that cannot be sent to others or that are on an accelerator, and a few per
            GPU for networks on GPUs.
        threads: Threads of each process for the work beside networks, and to prepare the next image
            meanwhile. None means none on a CPU, and the cores per worker on GPUs.
        device: Where networks that are given by name run: ``"auto"`` (GPUs if there are any),
            ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``; objects stay where they are.
        dtype: Precision of these networks' products and convolutions, ``"float32"``,
            ``"bfloat16"`` or ``"float16"``; it changes results and is part of the manifest.
        batch_size: Inputs per forward pass of these networks; None means what suits the device.
        compile: Compile the clickability network on GPUs, which takes minutes per process.
        limit: Only the first ``limit`` instances.
        stems: Only the instances with these full_stems, or this one.
        overwrite: Remove older results in ``out`` first.
        fail_fast: Stop at the first instance that fails instead of recording it.
        is_main: False in the helpers of a launch, which leave manifest and merging to the main
            process.

    Returns:
        Path of ``results.parquet``, next to ``manifest.json``; for a helper it may not exist yet.

    Raises:
        RclicksError: If an argument is wrong, ``out`` belongs to another run, a worker process
            died, or with ``fail_fast`` an instance fails.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from rclicks_hf.benchmark.result_rows import read_result_table
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:16], image[6:18, 16:24] = 255, 60  # one object of two colours
        >>> mask = (image[..., 0] > 0).astype(np.int8)
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none", image, mask)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = run_benchmark([instance], segmenter="geocut", click_model="ud", out=folder,
        ...                          runs=["base"], num_proc=1, progress=False)
        ...     path.name, read_result_table(path)["iou"][0].as_py()[:2]
        ('results.parquet', [0.5, 1.0])
    """
    protocol = protocol or BenchmarkProtocol()
    options = NetworkOptions(device, dtype, batch_size, compile)
    job = BenchmarkJob(
        Path(out),
        as_instance_set(instances),
        os.fspath(segmenter) if isinstance(segmenter, os.PathLike) else segmenter,
        os.fspath(click_model) if isinstance(click_model, os.PathLike) else click_model,
        check_runs(runs, protocol),
        protocol,
        fail_fast,
        options,
    )
    given = {"instances": job.instances, "segmenter": segmenter, "click_model": click_model}
    takers = job.takes_options
    refuse_unused(options, takers, (segmenter, click_model))
    workers = plan_workers(num_proc, given, device, uses_device=any(takers), threads=threads)
    whole = protocol.shares_generators
    tasks = plan_images(job.instances.load(), limit=limit, stems=stems, whole_images=whole)
    return run_job(job, tasks, workers, is_main=is_main, overwrite=overwrite, progress=progress)
