"""The commands that command a running emulator, as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from seedmock_server.cli import control as commands

Type = Callable[..., Result]
NAMES = ("clock", "fate", "fault", "reset", "snapshot", "tasks", "ledger", "journal")
GROUPS = {name: getattr(commands, name) for name in NAMES}


@pytest.fixture
def door(open_door: Callable[..., Any]) -> Any:
    return open_door("on a socket", pace="fast")


@pytest.fixture
def typed(door: Any) -> Type:
    """What a command prints; it must end as it should."""

    def type_(line: str, *more: str, code: int = 0) -> Result:
        name, *rest = line.split()
        done = CliRunner().invoke(GROUPS[name], [*rest, *more], env={"SEEDMOCK_BASE_URL": door.origin})
        assert done.exit_code == code, done.output
        return done

    return type_


def test_the_clock_is_shown_and_moved(door: Any, typed: Type) -> None:
    assert "stands still, nothing is due" in typed("clock").output
    door.order_b()
    assert "next due in 0.6" in typed("clock show").output
    assert "next due in 1.4" in typed("clock next").output
    start = door.clock.now()
    typed("clock advance 15m")
    assert door.clock.now() == start + 900
    typed(f"clock set {start + 1000}")
    assert door.clock.now() == start + 1000
    assert "2027-01-01 00:00:00" in typed("clock set 2027-01-01T00:00:00Z").output
    assert "rate 2" in typed("clock rate 2").output
    assert "stands still" in typed("clock freeze").output
    assert "key-" in typed("clock advance 5 --key sk_mine").output
    assert json.loads(typed("clock show --json").output)["rate"] == 0


def test_a_fate_is_added_met_shown_and_taken_away(door: Any, typed: Type) -> None:
    added = typed("fate add --prompt cat --times 1", "moderated after=120s").output
    assert added == "fate-1: moderated after=120s, prompt cat, times 1\n"
    door.order_b(prompt="a cat")
    assert typed("fate list").output.endswith("times 1, applied 1\n")
    assert json.loads(typed("fate list --json").output)["rules"][0]["id"] == "fate-1"
    typed("fate default stuck")
    typed("fate remove fate-1")
    assert typed("fate clear").output == "0 removed\n"
    assert typed("fate list").output == "no rules\n"


def test_a_fault_is_added_met_shown_and_taken_away(door: Any, typed: Type) -> None:
    assert "fault-1: status code=502" in typed("fault add --nth 1 --upstream opeai", "status code=502").output
    door.order_a()
    assert "applied 0" in typed("fault list").output
    typed("fault add", "status code=503")
    typed("fault remove fault-2")
    assert typed("fault clear").output == "1 removed\n"
    assert json.loads(typed("fault list --json").output) == {"rules": []}


def test_tasks_money_and_journal_are_tables(door: Any, typed: Type) -> None:
    task_id = door.order_b(prompt="[[mock: failed after=1s]]")
    door.post("/v1/videos", {"model": "[red]x"})
    tasks, ledger, journal = (typed(name).output for name in ("tasks", "ledger", "journal"))
    assert task_id in tasks
    assert "1 of 1 tasks" in tasks
    assert task_id in ledger
    assert "all" in ledger
    assert "POST /v1/videos" in journal
    assert "[red]x" in journal
    for name, part in (("tasks", "tasks"), ("ledger", "statements"), ("journal", "exchanges")):
        assert json.loads(typed(f"{name} --json").output)[part]


def test_the_journal_is_narrowed_and_printed_in_other_forms(door: Any, typed: Type) -> None:
    door.order_b()
    door.get("/v1/nowhere")
    assert len(json.loads(typed("journal --har --kind ok").output)["log"]["entries"]) == 1
    assert typed("journal --curl --operation create").output.count("$SEEDMOCK_API_KEY") == 1


def test_the_state_is_saved_loaded_and_forgotten(door: Any, typed: Type, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    door.order_b()
    typed("snapshot save", str(file))
    assert typed("reset").output == "deleted: 1 tasks, 0 assets, 0 groups\n"
    typed("snapshot load", str(file))
    assert "1 of 1" in typed("tasks").output
    file.write_text("{}")
    assert "not a valid snapshot" in typed("snapshot load", str(file), code=1).output
    assert "0 tasks" in typed("reset --key sk_nobody").output


def test_what_is_refused_is_one_line_and_exit_code_1(typed: Type) -> None:
    for line in ("fate add explode", "clock advance soon", "fault remove fault-9", "journal --kind good"):
        output = typed(line, code=1).output
        assert output.startswith("Error: ")
        assert output.count("\n") == 1
    assert "Usage" in typed("journal --limit many", code=2).output


@pytest.mark.parametrize("name", GROUPS)
def test_a_server_that_is_not_running_is_one_line_and_exit_code_1(name: str, tmp_path: Path) -> None:
    more = {"fate": ["list"], "fault": ["list"], "snapshot": ["save", str(tmp_path / "x")], "clock": ["show"]}
    done = CliRunner().invoke(GROUPS[name], [*more.get(name, []), "--url", "http://127.0.0.1:9"])
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert "start one: seedmock serve" in done.output


@pytest.mark.parametrize("name", GROUPS)
def test_help_says_what_everything_is(name: str) -> None:
    command = GROUPS[name]
    for one in (command, *getattr(command, "commands", {}).values()):
        assert one.get_short_help_str()
        assert all(option.help for option in one.params if isinstance(option, click.Option))


def test_a_token_is_read_from_its_variable(open_door: Callable[..., Any]) -> None:
    door = open_door("on a socket", control_token="secret")
    for token, code in (("secret", 0), ("wrong", 1)):
        done = CliRunner().invoke(
            commands.tasks, [], env={"SEEDMOCK_BASE_URL": door.origin, "SEEDMOCK_CONTROL_TOKEN": token}
        )
        assert done.exit_code == code
        assert "secret" not in done.output
