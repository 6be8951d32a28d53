"""A source dataset is added by rows in two tables (docs/add_a_dataset.md); the rest derives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from helpers.commands import run_python

from rclicks_hf.data import MemoryStore, build_dataset
from rclicks_hf.data.schema import CLICK_SCHEMA

PROGRAM = """
from pathlib import Path

import numpy as np

from rclicks_hf.data import schema
from rclicks_hf.data.schema import SourceDataset

entry = SourceDataset("pascal", "PASCAL", "PascalVOC", "pascal", ("test",), 0, 0, 0, "own terms")
rows = dict(schema.SOURCE_DATASETS)
new = schema._simulated(entry)
schema.SOURCE_DATASETS.clear()
schema.SOURCE_DATASETS.update({"pascal": entry, **rows, new.name: new})  # all labels move
schema.CLOSED_VALUES["dataset"] = tuple(schema.SOURCE_DATASETS)

from rclicks_hf.data.images.layouts import LAYOUTS, Layout, decode_any_channel

LAYOUTS["pascal"] = Layout("pascal", "PascalVOC", "images", "masks", decode_any_channel)

from rclicks_hf.data import build_from_files, load_instances, verify_dataset
from rclicks_hf.data.images.files import encode_png

mask = np.zeros((20, 30), np.uint8)
mask[5:9, 4:20] = 255
for folder, pixels in (("images", np.zeros((20, 30, 3), np.uint8)), ("masks", mask)):
    path = Path("sources/PascalVOC") / folder / "a.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_png(pixels))
header = ",".join(schema.CLICK_SCHEMA.names)
Path("clicks.csv").write_text(f"{header}\\nPascalVOC,a,a,,first,,mobile,5,6,30,20\\n")
build_from_files("clicks.csv", "sources", "new", progress=False)
assert [check for check in verify_dataset("new") if check.ok is False] == []
[instance] = load_instances("new", "pascal")
assert (instance.dataset, instance.split, instance.box) == ("pascal", "test", (4, 5, 16, 4))
[old] = load_instances("old", "davis")
assert (old.dataset, old.clicks.device.tolist()) == ("davis", ["mobile"])
"""


def test_two_rows_are_enough_and_old_repos_keep_their_meaning(tmp_path: Path) -> None:
    store = MemoryStore()
    store.add("095", np.zeros((48, 64, 3), np.uint8), {"": np.eye(48, 64, dtype=np.int8)})
    row = ("davis", "095", "095", "", "first", "none", "mobile", 1, 2, 64, 48)
    clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
    build_dataset(clicks, {"davis": store}, tmp_path / "old", progress=False)
    done = run_python(["-c", PROGRAM], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
