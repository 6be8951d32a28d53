"""The stages of the demo. Each leaves one artefact, whole, and is skipped where it is there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
from torch.utils.data import ConcatDataset
from tqdm import tqdm

from rclicks_hf.benchmark import RepoInstances, run_benchmark
from rclicks_hf.click_models import CLICK_MODELS, ClickModel, load_click_model
from rclicks_hf.click_scoring.evaluation import score_click_models, write_scores
from rclicks_hf.data import Instance, InstanceTable, build_dataset, load_instances
from rclicks_hf.data.sources import ImageStore, StoreWithPrevious
from rclicks_hf.data.splits import random_splits
from rclicks_hf.demo.settings import DemoSettings
from rclicks_hf.networks.clickability import ClickabilityConfig
from rclicks_hf.simulation.simulated_rounds import simulate_rounds
from rclicks_hf.training import train

REPO = "rclicks"
MODEL = "model"
SCORES = "click_scores.parquet"
RESULTS = "results"
# The best epoch is chosen on the validation images, so that the test images stay unseen.
SPLIT_SHARES = {"train": 0.6, "validation": 0.1, "test": 0.3}
BATCH_SIZE = 8  # a few hundred instances: the published 16 leaves too few steps
NETWORK = "CM nano, trained here"


@dataclass(frozen=True)
class Workplace:
    """Where a demo run keeps its artefacts.

    Attributes:
        root: Folder of the run.
        datasets: Keys of ``SOURCE_DATASETS`` that it works on.
        settings: What the user chose.
    """

    root: Path
    datasets: tuple[str, ...]
    settings: DemoSettings

    def instances(self, split: str, *, first_round: bool = False) -> dict[str, InstanceTable]:
        """The instances of a split, by dataset."""
        rounds = {"rounds": ("first",)} if first_round else {}
        return {
            name: load_instances(self.root / REPO, name, split=split, **rounds)
            for name in self.datasets
        }


def build_repo(place: Workplace, sources: Mapping[str, ImageStore]) -> str:
    """Simulate the clicks, build the dataset repo, and read it back as a user does."""
    if not (place.root / REPO).exists():
        tables, clicked, splits = [], {}, {}
        for name, source in sources.items():
            rounds = simulate_rounds(source, dataset=name, seed=place.settings.seed)
            tables.append(rounds.clicks)
            clicked[name] = StoreWithPrevious(source, rounds.previous_masks)
            stems = {image for image, _ in source.objects()}
            splits[name] = random_splits(stems, fractions=SPLIT_SHARES)
        build_dataset(pa.concat_tables(tables), clicked, place.root / REPO, splits=splits)
    with chdir(place.root):  # the literal call that users type
        loaded = {name: datasets.load_dataset("rclicks", name) for name in place.datasets}
    return "\n".join(
        f'load_dataset("rclicks", "{name}"): '
        + ", ".join(f"{len(rows)} simulated clicks in {split}" for split, rows in parts.items())
        for name, parts in loaded.items()
    )


def train_network(place: Workplace) -> None:
    """Train the small network on the train split; what is saved is loaded by all later stages."""
    if (place.root / MODEL).exists():
        return
    with tqdm(desc="training", unit="step") as bar:

        def show(step: int, steps: int, loss: float) -> None:
            bar.total = steps
            if math.isfinite(loss):  # none is known before the first log
                bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
            bar.update(step - bar.n)

        train(
            joined(place.instances("train")),
            joined(place.instances("validation")),
            place.root / MODEL,
            config=ClickabilityConfig.from_preset("nano"),
            epochs=place.settings.epochs,
            batch_size=BATCH_SIZE,
            seed=place.settings.seed,
            progress=show,
        )


def click_models(place: Workplace) -> dict[str, ClickModel]:
    """The click models that the demo compares, by their labels in its tables."""
    weightless = (info for info in CLICK_MODELS.values() if not info.needs_weights)
    models = {info.label: info.load("") for info in weightless}
    return {**models, NETWORK: load_click_model(place.root / MODEL)}


def score_models(place: Workplace) -> pd.DataFrame:
    """Score the click models on the held-out instances of all rounds."""
    path = place.root / SCORES
    if not path.exists():
        held_out = joined(place.instances("test"))
        write_scores(score_click_models(held_out, click_models(place)), path)
    return pd.read_parquet(path)


def spread(tables: Mapping[str, InstanceTable], count: int) -> dict[str, list[int]]:
    """Choose instances over as many images as there are; the datasets take turns.

    Args:
        tables: Instances by dataset.
        count: How many to choose.

    Returns:
        Dataset -> positions in its table.

    Example:
        >>> stems = {"full_stem": ["a", "a_fn", "b"], "image_stem": ["a", "a", "b"]}
        >>> rows = datasets.Dataset.from_dict(stems)
        >>> table = InstanceTable(rows, rows)
        >>> spread({"grabcut": table, "davis": table[2:]}, 3)
        {'grabcut': [0, 2], 'davis': [0]}
    """
    turns = []
    for name, table in tables.items():
        ranks = {i: rank for of in table.group_by_image().values() for rank, i in enumerate(of)}
        first_of_images_first = sorted(ranks, key=lambda i: (ranks[i], i))
        turns += [(turn, name, i) for turn, i in enumerate(first_of_images_first)]
    chosen = sorted(turns)[:count]
    return {name: [i for _, of, i in chosen if of == name] for name in tables}


def sample_stems(place: Workplace) -> dict[str, list[str]]:
    """First-round instances to benchmark: all with ``--full``, else a sample of the stated size."""
    tables = place.instances("test", first_round=True)
    if place.settings.full:
        return {name: table.stems for name, table in tables.items()}
    chosen = spread(tables, place.settings.instances)
    return {name: [tables[name].stems[i] for i in sorted(of)] for name, of in chosen.items()}


def benchmark(place: Workplace) -> list[Path]:
    """Benchmark GeoCut on the sample, a results folder a dataset."""
    folders = []
    for name, stems in sample_stems(place).items():
        if stems:
            folders.append(
                run_benchmark(
                    RepoInstances(str(place.root / REPO), name),
                    segmenter="geocut",
                    click_model=str(place.root / MODEL),
                    out=place.root / RESULTS / name,
                    stems=stems,
                    num_proc=place.settings.num_proc,
                )
            )
    return folders


def joined(tables: Mapping[str, Sequence[Instance]]) -> Sequence[Instance]:
    """The instances of several datasets as one sequence, decoded when they are taken.

    Args:
        tables: Instances by dataset.

    Returns:
        The datasets' instances one after the other.

    Example:
        >>> together = joined({"grabcut": ["095"], "davis": ["bear", "camel"]})
        >>> len(together), together[1]
        (3, 'bear')
    """
    return ConcatDataset(list(tables.values()))  # type: ignore[arg-type, return-value]
