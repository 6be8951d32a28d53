"""The content of a report, derived from results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from rclicks_hf.benchmark.failures import failure_line
from rclicks_hf.benchmark.runs import USER_RUN
from rclicks_hf.metrics.group_scores import noise_to_signal
from rclicks_hf.report.numbers.click_model_results import ClickModelResults
from rclicks_hf.report.numbers.method_results import (
    OWN,
    MethodResults,
    by_dataset,
    stored_name,
)
from rclicks_hf.report.numbers.picture_identity import picture_lines, picture_warnings
from rclicks_hf.report.numbers.scoring import users_over_methods
from rclicks_hf.report.page_data import (
    CURVE_RUNS,
    IoUCurves,
    ReportData,
    Standings,
    UserScatter,
)
from rclicks_hf.report.pictures.examples import load_examples
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.supplement import supplement
from rclicks_hf.report.tables.table_cells import segmenter_label
from rclicks_hf.segmenters.methods import METHODS

_TITLE = "RClicks benchmark"
CLICK_MODELS_TITLE = "RClicks click models"

#: Methods per dataset that have a chart each; of more, only the named ones have.
FEW = 6
_NAMED = 4


def report_data(
    results: Results,
    click_scores: ClickModelResults | None = None,
    *,
    title: str = "",
    command: str = "",
    settings: Mapping[str, str] | None = None,
    repos: Mapping[str, str] | None = None,
) -> ReportData:
    """Collect what a report shows of benchmark results and click-model scores.

    Args:
        results: From `read_results`; ``Results([])`` for a report of click-model scores alone.
        click_scores: From `read_score_folders`.
        title: Heading of the page; ``""`` takes one that fits the content.
        command: The command that made the results, as typed.
        settings: Name -> value, shown before the protocol and the threshold.
        repos: Dataset -> dataset repo with the pictures of the examples; None shows no examples.

    Returns:
        The content; `dataclasses.replace` adds a gallery.

    Example:
        >>> from rclicks_hf.report import MethodKey, MethodResults
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> ious = {"base": [np.array([0.6, 0.95])]}
        >>> results = Results([MethodResults(key, ("a",), ious, 0, is_simulated=False)])
        >>> data = report_data(results, settings={"Cores": "2"})
        >>> data.curves[0].label, data.curves[0].curves["base"].tolist()
        ('geocut, ud, grabcut', [0.6, 0.95])
        >>> data.settings["Threshold"], data.benchmark_rows[0].baseline_noc
        ('IoU 0.9', 2.0)
    """
    tables = click_scores.tables if click_scores is not None else ()
    examples, note = ([], "") if repos is None else load_examples(results, repos)
    shown = {**(settings or {}), **_score_settings(click_scores)}
    if results:
        shown |= {"Protocol": results.protocol, "Threshold": f"IoU {results.threshold:g}"}
    manifests = [*results.manifests, *(click_scores.manifests if click_scores else ())]
    if lines := picture_lines(manifests):
        shown["Pictures and masks"] = "; ".join(lines)
    if note:
        shown["Examples"] = note
    if failed := failure_line(results.summary):
        shown["Failures"] = failed
    flags = [row.is_simulated for row in results.rows] + [table.is_simulated for table in tables]
    return ReportData(
        title=title or (_TITLE if results else CLICK_MODELS_TITLE),
        is_simulated=bool(flags) and all(flags),
        command=command,
        settings=shown,
        warnings=picture_warnings(manifests),
        click_scores=tables,
        benchmark_rows=results.rows,
        supplement=supplement(results),
        standings=_standings(results),
        curves=[
            curves
            for method in _charted(results)
            if (curves := _curves(method, results.threshold)) is not None
        ],
        scatter=_scatter(results),
        examples=examples,
    )


def _score_settings(click_scores: ClickModelResults | None) -> dict[str, str]:
    if click_scores is None or not click_scores.manifests:
        return {}
    manifest = click_scores.manifests[0]
    text = f"{manifest['resamples']} resamples, {manifest['halvings']} halvings"
    return {"Click-model scores": f"{manifest['mode']} mode, {text}, seed {manifest['seed']}"}


def _charted(results: Results) -> list[MethodResults]:
    """The methods with a chart of their own: all of a few, else those that `_named` chooses."""
    return [
        method
        for methods in by_dataset(results.values()).values()
        for method in (methods if len(methods) <= FEW else _named(methods))
    ]


def _named(methods: Sequence[MethodResults]) -> list[MethodResults]:
    """The first own runs, and the first of the others; in table order, which starts with the best.

    Without published results the order is the user's, and the first of it are named.
    """
    own = [method for method in methods if method.origin == OWN][: _NAMED - 1]
    others = [method for method in methods if method not in own]
    chosen = [*own, *others[: _NAMED - len(own)]] if not own else [*own, *others[:1]]
    return [method for method in methods if method in chosen]


def _standings(results: Results) -> list[Standings]:
    """One per dataset with more methods than can have a chart each."""
    made = []
    for methods in by_dataset(results.values()).values():
        of_dataset = standings(methods, results, _named(methods)) if len(methods) > FEW else None
        if of_dataset is not None:
            made.append(of_dataset)
    return made


def standings(
    methods: Sequence[MethodResults], results: Results, named: Collection[MethodResults]
) -> Standings | None:
    """Methods of one dataset beside each other, those without runs of groups left out.

    None if none is left, or if their runs have different numbers of clicks.
    """
    shown = [method for method in methods if method.group_ious.size]
    if len({method.group_ious.shape[-1] for method in shown}) != 1:
        return None
    scores = results.scores
    segmenters = [stored_name(method.key.segmenter) for method in shown]
    return Standings(
        shown[0].key.dataset,
        [_method_name(method, results) for method in shown],
        [METHODS[name].family if name in METHODS else "" for name in segmenters],
        np.stack([method.group_ious.mean(axis=(0, 1)) for method in shown]),
        np.array([scores[method.key]["sample_noc"].value for method in shown]),
        np.array([scores[method.key]["delta_gr_noc"].value for method in shown]),
        [method in named for method in shown],
        [method.origin == OWN for method in shown],
        results.threshold,
        any(method.is_simulated for method in shown),
    )


def _method_name(method: MethodResults, results: Results) -> str:
    """Segmenter, with its click model where the dataset has several."""
    name = segmenter_label(method.key.segmenter, method.origin)
    models = {key.click_model for key in results if key.dataset == method.key.dataset}
    return f"{name}, {method.key.click_model}" if len(models) > 1 else name


def _curves(method: MethodResults, threshold: float) -> IoUCurves | None:
    curves = {
        run: rows.matrix.mean(axis=0) for run in CURVE_RUNS if len(rows := method.of_run(run))
    }
    name = segmenter_label(method.key.segmenter, method.origin)
    label = ", ".join(part for part in (name, *method.key[1:]) if part)
    return IoUCurves(label, curves, threshold, method.is_simulated) if curves else None


def _scatter(results: Results) -> list[UserScatter]:
    """One chart per dataset, over its segmenters; users' clicks do not depend on click models."""
    charts = []
    for dataset, methods in by_dataset(results.values()).items():
        with_users = [method for method in methods if method.of_run(USER_RUN).lengths.any()]
        once = list({method.key.segmenter: method for method in with_users}.values())
        mean, std = users_over_methods(once)
        if len(mean):
            several = f"{dataset}, mean of {len(once)} segmenters"
            charts.append(
                UserScatter(
                    several
                    if len(once) > 1
                    else f"{segmenter_label(once[0].key.segmenter)}, {dataset}",
                    mean,
                    std,
                    float(noise_to_signal(mean, std).mean()),
                    any(method.is_simulated for method in once),
                )
            )
    return charts
