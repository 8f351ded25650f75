"""Fates over HTTP: rules, their counts, defaults, and taking them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]
NONE = {"rules": [], "scenario_rules": [], "account_defaults": {}, "default": [{"fate": "succeed", "weight": 1.0}]}


def fate_of(still: Any, tell: Tell, **order: Any) -> str:
    return str(tell("GET", f"tasks/{still.order_b(**order)}")["fate"])


def test_a_rule_is_shown_counted_and_taken_away(still: Any, tell: Tell) -> None:
    order = {"match": {"upstream": "opeai", "prompt": "cat", "times": 1}, "fate": "moderated after=120s what=audio"}
    rule = tell("POST", "fates", order, status=201)
    assert rule["match"] == order["match"]
    assert rule["fate"] == [{"fate": "moderated after=120s what=audio", "weight": 1.0}]
    met = [fate_of(still, tell, prompt=prompt) for prompt in ("a dog", "a cat", "a cat")]
    assert met == ["succeed", "moderated after=120s what=audio", "succeed"]
    (shown,) = tell("GET", "fates")["rules"]
    assert (shown["id"], shown["matched"], shown["applied"]) == (rule["id"], 2, 1)
    assert tell("DELETE", f"fates/{rule['id']}") == {"removed": 1}
    assert tell("GET", "fates") == NONE


def test_a_rule_for_the_nth_call_is_for_that_one(still: Any, tell: Tell) -> None:
    tell("POST", "fates", {"match": {"nth": 2}, "fate": "stuck"}, status=201)
    assert [fate_of(still, tell) for _ in range(3)] == ["succeed", "stuck", "succeed"]


def test_a_rule_of_a_key_is_for_its_calls_and_shows_no_key(still: Any, tell: Tell) -> None:
    rule = tell("POST", "fates", {"match": {"key": "sk_mine"}, "fate": {"fate": "slow", "after": "15m"}}, status=201)
    assert list(rule["match"]) == ["account"]
    assert fate_of(still, tell, key="sk_mine") == "slow after=900s"
    assert fate_of(still, tell) == "succeed"
    assert "sk_mine" not in str(tell("GET", "fates"))


def test_the_first_rule_that_fits_is_taken(still: Any, tell: Tell) -> None:
    for fate in ("stuck", "slow"):
        tell("POST", "fates", {"fate": fate}, status=201)
    assert fate_of(still, tell) == "stuck"


def test_weighted_outcomes_are_drawn(still: Any, tell: Tell) -> None:
    outcomes = [{"fate": "stuck", "weight": 1}, {"fate": "slow", "weight": 1}]
    tell("POST", "fates", {"fate": outcomes}, status=201)
    assert {fate_of(still, tell) for _ in range(20)} == {"stuck", "slow"}


def test_a_default_holds_for_all_and_one_of_a_key_before_it(still: Any, tell: Tell) -> None:
    tell("PUT", "fates/default", {"fate": "stuck"})
    said = tell("PUT", "fates/default", {"fate": "slow", "key": "sk_mine"})
    assert said["default"] == [{"fate": "stuck", "weight": 1.0}]
    assert list(said["account_defaults"].values()) == [[{"fate": "slow", "weight": 1.0}]]
    assert (fate_of(still, tell), fate_of(still, tell, key="sk_mine")) == ("stuck", "slow")


def test_the_rules_of_a_key_go_without_the_others(still: Any, tell: Tell) -> None:
    tell("POST", "fates", {"match": {"key": "sk_mine"}, "fate": "stuck"}, status=201)
    tell("POST", "fates", {"fate": "slow"}, status=201)
    assert tell("DELETE", "fates?key=sk_mine") == {"removed": 1}
    assert [rule["fate"][0]["fate"] for rule in tell("GET", "fates")["rules"]] == ["slow"]
    assert tell("DELETE", "fates") == {"removed": 1}
    assert tell("GET", "fates") == NONE


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"fate": "explode"}, "allowed: succeed, refused"),
        ({"fate": "stuck after=1s"}, "no parameter 'after'"),
        ({"fate": "failed code=NoSuchCode"}, "'NoSuchCode'"),
        ({"fate": "stuck", "match": {"upstream": "x"}}, "allowed: apimodels, opeai"),
        ({"fate": "stuck", "match": {"color": "x"}}, "match has no field 'color'"),
        ({"fate": "stuck", "match": {"prompt": "("}}, "a regular expression"),
        ({"fate": "stuck", "match": {"times": 0}}, "a whole number from 1"),
        ({"fate": "stuck", "match": {"key": "a", "account": "b"}}, "one of key, account"),
        ({"fate": "stuck", "match": {"key": 1}}, "one of key, account"),
        ({"fate": []}, "a list of tables"),
        ({"match": {}}, "missing required field `fate`"),
        ({"fate": "stuck", "when": "now"}, "`when`"),
    ],
)
def test_a_rule_that_cannot_be_changes_nothing_and_says_what_is_allowed(tell: Tell, order: Any, says: str) -> None:
    assert says in tell("POST", "fates", order, status=400)["error"]["message"]
    assert tell("GET", "fates") == NONE


def test_a_default_that_cannot_be_changes_nothing(tell: Tell) -> None:
    assert "allowed" in tell("PUT", "fates/default", {"fate": "explode"}, status=400)["error"]["message"]
    assert tell("GET", "fates") == NONE


def test_a_rule_that_is_not_there_cannot_be_taken_away(tell: Tell) -> None:
    tell("POST", "fates", {"fate": "slow"}, status=201)
    error = tell("DELETE", "fates/fate-9", status=404)["error"]
    assert error["allowed"] == ["fate-1"]
