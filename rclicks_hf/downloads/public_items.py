"""The table of everything public that the project can use: what, where, size, licence, result.

Help texts, ``rclicks download --list`` and the documentation are made from `ITEMS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rclicks_hf.data.images.layouts import LAYOUTS
from rclicks_hf.data.public_files import COMMIT, FILES, PublicFile
from rclicks_hf.data.schema import SOURCE_DATASETS

#: Mirrors: environment variable -> prefix of file names, and the files that it applies to.
ENDPOINT_VARIABLE = "RCLICKS_ENDPOINT"  # a mirror of `GITHUB`, as HF_ENDPOINT is for the Hub
MIRROR_VARIABLE = "RCLICKS_MIRROR"  # a folder or address that holds all files by their names

GITHUB = "https://raw.githubusercontent.com/emb-ai/rclicks"
_RELEASES = "https://github.com/saic-vul/fbrs_interactive_segmentation/releases/download/v1.0"
_DRIVE = "https://drive.google.com"

Becomes = Literal["files", "source", "folder", "clickability", "saliency", "results"]


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch."""

    name: str  # its name, also at a mirror
    address: str  # where a browser finds it
    megabytes: float  # its size, about
    drive_file: str = ""  # its id on the drive, ``""`` if it is not there
    drive_folder: str = ""  # id of the folder on the drive that holds it, ``""`` if unknown
    # How its content is checked; None where nothing is published on it
    check: PublicFile | None = None

    @property
    def is_on_drive(self) -> bool:
        """Whether it needs Google Drive's own protocol."""
        return bool(self.drive_file or self.drive_folder)


@dataclass(frozen=True)
class PublicItem:
    """One row of `ITEMS`.

    Attributes:
        name: Name that users type.
        title: Description in one line.
        files: Files to download.
        licence: Its licence, and who may use it.
        becomes: What it is turned into: see `rclicks_hf.downloads.preparing`.
        folder: Name of the result in the download folder; ``""`` for files.
        note: What the result is for.

    Example:
        >>> item = ITEMS["grabcut"]
        >>> item.folder, round(item.megabytes), item.files[0].name
        ('GrabCut', 11, 'GrabCut.zip')
    """

    name: str
    title: str
    files: tuple[RemoteFile, ...]
    licence: str
    becomes: Becomes
    folder: str
    note: str

    @property
    def megabytes(self) -> float:
        """Maximum size of the download, in MB."""
        return sum(file.megabytes for file in self.files)


def _release(name: str, megabytes: float) -> tuple[RemoteFile, ...]:
    return (RemoteFile(f"{name}.zip", f"{_RELEASES}/{name}.zip", megabytes),)


def _drive_file(name: str, key: str, megabytes: float) -> tuple[RemoteFile, ...]:
    return (RemoteFile(name, f"{_DRIVE}/file/d/{key}", megabytes, drive_file=key),)


def _drive_folder(name: str, key: str, megabytes: float) -> tuple[RemoteFile, ...]:
    return (RemoteFile(name, f"{_DRIVE}/drive/folders/{key}", megabytes, drive_folder=key),)


_CHECKPOINTS = _drive_folder(
    "CLICKABILITY_CHECKPOINTS.zip", "1ERy2swCS35qT_J0B-QQsPCfyzXbPODK7", 445
)
_AUTHORS = "MIT (the paper's repository)"
#: Source dataset -> its images and masks.
_ARCHIVES = {
    "grabcut": _release("GrabCut", 11),
    "berkeley": _release("Berkeley", 7),
    "davis": _release("DAVIS", 43),
    "coco_mval": _release("COCO_MVal", 127),
    "tetris": _drive_file("TETRIS.zip", "1iJgohY1XBSnY-kRUoaRZJlu0HZbyHcyK", 6_300),
}
#: The four archives of images that are small.
SMALL_SOURCES = ("grabcut", "berkeley", "davis", "coco_mval")

#: Name -> item, in the order of the list.
ITEMS: dict[str, PublicItem] = {
    item.name: item
    for item in (
        PublicItem(
            "clicks",
            "the click table, the table of previews and the split lists of TETRIS",
            tuple(
                RemoteFile(file.name, f"{GITHUB}/{COMMIT}/datasets/{file.name}", size, check=file)
                for file, size in zip(FILES, (45, 3, 0.1, 0.1), strict=True)
            ),
            _AUTHORS,
            "files",
            "",
            "rclicks build --clicks clicks.csv",
        ),
        *(
            PublicItem(
                name,
                f"images and masks of {SOURCE_DATASETS[name].title}",
                files,
                SOURCE_DATASETS[name].licence,
                "source",
                LAYOUTS[SOURCE_DATASETS[name].layout].folder,
                "rclicks build --sources DIR",
            )
            for name, files in _ARCHIVES.items()
        ),
        PublicItem(
            "previous-masks",
            "previous masks of the later rounds",
            _drive_folder("SUBSEC_MASKS.zip", "17NbsWTpfA_WyUirTf55LsC90keN2W-Kg", 36),
            _AUTHORS,
            "folder",
            "SUBSEC_MASKS",
            "rclicks build --sources DIR",
        ),
        PublicItem(
            "previews",
            "images and masks of the study of display modes",
            _drive_folder("PREVIEW.zip", "1mcCL0lccassABzt1Tm16gYPO3-V5O3uf", 298),
            _AUTHORS,
            "folder",
            "PREVIEW",
            "rclicks analyse --sources DIR",
        ),
        PublicItem(
            "clickability",
            "the paper's clickability network",
            _CHECKPOINTS,
            _AUTHORS,
            "clickability",
            "clickability",
            "--click-model clickability",
        ),
        PublicItem(
            "saliency",
            "TranSalNet, the network of the click models SI and SM",
            _CHECKPOINTS,
            "MIT (TranSalNet's repository)",
            "saliency",
            "saliency",
            "--click-model si:saliency",
        ),
        PublicItem(
            "results",
            "the paper's per-click results of 33 methods",
            _drive_file("evaluation_results.zip", "1IroXiDsbuECTt2z8GRZgaBxUGShBdE9y", 896),
            _AUTHORS,
            "results",
            "results",
            "rclicks report DIR/results/*",
        ),
        PublicItem(
            "segmenters",
            "official checkpoints of the paper's segmentation methods",
            _drive_file("MODELS_CHECKPOINTS.zip", "1lVP2u5wYqE72S-9Mhw_Y3EGGlJmq5uOg", 21_500),
            "each method's own; see rclicks segmenters. CFR-ICL: non-commercial use only",
            "folder",
            "MODELS_CHECKPOINTS",
            "rclicks convert FAMILY CHECKPOINT OUT",
        ),
    )
}

#: What ``all`` stands for: everything but the checkpoints of other groups, which are 21.5 GB.
_ALL = tuple(name for name in ITEMS if name != "segmenters")


def choose_items(names: Sequence[str]) -> list[PublicItem]:
    """The items of these names, ``all`` among them; in the order of the table.

    Example:
        >>> [item.name for item in choose_items(["davis", "clicks"])]
        ['clicks', 'davis']
    """
    from rclicks_hf.errors import RclicksError

    wanted = {name for given in names for name in (_ALL if given == "all" else (given,))}
    if unknown := sorted(wanted - ITEMS.keys()):
        raise RclicksError(f"{unknown[0]}: unknown item; choose {', '.join(ITEMS)} or all")
    return [item for item in ITEMS.values() if item.name in wanted]
