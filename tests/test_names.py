"""One word means one thing: no two files of the package define the same public name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# Name -> why it is defined more than once.
SHARED = {
    "run_benchmark": "from the top level it returns results, in the room it returns their path",
    "takes_options": "the same question, of segmenters and of click models",
}


def defined(file: Path) -> Iterator[str]:
    """Names of the functions, classes and constants of a file that others may import."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            if node.value is not None and ast.unparse(node.value).startswith("TypeVar("):
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def test_a_public_name_is_defined_once(repo: Path) -> None:
    places: dict[str, list[str]] = {}
    for file in sorted((repo / "rclicks_hf").rglob("*.py")):
        where = file.relative_to(repo / "rclicks_hf")
        # The functions of cli are named as their verbs; networks in folders of their own are alike.
        if file.is_symlink() or where.parts[0] == "cli" or where.parts[:-2][:1] == ("networks",):
            continue
        for name in set(defined(file)):
            if not name.startswith("_"):
                places.setdefault(name, []).append(str(where))
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert {name: files for name, files in twice.items() if name not in SHARED} == {}
    assert SHARED.keys() <= twice.keys()
