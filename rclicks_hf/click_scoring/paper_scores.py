"""The paper's scores of click models, to compare with scores on the same data.

Means over all instances and rounds (on TETRIS of the validation images), five digits, from the
authors' result files (``eval_cm_<dataset>_mean.csv``); the paper's table prints two digits.
SI and SM are saliency of the image and of the cut-out object.
"""

from __future__ import annotations

from rclicks_hf.data import SOURCE_DATASETS
from rclicks_hf.metrics import CLICK_METRICS

#: Rows of the paper's table, in its order: name -> what the paper prints.
PUBLISHED_MODELS = {"ud": "UD", "dt": "DT", "si": "SI", "sm": "SM", "cm": "Ours"}

#: Instances that the means are over, all rounds; unknown for TETRIS.
PUBLISHED_INSTANCES = {"grabcut": 149, "berkeley": 300, "davis": 1027, "coco_mval": 2392}

# Dataset -> click model -> KS, PL1, WD, NSS, PDE.
_MEANS: dict[str, dict[str, tuple[float, ...]]] = {
    "grabcut": {
        "ud": (0.15174, 0.55239, 0.16221, 2.4405, 4.0608e-05),
        "dt": (0.22248, 0.49136, 0.13641, 3.935, 7.7495e-05),
        "si": (0.10336, 0.52077, 0.16906, 2.2664, 4.6358e-05),
        "sm": (0.14389, 0.5216, 0.15823, 2.7544, 5.301e-05),
        "cm": (0.49826, 0.40309, 0.095954, 5.6288, 0.0002124),
    },
    "berkeley": {
        "ud": (0.16243, 0.54132, 0.16039, 3.3943, 0.00012019),
        "dt": (0.22827, 0.48325, 0.13517, 5.2757, 0.00021349),
        "si": (0.11353, 0.5058, 0.16613, 3.0843, 0.00013829),
        "sm": (0.17017, 0.50936, 0.15241, 3.6897, 0.00015013),
        "cm": (0.5034, 0.38951, 0.090923, 7.2854, 0.00049937),
    },
    "davis": {
        "ud": (0.14523, 0.55611, 0.17032, 4.313, 6.4917e-05),
        "dt": (0.25289, 0.4945, 0.13937, 6.6769, 0.00012058),
        "si": (0.10631, 0.52898, 0.1745, 3.9577, 7.2218e-05),
        "sm": (0.16181, 0.53185, 0.16177, 4.4976, 7.8368e-05),
        "cm": (0.47613, 0.40571, 0.098933, 8.5532, 0.00025275),
    },
    "coco_mval": {
        "ud": (0.19617, 0.79389, 0.21388, 6.0807, 0.00040414),
        "dt": (0.25969, 0.72737, 0.1944, 8.3388, 0.00057445),
        "si": (0.16194, 0.72953, 0.21661, 6.2587, 0.00051247),
        "sm": (0.2098, 0.74258, 0.20408, 6.803, 0.00051439),
        "cm": (0.50146, 0.61426, 0.14264, 10.435, 0.00072854),
    },
    "tetris": {
        "ud": (0.098819, 0.56961, 0.16912, 3.9924, 1.3612e-05),
        "dt": (0.1354, 0.51555, 0.15572, 6.4516, 2.7637e-05),
        "si": (0.093976, 0.51054, 0.15886, 4.1276, 1.6603e-05),
        "sm": (0.13154, 0.51267, 0.14802, 4.789, 1.8302e-05),
        "cm": (0.54507, 0.39721, 0.084783, 9.1124, 4.6945e-05),
    },
}


def paper_split(dataset: str) -> str:
    """The split of the paper's tables: validation where a dataset has no test split (TETRIS)."""
    return "test" if "test" in SOURCE_DATASETS[dataset].splits else "validation"


def published_means(dataset: str, split: str) -> dict[str, dict[str, float]]:
    """Key of `PUBLISHED_MODELS` -> metric -> mean; empty where the paper has none."""
    if dataset not in _MEANS or split != paper_split(dataset):
        return {}
    return {
        model: dict(zip(CLICK_METRICS, values, strict=True))
        for model, values in _MEANS[dataset].items()
    }
