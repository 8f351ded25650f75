"""Timelines: every call of the owner of a task or asset, in order."""

from __future__ import annotations

import json
from typing import Any

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History
from seedmock_harness.reports.http_text import format_response
from seedmock_harness.reports.timeline import CallKind, Event, Timeline, Tone, group_repeated, task_timelines
from seedmock_harness.reports.timeline_layout import MAX_POINTS, lay_out


def history_of(upstream: str, *calls: tuple[str, str, str, Any, Any]) -> History:
    """Create a history from operation, caller, request line, document and response, a second apart."""
    history = History(get_contract(upstream))
    for at, (operation, caller, request_line, document, answer) in enumerate(calls):
        method, path = request_line.split()
        request = Request(method, path, body=json.dumps(document) if document else "")
        response = answer if isinstance(answer, Response) else Response(200, body=json.dumps(answer))
        exchange = Exchange(operation, request, response, caller, float(at))
        history.add(history.interaction(exchange))
    return history


def test_timeline_of_an_asset_has_its_own_statuses() -> None:
    document = {"url": "https://example.com/face.png", "asset_type": "Image", "name": "lead", "group_id": 1}
    history = history_of(
        "apimodels",
        ("asset_create", "first", "POST /api/v1/assets", document, {"code": 200, "data": {"id": "asset-1"}}),
        (
            *("asset_get", "first", "POST /api/v1/assets/get", {"id": "asset-1"}),
            {"code": 200, "data": {"id": "asset-1", "status": "Active"}},
        ),
        ("asset_delete", "first", "POST /api/v1/assets/delete", {"id": "asset-1"}, {"code": 200, "data": None}),
    )
    (timeline,) = task_timelines(history)
    assert (timeline.title, timeline.subject, timeline.result) == ("asset-1", "an asset", "it was deleted")
    assert [(event.kind, event.tone, event.raw_status) for event in timeline.events] == [
        (CallKind.ORDER, Tone.UNKNOWN, ""),
        (CallKind.POLL, Tone.SUCCESS, "Active"),
        (CallKind.OTHER, Tone.UNKNOWN, ""),
    ]


def test_timeline_has_early_content_requests_but_no_calls_of_other_keys() -> None:
    clip = MediaFacts(
        kind=MediaKind.VIDEO,
        size_bytes=1000,
        format="mp4",
        seconds=4.0,
        width=864,
        height=496,
        codec="avc1",
        frames=96,
    )
    history = history_of(
        "opeai",
        ("create", "first", "POST /v1/videos", {"size": 7}, {"id": "cgt-1", "status": "queued"}),
        ("query", "second", "GET /v1/videos/cgt-1", None, Response(404)),
        ("content", "first", "GET /v1/videos/cgt-1/content", None, Response(400)),
        ("content", "first", "GET /v1/videos/cgt-1/content", None, Response(503)),
        ("content", "first", "GET /v1/videos/cgt-1/content", None, Response(200, media=clip)),
    )
    (timeline,) = task_timelines(history)
    assert (timeline.subject, timeline.result) == ("an order that breaks a rule", "it has not ended")
    assert [(event.tone, event.code) for event in timeline.events] == [
        (Tone.QUEUED, "200"),
        (Tone.REJECTED, "400"),
        (Tone.SERVER_ERROR, "503"),
        (Tone.SUCCESS, "200"),
    ]
    description = "content: HTTP 200, mp4, avc1, 864x496, 4.00 s, 96 frames, no audio, 1000 bytes"
    assert timeline.events[-1].description == description


def test_layout_thins_out_thousands_of_polls() -> None:
    polls = [
        Event(float(at), CallKind.POLL, Tone.RUNNING, "IN_PROGRESS", "query: HTTP 200", "200") for at in range(5000)
    ]
    order = Event(0.0, CallKind.ORDER, Tone.QUEUED, "queued", "create: HTTP 200", "200")
    layout = lay_out(Timeline("cgt-1", "", "", (order, *polls)))
    assert len(layout.points) <= MAX_POINTS + 1
    assert layout.points[0].kind is CallKind.ORDER
    assert [group.count for group in group_repeated((order, *polls))] == [1, 5000]
    assert [band.raw_status for band in layout.bands] == ["queued", "IN_PROGRESS"]


def test_layout_of_an_empty_timeline() -> None:
    layout = lay_out(Timeline("one", "", "nothing was sent", ()))
    assert (layout.points, layout.bands, layout.label) == ((), (), "one: 0 calls in 0 s; nothing was sent")


def test_missing_response_is_described() -> None:
    assert format_response(Exchange("query", Request("GET", "/v1/videos/x"), Response(0))) == "no response"
