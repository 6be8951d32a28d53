"""Which instances are shown, with whose clicks, and what happens without their pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rclicks_hf import data
from rclicks_hf.benchmark import CLICKING_GROUPS
from rclicks_hf.benchmark.instance_sets import RepoInstances
from rclicks_hf.benchmark.manifest import IDENTITY
from rclicks_hf.report import (
    MethodKey,
    MethodResults,
    read_results,
    report_data,
    write_report_file,
)
from rclicks_hf.report.pictures.examples import choose_examples
from rclicks_hf.simulation import simulate_rounds

MakeResults = Callable[..., Path]
NAME, SIZE = "simulated_scenes", (24, 32)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repo of eight instances, named as the invented results name theirs."""
    source = data.MemoryStore()
    stems = [f"test_{i:03d}" for i in range(8)]
    for i, stem in enumerate(stems):
        image = np.zeros((*SIZE, 3), np.uint8)
        image[6:18, 8 : 20 + i % 4] = 255
        source.add(stem, image, {"": image[..., 0] > 0})
    rounds = simulate_rounds(source, dataset=NAME, progress=False)
    sources = {NAME: data.StoreWithPrevious(source, rounds.previous_masks)}
    out = tmp_path_factory.mktemp("data") / "repo"
    splits = {NAME: dict.fromkeys(stems, "test")}
    data.build_dataset(rounds.clicks, sources, out, splits=splits, progress=False)
    return out


def method(name: str, nocs: dict[str, list[int]], clicks: int = 6) -> MethodResults:
    """A method whose instance ``stem`` needs ``nocs[stem][g]`` clicks in group g."""

    def curve(noc: int) -> np.ndarray:
        return np.where(np.arange(1, clicks + 1) >= noc, 0.95, 0.5)

    ious = {run: [curve(nocs[stem][g]) for stem in nocs] for g, run in enumerate(CLICKING_GROUPS)}
    return MethodResults(MethodKey(name, "cm", "davis"), tuple(nocs), ious, 0, False)


def test_the_hardest_come_first_then_the_most_sensitive_of_the_others() -> None:
    nocs = {
        "easy": [1] * 10,
        "hard": [6] * 10,
        "never": [7] * 10,
        "even": [3] * 10,
        "sensitive": [6] * 3 + [1] * 7,
    }
    chosen = choose_examples([method("sam", nocs)], 0.9, count=2)
    # Both count 6 clicks; the one that never arrives has the smaller area.
    assert [one.stem for one in chosen[:2]] == ["never", "hard"]
    assert chosen[0].why == "Hard: Sample NoC 6.00"
    assert chosen[2].stem == "sensitive"
    assert chosen[2].why.startswith("Sensitive to who clicks")
    assert len(chosen) == 4


def test_values_are_averaged_over_methods_on_shared_instances() -> None:
    first = method("sam", {"a": [2] * 10, "b": [4] * 10, "c": [6] * 10})
    second = method("ritm", {"a": [6] * 10, "b": [1] * 10})
    [one] = choose_examples([first, second], 0.9, count=1)[:1]
    assert one == ("a", "Hard: Sample NoC 4.00")


def test_examples_show_the_clicks_of_the_first_method(
    make_results: MakeResults, repo: Path, tmp_path: Path
) -> None:
    folder = make_results(
        tmp_path / "a", dataset=NAME, instances=8, simulated=True, size=SIZE, clicks=6
    )
    made = report_data(read_results(folder), repos={NAME: str(repo)})
    assert len(made.examples) == 6
    assert made.settings.get("Examples") is None
    first = next(iter(read_results(folder).values()))
    for item in made.examples:
        place = first.stems.index(item.instance.full_stem)
        paths = {path.title: path for path in item.paths}
        assert list(paths) == [
            "First clicks of users",
            "Baseline",
            "G1, least likely clicks",
            "G10, most likely clicks",
        ]
        assert list(paths["Baseline"].ious) == first.ious["base"][place].tolist()
        assert not paths["First clicks of users"].is_path
        assert len(paths["G1, least likely clicks"].clicks) == 6


def test_the_page_has_a_picture_a_run(
    make_results: MakeResults, repo: Path, tmp_path: Path
) -> None:
    folder = make_results(
        tmp_path / "a", dataset=NAME, instances=2, simulated=True, size=SIZE, clicks=6, users=()
    )
    out = tmp_path / "r.html"
    assert write_report_file([folder], out, repo=str(repo)) == str(out)
    page = out.read_text("utf-8")
    assert page.count("<img ") == 2 * 3
    section = page[page.index('<section id="examples">') :]
    assert section.count("Simulated clicks") >= 6


def test_another_repo_is_reported_and_leaves_the_page_whole(
    make_results: MakeResults, repo: Path, tmp_path: Path
) -> None:
    folder = make_results(
        tmp_path / "a", dataset=NAME, instances=12, simulated=True, size=SIZE, clicks=6
    )
    made = report_data(read_results(folder), repos={NAME: str(repo)})
    assert not made.examples
    assert "has no instance" in made.settings["Examples"]


@pytest.mark.usefixtures("undrawn")
def test_a_repo_of_other_content_is_reported(
    make_results: MakeResults, repo: Path, tmp_path: Path
) -> None:
    folder = make_results(
        tmp_path / "a", dataset=NAME, instances=8, simulated=True, size=SIZE, clicks=6
    )
    for fingerprint, shown in ((RepoInstances(str(repo), NAME).fingerprint(), 6), ("other", 0)):
        manifest = dict.fromkeys(IDENTITY, "") | {
            "dataset": NAME,
            "split": "test",
            "dataset_fingerprint": fingerprint,
            "repo": str(repo),
            "protocol": {},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        out = tmp_path / "r.html"
        text = write_report_file([folder], out)  # the manifest says where the pictures are
        assert out.read_text("utf-8").count('<article class="instance">') == shown
        assert ("not the version that was benchmarked" in text) == (shown == 0)
