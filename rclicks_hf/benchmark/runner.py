"""Running the benchmark: images shared out over processes, finished ones kept, results merged."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rclicks_hf.benchmark.instance_sets import ImageTask, InstanceSet, plan_images
from rclicks_hf.benchmark.manifest import RESULTS, describe_run, join_results, open_results
from rclicks_hf.benchmark.progress import Progress
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.result_rows import merge_parts
from rclicks_hf.benchmark.runs import check_runs, need_click_model
from rclicks_hf.benchmark.worker import Job
from rclicks_hf.click_models.registry import click_model_identity, load_click_model
from rclicks_hf.jobs.claims import CLAIMS
from rclicks_hf.jobs.model_identity import hub_revision
from rclicks_hf.jobs.processes import process_count, run_tasks
from rclicks_hf.jobs.results_folder import part_path, write_manifest
from rclicks_hf.segmenters.registry import load_segmenter, segmenter_identity


def run_benchmark(
    instances: InstanceSet,
    *,
    segmenter: str,
    click_model: str,
    out: str | Path,
    runs: Sequence[str] | None = None,
    protocol: BenchmarkProtocol | None = None,
    num_proc: int | None = None,
    limit: int | None = None,
    stems: Sequence[str] | None = None,
    overwrite: bool = False,
    fail_fast: bool = False,
    progress: bool = True,
    is_main: bool = True,
) -> Path:
    """Benchmark a segmenter: how many clicks it needs, and how much it depends on who clicks.

    Images are shared out over processes and each image's rows are written as soon as they are
    there, so that the same call goes on where a stopped one was, and calls at the same time on the
    same folder share the work. It is refused where a model, the dataset or the protocol has changed
    since; of a segmenter ``module:Class``, the module's file. Results do not depend on the number
    of processes. Worker processes are spawned: call it from a module that can be imported (under
    ``if __name__ == "__main__":`` in a script).

    Args:
        instances: What to benchmark, for example ``RepoInstances("rclicks", "grabcut")``.
        segmenter: Name in `SEGMENTERS`, or ``module:Class``.
        click_model: Name, folder or Hub id of the click model that clicks are drawn from.
        out: Results folder: made, or gone on in.
        runs: ``"base"``, ``"g1"`` to ``"g10"``, ``"user"``, ``"nuser"``; None takes all.
        protocol: The rules; None takes the default ones.
        num_proc: Processes; None takes one a core, 1 stays in this process.
        limit: Only the first instances.
        stems: Only these full_stems.
        overwrite: Remove older results in ``out`` first.
        fail_fast: Stop at the first instance that fails, instead of recording it.
        progress: Show a progress bar.
        is_main: False in the helpers of a launch: they take images that nobody is at, and leave
            manifest and merging to the main process.

    Returns:
        Path of ``results.parquet``, beside which ``manifest.json`` stands; for a helper it may not
        be there yet.

    Raises:
        RclicksError: If an argument is wrong, ``out`` belongs to another run, a worker process
            died, or with ``fail_fast`` an instance fails.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from rclicks_hf import data
        >>> from rclicks_hf.benchmark.result_rows import read_results
        >>> from rclicks_hf.benchmark.instance_sets import RepoInstances
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:16], image[6:18, 16:24] = 255, 60  # one object of two colours
        >>> source, name = data.MemoryStore(), "simulated_scenes"
        >>> source.add("a", image, {"": image[..., 0] > 0})
        >>> rounds = data.simulate_rounds(source, dataset=name, progress=False)
        >>> sources = {name: data.StoreWithPrevious(source, rounds.previous_masks)}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     repo, out = f"{folder}/repo", f"{folder}/run"
        ...     splits = {name: {"a": "test"}}
        ...     _ = data.build_dataset(rounds.clicks, sources, repo, splits=splits, progress=False)
        ...     path = run_benchmark(
        ...         RepoInstances(repo, name), segmenter="geocut", click_model="ud", out=out,
        ...         runs=("base",), num_proc=1, progress=False)
        ...     path.name, read_results(path)["iou"][0].as_py()[:2]
        ('results.parquet', [0.5, 1.0])
    """
    start, out = time.time(), Path(out)
    protocol = protocol or BenchmarkProtocol()
    runs = check_runs(runs, protocol)
    processes = process_count(num_proc)
    load_segmenter(segmenter)  # wrong names are told before anything is written
    if need_click_model(runs):
        load_click_model(click_model)
    whole = protocol.shares_generators
    tasks = plan_images(instances.load(), limit=limit, stems=stems, whole_images=whole)
    manifest = describe_run(protocol, _identity(instances, segmenter, click_model), runs)
    manifest["repo"] = str(getattr(instances, "repo", ""))  # where a report finds the pictures
    job = Job(instances, segmenter, click_model, runs, protocol, out, fail_fast)
    if is_main:
        open_results(out, manifest, protocol, overwrite=overwrite)
    else:
        join_results(out, manifest, protocol)
    _run_missing(job, tasks, processes, is_main=is_main, progress=progress)
    if not is_main:
        return out / RESULTS
    manifest |= _merge(job, tasks)
    manifest["seconds"] = round(time.time() - start, 3)
    write_manifest(out, manifest)
    shutil.rmtree(out / CLAIMS, ignore_errors=True)
    return out / RESULTS


def _identity(instances: InstanceSet, segmenter: str, click_model: str) -> dict[str, str]:
    """What must be equal for a run to go on in a folder, but for the protocol."""
    return {
        **segmenter_identity(segmenter),
        **click_model_identity(click_model),
        "dataset": instances.dataset,
        "split": instances.split,
        "dataset_fingerprint": instances.fingerprint(),
    }


def _merge(job: Job, tasks: list[ImageTask]) -> dict[str, Any]:
    """Write the results file, and say what it holds."""
    parts = ((part_path(job.out, task.image_stem), task.keys(job.runs)) for task in tasks)
    counts = merge_parts(parts, job.out / RESULTS, draws=need_click_model(job.runs))
    return {
        "is_finished": True,
        "rows": counts.rows,
        "instances": sum(len(task.stems) for task in tasks),
        "failures": counts.failures,
        "revisions": {  # known now that everything was loaded
            "segmenter": hub_revision(job.segmenter, "model"),
            "click_model": hub_revision(job.click_model, "model"),
            "dataset": hub_revision(getattr(job.source, "repo", ""), "dataset"),
        },
    }


def _run_missing(
    job: Job, tasks: list[ImageTask], processes: int, *, is_main: bool, progress: bool
) -> None:
    """Benchmark the images whose rows are not there yet."""
    missing = [task for task in tasks if not job.is_done(task)]
    total, left = (sum(len(task.stems) for task in some) for some in (tasks, missing))
    title, shown = f"{job.segmenter} on {job.source.dataset}", progress and is_main
    with Progress(title, total, total - left, shown) as bar:
        others = _run_images(job, missing, processes, bar)
        if is_main:  # waits for them; the images of those that died are done here
            _run_images(replace(job, waits=True), others, processes, bar)


def _run_images(job: Job, tasks: list[ImageTask], processes: int, bar: Progress) -> list[ImageTask]:
    """Benchmark images; those that another process is at are left alone, and returned."""
    others = []
    for outcome in run_tasks(job.open, tasks, processes):
        if outcome.is_done:
            bar.add(outcome)
        else:
            others.append(outcome.task)
    return others
