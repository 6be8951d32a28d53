"""The table of networks: complete, and free of torch until a row is loaded."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModel

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS, convert_checkpoint


def test_the_table_needs_no_torch(repo: Path) -> None:
    code = (
        "import sys; import rclicks_hf.networks; print({'torch', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_every_folder_of_a_network_has_a_row(repo: Path) -> None:
    configurations = (repo / "rclicks_hf" / "networks").glob("*/configuration_*.py")
    ours = [row for row in NETWORKS.values() if not row.model.startswith("transformers:")]
    folders = {row.config.partition(":")[0].rpartition(".")[2] for row in ours}
    assert {path.parent.name for path in configurations} == folders


@pytest.mark.parametrize("name", NETWORKS)
def test_a_row_names_what_is_registered(name: str) -> None:
    row = NETWORKS[name]
    config = row.load("config")
    assert config.model_type == row.model_type
    assert type(AutoConfig.for_model(row.model_type)) is config
    assert AutoModel._model_mapping[config] is row.load("model")
    assert not row.image_processor or callable(row.load("image_processor"))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_missing_checkpoint_is_named_by_its_published_file(name: str, tmp_path: Path) -> None:
    published = re.escape(NETWORKS[name].checkpoint)
    with pytest.raises(RclicksError, match=f"published checkpoint {published}"):
        convert_checkpoint(name, tmp_path / "none.pth", tmp_path / "out")
    assert not (tmp_path / "out").exists()
