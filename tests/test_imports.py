"""What an import may cost, and which way imports may point."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "datasets", "evaluate", "matplotlib", "cv2", "scipy", "pandas")

# Room -> rooms below it, which it may import (design: one direction).
BELOW = {
    "data": set(),
    "metrics": set(),
    "evaluate_modules": {"metrics"},
    "analysis": {"data", "metrics"},
    "clickability": {"data", "metrics"},
    "saliency": set(),
    "click_models": {"data", "metrics", "clickability", "saliency"},
    "segmenters": {"data"},
    "benchmark": {"data", "metrics", "click_models", "segmenters"},
    "demo": {"data", "metrics", "clickability", "click_models", "segmenters", "benchmark"},
}
FORBIDDEN = {
    "analysis": {"torch", "transformers", "evaluate"},
    "data": {"torch", "transformers", "evaluate"},
    "metrics": {"torch", "transformers", "datasets", "evaluate", "pandas", "cv2"},
    "segmenters": {"torch", "transformers", "datasets", "evaluate"},
}
# Files that wrap a network and are imported only when one is loaded -> what they may import.
NETWORK_FILES = {
    f"segmenters/{name}.py": {"torch", "transformers"}
    for name in ("mask_decoder", "pretrained", "prompted", "sam", "sam2")
}


def loaded_after(code: str) -> set[str]:
    program = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import rclicks_hf",
        "import rclicks_hf.cli",
        "from typer.testing import CliRunner; from rclicks_hf.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0",
    ],
)
def test_the_package_and_its_help_load_nothing_heavy(code: str) -> None:
    assert loaded_after(code).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "room",
    ["metrics", "data", "data.schema", "data.instances", "segmenters", "segmenters.command"],
)
def test_rooms_without_models_do_not_load_torch(room: str) -> None:
    assert loaded_after(f"import rclicks_hf.{room}").isdisjoint({"torch", "transformers"})


def test_every_public_name_resolves_and_is_listed() -> None:
    import rclicks_hf

    for name in rclicks_hf.__all__:
        assert getattr(rclicks_hf, name) is not None
    assert set(rclicks_hf.__all__) == set(dir(rclicks_hf))


def test_an_unknown_name_is_an_attribute_error() -> None:
    import rclicks_hf

    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        rclicks_hf.nothing_of_that_name  # noqa: B018


def imported_modules(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_files(repo: Path, room: str) -> list[Path]:
    """Its modules; a ``__main__.py`` is a door of the command line, not a part of the room."""
    files = sorted((repo / "rclicks_hf" / room).rglob("*.py"))
    files = [file for file in files if file.name != "__main__.py"]
    assert files, f"room {room} is empty"
    return files


@pytest.mark.parametrize("room", BELOW)
def test_imports_point_one_way(repo: Path, room: str) -> None:
    above = set(BELOW) - BELOW[room] - {room}
    for file in room_files(repo, room):
        modules = imported_modules(file)
        rooms = {m.split(".")[1] for m in modules if m.startswith("rclicks_hf.")}
        assert rooms.isdisjoint(above | {"cli", "hub"}), f"{file} imports {rooms & above}"


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_do_without_what_they_need_not_know(repo: Path, room: str) -> None:
    for file in room_files(repo, room):
        tops = {m.split(".")[0] for m in imported_modules(file)}
        name = file.relative_to(repo / "rclicks_hf").as_posix()
        forbidden = FORBIDDEN[room] - NETWORK_FILES.get(name, set())
        assert tops.isdisjoint(forbidden), f"{file} imports {tops & forbidden}"


def test_the_files_that_may_import_networks_are_there(repo: Path) -> None:
    for name in NETWORK_FILES:
        assert (repo / "rclicks_hf" / name).is_file()
