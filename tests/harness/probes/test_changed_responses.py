"""An upstream that keeps its rules and answers otherwise: each change is found, and nothing else is blamed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

SAFE = ["free.auth", "free.unknown", "free.paths", "free.methods", "free.bodies", "free.bases", "free.groups"]
RULED = {"opeai": "free.create.seconds.range", "apimodels": "free.create.duration.range"}


@dataclass(frozen=True)
class Reply:
    """A response as it is passed on."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


Change = Callable[[str, str, Mapping[str, str], Reply], Reply]


def changing(change: Change) -> Callable[[Any], Any]:
    """Change the responses of the emulator on their way."""

    def around(send: Any) -> Any:
        def send_changed(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Reply:
            answer = send(method, url, headers=headers, content=content)
            return change(method, url, headers, Reply(answer.status_code, answer.headers, answer.content))

        return send_changed

    return around


def with_status(status: int, replacement: int) -> Change:
    """Replace a status, and the code in the body where it is the status."""

    def change(method: str, url: str, headers: Mapping[str, str], reply: Reply) -> Reply:
        if reply.status_code != status:
            return reply
        body = json.loads(reply.content)
        if body.get("code") == status:
            body["code"] = replacement
        return Reply(replacement, reply.headers, json.dumps(body).encode())

    return change


def with_code(code: str, replacement: str) -> Change:
    def change(method: str, url: str, headers: Mapping[str, str], reply: Reply) -> Reply:
        return Reply(reply.status_code, reply.headers, reply.content.replace(code.encode(), replacement.encode()))

    return change


def opened(prefix: str) -> Callable[[Any], Any]:
    """Take any key, or none, for the first."""

    def around(send: Any) -> Any:
        def send_changed(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
            return send(method, url, headers={**headers, "authorization": "Bearer sk-first"}, content=content)

        return send_changed

    return around


def run_changed(run_ladder: Any, name: str, change: Change) -> Any:
    return run_ladder(name, only=[*SAFE, RULED[name]], around=changing(change))


def test_without_a_change_there_is_nothing_to_find(name: str, run_ladder: Any) -> None:
    assert run_changed(run_ladder, name, lambda method, url, headers, reply: reply).failed == {}


def test_a_key_that_nobody_asks_for_is_found(name: str, run_ladder: Any) -> None:
    run = run_ladder(name, only=SAFE, around=opened(name))
    assert not run.created_id
    assert f"{name}.auth" in run.unexpected
    allowed = {f"{name}.auth", f"{name}.error.authentication", f"{name}.assets.isolated", f"{name}.groups.list.own"}
    allowed.add(f"{name}.groups.create")  # two keys that are one are given one number

    assert set(run.failed) <= allowed


CASES = [
    ("opeai", with_status(401, 403), "opeai.error.authentication"),
    ("opeai", with_code("AuthenticationError", "Denied"), "opeai.error.authentication"),
    ("opeai", with_code("ResourceNotFound", "NoSuchTask"), "opeai.error.task_not_found"),
    ("opeai", with_status(405, 404), "opeai.error.method_not_allowed"),
    ("opeai", with_status(415, 400), "opeai.error.unsupported_media_type"),
    ("opeai", with_code("InvalidParameter", "BadParameter"), "opeai.error.invalid_parameter"),
    ("opeai", with_code('"BadRequest"', '"Bad"'), "opeai.error.invalid_parameter"),
    ("opeai", with_code("MissingParameter", "Missing"), "opeai.error.missing_parameter"),
    ("opeai", with_code("Invalid URL", "No page"), ""),
    ("apimodels", with_status(401, 403), "apimodels.error.authentication"),
    ("apimodels", with_status(405, 400), "apimodels.error.method_not_allowed"),
    ("apimodels", with_status(415, 422), "apimodels.error.unsupported_media_type"),
    ("apimodels", with_status(400, 422), "apimodels.error.invalid_parameter"),
    ("apimodels", with_status(404, 410), "apimodels.error.task_not_found"),
]


@pytest.mark.parametrize(("name_of", "change", "fact"), CASES)
def test_another_status_or_code_is_found_on_the_error_that_it_is_of(
    name_of: str, change: Change, fact: str, run_ladder: Any
) -> None:
    broken = set(run_changed(run_ladder, name_of, change).failed)
    assert fact in broken if fact else broken == set()
    assert {one for one in broken if ".error." not in one} == set()


def without_allow(method: str, url: str, headers: Mapping[str, str], reply: Reply) -> Reply:
    headers = {name: value for name, value in reply.headers.items() if name != "allow"}
    return Reply(reply.status_code, headers, reply.content)


def test_a_405_that_does_not_tell_the_methods_is_found(name: str, run_ladder: Any) -> None:
    assert set(run_changed(run_ladder, name, without_allow).failed) == {f"{name}.error.method_not_allowed"}


def as_a_page(method: str, url: str, headers: Mapping[str, str], reply: Reply) -> Reply:
    return Reply(reply.status_code, {**reply.headers, "content-type": "text/html"}, b"<html>no</html>")


def test_pages_in_the_place_of_envelopes_are_found(name: str, run_ladder: Any) -> None:
    broken = set(run_changed(run_ladder, name, as_a_page).failed)
    assert f"{name}.error.authentication" in broken or f"{name}.auth" in broken
    assert f"{name}.error.invalid_parameter" in broken


def moved(name: str, path: str) -> Callable[[Any], Any]:
    """An endpoint that stands elsewhere: what is asked of it here is asked of a path that there is not."""

    def around(send: Any) -> Any:
        def send_changed(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
            answer = send(method, url.replace(path, "/elsewhere"), headers=headers, content=content)
            return Reply(answer.status_code, answer.headers, answer.content.replace(b"/elsewhere", path.encode()))

        return send_changed

    return around


@pytest.mark.parametrize(
    ("name_of", "path", "fact"),
    [
        ("opeai", f"/videos/{'seedmock-no-such-id'}/content", "opeai.content"),
        ("apimodels", "/video/generations", "apimodels.create"),
        ("apimodels", "/assets/get", "apimodels.assets.get"),
        ("apimodels", "/balance", "apimodels.balance"),
        ("apimodels", "/records", "apimodels.records"),
    ],
)
def test_an_endpoint_that_has_moved_is_found(name_of: str, path: str, fact: str, run_ladder: Any) -> None:
    run = run_ladder(
        name_of, only=["free.unknown", "free.bases", "free.bodies", "free.groups"], around=moved(name_of, path)
    )
    assert fact in run.failed
    assert not run.created_id


def test_a_question_that_makes_a_task_is_the_last(run_ladder: Any) -> None:
    """Should the reason for refusal be none, the first task ends the run, and the violated rule is named."""

    def around(send: Any) -> Any:
        def send_changed(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
            if method != "POST" or b'"seconds"' not in content or "authorization" not in headers:
                return send(method, url, headers=headers, content=content)
            good = {"model": "seedance-2-0", "prompt": "A kite.", "size": "1280x720", "seconds": "4"}
            return send(method, url, headers=headers, content=json.dumps(good).encode())

        return send_changed

    run = run_ladder("opeai", only=["free.create.seconds.range"], around=around)
    assert run.created_id.startswith("cgt-")
    assert len(run.interactions) == 1
    assert run.unexpected == {"opeai.reference.audio.anchored"}
