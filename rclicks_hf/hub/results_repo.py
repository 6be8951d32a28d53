"""Benchmark results as a dataset repo: cleaned tables and manifests, and a card with the numbers.

A table may hold tracebacks, and a manifest the command and the machine: what names places on the
computer that made them stays there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from rclicks_hf.benchmark.failures import error_line
from rclicks_hf.benchmark.manifest import IDENTITY, RESULTS, SEGMENTER_SETTINGS, read_run
from rclicks_hf.benchmark.result_rows import RESULT_SCHEMA, read_result_table
from rclicks_hf.data.build.parquet_files import WRITER_METADATA, WRITER_OPTIONS
from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.transfer import Upload
from rclicks_hf.jobs.results_folder import DTYPE, MANIFEST, PARQUET_OPTIONS
from rclicks_hf.report.results import read_results
from rclicks_hf.report.tables.benchmark_table import format_table
from rclicks_hf.support.text.citation import PAPER_BIBTEX, PAPER_TEXT
from rclicks_hf.support.text.visible_text import visible, without_secrets

OWNED_RESULTS = rf"[^/]+/({RESULTS.replace('.', '[.]')}|{MANIFEST.replace('.', '[.]')})"
_ALL, SPLIT = "all", "test"  # the config of all rows, and the only split

#: Entries of a manifest that go to the Hub.
_PUBLIC = (
    *(
        "kind",
        *IDENTITY,
        SEGMENTER_SETTINGS,
        DTYPE,
        "protocol",
        "protocol_digest",
        "runs",
        "is_finished",
    ),
    *("versions", "pictures_fingerprint", "rows", "instances", "failures", "revisions"),
    "published",
)
_TEXTS = ("segmenter", "click_model", "error")  # columns that may name a place
# The folders of an absolute path, also of Windows, not those of an address; the last name stays.
_FOLDERS = re.compile(
    r"(?<![\w./\\~])(?:file:/*(?=/)|~|[A-Za-z]:|\\(?=\\))?[\\/](?:[^\\/\s\"'(),:;]+[\\/])+"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

_CARD = """\
---
{front}---

# Results of the RClicks benchmark{simulated_title}
{banner}
How many clicks segmentation methods need when realistic users click, and how much that depends on
who clicks. One row per instance and run: the clicks, and the IoU after each.

```python
from datasets import load_dataset

rows = load_dataset("{repo}", split="{split}")
print(rows[0]["segmenter"], rows[0]["run"], rows[0]["iou"])
```

The config `{all}` has all rows, and each folder below is a config too. `rclicks report FOLDER`
makes tables and figures from a downloaded folder.

## Results

IoU threshold {threshold:g}. ↓: lower is better.

{table}

## How they were made

Protocol: `{protocol}`. Its rules are in each `{manifest}`.

{facts}

Runs: `base` is the baseline clicker; `g1` to `g10` draw clicks from the least to the most likely
tenth of the click model; `user` has single recorded clicks, `nuser` single clicks drawn from the
click model.

## Citation

{paper}

```bibtex
{bibtex}
```

Made with rclicks-hf.
"""
_BANNER = """
> **Simulated clicks.** The clicks of users in {which} are those of simulated annotators, not of
> people.
"""


@dataclass
class CleanResults:
    """Results that are ready to be published: files by path, and what the manifests say."""

    folders: list[Path] = field(default_factory=list)
    files: dict[str, Path | bytes] = field(default_factory=dict)
    manifests: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    simulated: list[str] = field(default_factory=list)


def results_upload(repo: str, folders: Sequence[Path], scratch: Path) -> Upload:
    """The dataset repo of some results folders."""
    found = clean_results(folders, scratch)
    card = _card(repo, found)
    files: dict[str, Path | bytes] = {"README.md": card.encode(), **found.files}
    return Upload(repo, "dataset", files, OWNED_RESULTS, "benchmark results")


def clean_results(folders: Sequence[Path], scratch: Path) -> CleanResults:
    """Copies of results folders in ``scratch``, without what names places on this computer."""
    found = CleanResults()
    for folder in _expanded(folders):
        name = _UNSAFE.sub("_", folder.resolve().name).strip("._") or "results"
        if name in (*found.manifests, _ALL):
            raise RclicksError(f"{folder}: another folder is also called {name!r}; rename one")
        out = scratch / name
        out.mkdir()
        manifest = _clean_manifest(folder)
        table = _clean_table(read_result_table(folder))
        with pq.ParquetWriter(
            out / RESULTS, table.schema, **(WRITER_OPTIONS | PARQUET_OPTIONS)
        ) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata(WRITER_METADATA)
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (out / MANIFEST).write_text(text, "utf-8")
        found.folders.append(out)
        found.files |= {f"{name}/{file}": out / file for file in (RESULTS, MANIFEST)}
        found.manifests[name] = manifest
        found.simulated += [name] * bool(pc.any(table["is_simulated"]).as_py())
    return found


def _expanded(folders: Sequence[Path]) -> list[Path]:
    if not folders:
        raise RclicksError("FOLDER is missing; give results folders of `rclicks benchmark`")
    found: list[Path] = []
    for folder in folders:
        inside = sorted(file.parent for file in folder.glob(f"*/{RESULTS}"))
        found += [folder] if (folder / RESULTS).is_file() or not inside else inside
    return found


def _clean_manifest(folder: Path) -> dict[str, Any]:
    manifest = read_run(folder) if folder.exists() else None
    if manifest is None or not manifest.get("is_finished"):
        raise RclicksError(
            f"{folder}: no finished benchmark there; let `rclicks benchmark` finish first"
        )
    return {name: without_places(manifest[name]) for name in _PUBLIC if name in manifest}


def without_places(value: Any) -> Any:
    r"""A value of JSON whose texts name no folders of this computer and hold no secrets.

    Example:
        >>> without_places(["onnx:/home/me/a.onnx", r"C:\Users\me\a.pt", "file:///home/me/a"])
        ['onnx:a.onnx', 'a.pt', 'a']
        >>> without_places("owner/name of https://host/a/b at x/y.py")
        'owner/name of https://host/a/b at x/y.py'
    """
    if isinstance(value, dict):
        return {name: without_places(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_places(one) for one in value]
    return _FOLDERS.sub("", without_secrets(value)) if isinstance(value, str) else value


def _clean_table(table: pa.Table) -> pa.Table:
    """The rows, with tracebacks in one line; file-level metadata is left behind."""
    for name in _TEXTS:
        encoded = table[name].combine_chunks().dictionary_encode()
        texts = map(error_line, encoded.dictionary.to_pylist()) if name == "error" else None
        words = [without_places(t) for t in texts or encoded.dictionary.to_pylist()]
        column = pa.array(words, pa.string()).take(encoded.indices)
        table = table.set_column(table.column_names.index(name), name, column)
    return table.cast(RESULT_SCHEMA).replace_schema_metadata(None)


def _card(repo: str, found: CleanResults) -> str:
    results = read_results(*found.folders)  # refuses what does not belong together
    simulated = bool(found.simulated)
    tables = {name: f"{name}/{RESULTS}" for name in found.manifests}
    configs: list[dict[str, Any]] = [
        {
            "config_name": _ALL,
            "default": True,
            "data_files": [{"split": SPLIT, "path": list(tables.values())}],
        },
        *(
            {"config_name": name, "data_files": [{"split": SPLIT, "path": path}]}
            for name, path in tables.items()
        ),
    ]
    tags = ["interactive-segmentation", "benchmark", "clicks", "rclicks", "arxiv:2410.11722"]
    front = {
        "pretty_name": "RClicks benchmark results" + " (simulated clicks)" * simulated,
        "language": ["en"],
        "task_categories": ["mask-generation"],
        "tags": tags + ["simulated"] * simulated,
        "configs": configs,
    }
    which = "all of them" if len(found.simulated) == len(tables) else ", ".join(found.simulated)
    return _CARD.format(
        front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100),
        simulated_title=" (simulated clicks)" * simulated,
        banner=_BANNER.format(which=which) if simulated else "",
        repo=repo,
        split=SPLIT,
        all=_ALL,
        threshold=results.threshold,
        table="\n\n".join(
            [format_table(results.rows, "markdown"), *(f"Warning: {w}" for w in results.warnings)]
        ),
        protocol=results.protocol,
        manifest=MANIFEST,
        facts="\n".join(_facts(found.manifests)),
        paper=PAPER_TEXT,
        bibtex=PAPER_BIBTEX.strip(),
    )


def _facts(manifests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A Markdown table of what was run, one row per folder."""
    heads = ["Folder", "Segmenter", "Click model", "Dataset", "Runs", "Failed", "Versions"]
    rows = [heads, ["---"] * len(heads)]
    for name, manifest in manifests.items():
        revisions = manifest.get("revisions") or {}
        versions = manifest.get("versions") or {}
        published = manifest.get("published") or {}
        origin = str(published.get("by", "")) if isinstance(published, Mapping) else ""
        rows.append(
            [
                f"`{name}`",
                *(
                    _at(manifest[key], revisions.get(key))
                    for key in ("segmenter", "click_model", "dataset")
                ),
                ", ".join(map(str, manifest.get("runs") or ())),
                str(manifest.get("failures", "")),
                origin or ", ".join(f"{library} {of}" for library, of in versions.items()),
            ]
        )
    return [f"| {' | '.join(map(_cell, row))} |" for row in rows]


def _at(name: object, revision: object) -> str:
    return f"{name} at {str(revision)[:12]}" if revision else str(name)


def _cell(text: str) -> str:
    return visible(text).replace("|", r"\|")
