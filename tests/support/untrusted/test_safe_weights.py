"""Official checkpoints: the tensors of both formats are read, and nothing else comes to life."""

from __future__ import annotations

import pickle
import resource
import struct
import sys
import types
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.untrusted import safe_pickle
from rclicks_hf.support.untrusted.safe_weights import read_tensors

LEGACY = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
MEMORY = 48 << 10  # KiB that reading a hostile file may take


def save(content: Any, path: Path, legacy: bool) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def read(path: Path) -> dict[str, torch.Tensor]:
    return read_tensors(path, original="official.pth")


def refusal(path: Path) -> str:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RclicksError) as caught:
        read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    return text


def tensors() -> OrderedDict[str, torch.Tensor]:
    torch.manual_seed(0)
    base = torch.randn(6, 4)
    return OrderedDict(
        weight=base,
        alias=base,
        part=base[1:3, ::2],
        turned=base.T,
        half=torch.randn(3).half(),
        wide=torch.randn(2).double(),
        bfloat=torch.randn(2).bfloat16(),
        parameter=torch.nn.Parameter(torch.randn(2, 2)),
        empty=torch.zeros(0, 3),
        scalar=torch.tensor(1.5),
        num_batches_tracked=torch.tensor(7),
    )


@LEGACY
def test_tensors_are_those_of_torch(tmp_path: Path, legacy: bool) -> None:
    path = save(tensors(), tmp_path / "a.pth", legacy)
    found, expected = read(path), torch.load(path, weights_only=True)
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype
        assert torch.equal(found[key], value), key
    assert found["weight"].data_ptr() == found["alias"].data_ptr()


@LEGACY
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_of_pickle_is_read(tmp_path: Path, legacy: bool, protocol: int) -> None:
    path = tmp_path / "a.pth"
    torch.save(tensors(), path, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    assert torch.equal(read(path)["part"], tensors()["part"])


@LEGACY
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3, "best": 0.5},
        lambda state: {"model": state, "optimizer": {"state": {0: {"step": torch.ones(1)}}}},
        lambda state: {"model": {"state_dict": state}},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    ],
)
def test_wrapped_state_dicts_are_unwrapped(tmp_path: Path, legacy: bool, wrap: Any) -> None:
    found = read(save(wrap(tensors()), tmp_path / "a.pth", legacy))
    assert list(found) == list(tensors())
    assert all(torch.equal(found[key], value) for key, value in tensors().items())


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of classes as official checkpoints hold them; each notes that it came to life."""
    module = types.ModuleType("foreign_code")
    exec(  # so that the classes belong to that module
        "from collections import OrderedDict\n"
        "LIVE = []\n"
        "class Note:\n"
        "    def __new__(cls, *a, **k): LIVE.append(cls); return super().__new__(cls, *a, **k)\n"
        "    def __setstate__(self, state): LIVE.append(state)\n"
        "class Loss(Note):\n"
        "    def __init__(self): self.alpha, self.inner = 0.5, [self]\n"
        "class Settings(Note, dict):\n"
        "    def __setitem__(self, k, v): LIVE.append(k); super().__setitem__(k, v)\n"
        "class Names(Note, list):\n"
        "    def append(self, v): LIVE.append(v)\n"
        "    extend = append\n"
        "class Called:\n"
        "    def __reduce__(self): return note, ('called',)\n"
        "def note(*a): LIVE.append(a)\n",
        module.__dict__,
    )
    monkeypatch.setitem(sys.modules, "foreign_code", module)
    return module


@LEGACY
def test_objects_of_other_code_are_skipped(tmp_path: Path, legacy: bool, foreign: Any) -> None:
    config = {
        "loss": foreign.Loss(),
        "settings": foreign.Settings(a=1),
        "names": foreign.Names([1, 2]),
        "call": foreign.Called(),
        "paths": [Path("a"), Path("b")],
        "set": {1, 2},
        "kind": foreign.Loss,
        "number": 1 << 200,
    }
    path = save({"state_dict": tensors(), "config": config}, tmp_path / "a.pth", legacy)
    foreign.LIVE.clear()
    assert torch.equal(read(path)["weight"], tensors()["weight"])
    assert foreign.LIVE == []
    torch.load(path, weights_only=False)
    assert foreign.LIVE, "the objects were dead: the test proves nothing"
    del sys.modules["foreign_code"]  # it is not even looked for
    assert torch.equal(read(path)["weight"], tensors()["weight"])


# --- made by hand: pickles that no Python code writes ---------------------------------------------

TEXT = b"X\x01\x00\x00\x00w"  # the key "w"


def archive(path: Path, pickled: bytes, entries: dict[str, bytes] | None = None) -> Path:
    with ZipFile(path, "w") as made:
        made.writestr("archive/data.pkl", pickled)
        for name, content in (entries or {"data/0": bytes(8)}).items():
            made.writestr(f"archive/{name}", content)
    return path


def legacy_file(path: Path, pickled: bytes, keys: list[Any], rest: bytes) -> Path:
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    path.write_bytes(
        b"".join(pickle.dumps(part, 2) for part in head) + pickled + pickle.dumps(keys, 2) + rest
    )
    return path


def storage(count: bytes, key: bytes = b"0") -> bytes:
    """A persistent id of float numbers; `count` is the opcode of a number."""
    texts = [b"X" + struct.pack("<I", len(text)) + text for text in (b"storage", key, b"cpu")]
    return b"(" + texts[0] + b"ctorch\nFloatStorage\n" + texts[1] + texts[2] + count + b"tQ"


def tensor(
    count: bytes = b"K\x02", offset: bytes = b"K\x00", shape: bytes = b"K\x02\x85",
    stride: bytes = b"K\x01\x85", key: bytes = b"0",
) -> bytes:  # fmt: skip
    """The call that makes a tensor of two numbers."""
    arguments = storage(count, key) + offset + shape + stride + b"\x89}"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def state(value: bytes) -> bytes:
    return b"\x80\x02}" + TEXT + value + b"s."


def test_the_files_made_here_are_read(tmp_path: Path) -> None:
    numbers = struct.pack("<2f", 1, 2)
    path = archive(tmp_path / "a.pth", state(tensor()), {"data/0": numbers})
    assert read(path)["w"].tolist() == [1, 2]
    rest = struct.pack("<q", 2) + numbers
    path = legacy_file(tmp_path / "b.pth", state(tensor()), ["0"], rest)
    assert read(path)["w"].tolist() == [1, 2]


NAMESPACE = b"ctypes\nSimpleNamespace\n)R}V%s\ncos\nmkdir\nsb"  # with mkdir as an attribute
CALLS = {
    "reduce": b"cos\nmkdir\n(V%s\ntR",
    "chain": b"cbuiltins\ngetattr\n(cimportlib\nimport_module\n(Vos\ntRVmkdir\ntR(V%s\ntR",
    "eval": b"cbuiltins\neval\n(V__import__('os').mkdir('%s')\ntR",
    "inst": b"(V%s\nios\nmkdir\n",
    "obj": b"(cos\nmkdir\nV%s\no",
    "newobj": b"cos\nmkdir\n(V%s\nt\x81",
    "newobj_ex": b"cos\nmkdir\n(V%s\nt}\x92",
    "stack global": b"Vos\nVmkdir\n\x93(V%s\ntR",
    "build": NAMESPACE % b"__setstate__" + b"V%s\nb",
    "append": NAMESPACE % b"append" + b"V%s\na",
    "setitem": b"cos\nmkdir\n(tRV%s\nV\ns",
    "additems": b"\x8f(cos\nmkdir\n(V%s\ntR\x90",
    "extension": b"\x82\x01(V%s\ntR",
    "pid": b"PV%s\n",
}
HARMLESS = {"newobj", "newobj_ex", "setitem", "extension", "pid"}  # for pickle, here and now


@pytest.mark.parametrize("name", CALLS)
def test_no_opcode_calls_anything(tmp_path: Path, name: str) -> None:
    trace = tmp_path / "ran"
    call = CALLS[name] % str(trace).encode()
    for path in (
        archive(tmp_path / "a.pth", state(call)),
        legacy_file(tmp_path / "b.pth", state(call), [], b""),
    ):
        assert "is not a dict of tensors: w is" in refusal(path)
        wrapped = b"\x80\x02}Vconfig\n" + call + b"sVstate_dict\n}" + TEXT + tensor() + b"ss."
        archive(path, wrapped)
        assert read(path)["w"].tolist() == [0, 0]
    assert not trace.exists()
    with suppress(Exception):
        pickle.loads(state(call))
    assert trace.exists() == (name not in HARMLESS), "the test proves nothing"


HUGE = struct.pack("<Q", 1 << 40)
CLAIMS = {
    "bytes": b"\x8e" + HUGE,
    "text": b"\x8d" + HUGE,
    "bytearray": b"\x96" + HUGE,
    "long": b"\x8b\xff\xff\xff\x7f",
    "binbytes": b"B\xff\xff\xff\x7f",
    "frame": b"\x95" + HUGE + b"K\x01",
    "memo": b"K\x01r\xff\xff\xff\xff",
    "memo that is not there": b"j\xff\xff\xff\xff",
    "digits": b"I" + b"9" * 100_000 + b"\n",
    "nested tuples": b"K\x01" + b"\x85" * 30_000,
    "nested lists": b"]" * 30_000 + b"a" * 29_999,
    "nested marks": b"(" * 30_000,
    "a key that takes for ever to hash": b"}K\x01" + b"2\x86" * 100 + b"K\x01s",
    "a deep key": b"}K\x01" + b"\x85" * 150_000 + b"K\x01s",
    "a list of itself": b"]q\x00h\x00a",
    "out of band": b"\x97",
    "no such opcode": b"\xff",
    "an empty stack": b"000R",
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_costs_no_memory(tmp_path: Path, name: str) -> None:
    refusal(archive(tmp_path / "a.pth", state(CLAIMS[name])))
    refusal(legacy_file(tmp_path / "b.pth", state(CLAIMS[name]), [], b""))


def test_a_pickle_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_pickle, "_MOST_STEPS", 1000)
    path = archive(tmp_path / "a.pth", state(b"N0" * 1000 + tensor()))
    assert "more than 1,000 steps" in refusal(path)
    monkeypatch.setattr(safe_pickle, "_LARGEST", 1000)
    path = archive(tmp_path / "a.pth", state(b"V" + b"a" * 2000 + b"\n0" + tensor()))
    refusal(path)


LONG = b"\x8a\x08" + struct.pack("<q", 1 << 40)
LIES = {
    "more numbers than stored": tensor(count=b"K\x03"),
    "a huge storage": tensor(count=LONG),
    "a negative storage": tensor(count=b"J\xfe\xff\xff\xff"),
    "an offset beyond it": tensor(offset=b"K\x01"),
    "a negative offset": tensor(offset=b"J\xff\xff\xff\xff"),
    "a shape beyond it": tensor(shape=b"K\x03\x85"),
    "a huge shape": tensor(shape=LONG + b"\x85"),
    "a stride beyond it": tensor(stride=b"K\x02\x85"),
    "a negative stride": tensor(offset=b"K\x01", stride=b"J\xff\xff\xff\xff\x85"),
    "an expanded tensor": tensor(shape=LONG + b"\x85", stride=b"K\x00\x85"),
    "a shape of text": tensor(shape=b"V2\n\x85"),
    "a shape of truth": tensor(shape=b"\x88\x85"),
    "other dimensions": tensor(stride=b")"),
    "another entry": tensor(key=b"../data.pkl"),
    "no such entry": tensor(key=b"1"),
    "too few arguments": b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage(b"K\x02") + b"tR",
}


@pytest.mark.parametrize("name", LIES)
def test_a_tensor_lies_within_its_storage(tmp_path: Path, name: str) -> None:
    refusal(archive(tmp_path / "a.pth", state(LIES[name])))
    rest = struct.pack("<q", 2) + bytes(8)
    refusal(legacy_file(tmp_path / "b.pth", state(LIES[name]), ["0"], rest))


@pytest.mark.parametrize(
    ("keys", "rest"),
    [
        (["0"], struct.pack("<q", 2) + bytes(7)),
        (["0"], struct.pack("<q", 1 << 50) + bytes(8)),
        (["0"], struct.pack("<q", -1) + bytes(8)),
        (["0", "0"], (struct.pack("<q", 2) + bytes(8)) * 2),
        (["1"], struct.pack("<q", 2) + bytes(8)),
        ([], b""),
        ([["0"]], struct.pack("<q", 2) + bytes(8)),
    ],
)
def test_legacy_storages_that_lie_are_refused(tmp_path: Path, keys: list[Any], rest: bytes) -> None:
    refusal(legacy_file(tmp_path / "b.pth", state(tensor()), keys, rest))
    huge = legacy_file(tmp_path / "c.pth", state(tensor(LONG)), keys, struct.pack("<q", 1 << 40))
    refusal(huge)


def test_one_storage_has_one_size(tmp_path: Path) -> None:
    both = b"\x80\x02}(" + TEXT + tensor() + b"Vv\n" + tensor(count=b"K\x01", shape=b")",
                                                          stride=b")") + b"u."  # fmt: skip
    refusal(archive(tmp_path / "a.pth", both))
    refusal(legacy_file(tmp_path / "b.pth", both, ["0"], struct.pack("<q", 2) + bytes(8)))


def test_big_endian_numbers_are_refused(tmp_path: Path) -> None:
    entries = {"data/0": bytes(8), "byteorder": b"big"}
    assert "big-endian" in refusal(archive(tmp_path / "a.pth", state(tensor()), entries))


@LEGACY
def test_no_truncated_file_is_read(tmp_path: Path, legacy: bool) -> None:
    content = save(tensors(), tmp_path / "a.pth", legacy).read_bytes()
    path = tmp_path / "b.pth"
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        refusal(path)


@LEGACY
def test_a_whole_pickled_network_is_refused(tmp_path: Path, legacy: bool) -> None:
    path = save(torch.nn.Linear(2, 2), tmp_path / "a.pth", legacy)
    assert "is not a dict of tensors" in refusal(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (b"\x1f\x8b" + bytes(9), "is compressed"),
        ((2).to_bytes(8, "little") + b"{}", "holds safetensors, which need no conversion"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(RclicksError, match=rf"a\.pth: {message}.*; give the published checkpoint"):
        read_tensors(path, original="sam.pth")
    with pytest.raises(RclicksError, match="is a folder; give"):
        read_tensors(tmp_path, original="sam.pth")
