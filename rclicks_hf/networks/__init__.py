"""The networks, one folder each in the file style of transformers, and the table of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.names import did_you_mean

__all__ = ["NETWORKS", "NetworkInfo", "convert_checkpoint"]


@dataclass(frozen=True)
class NetworkInfo:
    """One row of the table of networks; the classes are imported by `load` only.

    Attributes:
        name: Key in `NETWORKS`, KIND of ``rclicks convert`` and folder in ``networks/``.
        model_type: ``model_type`` in ``config.json``.
        title: What error messages call the network.
        config: Path of the configuration class, as ``"module:Name"``.
        model: Path of the model class.
        image_processor: Path of the image processor class.
        converter: Path of the function that converts the published checkpoint.
        checkpoint: File name of the published checkpoint.
        license: SPDX identifier of the published code and weights.
        paper: Where the network was published.

    Example:
        >>> NETWORKS["saliency"].load("model").__name__
        'SaliencyModel'
    """

    name: str
    model_type: str
    title: str
    config: str
    model: str
    image_processor: str
    converter: str
    checkpoint: str
    license: str
    paper: str

    def load(self, part: Literal["config", "model", "image_processor", "converter"]) -> Any:
        """Import one of the network's classes or its converter."""
        module, _, name = getattr(self, part).partition(":")
        return getattr(import_module(module), name)


def _row(name: str, prefix: str, **fields: str) -> NetworkInfo:
    """A row whose classes have the names and places that transformers' file style gives them."""
    folder = f"rclicks_hf.networks.{name}"
    return NetworkInfo(
        name=name,
        config=f"{folder}:{prefix}Config",
        model=f"{folder}:{prefix}Model",
        image_processor=f"{folder}:{prefix}ImageProcessor",
        converter=f"{folder}:convert_checkpoint",
        **fields,
    )


#: Every network of the package by its name.
NETWORKS: dict[str, NetworkInfo] = {
    row.name: row
    for row in (
        _row(
            "clickability",
            "Clickability",
            model_type="clickability",
            title="clickability network",
            checkpoint="clickability_model.pth",
            license="MIT",
            paper="Antonov et al., RClicks: Realistic Click Simulation for Benchmarking "
            "Interactive Segmentation, NeurIPS 2024",
        ),
        _row(
            "saliency",
            "Saliency",
            model_type="rclicks_saliency",
            title="saliency network",
            checkpoint="TranSalNet_Res.pth",
            license="MIT",
            paper="Lou et al., TranSalNet: Towards Perceptually Relevant Visual Saliency "
            "Prediction, Neurocomputing 2022",
        ),
    )
}


def convert_checkpoint(
    network: str, checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]
) -> None:
    """Convert a published checkpoint to a folder for `from_pretrained`.

    Args:
        network: Key of `NETWORKS`.
        checkpoint: The published ``.pth`` file; only tensors are read from it.
        out: New folder: weights (safetensors), config and image processor.

    Raises:
        RclicksError: If the network is unknown, the file is not its checkpoint, or ``out`` exists.

    Example:
        >>> convert_checkpoint("resnet", "resnet.pth", "resnet")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: resnet: unknown network; choose clickability or saliency
    """
    if network not in NETWORKS:
        hint = did_you_mean(network, NETWORKS)
        raise RclicksError(f"{network}: unknown network{hint}; choose {' or '.join(NETWORKS)}")
    NETWORKS[network].load("converter")(checkpoint, out)
