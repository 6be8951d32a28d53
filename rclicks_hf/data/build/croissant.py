"""``croissant.json``: the dataset in the Croissant vocabulary, with its Responsible-AI fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

from rclicks_hf.data.build.responsible_ai import VOCABULARY, statements
from rclicks_hf.support.citation import AUTHORS, PAPER_BIBTEX

CROISSANT = "croissant.json"
_SPECIFICATION = "http://mlcommons.org/croissant/1.0"
_NAMESPACES = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
# The terms of the vocabulary's own context, which readers compare with.
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT = {
    **_NAMESPACES,
    **{term: f"cr:{term}" for term in _TERMS},
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
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
        "version": "1.0.0",
        "datePublished": "2024",
        **_origin(is_simulated),
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


def _origin(is_simulated: bool) -> dict[str, Any]:
    if is_simulated:
        return {"creator": {"@type": "sc:Organization", "name": "The rclicks_hf authors"}}
    people = [{"@type": "sc:Person", "name": author} for author in AUTHORS]
    return {"creator": people, "url": "https://github.com/emb-ai/rclicks"}


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
        "encodingFormat": _PARQUET,
        "includes": f"{kind}/**/*.parquet",
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
            "description": _describe(one),
            "dataType": _data_type(one),
            "source": _source(kind, column, feature),
        }
        fields.append(entry | ({"repeated": True} if isinstance(feature, List) else {}))
    return {"@type": "cr:RecordSet", "@id": kind, "name": kind, "field": fields}


def _source(kind: str, column: str, feature: Any) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"{kind}-files"}, "extract": {"column": column}}
    if isinstance(feature, Image):
        source["transform"] = {"jsonPath": "bytes"}
    return source


def _describe(feature: ClassLabel | Image | Value) -> str:
    if isinstance(feature, ClassLabel):
        return ", ".join(f"{number} {name}" for number, name in enumerate(feature.names))
    return "picture" if isinstance(feature, Image) else feature.dtype


def _data_type(feature: ClassLabel | Image | Value) -> str:
    if isinstance(feature, Image):
        return "sc:ImageObject"
    return _TYPES.get(feature.dtype, "sc:Integer")
