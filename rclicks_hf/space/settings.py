"""What the app shows, chosen when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SpaceSettings:
    """What the app shows; the defaults need no files and no network.

    Attributes:
        dataset: Folder or Hub id of a dataset repo to browse; None for the embedded pictures only.
        results: Results folders, or Parquet files in them, for the leaderboard.
        click_models: Specs of click models beside UD and DT, as `load_click_model` takes them.
        segmenters: Specs of segmenters, as `load_segmenter` takes them; the first is the default.
        collect: Folder into which the collected clicks are written; None turns collecting off.
        pictures: Pictures and masks to collect clicks on: a folder ``Own`` with ``images/`` and
            ``masks/`` (or that of a source dataset), or the folder it is in; None for ``collect``.

    Example:
        >>> SpaceSettings().segmenters
        ('geocut',)
    """

    dataset: str | None = None
    results: tuple[str, ...] = ()
    click_models: tuple[str, ...] = ()
    segmenters: tuple[str, ...] = ("geocut",)
    collect: Path | None = None
    pictures: Path | None = None
