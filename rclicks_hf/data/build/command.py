"""What ``rclicks build`` does: files or a seed in, a dataset repo and a report for people out."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.data.build.builder import build_from_files, check_out
from rclicks_hf.data.download import FILES, download_files, manual_steps
from rclicks_hf.errors import RclicksError

# MERGE-ALIAS: this file belongs above simulation/ and goes when cli/build.py has its checks.
from rclicks_hf.simulation.full_size_copy import build_full_size_copy as build_twin

DOWNLOADS = Path("rclicks-files")


def build_repo(
    clicks: Path | None,
    sources: Path | None,
    out: Path,
    *,
    replace: bool = False,
    download: bool = False,
    twin_seed: int | None = None,
    skip_errors: bool = False,
) -> str:
    """Build a dataset repo as the command line asks for.

    Args:
        clicks: The click CSV; with ``download`` its folder takes the files, and may be left out.
        sources: Folder of the source datasets' folders, None for no pictures.
        out: Folder to make.
        replace: Put the new dataset in the place of an older folder.
        download: Fetch the published files first.
        twin_seed: Seed of the twin, to build that instead; None for real files.
        skip_errors: Write lines that cannot be read to ``rejected.parquet`` and go on.

    Returns:
        What was built, and what is left to do by hand.

    Raises:
        RclicksError: If the options contradict each other, a file is missing or unsound, or the
            output is in the way.

    Example:
        >>> build_repo(None, None, Path("rclicks"))
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: --clicks: give clicks.csv, or --download to fetch it, or ...
    """
    if twin_seed is not None:
        if clicks or sources or download:
            raise RclicksError("--twin: takes no files; leave --clicks, --sources, --download out")
        return str(build_twin(out, seed=twin_seed, replace=replace))
    if clicks is None and not download:
        raise RclicksError(
            "--clicks: give clicks.csv, or --download to fetch it, or --twin for simulated clicks"
        )
    clicks = clicks or DOWNLOADS / FILES[0].name
    check_out(out, replace=replace)  # not after minutes of download
    if download:
        if clicks.name != FILES[0].name and not clicks.exists():
            raise RclicksError(
                f"{clicks}: no such file; --download fetches {FILES[0].name}, so name that, or "
                "leave --clicks out"
            )
        download_files(clicks.parent)
    report = build_from_files(
        clicks, sources, out, on_error="skip" if skip_errors else "raise", replace=replace
    )
    return f"{report}\n{manual_steps()}" if download and sources is None else str(report)
