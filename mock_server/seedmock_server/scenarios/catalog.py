"""Catalogue of the built-in scenarios, and scenarios of the user's own by path."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .loader import MAX_BYTES, InvalidScenario, Scenario, parse_scenario

HERE = Path(__file__).parent
# In a wheel the files lie within the package, in a checkout among the fixtures.
FOLDERS = (HERE / "library", HERE.parents[2] / "fixtures" / "scenarios")
SUFFIX = ".toml"


@cache
def scenario_names() -> tuple[str, ...]:
    """Return the names of the built-in scenarios."""
    return tuple(sorted(path.stem for path in _folder().glob("*" + SUFFIX)))


def load_builtin(name: str) -> Scenario:
    """Load a built-in scenario. Raises InvalidScenario."""
    if name not in scenario_names():
        raise InvalidScenario(f"unknown scenario {name[:100]!r}; available: {', '.join(scenario_names())}")
    return load_file(_folder() / (name + SUFFIX), name)


def load_file(path: Path, name: str | None = None) -> Scenario:
    """Load a scenario from a file. Raises InvalidScenario."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode()
    except OSError as error:
        raise InvalidScenario(f"{path} can't be read: {error.strerror}; allowed: a TOML file") from error
    except UnicodeDecodeError as error:
        raise InvalidScenario(f"{path} is not valid UTF-8; allowed: a TOML file") from error
    return parse_scenario(text, name or str(path))


def load_scenario(source: str | Path) -> Scenario:
    """Load a scenario by its name or, for a path or what ends in .toml, from a file. Raises InvalidScenario."""
    if isinstance(source, Path) or source.endswith(SUFFIX):
        return load_file(Path(source))
    return load_builtin(source)


def _folder() -> Path:
    return next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])
