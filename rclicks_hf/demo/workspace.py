"""The demo's folder: hidden until complete, kept when a run is stopped, resumed by the next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.data import InstanceTable, load_instances
from rclicks_hf.demo.settings import DemoSettings
from rclicks_hf.support.files.atomic import (
    atomic_file,
    explain_full_disk,
    require_absent,
    take_name,
)

REPO = "rclicks"
MODEL = "clickability-nano-simulated"  # what its card, and manifests of benchmarks, call it
CLICK_SCORES = "click_scores"
RESULTS_FOLDER = "results"
_DIGEST = ".settings"


@dataclass(frozen=True)
class Workspace:
    """Folder of a demo run, keys of the datasets it works on, and the user's settings."""

    root: Path
    datasets: tuple[str, ...]
    settings: DemoSettings

    def instances(self, split: str, *, first_round: bool = False) -> dict[str, InstanceTable]:
        """The instances of a split, by dataset."""
        rounds = {"rounds": ("first",)} if first_round else {}
        return {
            name: load_instances(self.root / REPO, name, split=split, **rounds)
            for name in self.datasets
        }


@contextmanager
def open_workspace(settings: DemoSettings, datasets: Sequence[str] = ()) -> Iterator[Workspace]:
    """A hidden sibling of the output folder, renamed to it when the demo is done."""
    out = settings.out
    require_absent(out)
    root = out.with_name(f".{out.name}.partial")
    if root.exists() and not _is_of(root, settings):
        shutil.rmtree(root)
    if not root.exists():
        with atomic_file(root / _DIGEST) as part:
            part.write_text(settings.digest)
    try:
        with explain_full_disk(out):
            yield Workspace(root.resolve(), tuple(datasets), settings)
    except BaseException:
        if [path.name for path in root.iterdir()] == [_DIGEST]:  # nothing to resume from
            shutil.rmtree(root)
        raise
    (root / _DIGEST).unlink()
    take_name(root, out)


def _is_of(root: Path, settings: DemoSettings) -> bool:
    digest = root / _DIGEST
    return digest.is_file() and digest.read_text() == settings.digest
