"""The published methods: every checkpoint of the paper's tables, and what it takes to use it.

Importing this file is cheap: help texts, the docs and reports are made from the table.

The paper's poster names the sizes of SAM 2 and SAM 2.1 wrongly: its "Hiera-B+" is S, its "Hiera-L"
is B+, and its "Hiera-H", which does not exist, is L. `Method.size` is the true size.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MethodFamily:
    """What the checkpoints of a family share.

    Attributes:
        name: Key in `METHOD_FAMILIES`, FAMILY of ``rclicks convert`` and key in `SEGMENTERS`.
        label: What tables call it.
        licence: SPDX identifier of published code and weights; ``LicenseRef-...`` is one that
            restricts the use.
        paper: Where the method is described.
        folder: Folder of the network in ``networks/``; ``""`` where `transformers` has it.
        suffix: Of the names of the official files.

    Example:
        >>> METHOD_FAMILIES["cfr_icl"].licence
        'LicenseRef-CFR-ICL-NonCommercial'
    """

    name: str
    label: str
    licence: str
    paper: str
    folder: str = ""
    suffix: str = ".pth"


@dataclass(frozen=True)
class Method:
    """One checkpoint of the paper's tables.

    Attributes:
        key: Stem of the checkpoint's file in the paper's results, and its name in the tables.
        family: Name in `METHOD_FAMILIES`.
        name: The method's name, without size.
        size: Backbone.
        training_data: As the paper's tables print it: ``"C+L"`` is COCO and LVIS.
        hub_id: Where `transformers` finds the same weights; ``""`` if nowhere.
        poster_size: Size that the poster prints; ``""`` if the poster leaves the row out.

    Example:
        >>> METHODS["sam2_hiera_small"].label, METHODS["sam2_hiera_small"].poster_size
        ('SAM 2 Hiera-S', 'Hiera-B+')
        >>> METHODS["sbd_h18_itermask"].label, METHODS["sbd_h18_itermask"].checkpoint
        ('RITM HR18-IT, SBD', 'sbd_h18_itermask.pth')
    """

    key: str
    family: str
    name: str
    size: str
    training_data: str
    hub_id: str = ""
    poster_size: str = ""

    @property
    def label(self) -> str:
        """Name and size; with the training data where the same network was trained on others."""
        data = ", SBD" if self.training_data == "SBD" else ""
        return f"{self.name} {self.size}{data}"

    @property
    def checkpoint(self) -> str:
        """Name of the official file."""
        return self.key + METHOD_FAMILIES[self.family].suffix


#: Name -> family, in the order of the paper's table.
METHOD_FAMILIES: dict[str, MethodFamily] = {
    family.name: family
    for family in (
        MethodFamily("gpcis", "GPCIS", "MIT", "Zhou et al., 2023", "gpcis"),
        MethodFamily("cdnet", "CDNet", "MIT", "Chen et al., 2021", "cdnet"),
        MethodFamily("ritm", "RITM", "MIT", "Sofiiuk et al., 2022", "ritm"),
        MethodFamily(
            "adaptive_click", "AdaptiveClick", "MIT", "Lin et al., 2024", "adaptive_click"
        ),
        MethodFamily("simpleclick", "SimpleClick", "MIT", "Liu et al., 2023", "simpleclick"),
        MethodFamily(
            "cfr_icl",
            "CFR-ICL",
            "LicenseRef-CFR-ICL-NonCommercial",
            "Sun et al., 2024",
            "simpleclick",
        ),
        MethodFamily(
            "mobile_sam", "MobileSAM", "Apache-2.0", "Zhang et al., 2023", "mobile_sam", ".pt"
        ),
        MethodFamily("sam", "SAM", "Apache-2.0", "Kirillov et al., 2023"),
        MethodFamily("sam_hq", "SAM-HQ", "Apache-2.0", "Ke et al., 2023"),
        MethodFamily("sam2", "SAM 2", "Apache-2.0", "Ravi et al., 2024", suffix=".pt"),
    )
}


def _rows(family: str, *rows: tuple[str, ...], name: str = "") -> list[Method]:
    return [Method(row[0], family, name or METHOD_FAMILIES[family].label, *row[1:]) for row in rows]


_C, _S, _A, _V = "C+L", "SBD", "SA-1B", "SA-V"

#: Key -> method, in the order of the paper's table of TETRIS.
METHODS: dict[str, Method] = {
    method.key: method
    for method in [
        *_rows("gpcis", ("GPCIS_Resnet50", "RN50", _C, "", "RN50")),
        *_rows("cdnet", ("cclvs_last_checkpoint", "RN34", _C), ("sbd_last_checkpoint", "RN34", _S)),
        *_rows(
            "ritm",
            ("coco_lvis_h18_baseline", "HR18", _C, "", "HR18"),
            ("coco_lvis_h18s_itermask", "HR18s-IT", _C),
            ("coco_lvis_h18_itermask", "HR18-IT", _C, "", "HR18-IT"),
            ("coco_lvis_h32_itermask", "HR32-IT", _C, "", "HR32-IT"),
            ("sbd_h18_itermask", "HR18-IT", _S),
        ),
        *_rows(
            "adaptive_click",
            ("adaptiveclick_base448_cocolvis", "ViT-B", _C, "", "ViT-B"),
            ("adaptiveclick_base448_sbd", "ViT-B", _S),
        ),
        *_rows(
            "simpleclick",
            ("cocolvis_vit_base", "ViT-B", _C, "", "ViT-B"),
            ("cocolvis_vit_large", "ViT-L", _C, "", "ViT-L"),
            ("cocolvis_vit_huge", "ViT-H", _C, "", "ViT-H"),
            ("sbd_vit_xtiny", "ViT-XT", _S),
            ("sbd_vit_base", "ViT-B", _S),
            ("sbd_vit_large", "ViT-L", _S),
            ("sbd_vit_huge", "ViT-H", _S),
        ),
        *_rows("cfr_icl", ("cocolvis_icl_vit_huge", "ViT-H", _C, "", "ViT-H")),
        *_rows("mobile_sam", ("mobile_sam", "ViT-Tiny", _A)),
        *_rows(
            "sam",
            ("sam_vit_b_01ec64", "ViT-B", _A, "facebook/sam-vit-base", "ViT-B"),
            ("sam_vit_l_0b3195", "ViT-L", _A, "facebook/sam-vit-large", "ViT-L"),
            ("sam_vit_h_4b8939", "ViT-H", _A, "facebook/sam-vit-huge", "ViT-H"),
        ),
        *_rows(
            "sam_hq",
            ("sam_hq_vit_b", "ViT-B", _A),
            ("sam_hq_vit_l", "ViT-L", _A, "", "ViT-L"),
            ("sam_hq_vit_h", "ViT-H", _A, "", "ViT-H"),
        ),
        *_rows(
            "sam2",
            ("sam2_hiera_tiny", "Hiera-T", _V, "facebook/sam2-hiera-tiny", "Hiera-T"),
            ("sam2_hiera_small", "Hiera-S", _V, "facebook/sam2-hiera-small", "Hiera-B+"),
            ("sam2_hiera_base_plus", "Hiera-B+", _V, "facebook/sam2-hiera-base-plus", "Hiera-L"),
            ("sam2_hiera_large", "Hiera-L", _V, "facebook/sam2-hiera-large", "Hiera-H"),
        ),
        *_rows(
            "sam2",
            ("sam2.1_hiera_tiny", "Hiera-T", _V, "facebook/sam2.1-hiera-tiny", "Hiera-T"),
            ("sam2.1_hiera_small", "Hiera-S", _V, "facebook/sam2.1-hiera-small", "Hiera-B+"),
            (
                "sam2.1_hiera_base_plus",
                "Hiera-B+",
                _V,
                "facebook/sam2.1-hiera-base-plus",
                "Hiera-L",
            ),
            ("sam2.1_hiera_large", "Hiera-L", _V, "facebook/sam2.1-hiera-large", "Hiera-H"),
            name="SAM 2.1",
        ),
    ]
}


def method_label(segmenter: str) -> str:
    """What reports call a segmenter: the published method's name, or the segmenter's own.

    Example:
        >>> method_label("coco_lvis_h18_itermask"), method_label("geocut")
        ('RITM HR18-IT', 'geocut')
    """
    return METHODS[segmenter].label if segmenter in METHODS else segmenter
