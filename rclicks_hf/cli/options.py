"""Option types shared by the verbs, so that an option means the same everywhere.

The closed names are repeated here because the tables that own them sit in modules that take seconds
to import; a test checks that both agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from rclicks_hf.errors import RclicksError

Split = Literal["train", "validation", "test"]
Preset = Literal["nano", "tiny", "small", "base"]
ReportTo = Literal["none", "tensorboard", "trackio"]
ScoreMode = Literal["reference", "exact"]
Protocol = Literal["rclicks-1", "reference"]
TableFormat = Literal["text", "markdown", "json"]
ReportFormat = Literal["html", "csv", "markdown", "latex"]
RepoType = Literal["dataset", "model", "space"]
OnError = Literal["stop", "skip"]
DtypeName = Literal["float32", "bfloat16", "float16"]

DEFAULT_REPO = "rclicks"

# Verb -> spelling of an earlier version -> today's. They are parsed, but not shown in the help.
OLD_SPELLINGS: dict[str, dict[str, str]] = {
    "demo": {"--instances": "--limit"},
    "build": {"--twin": "--full-size-copy"},
    "download": {"--to": "--out"},
    "train": {"--output": "--out", "--config": "--dataset"},
    "benchmark": {"--instances": "--instance"},
}


class Verb(TyperCommand):
    """A command that also understands the old spellings of its options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            if isinstance(param, TyperArgument):  # Typer shows Python types, such as list[str]
                vars(param)["display_type_rich"] = lambda ctx: None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Name the source datasets in the help, from their table."""
        for param in self.params:
            if isinstance(param, TyperOption) and DATASET_NAMES in (param.help or ""):
                param.help = str(param.help).replace(DATASET_NAMES, dataset_names())
        super().format_help(ctx, formatter)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Required arguments without braces, which read like a choice."""
        return [re.sub(r"[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]

    def make_parser(self, ctx: Any) -> Any:
        """Add the old spellings to the parser, where the help does not see them."""
        parser = super().make_parser(ctx)
        for old, new in OLD_SPELLINGS.get(str(self.name), {}).items():
            option = copy(next(param for param in self.params if new in param.opts))
            option.opts = [old]
            option.add_to_parser(parser, ctx)
        return parser


def split_names(texts: Iterable[str]) -> list[str]:
    """The names in repeated options, each with commas or without; duplicates are dropped."""
    names = (name.strip() for text in texts for name in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def require_datasets(texts: Iterable[str]) -> list[str]:
    """`split_names` of ``--dataset``; at least one."""
    names = split_names(texts)
    if not names:
        raise RclicksError("--dataset: none given; name at least one source dataset")
    return names


def one_of_both(
    argument: str | Path | None, option: str | Path | None, name: str, metavar: str, example: str
) -> str:
    """The value of an argument that may also be given as an option."""
    given = [str(value) for value in (argument, option) if value is not None]
    if not given:
        raise RclicksError(f"{metavar} is missing; give it, for example `{example}`")
    if len(set(given)) > 1:
        raise RclicksError(f"{name} {given[1]}: {metavar} is already given as {given[0]}")
    return given[0]


def complete_names(incomplete: str, names: Sequence[str]) -> list[str]:
    """Completions of the last name in a list with commas."""
    done = incomplete[: incomplete.rfind(",") + 1]
    return [done + name for name in names if (done + name).startswith(incomplete)]


def complete_dataset(incomplete: str) -> list[str]:
    """Shell completion of ``--dataset``."""
    from rclicks_hf.data.schema import SOURCE_DATASETS

    return complete_names(incomplete, list(SOURCE_DATASETS))


def complete_network(incomplete: str) -> list[str]:
    """Shell completion of FAMILY."""
    from rclicks_hf.networks import NETWORKS

    return [name for name in NETWORKS if name.startswith(incomplete)]


def complete_runs(incomplete: str) -> list[str]:
    """Shell completion of ``--runs``."""
    from rclicks_hf.benchmark import RUNS

    return complete_names(incomplete, list(RUNS))


#: Stands for `dataset_names` until a help is shown: importing the table takes a moment.
DATASET_NAMES = "{names of the source datasets}"


def dataset_names() -> str:
    """The source datasets, and how to name several."""
    from rclicks_hf.data.schema import SOURCE_DATASETS

    copies = {name for name in SOURCE_DATASETS if f"simulated_{name}" in SOURCE_DATASETS}
    *recorded, last = [name for name in SOURCE_DATASETS if name in copies]
    generated = [
        name
        for name, source in SOURCE_DATASETS.items()
        if source.is_simulated and name.removeprefix("simulated_") not in copies
    ]
    return (
        f"{', '.join(recorded)} or {last}; own (clicks on your own images); or simulated clicks: "
        f"{', '.join(generated)} or simulated_NAME. Repeat the option or separate names with "
        "commas."
    )


Repo = Annotated[
    str,
    typer.Option(
        "--repo",
        metavar="REPO",
        help="Dataset repo: a folder made by `rclicks build`, or a Hub id.",
    ),
]
RepoOption = Annotated[
    str | None, typer.Option("--repo", metavar="REPO", help="The same as the argument REPO.")
]
Datasets = Annotated[
    list[str],
    typer.Option(
        "--dataset",
        metavar="NAME",
        help=f"Source dataset: {DATASET_NAMES}",
        autocompletion=complete_dataset,
    ),
]
NumProc = Annotated[
    int | None,
    typer.Option(
        "--num-proc", min=1, metavar="N", help="Number of processes. Default: one per CPU core."
    ),
]
NumWorkers = Annotated[
    int | None,
    typer.Option(
        "--num-proc",
        min=1,
        metavar="N",
        help="Number of processes. Default: one per CPU core, or 1 to 4 per GPU for networks on "
        "GPUs.",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="Device that networks run on: auto (all GPUs, if any), cpu, cuda, cuda:N or mps.",
    ),
]
Dtype = Annotated[
    DtypeName,
    typer.Option(
        "--dtype",
        help="Precision of the networks' matrix products and convolutions; anything but float32 "
        "changes the results (docs/protocol.md).",
    ),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Compile the clickability network with torch.compile (GPU only; the first batch takes "
        "minutes).",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        min=1,
        metavar="N",
        help="Inputs per forward pass of the networks. Default: chosen for the device.",
    ),
]
