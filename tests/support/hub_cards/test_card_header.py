"""Cards with YAML that grows when it is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import run_python

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.hub_cards.card_header import check_cards, yaml_problem

LEVELS = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
ALIASES = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *LEVELS, "configs: *a8"])
BOMBS = {
    "sequences of aliases": (ALIASES, "holds more than 100,000 values"),
    "merged mappings": (
        "a: &a {k: [1, 2]}\n" + "b: &b [*a, *a]\nc: &c {x: *b, <<: *a}\n" + f"d: {['c'] * 60_000}"
        + f"\ne: [{', '.join(['*c'] * 9000)}]",
        "holds more than",
    ),
    "an alias of itself": ("a: &a [*a]", "contains itself"),
    "depth": ("a: " + "[" * 5000 + "]" * 5000, "nested more than 50 levels"),
}  # fmt: skip


@pytest.mark.parametrize(("header", "message"), BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("end", ["\n---\n", "\r\n---\r\n", ""])
def test_a_card_that_would_fill_the_memory_is_refused(
    tmp_path: Path, header: str, message: str, end: str
) -> None:
    (tmp_path / "README.md").write_text(f"---\n{header}{end}", newline="")
    with pytest.raises(RclicksError, match=message) as error:
        check_cards(tmp_path)
    assert len(str(error.value).removeprefix(str(tmp_path))) < 110


LOAD = """
import sys
from rclicks_hf import load_instances
from rclicks_hf.data.loading import configs_of
from rclicks_hf.errors import RclicksError

for name in ("aliases", "yaml", "large"):
    for read in (lambda repo: load_instances(repo, "davis"), configs_of):
        try:
            read(f"me/{name}")
        except RclicksError as error:
            print(error)
"""


def test_a_card_on_the_hub_is_checked_before_it_is_read(hub: Any, tmp_path: Path) -> None:
    for name, file, text in (
        ("aliases", "README.md", f"---\n{ALIASES}\n---\n"),
        ("yaml", ".huggingface.yaml", ALIASES),
        ("large", "README.md", "x" * (5 << 20)),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text)
        hub.add("dataset", f"me/{name}", tmp_path / name)
    environment = {**os.environ, **hub.env(), "HF_HOME": str(tmp_path / "home")}
    done = run_python(["-c", LOAD], env=environment)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition("; ")[0] for line in lines[::2]] == [
        "me/aliases/README.md: holds more than 100,000 values",
        "me/yaml/.huggingface.yaml: holds more than 100,000 values",
        "me/large/README.md: larger than 4 MiB",
    ]
    assert lines[::2] == lines[1::2]


@pytest.mark.parametrize(
    "text",
    ["", "a: 1", "a: &x [1, 2]\nb: *x\nc: [*x, *x]", "a: [", "\x00", "a: *nowhere", "- " * 40],
)
def test_other_yaml_passes_or_is_left_to_its_reader(text: str) -> None:
    assert yaml_problem(text) == ""


def test_dashes_in_the_text_of_a_card_are_not_its_header(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"---\na: 1\n---\n\n---\n{ALIASES}\n---\n")
    check_cards(tmp_path)


COMMANDS = """
import json, re, sys
from pathlib import Path
from rclicks_hf.cli import main

def peak():
    found = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024

before = peak()
for words in json.loads(sys.argv[1]):
    sys.argv = ["rclicks", *words]
    try:
        main()
    except SystemExit as end:
        print(end.code, file=sys.stderr)
print(peak() - before)
"""


def test_commands_refuse_it_in_one_line_and_little_memory(tmp_path: Path) -> None:
    files = ("README.md", ".huggingface.yaml")
    commands, names = [], []
    for name in files:
        repo = tmp_path / name
        repo.mkdir()
        (repo / "README.md").write_text("---\nlicense: mit\n---\n")
        (repo / name).write_text(f"---\n{ALIASES}\n---\n")
        out = str(tmp_path / "out")
        benchmark = ["--dataset", "davis", "--click-model", "ud", "--out", out]
        commands += [["benchmark", "--repo", str(repo), *benchmark], ["analyse", str(repo)]]
        names += [name] * 2
    for verb in (["verify"], ["install", "--repo"]):  # they read only the card
        commands.append([*verb, str(tmp_path / files[0])])
        names.append(files[0])
    done = run_python(["-c", COMMANDS, json.dumps(commands)])
    messages = done.stderr.strip().splitlines()
    for name, message in zip(names, messages, strict=True):
        assert message.startswith("rclicks: ")
        assert f"{name}: holds more than 100,000 values" in message
    assert int(done.stdout) < 500  # MiB, of which nearly all is the libraries'
