"""Click-map networks against what the original code gives, after convert and a reload."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
import torch

from rclicks_hf.networks import NETWORKS, convert_checkpoint

#: Network -> folder of its oracle, and field of the output -> name in the oracle.
ORACLES: dict[str, tuple[str, dict[str, str]]] = {
    "ritm": ("ritm_hr18s", {"logits": "instances", "auxiliary_logits": "instances_aux"}),
    "gpcis": ("gpcis_rn50", {"logits": "instances"}),
    "cdnet": ("cdnet_rn34", {"logits": "instances", "gate": "fdm_instances"}),
    "simpleclick": ("simpleclick_xtiny", {"logits": "instances"}),
    "cfr_icl": ("simpleclick_xtiny", {"logits": "instances"}),
    "adaptive_click": (
        "adaptiveclick_tiny",
        {
            "logits": "instances",
            "class_queries_logits": "pred_logits",
            "masks_queries_logits": "pred_masks",
        },
    ),
}
#: Of the two images of a slow network, the one with more clicks: a batch is what its trace has, or,
#: for GPCIS, what `test_a_batch_gives_what_single_calls_give` compares with single images.
ROWS = dict.fromkeys(("ritm", "gpcis", "cdnet", "cfr_icl"), slice(1, 2))


@pytest.mark.parametrize("network", ORACLES)
def test_outputs_equal_the_original_code(
    network: str, oracle: ModuleType, shared: Path, tmp_path: Path
) -> None:
    name, fields = ORACLES[network]
    folder = shared / "oracles" / name
    checkpoint = oracle.save_checkpoint(folder, tmp_path / NETWORKS[network].checkpoint)
    convert_checkpoint(network, checkpoint, tmp_path / "model")
    checkpoint.unlink()
    model = NETWORKS[network].load("model").from_pretrained(tmp_path / "model").eval()
    _, inputs, expected, meta = oracle.load(folder)
    rows = ROWS.get(network, slice(None))
    for case, given in inputs.items():
        with torch.no_grad():
            output = model(**{name: tensor[rows] for name, tensor in given.items()})
        for field, stored in fields.items():
            wanted = expected[case][stored][rows]
            report = oracle.compare(output[field], wanted, **meta["tolerance"])
            assert report["ok"], (case, field, report)
