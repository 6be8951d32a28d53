"""What `rclicks benchmark` does: run on datasets of a repo, then print the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc

from rclicks_hf.benchmark.instance_sets import RepoInstances, share_stems
from rclicks_hf.benchmark.protocol import load_protocol
from rclicks_hf.benchmark.result_rows import read_results
from rclicks_hf.benchmark.runner import run_benchmark
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.launch import join_launch
from rclicks_hf.jobs.results_folder import MANIFEST
from rclicks_hf.report.tables.benchmark_rows import benchmark_table, load_results
from rclicks_hf.report.tables.benchmark_text import format_table


def benchmark_repo(
    repo: str,
    datasets: Sequence[str],
    out: Path,
    *,
    split: str = "test",
    segmenter: str = "geocut",
    click_model: str,
    runs: Sequence[str] | None = None,
    protocol: str = "rclicks-1",
    limit: int | None = None,
    stems: Sequence[str] | None = None,
    num_proc: int | None = None,
    overwrite: bool = False,
    fail_fast: bool = False,
) -> str:
    """Benchmark a segmenter on datasets of a repo.

    Under `accelerate launch` the processes share the images; the main one returns the table.

    Args:
        repo: Folder or Hub id of the dataset repo.
        datasets: Keys of `rclicks_hf.data.SOURCE_DATASETS`; a text may hold several, with commas.
        out: Results folder; with several datasets the folder of their results folders.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        segmenter: Name of a segmenter, or ``module:Class``.
        click_model: Name, folder or Hub id of the click model that clicks are drawn from.
        runs: Names of runs, with commas as the datasets; None takes all.
        protocol: Key of `rclicks_hf.benchmark.PROTOCOLS`.
        limit: Only the first instances of each dataset.
        stems: Only these full_stems.
        num_proc: Processes; None takes one a core, and one in a launch of several.
        overwrite: Remove older results first.
        fail_fast: Stop at the first instance that fails.

    Returns:
        The table as text, and where the results are; ``""`` in the helpers of a launch.

    Raises:
        RclicksError: As `run_benchmark`, or if the options do not go together.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from rclicks_hf import data
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:16], image[6:18, 16:24] = 255, 60  # one object of two colours
        >>> source, name = data.MemoryStore(), "simulated_scenes"
        >>> source.add("a", image, {"": image[..., 0] > 0})
        >>> rounds = data.simulate_rounds(source, dataset=name, progress=False)
        >>> sources = {name: data.StoreWithPrevious(source, rounds.previous_masks)}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     repo, out = f"{folder}/repo", Path(folder) / "run"
        ...     splits = {name: {"a": "test"}}
        ...     _ = data.build_dataset(rounds.clicks, sources, repo, splits=splits, progress=False)
        ...     text = benchmark_repo(repo, [name], out, click_model="ud", num_proc=1)
        >>> text.splitlines()[2].split()[:4], text.splitlines()[2].split()[-1]
        (['geocut', 'ud', 'simulated_scenes', '1'], '2.00')
        >>> text.splitlines()[4]
        'Clicks of users: simulated, not made by people.'
    """
    rules, names = load_protocol(protocol), _names(datasets)
    chosen = share_stems([RepoInstances(repo, name, split) for name in names], stems)
    if len(names) > 1 and (out / MANIFEST).exists():
        raise RclicksError(f"{out}: holds results of one dataset; give another --out for several")
    for source in list(chosen)[1:]:
        source.load()  # one that is not there is told now, not when those before it are done
    paths = []
    with join_launch() as launch:
        if launch.processes > 1 and overwrite:
            raise RclicksError(f"--overwrite: not in a launch of several; remove {out} first")
        for source, wanted in chosen.items():
            path = run_benchmark(
                source,
                segmenter=segmenter,
                click_model=click_model,
                out=out / source.dataset if len(names) > 1 else out,
                runs=None if runs is None else _names(runs),
                protocol=rules,
                limit=limit,
                stems=wanted,
                num_proc=1 if num_proc is None and launch.processes > 1 else num_proc,
                overwrite=overwrite,
                fail_fast=fail_fast,
                is_main=launch.is_main,
            )
            paths.append(path)
    if not launch.is_main:
        return ""
    table = benchmark_table(load_results(*paths), rules.noc_threshold)
    places = "\n".join(line for path in paths for line in (*_failure(path), str(path)))
    return f"{format_table(table)}\n\n{places}"


def _failure(path: Path) -> list[str]:
    """A line on the first failure, which no number of the table tells of."""
    rows = read_results(path).select(["full_stem", "error"])
    failed = rows.filter(pc.not_equal(rows["error"], ""))
    if not failed.num_rows:
        return []
    first = failed.slice(0, 1).to_pylist()[0]
    count = len(failed["full_stem"].unique())
    return [
        f"{count} failed, first {first['full_stem']}: {first['error'].strip().splitlines()[-1]} "
        "(tracebacks are in column error, and --fail-fast stops at the first)"
    ]


def _names(texts: Sequence[str]) -> list[str]:
    """Names with the commas resolved, each once."""
    parts = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(part for part in parts if part))
