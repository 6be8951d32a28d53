from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

from datasets import load_dataset

from rclicks_hf.data.build.responsible_ai import STATEMENTS


def _read(root: Path) -> dict:
    return json.loads((root / "croissant.json").read_text(encoding="utf-8"))


def test_it_lists_every_file_with_its_digest(built: Path) -> None:
    objects = [e for e in _read(built)["distribution"] if e["@type"] == "cr:FileObject"]
    files = {path.relative_to(built).as_posix(): path for path in built.rglob("*.parquet")}
    assert {entry["contentUrl"] for entry in objects} == set(files)
    for entry in objects:
        data = files[entry["contentUrl"]].read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()


def test_its_records_are_the_columns_of_the_configs(built: Path) -> None:
    sets = {entry["@id"]: entry["field"] for entry in _read(built)["recordSet"]}
    configs = {"clicks": "all", "instances": "simulated_scenes-instances"}
    configs["images"] = "simulated_scenes-images"
    assert set(sets) == set(configs)
    for kind, config in configs.items():
        features = load_dataset(str(built), config, split="train").features
        assert [field["source"]["extract"]["column"] for field in sets[kind]] == list(features)
    types = {field["name"]: field["dataType"] for fields in sets.values() for field in fields}
    assert types["clicks/x"] == "sc:Integer"
    assert types["clicks/x_raw"] == "sc:Float"
    assert types["images/object_mask"] == "sc:ImageObject"
    arrays = {
        field["name"]: field["arrayShape"]
        for fields in sets.values()
        for field in fields
        if field.get("isArray")
    }
    assert arrays == {f"instances/{name}": "-1" for name in ("box", "x", "y", "device")}


def test_it_follows_the_rules_of_croissant_1_1(built: Path) -> None:
    """Required properties, the terms of the context, unique ids, and references that exist."""
    data = _read(built)
    assert "http://mlcommons.org/croissant/1.1" in data["conformsTo"]
    assert data["@type"] == "sc:Dataset"
    for name in ("description", "license", "name", "url", "creator", "datePublished"):
        assert data[name]
    date.fromisoformat(data["datePublished"])
    assert data["url"].startswith("https://")
    assert (built / data["license"][1]).read_text().startswith("# Licences\n")
    parts = [*data["distribution"], *data["recordSet"]]
    parts += [field for records in data["recordSet"] for field in records["field"]]
    ids = [part["@id"] for part in parts]
    assert len(set(ids)) == len(ids)
    context = data["@context"]
    for part in parts:
        for name in part.keys() - {"@id", "@type", "name", "description"}:
            assert name in context or name in ("contentUrl", "encodingFormat", "sha256")
        if "source" in part:
            assert part["source"]["fileSet"]["@id"] in ids
            assert part["source"].keys() <= context.keys()


def test_every_responsible_ai_statement_is_in_the_card_and_in_croissant_json(
    built: Path,
) -> None:
    data, card = _read(built), (built / "README.md").read_text(encoding="utf-8")
    for statement in STATEMENTS:
        assert data[f"rai:{statement.field}"] == statement.simulated
        assert f"| `{statement.field}` | {statement.simulated} |" in card
    assert "simulated" in data["name"]
