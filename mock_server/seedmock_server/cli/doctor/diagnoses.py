"""Judgements of the facts of a machine, each a pure function: what is wrong, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import pairwise
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from msgspec import Struct
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from .machine import NAME, MachineFacts

MIN_FREE_BYTES = 1 << 30  # the cache of clips grows to as much by default
LOOPBACK = ("127.0.0.1", "localhost")
PROXIES = ("http_proxy", "all_proxy")
INTERCEPTORS = ("respx", "pytest-httpx", "responses", "vcrpy", "gevent", "freezegun", "time-machine", "pytest-xdist")
"""Plugins that seedmock's own tests run beside its fixtures, each from the version that their extra names."""


class DiagnosisLevel(StrEnum):
    """A warning is something that may bite; a problem is something that does not work."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Diagnosis(Struct, frozen=True):
    """Result of one check: `message` says what is, `advice` what to do if it is not ok."""

    check: str
    level: DiagnosisLevel
    message: str
    advice: str = ""


def _ok(check: str, message: str) -> Diagnosis:
    return Diagnosis(check, DiagnosisLevel.OK, message)


def _warning(check: str, message: str, advice: str) -> Diagnosis:
    return Diagnosis(check, DiagnosisLevel.WARNING, message, advice)


def _problem(check: str, message: str, advice: str) -> Diagnosis:
    return Diagnosis(check, DiagnosisLevel.PROBLEM, message, advice)


def diagnose(facts: MachineFacts) -> list[Diagnosis]:
    """Judge everything, in the order in which it is shown."""
    return [diagnosis for check in CHECKS for diagnosis in check(facts)]


def python_version(facts: MachineFacts) -> Iterator[Diagnosis]:
    """The interpreter is new enough."""
    if SpecifierSet(facts.requires_python).contains(facts.python, prereleases=True):
        yield _ok("python", f"{facts.python} (needs {facts.requires_python})")
    else:
        yield _problem("python", f"{facts.python}; needs {facts.requires_python}", "install a newer Python")


def installation(facts: MachineFacts) -> Iterator[Diagnosis]:
    """The package is there once."""
    if len(facts.copies) > 1:
        places = ", ".join(facts.copies)
        advice = "pip uninstall seedmock until none is left, then install one"
        yield _problem("installation", f"{len(facts.copies)} installations are on the import path: {places}", advice)
    else:
        yield _ok("installation", f"{NAME} {facts.version}")


def dependencies(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Every dependency is installed, in a version within its bounds."""
    problems = [text for row in _requirements(facts, "") if (text := _unsatisfied(facts, row))]
    if problems:
        yield _problem("dependencies", "; ".join(problems), 'pip install --upgrade seedmock, then "pip check"')
    else:
        yield _ok("dependencies", f"{len(_requirements(facts, ''))} installed, each within its bounds")


def extras(facts: MachineFacts) -> Iterator[Diagnosis]:
    """An optional part is there as a whole, or not at all."""
    for extra in ("pytest", "conformance", "heif", "vision"):
        rows = _requirements(facts, extra)
        missing = [text for row in rows if (text := _unsatisfied(facts, row))]
        outdated = [text for text in missing if "not installed" not in text]
        install = f'pip install "seedmock[{extra}]"'
        if outdated:
            yield _warning(f"extra {extra}", "; ".join(outdated), install)
        else:
            state = "installed" if not missing else f"not installed; to have it: {install}"
            yield _ok(f"extra {extra}", state)


def _requirements(facts: MachineFacts, extra: str) -> list[Requirement]:
    """The requirements of an extra alone, or with "" those of the package."""
    rows = [Requirement(text) for text in facts.requirements]
    plain = [row for row in rows if row.marker is None or row.marker.evaluate({"extra": ""})]
    if not extra:
        return plain
    return [row for row in rows if row not in plain and row.marker and row.marker.evaluate({"extra": extra})]


def _unsatisfied(facts: MachineFacts, requirement: Requirement) -> str:
    """A phrase on a requirement that does not hold, or ""."""
    version = facts.installed.get(canonicalize_name(requirement.name))
    if version is None:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"{requirement.name} is {version}, needs {requirement.specifier}"


def pytest_plugins(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Pytest loads the plugins, once each, from modules that exist."""
    names = [plugin.name for plugin in facts.plugins]
    modules = [plugin.module for plugin in facts.plugins]
    gone = [plugin for plugin in facts.plugins if not plugin.exists]
    if gone:
        listed = ", ".join(f"{plugin.name} = {plugin.module}" for plugin in gone)
        yield _problem("pytest plugins", f"entry points of an older installation: {listed}", "reinstall seedmock")
    if len(set(names)) < len(names) or len(set(modules)) < len(modules):
        yield _problem(
            "pytest plugins", f"listed twice: {', '.join(sorted(modules))}", "uninstall all but one seedmock"
        )
    # Pytest refuses to register one module under two names.
    named = {*facts.environment.get("PYTEST_PLUGINS", "").split(","), *_added_plugins(facts)} & set(modules)
    if named:
        advice = "remove the name from PYTEST_PLUGINS or PYTEST_ADDOPTS: pytest finds the plugin by itself"
        yield _problem("pytest plugins", f"loaded a second time by name: {', '.join(sorted(named))}", advice)
    if facts.environment.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        advice = "unset it, or add -p seedmock to pytest's options"
        yield _warning("pytest plugins", "PYTEST_DISABLE_PLUGIN_AUTOLOAD is set: no fixture is found", advice)
    elif not gone and not named and names:
        yield _ok("pytest plugins", ", ".join(sorted(names)))


def _added_plugins(facts: MachineFacts) -> Iterator[str]:
    """Names after -p in PYTEST_ADDOPTS, as `-p name` or `-pname`."""
    arguments = facts.environment.get("PYTEST_ADDOPTS", "").split()
    for option, value in pairwise([*arguments, ""]):
        if option.startswith("-p"):
            yield option[2:] or value


def other_plugins(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Plugins and libraries that touch HTTP or time too are as new as those that the fixtures were tested beside."""
    tested = {canonicalize_name(row.name): row for row in _requirements(facts, "test")}
    rows = [tested[name] for name in map(canonicalize_name, INTERCEPTORS) if name in tested and name in facts.installed]
    older = [text for row in rows if (text := _unsatisfied(facts, row))]
    if older:
        yield _warning("other plugins", "older than seedmock is tested with: " + "; ".join(older), "upgrade them")
    else:
        yield _ok(
            "other plugins", ", ".join(f"{row.name} {facts.installed[canonicalize_name(row.name)]}" for row in rows)
        )
    openai = facts.installed.get("openai", "0")
    if "respx" in facts.installed and SpecifierSet(">=3").contains(openai):
        message = f"openai {openai} sends by httpx2: respx neither answers nor stops its requests"
        yield _warning("other plugins", message, "use mock_upstreams or mock_hosts for code that calls it")


def ffmpeg(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Clips can be encoded."""
    if facts.ffmpeg_error:
        advice = "pip install --force-reinstall imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE to an ffmpeg of yours"
        yield _problem("ffmpeg", f"does not run: {facts.ffmpeg_error}", advice)
    else:
        yield _ok("ffmpeg", f"{facts.ffmpeg_version} ({facts.ffmpeg})")


def fonts(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Text can be drawn on clips."""
    if facts.font_error:
        advice = "pip install --force-reinstall pillow seedmock"
        yield _problem("fonts", f"text cannot be drawn: {facts.font_error}", advice)
    else:
        yield _ok("fonts", "text of English, Europe and the east can be drawn")


def cache(facts: MachineFacts) -> Iterator[Diagnosis]:
    """Clips can be cached."""
    if facts.cache_error:
        advice = "make it writable, or choose another: seedmock serve --cache-dir FOLDER, or XDG_CACHE_HOME"
        yield _problem("cache", f"{facts.cache} is not writable: {facts.cache_error}", advice)
    elif facts.cache_free < MIN_FREE_BYTES:
        message = f"{facts.cache}: {_mebibytes(facts.cache_free)} free on its disk; the cache may grow to 1024 MiB"
        yield _warning("cache", message, "free some space, or choose another disk with --cache-dir")
    else:
        yield _ok("cache", f"{facts.cache}: {_mebibytes(facts.cache_bytes)} used, {_mebibytes(facts.cache_free)} free")


def _mebibytes(count: int) -> str:
    return f"{count / (1 << 20):.0f} MiB"


def port(facts: MachineFacts) -> Iterator[Diagnosis]:
    """The default port is free, or an emulator has it."""
    if not facts.port_error:
        yield _ok("port", f"{facts.port} is free")
    elif facts.port_owner is not None and facts.port_owner.version:
        yield _ok("port", f"{facts.port} is in use by seedmock {facts.port_owner.version}")
    else:
        message = f"{facts.port} is in use by another program ({facts.port_error})"
        yield _warning("port", message, "seedmock serve --port 0 takes a free one")


def proxies(facts: MachineFacts) -> Iterator[Diagnosis]:
    """No proxy of the environment gets between a client and this machine."""
    variables = {name.lower(): value for name, value in facts.environment.items() if value}
    used = [name for name in PROXIES if name in variables]
    rules = {"no": variables.get("no_proxy", "")}
    caught = [host for host in LOOPBACK if not proxy_bypass_environment(host, rules)]
    if used and caught:
        message = f"{' and '.join(used)} would catch calls to {' and '.join(caught)}"
        value = ",".join(filter(None, [rules["no"], *caught]))
        yield _warning("proxies", message, f"export NO_PROXY={shlex.quote(value)} no_proxy={shlex.quote(value)}")
    else:
        yield _ok("proxies", f"{' and '.join(used)} would pass this machine by" if used else "none")


def server(facts: MachineFacts) -> Iterator[Diagnosis]:
    """The emulator that the environment names runs, in this version."""
    probe = facts.server
    if probe is None:
        yield _ok("server", "none is named (SEEDMOCK_BASE_URL, --url)")
    elif not probe.is_local:
        advice = "for tests: export SEEDMOCK_BASE_URL=http://127.0.0.1:8000"
        yield _warning("server", f"{probe.url} is not this machine, and was not contacted", advice)
    elif probe.error:
        yield _problem("server", probe.error, "start it, or unset SEEDMOCK_BASE_URL")
    elif probe.version != facts.version:
        message = f"{probe.url} runs seedmock {probe.version}, and this is {facts.version}"
        yield _warning("server", message, "stop it and start it from this environment")
    else:
        yield _ok("server", f"{probe.url} runs seedmock {probe.version}")


CHECKS: tuple[Callable[[MachineFacts], Iterator[Diagnosis]], ...] = (
    *(python_version, installation, dependencies, extras, pytest_plugins, other_plugins),
    *(ffmpeg, fonts, cache, port, proxies, server),
)
