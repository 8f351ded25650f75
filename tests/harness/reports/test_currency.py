"""Reports name the currency: play money for an emulator started by the harness, USD for any other target."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.reports.writers import VERIFICATION_WRITERS
from seedmock_harness.verify.cli import verify

if TYPE_CHECKING:
    from .conftest import MakeVerification


@pytest.mark.parametrize(("play_money", "currency"), [(True, "play money"), (False, "USD")])
def test_every_format_names_the_currency(make_verification: MakeVerification, play_money: bool, currency: str) -> None:
    verification = replace(make_verification(), play_money=play_money)
    reports = {suffix: write(verification) for suffix, write in VERIFICATION_WRITERS.items()}
    assert f"spent 0.250000 {currency} for " in reports[".md"]
    assert f"0.250000 {currency}<" in unescape(reports[".html"])
    report = json.loads(reports[".json"])
    assert (report["spent"], report["currency"]) == (0.25, currency)
    properties = json.loads(reports[".sarif"])["runs"][0]["properties"]
    assert (properties["spent"], properties["currency"]) == (0.25, currency)
    assert all(("USD" in text) is not play_money for text in (reports[".md"], reports[".html"]))


@pytest.mark.parametrize("upstream", NAMES)
def test_terminal_and_report_of_an_own_emulator_name_play_money(upstream: str, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    result = CliRunner().invoke(verify, ["--upstream", upstream, "--only", "text", "--report", str(path)])
    assert result.exit_code == 0, result.output
    assert " play money, " in result.output.splitlines()[-1]
    assert "play money for 1 order." in path.read_text(encoding="utf-8")
