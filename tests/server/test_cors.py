"""Cross-origin requests: preflights, exposed headers, ranges; nothing without the setting, and never below /_mock/."""

from __future__ import annotations

from typing import Any

import pytest

from seedmock_server.settings import InvalidSetting, Settings, parse_settings

from .conftest import BOAT_OPEAI, Server, StartServer

APP = "http://localhost:5173"
PREFLIGHT = {
    "Origin": APP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-mock-fate",
}


def preflight(server: Server, path: str = "/v1/videos", **headers: str) -> Any:
    return server.ask("OPTIONS", path, key=None, headers=PREFLIGHT | headers)


def cors_headers(response: Any) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("kind", ["in process", "on a socket"])
def test_a_preflight_of_an_allowed_origin_is_answered(start_shared_server: StartServer, kind: str) -> None:
    server = start_shared_server(kind, cors=(APP, "https://other.example"))
    before = len(server.journal())
    for path in ("/v1/videos", "/api/v1/video/generations", "/v1/videos/cgt-1/content"):
        response = preflight(server, path)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == APP
        assert response.headers["access-control-allow-headers"] == PREFLIGHT["Access-Control-Request-Headers"]
        assert "POST" in response.headers["access-control-allow-methods"]
        assert "Origin" in response.headers["vary"]
    assert len(server.journal()) == before


@pytest.mark.parametrize("kind", ["in process", "on a socket"])
def test_a_page_reads_responses_errors_ranges_and_headers(start_shared_server: StartServer, kind: str) -> None:
    server = start_shared_server(kind, cors=("*",))
    created = server.post("/v1/videos", BOAT_OPEAI, headers={"Origin": APP})
    part = server.get(f"/v1/videos/{created.json()['id']}/content", headers={"Origin": APP, "Range": "bytes=4-11"})
    refused = server.post("/v1/videos", {}, headers={"Origin": APP})
    assert (created.status_code, part.status_code, refused.status_code) == (200, 206, 400)
    assert part.content[:4] == b"ftyp"
    for response in (created, part, refused):
        assert response.headers["access-control-allow-origin"] == "*"
        exposed = {name.strip().lower() for name in response.headers["access-control-expose-headers"].split(",")}
        assert {name for name in response.headers if not name.startswith("access-control-")} - exposed <= {
            "cache-control", "content-type", "last-modified", "vary",  # the first three without permission
        }  # fmt: skip


def test_pages_may_not_call_the_control_api(start_shared_server: StartServer) -> None:
    server = start_shared_server("on a socket", cors=("*",))
    for path in ("/_mock/health", "/_mock/tasks", "/_mock/results/cgt-1/token.mp4", "/_mock"):
        for response in (preflight(server, path), server.get(path, key=None, headers={"Origin": APP})):
            assert cors_headers(response) == {}, path
    refused = server.get("/_mock/tasks", key=None, headers={"Origin": APP})
    assert refused.status_code == 403


def test_other_origins_are_answered_as_without_the_setting(start_shared_server: StartServer) -> None:
    server = start_shared_server(cors=("https://other.example",), copy=1)
    response = preflight(server)
    assert response.status_code == 405
    assert set(response.json()) == {"error"}
    assert cors_headers(response) == {}
    entry = server.journal()[-1]
    assert entry["method"] == "OPTIONS"
    assert f"preflight from {APP} met no permission; allowed: https://other.example" in entry["notes"][-1]


def test_without_the_setting_nothing_is_allowed_and_the_journal_says_so(start_shared_server: StartServer) -> None:
    server = start_shared_server(copy=2)
    assert cors_headers(preflight(server)) == {}
    note = server.journal()[-1]["notes"][-1]
    assert "no origin is allowed" in note
    assert f"`--cors {APP}` allows it" in note
    assert cors_headers(server.post("/v1/videos", BOAT_OPEAI, headers={"Origin": APP})) == {}
    server.ask("OPTIONS", "/v1/videos", headers={"Origin": APP})  # no preflight: no note
    assert server.journal()[-1]["notes"] == []
    assert preflight(server, "/nowhere").status_code == 404
    assert "met no permission" in server.journal()[-1]["notes"][-1]


def test_requests_without_an_origin_are_answered_in_one_write(start_shared_server: StartServer) -> None:
    server, plain = (start_shared_server("on a socket", **options) for options in ({"cors": ("*",)}, {}))
    heads = [list(each.post("/v1/videos", BOAT_OPEAI).headers) for each in (server, plain)]
    assert heads[0] == heads[1]


def test_chrome_s_question_for_this_machine_is_answered(start_shared_server: StartServer) -> None:
    server = start_shared_server(cors=("*",))
    response = preflight(server, **{"Access-Control-Request-Private-Network": "true"})
    assert response.status_code == 200
    assert response.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in preflight(server).headers


@pytest.mark.parametrize(("texts", "origins"), [
    ("*", ("*",)), ((), ()), (["null"], ("null",)),
    (["https://App.example:443/", "http://localhost:80", "http://localhost:5173"],
     ("https://app.example", "http://localhost", "http://localhost:5173")),
    (["capacitor://localhost"], ("capacitor://localhost",)),
])  # fmt: skip
def test_origins_are_as_browsers_send_them(texts: Any, origins: tuple[str, ...]) -> None:
    assert parse_settings({"cors": texts}).cors == origins


@pytest.mark.parametrize("text", [
    "localhost:5173", "app.example", "", "https://", "https://app.example/path", "https://a@app.example",
    "https://*.example", "https://app.example:port", "https://app.example\r\nX: y", "https://app.example?x=1",
])  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match=r"cors is .*; allowed: .*, or origins"):
        parse_settings({"cors": [text]})
    with pytest.raises(InvalidSetting, match="cors is"):
        Settings(cors=(text,))
