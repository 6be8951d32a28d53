"""Pushing to a Hub on the loopback interface."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.commands import HUB_LIBRARIES, run_python, run_rclicks_cold, run_rclicks_lines

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.push import push_folder


def run(
    code: str, *, cwd: Path, env: dict[str, str], loaded: Sequence[str] = HUB_LIBRARIES
) -> subprocess.CompletedProcess[str]:
    full = {**os.environ, "HF_HUB_OFFLINE": "0", **env}
    return run_python(["-c", code], cwd=cwd, env=full, loaded=loaded)


def rclicks(*arguments: str) -> str:
    argv = ["rclicks", *arguments]
    return f"import sys; sys.argv = {argv!r}; from rclicks_hf.cli import main; main()"


def test_push_uploads_the_folder_in_one_commit(hub, tmp_path: Path, repo: Path) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    (folder / "a.parquet").write_bytes(b"PAR1PAR1")
    env = hub.env()
    done = run_rclicks_cold(f"push {folder} tester/card", cwd=tmp_path, site=repo, **env)
    assert done.returncode == 0, done.stderr
    assert hub.files("dataset", "tester/card").keys() == {"README.md", "a.parquet"}
    messages = [commit.message for commit in hub.repos["dataset", "tester/card"].commits]
    assert messages == ["initial commit", "Upload card with rclicks push"]
    words = rclicks("push", str(folder), "tester/card")
    again = run(words, cwd=tmp_path, env={**env, "PYTHONPATH": str(repo)})
    assert again.returncode == 0, again.stderr
    assert len(hub.repos["dataset", "tester/card"].commits) == 2  # nothing has changed


def test_a_wrong_token_is_one_line(hub, tmp_path: Path, repo: Path) -> None:
    (tmp_path / "README.md").write_text("# Card\n")
    env = {**hub.env(), "HF_TOKEN": "hf_wrong", "PYTHONPATH": str(repo)}
    done = run(rclicks("push", str(tmp_path), "tester/card"), cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "tester/card: the Hub refused or could not be reached" in done.stderr


QUOTA = (403, {"error": "the quota is used up"})


def test_an_upload_that_the_hub_refuses_is_one_line(hub, tmp_path: Path) -> None:
    """Each try is refused one step later than the one before it, and the fifth is not."""
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    (folder / "a.parquet").write_bytes(b"PAR1PAR1")
    licence = (400, {"errors": [{"message": "no such license"}]})
    hub.refused |= {"validate_yaml": licence, "preupload": QUOTA, "lfs_upload": QUOTA}
    hub.refused["commit"] = QUOTA
    env = {**os.environ, "HF_HUB_OFFLINE": "0", **hub.env()}
    lines = [f"push {folder} tester/card"] * 5
    *refused, last = run_rclicks_lines(lines, cwd=tmp_path, env=env, loaded=HUB_LIBRARIES)
    reasons = ["no such license", *["quota is used up"] * 3]
    for done, reason in zip(refused, reasons, strict=True):
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert reason in done.stderr
    assert hub.refused == {}
    assert last.returncode == 0, last.stderr
    assert hub.files("dataset", "tester/card").keys() == {"README.md", "a.parquet"}
    assert len(hub.repos["dataset", "tester/card"].commits) == 2  # the first is empty


def test_a_hub_that_is_not_there_is_one_line(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "README.md").write_text("# Card\n")
    env = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_x", "HF_HOME": str(tmp_path)}
    done = run(
        rclicks("push", str(tmp_path), "tester/card"),
        cwd=tmp_path,
        env={**env, "PYTHONPATH": str(repo)},
        loaded=(),  # no other process has this address
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "tester/card: the Hub refused or could not be reached" in done.stderr


def test_remains_of_interrupted_writes_are_not_pushed(hub, tmp_path: Path, repo: Path) -> None:
    folder = tmp_path / "card"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "a.pyc").write_bytes(b"x")
    (folder / ".a.parquet.0123abcd.tmp").write_bytes(b"half")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    env = {**hub.env(), "PYTHONPATH": str(repo)}
    done = run(rclicks("push", str(folder), "tester/left"), cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert hub.files("dataset", "tester/left").keys() == {"README.md"}
    assert "card/__pycache__/: left out, does not belong to a dataset repo" in done.stderr


def test_nothing_is_created_for_a_folder_with_a_link_out(hub, tmp_path: Path, repo: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "README.md").symlink_to("../secret")
    env = {**hub.env(), "PYTHONPATH": str(repo)}
    done = run(rclicks("push", "m", "tester/m", "--type", "model"), cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("rclicks: m/README.md: a link to a file outside of the folder")
    assert len(done.stderr) < 200
    assert hub.repos == {}


@pytest.mark.parametrize(
    ("kind", "repo_id", "card", "message"),
    [
        ("dataset", "tester/x", False, r"no README\.md there"),
        ("bucket", "tester/x", True, "bucket: not a repo type"),
        ("dataset", "not a/hub/id", True, "not a Hub id"),
        ("model", "no-namespace", True, "write it as namespace/name"),
    ],
)
def test_wrong_arguments_are_named(
    tmp_path, kind: str, repo_id: str, card: bool, message: str
) -> None:
    if card:
        (tmp_path / "README.md").write_text("# Card\n")
    with pytest.raises(RclicksError, match=message):
        push_folder(tmp_path, repo_id, repo_type=kind)
