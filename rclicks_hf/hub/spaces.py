"""The Spaces of this project: one per metric module, and the app."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.transfer import Upload, require_repo_id
from rclicks_hf.metrics.info import METRICS
from rclicks_hf.support.files.resources import resource_path
from rclicks_hf.support.hub_cards.space_card import requirements, space_front
from rclicks_hf.support.text.citation import PAPER_BIBTEX, PAPER_TEXT

_RESULTS = "results"  # folder in the Space
_OWNED = rf"{_RESULTS}/.+/(results\.parquet|manifest\.json)"

_CARD = """
# RClicks

Where people click when they select an object, and how many clicks a segmentation method really
needs: three pages to explore click maps and clicks, to compare methods, and to record clicks.

{paper}

```bibtex
{bibtex}
```

Made with rclicks-hf.
"""
_APP = """from pathlib import Path

from rclicks_hf.space import SpaceSettings, make_app, serve

results = sorted(map(str, Path(__file__).parent.glob("results/*/")))
serve(make_app(SpaceSettings(results=tuple(results))))
"""


def module_folders(repo: str, folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Repo id -> folder of each metric module to push.

    Args:
        repo: A namespace, for all modules or those in ``folders``; or ``"namespace/module"``.
        folders: Folders of modules; none means those of this package.
    """
    names = [info.module for info in METRICS.values()]
    own = {name: resource_path(f"metrics/{name}") for name in names}
    given = {folder.resolve().name: folder for folder in folders} or own
    if "/" not in repo:
        return {f"{repo}/{name}": folder for name, folder in given.items()}
    require_repo_id(repo)
    name = repo.rpartition("/")[2]
    if len(folders) == 1:  # a name of its own
        return {repo: folders[0]}
    if name not in given:
        raise RclicksError(
            f"{repo}: no metric of that name; choose {', '.join(given)}, or give the namespace "
            "alone for all of them"
        )
    return {repo: given[name]}


def app_upload(repo: str, folders: Sequence[Path], scratch: Path) -> Upload:
    """The Space of the app, with cleaned copies of results for its leaderboard.

    Example:
        >>> upload = app_upload("me/rclicks", [], Path("unused"))
        >>> sorted(upload.files)
        ['README.md', 'app.py', 'requirements.txt']
    """
    front = space_front(
        "RClicks",
        "🖱️",
        ("interactive-segmentation", "rclicks", "leaderboard"),
        "Explore where people click, compare segmentation methods, and record clicks.",
    )
    card = front + _CARD.format(paper=PAPER_TEXT, bibtex=PAPER_BIBTEX.strip())
    files: dict[str, Path | bytes] = {
        "README.md": card.encode(),
        "app.py": _APP.encode(),
        "requirements.txt": requirements("rclicks-hf[space]").encode(),
    }
    if folders:
        from rclicks_hf.hub.results_repo import clean_results  # takes seconds

        cleaned = clean_results(folders, scratch)
        files |= {f"{_RESULTS}/{path}": file for path, file in cleaned.files.items()}
    return Upload(repo, "space", files, _OWNED, "the app")
