"""What of a folder is sent to the Hub: what belongs to its kind, and nothing from elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.sent_files import left_out_lines, sent_files

SECRETS = (".env", "id_rsa", "notes.txt", ".git/config", ".cache/huggingface/token", "token.json")
UNFINISHED = (".a.parquet.0123abcd.tmp", "__pycache__/a.pyc", "m.training/model.safetensors")


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.fsencode(name))
    return folder


BELONGS = {
    "dataset": (
        "README.md",
        ".gitattributes",
        "LICENSE",
        "croissant.json",
        "eval.yaml",
        "rejected.parquet",
        "clicks/dataset=davis/split=test/part-00000.parquet",
        "images/davis/test-00000.parquet",
        "instances/davis.parquet",
    ),
    "model": (
        "README.md",
        "config.json",
        "preprocessor_config.json",
        "model.safetensors",
        "model-00001-of-00002.safetensors",
        "model.safetensors.index.json",
        "modeling_clickability.py",
        ".eval_results/rclicks.yaml",
        "training_log.json",
        "runs/now/events.out.tfevents.1.host",
    ),
    "space": ("README.md", "app.py", "requirements.txt", "rclicks_noc.py", ".gitattributes"),
}
FOREIGN = {
    "dataset": (
        "model.safetensors",
        "clicks.csv",
        "clicks/x.tmp/part.parquet",
        "clicks/.x.0123.tmp/part.parquet",
        "clicks/.hidden.parquet",
        "clicks/a.csv",
        "old.tmp/part",
        "sources/data_GT/a.jpg",
    ),
    "model": (
        "last/model.safetensors",
        "checkpoint-3/model.safetensors",
        "optimizer.pt",
        "pytorch_model.bin",
        ".eval_results/.env",
        "runs/.ssh/events.out.tfevents.1",
        "clicks/a.parquet",
    ),
    "space": ("model.safetensors", ".env.py", "flagged/log.csv"),
}


@pytest.mark.parametrize("kind", BELONGS)
def test_only_what_belongs_is_sent(tmp_path: Path, kind: str) -> None:
    write(tmp_path, *BELONGS[kind], *FOREIGN[kind], *SECRETS, *UNFINISHED)
    found = sent_files(tmp_path, kind)
    assert sorted(found.sent) == sorted(BELONGS[kind])
    assert all(file.read_text() == path for path, file in found.sent.items())
    left = [path for path in found.left_out if path.endswith("/")]
    for path in (*FOREIGN[kind], *SECRETS, *UNFINISHED):
        assert path in found.left_out or any(path.startswith(folder) for folder in left)


def test_everything_that_is_built_belongs(built: Path, repo: Path) -> None:
    assert sent_files(built, "dataset").left_out == {}
    for module in (repo / "metrics").glob("rclicks_*"):
        assert {"README.md", "app.py"} < sent_files(module, "space").sent.keys()


@pytest.mark.parametrize("name", ["a.parquet", "notes.txt", "clicks", "clicks/a.parquet", ".env"])
@pytest.mark.parametrize("target", ["secret", "secrets", "../..", "/dev/zero", "missing"])
def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path, name: str, target: str) -> None:
    write(tmp_path, "secret", "secrets/a.parquet")
    folder = write(tmp_path / "repo", "README.md")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(tmp_path / target)
    with pytest.raises(RclicksError, match=rf"^repo/{name}: a link to a file outside of the fold"):
        sent_files(folder, "dataset")


def test_a_link_through_other_links_is_followed_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, "secret")
    folder = write(tmp_path / "repo", "README.md", "clicks/b.parquet")
    (folder / "a.parquet").symlink_to("clicks/x.parquet")
    (folder / "clicks/x.parquet").symlink_to("../../secret")
    with pytest.raises(RclicksError, match="a link to a file outside"):
        sent_files(folder, "dataset")


def test_links_inside_give_the_content_where_it_belongs(tmp_path: Path) -> None:
    folder = write(tmp_path / "repo", "README.md", "clicks/a/x.parquet", ".env", "last/b.parquet")
    (folder / "a.parquet").symlink_to("clicks/a/x.parquet")
    (folder / "clicks/b").symlink_to("a")
    (folder / "secret.parquet").symlink_to(".env")
    (folder / "images").symlink_to("last")
    (tmp_path / "name").symlink_to(folder)
    found = sent_files(tmp_path / "name", "dataset")
    assert {path: file.read_text() for path, file in found.sent.items()} == {
        "README.md": "README.md",
        "a.parquet": "clicks/a/x.parquet",
        "clicks/a/x.parquet": "clicks/a/x.parquet",
        "clicks/b/x.parquet": "clicks/a/x.parquet",
    }
    assert found.left_out.keys() == {".env", "last/", "secret.parquet", "images/"}


def test_loops_end(tmp_path: Path) -> None:
    folder = write(tmp_path / "repo", "README.md", "clicks/a/x.parquet", "clicks/b/x.parquet")
    (folder / "clicks/up").symlink_to(".")
    (folder / "clicks/a/b").symlink_to("../b")
    (folder / "clicks/b/a").symlink_to("../a")
    (folder / "self.parquet").symlink_to("self.parquet")
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    found = sent_files(folder, "dataset")
    assert {"clicks/up/", "clicks/a/b/a/", "self.parquet", "one", "two"} < found.left_out.keys()
    assert "clicks/a/b/x.parquet" in found.sent


def test_links_that_multiply_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rclicks_hf.hub.sent_files.MAX_FILES", 1000)
    folder = write(tmp_path, *(f"clicks/{i}/x.parquet" for i in range(30)), "README.md")
    for i in range(29):
        for name in "ab":
            (folder / f"clicks/{i}/{name}").symlink_to(f"../{i + 1}")
    with pytest.raises(RclicksError, match="more than 1,000 files"):
        sent_files(folder, "dataset")


def test_what_is_not_a_file_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    os.mkfifo("pipe.parquet")
    write(tmp_path, "README.md", "a\nb.parquet", "clicks/\udcff.parquet")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.parquet")
        found = sent_files(tmp_path, "dataset")
    assert list(found.sent) == ["README.md"]
    assert found.left_out["pipe.parquet"] == found.left_out["s.parquet"] == "not a file"
    assert all(line.isprintable() for line in left_out_lines(tmp_path, found))


def test_files_beyond_the_limits_of_the_hub_are_refused(tmp_path: Path) -> None:
    for name, size in (("a.parquet", 50_000_000_001), ("README.md", 10_000_001)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)  # holes: nothing is written
        with pytest.raises(RclicksError, match=f"{name}: .* MB, but the Hub takes at most"):
            sent_files(tmp_path, "dataset")
        os.truncate(tmp_path / name, size - 1)
        assert name in sent_files(tmp_path, "dataset").sent


def test_few_lines_for_many_entries(tmp_path: Path) -> None:
    found = sent_files(write(tmp_path, *(f"n{i:02d}.txt" for i in range(25))), "model")
    lines = left_out_lines(tmp_path, found)
    assert lines[0] == f"{tmp_path.name}/n00.txt: left out, does not belong to a model repo"
    assert lines[-1] == f"{tmp_path.name}: 5 more entries left out"
    assert len(lines) == 21
