"""The stages of the demo; each leaves one complete artefact and is skipped if it exists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path

import datasets
import pyarrow as pa
from torch.utils.data import ConcatDataset
from tqdm import tqdm

from rclicks_hf.benchmark import RepoInstances, run_benchmark
from rclicks_hf.click_models import CLICK_MODELS
from rclicks_hf.click_scoring.score_run import run_click_scores
from rclicks_hf.data import ImageStore, Instance, InstanceTable, StoreWithPrevious, build_dataset
from rclicks_hf.data.splits import random_splits
from rclicks_hf.demo.workspace import CLICK_SCORES, MODEL, REPO, RESULTS_FOLDER, Workspace
from rclicks_hf.networks.clickability import ClickabilityConfig
from rclicks_hf.simulation.simulated_rounds import simulate_rounds
from rclicks_hf.training import train

# The best epoch is chosen on the validation images, so that the test images stay unseen.
SPLIT_SHARES = {"train": 0.6, "validation": 0.1, "test": 0.3}
_BATCH_SIZE = 8  # with a few hundred instances, the paper's 16 leaves too few steps
NETWORK = "CM nano, trained here"


def build_repo(space: Workspace, sources: Mapping[str, ImageStore]) -> str:
    """Simulate the clicks, build the dataset repo, and read it back as a user would."""
    if not (space.root / REPO).exists():
        tables, clicked, splits = [], {}, {}
        for name, source in sources.items():
            rounds = simulate_rounds(source, dataset=name, seed=space.settings.seed)
            tables.append(rounds.clicks)
            clicked[name] = StoreWithPrevious(source, rounds.previous_masks)
            stems = {image for image, _ in source.objects()}
            splits[name] = random_splits(stems, fractions=SPLIT_SHARES)
        build_dataset(pa.concat_tables(tables), clicked, space.root / REPO, splits=splits)
    with chdir(space.root):  # the call that users type
        loaded = {name: datasets.load_dataset("rclicks", name) for name in space.datasets}
    return "\n".join(
        f'load_dataset("rclicks", "{name}"): '
        + ", ".join(f"{len(rows)} simulated clicks in {split}" for split, rows in parts.items())
        for name, parts in loaded.items()
    )


def train_network(space: Workspace) -> None:
    """Train the small network on the train split; later stages load what is saved."""
    if (space.root / MODEL).exists():
        return
    with tqdm(desc="training", unit="step") as bar:

        def show(step: int, steps: int, loss: float) -> None:
            bar.total = steps
            if math.isfinite(loss):  # no loss before the first log
                bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
            bar.update(step - bar.n)

        train(
            joined(space.instances("train")),
            joined(space.instances("validation")),
            space.root / MODEL,
            config=ClickabilityConfig.from_preset("nano"),
            epochs=space.settings.epochs,
            batch_size=_BATCH_SIZE,
            seed=space.settings.seed,
            progress=show,
        )


def score_models(space: Workspace) -> Path:
    """Score the click models on the held-out instances of all rounds."""
    models = {info.label: name for name, info in CLICK_MODELS.items() if not info.needs_weights}
    return run_click_scores(
        str(space.root / REPO),
        space.datasets,
        {**models, NETWORK: str(space.root / MODEL)},
        space.root / CLICK_SCORES,
        split="test",
        num_proc=1,  # a matter of seconds; starting processes takes longer
    )


def spread(tables: Mapping[str, InstanceTable], count: int) -> dict[str, list[int]]:
    """Dataset -> positions of chosen instances: many images, the datasets taking turns."""
    turns = []
    for place, (name, table) in enumerate(tables.items()):
        ranks = {i: rank for of in table.group_by_image().values() for rank, i in enumerate(of)}
        first_of_images_first = sorted(ranks, key=lambda i: (ranks[i], i))
        turns += [(turn, place, name, i) for turn, i in enumerate(first_of_images_first)]
    chosen = sorted(turns)[:count]
    return {name: [i for *_, of, i in chosen if of == name] for name in tables}


def sample_stems(space: Workspace) -> dict[str, list[str]]:
    """First-round instances to benchmark: all with ``--full``, else a sample."""
    tables = space.instances("test", first_round=True)
    if space.settings.full:
        return {name: table.stems for name, table in tables.items()}
    chosen = spread(tables, space.settings.instances)
    return {name: [tables[name].stems[i] for i in sorted(of)] for name, of in chosen.items()}


def benchmark(space: Workspace) -> list[Path]:
    """Benchmark GeoCut on the sample; one results folder per dataset."""
    return [
        Path(
            run_benchmark(
                RepoInstances(str(space.root / REPO), name),
                segmenter="geocut",
                click_model=str(space.root / MODEL),
                out=space.root / RESULTS_FOLDER / name,
                stems=stems,
                num_proc=space.settings.num_proc,
            )
        )
        for name, stems in sample_stems(space).items()
        if stems
    ]


def joined(tables: Mapping[str, Sequence[Instance]]) -> Sequence[Instance]:
    """The instances of several datasets as one sequence, decoded on access."""
    return ConcatDataset(list(tables.values()))  # type: ignore[arg-type, return-value]
