"""Rules for names: of classes, modules and variables, across the whole project."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .source_files import SourceFile, SyntaxTree

PARTICIPLES = (
    "asked bent carried followed found given heard held judged kept known lived made mended said seen spoken told "
    "tried wanted watched"
)
METAPHORS = (
    "bench chance complaint conversation courier dialect doorway errand eyes film gate hearing holder lie lies life "
    "living look plane purse rooms setup shelf sight signs speaker spoiler stage story studio tape till trouble turn "
    "verb visit wire words world"
)
BANNED_NAMES = {*PARTICIPLES.split(), *METAPHORS.split()}
"""Names that say what happened to a value, or that speak in a metaphor, where the field has a word of its own."""
BANNED_PARTS = {"doorway", "errand", "heard", "hopeless", "said", "spoken", "till", "told", "unsaid"}
"""Banned as a part of longer names too: `raw_said`, `test_all_is_told`."""

VAGUE_MODULES = {"util", "utils", "helper", "helpers", "common", "base", "misc", "manager", "service"}
ROLES = {
    "__init__": "every folder has one",
    "rules": "the rules of a room, as others state and match them",
    "models": "the records of a room",
    "errors": "the exceptions of a room",
    "cli": "the command of a room of the harness",
    "console": "what a command shows on a terminal",
    "runner": "runs what a room of the harness offers, from start to result",
    "pipeline": "the order of steps of a room, on one screen",
}
DOORS = {"cli", "control", "testing"}
"""Rooms that show other rooms to users: a module there is named for the room that it shows."""
PARALLEL_FOLDERS = ("/upstreams/", "/reports/")
"""Folders whose sub-folders hold the same parts of different things: of each upstream, of each kind of report."""


def defined_names(tree: SyntaxTree) -> Iterator[tuple[int, str]]:
    """Names that a module gives to something, with their lines: variables, parameters, functions, fields, aliases."""
    for node in tree.all_nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield node.lineno, name


def is_banned(name: str) -> bool:
    plain = name.strip("_").lower()
    return plain in BANNED_NAMES or not BANNED_PARTS.isdisjoint(plain.split("_"))


def test_names_are_the_field_s(all_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(line, name) for source in all_sources for line, name in defined_names(source.tree) if is_banned(name)
    ]
    assert not offenders, "\n".join(offenders)


def test_a_class_name_occurs_once(package_sources: tuple[SourceFile, ...]) -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for source in package_sources:
        for class_ in source.classes():
            homes[class_.name].append(source.at(class_.lineno, class_.name))
    repeated = ["  ".join(places) for places in homes.values() if len(places) > 1]
    assert not repeated, "\n".join(repeated)


def is_counted(source: SourceFile) -> bool:
    """True if no other module of its package may have its name."""
    *folders, name = source.module.split(".")
    return not (
        (name in ROLES or source.is_package)
        or DOORS.intersection(folders)
        or any(folder in f"/{source.path}" for folder in PARALLEL_FOLDERS)
    )


def test_a_module_name_occurs_once_in_a_package(package_sources: tuple[SourceFile, ...]) -> None:
    homes: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for source in filter(is_counted, package_sources):
        homes[source.package, source.module.rpartition(".")[2]].append(source.path)
    assert len(homes) > 100
    repeated = ["  ".join(places) for places in homes.values() if len(places) > 1]
    assert not repeated, "\n".join(repeated)


def test_no_name_is_vague(package_sources: tuple[SourceFile, ...]) -> None:
    modules = [source.path for source in package_sources if source.module.rpartition(".")[2] in VAGUE_MODULES]
    classes = [
        source.at(class_.lineno, class_.name)
        for source in package_sources
        for class_ in source.classes()
        if class_.name.startswith(("Fake", "Mock"))
    ]
    assert not modules + classes, "\n".join(modules + classes)
