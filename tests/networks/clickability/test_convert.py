"""The converter: what it takes, and what it refuses without running anything."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityModel,
    convert_checkpoint,
)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "clickability_model.pth"
    torch.save(ClickabilityModel(ClickabilityConfig.from_preset("nano")).state_dict(), path)
    return path


def _refused(checkpoint: Path, out: Path) -> str:
    with pytest.raises(RclicksError) as caught:
        convert_checkpoint(checkpoint, out)
    assert not out.exists()
    text = str(caught.value)
    assert text.startswith(str(checkpoint))
    assert "\n" not in text
    return text


def test_converts_and_loads(checkpoint: Path, tmp_path: Path) -> None:
    model = convert_checkpoint(checkpoint, tmp_path / "out")
    loaded = ClickabilityModel.from_pretrained(tmp_path / "out").state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in model.state_dict().items())
    assert (tmp_path / "out" / "preprocessor_config.json").is_file()
    with pytest.raises(RclicksError, match="already exists"):
        convert_checkpoint(checkpoint, tmp_path / "out")


def test_missing_extra_and_misshapen_keys_are_named(checkpoint: Path, tmp_path: Path) -> None:
    state = torch.load(checkpoint, weights_only=True)
    del state["maps_transform.0.bias"]
    state["optimizer"] = torch.zeros(2)
    state["maps_transform.2.bias"] = torch.zeros(3)
    torch.save(state, checkpoint)
    text = _refused(checkpoint, tmp_path / "out")
    assert "missing: maps_transform.0.bias" in text
    assert "extra: optimizer" in text
    assert "maps_transform.2.bias (3,) for (8,)" in text
    assert "'nano'" in text


def test_other_tensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"layer.weight": torch.zeros(2)}, path)
    assert "none of its keys is known" in _refused(path, tmp_path / "out")
    torch.save({"epoch": 3}, path)
    assert "is not a dict of tensors" in _refused(path, tmp_path / "out")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_files_are_refused(checkpoint: Path, tmp_path: Path, share: float) -> None:
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(share * len(content))])
    text = _refused(checkpoint, tmp_path / "out")
    assert "download" in text


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "no such file" in _refused(tmp_path / "none.pth", tmp_path / "out")


class _Hostile:
    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_hostile_pickle_does_not_run(tmp_path: Path, legacy: bool) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "ran"
    torch.save({"x": _Hostile(trace)}, path, _use_new_zipfile_serialization=not legacy)
    assert "holds more than tensors" in _refused(path, tmp_path / "out")
    path.write_bytes(pickle.dumps({"x": _Hostile(trace)}))
    _refused(path, tmp_path / "out")
    assert not trace.exists()
    function, arguments = _Hostile(trace).__reduce__()
    function(*arguments)
    assert trace.exists(), "the pickle was harmless: the test proves nothing"


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda weight: torch.full_like(weight, torch.nan), "not finite"),
        (lambda weight: weight.double() + 1e300, "not finite"),
        (lambda weight: weight.to(torch.complex64), "complex"),
        (lambda weight: weight.to_sparse(), "not a plain dense tensor"),
        (lambda weight: weight.to("meta"), "not a plain dense tensor"),
        (lambda weight: torch.ones(1).expand_as(weight), "not a plain dense tensor"),
    ],
    ids=["nan", "float64", "complex", "sparse", "meta", "expanded"],
)
def test_tensors_that_are_no_weights_are_refused(
    checkpoint: Path, tmp_path: Path, spoil: Callable[[torch.Tensor], torch.Tensor], text: str
) -> None:
    state = torch.load(checkpoint, weights_only=True)
    state["maps_transform.2.weight"] = spoil(state["maps_transform.2.weight"])
    torch.save(state, checkpoint)
    told = _refused(checkpoint, tmp_path / "out")
    assert f"maps_transform.2.weight {'is' if 'dense' in text else 'holds'}" in told
    assert text in told


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(
    checkpoint: Path, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.pth"
    with ZipFile(checkpoint) as whole, ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        for entry in whole.infolist():
            size = 200 << 20 if entry.filename.endswith("data/0") else 0
            archive.writestr(entry.filename, bytes(size) or whole.read(entry))
    assert "would unpack to 0.2 GiB" in _refused(bomb, tmp_path / "out")


@pytest.mark.parametrize("content", [b"\x80\x02.", b"<html>not found</html>", bytes(range(256))])
def test_bytes_that_are_no_checkpoint_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    _refused(path, tmp_path / "out")
