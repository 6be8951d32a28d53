"""What was pushed is used by its Hub id, also where the Hub, the way to it or the token is bad."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import torch
import yaml
from helpers.clickability_fixtures import two_stages
from helpers.hub_client import run_client, unfinished_files
from helpers.local_hub import LocalHub
from helpers.tiny_networks import save_tiny

from rclicks_hf.analysis import analyse_repo
from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.loading import load_instances
from rclicks_hf.networks.clickability import ClickabilityImageProcessor, ClickabilityModel

NAME = "simulated_scenes"
SIDE = 64


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a tiny SAM and of a small clickability network."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny("sam", folder / "sam")
    torch.manual_seed(0)
    ClickabilityModel(two_stages()).save_pretrained(folder / "clicks")
    ClickabilityImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(
        folder / "clicks"
    )
    return folder


@pytest.fixture
def full_hub(hub: LocalHub, built: Path, models: Path) -> LocalHub:
    """A Hub with a dataset, a segmenter and a click model."""
    hub.add("dataset", "me/rclicks", built)
    hub.add("model", "me/sam", models / "sam")
    hub.add("model", "me/clicks", models / "clicks")
    return hub


LOAD = """
import datasets
from datasets import load_dataset

where = ["me/rclicks", NAME]
now = load_dataset(*where, split="test")
stream = load_dataset(*where, split="test", streaming=True)
found.append([now.to_list() == list(stream), list(now["x"])])
for revision in (FIRST, "next"):
    found.append(load_dataset(*where, split="test", revision=revision)[:]["x"])
pictures = load_dataset("me/rclicks", f"{NAME}-images", split="test", streaming=True)
found.append(next(iter(pictures))["image"].size)
"""


def test_a_dataset_loads_whole_streaming_and_at_a_revision(
    full_hub: LocalHub,
    built: Path,
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
) -> None:
    source = make_source()
    other = tmp_path / "other"
    build_dataset(make_clicks(source, seed=5), {NAME: source}, other, progress=False)
    repo = full_hub.repos["dataset", "me/rclicks"]
    first = repo.at()
    files = {p.relative_to(other).as_posix(): p.read_bytes() for p in other.rglob("*.*")}
    repo.branches["next"] = [*repo.commits]
    repo.commit("other clicks", files)
    code = f"NAME, FIRST = {NAME!r}, {first.sha!r}\n{LOAD}"
    (is_same, now), at_first, at_next, size = run_client(full_hub, tmp_path, code)
    assert is_same
    assert at_first == at_next != now
    assert len(now) == len(at_first)
    assert size == [16, 12]


def test_a_benchmark_with_everything_named_by_its_hub_id(
    full_hub: LocalHub, tmp_path: Path
) -> None:
    line = (
        f"benchmark --repo me/rclicks --segmenter me/sam --click-model me/clicks --dataset {NAME} "
        "--limit 1 --runs g10,user --num-proc 1 --device cpu --out out"
    )
    [done, again] = run_client(full_hub, tmp_path, f"rclicks({line!r})\n" * 2)
    assert done[0] == again[0] == 0, done[1]
    assert re.search(rf"^me/sam +cm +{NAME} +1 +0 ", done[1], re.MULTILINE), done[1]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["revisions"] == {
        "segmenter": full_hub.repos["model", "me/sam"].at().sha,
        "click_model": full_hub.repos["model", "me/clicks"].at().sha,
        "dataset": full_hub.repos["dataset", "me/rclicks"].at().sha,
    }


def test_an_analysis(full_hub: LocalHub, built: Path, tmp_path: Path) -> None:
    [(code, text)] = run_client(full_hub, tmp_path, 'rclicks("analyse me/rclicks")')
    assert code == 0, text
    assert text.startswith(analyse_repo(built, progress=False))


def test_fine_tuning_from_the_hub_and_back(full_hub: LocalHub, tmp_path: Path) -> None:
    lines = (
        f"train --repo me/rclicks --dataset {NAME} --model me/clicks --out tuned "
        "--epochs 1 --batch-size 6 --push-to-hub tester/tuned",
        f"evaluate-clicks --click-model tester/tuned --repo me/rclicks --split validation "
        f"--dataset {NAME} --halvings 0 --num-proc 1",
    )
    code = "".join(f"rclicks({line!r})\n" for line in lines)
    trained, evaluated = run_client(full_hub, tmp_path, code)
    assert trained[0] == 0, trained[1]
    assert evaluated[0] == 0, evaluated[1]
    assert "tester/tuned" in evaluated[1]
    files = full_hub.files("model", "tester/tuned")
    assert files.keys() >= {"README.md", "model.safetensors", "config.json"}
    card = files["README.md"].decode()
    facts = yaml.safe_load(card.split("---")[1])
    assert "\n# tester/tuned\n" in card
    assert (facts["base_model"], facts["datasets"]) == ("me/clicks", ["me/rclicks"])
    revision = full_hub.repos["dataset", "me/rclicks"].at().sha
    assert f"Data: `me/rclicks`, config `{NAME}`" in card
    assert f"commit `{revision}`" in card
    assert not any(".eval_results" in path for path in files)


FINGERPRINT = f"""
from rclicks_hf import load_instances
from rclicks_hf.data.fingerprint import dataset_fingerprint

rounds = ("first", "subsequent")
table = load_instances("me/rclicks", "{NAME}", split="train")
digest = dataset_fingerprint("me/rclicks", "{NAME}", "train", rounds)
found.append([table[0].clicks.x.tolist(), digest])
"""


def test_a_repo_has_a_fingerprint_of_its_rows(
    full_hub: LocalHub,
    built: Path,
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
) -> None:
    """Also without a network, from what the library cached of that very repo."""
    source, other = make_source(), tmp_path / "other"
    build_dataset(make_clicks(source, seed=8), {NAME: source}, other, progress=False)
    seen = []
    for folder in (built, other):
        full_hub.add("dataset", "me/rclicks", folder)
        seen += run_client(full_hub, tmp_path, FINGERPRINT)
        assert seen[-1][0] == load_instances(folder, NAME, split="train")[0].clicks.x.tolist()
    assert seen[0][1] != seen[1][1]
    again = run_client(full_hub, tmp_path, FINGERPRINT, loaded=(), HF_HUB_OFFLINE="1")
    assert again == seen[1:]


# What is done with a repo, by the kind of repo.
READERS = {
    "dataset": f'lambda name: load_instances(name, "{NAME}", split="test")',
    "clicks": "load_click_model",
    "sam": "load_segmenter",
}
READ = f"""
from rclicks_hf import load_click_model, load_instances, load_segmenter

READERS = {{{", ".join(f"{kind!r}: {call}" for kind, call in READERS.items())}}}
for kind, name in json.loads(os.environ["WANTED"]):
    os.environ.pop("HF_TOKEN", None)
    if name.endswith("-token"):
        os.environ["HF_TOKEN"] = "hf_" + "Secret" * 5
    refusal(lambda: READERS[kind](name))
"""
#: Fault -> what a repo with it says, and what goes wrong with the requests for which of its files.
BIG = r"\.(parquet|safetensors)$"
FAULTS: dict[str, tuple[str, str, list[int | str]]] = {
    "gated": ("it is gated; ask for access on its page, then run `hf auth login`", "", []),
    "private": ("there is no such repo, or it is private; check the name, or run", "", []),
    "missing": ("there is no such repo, or it is private; check the name, or run", "", []),
    "token": ("the Hub refused the token; run `hf auth login` again", "", []),
    "busy": ("the Hub is out of order (status 503); try again later", "", [503] * 99),
    "cut": ("a file came incomplete and was not kept; run the same command", BIG, ["cut"] * 99),
    "hiccup": ("", "", [503]),
    "dropped": ("", BIG, ["drop"]),
    "once-cut": ("", BIG, ["cut"]),
}


def test_faults_of_the_hub_are_told_or_overcome(
    full_hub: LocalHub, built: Path, models: Path, tmp_path: Path
) -> None:
    folders = {"dataset": built, "clicks": models / "clicks", "sam": models / "sam"}
    wanted = []
    for kind, folder in folders.items():
        for fault, (_, pattern, stumbles) in FAULTS.items():
            name = f"{kind}/of-{fault}"
            wanted.append((kind, name))
            if fault != "missing":
                repo = full_hub.add("dataset" if kind == "dataset" else "model", name, folder)
                repo.gated, repo.private = fault == "gated", fault == "private"
                full_hub.stumbles[f"{name}/resolve/.*{pattern}"] = [*stumbles]
    home = full_hub.home
    found = run_client(full_hub, tmp_path, READ, WANTED=json.dumps(wanted))
    for (_, name), text in zip(wanted, found, strict=True):
        expected, _, stumbles = FAULTS[name.partition("of-")[2]]
        if not expected:
            assert text == "", name
            assert not any(full_hub.stumbles.get(key) for key in full_hub.stumbles if name in key)
            continue
        assert text.startswith(f"RclicksError: {name}: "), text
        assert expected in text, name
        assert "\n" not in text
        assert "Secret" not in text
    assert unfinished_files(home) == []
    blobs = [path for path in (home / "hub").rglob("blobs/*") if path.is_file()]
    assert blobs
    for blob in blobs:
        content = blob.read_bytes()
        known = {
            hashlib.sha256(content).hexdigest(),
            hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest(),
        }
        assert blob.name in known, blob
