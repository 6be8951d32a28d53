"""What a folder is, and a wrong ``--type``."""

from __future__ import annotations

from pathlib import Path

import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.push import push_folder
from rclicks_hf.hub.repo_kind import find_repo_type

FOLDERS = {
    "dataset": ["clicks/dataset=a/part-00000.parquet"],
    "model": ["config.json", "model.safetensors"],
    "space": ["app.py"],
}


def _make(folder: Path, files: list[str]) -> Path:
    for name in ["README.md", *files]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    return folder


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("wanted", [None, *FOLDERS])
def test_the_type_is_found_and_another_is_refused(
    tmp_path: Path, kind: str, wanted: str | None
) -> None:
    folder = _make(tmp_path, FOLDERS[kind])
    if wanted in (None, kind):
        assert find_repo_type(folder, wanted) == kind
        return
    with pytest.raises(RclicksError, match=f"omit --type, or give {kind}"):
        push_folder(folder, "owner/name", repo_type=wanted)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["a.parquet"], "dataset"),
        (["config.json", "model.safetensors.index.json"], "model"),
        (["config.json", "pytorch_model.bin"], "model"),
        ([], "dataset"),
    ],
)
def test_other_forms(tmp_path: Path, files: list[str], kind: str) -> None:
    assert find_repo_type(_make(tmp_path, files), None) == kind


def test_our_own_metric_modules_are_spaces(repo: Path) -> None:
    assert find_repo_type(repo / "metrics" / "rclicks_noc", None) == "space"


def test_a_results_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="is a results folder"):
        push_folder(_make(tmp_path, ["manifest.json", "results.parquet"]), "owner/name")
