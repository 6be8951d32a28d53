"""The scores of a training as `.eval_results/rclicks.yaml` of its model folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi

from rclicks_hf import __version__
from rclicks_hf.data.fingerprint import dataset_fingerprint
from rclicks_hf.data.schema import ROUNDS, SOURCE_DATASETS
from rclicks_hf.support.hub_cards.eval_results_file import (
    FOLDER,
    TASK_SCORES,
    ResultSource,
    dataset_page,
    eval_result,
    is_dataset_id,
    write_eval_results,
)
from rclicks_hf.support.provenance import utc_day

FILE = Path(FOLDER) / "rclicks.yaml"


@dataclass(frozen=True)
class TrainingData:
    """The dataset repo that a training used.

    Attributes:
        repo: Hub id of the dataset repo, or the name of its folder.
        config: Source dataset in it.
        split: Split that the best epoch was chosen by.
        revision: Commit of the Hub repo; None for a folder or where it could not be determined.
        digest: Digest of the split's content.
        train_digest: Digest of the training split's content, where known.

    Example:
        >>> TrainingData("owner/rclicks", "tetris", "validation", "c0ffee", "f00d").config
        'tetris'
    """

    repo: str
    config: str
    split: str
    revision: str | None
    digest: str
    train_digest: str = ""

    @property
    def has_leaderboard(self) -> bool:
        """Whether scores on it have tasks: recorded clicks of a Hub repo, on the task's split."""
        config = SOURCE_DATASETS.get(self.config)
        return (
            config is not None
            and config.clicks > 0  # published
            and self.split == config.splits[-1]
            and self.revision is not None
            and is_dataset_id(self.repo)
        )

    @classmethod
    def of(
        cls, repo: str | Path, config: str, split: str, *, train_split: str = "train"
    ) -> TrainingData:
        """Compute the digests and look up the commit of a dataset repo.

        Args:
            repo: Folder or Hub id.
            config: Source dataset in it.
            split: Split that the best epoch is chosen by.
            train_split: Split to train on.

        Returns:
            The filled record.

        Raises:
            RclicksError: If a Hub repo cannot be read.
        """
        is_folder = Path(repo).is_dir()
        return cls(
            repo=Path(repo).resolve().name if is_folder else str(repo),
            config=config,
            split=split,
            revision=None if is_folder else _commit(str(repo)),
            digest=dataset_fingerprint(str(repo), config, split, ROUNDS),
            train_digest=dataset_fingerprint(str(repo), config, train_split, ROUNDS),
        )


def _commit(repo_id: str) -> str | None:
    try:
        return HfApi().dataset_info(repo_id).sha
    except Exception:  # the errors are those of whatever HTTP library the Hub's client uses
        return None


def write_score_file(
    folder: Path, metrics: Mapping[str, float], data: TrainingData, *, is_simulated: bool
) -> None:
    """Write the scores of the best network that have a leaderboard; no file without any."""
    if is_simulated or not data.has_leaderboard:
        return
    notes = (
        f"{data.split} split, by which the best epoch was chosen; "
        f"content digest sha256:{data.digest}"
    )
    source = ResultSource(
        data.repo,
        data.revision or "",
        utc_day(),
        dataset_page(data.repo),
        f"rclicks train (rclicks-hf {__version__})",
    )
    entries = [
        eval_result(source, data.config, score.name, metrics[score.name], notes=notes)
        for score in TASK_SCORES
        if score.by == "rclicks train" and not math.isnan(metrics.get(score.name, math.nan))
    ]
    if entries:
        write_eval_results(folder / FILE, entries)
