"""Putting scenarios on, and taking them off: by setting, by name, as TOML; whole or not at all."""

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
from seedmock_server.references.declared import declaration_from
from seedmock_server.scenarios.catalog import scenario_names
from seedmock_server.scenarios.loader import parse_scenario
from seedmock_server.settings import InvalidSetting

Open = Callable[..., Any]
HEAD = '[scenario]\ntitle = "A night"\ndescription = "A sentence."\nlink = "https://example.com/night"\n'
STUCK = HEAD + '[[fates]]\nfate = "stuck"\n'
REFUSED = HEAD + '[[faults]]\nmatch = { operation = "create" }\nfault = "status code=503"\n'


def put(door: Any, toml: str) -> Any:
    return door.ask("PUT", "/_mock/scenario", key=None, content=toml)


def word_after_a_day(door: Any) -> str:
    task_id = door.order_b()
    door.clock.advance(86400)
    return str(door.task_b(task_id)["status"])


def test_a_scenario_is_put_on_as_toml_and_taken_away(door: Any) -> None:
    answer = put(door, STUCK)
    assert answer.status_code == 200, answer.text
    row = {
        "name": "the request's scenario", "title": "A night", "description": "A sentence.",
        "links": ["https://example.com/night"], "covers": [], "upstreams": ["apimodels", "opeai"],
    }  # fmt: skip
    assert answer.json() == door.get("/_mock/scenario", key=None).json() == {"scenario": row}
    assert word_after_a_day(door) == "IN_PROGRESS"
    assert door.ask("DELETE", "/_mock/scenario", key=None).json() == {"scenario": None}
    assert door.get("/_mock/scenario", key=None).json() == {"scenario": None}
    assert word_after_a_day(door) == "SUCCESS"


def test_a_scenario_is_put_on_by_its_name(inside: Any) -> None:
    answer = inside.ask("PUT", "/_mock/scenario", key=None, json={"name": "stuck-in-queue"})
    assert answer.json()["scenario"]["name"] == "stuck-in-queue"
    assert word_after_a_day(inside) == "QUEUED"


def test_the_library_is_listed(inside: Any) -> None:
    rows = inside.get("/_mock/scenarios", key=None).json()["scenarios"]
    assert [row["name"] for row in rows] == list(scenario_names())
    assert all(row["links"] and row["description"] for row in rows)


def test_a_scenario_takes_the_place_of_the_one_before(inside: Any) -> None:
    put(inside, STUCK)
    put(inside, REFUSED)
    assert inside.post("/v1/videos", {"model": "seedance-2-0-fast", "prompt": "x"}).status_code == 503
    put(inside, HEAD)
    assert word_after_a_day(inside) == "SUCCESS"


def test_tasks_keep_the_fates_that_a_scenario_gave_them(inside: Any) -> None:
    put(inside, STUCK)
    task_id = inside.order_b()
    inside.ask("DELETE", "/_mock/scenario", key=None)
    inside.clock.advance(86400)
    assert inside.task_b(task_id)["status"] == "IN_PROGRESS"


def test_rules_that_were_told_one_by_one_come_first_and_stay(inside: Any) -> None:
    inside.post("/_mock/fates", {"fate": "succeed", "match": {"times": 1}}, key=None)
    put(inside, STUCK)
    assert [word_after_a_day(inside) for _ in range(2)] == ["SUCCESS", "IN_PROGRESS"]
    inside.ask("DELETE", "/_mock/scenario", key=None)
    assert len(inside.get("/_mock/fates", key=None).json()["rules"]) == 1


WRONG = {
    "no TOML": ("[[fates\n", "the request's scenario, line 1: not valid TOML"),
    "a fate that is none": (STUCK + '[[fates]]\nfate = "stuk"\n', "the request's scenario, line 8: fate is 'stuk'"),
    "rules that contradict": (
        STUCK + REFUSED.removeprefix(HEAD),
        "line 5: the fault status code=503 answers every call",
    ),
    "nothing": (" \n", "the body is empty; allowed: a scenario as TOML"),
    "no text": (b"\xff\xfe", "the body is not valid UTF-8"),
    "an unknown name": ('{"name": "nightmare"}', "unknown scenario 'nightmare'; available: account-isolation"),
    "half a JSON": ('{"name": ', "the body is not valid JSON"),
    "another key": ('{"path": "/etc/passwd"}', "the body is {'path': '/etc/passwd'}; allowed: a scenario as TOML"),
    "a number": ('{"name": 3}', "the body is {'name': 3}"),
    "a path": ('{"name": "/etc/night.toml"}', "unknown scenario '/etc/night.toml'"),
}


@pytest.mark.parametrize(("sent", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_put_on_changes_nothing(inside: Any, sent: Any, said: str) -> None:
    put(inside, STUCK)
    refused = put(inside, sent)
    assert refused.status_code == 400
    assert said in refused.json()["error"]["message"]
    assert inside.get("/_mock/scenario", key=None).json()["scenario"]["title"] == "A night"
    assert word_after_a_day(inside) == "IN_PROGRESS"
    assert inside.get("/_mock/faults", key=None).json()["rules"] == []


def test_limits_and_credit_hold_while_the_scenario_is_on(inside: Any) -> None:
    put(inside, HEAD + '[limits]\nconcurrency = 1\n[credit]\nusd = "0.50"\n[[fates]]\nfate = "stuck"\n')
    assert inside.balance() == 0.5
    inside.order_b()
    busy = inside.post("/v1/videos", {"model": "seedance-2-0-fast", "prompt": "x"})
    assert busy.status_code == 429
    inside.ask("DELETE", "/_mock/scenario", key=None)
    inside.order_b()
    assert inside.balance() == 1000


def test_the_settings_limits_and_credit_come_back(open_door: Open) -> None:
    door = open_door(credit="7", rate_limit=1)
    put(door, HEAD + '[limits]\nrate = 100\n[credit]\nusd = "3"\n')
    assert [door.balance(), door.balance()] == [3, 3]
    put(door, HEAD)
    door.clock.advance(61)
    assert door.balance() == 7
    assert door.get("/api/v1/balance").status_code == 429


def test_latency_is_fixed_for_some_and_drawn_for_others(open_door: Open) -> None:
    some = '[[latency.rules]]\nmodel = "seedance-2-0-fast"\nseconds = 4\nfixed = "60s"\n'
    toml = HEAD + '[latency]\np50 = "100s"\np90 = "300s"\n' + some
    drawn = []
    for _ in range(2):
        door = open_door(pace="realistic")
        put(door, toml)
        tasks = [door.order_b(), *(door.order_b(seconds="5") for _ in range(20))]
        rows = {row["id"]: row for row in door.get("/_mock/tasks", key=None).json()["tasks"]}
        fixed, *others = (round(rows[one]["ends_at"] - rows[one]["created_at"], 6) for one in tasks)
        assert fixed == 60
        assert len(set(others)) == 20
        assert 50 < sorted(others)[10] < 200
        drawn.append(others)
    assert drawn[0] == drawn[1]


def test_the_pace_decides_where_a_scenario_says_nothing_of_a_task(inside: Any) -> None:
    put(inside, HEAD + '[[latency.rules]]\nresolution = "1080p"\nfixed = "60s"\n')
    assert inside.task_b(inside.order_b())["status"] == "SUCCESS"
    task_id = inside.order_b(size=None, resolution="1080p", ratio="16:9", model="seedance-2-0")
    inside.clock.advance(59)
    assert inside.task_b(task_id)["status"] == "IN_PROGRESS"


def test_what_was_declared_of_media_comes_back(clips: Path) -> None:
    app = create_app(seed=1, cache_dir=clips)
    url = "https://unreachable.invalid/a.png"
    app.declared_media.put(url, declaration_from({"kind": "image", "width": 640, "height": 640}))
    before = app.declared_media.as_tables()
    said = f'[media."{url}"]\nkind = "video"\n[media."https://unreachable.invalid/b.mp4"]\nkind = "video"\n'
    app.active_scenario.activate(parse_scenario(HEAD + said, "night.toml"))
    assert [row["kind"] for row in app.declared_media.as_tables()] == ["video", "video"]
    app.active_scenario.activate(parse_scenario(HEAD, "night.toml"))
    assert app.declared_media.as_tables() == before


def test_the_default_is_for_what_no_rule_is_meant_for(inside: Any) -> None:
    put(inside, 'default = "stuck"\n' + HEAD + '[[fates]]\nfate = "succeed"\nmatch = { times = 1 }\n')
    assert [word_after_a_day(inside) for _ in range(2)] == ["SUCCESS", "IN_PROGRESS"]


def test_a_setting_puts_a_scenario_on_and_a_reset_begins_it_again(open_door: Open, tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(HEAD + '[[fates]]\nfate = "stuck"\nmatch = { times = 1 }\n')
    door = open_door(scenario=str(path))
    assert door.get("/_mock/scenario", key=None).json()["scenario"]["name"] == str(path)
    for _ in range(2):
        assert [word_after_a_day(door) for _ in range(2)] == ["IN_PROGRESS", "SUCCESS"]
        put(door, REFUSED)
        assert door.post("/_mock/reset", {}, key=None).status_code == 200


def test_a_reset_of_one_key_leaves_the_scenario(inside: Any) -> None:
    put(inside, STUCK)
    inside.post("/_mock/reset", {"key": "sk_test_one_of_ours"}, key=None)
    assert word_after_a_day(inside) == "IN_PROGRESS"


def test_a_reset_brings_back_nothing_that_was_said_before_the_scenario(clips: Path) -> None:
    with asyncio.Runner() as runner:
        app = create_app(seed=1, cache_dir=clips)
        app.declared_media.put("https://unreachable.invalid/a.png", declaration_from({"kind": "image"}))
        said = (
            '[media."https://unreachable.invalid/a.png"]\nkind = "video"\n[latency]\nfixed = "1h"\n[credit]\nusd = 1\n'
        )
        app.active_scenario.activate(parse_scenario(HEAD + said, "night.toml"))
        app.checkpoint.reset()
        app.active_scenario.reset()
        assert (app.declared_media.as_tables(), app.active_scenario.scenario, app.ledger.default_credit) == (
            [],
            None,
            None,
        )
        runner.run(app.aclose())


def test_a_snapshot_keeps_a_scenarios_rules_and_their_counts(inside: Any) -> None:
    put(inside, HEAD + '[[fates]]\nfate = "stuck"\nmatch = { nth = 2 }\n[latency]\nfixed = "12h"\n')
    inside.order_b()
    taken = inside.get("/_mock/snapshot", key=None).content
    before = inside.get("/_mock/scenario", key=None).json()
    put(inside, HEAD.replace("A night", "A day"))
    assert inside.ask("PUT", "/_mock/snapshot", key=None, content=taken).status_code == 200
    assert inside.get("/_mock/scenario", key=None).json() == before
    assert before["scenario"]["title"] == "A night"
    assert [word_after_a_day(inside) for _ in range(2)] == ["IN_PROGRESS", "SUCCESS"]


def test_a_scenario_that_a_snapshot_put_back_can_be_taken_away(open_door: Open) -> None:
    one, other = open_door(pace="fast", rate_limit=50), open_door(pace="fast", rate_limit=60)
    urls = [f"https://unreachable.invalid/{name}.png" for name in "ab"]
    for door in (one, other):
        kept = {"url": urls[0], "kind": "image", "width": 640, "height": 640}
        assert door.ask("PUT", "/_mock/media", key=None, json=kept).status_code == 200
    said = "".join(f'[media."{url}"]\nkind = "video"\n' for url in urls)
    assert put(one, STUCK + "[limits]\nrate = 7\n[credit]\nusd = 1\n" + said).status_code == 200
    at_rest = other.get("/_mock/media", key=None).json()
    taken = one.get("/_mock/snapshot", key=None).content
    assert other.ask("PUT", "/_mock/snapshot", key=None, content=taken).status_code == 200
    assert other.get("/_mock/snapshot", key=None).content == taken
    assert other.get("/_mock/limits", key=None).json()["limits"][0]["rate"] == 7
    assert other.ask("DELETE", "/_mock/scenario", key=None).json() == {"scenario": None}
    assert other.get("/_mock/limits", key=None).json()["limits"][0]["rate"] == 60
    assert other.get("/_mock/media", key=None).json() == at_rest
    assert word_after_a_day(other) == "SUCCESS"


def test_a_snapshot_of_before_has_no_scenario(inside: Any) -> None:
    put(inside, HEAD)
    taken = json.loads(inside.get("/_mock/snapshot", key=None).content)
    del taken["scenario"]
    assert inside.ask("PUT", "/_mock/snapshot", key=None, content=json.dumps(taken)).status_code == 200
    assert inside.get("/_mock/scenario", key=None).json() == {"scenario": None}


@pytest.mark.parametrize("change", [{"name": 3}, {"upstreams": ["x"]}, {"colour": "red"}], ids=str)
def test_a_scenario_that_cannot_be_is_refused_with_the_whole_snapshot(inside: Any, change: Any) -> None:
    put(inside, HEAD)
    document = inside.get("/_mock/snapshot", key=None).content
    spoilt = json.loads(document)
    spoilt["scenario"].update(change)
    refused = inside.ask("PUT", "/_mock/snapshot", key=None, content=json.dumps(spoilt))
    assert (refused.status_code, "allowed" in refused.text) == (400, True)
    assert inside.get("/_mock/snapshot", key=None).content == document


def test_a_setting_that_is_no_scenario_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"^scenario: unknown scenario 'nightmare'; available: "):
        create_app(scenario="nightmare")
    path = tmp_path / "night.toml"
    path.write_text(HEAD + "[weather]\n")
    with pytest.raises(InvalidSetting, match=r"^scenario: .*night\.toml, line 5: unknown key 'weather' in a scenario"):
        create_app(scenario=path)


def test_the_command_line_refuses_what_is_no_scenario(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(HEAD + "[weather]\n")
    told = CliRunner().invoke(serve, ["--scenario", str(path)])
    assert told.exit_code == 2
    assert "line 5: unknown key 'weather' in a scenario" in told.output
