"""What a folder is, judged by its files: the type of the Hub repo that it belongs in."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.data.schema import CLICKS, IMAGES, INSTANCES
from rclicks_hf.errors import RclicksError

_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin")
_TITLES = {"dataset": "a dataset", "model": "a model", "space": "a metric module"}


def find_repo_type(folder: Path, wanted: str | None) -> str:
    """``"dataset"``, ``"model"`` or ``"space"``; refuses another type than the folder's.

    A folder that is neither is taken as what is ``wanted``, by default as a dataset.
    """
    found = _type_of(folder)
    if found and wanted and wanted != found:
        raise RclicksError(
            f"{folder}: is {_TITLES[found]}, not {_TITLES[wanted]}; omit --type, or give {found}"
        )
    return found or wanted or "dataset"


def _type_of(folder: Path) -> str | None:
    if (folder / "manifest.json").is_file():
        raise RclicksError(f"{folder}: is a results folder; push a built dataset, model or metric")
    if (folder / "config.json").is_file() and any(any(folder.glob(name)) for name in _WEIGHTS):
        return "model"
    if (folder / "app.py").is_file() or (folder / f"{folder.resolve().name}.py").is_file():
        return "space"
    places = [folder, *(folder / kind for kind in (CLICKS, IMAGES, INSTANCES))]
    is_dataset = any(place.is_dir() and any(place.glob("*.parquet")) for place in places)
    return "dataset" if is_dataset or any(place.is_dir() for place in places[1:]) else None
