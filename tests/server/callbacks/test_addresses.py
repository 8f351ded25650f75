"""Addresses to which callbacks are posted, and those that are rejected."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


@pytest.mark.parametrize("policy", ["none", "loopback", "public"])
@pytest.mark.parametrize(
    "url", ["http://192.0.2.7/told", "https://example.com/told", "http://10.0.0.1:9/told", "http://[fd00::1]/told"]
)
def test_only_this_machine_is_called_by_default(run: Any, policy: str, url: str, monkeypatch: Any) -> None:
    looked_up = []

    async def looking(self: Any, host: str, *more: Any, **others: Any) -> Any:
        looked_up.append(host)
        raise OSError("no names in this test")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", looking)

    async def play(emulator: Any) -> None:
        await emulator.order(url)
        assert await emulator.pass_time(2) == 1
        (entry,) = emulator.posts()
        assert entry["status"] == 0
        if policy == "public":
            private = "example.com" not in url
            assert ("private/reserved" in entry["notes"][1]) is private
            assert (await emulator.pass_time(1) == 0) is private
        else:
            assert entry["notes"][1].startswith("not sent: callbacks are ")
            assert ("--callbacks public" in entry["notes"][1]) is (policy == "loopback")
            assert await emulator.pass_time(7200) == 0

    run(play, callbacks=policy)
    assert bool(looked_up) is (policy == "public" and "example.com" in url)


@pytest.mark.parametrize("policy", ["none", "public"])
def test_names_that_only_resemble_loopback_are_not_called(run: Any, receiver: Any, policy: str) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        assert await emulator.pass_time(7200) == 1

    run(play, callbacks=policy)
    assert receiver.calls == []


def test_localhost_is_this_machine(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url.replace("127.0.0.1", "localhost"))
        await emulator.pass_time(2)
        assert [entry["status"] for entry in emulator.posts()] == [200]

    run(play)
    assert receiver.calls[0][2]["Host"].startswith("localhost:")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "told", "https://", "asset://asset-1", "data:,x", ""])
@pytest.mark.parametrize("upscales", [False, True], ids=["create", "upscale"])
def test_a_callback_url_that_is_not_http_is_a_400(run: Any, url: str, upscales: bool) -> None:
    async def play(emulator: Any) -> None:
        response = await emulator.create(url, upscales=upscales)
        assert (response.status_code, response.json()["code"]) == (400, 400)
        assert response.json()["msg"].startswith("callback_url is ")
        assert response.headers["X-Mock-Basis"] == "assumed"

    run(play)


@pytest.mark.parametrize("url", ["http://secret@127.0.0.1/", "http://127.0.0.1:99999/x", "http://127.0.0.1:x/"])
def test_a_url_that_can_never_be_posted_to_is_tried_once(run: Any, url: str) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(url)
        assert await emulator.pass_time(7200) == 1
        assert emulator.posts()[0]["status"] == 0
        assert "secret" not in emulator.posts()[0]["notes"][1]

    run(play)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x?next=https://me:pa55@example.com", "http://pa55@127.0.0.1:1/x"])
def test_users_and_passwords_stand_in_no_journal_entry_of_a_callback(run: Any, url: str) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(url)
        await emulator.pass_time(10)
        posts = emulator.posts()
        assert posts
        assert all("***" in post["path"] + post["query"] and "pa55" not in str(post) for post in posts)

    run(play)
