"""What a segmenter is: its name, and a digest of its files or its commit."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rclicks_hf.jobs.revisions import hub_revision
from rclicks_hf.segmenters.interface import SEGMENTERS
from rclicks_hf.support.provenance import file_digest, folder_digest


def segmenter_identity(spec: str) -> dict[str, str]:
    """What a segmenter is, wherever it lies: its name, and a digest of its files or its commit.

    Of a class of one's own that is the file of its module; what the module imports is not seen.

    Args:
        spec: What `load_segmenter` takes, and has loaded.

    Returns:
        ``segmenter`` and ``segmenter_fingerprint``: of a folder or module a digest, of a Hub repo
        the commit that was loaded here; ``""`` where there is neither.

    Example:
        >>> segmenter_identity("geocut")
        {'segmenter': 'geocut', 'segmenter_fingerprint': ''}
    """
    name, digest = spec, ""
    if spec in SEGMENTERS:  # names win over folders of that name
        pass
    elif Path(spec).is_dir():
        name, digest = Path(spec).resolve().name, folder_digest(Path(spec))
    elif ":" in spec:
        digest = _code_digest(spec.partition(":")[0])
    else:
        digest = hub_revision(spec, "model")
    return {"segmenter": name, "segmenter_fingerprint": digest}


def _code_digest(module_name: str) -> str:
    found = importlib.util.find_spec(module_name)
    origin = Path(found.origin) if found is not None and found.origin else None
    return file_digest(origin) if origin is not None and origin.is_file() else ""
