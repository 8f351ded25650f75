"""Faults that change values, envelopes, errors and headers, and clips of another kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.mp4 import movie_facts
from seedmock_contracts.upstreams import get_contract
from seedmock_server.faults.mutations import mutate_body
from seedmock_server.faults.rules import parse_fault

QUERY_A = "/api/v1/video/generations"


def mutated(fault: str, body: Any) -> Any:
    return mutate_body(parse_fault(fault), body, get_contract("apimodels"))


@pytest.mark.parametrize(("fault", "before", "after"), [
    ("other_value field=status to=done", {"status": "SUCCESS"}, {"status": "done"}),
    ("other_value field=status to=done if_value=SUCCESS", {"status": "SUCCESS"}, {"status": "done"}),
    ("other_value field=status to=done if_value=QUEUED", {"status": "SUCCESS"}, None),
    ("other_value field=at factor=1000", {"at": 7}, {"at": 7000}),
    ("other_value field=at factor=1000", {"at": "7"}, None),
    ("other_value field=at to=0.5", {"at": 7}, {"at": 0.5}),
    ("other_value field=on to=false if_value=true", {"on": True}, {"on": False}),
    ("other_value field=urls to=x", {"urls": ["a", "b"]}, {"urls": ["x"]}),
    ("other_value field=items[].id to=x", {"data": {"items": [{"id": 1}, {"id": 2}, 3]}},
     {"data": {"items": [{"id": "x"}, {"id": "x"}, 3]}}),
    ("missing field=id", {"data": [{"id": 1, "a": 2}, {"id": 2}]}, {"data": [{"a": 2}, {}]}),
    ("extra field=trace", {"data": {"id": 1}}, {"data": {"id": 1, "trace": "unexpected"}}),
    ("extra field=trace to=7", {"id": 1}, {"id": 1, "trace": "7"}),
    ("reordered", {"id": 1}, None),
    ("other_envelope form=wrapped", {"id": 1}, {"data": {"id": 1}}),
    ("other_envelope form=bare", {"code": 200, "data": [1]}, [1]),
    ("other_envelope form=bare", {"id": 1}, None),
    ("other_envelope form=detail", {"id": 1}, None),
])  # fmt: skip
def test_mutations_of_a_body(fault: str, before: Any, after: Any) -> None:
    original = json.dumps(before)
    assert mutated(fault, before) == after
    assert json.dumps(before) == original


def test_reordered_reverses_the_order_of_fields() -> None:
    assert list(mutated("reordered", {"data": {"a": 1, "b": 2}})["data"]) == ["b", "a"]


@pytest.mark.parametrize(("upstream", "form", "body"), [
    ("opeai", "flat", {"code": "InvalidEndpointOrModel.NotFound", "message": "x"}),
    ("opeai", "detail", {"detail": "x"}),
    ("opeai", "text", {"error": "x"}),
    ("apimodels", "text", {"error": "x"}),
    ("apimodels", "error", {"error": {"message": "x", "type": "error", "param": None, "code": "400"}}),
    ("apimodels", "flat", {"code": "400", "message": "x"}),
])  # fmt: skip
def test_other_envelope_changes_the_envelope_of_an_error(
    socket_server: Any, upstream: str, form: str, body: Any
) -> None:
    response = socket_server.create(f"other_envelope form={form}", upstream, model="nonesuch").json()
    error = response.get("error")
    message = response.get("detail") or response.get("message") or (error if form == "text" else error["message"])
    assert "nonesuch" in message
    assert json.loads(json.dumps(response).replace(json.dumps(message), '"x"')) == body


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
@pytest.mark.parametrize("form", ["text", "detail", "flat", "error"])
def test_another_envelope_can_be_combined_with_another_refusal(socket_server: Any, upstream: str, form: str) -> None:
    for faults in (f"other_envelope form={form}; other_refusal code=409 to=7 message=no", "other_refusal code=409"):
        response = socket_server.create(faults, upstream, model="nonesuch")
        assert response.status_code == 409
        assert isinstance(response.json(), dict)


@pytest.mark.parametrize(("upstream", "fault", "status", "code"), [
    ("opeai", "other_refusal kind=unknown_model code=400", 400, "InvalidEndpointOrModel.NotFound"),
    ("opeai", "other_refusal to=NoModel", 404, "NoModel"),
    ("opeai", "other_refusal kind=balance to=NoModel", 404, "InvalidEndpointOrModel.NotFound"),
    ("apimodels", "other_refusal code=422", 422, 422),
    ("apimodels", "other_refusal to=40001", 400, 40001),
    ("apimodels", "other_refusal to=NoModel", 400, "NoModel"),
    ("apimodels", "other_refusal message=no", 400, 400),
    ("opeai", "other_refusal message=no", 404, "InvalidEndpointOrModel.NotFound"),
])  # fmt: skip
def test_other_refusal_changes_the_status_or_code_of_an_error(
    socket_server: Any, upstream: str, fault: str, status: int, code: str | int
) -> None:
    response = socket_server.create(fault, upstream, model="nonesuch")
    body = response.json()
    assert (response.status_code, body.get("error", body)["code"]) == (status, code)
    assert ('"no"' in response.text) is ("message" in fault)
    assert socket_server.create(fault, upstream).status_code == 200
    assert socket_server.faults()[-1] == [f"not applied: {fault}"]


def test_errors_before_decoding_are_mutated_too(start_socket_server: Any) -> None:
    socket_server = start_socket_server(keys=("right",))
    socket_server.rule("other_refusal kind=authentication code=403")
    socket_server.rule("other_refusal kind=route_not_found code=400")
    socket_server.rule("other_refusal kind=method_not_allowed code=404")
    assert socket_server.ask("GET", "/v1/videos/cgt-1", key="wrong").status_code == 403
    assert socket_server.ask("GET", "/v1/nowhere", key="right").status_code == 400
    assert socket_server.ask("DELETE", QUERY_A, key="right").status_code == 404
    assert [len(faults) for faults in socket_server.faults()] == [3, 3, 3]


def test_other_status_changes_the_status_of_a_success(socket_server: Any) -> None:
    response = socket_server.create("other_status code=201")
    assert (response.status_code, response.json()["object"]) == (201, "video")
    assert socket_server.create("other_status code=201", model="nonesuch").status_code == 404
    assert socket_server.faults()[-1] == ["not applied: other_status code=201"]


def test_other_header_removes_or_replaces_a_header(socket_server: Any) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    assert "cache-control" in socket_server.ask("GET", path).headers
    assert "cache-control" not in socket_server.ask("GET", path, "other_header name=Cache-Control").headers
    assert socket_server.ask("GET", path, "other_header name=accept-ranges to=none").headers["accept-ranges"] == "none"


def test_other_header_removes_or_replaces_the_headers_that_the_server_adds(socket_server: Any) -> None:
    assert "date" not in socket_server.ask("GET", "/v1/models", "other_header name=Date").headers
    dates = socket_server.ask("GET", "/v1/models", "other_header name=date to=yesterday").headers.get_list("date")
    assert dates == ["yesterday"]


def test_other_header_sends_a_body_without_its_length_in_chunks(socket_server: Any) -> None:
    response = socket_server.ask("GET", "/v1/models", "other_header name=Content-Length")
    assert (response.headers.get("content-length"), response.headers["transfer-encoding"]) == (None, "chunked")
    assert response.json()["data"]


FRAMING = ("Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Trailer", "Content-Encoding", "Server", "Date")


@pytest.mark.parametrize("value", ["", " to=chunked", " to=close", " to=keep-alive", " to=x"])
@pytest.mark.parametrize("name", FRAMING)
def test_other_header_breaks_no_response_in_the_server(socket_server: Any, name: str, value: str) -> None:
    exchange = socket_server.raw_exchange("GET", "/v1/models", f"other_header name={name}{value}")
    assert exchange.written.count(b"HTTP/1.1 200 OK") == 1
    assert b'"object"' in exchange.body or b'"modality"' in exchange.body
    assert exchange.end == "closed"


def test_a_wrong_length_is_stated_where_another_fault_removes_the_header(socket_server: Any) -> None:
    exchange = socket_server.raw_create("other_header name=content-length; wrong_length delta=7", closing=False)
    assert int(exchange.headers[b"content-length"]) == len(exchange.body) + 7


@pytest.mark.parametrize(("how", "range_header", "status", "content_range"), [
    ("shifted", "bytes=0-9", 206, "bytes 1-10/"), ("headerless", "bytes=0-9", 206, None),
    ("open", "bytes=999999999-", 200, None), ("open", "bytes=0-9", 206, "bytes 0-9/"),
])  # fmt: skip
def test_other_range_changes_the_headers_of_a_range(
    socket_server: Any, how: str, range_header: str, status: int, content_range: str | None
) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    response = socket_server.ask("GET", path, f"other_range how={how}", headers={"Range": range_header})
    assert response.status_code == status
    header = response.headers.get("content-range")
    assert header is content_range is None or (header or "").startswith(content_range or "no")


@pytest.mark.parametrize(("what", "changed"), [
    ("sound", {"has_audio", "audio_codec"}), ("frames", {"frames", "seconds"}), ("picture", set()),
    ("codec", {"codec"}),
])  # fmt: skip
def test_other_clip_changes_a_property_of_the_clip(socket_server: Any, what: str, changed: set[str]) -> None:
    path = f"/v1/videos/{socket_server.finished_opeai()}/content"
    original = movie_facts(socket_server.ask("GET", path).content)
    other = movie_facts(socket_server.ask("GET", path, f"other_clip what={what}").content)
    again = movie_facts(socket_server.ask("GET", path, f"other_clip what={what}").content)
    differ = {name for name in original.__struct_fields__ if getattr(original, name) != getattr(other, name)}
    assert differ - {"digest", "size_bytes", "fps"} == changed
    assert original.digest != other.digest == again.digest


def test_other_clip_changes_the_container(socket_server: Any) -> None:
    response = socket_server.ask(
        "GET", f"/v1/videos/{socket_server.finished_opeai()}/content", "other_clip what=container"
    )
    assert response.content.startswith(bytes.fromhex("1a45dfa3"))
    with pytest.raises(InvalidMovie):
        movie_facts(response.content)
