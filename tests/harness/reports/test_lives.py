"""What is drawn of a life: all that its owner said of it, in the order in which it was said."""

from __future__ import annotations

import json
from typing import Any

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History
from seedmock_harness.reports.http_text import answered
from seedmock_harness.reports.timeline import Drawn, Event, Mark, Tone, lives, runs
from seedmock_harness.reports.timeline_layout import MOST_MARKS, picture


def said(upstream: str, *told: tuple[str, str, str, Any, Any]) -> History:
    """A conversation: operation, caller, method and path, what was sent, and what was answered, a second apart."""
    conversation = History(get_contract(upstream))
    for at, (operation, caller, asked, sent, answer) in enumerate(told):
        method, path = asked.split()
        request = Request(method, path, body=json.dumps(sent) if sent else "")
        response = answer if isinstance(answer, Response) else Response(200, body=json.dumps(answer))
        exchange = Exchange(operation, request, response, caller, float(at))
        conversation.add(conversation.interaction(exchange))
    return conversation


def test_an_asset_has_a_life_in_its_own_words() -> None:
    sent = {"url": "https://example.com/face.png", "asset_type": "Image", "name": "lead", "group_id": 1}
    (drawn,) = lives(
        said(
            "apimodels",
            ("asset_create", "first", "POST /api/v1/assets", sent, {"code": 200, "data": {"id": "asset-1"}}),
            (
                *("asset_get", "first", "POST /api/v1/assets/get", {"id": "asset-1"}),
                {"code": 200, "data": {"id": "asset-1", "status": "Active"}},
            ),
            ("asset_delete", "first", "POST /api/v1/assets/delete", {"id": "asset-1"}, {"code": 200, "data": None}),
        )
    )
    assert (drawn.title, drawn.about, drawn.end) == ("asset-1", "an asset", "it was deleted")
    assert [(event.mark, event.tone, event.word) for event in drawn.events] == [
        (Mark.ORDER, Tone.UNKNOWN, ""),
        (Mark.POLL, Tone.SUCCESS, "Active"),
        (Mark.OTHER, Tone.UNKNOWN, ""),
    ]


def test_what_another_key_asks_is_no_part_of_a_life_and_an_early_look_at_the_content_is() -> None:
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
    (drawn,) = lives(
        said(
            "opeai",
            ("create", "first", "POST /v1/videos", {"size": 7}, {"id": "cgt-1", "status": "queued"}),
            ("query", "second", "GET /v1/videos/cgt-1", None, Response(404)),
            ("content", "first", "GET /v1/videos/cgt-1/content", None, Response(400)),
            ("content", "first", "GET /v1/videos/cgt-1/content", None, Response(503)),
            ("content", "first", "GET /v1/videos/cgt-1/content", None, Response(200, media=clip)),
        )
    )
    assert (drawn.about, drawn.end) == ("an order that breaks a rule", "it did not come to its end")
    assert [(event.tone, event.code) for event in drawn.events] == [
        (Tone.QUEUED, "200"),
        (Tone.REFUSED, "400"),
        (Tone.TROUBLE, "503"),
        (Tone.SUCCESS, "200"),
    ]
    assert drawn.events[-1].says == "content: HTTP 200, mp4, avc1, 864x496, 4.00 s, 96 frames, no sound, 1000 bytes"


def test_of_very_many_polls_some_are_drawn_and_all_are_told() -> None:
    events = [Event(float(at), Mark.POLL, Tone.RUNNING, "IN_PROGRESS", "query: HTTP 200", "200") for at in range(5000)]
    order = Event(0.0, Mark.ORDER, Tone.QUEUED, "queued", "create: HTTP 200", "200")
    whole = picture(Drawn("cgt-1", "", "", (order, *events)))
    assert len(whole.points) <= MOST_MARKS + 1
    assert whole.points[0].mark is Mark.ORDER
    assert [run.count for run in runs((order, *events))] == [1, 5000]
    assert [band.word for band in whole.bands] == ["queued", "IN_PROGRESS"]


def test_a_life_without_a_call_is_empty_and_no_trouble() -> None:
    whole = picture(Drawn("one", "", "nothing was sent", ()))
    assert (whole.points, whole.bands, whole.label) == ((), (), "one: 0 calls in 0 s; nothing was sent")


def test_an_answer_that_never_came_says_so() -> None:
    assert answered(Exchange("query", Request("GET", "/v1/videos/x"), Response(0))) == "no answer"
