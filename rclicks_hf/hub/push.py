"""Push a folder to the Hub in one commit; put dataset and metrics where their libraries look."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.atomic import atomic_directory, explain_full_disk
from rclicks_hf.support.resources import resource_path

REPO_TYPES = ("dataset", "model", "space")
#: What a stopped write of `rclicks_hf.support.atomic`, or Python, may have left in a folder.
_LEFTOVERS = ["*.tmp", "*__pycache__/*"]


def require_repo_id(repo_id: str) -> None:
    """Refuse what cannot be the id of a repo, before there is work that would be in vain.

    Args:
        repo_id: ``"namespace/name"``.

    Raises:
        RclicksError: If it is none.

    Example:
        >>> require_repo_id("owner/name")
        >>> require_repo_id("name")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: name: not a Hub id; write it as namespace/name
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo_id)
        is_whole = "/" in repo_id
    except HFValidationError:
        is_whole = False
    if not is_whole:
        raise RclicksError(f"{repo_id}: not a Hub id; write it as namespace/name")


def push_folder(
    folder: str | Path, repo_id: str, *, repo_type: str = "dataset", private: bool = False
) -> str:
    """Upload a folder to the Hub in one commit; what a stopped write left (``*.tmp``) stays here.

    Args:
        folder: A built dataset repo, a saved model, or a metric module.
        repo_id: ``"namespace/name"``.
        repo_type: ``"dataset"``, ``"model"`` or ``"space"``; a space is an evaluate module, which
            starts with gradio.
        private: Make a new repo private.

    Returns:
        The address of the commit.

    Raises:
        RclicksError: If the folder is missing or has no card, the id or type is wrong, or the Hub
            refuses, is out of reach or goes away; the same call again sends what is missing.

    Example:
        >>> push_folder("never-built", "owner/name")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-built: no README.md there; push a built dataset, ...
    """
    from huggingface_hub import HfApi

    folder = Path(folder)
    if repo_type not in REPO_TYPES:
        raise RclicksError(f"{repo_type}: no such repo type; choose {', '.join(REPO_TYPES)}")
    if not (folder / "README.md").is_file():
        raise RclicksError(f"{folder}: no README.md there; push a built dataset, model or metric")
    require_repo_id(repo_id)
    api = HfApi()
    try:
        api.create_repo(
            repo_id,
            repo_type=repo_type,
            private=private,
            exist_ok=True,
            space_sdk="gradio" if repo_type == "space" else None,
        )
        commit = api.upload_folder(
            folder_path=folder,
            repo_id=repo_id,
            repo_type=repo_type,
            commit_message=f"Upload {folder.resolve().name} with rclicks push",
            ignore_patterns=_LEFTOVERS,
        )
    except ValueError as error:  # the card's metadata, with what is wrong in later lines
        raise RclicksError(f"{folder}: the Hub cannot take it: {error}") from error
    except Exception as error:  # HTTP errors are those of whatever HTTP library the client uses
        raise RclicksError(
            f"{repo_id}: the Hub refused or was out of reach ({_reason(error)}); "
            "check the name, the network and `hf auth login`, then push again"
        ) from error
    return str(commit.commit_url)


def _reason(error: BaseException) -> str:
    """First line of an error, and of what it came from: a failed upload names only the file."""
    lines = str(error).strip().splitlines()
    told = lines[0] if lines else type(error).__name__
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        return f"{told} {_reason(error.__cause__)}"
    return told


def install_all(repo: str | Path | None = None) -> str:
    """Install the metric modules, and a built dataset where there is one.

    Args:
        repo: Folder that `rclicks_hf.data.build_dataset` made; None takes the folder ``rclicks``
            where the command runs, if it is one.

    Returns:
        What can be loaded now, for people.

    Raises:
        RclicksError: If ``repo`` is given and holds no dataset, or the disk refuses.

    Example:
        >>> print(install_all().splitlines()[0])
        evaluate.load("rclicks_delta_gr")
    """
    lines = [f'evaluate.load("{name}")' for name in install_metrics()]
    found = Path(repo) if repo is not None else Path("rclicks")
    if repo is None and not (found / "README.md").is_file():
        return "\n".join([*lines, "no dataset: there is no build in rclicks/; give its folder"])
    from rclicks_hf.hub.dataset_install import install_dataset

    configs = install_dataset(found)
    calls = [f'load_dataset("rclicks", "{name}")' for name in configs]
    return "\n".join([*lines, *calls[:3], f"... {len(calls)} configs of {found}"])


def install_metrics() -> list[str]:
    """Put the metric modules into evaluate's own module cache, under their Hub names.

    ``evaluate.load("rclicks_noc")`` looks at the folder it runs in, then at the Hub, then at this
    cache, so the literal call works offline and from any folder.

    Returns:
        The names that ``evaluate.load`` now knows.

    Raises:
        RclicksError: If the cache cannot be written, or the disk is full.

    Example:
        >>> install_metrics()
        ['rclicks_delta_gr', 'rclicks_delta_sb', 'rclicks_ks', 'rclicks_noc', 'rclicks_nsr',
         'rclicks_nss', 'rclicks_pde', 'rclicks_pl1', 'rclicks_wd']
    """
    root = _evaluate_modules() / "metrics"
    modules = sorted(p for p in resource_path("metrics").iterdir() if p.name.startswith("rclicks_"))
    try:
        with explain_full_disk(root):
            root.mkdir(parents=True, exist_ok=True)
            for package in (root.parent, root):
                (package / "__init__.py").touch()
            for module in modules:
                _install_metric(module, root / f"evaluate-metric--{module.name}")
    except OSError as error:
        raise RclicksError(
            f"{root}: the metrics cannot be installed there ({error.strerror}); set HF_HOME or "
            "HF_MODULES_CACHE to a folder that can be written"
        ) from error
    return [module.name for module in modules]


def _evaluate_modules() -> Path:
    """Folder of evaluate's module cache, by its own rules.

    They are written out, since importing evaluate takes seconds: it imports PyTorch.
    """
    from huggingface_hub.constants import HF_HOME

    cache = os.environ.get("HF_MODULES_CACHE") or Path(HF_HOME) / "modules"
    return Path(cache) / "evaluate_modules"


def _install_metric(module: Path, home: Path) -> None:
    """Copy one module under its content hash; evaluate takes the newest version that it finds."""
    script = module / f"{module.name}.py"
    version = home / hashlib.sha256(script.read_bytes()).hexdigest()
    home.mkdir(exist_ok=True)
    (home / "__init__.py").touch()
    with atomic_directory(version, replace=True) as part:
        shutil.copyfile(script, part / script.name)
        (part / "__init__.py").touch()
