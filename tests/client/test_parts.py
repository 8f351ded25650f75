"""The small parts: movies, Retry-After, exports, and the cost of importing."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
import pytest

import seedmock_client
from seedmock_client import AsyncClient, Client
from seedmock_client import models as video
from seedmock_client.effects import HttpRequest, SendRequest
from seedmock_client.retry import backoff, retry_after
from seedmock_client.transport import TransportConfig
from seedmock_contracts.enums import Operation
from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.mp4 import read_movie


@pytest.mark.parametrize(("width", "height", "seconds", "audio"), [(1280, 720, 4, True), (834, 1112, 15, False)])
def test_a_movie_is_measured(
    make_movie: Callable[..., bytes], width: int, height: int, seconds: int, audio: bool
) -> None:
    whole = make_movie(width, height, seconds, audio)
    found = read_movie(io.BytesIO(whole))
    assert dataclasses.astuple(found)[:5] == (len(whole), seconds, width, height, audio)


def test_every_cut_of_a_movie_is_noticed(make_movie: Callable[..., bytes]) -> None:
    whole = make_movie(payload=b"x" * 50)
    for length in range(len(whole)):
        with pytest.raises(InvalidMovie):
            read_movie(io.BytesIO(whole[:length]))


def test_every_single_damaged_byte_is_survived(make_movie: Callable[..., bytes]) -> None:
    whole = make_movie(payload=b"x" * 50)
    for index in range(len(whole)):
        for value in (0, 0xFF, whole[index] ^ 1):
            damaged = whole[:index] + bytes([value]) + whole[index + 1 :]
            try:
                read_movie(io.BytesIO(damaged))
            except InvalidMovie:
                continue


def test_sizes_of_64_bits_and_to_the_end_are_read(
    make_movie: Callable[..., bytes], make_box: Callable[..., bytes]
) -> None:
    whole = make_movie(payload=b"")[:-8]
    long = whole + b"\0\0\0\1mdat" + (16 + 5).to_bytes(8, "big") + b"12345"
    open_ended = whole + b"\0\0\0\0mdat12345"
    assert read_movie(io.BytesIO(long)).bytes == len(long)
    assert read_movie(io.BytesIO(open_ended)).bytes == len(open_ended)


def test_a_movie_without_pictures_is_none(make_box: Callable[..., bytes]) -> None:
    content = make_box(b"ftyp", b"isom") + make_box(b"moov") + make_box(b"mdat")
    with pytest.raises(InvalidMovie, match="no video track"):
        read_movie(io.BytesIO(content))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("12", 12.0), ("1.5", 1.5), ("", None), ("soon", None), ("-1", None), ("1e9", None), ("nan", None),
        ("inf", None), ("٣", None), ("1.2.3", None), ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Thu, 01 Jan 1970 00:02:00", 20.0), ("Thu, 99 Jan 1970", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text} if text else {}, received=100.0) == seconds


def test_a_date_is_read_against_the_answers_own_clock() -> None:
    headers = {"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT", "date": "Thu, 01 Jan 1970 00:01:00 GMT"}
    assert retry_after(headers, received=1e9) == 60.0


def test_a_date_without_a_zone_is_universal_time_wherever_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:02:00"}, received=100.0) == 20.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_backing_off_doubles_and_is_bounded() -> None:
    assert [backoff(attempt) for attempt in (0, 1, 2, 3, 10_000)] == [1.0, 2.0, 4.0, 8.0, 30.0]


def test_exports_are_sorted_whole_and_there() -> None:
    exported = seedmock_client.__all__
    assert exported == sorted(exported)
    assert set(exported) == set(seedmock_client._MODULES)
    assert all(getattr(seedmock_client, name) is not None for name in exported)
    assert set(exported) <= set(dir(seedmock_client))
    with pytest.raises(AttributeError, match="nothing"):
        _ = seedmock_client.nothing


def test_every_error_and_record_is_exported() -> None:
    for module in (seedmock_client.errors, video):
        named = {
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        }
        assert named <= set(seedmock_client.__all__)


def test_both_clients_have_the_same_verbs_with_their_words() -> None:
    def verbs(class_: type) -> set[str]:
        return {name for name, value in vars(class_).items() if callable(value) and not name.startswith("_")}

    assert verbs(Client) == verbs(AsyncClient)
    assert all(getattr(Client, name).__doc__ for name in verbs(Client))


def test_every_record_is_frozen() -> None:
    for name, class_ in vars(video).items():
        if dataclasses.is_dataclass(class_):
            assert getattr(class_, "__dataclass_params__").frozen, name  # noqa: B009


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'httpx', 'rich', 'click', 'asyncio', 'PIL', 'seedmock_server', 'seedmock_contracts.upstreams'}"
    code = f"import sys, seedmock_client; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_commands_loads_no_http_library() -> None:
    modules = "seedmock_client.cli.generate, seedmock_client.cli.demo"
    code = f"import sys, {modules}; print({{'httpx', 'rich', 'PIL'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("url", ["https://cdn.test/x", "http://api.test:81/x", "https://api.test/x", "/videos"])
def test_a_driver_adds_the_key_on_its_own_origin_only_whatever_a_flow_asks(url: str) -> None:
    line = TransportConfig(httpx.URL("http://api.test/v1"), "sk_secret", "agent", lambda: 0.0, lambda: 0.0)
    request = HttpRequest(operation=Operation.CONTENT, method="GET", url=url, keyed=True)
    assert ("authorization" in line.request_options(SendRequest(request, 1.0))["headers"]) is (url == "/videos")
    assert "sk_secret" not in repr(line)
