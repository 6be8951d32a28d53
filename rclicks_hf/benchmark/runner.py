"""Running the benchmark: images shared out over processes, finished ones kept, results merged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from rclicks_hf.benchmark.engine import check_runs
from rclicks_hf.benchmark.manifest import (
    RESULTS,
    describe_run,
    open_results,
)
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.results import RUNS, merge_parts, part_keys, read_part, read_results
from rclicks_hf.benchmark.source import ImageTask, InstanceSource, plan_images
from rclicks_hf.benchmark.worker import Job
from rclicks_hf.click_models.identity import click_model_identity
from rclicks_hf.processes import process_count, run_tasks
from rclicks_hf.results_folder import part_path, write_manifest
from rclicks_hf.segmenters.base import load_segmenter


def run_benchmark(
    instances: InstanceSource,
    *,
    segmenter: str,
    click_model: str,
    out: str | Path,
    runs: Sequence[str] = RUNS,
    protocol: BenchmarkProtocol | None = None,
    num_proc: int | None = None,
    limit: int | None = None,
    stems: Sequence[str] | None = None,
    overwrite: bool = False,
    fail_fast: bool = False,
    progress: bool = True,
) -> Path:
    """Benchmark a segmenter: how many clicks it needs, and how much it depends on who clicks.

    Images are shared out over processes and each image's rows are written as soon as they are
    there, so that the same call goes on where a stopped one was. Results do not depend on the
    number of processes. Worker processes are spawned: call it from a module that can be imported
    (under ``if __name__ == "__main__":`` in a script).

    Args:
        instances: What to benchmark, for example ``RepoInstances("rclicks", "grabcut")``.
        segmenter: Name in `SEGMENTERS`, or ``module:Class``.
        click_model: Name, folder or Hub id of the click model that the groups draw from.
        out: Results folder: made, or gone on in.
        runs: ``"base"``, ``"g1"`` to ``"g10"``, ``"user"``.
        protocol: The rules; None takes the default ones.
        num_proc: Processes; None takes one a core, 1 stays in this process.
        limit: Only the first instances.
        stems: Only these full_stems.
        overwrite: Remove older results in ``out`` first.
        fail_fast: Stop at the first instance that fails, instead of recording it.
        progress: Show a progress bar.

    Returns:
        Path of ``results.parquet``, beside which ``manifest.json`` stands.

    Raises:
        RclicksError: If an argument is wrong, ``out`` belongs to another run, a worker process
            died, or with ``fail_fast`` an instance fails.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from rclicks_hf import data
        >>> from rclicks_hf.benchmark.source import RepoInstances
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:16], image[6:18, 16:24] = 255, 60  # one object of two colours
        >>> source, name = data.MemorySource(), "simulated_scenes"
        >>> source.add("a", image, {"": image[..., 0] > 0})
        >>> rounds = data.simulate_rounds(source, dataset=name, progress=False)
        >>> sources = {name: data.SourceWithPrevious(source, rounds.previous_masks)}
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
    runs, protocol = check_runs(runs), protocol or BenchmarkProtocol()
    processes = process_count(num_proc)
    load_segmenter(segmenter)  # a wrong name is told before anything is written
    tasks = plan_images(instances.load(), limit=limit, stems=stems)
    identity = {
        "segmenter": segmenter,
        **click_model_identity(click_model),
        "dataset": instances.dataset,
        "split": instances.split,
        "dataset_fingerprint": instances.fingerprint(),
    }
    manifest = describe_run(protocol, identity, runs)
    open_results(out, manifest, protocol, overwrite=overwrite)
    job = Job(instances, segmenter, click_model, runs, protocol, out, fail_fast)
    _run_missing(job, tasks, processes, progress)
    rows = merge_parts(
        ((part_path(out, task.image_stem), _keys(task, runs)) for task in tasks), out / RESULTS
    )
    manifest |= {
        "is_finished": True,
        "rows": rows,
        "instances": sum(len(task.stems) for task in tasks),
        "failures": _count_failures(out),
        "seconds": round(time.time() - start, 3),
    }
    write_manifest(out, manifest)
    return out / RESULTS


def _run_missing(job: Job, tasks: list[ImageTask], processes: int, progress: bool) -> None:
    """Benchmark the images whose rows are not there yet."""
    missing = [task for task in tasks if not _is_done(job, task)]
    total = sum(len(task.stems) for task in tasks)
    done = total - sum(len(task.stems) for task in missing)
    outcomes = run_tasks(job.open, missing, processes)
    clicks, seconds, failures = 0, 0.0, 0
    title = f"{job.segmenter} on {job.source.dataset}"
    with tqdm(total=total, initial=done, desc=title, unit="instance", disable=not progress) as bar:
        for outcome in outcomes:
            clicks += outcome.clicks
            seconds += outcome.seconds
            failures += outcome.failures
            bar.set_postfix_str(
                f"{seconds / max(clicks, 1):.3f} s/click"
                + (f", {failures} failed" if failures else "")
            )
            bar.update(outcome.instances)


def _is_done(job: Job, task: ImageTask) -> bool:
    """Whether the image's file is whole and holds every row that is wanted."""
    table = read_part(part_path(job.out, task.image_stem))
    return table is not None and _keys(task, job.runs) <= set(part_keys(table))


def _keys(task: ImageTask, runs: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(stem, run) for stem in task.stems for run in runs}


def _count_failures(out: Path) -> int:
    table = read_results(out)
    errors, stems = table["error"].to_pylist(), table["full_stem"].to_pylist()
    return len({stem for stem, error in zip(stems, errors, strict=True) if error})
