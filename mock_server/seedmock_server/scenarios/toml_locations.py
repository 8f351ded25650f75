"""Where things stand in a TOML document: the line of every key and table. Knows TOML by its reader alone.

A whole statement is a document by itself, so statements are found by reading on until one is whole. (tomllib tells the
line only of what is not TOML; tomlkit, which keeps every blank, tells of no positions either, so it would buy nothing.)
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and numbers in lists."""


def line_of(text: str, place: Place) -> int:
    """The line, from 1, of a value in a document that can be read; that of the nearest table if it has none itself."""
    found = lines(text)
    while place and place not in found:
        place = place[:-1]
    return found.get(place, 1)


def lines(text: str) -> dict[Place, int]:
    """The line of every key and every table that a document names."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, statement, said in _statements(text):
        if statement.startswith("["):
            table = _header(said, counts)
            found[table] = number
        else:
            for place in _places(said):
                found.setdefault((*table, *place), number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    start, statement = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        statement += line + "\n"
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        yield start, statement.lstrip(), said
        statement = ""


def _header(said: dict[str, Any], counts: dict[Place, int]) -> Place:
    """The place that a header leads to, in the last of each list of tables on its way."""
    place: Place = ()
    value: Any = said
    while isinstance(value, dict) and value:
        ((name, value),) = value.items()
        place = (*place, name)
        if place in counts and isinstance(value, dict):
            place = (*place, counts[place] - 1)
    if isinstance(value, list):
        counts[place] = counts.get(place, 0) + 1
        place = (*place, counts[place] - 1)
    return place


def _places(value: Any) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (name,)
        for place in _places(inner):
            yield (name, *place)
