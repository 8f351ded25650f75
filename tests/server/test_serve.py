"""`serve` as a context manager, and the app in process: opened, used and closed without a trace."""

from __future__ import annotations

import asyncio
import gc
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import create_app, serve
from seedmock_server.http.server import PortInUse

from .conftest import MEMORY_ONLY

KEY = {"Authorization": "Bearer sk_x"}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the test's temporary folders, which must be empty at the end; warnings are errors."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    gc.freeze()  # all that earlier tests left would take the collection below a second of each test
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield folder
        gc.collect()
    assert list(folder.iterdir()) == []


def test_a_server_responds_while_its_block_lasts_and_no_longer(clips: Path, picture: Callable[..., bytes]) -> None:
    before = threading.active_count()
    with serve(pace="instant", cache_dir=clips) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert httpx.get(f"{server.url}/_mock/health").json()["status"] == "ok"
        assert httpx.post(f"{server.url}/v1/files", files={"file": picture()}, headers=KEY).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/_mock/health")
    assert threading.active_count() == before


def test_two_servers_run_side_by_side_and_share_only_clips(clips: Path) -> None:
    with serve(cache_dir=clips, pace="instant") as first, serve(cache_dir=clips, pace="instant") as second:
        order = {"model": "seedance-2-0", "prompt": "Rain", "size": "640x640", "seconds": "4"}
        task = httpx.post(f"{first.url}/v1/videos", json=order, headers=KEY).json()
        assert httpx.get(f"{first.url}/v1/videos/{task['id']}", headers=KEY).status_code == 200
        assert httpx.get(f"{second.url}/v1/videos/{task['id']}", headers=KEY).status_code == 404


def test_an_error_in_the_block_comes_through_and_stops_the_server(clips: Path) -> None:
    with pytest.raises(KeyError), serve(cache_dir=clips) as server:
        raise KeyError
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_port_in_use_raises_and_leaves_nothing(clips: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"), serve(port=port, cache_dir=clips):
            raise AssertionError("unreachable")


def test_a_render_under_way_does_not_keep_a_server_from_stopping(clips: Path) -> None:
    order = {"model": "seedance-2-0", "prompt": "Rain", "size": "1920x1080", "seconds": "15"}
    with serve(cache_dir=clips, pace="fast") as server:
        assert httpx.post(f"{server.url}/v1/videos", json=order, headers=KEY).status_code == 200


def test_an_app_that_was_never_started_leaves_nothing(clips: Path) -> None:
    create_app(cache_dir=clips)


@MEMORY_ONLY
def test_an_app_can_be_used_in_process_and_closed(clips: Path, temporary: Path) -> None:
    async def use() -> int:
        app = create_app(cache_dir=clips, pace="instant")
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")
        async with app, client:
            assert len(list(temporary.iterdir())) == 1
            return (await client.get("/v1/balance", headers=KEY)).status_code

    assert asyncio.run(use()) == 200


@MEMORY_ONLY
def test_a_named_data_folder_persists_and_is_read_again(
    clips: Path, tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    data_dir = tmp_path / "data"
    for _ in range(2):
        with serve(cache_dir=clips, data_dir=str(data_dir)) as server:
            httpx.post(f"{server.url}/v1/files", files={"file": picture()}, headers=KEY)
    assert len(list((data_dir / "sources").iterdir())) == 1


def test_the_control_api_reports_health_and_basis(in_process_server: Any) -> None:
    health = in_process_server.get("/_mock/health", key=None).json()
    assert (health["status"], health["pace"]) == ("ok", "instant")
    basis = in_process_server.get("/_mock/basis", key=None).json()
    assert {fact["basis"] for facts in basis.values() for fact in facts} == {"documented", "observed", "assumed"}
    unknown = in_process_server.get("/_mock/nothing", key=None)
    assert (unknown.status_code, "/_mock/journal" in unknown.json()["error"]["allowed"]) == (404, True)
