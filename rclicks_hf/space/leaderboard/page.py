"""The page on which methods are compared."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files

import gradio as gr

from rclicks_hf.report.page_data import Standings
from rclicks_hf.report.pictures.standings import standing_curves_svg, standing_points_svg
from rclicks_hf.report.results import read_results
from rclicks_hf.space.leaderboard.entries import (
    MOST_NAMED,
    Entry,
    Leaderboard,
    entries_csv,
    leaderboard_of,
)
from rclicks_hf.space.leaderboard.table import dataset_title, table_html
from rclicks_hf.space.markup import escaped
from rclicks_hf.space.settings import SpaceSettings

ALL_DATASETS = "all"
_PHONE = (3.9, 4.8)  # inches; smaller, so that the text is larger
_POINTS = "Clicks needed, and how much that depends on who clicks"
_CURVES = "IoU after each click"

PUBLISHED_NOTE = (
    "**The paper's published values:** its evaluation of TETRIS (33 models) and its poster "
    "(DAVIS and COCO-MVal). Clicks to IoU 0.9, at most 20, drawn from the paper's clickability "
    "network. Intervals and curves need results per instance: `rclicks space --results FOLDER`."
)
RESULTS_NOTE = "In brackets: 95 % bootstrap intervals over instances. After ±: spread over groups."
HOW_TO_READ = (
    "**Sample NoC:** clicks needed on average, over all groups of users. **ΔSB:** how many more "
    "these are than with the usual baseline clicker (the deepest pixel of the error). **ΔGR:** how "
    "many more the least likely tenth of clicks needs than the most likely one. The best value of "
    "each column is green. Click a column head to sort."
)
HOW_TO_SUBMIT = """\
1. Benchmark the method on the paper's data, with the rules of the paper's code. \
`--segmenter` takes a folder, a Hub id or your own class (`module:Class`); `rclicks \
check-segmenter` checks whether the benchmark can use it.

   ```bash
   rclicks build --download
   rclicks benchmark --segmenter YOURS --click-model NETWORK \\
     --dataset davis --protocol reference --out runs/yours
   ```

2. Compare it with the 33 published methods.

   ```bash
   rclicks import-results evaluation_results.zip --out runs/paper
   rclicks report runs/paper/* runs/yours --out leaderboard.html
   ```

3. Publish the results, and ask whoever runs this page to add your repo.

   ```bash
   rclicks push results runs/yours --repo your-name/results
   ```

Results that follow another protocol, or simulated clicks, are never ranked with the paper's."""


def _in_two_sizes(draw: Callable[..., str], data: Standings, name: str) -> str:
    """A chart for a desk and one for a phone, of which the stylesheet shows one."""
    return (
        f'<div class="on-desk">{draw(data, name)}</div>'
        f'<div class="on-phone">{draw(data, f"{name}-phone", _PHONE)}</div>'
    )


def _file(name: str) -> str:
    return files("rclicks_hf.space").joinpath("web", name).read_text("utf-8")


def leaderboard_page(settings: SpaceSettings) -> None:
    """Add the page's components and events; call it inside a Blocks context.

    Raises:
        RclicksError: If results cannot be read or cannot be compared.
    """
    board = leaderboard_of(read_results(*settings.results) if settings.results else None)
    page = _Page(board)
    gr.Markdown(PUBLISHED_NOTE if board.results is None else RESULTS_NOTE)
    for warning in board.warnings:
        gr.HTML(f'<p><span class="badge">Warning</span> {escaped(warning)}</p>', padding=False)
    first = board.datasets[0]
    choices = [(dataset_title(name), name) for name in board.datasets]
    with gr.Row():
        dataset = gr.Dropdown(
            [*choices, ("All datasets", ALL_DATASETS)] if len(choices) > 1 else choices,
            value=first,
            label="Dataset",
            filterable=False,
            min_width=200,  # a phone shows the whole name
            elem_id="board-dataset",
        )
        training = gr.CheckboxGroup(
            board.training_data,
            value=board.training_data,
            label="Trained on",
            scale=2,
            elem_id="board-training",
        )
    table = gr.HTML(
        page.table(first, board.training_data),
        css_template=_file("leaderboard.css"),
        js_on_load=_file("leaderboard.js"),
        apply_default_css=False,
        elem_id="board-table",
        elem_classes="flush",
    )
    gr.Markdown(HOW_TO_READ)
    named = gr.Dropdown(
        page.names(first, board.training_data),
        value=[],
        multiselect=True,
        max_choices=MOST_NAMED,
        label=f"Methods to label in the curves (at most {MOST_NAMED})",
        visible=board.results is not None,
        elem_id="board-named",
    )
    charts = gr.HTML(
        page.charts(first, board.training_data, []),
        css_template=_file("charts.css"),
        apply_default_css=False,
        elem_id="board-charts",
        elem_classes="flush",
    )
    with gr.Accordion("How to submit a method", open=False, elem_id="board-submit"):
        gr.Markdown(HOW_TO_SUBMIT)

    gr.on(
        [dataset.change, training.change],
        page.choose,
        [dataset, training],
        [table, named, charts],
        api_visibility="private",
        show_progress="hidden",
    )
    named.input(
        page.charts,
        [dataset, training, named],
        charts,
        api_visibility="private",
        show_progress="hidden",
    )


class _Page:
    """What the page shows at each choice; it holds nothing of a visitor."""

    def __init__(self, board: Leaderboard) -> None:
        self.board = board

    def _chosen(self, dataset: object, training: object) -> list[Entry]:
        """The entries of a choice, which is a visitor's: what is unknown chooses nothing."""
        wanted = training if isinstance(training, list) else []
        names = [name for name in self.board.training_data if name in wanted]
        if dataset == ALL_DATASETS:
            return self.board.chosen("", names)
        known = [name for name in self.board.datasets if name == dataset]
        return self.board.chosen(known[0], names) if known else []

    def names(self, dataset: object, training: object) -> list[str]:
        """Methods that the curves can name."""
        if dataset == ALL_DATASETS:
            return []
        return [entry.name for entry in self._chosen(dataset, training)]

    def table(self, dataset: object, training: object) -> str:
        """The table and a link to it as CSV."""
        entries = self._chosen(dataset, training)
        html = table_html(entries, self.board.columns, with_dataset=dataset == ALL_DATASETS)
        return html + self._download(entries) if entries else html

    def _download(self, entries: Sequence[Entry]) -> str:
        data = b64encode(
            entries_csv(entries, self.board.columns, self.board.threshold).encode()
        ).decode()
        return (
            '<p><a download="leaderboard.csv" '
            f'href="data:text/csv;base64,{data}">Download this table (CSV)</a></p>'
        )

    def charts(self, dataset: object, training: object, named: object) -> str:
        """Scatter and curves of a dataset."""
        entries = [] if dataset == ALL_DATASETS else self._chosen(dataset, training)
        wanted = named if isinstance(named, list) else []
        chosen = [entry.name for entry in entries if entry.name in wanted]
        data = self.board.standings(entries, chosen[:MOST_NAMED])
        if data is None:
            text = (
                "Choose one dataset to see its charts."
                if dataset == ALL_DATASETS
                else "No charts: they need the runs g1 to g10."
            )
            return f'<p class="note">{text}</p>'
        title = escaped(dataset_title(data.dataset))
        mark = ' <span class="badge">simulated clicks</span>' if data.is_simulated else ""
        every = replace(data, are_named=[True] * len(data.names))
        figures = [(_POINTS, _in_two_sizes(standing_points_svg, every, "points"))]
        if data.curves.shape[1]:
            figures.append((_CURVES, _in_two_sizes(standing_curves_svg, data, "curves")))
        return "".join(
            f"<figure><figcaption>{caption}, {title}{mark}</figcaption>{svg}</figure>"
            for caption, svg in figures
        ).join(('<div class="board-charts">', "</div>"))

    def choose(self, dataset: object, training: object) -> tuple[str, gr.Dropdown, str]:
        """Table, methods to name, and charts of a choice."""
        names = gr.Dropdown(self.names(dataset, training), value=[], multiselect=True)
        return self.table(dataset, training), names, self.charts(dataset, training, [])
