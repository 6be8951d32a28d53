"""Which version of a model or dataset of the Hub was used, as far as the local cache knows."""

from __future__ import annotations

from pathlib import Path


def hub_revision(name: str, kind: str, cache: Path | None = None) -> str:
    """Commit of what was loaded from the Hub under a name.

    Args:
        name: Hub id; anything else has no revision.
        kind: ``"model"`` or ``"dataset"``.
        cache: Folder of the Hub's cache; None takes the user's.

    Returns:
        The commit's hash; ``""`` where nothing of that name was loaded from the Hub.

    Example:
        >>> hub_revision("geocut", "model"), hub_revision("my_module:Method", "model")
        ('', '')
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    if Path(name).exists():
        return ""
    try:
        folder = snapshot_download(name, repo_type=kind, cache_dir=cache, local_files_only=True)
    except (HFValidationError, LocalEntryNotFoundError):
        return ""
    return Path(folder).name
