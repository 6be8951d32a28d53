"""A pushed network and its folder are used with the code that travels with them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from helpers.commands import HUB_LIBRARIES, run_python
from helpers.local_hub import LocalHub

from rclicks_hf.networks.clickability import ClickabilityImageProcessor, ClickabilityModel

REMOTE = """
import sys
import huggingface_hub
import numpy as np
import torch
from transformers import AutoImageProcessor, AutoModel, pipeline


class Absent:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "rclicks_hf":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Absent())
folder = sys.argv[1]
model = AutoModel.from_pretrained(folder, trust_remote_code=True).eval()
processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
image, mask = np.full((48, 64, 3), 90, np.uint8), np.zeros((48, 64), bool)
mask[10:30, 12:40] = True
inputs = processor(image, mask, mask, return_tensors="pt")
with torch.no_grad():  # as in the pipeline: with gradients other kernels run
    click_map = processor.post_process_click_maps(model(**inputs), [(48, 64)])[0]
np.save(sys.argv[2], click_map.numpy())
for name in (folder, "saved_again"):
    huggingface_hub.constants.HF_HUB_OFFLINE = name == "saved_again"  # a folder asks no Hub
    clicks = pipeline("click-prediction", model=name, trust_remote_code=True)
    made = clicks(image, object_mask=mask)
    np.testing.assert_allclose(made["click_map"], click_map.numpy(), atol=1e-6)
    assert mask[made["click"]["y"], made["click"]["x"]]
    clicks.model.save_pretrained("saved_again")
    clicks.image_processor.save_pretrained("saved_again")
assert len(model(**inputs, output_hidden_states=True).hidden_states) == 6
assert "rclicks_hf" not in sys.modules
"""


def test_a_pushed_model_and_its_folder_load_where_the_package_is_absent(
    tmp_path: Path,
    hub: LocalHub,
    model_folder: Path,
    model: ClickabilityModel,
    processor: ClickabilityImageProcessor,
) -> None:
    hub.add("model", "someone/clickability", model_folder)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = ["-c", REMOTE, "someone/clickability", str(tmp_path / "map.npy")]
    environment |= hub.env()
    done = run_python(command, cwd=tmp_path, env=environment, loaded=HUB_LIBRARIES)
    assert done.returncode == 0, done.stderr[-2000:]
    mask = np.zeros((48, 64), bool)
    mask[10:30, 12:40] = True
    inputs = processor(np.full((48, 64, 3), 90, np.uint8), mask, mask, return_tensors="pt")
    with torch.no_grad():
        expected = processor.post_process_click_maps(model(**inputs), [(48, 64)])[0]
    np.testing.assert_allclose(np.load(tmp_path / "map.npy"), expected, rtol=0, atol=1e-6)
