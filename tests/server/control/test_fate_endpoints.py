"""Fate endpoints: rules, their counts, defaults, and their removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]
NO_RULES = {"rules": [], "scenario_rules": [], "account_defaults": {}, "default": [{"fate": "succeed", "weight": 1.0}]}


def fate_of(frozen_server: Any, control: Control, **order: Any) -> str:
    return str(control("GET", f"tasks/{frozen_server.order_opeai(**order)}")["fate"])


def test_a_rule_is_listed_counted_and_removed(frozen_server: Any, control: Control) -> None:
    order = {"match": {"upstream": "opeai", "prompt": "cat", "times": 1}, "fate": "moderated after=120s what=audio"}
    rule = control("POST", "fates", order, status=201)
    assert rule["match"] == order["match"]
    assert rule["fate"] == [{"fate": "moderated after=120s what=audio", "weight": 1.0}]
    fates = [fate_of(frozen_server, control, prompt=prompt) for prompt in ("a dog", "a cat", "a cat")]
    assert fates == ["succeed", "moderated after=120s what=audio", "succeed"]
    (shown,) = control("GET", "fates")["rules"]
    assert (shown["id"], shown["matched"], shown["applied"]) == (rule["id"], 2, 1)
    assert control("DELETE", f"fates/{rule['id']}") == {"removed": 1}
    assert control("GET", "fates") == NO_RULES


def test_nth_matches_only_the_nth_call(frozen_server: Any, control: Control) -> None:
    control("POST", "fates", {"match": {"nth": 2}, "fate": "stuck"}, status=201)
    assert [fate_of(frozen_server, control) for _ in range(3)] == ["succeed", "stuck", "succeed"]


def test_a_rule_of_a_key_matches_its_calls_and_hides_the_key(frozen_server: Any, control: Control) -> None:
    rule = control("POST", "fates", {"match": {"key": "sk_mine"}, "fate": {"fate": "slow", "after": "15m"}}, status=201)
    assert list(rule["match"]) == ["account"]
    assert fate_of(frozen_server, control, key="sk_mine") == "slow after=900s"
    assert fate_of(frozen_server, control) == "succeed"
    assert "sk_mine" not in str(control("GET", "fates"))


def test_the_first_matching_rule_applies(frozen_server: Any, control: Control) -> None:
    for fate in ("stuck", "slow"):
        control("POST", "fates", {"fate": fate}, status=201)
    assert fate_of(frozen_server, control) == "stuck"


def test_weighted_outcomes_are_drawn(frozen_server: Any, control: Control) -> None:
    outcomes = [{"fate": "stuck", "weight": 1}, {"fate": "slow", "weight": 1}]
    control("POST", "fates", {"fate": outcomes}, status=201)
    assert {fate_of(frozen_server, control) for _ in range(20)} == {"stuck", "slow"}


def test_the_default_of_a_key_overrides_the_default(frozen_server: Any, control: Control) -> None:
    control("PUT", "fates/default", {"fate": "stuck"})
    response = control("PUT", "fates/default", {"fate": "slow", "key": "sk_mine"})
    assert response["default"] == [{"fate": "stuck", "weight": 1.0}]
    assert list(response["account_defaults"].values()) == [[{"fate": "slow", "weight": 1.0}]]
    assert (fate_of(frozen_server, control), fate_of(frozen_server, control, key="sk_mine")) == ("stuck", "slow")


def test_clearing_the_rules_of_a_key_keeps_the_others(frozen_server: Any, control: Control) -> None:
    control("POST", "fates", {"match": {"key": "sk_mine"}, "fate": "stuck"}, status=201)
    control("POST", "fates", {"fate": "slow"}, status=201)
    assert control("DELETE", "fates?key=sk_mine") == {"removed": 1}
    assert [rule["fate"][0]["fate"] for rule in control("GET", "fates")["rules"]] == ["slow"]
    assert control("DELETE", "fates") == {"removed": 1}
    assert control("GET", "fates") == NO_RULES


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"fate": "explode"}, "allowed: succeed, refused"),
        ({"fate": "stuck after=1s"}, "unknown parameter 'after'"),
        ({"fate": "failed code=NoSuchCode"}, "'NoSuchCode'"),
        ({"fate": "stuck", "match": {"upstream": "x"}}, "allowed: apimodels, opeai"),
        ({"fate": "stuck", "match": {"color": "x"}}, "unknown match field 'color'"),
        ({"fate": "stuck", "match": {"prompt": "("}}, "a regular expression"),
        ({"fate": "stuck", "match": {"times": 0}}, "a whole number from 1"),
        ({"fate": "stuck", "match": {"key": "a", "account": "b"}}, "one of key, account"),
        ({"fate": "stuck", "match": {"key": 1}}, "one of key, account"),
        ({"fate": []}, "a list of tables"),
        ({"match": {}}, "missing required field `fate`"),
        ({"fate": "stuck", "when": "now"}, "`when`"),
    ],
)
def test_an_invalid_rule_is_rejected_and_changes_nothing(control: Control, order: Any, message: str) -> None:
    assert message in control("POST", "fates", order, status=400)["error"]["message"]
    assert control("GET", "fates") == NO_RULES


def test_an_invalid_default_is_rejected_and_changes_nothing(control: Control) -> None:
    assert "allowed" in control("PUT", "fates/default", {"fate": "explode"}, status=400)["error"]["message"]
    assert control("GET", "fates") == NO_RULES


def test_removing_an_unknown_rule_gets_a_404_with_the_known_ones(control: Control) -> None:
    control("POST", "fates", {"fate": "slow"}, status=201)
    error = control("DELETE", "fates/fate-9", status=404)["error"]
    assert error["allowed"] == ["fate-1"]
