"""Files that are no database of ours, or cannot be written to: one sentence, and nothing is changed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedmock_server import create_app
from seedmock_server.settings import InvalidSetting
from seedmock_server.storage import StoreError, StoreUnavailable
from seedmock_server.storage.sqlite import tables
from seedmock_server.storage.sqlite.store import SqliteStore

from .conftest import order_of, task_of


def open_file(path: Path) -> None:
    asyncio.run(SqliteStore(path, path.parent, journal_entries=5).aclose())


def write_text(path: Path) -> None:
    path.write_text("no database, but a text that is longer than the header of one\n" * 50)


def write_other(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (number INTEGER)")


def write_marked(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA application_id = 1234")


def write_newer(path: Path) -> None:
    open_file(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def write_damaged(path: Path) -> None:
    open_file(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_text, "it is damaged, or no database"),
        (write_other, "is another program's database"),
        (write_marked, "is another program's database"),
        (write_newer, "was written by a newer seedmock"),
        (Path.mkdir, "it is a folder; expected a file"),
        (write_damaged, "it is damaged, or no database"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_unchanged(
    write: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mock.db"
    write(path)
    content = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=message) as raised:
        open_file(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert content == (path.read_bytes() if path.is_file() else None)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"there is no folder {tmp_path}/nowhere; create it"):
        open_file(tmp_path / "nowhere" / "mock.db")


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    # As another user, if this one is root, who may write everywhere.
    code = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from seedmock_server.storage import StoreError; from seedmock_server.storage.sqlite.store import SqliteStore\n"
        "import seedmock_server.tasks.timeline; os.geteuid() or os.setuid(65534)\n"
        "try: SqliteStore(Path(sys.argv[1]), Path('/'), journal_entries=5)\n"
        "except StoreError as error: print(error)"
    )
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if os.geteuid() == 0:
            folder.chmod(0o755)
    tmp_path.chmod(0o555)
    path = tmp_path / "mock.db"
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "expected a file and a folder that this user may write to" in result.stdout, result
    assert not path.exists()


def test_a_file_that_another_program_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BUSY_SECONDS", 0.01)
    path = tmp_path / "mock.db"
    open_file(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds it; stop that program, or take another file"):
            open_file(path)
        other.execute("ROLLBACK")
    other.close()
    open_file(path)


def test_a_full_disk_refuses_an_order_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "mock.db"

    async def play() -> None:
        store = SqliteStore(path, tmp_path, journal_entries=5)
        assert await store.accept(order_of(task_of(1))) is None
        pages = await store._db.read(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
        # What SQLite says when a write fails for lack of space is what it says at this limit.
        await store._db.read(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())

        async def fill() -> None:
            for number in range(2, 400):
                await store.accept(order_of(task_of(number)))

        with pytest.raises(StoreUnavailable, match=f"the database {path} can't be used now: .*full; free some space"):
            await fill()
        stored = len(await store.tasks("key-a"))
        await store._db.read(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())
        assert await store.accept(order_of(task_of(1000))) is None
        assert len(await store.tasks("key-a")) == stored + 1
        await store.aclose()

    asyncio.run(play())


def test_a_group_with_a_job_that_fails_stores_the_others(tmp_path: Path) -> None:
    async def play() -> None:
        store = SqliteStore(tmp_path / "mock.db", tmp_path, journal_entries=5)

        async def fail() -> None:
            await store._db.write(lambda connection: connection.execute("INSERT INTO nowhere VALUES (1)"))

        orders = [store.accept(order_of(task_of(number), number=number)) for number in range(1, 9)]
        results = await asyncio.gather(*orders[:4], fail(), *orders[4:], return_exceptions=True)
        assert [result for result in results if result is not None and not isinstance(result, StoreUnavailable)] == []
        assert isinstance(results[4], StoreUnavailable)
        assert len(await store.tasks("key-a")) == 8
        assert await store.outstanding("key-a", "opeai", 0.0) == 8 * 15 / 10
        assert await store.draw("key-a") == 9
        await store.aclose()

    asyncio.run(play())


def test_a_database_of_an_earlier_version_is_brought_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mock.db"
    open_file(path)
    monkeypatch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, "ALTER TABLE tasks ADD COLUMN note TEXT"))
    open_file(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(tables.MIGRATIONS)
        assert "note" in {row[1] for row in connection.execute("PRAGMA table_info(tasks)")}
    monkeypatch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, "ALTER TABLE nowhere ADD COLUMN note TEXT"))
    with pytest.raises(StoreError, match="no such table"):
        open_file(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(tables.MIGRATIONS) - 1
    connection.close()


@pytest.mark.parametrize("url", ["", "disk", "sqlite:", "sqlite", "postgres://localhost/mock"])
def test_an_unknown_store_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"store is .*; allowed: memory, sqlite:PATH, or redis:"):
        create_app(store=url)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({"seed": 1}, {"seed": 2}, "made with seed 1, and this server has 2"),
        ({}, {"variants": {"opeai.errors": "newapi"}}, "made with variant opeai.errors .*, and this server has newapi"),
        ({"token_price": "7"}, {}, "made with token_price 7, and this server has none"),
        ({}, {"refund_after": 5}, r"made with refund_after 0.0, and this server has 5.0"),
    ],
)
def test_servers_that_differ_in_what_decides_are_refused(
    first: dict[str, Any], second: dict[str, Any], message: str, tmp_path: Path
) -> None:
    url = f"sqlite:{tmp_path}/mock.db"
    app = create_app(store=url, **first)
    asyncio.run(app.aclose())
    with pytest.raises(StoreError, match=message):
        create_app(store=url, **second)
    again = create_app(store=url, **first)
    assert again.seed == app.seed
    asyncio.run(again.aclose())


def test_the_command_says_it_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mock.db"
    write_other(path)
    command = [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", "--store", f"sqlite:{path}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    first, *see = result.stderr.splitlines()
    assert first == f"Error: {path} is another program's database; expected one of seedmock, or no file"
    assert ["seedmock docs" in line for line in see] == [True]
