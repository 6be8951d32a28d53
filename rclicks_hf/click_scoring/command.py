"""What `rclicks evaluate-clicks` does: score click models on a dataset repo, then print tables."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pandas as pd

from rclicks_hf.click_scoring.score_rows import ScoreSettings
from rclicks_hf.click_scoring.score_run import run_click_scores
from rclicks_hf.click_scoring.score_summary import summarise_scores
from rclicks_hf.click_scoring.score_text import format_score_tables


def evaluate_repo(
    repo: str,
    datasets: Sequence[str],
    click_models: Sequence[str],
    *,
    split: str | None = None,
    settings: ScoreSettings | None = None,
    rounds: bool = False,
    num_proc: int | None = None,
    out: Path | None = None,
) -> str:
    """Score click models on datasets of a repo.

    Args:
        repo: Dataset repo, a folder or a Hub id.
        datasets: Keys of ``SOURCE_DATASETS``.
        click_models: Names in ``CLICK_MODELS``, model folders or Hub ids.
        split: Split of all datasets; None takes the one that the paper's tables are on.
        settings: How instances are scored; None takes the paper's way.
        rounds: True makes a table of each round too.
        num_proc: Processes; None takes one a core.
        out: Results folder, in which the same command goes on; None only prints.

    Returns:
        The tables, and where the rows are.

    Raises:
        RclicksError: As `run_click_scores`.

    Example:
        >>> import tempfile
        >>> from rclicks_hf import data
        >>> scenes, name = data.generate_scenes(1, seed=3, size=(64, 64)), "simulated_scenes"
        >>> simulated = data.simulate_rounds(scenes, dataset=name, progress=False)
        >>> sources = {name: data.StoreWithPrevious(scenes, simulated.previous_masks)}
        >>> repo, splits = tempfile.mkdtemp() + "/rclicks", {name: {"scene_000": "test"}}
        >>> _ = data.build_dataset(simulated.clicks, sources, repo, splits=splits, progress=False)
        >>> print(evaluate_repo(repo, [name], ["ud"], num_proc=1))
        Click models on Scenes (simulated), split test (simulated clicks)
        click model         n            KS ↑           PL1 ↓            WD ↓ ...
        ------------------  -  --------------  --------------  -------------- ...
        ud                  3 ...
    """
    settings = settings or ScoreSettings()
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder:
        path = run_click_scores(
            repo,
            datasets,
            click_models,
            Path(folder),
            split=split,
            settings=settings,
            num_proc=num_proc,
        )
        tables = summarise_scores(pd.read_parquet(path), rounds=rounds)
    text = format_score_tables(tables, errors=settings.mode == "exact")
    return text if out is None else f"{text}\n\n{path}"
