"""The evaluation of a training as `.eval_results/*.yaml`, which the Hub shows on a model's page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from huggingface_hub import EvalResultEntry, HfApi, eval_result_entries_to_yaml

from rclicks_hf.data.fingerprint import dataset_fingerprint
from rclicks_hf.data.schema import ROUNDS
from rclicks_hf.training.training_scores import SCORES

FILE = Path(".eval_results") / "rclicks.yaml"


@dataclass(frozen=True)
class TrainingData:
    """Which data a training was evaluated on.

    Attributes:
        repo: Hub id of the dataset repo, or the name of its folder.
        config: Source dataset in it.
        split: Split of it.
        revision: Commit of the Hub repo; None for a folder, or where it could not be asked for.
        digest: Of the content: changes whenever the instances do.
        train_digest: The same of the split that the network learnt from, where it is known.
    """

    repo: str
    config: str
    split: str
    revision: str | None
    digest: str
    train_digest: str = ""

    @classmethod
    def of(
        cls, repo: str | Path, config: str, split: str, *, train_split: str = "train"
    ) -> TrainingData:
        """Look at a dataset repo.

        Args:
            repo: Folder or Hub id.
            config: Source dataset in it.
            split: Split of it.
            train_split: Split that is learnt from.

        Returns:
            What it is.

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


def write_eval_results(
    folder: Path, metrics: Mapping[str, float], source: TrainingData, *, is_simulated: bool
) -> Path:
    """Write the scores of the best network in the Hub's format: an entry a metric.

    Args:
        folder: The model folder.
        metrics: Scores by `SCORES`; what is missing or NaN is left out.
        source: What they were made on.
        is_simulated: True where no person clicked; every entry says it.

    Returns:
        The file.

    Example:
        >>> import tempfile
        >>> source = TrainingData("rclicks", "simulated_scenes", "validation", None, "f00d")
        >>> path = write_eval_results(
        ...     Path(tempfile.mkdtemp()), {"sim": 0.5}, source, is_simulated=True)
        >>> print(path.read_text())
        - dataset:
            id: rclicks
            task_id: simulated_scenes_sim
          value: 0.5
          notes: simulated clicks; validation split, by which the best epoch was chosen; content
            digest sha256:f00d
    """
    clicks = "simulated clicks" if is_simulated else "people's clicks"
    notes = (
        f"{clicks}; {source.split} split, by which the best epoch was chosen; "
        f"content digest sha256:{source.digest}"
    )
    entries = [
        EvalResultEntry(
            dataset_id=source.repo,
            task_id=f"{source.config}_{name}",
            value=metrics[name],
            dataset_revision=source.revision,
            notes=notes,
        )
        for name in SCORES
        if not math.isnan(metrics.get(name, math.nan))
    ]
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return path
