"""Activating and deactivating scenarios: by setting, by name, as TOML; as a whole or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seedmock_server import create_app
from seedmock_server.cli.main import serve
from seedmock_server.http.coroutines import run_now
from seedmock_server.references.declared import declaration_from
from seedmock_server.scenarios.catalog import scenario_names
from seedmock_server.scenarios.loader import parse_scenario
from seedmock_server.settings import InvalidSetting

StartServer = Callable[..., Any]
HEAD = '[scenario]\ntitle = "A night"\ndescription = "A sentence."\nlink = "https://example.com/night"\n'
STUCK = HEAD + '[[fates]]\nfate = "stuck"\n'
REFUSED = HEAD + '[[faults]]\nmatch = { operation = "create" }\nfault = "status code=503"\n'


def activate(server: Any, toml: str) -> Any:
    return server.ask("PUT", "/_mock/scenario", key=None, content=toml)


def status_after_a_day(server: Any) -> str:
    task_id = server.order_opeai()
    server.clock.advance(86400)
    return str(server.query_opeai(task_id)["status"])


def test_a_scenario_is_activated_as_toml_and_deactivated(server: Any) -> None:
    response = activate(server, STUCK)
    assert response.status_code == 200, response.text
    row = {
        "name": "the request's scenario", "title": "A night", "description": "A sentence.",
        "links": ["https://example.com/night"], "covers": [], "upstreams": ["apimodels", "opeai"],
    }  # fmt: skip
    assert response.json() == server.get("/_mock/scenario", key=None).json() == {"scenario": row}
    assert status_after_a_day(server) == "IN_PROGRESS"
    assert server.ask("DELETE", "/_mock/scenario", key=None).json() == {"scenario": None}
    assert server.get("/_mock/scenario", key=None).json() == {"scenario": None}
    assert status_after_a_day(server) == "SUCCESS"


def test_a_scenario_is_activated_by_name(in_process_server: Any) -> None:
    response = in_process_server.ask("PUT", "/_mock/scenario", key=None, json={"name": "stuck-in-queue"})
    assert response.json()["scenario"]["name"] == "stuck-in-queue"
    assert status_after_a_day(in_process_server) == "QUEUED"


def test_the_built_in_scenarios_are_listed(in_process_server: Any) -> None:
    rows = in_process_server.get("/_mock/scenarios", key=None).json()["scenarios"]
    assert [row["name"] for row in rows] == list(scenario_names())
    assert all(row["links"] and row["description"] for row in rows)


def test_a_scenario_replaces_the_previous_one(in_process_server: Any) -> None:
    activate(in_process_server, STUCK)
    activate(in_process_server, REFUSED)
    assert in_process_server.post("/v1/videos", {"model": "seedance-2-0-fast", "prompt": "x"}).status_code == 503
    activate(in_process_server, HEAD)
    assert status_after_a_day(in_process_server) == "SUCCESS"


def test_tasks_keep_their_fates_after_a_scenario(in_process_server: Any) -> None:
    activate(in_process_server, STUCK)
    task_id = in_process_server.order_opeai()
    in_process_server.ask("DELETE", "/_mock/scenario", key=None)
    in_process_server.clock.advance(86400)
    assert in_process_server.query_opeai(task_id)["status"] == "IN_PROGRESS"


def test_rules_added_one_by_one_come_first_and_stay(in_process_server: Any) -> None:
    in_process_server.post("/_mock/fates", {"fate": "succeed", "match": {"times": 1}}, key=None)
    activate(in_process_server, STUCK)
    assert [status_after_a_day(in_process_server) for _ in range(2)] == ["SUCCESS", "IN_PROGRESS"]
    in_process_server.ask("DELETE", "/_mock/scenario", key=None)
    assert len(in_process_server.get("/_mock/fates", key=None).json()["rules"]) == 1


INVALID = {
    "not TOML": ("[[fates\n", "the request's scenario, line 1: not valid TOML"),
    "an invalid fate": (STUCK + '[[fates]]\nfate = "stuk"\n', "the request's scenario, line 8: fate is 'stuk'"),
    "conflicting rules": (
        STUCK + REFUSED.removeprefix(HEAD),
        "line 5: the fault status code=503 answers every call",
    ),
    "an empty body": (" \n", "the body is empty; allowed: a scenario as TOML"),
    "not UTF-8": (b"\xff\xfe", "the body is not valid UTF-8"),
    "an unknown name": ('{"name": "nightmare"}', "unknown scenario 'nightmare'; available: account-isolation"),
    "half a JSON": ('{"name": ', "the body is not valid JSON"),
    "another key": ('{"path": "/etc/passwd"}', "the body is {'path': '/etc/passwd'}; allowed: a scenario as TOML"),
    "a number": ('{"name": 3}', "the body is {'name': 3}"),
    "a path": ('{"name": "/etc/night.toml"}', "unknown scenario '/etc/night.toml'"),
}


@pytest.mark.parametrize(("content", "message"), INVALID.values(), ids=INVALID)
def test_an_invalid_scenario_changes_nothing(in_process_server: Any, content: Any, message: str) -> None:
    activate(in_process_server, STUCK)
    response = activate(in_process_server, content)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]
    assert in_process_server.get("/_mock/scenario", key=None).json()["scenario"]["title"] == "A night"
    assert status_after_a_day(in_process_server) == "IN_PROGRESS"
    assert in_process_server.get("/_mock/faults", key=None).json() == {"rules": [], "scenario_rules": []}


def test_limits_and_credit_apply_while_the_scenario_is_active(in_process_server: Any) -> None:
    activate(in_process_server, HEAD + '[limits]\nconcurrency = 1\n[credit]\nusd = "0.50"\n[[fates]]\nfate = "stuck"\n')
    assert in_process_server.balance() == 0.5
    in_process_server.order_opeai()
    response = in_process_server.post("/v1/videos", {"model": "seedance-2-0-fast", "prompt": "x"})
    assert response.status_code == 429
    in_process_server.ask("DELETE", "/_mock/scenario", key=None)
    in_process_server.order_opeai()
    assert in_process_server.balance() == 1000


def test_limits_and_credit_of_the_settings_are_restored(start_server: StartServer) -> None:
    server = start_server(credit="7", rate_limit=1)
    activate(server, HEAD + '[limits]\nrate = 100\n[credit]\nusd = "3"\n')
    assert [server.balance(), server.balance()] == [3, 3]
    activate(server, HEAD)
    server.clock.advance(61)
    assert server.balance() == 7
    assert server.get("/api/v1/balance").status_code == 429


def test_latency_rules_apply_in_order(start_server: StartServer) -> None:
    some = '[[latency.rules]]\nmodel = "seedance-2-0-fast"\nseconds = 4\nfixed = "60s"\n'
    toml = HEAD + '[latency]\np50 = "100s"\np90 = "300s"\n' + some
    runs = []
    for _ in range(2):
        server = start_server(pace="realistic")
        activate(server, toml)
        tasks = [server.order_opeai(), *(server.order_opeai(seconds="5") for _ in range(20))]
        rows = {task["id"]: task for task in server.get("/_mock/tasks", key=None).json()["tasks"]}
        fixed, *drawn = (round(rows[task_id]["ends_at"] - rows[task_id]["created_at"], 6) for task_id in tasks)
        assert fixed == 60
        assert len(set(drawn)) == 20
        assert 50 < sorted(drawn)[10] < 200
        runs.append(drawn)
    assert runs[0] == runs[1]


def test_the_pace_applies_to_tasks_without_a_latency_rule(in_process_server: Any) -> None:
    activate(in_process_server, HEAD + '[[latency.rules]]\nresolution = "1080p"\nfixed = "60s"\n')
    assert in_process_server.query_opeai(in_process_server.order_opeai())["status"] == "SUCCESS"
    task_id = in_process_server.order_opeai(size=None, resolution="1080p", ratio="16:9", model="seedance-2-0")
    in_process_server.clock.advance(59)
    assert in_process_server.query_opeai(task_id)["status"] == "IN_PROGRESS"


def test_declared_media_are_restored(clips: Path) -> None:
    app = create_app(seed=1, cache_dir=clips)
    url = "https://unreachable.invalid/a.png"
    app.declared_media.put(url, declaration_from({"kind": "image", "width": 640, "height": 640}))
    before = app.declared_media.as_tables()
    toml = f'[media."{url}"]\nkind = "video"\n[media."https://unreachable.invalid/b.mp4"]\nkind = "video"\n'
    app.active_scenario.activate(parse_scenario(HEAD + toml, "night.toml"))
    assert [row["kind"] for row in app.declared_media.as_tables()] == ["video", "video"]
    app.active_scenario.activate(parse_scenario(HEAD, "night.toml"))
    assert app.declared_media.as_tables() == before


def test_the_default_fate_applies_where_no_rule_matches(in_process_server: Any) -> None:
    activate(in_process_server, 'default = "stuck"\n' + HEAD + '[[fates]]\nfate = "succeed"\nmatch = { times = 1 }\n')
    assert [status_after_a_day(in_process_server) for _ in range(2)] == ["SUCCESS", "IN_PROGRESS"]


def test_a_reset_restarts_the_scenario_of_the_settings(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(HEAD + '[[fates]]\nfate = "stuck"\nmatch = { times = 1 }\n')
    server = start_server(scenario=str(path))
    assert server.get("/_mock/scenario", key=None).json()["scenario"]["name"] == str(path)
    for _ in range(2):
        assert [status_after_a_day(server) for _ in range(2)] == ["IN_PROGRESS", "SUCCESS"]
        activate(server, REFUSED)
        assert server.post("/_mock/reset", {}, key=None).status_code == 200


def test_resetting_one_key_keeps_the_scenario(in_process_server: Any) -> None:
    activate(in_process_server, STUCK)
    in_process_server.post("/_mock/reset", {"key": "sk_test_one_of_ours"}, key=None)
    assert status_after_a_day(in_process_server) == "IN_PROGRESS"


def test_a_reset_restores_no_media_declared_before_the_scenario(clips: Path) -> None:
    with asyncio.Runner() as runner:
        app = create_app(seed=1, cache_dir=clips)
        app.declared_media.put("https://unreachable.invalid/a.png", declaration_from({"kind": "image"}))
        toml = (
            '[media."https://unreachable.invalid/a.png"]\nkind = "video"\n[latency]\nfixed = "1h"\n[credit]\nusd = 1\n'
        )
        app.active_scenario.activate(parse_scenario(HEAD + toml, "night.toml"))
        run_now(app.checkpoint.reset())
        app.active_scenario.reset()
        assert (app.declared_media.as_tables(), app.active_scenario.scenario, app.ledger.default_credit) == (
            [],
            None,
            None,
        )
        runner.run(app.aclose())


def test_a_snapshot_has_the_rules_of_the_scenario_and_their_counts(in_process_server: Any) -> None:
    activate(in_process_server, HEAD + '[[fates]]\nfate = "stuck"\nmatch = { nth = 2 }\n[latency]\nfixed = "12h"\n')
    in_process_server.order_opeai()
    snapshot = in_process_server.get("/_mock/snapshot", key=None).content
    before = in_process_server.get("/_mock/scenario", key=None).json()
    activate(in_process_server, HEAD.replace("A night", "A day"))
    assert in_process_server.ask("PUT", "/_mock/snapshot", key=None, content=snapshot).status_code == 200
    assert in_process_server.get("/_mock/scenario", key=None).json() == before
    assert before["scenario"]["title"] == "A night"
    assert [status_after_a_day(in_process_server) for _ in range(2)] == ["IN_PROGRESS", "SUCCESS"]


def test_a_restored_scenario_can_be_deactivated(start_server: StartServer) -> None:
    source, target = start_server(pace="fast", rate_limit=50), start_server(pace="fast", rate_limit=60)
    urls = [f"https://unreachable.invalid/{name}.png" for name in "ab"]
    for server in (source, target):
        declaration = {"url": urls[0], "kind": "image", "width": 640, "height": 640}
        assert server.ask("PUT", "/_mock/media", key=None, json=declaration).status_code == 200
    toml = "".join(f'[media."{url}"]\nkind = "video"\n' for url in urls)
    assert activate(source, STUCK + "[limits]\nrate = 7\n[credit]\nusd = 1\n" + toml).status_code == 200
    media_before = target.get("/_mock/media", key=None).json()
    snapshot = source.get("/_mock/snapshot", key=None).content
    assert target.ask("PUT", "/_mock/snapshot", key=None, content=snapshot).status_code == 200
    assert target.get("/_mock/snapshot", key=None).content == snapshot
    assert target.get("/_mock/limits", key=None).json()["limits"][0]["rate"] == 7
    assert target.ask("DELETE", "/_mock/scenario", key=None).json() == {"scenario": None}
    assert target.get("/_mock/limits", key=None).json()["limits"][0]["rate"] == 60
    assert target.get("/_mock/media", key=None).json() == media_before
    assert status_after_a_day(target) == "SUCCESS"


def test_a_snapshot_without_the_scenario_field_has_none(in_process_server: Any) -> None:
    activate(in_process_server, HEAD)
    snapshot = json.loads(in_process_server.get("/_mock/snapshot", key=None).content)
    del snapshot["scenario"]
    assert in_process_server.ask("PUT", "/_mock/snapshot", key=None, content=json.dumps(snapshot)).status_code == 200
    assert in_process_server.get("/_mock/scenario", key=None).json() == {"scenario": None}


@pytest.mark.parametrize("change", [{"name": 3}, {"upstreams": ["x"]}, {"colour": "red"}], ids=str)
def test_an_invalid_scenario_invalidates_the_snapshot(in_process_server: Any, change: Any) -> None:
    activate(in_process_server, HEAD)
    document = in_process_server.get("/_mock/snapshot", key=None).content
    changed = json.loads(document)
    changed["scenario"].update(change)
    response = in_process_server.ask("PUT", "/_mock/snapshot", key=None, content=json.dumps(changed))
    assert (response.status_code, "allowed" in response.text) == (400, True)
    assert in_process_server.get("/_mock/snapshot", key=None).content == document


def test_an_invalid_scenario_setting_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"^scenario: unknown scenario 'nightmare'; available: "):
        create_app(scenario="nightmare")
    path = tmp_path / "night.toml"
    path.write_text(HEAD + "[weather]\n")
    with pytest.raises(InvalidSetting, match=r"^scenario: .*night\.toml, line 5: unknown key 'weather' in a scenario"):
        create_app(scenario=path)


def test_serve_rejects_an_invalid_scenario(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(HEAD + "[weather]\n")
    result = CliRunner().invoke(serve, ["--scenario", str(path)])
    assert result.exit_code == 2
    assert "line 5: unknown key 'weather' in a scenario" in result.output
