"""The converter: what it takes, and what it refuses without running anything."""

from __future__ import annotations

import io
import os
import pickle
import re
import resource
from collections.abc import Callable
from itertools import cycle
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


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return ClickabilityModel(ClickabilityConfig.from_preset("nano")).state_dict()


@pytest.fixture(scope="module")
def saved(weights: dict[str, torch.Tensor]) -> bytes:
    stream = io.BytesIO()
    torch.save(weights, stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def bomb(saved: bytes) -> bytes:
    """The checkpoint, but that its first tensor unpacks to 64 MiB."""
    stream = io.BytesIO()
    with ZipFile(io.BytesIO(saved)) as whole, ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for entry in whole.infolist():
            size = 64 << 20 if entry.filename.endswith("data/0") else 0
            archive.writestr(entry.filename, bytes(size) or whole.read(entry))
    return stream.getvalue()


@pytest.fixture
def checkpoint(saved: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "clickability_model.pth"
    path.write_bytes(saved)
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
    model = convert_checkpoint(checkpoint, tmp_path / "out").model
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
    assert "x is posix.mkdir" in _refused(path, tmp_path / "out")
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
    tmp_path: Path, spoil: Callable[[torch.Tensor], torch.Tensor], text: str
) -> None:
    torch.save({"maps_transform.2.weight": spoil(torch.rand(8, 8, 3, 3))}, tmp_path / "a.pth")
    told = _refused(tmp_path / "a.pth", tmp_path / "out")
    assert f"maps_transform.2.weight {'is' if 'dense' in text else 'holds'}" in told
    assert text in told


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(bomb: bytes, tmp_path: Path) -> None:
    (tmp_path / "bomb.pth").write_bytes(bomb)
    assert "would unpack to 0.1 GiB" in _refused(tmp_path / "bomb.pth", tmp_path / "out")


@pytest.mark.parametrize("content", [b"\x80\x02.", b"<html>not found</html>", bytes(range(256))])
def test_bytes_that_are_no_checkpoint_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    _refused(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda weight: weight > 0, "is bool"),
        (lambda weight: weight.to(torch.int64), "is int64"),
        (lambda weight: weight.to(torch.uint8), "is uint8"),
        (lambda weight: weight.to(torch.float8_e4m3fn), "is float8_e4m3fn"),
        (lambda weight: weight.to(torch.float8_e5m2), "is float8_e5m2"),
    ],
)
def test_tensors_of_other_numbers_are_refused(
    tmp_path: Path, spoil: Callable[[torch.Tensor], torch.Tensor], text: str
) -> None:
    path = tmp_path / "model.pth"
    torch.save({"maps_transform.2.weight": spoil(torch.rand(8, 8, 3, 3))}, path)
    assert f"maps_transform.2.weight {text}, not floating" in _refused(path, tmp_path / "out")


def test_a_counter_that_is_no_whole_number_is_refused(
    weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    counter = next(key for key in weights if key.endswith("num_batches_tracked"))
    torch.save({**weights, counter: weights[counter].float()}, tmp_path / "model.pth")
    text = _refused(tmp_path / "model.pth", tmp_path / "out")
    assert f"{counter} is float32, not int64" in text


def test_other_floating_point_numbers_are_taken(
    weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    dtypes = cycle([torch.float16, torch.bfloat16, torch.float64])
    mixed = {k: v.to(next(dtypes)) if v.is_floating_point() else v for k, v in weights.items()}
    torch.save(mixed, tmp_path / "model.pth")
    state = convert_checkpoint(tmp_path / "model.pth", tmp_path / "out").model.state_dict()
    for key, value in state.items():
        assert value.dtype == weights[key].dtype
        assert torch.equal(value, mixed[key].to(value.dtype))


def test_an_archive_whose_own_crc_shows_damage_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with ZipFile(checkpoint) as archive:
        entries = [entry for entry in archive.infolist() if entry.file_size]
    whole = checkpoint.read_bytes()
    for entry in [*entries[:3], *entries[3:-3:12], *entries[-3:]]:
        names = len(entry.filename.encode())
        extra = int.from_bytes(whole[entry.header_offset + 28 : entry.header_offset + 30], "little")
        damaged = bytearray(whole)
        damaged[entry.header_offset + 30 + names + extra + entry.file_size // 2] ^= 1
        checkpoint.write_bytes(damaged)
        assert "download the published checkpoint again" in _refused(checkpoint, tmp_path / "out")


def _another_version(content: bytes) -> bytes:
    """Version needed 99 in the central directory: zipfile does not list it, torch unpacks it."""
    first = content.index(b"PK\x01\x02")
    return content[: first + 6] + b"\x63\x00" + content[first + 8 :]


def _small_by_directory(content: bytes) -> bytes:
    """Sizes in the central directory that are not those of the entries."""
    made = bytearray(content)
    at = made.find(b"PK\x01\x02")
    while at >= 0:
        made[at + 24 : at + 28] = (100).to_bytes(4, "little")
        at = made.find(b"PK\x01\x02", at + 4)
    return bytes(made)


@pytest.mark.parametrize(
    "disguise",
    [
        _another_version,
        _small_by_directory,
        lambda content: content + content[-22:],  # a second end record
        lambda content: content[:-2] + b"\x16\x00" + content[-22:],  # one in the other's comment
        lambda content: content[:-22],  # no end record
    ],
    ids=["version", "sizes", "two ends", "end in comment", "no end"],
)
def test_an_archive_that_cannot_be_listed_is_not_unpacked(
    bomb: bytes, tmp_path: Path, disguise: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "bomb.pth"
    path.write_bytes(disguise(bomb))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "was not loaded" in _refused(path, tmp_path / "out")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10  # KiB


def test_too_many_tensors_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    with ZipFile(checkpoint, "a") as archive:
        for i in range(2 * 5000):
            archive.writestr(f"archive/data/more{i}", b"0")
    assert re.search(r"has 10,\d{3} entries", _refused(checkpoint, tmp_path / "out"))


def test_too_many_tensors_of_one_storage_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    one = torch.zeros(1)
    torch.save({f"{i}": one for i in range(5001)}, checkpoint)
    assert "holds 5,001 tensors" in _refused(checkpoint, tmp_path / "out")


def test_keys_in_messages_are_short_and_printable(checkpoint: Path, tmp_path: Path) -> None:
    torch.save({"a\n\x1b[31m" + "b" * 500: torch.zeros(1) > 0}, checkpoint)
    text = _refused(checkpoint, tmp_path / "out").removeprefix(str(checkpoint))
    assert len(text) < 200
    assert text.isprintable()
