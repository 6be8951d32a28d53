"""Pushing a folder to the Hub in one commit."""

from __future__ import annotations

import logging
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.repo_files import REPO_TYPES, left_out_lines, repo_files
from rclicks_hf.hub.repo_kind import find_repo_type
from rclicks_hf.support.hub_card import with_hub_id

_log = logging.getLogger(__name__)


def require_repo_id(repo_id: str) -> None:
    """Refuse what cannot be the id of a repo, before a long run that ends with a push.

    Args:
        repo_id: ``"namespace/name"``.

    Raises:
        RclicksError: If it is not a valid id with a namespace.

    Example:
        >>> require_repo_id("name")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: name: not a Hub id; write it as namespace/name
    """
    try:
        validate_repo_id(repo_id)
        is_whole = "/" in repo_id
    except HFValidationError:
        is_whole = False
    if not is_whole:
        raise RclicksError(f"{repo_id}: not a Hub id; write it as namespace/name")


def push_folder(
    folder: str | Path, repo_id: str, *, repo_type: str | None = None, private: bool = False
) -> str:
    """Upload the files of a folder that belong to a kind of repo to the Hub, in one commit.

    Everything else in the folder (other files, hidden ones, caches, unfinished writes, the network
    in `last/`) is left out; a warning of the logger of this module names each of these entries.
    The card of a trained network gets the id of its repo.

    Args:
        folder: A built dataset repo, a saved model, or a metric module.
        repo_id: ``"namespace/name"``.
        repo_type: ``"dataset"``, ``"model"`` or ``"space"`` (an ``evaluate`` module with gradio).
            None: found out from the files.
        private: Create a new repo as private.

    Returns:
        URL of the commit.

    Raises:
        RclicksError: If the folder is missing or has no card, a link in it leaves it, a file is
            too large, the id is wrong or the type is not the folder's, or the Hub refuses or cannot
            be reached; the same call again sends what is missing.

    Example:
        >>> push_folder("never-built", "owner/name")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-built: no README.md there; push a built dataset, ...
    """
    folder = Path(folder)
    if repo_type is not None and repo_type not in REPO_TYPES:
        raise RclicksError(f"{repo_type}: not a repo type; choose {', '.join(REPO_TYPES)}")
    if not (folder / "README.md").is_file():
        raise RclicksError(f"{folder}: no README.md there; push a built dataset, model or metric")
    repo_type = find_repo_type(folder, repo_type)
    require_repo_id(repo_id)
    found = repo_files(folder, repo_type)
    if "README.md" not in found.sent:
        raise RclicksError(f"{folder}: README.md is a link to what is no card; put the card there")
    for line in left_out_lines(folder, found):
        _log.warning("%s", line)
    sent: dict[str, Path | bytes] = {**found.sent}
    if repo_type == "model":
        card = found.sent["README.md"].read_text("utf-8", "surrogateescape")
        sent["README.md"] = with_hub_id(card, repo_id).encode("utf-8", "surrogateescape")
    api = HfApi()
    try:
        api.create_repo(
            repo_id,
            repo_type=repo_type,
            private=private,
            exist_ok=True,
            space_sdk="gradio" if repo_type == "space" else None,
        )
        commit = api.create_commit(
            repo_id,
            [CommitOperationAdd(path, file) for path, file in sent.items()],
            repo_type=repo_type,
            commit_message=f"Upload {folder.resolve().name} with rclicks push",
        )
    except ValueError as error:  # the card's metadata, with what is wrong in later lines
        raise RclicksError(f"{folder}: the Hub cannot take it: {error}") from error
    except Exception as error:  # HTTP errors are those of whatever HTTP library the client uses
        raise RclicksError(
            f"{repo_id}: the Hub refused or could not be reached ({_reason(error)}); "
            "check the name, the network and `hf auth login`, then push again"
        ) from error
    return str(commit.commit_url)


def _reason(error: BaseException) -> str:
    """First line of an error and of its cause, since a failed upload names only the file."""
    lines = str(error).strip().splitlines()
    first = lines[0] if lines else type(error).__name__
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        return f"{first} {_reason(error.__cause__)}"
    return first
