"""The page that a Space shows for an evaluate module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import evaluate
from evaluate.utils import parse_readme

from rclicks_hf.metrics import METRICS


def launch_space(script: str | Path) -> None:
    """Start the page of a metric module: JSON in, the metric's values out, the card below.

    evaluate's own widget calls parts of gradio that newer releases dropped, and the older ones do
    not install beside NumPy 2, so the page is built here from parts that every release has.

    Args:
        script: The module's script, with its card ``README.md`` beside it.

    Raises:
        ImportError: If gradio is not installed.
    """
    import gradio

    script = Path(script)
    metric = evaluate.load(str(script))
    info = METRICS[metric.metric_name]
    inputs = list(metric.features)

    def compute(*texts: str) -> dict[str, Any]:
        """Values of the metric for inputs written as JSON lists."""
        try:
            values = {key: json.loads(text) for key, text in zip(inputs, texts, strict=True)}
            # A fresh module for each request: pages are served to many people at once.
            return evaluate.load(str(script)).compute(**values)
        except ValueError as error:
            raise gradio.Error(str(error)) from error

    gradio.Interface(
        fn=compute,
        inputs=[
            gradio.Textbox(label=f"{key} (JSON list, one entry an instance)", lines=8)
            for key in inputs
        ],
        outputs=gradio.JSON(label=f"{info.abbreviation} {info.arrow}"),
        title=f"{info.title} ({info.abbreviation})",
        description=info.description,
        article=parse_readme(str(script.with_name("README.md"))),
    ).launch()
