"""What a push would change, by digests; what it may delete, by the kind of repo."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from huggingface_hub import RepoFile

from rclicks_hf.hub.changes import Changes, find_changes
from rclicks_hf.hub.results_repo import OWNED_RESULTS
from rclicks_hf.hub.sent_files import OWNED


def remote(path: str, content: bytes, *, lfs: bool = False) -> RepoFile:
    oid = hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()
    sha = hashlib.sha256(content).hexdigest()
    stored = {"oid": sha, "size": len(content), "pointerSize": 1} if lfs else None
    return RepoFile(path=path, size=len(content), oid=oid, lfs=stored)


@pytest.mark.parametrize("lfs", [False, True])
def test_equal_content_is_not_sent(tmp_path: Path, lfs: bool) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    there = {path: remote(path, b"abc", lfs=lfs) for path in ("file", "bytes", "size", "same")}
    files = {"file": tmp_path / "f", "bytes": b"abc", "size": b"ab", "same": b"abd", "new": b""}
    found = find_changes(files, there, "x")
    assert (found.added, found.changed, found.deleted) == (["new"], ["same", "size"], [])
    assert found.sent == ["new", "same", "size"]
    assert found.lines() == ["  + new", "  ~ same", "  ~ size"]
    assert not find_changes({"file": tmp_path / "f"}, there, "x")


STAYS = {
    "dataset": ("README.md", ".gitattributes", "eval.yaml", "x/a.parquet", "clicks/note.txt"),
    "model": (
        ".eval_results/other.yaml",
        "handler.py",
        "adapter_model.safetensors",
        "tokenizer.json",
    ),
    "space": ("helper.py", "requirements.txt", "data/a.csv"),
}
GOES = {
    "dataset": ("croissant.json", "rejected.parquet", "images/davis/test/part-00001.parquet"),
    "model": ("model-00002-of-00002.safetensors", "model.safetensors.index.json"),
    "space": ("rclicks_old.py",),
}
SENT = {"dataset": "clicks/a.parquet", "model": "model.safetensors", "space": "rclicks_noc.py"}


@pytest.mark.parametrize("kind", OWNED)
def test_only_what_the_kind_owns_is_deleted_and_never_by_a_card_alone(kind: str) -> None:
    there = {path: remote(path, b"x") for path in (*STAYS[kind], *GOES[kind])}
    assert find_changes({SENT[kind]: b"x"}, there, OWNED[kind]).deleted == sorted(GOES[kind])
    assert find_changes({"README.md": b"new"}, there, OWNED[kind]).deleted == []


def test_a_results_repo_holds_what_was_given_and_what_others_added() -> None:
    names = ("a/results.parquet", "a/manifest.json", "b/results.parquet", "notes/b/results.parquet")
    there = {path: remote(path, b"x") for path in (*names, "figure.png")}
    found = find_changes({"b/results.parquet": b"x"}, there, OWNED_RESULTS)
    assert found == Changes(deleted=["a/manifest.json", "a/results.parquet"])
