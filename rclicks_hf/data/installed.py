"""The dataset that ``rclicks install`` put into the cache of ``datasets``."""

from __future__ import annotations

from pathlib import Path

import datasets

NAME = "rclicks"
VERSION = "0.0.0"
MARK = "installed-by-rclicks"


def installed_configs(cache_dir: str | Path | None = None) -> dict[str, Path]:
    """Config name -> folder of its Arrow files; empty where nothing is installed."""
    home = Path(cache_dir or datasets.config.HF_DATASETS_CACHE) / NAME
    return {mark.parents[2].name: mark.parent for mark in home.glob(f"*/{VERSION}/*/{MARK}")}


def installed_splits(folder: Path) -> dict[str, list[Path]]:
    """Split -> the Arrow files of an installed config, in order."""
    splits: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"{NAME}-*.arrow")):
        splits.setdefault(path.stem.split("-")[1], []).append(path)
    return splits
