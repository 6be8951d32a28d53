"""Scoring click models on a dataset repo and printing the tables, as `rclicks evaluate-clicks`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rclicks_hf.click_scoring.score_rows import ScoreSettings
from rclicks_hf.click_scoring.score_run import read_click_scores, run_click_scores
from rclicks_hf.click_scoring.score_summary import summarise_scores
from rclicks_hf.click_scoring.score_text import format_score_tables
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.launch import join_launch


def score_repo(
    repo: str,
    datasets: Sequence[str],
    click_models: Sequence[str],
    *,
    split: str | None = None,
    settings: ScoreSettings | None = None,
    rounds: bool = False,
    num_proc: int | None = None,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int | None = None,
    compile: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
) -> str:
    """Score click models on datasets of a repo.

    Under `accelerate launch` the processes share the images; the main one returns the tables.

    Args:
        repo: Dataset repo, a folder or a Hub id.
        datasets: Keys of ``SOURCE_DATASETS``.
        click_models: Names, model folders or Hub ids.
        split: Split of all datasets; None means the one of the paper's tables.
        settings: How instances are scored; None means as in the paper.
        rounds: True adds a table of each round.
        num_proc: Number of processes; None means one per core, in a launch of several one.
        device: Where networks run, as for `run_click_scores`.
        dtype: Their precision, as for `run_click_scores`.
        batch_size: Their batch size, as for `run_click_scores`.
        compile: Whether they are compiled, as for `run_click_scores`.
        out: Results folder, which the same command resumes; None only prints.
        overwrite: Remove older results in ``out`` first.

    Returns:
        The tables, and the path of the rows; ``""`` in the helpers of a launch.

    Raises:
        RclicksError: As `run_click_scores`, or if the arguments do not fit a launch of several.

    Example:
        >>> score_repo("no-such-repo", ["grabcut"], ["ud"])
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: no-such-repo: ...
    """
    settings = settings or ScoreSettings()
    with join_launch() as launch:
        if launch.processes > 1 and out is None:
            raise RclicksError("--out: needed in a launch of several processes; give a folder")
        if launch.processes > 1 and overwrite:
            raise RclicksError(
                f"--overwrite: not possible with several processes; remove {out} first"
            )
        with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder:
            path = run_click_scores(
                repo,
                datasets,
                click_models,
                Path(folder),
                split=split,
                settings=settings,
                num_proc=1 if num_proc is None and launch.processes > 1 else num_proc,
                device=device,
                dtype=dtype,
                batch_size=batch_size,
                compile=compile,
                overwrite=overwrite,
                is_main=launch.is_main,
            )
            if not launch.is_main:
                return ""
            tables = summarise_scores(read_click_scores(path), rounds=rounds)
    text = format_score_tables(tables, errors=settings.mode == "exact")
    return text if out is None else f"{text}\n\n{path}"
