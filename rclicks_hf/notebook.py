"""The benchmark for notebooks: objects in, results as a table out."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rclicks_hf.benchmark.instance_sets import InstanceSet
    from rclicks_hf.benchmark.protocol import BenchmarkProtocol
    from rclicks_hf.click_models.interface import ClickModel
    from rclicks_hf.data.instances import Instance
    from rclicks_hf.report.results import Results
    from rclicks_hf.segmenters.interface import Segmenter


def run_benchmark(
    instances: InstanceSet | Sequence[Instance],
    *,
    segmenter: str | os.PathLike[str] | Segmenter,
    click_model: str | os.PathLike[str] | ClickModel,
    out: str | Path | None = None,
    runs: str | Sequence[str] | None = None,
    protocol: BenchmarkProtocol | None = None,
    num_proc: int | None = None,
    limit: int | None = None,
    stems: str | Sequence[str] | None = None,
    overwrite: bool = False,
    fail_fast: bool = False,
    progress: bool = True,
) -> Results:
    """Measure how many clicks a segmenter needs, and how much that depends on who clicks.

    Like `rclicks_hf.benchmark.run_benchmark`, which explains how runs resume and share processes,
    but returns the results themselves, which print as a table.

    Args:
        instances: An instance set such as ``RepoInstances("rclicks", "grabcut")``, a table of
            `load_instances`, or a list of instances of one dataset; later rounds are skipped.
        segmenter: Name, folder, Hub id, ``module:Class``, or a segmenter object.
        click_model: Name, folder or Hub id, or a click model object; clicks are drawn from it.
        out: Results folder, created or resumed; None uses a temporary one, which is removed
            together with the returned object.
        runs: Some of ``"base"``, ``"g1"`` to ``"g10"``, ``"user"``, ``"nuser"``, or one of them;
            None means all.
        protocol: The rules; None means the default ones.
        num_proc: Number of processes. None means one per core, but a single one (this process)
            for objects that cannot be sent to others, such as those of a class defined in a
            notebook, or that are on an accelerator.
        limit: Only the first ``limit`` instances.
        stems: Only the instances with these full_stems, or this one.
        overwrite: Remove older results in ``out`` first.
        fail_fast: Stop at the first instance that fails instead of recording it.

    Returns:
        The results: they print as the benchmark table, and ``to_pandas()`` gives one row per
        instance and run.

    Raises:
        RclicksError: If an argument is wrong, ``out`` belongs to another run, a worker process
            died, or with ``fail_fast`` an instance fails.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf import Instance, run_benchmark
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:24] = 255
        >>> mask = (image[..., 0] > 0).astype(np.int8)
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none", image, mask)
        >>> results = run_benchmark([instance], segmenter="geocut", click_model="ud",
        ...                         runs=["base"], progress=False)
        >>> len(results.to_pandas())
        1
    """
    from rclicks_hf import benchmark, report

    folder = tempfile.mkdtemp(prefix="rclicks-benchmark-") if out is None else None
    try:
        path = benchmark.run_benchmark(
            instances,
            segmenter=segmenter,
            click_model=click_model,
            out=folder or out or "",
            runs=runs,
            protocol=protocol,
            num_proc=num_proc,
            limit=limit,
            stems=stems,
            overwrite=overwrite,
            fail_fast=fail_fast,
            progress=progress,
        )
        results = report.read_results(path)
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if folder is not None:
        weakref.finalize(results, shutil.rmtree, folder, ignore_errors=True)
    return results
