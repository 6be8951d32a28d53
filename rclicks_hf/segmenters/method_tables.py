"""Lists of the published methods, for the terminal, the docs and programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.methods import METHOD_FAMILIES, METHODS, Method
from rclicks_hf.segmenters.registry import SEGMENTERS, SegmenterFamily
from rclicks_hf.support.text.text_table import plain_table

#: Fact -> head of its column.
_HEADS = {
    "method": "method",
    "family": "family",
    "training_data": "trained on",
    "checkpoint": "official checkpoint",
    "hub_id": "same weights on the Hub",
    "licence": "licence",
    "paper": "paper",
    "poster_size": "on the poster as",
}
_NOTE = (
    "The paper's poster names the sizes of SAM 2 and SAM 2.1 wrongly; the first column is right."
)


def _facts(method: Method) -> dict[str, str]:
    family = METHOD_FAMILIES[method.family]
    return {
        "key": method.key,
        "method": method.label,
        "family": method.family,
        "training_data": method.training_data,
        "checkpoint": method.checkpoint,
        "hub_id": method.hub_id,
        "licence": family.licence,
        "paper": family.paper,
        "poster_size": method.poster_size,
    }


def format_methods(family: str | None = None, style: str = "text") -> str:
    """The table of published checkpoints of a family, or of all, as text, Markdown or JSON."""
    if family is not None and family not in METHOD_FAMILIES:
        names = ", ".join(METHOD_FAMILIES)
        raise RclicksError(f"{family}: unknown family of methods; choose one of {names}")
    methods = [method for method in METHODS.values() if family in (None, method.family)]
    facts = [_facts(method) for method in methods]
    if style == "json":
        return json.dumps(facts, indent=2)
    lines = [[*_HEADS.values()], *([one[fact] or "-" for fact in _HEADS] for one in facts)]
    table = _markdown(lines) if style == "markdown" else plain_table(lines, left=len(_HEADS))
    return f"{table}\n\n{_NOTE}" if family in (None, "sam2") else table


def support_table() -> str:
    """What ``--segmenter`` takes, as the docs show it: a row per family that can be benchmarked."""
    rows = []
    for family in SEGMENTERS.values():
        published = [method for method in METHODS.values() if method.family == family.name]
        names = dict.fromkeys(method.name for method in published)
        sizes = dict.fromkeys(method.size for method in published)
        rows.append(
            [
                ", ".join(names) or family.label,
                _how_to_give(family),
                ", ".join(sizes) or "-",
                family.licence,
                family.paper or "-",
            ]
        )
    rows.append(["exported SAM-like network", "`onnx:FOLDER` or `onnx:ENCODER,DECODER`", *"---"])
    heads = ["segmenter", "`--segmenter`", "sizes in the paper", "licence", "paper"]
    return _markdown([heads, *rows])


def _how_to_give(family: SegmenterFamily) -> str:
    if not family.model_types:
        return f"`{family.name}`"
    if family.example:
        return f"folder or Hub id, e.g. `{family.example}`"
    return f"folder made by `rclicks convert {family.name}`"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table of texts without bars, its header row first."""
    head, *rows = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))
