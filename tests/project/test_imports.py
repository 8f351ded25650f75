"""Import rules: between the packages, and towards libraries."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import grimp
import pytest

if TYPE_CHECKING:
    from .source_files import SourceFile

# Where a library, or a part of the standard library that reaches out of the process, may be imported. The rest of each
# package stays free of it, and can be tested without it.
ALLOWED_PLACES = {
    "time": ["seedmock_server/clock.py", "seedmock_client/transport.py"],
    "random": [],
    "secrets": ["seedmock_server/randomness.py"],
    "uuid": [],
    "sched": [],
    "asyncio": ["seedmock_server/*", "seedmock_harness/*"],
    "subprocess": [
        *("seedmock_server/media/ffmpeg.py", "seedmock_server/media/encoding/encoder.py"),
        *("seedmock_harness/certify/adapters.py", "seedmock_client/cli/demo.py"),
        "seedmock_server/workers/worker_process.py",
    ],
    "socket": [
        *("seedmock_server/http/connection.py", "seedmock_server/http/sendfile.py", "seedmock_server/http/server.py"),
        *("seedmock_client/cli/demo.py", "seedmock_server/testing/interception.py"),
        "seedmock_server/cli/doctor/machine.py",
        *("seedmock_server/testing/host_redirect.py", "seedmock_server/testing/network_guard.py"),
    ],
    "click": [
        *("seedmock_server/cli/*", "seedmock_client/cli/*"),
        *("seedmock_harness/*cli.py", "seedmock_harness/cli_options.py"),
        "seedmock_harness/verify/invocation.py",
    ],
    "rich": [
        *("seedmock_server/cli/*", "seedmock_harness/verify/console.py"),
        *("seedmock_client/cli/console.py", "seedmock_client/cli/demo.py"),
    ],
    "jinja2": [
        *("seedmock_harness/reports/html.py", "seedmock_server/cli/documentation/site.py"),
        "seedmock_server/cli/project_files/writer.py",
    ],
    "packaging": ["seedmock_server/cli/doctor/*"],
    "markdown_it": ["seedmock_server/cli/documentation/site.py"],
    "httpx": [
        *("seedmock_client/clients.py", "seedmock_client/transport.py", "seedmock_client/cli/demo.py"),
        *("seedmock_server/http/outbound.py", "seedmock_server/http/in_process.py"),
        *("seedmock_server/control_client/*.py",),
        *("seedmock_harness/driver/http_transport.py", "seedmock_harness/recordings/proxy.py"),
        *("seedmock_harness/verify/target.py", "seedmock_server/cli/doctor/machine.py"),
        *("seedmock_harness/guard/guard_session.py", "seedmock_harness/mcp_server/agent_emulator.py"),
    ],
    "httptools": ["seedmock_server/http/*"],
    "uvicorn": ["seedmock_server/http/*"],
    "starlette": ["seedmock_server/control/*", "seedmock_server/api/cors.py"],
    "python_multipart": ["seedmock_server/http/multipart.py"],
    "msgspec": ["seedmock_contracts/*", "seedmock_server/*", "seedmock_harness/*"],
    "mcp": ["seedmock_harness/mcp_server/agent_tools.py"],
    "pydantic": ["seedmock_harness/mcp_server/agent_tools.py"],
    "prometheus_client": ["seedmock_server/control/metrics.py"],
    "opentelemetry": ["seedmock_server/control/tracing.py"],
    "obstore": ["seedmock_server/references/object_files.py"],
    "redis": ["seedmock_server/storage/redis/*"],
    "hiredis": ["seedmock_server/storage/redis/*"],
    "platformdirs": [
        "seedmock_server/settings.py",
        "seedmock_server/storage/opening.py",
        "seedmock_harness/verify/order_log.py",
    ],
    "PIL": ["seedmock_server/media/*", "seedmock_client/cli/demo.py"],
    "pillow_heif": ["seedmock_server/media/heif.py"],
    "imageio_ffmpeg": ["seedmock_server/media/ffmpeg.py"],
    "pytest": ["seedmock_server/pytest_plugin.py", "seedmock_harness/pytest_plugin.py"],
    "anyio": ["seedmock_client/transport.py"],
    "respx": ["seedmock_server/pytest_plugin.py", "seedmock_server/testing/host_redirect.py"],
    "trustme": ["seedmock_server/testing/authority.py"],
    "hypothesis": ["seedmock_harness/conformance/*"],
}
OURS = {"seedmock_server", "seedmock_contracts", "seedmock_harness", "seedmock_client"}
# The contracts, and the rooms of the harness that judge exchanges without making them.
PURE_PLACES = [
    "seedmock_contracts/*",
    *(f"seedmock_harness/{room}/*" for room in ("conversation", "checks", "conformance", "probes", "results")),
    *(f"seedmock_harness/driver/{name}.py" for name in ("actions", "client", "liveness_checks", "sample_media")),
    *("seedmock_harness/driver/shrinking.py", "seedmock_harness/recordings/model.py"),
    "seedmock_harness/upstream_diff.py",
]
OUTSIDE_WORLD = {"asyncio", "socket", "http", "urllib", "os", "pathlib", "time", "threading", "logging"}


def test_import_layers_hold(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


def test_no_modules_import_each_other_in_a_circle() -> None:
    # Layers keep circles out between rooms; inside a room, and by imports of functions, they are still possible.
    graph = grimp.build_graph(*OURS, cache_dir=None)
    order = TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules})
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" is imported by\n".join(error.args[1]))


def is_allowed(source: SourceFile, library: str) -> bool:
    if library in OURS or (library in sys.stdlib_module_names and library not in ALLOWED_PLACES):
        return True
    return any(fnmatchcase(source.place, place) for place in ALLOWED_PLACES.get(library, ()))


def test_a_library_is_imported_only_where_it_belongs(package_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(line, f"imports {module}")
        for source in package_sources
        for line, level, module, _ in source.imports()
        if not level and not is_allowed(source, module.partition(".")[0])
    ]
    assert not offenders, "\n".join(offenders)


def test_every_allowed_place_of_a_library_uses_it(package_sources: tuple[SourceFile, ...]) -> None:
    users = {
        (source.place, module.partition(".")[0])
        for source in package_sources
        for _, level, module, _ in source.imports()
        if not level
    }
    unused = [
        f"{place}: nothing there imports {library}"
        for library, places in ALLOWED_PLACES.items()
        for place in places
        if not any(name == library and fnmatchcase(user, place) for user, name in users)
    ]
    assert not unused, "\n".join(unused)


def import_problem(source: SourceFile, level: int, module: str, names: list[str]) -> str:
    top = module.partition(".")[0]
    if level or top not in OURS:
        return ""
    if top == source.package:
        return f"names its own package: {module}"
    return "" if "." in module or names == ["__version__"] else f"imports {module}, not one of its modules"


def test_imports_are_relative_inside_a_package_and_absolute_across(package_sources: tuple[SourceFile, ...]) -> None:
    offenders = [
        source.at(line, problem)
        for source in package_sources
        for line, level, module, names in source.imports()
        if (problem := import_problem(source, level, module, names))
    ]
    assert not offenders, "\n".join(offenders)


def test_what_judges_imports_nothing_that_reaches_the_outside_world(package_sources: tuple[SourceFile, ...]) -> None:
    pure = [source for source in package_sources if any(fnmatchcase(source.place, place) for place in PURE_PLACES)]
    assert len(pure) > 60
    offenders = [
        source.at(line, f"imports {module}")
        for source in pure
        for line, level, module, _ in source.imports()
        if not level and module.partition(".")[0] in OUTSIDE_WORLD and module != "urllib.parse"
    ]
    assert not offenders, "\n".join(offenders)


def test_the_contracts_import_msgspec_and_the_standard_library(
    package_sources: tuple[SourceFile, ...],
) -> None:
    offenders = [
        source.at(line, f"imports {module}")
        for source in package_sources
        for line, level, module, _ in source.imports()
        if source.package == "seedmock_contracts"
        if not level and module.partition(".")[0] not in {"msgspec", *sys.stdlib_module_names}
    ]
    assert not offenders, "\n".join(offenders)


def test_structs_are_handled_by_functions_of_msgspec(package_sources: tuple[SourceFile, ...]) -> None:
    # mypy takes structs for dataclasses, whose functions raise (findings/mypy-takes-structs-for-dataclasses.sh).
    offenders = [
        source.at(line, f"imports {name} of dataclasses; use msgspec.structs")
        for source in package_sources
        if source.package != "seedmock_client"  # whose records are dataclasses
        for line, _, module, names in source.imports()
        if module == "dataclasses"
        for name in names
        if name not in ("dataclass", "field")
    ]
    assert not offenders, "\n".join(offenders)


def loaded_by(statement: str) -> set[str]:
    """Modules that a statement loads in a fresh interpreter, beyond those loaded at its start."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_validation_loads_nothing_heavy() -> None:
    loaded = loaded_by("import seedmock_contracts.validation")
    tops = {name.partition(".")[0] for name in loaded}
    # msgspec takes typing_extensions if it is installed.
    assert tops - {"seedmock_contracts", "msgspec", "typing_extensions"} <= set(sys.stdlib_module_names)
    assert not tops & {"asyncio", "socket", "ssl", "http", "email", "unittest", "urllib", "logging", "subprocess"}
    assert len(loaded) < 110


@pytest.mark.parametrize("package", sorted(OURS))
def test_importing_a_package_loads_no_library_and_no_other_party(package: str) -> None:
    tops = {name.partition(".")[0] for name in loaded_by(f"import {package}")}
    assert tops & OURS <= {package, "seedmock_contracts"}
    assert tops - OURS <= set(sys.stdlib_module_names)
