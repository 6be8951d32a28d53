"""Options of ``rclicks demo``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rclicks_hf.errors import RclicksError

MIN_SCENES = 3  # one in three is held out, two are needed for training
LEAST = {"scenes": MIN_SCENES, "epochs": 1, "instances": 1, "seed": 0, "num_proc": 1}


@dataclass(frozen=True)
class DemoSettings:
    """Options of one demo run.

    Attributes:
        data: Folder in GrabCut's layout; None for the embedded images.
        out: Folder to create.
        full: Benchmark all held-out instances instead of a sample.
        num_proc: Processes of the benchmark; None for one per core.
        seed: Seed of the scenes, the simulated clicks and the training.
        scenes: Number of generated scenes among the embedded images.
        epochs: Training epochs.
        instances: Size of the benchmark's sample.

    Raises:
        RclicksError: If a number is too small.

    Example:
        >>> DemoSettings(out=Path("a")).digest == DemoSettings(out=Path("b")).digest
        True
    """

    data: Path | None = None
    out: Path = Path("rclicks-demo")
    full: bool = False
    num_proc: int | None = None
    seed: int = 0
    scenes: int = 36
    epochs: int = 15
    instances: int = 20

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise RclicksError(f"--{name.replace('_', '-')} {value}: must be at least {least}")

    @property
    def digest(self) -> str:
        """Digest of the settings that decide the results (not ``out``, not ``num_proc``)."""
        deciding: dict[str, object] = {
            k: str(v) for k, v in asdict(self).items() if k not in ("out", "num_proc")
        }
        deciding["data"] = _state(self.data) if self.data else "embedded"
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _state(folder: Path) -> list[object]:
    """The folder and its files as they are now, so that no run resumes with changed images."""
    root = folder.resolve()
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return [str(root), *((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files)]
