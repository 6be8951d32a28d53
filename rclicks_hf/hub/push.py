"""Pushing to the Hub: a folder, or all that one kind of repo is made of."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.repo_kind import find_repo_type
from rclicks_hf.hub.sent_files import OWNED, REPO_TYPES, left_out_lines, sent_files
from rclicks_hf.hub.transfer import (
    MAIN,
    Pushed,
    PushOptions,
    Upload,
    require_repo_id,
    transfer,
)
from rclicks_hf.support.hub_cards.hub_card import with_hub_id

_log = logging.getLogger(__name__)


def push_folder(
    folder: str | Path,
    repo_id: str,
    *,
    repo_type: str | None = None,
    private: bool = False,
    revision: str = MAIN,
    dry_run: bool = False,
) -> Pushed:
    """Make a Hub repo equal to a folder, in one commit, or in none if it already is.

    Only the files that belong to the kind of repo are sent; everything else in the folder (other
    files, hidden ones, caches, unfinished writes, the network in `last/`) is left out, and a
    warning of the logger of this module names it. Data and weights in the repo that
    the folder no longer has are deleted; all other files in the repo are kept.
    The card of a trained network gets the id of its repo.

    Args:
        folder: A built dataset repo, a saved model, or a metric module.
        repo_id: ``"namespace/name"``.
        repo_type: ``"dataset"``, ``"model"`` or ``"space"`` (an ``evaluate`` module with gradio).
            None: detected from the files.
        private: Create a new repo as private; an existing public one is refused.
        revision: Branch; a new one starts from the main branch.
        dry_run: Only report what would be changed; needs no token for a public repo.

    Returns:
        What was changed, or would be, and the URL of the commit.

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
    options = PushOptions(private, revision, dry_run)
    return transfer(_folder_upload(Path(folder), repo_id, repo_type), options)


def push_kind(
    kind: str,
    repo: str,
    folders: Sequence[str | Path] = (),
    *,
    private: bool = False,
    revision: str = MAIN,
    dry_run: bool = False,
) -> list[Pushed]:
    """Push one kind of thing; see `push_folder` for what is uploaded, deleted and kept.

    Args:
        kind: Key of `KINDS`. ``"dataset"`` and ``"model"`` push a folder; ``"metrics"`` the nine
            ``evaluate`` modules, each to a Space of its own; ``"results"`` benchmark results as one
            dataset repo, which then holds exactly these; ``"space"`` the Gradio app, with results
            for its leaderboard where some are given.
        repo: ``"namespace/name"``; for ``"metrics"`` also a namespace, or the name of one module.
        folders: What to push. None: ``rclicks`` for a dataset, ``model`` for a model; all modules
            for the metrics.
        private, revision, dry_run: As for `push_folder`.

    Returns:
        What was changed in each repo.

    Raises:
        RclicksError: As for `push_folder`, or if the kind is unknown.

    Example:
        >>> push_kind("metrics", "owner/rclicks_f1")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: owner/rclicks_f1: no metric of that name; choose rclicks_ks,
        ...
    """
    if kind not in KINDS:
        raise RclicksError(f"{kind}: unknown kind of repo; choose {', '.join(KINDS)}")
    options = PushOptions(private, revision, dry_run)
    with tempfile.TemporaryDirectory(prefix="rclicks-push-") as scratch:
        uploads = KINDS[kind](repo, [Path(folder) for folder in folders], Path(scratch))
        return [transfer(upload, options) for upload in uploads]


def _folder_upload(folder: Path, repo_id: str, repo_type: str | None) -> Upload:
    if repo_type is not None and repo_type not in REPO_TYPES:
        raise RclicksError(f"{repo_type}: not a repo type; choose {', '.join(REPO_TYPES)}")
    if not (folder / "README.md").is_file():
        raise RclicksError(f"{folder}: no README.md there; push a built dataset, model or metric")
    repo_type = find_repo_type(folder, repo_type)
    require_repo_id(repo_id)
    found = sent_files(folder, repo_type)
    if "README.md" not in found.sent:
        raise RclicksError(
            f"{folder}: README.md is a link to something that is not a card; put the card there"
        )
    for line in left_out_lines(folder, found):
        _log.warning("%s", line)
    sent: dict[str, Path | bytes] = {**found.sent}
    if repo_type == "model":
        card = found.sent["README.md"].read_text("utf-8", "surrogateescape")
        sent["README.md"] = with_hub_id(card, repo_id).encode("utf-8", "surrogateescape")
    return Upload(repo_id, repo_type, sent, OWNED[repo_type], folder.resolve().name)


def _dataset(repo: str, folders: Sequence[Path], scratch: Path) -> list[Upload]:
    return [_folder_upload(_only(folders, "rclicks"), repo, "dataset")]


def _model(repo: str, folders: Sequence[Path], scratch: Path) -> list[Upload]:
    return [_folder_upload(_only(folders, "model"), repo, "model")]


def _metrics(repo: str, folders: Sequence[Path], scratch: Path) -> list[Upload]:
    from rclicks_hf.hub.spaces import module_folders

    chosen = module_folders(repo, folders)
    return [_folder_upload(folder, repo_id, "space") for repo_id, folder in chosen.items()]


def _results(repo: str, folders: Sequence[Path], scratch: Path) -> list[Upload]:
    from rclicks_hf.hub.results_repo import results_upload

    require_repo_id(repo)
    return [results_upload(repo, folders, scratch)]


def _space(repo: str, folders: Sequence[Path], scratch: Path) -> list[Upload]:
    from rclicks_hf.hub.spaces import app_upload

    require_repo_id(repo)
    return [app_upload(repo, folders, scratch)]


def _only(folders: Sequence[Path], default: str) -> Path:
    if len(folders) > 1:
        raise RclicksError(f"{folders[1]}: one folder is pushed at a time, got {len(folders)}")
    return folders[0] if folders else Path(default)


#: Kind of repo -> its uploads, of a repo id, folders, and a folder to write in.
KINDS: dict[str, Callable[[str, Sequence[Path], Path], list[Upload]]] = {
    "dataset": _dataset,
    "model": _model,
    "metrics": _metrics,
    "results": _results,
    "space": _space,
}
