"""A report says whose money it was: an emulator of one's own is paid in play money, whoever else in USD."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.reports.writers import VERIFICATIONS
from seedmock_harness.verify.cli import verify


@pytest.mark.parametrize(("play", "money"), [(True, "play money"), (False, "USD")])
def test_every_report_that_tells_what_was_spent_says_in_what(verification: Any, play: bool, money: str) -> None:
    found = replace(verification(), play_money=play)
    told = {suffix: write(found) for suffix, write in VERIFICATIONS.items()}
    assert f"spent 0.250000 {money} on " in told[".md"]
    assert f"0.250000 {money}<" in unescape(told[".html"])
    said = json.loads(told[".json"])
    assert (said["spent_usd"], said["money"]) == (0.25, money)
    properties = json.loads(told[".sarif"])["runs"][0]["properties"]
    assert (properties["spentUsd"], properties["money"]) == (0.25, money)
    assert all(("USD" in text.replace("spentUsd", "")) is not play for text in (told[".md"], told[".html"]))


@pytest.mark.parametrize("upstream", NAMES)
def test_the_terminal_and_the_report_of_an_own_emulator_speak_of_play_money(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    told = CliRunner().invoke(verify, ["--upstream", upstream, "--only", "text", "--report", str(path)])
    assert told.exit_code == 0, told.output
    assert " play money, " in told.output.splitlines()[-1]
    assert "play money on 1 order." in path.read_text(encoding="utf-8")
