"""The whole path at tiny size, run as a user runs it: from the wheel, in an empty folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import run_rclicks_here
from PIL import Image

from rclicks_hf.demo import DemoSettings
from rclicks_hf.demo.workspace import MODEL


def test_it_leaves_every_artefact_under_its_final_name(demo_run) -> None:
    out, _ = demo_run
    assert sorted(p.name for p in out.parent.iterdir()) == ["rclicks-demo"]
    names = {p.name for p in out.iterdir()}
    assert names == {
        "rclicks", MODEL, "click_scores", "results", "report.html", "report.png",
    }  # fmt: skip


def test_it_prints_the_tables_and_says_simulated(demo_run) -> None:
    _, done = demo_run
    for word in ("KS ↑", "PL1 ↓", "WD ↓", "NSS ↑", "PDE ↑", "Sample NoC", "ΔSB", "ΔGR", "NSR"):
        assert word in done.stdout
    for title in (
        "Click models on Scenes (simulated), split test (simulated clicks)",
        "Benchmark (simulated",
    ):
        assert title in done.stdout
    assert "Traceback" not in done.stderr


def test_it_prints_intervals_and_says_that_numbers_vary_by_machine(demo_run) -> None:
    out, done = demo_run
    benchmark = done.stdout[done.stdout.index("Benchmark (simulated") :]
    row = next(k for k, line in enumerate(benchmark.splitlines()) if line.startswith("geocut"))
    assert benchmark.splitlines()[row + 1].split()[0].startswith("[")
    assert "95 % bootstrap intervals" in benchmark
    assert "The network was trained on this machine" in benchmark
    assert "The network was trained on this machine" in (out / "report.html").read_text()


def test_it_scores_three_click_models_on_held_out_instances(demo_run) -> None:
    import pandas as pd

    from rclicks_hf.click_scoring.score_rows import PEOPLE

    out, _ = demo_run
    scores = pd.read_parquet(out / "click_scores" / "click_scores.parquet")
    names = {"UD", "DT", "CM nano, trained here"}
    assert set(scores["click_model"]) == {*names, PEOPLE}
    scores = scores[scores["click_model"].isin(names)]
    assert set(scores["split"]) == {"test"}
    assert scores["is_simulated"].all()
    assert np.isfinite(scores[["ks", "pl1", "wd", "nss", "pde"]].to_numpy()).all()
    assert scores.groupby("click_model")["full_stem"].nunique().nunique() == 1


def test_no_image_is_both_trained_on_and_scored(demo_run) -> None:
    from rclicks_hf.data import load_instances

    out, _ = demo_run
    images = {
        split: set(load_instances(out / "rclicks", "simulated_scenes", split=split).image_stems)
        for split in ("train", "validation", "test")
    }
    assert all(images.values())
    assert not images["train"] & images["test"]
    assert not images["validation"] & images["test"]


def test_the_dataset_says_simulated_wherever_it_is_seen(demo_run) -> None:
    out, _ = demo_run
    card = (out / "rclicks" / "README.md").read_text()
    assert "simulated" in card.split("# ", 1)[1].splitlines()[0].lower()
    for file in (out / "rclicks").rglob("*.parquet"):
        assert "simulated" in str(file.relative_to(out))


def test_the_card_credits_the_photographs(demo_run) -> None:
    from rclicks_hf.data.build.photograph_credits import PHOTOGRAPH_CREDITS

    card = (demo_run[0] / "rclicks" / "README.md").read_text()
    for credit in PHOTOGRAPH_CREDITS:
        assert f"- `{credit.image_stem}`: {credit.title}. {credit.credit}. " in card


def test_full_takes_every_held_out_object_and_the_sample_does_not(demo_run) -> None:
    from rclicks_hf.demo.stages import sample_stems
    from rclicks_hf.demo.workspace import Workspace

    names = ("simulated_scenes", "simulated_photographs")
    whole = sample_stems(Workspace(demo_run[0], names, DemoSettings(full=True)))
    held_out = Workspace(demo_run[0], names, DemoSettings()).instances("test", first_round=True)
    assert whole == {name: table.stems for name, table in held_out.items()}
    few = sample_stems(Workspace(demo_run[0], names, DemoSettings(instances=2)))
    assert {name: len(stems) for name, stems in few.items()} == dict.fromkeys(names, 1)


def test_the_dataset_verifies(demo_run) -> None:
    out, _ = demo_run
    done = run_rclicks_here("verify rclicks", cwd=out)
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout


def test_the_model_loads_and_is_under_a_million_parameters(demo_run) -> None:
    from rclicks_hf import ClickabilityModel

    model = ClickabilityModel.from_pretrained(demo_run[0] / MODEL)
    assert sum(p.numel() for p in model.parameters()) < 1_000_000
    assert f"\n# {MODEL}\n" in (demo_run[0] / MODEL / "README.md").read_text()


def test_the_report_is_self_contained_and_marked(demo_run) -> None:
    page = (demo_run[0] / "report.html").read_text()
    assert "Simulated clicks" in page
    assert 'src="http' not in page
    assert page.count("data:image/") >= 3


def test_the_manifest_names_protocol_and_versions(demo_run) -> None:
    (manifest,) = (demo_run[0] / "results").rglob("manifest.json")
    facts = json.loads(manifest.read_text())
    assert facts["is_finished"] is True
    assert "rclicks-1" in manifest.read_text()


def test_the_train_verb_fine_tunes_the_saved_model(demo_run, tmp_path) -> None:
    out, _ = demo_run
    line = (
        f"train --out tuned --repo {out / 'rclicks'} --config simulated_scenes "
        f"--model {out / MODEL} --epochs 1 --batch-size 4 --learning-rate 0.001"
    )
    done = run_rclicks_here(line, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tuned" / "model.safetensors").is_file()


def tiny_folder(root: Path, images: int = 4) -> Path:
    """A folder in GrabCut's layout, 48 x 64 pixels, with a band of unknown around the object."""
    for name in ("data_GT", "boundary_GT"):
        (root / name).mkdir(parents=True)
    for i in range(images):
        rng = np.random.default_rng(i)
        image = rng.integers(0, 90, (48, 64, 3), dtype=np.uint8)
        mask = np.zeros((48, 64), np.uint8)
        mask[8 + i : 36, 10:50] = 128
        mask[11 + i : 33, 13:47] = 255
        image[mask == 255] += 120
        Image.fromarray(image).save(root / "data_GT" / f"photo {i}.jpg", quality=95)
        Image.fromarray(mask).save(root / "boundary_GT" / f"photo {i}.bmp")
    return root


def spoil(root: Path, how: str) -> None:
    image, mask = root / "data_GT" / "photo 1.jpg", root / "boundary_GT" / "photo 1.bmp"
    if how == "image without a mask":
        mask.unlink()
    elif how == "mask of another size":
        Image.new("L", (10, 10), 255).save(mask)
    elif how == "empty mask":
        Image.new("L", (64, 48), 0).save(mask)
    elif how == "unreadable image":
        image.write_bytes(b"not a picture")
    elif how == "no images":
        shutil.rmtree(root / "data_GT")
    elif how == "one image":
        for i in (1, 2, 3):
            (root / "data_GT" / f"photo {i}.jpg").unlink()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("image without a mask", ["photo 1"]),
        ("mask of another size", ["photo 1", "10"]),
        ("empty mask", ["photo 1", "empty"]),
        ("unreadable image", ["photo 1.jpg"]),
        ("no images", ["data_GT"]),
        ("one image", ["none can be held out"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, how: str, words: list[str]
) -> None:
    spoil(tiny_folder(tmp_path / "data"), how)
    done = run_rclicks_here("demo --data data --out out", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith("rclicks: ")
    for word in words:
        assert word in message
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_a_folder_of_the_users_becomes_a_dataset(tmp_path: Path) -> None:
    """The later stages read that dataset alone."""
    from rclicks_hf.demo.inputs import gather_sources
    from rclicks_hf.demo.stages import build_repo
    from rclicks_hf.demo.workspace import open_workspace

    settings = DemoSettings(data=tiny_folder(tmp_path / "data"), out=tmp_path / "out")
    sources = gather_sources(settings.data, scenes=settings.scenes, seed=settings.seed)
    with open_workspace(settings, tuple(sources)) as space:
        said = build_repo(space, sources)
        images = {split: space.instances(split) for split in ("train", "validation", "test")}
    assert said.startswith('load_dataset("rclicks", "simulated_grabcut"): ')
    assert all(len(of["simulated_grabcut"]) > 0 for of in images.values())


def test_a_stopped_run_is_resumed_by_the_same_command(stopped_demo, demo_run) -> None:
    _, code, said, files = stopped_demo
    assert code == 130, said
    assert "stopped; the same command resumes" in said
    assert files == [".rclicks-demo.partial"]
    out, done = demo_run
    # Nothing was simulated or built again.
    assert "simulated clicks:" in said
    assert "simulated clicks:" not in done.stderr
    assert "training: " in done.stderr
    assert (out / "report.html").is_file()
