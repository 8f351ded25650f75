"""Scenario files: parsed as a whole, or rejected with the file, the line, the value and what is allowed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from seedmock_server.fates.models import FateKind
from seedmock_server.scenarios.catalog import load_builtin, load_scenario
from seedmock_server.scenarios.loader import InvalidScenario, Scenario, parse_scenario
from seedmock_server.scenarios.toml_locations import line_numbers, line_of

HEAD = """[scenario]
title = "A title"
description = "A sentence."
link = "https://example.com/report"
"""


def parse(rest: str = "", head: str = HEAD) -> Scenario:
    return parse_scenario(head + rest, "night.toml")


def error_of(rest: str = "", head: str = HEAD) -> str:
    with pytest.raises(InvalidScenario) as error:
        parse(rest, head)
    return str(error.value)


def test_every_section_is_parsed() -> None:
    scenario = parse(
        """
upstreams = ["opeai"]
[[fates]]
match = { prompt = "boat", times = 2 }
fate = "stuck"
[[faults]]
fault = { fault = "status", code = 502, body = "html" }
[faults.match]
operation = "query"
[limits]
rate = 60
concurrency = 2
[credit]
usd = "2.50"
[latency]
p50 = "142s"
p90 = "486s"
[[latency.rules]]
resolution = "1080p"
seconds = 15
fixed = "10m"
[media."https://example.com/boat.mp4"]
kind = "video"
seconds = 5
width = 1280
height = 720
""".replace('upstreams = ["opeai"]\n', ""),
        'default = "slow"\n' + HEAD + 'upstreams = ["opeai"]\ncovers = ["F1"]\n',
    )
    assert (scenario.title, scenario.description, scenario.links) == (
        "A title",
        "A sentence.",
        ("https://example.com/report",),
    )
    assert (scenario.covers, scenario.upstreams) == (("F1",), ("opeai",))
    assert [rule.outcomes.weighted[0][1].kind for rule in scenario.fates] == [
        FateKind.STUCK, FateKind.SLOW, FateKind.SLOW,
    ]  # fmt: skip
    assert [str(rule.fault) for rule in scenario.faults] == ["status code=502 body=html"]
    assert scenario.limit is not None and (scenario.limit.rate, scenario.limit.concurrency) == (60, 2)
    assert scenario.credit == Decimal("2.50")
    assert [rule.fixed for rule in scenario.latencies.rules] == [600.0, None]
    assert scenario.media["https://example.com/boat.mp4"].facts.width == 1280


INVALID = {
    "not TOML": ("[[fates]]\nfate = \n", 6, "Invalid value"),
    "the end is missing": ('x = """\n', 6, "not valid TOML"),
    "an unknown section": ("[weather]\n", 5, "unknown key 'weather' in a scenario; available: default, scenario"),
    "an unknown key of the head": ('author = "me"\n', 5, "unknown key 'author' in [scenario]; available: title"),
    "an unknown upstream": (
        'upstreams = ["opeai", "other"]\n', 5,
        "unknown upstream 'other'; available: apimodels, opeai",
    ),
    "no upstreams": ("upstreams = []\n", 5, "upstreams is empty"),
    "covers twice": ('covers = ["F1", "F1"]\n', 5, "each once"),
    "an unknown fate": ('[[fates]]\nfate = "stuk"\n', 6, "fate is 'stuk'; allowed: succeed"),
    "a fate's unknown parameter": (
        '[[fates]]\nfate = { fate = "stuck", wat = 1 }\n', 6,
        "unknown parameter 'wat' of stuck",
    ),
    "a key of a match": ('[[fates]]\nfate = "stuck"\n[fates.match]\nkey = "a"\n', 8, "unknown match field 'key'"),
    "a pattern": ('\n[[fates]]\nfate = "stuck"\nmatch = { prompt = "(" }\n', 8, "prompt is '('; allowed: a regular"),
    "a count": (
        '[[faults]]\nfault = "response_lost"\n[faults.match]\n\nnth = 0\n', 9,
        "nth is 0; allowed: a whole number from 1",
    ),
    "the second of two": (
        '[[faults]]\nfault = "response_lost"\n[[faults]]\nfault = "lots"\n', 8,
        "fault is 'lots'; allowed: status",
    ),
    "a fault without its operation": (
        '[[faults]]\nfault = "redirect"\nmatch = { operation = "create" }\n', 5, "redirect does not apply",
    ),
    "fates that are not tables": ("fates = 3\n", 5, "unknown key 'fates' in [scenario]"),
    "faults that are one table": ('[faults]\nfault = "response_lost"\n', 5, "faults is not a list of tables"),
    "a rule for another upstream": (
        'upstreams = ["opeai"]\n[[fates]]\nfate = "stuck"\nmatch = { upstream = "apimodels" }\n', 8,
        "the rule is for apimodels, the scenario for opeai",
    ),
    "a limit": ("[limits]\nrate = 0\n", 6, "rate is 0; allowed: a whole number from 1"),
    "another limit": ("[limits]\n\nspeed = 1\n", 7, "unknown key 'speed' in [limits]; available: rate, concurrency"),
    "money": ('[credit]\nusd = "-1"\n', 6, "usd is '-1'; allowed: an amount from 0"),
    "no money": ("[credit]\n", 5, "usd is None"),
    "half a latency": ('[latency]\np50 = "3s"\n', 5, "latency has p50; allowed: fixed, or p50 and p90"),
    "a latency that falls": ('[latency]\np50 = "9s"\np90 = "3s"\n', 6, "p50 is 9 and p90 is 3; allowed: 0 < p50 < p90"),
    "two latencies": ('[latency]\nfixed = "1s"\np50 = "9s"\np90 = "10s"\n', 5, "latency has fixed, p50, p90"),
    "a latency's key": ('[[latency.rules]]\nfixed = "1s"\nratio = "1:1"\n', 7, "unknown latency field 'ratio'"),
    "a latency's model": ('[[latency.rules]]\nfixed = "1s"\nmodel = 3\n', 7, "model is 3; allowed: a string"),
    "a latency's seconds": ('[[latency.rules]]\nfixed = "1s"\nseconds = 0\n', 7, "seconds is 0; allowed: a whole"),
    "media of no URL": ('[media.boat]\nkind = "image"\n', 5, "media is of 'boat'; allowed: a URL"),
    "media of no kind": (
        '[media."https://a.test/b"]\nkind = "text"\n', 6,
        "kind is 'text'; allowed: image, video, audio",
    ),
    "a width": (
        '[media."https://a.test/b"]\nkind = "image"\nwidth = -1\n', 7,
        "width is -1; allowed: a whole number above 0",
    ),
    "half a pixel": ('[media."https://a.test/b"]\nkind = "image"\nwidth = 1.5\n', 7, "width is 1.5; allowed"),
    "a fact": (
        '[media."https://a.test/b"]\nkind = "image"\nmood = 1\n', 7,
        "unknown media fact 'mood'; available: kind",
    ),
    "media that are not a table": ('[media]\n"https://a.test/b" = 1\n', 6, "https://a.test/b is 1; allowed: a table"),
    "a fate behind another": (
        '[[fates]]\nfate = "stuck"\n[[fates]]\nfate = "slow"\nmatch = { prompt = "boat" }\n', 7,
        "an earlier rule (stuck) matches every call of this one (slow)",
    ),
    "a fault behind another": (
        '[[faults]]\nfault = "status code=502"\n[[faults]]\nfault = "not_found"\nmatch = { operation = "query" }\n', 7,
        "an earlier rule (status code=502) excludes this one (not_found) at every call",
    ),
    "a fate behind a fault": (
        '[[fates]]\nfate = "stuck"\n[[faults]]\nfault = "reset"\nmatch = { operation = "create" }\n'
        '[[fates]]\nfate = "slow"\nmatch = { operation = "create" }\n', 10, "matches every call",
    ),
    "a fate that a fault excludes": (
        '[[fates]]\nfate = "stuck"\nmatch = { operation = "create" }\n[[faults]]\nfault = "reset"\n', 5,
        "the fault reset answers every call of this rule, so no task gets its fate",
    ),
    "a fault that a fate excludes": (
        '[[fates]]\nfate = "refused"\n[[faults]]\nfault = "body_cut"\nmatch = { operation = "content" }\n', 7,
        "the fate refused refuses every order, so the fault body_cut never applies",
    ),
    "a rule that never applies": (
        '[[faults]]\nfault = "response_lost"\nmatch = { probability = 0 }\n', 5,
        "probability is 0, so the rule never applies",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rest", "line", "expected"), INVALID.values(), ids=INVALID)
def test_an_error_names_the_line(rest: str, line: int, expected: str) -> None:
    message = error_of(rest)
    assert message.startswith(f"night.toml, line {line}: "), message
    assert expected in message
    assert "allowed: " in message or "available: " in message


def test_rules_that_overlap_only_in_part_do_not_conflict() -> None:
    parse('[[fates]]\nfate = "stuck"\nmatch = { times = 1 }\n[[fates]]\nfate = "slow"\n')
    parse('[[fates]]\nfate = "stuck"\nmatch = { prompt = "a" }\n[[fates]]\nfate = "slow"\n')
    parse('[[faults]]\nfault = "status code=502"\nmatch = { nth = 1 }\n[[faults]]\nfault = "not_found"\n')
    parse('[[faults]]\nfault = "body_cut"\n[[faults]]\nfault = "status code=502"\n')
    parse('[[faults]]\nfault = "missing field=id"\n[[faults]]\nfault = "missing field=status"\n')
    parse('[[fates]]\nfate = "stuck"\n[[faults]]\nfault = "status code=502"\nmatch = { operation = "query" }\n')
    parse('[[fates]]\nfate = "refused"\n[[faults]]\nfault = "latency seconds=1"\nmatch = { operation = "create" }\n')
    cut = '[[faults]]\nfault = "body_cut"\nmatch = { operation = "content" }'
    parse('[[fates]]\nfate = "refused"\nmatch = { times = 1 }\n' + cut)


@pytest.mark.parametrize("name", ["title", "description"])
def test_the_title_and_the_description_are_required(name: str) -> None:
    head = "\n".join(line for line in HEAD.split("\n") if not line.startswith(name))
    assert error_of(head=head) == f"night.toml, line 1: [scenario] has no {name}; allowed: a string on one line"


def test_a_link_is_a_web_address() -> None:
    assert "line 4: link is 'ftp://x'; allowed: a web address" in error_of(
        head=HEAD.replace("https://example.com/report", "ftp://x")
    )
    assert parse(head=HEAD.replace('"https://example.com/report"', '["https://a.test/1", "http://b.test"]')).links == (
        "https://a.test/1", "http://b.test",
    )  # fmt: skip


def test_the_head_is_required() -> None:
    assert error_of(head="# nothing\n") == "night.toml, line 1: [scenario] is missing; allowed: a table"
    assert error_of(head="scenario = 3\n") == "night.toml, line 1: scenario is 3; allowed: a table"


def test_the_size_is_limited() -> None:
    assert "allowed: at most 65536 bytes and 2000 lines" in error_of("#" * 65537)
    assert "allowed: at most 65536 bytes and 2000 lines" in error_of("\n" * 2001)


def test_line_numbers_of_all_keys() -> None:
    text = """# one
a.b = 1
c = [
  1,  # [x]
]

[[d]]
e = '''
[no] = header
'''
[d.f]
g = { h = 1 }
[[d]]
["odd.name".x]
y = 1
"""
    assert line_numbers(text) == {
        ("a",): 2, ("a", "b"): 2, ("c",): 3, ("c", 0): 3, ("d", 0): 7, ("d", 0, "e"): 8, ("d", 0, "f"): 11,
        ("d", 0, "f", "g"): 12, ("d", 0, "f", "g", "h"): 12, ("d", 1): 13,
        ("odd.name", "x"): 14, ("odd.name", "x", "y"): 15,
    }  # fmt: skip
    assert line_of(text, ("d", 0, "f", "missing", 3)) == 11
    assert line_of(text, ("missing",)) == 1


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD)
    assert load_scenario(path).title == load_scenario(str(path)).title == "A title"
    path.write_text(HEAD + "[weather]\n")
    with pytest.raises(InvalidScenario, match=f"^{path}, line 5: unknown key 'weather' in a scenario"):
        load_scenario(path)


def test_an_unreadable_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InvalidScenario, match=r"absent\.toml can't be read: No such file"):
        load_scenario(tmp_path / "absent.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidScenario, match="is not valid UTF-8"):
        load_scenario(tmp_path / "bytes.toml")


def test_an_unknown_name_is_rejected_with_the_available_ones() -> None:
    with pytest.raises(InvalidScenario, match="unknown scenario 'nightmare'; available: "):
        load_builtin("nightmare")
