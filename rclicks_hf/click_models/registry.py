"""The table of click models, and the one way to get any of them by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from rclicks_hf.click_models.distance_transform import DistanceTransformClickModel
from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.click_models.uniform import UniformClickModel
from rclicks_hf.errors import RclicksError


@dataclass(frozen=True)
class ClickModelInfo:
    """One row of the table of click models.

    Attributes:
        name: What users type and result files hold.
        label: What the paper's tables and the report's print.
        title: One line on what it is.
        load: Makes the model; its argument is the folder or repo of the weights, ``""`` without.
        needs_weights: True where ``load`` takes such a folder or repo.

    Example:
        >>> info = CLICK_MODELS["dt"]
        >>> info.label, info.load("").name, info.needs_weights
        ('DT', 'dt', False)
    """

    name: str
    label: str
    title: str
    load: Callable[[str], ClickModel]
    needs_weights: bool = False


def _load_clickability(name_or_path: str) -> ClickModel:
    from rclicks_hf.click_models.clickability import ClickabilityClickModel

    return ClickabilityClickModel.from_pretrained(name_or_path)


def _load_saliency(name: Literal["si", "sm"], name_or_path: str) -> ClickModel:
    from rclicks_hf.click_models.saliency import SaliencyClickModel

    return SaliencyClickModel.from_pretrained(name_or_path, name=name)


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
        ClickModelInfo(
            "si",
            "SI",
            "saliency of the image (TranSalNet)",
            partial(_load_saliency, "si"),
            needs_weights=True,
        ),
        ClickModelInfo(
            "sm",
            "SM",
            "saliency of the cut-out object (TranSalNet)",
            partial(_load_saliency, "sm"),
            needs_weights=True,
        ),
        ClickModelInfo("cm", "CM", "clickability network", _load_clickability, needs_weights=True),
    )
}


def split_spec(spec: str) -> tuple[str, str]:
    """Take apart what users type for a click model.

    Args:
        spec: ``"dt"``; ``"si:FOLDER"``; a folder or Hub repo alone is one of ``cm``.

    Returns:
        Name in `CLICK_MODELS`, and the folder or repo of its weights (``""`` without).

    Example:
        >>> split_spec("dt"), split_spec("si:transalnet"), split_spec("owner/clicks")
        (('dt', ''), ('si', 'transalnet'), ('cm', 'owner/clicks'))
    """
    if spec in CLICK_MODELS:
        return spec, ""
    name, _, weights = spec.partition(":")
    if weights and name in CLICK_MODELS and CLICK_MODELS[name].needs_weights:
        return name, weights
    return "cm", spec


def load_click_model(name_or_path: str | os.PathLike[str]) -> ClickModel:
    """A click model by its name, or a trained network by its folder or Hub repo.

    Args:
        name_or_path: ``"ud"``, ``"dt"``; the folder or Hub repo of a ``ClickabilityModel``; or
            ``"si:"`` or ``"sm:"`` and the folder or Hub repo of a ``SaliencyModel``.

    Returns:
        The click model.

    Raises:
        RclicksError: If it is no name of the table, and nothing to load a network from.

    Example:
        >>> load_click_model("dt").name
        'dt'
    """
    text = os.fspath(name_or_path)
    name, weights = split_spec(text)
    info = CLICK_MODELS[name]
    if not info.needs_weights:
        return info.load(weights)
    if not weights:
        raise RclicksError(f"{name}: needs trained weights; give {name}:FOLDER or {name}:HUB_REPO")
    # A Hub repo is "owner/name"; anything else must be there already.
    if not Path(weights).is_dir() and weights.count("/") != 1:
        names = ", ".join(row.name for row in CLICK_MODELS.values() if not row.needs_weights)
        raise RclicksError(
            f"{text}: no such click model or folder; give {names}, the folder or Hub repo of a "
            "clickability network, or si: or sm: and that of a saliency network"
        )
    return info.load(weights)
