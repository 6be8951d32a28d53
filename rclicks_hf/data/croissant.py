"""``croissant.json``: the dataset in the Croissant vocabulary, with its Responsible-AI fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

from rclicks_hf.citation import AUTHORS, PAPER_BIBTEX
from rclicks_hf.data.responsible_ai import VOCABULARY, statements

CROISSANT = "croissant.json"
_SPECIFICATION = "http://mlcommons.org/croissant/1.0"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "includes": "cr:includes",
    "md5": "cr:md5",
    "recordSet": "cr:recordSet",
    "repeated": "cr:repeated",
    "sc": "https://schema.org/",
    "source": "cr:source",
}
_PARQUET = "application/x-parquet"
_TYPES = {"string": "sc:Text", "bool": "sc:Boolean", "float64": "sc:Float"}


def write_croissant(
    root: Path,
    digests: dict[Path, str],
    features: dict[str, Features],
    *,
    name: str,
    description: str,
    is_simulated: bool,
) -> None:
    """Write ``croissant.json`` of a repo whose Parquet files are all there.

    Args:
        root: The repo's folder.
        digests: Parquet file -> its SHA-256.
        features: Kind of config (``"clicks"``...) -> features of its rows.
        name: Name of the dataset.
        description: What it is, in a sentence or two.
        is_simulated: True where no person clicked.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> write_croissant(root, {}, {}, name="a", description="b", is_simulated=True)
        >>> json.loads((root / CROISSANT).read_text())["rai:dataCollectionType"]
        'Simulation'
    """
    licence = (
        "https://www.apache.org/licenses/LICENSE-2.0"
        if is_simulated
        else ("https://opensource.org/license/mit")
    )
    data: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "conformsTo": [_SPECIFICATION, VOCABULARY],
        "description": description,
        "license": licence,
        "url": "https://github.com/emb-ai/rclicks",
        "version": "1.0.0",
        "datePublished": "2024-12-10",
        "creator": [{"@type": "sc:Person", "name": author} for author in AUTHORS],
        "citeAs": PAPER_BIBTEX,
        **{f"rai:{field}": text for field, text in statements(is_simulated).items()},
        "distribution": [],
        "recordSet": [],
    }
    for kind, columns in features.items():
        files = {
            path.relative_to(root).as_posix(): digest
            for path, digest in digests.items()
            if path.relative_to(root).parts[0] == kind
        }
        data["distribution"] += _distribution(kind, files)
        data["recordSet"].append(_record_set(kind, columns))
    (root / CROISSANT).write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")


def _distribution(kind: str, files: dict[str, str]) -> list[dict[str, Any]]:
    objects = [
        {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "encodingFormat": _PARQUET,
            "sha256": digest,
        }
        for path, digest in files.items()
    ]
    together = {
        "@type": "cr:FileSet",
        "@id": f"{kind}-files",
        "name": f"{kind}-files",
        "containedIn": [{"@id": path} for path in files],
        "encodingFormat": _PARQUET,
        "includes": "*.parquet",
    }
    return [*objects, together]


def _record_set(kind: str, features: Features) -> dict[str, Any]:
    fields = []
    for column, feature in features.items():
        one = feature.feature if isinstance(feature, List) else feature
        entry = {
            "@type": "cr:Field",
            "@id": f"{kind}/{column}",
            "name": f"{kind}/{column}",
            "dataType": _data_type(one),
            "source": {"fileSet": {"@id": f"{kind}-files"}, "extract": {"column": column}},
        }
        fields.append(entry | ({"repeated": True} if isinstance(feature, List) else {}))
    return {"@type": "cr:RecordSet", "@id": kind, "name": kind, "field": fields}


def _data_type(feature: ClassLabel | Image | Value) -> str:
    if isinstance(feature, Image):
        return "sc:ImageObject"
    return _TYPES.get(feature.dtype, "sc:Integer")
