"""The page of a Space for an evaluate module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import evaluate
from evaluate.utils import parse_readme

from rclicks_hf.metrics import METRICS


def launch_space(app: str | Path) -> None:
    """Start the page of a metric module: JSON in, the metric's values out, the card below.

    evaluate's own widget uses parts of gradio that newer releases dropped, and older releases
    cannot be installed with NumPy 2, so the page is built here from parts that all releases have.

    Args:
        app: A file beside the module's script ``rclicks_*.py`` and its card ``README.md``.

    Raises:
        ImportError: If gradio is not installed.
    """
    import gradio

    folder = Path(app).parent
    [script] = folder.glob("rclicks_*.py")
    metric = evaluate.load(str(script))
    info = METRICS[metric.metric_name]
    inputs = metric._feature_names()

    def compute(*texts: str) -> dict[str, Any]:
        """Values of the metric for inputs written as JSON lists."""
        try:
            values = {key: json.loads(text) for key, text in zip(inputs, texts, strict=True)}
            # A new module per request, because a page serves many users at once.
            return evaluate.load(str(script)).compute(**values)
        except ValueError as error:
            raise gradio.Error(str(error)) from error

    gradio.Interface(
        fn=compute,
        inputs=[
            gradio.Textbox(label=f"{key} (JSON list with one entry per instance)", lines=8)
            for key in inputs
        ],
        outputs=gradio.JSON(label=f"{info.abbreviation} {info.arrow}"),
        title=f"{info.title} ({info.abbreviation})",
        description=info.description,
        article=parse_readme(str(folder / "README.md")),
    ).launch()
