"""The scenarios that come with seedmock, by name; and any other by the path of its file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .loader import MOST_BYTES, InvalidScenario, Scenario, scenario_from

HERE = Path(__file__).parent
FOLDERS = (HERE / "library", HERE.parents[2] / "fixtures" / "scenarios")
"""In a wheel the scenarios lie within the package, in the sources among the fixtures."""
SUFFIX = ".toml"


@cache
def names() -> tuple[str, ...]:
    """The names of the scenarios that come with seedmock."""
    return tuple(sorted(path.stem for path in _folder().glob("*" + SUFFIX)))


def scenario(name: str) -> Scenario:
    """One of the scenarios that come with seedmock. Raises InvalidScenario."""
    if name not in names():
        raise InvalidScenario(f"no scenario is called {name[:100]!r}; there are: {', '.join(names())}")
    return scenario_at(_folder() / (name + SUFFIX), name)


def scenario_at(path: Path, name: str | None = None) -> Scenario:
    """The scenario of a file. Raises InvalidScenario."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1).decode()
    except OSError as error:
        raise InvalidScenario(f"{path} can't be read: {error.strerror}; allowed: a TOML file") from error
    except UnicodeDecodeError as error:
        raise InvalidScenario(f"{path} is no text in UTF-8; allowed: a TOML file") from error
    return scenario_from(text, name or str(path))


def named(said: str | Path) -> Scenario:
    """A scenario by its name or, for what ends in .toml, by its path. Raises InvalidScenario."""
    if isinstance(said, Path) or said.endswith(SUFFIX):
        return scenario_at(Path(said))
    return scenario(said)


def _folder() -> Path:
    return next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])
