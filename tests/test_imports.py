"""What an import may cost, and which way imports may point: by rooms, and without circles."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "evaluate",
    "matplotlib",
    "cv2",
    "scipy",
    "pandas",
    "gradio",
)

# Room -> rooms that it may import, besides `errors` and `support`.
BELOW: dict[str, set[str]] = {
    "support": set(),
    "data": set(),
    "metrics": set(),
    "networks": set(),
    "jobs": set(),
    "simulation": {"data"},
    "evaluate_modules": {"metrics"},
    "analysis": {"data", "metrics"},
    "hub": {"data", "metrics", "benchmark", "report", "jobs"},
    "training": {"data", "metrics", "networks", "jobs"},  # jobs: how many cores there are
    # jobs: the identity of models
    "click_models": {"data", "metrics", "networks", "jobs"},
    "segmenters": {"data", "networks", "jobs"},
    "click_scoring": {"data", "metrics", "click_models", "jobs"},
    "benchmark": {"data", "metrics", "click_models", "segmenters", "jobs"},
    "downloads": {"data", "networks", "benchmark"},
    # segmenters: the names of the published methods
    "report": {"data", "metrics", "benchmark", "click_scoring", "jobs", "segmenters"},
    # analysis: the names of the display modes
    "space": {
        *("data", "metrics", "analysis", "simulation"),
        *("click_models", "segmenters", "benchmark", "report"),
    },
}
TOP = {"demo", "cli"}  # they may import every room, and no room imports them
EVERYWHERE = {"errors", "support"}

FORBIDDEN = {
    "analysis": {"torch", "transformers", "evaluate"},
    "data": {"torch", "transformers", "evaluate"},
    "metrics": {"torch", "transformers", "datasets", "evaluate", "pandas", "cv2"},
    "segmenters": {"torch", "transformers", "datasets", "evaluate"},
}
# Places that wrap a network and are imported only when one is loaded -> what they may import.
NETWORK_PLACES = {
    "segmenters/click_map": {"torch", "transformers"},
    "segmenters/pretrained.py": {"torch", "transformers"},
    "segmenters/prompt": {"torch", "transformers"},
    "segmenters/onnx": {"torch"},
}
LIMIT = 0.3  # seconds of processor time for `import rclicks_hf` and for `rclicks --help`


def loaded_after(code: str) -> set[str]:
    program = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_package_and_its_help_load_nothing_heavy() -> None:
    code = (
        "import rclicks_hf\n"
        "import rclicks_hf.segmenters.registry, rclicks_hf.click_models.registry\n"
        "from typer.testing import CliRunner; from rclicks_hf.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    )
    assert loaded_after(code).isdisjoint(HEAVY)


@pytest.mark.parametrize("command", ["-c 'import rclicks_hf'", "-m rclicks_hf.cli --help"])
def test_the_package_and_its_help_are_quick(command: str) -> None:
    # Processor time, because other tests run at the same time.
    code = (
        "import resource, shlex, subprocess, sys\n"
        "subprocess.run([sys.executable, *shlex.split(sys.argv[1])], check=True,"
        " stdout=subprocess.DEVNULL)\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(usage.ru_utime + usage.ru_stime)"
    )
    arguments = [sys.executable, "-c", code, command]
    assert any(float(subprocess.check_output(arguments, text=True)) < LIMIT for _ in range(5))


def test_rooms_without_models_do_not_load_torch() -> None:
    rooms = ("metrics", "data.schema", "data.instances", "segmenters", "segmenters.conformance")
    code = "\n".join(f"import rclicks_hf.{room}" for room in rooms)
    assert loaded_after(code).isdisjoint({"torch", "transformers"})


def test_an_unknown_name_is_an_attribute_error() -> None:
    import rclicks_hf

    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        rclicks_hf.nothing_of_that_name  # noqa: B018


class _Imports(ast.NodeVisitor):
    """Modules that a file imports, at its top and inside functions, but not for types alone."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in node.orelse:
                self.visit(other)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        dotted = "." * node.level + (node.module or "")
        module = importlib.util.resolve_name(dotted, self.package)
        # The names may be modules or not: `files_imported_by` keeps those that are files.
        self.found |= {module} | {f"{module}.{alias.name}" for alias in node.names}


def package_of(file: Path) -> str:
    start = len(file.parts) - 1 - file.parts[::-1].index("rclicks_hf")
    return ".".join(file.parts[start:-1])


@cache
def imported_modules(file: Path) -> frozenset[str]:
    visitor = _Imports(package_of(file))
    visitor.visit(ast.parse(file.read_text()))
    return frozenset(visitor.found)


def package_files(repo: Path, room: str = "") -> list[Path]:
    files = sorted((repo / "rclicks_hf" / room).rglob("*.py"))
    assert files, f"room {room} is empty"
    return files


def test_every_room_has_its_place_in_the_order(repo: Path) -> None:
    folders = {path.parent.name for path in (repo / "rclicks_hf").glob("*/__init__.py")}
    assert folders == set(BELOW) | TOP
    assert {path.name for path in (repo / "tests").iterdir()} >= folders
    TopologicalSorter(BELOW).prepare()  # raises if rooms are in a circle, however long


@pytest.mark.parametrize("room", sorted(BELOW))
def test_imports_point_one_way(repo: Path, room: str) -> None:
    allowed = BELOW[room] | {room}
    if room != "support":
        allowed |= EVERYWHERE
    wrong = []
    for file in package_files(repo, room):
        if file.name == "__main__.py":  # an entry point of the command line, not part of the room
            continue
        modules = [m.split(".") for m in imported_modules(file) if m.startswith("rclicks_hf.")]
        rooms = {m[1] for m in modules if (repo / "rclicks_hf" / m[1]).is_dir()}
        wrong += [f"{file.relative_to(repo)} imports {other}" for other in rooms - allowed]
    assert wrong == []


@cache
def stub_exports(stub: Path) -> dict[str, str]:
    """Exported name -> module that defines it, of a room that imports its exports lazily."""
    if not stub.is_file():
        return {}
    return {
        alias.name: f"{package_of(stub)}.{node.module}"
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def files_imported_by(file: Path, repo: Path) -> Iterator[Path]:
    """Files of the package that a file imports; names of a lazy room count as their own files."""
    for module in imported_modules(file):
        if module.partition(".")[0] != "rclicks_hf":
            continue
        room, _, name = module.rpartition(".")
        stub = repo.joinpath(*room.split("."), "__init__.pyi")
        path = repo.joinpath(*stub_exports(stub).get(name, module).split("."))
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file() and candidate != file:
                yield candidate


def circles(graph: dict[Path, set[Path]]) -> list[list[Path]]:
    """Strongly connected components of more than one node."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    nodes = sorted(graph)
    number = {node: i for i, node in enumerate(nodes)}
    edges = [(number[a], number[b]) for a, others in graph.items() for b in others]
    rows, columns = zip(*edges, strict=True)
    matrix = csr_matrix(([1] * len(edges), (rows, columns)), shape=(len(nodes), len(nodes)))
    _, labels = connected_components(matrix, directed=True, connection="strong")
    groups: dict[int, list[Path]] = {}
    for node, label in zip(nodes, labels, strict=True):
        groups.setdefault(int(label), []).append(node)
    return [group for group in groups.values() if len(group) > 1]


def test_no_files_import_each_other_in_a_circle(repo: Path) -> None:
    graph = {file: set(files_imported_by(file, repo)) for file in package_files(repo)}
    found = [[str(file.relative_to(repo)) for file in circle] for circle in circles(graph)]
    assert found == []


def test_a_circle_would_be_found() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    assert circles({a: {b}, b: {c}, c: {b}}) == [[b, c]]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_do_not_import_libraries_that_they_can_do_without(repo: Path, room: str) -> None:
    for file in package_files(repo, room):
        tops = {m.split(".")[0] for m in imported_modules(file)}
        name = file.relative_to(repo / "rclicks_hf").as_posix()
        allowed = [some for place, some in NETWORK_PLACES.items() if name.startswith(place)]
        forbidden = FORBIDDEN[room] - set().union(*allowed)
        assert tops.isdisjoint(forbidden), f"{file} imports {tops & forbidden}"


def test_the_places_that_may_import_networks_exist(repo: Path) -> None:
    for place in NETWORK_PLACES:
        assert (repo / "rclicks_hf" / place).exists()
