"""Write what all metric modules share, from the table of metrics: `python metrics/write_cards.py`.

A card keeps its own parts: emoji, examples, inputs, notes on the output, published values, limits.
"""

# ruff: noqa: E501 - a paragraph of a card is one line

from __future__ import annotations

import re
from pathlib import Path

from rclicks_hf.metrics import METRICS, MetricInfo
from rclicks_hf.support.hub_cards.space_card import requirements, space_front

APP = """from rclicks_hf.evaluate_modules import launch_space

launch_space(__file__)
"""
REQUIREMENTS = requirements("evaluate>=0.4.6", "rclicks-hf")
TAGS = ("evaluate", "metric", "interactive-segmentation")
LOADING = "`evaluate.load` finds the name in a folder that contains this module and, after `rclicks install`, in any folder."
FEEDING = "`add`, `add_batch`, `evaluate.combine` and distributed evaluation (`num_process`, `process_id`, `experiment_id`) work as for every evaluate metric."
REDUCED = " Maps are reduced to their score when they are added; they are not stored."
MONTE_CARLO = "- A sampled value is a Monte Carlo estimate. The paper seeds its generator once per process, so its values depend on the order of instances; here each instance's draw has a seed, so values do not depend on the order, and they agree with published ones only up to that noise. Instances without their own `seed` share the module's seed and its random numbers, so their errors do not average out."
WRAPPER = "- The module is a thin wrapper around `rclicks_hf.metrics.{name}`, so it needs the `rclicks-hf` package."
REFERENCES = "- The paper's code and data: GitHub, `emb-ai/rclicks`."
# First words of the shared paragraphs and list items, which are not a card's own.
SHARED = tuple(text[:24] for text in (LOADING, FEEDING, MONTE_CARLO, WRAPPER, "Unit: "))


def card(info: MetricInfo, old: str) -> str:
    """The card of a metric: its own parts from the old card, everything else from the table."""
    found = re.search(r"^emoji: (.*)$", old, re.MULTILINE)
    title = f"{info.title} ({info.abbreviation})"
    front = space_front(title, found[1] if found else "🎯", TAGS, info.description)
    front += f"\n# Metric card for {info.abbreviation}: {info.title}\n"
    is_map = info.inputs.startswith("click map")
    limits = [*_own(old, "Limits").splitlines(), WRAPPER.format(name=info.name)]
    if info.is_sampled:
        limits.insert(-1, MONTE_CARLO)
    sections = {
        "Metric description": f"{info.description}\n\n{info.definition}",
        "How to use": f"{LOADING}\n\n{_own(old, 'How to use')}\n\n{FEEDING}{REDUCED * is_map}",
        "Inputs": _own(old, "Inputs"),
        "Output values": f"Unit: {info.unit}. Range: {_range(info)}.\n\n{_own(old, 'Output values')}",
        "Limits": "\n".join(limits),
        "Citation": f"```bibtex\n{info.citation.strip()}\n```",
        "Further references": REFERENCES,
    }
    return front + "".join(f"\n## {head}\n{text}\n" for head, text in sections.items())


def _own(old: str, head: str) -> str:
    """What a card's author wrote under a heading: without the shared paragraphs and list items."""
    found = re.search(rf"^## {head}\n(.*?)(?=^## |\Z)", old, re.MULTILINE | re.DOTALL)
    lines = found[1].splitlines() if found else []
    return re.sub(
        r"\n{3,}", "\n\n", "\n".join(x for x in lines if not x.startswith(SHARED))
    ).strip()


def _range(info: MetricInfo) -> str:
    low, high = info.range
    if low == -high == float("-inf"):
        return "any real number"
    return f"{low:g} to {'infinity' if high == float('inf') else f'{high:g}'}"


def files(info: MetricInfo) -> dict[Path, str]:
    """The files of a module that this script writes, with their content."""
    folder = Path(__file__).parent / info.module
    readme = folder / "README.md"
    return {
        readme: card(info, readme.read_text(encoding="utf-8")),
        folder / "app.py": APP,
        folder / "requirements.txt": REQUIREMENTS,
    }


if __name__ == "__main__":
    for metric in METRICS.values():
        for path, text in files(metric).items():
            path.write_text(text, encoding="utf-8")
