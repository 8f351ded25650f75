"""Catalogue of fates and faults: complete, and every allowed value is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_server.fates.models import FateKind
from seedmock_server.faults.kinds import FaultKind

Control = Callable[..., Any]


def test_the_catalogue_has_every_kind_with_every_parameter(control: Control) -> None:
    catalog = control("GET", "catalog")
    assert [entry["kind"] for entry in catalog["fates"]] == list(FateKind)
    assert [entry["kind"] for entry in catalog["faults"]] == list(FaultKind)
    assert all(entry["description"] and entry["operations"] for entry in (*catalog["fates"], *catalog["faults"]))
    backwards = next(entry for entry in catalog["faults"] if entry["kind"] == "backwards")
    assert (backwards["breaks_contract"], backwards["operations"]) == (True, ["query", "callback"])


@pytest.mark.parametrize("effect", ["fate", "fault"])
def test_a_choice_has_what_the_api_accepts_and_no_more(control: Control, effect: str) -> None:
    others: dict[str, dict[str, Any]] = {
        "bandwidth": {"rate": 9},
        "missing": {"field": "a"},
        "retyped": {"field": "a"},
        "early_content": {},
    }
    count = 0
    for entry in control("GET", "catalog")[f"{effect}s"]:
        for parameter in entry["parameters"]:
            for value in parameter["allowed"]:
                table = {effect: entry["kind"], **others.get(entry["kind"], {}), parameter["name"]: value}
                if entry["kind"] == "status":
                    table = {"code": 503, "retry_after": 1, **table}
                if entry["kind"] == "other_refusal":
                    table["to"] = "x"
                if table.get("code") == 503 and table.get("kind"):
                    del table["code"]
                control("POST", f"{effect}s", {effect: table}, status=201)
                count += 1
            if parameter["allowed"]:
                table = {effect: entry["kind"], **others.get(entry["kind"], {}), parameter["name"]: "nonsense"}
                assert "allowed" in control("POST", f"{effect}s", {effect: table}, status=400)["error"]["message"]
    assert count > 8


def test_each_condition_is_one_of_a_match(control: Control) -> None:
    values = {"choice": None, "text": "x", "pattern": "x", "whole": 1, "number": 0.5}
    for condition in control("GET", "catalog")["conditions"]:
        value = condition["allowed"][0] if condition["allowed"] else values[condition["type"]]
        control("POST", "faults", {"fault": "latency seconds=1", "match": {condition["name"]: value}}, status=201)
