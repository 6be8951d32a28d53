"""The ``rclicks`` command: one file per verb, each with its options and one call into the rooms.

Nothing heavy is imported at the top of these files, so that ``rclicks --help`` is instant.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from rclicks_hf import __version__
from rclicks_hf.cli import (
    analyse,
    benchmark,
    build,
    check_segmenter,
    convert,
    demo,
    download,
    evaluate_clicks,
    export_clicks,
    import_results,
    install,
    push,
    report,
    segmenters,
    space,
    train,
    verify,
)
from rclicks_hf.cli.options import Verb
from rclicks_hf.cli.switches import Shown, with_switches
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import shorten, visible, without_secrets

_LONGEST = 100  # characters of a path in a message
INTERRUPTED = 130  # the code that Typer returns on Ctrl-C

# In the order of the help.
VERBS: dict[str, tuple[Callable[..., None], str]] = {
    "demo": (demo.demo, demo.EXAMPLES),
    "download": (download.download, download.EXAMPLES),
    "build": (build.build, build.EXAMPLES),
    "verify": (verify.verify, verify.EXAMPLES),
    "install": (install.install, install.EXAMPLES),
    "train": (train.train, train.EXAMPLES),
    "evaluate-clicks": (evaluate_clicks.evaluate_clicks, evaluate_clicks.EXAMPLES),
    "analyse": (analyse.analyse, analyse.EXAMPLES),
    "benchmark": (benchmark.benchmark, benchmark.EXAMPLES),
    "import-results": (import_results.import_results, import_results.EXAMPLES),
    "segmenters": (segmenters.segmenters, segmenters.EXAMPLES),
    "check-segmenter": (check_segmenter.check_segmenter, check_segmenter.EXAMPLES),
    "report": (report.report, report.EXAMPLES),
    "space": (space.space, space.EXAMPLES),
    "export-clicks": (export_clicks.export_clicks, export_clicks.EXAMPLES),
    "convert": (convert.convert, convert.EXAMPLES),
    "push": (push.push, push.EXAMPLES),
}

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_function, _examples) in VERBS.items():
    app.command(_name, cls=Verb, epilog=_examples)(with_switches(_function))


def _version(show: bool) -> None:
    if show:
        typer.echo(f"rclicks-hf {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Recorded clicks for interactive segmentation: dataset, metrics, click models, benchmark.

    `rclicks COMMAND -h` explains a command and shows examples. Every command takes --verbose,
    --quiet and --traceback.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and a nonzero exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever its encoding lacks is escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        typer.echo(f"rclicks: {_usage(error)}", err=True)
        sys.exit(error.exit_code)
    except typer.Abort:  # the end of stdin
        sys.exit(1)
    except (RclicksError, OSError, UnicodeEncodeError) as error:
        cause = str(error) if isinstance(error, RclicksError) else _of_system(error)
        if not cause:
            raise
        if Shown.traceback:
            typer.echo(without_secrets(traceback.format_exc()), err=True)
        sys.exit(f"rclicks: {_one_line(cause)}")
    if code == INTERRUPTED:
        typer.echo(
            "\nrclicks: stopped; the same command resumes from what is already done", err=True
        )
    sys.exit(code or 0)


def _of_system(error: OSError | UnicodeEncodeError) -> str:
    """What the system refused, where it names a place; ``""`` for other errors."""
    if isinstance(error, UnicodeEncodeError):  # Arrow takes no such paths
        not_text = "a file or folder has a name that is not UTF-8; rename it, or set LC_ALL=C.UTF-8"
        return not_text if "surrogates" in error.reason else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space and run the same command again"
    if not isinstance(error.filename, str | bytes) or not error.strerror:
        return ""
    place = shorten(os.fsdecode(error.filename), _LONGEST)
    return f"{place}: the system refuses it ({error.strerror}); give another path"


def _one_line(error: BaseException | str) -> str:
    return visible(without_secrets(" ".join(str(error).split())))


def _usage(error: typer.TyperException) -> str:
    """A wrong option in one line, with the help to read."""
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "rclicks"
    message = _one_line(error.format_message()).replace("Value error, ", "").rstrip(".")
    link = " See" if message.endswith("?") else "; see"
    return f"{message}{link} `{command} -h`"
