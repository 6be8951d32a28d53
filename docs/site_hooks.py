"""Pages of the site that are made of other files: the reference, and one of each notebook."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import griffe
from mkdocs.structure.files import File, Files

_EXAMPLE = re.compile(r"^( *)Example:$", flags=re.MULTILINE)
PACKAGE = Path(__file__).parents[1] / "rclicks_hf"


def exports(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and whole path of each export in the stub of a room, as `lazy_loader` reads it."""
    for node in ast.parse((folder / "__init__.pyi").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            module = ".".join(folder.relative_to(PACKAGE.parent).parts) + f".{node.module}"
            yield from ((alias.name, f"{module}.{alias.name}") for alias in node.names)


def defined_at(path: str) -> str:
    """The path where an export is defined: a stub may import from another room's stub."""
    module, name = path.rsplit(".", 1)
    folder = PACKAGE.parent.joinpath(*module.split("."))
    if (folder / "__init__.pyi").is_file():
        return defined_at(dict(exports(folder))[name])
    if folder.is_dir():  # a package whose file imports by hand
        for node in ast.parse((folder / "__init__.py").read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
                return f"{node.module}.{name}"
    return path


class OneExample(griffe.Extension):  # type: ignore[misc]
    """The section `Example` of a docstring is shown as `Examples`, the only name that is known."""

    def on_instance(self, *, obj: griffe.Object, **more: Any) -> None:
        """Rename the section of every object with a docstring."""
        if obj.docstring is not None:
            text = obj.docstring.value
            obj.docstring.value = re.sub(
                r"^( *)Example:$", r"\1Examples:", text, flags=re.MULTILINE
            )


def paths_of(room: str) -> list[str]:
    """The exports of a room; those of metrics are listed by its files."""
    folder = PACKAGE / room
    if (folder / "__init__.pyi").is_file():
        return [defined_at(path) for _, path in exports(folder)]
    return [
        f"{node.module}.{name}"
        for node in ast.parse((folder / "__init__.py").read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        for name in _listed(PACKAGE.parent.joinpath(*str(node.module).split(".")))
    ]


def reference(room: str, rooms: Sequence[str]) -> str:
    """The page of a room; that of the package links to what the pages of rooms show."""
    if room != PACKAGE.name:
        return f"# {PACKAGE.name}.{room}\n\n" + "".join(f"::: {p}\n\n" for p in paths_of(room))
    elsewhere = {path for name in rooms if name != room for path in paths_of(name)}
    paths = [defined_at(path) for _, path in exports(PACKAGE)]
    links = [f"- [`{path.rpartition('.')[2]}`][{path}]" for path in paths if path in elsewhere]
    entries = [f"::: {path}" for path in paths if path not in elsewhere]
    note = "Also exported here, and described with their rooms:"
    return "\n\n".join([f"# {room}", note, "\n".join(links), *entries]) + "\n"


def _listed(module: Path) -> list[str]:
    tree = ast.parse(module.with_suffix(".py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def notebook_page(path: Path) -> str:
    """A notebook as Markdown: its text and its code."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    kinds = [cell["cell_type"] for cell in cells]
    pairs = zip(kinds, texts, strict=True)
    parts = [text if kind == "markdown" else f"```python\n{text}\n```" for kind, text in pairs]
    parts.insert(1, f"[The notebook]({path.name}) itself.")
    return "\n\n".join(parts) + "\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not files of their own."""
    places = re.findall(r"api/\w+\.md", json.dumps(config.nav))
    rooms = [Path(place).stem for place in places]
    for place, room in zip(places, rooms, strict=True):
        files.append(File.generated(config, place, content=reference(room, rooms)))
    for notebook in sorted(Path(config.docs_dir).glob("examples/*.ipynb")):
        place = notebook.relative_to(config.docs_dir).with_suffix(".md").as_posix()
        files.append(File.generated(config, place, content=notebook_page(notebook)))
    return files
