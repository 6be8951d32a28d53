"""Fit the annotator simulation to what the paper measured with people, and print the fit table.

    python tests/speed/fit_annotators.py [--shared ../shared] [--search]

Without ``--search`` it scores the shipped parameters: on GrabCut's masks, 24 simulated first clicks
on pc and 24 on mobile each, over several seeds. With it, it first looks for better values of the
parameters that both devices share (minutes). The published values are those of human clicks.
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.optimize import minimize

from rclicks_hf.data.schema import DEVICES
from rclicks_hf.metrics import click_scores, instance_seed, ks2d_pvalue
from rclicks_hf.simulation.annotators import FITTED, AnnotatorParameters, simulate_clicks

# Metric -> column of the published table.
COLUMNS = {"pl1": "l1", "wd": "wasserstien", "nss": "nss", "pde": "pde", "ks": "ks2d"}
MODELS = ("ud", "dt")
CLICKS_PER_DEVICE = 24
SEEDS = range(1000, 1040)  # of the table; the parameters were chosen on other seeds
SEARCH_SEEDS = (100, 101, 102, 103)
RELATIVE_BOUND, KS_BOUND = 0.05, 0.02  # what the fit must keep, on the means over the masks


@dataclass(frozen=True)
class Case:
    """One published instance: the object mask and the click maps of UD and DT."""

    stem: str
    mask: np.ndarray
    maps: dict[str, np.ndarray]
    size: tuple[int, int]


def load_cases(shared: Path) -> tuple[list[Case], pd.DataFrame]:
    """The masks that have published values, and those values (index: model, stem)."""
    from scipy.ndimage import distance_transform_edt

    table = pd.read_csv(
        shared / "published" / "eval_cm_GrabCut_per_instance.csv",
        dtype={"full_stem": str},
        keep_default_na=False,
    )
    table = table[table.click_type == "first"].set_index(["model_name", "full_stem"])
    cases = []
    for path in sorted((shared / "data" / "grabcut_masks").glob("*.png")):
        if ("ud", path.stem) in table.index:
            mask = np.asarray(Image.open(path)) == 255
            ys, xs = np.nonzero(mask)
            size = (int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
            maps = {"ud": mask.astype(np.float64), "dt": distance_transform_edt(mask)}
            cases.append(Case(path.stem, mask, maps, size))
    stems = [case.stem for case in cases]
    return cases, table[table.index.get_level_values("full_stem").isin(stems)]


def first_clicks(
    case: Case, seed: int, parameters: AnnotatorParameters
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Simulated first clicks (x, y), pc then mobile."""
    return [
        simulate_clicks(
            case.mask,
            case.mask,
            CLICKS_PER_DEVICE,
            device=device,
            rng=np.random.default_rng([seed, zlib.crc32(f"{case.stem}/{device}".encode())]),
            parameters=parameters,
        )
        for device in DEVICES
    ]


def score(
    cases: list[Case], seed: int, parameters: AnnotatorParameters, resamples: int
) -> pd.DataFrame:
    """Scores of UD and DT for each case: rows (model, stem), columns as the metrics."""
    rows = {}
    for case in cases:
        clicks = first_clicks(case, seed, parameters)
        x, y = (np.concatenate(axis) for axis in zip(*clicks, strict=True))
        for model in MODELS:
            # A seed of its own, or the draws of all masks would err to the same side.
            own = instance_seed(f"{case.stem}/{model}", seed)
            scores = click_scores(case.maps[model], x, y, case.size, resamples, own)
            rows[model, case.stem] = scores._asdict()
    return pd.DataFrame.from_dict(rows, orient="index")


def inside_share(scores: pd.DataFrame, cases: list[Case], column: str) -> float:
    """Mean share of clicks inside the object, from UD's PDE."""
    return float(np.mean([scores.loc[("ud", c.stem), column] * c.mask.sum() for c in cases]))


def device_agreement(cases: list[Case], seed: int, parameters: AnnotatorParameters) -> float:
    """Share of the cases whose pc and mobile clicks the KS test cannot tell apart."""
    pairs = [first_clicks(case, seed, parameters) for case in cases]
    return float(np.mean([ks2d_pvalue(*pc, *mobile) > 0.05 for pc, mobile in pairs]))


def with_shared(values: np.ndarray) -> AnnotatorParameters:
    """Parameters with new values of those that both devices share, and of the spread.

    Args:
        values: Logarithms of power, odds of the centroid, lift, stray weight and pc spread; the
            ratio of the devices' spreads is kept.
    """
    power, odds, lift, stray, spread = np.exp(values)
    ratio = FITTED.mobile.spread / FITTED.pc.spread
    return replace(
        FITTED,
        depth_power=float(power),
        centroid_weight=float(odds / (1 + odds)),
        lift=float(lift),
        stray_weight=float(min(stray, 0.9)),
        pc=replace(FITTED.pc, spread=float(spread)),
        mobile=replace(FITTED.mobile, spread=float(spread * ratio)),
    )


def search(cases: list[Case], published: pd.DataFrame) -> AnnotatorParameters:
    """Least squares on the errors of the means over several seeds, relative but for KS."""

    def loss(values: np.ndarray) -> float:
        runs = [score(cases, seed, with_shared(values), resamples=4) for seed in SEARCH_SEEDS]
        errors = []
        for model in MODELS:
            for name, column in COLUMNS.items():
                people = published.loc[model][column].mean()
                mine = np.mean([run.loc[model][name].mean() for run in runs])
                errors.append((mine - people) / (1.0 if name == "ks" else people))
        return float(np.square(errors).sum())

    odds = FITTED.centroid_weight / (1 - FITTED.centroid_weight)
    start = np.log([FITTED.depth_power, odds, FITTED.lift, FITTED.stray_weight, FITTED.pc.spread])
    simplex = np.vstack([start, start + np.diag([-0.25, -1.0, -0.2, -0.4, 0.12])])
    options = {"initial_simplex": simplex, "maxfev": 100, "xatol": 5e-3, "fatol": 1e-6}
    return with_shared(minimize(loss, start, method="Nelder-Mead", options=options).x)


def print_table(
    cases: list[Case], published: pd.DataFrame, parameters: AnnotatorParameters
) -> None:
    """Print published and simulated means, their ratio, the spread over seeds, the correlation."""
    runs = [score(cases, seed, parameters, resamples=20) for seed in SEEDS]
    kept = np.ones(len(runs), bool)
    print(f"{'':7} {'people':>10} {'simulated':>10} {'ratio':>6} {'min':>6} {'max':>6} {'r':>5}")
    for model in MODELS:
        for name, column in COLUMNS.items():
            people = published.loc[model][column]
            means = np.array([run.loc[model][name].mean() for run in runs])
            line = f"{model.upper()} {name.upper():4} {people.mean():10.3g} {means.mean():10.3g} "
            if name == "ks":
                kept &= np.abs(means - people.mean()) <= KS_BOUND
                print(line + f"{'':6} {means.min():6.3f} {means.max():6.3f}")
                continue
            ratios = means / people.mean()
            kept &= np.abs(ratios - 1) <= RELATIVE_BOUND
            mine = pd.concat([run.loc[model][name] for run in runs], axis=1).mean(axis=1)
            print(
                line + f"{ratios.mean():6.3f} {ratios.min():6.3f} {ratios.max():6.3f} "
                f"{mine.corr(people):5.2f}"
            )
    print(f"seeds with every mean within its bound: {kept.sum()} of {len(runs)}")
    people_inside = inside_share(published, cases, "pde")
    inside = [inside_share(run, cases, "pde") for run in runs]
    agreement = [device_agreement(cases, seed, parameters) for seed in SEEDS]
    print(f"clicks inside the object: people {people_inside:.4f}, simulated {np.mean(inside):.4f}")
    print(f"pc and mobile alike (KS): people 0.63, simulated {np.mean(agreement):.2f}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--search", action="store_true")
    options = parser.parse_args()
    cases, published = load_cases(options.shared)
    parameters = search(cases, published) if options.search else FITTED
    print(parameters)
    print_table(cases, published, parameters)


if __name__ == "__main__":
    main()
