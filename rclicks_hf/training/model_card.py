"""The model card of a trained network, rendered from `model_card/template.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from huggingface_hub import ModelCardData
from torch.utils.data import ConcatDataset

from rclicks_hf import __version__
from rclicks_hf.data.instances import Instance
from rclicks_hf.metrics import CLICK_METRICS, METRICS
from rclicks_hf.networks.clickability.modeling_clickability import (
    ClickabilityModel,
    weights_digest,
)
from rclicks_hf.support.files.resources import resource_path
from rclicks_hf.support.hub_cards.hub_card import (
    INTRODUCTION,
    PIPELINE_TAG,
    TAGS,
    is_hub_id,
    use_section,
)
from rclicks_hf.support.text.citation import PAPER_BIBTEX
from rclicks_hf.support.text.visible_text import visible
from rclicks_hf.training.score_file import TrainingData


@dataclass(frozen=True)
class InstancesSummary:
    """Number of instances, their sorted source datasets, and whether any click is simulated."""

    count: int
    datasets: tuple[str, ...]
    is_simulated: bool


@dataclass(frozen=True)
class Origin:
    """What a network was made from: where its first weights lay, and the Hub ids of its data."""

    base: str = ""
    datasets: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        model: ClickabilityModel | None,
        data: TrainingData | None,
        instances: Sequence[Sequence[Instance]],
    ) -> Origin:
        """The origin of a training; ``""`` and ``()`` where nothing is known."""
        base = "" if model is None else str(model.name_or_path)
        repos = [getattr(part, "hub_id", "") for of in instances for part in _parts(of)]
        named = [*repos, data.repo if data else ""]
        datasets = tuple(dict.fromkeys(name for name in named if is_hub_id(name)))
        return cls(base if is_hub_id(base) else Path(base).name, datasets)


def _parts(instances: Sequence[Instance]) -> Sequence[Any]:
    return instances.datasets if isinstance(instances, ConcatDataset) else [instances]


def summarize_instances(instances: Sequence[Instance]) -> InstancesSummary:
    """Summarize a list, a lazy table, or a `ConcatDataset` of them; at least one instance."""
    # A lazy table holds one source dataset and decodes each image it is asked for, so its first
    # instance stands for all.
    seen = [
        instance
        for part in _parts(instances)
        for instance in (part if isinstance(part, list | tuple) else [part[0]])
    ]
    return InstancesSummary(
        count=len(instances),
        datasets=tuple(sorted({instance.dataset for instance in seen})),
        is_simulated=any(instance.is_simulated for instance in seen),
    )


def write_model_card(
    path: Path,
    *,
    title: str,
    model: ClickabilityModel,
    hyper_parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    train_data: InstancesSummary,
    eval_data: InstancesSummary,
    data: TrainingData | None = None,
    origin: Origin = Origin(),
) -> None:
    """Write the card of a trained network; `metrics` are its scores on the evaluation data."""
    is_simulated = train_data.is_simulated or eval_data.is_simulated
    text = _template().render(
        front_matter=_front_matter(origin, is_simulated=is_simulated),
        title=visible(title),
        introduction=INTRODUCTION,
        use=use_section(visible(title)),
        origin=origin,
        digest=weights_digest(model),
        version=__version__,
        citation=PAPER_BIBTEX,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        image_size=model.config.image_size,
        map_activation=model.config.map_activation,
        hyper_parameters=hyper_parameters,
        metrics=metrics,
        train_data=train_data,
        eval_data=eval_data,
        data=data,
        has_leaderboard=data is not None and data.has_leaderboard and not eval_data.is_simulated,
        scores=[row for row in (METRICS[name] for name in CLICK_METRICS) if row.name in metrics],
        is_simulated=is_simulated,
    )
    path.write_text(text, encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    # Not `ModelCard.from_template`: the template's tables need trim_blocks, and the library would
    # sort the front matter.
    return jinja2.Template(
        resource_path("model_card/template.md").read_text(encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _front_matter(origin: Origin, *, is_simulated: bool) -> str:
    facts: dict[str, Any] = {
        "license": "apache-2.0",
        "library_name": "transformers",
        "pipeline_tag": PIPELINE_TAG,
        "tags": [*TAGS, *(["simulated"] if is_simulated else [])],
        "base_model": origin.base if is_hub_id(origin.base) else None,
        "datasets": list(origin.datasets) or None,
        "metrics": [METRICS[name].module for name in CLICK_METRICS],
    }
    return ModelCardData(**facts).to_yaml(original_order=list(facts))
