"""The ``rclicks`` command: each verb parses its options and calls one function of a room.

Nothing heavy is imported here at the top, so that ``rclicks --help`` is instant.
"""

from __future__ import annotations

import errno
import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf import __version__
from rclicks_hf.errors import RclicksError

app = typer.Typer(
    help="Real-user clicks for interactive segmentation: dataset, metrics, model, benchmark.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class OnError(StrEnum):
    """What ``rclicks build`` does with a line that cannot be read."""

    STOP = "stop"
    SKIP = "skip"


# Rooms of networks with a published checkpoint; each has `convert_checkpoint`.
CONVERTIBLE = ("clickability", "saliency")

INTERRUPTED = 130  # the code that Typer exits with on Ctrl-C


def _version(show: bool) -> None:
    if show:
        typer.echo(f"rclicks-hf {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Real-user clicks for interactive segmentation: dataset, metrics, model, benchmark."""


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder in GrabCut's layout (data_GT/, boundary_GT/); default: embedded images."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to make; must not exist.")] = Path(
        "rclicks-demo"
    ),
    full: Annotated[
        bool, typer.Option("--full", help="Benchmark every held-out instance.")
    ] = False,
    num_proc: Annotated[int | None, typer.Option(help="Processes; default: all cores.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of scenes, simulated clicks, training.")] = 0,
    scenes: Annotated[int, typer.Option(help="Generated scenes among the embedded images.")] = 36,
    epochs: Annotated[int, typer.Option(help="Passes over the training instances.")] = 15,
    instances: Annotated[int, typer.Option(help="Held-out instances to benchmark.")] = 12,
) -> None:
    """Go the whole way on simulated clicks, up to a report."""
    from rclicks_hf.demo import DemoSettings, run_demo

    settings = DemoSettings(
        data=data,
        out=out,
        full=full,
        num_proc=num_proc,
        seed=seed,
        scenes=scenes,
        epochs=epochs,
        instances=instances,
    )
    run_demo(settings)


@app.command()
def build(
    clicks: Annotated[
        Path | None, typer.Option(help="The click table, clicks.csv; split lists lie beside it.")
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(help="Folder with one folder a source dataset (GrabCut/, Berkeley/, ...)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Dataset repo to make.")] = Path("rclicks"),
    replace: Annotated[
        bool, typer.Option("--replace", help="Swap an older build out; nothing else is removed.")
    ] = False,
    download: Annotated[
        bool,
        typer.Option(
            "--download", help="Fetch the published files first, to the folder of --clicks."
        ),
    ] = False,
    twin: Annotated[
        bool, typer.Option("--twin", help="Simulated clicks in the published numbers instead.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of --twin.")] = 0,
    on_error: Annotated[
        OnError, typer.Option(help="What to do with a line that cannot be read.")
    ] = OnError.STOP,
) -> None:
    """Make the Parquet dataset repo from clicks and images."""
    from rclicks_hf.data.build.command import build_repo
    from rclicks_hf.hub.push import install_metrics

    typer.echo(
        build_repo(
            clicks,
            sources,
            out,
            replace=replace,
            download=download,
            twin_seed=seed if twin else None,
            skip_errors=on_error is OnError.SKIP,
        )
    )
    # Beside a build, load_dataset("rclicks") works by its name; so shall the metrics.
    try:
        install_metrics()
    except RclicksError as error:  # the dataset is built all the same
        typer.echo(f"rclicks: {_one_line(error)}", err=True)


@app.command()
def verify(
    repo: Annotated[Path, typer.Argument(help="A dataset repo made by `rclicks build`.")],
) -> None:
    """Check a built dataset; exit code 1 where it fails."""
    from rclicks_hf.data.build.verify import format_checks, verify_dataset

    checks = verify_dataset(repo)
    typer.echo(format_checks(checks))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)


@app.command()
def install(
    repo: Annotated[
        Path | None,
        typer.Argument(help="A dataset repo made by `rclicks build`; default: rclicks, if here."),
    ] = None,
) -> None:
    """Let evaluate.load("rclicks_noc") and load_dataset("rclicks") work from any folder."""
    from rclicks_hf.hub.push import install_all

    typer.echo(install_all(repo))


@app.command()
def train(
    output: Annotated[
        Path, typer.Option("--output", "--out", help="Model folder to make; must not exist.")
    ],
    dataset: Annotated[
        str, typer.Option("--dataset", "--repo", help="Dataset repo: a folder or a Hub id.")
    ] = "rclicks",
    config: Annotated[str, typer.Option(help="Source dataset to train on.")] = "tetris",
    model: Annotated[
        str | None, typer.Option(help="Model folder or Hub id to fine-tune; default: from scratch.")
    ] = None,
    preset: Annotated[str, typer.Option(help="Size when training from scratch.")] = "base",
    eval_split: Annotated[str, typer.Option(help="Split to evaluate on.")] = "validation",
    epochs: Annotated[float, typer.Option(min=0.0, help="Above 0.")] = 20.0,
    batch_size: Annotated[int, typer.Option(min=1, help="Instances a pass and process.")] = 16,
    gradient_accumulation: Annotated[int, typer.Option(min=1, help="Passes a step.")] = 1,
    learning_rate: Annotated[float, typer.Option(min=0.0)] = 1e-2,
    warmup_ratio: Annotated[
        float, typer.Option(min=0.0, help="Share of the steps with rising rate, below 1.")
    ] = 0.1,
    flip_probability: Annotated[float, typer.Option(min=0.0, max=1.0)] = 0.5,
    bf16: Annotated[bool, typer.Option("--bf16", help="Run the network in bfloat16.")] = False,
    seed: Annotated[int, typer.Option(min=0)] = 42,
    num_workers: Annotated[
        int, typer.Option(min=0, help="Processes that load data, a training process.")
    ] = 0,
    cache_gib: Annotated[
        float, typer.Option(min=0.0, help="GiB of inputs and click maps kept between epochs.")
    ] = 1.0,
    logging_steps: Annotated[int, typer.Option(min=1, help="Steps between two logs.")] = 10,
    report_to: Annotated[str, typer.Option(help="none, tensorboard or trackio.")] = "none",
    push_to_hub: Annotated[str | None, typer.Option(help="Hub id to push the result to.")] = None,
) -> None:
    """Train or fine-tune the clickability network; the same command resumes.

    On several GPUs: accelerate launch --num_processes 2 -m rclicks_hf.cli train ...
    """
    from accelerate import PartialState

    from rclicks_hf.hub.push import push_folder, require_repo_id
    from rclicks_hf.training.command import train_from_repo

    if push_to_hub:
        require_repo_id(push_to_hub)
    train_from_repo(
        dataset,
        config,
        output,
        model=model,
        preset=preset,
        eval_split=eval_split,
        epochs=epochs,
        batch_size=batch_size,
        gradient_accumulation=gradient_accumulation,
        learning_rate=learning_rate,
        warmup_ratio=warmup_ratio,
        flip_probability=flip_probability,
        bf16=bf16,
        seed=seed,
        num_workers=num_workers,
        cache_bytes=int(cache_gib * 2**30),
        report_to=report_to,
        trainer_arguments={"logging_steps": logging_steps},
    )
    if not PartialState().is_main_process:
        return
    typer.echo(str(output))
    if push_to_hub:
        typer.echo(push_folder(output, push_to_hub, repo_type="model"))


@app.command("evaluate-clicks")
def evaluate_clicks(
    click_model: Annotated[
        list[str],
        typer.Option(
            help="ud, dt, si:MODEL, sm:MODEL or MODEL, a folder or Hub id; may be repeated."
        ),
    ],
    dataset: Annotated[list[str], typer.Option(help="Source dataset; may be repeated.")],
    repo: Annotated[str, typer.Option(help="Dataset repo: a folder or a Hub id.")] = "rclicks",
    split: Annotated[
        str | None, typer.Option(help="Default: the paper's, validation for TETRIS, else test.")
    ] = None,
    rounds: Annotated[bool, typer.Option("--rounds", help="A table of each round too.")] = False,
    devices: Annotated[bool, typer.Option("--devices", help="A table of each device too.")] = False,
    mode: Annotated[
        str, typer.Option(help="reference: the paper's draws; exact: PL1 in closed form.")
    ] = "reference",
    halvings: Annotated[
        int, typer.Option(min=0, help="Of the clicks, for people against each other; 0: none.")
    ] = 20,
    num_proc: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: all cores.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Results folder; the same command resumes in it. Default: only print."),
    ] = None,
) -> None:
    """Score click models: KS, PL1, WD, NSS, PDE."""
    from rclicks_hf.click_scoring.command import evaluate_repo
    from rclicks_hf.click_scoring.score_rows import ScoreSettings

    settings = ScoreSettings(mode=mode, halvings=halvings, devices=devices)
    typer.echo(
        evaluate_repo(
            repo,
            dataset,
            click_model,
            split=split,
            settings=settings,
            rounds=rounds,
            num_proc=num_proc,
            out=out,
        )
    )


@app.command()
def analyse(
    repo: Annotated[str, typer.Argument(help="Dataset repo: a folder or a Hub id.")],
    dataset: Annotated[
        list[str] | None, typer.Option(help="Source dataset; may be repeated; default: all there.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Default: validation of TETRIS, test of the others.")
    ] = None,
    previews: Annotated[
        Path | None, typer.Option(help="The paper's previews.csv: compare display modes too.")
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(help="Folder with PREVIEW/, the images and masks of --previews.")
    ] = None,
    slip: Annotated[
        bool, typer.Option("--slip", help="Add WD and PL1 as published: x twice for PC.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make: Parquet files, a row an instance.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of halvings and bootstrap.")] = 42,
) -> None:
    """Compare devices and displays; agreement and spread of people."""
    from rclicks_hf.analysis import analyse_repo

    typer.echo(
        analyse_repo(
            repo,
            dataset or (),
            split=split,
            previews=previews,
            sources=sources,
            slip=slip,
            out=out,
            seed=seed,
        )
    )


@app.command()
def benchmark(
    click_model: Annotated[str, typer.Option(help="ud, dt, a model folder or a Hub id.")],
    dataset: Annotated[
        list[str], typer.Option(help="Source dataset; several with commas, or repeated.")
    ],
    out: Annotated[
        Path,
        typer.Option(help="Results folder, of several datasets one each in it; resumes there."),
    ],
    segmenter: Annotated[
        str, typer.Option(help="geocut, a SAM folder or Hub id, or your own as module:Class.")
    ] = "geocut",
    repo: Annotated[str, typer.Option(help="Dataset repo: a folder or a Hub id.")] = "rclicks",
    split: str = "test",
    runs: Annotated[
        list[str] | None,
        typer.Option(help="base, g1 to g10, user, nuser, with commas; default: all."),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="rclicks-1, or reference: draw for draw as the paper's code.")
    ] = "rclicks-1",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N instances of a dataset.")
    ] = None,
    instances: Annotated[
        list[str] | None, typer.Option(help="Only this full_stem; may be repeated.")
    ] = None,
    num_proc: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: all cores.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove older results in --out first.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first failure.")
    ] = False,
) -> None:
    """Count a segmenter's clicks, and who they depend on."""
    from rclicks_hf.benchmark.command import benchmark_repo

    text = benchmark_repo(
        repo,
        dataset,
        out,
        split=split,
        segmenter=segmenter,
        click_model=click_model,
        runs=runs,
        protocol=protocol,
        limit=limit,
        stems=instances,
        num_proc=num_proc,
        overwrite=overwrite,
        fail_fast=fail_fast,
    )
    if text:
        typer.echo(text)


@app.command("check-segmenter")
def check_segmenter(
    segmenter: Annotated[
        str,
        typer.Argument(help="Your own as module:Class, or a SAM folder or Hub id."),
    ],
) -> None:
    """Try whether the benchmark can use a segmentation method."""
    from rclicks_hf.segmenters.command import check_spec

    text, ok = check_spec(segmenter)
    typer.echo(text)
    if not ok:
        raise typer.Exit(1)


@app.command()
def report(
    results: Annotated[
        list[Path], typer.Argument(help="Results folders of `rclicks benchmark`, one or more.")
    ],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("report.html"),
    format: Annotated[
        str | None,
        typer.Option(help="html, csv, markdown or latex; default: by the ending of --out."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="IoU that NoC and NoF ask for; default: the protocol's.")
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option(help="Dataset repo with the pictures of hard instances (html only)."),
    ] = None,
    eval_results: Annotated[
        Path | None, typer.Option(help="Folder for .eval_results/*.yaml and eval.yaml of the Hub.")
    ] = None,
    dataset_id: Annotated[
        str, typer.Option(help="Hub id of the dataset repo, for --eval-results.")
    ] = "",
) -> None:
    """Write benchmark results as one page, or as tables."""
    from rclicks_hf.report.command import write_report_file
    from rclicks_hf.support.provenance import command_line

    typer.echo(
        write_report_file(
            results,
            out,
            format=format,
            threshold=threshold,
            repo=repo,
            eval_results=eval_results,
            dataset_id=dataset_id,
            command=command_line(),
        )
    )


@app.command()
def convert(
    kind: Annotated[str, typer.Argument(help="clickability or saliency")],
    checkpoint: Annotated[
        Path, typer.Argument(help="The published .pth file; tensors only are read.")
    ],
    out: Annotated[Path, typer.Argument(help="Model folder to make; must not exist.")],
) -> None:
    """Turn a published checkpoint into a model folder."""
    if kind not in CONVERTIBLE:
        raise RclicksError(f"{kind}: no such kind of checkpoint; choose {', '.join(CONVERTIBLE)}")
    import_module(f"rclicks_hf.networks.{kind}").convert_checkpoint(checkpoint, out)
    typer.echo(str(out))


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="A built dataset, a model, or a metric module.")],
    repo_id: Annotated[str, typer.Argument(help="Hub id, for example user/name.")],
    kind: Annotated[str, typer.Option("--type", help="dataset, model or space.")] = "dataset",
    private: Annotated[bool, typer.Option("--private")] = False,
) -> None:
    """Upload a folder to the Hub, in one commit."""
    from rclicks_hf.hub.push import push_folder

    typer.echo(push_folder(folder, repo_id, repo_type=kind, private=private))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and an exit code other than 0."""
    try:
        app()
    except RclicksError as error:
        sys.exit(f"rclicks: {_one_line(error)}")
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            typer.echo(
                "\nrclicks: stopped; run the same command again, it goes on from what it kept",
                err=True,
            )
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit("rclicks: the disk is full; free some space and run the same command again")
