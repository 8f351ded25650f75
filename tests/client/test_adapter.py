"""The reference client as an adapter of `seedmock certify`: how it reads orders and what it calls its errors."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from seedmock_client import errors
from seedmock_client.cli import adapter
from seedmock_contracts.generation import GenerationRequest, first_frame

KINDS = {
    *("validation", "authentication", "moderation", "balance", "rate_limit", "not_found"),
    *("upstream", "timeout", "submission_unknown", "unknown"),
}


def every_error(class_: type = errors.SeedmockError) -> set[type]:
    return {class_, *(one for sub in class_.__subclasses__() for one in every_error(sub))}


def test_every_error_has_a_kind_of_the_protocol() -> None:
    for class_ in every_error() - {errors.SeedmockError}:
        kinds = [adapter.KINDS[one] for one in class_.__mro__ if one in adapter.KINDS]
        assert kinds, class_
        assert set(kinds) <= KINDS


def test_an_order_is_read_with_its_references_and_without_what_is_not_said() -> None:
    said = {
        "prompt": "a boat",
        "size": "1280x720",
        "seconds": 4,
        "generate_audio": False,
        "seed": None,
        "references": [{"kind": "image", "role": "first_frame", "url": "https://example.com/a.png"}],
        "timeout_seconds": 3,
    }
    assert adapter.parse_order(said) == GenerationRequest(
        prompt="a boat",
        size="1280x720",
        seconds=4,
        generate_audio=False,
        references=(first_frame("https://example.com/a.png"),),
    )


def test_no_part_of_the_work_may_take_longer_than_the_whole_has() -> None:
    patient = adapter.retry_policy(4.0, 0.05)
    assert patient.pacing == (0.05,)
    assert (patient.wait_seconds, patient.create_seconds) == (4.0, 4.0)
    assert (patient.request_seconds, patient.download_seconds) == (2.0, 2.0)
    assert adapter.retry_policy(900.0, None).request_seconds == 60.0
    assert len(adapter.retry_policy(900.0, None).pacing) > 1


def test_it_reads_one_order_and_prints_one_outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told: dict[str, Any] = {
        "UPSTREAM": "opeai",
        "BASE_URL": "http://127.0.0.1:9",
        "API_KEY": "sk_mock_key",
        "OUT": str(tmp_path / "no-such-folder" / "out.mp4"),
        "POLL_SECONDS": "0.05",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"SEEDMOCK_{name}", value)
    monkeypatch.setattr(
        sys, "stdin", io.StringIO('{"prompt": "a boat", "size": "1x1", "seconds": 4, "references": []}')
    )
    adapter.main()
    assert json.loads(capsys.readouterr().out) == {"ok": False, "kind": "validation", "task_id": None}


def test_a_place_that_cannot_be_written_is_found_before_anything_is_ordered(tmp_path: Path) -> None:
    told = {"SEEDMOCK_UPSTREAM": "opeai", "SEEDMOCK_BASE_URL": "http://127.0.0.1:9", "SEEDMOCK_API_KEY": "sk_mock_key"}
    order = {"prompt": "a boat", "size": "1280x720", "seconds": 4}
    found = adapter.outcome(order, {**told, "SEEDMOCK_OUT": str(tmp_path)})
    assert found == {"ok": False, "kind": "validation", "task_id": None}
