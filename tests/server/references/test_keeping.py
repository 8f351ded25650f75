"""Sources: content kept once, posted files, and the room on disk."""

import asyncio
import io
import os
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PIL import Image

from seedmock_contracts.facts import MediaFacts
from seedmock_server.http.url_policy import FetchError, FetchFailure
from seedmock_server.media import probe
from seedmock_server.references.files import MeasuredFile, PublishedFile, ReferenceFiles

T = TypeVar("T")
OWN = "http://mock.test:8000"


def picture(shade: int = 0) -> bytes:
    """Pictures of the same number of bytes for every shade."""
    target = io.BytesIO()
    Image.new("L", (4, 3), shade).save(target, "BMP")
    return target.getvalue()


SIZE = len(picture())


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def kept(sources: ReferenceFiles, *shades: int) -> list[MeasuredFile]:
    return [await sources.store(picture(shade)) for shade in shades]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry per measurement: whether it ran on the thread of the loop."""
    told: list[bool] = []
    measure = probe.measure

    def counting(path: Path) -> MediaFacts:
        told.append(threading.current_thread() is threading.main_thread())
        return measure(path)

    monkeypatch.setattr(probe, "measure", counting)
    return told


def test_content_is_a_file_that_is_named_by_its_digest(tmp_path: Path) -> None:
    [found] = run(kept(ReferenceFiles(tmp_path / "new" / "folder"), 7))
    assert found.source.path.read_bytes() == picture(7)
    assert found.source.path.name == found.source.digest
    assert found.facts.size_bytes == SIZE


def test_the_same_content_is_measured_once_and_off_the_loop(tmp_path: Path, measured: list[bool]) -> None:
    first, second = run(kept(ReferenceFiles(tmp_path), 7, 7))
    assert first == second
    assert measured == [False]


def test_requests_that_keep_the_same_content_at_once_share_the_work(tmp_path: Path, measured: list[bool]) -> None:
    async def main() -> list[MeasuredFile]:
        sources = ReferenceFiles(tmp_path)
        return await asyncio.gather(*(sources.store(picture()) for _ in range(20)))

    assert len({found.source for found in run(main())}) == 1
    assert len(measured) == 1
    assert len(names(tmp_path)) == 1


def test_one_of_them_may_hang_up_and_the_others_are_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    measure = probe.measure

    def waiting(path: Path) -> MediaFacts:
        begun.set()
        go_on.wait(10)
        return measure(path)

    monkeypatch.setattr(probe, "measure", waiting)

    async def main() -> MeasuredFile:
        sources = ReferenceFiles(tmp_path)
        gone, stays = (asyncio.create_task(sources.store(picture())) for _ in range(2))
        await asyncio.to_thread(begun.wait, 10)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        go_on.set()
        return await stays

    assert run(main()).source.path.exists()


def test_a_refusal_that_nobody_waits_for_is_forgotten_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def refusing(path: Path) -> MediaFacts:
        begun.set()
        raise probe.UnreadableMedia("no")

    monkeypatch.setattr(probe, "measure", refusing)

    async def main() -> list[Any]:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        sources = ReferenceFiles(tmp_path)
        gone = asyncio.create_task(sources.store(picture()))
        await asyncio.sleep(0)
        while not sources._keeping:
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        while sources._keeping:
            await asyncio.sleep(0.001)
        return told

    assert run(main()) == []
    assert begun.is_set()
    assert names(tmp_path) == set()


def test_work_that_the_end_of_the_loop_cuts_short_leaves_nothing_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    told: list[Any] = []

    def waiting(path: Path) -> MediaFacts:
        go_on.wait(10)
        raise probe.UnreadableMedia("no")

    monkeypatch.setattr(probe, "measure", waiting)
    sources = ReferenceFiles(tmp_path)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        work = asyncio.create_task(sources.store(picture()))
        while not names(tmp_path):
            await asyncio.sleep(0.001)
        work.cancel()
        loop.call_later(0.05, go_on.set)

    run(main())
    assert told == []
    assert not sources._keeping
    assert names(tmp_path) == set()


def test_a_refusal_does_not_say_where_the_server_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(path: Path) -> MediaFacts:
        raise probe.UnreadableMedia(f"{path.resolve()} is broken")

    monkeypatch.setattr(probe, "measure", refusing)
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FetchError, match="not media: it is broken"):
        run(kept(ReferenceFiles(tmp_path / "link"), 1))


def test_content_over_the_limit_is_refused_and_content_of_the_limit_is_not(tmp_path: Path) -> None:
    run(kept(ReferenceFiles(tmp_path, limit_bytes=SIZE), 1))
    with pytest.raises(FetchError, match=f"has {SIZE} bytes or more; allowed: at most {SIZE - 1}") as caught:
        run(kept(ReferenceFiles(tmp_path, limit_bytes=SIZE - 1), 1))
    assert caught.value.reason is FetchFailure.TOO_LARGE


def test_what_was_not_used_for_long_makes_room(tmp_path: Path) -> None:
    async def main() -> tuple[list[MeasuredFile], MeasuredFile]:
        sources = ReferenceFiles(tmp_path, total_bytes=2 * SIZE)
        old = await kept(sources, 1, 2, 1)
        return old, await sources.store(picture(3))

    (first, second, _), third = run(main())
    assert names(tmp_path) == {first.source.digest, third.source.digest}
    assert not second.source.path.exists()


def test_posted_files_go_last(tmp_path: Path) -> None:
    async def main() -> tuple[PublishedFile | None, PublishedFile | None]:
        sources = ReferenceFiles(tmp_path, total_bytes=2 * SIZE)
        posted, _ = await kept(sources, 1, 2)
        sources.publish("token", posted, "cat.bmp", 10.0)
        await kept(sources, 3)
        stays = sources.find_published("token", 0.0)
        sources.publish("other", (await kept(sources, 3))[0], "dog.bmp", 10.0)
        await kept(sources, 4)
        return stays, sources.find_published("token", 0.0)

    stays, gone = run(main())
    assert stays is not None
    assert gone is None


def test_content_that_an_empty_folder_could_not_hold_is_refused_and_throws_nothing_out(tmp_path: Path) -> None:
    async def main() -> None:
        sources = ReferenceFiles(tmp_path, total_bytes=SIZE + 1)
        await kept(sources, 1)
        with pytest.raises(FetchError, match=f"has {2 * SIZE} bytes; there is room for {SIZE + 1}") as caught:
            await sources.store(picture() * 2)
        assert caught.value.reason is FetchFailure.TOO_LARGE

    run(main())
    assert len(names(tmp_path)) == 1


def test_what_is_being_kept_holds_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Barrier(3), threading.Event()
    measure = probe.measure

    def waiting(path: Path) -> MediaFacts:
        begun.wait(10)
        go_on.wait(10)
        return measure(path)

    async def main() -> None:
        sources = ReferenceFiles(tmp_path, total_bytes=2 * SIZE)
        monkeypatch.setattr(probe, "measure", waiting)
        work = [asyncio.create_task(sources.store(picture(shade))) for shade in (1, 2)]
        await asyncio.to_thread(begun.wait, 10)
        with pytest.raises(FetchError, match=f"has {SIZE} bytes; there is room for 0"):
            await sources.store(picture(3))
        go_on.set()
        await asyncio.gather(*work)
        monkeypatch.setattr(probe, "measure", measure)
        await kept(sources, 4, 5)

    run(main())
    assert len(names(tmp_path)) == 2


def test_refused_content_gives_its_room_back(tmp_path: Path) -> None:
    async def main() -> None:
        sources = ReferenceFiles(tmp_path, total_bytes=SIZE)
        for _ in range(3):
            with pytest.raises(FetchError, match="not media"):
                await sources.store(b"x" * SIZE)
        await kept(sources, 1)

    run(main())


def test_the_files_of_an_earlier_run_count_and_the_oldest_go_first(tmp_path: Path) -> None:
    old, young = run(kept(ReferenceFiles(tmp_path), 1, 2))
    os.utime(old.source.path, (10**9, 10**9))
    run(kept(ReferenceFiles(tmp_path, total_bytes=2 * SIZE), 3))
    assert young.source.path.exists()
    assert not old.source.path.exists()


def test_the_content_of_an_earlier_run_is_kept_again_without_counting_twice(
    tmp_path: Path, measured: list[bool]
) -> None:
    run(kept(ReferenceFiles(tmp_path), 1, 2))
    run(kept(ReferenceFiles(tmp_path, total_bytes=3 * SIZE), 1, 3, 1))
    assert len(names(tmp_path)) == 3
    assert len(measured) == 4


def test_a_later_run_knows_what_was_used_last(tmp_path: Path) -> None:
    async def main() -> list[MeasuredFile]:
        sources = ReferenceFiles(tmp_path)
        found = await kept(sources, 1, 2)
        for age, one in enumerate(found):
            os.utime(one.source.path, (10**9 + age, 10**9 + age))
        return found + await kept(sources, 1)

    first, second, _ = run(main())
    run(kept(ReferenceFiles(tmp_path, total_bytes=2 * SIZE), 3))
    assert first.source.path.exists()
    assert not second.source.path.exists()


def test_a_file_that_was_removed_from_outside_is_kept_anew(tmp_path: Path) -> None:
    async def main() -> None:
        sources = ReferenceFiles(tmp_path, total_bytes=SIZE)
        [found] = await kept(sources, 1)
        sources.publish("token", found, "cat.bmp", 10.0)
        found.source.path.unlink()
        assert sources.find_published("token", 0.0) is None
        [again] = await kept(sources, 1)
        assert again.source.path.read_bytes() == picture(1)
        assert sources.find_published("token", 0.0) is not None

    run(main())


def test_only_what_a_crash_left_unfinished_long_ago_is_swept(tmp_path: Path) -> None:
    stale, fresh, foreign = (tmp_path / name for name in ("part-stale", "part-fresh", "notes.txt"))
    for path in (stale, fresh, foreign):
        path.write_bytes(b"x")
    os.utime(stale, (10**9, 10**9))
    os.utime(foreign, (10**9, 10**9))
    os.utime(tmp_path, (10**9, 10**9))
    ReferenceFiles(tmp_path)
    assert names(tmp_path) == {"part-fresh", "notes.txt"}


def test_a_posted_file_is_there_until_its_time_is_over(tmp_path: Path) -> None:
    sources = ReferenceFiles(tmp_path)
    [found] = run(kept(sources, 1))
    sources.publish("token", found, "cat.bmp", 10.0)
    assert sources.find_published("token", 9.9) == PublishedFile(found, "cat.bmp", 10.0)
    assert sources.find_published("token", 10.0) is None
    assert sources.find_published("token", 9.9) is not None
    assert sources.find_published("other", 0.0) is None


def test_the_first_of_very_many_tokens_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedmock_server.references.files.TOKENS", 2)
    sources = ReferenceFiles(tmp_path)
    [found] = run(kept(sources, 1))
    for token in "abc":
        sources.publish(token, found, "cat.bmp", 10.0)
    assert [token for token in "abc" if sources.find_published(token, 0.0)] == ["b", "c"]


async def asked(folder: Path, url: str, own_origin: str = OWN, now: float = 0.0) -> MeasuredFile | None:
    sources = ReferenceFiles(folder)
    sources.publish("token", await sources.store(picture()), "cat.bmp", 10.0)
    return await sources.read(url, own_origin=own_origin, now=now)


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        (OWN, f"{OWN}/_mock/files/token/cat.bmp"),
        (OWN, " HTTP://MOCK.test:8000/_mock/files/token?x=1#y "),
        (OWN, "http://127.0.0.1:8000/_mock/files/token/cat.bmp"),
        (OWN, "http://localhost:8000/_mock/files/token/cat.bmp"),
        (OWN, "http://[::1]:8000/_mock/files/token/cat.bmp"),
        (OWN, "http://[::ffff:127.0.0.1]:8000/_mock/files/token/cat.bmp"),
        ("http://localhost", "http://127.0.0.1:80/_mock/files/token/cat.bmp"),
        ("https://mock.test:443", "https://mock.test/_mock/files/token/cat.bmp"),
    ],
)
def test_a_posted_file_is_read_by_each_spelling_of_its_link(tmp_path: Path, origin: str, url: str) -> None:
    found = run(asked(tmp_path, url, origin))
    assert found is not None
    assert found.source.path.read_bytes() == picture()


@pytest.mark.parametrize("path", ["other/cat.bmp", "", "token%2Fx/cat.bmp"])
def test_a_link_to_a_file_that_was_never_posted_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(FetchError, match="unknown or has expired") as caught:
        run(asked(tmp_path, f"{OWN}/_mock/files/{path}"))
    assert caught.value.reason is FetchFailure.UNREACHABLE


def test_an_expired_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="unknown or has expired"):
        run(asked(tmp_path, f"{OWN}/_mock/files/token/cat.bmp", now=10.0))


@pytest.mark.parametrize(
    "url",
    [
        "http://mock.test:8001/_mock/files/token/cat.bmp",
        "https://mock.test:8000/_mock/files/token/cat.bmp",
        "http://other.test:8000/_mock/files/token/cat.bmp",
        "http://127.0.0.1:8001/_mock/files/token/cat.bmp",
        "http://mock.test:99999/_mock/files/token/cat.bmp",
        "http://[/_mock/files/token/cat.bmp",
        "http://mock.test:8000/files/token/cat.bmp",
        "https://example.com/cat.png",
        "http://127.0.0.1/cat.png",
        "ftp://example.com/cat.png",
        "",
    ],
)
def test_whatever_else_can_not_be_known_without_a_policy_to_fetch(tmp_path: Path, url: str) -> None:
    assert run(asked(tmp_path, url)) is None
