"""A digest of the files that a number was computed from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import yaml
from huggingface_hub import hf_hub_download

from rclicks_hf.data.loading import load_instances
from rclicks_hf.data.repo_files import config_files, content_digest, stored_pictures
from rclicks_hf.data.schema import IMAGES, INSTANCES, ConfigKey
from rclicks_hf.support.hub_cards.card_header import CARD, read_front_matter


def dataset_fingerprint(repo: str, dataset: str, split: str, rounds: Iterable[str]) -> str:
    """A digest that changes whenever the instances of a dataset and split do.

    A folder is digested by its files, a Hub repo by its stored rows of the given rounds.

    Raises:
        RclicksError: If a Hub repo cannot be read.
    """
    root = Path(repo)
    if not root.is_dir():
        return load_instances(repo, dataset, split=split, rounds=tuple(rounds)).content_digest()
    digests: dict[Path, str] = {}
    parts = []
    for kind in (INSTANCES, IMAGES):
        files = config_files(root, ConfigKey(dataset, kind=kind))
        wanted = {name: paths for name, paths in files.items() if name == split}
        parts.append(content_digest(root, wanted, digests))
    return _digest(parts)


def pictures_fingerprint(repo: str, dataset: str, split: str) -> str:
    """A digest of images and object masks, as `rclicks build` stored it; ``""`` if unknown.

    Unlike `dataset_fingerprint` it is the same for two builds with other clicks or other versions
    of this package, so it shows whether results are of the same pictures. See `PictureDigest` for
    what it covers. It is read, not computed: from the files of a folder, or from the card on the
    Hub.
    """
    key, root = ConfigKey(dataset, kind=IMAGES), Path(repo)
    if root.is_dir():
        return stored_pictures(config_files(root, key).get(split, []))
    try:
        header = read_front_matter(Path(hf_hub_download(repo, CARD, repo_type="dataset"))) or {}
    except (OSError, ValueError, yaml.YAMLError):  # offline, or no such card
        return ""
    for entry in header.get("configs") or []:
        if isinstance(entry, dict) and entry.get("config_name") == key.name:
            found = re.search(rf"pictures {split} ([0-9a-f]{{64}})", str(entry.get("description")))
            return found[1] if found else ""
    return ""


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
