"""The five kinds of repo on a Hub on the loopback: what is sent, sent again, and taken away."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.hub_client import run_client

from rclicks_hf import space
from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.push import KINDS, push_kind
from rclicks_hf.hub.spaces import app_upload, module_folders
from rclicks_hf.hub.transfer import PushOptions
from rclicks_hf.metrics import METRICS
from rclicks_hf.support.hub_cards.space_card import GRADIO, PYTHON

DATASET = ("dataset", "me/rclicks")


@pytest.fixture
def place(built: Path, tmp_path: Path) -> Path:
    """A folder to work in, with a dataset to push."""
    shutil.copytree(built, tmp_path / "rclicks")
    return tmp_path


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_dry_run_lists_everything_and_needs_no_token(hub: Any, place: Path) -> None:
    line = 'rclicks("push dataset --repo me/rclicks --dry-run")'
    [(code, text)] = run_client(hub, place, line, HF_TOKEN=None)
    assert code == 0
    assert hub.repos == {}
    assert hub.writes() == []
    expected = sorted(files_of(place / "rclicks"))
    assert re.findall(r"^  \+ (.*)$", text, re.MULTILINE) == expected
    head = f"dry run, in a new repo, {len(expected)} added, 0 changed, 0 deleted"
    assert text.startswith(f"me/rclicks: {head}\n")


def test_a_dataset_is_pushed_once_and_follows_its_folder(hub: Any, place: Path) -> None:
    line = 'rclicks("push dataset --repo me/rclicks --private")\n'
    first, again = run_client(hub, place, line * 2)
    assert first[0] == again[0] == 0
    assert again[1] == "me/rclicks: nothing to push\n"
    repo = hub.repos[DATASET]
    assert repo.private
    assert [commit.message for commit in repo.commits] == [
        "initial commit",
        "Upload rclicks with rclicks push",
    ]
    assert hub.files(*DATASET) == files_of(place / "rclicks")

    others = {".gitattributes": b"x", "eval.yaml": b"name: x", "notes/mine.md": b"mine"}
    stale = {"clicks/simulated_scenes/first/pc/test/part-00001.parquet": b"PAR1"}
    repo.commit("by others", hub.files(*DATASET) | others | stale)
    shutil.rmtree(place / "rclicks" / "images")
    card = place / "rclicks" / "README.md"
    card.write_text(card.read_text() + "\nMore.\n")
    hub.requests.clear()
    lines = (
        'rclicks("push dataset rclicks --repo me/rclicks --dry-run")\n'
        'rclicks("push dataset rclicks --repo me/rclicks --revision next")\n'
        'rclicks("push dataset rclicks --repo me/rclicks --revision next")\n'
    )
    dry, pushed, repeated = run_client(hub, place, lines)
    assert "dry run, 0 added, 1 changed, 4 deleted" in dry[1]
    assert re.findall(r"^  ([~-]) (\S+)", dry[1], re.MULTILINE) == [
        ("~", "README.md"),
        ("-", next(iter(stale))),
        *(
            ("-", f"images/simulated_scenes/{split}/part-00000.parquet")
            for split in ("test", "train", "validation")
        ),
    ]
    assert ": 0 added, 1 changed, 4 deleted" in pushed[1]
    assert repeated[1] == "me/rclicks (next): nothing to push\n"
    assert [line.split()[1] for line in hub.writes()] == ["branch", "commit"]
    assert hub.files(*DATASET, "next") == files_of(place / "rclicks") | others
    assert "notes/mine.md" in hub.files(*DATASET)  # the main branch is as it was
    assert len(repo.commits) == 3


def test_an_interrupted_push_is_repeated(hub: Any, place: Path) -> None:
    hub.stumbles["/commit/main"] = ["drop"]  # the commit is made, and its answer lost
    hub.stumbles["/info/lfs/objects/batch"] = [503]
    line = 'rclicks("push dataset --repo me/rclicks")\n'
    first, again = run_client(hub, place, line * 2)
    assert first[0] == 1
    assert "the Hub could not be reached; check the network and run the same command" in first[1]
    assert again == [0, "me/rclicks: nothing to push\n"]
    assert len(hub.repos[DATASET].commits) == 2
    assert hub.files(*DATASET) == files_of(place / "rclicks")


def test_what_the_hub_refuses_is_told_with_what_to_do(hub: Any, place: Path) -> None:
    hub.add("dataset", "me/public", place / "rclicks")
    code = (
        'rclicks("push dataset --repo me/public --private")\n'
        'os.environ["HF_TOKEN"] = "hf_" + "Secret" * 5\n'
        'rclicks("push dataset --repo me/public")\n'
        'del os.environ["HF_TOKEN"]\n'
        'rclicks("push dataset --repo me/none")\n'
        'os.environ["HF_TOKEN"] = "hf_of_the_tests"\n'
        'rclicks("push dataset --repo me/busy")\n'
    )
    hub.stumbles["/datasets/me/busy/revision/main"] = [503] * 9
    public, wrong, nobody, busy = run_client(hub, place, code)
    assert "me/public: exists and is public; make it private" in public[1]
    assert "the Hub refused the token; run `hf auth login` again" in wrong[1]
    assert "the Hub refused the token; run `hf auth login` again" in nobody[1]
    assert "the Hub is out of order (status 503); try again later" in busy[1]
    assert busy[1].count("(retrying in ") == 2
    for code, text in (public, wrong, nobody, busy):
        assert code == 1
        assert text.count("\nrclicks: ") + text.startswith("rclicks: ") == 1
        assert "Secret" not in text
    assert {name for _, name in hub.repos} == {"me/public"}
    assert len(hub.repos["dataset", "me/public"].commits) == 1


METRIC_LINES = """
rclicks("push metrics --repo org")
rclicks("push metrics --repo org")
rclicks("push metrics --repo org/rclicks_ks --dry-run")
rclicks("push metrics --repo org/rclicks_f1")
import evaluate
noc = evaluate.load("org/rclicks_noc")
found.append(noc.compute(predictions=[[0.7, 0.91, 0.95], [0.5, 0.6, 0.65]], max_clicks=3))
found.append(sorted(evaluate.load("org/rclicks_ks", resamples=3).compute(
    predictions=[[[1.0, 2.0], [3.0, 4.0]]], references=[{"x": [1, 0], "y": [1, 1]}])))
"""


def test_each_metric_becomes_a_space_that_evaluate_loads(
    hub: Any, tmp_path: Path, repo: Path
) -> None:
    first, again, one, wrong, noc, ks = run_client(hub, tmp_path, METRIC_LINES)
    modules = sorted(info.module for info in METRICS.values())
    assert sorted(hub.repos) == [("space", f"org/{name}") for name in modules]
    for name in modules:
        assert hub.files("space", f"org/{name}") == files_of(repo / "metrics" / name)
    assert first[0] == 0
    assert again[1].splitlines() == [
        f"org/{info.module}: nothing to push" for info in METRICS.values()
    ]
    assert one[1] == "org/rclicks_ks: nothing to push\n"
    assert "org/rclicks_f1: no metric of that name; choose rclicks_ks, " in wrong[1]
    assert noc == {"noc": 2.5, "noc_std": 0.0, "nof": 1.0}
    assert ks == ["ks"]


def test_a_module_of_ones_own_goes_where_it_is_told(tmp_path: Path) -> None:
    mine = tmp_path / "rclicks_mine"
    assert module_folders("me/other", [mine]) == {"me/other": mine}
    assert module_folders("me", [mine]) == {"me/rclicks_mine": mine}
    assert list(module_folders("me/rclicks_wd")) == ["me/rclicks_wd"]


def test_the_app_is_a_space_that_can_start(repo: Path) -> None:
    files = app_upload("me/app", [], Path("unused")).files
    assert files["requirements.txt"] == b"rclicks-hf[space]\n"
    front = yaml.safe_load(bytes(files["README.md"]).decode().split("---")[1])
    assert front["sdk"] == "gradio"
    assert front["app_file"] == "app.py"
    imports = [n for n in ast.walk(ast.parse(files["app.py"])) if isinstance(n, ast.ImportFrom)]
    [names] = [node.names for node in imports if node.module == "rclicks_hf.space"]
    assert {name.name for name in names} <= set(space.__all__)  # `test_types` imports each


def test_spaces_name_versions_that_this_package_takes(repo: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PYTHON}"
    pins = (repo / "constraints.txt").read_text().splitlines()
    assert f"gradio=={GRADIO}" in pins
    for module in (repo / "metrics").glob("rclicks_*"):
        front = yaml.safe_load((module / "README.md").read_text("utf-8").split("---")[1])
        assert (front["sdk_version"], front["python_version"]) == (GRADIO, PYTHON)


@pytest.mark.parametrize(
    ("kind", "repo_id", "folders", "message"),
    [
        ("bucket", "me/x", [], "bucket: unknown kind of repo; choose dataset, model"),
        ("results", "me/x", [], "FOLDER is missing; give results folders"),
        ("results", "me", ["a"], "me: not a Hub id"),
        ("results", "me/x", ["none"], "none: no finished benchmark there"),
        ("space", "me", [], "me: not a Hub id"),
        ("model", "me/x", ["a", "b"], "b: one folder is pushed at a time, got 2"),
        ("dataset", "me/x", [], r"rclicks: no README\.md there"),
    ],
)
def test_wrong_arguments_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    repo_id: str,
    folders: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RclicksError, match=message):
        push_kind(kind, repo_id, folders)


@pytest.mark.parametrize("name", ["a" * 40, "refs/pr/1", "-x", "a b", "a..b", "", "x/", "../x"])
def test_what_is_no_branch_is_refused(name: str) -> None:
    with pytest.raises(RclicksError, match="--revision"):
        PushOptions(revision=name)


def test_the_command_knows_the_kinds() -> None:
    from rclicks_hf.cli import push

    assert tuple(KINDS) == push.KINDS
    for kind in KINDS:
        assert f" push {kind} " in push.EXAMPLES
