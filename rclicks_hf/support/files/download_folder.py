"""The folder of downloads: where it is, and what of it other rooms find by name."""

from __future__ import annotations

import os
from pathlib import Path

from rclicks_hf.errors import RclicksError

#: Variable that names the folder; the default is beside the Hub's cache.
CACHE_VARIABLE = "RCLICKS_CACHE"

#: Networks that `rclicks download` makes ready, by the name that users type for their folder.
DOWNLOADED_NETWORKS = ("clickability", "saliency")


def download_folder() -> Path:
    """The folder of downloads; it need not exist."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given).expanduser()
    # As huggingface_hub finds its own; importing it takes a tenth of a second.
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or os.path.join(cache, "huggingface")
    return Path(home).expanduser() / "rclicks"


def find_network(place: str) -> str:
    """The folder of a downloaded network for its name; any other place as it is."""
    if place not in DOWNLOADED_NETWORKS or Path(place).is_dir():
        return place
    folder = download_folder() / place
    if not (folder / "config.json").is_file():
        raise RclicksError(f"{place}: is not in {folder}; run `rclicks download {place}` first")
    return str(folder)
