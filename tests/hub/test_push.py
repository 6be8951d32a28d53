"""Pushing to a Hub on the loopback interface."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.commands import run_rclicks_cold
from helpers.hub_client import run_client

from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.push import push_folder


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
    [(code, text)] = run_client(hub, tmp_path, 'rclicks("push card tester/card")')
    assert code == 0, text
    assert len(hub.repos["dataset", "tester/card"].commits) == 2  # nothing has changed


NO_HUB = """
os.environ["HF_TOKEN"] = "hf_wrong"
rclicks("push card tester/card")
import huggingface_hub
huggingface_hub.constants.ENDPOINT = "http://127.0.0.1:9"
rclicks("push card tester/card")
"""


def test_a_wrong_token_and_a_hub_that_is_not_there_are_one_line(hub, tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "README.md").write_text("# Card\n")
    token, nowhere = run_client(hub, tmp_path, NO_HUB)
    for (code, text), reason in (
        (token, "the Hub refused the token"),
        (nowhere, "could not be reached; check"),
    ):
        assert code == 1
        assert "Traceback" not in text
        assert "tester/card: the Hub refused or could not be reached" in text
        assert reason in text


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
    *refused, last = run_client(hub, tmp_path, 'rclicks("push card tester/card")\n' * 5)
    reasons = ["no such license", *["quota is used up"] * 3]
    for (code, text), reason in zip(refused, reasons, strict=True):
        assert code == 1
        assert "Traceback" not in text
        assert reason in text
    assert hub.refused == {}
    assert last[0] == 0, last[1]
    assert hub.files("dataset", "tester/card").keys() == {"README.md", "a.parquet"}
    assert len(hub.repos["dataset", "tester/card"].commits) == 2  # the first is empty


def test_remains_of_interrupted_writes_are_not_pushed_nor_a_link_out(hub, tmp_path: Path) -> None:
    folder = tmp_path / "card"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "a.pyc").write_bytes(b"x")
    (folder / ".a.parquet.0123abcd.tmp").write_bytes(b"half")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    (tmp_path / "m").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "m" / "README.md").symlink_to("../secret")
    lines = 'rclicks("push card tester/left")\nrclicks("push m tester/m --type model")\n'
    (code, said), (refused, problem) = run_client(hub, tmp_path, lines)
    assert code == 0, said
    assert hub.files("dataset", "tester/left").keys() == {"README.md"}
    assert "card/__pycache__/: left out, does not belong to a dataset repo" in said
    assert refused == 1
    assert problem.startswith("rclicks: m/README.md: a link to a file outside of the folder")
    assert len(problem) < 200
    assert [name for _, name in hub.repos] == ["tester/left"]  # nothing is created for the link


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
