"""Every verb's help: complete, in plain words, readable in a terminal of 80 columns."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from typer.core import TyperOption
from typer.main import get_command
from typer.testing import CliRunner

from rclicks_hf.cli import VERBS, app, options

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
UNCLEAR = (" a pass", "an instance and", "goes on", "mend ", "is no ", "<str>", "list[", "{")


def screen(*words: str) -> str:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(verb: str) -> None:
    text = screen(verb, "--help")
    assert screen(verb, "-h") == text
    lines = text.splitlines()
    assert lines[0].startswith("Usage: ")
    assert max(map(len, lines)) <= 80
    for param in COMMANDS[verb].params:
        assert param.help, f"{param.name} has no help text"
        assert len(param.help) > 15
        shown = param.opts[0] if isinstance(param, TyperOption) else param.metavar
        assert shown in text
        assert " ".join(param.help.split()[:2]) in " ".join(text.split())
    assert "Example" in text
    assert f"\n    rclicks {verb} " in text or f"\n    rclicks {verb}\n" in text
    for words in UNCLEAR:
        assert words not in text


def test_the_overview_lists_every_verb_with_a_whole_sentence() -> None:
    text = screen("--help")
    assert screen("-h") == text
    for verb in VERBS:
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {verb} ")]
        assert line.endswith((".", "fails."))
        assert not line.endswith("...")
    assert "--install-completion" in text


def test_a_choice_is_shown_with_its_default() -> None:
    text = screen("train", "-h")
    assert "--preset <nano|tiny|small|base>" in text
    assert "[default: base]" in " ".join(text.split())


def test_the_same_option_means_the_same_in_every_verb() -> None:
    takes = {
        "--repo": "REPO",
        "--dataset": "NAME",
        "--num-proc": "N",
        "--seed": "N",
        "--limit": "N",
    }
    for verb, command in COMMANDS.items():
        for param in command.params:
            for option in set(param.opts) & set(takes):
                expected = "REPO_ID" if verb == "push" else takes[option]
                assert param.metavar == expected, f"{verb} {option}"


def test_choices_are_those_of_the_tables() -> None:
    """The names stand twice, because the modules of the tables take seconds to import."""
    from rclicks_hf.benchmark import PROTOCOLS
    from rclicks_hf.data import SPLITS
    from rclicks_hf.hub.push import REPO_TYPES
    from rclicks_hf.metrics.click_scores import MODES
    from rclicks_hf.networks.clickability import PRESETS
    from rclicks_hf.report.write import FORMATS
    from rclicks_hf.training.hyper_parameters import REPORTERS

    tables = {
        options.Split: SPLITS,
        options.Preset: PRESETS,
        options.ReportTo: REPORTERS,
        options.ScoreMode: MODES,
        options.Protocol: PROTOCOLS,
        options.ReportFormat: FORMATS,
        options.RepoType: REPO_TYPES,
    }
    for choice, table in tables.items():
        assert set(get_args(choice)) == set(table)


def test_the_help_names_the_source_datasets_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from rclicks_hf.data import SOURCE_DATASETS

    shown = options.dataset_names()
    assert shown.startswith("grabcut, berkeley, davis, coco_mval")
    assert "clicks: simulated_scenes, simulated_photographs or simulated_NAME" in shown
    for name in ("another", "simulated_another"):  # one row of `_RECORDED`
        new = replace(SOURCE_DATASETS["grabcut"], name=name, is_simulated=name != "another")
        monkeypatch.setitem(SOURCE_DATASETS, name, new)
    for verb in ("benchmark", "evaluate-clicks", "analyse"):
        shown = " ".join(CliRunner().invoke(app, [verb, "--help"]).output.split())
        assert " or another; own (" in shown, verb


def test_completion_of_lists_with_commas() -> None:
    assert options.complete_dataset("dav") == ["davis"]
    assert options.complete_dataset("davis,gr") == ["davis,grabcut"]
    assert options.complete_runs("base,nu") == ["base,nuser"]
    assert options.complete_network("sal") == ["saliency"]
    assert options.complete_names("tetris,pre", ("tetris", "previous-masks")) == [
        "tetris,previous-masks"
    ]
