"""The model card of a trained network, rendered from `model_card/template.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from torch.utils.data import ConcatDataset

from rclicks_hf import __version__
from rclicks_hf.data.instances import Instance
from rclicks_hf.metrics import CLICK_METRICS, METRICS
from rclicks_hf.networks.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.support.citation import PAPER_BIBTEX
from rclicks_hf.support.resources import resource_path
from rclicks_hf.training.score_file import TrainingData


@dataclass(frozen=True)
class Provenance:
    """What a set of instances is.

    Attributes:
        count: Number of instances.
        datasets: Their source datasets, sorted.
        is_simulated: True where any click was made by the annotator simulation.
    """

    count: int
    datasets: tuple[str, ...]
    is_simulated: bool


def provenance(instances: Sequence[Instance]) -> Provenance:
    """Look at instances and say what they are.

    Args:
        instances: At least one. A list is looked at whole; of a lazy table, which holds a single
            source dataset and would decode every image, the first stands for all; of torch's
            `ConcatDataset`, each part in its turn.

    Returns:
        Count, source datasets, and whether clicks are simulated.

    Example:
        >>> import numpy as np
        >>> picture = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.int8)
        >>> scene = Instance("a", "a", "", "simulated_scenes", "train", "first", "none", *picture,
        ...                  is_simulated=True)
        >>> photo = Instance("b", "b", "", "grabcut", "train", "first", "none", *picture)
        >>> provenance([scene, photo, photo])
        Provenance(count=3, datasets=('grabcut', 'simulated_scenes'), is_simulated=True)
    """
    parts = instances.datasets if isinstance(instances, ConcatDataset) else [instances]
    seen = [
        instance
        for part in parts
        for instance in (part if isinstance(part, list | tuple) else [part[0]])
    ]
    return Provenance(
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
    train_data: Provenance,
    eval_data: Provenance,
    source: TrainingData | None = None,
) -> None:
    """Render the card of a trained network.

    Args:
        path: `README.md` of the model folder.
        title: Name of the model.
        model: The network.
        hyper_parameters: Of its training.
        metrics: On the evaluation instances.
        train_data: What it was trained on.
        eval_data: What it was evaluated on.
        source: The repo, config and split of that, where known.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.networks.clickability import ClickabilityConfig
        >>> path = Path(tempfile.mkdtemp()) / "README.md"
        >>> data = Provenance(count=12, datasets=("simulated_scenes",), is_simulated=True)
        >>> write_model_card(path, title="clicks-nano",
        ...                  model=ClickabilityModel(ClickabilityConfig.from_preset("nano")),
        ...                  hyper_parameters={"epochs": 1}, metrics={"sim": 0.5},
        ...                  train_data=data, eval_data=data)
        >>> "# clicks-nano" in path.read_text(), "simulated" in path.read_text()
        (True, True)
    """
    template = jinja2.Template(
        resource_path("model_card/template.md").read_text(encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = template.render(
        title=title,
        version=__version__,
        citation=PAPER_BIBTEX,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        image_size=model.config.image_size,
        map_activation=model.config.map_activation,
        hyper_parameters=hyper_parameters,
        metrics=metrics,
        train_data=train_data,
        eval_data=eval_data,
        source=source,
        scores=[row for row in (METRICS[name] for name in CLICK_METRICS) if row.name in metrics],
        is_simulated=train_data.is_simulated or eval_data.is_simulated,
    )
    path.write_text(text, encoding="utf-8")
