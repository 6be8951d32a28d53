"""Whether results that are shown together are of the same pictures and masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_SHOWN = 12  # digits of a fingerprint


class _Use(NamedTuple):
    name: str
    dataset: str
    split: str
    fingerprint: str


def picture_lines(manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fingerprint of each dataset and split, or that it is unknown."""
    known: dict[str, dict[str, list[str]]] = {}
    for use in _uses(manifests):
        place = " ".join(part for part in (use.dataset, use.split) if part)
        known.setdefault(place, {}).setdefault(use.fingerprint, []).append(use.name)
    return [f"{place} {_said(found)}" for place, found in known.items()]


def _said(found: Mapping[str, Sequence[str]]) -> str:
    texts = [fingerprint[:_SHOWN] or _unknown(names) for fingerprint, names in found.items()]
    return " and ".join(texts)


def _unknown(names: Sequence[str]) -> str:
    return f"unknown ({names[0] if len(names) == 1 else f'{len(names)} results'})"


def picture_warnings(manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each dataset and split of which results on two known copies are given."""
    names: dict[tuple[str, str], dict[str, str]] = {}
    for use in _uses(manifests):
        if use.fingerprint:
            names.setdefault((use.dataset, use.split), {}).setdefault(use.fingerprint, use.name)
    return [
        f"{dataset}, split {split}: these results are from different images or masks and cannot be "
        "compared: " + ", ".join(f"{name} of {of[:_SHOWN]}" for of, name in found.items())
        for (dataset, split), found in names.items()
        if len(found) > 1
    ]


def _uses(manifests: Sequence[Mapping[str, Any]]) -> Iterator[_Use]:
    for manifest in manifests:
        datasets = _listed(manifest.get("dataset"))
        splits = _listed(manifest.get("split")) or [""]
        found = _listed(manifest.get("pictures_fingerprint")) or [""]
        name = str(manifest.get("segmenter", "click models"))
        for place, dataset in enumerate(datasets):
            split, fingerprint = (
                of[place] if len(of) == len(datasets) else of[0] for of in (splits, found)
            )
            yield _Use(name, dataset, split, fingerprint)


def _listed(value: Any) -> list[str]:
    """Manifests of click models hold lists, those of published results several datasets."""
    values = value if isinstance(value, list) else str(value or "").split(",")
    return [str(one) for one in values]
