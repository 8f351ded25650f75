"""Who may know whom: between our packages, and towards libraries."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

# Where a library, or a part of the standard library that reaches out of the process, may be known. The rest of each
# package stays free of it, and can be tested without it.
PLACES = {
    "time": ["seedmock_server/clock.py", "seedmock_client/clock.py"],
    "random": [],
    "secrets": ["seedmock_server/chance.py"],
    "uuid": [],
    "sched": [],
    "subprocess": [
        *("seedmock_server/media/encoder.py", "seedmock_server/media/ffmpeg.py", "seedmock_client/demo.py"),
        "seedmock_server/certification/adapters.py",
    ],
    "socket": [
        *("seedmock_server/serving.py", "seedmock_server/connection.py", "seedmock_server/testing/guard.py"),
        "seedmock_client/demo.py",
    ],
    "click": [
        *("*/cli.py", "*_cli.py", "*/console.py", "*/options.py", "*/exits.py", "seedmock_client/demo.py"),
        *("seedmock_server/commands.py", "seedmock_server/views.py"),
    ],
    "rich": ["*/console.py", "seedmock_client/demo.py"],
    "jinja2": ["seedmock_server/reports/page.py"],
    "httpx": [
        "seedmock_client/clients.py",
        "seedmock_client/d[er]*.py",
        *("seedmock_server/fetching.py", "seedmock_server/in_process.py", "seedmock_server/remote.py"),
        "seedmock_server/testing/[gh]*.py",
        *("seedmock_server/verification/target.py", "seedmock_server/verification/wire.py"),
        "seedmock_server/recordings/proxy.py",
    ],
    "httptools": ["seedmock_server/serving.py"],
    "uvicorn": ["seedmock_server/serving.py", "seedmock_server/connection.py"],
    "starlette": ["seedmock_server/control/*.py"],
    "python_multipart": ["seedmock_server/forms.py"],
    "msgspec": ["seedmock_server/*"],
    "platformdirs": ["seedmock_server/app.py", "seedmock_server/verification/places.py"],
    "PIL": ["seedmock_server/media/*", "seedmock_client/demo.py"],
    "imageio_ffmpeg": ["seedmock_server/media/ffmpeg.py"],
    "pytest": ["seedmock_server/pytest_plugin.py"],
    "respx": ["seedmock_server/pytest_plugin.py", "seedmock_server/testing/hosts.py"],
    "hypothesis": [f"seedmock_contracts/{name}.py" for name in ("strategies", "machine", "conformance")],
}
OURS = {"seedmock_server", "seedmock_contracts", "seedmock_client"}


def test_the_layers_of_importlinter_hold(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout


def test_a_library_is_known_only_where_it_belongs(module: Any) -> None:
    strangers = []
    for level, name, _ in module.imports():
        top = name.partition(".")[0]
        if level or top in OURS or (top in sys.stdlib_module_names and top not in PLACES):
            continue
        if not any(fnmatchcase(module.place, place) for place in PLACES.get(top, ())):
            strangers.append(top)
    assert strangers == []


def test_every_place_of_a_library_is_still_needed(every_module: tuple[Any, ...]) -> None:
    for library, places in PLACES.items():
        for place in places:
            found = [module for module in every_module if fnmatchcase(module.place, place)]
            users = [m for m in found if any(library == name.partition(".")[0] for _, name, _ in m.imports())]
            assert users, f"nothing in {place} imports {library}"


def test_imports_are_relative_inside_a_package_and_absolute_across(module: Any) -> None:
    for level, name, names in module.imports():
        top = name.partition(".")[0]
        assert level or top != module.package, f"{module.place} names its own package: {name}"
        if top in OURS:
            assert "." in name or names == ["__version__"], f"{module.place} imports {name}, not one of its modules"


def test_the_contracts_know_only_the_standard_library_and_no_outside_world(every_module: tuple[Any, ...]) -> None:
    outside = {"asyncio", "socket", "http", "urllib", "os", "pathlib", "time", "threading", "logging"}
    contracts = [module for module in every_module if module.package == "seedmock_contracts"]
    assert len(contracts) > 10
    for module in contracts:
        names = {name for level, name, _ in module.imports() if not level} - {"urllib.parse"}
        tops = {name.partition(".")[0] for name in names}
        if any(fnmatchcase(module.place, place) for place in PLACES["hypothesis"]):
            tops -= {"hypothesis"}
        assert tops <= set(sys.stdlib_module_names) - outside, module.place


def test_no_module_asks_the_system_for_the_date(module: Any) -> None:
    for call in ("datetime.now(", "datetime.utcnow(", "date.today(", "datetime.today("):
        assert call not in module.text


def loaded_by(statement: str) -> set[str]:
    """The modules that a statement loads in a fresh interpreter, as far as it had not loaded them by itself."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(told.stdout.split())


def test_importing_the_validation_loads_nothing_heavy() -> None:
    loaded = loaded_by("import seedmock_contracts.validation")
    tops = {name.partition(".")[0] for name in loaded}
    assert tops - {"seedmock_contracts"} <= set(sys.stdlib_module_names)
    assert not tops & {"asyncio", "socket", "ssl", "http", "email", "unittest", "urllib", "logging", "subprocess"}
    assert len(loaded) < 90


@pytest.mark.parametrize("package", ["seedmock_client", "seedmock_server"])
def test_importing_a_party_loads_no_library_and_not_the_other(package: str) -> None:
    tops = {name.partition(".")[0] for name in loaded_by(f"import {package}")}
    assert tops & OURS == {package} or tops & OURS == {package, "seedmock_contracts"}
    assert tops - OURS <= set(sys.stdlib_module_names)
