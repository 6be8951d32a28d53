"""The networks, one folder each in the file style of transformers, and the table of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.names import did_you_mean

if TYPE_CHECKING:
    from rclicks_hf.networks.conversion import Conversion

__all__ = ["NETWORKS", "NetworkInfo", "convert_checkpoint"]


@dataclass(frozen=True)
class NetworkInfo:
    """One row of the table of networks; the classes are imported by `load` only.

    Attributes:
        name: Key in `NETWORKS`, FAMILY of ``rclicks convert`` and folder in ``networks/``, unless
            the classes are those of `transformers`.
        model_type: ``model_type`` in ``config.json``.
        title: What error messages call the network.
        config: Path of the configuration class, as ``"module:Name"``.
        model: Path of the model class.
        converter: Path of the function ``(checkpoint, out) -> Conversion`` for the published
            checkpoint.
        checkpoint: File name of the published checkpoint.
        license: SPDX identifier of the published code and weights.
        paper: Where the network was published.
        image_processor: Path of the image processor class; ``""`` if the network has none.

    Example:
        >>> NETWORKS["saliency"].load("model").__name__
        'SaliencyModel'
    """

    name: str
    model_type: str
    title: str
    config: str
    model: str
    converter: str
    checkpoint: str
    license: str
    paper: str
    image_processor: str = ""

    def load(self, part: Literal["config", "model", "image_processor", "converter"]) -> Any:
        """Import one of the network's classes or its converter."""
        module, _, name = getattr(self, part).partition(":")
        return getattr(import_module(module), name)


def _row(name: str, prefix: str, *, folder: str = "", **fields: str) -> NetworkInfo:
    """A row whose parts have the names and places that transformers' file style gives them."""
    module = f"rclicks_hf.networks.{folder or name}"
    parts = {
        "config": f"{module}:{prefix}Config",
        "model": f"{module}:{prefix}Model",
        "converter": f"{module}:convert_checkpoint",
    }
    return NetworkInfo(name=name, **{**parts, **fields})


def _row_of_transformers(name: str, prefix: str, **fields: str) -> NetworkInfo:
    """A row of the SAM family whose classes are those of `transformers`."""
    return NetworkInfo(
        name=name,
        model_type=name,
        config=f"transformers:{prefix}Config",
        model=f"transformers:{prefix}Model",
        converter=f"rclicks_hf.networks.sam_family:convert_{name}",
        license="Apache-2.0",
        **fields,
    )


#: Every network of the package by its name.
NETWORKS: dict[str, NetworkInfo] = {
    row.name: row
    for row in (
        _row(
            "clickability",
            "Clickability",
            image_processor="rclicks_hf.networks.clickability:ClickabilityImageProcessor",
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
            image_processor="rclicks_hf.networks.saliency:SaliencyImageProcessor",
            model_type="rclicks_saliency",
            title="saliency network",
            checkpoint="TranSalNet_Res.pth",
            license="MIT",
            paper="Lou et al., TranSalNet: Towards Perceptually Relevant Visual Saliency "
            "Prediction, Neurocomputing 2022",
        ),
        _row(
            "ritm",
            "Ritm",
            model_type="rclicks_ritm",
            title="RITM network",
            checkpoint="coco_lvis_h18_itermask.pth",
            license="MIT",
            paper="Sofiiuk et al., Reviving Iterative Training with Mask Guidance for Interactive "
            "Segmentation, ICIP 2022",
        ),
        _row(
            "simpleclick",
            "SimpleClick",
            model_type="rclicks_simpleclick",
            title="SimpleClick network",
            checkpoint="cocolvis_vit_base.pth",
            license="MIT",
            paper="Liu et al., SimpleClick: Interactive Image Segmentation with Simple Vision "
            "Transformers, ICCV 2023",
        ),
        _row(
            "cfr_icl",
            "CfrIcl",
            folder="simpleclick",
            converter="rclicks_hf.networks.simpleclick:convert_cfr_icl_checkpoint",
            model_type="rclicks_cfr_icl",
            title="CFR-ICL network",
            checkpoint="cocolvis_icl_vit_huge.pth",
            license="LicenseRef-CFR-ICL-NonCommercial",
            paper="Sun et al., CFR-ICL: Cascade-Forward Refinement with Iterative Click Loss for "
            "Interactive Image Segmentation, AAAI 2024",
        ),
        _row(
            "adaptive_click",
            "AdaptiveClick",
            model_type="rclicks_adaptive_click",
            title="AdaptiveClick network",
            checkpoint="adaptiveclick_base448_cocolvis.pth",
            license="MIT",
            paper="Lin et al., AdaptiveClick: Click-Aware Transformer With Adaptive Focal Loss for "
            "Interactive Image Segmentation, IEEE TNNLS 2024",
        ),
        _row(
            "gpcis",
            "Gpcis",
            model_type="rclicks_gpcis",
            title="GPCIS network",
            checkpoint="GPCIS_Resnet50.pth",
            license="MIT",
            paper="Zhou et al., Interactive Segmentation as Gaussian Process Classification, "
            "CVPR 2023",
        ),
        _row(
            "cdnet",
            "Cdnet",
            model_type="rclicks_cdnet",
            title="CDNet network",
            checkpoint="cclvs_last_checkpoint.pth",
            license="MIT",
            paper="Chen et al., Conditional Diffusion for Interactive Segmentation, ICCV 2021",
        ),
        _row(
            "mobile_sam",
            "MobileSam",
            model_type="rclicks_mobile_sam",
            title="MobileSAM",
            checkpoint="mobile_sam.pt",
            license="Apache-2.0",
            paper="Zhang et al., Faster Segment Anything: Towards Lightweight SAM for Mobile "
            "Applications, 2023",
        ),
        _row_of_transformers(
            "sam",
            "Sam",
            title="SAM",
            checkpoint="sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth or sam_vit_h_4b8939.pth",
            paper="Kirillov et al., Segment Anything, ICCV 2023",
        ),
        _row_of_transformers(
            "sam_hq",
            "SamHQ",
            title="SAM-HQ",
            checkpoint="sam_hq_vit_b.pth, sam_hq_vit_l.pth or sam_hq_vit_h.pth",
            paper="Ke et al., Segment Anything in High Quality, NeurIPS 2023",
        ),
        _row_of_transformers(
            "sam2",
            "Sam2",
            title="SAM 2",
            checkpoint="sam2_hiera_*.pt or sam2.1_hiera_*.pt",
            paper="Ravi et al., SAM 2: Segment Anything in Images and Videos, ICLR 2025",
        ),
    )
}


def convert_checkpoint(
    network: str, checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]
) -> Conversion:
    """Convert a published checkpoint to a folder for `from_pretrained`.

    Args:
        network: Key of `NETWORKS`.
        checkpoint: The published file; only tensors are read from it.
        out: New folder: weights (safetensors), config and image processor.

    Returns:
        Which size it is, the keys that are not used, and the model.

    Raises:
        RclicksError: If the network is unknown, the file is not its checkpoint, or ``out`` exists.

    Example:
        >>> convert_checkpoint("resnet", "resnet.pth", "resnet")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: resnet: unknown network; choose clickability, saliency, ...
    """
    if network not in NETWORKS:
        hint = did_you_mean(network, NETWORKS)
        raise RclicksError(f"{network}: unknown network{hint}; choose {', '.join(NETWORKS)}")
    conversion: Conversion = NETWORKS[network].load("converter")(checkpoint, out)
    return conversion
