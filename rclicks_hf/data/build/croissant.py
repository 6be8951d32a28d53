"""``croissant.json``: the dataset in the Croissant vocabulary, with its Responsible AI fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Features, Image, List, Value

from rclicks_hf.data.build.responsible_ai import VOCABULARY, statements
from rclicks_hf.support.text.citation import AUTHORS, PAPER_BIBTEX, PAPER_CODE_ADDRESS, PAPER_DATE

# Written here and not with `mlcroissant`: it would add ten packages to the installation.
CROISSANT = "croissant.json"
_SPECIFICATION = "http://mlcommons.org/croissant/1.1"
_NAMESPACES = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
# The terms of the context that readers expect in full; four of them are of version 1.0.
_TERMS = (
    "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty",
    "excludes", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "readLines",
    "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "sdVersion",
    "separator", "source", "subField", "transform", "unArchive", "value",
)  # fmt: skip
_CONTEXT = {
    **_NAMESPACES,
    **{term: f"cr:{term}" for term in _TERMS},
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}
_APACHE = "https://www.apache.org/licenses/LICENSE-2.0"
_MIT = "https://opensource.org/license/mit"
_PARQUET = "application/x-parquet"
_TYPES = {"string": "sc:Text", "bool": "sc:Boolean", "float64": "sc:Float"}


def write_croissant(
    root: Path,
    digests: dict[Path, str],
    features: dict[str, Features],
    *,
    name: str,
    description: str,
    licence_file: str,
    is_simulated: bool,
) -> None:
    """Write ``croissant.json`` of a repo whose Parquet files are complete.

    ``digests`` maps each Parquet file to its SHA-256, ``features`` each kind of config to the
    features of its rows.
    """
    data: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "conformsTo": [_SPECIFICATION, VOCABULARY],
        "description": description,
        "license": [_APACHE if is_simulated else _MIT, licence_file],
        "url": PAPER_CODE_ADDRESS,
        "version": "1.0.0",
        "datePublished": PAPER_DATE,
        "keywords": ["interactive segmentation", "clicks", *["simulated"] * is_simulated],
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
    return {"creator": people}


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
        fields.append(entry | _array(feature))
    return {"@type": "cr:RecordSet", "@id": kind, "name": kind, "field": fields}


def _array(feature: Any) -> dict[str, Any]:
    if not isinstance(feature, List):
        return {}
    return {"isArray": True, "arrayShape": "-1"}  # of any length


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
