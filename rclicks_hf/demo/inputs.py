"""The demo's images: the embedded ones, or a folder of the user."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.data import ImageStore
from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation.photographs import photographs
from rclicks_hf.simulation.scenes.generation import generate_scenes


def gather_sources(data: Path | None, *, scenes: int, seed: int) -> dict[str, ImageStore]:
    """Image stores by the name of their (simulated) dataset; ``data`` is in GrabCut's layout."""
    if data is None:
        return {
            "simulated_scenes": generate_scenes(scenes, seed=seed),
            "simulated_photographs": photographs(),
        }
    source = FolderStore("grabcut", data)
    if len({image for image, _ in source.objects()}) < 2:
        raise RclicksError(f"{data}: holds one image, so none can be held out; add another")
    return {"simulated_grabcut": source}
