"""The dataset card: front matter that lists the configs for ``datasets``, and the text.

``datasets`` keys its cache of a local folder by the front matter, not by the files. So the
``description`` of a config contains a digest of its files: a rebuilt dataset is a new one.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from datasets import Features
from jinja2 import Environment, StrictUndefined, Template

from rclicks_hf.data.build.croissant import write_croissant
from rclicks_hf.data.build.own_card import OWN_DATASET, OWN_TEMPLATE, own_header
from rclicks_hf.data.build.photograph_credits import PHOTOGRAPH_CREDITS
from rclicks_hf.data.build.responsible_ai import statements
from rclicks_hf.data.repo_files import (
    RepoFiles,
    config_glob,
    content_digest,
    stored_pictures,
)
from rclicks_hf.data.schema import (
    DEFAULT_CONFIG,
    IMAGES,
    INSTANCES,
    ROUNDS,
    SOURCE_DATASETS,
    ConfigKey,
    config_keys,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.resources import resource_path
from rclicks_hf.support.hub_cards.card_header import CARD, check_yaml_file, read_front_matter
from rclicks_hf.support.hub_cards.eval_results_file import TASK_SCORES
from rclicks_hf.support.text.citation import PAPER_BIBTEX, PAPER_TEXT

LICENCE = "LICENSE.md"
# What the clicks are under; the images and masks are under the terms of their sources.
LICENCE_NAMES = {
    False: "mit-clicks-and-terms-of-sources",
    True: "apache-2.0-clicks-and-terms-of-sources",
}
FULL_SIZE_TAG = "twin"
TEMPLATE = "dataset_scripts/rclicks/card_template.md"
_DIGEST = re.compile(r"content ([0-9a-f]{64})$")
_SIZE_CATEGORIES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)


class FileSize(NamedTuple):
    """Rows of a Parquet file, bytes of its data and bytes on the disk."""

    rows: int
    data: int
    stored: int

    @classmethod
    def of(cls, path: Path) -> FileSize:
        """Read the file's footer."""
        footer = pq.read_metadata(path)
        groups = (footer.row_group(number) for number in range(footer.num_row_groups))
        data = sum(group.total_byte_size for group in groups)
        return cls(footer.num_rows, data, path.stat().st_size)


def write_card(root: Path, *, is_simulated: bool, is_full_size_copy: bool = False) -> list[str]:
    """Write card, licences and ``croissant.json``; returns the config names, default first."""
    repo_files = RepoFiles(root)
    digests: dict[Path, str] = {}
    configs, kinds, infos = _config_tables(root, repo_files, digests, is_simulated)
    datasets = _datasets_of(repo_files)
    counts = [_count_row(repo_files, name) for name in datasets]
    clicks = sum(row["counted"][round_] for row in counts for round_ in ROUNDS)
    header = _header(clicks, is_simulated, is_full_size_copy)
    is_own = OWN_DATASET in datasets
    if is_own:
        header = own_header(header)
    names = [key.name for key in configs]
    split = next(iter(repo_files.of_config(ConfigKey(datasets[0]))))
    text = _dump(header | {"configs": list(configs.values()), "dataset_info": infos})
    body = _template(OWN_TEMPLATE if is_own else TEMPLATE).render(
        is_simulated=is_simulated,
        is_full_size_copy=is_full_size_copy,
        statements=statements(is_simulated),
        datasets=[SOURCE_DATASETS[name] for name in datasets],
        example=datasets[0],
        counts=counts,
        has_images=f"{datasets[0]}-images" in names,
        split=split,
        photographs=PHOTOGRAPH_CREDITS if "simulated_photographs" in datasets else (),
        citation=PAPER_BIBTEX,
        paper=PAPER_TEXT,
        tasks=() if is_simulated else TASK_SCORES,
    )
    (root / CARD).write_text(f"---\n{text}---\n\n{body}", encoding="utf-8")
    (root / LICENCE).write_text(_section(body, "Licences"), encoding="utf-8")
    if is_own:  # the file would state the paper's authors, terms and way of collecting
        return names
    write_croissant(
        root,
        digests,
        kinds,
        name=header["pretty_name"],
        description=f"{clicks:,} {'simulated' if is_simulated else 'real-user'} clicks on objects "
        "in images, for interactive segmentation.",
        licence_file=LICENCE,
        is_simulated=is_simulated,
    )
    return names


def _section(body: str, head: str) -> str:
    """A section of the card as a page of its own."""
    text = body.split(f"\n## {head}\n", 1)[1].split("\n## ", 1)[0]
    return f"# {head}\n{text.rstrip()}\n"


def expected_configs(
    root: Path, repo_files: RepoFiles, header: dict[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Config name -> the entries in ``configs`` and ``dataset_info`` that fit the files of a repo.

    Of the card's header, only the tags are used.
    """
    is_simulated = "simulated" in (header.get("tags") or [])
    entries, _, infos = _config_tables(root, repo_files, {}, is_simulated)
    pairs = zip(entries.values(), infos, strict=True)
    return {entry["config_name"]: (entry, info) for entry, info in pairs}


def _datasets_of(repo_files: RepoFiles) -> list[str]:
    present = repo_files.datasets()
    return [name for name in SOURCE_DATASETS if name in present]


def _config_tables(
    root: Path, repo_files: RepoFiles, digests: dict[Path, str], is_simulated: bool
) -> tuple[dict[ConfigKey, dict[str, Any]], dict[str, Features], list[dict[str, Any]]]:
    """Entries of ``configs``, features by kind of config, and entries of ``dataset_info``."""
    configs: dict[ConfigKey, dict[str, Any]] = {}
    kinds: dict[str, Features] = {}
    sizes: dict[ConfigKey, dict[str, Any]] = {}
    facts: dict[Path, FileSize] = {}
    for key in config_keys(_datasets_of(repo_files)):
        files = repo_files.of_config(key)
        if files:
            if key.kind not in kinds:
                schema = pq.read_schema(next(iter(files.values()))[0])
                kinds[key.kind] = Features.from_arrow_schema(schema)
            digest = content_digest(root, files, digests)
            configs[key] = _config_entry(
                key, list(files), digest, is_simulated, keyed=repo_files.keyed
            )
            if key.kind == IMAGES and (pictures := _pictures(files)):
                text = configs[key]["description"]
                configs[key]["description"] = text.replace("; content", f"; {pictures}; content")
            sizes[key] = _sizes(files, facts)
    lists = {kind: features._to_yaml_list() for kind, features in kinds.items()}
    infos = [
        {"config_name": key.name, "features": lists[key.kind], **sizes[key]} for key in configs
    ]
    return configs, kinds, infos


def _pictures(files: dict[str, list[Path]]) -> str:
    """The digests of pictures and masks by split, as `pictures_fingerprint` finds them."""
    found = {split: stored_pictures(paths) for split, paths in files.items()}
    return ", ".join(f"pictures {split} {digest}" for split, digest in found.items() if digest)


def read_card_header(root: Path) -> dict[str, Any]:
    """The front matter of a repo's card; ``configs`` is a list of entries with a name."""
    path = root / CARD
    if not path.exists():
        what = "is a file" if root.exists() else "does not exist"
        what = "holds no dataset, since README.md is missing" if root.is_dir() else what
        raise RclicksError(f"{root}: {what}; give the folder that `rclicks build` made")
    if path.is_file():
        check_yaml_file(path)
    try:
        header = read_front_matter(path)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise RclicksError(f"{path}: cannot be read; build the dataset again") from error
    if not isinstance(header, dict) or not _lists_configs(header):
        raise RclicksError(f"{path}: its header lists no configs; build the dataset again")
    return header


def _lists_configs(header: dict[str, Any]) -> bool:
    entries = header.get("configs")
    return (
        isinstance(entries, list)
        and bool(entries)
        and all(isinstance(e, dict) and isinstance(e.get("config_name"), str) for e in entries)
    )


def is_build(root: Path) -> bool:
    """Whether a folder is a dataset repo whose card was written by `write_card`."""
    try:
        return any(map(config_digest, read_card_header(root)["configs"]))
    except RclicksError:
        return False


# What a build makes, and what systems and the Hub's client put beside it.
_OF_BUILD = re.compile(
    rf"{CARD}|{LICENCE}|croissant\.json|rejected\.parquet|(clicks|images|instances)/.+\.parquet"
    r"|(.+/)?(\.DS_Store|Thumbs\.db)|\.gitattributes|\.cache/huggingface/.+"
)


def foreign_files(root: Path) -> list[str]:
    """Relative paths of the files and links in a build's folder that no build made, sorted."""
    found = []
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in files + links]
    return sorted(path for path in found if not _OF_BUILD.fullmatch(path))


def config_digest(entry: dict[str, Any]) -> str:
    """The content digest in a config entry of the card, ``""`` if there is none."""
    match = _DIGEST.search(str(entry.get("description", "")))
    return match.group(1) if match else ""


def is_full_size_card(header: dict[str, Any]) -> bool:
    """Whether a card is that of the full-size synthetic copy."""
    return FULL_SIZE_TAG in (header.get("tags") or [])


def _dump(header: dict[str, Any]) -> str:
    """YAML in which each list of features appears once and is referred to afterwards."""
    # DatasetCardData dumps in pure Python, ten times slower, and with other line breaks; this would
    # change every card and with it the cache keys of ``datasets``.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(header, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)


def _sizes(files: dict[str, list[Path]], facts: dict[Path, FileSize]) -> dict[str, Any]:
    """The sizes of a config's splits, as ``datasets`` writes them; ``facts`` collects the files."""
    splits: list[dict[str, Any]] = []
    stored = 0
    for split, paths in files.items():
        for path in paths:
            if path not in facts:
                facts[path] = FileSize.of(path)
        of_split = [facts[path] for path in paths]
        data = sum(size.data for size in of_split)
        rows = sum(size.rows for size in of_split)
        splits.append({"name": split, "num_bytes": data, "num_examples": rows})
        stored += sum(size.stored for size in of_split)
    total = sum(split["num_bytes"] for split in splits)
    return {"splits": splits, "download_size": stored, "dataset_size": total}


def _config_entry(
    key: ConfigKey, splits: list[str], digest: str, is_simulated: bool, *, keyed: bool
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "config_name": key.name,
        "description": f"{_describe(key, is_simulated)}; content {digest}",
        "data_files": [
            {"split": split, "path": config_glob(key, split, keyed=keyed)} for split in splits
        ],
    }
    return entry | ({"default": True} if key.name == DEFAULT_CONFIG else {})


def _describe(key: ConfigKey, is_simulated: bool) -> str:
    kind = {
        "clicks": "clicks",
        "images": "image, object mask and previous mask of each instance",
        "instances": "instances with their click lists",
    }[key.kind]
    of = SOURCE_DATASETS[key.dataset].title if key.dataset else "all datasets"
    parts = [f"{kind}, {of}", key.round and f"{key.round} round", key.device]
    return ("SIMULATED " if is_simulated else "") + ", ".join(part for part in parts if part)


def _header(clicks: int, is_simulated: bool, is_full_size_copy: bool) -> dict[str, Any]:
    what = "simulated, full-size copy" if is_full_size_copy else "simulated clicks"
    tags = ["simulated"] * is_simulated + [FULL_SIZE_TAG] * is_full_size_copy
    return {
        "pretty_name": f"RClicks ({what})" if is_simulated else "RClicks",
        "license": "other",
        "license_name": LICENCE_NAMES[is_simulated],
        "license_link": LICENCE,
        "language": ["en"],
        "task_categories": ["mask-generation", "image-segmentation"],
        "annotations_creators": ["machine-generated" if is_simulated else "crowdsourced"],
        "source_datasets": ["original" if is_simulated else "extended"],
        "size_categories": [
            next((name for limit, name in _SIZE_CATEGORIES if clicks < limit), "n>1M")
        ],
        "tags": ["interactive-segmentation", "clicks", "rclicks", "arxiv:2410.11722", *tags],
        **{f"rai:{field}": text for field, text in statements(is_simulated).items()},
    }


@cache
def _template(name: str) -> Template:
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(resource_path(name).read_text(encoding="utf-8"))


def _count_row(repo_files: RepoFiles, dataset: str) -> dict[str, Any]:
    """Splits, counted clicks per round and instances, and the published counts."""
    entry = SOURCE_DATASETS[dataset]
    real = SOURCE_DATASETS[entry.copy_of or dataset]
    published = {
        "first": real.first_clicks,
        "subsequent": real.subsequent_clicks,
        "instances": real.instances - real.clickless,
    }
    counted = {
        round_: sum(
            pq.read_metadata(path).num_rows
            for paths in repo_files.of_config(ConfigKey(dataset, round_)).values()
            for path in paths
        )
        for round_ in ROUNDS
    }
    counted["instances"] = sum(
        _clicked_instances(path)
        for paths in repo_files.of_config(ConfigKey(dataset, kind=INSTANCES)).values()
        for path in paths
    )
    splits = list(repo_files.of_config(ConfigKey(dataset)))
    return {"title": entry.title, "splits": splits, "counted": counted, "published": published}


def _clicked_instances(path: Path) -> int:
    """Number of first-round instances with clicks."""
    table = pq.ParquetFile(path).read(columns=["round", "x"])
    is_first = pc.equal(table["round"], ROUNDS.index("first"))
    has_clicks = pc.greater(pc.list_value_length(table["x"]), 0)
    return int(pc.sum(pc.and_(is_first, has_clicks)).as_py() or 0)
