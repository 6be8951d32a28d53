"""``rclicks benchmark``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pyarrow as pa

from rclicks_hf.cli.options import (
    DEFAULT_REPO,
    BatchSize,
    Compile,
    Datasets,
    Device,
    Dtype,
    NumWorkers,
    Protocol,
    Repo,
    Split,
    complete_runs,
    require_datasets,
    split_names,
)
from rclicks_hf.errors import RclicksError

EXAMPLES = """\b
Examples:
  rclicks benchmark --click-model ud --dataset grabcut --out runs/geocut
  rclicks benchmark --segmenter facebook/sam-vit-base --click-model model \\
      --dataset grabcut,davis --runs base,user --out runs/sam
  accelerate launch --num_processes 2 -m rclicks_hf.benchmark \\
      --segmenter disk:Disk --click-model dt --dataset davis --out runs/disk
"""


def benchmark(
    click_model: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Click model to draw clicks from: ud (uniform), dt (distance transform), a "
            "clickability network as a folder or Hub id, si:MODEL or sm:MODEL with a saliency "
            "network, or your own class as module:Class.",
        ),
    ],
    dataset: Datasets,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Results folder; with several datasets, one subfolder per dataset. The same "
            "command resumes in it.",
        ),
    ],
    segmenter: Annotated[
        str,
        typer.Option(
            metavar="SEGMENTER",
            help="Segmenter to benchmark: geocut, a network as a folder or Hub id, an exported "
            "network as onnx:FOLDER, or your own class as module:Class.",
        ),
    ] = "geocut",
    repo: Repo = DEFAULT_REPO,
    split: Annotated[Split, typer.Option(help="Split to benchmark on.")] = "test",
    runs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RUN",
            help="How clicks are placed: base (the pixel deepest inside the error region), g1 to "
            "g10 (drawn from the least to the most likely tenth of the click model), user (each "
            "recorded first click alone), nuser (as many single clicks drawn from the click "
            "model). Repeat the option or separate names with commas. Default: all.",
            autocompletion=complete_runs,
        ),
    ] = None,
    protocol: Annotated[
        Protocol,
        typer.Option(
            help="Rules of the benchmark; reference reproduces the random numbers of the paper's "
            "code (docs/protocol.md)."
        ),
    ] = "rclicks-1",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Benchmark only the first N instances of each dataset."
        ),
    ] = None,
    instance: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEM",
            help="Benchmark only the instance with this full_stem. Repeat the option for several.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="First delete older results in --out.")
    ] = False,
    fail_fast: Annotated[
        bool,
        typer.Option(
            "--fail-fast",
            help="Stop at the first instance that fails instead of recording its error.",
        ),
    ] = False,
    num_proc: NumWorkers = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    compile: Compile = False,
) -> None:
    """Count the clicks that a segmenter needs.

    Segments every instance with simulated and recorded clicks, writes results.parquet and
    manifest.json, and prints Sample NoC, NoF, the spread between user groups and the baseline.
    `rclicks report` turns the results into pages and tables. The exit code is 1 if all instances
    of a dataset fail.
    """
    failed = benchmark_repo(
        repo,
        require_datasets(dataset),
        out,
        split=split,
        segmenter=segmenter,
        click_model=click_model,
        runs=None if runs is None else split_names(runs),
        protocol=protocol,
        limit=limit,
        stems=instance,
        num_proc=num_proc,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        compile=compile,
        overwrite=overwrite,
        fail_fast=fail_fast,
    )
    if failed:
        raise typer.Exit(1)


def benchmark_repo(
    repo: str,
    datasets: Sequence[str],
    out: Path,
    *,
    segmenter: str,
    click_model: str,
    split: str = "test",
    runs: Sequence[str] | None = None,
    protocol: str = "rclicks-1",
    limit: int | None = None,
    stems: Sequence[str] | None = None,
    num_proc: int | None = None,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int | None = None,
    compile: bool = False,
    overwrite: bool = False,
    fail_fast: bool = False,
) -> bool:
    """Benchmark on datasets of a repo and print the table; true if all of a dataset failed.

    Under `accelerate launch` the processes share the images of one results folder, and one prints.
    """
    from rclicks_hf.benchmark import RepoInstances, load_protocol, run_benchmark
    from rclicks_hf.benchmark.failures import all_failed
    from rclicks_hf.benchmark.instance_sets import share_stems
    from rclicks_hf.jobs.launch import join_launch
    from rclicks_hf.jobs.results_folder import MANIFEST
    from rclicks_hf.report import benchmark_table, format_table, read_results

    rules = load_protocol(protocol)
    chosen = share_stems([RepoInstances(repo, name, split) for name in datasets], stems)
    if len(datasets) > 1 and (out / MANIFEST).exists():
        raise RclicksError(f"{out}: holds results of one dataset; give another --out for several")
    for source in list(chosen)[1:]:
        source.load()  # a missing dataset is reported now, not after the others are done
    paths = []
    with join_launch() as launch:
        if launch.processes > 1 and overwrite:
            raise RclicksError(
                f"--overwrite: not possible with several processes; remove {out} first"
            )
        for source, wanted in chosen.items():
            path = run_benchmark(
                source,
                segmenter=segmenter,
                click_model=click_model,
                out=out / source.dataset if len(datasets) > 1 else out,
                runs=runs,
                protocol=rules,
                limit=limit,
                stems=wanted,
                num_proc=1 if num_proc is None and launch.processes > 1 else num_proc,
                device=device,
                dtype=dtype,
                batch_size=batch_size,
                compile=compile,
                overwrite=overwrite,
                fail_fast=fail_fast,
                is_main=launch.is_main,
            )
            paths.append(path)
    if not launch.is_main:
        return False
    results = read_results(*paths)
    typer.echo(f"{format_table(benchmark_table(results, rules.noc_threshold))}\n")
    tables = [results.summary_of(source.dataset) for source in chosen]
    for path, table in zip(paths, tables, strict=True):
        typer.echo("\n".join((*_failures(table), str(path))))
    return any(map(all_failed, tables))


def _failures(table: pa.Table) -> list[str]:
    """A line on the failed instances, which the table only counts."""
    from rclicks_hf.benchmark.failures import failure_line

    line = failure_line(table)
    note = "(tracebacks are in column error; --fail-fast stops at the first)"
    return [f"{line} {note}"] if line else []
