"""The demo's folder: hidden until it is whole, kept when a run is stopped, resumed by the next."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rclicks_hf.demo.settings import DemoSettings
from rclicks_hf.support.atomic import atomic_file, explain_full_disk, require_absent

_DIGEST = ".settings"


@contextmanager
def workspace(settings: DemoSettings) -> Iterator[Path]:
    """A hidden sibling of the output folder that takes its name when the demo is done.

    What a stopped run of the same settings finished is there again; what other settings left is
    removed.

    Args:
        settings: Of the demo; ``settings.out`` is the final name.

    Yields:
        The hidden folder.

    Raises:
        RclicksError: If the output folder exists.

    Example:
        >>> import tempfile
        >>> settings = DemoSettings(out=Path(tempfile.mkdtemp()) / "demo")
        >>> with workspace(settings) as work:
        ...     print(work.name, settings.out.exists())
        ...     _ = (work / "report.html").write_text("done")
        .demo.partial False
        >>> work.exists(), [path.name for path in settings.out.iterdir()]
        (False, ['report.html'])
    """
    out = settings.out
    require_absent(out)
    work = out.with_name(f".{out.name}.partial")
    if work.exists() and not _is_of(work, settings):
        shutil.rmtree(work)
    if not work.exists():
        with atomic_file(work / _DIGEST) as part:
            part.write_text(settings.digest)
    try:
        with explain_full_disk(out):
            yield work
    except BaseException:
        if [path.name for path in work.iterdir()] == [_DIGEST]:  # nothing to resume from
            shutil.rmtree(work)
        raise
    (work / _DIGEST).unlink()
    require_absent(out)
    os.rename(work, out)


def _is_of(work: Path, settings: DemoSettings) -> bool:
    digest = work / _DIGEST
    return digest.is_file() and digest.read_text() == settings.digest
