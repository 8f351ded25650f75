"""Processes that open a new database at the same moment, as workers do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from seedmock_server.storage.sqlite.tables import open_connection

PROCESSES, ROUNDS = 6, 20


def test_all_that_start_at_once_open_a_new_database(tmp_path: Path) -> None:
    barrier = Barrier(PROCESSES)

    def start(path: Path) -> None:
        barrier.wait()
        open_connection(path).close()

    with ThreadPoolExecutor(PROCESSES) as pool:
        for number in range(ROUNDS):
            list(pool.map(start, [tmp_path / f"{number}.db"] * PROCESSES))
