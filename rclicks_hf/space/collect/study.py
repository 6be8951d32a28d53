"""What annotators click on: pictures with objects, how each is shown to whom, and in what order."""

from __future__ import annotations

import json
import threading
import zlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rclicks_hf.analysis.display_modes import DISPLAY_MODES, REFERENCE_MODE
from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.data.images.interface import ImageStore
from rclicks_hf.data.images.layouts import LAYOUTS
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation.photographs import photograph_records
from rclicks_hf.space.collect.clicks import ClickJournal, CollectedClick, annotator_of
from rclicks_hf.space.instance_catalogues import embedded_photographs

#: Optional file in the study's folder; its keys are those of `_KINDS`.
STUDY_FILE = "study.json"
_KINDS = {"consent": str, "display_modes": list, "descriptions": dict}
_JSON_NAMES = {str: "a text", list: "a list", dict: "an object"}
_LARGEST_FILE = 16 << 20  # bytes

_INSTRUCTION = """\
You will see pictures. In each one, click once on the object that is shown to you, wherever you \
would naturally click to select it. There is no right or wrong place.
"""

CONSENT = f"""\
{_INSTRUCTION}
**Recorded:** the position of each click, whether it was made with a mouse, a finger, a pen or \
the keyboard, the time it took, and how the object was shown. **Not recorded:** your name, your \
IP address, and anything else about you or your device.

The clicks are stored under a random code. They may be published for research. You can stop at \
any time; your code lets you continue later."""

_PREVIEW_CONSENT = f"""\
{_INSTRUCTION}
**This is a preview on embedded photographs: clicks are not saved.** `rclicks space --collect \
FOLDER` collects clicks on your own pictures."""


@dataclass(frozen=True)
class Task:
    """One object to click on, and how it is shown."""

    image_stem: str
    object_stem: str
    mode: str
    description: str = ""

    @property
    def full_stem(self) -> str:
        """Name of the instance: image and object."""
        return str(FullStem(self.image_stem, self.object_stem))


@dataclass(frozen=True, eq=False)
class Study:
    """Pictures with objects, and where clicks on them are recorded."""

    dataset: str  # key of `SOURCE_DATASETS` that the pictures belong to
    store: ImageStore
    objects: tuple[tuple[str, str], ...]  # (image_stem, object_stem) of the objects to click on
    modes: tuple[str, ...] = DISPLAY_MODES  # display modes in use
    # full_stem -> the object in words; others are not shown as a text
    descriptions: Mapping[str, str] = field(default_factory=dict)
    consent: str = CONSENT  # Markdown that an annotator must agree to
    journal: ClickJournal | None = None  # where clicks are recorded; None keeps nothing
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def next_task(self, code: str, done: Collection[str]) -> Task | None:
        """The first object of the annotator's own order that is not done; None after the last.

        Order and modes depend on the code and the object alone, so that a study can be resumed,
        and pictures can be added to it.
        """
        annotator = annotator_of(code)
        left = [one for one in self.objects if str(FullStem(*one)) not in done]
        if not left:
            return None
        image_stem, object_stem = min(left, key=lambda one: (_draw(annotator, "order", *one), one))
        description = self.descriptions.get(str(FullStem(image_stem, object_stem)), "")
        modes = [mode for mode in self.modes if mode != REFERENCE_MODE or description]
        mode = modes[_draw(annotator, "mode", image_stem, object_stem) % len(modes)]
        return Task(image_stem, object_stem, mode, description)

    def picture(self, task: Task) -> tuple[np.ndarray, np.ndarray]:
        """Picture (H, W, 3) uint8 and object mask (H, W) bool of a task."""
        with self._lock:  # a store remembers the mask that it read last
            image = self.store.image(task.image_stem)
            mask = self.store.mask(task.image_stem, task.object_stem) == 1
        return image, mask

    def recorded(self, code: str) -> list[CollectedClick]:
        """The clicks that are kept of an annotator."""
        return self.journal.of(code) if self.journal else []

    def record(
        self, code: str, earlier: list[CollectedClick], click: CollectedClick
    ) -> list[CollectedClick]:
        """Keep a click; returns all of the annotator, which ``earlier`` are where none is kept."""
        return self.journal.append(code, click) if self.journal else [*earlier, click]


def _draw(*parts: str) -> int:
    """A number that looks random and depends on the texts alone."""
    return zlib.crc32("\n".join(parts).encode())


def open_study(collect: Path | None, pictures: Path | None = None) -> Study:
    """The study of a folder; without one the embedded photographs, of which no click is kept.

    Args:
        collect: Folder that clicks are recorded in, with an optional ``study.json``.
        pictures: The pictures: a folder of one of `LAYOUTS`, such as ``Own`` with ``images/`` and
            ``masks/``, or the folder it is in, as ``rclicks build --sources`` takes it; None for
            ``collect`` itself.

    Raises:
        RclicksError: If a folder or ``study.json`` is not as it must be.
    """
    if collect is None:
        return _preview()
    dataset, store = _open_store(pictures or collect)
    objects = tuple(store.objects())
    return Study(
        dataset,
        store,
        objects,
        journal=ClickJournal(collect),
        **_read_study_file(collect / STUDY_FILE, {str(FullStem(*one)) for one in objects}),
    )


def _preview() -> Study:
    store = embedded_photographs()
    descriptions = {}
    for record in photograph_records():
        labels = Counter(item.label for item in record.objects)
        for item in record.objects:
            if labels[item.label] == 1:  # "coin" says of none of eight which
                full_stem = str(FullStem(record.image_stem, item.object_stem))
                descriptions[full_stem] = item.label
    objects = tuple(store.objects())
    return Study(
        "simulated_photographs",
        store,
        objects,
        descriptions=descriptions,
        consent=_PREVIEW_CONSENT,
    )


def _open_store(folder: Path) -> tuple[str, FolderStore]:
    layouts = {
        name: LAYOUTS[entry.layout]
        for name, entry in SOURCE_DATASETS.items()
        if entry.layout and not entry.is_simulated
    }
    found = {
        name: root
        for name, layout in layouts.items()
        for root in (folder / layout.folder, folder.absolute())
        if root.name == layout.folder and root.is_dir()
    }
    if len(found) != 1:
        several = ", ".join(f"{root.name}/" for root in found.values()) or "no folder of pictures"
        raise RclicksError(
            f"{folder}: has {several}; collecting needs one, such as Own/images with pictures and "
            "Own/masks with a mask of the same name for each, white on black"
        )
    [(name, root)] = found.items()
    return name, FolderStore(layouts[name].name, root)


def _read_study_file(path: Path, stems: Collection[str]) -> dict[str, Any]:
    """The fields of `Study` that the file sets; none without a file."""
    if not path.is_file():
        return {}
    content = _read_object(path)
    if not content.get("consent", CONSENT).strip():
        raise RclicksError(f"{path}: consent is empty; write what annotators agree to")
    descriptions = content.get("descriptions", {})
    for stem, text in descriptions.items():
        if stem not in stems:
            raise RclicksError(f"{path}: descriptions: there is no object {stem!r}")
        if not isinstance(text, str) or not text.strip():
            raise RclicksError(f"{path}: descriptions: {stem!r} needs a text")
    if "display_modes" in content:
        content["modes"] = _checked_modes(path, content.pop("display_modes"))
        undescribed = [stem for stem in stems if stem not in descriptions]
        if content["modes"] == (REFERENCE_MODE,) and undescribed:
            raise RclicksError(
                f"{path}: descriptions: {min(undescribed)!r} has none, and {REFERENCE_MODE} is the "
                "only display mode"
            )
    return content


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON object with some of the keys of `_KINDS`."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise RclicksError(f"{path}: is larger than {_LARGEST_FILE >> 20} MiB; shorten it")
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RclicksError(f"{path}: is not JSON ({error}); write a JSON object") from error
    if not isinstance(content, dict):
        raise RclicksError(f"{path}: is not a JSON object; write {{...}} with {', '.join(_KINDS)}")
    for key, value in content.items():
        if key not in _KINDS:
            raise RclicksError(f"{path}: unknown key {key!r}; use {', '.join(_KINDS)}")
        if not isinstance(value, _KINDS[key]):
            raise RclicksError(f"{path}: {key} must be {_JSON_NAMES[_KINDS[key]]}")
    return content


def _checked_modes(path: Path, modes: list[Any]) -> tuple[str, ...]:
    unknown = [mode for mode in modes if mode not in DISPLAY_MODES]
    if unknown or not modes:
        raise RclicksError(
            f"{path}: display_modes: {unknown[0]!r} is unknown; use {', '.join(DISPLAY_MODES)}"
            if unknown
            else f"{path}: display_modes is empty; use {', '.join(DISPLAY_MODES)}"
        )
    return tuple(dict.fromkeys(modes))
