"""The table of click models, and the one way to get any of them by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.click_models.distance_transform import DistanceTransformClickModel
from rclicks_hf.click_models.protocol import ClickModel
from rclicks_hf.click_models.uniform import UniformClickModel
from rclicks_hf.errors import RclicksError


@dataclass(frozen=True)
class ClickModelInfo:
    """One row of the table of click models.

    Attributes:
        name: What users type and result files hold.
        label: What the paper's tables and the report's print.
        title: One line on what it is.
        load: Makes the model; its argument is the folder or repo of the weights, None without.
        needs_weights: True where ``load`` takes such a folder or repo.

    Example:
        >>> info = CLICK_MODELS["dt"]
        >>> info.label, info.load(None).name, info.needs_weights
        ('DT', 'dt', False)
    """

    name: str
    label: str
    title: str
    load: Callable[[str | None], ClickModel]
    needs_weights: bool = False


def _load_clickability(name_or_path: str | None) -> ClickModel:
    from rclicks_hf.click_models.clickability import ClickabilityClickModel

    if name_or_path is None:
        raise RclicksError("cm: needs trained weights; give the folder or Hub repo of the network")
    return ClickabilityClickModel.from_pretrained(name_or_path)


CLICK_MODELS: dict[str, ClickModelInfo] = {
    info.name: info
    for info in (
        ClickModelInfo(
            "ud", "UD", "uniform over the error mask", lambda weights: UniformClickModel()
        ),
        ClickModelInfo(
            "dt",
            "DT",
            "distance transform of the error mask",
            lambda weights: DistanceTransformClickModel(),
        ),
        ClickModelInfo("cm", "CM", "clickability network", _load_clickability, needs_weights=True),
    )
}


def load_click_model(name_or_path: str | os.PathLike[str]) -> ClickModel:
    """A click model by its name, or a trained network by its folder or Hub repo.

    Args:
        name_or_path: ``"ud"``, ``"dt"``, or the folder or Hub repo of a ``ClickabilityModel``.

    Returns:
        The click model.

    Raises:
        RclicksError: If it is no name of the table, and nothing to load a network from.

    Example:
        >>> load_click_model("dt").name
        'dt'
    """
    text = os.fspath(name_or_path)
    info = CLICK_MODELS.get(text)
    if info is not None:
        return info.load(None)
    # A Hub repo is "owner/name"; anything else must be there already.
    if not Path(text).is_dir() and text.count("/") != 1:
        names = ", ".join(name for name, row in CLICK_MODELS.items() if not row.needs_weights)
        raise RclicksError(
            f"{text}: no such click model or folder; give {names}, or the folder or Hub repo of a "
            "clickability network"
        )
    return _load_clickability(text)
