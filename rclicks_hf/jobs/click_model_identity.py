"""What a click model is: its name, and a digest of its files or its commit."""

from __future__ import annotations

from pathlib import Path

from rclicks_hf.click_models.registry import split_spec
from rclicks_hf.jobs.revisions import hub_revision
from rclicks_hf.support.provenance import folder_digest


def click_model_identity(spec: str) -> dict[str, str]:
    """What a click model is, wherever it lies: its name, and a digest of its files or its commit.

    Args:
        spec: What `load_click_model` takes: name, folder or Hub id, with or without a prefix.

    Returns:
        ``click_model`` and ``click_model_fingerprint``: of a folder a digest of its files, of a Hub
        repo the commit that was loaded here; ``""`` where there is neither.

    Example:
        >>> click_model_identity("dt")
        {'click_model': 'dt', 'click_model_fingerprint': ''}
    """
    name, weights = split_spec(spec)
    folder = Path(weights)
    if not weights or not folder.is_dir():
        revision = hub_revision(weights, "model") if weights else ""
        return {"click_model": spec, "click_model_fingerprint": revision}
    prefix = "" if spec == weights else f"{name}:"
    return {
        "click_model": prefix + folder.resolve().name,
        "click_model_fingerprint": folder_digest(folder),
    }
