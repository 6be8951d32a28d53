"""Train on real photographs with SIMULATED clicks, and compare with UD and DT on held-out images.

    python tests/speed/train_grabcut.py [--data ../shared/data/GrabCut] [--folds 4]

The images are dealt into folds of five. For each fold a network is trained on the other images: a
fifth of these chooses the best epoch by SIM, the rest is learned from, and the five held-out images
are looked at once, at the end. The table is over the held-out images of all folds. No person
clicked, so the numbers say that training works, and nothing about people.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from pathlib import Path

import pandas as pd
import torch

from rclicks_hf import data
from rclicks_hf.click_models import ClickabilityClickModel
from rclicks_hf.click_scoring import (
    ScoreSettings,
    format_score_tables,
    read_click_scores,
    run_click_scores,
    summarise_scores,
)
from rclicks_hf.data import Instance, InstanceTable, load_instances
from rclicks_hf.networks.clickability import ClickabilityConfig
from rclicks_hf.training import train

DATASET = "simulated_grabcut"
HELD_OUT = 5  # images a fold


def deal(stems: list[str], seed: int) -> list[list[str]]:
    """Image stems in folds of five, by a checksum of seed and stem."""
    order = sorted(stems, key=lambda stem: zlib.crc32(f"{seed}/{stem}".encode()))
    return [order[i : i + HELD_OUT] for i in range(0, len(order), HELD_OUT)]


def build(folder: Path, out: Path, seed: int) -> InstanceTable:
    """All instances of the photographs, three simulated rounds each."""
    source = data.FolderStore("grabcut", folder)
    rounds = data.simulate_rounds(source, dataset=DATASET, seed=seed, progress=False)
    images = {image for image, _ in source.objects()}
    data.build_dataset(
        rounds.clicks,
        {DATASET: data.StoreWithPrevious(source, rounds.previous_masks)},
        out,
        splits={DATASET: dict.fromkeys(images, "test")},
        progress=False,
    )
    return load_instances(out, DATASET)


def of_images(table: InstanceTable, stems: list[str]) -> list[Instance]:
    """The instances of some images."""
    at = table.group_by_image()
    return [table[i] for stem in sorted(stems) for i in at[stem]]


def score_fold(
    table: InstanceTable, folds: list[list[str]], fold: int, work: Path, args: argparse.Namespace
) -> pd.DataFrame:
    """Train without one fold, then score the click models on it."""
    rest = [stem for i, stems in enumerate(folds) if i != fold for stem in stems]
    chosen_by = rest[: len(rest) // 5]
    learned = rest[len(rest) // 5 :]
    start = time.time()
    result = train(
        of_images(table, learned),
        of_images(table, chosen_by),
        work / f"model-{fold}",
        config=ClickabilityConfig.from_preset(args.preset),
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        seed=args.seed,
        progress=lambda *step: None,
    )
    print(
        f"fold {fold}: {len(learned)} images to learn from, {len(chosen_by)} to choose the epoch "
        f"by, {len(folds[fold])} held out; best epoch {result.metrics['epoch']:.0f} of "
        f"{args.epochs} with SIM {result.metrics['sim']:.4f}; {time.time() - start:.0f} s",
        flush=True,
    )
    network = ClickabilityClickModel(result.model, result.processor)
    path = run_click_scores(
        of_images(table, folds[fold]),
        None,
        {"UD": "ud", "DT": "dt", f"CM {args.preset}, trained here": network},
        work / f"scores_{fold}",
        settings=ScoreSettings(halvings=0),
        progress=False,
    )
    return read_click_scores(path)


def main() -> None:
    """Parse the options, train fold after fold, print the table."""
    shared = Path(__file__).resolve().parents[3] / "shared"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=shared / "data" / "GrabCut")
    parser.add_argument("--folds", type=int, default=4, help="how many to hold out in turn")
    parser.add_argument("--preset", default="nano")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=1e-2)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        table = build(args.data, work / "rclicks", args.seed)
        folds = deal(sorted(set(table.image_stems)), args.seed)
        scores = [score_fold(table, folds, i, work, args) for i in range(args.folds)]
    print("\n" + format_score_tables(summarise_scores(pd.concat(scores, ignore_index=True))))


if __name__ == "__main__":
    main()
