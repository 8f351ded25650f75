"""The client's adapter for `seedmock certify`: parsing of orders, timeouts, and kinds of outcomes."""

from __future__ import annotations

import io
import json
import subprocess
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


def all_subclasses(class_: type[Exception]) -> set[type[Exception]]:
    return {class_, *(deeper for subclass in class_.__subclasses__() for deeper in all_subclasses(subclass))}


def test_every_exception_has_a_kind_of_the_adapter_protocol() -> None:
    for class_ in all_subclasses(errors.SeedmockError) - {errors.SeedmockError}:
        kinds = [adapter.KINDS[base] for base in class_.__mro__ if base in adapter.KINDS]
        assert kinds, class_
        assert set(kinds) <= KINDS


def test_an_order_is_parsed_with_its_references() -> None:
    order = {
        "prompt": "a boat",
        "size": "1280x720",
        "seconds": 4,
        "generate_audio": False,
        "seed": None,
        "references": [{"kind": "image", "role": "first_frame", "url": "https://example.com/a.png"}],
        "timeout_seconds": 3,
    }
    assert adapter.parse_order(order) == GenerationRequest(
        prompt="a boat",
        size="1280x720",
        seconds=4,
        generate_audio=False,
        references=(first_frame("https://example.com/a.png"),),
    )


def test_no_step_may_take_longer_than_the_timeout_of_the_order() -> None:
    policy = adapter.retry_policy(4.0, 0.05)
    assert policy.pacing == (0.05,)
    assert (policy.wait_seconds, policy.create_seconds) == (4.0, 4.0)
    assert (policy.request_seconds, policy.download_seconds) == (2.0, 2.0)
    assert adapter.retry_policy(900.0, None).request_seconds == 60.0
    assert len(adapter.retry_policy(900.0, None).pacing) > 1


def test_main_reads_an_order_and_prints_its_outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    variables: dict[str, Any] = {
        "UPSTREAM": "opeai",
        "BASE_URL": "http://127.0.0.1:9",
        "API_KEY": "sk_mock_key",
        "OUT": str(tmp_path / "no-such-folder" / "out.mp4"),
        "POLL_SECONDS": "0.05",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"SEEDMOCK_{name}", value)
    monkeypatch.setattr(
        sys, "stdin", io.StringIO('{"prompt": "a boat", "size": "1x1", "seconds": 4, "references": []}')
    )
    adapter.main()
    assert json.loads(capsys.readouterr().out) == {"ok": False, "kind": "validation", "task_id": None}


def test_an_unwritable_output_is_an_error_before_any_request(tmp_path: Path) -> None:
    environment = {
        "SEEDMOCK_UPSTREAM": "opeai",
        "SEEDMOCK_BASE_URL": "http://127.0.0.1:9",
        "SEEDMOCK_API_KEY": "sk_mock_key",
    }
    order = {"prompt": "a boat", "size": "1280x720", "seconds": 4}
    outcome = adapter.outcome(order, {**environment, "SEEDMOCK_OUT": str(tmp_path)})
    assert outcome == {"ok": False, "kind": "validation", "task_id": None}


def test_the_program_loads_no_library_for_terminals_and_no_second_event_loop() -> None:
    code = (
        "import io, runpy, sys; sys.stdin = io.StringIO('{}')\n"
        "try: runpy.run_module('seedmock_client.cli.adapter', run_name='__main__')\n"
        "except KeyError: pass\n"
        "print(sorted({'click', 'httpx', 'rich', 'trio'} & {name for name, module in sys.modules.items() if module}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert run.stdout == "['httpx']\n"
