"""Paths that two upstreams serve: decided by the host of the request, else by the base of the path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from seedmock_contracts.upstreams import get_contract
from seedmock_server.cli.main import main
from seedmock_server.settings import InvalidSetting, parse_host_map, parse_settings

StartServer = Callable[..., Any]


def listed_by(server: Any, path: str, **headers: str) -> str:
    """Return the upstream whose models, in whose way, are the response."""
    response = server.get(path, headers=headers)
    assert response.status_code == 200
    body = response.json()
    name = "opeai" if body.get("object") == "list" else "apimodels"
    assert [row["id"] for row in body["data"]] == [model.name for model in get_contract(name).models]
    keys = {"id", "object", "created", "owned_by"} if name == "opeai" else {"id", "modality", "endpoint"}
    assert {key for row in body["data"] for key in row} == keys
    return name


def test_a_key_of_opeai_gets_the_models_of_opeai(start_server: StartServer) -> None:
    server = start_server("on a socket")
    server.order_opeai()
    assert listed_by(server, "/v1/models") == "opeai"
    assert server.journal()[-1]["upstream"] == "opeai"


def test_the_base_of_the_path_decides_by_an_unknown_host(start_server: StartServer) -> None:
    server = start_server()
    assert [listed_by(server, path) for path in ("/v1/models", "/api/v1/models")] == ["opeai", "apimodels"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.apimodels.app", "apimodels"), ("API.apimodels.app:443", "apimodels"), ("api-platform.ope.ai", "opeai"),
        ("other.test", "opeai"), ("localhost:8000", "opeai"), ("[::1]", "opeai"), ("", "opeai"),
    ],
)  # fmt: skip
def test_the_host_of_a_live_service_decides(start_server: StartServer, host: str, name: str) -> None:
    assert listed_by(start_server(), "/v1/models", Host=host) == name


def test_the_host_that_a_proxy_forwards_decides(start_server: StartServer) -> None:
    headers = {"Host": "inner", "X-Forwarded-Host": "api.apimodels.app"}
    assert listed_by(start_server(), "/v1/models", **headers) == "apimodels"


def test_a_mapped_host_decides_before_a_live_one(start_server: StartServer) -> None:
    server = start_server(host_map={"a.test": "apimodels", "api.apimodels.app": "opeai"})
    assert listed_by(server, "/v1/models", Host="a.test:8000") == "apimodels"
    assert listed_by(server, "/v1/models", Host="api.apimodels.app") == "opeai"


def test_a_path_that_one_upstream_serves_is_its_own_by_any_host(start_server: StartServer) -> None:
    server = start_server(host_map={"a.test": "apimodels"})
    assert server.get("/v1/videos/cgt-1", headers={"Host": "a.test"}).json()["error"]["code"] == "ResourceNotFound"


def test_the_error_of_an_unknown_path_is_of_the_host_s_upstream(start_server: StartServer) -> None:
    server = start_server(host_map={"a.test": "apimodels"})
    assert "error" in server.get("/v1/nowhere").json()
    assert "msg" in server.get("/v1/nowhere", headers={"Host": "a.test"}).json()


def test_another_method_of_a_shared_path_is_not_allowed(start_server: StartServer) -> None:
    assert start_server().post("/v1/models", {}).status_code == 405


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ({"A.test": "opeai"}, "host_map has 'A.test'; allowed: a host name in lower case"),
        ({"a.test:80": "opeai"}, "host_map has 'a.test:80'"),
        ({"http://a": "opeai"}, "host_map has 'http://a'"),
        ({"a.test": "nope"}, "host_map maps a.test to 'nope'; allowed: apimodels, opeai"),
    ],
)
def test_an_invalid_host_map_is_rejected(hosts: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        parse_settings({"host_map": hosts})
    assert message in str(caught.value)


def test_host_maps_of_the_command_line() -> None:
    assert parse_host_map(["A.test = opeai", "b=apimodels"]) == {"a.test": "opeai", "b": "apimodels"}
    result = CliRunner().invoke(main, ["serve", "--host-map", "a.test"])
    assert result.exit_code == 2
    assert "host_map is 'a.test'; allowed: HOST=UPSTREAM, such as localhost=apimodels" in result.output
