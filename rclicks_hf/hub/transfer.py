"""Making a repo of the Hub equal to a set of files, in one commit or in none."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    DatasetInfo,
    HfApi,
    ModelInfo,
    RepoFile,
    SpaceInfo,
)
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.changes import Changes, Files, find_changes
from rclicks_hf.support.hub_errors import hub_problem, patiently
from rclicks_hf.support.text.visible_text import without_secrets

MAIN = "main"
_MOST_LINES = 30  # that a dry run prints of the changes of one repo


@dataclass(frozen=True)
class Upload:
    """A repo as it should be: its files, and which others are removed when they are not among them.

    ``owned`` is a regular expression; whatever else is in the repo stays.
    """

    repo_id: str
    repo_type: str
    files: Files
    owned: str
    source: str  # what the files are of, for messages

    @property
    def title(self) -> str:
        """What the commit's message calls it."""
        return f"Upload {self.source} with rclicks push"


@dataclass(frozen=True)
class PushOptions:
    """How to push: a new repo's visibility, the branch, and whether only to say what would happen.

    Example:
        >>> PushOptions(revision="a" * 40)
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: --revision aaaa...: give the name of a branch, not a commit
    """

    private: bool = False
    revision: str = MAIN
    dry_run: bool = False

    def __post_init__(self) -> None:
        name = self.revision
        if re.fullmatch(r"[0-9a-f]{40}", name):
            raise RclicksError(f"--revision {name}: give the name of a branch, not a commit")
        if not re.fullmatch(r"(?![-/.])(?!refs/)[\w./-]+(?<![/.])", name) or ".." in name:
            raise RclicksError(f"--revision {name}: not the name of a branch")


@dataclass(frozen=True)
class Pushed:
    """What a push did, or with ``dry_run`` would do.

    Attributes:
        repo_id: The repo.
        url: Address of the commit; of the repo where nothing was to push.
        changes: The paths.
        is_new: Whether the repo did not exist, as far as could be seen.
        options: How it was pushed.

    Example:
        >>> print(Pushed("me/rclicks", "", Changes(), False, PushOptions()))
        me/rclicks: nothing to push
    """

    repo_id: str
    url: str
    changes: Changes
    is_new: bool
    options: PushOptions

    def __str__(self) -> str:
        branch = f" ({self.options.revision})" * (self.options.revision != MAIN)
        name = f"{self.repo_id}{branch}"
        if not self.changes:
            return f"{name}: nothing to push"
        if not self.options.dry_run:
            return f"{self.url}: {self.changes}"
        lines = self.changes.lines()
        more = [f"  ... {len(lines) - _MOST_LINES:,} more"] * (len(lines) > _MOST_LINES)
        new = ", in a new repo" * self.is_new
        return "\n".join([f"{name}: dry run{new}, {self.changes}", *lines[:_MOST_LINES], *more])


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


def transfer(upload: Upload, options: PushOptions) -> Pushed:
    """Make a repo equal to an upload, or with ``dry_run`` say what would change."""
    try:
        return _transfer(HfApi(), upload, options)
    except RclicksError:
        raise
    except ValueError as error:  # the card's metadata, with what is wrong in later lines
        if hub_problem(error):
            raise _refused(upload, error) from error
        raise RclicksError(f"{upload.source}: the Hub cannot take it: {error}") from error
    except Exception as error:  # HTTP errors are those of whatever HTTP library the client uses
        raise _refused(upload, error) from error


def _transfer(api: HfApi, upload: Upload, options: PushOptions) -> Pushed:
    repo, kind = upload.repo_id, upload.repo_type
    info, has_branch = patiently(lambda: _look_up(api, upload, options))
    if info is not None and options.private and not info.private:
        raise RclicksError(
            f"{upload.repo_id}: exists and is public; make it private in its settings, or omit "
            "--private"
        )
    parent = info.sha if info is not None else None
    remote = patiently(lambda: _remote_files(api, upload, parent)) if info is not None else {}
    changes = find_changes(upload.files, remote, upload.owned)
    pushed = Pushed(upload.repo_id, _page(api, upload), changes, info is None, options)
    if options.dry_run:
        return pushed
    if info is None:
        api.create_repo(
            repo,
            repo_type=kind,
            private=options.private,
            exist_ok=True,
            space_sdk="gradio" if kind == "space" else None,
        )
    if not has_branch:
        api.create_branch(repo, repo_type=kind, branch=options.revision, exist_ok=True)
    if not changes:
        return pushed
    with warnings.catch_warnings():  # of tables in a Space, which its app reads
        warnings.filterwarnings("ignore", message=".*about to commit a data file")
        commit = api.create_commit(
            repo,
            [
                *(CommitOperationAdd(path, upload.files[path]) for path in changes.sent),
                *(CommitOperationDelete(path) for path in changes.deleted),
            ],
            repo_type=kind,
            commit_message=upload.title,
            revision=options.revision,
            parent_commit=parent,
        )
    return replace(pushed, url=without_secrets(commit.commit_url))


def _look_up(
    api: HfApi, upload: Upload, options: PushOptions
) -> tuple[ModelInfo | DatasetInfo | SpaceInfo | None, bool]:
    """The repo at the branch, or at the main one where the branch is new, and whether it exists."""
    for revision in dict.fromkeys((options.revision, MAIN)):
        try:
            info = api.repo_info(upload.repo_id, repo_type=upload.repo_type, revision=revision)
        except GatedRepoError:
            raise
        except RevisionNotFoundError:
            continue
        except RepositoryNotFoundError:
            return None, options.revision == MAIN
        return info, revision == options.revision  # type: ignore[return-value]
    return None, options.revision == MAIN  # a repo without commits


def _remote_files(api: HfApi, upload: Upload, revision: str | None) -> dict[str, RepoFile]:
    tree = api.list_repo_tree(
        upload.repo_id, recursive=True, revision=revision, repo_type=upload.repo_type
    )
    return {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}


def _page(api: HfApi, upload: Upload) -> str:
    kind = "" if upload.repo_type == "model" else f"{upload.repo_type}s/"
    return without_secrets(f"{api.endpoint}/{kind}{upload.repo_id}")


def _refused(upload: Upload, error: Exception) -> RclicksError:
    problem = hub_problem(error) or "check the name, the network and `hf auth login`, then repeat"
    reason = without_secrets(_reason(error))
    return RclicksError(
        f"{upload.repo_id}: the Hub refused or could not be reached ({reason}); {problem}"
    )


def _reason(error: BaseException) -> str:
    """First line of an error and of its cause, since a failed upload names only the file."""
    lines = str(error).strip().splitlines()
    first = lines[0] if lines else type(error).__name__
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        return f"{first} {_reason(error.__cause__)}"
    return first
