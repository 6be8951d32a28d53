"""Reports of invented numbers, which test how things are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.result_rows import ResultRow, write_part
from rclicks_hf.click_scoring.score_rows import SPLIT_HALF
from rclicks_hf.click_scoring.score_summary import ClickModelMeans, ScoreDifference, ScoreTable
from rclicks_hf.data.instances import Click, Clicks, Instance
from rclicks_hf.metrics import CLICK_METRICS, Interval
from rclicks_hf.report import BenchmarkRow, GalleryItem, ReportData
from rclicks_hf.report.page_data import ClickPath, ExampleItem, IoUCurves, Standings, UserScatter
from rclicks_hf.report.pictures import charts, click_paths, gallery, standings
from rclicks_hf.report.pictures.photograph import Picture
from rclicks_hf.report.tables.table_cells import Cell, NamedTable, Row, Table

MakeItem = Callable[..., GalleryItem]
MakeReport = Callable[..., ReportData]
MakeResults = Callable[..., Path]
MakeScores = Callable[..., ScoreTable]

#: Invented runs: name -> how far its clicks are from the best ones.
_RUNS = {"base": 0.0, **{run: 0.22 - 0.02 * k for k, run in enumerate(CLICKING_GROUPS)}}


def _item(
    height: int = 60,
    width: int = 80,
    *,
    clicks: int = 12,
    stem: str = "scene_001",
    later: bool = False,
    simulated: bool = True,
) -> GalleryItem:
    rng = np.random.default_rng(height * 1000 + width)
    mask = np.zeros((height, width), np.int8)
    mask[height // 4 : height // 4 + max(1, height // 2), width // 3 :] = 1
    ys, xs = np.nonzero(mask == 1)
    chosen = rng.integers(0, len(xs), clicks)
    previous = None
    if later:
        previous = mask == 1
        previous[: height // 2] = False
    instance = Instance(
        stem,
        stem,
        "",
        "simulated_scenes" if simulated else "davis",
        "test",
        "fn" if later else "first",
        "geocut" if later else "none",
        rng.integers(0, 255, (height, width, 3)).astype(np.uint8),
        mask,
        previous,
        Clicks(
            xs[chosen].astype(np.int32),
            ys[chosen].astype(np.int32),
            np.where(np.arange(clicks) % 3 == 0, "mobile", "pc"),
        ),
        is_simulated=simulated,
    )
    click_map = (mask == 1) * rng.random((height, width))
    return GalleryItem(instance, click_map, Click(int(xs[0]), int(ys[0]), True), "by the network")


def _score_table(
    models: dict[str, tuple[float, ...]],
    *,
    dataset: str = "scenes",
    split: str = "test",
    simulated: bool = False,
    device: str = "all",
) -> ScoreTable:
    """Invented scores: click model -> KS, PL1, WD, NSS, PDE; intervals are 10 % wide."""
    intervals = {
        name: {
            metric: Interval(value, 0.95 * value, 1.05 * value)
            for metric, value in zip(CLICK_METRICS, values, strict=True)
        }
        for name, values in models.items()
    }
    means = [ClickModelMeans(name, 24, of, {}, {}, []) for name, of in intervals.items()]
    names = [name for name in models if name != SPLIT_HALF]
    differences = [
        ScoreDifference(
            second,
            first,
            24,
            {
                m: Interval(
                    *(b - a for a, b in zip(intervals[first][m], intervals[second][m], strict=True))
                )
                for m in CLICK_METRICS
            },
        )
        for first, second in pairwise(names)
    ]
    return ScoreTable(dataset, split, "all", device, simulated, means, differences)


def _table(simulated: bool) -> Table:
    cells = [Cell("geocut", is_number=False), Cell("7.77", interval="[7.00, 8.00]")]
    return Table([("Segmenter", False), ("Invented", True)], {"scenes": [Row(cells, simulated)]})


def _example(simulated: bool) -> ExampleItem:
    clicks = [Click(40, 30, True), Click(3, 5, False), Click(44, 20, True)]
    path = ClickPath("Baseline", clicks, [0.5, 0.7, 0.91])
    users = ClickPath("First clicks of users", clicks, [0.1, 0.5, 0.9], is_path=False)
    return ExampleItem(_item(simulated=simulated).instance, "Hard: Sample NoC 20.00", [path, users])


def _standings() -> Standings:
    """Two invented methods, the second an own run."""
    curves = np.stack([np.linspace(0.5, 0.9, 20), np.linspace(0.4, 0.95, 20)])
    clicks, ranges = np.array([4.2, 5.1]), np.array([10.0, 30.0])
    flags = [False, True]
    return Standings("scenes", ["SAM", "mine"], ["sam", ""], curves, clicks, ranges, flags, flags)


def _report(*, simulated: bool = True, **changes: object) -> ReportData:
    clicks = np.arange(1, 21)
    curves = {"g1": 0.9 - 0.4 / clicks, "g10": 0.97 - 0.3 / clicks, "base": 0.95 - 0.2 / clicks}
    row = BenchmarkRow(
        segmenter="geocut",
        click_model="network",
        dataset="scenes",
        instances=24,
        failures=1,
        sample_noc=6.4142,
        sample_noc_std=1.1213,
        delta_sb=-18.3,
        delta_gr=47.1,
        nsr=16.42,
        nof=2.5,
        baseline_noc=5.25,
        is_simulated=simulated,
    )
    parts: dict[str, object] = {
        "title": "Invented report",
        "is_simulated": simulated,
        "command": "rclicks demo",
        "settings": {"seed": "0"},
        "click_scores": [
            _score_table(
                {
                    "UD": (0.1, 0.45, 0.15, 2.0, 3e-5),
                    "DT": (0.25, 0.39, 0.12, 3.0, 5e-5),
                    "Network": (0.4, 0.40, 0.09, 4.0, 1.2e-4),
                },
                simulated=simulated,
            )
        ],
        "benchmark_rows": [row],
        "supplement": [NamedTable("Invented table", "Of nothing.", _table(simulated))],
        "standings": [_standings()],
        "curves": [IoUCurves("geocut on scenes", curves)],
        "scatter": [UserScatter("geocut on scenes", np.full(5, 0.8), np.full(5, 0.1), 12.5)],
        "examples": [_example(simulated)],
        "gallery": [_item(simulated=simulated), _item(later=True, simulated=simulated)],
    }
    return ReportData(**{**parts, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Method:
    """An invented method: how good it is, and how much it depends on the clicks."""

    segmenter: str
    skill: float = 0.8
    fragility: float = 0.5


METHODS = (
    _Method("sam", 0.86, 0.3),
    _Method("ritm", 0.82, 0.8),
    _Method("simpleclick", 0.9, 0.45),
    _Method("geocut", 0.6, 1.1),
)


def _results(
    folder: Path,
    *,
    methods: Sequence[_Method] = METHODS,
    dataset: str = "davis",
    click_model: str = "cm",
    instances: int = 12,
    clicks: int = 20,
    simulated: bool = False,
    split: str = "test",
    users: Sequence[str] = ("user", "nuser"),
    size: tuple[int, int] = (48, 64),
    failed: Sequence[tuple[str, str]] = (),
) -> Path:
    """Writes a results folder of invented numbers; ``failed`` names (segmenter, stem)."""
    content = _results_file(
        tuple(methods), dataset, click_model, instances, clicks, simulated, split, tuple(users),
        size, tuple(failed),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.parquet").write_bytes(content)
    return folder


@cache
def _results_file(
    methods: tuple[_Method, ...],
    dataset: str,
    click_model: str,
    instances: int,
    clicks: int,
    simulated: bool,
    split: str,
    users: tuple[str, ...],
    size: tuple[int, int],
    failed: tuple[tuple[str, str], ...],
) -> bytes:
    rows = []
    for m, method in enumerate(methods):
        for i in range(instances):
            stem = f"{split}_{i:03d}"
            common = {
                "dataset": dataset, "full_stem": stem, "image_stem": stem, "split": split,
                "segmenter": method.segmenter, "click_model": click_model,
                "is_simulated": simulated, "protocol_id": "rclicks-1", "protocol_digest": "ab" * 32,
                "error": "Traceback" if (method.segmenter, stem) in failed else "",
            }  # fmt: skip
            rng = np.random.default_rng(1000 * m + i)
            hardness = 1 + 0.25 * (i % 12)
            for run, distance in _RUNS.items():
                lost = (1 - method.skill + method.fragility * distance) * hardness
                ious = np.clip(1 - lost / np.arange(1, clicks + 1) - 0.02 * rng.random(), 0, 1)
                rows.append(_run(run, ious, rng, size, common))
            for run in users:
                count = 8 + i % 3
                ious = np.clip(method.skill - method.fragility * 0.3 * rng.random(count), 0, 1)
                rows.append(_run(run, ious, rng, size, common))
    with TemporaryDirectory() as folder:
        write_part(Path(folder) / "part.parquet", rows)
        return (Path(folder) / "part.parquet").read_bytes()


def _run(
    run: str,
    ious: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, int],
    common: dict[str, object],
) -> ResultRow:
    count = 0 if common["error"] else len(ious)
    return ResultRow(
        run=run,
        iou=ious[:count].tolist(),
        boundary_iou=(0.9 * ious[:count]).tolist(),
        x=rng.integers(0, size[1], count).tolist(),
        y=rng.integers(0, size[0], count).tolist(),
        is_positive=[k % 3 != 2 for k in range(count)],
        seconds_encoder=0.02,
        seconds_decoder=0.1,
        seconds_clicker=0.03,
        **common,  # type: ignore[arg-type]
    )


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures and charts stay empty: for tests of the words and marks around them."""
    for module in (gallery, click_paths):
        monkeypatch.setattr(module, "picture", lambda draw, shape: Picture("data:,", 1, 1))
    for chart in (charts, standings):
        monkeypatch.setattr(chart, "make_svg", lambda draw, name, *_: f'<svg id="{name}"></svg>')


@pytest.fixture
def methods() -> tuple[_Method, ...]:
    """The invented methods."""
    return METHODS


@pytest.fixture
def make_results() -> MakeResults:
    """Writes a results folder: ``make_results(folder, methods=..., dataset=..., ...)``."""
    return _results


@pytest.fixture
def make_scores() -> MakeScores:
    """Makes a table of click-model scores: ``make_scores({"UD": (...)}, dataset=..., ...)``."""
    return _score_table


@pytest.fixture
def make_item() -> MakeItem:
    """Makes a gallery item: ``make_item(height, width, clicks=..., stem=..., later=...)``."""
    return _item


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """Makes a whole report; keywords replace its fields."""
    return _report
