"""HAR of the journal: complete, and with the bytes of clips, so that other tools can replay it.

`tests/browser/test_har_replay.py` replays one in Chromium. Tried by hand as well: `mitmdump --server-replay`
(11.0), which serves the clips byte for byte.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_server.control import har
from seedmock_server.journal import ClipDownload, JournalEntry

StartServer = Callable[..., Any]


def entries(server: Any) -> list[dict[str, Any]]:
    log: dict[str, Any] = server.get("/_mock/journal?format=har", key=None).json()["log"]
    return list(log["entries"])


def test_a_clip_is_archived_with_its_type_size_headers_and_bytes(
    server: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    clip = server.get(f"/v1/videos/{server.order_opeai()}/content").content
    response = entries(server)[-1]["response"]
    content = response["content"]
    assert (content["mimeType"], content["size"], response["bodySize"]) == ("video/mp4", len(clip), len(clip))
    assert content["comment"] == f"{len(clip)} bytes of a clip, from the cache of clips"
    headers = {header["name"]: header["value"] for header in response["headers"]}
    assert (headers["content-type"], headers["content-length"]) == ("video/mp4", str(len(clip)))
    assert content["encoding"] == "base64"
    assert base64.b64decode(content["text"]) == clip
    assert watch(base64.b64decode(content["text"]))["frames"] > 0


def test_an_entry_starts_when_the_request_came_and_lasts_as_its_timings_say() -> None:
    entry = JournalEntry(
        1_800_000_002.5, "opeai", "query", "key-1", "GET", "/v1/videos/x", 200, b"", b"{}", (), seconds=2.5
    )
    (archived,) = har.HarWriter([(0, entry)], lambda etag: None).archive()["log"]["entries"]
    assert archived["startedDateTime"] == "2027-01-15T08:00:00.000+00:00"
    assert archived["time"] == sum(archived["timings"].values()) == 2500


def test_a_result_link_is_archived_under_the_url_that_the_query_named(server: Any) -> None:
    link = server.query_apimodels(server.order_apimodels())["resultUrls"][0]
    clip = server.get(link, key=None).content
    archived = entries(server)[-1]
    assert archived["request"]["url"] == link
    assert base64.b64decode(archived["response"]["content"]["text"]) == clip


def test_a_link_that_no_response_of_the_archive_names_stays_hidden(server: Any) -> None:
    link = server.query_apimodels(server.order_apimodels())["resultUrls"][0]
    server.get(link, key=None)
    log = server.get("/_mock/journal?format=har&operation=content", key=None).json()["log"]
    assert log["entries"][0]["request"]["url"].endswith("/***.mp4")


def test_a_part_of_a_clip_is_archived_as_that_part(server: Any) -> None:
    path = f"/v1/videos/{server.order_opeai()}/content"
    part = server.get(path, headers={"Range": "bytes=100-299"}).content
    content = entries(server)[-1]["response"]["content"]
    assert (content["size"], base64.b64decode(content["text"])) == (200, part)


def test_a_response_without_a_body_is_archived_without_one(server: Any) -> None:
    path = f"/v1/videos/{server.order_opeai()}/content"
    etag = server.get(path).headers["etag"]
    server.ask("HEAD", path)
    assert server.get(path, headers={"If-None-Match": etag}).status_code == 304
    for archived in entries(server)[-2:]:
        assert archived["response"]["content"]["size"] == archived["response"]["bodySize"] == 0
        assert "text" not in archived["response"]["content"]


def test_a_clip_that_was_evicted_is_archived_with_the_reason(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(cache_dir=tmp_path)
    size = len(server.get(f"/v1/videos/{server.order_opeai()}/content").content)
    for path in tmp_path.glob("*.mp4"):
        path.unlink()
    content = entries(server)[-1]["response"]["content"]
    comment = f"without the {size} bytes: no clip of the cache has this ETag"
    assert content == {"size": size, "mimeType": "video/mp4", "comment": comment}


def test_an_archive_holds_a_bounded_number_of_bytes_of_clips(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v1/videos/{server.order_opeai()}/content"
    size = len(server.get(path).content)
    server.get(path)
    monkeypatch.setattr(har, "MAX_CLIP_BYTES", size + 10)
    first, second = (entry["response"]["content"] for entry in entries(server)[-2:])
    assert "text" in first
    assert second["comment"] == f"without the {size} bytes: one archive has at most {size + 10} bytes of clips"


def test_a_clip_that_a_fault_cut_on_the_wire_is_archived_with_the_reason(start_server: StartServer) -> None:
    server = start_server("on a socket")
    path = f"/v1/videos/{server.order_opeai()}/content"
    size = len(server.get(path).content)
    server.get(path, headers={"X-Mock-Fault": "wrong_length delta=-9"})
    content = entries(server)[-1]["response"]["content"]
    assert content["comment"].startswith(f"without the {size} bytes: the fault wrong_length delta=-9")
    assert "text" not in content


def test_the_size_of_a_body_is_what_was_sent_of_it() -> None:
    headers = ((b"content-type", b"video/mp4"), (b"content-length", b"900"))
    entry = JournalEntry(
        1_800_000_002.5, "opeai", "content", "key-1", "GET", "/v1/videos/x/content", 200, b"", b"", (),
        response_headers=headers, download=ClipDownload("x", 0, 400, 900),
    )  # fmt: skip
    (archived,) = har.HarWriter([(0, entry)], lambda etag: None).archive()["log"]["entries"]
    assert (archived["response"]["bodySize"], archived["response"]["content"]["size"]) == (400, 900)


def test_json_responses_are_archived_with_their_headers(server: Any) -> None:
    response = server.get("/api/v1/balance")
    headers = {header["name"]: header["value"] for header in entries(server)[-1]["response"]["headers"]}
    assert headers["content-type"] == response.headers["content-type"]
    assert headers["content-length"] == response.headers["content-length"]
    assert headers.get("x-mock-basis") == response.headers.get("x-mock-basis")


def test_an_exchange_is_archived_with_its_address_and_its_time(start_server: StartServer) -> None:
    server = start_server("on a socket")
    server.order_opeai()
    archived = entries(server)[-1]
    assert archived["serverIPAddress"] == "127.0.0.1"
    assert archived["time"] == sum(archived["timings"].values()) > 0


def test_an_exchange_in_process_has_no_address(start_server: StartServer) -> None:
    server = start_server("in process")
    server.order_opeai()
    assert "serverIPAddress" not in entries(server)[-1]
