"""What `rclicks benchmark` does: run on a dataset repo, then print the table."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.benchmark.runner import run_benchmark
from rclicks_hf.benchmark.source import RepoInstances
from rclicks_hf.benchmark.table_text import format_table
from rclicks_hf.benchmark.tables import benchmark_table, load_results


def benchmark_repo(
    repo: str,
    dataset: str,
    out: Path,
    *,
    split: str = "test",
    segmenter: str = "geocut",
    click_model: str,
    limit: int | None = None,
    num_proc: int | None = None,
    fail_fast: bool = False,
) -> str:
    """Benchmark a segmenter on one dataset of a repo.

    Args:
        repo: Folder or Hub id of the dataset repo.
        dataset: Key of `rclicks_hf.data.SOURCE_DATASETS`.
        out: Results folder.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        segmenter: Name of a segmenter, or ``module:Class``.
        click_model: Name, folder or Hub id of the click model that the groups draw from.
        limit: Only the first instances.
        num_proc: Processes; None takes one a core.
        fail_fast: Stop at the first instance that fails.

    Returns:
        The table as text, and where the results are.

    Raises:
        RclicksError: As `run_benchmark`.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from rclicks_hf import data
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:16], image[6:18, 16:24] = 255, 60  # one object of two colours
        >>> source, name = data.MemorySource(), "simulated_scenes"
        >>> source.add("a", image, {"": image[..., 0] > 0})
        >>> rounds = data.simulate_rounds(source, dataset=name, progress=False)
        >>> sources = {name: data.SourceWithPrevious(source, rounds.previous_masks)}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     repo, out = f"{folder}/repo", Path(folder) / "run"
        ...     splits = {name: {"a": "test"}}
        ...     _ = data.build_dataset(rounds.clicks, sources, repo, splits=splits, progress=False)
        ...     text = benchmark_repo(repo, name, out, click_model="ud", num_proc=1)
        >>> text.splitlines()[2].split()[:4], text.splitlines()[2].split()[-1]
        (['geocut', 'ud', 'simulated_scenes', '1'], '2.00')
        >>> text.splitlines()[4]
        'Clicks of users: simulated, not made by people.'
    """
    path = run_benchmark(
        RepoInstances(repo, dataset, split),
        segmenter=segmenter,
        click_model=click_model,
        out=out,
        limit=limit,
        num_proc=num_proc,
        fail_fast=fail_fast,
    )
    return f"{format_table(benchmark_table(load_results(path)))}\n\n{path}"
