"""Create of opeai as multipart/form-data: what SDKs send, and the same rules as for JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.rules.rule import Rule
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import condition

CONTRACT = get_contract("opeai")
FORMS = Path(__file__).parents[3] / "fixtures" / "opeai" / "forms"
ORDER = {"model": "seedance-2-0-fast", "prompt": "Kites \u96ea", "size": "640x640", "seconds": "4"}


def parts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Return a document in bracket notation, a list item by item."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from parts(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner, f"{name}[]")
    elif value is not None:
        yield name, {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def grouped(value: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the same key by key, as openai-python sends it."""
    plain = list(parts(value))
    names = list(dict.fromkeys(name for name, _ in plain))
    return sorted(plain, key=lambda pair: names.index(pair[0]))


def post(server: Any, pairs: Any, files: Any = ()) -> httpx.Response:
    texts = [(name, (None, value.encode())) for name, value in pairs]
    response: httpx.Response = server.post("/v1/videos", files=[*texts, *files])
    return response


def caught(name: str, *more: tuple[str, str], picture: bytes = b"") -> dict[str, Any]:
    """Return the body and headers that an SDK sent, with more parts and a real image in its file."""
    head, _, body = (FORMS / f"{name}.bin").read_bytes().partition(b"\r\n\r\n")
    start = body.partition(b"\r\n")[0]
    added = b"".join(
        b'%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (start, key.encode(), value.encode())
        for key, value in more
        if b'name="%s"' % key.encode() not in body
    )
    if picture:
        before, _, after = body.partition(b"Content-Type: image/png\r\n\r\n")
        body = before + b"Content-Type: image/png\r\n\r\n" + picture + b"\r\n" + start + b"--\r\n"
        assert after
    return {"content": added + body, "headers": {"Content-Type": head.decode().partition(":")[2].strip()}}


SIZE, SECONDS = ("size", "640x640"), ("seconds", "4")


@pytest.mark.parametrize("sdk", ["node", "python"])
@pytest.mark.parametrize(("form", "more"), [("plain", ()), ("references", (SIZE,)), ("file", (SIZE,))])
def test_a_form_as_an_sdk_sends_it_makes_a_task(
    shared_server: Any, picture: Callable[..., bytes], sdk: str, form: str, more: tuple[tuple[str, str], ...]
) -> None:
    sent = caught(f"{sdk}-{form}", *more, picture=picture() if form == "file" else b"")
    response = shared_server.post("/v1/videos", **sent)
    assert response.status_code == 200, response.text
    assert list(response.json()) == ["id", "task_id", "object", "model", "status", "created_at"]
    assert shared_server.query_opeai(response.json()["id"])["status"] == "SUCCESS"


@pytest.mark.parametrize("sdk", ["node", "python"])
@pytest.mark.parametrize(
    ("form", "more", "param"),
    [
        ("file", (), "size"),
        ("some-roles", (SIZE, SECONDS), "input_reference"),
        ("file", (SIZE,), "input_reference"),
    ],
)
def test_a_form_as_an_sdk_sends_it_is_validated(
    shared_server: Any, sdk: str, form: str, more: tuple[tuple[str, str], ...], param: str
) -> None:
    response = shared_server.post("/v1/videos", **caught(f"{sdk}-{form}", *more))
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"].startswith(param)


REFERENCES = {
    "content": [
        {"type": "image_url", "role": "reference_image", "image_url": {"url": "https://media.example.org/1.png"}},
        {"type": "video_url", "role": "reference_video", "video_url": {"url": "https://media.example.org/2.mp4"}},
        {"type": "image_url", "role": "reference_image", "image_url": {"url": "https://media.example.org/3.png"}},
        {"type": "audio_url", "role": "reference_audio", "audio_url": {"url": "https://media.example.org/4.mp3"}},
    ]
}


@pytest.mark.parametrize("order", [parts, grouped], ids=["item by item", "key by key"])
def test_a_form_makes_the_clip_that_the_same_json_makes(in_process_server: Any, order: Callable[[Any], Any]) -> None:
    document = {**ORDER, "generate_audio": False, "seed": 3, "input_reference": REFERENCES}
    by_form, by_json = post(in_process_server, order(document)), in_process_server.post("/v1/videos", document)
    queries = [in_process_server.query_opeai(response.json()["id"]) for response in (by_form, by_json)]
    assert {**queries[0], "id": ""} == {**queries[1], "id": ""}
    tags = {in_process_server.get(f"/v1/videos/{query['id']}/content").headers["etag"] for query in queries}
    assert len(tags) == 1


RULES = [pytest.param(rule, id=f"{rule.fact.id}-{type(rule).__name__}") for rule in CONTRACT.rules[Operation.CREATE]]


@pytest.mark.parametrize("rule", RULES)
def test_a_form_that_breaks_a_rule_is_refused_as_the_json_is(start_shared_server: Any, rule: Rule) -> None:
    server = start_shared_server(variants=dict([variant] if (variant := condition(rule)) else []))
    broken = rule.violating_document(CONTRACT.example(Operation.CREATE, rule), CONTRACT.request.layout)
    by_form, by_json = post(server, parts(broken)), server.post("/v1/videos", broken)
    assert by_json.status_code >= 400
    assert by_form.status_code == by_json.status_code, by_form.text
    for name in ("code", "type", "param"):
        assert by_form.json()["error"][name] == by_json.json()["error"][name]


@pytest.mark.parametrize(("field", "text"), [("generate_audio", "yes"), ("seed", "seven"), ("seed", "4.5")])
def test_texts_that_are_not_booleans_or_integers_are_rejected(in_process_server: Any, field: str, text: str) -> None:
    response = post(in_process_server, [*ORDER.items(), (field, text)])
    assert (response.status_code, response.json()["error"]["param"]) == (400, field)
    assert text in response.json()["error"]["message"]


def test_booleans_and_integers_are_parsed_from_texts(in_process_server: Any, watch: Callable[[bytes], Any]) -> None:
    silent = post(in_process_server, [*ORDER.items(), ("generate_audio", "False"), ("seed", " 3 ")]).json()["id"]
    clip = in_process_server.get(f"/v1/videos/{silent}/content")
    assert not watch(clip.content)["audio"]
    same = in_process_server.post("/v1/videos", {**ORDER, "generate_audio": False, "seed": 3}).json()["id"]
    assert clip.headers["etag"] == in_process_server.get(f"/v1/videos/{same}/content").headers["etag"]


def test_a_file_part_is_the_first_frame(
    shared_server: Any, picture: Callable[..., bytes], watch: Callable[[bytes], dict[str, Any]]
) -> None:
    file = ("input_reference", ("input_reference.png", picture("blue"), "image/png"))
    response = post(shared_server, [*ORDER.items(), ("generate_audio", "false"), ("seed", "3")], [file])
    assert response.status_code == 200, response.text
    video = watch(shared_server.get(f"/v1/videos/{response.json()['id']}/content").content)
    red, green, blue = video["first"].getpixel((320, 320))
    assert (red < 40, green < 40, blue > 200) == (True, True, True)


def test_a_file_part_that_is_not_an_image_is_rejected(in_process_server: Any) -> None:
    file = ("input_reference", ("input_reference.png", b"not a picture", "image/png"))
    response = post(in_process_server, ORDER.items(), [file])
    assert response.status_code == 400
    assert response.json()["error"]["param"].startswith("input_reference")


def test_a_file_part_beside_references_is_refused_like_a_frame_beside_references(
    in_process_server: Any, picture: Callable[..., bytes]
) -> None:
    file = ("input_reference", ("input_reference.png", picture(), "image/png"))
    response = post(in_process_server, parts({**ORDER, "input_reference": REFERENCES}), [file])
    assert response.status_code == 400
    assert "frame" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "name",
    ["input_reference[", "a]b", "[x]", "", "x" * 500, "a" + "[b]" * 50, "size[x]", "input_reference[content][3]"],
)
def test_a_hostile_part_name_is_a_400(shared_server: Any, name: str) -> None:
    response = post(shared_server, [*ORDER.items(), (name, "x")])
    assert response.status_code == 400, response.text
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_form_bytes_under_a_json_type_are_malformed_json(in_process_server: Any) -> None:
    body = httpx.Request("POST", "http://x", files=[("model", (None, "seedance-2-0"))]).read()
    response = in_process_server.post("/v1/videos", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert "line 1, column 1" in response.json()["error"]["message"]


def test_json_bytes_under_a_form_type_are_a_malformed_form(in_process_server: Any) -> None:
    kinds = ("multipart/form-data", "multipart/form-data; boundary=x")
    for kind in kinds:
        response = in_process_server.post("/v1/videos", content=json.dumps(ORDER), headers={"Content-Type": kind})
        assert response.status_code == 400
