"""Bytes on the wire: a table of requests over a socket, compared with `wire_bytes.json`.

Seed and clock are fixed. UPDATE_WIRE_BYTES=1 writes the file anew; read its diff, which is a change of behaviour.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.http.coroutines import run_now

GOLDEN = Path(__file__).parent / "wire_bytes.json"
KEY = "sk_test_of_wire_bytes"
VIDEOS, GENERATIONS = "/v1/videos", "/api/v1/video/generations"
VIDEO = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4", "seed": 3}
VIDEO |= {"generate_audio": False}
GENERATION = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A boat", "duration": 4, "generate_audio": False}
ORDERS: dict[str, dict[str, Any]] = {VIDEOS: VIDEO, GENERATIONS: GENERATION}
UNSTABLE = {
    re.compile(rb"(?i)\r\n(date: )[^\r]+"): rb"\r\n\1<date>",
    re.compile(rb'(?i)(etag: )"[^"]+"'): rb"\1<etag>",
    re.compile(rb"(content-range: bytes [^/]+/)\d+"): rb"\1<size>",
}
"""The Date of the machine's clock, and what depends on a clip's bytes."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Request of the table. `{video}`, `{generation}` and `{link}` in a target stand for tasks made beforehand.

    A `body` that is None is the order of a POST's path with `changes`. `rules` hold during this request alone.
    """

    target: str
    method: str = "GET"
    fault: str = ""
    key: str | None = KEY
    body: bytes | dict[str, Any] | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    keep_alive: bool = False

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        document = ORDERS.get(self.target, {}) | self.changes if self.body is None else self.body
        return json.dumps({name: value for name, value in document.items() if value is not None}).encode()

    def encode(self, target: str) -> bytes:
        head = {"Host": "emulator", "Content-Type": "application/json"}
        content = b""
        if self.method == "POST":
            content = self.content()
            head["Content-Length"] = str(len(content))
        if self.key is not None:
            head["Authorization"] = f"Bearer {self.key}"
        if self.fault:
            head["X-Mock-Fault"] = self.fault
        if not self.keep_alive:
            head["Connection"] = "close"
        lines = [
            f"{self.method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (head | self.headers).items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content


def get(target: str, fault: str = "", **more: Any) -> Request:
    return Request(target=target, fault=fault, **more)


def post(target: str, fault: str = "", **more: Any) -> Request:
    return Request(target=target, method="POST", fault=fault, **more)


CONTENT, QUERY = VIDEOS + "/{video}/content", VIDEOS + "/{video}"
FAILED_CONTENT = VIDEOS + "/{failed}/content"
QUERY_A = GENERATIONS + "?task_id={generation}"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
FIELD = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
FORM_BODY = (
    "".join(FIELD.format(name, str(value).lower()) for name, value in VIDEO.items() if name != "seed") + "--x--\r\n"
)

ORDINARY: dict[str, Request] = {
    "create opeai": post(VIDEOS),
    "create opeai, connection kept": post(VIDEOS, keep_alive=True),
    "create opeai by a form": post(VIDEOS, headers=FORM, body=FORM_BODY.encode()),
    "create apimodels": post(GENERATIONS),
    "create apimodels with an unknown field": post(GENERATIONS, changes={"colour": "red"}),
    "upscale": post(GENERATIONS, body={
        "model": "video-upscale", "videoUrl": "https://mock.test/video-5s.mp4", "targetResolution": "1080p",
    }),
    "query opeai": get(QUERY),
    "query apimodels": get(QUERY_A),
    "query of another key": get(QUERY, key="another"),
    "content": get(CONTENT),
    "content, HEAD": get(CONTENT, method="HEAD"),
    "content, a range": get(CONTENT, headers={"Range": "bytes=10-99"}),
    "content, a range beyond": get(CONTENT, headers={"Range": "bytes=99999999-"}),
    "link": get("{link}", key=None),
    "link, a range": get("{link}", key=None, headers={"Range": "bytes=-50"}),
    "link, a range beyond": get("{link}", key=None, headers={"Range": "bytes=99999999-"}),
    "link, another method": get("{link}", key=None, method="DELETE"),
    "link, unknown": get("/_mock/results/clnothing/token.mp4", key=None),
    "file, unknown": get("/_mock/files/nothing/a.png", key=None),
    "balance": get("/api/v1/balance"),
    "models": get("/api/v1/models"),
    "record": get("/api/v1/records/{generation}"),
    "asset group": post("/api/v1/assets/groups", body={"name": "cast"}),
    "an own clock": get("/api/v1/balance", key="of the future", headers={"X-Mock-Advance": "2m"}),
    "a fate by header": post(VIDEOS, headers={"X-Mock-Fate": "failed after=60s"}),
}  # fmt: skip
REFUSED: dict[str, Request] = {
    "no key": get(QUERY, key=None),
    "no bearer": get(QUERY_A, key=None, headers={"Authorization": "Basic abc"}),
    "magic key, invalid": get(QUERY, key="sk_mock_invalid"),
    "magic key, forbidden": get(QUERY_A, key="sk_mock_forbidden"),
    "magic key, rate-limited": post(VIDEOS, key="sk_mock_ratelimited"),
    "magic key, no credit": post(GENERATIONS, key="sk_mock_nocredit"),
    "unknown path opeai": get("/v1/nowhere"),
    "unknown path apimodels": get("/api/v1/nowhere"),
    "unknown path, no key": get("/v1/nowhere", key=None),
    "method not allowed": get(GENERATIONS, method="DELETE"),
    "method unserved": get(VIDEOS),
    "not JSON": post(VIDEOS, body=b"{"),
    "empty body": post(GENERATIONS, body=b""),
    "a list": post(VIDEOS, body=b"[]"),
    "unsupported media type": post(GENERATIONS, headers={"Content-Type": "text/plain"}),
    "form where none is taken": post(GENERATIONS, headers=FORM, body=FORM_BODY.encode()),
    "malformed form": post(VIDEOS, headers=FORM, body=b"--y"),
    "missing field": post(VIDEOS, changes={"prompt": None}),
    "wrong value": post(GENERATIONS, changes={"duration": 99}),
    "unknown model": post(VIDEOS, changes={"model": "nonesuch"}),
    "moderated": post(GENERATIONS, changes={"prompt": "[[mock: refused why=face]]"}),
    "unknown task": get(VIDEOS + "/cgt-1"),
    "unknown task's content": get(VIDEOS + "/cgt-1/content"),
    "wrong advance": get(QUERY, headers={"X-Mock-Advance": "soon"}),
    "wrong fate": post(VIDEOS, headers={"X-Mock-Fate": "nope"}),
    "body too large": post(VIDEOS, changes={"prompt": "x" * 3000}),
    "body too slow": post(VIDEOS, body=b"{}", headers={"Content-Length": "9"}),
}
BY_HEADER: dict[str, Request] = {
    "status": post(VIDEOS, "status code=502 body=html"),
    "status by kind, dated": get(QUERY_A, "status kind=overloaded retry_after=30 retry_as=date"),
    "status nested": get(QUERY_A, "status code=500 body=nested"),
    "status empty, malformed": post(VIDEOS, "status code=502 body=empty; malformed"),
    "status and unread rules": post(VIDEOS, "status code=400", changes={"seconds": "99"}),
    "malformed": post(VIDEOS, "malformed"),
    "truncated": post(VIDEOS, "truncated at=20"),
    "latency": post(VIDEOS, "latency seconds=10s"),
    "latency drawn": post(VIDEOS, "latency p50=2s p90=6s"),
    "hang": get(QUERY, "hang seconds=20ms", keep_alive=True),
    "reset": post(VIDEOS, "reset"),
    "reset during": post(VIDEOS, "reset when=during"),
    "reset after": post(VIDEOS, "reset when=after", keep_alive=True),
    "response_lost": post(VIDEOS, "response_lost"),
    "bandwidth": post(VIDEOS, "bandwidth rate=1000"),
    "dribble": post(VIDEOS, "dribble bytes=50 every=1s"),
    "body_cut": get(CONTENT, "body_cut at=100"),
    "body_cut, a range": get("{link}", "body_cut", headers={"Range": "bytes=0-99"}),
    "wrong length": post(VIDEOS, "wrong_length delta=-10", keep_alive=True),
    "wrong type": post(VIDEOS, "wrong_type to=text/plain"),
    "wrong type of a clip": get(CONTENT, "wrong_type"),
    "redirect": get(CONTENT, "redirect code=307"),
    "no range": get(CONTENT, "no_range", headers={"Range": "bytes=0-9"}),
    "duplicate": post(VIDEOS, "duplicate", keep_alive=True),
    "duplicate, HEAD": get(CONTENT, "duplicate", method="HEAD"),
    "clock skew": post(VIDEOS, "clock_skew by=-5m"),
    "backwards": get(QUERY_A, "backwards"),
    "missing": post(VIDEOS, "missing field=id"),
    "renamed": get(QUERY_A, "renamed field=taskId"),
    "retyped": post(VIDEOS, "retyped field=created_at as=string"),
    "other size": get(QUERY, "other_size to=320x320"),
    "other size of a clip": get(CONTENT, "other_size to=320x320", headers={"Range": "bytes=0-7"}),
    "other duration, not applied": get(QUERY, "other_duration"),
    "other price": get("/api/v1/balance", "other_price factor=3"),
    "other id": post(VIDEOS, "other_id"),
    "not_found": get(QUERY, "not_found"),
    "other value": get(QUERY_A, "other_value field=state to=done if_value=completed"),
    "extra": post(VIDEOS, "extra field=trace"),
    "reordered": post(VIDEOS, "reordered"),
    "other envelope": post(GENERATIONS, "other_envelope form=bare"),
    "other envelope of a refusal": post(VIDEOS, "other_envelope form=flat", changes={"model": "nonesuch"}),
    "other status": post(VIDEOS, "other_status code=201"),
    "other status, not applied": post(VIDEOS, "other_status code=201", changes={"model": "nonesuch"}),
    "other refusal": post(VIDEOS, "other_refusal code=418 to=Teapot", changes={"seconds": "99"}),
    "other limit": post(VIDEOS, "other_limit fact=opeai.create.seconds.range high=16", changes={"seconds": "16"}),
    "other limit, refused": post(VIDEOS, "other_limit fact=opeai.create.seconds.range low=5"),
    "other limit, repaired": post(VIDEOS, "other_limit fact=opeai.create.prompt.required", changes={"prompt": None}),
    "other limit, not applied": post(VIDEOS, "other_limit fact=opeai.create.seconds.range high=16"),
    "other clip": get(CONTENT, "other_clip what=container", headers={"Range": "bytes=0-11"}),
    "other range": get(CONTENT, "other_range how=shifted", headers={"Range": "bytes=0-9"}),
    "other range, headerless": get("{link}", "other_range how=headerless", headers={"Range": "bytes=0-9"}),
    "other range, open": get("{link}", "other_range how=open", headers={"Range": "bytes=99999999-"}),
    "other header": get(CONTENT, "other_header name=cache-control to=none", headers={"Range": "bytes=0-9"}),
    "early_content": get(
        VIDEOS + "/{failed}/content", "early_content kind=task_failed", headers={"Range": "bytes=0-9"}
    ),
    "early_content, not applied": get(CONTENT, "early_content kind=not_ready", headers={"Range": "bytes=0-9"}),
    "cross_account": get(QUERY, "cross_account", key="another"),
    "cross_account, not applied": get(QUERY, "cross_account"),
    "no_op": post("/api/v1/assets/groups/delete", "no_op", body={"id": 1}),
    "auth_bypass, needless": get("/api/v1/balance", "auth_bypass"),
    "two on a body": post(VIDEOS, "extra field=trace; missing field=id; truncated at=30; clock_skew by=1h; duplicate"),
    "link, status": get("{link}", "status code=404", key=None),
    "link, wrong header": get("{link}", "malformed", key=None),
    "header unknown": post(VIDEOS, "nope"),
    "header contradicts": post(GENERATIONS, "malformed; truncated"),
    "header out of place": post(VIDEOS, "redirect"),
    "header on a body that is unread": post(VIDEOS, "other_refusal code=418", body=b"{"),
    "header without a key": get(QUERY, "status code=502", key=None),
    "header on an unknown path": get("/v1/nowhere", "other_refusal code=418"),
    "clip that cannot be": get(CONTENT, "other_size to=2x2"),
    "duplicate, connection kept": post(VIDEOS, "duplicate connection=keep", keep_alive=True),
    "wrong length, unsaid": post(VIDEOS, "wrong_length delta=-10 connection=keep", keep_alive=True),
    "other status without a body": post(VIDEOS, "other_status code=204", keep_alive=True),
}
BY_RULE: dict[str, Request] = {
    "status once": get(QUERY, rules=("status code=503 retry_after=7",)),
    "other refusal, no key": get(QUERY, key=None, rules=("other_refusal kind=authentication code=403",)),
    "other refusal, unknown path": get("/v1/nowhere", rules=("other_refusal code=400 message=no",)),
    "other refusal, not JSON": post(VIDEOS, body=b"{", rules=("other_refusal code=422",)),
    "other envelope, method not allowed": get(GENERATIONS, method="DELETE", rules=("other_envelope form=error",)),
    "not_found, not JSON": post(VIDEOS, body=b"{", rules=("not_found", "other_refusal code=410")),
    "not_found, no key": get(QUERY, key=None, rules=("not_found", "other_refusal code=410")),
    "not_found, body too large": post(VIDEOS, changes={"prompt": "x" * 3000}, rules=("not_found",)),
    "not_found, wrong value": post(VIDEOS, changes={"seconds": "99"}, rules=("not_found",)),
    "auth_bypass, no key": get("/api/v1/balance", key=None, rules=("auth_bypass",)),
    "auth_bypass, magic key": get("/api/v1/balance", key="sk_mock_invalid", rules=("auth_bypass",)),
    "auth_bypass, not JSON": post(VIDEOS, key=None, body=b"{", rules=("auth_bypass", "other_refusal code=422")),
    "auth_bypass, another header": get("/api/v1/balance", "none", key=None, rules=("auth_bypass",)),
    "not for this header": get(QUERY, "none", rules=("status code=503",)),
    "header before rules": get(QUERY, "status code=504", rules=("status code=503", "clock_skew by=1h")),
    "wrong length, body too slow": post(VIDEOS, body=b"{}", headers={"Content-Length": "9"}, rules=("wrong_length",)),
    "link by rule": get("{link}", key=None, rules=("status code=410",)),
    "rate-limited key": post(VIDEOS, key="sk_mock_ratelimited", rules=("other_refusal code=503",)),
}
LIMITED: dict[str, Request] = {
    "first": get("/api/v1/balance"),
    "status is not counted": get("/api/v1/balance", "status code=503"),
    "latency is counted": get("/api/v1/balance", "latency seconds=1s"),
    "third": get("/api/v1/balance"),
    "third, latency": get("/api/v1/balance", "latency seconds=1s; other_refusal code=430"),
    "third, not JSON": post(GENERATIONS, body=b"{"),
    "third, wrong value": post(GENERATIONS, changes={"duration": 99}),
    "the other upstream": post(VIDEOS),
}
PARALLEL: dict[str, Request] = {
    "first": post(VIDEOS),
    "second": post(VIDEOS),
    "second apimodels": post(GENERATIONS),
    "third apimodels": post(GENERATIONS),
    "content that is not ready": get(CONTENT),
    "early_content": get(CONTENT, "early_content kind=not_ready", headers={"Range": "bytes=0-9"}),
    "an error in a success": get(QUERY, "status code=200 kind=rate_limit"),
}
SESSIONS: dict[str, tuple[dict[str, Any], dict[str, Request]]] = {
    "ordinary": ({}, ORDINARY),
    "refused": ({"max_body_bytes": 2000, "body_timeout": 0.05}, REFUSED),
    "faults by header": ({}, BY_HEADER),
    "faults by rule": ({"max_body_bytes": 2000, "body_timeout": 0.05}, BY_RULE),
    "gateway's variants": ({"variants": {"opeai.status": "openai", "apimodels.errors": "ok"}}, {
        "backwards": get(QUERY, "backwards"),
        "wrong value": post(GENERATIONS, "other_refusal code=422", changes={"duration": 99}),
        "link, unknown": get("/_mock/results/clnothing/token.mp4", key=None),
    }),
    "rate-limited": ({"rate_limit": 2}, LIMITED),
    "limited in parallel": ({"concurrency_limit": 2, "pace": "realistic"}, PARALLEL),
    "keys": ({"keys": ("right",)}, {
        "wrong key": get("/api/v1/balance"),
        "wrong key, auth_bypass": get("/api/v1/balance", rules=("auth_bypass",)),
    }),
}  # fmt: skip


Exchange = dict[str, Any]


@pytest.mark.parametrize("session", SESSIONS)
def test_bytes_on_the_wire_are_as_they_were(start_socket_server: Any, session: str) -> None:
    settings, requests = SESSIONS[session]
    server = start_socket_server(**settings)
    things = {} if "keys" in settings else make_things(server, settings)
    server.client.get("/_mock/health")  # an answer can arrive a moment before it is journaled
    exchanges = {name: exchange(server, request, things) for name, request in requests.items()}
    if "UPDATE_WIRE_BYTES" in os.environ:
        golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        GOLDEN.write_text(json.dumps(golden | {session: exchanges}, indent=1, ensure_ascii=False) + "\n")
    expected = json.loads(GOLDEN.read_text())[session]
    assert list(exchanges) == list(expected)
    for name in exchanges:
        assert exchanges[name] == expected[name], name


def make_things(server: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Make the values of the table's placeholders, under a limit by another key than the table's."""
    key = "sk_of_things" if "rate_limit" in settings else KEY
    video = server.create("none", key=key).json()["id"]
    things: dict[str, Any] = {"video": video}
    if {"rate_limit", "concurrency_limit", "variants"} & settings.keys():
        return things
    things["failed"] = server.create("none", key=key, prompt="[[mock: failed]]").json()["id"]
    things["generation"] = server.create("none", "apimodels", key=key).json()["data"]["taskId"]
    response = server.ask("GET", GENERATIONS, key=key, params={"task_id": things["generation"]})
    things["link"] = httpx.URL(response.json()["data"]["resultUrls"][0]).path
    paths = {b"video's clip": f"/v1/videos/{video}/content", b"generation's clip": things["link"]}
    things["clips"] = {name: server.ask("GET", path, key=key).content for name, path in paths.items()}
    return things


def exchange(server: Any, request: Request, things: Mapping[str, Any]) -> Exchange:
    """Send one request; return the bytes by line, the end of the connection and the journal's entry."""
    server.change(server.app.faults.clear)
    for rule in request.rules:
        server.app.faults.add(parse_fault_rule({"fault": rule}))
    before = run_now(server.app.journal.total())
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(request.encode(request.target.format_map(things)))
        if request.keep_alive:
            connection.settimeout(0.3)
        content, end = read_to_end(connection)
    server.client.get("/_mock/health")
    entries = [journaled(entry) for number, entry in run_now(server.app.journal.read()) if number >= before]
    dated = "clock_skew" in " ".join((request.fault, *request.rules))
    return {"lines": lines(content, things, dated=dated), "end": end, "journal": entries}


def read_to_end(connection: socket.socket) -> tuple[bytes, str]:
    content = b""
    while True:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return content, "reset"
        except TimeoutError:
            return content, "open"
        if not chunk:
            return content, "closed"
        content += chunk


def lines(content: bytes, things: Mapping[str, Any], *, dated: bool) -> list[str]:
    """Split the bytes into lines. A clip, whose bytes depend on fonts and libraries, becomes the name of its part."""
    for name, clip in things.get("clips", {}).items():
        head, parted, body = content.replace(clip, b"<%s>" % name).partition(b"\r\n\r\n")
        if len(body) > 7 and (start := clip.find(body)) >= 0:
            part = (len(clip) - start, len(clip)) if start > len(clip) // 2 else (start, start + len(body))
            body = b"<%s of half a clip>" % name if len(body) == len(clip) // 2 else b"<%s %d to %d>" % (name, *part)
        size = re.compile(rb"(content-length: )%d\r|%d( bytes)" % (len(clip), len(clip)))
        content = size.sub(lambda match: b"%s<size>%s" % (match[1] or b"", match[2] or b"\r"), head + parted + body)
    for pattern, text in list(UNSTABLE.items())[dated:]:
        content = pattern.sub(text, content)
    return [line.decode("utf-8", "backslashreplace") for line in content.split(b"\r\n")]


def journaled(entry: Any) -> dict[str, Any]:
    """Return a journal entry without the headers and bodies, which the table or the lines contain."""
    return {
        "operation": entry.operation,
        "account": entry.account,
        "status": entry.status,
        "sent": len(entry.request_body),
        "answered": len(entry.response_body),
        "notes": list(entry.notes),
        "faults": list(entry.faults),
        "violations": [violation.fact or violation.field for violation in entry.violations],
    }
