"""The page of a Space for an evaluate module."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evaluate
from evaluate.utils import parse_readme

from rclicks_hf.metrics import METRICS
from rclicks_hf.support.gradio_import import without_type_stubs

if TYPE_CHECKING:
    import gradio

_LONGEST = 2_000_000  # characters of an input: click maps of a few images


def launch_space(app: str | Path) -> None:
    """Start the page of a metric module; see `metric_page`.

    Args:
        app: A file beside the module's script ``rclicks_*.py`` and its card ``README.md``.

    Raises:
        ImportError: If gradio is not installed.
    """
    metric_page(app).launch()


def metric_page(app: str | Path) -> gradio.Interface:
    """The page of a metric module: JSON in, the metric's values out, the card below.

    evaluate's own widget uses parts of gradio that newer releases dropped, so the page is built
    here. Nothing that a visitor enters is stored.

    Args:
        app: A file beside the module's script ``rclicks_*.py`` and its card ``README.md``.

    Returns:
        The page; its ``launch`` starts it.

    Raises:
        ImportError: If gradio is not installed.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
    with without_type_stubs():
        import gradio

    folder = Path(app).parent
    [script] = folder.glob("rclicks_*.py")
    metric = evaluate.load(str(script))
    info = METRICS[metric.metric_name]
    inputs = metric._feature_names()

    def compute(*texts: str) -> dict[str, Any]:
        """Values of the metric for inputs written as JSON lists."""
        values = {key: _read(key, text) for key, text in zip(inputs, texts, strict=True)}
        try:
            # A new module per request, because a page serves many users at once.
            return evaluate.load(str(script), keep_in_memory=True).compute(**values)
        except ValueError as error:
            raise gradio.Error(str(error), print_exception=False) from error

    def _read(key: str, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            text = f"{key}: not a JSON list ({error})"
            raise gradio.Error(text, print_exception=False) from error

    return gradio.Interface(
        fn=compute,
        inputs=[
            gradio.Textbox(
                label=f"{key} (JSON list with one entry per instance)",
                lines=8,
                max_length=_LONGEST,
            )
            for key in inputs
        ],
        outputs=gradio.JSON(label=f"{info.abbreviation} {info.arrow}"),
        title=f"{info.title} ({info.abbreviation})",
        description=info.description,
        article=parse_readme(str(folder / "README.md")),
        api_name="compute",
        flagging_mode="never",
        analytics_enabled=False,
    )
