"""Line numbers in a TOML document: of every table and key, for error messages.

tomllib tells the line only of what is not TOML, and tomlkit has no positions either. But every complete statement is a
document of its own, so statements are found by reading on until tomllib accepts one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Location = tuple[str | int, ...]
"""Path to a value: names of tables and keys, and indexes of lists."""


def line_of(text: str, location: Location) -> int:
    """Return the line, from 1, of a value in a valid document; that of the nearest table if it has none itself."""
    lines = line_numbers(text)
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)


def line_numbers(text: str) -> dict[Location, int]:
    """Return the line of every table and key that a document names."""
    lines: dict[Location, int] = {}
    lengths: dict[Location, int] = {}
    table: Location = ()
    for number, statement, document in _statements(text):
        if statement.startswith("["):
            table = _table_location(document, lengths)
            lines[table] = number
        else:
            for location in _key_locations(document):
                lines.setdefault((*table, *location), number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    start, statement = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        statement += line + "\n"
        try:
            document = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        yield start, statement.lstrip(), document
        statement = ""


def _table_location(document: dict[str, Any], lengths: dict[Location, int]) -> Location:
    """Return the location of a table header; `lengths` counts the items of each list of tables so far."""
    location: Location = ()
    value: Any = document
    while isinstance(value, dict) and value:
        ((name, value),) = value.items()
        location = (*location, name)
        if location in lengths and isinstance(value, dict):
            location = (*location, lengths[location] - 1)
    if isinstance(value, list):
        lengths[location] = lengths.get(location, 0) + 1
        location = (*location, lengths[location] - 1)
    return location


def _key_locations(value: Any) -> Iterator[Location]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (name,)
        for location in _key_locations(inner):
            yield (name, *location)
