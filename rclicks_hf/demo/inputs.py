"""The demo's images: embedded ones, or a folder of the user's."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.data.sources import ImageStore
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation.photographs import photographs
from rclicks_hf.simulation.scenes.generation import generate_scenes


def gather_sources(data: Path | None, *, scenes: int, seed: int) -> dict[str, ImageStore]:
    """The sources to click on, by the name of their (simulated) dataset.

    Args:
        data: Folder in GrabCut's layout; None for the embedded images.
        scenes: Number of generated scenes.
        seed: Seed of the generated scenes.

    Returns:
        Key in ``SOURCE_DATASETS`` -> source.

    Raises:
        RclicksError: If the folder is not as it should be, or holds too few images to hold any out.

    Example:
        >>> sources = gather_sources(None, scenes=3, seed=0)
        >>> {name: len(source.objects()) for name, source in sources.items()}
        {'simulated_scenes': 6, 'simulated_photographs': 21}
    """
    if data is None:
        return {
            "simulated_scenes": generate_scenes(scenes, seed=seed),
            "simulated_photographs": photographs(),
        }
    source = FolderStore("grabcut", data)
    if len({image for image, _ in source.objects()}) < 2:
        raise RclicksError(f"{data}: one image alone leaves none to hold out; add another")
    return {"simulated_grabcut": source}
