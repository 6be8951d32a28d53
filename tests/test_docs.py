"""The pages of `docs/`: their code runs, their commands exist, the site needs no network."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import SMALL_PICTURES, run_python, run_rclicks_here
from helpers.small_network import SMALL_NETWORK

from rclicks_hf.support.hub_cards.eval_results_file import TASK_SCORES

#: Pages whose `python` and `bash` blocks run one after the other in the demo's folder.
RUN = (
    "load_the_clicks",
    "compute_metrics",
    "predict_clicks",
    "fine_tune_a_segmenter",
    "benchmark_your_method",
    "benchmark_a_segmenter",
)


def blocks(page: Path, languages: str) -> list[tuple[str, str]]:
    """The language and the text of each block of code."""
    return re.findall(rf"^```({languages})\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def commands(text: str) -> list[str]:
    """The `rclicks` commands of a block: without comments, continued lines joined."""
    lines = re.sub(r" *\\\n *", " ", text).splitlines()
    found = [line for line in lines if re.match(r"rclicks [a-z-]+ ", line)]
    return [line.partition("  #")[0].strip() for line in found]


@pytest.fixture(scope="module")
def folder(demo_run: Any, repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's folder, with the metrics as `rclicks install` makes them known."""
    folder = tmp_path_factory.mktemp("docs") / "rclicks-demo"
    shutil.copytree(demo_run[0], folder)
    for module in (repo / "metrics").glob("rclicks_*"):
        shutil.copytree(module, folder / module.name)
    return folder


@pytest.mark.parametrize("name", RUN)
def test_the_code_of_a_page_runs(
    name: str, repo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    of_readme = blocks(repo / "README.md", "bash")
    found = blocks(repo / "docs" / f"{name}.md", "python|bash")
    found = [block for block in found if block not in of_readme]  # tests/test_readme.py runs them
    assert found
    scope: dict[str, Any] = {}
    for language, text in found:
        if language == "python":
            if "class Disk" in text:
                (folder / "disk.py").write_text(text)
            exec(compile(text, f"{name}.md", "exec"), scope)
            continue
        assert commands(text) == text.splitlines()
        for line in commands(text):
            takes_processes = line.split()[1] in ("benchmark", "evaluate-clicks")
            one = " --num-proc 1" if takes_processes else ""  # what it starts, it imports anew
            done = run_rclicks_here(line.removeprefix("rclicks ") + one, cwd=folder)
            assert done.returncode == 0, done.stderr


def test_commands_have_the_options_that_pages_give_them(repo: Path) -> None:
    import typer

    from rclicks_hf.cli import app

    verbs: Any = typer.main.get_command(app)
    seen = 0
    for page in [repo / "README.md", *sorted((repo / "docs").glob("*.md"))]:
        text = "\n".join(text for _, text in blocks(page, "python|bash|text"))
        text = text.replace("-m rclicks_hf.benchmark", "\nrclicks benchmark")
        for line in commands(text.replace("srun rclicks", "rclicks")):
            verb = line.split()[1]
            options = {opt for param in verbs.commands[verb].params for opt in param.opts}
            assert set(re.findall(r" (--[\w-]+)", line)) <= options, f"{page.name}: {line}"
            seen += 1
    assert seen > 30


def test_the_scores_of_the_hub_page_are_the_tasks(repo: Path) -> None:
    text = (repo / "docs" / "hub_results.md").read_text("utf-8")
    for score in TASK_SCORES:
        better = "higher" if score.direction == "up" else "lower"
        assert f"| `{score.name}` | {score.title} | {better} | `{score.by}` |" in text


def test_the_tables_that_the_pages_on_adding_name_are_there(repo: Path) -> None:
    sources = {path: path.read_text("utf-8") for path in (repo / "rclicks_hf").rglob("*.py")}
    named = set()
    for page in (repo / "docs").glob("add_*.md"):
        text = page.read_text("utf-8")
        pattern = r"`(_?[A-Z]{2}[A-Z_]+)`(?:\*\* in `| in `)?([\w/]+\.py)?"
        for name, place in re.findall(pattern, text):
            definition = re.compile(rf"^{name}\b.*=", re.M)
            defined = [path for path, of in sources.items() if definition.search(of)]
            assert defined, f"{page.name}: {name}"
            assert not place or repo / place in defined, f"{page.name}: {name} in {place}"
            named.add(name)
    assert {"_RECORDED", "LAYOUTS", "_ARCHIVES", "_SHAPES", "NETWORKS", "SEGMENTERS"} <= named


def test_the_links_of_the_readme_lead_somewhere(repo: Path) -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)]+)\)", (repo / page).read_text("utf-8")):
            path, _, anchor = link.partition("#")
            target = repo / path if path else repo / page
            assert target.is_file(), f"{page}: {link}"
            heads = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.M) if anchor else []
            slugs = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
            assert not anchor or anchor in slugs, f"{page}: {link}"


def test_the_site_builds_and_needs_no_network(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mkdocstrings")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    monkeypatch.chdir(repo)
    config = load_config(str(repo / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True)
    # The index for searching and the colours of code are others' work, and take a quarter.
    del config.plugins["material/search"]
    config.mdx_configs["pymdownx.highlight"] = {"use_pygments": False}
    config.plugins.on_startup(command="build", dirty=False)
    gc.disable()  # it would search hundreds of thousands of objects that stay, again and again
    try:
        build(config)  # ends with an error at any warning: a broken link, an unknown name
    finally:
        gc.enable()
    pages = {
        path.relative_to(tmp_path / "site").as_posix(): path.read_text("utf-8")
        for path in (tmp_path / "site").rglob("*.html")
    }
    loaded = r"<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=[\"']?(https?:)?//"
    assert [name for name, text in pages.items() if re.search(loaded, text)] == []
    sheets = [path.read_text("utf-8") for path in (tmp_path / "site").rglob("*.css")]
    assert not any(re.search(r"url\([\"']?(https?:)?//", sheet) for sheet in sheets)
    for room in ("data", "benchmark", "report", "training", "click_models"):
        stub = (repo / "rclicks_hf" / room / "__init__.pyi").read_text("utf-8")
        for name in re.findall(r" as (\w+)$", stub, re.M):
            assert re.search(rf'id="rclicks_hf\.[\w.]+\.{name}"', pages[f"api/{room}.html"]), name
    assert "&gt;&gt;&gt; " not in re.sub(
        r"<code[^>]*>.*?</code>", "", pages["api/metrics.html"], flags=re.S
    )


#: What a kernel does with the cells; the first error ends it.
CELLS = f"""{SMALL_PICTURES}{SMALL_NETWORK}
import json, os
os.environ["RCLICKS_NOTEBOOK"] = "tiny"
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
"""


def test_the_notebook_runs_at_a_tiny_size(repo: Path, tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    path = repo / "docs" / "examples" / "fine_tune_and_evaluate.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)  # committed as it is written
    env = {**os.environ, "PYTHONPATH": str(repo)}
    done = run_python(["-c", CELLS, str(path)], cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "split test (simulated clicks)" in done.stdout
    assert "Clicks of users: simulated" in done.stdout
    assert {path.name for path in (tmp_path / "rclicks-notebook").iterdir()} == {
        "rclicks", "base", "tuned", "scores",
    }  # fmt: skip
