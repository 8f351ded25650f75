"""Facts about this machine and environment, gathered without a judgement. Contacts nothing but this machine."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Mapping
from importlib.metadata import distributions, entry_points, requires
from importlib.metadata import metadata as distribution_metadata
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct, field
from packaging.utils import canonicalize_name

from ..connection import DEFAULT_URL

DEFAULT_PORT = int(DEFAULT_URL.rpartition(":")[2])
NAME = "seedmock"
PLUGIN_PACKAGES = ("seedmock_server", "seedmock_harness")


class PytestPlugin(Struct, frozen=True):
    """An entry point of pytest that names a module of seedmock, and if the module exists."""

    name: str
    module: str
    exists: bool


class ServerProbe(Struct, frozen=True):
    """Answer at an address: `version` of an emulator, or the `error` of the attempt."""

    url: str
    is_local: bool = True
    version: str = ""
    error: str = ""


class MachineFacts(Struct, frozen=True, kw_only=True):
    """Everything that is diagnosed. Errors are sentences; empty if there was none."""

    version: str
    python: str
    requires_python: str
    requirements: tuple[str, ...]
    """Requirements of the package, as in its metadata, those of extras with their markers."""
    installed: Mapping[str, str]
    """Versions by canonical names of distributions."""
    copies: tuple[str, ...] = ()
    """Folders of the distributions of seedmock on the import path."""
    plugins: tuple[PytestPlugin, ...] = ()
    ffmpeg: str = ""
    ffmpeg_version: str = ""
    ffmpeg_error: str = ""
    font_error: str = ""
    cache: str
    cache_bytes: int = 0
    cache_free: int = 0
    cache_error: str = ""
    port: int = DEFAULT_PORT
    port_error: str = ""
    port_owner: ServerProbe | None = None
    """Answer at the default port, if that is in use."""
    environment: Mapping[str, str] = field(default_factory=dict)
    server: ServerProbe | None = None
    """The emulator that SEEDMOCK_BASE_URL, or --url, names; None without one."""


def gather_facts(url: str | None) -> MachineFacts:
    """Look at this machine."""
    from seedmock_contracts import __version__

    from ...settings import default_cache_folder

    cache = default_cache_folder()
    port_error = _port_error(DEFAULT_PORT)
    ffmpeg, ffmpeg_version, ffmpeg_error = _run_ffmpeg()
    return MachineFacts(
        version=__version__,
        python=platform.python_version(),
        requires_python=distribution_metadata(NAME)["Requires-Python"] or "",
        requirements=tuple(requires(NAME) or ()),
        # Of two installations of a package the first on the path is imported: reversed, it is the one that is kept.
        installed={canonicalize_name(d.metadata["Name"]): d.version for d in reversed([*distributions()])},
        copies=_copies(),
        plugins=_plugins(),
        ffmpeg=ffmpeg,
        ffmpeg_version=ffmpeg_version,
        ffmpeg_error=ffmpeg_error,
        font_error=_error_of(_draw_text),
        cache=str(cache),
        cache_bytes=sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()),
        cache_free=shutil.disk_usage(_existing(cache)).free,
        cache_error=_error_of(lambda: _write_a_file(cache)),
        port_error=port_error,
        port_owner=probe_server(DEFAULT_URL) if port_error else None,
        environment=dict(os.environ),
        server=probe_server(url) if url else None,
    )


def _copies() -> tuple[str, ...]:
    own = (d for d in distributions() if canonicalize_name(d.metadata["Name"]) == NAME)
    return tuple(dict.fromkeys(str(distribution.locate_file("")) for distribution in own))


def _plugins() -> tuple[PytestPlugin, ...]:
    named = (entry for entry in entry_points(group="pytest11") if entry.value.startswith(PLUGIN_PACKAGES))
    return tuple(PytestPlugin(entry.name, entry.module, _exists(entry.module)) for entry in named)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _run_ffmpeg() -> tuple[str, str, str]:
    """Path, version and error of ffmpeg."""
    from ...media import ffmpeg

    try:
        path = ffmpeg.executable()
        return path, ffmpeg.version(), ""
    except Exception as error:  # whatever is wrong with a program or a package of others
        return "", "", f"{type(error).__name__}: {error}"


def _error_of(action: Callable[[], object]) -> str:
    try:
        action()
    except Exception as error:  # the diagnosis is to end with a list, not with a traceback
        return f"{type(error).__name__}: {error}"
    return ""


def _draw_text() -> None:
    """Measure text with each font: of English, Europe, and the east."""
    from ...media.drawing.text import TextLine

    for text in ("a", "ž", "船"):
        if not TextLine(text, 24).width > 0:
            raise ValueError(f"no glyph for {text}")


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _write_a_file(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / "doctor.tmp"
    probe.write_bytes(b"seedmock")
    probe.unlink()


def _port_error(port: int) -> str:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        return str(error.strerror or error)
    return ""


def probe_server(url: str) -> ServerProbe:
    """Ask an emulator for its version; an address of another machine is not contacted."""
    import httpx

    from ...control_client import ControlClient, ControlClientError
    from ...http.url_policy import is_loopback_host

    try:
        # The address is shown, and a name and password in it are not to be.
        address = httpx.URL(url).copy_with(userinfo=b"")
        if not address.host:
            return ServerProbe(url, error=f"{url!r} is no address; allowed: one such as {DEFAULT_URL}")
        if not is_loopback_host(address.host):
            return ServerProbe(str(address), is_local=False)
        with ControlClient(str(address)) as control:
            return ServerProbe(str(address), version=control.health().version)
    except (ControlClientError, httpx.InvalidURL) as error:
        return ServerProbe(url, error=str(error))
