"""Evaluate modules compute what the pure functions do, for every way of adding inputs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import itertools
import multiprocessing
import runpy
import sys
from types import ModuleType, SimpleNamespace

import evaluate
import numpy as np
import pytest

from rclicks_hf import metrics
from rclicks_hf.metrics import CLICK_METRICS, METRICS, SAMPLED_METRICS

IOU_METRICS = tuple(name for name in METRICS if name not in CLICK_METRICS)


@pytest.fixture
def load(repo, tmp_path):
    """Load a module with a cache and a file of its own, as a wait for a lock takes a second."""
    numbers = itertools.count()

    def load_module(name, **options):
        path = repo / "metrics" / METRICS[name].module
        options = {"experiment_id": f"test{next(numbers)}", **options}
        return evaluate.load(str(path), cache_dir=str(tmp_path), **options)

    return load_module


@pytest.fixture(scope="module")
def instances():
    """Click maps of different sizes, with references."""
    rng = np.random.default_rng(0)
    maps, references = [], []
    for height, width in ((30, 40), (50, 20), (24, 24)):
        click_map = rng.random((height, width)).astype(np.float32) ** 4
        maps.append(click_map)
        references.append(
            {
                "x": rng.integers(0, width, 9).tolist(),
                "y": rng.integers(0, height, 9).tolist(),
                "width": width // 2,
                "height": height // 2,
            }
        )
    return maps, references


@pytest.fixture(scope="module")
def trajectories():
    """Group IoUs (N, G, K), baseline IoUs (N, K)."""
    rng = np.random.default_rng(1)
    groups = np.sort(rng.random((4, 10, 20)), axis=-1)
    return groups, np.sort(rng.random((4, 20)), axis=-1)


def pure_scores(name, maps, references, **options):
    values = []
    for click_map, r in zip(maps, references, strict=True):
        scores = metrics.click_scores(
            click_map, r["x"], r["y"], (r["width"], r["height"]), **options
        )
        values.append(getattr(scores, name))
    return values


@pytest.mark.parametrize("name", METRICS)
def test_info_comes_from_the_table(name, load):
    module = load(name)
    assert module.name == METRICS[name].module
    assert module.description == METRICS[name].description
    assert module.citation == METRICS[name].citation
    assert "predictions" in module.inputs_description


@pytest.mark.parametrize("name", CLICK_METRICS)
class TestClickMetrics:
    def test_compute_is_the_mean_of_the_pure_function(self, name, load, instances):
        expected = pure_scores(name, *instances)
        maps, references = instances
        result = load(name).compute(predictions=maps, references=references, per_instance=True)
        assert result[f"{name}_per_instance"] == pytest.approx(expected, rel=1e-12)
        assert result[name] == pytest.approx(np.mean(expected), rel=1e-12)
        assert list(result) == [name, f"{name}_per_instance"]

    def test_add_and_add_batch_give_the_same(self, name, load, instances):
        maps, references = instances
        module = load(name)
        expected = module.compute(predictions=maps, references=references)
        module.add(prediction=maps[0], reference=references[0])
        module.add_batch(predictions=maps[1:], references=references[1:])
        assert module.compute() == expected

    def test_order_does_not_matter(self, name, load, instances):
        maps, references = instances
        expected = load(name).compute(predictions=maps, references=references)[name]
        result = load(name).compute(predictions=maps[::-1], references=references[::-1])
        assert result[name] == pytest.approx(expected, rel=1e-12)

    def test_maps_do_not_pass_through_arrow(self, name, load, instances):
        module = load(name)
        module.add_batch(predictions=instances[0], references=instances[1])
        stored = module.selected_feature_format
        assert stored["predictions"].dtype == "float64"
        kinds = {key: value.dtype for key, value in stored["references"].items()}
        assert kinds == {"error": "float64", "seed": "int64"}
        module.compute()

    def test_bad_input_says_what_is_wrong(self, name, load, instances):
        maps, references = instances
        module = load(name)
        with pytest.raises(ValueError, match="references are missing"):
            module.compute(predictions=maps)
        with pytest.raises(ValueError, match="must have one length, got 3 and 2"):
            module.add_batch(predictions=maps, references=references[:2])
        with pytest.raises(ValueError, match=r'references must be dicts \{"x", "y"'):
            module.add(prediction=maps[0], reference=[1, 2])
        with pytest.raises(ValueError, match=r"one per instance, got \['x'\]"):
            module.add(prediction=maps[0], reference={"x": [1]})
        with pytest.raises(ValueError, match=r"references must be a list.*got int"):
            module.add_batch(predictions=maps, references=3)
        with pytest.raises(ValueError, match="instance 1 of 2: click_map is zero everywhere"):
            module.add_batch(predictions=[maps[0], np.zeros((3, 3))], references=references[:2])
        with pytest.raises(ValueError, match=r"instance 0 of 1: seed must be a whole number.*1\.5"):
            module.add(prediction=maps[0], reference=references[0] | {"seed": 1.5})
        with pytest.raises(ValueError, match=r"seed must be below 2\*\*32"):
            module.add(prediction=maps[0], reference=references[0] | {"seed": 2**70})
        with pytest.raises(ValueError, match="no instances were added"):
            load(name).compute(predictions=[], references=[])
        assert module.compute(predictions=maps, references=references)[name] == pytest.approx(
            np.mean(pure_scores(name, maps, references))
        )


@pytest.mark.parametrize("name", SAMPLED_METRICS)
def test_options_of_the_draw(name, load, instances):
    maps, references = instances
    module = load(name, resamples=7, seed=5)
    expected = pure_scores(name, maps, references, resamples=7, seed=5)
    result = module.compute(predictions=maps, references=references)[name]
    assert result == pytest.approx(np.mean(expected), rel=1e-12)
    seeded = [reference | {"seed": 5} for reference in references]
    assert load(name, resamples=7).compute(predictions=maps, references=seeded)[name] == result


@pytest.mark.parametrize("name", SAMPLED_METRICS)
def test_exact_mode_reports_the_standard_error_of_the_mean(name, load, instances):
    maps, references = instances
    shared = load(name, mode="exact").compute(predictions=maps, references=references)
    own = [reference | {"seed": 42.0 + i} for i, reference in enumerate(references)]
    result = load(name, mode="exact").compute(predictions=maps, references=own)
    scores = [
        pure_scores(name, [click_map], [reference], mode="exact", seed=42 + i)[0]
        for i, (click_map, reference) in enumerate(zip(maps, references, strict=True))
    ]
    assert result[name] == pytest.approx(np.mean(scores), rel=1e-12)
    errors = [score.standard_error for score in scores]
    expected = np.sqrt(np.square(errors).sum()) / len(scores)
    assert result[f"{name}_standard_error"] == pytest.approx(expected)
    assert (expected > 0) == (name != "pl1")
    scores = pure_scores(name, maps, references, mode="exact")
    # From one stream of random numbers the errors may all point one way.
    expected = np.mean([score.standard_error for score in scores])
    assert shared[f"{name}_standard_error"] == pytest.approx(expected)


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if m.inputs.endswith("and box")])
def test_distances_need_the_box(name, load, instances):
    with pytest.raises(ValueError, match='references lack "width" and "height"'):
        load(name).add(prediction=instances[0][0], reference={"x": [1], "y": [2]})


@pytest.mark.parametrize("name", ["nss", "pde"])
def test_densities_need_no_box(name, load, instances):
    reference = {"x": [1], "y": [2]}
    result = load(name).compute(predictions=instances[0][:1], references=[reference])
    assert result[name] == getattr(metrics, name)(instances[0][0], [1], [2])


class TestIouMetrics:
    def test_noc(self, load, trajectories):
        groups, baseline = trajectories
        mean, std = metrics.sample_noc(groups)
        result = load("noc").compute(predictions=groups.tolist(), per_instance=True)
        assert (result["noc"], result["noc_std"]) == pytest.approx((mean, std))
        assert result["nof"] == pytest.approx(metrics.nof(groups).mean())
        assert result["noc_per_instance"] == pytest.approx(metrics.noc(groups).mean(axis=1))
        single = load("noc").compute(predictions=baseline, threshold=0.7, max_clicks=10)
        assert single == {
            "noc": pytest.approx(metrics.noc(baseline, 0.7, 10).mean()),
            "noc_std": 0.0,
            "nof": metrics.nof(baseline, 0.7, 10),
        }

    def test_noc_of_sequences_that_stopped_early(self, load):
        result = load("noc").compute(predictions=[[0.5, 0.95], [0.1, 0.2, 0.91], [0.3] * 20])
        assert result == {"noc": pytest.approx(25 / 3), "noc_std": 0.0, "nof": 1.0}

    def test_delta_sb(self, load, trajectories):
        groups, baseline = trajectories
        result = load("delta_sb").compute(
            predictions=groups, references=baseline, threshold=0.8, per_instance=True
        )
        expected = metrics.delta_sb_values(groups, baseline, 0.8)
        assert result["delta_sb"] == pytest.approx(metrics.delta_sb(groups, baseline, 0.8))
        assert result["delta_sb_per_instance"] == pytest.approx(expected)

    def test_delta_gr(self, load, trajectories):
        groups, _ = trajectories
        result = load("delta_gr").compute(predictions=groups, max_clicks=10, per_instance=True)
        assert result["delta_gr"] == pytest.approx(metrics.delta_gr(groups, max_clicks=10))
        expected = metrics.delta_gr_values(groups, max_clicks=10)
        assert result["delta_gr_per_instance"] == pytest.approx(expected)

    def test_nsr(self, load):
        ious = [[0.5, 0.75, 1.0], [0.25, 0.5], [[0.1, 0.2], [0.3, 0.9]]]
        result = load("nsr").compute(predictions=ious, per_instance=True)
        assert result["nsr"] == pytest.approx(metrics.nsr(ious))
        assert result["nsr_per_instance"] == pytest.approx(metrics.nsr_values(ious))

    def test_noc_of_groups_that_stopped_early(self, load):
        full = [[[0.5, 0.95, 0.96], [0.91, 0.92, 0.93]], [[0.1, 0.2, 0.3], [0.2, 0.9, 0.9]]]
        stopped = [[[0.5, 0.95], [0.91]], [[0.1, 0.2, 0.3], np.array([0.2, 0.9])]]
        result = load("noc").compute(predictions=stopped, per_instance=True)
        assert result == load("noc").compute(predictions=full, per_instance=True)
        assert result["noc_per_instance"] == [1.5, 11.0]
        with pytest.raises(ValueError, match=r"predictions\[0\]\[1\] must be a non-empty array"):
            load("noc").add(prediction=[[0.5], []])

    @pytest.mark.parametrize("kind", [np.float32, np.float16])
    def test_the_threshold_is_reached_in_single_precision(self, load, kind):
        ious = np.array([[0.5, 0.9, 1.0]], kind)
        assert load("noc").compute(predictions=ious)["noc"] == 2.0

    @pytest.mark.parametrize("name", IOU_METRICS)
    def test_add_and_add_batch_give_the_same(self, name, load, trajectories):
        groups, baseline = trajectories
        module = load(name)
        takes_references = "references" in module._feature_names()
        batch = {"references": baseline} if takes_references else {}
        expected = module.compute(predictions=groups, **batch)
        for i, prediction in enumerate(groups):
            module.add(prediction=prediction, reference=baseline[i] if takes_references else None)
        assert module.compute() == expected

    def test_bad_input_says_what_is_wrong(self, load, trajectories):
        groups, baseline = trajectories
        for name in IOU_METRICS:
            with pytest.raises(ValueError, match=r"predictions\[1\] must lie in \[0, 1\]"):
                load(name).add_batch(
                    predictions=[groups[0], groups[1] * 100], references=baseline[:2]
                )
        with pytest.raises(ValueError, match=r"predictions must be a list.*got int"):
            load("noc").compute(predictions=3)
        for name in IOU_METRICS:
            with pytest.raises(ValueError, match=r"no instances|non-empty"):
                load(name).compute(predictions=[], references=[])
        with pytest.raises(ValueError, match="references are missing"):
            load("delta_sb").compute(predictions=groups)
        with pytest.raises(
            ValueError, match=r"references\[0\] must be a non-empty array of 1 axes"
        ):
            load("delta_sb").compute(predictions=groups, references=groups)
        with pytest.raises(ValueError, match=r"references must all have one shape \(clicks,\)"):
            load("delta_sb").compute(predictions=groups[:2], references=[[0.5, 0.9], [0.95]])
        with pytest.raises(ValueError, match=r"must all have one shape \(groups, clicks\)"):
            load("delta_gr").compute(predictions=[groups[0], groups[1, :5]])


class TestCombine:
    def test_click_metrics(self, load, instances):
        maps, references = instances
        combined = evaluate.combine([load(name) for name in CLICK_METRICS])
        expected = {name: np.mean(pure_scores(name, *instances)) for name in CLICK_METRICS}
        result = combined.compute(predictions=maps, references=references)
        assert result == pytest.approx(expected, rel=1e-12)
        combined.add(prediction=maps[0], reference=references[0])
        combined.add_batch(predictions=maps[1:], references=references[1:])
        assert combined.compute() == pytest.approx(expected, rel=1e-12)

    def test_benchmark_metrics(self, load, trajectories):
        groups, baseline = trajectories
        combined = evaluate.combine([load(name) for name in ("noc", "delta_sb", "delta_gr")])
        result = combined.compute(predictions=groups, references=baseline, threshold=0.8)
        assert result["noc"] == pytest.approx(metrics.sample_noc(groups, 0.8)[0])
        assert result["delta_sb"] == pytest.approx(metrics.delta_sb(groups, baseline, 0.8))
        assert result["delta_gr"] == pytest.approx(metrics.delta_gr(groups, 0.8))
        combined.add(prediction=groups[0], reference=baseline[0])
        assert set(combined.compute()) == set(result)


def test_two_processes(load, instances, trajectories):
    """Process 1 adds the later instances; process 0 the first, and gathers."""
    groups, baseline = trajectories

    def inputs_of(name, own):
        if name in CLICK_METRICS:
            return {"predictions": instances[0][own], "references": instances[1][own]}
        has_baseline = METRICS[name].inputs == "group and baseline IoU"
        references = {"references": baseline[own]} if has_baseline else {}
        return {"predictions": groups[own], **references}

    def share_of(process, own):
        for name in METRICS:
            module = load(name, num_process=2, process_id=process, experiment_id="two")
            module.add_batch(**inputs_of(name, own))
            yield name, module.compute(per_instance=True)

    # Forked, so that the second process need not import everything anew.
    second = multiprocessing.get_context("fork").Process(
        target=lambda: sys.exit(any(result for _, result in share_of(1, slice(1, None))))
    )
    second.start()
    results = dict(share_of(0, slice(0, 1)))
    second.join(timeout=60)
    assert second.exitcode == 0
    for name, result in results.items():
        alone = load(name).compute(**inputs_of(name, slice(None)), per_instance=True)
        assert result == {key: pytest.approx(value) for key, value in alone.items()}


@pytest.mark.parametrize("name", METRICS)
def test_one_metric_class_is_visible(name, repo):
    script = repo / "metrics" / METRICS[name].module / f"{METRICS[name].module}.py"
    names = runpy.run_path(str(script))
    classes = [
        value
        for value in names.values()
        if isinstance(value, type) and issubclass(value, evaluate.EvaluationModule)
    ]
    assert len(classes) == 1


def test_masked_values_are_refused(load):
    masked = np.ma.masked_array([1, 2], [False, True])
    with pytest.raises(ValueError, match="instance 0 of 1: x holds masked values"):
        load("pde").add(prediction=np.ones((4, 4)), reference={"x": masked, "y": [1, 1]})
    with pytest.raises(ValueError, match=r"predictions\[0\] holds masked values"):
        load("noc").add(prediction=masked / 2)


@pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")
@pytest.mark.parametrize("name", METRICS)
def test_the_checks_of_the_suite_of_evaluate(name, repo, monkeypatch):
    """What evaluate's own tests ask of a module: no ``**options``, and examples that are true."""
    monkeypatch.chdir(repo / "metrics")
    factory = evaluate.loading.evaluation_module_factory(METRICS[name].module, module_type="metric")
    module = importlib.import_module(factory.module_path)
    main = evaluate.loading.import_main_class(module.__name__)
    parameters = inspect.signature(main._compute).parameters.values()
    assert not [p.name for p in parameters if p.kind == p.VAR_KEYWORD]
    results = doctest.testmod(module, raise_on_error=True)
    assert results.failed == 0
    assert results.attempted > 1


@pytest.mark.parametrize("name", METRICS)
def test_information_of_a_module(name, load):
    info = load(name).info
    assert ">>> evaluate.load" in info.inputs_description.replace(f"{name} = ", "")
    assert info.inputs_description in load(name).compute.__doc__
    assert info.license == "Apache-2.0"
    for addresses in ([info.homepage], info.codebase_urls, info.reference_urls):
        assert addresses
        assert all(address.startswith("https://") for address in addresses)


@pytest.mark.parametrize("name", IOU_METRICS)
def test_the_features_fit_the_documented_input(name, load):
    module = load(name)
    options = module.features if isinstance(module.features, list) else [module.features]
    row, rows = [0.5, 0.9], [[0.5, 0.9], [0.7, 0.8]]
    for instance in (row, rows) if name in ("noc", "nsr") else (rows,):
        example = {"predictions": instance, "references": row}
        example = {key: example[key] for key in module._feature_names()}
        form = next(f for f in options if fits(f, example))
        assert form.encode_example(example) == example
    with pytest.raises(ValueError, match="real numbers"):
        module.add(prediction=["a"], reference=row)


def fits(form, example):
    try:
        form.encode_example(example)
    except (TypeError, ValueError):
        return False
    return True


@pytest.fixture
def gradio(monkeypatch):
    """A stand-in for gradio that keeps the page instead of serving it."""
    pages = []

    class Interface:
        def __init__(self, **page):
            self.page = page

        def launch(self):
            pages.append(self.page)

    class Error(RuntimeError):
        def __init__(self, message, **_):
            super().__init__(message)

    module = ModuleType("gradio")
    module.Interface, module.Error = Interface, Error
    module.Textbox = module.JSON = SimpleNamespace
    monkeypatch.setitem(sys.modules, "gradio", module)
    return pages


CLICK_INPUTS = (
    "[[[0, 1], [1, 0]]]",
    '[{"x": [0, 1], "y": [1, 0], "width": 1, "height": 1}]',
)
INPUTS_OF_PAGE = {
    "click map": CLICK_INPUTS,
    "click map and box": CLICK_INPUTS,
    "IoU": ("[[0.5, 0.95]]",),
    "group IoU": ("[[[0.5, 0.95], [0.91, 0.95]]]",),
    "group and baseline IoU": ("[[[0.5, 0.95], [0.91, 0.95]]]", "[[0.95, 0.95]]"),
}


@pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")
@pytest.mark.parametrize("name", METRICS)
def test_the_page_of_a_space(name, repo, gradio):
    runpy.run_path(str(repo / "metrics" / METRICS[name].module / "app.py"))
    (page,) = gradio
    texts = INPUTS_OF_PAGE[METRICS[name].inputs]
    assert len(page["inputs"]) == len(texts)
    assert np.isfinite(page["fn"](*texts)[name])
    assert page["article"].lstrip().startswith("# Metric card")
    with pytest.raises(RuntimeError):
        page["fn"](*("no JSON" for _ in page["inputs"]))
