"""Renders the files of a kind of project, and writes them where nothing is overwritten."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct

from seedmock_contracts import __version__
from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import Operation

from ...errors import SeedmockServerError

TEMPLATES = Path(__file__).with_name("templates")


class FilesExist(SeedmockServerError):
    """Files that would be overwritten; nothing was written."""


class ProjectKind(Struct, frozen=True):
    """A kind of project: its files by their places, each with its template, and the next commands."""

    files: Mapping[str, str]
    commands: tuple[str, ...]


KINDS: Mapping[str, ProjectKind] = {
    "pytest": ProjectKind(
        {"tests/conftest.py": "conftest.py.jinja", "tests/test_clips.py": "test_clips.py.jinja"},
        ('pip install "seedmock[pytest]"', "pytest tests/test_clips.py"),
    ),
    "node": ProjectKind(
        {"test/clips.test.mjs": "clips.test.mjs.jinja"},
        ("npm install --save-dev seedmock", "node --test test/clips.test.mjs"),
    ),
    "github": ProjectKind(
        {".github/workflows/seedmock.yml": "seedmock.yml.jinja"},
        ("git add .github/workflows/seedmock.yml",),
    ),
}


def render_files(kind: str, contract: Contract) -> dict[str, str]:
    """The texts of the files of a kind of project, by their places, for code that calls this upstream."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - code, not a page
    )
    _, path = endpoint_path(contract, Operation.CREATE, {})
    order = dict(contract.example(Operation.CREATE))
    values = {
        "version": __version__,
        "upstream": contract.name,
        "create_path": path.removeprefix(contract.bases[0].prefix),
        "python_order": _literal(order, "    ", _python_value),
        "javascript_order": _literal(order, "  ", json.dumps),
    }
    return {place: environment.get_template(template).render(values) for place, template in KINDS[kind].files.items()}


def _literal(order: Mapping[str, object], indent: str, write: Callable[[object], str]) -> str:
    """An order as a literal of a language, a field on each line, as formatters leave it."""
    rows = (f"{indent}{json.dumps(name)}: {write(value)},\n" for name, value in order.items())
    return "".join(["{\n", *rows, "}"])


def _python_value(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def write_files(folder: Path, files: Mapping[str, str], force: bool) -> list[Path]:
    """Write all files below a folder, or none. Raises FilesExist unless forced, and OSError."""
    places = {folder / place: text for place, text in files.items()}
    existing = [str(path) for path in places if path.exists()]
    if existing and not force:
        raise FilesExist(f"would overwrite {' and '.join(existing)}; nothing was written. Move it, or use --force")
    for path, text in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(places)
