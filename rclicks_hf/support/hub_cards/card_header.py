"""A check of YAML from outside before any library reads it: its size once aliases are expanded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from rclicks_hf.errors import RclicksError

CARD = "README.md"
_YAML_FILES = (".huggingface.yaml", "eval.yaml")  # read from a repo besides its card
_MOST_BYTES = 4 << 20  # of a file
_MOST_VALUES = 100_000  # with aliases expanded; the largest card of this package has 7,000
_DEEPEST = 50
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_cards(repo: str | Path) -> None:
    """Refuse a repo folder whose card, or other YAML, would fill the memory; no folder is fine."""
    if not Path(repo).is_dir():
        return
    for name in (CARD, *_YAML_FILES):
        path = Path(repo) / name
        if path.is_file():
            check_yaml_file(path)


def check_hub_cards(repo_id: str) -> None:
    """`check_cards` for a dataset repo of the Hub; without a network nothing is read from there."""
    try:
        files = HfApi().get_paths_info(repo_id, [CARD, *_YAML_FILES], repo_type="dataset")
        large = next((file for file in files if getattr(file, "size", 0) > _MOST_BYTES), None)
        paths = [
            Path(hf_hub_download(repo_id, file.path, repo_type="dataset"))
            for file in ([] if large else files)
        ]
    except Exception:  # whatever HTTP library the client uses; `datasets` reports it
        return
    if large is not None:
        raise RclicksError(f"{repo_id}/{large.path}: larger than {_MOST_BYTES >> 20} MiB")
    for path in paths:
        check_yaml_file(path, f"{repo_id}/{path.name}")


def check_yaml_file(path: Path, name: str = "") -> None:
    """Refuse YAML, or a card's front matter, that grows beyond all use; `RclicksError`."""
    name = name or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RclicksError(f"{name}: cannot be read ({error.strerror or error})") from error
    if len(data) > _MOST_BYTES:
        raise RclicksError(f"{name}: larger than {_MOST_BYTES >> 20} MiB; give a smaller file")
    text = data.decode("utf-8-sig", errors="replace")
    if problem := yaml_problem(_front_matter(text) if path.suffix == ".md" else text):
        raise RclicksError(f"{name}: {problem}; write its YAML without aliases")


def read_front_matter(path: Path) -> dict[str, Any] | None:
    """What `metadata_load` of the Hub's client returns or raises, parsed ten times faster."""
    found = REGEX_YAML_BLOCK.search(path.read_text("utf-8-sig"))
    header = yaml.load(found[2], Loader=_LOADER) if found else None
    if not isinstance(header, dict | None):
        raise ValueError(f"{path}: its header is not a mapping")
    return header


def _front_matter(text: str) -> str:
    """What libraries take as the front matter: from the first line of dashes to the next."""
    lines = text.lstrip().splitlines()
    if not lines or not lines[0].startswith("---"):
        return ""
    end = next((i for i, line in enumerate(lines[1:], 1) if line.startswith("---")), len(lines))
    return "\n".join(lines[1:end])


def yaml_problem(text: str) -> str:
    """Why YAML text may not be read; ``""`` for what is fine or not YAML, which others report.

    Example:
        >>> yaml_problem("a: [1, 2]"), yaml_problem("a: &a [*a]")
        ('', 'contains itself')
    """
    try:
        return _problem(yaml.parse(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError):
        return ""


def _problem(events: Iterable[Any]) -> str:
    open_sizes = [0]  # values in each collection that is still open, the outermost first
    open_anchors: list[str | None] = [None]
    sizes: dict[str, int] = {}
    total = 0
    for event in events:
        anchor = getattr(event, "anchor", None)
        size = 1
        if isinstance(event, yaml.CollectionStartEvent):
            open_sizes.append(0)
            open_anchors.append(anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            size, anchor = open_sizes.pop(), open_anchors.pop()
            total -= size  # counted as its values came
        elif isinstance(event, yaml.AliasEvent):
            if anchor in open_anchors:
                return "contains itself"
            size, anchor = sizes.get(anchor or "", 1), None
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        if anchor and not isinstance(event, yaml.CollectionStartEvent):
            sizes[anchor] = size
        open_sizes[-1] += size
        total += size
        if total > _MOST_VALUES:
            return f"holds more than {_MOST_VALUES:,} values"
        if len(open_sizes) > _DEEPEST:
            return f"is nested more than {_DEEPEST} levels deep"
    return ""
