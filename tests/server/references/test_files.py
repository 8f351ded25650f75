"""Files of references: stored once, uploads, and the space on disk."""

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

Result = TypeVar("Result")
OWN_ORIGIN = "http://mock.test:8000"


def image(shade: int = 0) -> bytes:
    """A small image, of the same number of bytes for every shade."""
    target = io.BytesIO()
    Image.new("L", (4, 3), shade).save(target, "BMP")
    return target.getvalue()


IMAGE_BYTES = len(image())


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


async def store(files: ReferenceFiles, *shades: int) -> list[MeasuredFile]:
    return [await files.store(image(shade)) for shade in shades]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each measurement: True if it ran on the thread of the event loop."""
    on_main_thread: list[bool] = []
    measure = probe.measure

    def counting(path: Path) -> MediaFacts:
        on_main_thread.append(threading.current_thread() is threading.main_thread())
        return measure(path)

    monkeypatch.setattr(probe, "measure", counting)
    return on_main_thread


def test_a_stored_file_is_named_by_its_digest(tmp_path: Path) -> None:
    [file] = run(store(ReferenceFiles(tmp_path / "new" / "folder"), 7))
    assert file.source.path.read_bytes() == image(7)
    assert file.source.path.name == file.source.digest
    assert file.facts.size_bytes == IMAGE_BYTES


def test_the_same_content_is_measured_once_and_off_the_loop(tmp_path: Path, measured: list[bool]) -> None:
    first, second = run(store(ReferenceFiles(tmp_path), 7, 7))
    assert first == second
    assert measured == [False]


def test_concurrent_stores_of_the_same_content_share_the_work(tmp_path: Path, measured: list[bool]) -> None:
    async def main() -> list[MeasuredFile]:
        files = ReferenceFiles(tmp_path)
        return await asyncio.gather(*(files.store(image()) for _ in range(20)))

    assert len({file.source for file in run(main())}) == 1
    assert len(measured) == 1
    assert len(names(tmp_path)) == 1


def test_cancelling_one_store_does_not_cancel_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Event(), threading.Event()
    measure = probe.measure

    def waiting(path: Path) -> MediaFacts:
        started.set()
        go_on.wait(10)
        return measure(path)

    monkeypatch.setattr(probe, "measure", waiting)

    async def main() -> MeasuredFile:
        files = ReferenceFiles(tmp_path)
        cancelled, other = (asyncio.create_task(files.store(image())) for _ in range(2))
        await asyncio.to_thread(started.wait, 10)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        go_on.set()
        return await other

    assert run(main()).source.path.exists()


def test_an_error_after_all_callers_were_cancelled_is_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def failing(path: Path) -> MediaFacts:
        started.set()
        raise probe.UnreadableMedia("no")

    monkeypatch.setattr(probe, "measure", failing)

    async def main() -> list[Any]:
        logged: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: logged.append(context))
        files = ReferenceFiles(tmp_path)
        task = asyncio.create_task(files.store(image()))
        await asyncio.sleep(0)
        while not files._tasks:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while files._tasks:
            await asyncio.sleep(0.001)
        return logged

    assert run(main()) == []
    assert started.is_set()
    assert names(tmp_path) == set()


def test_closing_the_loop_during_a_store_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    logged: list[Any] = []

    def waiting(path: Path) -> MediaFacts:
        go_on.wait(10)
        raise probe.UnreadableMedia("no")

    monkeypatch.setattr(probe, "measure", waiting)
    files = ReferenceFiles(tmp_path)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: logged.append(context))
        work = asyncio.create_task(files.store(image()))
        while not names(tmp_path):
            await asyncio.sleep(0.001)
        work.cancel()
        loop.call_later(0.05, go_on.set)

    run(main())
    assert logged == []
    assert not files._tasks
    assert names(tmp_path) == set()


def test_errors_do_not_reveal_the_server_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path) -> MediaFacts:
        raise probe.UnreadableMedia(f"{path.resolve()} is broken")

    monkeypatch.setattr(probe, "measure", failing)
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FetchError, match="not media: it is broken"):
        run(store(ReferenceFiles(tmp_path / "link"), 1))


def test_content_of_the_limit_is_stored_and_larger_content_is_rejected(tmp_path: Path) -> None:
    run(store(ReferenceFiles(tmp_path, limit_bytes=IMAGE_BYTES), 1))
    with pytest.raises(
        FetchError, match=f"has {IMAGE_BYTES} bytes or more; allowed: at most {IMAGE_BYTES - 1}"
    ) as caught:
        run(store(ReferenceFiles(tmp_path, limit_bytes=IMAGE_BYTES - 1), 1))
    assert caught.value.reason is FetchFailure.TOO_LARGE


def test_the_least_recently_used_file_is_evicted(tmp_path: Path) -> None:
    async def main() -> tuple[list[MeasuredFile], MeasuredFile]:
        files = ReferenceFiles(tmp_path, total_bytes=2 * IMAGE_BYTES)
        old = await store(files, 1, 2, 1)
        return old, await files.store(image(3))

    (first, second, _), third = run(main())
    assert names(tmp_path) == {first.source.digest, third.source.digest}
    assert not second.source.path.exists()


def test_uploaded_files_are_evicted_last(tmp_path: Path) -> None:
    async def main() -> tuple[PublishedFile | None, PublishedFile | None]:
        files = ReferenceFiles(tmp_path, total_bytes=2 * IMAGE_BYTES)
        uploaded, _ = await store(files, 1, 2)
        files.publish("token", uploaded, "cat.bmp", 10.0)
        await store(files, 3)
        before = files.find_published("token", 0.0)
        files.publish("other", (await store(files, 3))[0], "dog.bmp", 10.0)
        await store(files, 4)
        return before, files.find_published("token", 0.0)

    before, after = run(main())
    assert before is not None
    assert after is None


def test_content_larger_than_the_folder_is_rejected_and_evicts_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        files = ReferenceFiles(tmp_path, total_bytes=IMAGE_BYTES + 1)
        await store(files, 1)
        with pytest.raises(
            FetchError, match=f"has {2 * IMAGE_BYTES} bytes; there is room for {IMAGE_BYTES + 1}"
        ) as caught:
            await files.store(image() * 2)
        assert caught.value.reason is FetchFailure.TOO_LARGE

    run(main())
    assert len(names(tmp_path)) == 1


def test_space_is_reserved_while_content_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = threading.Barrier(3), threading.Event()
    measure = probe.measure

    def waiting(path: Path) -> MediaFacts:
        started.wait(10)
        go_on.wait(10)
        return measure(path)

    async def main() -> None:
        files = ReferenceFiles(tmp_path, total_bytes=2 * IMAGE_BYTES)
        monkeypatch.setattr(probe, "measure", waiting)
        work = [asyncio.create_task(files.store(image(shade))) for shade in (1, 2)]
        await asyncio.to_thread(started.wait, 10)
        with pytest.raises(FetchError, match=f"has {IMAGE_BYTES} bytes; there is room for 0"):
            await files.store(image(3))
        go_on.set()
        await asyncio.gather(*work)
        monkeypatch.setattr(probe, "measure", measure)
        await store(files, 4, 5)

    run(main())
    assert len(names(tmp_path)) == 2


def test_rejected_content_frees_its_space(tmp_path: Path) -> None:
    async def main() -> None:
        files = ReferenceFiles(tmp_path, total_bytes=IMAGE_BYTES)
        for _ in range(3):
            with pytest.raises(FetchError, match="not media"):
                await files.store(b"x" * IMAGE_BYTES)
        await store(files, 1)

    run(main())


def test_files_of_an_earlier_run_count_and_the_oldest_are_evicted_first(tmp_path: Path) -> None:
    old, young = run(store(ReferenceFiles(tmp_path), 1, 2))
    os.utime(old.source.path, (10**9, 10**9))
    run(store(ReferenceFiles(tmp_path, total_bytes=2 * IMAGE_BYTES), 3))
    assert young.source.path.exists()
    assert not old.source.path.exists()


def test_content_of_an_earlier_run_is_not_counted_twice(tmp_path: Path, measured: list[bool]) -> None:
    run(store(ReferenceFiles(tmp_path), 1, 2))
    run(store(ReferenceFiles(tmp_path, total_bytes=3 * IMAGE_BYTES), 1, 3, 1))
    assert len(names(tmp_path)) == 3
    assert len(measured) == 4


def test_a_later_run_evicts_by_last_use(tmp_path: Path) -> None:
    async def main() -> list[MeasuredFile]:
        files = ReferenceFiles(tmp_path)
        stored = await store(files, 1, 2)
        for age, file in enumerate(stored):
            os.utime(file.source.path, (10**9 + age, 10**9 + age))
        return stored + await store(files, 1)

    first, second, _ = run(main())
    run(store(ReferenceFiles(tmp_path, total_bytes=2 * IMAGE_BYTES), 3))
    assert first.source.path.exists()
    assert not second.source.path.exists()


def test_a_file_removed_by_another_program_is_stored_again(tmp_path: Path) -> None:
    async def main() -> None:
        files = ReferenceFiles(tmp_path, total_bytes=IMAGE_BYTES)
        [file] = await store(files, 1)
        files.publish("token", file, "cat.bmp", 10.0)
        file.source.path.unlink()
        assert files.find_published("token", 0.0) is None
        [again] = await store(files, 1)
        assert again.source.path.read_bytes() == image(1)
        assert files.find_published("token", 0.0) is not None

    run(main())


def test_only_old_partial_files_are_removed(tmp_path: Path) -> None:
    stale, fresh, foreign = (tmp_path / name for name in ("part-stale", "part-fresh", "notes.txt"))
    for path in (stale, fresh, foreign):
        path.write_bytes(b"x")
    os.utime(stale, (10**9, 10**9))
    os.utime(foreign, (10**9, 10**9))
    os.utime(tmp_path, (10**9, 10**9))
    ReferenceFiles(tmp_path)
    assert names(tmp_path) == {"part-fresh", "notes.txt"}


def test_an_uploaded_file_is_published_until_it_expires(tmp_path: Path) -> None:
    files = ReferenceFiles(tmp_path)
    [file] = run(store(files, 1))
    files.publish("token", file, "cat.bmp", 10.0)
    assert files.find_published("token", 9.9) == PublishedFile(file, "cat.bmp", 10.0)
    assert files.find_published("token", 10.0) is None
    assert files.find_published("token", 9.9) is not None
    assert files.find_published("other", 0.0) is None


def test_the_oldest_of_too_many_uploads_is_unpublished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedmock_server.references.files.MAX_PUBLISHED", 2)
    files = ReferenceFiles(tmp_path)
    [file] = run(store(files, 1))
    for token in "abc":
        files.publish(token, file, "cat.bmp", 10.0)
    assert [token for token in "abc" if files.find_published(token, 0.0)] == ["b", "c"]


async def read(folder: Path, url: str, own_origin: str = OWN_ORIGIN, now: float = 0.0) -> MeasuredFile | None:
    files = ReferenceFiles(folder)
    files.publish("token", await files.store(image()), "cat.bmp", 10.0)
    return await files.read(url, own_origin=own_origin, now=now)


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        (OWN_ORIGIN, f"{OWN_ORIGIN}/_mock/files/token/cat.bmp"),
        (OWN_ORIGIN, " HTTP://MOCK.test:8000/_mock/files/token?x=1#y "),
        (OWN_ORIGIN, "http://127.0.0.1:8000/_mock/files/token/cat.bmp"),
        (OWN_ORIGIN, "http://localhost:8000/_mock/files/token/cat.bmp"),
        (OWN_ORIGIN, "http://[::1]:8000/_mock/files/token/cat.bmp"),
        (OWN_ORIGIN, "http://[::ffff:127.0.0.1]:8000/_mock/files/token/cat.bmp"),
        ("http://localhost", "http://127.0.0.1:80/_mock/files/token/cat.bmp"),
        ("https://mock.test:443", "https://mock.test/_mock/files/token/cat.bmp"),
    ],
)
def test_an_uploaded_file_is_read_by_each_spelling_of_its_link(tmp_path: Path, origin: str, url: str) -> None:
    file = run(read(tmp_path, url, origin))
    assert file is not None
    assert file.source.path.read_bytes() == image()


@pytest.mark.parametrize("path", ["other/cat.bmp", "", "token%2Fx/cat.bmp"])
def test_a_link_with_an_unknown_token_is_rejected(tmp_path: Path, path: str) -> None:
    with pytest.raises(FetchError, match="unknown or has expired") as caught:
        run(read(tmp_path, f"{OWN_ORIGIN}/_mock/files/{path}"))
    assert caught.value.reason is FetchFailure.UNREACHABLE


def test_an_expired_link_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="unknown or has expired"):
        run(read(tmp_path, f"{OWN_ORIGIN}/_mock/files/token/cat.bmp", now=10.0))


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
def test_other_urls_are_unknown_without_a_fetch_policy(tmp_path: Path, url: str) -> None:
    assert run(read(tmp_path, url)) is None
