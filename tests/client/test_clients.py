"""Construction of the clients, exports of the package, and the cost of importing it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import httpx
import pytest

import seedmock_client
from seedmock_client import AsyncClient, AuthenticationError, Client, UsageError, models
from seedmock_client.effects import HttpRequest, PerformRequest
from seedmock_client.transport import TransportConfig
from seedmock_contracts.enums import Operation

from .scripted_api import KEY


def test_exports_are_sorted_and_complete() -> None:
    exported = seedmock_client.__all__
    assert exported == sorted(exported)
    assert set(exported) == set(seedmock_client._MODULES)
    assert all(getattr(seedmock_client, name) is not None for name in exported)
    assert set(exported) <= set(dir(seedmock_client))
    with pytest.raises(AttributeError, match="nothing"):
        _ = seedmock_client.nothing


def test_every_exception_and_record_is_exported() -> None:
    for module in (seedmock_client.errors, models):
        public = {
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        }
        assert public <= set(seedmock_client.__all__)


def test_both_clients_have_the_same_documented_operations() -> None:
    def operations(class_: type) -> set[str]:
        return {name for name, value in vars(class_).items() if callable(value) and not name.startswith("_")}

    assert operations(Client) == operations(AsyncClient)
    assert all(getattr(Client, name).__doc__ for name in operations(Client))


def test_every_record_is_frozen() -> None:
    for name, class_ in vars(models).items():
        if isinstance(class_, type) and dataclasses.is_dataclass(class_):
            record = object.__new__(class_)
            with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign"):
                setattr(record, dataclasses.fields(class_)[0].name, name)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'httpx', 'rich', 'click', 'asyncio', 'PIL', 'seedmock_server', 'seedmock_contracts.upstreams'}"
    code = f"import sys, seedmock_client; print(sorted({heavy} & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_importing_the_commands_loads_no_http_library() -> None:
    modules = "seedmock_client.cli.generate, seedmock_client.cli.demo"
    code = f"import sys, {modules}; print({{'httpx', 'rich', 'PIL'}} & set(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"


@pytest.mark.parametrize("url", ["https://cdn.test/x", "http://api.test:81/x", "https://api.test/x", "/videos"])
def test_a_transport_sends_the_key_to_its_own_origin_only(url: str) -> None:
    config = TransportConfig(httpx.URL("http://api.test/v1"), "sk_secret", "agent", lambda: 0.0, lambda: 0.0)
    request = HttpRequest(operation=Operation.CONTENT, method="GET", url=url, keyed=True)
    assert ("authorization" in config.request_options(PerformRequest(request, 1.0))["headers"]) is (url == "/videos")
    assert "sk_secret" not in repr(config)


def test_repr_of_a_client_hides_the_key() -> None:
    with Client("opeai", api_key=KEY, base_url="http://127.0.0.1:1") as client:
        assert repr(client) == "<Client opeai at http://127.0.0.1:1>"
        assert KEY not in repr(vars(client))


@pytest.mark.parametrize("key", ["a b", "schlüssel", "a\nb", "a\tb"])
def test_a_key_that_is_no_header_value_is_rejected_without_printing_it(key: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        Client("opeai", api_key=key)
    assert key not in str(caught.value)


def test_a_missing_key_is_an_error_that_names_the_environment_variable() -> None:
    with pytest.raises(AuthenticationError) as caught:
        Client("opeai")
    assert "SEEDMOCK_API_KEY" in caught.value.advice


@pytest.mark.parametrize(
    "base_url",
    [
        "127.0.0.1:8000",
        "ftp://a",
        "http://",
        "http://h/v1",
        "http://h?x=1",
        "https://user:secret@h",
        "http://[::1",
        "x",
    ],
)
def test_a_base_url_that_is_no_origin_is_rejected_without_printing_its_password(base_url: str) -> None:
    with pytest.raises(UsageError, match="base URL") as caught:
        Client("opeai", api_key="k", base_url=base_url)
    assert "secret" not in str(caught.value)


def test_base_url_and_key_default_to_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_BASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("SEEDMOCK_API_KEY", "k")
    with Client("opeai") as client:
        assert client.base_url == "http://127.0.0.1:9"
    with Client("opeai", base_url="http://127.0.0.1:7") as client:
        assert client.base_url == "http://127.0.0.1:7"


@pytest.mark.parametrize(
    ("upstream", "host"), [("apimodels", "https://apimodels.app"), ("opeai", "https://api-platform.ope.ai")]
)
def test_base_url_defaults_to_the_real_host(upstream: str, host: str) -> None:
    with Client(upstream, api_key="k") as client:
        assert client.base_url == host


def test_an_unknown_upstream_is_an_error_that_lists_the_available_ones() -> None:
    with pytest.raises(UsageError, match="apimodels, opeai"):
        Client("sora", api_key="k")
