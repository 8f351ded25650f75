"""Commands that control a running emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from seedmock_server.cli import control as commands

RunCommand = Callable[..., Result]
NAMES = ("clock", "fate", "fault", "reset", "snapshot", "tasks", "ledger", "journal")
GROUPS = {name: getattr(commands, name) for name in NAMES}


@pytest.fixture
def server(start_server: Callable[..., Any]) -> Any:
    return start_server("on a socket", pace="fast")


@pytest.fixture
def run_command(server: Any) -> RunCommand:
    """Run a command line, which must exit with `code`."""

    def run(line: str, *extra: str, code: int = 0) -> Result:
        name, *rest = line.split()
        result = CliRunner().invoke(GROUPS[name], [*rest, *extra], env={"SEEDMOCK_BASE_URL": server.origin})
        assert result.exit_code == code, result.output
        return result

    return run


def test_clock_commands(server: Any, run_command: RunCommand) -> None:
    assert "frozen, nothing is due" in run_command("clock").output
    server.order_opeai()
    assert "next due in 0.6" in run_command("clock show").output
    assert "next due in 1.4" in run_command("clock next").output
    start = server.clock.now()
    run_command("clock advance 15m")
    assert server.clock.now() == start + 900
    run_command(f"clock set {start + 1000}")
    assert server.clock.now() == start + 1000
    assert "2027-01-01 00:00:00" in run_command("clock set 2027-01-01T00:00:00Z").output
    assert "rate 2" in run_command("clock rate 2").output
    assert "frozen" in run_command("clock freeze").output
    assert "key-" in run_command("clock advance 5 --key sk_mine").output
    assert json.loads(run_command("clock show --json").output)["rate"] == 0


def test_the_variable_of_a_shared_server_comes_first(server: Any) -> None:
    env = {"SEEDMOCK_URL": server.origin, "SEEDMOCK_BASE_URL": "http://127.0.0.1:9"}
    result = CliRunner().invoke(GROUPS["clock"], ["show"], env=env)
    assert "frozen, nothing is due" in result.output
    env["SEEDMOCK_URL"] = "http://127.0.0.1:8"
    result = CliRunner().invoke(GROUPS["clock"], ["show"], env=env)
    assert result.exit_code == 1
    assert "no emulator answers at http://127.0.0.1:8 " in result.output


def test_fate_commands(server: Any, run_command: RunCommand) -> None:
    added = run_command("fate add --prompt cat --times 1", "moderated after=120s").output
    assert added == "fate-1: moderated after=120s, prompt cat, times 1\n"
    server.order_opeai(prompt="a cat")
    assert run_command("fate list").output.endswith("times 1, applied 1\ndefault: succeed\n")
    assert json.loads(run_command("fate list --json").output)["rules"][0]["id"] == "fate-1"
    assert run_command("fate default stuck").output == "default: stuck\n"
    run_command("fate remove fate-1")
    assert run_command("fate clear").output == "0 removed\n"
    assert run_command("fate list").output == "no rules\ndefault: succeed\n"


def test_fault_commands(server: Any, run_command: RunCommand) -> None:
    assert "fault-1: status code=502" in run_command("fault add --nth 1 --upstream opeai", "status code=502").output
    server.order_apimodels()
    assert "applied 0" in run_command("fault list").output
    run_command("fault add", "status code=503")
    run_command("fault remove fault-2")
    assert run_command("fault clear").output == "1 removed\n"
    assert json.loads(run_command("fault list --json").output) == {"rules": [], "scenario_rules": []}


def test_tasks_ledger_and_journal_are_tables(server: Any, run_command: RunCommand) -> None:
    task_id = server.order_opeai(prompt="[[mock: failed after=1s]]")
    server.post("/v1/videos", {"model": "[red]x"})
    tasks, ledger, journal = (run_command(name).output for name in ("tasks", "ledger", "journal"))
    assert task_id in tasks
    assert "1 of 1 tasks" in tasks
    assert task_id in ledger
    assert "all" in ledger
    assert "POST /v1/videos" in journal
    assert "[red]x" in journal
    for name, part in (("tasks", "tasks"), ("ledger", "statements"), ("journal", "exchanges")):
        assert json.loads(run_command(f"{name} --json").output)[part]


def test_the_journal_can_be_filtered_and_exported(server: Any, run_command: RunCommand) -> None:
    server.order_opeai()
    server.get("/v1/nowhere")
    assert len(json.loads(run_command("journal --har --kind ok").output)["log"]["entries"]) == 1
    assert run_command("journal --curl --operation create").output.count("$SEEDMOCK_API_KEY") == 1


def test_snapshot_and_reset_commands(server: Any, run_command: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    server.order_opeai()
    run_command("snapshot save", str(file))
    assert run_command("reset").output == "deleted: 1 tasks, 0 assets, 0 groups\n"
    run_command("snapshot load", str(file))
    assert "1 of 1" in run_command("tasks").output
    file.write_text("{}")
    assert "not a valid snapshot" in run_command("snapshot load", str(file), code=1).output
    assert "0 tasks" in run_command("reset --key sk_nobody").output


def test_an_error_is_one_line_and_exit_code_1(run_command: RunCommand) -> None:
    for line in ("fate add explode", "clock advance soon", "fault remove fault-9", "journal --kind good"):
        output = run_command(line, code=1).output
        assert output.startswith("Error: ")
        assert output.count("\n") == 1
    assert "Usage" in run_command("journal --limit many", code=2).output


@pytest.mark.parametrize("name", GROUPS)
def test_without_an_emulator_the_error_is_one_line_and_exit_code_1(name: str, tmp_path: Path) -> None:
    extra = {"fate": ["list"], "fault": ["list"], "snapshot": ["save", str(tmp_path / "x")], "clock": ["show"]}
    result = CliRunner().invoke(GROUPS[name], [*extra.get(name, []), "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "start one: seedmock serve" in result.output


@pytest.mark.parametrize("name", GROUPS)
def test_every_command_and_option_has_a_help_text(name: str) -> None:
    command = GROUPS[name]
    for subcommand in (command, *getattr(command, "commands", {}).values()):
        assert subcommand.get_short_help_str()
        assert all(option.help for option in subcommand.params if isinstance(option, click.Option))


def test_the_token_can_be_an_environment_variable(start_server: Callable[..., Any]) -> None:
    server = start_server("on a socket", control_token="secret")
    for token, code in (("secret", 0), ("wrong", 1)):
        result = CliRunner().invoke(
            commands.tasks, [], env={"SEEDMOCK_BASE_URL": server.origin, "SEEDMOCK_CONTROL_TOKEN": token}
        )
        assert result.exit_code == code
        assert "secret" not in result.output
