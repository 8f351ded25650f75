"""Carry out the instructions of a Dockerfile in clean root directories, one for each stage."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

from .clean_root import CleanRoot

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VARIABLE = re.compile(r"\$(\w+)")
IGNORED = shutil.ignore_patterns("__pycache__")
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
WITHOUT_EFFECT = {"COMMENT", "LABEL", "EXPOSE"}


@dataclass
class Image:
    """State of a stage: its root directory, and what its instructions have set so far."""

    root: CleanRoot
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": f"{sys.base_prefix}/bin:{SYSTEM_PATH}"})
    directory: str = "/"
    user: int = 0
    volume: str = ""
    healthcheck: Sequence[str] = ()
    entrypoint: Sequence[str] = ()
    arguments: Sequence[str] = ()


def read_instructions(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each instruction and its value. Raises ValueError for one that `build` does not know."""
    for entry in DockerfileParser(path=str(path)).structure:
        if entry["instruction"] in WITHOUT_EFFECT:
            continue
        if entry["instruction"] not in INSTRUCTIONS:
            raise ValueError(f"{path}: {entry['instruction']} is not known here; known: {sorted(INSTRUCTIONS)}")
        yield entry["instruction"], entry["value"]


def copied_paths(path: Path) -> set[str]:
    """Return what the Dockerfile copies from its context."""
    copies = [shlex.split(value) for name, value in read_instructions(path) if name == "COPY"]
    return {source for operands in copies if not operands[0].startswith("--") for source in operands[:-1]}


def build(path: Path, folder: Path) -> Image:
    """Carry out all instructions, in roots below a folder; return the last stage. Raises CalledProcessError."""
    stages: dict[str, Image] = {}
    image = Image(CleanRoot(folder))
    for name, value in read_instructions(path):
        if name == "FROM":
            operands = value.split()
            alias = operands[2] if len(operands) == 3 else str(len(stages))
            image = stages[alias] = Image(CleanRoot.create(folder / alias))
        elif name == "COPY":
            _copy(image, shlex.split(value), path.parent, stages)
        else:
            _apply(image, name, value)
    return image


def _copy(image: Image, operands: Sequence[str], context: Path, stages: Mapping[str, Image]) -> None:
    *sources, target = operands
    is_from_stage = sources[0].startswith("--from=")
    origin = stages[sources.pop(0).removeprefix("--from=")].root.folder if is_from_stage else context
    inside = image.root.path(str(Path(image.directory, target)))
    for source in sources:
        path = origin / source.lstrip("/")
        if path.is_dir():
            shutil.copytree(path, inside, symlinks=True, ignore=None if is_from_stage else IGNORED)
        else:
            shutil.copy(path, inside / path.name if target.endswith("/") else inside)


def _apply(image: Image, name: str, value: str) -> None:
    match name:
        case "WORKDIR":
            image.directory = value
            image.root.path(value).mkdir(parents=True, exist_ok=True)
        case "RUN":
            image.root.run(["sh", "-c", value], directory=image.directory, variables=image.variables)
        case "ENV":
            pairs = (word.partition("=") for word in shlex.split(value))
            image.variables |= {key: _expand(text, image.variables) for key, _, text in pairs}
        case "USER":
            image.user = int(value)
        case "VOLUME":
            image.volume = value
        case "HEALTHCHECK":
            image.healthcheck = json.loads(value.partition("CMD ")[2])
        case "ENTRYPOINT":
            image.entrypoint = json.loads(value)
        case "CMD":
            image.arguments = json.loads(value)


def _expand(text: str, variables: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda match: variables[match[1]], text)
